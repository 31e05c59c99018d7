"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")
FILES = Path(__file__).resolve().parent / "../../sessions" / "functions_of_controls.files"


def run() -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    (add,) = ask(
        client,
        1,
        "add",
        {
            "it's": [
                '"""\n*/ </script> {{ 1 }} {% x %} $(id) `id` ${x} \' # ]( <b> \u202e',
                1152921504606846976,
            ],
        },
    )
    print("add:", add)

    ask(
        client,
        1,
        "fields",
        form={
            "id": '""" */ </script> {{ 1 }} {% x %} $(id) `id` ${x} \' # ]( <b> \u202e',
            "file": FILES / "7692c3ad3540bb80/it's; 1,2.png",
        },
    )
    print("fields: done")


def ask(
    client: Client, component_id: int, function: str, data: Any = None, form: dict[str, Any] | None = None
) -> list[Any]:
    """Call a function that a control of the app has on the server."""
    own = {"component_id": component_id, "fn_name": function, "session_hash": client.session_hash}
    sent: dict[str, Any] = {
        "content": json.dumps({"data": data, **own}),
        "headers": {**client.headers, "Content-Type": "application/json"},
    }
    if form is not None:
        files = [(key, (f.name, f.read_bytes())) for key, f in form.items() if isinstance(f, Path)]
        fields = {key: value for key, value in form.items() if not isinstance(value, Path)}
        sent = {"data": {**fields, **own}, "files": files, "headers": client.headers}
    answer = httpx.post(
        client.sse_data_url.removesuffix("queue/join") + "component_server/",
        cookies=client.cookies,
        verify=client.ssl_verify,
        timeout=None,
        **sent,
    )
    answer.raise_for_status()
    result = answer.json()
    return [] if result is None else [result]


if __name__ == "__main__":
    run()

"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client

FILES = Path(__file__).resolve().parent / "../../sessions" / "functions_of_controls.files"


@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


def test_functions_of_controls(app_url: str) -> None:
    client = Client(app_url, verbose=False)

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
    assert add == [
        {
            "it's": [
                '"""\n*/ </script> {{ 1 }} {% x %} $(id) `id` ${x} \' # ]( <b> \u202e',
                1152921504606846976,
            ],
        },
    ], "server:1.add: add"

    ask(
        client,
        1,
        "fields",
        form={
            "id": '""" */ </script> {{ 1 }} {% x %} $(id) `id` ${x} \' # ]( <b> \u202e',
            "file": FILES / "7692c3ad3540bb80/it's; 1,2.png",
        },
    )


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

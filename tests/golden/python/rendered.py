"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, text: str = "a") -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    # Set-up: later calls need its response.
    call(client, 14, [1])

    (text_2,) = call(client, 15, [text])
    print("inside:", text_2)

    return text_2


def call(client: Client, fn_index: int, data: list[Any], **event: Any) -> list[Any]:
    """Make a call the way the app's own page does, where public clients cannot."""
    for message in messages(client, fn_index, data, event):
        if message["msg"] == "process_completed":
            output = message["output"]
            if not message["success"]:
                raise AppError(output.get("error") or "the app raised an error without a text")
            return output["data"]
    raise AppError("the app closed the connection before the call was over")


def messages(
    client: Client, fn_index: int, data: list[Any], event: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Join the app's queue within the client's session, and hear what becomes of it."""
    body = {"data": data, "fn_index": fn_index, "session_hash": client.session_hash, **event}
    with httpx.Client(
        headers=client.headers, cookies=client.cookies, verify=client.ssl_verify, timeout=None
    ) as http:
        joined = http.post(
            client.sse_data_url,
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        joined.raise_for_status()
        event_id = joined.json()["event_id"]
        session = {"session_hash": client.session_hash}
        with http.stream("GET", client.sse_url, params=session) as stream:
            stream.raise_for_status()
            rest = b""
            for chunk in stream.iter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        message = json.loads(line[5:])
                        if message.get("event_id") == event_id:
                            yield message


if __name__ == "__main__":
    run()

"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError



@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(("text", "as_recorded"), [pytest.param("a", True, id="recorded")])
def test_rendered(app_url: str, text: str, as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    # Set-up: later calls need its response.
    call(client, 14, [1])

    (text_2,) = call(client, 15, [text])
    if as_recorded:
        assert text_2 == "a", "fn:15: text"


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

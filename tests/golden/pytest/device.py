"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

FILES = Path(__file__).resolve().parent / "../../sessions" / "device.files"


@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(("text", "as_recorded"), [pytest.param("after", True, id="recorded")])
def test_device(app_url: str, text: str, as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    text_2, _ = stream(
        client,
        13,
        [
            [{"url": data_url(FILES / "7692c3ad3540bb80/frame", "text/plain")}, None],
            [{"url": data_url(FILES / "3fc4ccfe745870e2/frame", "text/plain")}, None],
            [{"url": data_url(FILES / "24ceef1cb6b0cbc0/frame", "text/plain")}, None],
        ],
    )
    assert text_2 == "seen", "/see: text"

    text_3 = client.predict(text=text, api_name="/say")
    if as_recorded:
        assert text_3 == "after", "/say: text"


def stream(
    client: Client, fn_index: int, frames: list[list[Any]], cut_short: bool = False, **event: Any
) -> list[Any]:
    """Make one call of all that a device sent: each frame once the app has answered the one before.

    Where it was cut short, the device was switched off without waiting for the last answer.
    """
    first, *rest = frames
    closed = False
    for message in messages(client, fn_index, first, event):
        if message["msg"] == "process_completed":
            output = message["output"]
            if not message["success"]:
                raise AppError(output.get("error") or "the app raised an error without a text")
            return output["data"]
        url = f"{client.sse_data_url.removesuffix('queue/join')}stream/{message['event_id']}"
        answered = message["msg"] == "process_streaming"
        if answered and rest:
            send(client, url, fn_index, rest.pop(0), event)
            answered = False
        if not (closed or rest) and (answered or (cut_short and message["msg"] != "estimation")):
            closed = True
            send(client, f"{url}/close", fn_index, [], event)
    raise AppError("the app closed the connection before the call was over")


def send(client: Client, url: str, fn_index: int, data: list[Any], event: dict[str, Any]) -> None:
    """One more frame of a call, or the word that it was the last."""
    body = {"data": data, "fn_index": fn_index, "session_hash": client.session_hash, **event}
    httpx.post(
        url,
        content=json.dumps(body),
        headers={**client.headers, "Content-Type": "application/json"},
        cookies=client.cookies,
        verify=client.ssl_verify,
    ).raise_for_status()


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


def data_url(path: Path, type: str) -> str:
    """What a device saw or heard, as the page sends it."""
    return f"data:{type};base64,{base64.b64encode(path.read_bytes()).decode()}"

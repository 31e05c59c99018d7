"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one.
(An option such as --app-url can only be declared in a conftest.py: let the fixture below return what it says.)
"""

from __future__ import annotations

import os

import pytest
from gradio_client import Client



@pytest.fixture
def app_url() -> str:
    """Where the app is, without a final slash."""
    return os.environ.get("RECORDER_URL", "http://127.0.0.1:7860").rstrip("/")


@pytest.mark.parametrize(
    ("text", "as_recorded"),
    [pytest.param("one\ntwo\r\n\tthree\n", True, id="recorded")],
)
def test_newlines(app_url: str, text: str, as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    text_2 = client.predict(text=text, api_name="/say")
    if as_recorded:
        assert text_2 == "one\ntwo\r\n\tthree\n", "/say: text"

    client.predict(
        value={"one\ntwo\r\n\tthree\n": ["one\ntwo\r\n\tthree\n", "xone\ntwo\r\n\tthree\ny"]},
        api_name="/take",
    )

    text_3 = client.predict(text=text_2, api_name="/say")
    if as_recorded:
        assert text_3 == "one\ntwo\r\n\tthree\n", "/say: text"

"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import os

import pytest
from gradio_client import Client



@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(
    ("text", "as_recorded"),
    [pytest.param("$(id) $((1+1)) !! ~ * ?", True, id="recorded")],
)
def test_dollar_parenthesis(app_url: str, text: str, as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    text_2 = client.predict(text=text, api_name="/say")
    if as_recorded:
        assert text_2 == "$(id) $((1+1)) !! ~ * ?", "/say: text"

    client.predict(
        value={"$(id) $((1+1)) !! ~ * ?": ["$(id) $((1+1)) !! ~ * ?", "x$(id) $((1+1)) !! ~ * ?y"]},
        api_name="/take",
    )

    text_3 = client.predict(text=text_2, api_name="/say")
    if as_recorded:
        assert text_3 == "$(id) $((1+1)) !! ~ * ?", "/say: text"

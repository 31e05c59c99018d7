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
    ("value", "value_2", "value_3", "value_4", "value_5", "as_recorded"),
    [pytest.param([0.1], [1e+300], [5e-324], [-0.0], [1e+22], True, id="recorded")],
)
def test_fractions(
    app_url: str,
    value: list[float],
    value_2: list[float],
    value_3: list[float],
    value_4: list[float],
    value_5: list[float],
    as_recorded: bool,
) -> None:
    client = Client(app_url, verbose=False)

    client.predict(value=value, api_name="/take")

    client.predict(value={"k": 0.1}, api_name="/take")

    client.predict(value=value_2, api_name="/take")

    client.predict(value={"k": 1e+300}, api_name="/take")

    client.predict(value=value_3, api_name="/take")

    client.predict(value={"k": 5e-324}, api_name="/take")

    client.predict(value=value_4, api_name="/take")

    client.predict(value={"k": -0.0}, api_name="/take")

    client.predict(value=value_5, api_name="/take")

    client.predict(value={"k": 1e+22}, api_name="/take")

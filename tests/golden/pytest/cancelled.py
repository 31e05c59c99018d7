"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import wait
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.client import Job
from gradio_client.utils import Status



@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(
    ("text", "number", "as_recorded"),
    [pytest.param("before", 500, True, id="recorded")],
)
def test_cancelled(app_url: str, text: str, number: float, as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    text_2 = client.predict(text=text, api_name="/say")
    if as_recorded:
        assert text_2 == "before", "/say: text"

    job = client.submit(number=number, api_name="/count")
    count_values = start_and_cancel(client, job, after=2)


def start_and_cancel(client: Client, job: Job, after: int) -> list[Any]:
    """The first values of a job, which is then cancelled as the person did it."""
    waiting = (Status.STARTING, Status.JOINING_QUEUE, Status.IN_QUEUE)
    while not job.done() and (len(job.outputs()) < after or job.status().code in waiting):
        time.sleep(0.02)
    stream = getattr(client, "streaming_future", None)
    job.cancel()
    if stream:
        # The app now ends the stream of its answers: a call that began before that would end with it.
        wait([stream], timeout=10)
    return list(job.outputs())

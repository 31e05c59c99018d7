"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import wait
from typing import Any

from gradio_client import Client
from gradio_client.client import Job
from gradio_client.utils import Status

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, text: str = "before", number: float = 500) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    text_2 = client.predict(text=text, api_name="/say")
    print("say:", text_2)

    job = client.submit(number=number, api_name="/count")
    count_values = start_and_cancel(client, job, after=2)
    print("count: cancelled, as recorded, after", len(count_values), "values")


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


if __name__ == "__main__":
    run()

"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, number: float = 3) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    count = client.predict(number=number, api_name="/count")
    print("count:", count)

    client.predict(value=count, api_name="/take")
    print("take: done")


if __name__ == "__main__":
    run()

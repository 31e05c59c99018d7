"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, value: list[str] = ["a\x00b"], value_2: list[str] = ["\x00"]) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    client.predict(value=value, api_name="/take")
    print("take: done")

    client.predict(value={"k": "a\x00b"}, api_name="/take")
    print("take_2: done")

    client.predict(value=value_2, api_name="/take")
    print("take_3: done")

    client.predict(value={"k": "\x00"}, api_name="/take")
    print("take_4: done")


if __name__ == "__main__":
    run()

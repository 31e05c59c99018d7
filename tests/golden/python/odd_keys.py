"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from typing import Any

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(
    *,
    value: list[dict[str, Any]] = [
        {"__proto__": {"x": 1}, "constructor": 1, "": 2, "2": 3, "1": 4, "a b": 5},
    ],
) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    client.predict(value=value, api_name="/take")
    print("take: done")

    client.predict(
        value={"k": {"__proto__": {"x": 1}, "constructor": 1, "": 2, "2": 3, "1": 4, "a b": 5}},
        api_name="/take",
    )
    print("take_2: done")


if __name__ == "__main__":
    run()

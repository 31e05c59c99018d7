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
    text: str = "a",
    value: list[float] = [1],
    text_2: str = "b",
    value_2: list[float] = [2],
) -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    text_3, value_3 = client.predict(text=text, value=value, api_name="/state_middle")
    print("state_middle:", text_3, value_3)

    text_4, value_4 = client.predict(text=text_2, value=value_2, api_name="/state_middle")
    print("state_middle_2:", text_4, value_4)

    return text_4, value_4


if __name__ == "__main__":
    run()

"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from typing import Any

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, text: str = "C:\\new\\u0041 \\' \\\" \\N{BULLET} \\") -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    text_2 = client.predict(text=text, api_name="/say")
    print("say:", text_2)

    client.predict(
        value={
            "C:\\new\\u0041 \\' \\\" \\N{BULLET} \\": [
                "C:\\new\\u0041 \\' \\\" \\N{BULLET} \\",
                "xC:\\new\\u0041 \\' \\\" \\N{BULLET} \\y",
            ],
        },
        api_name="/take",
    )
    print("take: done")

    text_3 = client.predict(text=text_2, api_name="/say")
    print("say_2:", text_3)

    return text_3


if __name__ == "__main__":
    run()

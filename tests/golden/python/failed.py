"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from typing import Any

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, text: str = "it's {x}", text_2: str = "after") -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    try:
        client.predict(text=text, api_name="/fail")
    except ValueError as error:
        print("fail: failed, as recorded:", error)
    else:
        print("fail: did not fail this time")

    text_3 = client.predict(text=text_2, api_name="/say")
    print("say:", text_3)

    return text_3


if __name__ == "__main__":
    run()

"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, text: str = "a", text_2: str = "b") -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    script_1_x_id_id_x_b = client.predict(text=text, api_name="/say")
    print("say:", script_1_x_id_id_x_b)

    try:
        client.predict(text=text_2, api_name="/fail")
    except ValueError as error:
        print("fail: failed, as recorded:", error)
    else:
        print("fail: did not fail this time")


if __name__ == "__main__":
    run()

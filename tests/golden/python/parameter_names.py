"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(
    *,
    function: str = "a",
    new: str = "b",
    match_: str = "c",
    class_: str = "d",
    proto: str = "e",
    self: str = "f",
    headers: str = "g",
    constructor: str = "h",
) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    client.predict(
        function,
        new,
        match_,
        class_,
        proto,
        self,
        headers,
        constructor,
        api_name="/names",
    )
    print("names: done")


if __name__ == "__main__":
    run()

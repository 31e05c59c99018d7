"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")
FILES = Path(__file__).resolve().parent / "../../sessions" / "files_of_one_name.files"


def run(
    *,
    files: list[str | Path] = [
        FILES / "7692c3ad3540bb80/same.txt",
        FILES / "3fc4ccfe745870e2/same.txt",
    ],
) -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    files_2 = client.predict(files=[handle_file(item) for item in files], api_name="/copies")
    print("copies:", files_2)

    return files_2


if __name__ == "__main__":
    run()

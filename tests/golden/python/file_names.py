"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")
FILES = Path(__file__).resolve().parent / "../../sessions" / "file_names.files"


def run(
    *,
    file: str | Path = FILES / "e8bce05328ae4eeb/a (1).txt",
    file_2: str | Path = FILES / "686c39acd6327bbd/-rf",
    file_3: str | Path = FILES / "37f6276fa87c768f/@x",
    file_4: str | Path = FILES / "4feae8e8bf956a3e/ü.txt",
    file_5: str | Path = FILES / "b3d638b8c7ac5d31/it's $(id).txt",
) -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    for each_file in [file, file_2, file_3, file_4, file_5]:
        file_6 = client.predict(file=handle_file(each_file), api_name="/copy")
        print("copy:", file_6)

    return file_6


if __name__ == "__main__":
    run()

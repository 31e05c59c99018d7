"""Recorded with API Recorder: the same calls to the app must give what they gave when they were recorded.

It needs pytest and gradio_client. RECORDER_URL, if set, is the address of the app to test instead of the recorded one; so are
--app-url, where a conftest.py declares that option, and --base-url, where pytest-base-url is installed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

FILES = Path(__file__).resolve().parent / "../../sessions" / "files_of_one_name.files"


@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(
    ("files", "as_recorded"),
    [
        pytest.param(
            [FILES / "7692c3ad3540bb80/same.txt", FILES / "3fc4ccfe745870e2/same.txt"],
            True,
            id="recorded",
        ),
    ],
)
def test_files_of_one_name(app_url: str, files: list[str | Path], as_recorded: bool) -> None:
    client = Client(app_url, verbose=False)

    files_2 = client.predict(files=[handle_file(item) for item in files], api_name="/copies")
    if as_recorded:
        assert files_2 == [
            Content("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed", "same.txt"),
            Content("3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3", "same.txt"),
        ], "/copies: files"


class Content:
    """Equal to the path of any file that has this SHA-256."""

    def __init__(self, sha256: str, name: str) -> None:
        self.sha256 = sha256
        self.name = name

    def __eq__(self, path: object) -> bool:
        if not isinstance(path, str) or not Path(path).is_file():
            return False
        return hashlib.sha256(Path(path).read_bytes()).hexdigest() == self.sha256

    def __repr__(self) -> str:
        return f"<a file with the content of {self.name!r}, SHA-256 {self.sha256}>"

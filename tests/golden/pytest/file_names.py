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

FILES = Path(__file__).resolve().parent / "../../sessions" / "file_names.files"


@pytest.fixture
def app_url(pytestconfig: pytest.Config) -> str:
    """Where the app is, without a final slash."""
    given = pytestconfig.getoption("app_url", None) or pytestconfig.getoption("base_url", None)
    return (given or os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")).rstrip("/")


@pytest.mark.parametrize(
    ("file", "file_2", "file_3", "file_4", "file_5", "as_recorded"),
    [
        pytest.param(
            FILES / "e8bce05328ae4eeb/a (1).txt",
            FILES / "686c39acd6327bbd/-rf",
            FILES / "37f6276fa87c768f/@x",
            FILES / "4feae8e8bf956a3e/ü.txt",
            FILES / "b3d638b8c7ac5d31/it's $(id).txt",
            True,
            id="recorded",
        ),
    ],
)
def test_file_names(
    app_url: str,
    file: str | Path,
    file_2: str | Path,
    file_3: str | Path,
    file_4: str | Path,
    file_5: str | Path,
    as_recorded: bool,
) -> None:
    client = Client(app_url, verbose=False)

    file_6 = client.predict(file=handle_file(file), api_name="/copy")
    if as_recorded:
        assert file_6 == Content(
            "e8bce05328ae4eebf6bb3657bf7f3a034cb09b7781280814e5fcdb81cf5677a0",
            "a (1).txt",
        ), "/copy: file"

    file_7 = client.predict(file=handle_file(file_2), api_name="/copy")
    if as_recorded:
        assert file_7 == Content(
            "686c39acd6327bbd2c7c3aeea382e60f54645a7df75a5d90af2bc01819bbaf4c",
            "-rf",
        ), "/copy: file"

    file_8 = client.predict(file=handle_file(file_3), api_name="/copy")
    if as_recorded:
        assert file_8 == Content(
            "37f6276fa87c768f552b56babf0aae27a45a34f9058c4ab939673aa1c9a9232c",
            "@x",
        ), "/copy: file"

    file_9 = client.predict(file=handle_file(file_4), api_name="/copy")
    if as_recorded:
        assert file_9 == Content(
            "4feae8e8bf956a3e80678a069cf40022ad9ec26051f325fe1aaf4bab4af38539",
            "ü.txt",
        ), "/copy: file"

    file_10 = client.predict(file=handle_file(file_5), api_name="/copy")
    if as_recorded:
        assert file_10 == Content(
            "b3d638b8c7ac5d31fda5c32edaf70e0e4f186f069c0b958280913d930bd6c601",
            "it's $(id).txt",
        ), "/copy: file"


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

"""Errors a person can act on: one sentence that says what and where, and the remedy."""

from __future__ import annotations


class RecorderError(Exception):
    """Something the person can mend.

    Args:
        what: one sentence without a final stop, naming the file or address and the place in it.
        remedy: what to do about it, as an imperative sentence without a final stop.
        exit_code: 1 it ran and the answer is no, 2 wrong usage.
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}." if self.remedy else f"{self.what}."


class UsageError(RecorderError):
    """Wrong usage: an argument that does not fit."""

    exit_code = 2


class FileError(RecorderError):
    """A file that is missing, unreadable or not what it should be."""

    exit_code = 2


class AppError(RecorderError):
    """The app cannot be reached or does not answer as it should."""


class BrowserError(RecorderError):
    """No browser, or it could not be driven."""

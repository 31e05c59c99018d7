"""Session files as verbs read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder.session import Session


def opened(file: Path) -> Session:
    """The session in a file, or what a journal comes to that nobody made a session of."""
    if file.suffix == ".journal":
        from recorder.capture.recovery import look_into

        return look_into(file)
    from recorder.session import read

    return read(file)

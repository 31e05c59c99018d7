"""Session files as verbs read and name them."""

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


def free_name(path: Path) -> Path:
    """``session.json``, else ``session-2.json`` and so on, so that nothing is overwritten."""
    number, free = 1, path
    while free.exists() or free.with_name(free.stem + ".files").exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free

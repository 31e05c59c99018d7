"""Names of session files, of their journals, and of the files that are kept with them."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from recorder.capture import journal as journals
from recorder.session import files_folder


class Names:
    """Where sessions go: ``output`` names the first file; a folder, or none, gets ``session-<date>-<time>.json``.

    A file that the person named is overwritten; no other existing file ever is.
    """

    def __init__(self, output: str | os.PathLike[str] | None) -> None:
        text = os.fspath(output) if output is not None else ""
        path = Path(text or ".")
        is_folder = not text or text.endswith(("/", os.sep)) or path.is_dir()
        self.folder = path if is_folder else path.parent
        self._file = None if is_folder else path
        self._file_taken = False

    def next(self) -> Path:
        """The path for the next session."""
        if self._file is not None and not self._file_taken:
            return self._file
        if self._file is not None:
            return free_path(self._file, is_session, first=2)
        return free_path(self.folder / time.strftime("session-%Y%m%d-%H%M%S.json"), is_session)

    def take(self) -> None:
        """A recording by the name that :meth:`next` gave has begun."""
        self._file_taken = True

    def leftovers(self) -> list[Path]:
        """Journals of recordings of ours that were cut off before they became a session."""
        if self._file is not None:
            stem = re.escape(self._file.stem)
            pattern = re.compile(stem + r"(-\d+)?" + re.escape(journals.SUFFIX))
        else:
            pattern = re.compile(r"session-\d{8}-\d{6}(-\d+)?" + re.escape(journals.SUFFIX))
        try:
            names = sorted(os.listdir(self.folder))
        except OSError:
            return []
        found = [self.folder / name for name in names if pattern.fullmatch(name)]
        return [path for path in found if not journals.is_locked(path)]


def journal_path(path: Path) -> Path:
    """Where the journal of the session at ``path`` lies while it is recorded."""
    return path.with_name(path.stem + journals.SUFFIX)


def is_session(path: Path) -> bool:
    """Whether a session, its files or its journal has this name."""
    return any(each.exists() for each in (path, journal_path(path), files_folder(path)))


def free_path(path: Path, is_taken: Callable[[Path], bool] = Path.exists, first: int = 1) -> Path:
    """``path``, or the first one with a number that is not taken: ``session.json``, ``session-2.json`` and so on.

    Args:
        first: the number to begin with; ``path`` itself is 1.
    """
    number = first
    while is_taken(found := path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")):
        number += 1
    return found


_COLLECTED = re.compile(r"(?i)conftest\.py|test_.*\.py|.*_test\.py")


def file_name(name: str) -> str:
    """``name`` as near to itself as file systems allow: one component, at most 200 bytes of UTF-8, never empty."""
    name = name.encode("utf-8", "replace").decode()
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        "_" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c in '<>:"|?*' else c for c in name
    )
    if name.startswith((".", "-", "~")):
        name = "_" + name[1:]
    if _COLLECTED.fullmatch(name):
        # pytest runs what is called so, wherever below the working folder it lies.
        name = f"_{name.removesuffix('.py')}_.py"
    name = name.strip(" ").rstrip(". ")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = "_" + name
    if len(name.encode()) > 200:
        stem, dot, suffix = name.rpartition(".")
        if not dot or len(suffix.encode()) > 20:
            stem, suffix = name, ""
        room = 200 - len((dot + suffix).encode() if suffix else b"")
        name = stem.encode()[:room].decode("utf-8", "ignore") + (dot + suffix if suffix else "")
    return name or "file"

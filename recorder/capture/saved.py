"""A session that lies in a file, as a panel sees and changes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from recorder import session as sessions
from recorder.capture.beside import Snapshot
from recorder.edits import edited
from recorder.errors import FileError
from recorder.events import Edited
from recorder.session import Session


class Saved:
    """The session at ``path``. What a person changes here is written at once, and can be undone for as long as nobody
    else changes the file.

    Args:
        session: what was recorded, where that is known: the file may have ``edits`` applied to it.
    """

    def __init__(self, path: Path, session: Session | None = None, edits: tuple[Edited, ...] = ()) -> None:
        self.path = path
        self._changing = asyncio.Lock()
        self._kept = Snapshot(session=session, edits=edits, path=path) if session is not None else None
        self._changed = self._when() if session is not None else 0

    def snapshot(self) -> Snapshot:
        """As it now is.

        Raises:
            FileError: it is gone, or is no session any more.
        """
        changed = self._when()
        if self._kept is None or changed != self._changed:
            self._kept = Snapshot(session=sessions.read(self.path), path=self.path)
            self._changed = changed
        return self._kept

    async def edit(self, edit: Edited) -> None:
        """Change it as a person wishes.

        Raises:
            FileError: it is gone or cannot be written.
        """
        async with self._changing:
            kept = self.snapshot()
            kept = msgspec.structs.replace(kept, edits=(*kept.edits, edit))
            await asyncio.to_thread(sessions.write, edited(kept.session, kept.edits), self.path)
            self._kept, self._changed = kept, self._when()

    def _when(self) -> int:
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            raise FileError(f"{self.path} is not there any more", "It was moved or deleted") from None

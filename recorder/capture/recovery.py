"""Journals as sessions: of recordings that were cut off, or that are still going on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from recorder import session
from recorder.adapters import Fold, new_fold
from recorder.capture import journal as journals
from recorder.capture.ingest import encode
from recorder.capture.kept import keep_content
from recorder.capture.names import free_path
from recorder.edits import edited, edited_together
from recorder.errors import FileError
from recorder.events import Cookies, Edited, Fetched, Mark
from recorder.redact import settled, undigested
from recorder.session import Session


def recover(path: Path, fold_of: Callable[[], Fold] = new_fold) -> Path | None:
    """Make a session of a journal that was cut off (``kill -9``, power); the journal goes once that is durable.

    Returns:
        The session file of the app that was used most, ``<stem>-recovered[-<number>].json`` beside the journal, or None
        where nothing had been recorded.

    Raises:
        FileError: the journal cannot be read or the session not be written; the journal is kept then.
    """
    reading, fold = folded(path, fold_of)
    if all(isinstance(event, Mark | Cookies) for event in reading.events):
        path.unlink(missing_ok=True)
        return None
    folder = session.files_folder(path)
    have = {event.url for event in reading.events if isinstance(event, Fetched)}
    for want in fold.wants():
        if want.content is not None and want.url not in have:
            about = keep_content(want, want.content, folder)
            fold.feed(Fetched(page="", seq=0, at=time.time() * 1000, url=want.url, **about))
    note = "The recording was cut off and made whole from its journal."
    target = path
    main, others = edited_together(fold.session(), fold.others(), _edits(reading))
    # The main app's is the last, so that it is there only when all are.
    for kept in (*others, main):
        target = free_path(path.with_name(f"{path.stem}-recovered.json"))
        session.write(msgspec.structs.replace(kept, notes=(*kept.notes, note, *reading.notes)), target)
    path.unlink(missing_ok=True)
    return target


def settle(path: Path) -> None:
    """Write a journal that stays behind anew, without what turned out to be secret after it was written."""
    with contextlib.suppress(FileError):
        reading = journals.read(path)
        told, _ = settled(reading.events)
        if not reading.notes:
            session.write_whole(path, b"".join(encode(undigested(event)) + b"\n" for event in told))


def look_into(path: Path, fold_of: Callable[[], Fold] = new_fold) -> Session:
    """What the journal at ``path`` comes to, whose writer may be living or dead; nothing is changed.

    Raises:
        FileError: the journal cannot be read.
    """
    reading, fold = folded(path, fold_of)
    made = edited(fold.session(), _edits(reading))
    return msgspec.structs.replace(
        made, notes=(*made.notes, "This is a journal, not yet a session.", *reading.notes)
    )


def folded(path: Path, fold_of: Callable[[], Fold]) -> tuple[journals.Reading, Fold]:
    reading = journals.read(path)
    fold = fold_of()
    for event in settled(reading.events)[0]:
        fold.feed(event)
    return reading, fold


def _edits(reading: journals.Reading) -> list[Edited]:
    return [event for event in reading.events if isinstance(event, Edited)]

"""A HAR file becomes a session."""

from __future__ import annotations

import time
from pathlib import Path

from recorder import session as sessions
from recorder.adapters.http.describe import PLACES
from recorder.adapters.http.fold import HttpFold
from recorder.adapters.http.har import events
from recorder.capture.fetch import read_description
from recorder.capture.kept import keep_content
from recorder.errors import FileError
from recorder.events import Body, Fetched, PageOpened
from recorder.session import Session


def import_har(path: Path, output: Path, openapi: Path | None = None) -> Session:
    """Write the session that the HAR at ``path`` comes to, and the files that were sent, to ``output`` and beside it.

    Args:
        openapi: the app's description, from which calls have their names.

    Raises:
        FileError: it is no HAR, or no OpenAPI document, or the session cannot be written.
    """
    fold = HttpFold()
    told = events(_read(path), str(path))
    description = read_description(openapi)
    for event in told:
        fold.feed(event)
        if isinstance(event, PageOpened) and description:
            url = event.url.rstrip("/") + PLACES[0]
            body = Body(kind="text", text=description)
            fold.feed(Fetched(page="", seq=0, at=event.at, url=url, status=200, body=body))
    folder = sessions.files_folder(output)
    for want in fold.wants():
        if want.content is not None:
            about = keep_content(want, want.content, folder)
            fold.feed(Fetched(page="", seq=0, at=time.time() * 1000, url=want.url, **about))
    session = fold.session()
    sessions.write(session, output)
    return session


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Name a file that is there") from None

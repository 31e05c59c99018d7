"""What lives on a floor above and is used by the recorder's shells: the panel that a page shows, and what is served
beside an app under ``/_recorder/``, an ASGI application, with how it answers a request that aiohttp has taken.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec
from aiohttp import web

from recorder.config import Secrets
from recorder.events import Edited, FromPanel, ToPanel
from recorder.session import Session

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as it now is: ``session`` as it was recorded, and the person's ``edits`` that are not in it. ``path``
    is where the session file is, or will be; ``live`` says that it is still being recorded. ``settled``, which takes a
    while, is the session with its secrets decided over all of it, where that may be another."""

    session: Session
    edits: tuple[Edited, ...] = ()
    path: Path
    live: bool = False
    settled: Callable[[], Session] | None = None


class Recorded(Protocol):
    """Where a panel takes a recording from. ``edit`` returns when the change is durable. Both raise FileError where the
    recording is gone or cannot be written."""

    def snapshot(self) -> Snapshot | None: ...

    async def edit(self, edit: Edited) -> None: ...


class Panel(Protocol):
    """One open recording panel; lives on a floor above. ``changed``: what it shows may not be all there is now."""

    def receive(self, message: FromPanel) -> None: ...

    def changed(self) -> None: ...

    def close(self) -> None: ...


OpenPanel = Callable[[Recorded, Callable[[ToPanel], None]], Panel]
"""Opens one: what it shows, and what takes what it has to say."""


class Passing(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a request to the app.

    ``status`` and ``sentence`` answer it instead of the app. ``answered`` by the site itself, which is called with it.
    ``target`` is asked in place of its own path and query; ``body`` is what was read of it. ``amend`` takes the JSON
    of a successful answer and gives what is passed on.
    """

    status: int = 0
    sentence: str = ""
    answered: bool = False
    target: str = ""
    body: bytes | None = None
    amend: Callable[[bytes], bytes] | None = None


PASSES = Passing()


class Site(Protocol):
    """Answers what is under ``/_recorder/`` beyond the recorder's own script and channel, and says what becomes of
    requests to the app where ``watches``; ``body`` reads theirs. ``secrets`` are kept out of recordings."""

    watches: bool
    secrets: Secrets

    def reached_at(self, url: str) -> None: ...

    def open_panel(self, recorded: Recorded, say: Callable[[ToPanel], None]) -> Panel: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    async def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: Callable[[], Awaitable[bytes]]
    ) -> Passing: ...

    async def close(self) -> None: ...


def refusal_of(passing: Passing) -> bytes:
    """The body of the answer to a request that does not pass, as clients read one."""
    return json.dumps({"detail": passing.sentence}).encode()


class Visit(msgspec.Struct, frozen=True):
    """Who asks for something under ``/_recorder/``: ``is_page`` a script of one of our own pages, which then may read
    the answer; ``key`` makes what such a page says from then on."""

    is_page: bool
    key: Callable[[], str]


VISIT = "recorder.visit"
"""Where a scope has its :class:`Visit`."""


async def answer(
    site: Site, request: web.BaseRequest, body: bytes | None = None, visit: Visit | None = None
) -> web.StreamResponse:
    """What ``site`` answers to ``request``, whose ``body`` may have been read."""
    path, _, query = request.raw_path.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        VISIT: visit,
    }
    response = web.StreamResponse()
    is_read = False

    async def receive() -> Message:
        nonlocal is_read, body
        if body is not None and not is_read:
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}
        if is_read:
            # That the other end is gone cancels what waits here.
            await asyncio.Event().wait()
        chunk = await request.content.readany()
        is_read = not chunk and request.content.at_eof()
        return {"type": "http.request", "body": chunk, "more_body": not is_read}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            response.set_status(message["status"])
            for name, value in message["headers"]:
                response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            await response.prepare(request)
        elif message["type"] == "http.response.body":
            if body := message.get("body", b""):
                await response.write(body)
            if not message.get("more_body", False):
                await response.write_eof()

    await site(scope, receive, send)
    return response

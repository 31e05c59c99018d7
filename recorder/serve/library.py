"""The sessions of a folder, under ``/_recorder/sessions``: listed, opened on a board as in the recording panel,
compared, renamed, deleted, replayed and given.
"""

from __future__ import annotations

import asyncio
import functools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from recorder import events
from recorder import session as sessions
from recorder.adapters import workflow
from recorder.capture.beside import Receive, Scope, Send
from recorder.capture.inject import link, static_folder
from recorder.capture.names import file_name
from recorder.capture.saved import Saved
from recorder.errors import FileError, UsageError
from recorder.events import Again, FromPanel, ToPanel
from recorder.serve.answering import (
    Refused,
    answer,
    answer_json,
    begin,
    body_of,
    json_of,
    only,
    only_json,
    unless_gone,
    visit_of,
)
from recorder.serve.offer import Offer
from recorder.serve.page import own_script, written
from recorder.serve.panel import Panel
from recorder.session import Session, carry_files, files_folder
from recorder.show import Comparison, compared, overview

SESSIONS = "/_recorder/sessions"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One session of the folder: the ``name`` of its file, when it began (ISO 8601, UTC), how many calls it has and of
    which endpoints, and the size of its file in bytes."""

    name: str
    started: str = ""
    calls: int = 0
    endpoints: tuple[str, ...] = ()
    size: int = 0


class Library:
    """The sessions of the app that ``offer`` is of, in the folder that it names."""

    def __init__(self, offer: Offer, headers: Mapping[str, str]) -> None:
        self._offer = offer
        self._headers = headers
        self._known: dict[Path, tuple[int, Listed | None]] = {}
        self._saved: dict[Path, Saved] = {}
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        self._replaying = 0

    def close(self) -> None:
        """Let go of what came of replays."""
        if self._copies is not None:
            self._copies.cleanup()
            self._copies = None

    def listed(self) -> list[Listed]:
        """All of them, the newest first."""
        return sorted(self._look(), key=lambda one: one.started, reverse=True)

    def _look(self) -> Iterator[Listed]:
        folder = self._offer.folder
        if folder is None or not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.suffix != ".json" or not path.is_file():
                continue
            changed = path.stat().st_mtime_ns
            if self._known.get(path, (None, None))[0] != changed:
                self._known[path] = (changed, self._about(path))
            if (found := self._known[path][1]) is not None:
                yield found

    def _about(self, path: Path) -> Listed | None:
        session = self._offer.session_in(path)
        if session is None:
            return None
        return Listed(
            name=path.name,
            started=session.started,
            calls=len(session.calls),
            endpoints=tuple(dict.fromkeys(call.endpoint for call in session.calls)),
            size=path.stat().st_size,
        )

    async def answer(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Answer a request to what is under :data:`SESSIONS`."""
        method, path = scope["method"], scope["path"][len(SESSIONS) :]
        if path in ("", "/", ".json"):
            only(method, "GET", "HEAD")
            found = await asyncio.to_thread(self.listed)
            if path == ".json":
                await answer_json(send, 200, msgspec.to_builtins(found))
            else:
                script = own_script("sessions.js")
                await _show(send, "sessions.html.jinja", script, visit_of(scope).key(), sessions=found)
            return
        # The path was decoded once, so that a name has no slash of its own.
        name, _, what = path[1:].partition("/")
        saved = self._find(name)
        if what == "panel":
            only(method, "POST")
            await self._panel(saved, headers, receive, send)
        elif what == "name":
            only(method, "POST")
            wanted = (await json_of(headers, receive)).get("name")
            await answer_json(send, 200, {"name": await asyncio.to_thread(self._rename, saved, wanted)})
        elif what:
            raise Refused(404, "There is nothing here.")
        elif method == "DELETE":
            await asyncio.to_thread(self._delete, saved)
            await answer_json(send, 200, {"deleted": name})
        else:
            only(method, "GET", "HEAD", "DELETE")
            other = _query(scope).get("compare")
            if other is None:
                await _show(send, "session.html.jinja", _board_script(), visit_of(scope).key(), name=name)
            else:
                first, second = (s.snapshot().session for s in (saved, self._find(other)))
                shown = await asyncio.to_thread(comparison, first, second)
                await _show(send, "compare.html.jinja", first=name, second=other, comparison=shown)

    def _find(self, name: str) -> Saved:
        """The session in the file of that name: one that is listed, whatever else the folder has."""
        folder = self._offer.folder
        if folder is None or not any(one.name == name for one in self._look()):
            raise Refused(404, f"There is no session {name!r} here.")
        path = folder / name
        return self._saved.setdefault(path, Saved(path))

    async def _panel(self, saved: Saved, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """What a panel asks; the answer is what it is told, a line each."""
        only_json(headers)
        try:
            message = events.parse(await body_of(receive))
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise Refused(400, f"That is nothing that a panel asks: {str(error)[:200]}.") from None
        if not isinstance(message, FromPanel):
            raise Refused(400, "That is nothing that a panel asks.")
        limit, replays = self._offer.config.serve.at_once, isinstance(message, Again)
        if replays and self._replaying >= limit:
            raise Refused(429, f"{limit} replays are being made, and no more at once. Try again later.")
        said: asyncio.Queue[ToPanel | None] = asyncio.Queue()
        if self._copies is None:
            self._copies = tempfile.TemporaryDirectory(prefix="recorder-", ignore_cleanup_errors=True)
        panel = Panel(
            saved,
            said.put_nowait,
            environment=self._offer.environment,
            headers=self._headers,
            copies=Path(self._copies.name),
        )

        async def work() -> None:
            try:
                await panel.answer(message)
            finally:
                said.put_nowait(None)

        async def write() -> bool:
            working = asyncio.create_task(work())
            try:
                while (one := await said.get()) is not None:
                    line = f"{events.dump(one)}\n".encode()
                    await send({"type": "http.response.body", "body": line, "more_body": True})
                await working
            finally:
                working.cancel()
                panel.close()
            return True

        self._replaying += replays
        try:
            await begin(send, 200, {"Content-Type": "application/x-ndjson"})
            if await unless_gone(receive, write()):
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._replaying -= replays

    def _rename(self, saved: Saved, wanted: object) -> str:
        if not isinstance(wanted, str) or not wanted.strip():
            raise UsageError("A session needs a name")
        name = file_name(wanted.strip().removesuffix(".json")) + ".json"
        path = saved.path.with_name(name)
        if name == saved.path.name:
            return name
        if path.exists() or files_folder(path).exists():
            raise UsageError(f"There is a {name} already", "Choose another name")
        # The files go first: whatever ends this half way leaves the old one whole.
        sessions.write(carry_files(sessions.read(saved.path), saved.path, path), path)
        self._delete(saved)
        return name

    def _delete(self, saved: Saved) -> None:
        folder = files_folder(saved.path)
        try:
            saved.path.unlink()
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
        except OSError as error:
            raise FileError(f"{saved.path} cannot be deleted: {error.strerror}") from None
        finally:
            self._saved.pop(saved.path, None)


def comparison(first: Session, second: Session) -> Comparison:
    """What two sessions have in common and what not."""
    return compared(overview(first, workflow(first)), overview(second, workflow(second)))


@functools.lru_cache(maxsize=1)
def _board_script() -> str:
    return link(static_folder(), "panel/page.js", "showBoard();")


def _query(scope: Scope) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in scope.get("query_string", b"").decode("latin-1").split("&"))
    return {unquote(key): unquote(value.replace("+", " ")) for key, _, value in pairs if key}


async def _show(send: Send, template: str, script: str = "", key: str = "", **shown: Any) -> None:
    page = written(template, script, key, **shown)
    await answer(send, 200, "text/html; charset=utf-8", page.encode("utf-8", "replace"))

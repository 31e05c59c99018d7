"""The collector: takes events from pages, makes them durable, folds them live, and writes the session at the stop.

:class:`Collector` knows no transport. A shell (WebSocket here, ASGI, browser binding) makes one :class:`Connection`
for each document that wants to speak, hands it the frames and passes on what it says. :func:`serve` is the WebSocket
shell.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import tempfile
import time
import unicodedata
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as HandshakeAnswer

from recorder import events, session
from recorder.adapters import Fold, Want, new_fold
from recorder.capture import journal as journals
from recorder.capture.access import Keys
from recorder.capture.beside import OpenPanel, Panel, Snapshot
from recorder.capture.documents import Sources
from recorder.capture.ingest import (
    MAX_FRAME,
    Accepted,
    Asked,
    Greeted,
    HasTold,
    Ingest,
    Pressed,
    Progress,
    Refusal,
    Seeking,
    Seen,
    Unheard,
    Waiting,
    encode,
)
from recorder.capture.journal import Journal
from recorder.capture.saved import Saved
from recorder.capture.wire import Ring, Scripts, Wire
from recorder.edits import edited, edited_together
from recorder.errors import FileError, RecorderError
from recorder.events import (
    Ack,
    AnyEvent,
    Body,
    Cookies,
    Edited,
    Fetched,
    FromPanel,
    Loaded,
    Mark,
    Request,
    Secret,
    State,
    Streamed,
    ToPage,
)
from recorder.redact import LARGEST_TEXT, secret_in, settled, undigested
from recorder.session import Session

FILE_LIMIT = 200 * 1024 * 1024
"""Bytes of one file kept beside a session, unless the shell says otherwise."""
TEXT_LIMIT = 32 * 1024 * 1024
"""Bytes of one text the adapter asked for (an app's description)."""

HEAR_SECONDS = 10.0
"""How long a stop waits for a page to say what it has not said yet."""
GRACE_SECONDS = 1.5
"""How long a stop waits for calls that are still open."""
WANTS_SECONDS = 20.0
"""How long a stop waits for files that are still being fetched."""
START_SECONDS = 3.0
"""How long a start waits for the first line to reach the disk."""
HELLO_SECONDS = 10.0
STATE_SECONDS = 0.05
"""The shortest time between two changes of what the toggle and the panels show."""
STATE_SHARE = 30
STATE_SELDOM = 2.0
"""How many times longer than it took to count the calls the toggle waits for the next count, and for how many seconds
at most: the app's own requests pass through the same loop."""
STREAMED = 500
STREAMED_SECONDS = 10.0
"""How many events of streams, and for how long, are kept for a page that has not connected yet."""
UNHEARD = (
    "API Recorder cannot tell that a person pressed this. Open the app anew in a tab of its own (if it has a service "
    "worker, reload it there with Shift) and press again."
)
FETCHES = 4
CONNECTIONS = 256


class Fetching(msgspec.Struct, frozen=True):
    """An answer whose body is still arriving: ``chunks`` of bytes, decoded from any content encoding."""

    status: int
    type: str | None
    chunks: AsyncIterator[bytes]


Fetch = Callable[[str, str], AbstractAsyncContextManager[Fetching]]
"""How a shell reads from the app: GET of an absolute URL with a ``Cookie`` header's value (empty for none).
Raises RecorderError, with a sentence, where there is no answer. Follows redirects within the URL's own origin only."""


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
            stem, suffix, number = self._file.stem, self._file.suffix, 2
        else:
            stem, suffix, number = time.strftime("session-%Y%m%d-%H%M%S"), ".json", 1
        while True:
            path = self.folder / (f"{stem}-{number}{suffix}" if number > 1 else stem + suffix)
            if not path.exists() and not journal_path(path).exists():
                return path
            number += 1

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


def recover(path: Path, fold_of: Callable[[], Fold] = new_fold) -> Path | None:
    """Make a session of a journal that was cut off (``kill -9``, power); the journal goes once that is durable.

    Returns:
        The session file of the app that was used most, ``<stem>-recovered[-<number>].json`` beside the journal, or None
        where nothing had been recorded.

    Raises:
        FileError: the journal cannot be read or the session not be written; the journal is kept then.
    """
    reading, fold = _folded(path, fold_of)
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


def _settle_journal(path: Path) -> None:
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
    reading, fold = _folded(path, fold_of)
    made = edited(fold.session(), _edits(reading))
    return msgspec.structs.replace(
        made, notes=(*made.notes, "This is a journal, not yet a session.", *reading.notes)
    )


def _folded(path: Path, fold_of: Callable[[], Fold]) -> tuple[journals.Reading, Fold]:
    reading = journals.read(path)
    fold = fold_of()
    for event in settled(reading.events)[0]:
        fold.feed(event)
    return reading, fold


def _edits(reading: journals.Reading) -> list[Edited]:
    return [event for event in reading.events if isinstance(event, Edited)]


def free_path(path: Path) -> Path:
    """``path``, or one with a number, that is no file yet."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
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


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of an http(s) URL, canonical; empty for anything else and for a URL with a login."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    scheme = {"http": "http", "https": "https", "ws": "http", "wss": "https"}.get(parts.scheme)
    if (
        scheme is None
        or not parts.hostname
        or parts.username is not None
        or re.search(r"[\x00-\x1f\x7f]", url)
    ):
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = 443 if scheme == "https" else 80
    return f"{scheme}://{host}" if port in (None, default) else f"{scheme}://{host}:{port}"


class _Recording:
    """What lives from a start to its stop."""

    def __init__(self, path: Path, journal: Journal, fold: Fold, origins: set[str]) -> None:
        self.path = path
        self.journal = journal
        self.fold = fold
        self.progress = Progress()
        self.origins = origins
        self.edits: tuple[Edited, ...] = ()
        self.fetches: set[asyncio.Task[None]] = set()
        self.fetching = asyncio.Semaphore(FETCHES)
        self.fed = asyncio.Event()
        self.cookie = ""
        self.unreported: dict[str, tuple[Loaded, str]] = {}
        """What a page was, or will be, asked to report, with the origin of its address."""
        self.stopped = False
        """The stop is in the journal: what pages say from here on belongs to no session and is not acknowledged."""
        self.has_findable = False
        """Whether a page told of a secret that may have stood in clear before."""
        self._seq = 0
        self._session: Session | None = None

    def feed(self, event: AnyEvent) -> None:
        """Something happened."""
        self._session = None
        self.has_findable = self.has_findable or (isinstance(event, Secret) and bool(event.digest))
        self.fold.feed(event)

    def session(self) -> Session:
        """What happened so far, made once for all who look before something else does."""
        if self._session is None:
            self._session = self.fold.session()
        return self._session

    def own_seq(self) -> int:
        """The next number of the recorder's own events (``page=""``)."""
        self._seq += 1
        return self._seq


class Collector:
    """One run's recordings, one after the other, and every page that takes part.

    Args:
        app_url: the address the person records, without a login in it.
        names: where sessions go.
        fetch: how to read from the app.
        token: what a page must say; random where it is not given.
        origins: origins, beside the app's own and those of connected pages, from which files may be read.
        file_limit: bytes of the largest file that is kept.
        fold: makes the fold of a recording.
        on_state: told every change of state.
        on_saved: told the path of every session, when it is durable.
        on_recovered: told the path of a session made from a journal that an earlier run left behind.
        open_panel: makes the panels of the pages; None where there are none.
        keys: what the recorder's own scripts say with all that only a person may ask for; None where nothing is wanted.

    Every method must be called in the event loop that the collector was first used in.
    """

    def __init__(
        self,
        app_url: str,
        names: Names,
        fetch: Fetch,
        *,
        token: str | None = None,
        origins: frozenset[str] = frozenset(),
        file_limit: int = FILE_LIMIT,
        fold: Callable[[], Fold] = new_fold,
        on_state: Callable[[State], None] | None = None,
        on_saved: Callable[[Path], None] | None = None,
        on_recovered: Callable[[Path], None] | None = None,
        open_panel: OpenPanel | None = None,
        keys: Keys | None = None,
    ) -> None:
        self.keys = keys
        self.token = token or secrets.token_urlsafe(32)
        self.app_url = app_url
        self.viewers: set[str] | None = None
        """The origins whose pages may show what was recorded, which their scripts can then read; None for all."""
        self._names = names
        self._fetch = fetch
        self._origins = origins | {origin_of(app_url)}
        self._file_limit = file_limit
        self._new_fold = fold
        self._on_state = on_state
        self._on_saved = on_saved
        self._on_recovered = on_recovered
        self.open_panel = open_panel
        self.wire = Wire(self)
        """What the shell sees pass."""
        self.sources = Sources()
        self._ring = Ring()
        self._streamed: deque[tuple[float, Streamed, str, set[str]]] = deque()
        """The latest events of streams: when each came, its origin, and the pages that were told."""
        self._scripts = Scripts()
        self._connections: set[Connection] = set()
        self._recording: _Recording | None = None
        self._kept: Saved | None = None
        """The session that was saved last."""
        self._changing = asyncio.Lock()
        self._saving = False
        self._session = 0
        self._saved = ""
        self._error = ""
        self._shown: asyncio.TimerHandle | None = None
        self._looked: asyncio.TimerHandle | None = None
        self._counting = 0.0
        """Seconds that it took to count the calls."""
        self._presses: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        """What the pages are told now."""
        recording = self._recording
        return State(
            recording=recording is not None,
            saving=self._saving,
            session=self._session,
            calls=recording.fold.calls if recording else 0,
            last=_clean(recording.fold.last) if recording else "",
            saved="" if recording else self._saved,
            error=self._error,
            panel=self.open_panel is not None and (recording is not None or self._kept is not None),
        )

    def snapshot(self) -> Snapshot | None:
        """The recording that is on, else the one that was saved last, None if there was none.

        Raises:
            FileError: the one that was saved is gone.
        """
        recording = self._recording
        if recording is None:
            return self._kept.snapshot() if self._kept is not None else None
        journal, fold_of = recording.journal.path, self._new_fold
        return Snapshot(
            session=recording.session(),
            edits=recording.edits,
            path=recording.path,
            live=True,
            settled=(lambda: _folded(journal, fold_of)[1].session()) if recording.has_findable else None,
        )

    async def edit(self, edit: Edited) -> None:
        """Change the recording that is on, or the session that was saved last, as a person wishes.

        Raises:
            FileError: the session cannot be written.
        """
        async with self._changing:
            recording, durable = self._recording, None
            if recording is not None:
                noted = msgspec.structs.replace(edit, seq=recording.own_seq(), at=time.time() * 1000)
                recording.edits = (*recording.edits, noted)
                durable = self._keep(recording, noted)
            elif self._kept is not None:
                await self._kept.edit(edit)
        if durable is not None:
            await durable
        self._broadcast()

    @property
    def is_full(self) -> bool:
        """Whether no more pages should be let in."""
        return len(self._connections) >= CONNECTIONS

    def connect(
        self, send: Callable[[ToPage], None], *, origin: str = "", cookie: str = "", sees: bool = True
    ) -> Connection:
        """A new connection.

        Args:
            send: takes what is to be said to the page; must not block.
            origin: the origin of the page as the shell has verified it, whose files may then be fetched.
            cookie: the ``Cookie`` header with which the page came.
            sees: whether the page may show what was recorded.
        """
        connection = Connection(self, send, origin, cookie, sees)
        self._connections.add(connection)
        return connection

    async def start(self) -> None:
        """Open the journal and record from now on. Does nothing while a recording is on.

        Raises:
            FileError: the journal cannot be written.
        """
        async with self._changing:
            if self._recording is not None:
                return
            try:
                await self._start()
            except RecorderError as error:
                self._error = str(error)
                self._broadcast()
                raise
            self._broadcast()

    async def _start(self) -> None:
        for leftover in self._names.leftovers():
            recovered = None
            try:
                recovered = await asyncio.to_thread(recover, leftover, self._new_fold)
            except Exception as error:
                # What an earlier run left behind must not keep this one from recording; it stays where it is.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"{leftover} could not be made into a session", "exception": error}
                )
            if recovered is not None and self._on_recovered is not None:
                self._on_recovered(recovered)
        path = self._names.next()
        journal = Journal.open(journal_path(path), self._on_trouble)
        recording = _Recording(path, journal, self._new_fold(), set(self._origins))
        for connection in self._connections:
            if connection.greeted and connection.origin:
                recording.origins.add(connection.origin)
                recording.cookie = connection.cookie or recording.cookie
        durable = self._keep(recording, self._mark(recording, "start"))
        try:
            await asyncio.wait_for(durable, START_SECONDS)
        except (asyncio.TimeoutError, asyncio.CancelledError):
            trouble = journal.trouble
            await journal.remove()
            raise trouble or FileError(
                f"{journal.path} cannot be written in time", "Look at the disk"
            ) from None
        self._names.take()
        self._recording = recording
        self._session += 1
        self._saved = self._error = ""
        for event in self._ring:
            self._keep(recording, msgspec.structs.replace(event, seq=recording.own_seq(), before=True))
        for loaded in self._scripts.all():
            before = msgspec.structs.replace(loaded, before=True)
            recording.unreported[loaded.id] = before, origin_of(loaded.url)
        self._want(recording, recording.cookie)

    async def stop(self) -> Path | None:
        """Wait for what is still on its way, write the session, and remove the journal.

        Returns:
            The session file, None if no recording was on.

        Raises:
            FileError: the session cannot be written. The recording goes on and nothing is lost; stop again.
        """
        async with self._changing:
            recording = self._recording
            if recording is None:
                return None
            self._saving = True
            for connection in self._connections:
                connection.has_told = False
            self._broadcast()
            try:
                await self._settle(recording)
                recording.stopped = True
                self._keep(recording, self._mark(recording, "stop"))
                self._want(recording, recording.cookie)
                await self._finish_fetches(recording)
                written = await asyncio.to_thread(self._write, recording)
                await recording.journal.remove()
                self._recording = None
                self._saved, self._error = str(recording.path), ""
            except RecorderError as error:
                self._error = str(error)
                raise
            except Exception as error:
                self._error = (
                    f"The session could not be made ({type(error).__name__}); everything recorded is kept in "
                    f"{recording.journal.path}."
                )
                raise
            finally:
                recording.stopped = False
                self._saving = False
                self._broadcast()
        if self._on_saved is not None:
            for path in written:
                self._on_saved(path)
        return recording.path

    def _write(self, recording: _Recording) -> list[Path]:
        """A file for each app that was used, the main one's last, so that it is there only when all are."""
        others = []
        fold = self._settled(recording)
        main = fold.session()
        changed, changed_others = edited_together(main, fold.others(), recording.edits)
        for other in changed_others:
            others.append(self._names.next())
            session.write(other, others[-1])
        session.write(changed, recording.path)
        self._kept = Saved(recording.path, main, recording.edits)
        return [recording.path, *others]

    def _settled(self, recording: _Recording) -> Fold:
        """The recording's fold, or a new one of its journal where what was said in clear turned out to be a secret."""
        if not recording.has_findable:
            return recording.fold
        told, is_other = settled(journals.read(recording.journal.path).events)
        if not is_other:
            return recording.fold
        fold = self._new_fold()
        for event in told:
            fold.feed(event)
        return fold

    async def discard(self) -> None:
        """Drop the recording that is on, as if it had never begun."""
        async with self._changing:
            recording, self._recording = self._recording, None
            if recording is not None:
                for fetch in list(recording.fetches):
                    fetch.cancel()
                await recording.journal.remove()
            self._broadcast()

    async def close(self) -> None:
        """Let go of everything without saving; a recording that was on stays behind as its journal."""
        for task in self._presses:
            task.cancel()
        for timer in (self._shown, self._looked):
            if timer is not None:
                timer.cancel()
        recording, self._recording = self._recording, None
        if recording is not None:
            for fetch in list(recording.fetches):
                fetch.cancel()
            await recording.journal.close()
            if recording.has_findable:
                await asyncio.to_thread(_settle_journal, recording.journal.path)

    def saw_cookies(self, event: Cookies) -> None:
        """An exchange carried or set cookies."""
        self._ring.add(event)
        recording = self._recording
        if recording is not None and not recording.stopped:
            self._keep(recording, msgspec.structs.replace(event, seq=recording.own_seq()))

    def saw_loaded(self, loaded: Loaded, origin: str) -> None:
        """The browser loaded a script file, or downloads a file: a page is to report it."""
        if loaded.how == "script":
            self._scripts.add(loaded)
        recording = self._recording
        if recording is not None and not recording.stopped:
            recording.unreported[loaded.id] = loaded, origin
            self.ask_to_report()

    def saw_streamed(self, streamed: Streamed, origin: str) -> None:
        """An event came that the page which opened the stream may not have listened to."""
        now = time.monotonic()
        while self._streamed and (
            self._streamed[0][0] < now - STREAMED_SECONDS or len(self._streamed) > STREAMED
        ):
            self._streamed.popleft()
        told = {c.page for c in self._connections if c.greeted and c.origin == origin}
        self._streamed.append((now, streamed, origin, told))
        for connection in self._connections:
            if connection.greeted and connection.origin == origin:
                connection.say(streamed)

    def _tell_streamed(self, connection: Connection) -> None:
        """A page has just connected: events that came since it began to load are told to it now."""
        for at, streamed, origin, told in self._streamed:
            recent = at > time.monotonic() - STREAMED_SECONDS
            if recent and origin == connection.origin and connection.page not in told:
                told.add(connection.page)
                connection.say(streamed)

    def ask_to_report(self) -> None:
        """Ask the page of the same origin that spoke last to report what no page was asked to yet."""
        recording = self._recording
        if recording is None:
            return
        for id, (loaded, origin) in list(recording.unreported.items()):
            able = [
                c
                for c in self._connections
                if c.greeted and c.origin == origin and (c.takes_scripts or loaded.how == "download")
            ]
            if able and not any(id in connection.asked for connection in able):
                latest = max(able, key=lambda connection: connection.heard_at)
                latest.asked.add(id)
                latest.say(loaded)
                if loaded.how == "download":
                    # Only the page that it belongs to knows what to make of it.
                    del recording.unreported[id]

    def wake(self) -> None:
        """A page has said all it had, or is gone: a stop may go on."""
        if self._recording is not None:
            self._recording.fed.set()

    def press(self, on: bool) -> None:
        """The toggle was pressed: start or stop, after whatever is still going on."""

        async def act() -> None:
            # The page is told through the state; a bug shall not be silent.
            with contextlib.suppress(RecorderError):
                await (self.start() if on else self.stop())

        task = asyncio.get_running_loop().create_task(act())
        self._presses.add(task)
        task.add_done_callback(self._presses.discard)

    async def _settle(self, recording: _Recording) -> None:
        """Wait for what pages have yet to say, then for calls that are open, then for files."""

        async def over(is_over: Callable[[], bool], seconds: float) -> None:
            deadline = time.monotonic() + seconds
            while not is_over() and (left := deadline - time.monotonic()) > 0:
                recording.fed.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(recording.fed.wait(), left)

        await over(lambda: all(c.has_told for c in self._connections if c.greeted), HEAR_SECONDS)
        await over(lambda: not recording.fold.open, GRACE_SECONDS)
        await self._finish_fetches(recording)

    async def _finish_fetches(self, recording: _Recording) -> None:
        deadline = time.monotonic() + WANTS_SECONDS
        while recording.fetches and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(list(recording.fetches), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        unfinished = list(recording.fetches)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)

    def _accept(self, recording: _Recording, accepted: list[Accepted], cookie: str) -> asyncio.Future[None]:
        future = recording.journal.append(each.line for each in accepted)
        for each in accepted:
            self._feed(recording, each.event)
            if isinstance(each.event, Request):
                recording.unreported.pop(each.event.id, None)
        if accepted:
            self._want(recording, cookie)
        return future

    def _keep(self, recording: _Recording, event: AnyEvent) -> asyncio.Future[None]:
        future = recording.journal.append([encode(event)])
        self._feed(recording, event)
        return future

    def _feed(self, recording: _Recording, event: AnyEvent) -> None:
        try:
            recording.feed(event)
        except Exception as error:
            # The event is in the journal: a fold with a bug must cost neither it nor the connection.
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the fold failed on an event of kind {type(event).__name__}", "exception": error}
            )
        recording.fed.set()
        self._show_soon()

    def _mark(self, recording: _Recording, what: Any) -> Mark:
        return Mark(page="", seq=recording.own_seq(), at=time.time() * 1000, what=what, url=self.app_url)

    def _want(self, recording: _Recording, cookie: str) -> None:
        for want in recording.fold.wants():
            task = asyncio.get_running_loop().create_task(self._answer(recording, want, cookie))
            recording.fetches.add(task)
            task.add_done_callback(recording.fetches.discard)

    async def _answer(self, recording: _Recording, want: Want, cookie: str) -> None:
        about: dict[str, Any] = {}
        folder = session.files_folder(recording.path)
        try:
            if want.content is not None:
                about = await asyncio.to_thread(keep_content, want, want.content, folder, self._file_limit)
            elif origin_of(want.url) not in recording.origins:
                raise RecorderError(f"{want.url} was not read: it is not of the app that is recorded")
            else:
                async with recording.fetching, self._fetch(want.url, cookie) as answer:
                    about = {"status": answer.status, "type": answer.type}
                    if not 200 <= answer.status < 300:
                        raise RecorderError(f"{want.url} answered {answer.status}")
                    if want.keep == "text":
                        about.update(await _read_text(answer, want.url))
                    else:
                        about.update(await _read_file(answer, want, folder, self._file_limit))
        except RecorderError as error:
            about["error"] = str(error)
        except asyncio.CancelledError:
            about["error"] = (
                f"{want.url} was not read: it took longer than {WANTS_SECONDS:.0f} s after the stop."
            )
        except OSError as error:
            about["error"] = f"{want.url} was not kept: {error.strerror or type(error).__name__}."
        event = Fetched(page="", seq=recording.own_seq(), at=time.time() * 1000, url=want.url, **about)
        self._keep(recording, event)
        self._want(recording, cookie)

    def _on_trouble(self, error: RecorderError | None) -> None:
        self._error = str(error) if error is not None else ""
        self._broadcast()

    def _show_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if self._shown is None:
            wait = min(max(STATE_SECONDS, STATE_SHARE * self._counting), STATE_SELDOM)
            self._shown = loop.call_later(wait, self._broadcast)
        if self._looked is None:
            self._looked = loop.call_later(STATE_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if self._looked is not None:
            self._looked.cancel()
            self._looked = None
        for connection in list(self._connections):
            if connection.greeted:
                connection.look_again()

    def _broadcast(self) -> None:
        if self._shown is not None:
            self._shown.cancel()
            self._shown = None
        began = time.perf_counter()
        state = self.state
        self._counting = time.perf_counter() - began
        for connection in list(self._connections):
            if connection.greeted:
                connection.say(state)
        self.ask_to_report()
        self._look_again()
        if self._on_state is not None:
            self._on_state(state)


class Connection:
    """One document's line to the collector. Made by :meth:`Collector.connect`, ended by :meth:`close`."""

    def __init__(
        self,
        collector: Collector,
        send: Callable[[ToPage], None],
        origin: str,
        cookie: str,
        sees: bool = True,
    ) -> None:
        self.origin = origin
        self.cookie = cookie
        self.greeted = False
        self.heard_at = 0.0
        """When the page said something last, by a monotonic clock."""
        self.takes_scripts = False
        """Whether the page reports script files."""
        self.asked: set[str] = set()
        """What the page was asked to report."""
        self.has_told = False
        """Whether the page has said all that it had when the stop began."""
        self._collector = collector
        self._send = send
        self._may_see = sees
        knows = collector.keys.knows if collector.keys is not None else None
        self._ingest = Ingest(collector.token, self._progress, time.monotonic, knows=knows)
        self._panel: Panel | None = None

    def receive(self, frame: bytes | str, control: bool = True) -> bool:
        """Take one frame.

        Args:
            control: whether what only a person may ask for is heard in it.

        Returns:
            False if the connection must be closed once what was said has been sent.
        """
        collector = self._collector
        outcomes = self._ingest.receive(frame, control)
        self.heard_at = time.monotonic()
        recording = collector._recording
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        seen = [outcome for outcome in outcomes if isinstance(outcome, Seen)]
        if recording is not None and (accepted or seen):
            if self.origin:
                recording.origins.add(self.origin)
            recording.cookie = self.cookie or recording.cookie
            durable = collector._accept(recording, accepted, self.cookie)
            durable.add_done_callback(lambda future: self._acknowledge(future, seen))
        for outcome in outcomes:
            if isinstance(outcome, Greeted):
                self.greeted = True
                self.say(collector.state)
                collector.ask_to_report()
                collector._tell_streamed(self)
            elif isinstance(outcome, Pressed):
                collector.press(outcome.on)
            elif isinstance(outcome, Unheard):
                self.say(msgspec.structs.replace(collector.state, error=UNHEARD))
            elif isinstance(outcome, Refusal):
                self._send(outcome.message)
            elif isinstance(outcome, Asked):
                self._ask(outcome.message)
            elif isinstance(outcome, Seeking):
                if not outcome.key:
                    self.takes_scripts = True
                    collector.ask_to_report()
                elif (source := collector.sources.take(outcome.key)) is not None:
                    self._send(source)
            elif isinstance(outcome, HasTold):
                self.has_told = True
                collector.wake()
            elif isinstance(outcome, Waiting):
                pass  # The shell of the browser binding sees to it; sockets need no asking.
        return not self._ingest.closed

    @property
    def page(self) -> str:
        """The page that said hello, empty before."""
        return self._ingest.page

    @property
    def pause(self) -> float:
        """Seconds for which the page is not to be listened to: it has said very much."""
        return self._ingest.pause

    @property
    def _sees(self) -> bool:
        viewers = self._collector.viewers
        return self._may_see and (viewers is None or self.origin in viewers)

    def say(self, message: ToPage) -> None:
        """Pass ``message`` on to the page."""
        if isinstance(message, State) and message.panel and not self._sees:
            message = msgspec.structs.replace(message, panel=False)
        self._send(message)

    def look_again(self) -> None:
        """What the panel shows may have changed."""
        if self._panel is not None:
            self._panel.changed()

    def _ask(self, message: FromPanel) -> None:
        if self._panel is None and self._collector.open_panel is not None and self._sees:
            self._panel = self._collector.open_panel(self._collector, self._send)
        if self._panel is not None:
            self._panel.receive(message)

    def leave(self) -> None:
        """The page is gone, and what it said may still be on its way: nothing more is said to it, no stop waits."""
        self.greeted = False
        self._collector.wake()

    def close(self) -> None:
        """The page is gone. The recording goes on."""
        if self._panel is not None:
            self._panel.close()
        self._collector._connections.discard(self)
        self._collector.wake()

    def _progress(self) -> Progress | None:
        recording = self._collector._recording
        return recording.progress if recording and not recording.stopped else None

    def _acknowledge(self, durable: asyncio.Future[None], seen: list[Seen]) -> None:
        if durable.cancelled():
            return
        for each in seen:
            self._send(Ack(page=each.page, seq=each.seq))


async def _read_text(answer: Fetching, url: str) -> dict[str, Any]:
    data = bytearray()
    async for chunk in answer.chunks:
        data += chunk
        if len(data) > TEXT_LIMIT:
            raise RecorderError(f"{url} was not kept: it has more than {TEXT_LIMIT // 2**20} MB")
    try:
        return {"body": Body(kind="text", text=data.decode(), size=len(data))}
    except UnicodeDecodeError:
        return {
            "body": Body(kind="lost", reason="unreadable", size=len(data)),
            "error": f"{url} is not UTF-8 text.",
        }


def keep_content(want: Want, content: bytes, folder: Path, limit: int = FILE_LIMIT) -> dict[str, Any]:
    """Keep the bytes of a want in ``folder``; what its ``Fetched`` event says of them."""
    if len(content) > limit:
        return {"error": _too_large(want, limit)}
    if kind := secret_in(content, want.name):
        return {"error": _holds(want, kind)}
    target, about = _place(want, folder, hashlib.sha256(content).hexdigest(), len(content))
    if not target.exists():
        session.write_whole(target, content)
    return about


def _too_large(want: Want, limit: int) -> str:
    return (
        f"{file_name(want.name)} was not kept: it has more than {limit / 2**20:.10g} MB, the limit of a file"
    )


def _holds(want: Want, kind: str) -> str:
    return f"{file_name(want.name)} was not kept: it holds what looks like a {kind}"


def _place(want: Want, folder: Path, sha256: str, size: int) -> tuple[Path, dict[str, Any]]:
    """Where a file is kept, which its content says, and what its event says of it."""
    target = folder / sha256[:16] / file_name(want.name)
    return target, {"sha256": sha256, "path": target.relative_to(folder.parent).as_posix(), "size": size}


async def _read_file(answer: Fetching, want: Want, folder: Path, limit: int) -> dict[str, Any]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in answer.chunks:
                size += len(chunk)
                if size > limit:
                    raise RecorderError(_too_large(want, limit))
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        looked_into = Path(temporary).read_bytes() if size <= LARGEST_TEXT else b""
        if kind := secret_in(looked_into, want.name):
            raise RecorderError(_holds(want, kind))
        target, about = _place(want, folder, digest.hexdigest(), size)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return about


def _clean(name: str) -> str:
    """One short line: an app's own name goes into a label on the page."""
    return " ".join(name.split())[:200]


def _still_news(messages: list[ToPage | None]) -> Iterator[ToPage | None]:
    """Of what is to be said, all that a later acknowledgement does not say too."""
    last = {message.page: message for message in messages if isinstance(message, Ack)}
    return (each for each in messages if not isinstance(each, Ack) or last[each.page] is each)


@contextlib.asynccontextmanager
async def serve(
    collector: Collector,
    allows: Callable[[str], bool],
    admits: Callable[[list[tuple[bytes, bytes]]], bool] | None = None,
    of_the_app: Callable[[bytes], bytes] | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """The collector as a WebSocket server on a free loopback port.

    Args:
        allows: whether a ``Host`` header is one under which the page is served. The ``Origin`` must be the same host.
        admits: whether a page that came with these headers may show what was recorded; all may if it is None.
        of_the_app: the part of a ``Cookie`` value that the app may be sent where something is read of it; all if None.

    Yields:
        The host and port to connect to.
    """

    def check(connection: ServerConnection, request: Handshake) -> HandshakeAnswer | None:
        sentence = refuses(request.headers.get_all("Host"), request.headers.get_all("Origin"), allows)
        if sentence is None and collector.is_full:
            sentence = "Too many pages are connected."
        return connection.respond(403, sentence + "\n") if sentence else None

    async def speak(connection: ServerConnection) -> None:
        await _speak(collector, connection, admits, of_the_app or (lambda value: value))

    server: Server
    async with serve_websocket(
        speak,
        "127.0.0.1",
        0,
        process_request=check,
        max_size=MAX_FRAME,
        compression=None,
        ping_interval=None,
        server_header=None,
    ) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        yield host, port


def refuses(hosts: list[str], origins: list[str], allows: Callable[[str], bool]) -> str | None:
    """Why a handshake with these ``Host`` and ``Origin`` headers is refused: a sentence; None if it is not.

    There must be exactly one of each, the host one that we serve, and the origin that same host: a page of another
    site, a sandboxed one (``null``) and a program that sends none are all refused.
    """
    if len(hosts) != 1 or not allows(hosts[0].lower()):
        return "This address is not one that API Recorder serves."
    if len(origins) != 1 or origins[0].lower() not in (
        f"http://{hosts[0].lower()}",
        f"https://{hosts[0].lower()}",
    ):
        return "API Recorder listens only to pages that it served itself."
    return None


async def _speak(
    collector: Collector,
    socket: ServerConnection,
    admits: Callable[[list[tuple[bytes, bytes]]], bool] | None,
    of_the_app: Callable[[bytes], bytes],
) -> None:
    assert socket.request is not None
    headers = socket.request.headers

    async def receive() -> str | bytes | None:
        try:
            return await socket.recv()
        except ConnectionClosed:
            return None

    async def send(text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await socket.send(text)

    origin = headers.get("Origin", "")
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.raw_items()]
    given = (of_the_app(value) for name, value in raw if name == b"cookie")
    cookie = b"; ".join(filter(None, given)).decode("latin-1")
    sees = admits is None or admits(raw)
    await converse(collector, receive, send, origin=origin, cookie=cookie, sees=sees)
    await socket.close()


async def converse(
    collector: Collector,
    receive: Callable[[], Awaitable[str | bytes | None]],
    send: Callable[[str], Awaitable[None]],
    *,
    origin: str,
    cookie: str,
    sees: bool = True,
) -> None:
    """One connection over any message transport, until the page goes or must be let go.

    Args:
        receive: the next frame, None when the page is gone.
        send: takes one frame; does nothing once the page is gone.
        origin, cookie, sees: as in :meth:`Collector.connect`.
    """
    outbox: asyncio.Queue[ToPage | None] = asyncio.Queue()
    connection = collector.connect(outbox.put_nowait, origin=origin, cookie=cookie, sees=sees)

    async def speak() -> None:
        while True:
            messages = [await outbox.get()]
            while not outbox.empty():
                messages.append(outbox.get_nowait())
            for message in _still_news(messages):
                if message is None:
                    return
                await send(events.dump(message))

    speaker = asyncio.get_running_loop().create_task(speak())
    try:
        frame = await asyncio.wait_for(receive(), HELLO_SECONDS)
        while frame is not None and connection.receive(frame):
            if (pause := connection.pause) > 0:
                await asyncio.sleep(pause)
            frame = await receive()
    except asyncio.TimeoutError:
        pass
    finally:
        connection.close()
        outbox.put_nowait(None)
        await asyncio.wait([speaker], timeout=5)
        speaker.cancel()

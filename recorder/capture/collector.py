"""The collector: takes events from pages, makes them durable, folds them live, and writes the session at the stop.

:class:`Collector` knows no transport. A shell (WebSocket, ASGI, browser binding) makes one
:class:`~recorder.capture.connection.Connection` for each document that wants to speak, hands it the frames and passes
on what it says; :mod:`recorder.capture.channel` does so over WebSockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from recorder import session
from recorder.adapters import Fold, new_fold
from recorder.address import origin_of
from recorder.capture import recovery
from recorder.capture.access import Keys
from recorder.capture.beside import OpenPanel, Snapshot
from recorder.capture.connection import Connection
from recorder.capture.documents import Sources
from recorder.capture.journal import Journal
from recorder.capture.kept import FILE_LIMIT, Fetch
from recorder.capture.names import Names, journal_path
from recorder.capture.pacing import Paced
from recorder.capture.recording import Reads, Recording
from recorder.capture.recovery import folded
from recorder.capture.reports import Streams
from recorder.capture.saved import Saved
from recorder.capture.wire import Ring, Scripts, Wire
from recorder.edits import edited_together
from recorder.errors import FileError, RecorderError
from recorder.events import Cookies, Edited, Loaded, State, Streamed, ToPage

HEAR_SECONDS = 10.0
"""How long a stop waits for a page to say what it has not said yet."""
START_SECONDS = 3.0
"""How long a start waits for the first line to reach the disk."""
STATE_SHARE = 30
"""How many times longer than it took to count the calls the toggle waits for the next count."""
CONNECTIONS = 256


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
        self._reads = Reads(
            url=app_url, fetch=fetch, origins=origins | {origin_of(app_url)}, limit=file_limit
        )
        self._new_fold = fold
        self._on_state = on_state
        self._on_saved = on_saved
        self._on_recovered = on_recovered
        self.open_panel = open_panel
        self.wire = Wire(self)
        """What the shell sees pass."""
        self.sources = Sources()
        self._ring = Ring()
        self._streams = Streams()
        self._scripts = Scripts()
        self._connections: set[Connection] = set()
        self._recording: Recording | None = None
        self._kept: Saved | None = None
        """The session that was saved last."""
        self._changing = asyncio.Lock()
        self._saving = False
        self._session = 0
        self._saved = ""
        self._error = ""
        self._telling = Paced(self._tell_state, STATE_SHARE)
        self._looking = Paced(self._look_again)
        self._presses: set[asyncio.Task[None]] = set()

    @property
    def recording(self) -> Recording | None:
        """The recording that is on."""
        return self._recording

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
            settled=(lambda: folded(journal, fold_of)[1].session()) if recording.has_findable else None,
        )

    async def edit(self, edit: Edited) -> None:
        """Change the recording that is on, or the session that was saved last, as a person wishes.

        Raises:
            FileError: the session cannot be written.
        """
        async with self._changing:
            recording, durable = self._recording, None
            if recording is not None:
                durable = recording.edit(edit)
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
                recovered = await asyncio.to_thread(recovery.recover, leftover, self._new_fold)
            except Exception as error:
                # What an earlier run left behind must not keep this one from recording; it stays where it is.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"{leftover} could not be made into a session", "exception": error}
                )
            if recovered is not None and self._on_recovered is not None:
                self._on_recovered(recovered)
        path = self._names.next()
        journal = Journal.open(journal_path(path), self._on_trouble)
        recording = Recording(path, journal, self._new_fold, self._reads, self._show_soon)
        for connection in self._connections:
            if connection.greeted and connection.origin:
                recording.joined(connection.origin, connection.cookie)
        durable = recording.mark("start")
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
            recording.own(event, before=True)
        for loaded in self._scripts.all():
            recording.reports.expect(msgspec.structs.replace(loaded, before=True), origin_of(loaded.url))
        recording.want(recording.cookie)

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
                await recording.settle(self._all_told, HEAR_SECONDS)
                recording.stopped = True
                recording.mark("stop")
                recording.want(recording.cookie)
                await recording.finish_fetches()
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

    def _all_told(self) -> bool:
        return all(connection.has_told for connection in self._connections if connection.greeted)

    def _write(self, recording: Recording) -> list[Path]:
        """A file for each app that was used, the main one's last, so that it is there only when all are."""
        others = []
        fold = recording.settled_fold()
        main = fold.session()
        changed, changed_others = edited_together(main, fold.others(), recording.edits)
        for other in changed_others:
            others.append(self._names.next())
            session.write(other, others[-1])
        session.write(changed, recording.path)
        self._kept = Saved(recording.path, main, recording.edits)
        return [recording.path, *others]

    async def discard(self) -> None:
        """Drop the recording that is on, as if it had never begun."""
        async with self._changing:
            recording, self._recording = self._recording, None
            if recording is not None:
                recording.cancel_fetches()
                await recording.journal.remove()
            self._broadcast()

    async def close(self) -> None:
        """Let go of everything without saving; a recording that was on stays behind as its journal."""
        for task in self._presses:
            task.cancel()
        self._telling.cancel()
        self._looking.cancel()
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.cancel_fetches()
            await recording.journal.close()
            if recording.has_findable:
                await asyncio.to_thread(recovery.settle, recording.journal.path)

    def saw_cookies(self, event: Cookies) -> None:
        """An exchange carried or set cookies."""
        self._ring.add(event)
        recording = self._recording
        if recording is not None and not recording.stopped:
            recording.own(event)

    def saw_loaded(self, loaded: Loaded, origin: str) -> None:
        """The browser loaded a script file, or downloads a file: a page is to report it."""
        if loaded.how == "script":
            self._scripts.add(loaded)
        recording = self._recording
        if recording is not None and not recording.stopped:
            recording.reports.expect(loaded, origin)
            self.ask_to_report()

    def saw_streamed(self, streamed: Streamed, origin: str) -> None:
        """An event came that the page which opened the stream may not have listened to."""
        for connection in self._streams.add(streamed, origin, time.monotonic(), self._connections):
            connection.say(streamed)

    def ask_to_report(self) -> None:
        """Ask pages to report what no page was asked to yet."""
        if self._recording is not None:
            for connection, loaded in self._recording.reports.allot(self._connections):
                connection.say(loaded)

    def greeted(self, connection: Connection) -> None:
        """A page has said hello."""
        self.ask_to_report()
        for streamed in self._streams.missed_by(connection, time.monotonic()):
            connection.say(streamed)

    def gone(self, connection: Connection) -> None:
        """A page has left."""
        self._connections.discard(connection)
        self.wake()

    def wake(self) -> None:
        """A page has said all it had, or is gone: a stop may go on."""
        if self._recording is not None:
            self._recording.wake()

    def press(self, on: bool) -> None:
        """The toggle was pressed: start or stop, after whatever is still going on."""

        async def act() -> None:
            # The page is told through the state; a bug shall not be silent.
            with contextlib.suppress(RecorderError):
                await (self.start() if on else self.stop())

        task = asyncio.get_running_loop().create_task(act())
        self._presses.add(task)
        task.add_done_callback(self._presses.discard)

    def _on_trouble(self, error: RecorderError | None) -> None:
        self._error = str(error) if error is not None else ""
        self._broadcast()

    def _show_soon(self) -> None:
        self._telling.soon()
        self._looking.soon()

    def _broadcast(self) -> None:
        self._telling.now()
        self.ask_to_report()
        self._looking.now()

    def _tell_state(self) -> None:
        state = self.state
        for connection in list(self._connections):
            if connection.greeted:
                connection.say(state)
        if self._on_state is not None:
            self._on_state(state)

    def _look_again(self) -> None:
        for connection in list(self._connections):
            if connection.greeted:
                connection.look_again()


def _clean(name: str) -> str:
    """One short line: an app's own name goes into a label on the page."""
    return " ".join(name.split())[:200]

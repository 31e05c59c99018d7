"""What lives from a start to its stop: the journal, the fold, and what is read from the app for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from recorder import session
from recorder.adapters import Fold, Want
from recorder.address import origin_of
from recorder.capture import journal as journals
from recorder.capture.ingest import Accepted, Progress, encode
from recorder.capture.journal import Journal
from recorder.capture.kept import Fetch, keep_content, read_file, read_text
from recorder.capture.reports import Reports
from recorder.errors import RecorderError
from recorder.events import AnyEvent, Edited, Fetched, Mark, Request, Secret
from recorder.redact import settled
from recorder.session import Session

GRACE_SECONDS = 1.5
"""How long a stop waits for calls that are still open."""
WANTS_SECONDS = 20.0
"""How long a stop waits for files that are still being fetched."""
FETCHES = 4


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording may read, and how. ``url`` is the address that the person records; ``origins`` are those from
    which files may be read; ``limit`` is the size in bytes of the largest file that is kept."""

    url: str
    fetch: Fetch
    origins: frozenset[str]
    limit: int


class Recording:
    """One recording.

    Args:
        path: where the session goes.
        fold: makes a fold.
        on_fed: called after every event.
    """

    def __init__(
        self,
        path: Path,
        journal: Journal,
        fold: Callable[[], Fold],
        reads: Reads,
        on_fed: Callable[[], None],
    ) -> None:
        self.path = path
        self.journal = journal
        self.fold = fold()
        self.progress = Progress()
        self.reports = Reports()
        self.origins = set(reads.origins)
        self.edits: tuple[Edited, ...] = ()
        self.cookie = ""
        self.stopped = False
        """The stop is in the journal: what pages say from here on belongs to no session and is not acknowledged."""
        self.has_findable = False
        """Whether a page told of a secret that may have stood in clear before."""
        self._new_fold = fold
        self._reads = reads
        self._on_fed = on_fed
        self._fed = asyncio.Event()
        self._fetches: set[asyncio.Task[None]] = set()
        self._fetching = asyncio.Semaphore(FETCHES)
        self._seq = 0
        self._session: Session | None = None

    def session(self) -> Session:
        """What happened so far, made once for all who look before something else does."""
        if self._session is None:
            self._session = self.fold.session()
        return self._session

    def joined(self, origin: str, cookie: str) -> None:
        """A page of this origin takes part; it came with this ``Cookie`` header."""
        if origin:
            self.origins.add(origin)
        self.cookie = cookie or self.cookie

    def own(self, event: Any, **more: Any) -> asyncio.Future[None]:
        """Keep an event of the recorder's own (``page=""``), by the next number; done once it is durable."""
        self._seq += 1
        event = msgspec.structs.replace(event, seq=self._seq, **more)
        future = self.journal.append([encode(event)])
        self._feed(event)
        return future

    def mark(self, what: Literal["start", "stop"]) -> asyncio.Future[None]:
        """Keep that the recording starts or stops now."""
        return self.own(Mark(page="", seq=0, at=_now(), what=what, url=self._reads.url))

    def edit(self, edit: Edited) -> asyncio.Future[None]:
        """Keep what a person changes."""
        noted = msgspec.structs.replace(edit, at=_now())
        self.edits = (*self.edits, noted)
        return self.own(noted)

    def accept(self, accepted: Iterable[Accepted], cookie: str) -> asyncio.Future[None]:
        """Keep what a page said, which came with this ``Cookie`` header; done once it is durable."""
        accepted = list(accepted)
        future = self.journal.append(each.line for each in accepted)
        for each in accepted:
            self._feed(each.event)
            if isinstance(each.event, Request):
                self.reports.told(each.event.id)
        if accepted:
            self.want(cookie)
        return future

    def _feed(self, event: AnyEvent) -> None:
        self._session = None
        self.has_findable = self.has_findable or (isinstance(event, Secret) and bool(event.digest))
        try:
            self.fold.feed(event)
        except Exception as error:
            # The event is in the journal: a fold with a bug must cost neither it nor the connection.
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the fold failed on an event of kind {type(event).__name__}", "exception": error}
            )
        self.wake()
        self._on_fed()

    def wake(self) -> None:
        """A stop that waits for something looks again."""
        self._fed.set()

    async def settle(self, all_told: Callable[[], bool], seconds: float) -> None:
        """Wait ``seconds`` for what pages have yet to say, then for calls that are open, then for files."""

        async def over(is_over: Callable[[], bool], seconds: float) -> None:
            deadline = time.monotonic() + seconds
            while not is_over() and (left := deadline - time.monotonic()) > 0:
                self._fed.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._fed.wait(), left)

        await over(all_told, seconds)
        await over(lambda: not self.fold.open, GRACE_SECONDS)
        await self.finish_fetches()

    async def finish_fetches(self) -> None:
        """Wait for files that are being fetched, and end what takes too long."""
        deadline = time.monotonic() + WANTS_SECONDS
        while self._fetches and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(list(self._fetches), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        unfinished = self.cancel_fetches()
        if unfinished:
            await asyncio.wait(unfinished)

    def cancel_fetches(self) -> list[asyncio.Task[None]]:
        """End what is being fetched."""
        unfinished = list(self._fetches)
        for task in unfinished:
            task.cancel()
        return unfinished

    def settled_fold(self) -> Fold:
        """The fold, or a new one of the journal where what was said in clear turned out to be a secret."""
        if not self.has_findable:
            return self.fold
        told, is_other = settled(journals.read(self.journal.path).events)
        if not is_other:
            return self.fold
        fold = self._new_fold()
        for event in told:
            fold.feed(event)
        return fold

    def want(self, cookie: str) -> None:
        """Fetch what the fold wants, with this ``Cookie`` header."""
        for want in self.fold.wants():
            task = asyncio.get_running_loop().create_task(self._fetch(want, cookie))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

    async def _fetch(self, want: Want, cookie: str) -> None:
        about: dict[str, Any] = {}
        try:
            about = await self._read(want, cookie, about)
        except RecorderError as error:
            about["error"] = str(error)
        except asyncio.CancelledError:
            about["error"] = (
                f"{want.url} was not read: it took longer than {WANTS_SECONDS:.0f} s after the stop."
            )
        except OSError as error:
            about["error"] = f"{want.url} was not kept: {error.strerror or type(error).__name__}."
        self.own(Fetched(page="", seq=0, at=_now(), url=want.url, **about))
        self.want(cookie)

    async def _read(self, want: Want, cookie: str, about: dict[str, Any]) -> dict[str, Any]:
        """What the ``Fetched`` event says; what is known of the answer is put into ``about`` as it comes."""
        folder, limit = session.files_folder(self.path), self._reads.limit
        if want.content is not None:
            return await asyncio.to_thread(keep_content, want, want.content, folder, limit)
        if origin_of(want.url) not in self.origins:
            raise RecorderError(f"{want.url} was not read: it is not of the app that is recorded")
        async with self._fetching, self._reads.fetch(want.url, cookie) as answer:
            about.update(status=answer.status, type=answer.type)
            if not 200 <= answer.status < 300:
                raise RecorderError(f"{want.url} answered {answer.status}")
            if want.keep == "text":
                return {**about, **await read_text(answer, want.url)}
            return {**about, **await read_file(answer, want, folder, limit)}


def _now() -> float:
    return time.time() * 1000

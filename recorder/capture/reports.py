"""What pages are asked to report, because the shell saw it pass and they must say it as their own: script files,
downloads, events of streams. Pure: what is said to which page is returned, and not said here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from recorder.events import Loaded, Streamed

STREAMED = 500
STREAMED_SECONDS = 10.0
"""How many events of streams, and for how long, are kept for a page that has not connected yet."""


class Reporter(Protocol):
    """A page that may report. ``asked`` is what it was asked for."""

    origin: str
    greeted: bool
    takes_scripts: bool
    heard_at: float
    asked: set[str]

    @property
    def page(self) -> str: ...


AnyReporter = TypeVar("AnyReporter", bound=Reporter)


class Reports:
    """Script files and downloads of one recording that no page has reported yet."""

    def __init__(self) -> None:
        self._missing: dict[str, tuple[Loaded, str]] = {}

    def expect(self, loaded: Loaded, origin: str) -> None:
        """A page of this origin is to report it."""
        self._missing[loaded.id] = loaded, origin

    def told(self, id: str) -> None:
        """A page has reported it."""
        self._missing.pop(id, None)

    def allot(self, reporters: Iterable[AnyReporter]) -> Iterator[tuple[AnyReporter, Loaded]]:
        """What is now to be asked of which page: of the same origin, and the one that spoke last."""
        pages = list(reporters)
        for id, (loaded, origin) in list(self._missing.items()):
            is_download = loaded.how == "download"
            able = [p for p in pages if p.greeted and p.origin == origin and (p.takes_scripts or is_download)]
            if able and not any(id in page.asked for page in able):
                latest = max(able, key=lambda page: page.heard_at)
                latest.asked.add(id)
                if is_download:
                    # Only the page that it belongs to knows what to make of it.
                    del self._missing[id]
                yield latest, loaded


class Streams:
    """The latest events of streams: each is told once to every page of its origin, also to one that connects later."""

    def __init__(self) -> None:
        self._latest: deque[tuple[float, Streamed, str, set[str]]] = deque()
        """When each came, its origin, and the pages that were told."""

    def add(
        self, streamed: Streamed, origin: str, now: float, reporters: Iterable[AnyReporter]
    ) -> list[AnyReporter]:
        """An event came; the pages to tell."""
        while self._latest and (self._latest[0][0] < now - STREAMED_SECONDS or len(self._latest) > STREAMED):
            self._latest.popleft()
        pages = [page for page in reporters if page.greeted and page.origin == origin]
        self._latest.append((now, streamed, origin, {page.page for page in pages}))
        return pages

    def missed_by(self, reporter: Reporter, now: float) -> list[Streamed]:
        """The events that came since a page, which has just connected, began to load."""
        missed = []
        for at, streamed, origin, told in self._latest:
            is_recent = at > now - STREAMED_SECONDS
            if is_recent and origin == reporter.origin and reporter.page not in told:
                told.add(reporter.page)
                missed.append(streamed)
        return missed

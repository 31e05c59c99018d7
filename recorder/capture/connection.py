"""One document's line to the collector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from recorder.capture.access import Keys
from recorder.capture.beside import OpenPanel, Panel, Recorded
from recorder.capture.documents import Sources
from recorder.capture.ingest import (
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
)
from recorder.capture.recording import Recording
from recorder.events import Ack, FromPanel, State, ToPage

UNHEARD = (
    "API Recorder cannot tell that a person pressed this. Open the app anew in a tab of its own (if it has a service "
    "worker, reload it there with Shift) and press again."
)


class Collecting(Recorded, Protocol):
    """What a connection needs of the collector."""

    token: str
    keys: Keys | None
    viewers: set[str] | None
    sources: Sources
    open_panel: OpenPanel | None

    @property
    def state(self) -> State: ...

    @property
    def recording(self) -> Recording | None: ...

    def press(self, on: bool) -> None: ...

    def wake(self) -> None: ...

    def ask_to_report(self) -> None: ...

    def greeted(self, connection: Connection) -> None: ...

    def gone(self, connection: Connection) -> None: ...


class Connection:
    """One document's line to the collector. Made by :meth:`recorder.capture.collector.Collector.connect`, ended by
    :meth:`close`."""

    def __init__(
        self,
        collector: Collecting,
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
        recording = collector.recording
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        seen = [outcome for outcome in outcomes if isinstance(outcome, Seen)]
        if recording is not None and (accepted or seen):
            recording.joined(self.origin, self.cookie)
            durable = recording.accept(accepted, self.cookie)
            durable.add_done_callback(lambda future: self._acknowledge(future, seen))
        for outcome in outcomes:
            if isinstance(outcome, Greeted):
                self.greeted = True
                self.say(collector.state)
                collector.greeted(self)
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
        self._collector.gone(self)

    def _progress(self) -> Progress | None:
        recording = self._collector.recording
        return recording.progress if recording and not recording.stopped else None

    def _acknowledge(self, durable: asyncio.Future[None], seen: list[Seen]) -> None:
        if durable.cancelled():
            return
        for each in seen:
            self._send(Ack(page=each.page, seq=each.seq))

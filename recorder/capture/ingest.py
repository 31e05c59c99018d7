"""What a page may say to the collector, as a pure object: frames in, outcomes out; no sockets, no clock of its own.

The shells (WebSocket, ASGI, browser binding) feed each frame to :meth:`Ingest.receive` and act on the outcomes.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Callable, Iterator

import msgspec

from recorder import events
from recorder.events import (
    AnyEvent,
    Cookies,
    Edited,
    Fetched,
    FromPanel,
    Hello,
    Lost,
    Mark,
    Refused,
    Sought,
    Toggle,
    Told,
    Wait,
)

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of one frame."""
MAX_PAGES = 10_000
"""Documents in one recording; each costs one entry of the table that recognises resends."""

_PAGE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_SEQ = 2**53


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one connection is listened to: messages a second, sustained, and how many at once. Who has more to say
    waits."""

    rate: float = 20_000.0
    burst: int = 200_000


ORDINARY = Limits()


class Accepted(msgspec.Struct, frozen=True):
    """A new event, and the line to journal for it."""

    event: AnyEvent
    line: bytes


class Seen(msgspec.Struct, frozen=True):
    """Everything of ``page`` up to ``seq`` was accepted, in this frame or before: acknowledge it once it is durable."""

    page: str
    seq: int


class Pressed(msgspec.Struct, frozen=True):
    """The person pressed the toggle."""

    on: bool


class Greeted(msgspec.Struct, frozen=True):
    """The page said Hello with the right token: tell it the state."""

    page: str


class Waiting(msgspec.Struct, frozen=True):
    """The page asks to be answered when there is something to say."""


class HasTold(msgspec.Struct, frozen=True):
    """The page was asked for what it had not said yet, and has said it."""


class Unheard(msgspec.Struct, frozen=True):
    """The page asked for something that only a person may ask for, and nothing says that a person does."""


class Refusal(msgspec.Struct, frozen=True):
    """Send ``message`` and close: nothing more is taken from this connection."""

    message: Refused


class Asked(msgspec.Struct, frozen=True):
    """The panel on the page asks for something."""

    message: FromPanel


class Seeking(msgspec.Struct, frozen=True):
    """The page asks for the document that it is."""

    key: str


Outcome = Accepted | Seen | Pressed | Greeted | Waiting | HasTold | Asked | Seeking | Unheard | Refusal


class Progress:
    """How far each page got, shared by all connections of one recording, so that a resend is recognised."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._latest)

    def latest(self, page: str) -> int | None:
        """The highest ``seq`` accepted of ``page``, None if there was none."""
        return self._latest.get(page)

    def advance(self, page: str, seq: int) -> None:
        """``seq`` of ``page`` was accepted."""
        self._latest[page] = seq


class Ingest:
    """One connection's side of the conversation.

    Args:
        token: the run's secret; a page proves that it was served by us by saying it.
        progress: asked at each frame for the table of the recording that is on, None while there is none
            (events are then ignored and not acknowledged).
        clock: seconds, monotonic.
        knows: whether a key is one that the recorder's own script was given; None where none is wanted.
    """

    def __init__(
        self,
        token: str,
        progress: Callable[[], Progress | None],
        clock: Callable[[], float],
        limits: Limits = ORDINARY,
        knows: Callable[[str], bool] | None = None,
    ) -> None:
        self._token = token.encode()
        self._progress = progress
        self._clock = clock
        self._limits = limits
        self._knows = knows
        self._has_control = True
        self._allowance = float(limits.burst)
        self._filled_at = clock()
        self.page = ""
        """The page that said Hello, empty before."""
        self.closed = False

    def receive(self, frame: bytes | str, control: bool = True) -> list[Outcome]:
        """The outcomes of one frame, in order. After a :class:`Refusal` everything is ignored. Without ``control``, so
        is what only a person may ask for."""
        self._has_control = control
        outcomes: list[Outcome] = []
        seen: dict[str, int] = {}
        refusal: list[Outcome] = []
        if self.closed:
            return outcomes
        for outcome in self._frame(frame):
            if isinstance(outcome, Seen):
                seen[outcome.page] = outcome.seq
            elif isinstance(outcome, Refusal):
                self.closed = True
                refusal.append(outcome)
                break
            else:
                outcomes.append(outcome)
        # What came before a bad line is kept and acknowledged all the same.
        return [*outcomes, *(Seen(page, seq) for page, seq in seen.items()), *refusal]

    def _frame(self, frame: bytes | str) -> Iterator[Outcome]:
        if len(frame) > MAX_FRAME:
            yield _refuse(f"the frame has more than {MAX_FRAME // 2**20} MB")
            return
        separator: bytes | str = b"\n" if isinstance(frame, bytes) else "\n"
        for line in frame.split(separator):  # type: ignore[arg-type]
            if not line or line.isspace():
                continue
            self._allowance -= 1
            try:
                message = events.parse(line)
            except (ValueError, RecursionError, msgspec.MsgspecError) as error:
                yield _refuse(f"a line is not an event: {_short(error)}")
                return
            yield from self._message(message)

    def _message(self, message: object) -> Iterator[Outcome]:
        if isinstance(message, Hello):
            yield self._hello(message)
        elif not self.page:
            yield _refuse("the first frame must be a hello with the token of this run; reload the page")
        elif isinstance(message, Toggle | FromPanel) and not self._may(message):
            # A script of the page may speak on the same line as ours, and must not cut it off.
            yield Unheard()
        elif isinstance(message, Toggle):
            yield Pressed(message.on)
        elif isinstance(message, Wait):
            yield Waiting()
        elif isinstance(message, Told):
            yield HasTold()
        elif isinstance(message, Sought):
            yield Seeking(message.key)
        elif isinstance(message, FromPanel):
            yield Asked(message)
        elif isinstance(message, events.Event):
            yield from self._event(message)  # type: ignore[arg-type]
        else:
            yield _refuse("a line is of no kind that a page may send")

    def _may(self, message: Toggle | FromPanel) -> bool:
        return self._has_control and (self._knows is None or self._knows(message.key))

    def _hello(self, hello: Hello) -> Outcome:
        if self.page:
            return _refuse("the page said hello twice")
        if not hmac.compare_digest(hello.token.encode("utf-8", "surrogatepass"), self._token):
            return _refuse("the token is not the one of this run; reload the page")
        if hello.v != events.PROTOCOL:
            return _refuse(
                f"the page speaks version {hello.v}, the recorder {events.PROTOCOL}; reload the page"
            )
        if not _PAGE.fullmatch(hello.page):
            return _refuse("the page's id is not 1 to 64 letters, digits, - or _")
        self.page = hello.page
        return Greeted(hello.page)

    def _event(self, event: AnyEvent) -> Iterator[Outcome]:
        if isinstance(event, Cookies | Fetched | Mark | Edited):
            yield _refuse(
                "only the recorder itself may say that it fetched, started, stopped, edited or saw cookies"
            )
            return
        if not _PAGE.fullmatch(event.page):
            yield _refuse("an event's page is not 1 to 64 letters, digits, - or _")
            return
        if not 1 <= event.seq <= _MAX_SEQ or not math.isfinite(event.at):
            yield _refuse("an event's number or time is out of range")
            return
        progress = self._progress()
        if progress is None:
            return
        latest = progress.latest(event.page)
        if latest is None and len(progress) >= MAX_PAGES:
            yield _refuse(f"more than {MAX_PAGES} pages took part in this recording")
            return
        if latest is not None and event.seq <= latest:
            yield Seen(event.page, latest)
            return
        line = encode(event)
        if latest is not None and event.seq > latest + 1:
            missing = event.seq - latest - 1
            why = "they never arrived from the page"
            lost = Lost(page=event.page, seq=latest + 1, at=event.at, count=missing, why=why)
            yield Accepted(lost, encode(lost))
        progress.advance(event.page, event.seq)
        yield Accepted(event, line)
        yield Seen(event.page, event.seq)

    @property
    def pause(self) -> float:
        """Seconds for which the page is not to be listened to, because it has said so much."""
        now = self._clock()
        earned = (now - self._filled_at) * self._limits.rate
        self._allowance = min(self._limits.burst, self._allowance + earned)
        self._filled_at = now
        return max(0.0, -self._allowance / self._limits.rate)


def encode(event: AnyEvent) -> bytes:
    """One journal line without its newline: what was checked is what is written, never the page's own bytes."""
    try:
        return msgspec.json.encode(event)
    except (UnicodeEncodeError, OverflowError, ValueError):
        return events.dump(event).encode()


def _refuse(why: str) -> Refusal:
    return Refusal(Refused(why=f"API Recorder does not listen to this page: {why}."))


def _short(error: BaseException) -> str:
    text = str(error).encode("ascii", "backslashreplace").decode()
    return text[:200]

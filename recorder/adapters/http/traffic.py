"""What went between pages and servers, put together from events: one exchange a request, one a WebSocket."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import msgspec

from recorder.events import (
    Act,
    AnyEvent,
    Body,
    Chunk,
    Cookies,
    Done,
    Fetched,
    Lost,
    Made,
    Mark,
    PageOpened,
    Request,
    Response,
    Secret,
    SocketClosed,
    SocketMessage,
    SocketOpened,
    Typed,
)

Pairs = tuple[tuple[str, str], ...]


class Said(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """One WebSocket message: its text, None where it was bytes. ``act`` is what the person did to have it sent."""

    text: str | None
    sent: bool
    at: float
    before: bool
    act: Act | None = None


class Exchange(msgspec.Struct, kw_only=True, eq=False):
    """A request and its response, or a WebSocket and its messages (``method`` is ``WS``). ``order`` is when it began,
    ``ended`` when it was over, both by the journal; ``at`` and ``end_at`` are in ms."""

    page: str
    id: str
    method: str
    url: str
    how: str
    headers: Pairs
    body: Body
    at: float
    order: int
    before: bool
    act: Act | None = None
    cause: Exchange | None = None
    """The exchange whose answer set this one going, as far as that was seen when it began."""
    followed: Exchange | None = None
    """The same, as far as it is known now."""
    status: int = 0
    answer_headers: Pairs = ()
    answer_url: str = ""
    answer: Body = Body()
    chunks: list[str] = msgspec.field(default_factory=list)
    """What was streamed; empty where that is more than can be kept."""
    chunk_at: list[float] = msgspec.field(default_factory=list)
    """When each of these arrived."""
    cookies_sent: Pairs = ()
    cookies_set: Pairs = ()
    """The cookies of the request and of the response, each with a digest of its value."""
    has_cookies: bool = False
    """Whether somebody saw its cookies."""
    yields: int = 0
    streamed: int = 0
    """How many chunks came, and of how many characters."""
    first_at: float | None = None
    ended: int | None = None
    end_at: float | None = None
    error: str | None = None
    aborted: bool = False
    document: Exchange | None = None
    """The document that answered a form."""
    until: tuple[str | int, ...] | None = None
    """Where in the answer it says that there is no need to ask again."""
    messages: list[Said] = msgspec.field(default_factory=list)
    changed: int = 0
    """When something was last told of it, by the journal; not so of messages."""
    awaited: bool = False
    """A message that came over this WebSocket set a request going."""

    @property
    def spoken(self) -> Said | None:
        """The first message that a person's act sent while it was recorded."""
        return next((m for m in self.messages if m.sent and m.act is not None and not m.before), None)

    @property
    def open(self) -> bool:
        """Whether more is to come."""
        return self.ended is None

    @property
    def is_cut(self) -> bool:
        """Whether more was streamed than can be kept."""
        return self.streamed + self.yields * CHUNK_COST > STREAM_LIMIT

    def stream(self, text: str, at: float) -> None:
        """Another chunk came."""
        self.yields += 1
        self.streamed += len(text)
        if self.is_cut:
            self.chunks.clear()
            self.chunk_at.clear()
        else:
            self.chunks.append(text)
            self.chunk_at.append(at)

    def header(self, name: str) -> str:
        """A header of the response, empty where there is none."""
        return next((v for n, v in self.answer_headers if n.lower() == name), "")

    def sent_header(self, name: str) -> str:
        """A header of the request."""
        return next((v for n, v in self.headers if n.lower() == name), "")


STREAM_LIMIT = 128 * 1024 * 1024
"""Bytes of memory that one stream may take, and those that a chunk takes beside its text."""
CHUNK_COST = 64
COOKIES_MS = 5_000.0
"""How far the moments may be apart at which page and proxy saw one request begin."""
CHAIN_MS = 300.0
"""How soon after an answer a request of the same page counts as made because of it."""


class Traffic:
    """Feed events in the order of the journal; read ``exchanges`` by their start."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.pages: dict[str, PageOpened] = {}
        self.secrets: dict[str, Secret] = {}
        self.fetched: dict[str, Fetched] = {}
        self.lost: list[Lost] = []
        self.acts: list[Act] = []
        self.typed: list[Typed] = []
        self.made: list[Made] = []
        self.surroundings = 0
        """When something was last told that may concern any exchange: a page, or what was read from the app."""
        self.start: Mark | None = None
        self.stop: Mark | None = None
        self._order = 0
        self._by_id: dict[tuple[str, str], Exchange] = {}
        self._acts: dict[tuple[str, str], Act] = {}
        self._sockets: list[Exchange] = []
        self._waiting_cookies: list[Cookies] = []

    @property
    def count(self) -> int:
        """How many events there were."""
        return self._order

    def feed(self, event: AnyEvent) -> None:
        """Take one event."""
        self._order += 1
        match event:
            case Request():
                self._request(event)
            case Response():
                if (found := self._by_id.get((event.page, event.id))) is not None:
                    found.status = event.status
                    found.answer_headers = event.headers
                    found.answer_url = event.url
                    found.first_at = event.at
                    found.changed = self._order
            case Chunk():
                if (found := self._by_id.get((event.page, event.id))) is not None:
                    found.stream(event.text, event.at)
                    found.changed = self._order
            case Done():
                if (found := self._by_id.get((event.page, event.id))) is not None and found.open:
                    found.answer = event.body
                    found.error = event.error
                    found.aborted = event.aborted
                    self._end(found, event.at)
            case SocketOpened():
                opened = Exchange(
                    page=event.page, id=event.id, method="WS", url=event.url, how="socket", headers=(), body=Body(),
                    at=event.at, order=self._order, before=event.before, act=self._act(event.page, event.act),
                    status=101,
                )  # fmt: skip
                self._by_id[event.page, event.id] = opened
                self._sockets.append(opened)
                self.exchanges.append(opened)
            case SocketMessage():
                if (found := self._by_id.get((event.page, event.id))) is not None:
                    found.messages.append(
                        Said(
                            text=event.body.text if event.body.kind == "text" else None,
                            sent=event.sent,
                            at=event.at,
                            before=event.before,
                            act=self._act(event.page, event.act),
                        )
                    )
            case SocketClosed():
                if (found := self._by_id.get((event.page, event.id))) is not None and found.open:
                    self._end(found, event.at)
            case Act():
                self._acts[event.page, event.id] = event
                self.acts.append(event)
            case Typed():
                self.typed.append(event)
            case Made():
                self.made.append(event)
            case Cookies():
                self._cookies(event)
            case PageOpened():
                self.pages[event.page] = event
                self.surroundings = self._order
            case Secret():
                self.secrets[event.placeholder] = event
            case Fetched():
                self.fetched[event.url] = event
                self.surroundings = self._order
            case Lost():
                self.lost.append(event)
            case Mark():
                if event.what == "start":
                    self.start = event
                else:
                    self.stop = event

    def _act(self, page: str, act: str | None) -> Act | None:
        return self._acts.get((page, act)) if act else None

    def _end(self, exchange: Exchange, at: float) -> None:
        exchange.ended = exchange.changed = self._order
        exchange.end_at = at

    def _request(self, event: Request) -> None:
        made = Exchange(
            page=event.page,
            id=event.id,
            method=event.method,
            url=event.url,
            how=event.how,
            headers=event.headers,
            body=event.body,
            at=event.at,
            order=self._order,
            before=event.before,
            act=self._act(event.left or event.page, event.act),
        )
        self._by_id[event.page, event.id] = made
        form = self._by_id.get((event.left or "", event.form or ""))
        if form is not None and form.document is None:
            form.document = made
            self._end(form, event.at)
        if self._waiting_cookies:
            self._waiting_for(made)
        if made.act is None:
            made.cause = made.followed = self._cause(made)
        self.exchanges.append(made)

    def _cookies(self, event: Cookies) -> None:
        """Add the cookies of an exchange to the one of the same address that began closest to it. The proxy may report them
        before the page reports the request."""
        url = event.url.partition("#")[0]
        fitting = [
            e
            for e in self.exchanges[-200:]
            if e.method == event.method and e.url.partition("#")[0] == url and not e.has_cookies
        ]
        found = min(fitting, key=lambda e: abs(e.at - event.at), default=None)
        if found is not None and abs(found.at - event.at) <= COOKIES_MS:
            self._with_cookies(found, event)
        else:
            self._waiting_cookies = [*self._waiting_cookies[-200:], event]

    def _waiting_for(self, made: Exchange) -> None:
        """Take the cookies that were reported before this exchange."""
        url = made.url.partition("#")[0]
        fitting = [
            event
            for event in self._waiting_cookies
            if event.method == made.method
            and event.url.partition("#")[0] == url
            and abs(event.at - made.at) <= COOKIES_MS
        ]
        if fitting:
            event = min(fitting, key=lambda event: abs(event.at - made.at))
            self._waiting_cookies.remove(event)
            self._with_cookies(made, event)

    def _with_cookies(self, exchange: Exchange, event: Cookies) -> None:
        exchange.cookies_sent, exchange.cookies_set = event.sent, event.set
        exchange.has_cookies = True
        exchange.changed = self._order

    def _cause(self, made: Exchange) -> Exchange | None:
        """The latest answer of the same page that came just before, if a person's act was behind it."""
        for earlier in reversed(self.exchanges[-40:]):
            if earlier.page != made.page or earlier.end_at is None or earlier.how in ("document", "beacon"):
                continue
            if 0 <= made.at - earlier.end_at <= CHAIN_MS and (earlier.act or earlier.cause):
                return earlier
        return self._pushed(made)

    def _pushed(self, made: Exchange) -> Exchange | None:
        """What led to a message over a WebSocket that set a request going: one that names what is asked for."""
        for socket in self._sockets:
            if socket.page != made.page or not socket.open or not socket.messages:
                continue
            told = socket.messages[-1]
            if told.sent or told.text is None or not 0 <= made.at - told.at <= CHAIN_MS:
                continue
            asked = (
                unquote(word) for word in re.split(r"[/?&=]", made.url.partition("://")[2].partition("/")[2])
            )
            if not any(len(word) > 3 and re.search(r"\d", word) and word in told.text for word in asked):
                continue
            begun = (e for e in reversed(self.exchanges[-40:]) if e.page == made.page and (e.act or e.cause))
            cause = socket if socket.spoken else next(begun, None)
            if cause is not None:
                socket.awaited = True
                return cause
        return None


def parsed(text: str | None) -> tuple[bool, Any]:
    """Whether a text is JSON, and of what."""
    try:
        return True, json.loads(text or "")
    except (ValueError, RecursionError):
        return False, None

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
    Login,
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
    """When each of ``chunks`` arrived, in ms."""
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
    cookies_sent: Pairs = ()
    cookies_set: Pairs = ()
    """Cookies that went along and that the response set: names and digests of values."""
    login: Login = ""
    """The scheme of the login that the browser itself sent: ``basic`` or ``digest``."""

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
SUBPROTOCOL = "sec-websocket-protocol"
COOKIES_MS = 5000.0
"""How far the moments may be apart at which a page and a proxy saw the same request."""
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
        self.scripts: list[Exchange] = []
        """Script files that documents loaded; no calls, and not among ``exchanges``."""
        self.surroundings = 0
        """When something was last told that may concern any exchange: a page, or what was read from the app."""
        self.start: Mark | None = None
        self.stop: Mark | None = None
        self._order = 0
        self._by_id: dict[tuple[str, str], Exchange] = {}
        self._acts: dict[tuple[str, str], Act] = {}
        self._sockets: list[Exchange] = []
        self._by_address: dict[tuple[str, str, tuple[str, ...]], list[Exchange]] = {}
        self._matched: set[tuple[int, tuple[str, str, tuple[str, ...]]]] = set()
        self._unmatched: dict[tuple[str, str, tuple[str, ...]], list[Cookies]] = {}

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
                    found.first_at = event.at if found.first_at is None else found.first_at
                    found.changed = self._order
                    if event.url and event.url != found.url:
                        self._watch(found, "GET", event.url)
            case Chunk():
                if (found := self._by_id.get((event.page, event.id))) is not None:
                    found.stream(event.text, event.at)
                    found.changed = self._order
            case Done():
                found = self._by_id.get((event.page, event.id))
                if found is not None and found.open:
                    found.answer = event.body
                    found.error = event.error
                    found.aborted = event.aborted
                    self._end(found, event.at)
                elif found is not None and found.how in ("document", "reload") and event.body.kind == "text":
                    # The document as the app sent it, in place of what the page made of it.
                    found.answer = event.body
                    found.changed = self._order
            case SocketOpened():
                opened = Exchange(
                    page=event.page, id=event.id, method="WS", url=event.url, how="socket", body=Body(),
                    headers=((SUBPROTOCOL, event.protocol),) if event.protocol else (),
                    at=event.at, order=self._order, before=event.before, act=self._act(event.page, event.act),
                    status=101,
                )  # fmt: skip
                self._by_id[event.page, event.id] = opened
                self._sockets.append(opened)
                self.exchanges.append(opened)
                self._watch(opened, "GET", opened.url)
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
            case Typed():
                self.typed.append(event)
            case Made():
                self.made.append(event)
            case Cookies():
                self._match(event)
            case Act():
                self._acts[event.page, event.id] = event
                self.acts.append(event)
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
        if event.how == "script":
            self.scripts.append(made)
            return
        form = self._by_id.get((event.left or "", event.form or ""))
        if form is not None and form.document is None:
            form.document = made
            self._end(form, event.at)
        if made.act is None:
            made.cause = made.followed = self._cause(made)
        self.exchanges.append(made)
        self._watch(made, made.method, made.url)

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

    def _watch(self, exchange: Exchange, method: str, url: str) -> None:
        """``exchange`` is the page's account of a request for ``url``: cookies are matched with it."""
        address = _address_of(method, url)
        self._by_address.setdefault(address, []).append(exchange)
        waiting = self._unmatched.pop(address, [])
        for event in waiting:
            self._match(event)

    def _match(self, event: Cookies) -> None:
        """Give the exchange that ``event`` is about its cookies; it waits if no page has told of that one yet."""
        address = _address_of(event.method, event.url)
        near = [
            e
            for e in self._by_address.get(address, ())
            if abs(e.at - event.at) <= COOKIES_MS and (id(e), address) not in self._matched
        ]
        if not near:
            self._unmatched.setdefault(address, []).append(event)
            return
        found = min(near, key=lambda e: abs(e.at - event.at))
        self._matched.add((id(found), address))
        found.cookies_sent += tuple(pair for pair in event.sent if pair not in found.cookies_sent)
        found.cookies_set += event.set
        if not found.sent_header("authorization"):
            found.login = found.login or event.login
        found.changed = self._order


_SECRET = re.compile(r"\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\]|%5Brecorder-secret[^/?&#]*%5D")


def _address_of(method: str, url: str) -> tuple[str, str, tuple[str, ...]]:
    """What a page and a proxy say alike of a request: the values of its parameters, and what either took for a secret,
    are no part of it."""
    path, _, query = url.partition("?")
    names = (each.partition("=")[0] for each in query.partition("#")[0].split("&"))
    return method, _SECRET.sub("*", path.partition("#")[0]), tuple(name for name in names if name)


def parsed(text: str | None) -> tuple[bool, Any]:
    """Whether a text is JSON, and of what."""
    try:
        return True, json.loads(text or "")
    except (ValueError, RecursionError):
        return False, None

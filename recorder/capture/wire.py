"""What a proxy sees of the traffic that a page does not: cookies, script files, downloads, the login of the browser's
own dialog, and events of a stream that the page did not listen to.

A shell (proxy, ASGI middleware, browser) makes one :class:`Passing` for each exchange. Cookies leave here as keyed
digests. Texts are handed to a page, which reports them as its own, without its secrets.
"""

from __future__ import annotations

import codecs
import itertools
import re
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from recorder import cookies, sse
from recorder.address import origin_of
from recorder.capture.documents import Headers, get, is_navigation
from recorder.events import Cookies, Loaded, Login, Pairs, Streamed
from recorder.redact import Redactor

EXCHANGES = 500
"""Exchanges with cookies that are remembered from before a recording, and their characters."""
EXCHANGES_SIZE = 2 * 1024 * 1024
SCRIPT_LIMIT = 256 * 1024
"""Bytes of one script file, before and after its content encoding is undone, and of all that are remembered."""
SCRIPTS_LIMIT = 8 * 1024 * 1024
EVENT_LIMIT = 256 * 1024
"""Characters of one event of a stream."""

_SCRIPT = re.compile(rb"(?:text|application)/(?:x-)?(?:java|ecma)script\b", re.IGNORECASE)


class Witness(Protocol):
    """Takes what was seen: the collector."""

    def saw_cookies(self, event: Cookies) -> None: ...

    def saw_loaded(self, loaded: Loaded, origin: str) -> None: ...

    def saw_streamed(self, streamed: Streamed, origin: str) -> None: ...


class Wire:
    """Turns the exchanges of one run of a shell into what a witness takes."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._digests = cookies.Digests()
        self._numbers = itertools.count(1)

    def passing(self, method: str, url: str, headers: Headers, at: float | None = None) -> Passing:
        """A request begins, now or ``at`` that moment; ``url`` is as the page spells it, without a fragment."""
        return Passing(self, method, url, headers, time.time() * 1000 if at is None else at)

    def address(self, url: str) -> str:
        """``url`` with the names of its parameters only, and without what in its path is good for a login."""
        path, _, query = url.partition("?")
        names = "&".join(f"{name}=" for name in (each.partition("=")[0] for each in query.split("&")) if name)
        path = Redactor().address(path)
        return f"{path}?{names}" if names else path

    def exchanged(
        self, method: str, url: str, at: float, headers: Headers, given: Headers, login: Login = ""
    ) -> None:
        """The cookies of one exchange, which its headers name."""
        sent = self._digests.of(sent_cookies(headers))
        kept = self._digests.of(set_cookies(given))
        if sent or kept or login:
            self._witness.saw_cookies(
                Cookies(
                    page="",
                    seq=0,
                    at=at,
                    method=method,
                    url=self.address(url),
                    sent=sent,
                    set=kept,
                    login=login,
                )
            )

    def loaded(self, passing: Passing, how: str, status: int, headers: Headers, text: str = "") -> None:
        """A script file or a download, for a page to report."""
        told: Pairs = tuple(
            (name.decode("latin-1").lower(), value.decode("utf-8", "replace"))
            for name, value in headers
            if name.lower() in (b"content-type", b"content-disposition", b"content-length", b"etag")
        )
        loaded = Loaded(
            id=f"s{next(self._numbers)}", method=passing.method, url=passing.url, how=how,  # type: ignore[arg-type]
            at=passing.at, status=status, headers=told, text=text,
        )  # fmt: skip
        self._witness.saw_loaded(loaded, passing.origin)

    def streamed(self, passing: Passing, type: str, id: str, data: str, at: float | None = None) -> None:
        """An event of a stream that has a type of its own came, now or ``at`` that moment."""
        at = time.time() * 1000 if at is None else at
        streamed = Streamed(url=passing.url, began=passing.at, at=at, type=type, id=id, data=data)
        self._witness.saw_streamed(streamed, passing.origin)


class Passing:
    """One exchange as it passes: its request, :meth:`answered`, :meth:`feed` for each piece of a body, :meth:`over`."""

    def __init__(self, wire: Wire, method: str, url: str, headers: Headers, at: float) -> None:
        self.method = method
        self.url = url
        self.at = at
        self._wire = wire
        self._headers = headers
        self._status = 0
        self._given: Headers = []
        self._script: bytearray | None = None
        self._events: Events | None = None

    @property
    def origin(self) -> str:
        """Of the address that was asked."""
        return origin_of(self.url)

    @property
    def reads(self) -> bool:
        """Whether the body is of interest."""
        return self._script is not None or self._events is not None

    def upgraded(self) -> None:
        """It became a WebSocket."""
        self._wire.exchanged(self.method, self.url, self.at, self._headers, [], self._login())

    def answered(self, status: int, headers: Headers) -> None:
        """The head of the response is here."""
        self._status, self._given = status, headers
        self._wire.exchanged(self.method, self.url, self.at, self._headers, headers, self._login())
        type = get(headers, b"content-type")
        if is_navigation(self.method, self._headers):
            if get(headers, b"content-disposition").lower().startswith(b"attachment") and 200 <= status < 300:
                self._wire.loaded(self, "download", status, headers)
        elif self.method != "GET" or status != 200:
            return
        elif get(self._headers, b"sec-fetch-dest").lower() == b"script" and _SCRIPT.match(type):
            length = get(headers, b"content-length")
            if not length.isdigit() or int(length) <= SCRIPT_LIMIT:
                self._script = bytearray()
        elif (
            type.lower().startswith(b"text/event-stream")
            and get(self._headers, b"accept").lower() == b"text/event-stream"
            and get(headers, b"content-encoding").lower() in (b"", b"identity")
        ):
            self._events = Events()

    def feed(self, data: bytes) -> None:
        """A piece of the body, as it was sent."""
        if self._script is not None:
            self._script += data
            if len(self._script) > SCRIPT_LIMIT:
                self._script = None
        elif self._events is not None:
            for type, id, text in self._events.feed(data):
                self._wire.streamed(self, type, id, text)

    def over(self) -> None:
        """All of the body has passed."""
        if self._script is None:
            return
        text = _text_of(bytes(self._script), self._given)
        self._script = None
        if text:
            self._wire.loaded(self, "script", self._status, self._given, text)

    def _login(self) -> Login:
        scheme = get(self._headers, b"authorization").partition(b" ")[0].decode("latin-1").lower()
        return "basic" if scheme == "basic" else "digest" if scheme == "digest" else ""


class Events:
    """The events of a stream of server-sent events that have a type of their own: all others a page hears."""

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._stream = sse.Stream(EVENT_LIMIT)

    def feed(self, data: bytes) -> Iterable[sse.Event]:
        """The events that end in ``data``."""
        return (event for event in self._stream.feed(self._text.decode(data)) if event.type != "message")


class Ring:
    """The latest events with cookies, for a recording that begins later."""

    def __init__(self) -> None:
        self._events: deque[Cookies] = deque()
        self._size = 0

    def add(self, event: Cookies) -> None:
        """Remember ``event``, and forget the oldest where there are too many."""
        self._events.append(event)
        self._size += _size_of(event)
        while len(self._events) > EXCHANGES or self._size > EXCHANGES_SIZE:
            self._size -= _size_of(self._events.popleft())

    def __iter__(self) -> Iterator[Cookies]:
        return iter(self._events)


def _size_of(event: Cookies) -> int:
    return 100 + len(event.url) + sum(len(name) + cookies.DIGEST for name, _ in (*event.sent, *event.set))


class Scripts:
    """The latest script files, by their address, for a recording that begins later."""

    def __init__(self) -> None:
        self._loaded: dict[str, Loaded] = {}
        self._size = 0

    def add(self, loaded: Loaded) -> None:
        """Remember ``loaded`` in place of what its address gave before."""
        if (known := self._loaded.pop(loaded.url, None)) is not None:
            self._size -= len(known.text)
        self._loaded[loaded.url] = loaded
        self._size += len(loaded.text)
        while self._size > SCRIPTS_LIMIT:
            oldest = next(iter(self._loaded))
            self._size -= len(self._loaded.pop(oldest).text)

    def all(self) -> list[Loaded]:
        """In the order in which they were loaded."""
        return list(self._loaded.values())


def sent_cookies(headers: Headers) -> list[tuple[str, str]]:
    """Names and values of the ``Cookie`` headers."""
    given = [value.decode("utf-8", "replace") for name, value in headers if name.lower() == b"cookie"]
    return [pair for value in given for pair in cookies.sent(value)]


def set_cookies(headers: Headers) -> list[tuple[str, str]]:
    """Names and values of the ``Set-Cookie`` headers."""
    given = [value.decode("utf-8", "replace") for name, value in headers if name.lower() == b"set-cookie"]
    return [cookies.set_by(value) for value in given]


def _text_of(content: bytes, headers: Headers) -> str:
    """The text of a script file; empty where it is too large or cannot be read."""
    encoding = get(headers, b"content-encoding").lower()
    if encoding in (b"gzip", b"x-gzip", b"deflate"):
        bits = zlib.MAX_WBITS if encoding == b"deflate" else 16 + zlib.MAX_WBITS
        try:
            content = zlib.decompressobj(bits).decompress(content, SCRIPT_LIMIT + 1)
        except zlib.error:
            return ""
    elif encoding not in (b"", b"identity"):
        return ""
    if len(content) > SCRIPT_LIMIT:
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""

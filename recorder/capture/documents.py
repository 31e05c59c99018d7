"""Which responses are documents and workers that take our script, and what becomes of their headers and bytes.

Shared by the proxy and the ASGI middleware. Headers are raw pairs of bytes, in order, duplicates kept: whatever is not
a document passes as it is.
"""

from __future__ import annotations

import functools
import re
import secrets
import zlib
from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from recorder.capture import inject
from recorder.config import Secrets
from recorder.events import Source

Headers = list[tuple[bytes, bytes]]
Kind = Literal["document", "worker", "service worker", ""]

_DESTINATIONS = frozenset((b"document", b"iframe", b"frame", b"embed", b"object"))
_CONDITIONS = frozenset((b"if-none-match", b"if-modified-since", b"if-range", b"range"))
_ENCODINGS = (b"gzip", b"deflate")
_STALE = frozenset(
    b"content-length content-encoding transfer-encoding etag last-modified cache-control expires pragma accept-ranges "
    b"content-md5 digest content-digest repr-digest".split()
)
_SCRIPTS = frozenset(
    (b"text/javascript", b"application/javascript", b"application/x-javascript", b"text/ecmascript")
)
_UNTOLD = frozenset(
    b"set-cookie set-cookie2 connection keep-alive transfer-encoding content-encoding content-length date server "
    b"content-security-policy content-security-policy-report-only".split()
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
SOURCE_LIMIT = 2 * 1024 * 1024
"""Bytes of one document that is kept until its page asks for it; so many, and of so many characters together."""
SOURCES = 32
SOURCES_LIMIT = 16 * 1024 * 1024
_POLICIES = frozenset((b"content-security-policy", b"content-security-policy-report-only"))


def get(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of the first header ``name`` (lower case), empty if there is none."""
    return next((value.strip() for key, value in headers if key.lower() == name), b"")


def is_navigation(method: str, headers: Headers) -> bool:
    """Whether the answer to this request would be shown as a document; a page's own ``fetch`` of HTML is not."""
    destination = get(headers, b"sec-fetch-dest").lower()
    # A service worker that passes a navigation on leaves it its mode, and no destination.
    if destination == b"empty" and get(headers, b"sec-fetch-mode").lower() == b"navigate":
        destination = b"document"
    if destination:
        return destination in _DESTINATIONS and method != "HEAD"
    return method == "GET" and b"text/html" in get(headers, b"accept").lower()


def kind_of(method: str, headers: Headers) -> Kind:
    """What the answer to this request would be that takes a script of ours: ``document``, ``worker`` for the script of
    a worker that a page makes for itself, ``service worker``, or nothing. What a service worker does for a page is seen
    in the page."""
    if is_navigation(method, headers):
        return "document"
    destination = get(headers, b"sec-fetch-dest").lower() if method == "GET" else b""
    if destination == b"worker":
        return "worker"
    return "service worker" if destination == b"serviceworker" else ""


def ask_for_whole(headers: Headers) -> Headers:
    """The headers of a request for what takes our script, changed so that the answer is whole and in an encoding that
    can be undone in passing."""
    asked = []
    for name, value in headers:
        key = name.lower()
        if key == b"accept-encoding":
            offered = {token.split(b";")[0].strip().lower() for token in value.split(b",")}
            asked.append((name, b", ".join(e for e in _ENCODINGS if e in offered) or b"identity"))
        elif key not in _CONDITIONS:
            asked.append((name, value))
    return asked


class Document:
    """A document or worker on its way: ``headers`` to send in place of the app's, its bytes through :meth:`feed`."""

    def __init__(
        self,
        headers: Headers,
        decoder: Decoder,
        injector: Injector,
        keep: Callable[[bytes], None] | None = None,
    ) -> None:
        self.headers = headers
        self._decoder = decoder
        self._injector = injector
        self._keep = keep
        self._read = bytearray()

    def feed(self, data: bytes) -> bytes:
        """What to send for ``data``; as early as it can be."""
        return self._injector.feed(self._kept(self._decoder.decode(data)))

    def finish(self) -> bytes:
        """What is left to send at the end."""
        rest = self._injector.feed(self._kept(self._decoder.flush())) + self._injector.finish()
        if self._keep is not None:
            self._keep(bytes(self._read))
        return rest

    def _kept(self, data: bytes) -> bytes:
        if self._keep is not None:
            self._read += data
            if len(self._read) > SOURCE_LIMIT:
                self._keep, self._read = None, bytearray()
        return data


class Sources:
    """Documents as the app sent them, each until its page asks for it by its key."""

    def __init__(self) -> None:
        self._found: dict[str, Source] = {}
        self._size = 0

    def add(self, key: str, headers: Headers, content: bytes) -> None:
        """Keep a document; the oldest go where there are too many."""
        told = tuple(
            (name.decode("latin-1").lower(), value.decode("utf-8", "replace"))
            for name, value in headers
            if name.lower() not in _UNTOLD
        )
        self._found[key] = Source(text=_text_of(content, get(headers, b"content-type")), headers=told)
        self._size += len(self._found[key].text)
        while len(self._found) > SOURCES or self._size > SOURCES_LIMIT:
            self.take(next(iter(self._found)))

    def take(self, key: str) -> Source | None:
        """The document with that key, which is then forgotten."""
        found = self._found.pop(key, None)
        self._size -= len(found.text) if found is not None else 0
        return found


def _text_of(content: bytes, type: bytes) -> str:
    """The text of a document. Source: HTML, Determining the character encoding, as far as documents go by it."""
    if content.startswith(b"\xef\xbb\xbf"):
        return content[3:].decode("utf-8", "replace")
    named = _CHARSET.search(type) or _CHARSET.search(content[:1024])
    for charset in (named[1].decode("latin-1") if named else "utf-8", "utf-8"):
        try:
            return content.decode("cp1252" if charset.lower() in ("latin1", "iso-8859-1") else charset)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def with_script(
    kind: Kind,
    status: int,
    headers: Headers,
    token: str,
    prefix: str = "",
    hidden: Secrets = inject.NO_SECRETS,
    sources: Sources | None = None,
    ticket: str = "",
) -> Document | None:
    """What takes our script, None if the answer to a request for ``kind`` is to pass as it came. ``prefix``,
    ``hidden`` and ``ticket`` are as in :func:`inject.script_tag`; ``sources`` keeps documents for their pages."""
    if kind == "document":
        return document(status, headers, token, prefix, hidden, sources, ticket)
    if kind == "worker":
        return worker(status, headers, inject.worker_script())
    return worker(status, headers, inject.guard_script(prefix)) if kind == "service worker" else None


def document(
    status: int,
    headers: Headers,
    token: str,
    prefix: str = "",
    hidden: Secrets = inject.NO_SECRETS,
    sources: Sources | None = None,
    ticket: str = "",
) -> Document | None:
    """The document that this answer to a navigation is; None if it is to pass as it came: not HTML, a download, a part
    of a file, or in an encoding that cannot be undone in passing. The rest is as in :func:`with_script`."""
    kind, _, parameters = get(headers, b"content-type").lower().partition(b";")
    if kind.strip() != b"text/html" or b"utf-16" in parameters or b"utf-32" in parameters:
        return None
    if status < 200 or status in (204, 205, 206, 304):
        return None
    if get(headers, b"content-disposition").lower().startswith(b"attachment"):
        return None
    decoder = decoder_for(get(headers, b"content-encoding").lower())
    if decoder is None:
        return None
    nonce = secrets.token_urlsafe(16)
    changed: Headers = []
    for name, value in headers:
        key = name.lower()
        if key in _POLICIES:
            changed.append((name, inject.amend_csp(value.decode("latin-1"), nonce).encode("latin-1")))
        elif key not in _STALE:
            changed.append((name, value))
    # The tag holds this run's token: no cache may bring it back in another run.
    changed.append((b"Cache-Control", b"no-store"))
    asked_by = secrets.token_urlsafe(9) if sources is not None else ""
    injector = inject.HtmlInjector(inject.script_tag(token, nonce, prefix, hidden, asked_by, ticket))
    return Document(
        changed,
        decoder,
        injector,
        functools.partial(sources.add, asked_by, headers) if sources is not None else None,
    )


def worker(status: int, headers: Headers, script: str) -> Document | None:
    """The worker that this answer is the script of, with ``script`` before it; None if it is to pass as it came."""
    kind, _, parameters = get(headers, b"content-type").lower().partition(b";")
    if kind.strip() not in _SCRIPTS or b"utf-16" in parameters or status != 200:
        return None
    decoder = decoder_for(get(headers, b"content-encoding").lower())
    if decoder is None:
        return None
    # Outside a recorded page nobody would listen to the script: no cache may keep it.
    kept = [(name, value) for name, value in headers if name.lower() not in _STALE]
    return Document([*kept, (b"Cache-Control", b"no-store")], decoder, inject.WorkerInjector(script))


class Injector(Protocol):
    """Puts our script into what passes."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Decoder(Protocol):
    """Undoes a content encoding piece by piece."""

    def decode(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


class _Identity:
    def decode(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class _Zlib:
    """gzip (also of several members) and deflate (with or without its zlib header)."""

    def __init__(self, encoding: bytes) -> None:
        self._bits = 16 + zlib.MAX_WBITS if encoding != b"deflate" else zlib.MAX_WBITS
        self._object = zlib.decompressobj(self._bits)
        self._begun = False

    def decode(self, data: bytes) -> bytes:
        if data and not self._begun:
            self._begun = True
            if self._bits == zlib.MAX_WBITS and (data[0] & 15 != 8):
                self._object = zlib.decompressobj(-zlib.MAX_WBITS)
        decoded = b""
        while data:
            if self._object.eof:
                if self._bits == zlib.MAX_WBITS or not data.startswith(b"\x1f"):
                    break
                self._object = zlib.decompressobj(self._bits)
            decoded += self._object.decompress(data)
            data = self._object.unused_data
        return decoded

    def flush(self) -> bytes:
        return self._object.flush()


def decoder_for(encoding: bytes) -> Decoder | None:
    """A decoder for a ``Content-Encoding``, None for one that is not known here."""
    if encoding in (b"", b"identity"):
        return _Identity()
    if encoding in (b"gzip", b"x-gzip", b"deflate"):
        return _Zlib(encoding)
    return None

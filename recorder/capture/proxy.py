"""``recorder proxy``: the app at an address of ours, byte for byte, with the toggle in its documents.

Bodies stream both ways. Only documents are touched (see :mod:`recorder.capture.documents`); ``/_recorder/`` is ours.
WebSockets are piped as bytes, the recorder's own channel to the collector's server among them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import html
import logging
import os
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from recorder.address import is_address, is_loopback, origin_of, parts_of
from recorder.capture import inject
from recorder.capture.access import (
    NO_ACCESS,
    OPEN,
    READABLE,
    Access,
    Keys,
    asks_ahead,
    is_script_of_a_page,
    is_top_level,
)
from recorder.capture.beside import PASSES, Passing, Site, Visit, answer, refusal_of
from recorder.capture.channel import refuses
from recorder.capture.channel import serve as serve_channel
from recorder.capture.collector import Collector
from recorder.capture.documents import Document, Headers, Kind, ask_for_whole, get, kind_of, with_script
from recorder.capture.fetch import Address, described_by, fetch_with, request_target
from recorder.capture.kept import FILE_LIMIT
from recorder.capture.names import Names
from recorder.capture.signals import interruption
from recorder.capture.wire import Passing as Seen
from recorder.errors import RecorderError, UsageError
from recorder.events import State

_log = logging.getLogger("recorder.proxy")
# What a client says wrongly is answered with a 400; only a fault of ours is worth a traceback.
_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))

OURS = "/_recorder/"
CHANNEL = OURS + "channel"
SCRIPT = OURS + "recorder.js"

_HEADER_LIMIT = 64 * 1024
_PIPE_LIMIT = 1024 * 1024
"""Bytes that may wait in one direction of an upgraded connection before its sender is paused."""
_CONNECT_SECONDS = 30.0

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)


class Upstream(msgspec.Struct, frozen=True):
    """The app behind the proxy: ``origin`` as browsers write it, ``path`` what the person's URL had after it."""

    origin: str
    scheme: str
    host: str
    port: int
    path: str
    login: str = ""

    @property
    def netloc(self) -> str:
        """``host[:port]`` for a ``Host`` header."""
        return self.origin.partition("://")[2]

    @property
    def is_loopback(self) -> bool:
        """Whether the app is on this machine, so that it may be told the address that the browser used."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """The address that is recorded, without a login."""
        return self.origin + self.path


def upstream_of(url: str) -> Upstream:
    """What ``url`` says.

    Raises:
        UsageError: it is not an http(s) address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    host = parts.hostname or ""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    origin = origin_of(bare)
    if not origin or not host:
        raise UsageError(
            f"{re.sub('//[^/@]*@', '//…@', url)!r} is not the address of a web app",
            "Give one that begins with http:// or https://",
        )
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    login = ""
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = "Basic " + base64.b64encode(login.encode()).decode()
    return Upstream(origin, parts.scheme, host, port, path, login)


class Hosts:
    """Under which ``Host`` headers the proxy answers: a page of another site cannot make a browser send these,
    whatever its own name resolves to.

    Args:
        host: what the proxy is bound to.
        allowed: more names, each with or without a port.
    """

    def __init__(self, host: str, allowed: Iterable[str] = ()) -> None:
        self._given = {name.lower() for name in allowed}
        self._is_wildcard = host in ("", "0.0.0.0", "::")
        self._names = {"127.0.0.1", "localhost", "[::1]"} | {
            _bracketed(n) for n in self._given if not _has_port(n)
        }
        if not self._is_wildcard:
            self._names.add(_bracketed(host.lower()))
        self.port = 0
        """Known once the proxy is bound."""

    def allows(self, host: str) -> bool:
        """Whether a request with this ``Host`` (lower case) is for us."""
        if host in self._given:
            return True
        name, _, port = host.rpartition(":") if _has_port(host) else (host, "", "80")
        if port != str(self.port):
            return False
        # An address cannot be made to resolve to something else.
        return name in self._names or (self._is_wildcard and is_address(name))


def _has_port(host: str) -> bool:
    return bool(re.search(r"^[^:]*:\d+$|\]:\d+$", host))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


class Relayed(web.StreamResponse):
    """An answer whose head is written as the app wrote it: names, order, duplicates and odd bytes.

    aiohttp would decode and encode header values and add ones of its own. A ``body`` of the length that they say goes
    with the head, in one write.
    """

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(status=status, reason=reason)
        self._raw = headers
        self._body_at_once = body
        self._is_cut = False
        length = get(headers, b"content-length")
        if length.isdigit():
            # aiohttp decides by this one how the body is framed.
            self.headers["Content-Length"] = length.decode()

    async def prepare(self, request: web.BaseRequest) -> Any:
        if not self.prepared:
            self._transport = request.transport
            request.writer.write_headers = self._write_head  # type: ignore[method-assign]
        return await super().prepare(request)

    async def _write_head(self, status_line: str, headers: CIMultiDict[str]) -> None:
        lines = [status_line.encode("utf-8", "surrogateescape")]
        lines += [name + b": " + value for name, value in self._raw]
        lines += [
            f"{name}: {headers[name]}".encode()
            for name in ("Transfer-Encoding", "Connection")
            if name in headers
        ]
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the browser went away")
        transport.write(b"\r\n".join([*lines, b"", self._body_at_once]))

    def cut(self) -> None:
        """The app broke off in the middle: so must we, or a part would pass for the whole."""
        self._is_cut = True
        self.force_close()
        if self._transport is not None:
            self._transport.abort()

    async def write_eof(self, data: bytes = b"") -> None:
        if not self._is_cut:
            await super().write_eof(data)


class Upgraded(web.StreamResponse):
    """The end of a connection that was piped: there is nothing left to answer."""

    async def prepare(self, request: web.BaseRequest) -> None:
        self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        pass


class Pipe:
    """What the browser sends after an upgrade, handed on as it is (in the place of aiohttp's own parser)."""

    def __init__(self, writer: asyncio.StreamWriter, transport: asyncio.Transport) -> None:
        self._writer = writer
        self._transport = transport
        self._draining: asyncio.Task[None] | None = None

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Called by aiohttp for every piece."""
        if not self._writer.transport.is_closing():
            self._writer.write(data)
            if self._draining is None and self._writer.transport.get_write_buffer_size() > _PIPE_LIMIT:
                self._transport.pause_reading()
                self._draining = asyncio.get_running_loop().create_task(self._drain())
        return False, b""

    def feed_eof(self) -> None:
        """Called by aiohttp when the browser is gone."""
        self._writer.close()

    def set_exception(self, *arguments: Any) -> None:
        """Called by aiohttp when the browser's connection broke."""
        self._writer.close()

    async def _drain(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.drain()
        self._draining = None
        if not self._transport.is_closing():
            self._transport.resume_reading()


class Proxy:
    """Answers one request after the other; made and served by :func:`serve`."""

    def __init__(
        self,
        upstream: Upstream,
        hosts: Hosts,
        collector: Collector,
        client: aiohttp.ClientSession,
        channel: tuple[str, int],
        site: Site | None,
        access: Access,
    ) -> None:
        self._access = access
        self._own_cookies: set[str] = set()
        """The names of the cookies that the app has set."""
        self._foreign: set[str] = set()
        """The names of the cookies that the browser had before it was served anything."""
        self._has_served = False
        self._upstream = upstream
        self._site = site
        self._hosts = hosts
        self._collector = collector
        self._client = client
        self._channel = channel
        self._hidden = site.secrets if site is not None else inject.NO_SECRETS

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer ``request``."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or not self._hosts.allows(hosts[0].lower()):
            return _plain(
                421, "This address is not one that API Recorder serves. Use the one that it printed."
            )
        target = request.raw_path
        if not target.startswith("/") or request.method == "CONNECT":
            return _plain(400, "API Recorder answers only for paths of the app.")
        is_upgrade = get(list(request.raw_headers), b"upgrade").lower() == b"websocket"
        if is_upgrade:
            sentence = refuses(hosts, request.headers.getall("Origin", []), self._hosts.allows)
            if sentence:
                return _plain(403, sentence)
        if target.startswith(OURS):
            return await self._answer_ourselves(request, target.partition("?")[0], is_upgrade)
        passing = PASSES
        if self._site is not None and self._site.watches:
            said = {name.lower(): value for name, value in request.headers.items()}
            passing = await self._site.admit(request.method, target, said, request.content.read)
            if passing.answered:
                return await answer(self._site, request, passing.body)
            if passing.status:
                refusal = refusal_of(passing).decode()
                return web.Response(
                    status=passing.status, text=refusal, content_type="application/json", headers=_PRIVATE
                )
        if is_upgrade:
            return await self._pipe(request, target)
        return await self._relay(request, passing.target or target, passing)

    async def _answer_ourselves(
        self, request: web.BaseRequest, path: str, is_upgrade: bool
    ) -> web.StreamResponse:
        if path == CHANNEL and is_upgrade:
            head = _request_head(request, _bounded(list(request.raw_headers)))
            return await self._tunnel(request, head, *self._channel, context=None)
        if path == CHANNEL:
            return _plain(426, "Only the recorder's own script speaks here.")
        raw = list(request.raw_headers)
        query = request.raw_path.partition("?")[2]
        if path == SCRIPT and request.method in ("GET", "HEAD"):
            keys = self._collector.keys
            is_for_a_page = keys is not None and request.method == "GET" and is_script_of_a_page(raw)
            key = keys.redeem(query) if keys is not None and is_for_a_page else ""
            headers = {"Content-Type": "text/javascript; charset=utf-8", **_PRIVATE}
            return web.Response(body=inject.recorder_script(key).encode(), headers=headers)
        if path == OPEN:
            return self._open(request, query)
        if self._site is None:
            return _plain(404, "There is nothing here.")
        if asks_ahead(request.method, raw):
            return web.Response(status=204, headers={n.decode(): v.decode() for n, v in READABLE})
        if not self._access.admits(request.method, raw):
            return _plain(401, NO_ACCESS)
        visit = Visit(self._access.is_page(raw), self._access.page_key)
        return await answer(self._site, request, visit=visit)

    def _open(self, request: web.BaseRequest, query: str) -> web.StreamResponse:
        """Give the browser access that opened the link, and lead it to the app."""
        if request.method != "GET" or not is_top_level(list(request.raw_headers)):
            return _plain(405, "Open the link in a browser.")
        cookies = self._access.open(query)
        if cookies is None:
            return _plain(
                403, "This link was used, or is not the one. Open the newest that the recorder printed."
            )
        response = web.Response(status=303, headers={**_PRIVATE, "Referrer-Policy": "no-referrer"})
        response.headers["Location"] = self._upstream.path
        for cookie in cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    async def _relay(self, request: web.BaseRequest, target: str, passing: Passing) -> web.StreamResponse:
        self._notice(request)
        headers = self._headers_for_upstream(request)
        seen = self._collector.wire.passing(
            request.method, _page_url(request, "http"), self._as_the_app_knows(request)
        )
        kind = kind_of(request.method, headers)
        if kind or passing.amend is not None:
            headers = ask_for_whole(headers)
        if passing.amend is not None:
            headers = [(n, v) for n, v in headers if n.lower() != b"accept-encoding"]
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        sent: CIMultiDict[str] = CIMultiDict()
        spellings: dict[bytes, str] = {}
        for name, value in headers:
            # aiohttp takes one name in two spellings for a correction of the first.
            spelling = spellings.setdefault(name.lower(), name.decode("latin-1"))
            sent.add(spelling, value.decode("utf-8", "surrogateescape"))
        try:
            async with self._client.request(
                request.method,
                URL(self._upstream.origin + _safe_target(target), encoded=True),
                headers=sent,
                data=passing.body if passing.body is not None else _body(request),
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as answer:
                seen.answered(answer.status, list(answer.raw_headers))
                if passing.amend is not None and answer.status == 200:
                    return await self._relay_amended(request, answer, passing.amend)
                return await self._relay_answer(request, answer, kind, seen)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the browser went away") from None
            return _unreachable(self._upstream, error, kind == "document")

    async def _relay_amended(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, amend: Callable[[bytes], bytes]
    ) -> web.StreamResponse:
        text = amend(await answer.read())
        raw = [(n, v) for n, v in answer.raw_headers if n.lower() not in (b"content-length", b"etag")]
        headers = self._headers_for_browser(request, raw)
        response = Relayed(
            answer.status, answer.reason or "", [*headers, (b"Content-Length", str(len(text)).encode())]
        )
        await response.prepare(request)
        await response.write(text)
        await response.write_eof()
        return response

    async def _relay_answer(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, kind: Kind, seen: Seen
    ) -> web.StreamResponse:
        headers = self._headers_for_browser(request, list(answer.raw_headers))
        collector = self._collector
        keys, sources = collector.keys, collector.sources
        # The parent of a frame, and a script that asks for a document, can read what is in it.
        has_ticket = kind == "document" and keys is not None and is_top_level(list(request.raw_headers))
        ticket = keys.ticket() if keys is not None and has_ticket else ""
        shown = with_script(
            kind, answer.status, headers, collector.token, hidden=self._hidden, sources=sources, ticket=ticket
        )
        body = _whole(answer.content, headers) if shown is None else b""
        response = Relayed(answer.status, answer.reason or "", shown.headers if shown else headers, body)
        await response.prepare(request)
        try:
            if body:
                seen.feed(body)
            elif shown is None:
                async for chunk in answer.content.iter_any():
                    seen.feed(chunk)
                    await response.write(chunk)
            else:
                await _write_document(response, answer.content, shown)
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, zlib.error, OSError):
            response.cut()
            return response
        await response.write_eof()
        seen.over()
        return response

    async def _pipe(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        headers = self._headers_for_upstream(request)
        headers += [(b"Connection", b"Upgrade"), (b"Upgrade", get(list(request.raw_headers), b"upgrade"))]
        head = _request_head(request, headers)
        self._collector.wire.passing(
            "GET", _page_url(request, "ws"), self._as_the_app_knows(request)
        ).upgraded()
        context = _tls(self._upstream) if self._upstream.scheme == "https" else None
        return await self._tunnel(request, head, self._upstream.host, self._upstream.port, context)

    async def _tunnel(
        self, request: web.BaseRequest, head: bytes, host: str, port: int, context: ssl.SSLContext | None
    ) -> web.StreamResponse:
        """Send ``head`` to ``host:port`` and join the two connections, whatever they say to each other."""
        transport = request.transport
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(host, port, ssl=context, limit=_HEADER_LIMIT), _CONNECT_SECONDS
            )
        except (OSError, asyncio.TimeoutError) as error:
            return _unreachable(self._upstream, error, False)
        try:
            if transport is None or transport.is_closing():
                return Upgraded()
            writer.write(head)
            request.protocol.set_parser(Pipe(writer, transport))  # type: ignore[arg-type]
            while data := await reader.read(_HEADER_LIMIT):
                if transport.is_closing():
                    break
                transport.write(data)
                await request.writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            if transport is not None:
                transport.close()
        return Upgraded()

    def _headers_for_upstream(self, request: web.BaseRequest) -> Headers:
        raw = list(request.raw_headers)
        dropped = _HOP_BY_HOP | _named_by_connection(raw) | {b"expect"}
        upstream = self._upstream
        ours = b"http://" + get(raw, b"host").lower()
        # An app on this machine is told the address that the browser used, from which it makes its own absolute ones;
        # any other must see its own name, or whatever stands before it would not find it.
        keeps_host = upstream.is_loopback
        if not keeps_host or upstream.scheme == "https":
            dropped |= {b"x-forwarded-host", b"x-forwarded-proto"}
        if b"transfer-encoding" in {name.lower() for name, _ in raw}:
            dropped |= {b"content-length"}
        headers: Headers = []
        for name, value in raw:
            key = name.lower()
            if key in dropped:
                continue
            if not keeps_host and key == b"host":
                value = upstream.netloc.encode()
            elif not keeps_host and key in (b"origin", b"referer"):
                value = _moved(value, ours, upstream.origin.encode())
            elif key == b"cookie" and value:
                value = self.of_the_app(value)
                if not value:
                    continue
            headers.append((name, value))
        if not keeps_host or upstream.scheme == "https":
            headers += [(b"X-Forwarded-Host", get(raw, b"host")), (b"X-Forwarded-Proto", b"http")]
        if self._adds_login(raw):
            headers.append((b"Authorization", upstream.login.encode()))
        return headers

    def of_the_app(self, value: bytes) -> bytes:
        """A ``Cookie`` value without the recorder's own, and without those of other services that were there before
        the app could have set any: cookies do not know ports."""
        pairs = value.split(b";")
        kept = []
        for pair in pairs:
            name = pair.partition(b"=")[0].strip().decode("latin-1")
            if not self._access.is_own(name) and (name not in self._foreign or name in self._own_cookies):
                kept.append(pair)
        return value if len(kept) == len(pairs) else b";".join(kept).strip()

    def _adds_login(self, raw: Headers) -> bool:
        """Whether a request with these headers goes on with the login of the app's address."""
        has_none = bool(self._upstream.login) and not get(raw, b"authorization")
        return has_none and self._access.may_log_in(raw)

    def _as_the_app_knows(self, request: web.BaseRequest) -> Headers:
        """The headers of the browser, with the login of the app's address and without the cookies that the app is not
        sent."""
        told = ((name, value, name.lower() == b"cookie") for name, value in request.raw_headers)
        made = [(name, self.of_the_app(value) if is_cookie else value) for name, value, is_cookie in told]
        if self._adds_login(list(request.raw_headers)):
            made.append((b"Authorization", self._upstream.login.encode()))
        return made

    def _notice(self, request: web.BaseRequest) -> None:
        """Which cookies a browser has that opens its first document here: the app cannot have set them."""
        raw = list(request.raw_headers)
        if self._has_served or kind_of(request.method, raw) != "document":
            return
        self._has_served = True
        for name, value in raw:
            if name.lower() == b"cookie":
                self._foreign |= {p.partition(b"=")[0].strip().decode("latin-1") for p in value.split(b";")}

    def _headers_for_browser(self, request: web.BaseRequest, raw: Headers) -> Headers:
        dropped = _HOP_BY_HOP | _named_by_connection(raw)
        if any(name.lower() == b"transfer-encoding" for name, _ in raw):
            dropped |= {b"content-length"}
        theirs = self._upstream.origin.encode()
        ours = b"http://" + request.headers["Host"].lower().encode()
        headers: Headers = []
        for name, value in raw:
            key = name.lower()
            if key in dropped:
                continue
            if key in (b"location", b"content-location", b"access-control-allow-origin"):
                value = _moved(value, theirs, ours)
            elif key == b"set-cookie":
                self._own_cookies.add(value.partition(b"=")[0].strip().decode("latin-1"))
                value = cookie_for(value, self._upstream)
            elif key == b"content-security-policy" and self._upstream.scheme == "https":
                value = re.sub(rb"(?i)\s*\bupgrade-insecure-requests\s*;?", b"", value)
            headers.append((name, value))
        return headers


_PRIVATE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def cookie_for(value: bytes, upstream: Upstream) -> bytes:
    """A ``Set-Cookie`` value of the app as it must be for a browser that sees it at our address."""
    first, *attributes = value.split(b";")
    # Browsers take Secure cookies of such names only, and do so from a loopback address without TLS.
    is_prefixed = first.lstrip().lower().startswith((b"__host-", b"__secure-"))
    drops_secure = upstream.scheme == "https" and not is_prefixed
    kept = [first]
    for attribute in attributes:
        name, _, setting = attribute.strip().partition(b"=")
        name, setting = name.strip().lower(), setting.strip().lower()
        if name == b"domain":
            domain = setting.lstrip(b".").decode("latin-1")
            if upstream.host == domain or upstream.host.endswith("." + domain):
                continue
        elif drops_secure and name in (b"secure", b"partitioned"):
            continue
        elif drops_secure and name == b"samesite" and setting == b"none":
            attribute = b" SameSite=Lax"
        kept.append(attribute)
    return b";".join(kept)


def _moved(value: bytes, source: bytes, target: bytes) -> bytes:
    """``value`` with the origin ``source`` at its beginning replaced, if it is there as a whole."""
    if value[: len(source)].lower() == source and value[len(source) : len(source) + 1] in (
        b"",
        b"/",
        b"?",
        b"#",
    ):
        return target + value[len(source) :]
    return value


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
        if token.strip()
    )


def _bounded(headers: Headers) -> Headers:
    """The recorder's own handshake; cookies beyond what its server takes are left out."""
    return [(name, value) for name, value in headers if len(value) < 8000]


def _request_head(request: web.BaseRequest, headers: Headers) -> bytes:
    first = f"{request.method} {_safe_target(request.raw_path)} HTTP/1.1".encode()
    return b"\r\n".join([first, *(name + b": " + value for name, value in headers), b"", b""])


def _safe_target(target: str) -> str:
    """The request target as it was said; only bytes that no URL may hold are escaped."""
    return re.sub(
        r"[^!-~]|#",
        lambda found: quote(found.group().encode("utf-8", "surrogateescape"), safe=""),
        target,
    )


def _page_url(request: web.BaseRequest, scheme: str) -> str:
    """The address of a request as the page spells it."""
    return f"{scheme}://{request.headers['Host'].lower().removesuffix(':80')}{_safe_target(request.raw_path)}"


def _body(request: web.BaseRequest) -> bytes | aiohttp.StreamReader | None:
    """What is sent on: as it comes, or at once with the head where all of it is here."""
    if not request.body_exists:
        return None
    return _whole(request.content, list(request.raw_headers)) or request.content


def _whole(content: aiohttp.StreamReader, headers: Headers) -> bytes:
    """A body whose headers say how long it is, where all of it is here; else nothing."""
    is_here = content.is_eof() and content.exception() is None and get(headers, b"content-length")
    return content.read_nowait() if is_here else b""


async def _write_document(response: Relayed, content: aiohttp.StreamReader, shown: Document) -> None:
    async for chunk in content.iter_any():
        if ready := shown.feed(chunk):
            await response.write(ready)
    if rest := shown.finish():
        await response.write(rest)


def _plain(status: int, sentence: str) -> web.Response:
    headers = {**_PRIVATE, "Connection": "close"} if status in (400, 421) else _PRIVATE
    return web.Response(status=status, text=sentence + "\n", headers=headers)


def _unreachable(upstream: Upstream, error: BaseException, navigation: bool) -> web.Response:
    reason = str(error) or type(error).__name__
    what = f"The app at {upstream.url} does not answer: {reason}."
    remedy = "Start it, or give `recorder proxy` its right address, and reload this page."
    if not navigation:
        return _plain(502, f"{what} {remedy}")
    page = (
        "<!doctype html><meta charset=utf-8><title>The app does not answer</title>"
        "<body style='font: 16px/1.5 system-ui; max-width: 40em; margin: 15vh auto; padding: 0 1em'>"
        f"<h1 style='font-size: 1.2em'>API Recorder</h1><p>{html.escape(what)}<p>{html.escape(remedy)}"
    )
    return web.Response(status=502, text=page, content_type="text/html", headers=_PRIVATE)


def _tls(upstream: Upstream) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if upstream.is_loopback:
        # A certificate that somebody made for their own machine proves nothing, and there is nobody in between.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def address_of(upstream: Upstream, is_ours: Callable[[str], bool]) -> Address:
    """Where the collector reads what a page names: past the proxy, from the app itself.

    Args:
        is_ours: whether an origin is one under which the proxy serves the app.
    """

    async def address(url: str, cookie: str) -> tuple[str, dict[str, str]]:
        headers = {"Cookie": cookie} if cookie else {}
        if upstream.login:
            headers["Authorization"] = upstream.login
        origin = origin_of(url)
        if is_ours(origin):
            if upstream.is_loopback:
                headers["Host"] = urlsplit(url).netloc
        elif origin != upstream.origin:
            raise RecorderError(f"{url} was not read: it is not of the app that is recorded")
        return upstream.origin + request_target(url), headers

    return address


async def serve(
    url: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8700,
    output: str | os.PathLike[str] | None = None,
    allow_hosts: Iterable[str] = (),
    description: str = "",
    file_limit: int = FILE_LIMIT,
    site: Site | None = None,
    say: Callable[[str], None] | None = None,
    key: str = "",
    login: str = "",
    on_ready: Callable[[str], None] | None = None,
    on_link: Callable[[str], None] | None = None,
    on_saved: Callable[[Path], None] | None = None,
    on_state: Callable[[State], None] | None = None,
) -> list[Path]:
    """Serve the app at ``url`` until Ctrl-C, SIGTERM or cancellation; a recording that is on is saved first.

    Args:
        host: what to bind to; anything but loopback lets other machines in.
        port: 0 for any free one.
        output: the file of the first session, or a folder for all (see :class:`recorder.capture.names.Names`).
        allow_hosts: more ``Host`` headers to answer for, ``name`` or ``name:port``.
        description: the app's OpenAPI document in place of its own, if any.
        file_limit: bytes of the largest file that is kept with a session.
        site: what else is served under ``/_recorder/``.
        say: takes sentences for the person.
        key: with which programs use what is under ``/_recorder/``; they cannot if it is empty.
        login: of the app, as ``user:password``, in place of one in its address.
        on_ready: told the address of the app here, once it answers.
        on_link: told each new address that gives the browser that opens it access to what is under ``/_recorder/``.
        on_saved: told the path of every session.
        on_state: told every change of the recording.

    Returns:
        The sessions saved, in order.

    Raises:
        UsageError: ``url`` is not an address, or the port is taken.
        FileError: a recording that was on at the end cannot be saved; its journal is kept.
    """
    speak = say or (lambda sentence: None)
    upstream = upstream_of(url)
    if login:
        basic = "Basic " + base64.b64encode(login.encode()).decode()
        upstream = msgspec.structs.replace(upstream, login=basic)
    saved: list[Path] = []

    def keep(path: Path) -> None:
        saved.append(path)
        speak(f"saved {path}")
        if on_saved is not None:
            on_saved(path)

    hosts = Hosts(host, allow_hosts)
    async with contextlib.AsyncExitStack() as stack:
        upstream = await _secured(upstream)
        client = await stack.enter_async_context(_client(upstream, auto_decompress=False))
        reading = await stack.enter_async_context(_client(upstream, auto_decompress=True))

        def is_ours(origin: str) -> bool:
            scheme, _, name = origin.partition("://")
            return scheme == "http" and hosts.allows(name)

        collector = Collector(
            upstream.url,
            Names(output),
            described_by(description, fetch_with(reading, address_of(upstream, is_ours))),
            file_limit=file_limit,
            on_state=on_state,
            on_saved=keep,
            on_recovered=lambda path: speak(f"an earlier recording that was cut off is saved in {path}"),
            open_panel=site.open_panel if site is not None else None,
            keys=Keys(),
        )

        def renewed(link: str) -> None:
            if hosts.port:
                speak(f"another browser gets access by {origin_here()}{link}")
                told_link(link)

        def told_link(link: str) -> None:
            if on_link is not None:
                on_link(origin_here() + link)

        def origin_here() -> str:
            shown = "127.0.0.1" if host in ("", "0.0.0.0", "::") else _bracketed(host)
            return f"http://{shown}:{hosts.port}"

        access = Access(key, renewed)
        channel = await stack.enter_async_context(
            serve_channel(collector, hosts.allows, access.is_opened, lambda value: proxy.of_the_app(value))
        )
        proxy = Proxy(upstream, hosts, collector, client, channel, site, access)
        hosts.port = await stack.enter_async_context(_listening(proxy, host, port))
        stack.push_async_callback(collector.close)
        if site is not None:
            stack.push_async_callback(site.close)
        stop = stack.enter_context(interruption())
        address = f"{origin_here()}{upstream.path}"
        if not is_loopback(host):
            speak(
                f"listening on {host or 'every address'}: whoever reaches this machine over the network can use the "
                "app, and see and change what is recorded of it, with no login; without --host nobody can"
            )
        speak(f"{upstream.url} is served at {address}; press API Recorder in its footer, Ctrl-C ends")
        if site is not None or upstream.login:
            what = (
                "the panel, the sessions and the API page" if site is not None else "the login of the address"
            )
            speak(f"for {what}, open {origin_here()}{access.link}")
        told_link(access.link)
        if on_ready is not None:
            on_ready(address)
        try:
            await stop.wait()
        finally:
            await collector.stop()
    return saved


async def _secured(upstream: Upstream) -> Upstream:
    """The upstream that this one sends every browser to, if all it does is to ask for https."""
    if upstream.scheme == "https" or upstream.is_loopback:
        return upstream
    timeout = aiohttp.ClientTimeout(total=5)
    with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError):
        async with aiohttp.ClientSession(timeout=timeout) as client:
            async with client.get(URL(upstream.url, encoded=True), allow_redirects=False) as answer:
                location = parts_of(answer.headers.get("Location", ""))
        if location.scheme == "https" and location.hostname == upstream.host:
            login = upstream.login
            secured = upstream_of(f"https://{location.netloc}{upstream.path}")
            return msgspec.structs.replace(secured, login=login)
    return upstream


def _client(upstream: Upstream, *, auto_decompress: bool) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0,
        # Shorter than what servers keep idle connections for, so that a POST does not meet one that is just closing.
        keepalive_timeout=3,
        ssl=_tls(upstream),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=auto_decompress,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
    )


@contextlib.asynccontextmanager
async def _listening(proxy: Proxy, host: str, port: int) -> AsyncIterator[int]:
    server = web.Server(
        proxy.handle,
        access_log=None,
        logger=_log,
        auto_decompress=False,
        # An app that streams must learn at once that nobody listens any more.
        handler_cancellation=True,
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host.strip("[]") or None, port)
        try:
            await site.start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UsageError(f"Port {port} of {host} is taken", "Give another one with --port") from None
            raise UsageError(
                f"{host}:{port} cannot be bound: {error.strerror}", "Give another --host or --port"
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

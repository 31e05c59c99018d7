"""``recorder.attach``: the toggle inside an app that one owns, without a proxy: an ASGI middleware.

It puts the script into documents, serves ``/_recorder/``, and runs the collector in the server's own event loop. Gradio
apps get it outermost, in front of whatever compresses or renders.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hmac
import importlib
import inspect
import os
import secrets
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from recorder.address import is_loopback, origin_of
from recorder.capture import inject
from recorder.capture.access import (
    KEY_VARIABLE,
    NO_ACCESS,
    OPEN,
    READABLE,
    Access,
    Keys,
    asks_ahead,
    is_script_of_a_page,
    is_top_level,
)
from recorder.capture.beside import VISIT, Message, Receive, Scope, Send, Site, Visit, refusal_of
from recorder.capture.channel import converse, refuses
from recorder.capture.collector import Collector
from recorder.capture.documents import Document, Headers, Kind, ask_for_whole, get, kind_of, with_script
from recorder.capture.fetch import SECONDS, Asked, redirected, request_target
from recorder.capture.kept import FILE_LIMIT, Fetching
from recorder.capture.names import Names
from recorder.errors import RecorderError, UsageError

App = Callable[[Scope, Receive, Send], Awaitable[None]]

INSIDE = "x-api-recorder"
"""The header by which the recorder's own requests to the app that it is in are known."""
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
_PRIVATE: Headers = [
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]


def attach(
    app: Any,
    *,
    output: str | os.PathLike[str] | None = None,
    hosts: Iterable[str] = (),
    file_limit: int = FILE_LIMIT,
    say: Callable[[str], None] = print,
    on_saved: Callable[[Path], None] | None = None,
    site: Callable[[Mapping[str, str]], Site] | None = None,
) -> Any:
    """Put the toggle into ``app``.

    Args:
        app: Gradio ``Blocks``, before its ``launch()``; an ASGI application (FastAPI, Starlette, Quart, Litestar,
            Django's, and any of them with Gradio mounted); or a WSGI application (Flask, Django's), with a2wsgi
            installed.
        output: the file of the first session, or a folder (see :class:`recorder.capture.names.Names`).
        hosts: ``Host`` names, beside those of this machine, under which browsers may record: ``name`` or ``name:port``.
            Everyone who can open the app there can record it. Without any, only browsers of this machine may.
        file_limit: bytes of the largest file that is kept with a session.
        say: takes sentences for the person.
        on_saved: told the path of every session.
        site: makes what else is served under ``/_recorder/``, whose requests to the app bear these headers.

    Returns:
        The same Blocks, or the ASGI application to serve in the place of ``app``, with uvicorn or the like.

    Raises:
        UsageError: ``app`` is none of these.
    """
    names = frozenset(name.lower() for name in hosts)

    def keep(path: Path) -> None:
        say(f"API Recorder saved {path}")
        if on_saved is not None:
            on_saved(path)

    secret = secrets.token_hex(16)
    served = site({INSIDE: secret}) if site else None
    recording = Recording(names, output, file_limit, say, keep, secret, served)
    if all(hasattr(app, name) for name in ("launch", "queue", "get_config_file")):
        return _attach_to_blocks(app, recording, say)
    if not callable(app):
        raise UsageError(
            f"recorder.attach cannot use a {type(app).__name__}",
            "Give it a Gradio Blocks, or an ASGI or WSGI application",
        )
    return Middleware(_from_wsgi(app) if _is_wsgi(app) else app, recording)


def _is_wsgi(app: Any) -> bool:
    """Whether it takes ``environ`` and ``start_response``: PEP 3333."""
    is_function = inspect.isroutine(app)
    call = app if is_function else type(app).__call__
    try:
        parameters = list(inspect.signature(call).parameters.values())[0 if is_function else 1 :]
    except (TypeError, ValueError):
        return False
    needed = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(needed) == 2 and not inspect.iscoroutinefunction(call)


def _from_wsgi(app: Any) -> Any:
    try:
        from a2wsgi import WSGIMiddleware
    except ImportError:
        raise UsageError(
            "recorder.attach needs a2wsgi for a WSGI application",
            "Install it with `pip install 'api-recorder[wsgi]'`",
        ) from None
    return WSGIMiddleware(app)


class Recording:
    """What the middleware of one attached app shares: its collector, made in the loop of the server that asks first."""

    def __init__(
        self,
        hosts: frozenset[str],
        output: str | os.PathLike[str] | None,
        file_limit: int,
        say: Callable[[str], None],
        on_saved: Callable[[Path], None],
        secret: str,
        site: Site | None,
    ) -> None:
        self.site = site
        self._secret = secret
        self._hosts = hosts
        self._is_announced = False
        self.access = Access(os.environ.get(KEY_VARIABLE, ""), self._tell_link)
        self._names = Names(output)
        self._file_limit = file_limit
        self._say = say
        self._on_saved = on_saved
        self._collector: Collector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: Scope = {}
        self._app: App | None = None

    def announce(self, scope: Scope) -> None:
        """Say once how a browser gets access, when it is known where the app is reached."""
        if not self._is_announced and self.site is not None:
            self._is_announced = True
            self._place = _url(scope).rstrip("/")
            self._tell_link(self.access.link)

    def _tell_link(self, link: str) -> None:
        if self._is_announced:
            self._say(f"API Recorder: for the panel, the sessions and the API page, open {self._place}{link}")

    def admits(self, scope: Scope) -> bool:
        """Whether a request comes from where pages may record: from this machine, unless hosts were named."""
        if self._hosts:
            return True
        headers: Headers = list(scope["headers"])
        client = scope.get("client")
        is_forwarded = any(name.lower() in _FORWARDED for name, _ in headers)
        return client is not None and is_loopback(str(client[0])) and not is_forwarded

    def allows(self, host: str) -> bool:
        """Whether pages under this ``Host`` (lower case) may record."""
        name = host[: host.rindex(":")] if host.rpartition(":")[2].isdigit() else host
        return host in self._hosts or name in self._hosts or name in _LOOPBACK

    def is_own(self, headers: Headers) -> bool:
        """Whether it is the recorder itself that asks the app."""
        return hmac.compare_digest(get(headers, INSIDE.encode()), self._secret.encode())

    def collector(self, scope: Scope, app: App) -> Collector:
        """The collector; ``scope`` is of the request that needs it and tells how the app is reached."""
        loop = asyncio.get_running_loop()
        if self._collector is None or self._loop is not loop:
            # An app that is launched again has a new loop.
            self._loop = loop
            self._collector = Collector(
                _url(scope),
                self._names,
                redirected(self._asking),
                file_limit=self._file_limit,
                on_saved=self._on_saved,
                on_recovered=lambda path: self._say(
                    f"API Recorder saved an earlier recording, cut off, in {path}"
                ),
                open_panel=self.site.open_panel if self.site is not None else None,
                keys=Keys(),
            )
        self._app = app
        # A copy: a router writes into a scope where it leads to.
        self._scope = dict(scope)
        return self._collector

    async def stop(self) -> None:
        """The server ends: what is being recorded is saved."""
        if self._collector is not None and self._loop is asyncio.get_running_loop():
            try:
                await self._collector.stop()
            except RecorderError as error:
                self._say(str(error))
            await self._collector.close()
        if self.site is not None:
            await self.site.close()

    @contextlib.asynccontextmanager
    async def _asking(self, url: str, cookie: str) -> AsyncIterator[Asked]:
        """Ask the app itself, without a network in between."""
        assert self._app is not None
        parts = urlsplit(url)
        path, _, query = request_target(url).partition("?")
        headers = [(b"host", parts.netloc.encode()), (b"accept", b"*/*"), (b"accept-encoding", b"identity")]
        if cookie:
            headers.append((b"cookie", cookie.encode("latin-1", "replace")))
        scope = {
            **{
                key: self._scope[key]
                for key in ("asgi", "server", "client", "root_path", "state")
                if key in self._scope
            },
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": parts.scheme,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        said: asyncio.Queue[Message | None] = asyncio.Queue(maxsize=4)
        gone = asyncio.Event()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await gone.wait()
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def run(app: App) -> None:
            try:
                await app(scope, receive, said.put)
            finally:
                await said.put(None)

        task = asyncio.get_running_loop().create_task(run(self._app))
        try:
            start = await asyncio.wait_for(said.get(), SECONDS)
            if start is None or start["type"] != "http.response.start":
                raise RecorderError(f"{url} cannot be read: the app failed")
            kind = get(start["headers"], b"content-type").decode("latin-1")
            location = get(start["headers"], b"location").decode("latin-1")
            yield Fetching(start["status"], kind or None, _chunks(said, url)), location, (origin_of(url),)
        except asyncio.TimeoutError:
            raise RecorderError(f"{url} cannot be read: the app does not answer") from None
        finally:
            gone.set()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _chunks(said: asyncio.Queue[Message | None], url: str) -> AsyncIterator[bytes]:
    while (message := await said.get()) is not None:
        if message["type"] == "http.response.body":
            if body := message.get("body", b""):
                yield body
            if not message.get("more_body", False):
                return
    raise RecorderError(f"{url} broke off")


class Middleware:
    """An ASGI application around another."""

    def __init__(self, app: App, recording: Recording) -> None:
        self.app = app
        self._recording = recording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, _saving(receive, self._recording), send)
            return
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = _path_within(scope)
        if path.startswith("/_recorder/"):
            await self._answer_ourselves(path, scope, receive, send)
            return
        site = self._recording.site
        if site is not None and site.watches and not self._recording.is_own(list(scope["headers"])):
            site.reached_at(_url(scope))
            admitted = await _admitted(site, path, scope, receive, send)
            if admitted is None:
                return
            scope, receive, send = admitted
        send = self._seen(scope, send)
        if scope["type"] == "http" and (kind := self._takes_script(scope)):
            await self._pass_document(kind, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _seen(self, scope: Scope, send: Send) -> Send:
        """``send`` that also shows what passes to the collector, where it is a browser's."""
        headers: Headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        host = get(headers, b"host").decode("latin-1").lower()
        if not self._recording.allows(host) or self._recording.is_own(headers):
            return send
        wire = self._recording.collector(scope, self.app).wire
        seen = wire.passing(scope.get("method", "GET"), _asked(scope, host), headers)
        if scope["type"] == "websocket":
            seen.upgraded()
            return send

        async def show(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
                seen.answered(message["status"], given)
            if message["type"] == "http.response.body" and seen.reads:
                seen.feed(message.get("body", b""))
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                seen.over()

        return show

    def _takes_script(self, scope: Scope) -> Kind:
        headers: Headers = list(scope["headers"])
        host = get(headers, b"host").decode("latin-1").lower()
        is_welcome = self._recording.allows(host) and self._recording.admits(scope)
        return kind_of(scope["method"], headers) if is_welcome else ""

    async def _pass_document(self, kind: Kind, scope: Scope, receive: Receive, send: Send) -> None:
        self._recording.announce(scope)
        collector = self._recording.collector(scope, self.app)
        token, sources = collector.token, collector.sources
        # The parent of a frame, and a script that asks for a document, can read what is in it.
        has_ticket = (
            kind == "document" and collector.keys is not None and is_top_level(list(scope["headers"]))
        )
        ticket = collector.keys.ticket() if collector.keys is not None and has_ticket else ""
        hidden = self._recording.site.secrets if self._recording.site is not None else inject.NO_SECRETS
        extensions = {
            k: v for k, v in (scope.get("extensions") or {}).items() if not k.startswith("http.response.")
        }
        asked = {**scope, "headers": ask_for_whole(list(scope["headers"])), "extensions": extensions}
        shown: Document | None = None

        async def relay(message: Message) -> None:
            nonlocal shown
            if message["type"] == "http.response.start":
                headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
                shown = with_script(
                    kind, message["status"], headers, token, _prefix(scope), hidden, sources, ticket
                )
                await send({**message, "headers": shown.headers} if shown else message)
            elif message["type"] == "http.response.body" and shown is not None:
                more = message.get("more_body", False)
                try:
                    body = shown.feed(message.get("body", b"")) + (b"" if more else shown.finish())
                except zlib.error as error:
                    raise RuntimeError("the app's document is not in the encoding that it says") from error
                if body or not more:
                    await send({**message, "body": body, "more_body": more})
            else:
                await send(message)

        await self.app(asked, receive, relay)

    async def _answer_ourselves(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = list(scope["headers"])
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if scope["type"] == "websocket":
            origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
            collector = self._recording.collector(scope, self.app)
            is_refused = refuses(hosts, origins, self._recording.allows) is not None
            is_refused = is_refused or not self._recording.admits(scope)
            if path != inject.CHANNEL_PATH or is_refused or collector.is_full:
                await receive()
                await send({"type": "websocket.close", "code": 4403})
                return
            given = "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")
            cookie = self._recording.access.without_own(given)
            sees = self._recording.access.is_opened(headers)
            await _converse(collector, receive, send, origin_of(origins[0]), cookie, sees)
        elif len(hosts) != 1 or not self._recording.allows(hosts[0].lower()):
            await _answer(send, 421, b"text/plain", b"This address is not one that API Recorder serves.\n")
        elif not self._recording.admits(scope):
            await _answer(send, 403, b"text/plain", b"API Recorder answers only to this machine.\n")
        elif path == inject.SCRIPT_PATH and scope["method"] == "GET":
            keys = self._recording.collector(scope, self.app).keys
            query = scope.get("query_string", b"").decode("latin-1")
            key = keys.redeem(query) if keys is not None and is_script_of_a_page(headers) else ""
            await _answer(send, 200, b"text/javascript; charset=utf-8", inject.recorder_script(key).encode())
        elif path == OPEN:
            await self._open(scope, send)
        elif (site := self._recording.site) is None:
            await _answer(send, 404, b"text/plain", b"There is nothing here.\n")
        elif asks_ahead(scope["method"], headers):
            await send({"type": "http.response.start", "status": 204, "headers": list(READABLE)})
            await send({"type": "http.response.body", "body": b""})
        elif not (access := self._recording.access).admits(scope["method"], headers):
            self._recording.announce(scope)
            await _answer(send, 401, b"text/plain", NO_ACCESS.encode() + b"\n")
        else:
            site.reached_at(_url(scope))
            visit = Visit(access.is_page(headers), access.page_key)
            await site({**scope, "path": path, VISIT: visit}, receive, send)

    async def _open(self, scope: Scope, send: Send) -> None:
        """Give the browser access that opened the link, and lead it to the app."""
        query = scope.get("query_string", b"").decode("latin-1")
        is_browser = scope["method"] == "GET" and is_top_level(list(scope["headers"]))
        cookies = self._recording.access.open(query) if is_browser else None
        if cookies is None:
            await _answer(
                send, 403, b"text/plain", b"This link was used, or is not the one. Open the newest.\n"
            )
            return
        prefix = _prefix(scope)
        own = [c.replace("Path=/_recorder/", f"Path={prefix}/_recorder/") for c in cookies[:1]]
        headers = [(b"location", f"{prefix}/".encode()), (b"content-length", b"0"), *_PRIVATE]
        headers += [(b"set-cookie", cookie.encode()) for cookie in own]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


_FORWARDED = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip", b"x-client-ip", b"cf-connecting-ip"))


async def _admitted(
    site: Site, path: str, scope: Scope, receive: Receive, send: Send
) -> tuple[Scope, Receive, Send] | None:
    """A request as the app is to get it; None where it was answered in the app's place."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    is_socket = scope["type"] == "websocket"
    query = scope.get("query_string", b"").decode("latin-1")
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    raw = raw[len(raw) - len(quote(path)) :] if raw.endswith(quote(path)) else quote(path)
    read: list[Message] = []

    async def body() -> bytes:
        while not read or (read[-1]["type"] == "http.request" and read[-1].get("more_body", False)):
            read.append(await receive())
        return b"".join(message.get("body", b"") for message in read)

    async def again() -> Message:
        return read.pop(0) if read else await receive()

    target = raw + (f"?{query}" if query else "")
    passing = await site.admit("GET" if is_socket else scope["method"], target, headers, body)
    if passing.answered:
        await site({**scope, "path": path}, again, send)
        return None
    if passing.status and is_socket:
        await receive()
        await send({"type": "websocket.close", "code": 4403})
        return None
    if passing.status:
        await _answer(send, passing.status, b"application/json", refusal_of(passing))
        return None
    if passing.target:
        there, _, query = passing.target.partition("?")
        prefix = _prefix(scope)
        scope = {**scope, "path": prefix + unquote(there), "raw_path": (quote(prefix) + there).encode()}
        scope["query_string"] = query.encode("latin-1")
    return scope, again, _amending(send, passing.amend) if passing.amend is not None else send


def _amending(send: Send, amend: Callable[[bytes], bytes]) -> Send:
    """Passes an answer on, changed as a whole where it is a success that is not compressed."""
    begun: Message = {}
    held = bytearray()

    async def relay(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if message["status"] == 200 and not get(headers, b"content-encoding"):
                begun = message
                return
        elif message["type"] == "http.response.body" and begun:
            held.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            text = amend(bytes(held))
            headers = [(n, v) for n, v in begun["headers"] if n.lower() not in (b"content-length", b"etag")]
            await send({**begun, "headers": [*headers, (b"content-length", str(len(text)).encode())]})
            await send({"type": "http.response.body", "body": text})
            return
        await send(message)

    return relay


def _url(scope: Scope) -> str:
    """The address of the app, as the request that ``scope`` is of reached it."""
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    return f"{scheme}://{get(list(scope['headers']), b'host').decode('latin-1')}{_prefix(scope)}/"


async def _converse(
    collector: Collector, receive: Receive, send: Send, origin: str, cookie: str, sees: bool
) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    is_open = True

    async def hear() -> str | bytes | None:
        nonlocal is_open
        message = await receive()
        if message["type"] != "websocket.receive":
            is_open = False
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def say(text: str) -> None:
        if is_open:
            # Servers differ in what they raise for a page that has just gone.
            with contextlib.suppress(OSError, RuntimeError):
                await send({"type": "websocket.send", "text": text})

    await converse(collector, hear, say, origin=origin, cookie=cookie, sees=sees)
    if is_open:
        with contextlib.suppress(OSError, RuntimeError):
            await send({"type": "websocket.close", "code": 1008})


async def _answer(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *_PRIVATE]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _saving(receive: Receive, recording: Recording) -> Receive:
    async def wrapped() -> Message:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            await recording.stop()
        return message

    return wrapped


def _asked(scope: Scope, host: str) -> str:
    """The address of a request as the page spells it."""
    raw = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
    prefix = quote(_prefix(scope))
    if not raw.startswith(prefix + "/"):
        raw = prefix + raw
    query = scope.get("query_string", b"").decode("latin-1")
    host = host.removesuffix(":80" if scope["scheme"] in ("http", "ws") else ":443")
    return f"{scope['scheme']}://{host}{raw}" + (f"?{query}" if query else "")


def _prefix(scope: Scope) -> str:
    """The path under which browsers find the app, without a final slash."""
    prefix = str(scope.get("root_path") or "").rstrip("/")
    return prefix if prefix.startswith("/") else ""


def _path_within(scope: Scope) -> str:
    path: str = scope["path"]
    prefix = _prefix(scope)
    return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path


class _MovesOut:
    """Stands in Gradio's stack of middleware until the server starts, and then moves to its outside.

    Gradio adds its own (compression, in 5.x the door to its Node server) around all that an app's settings can name.
    """

    def __init__(self, app: App, recording: Recording) -> None:
        self._app = app
        self._recording = recording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            whole = scope["app"]
            whole.middleware_stack = Middleware(whole.middleware_stack, self._recording)
            receive = _saving(receive, self._recording)
        await self._app(scope, receive, send)


def _attach_to_blocks(blocks: Any, recording: Recording, say: Callable[[str], None]) -> Any:
    launch = blocks.launch

    @functools.wraps(launch)
    def launch_with_recorder(*arguments: Any, **options: Any) -> Any:
        entry = importlib.import_module("starlette.middleware").Middleware
        settings = dict(options.get("app_kwargs") or {})
        settings["middleware"] = [entry(_MovesOut, recording=recording), *(settings.get("middleware") or ())]
        options["app_kwargs"] = settings
        if _node_would_answer(options):
            say(
                "API Recorder turned server-side rendering off for this launch: Gradio's Node server would answer in "
                "its place. Use `recorder proxy` for an app that needs it, or launch(ssr_mode=False)."
            )
            options["ssr_mode"] = False
        return launch(*arguments, **options)

    blocks.launch = launch_with_recorder
    return blocks


def _node_would_answer(options: dict[str, Any]) -> bool:
    """Whether this launch would put a Node server in front of Python, as Gradio 6 does for server-side rendering."""
    asked = options.get("ssr_mode")
    if asked is None:
        asked = os.environ.get("GRADIO_SSR_MODE", "false").lower() == "true"
    version: str = importlib.import_module("gradio").__version__
    return bool(asked) and int(version.split(".")[0]) >= 6

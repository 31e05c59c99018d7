"""The middleware around real ASGI applications in a real server."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

import recorder
from recorder import session
from recorder.adapters import Want
from recorder.capture import asgi, collector
from recorder.errors import UsageError
from recorder.events import Cookies, Fetched, Request
from recorder.session import App, Session
from tests.serving import TAG, key_of

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Accept-Encoding": "gzip, br"}
PAGE = b"<!doctype html><html><head><title>x</title></head><body>hello</body></html>"


class SmallApp:
    """A few pages, an echo, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.more = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"]})
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.asked.append({"path": scope["path"], **headers})
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == "/gz" and "gzip" in headers.get("accept-encoding", ""):
            await self.say(
                send, gzip.compress(PAGE), "text/html", (b"content-encoding", b"gzip"), (b"etag", b'"e"')
            )
        elif path == "/stream":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
            )
            await send({"type": "http.response.body", "body": PAGE[:50], "more_body": True})
            await self.more.wait()
            await send({"type": "http.response.body", "body": PAGE[50:]})
        elif path == "/config":
            await self.say(send, json.dumps({"cookie": headers.get("cookie")}).encode(), "application/json")
        elif path == "/moved":
            await self.say(send, b"", "text/plain", (b"location", b"/config"), status=307)
        elif path == "/away":
            await self.say(send, b"", "text/plain", (b"location", b"http://169.254.169.254/"), status=307)
        elif path == "/bug":
            raise RuntimeError("a bug in the app")
        else:
            await self.say(
                send, PAGE, "text/html; charset=utf-8", (b"content-security-policy", b"script-src 'self'")
            )

    async def say(
        self, send: Any, body: bytes, kind: str, *more: tuple[bytes, bytes], status: int = 200
    ) -> None:
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def served(app: Any, root_path: str = "") -> AsyncIterator[str]:
    """The origin of a server that serves ``app``, whose end is awaited."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            app, lifespan="on", log_level="critical", root_path=root_path, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


class Page:
    """A page of the app, as far as the collector can tell."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seq = 0

    async def hear(self, **fields: object) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = await asyncio.wait_for(self.socket.receive_json(), 30)
            if message.get("saving"):
                await self.socket.send_json({"t": "told"})
            if all(message.get(name, False) == value for name, value in fields.items()):
                return message

    async def call(self, method: str, url: str) -> None:
        self.seq += 1
        request = {
            "t": "request",
            "page": "p1",
            "seq": self.seq,
            "at": 1.0,
            "id": f"r{self.seq}",
            "method": method,
            "url": url,
        }
        await self.socket.send_json(request)
        await self.hear(t="ack", seq=self.seq)


@contextlib.asynccontextmanager
async def recording(origin: str, stripped: str = "", cookie: str = "") -> AsyncIterator[Page]:
    """A page that is recorded; ``stripped`` is what a proxy before the server would take off each path."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
        async with browser.get(origin + "/", headers=NAVIGATION) as answer:
            tag = re.search(TAG, await answer.read())
        assert tag
        path = re.search(rb'data-channel="([^"]+)"', tag.group())
        token = re.search(rb'data-token="([^"]+)"', tag.group())
        assert path and token
        headers = {"Origin": origin, **({"Cookie": cookie} if cookie else {})}
        async with browser.ws_connect(
            origin + path.group(1).decode().removeprefix(stripped), headers=headers
        ) as socket:
            await socket.send_json({"t": "hello", "page": "p1", "token": token.group(1).decode()})
            page = Page(socket)
            await page.hear(t="state", recording=False)
            key = await key_of(origin, browser, tag.group().decode().replace(f'src="{stripped}', 'src="'))
            await socket.send_json({"t": "toggle", "on": True, "key": key})
            await page.hear(t="state", recording=True)
            yield page


class WantingFold:
    """Wants whatever a request with the method WANT names."""

    calls, last, open = 0, "", 0

    def __init__(self) -> None:
        self.wanted: list[Want] = []
        self.fetched: list[Fetched] = []

    def feed(self, event: Any) -> None:
        if isinstance(event, Request) and event.method == "WANT":
            self.wanted.append(Want(url=event.url, keep="text"))
        if isinstance(event, Fetched):
            self.fetched.append(event)

    def wants(self) -> list[Want]:
        wanted, self.wanted = self.wanted, []
        return wanted

    def others(self) -> list[Session]:
        return []

    def session(self) -> Session:
        return Session(
            app=App(url="http://x"),
            notes=tuple(json.dumps([f.url, f.status, f.body.text, f.error]) for f in self.fetched),
        )


@pytest.fixture
def wanting(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*arguments: Any, **options: Any) -> collector.Collector:
        return collector.Collector(*arguments, **options, fold=WantingFold)

    monkeypatch.setattr(asgi, "Collector", made)


async def test_a_document_takes_the_script_and_its_policy_lets_it_run(tmp_path: Path) -> None:
    app = recorder.attach(SmallApp(), output=tmp_path / "s.json")
    async with served(app) as origin, aiohttp.ClientSession() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            text = await answer.read()
            nonce = re.search(rb'nonce="([^"]+)"', text)
            assert re.sub(TAG, b"", text) == PAGE and text != PAGE
            assert nonce and nonce.group(1).decode() in answer.headers["Content-Security-Policy"]
            assert "Content-Length" not in answer.headers
        async with browser.get(origin + "/_recorder/recorder.js") as answer:
            assert answer.status == 200
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_a_compressed_document_takes_it_too_and_what_is_no_document_passes_untouched(
    tmp_path: Path,
) -> None:
    app = recorder.attach(SmallApp(), output=tmp_path / "s.json")
    async with served(app) as origin, aiohttp.ClientSession(auto_decompress=False) as browser:
        async with browser.get(origin + "/gz", headers=NAVIGATION) as answer:
            assert re.sub(TAG, b"", await answer.read()) == PAGE
            assert not {"Content-Encoding", "ETag"} & set(answer.headers)
        async with browser.get(origin + "/gz", headers=NAVIGATION | {"Sec-Fetch-Dest": "empty"}) as answer:
            assert gzip.decompress(await answer.read()) == PAGE
            assert answer.headers["ETag"] == '"e"'


async def test_a_document_that_streams_is_handed_on_as_it_arrives(tmp_path: Path) -> None:
    inner = SmallApp()
    async with served(recorder.attach(inner, output=tmp_path)) as origin, aiohttp.ClientSession() as browser:
        async with browser.get(origin + "/stream", headers=NAVIGATION) as answer:
            first = await asyncio.wait_for(answer.content.readany(), 5)
            assert re.search(TAG, first)
            inner.more.set()
            assert re.sub(TAG, b"", first + await answer.content.read()) == PAGE


async def test_a_recording_is_saved_when_the_server_ends_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    saved: list[Path] = []
    app = recorder.attach(SmallApp(), output=tmp_path / "s.json", say=said.append, on_saved=saved.append)
    async with served(app) as origin, recording(origin) as page:
        await page.call("POST", origin + "/x")
    assert saved == [tmp_path / "s.json"]
    assert said[-1] == f"API Recorder saved {tmp_path / 's.json'}" and "/_recorder/open?key=" in said[0]
    assert session.read(tmp_path / "s.json").started
    assert not (tmp_path / "s.journal").exists()


class SeenFold(WantingFold):
    """Keeps the cookies and the requests that it is told of."""

    seen: ClassVar[list[Any]] = []

    def feed(self, event: Any) -> None:
        if isinstance(event, Cookies):
            self.seen.append(
                (event.before, event.method, event.url, [n for n, _ in event.sent], [n for n, _ in event.set])
            )


async def test_cookies_and_script_files_of_the_app_are_seen_as_they_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cooking(SmallApp):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["path"] == "/ui/config.js":
                return await self.say(send, b"a = 1", "text/javascript", (b"set-cookie", b"b=2; HttpOnly"))
            return await super().__call__(scope, receive, send)

    def made(*arguments: Any, **options: Any) -> collector.Collector:
        return collector.Collector(*arguments, **options, fold=SeenFold)

    monkeypatch.setattr(asgi, "Collector", made)
    SeenFold.seen = []
    app = recorder.attach(Cooking(), output=tmp_path / "s.json", say=lambda sentence: None)
    asked = {"Cookie": "a=1", "Sec-Fetch-Dest": "script"}
    async with served(app, "/ui") as origin, aiohttp.ClientSession() as browser:
        async with browser.get(f"{origin}/config.js?v=3", headers=asked) as answer:
            assert await answer.read() == b"a = 1"
        async with recording(origin, "/ui") as page:
            await page.socket.send_json({"t": "sought"})
            loaded = await page.hear(t="loaded")
            async with browser.get(f"{origin}/config.js", headers=asked):
                pass
            again = await page.hear(t="loaded")
    assert (loaded["text"], loaded["before"], loaded["url"]) == ("a = 1", True, f"{origin}/ui/config.js?v=3")
    assert (again["text"], again.get("before", False)) == ("a = 1", False)
    assert SeenFold.seen == [
        (True, "GET", f"{origin}/ui/config.js?v=", ["a"], ["b"]),
        (False, "GET", f"{origin}/ui/config.js", ["a"], ["b"]),
    ]


async def test_the_sockets_of_the_app_itself_pass(tmp_path: Path) -> None:
    async with (
        served(recorder.attach(SmallApp(), output=tmp_path)) as origin,
        aiohttp.ClientSession() as browser,
    ):
        async with browser.ws_connect(origin + "/ws") as socket:
            await socket.send_str("é")
            assert await socket.receive_str() == "é"


async def test_what_the_fold_wants_is_asked_of_the_app_in_process(tmp_path: Path, wanting: None) -> None:
    inner = SmallApp()
    async with served(recorder.attach(inner, output=tmp_path / "s.json")) as origin:
        async with recording(origin, cookie="a=1") as page:
            for path in ("/config", "/moved", "/away", "/bug"):
                await page.call("WANT", origin + path)
            await page.call("WANT", "http://169.254.169.254/latest")
    notes = {
        note[0].rpartition("/")[2]: note[1:]
        for note in map(json.loads, session.read(tmp_path / "s.json").notes)
    }
    assert notes["config"] == [200, '{"cookie": "a=1"}', None]
    assert notes["moved"] == [200, '{"cookie": "a=1"}', None]
    assert "redirects to another site" in notes["away"][2]
    assert "the app failed" in notes["bug"][2]
    assert "not of the app" in notes["latest"][2]


async def test_an_app_that_a_router_mounts_under_a_path_is_asked_there(tmp_path: Path, wanting: None) -> None:
    outer = FastAPI()
    outer.mount("/deep/ui", SmallApp())
    outer.add_route("/", lambda _: HTMLResponse(PAGE))
    async with (
        served(recorder.attach(outer, output=tmp_path / "s.json")) as origin,
        recording(origin) as page,
    ):
        async with aiohttp.ClientSession() as client:
            # A router writes into the scope of each request where it led to.
            await client.get(f"{origin}/deep/ui/page")
        await page.call("WANT", f"{origin}/deep/ui/config")
    (note,) = map(json.loads, session.read(tmp_path / "s.json").notes)
    assert note[1:] == [200, '{"cookie": null}', None]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("", None),
        ("", "null"),
        ("", "http://evil.example"),
        ("", "{origin}.evil.example"),
        ("evil.example", "http://evil.example"),
        ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example"),
    ],
)
async def test_another_site_is_refused(tmp_path: Path, host: str, origin: str | None) -> None:
    app = recorder.attach(SmallApp(), output=tmp_path)
    async with served(app) as ours, aiohttp.ClientSession() as browser:
        headers = {"Origin": origin.format(origin=ours)} if origin else {}
        if host:
            headers["Host"] = host
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await browser.ws_connect(ours + "/_recorder/channel", headers=headers)
    assert refusal.value.status == 403


async def test_under_another_name_the_app_is_as_without_us_unless_that_name_is_given(tmp_path: Path) -> None:
    headers = NAVIGATION | {"Host": "box.example:7860"}
    async with (
        served(recorder.attach(SmallApp(), output=tmp_path)) as origin,
        aiohttp.ClientSession() as browser,
    ):
        async with browser.get(origin, headers=headers) as answer:
            assert await answer.read() == PAGE
        async with browser.get(origin + "/_recorder/recorder.js", headers=headers) as answer:
            assert answer.status == 421
    app = recorder.attach(SmallApp(), output=tmp_path, hosts=["box.example"])
    async with served(app) as origin, aiohttp.ClientSession() as browser:
        async with browser.get(origin, headers=headers) as answer:
            assert re.search(TAG, await answer.read())


async def test_an_app_under_a_path_has_its_script_and_channel_there(tmp_path: Path) -> None:
    app = recorder.attach(SmallApp(), output=tmp_path / "s.json")
    async with served(app, root_path="/app") as origin, recording(origin, "/app") as page:
        await page.call("POST", origin + "/app/x")
        async with aiohttp.ClientSession() as browser:
            async with browser.get(origin, headers=NAVIGATION) as answer:
                assert b'src="/app/_recorder/recorder.js?' in await answer.read()
    assert (tmp_path / "s.json").exists()


async def test_the_token_is_not_in_our_script_nor_in_any_address(tmp_path: Path) -> None:
    inner = SmallApp()
    async with served(recorder.attach(inner, output=tmp_path)) as origin, recording(origin):
        async with aiohttp.ClientSession() as browser:
            async with browser.get(origin, headers=NAVIGATION) as answer:
                token = re.search(rb'data-token="([^"]+)"', await answer.read())
            assert token
            async with browser.get(origin + "/_recorder/recorder.js") as answer:
                assert token.group(1) not in await answer.read()
    assert token.group(1).decode() not in json.dumps(inner.asked)


def test_what_is_no_app_gets_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"recorder\.attach cannot use a int"):
        recorder.attach(3)


@pytest.mark.parametrize(
    ("client", "header", "hosts", "answered"),
    [
        ("127.0.0.1", None, (), True),
        ("::1", None, (), True),
        ("10.0.0.5", None, (), False),
        ("10.0.0.5", None, ("127.0.0.1",), True),
        ("127.0.0.1", b"x-forwarded-for", (), False),
        ("127.0.0.1", b"forwarded", (), False),
        (None, None, (), False),
    ],
)
async def test_only_this_machine_is_answered_unless_hosts_are_named(
    client: str | None, header: bytes | None, hosts: tuple[str, ...], answered: bool, tmp_path: Path
) -> None:
    app = asgi.attach(SmallApp(), output=tmp_path, hosts=hosts, say=lambda sentence: None)
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", b"127.0.0.1:80"), (b"accept", b"text/html"), (b"sec-fetch-dest", b"document")]
    if header is not None:
        headers.append((header, b"10.0.0.5"))
    for path in ("/", "/_recorder/recorder.js"):
        scope = {
            "type": "http", "method": "GET", "scheme": "http", "path": path, "query_string": b"", "headers": headers,
            "client": (client, 1) if client else None, "server": ("127.0.0.1", 80),
        }  # fmt: skip
        said.clear()
        await app(scope, receive, send)
        if path == "/":
            assert (b"_recorder/recorder.js" in b"".join(m.get("body", b"") for m in said)) is answered
        else:
            assert (said[0]["status"] == 200) is answered

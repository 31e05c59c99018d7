"""The page side in real Chromium, against a small server and a collector that does as each test says."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import WSMsgType, web
from playwright.async_api import async_playwright
from playwright.async_api import expect as async_expect
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import CHROMIUM_FLAGS
from recorder import events
from recorder.capture import inject
from recorder.events import (
    Ack,
    Act,
    Chunk,
    Done,
    Hello,
    Lost,
    PageOpened,
    Refused,
    Request,
    Response,
    Secret,
    SocketClosed,
    SocketMessage,
    SocketOpened,
    State,
    Toggle,
    ToPage,
    Wait,
)

TOKEN = "token-of-this-run"
FOOTER = "<footer><button>Settings</button></footer>"


class Site:
    """A web app with the recorder in its pages, and the collector behind it. Its server runs in a thread of its own."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {"/": FOOTER, "/plain": FOOTER}
        self.headers: dict[str, str] = {}
        self.lines: list[Any] = []
        """Everything that pages said, in order, repeats included."""
        self.frames: list[str] = []
        self.session = 0
        self.recording = False
        self.acknowledges = True
        self.answers_presses = True
        self.refuses = ""
        self.is_up = True
        self.gone: list[str] = []
        """Endless streams whose reader went away."""
        self.held: asyncio.Event
        self._news = threading.Condition()
        self._sockets: set[web.WebSocketResponse] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    # What tests ask

    def wait(self, condition: Callable[[], Any], timeout: float = 10) -> Any:
        """The first true answer of ``condition``, asked again after everything that a page says."""
        with self._news:
            found = self._news.wait_for(condition, timeout)
        assert found, f"it never came; the pages said:\n{self.lines}"
        return found

    def said(self, *kinds: type) -> list[Any]:
        """What pages said of these kinds, each event once."""
        seen: dict[Any, Any] = {}
        for line in list(self.lines):
            if isinstance(line, kinds):
                key = (line.page, line.seq) if isinstance(line, events.Event) else id(line)
                seen.setdefault(key, line)
        return list(seen.values())

    def request(self, part: str) -> Request | None:
        """The first request whose URL holds ``part``."""
        return next((r for r in self.said(Request) if part in r.url), None)

    def done(self, part: str) -> Done | None:
        """The end of that request."""
        request = self.request(part)
        return next(
            (d for d in self.said(Done) if request and (d.page, d.id) == (request.page, request.id)), None
        )

    # What tests do

    def start(self) -> None:
        """A recording starts without a press on this page."""
        self.session += 1
        self.recording = True
        self.say(self.state())

    def stop(self, saved: str = "/tmp/session.json", error: str = "") -> None:
        self.recording = False
        self.say(State(session=self.session, saved=saved, error=error))

    def state(self, **more: Any) -> State:
        return State(recording=self.recording, session=self.session, **more)

    def say(self, message: ToPage) -> None:
        async def send() -> None:
            for socket in list(self._sockets):
                await socket.send_str(events.dump(message))

        self.do(send())

    def drop(self) -> None:
        """Every connection of the channel breaks."""

        async def close() -> None:
            for socket in list(self._sockets):
                await socket.close()

        self.do(close())

    def release(self) -> None:
        """The second half of what ``/held`` sends."""
        self._loop.call_soon_threadsafe(self.held.set)

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        self.do(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # The server

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _start(self) -> None:
        self.held = asyncio.Event()
        app = web.Application(client_max_size=2**30)
        app.router.add_get("/_recorder/channel", self._channel)
        app.router.add_get("/_recorder/recorder.js", self._script)
        app.router.add_route("*", "/echo", self._echo)
        app.router.add_get("/json", self._json)
        app.router.add_get("/bytes", self._bytes)
        app.router.add_get("/held", self._held)
        app.router.add_get("/endless/{name}", self._endless)
        app.router.add_get("/socket", self._socket)
        app.router.add_static("/modules", inject.static_folder())
        app.router.add_get("/{path:.*}", self._page)
        app.router.add_post("/{path:.*}", self._page)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _page(self, request: web.Request) -> web.Response:
        html = self.pages.get(request.path)
        if html is None:
            return web.Response(status=404)
        body = f"<!doctype html><html><head><title>App</title></head><body>{html}</body></html>".encode()
        if request.path != "/plain":
            injector = inject.HtmlInjector(inject.script_tag(TOKEN, "n0nce"))
            body = injector.feed(body) + injector.finish()
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=self.headers)

    async def _script(self, _: web.Request) -> web.Response:
        return web.Response(text=inject.recorder_script(), content_type="text/javascript")

    async def _echo(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"method": request.method, "body": (await request.read()).decode("utf-8", "replace")}
        )

    async def _json(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _bytes(self, _: web.Request) -> web.Response:
        return web.Response(body=b"\0\1", content_type="application/octet-stream")

    async def _held(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": request.query.get("type", "text/event-stream")}
        )
        await response.prepare(request)
        # The bytes of the umlaut arrive in two pieces.
        await response.write(b"data: first \xc3")
        await self.held.wait()
        await response.write(b"\xbc second\n\n")
        await response.write_eof()
        return response

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"data: x\n\n")
                await asyncio.sleep(0.02)
        finally:
            with self._news:
                self.gone.append(request.match_info["name"])
                self._news.notify_all()

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_str(f"echo {message.data}")
            elif message.type == WSMsgType.BINARY:
                await socket.close(code=4001, message=b"enough")
        return socket

    async def _channel(self, request: web.Request) -> web.StreamResponse:
        if not self.is_up:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    for answer in self.hear(message.data):
                        await socket.send_str(events.dump(answer))
        finally:
            self._sockets.discard(socket)
        return socket

    def hear(self, frame: str) -> list[ToPage]:
        """Take one frame; what to answer."""
        answers: list[ToPage] = []
        acks: dict[str, int] = {}
        lines = [events.parse(line) for line in frame.split("\n")]
        for line in lines:
            if isinstance(line, Hello):
                assert line.token == TOKEN and line.v == events.PROTOCOL
                answers.append(Refused(why=self.refuses) if self.refuses else self.state())
            elif isinstance(line, Toggle):
                if self.answers_presses:
                    if line.on:
                        self.session += 1
                    self.recording = line.on
                    answers.append(self.state(saved="" if line.on else "/tmp/session.json"))
            elif isinstance(line, events.Event):
                acks[line.page] = line.seq
        if self.acknowledges:
            answers += [Ack(page=page, seq=seq) for page, seq in acks.items()]
        with self._news:
            self.lines += lines
            self.frames.append(frame)
            self._news.notify_all()
        return answers


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def page(chromium: Browser) -> Page:
    return chromium.new_page()


@pytest.fixture
def open_page(site: Site, page: Page) -> Callable[..., Page]:
    """Opens an instrumented page whose collector has heard its Hello."""

    def open_page(path: str = "/", recording: bool = False) -> Page:
        if recording:
            site.session, site.recording = 1, True
        before = len(site.said(Hello))
        page.goto(site.url + path)
        site.wait(lambda: len(site.said(Hello)) > before)
        if recording:
            site.wait(lambda: site.said(PageOpened))
        return page

    return open_page


def get(page: Page, path: str) -> None:
    """The app fetches ``path`` and reads the answer."""
    page.evaluate("(url) => fetch(url).then((response) => response.text())", path)


def toggle(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("^API Recorder"))


# The app does not notice

BEHAVIOUR = """async (port) => {
  const said = {};
  const words = (error) => `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
  const tried = async (name, work) => {
    try { said[name] = await work(); } catch (error) { said[name] = words(error); }
  };
  const flags = (owner, name) => {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(owner, name);
    return JSON.stringify(rest);
  };
  await tried('unreachable', () => fetch('http://127.0.0.1:1/'));
  await tried('no such address', () => fetch('http://[/'));
  await tried('no argument', () => fetch());
  await tried('bad method', () => fetch('/json', { method: 'a b' }));
  await tried('body on get', () => fetch('/json', { body: 'x' }));
  await tried('bad header', () => fetch('/json', { headers: { 'a\\n': 'x' } }));
  await tried('foreign receiver', () => fetch.call({}, '/json'));
  await tried('aborted before', () => fetch('/json', { signal: AbortSignal.abort() }));
  await tried('aborted with a reason', () =>
    fetch('/json', { signal: AbortSignal.abort('why') }).catch((e) => `${typeof e} ${e}`));
  await tried('aborted after', async () => {
    const control = new AbortController();
    const response = await fetch('/endless/aborted', { signal: control.signal });
    const text = response.text();
    control.abort();
    return text;
  });
  await tried('read twice', async () => { const r = await fetch('/json'); await r.text(); return r.text(); });
  await tried('clone after read', async () => { const r = await fetch('/json'); await r.text(); r.clone(); });
  await tried('response', async () => {
    const r = await fetch('/json#part');
    return [r instanceof Response, r.bodyUsed, r.body.locked, r.status, r.type,
      new URL(r.url).pathname, r.redirected, await r.json()];
  });
  await tried('request', async () => {
    const request = new Request('/echo', { method: 'POST', body: 'hello' });
    const r = await fetch(request);
    let again = ''; try { await fetch(request); } catch (error) { again = words(error); }
    return [request.bodyUsed, await r.json(), again];
  });
  await tried('one-shot headers', async () => {
    const r = await fetch('/echo', { method: 'POST', body: 'x', headers: [['x-a', 'b']][Symbol.iterator]() });
    return r.status;
  });
  await tried('no-cors', async () => {
    const r = await fetch(`http://localhost:${port}/json`, { mode: 'no-cors' });
    return [r.type, r.status, r.body];
  });
  await tried('cors refused', () => fetch(`http://localhost:${port}/json`));
  await tried('reader cancelled', async () => {
    const reader = (await fetch('/endless/reader')).body.getReader();
    await reader.read(); await reader.cancel(); return 'over';
  });
  await tried('stream cancelled', async () => { await (await fetch('/endless/stream')).body.cancel(); return 'over'; });
  await tried('loop left', async () => {
    for await (const _ of (await fetch('/endless/loop')).body) break;
    return 'over';
  });
  await tried('decoder cancelled', async () => {
    const reader = (await fetch('/endless/decoder')).body.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read(); await reader.cancel(); return typeof value;
  });
  await tried('unhandled', () => new Promise((done) => {
    addEventListener('unhandledrejection', (event) => {
      event.preventDefault();
      done(words(event.reason));
    }, { once: true });
    fetch('http://127.0.0.1:1/');
  }));
  said.fetch = [fetch.name, fetch.length, typeof fetch, /\\[native code\\]/.test(fetch),
    flags(window, 'fetch'), 'prototype' in fetch];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  class Own extends WebSocket { shout(text) { this.send(text.toUpperCase()); } }
  const own = new Own(`ws://127.0.0.1:${port}/socket`, []);
  said.socket = [
    socket instanceof WebSocket, socket.constructor === WebSocket, WebSocket.prototype.constructor === WebSocket,
    Object.getPrototypeOf(socket) === WebSocket.prototype, own instanceof Own, own instanceof WebSocket,
    own.constructor === Own,
    WebSocket.OPEN, WebSocket.name, WebSocket.length, /\\[native code\\]/.test(WebSocket), flags(window, 'WebSocket'),
    Object.prototype.toString.call(socket), socket.binaryType, flags(WebSocket.prototype, 'send'),
  ];
  await tried('socket without new', () => WebSocket('ws://x'));
  await tried('socket of a bad address', () => new WebSocket('ftp://x').url);
  await tried('send too early', () => socket.send('x'));
  await tried('socket conversation', () => new Promise((done) => {
    own.onmessage = (event) => done([event.data, own.url.replace(/\\d+/g, 'n'), own.readyState, own.bufferedAmount]);
    own.onopen = () => own.shout('hi');
  }));
  said.keys = [Object.keys(window).filter((key) => /record/i.test(key)), document.querySelectorAll('script').length];
  return said;
}"""


def test_the_page_behaves_the_same_with_and_without_the_recorder(site: Site, chromium: Browser) -> None:
    port = int(site.url.rpartition(":")[2])
    answers = {}
    for path in ("/plain", "/"):
        page = chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))  # type: ignore[misc]
        site.recording, site.session = True, 1
        page.goto(site.url + path)
        answers[path] = page.evaluate(BEHAVIOUR, port)
        assert errors == []
        # Whoever stops reading is not kept waiting by us, and the server is told.
        site.wait(lambda: {"aborted", "reader", "stream", "loop", "decoder"} <= set(site.gone))
        site.gone.clear()
        page.close()
    assert answers["/"] == answers["/plain"]


@pytest.mark.parametrize("type", ["text/event-stream", "text/plain"])
def test_a_chunk_reaches_page_and_collector_while_the_server_still_holds_the_next(
    site: Site, open_page: Callable[..., Page], type: str
) -> None:
    page = open_page(recording=True)
    page.evaluate(
        """async (url) => {
            window.reader = (await fetch(url)).body.getReader();
            const { value } = await window.reader.read();
            window.first = new TextDecoder().decode(value, { stream: true });
        }""",
        f"/held?type={type}",
    )
    assert page.evaluate("window.first") == "data: first "
    site.wait(lambda: "".join(c.text for c in site.said(Chunk)) == "data: first ")
    site.release()
    page.evaluate("async () => { while (!(await window.reader.read()).done); }")
    site.wait(lambda: site.done("/held"))
    assert "".join(c.text for c in site.said(Chunk)) == "data: first ü second\n\n"
    assert site.done("/held").body == events.Body()


def test_every_form_of_fetch_is_recorded(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(recording=True)
    page.evaluate(
        """async () => {
            const form = new FormData();
            form.append('a', 'b'); form.append('f', new File(['12345'], 'ü (1).txt', { type: 'text/plain' }));
            const json = { 'Content-Type': 'application/json' };
            await fetch('/json?n=string#x');
            await fetch(new URL('/json?n=url', location.href));
            await fetch(new Request('/echo?n=request', { method: 'post', body: '{"a":1}', headers: json }));
            await fetch(new Request('/echo?n=replaced', { method: 'POST', body: 'old' }), { body: 'new' });
            await fetch('/echo?n=form', { method: 'POST', body: form });
            await fetch(new Request('/echo?n=formrequest', { method: 'POST', body: form }));
            form.delete('a');
            await fetch('/echo?n=upload', { method: 'POST', body: form });
            await fetch('/echo?n=query', { method: 'PUT', body: new URLSearchParams('a=1&a=2') });
            await fetch('/echo?n=blob', { method: 'POST', body: new Blob(['{"b":2}'], { type: 'application/json' }) });
            await fetch('/echo?n=picture', { method: 'POST', body: new Blob(['xyz'], { type: 'image/png' }) });
            await fetch('/echo?n=buffer', { method: 'POST', body: new TextEncoder().encode('{"ü":3}'), headers: json });
            await fetch('/echo?n=stray', { method: 'POST', body: 'lone \\ud800 surrogate' });
            await fetch('/bytes');
            await fetch('http://127.0.0.1:1/refused').catch(() => {});
        }"""
    )
    site.wait(lambda: site.done("/refused"))
    by_name = {re.split(r"n=|/", r.url)[-1]: r for r in site.said(Request)}
    assert by_name["string"].method == "GET" and by_name["string"].url.endswith("/json?n=string")
    assert {"url", "request", "replaced"} <= set(by_name)
    assert (by_name["request"].method, by_name["request"].body.text) == ("POST", '{"a":1}')
    assert by_name["replaced"].body.text == "new"
    assert dict(by_name["replaced"].headers)["content-type"] == "text/plain;charset=UTF-8"
    content = f"data:text/plain;base64,{base64.b64encode(b'12345').decode()}"
    file = events.Part(name="f", filename="ü (1).txt", size=5, type="text/plain", value=content)
    for form in ("form", "formrequest"):
        assert by_name[form].body.parts == (events.Part(name="a", value="b"), file)
    assert by_name["upload"].body.parts == (file,)
    assert dict(by_name["query"].headers)["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert by_name["query"].body.parts == (events.Part(name="a", value="1"), events.Part(name="a", value="2"))
    assert by_name["blob"].body.text == '{"b":2}'
    assert by_name["buffer"].body.text == '{"ü":3}'
    picture = events.Part(name="", filename="", size=3, type="image/png", value="data:image/png;base64,eHl6")
    assert by_name["picture"].body.parts == (picture,)
    assert by_name["stray"].body.text == "lone \ud800 surrogate"
    assert json.loads(site.done("n=form").body.text)["method"] == "POST"
    assert site.done("/bytes").body == events.Body(kind="lost", reason="binary_not_kept", size=2)
    assert site.done("/refused").error == "TypeError: Failed to fetch"
    statuses = {r.id: r.status for r in site.said(Response)}
    assert statuses[by_name["string"].id] == 200
    # In the page's order: a request, what answered it, its end; and everything numbered without a gap.
    for request in by_name.values():
        order = [type(e) for e in site.said(Request, Response, Done) if e.id == request.id]
        assert order in ([Request, Response, Done], [Request, Done])
    assert [e.seq for e in site.said(events.Event)] == list(range(1, len(site.said(events.Event)) + 1))


def test_a_websocket_is_recorded_with_its_messages_and_its_end(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    page.evaluate(
        """() => new Promise((done) => {
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
            socket.onopen = () => socket.send('hello');
            socket.onmessage = () => socket.send(new Uint8Array(3));
            socket.onclose = done;
        })"""
    )
    site.wait(lambda: site.said(SocketClosed))
    assert [s.url for s in site.said(SocketOpened)] == [site.url.replace("http", "ws") + "/socket"]
    messages = [(m.sent, m.body.text or m.body.reason) for m in site.said(SocketMessage)]
    assert messages == [(True, "hello"), (False, "echo hello"), (True, "binary_not_kept")]
    closed = site.said(SocketClosed)[0]
    assert (closed.code, closed.reason) == (4001, "enough")


def test_what_is_too_large_says_so_and_the_app_gets_it_whole(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    length = page.evaluate(
        """async () => {
            const r = await fetch('/echo?big', { method: 'POST', body: 'x'.repeat(33 * 2 ** 20) });
            return (await r.text()).length;
        }"""
    )
    assert length > 33 * 2**20
    done = site.wait(lambda: site.done("?big"), 30)
    assert done.body.reason == "too_large"
    assert site.request("?big").body.reason == "too_large"


def test_the_hooks_are_put_back_unless_somebody_wrapped_after(
    chromium: Browser, site: Site, page: Page
) -> None:
    page.goto(site.url + "/plain")
    hooks = inject.link(
        inject.static_folder() / "recorder", "hooks.js", "Object.assign(window, { hook, Making });"
    )
    page.evaluate(hooks)
    result = page.evaluate(
        """() => {
            const now = () => [fetch, WebSocket, WebSocket.prototype.send, ReadableStream.prototype.cancel];
            const natives = now();
            const same = () => now().map((each, index) => each === natives[index]);
            const observer = { now: () => 0, add: () => {}, act: () => undefined, flush: () => {} };
            const making = new Making(() => {}, () => 0);
            const { undo } = hook(observer, making);
            const during = same();
            undo();
            const after = [...same(), WebSocket.prototype.constructor === WebSocket];
            const again = hook(observer, making).undo;
            const wrapped = fetch;
            window.fetch = (...args) => wrapped(...args);
            const theirs = window.fetch;
            again();
            return [during, after, window.fetch === theirs, same()[1]];
        }"""
    )
    assert result == [[False] * 4, [True] * 5, True, True]


# What is not asked by fetch


def test_every_form_of_xhr_is_recorded_and_the_page_sees_the_browser_s_own(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    seen = page.evaluate(
        """async () => {
            const ask = (method, url, body, set) => new Promise((done) => {
                const request = new XMLHttpRequest();
                request.open(method, url);
                set?.(request);
                request.onloadend = () => done([request.status, typeof request.response]);
                request.send(body);
            });
            const json = (request) => {
                request.setRequestHeader('Content-Type', 'application/json');
                request.responseType = 'json';
            };
            const form = new FormData();
            form.append('a', 'b'); form.append('f', new File(['12345'], 'x.txt', { type: 'text/plain' }));
            return [
                await ask('get', '/json?n=plain'),
                await ask('POST', '/echo?n=json', '{"a":1}', json),
                await ask('POST', '/echo?n=form', form),
                await ask('PUT', '/echo?n=params', new URLSearchParams('a=1')),
                await ask('GET', '/bytes?n=bytes', null, (request) => (request.responseType = 'arraybuffer')),
                await ask('GET', '/missing?n=missing'),
                await ask('GET', 'http://127.0.0.1:1/refused'),
                String(XMLHttpRequest.prototype.send).includes('[native code]'),
            ];
        }"""
    )
    assert seen == [
        [200, "string"], [200, "object"], [200, "string"], [200, "string"], [200, "object"], [404, "string"],
        [0, "string"], True,
    ]  # fmt: skip
    site.wait(lambda: site.done("/refused"))
    by_name = {re.split(r"n=|/", r.url)[-1]: r for r in site.said(Request) if r.how == "xhr"}
    assert by_name["plain"].method == "GET"
    assert json.loads(site.done("n=plain").body.text) == {"ok": True}
    assert by_name["json"].body.text == '{"a":1}'
    assert json.loads(site.done("n=json").body.text)["method"] == "POST"
    assert [part.name for part in by_name["form"].body.parts] == ["a", "f"]
    assert (
        dict(by_name["params"].headers)["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    )
    assert site.done("n=bytes").body.reason == "binary_not_kept"
    assert "error" in site.done("/refused").error
    statuses = {r.id: r.status for r in site.said(Response)}
    assert statuses[by_name["missing"].id] == 404


def test_an_event_source_is_told_event_by_event_whatever_they_are_called(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    heard = page.evaluate(
        """() => new Promise((done) => {
            const source = new EventSource('/endless/source?n=source');
            source.onmessage = ({ data }) => { source.close(); done([data, source.constructor === EventSource]); };
        })"""
    )
    assert heard == ["x", True]
    over = site.wait(lambda: site.done("n=source"))
    request = site.request("n=source")
    assert (request.how, request.method) == ("eventsource", "GET")
    assert over.aborted
    assert "".join(chunk.text for chunk in site.said(Chunk) if chunk.id == request.id) == "data: x\n\n"


def test_bodies_in_other_encodings_are_recorded_as_text_with_the_encoding(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    page.evaluate(
        """async () => {
            const post = (name, body, headers) => fetch('/echo?n=' + name, { method: 'POST', body, headers });
            const json = { 'Content-Type': 'application/json' };
            const text = (charset) => ({ 'Content-Type': `text/plain; charset=${charset}` });
            const pack = async (format, text) =>
                new Response(new Blob([text]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer();
            await post('latin', Uint8Array.of(0x63, 0xe9), text('iso-8859-1'));
            await post('cyrillic', new Blob([Uint8Array.of(0xcf)], { type: 'text/plain;charset=windows-1251' }));
            await post('marked', new TextEncoder().encode('\ufeff{}'), json);
            await post('wrong', Uint8Array.of(0x63, 0xe9), json);
            await post('wide', Uint8Array.of(0x63, 0), text('utf-16le'));
            await post('request', new Blob([]));
            await fetch(new Request('/echo?n=bytes', { method: 'POST', body: Uint8Array.of(0, 1) }));
            await post('gzip', await pack('gzip', '{"a":"ü"}'), { ...json, 'Content-Encoding': 'gzip' });
            await post('deflate', await pack('deflate', '{"a":1}'), { ...json, 'Content-Encoding': 'deflate' });
            await post('broken', Uint8Array.of(1, 2), { ...json, 'Content-Encoding': 'gzip' });
            await fetch(new Request('/echo?n=packed', {
                method: 'POST', body: await pack('gzip', '[1]'), headers: { ...json, 'Content-Encoding': 'gzip' },
            }));
            await post('end', '1');
        }"""
    )
    site.wait(lambda: site.done("n=end"))
    bodies = {r.url.rpartition("=")[2]: r.body for r in site.said(Request)}
    assert bodies["latin"] == events.Body(kind="text", text="cé", charset="windows-1252")
    assert bodies["cyrillic"] == events.Body(kind="text", text="П", charset="windows-1251")
    assert bodies["marked"] == events.Body(kind="text", text="\ufeff{}")
    for name, content in {"wrong": b"c\xe9", "wide": b"c\0", "bytes": b"\0\1", "broken": b"\1\2"}.items():
        assert base64.b64decode(bodies[name].parts[0].value.partition(",")[2]) == content
    assert bodies["gzip"].text == '{"a":"ü"}'
    assert bodies["deflate"].text == '{"a":1}'
    assert bodies["packed"].text == "[1]"


@pytest.mark.parametrize(
    ("attribute", "charset"),
    [("", ""), ("windows-1251", "windows-1251"), ("no-such latin1", "windows-1252"), ("utf-16", "")],
)
def test_a_form_is_told_with_its_encoding(
    attribute: str, charset: str, site: Site, open_page: Callable[..., Page]
) -> None:
    form = f'<form action="/there" method="post" accept-charset="{attribute}"><button name="b" value="ж">Send</button></form>'
    site.pages |= {"/": form + FOOTER, "/there": "<p>answer</p>" + FOOTER}
    page = open_page(recording=True)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/there")
    sent = site.wait(lambda: next((r for r in site.said(Request) if r.how == "form"), None))
    assert sent.body == events.Body(kind="parts", parts=(events.Part(name="b", value="ж"),), charset=charset)


def test_a_beacon_is_told_with_what_it_carries(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(recording=True)
    assert page.evaluate("navigator.sendBeacon('/echo?n=beacon', 'gone')") is True
    site.wait(lambda: site.done("n=beacon"))
    request = site.request("n=beacon")
    assert (request.how, request.method, request.body.text) == ("beacon", "POST", "gone")


def test_a_form_is_told_and_the_document_that_answers_names_it(
    site: Site, open_page: Callable[..., Page]
) -> None:
    form = (
        '<form action="/there" method="post"><input type="hidden" name="csrf_token" value="hidden-9f2-value">'
        '<input name="a" aria-label="A"><button name="b" value="1">Send</button></form>'
    )
    site.pages |= {"/": form + FOOTER, "/there": "<p>answer</p>" + FOOTER}
    page = open_page(recording=True)
    page.get_by_label("A", exact=True).fill("x")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/there")
    answer = site.wait(lambda: next((r for r in site.said(Request) if r.form), None))
    sent = next(r for r in site.said(Request) if r.how == "form")
    assert (sent.method, sent.url) == ("POST", site.url + "/there")
    values = {part.name: part.value for part in sent.body.parts}
    assert (values["a"], values["b"]) == ("x", "1")
    # What guards the form is a secret, and the same one in the page that brought it.
    assert values["csrf_token"].startswith("[recorder-secret:")
    first = site.wait(
        lambda: next((d for d in site.said(Done) if d.id == "d0" and d.page == sent.page), None)
    )
    assert values["csrf_token"] in first.body.text
    assert "hidden-9f2-value" not in first.body.text
    assert (answer.how, answer.form, answer.left, answer.act) == ("document", sent.id, sent.page, sent.act)
    assert next(a for a in site.said(Act) if a.id == sent.act).kind in ("click", "submit")


def test_a_form_that_the_app_sends_itself_is_not_told_as_a_form(
    site: Site, open_page: Callable[..., Page]
) -> None:
    site.pages["/"] = (
        '<form action="/there" method="post" onsubmit="event.preventDefault(); new FormData(this); fetch(\'/json?own\')">'
        "<button>Send</button></form>" + FOOTER
    )
    page = open_page(recording=True)
    page.get_by_role("button", name="Send").click()
    site.wait(lambda: site.done("?own"))
    assert [r.how for r in site.said(Request) if r.how != "document"] == ["fetch"]


def test_a_cookie_is_told_only_where_the_request_carries_it_elsewhere_too(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    page.evaluate(
        """async () => {
            document.cookie = 'csrftoken=guard-4711-value';
            document.cookie = 'theme=something-else';
            await fetch('/json?n=1');
            await fetch('/echo?n=2', { method: 'POST', headers: { 'X-CSRFToken': 'guard-4711-value' } });
        }"""
    )
    site.wait(lambda: site.done("n=2"))
    assert not any(name == "cookie" for name, _ in site.request("n=1").headers)
    headers = dict(site.request("n=2").headers)
    assert headers["cookie"] == f"csrftoken={headers['x-csrftoken']}"
    assert headers["x-csrftoken"].startswith("[recorder-secret:")


def test_on_a_gradio_page_uploads_are_not_read_and_documents_not_told(
    site: Site, open_page: Callable[..., Page]
) -> None:
    site.pages["/"] = "<script>window.gradio_config = { root: location.origin }</script>" + FOOTER
    page = open_page(recording=True)
    page.evaluate(
        """async () => {
            const form = new FormData();
            form.append('files', new File(['12345'], 'x.txt'));
            await fetch('/echo?n=upload', { method: 'POST', body: form });
        }"""
    )
    site.wait(lambda: site.done("n=upload"))
    assert [part.value for part in site.request("n=upload").body.parts] == [None]
    assert [r.how for r in site.said(Request)] == ["fetch"]


def test_a_shortcut_of_the_app_s_is_an_act(site: Site, open_page: Callable[..., Page]) -> None:
    site.pages["/"] = "<input aria-label='Text'>" + FOOTER
    page = open_page(recording=True)
    page.get_by_label("Text").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+s")
    site.wait(lambda: site.said(Act))
    assert [(act.kind, act.name) for act in site.said(Act)] == [("keydown", "Text")]


def test_a_control_that_is_no_field_is_used_by_keys_and_by_dragging(
    site: Site, open_page: Callable[..., Page]
) -> None:
    slider = "<div role='slider' aria-label='Size' tabindex='0' style='width: 200px; height: 40px'></div>"
    site.pages["/"] = slider + FOOTER
    page = open_page(recording=True)
    page.get_by_role("slider").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.mouse.move(50, 20)
    page.mouse.down()
    page.mouse.move(52, 20)
    page.mouse.move(90, 20)
    page.mouse.move(120, 20)
    page.mouse.up()
    site.wait(lambda: len(site.said(Act)) == 3)
    assert [(act.kind, act.name) for act in site.said(Act)] == [
        ("keydown", "Size"),
        ("drag", "Size"),
        ("click", "Size"),
    ]


# The channel


def test_nothing_but_hello_leaves_the_page_before_recording(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    get(page, "/json?early")
    toggle(page).click()
    site.wait(lambda: site.done("?early"))
    kinds = [type(line) for line in site.lines]
    assert kinds[:2] == [Hello, Toggle]
    assert set(kinds[: kinds.index(Toggle)]) == {Hello}


def test_what_happened_before_comes_first_and_is_marked(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    get(page, "/json?early")
    page.evaluate("async () => { window.late = fetch('/held'); await window.late; }")
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")
    get(page, "/json?live")
    site.release()
    page.evaluate("async () => { await (await window.late).text(); }")
    site.wait(lambda: site.done("?live") and site.done("/held"))
    told = site.said(events.Event)
    assert isinstance(told[0], PageOpened) and told[0].title == "App" and not told[0].embedded
    assert site.request("?early").before and site.done("?early").before
    assert not site.request("?live").before and not site.done("?live").before
    # What began before the recording belongs to before, its end included.
    assert site.request("/held").before and site.done("/held").before
    assert [e.seq for e in told] == list(range(1, len(told) + 1))


def test_calls_between_the_press_and_its_confirmation_are_recorded(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    site.answers_presses = False
    get(page, "/json?early")
    toggle(page).click()
    site.wait(lambda: site.said(Toggle))
    expect(toggle(page)).to_have_attribute("aria-pressed", "false")
    get(page, "/json?between")
    assert site.request("?between") is None
    site.start()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")
    site.wait(lambda: site.done("?between"))
    assert site.request("?early").before
    assert not site.request("?between").before


def test_a_page_that_opens_into_a_recording_is_of_it_from_its_first_request(
    site: Site, open_page: Callable[..., Page]
) -> None:
    site.pages["/"] = "<script>fetch('/json?first')</script>" + FOOTER
    open_page(recording=True)
    site.wait(lambda: site.done("?first"))
    assert not any(event.before for event in site.said(events.Event))


def test_a_second_session_has_the_context_again_under_fresh_numbers(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    get(page, "/json?early")
    toggle(page).click()
    site.wait(lambda: site.done("?early"))
    get(page, "/json?one")
    site.wait(lambda: site.done("?one"))
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "false")
    highest = max(e.seq for e in site.said(events.Event))
    site.lines.clear()
    toggle(page).click()
    site.wait(lambda: site.done("?one"))
    told = site.said(events.Event)
    assert isinstance(told[0], PageOpened) and told[0].seq == highest + 1
    assert site.request("?early").before and site.request("?one").before


def test_a_lost_connection_loses_nothing_and_doubles_nothing(
    site: Site, open_page: Callable[..., Page], promise: Callable[..., None]
) -> None:
    page = open_page(recording=True)
    site.acknowledges = False
    get(page, "/json?n=1")
    site.wait(lambda: site.done("n=1"))
    site.is_up = False
    site.drop()
    get(page, "/json?n=2")
    assert site.request("n=2") is None
    heard = len(site.lines)
    site.acknowledges = site.is_up = True
    site.wait(lambda: site.done("n=2"))
    again = [line for line in site.lines[heard:] if isinstance(line, events.Event)]
    # Everything that was not acknowledged is said again, under the numbers it had.
    assert any(isinstance(e, Request) and "n=1" in e.url for e in again)
    told = site.said(events.Event)
    assert [e.seq for e in told] == list(range(1, len(told) + 1))
    assert len([e for e in told if isinstance(e, Request) and e.how == "fetch"]) == 2
    site.drop()
    hellos = len(site.said(Hello))
    site.wait(lambda: len(site.said(Hello)) > hellos)
    heard = len(site.lines)
    get(page, "/json?n=3")
    site.wait(lambda: site.done("n=3"))
    # What was acknowledged is not.
    assert not any(isinstance(e, Request) and "n=1" in e.url for e in site.lines[heard:])
    promise("durability: a page that loses its connection loses and duplicates nothing", 1, [])


def test_what_a_document_could_not_say_is_said_by_the_next_one_of_the_tab(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    site.wait(lambda: site.said(PageOpened))
    site.is_up = False
    site.drop()
    get(page, "/json?unsaid")
    site.is_up = True
    page.goto(site.url + "/?next")
    site.wait(lambda: len(site.said(PageOpened)) == 2 and site.done("?unsaid"))
    first, second = site.said(PageOpened)
    assert site.request("?unsaid").page == first.page != second.page
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_a_reload_in_the_middle_of_everything_neither_loses_nor_doubles_a_call(
    site: Site, open_page: Callable[..., Page], promise: Callable[..., None]
) -> None:
    page = open_page(recording=True)
    for number in range(5):
        page.evaluate("async (n) => { await (await fetch(`/json?n=${n}.`)).text(); }", number)
        page.reload()
    site.wait(lambda: all(site.done(f"n={n}.") for n in range(5)) and len(site.said(PageOpened)) == 6)
    assert len([r for r in site.said(Request) if "/json" in r.url]) == 5
    assert site.said(Lost) == []
    promise("durability: a page that is reloaded while calls run loses and duplicates no call", 1, [])


def test_many_events_share_a_frame_and_no_frame_grows_without_bound(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    frames = len(site.frames)
    page.evaluate(
        """() => Promise.all(Array.from({ length: 100 }, (_, n) =>
            fetch(`/echo?n=${n}.`, { method: 'POST', body: 'x'.repeat(50_000) }).then((r) => r.text())))"""
    )
    site.wait(lambda: site.done("n=99.") and len([e for e in site.said(Done) if e.id != "d0"]) == 100)
    sent = site.frames[frames:]
    assert max(map(len, sent)) <= 1024 * 1024
    assert len(sent) < 100


def test_a_refused_page_stops_and_says_why(site: Site, open_page: Callable[..., Page]) -> None:
    site.refuses = "This page is from an earlier run; reload it."
    page = open_page()
    expect(toggle(page)).to_have_accessible_name(f"API Recorder: {site.refuses}")
    get(page, "/json")
    toggle(page).click(force=True)
    assert [type(line) for line in site.lines] == [Hello]


def test_the_context_is_bounded_and_what_was_dropped_is_counted(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.evaluate(
        """async () => {
            for (let n = 0; n < 30; n++) {
                await (await fetch(`/echo?n=${n}.`, { method: 'POST', body: 'x'.repeat(1e6) })).text();
            }
        }"""
    )
    site.start()
    site.wait(lambda: site.done("n=29."))
    lost = site.said(Lost)
    assert len(lost) == 1 and lost[0].count > 10 and lost[0].before
    assert site.request("n=0.") is None
    assert [type(e) for e in site.said(events.Event)][:2] == [PageOpened, Lost]


def test_the_recorder_does_not_record_itself(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(recording=True)
    get(page, "/_recorder/state")
    get(page, "/mounted/_recorder/state")
    get(page, "/json")
    site.wait(lambda: site.done("/json"))
    assert not any("_recorder" in r.url for r in site.said(Request, SocketOpened))


def test_a_strict_policy_amended_for_it_lets_the_recorder_work(
    site: Site, open_page: Callable[..., Page]
) -> None:
    site.headers = {
        "Content-Security-Policy": inject.amend_csp(
            "default-src 'none'; script-src 'sha256-x' 'strict-dynamic'; style-src 'none'; connect-src 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'",
            "n0nce",
        )
    }
    page = open_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")
    assert problems == []


def test_the_modules_do_as_modules_what_they_do_linked(site: Site, page: Page) -> None:
    page.goto(site.url + "/plain")
    config = {"channel": inject.CHANNEL_PATH, "token": TOKEN}
    page.evaluate("async (config) => (await import('/modules/recorder/main.js')).start(config)", config)
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")
    get(page, "/json?module")
    site.wait(lambda: site.done("?module"))


def test_a_press_that_was_lost_with_its_connection_can_be_repeated(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    site.answers_presses = False
    toggle(page).click()
    site.wait(lambda: site.said(Toggle))
    expect(toggle(page)).to_have_accessible_name("API Recorder: starting…")
    site.drop()
    expect(toggle(page)).to_have_accessible_name("API Recorder")
    site.answers_presses = True
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")


# The browser that we drive


async def test_over_a_binding_every_frame_speaks_and_only_the_outermost_shows_the_button(
    site: Site, browser_path: str
) -> None:
    site.pages["/plain"] = '<iframe src="/inner"></iframe>' + FOOTER
    site.pages["/inner"] = "<script>fetch('/json?inner')</script>" + FOOTER
    pushes: list[asyncio.Future[str]] = []
    both_wait = asyncio.Event()

    async def call(source: Any, frame: str) -> str:
        if any(isinstance(events.parse(line), Wait) for line in frame.split("\n")):
            pushes.append(asyncio.get_running_loop().create_future())
            if len(pushes) == 2:
                both_wait.set()
            return await pushes[-1]
        return "\n".join(events.dump(answer) for answer in site.hear(frame))

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        page = await browser.new_page()
        await page.expose_binding("exposed", call)
        await page.add_init_script(inject.init_script("exposed", TOKEN))
        await page.goto(site.url + "/plain")
        button = page.get_by_role("button", name=re.compile("^API Recorder"))
        await button.wait_for()
        await asyncio.wait_for(both_wait.wait(), 10)
        # A push reaches the page without its having asked anew.
        site.session, site.recording = 1, True
        for push in pushes[:2]:
            push.set_result(events.dump(site.state(calls=3, last="greet")))
        await async_expect(button).to_have_accessible_name("API Recorder: recording, 3 calls")
        await asyncio.to_thread(site.wait, lambda: site.done("?inner"))
        assert {p.url.rpartition("/")[2]: p.embedded for p in site.said(PageOpened)} == {
            "plain": False,
            "inner": True,
        }
        inner = page.frames[1]
        assert await inner.get_by_role("button", name=re.compile("^API Recorder")).count() == 0
        assert await page.evaluate("Object.keys(window).includes('exposed')") is False
        assert await page.evaluate("document.querySelectorAll('[data-api-recorder]').length") == 1
        for push in pushes:
            if not push.done():
                push.set_result("")
        await browser.close()


def test_a_frame_of_the_app_shows_no_button_of_its_own(site: Site, open_page: Callable[..., Page]) -> None:
    site.pages["/"] = '<iframe src="/inner"></iframe>' + FOOTER
    site.pages["/inner"] = "<script>fetch('/json?inner')</script>" + FOOTER
    page = open_page(recording=True)
    site.wait(lambda: site.done("?inner"))
    expect(toggle(page)).to_have_count(1)
    assert toggle(page.frame_locator("iframe").locator("body")).count() == 0
    assert sorted(p.embedded for p in site.said(PageOpened)) == [False, True]


# The toggle


def test_the_toggle_keeps_its_contract(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    button = toggle(page)
    expect(button).to_have_count(1)
    expect(button).to_have_accessible_name("API Recorder")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("document.querySelector('footer').lastElementChild.textContent").endswith(
        "API Recorder"
    )
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    site.say(site.state(calls=3, last="greet"))
    expect(button).to_have_accessible_name("API Recorder: recording, 3 calls")
    expect(button).to_contain_text("3")
    site.answers_presses = False
    get(page, "/json?last")
    page.keyboard.press("Space")
    site.wait(lambda: any(not press.on for press in site.said(Toggle)))
    # Everything that happened before the press is there before it.
    assert site.done("?last") is not None
    order = [type(line) for line in site.lines]
    assert order.index(Done) < len(order) - 1 - order[::-1].index(Toggle)
    site.say(site.state(saving=True))
    expect(button).to_have_accessible_name(re.compile("saving…"))
    expect(button).to_have_attribute("aria-pressed", "true")
    site.stop(saved="/somewhere/visit.json")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("status")).to_have_text("Saved visit.json")
    assert button.get_attribute("title") == "Saved /somewhere/visit.json"
    # Presses on the button are no acts of the recording.
    assert [a.name for a in site.said(Act)] == []


def test_an_error_is_shown_on_the_button(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    site.say(State(error="The disk is full. Make room."))
    expect(toggle(page)).to_have_accessible_name("API Recorder: The disk is full. Make room.")
    expect(toggle(page)).to_have_attribute("title", "The disk is full. Make room.")


def test_the_button_survives_what_the_app_does_to_its_footer(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    expect(toggle(page)).to_be_visible()
    page.evaluate("document.querySelector('footer').innerHTML = '<button>New</button>'")
    expect(page.locator("footer > :last-child")).to_contain_text("API Recorder")
    page.evaluate("document.querySelector('footer').append(document.createElement('hr'))")
    expect(page.locator("footer > :last-child")).to_contain_text("API Recorder")
    page.evaluate("document.body.innerHTML = '<main></main><footer>Other</footer>'")
    expect(page.locator("footer > :last-child")).to_contain_text("API Recorder")
    expect(toggle(page)).to_have_count(1)
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")


def test_an_app_that_keeps_removing_the_button_is_not_fought_forever(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    expect(toggle(page)).to_be_visible()
    page.evaluate(
        """() => {
            window.removals = 0;
            const footer = document.querySelector('footer');
            const ours = () => footer.querySelectorAll('[data-api-recorder]');
            const remove = () => ours().forEach((e) => (e.remove(), removals++));
            new MutationObserver(remove).observe(footer, { childList: true });
            remove();
        }"""
    )
    # It gives way to a footer of its own.
    expect(page.locator("div[data-api-recorder]")).to_have_count(1)
    expect(toggle(page)).to_be_visible()
    assert page.evaluate("removals") <= 21


def test_without_a_footer_the_button_has_a_small_one_of_its_own(
    site: Site, open_page: Callable[..., Page]
) -> None:
    site.pages["/"] = "<p>Hello</p><footer style='display:none'>Hidden</footer>"
    page = open_page()
    height = page.evaluate("document.documentElement.scrollHeight")
    expect(toggle(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") == height
    toggle(page).click()
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<footer>At last</footer>')")
    expect(page.locator("body > footer:last-child")).to_contain_text("API Recorder")
    expect(toggle(page)).to_have_count(1)
    expect(page.locator("div[data-api-recorder]")).to_have_count(0)
    expect(toggle(page)).to_have_attribute("aria-pressed", "true")


# Acts


def test_acts_name_the_control_and_requests_the_act(site: Site, open_page: Callable[..., Page]) -> None:
    site.pages["/"] = (
        """<label>Your name <input id="who"></label>
        <button id="component-1234" onclick="fetch('/json?go')"><b>Go</b> there</button>
        <input type=range aria-label=Count><select aria-labelledby=l><option>a<option>b</select><i id=l>Kind</i>"""
        + FOOTER
    )
    page = open_page(recording=True)
    page.get_by_label("Your name").press_sequentially("Ann")
    page.get_by_role("button", name="Go there").click()
    site.wait(lambda: site.done("?go"))
    acts = [(a.kind, a.role, a.name, a.locator) for a in site.said(Act)]
    assert acts == [
        ("input", "textbox", "Your name", "#who"),
        ("click", "button", "Go there", 'role=button[name="Go there"]'),
    ]
    assert site.request("?go").act == site.said(Act)[1].id
    page.get_by_label("Kind").focus()
    page.keyboard.press("b")
    page.get_by_label("Count").press("ArrowRight")
    site.wait(lambda: any(a.name == "Count" for a in site.said(Act)))
    assert ("combobox", "Kind") in [(a.role, a.name) for a in site.said(Act)]
    assert ("slider", "Count") in [(a.role, a.name) for a in site.said(Act)]


def test_what_a_script_does_is_no_act(site: Site, open_page: Callable[..., Page]) -> None:
    site.pages["/"] = "<button id=go onclick=\"fetch('/json?go')\">Go</button>" + FOOTER
    page = open_page(recording=True)
    page.evaluate("document.querySelector('#go').click()")
    site.wait(lambda: site.done("?go"))
    assert site.said(Act) == [] and site.request("?go").act is None


# Secrets


def test_no_secret_leaves_the_page(site: Site, open_page: Callable[..., Page]) -> None:
    site.pages["/"] = "<label>Password <input type=password></label>" + FOOTER
    secrets = {
        "typed": 'hun"ter ü2&',
        "bearer": "eyJhbGciOi.J9.abc123",
        "key": "k-93847593",
        "field": 'very secret \\ "value"',
        "query": "q9+/8=7?",
        "cookie": "sid=deadbeef12",
        "answer": "tok_1234567890abcdef",
    }
    page = open_page()
    page.get_by_label("Password").fill(secrets["typed"])
    page.evaluate(
        """async (s) => {
            const q = encodeURIComponent;
            const post = async (url, body, headers = {}) =>
                (await fetch(url, { method: 'POST', body: typeof body === 'object' && !(body instanceof URLSearchParams)
                    ? JSON.stringify(body) : body, headers })).text();
            await post('/echo?n=typed', { data: [s.typed, 'Ann'], session_hash: 'abcdefgh', fn_index: 3 });
            await post('/echo?n=nested', { body: JSON.stringify({ password: s.field, x: s.typed }) });
            await post('/echo?n=headers', '', {
                Authorization: `Bearer ${s.bearer}`, 'X-API-Key': s.key, 'X-CSRF-Token': s.key,
            });
            await post('/echo?n=field', { user: 'Ann', password: s.field, max_tokens: 5, event_id: 'e1' });
            await post('/echo?n=form', new URLSearchParams({ client_secret: s.query, plain: 'x' }));
            await post(`/echo?n=query&access_token=${q(s.query)}&session_hash=abc`, s.query);
            await post('/echo?n=loose', `user ${s.typed} has ${q(s.typed)} and ${s.bearer}`, {
                'x-cookie-token': s.cookie,
            });
            await post('/echo?n=answer', { access_token: s.answer });
            await post('/echo?n=again', `use ${s.answer}`);
        }""",
        secrets,
    )
    toggle(page).click()
    site.wait(lambda: site.done("n=again"))
    everything = "\n".join(site.frames)
    for name, value in secrets.items():
        forms = {
            value,
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            quote(value, safe=""),
        }
        for form in forms:
            assert form not in everything, (name, form)
            assert json.dumps(form, ensure_ascii=False)[1:-1] not in everything, (name, form)
    told = {s.placeholder: s for s in site.said(Secret)}
    for placeholder, secret in told.items():
        assert re.fullmatch(r"\[recorder-secret:[0-9a-f]{16}:RECORDER_SECRET_[A-Z0-9_]+\]", placeholder)
        assert placeholder.endswith(f":{secret.name}]")
    names = {s.name for s in told.values()}
    assert {"RECORDER_SECRET_PASSWORD", "RECORDER_SECRET_AUTHORIZATION", "RECORDER_SECRET_X_API_KEY"} <= names
    # What is no secret stays, and so does the shape of what held one.
    field = json.loads(site.request("n=field").body.text)
    assert (field["user"], field["max_tokens"], field["event_id"]) == ("Ann", 5, "e1") and field[
        "password"
    ] in told
    typed = json.loads(site.request("n=typed").body.text)
    assert typed["data"][0] in told and typed["session_hash"] == "abcdefgh" and typed["fn_index"] == 3
    assert dict(site.request("n=headers").headers)["authorization"].startswith("Bearer [recorder-secret:")
    assert site.request("n=query").url.endswith("&session_hash=abc")
    # One value has one placeholder, wherever it is.
    assert site.request("n=query").body.text in told
    assert site.request("n=answer").body.text[17:-2] == site.request("n=again").body.text[4:]


def test_a_secret_is_known_by_its_shape_whatever_it_is_called(
    site: Site, open_page: Callable[..., Page]
) -> None:
    pem = (
        "-----BEGIN EC PRIVATE KEY-----\n"
        + "MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk5oSk7gXV\n" * 3
        + "-----END EC PRIVATE KEY-----"
    )
    secrets = {
        "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "API_KEY": "sk-proj-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6",
        "CLOUD_KEY": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "TOKEN": "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "PRIVATE_KEY": pem,
    }
    harmless = [
        "sk-estimator-doc-link",
        "eyJ",
        "data:image/png;base64,AAA+AIzaSyB1234567890abcdefghijklmnopqrstuvwxyzAAA",
        "hf_space",
    ]
    page = open_page(recording=True)
    page.evaluate(
        """async ({ secrets, harmless }) => {
            await fetch("/echo?n=typed", { method: "POST", body: JSON.stringify({ data: [...Object.values(secrets), ...harmless] }) });
            await fetch("/echo?n=loose", { method: "POST", body: `with ${Object.values(secrets).join(" and ")}.` });
        }""",
        {"secrets": secrets, "harmless": harmless},
    )
    site.wait(lambda: site.done("n=loose"))
    everything = "\n".join(site.frames)
    for value in secrets.values():
        assert value not in everything and json.dumps(value)[1:-1] not in everything
    told = {s.placeholder: s.name for s in site.said(Secret)}
    data = json.loads(site.request("n=typed").body.text)["data"]
    assert [told[placeholder] for placeholder in data[:5]] == [f"RECORDER_SECRET_{name}" for name in secrets]
    assert data[5:] == harmless
    # One value has one placeholder, however it was written.
    assert site.request("n=loose").body.text == f"with {' and '.join(data[:5])}."


def test_of_a_token_is_told_whom_it_is_for_and_nothing_that_is_secret_in_it(
    site: Site, open_page: Callable[..., Page]
) -> None:
    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {
        "sub": "ü-17",
        "tenant": 3,
        "exp": 1,
        "jti": "abc",
        "api_key": "abcdefgh",
        "key": "sk-" + "a1" * 20,
    }
    token = f"{encoded({'alg': 'none'})}.{encoded(claims)}.{'x' * 20}"
    page = open_page(recording=True)
    page.evaluate("(body) => fetch('/echo?n=it', { method: 'POST', body })", token)
    site.wait(lambda: site.done("n=it"))
    (told,) = (s for s in site.said(Secret) if s.name == "RECORDER_SECRET_JWT")
    assert told.claims == {"sub": "ü-17", "tenant": 3}


def test_a_placeholder_is_the_same_in_the_next_document_of_the_tab(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(recording=True)
    for path in ("a", "b"):
        page.evaluate(
            "(url) => fetch(url, { headers: { Authorization: 'Bearer abcdefgh12345' } })", f"/json?{path}"
        )
        site.wait(lambda path=path: site.done(f"?{path}"))
        page.reload()
    first, second = (dict(site.request(f"?{path}").headers)["authorization"] for path in ("a", "b"))
    assert first == second

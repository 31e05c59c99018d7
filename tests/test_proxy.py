"""The proxy between real servers and real clients: what comes out is what went in."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import os
import re
import signal
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from recorder import session
from recorder.capture import proxy as proxies
from recorder.capture.proxy import Hosts, cookie_for, serve, upstream_of
from recorder.errors import UsageError
from tests.serving import NAVIGATION, TAG, press, speak, upstream

PAGE = b"<!doctype html><html><head><title>x</title></head><body>hello</body></html>"


@contextlib.asynccontextmanager
async def proxied(url: str, tmp_path: Path, **options: object) -> AsyncIterator[str]:
    """The origin of a proxy before ``url``."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    options = {"port": 0, "output": tmp_path / "s.json", **options}
    task = asyncio.create_task(serve(url, on_ready=ready.set_result, **options))  # type: ignore[arg-type]
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield re.match(r"http://[^/]+", ready.result()).group()  # type: ignore[union-attr]
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def raw_upstream(answer: bytes, heard: list[bytes] | None = None) -> AsyncIterator[str]:
    """The origin of a server that says ``answer``, whatever it is asked."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            if heard is not None:
                heard.append(head)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def exchange(origin: str, request: bytes) -> bytes:
    """Everything that the server says to ``request``."""
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return said


def get(origin: str, target: str = "/", *headers: str, host: str | None = None) -> bytes:
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host or origin.removeprefix('http://')}",
        *headers,
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def client(**options: object) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), **options)  # type: ignore[arg-type]


async def test_an_answer_arrives_as_it_was_sent_odd_headers_included(tmp_path: Path) -> None:
    body = bytes(range(256)) * 10
    head = [
        b"HTTP/1.1 218 Rather  fine",
        b"X-Odd: caf\xe9 \xff",
        b"x-lower: 1",
        b"X-Twice: a",
        b"Set-Cookie: a=1; Path=/",
        b"X-Twice: b",
        b'Set-Cookie: b="2"; HttpOnly',
        b"X-Empty: ",
        b"Content-Length: 2560",
    ]
    async with (
        raw_upstream(b"\r\n".join([*head, b"Connection: close", b"", body])) as app,
        proxied(app, tmp_path) as origin,
    ):
        said = await exchange(origin, get(origin))
    got_head, _, got_body = said.partition(b"\r\n\r\n")
    assert got_body == body
    assert got_head.split(b"\r\n") == [*head, b"Connection: close"]


async def test_no_header_is_invented(tmp_path: Path) -> None:
    async with (
        raw_upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as app,
        proxied(app, tmp_path) as origin,
    ):
        said = await exchange(origin, get(origin))
    assert said == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


async def test_a_request_arrives_as_it_was_sent(tmp_path: Path) -> None:
    heard: list[bytes] = []
    async with (
        raw_upstream(b"HTTP/1.1 204 No Content\r\n\r\n", heard) as app,
        proxied(app, tmp_path) as origin,
    ):
        await exchange(
            origin,
            get(
                origin,
                "/a%2Fb//c;p=1?q=%20+%zz&e=%E9&x[]=1",
                "X-Twice: a",
                "X-twice: b",
                "X-Utf: é",
                'Cookie: a=1; b="ü"',
            ),
        )
    lines = heard[0].split(b"\r\n")
    assert lines[0] == b"GET /a%2Fb//c;p=1?q=%20+%zz&e=%E9&x[]=1 HTTP/1.1"
    assert b"Host: " + origin.removeprefix("http://").encode() in lines
    assert b"X-Twice: a" in lines and b"X-Twice: b" in lines
    assert "X-Utf: é".encode() in lines and 'Cookie: a=1; b="ü"'.encode() in lines
    assert not any(
        line.lower().startswith((b"accept", b"user-agent", b"connection", b"x-forwarded")) for line in lines
    )


async def test_a_request_that_is_no_http_is_refused_without_a_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[bytes] = []
    async with (
        raw_upstream(b"HTTP/1.1 204 No Content\r\n\r\n", heard) as app,
        proxied(app, tmp_path) as origin,
    ):
        for nonsense in (
            get(origin, "/\udce9"),
            b"\x16\x03\x01\r\n\r\n",
            get(origin, "http://evil.example/"),
            get(origin, "*"),
        ):
            assert b" 400 " in (await exchange(origin, nonsense)).split(b"\r\n")[0]
    assert heard == []
    assert "Traceback" not in capfd.readouterr().err


async def test_the_first_event_of_a_stream_is_handed_on_before_the_second_is_sent(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await release.wait()
        await response.write(b"data: 2\n\n")
        return response

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin) as answer:
            assert await asyncio.wait_for(answer.content.readany(), 5) == b"data: 1\n\n"
            release.set()
            assert await answer.content.read() == b"data: 2\n\n"


async def test_an_app_learns_that_nobody_listens_to_its_stream_any_more(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        try:
            while True:
                await asyncio.sleep(0.01)
                await response.write(b"x")
        except ConnectionError:
            gone.set()
            raise

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin) as answer:
            await answer.content.readany()
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_silent_stream_that_the_browser_leaves_is_left_too(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin) as answer:
            await answer.content.readany()
        await asyncio.wait_for(gone.wait(), 5)


async def test_an_upload_is_handed_on_as_it_arrives(tmp_path: Path) -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Transfer-Encoding"] == "chunked"
        async for chunk in request.content.iter_any():
            arrived.put_nowait(chunk)
        return web.Response(text="done")

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        assert await asyncio.wait_for(arrived.get(), 5) == b"first"
        yield b"second"

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.post(origin, data=body()) as answer:
            assert await answer.text() == "done"
    assert arrived.get_nowait() == b"second"


@pytest.mark.parametrize("size", [0, 1, 100_000, 20_000_000])
async def test_uploads_and_downloads_of_any_size_are_the_same(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        digest, length = hashlib.sha256(), 0
        async for chunk in request.content.iter_any():
            digest.update(chunk)
            length += len(chunk)
        assert request.headers["Content-Length"] == str(length)
        return web.Response(body=data, headers={"X-Digest": digest.hexdigest()})

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.post(origin, data=data) as answer:
            assert answer.headers["X-Digest"] == hashlib.sha256(data).hexdigest()
            assert await answer.read() == data


async def test_a_compressed_upload_is_not_decompressed(tmp_path: Path) -> None:
    data = gzip.compress(b"x" * 1000)

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=await request.read(), headers={"X-Encoding": request.headers["Content-Encoding"]}
        )

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.post(origin, data=data, headers={"Content-Encoding": "gzip"}) as answer:
            assert await answer.read() == data
            assert answer.headers["X-Encoding"] == "gzip"


async def test_a_client_that_waits_for_100_continue_gets_it(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=await request.read())

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.post(origin, data=b"body", expect100=True) as answer:
            assert await answer.read() == b"body"


async def test_what_is_no_document_keeps_its_encoding(tmp_path: Path) -> None:
    body = gzip.compress(b'{"a": 1}')

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "gzip, br"
        assert request.headers["If-None-Match"] == '"e"'
        return web.Response(
            body=body, headers={"Content-Encoding": "gzip", "ETag": '"e"', "Content-Type": "text/html"}
        )

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        headers = {
            "Accept-Encoding": "gzip, br",
            "If-None-Match": '"e"',
            "Sec-Fetch-Dest": "empty",
            "Accept": "text/html",
        }
        async with browser.get(origin, headers=headers) as answer:
            assert await answer.read() == body
            assert answer.headers["ETag"] == '"e"'


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "raw deflate"])
async def test_a_document_takes_the_script_whatever_its_encoding(tmp_path: Path, encoding: str) -> None:
    packed = {
        "": PAGE,
        "gzip": gzip.compress(PAGE),
        "deflate": zlib.compress(PAGE),
        "raw deflate": zlib.compress(PAGE)[2:-4],
    }[encoding]
    asked: list[CIMultiDict[str]] = []

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(CIMultiDict(request.headers))
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "ETag": '"e"',
            "Last-Modified": "x",
            "Cache-Control": "max-age=9",
        }
        if encoding:
            headers["Content-Encoding"] = encoding.split()[-1]
        return web.Response(body=packed, headers=headers)

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        conditions = {
            "Accept-Encoding": "gzip, deflate, br, zstd",
            "If-None-Match": '"e"',
            "If-Modified-Since": "x",
            "Range": "bytes=0-1",
        }
        async with browser.get(origin, headers=NAVIGATION | conditions) as answer:
            text = await answer.read()
    assert len(re.findall(TAG, text)) == 1
    assert re.sub(TAG, b"", text) == PAGE
    assert asked[0]["Accept-Encoding"] == "gzip, deflate"
    assert not {"If-None-Match", "If-Modified-Since", "Range"} & set(asked[0])
    assert not {"Content-Encoding", "ETag", "Last-Modified", "Content-Length"} & set(answer.headers)
    assert answer.headers.getall("Cache-Control") == ["no-store"]


async def test_a_document_that_streams_is_handed_on_as_it_arrives(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(PAGE[:60])
        await release.wait()
        await response.write(PAGE[60:])
        return response

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            first = await asyncio.wait_for(answer.content.readany(), 5)
            assert re.search(TAG, first)
            release.set()
            assert re.sub(TAG, b"", first + await answer.content.read()) == PAGE


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "text/html", "Content-Disposition": "attachment; filename=x.html"}, PAGE),
        ({"Content-Type": "text/html; charset=utf-16"}, PAGE.decode().encode("utf-16")),
        ({"Content-Type": "text/html", "Content-Encoding": "br"}, b"not really brotli"),
        ({}, b"no type"),
    ],
)
async def test_what_a_navigation_meets_that_is_no_document_passes_untouched(
    tmp_path: Path, headers: dict[str, str], body: bytes
) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, headers=headers)

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            assert await answer.read() == body
            assert {k: v for k, v in answer.headers.items() if k in headers} == headers


async def test_a_content_security_policy_lets_our_script_in(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        policy = "default-src 'none'; script-src 'self'"
        return web.Response(
            body=PAGE, headers={"Content-Type": "text/html", "Content-Security-Policy": policy}
        )

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            nonce = re.search(rb'nonce="([^"]+)"', await answer.read())
            assert nonce and nonce.group(1).decode() in answer.headers["Content-Security-Policy"]


async def test_our_script_is_served_to_our_own_pages_only_and_without_the_token(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=PAGE, content_type="text/html")

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            tag = re.search(TAG, await answer.read())
            assert tag
        async with browser.get(origin + "/_recorder/recorder.js") as answer:
            script = await answer.text()
            assert answer.headers["Content-Type"].startswith("text/javascript")
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "Access-Control-Allow-Origin" not in answer.headers
        for secret in re.findall(r"[\w-]{40,}", tag.group().decode()):
            assert secret not in script
        async with browser.get(origin + "/_recorder/nothing") as answer:
            assert answer.status == 404
        async with browser.get(origin + "/_recorder/channel") as answer:
            assert answer.status == 426


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_have_none(tmp_path: Path, status: int) -> None:
    answer = f'HTTP/1.1 {status} X\r\nETag: "e"\r\n\r\n'.encode()
    async with raw_upstream(answer) as app, proxied(app, tmp_path) as origin:
        said = await exchange(origin, get(origin))
    assert said == f'HTTP/1.1 {status} X\r\nETag: "e"\r\nConnection: close\r\n\r\n'.encode()


async def test_head_keeps_the_length_and_has_no_body(tmp_path: Path) -> None:
    async with (
        raw_upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n") as app,
        proxied(app, tmp_path) as origin,
    ):
        said = await exchange(origin, get(origin).replace(b"GET", b"HEAD", 1))
    assert said == b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nConnection: close\r\n\r\n"


async def test_an_answer_that_breaks_off_is_not_passed_for_a_whole_one(tmp_path: Path) -> None:
    for head in (b"Content-Length: 100", b"Transfer-Encoding: chunked"):
        answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n"
        async with raw_upstream(answer) as app, proxied(app, tmp_path) as origin, client() as browser:
            with pytest.raises(aiohttp.ClientError):
                async with browser.get(origin) as got:
                    await got.read()


async def test_redirects_of_the_app_stay_with_the_proxy_and_others_are_left_alone(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": request.path_qs[1:].replace("APP", url)})

    async with upstream(app) as url, proxied(url, tmp_path) as origin, client() as browser:
        for sent, got in {
            "APP/next?x": origin + "/next?x",
            "APP": origin,
            "APP.evil.example/": url + ".evil.example/",
            "next": "next",
            "https://elsewhere.example/": "https://elsewhere.example/",
        }.items():
            async with browser.get(f"{origin}/{sent}", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (307, got)


@pytest.mark.parametrize(
    ("upstream_url", "cookie", "expected"),
    [
        ("http://127.0.0.1:1/", b"a=1; Path=/; HttpOnly; Secure", b"a=1; Path=/; HttpOnly; Secure"),
        (
            "https://app.example/",
            b"a=1; Secure; SameSite=None; Partitioned; Path=/",
            b"a=1; SameSite=Lax; Path=/",
        ),
        ("https://app.example/", b"a=1; Domain=.example; Path=/x", b"a=1; Path=/x"),
        ("https://app.example/", b"a=1; domain=APP.example", b"a=1"),
        ("https://app.example/", b"a=1; Domain=other.example", b"a=1; Domain=other.example"),
        ("https://app.example/", b"__Host-a=1; Secure; Path=/", b"__Host-a=1; Secure; Path=/"),
        ("https://app.example/", b"a=\xe9;secure;samesite=strict", b"a=\xe9;samesite=strict"),
    ],
)
def test_cookies_work_at_the_address_of_the_proxy(upstream_url: str, cookie: bytes, expected: bytes) -> None:
    assert cookie_for(cookie, upstream_of(upstream_url)) == expected


async def test_an_app_under_a_path_is_announced_there_and_every_other_path_passes(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.path_qs)

    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with upstream(app) as url:
        task = asyncio.create_task(serve(url + "/app/", port=0, output=tmp_path, on_ready=ready.set_result))
        address = await ready
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/app/", address)
        async with client() as browser:
            async with browser.get(address + "x?y") as answer:
                assert await answer.text() == "/app/x?y"
            async with browser.get(address.removesuffix("app/") + "other") as answer:
                assert await answer.text() == "/other"
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_websocket_passes_with_its_subprotocol_binary_frames_pings_and_close_code(
    tmp_path: Path,
) -> None:
    closed: asyncio.Queue[tuple[int | None, str | None]] = asyncio.Queue()

    async def echo(socket: ServerConnection) -> None:
        try:
            while (message := await socket.recv()) != "close":
                await socket.send(message)
            await socket.close(4001, "as asked")
        except ConnectionClosed:
            pass
        closed.put_nowait((socket.close_code, socket.close_reason))

    async with serve_websocket(echo, "127.0.0.1", 0, subprotocols=["v2.app"], max_size=None) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        async with proxied(f"http://127.0.0.1:{port}", tmp_path) as origin:
            async with connect(
                origin.replace("http", "ws") + "/x?y",
                origin=origin,
                subprotocols=["v1", "v2.app"],
                max_size=None,
                proxy=None,
            ) as socket:  # type: ignore[list-item,arg-type]
                assert socket.subprotocol == "v2.app"
                for message in ("text é", b"\x00\xff", "x" * 5_000_000):
                    await socket.send(message)
                    assert await socket.recv() == message
                await asyncio.wait_for(await socket.ping(), 5)
                await socket.send("close")
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
                assert (socket.close_code, socket.close_reason) == (4001, "as asked")
            assert await asyncio.wait_for(closed.get(), 5) == (4001, "as asked")
            async with connect(
                origin.replace("http", "ws"), origin=origin, subprotocols=["v2.app"], proxy=None
            ) as socket:  # type: ignore[list-item,arg-type]
                await socket.close(4002, "gone")
            assert await asyncio.wait_for(closed.get(), 5) == (4002, "gone")


async def test_a_refused_upgrade_of_the_app_is_handed_on(tmp_path: Path) -> None:
    async with (
        raw_upstream(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno") as app,
        proxied(app, tmp_path) as origin,
    ):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(origin.replace("http", "ws"), origin=origin, proxy=None)  # type: ignore[arg-type]
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/", "/_recorder/channel", "/_recorder/recorder.js"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "localhost:{port}.", ""],
)
async def test_a_request_under_another_name_is_refused(tmp_path: Path, path: str, host: str) -> None:
    heard: list[bytes] = []
    async with (
        raw_upstream(b"HTTP/1.1 204 No Content\r\n\r\n", heard) as app,
        proxied(app, tmp_path) as origin,
    ):
        name = host.format(port=origin.rpartition(":")[2])
        said = await exchange(
            origin, get(origin, path).replace(origin.removeprefix("http://").encode(), name.encode())
        )
    assert said.startswith((b"HTTP/1.1 421 ", b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert heard == []


async def test_two_hosts_in_one_request_are_refused(tmp_path: Path) -> None:
    async with raw_upstream(b"HTTP/1.1 204 No Content\r\n\r\n") as app, proxied(app, tmp_path) as origin:
        said = await exchange(origin, get(origin, "/", "Host: evil.example"))
    assert said.startswith((b"HTTP/1.1 421 ", b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))


@pytest.mark.parametrize("path", ["/", "/_recorder/channel"])
@pytest.mark.parametrize(
    "foreign", [None, "null", "http://evil.example", "http://127.0.0.1:1", "{origin}.evil.example"]
)
async def test_an_upgrade_from_another_site_is_refused(
    tmp_path: Path, path: str, foreign: str | None
) -> None:
    heard: list[bytes] = []
    async with raw_upstream(b"HTTP/1.1 101 X\r\n\r\n", heard) as app, proxied(app, tmp_path) as origin:
        said = foreign.format(origin=origin) if foreign else None
        with pytest.raises(InvalidStatus) as refusal:
            await connect(origin.replace("http", "ws") + path, origin=said, proxy=None)  # type: ignore[arg-type]
    assert refusal.value.response.status_code == 403
    assert heard == []


def test_hosts_are_an_exact_list() -> None:
    hosts = Hosts("127.0.0.1", ["box.example", "dev.example:9000"])
    hosts.port = 8700
    for allowed in (
        "127.0.0.1:8700",
        "localhost:8700",
        "[::1]:8700",
        "box.example",
        "box.example:8700",
        "dev.example:9000",
    ):
        assert hosts.allows(allowed), allowed
    for refused in (
        "127.0.0.1",
        "192.168.0.1:8700",
        "dev.example",
        "dev.example:8700",
        "box.example:1",
        ":8700",
        "",
        "a:b:8700",
    ):
        assert not hosts.allows(refused), refused
    everywhere = Hosts("0.0.0.0")
    everywhere.port = 80
    assert (
        everywhere.allows("192.168.0.1")
        and everywhere.allows("[fe80::1]:80")
        and everywhere.allows("localhost")
    )
    assert not everywhere.allows("evil.example") and not everywhere.allows("192.168.0.1:81")


async def test_an_app_elsewhere_sees_its_own_name_and_an_app_here_the_browsers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    async with raw_upstream(b"HTTP/1.1 204 X\r\n\r\n", heard) as app:
        monkeypatch.setattr(proxies, "is_loopback", lambda host: False)
        async with proxied(app, tmp_path) as origin:
            await exchange(
                origin,
                get(origin, "/", f"Origin: {origin}", f"Referer: {origin}/x", "X-Forwarded-Host: evil"),
            )
            await exchange(
                origin, get(origin, "/", "Origin: http://evil.example", f"Referer: {origin}.evil.example/")
            )
    first, second = (lines.split(b"\r\n") for lines in heard[-2:])
    theirs, ours = app.removeprefix("http://").encode(), origin.removeprefix("http://").encode()
    assert b"Host: " + theirs in first
    assert b"Origin: http://" + theirs in first and b"Referer: http://" + theirs + b"/x" in first
    assert [line for line in first if line.lower().startswith(b"x-forwarded")] == [
        b"X-Forwarded-Host: " + ours,
        b"X-Forwarded-Proto: http",
    ]
    assert (
        b"Origin: http://evil.example" in second and b"Referer: http://" + ours + b".evil.example/" in second
    )


async def test_an_app_that_is_down_gets_a_sentence_and_the_remedy(tmp_path: Path, unused_port: int) -> None:
    async with proxied(f"http://127.0.0.1:{unused_port}/", tmp_path) as origin, client() as browser:
        async with browser.get(origin, headers=NAVIGATION) as answer:
            assert answer.status == 502
            text = await answer.text()
            assert answer.content_type == "text/html"
            assert (
                f"The app at http://127.0.0.1:{unused_port}/ does not answer" in text and "Start it" in text
            )
        async with browser.get(origin) as answer:
            assert answer.content_type == "text/plain"
        with pytest.raises(InvalidStatus) as refusal:
            await connect(origin.replace("http", "ws"), origin=origin, proxy=None)  # type: ignore[arg-type]
        assert refusal.value.response.status_code == 502


async def test_a_port_that_is_taken_gets_a_sentence(tmp_path: Path) -> None:
    async with raw_upstream(b"") as app:
        with pytest.raises(
            UsageError, match=r"Port \d+ of 127\.0\.0\.1 is taken\. Give another one with --port\."
        ):
            await serve("http://127.0.0.1:1", port=int(app.rpartition(":")[2]), output=tmp_path)


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:7860", "ftp://x/", "http://", "http://x:99999", "http://[::1", "file:///etc/passwd"],
)
async def test_what_is_no_address_gets_a_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a web app"):
        await serve(url, port=0, output=tmp_path)


async def test_a_login_in_the_address_is_sent_to_the_app_and_recorded_nowhere(tmp_path: Path) -> None:
    heard: list[bytes] = []
    said: list[str] = []
    async with raw_upstream(b"HTTP/1.1 204 X\r\n\r\n", heard) as app:
        with_login = app.replace("http://", "http://ann:s%3Acret@")
        links: list[str] = []
        async with proxied(with_login, tmp_path, say=said.append, on_link=links.append) as origin:
            link = links[0].removeprefix(origin)
            await exchange(origin, get(origin))
            opened = await exchange(origin, get(origin, link))
            assert opened.startswith(b"HTTP/1.1 303 ")
            cookies = re.findall(rb"Set-Cookie: ([^;]+)", opened)
            await exchange(origin, get(origin, "/", f"Cookie: {b'; '.join(cookies).decode()}; own=1"))
            assert (await exchange(origin, get(origin, link))).startswith(b"HTTP/1.1 403 ")
    # The login goes to the app for the browser that opened the link, and for nobody else of the machine.
    assert b"Authorization" not in heard[0]
    assert b"Authorization: Basic " in heard[1] and b"Cookie: own=1\r\n" in heard[1]
    assert said and not any("cret" in sentence for sentence in said)


async def hear(socket: aiohttp.ClientWebSocketResponse, **fields: object) -> dict[str, object]:
    while True:
        message: dict[str, object] = await asyncio.wait_for(socket.receive_json(), 30)
        if message.get("saving"):
            await socket.send_json({"t": "told"})
        if all(message.get(name, False) == value for name, value in fields.items()):
            return message


async def test_a_page_records_through_the_proxy_and_what_was_on_is_saved_at_the_end(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=PAGE, content_type="text/html")

    async with upstream(app) as url:
        async with proxied(url, tmp_path) as origin, client() as browser:
            socket = await speak(origin, browser)
            await hear(socket, t="state", recording=False)
            await press(socket, True)
            await hear(socket, t="state", recording=True)
            await socket.send_json(
                {"t": "act", "page": "p1", "seq": 1, "at": 1.0, "id": "a", "kind": "click"}
            )
            assert await hear(socket, t="ack") == {"t": "ack", "page": "p1", "seq": 1}
            assert (tmp_path / "s.journal").exists()
    kept = session.read(tmp_path / "s.json")
    assert kept.started and kept.stopped
    assert not (tmp_path / "s.journal").exists()


async def test_ctrl_c_saves_the_recording_that_is_on(tmp_path: Path) -> None:
    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=PAGE, content_type="text/html")

    code = (
        "import asyncio, sys\n"
        "from recorder.capture.proxy import serve\n"
        "print(asyncio.run(serve(sys.argv[1], port=0, output=sys.argv[2], on_ready=lambda a: print(a, flush=True))))\n"
    )
    async with upstream(app) as url, client() as browser:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            url,
            str(tmp_path / "s.json"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        assert process.stdout is not None
        origin = (await process.stdout.readline()).decode().strip().rstrip("/")
        socket = await speak(origin, browser)
        await press(socket, True)
        await hear(socket, t="state", recording=True)
        process.send_signal(signal.SIGINT)
        await hear(socket, t="state", saving=True)
        rest = await asyncio.wait_for(process.stdout.read(), 20)
        assert await process.wait() == 0
    assert "s.json" in rest.decode()
    assert session.read(tmp_path / "s.json")


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_cookies_of_other_services_of_this_machine_do_not_reach_the_app(tmp_path: Path) -> None:
    heard: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=own; Path=/\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
    async with raw_upstream(answer, heard) as app, proxied(app, tmp_path) as origin:
        navigation = ("Accept: text/html", "Sec-Fetch-Dest: document")
        await exchange(origin, get(origin, "/", *navigation, "Cookie: jupyter=secret; sid=other"))
        await exchange(origin, get(origin, "/x", "Cookie: jupyter=secret; sid=own; theme=dark"))
        await exchange(origin, get(origin, "/y", *navigation, "Cookie: jupyter=secret"))
    assert b"Cookie" not in heard[0]
    assert b"Cookie: sid=own; theme=dark\r\n" in heard[1]
    assert b"Cookie" not in heard[2]


async def test_what_the_recorder_reads_of_the_app_tells_it_no_cookie_that_is_not_its_own(
    tmp_path: Path,
) -> None:
    asked: list[str | None] = []
    was_read = asyncio.Event()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return web.Response(
                body=PAGE, content_type="text/html", headers={"Set-Cookie": "sid=own; Path=/"}
            )
        asked.append(request.headers.get("Cookie"))
        was_read.set()
        return web.Response(status=404)

    links: list[str] = []
    async with (
        upstream(app) as url,
        proxied(url, tmp_path, on_link=links.append) as origin,
        client() as browser,
    ):
        opened = await exchange(origin, get(origin, links[0].removeprefix(origin)))
        access = b"; ".join(re.findall(rb"Set-Cookie: ([^;]+)", opened)).decode()
        socket = await speak(origin, browser, cookie=f"{access}; sid=own")
        await press(socket, True)
        await hear(socket, t="state", recording=True)
        request = {"t": "request", "id": "r", "method": "POST", "url": f"{origin}/do", "headers": []}
        for number, fact in enumerate(
            [{"t": "page", "url": origin}, request, {"t": "response", "id": "r", "status": 200}], 1
        ):
            await socket.send_json({**fact, "page": "p1", "seq": number, "at": float(number)})
        await asyncio.wait_for(was_read.wait(), 30)
    assert set(asked) == {"sid=own"}


def test_a_login_is_taken_out_of_an_address() -> None:
    from recorder.cli.options import without_login

    assert without_login("http://ann:s%3Acret@h.test:81/x?y") == ("http://h.test:81/x?y", "ann:s:cret")
    assert without_login("http://h.test/") == ("http://h.test/", "")
    with pytest.raises(UsageError) as raised:
        upstream_of("ftp://ann:secret@h.test")
    assert "secret" not in str(raised.value)

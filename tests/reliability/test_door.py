"""Nobody gets in: each attack that we know of, made on a `recorder proxy` that records a real person's app."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
import pytest
from aiohttp import web

from recorder import session as sessions
from recorder.errors import FileError
from recorder.replay.sending import kept_file
from recorder.session import File
from tests.reliability.running import KEY, Recorder, a_recorder, app, ended, pages, run
from tests.serving import NAVIGATION, TAG, upstream
from tests.test_edits import a_session

Headers = list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """``status`` is 0 where the connection was closed without one."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name)


async def send(
    origin: str, method: str, path: str, headers: Headers, body: bytes = b"", *, key: str = KEY
) -> Answer:
    """One request, to the letter: what a library would put right is what attacks are made of. It says the ``key`` that
    gives access, so that nothing is refused for the want of it alone."""
    if key and path.startswith("/_recorder/"):
        headers = [*headers, ("Authorization", f"Bearer {key}")]
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(origin).port)
    if body:
        headers = [*headers, ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode("latin-1") + body)
    try:
        said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        status, *lines = said.decode("latin-1").split("\r\n")
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
        is_over = status.split()[1] == "101"
        rest = b"" if is_over else await asyncio.wait_for(reader.read(2**20), 30)
        with contextlib.suppress(asyncio.TimeoutError):
            # A stream of events has no end.
            while not is_over and (more := await asyncio.wait_for(reader.read(2**20), 2)):
                rest += more
        return Answer(int(status.split()[1]), pairs, rest)
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answer(0, [], b"")
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


UPGRADE: Headers = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]
CHANNEL = "/_recorder/channel"
PAGES = [
    "api",
    "sessions",
    "sessions/one.json",
    "sessions/one.json?compare=one.json",
    "api.md",
    "openapi.json",
]
CHANGES = [
    ("POST", "call/echo", {"text": "x"}),
    ("POST", "workflows/one", {}),
    ("POST", "sessions/one.json/name", {"name": "stolen"}),
    ("POST", "sessions/one.json/panel", {"t": "edit", "what": "delete", "call": "c1"}),
    ("POST", "sessions/one.json/panel", {"t": "again", "on": True}),
    ("DELETE", "sessions/one.json", None),
    ("POST", "mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
]


def foreign_hosts(port: int | None) -> list[str]:
    names = "evil.test:{p} evil.test 127.0.0.1.evil.test:{p} localhost.evil.test:{p} 127.0.0.1:{p}@evil.test"
    names += " evil.test#127.0.0.1:{p} 127.0.0.1:{p}. 0.0.0.0 127.0.0.1:{p},evil.test [::ffff:7f00:1]"
    return ["", *f"{names} 2130706433:{{p}} 127.1:{{p}} null".replace("{p}", str(port)).split()]


def foreign_origins(port: int | None) -> list[str | None]:
    names = "null http://evil.test http://evil.test:{p} http://127.0.0.1 file:// https://evil.test:{p}"
    names += " http://127.0.0.1:{p}.evil.test http://127.0.0.1:{p}@evil.test http://127.0.0.1:1 http://127.0.0.1:{p}/"
    names += " chrome-extension://abcdef ws://127.0.0.1:{p} http://[::1]:{p} http://localhost.evil.test:{p}"
    two = f"http://127.0.0.1:{port} http://evil.test"
    return [None, "", two, *names.replace("{p}", str(port)).split()]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Recorder]:
    """A recorder of an app with a WebSocket of its own, in whose folder one session lies."""

    async def sockets_too(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/socket":
            return await app(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    out = tmp_path / "out"
    out.mkdir()
    async with upstream(sockets_too) as url:
        session = a_session()
        recorded = msgspec.structs.replace(session, app=msgspec.structs.replace(session.app, url=url))
        sessions.write(recorded, out / "one.json")
        async with a_recorder(url, out) as recorder:
            yield recorder


def host(recorder: Recorder) -> str:
    return urlsplit(recorder.origin).netloc


async def token(recorder: Recorder) -> str:
    answer = await send(recorder.origin, "GET", "/", [("Host", host(recorder)), *NAVIGATION.items()])
    tag = re.search(TAG, answer.body)
    assert tag
    (found,) = re.findall(r"[\w-]{43}", tag.group().decode())
    return str(found)


async def test_a_name_that_was_bound_to_this_machine_reaches_nothing(
    door: Recorder, promise: Callable[..., None]
) -> None:
    broken, tried = [], 0
    paths = ["/", "/config", CHANNEL, "/_recorder/recorder.js", *(f"/_recorder/{path}" for path in PAGES)]
    for name, path in itertools.product(foreign_hosts(urlsplit(door.origin).port), paths):
        for headers in ([("Host", name)], [("Host", host(door)), ("Host", name)]):
            tried += 1
            wanted = UPGRADE if path == CHANNEL else []
            answer = await send(door.origin, "GET", path, [*headers, *wanted, ("Origin", f"http://{name}")])
            if answer.status not in (0, 400, 403, 421):
                broken.append(f"{path} is answered to {headers}: {answer.status}")
    promise("access: a request with another `Host`, or with two, is refused (DNS rebinding)", tried, broken)


async def test_a_socket_of_another_site_is_not_opened_neither_ours_nor_the_app_s(
    door: Recorder, promise: Callable[..., None]
) -> None:
    broken, tried = [], 0
    for origin, path in itertools.product(foreign_origins(urlsplit(door.origin).port), (CHANNEL, "/socket")):
        tried += 1
        said = [] if origin is None else [("Origin", origin)]
        answer = await send(door.origin, "GET", path, [("Host", host(door)), *UPGRADE, *said])
        if answer.status != 403:
            broken.append(f"{path} from {origin!r}: {answer.status}")
    own = [("Host", host(door)), *UPGRADE, ("Origin", door.origin)]
    assert [(await send(door.origin, "GET", path, own)).status for path in (CHANNEL, "/socket")] == [101, 101]
    promise(
        "access: a WebSocket from another origin is refused, the recorder's own and proxied ones",
        tried,
        broken,
    )


async def test_whoever_has_not_the_token_records_and_reads_nothing(
    door: Recorder, promise: Callable[..., None]
) -> None:
    right = await token(door)
    wrong = [
        "",
        right[:-1],
        right + "x",
        right[::-1],
        right.upper(),
        " " + right,
        "0" * 43,
        "x" * 10**6,
        None,
        0,
        [right],
    ]
    broken = []
    async with aiohttp.ClientSession() as browser:
        for number, given in enumerate(wrong):
            async with browser.ws_connect(door.origin + CHANNEL, headers={"Origin": door.origin}) as socket:
                await socket.send_json({"t": "hello", "page": f"p{number}", "token": given, "v": 1})
                heard = [json.loads(m.data) async for m in socket if m.type is aiohttp.WSMsgType.TEXT]
                if any(message["t"] != "refused" for message in heard):
                    broken.append(f"{given!r}: {heard}")
    promise("access: a wrong token gets an error and nothing else", len(wrong), broken)


async def test_whoever_has_not_opened_the_link_reads_and_changes_nothing(
    door: Recorder, promise: Callable[..., None]
) -> None:
    before = {path: path.read_bytes() for path in door.folder.rglob("*") if path.is_file()}
    link = door.link.removeprefix(door.origin)
    broken, tried = [], 0
    own = ("Host", host(door))
    wrong: list[Headers] = [[], [("Authorization", "Bearer x")], [("Authorization", f"Basic {KEY}")]]
    wrong += [[("Authorization", f"Bearer {KEY}x")], [("Cookie", "recorder_access=1; recorder=1")]]
    wrong += [[("Authorization", "Bearer ")], [("Referer", door.link)], [("X-Forwarded-For", "127.0.0.1")]]
    paths = [("GET", path, None) for path in [*PAGES, "sessions.json", "api.json", "", "mcp"]]
    for (method, path, given), attack in itertools.product([*paths, *CHANGES], wrong):
        tried += 1
        body = json.dumps(given).encode() if given is not None else b""
        kind = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
        answer = await send(door.origin, method, f"/_recorder/{path}", [own, *kind, *attack], body, key="")
        if answer.status != 401:
            broken.append(f"{method} {path} with {attack}: {answer.status}")
    for given in ("", "?key=", "?key=x", link.removesuffix(link[-1]).partition("open")[2]):
        tried += 1
        if (await send(door.origin, "GET", f"/_recorder/open{given}", [own], key="")).status != 403:
            broken.append(f"open{given} gives access")
    if (await send(door.origin, "HEAD", link, [own], key="")).status != 405:
        broken.append("the link is used up by a look at its head")
    if (await send(door.origin, "GET", link, [own, ("Sec-Fetch-Dest", "empty")], key="")).status != 405:
        broken.append("the link is used up by a script")
    opened = await send(door.origin, "GET", link, [own], key="")
    cookies = [value for name, value in opened.headers if name.lower() == "set-cookie"]
    assert opened.status == 303 and all("HttpOnly; SameSite=" in cookie for cookie in cookies), opened
    cookie = ("Cookie", cookies[0].partition(";")[0])
    shown = await send(
        door.origin, "GET", "/_recorder/api", [own, cookie, ("Sec-Fetch-Dest", "document")], key=""
    )
    assert shown.status == 200
    # The app's own scripts have the cookie with them. The browser says what they are.
    ahead = [("Sec-Fetch-Dest", "document"), ("Service-Worker-Navigation-Preload", "true")]
    by_scripts: list[Headers] = [
        ahead,
        *([("Sec-Fetch-Dest", d)] for d in ("empty", "iframe", "object", "script")),
    ]
    for (method, path, given), said in itertools.product([*paths, *CHANGES], by_scripts):
        tried += 1
        body = json.dumps(given).encode() if given is not None else b""
        kind = [("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")]
        answer = await send(
            door.origin, method, f"/_recorder/{path}", [own, *kind, cookie, *said], body, key=""
        )
        if answer.status != 401:
            broken.append(f"{method} {path} by a script of the app, {said}: {answer.status}")
    for method, path, _ in CHANGES:
        tried += 1
        kind = [("Content-Type", "application/json"), ("Sec-Fetch-Dest", "document")]
        answer = await send(door.origin, method, f"/_recorder/{path}", [own, *kind, cookie], b"{}", key="")
        if answer.status != 401:
            broken.append(f"{method} {path} by a form of the app: {answer.status}")
    for path in PAGES:
        tried += 1
        policy = (await send(door.origin, "GET", f"/_recorder/{path}", [own, cookie], key="")).header(
            "content-security-policy"
        )
        if "sandbox" not in policy or "allow-same-origin" in policy:
            broken.append(f"{path} can be read by a page that has opened it: {policy}")
    if (await send(door.origin, "GET", link, [own], key="")).status != 403:
        broken.append("the link is good for a second browser")
    login = ("Cookie", cookies[1].partition(";")[0])
    if (await send(door.origin, "GET", "/_recorder/api", [own, login], key="")).status != 401:
        broken.append("the cookie that goes to every path gives access")
    if before != {path: path.read_bytes() for path in door.folder.rglob("*") if path.is_file()}:
        broken.append("something is another")
    promise(
        "access: nothing under `/_recorder/` is served without the printed link, which works once",
        tried,
        broken,
    )


async def test_no_script_of_a_page_presses_edits_replays_or_names_a_variable(
    door: Recorder, promise: Callable[..., None]
) -> None:
    broken, tried = [], 0
    own = ("Host", host(door))

    async def source(*headers: tuple[str, str]) -> str:
        answer = await send(door.origin, "GET", "/", [own, ("Accept", "text/html"), *headers])
        tag = re.search(TAG, answer.body)
        return re.findall(r'src="([^"]+)"', tag.group().decode())[0] if tag else ""

    async def key_in(path: str, destination: str, site: str = "same-origin") -> str:
        said = [own, ("Sec-Fetch-Dest", destination), ("Sec-Fetch-Site", site)]
        found = re.search(rb'currentScript\), "([^"]*)"\)', (await send(door.origin, "GET", path, said)).body)
        assert found
        return found[1].decode()

    for destination in ("iframe", "frame", "embed", "object", "empty"):
        tried += 1
        if "?" in await source(("Sec-Fetch-Dest", destination), ("Sec-Fetch-Mode", "navigate")):
            broken.append(f"a document for {destination} has a ticket")
    ticketed = await source(("Sec-Fetch-Dest", "document"))
    for destination, site in (("empty", "same-origin"), ("script", "cross-site"), ("worker", "same-origin")):
        tried += 1
        if await key_in(ticketed, destination, site):
            broken.append(f"a script for {destination}, {site} has a key")
    used = await source(("Sec-Fetch-Dest", "document"))
    assert await key_in(used, "script")
    if await key_in(used, "script"):
        broken.append("a ticket is good for two keys")
    right = await token(door)
    forged: list[dict[str, Any]] = [
        {"t": "toggle", "on": True},
        {"t": "look", "on": True},
        {"t": "edit", "what": "delete", "call": "c1"},
        {"t": "again", "on": True},
        {"t": "take", "what": "session"},
    ]
    async with aiohttp.ClientSession() as browser, pages(door, 1) as opened:
        (page,) = opened
        await page.socket.send_str("\n".join(page.lines()))
        await page.until(lambda: page.acknowledged == page.seq)
        for message, key in itertools.product(forged, ("", "x", right, "x" * 43)):
            tried += 1
            async with browser.ws_connect(door.origin + CHANNEL, headers={"Origin": door.origin}) as socket:
                await socket.send_json({"t": "hello", "page": f"evil{tried}", "token": right})
                await socket.receive_json(timeout=30)
                await socket.send_json({**message, "key": key})
                heard = await socket.receive_json(timeout=30)
                while heard == {**heard, "t": "state", "recording": True} and "error" not in heard:
                    # How many calls there are is told of from time to time.
                    heard = await socket.receive_json(timeout=30)
                if heard["t"] != "state" or "cannot tell that a person" not in heard.get("error", ""):
                    broken.append(f"{message} with {key!r}: {heard}")
        for name in ("AWS_SECRET_ACCESS_KEY", "PATH", "RECORDER_PASSWORD", "RECORDER_SECRET_X;id"):
            tried += 1
            async with browser.ws_connect(door.origin + CHANNEL, headers={"Origin": door.origin}) as socket:
                await socket.send_json({"t": "hello", "page": f"named{tried}", "token": right})
                await socket.receive_json(timeout=30)
                placeholder = f"[recorder-secret:0123456789abcdef:{name}]"
                event = {"t": "secret", "page": f"named{tried}", "seq": 1, "at": 1.0}
                await socket.send_json({**event, "placeholder": placeholder, "name": name})
                if (await socket.receive_json(timeout=30))["t"] != "refused":
                    broken.append(f"{name} can be a secret")
        broken += await ended(door, opened)
    if sessions.read(door.folder / "s.json").secrets:
        broken.append("the session names variables that a page forged")
    promise(
        "access: no script of a page starts a recording, edits, replays, downloads or names a variable",
        tried,
        broken,
    )


async def test_the_token_stands_in_the_page_and_nowhere_else(
    door: Recorder, promise: Callable[..., None]
) -> None:
    async with pages(door) as opened:
        for page in opened:
            await page.socket.send_str("\n".join(page.lines()))
            await page.until(lambda page=page: page.acknowledged == page.seq)  # type: ignore[misc]
        right = (await token(door)).encode()
        places = {
            "the process list": Path(f"/proc/{door.process.pid}/cmdline").read_bytes(),
            "its environment": Path(f"/proc/{door.process.pid}/environ").read_bytes(),
        }
        for path in ("recorder.js", *PAGES):
            answer = await send(door.origin, "GET", f"/_recorder/{path}", [("Host", host(door))])
            places[f"GET {path}"] = answer.body + repr(answer.headers).encode()
        places |= {str(file): file.read_bytes() for file in door.folder.rglob("*") if file.is_file()}
        assert not await ended(door, opened)
    assert door.process.stdout is not None
    places["what it printed"] = await door.process.stdout.read()
    places |= {str(file): file.read_bytes() for file in door.folder.rglob("*") if file.is_file()}
    broken = [place for place, content in places.items() if right in content]
    promise("access: the token is in no address, log, process list or file", len(places), broken)


async def test_no_page_of_another_site_changes_anything(door: Recorder, promise: Callable[..., None]) -> None:
    before = (door.folder / "one.json").read_bytes()
    broken, tried = [], 0
    elsewhere: list[Headers] = [
        [("Origin", origin)] for origin in ("http://evil.test", "null", "http://127.0.0.1:1")
    ]
    elsewhere += [[("Sec-Fetch-Site", site)] for site in ("cross-site", "same-site")]
    forms: list[Headers] = [
        [("Content-Type", kind)]
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
    ]
    for (method, path, given), attack in itertools.product(CHANGES, [*elsewhere, *forms]):
        if method == "DELETE" and attack in forms:
            continue  # No form can send one.
        tried += 1
        body = json.dumps(given).encode() if given is not None else b""
        own = [] if attack in forms else [("Content-Type", "application/json")]
        accept = ("Accept", "application/json, text/event-stream")
        answer = await send(
            door.origin, method, f"/_recorder/{path}", [("Host", host(door)), accept, *own, *attack], body
        )
        if answer.status not in (400, 403, 406, 415):
            broken.append(f"{method} {path} with {attack}: {answer.status} {answer.body[:200]!r}")
    if [path.name for path in door.folder.glob("*.json")] != ["one.json"]:
        broken.append("there is another session")
    if (door.folder / "one.json").read_bytes() != before:
        broken.append("the session is another")
    promise(
        "access: every route that changes state refuses other sites and form content types (CSRF)",
        tried,
        broken,
    )


async def test_what_is_ours_is_neither_read_nor_framed_by_others(
    door: Recorder, promise: Callable[..., None]
) -> None:
    broken, tried = [], 0
    for path, method in itertools.product(
        [*PAGES, "mcp", "nothing", "call/echo"], ("GET", "OPTIONS", "POST")
    ):
        tried += 1
        asked = [
            ("Host", host(door)),
            ("Origin", "http://evil.test"),
            ("Access-Control-Request-Method", "POST"),
        ]
        answer = await send(door.origin, method, f"/_recorder/{path}", asked)
        if any(name.lower().startswith("access-control-") for name, _ in answer.headers):
            broken.append(f"{method} {path} has a CORS header")
        if "html" in answer.header("content-type"):
            if "DENY" not in answer.header("x-frame-options"):
                broken.append(f"{path} may be framed")
            if "frame-ancestors 'none'" not in answer.header("content-security-policy"):
                broken.append(f"{path} has no frame-ancestors")
            if answer.header("cross-origin-resource-policy") != "same-origin":
                broken.append(f"{path} may be embedded")
    promise(
        "access: nothing under `/_recorder/` has a CORS header or can be framed or embedded", tried, broken
    )


async def test_no_name_reaches_a_file_that_is_no_session_of_the_app(
    door: Recorder, promise: Callable[..., None]
) -> None:
    outside = door.folder.parent / "outside.json"
    outside.write_bytes((door.folder / "one.json").read_bytes())
    (door.folder / "link.json").symlink_to("/etc/passwd")
    (door.folder / "secret.txt").write_text("not yours")
    before = {path: path.read_bytes() for path in door.folder.parent.rglob("*") if path.is_file()}
    names = ["../outside.json", "..\\outside.json", str(outside), "./one.json", "one.json/../../outside.json"]
    names += ["link.json", "secret.txt", "../../../../etc/passwd", "one.json\0", "ONE.JSON", "."]
    names += ["%2e%2e/outside.json", "//outside.json", "..;/outside.json", "x" * 5000, "\u202eone.json", "*"]
    broken, tried = [], 0
    for name, method in itertools.product(names, ("GET", "DELETE", "POST")):
        for path in {quote(name, safe=""), quote(quote(name, safe="")), quote(name)}:
            for what in ("", "/name", "/panel") if method == "POST" else ("", "?compare=one.json"):
                tried += 1
                headers = [("Host", host(door)), ("Content-Type", "application/json")]
                body = b'{"t": "take", "what": "session", "name": "x"}' if method == "POST" else b""
                answer = await send(door.origin, method, f"/_recorder/sessions/{path}{what}", headers, body)
                if answer.status not in (400, 404, 405, 414, 302):
                    broken.append(f"{method} {path}{what}: {answer.status}")
    headers = [("Host", host(door)), ("Content-Type", "application/json")]
    for name in names:
        tried += 1
        await send(
            door.origin,
            "POST",
            "/_recorder/sessions/one.json/name",
            headers,
            json.dumps({"name": name}).encode(),
        )
        (now,) = (p for p in door.folder.glob("*.json") if p.name != "link.json")
        if (now.parent, now.suffix) != (door.folder, ".json"):
            broken.append(f"renamed to {now}")
        now.rename(door.folder / "one.json")
    after = {path: path.read_bytes() for path in door.folder.parent.rglob("*") if path.is_file()}
    if {p: c for p, c in before.items() if p.name != "one.json"} != {
        p: c for p, c in after.items() if p.name != "one.json"
    }:
        broken.append("something else is another")
    promise(
        "files: no name leads out of the session folder or to a file that is not a session", tried, broken
    )


async def test_a_page_that_says_too_much_is_cut_off_and_the_others_go_on(
    door: Recorder, promise: Callable[..., None]
) -> None:
    right, broken = await token(door), []
    floods: dict[str, Callable[[aiohttp.ClientWebSocketResponse], Any]] = {
        "a frame of 65 MB": lambda socket: socket.send_str("x" * 65 * 2**20),
        "nested a million deep": lambda socket: socket.send_str('{"t":"act","id":' + "[" * 10**6),
        "bytes that are no text": lambda socket: socket.send_bytes(b"\xff\xfe" * 1000),
        "no JSON": lambda socket: socket.send_str("hello?"),
    }
    async with pages(door) as opened, aiohttp.ClientSession() as browser:
        for number, (name, flood) in enumerate(floods.items()):
            async with browser.ws_connect(door.origin + CHANNEL, headers={"Origin": door.origin}) as socket:
                await socket.send_json({"t": "hello", "page": f"evil{number}", "token": right, "v": 1})
                await socket.receive_json(timeout=30)
                with contextlib.suppress(ConnectionError):
                    await flood(socket)
                try:
                    while (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.TEXT:
                        pass
                except asyncio.TimeoutError:
                    broken.append(f"{name}: still listened to")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as crowd:
            many = [
                crowd.ws_connect(door.origin + CHANNEL, headers={"Origin": door.origin}) for _ in range(400)
            ]
            got = await asyncio.gather(*many, return_exceptions=True)
            if not any(isinstance(one, aiohttp.WSServerHandshakeError) for one in got):
                broken.append("four hundred silent sockets were all let in")
        for page in opened:
            await page.socket.send_str("\n".join(page.lines()))
            await page.until(lambda page=page: page.acknowledged == page.seq)  # type: ignore[misc]
        broken += await ended(door, opened)
    promise(
        "limits: too many or too large frames and connections are refused; other pages are still recorded",
        len(floods) + 1,
        broken,
    )


async def test_an_app_cannot_make_the_recorder_write_outside_its_folder(
    door: Recorder, promise: Callable[..., None]
) -> None:
    names = [
        "../../evil.txt",
        "/tmp/evil-of-recorder.txt",
        "..\\evil.txt",
        "evil\0.txt",
        "con",
        ".",
        "..",
        "a/b",
        "-rf",
    ]
    names += ["~/evil.txt", "$(touch evil)", "x" * 400, "\u202etxt.exe", "a\nb", "evil.txt."]
    before = {path for path in door.folder.parent.rglob("*") if path.is_file()}
    async with pages(door, 1) as opened:
        (page,) = opened
        for name in names:
            lines = [json.loads(line) for line in page.lines()]
            file = {
                "path": name,
                "orig_name": name,
                "url": f"{door.origin}/gradio_api/file={name}",
                "size": 3,
            }
            given = {**file, "meta": {"_type": "gradio.FileData"}}
            lines[3]["body"]["text"] = json.dumps({"data": [given]})
            await page.socket.send_str("\n".join(map(json.dumps, lines)))
        await page.until(lambda: page.acknowledged == page.seq)
        broken = await ended(door, opened)
    kept = door.folder / "s.files"
    fresh = {path for path in door.folder.parent.rglob("*") if path.is_file()} - before
    broken += [str(p) for p in fresh if p != door.folder / "s.json" and not p.resolve().is_relative_to(kept)]
    broken += ["/tmp has it"] if Path("/tmp/evil-of-recorder.txt").exists() else []
    promise("files: no file name of an app writes outside the session's folder", len(names), broken)


async def test_an_archive_of_a_stranger_unpacks_to_nothing_but_the_session_s_own_files(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    broken, tried = [], 0
    text = sessions.dump(a_session())
    for name in (
        "../evil.txt",
        "/tmp/evil-of-recorder.txt",
        "s.files/../../evil.txt",
        "C:\\evil.txt",
        "s.files/x",
    ):
        tried += 1
        folder = tmp_path / str(tried)
        folder.mkdir()
        with zipfile.ZipFile(folder / "s.zip", "w", zipfile.ZIP_DEFLATED) as pack:
            pack.writestr("s.json", text)
            pack.writestr(name, "evil")
            link = zipfile.ZipInfo("s.files/link")
            link.external_attr = 0o120777 << 16
            pack.writestr(link, "/etc/passwd")
        with contextlib.suppress(FileError):
            sessions.read(folder / "s.zip")
        there = [p for p in tmp_path.rglob("*") if p.is_symlink() or (p.is_file() and "evil" in p.name)]
        broken += [f"{name} left {p}" for p in there]
    tried += 1
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack,
        pack.open("s.json", "w") as member,
    ):
        for _ in range(1024):
            member.write(b" " * 2**20)
    code, said = await run("show", str(bomb))
    if code not in (1, 2) or "Traceback" in said:
        broken.append(f"a bomb: {code} {said[-300:]}")
    promise("files: archives with path traversal, symlinks or bombs are refused", tried, broken)


def test_a_session_of_a_stranger_names_no_file_but_its_own(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    folder = tmp_path / "mine"
    (folder / "s.files").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "s.files" / "link").symlink_to(tmp_path / "secret")
    (folder / "s.files" / "round").symlink_to("round")
    names = [
        "../secret",
        "s.files/../../secret",
        "s.files/link",
        str(tmp_path / "secret"),
        "/dev/stdin",
        "s.files/round",
    ]
    names += [
        "s.files/\0",
        "\0",
        "s.files/\ud800",
        "s.files/" + "x" * 5000,
        "x/" * 5000,
        ".",
        "..",
        "~/.ssh/id_rsa",
        "C:\\x",
    ]
    broken = []
    for name in names:
        with contextlib.suppress(FileError):
            broken.append(f"{name[:40]!r} is {kept_file(folder, File(name='x', path=name))}")
    promise("files: no file outside the session's folder is sent or shown", len(names), broken)


async def test_it_listens_on_loopback_unless_it_is_told_otherwise_and_says_what_that_means(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    broken = []
    async with upstream(app) as url:
        for words in ([], ["--host", "0.0.0.0"]):
            folder = tmp_path / str(len(words))
            folder.mkdir()
            async with a_recorder(url, folder, *words) as recorder:
                port = urlsplit(recorder.origin).port
                heard = [
                    line.split()[1]
                    for table in ("/proc/net/tcp", "/proc/net/tcp6")
                    if os.path.exists(table)
                    for line in Path(table).read_text().splitlines()[1:]
                    if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
                ]
                is_open = heard != [f"0100007F:{port:04X}"]
                if is_open != bool(words):
                    broken.append(f"{words}: it listens on {heard}")
                if bool(words) != ("over the network" in recorder.said):
                    broken.append(f"{words}: it says {recorder.said}")
    promise("access: listens on loopback only; `--host` prints a warning", 2, broken)

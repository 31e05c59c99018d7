"""Apps and pages over real sockets, as a recorder between them sees both."""

from __future__ import annotations

import contextlib
import re
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
from aiohttp import web

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
TAG = rb"<script\b[^>]*_recorder/recorder\.js[^>]*></script>"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def upstream(handler: Handler) -> AsyncIterator[str]:
    """The origin of an app that answers by ``handler``."""
    runner = web.ServerRunner(web.Server(handler, auto_decompress=False), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


_keys: weakref.WeakKeyDictionary[aiohttp.ClientWebSocketResponse, str] = weakref.WeakKeyDictionary()


async def key_of(origin: str, browser: aiohttp.ClientSession, tag: str) -> str:
    """The key of the script that a tag loads, as the browser that opened the document gets it."""
    (source,) = re.findall(r'src="([^"]+)"', tag)
    headers = {"Sec-Fetch-Dest": "script", "Sec-Fetch-Site": "same-origin"}
    async with browser.get(origin + source, headers=headers) as answer:
        found = re.search(r'currentScript\), "([\w-]*)"\)', await answer.text())
    assert found
    return found[1]


async def press(socket: aiohttp.ClientWebSocketResponse, on: bool) -> None:
    """Press the button of a page."""
    await socket.send_json({"t": "toggle", "on": on, "key": _keys[socket]})


async def speak(
    origin: str, browser: aiohttp.ClientSession, cookie: str = "", page: str = "p1"
) -> aiohttp.ClientWebSocketResponse:
    """A page of the app, as far as the collector can tell."""
    async with browser.get(origin, headers=NAVIGATION) as answer:
        tag = re.search(TAG, await answer.read())
    assert tag
    headers = {"Origin": origin, **({"Cookie": cookie} if cookie else {})}
    socket = await browser.ws_connect(origin + "/_recorder/channel", headers=headers)
    for token in re.findall(r"[\w-]{43}", tag.group().decode()):
        await socket.send_json({"t": "hello", "page": page, "token": token})
    _keys[socket] = await key_of(origin, browser, tag.group().decode())
    return socket

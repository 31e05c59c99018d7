"""``served.py app PORT`` is a trivial app; ``served.py proxy PORT ORIGIN`` the plainest proxy to it that aiohttp makes."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import aiohttp
import uvloop
from aiohttp import web

HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


async def app(request: web.BaseRequest) -> web.StreamResponse:
    if request.path == "/stream":
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await asyncio.sleep(1)
        return response
    if request.path == "/socket":
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket
    if request.path == "/":
        return web.Response(text="<!doctype html><title>App</title>", content_type="text/html")
    return web.Response(body=await request.read(), content_type="application/json")


def proxy(origin: str, client: aiohttp.ClientSession):  # type: ignore[no-untyped-def]
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            ours = web.WebSocketResponse()
            await ours.prepare(request)
            async with client.ws_connect(origin + request.raw_path) as theirs:
                async for message in ours:
                    await theirs.send_str(message.data)
                    await ours.send_str(await theirs.receive_str())
            return ours
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP]
        body = await request.read() if request.body_exists else None
        async with client.request(
            request.method, origin + request.raw_path, headers=headers, data=body
        ) as answer:
            kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in HOP]
            response = web.StreamResponse(status=answer.status, headers=kept)  # type: ignore[arg-type]
            response.content_length = answer.content_length
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            return response

    return handle


async def main(what: str, port: str, origin: str = "") -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        runner = web.ServerRunner(web.Server(app if what == "app" else proxy(origin, client)))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(port)).start()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(*sys.argv[1:]))

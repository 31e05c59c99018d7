"""The line between a page and the collector over a WebSocket: who may open one, and how frames pass both ways.

:func:`converse` works over any message transport; :func:`serve` is a server of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as HandshakeAnswer

from recorder import events
from recorder.capture.collector import Collector
from recorder.capture.ingest import MAX_FRAME
from recorder.events import Ack, ToPage

HELLO_SECONDS = 10.0
"""How long a page may take to say hello."""


def refuses(hosts: list[str], origins: list[str], allows: Callable[[str], bool]) -> str | None:
    """Why a handshake with these ``Host`` and ``Origin`` headers is refused: a sentence; None if it is not.

    There must be exactly one of each, the host one that we serve, and the origin that same host: a page of another
    site, a sandboxed one (``null``) and a program that sends none are all refused.
    """
    if len(hosts) != 1 or not allows(hosts[0].lower()):
        return "This address is not one that API Recorder serves."
    if len(origins) != 1 or origins[0].lower() not in (
        f"http://{hosts[0].lower()}",
        f"https://{hosts[0].lower()}",
    ):
        return "API Recorder listens only to pages that it served itself."
    return None


@contextlib.asynccontextmanager
async def serve(
    collector: Collector,
    allows: Callable[[str], bool],
    admits: Callable[[list[tuple[bytes, bytes]]], bool] | None = None,
    of_the_app: Callable[[bytes], bytes] | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """The collector as a WebSocket server on a free loopback port.

    Args:
        allows: whether a ``Host`` header is one under which the page is served. The ``Origin`` must be the same host.
        admits: whether a page that came with these headers may show what was recorded; all may if it is None.
        of_the_app: the part of a ``Cookie`` value that the app may be sent where something is read of it; all if None.

    Yields:
        The host and port to connect to.
    """

    def check(connection: ServerConnection, request: Handshake) -> HandshakeAnswer | None:
        sentence = refuses(request.headers.get_all("Host"), request.headers.get_all("Origin"), allows)
        if sentence is None and collector.is_full:
            sentence = "Too many pages are connected."
        return connection.respond(403, sentence + "\n") if sentence else None

    async def speak(connection: ServerConnection) -> None:
        await _speak(collector, connection, admits, of_the_app or (lambda value: value))

    server: Server
    async with serve_websocket(
        speak,
        "127.0.0.1",
        0,
        process_request=check,
        max_size=MAX_FRAME,
        compression=None,
        ping_interval=None,
        server_header=None,
    ) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        yield host, port


async def _speak(
    collector: Collector,
    socket: ServerConnection,
    admits: Callable[[list[tuple[bytes, bytes]]], bool] | None,
    of_the_app: Callable[[bytes], bytes],
) -> None:
    assert socket.request is not None
    headers = socket.request.headers

    async def receive() -> str | bytes | None:
        try:
            return await socket.recv()
        except ConnectionClosed:
            return None

    async def send(text: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await socket.send(text)

    origin = headers.get("Origin", "")
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.raw_items()]
    given = (of_the_app(value) for name, value in raw if name == b"cookie")
    cookie = b"; ".join(filter(None, given)).decode("latin-1")
    sees = admits is None or admits(raw)
    await converse(collector, receive, send, origin=origin, cookie=cookie, sees=sees)
    await socket.close()


async def converse(
    collector: Collector,
    receive: Callable[[], Awaitable[str | bytes | None]],
    send: Callable[[str], Awaitable[None]],
    *,
    origin: str,
    cookie: str,
    sees: bool = True,
) -> None:
    """One connection over any message transport, until the page goes or must be let go.

    Args:
        receive: the next frame, None when the page is gone.
        send: takes one frame; does nothing once the page is gone.
        origin, cookie, sees: as in :meth:`Collector.connect`.
    """
    outbox: asyncio.Queue[ToPage | None] = asyncio.Queue()
    connection = collector.connect(outbox.put_nowait, origin=origin, cookie=cookie, sees=sees)

    async def speak() -> None:
        while True:
            messages = [await outbox.get()]
            while not outbox.empty():
                messages.append(outbox.get_nowait())
            for message in _still_news(messages):
                if message is None:
                    return
                await send(events.dump(message))

    speaker = asyncio.get_running_loop().create_task(speak())
    try:
        frame = await asyncio.wait_for(receive(), HELLO_SECONDS)
        while frame is not None and connection.receive(frame):
            if (pause := connection.pause) > 0:
                await asyncio.sleep(pause)
            frame = await receive()
    except asyncio.TimeoutError:
        pass
    finally:
        connection.close()
        outbox.put_nowait(None)
        await asyncio.wait([speaker], timeout=5)
        speaker.cancel()


def _still_news(messages: list[ToPage | None]) -> Iterator[ToPage | None]:
    """Of what is to be said, all that a later acknowledgement does not say too."""
    last = {message.page: message for message in messages if isinstance(message, Ack)}
    return (each for each in messages if not isinstance(each, Ack) or last[each.page] is each)

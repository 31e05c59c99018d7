"""How requests to what is served under ``/_recorder/`` are read and answered, over ASGI.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable
from typing import Any

from recorder.capture.access import READABLE
from recorder.capture.beside import VISIT, Message, Receive, Scope, Send, Visit

MOST = 64 * 1024 * 1024
"""Bytes of a request's body, and of a file that is given in an answer."""

_PRIVATE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # The app has our origin: without the sandbox, a window that it opened on a page of ours could be read by it. A page
    # brings its own policy beside this one.
    "Content-Security-Policy": "frame-ancestors 'none'; "
    "sandbox allow-scripts allow-forms allow-modals allow-downloads allow-popups",
}


class Refused(Exception):
    """A request that is not answered as it wishes.

    Args:
        status: of HTTP.
        sentence: for whoever asked.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence


def only(method: str, *allowed: str) -> None:
    """Refuse a method that is none of these."""
    if method not in allowed:
        raise Refused(405, f"Only {' and '.join(allowed)} is answered here.")


def refuse_other_sites(headers: dict[str, str]) -> None:
    """Refuse what a page of another site asks. Source: https://www.w3.org/TR/fetch-metadata/."""
    origin = headers.get("origin")
    is_other = origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
    if is_other or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Refused(403, "Pages of other sites are not answered here.")


def visit_of(scope: Scope) -> Visit:
    """Who asks; nobody of ours, where the host does not say."""
    return scope.get(VISIT) or Visit(False, str)


def readable(send: Send) -> Send:
    """``send`` of an answer that one of our own pages may read."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *READABLE]}
        await send(message)

    return sending


def root_of(scope: Scope, headers: dict[str, str]) -> str:
    """The address under which whoever asks finds the app."""
    return f"{scope.get('scheme', 'http')}://{headers.get('host', '')}{scope.get('root_path', '')}"


def only_json(headers: dict[str, str]) -> None:
    """Refuse what is not JSON by its type: what a form of another site can send without asking never is."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Send the values as JSON, with Content-Type: application/json.")


async def json_of(headers: dict[str, str], receive: Receive) -> dict[str, Any]:
    """The object that a request has for a body.

    Raises:
        Refused: it is none.
    """
    only_json(headers)
    try:
        given = json.loads(await body_of(receive))
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is no JSON: {error}.") from None
    if not isinstance(given, dict):
        raise Refused(400, "The body must be an object: values by the names of the variables.")
    return given


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request, up to :data:`MOST`."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "The body broke off.")
        body += message.get("body", b"")
        if len(body) > MOST:
            raise Refused(413, f"The body is larger than {MOST} bytes.")
        if not message.get("more_body", False):
            return bytes(body)


async def unless_gone(receive: Receive, work: Awaitable[Any]) -> Any:
    """What ``work`` gives; None, and it is cancelled, if whoever asked goes away."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working = asyncio.ensure_future(work)
    waiting = asyncio.create_task(gone())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return None
    finally:
        for task in (working, waiting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


def sse_event(name: str, data: Any) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def begin(send: Send, status: int, headers: dict[str, str]) -> None:
    """Send the status and headers of an answer whose body follows."""
    listed = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in {**_PRIVATE, **headers}.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": listed})


async def answer(send: Send, status: int, kind: str, body: bytes, **headers: str) -> None:
    """Send a whole answer of the type ``kind``."""
    await begin(send, status, {"Content-Type": kind, "Content-Length": str(len(body)), **headers})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, value: Any) -> None:
    """Send a value as JSON."""
    await answer(send, status, "application/json", json.dumps(value).encode())


async def fail(send: Send, status: int, sentence: str) -> None:
    """Send a sentence that says why not."""
    allow = {"Allow": "GET, HEAD, POST"} if status == 405 else {"Retry-After": "1"} if status == 429 else {}
    await answer(send, status, "application/json", json.dumps({"error": sentence}).encode(), **allow)

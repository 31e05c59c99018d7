"""The server that the cases share: an app in this process, its log, and ids that are new at each start."""

from __future__ import annotations

import contextlib
import random
import secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ALPHABETS = (
    string.ascii_lowercase,
    string.hexdigits[:16],
    string.ascii_letters,
    string.ascii_letters + string.digits,
)
"""Two of four have no digit, so that no rule about digits can tell an id from a word."""

UNKNOWN = "?"
"""The name of a value that this start did not give out, or no longer accepts."""

SHELL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Case</title>
<script>
const send = (method, url, data, more) =>
  fetch(url, { method, headers: { "content-type": "application/json", ...more }, body: JSON.stringify(data) });
</script>
%s
<output id="out"></output></html>"""


class App:
    """One start of an app.

    ``log`` holds what the app understood of each request: ``[what, about]``, with ids and tokens replaced by the
    names they were given out under, so that the logs of two starts are equal if the same was done.

    Args:
        look: chooses the alphabet and the length (6 to 40 characters) of each kind of id.
        recorded: whether a person uses this start. Some apps behave differently later: one more event in a stream,
            no token that expires.
    """

    def __init__(self, look: int, recorded: bool = False) -> None:
        self.recorded = recorded
        self.routes = web.RouteTableDef()
        self.log: list[Any] = []
        self._look = look
        self._kinds: dict[str, tuple[str, int]] = {}
        self._names: dict[str, str] = {}
        self._number = secrets.randbelow(9000) + 1000

    def id(self, name: str, kind: str = "") -> str:
        """A new id or token; all of one ``kind`` look alike."""
        kind = kind or name
        if kind not in self._kinds:
            alphabet = ALPHABETS[(self._look + len(self._kinds)) % len(ALPHABETS)]
            self._kinds[kind] = alphabet, random.Random(f"{self._look} {kind}").randint(6, 40)
        alphabet, length = self._kinds[kind]
        return self.know("".join(secrets.choice(alphabet) for _ in range(length)), name)

    def number(self, name: str) -> int:
        """A new number as an id."""
        self._number += secrets.randbelow(50) + 1
        return int(self.know(str(self._number), name))

    def know(self, value: str, name: str) -> str:
        """``value``, which has this name from now on."""
        self._names[value] = name
        return value

    def name_of(self, value: object) -> str:
        """The name of an id or token, or :data:`UNKNOWN`."""
        return self._names.get(str(value), UNKNOWN)

    def revoke(self, value: object) -> None:
        """Accept an id or token no longer."""
        self._names.pop(str(value), None)

    def understood(self, what: str, **about: Any) -> None:
        """Add to the log."""
        self.log.append([what, about])

    def page(self, body: str) -> None:
        """Serve ``body``, inside :data:`SHELL`, as the app's page."""

        async def index(_: web.Request) -> web.Response:
            return html(body)

        self.routes.get("/")(index)


def html(body: str, **more: Any) -> web.Response:
    """A page with ``body`` inside :data:`SHELL`."""
    return web.Response(text=SHELL % body, content_type="text/html", **more)


def bearer(request: web.Request, scheme: str = "Bearer") -> str:
    """The token in the ``Authorization`` header."""
    return request.headers.get("authorization", "").removeprefix(f"{scheme} ")


def refuse(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


@web.middleware
async def _refuses_the_malformed(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as error:
        return refuse(400, f"not understood: {error!r}")


@contextlib.asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The address, on a free port, at which the routes of ``app`` are served."""
    application = web.Application(middlewares=[_refuses_the_malformed], client_max_size=2**26)
    application.add_routes(app.routes)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()

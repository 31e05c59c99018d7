"""Reading from the app over HTTP, for the shells whose app is at an address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from recorder.adapters.http.describe import PLACES, parse
from recorder.address import following, origin_of
from recorder.capture.kept import Fetch, Fetching
from recorder.errors import FileError, RecorderError

REDIRECTS = 5
SECONDS = 30.0
"""How long the app may take to be reached, and to say the next piece."""

Address = Callable[[str, str], Awaitable[tuple[str, dict[str, str]]]]
"""For a URL and the page's cookie: what to GET instead, and with which headers. RecorderError: it must not be read."""


def fetch_with(client: aiohttp.ClientSession, address: Address) -> Fetch:
    """A :data:`~recorder.capture.kept.Fetch` over ``client``."""

    @contextlib.asynccontextmanager
    async def ask(url: str, cookie: str) -> AsyncIterator[Asked]:
        target, headers = await address(url, cookie)
        async with _asking(client, target, headers) as answer:
            content = Fetching(answer.status, answer.headers.get("Content-Type"), _chunks(answer, url))
            # An app may name itself by the address at which it is reached past the proxy.
            yield content, answer.headers.get("Location", ""), (origin_of(url), origin_of(target))

    return redirected(ask)


Asked = tuple[Fetching, str, tuple[str, ...]]
"""An answer, its ``Location``, and the origins that are the app's own."""


def redirected(ask: Callable[[str, str], AbstractAsyncContextManager[Asked]]) -> Fetch:
    """A :data:`~recorder.capture.kept.Fetch` that follows redirects within the app.

    Args:
        ask: asks for a URL with a ``Cookie`` header's value.
    """

    @contextlib.asynccontextmanager
    async def fetch(url: str, cookie: str) -> AsyncIterator[Fetching]:
        first = url
        for _ in range(REDIRECTS + 1):
            async with ask(url, cookie) as (answer, location, own):
                if answer.status not in (301, 302, 303, 307, 308) or not location:
                    yield answer
                    return
                led_to = following(url, location)
                if origin_of(led_to) not in own:
                    raise RecorderError(f"{first} was not read: it redirects to another site")
                url = led_to
        raise RecorderError(f"{first} was not read: it redirects without end")

    return fetch


def read_description(path: Path | None) -> str:
    """The OpenAPI document in a file; empty where none is named.

    Raises:
        FileError: it cannot be read, or is none in JSON.
    """
    if path is None:
        return ""
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Name a file that is there") from None
    if parse(text) is None:
        raise FileError(f"{path} is no OpenAPI document in JSON", "Save the one that the app serves")
    return text


def described_by(description: str, fetch: Fetch) -> Fetch:
    """``fetch``, but that the app's description is the one given, where one is."""
    if not description:
        return fetch

    async def content() -> AsyncIterator[bytes]:
        yield description.encode()

    @contextlib.asynccontextmanager
    async def knowing(url: str, cookie: str) -> AsyncIterator[Fetching]:
        if urlsplit(url).path.endswith(PLACES):
            yield Fetching(200, "application/json", content())
        else:
            async with fetch(url, cookie) as answer:
                yield answer

    return knowing


def request_target(url: str) -> str:
    """Path and query of ``url`` as a browser would send them: blanks and letters escaped, escapes left alone."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return quote(target, safe="%/:=&?~+!$,;'@()*[]-._", errors="replace")


@contextlib.asynccontextmanager
async def _asking(
    client: aiohttp.ClientSession, url: str, headers: dict[str, str]
) -> AsyncIterator[aiohttp.ClientResponse]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
    try:
        answer = await client.get(
            URL(url, encoded=True), headers=headers, allow_redirects=False, timeout=timeout
        )
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
        raise RecorderError(f"{url} cannot be read: {str(error) or type(error).__name__}") from None
    try:
        yield answer
    finally:
        answer.close()


async def _chunks(answer: aiohttp.ClientResponse, url: str) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
        raise RecorderError(f"{url} broke off: {str(error) or type(error).__name__}") from None

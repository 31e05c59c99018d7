"""What is served under ``/_recorder/``, asked as an ASGI application: its bounds, and who is not answered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from recorder.config import Source, parse
from recorder.serve.offer import Offer
from recorder.serve.site import MOST, Site

TOOLS = """
import asyncio, time
ended = []
async def wait(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        ended.append("cancelled")
        raise
    return "done"
def fail(text: str = "") -> str:
    raise ValueError("no " + text)
def each(n: int):
    for number in range(n):
        yield number
"""
CONFIG = """
[serve]
at_once = 1
timeout = 0.3
[add.wait]
function = "own_tools:wait"
[add.fail]
function = "own_tools:fail"
[add.each]
function = "own_tools:each"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "own_tools.py").write_text(TOOLS)
    path = tmp_path / "recorder.toml"
    return Site(Offer("http://127.0.0.1:9", source=Source(parse(CONFIG, path), path, CONFIG), environment={}))


async def asked(
    site: Site,
    path: str,
    body: bytes = b"",
    method: str = "POST",
    gone: asyncio.Event | None = None,
    **headers: str,
) -> tuple[int, Any]:
    """Status and JSON of an answer; ``gone`` is when whoever asks goes away."""
    said: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if said:
            return said.pop()
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(n.replace("_", "-").encode(), v.encode()) for n, v in {"host": "app.test", **headers}.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": raw,
        "scheme": "http",
        "query_string": b"",
    }
    await site(scope, receive, send)
    if not sent:
        return 0, None
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(text) if text.startswith(b"{") else text.decode()


def call(site: Site, name: str, value: Any, **headers: str) -> Any:
    return asked(site, f"/_recorder/call/{name}", json.dumps(value).encode(), **{**JSON_HEADERS, **headers})


async def is_running(site: Site) -> None:
    """Returns once a call is being made."""
    while not site._running:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)


JSON_HEADERS = {"content_type": "application/json"}


async def test_calls_are_bounded_in_number_and_in_time(site: Site) -> None:
    first = asyncio.create_task(call(site, "wait", {"seconds": 0.1}))
    await is_running(site)
    status, said = await call(site, "each", {"n": 3})
    assert status == 429 and "Try again later" in said["error"]
    assert await first == (200, {"outputs": {"result": "done"}})
    assert await call(site, "each", {"n": 3}) == (200, {"outputs": {"result": 2}})
    assert await call(site, "wait", {"seconds": 30}) == (504, {"error": "it took longer than 0.3 s"})


async def test_a_call_ends_when_whoever_made_it_goes_away(site: Site) -> None:
    gone = asyncio.Event()
    made = asyncio.create_task(
        asked(site, "/_recorder/call/wait", b'{"seconds": 0.2}', gone=gone, **JSON_HEADERS)
    )
    await is_running(site)
    gone.set()
    assert await made == (0, None)
    assert site._running == 0


@pytest.mark.parametrize(
    ("name", "body", "headers", "status", "sentence"),
    [
        ("each", b'{"n": "3"}', JSON_HEADERS, 400, "n: '3' is not of type 'integer'"),
        ("each", b'{"n": 3, "m": 1}', JSON_HEADERS, 400, "'m' was unexpected"),
        ("each", b"{}", JSON_HEADERS, 400, "'n' is a required property"),
        ("each", b"[3]", JSON_HEADERS, 400, "must be an object"),
        ("each", b"{", JSON_HEADERS, 400, "no JSON"),
        ("each", b"[" * 100_000, JSON_HEADERS, 400, "no JSON"),
        ("each", b"n=3", {"content_type": "application/x-www-form-urlencoded"}, 415, "as JSON"),
        ("each", b'{"n": 3}', {"content_type": "text/plain"}, 415, "as JSON"),
        ("each", b" " * (MOST + 1), JSON_HEADERS, 413, "larger"),
        ("fail", b'{"text": "way"}', JSON_HEADERS, 422, "ValueError: no way"),
        ("each", b'{"n": 3}', {**JSON_HEADERS, "origin": "http://evil.test"}, 403, "other sites"),
        ("each", b'{"n": 3}', {**JSON_HEADERS, "origin": "null"}, 403, "other sites"),
        ("each", b'{"n": 3}', {**JSON_HEADERS, "sec_fetch_site": "cross-site"}, 403, "other sites"),
        ("each", b'{"n": 3}', {**JSON_HEADERS, "sec_fetch_site": "same-site"}, 403, "other sites"),
    ],
)
async def test_what_is_not_answered_is_said_in_a_sentence(
    site: Site, name: str, body: bytes, headers: dict[str, str], status: int, sentence: str
) -> None:
    found, said = await asked(site, f"/_recorder/call/{name}", body, **headers)
    assert found == status and sentence in said["error"], said


async def test_only_a_post_calls_and_nothing_else_is_there(site: Site) -> None:
    assert (await asked(site, "/_recorder/call/each", method="GET"))[0] == 405
    assert (await asked(site, "/_recorder/api", method="POST", **JSON_HEADERS))[0] == 405
    assert (await asked(site, "/_recorder/../etc/passwd", method="GET"))[0] == 404
    assert (await asked(site, "/_recorder/workflows/none", b"{}", **JSON_HEADERS))[0] == 404

"""What is served under ``/_recorder/``, asked as an ASGI application: its bounds, and who is not answered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder import session as sessions
from recorder.config import Source, parse
from recorder.serve.offer import Offer
from recorder.serve.site import MOST, Site
from recorder.session import App, File
from tests.test_edits import a_call, a_session

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
    query: str = "",
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
        "query_string": query.encode(),
    }
    await site(scope, receive, send)
    if not sent:
        return 0, None
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(text) if text.startswith(
        b"{"
    ) and b"\n" not in text else text.decode()


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


@pytest.fixture
def library(tmp_path: Path) -> Site:
    """A site whose folder has two sessions of the app, one of another, and what is none."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name, url in (("one", APP), ("two & <b>", APP), ("other", "http://127.0.0.1:10")):
        made = a_session(a_call(1, name), a_call(2, "b"))
        session = msgspec.structs.replace(made, app=App(url=url, kind="gradio"), started=f"2026-{name}")
        sessions.write(session, folder / f"{name}.json")
    (folder / "notes.json").write_text("{}")
    (folder / "broken.json").write_text('{"format": "recorder-session/1"')
    (tmp_path / "outside.json").write_text((folder / "one.json").read_text())
    return Site(Offer(APP, folder=folder, environment={}))


APP = "http://127.0.0.1:9"
ONE = "/_recorder/sessions/one.json"


async def names(site: Site) -> list[str]:
    status, said = await asked(site, "/_recorder/sessions.json", method="GET")
    assert status == 200
    return [one["name"] for one in json.loads(said)]


async def test_only_sessions_of_the_app_are_listed(library: Site) -> None:
    assert await names(library) == ["two & <b>.json", "one.json"]
    status, page = await asked(library, "/_recorder/sessions", method="GET")
    assert status == 200 and "two &amp; &lt;b&gt;.json" in page and "<b>" not in page.split("</style>")[1]
    assert await names(Site(Offer(APP, folder=None, environment={}))) == []


@pytest.mark.parametrize(
    "name",
    [
        "other.json",
        "notes.json",
        "none.json",
        "../outside.json",
        "..",
        ".",
        "",
        "one.json\0",
        "./one.json",
        "out/one.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_no_other_file_can_be_opened_or_deleted(
    library: Site, tmp_path: Path, name: str, method: str
) -> None:
    before = sorted(p.name for p in tmp_path.rglob("*"))
    if name or method == "DELETE":
        status, _ = await asked(library, f"/_recorder/sessions/{name}", method=method)
        assert status in (404, 405), (name, status)
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        (ONE, "DELETE", b""),
        (ONE + "/name", "POST", b'{"name": "x"}'),
        (ONE + "/panel", "POST", b'{"t": "edit", "what": "delete", "call": "c1"}'),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_pages_of_other_sites_change_no_session(
    library: Site, tmp_path: Path, path: str, method: str, body: bytes, headers: dict[str, str]
) -> None:
    before = (tmp_path / "out" / "one.json").read_text()
    status, said = await asked(library, path, body, method, **{**JSON_HEADERS, **headers})
    assert status == 403 and "other sites" in said["error"]
    assert (tmp_path / "out" / "one.json").read_text() == before
    if body:
        # What a form can send without asking has another type.
        assert (await asked(library, path, body, method, content_type="text/plain"))[0] == 415


async def test_a_session_is_renamed_with_its_files_and_never_over_another(
    library: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    session = sessions.read(folder / "one.json")
    value = msgspec.structs.replace(
        session.calls[0].inputs[0], value=File(name="a.txt", sha256="1" * 64, path="one.files/1/a.txt")
    )
    call = msgspec.structs.replace(session.calls[0], inputs=(value,))
    sessions.write(msgspec.structs.replace(session, calls=(call,)), folder / "one.json")
    sessions.write_whole(folder / "one.files/1/a.txt", b"content")

    async def rename(name: Any) -> Any:
        return await asked(library, ONE + "/name", json.dumps({"name": name}).encode(), **JSON_HEADERS)

    for taken in ("broken", "other", "notes.json"):
        status, said = await rename(taken)
        assert status == 400 and "already" in said["error"]
    for bad in ("", " ", None, 3, ["x"]):
        assert (await rename(bad))[0] == 400
    assert await rename("../../a/b: c") == (200, {"name": "b_ c.json"})
    moved = sessions.read(folder / "b_ c.json").calls[0].inputs[0].value
    assert (folder / moved.path).read_bytes() == b"content" and moved.path.startswith("b_ c.files/")
    assert not (folder / "one.json").exists() and not (folder / "one.files").exists()
    assert sorted(await names(library)) == ["b_ c.json", "two & <b>.json"]


async def test_what_a_panel_asks_of_a_saved_session_is_answered_line_by_line(
    library: Site, tmp_path: Path
) -> None:
    async def ask(message: Any) -> Any:
        status, said = await asked(library, ONE + "/panel", json.dumps(message).encode(), **JSON_HEADERS)
        if status != 200 or isinstance(said, dict):
            return status, [said]
        return status, [json.loads(line) for line in said.splitlines()]

    library._library._replaying = 4
    assert (await ask({"t": "again"}))[0] == 429
    library._library._replaying = 0
    status, said = await ask({"t": "look"})
    assert status == 200 and [one["t"] for one in said] == ["view", "script"]
    assert await ask({"t": "edit", "what": "delete", "call": "c1"}) == (200, [])
    assert [call.id for call in sessions.read(tmp_path / "out" / "one.json").calls] == ["c2"]
    assert await ask({"t": "edit", "what": "undo"}) == (200, [])
    assert len(sessions.read(tmp_path / "out" / "one.json").calls) == 2
    for bad in (
        {"t": "mark", "what": "start"},
        {"t": "hello", "page": "p", "token": "t"},
        {"t": "nothing"},
        3,
    ):
        status, said = await ask(bad)
        assert status == 400 and "nothing that a panel asks" in said[0]["error"]


async def test_two_sessions_are_compared_and_one_that_is_not_there_is_not(library: Site) -> None:
    status, page = await asked(library, ONE, method="GET", query="compare=two%20%26%20%3Cb%3E.json")
    assert (
        status == 200
        and "1 of 2 calls are the same in both." in page
        and "<b>" not in page.split("</style>")[1]
    )
    assert (await asked(library, ONE, method="GET", query="compare=other.json"))[0] == 404

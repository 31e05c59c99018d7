"""Scripts for apps with an HTTP API: whatever is in the values, what arrives is what was recorded."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from openapi_spec_validator import validate

from recorder import session as sessions
from recorder.adapters import workflow
from recorder.adapters.http.fold import HttpFold
from recorder.adapters.http.har import events
from recorder.api import Api, Endpoint, Location
from recorder.edits import edited, resolved
from recorder.errors import FileError
from recorder.events import Edit, Secret
from recorder.render import Options, render, renderers
from recorder.replay.run import replay
from recorder.session import App, Call, File, Session, Trigger, Value
from recorder.workflow import Workflow
from tests.dataflow.features import world
from tests.dataflow.table import made as made_of
from tests.http_page import Page
from tests.javascript import shapes
from tests.serving import upstream

HOSTILE = [
    "plain",
    "quotes ' \" ` and \\ backslash",
    "two\nlines\r\nand\ttabs",
    "$HOME ${x} $(touch /tmp/x) `id` %s %d {{ x }} {x}",
    "</script><!-- --> & < >",
    "grüße 日本 🎉 \u2028 \u200f \u00a0",
    "a/b?c=d&e=f#g;h+i %2F",
    "'''\"\"\"",
    "-X DELETE @/etc/passwd <x",
    "",
    " ends with spaces ",
]

COMMANDS = {
    "python": (".py", [sys.executable]),
    "javascript": (".mjs", ["node"]),
    "curl": (".sh", ["dash"]),
    "pytest": (".py", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
}


class Site:
    """Answers whatever it is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.cookies: dict[str, str] = {}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.cookies = dict(request.cookies)
        kind = request.content_type
        body: Any = None
        if kind == "application/json":
            body = json.loads(await request.text())
        elif kind == "multipart/form-data":
            body = []
            async for part in await request.multipart():
                body.append([part.name, part.filename, (await part.read()).decode()])
        elif kind == "application/x-www-form-urlencoded":
            body = [list(pair) for pair in (await request.post()).items()]
        elif request.can_read_body:
            body = await request.text()
        raw = request.raw_path.partition("?")[0]
        about = {
            "method": request.method,
            "path": raw,
            "query": [list(p) for p in request.query.items()],
            "body": body,
        }
        self.asked.append({**about, "x": request.headers.get("x-odd")})
        return web.json_response({"ok": True})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def values(location: Location, pairs: list[tuple[str, Any]], changed: bool) -> list[Value]:
    return [Value(name=n, value=v, location=location, component=location, changed=changed) for n, v in pairs]


def session_with(url: str, cases: list[tuple[str, list[Value]]], method: str = "POST") -> Session:
    """One call for each path, with its inputs."""
    endpoints = tuple(
        Endpoint(id=f"{method} {path}", name="call", method=method, path=path) for path, _ in cases
    )
    calls = tuple(
        Call(
            id=f"c{number}",
            endpoint=endpoint.id,
            inputs=tuple(inputs),
            outputs=(Value(name="body", label="body", component="json", value={"ok": True}),),
            code=200,
            trigger=Trigger(kind="person", event="click"),
        )
        for number, (endpoint, (_, inputs)) in enumerate(zip(endpoints, cases, strict=True), 1)
    )
    return Session(app=App(url=url, kind="http"), api=Api(endpoints=endpoints), calls=calls)


async def made_by(target: str, session: Session, folder: Path) -> None:
    """Make the calls of a session by a script, or by replay."""
    made = workflow(session)
    if target == "replay":
        report = await replay(made, files=folder)
        assert report.ok, report.sentences()
        return
    suffix, command = COMMANDS[target]
    script = folder / f"made_test{suffix}"
    script.write_bytes(render(made, target, Options()).encode())
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, str(script)],
        cwd=folder,
        capture_output=True,
        env={**os.environ},
        timeout=60,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("chosen", [False, True], ids=["literal", "variable"])
@pytest.mark.parametrize("target", ["replay", *COMMANDS])
async def test_hostile_values_arrive_as_they_were_recorded(
    target: str, chosen: bool, site: Site, tmp_path: Path
) -> None:
    pairs = [(f"v{number}", text) for number, text in enumerate(HOSTILE)]
    kept = tmp_path / "f" / "a file (1).txt"
    kept.parent.mkdir()
    kept.write_bytes(b"12345")
    file = File(name=kept.name, path="f/a file (1).txt", size=5, type="text/plain")
    cases: list[tuple[str, list[Value]]] = [
        ("/json", values("json", [*pairs, ("deep", {"list": HOSTILE, 'k"ey': 1.5}), ("n", 2**53 - 1)], chosen)),
        ("/list", [Value(value=HOSTILE, location="json", component="json", changed=chosen)]),
        ("/query", values("query", [*pairs, ("v1", "twice"), ("odd [] & name", "x")], chosen)),
        ("/form", values("form", [*pairs, ("v1", "twice")], chosen)),
        ("/multipart", [
            *values("multipart", [p for p in pairs if "\n" not in p[1]], chosen),
            Value(name="file", value=file, location="multipart", component="file", changed=chosen),
        ]),
        ("/at/{one}/{two}", values("path", [("one", HOSTILE[5]), ("two", HOSTILE[6])], chosen)),
        ("/header", values("header", [("x-odd", "it's \"${HOME}\" `id`")], False)),
    ]  # fmt: skip
    await made_by(target, session_with(site.url, cases), tmp_path)
    assert len(site.asked) == len(cases)
    for (path, inputs), asked in zip(cases, site.asked, strict=True):
        if path == "/json":
            assert asked["body"] == {v.name: v.value for v in inputs}
        elif path == "/list":
            assert asked["body"] == HOSTILE
        elif path == "/query":
            assert sorted(asked["query"]) == sorted([v.name, v.value] for v in inputs)
        elif path == "/form":
            assert sorted(asked["body"]) == sorted([v.name, v.value] for v in inputs)
        elif path == "/multipart":
            texts = [[v.name, None, v.value] for v in inputs[:-1]]
            assert asked["body"] == [*texts, ["file", "a file (1).txt", "12345"]]
        elif path == "/header":
            assert asked["x"] == inputs[0].value
        else:
            assert [unquote(piece) for piece in asked["path"].split("/")[2:]] == [v.value for v in inputs]


WORLDS = range(40)
"""Seeds of generated conversations."""


def _is_for(made: Workflow, target: str) -> bool:
    """Whether a target can repeat all that the workflow has: curl has no WebSockets."""
    return target != "curl" or all(step.endpoint.method != "WS" for step in made.steps)


@pytest.mark.parametrize("seed", WORLDS)
def test_every_conversation_is_written_by_every_target(seed: int) -> None:
    made = made_of(world(seed))
    texts = {target: render(made, target) for target in renderers("http") if _is_for(made, target)}
    for target in ("python", "pytest", "locust", "mcp"):
        ast.parse(texts[target])
    validate(json.loads(texts["openapi"]))


def test_every_conversation_is_a_module_and_a_shell_script() -> None:
    made = [made_of(world(seed)) for seed in WORLDS]
    assert len(shapes([render(each, "javascript") for each in made])) == len(WORLDS)
    for each in (one for one in made if _is_for(one, "curl")):
        checked = subprocess.run(
            ["dash", "-n"], input=render(each, "curl").encode(), capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("seed", WORLDS)
def test_what_is_written_as_a_har_is_read_again(seed: int) -> None:
    made = made_of(world(seed))
    fold = HttpFold()
    for event in events(render(made, "har"), "it.har"):
        fold.feed(event)
    session = fold.session()
    calls = [*session.calls, *(omitted.call for omitted in session.omitted)]
    assert {call.endpoint.partition(" ")[0] for call in calls} == {s.endpoint.method for s in made.steps}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"log": 1}', '{"log": {"entries": []}}', '{"log": {"entries": [1]}}']
)
def test_what_is_no_har_gets_a_sentence(text: str) -> None:
    with pytest.raises(FileError):
        events(text, "it.har")


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


def entry(
    method: str, url: str, *, answer: Any = None, status: int = 200, second: int = 0, **request: Any
) -> dict[str, Any]:
    text = json.dumps(answer)
    return {
        "startedDateTime": f"2026-01-01T00:00:{second:02}.000Z",
        "time": 5,
        "request": {"method": method, "url": url, "headers": [], **request},
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"mimeType": "application/json", "text": text},
        },
    }


def folded(text: str) -> Session:
    fold = HttpFold()
    for event in events(text, "it.har"):
        fold.feed(event)
    return fold.session()


def test_a_har_whose_numbers_are_none_is_read_and_written(tmp_path: Path) -> None:
    odd = entry("GET", "http://app.test/x", answer={})
    odd["response"] |= {"status": True, "content": {"size": True, "mimeType": "application/json"}}
    session = folded(har(odd))
    sessions.write(session, tmp_path / "s.json")
    assert sessions.read(tmp_path / "s.json") == session


def test_secrets_of_a_har_are_left_out_and_still_link() -> None:
    token = "v2.9fJk2-Lq83nZxW0aBcD4eFgH"
    body = {"mimeType": "application/json", "text": json.dumps({"user": "ann", "password": "open sesame"})}
    text = har(
        entry("POST", "http://a.test/login", postData=body, answer={"access_token": token}),
        entry(
            "GET",
            "http://a.test/me",
            headers=[{"name": "Authorization", "value": f"Bearer {token}"}],
            answer={},
            second=1,
        ),
    )
    session = folded(text)
    written = sessions.dump(session)
    assert token not in written and "open sesame" not in written
    script = render(workflow(session), "python")
    assert 'os.environ["RECORDER_SECRET_PASSWORD"]' in script
    assert 'post_login["access_token"]' in script


def test_redirects_of_a_har_are_one_call_and_its_sockets_are_conversations() -> None:
    moved = entry("POST", "http://a.test/items", status=303)
    moved["response"]["redirectURL"] = "/items/17"
    socket = entry("GET", "ws://a.test/chat", status=101)
    socket["_resourceType"] = "websocket"
    socket["_webSocketMessages"] = [
        {"type": "send", "time": 1.0, "opcode": 1, "data": '{"say": "hi"}'},
        {"type": "receive", "time": 1.1, "opcode": 1, "data": '{"said": "hi"}'},
    ]
    session = folded(har(moved, entry("GET", "http://a.test/items/17", answer={"id": 17}), socket))
    assert [call.endpoint for call in session.calls] == ["POST /items", "WS /chat"]
    assert session.calls[0].outputs[0].value == {"id": 17}
    assert [message.value for message in session.calls[1].messages] == [{"say": "hi"}, {"said": "hi"}]


@pytest.mark.parametrize("target", ["replay", *COMMANDS])
async def test_who_was_logged_in_before_the_recording_is_so_again_by_cookies_of_theirs(
    target: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECORDER_COOKIE", "session=abc=; theme=dark")
    await made_by(
        target, session_with(site.url, [("/call", values("query", [("q", "1")], False))], "GET"), tmp_path
    )
    assert site.cookies == {"session": "abc=", "theme": "dark"}


def test_several_recordings_are_described_together() -> None:
    first, second = Page(), Page()
    for page, given in ((first, {"id": 1, "title": "a"}), (second, {"id": 2, "title": None, "done": True})):
        page.act()
        page.ask("GET", "/items/17?full=1", give=given)
    second.ask("DELETE", "/items/17", status=404, give={"detail": "gone"})
    made = [workflow(page.session()) for page in (first, second)]
    document = json.loads(render(made[0], "openapi", Options(others=(made[1],))))
    validate(document)
    item = document["paths"]["/items/{item_id}"]
    schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["id", "title"]
    assert schema["properties"]["title"]["type"] == ["null", "string"]
    assert set(schema["properties"]) == {"id", "title", "done"}
    assert item["delete"]["responses"]["404"]["description"] == "404: gone"
    assert {p["name"]: p["required"] for p in item["get"]["parameters"]} == {"item_id": True, "full": False}


def test_a_secret_beside_a_link_inside_a_text_is_taken_from_the_environment() -> None:
    placeholder = "[recorder-secret:0123456789abcdef:RECORDER_SECRET_PASSWORD]"
    page = Page()
    page.add(Secret, placeholder=placeholder, name="RECORDER_SECRET_PASSWORD", hint="typed")
    page.act()
    page.ask("POST", "/open", sent={}, give={"ticket": "9b74c9897bac770ffc029102a200c5de"})
    inside = {"ticket": "9b74c9897bac770ffc029102a200c5de", "password": placeholder}
    page.ask("POST", "/act", sent={"payload": json.dumps(inside, separators=(",", ":"))}, give={})
    for target in ("python", "javascript", "curl", "pytest", "locust", "mcp"):
        text = render(workflow(page.session()), target)
        assert placeholder not in text
        assert "RECORDER_SECRET_PASSWORD" in text


MISSING = ["python", "javascript", "curl", "pytest", "locust", "mcp"]


@pytest.mark.parametrize("target", MISSING)
async def test_a_script_says_which_secret_it_needs_before_its_first_call(
    target: str, site: Site, tmp_path: Path
) -> None:
    page = Page()
    placeholder = f"[recorder-secret:{'0' * 16}:RECORDER_SECRET_PIN]"
    page.add(Secret, placeholder=placeholder, name="RECORDER_SECRET_PIN", hint="field 'pin'")
    page.act()
    page.ask("POST", "/first", sent={"a": 1}, give={"ok": True})
    page.wait(3000)
    page.act()
    page.ask("POST", "/enter", sent={"pin": placeholder}, give={"ok": True})
    suffix, command = {
        **COMMANDS,
        "locust": (".py", [sys.executable, "-m", "locust", "--headless", "--run-time", "1s", "-f"]),
        "mcp": (".py", [sys.executable]),
    }[target]
    script = tmp_path / f"made_test{suffix}"
    script.write_text(render(workflow(page.session()), target), encoding="utf-8")
    environment = {**os.environ, "RECORDER_URL": site.url}

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL, env={**environment, **more},
        )  # fmt: skip

    done = await asyncio.to_thread(run)
    assert done.returncode in (1, 2)
    sentence = (
        "Set RECORDER_SECRET_PIN in the environment to the secret that is not in the recording (field 'pin')"
    )
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert site.asked == []
    if target not in ("mcp", "locust"):
        assert (await asyncio.to_thread(run, RECORDER_SECRET_PIN="77")).returncode == 0
        assert [asked["body"] for asked in site.asked] == [{"a": 1}, {"pin": "77"}]


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text/plain", "héllo".encode(), "héllo"),
        ("text/plain", b"\xef\xbb\xbfhello", "hello"),
        ("text/plain; charset=windows-1251", "привет".encode("cp1251"), "привет"),
        ("text/csv; charset=no-such", "a;ü".encode(), "a;ü"),
        ("application/x-odd", b"odd", "odd"),
        ("text/plain", "ü".encode("latin-1"), "\ufffd"),
    ],
)
async def test_replay_reads_an_answer_whatever_it_says_of_its_encoding(
    kind: str, content: bytes, text: str, tmp_path: Path
) -> None:
    page = Page()
    page.act()
    page.ask("POST", "/say", sent={"a": 1}, give=text, kind="text/plain")

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=content, headers={"content-type": kind})

    async with upstream(answer) as url:
        report = await replay(workflow(page.session()), files=tmp_path, url=url)
    assert report.ok, report.sentences()
    assert report.steps[0].outputs[0].value == text


def test_a_value_that_is_made_secret_is_not_left_in_the_recorded_spelling() -> None:
    page = Page()
    page.act()
    page.ask("POST", "/a?key=se%63ret%20one&x=(1)", sent='{ "pin" : "se\\u0063ret one" }', give={"ok": True})
    made = page.session()
    call = made.calls[0]
    assert call.address
    assert call.body
    place = next(n for n, value in enumerate(call.inputs) if value.name == "key")
    edit = resolved(made, Edit(what="secret", call=call.id, input=place), "0" * 16)
    left = str(edited(made, [edit]))
    assert "secret one" not in left
    assert "se%63ret" not in left
    assert "u0063" not in left

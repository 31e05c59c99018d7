"""The login that the browser's own dialog asks for: facts of the proxy, steps that send it, and nothing of it in a session."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from recorder import session as sessions
from recorder.adapters import workflow
from recorder.adapters.http.fold import HttpFold
from recorder.errors import FileError
from recorder.events import Act, AnyEvent, Body, Cookies, Done, Mark, PageOpened, Request, Response
from recorder.render import render, targets
from recorder.session import Session
from recorder.show import overview
from recorder.workflow import SecretRef, Workflow, leaves_of
from tests.http_page import Page
from tests.serving import upstream
from tests.test_http_targets import COMMANDS

APP = "http://127.0.0.1:8000"
HTML = (("content-type", "text/html"),)
JSON = (("content-type", "application/json"),)


def recorded(login: str = "basic") -> Session:
    """A document with a token, and a call that needs it; a call to another server."""
    fold = HttpFold()
    document = "<meta name='stock' content='w7Lq29xKd0Zr4T'>"
    told: list[AnyEvent] = [
        Mark(page="", seq=1, at=1.0, what="start", url=APP),
        PageOpened(page="p", seq=1, at=1.0, url=APP + "/"),
        Cookies(page="", seq=2, at=1.0, method="GET", url=APP + "/", login=login),  # type: ignore[arg-type]
        Request(page="p", seq=2, at=1.0, before=True, id="d0", method="GET", url=APP + "/", how="document"),
        Response(page="p", seq=3, at=2.0, before=True, id="d0", status=200, headers=HTML, url=APP + "/"),
        Done(page="p", seq=4, at=3.0, before=True, id="d0", body=Body(kind="text", text=document)),
        Act(page="p", seq=5, at=100.0, id="a1", kind="click", role="button", name="order"),
    ]
    for number, url in enumerate((f"{APP}/orders", "http://other.test/orders"), 1):
        body = Body(kind="text", text='{"stock": "w7Lq29xKd0Zr4T"}')
        at = 100.0 + 50 * number
        told += [
            Request(page="p", seq=10 * number, at=at, id=f"r{number}", method="POST", url=url, headers=JSON, body=body, act="a1"),
            Cookies(page="", seq=2 + number, at=at, method="POST", url=url, login=login),  # type: ignore[arg-type]
            Response(page="p", seq=10 * number + 1, at=at + 5, id=f"r{number}", status=201, headers=JSON, url=url),
            Done(page="p", seq=10 * number + 2, at=at + 6, id=f"r{number}", body=Body(kind="text", text='{"id": 1}')),
        ]  # fmt: skip
    for event in told:
        fold.feed(event)
    return fold.session()


def headers(made: Workflow) -> dict[str, list[str]]:
    """The secrets in the authorization of each step."""
    return {
        step.endpoint.id: [
            ref.pieces[1]
            for argument in step.arguments
            if argument.name == "authorization"
            for ref in leaves_of(SecretRef, argument.value)
        ]
        for step in made.steps
    }


def test_every_step_of_the_app_logs_in_and_no_other_server_is_given_the_login() -> None:
    made = workflow(recorded())
    both = ["RECORDER_USERNAME", "RECORDER_PASSWORD"]
    assert headers(made) == {"GET /": both, "POST /orders": both, "POST http://other.test/orders": []}
    assert [step.setup for step in made.steps] == [True, False, False]
    assert {s.name: s.hint for s in made.secrets} == dict.fromkeys(
        both, "typed into the browser's login dialog"
    )


def test_a_digest_login_is_a_fact_and_no_header() -> None:
    session = recorded("digest")
    assert session.calls[0].login == "digest" and session.secrets == ()
    assert set(map(tuple, headers(workflow(session)).values())) == {()}


def test_a_session_with_a_login_is_read_again_and_shown() -> None:
    text = sessions.dump(recorded())
    read = sessions.parse(text)
    assert read == recorded()
    shown = overview(read, workflow(read))
    assert all(not value.secrets for call in shown.calls for value in (*call.inputs, *call.outputs))


@pytest.mark.parametrize(
    ("name", "placeholder"),
    [
        ("RECORDER_PASSWORD", "[recorder-secret:0123456789abcdef:RECORDER_PASSWORD]"),
        ("RECORDER_USERNAME", "x"),
        ("RECORDER_KEY", ""),
        ("PATH", ""),
    ],
)
def test_nothing_in_a_session_stands_for_the_login(name: str, placeholder: str) -> None:
    tree = json.loads(sessions.dump(recorded()))
    tree["secrets"] = [{"name": name, "placeholder": placeholder}]
    with pytest.raises(FileError):
        sessions.parse(json.dumps(tree))


@pytest.mark.parametrize("target", [name for name in targets() if name != "mermaid"])
def test_every_target_takes_the_login_from_the_environment(target: str) -> None:
    text = render(workflow(recorded()), target)
    text = re.sub(r"Basic (\w+={0,2})", lambda found: base64.b64decode(found[1]).decode(), text)
    assert "Basic " not in text or "RECORDER_USERNAME" in text
    if target in ("python", "curl", "javascript", "locust", "pytest"):
        assert "RECORDER_USERNAME" in text and "RECORDER_PASSWORD" in text


@pytest.fixture
async def behind_a_login() -> AsyncIterator[tuple[str, list[str]]]:
    """An app that describes itself, and answers nobody who does not say ``ann:s:cret`` with every request; and where a
    part of it is, on another port, that is told no login."""
    elsewhere: list[str] = []

    async def other(request: web.BaseRequest) -> web.StreamResponse:
        elsewhere.append(request.headers.get("Authorization", ""))
        return web.json_response({"ok": True})

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Basic " + base64.b64encode(b"ann:s:cret").decode():
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        if request.path == "/openapi.json":
            return web.json_response(
                {
                    "openapi": "3.1.0",
                    "info": {"title": "Shop", "version": "1"},
                    "paths": {
                        "/do": {
                            "post": {
                                "operationId": "buy",
                                "summary": "Buy.",
                                "responses": {"200": {"description": "x"}},
                            }
                        }
                    },
                }
            )
        if request.path == "/socket":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(f"heard {message.data}")
            return socket
        return web.json_response({"ok": True})

    async with upstream(app) as url, upstream(other) as second:
        elsewhere.append(second)
        yield url, elsewhere


async def ran(*words: str, **environment: str) -> tuple[int, str]:
    """What a verb exits with, and all that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, said.decode()


@pytest.mark.parametrize("given", ["in the address", "in the environment"])
async def test_a_login_of_an_address_is_used_by_every_verb_and_shown_by_none(
    given: str, behind_a_login: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, elsewhere = behind_a_login
    is_inside = given == "in the address"
    address = url.replace("://", "://ann:s%3Acret@") if is_inside else url
    environment = {} if is_inside else {"RECORDER_LOGIN": "ann:s:cret"}
    page = Page(url)
    page.act()
    page.ask("POST", "/do", sent={"a": 1}, give={"ok": True})
    page.act()
    page.ask("POST", f"{elsewhere[0]}/too", sent={"b": 1}, give={"ok": True})
    page.act()
    page.socket("/socket", (True, "hello"), (False, "heard hello"))
    session = page.session()
    sessions.write(session, tmp_path / "s.json")
    report = tmp_path / "r.html"
    for words in (
        ["api", address],
        ["api", address, "--format", "json"],
        ["api", address, "--format", "html"],
        ["api", address, "--format", "openapi"],
        ["mcp", address, "--list"],
        ["doctor", address, "--json"],
        ["replay", str(tmp_path / "s.json"), "--url", address],
        ["replay", str(tmp_path / "s.json"), "--url", address, "--json", "--html", str(report)],
    ):
        code, said = await ran(*words, **environment)
        assert code == 0, (words, said)
        assert not re.search("s%3Acret|s:cret|czpjcmV0|YW5uOn", said), said
        if words[0] in ("api", "mcp"):
            assert "Buy." in said
    assert "cret" not in report.read_text()
    assert set(elsewhere[1:]) == {""}, "another service was told the login"
    code, said = await ran("api", url)
    assert code == 1 and "Buy." not in said


SOCKET_WITH_HEADERS = """
globalThis.WebSocket = class extends EventTarget {
  constructor(url, { headers }) {
    super();
    if (headers.authorization !== "Basic YW5uOnM6Y3JldA==") throw new Error(`no login: ${JSON.stringify(headers)}`);
    setTimeout(() => this.dispatchEvent(new Event("open")));
  }
  send(text) {
    setTimeout(() => this.dispatchEvent(Object.assign(new Event("message"), { data: `heard ${text}` })));
  }
  close() {}
};
"""
"""As Node 22 has it, for one that is older."""


@pytest.mark.parametrize("target", ["replay", "python", "javascript", "pytest"])
async def test_a_socket_that_was_opened_with_a_login_is_opened_with_one_again(
    target: str, behind_a_login: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, _ = behind_a_login
    page = Page(url)
    page.act()
    where = url.replace("http", "ws") + "/socket"
    page.events.append(Cookies(page="", seq=0, at=page.at, method="GET", url=where, login="basic"))
    page.socket("/socket", (True, "hello"), (False, "heard hello"))
    sessions.write(page.session(), tmp_path / "s.json")
    environment = {"RECORDER_USERNAME": "ann", "RECORDER_PASSWORD": "s:cret", "RECORDER_URL": url}
    if target == "replay":
        code, said = await ran("replay", str(tmp_path / "s.json"), "--url", url, **environment)
    else:
        suffix, command = COMMANDS[target]
        script = tmp_path / f"made_test{suffix}"
        script.write_text(render(workflow(page.session()), target))
        if target == "javascript":
            (tmp_path / "socket.mjs").write_text(SOCKET_WITH_HEADERS)
            command = [*command, "--import", str(tmp_path / "socket.mjs")]
        process = await asyncio.create_subprocess_exec(
            *command, str(script), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )  # fmt: skip
        told, _ = await asyncio.wait_for(process.communicate(), 120)
        code, said = process.returncode or 0, told.decode()
    assert code == 0, said


def test_a_har_names_the_variables_of_a_login_in_clear() -> None:
    (first, *_) = json.loads(render(workflow(recorded()), "har"))["log"]["entries"]
    told = {header["name"]: header["value"] for header in first["request"]["headers"]}
    assert told["authorization"] == "Basic ${RECORDER_USERNAME}:${RECORDER_PASSWORD}"

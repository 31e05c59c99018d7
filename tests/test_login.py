"""The login that the browser's own dialog asks for: facts of the proxy, steps that send it, and nothing of it in a session."""

from __future__ import annotations

import base64
import json
import re

import pytest

from recorder import session as sessions
from recorder.adapters import workflow
from recorder.adapters.http.fold import HttpFold
from recorder.errors import FileError
from recorder.events import Act, AnyEvent, Body, Cookies, Done, Mark, PageOpened, Request, Response
from recorder.render import render, targets
from recorder.session import Session
from recorder.show import overview
from recorder.workflow import SecretRef, Workflow, leaves_of

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

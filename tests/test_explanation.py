"""`recorder show --explain`: each value that is sent, where it comes from, and why that was decided."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder import adapters
from recorder.adapters import Selection
from recorder.api import Api, Endpoint
from recorder.events import Made, Typed
from recorder.explanation import NOTHING_ELSE, Explained, explanation
from recorder.session import App, Call, Message, Omitted, Proof, SecretName, Session, Value, write
from recorder.workflow import (
    AppUrl,
    Argument,
    Cookie,
    Digest,
    Expression,
    Generated,
    Item,
    Link,
    Object,
    Origin,
    Reader,
    SecretRef,
    Spelled,
    Step,
    Text,
    VariableRef,
    Workflow,
)
from tests import http_page
from tests.test_cli import greeted

LINK = Link(step="c1", output=0, path=("items", Item(fields=((("name",), VariableRef(name="oil")),)), "id"))
UUID = Generated(kind="uuid", name="order", example="e7f1")
SECRET = SecretRef(pieces=("Bearer ", "RECORDER_SECRET_KEY", ""))
APP = App(url="http://app.test", kind="http")


def origin(origin: Any, why: str, *path: str | int, argument: int = 0) -> Origin:
    return Origin(argument=argument, path=path, origin=origin, why=why)


def explained(
    expression: Expression,
    recorded: Any = None,
    *origins: Origin,
    kind: str = "http",
    proofs: tuple[Proof, ...] = (),
    value: dict[str, Any] | None = None,
    **argument: Any,
) -> list[tuple[str, str, str, str]]:
    """Where, origin, what is sent and evidence of each value of a step with one argument ``json data``."""
    sent = Argument(**{"name": "data", "location": "json", "value": expression, **argument})
    endpoint = Endpoint(id="POST /orders", name="orders")
    inputs = (Value(name="data", location="json", value=recorded, **(value or {})),)
    app = App(url="http://app.test", kind=kind)
    session = Session(
        app=app,
        api=Api(endpoints=(endpoint,)),
        calls=(Call(id="c2", endpoint=endpoint.id, inputs=inputs),),
        proofs=proofs,
    )
    secrets = (SecretName(name="RECORDER_SECRET_KEY", placeholder="", hint="header authorization"),)
    step = Step(id="c2", name="orders", endpoint=endpoint, arguments=(sent,), origins=origins)
    found = explanation(session, Workflow(name="w", app=app, steps=(step,), secrets=secrets), ())
    return [rows(value) for value in found.steps[0].values]


def rows(value: Explained) -> tuple[str, str, str, str]:
    return value.where, value.origin, value.becomes, value.evidence


ONE_VALUE: dict[str, tuple[Expression, tuple[Origin, ...], tuple[str, str, str]]] = {
    "typed": (VariableRef(name="city"), (origin("typed", "typed into 'City'"),), ("typed", "argument city", "typed into 'City'")),
    "chosen": (VariableRef(name="oil"), (origin("chosen", "the person clicked on it"),), ("chosen", "argument oil", "the person clicked on it")),
    "received": (LINK, (origin("received", "received in c1"),), ("received", "c1.0.items[name is argument oil].id", "received in c1")),
    "generated": (UUID, (origin("generated", "the page made this UUID"),), ("generated", "new UUID", "the page made this UUID")),
    "two reasons, each once": (
        Text(pieces=("/", LINK, "/", LINK)),
        (origin("received", "in c1"), origin("received", "in c1"), origin("generated", "now")),
        ("received", '"/" + c1.0.items[name is argument oil].id + "/" + c1.0.items[name is argument oil].id', "in c1; now"),
    ),
    "a cookie of the app": (
        Cookie(name="XSRF-TOKEN", decoded=True),
        (origin("received", "the value of the cookie XSRF-TOKEN"),),
        ("cookie", "cookie XSRF-TOKEN", "the value of the cookie XSRF-TOKEN"),
    ),
    "a constant": ("prod", (), ("constant", "", NOTHING_ELSE)),
    "a constant with a reason": ("2.0", (origin("constant", "part of the JSON-RPC protocol"),), ("constant", "", "part of the JSON-RPC protocol")),
    "a secret": (SECRET, (), ("secret", "Bearer ${RECORDER_SECRET_KEY}", "given in the environment: RECORDER_SECRET_KEY (header authorization)")),
    "the app's address": (
        Text(pieces=(AppUrl(), "/back")),
        (),
        ("constant", 'address of the app + "/back"', "the address of the app that the script runs against"),
    ),
    "a link without a reason": (LINK, (), ("received", "c1.0.items[name is argument oil].id", "it is in what c1 received")),
    "a digest": (
        Digest(algorithm="sha256", form="hex", value=Generated(kind="random", name="v", form="base64url", size=32)),
        (origin("generated", "the sha256 digest of a known text"),),
        ("generated", "sha256 of 32 random bytes", "the sha256 digest of a known text"),
    ),
    "a login": (
        Text(pieces=("Basic ", Spelled(kind="base64", value=Text(pieces=(VariableRef(name="user"), ":"))))),
        (),
        ("chosen", '"Basic " + base64 of (argument user + ":")', "a person's request sent it, and the recording does not show what was typed"),
    ),
    "JSON inside a text": (Spelled(kind="json", value={"id": LINK}), (origin("received", "in c1", "id"),), ("received", 'json of {"id": c1.0.items[name is argument oil].id}', "in c1")),
    "an item by its place": (
        Link(step="c1", output=0, path=(Item(nth=-1, after=Item(fields=((("a", 1), "x"),))),), readers=(Reader(kind="json", path=("k",)),)),
        (origin("received", "in c1"),),
        ("received", 'c1.0[any, the last, after [a[1] is "x"]] as json.k', "in c1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_VALUE)
def test_a_value_has_an_origin_and_evidence(name: str) -> None:
    expression, origins, wanted = ONE_VALUE[name]
    assert explained(expression, "was", *origins) == [("json data", *wanted)]


def test_each_value_inside_an_argument_is_explained_and_constants_share_a_row() -> None:
    expression = {"id": LINK, "tags": ["a", VariableRef(name="tag")], "kind": "x", "deep": {"a": [1, 2]}}
    origins = (origin("received", "in c1", "id"), origin("typed", "typed into 'Tag'", "tags", 1))
    recorded = {"id": 7, "tags": ["a", "b"], "kind": "x", "deep": {"a": [1, 2]}}
    assert [row[:2] for row in explained(expression, recorded, *origins)] == [
        ("json data.id", "received"),
        ("json data.tags[1]", "typed"),
        ("json data.tags: the rest", "constant"),
        ("json data: the rest", "constant"),
    ]


def test_names_that_are_expressions_are_explained_too() -> None:
    expression = Object(members=((Text(pieces=("image-", LINK)), VariableRef(name="title")),))
    origins = (origin("typed", "typed into 'Title'", "image-7"),)
    named, value = explained(expression, {"image-7": "Cat"}, *origins)
    assert named[:2] == ("json data: name of a member", "received")
    assert value[:2] == ('json data["image-7"]', "typed")
    field, literal = explained("on", "on", origin("received", "in c1"), key=Text(pieces=("image-", LINK)))
    assert field[:2] == ("json name", "received") and field[3] == "in c1"
    assert literal[:2] == ("json data", "constant")


def test_what_a_person_or_a_replay_decided_is_evidence() -> None:
    (row,) = explained(VariableRef(name="size"), 3, value={"variable": "size"})
    assert row[1:] == ("chosen", "argument size", "made an argument by hand")
    proof = Proof(call="c2", input=0, proof="link", evidence="changed in 2 of 2 replays")
    (row,) = explained(LINK, 7, origin("received", "in c1"), proofs=(proof,))
    assert row[3] == "in c1; replays proved it: changed in 2 of 2 replays"


def test_segments_messages_and_cookies_are_values_too() -> None:
    opened = Endpoint(id="GET /rooms/blue", name="rooms", path="/rooms/{room_id}", method="GET")
    session = Session(
        app=APP,
        api=Api(endpoints=(opened,)),
        calls=(
            Call(
                id="c2",
                endpoint=opened.id,
                messages=(Message(sent=False, value="hi"), Message(sent=True, value={"key": "k"})),
            ),
        ),
    )
    step = Step(
        id="c2",
        name="rooms",
        endpoint=opened,
        arguments=(Argument(name="room_id", location="path", value=LINK),),
        messages=(Message(sent=False, value="hi"), Message(sent=True, value={"key": LINK})),
        cookies=(("tab", UUID),),
        origins=(
            origin("received", "in c1", 2, argument=-2),
            origin("received", "in c1 too", 1, "key", argument=-1),
            origin("generated", "the page made this UUID", "tab", argument=-3),
        ),
    )
    found = explanation(session, Workflow(name="w", app=APP, steps=(step,)), ()).steps[0].values
    assert [(v.where, v.value, v.origin, v.evidence) for v in found] == [
        ("path room_id", "blue", "received", "in c1"),
        ("message 2.key", "k", "received", "in c1 too"),
        ("cookie tab", None, "cookie", "a cookie that the page set itself; the page made this UUID"),
    ]


def test_an_argument_whose_label_cannot_be_an_identifier_is_named_after_the_field() -> None:
    page = http_page.Page()
    page.act(kind="input", name="Город", role="textbox")
    page.add(Typed, control="i1", kind="text", value="Москва", label="Город", field="city")
    page.act()
    page.ask("POST", "/cities", sent={"city": "Москва"})
    session = page.session()
    workflow = adapters.workflow(session, Selection(name="cities"))
    assert [(variable.name, variable.label) for variable in workflow.variables] == [("city", "Город")]
    (step,) = explanation(session, workflow, ()).steps
    assert [rows(value) for value in step.values] == [
        ("json city", "typed", "argument city", "typed into 'Город'")
    ]


def test_a_call_of_gradio_is_explained_by_what_the_app_declares() -> None:
    session = greeted()
    workflow = adapters.workflow(session, Selection(name="greeting"))
    greet, shout = explanation(session, workflow, ()).steps
    assert [rows(value)[1:] for value in greet.values] == [
        ("typed", "argument name", "the person set this control"),
        ("constant", "", "the app's own default"),
    ]
    assert [rows(value)[1:] for value in shout.values] == [
        ("received", "c1.0", "the app declares that c1 wrote what this call reads")
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A page on which somebody types a city, whose token and id go on, and which makes a UUID."""
    page = http_page.Page()
    page.act()
    page.ask("POST", "/login", sent={"plan": "free"}, give={"token": "kqzvbwtxyhrmpl"})
    page.act(kind="input", name="City", role="textbox")
    page.add(Typed, control="i1", kind="text", value="Tbilisi \x1b[31m", label="City", field="city")
    page.act()
    uuid = "0b0d5a3e-3f7c-4b57-9d0a-6f1de1a3c001"
    page.add(Made, how="uuid", value=uuid)
    headers = {"x-session": "kqzvbwtxyhrmpl"}
    page.ask("POST", "/orders", headers=headers, sent={"city": "Tbilisi \x1b[31m", "key": uuid, "size": "L"})
    session = page.session()
    left = Call(id="b9", endpoint="GET /ping", page="P")
    session = msgspec.structs.replace(
        session, omitted=(*session.omitted, Omitted(call=left, why="telemetry"))
    )
    path = tmp_path / "s.json"
    write(session, path)
    return path


def show(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recorder.cli", "show", str(path), *words],
        env={**os.environ, "NO_COLOR": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_table_and_the_json_of_a_session_tell_the_same(file: Path) -> None:
    done = show(file, "--explain", "--json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    values = {value["where"]: value for value in tree["steps"][-1]["values"]}
    assert {where: value["origin"] for where, value in values.items()} == {
        "header x-session": "received",
        "json city": "typed",
        "json key": "generated",
        "json size": "constant",
    }
    assert values["json city"]["evidence"] == "typed into 'City'"
    assert values["header x-session"]["becomes"] == "c1.0.token"
    assert values["json size"]["value"] == "L" and values["json size"]["becomes"] == ""
    assert {"id": "b9", "endpoint": "GET /ping", "why": "telemetry"} in tree["omitted"]

    text = show(file, "--explain").stdout
    assert "\x1b" not in text
    for value in values.values():
        assert value["where"] in text and value["evidence"] in " ".join(text.split())
    assert "b9 GET /ping: telemetry" in text


def test_two_sessions_are_not_explained_at_once(file: Path) -> None:
    done = show(file, "--explain", "--against", str(file))
    assert done.returncode == 2
    assert done.stderr == "recorder: --explain is about one session. Leave out --against.\n"

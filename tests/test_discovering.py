"""What replays teach of constants, against apps that are functions."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from recorder import adapters
from recorder.adapters import Selection
from recorder.api import Api, Endpoint
from recorder.dataflow.made import shaped
from recorder.dataflow.missed import tokens
from recorder.replay.compare import Live, compare_output
from recorder.replay.discover import Discovery, discover
from recorder.replay.report import OutputReport, Report, StepReport
from recorder.request import address, as_sent, as_text, evaluated, follow, generated
from recorder.session import (
    Acted,
    App,
    Call,
    Omitted,
    Session,
    Timing,
    Typed,
    Value,
    dump,
    parse,
)
from recorder.show import overview
from recorder.workflow import Generated, Link, Step, VariableRef, Workflow

START = 1_760_000_000_000.0
CLOCK = itertools.count(START / 1000 + 9_000)
"""The time of the next request of a replay, in s since the epoch."""
UUID = "0b9f6c1e-4f0a-4b51-9d3c-2f4f7f1f6a10"
Asked = dict[str, Any]
"""What one request carries: ``path``, and each argument by its name."""
Answer = tuple[int, Any]
Server = Callable[[str, Asked], Answer]
"""One start of an app: gives the status and the body for ``"POST /x"`` and what it carries."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded call. ``inputs`` are name, location and value; ``skipped``: the recorder left it out."""

    method: str
    path: str
    inputs: tuple[tuple[str, str, Any], ...] = ()
    gives: Any = None
    omitted: bool = False


def get(path: str, gives: Any, *inputs: tuple[str, str, Any], omitted: bool = False) -> Exchange:
    return Exchange(method="GET", path=path, gives=gives, inputs=inputs, omitted=omitted)


def post(path: str, gives: Any, *inputs: tuple[str, str, Any], method: str = "POST") -> Exchange:
    return Exchange(method=method, path=path, gives=gives, inputs=inputs)


def recorded(*exchanges: Exchange, typed: tuple[str, ...] = (), clicked: str = "") -> Session:
    calls: list[Call] = []
    endpoints = []
    for number, each in enumerate(exchanges, 1):
        id = f"c{number}"
        endpoints.append(Endpoint(id=id, name=f"call_{number}", method=each.method, path=each.path))
        calls.append(
            Call(
                id=id,
                endpoint=id,
                inputs=tuple(Value(name=n, location=w, value=v) for n, w, v in each.inputs),  # type: ignore[arg-type]
                outputs=(Value(label="body", component="json", value=each.gives),),
                timing=Timing(started=START + 1000 * number, first=20, ended=20),
                code=200,
                how="fetch",
            )
        )
    omitted = {f"c{n}" for n, each in enumerate(exchanges, 1) if each.omitted}
    return Session(
        app=App(kind="http", url="http://127.0.0.1:8000"),
        api=Api(endpoints=tuple(endpoints)),
        calls=tuple(call for call in calls if call.id not in omitted),
        omitted=tuple(Omitted(call=call, why="a read") for call in calls if call.id in omitted),
        typed=tuple(
            Typed(at=START, control=f"t{n}", kind="text", value=text, field=f"field{n}")
            for n, text in enumerate(typed)
        ),
        acts=(Acted(at=START, kind="click", role="link", name=clicked or "Go"),),
    )


def again(server: Server) -> Callable[[Workflow], Report]:
    """Makes replays of workflows against a server that keeps what it knows."""

    def once(workflow: Workflow) -> Report:
        answers: dict[str, Any] = {}
        drawn: dict[str, Any] = {}
        failed: set[str] = set()
        defaults = {variable.name: variable.value for variable in workflow.variables}

        def leaf(one: Any) -> Any:
            if isinstance(one, Link):
                return follow(one, answers[one.step], leaf)
            if isinstance(one, VariableRef):
                return defaults[one.name]
            assert isinstance(one, Generated)
            moment = next(CLOCK)
            return (
                generated(one, moment)
                if one.kind == "time"
                else drawn.setdefault(one.name, generated(one, moment))
            )

        def made(step: Step) -> StepReport:
            told = StepReport(id=step.id, name=step.name, endpoint=step.endpoint.id)
            try:
                asked = {
                    as_text(a.name if a.key is None else evaluated(a.key, leaf)): evaluated(a.value, leaf)
                    for a in step.arguments
                }
                where = address(as_sent(step), "", lambda value: evaluated(value, leaf))
            except LookupError as error:
                return msgspec.structs.replace(told, status="not_run", expected=False, error=str(error))
            code, body = server(f"{step.endpoint.method} {where.partition('?')[0]}", asked)
            if code >= 400:
                failed.add(step.id)
                return msgspec.structs.replace(
                    told, status="failed", expected=False, code=code, error=json.dumps(body)
                )
            answers[step.id] = body
            (output,) = step.outputs
            found = () if step.setup else tuple(compare_output(output, Live(value=body)))
            one = OutputReport(name=output.name, value=body, differences=found, compared=not step.setup)
            return msgspec.structs.replace(told, status="ok", code=code, outputs=(one,))

        return Report(url="", steps=tuple(made(step) for step in workflow.steps))

    return once


def learn(session: Session, server: Server) -> Discovery:
    return discover(session, Selection(), again(server))


def summary(found: Discovery) -> list[tuple[str, str, str]]:
    return [
        (e.call, e.text, f"{e.source}:{'.'.join(map(str, e.at))}" if e.source else "") for e in found.learnt
    ]


def giving(responses: dict[str, Any], accepts: Callable[[str, Asked], bool]) -> Server:
    """Gives these bodies, and refuses with 422 what is not accepted."""

    def server(call: str, asked: Asked) -> Answer:
        if not accepts(call, asked):
            return 422, {"detail": "it does not fit"}
        return 200, responses.get(call, {"done": True})

    return server


DONE = {"done": True}

LINKS: dict[str, tuple[tuple[Exchange, ...], Server, list[tuple[str, str, str]]]] = {
    "a word under an unrelated name": (
        (get("/hall", {"season": "amber"}), post("/book", DONE, ("lane", "json", "amber"))),
        giving({"GET /hall": {"season": "cedar"}}, lambda c, a: c != "POST /book" or a["lane"] == "cedar"),
        [("c2", "amber", "c1:season")],
    ),
    "a word out of a call that the recorder left out": (
        (get("/hall", {"season": "amber"}, omitted=True), post("/book", DONE, ("lane", "json", "amber"))),
        giving({"GET /hall": {"season": "cedar"}}, lambda c, a: c != "POST /book" or a["lane"] == "cedar"),
        [("c2", "amber", "c1:season")],
    ),
    "a small number under an unrelated name": (
        (get("/hall", {"floors": 3}), post("/book", DONE, ("lane", "json", 3))),
        giving({"GET /hall": {"floors": 8}}, lambda c, a: c != "POST /book" or a["lane"] == 8),
        [("c2", "3", "c1:floors")],
    ),
    "a number that is sent as a text": (
        (get("/hall", {"floors": 3}), post("/book", DONE, ("lane", "json", "3"))),
        giving({"GET /hall": {"floors": 8}}, lambda c, a: c != "POST /book" or a["lane"] == "8"),
        [("c2", "3", "c1:floors")],
    ),
    "a part of a longer text": (
        (get("/hall", {"season": "amber"}), post("/book", DONE, ("lane", "json", "go:amber:window"))),
        giving(
            {"GET /hall": {"season": "cedar"}},
            lambda c, a: c != "POST /book" or a["lane"] == "go:cedar:window",
        ),
        [("c2", "amber", "c1:season")],
    ),
    "a segment of the path": (
        (get("/hall", {"season": "amber"}), post("/lanes/amber/seats", DONE)),
        giving({"GET /hall": {"season": "cedar"}}, lambda c, a: "amber" not in c),
        [("c2", "amber", "c1:season")],
    ),
    "deep inside a body": (
        (
            get("/hall", {"season": "amber"}),
            post("/book", DONE, ("what", "json", {"rows": [{"lane": "amber"}]})),
        ),
        giving(
            {"GET /hall": {"season": "cedar"}},
            lambda c, a: c != "POST /book" or a["what"]["rows"][0]["lane"] == "cedar",
        ),
        [("c2", "amber", "c1:season")],
    ),
    "a part of a field's name": (
        (
            get("/hall", {"tile": "FEVGaoddU"}),
            post("/book", DONE, ("image-FEVGaoddU-title", "form", "Night")),
        ),
        giving(
            {"GET /hall": {"tile": "bwRtkqvzU"}},
            lambda c, a: c != "POST /book" or "image-bwRtkqvzU-title" in a,
        ),
        [("c2", "FEVGaoddU", "c1:tile")],
    ),
    "a percent-encoded text": (
        (get("/hall", {"season": "sun & rain"}), post("/book", DONE, ("lane", "json", "sun%20%26%20rain"))),
        giving(
            {"GET /hall": {"season": "ice & snow"}},
            lambda c, a: c != "POST /book" or a["lane"] == "ice%20%26%20snow",
        ),
        [("c2", "sun & rain", "c1:season")],
    ),
    "a word between others in a text": (
        (get("/hall", "state=ok&season=amber&for=3600"), post("/book", DONE, ("lane", "json", "amber"))),
        giving(
            {"GET /hall": "state=ok&season=cedar&for=3600"},
            lambda c, a: c != "POST /book" or a["lane"] == "cedar",
        ),
        [("c2", "amber", "c1:")],
    ),
    "the second of two places that gave it": (
        (
            get("/hall", {"season": "amber"}),
            get("/shop", {"paint": "amber"}),
            post("/book", DONE, ("lane", "json", "amber")),
        ),
        giving(
            {"GET /hall": {"season": "cedar"}, "GET /shop": {"paint": "olive"}},
            lambda c, a: c != "POST /book" or a["lane"] == "olive",
        ),
        [("c3", "amber", "c2:paint")],
    ),
    "two of one request, beside a decoy": (
        (
            get("/hall", {"season": "amber", "mood": "calm", "door": "open"}),
            post("/book", DONE, ("lane", "json", "amber"), ("tone", "json", "calm"), ("as", "json", "open")),
        ),
        giving(
            {"GET /hall": {"season": "cedar", "mood": "wild", "door": "shut"}},
            lambda c, a: c != "POST /book" or (a["lane"], a["tone"], a["as"]) == ("cedar", "wild", "open"),
        ),
        [("c2", "amber", "c1:season"), ("c2", "calm", "c1:mood")],
    ),
    "one after the other": (
        (
            get("/hall", {"season": "amber"}),
            post("/book", {"shade": "pale"}, ("lane", "json", "amber")),
            post("/pay", DONE, ("tint", "json", "pale")),
        ),
        giving(
            {"GET /hall": {"season": "cedar"}, "POST /book": {"shade": "dark"}},
            lambda c, a: (
                (c != "POST /book" or a["lane"] == "cedar") and (c != "POST /pay" or a["tint"] == "dark")
            ),
        ),
        [("c2", "amber", "c1:season"), ("c3", "pale", "c2:shade")],
    ),
    "a decoy that the app takes as it was": (
        (get("/hall", {"season": "amber"}), post("/book", DONE, ("lane", "json", "amber"))),
        giving({"GET /hall": {"season": "cedar"}}, lambda c, a: True),
        [],
    ),
    "what the app gives as it did": (
        (get("/hall", {"season": "amber"}), post("/book", DONE, ("lane", "json", "amber"))),
        giving({"GET /hall": {"season": "amber"}}, lambda c, a: c != "POST /book"),
        [],
    ),
    "what is refused with the other value too": (
        (get("/hall", {"season": "amber"}), post("/book", DONE, ("lane", "json", "amber"))),
        giving({"GET /hall": {"season": "cedar"}}, lambda c, a: c != "POST /book"),
        [],
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_constant_that_the_app_gives_otherwise_now_is_a_link_if_it_is_taken(name: str) -> None:
    exchanges, server, expected = LINKS[name]
    found = learn(recorded(*exchanges), server)
    assert summary(found) == expected
    assert all(e.origin == "received" and e.evidence for e in found.learnt)


def test_a_link_is_kept_because_a_later_response_agrees_better() -> None:
    session = recorded(
        get("/hall", {"season": "amber"}),
        post("/book", {"lane": "found"}, ("lane", "json", "amber")),
    )
    known = {"amber": "unknown", "cedar": "found"}

    def server(call: str, asked: Asked) -> Answer:
        if call == "GET /hall":
            return 200, {"season": "cedar"}
        return 200, {"lane": known[asked["lane"]]}

    found = learn(session, server)
    assert summary(found) == [("c2", "amber", "c1:season")]
    assert "agree better" in found.learnt[0].evidence


def test_an_item_of_a_list_is_selected_by_what_the_person_clicked() -> None:
    halls = [{"tint": "amber", "name": "North"}, {"tint": "ocean", "name": "South"}]
    session = recorded(get("/halls", halls), post("/book", DONE, ("lane", "json", "ocean")), clicked="South")
    now = [{"tint": "maple", "name": "West"}, {"tint": "cedar", "name": "South"}]
    server = giving({"GET /halls": now}, lambda c, a: c != "POST /book" or a["lane"] == "cedar")
    found = learn(session, server)
    assert summary(found) == [("c2", "ocean", "c1:1.tint")]
    moved = giving({"GET /halls": now[::-1]}, lambda c, a: c != "POST /book" or a["lane"] == "cedar")
    assert again(moved)(adapters.workflow(found.session)).steps[-1].expected


def once_each(name: str, code: int = 409, detail: str = "it already exists") -> Server:
    """Refuses a value that came before under a name, or in the path."""
    had: set[str] = set()

    def server(call: str, asked: Asked) -> Answer:
        value = as_text(asked[name]) if name in asked else call
        if value in had or value in KNOWN:
            return code, {"detail": detail}
        had.add(value)
        return 200, DONE

    return server


KNOWN = {UUID, "x7k2mq90ab", "9f86d081884c7d65", "1760000061000", "note-x7k2mq90ab", "PUT /notes/x7k2mq90ab"}


@pytest.mark.parametrize(
    ("exchange", "server", "text"),
    [
        (post("/pay", DONE, ("idempotency-key", "header", UUID)), once_each("idempotency-key"), UUID),
        (post("/pay", DONE, ("nonce", "json", "9f86d081884c7d65")), once_each("nonce", 401, "replayed"), "9f86d081884c7d65"),
        (post("/pay", DONE, ("at", "json", 1760000061000)), once_each("at", 400, "at is too old"), "1760000061000"),
        (post("/notes/x7k2mq90ab", DONE, method="PUT"), once_each("none"), "x7k2mq90ab"),
        (post("/notes", DONE, ("ref", "json", "note-x7k2mq90ab")), once_each("ref"), "x7k2mq90ab"),
    ],
)  # fmt: skip
def test_a_constant_that_the_app_takes_once_and_a_page_makes_is_made_anew(
    exchange: Exchange, server: Server, text: str
) -> None:
    found = learn(recorded(exchange), server)
    assert [(e.origin, e.text) for e in found.learnt] == [("generated", text)]
    assert again(server)(adapters.workflow(found.session)).ok


def test_what_the_page_made_is_the_same_wherever_it_is_sent() -> None:
    session = recorded(
        post("/notes/x7k2mq90ab", DONE, method="PUT"),
        post("/shelf", DONE, ("add", "json", "note-x7k2mq90ab")),
    )
    notes = {"x7k2mq90ab"}
    shelved: list[str] = []

    def server(call: str, asked: Asked) -> Answer:
        own = call.rpartition("/")[2]
        if call.startswith("PUT"):
            if own in notes:
                return 409, {"detail": "taken"}
            notes.add(own)
            return 200, DONE
        shelved.append(asked["add"].removeprefix("note-"))
        return 200, DONE

    found = learn(session, server)
    assert [(e.call, e.text) for e in found.learnt] == [("c1", "x7k2mq90ab"), ("c2", "x7k2mq90ab")]
    shelved.clear()
    assert again(server)(adapters.workflow(found.session)).ok
    assert shelved[0] in notes - {"x7k2mq90ab"}


@pytest.mark.parametrize(
    ("exchange", "typed"),
    [
        # What the person typed is theirs, whatever the app says.
        (post("/notes", DONE, ("ref", "json", "x7k2mq90ab")), ("x7k2mq90ab",)),
        (post("/notes", DONE, ("ref", "json", "note-x7k2mq90ab")), ("note-x7k2mq90ab",)),
        # A word is no random value.
        (post("/notes", DONE, ("ref", "json", "window")), ()),
    ],
)
def test_what_was_typed_or_is_a_word_is_not_made_anew(exchange: Exchange, typed: tuple[str, ...]) -> None:
    def server(call: str, asked: Asked) -> Answer:
        return (409, {"detail": "taken"}) if asked["ref"] == exchange.inputs[0][2] else (200, DONE)

    assert learn(recorded(exchange, typed=typed), server).learnt == ()


def test_a_secret_of_the_person_is_not_made_anew() -> None:
    secret = "[recorder-secret:0f1e2d3c4b5a6978:RECORDER_SECRET_KEY]"
    session = recorded(post("/notes", DONE, ("key", "header", f"Key {secret}")))

    def server(call: str, asked: Asked) -> Answer:
        return (403, {"detail": "no"}) if secret in asked["key"] else (200, DONE)

    assert learn(session, server).learnt == ()


def test_without_a_witness_of_the_typing_only_what_is_named_so_is_made_anew() -> None:
    def of(name: str) -> Discovery:
        session = recorded(post("/notes", DONE, (name, "json", "x7k2mq90ab")))
        return learn(msgspec.structs.replace(session, acts=()), once_each(name))

    assert of("title").learnt == ()
    assert [e.text for e in of("nonce").learnt] == ["x7k2mq90ab"]


def test_what_was_learnt_is_kept_beside_the_facts_shown_and_not_learnt_twice() -> None:
    exchanges, server, _ = LINKS["two of one request, beside a decoy"]
    session = recorded(*exchanges)
    found = learn(session, server)
    assert msgspec.structs.replace(found.session, learnt=()) == session
    assert parse(dump(found.session)) == found.session
    assert len(found.sentences) == 2
    assert "c2, lane: a link to what c1 gives, for what c1 gave there was another" in found.sentences[0]
    shown = overview(found.session, adapters.workflow(found.session)).learnt
    assert [(e.call, e.where, e.source) for e in shown] == [("c2", "lane", "c1"), ("c2", "tone", "c1")]
    second = learn(found.session, server)
    assert second.learnt == ()
    assert second.session == found.session


def test_a_replay_that_is_stopped_ends_the_learning() -> None:
    exchanges, server, _ = LINKS["a word under an unrelated name"]
    made = again(server)

    def stopped(workflow: Workflow) -> Report:
        return msgspec.structs.replace(made(workflow), interrupted=True)

    assert discover(recorded(*exchanges), Selection(), stopped).learnt == ()


@pytest.mark.parametrize(
    ("text", "kind", "form", "size"),
    [
        (UUID, "uuid", "", 0),
        ("9f86d081884c7d65", "random", "hex", 8),
        ("x7k2mq90ab", "random", "characters", 10),
        ("QWERTZ0123", "random", "characters", 10),
        ("1760000001000", "time", "ms", 0),
        ("1760000001", "time", "s", 0),
    ],
)
def test_a_made_value_has_the_shape_of_the_recorded_one(text: str, kind: str, form: str, size: int) -> None:
    leaf = shaped(text, START)
    assert leaf is not None
    assert (leaf.kind, leaf.form, leaf.size) == (kind, form, size)
    assert len(as_text(generated(leaf, START / 1000))) == len(text)


def test_a_text_with_other_signs_has_no_shape() -> None:
    assert shaped("ä b", START) is None


def test_the_parts_of_a_text_are_its_words_and_runs() -> None:
    assert set(tokens("go:amber-x/q=a1b2")) >= {"amber-x", "amber", "a1b2"}
    assert tokens("amber") == []

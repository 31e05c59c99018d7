"""Ingest as tables: what a page may say, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import events
from recorder.capture.ingest import (
    MAX_FRAME,
    Accepted,
    Greeted,
    HasTold,
    Ingest,
    Limits,
    Outcome,
    Pressed,
    Progress,
    Refusal,
    Seen,
    Waiting,
)

TOKEN = "the-token"
HELLO = json.dumps({"t": "hello", "page": "p1", "token": TOKEN})


def line(t: str = "act", seq: int = 1, page: str = "p1", **more: Any) -> str:
    fields: dict[str, Any] = {"t": t, "page": page, "seq": seq, "at": 1.5}
    if t == "act":
        fields |= {"id": f"a{seq}", "kind": "click"}
    return json.dumps(fields | more)


def ingest(
    progress: Progress | None = None, *, recording: bool = True, greet: bool = True, **more: Any
) -> Ingest:
    table = Progress() if progress is None else progress
    made = Ingest(TOKEN, lambda: table if recording else None, more.pop("clock", lambda: 0.0), **more)
    if greet:
        assert made.receive(HELLO) == [Greeted("p1")]
    return made


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def why(outcomes: list[Outcome]) -> str:
    refusal = outcomes[-1]
    assert isinstance(refusal, Refusal)
    return refusal.message.why


def test_events_are_accepted_in_order_and_seen_once_a_frame() -> None:
    outcomes = ingest().receive("\n".join(line(seq=n) for n in (1, 2, 3)))
    assert kinds(outcomes) == ["Accepted", "Accepted", "Accepted", "Seen"]
    assert outcomes[-1] == Seen("p1", 3)


def test_the_journal_line_is_the_event_that_was_checked() -> None:
    (accepted, _) = ingest().receive(line(name="é\n\u2028\ud800", surprise=[1]))
    assert isinstance(accepted, Accepted)
    assert b"\n" not in accepted.line
    assert b"surprise" not in accepted.line
    assert events.parse_event(accepted.line) == accepted.event


def test_a_resent_event_is_seen_but_not_accepted_again() -> None:
    one = ingest()
    one.receive("\n".join(line(seq=n) for n in (1, 2, 3)))
    assert one.receive("\n".join(line(seq=n) for n in (2, 3))) == [Seen("p1", 3)]


def test_a_resend_over_another_connection_is_recognised() -> None:
    progress = Progress()
    ingest(progress).receive(line(seq=1))
    outcomes = ingest(progress).receive(line(seq=1) + "\n" + line(seq=2))
    assert kinds(outcomes) == ["Accepted", "Seen"]
    assert outcomes[1] == Seen("p1", 2)


def test_a_document_may_bring_what_the_one_before_it_could_not_send() -> None:
    outcomes = ingest().receive(line(page="p0", seq=7) + "\n" + line(page="p1", seq=1))
    assert outcomes[2:] == [Seen("p0", 7), Seen("p1", 1)]


def test_the_first_event_of_a_page_in_a_recording_may_have_any_number() -> None:
    assert kinds(ingest().receive(line(seq=57))) == ["Accepted", "Seen"]


def test_a_gap_is_kept_as_a_loss() -> None:
    one = ingest()
    one.receive(line(seq=1))
    (lost, after, seen) = one.receive(line(seq=5))
    assert isinstance(lost, Accepted) and isinstance(after, Accepted)
    assert lost.event == events.Lost(
        page="p1", seq=2, at=1.5, count=3, why="they never arrived from the page"
    )
    assert seen == Seen("p1", 5)
    assert not one.closed


def test_without_a_recording_events_are_neither_kept_nor_acknowledged() -> None:
    assert ingest(recording=False).receive(line()) == []


def test_what_a_page_says_of_itself_is_passed_on() -> None:
    outcomes = ingest().receive('{"t":"toggle","on":true}\n{"t":"wait"}\n{"t":"told"}')
    assert outcomes == [Pressed(True), Waiting(), HasTold()]


def test_blank_lines_are_nothing() -> None:
    assert ingest().receive("\n\n  \n") == []


def test_bytes_and_text_are_the_same() -> None:
    assert ingest().receive(line().encode()) == ingest().receive(line())


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (line(), "the first frame must be a hello"),
        ('{"t":"toggle","on":true}', "the first frame must be a hello"),
        ('{"t":"hello","page":"p1","token":"wrong"}', "the token is not the one of this run"),
        ('{"t":"hello","page":"p1","token":""}', "the token is not the one of this run"),
        ('{"t":"hello","page":"p1","token":"\\ud800"}', "the token is not the one of this run"),
        ('{"t":"hello","page":"p1","token":"the-token","v":2}', "the page speaks version 2, the recorder 1"),
        ('{"t":"hello","page":"","token":"the-token"}', "the page's id is not"),
        ('{"t":"hello","page":"../p","token":"the-token"}', "the page's id is not"),
    ],
)
def test_a_connection_that_begins_wrongly_is_refused(frame: str, sentence: str) -> None:
    one = ingest(greet=False)
    assert sentence in why(one.receive(frame))
    assert one.closed
    assert one.receive(HELLO) == []


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (HELLO, "said hello twice"),
        ("{", "not an event"),
        ("null", "not an event"),
        (b"\xff\xfe", "not an event"),
        ("[" * 100_000, "not an event"),
        ('{"x":' * 100_000, "not an event"),
        ('{"t":"no such"}', "not an event"),
        ('{"t":"state","recording":true}', "not an event"),
        ('{"t":"ack","page":"p1","seq":1}', "not an event"),
        (line("mark", what="stop"), "only the recorder itself"),
        (line("fetched", url="http://127.0.0.1/"), "only the recorder itself"),
        (line("cookies", method="GET", url="http://127.0.0.1/"), "only the recorder itself"),
        (line(page=""), "an event's page"),
        (line(page="a" * 65), "an event's page"),
        (line(page="a\nb"), "an event's page"),
        (line(seq=0), "out of range"),
        (line(seq=-1), "out of range"),
        (line(seq=2**60), "out of range"),
        (line(seq=10**40), ""),
        (line(at=float("nan")), "out of range"),
        (line(at=float("inf")), "out of range"),
        (line(seq="1"), "not an event"),
    ],
)
def test_a_bad_line_is_refused_with_a_sentence(frame: str | bytes, sentence: str) -> None:
    one = ingest()
    outcomes = one.receive(frame)
    assert sentence in why(outcomes)
    assert why(outcomes).endswith(".")
    assert one.closed


def test_what_came_before_a_bad_line_is_kept_and_acknowledged() -> None:
    outcomes = ingest().receive(line(seq=1) + "\n{\n" + line(seq=2))
    assert kinds(outcomes) == ["Accepted", "Seen", "Refusal"]


def test_a_frame_that_is_too_large_is_refused_unread() -> None:
    assert "more than 64 MB" in why(ingest().receive(b" " * (MAX_FRAME + 1)))


def test_a_page_that_says_very_much_is_made_to_wait_and_a_calm_one_is_not() -> None:
    now = [0.0]
    one = ingest(limits=Limits(rate=10, burst=20), clock=lambda: now[0])
    for seq in range(1, 100):
        now[0] += 0.1
        assert kinds(one.receive(line(seq=seq))) == ["Accepted", "Seen"]
        assert one.pause == 0
    assert len(one.receive("\n".join(line(seq=n) for n in range(100, 150)))) == 51, "all of it is kept"
    assert one.pause == pytest.approx(3, abs=0.2)
    now[0] += one.pause + 0.01
    assert one.pause == 0


def test_pages_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.capture.ingest.MAX_PAGES", 3)
    one = ingest()
    for page in "abc":
        assert not one.closed
        one.receive(line(page=page))
    assert "pages took part" in why(one.receive(line(page="d")))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_kinds = st.sampled_from(
    "page act request response chunk done ws_open ws_message ws_close secret lost fetched mark hello toggle wait told x".split()
)
_shaped = st.fixed_dictionaries(
    {
        "t": _kinds,
        "page": st.sampled_from(["p1", "p2", ""]) | _json,
        "seq": st.integers(0, 9) | _json,
        "at": st.floats() | _json,
    },
    optional={
        name: st.text(st.characters(), max_size=5) | _json
        for name in (
            "id",
            "kind",
            "url",
            "method",
            "text",
            "name",
            "placeholder",
            "why",
            "error",
            "act",
            "token",
        )
    }
    | {
        "status": st.integers(),
        "count": st.integers(),
        "body": st.fixed_dictionaries(
            {"kind": st.sampled_from(["none", "text", "parts", "lost"])},
            optional={"text": st.text(st.characters())},
        ),
        "headers": st.lists(st.tuples(st.text(), st.text(st.characters())), max_size=2),
        "on": st.booleans(),
    },
)


@given(
    st.lists(st.binary() | st.text() | st.lists(_shaped.map(json.dumps)).map("\n".join), max_size=5),
    st.booleans(),
)
def test_nothing_that_a_page_says_can_crash_it(frames: list[bytes | str], greet: bool) -> None:
    one = ingest(greet=greet)
    for frame in frames:
        was_closed = one.closed
        outcomes = one.receive(frame)
        assert not (was_closed and outcomes)
        assert one.closed == (was_closed or any(isinstance(outcome, Refusal) for outcome in outcomes))
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                assert b"\n" not in outcome.line
                assert events.dump(events.parse_event(outcome.line)) == events.dump(outcome.event)

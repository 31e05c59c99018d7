"""What several replays teach, given what they gave."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.replay.compare import Live, compare_output
from recorder.replay.learn import Lesson, learn, rejudged, shape, taught
from recorder.replay.report import OutputReport, Report, Reports, StepReport
from recorder.session import Expectation, Session
from recorder.workflow import Argument, Link, Output, Step
from tests.factories import a_step, a_workflow, an_app

DAY = 86400.0
NOW = datetime(2026, 3, 4, 12, tzinfo=timezone.utc).timestamp()


def runs(step: Step, *lives: Any) -> Reports:
    """What so many replays of one step gave, judged."""
    (output,) = step.outputs
    reports = []
    for live in lives:
        found = tuple(compare_output(output, Live(value=live)))
        one = OutputReport(
            name=output.name, label=output.label, recorded=output.value, value=live, differences=found
        )
        told = StepReport(id=step.id, name=step.name, endpoint=step.endpoint.id, status="ok", outputs=(one,))
        reports.append(Report(url="http://127.0.0.1:7860", steps=(told,)))
    return Reports(url="http://127.0.0.1:7860", runs=tuple(reports))


def lessons(recorded: Any, *lives: Any, known: tuple[Expectation, ...] = ()) -> list[Lesson]:
    step = a_step(
        "a",
        outputs=(Output(name="o", label="O", value=recorded, expectations=known),),
        started=(NOW - 9 * DAY) * 1000,
    )
    return learn(a_workflow(step), runs(step, *lives), now=NOW)


def learnt(recorded: Any, *lives: Any) -> set[tuple[str, str]]:
    return {
        (e.kind, "/".join(map(str, e.path)))
        for lesson in lessons(recorded, *lives)
        if (e := lesson.expectation) is not None
    }


@pytest.mark.parametrize(
    ("recorded", "lives", "expected"),
    [
        ("a", ["a", "a"], set()),
        # The same in all replays is a change, and not noise.
        ("a", ["b", "b"], set()),
        (1, [2, 2], set()),
        ([1, 2], [[2, 1], [2, 1]], set()),
        ("id 3f9a", ["id 77b0", "id 0c1d"], {("pattern", "")}),
        ("so", ["or so", "rather"], {("volatile", "")}),
        (3.0, [3.001, 2.999], {("tolerance", "")}),
        (3, [900, 17], {("volatile", "")}),
        # What only rises is a clock or a counter.
        (1000, [1001, 1002], {("volatile", "")}),
        (True, [False, True], {("volatile", "")}),
        (None, ["a", "b"], {("volatile", "")}),
        (
            {"a": 1, "b": {"c": "x1"}},
            [{"a": 1, "b": {"c": "x2"}}, {"a": 1, "b": {"c": "x3"}}],
            {("pattern", "b/c")},
        ),
        ([3, 1, 2], [[1, 2, 3], [2, 1, 3]], {("unordered", "")}),
        ([1, 2, 3], [[1], [2, 3]], {("volatile", "")}),
        (
            [{"id": "a1", "n": 1}, {"id": "b2", "n": 2}],
            [[{"id": "c3", "n": 2}, {"id": "d4", "n": 1}], [{"id": "e5", "n": 1}, {"id": "f6", "n": 2}]],
            {("unordered", ""), ("pattern", "*/id")},
        ),
        (
            [["x", 0.2], ["y", 0.9]],
            [[["x", 0.7], ["y", 0.1]], [["x", 0.1], ["y", 0.4]]],
            {("volatile", "*/1")},
        ),
        ([1, 5.0, 2], [[1, 5.01, 2], [1, 4.99, 2]], {("tolerance", "1")}),
    ],
)
def test_what_differs_between_replays_is_learnt_and_nothing_else(
    recorded: Any, lives: list[Any], expected: set[tuple[str, str]]
) -> None:
    assert learnt(recorded, *lives) == expected


@pytest.mark.parametrize(
    "value",
    [1, "a", [1, 2], {"a": [1]}, [{"id": "a1"}, {"id": "b2"}], "at 10:00:01", 0.5, [[1, "x"], [2, "y"]]],
)
def test_what_was_learnt_makes_the_replays_green_and_is_told_with_its_evidence(value: Any) -> None:
    def other(number: int, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(number, item) for key, item in value.items()}
        if isinstance(value, list):
            return [other(number + i, item) for i, item in enumerate(value)]
        return re.sub(r"\d", str(number % 10), value) if isinstance(value, str) else value + number * 1000.5

    step = a_step("a", outputs=(Output(name="o", value=value),))
    reports = runs(step, *(other(n, value) for n in (3, 5, 8)))
    found = learn(a_workflow(step), reports, now=NOW)
    assert all(lesson.expectation is None or lesson.expectation.evidence for lesson in found)
    assert rejudged(a_workflow(step), found, reports).ok or any(lesson.sort == "change" for lesson in found)


def test_a_change_beside_the_noise_stays_red() -> None:
    step = a_step("a", outputs=(Output(name="o", label="O", value={"id": "a1", "kept": 1}),))
    reports = runs(step, {"id": "b2", "kept": 2}, {"id": "c3", "kept": 2})
    found = learn(a_workflow(step), reports, now=NOW)
    assert [(lesson.sort, lesson.sentence) for lesson in found if lesson.sort == "change"] == [
        ("change", "a /a, output 'O' at kept: it is 2 in all replays, and was 1"),
        ("change", "a /a, output 'O': what was learnt does not explain all of it"),
    ]
    again = rejudged(a_workflow(step), found, reports)
    assert [d.path for d in again.runs[0].steps[0].outputs[0].differences] == ["kept"]


def test_what_a_day_changed_is_a_clock_though_all_replays_agree() -> None:
    assert learnt("made on 2026-02-23", "made on 2026-03-04", "made on 2026-03-04") == {("pattern", "")}
    assert learnt("made on 2026-02-23", "made on 2025-01-01", "made on 2025-01-01") == set()


def test_an_expectation_is_loosened_aloud_and_never_narrowed_or_dropped() -> None:
    known = Expectation(call="a", output=0, kind="tolerance", tolerance=0.01, evidence="once")
    (lesson,) = lessons(10, 10.2, 9.9, known=(known,))
    assert lesson.sort == "loosened"
    assert "within 0.01 until now, loosened to within 0.6" in lesson.sentence
    elsewhere = Expectation(call="b", output=0, kind="volatile")
    session = taught(Session(app=an_app(), expectations=(known, elsewhere)), [lesson])
    assert [(e.call, e.tolerance) for e in session.expectations] == [("b", None), ("a", 0.6)]
    # Within what is known there is nothing to learn.
    assert lessons(10, 10.005, 9.995, known=(known,)) == []


def test_a_link_whose_value_changed_and_was_taken_is_proved() -> None:
    first = a_step("a", outputs=(Output(name="o", value="x1"),))
    second = a_step("b", Argument(name="v", value=Link(step="a", output=0)), outputs=())
    flow = a_workflow(first, second)

    def run(value: str, ok: bool) -> Report:
        gave = StepReport(
            id="a",
            name="a",
            endpoint="/a",
            status="ok",
            outputs=(OutputReport(name="o", value=value, compared=False),),
        )
        took = StepReport(id="b", name="b", endpoint="/b", status="ok" if ok else "failed", expected=ok)
        return Report(url="", steps=(gave, took))

    def proof(*given: tuple[str, bool]) -> str | None:
        found = learn(flow, Reports(url="", runs=tuple(run(*one) for one in given)), now=NOW)
        return next((lesson.proof.proof for lesson in found if lesson.proof), None)

    assert proof(("x2", True), ("x3", True)) == "link"
    assert proof(("x1", True), ("x1", True)) == "constant"
    assert proof(("x2", False), ("x1", True)) == "refused"


@pytest.mark.parametrize(
    ("texts", "fits", "fits_not"),
    [
        (["at 10:31:02", "at 10:31:04"], "at 23:59:59", "at noon"),
        (["2026-11-25T06:43:31.742625", "2026-11-25T06:43:32"], "2027-01-01T00:00:00.5", "2027-01-01"),
        (["Wed Nov 25 06:43:31 2026", "Wed Nov 25 06:43:33 2026"], "Thu Dec 3 00:00:01 2026", "Thu"),
        (["took 0.31s", "took 0.4s"], "took 12.5s", "took long"),
        (["no. 3 of 10", "no. 4 of 10"], "no. 12 of 10", "no. 3 of 11"),
        (["/tmp/a1b2c3/x.png", "/tmp/d4e5f6/x.png"], "/tmp/000000/x.png", "/tmp/000000/y.png"),
        (["Hello Ann!", "Hello Bob!"], "Hello Cleo!", "Bye Cleo!"),
        (["one, two and more: end", "one and: end"], "one or none: end", "none"),
    ],
)
def test_the_shape_of_texts_is_what_they_share(texts: list[str], fits: str, fits_not: str) -> None:
    pattern = shape(texts)
    assert pattern is not None
    assert all(re.fullmatch(pattern, text) for text in (*texts, fits))
    assert not re.fullmatch(pattern, fits_not)


@given(st.lists(st.text(alphabet="ab1:. -\n(", max_size=12), min_size=2, max_size=4))
def test_a_shape_fits_all_that_it_was_made_of(texts: list[str]) -> None:
    pattern = shape(texts)
    assert pattern is None or all(re.fullmatch(pattern, text, re.DOTALL) for text in texts)

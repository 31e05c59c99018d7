"""What targets ask of a workflow before they write it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recorder.render.analysis import Loop, passages
from recorder.workflow import Link, Output, Step, VariableRef, Workflow
from tests.factories import a_file, a_step, a_variable, a_workflow, an_argument, an_endpoint


def said(count: int, *fixed: Any, **fields: Any) -> list[Step]:
    """Calls of one endpoint with a variable each, and what else they are given."""
    return [
        a_step(
            "say",
            an_argument(VariableRef(name=f"v{n}"), "text"),
            *(an_argument(value, f"fixed_{place}") for place, value in enumerate(fixed)),
            id=f"s{n}",
            **fields,
        )
        for n in range(count)
    ]


def a_session(steps: list[Step], **values: Any) -> Workflow:
    variables = tuple(a_variable(values.get(f"v{n}", f"text {n}"), f"v{n}") for n in range(9))
    return a_workflow(*steps, variables=variables)


def told(workflow: Workflow, repeatable: bool = True) -> list[str]:
    """Each passage by what it is: the step's id, or how many are a loop, and over which places."""
    return [
        f"{len(passage.steps)} over {list(passage.places)}" if isinstance(passage, Loop) else passage.id
        for passage in passages(workflow, lambda _: repeatable)
    ]


def one_with(place: int, **fields: Any) -> list[Step]:
    steps = said(5)
    steps[place] = msgspec.structs.replace(steps[place], **fields)
    return steps


FLAT = ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (said(4), ["4 over [0]"]),
        (said(3), ["s0", "s1", "s2"]),
        ([*said(5)[:4], a_step("other"), *said(9)[5:]], ["4 over [0]", "other", "4 over [0]"]),
        ([a_step("say", id=f"s{n}") for n in range(5)], FLAT),
        ([a_step("say", an_argument(VariableRef(name="v0")), id=f"s{n}") for n in range(5)], FLAT),
        (said(4, {"a": 1}), ["4 over [0]"]),
        (said(2, True) + said(4, 1)[2:], ["s0", "s1", "s2", "s3"]),
        (said(5, setup=True), FLAT),
        (said(5, expect="failed", error="no"), FLAT),
        (said(5, stream=(["a"],)), FLAT),
        (said(5, endpoint=an_endpoint("say", generator=True)), FLAT),
        (said(5, event_data={"index": 1}), FLAT),
        (one_with(0, page="other"), ["s0", "4 over [0]"]),
        (one_with(4, expect="cancelled"), ["4 over [0]", "s4"]),
        (one_with(2, outputs=(Output(name="greeting", skipped=True),)), FLAT),
        ([*said(5), a_step("then", an_argument(Link(step="s4", output=0)))], ["4 over [0]", "s4", "then"]),
        ([*said(5), a_step("then", an_argument(Link(step="s1", output=0)))], [*FLAT, "then"]),
    ],
)
def test_calls_that_differ_in_variables_alone_are_a_loop(steps: list[Step], expected: list[str]) -> None:
    assert told(a_session(steps)) == expected


def test_what_the_target_cannot_repeat_is_no_loop() -> None:
    assert told(a_session(said(5)), repeatable=False) == FLAT


def test_variables_that_are_handed_on_in_several_ways_are_no_loop() -> None:
    assert told(a_session(said(5), v4=a_file())) == ["4 over [0]", "s4"]
    assert told(a_session(said(5), **{f"v{n}": a_file() for n in range(5)})) == ["5 over [0]"]
    assert told(a_session(said(5), v2=None)) == FLAT


def test_every_step_is_told_once_and_in_order() -> None:
    steps = [*said(6), a_step("other"), *said(9)[6:]]
    found = [
        step.id
        for passage in passages(a_session(steps), lambda _: True)
        for step in (passage.steps if isinstance(passage, Loop) else (passage,))
    ]
    assert found == [step.id for step in steps]

"""The search for the smallest session that fails, with a replay that is a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import adapters
from recorder.api import Api, Endpoint, Parameter
from recorder.errors import AppError
from recorder.replay.report import Report, StepReport
from recorder.replay.shrink import Ended, Shrunk, shrink
from recorder.session import App, Call, Session, Value

ENDPOINT = Endpoint(
    id="/do",
    api_name="do",
    parameters=(Parameter(name="v", component="json"),),
    returns=(Parameter(component="json"),),
)


def a_session(*values: Any, links: dict[int, int] | None = None) -> Session:
    """A call for each value, of which the ones at the keys of ``links`` take what the ones at the values gave."""
    calls = []
    for n, value in enumerate(values):
        source = (links or {}).get(n)
        given = (
            Value(name="v", value=value, changed=True)
            if source is None
            else Value(name="v", value=value, written_by=f"c{source}", output=0)
        )
        calls.append(
            Call(id=f"c{n}", endpoint="/do", inputs=(given,), outputs=(Value(value=value),), page="p")
        )
    return Session(app=App(url="http://x", kind="gradio"), api=Api(endpoints=(ENDPOINT,)), calls=tuple(calls))


async def shrunk(
    session: Session, fails: Callable[[dict[str, Any]], bool], last: str, most: int = 500
) -> Shrunk:
    """``fails`` is told the values of the calls that are made, up to ``last``, which is the one that fails."""

    async def attempt(part: Session) -> Report:
        made = {call.id: call.inputs[0].value for call in part.calls}
        bad = last in made and fails(made)
        return Report(
            url="",
            steps=tuple(
                StepReport(id=id, name=id, endpoint="/do", status="failed", expected=False, error="no")
                if id == last and bad
                else StepReport(id=id, name=id, endpoint="/do", status="ok")
                for id in made
            ),
        )

    return await shrink(session, adapters.workflow, attempt, most=most)


def left(found: Shrunk) -> dict[str, Any]:
    return {call.id: call.inputs[0].value for call in found.session.calls}


async def test_what_the_failure_does_not_need_is_left_out() -> None:
    session = a_session(*range(60))
    found = await shrunk(session, lambda made: made.get("c7") is not None, "c40")
    assert set(left(found)) == {"c7", "c40"}
    assert found.calls == (60, 2)


async def test_three_that_fail_together_are_all_kept() -> None:
    found = await shrunk(a_session(*range(40)), lambda made: {"c3", "c19", "c20"} <= set(made), "c39")
    assert set(left(found)) == {"c3", "c19", "c20", "c39"}


async def test_what_a_call_takes_stays_with_it() -> None:
    session = a_session(*range(10), links={9: 4, 4: 1})
    found = await shrunk(session, lambda made: True, "c9")
    assert set(left(found)) == {"c1", "c4", "c9"}
    # And a value that comes from another call is not made smaller.
    assert left(found)["c9"] == 9


@pytest.mark.parametrize(
    ("value", "needs", "smallest"),
    [
        ("a long text with an x in it", lambda v: "x" in v, "x"),
        (1234.5, lambda v: v >= 100, 154),
        (1234, lambda v: True, 0),
        (-7, lambda v: v < 0, -1),
        ([1, 2, 3, 4], lambda v: 3 in v, [3]),
        ({"a": "long", "b": [1, 2]}, lambda v: isinstance(v, dict), {"a": "", "b": []}),
        (True, lambda v: True, False),
        (None, lambda v: True, None),
    ],
)
async def test_inputs_are_made_as_small_as_the_failure_allows(
    value: Any, needs: Callable[[Any], bool], smallest: Any
) -> None:
    found = await shrunk(a_session(value), lambda made: needs(made["c0"]), "c0")
    assert left(found) == {"c0": smallest}
    # Nobody recorded what it gives with other inputs.
    assert [e.kind for e in found.session.expectations] == (["volatile"] if smallest != value else [])


@settings(max_examples=30)
@given(st.sets(st.integers(0, 24), max_size=4))
async def test_the_least_set_of_calls_is_found_whatever_it_is(needed: set[int]) -> None:
    wanted = {f"c{n}" for n in needed}
    found = await shrunk(a_session(*([None] * 26)), lambda made: wanted <= set(made), "c25")
    assert set(left(found)) == {*wanted, "c25"}


async def test_it_stops_after_as_many_tries_as_allowed_with_the_smallest_so_far() -> None:
    found = await shrunk(a_session(*range(60)), lambda made: "c7" in made, "c40", most=6)
    assert found.stopped == "stopped after 6 replays"
    assert {"c7", "c40"} <= set(left(found))
    assert len(left(found)) < 60
    with pytest.raises(Ended):
        await shrunk(a_session(1), lambda made: True, "c0", most=0)


async def test_a_session_that_does_not_fail_or_not_again_is_told_so() -> None:
    with pytest.raises(AppError, match="Nothing fails"):
        await shrunk(a_session(1, 2), lambda made: False, "c1")
    answers = iter([True, False, False])
    with pytest.raises(AppError, match="failed once and not again"):
        await shrunk(a_session(1, 2), lambda made: next(answers), "c1")

"""What of a workflow must come before what."""

from __future__ import annotations

import json
import re

import pytest

from recorder.graph import graph, mermaid, waits
from recorder.session import File
from recorder.workflow import Argument, Link, Output, Step
from tests.factories import a_parameter, a_step, a_workflow, an_argument, an_endpoint


def touching(name: str, *states: int, **fields: object) -> Step:
    parameters = tuple(a_parameter("", component_id=state, state=True) for state in states)
    return a_step(name, endpoint=an_endpoint(name, parameters=parameters), page="p1", **fields)


def edges(*steps: Step) -> set[tuple[str, str, str]]:
    return {(edge.before, edge.after, edge.why) for edge in graph(a_workflow(*steps)).edges}


def linked(name: str, to: str) -> Step:
    return a_step(name, an_argument([{"deep": Link(step=to, output=0)}]))


def test_what_has_nothing_to_do_with_each_other_has_no_edge() -> None:
    assert edges(a_step("a"), a_step("b"), touching("c", 1), touching("d", 2)) == set()


def test_a_link_is_an_edge_wherever_it_stands() -> None:
    framed = a_step("c", frames=((Link(step="a", output=0),),))
    told = a_step("d", event_data={"value": Link(step="a", output=0)})
    assert edges(a_step("a"), linked("b", "a"), framed, told) == {
        ("a", "b", "link"),
        ("a", "c", "link"),
        ("a", "d", "link"),
    }


def test_what_touches_a_state_of_a_page_stays_in_order_though_it_only_reads_it() -> None:
    elsewhere = touching("elsewhere", 1)
    returned = a_step(
        "returned",
        endpoint=an_endpoint("returned", returns=(a_parameter("", component_id=1, state=True),)),
        page="p1",
    )
    steps = touching("a", 1), touching("b", 1, 2), returned, touching("c", 2)
    assert edges(*steps) == {("a", "b", "state"), ("b", "returned", "state"), ("b", "c", "state")}
    other = a_step("o", endpoint=elsewhere.endpoint, page="p2")
    assert edges(touching("a", 1), other) == set()


def test_a_file_sent_by_the_apps_own_name_waits_for_the_call_that_gave_it() -> None:
    gave = a_step("a", outputs=(Output(value={"image": File(name="x", server_path="/tmp/x")}),))
    sent = a_step("b", Argument(value=[File(name="x", server_path="/tmp/x", lost="too large")]))
    kept = a_step("c", Argument(value=File(name="x", server_path="/tmp/x", path="s.files/x")))
    assert edges(gave, sent, kept) == {("a", "b", "file")}


def test_a_persons_order_and_a_chain_are_edges_and_only_backwards() -> None:
    assert edges(a_step("a", after=("b", "nobody")), a_step("b", after=("a",))) == {("a", "b", "order")}


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"expect": "cancelled"}, "cancel"), ({"expect": "unfinished"}, "cancel"), ({"setup": True}, "setup")],
)
def test_some_steps_are_walls_on_their_page(fields: dict[str, object], why: str) -> None:
    steps = [touching("a"), touching("b"), touching("wall", **fields), touching("c"), touching("d")]
    other = a_step("other", page="p2")
    assert edges(*steps, other) == {
        ("a", "wall", why),
        ("b", "wall", why),
        ("wall", "c", why),
        ("wall", "d", why),
    }


def test_where_a_page_renders_everything_on_it_stays_in_order() -> None:
    made = a_step("made", endpoint=an_endpoint("made", rendered_in=0), page="p1")
    drawn = graph(a_workflow(touching("a"), touching("b"), made, touching("c")))
    assert drawn.before() == {"a": (), "b": ("a",), "made": ("b",), "c": ("made",)}


def test_only_what_is_waited_for_directly_is_told() -> None:
    drawn = graph(
        a_workflow(
            a_step("a"),
            linked("b", "a"),
            a_step("c", linked("c", "b").arguments[0], linked("c", "a").arguments[0]),
        )
    )
    assert drawn.before() == {"a": (), "b": ("a",), "c": ("b",)}
    assert drawn.levels() == {"a": 0, "b": 1, "c": 2}
    assert waits(drawn) == {"a": [], "b": [("a", "takes its output")], "c": [("b", "takes its output")]}


def test_the_longest_path_is_by_time_and_not_by_steps() -> None:
    drawn = graph(a_workflow(a_step("a"), linked("b", "a"), a_step("slow")))
    assert drawn.longest({"a": 1, "b": 1, "slow": 5}) == (5, ("slow",))
    assert drawn.longest({"a": 3, "b": 3, "slow": 5}) == (6, ("a", "b"))
    assert drawn.schedule({"a": 3, "b": 2, "slow": 5}) == {"a": (0, 3), "b": (3, 5), "slow": (0, 5)}


def test_recorded_text_stays_inside_the_labels_of_a_mermaid_chart() -> None:
    hostile = '"] --> x\n%%{init: {}}%% `<script>` <br> é end'
    drawn = graph(a_workflow(a_step("a", endpoint=an_endpoint(hostile, id=hostile)), linked("b", "a")))
    lines = mermaid(drawn).splitlines()
    assert lines[0] == "flowchart TD"
    assert all(
        re.fullmatch(r'  s\d+(\["[\w #;/.,:-]*"\]| -->\|"[\w #;/.,:-]*"\| s\d+)', line) for line in lines[1:]
    )
    assert len(lines) == 4


def test_as_json_it_says_what_each_step_waits_for() -> None:
    from recorder.graph import dump

    told = json.loads(dump(graph(a_workflow(a_step("a"), linked("b", "a")))))
    assert told["steps"][1]["after"] == [{"step": "a", "why": "takes its output"}]
    assert told["mermaid"].startswith("flowchart")

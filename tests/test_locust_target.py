"""The locust target: users who make the recorded calls. The generated functions are tried by themselves; end-to-end tests run them."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import UsageError
from recorder.load.report import Entry, Error, Figures, LoadReport, Worker
from recorder.load.run import parse_time
from recorder.render import Options, render
from recorder.session import Expectation
from recorder.workflow import Link, Output, Step, VariableRef
from tests.factories import a_file, a_raw_step, a_step, a_variable, a_workflow, an_argument
from tests.test_literals import NASTY, any_json, any_text
from tests.test_python_target import comments, hostile_workflow, shape

GREET = a_step(
    "greet", an_argument(VariableRef(name="name")), outputs=(Output(label="Greeting", value="Hello"),)
)


def locustfile(*steps: Step, rows: tuple[dict[str, Any], ...] = (), **fields: Any) -> str:
    text = render(a_workflow(*steps, **fields), "locust", Options(rows=rows))
    ast.parse(text.encode())
    return text


def functions(text: str) -> dict[str, Any]:
    """What the file defines, without what needs Locust and the app."""
    tree = ast.parse(text)
    kept = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in ("SessionUser", "Page")
    ]
    modules = [
        node for node in tree.body if isinstance(node, ast.Import) and node.names[0].name != "requests"
    ]
    space: dict[str, Any] = {"Any": Any}
    source = "from __future__ import annotations\n" + ast.unparse(
        ast.Module(body=[*modules, *kept], type_ignores=[])
    )
    exec(source, space)
    return space


def call(text: str, endpoint: str) -> ast.Call:
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == endpoint
    ]
    return found[0]


def named(node: ast.Call) -> dict[str, str]:
    return {word.arg or "": ast.unparse(word.value) for word in node.keywords}


def test_a_call_is_named_by_its_endpoint_and_held_to_its_outputs() -> None:
    text = locustfile(GREET, variables=(a_variable(),))
    made = call(text, "/greet")
    assert ast.unparse(made.args[2]) == "[NAME]"
    assert named(made) == {"api_name": "'greet'", "expected": "{0: 'Hello'}"}
    assert 'NAME = "World"' in text


def test_users_think_as_long_as_the_person_did_between_two_calls() -> None:
    steps = [
        a_step("a", started=1000.0, duration=500.0),
        a_step("b", started=3500.0, duration=100.0),
        # A machine follows at once.
        a_step("c", started=3601.0, duration=100.0),
        a_step("d", started=999_000.0),
    ]
    text = locustfile(*steps)
    assert [line.strip() for line in text.splitlines() if "self.think(" in line] == [
        "self.think(2.0)",
        "self.think(60.0)",
    ]


def test_links_are_taken_from_what_came_and_pages_are_kept_apart() -> None:
    steps = [
        a_step("a", page="p1"),
        a_step("b", an_argument(Link(step="a", output=0)), page="p1"),
        a_step("c", page="p2"),
    ]
    text = locustfile(*steps)
    assert "a = page_1.call(" in text
    assert ast.unparse(call(text, "/b").args[2]) == "[value_of(a[0])]"
    assert text.count("= Page(self)") == 2


@pytest.mark.parametrize(
    ("fields", "named_so"),
    [
        ({"expect": "failed", "outputs": ()}, {"fails": "True"}),
        ({"expect": "cancelled", "cancel_after": 3}, {"cancel_after": "3"}),
        ({"event_data": {"index": 1}, "trigger_id": 4}, {"event_data": "{'index': 1}", "trigger_id": "4"}),
        ({"setup": True}, {}),
    ],
)
def test_how_a_call_went_is_how_it_must_go(fields: dict[str, Any], named_so: dict[str, str]) -> None:
    step = a_raw_step("a", **{"outputs": (Output(value=1),), **fields})
    words = named(call(locustfile(step), "/a"))
    assert {key: value for key, value in words.items() if key in named_so} == named_so
    assert ("expected" in words) == (fields.get("expect", "ok") == "ok" and not fields.get("setup"))


def test_a_value_set_for_the_test_takes_the_place_of_the_recorded_one_and_is_not_compared() -> None:
    text = locustfile(GREET, variables=(a_variable(),), rows=({"name": "Ann"},))
    assert 'NAME = "Ann"' in text
    assert "expected" not in named(call(text, "/greet"))


def test_files_are_sent_and_those_that_come_are_not_downloaded() -> None:
    text = locustfile(a_step("a", an_argument(a_file()), outputs=(Output(value=[a_file(), 1]),)))
    assert ast.unparse(call(text, "/a").args[2]) == "[Upload(FILES / '3fa9/cat.png')]"
    assert named(call(text, "/a"))["expected"] == "{0: [Served(), 1]}"


def test_a_wrong_result_is_told_by_its_place() -> None:
    value = {"n": 1.5, "list": [1, {"a": None}], "id": "a1", "any": 1, "tags": ["x", "y"], "yes": True}
    known = (
        Expectation(call="a", output=0, kind="pattern", path=("id",), pattern="[a-z]\\d"),
        Expectation(call="a", output=0, kind="volatile", path=("any",)),
        Expectation(call="a", output=0, kind="unordered", path=("tags",)),
    )
    text = locustfile(a_step("a", outputs=(Output(value=value, expectations=known),)))
    space = functions(text)
    expected = eval(ast.unparse(call(text, "/a").keywords[-1].value), space)[0]
    differs = space["differs"]
    fits = {"n": 1.5000001, "list": [1, {}], "id": "b2", "any": "x", "tags": ["y", "x"], "yes": True}
    assert differs(expected, fits, "output 1") == ""
    for change, where in (
        ({"n": 1.6}, "output 1.n"),
        ({"list": [1, {"a": 2}]}, "output 1.list[1].a"),
        ({"list": [1]}, "output 1.list"),
        ({"id": "22"}, "output 1.id"),
        ({"tags": ["x", "x"]}, "output 1.tags"),
        ({"yes": 1}, "output 1.yes"),
    ):
        assert differs(expected, fits | change, "output 1").startswith(f"{where} was ")


def of_users(code: str) -> str:
    """The shape of the file, whatever its users are called."""
    return re.sub(r"name='[A-Za-z0-9]+User'", "", shape(code))


def test_recorded_text_is_only_ever_a_constant() -> None:
    for raw in (True, False):
        benign = render(hostile_workflow("benign", "benign", raw), "locust")
        for text in (t for t in NASTY if len(t) < 100):
            code = render(hostile_workflow(text, text, raw), "locust")
            code.encode()
            assert of_users(code) == of_users(benign), text
            assert comments(code) == comments(benign)


@given(any_text, any_json, st.booleans())
@settings(deadline=None, max_examples=50)
def test_every_file_parses_whatever_was_recorded(text: str, value: Any, raw: bool) -> None:
    ast.parse(render(hostile_workflow(text, value, raw), "locust").encode())


# What a load test tells


def a_load(**fields: Any) -> LoadReport:
    return LoadReport(
        url="http://x", users=2, spawn_rate=1, run_time=60, figures=Figures(over=True, **fields)
    )


def test_a_load_is_well_where_calls_were_made_and_none_failed_and_no_worker_was_lost() -> None:
    good = Entry(name="all", calls=10)
    assert a_load(total=good).ok
    assert not a_load().ok
    assert a_load().sentences() == ["no call was made"]
    assert not a_load(total=Entry(name="all", calls=10, failures=1)).ok
    lost = a_load(total=good, workers=(Worker(id="w", pid=7, calls=4, lost=True, why=" by SIGKILL"),))
    assert not lost.ok
    assert lost.sentences() == [
        "worker w (process 7) was lost by SIGKILL, after it had told of 4 calls; the others went on"
    ]
    wrong = a_load(total=good, errors=(Error(name="/a", error="x\x1b[31m", count=3),))
    assert wrong.sentences() == ["/a: x\\x1b[31m (3 times)"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("0.5s", 0.5), ("1h1m1s", 3661)],
)
def test_a_time_to_run_is_written_as_locust_has_it(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "soon", "-1s", "1d"])
def test_a_time_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is no time to run"):
        parse_time(text)

"""What is sent, and where to, decided before anything is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.adapters.gradio.describe import Component, Description, describe
from recorder.api import Endpoint, Parameter
from recorder.errors import UsageError
from recorder.replay.plan import LocalFile, Missing, Target, locate, parse_values, plan, tainted
from recorder.session import App, File, SecretName
from recorder.workflow import (
    Argument,
    Expression,
    Link,
    Output,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
)

from .factories import a_parameter, a_step, an_endpoint
from .gradio_page import component, dependency


def workflow(*steps: Step, **variables: Expression) -> Workflow:
    return Workflow(
        name="w",
        app=App(url="http://x", kind="gradio"),
        steps=steps,
        variables=tuple(Variable(name=name, value=value) for name, value in variables.items()),
    )


# --set


@pytest.mark.parametrize(
    ("recorded", "text", "expected"),
    [
        ("old", "new", "new"),
        ("old", "3", "3"),
        ("old", '{"a": 1}', '{"a": 1}'),
        ("old", "", ""),
        (SecretRef(pieces=("", "KEY", "")), "plain", "plain"),
        (1, "2", 2),
        (1, "2.5", 2.5),
        (1.5, "-3e2", -300.0),
        (True, "false", False),
        (False, "Yes", True),
        (None, "text", "text"),
        (None, "[1, 2]", [1, 2]),
        ([1], "[2, 3]", [2, 3]),
        (["a"], "b", ["b"]),
        (["a"], '["b", "c"]', ["b", "c"]),
        ({"a": 1}, '{"b": 2}', {"b": 2}),
        ({"text": "old", "files": []}, "new words", {"text": "new words", "files": []}),
    ],
)
def test_a_value_is_read_by_the_kind_that_was_recorded(recorded: Any, text: str, expected: Any) -> None:
    found = parse_values(workflow(name=recorded), {"name": text})["name"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("recorded", "text", "what"),
    [
        (1, "many", "name is a number, not 'many'. Write name=1."),
        (True, "3", "name is true or false, not '3'. Write name=true."),
        (True, "perhaps", "name is true or false, not 'perhaps'. Write name=true."),
        ([1], "a", 'name is a list, and \'a\' is not JSON. Write name=["a", "b"].'),
        ({"a": 1}, "a", "name is an object, and 'a' is not JSON. Write name={\"key\": 1}."),
        (
            File(name="a"),
            "/no/such",
            "name is a file, and there is none at '/no/such'. Give the path of a file.",
        ),
        (1, "9" * 5000, None),
    ],
)
def test_a_value_that_does_not_fit_is_a_sentence(recorded: Any, text: str, what: str | None) -> None:
    with pytest.raises(UsageError) as error:
        parse_values(workflow(name=recorded), {"name": text})
    assert what is None or str(error.value) == what


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no variable 'nam'.*The variables are name, count"):
        parse_values(workflow(name="a", count=1), {"nam": "b"})
    with pytest.raises(UsageError, match="It has no variables"):
        parse_values(workflow(), {"name": "b"})


def test_paths_become_files_wherever_files_were_recorded(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    path.write_text("x")
    new, old, text = LocalFile(str(path)), File(name="old"), f'"{path}"'
    flow = workflow(one=old, many=[old], message={"text": "t", "files": [old]})
    assert parse_values(flow, {"one": str(path)}) == {"one": new}
    assert parse_values(flow, {"many": str(path)}) == {"many": [new]}
    assert parse_values(flow, {"many": f"[{text}, {text}]"}) == {"many": [new, new]}
    said = {"message": f'{{"text": "hi", "files": [{text}]}}'}
    assert parse_values(flow, said) == {"message": {"text": "hi", "files": [new]}}


def test_a_variable_set_to_what_was_recorded_counts_as_not_set() -> None:
    step = Step(
        id="c1", name="n", endpoint=Endpoint(id="/e"), arguments=(Argument(value=VariableRef(name="n")),)
    )
    assert plan(workflow(step, n=3), {"n": "3.0"}, {}).chosen == ()
    ready = plan(workflow(step, n=3), {"n": "4"}, {})
    assert (ready.chosen, ready.values, ready.tainted) == (("n",), {"n": 4}, {"c1": ("n",)})


def test_secrets_come_from_the_environment_or_are_asked_for() -> None:
    flow = msgspec.structs.replace(
        workflow(), secrets=(SecretName(name="RECORDER_SECRET_KEY", placeholder="«1»", hint="the key"),)
    )
    assert plan(flow, {}, {"RECORDER_SECRET_KEY": "k"}).secrets == {"RECORDER_SECRET_KEY": "k"}
    with pytest.raises(UsageError, match=r"RECORDER_SECRET_KEY \(the key\)"):
        plan(flow, {}, {})


# What depends on what was set


def test_what_depends_on_a_variable_does_so_through_links_state_and_rendering() -> None:
    def step(id: str, value: Expression = 0, state: int | None = None, **fields: Any) -> Step:
        own = (Parameter(component_id=state, state=True),) if state is not None else ()
        endpoint = Endpoint(id=id, parameters=own, rendered_in=fields.pop("rendered_in", None))
        return Step(
            id=id, name=id, endpoint=endpoint, arguments=(Argument(value=value),), page="p1", **fields
        )

    steps = (
        step("before", state=1),
        step("asked", [{"a": VariableRef(name="v")}]),
        step("linked", {"deep": [Link(step="asked", output=0)]}),
        step("again", Link(step="linked", output=0), state=1),
        step("shared", state=1),
        step("elsewhere", state=1),
        step("other_state", state=2),
        step("other_variable", VariableRef(name="w")),
        step("rendered", rendered_in=0),
        step("event", event_data={"x": VariableRef(name="v")}),
        step("free"),
    )
    steps = tuple(msgspec.structs.replace(s, page="p2") if s.id == "elsewhere" else s for s in steps)
    assert set(tainted(workflow(*steps), {"v"})) == {
        "asked",
        "linked",
        "again",
        "shared",
        "rendered",
        "event",
    }
    assert tainted(workflow(*steps), ["v", "w"])["rendered"] == ("v", "w")
    assert tainted(workflow(*steps), ()) == {}


# Where a step goes


def app(*dependencies: dict[str, Any]) -> Description:
    kinds = ["textbox", "number", "state", "file", "textbox", "textbox"]
    components = [component(i, kind, label=f"L{i}") for i, kind in enumerate(kinds)]
    described = describe({"components": components, "dependencies": list(dependencies)})
    assert described is not None
    return described


def recorded(
    api_name: str | None, fn_index: int, inputs: str = "textbox", outputs: str = "textbox", **fields: Any
) -> Step:
    """A step whose inputs and outputs are named by kind, in one word each."""
    parameters = [
        tuple(
            Parameter(component=kind, state=kind == "state", label=fields.get("label", ""))
            for kind in kinds.split()
        )
        for kinds in (inputs, outputs)
    ]
    endpoint = Endpoint(
        id=f"fn:{fn_index}",
        api_name=api_name,
        fn_index=fn_index,
        rendered_in=fields.get("rendered_in"),
        parameters=parameters[0],
        returns=parameters[1],
    )
    return Step(
        id="c1",
        name="n",
        endpoint=endpoint,
        arguments=tuple(Argument(value=i, state=p.state) for i, p in enumerate(parameters[0])),
        outputs=tuple(Output(state=p.state) for p in parameters[1]),
        trigger_id=fields.get("trigger_id"),
    )


def found(step: Step, description: Description, rendered: tuple[int, ...] | None = None) -> int | str:
    """The id of the dependency, or why there is none."""
    target = locate(step, description, rendered)
    return target.why if isinstance(target, Missing) else target.dependency.id


def test_the_public_name_decides_wherever_it_is_now() -> None:
    live = app(dependency(0, [], [0], [0], api_name="other"), dependency(9, [], [0], [0], api_name="greet"))
    assert found(recorded("greet", 0), live) == 9


def test_of_functions_with_one_name_the_one_with_the_same_inputs_is_meant() -> None:
    live = app(
        dependency(1, [], [1], [0], api_name="greet"),
        dependency(2, [], [0], [0], api_name="greet"),
        dependency(3, [], [0], [0], api_name="greet"),
    )
    assert found(recorded("greet", 1), live) == 2
    assert found(recorded("greet", 3), live) == 3


def test_a_function_that_was_renamed_is_found_by_its_id_and_signature() -> None:
    live = app(dependency(4, [], [0], [0], api_name="hello"))
    target = locate(recorded("greet", 4, label="L0"), live)
    assert isinstance(target, Target)
    assert target.note == "is called /hello now"


def test_another_function_in_the_place_of_one_that_is_gone_is_not_called() -> None:
    live = app(dependency(4, [], [1], [0], api_name="erase"), dependency(5, [], [0], [0], api_name="hello"))
    assert (
        found(recorded("greet", 4), live) == "the app has no endpoint /greet any more; it has /erase, /hello"
    )
    assert "no endpoint" in str(found(recorded("greet", 5, label="Name"), live))


def test_a_function_without_a_name_is_found_by_id_or_as_the_only_one_alike() -> None:
    nameless = {"api_name": False, "api_visibility": "private"}
    live = app(dependency(3, [], [0], [0], **nameless), dependency(4, [], [1], [0], **nameless))
    assert found(recorded(None, 3), live) == 3
    assert found(recorded(None, 7), live) == 3
    assert found(recorded(None, 3, "number"), live) == 4
    why = "the app has no function with the inputs and outputs of number 3 any more"
    assert found(recorded(None, 3, "file"), live) == why


def test_what_is_only_javascript_is_never_addressed() -> None:
    live = app(dependency(0, [], [0], [0], api_name="greet", backend_fn=False))
    assert found(recorded("greet", 0), live) == "the app has no endpoint /greet any more"


def test_a_rendered_function_is_one_of_those_that_were_rendered() -> None:
    config = {
        "components": [component(50, "textbox", rendered_in=0)],
        "dependencies": [
            dependency(20, [[51, "click"]], [50], [0], api_name="say", rendered_in=0),
            dependency(21, [[52, "click"]], [50], [0], api_name="shout", rendered_in=0),
        ],
    }
    live = app(dependency(0, [], [0], [0], api_name="say")).extended(config)
    step = recorded("say", 10, rendered_in=0, trigger_id=41)
    target = locate(step, live, (20, 21))
    assert isinstance(target, Target)
    assert (target.dependency.id, target.trigger_id) == (20, 51)
    assert found(step, live) == "/say exists only once a call has rendered it, and none has"
    assert found(recorded("say", 10), live) == 0


@pytest.mark.parametrize(
    ("inputs", "live", "expected"),
    [
        ("textbox number", [0, 1], (0, 1)),
        ("textbox number", [0, 2, 1], (0, None, 1)),
        ("state textbox", [0], (1,)),
        ("state textbox", [0, 2], (1, None)),
        ("textbox", [0, 1], "/greet takes 2 inputs now, not the 1 that was recorded"),
        ("textbox number", [0], "/greet takes 1 input now, not the 2 that were recorded"),
    ],
)
def test_arguments_find_their_inputs_where_state_came_or_went(
    inputs: str, live: list[int], expected: Any
) -> None:
    target = locate(recorded("greet", 0, inputs), app(dependency(0, [], live, [0], api_name="greet")))
    assert (target.why if isinstance(target, Missing) else target.inputs) == expected


@pytest.mark.parametrize(
    ("outputs", "live", "expected"),
    [
        ("textbox number", [0, 1], (0, 1)),
        ("textbox number", [2, 0, 1], (1, 2)),
        ("state textbox", [0], (None, 0)),
        ("textbox number", [0], (0, 1)),
    ],
)
def test_outputs_are_found_where_they_are_now(outputs: str, live: list[int], expected: Any) -> None:
    target = locate(
        recorded("greet", 0, "textbox", outputs), app(dependency(0, [], [0], live, api_name="greet"))
    )
    assert isinstance(target, Target)
    assert target.outputs == expected


def test_a_function_of_a_control_is_found_with_the_control_that_has_it_now() -> None:
    step = a_step(
        endpoint=an_endpoint(
            api_name=None, server_fn="add", parameters=(a_parameter(component="html", component_id=3),)
        )
    )
    html = [Component(id=n, type="html", server_fns=("add",)) for n in (3, 4)]
    other = Component(id=1, type="other", server_fns=("add",))
    for components, found in ([[other, *html], 3], [[other, html[1]], 4], [[other], 1]):
        target = locate(step, Description(components={c.id: c for c in components}))
        assert isinstance(target, Target) and target.server_id == found
    missing = locate(step, Description())
    assert isinstance(missing, Missing) and "no control with a function 'add'" in missing.why


def test_in_an_app_with_an_http_api_all_that_follows_a_change_may_come_out_otherwise() -> None:
    def step(id: str, method: str, value: object) -> Step:
        endpoint = Endpoint(id=f"{method} /x", method=method, path="/x")
        return Step(
            id=id, name=id, endpoint=endpoint, arguments=(Argument(name="v", value=value, location="query"),)
        )

    workflow = Workflow(
        name="w",
        app=App(url="http://x", kind="http"),
        steps=(
            step("c1", "GET", VariableRef(name="a")),
            step("c2", "GET", 1),
            step("c3", "POST", VariableRef(name="a")),
            step("c4", "GET", 1),
        ),
        variables=(Variable(name="a", value=1),),
    )
    assert tainted(workflow, ["a"]) == {"c1": ("a",), "c3": ("a",), "c4": ("a",)}

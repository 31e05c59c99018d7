"""What became of an endpoint since it was recorded, as tables."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recorder.api import Api, Endpoint, Parameter
from recorder.drift import Drift, Given, adapted, as_recorded, drift
from recorder.session import App, Call, Expectation, Proof, Session, Value


def parameter(name: str, component: str = "textbox", **fields: Any) -> Parameter:
    return Parameter(
        **{"name": name, "label": name.title(), "component": component, "python_type": component, **fields}
    )


def an_endpoint(name: str, *parameters: Parameter, **fields: Any) -> Endpoint:
    returns = fields.pop("returns", (Parameter(label="Out", component="textbox"),))
    return Endpoint(
        id=f"/{name}", api_name=name, parameters=parameters, returns=returns, **{"fn_index": 0, **fields}
    )


TEXT, NUMBER = parameter("text"), parameter("number", "number")
GREET = an_endpoint("greet", TEXT, NUMBER)


def found(*live: Endpoint, given: tuple[Given, ...] = (), recorded: Endpoint = GREET) -> Drift | None:
    return drift(recorded, given, live, known={"greet", "other"})


def test_an_endpoint_that_is_as_it_was_has_no_drift_wherever_it_is_now() -> None:
    assert found(GREET) is None
    assert found(an_endpoint("new"), msgspec.structs.replace(GREET, fn_index=7)) is None
    # State comes and goes: it is not the caller's.
    state = Parameter(component="state", state=True)
    assert found(an_endpoint("greet", state, TEXT, NUMBER)) is None


@pytest.mark.parametrize(
    ("live", "changes", "inputs"),
    [
        (an_endpoint("hello", TEXT, NUMBER), ("/greet is called /hello now",), (0, 1)),
        (
            an_endpoint("greet", NUMBER, TEXT),
            ("/greet takes its parameters in another order: 'number', 'text'",),
            (1, 0),
        ),
        (
            an_endpoint("greet", parameter("words", label="Text"), NUMBER),
            ("/greet calls its parameter 'text' 'words' now",),
            (0, 1),
        ),
        (
            an_endpoint(
                "greet", TEXT, parameter("loud", "checkbox", has_default=True, default=False), NUMBER
            ),
            ("/greet has a new parameter 'loud', by default false",),
            (0, None, 1),
        ),
        (
            an_endpoint("hello", NUMBER, parameter("words", label="Text")),
            (
                "/greet is called /hello now",
                "/hello takes its parameters in another order: 'number', 'words'",
                "/hello calls its parameter 'text' 'words' now",
            ),
            (1, 0),
        ),
    ],
)
def test_what_can_be_healed_is_said_and_mapped(
    live: Endpoint, changes: tuple[str, ...], inputs: tuple[int | None, ...]
) -> None:
    one = found(live)
    assert one is not None
    assert one.changes == changes
    assert one.patch is not None
    assert one.patch.inputs == inputs
    assert 0.5 < one.patch.confidence <= 1


@pytest.mark.parametrize(
    ("live", "given", "why"),
    [
        ((an_endpoint("greet", TEXT, NUMBER, parameter("file", "file")),), (), "'file' has no default"),
        ((an_endpoint("greet", TEXT),), (Given(), Given(values=(3,), chosen=True)), "a value for 'number'"),
        ((an_endpoint("greet", TEXT, parameter("number", "image")),), (), "may be none for image"),
        (
            (an_endpoint("hello", TEXT, NUMBER, fn_index=4), an_endpoint("hallo", TEXT, NUMBER, fn_index=5)),
            (),
            "as much like it",
        ),
        ((an_endpoint("send", parameter("x", "image"), returns=()),), (), "nothing else is like it"),
    ],
)
def test_what_cannot_be_healed_is_refused_with_the_reason(
    live: tuple[Endpoint, ...], given: tuple[Given, ...], why: str
) -> None:
    one = found(*live, given=given)
    assert one is not None
    assert one.patch is None
    assert why in one.refused


def test_an_endpoint_of_the_recorded_app_is_never_taken_for_one_that_is_gone() -> None:
    one = found(an_endpoint("other", TEXT, NUMBER))
    assert one is not None
    assert one.gone
    assert one.sentence() == "the app has no endpoint /greet any more; it has /other"


@pytest.mark.parametrize(
    ("choices", "value", "replaced"),
    [
        (("red", "blue"), "red", None),
        (("Red", "Blue"), "red", "Red"),
        (("dark-red", "blue"), "dark red", "dark-red"),
        ((("Red", "#f00"), ("Blue", "#00f")), "red", "#f00"),
        (("redd", "blue"), "red", "redd"),
        (("Red", "Blue"), ["red", "blue"], ["Red", "Blue"]),
    ],
)
def test_a_choice_is_replaced_by_the_one_that_is_plainly_meant(
    choices: tuple[Any, ...], value: Any, replaced: Any
) -> None:
    old = parameter("colour", "dropdown", choices=("red", "blue", "dark red"))
    new = msgspec.structs.replace(old, choices=choices)
    one = drift(
        an_endpoint("paint", old), (Given(values=(value,), chosen=True),), (an_endpoint("paint", new),)
    )
    if replaced is None:
        assert one is None
    else:
        assert one is not None
        assert one.patch is not None
        assert [r.now for r in one.patch.values] == [replaced]


def test_a_choice_that_could_be_two_others_is_refused() -> None:
    old = parameter("colour", "dropdown", choices=("red",))
    new = msgspec.structs.replace(old, choices=("redd", "rred"))
    one = drift(
        an_endpoint("paint", old), (Given(values=("red",), chosen=True),), (an_endpoint("paint", new),)
    )
    assert one is not None
    assert one.patch is None


def test_a_patched_session_is_as_if_it_had_been_recorded_of_the_app_as_it_is_now() -> None:
    out, more = Parameter(label="Out", component="textbox"), Parameter(label="More", component="number")
    live = an_endpoint(
        "greeting",
        parameter("loud", "checkbox", has_default=True, default=False),
        NUMBER,
        TEXT,
        returns=(more, out),
    )
    one = found(live)
    assert one is not None
    assert one.patch is not None
    first = Call(
        id="c1",
        endpoint="/greet",
        inputs=(Value(name="text", value="a", changed=True), Value(name="number", value=2)),
        outputs=(Value(label="Out", value="A"),),
        stream=(["a"], ["A"]),
    )
    second = Call(id="c2", endpoint="/other", inputs=(Value(value="A", written_by="c1", output=0),))
    session = Session(
        app=App(url="http://x"),
        api=Api(endpoints=(GREET, an_endpoint("other"))),
        calls=(first, second),
        expectations=(Expectation(call="c1", output=0, kind="volatile"),),
        patches=(one.patch,),
    )
    made = adapted(session)
    assert made.calls[0].endpoint == "/greeting"
    assert [(v.name, v.value, v.changed, v.default) for v in made.calls[0].inputs] == [
        ("loud", False, False, True),
        ("number", 2, False, False),
        ("text", "a", True, False),
    ]
    assert made.calls[0].stream == ([None, "a"], [None, "A"])
    assert (made.calls[1].inputs[0].written_by, made.calls[1].inputs[0].output) == ("c1", 1)
    assert {(e.call, e.output, e.evidence != "") for e in made.expectations} == {
        ("c1", 1, False),
        ("c1", 0, True),
    }
    assert [e.id for e in made.api.endpoints] == ["/greeting", "/other"]
    assert session.calls[0] == first


def test_what_is_learnt_of_patched_calls_is_kept_in_the_places_that_were_recorded() -> None:
    first, second = (
        Parameter(label="First", component="textbox"),
        Parameter(label="Second", component="number"),
    )
    recorded = an_endpoint("greet", TEXT, NUMBER, returns=(first, second))
    more = parameter("loud", "checkbox", has_default=True, default=False)
    one = drift(recorded, (), (an_endpoint("greet", more, NUMBER, TEXT, returns=(second, first)),))
    assert one is not None
    assert one.patch is not None
    call = Call(
        id="c1",
        endpoint="/greet",
        inputs=(Value(name="text", value="a"), Value(name="number", value=2)),
        outputs=(Value(label="First", value="A"), Value(label="Second", value=1)),
    )
    session = Session(
        app=App(url="http://x"), api=Api(endpoints=(recorded,)), calls=(call,), patches=(one.patch,)
    )
    learnt = [
        Expectation(call="c1", output=0, kind="volatile"),
        Expectation(call="elsewhere", output=0, kind="volatile"),
    ]
    proved = [Proof(call="c1", input=place, proof="link") for place in (0, 1, 2)]
    expectations, proofs = as_recorded(session, learnt, proved)
    assert [(e.call, e.output) for e in expectations] == [("c1", 1), ("elsewhere", 0)]
    # What is new has no recorded place.
    assert [p.input for p in proofs] == [1, 0]
    # And read again, they are where they were learnt.
    kept = msgspec.structs.replace(session, expectations=tuple(expectations), proofs=tuple(proofs))
    assert [(e.call, e.output) for e in adapted(kept).expectations] == [("c1", 0), ("elsewhere", 0)]
    assert [p.input for p in adapted(kept).proofs] == [1, 2]

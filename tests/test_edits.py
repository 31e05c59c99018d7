"""What a person changes by hand in a recording, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from recorder import session as sessions
from recorder.adapters import workflow
from recorder.api import Api, Endpoint, Parameter
from recorder.edits import edited, edited_together, resolved, standing, undoable
from recorder.errors import UsageError
from recorder.events import Edit, Edited
from recorder.render import render
from recorder.session import App, Call, File, Session, Timing, Value

NONCE = "0123456789abcdef"
SECRET = 'p"w\\ü d'


def a_call(number: int, value: Any, out: Any = "x", **more: Any) -> Call:
    return Call(
        **{
            "id": f"c{number}",
            "endpoint": "/greet",
            "inputs": (Value(name="name", value=value, changed=True),),
            "outputs": (Value(name="said", value=out),),
            "timing": Timing(started=1000.0 + number, ended=5.0),
            **more,
        }
    )


def a_session(*calls: Call) -> Session:
    greet = Endpoint(
        id="/greet", name="greet", api_name="greet", fn_index=0,
        parameters=(Parameter(name="name", label="Name"),), returns=(Parameter(label="said"),),
    )  # fmt: skip
    return Session(
        app=App(url="http://127.0.0.1:7860", kind="gradio"), api=Api(endpoints=(greet,)), calls=calls
    )


def after(session: Session, *wishes: Edit) -> Session:
    """The session once each wish was made, in turn, of what the person then saw."""
    made: list[Edited] = []
    for wish in wishes:
        made.append(resolved(edited(session, made), wish, NONCE))
    return edited(session, made)


THREE = a_session(a_call(1, "a"), a_call(2, "b"), a_call(3, "c"))


@pytest.mark.parametrize(
    ("wishes", "kept", "skipped"),
    [
        ([], ["c1", "c2", "c3"], []),
        ([Edit("skip", "c2")], ["c1", "c2", "c3"], ["c2"]),
        ([Edit("skip", "c2"), Edit("keep", "c2")], ["c1", "c2", "c3"], []),
        ([Edit("delete", "c2")], ["c1", "c3"], []),
        ([Edit("delete", "c2"), Edit("undo")], ["c1", "c2", "c3"], []),
        ([Edit("delete", "c2"), Edit("skip", "c3"), Edit("undo")], ["c1", "c3"], []),
        ([Edit("undo"), Edit("delete", "c1")], ["c2", "c3"], []),
    ],
)
def test_calls_are_skipped_deleted_and_had_again(
    wishes: list[Edit], kept: list[str], skipped: list[str]
) -> None:
    made = after(THREE, *wishes)
    assert [call.id for call in made.calls] == kept
    assert [call.id for call in made.calls if call.skip] == skipped
    assert len(workflow(made).steps) == len(kept) - len(skipped)


def test_an_edit_changes_no_fact_and_nothing_at_all_when_it_was_undone() -> None:
    before = sessions.dump(THREE)
    assert sessions.dump(after(THREE, Edit("delete", "c1"), Edit("undo"))) == before
    assert sessions.dump(THREE) == before


def test_a_variable_gets_the_name_and_the_script_has_it() -> None:
    made = after(THREE, Edit("rename", "c2", 0, "guest"))
    assert [variable.name for variable in workflow(made).variables] == ["name", "guest", "name_2"]
    assert 'guest: str = "b"' in render(workflow(made), "python")
    assert after(made, Edit("rename", "c2", 0, "")).calls[1].inputs[0].variable is None


def test_a_call_is_told_by_its_time_when_later_ones_move_its_number() -> None:
    wish = resolved(THREE, Edit("delete", "c2"), NONCE)
    moved = a_session(
        a_call(1, "a"),
        a_call(9, "late", id="c2"),
        a_call(2, "b", id="c3", endpoint="GET /items/{id}"),
    )
    assert [call.inputs[0].value for call in edited(moved, [wish]).calls] == ["a", "late"]


def test_calls_of_one_moment_are_told_apart() -> None:
    at = Timing(started=1000.0)
    session = a_session(*(a_call(n, str(n), timing=at) for n in (1, 2, 3)))
    assert [c.id for c in after(session, Edit("delete", "c2")).calls] == ["c1", "c3"]


def test_with_a_call_that_opened_a_websocket_goes_what_was_said_over_it() -> None:
    session = a_session(a_call(1, "a"), a_call(2, "b", continues="c1"), a_call(3, "c"))
    assert [call.id for call in after(session, Edit("delete", "c1")).calls] == ["c3"]


def secret_session() -> Session:
    file = File(name=f"{SECRET}.txt", sha256="1", path="s.files/1/x.txt")
    return a_session(
        a_call(1, SECRET, out=f"Bearer {SECRET}!"),
        a_call(2, {"token": [SECRET, 1], SECRET: None}, out=file),
        a_call(3, '{"inside": "p\\"w\\\\\\u00fc d"}', error=f"no {SECRET}", status="failed", logs=(SECRET,)),
    )


def test_a_value_marked_secret_is_nowhere_in_the_session_or_a_script() -> None:
    made = after(secret_session(), Edit("secret", "c1", 0))
    assert [secret.name for secret in made.secrets] == ["RECORDER_SECRET_NAME"]
    texts = [sessions.dump(made), *(render(workflow(made), t) for t in ("python", "javascript", "curl"))]
    for text in texts:
        for form in (SECRET, 'p\\"w', "p\\u0022w", "w\\\\\\u00fc", "w\\\\\\\\\\u00fc"):
            assert form not in text
    assert sessions.parse(sessions.dump(made)) == made
    assert 'os.environ["RECORDER_SECRET_NAME"]' in texts[1]


@pytest.mark.parametrize(
    "value", ["ok", "gradio", "session", "/greet", "name", "said", "click", "c1", "greet"]
)
def test_a_secret_that_is_a_word_of_ours_breaks_nothing(value: str) -> None:
    session = a_session(a_call(1, value), a_call(2, "b"))
    made = after(session, Edit("secret", "c1", 0))
    assert made.calls[0].inputs[0].value == f"[recorder-secret:{NONCE}:RECORDER_SECRET_NAME]"
    assert [call.endpoint for call in made.calls] == ["/greet", "/greet"]
    assert sessions.parse(sessions.dump(made)) == made
    assert len(workflow(made).steps) == 2


def test_two_secrets_have_names_of_their_own_and_one_may_be_part_of_another() -> None:
    session = a_session(a_call(1, "hunter2"), a_call(2, "hunter2-and-more"))
    made = after(
        session, Edit("secret", "c1", 0), Edit("undo"), Edit("secret", "c2", 0), Edit("secret", "c1", 0)
    )
    assert [secret.name for secret in made.secrets] == ["RECORDER_SECRET_NAME", "RECORDER_SECRET_NAME_2"]
    assert "hunter2" not in sessions.dump(made)


def test_what_is_secret_in_one_app_of_a_page_is_in_the_others_too() -> None:
    session, other = secret_session(), a_session(a_call(7, f"see {SECRET}"))
    wish = resolved(session, Edit("secret", "c1", 0), NONCE)
    _, (changed,) = edited_together(session, [other], [wish])
    assert SECRET not in changed.calls[0].inputs[0].value
    assert [secret.name for secret in changed.secrets] == ["RECORDER_SECRET_NAME"]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Edit("delete", "c9"), "no call 'c9'"),
        (Edit("rename", "c1", 4, "x"), "no input 4"),
        (Edit("secret", "c1", -1), "no input -1"),
        (Edit("secret", "c2", 0), "Only a text"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_in_a_sentence(wish: Edit, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        resolved(a_session(a_call(1, "a"), a_call(2, 3)), wish, NONCE)


def test_an_edit_whose_call_is_gone_changes_nothing() -> None:
    wishes = [
        resolved(THREE, Edit(what, "c3", 0, "n"), NONCE)
        for what in ("skip", "keep", "delete", "rename", "secret")
    ]
    left = a_session(a_call(1, "a"))
    assert edited(left, wishes) == left


def test_undoing_more_than_there_is_does_nothing() -> None:
    undo = resolved(THREE, Edit("undo"), NONCE)
    assert standing([undo, undo]) == [] and not undoable([undo])

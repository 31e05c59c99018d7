"""The messages about one call, folded into its answer: as tables, without a network."""

from __future__ import annotations

from typing import Any

import pytest

from recorder.adapters.gradio.stream import unquoted
from recorder.replay.transport import Answer, Reception


def received(*messages: Any, diffs: bool = True) -> Answer:
    reception = Reception(diffs)
    for message in messages:
        assert not reception.over
        reception.feed(message)
    assert reception.over
    return reception.answer


def generating(*data: Any) -> dict[str, Any]:
    return {
        "msg": "process_generating",
        "success": True,
        "output": {"data": list(data), "is_generating": True},
    }


def completed(*data: Any, **more: Any) -> dict[str, Any]:
    return {"msg": "process_completed", "success": True, "output": {"data": list(data), **more}}


def test_a_plain_call_is_its_last_message() -> None:
    answer = received({"msg": "estimation", "rank": 0}, {"msg": "process_starts"}, completed("a", None))
    assert answer == Answer(outputs=["a", None])


def test_values_after_the_first_are_differences() -> None:
    reception = Reception(True)
    reception.feed(generating("a", [1]))
    reception.feed(generating([["append", [], "b"]], [["add", [1], 2]]))
    reception.feed(completed())
    assert (reception.answer.values, reception.answer.outputs) == (2, ["ab", [1, 2]])


def test_older_protocols_send_every_value_whole() -> None:
    answer = received(generating("a"), generating("ab"), completed("abc"), diffs=False)
    assert (answer.values, answer.outputs) == (2, ["abc"])


def test_the_last_message_of_a_stream_is_whole() -> None:
    assert received(generating("a"), completed("abc")).outputs == ["abc"]


def test_an_output_that_appears_in_the_middle_of_a_stream_starts_from_nothing() -> None:
    answer = received(generating("a"), generating([], [["replace", [], "new"]]), completed())
    assert answer.outputs == ["a", "new"]


@pytest.mark.parametrize("bad", [[["append", ["x"], 1]], "text", 3, None, [None], [[]]])
def test_a_difference_that_does_not_fit_leaves_the_value_as_it_was(bad: Any) -> None:
    answer = received(generating("a"), generating(bad), completed("end"))
    assert answer.outputs == ["end"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"msg": "process_completed", "success": False, "output": {"error": "no luck"}}, "no luck"),
        ({"msg": "process_completed", "success": False, "output": {"error": "'no luck'"}}, "no luck"),
        (
            {"msg": "process_completed", "success": False, "output": {"error": None}, "title": "Error"},
            "Error",
        ),
        ({"msg": "process_completed", "success": False, "output": None}, None),
        ({"msg": "unexpected_error", "message": "Session not found"}, "Session not found"),
        ({"msg": "server_stopped"}, "the app stopped"),
    ],
)
def test_a_failure_carries_the_words_of_the_app(message: dict[str, Any], error: str | None) -> None:
    assert received(message) == Answer(status="failed", error=error)


def test_after_a_cancel_no_end_counts() -> None:
    for last in (
        completed(),
        {"msg": "process_completed", "success": False, "output": {"error": "cancelled"}},
    ):
        reception = Reception(True)
        reception.feed(generating("a"))
        reception.cancelled()
        reception.feed(last)
        assert (reception.over, reception.answer.status) == (True, "cancelled")


@pytest.mark.parametrize(
    "output", [None, 3, "x", [], {}, {"data": None}, {"data": "text"}, {"render_config": 4}]
)
def test_whatever_the_app_sends_is_an_answer(output: Any) -> None:
    answer = received(
        {"msg": "process_generating", "output": output},
        {"msg": None},
        {"msg": ["process_completed"]},
        {},
        {"msg": "process_completed", "output": output},
    )
    assert (answer.status, answer.outputs, answer.renders) == ("ok", None, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("'it'", "it"), ('"it"', "it"), ("it's'", "it's'"), ("'", "'"), ("", ""), (None, None)],
)
def test_the_quotes_of_4_x_are_taken_off(text: str | None, expected: str | None) -> None:
    assert unquoted(text) == expected

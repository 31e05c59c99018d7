"""Gradio's wire format: what the app's own diff writer writes is read back to the same value."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.adapters.gradio.wire import Messages, apply_diff, is_file_data, update_value
from recorder.inline import inline

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, width=16)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def diff(old: Any, new: Any, path: tuple[Any, ...] = ()) -> list[Any]:
    """What an app sends in place of ``new`` when the page already has ``old``: edits, to be applied in order."""
    if type(old) is not type(new):
        return [["replace", list(path), new]]
    if isinstance(old, str) and new != old and new.startswith(old):
        return [["append", list(path), new[len(old) :]]]
    if isinstance(old, list):
        both = min(len(old), len(new))
        edits = [edit for i in range(both) for edit in diff(old[i], new[i], (*path, i))]
        # Each deletion moves what follows, so that the same place is deleted again.
        edits += [["delete", [*path, both], None] for _ in old[both:]]
        edits += [["add", [*path, i], new[i]] for i in range(both, len(new))]
        return edits
    if isinstance(old, dict):
        edits = [edit for key in old if key in new for edit in diff(old[key], new[key], (*path, key))]
        edits += [["delete", [*path, key], None] for key in old if key not in new]
        edits += [["add", [*path, key], new[key]] for key in new if key not in old]
        return edits
    return [] if old == new else [["replace", list(path), new]]


@given(JSON, JSON)
def test_a_diff_read_gives_the_value_that_was_written(old: Any, new: Any) -> None:
    before = json.dumps(old)
    assert apply_diff(old, diff(old, new)) == new
    assert json.dumps(old) == before, "earlier values of a stream are kept, and must not change"


@given(JSON, JSON)
def test_a_diff_survives_the_wire(old: Any, new: Any) -> None:
    assert apply_diff(old, json.loads(json.dumps(diff(old, new)))) == new


@pytest.mark.parametrize(
    ("value", "edits"),
    [
        ("text", [["explode", [], 1]]),
        ({"a": 1}, [["replace", ["b", "c"], 1]]),
        ([1], [["delete", [4], None]]),
        (None, [["append", ["a"], "x"]]),
        (3, [["add", [0], 1]]),
        ("text", [["append", []]]),
    ],
)
def test_a_diff_that_does_not_fit_is_an_error_of_a_known_kind(value: Any, edits: list[Any]) -> None:
    with pytest.raises((TypeError, ValueError, LookupError)):
        apply_diff(value, edits)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"path": "/t/a.png", "meta": {"_type": "gradio.FileData"}}, True),
        ({"path": "/t/a.png", "meta": {"_type": "other"}}, False),
        ({"path": "/t/a.png", "url": "x", "orig_name": "a.png"}, False),
        ({"path": None, "meta": {"_type": "gradio.FileData"}}, False),
        ({"meta": {"_type": "gradio.FileData"}}, False),
        (["path"], False),
        (None, False),
    ],
)
def test_file_data_is_known_by_the_mark_that_the_app_gives_it(value: Any, expected: bool) -> None:
    assert is_file_data(value) is expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("text", (True, "text", {})),
        (None, (True, None, {})),
        ({"__type__": "update"}, (False, None, {})),
        ({"__type__": "update", "value": None}, (True, None, {})),
        ({"__type__": "update", "value": 1, "visible": False}, (True, 1, {"visible": False})),
        ({"__type__": "other", "value": 1}, (True, {"__type__": "other", "value": 1}, {})),
    ],
)
def test_an_update_tells_the_value_from_the_other_properties(output: Any, expected: Any) -> None:
    assert update_value(output) == expected


MESSAGES = [
    {"msg": "estimation", "rank": 0},
    {"msg": "process_completed", "output": {"data": ["a\n\nb", "é\u2028"]}},
]


@given(st.lists(st.integers(0, 200), max_size=6).map(sorted), st.sampled_from(["\n", "\r\n"]))
def test_events_are_whole_wherever_the_stream_is_cut(cuts: list[int], newline: str) -> None:
    text = "".join(f"data: {json.dumps(m)}\n\n" for m in MESSAGES).replace("\n", newline)
    for places in (cuts, range(len(text))):
        stream = Messages()
        pieces = zip([0, *places], [*places, len(text)], strict=True)
        assert [m for start, end in pieces for m in stream.feed(text[start:end])] == MESSAGES


def test_an_event_that_never_ends_costs_no_more_for_each_of_its_pieces() -> None:
    stream = Messages()
    for _ in range(200_000):
        assert not list(stream.feed("data: more\n" * 10))
    assert list(stream.feed('\n\ndata: {"a": 1}\n\n')) == [{"a": 1}]


def test_what_is_not_json_is_passed_over() -> None:
    text = 'data: ALIVE\n\nevent: x\n\n: comment\n\ndata: {"a": 1}\n\ndata: {"b"'
    assert list(Messages().feed(text)) == [{"a": 1}]


@pytest.mark.parametrize("type", ["image/jpeg", "audio/webm;codecs=opus", "image/svg+xml"])
def test_a_long_data_url_is_its_bytes(type: str) -> None:
    content = bytes(range(256)) * 5
    found = inline(f"data:{type};base64,{base64.b64encode(content).decode()}")
    assert found is not None
    what, said = found
    assert (what.type, what.size, said) == (type, len(content), content)


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64,AAAA",
        "data:image/png;base64," + "AAA=" * 500,
        "data:image/png;base64," + "!" * 2000,
        "data:text/plain," + "x" * 2000,
        "see data:image/png;base64," + "AAAA" * 500,
        "data:image/png;base64," + "AAAA" * 500 + "AB==",
    ],
)
def test_what_could_not_be_written_again_as_it_was_stays_text(text: str) -> None:
    assert inline(text) is None

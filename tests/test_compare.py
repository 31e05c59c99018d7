"""What counts as the same output, and how what does not is told."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.replay.compare import LIMIT, Difference, Live, Places, compare, compare_output, compare_stream
from recorder.replay.media import Likeness
from recorder.replay.wording import words
from recorder.session import Expectation, File
from recorder.volatile import steady
from recorder.workflow import Output, Rules

PLACES = Places(recorded="http://127.0.0.1:7860", live="http://localhost:9000/app")
HASH, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert compare(value, value) == []


@given(JSON, JSON)
def test_comparing_never_fails_and_its_words_are_printable(a: Any, b: Any) -> None:
    for difference in compare(a, b):
        assert difference.why
        assert difference.why.isprintable()
    assert bool(compare(a, b)) == bool(compare(b, a))


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (1, 1.0),
        (0.0, -0.0),
        (math.nan, math.nan),
        (2**70, 2**70),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": 1, "b": None}, {"a": 1}),
        ([1, [2, {}]], (1, (2, {}))),
        ("see http://127.0.0.1:7860/x", "see http://localhost:9000/app/x"),
        (f"/tmp/gradio/{HASH}/a b.png", f"/var/folders/zz/T/gradio/{OTHER}/a b.png"),
        (f"C:\\Temp\\gradio\\{HASH}\\a.png", f"/tmp/gradio/{OTHER}/a.png"),
        (
            f'<img src="http://127.0.0.1:7860/gradio_api/file=/tmp/gradio/{HASH}/a.png">',
            f'<img src="http://localhost:9000/app/file=/tmp/x/{OTHER}/a.png">',
        ),
        (f"/tmp/gradio/{HASH[:40]}/a.png", f"/tmp/gradio/{OTHER}/a.png"),
        ("/tmp/tmpab12cd_9/out.txt", "/tmp/tmpzzzzzzzz/out.txt"),
        ("/stream/abc123/77/5/playlist.m3u8", "/stream/zz9/1234/5/playlist.m3u8"),
    ],
)
def test_what_differs_from_run_to_run_is_passed_over(recorded: Any, live: Any) -> None:
    assert compare(recorded, live, PLACES) == []


@pytest.mark.parametrize(
    ("recorded", "live", "path", "why"),
    [
        (1, 2, "", "was 1, is now 2"),
        (0.3001, 0.3, "", "was 0.3001, is now 0.3"),
        (1, True, "", "was the number 1, is now the truth value true"),
        (1, "1", "", 'was the number 1, is now the text "1"'),
        ("", None, "", 'was the text "", is now nothing'),
        (None, [1, 2], "", "was nothing, is now the list [1, 2]"),
        ({"a": {"b c": [0, 1]}}, {"a": {"b c": [0, 2]}}, 'a["b c"][1]', "was 1, is now 2"),
        ([1, 2, 3], [1], "[1:]", "had 3 items, has now 1 item"),
        ({"a": 1}, {}, "a", "was the number 1, is now nothing"),
        ("a\nb", "a b", "", "a[-\\n-]{+ +}b"),
        (HASH, OTHER, "", f"[-{HASH[:30]} … {HASH[-30:]}-]{{+{OTHER[:30]} … {OTHER[-30:]}+}}"),
        (f"https://github.com/o/r/{HASH}/f", f"https://github.com/o/r/{OTHER}/f", "", None),
        ("http://127.0.0.1:78600/", "http://localhost:9000/app/", "", None),
        ("\x1b[31mred", "blue", "", "[-\\x1b[31mred-]{+blue+}"),
        (File(name="a"), "a", "", 'was file "a", is now the text "a"'),
        ([{"a": 1}], {"a": 1}, "", 'was the list [{"a": 1}], is now the object {"a": 1}'),
    ],
)
def test_all_else_is_told(recorded: Any, live: Any, path: str, why: str | None) -> None:
    found = compare(recorded, live, PLACES)
    assert [difference.path for difference in found] == [path]
    if why is not None:
        assert found[0].why == why


def file(**fields: Any) -> File:
    return File(**{"name": "a.txt", "sha256": HASH, "size": 3, **fields})


@pytest.mark.parametrize(
    ("recorded", "live", "why"),
    [
        (file(), file(name="other.txt", server_path="/x", url="http://x"), ""),
        (file(), file(sha256=OTHER), "the file has other content"),
        (file(), file(sha256=OTHER, size=4), "the file has other content: was 3 bytes, now 4 bytes"),
        (file(), file(sha256="", lost="HTTP 404"), "the file cannot be read: HTTP 404"),
        (file(sha256="", lost="too large"), file(), ""),
        (file(sha256="", lost="too large"), file(size=9), "the file was 3 bytes, is now 9"),
        (file(sha256="", size=None), file(name="b.txt"), 'the file was called "a.txt", is now "b.txt"'),
        (file(sha256="", size=None, name="tmpab12cd_9.png"), file(name="tmpzzzzzzzz.png"), ""),
    ],
)
def test_a_file_is_its_bytes_and_what_is_known_where_they_were_lost(
    recorded: File, live: File, why: str
) -> None:
    assert [difference.why for difference in compare([recorded], [live])] == ([why] if why else [])


@pytest.mark.parametrize(
    ("recorded", "live", "found"),
    [
        (Output(state=True), Live(value=3), []),
        (Output(skipped=True), Live(skipped=True), []),
        (Output(skipped=True), Live(value=3), [("", "was left as it was, is now set")]),
        (Output(value=3), Live(skipped=True), [("", "was set, is now left as it was")]),
        (Output(value=3), Live(value=4), [("", "was 3, is now 4")]),
        (Output(properties={"visible": True}), Live(update={"visible": True}), []),
        (
            Output(properties={"visible": True}),
            Live(update={"visible": False, "label": "x"}),
            [
                ("update.visible", "was true, is now false"),
                ("update.label", 'was nothing, is now the text "x"'),
            ],
        ),
        (
            Output(properties={"visible": True}),
            Live(),
            [("update.visible", "was the truth value true, is now nothing")],
        ),
    ],
)
def test_an_output_is_its_value_and_the_properties_it_changed(
    recorded: Output, live: Live, found: list[tuple[str, str]]
) -> None:
    assert [(d.path, d.why) for d in compare_output(recorded, live)] == found


def test_no_more_is_told_than_a_person_reads() -> None:
    assert len(compare(list(range(1000)), list(range(1, 1001)))) == LIMIT
    long = "word " * 100
    assert len(words(f"{long}one{long}", f"{long}two{long}")) < 120


def test_large_and_hostile_values_are_compared_to_their_end() -> None:
    big = "some words and more " * 500_000
    told = compare(big + "a", big + "b")[0].why
    assert "[-a-]{+b+}" in told and len(told) < 120
    assert steady("/a" * 200_000, "") == "/a" * 200_000
    assert compare("a b " * 20_000, "b c " * 20_000)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert compare([deep], [[deep]]) == [
        Difference(path="", recorded=None, live=None, why="is nested too deeply to be compared")
    ]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("Hello Ann!", "Hello Bob!", "Hello [-Ann-]{+Bob+}!"),
        ("one two three", "one three", "one [-two -]three"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("été", "ete", "[-été-]{+ete+}"),
    ],
)
def test_a_difference_of_words_reads_in_one_line(was: str, now: str, told: str) -> None:
    assert words(was, now) == told


@pytest.mark.parametrize(
    "live",
    [
        "Is it?\nYes",
        ["Is it?\nYes"],
        {"role": "assistant", "content": "\nIs it?\nYes\n", "metadata": {"title": "a thought"}},
        [{"role": "assistant", "content": [{"type": "text", "text": "Is it?\nYes"}]}],
    ],
)
def test_a_chats_answer_is_its_words_whichever_way_they_are_spelled(live: Any) -> None:
    assert compare_output(Output(value="Is it?\nYes", reply=True), Live(value=live)) == []
    assert compare_output(Output(value="Is it?\nNo", reply=True), Live(value=live)) != []
    # An answer of more than words is not held to them.
    assert compare_output(Output(value=None, reply=True), Live(value=live)) == []


# Tables, streams and what a session expects


def table(*rows: list[Any], headers: tuple[str, ...] = ("name", "score")) -> dict[str, Any]:
    return {"headers": list(headers), "data": [list(row) for row in rows]}


def test_a_table_is_told_by_row_and_column() -> None:
    found = compare(table(["ann", 1], ["ben", 2]), table(["ann", 1], ["ben", 3]))
    assert [(d.path, d.why, d.place) for d in found] == [
        ('row 2, column "score"', "was 2, is now 3", ("data", 1, 1))
    ]


def test_a_row_that_came_or_went_does_not_move_the_others() -> None:
    was = table(["ann", 1], ["ben", 2], ["cleo", 3])
    assert [(d.path, d.why) for d in compare(was, table(["ann", 1], ["cleo", 3]))] == [
        ("row 2", 'is gone: ["ben", 2]')
    ]
    assert [(d.path, d.why) for d in compare(table(["ann", 1]), was)] == [
        ("row 2", 'is new: ["ben", 2]'),
        ("row 3", 'is new: ["cleo", 3]'),
    ]


def test_other_columns_are_told_as_such() -> None:
    found = compare(table(["a", 1]), table(["a", 1], headers=("name", "points")))
    assert [d.path for d in found] == ["headers[1]"]


@pytest.mark.parametrize(
    ("recorded", "live", "same"),
    [
        (["a", "ab", "abc"], ["a", "ab", "abc"], True),
        # Asked less often, but in order.
        (["a", "ab", "abc"], ["a", "abc"], True),
        (["a", "abc"], ["a", "ab", "abc"], True),
        (["a", "ab"], ["ab", "a"], False),
        (["a", "b"], ["a", "x", "y"], False),
        ([], ["a"], True),
    ],
)
def test_values_on_the_way_come_in_the_recorded_order(
    recorded: list[str], live: list[str], same: bool
) -> None:
    found = compare_stream(recorded, live)
    assert (found is None) == same
    if found is not None:
        assert found.streamed
    anything = Expectation(call="c", output=0, kind="volatile", streamed=True)
    assert compare_stream(recorded, live, expectations=[anything]) is None


@pytest.mark.parametrize("streamed", [True, False])
def test_what_is_allowed_of_a_value_is_allowed_on_the_way_to_it(streamed: bool) -> None:
    near = Expectation(call="c", output=0, kind="tolerance", tolerance=2, streamed=streamed)
    assert compare_stream([1, 2, 3], [2, 4, 5], expectations=[near]) is None
    assert compare_stream([1, 2, 3], [2, 4, 9], expectations=[near]) is not None


@pytest.mark.parametrize(
    ("fields", "recorded", "fits", "fits_not"),
    [
        ({"kind": "volatile"}, 1, 99, "text"),
        ({"kind": "volatile"}, {"a": 1}, {"b": 2}, [1]),
        ({"kind": "volatile"}, 1, None, True),
        ({"kind": "volatile", "path": ("a", 0)}, {"a": [1], "b": 1}, {"a": [2], "b": 1}, {"a": [2], "b": 2}),
        ({"kind": "tolerance", "tolerance": 0.5}, 3.0, 3.4, 3.6),
        ({"kind": "pattern", "pattern": r"id \d+"}, "id 1", "id 22", "id x"),
        ({"kind": "pattern", "pattern": "("}, "a", "a", "b"),
        ({"kind": "unordered"}, [1, 2, 2], [2, 1, 2], [1, 1, 2]),
        ({"kind": "unordered"}, [{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}], [{"a": 1}, {"b": 3}]),
        (
            {"kind": "pattern", "pattern": "x.", "path": ("*", "id")},
            [{"id": "x1"}],
            [{"id": "x2"}],
            [{"id": "y2"}],
        ),
    ],
)
def test_an_expectation_allows_what_it_says_and_no_more(
    fields: dict[str, Any], recorded: Any, fits: Any, fits_not: Any
) -> None:
    expectation = Expectation(call="c", output=0, **fields)
    assert compare(recorded, recorded, expectations=[expectation]) == []
    assert compare(recorded, fits, expectations=[expectation]) == []
    assert compare(recorded, fits_not, expectations=[expectation])


def test_what_an_unmet_expectation_wanted_is_told() -> None:
    near = Expectation(call="c", output=0, kind="tolerance", tolerance=0.5)
    (found,) = compare(3, 4, expectations=[near])
    assert found.why == "was 3, is now 4, further than 0.5 away"


def test_a_clock_in_seconds_is_no_rounding_error() -> None:
    assert compare(1795589142.3, 1795589146.3)
    assert compare(0.1 + 0.2, 0.3) == []


def test_how_unlike_two_files_may_be_is_asked_of_who_can_see_them() -> None:
    was, now = File(name="a.png", sha256=HASH, size=1), File(name="a.png", sha256=OTHER, size=1)
    unlike = Likeness(kind="image", distance=0.1, why="the picture: other pixels")
    assert compare(was, now, look=lambda a, b: Likeness(kind="image")) == []
    assert [d.why for d in compare(was, now, look=lambda a, b: unlike)] == ["the picture: other pixels"]
    assert [d.why for d in compare(was, now, look=lambda a, b: None)] == ["the file has other content"]
    for tolerance, differs in ((0.2, False), (0.05, True)):
        allowed = Expectation(call="c", output=0, kind="tolerance", tolerance=tolerance)
        assert bool(compare(was, now, expectations=[allowed], look=lambda a, b: unlike)) == differs


PARTS = st.sampled_from(["a", "b", "*", 0, 1, -1])


@given(st.lists(st.lists(PARTS, max_size=3), max_size=8), st.lists(PARTS, max_size=3))
def test_rules_for_a_place_are_those_whose_path_leads_there_in_their_order(
    paths: list[list[str | int]], place: list[str | int]
) -> None:
    expectations = [
        Expectation(call=str(n), output=0, path=tuple(path), kind="volatile") for n, path in enumerate(paths)
    ]
    rules = Rules((e, e.path) for e in expectations)
    for part in place:
        rules = rules.inside(part)

    def leads(path: tuple[str | int, ...]) -> bool:
        return len(path) == len(place) and all(
            one == other or (one == "*" and isinstance(other, int))
            for one, other in zip(path, place, strict=True)
        )

    assert list(rules.here) == [e for e in expectations if leads(e.path)]

"""Server-sent events, wherever the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.adapters.http.fold import sse_data
from recorder.sse import Event, Stream, events

TEXT = (
    "\ufeffevent: a\ndata: 1\nid: 7\n\n: a comment\ndata\n\nevent:b\rdata:two\rdata: lines\r\rid\ndata: x\u2028y\n\n"
    "event: nothing\n\nretry: 3\r\ndata:  two blanks\r\n\r\n"
)
FOUND = [
    Event("a", "7", "1"),
    Event("message", "7", ""),
    Event("b", "7", "two\nlines"),
    Event("message", "", "x\u2028y"),
    Event("message", "", " two blanks"),
]


@given(st.lists(st.integers(0, len(TEXT)), max_size=8).map(sorted))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    stream = Stream()
    pieces = zip([0, *cuts], [*cuts, len(TEXT)], strict=True)
    assert [event for start, end in pieces for event in stream.feed(TEXT[start:end])] == FOUND


def test_an_event_is_there_as_soon_as_its_empty_line_is() -> None:
    stream = Stream()
    assert stream.feed("data: 1\r") == []
    assert stream.feed("\r") == [Event("message", "", "1")]
    assert stream.feed("\ndata: 2\n") == []
    assert stream.feed("\n") == [Event("message", "", "2")]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_an_event_beyond_the_limit_is_left_out_and_the_next_is_read(size: int) -> None:
    text = "data: 1\n\ndata: " + "x" * 100 + "\n\ndata: " + "y\ndata: " * 30 + "\n\nevent: a\ndata: 2\n\n"
    stream = Stream(limit=50)
    found = [event for at in range(0, len(text), size) for event in stream.feed(text[at : at + size])]
    assert found == [Event("message", "", "1"), Event("a", "", "2")]


def test_an_event_is_read_that_a_text_ends_before_it_does() -> None:
    assert events("data: 1\n\ndata: 2") == [Event("message", "", "1"), Event("message", "", "2")]


def test_data_with_a_line_separator_of_unicode_is_one_line() -> None:
    assert sse_data('data: {"text": "a\u2028b\x85c"}\n\nevent: end\ndata: bye\n\n') == [
        {"text": "a\u2028b\x85c"},
        {"event": "end", "data": "bye"},
    ]

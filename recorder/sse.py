"""Server-sent events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

import re
from typing import NamedTuple

LIMIT = 256 * 1024 * 1024
"""Characters of one event, beyond which it is left out."""

_LINE_END = re.compile(r"\r\n|\n|\r")


class Event(NamedTuple):
    """One event. ``id`` is the latest that the stream gave."""

    type: str
    id: str
    data: str


class Stream:
    """A stream of events in chunks that are cut anywhere.

    Args:
        limit: characters of one event, beyond which it is left out.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._rest: list[str] = []
        """The pieces of the line that has not ended."""
        self._size = 0
        """Characters of the event that has not ended."""
        self._has_begun = False
        self._has_returned = False
        self._type = ""
        self._id = ""
        self._data: list[str] = []

    def feed(self, text: str) -> list[Event]:
        """The events that end in ``text``."""
        if not text:
            return []
        if not self._has_begun:
            text, self._has_begun = text.removeprefix("\ufeff"), True
        if self._has_returned:
            # The second half of a line end.
            text = text.removeprefix("\n")
        self._has_returned = text.endswith("\r")
        first, *lines = _LINE_END.split(text)
        self._take(first)
        found: list[Event] = []
        for line in lines:
            if (event := self._end_line()) is not None:
                found.append(event)
            self._take(line)
        return found

    def _take(self, piece: str) -> None:
        """A piece of a line, which has no line end in it."""
        if piece:
            self._size += len(piece)
            # One piece is always kept, by which a line that is too long differs from an empty one.
            if self._size <= self._limit or not self._rest:
                self._rest.append(piece)

    def _end_line(self) -> Event | None:
        """The event that ends with this line, if one does."""
        if self._rest:
            line, self._rest = "".join(self._rest), []
            if self._size <= self._limit:
                self._field(line)
            return None
        event = Event(self._type or "message", self._id, "\n".join(self._data)) if self._data else None
        is_kept = self._size <= self._limit
        self._type, self._data, self._size = "", [], 0
        return event if is_kept else None

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value


def events(text: str) -> list[Event]:
    """The events of a text, also one that the text ends before it does."""
    return Stream().feed(text + "\n\n")

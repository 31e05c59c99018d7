"""What came out against what was recorded: a list of differences, empty where a person would call them the same.

Two runs of one app never agree to the letter: addresses, temporary folders and the names of cached files differ, and
are passed over, as is what is lost when a fraction is written anew. All else is compared exactly, but for what the
session's expectations allow.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from recorder.adapters.gradio.wire import spoken
from recorder.replay.media import Likeness
from recorder.replay.wording import brief, count, kind, named, words
from recorder.session import Expectation, File, Place
from recorder.show import spelled as in_words
from recorder.show import visible
from recorder.volatile import steady
from recorder.workflow import Output, Rules, rules_of

LIMIT = 20
"""At most so many differences of one output are told."""

MOST_UNORDERED = 500
"""Beyond so many items that are not exactly equal, a list is compared in order."""

UPDATE = "$update"
"""Begins the place of a property of the control, which is beside the value and not inside it."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the live output is not as recorded.

    ``path`` leads there from the output's value (``[0].content``; empty for the value itself; ``update.choices``
    for a property of the control; ``row 2, column "price"`` in a table), ``place`` does so exactly. ``streamed``:
    it is about the values before the last one, and ``recorded`` and ``live`` are lists of these. ``recorded`` and
    ``live`` are the values at that place, None where there is nothing. ``why`` says it in words, and holds no
    control characters.
    """

    path: str
    recorded: Any
    live: Any
    why: str
    place: Place = ()
    streamed: bool = False


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """One output as the app gave it this time, in the session's terms: files are :class:`File` leaves, with
    ``sha256`` and ``size`` where their bytes could be read. The members are those of
    :class:`recorder.session.Value`."""

    value: Any = None
    skipped: bool = False
    update: dict[str, Any] | None = None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that stand for the app itself, without a final slash: when it was recorded, and now."""

    recorded: str = ""
    live: str = ""


NOWHERE = Places()

Look = Callable[[File, File], Likeness | None]
"""How unlike a recorded and a live file are; None where only their bytes can say."""


def compare_output(
    recorded: Output, live: Live, places: Places = NOWHERE, look: Look | None = None
) -> list[Difference]:
    """The differences of one output. State is never compared, for it does not travel."""
    if recorded.state:
        return []
    rules = rules_of(recorded)
    if recorded.skipped != live.skipped:
        if any(e.kind == "volatile" for e in rules.here):
            return []
        was, now = (None, live.value) if recorded.skipped else (recorded.value, None)
        why = "was left as it was, is now set" if recorded.skipped else "was set, is now left as it was"
        return [Difference(path="", recorded=was, live=now, why=why)]
    if recorded.reply:
        if recorded.value is None:
            return []
        return _bounded(_Walk(places, None).differences(recorded.value, spoken(live.value), (), rules))
    walk = _Walk(places, look)
    found = [] if recorded.skipped else _bounded(walk.differences(recorded.value, live.value, (), rules))
    properties = recorded.properties or {}, live.update or {}
    found += _bounded(walk.differences(*properties, (UPDATE,), rules.inside(UPDATE)))
    return found[:LIMIT]


def compare(
    recorded: Any,
    live: Any,
    places: Places = NOWHERE,
    expectations: Sequence[Expectation] = (),
    look: Look | None = None,
) -> list[Difference]:
    """The differences between two values, :data:`LIMIT` at most.

    Numbers are equal where they are the same number, whether written as int or float, and fractions within a
    millionth; a member that is null is the same as one that is absent; a file is its bytes, or looks and sounds the
    same, and its name and size only where bytes were lost.
    """
    rules = Rules((e, e.path) for e in expectations)
    return _bounded(_Walk(places, look).differences(recorded, live, (), rules))


def compare_stream(
    recorded: Sequence[Any],
    live: Sequence[Any],
    places: Places = NOWHERE,
    expectations: Sequence[Expectation] = (),
) -> Difference | None:
    """The first difference between the values of one output on the way to the last.

    They must be the same ones in the same order, but an app may have been asked more or less often: where one side
    has fewer, it must be found in the other in order. Files on the way are not compared. What is allowed of the last
    value is allowed on the way to it as well.
    """
    if any(e.kind == "volatile" and not e.path for e in expectations):
        return None
    rules = Rules((e, e.path) for e in expectations)
    walk = _Walk(places, None, files=False)

    def first(was: Any, now: Any) -> Difference | None:
        return next(iter(_bounded(islice(walk.differences(was, now, (), rules), 1))), None)

    both = list(recorded), list(live)
    if len(recorded) == len(live):
        for number, (was, now) in enumerate(zip(recorded, live, strict=True), 1):
            if (found := first(was, now)) is not None:
                where = f"value {number} of {len(recorded)} on the way"
                path = f"{where}, {found.path}" if found.path else where
                return Difference(path=path, recorded=both[0], live=both[1], why=found.why, streamed=True)
        return None
    fewer, more = (recorded, live) if len(recorded) < len(live) else (live, recorded)
    rest = iter(more)
    if all(any(first(was, now) is None for now in rest) for was in fewer):
        return None
    why = f"{count(len(recorded), 'value')} came on the way, now {len(live)}, and not in the same order"
    return Difference(path="", recorded=both[0], live=both[1], why=why, streamed=True)


def _bounded(found: Iterator[Difference]) -> list[Difference]:
    try:
        return list(islice(found, LIMIT))
    except RecursionError:
        return [Difference(path="", recorded=None, live=None, why="is nested too deeply to be compared")]


class _Walk:
    """Two values, side by side."""

    def __init__(self, places: Places, look: Look | None, files: bool = True) -> None:
        self._places = places
        self._look = look
        self._files = files

    def differences(self, recorded: Any, live: Any, place: Place, rules: Rules) -> Iterator[Difference]:
        here = rules.here
        if any(self._allowed(e, recorded, live) for e in here):
            return
        if isinstance(recorded, File) and isinstance(live, File):
            why = self._file(recorded, live) if self._files else ""
        elif isinstance(recorded, dict) and isinstance(live, dict):
            if _is_table(recorded) and _is_table(live) and recorded["headers"] == live["headers"]:
                yield from self._rows(recorded, live, place, rules.inside("data"))
                recorded, live = _without_rows(recorded), _without_rows(live)
            for key in [*recorded, *(key for key in live if key not in recorded)]:
                yield from self.differences(
                    recorded.get(key), live.get(key), (*place, key), rules.inside(key)
                )
            return
        elif isinstance(recorded, list | tuple) and isinstance(live, list | tuple):
            unordered = any(e.kind == "unordered" for e in here)
            if unordered and (left := self._unordered(recorded, live, place, rules)) is not None:
                recorded, live = left
                if not recorded and not live:
                    return
                why = f"of {count(len(recorded) + len(live))} in another order, these have no match"
                yield Difference(
                    path=spelled(place), recorded=recorded or None, live=live or None, why=why, place=place
                )
                return
            yield from self._lists(list(recorded), list(live), place, rules)
            return
        else:
            why = self._leaf(recorded, live)
        if why:
            unmet = next((_unmet(e, recorded, live) for e in here), "")
            yield Difference(
                path=spelled(place), recorded=recorded, live=live, why=f"{why}{unmet}", place=place
            )

    def _allowed(self, expectation: Expectation, recorded: Any, live: Any) -> bool:
        match expectation.kind:
            case "volatile":
                return recorded is None or live is None or kind(recorded) == kind(live)
            case "tolerance":
                if isinstance(recorded, File) and isinstance(live, File):
                    found = self._look(recorded, live) if self._look is not None else None
                    return found is not None and found.distance <= (expectation.tolerance or 0)
                numbers = _is_number(recorded) and _is_number(live)
                return numbers and abs(recorded - live) <= (expectation.tolerance or 0)
            case "pattern":
                return isinstance(live, str) and _matches(expectation.pattern, live)
        return False

    def _lists(
        self, recorded: list[Any], live: list[Any], place: Place, rules: Rules
    ) -> Iterator[Difference]:
        for i, (was, now) in enumerate(zip(recorded, live, strict=False)):
            yield from self.differences(was, now, (*place, i), rules.inside(i))
        both = min(len(recorded), len(live))
        if len(recorded) != len(live):
            rest = (recorded[both:] or None, live[both:] or None)
            why = f"had {count(len(recorded))}, has now {count(len(live))}"
            path = f"{spelled(place)}[{both}:]"
            yield Difference(path=path, recorded=rest[0], live=rest[1], why=why, place=place)

    def _rows(
        self, recorded: dict[str, Any], live: dict[str, Any], place: Place, rules: Rules
    ) -> Iterator[Difference]:
        """The cells of two tables with the same columns; rows that came or went are found by their neighbours."""
        was, now = recorded["data"], live["data"]
        pairs: list[tuple[int | None, int | None]] = [(i, i) for i in range(len(was))]
        here = rules.here
        if any(e.kind in ("unordered", "volatile") for e in here):
            yield from self.differences(was, now, (*place, "data"), rules)
            return
        if len(was) != len(now):
            keys = [
                [self._steady_text(row, live) for row in rows] for rows, live in ((was, False), (now, True))
            ]
            pairs = []
            for tag, i, j, k, m in difflib.SequenceMatcher(
                None, keys[0], keys[1], autojunk=False
            ).get_opcodes():
                paired = min(j - i, m - k) if tag in ("equal", "replace") else 0
                pairs += [(i + n, k + n) for n in range(paired)]
                pairs += [(n, None) for n in range(i + paired, j)] + [(None, n) for n in range(k + paired, m)]
        for one, other in pairs:
            if one is None and other is not None:
                yield _row((*place, "data"), other, None, now[other], "is new")
            elif other is None and one is not None:
                yield _row((*place, "data"), one, was[one], None, "is gone")
            elif one is not None and other is not None:
                within = rules.inside(one)
                for found in self.differences(was[one], now[other], (*place, "data", one), within):
                    column = found.place[-1] if len(found.place) > len(place) + 2 else None
                    headers = recorded["headers"]
                    if isinstance(column, int) and column < len(headers):
                        path = f"{spelled(place)}{' ' if place else ''}row {one + 1}, column {brief(headers[column])}"
                        found = msgspec.structs.replace(found, path=path)
                    yield found

    def _unordered(
        self, recorded: Sequence[Any], live: Sequence[Any], place: Place, rules: Rules
    ) -> tuple[list[Any], list[Any]] | None:
        """What of two lists has no match in the other, whatever the order; None where they are too long to say."""
        left: dict[str, list[Any]] = {}
        for item in live:
            left.setdefault(self._steady_text(item, True), []).append(item)
        unmatched = []
        for item in recorded:
            same = left.get(self._steady_text(item, False))
            if same:
                same.pop()
            else:
                unmatched.append(item)
        rest = [item for items in left.values() for item in items]
        if max(len(unmatched), len(rest)) > MOST_UNORDERED:
            return None
        within = rules.inside(-1)
        missing = []
        for was in unmatched:
            found = next(
                (i for i, now in enumerate(rest) if not any(self.differences(was, now, (), within))), None
            )
            if found is None:
                missing.append(was)
            else:
                del rest[found]
        return missing, rest

    def _steady_text(self, value: Any, live: bool) -> str:
        def leaf(file: Any) -> Any:
            return {"$file": file.sha256 or file.name} if isinstance(file, File) else repr(file)

        place = self._places.live if live else self._places.recorded
        return steady(json.dumps(value, sort_keys=True, default=leaf), place)

    def _leaf(self, recorded: Any, live: Any) -> str:
        """Why two values of which at least one is neither list nor object are not the same; empty if they are."""
        if isinstance(recorded, str) and isinstance(live, str):
            if recorded == live:
                return ""
            was, now = steady(recorded, self._places.recorded), steady(live, self._places.live)
            return "" if was == now else words(was, now)
        if kind(recorded) != kind(live):
            return f"was {named(recorded)}, is now {named(live)}"
        if recorded == live or (isinstance(recorded, float) and math.isnan(recorded) and math.isnan(live)):
            return ""
        if _is_fraction(recorded) or _is_fraction(live):
            # What writing and reading it anew may change; a clock in seconds is not such a number.
            if math.isclose(recorded, live, rel_tol=1e-6, abs_tol=1e-12) and abs(recorded - live) < 0.1:
                return ""
        return f"was {brief(recorded)}, is now {brief(live)}"

    def _file(self, recorded: File, live: File) -> str:
        if recorded.sha256 and live.sha256:
            if recorded.sha256 == live.sha256:
                return ""
            found = self._look(recorded, live) if self._look is not None else None
            if found is not None:
                return found.why if found.distance else ""
            was, now = f"{recorded.size} bytes", f"{live.size} bytes"
            content = "the file has other content"
            return content if was == now else f"{content}: was {was}, now {now}"
        if recorded.sha256 and live.lost:
            return f"the file cannot be read: {visible(live.lost, 200)}"
        if None not in (recorded.size, live.size) and recorded.size != live.size:
            return f"the file was {recorded.size} bytes, is now {live.size}"
        was, now = steady(recorded.name, ""), steady(live.name, "")
        return "" if was == now else f"the file was called {brief(was)}, is now {brief(now)}"


def _unmet(expectation: Expectation, recorded: Any, live: Any) -> str:
    """What an expectation that was not met wanted."""
    match expectation.kind:
        case "tolerance":
            if _is_number(recorded) and _is_number(live):
                return f", further than {expectation.tolerance:g} away"
            return f", more than {expectation.tolerance:g} of 1 unlike"
        case "pattern":
            return f", which does not fit {brief(expectation.pattern)}"
    return ""


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _is_table(value: dict[Any, Any]) -> bool:
    """As Gradio writes a dataframe."""
    headers, data = value.get("headers"), value.get("data")
    return (
        isinstance(headers, list)
        and isinstance(data, list)
        and all(isinstance(row, list) and len(row) == len(headers) for row in data)
    )


def _without_rows(table: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in table.items() if key != "data"}


def _row(place: Place, number: int, was: Any, now: Any, what: str) -> Difference:
    told = brief(was if was is not None else now)
    path = f"{spelled(place[:-1])}{' ' if place[:-1] else ''}row {number + 1}"
    return Difference(path=path, recorded=was, live=now, why=f"{what}: {told}", place=place)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) and not value.is_integer()


def spelled(place: Place) -> str:
    """A place as a person reads it; what begins a property of the control is ``update``."""
    return in_words(("update", *place[1:]) if place[:1] == (UPDATE,) else place)

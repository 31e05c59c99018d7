"""What came out against what was recorded: a list of differences, empty where a person would call them the same.

Two runs of one app never agree to the letter: addresses, temporary folders and the names of cached files differ, and
are passed over. All else is compared exactly.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from recorder.adapters.gradio.wire import spoken
from recorder.session import File
from recorder.show import visible
from recorder.volatile import steady
from recorder.workflow import Output

LIMIT = 20
"""At most so many differences of one output are told."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the live output is not as recorded.

    ``path`` leads there from the output's value (``[0].content``; empty for the value itself; ``update.choices`` for a
    property of the control). ``recorded`` and ``live`` are the values at that place, None where there is nothing.
    ``why`` says it in words, and holds no control characters.
    """

    path: str
    recorded: Any
    live: Any
    why: str


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """One output as the app gave it this time, in the session's terms: files are :class:`File` leaves, with ``sha256``
    and ``size`` where their bytes could be read. The members are those of :class:`recorder.session.Value`."""

    value: Any = None
    skipped: bool = False
    update: dict[str, Any] | None = None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that stand for the app itself, without a final slash: when it was recorded, and now."""

    recorded: str = ""
    live: str = ""


NOWHERE = Places()


def compare_output(recorded: Output, live: Live, places: Places = NOWHERE) -> list[Difference]:
    """The differences of one output. State is never compared, for it does not travel."""
    if recorded.state:
        return []
    if recorded.skipped != live.skipped:
        was, now = (None, live.value) if recorded.skipped else (recorded.value, None)
        why = "was left as it was, is now set" if recorded.skipped else "was set, is now left as it was"
        return [Difference(path="", recorded=was, live=now, why=why)]
    if recorded.reply:
        return [] if recorded.value is None else compare(recorded.value, spoken(live.value), places)
    found = [] if recorded.skipped else compare(recorded.value, live.value, places)
    found += _bounded(_differences(recorded.properties or {}, live.update or {}, "update", places))
    return found[:LIMIT]


def compare(recorded: Any, live: Any, places: Places = NOWHERE) -> list[Difference]:
    """The differences between two values, :data:`LIMIT` at most.

    Numbers are equal where they are the same number, whether written as int or float; a member that is null is the
    same as one that is absent; a file is its bytes, and its name and size only where bytes were lost.
    """
    return _bounded(_differences(recorded, live, "", places))


def _bounded(found: Iterator[Difference]) -> list[Difference]:
    try:
        return list(islice(found, LIMIT))
    except RecursionError:
        return [Difference(path="", recorded=None, live=None, why="is nested too deeply to be compared")]


def _differences(recorded: Any, live: Any, path: str, places: Places) -> Iterator[Difference]:
    if isinstance(recorded, File) and isinstance(live, File):
        why = _file(recorded, live)
    elif isinstance(recorded, dict) and isinstance(live, dict):
        for key in [*recorded, *(key for key in live if key not in recorded)]:
            yield from _differences(recorded.get(key), live.get(key), path + _member(key), places)
        return
    elif isinstance(recorded, list | tuple) and isinstance(live, list | tuple):
        yield from _lists(list(recorded), list(live), path, places)
        return
    else:
        why = _leaf(recorded, live, places)
    if why:
        yield Difference(path=path.lstrip("."), recorded=recorded, live=live, why=why)


def _lists(recorded: list[Any], live: list[Any], path: str, places: Places) -> Iterator[Difference]:
    for i, (was, now) in enumerate(zip(recorded, live, strict=False)):
        yield from _differences(was, now, f"{path}[{i}]", places)
    both = min(len(recorded), len(live))
    if len(recorded) != len(live):
        rest = (recorded[both:] or None, live[both:] or None)
        why = f"had {_count(len(recorded))}, has now {_count(len(live))}"
        yield Difference(path=f"{path}[{both}:]".lstrip("."), recorded=rest[0], live=rest[1], why=why)


def _leaf(recorded: Any, live: Any, places: Places) -> str:
    """Why two values of which at least one is neither list nor object are not the same; empty if they are."""
    if isinstance(recorded, str) and isinstance(live, str):
        if recorded == live:
            return ""
        was, now = steady(recorded, places.recorded), steady(live, places.live)
        return "" if was == now else words(was, now)
    if _kind(recorded) != _kind(live):
        return f"was {_named(recorded)}, is now {_named(live)}"
    if recorded == live or (isinstance(recorded, float) and math.isnan(recorded) and math.isnan(live)):
        return ""
    return f"was {brief(recorded)}, is now {brief(live)}"


def _file(recorded: File, live: File) -> str:
    if recorded.sha256 and live.sha256:
        if recorded.sha256 == live.sha256:
            return ""
        was, now = f"{recorded.size} bytes", f"{live.size} bytes"
        return (
            "the file has other content"
            if was == now
            else f"the file has other content: was {was}, now {now}"
        )
    if recorded.sha256 and live.lost:
        return f"the file cannot be read: {visible(live.lost, 200)}"
    if None not in (recorded.size, live.size) and recorded.size != live.size:
        return f"the file was {recorded.size} bytes, is now {live.size}"
    was, now = steady(recorded.name, ""), steady(live.name, "")
    return "" if was == now else f"the file was called {brief(was)}, is now {brief(now)}"


MOST_TEXT = 200_000
MOST_WORDS = 1500
"""Beyond these, in characters and in changed words, a difference of words costs more than it tells."""


def words(recorded: str, live: str) -> str:
    """What of a text changed, in one readable line: ``Hello, [-Ann-]{+Bob+}!``; long stretches are cut with ``…``."""
    if len(recorded) + len(live) > MOST_TEXT:
        at = max(_common(recorded, live) - 40, 0)
        recorded, live = recorded[at : at + 400], live[at : at + 400]
    was, now = _words(recorded), _words(live)
    start = _common(was, now)
    was, now, before = was[start:], now[start:], was[:start]
    end = _common(was[::-1], now[::-1])
    after = was[len(was) - end :]
    was, now = was[: len(was) - end], now[: len(now) - end]
    pieces = [_cut("".join(before), -1)]
    if len(was) + len(now) > MOST_WORDS:
        pieces += _changed("".join(was), "".join(now))
    else:
        matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag == "equal":
                pieces.append(_cut("".join(was[i:j]), 0))
            else:
                pieces += _changed("".join(was[i:j]), "".join(now[k:m]))
    pieces.append(_cut("".join(after), 1))
    return visible("".join(pieces), 400)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _changed(was: str, now: str) -> list[str]:
    return [f"[-{_cut(was, 0)}-]" if was else "", f"{{+{_cut(now, 0)}+}}" if now else ""]


def _cut(text: str, side: int, most: int = 60) -> str:
    """``text`` shortened at its start (-1), in the middle (0) or at its end (1)."""
    if len(text) <= most:
        return text
    if side < 0:
        return "…" + text[-most // 2 :]
    if side > 0:
        return text[: most // 2] + "…"
    return text[: most // 2] + " … " + text[-most // 2 :]


def brief(value: Any, width: int = 80) -> str:
    """A value in a few words, safe to print."""
    if isinstance(value, File):
        return visible(f"file {json.dumps(value.name, ensure_ascii=False)}", width)
    if isinstance(value, str):
        return visible(json.dumps(value[: width + 1], ensure_ascii=False), width)
    if isinstance(value, list | tuple):
        return f"[{_count(len(value))}]" if len(value) > 3 else visible(_spelled(value), width)
    if isinstance(value, dict):
        return f"{{{_count(len(value), 'member')}}}" if len(value) > 3 else visible(_spelled(value), width)
    return visible(json.dumps(value), width)


def _spelled(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=lambda leaf: f"file {leaf.name}")
    except (RecursionError, ValueError):
        return "…"


def _named(value: Any) -> str:
    return f"{_kind(value)} {brief(value)}".lstrip() if value is not None else "nothing"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "the truth value"
    if isinstance(value, int | float):
        return "the number"
    if isinstance(value, str):
        return "the text"
    if isinstance(value, File):
        return ""
    return "the list" if isinstance(value, list | tuple) else "the object"


def _member(key: str) -> str:
    return f".{key}" if key.isidentifier() and len(key) <= 80 else f"[{brief(key)}]"


def _count(number: int, noun: str = "item") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

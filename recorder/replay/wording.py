"""Differences in words: what of a text changed, and any value in a few words, safe to print."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from recorder.session import File
from recorder.show import visible

MOST_TEXT = 200_000
MOST_WORDS = 1500
"""Beyond these, in characters and in changed words, a difference of words costs more than it tells."""


def words(recorded: str, live: str) -> str:
    """What of a text changed, in one readable line: ``Hello, [-Ann-]{+Bob+}!``; long stretches are cut with ``…``."""
    pieces = changes(recorded, live)
    told = []
    for number, (tag, text) in enumerate(pieces):
        if tag == "same":
            side = -1 if number == 0 else 1 if number == len(pieces) - 1 else 0
            told.append(_cut(text, side))
        else:
            told.append(f"[-{_cut(text, 0)}-]" if tag == "gone" else f"{{+{_cut(text, 0)}+}}")
    return visible("".join(told), 400)


def changes(recorded: str, live: str) -> list[tuple[Literal["same", "gone", "new"], str]]:
    """Two texts as stretches that both have, that only the first and that only the second has."""
    if len(recorded) + len(live) > MOST_TEXT:
        at = max(_common(recorded, live) - 40, 0)
        recorded, live = recorded[at : at + 400], live[at : at + 400]
    was, now = _words(recorded), _words(live)
    start = _common(was, now)
    was, now, before = was[start:], now[start:], was[:start]
    end = _common(was[::-1], now[::-1])
    after = was[len(was) - end :]
    was, now = was[: len(was) - end], now[: len(now) - end]
    pieces: list[tuple[Literal["same", "gone", "new"], str]] = [("same", "".join(before))]
    if len(was) + len(now) > MOST_WORDS:
        pieces += [("gone", "".join(was)), ("new", "".join(now))]
    else:
        matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag == "equal":
                pieces.append(("same", "".join(was[i:j])))
            else:
                pieces += [("gone", "".join(was[i:j])), ("new", "".join(now[k:m]))]
    pieces.append(("same", "".join(after)))
    first, last = pieces[0], pieces[-1]
    # The ends stay, though empty: they are cut on one side only.
    return [first, *((tag, text) for tag, text in pieces[1:-1] if text), last]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


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
        return f"[{count(len(value))}]" if len(value) > 3 else visible(_spelled(value), width)
    if isinstance(value, dict):
        return f"{{{count(len(value), 'member')}}}" if len(value) > 3 else visible(_spelled(value), width)
    return visible(json.dumps(value), width)


def _spelled(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=lambda leaf: f"file {leaf.name}")
    except (RecursionError, ValueError):
        return "…"


def named(value: Any) -> str:
    return f"{kind(value)} {brief(value)}".lstrip() if value is not None else "nothing"


def kind(value: Any) -> str:
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


def count(number: int, noun: str = "item") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

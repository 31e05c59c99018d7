"""What of an answer differs from run to run of any app: what the server makes anew, told by name and shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from recorder.dataflow.texts import rarity, words
from recorder.remembered import remembered
from recorder.request import as_text, key_of, scalars
from recorder.session import Expectation, Place

_MADE = frozenset(
    {
        "id",
        "uuid",
        "guid",
        "token",
        "csrf",
        "etag",
        "nonce",
        "timestamp",
        "created",
        "updated",
        "modified",
        "expire",
        "expires",
    }
    | {
        "duration",
        "elapsed",
        "took",
        "ms",
        "at",
        "time",
        "jti",
        "iat",
        "exp",
        "nbf",
        "secret",
        "session",
        "hash",
        "cursor",
    }
)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?|\d\d:\d\d(:\d\d)?(\.\d+)?|\w{3}, \d\d \w{3} \d{4} .*"
)


_PIECE = re.compile(r"<(?:a|article|button|div|form|input|li|option|section|tr)\b[^<>]*>", re.IGNORECASE)
"""What a text has that is a piece of a page: as of whole pages, its content is not compared."""
_IDENTIFYING = frozenset(
    {"id", "token", "csrf", "nonce", "cursor", "secret", "session", "etag", "hash", "ticket"}
)
"""Words for what a server makes to recognise something by, whatever it looks like."""


def volatile(
    call: str, output: int, value: Any, linked: Set[str], names: Set[str] = frozenset()
) -> tuple[Expectation, ...]:
    """For one output, the places where anything of the same kind is as good.

    Args:
        linked: values, as text, that later calls were given: another run has others.
        names: names under which such values were received.
    """
    keyed = list(_keyed_by_ids(value))
    maps = tuple(
        Expectation(call=call, output=output, kind="volatile", path=path, evidence="its members go by ids")
        for path in keyed
    )
    inside = set(keyed)
    return maps + tuple(
        Expectation(call=call, output=output, kind="volatile", path=path, evidence=why)
        for path, leaf in scalars(value)
        if leaf is not None
        and not isinstance(leaf, bool)
        and not (inside and any(path[:n] in inside for n in range(len(path))))
        and (why := _why(leaf, key_of(path), linked, names))
    )


def _keyed_by_ids(value: Any, path: Place = ()) -> Iterator[Place]:
    """The objects that have an id as the name of a member: another run has other names."""
    if isinstance(value, dict):
        if any(rarity(str(key)) >= 4 for key in value):
            yield path
            return
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _keyed_by_ids(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _keyed_by_ids(item, (*path, number))


@remembered(1 << 14, 100)
def _is_made(key: str) -> bool:
    return bool(words(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key)) & _MADE)


def _why(value: Any, key: str, linked: Set[str], names: Set[str]) -> str:
    text = as_text(value)
    if text in linked and rarity(value) >= 2:
        return "a later call is given it"
    if isinstance(value, str) and key in names and " " not in text:
        return f"a later call is given another value named {key!r}"
    if isinstance(value, str) and len(text) > 3 and " " not in text and words(key) & _IDENTIFYING:
        return f"named {key!r}"
    is_text = isinstance(value, str)
    if is_text and _PIECE.search(text):
        return "a piece of a page"
    if is_text and (_MOMENT.fullmatch(text) or (len(text) >= 16 and rarity(value) == 4)):
        return "a moment, or a text that is made anew"
    return f"named {key!r}" if _is_made(key) and (not is_text or rarity(value) >= 2) else ""

"""What of an answer differs from run to run of any app: what the server makes anew, told by name and shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from recorder.adapters.http.provenance import key_of, strength, words
from recorder.remembered import remembered
from recorder.request import as_text
from recorder.session import Expectation

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


def volatile(call: str, output: int, value: Any, linked: Set[str]) -> tuple[Expectation, ...]:
    """For one output, the places where anything of the same kind is as good.

    Args:
        linked: values, as text, that later calls were given: another run has others.
    """
    return tuple(
        Expectation(call=call, output=output, kind="volatile", path=path, evidence=why)
        for path, why in _places(value, (), linked)
    )


def _places(
    value: Any, path: tuple[str | int, ...], linked: Set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, str(key)), linked)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, (*path, number), linked)
    elif value is not None and not isinstance(value, bool):
        why = _why(value, path, linked)
        if why:
            yield path, why


@remembered(1 << 14, 100)
def _is_made(key: str) -> bool:
    return bool(words(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key)) & _MADE)


def _why(value: Any, path: tuple[str | int, ...], linked: Set[str]) -> str:
    text = as_text(value)
    key = key_of(path)
    if text in linked and strength(value) >= 2:
        return "a later call is given it"
    if isinstance(value, str) and (_MOMENT.fullmatch(text) or strength(value) == 4):
        return "a moment, or a text that is made anew"
    if _is_made(key) and (isinstance(value, int | float) or strength(value) >= 2):
        return f"named {key!r}"
    return ""

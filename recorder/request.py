"""A step of an HTTP app as the request that it is: what every target writes, and what a replay sends."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from recorder.workflow import Expression, Step

Media = Literal["", "json", "form", "multipart", "body"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` are literal texts and expressions in turn, beginning with a text that is relative to the app or has
    scheme and host; each expression becomes one segment, percent-encoded. ``query`` and ``headers`` are pairs in order.

    ``body``: for ``json`` any expression, for ``form`` and ``multipart`` a list of pairs, for ``body`` a text or file.
    """

    method: str
    path: tuple[Expression, ...]
    query: tuple[tuple[str, Expression], ...] = ()
    headers: tuple[tuple[str, Expression], ...] = ()
    media: Media = ""
    body: Any = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether it goes to another server than the app's."""
        return bool(re.match(r"[a-z]+://", str(self.path[0])))


_FIELD = re.compile(r"\{([^{}/]+)\}")


def request(step: Step) -> Request:
    """The request of a step."""
    pieces = _FIELD.split(step.endpoint.path)
    values = {a.name: a.value for a in step.arguments if a.location == "path"}
    path = tuple(values.get(piece, "") if n % 2 else piece for n, piece in enumerate(pieces))
    media: Media = ""
    body: Any = None
    for argument in step.arguments:
        if argument.location == "json":
            media = "json"
            if argument.name:
                body = {**(body or {}), argument.name: argument.value}
            else:
                body = argument.value
        elif argument.location in ("form", "multipart"):
            media = argument.location
            body = [*(body or []), (argument.name, argument.value)]
        elif argument.location == "body":
            media, body = "body", argument.value
    return Request(
        method=step.endpoint.method,
        path=path,
        query=tuple((a.name, a.value) for a in step.arguments if a.location == "query"),
        headers=tuple((a.name, a.value) for a in step.arguments if a.location == "header"),
        media=media,
        body=body,
    )

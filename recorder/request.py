"""A step of an HTTP app as the request that it is: what every target writes, and what a replay sends."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlencode

import msgspec

from recorder.address import parts_of
from recorder.session import File, Place
from recorder.workflow import Expression, Link, Reader, Spelled, Step, Text

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


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
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


def address(asked: Request, root: str, value: Callable[[Expression], Any] = lambda given: given) -> str:
    """Where a request goes: ``root`` is the app's address without a final slash, ``value`` evaluates an expression. A
    list in the query is sent one by one, under the same name."""
    pieces = (quote(as_text(value(p)), safe="") if n % 2 else str(p) for n, p in enumerate(asked.path))
    path = "".join(pieces)
    whole = path if asked.is_elsewhere else root + path
    given = [(name, value(each)) for name, each in asked.query]
    pairs = [(n, as_text(v)) for n, each in given for v in (each if isinstance(each, list) else [each])]
    return f"{whole}?{urlencode(pairs)}" if pairs else whole


def scalars(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each value inside a value that has none inside itself, and where; files are none."""
    items: Iterable[tuple[str | int, Any]]
    if isinstance(value, dict):
        items = ((str(key), item) for key, item in value.items())
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        if not isinstance(value, File):
            yield path, value
        return
    for key, item in items:
        # A generator for each of a million leaves takes longer than all else.
        if isinstance(item, _INSIDE):
            yield from scalars(item, (*path, key))
        else:
            yield (*path, key), item


_INSIDE = (dict, list, File)


def key_of(path: Sequence[str | int]) -> str:
    """The name nearest to what is at a path; empty where there is none on the way."""
    if path and isinstance(path[-1], str):
        return path[-1]
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def as_text(value: Any) -> str:
    """A leaf as it is written in an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return json.dumps(value)


def unbase64(text: str) -> str | None:
    """The readable text that ``text`` is the base64 of, in either alphabet; None if it is none."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        decoded = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.isprintable() and len(decoded) >= 6 else None


def read(reader: Reader, value: Any) -> Any:
    """What a reader finds in a text.

    Raises:
        ValueError, LookupError, TypeError: it is not there.
    """
    text = as_text(value)
    match reader.kind:
        case "json":
            inside = json.loads(text)
            for part in reader.path:
                inside = inside[part]
            return inside
        case "base64":
            decoded = unbase64(text)
            if decoded is None:
                raise ValueError("it is no base64")
            return decoded
        case "query":
            return parse_qs(parts_of(text).query, keep_blank_values=True)[str(reader.path[0])][0]
    before, after = map(str, reader.path)
    end = re.escape(after) if after else r"[/?#]|$"
    found = re.search(re.escape(before) + f"(.*?)(?:{end})", text)
    if found is None:
        raise ValueError(f"there is no {before!r}")
    return found[1]


def follow(link: Link, value: Any) -> Any:
    """What a link leads to inside the output ``value``.

    Raises:
        ValueError, LookupError, TypeError: it is not there.
    """
    for part in link.path:
        value = value[part]
    for reader in link.readers:
        value = read(reader, value)
    return value


def evaluated(expression: Expression, leaf: Callable[[Any], Any]) -> Any:
    """What an expression comes to, given what each of its leaves does; what is made of leaves is made here."""
    match expression:
        case Text():
            return "".join(as_text(evaluated(piece, leaf)) for piece in expression.pieces)
        case Spelled(kind="json"):
            return json.dumps(evaluated(expression.value, leaf), separators=(",", ":"), ensure_ascii=False)
        case Spelled():
            content = as_text(evaluated(expression.value, leaf)).encode()
            if expression.kind == "base64":
                return base64.b64encode(content).decode()
            return base64.urlsafe_b64encode(content).decode().rstrip("=")
        case dict():
            return {key: evaluated(item, leaf) for key, item in expression.items()}
        case list() | tuple():
            return [evaluated(item, leaf) for item in expression]
        case msgspec.Struct():
            return leaf(expression)
    return expression


def value_at(value: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at ``path`` inside a recorded value, or None."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def plain_path(path: str) -> str:
    """A path without doubled slashes, one at the end, and dots, as many servers match it."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)

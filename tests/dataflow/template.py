"""Requests and responses as templates: JSON in which a node stands for a value that each start of the app has anew."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import quote

import msgspec

Node = Any
"""None, bool, int, float, str, list and dict of nodes, or one of the structs below."""


class Ref(msgspec.Struct, frozen=True):
    """The value of a symbol. ``sink``: the kind of place in a request that it is sent at."""

    symbol: str
    sink: str = ""


class Const(msgspec.Struct, frozen=True):
    """A value that is the same in each start. ``decoy`` says why it could be mistaken for a link."""

    value: Any
    decoy: str


class Cat(msgspec.Struct, frozen=True):
    """Text put together of nodes."""

    parts: tuple[Node, ...]


class Fn(msgspec.Struct, frozen=True):
    """A text made of a node: an encoding, an escape, or a digest."""

    kind: Literal[
        "json", "base64", "base64url", "percent", "html", "jwt", "md5", "sha1", "sha256", "sha256url"
    ]
    node: Node


class Keyed(msgspec.Struct, frozen=True):
    """A JSON object whose member names are nodes."""

    members: tuple[tuple[Node, Node], ...]


class Rows(msgspec.Struct, frozen=True):
    """A list; a fresh start of the app has one more item, ``extra``, at the position ``at``. ``joined``: the items are
    texts and the whole is one text."""

    items: tuple[Node, ...]
    extra: Node
    at: int = 0
    joined: bool = False


class Now(msgspec.Struct, frozen=True):
    """The moment at which a request is sent."""

    form: Literal["ms", "s", "iso"]


class _Values(dict[str, Any]):
    """A response that says a value again which it never got has this in its place."""

    def __missing__(self, name: str) -> str:
        return "(unknown)"


class Env:
    """Values of symbols. ``fresh``: of a fresh start, not of the recording; ``now`` in seconds since the epoch."""

    def __init__(self, values: dict[str, Any], fresh: bool, now: float) -> None:
        self.values = _Values(values)
        self.fresh = fresh
        self.now = now


def text_of(value: Any) -> str:
    """A JSON leaf as JavaScript writes it into a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def render(node: Node, env: Env) -> Any:
    """The value of a node."""
    match node:
        case Ref():
            return env.values[node.symbol]
        case Const():
            return node.value
        case Cat():
            return "".join(text_of(render(part, env)) for part in node.parts)
        case Fn():
            return _made(node.kind, render(node.node, env))
        case Keyed():
            return {text_of(render(k, env)): render(v, env) for k, v in node.members}
        case Rows():
            items = list(node.items)
            if env.fresh:
                items.insert(node.at, node.extra)
            rendered = [render(item, env) for item in items]
            return "".join(map(text_of, rendered)) if node.joined else rendered
        case Now():
            return moment(node.form, env.now)
        case dict():
            return {key: render(item, env) for key, item in node.items()}
        case list():
            return [render(item, env) for item in node]
    return node


def moment(form: str, now: float) -> Any:
    """A moment, in seconds since the epoch, as a page writes it."""
    if form == "iso":
        when = datetime.fromtimestamp(now, timezone.utc)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return int(now) if form == "s" else int(now * 1000)


def compact(value: Any) -> str:
    """JSON as ``JSON.stringify`` writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _made(kind: str, value: Any) -> str:
    if kind == "json":
        return compact(value)
    text = text_of(value)
    match kind:
        case "base64":
            return base64.b64encode(text.encode()).decode()
        case "base64url":
            return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        case "percent":
            return quote(text, safe="!'()*~")
        case "sha256url":
            return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        case "html":
            return html.escape(text)
        case "jwt":
            parts = ('{"alg":"HS256","typ":"JWT"}', compact(value))
            signed = ".".join(_made("base64url", part) for part in parts)
            return (
                f"{signed}.{base64.urlsafe_b64encode(hashlib.sha256(signed.encode()).digest()).decode()[:43]}"
            )
    return hashlib.new(kind, text.encode()).hexdigest()


def refs(node: Node) -> Iterator[Ref]:
    """Each reference in a node, in order."""
    match node:
        case Ref():
            yield node
        case Cat():
            for part in node.parts:
                yield from refs(part)
        case Fn():
            yield from refs(node.node)
        case Keyed():
            for key, value in node.members:
                yield from refs(key)
                yield from refs(value)
        case Rows():
            for item in (*node.items, node.extra):
                yield from refs(item)
        case dict():
            for item in node.values():
                yield from refs(item)
        case list() | tuple():
            for item in node:
                yield from refs(item)


def has_now(node: Node) -> bool:
    """Whether the moment of the request is part of a node."""
    match node:
        case Now():
            return True
        case Cat():
            return any(map(has_now, node.parts))
        case Fn():
            return has_now(node.node)
    return False


def html_of(node: Node) -> Node:
    """A node as text of an HTML document or the value of an attribute."""
    return Fn("html", node)


def cat(*parts: Node) -> Cat:
    """Text put together."""
    return Cat(tuple(parts))

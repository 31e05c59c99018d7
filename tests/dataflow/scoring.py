"""Compares what a program sent with what is right, place by place."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from tests.dataflow.requests import Sent
from tests.dataflow.template import (
    Cat,
    Const,
    Env,
    Fn,
    Keyed,
    Node,
    Now,
    Ref,
    Rows,
    has_now,
    refs,
    render,
    text_of,
)
from tests.dataflow.world import Exchange, World

MISSING = "(nothing)"
Origin = Literal["received", "chosen", "typed", "generated", "constant"]


SINKS = {
    "query": "query value",
    "header": "header",
    "form": "form field",
    "json": "JSON leaf",
    "path": "path segment",
}


class Score(msgspec.Struct, kw_only=True):
    """One place of one request. ``computed``: the program sends something there that it received or generated."""

    exchange: int
    place: tuple[Any, ...]
    origin: Origin
    source: str = ""
    sink: str = ""
    symbols: tuple[str, ...] = ()
    want: Any = None
    recorded: Any = None
    got: Any = None
    computed: bool = False
    right: bool = False

    @property
    def is_link(self) -> bool:
        """Whether a program must compute the value."""
        return self.origin in ("received", "chosen", "generated")


class Seen(msgspec.Struct, kw_only=True):
    """What a program sent: as it is, and twice with other texts for all that it computes."""

    real: Sent
    one: Sent
    two: Sent


class Scorer:
    """Scores requests against a world. The values that the program generates are learnt as it sends them."""

    def __init__(self, world: World, env: Env, recorded: Env) -> None:
        self.world = world
        self.env = env
        self.recorded = recorded
        self._frozen: set[str] = set()
        """Symbols of values that the program should have generated and did not."""
        self._unsure: list[tuple[Score, Node]] = []
        """Digests of what the program had not sent yet."""

    def settle(self) -> None:
        """Score what could not be known when it was sent."""
        for score, node in self._unsure:
            score.right, score.want = self._is_right(node, score.got)

    def scores(self, number: int, seen: Seen | None) -> list[Score]:
        """All places of a request; of one that was not made, without ``seen``."""
        exchange = self.world.exchanges[number]
        self.recorded.now = exchange.at / 1000
        found: list[Score] = []
        for place, node, got, computed in _places(exchange, seen, self.env):
            found.append(self._score(number, place, node, got, computed))
        return found

    def _score(self, number: int, place: tuple[Any, ...], node: Node, got: Any, computed: bool) -> Score:
        symbols = [self.world.symbols[ref.symbol] for ref in refs(node)]
        sink = next((ref.sink for ref in refs(node) if ref.sink), SINKS.get(place[0], ""))
        source = next((s.source for s in symbols if s.source), "")
        origins = {s.origin for s in symbols}
        origin: Origin = "constant"
        for each in ("generated", "received", "chosen", "typed"):
            if each in origins:
                origin = each  # type: ignore[assignment]
                break
        if has_now(node):
            origin, source = "generated", "time"
        if isinstance(node, Const):
            source = node.decoy
        if isinstance(node, Fn) and node.kind in ("md5", "sha1", "sha256", "sha256url"):
            # That of typed values alone is right as long as these are as recorded.
            origin, source = "generated" if origins - {"typed"} else "typed", "digest"
        is_early = isinstance(node, Fn) and any(ref.symbol not in self.env.values for ref in refs(node))
        right, want = (False, "a digest of what comes later") if is_early else self._is_right(node, got)
        recorded = render(node, self.recorded)
        score = Score(
            exchange=number, place=place, origin=origin, source=source, sink=sink, want=want, recorded=recorded,
            symbols=tuple(s.name for s in symbols), got=got, computed=computed, right=right,
        )  # fmt: skip
        if is_early:
            self._unsure.append((score, node))
        return score

    def message(self, number: int, nth: int, node: Node, got: list[Any]) -> list[Score]:
        """The places of one message over a WebSocket; ``got`` are its three evaluations, JSON or text."""
        found = _inside(node, got, ("message", nth), self.env)
        return [self._score(number, place, leaf, value, computed) for place, leaf, value, computed in found]

    def cookie(self, number: int, name: str, node: Node, got: str) -> Score:
        """The cookie of a request."""
        return self._score(number, ("cookie", name), _as_text(node), got, False)

    def _is_right(self, node: Node, got: Any) -> tuple[bool, Any]:
        if has_now(node):
            return self._is_now(node, got), "the moment"
        unknown = [ref for ref in refs(node) if ref.symbol not in self.env.values]
        if unknown and not self._learn(node, unknown, got):
            return False, f"a new {self.world.symbols[unknown[0].symbol].form}"
        if any(ref.symbol in self._frozen for ref in refs(node)):
            return False, "what the program should have generated"
        want = render(node, self.env)
        return type(want) is type(got) and want == got, want

    def _is_now(self, node: Node, got: Any) -> bool:
        if not isinstance(node, Now):
            shape = "(.*?)".join(
                re.escape(part) if isinstance(part, str) else "" for part in getattr(node, "parts", ())
            )
            return isinstance(got, str) and got != render(node, self.recorded) and shape is not None
        if node.form == "iso":
            return isinstance(got, str) and got[:16] == str(render(node, self.env))[:16]
        try:
            return abs(float(text_of(got)) - render(node, self.env)) < (60 if node.form == "s" else 60_000)
        except ValueError:
            return False

    def _learn(self, node: Node, unknown: list[Ref], got: Any) -> bool:
        """Takes the value that the program generated out of what it sent, if it is one of the right kind."""
        if len({ref.symbol for ref in unknown}) != 1 or not isinstance(got, str):
            return False
        text: str | None = got
        if isinstance(node, Cat):
            parts = [re.escape(p) if isinstance(p, str) else "(.+)" if p == unknown[0] else re.escape(text_of(render(p, self.env)))
                     for p in node.parts]  # fmt: skip
            match = re.fullmatch("".join(parts), got)
            text = match[1] if match is not None else None
        elif not isinstance(node, Ref):
            return False
        symbol = self.world.symbols[unknown[0].symbol]
        if (
            text is None
            or text == symbol.recorded
            or not _is_of_form(text, symbol.form, str(symbol.recorded))
        ):
            return False
        self.env.values[symbol.name] = text
        return True


def _is_of_form(text: str, form: str, recorded: str) -> bool:
    if form == "uuid":
        try:
            return str(uuid.UUID(text)) == text.lower() and uuid.UUID(text).version == 4
        except ValueError:
            return False
    shapes = {
        "hex": "[0-9a-f]+",
        "base64": "[A-Za-z0-9+/]+=*",
        "base64url": "[A-Za-z0-9_-]+",
        "characters": "[A-Za-z0-9]+",
    }
    return len(text) == len(recorded) and re.fullmatch(shapes[form], text) is not None


Found = tuple[tuple[Any, ...], Node, Any, bool]


def _places(exchange: Exchange, seen: Seen | None, env: Env) -> Iterator[Found]:
    for n, node in enumerate(exchange.path):
        if not isinstance(node, str):
            got = [s.path[n] for s in _all(seen)] if seen is not None else [MISSING] * 3
            yield ("path", n), _as_text(node), got[0], got[1] != got[2]
    counts: dict[str, int] = {}
    for key, node in exchange.query:
        name = text_of(render(key, env))
        nth = counts[name] = counts.get(name, -1) + 1
        yield from _field("query", name, nth, node, [s.query for s in _all(seen)])
    for name, node in exchange.headers:
        got = [s.headers.get(name.lower(), MISSING) for s in _all(seen)] or [MISSING] * 3
        yield ("header", name), _as_text(node), got[0], got[1] != got[2]
    if exchange.body_kind in ("form", "multipart"):
        counts = {}
        bodies = [s.body if s.kind == exchange.body_kind else [] for s in _all(seen)]
        for number, (key, node) in enumerate(exchange.body):
            names = [body[number][0] if number < len(body) else MISSING for body in bodies] or [MISSING] * 3
            if not isinstance(key, str):
                yield (exchange.body_kind, "name", number), key, names[0], names[1] != names[2]
                values = [[(n, v) for n, v in body][number : number + 1] for body in bodies]
                yield from _field(
                    exchange.body_kind,
                    names[0],
                    0,
                    node,
                    [[(names[0], v) for _, v in some] for some in values],
                )
                continue
            nth = counts[key] = counts.get(key, -1) + 1
            yield from _field(exchange.body_kind, key, nth, node, bodies)
    elif exchange.body_kind == "json":
        bodies = [s.body if s.kind == "json" else MISSING for s in _all(seen)] or [MISSING] * 3
        yield from _inside(exchange.body, bodies, ("json",), env)
    elif exchange.body_kind == "text":
        bodies = [s.body if s.kind == "text" else MISSING for s in _all(seen)] or [MISSING] * 3
        yield ("text",), exchange.body, bodies[0], bodies[1] != bodies[2]


def _all(seen: Seen | None) -> tuple[Sent, ...]:
    return () if seen is None else (seen.real, seen.one, seen.two)


def _as_text(node: Node) -> Node:
    """A node at a place that holds text only."""
    if isinstance(node, Now):
        return node
    return Cat((node,)) if not isinstance(node, Cat | Fn | str | Const) else node


def _field(
    where: str, name: str, nth: int, node: Node, pairs: list[list[tuple[str, Any]]]
) -> Iterator[Found]:
    got = []
    for given in pairs:
        values = [value for key, value in given if key == name]
        got.append(values[nth] if nth < len(values) else MISSING)
    got = got or [MISSING] * 3
    place = (where, name, nth) if nth else (where, name)
    if isinstance(node, Fn) and node.kind == "json":
        yield from _inside(node, got, place, None)
        return
    yield place, _texted(node), got[0], got[1] != got[2]


def _texted(node: Node) -> Node:
    if isinstance(node, Const) and not isinstance(node.value, str):
        return Const(text_of(node.value), node.decoy)
    if isinstance(node, int | float | bool):
        return text_of(node)
    return _as_text(node)


def _inside(node: Node, got: list[Any], place: tuple[Any, ...], env: Env | None) -> Iterator[Found]:
    """The leaves of a JSON value, which three evaluations hold in the same order."""
    if isinstance(node, Fn) and node.kind == "json" and isinstance(node.node, dict | list | Keyed):
        yield from _inside(node.node, [_parsed(each) for each in got], (*place, "(json)"), env)
    elif isinstance(node, dict):
        for key, inner in node.items():
            values = [each.get(key, MISSING) if isinstance(each, dict) else MISSING for each in got]
            yield from _inside(inner, values, (*place, key), env)
    elif isinstance(node, Keyed):
        for number, (key, inner) in enumerate(node.members):
            pairs = [
                list(each.items())[number : number + 1] if isinstance(each, dict) else [] for each in got
            ]
            flat = [pair[0] if pair else (MISSING, MISSING) for pair in pairs]
            yield (*place, "(key)", number), Cat((key,)), flat[0][0], flat[1][0] != flat[2][0]
            yield from _inside(inner, [value for _, value in flat], (*place, f"(value {number})"), env)
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            values = [
                each[number] if isinstance(each, list) and number < len(each) else MISSING for each in got
            ]
            yield from _inside(inner, values, (*place, number), env)
    else:
        yield place, node, got[0], got[1] != got[2]


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return MISSING


__all__ = ["MISSING", "Score", "Scorer", "Seen"]
_ = Rows

"""Kinds of places where an app gives a value. Each source puts a symbol into a response and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from recorder.workflow import Item, Reader
from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, NUMBERS, RICH
from tests.dataflow.making import Making
from tests.dataflow.template import Node, Ref, cat
from tests.dataflow.world import Control, Deed, Exchange, Locator, Symbol


class Given(msgspec.Struct, kw_only=True):
    """A value that the app gave. ``key``: its name there, empty if it has no name; ``noun``: of what it is. ``deed``:
    the act by which the person chose it, which the request that sends it belongs to."""

    symbol: Symbol
    noun: str
    key: str
    deed: Deed | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.symbol.name)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """``fitting`` are the looks that such a place can hold; ``named``: the value has a name there, so that what is
    short or common can be told; ``chosen``: the person picks one of many; ``telling``: only a value that is spelled
    otherwise shows how it is encoded."""

    kind: str
    give: Callable[[Making, str, str, tuple[str, ...]], Given]
    fitting: tuple[str, ...] = (*ANYWHERE, *RICH)
    named: bool = True
    chosen: bool = False
    telling: bool = False


SOURCES: dict[str, Source] = {}


def source(kind: str, **fields: Any) -> Callable[[Callable[..., Given]], Callable[..., Given]]:
    """Registers a source."""

    def register(give: Callable[..., Given]) -> Callable[..., Given]:
        SOURCES[kind] = Source(kind=kind, give=give, **fields)
        return give

    return register


PLAIN = ANYWHERE
ASCII = (*ANYWHERE, "slashes", "plus")
ALL = (*ANYWHERE, *RICH)
JSON = (*ANYWHERE, *RICH, *NUMBERS, *NUMBERS)


def carrier(m: Making, noun: str) -> Exchange:
    """A request whose JSON response gives something: of a click, or of the page as it loaded."""
    if m.rng.random() < 0.25:
        exchange = Exchange(
            path=["api", looks.plural(noun), m.rng.choice(("context", "bootstrap", "mine"))],
            answer={},
            optional=True,
        )
        exchange.before = m.starts() and m.doc.exchange.before
        return m.add(exchange)
    method = m.rng.choice(("GET", "POST", "POST"))
    exchange = m.api(noun, method, verb=m.rng.choice(("", "", "start")), answer={})
    if method == "POST":
        exchange.body_kind = "json"
        exchange.status = m.rng.choice((200, 201))
        typed = m.typed()
        exchange.body = {"title": Ref(typed.name)}
        label = m.rng.choice(("Title", "Name", "What"))
        control = Control(label=label, field="title", node=Ref(typed.name))
        exchange.deed = m.click(controls=(control,))
    return exchange


def _echo(m: Making, exchange: Exchange) -> dict[str, Node]:
    """What the person typed, said again by the app."""
    if exchange.body_kind != "json" or not isinstance(exchange.body, dict) or m.rng.random() < 0.5:
        return {}
    typed = {name: node for name, node in exchange.body.items() if isinstance(node, Ref) and not node.sink}
    m.echoed += [node.symbol for node in typed.values()]
    return typed


def given_of(
    m: Making,
    kind: str,
    noun: str,
    key: str,
    fitting: tuple[str, ...],
    locator: Locator,
    origin: str = "received",
) -> Given:
    symbol = m.received(kind, fitting, origin, m.telling)
    symbol.locator = locator
    return Given(symbol=symbol, noun=noun, key=key)


@source("JSON member", fitting=JSON)
def json_member(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    last = m.exchanges[-1]
    follows = last.how in ("fetch", "xhr") and isinstance(last.answer, dict) and last.media == "json"
    if follows and not last.noise and not {key, "jsonrpc"} & {*last.answer} and m.rng.random() < 0.5:
        exchange = last
    else:
        exchange = carrier(m, noun)
    given = given_of(m, "JSON member", noun, key, fitting, Locator(m.index(exchange), path=(key,)))
    exchange.answer = m.shuffled({**m.filler(), **_echo(m, exchange), **exchange.answer, key: given.ref})
    return given


@source("JSON nested", fitting=JSON)
def json_nested(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = carrier(m, noun)
    way = m.rng.choice(
        (("data",), (noun,), ("data", "attributes"), ("result", noun, "meta"), ("payload", "items", 0))
    )
    given = given_of(m, "JSON nested", noun, key, fitting, Locator(m.index(exchange), path=(*way, key)))
    answer: Any = m.shuffled({**m.filler(), key: given.ref})
    for part in reversed(way):
        answer = [answer] if part == 0 else {part: answer, **m.filler()} if part == way[0] else {part: answer}
    exchange.answer = answer
    return given


def list_of(
    m: Making,
    kind: str,
    noun: str,
    key: str,
    fitting: tuple[str, ...],
    name: str,
    exchange: Exchange,
    by: Node = None,
) -> Given:
    """A JSON list with the chosen thing in it; ``by`` is its name as an expression."""
    named = m.rng.choice(("name", "title", "label"))
    way: tuple[Any, ...] = m.rng.choice(((), (looks.plural(noun),), ("data", "items")))
    item = Item(fields=(((named,), name if by is None else by),))
    locator = Locator(m.index(exchange), path=(*way, item, key))
    given = given_of(m, kind, noun, key, fitting, locator, "received" if by is not None else "chosen")
    given.symbol.label = name
    numeric = isinstance(given.symbol.recorded, int)
    mates = [look for look in fitting if (look in NUMBERS) == numeric]
    fields = m.filler()
    fields.pop(named, None)

    def row(label: str, is_chosen: bool) -> Node:
        value = given.ref if is_chosen else Ref(m.received("unused", tuple(mates)).name)
        told: Node = by if is_chosen and by is not None else label
        more = {
            name: m.other(looks.valued("number", m.rng), looks.valued("number", m.rng))
            if isinstance(node, Ref)
            else node
            for name, node in fields.items()
        }
        return {key: value, named: told, **more}

    answer: Any = m.rows(row, name)
    for part in reversed(way):
        answer = {part: answer, **(m.filler() if part == way[0] else {})}
    exchange.answer = answer
    return given


@source("JSON list, clicked", fitting=JSON, chosen=True)
def json_list_clicked(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = carrier(m, noun)
    exchange.method, exchange.body, exchange.body_kind, exchange.status = "GET", None, "", 200
    if exchange.deed is not None:
        exchange.deed = m.click()
    name = m.thing()
    given = list_of(m, "JSON list, clicked", noun, key, fitting, name, exchange)
    word = m.rng.choice(("Open", "Delete", "Edit", "Add to cart", "Select"))
    more = m.rng.choice(((), ("3.50",), ("in stock", "EUR 4")))
    given.deed = m.rng.choice(
        (m.click(word, near=(name, *more, word)), m.click(f"{word} {name}"), m.click(name))
    )
    return given


@source("JSON list, option", fitting=JSON, chosen=True)
def json_list_option(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = carrier(m, noun)
    exchange.method, exchange.body, exchange.body_kind, exchange.status = "GET", None, "", 200
    if exchange.deed is not None:
        exchange.deed = m.click()
    name = m.thing()
    given = list_of(m, "JSON list, option", noun, key, fitting, name, exchange)
    control = Control(label=noun.capitalize(), field=noun, node=given.ref, kind="choice", shown=name)
    given.deed = m.click(controls=(control,))
    return given


@source("JSON list, created", fitting=JSON, chosen=False)
def json_list_created(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    typed = m.typed(f"{m.rng.choice(looks.PEOPLE)}'s {m.thing()} {m.rng.randint(2, 99)}")
    control = Control(label="Name", field="name", node=Ref(typed.name))
    path: list[Node] = ["api", looks.plural(noun)]
    m.add(
        Exchange(
            method="POST", path=[*path], body_kind="json", body={"name": Ref(typed.name)}, answer={"ok": True},
            deed=m.click("Create", controls=(control,)),
        )
    )  # fmt: skip
    exchange = m.add(Exchange(path=[*path], chained=True, optional=True))
    given = list_of(m, "JSON list, created", noun, key, fitting, typed.recorded, exchange, Ref(typed.name))
    word = m.rng.choice(("Open", "Edit"))
    given.deed = m.rng.choice((m.click(word, near=(Ref(typed.name), word)), m.click(Ref(typed.name))))
    return given


@source("response header", fitting=ASCII)
def header(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = carrier(m, noun)
    exchange.answer = m.filler()
    name = f"X-{key.replace('_', '-').title()}"
    given = given_of(
        m, "response header", noun, name, fitting, Locator(m.index(exchange), "headers", (name.lower(),))
    )
    exchange.answer_headers.append((name, given.ref))
    return given


@source("Location", fitting=ANYWHERE)
def location(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = m.api(noun, "POST", body_kind="json", body={"kind": "new"}, status=201, media="", answer=None)
    reader = Reader(kind="segment", path=(-1,))
    locator = Locator(m.index(exchange), "headers", ("location",), (reader,))
    given = given_of(m, "Location", noun, "id", fitting, locator)
    exchange.answer_headers.append(("Location", cat(f"/{exchange.path[0]}/{looks.plural(noun)}/", given.ref)))
    return given

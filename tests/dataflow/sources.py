"""Kinds of places where an app gives a value. Each source puts a symbol into a response and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from recorder.workflow import Item, Reader
from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, NUMBERS, RICH
from tests.dataflow.making import Making, attribute
from tests.dataflow.template import Cat, Fn, Node, Ref, cat, html_of
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
    short or common can be told; ``chosen``: the person picks one of many."""

    kind: str
    give: Callable[[Making, str, str, tuple[str, ...]], Given]
    fitting: tuple[str, ...] = (*ANYWHERE, *RICH)
    named: bool = True
    chosen: bool = False


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


def _carrier(m: Making, noun: str) -> Exchange:
    """A request whose JSON response gives something: of a click, or of the page as it loaded."""
    if m.rng.random() < 0.25:
        exchange = Exchange(
            path=["api", looks.plural(noun), m.rng.choice(("context", "bootstrap", "mine"))], answer={}
        )
        exchange.before = m.doc.exchange.before
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


def _given(
    m: Making,
    kind: str,
    noun: str,
    key: str,
    fitting: tuple[str, ...],
    locator: Locator,
    origin: str = "received",
) -> Given:
    symbol = m.received(kind, fitting, origin)
    symbol.locator = locator
    return Given(symbol=symbol, noun=noun, key=key)


@source("JSON member", fitting=JSON)
def json_member(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _carrier(m, noun)
    given = _given(m, "JSON member", noun, key, fitting, Locator(m.index(exchange), path=(key,)))
    exchange.answer = m.shuffled({**m.filler(), key: given.ref})
    return given


@source("JSON nested", fitting=JSON)
def json_nested(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _carrier(m, noun)
    way = m.rng.choice(
        (("data",), (noun,), ("data", "attributes"), ("result", noun, "meta"), ("payload", "items", 0))
    )
    given = _given(m, "JSON nested", noun, key, fitting, Locator(m.index(exchange), path=(*way, key)))
    answer: Any = m.shuffled({**m.filler(), key: given.ref})
    for part in reversed(way):
        answer = [answer] if part == 0 else {part: answer, **m.filler()} if part == way[0] else {part: answer}
    exchange.answer = answer
    return given


def _list_of(
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
    given = _given(m, kind, noun, key, fitting, locator, "received" if by is not None else "chosen")
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
    exchange = _carrier(m, noun)
    exchange.method, exchange.body, exchange.body_kind, exchange.status = "GET", None, "", 200
    if exchange.deed is not None:
        exchange.deed = m.click()
    name = m.thing()
    given = _list_of(m, "JSON list, clicked", noun, key, fitting, name, exchange)
    word = m.rng.choice(("Open", "Delete", "Edit", "Add to cart", "Select"))
    more = m.rng.choice(((), ("3.50",), ("in stock", "EUR 4")))
    given.deed = m.rng.choice(
        (m.click(word, near=(name, *more, word)), m.click(f"{word} {name}"), m.click(name))
    )
    return given


@source("JSON list, option", fitting=JSON, chosen=True)
def json_list_option(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _carrier(m, noun)
    exchange.method, exchange.body, exchange.body_kind, exchange.status = "GET", None, "", 200
    if exchange.deed is not None:
        exchange.deed = m.click()
    name = m.thing()
    given = _list_of(m, "JSON list, option", noun, key, fitting, name, exchange)
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
    exchange = m.add(Exchange(path=[*path], chained=True))
    given = _list_of(m, "JSON list, created", noun, key, fitting, typed.recorded, exchange, Ref(typed.name))
    word = m.rng.choice(("Open", "Edit"))
    given.deed = m.rng.choice((m.click(word, near=(Ref(typed.name), word)), m.click(Ref(typed.name))))
    return given


@source("response header", fitting=ASCII)
def header(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _carrier(m, noun)
    exchange.answer = m.filler()
    name = f"X-{key.replace('_', '-').title()}"
    given = _given(
        m, "response header", noun, name, fitting, Locator(m.index(exchange), "headers", (name.lower(),))
    )
    exchange.answer_headers.append((name, given.ref))
    return given


@source("Location", fitting=ANYWHERE)
def location(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = m.api(noun, "POST", body_kind="json", body={"kind": "new"}, status=201, media="", answer=None)
    reader = Reader(kind="segment", path=(-1,))
    locator = Locator(m.index(exchange), "headers", ("location",), (reader,))
    given = _given(m, "Location", noun, "id", fitting, locator)
    exchange.answer_headers.append(("Location", cat(f"/{exchange.path[0]}/{looks.plural(noun)}/", given.ref)))
    return given


# Documents


def _page(m: Making) -> int:
    return m.index(m.doc.exchange)


def _element(m: Making, fields: dict[str, str], then: str, **more: Any) -> Locator:
    item = Item(fields=tuple(((name,), value) for name, value in fields.items()), **more)
    return Locator(_page(m), path=("elements", item, then))


@source("hidden field")
def hidden(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = _given(m, "hidden field", noun, key, fitting, _element(m, {"name": key}, "value"))
    m.doc.body.append(
        cat(
            "<form><input",
            attribute("name", key),
            ' type="hidden"',
            attribute("value", given.ref),
            "></form>",
        )
    )
    return given


@source("hidden field without a name", named=False)
def hidden_unnamed(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = _given(
        m, "hidden field without a name", noun, "", fitting, _element(m, {"id": f"the-{noun}"}, "value")
    )
    m.doc.body.append(cat(f'<input type="hidden" id="the-{noun}"', attribute("value", given.ref), ">"))
    return given


@source("field of the second form")
def second_form(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    fitting = tuple(look for look in fitting if look != "short alnum")
    after = Item(fields=((("action",), f"/{noun}/second"),))
    locator = _element(m, {"name": key}, "value", after=after)
    given = _given(m, "field of the second form", noun, key, fitting, locator)
    other = m.received("unused", ANYWHERE)
    for number, node in (("first", Ref(other.name)), ("second", given.ref)):
        m.doc.body.append(
            cat(f'<form action="/{noun}/{number}">', '<input type="hidden"', attribute("name", key), attribute("value", node),
                "><button>Go</button></form>")
        )  # fmt: skip
    return given


@source("meta element")
def meta(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = key.replace("_", "-")
    given = _given(m, "meta element", noun, name, fitting, _element(m, {"name": name}, "content"))
    m.doc.head.append(cat("<meta", attribute("name", name), attribute("content", given.ref), ">"))
    return given


@source("data attribute")
def data_attribute(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = "data-" + "".join(f"-{c.lower()}" if c.isupper() else c for c in key).replace("_", "-")
    given = _given(m, "data attribute", noun, name, fitting, _element(m, {"id": f"{noun}-app"}, name))
    m.doc.body.append(cat(f'<div id="{noun}-app"', attribute(name, given.ref), f">{noun.capitalize()}</div>"))
    return given


def _html_rows(
    m: Making, kind: str, noun: str, fitting: tuple[str, ...], key: str, row: Any, locator: Locator
) -> tuple[Given, str]:
    name = m.thing()
    given = _given(m, kind, noun, key, fitting, locator, "chosen")

    def made(label: str, is_chosen: bool) -> Node:
        return row(label, given.ref if is_chosen else Ref(m.received("unused", fitting).name))

    m.doc.body.append(cat(f"<table><tr><th>{noun}</th></tr>", m.rows(made, name, joined=True), "</table>"))
    return given, name


@source("data attribute of a row, clicked", chosen=True)
def data_row(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given, name = _html_rows(
        m, "data attribute of a row, clicked", noun, fitting, "data-id",
        lambda label, ref: cat(f'<tr class="{noun}"', attribute("data-id", ref), "><td>", html_of(label),
                               "</td><td><button>Remove</button></td></tr>"),
        Locator(_page(m)),
    )  # fmt: skip
    anchor = Item(fields=((("text",), name),))
    given.symbol.locator = _element(m, {"tag": "tr", "class": noun}, "data-id", before=anchor)
    given.deed = m.click("Remove", near=(name, "Remove"))
    return given


@source("link of a row, clicked", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"), chosen=True)
def link_row(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    where, is_query = looks.plural(noun), m.rng.random() < 0.4
    before = f"/{where}/show?{key}=" if is_query else f"/{where}/"
    given, name = _html_rows(
        m, "link of a row, clicked", noun, fitting, key if is_query else "id",
        lambda label, ref: cat("<tr><td>", html_of(label), "</td><td>", '<a href="', before, html_of(Fn("percent", ref)),
                               '">Show</a></td></tr>'),
        Locator(_page(m)),
    )  # fmt: skip
    anchor = Item(fields=((("text",), name),))
    reader = Reader(kind="query", path=(key,)) if is_query else Reader(kind="segment", path=(1,))
    locator = _element(m, {"tag": "a", "text": "Show"}, "href", after=anchor)
    given.symbol.locator = msgspec.structs.replace(locator, readers=(reader,))
    given.deed = m.click("Show", near=(name, "Show"))
    return given


@source("option of a select, chosen", chosen=True)
def html_option(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = m.thing()
    given = _given(m, "option of a select, chosen", noun, key, fitting, Locator(_page(m)), "chosen")
    given.symbol.locator = _element(m, {"tag": "option", "text": name}, "value")

    def made(label: str, is_chosen: bool) -> Node:
        ref = given.ref if is_chosen else Ref(m.received("unused", fitting).name)
        return cat("<option", attribute("value", ref), ">", html_of(label), "</option>")

    rows = m.rows(made, name, joined=True)
    m.doc.body.append(cat(f'<label>{noun.capitalize()}<select name="{key}">', rows, "</select></label>"))
    control = Control(label=noun.capitalize(), field=key, node=given.ref, kind="choice", shown=name)
    given.deed = m.click(controls=(control,))
    return given


@source("segment of a link", fitting=(*ANYWHERE, "spaces", "slashes", "unicode", "percent"))
def href_segment(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-link"}, "href")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="segment", path=(1,)),))
    given = _given(m, "segment of a link", noun, "id", fitting, locator)
    address = cat(f"/{looks.plural(noun)}/", Fn("percent", given.ref), "/edit")
    m.doc.body.append(cat(f'<a id="{noun}-link"', attribute("href", address), f">Edit {noun}</a>"))
    return given


@source("query of a link")
def href_query(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-link"}, "href")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="query", path=(key,)),))
    given = _given(m, "query of a link", noun, key, fitting, locator)
    address = cat(f"/{looks.plural(noun)}?sort=asc&{key}=", Fn("percent", given.ref))
    m.doc.body.append(cat(f'<a id="{noun}-link"', attribute("href", address), f">{noun.capitalize()}</a>"))
    return given


@source("action of a form", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"))
def form_action(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-form"}, "action")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="segment", path=(1,)),))
    given = _given(m, "action of a form", noun, "id", fitting, locator)
    address = cat(f"/{looks.plural(noun)}/", Fn("percent", given.ref), "/update")
    m.doc.body.append(
        cat(
            f'<form id="{noun}-form" method="post"',
            attribute("action", address),
            '><input name="text"></form>',
        )
    )
    return given


def _script(m: Making, text: Node) -> None:
    m.doc.body.append(cat("<script>", text, "</script>"))


def _nth_script(m: Making) -> int:
    starts = [part.parts[0] for part in m.doc.body if isinstance(part, Cat)]
    return sum(isinstance(start, str) and start.startswith("<script") for start in starts)


@source("literal in an inline script", fitting=(*ALL, *NUMBERS))
def inline_literal(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    nth = _nth_script(m)
    item = Item(fields=((("tag",), "script"),), nth=nth)
    locator = Locator(
        _page(m), path=("elements", item, "text"), readers=(Reader(kind="literal", path=(key, 0)),)
    )
    given = _given(m, "literal in an inline script", noun, key, fitting, locator)
    start = m.rng.choice((f"var {key} = ", f"window.{key} = ", f"App.config = {{debug: false, {key}: "))
    end = "};" if "{" in start else ";"
    _script(m, cat("'use strict'; ", start, Fn("json", given.ref), end, " boot();"))
    return given


@source("JSON script element", fitting=(*ALL, *NUMBERS))
def next_data(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("id",), f"__{noun.upper()}_DATA__"),))
    reader = Reader(kind="json", path=("props", noun, key))
    locator = Locator(_page(m), path=("elements", item, "text"), readers=(reader,))
    given = _given(m, "JSON script element", noun, key, fitting, locator)
    value = {"props": {noun: m.shuffled({**m.filler(), key: given.ref})}, "page": "/"}
    m.doc.body.append(
        cat(f'<script id="__{noun.upper()}_DATA__" type="application/json">', Fn("json", value), "</script>")
    )
    return given


@source("JSON in an inline script", fitting=(*ALL, *NUMBERS))
def window_json(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("tag",), "script"),), nth=_nth_script(m))
    locator = Locator(
        _page(m), path=("elements", item, "text"), readers=(Reader(kind="literal", path=(key, 0)),)
    )
    given = _given(m, "JSON in an inline script", noun, key, fitting, locator)
    value = {noun: m.shuffled({**m.filler(), key: given.ref}), "theme": "dark"}
    _script(m, cat("window.__INITIAL_STATE__ = ", Fn("json", value), ";"))
    return given


def percent(text: str) -> str:
    """As JavaScript's ``encodeURIComponent``."""
    return quote(text, safe="!'()*~")

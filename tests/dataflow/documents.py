"""Sources in documents: fields, attributes, links, scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from recorder.workflow import Item, Reader
from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, NUMBERS
from tests.dataflow.making import Making, attribute
from tests.dataflow.sources import ALL, Given, given_of, source
from tests.dataflow.template import Cat, Fn, Node, Ref, cat, html_of
from tests.dataflow.world import Control, Deed, Locator


def _page(m: Making) -> int:
    return m.index(m.doc.exchange)


KINDS: set[str] = set()


def document(kind: str, **fields: Any) -> Callable[[Callable[..., Given]], Callable[..., Given]]:
    """Registers a source in a document, which may be another than the first."""

    def register(give: Callable[..., Given]) -> Callable[..., Given]:
        def given(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
            m.navigate()
            return give(m, noun, key, fitting)

        KINDS.add(kind)
        source(kind, **fields)(given)
        return give

    return register


def _element(m: Making, fields: dict[str, str], then: str, **more: Any) -> Locator:
    item = Item(fields=tuple(((name,), value) for name, value in fields.items()), **more)
    return Locator(_page(m), path=("elements", item, then))


@document("hidden field")
def hidden(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = given_of(m, "hidden field", noun, key, fitting, _element(m, {"name": key}, "value"))
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


@document("hidden field without a name", named=False)
def hidden_unnamed(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = given_of(
        m, "hidden field without a name", noun, "", fitting, _element(m, {"id": f"the-{noun}"}, "value")
    )
    m.doc.body.append(cat(f'<input type="hidden" id="the-{noun}"', attribute("value", given.ref), ">"))
    return given


@document("field of the second form")
def second_form(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    fitting = tuple(look for look in fitting if look != "short alnum")
    after = Item(fields=((("action",), f"/{noun}/second"),))
    locator = _element(m, {"name": key}, "value", after=after)
    given = given_of(m, "field of the second form", noun, key, fitting, locator)
    other = m.received("unused", ANYWHERE)
    for number, node in (("first", Ref(other.name)), ("second", given.ref)):
        m.doc.body.append(
            cat(f'<form action="/{noun}/{number}">', '<input type="hidden"', attribute("name", key), attribute("value", node),
                "><button>Go</button></form>")
        )  # fmt: skip
    return given


@document("meta element")
def meta(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = key.replace("_", "-")
    given = given_of(m, "meta element", noun, name, fitting, _element(m, {"name": name}, "content"))
    m.doc.head.append(cat("<meta", attribute("name", name), attribute("content", given.ref), ">"))
    return given


@document("data attribute")
def data_attribute(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = "data-" + "".join(f"-{c.lower()}" if c.isupper() else c for c in key).replace("_", "-")
    given = given_of(m, "data attribute", noun, name, fitting, _element(m, {"id": f"{noun}-app"}, name))
    m.doc.body.append(cat(f'<div id="{noun}-app"', attribute(name, given.ref), f">{noun.capitalize()}</div>"))
    return given


def _html_rows(
    m: Making, kind: str, noun: str, fitting: tuple[str, ...], key: str, row: Any, locator: Locator
) -> tuple[Given, str]:
    name = m.thing()
    given = given_of(m, kind, noun, key, fitting, locator, "chosen")
    given.symbol.label = name

    def made(label: str, is_chosen: bool) -> Node:
        return row(label, given.ref if is_chosen else Ref(m.received("unused", fitting).name))

    m.doc.body.append(cat(f"<table><tr><th>{noun}</th></tr>", m.rows(made, name, joined=True), "</table>"))
    return given, name


@document("data attribute of a row, clicked", chosen=True)
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


@document("link of a row, clicked", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"), chosen=True)
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


@document("option of a select, chosen", chosen=True)
def html_option(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    name = m.thing()
    given = given_of(m, "option of a select, chosen", noun, key, fitting, Locator(_page(m)), "chosen")
    given.symbol.label = name
    given.symbol.locator = _element(m, {"tag": "option", "text": name}, "value")

    def made(label: str, is_chosen: bool) -> Node:
        ref = given.ref if is_chosen else Ref(m.received("unused", fitting).name)
        return cat("<option", attribute("value", ref), ">", html_of(label), "</option>")

    rows = m.rows(made, name, joined=True)
    m.doc.body.append(cat(f'<label>{noun.capitalize()}<select name="{key}">', rows, "</select></label>"))
    control = Control(label=noun.capitalize(), field=key, node=given.ref, kind="choice", shown=name)
    given.deed = m.click(controls=(control,))
    return given


@document("form of a row, clicked", chosen=True)
def form_row(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given, name = _html_rows(
        m, "form of a row, clicked", noun, fitting, key,
        lambda label, ref: cat("<tr><td>", html_of(label), '</td><td><form method="post"><input type="hidden"',
                               attribute("name", key), attribute("value", ref), "><button>Delete</button></form></td></tr>"),
        Locator(_page(m)),
    )  # fmt: skip
    anchor = Item(fields=((("text",), name),))
    given.symbol.locator = _element(m, {"name": key}, "value", after=anchor)
    given.deed = m.click("Delete", near=(name, "Delete"))
    return given


@document(
    "link that names the thing, clicked", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"), chosen=True
)
def named_link(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    before = f"/{looks.plural(noun)}/"
    given, name = _html_rows(
        m, "link that names the thing, clicked", noun, fitting, "id",
        lambda label, ref: cat("<li>", '<a href="', before, html_of(Fn("percent", ref)), '">', html_of(label), "</a></li>"),
        Locator(_page(m)),
    )  # fmt: skip
    locator = _element(m, {"tag": "a", "text": name}, "href")
    given.symbol.locator = msgspec.structs.replace(locator, readers=(Reader(kind="segment", path=(1,)),))
    given.deed = Deed(name=name, role="link", near=m.rng.choice(((), (name,))))
    return given


@document("link that counts what it leads to, clicked", chosen=True)
def counting_link(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    count = m.received("unused", ("small number", "number"))
    given = given_of(
        m, "link that counts what it leads to, clicked", noun, key, fitting, Locator(_page(m)), "chosen"
    )
    before, text = f"/{looks.plural(noun)}/", cat(f"{noun.capitalize()} (", Ref(count.name), ")")
    m.doc.body.append(
        cat("<nav>", '<a href="', before, html_of(Fn("percent", given.ref)), '">', text, "</a></nav>")
    )
    given.symbol.locator = msgspec.structs.replace(
        _element(m, {"tag": "a", "text": f"{noun.capitalize()} ({count.recorded})"}, "href", counts=True),
        readers=(Reader(kind="segment", path=(1,)),),
    )
    given.deed = Deed(name=text, role="link")
    return given


@document("radio button, chosen", chosen=True)
def radio(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given, name = _html_rows(
        m, "radio button, chosen", noun, fitting, key,
        lambda label, ref: cat('<label><input type="radio"', attribute("name", key), attribute("value", ref), "> ",
                               html_of(label), "</label>"),
        Locator(_page(m)),
    )  # fmt: skip
    # The text that follows an element without content is the element's own.
    given.symbol.locator = _element(m, {"name": key, "text": name}, "value")
    control = Control(label=name, field=key, node=given.ref, kind="choice", shown=name)
    given.deed = m.click(controls=(control,))
    return given


@document("segment of a link", fitting=(*ANYWHERE, "spaces", "slashes", "unicode", "percent"))
def href_segment(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-link"}, "href")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="segment", path=(1,)),))
    given = given_of(m, "segment of a link", noun, "id", fitting, locator)
    address = cat(f"/{looks.plural(noun)}/", Fn("percent", given.ref), "/edit")
    m.doc.body.append(cat(f'<a id="{noun}-link"', attribute("href", address), f">Edit {noun}</a>"))
    return given


@document("query of a link")
def href_query(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-link"}, "href")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="query", path=(key,)),))
    given = given_of(m, "query of a link", noun, key, fitting, locator)
    address = cat(f"/{looks.plural(noun)}?sort=asc&{key}=", Fn("percent", given.ref))
    m.doc.body.append(cat(f'<a id="{noun}-link"', attribute("href", address), f">{noun.capitalize()}</a>"))
    return given


@document("action of a form", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"))
def form_action(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _element(m, {"id": f"{noun}-form"}, "action")
    locator = msgspec.structs.replace(locator, readers=(Reader(kind="segment", path=(1,)),))
    given = given_of(m, "action of a form", noun, "id", fitting, locator)
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


@document("literal in an inline script", fitting=(*ALL, *NUMBERS))
def inline_literal(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    nth = _nth_script(m)
    item = Item(fields=((("tag",), "script"),), nth=nth)
    locator = Locator(
        _page(m), path=("elements", item, "text"), readers=(Reader(kind="literal", path=(key, 0)),)
    )
    given = given_of(m, "literal in an inline script", noun, key, fitting, locator)
    start = m.rng.choice((f"var {key} = ", f"window.{key} = ", f"App.config = {{debug: false, {key}: "))
    end = "};" if "{" in start else ";"
    _script(m, cat("'use strict'; ", start, Fn("json", given.ref), end, " boot();"))
    return given


@document("JSON script element", fitting=(*ALL, *NUMBERS))
def next_data(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("id",), f"__{noun.upper()}_DATA__"),))
    reader = Reader(kind="json", path=("props", noun, key))
    locator = Locator(_page(m), path=("elements", item, "text"), readers=(reader,))
    given = given_of(m, "JSON script element", noun, key, fitting, locator)
    value = {"props": {noun: m.shuffled({**m.filler(), key: given.ref})}, "page": "/"}
    m.doc.body.append(
        cat(f'<script id="__{noun.upper()}_DATA__" type="application/json">', Fn("json", value), "</script>")
    )
    return given


@document("JSON in an inline script", fitting=(*ALL, *NUMBERS))
def window_json(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("tag",), "script"),), nth=_nth_script(m))
    locator = Locator(
        _page(m), path=("elements", item, "text"), readers=(Reader(kind="literal", path=(key, 0)),)
    )
    given = given_of(m, "JSON in an inline script", noun, key, fitting, locator)
    value = {noun: m.shuffled({**m.filler(), key: given.ref}), "theme": "dark"}
    _script(m, cat("window.__INITIAL_STATE__ = ", Fn("json", value), ";"))
    return given

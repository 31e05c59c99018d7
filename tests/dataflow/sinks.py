"""Kinds of places where a request carries a value. Each sink adds the request that sends a node there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, NUMBERS, RICH
from tests.dataflow.making import Making
from tests.dataflow.sources import Given
from tests.dataflow.template import Const, Fn, Keyed, Node, Ref, cat
from tests.dataflow.world import Control, Deed, Exchange

ALL = (*ANYWHERE, *RICH)
JSON = (*ANYWHERE, *RICH, *NUMBERS)
TEXT = (*ANYWHERE, *RICH, *NUMBERS)


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """``fitting`` are the looks that such a place can hold; ``named``: the place has a name of its own;
    ``telling``: only a value that is spelled otherwise shows how it is encoded."""

    kind: str
    send: Callable[[Making, Given, str, Deed], Exchange]
    fitting: tuple[str, ...] = TEXT
    named: bool = True
    telling: bool = False


SINKS: dict[str, Sink] = {}


def sink(kind: str, **fields: Any) -> Callable[[Callable[..., Exchange]], Callable[..., Exchange]]:
    """Registers a sink."""

    def register(send: Callable[..., Exchange]) -> Callable[..., Exchange]:
        SINKS[kind] = Sink(kind=kind, send=send, **fields)
        return send

    return register


def _ref(given: Given, kind: str) -> Ref:
    return Ref(given.symbol.name, kind)


def exchange_of(m: Making, given: Given, method: str, deed: Deed, **fields: Any) -> Exchange:
    path: list[Node] = [m.rng.choice(("api", "v2")), looks.plural(given.noun), m.verb()]
    how = m.rng.choice(("fetch", "fetch", "xhr"))
    return m.add(
        Exchange(method=method, path=path, how=how, deed=deed, answer={"ok": True, **m.filler()}, **fields)
    )


def _native(m: Making, exchange: Exchange, how: str, share: float) -> Exchange:
    """Sometimes the browser itself makes the request, and another document answers."""
    if m.rng.random() < share:
        exchange.how = how
        exchange.path = ["site", *exchange.path[1:]]
        m.open(exchange)
    return exchange


def _writes(m: Making) -> str:
    return m.rng.choice(("POST", "POST", "PUT", "PATCH"))


def _typed(m: Making, exchange: Exchange) -> dict[str, Node]:
    """Sometimes a member that the person types."""
    if m.rng.random() < 0.4 or exchange.deed is None:
        return {}
    if m.echoed and m.rng.random() < 0.5:
        return {"again": Ref(m.rng.choice(m.echoed))}
    if m.rng.random() < 0.15:
        return _typed_equal(m, exchange)
    name = m.rng.choice(("comment", "text", "amount", "label", "city", "message"))
    symbol = m.typed()
    control = Control(label=name.capitalize(), field=name, node=Ref(symbol.name))
    exchange.deed = msgspec.structs.replace(exchange.deed, controls=(*exchange.deed.controls, control))
    return {name: Ref(symbol.name)}


def _typed_equal(m: Making, exchange: Exchange) -> dict[str, Node]:
    """A member that the person types, and that is equal to a value that the app gave."""
    value = m.rng.choice((str(m.unused_number()), looks.valued("alnum", m.rng)))
    symbol = m.typed(value)
    symbol.source = "typed, equal to a received value"
    m.plant(
        m.rng.choice(("id", "number", "ref")),
        int(value) if value.isdigit() else value,
        looks.valued("number", m.rng),
    )
    control = Control(label="Quantity", field="quantity", node=Ref(symbol.name))
    assert exchange.deed is not None
    exchange.deed = msgspec.structs.replace(exchange.deed, controls=(*exchange.deed.controls, control))
    return {"quantity": Ref(symbol.name)}


def _constants(m: Making) -> dict[str, Node]:
    """Members that the page has of its own."""
    every: dict[str, Node] = {
        "sort": Const("asc", "constant of the page"), "limit": Const(20, "constant of the page"),
        "notify": Const(True, "constant of the page"), "lang": Const("en", "constant of the page"),
        "client_id": Const(looks.valued("hex", m.rng), "client constant that looks random"),
    }  # fmt: skip
    members = {name: every[name] for name in m.rng.sample(sorted(every), m.rng.randint(0, 2))}
    if m.rng.random() < 0.4:
        members.update(m.decoy())
    return members


def _members(m: Making, exchange: Exchange, key: str, node: Node) -> dict[str, Node]:
    members = {**_constants(m), **_typed(m, exchange)}
    members.pop(key, None)
    return m.shuffled({**members, key: node})


@sink("path segment")
def path(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    ref = _ref(given, "path segment")
    method = m.rng.choice(("GET", "POST", "DELETE", "PUT"))
    exchange = exchange_of(m, given, method, deed)
    where = looks.plural(given.noun)
    exchange.path = m.rng.choice(
        ([exchange.path[0], where, ref, m.verb()], [exchange.path[0], where, "by", ref])
    )
    if method in ("POST", "PUT"):
        exchange.body_kind, exchange.body = "json", {**_constants(m), **_typed(m, exchange)}
    return _native(m, exchange, "document", 0.3) if method == "GET" else exchange


@sink("query value")
def query(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, m.rng.choice(("GET", "GET", "POST")), deed)
    exchange.query = list(_members(m, exchange, key, _ref(given, "query value")).items())
    exchange.query = [
        (name, Const("true", node.decoy) if isinstance(node, Const) and node.value is True else node)
        for name, node in exchange.query
    ]
    return _native(m, exchange, "document", 0.3) if exchange.method == "GET" else exchange


@sink("header", fitting=(*ANYWHERE, "slashes", "plus", *NUMBERS))
def header(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, m.rng.choice(("GET", *["POST"] * 2)), deed)
    exchange.headers.append((f"X-{key.removeprefix('X-').replace('_', '-').title()}", _ref(given, "header")))
    if exchange.method == "POST":
        exchange.body_kind, exchange.body = "json", {**_constants(m), **_typed(m, exchange)}
    return exchange


@sink("header with a scheme", fitting=(*ANYWHERE, "plus"), named=False)
def scheme(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, m.rng.choice(("GET", "POST")), deed)
    word = m.rng.choice(("Bearer", "Token", "ApiKey", "Session"))
    exchange.headers.append(("Authorization", cat(f"{word} ", _ref(given, "header with a scheme"))))
    if exchange.method == "POST":
        exchange.body_kind, exchange.body = "json", {**_constants(m), **_typed(m, exchange)}
    return exchange


@sink("form field")
def form(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="form")
    members = _members(m, exchange, key, _ref(given, "form field"))
    exchange.body = [
        (name, Const("1", node.decoy) if isinstance(node, Const) and node.value is True else node)
        for name, node in members.items()
    ]
    return _native(m, exchange, "form", 0.4)


@sink("multipart field")
def multipart(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="multipart")
    members = _members(m, exchange, key, _ref(given, "multipart field"))
    exchange.body = [
        (name, Const("1", node.decoy) if isinstance(node, Const) and node.value is True else node)
        for name, node in members.items()
    ]
    return _native(m, exchange, "form", 0.4)


@sink("JSON leaf", fitting=JSON)
def json_leaf(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    exchange.body = _members(m, exchange, key, _ref(given, "JSON leaf"))
    return exchange


@sink("JSON leaf, nested", fitting=JSON)
def json_nested(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    inner: Node = _members(m, exchange, key, _ref(given, "JSON leaf, nested"))
    way = m.rng.choice((("data", "attributes"), ("input",), ("ops", 0, "args"), ("a", "b", "c", "d")))
    for part in reversed(way):
        inner = [inner] if part == 0 else {part: inner}
    exchange.body = inner
    return exchange


@sink("JSON list", fitting=JSON)
def json_list(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    exchange.body = _members(
        m, exchange, looks.plural(key) if key == given.noun else key, [_ref(given, "JSON list")]
    )
    return exchange


@sink("JSON key", fitting=ALL, named=False)
def json_key(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    keyed = Keyed(((_ref(given, "JSON key"), m.rng.choice((2, True, {"qty": 2}))),))
    exchange.body = {**_constants(m), "quantities": keyed}
    return exchange


@sink("JSON in a form field", fitting=JSON)
def json_in_form(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="form")
    inner = _members(m, exchange, key, _ref(given, "JSON in a form field"))
    exchange.body = [("payload", Fn("json", inner)), ("v", Const("2", "constant of the page"))]
    return exchange


@sink("name of a form field", fitting=ANYWHERE, named=False)
def form_name(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="form")
    typed = m.typed()
    control = Control(label="Caption", field="caption", node=Ref(typed.name))
    exchange.deed = msgspec.structs.replace(deed, controls=(*deed.controls, control))
    exchange.body = [(cat("image-", _ref(given, "name of a form field"), "-title"), Ref(typed.name))]
    return exchange


@sink("part of a text", fitting=ANYWHERE, named=False)
def text_part(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    ref = _ref(given, "part of a text")
    node = m.rng.choice(
        (cat("projects/", ref, "/locations/eu"), cat("urn:app:", ref), cat("where id = '", ref, "' limit 5"))
    )
    exchange.body = _members(m, exchange, "resource", node)
    return exchange


@sink("address in a value", fitting=ANYWHERE, named=False)
def address(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    ref = _ref(given, "address in a value")
    where = looks.plural(given.noun)
    node = m.rng.choice(
        (cat(f"/{where}/", ref), cat(f"/{where}/", ref, "/raw?download=1"), cat(f"/open?{key}=", ref))
    )
    exchange.body = _members(m, exchange, "target", node)
    return exchange


@sink("XML body", fitting=(*ANYWHERE, "spaces", "slashes", "unicode", "plus"))
def xml(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="text", content_type="text/xml; charset=utf-8")
    exchange.headers.append(("SOAPAction", f"urn:{given.noun}"))
    exchange.body = cat(
        '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>',
        f"<Get><{key}>", _ref(given, "XML body"), f"</{key}><limit>20</limit></Get></soap:Body></soap:Envelope>",
    )  # fmt: skip
    return exchange


@sink("GraphQL variable", fitting=JSON)
def graphql(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="json")
    exchange.path = ["graphql"]
    operation = f"{m.verb().replace('-', '').capitalize()}{given.noun.capitalize()}"
    variables = _members(m, exchange, key, _ref(given, "GraphQL variable"))
    if m.rng.random() < 0.3:
        variables = {"input": variables}
    exchange.body = {
        "operationName": operation, "variables": variables,
        "query": f"mutation {operation}($x: ID!) {{ {given.noun}(id: $x) {{ id }} }}",
    }  # fmt: skip
    if m.rng.random() < 0.5:
        hashed = Const(looks.valued("hex", m.rng), "hash of a persisted query")
        exchange.body["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": hashed}}
    exchange.tell = [(("json", "operationName"), operation)]
    return exchange


@sink("JSON-RPC parameter", fitting=JSON)
def jsonrpc(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="json")
    exchange.path = ["rpc"]
    method = f"{given.noun}.{m.verb()}"
    ref = _ref(given, "JSON-RPC parameter")
    params: Node = _members(m, exchange, key, ref) if m.rng.random() < 0.7 or not given.key else {key: ref}
    number = sum(e.path == ["rpc"] for e in m.exchanges)
    exchange.body = {
        "jsonrpc": "2.0",
        "method": method,
        "params": params,
        "id": Const(number, "id of a JSON-RPC envelope"),
    }
    exchange.answer = {"jsonrpc": "2.0", "id": number, "result": m.filler()}
    exchange.tell = [(("json", "method"), method)]
    return exchange


@sink("base64 of a text", fitting=ANYWHERE, named=False)
def base64_text(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="json", body={})
    ref = _ref(given, "base64 of a text")
    if m.rng.random() < 0.5:
        exchange.headers.append(("Authorization", cat("Basic ", Fn("base64", cat(ref, ":")))))
    else:
        exchange.body = _members(m, exchange, "context", Fn("base64", Fn("json", {key: ref, "v": 1})))
    return exchange


@sink("percent-encoded text", fitting=(*RICH, *ANYWHERE), telling=True)
def percent(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    exchange.body = _members(m, exchange, key, Fn("percent", _ref(given, "percent-encoded text")))
    return exchange


@sink("JSON in a query value", fitting=JSON)
def json_in_query(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "GET", deed)
    inner = {key: _ref(given, "JSON in a query value"), "deep": False}
    exchange.query = [("filter", Fn("json", inner)), ("limit", Const("20", "constant of the page"))]
    return exchange


@sink("JSON in a multipart field", fitting=JSON)
def json_part(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "POST", deed, body_kind="multipart")
    inner = _members(m, exchange, key, _ref(given, "JSON in a multipart field"))
    exchange.body = [("meta", Fn("json", inner)), ("mode", Const("fast", "constant of the page"))]
    return exchange


@sink("JSON in a text", fitting=JSON)
def json_in_json(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, _writes(m), deed, body_kind="json")
    inner = {"op": "set", key: _ref(given, "JSON in a text")}
    exchange.body = _members(m, exchange, "message", Fn("json", inner))
    return exchange


@sink("address and body", fitting=ANYWHERE)
def twice(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, "PUT", deed, body_kind="json")
    ref = _ref(given, "address and body")
    exchange.path = [exchange.path[0], looks.plural(given.noun), ref, m.verb()]
    exchange.body = _members(m, exchange, key, ref)
    return exchange

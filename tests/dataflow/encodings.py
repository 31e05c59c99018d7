"""Sources in texts: encoded values, markup inside JSON, XML, streams, plain texts."""

from __future__ import annotations

from typing import Any

from recorder.workflow import Item, Reader
from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, RICH
from tests.dataflow.making import Making, attribute
from tests.dataflow.sources import ASCII, JSON, Given, carrier, given_of, source
from tests.dataflow.template import Env, Fn, Keyed, Node, Ref, cat, html_of, render
from tests.dataflow.world import Exchange, Locator

WORDY = (*ANYWHERE, "spaces", "unicode")


def _answered(
    m: Making, noun: str, kind: str, key: str, fitting: tuple[str, ...], *readers: Reader, path: Any = ()
) -> tuple[Exchange, Given]:
    exchange = carrier(m, noun)
    return exchange, given_of(
        m, kind, noun, key, fitting, Locator(m.index(exchange), path=path, readers=readers)
    )


@source("JSON key", fitting=ANYWHERE, named=False)
def json_key(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="between", path=('{"', '"'))
    exchange, given = _answered(m, noun, "JSON key", "", fitting, reader, path=("created",))
    exchange.answer = {**m.filler(), "created": Keyed(((given.ref, {"ok": True}),))}
    return given


@source("JSON in a text", fitting=JSON)
def json_in_text(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="json", path=(noun, key))
    exchange, given = _answered(m, noun, "JSON in a text", key, fitting, reader, path=("state",))
    inner = {noun: m.shuffled({**m.filler(), key: given.ref}), "v": 2}
    exchange.answer = {**m.filler(), "state": Fn("json", inner)}
    return given


@source("HTML in JSON")
def html_in_json(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="elements", path=(Item(fields=((("name",), key),)), "value"))
    exchange, given = _answered(m, noun, "HTML in JSON", key, fitting, reader, path=("html",))
    markup = cat(
        '<form><input type="hidden"',
        attribute("name", key),
        attribute("value", given.ref),
        "><button>OK</button></form>",
    )
    exchange.answer = {**m.filler(), "html": markup}
    return given


@source("base64 of JSON")
def base64_json(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    readers = (Reader(kind="base64"), Reader(kind="json", path=(key,)))
    exchange, given = _answered(m, noun, "base64 of JSON", key, fitting, *readers, path=("context",))
    exchange.answer = {**m.filler(), "context": Fn("base64", Fn("json", {"v": 1, key: given.ref}))}
    return given


@source("base64 of a text", fitting=ANYWHERE)
def base64_text(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    kind = noun.capitalize()
    readers = (Reader(kind="base64"), Reader(kind="between", path=(f"{kind}:", "")))
    exchange, given = _answered(m, noun, "base64 of a text", f"{noun}_id", fitting, *readers, path=("node",))
    exchange.answer = {**m.filler(), "node": Fn("base64", cat(f"{kind}:", given.ref))}
    return given


@source("percent-encoded text", fitting=(*RICH, *RICH, *ANYWHERE), telling=True)
def percent(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange, given = _answered(
        m, noun, "percent-encoded text", key, fitting, Reader(kind="unquote"), path=(key,)
    )
    exchange.answer = {**m.filler(), key: Fn("percent", given.ref)}
    return given


@source("claim of a JWT")
def jwt(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    readers = (
        Reader(kind="between", path=(".", ".")),
        Reader(kind="base64"),
        Reader(kind="json", path=(key,)),
    )
    exchange, given = _answered(m, noun, "claim of a JWT", key, fitting, *readers, path=("access_token",))
    expires = m.other(1_764_003_600, 1_790_003_723)
    exchange.answer = {
        **m.filler(),
        "access_token": Fn("jwt", {"iss": "app", key: given.ref, "exp": expires}),
    }
    return given


@source("whole JWT", named=False, fitting=ANYWHERE)
def whole_jwt(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange, given = _answered(m, noun, "whole JWT", "access_token", fitting, path=("access_token",))
    symbol = given.symbol
    symbol.recorded, symbol.fresh = (
        render(Fn("jwt", {"sub": v, "role": "user"}), NOTHING) for v in (symbol.recorded, symbol.fresh)
    )
    exchange.answer = {**m.filler(), "access_token": given.ref}
    return given


@source("address in JSON, segment", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"))
def url_segment(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="segment", path=(2,))
    exchange, given = _answered(m, noun, "address in JSON, segment", "id", fitting, reader, path=("url",))
    exchange.answer = {
        **m.filler(),
        "url": cat(f"/api/{looks.plural(noun)}/", Fn("percent", given.ref), "/content"),
    }
    return given


@source("address in JSON, query")
def url_query(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="query", path=(key,))
    exchange, given = _answered(m, noun, "address in JSON, query", key, fitting, reader, path=("next",))
    exchange.answer = {
        **m.filler(),
        "next": cat(f"https://cdn.example/{noun}?v=1&{key}=", Fn("percent", given.ref)),
    }
    return given


@source("Link header")
def link_header(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    readers = (Reader(kind="between", path=("<", ">")), Reader(kind="query", path=(key,)))
    exchange = carrier(m, noun)
    locator = Locator(m.index(exchange), "headers", ("link",), readers)
    given = given_of(m, "Link header", noun, key, fitting, locator)
    exchange.answer = m.filler()
    address = cat(f"</api/{looks.plural(noun)}?limit=20&{key}=", Fn("percent", given.ref), '>; rel="next"')
    exchange.answer_headers.append(("Link", address))
    return given


@source("ETag", named=False, fitting=ANYWHERE)
def etag(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = carrier(m, noun)
    exchange.answer = m.filler()
    given = given_of(m, "ETag", noun, "", fitting, Locator(m.index(exchange), "headers", ("etag",)))
    symbol = given.symbol
    symbol.recorded, symbol.fresh = f'"{symbol.recorded}"', f'"{symbol.fresh}"'
    exchange.answer_headers.append(("ETag", given.ref))
    return given


@source("query of a redirect")
def redirect_query(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = m.api(noun, "POST", verb="begin", body_kind="json", body={"mode": "web"}, answer={"ok": True})
    reader = Reader(kind="query", path=(key,))
    locator = Locator(m.index(exchange), "headers", ("url",), (reader,))
    given = given_of(m, "query of a redirect", noun, key, fitting, locator)
    exchange.final = cat(f"/{noun}/done?from=start&{key}=", Fn("percent", given.ref))
    return given


@source("segment of a redirect", fitting=(*ANYWHERE, "spaces", "slashes", "unicode"))
def redirect_segment(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _redirected(m, noun, Reader(kind="segment", path=(1,)))
    given = given_of(m, "segment of a redirect", noun, "id", fitting, locator)
    m.doc.exchange.final = cat(f"/{looks.plural(noun)}/", Fn("percent", given.ref))
    return given


@source("fragment of a redirect")
def redirect_fragment(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    locator = _redirected(m, noun, Reader(kind="query", path=(key,)))
    given = given_of(m, "fragment of a redirect", noun, key, fitting, locator)
    m.doc.exchange.final = cat(f"/{looks.plural(noun)}/done#{key}=", Fn("percent", given.ref), "&type=x")
    return given


def _redirected(m: Making, noun: str, reader: Reader) -> Locator:
    """The person submits a form, and the app redirects to another document."""
    typed = m.typed()
    exchange = Exchange(method="POST", path=[noun, "create"], how="form", body_kind="form")
    exchange.body = [("title", Ref(typed.name)), ("commit", "Save")]
    exchange.deed = m.text_deed("Title", "title", Ref(typed.name), "Save")
    m.open(m.add(exchange))
    return Locator(m.index(exchange), path=("url",), readers=(reader,))


@source("XML element", fitting=(*WORDY, "slashes", "plus"))
def xml_element(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("tag",), f"ns:{key}".lower()),))
    exchange, given = _answered(m, noun, "XML element", key, fitting, path=("elements", item, "text"))
    exchange.media = "xml"
    exchange.answer = cat(
        '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        "<ns:Answer><ns:count>", m.other(3, 4), f"</ns:count><ns:{key}>", html_of(given.ref),
        f"</ns:{key}></ns:Answer></soap:Body></soap:Envelope>",
    )  # fmt: skip
    return given


@source("XML attribute", fitting=(*WORDY, "slashes", "plus", "quoted"))
def xml_attribute(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    item = Item(fields=((("tag",), noun),))
    exchange, given = _answered(m, noun, "XML attribute", key, fitting, path=("elements", item, key.lower()))
    exchange.media = "xml"
    exchange.answer = cat(
        f'<?xml version="1.0"?><list total="2"><{noun} state="new"', attribute(key, given.ref), "/></list>"
    )
    return given


def _stream(m: Making, noun: str, media: str) -> Exchange:
    exchange = Exchange(method="POST", path=["api", looks.plural(noun), "stream"], media=media, how="fetch")
    exchange.body_kind, exchange.body = "json", {"kind": "full"}
    exchange.deed = m.click("Start")
    return m.add(exchange)


@source("line of NDJSON", fitting=JSON)
def ndjson(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _stream(m, noun, "application/x-ndjson")
    item = Item(fields=((("type",), "created"),))
    given = given_of(m, "line of NDJSON", noun, key, fitting, Locator(m.index(exchange), path=(item, key)))
    lines: list[Node] = [
        {"type": "progress", "step": m.other(5, 6)},
        {"type": "progress", "step": m.other(1, 2)},
    ]
    lines += [{"type": "created", **m.filler(), key: given.ref}, {"type": "end"}]
    exchange.chunks = [cat(Fn("json", line), "\n") for line in lines]
    return given


def _events(m: Making, noun: str, lines: list[tuple[str, Node]], get: bool) -> Exchange:
    exchange = _stream(m, noun, "text/event-stream")
    if get:
        exchange.method, exchange.how, exchange.body_kind, exchange.body = "GET", "eventsource", "", None
    exchange.chunks = [
        cat(f"event: {name}\n" if name else "", "data: ", Fn("json", line), "\n\n") for name, line in lines
    ]
    return exchange


@source("SSE data", fitting=JSON)
def sse(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = given_of(m, "SSE data", noun, key, fitting, Locator(0))
    lines: list[tuple[str, Node]] = [("", {"type": "progress", "n": n}) for n in (9, 1)]
    lines += [("", {"type": "created", **m.filler(), key: given.ref}), ("", {"type": "done"})]
    exchange = _events(m, noun, lines, m.rng.random() < 0.5)
    given.symbol.locator = Locator(m.index(exchange), path=(Item(fields=((("type",), "created"),)), key))
    return given


@source("SSE data of a named event", fitting=JSON)
def sse_named(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    given = given_of(m, "SSE data of a named event", noun, key, fitting, Locator(0))
    lines: list[tuple[str, Node]] = [("progress", {"n": n}) for n in (9, 1)]
    lines += [("created", {**m.filler(), key: given.ref}), ("done", {})]
    exchange = _events(m, noun, lines, m.rng.random() < 0.5)
    item = Item(fields=((("event",), "created"),))
    given.symbol.locator = Locator(m.index(exchange), path=(item, "data", key))
    return given


@source("delimited text", fitting=(*ANYWHERE, "spaces", "slashes", "plus"))
def delimited(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    reader = Reader(kind="between", path=(f"|{key}|", "|"))
    exchange, given = _answered(m, noun, "delimited text", key, fitting, reader)
    exchange.media = "text"
    exchange.answer = cat(
        "1|#||4|",
        m.other(120, 131),
        "|updatePanel|main|<p>ok</p>|0|hiddenField|",
        f"{key}|",
        given.ref,
        "|8|end|x|",
    )
    return given


@source("text of pairs", fitting=ASCII)
def pairs(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    fitting = tuple(look for look in fitting if look != "plus")
    reader = Reader(kind="between", path=(f"{key}=", "&"))
    exchange, given = _answered(m, noun, "text of pairs", key, fitting, reader)
    exchange.media = "application/x-www-form-urlencoded"
    exchange.answer = cat("status=ok&", f"{key}=", given.ref, "&expires=", m.other(3600, 7200))
    return given


@source("plain text", fitting=(*ANYWHERE, "spaces", "slashes", "plus", "unicode"), named=False)
def plain(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    fitting = tuple(look for look in fitting if look != "digits")
    exchange, given = _answered(m, noun, "plain text", "", fitting)
    exchange.media, exchange.answer = "text", given.ref
    return given


@source("JSON sent as HTML", fitting=JSON)
def json_as_html(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange, given = _answered(m, noun, "JSON sent as HTML", key, fitting, path=(key,))
    exchange.media = "text/html; charset=utf-8"
    exchange.answer = Fn("json", {**m.filler(), key: given.ref})
    return given


@source("script file")
def script_file(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = Exchange(
        path=["static", f"{noun}-config.js"], how="script", optional=True, media="text/javascript"
    )
    exchange.before = m.starts() and m.doc.exchange.before
    m.add(exchange)
    reader = Reader(kind="literal", path=(key, 0))
    given = given_of(m, "script file", noun, key, fitting, Locator(m.index(exchange), readers=(reader,)))
    exchange.answer = cat(
        'window.CONFIG = {debug: false, level: "info", ', f"{key}: ", Fn("json", given.ref), "};\n"
    )
    return given


NOTHING = Env({}, False, 0.0)

"""Cookies as sources, and as the place where a value is sent."""

from __future__ import annotations

from typing import Any

from tests.dataflow.looks import ANYWHERE
from tests.dataflow.making import Making
from tests.dataflow.sinks import Given, exchange_of, sink
from tests.dataflow.sources import carrier, given_of, source
from tests.dataflow.template import Fn, Node, Ref
from tests.dataflow.world import Deed, Exchange, Locator

COOKIES = ("cookie", "cookie, percent-encoded", "HttpOnly cookie")
UNSEEN = (
    "path segment", "query value", "JSON in a query value", "percent-encoded text", "base64 of a text", "WebSocket message",
    "cookie that a script sets",
    "name of a form field",
)  # fmt: skip
"""Sinks at which the page does not see that a cookie is sent again."""
FITTING = tuple(look for look in ANYWHERE if look not in ("lower", "short alnum", "upper dashed"))


def _set(
    m: Making, kind: str, noun: str, key: str, fitting: tuple[str, ...], is_encoded: bool, is_readable: bool
) -> Given:
    exchange: Exchange = m.doc.exchange
    if m.rng.random() < 0.5:
        exchange = carrier(m, noun)
        exchange.answer = {"ok": True, **m.filler()}
    name = m.rng.choice((f"{noun}-token", f"{noun}_csrf", f"XSRF-{noun.upper()}", key))
    given = given_of(
        m, kind, noun, name, fitting, Locator(m.index(exchange), cookie=name, decoded=is_encoded)
    )
    node: Node = Fn("percent", given.ref) if is_encoded else given.ref
    exchange.cookies.append((name, node, is_readable))
    return given


@source("cookie", fitting=FITTING)
def cookie(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    return _set(m, "cookie", noun, key, fitting, False, True)


@source("cookie, percent-encoded", fitting=(*FITTING, *["plus", "slashes"] * 4), telling=True)
def encoded(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    return _set(m, "cookie, percent-encoded", noun, key, fitting, True, True)


@source("HttpOnly cookie", fitting=FITTING)
def http_only(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    return _set(m, "HttpOnly cookie", noun, key, fitting, False, False)


@sink("cookie", fitting=(*ANYWHERE, "plus", "slashes", "spaces"))
def in_cookie(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, m.rng.choice(("GET", "POST")), deed)
    ref = Ref(given.symbol.name, "cookie")
    is_encoded = given.symbol.locator is not None and given.symbol.locator.decoded
    exchange.cookie_sinks.append((given.key, Fn("percent", ref) if is_encoded else ref))
    return exchange


@sink("cookie that a script sets", fitting=ANYWHERE)
def scripted(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    exchange = exchange_of(m, given, m.rng.choice(("GET", "POST")), deed)
    ref = Ref(given.symbol.name, "cookie that a script sets")
    made: dict[str, Any] = {"how": "cookie", "name": key, "value": ref}
    exchange.made.append(made)
    exchange.script_cookies.append((key, ref))
    return exchange

"""WebSockets as sources, and as the place where a value is sent."""

from __future__ import annotations

from recorder.workflow import Item
from tests.dataflow.looks import NUMBERS
from tests.dataflow.making import Making
from tests.dataflow.sinks import Given, Sink, sink
from tests.dataflow.sources import JSON, given_of, source
from tests.dataflow.template import Node, Ref
from tests.dataflow.world import Deed, Exchange, Locator, Said


def _open(m: Making, noun: str, deed: Deed | None) -> Exchange:
    exchange = Exchange(
        method="WS", path=["ws", noun], how="socket", status=101, deed=deed, optional=deed is None
    )
    return m.add(exchange)


def _item(kind: str) -> Item:
    return Item(fields=((("type",), kind),))


@source("WebSocket message", fitting=JSON)
def message(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    exchange = _open(m, noun, m.click("Connect"))
    given = given_of(
        m, "WebSocket message", noun, key, fitting, Locator(m.index(exchange), path=(_item("welcome"), key))
    )
    exchange.messages = [
        Said(sent=True, node={"type": "hello", "protocol": 2}),
        Said(sent=False, node={"type": "welcome", **m.filler(), key: given.ref}),
    ]
    return given


@source("message over an open WebSocket", fitting=JSON)
def push(m: Making, noun: str, key: str, fitting: tuple[str, ...]) -> Given:
    socket = _open(m, noun, None)
    cause = m.api(noun, "POST", verb="start", body_kind="json", body={"kind": "full"}, answer={"ok": True})
    locator = Locator(m.index(socket), path=(_item("created"), key), part=1)
    given = given_of(m, "message over an open WebSocket", noun, key, fitting, locator)
    said = Said(sent=False, node={"type": "created", **m.filler(), key: given.ref}, after=m.index(cause))
    socket.messages = [said]
    return given


@sink("WebSocket message", fitting=(*JSON, *NUMBERS))
def send(m: Making, given: Given, key: str, deed: Deed) -> Exchange:
    ref = Ref(given.symbol.name, "WebSocket message")
    node: Node = m.rng.choice(
        ({"type": "open", key: ref}, {"action": "open", "data": {key: ref, "limit": 20}})
    )
    last = m.exchanges[-1]
    if last.method == "WS" and last.deed is not None and m.rng.random() < 0.5:
        # The page answers by itself, or the person asks for it.
        own = None if m.rng.random() < 0.5 and given.deed is None else deed
        last.messages += [Said(sent=True, node=node, deed=own), Said(sent=False, node={"type": "opened"})]
        return last
    exchange = _open(m, f"{given.noun}-{len(m.exchanges)}", deed)
    exchange.messages = [Said(sent=True, node=node), Said(sent=False, node={"type": "opened", **m.filler()})]
    return exchange


__all__ = ["Sink"]

"""The recording of a world: the events that the page, the proxy and the collector report."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import unquote, urlencode

from recorder.events import (
    Act,
    AnyEvent,
    Body,
    Chunk,
    Cookies,
    Done,
    Made,
    Mark,
    PageOpened,
    Part,
    Request,
    Response,
    Secret,
    SocketClosed,
    SocketMessage,
    SocketOpened,
    Typed,
    dump,
    parse_event,
)
from tests.dataflow.requests import address, wire
from tests.dataflow.template import Env, compact, render, text_of
from tests.dataflow.world import ROOTS, Deed, Exchange, Said, World

START = 1_764_000_000_000.0
"""When the page was opened, in ms since the epoch."""
NOBODY = "-"
"""For events that no page reports."""
TYPES = {"json": "application/json", "html": "text/html", "text": "text/plain", "xml": "text/xml"}


def events(world: World) -> list[AnyEvent]:
    """What the recorder is told of the conversation."""
    recorded = _Recording(world).events
    return _hidden(recorded, world) if world.secrets else recorded


def _hidden(recorded: list[AnyEvent], world: World) -> list[AnyEvent]:
    """With placeholders for secrets, as the page sends them."""
    found: list[AnyEvent] = []
    told: set[str] = set()
    for event in recorded:
        text = dump(event)
        for symbol, name in world.secrets.items():
            value = str(world.symbols[symbol].recorded)
            placeholder = f"[recorder-secret:{_digest(value)}:{name}]"
            if value not in text:
                continue
            text = text.replace(value, placeholder)
            if symbol not in told:
                told.add(symbol)
                found.append(
                    Secret(
                        page=event.page,
                        seq=0,
                        at=event.at,
                        placeholder=placeholder,
                        name=name,
                        hint="the page",
                    )
                )
        found.append(parse_event(text))
    return found


def answer_of(
    exchange: Exchange, env: Env, root: str, asked: str
) -> tuple[list[tuple[str, str]], str | None, list[str], str]:
    """Headers without cookies, text, chunks of a stream, and the final address of a response to a request for the address
    ``asked``."""
    headers = [(name, text_of(render(node, env))) for name, node in exchange.answer_headers]
    if exchange.media:
        headers.insert(0, ("content-type", TYPES.get(exchange.media, exchange.media)))
    chunks = [text_of(render(chunk, env)) for chunk in _chunks(exchange, env)]
    text = None
    if exchange.media and not chunks:
        value = render(exchange.answer, env)
        text = compact(value) if exchange.media == "json" else text_of(value)
    final = root + text_of(render(exchange.final, env)) if exchange.final is not None else asked
    return headers, text, chunks, final


def _chunks(exchange: Exchange, env: Env) -> list[Any]:
    return exchange.chunks[1:] if exchange.chunks and not env.fresh else exchange.chunks


def cookies_of(exchange: Exchange, env: Env) -> list[tuple[str, str]]:
    """The cookies that a response sets, as they stand in the header."""
    return [(name, text_of(render(node, env))) for name, node, _ in exchange.cookies]


class _Recording:
    def __init__(self, world: World) -> None:
        self.world = world
        self.env = world.env(False, START / 1000)
        self.at = START
        self.page = ""
        self.pages = 0
        self.numbers: dict[str, int] = {}
        self.ids = 0
        self.act: tuple[str, float] | None = None
        self.jar: dict[str, str] = {}
        self.readable: dict[str, str] = {}
        self.events: list[AnyEvent] = []
        self.started = False
        if not world.exchanges[0].before:
            self._start()
        self.open: list[tuple[str, str, Exchange, int]] = []
        """Sockets that pushed messages come over: page, id, exchange, how many messages are over."""
        for number, exchange in enumerate(world.exchanges):
            if not exchange.before and not self.started:
                self.at += 1500
                self._start()
            if exchange.fresh_only:
                continue
            self._exchange(exchange)
            self._push(number)
        self.events.append(Mark(page="", seq=0, at=self.at + 2000, what="stop", url=ROOTS[0] + "/"))
        marks = [e for e in self.events if isinstance(e, Mark)]
        # What was seen before is sent when recording starts.
        self.events = [marks[0], *(e for e in self.events if e is not marks[0])]

    def _start(self) -> None:
        self.started = True
        self.events.append(Mark(page="", seq=0, at=self.at, what="start", url=ROOTS[0] + "/"))

    def _add(self, kind: Any, page: str = "", /, **fields: Any) -> None:
        page = "" if page == NOBODY else page or self.page
        self.numbers[page] = self.numbers.get(page, 0) + 1
        at = fields.pop("at", self.at)
        self.events.append(kind(page=page, seq=self.numbers[page], at=at, before=not self.started, **fields))

    def _text(self, node: Any) -> str:
        return text_of(render(node, self.env))

    def _deed(self, deed: Deed) -> None:
        self.at += 1700
        near = tuple(map(self._text, deed.near))
        for control in deed.controls:
            self.ids += 1
            role = {"choice": "combobox", "check": "checkbox"}.get(control.kind, "textbox")
            kind = "change" if control.kind in ("choice", "check") else "input"
            self._add(
                Act,
                id=f"a{self.ids}",
                kind=kind,
                role=role,
                name=control.label,
                near=tuple(map(self._text, control.near)),
            )
            self.at += 900
            self._add(
                Typed, control=f"k{self.ids}", kind=control.kind, value=self._text(control.node), shown=self._text(control.shown),
                label=control.label, field=control.field, role=role, act=f"a{self.ids}",
            )  # fmt: skip
        self.at += 600
        self.ids += 1
        self._add(
            Act, id=f"a{self.ids}", kind=deed.kind, role=deed.role, name=self._text(deed.name), near=near
        )
        self.act = f"a{self.ids}", self.at
        self.at += 7

    def _current_act(self) -> str | None:
        return self.act[0] if self.act is not None and self.at - self.act[1] <= 2000 else None

    def _exchange(self, exchange: Exchange) -> None:
        if exchange.deed is not None:
            self._deed(exchange.deed)
        elif exchange.chained:
            self.at += 15
        else:
            self.at += exchange.pause or 40
        self.env.now = self.at / 1000
        exchange.at = self.at
        for made in exchange.made:
            self._made(made)
        if exchange.method == "WS":
            self._socket(exchange)
        elif exchange.how in ("document", "form"):
            self._document(exchange)
        else:
            self._fetch(exchange)

    def _made(self, made: dict[str, Any]) -> None:
        if made["how"] == "cookie":
            self.jar[made["name"]] = self.readable[made["name"]] = self._text(made["value"])
        self._add(Made, **{k: self._text(v) if k in ("value", "of") else v for k, v in made.items()})

    def _asked(self, exchange: Exchange) -> dict[str, Any]:
        content_type, body = wire(exchange, self.env)
        headers = [(name.lower(), self._text(node)) for name, node in exchange.headers]
        if content_type:
            headers.append(("content-type", content_type))
        sent = Body()
        is_form = exchange.how == "form" or exchange.body_kind == "multipart"
        if body is not None and isinstance(body, str):
            sent = Body(kind="text", text=body)
        elif body is not None and is_form:
            sent = Body(kind="parts", parts=tuple(Part(name=n, value=v) for n, v in body))
        elif body is not None:
            sent = Body(kind="text", text=urlencode(body))
        values = [value for _, value in headers] + [
            sent.text or "",
            *(part.value or "" for part in sent.parts),
        ]
        for name, value in self.readable.items():
            if len(value) >= 8 and any(value in text or unquote(value) in text for text in values):
                headers.append(("cookie", f"{name}={unquote(value)}"))
        return {
            "method": exchange.method,
            "url": address(exchange, self.env, ROOTS[0]),
            "headers": tuple(headers),
            "body": sent,
        }

    def _cookies(self, exchange: Exchange, url: str) -> None:
        sent = tuple((name, _digest(value)) for name, value in self.jar.items())
        given = cookies_of(exchange, self.env)
        if sent or given:
            told = tuple((name, _digest(value)) for name, value in given)
            # The proxy keeps only the names of parameters.
            where, _, query = url.partition("?")
            names = "&".join(f"{pair.partition('=')[0]}=" for pair in query.split("&") if pair)
            url = f"{where}?{names}" if names else where
            self._add(Cookies, NOBODY, at=exchange.at, method=exchange.method, url=url, sent=sent, set=told)
        self.jar.update(given)
        readable = {name for name, _, is_readable in exchange.cookies if is_readable}
        self.readable.update({name: value for name, value in given if name in readable})

    def _fetch(self, exchange: Exchange) -> None:
        self.ids += 1
        id, asked = f"r{self.ids}", self._asked(exchange)
        headers, text, chunks, final = answer_of(exchange, self.env, ROOTS[0], asked["url"])
        self._add(Request, id=id, how=exchange.how, act=self._act_of(exchange), **asked)
        self.at += 30
        self._add(Response, id=id, status=exchange.status, headers=tuple(headers), url=final)
        for chunk in chunks:
            self.at += 60
            self._add(Chunk, id=id, text=chunk)
        self.at += 5
        body = Body(kind="text", text=text) if text else Body()
        self._add(Done, id=id, body=body, aborted=exchange.how == "eventsource")
        self._cookies(exchange, asked["url"])

    def _act_of(self, exchange: Exchange) -> str | None:
        return None if exchange.noise and exchange.deed is None else self._current_act()

    def _document(self, exchange: Exchange) -> None:
        left, act, form, asked = self.page, self._current_act(), None, self._asked(exchange)
        headers, text, _, final = answer_of(exchange, self.env, ROOTS[0], asked["url"])
        if exchange.how == "form":
            self.ids += 1
            form = f"f{self.ids}"
            self._add(Request, id=form, how="form", act=act, **asked)
        self.at += 60
        self._cookies(exchange, asked["url"])
        self.pages += 1
        self.page = f"P{self.pages}"
        self._add(PageOpened, url=final, title="App")
        self._add(
            Request,
            id="d0",
            method="GET",
            url=final,
            how="document",
            act=act if left else None,
            left=left or None,
            form=form,
        )
        self.at += 5
        # The page itself knows of the headers of its document no more than the type.
        self._add(Response, id="d0", status=exchange.status, headers=tuple(headers[:1]), url=final)
        self._add(Done, id="d0", body=Body(kind="text", text=text or ""))
        self.act = None

    def _socket(self, exchange: Exchange) -> None:
        self.ids += 1
        id, page = f"w{self.ids}", self.page
        self._add(SocketOpened, id=id, url=address(exchange, self.env, ROOTS[0]), act=self._act_of(exchange))
        if any(said.after is not None for said in exchange.messages):
            self.open.append((page, id, exchange, 0))
            return
        for said in exchange.messages:
            if said.deed is not None:
                self._deed(said.deed)
            self._message(page, id, said)
        self.at += 30
        self._add(SocketClosed, page, id=id)

    def _message(self, page: str, id: str, said: Said) -> None:
        self.at += 12
        self.env.now = self.at / 1000
        act = self._current_act() if said.sent else None
        value = render(said.node, self.env)
        text = value if isinstance(value, str) else compact(value)
        self._add(SocketMessage, page, id=id, sent=said.sent, body=Body(kind="text", text=text), act=act)

    def _push(self, number: int) -> None:
        for page, id, exchange, _ in self.open:
            for said in exchange.messages:
                if said.after == number and page == self.page:
                    self.at += 40
                    self._message(page, id, said)


def _digest(value: str) -> str:
    return hashlib.sha256(f"recording {value}".encode()).hexdigest()[:16]

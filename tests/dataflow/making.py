"""Makes a world from a seed: features (a value from one place to another), decoys and noise in one conversation."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

import msgspec

from tests.dataflow import looks
from tests.dataflow.template import Cat, Const, Node, Ref, Rows, cat, html_of
from tests.dataflow.world import Control, Deed, Exchange, Locator, Symbol, World


def percent(text: str) -> str:
    """A text as JavaScript's ``encodeURIComponent`` spells it."""
    return quote(text, safe="!'()*~")


class Doc(msgspec.Struct, kw_only=True):
    """A document of the app in the making: nodes of texts in ``head`` and ``body``."""

    exchange: Exchange
    head: list[Node] = msgspec.field(default_factory=list)
    body: list[Node] = msgspec.field(default_factory=list)


class Making:
    """One world in the making. Exchanges are only ever appended, so that their positions stay."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"world {seed}")
        self.exchanges: list[Exchange] = []
        self.symbols: dict[str, Symbol] = {}
        self.kinds: list[str] = []
        self.secrets: dict[str, str] = {}
        self._nouns = self.rng.sample(looks.NOUNS, len(looks.NOUNS))
        self._things = self.rng.sample(looks.THINGS, len(looks.THINGS))
        self._verbs = 0
        self.docs: list[Doc] = []
        self.doc: Doc
        self._used: set[str] = set()
        self.telling = False
        """Whether the next value that the app gives must show how it is encoded."""
        self.echoed: list[str] = []
        """Typed values that a response has said again."""

    # Values

    def noun(self) -> str:
        """A noun that was not used before."""
        return self._nouns.pop()

    def thing(self) -> str:
        """The name of a thing that was not used before."""
        return self._things.pop()

    def verb(self) -> str:
        """A literal segment of a path that was not used before."""
        words = (
            "save",
            "run",
            "apply",
            "detail",
            "check",
            "send",
            "sync",
            "archive",
            "publish",
            "history",
            "preview",
            "star",
        )
        self._verbs += 1
        return f"{words[self._verbs % len(words)]}" + ("" if self._verbs <= len(words) else f"-{self._verbs}")

    def symbol(self, origin: Any, source: str, recorded: Any, fresh: Any, **fields: Any) -> Symbol:
        """A new symbol."""
        made = Symbol(
            name=f"s{len(self.symbols)}",
            origin=origin,
            source=source,
            recorded=recorded,
            fresh=fresh,
            **fields,
        )
        self.symbols[made.name] = made
        return made

    def received(
        self, source: str, fitting: tuple[str, ...], origin: str = "received", telling: bool = False
    ) -> Symbol:
        """A value that each start of the app has anew, of one of these looks in each. ``telling``: an encoding of the
        recorded value is another text, so that it can be known that it is encoded."""
        rich = tuple(look for look in fitting if look in looks.RICH)
        first = self.rng.choice(rich if telling else fitting)
        numbers = [look for look in fitting if look in looks.NUMBERS]
        same = numbers if first in looks.NUMBERS else [look for look in fitting if look not in looks.NUMBERS]
        while str(recorded := looks.valued(first, self.rng)) in self._used or (
            telling and percent(recorded) == recorded
        ):
            pass
        self._used.add(str(recorded))
        while str(fresh := looks.valued(self.rng.choice(same), self.rng)) in self._used:
            pass
        self._used.add(str(fresh))
        return self.symbol(origin, source, recorded, fresh)

    def typed(self, value: Any = None) -> Symbol:
        """A value that the person types."""
        rng = self.rng
        while value is None or str(value) in self._used:
            value = rng.choice((
                f"{rng.choice(looks.PEOPLE)} {rng.choice(looks.THINGS)}", rng.choice(looks.PEOPLE).lower(),
                f"{rng.choice(looks.PEOPLE)}{rng.randint(1, 99)}@example.org", str(rng.randint(1, 40)),
                looks.valued("alnum", rng), f"{rng.choice(looks.THINGS)} {rng.randint(2, 9)}",
            ))  # fmt: skip
        self._used.add(str(value))
        return self.symbol("typed", "", value, value)

    def other(self, recorded: Any, fresh: Any) -> Ref:
        """A value of a response that no request uses."""
        return Ref(self.symbol("received", "unused", recorded, fresh).name)

    # Exchanges

    def add(self, exchange: Exchange) -> Exchange:
        """Append an exchange."""
        self.exchanges.append(exchange)
        return exchange

    def index(self, exchange: Exchange) -> int:
        """The position of an exchange."""
        return next(n for n, e in enumerate(self.exchanges) if e is exchange)

    def click(self, name: Node = "", near: tuple[Node, ...] = (), controls: tuple[Control, ...] = ()) -> Deed:
        """A click on a button; its name says nothing of any value where none is given."""
        name = name or self.rng.choice(("Go", "Save", "Next", "Continue", "OK", "Refresh", "Load more"))
        return Deed(
            name=name, near=near, controls=controls, role=self.rng.choice(("button", "button", "link"))
        )

    def text_deed(self, label: str, field: str, node: Node, name: str) -> Deed:
        """The person types a text and presses a button."""
        return Deed(name=name, controls=(Control(label=label, field=field, node=node),))

    def open(self, exchange: Exchange) -> Doc:
        """A document that the exchange answers with; the conversation goes on in it."""
        exchange.media = "html"
        self.doc = Doc(exchange=exchange)
        self.docs.append(self.doc)
        return self.doc

    def api(self, noun: str, method: str = "GET", *, verb: str = "", **fields: Any) -> Exchange:
        """A request to an address of its own, made because of a click."""
        path: list[Node] = [self.rng.choice(("api", "v1", "rest")), looks.plural(noun)]
        if verb:
            path.append(verb)
        exchange = Exchange(
            method=method, path=path, how=self.rng.choice(("fetch", "fetch", "xhr")), **fields
        )
        if exchange.deed is None:
            exchange.deed = self.click()
        return self.add(exchange)

    # What answers also hold

    def filler(self) -> dict[str, Node]:
        """Members that a response also has, other in each start."""
        rng = self.rng
        every: dict[str, Callable[[], Node]] = {
            "count": lambda: self.other(rng.randint(3, 30), rng.randint(31, 60)),
            "created": lambda: self.other(f"2026-11-{rng.randint(10, 28)}", f"2026-12-{rng.randint(10, 28)}"),
            "updatedAt": lambda: self.other(
                f"2026-11-{rng.randint(10, 28)}T10:{rng.randint(10, 59)}:07Z", "2026-12-01T08:00:00Z"
            ),
            "status": lambda: self.other(rng.choice(("open", "draft", "active")), "closed"),
            "price": lambda: self.other(round(rng.uniform(1, 99), 2), round(rng.uniform(100, 199), 2)),
            "ok": lambda: True,
            "note": lambda: None,
            "owner": lambda: rng.choice(looks.PEOPLE),
            "tags": lambda: [rng.choice(looks.WORDS), rng.choice(looks.WORDS)],
            "trace": lambda: self.other(looks.valued("hex", rng), looks.valued("hex", rng)),
            "page": lambda: 1,
        }
        chosen = rng.sample(sorted(every), rng.randint(0, 4))
        return {name: every[name]() for name in chosen}

    def shuffled(self, members: dict[str, Node]) -> dict[str, Node]:
        """The members in another order."""
        names = list(members)
        self.rng.shuffle(names)
        return {name: members[name] for name in names}

    def starts(self) -> bool:
        """Whether nothing was done yet since recording started, if it has."""
        return all(exchange.before for exchange in self.exchanges)

    def navigate(self) -> Doc:
        """The person goes to another document of the app, or is still in this one."""
        if self.rng.random() < 0.7:
            return self.doc
        where = f"{self.rng.choice(('shop', 'admin', 'view'))}-{len(self.docs)}"
        exchange = Exchange(path=[where], how="document", optional=True)
        exchange.deed = Deed(name=f"Go to {where}", role="link")
        return self.open(self.add(exchange))

    def plant(self, name: str, recorded: Any, fresh: Any) -> None:
        """Another member of a response so far: a value of the recording that means something else."""
        held = [
            e
            for e in self.exchanges
            if isinstance(e.answer, dict) and e.how in ("fetch", "xhr") and e.media == "json"
        ]
        held = [e for e in held if name not in e.answer and "jsonrpc" not in e.answer]
        if not held:
            read = Exchange(
                path=["api", "state", str(len(self.exchanges))], answer={}, optional=True, noise=True
            )
            read.before, read.pause = self.starts() and self.rng.random() < 0.9, 4000.0
            held = [self.add(read)]
        exchange = self.rng.choice(held)
        exchange.answer = {**exchange.answer, name: self.other(recorded, fresh)}

    def unused_number(self) -> int:
        """A small number that is no value of a link."""
        while str(number := self.rng.randint(2, 300)) in self._used:
            pass
        return number

    def decoy(self) -> dict[str, Node]:
        """A member of a request that equals a value that the app gave, and is not made of it."""
        rng = self.rng
        number = self.unused_number()
        self._used.add(str(number))
        date = f"2026-11-{rng.randint(10, 28)}"
        sent, value, label, given, fresh = rng.choice((
            ("limit", 20, "page size equal to a count", "total", 23),
            ("from", date, "date", "released", "2026-12-03"),
            ("theme", "dark", "word of the page", "appearance", "light"),
            ("lang", "en", "word of the page", "country", "fr"),
            ("mode", "open", "status word", "state", "closed"),
            ("client_version", "1.4.2", "version number", "server", "1.5.0"),
            ("active", True, "boolean", "admin", False),
            ("qty", number, "small number under another name", "id", number + 100),
            ("width", number, "small number under another name", "position", number + 100),
            ("kind", "draft", "enum", "status", "active"),
            ("unit", "kg", "enum", "label", "lb"),
        ))  # fmt: skip
        self.plant(given, value, fresh)
        return {sent: Const(value, label)}

    def rows(self, members: Callable[[str, bool], Node], chosen: str, **fields: Any) -> Rows:
        """A list of things with the chosen one among others. ``members`` makes a row for the name of a thing, and is
        told whether it is the chosen one."""
        others = [self.rng.choice(looks.PEOPLE) + f" {n}" for n in range(self.rng.randint(1, 4))]
        names = [*others]
        at = self.rng.randint(0, len(names))
        names.insert(at, chosen)
        extra = members("New one " + self.rng.choice(looks.PEOPLE), False)
        items = tuple(members(name, name == chosen) for name in names)
        return Rows(items, extra, self.rng.randint(0, at), **fields)

    def world(self, seed: int) -> World:
        """What was made, its documents put together."""
        for doc in self.docs:
            doc.exchange.answer = cat(
                "<!doctype html><html><head><title>App</title>",
                Cat(tuple(doc.head)),
                '</head><body><nav><a href="/">Home</a> <a href="/help">Help</a></nav>',
                Cat(tuple(doc.body)),
                "</body></html>",
            )
        return World(
            seed=seed, exchanges=self.exchanges, symbols=self.symbols, kinds=tuple(self.kinds),
            secrets=self.secrets,
        )  # fmt: skip


def attribute(name: str, node: Node) -> Cat:
    """An attribute of an element."""
    return cat(f' {name}="', html_of(node), '"')


__all__ = ["Const", "Doc", "Locator", "Making", "attribute"]

"""The right workflow of a world, from the world's own knowledge: it proves that the harness is consistent."""

from __future__ import annotations

from typing import Any

import msgspec

from recorder.api import Endpoint
from recorder.session import App, Message
from recorder.workflow import (
    Argument,
    Cookie,
    Digest,
    Expression,
    Generated,
    Item,
    Link,
    Object,
    Output,
    Spelled,
    Step,
    Text,
    Variable,
    VariableRef,
    Workflow,
)
from tests.dataflow.template import Cat, Const, Fn, Keyed, Node, Now, Ref, refs
from tests.dataflow.world import ROOTS, Exchange, Said, World


def oracle(world: World) -> Workflow:
    """A workflow that does the same as the person, on any start of the app."""
    return _Oracle(world).workflow()


class _Oracle:
    def __init__(self, world: World) -> None:
        self.world = world
        self.variables: dict[str, Variable] = {}

    def workflow(self) -> Workflow:
        used = {
            s.locator.exchange
            for e in self.world.exchanges
            for ref in _sent_refs(e)
            if (s := self.world.symbols[ref.symbol]).locator is not None
        }
        pushed = {
            said.after
            for n, e in enumerate(self.world.exchanges)
            for said in e.messages
            if not e.optional or n in used
        }
        steps: list[Step] = []
        for number, exchange in enumerate(self.world.exchanges):
            if not exchange.optional or number in used:
                steps += self._steps(number, exchange)
            steps += self._pushed(number) if number in pushed else []
        app = App(url=ROOTS[0])
        return Workflow(name="oracle", app=app, steps=tuple(steps), variables=tuple(self.variables.values()))

    def _steps(self, number: int, exchange: Exchange) -> list[Step]:
        """A request is one step, a conversation over a WebSocket one for each act of the person."""
        first = self._step(number, exchange)
        if exchange.method != "WS":
            return [first]
        parts: list[list[Said]] = [[]]
        for said in exchange.messages:
            if said.deed is not None:
                parts.append([])
            if said.after is None:
                parts[-1].append(said)
        return [self._turn(first, "" if not n else f"_{n}", part) for n, part in enumerate(parts)]

    def _pushed(self, number: int) -> list[Step]:
        """What comes over open sockets after an exchange."""
        found = []
        for other, exchange in enumerate(self.world.exchanges):
            said = [each for each in exchange.messages if each.after == number]
            if said:
                found.append(self._turn(self._step(other, exchange), "_1", said))
        return found

    def _turn(self, first: Step, suffix: str, said: list[Said]) -> Step:
        messages = tuple(
            Message(
                value=self._of(each.node) if each.sent else None,
                sent=each.sent,
                text=not isinstance(each.node, dict | list | Keyed),
            )
            for each in said
        )
        return msgspec.structs.replace(
            first, id=first.id + suffix, messages=messages, continues=first.id if suffix else "", closes=False
        )

    def _step(self, number: int, exchange: Exchange) -> Step:
        arguments = []
        path = ""
        for n, node in enumerate(exchange.path):
            if isinstance(node, str):
                path += f"/{node}"
            else:
                path += f"/{{p{n}}}"
                arguments.append(Argument(name=f"p{n}", value=self._of(node), location="path"))
        for key, node in exchange.query:
            arguments.append(Argument(name=key, value=self._of(node), location="query"))
        for name, node in exchange.headers:
            arguments.append(Argument(name=name.lower(), value=self._of(node), location="header"))
        for name, node in exchange.script_cookies:
            cookie = Text(pieces=(f"{name}=", self._of(node)))
            arguments.append(Argument(name="cookie", value=cookie, location="header"))
        if exchange.body_kind == "json":
            arguments.append(Argument(value=self._of(exchange.body), location="json"))
        elif exchange.body_kind in ("form", "multipart"):
            for key, node in exchange.body:
                name, spelled = (key, None) if isinstance(key, str) else ("", self._of(key))
                arguments.append(
                    Argument(name=name, key=spelled, value=self._of(node), location=exchange.body_kind)
                )
        elif exchange.body_kind == "text":
            arguments.append(Argument(value=self._of(exchange.body), location="body"))
        outputs = (
            Output(name="body", component="body", value=exchange.answer if exchange.polled else None),
            Output(name="headers", component="headers"),
        )
        return Step(
            id=f"e{number}", name=f"e{number}", endpoint=Endpoint(id=f"e{number}", method=exchange.method, path=path or "/"),
            arguments=tuple(arguments), outputs=outputs, until=("state",) if exchange.polled else None,
            enough=self._enough(number) if exchange.how == "eventsource" else (),
        )  # fmt: skip

    def _enough(self, number: int) -> tuple[Item, ...]:
        """The items of a stream that requests need; of one that no request needs, the first."""
        places = [s.locator for s in self.world.symbols.values() if s.locator is not None]
        found = [place.path[0] for place in places if place.exchange == number and place.path]
        return tuple(self._selector(part) for part in found if isinstance(part, Item)) or (Item(),)

    def _of(self, node: Node) -> Expression:
        match node:
            case Ref():
                return self._symbol(node)
            case Const():
                return node.value
            case Cat():
                return Text(pieces=tuple(map(self._of, node.parts)))
            case Fn(kind="json" | "base64" | "base64url" | "percent" as kind):
                return Spelled(kind=kind, value=self._of(node.node))
            case Fn(kind="sha256url"):
                return Digest(algorithm="sha256", form="base64url", value=self._of(node.node))
            case Fn(kind="md5" | "sha1" | "sha256" as kind):
                return Digest(algorithm=kind, form="hex", value=self._of(node.node))
            case Keyed():
                return Object(members=tuple((self._of(k), self._of(v)) for k, v in node.members))
            case Now():
                return Generated(kind="time", form=node.form)
            case dict():
                return {key: self._of(item) for key, item in node.items()}
            case list():
                return [self._of(item) for item in node]
        return node

    def _symbol(self, ref: Ref) -> Expression:
        symbol = self.world.symbols[ref.symbol]
        if symbol.origin == "typed":
            name = f"typed_{symbol.name}"
            self.variables.setdefault(name, Variable(name=name, value=symbol.recorded))
            return VariableRef(name=name)
        if symbol.origin == "generated":
            if symbol.form == "uuid":
                return Generated(kind="uuid", name=symbol.name)
            alphabet = "abcdefghijklmnopqrstuvwxyz0123456789" if symbol.form == "characters" else ""
            return Generated(
                kind="random",
                name=symbol.name,
                form=symbol.form,
                size=symbol.size,
                alphabet=alphabet,  # type: ignore[arg-type]
            )
        place = symbol.locator
        assert place is not None, f"{symbol} has no place"
        if place.cookie:
            return Cookie(name=place.cookie, decoded=place.decoded)
        path = tuple(self._selector(part) for part in place.path)
        readers = tuple(
            msgspec.structs.replace(reader, path=tuple(self._selector(part) for part in reader.path))
            for reader in place.readers
        )
        output = 1 if place.output == "headers" else 0
        step = f"e{place.exchange}_{place.part}" if place.part else f"e{place.exchange}"
        return Link(step=step, output=output, path=path, readers=readers)

    def _selector(self, part: Any) -> Any:
        if not isinstance(part, Item):
            return part
        return msgspec.structs.replace(
            part,
            fields=tuple((path, self._of(expression)) for path, expression in part.fields),
            after=self._selector(part.after),
            before=self._selector(part.before),
        )


def _sent_refs(exchange: Exchange) -> list[Ref]:
    held = [exchange.path, [list(pair) for pair in exchange.query], [list(pair) for pair in exchange.headers],
            [list(pair) for pair in exchange.body] if exchange.body_kind in ("form", "multipart") else exchange.body,
            [said.node for said in exchange.messages if said.sent], [node for _, node in exchange.cookie_sinks],
            [node for _, node in exchange.script_cookies]]  # fmt: skip
    return list(refs(held))

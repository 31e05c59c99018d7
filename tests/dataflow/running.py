"""Runs a workflow against a fresh start of a world, without a network, and scores what it sends."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from recorder.request import address, as_sent, as_text, evaluated, follow, generated, position
from recorder.session import Message
from recorder.workflow import (
    AppUrl,
    Cookie,
    Expression,
    Generated,
    Link,
    SecretRef,
    Step,
    VariableRef,
    Workflow,
)
from tests.dataflow.decoding import decoded
from tests.dataflow.events import START, answer_of, cookies_of
from tests.dataflow.requests import Sent, split
from tests.dataflow.scoring import MISSING, Score, Scorer, Seen
from tests.dataflow.template import render
from tests.dataflow.world import ROOTS, Exchange, World

NOW = 1_790_000_123.456
"""The moment of the run, in seconds since the epoch."""


class Made(msgspec.Struct, kw_only=True):
    """A request of the program: the exchange that it is, or None, and why a value of it was missing."""

    step: str
    method: str
    url: str
    exchange: int | None = None
    error: str = ""


class Run(msgspec.Struct, kw_only=True):
    """What came of running a workflow."""

    world: World
    made: list[Made] = []
    scores: list[Score] = []
    notes: list[str] = []
    """Why the program does not do the same."""

    @property
    def is_same(self) -> bool:
        """Whether the program made the same requests in the same order, with the right values."""
        return not self.notes and all(score.right for score in self.scores)

    @property
    def noise(self) -> int:
        """How many requests it made that nobody needs."""
        return sum(m.exchange is not None and self.world.exchanges[m.exchange].noise for m in self.made)


class Server:
    """A fresh start of the app of a world: answers requests, and knows which of the conversation each one is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.env = world.env(True, NOW)
        self.served: list[int] = []

    def find(self, sent: Sent) -> int | None:
        """Which exchange of the conversation a request is. One that changes something is the first that was not made
        yet; one that reads is the latest for which all changes before it were made."""
        fitting = [n for n, e in enumerate(self.world.exchanges) if _fits(e, sent)]
        if not fitting:
            return None
        if sent.method not in ("GET", "HEAD"):
            return next((n for n in fitting if n not in self.served), fitting[-1])
        done = set(self.served)
        pending = next(
            (n for n, e in enumerate(self.world.exchanges) if e.changes and not e.optional and n not in done),
            10**9,
        )
        reached = [n for n in fitting if n < pending] or fitting[:1]
        last = max(
            [
                n
                for n, e in enumerate(self.world.exchanges[: reached[-1] + 1])
                if e.changes and not e.optional
            ],
            default=-1,
        )
        same = [n for n in reached if n > last] or reached[-1:]
        return next((n for n in same if n not in done), same[-1])


def _fits(exchange: Exchange, sent: Sent) -> bool:
    if exchange.elsewhere or exchange.method != sent.method or len(exchange.path) != len(sent.path):
        return False
    if any(isinstance(node, str) and node != got for node, got in zip(exchange.path, sent.path, strict=True)):
        return False
    return all(_told(sent, place) == value for place, value in exchange.tell)


def _told(sent: Sent, place: tuple[str, ...]) -> Any:
    where, name = place
    held = (
        sent.body
        if where in ("json", "form", "multipart")
        else sent.query
        if where == "query"
        else sent.headers
    )
    try:
        return held[name] if isinstance(held, dict) else dict(held)[name]
    except (KeyError, TypeError, ValueError):
        return None


class Runner:
    """Runs one workflow once."""

    def __init__(self, world: World, workflow: Workflow, given: dict[str, Any] | None = None) -> None:
        self.world = world
        self.workflow = workflow
        self.server = Server(world)
        self.scorer = Scorer(world, self.server.env, world.env(False, START / 1000))
        self.run_ = Run(world=world)
        self.jar: dict[str, str] = {}
        self.bodies: dict[str, Any] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.steps = {step.id: step for step in workflow.steps}
        self.named: dict[str, Any] = {}
        self.sockets: dict[str, list[int]] = {}
        """By the step that opened it: which exchange it is, and how many of its messages are over."""
        self.said: set[tuple[int, int]] = set()
        self.values = {v.name: v.value for v in workflow.variables} | (given or {})
        self.error = ""

    def run(self) -> Run:
        """All steps in order. What a step lacks is noted, and the run goes on, so that each place counts once."""
        for step in self.workflow.steps:
            self._step(step)
        self._judge()
        return self.run_

    # Values

    def _leaf(self, leaf: Any) -> Any:
        match leaf:
            case VariableRef():
                return evaluated(self.values.get(leaf.name), self._leaf)
            case SecretRef():
                return "".join(self.world_secret(p) if i % 2 else p for i, p in enumerate(leaf.pieces))
            case AppUrl():
                return ROOTS[1]
            case Generated():
                if leaf.name:
                    if leaf.name not in self.named:
                        self.named[leaf.name] = generated(leaf, NOW)
                    return self.named[leaf.name]
                return generated(leaf, NOW)
            case Cookie():
                if leaf.name not in self.jar:
                    return self._lacks(f"no cookie {leaf.name!r}")
                return unquote(self.jar[leaf.name]) if leaf.decoded else self.jar[leaf.name]
            case Link():
                return self._linked(leaf)
        raise TypeError(f"{type(leaf).__name__} has no value here")

    def world_secret(self, name: str) -> str:
        """The value of a secret that the person was asked for: the recorded one."""
        symbol = next((symbol for symbol, known in self.world.secrets.items() if known == name), None)
        return str(self.world.symbols[symbol].recorded) if symbol is not None else ""

    def _linked(self, link: Link) -> Any:
        if link.step not in self.bodies:
            return self._lacks(f"{link.step} was not made")
        step = self.steps[link.step]
        component = step.outputs[link.output].component if link.output < len(step.outputs) else ""
        value = self.headers[link.step] if component == "headers" else self.bodies[link.step]
        try:
            return follow(link, value, self._leaf)
        except (LookupError, TypeError, ValueError) as error:
            return self._lacks(f"{link.step} has no {link.path} {link.readers or ''}: {error}")

    def _lacks(self, why: str) -> str:
        self.error = self.error or why
        return MISSING

    # Requests

    def _seen(self, step: Step) -> tuple[Seen, str]:
        self.error = ""
        real = _sent(step, self._leaf)
        url = address(as_sent(step), ROOTS[1], lambda e: evaluated(e, self._leaf))
        error = self.error
        marked = [_sent(step, _Marks(self, salt)) for salt in ("qa", "qb")]
        self.error = error
        return Seen(real=real, one=marked[0], two=marked[1]), url

    def _step(self, step: Step) -> None:
        for name, value in step.cookies:
            self.jar[name] = as_text(evaluated(value, self._leaf))
        if step.endpoint.method == "WS":
            self._talk(step)
            return
        for _ in range(8):
            seen, url = self._seen(step)
            made = Made(step=step.id, method=step.endpoint.method, url=url, error=self.error)
            self._ask(step, seen, made)
            if step.until is None or _value_at(self.bodies[step.id], step.until) == _value_at(
                step.outputs[0].value if step.outputs else None, step.until
            ):
                break

    def _ask(self, step: Step, seen: Seen, made: Made) -> None:
        self.run_.made.append(made)
        number = self.server.find(seen.real) if seen.real.origin == ROOTS[1] else None
        made.exchange = number
        if number is None:
            self.bodies[step.id], self.headers[step.id] = None, {}
            return
        self._score(number, seen)
        exchange = self.world.exchanges[number]
        headers, text, chunks, final = answer_of(exchange, self.server.env, ROOTS[1], made.url)
        self.jar.update(cookies_of(exchange, self.server.env))
        body = decoded(exchange.method, made.url, exchange.status, headers, text, chunks, final)
        if isinstance(body, list) and chunks:
            body = self._until_enough(step, body, exchange.how == "eventsource")
        self.bodies[step.id] = body
        self.headers[step.id] = {name.lower(): value for name, value in headers} | {"url": final}

    def _until_enough(self, step: Step, items: list[Any], endless: bool) -> list[Any]:
        """The items of a stream that a program reads."""
        if step.enough:
            for count in range(1, len(items) + 1):
                try:
                    if all(position(items[:count], item, self._leaf) >= 0 for item in step.enough):
                        return items[:count]
                except LookupError:
                    continue
        elif step.cancel_after is not None:
            return items[: step.cancel_after]
        if endless:
            self.run_.notes.append(f"{step.id} waits for a stream without an end")
        return items

    def _score(self, number: int, seen: Seen) -> None:
        is_first = number not in self.server.served
        self.server.served.append(number)
        exchange = self.world.exchanges[number]
        if not is_first:
            return
        self.run_.scores += self.scorer.scores(number, seen)
        given = dict(
            pair.strip().split("=", 1)
            for pair in seen.real.headers.get("cookie", "").split(";")
            if "=" in pair
        )
        for name, node in (*exchange.cookie_sinks, *exchange.script_cookies):
            got = given.get(name, self.jar.get(name, MISSING))
            self.run_.scores.append(self.scorer.cookie(number, name, node, got))

    def _talk(self, step: Step) -> None:
        """The messages of a step over a WebSocket. The app's come in their order, each once its cause was."""
        if not step.continues:
            seen, url = self._seen(step)
            made = Made(step=step.id, method="WS", url=url, error=self.error)
            self.run_.made.append(made)
            made.exchange = self.server.find(seen.real)
            if made.exchange is not None:
                self._score(made.exchange, seen)
                self.sockets[step.id] = [made.exchange, 0]
        opened = self.sockets.get(step.continues or step.id)
        heard: list[Any] = []
        self.bodies[step.id], self.headers[step.id] = heard, {}
        if opened is None:
            return
        for message in step.messages:
            why = self._send(step, opened, message) if message.sent else self._hear(opened, heard, message)
            if why:
                self.run_.notes.append(f"{step.id} stops: {why}")
                return

    def _send(self, step: Step, opened: list[int], message: Message) -> str:
        self.error = ""
        values = [
            evaluated(message.value, leaf) for leaf in (self._leaf, _Marks(self, "qa"), _Marks(self, "qb"))
        ]
        if self.error:
            self.run_.notes.append(f"{step.id} stops: {self.error}")
        number, place = opened
        script = self.world.exchanges[number].messages
        while place < len(script) and not script[place].sent:
            place += 1
        if place == len(script):
            return "it sends a message that nobody sent"
        opened[1] = place + 1
        self.said.add((number, place))
        self.run_.scores += self.scorer.message(
            number, place, script[place].node, [_parsed(v) for v in values]
        )
        return ""

    def _hear(self, opened: list[int], heard: list[Any], message: Message) -> str:
        number, place = opened
        script = self.world.exchanges[number].messages
        if place == len(script) or script[place].sent:
            return "it waits for a message that does not come"
        after = script[place].after
        if after is not None and after not in self.server.served:
            return "it waits for a message whose cause was not made"
        opened[1] = place + 1
        heard.append(render(script[place].node, self.server.env))
        return ""

    def _judge(self) -> None:
        served = self.server.served
        for number, exchange in enumerate(self.world.exchanges):
            if exchange.optional or number in served:
                continue
            self.run_.notes.append(f"{exchange.method} of exchange {number} was not made")
            self.run_.scores += self.scorer.scores(number, None)
            for name, node in (*exchange.cookie_sinks, *exchange.script_cookies):
                self.run_.scores.append(self.scorer.cookie(number, name, node, MISSING))
        for number, exchange in enumerate(self.world.exchanges):
            for place, said in enumerate(exchange.messages):
                if said.sent and (number, place) not in self.said:
                    self.run_.notes.append(f"message {place} of exchange {number} was not sent")
                    self.run_.scores += self.scorer.message(number, place, said.node, [MISSING] * 3)
        self.scorer.settle()
        for made in self.run_.made:
            if made.exchange is None:
                self.run_.notes.append(f"{made.step} is no request of the app: {made.method} {made.url}")
            if made.error:
                self.run_.notes.append(f"{made.step} stops: {made.error}")
        changes = [n for n in served if self.world.exchanges[n].changes]
        if len(changes) != len(set(changes)):
            self.run_.notes.append("something was changed twice")
        wanted = [n for n in served if not self.world.exchanges[n].optional]
        firsts = list(dict.fromkeys(wanted))
        if firsts != sorted(firsts):
            self.run_.notes.append("the order is another")


class _Marks:
    """Evaluates leaves with a text of its own for each that is computed."""

    def __init__(self, runner: Runner, salt: str) -> None:
        self._runner = runner
        self._salt = salt

    def __call__(self, leaf: Any) -> Any:
        if isinstance(leaf, Link | Cookie | Generated):
            return f"{self._salt}mark"
        return self._runner._leaf(leaf)


def _sent(step: Step, leaf: Any) -> Sent:
    """The request of a step as it goes over the wire."""

    def value(expression: Expression) -> Any:
        return evaluated(expression, leaf)

    asked = as_sent(step)
    origin, path, query = split(address(asked, ROOTS[1], value))
    headers = {name.lower(): as_text(value(given)) for name, given in asked.headers}
    kind: Any = asked.media
    body: Any = None
    if asked.media == "json":
        body = json.loads(json.dumps(value(asked.body)))
    elif asked.media in ("form", "multipart"):
        body = []
        for name, given in asked.body:
            got = value(given)
            body += [
                (as_text(value(name)), as_text(each)) for each in (got if isinstance(got, list) else [got])
            ]
    elif asked.media == "body":
        kind, body = _read(as_text(value(asked.body)), headers.get("content-type", ""))
    return Sent(
        method=asked.method, origin=origin, path=path, query=query, headers=headers, kind=kind, body=body
    )


def _read(text: str, content_type: str) -> tuple[str, Any]:
    """What a server reads of a body."""
    if "json" in content_type:
        try:
            return "json", json.loads(text)
        except ValueError:
            return "text", text
    if "x-www-form-urlencoded" in content_type:
        return "form", parse_qsl(text, keep_blank_values=True)
    return "text", text


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _value_at(value: Any, path: Any) -> Any:
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


def run(world: World, workflow: Workflow, given: dict[str, Any] | None = None) -> Run:
    """Run a workflow against a fresh start of a world; ``given`` are values of its variables."""
    return Runner(world, workflow, given).run()

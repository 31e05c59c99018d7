"""One world in words: the conversation, what each place must hold, and what the workflow sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recorder.workflow import Workflow
from tests.dataflow.events import START, answer_of
from tests.dataflow.requests import address, wire
from tests.dataflow.running import NOW, Run
from tests.dataflow.template import render, text_of
from tests.dataflow.world import ROOTS, Locator, World


def shown(world: World, workflow: Workflow, done: Run) -> str:
    """The report of one world."""
    return "\n".join(_lines(world, workflow, done))


def _lines(world: World, workflow: Workflow, done: Run) -> Iterator[str]:
    recorded, fresh = world.env(False, START / 1000), world.env(True, NOW)
    fresh.values.update({s.name: "(generated)" for s in world.symbols.values() if s.name not in fresh.values})
    yield f"SEED {world.seed}: {', '.join(world.kinds)}"
    yield ""
    yield "RECORDED"
    for number, exchange in enumerate(world.exchanges):
        recorded.now = exchange.at / 1000
        marks = [name for name in ("before", "optional", "noise", "chained") if getattr(exchange, name)]
        if exchange.deed is not None:
            deed = exchange.deed
            controls = [f"{c.label}={text_of(render(c.node, recorded))!r}" for c in deed.controls]
            near = [text_of(render(n, recorded)) for n in deed.near]
            yield f"    person: {', '.join(controls)} {deed.kind} {text_of(render(deed.name, recorded))!r} near {near}"
        _, body = wire(exchange, recorded)
        headers = " ".join(f"{n}: {text_of(render(v, recorded))}" for n, v in exchange.headers)
        yield f"{number:3} {exchange.method} {address(exchange, recorded, '')} {headers} {exchange.how} {' '.join(marks)}"
        if body is not None:
            yield f"      sends {_cut(str(body))}"
        for said in exchange.messages:
            yield f"      {'->' if said.sent else '<-'} {_cut(text_of(render(said.node, recorded)))}"
        given, text, chunks, final = answer_of(exchange, recorded, "", "")
        told = " ".join(f"{n}: {v}" for n, v in given[1:])
        cookies = " ".join(f"cookie {n}={text_of(render(v, recorded))}" for n, v, _ in exchange.cookies)
        yield f"      {exchange.status} {final if exchange.final is not None else ''} {told} {cookies} {_cut(text or ''.join(chunks), 700)}"
    yield ""
    yield "VALUES"
    for symbol in world.symbols.values():
        if symbol.source != "unused":
            where = f" at {_place(symbol.locator)}" if symbol.locator is not None else ""
            yield f"  {symbol.origin} {symbol.source}: {symbol.recorded!r} -> {symbol.fresh!r}{where}"
    yield ""
    yield "WORKFLOW"
    for step in workflow.steps:
        yield f"  {step.id} {step.endpoint.method} {step.endpoint.path}{' set-up' if step.setup else ''}"
        for argument in step.arguments:
            key = f"{argument.key}" if argument.key is not None else argument.name
            yield f"      {argument.location} {key} = {_cut(str(argument.value), 500)}"
        for message in step.messages:
            yield f"      {'->' if message.sent else '<-'} {_cut(str(message.value), 300)}"
    for variable in workflow.variables:
        yield f"  argument {variable.name} = {variable.value!r} ({variable.label})"
    yield ""
    yield "SENT"
    for made in done.made:
        yield f"  {made.step} {made.method} {made.url} is {made.exchange} {made.error}"
    for score in done.scores:
        if not score.right or score.is_link:
            mark = "ok   " if score.right else "WRONG"
            yield (
                f"  {mark} exchange {score.exchange} {'.'.join(map(str, score.place))} ({score.origin} {score.source}): "
                f"sent {_cut(repr(score.got))}, right {_cut(repr(score.want))}, recorded {_cut(repr(score.recorded))}"
            )
    yield from (f"  NOTE {note}" for note in done.notes)
    yield f"{'THE SAME' if done.is_same else 'NOT THE SAME'}"


def _place(place: Locator) -> str:
    if place.cookie:
        return f"cookie {place.cookie}"
    readers = "".join(f" {r.kind}{r.path}" for r in place.readers)
    return f"exchange {place.exchange} {place.output} {place.path}{readers}"


def _cut(text: Any, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


_ = ROOTS

"""How long a recording takes to become a workflow and a script, and how that grows with it."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from recorder.adapters import new_fold, workflow
from recorder.render import render
from recorder.show import overview
from tests import gradio_page, http_page
from tests.benchmarks.measured import Points, Row, exponent, under

SIZES = (1_000, 3_000, 10_000)
ROUNDS = 3


def gradio(count: int) -> Any:
    """The events of a page on which a text was sent so often, and its answer sent on."""
    component, dependency = gradio_page.component, gradio_page.dependency
    fields = [
        component(1, "textbox", label="in"),
        component(2, "textbox", label="out"),
        component(4, "textbox", label="loud"),
    ]
    page = gradio_page.Page(
        fields, [dependency(0, [[3, "click"]], [1], [2]), dependency(1, [[5, "click"]], [2], [4])]
    )
    for number in range(count // 2):
        page.complete(page.join(0, [f"text {number}"], trigger=3, act=page.act()), [f"out {number}"])
        page.complete(page.join(1, [f"out {number}"], trigger=5, act=page.act()), [f"OUT {number}"])
    return page.events


def http(count: int, leaves: int = 3) -> Any:
    """The events of a page that makes things, and asks for each by the id that it got."""
    page = http_page.Page()
    for number in range(count // 2):
        page.act()
        id = f"{number:08x}-id"
        more = {f"field{n}": f"value {n} of {number}" for n in range(leaves - 3)}
        page.ask(
            "POST",
            "/things",
            sent={"text": f"thing {number}"},
            give={"id": id, "tags": [f"t{number}", number], **more},
        )
        page.act()
        page.ask("GET", f"/things/{id}", give={"id": id, "text": f"thing {number}", **more})
    return page.events


def folded(events: Any) -> None:
    """From events to a workflow with its links."""
    fold = new_fold()
    for event in events:
        fold.feed(event)
    workflow(fold.session())


def made(events: Any) -> None:
    """From events to what a person sees of them, and a script."""
    fold = new_fold()
    for event in events:
        fold.feed(event)
    session = fold.session()
    flow = workflow(session)
    overview(session, flow)
    render(flow, "python")


WORKS: dict[str, tuple[Callable[[int], Any], Callable[[Any], None]]] = {
    "calls of Gradio to a script": (gradio, made),
    "calls over HTTP to a script": (http, made),
    "fold and link calls of 100 leaves": (lambda count: http(count, 100), folded),
}


def _once(work: str, size: int) -> tuple[float, int]:
    """Its seconds, and the bytes that this process had in memory at most beyond its events."""
    build, do = WORKS[work]
    events = build(size)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    do(events)
    taken = time.perf_counter() - began
    return taken, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def rows(points: Points) -> list[Row]:
    """One for each work at its largest, with how it grows. Each is done in a process of its own."""
    found = []
    for work in WORKS:
        for size in SIZES:
            with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                ran = [pool.apply(_once, (work, size)) for _ in range(ROUNDS)]
            taken = [seconds for seconds, _ in ran]
            points.setdefault(work, []).append((size, statistics.median(taken)))
        power = exponent(points[work])
        peak = max(each for _, each in ran)
        note = f"grows as the {power:.2f}th power, {peak / 1e6:.0f} MB more than making the events took"
        row = under(f"{size:,} {work}", taken, 3, note=note)
        # Ten times the work in under eleven times the time.
        wanted = "under 3 s and 500 MB, at most as the 1.04th power"
        met = bool(row.met) and peak < 500e6 and power < 1.0414
        found.append(Row(work=row.work, ours=taken, wanted=wanted, met=met, note=note))
    return found

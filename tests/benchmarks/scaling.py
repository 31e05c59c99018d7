"""How long a session takes to become a workflow and a script, and how that grows with it."""

from __future__ import annotations

import functools
import math
import resource
from typing import Any

from recorder.adapters import new_fold, workflow
from recorder.render import render
from recorder.show import overview
from tests import gradio_page, http_page
from tests.benchmarks.measured import Row, seconds

SIZES = (1_000, 3_000, 10_000)


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


def http(count: int) -> Any:
    """The events of a page that makes things, and asks for each by the id that it got."""
    page = http_page.Page()
    for number in range(count // 2):
        page.act()
        id = f"{number:08x}-id"
        page.ask(
            "POST",
            "/things",
            sent={"text": f"thing {number}"},
            give={"id": id, "tags": [f"t{number}", number]},
        )
        page.act()
        page.ask("GET", f"/things/{id}", give={"id": id, "text": f"thing {number}"})
    return page.events


def made(events: Any) -> None:
    """From events to a script."""
    fold = new_fold()
    for event in events:
        fold.feed(event)
    session = fold.session()
    flow = workflow(session)
    overview(session, flow)
    render(flow, "python")


def rows() -> list[Row]:
    """One for each kind of app and size; the exponent is fitted over the sizes."""
    found = []
    for name, build in (("Gradio", gradio), ("HTTP", http)):
        medians = []
        for size in SIZES:
            events = build(size)
            taken = [seconds(functools.partial(made, events)) for _ in range(3)]
            medians.append((size, min(taken)))
            found.append(
                Row(work=f"{size:,} events' worth of calls to a script, {name}", against="–", ours=taken)
            )
        (small, first), (large, last) = medians[0], medians[-1]
        exponent = math.log(last / first) / math.log(large / small)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        note = f"grows as the {exponent:.2f}th power; peak memory {peak:.0f} MB"
        wanted = "under 3 s, 500 MB, ten times the work in under eleven times the time"
        found[-1] = Row(work=found[-1].work, against="–", ours=found[-1].ours, wanted=wanted, note=note)
    return found

"""Doing a recording again on a real Gradio app, beside the public client and beside the bare protocol."""

from __future__ import annotations

import asyncio
import concurrent.futures
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from gradio_client import Client

from e2e.apps import GradioApp, gradio_python
from e2e.recording import Recording, told
from recorder.replay.run import Settings, replay
from tests.benchmarks.measured import Points, Row, times

APP = """
import gradio as gr
with gr.Blocks() as demo:
    text, out = gr.Textbox(), gr.Textbox()
    text.submit(lambda text: text.upper(), text, out, api_name="shout", concurrency_limit=None)
demo.queue(default_concurrency_limit=None).launch()
"""
CALLS, ROUNDS, AT_ONCE = 50, 7, 50
SIZES = (10, 50, 250)


def recording(app: GradioApp, calls: int) -> Recording:
    """So many calls that do not depend on one another."""
    made = Recording(app)
    for number in range(calls):
        made.add("shout", f"text {number}", gives=[f"TEXT {number}"])
    return made


async def ours(app: GradioApp, parallel: int, calls: int = CALLS) -> float:
    """Seconds for all of them."""
    workflow = recording(app, calls).workflow
    began = time.perf_counter()
    report = await replay(workflow, files=Path(), settings=Settings(parallel=parallel))
    taken = time.perf_counter() - began
    assert report.ok, told(report)
    return taken


async def bare(app: GradioApp) -> float:
    """The same over `/call`, with nothing checked."""
    async with aiohttp.ClientSession() as client:
        began = time.perf_counter()
        for number in range(CALLS):
            url = f"{app.url}/gradio_api/call/shout"
            async with client.post(url, json={"data": [f"text {number}"]}) as answer:
                id = (await answer.json())["event_id"]
            async with client.get(f"{url}/{id}") as answer:
                assert f"TEXT {number}" in await answer.text()
        return time.perf_counter() - began


def at_once(client: Client) -> float | None:
    """Seconds for all of them by `submit`; None where the client took one for cancelled, as it does now and then: the
    server ends the stream that they share when it has nothing to say, and a call that was just made goes with it."""
    began = time.perf_counter()
    jobs = [client.submit(f"text {number}", api_name="/shout") for number in range(CALLS)]
    try:
        assert [job.result() for job in jobs] == [f"TEXT {number}" for number in range(CALLS)]
    except concurrent.futures.CancelledError:
        return None
    return time.perf_counter() - began


def rows(points: Points) -> list[Row]:
    """All of them; how it grows goes into ``points``."""
    with tempfile.TemporaryDirectory() as folder:
        app = GradioApp(gradio_python("6"), APP, Path(folder))
        try:
            client = Client(app.url, verbose=False)
            taken: dict[str, list[float]] = {}
            lost = 0
            for _ in range(ROUNDS):
                taken.setdefault("ours", []).append(asyncio.run(ours(app, 1)) / CALLS)
                taken.setdefault("bare", []).append(asyncio.run(bare(app)) / CALLS)
                began = time.perf_counter()
                for number in range(10):
                    assert client.predict(f"text {number}", api_name="/shout") == f"TEXT {number}"
                taken.setdefault("predict", []).append((time.perf_counter() - began) / 10)
                taken.setdefault("parallel", []).append(asyncio.run(ours(app, AT_ONCE)))
                while (submitted := at_once(client)) is None:
                    lost += 1
                taken.setdefault("submit", []).append(submitted)
            for name, parallel in (("calls replayed", 1), ("calls replayed, 50 at once", AT_ONCE)):
                points[name] = [
                    (size, statistics.median(asyncio.run(ours(app, parallel, size)) for _ in range(3)))
                    for size in SIZES
                ]
        finally:
            app.stop()
    work = "`replay` of a trivial Gradio function, a call"
    note = f"{lost} more rounds of `submit` lost a call" if lost else ""
    return [
        times(work, "`gradio_client.predict`", taken["ours"], taken["predict"], 6),
        times(work, "`/call`, by hand", taken["ours"], taken["bare"], 0.85),
        times(
            f"`replay --parallel` of {CALLS} calls",
            f"{CALLS} `submit`",
            taken["parallel"],
            taken["submit"],
            4,
            note=note,
        ),
    ]

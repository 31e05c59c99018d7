"""Replays side by side, on a real app: as fast as the longest path allows, and no order broken that matters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.recording import Recording, link, told
from recorder.replay.run import Settings

APP = """
import json, os, threading, time
import gradio as gr

lock, running, most = threading.Lock(), 0, 0

def told(what, *values):
    with lock, open("order.jsonl", "a") as file:
        file.write(json.dumps([what, *values]) + "\\n")

def slow(n):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    told("begin", f"slow {n:g}")
    time.sleep(0.3)
    with lock:
        running -= 1
    told("end", f"slow {n:g}")
    return n * 2

def then(n):
    told("begin", f"then {n:g}")
    time.sleep(0.1)
    told("end", f"then {n:g}")
    return n + 1

def push(n, state):
    told("push", n)
    state = [*(state or []), n]
    return ", ".join(f"{x:g}" for x in state), state

def endless(n):
    told("begin", "endless")
    try:
        while True:
            n += 1
            yield n
            time.sleep(0.02)
    finally:
        told("end", "endless")

def most_at_once(): return most

with gr.Blocks() as demo:
    number, result, words, state = gr.Number(label="N"), gr.Number(label="R"), gr.Textbox(label="W"), gr.State([])
    for fn, inputs, outputs in (
        (slow, number, result), (then, number, result), (push, [number, state], [words, state]),
        (endless, number, result), (most_at_once, None, result),
    ):
        gr.Button(fn.__name__).click(fn, inputs, outputs, api_name=fn.__name__, concurrency_limit=None)
demo.queue().launch(max_threads=60)
"""


@pytest.fixture(scope="module", params=["6", "4"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    try:
        app = GradioApp(gradio_python(request.param), APP, tmp_path_factory.mktemp("parallel"))
    except NotStarted as error:
        pytest.skip(str(error))
    yield app
    app.stop()


def order(app: GradioApp) -> list[list[object]]:
    path = app.folder / "order.jsonl"
    lines = path.read_text().splitlines()
    path.unlink()
    return [json.loads(line) for line in lines]


async def test_what_is_independent_runs_at_once_and_what_is_linked_in_order(app: GradioApp) -> None:
    recording = Recording(app)
    independent = [recording.add("slow", n, gives=[n * 2]) for n in range(20)]
    last = independent[0]
    for number in range(5):
        last = recording.add("then", link(last), gives=[number + 1])
    report = await recording.replay(settings=Settings(parallel=25))
    assert report.ok, told(report)
    seen = order(app)
    begun = [what for verb, what in seen if verb == "begin"]
    ended = [what for verb, what in seen if verb == "end"]
    assert len(set(begun)) == 25
    chain = ["slow 0", *(f"then {n}" for n in range(5))]
    for before, after in pairwise(chain):
        assert seen.index(["end", before]) < seen.index(["begin", after])
    # All slow ones had begun before the first of them was over.
    assert [what for what in begun[:20] if what.startswith("slow")] == begun[:20]
    assert seen.index(["end", ended[0]]) >= 20
    assert report.longest < sum(step.seconds for step in report.steps) / 2
    assert f"the longest path took {report.longest:.1f} s" in report.summary()


async def test_no_more_calls_are_made_at_once_than_allowed(app: GradioApp) -> None:
    app.restart()
    recording = Recording(app)
    for n in range(6):
        recording.add("slow", n, gives=[n * 2])
    report = await recording.replay(settings=Settings(parallel=2))
    assert report.ok, told(report)
    order(app)
    asking = Recording(app)
    asking.add("most_at_once", gives=[2])
    report = await asking.replay()
    assert report.ok, told(report)


async def test_what_shares_a_state_keeps_its_order(app: GradioApp) -> None:
    recording = Recording(app)
    so_far = ""
    for n in range(8):
        so_far = f"{so_far}, {n}" if so_far else "0"
        recording.add("push", n, None, gives=[so_far, None])
        recording.add("slow", n, gives=[n * 2])
    report = await recording.replay(settings=Settings(parallel=16))
    assert report.ok, told(report)
    assert [n for verb, n in order(app) if verb == "push"] == list(range(8))


async def test_a_cancelled_call_begins_after_what_came_before_it_and_ends_before_what_came_after(
    app: GradioApp,
) -> None:
    recording = Recording(app)
    for n in range(3):
        recording.add("slow", n, gives=[n * 2])
    recording.add("endless", 0, gives=[0], expect="cancelled", cancel_after=3)
    for n in range(3, 6):
        recording.add("slow", n, gives=[n * 2])
    report = await recording.replay(settings=Settings(parallel=10))
    assert report.ok, told(report)
    seen = order(app)
    begins = seen.index(["begin", "endless"])
    assert all(seen.index(["end", f"slow {n}"]) < begins for n in range(3))
    assert all(seen.index(["begin", f"slow {n}"]) > begins for n in range(3, 6))


async def test_rows_run_side_by_side_each_on_a_page_of_its_own(app: GradioApp) -> None:
    recording = Recording(app)
    value = recording.variable("n", 1)
    recording.add("push", value, None, gives=["1", None])
    recording.add("push", value, None, gives=["1, 1", None])
    reports = await recording.replay_runs(*({"n": str(n)} for n in (1, 2, 3)), settings=Settings(parallel=6))
    assert reports.ok, told(reports)
    words = [[step.outputs[0].value for step in run.steps] for run in reports.runs]
    assert words == [["1", "1, 1"], ["2", "2, 2"], ["3", "3, 3"]]
    # What was set is not compared, and said to be so.
    assert [step.not_compared for step in reports.runs[0].steps] == ["", ""]
    assert "n was set" in reports.runs[1].steps[0].not_compared
    assert sorted(n for _, n in order(app)) == [1, 1, 2, 2, 3, 3]


async def test_a_step_waits_for_those_that_the_person_names(app: GradioApp) -> None:
    recording = Recording(app)
    first = recording.add("slow", 1, gives=[2])
    recording.add("slow", 2, gives=[4], after=(first.id,))
    report = await recording.replay(settings=Settings(parallel=4))
    assert report.ok, told(report)
    assert order(app) == [["begin", "slow 1"], ["end", "slow 1"], ["begin", "slow 2"], ["end", "slow 2"]]


async def test_at_the_recorded_pace_no_step_begins_earlier_than_it_did(app: GradioApp) -> None:
    recording = Recording(app)
    for n in range(3):
        recording.add("most_at_once", started=1000.0 + 400 * n)
    report = await recording.replay(settings=Settings(pace="recorded"))
    assert [round(step.began / 0.4) for step in report.steps] == [0, 1, 2]
    assert all(step.began >= 0.4 * n for n, step in enumerate(report.steps))


async def test_a_run_that_takes_too_long_ends_with_a_report_of_what_was_done(app: GradioApp) -> None:
    recording = Recording(app)
    recording.add("slow", 1, gives=[2])
    recording.add("endless", 1)
    recording.add("slow", 2)
    report = await recording.replay(settings=Settings(run_timeout=1.0))
    assert [step.status for step in report.steps] == ["ok", "stopped", "waiting"]
    assert report.sentences()[-1] == "stopped after 1 s with 2 of 3 steps not done"
    assert not report.ok
    # The app is told, and does not go on for nobody.
    assert ["begin", "endless"] in order(app)

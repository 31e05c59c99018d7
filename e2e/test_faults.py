"""What a replay does when an app is busy, restarts, forgets the login or is cut off: real apps, and where one
cannot fail on demand, a server in front of it that does."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.recording import Recording, told
from recorder.replay.report import StepReport
from recorder.replay.run import Settings, replay

APP = """
import time
import gradio as gr
from calllog import logged

@logged
def slow(n):
    time.sleep(0.3)
    return n * 2

@logged
def quick(n): return n + 1

with gr.Blocks() as demo:
    number, result = gr.Number(label="N"), gr.Number(label="R")
    gr.Button("slow").click(slow, number, result, api_name="slow")
    gr.Button("quick").click(quick, number, result, api_name="quick")
demo.queue(max_size=1).launch(auth=AUTH)
"""


def started(line: str, folder: Path, auth: str = "None") -> GradioApp:
    try:
        return GradioApp(gradio_python(line), APP.replace("AUTH", auth), folder)
    except NotStarted as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["6", "4"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    app = started(request.param, tmp_path_factory.mktemp("faults"))
    yield app
    app.stop()


async def test_a_full_queue_is_asked_again_and_said_so(app: GradioApp) -> None:
    recording = Recording(app)
    for n in range(4):
        recording.add("slow", n, gives=[n * 2])
    before = len(app.log)
    report = await recording.replay(settings=Settings(parallel=4, retries=8))
    assert report.ok, told(report)
    assert [
        note for note in report.notes() if "the app took nothing (" in note and "asked again after" in note
    ]
    # Each was carried out once, however often it was asked.
    assert sorted(entry["inputs"] for entry in app.wait_for_log(before + 4)[before:]) == [[0], [1], [2], [3]]


async def test_a_queue_that_stays_full_is_not_asked_for_ever(app: GradioApp) -> None:
    recording = Recording(app)
    for n in range(4):
        recording.add("slow", n, gives=[n * 2])
    report = await recording.replay(settings=Settings(parallel=4, retries=0))
    assert not report.ok
    assert any("failed: " in sentence for sentence in report.sentences())


async def test_an_app_that_is_starting_again_is_waited_for(app: GradioApp) -> None:
    recording = Recording(app)
    recording.add("quick", 1, gives=[2])
    recording.add("quick", 2, gives=[3])
    restarted = threading.Thread(target=app.restart)

    def on_progress(step: StepReport) -> None:
        if step.id == "c1" and step.over:
            app.stop()
            restarted.start()

    report = await recording.replay(on_progress=on_progress, settings=Settings(retries=12))
    restarted.join()
    assert report.ok, told(report)
    assert any("the app could not be reached (nothing listens there)" in note for note in report.notes())


async def test_a_login_that_has_expired_is_made_anew(app: GradioApp, tmp_path: Path) -> None:
    recording = Recording(app)
    recording.add("quick", 1, gives=[2])
    recording.add("quick", 2, gives=[3])
    line = recording.description.version[0]
    private = started(line, tmp_path / "private", "('ann', 'pass word')")
    try:
        flow = recording.workflow
        flow = msgspec.structs.replace(
            flow, app=msgspec.structs.replace(flow.app, url=private.url, auth=True)
        )

        def on_progress(step: StepReport) -> None:
            # A fresh start knows nobody.
            if step.id == "c1" and step.over:
                private.restart()

        login = {"RECORDER_USERNAME": "ann", "RECORDER_PASSWORD": "pass word"}
        report = await replay(flow, files=tmp_path, environment=login, on_progress=on_progress)
        assert report.ok, told(report)
        assert report.notes() == ["c2 /quick: the login had expired, so that it was made anew"]
    finally:
        private.stop()


@asynccontextmanager
async def in_front(
    app: GradioApp, fault: Callable[[web.Request], web.Response | str | None]
) -> AsyncIterator[str]:
    """A server before the app; ``fault`` gives what to answer in its place, ``cut`` to break off its answer, or
    nothing."""

    async def handle(request: web.Request) -> web.StreamResponse:
        found = fault(request)
        if isinstance(found, web.Response):
            return found
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "accept-encoding")}
        url = app.url + request.path_qs
        async with client.request(request.method, url, data=await request.read(), headers=headers) as answer:
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
                if found == "cut" and b"process_starts" in chunk:
                    assert request.transport is not None
                    request.transport.abort()
                    return response
            return response

    server = web.Application(client_max_size=1 << 30)
    server.router.add_route("*", "/{path:.*}", handle)
    async with aiohttp.ClientSession() as client:
        runner = web.AppRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
        await runner.cleanup()


def once(
    method: str, path: str, answer: web.Response | str
) -> Callable[[web.Request], web.Response | str | None]:
    """``answer`` to the first such request."""
    left = [answer]

    def fault(request: web.Request) -> web.Response | str | None:
        return left.pop() if left and request.method == method and path in request.path else None

    return fault


async def test_what_a_busy_server_did_not_take_is_asked_again_when_it_says(app: GradioApp) -> None:
    recording = Recording(app)
    recording.add("quick", 1, gives=[2])
    busy = web.Response(status=503, headers={"Retry-After": "0.1"})
    async with in_front(app, once("POST", "/queue/join", busy)) as url:
        report = await recording.replay(url=url)
    assert report.ok, told(report)
    assert report.notes() == [
        "c1 /quick: the app took nothing (HTTP 503), so that it was asked again after 0.1 s"
    ]


async def test_what_may_have_been_carried_out_is_not_asked_again(app: GradioApp) -> None:
    recording = Recording(app)
    recording.add("quick", 1, gives=[2])
    before = len(app.log)
    async with in_front(app, once("POST", "/queue/join", web.Response(status=502))) as url:
        report = await recording.replay(url=url)
    assert report.sentences() == [
        "c1 /quick: failed: HTTP 502; whether the app carried it out is not known, so that it is not repeated"
    ]
    assert len(app.log) == before


async def test_a_stream_that_breaks_in_the_middle_of_a_call_ends_it_clearly(app: GradioApp) -> None:
    recording = Recording(app)
    recording.add("slow", 1, gives=[2])
    recording.add("quick", 1, gives=[2])
    async with in_front(app, once("GET", "/queue/data", "cut")) as url:
        report = await recording.replay(url=url)
    assert [step.status for step in report.steps] == ["failed", "ok"]
    assert "whether the app carried it out is not known, so that it is not repeated" in report.sentences()[0]

"""Much at once, for long, and large: nothing is lost, and memory stays where it was. Figures are told, not judged, but
for those that say that something grows without bound."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from conftest import MANY
from recorder import session as sessions
from recorder.adapters import new_fold
from recorder.capture import journal as journals
from tests.benchmarks.scaling import gradio
from tests.reliability.running import Recorder, a_recorder, app, ended, missing, pages
from tests.serving import upstream

MB = 2**20
FILE = 2048 * MB if MANY else 96 * MB
"""Bytes of what is sent up and down."""


def memory(recorder: Recorder, what: str = "VmRSS") -> int:
    """Bytes that the recorder has, or has had at most (``VmHWM``)."""
    lines = Path(f"/proc/{recorder.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


async def test_a_thousand_calls_a_second_from_fifty_pages_are_all_kept(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    seconds, rate = (60, 1000) if MANY else (2, 200)
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder, pages(recorder, 50) as opened:
        before, began = memory(recorder), time.monotonic()
        made = 0
        while (passed := time.monotonic() - began) < seconds:
            # As many as are due by now, the pages in turn.
            while made < passed * rate:
                page = opened[made % len(opened)]
                await page.socket.send_str("\n".join(page.lines()))
                made += 1
            await asyncio.sleep(0.001)
        for page in opened:
            await page.until(lambda page=page: page.acknowledged == page.seq)  # type: ignore[misc]
        took, grown = time.monotonic() - began, memory(recorder) - before
        broken = await ended(recorder, opened)
    measured = (
        f"{made / took:,.0f} calls a second acknowledged, {grown / made / 1024:.1f} kB a call in memory"
    )
    promise(f"{rate:,} calls a second from 50 pages for {seconds} s: each is kept", made, broken, measured)


async def nothing(request: web.BaseRequest) -> web.StreamResponse:
    """An app that does not say what it is."""
    if request.path == "/":
        return web.Response(text="<!doctype html><title>App</title>", content_type="text/html")
    return web.Response(status=404)


@pytest.mark.parametrize("kind", ["gradio", "http"])
async def test_a_stream_of_very_many_chunks_is_kept_in_bounded_memory(
    tmp_path: Path, promise: Callable[..., None], kind: str
) -> None:
    count = 1_000_000 if MANY else 20_000
    is_gradio = kind == "gradio"
    served = upstream(app if is_gradio else nothing)
    async with served as url, a_recorder(url, tmp_path) as recorder, pages(recorder, 1) as opened:
        (page,) = opened
        act, request, response, done = map(json.loads, page.lines())
        if is_gradio:
            # A call of the queue, whose answer comes over a stream that was opened before.
            join, data = (
                f"{recorder.origin}/gradio_api/queue/join",
                f"{recorder.origin}/gradio_api/queue/data",
            )
            done["body"]["text"] = json.dumps({"event_id": "e1"})
            begin = [act, {**request, "url": join}, response, done]
            begin += [
                {
                    **request,
                    "id": "r2",
                    "url": f"{data}?session_hash=p0",
                    "method": "GET",
                    "body": {"kind": "none"},
                }
            ]
            del begin[-1]["act"]
        else:
            headers = [["content-type", "text/event-stream"]]
            begin = [act, {**request, "url": f"{recorder.origin}/stream"}, {**response, "headers": headers}]
        page.seq = 0

        async def say(told: list[dict[str, Any]]) -> None:
            for event in told:
                page.seq += 1
                event |= {"page": page.name, "seq": page.seq, "at": act["at"] + page.seq}
            await page.socket.send_str("\n".join(map(json.dumps, told)))
            await page.until(lambda: page.seq - page.acknowledged < 20_000)

        await say(begin)
        id = "r2" if is_gradio else request["id"]
        before, began = memory(recorder, "VmHWM"), time.monotonic()
        for start in range(0, count, 500):
            numbers = range(start, min(start + 500, count))
            await say(
                [
                    {"t": "chunk", "id": id, "text": f"data: {yielded(n) if is_gradio else n}\n\n"}
                    for n in numbers
                ]
            )
        if is_gradio:
            await say([{"t": "chunk", "id": id, "text": f"data: {yielded(count, 'process_completed')}\n\n"}])
        else:
            await say([{**done, "body": {"kind": "none"}}])
        await page.until(lambda: page.acknowledged == page.seq)
        took, grown = time.monotonic() - began, memory(recorder, "VmHWM") - before
        broken = missing(journals.read(recorder.journal), opened)
        recorder.send(signal.SIGINT)
        await recorder.wait()
    (call,) = sessions.read(tmp_path / "s.json").calls
    if call.yields != count:
        broken.append(f"{call.yields} of {count} values are told")
    size = (tmp_path / "s.json").stat().st_size
    measured = (
        f"{count / took:,.0f} a second, {grown / count:.0f} bytes each in memory, session {size / MB:.1f} MB"
    )
    promise(f"{count:,} chunks of one stream are kept ({kind})", count, broken, measured)


def yielded(number: int, kind: str = "process_generating") -> str:
    return json.dumps(
        {"msg": kind, "event_id": "e1", "success": True, "output": {"data": [f"value {number}"]}}
    )


async def test_what_is_large_passes_without_being_held(tmp_path: Path, promise: Callable[..., None]) -> None:
    block = bytes(range(256)) * 4096

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/up":
            size = 0
            async for chunk in request.content.iter_chunked(MB):
                size += len(chunk)
            return web.json_response(size)
        if request.path != "/down":
            return await app(request)
        response = web.StreamResponse(headers={"Content-Length": str(FILE)})
        await response.prepare(request)
        for _ in range(FILE // len(block)):
            await response.write(block)
        return response

    async def content() -> AsyncIterator[bytes]:
        for _ in range(FILE // len(block)):
            yield block

    broken, took = [], {}
    async with upstream(large) as url, a_recorder(url, tmp_path) as recorder, pages(recorder, 1) as opened:
        before = memory(recorder, "VmHWM")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as browser:
            for host in (url, recorder.origin):
                began = time.monotonic()
                async with browser.post(f"{host}/up", data=content()) as answer:
                    if await answer.json() != FILE:
                        broken.append("the upload is not whole")
                async with browser.get(f"{host}/down") as answer:
                    size = 0
                    async for chunk in answer.content.iter_chunked(MB):
                        size += len(chunk)
                    if size != FILE:
                        broken.append(f"the download has {size} bytes")
                took[host] = time.monotonic() - began
        grown = memory(recorder, "VmHWM") - before
        if grown > 64 * MB:
            broken.append(f"the recorder grew by {grown / MB:.0f} MB")
        broken += await ended(recorder, opened)
    slower = took[recorder.origin] / took[url]
    measured = (
        f"memory grew by {grown / MB:.0f} MB at most; {slower:.1f} times as long as without the recorder"
    )
    promise(f"{FILE // MB:,} MB up and down through the proxy while recording", 2, broken, measured)


def test_a_session_of_very_many_calls_is_opened_shown_and_rendered(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    count = 100_000 if MANY else 2_000
    fold = new_fold()
    for event in gradio(count):
        fold.feed(event)
    path = tmp_path / "s.json"
    sessions.write(fold.session(), path)
    broken, told = [], []
    for words in (
        ["show", "--json"],
        ["show"],
        ["render", "--target", "python", "-o", str(tmp_path / "s.py")],
    ):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "recorder.cli", *words, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        told.append(f"{words[0]} {time.monotonic() - began:.0f} s")
        if done.returncode:
            broken.append(f"{words}: {done.stderr[-300:]}")
        elif "--json" in words and len(json.loads(done.stdout)["calls"]) != count:
            broken.append("not every call is shown")
    if not broken:
        compile((tmp_path / "s.py").read_bytes(), "s.py", "exec")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    measured = (
        f"{', '.join(told)}; at most {most / MB:,.0f} MB; the file has {path.stat().st_size / MB:.0f} MB"
    )
    promise(f"a session of {count:,} calls is opened, shown and rendered", 3, broken, measured)

"""`recorder proxy` as a process, and pages that speak to it over real sockets."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from recorder import session
from recorder.capture import journal as journals
from recorder.events import Mark
from tests.serving import press, speak

CONFIG = {
    "version": "6.31.0",
    "api_prefix": "/gradio_api",
    "protocol": "sse_v3",
    "components": [{"id": 1, "type": "textbox", "props": {"label": "Text"}}],
    "dependencies": [
        {
            "id": 0,
            "targets": [[1, "submit"]],
            "inputs": [1],
            "outputs": [1],
            "api_name": "echo",
            "backend_fn": True,
        }
    ],
}
KEY = "a key for programs"
PAGES = 4
EVENTS = 4
"""Of one call: the act of the person, the request, its answer and its end."""


async def app(request: web.BaseRequest) -> web.StreamResponse:
    """An app that only says what it is: its calls are what the pages say of them."""
    if request.path == "/config":
        return web.json_response(CONFIG)
    if request.path == "/":
        return web.Response(text="<!doctype html><title>App</title>", content_type="text/html")
    return web.Response(status=404)


class Recorder:
    """`recorder proxy` in a process of its own, which records to ``folder/s.json``."""

    def __init__(self, process: asyncio.subprocess.Process, origin: str, folder: Path, said: str) -> None:
        self.process = process
        self.link = ""
        """What it printed for a browser to open."""
        self.said = said
        self.origin = origin
        self.folder = folder
        self.journal = folder / "s.journal"

    async def wait(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 60)

    def send(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)


@contextlib.asynccontextmanager
async def a_recorder(app: str, folder: Path, *more: str) -> AsyncIterator[Recorder]:
    words = ["proxy", app, "--port", "0", "--output", str(folder / "s.json"), *more]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recorder.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "RECORDER_KEY": KEY},
    )
    assert process.stdout is not None
    said = ""
    while not (found := re.search(r"http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+", said.replace(app, ""))):
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, f"it ended: {said}"
        said += line.decode()
    recorder = Recorder(process, found.group(), folder, said)
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    recorder.link = "".join(re.findall(r"http\S+/_recorder/open\S+", line)).replace("0.0.0.0", "127.0.0.1")
    try:
        yield recorder
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Page:
    """A page of the app that makes one call after the other, and remembers what was acknowledged."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, origin: str, name: str) -> None:
        self.socket = socket
        self.origin = origin
        self.name = name
        self.seq = 0
        self.acknowledged = 0
        self.error = ""
        self.calls = 0

    def lines(self) -> list[str]:
        """One call, as a page tells it, with a body of a size of its own."""
        self.calls += 1
        id = f"r{self.calls}"
        body = {"data": ["x" * random.randrange(2000)], "fn_index": 0, "session_hash": self.name}
        url = f"{self.origin}/gradio_api/run/predict"
        asked = {"kind": "text", "text": json.dumps(body)}
        answered = {"kind": "text", "text": json.dumps({"data": ["y"]})}
        events: list[dict[str, Any]] = [
            {"t": "act", "id": f"a{self.calls}", "kind": "click", "role": "button", "name": "Go"},
            {"t": "request", "id": id, "method": "POST", "url": url, "body": asked, "act": f"a{self.calls}"},
            {"t": "response", "id": id, "status": 200},
            {"t": "done", "id": id, "body": answered},
        ]
        lines = []
        for event in events:
            self.seq += 1
            lines.append(json.dumps({"page": self.name, "seq": self.seq, "at": time.time() * 1000} | event))
        return lines

    async def speak(self, pause: float) -> None:
        """Until the recorder is gone."""
        with contextlib.suppress(ConnectionError):
            while not self.socket.closed:
                await self.socket.send_str("\n".join(self.lines()))
                await asyncio.sleep(pause)

    async def listen(self) -> None:
        """Until the recorder is gone."""
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                told = json.loads(message.data)
                if told["t"] == "ack":
                    self.acknowledged = max(self.acknowledged, told["seq"])
                elif told.get("error"):
                    self.error = told["error"]
                elif told.get("saving"):
                    await self.socket.send_json({"t": "told"})

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what the recorder says."""
        deadline = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def pages(recorder: Recorder, count: int = PAGES) -> AsyncIterator[list[Page]]:
    """Pages of a recording that has begun."""
    async with aiohttp.ClientSession() as browser:
        opened = []
        for number in range(count):
            name = f"p{number}"
            opened.append(Page(await speak(recorder.origin, browser, page=name), recorder.origin, name))
        await press(opened[0].socket, True)
        for page in opened:
            while not (await page.socket.receive_json(timeout=60)).get("recording"):
                pass
        tasks = [asyncio.ensure_future(page.listen()) for page in opened]
        try:
            yield opened
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def missing(reading: journals.Reading, opened: list[Page]) -> list[str]:
    """What a journal lacks that was acknowledged, or has twice."""
    kept: dict[str, list[int]] = collections.defaultdict(list)
    for event in reading.events:
        if not isinstance(event, Mark) and event.page:
            kept[event.page].append(event.seq)
    wrong = []
    for page in opened:
        if kept[page.name] != list(range(1, len(kept[page.name]) + 1)):
            wrong.append(f"{page.name} has not each event once and in order")
        if len(kept[page.name]) < page.acknowledged:
            wrong.append(
                f"{page.name} was told that {page.acknowledged} are on disk, and {len(kept[page.name])} are"
            )
    return wrong


async def ended(recorder: Recorder, opened: list[Page]) -> list[str]:
    """What the session lacks that Ctrl-C makes of a recording."""
    recorder.send(signal.SIGINT)
    assert await recorder.wait() == 0
    calls = len(session.read(recorder.folder / "s.json").calls)
    made = sum(page.calls for page in opened)
    return [] if calls == made else [f"the session has {calls} of {made} calls"]


async def quiet(speaking: list[asyncio.Future[None]]) -> None:
    """Let pages speak no more."""
    for task in speaking:
        task.cancel()
    await asyncio.gather(*speaking, return_exceptions=True)


async def run(*words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recorder.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()

"""What a proxy costs the app behind it: ours with a recording on and off, mitmdump, and a plain one of aiohttp on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp

from e2e.apps import free_port
from tests.benchmarks.measured import Points, Row, shown, times, within
from tests.benchmarks.peers import PEERS
from tests.reliability.running import a_recorder
from tests.serving import press, speak

ROUNDS, SECONDS = 5, 2
SIZES = (300, 1_000, 3_000)
POST = (
    'wrk.method = "POST"; wrk.body = \'{"text":"hello"}\'; wrk.headers["Content-Type"] = "application/json"'
)
SERVED = Path(__file__).with_name("served.py")


@contextlib.asynccontextmanager
async def process(*words: object) -> AsyncIterator[None]:
    """A program that serves, until it is not needed any more."""
    running = await asyncio.create_subprocess_exec(
        *map(str, words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        yield
    finally:
        running.terminate()
        await running.wait()


async def answers(url: str) -> None:
    """Wait until something does."""
    async with aiohttp.ClientSession() as client:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get(url):
                    return
            assert time.monotonic() < deadline, url
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def everybody(folder: Path) -> AsyncIterator[dict[str, str]]:
    """The app, and who serves it, each by the address where it is reached."""
    ports = {name: free_port() for name in ("direct", "mitmdump", "plain aiohttp on uvloop")}
    origins = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    app = origins["direct"]
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(process(sys.executable, SERVED, "app", ports["direct"]))
        await answers(app)
        plain = "plain aiohttp on uvloop"
        await stack.enter_async_context(process(sys.executable, SERVED, "proxy", ports[plain], app))
        words = (PEERS / "bin/mitmdump", "-q", "--mode", f"reverse:{app}", "-p", ports["mitmdump"])
        words += ("--listen-host", "127.0.0.1", "--set", f"confdir={folder}", "-w", folder / "flows")
        await stack.enter_async_context(process(*words))
        for name in ("on", "off"):
            (folder / name).mkdir()
            recorder = await stack.enter_async_context(a_recorder(app, folder / name))
            origins[name] = recorder.origin
            if name == "on":
                page = await speak(recorder.origin, await stack.enter_async_context(aiohttp.ClientSession()))
                await press(page, True)
                while not (await page.receive_json()).get("recording"):
                    pass
        for origin in origins.values():
            await answers(origin)
        yield origins


async def asked(origin: str, connections: int, script: Path) -> tuple[float, float]:
    """Requests a second, and the seconds that half of them took at most, as wrk sees them."""
    words = ("wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script, origin + "/echo")
    wrk = await asyncio.create_subprocess_exec(*map(str, words), stdout=subprocess.PIPE)
    said = (await wrk.communicate())[0].decode()
    assert "Non-2xx" not in said, said
    rate, half, unit = (
        re.search(r"Requests/sec:\s+([\d.]+)", said),
        *re.search(r"50%\s+([\d.]+)(us|ms|s)", said).groups(),
    )  # type: ignore[union-attr]
    return float(rate.group(1)), float(half) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]  # type: ignore[union-attr]


async def first_chunk(origin: str) -> float:
    """Seconds to the first event of a stream that goes on."""
    async with aiohttp.ClientSession() as client:
        began = time.perf_counter()
        async with client.get(origin + "/stream") as answer:
            await answer.content.readany()
            return time.perf_counter() - began


async def echo(origin: str) -> float:
    """Seconds of a message to a WebSocket and back, of many."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(origin + "/socket", headers={"Origin": origin}) as socket,
    ):
        taken = []
        for _ in range(300):
            began = time.perf_counter()
            await socket.send_str("hello")
            await socket.receive_str()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)


async def relayed(origin: str, count: int) -> float:
    """Seconds of so many requests, one after the other."""
    async with aiohttp.ClientSession() as client:
        began = time.perf_counter()
        for _ in range(count):
            async with client.post(origin + "/echo", json={"text": "hello"}) as answer:
                await answer.read()
        return time.perf_counter() - began


async def measured(folder: Path, points: Points) -> list[Row]:
    script = folder / "post.lua"
    script.write_text(POST)
    rates: dict[tuple[str, int], list[float]] = {}
    halves: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    echoes: dict[str, list[float]] = {}

    async def take(into: dict[str, list[float]], measure: Callable[[str], Awaitable[float]]) -> None:
        for name, origin in origins.items():
            into.setdefault(name, []).append(await measure(origin))

    async with everybody(folder) as origins:
        for _ in range(ROUNDS):
            for connections in (1, 16):
                for name, origin in origins.items():
                    rate, half = await asked(origin, connections, script)
                    rates.setdefault((name, connections), []).append(rate)
                    if connections == 1:
                        halves.setdefault(name, []).append(half)
            await take(waits, first_chunk)
            await take(echoes, echo)
        for size in SIZES:
            seconds = statistics.median([await relayed(origins["on"], size) for _ in range(3)])
            points.setdefault("requests through the proxy", []).append((size, seconds))
    found = []
    for connections, least in ((1, 3), (16, 7)):
        plain = statistics.median(rates["plain aiohttp on uvloop", connections])
        note = f"a plain proxy of aiohttp on uvloop {shown(plain, '/s')}, without any {shown(statistics.median(rates['direct', connections]), '/s')}"
        work = (
            f"requests through the proxy while it records, {connections} connection{'s' * (connections > 1)}"
        )
        ours = rates["on", connections]
        found.append(
            times(work, "mitmdump -w", ours, rates["mitmdump", connections], least, unit="/s", note=note)
        )
        found.append(times(work, "with the recording off", ours, rates["off", connections], 0.85, unit="/s"))
    found.append(
        within(
            "half of the requests through it take at most", "no proxy", halves["on"], halves["direct"], 0.0003
        )
    )
    found.append(
        within(
            "first event of a stream through it",
            "nothing",
            waits["on"],
            [0.0],
            0.003,
            note=f"no proxy {shown(statistics.median(waits['direct']))}, mitmdump {shown(statistics.median(waits['mitmdump']))}",
        )
    )
    found.append(
        times(
            "a WebSocket message and back through it",
            "mitmdump",
            echoes["on"],
            echoes["mitmdump"],
            4,
            note=f"no proxy {shown(statistics.median(echoes['direct']))}",
        )
    )
    return found


def rows(points: Points) -> list[Row]:
    """All of them; how it grows goes into ``points``."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder), points))

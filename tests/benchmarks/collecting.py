"""Events that are on disk before they are acknowledged, a second: ours over a real socket, SQLite, and what mitmdump writes."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from e2e.apps import free_port
from recorder.capture.ingest import encode
from recorder.capture.journal import Journal
from recorder.events import Body, Request
from tests.benchmarks.measured import Points, Row, times
from tests.benchmarks.peers import PEERS
from tests.benchmarks.proxies import POST, answers, process
from tests.reliability.running import Page, a_recorder, app, pages
from tests.serving import upstream

ROUNDS, EVENTS, IN_SQLITE, PAGES = 5, 19_200, 2_000, 16
SIZES = (1_920, 9_600, 48_000)
"""Five times the largest is not yet so much that its pages are slowed down."""
TOGETHER = 20
"""Events in a frame, as a busy page sends them."""


def lines(first: int, count: int, page: str) -> list[str]:
    """Events of 1 KB."""
    body = {"kind": "text", "text": "x" * 800}
    made = []
    for seq in range(first, first + count):
        event = {
            "page": page,
            "seq": seq,
            "at": 1.7e12 + seq,
            "t": "request",
            "id": f"r{seq}",
            "method": "POST",
        }
        made.append(json.dumps({**event, "url": "http://app.test/things", "body": body}))
    return made


async def ours(folder: Path, events: int = EVENTS) -> list[float]:
    """From the first that is sent to the last that is acknowledged. Several pages speak, for one alone is slowed down once
    it says more than any person could cause."""
    rates = []
    async with upstream(app) as url, a_recorder(url, folder) as recorder, pages(recorder, PAGES) as speaking:
        each = events // PAGES
        for done in range(0, ROUNDS * each, each):
            frames = [
                [
                    "\n".join(lines(done + first, TOGETHER, page.name))
                    for first in range(1, each + 1, TOGETHER)
                ]
                for page in speaking
            ]

            async def say(page: Page, said: list[str], last: int) -> None:
                for frame in said:
                    await page.socket.send_str(frame)
                await page.until(lambda: page.acknowledged >= last)

            began = time.perf_counter()
            await asyncio.gather(*(say(p, f, done + each) for p, f in zip(speaking, frames, strict=True)))
            rates.append(events / (time.perf_counter() - began))
    return rates


async def journal(folder: Path) -> float:
    """The journal by itself, given what a frame holds each time, as the collector gives it."""
    kept = Journal.open(folder / "alone.journal")
    events = [
        encode(
            Request(
                page="p",
                seq=n,
                at=1.7e12 + n,
                id=f"r{n}",
                method="POST",
                url="http://app.test/things",
                body=Body(kind="text", text="x" * 800),
            )
        )
        for n in range(EVENTS)
    ]
    began = time.perf_counter()
    # As many frames at once as there are pages: each waits until what it said is kept.
    for first in range(0, EVENTS, TOGETHER * PAGES):
        frames = range(first, min(first + TOGETHER * PAGES, EVENTS), TOGETHER)
        await asyncio.gather(*(kept.append(events[n : n + TOGETHER]) for n in frames))
    taken = time.perf_counter() - began
    await kept.close()
    (folder / "alone.journal").unlink()
    return EVENTS / taken


def sqlite(folder: Path) -> float:
    """One transaction for each, durable when it is over."""
    said = lines(1, IN_SQLITE, "p")
    with sqlite3.connect(folder / "events.db", isolation_level=None) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE IF NOT EXISTS events (line TEXT)")
        began = time.perf_counter()
        for line in said:
            base.execute("INSERT INTO events VALUES (?)", (line,))
        return IN_SQLITE / (time.perf_counter() - began)


async def mitmdump(folder: Path) -> list[float]:
    """Flows that it writes as it passes them on; it does not wait for the disk."""
    served, port = free_port(), free_port()
    words = (PEERS / "bin/mitmdump", "-q", "--mode", f"reverse:http://127.0.0.1:{served}", "-p", port)
    script = folder / "post.lua"
    script.write_text(POST)
    rates = []
    async with (
        process(sys.executable, Path(__file__).with_name("served.py"), "app", served),
        process(*words, "--listen-host", "127.0.0.1", "--set", f"confdir={folder}", "-w", folder / "flows"),
    ):
        await answers(f"http://127.0.0.1:{port}")
        for _ in range(ROUNDS):
            wrk = await asyncio.create_subprocess_exec(
                *("wrk", "-t1", "-c16", "-d2s", "-s", str(script), f"http://127.0.0.1:{port}/echo"),
                stdout=subprocess.PIPE,
            )
            found = re.search(r"Requests/sec:\s+([\d.]+)", (await wrk.communicate())[0].decode())
            assert found
            rates.append(float(found.group(1)))
    return rates


def rows(points: Points) -> list[Row]:
    """One against each; how it grows goes into ``points``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine = asyncio.run(ours(folder))
        base = [sqlite(folder) for _ in range(ROUNDS)]
        alone = [asyncio.run(journal(folder)) for _ in range(ROUNDS)]
        flows = asyncio.run(mitmdump(folder))
        for size in SIZES:
            with tempfile.TemporaryDirectory() as other:
                rate = statistics.median(asyncio.run(ours(Path(other), size)))
            points.setdefault("events kept", []).append((size, size / rate))
    work = "events of 1 KB kept, durable"
    alone_work = "the same by the journal alone, without a socket"
    return [
        times(work, "SQLite in WAL, `synchronous=FULL`, a commit each", mine, base, 5, unit="/s"),
        times(alone_work, "the same SQLite", alone, base, 5, unit="/s"),
        times(work, "`mitmdump -w`, not durable", mine, flows, 5, unit="/s"),
    ]

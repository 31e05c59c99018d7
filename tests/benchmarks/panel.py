"""The panel with thousands of calls in real Chromium: how soon a call is shown, and how smoothly the list is scrolled."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Page

from e2e.test_panel import open_panel
from e2e.visit import opened, press
from e2e.web.running import WebApp
from recorder.capture.browser import find_browser
from tests.benchmarks.measured import Points, Row, under
from tests.reliability.running import a_recorder

SIZES, MORE, PAUSE = (50, 500, 5_000), 80, 2500
"""Calls that are there, those that come then, and the milliseconds between ten of them and the next."""
LONG_TASKS = """() => {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
}"""
SCROLL = """() => new Promise((done) => {
  const list = document.querySelector("html > [data-api-recorder-panel]").shadowRoot.querySelector(".list");
  const frames = [];
  let last = performance.now();
  list.scrollTop = 0;
  const step = (now) => {
    frames.push(now - last);
    last = now;
    list.scrollTop += 200;
    if (frames.length < 300) requestAnimationFrame(step);
    else done(frames.slice(1).map((each) => each / 1000));
  };
  requestAnimationFrame(step);
})"""
SHOWN = """(count) => new Promise((done) => {
  const panel = document.querySelector("html > [data-api-recorder-panel]").shadowRoot;
  const output = document.querySelector("output");
  let asked;
  const look = () => {
    if (asked === undefined && output.textContent === `asked ${count}`) asked = performance.now();
    if (asked !== undefined && panel.querySelectorAll(".calls li").length >= count) done((performance.now() - asked) / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


async def ask(page: Page, count: int, asked: int = 0) -> None:
    """As a person who presses a key, ten calls each time; a browser has no more than a thousand on their way."""
    # Playwright's own locators look through each of the panel's elements, too.
    await page.evaluate("document.querySelector('#more').focus()")
    for number in range(10, count + 1, 10):
        await page.keyboard.press("Enter")
        if number % 200 == 0:
            said = f"asked {asked + number}"
            await page.wait_for_function(
                "(said) => document.querySelector('output').textContent === said", arg=said
            )


async def measure(calls: int) -> list[Row]:
    """The rows for a recording of so many calls, which were made before the panel was opened."""
    browser = find_browser()
    assert browser is not None
    with tempfile.TemporaryDirectory() as folder:
        app = await asyncio.to_thread(WebApp, "hostile", Path(folder))
        try:
            async with (
                a_recorder(app.url, Path(folder)) as recorder,
                opened(browser, recorder.origin) as page,
            ):
                await press(page, True)
                await ask(page, calls)
                panel = await open_panel(page)
                await page.evaluate(SHOWN, calls)
                await page.evaluate(LONG_TASKS)
                delays = []
                for extra in range(0, MORE, 10):
                    await page.wait_for_timeout(PAUSE)
                    waiting = asyncio.ensure_future(page.evaluate(SHOWN, calls + extra + 10))
                    await ask(page, 10)
                    delays.append(await waiting)
                long = await page.evaluate("window.long")
                frames = await page.evaluate(SCROLL)
                assert await panel.locator("code.endpoint").count() == calls + MORE
        finally:
            await asyncio.to_thread(app.stop)
    note = f"{len(long)} tasks over 50 ms meanwhile" + (f", the longest {max(long):.0f} ms" if long else "")
    return [
        under(f"ten new calls are shown, {calls:,} there", delays, 0.05, note=note),
        under(f"a frame, scrolling {calls:,} calls", frames, 0.0175),
    ]


def rows(points: Points) -> list[Row]:
    """All of them; how they grow goes into ``points``."""
    found = []
    for size in SIZES:
        new, frame = asyncio.run(measure(size))
        points.setdefault("calls in the panel, ten more", []).append((size, statistics.median(new.ours)))
        points.setdefault("calls in the panel, a frame of scrolling", []).append(
            (size, statistics.median(frame.ours))
        )
        found += [new, frame]
    return found

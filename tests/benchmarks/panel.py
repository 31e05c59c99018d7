"""The panel with thousands of calls in real Chromium: how soon a call is shown, and how smoothly the list is scrolled."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Page

from e2e.test_panel import open_panel, shown_at
from e2e.visit import opened, press
from e2e.web.running import WebApp
from recorder.capture.browser import find_browser
from tests.benchmarks.measured import Row

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


async def ask(page: Page, count: int) -> None:
    """As a person who presses a key, ten calls each time."""
    await page.get_by_role("button", name="More", exact=True).focus()
    for _ in range(count // 10):
        await page.keyboard.press("Enter")


async def measure(calls: int) -> list[Row]:
    """The rows for a recording of so many calls."""
    browser = find_browser()
    assert browser is not None
    with tempfile.TemporaryDirectory() as folder:
        app = await asyncio.to_thread(WebApp, "hostile", Path(folder))
        try:
            async with shown_at(app.url, Path(folder) / "out") as url, opened(browser, url) as page:
                await press(page, True)
                panel = await open_panel(page)
                await page.evaluate(LONG_TASKS)
                await ask(page, calls)
                await page.evaluate(SHOWN, calls)
                long = await page.evaluate("window.long")
                delays = []
                for extra in range(10, 90, 10):
                    waiting = asyncio.ensure_future(page.evaluate(SHOWN, calls + extra))
                    await ask(page, 10)
                    delays.append(await waiting)
                    await page.wait_for_timeout(2500)
                frames = await page.evaluate(SCROLL)
                assert await panel.locator("code.endpoint").count() == calls + 80
        finally:
            await asyncio.to_thread(app.stop)
    most = f"{len(long)} tasks over 50 ms while they were made, the longest {max(long, default=0):.0f} ms"
    return [
        Row(
            work=f"ten new calls are shown, {calls:,} there",
            against="–",
            ours=delays,
            wanted="50 ms",
            note=most,
        ),
        Row(work=f"a frame, scrolling {calls:,} calls", against="–", ours=frames, wanted="16.7 ms"),
    ]


def rows(sizes: tuple[int, ...] = (500, 5000)) -> list[Row]:
    """All of them."""
    return [row for size in sizes for row in asyncio.run(measure(size))]

"""What the recorder costs the page that it is in: the same page behind the same proxy, with the script and without."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page

from e2e.visit import opened, press
from recorder.capture.browser import find_browser
from tests.benchmarks.measured import Points, Row, within
from tests.reliability.running import a_recorder
from tests.serving import upstream

MB = 1024 * 1024
ROUNDS = 20
SIZES = (300, 1_000, 3_000)
SEQUENTIAL = """async () => {
        for (let n = 0; n < COUNT; n++) await (await fetch("/echo", { method: "POST", body: `{"n":${n}}`, headers })).json();
      }"""
WORKS = {
    "6,000 `fetch` one after the other, each": (1_000, SEQUENTIAL.replace("COUNT", "1000")),
    "100 `fetch` at once, each": (100, """() => Promise.all(Array.from({ length: 100 }, async (_, n) =>
        (await fetch("/echo", { method: "POST", body: `{"n":${n}}`, headers })).json()))"""),
    "a stream of 50 MB": (1, """async () => {
        const reader = (await fetch("/down")).body.getReader();
        for (let size = 0; ; ) { const { done, value } = await reader.read(); if (done) return size; size += value.length; }
      }"""),
    "an upload of 20 MB": (1, "() => fetch('/echo?quiet', { method: 'POST', body: new Blob([new Uint8Array(20 * 1024 * 1024)]) })"),
}  # fmt: skip
TIMED = """async () => {{
  const headers = {{ "content-type": "application/json" }};
  const long = [];
  const watch = new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration)));
  watch.observe({{ type: "longtask" }});
  const work = {work};
  const began = performance.now();
  await work();
  const taken = performance.now() - began;
  await new Promise((done) => setTimeout(done, 100));
  watch.disconnect();
  return [taken / 1000, long];
}}"""


async def app(request: web.BaseRequest) -> web.StreamResponse:
    if request.path == "/echo":
        body = b"".join([chunk async for chunk in request.content.iter_chunked(MB)])
        return web.Response(body=b"{}" if request.query_string else body, content_type="application/json")
    if request.path == "/down":
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        for _ in range(50):
            await response.write(b"x" * MB)
        return response
    page = "<!doctype html><title>App</title><footer>the end</footer>"
    return web.Response(text=page, content_type="text/html")


async def timed(page: Page, work: str) -> tuple[float, list[float]]:
    taken, long = await page.evaluate(TIMED.format(work=work))
    return taken, long


async def measured(folder: Path, points: Points) -> list[Row]:
    browser = find_browser()
    assert browser is not None
    found = []
    async with upstream(app) as url, a_recorder(url, folder) as recorder:
        async with opened(browser, recorder.origin) as with_us:
            assert with_us.context.browser is not None
            without = await (await with_us.context.browser.new_context()).new_page()
            # Not by a route, which would send every request of the page past Playwright.
            devtools = await without.context.new_cdp_session(without)
            await devtools.send("Network.enable")
            await devtools.send("Network.setBlockedURLs", {"urls": ["*/_recorder/recorder.js*"]})
            await without.goto(recorder.origin)
            # Nor under the eyes of DevTools, for which the browser tells of each request.
            await devtools.send("Network.disable")
            await devtools.detach()
            assert await without.get_by_role("button", name="API Recorder").count() == 0
            await press(with_us, True)
            for work, (calls, script) in WORKS.items():
                rounds = 6 if calls == 1_000 else ROUNDS
                taken: dict[Page, list[float]] = {with_us: [], without: []}
                tasks: dict[Page, list[float]] = {with_us: [], without: []}
                for page in (with_us, without):
                    await timed(page, script)
                for number in range(rounds):
                    # What is first after a pause is not always the same one.
                    for page, into in sorted(
                        taken.items(), key=lambda each: (each[0] is with_us) == bool(number % 2)
                    ):
                        await page.bring_to_front()
                        seconds, long = await timed(page, script)
                        into.append(seconds / calls)
                        tasks[page] += long
                base = statistics.median(taken[without])
                most = max(0.00005, 0.03 * base)
                note = f"{len(tasks[with_us])} tasks over 50 ms, without the recorder {len(tasks[without])}"
                row = within(work, "the page without", taken[with_us], taken[without], most, note=note)
                found.append(row)
            await with_us.bring_to_front()
            for size in SIZES:
                work = SEQUENTIAL.replace("COUNT", str(size))
                seconds = statistics.median([(await timed(with_us, work))[0] for _ in range(3)])
                points.setdefault("`fetch` in a recorded page", []).append((size, seconds))
            await press(with_us, False)
    return found


def rows(points: Points) -> list[Row]:
    """One for each kind of work; how it grows goes into ``points``."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder), points))

"""What is large, or long, in a page that is recorded: neither the page nor the recorder holds it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import expect

from conftest import MANY
from e2e.visit import opened, press
from recorder import session as sessions
from tests.reliability.running import a_recorder
from tests.reliability.test_load import MB, memory
from tests.serving import upstream

FILE = 2048 * MB if MANY else 48 * MB
PAGE = """<!doctype html><title>Large</title><label>File <input type="file"></label><output></output><footer>the end</footer>
<script>
const said = document.querySelector("output");
document.querySelector("input").addEventListener("change", async (event) => {
  const body = event.target.files[0];
  const told = [await (await fetch("/up", { method: "POST", body })).json()];
  const form = new FormData();
  form.append("file", body);
  told.push(await (await fetch("/up", { method: "POST", body: form })).json() > body.size);
  for (const type of ["application/octet-stream", "text/plain"]) {
    const reader = (await fetch(`/down?type=${type}`)).body.getReader();
    let size = 0;
    for (let part; !(part = await reader.read()).done; ) size += part.value.length;
    told.push(size);
  }
  said.textContent = told.join();
});
</script>"""


async def app(request: web.BaseRequest) -> web.StreamResponse:
    if request.path == "/up":
        size = 0
        async for chunk in request.content.iter_chunked(MB):
            size += len(chunk)
        return web.json_response(size)
    if request.path == "/down":
        # Without a length, so that nobody is told how much it will be.
        response = web.StreamResponse(headers={"Content-Type": request.query["type"]})
        await response.prepare(request)
        for _ in range(FILE // MB):
            await response.write(b"large" * (MB // 5) + b".")
        return response
    return (
        web.Response(text=PAGE, content_type="text/html") if request.path == "/" else web.Response(status=404)
    )


async def heap(page: Any) -> float:
    """Bytes of the page's objects that are in use."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    await session.send("Performance.enable")
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))


async def test_what_a_page_sends_and_gets_is_not_held_however_large_it_is(
    tmp_path: Path, browser_path: str, promise: Callable[..., None]
) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(FILE)
    broken = []
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder:
        async with opened(browser_path, recorder.origin) as page:
            await press(page, True)
            before = memory(recorder, "VmHWM"), await heap(page)
            await page.get_by_label("File").set_input_files(large)
            await page.wait_for_function("document.querySelector('output').textContent", timeout=300_000)
            said = await page.locator("output").inner_text()
            grown = memory(recorder, "VmHWM") - before[0], await heap(page) - before[1]
            await press(page, False)
        if said != f"{FILE},true,{FILE},{FILE}":
            broken.append(f"the app saw {said}")
    session = sessions.read(tmp_path / "s.json")
    # What follows minutes after the last act may count as the page's own doing.
    told = [*session.calls, *(o.call for o in session.omitted if o.call.endpoint != "GET /")]
    if len(told) != 4:
        broken.append(f"{len(told)} of 4 calls were kept")
    bounds = 256 * MB, 192 * MB
    broken += [f"memory grew by {g / MB:.0f} MB" for g, most in zip(grown, bounds, strict=True) if g > most]
    kept = sum(f.stat().st_size for f in (tmp_path / "s.files").rglob("*") if f.is_file())
    measured = f"recorder {grown[0] / MB:+.0f} MB at most, page {grown[1] / MB:+.0f} MB, {kept / MB:,.0f} MB kept in files"
    promise(f"{FILE // MB:,} MB four times, up and down, in a recorded page", 4, broken, measured)


SMALL = """<!doctype html><title>Small</title>
<form action="/kept" method="post" enctype="multipart/form-data"><label>File <input type="file" name="file"></label>
<button>Send</button></form><footer>the end</footer>"""


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_file_larger_than_the_person_allows_is_left_out_and_the_session_says_so(
    tmp_path: Path, browser_path: str, limit: int
) -> None:
    content = os.urandom(2 * MB)

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        async for _ in request.content.iter_chunked(MB):
            pass
        return web.Response(text=SMALL, content_type="text/html")

    async with upstream(app) as url, a_recorder(url, tmp_path, "--file-limit", str(limit)) as recorder:
        async with opened(browser_path, recorder.origin) as page:
            await press(page, True)
            await page.get_by_label("File").set_input_files(
                {"name": "a.bin", "mimeType": "application/octet-stream", "buffer": content}
            )
            await page.get_by_role("button", name="Send", exact=True).click()
            await page.wait_for_url("**/kept")
            await press(page, False)
    session = sessions.read(tmp_path / "s.json")
    kept = [path.read_bytes() for path in (tmp_path / "s.files").rglob("a.bin")]
    assert kept == ([content] if limit > 2 else [])
    said = f"a.bin was not kept: it has more than {limit} MB"
    [file] = [
        file for call in session.calls for sent in call.inputs for file in sessions.files_in(sent.value)
    ]
    assert (said in file.lost) == (limit < 2)


CALLING = """async (seconds) => {
  const end = performance.now() + seconds * 1000, headers = { "content-type": "application/json" };
  let made = 0;
  while (performance.now() < end) {
    const next = performance.now() + 50;
    if ((await (await fetch("/up", { method: "POST", body: JSON.stringify({ n: made }), headers })).json()) > 0) made++;
    const rest = next - performance.now();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest));
  }
  return made;
}"""


async def test_fifty_pages_of_one_browser_that_call_all_the_time_lose_nothing(
    tmp_path: Path, browser_path: str, promise: Callable[..., None]
) -> None:
    windows, tabs, seconds = (10, 5, 60) if MANY else (4, 2, 3)
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder:
        async with opened(browser_path, recorder.origin) as first:
            await press(first, True)
            pages = []
            for _ in range(windows):
                # A window's pages share the few connections that a browser opens to one host.
                context = await first.context.browser.new_context()  # type: ignore[union-attr]
                pages += [await context.new_page() for _ in range(tabs)]
            await asyncio.gather(*(page.goto(recorder.origin) for page in pages))
            for page in pages:
                await expect(page.get_by_role("button", name="API Recorder")).to_have_attribute(
                    "aria-pressed", "true"
                )
            made = sum(await asyncio.gather(*(page.evaluate(CALLING, seconds) for page in pages)))
            await press(first, False)
    session = sessions.read(tmp_path / "s.json")
    kept = [c for c in (*session.calls, *(o.call for o in session.omitted)) if c.endpoint == "POST /up"]
    broken = [] if len(kept) == made else [f"{len(kept)} of {made} calls were kept"]
    measured = f"{made / seconds:,.0f} calls a second, for {seconds} s"
    promise(
        f"{len(pages)} pages of a real browser that call continuously lose nothing", made, broken, measured
    )


async def test_a_page_that_is_left_open_for_long_stays_as_it_is(
    tmp_path: Path, browser_path: str, promise: Callable[..., None]
) -> None:
    # About as many calls as a page makes that asks every second for a night.
    rounds, each = (10, 3000) if MANY else (4, 1500)
    ask = f"""async () => {{
        const body = JSON.stringify({{ text: "x".repeat(2000) }}), headers = {{ "content-type": "application/json" }};
        for (let n = 0; n < {each}; n += 50)
          await Promise.all(Array.from({{ length: 50 }}, () => fetch("/up", {{ method: "POST", body, headers }}).then((r) => r.json())));
    }}"""
    sizes = []
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder:
        async with opened(browser_path, recorder.origin) as page:
            await page.get_by_role("button", name="API Recorder").wait_for()
            for _ in range(rounds):
                await page.evaluate(ask)
                sizes.append(await heap(page))
            await asyncio.sleep(0)
    grown = sizes[-1] - sizes[1]
    broken = [f"the page grew by {grown / MB:.1f} MB"] if grown > 8 * MB else []
    measured = f"{sizes[-1] / MB:.1f} MB at the end, {grown / MB:+.1f} MB after the first {2 * each:,}"
    promise(f"a page with the recorder off after {rounds * each:,} calls", rounds * each, broken, measured)

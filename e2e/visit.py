"""One visit to one app, for the tests of the three ways to record it."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Page, async_playwright, expect

from e2e.apps import GradioApp
from e2e.conftest import CHROMIUM_FLAGS
from recorder import session as sessions
from recorder.capture.proxy import serve
from recorder.render import renderers
from recorder.serve.site import Site
from recorder.session import Session

Log = list[dict[str, Any]]

KEY = "a key for programs"
BEARER = {"Authorization": f"Bearer {KEY}"}
_links: dict[str, list[str]] = {}
"""What the recorders printed for a browser to open, by where they are served."""

APP = """
import os, time
import gradio as gr
from calllog import logged

@logged
def greet(count, name):
    return (count or 0) + 1, f"Hello {name} ({count})"

@logged
def shout(text):
    return text.upper()

@logged
def count_down(n):
    for number in range(int(n), 0, -1):
        time.sleep(0.05)
        yield f"{number} to go"

@logged
def measure(file):
    copy = os.path.join(os.path.dirname(file), "copy of it.txt")
    with open(file, "rb") as source, open(copy, "wb") as target:
        target.write(source.read() * 2)
    return os.path.getsize(file), copy

with gr.Blocks() as demo:
    count = gr.State(0)
    name = gr.Textbox(label="Name")
    out = gr.Textbox(label="Greeting")
    loud = gr.Textbox(label="Loud")
    gr.Button("Greet").click(greet, [count, name], [count, out]).then(shout, out, loud)
    n = gr.Number(4, label="N")
    left = gr.Textbox(label="Left")
    gr.Button("Count").click(count_down, n, left)
    file = gr.File(label="In")
    bytes_ = gr.Number(label="Bytes")
    copy = gr.File(label="Copy")
    gr.Button("Measure").click(measure, file, [bytes_, copy])
"""
LAUNCH = "\ndemo.launch()\n"
CALLS = ["/greet", "/shout", "/greet", "/shout", "/count_down", "/measure"]


async def greet(page: Page, name: str, number: int) -> None:
    """Say a name and wait for the whole chain."""
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Greet", exact=True).click()
    await expect(page.get_by_label("Loud", exact=True)).to_have_value(
        f"HELLO {name.upper()} ({number})", timeout=20_000
    )


async def visit(page: Page) -> None:
    """A chain twice (the State counts), a stream, an upload and a file that comes back."""
    await greet(page, "Ann O'Neill", 0)
    await greet(page, 'Bob "B" Ünal', 1)
    await page.get_by_role("button", name="Count", exact=True).click()
    await expect(page.get_by_label("Left", exact=True)).to_have_value("1 to go", timeout=20_000)
    upload: Any = [{"name": "ü it's (1).txt", "mimeType": "text/plain", "buffer": b"12345"}]
    await page.locator("input[type=file]").first.set_input_files(upload)
    # A file's name shows while it is still on its way.
    await page.locator(".file-preview").first.wait_for()
    await page.get_by_role("button", name="Measure", exact=True).click()
    await expect(page.get_by_label("Bytes", exact=True)).to_have_value("5", timeout=20_000)


@contextlib.asynccontextmanager
async def opened(browser_path: str, url: str, **options: Any) -> AsyncIterator[Page]:
    """``url`` in a browser that knows nothing of the recorder; errors of the page fail the test.

    ``options`` are those of the browser context."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        context = await browser.new_context(**options)
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        if link := _links.get(urlsplit(url).netloc):
            # Only the link: the page it leads to would be opened twice.
            await context.request.get(link[-1], max_redirects=0)
        await page.goto(url)
        yield page
        assert errors == []
        await browser.close()


@contextlib.asynccontextmanager
async def proxied(url: str, output: Path, site: Site | None = None) -> AsyncIterator[str]:
    """The address at which `recorder proxy` serves ``url``, with what ``site`` serves beside it."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def linked(link: str) -> None:
        _links.setdefault(urlsplit(link).netloc, []).append(link)

    serving = serve(url, port=0, output=output, site=site, key=KEY, on_ready=ready.set_result, on_link=linked)
    task = asyncio.create_task(serving)
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield await (ready if ready.done() else task)  # type: ignore[misc]
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def press(page: Page, on: bool) -> None:
    """Press the toggle and wait until it says that it took effect."""
    toggle = page.get_by_role("button", name="API Recorder")
    await toggle.click(timeout=30_000)
    await expect(toggle).to_have_attribute("aria-pressed", "true" if on else "false", timeout=30_000)


async def is_done_again(
    app: GradioApp,
    paths: Sequence[Path],
    recorder: Callable[..., Any],
    run_script: Callable[..., Any],
    targets: Sequence[str] = ("python",),
    kept: Callable[[Log], object] | None = None,
    **environment: str,
) -> None:
    """The scripts and the replays of the sessions at ``paths``, in that environment, make the calls that the person made.

    Of several, each is of another app on the same server and goes to the address that was recorded. ``kept`` is what of
    the app's log must be the same: all of it, but for the order of functions where calls ran side by side.
    """
    by_hand = app.log
    assert by_hand
    if kept is None:
        kept = by_function if any(_has_raced(sessions.read(path)) for path in paths) else list

    async def made_again(script: str = "") -> None:
        await asyncio.to_thread(app.wait_until, lambda: kept(app.log) == kept(by_hand))
        made = app.log
        assert kept(made) == kept(by_hand), f"{_difference(by_hand, made)}\n{script}"

    here = {"RECORDER_URL": app.url} if len(paths) == 1 else {}
    there = ["--url", app.url] if len(paths) == 1 else []
    for target in targets:
        scripts = [path.with_suffix(renderers("gradio")[target].suffix) for path in paths]
        for path, script in zip(paths, scripts, strict=True):
            rendered = await asyncio.to_thread(recorder, "render", path, "--target", target, "-o", script)
            assert rendered.returncode == 0, rendered.stderr
        await asyncio.to_thread(app.restart)
        for script in scripts:
            ran = await asyncio.to_thread(run_script, script, **here, **environment)
            assert ran.returncode == 0, (
                f"exit {ran.returncode}\n{ran.stdout}{ran.stderr}\n{script.read_text()}"
            )
        await made_again(scripts[0].read_text())
    await asyncio.to_thread(app.restart)
    for path in paths:
        replayed = await asyncio.to_thread(recorder, "replay", path, *there, **environment)
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    await made_again()


def by_function(log: Log) -> Log:
    """The calls of each function, in their order."""
    return sorted(log, key=lambda entry: str(entry["function"]))


def _has_raced(session: Session) -> bool:
    """Whether a call began before another was over: which of them the app did first was chance."""
    timings = sorted(
        (call.timing for call in session.calls if call.timing), key=lambda timing: timing.started
    )
    return any(
        later.started < earlier.started + earlier.ended
        for earlier, later in itertools.pairwise(timings)
        if earlier.ended is not None
    )


def _difference(by_hand: Log, made: Log) -> str:
    """What of two logs is not the same, a call a line."""
    lines = [[json.dumps(entry, sort_keys=True) for entry in log] for log in (by_hand, made)]
    return "\n".join(difflib.unified_diff(*lines, "by hand", "made", lineterm="", n=1))

"""What is written of a recording as a page and opened from disk: all that an app said is text in it, in real Chromium."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Page, Request, async_playwright

from conftest import MANY
from e2e.conftest import CHROMIUM_FLAGS
from recorder import session as sessions
from recorder.replay.compare import Difference
from recorder.replay.html import page as replay_page
from recorder.replay.report import OutputReport, Report, Reports, StepReport
from recorder.session import File
from tests import http_page
from tests.reliability.running import a_recorder, run
from tests.serving import upstream

HURT = "window.hurt=1"
BREAKS = [
    f"</script><script>{HURT}</script>", f"<img src=x onerror={HURT}>", f"\"><svg onload='{HURT}'>", f"'><body onload={HURT}>",
    f"</title><script>{HURT}</script>", f"</style><script>{HURT}</script>", f"--><script>{HURT}</script><!--",
    f"<a href='javascript:{HURT}'>x</a>", f"javascript:{HURT}", f"data:text/html,<script>{HURT}</script>",
    f"\" onmouseover=\"{HURT}\" style=\"position:fixed;inset:0\" x=\"", f"' autofocus onfocus='{HURT}' x='",
    f"<iframe srcdoc='<script>parent.{HURT}</script>'>", "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<base href=http://127.0.0.1:9/>", "<link rel=stylesheet href=http://127.0.0.1:9/x>", "<style>*{display:none}</style>",
    f"<math><mi xlink:href='javascript:{HURT}'>", f"{{{{constructor.constructor('{HURT}')()}}}}", f"${{{HURT}}}", f"`;{HURT};`",
    f"\u2028{HURT}\u2029", "<!--<script>", "]]>", "&lt;img&gt;", "&#x3c;script>", "\0<b>", "\ufeff<b>", "\u202e<b>", "<b\n>", "<plaintext>",
]  # fmt: skip
GAINED = "img, iframe, base, plaintext, math, [onload], [onerror], [onfocus], [onmouseover]"
FROM_DISK = "file://"
DRAWN = """() => [window.hurt, [...document.querySelectorAll("*")].map((each) =>
  [each.tagName, ...[...each.attributes].map((one) => one.name), (each.getAttribute("href") ?? "").split("#")[0]].join(" "))]"""
"""Whether a script ran, and what a page is made of, but for its texts."""


@pytest.fixture
async def reader(browser_path: str) -> AsyncIterator[Page]:
    """A page of a browser that knows nothing of the recorder."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        yield await browser.new_page()
        await browser.close()


async def looked_at(reader: Page, url: str, origin: str = FROM_DISK) -> tuple[list[str], list[str]]:
    """What is wrong with a page that was opened, and what it is made of."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    reader.on("request", note)
    await reader.goto(url)
    if origin != FROM_DISK:
        await reader.wait_for_load_state("networkidle")
    await reader.mouse.move(200, 200)
    hurt, drawn = await reader.evaluate(DRAWN)
    reader.remove_listener("request", note)
    wrong = ["a script ran"] if hurt else []
    wrong += [f"asked for {each[:80]}" for each in asked if not each.startswith((origin, "data:", "blob:"))]
    return wrong, drawn


def report(text: str) -> Reports:
    """A replay in which everything that is not ours says ``text``."""
    file = File(name=text, type=text, path=text, url=text, server_path=text)

    def differs(was: Any, now: Any) -> Difference:
        return Difference(path=text, recorded=was, live=now, why=text)

    pairs = [(f"{text} was", f"{text} now"), (file, file), ({text: [text]}, [text]), (1, 2)]
    output = OutputReport(
        name=text, label=text, recorded=text, value=text, differences=tuple(differs(*p) for p in pairs)
    )
    failed = StepReport(id="c1", name=text, endpoint=text, status="failed", expected=False, error=text)
    differed = StepReport(
        id="c2", name=text, endpoint=text, status="ok", not_compared=text, notes=(text,), outputs=(output,)
    )
    once = Report(url=text, version=text, values={text: text}, steps=(failed, differed), changes=(text,))
    return Reports(url=text, version=text, runs=(once, once))


async def test_the_report_of_a_replay_shows_what_an_app_said_as_text(
    reader: Page, tmp_path: Path, promise: Callable[..., None]
) -> None:
    chosen = random.Random(1)
    texts = [*BREAKS, *("".join(chosen.choices(BREAKS, k=3)) for _ in range(400 if MANY else 10))]
    broken = []
    file = tmp_path / "report.html"
    shapes = []
    for text in ("benign", *texts):
        file.write_text(
            replay_page(report(text), text, tmp_path, tmp_path), encoding="utf-8", errors="replace"
        )
        wrong, drawn = await looked_at(reader, file.as_uri())
        shapes.append(drawn)
        broken += [f"{text!r}: {each}" for each in wrong]
        broken += [f"{text!r} became an element"] if drawn != shapes[0] else []
    assert "DEL" in str(shapes[0]) and "SECTION" in str(shapes[0])
    promise("pages: recorded text adds no element and runs no script in `replay --html`", len(texts), broken)


def hostile_session() -> sessions.Session:
    """One call for each of what breaks out, in its address, its values and its answer."""
    page = http_page.Page()
    for number, text in enumerate(BREAKS):
        page.act(name=text)
        page.ask("POST", f"/{number}/{quote(text, safe='')}", sent={text: text}, give={text: [text]})
    return page.session()


async def test_the_pages_of_a_hostile_session_are_pages_of_text(
    reader: Page, tmp_path: Path, promise: Callable[..., None]
) -> None:
    times = iter(range(10**9))

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        said = {BREAKS[next(times) % len(BREAKS)]: BREAKS}
        return web.Response(
            text=json.dumps(said), content_type="application/json", status=500 if next(times) % 3 else 200
        )

    file = tmp_path / "session.json"
    broken = []
    async with upstream(app) as url:
        pages = {
            "replay": ("replay", file, "--html", tmp_path / "replay.html"),
            "load": ("load", file, "--users", "1", "--run-time", "3s", "--pace", "0", "--html", tmp_path / "load.html"),
            "api": ("api", file, "--format", "html", "-o", tmp_path / "api.html"),
        }  # fmt: skip
        recorded = hostile_session()
        recorded = msgspec.structs.replace(recorded, app=msgspec.structs.replace(recorded.app, url=url))
        sessions.write(recorded, file)
        sessions.write(msgspec.structs.replace(recorded, calls=recorded.calls[1:]), tmp_path / "other.json")
        for name, words in pages.items():
            code, said = await run(*map(str, words))
            assert code in (0, 1) and "Traceback" not in said, said
            wrong, drawn = await looked_at(reader, (tmp_path / f"{name}.html").as_uri())
            broken += [f"{name}: {each}" for each in wrong]
            assert len(drawn) > 20, f"{name} shows nothing: {await reader.content()}"
        async with a_recorder(url, tmp_path) as recorder:
            await reader.goto(recorder.link)
            served = "sessions", "sessions/session.json", "sessions/session.json?compare=other.json"
            for rest, shows in zip(served, ("session.json", "onerror", "onerror"), strict=True):
                wrong, _ = await looked_at(reader, f"{recorder.origin}/_recorder/{rest}", recorder.origin)
                broken += [f"{rest}: {each}" for each in wrong]
                await reader.get_by_text(shows).first.wait_for(state="attached")
                assert await reader.locator(GAINED).count() == 0, rest
    said = "pages: a hostile session runs no script in the replay, load, API and served pages"
    promise(said, (len(pages) + len(served)) * len(BREAKS), broken)

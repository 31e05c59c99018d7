"""The recording panel and the session library, used in real Chromium as a person would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Download, Locator, Page, expect

from e2e.apps import ROOT, GradioApp, NotStarted, gradio_python
from e2e.test_attach import INSTALLED
from e2e.test_mcp import PIXEL
from e2e.visit import opened, press, proxied
from e2e.web.running import WebApp
from recorder import session as sessions
from recorder.capture.browser import record
from recorder.capture.recovery import recover
from recorder.config import Source, parse
from recorder.serve.offer import Offer
from recorder.serve.panel import Panel
from recorder.serve.site import Site

APP = """
import os, time
import gradio as gr
from calllog import logged

@logged
def greet(name, code):
    return f"hello {name}, {code}"

@logged
def shout(text):
    return text.upper()

@logged
def count(n):
    for number in range(int(n)):
        time.sleep(0.05)
        yield str(number)

@logged
def turn(picture):
    return picture.rotate(90, expand=True)

def ticket():
    return os.urandom(9).hex()

def wait():
    time.sleep(60)

with gr.Blocks(title="House") as demo:
    name = gr.Textbox("Ann", label="Name")
    code = gr.Textbox(label="Code")
    said = gr.Textbox(label="Said")
    gr.Button("Greet").click(greet, [name, code], said)
    loud = gr.Textbox(label="Loud")
    gr.Button("Shout").click(shout, said, loud)
    n = gr.Number(3, label="N")
    counted = gr.Textbox(label="Counted")
    gr.Button("Count").click(count, n, counted)
    picture = gr.Image(label="Picture", type="pil", format="png")
    turned = gr.Image(label="Turned", format="png")
    gr.Button("Turn").click(turn, picture, turned)
    number = gr.Textbox(label="Number")
    gr.Button("Ticket").click(ticket, None, number)
    gr.Button("Wait").click(wait, None, number)
"""
LAUNCH = "\ndemo.launch()\n"
CODE = "rosebud 1941 $x"
UPLOADED = ".image-container img, .image-frame img"


@contextlib.asynccontextmanager
async def shown_at(url: str, folder: Path, config: str = "") -> AsyncIterator[str]:
    """The address at which `recorder proxy` serves ``url``, whose sessions go to ``folder``; no final slash. ``config``
    is the text of a ``recorder.toml``."""
    folder.mkdir(exist_ok=True)
    path = folder / "recorder.toml"
    source = Source(parse(config, path), path, config) if config else None
    offer = Offer(url, source=source, folder=folder, environment={"RECORDER_SECRET_CODE": CODE})
    async with proxied(url, folder, Site(offer)) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    """One app for all tests that need no fresh one."""
    try:
        app = GradioApp(gradio_python("6"), APP + LAUNCH, tmp_path_factory.mktemp("house"))
    except NotStarted as error:
        pytest.skip(str(error))
    yield app
    app.stop()


def link_of(app: GradioApp) -> str:
    """What an attached recorder printed for a browser to open."""
    app.wait_until(lambda: "/_recorder/open?" in app.output)
    return re.findall(r"http\S+/_recorder/open\?key=\S+", app.output)[-1]


def panel_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Recorded calls and their script")


async def open_panel(page: Page) -> Locator:
    """The panel, once it is open."""
    opener = page.get_by_role("button", name="Recorded calls")
    await opener.click(timeout=20_000)
    await expect(opener).to_have_attribute("aria-expanded", "true")
    return panel_of(page)


async def do(page: Page, button: str, field: str, value: str) -> None:
    """Press a button of the app and wait for what it puts into a field."""
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(page.get_by_label(field, exact=True)).to_have_value(value, timeout=20_000)


async def greet(page: Page, name: str, code: str = CODE) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Code", exact=True).fill(code)
    await do(page, "Greet", "Said", f"hello {name}, {code}")


def row(panel: Locator, endpoint: str) -> Locator:
    return panel.get_by_role("list", name="Recorded calls").get_by_role("listitem").filter(
        has=panel.page.locator("code.endpoint", has_text=endpoint)
    )  # fmt: skip


async def names_in(panel: Locator) -> list[str]:
    return await panel.locator("code.endpoint").all_inner_texts()


async def given(page: Page, panel: Locator, name: str, folder: Path) -> Path:
    """What the panel gives for a download, in a file of ``folder``."""
    async with page.expect_download() as download:
        await panel.get_by_role("button", name=f"Download {name}", exact=True).click()
    return await saved_to(await download.value, folder)


async def saved_to(download: Download, folder: Path) -> Path:
    path = folder / download.suggested_filename
    await download.save_as(path)
    return path


async def test_what_was_recorded_is_edited_downloaded_and_run(
    gradio_app: Callable[..., GradioApp],
    run_script: Callable[..., Any],
    recorder: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + LAUNCH)
    picture = tmp_path / 'a "picture".png'
    picture.write_bytes(PIXEL)
    downloads = tmp_path / "downloads"
    async with shown_at(app.url, tmp_path / "out") as url, opened(browser_path, url) as page:
        await press(page, True)
        panel = await open_panel(page)
        await greet(page, "Bob")
        await do(page, "Shout", "Loud", f"HELLO BOB, {CODE.upper()}")
        await do(page, "Count", "Counted", "2")
        await page.locator("input[type=file]").first.set_input_files(picture)
        await page.locator(UPLOADED).first.wait_for()
        await page.get_by_role("button", name="Turn", exact=True).click()

        # As it happens: what was called, by what, with what, and what came of it.
        await expect(panel.locator("code.endpoint")).to_have_text(["/greet", "/shout", "/count", "/turn"])
        first, second = row(panel, "/greet"), row(panel, "/shout")
        await expect(first).to_contain_text("clicked Greet")
        await expect(first.locator(".brief")).to_contain_text(f'"hello Bob, {CODE}"')
        await expect(second.locator(".chip.link")).to_have_text("← c1.0")
        await expect(second.locator(".lanes .ends")).to_have_count(1)
        await expect(row(panel, "/count").locator(".state")).to_contain_text("3 values")
        await expect(row(panel, "/turn").locator("canvas")).to_have_count(2, timeout=10_000)

        # Edited: the script beside it follows.
        code = panel.get_by_role("tabpanel")
        await expect(code).to_contain_text('client.predict(name=name, code=code, api_name="/greet")')
        await first.get_by_role("button", name="/greet").click()
        await first.get_by_label("Variable for name of c1").fill("Guest of honour")
        await page.keyboard.press("Enter")
        await expect(code).to_contain_text("name=guest_of_honour, code=code")
        await first.get_by_role("button", name="Mark code of c1 as a secret").click()
        await expect(code).to_contain_text('os.environ["RECORDER_SECRET_CODE"]')
        await panel.get_by_role("button", name="Delete c3").click()
        await expect(panel.locator("code.endpoint")).to_have_text(["/greet", "/shout", "/turn"])
        await panel.get_by_role("button", name="Skip c2").click()
        await expect(panel.get_by_role("button", name="Skip c2")).to_have_attribute("aria-pressed", "true")
        await expect(code).not_to_contain_text("/shout")
        await panel.get_by_role("button", name="Undo").click()
        await expect(code).to_contain_text('client.predict(text=said, api_name="/shout")')
        assert CODE not in await panel.inner_text()

        scripts = {}
        for target in ("python", "javascript", "curl"):
            await panel.get_by_role("tab", name=target).click()
            await expect(panel.get_by_role("tabpanel", name=f"Script for {target}")).to_contain_text("/turn")
            scripts[target] = await given(page, panel, "script", downloads)
        live = await given(page, panel, "session", downloads)
        await press(page, False)
        packed = await given(page, panel, "zip", downloads)

    (path,) = (tmp_path / "out").glob("*.json")
    session = sessions.read(path)
    assert [call.endpoint for call in session.calls] == ["/greet", "/shout", "/turn"]
    assert sessions.read(live).calls == session.calls
    with zipfile.ZipFile(packed) as archive:
        assert f"{path.stem}.json" in archive.namelist()
        assert any(name.endswith(".png") for name in archive.namelist())
        texts = [archive.read(name) for name in archive.namelist()]
    texts += [file.read_bytes() for file in (path, live, *scripts.values())]
    assert not any(CODE.encode() in text for text in texts)

    def kept(log: list[dict[str, Any]]) -> list[Any]:
        return [[entry["function"], entry["inputs"]] for entry in log if entry["function"] != "count"]

    by_hand = kept(app.log)
    for script in scripts.values():
        await asyncio.to_thread(app.restart)
        ran = await asyncio.to_thread(run_script, script, RECORDER_URL=app.url, RECORDER_SECRET_CODE=CODE)
        assert ran.returncode == 0, ran.stdout + ran.stderr + script.read_text()
        await asyncio.to_thread(app.wait_until, lambda: len(app.log) >= 3)
        assert kept(app.log) == by_hand
    ran = await asyncio.to_thread(recorder, "replay", packed, "--url", app.url, RECORDER_SECRET_CODE=CODE)
    assert ran.returncode == 0, ran.stdout + ran.stderr


async def test_a_reload_in_the_middle_keeps_everything_and_so_does_a_crash(
    house: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    async with shown_at(house.url, out) as url, opened(browser_path, url) as page:
        await press(page, True)
        panel = await open_panel(page)
        await greet(page, "Ann")
        await greet(page, "Bob")
        await greet(page, "Cid")
        await expect(panel.locator("code.endpoint")).to_have_count(3)
        await panel.get_by_role("button", name="Delete c2").click()
        await row(panel, "/greet").first.get_by_role("button", name="/greet").click()
        await panel.get_by_role("button", name="Mark code of c1 as a secret").click()
        await expect(panel.get_by_role("tabpanel")).to_contain_text("RECORDER_SECRET_CODE")
        await panel.get_by_role("tab", name="curl").click()
        shown = panel.get_by_role("tabpanel", name="Script for curl")
        await expect(shown).to_contain_text("curl")
        before = await shown.text_content()

        await page.reload()
        await expect(panel.locator("code.endpoint")).to_have_count(2, timeout=20_000)
        await expect(panel.get_by_role("heading", name="Recording · 2 calls")).to_be_visible()
        await expect(panel.get_by_role("tab", name="curl")).to_have_attribute("aria-selected", "true")
        await expect(shown).to_have_text(before or "-")
        await greet(page, "Dee")
        await expect(panel.locator("code.endpoint")).to_have_count(3)

        # What is on disk now is all that a crash leaves behind.
        crashed = tmp_path / "crashed"
        shutil.copytree(out, crashed)
        (journal,) = crashed.glob("*.journal")
        made = recover(journal)
        assert made is not None
        assert [c.inputs[0].value for c in sessions.read(made).calls] == ["Ann", "Cid", "Dee"]
        assert CODE not in made.read_text()

        await panel.get_by_role("button", name="Undo").click()
        await panel.get_by_role("button", name="Undo").click()
        await expect(panel.locator("code.endpoint")).to_have_count(4)
        await press(page, False)
        await expect(panel.get_by_role("heading", name="4 recorded calls")).to_be_visible()
        # What was saved can still be changed, and the file is.
        await panel.get_by_role("button", name="Delete c4").click()
        await expect(panel.locator("code.endpoint")).to_have_count(3)
    (path,) = out.glob("*.json")
    assert [c.inputs[0].value for c in sessions.read(path).calls] == ["Ann", "Bob", "Cid"]


PLACES = """() => [
    ...[...document.querySelectorAll("body *")].filter((each) => !each.closest("[data-api-recorder]") && each.getClientRects().length).map((each) => {
        const { x, y, width, height } = each.getBoundingClientRect();
        return [each.tagName, ...[x + scrollX, y + scrollY, width, height].map((length) => length.toFixed(2))];
    }),
    document.documentElement.style.cssText,
]"""
BEYOND = """(limit) => [...document.querySelectorAll("main *, .contain *, footer *")]
    .filter((each) => !each.closest("[data-api-recorder]") && each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter((each) => each.getBoundingClientRect().right > limit).map((each) => each.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("line", ["4", "5", "6"])
async def test_the_app_makes_room_and_lies_as_before_once_the_panel_is_closed(
    line: str, gradio_app: Callable[..., GradioApp], browser_path: str, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + LAUNCH, line)
    async with shown_at(app.url, tmp_path / "out") as url, opened(browser_path, url) as page:
        await page.set_viewport_size({"width": 1300, "height": 800})
        await press(page, True)
        await expect(page.get_by_role("button", name="Recorded calls")).to_be_visible()
        await page.evaluate("document.fonts.ready")
        await page.evaluate("scrollTo(0, 0)")
        before = await page.evaluate(PLACES)
        panel = await open_panel(page)
        box = await panel.bounding_box()
        assert box is not None and box["x"] + box["width"] == 1300 and box["height"] == 800
        assert await page.evaluate(BEYOND, box["x"]) == []
        grip = panel.page.get_by_role("separator", name="Size of the panel")
        await grip.focus()
        await page.keyboard.press("ArrowLeft")
        wider = await panel.bounding_box()
        assert wider is not None and wider["width"] == box["width"] + 24
        await panel.get_by_role("button", name="Dock at the bottom").click()
        low = await panel.bounding_box()
        assert low is not None and low["width"] == 1300 and low["y"] + low["height"] == 800
        # The very end of the app can be seen above it.
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        toggle = await page.get_by_role("button", name="API Recorder").bounding_box()
        assert toggle is not None and toggle["y"] + toggle["height"] <= low["y"]
        await page.evaluate("scrollTo(0, 0)")
        await panel.get_by_role("button", name="Close the panel").click()
        await expect(panel).to_have_count(0)
        await page.evaluate("scrollTo(0, 0)")
        assert await page.evaluate(PLACES) == before


async def test_all_of_it_can_be_done_by_keyboard_and_is_read_out(
    house: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    async with shown_at(house.url, tmp_path / "out") as url, opened(browser_path, url) as page:
        await press(page, True)
        await greet(page, "Ann")
        await greet(page, "Bob")
        await greet(page, "Cid")
        await page.get_by_role("button", name="API Recorder").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        panel = panel_of(page)
        await expect(panel).to_be_focused()
        openers = panel.locator(".opener")
        await expect(openers).to_have_count(3)
        while not await openers.first.evaluate("each => each.matches(':focus')"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(openers.first).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("ArrowDown")
        await expect(openers.nth(1)).to_be_focused()
        await page.keyboard.press("Delete")
        await expect(openers).to_have_count(2)
        await page.keyboard.press("Control+z")
        await expect(openers).to_have_count(3)
        field = panel.get_by_label("Variable for name of c1")
        await field.focus()
        await page.keyboard.type("guest")
        await page.keyboard.press("Enter")
        await expect(panel.get_by_role("tabpanel")).to_contain_text("guest")
        await panel.get_by_role("tab", name="python").focus()
        await page.keyboard.press("ArrowRight")
        await expect(panel.get_by_role("tab", name="javascript")).to_be_focused()
        await expect(panel.get_by_role("tabpanel", name="Script for javascript")).to_contain_text("import")

        await page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; 0")
        audit = "axe.run(document.querySelector('html > [data-api-recorder]')).then(({ violations }) => violations)"
        for theme in ("light", "dark"):
            await page.evaluate(f"document.body.classList.toggle('dark', {str(theme == 'dark').lower()})")
            await expect(page.locator("html > [data-api-recorder] .frame.dark")).to_have_count(
                int(theme == "dark")
            )
            found = await page.evaluate(audit)
            assert [(f["id"], [n["html"] for n in f["nodes"]]) for f in found] == []

        await page.keyboard.press("Escape")
        await expect(panel).to_have_count(0)
        await expect(page.get_by_role("button", name="Recorded calls")).to_be_focused()


async def test_a_replay_shows_in_place_what_came_and_can_be_stopped(
    house: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    async with shown_at(house.url, tmp_path / "out") as url, opened(browser_path, url) as page:
        await press(page, True)
        panel = await open_panel(page)
        await greet(page, "Ann")
        await page.get_by_role("button", name="Ticket", exact=True).click()
        await expect(page.get_by_label("Number", exact=True)).not_to_have_value("")
        await expect(panel.locator("code.endpoint")).to_have_count(2)
        await panel.get_by_role("button", name="Replay", exact=True).click()
        status = panel.get_by_role("status")
        await expect(status).to_contain_text("1 of 2 steps as recorded", timeout=20_000)
        await expect(row(panel, "/greet").locator(".replayed")).to_contain_text("as recorded")
        differs = row(panel, "/ticket").locator(".replayed")
        await expect(differs).to_contain_text("Replay: differs")
        await expect(differs.locator("p")).to_contain_text("output 'Number'")
        assert len(await differs.locator("pre").inner_text()) == 18
        # From there on only.
        await panel.get_by_role("button", name="Replay from c2").click()
        await expect(status).to_contain_text("0 of 1 step as recorded", timeout=20_000)
        await expect(row(panel, "/greet").locator(".replayed")).to_be_hidden()

        await page.get_by_role("button", name="Wait", exact=True).click()
        await expect(row(panel, "/wait").locator(".state")).to_have_text("running…")
        await panel.get_by_role("button", name="Replay from c3").click()
        await panel.get_by_role("button", name="Stop · 0 of 1").click()
        await expect(status).to_have_text("Stopped.")
        await expect(panel.get_by_role("button", name="Replay", exact=True)).to_be_visible()


async def test_the_script_is_copied_whole_and_a_recorder_that_is_gone_is_told_of(
    house: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(shown_at(house.url, tmp_path / "out"))
        async with opened(browser_path, url) as page:
            await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            await press(page, True)
            panel = await open_panel(page)
            await greet(page, "Ann " * 2000)
            await expect(panel.get_by_role("tabpanel")).to_contain_text("/greet")
            await panel.get_by_role("button", name="Copy the script").click()
            await expect(panel.get_by_role("status")).to_have_text("Copied.")
            copied = await page.evaluate("navigator.clipboard.readText()")
            script = await given(page, panel, "script", tmp_path)
            assert copied == script.read_text() and "Ann " * 2000 in copied
            await stack.aclose()
            await panel.get_by_role("button", name="Replay", exact=True).click()
            await expect(panel.get_by_role("status")).to_contain_text("cannot be reached just now")


async def test_nothing_that_an_app_says_becomes_more_than_text(browser_path: str, tmp_path: Path) -> None:
    from e2e.web.hostile import HOSTILE

    app = await asyncio.to_thread(WebApp, "hostile", tmp_path)
    out = tmp_path / "out"
    try:
        async with shown_at(app.url, out) as url, opened(browser_path, url) as page:
            await press(page, True)
            panel = await open_panel(page)
            await page.get_by_role("button", name="Ask", exact=True).click()
            await expect(page.locator("output")).to_have_text("asked")
            await expect(panel.locator("code.endpoint")).to_have_text(["POST /say", "GET /fail"])
            for opener in await panel.locator(".opener").all():
                await opener.click()
            assert "<img src=x onerror" in await row(panel, "/say").locator(".detail").inner_text()
            for target in await panel.get_by_role("tab").all():
                await target.click()
                name = await target.inner_text()
                shown = panel.get_by_role("tabpanel", name=f"Script for {name}")
                await expect(shown).to_contain_text("say")
            # The app's policy lets no style of ours through but the one that needs no leave.
            assert await panel.evaluate("each => getComputedStyle(each).display") == "flex"
            assert await page.locator("html > [data-api-recorder] img").count() == 0
            await press(page, False)
            (path,) = out.glob("*.json")
            hostile_name = out / f"{HOSTILE.replace('/', '_').replace(chr(0), '')}.json"
            shutil.copy(path, hostile_name)
            for rest in ("sessions", f"sessions/{path.name}", f"sessions/{path.name}?compare={path.name}"):
                await page.goto(f"{url}/_recorder/{rest}")
                await expect(page.locator("body")).to_contain_text("say")
                assert "hurt" not in await page.title()
                assert await page.locator("img").count() == 0
            assert "hurt" not in await page.title()
    finally:
        app.stop()


async def test_five_hundred_calls_are_all_there_in_their_order_and_so_is_their_script(
    browser_path: str, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(WebApp, "hostile", tmp_path)
    try:
        async with shown_at(app.url, tmp_path / "out") as url, opened(browser_path, url) as page:
            await press(page, True)
            panel = await open_panel(page)
            await page.get_by_role("button", name="More", exact=True).focus()
            for _ in range(50):
                await page.keyboard.press("Enter")
            await expect(page.locator("output")).to_have_text("asked 500", timeout=60_000)
            await expect(panel.get_by_role("heading", name="Recording · 500 calls")).to_be_visible(
                timeout=60_000
            )
            await expect(panel.locator("code.endpoint")).to_have_count(500, timeout=20_000)
            ids = await panel.locator(".opener .soft").all_text_contents()
            assert [id.strip() for id in ids] == [f"c{n}" for n in range(1, 501)]
            await panel.get_by_role("button", name="Delete c250").click()
            await expect(panel.locator("code.endpoint")).to_have_count(499)
            lines = panel.get_by_role("tabpanel").locator(".line")
            for target in ("pytest", "python"):
                await panel.get_by_role("tab", name=target, exact=True).click()
                script = (await given(page, panel, "script", tmp_path)).read_text().splitlines()
                await expect(lines).to_have_count(len(script), timeout=20_000)
                assert await lines.all_text_contents() == script
            await press(page, False)
        (path,) = (tmp_path / "out").glob("*.json")
        assert len(sessions.read(path).calls) == 499
    finally:
        app.stop()


async def test_in_a_browser_that_we_open_what_is_downloaded_lies_in_a_folder_of_its_own(
    house: GradioApp, browser_path: str, run_script: Callable[..., Any], tmp_path: Path
) -> None:
    is_down = asyncio.Event()
    downloaded: list[Path] = []

    def told(text: str) -> None:
        if text.startswith("downloaded "):
            downloaded.append(Path(text.removeprefix("downloaded ")))
            is_down.set()

    async def drive(page: Page) -> None:
        await greet(page, "Ann")
        panel = await open_panel(page)
        await expect(panel.get_by_role("tabpanel")).to_contain_text("/greet")
        await panel.get_by_role("button", name="Download script", exact=True).click()
        await asyncio.wait_for(is_down.wait(), 20)
        await panel.get_by_role("button", name="Delete c1").click()
        await expect(panel.locator("code.endpoint")).to_have_count(0)

    await record(
        house.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive,
        open_panel=Panel, say=told,
    )  # fmt: skip
    assert sessions.read(tmp_path / "s.json").calls == ()
    (script,) = downloaded
    assert script.name == "s.py" and script.stat().st_mode & 0o777 == 0o600
    assert script.parent.stat().st_mode & 0o777 == 0o700 and not script.is_relative_to(tmp_path)
    ran = await asyncio.to_thread(run_script, script)
    assert ran.returncode == 0 and "hello Ann" in ran.stdout, ran.stderr


async def test_an_attached_app_has_the_panel_and_its_sessions_too(
    gradio_app: Callable[..., GradioApp], browser_path: str, tmp_path: Path
) -> None:
    source = INSTALLED + APP + '\nrecorder.attach(demo, output=os.environ["OUT"])\ndemo.launch()\n'
    out = tmp_path / "out"
    out.mkdir()
    app = await asyncio.to_thread(gradio_app, source, "5", OUT=str(out))
    async with opened(browser_path, app.url) as page:
        await page.goto(await asyncio.to_thread(link_of, app))
        await press(page, True)
        panel = await open_panel(page)
        await greet(page, "Ann")
        await panel.get_by_role("button", name="Replay", exact=True).click()
        await expect(panel.get_by_role("status")).to_contain_text("1 of 1 step as recorded", timeout=20_000)
        await press(page, False)
        await page.goto(f"{app.url}/_recorder/sessions")
        await expect(page.locator("tbody tr")).to_have_count(1)


async def test_the_sessions_of_the_folder_are_listed_opened_compared_renamed_replayed_and_deleted(
    house: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    picture = tmp_path / "a.png"
    picture.write_bytes(PIXEL)
    async with shown_at(house.url, out) as url, opened(browser_path, url) as page:
        for name in ("Ann", "Bob"):
            await press(page, True)
            await greet(page, name)
            await page.locator("input[type=file]").first.set_input_files(picture)
            await page.locator(UPLOADED).first.wait_for()
            await page.get_by_role("button", name="Turn", exact=True).click()
            await page.locator(UPLOADED).nth(1).wait_for()
            await press(page, False)
            await page.reload()
        (out / "other.json").write_text(
            json.dumps({"format": "recorder-session/1", "app": {"url": "http://x.test"}})
        )
        (out / "notes.json").write_text("{}")
        newest, oldest = sorted((path.name for path in out.glob("session*.json")), reverse=True)

        await page.goto(f"{url}/_recorder/sessions")
        rows = page.locator("tbody tr")
        assert await rows.evaluate_all("all => all.map((row) => row.dataset.name)") == [newest, oldest]
        await page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; 0")
        found = await page.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(f["id"], f["nodes"][0]["html"]) for f in found] == []

        await page.get_by_role("button", name=f"Replay {newest}").click()
        await expect(page.get_by_role("status")).to_contain_text("2 of 2 steps as recorded", timeout=20_000)
        await page.get_by_role("button", name=f"Rename {newest}").click()
        await page.keyboard.type("as Bob")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="as Bob.json")).to_be_focused()
        assert (out / "as Bob.json").exists() and not (out / newest).exists()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Zip as Bob.json with its files").click()
        packed = await saved_to(await download.value, tmp_path)
        assert packed.name == "as Bob.zip"

        for box in await page.get_by_role("checkbox").all():
            await box.check()
        await page.get_by_role("button", name="Compare two").click()
        await expect(page.locator("main")).to_contain_text("1 of 2 calls are the same in both.")
        await expect(page.locator("tbody").first).to_contain_text('input name"Ann""Bob"')
        await page.get_by_role("link", name="Recorded sessions").click()

        await page.get_by_role("link", name="as Bob.json").click()
        board = panel_of(page)
        await expect(board.locator("code.endpoint")).to_have_text(["/greet", "/turn"])
        await expect(row(board, "/turn").locator("canvas")).to_have_count(2)
        await page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; 0")
        found = await page.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(f["id"], f["nodes"][0]["html"]) for f in found] == []
        await board.get_by_role("button", name="Delete c1").click()
        await expect(board.locator("code.endpoint")).to_have_text(["/turn"])
        assert [call.endpoint for call in sessions.read(out / "as Bob.json").calls] == ["/turn"]
        await board.get_by_role("button", name="Undo").click()
        await expect(board.locator("code.endpoint")).to_have_count(2)
        await board.get_by_role("button", name="Replay", exact=True).click()
        await expect(board.get_by_role("status")).to_contain_text("2 of 2 steps as recorded", timeout=20_000)
        await row(board, "/turn").get_by_text("What it gave").click()
        await expect(row(board, "/turn").locator("canvas")).to_have_count(3)
        script = await given(page, board, "script", tmp_path)
        assert script.name == "as Bob.py"

        await page.go_back()
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.get_by_role("button", name="Delete as Bob.json").click()
        await expect(rows).to_have_count(1)
    assert sorted(os.listdir(out)) == sorted(
        ["notes.json", oldest, f"{Path(oldest).stem}.files", "other.json"]
    )

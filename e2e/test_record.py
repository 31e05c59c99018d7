"""`recorder record` in a real browser, and all the ways in which it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from e2e.apps import ROOT, GradioApp, NotStarted, free_port, gradio_python
from e2e.conftest import CHROMIUM_FLAGS
from e2e.visit import APP, CALLS, LAUNCH, press, visit
from recorder import session as sessions
from recorder.capture.browser import record
from recorder.errors import AppError, BrowserError, UsageError
from tests.serving import upstream

QUICK = """
import gradio as gr
from calllog import logged
@logged
def echo(text):
    return text
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    gr.Button("Echo").click(echo, text, gr.Textbox(label="Out"))
demo.launch()
"""

ASK = """const ask = (text) => {
    const body = JSON.stringify({ data: [text], fn_index: 0, session_hash: text });
    fetch("/gradio_api/queue/join", { method: "POST", headers: { "Content-Type": "application/json" }, body });
};"""


@pytest.fixture(scope="module")
def echo_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    """One app for all tests that only need a call."""
    try:
        app = GradioApp(gradio_python("6"), QUICK, tmp_path_factory.mktemp("echo"))
    except NotStarted as error:
        pytest.skip(str(error))
    yield app
    app.stop()


async def echo(page: Page, text: str) -> None:
    await page.get_by_label("Text", exact=True).fill(text)
    await page.get_by_role("button", name="Echo", exact=True).click()
    await expect(page.get_by_label("Out", exact=True)).to_have_value(text, timeout=20_000)


def said(path: Path) -> list[Any]:
    return [call.inputs[0].value for call in sessions.read(path).calls]


async def test_a_visit_is_recorded_from_page_load_on(
    gradio_app: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + LAUNCH)
    pressed: list[str | None] = []

    async def drive(page: Page) -> None:
        toggle = page.get_by_role("button", name="API Recorder")
        pressed.append(await toggle.get_attribute("aria-pressed", timeout=20_000))
        await visit(page)

    saved = await record(
        app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert pressed == ["true"]
    assert saved == [tmp_path / "s.json"]
    assert [call.endpoint for call in sessions.read(saved[0]).calls] == CALLS


async def test_the_button_ends_a_session_and_begins_the_next(
    echo_app: GradioApp, browser_path: str, tmp_path: Path
) -> None:

    async def drive(page: Page) -> None:
        await echo(page, "one")
        await press(page, False)
        await echo(page, "in none")
        await press(page, True)
        await echo(page, "two")

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert saved == [tmp_path / "s.json", tmp_path / "s-2.json"]
    assert [said(path) for path in saved] == [["one"], ["two"]]


async def test_the_last_tab_may_be_closed_right_after_the_last_call(
    echo_app: GradioApp, browser_path: str, tmp_path: Path, promise: Callable[..., None]
) -> None:

    async def drive(page: Page) -> None:
        for number in range(5):
            await echo(page, f"call {number}")
        await page.close()

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert said(saved[0]) == [f"call {number}" for number in range(5)]
    promise("durability: a tab closed right after its last call loses none", 5, [])


async def test_a_renderer_that_dies_does_not_take_the_last_call_with_it(
    echo_app: GradioApp, browser_path: str, tmp_path: Path, promise: Callable[..., None]
) -> None:
    ask_twice = f"""async () => {{
        {ASK}
        ask("one");
        await new Promise((done) => setTimeout(done, 5));
        ask("two");
    }}"""

    async def drive(page: Page) -> None:
        renderer = await page.context.new_cdp_session(page)
        async with page.expect_event("crash"):
            await page.evaluate(ask_twice)
            asyncio.ensure_future(renderer.send("Page.crash")).add_done_callback(asyncio.Future.exception)

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert said(saved[0]) == ["one", "two"]
    promise("durability: a killed renderer process does not lose the last call", 2, [])


async def test_a_page_that_is_busy_when_the_recording_ends_is_heard_out(
    echo_app: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    ask_and_be_busy = f"""() => {{
        {ASK}
        ask("late");
        // What follows soon is gathered, to be said together.
        return new Promise((done) => setTimeout(() => {{
            ask("later");
            done();
            setTimeout(() => {{ for (const until = Date.now() + 3000; Date.now() < until; ); }}, 0);
        }}, 5));
    }}"""

    async def drive(page: Page) -> None:
        await echo(page, "soon")
        await page.evaluate(ask_and_be_busy)

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert said(saved[0]) == ["soon", "late", "later"]


async def test_an_app_that_is_started_anew_with_other_code_leaves_a_session_for_each(
    gradio_app: Callable[..., Any],
    recorder: Callable[..., Any],
    run_script: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
) -> None:
    sources = [
        QUICK,
        QUICK.replace("echo", "loud").replace("Echo", "Loud").replace("return text", "return text.upper()"),
    ]
    app = await asyncio.to_thread(gradio_app, sources[0])
    by_hand = []

    async def drive(page: Page) -> None:
        await echo(page, "one")
        by_hand.append(app.log)
        await asyncio.to_thread(app.restart, sources[1])
        await page.reload()
        await page.get_by_role("button", name="API Recorder").wait_for()
        await page.get_by_label("Text", exact=True).fill("two")
        await page.get_by_role("button", name="Loud", exact=True).click()
        await expect(page.get_by_label("Out", exact=True)).to_have_value("TWO", timeout=20_000)
        by_hand.append(app.log)

    saved = await record(
        app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert [call.endpoint for path in saved for call in sessions.read(path).calls] == ["/echo", "/loud"]
    for path, source, log in zip(saved, sources, by_hand, strict=True):
        await asyncio.to_thread(app.restart, source)
        script = path.with_suffix(".py")
        assert recorder("render", path, "-o", script).returncode == 0
        assert run_script(script).returncode == 0
        assert app.wait_for_log(1) == log


async def test_several_tabs_are_one_recording(echo_app: GradioApp, browser_path: str, tmp_path: Path) -> None:

    async def drive(page: Page) -> None:
        async with page.expect_popup() as opening:
            await page.evaluate("window.open(location.href, '_blank') && null")
        popup = await opening.value
        await echo(popup, "from the second tab")
        await page.close()
        await echo(popup, "after the first is closed")

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert said(saved[0]) == ["from the second tab", "after the first is closed"]


async def test_a_browser_that_dies_leaves_a_whole_session(
    echo_app: GradioApp, browser_path: str, tmp_path: Path
) -> None:

    async def drive(page: Page) -> None:
        await echo(page, "before the end")
        assert page.context.browser is not None
        control = await page.context.browser.new_browser_cdp_session()
        processes = (await control.send("SystemInfo.getProcessInfo"))["processInfo"]
        os.kill(next(each["id"] for each in processes if each["type"] == "browser"), signal.SIGKILL)
        await asyncio.Event().wait()

    saved = await record(
        echo_app.url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive
    )
    assert said(saved[0]) == ["before the end"]


async def test_ctrl_c_saves_and_exits_0(echo_app: GradioApp, browser_path: str, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from recorder.capture.browser import record\n"
        "async def drive(page):\n"
        "    await page.get_by_label('Text', exact=True).fill('x')\n"
        "    await page.get_by_role('button', name='Echo', exact=True).click()\n"
        "    await page.wait_for_function(\"[...document.querySelectorAll('textarea')].at(-1).value == 'x'\")\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(record(sys.argv[1], output=sys.argv[2], headless=True, browser=sys.argv[3], drive=drive))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", code, echo_app.url, str(tmp_path / "s.json"), browser_path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdout is not None and process.stderr is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    # To the whole group, as a terminal does.
    os.killpg(process.pid, signal.SIGINT)
    errors = await asyncio.wait_for(process.stderr.read(), 60)
    assert await process.wait() == 0, errors.decode()
    assert errors == b""
    assert said(tmp_path / "s.json") == ["x"]


async def test_a_running_browser_is_used_and_left_running(
    echo_app: GradioApp, browser_path: str, tmp_path: Path
) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        browser_path,
        *CHROMIUM_FLAGS,
        *(
            "--headless=new",
            f"--remote-debugging-port={port}",
            f"--user-data-dir={tmp_path / 'profile'}",
            "about:blank",
        ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"DevTools listening" not in await asyncio.wait_for(process.stderr.readline(), 30):
        pass

    async def drive(page: Page) -> None:
        await echo(page, "hello")

    try:
        saved = await record(
            echo_app.url, output=tmp_path / "s.json", cdp=f"http://127.0.0.1:{port}", drive=drive
        )
        assert said(saved[0]) == ["hello"]

        def tabs() -> list[str]:
            answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10).read()
            return [each["url"] for each in json.loads(answer) if each["type"] == "page"]

        assert "about:blank" in await asyncio.to_thread(tabs)
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()


async def test_an_app_that_is_not_there_gets_a_sentence_and_leaves_no_file(
    browser_path: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(
        AppError, match=r"cannot be opened: connection refused\. Start the app, or check the address\."
    ):
        await record(url, output=tmp_path / "s.json", headless=True, browser=browser_path)
    assert list(tmp_path.iterdir()) == []


async def test_wrong_browsers_and_addresses_get_a_sentence(browser_path: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not the address of a web app"):
        await record("127.0.0.1:7860", output=tmp_path / "s.json", headless=True)
    with pytest.raises(UsageError, match="/no/such/browser is not a program"):
        await record(
            "http://127.0.0.1:1", output=tmp_path / "s.json", headless=True, browser="/no/such/browser"
        )
    with pytest.raises(BrowserError, match="does not start"):
        await record("http://127.0.0.1:1", output=tmp_path / "s.json", headless=True, browser="/bin/false")
    with pytest.raises(BrowserError, match="No browser answers at"):
        await record("http://127.0.0.1:1", output=tmp_path / "s.json", cdp=f"http://127.0.0.1:{free_port()}")
    assert list(tmp_path.iterdir()) == []


async def test_a_login_is_given_to_the_app_and_recorded_nowhere(browser_path: str, tmp_path: Path) -> None:
    """The one that the command line takes out of an address."""
    wanted = "Basic " + base64.b64encode(b"ann:k:wi").decode()
    asked: dict[str, str] = {}

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        asked[request.path] = request.headers.get("Authorization", "")
        if asked[request.path] != wanted:
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic realm=x"})
        button = (
            "<button onclick=\"fetch('/do', { method: 'POST', body: '{}' })\">Go</button><footer>x</footer>"
        )
        return web.Response(text=f"<!doctype html><title>A</title>{button}", content_type="text/html")

    async def drive(page: Page) -> None:
        async with page.expect_response("**/do"):
            await page.get_by_role("button", name="Go").click()

    async with upstream(app) as url:
        (path,) = await record(
            url,
            output=tmp_path / "s.json",
            headless=True,
            browser=browser_path,
            drive=drive,
            login="ann:k:wi",
        )
        with pytest.raises(UsageError) as raised:
            await record(url.replace("://", "://ann:hidden@"), browser=browser_path)
    assert asked["/"] == asked["/do"] == asked["/openapi.json"] == wanted
    assert "k:wi" not in path.read_text() and wanted.partition(" ")[2] not in path.read_text()
    assert "hidden" not in str(raised.value)

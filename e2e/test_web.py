"""Web apps that are not Gradio's, used once in a real browser, and done again on a server started anew."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from playwright.async_api import Page, async_playwright, expect

from e2e.conftest import CHROMIUM_FLAGS
from e2e.visit import opened, press, proxied
from e2e.web import visits
from e2e.web.attached import FRAMEWORKS
from e2e.web.running import WebApp
from recorder import session as sessions
from recorder.capture.browser import record
from recorder.capture.fetch import read_description
from recorder.session import Session

Start = Callable[..., WebApp]

APPS = {
    "crud": visits.crud,
    "forms": visits.forms,
    "graphql": visits.graphql,
    "streams": visits.streams,
    "windows": visits.windows,
}

SCRIPTS = {
    "python": ("py", [sys.executable]),
    "python --style async": ("py", [sys.executable]),
    "javascript": ("mjs", ["node", "--experimental-websocket"]),
    "curl": ("sh", ["dash"]),
    "pytest": ("py", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
}
NO_SOCKETS = {"curl"}
"""Targets that say that they cannot repeat a WebSocket, and how to leave it out with what needs it."""
OVER_SOCKETS = ("joined", "said", "visited", "worked")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts one of the apps, with new secrets and new ids each time."""
    started: list[WebApp] = []

    def begin(name: str, **environment: str) -> WebApp:
        folder = tmp_path / f"app-{len(started)}"
        folder.mkdir()
        started.append(WebApp(name, folder, **environment))
        return started[-1]

    yield begin
    for app in started:
        app.stop()


async def recorded(name: str, app: WebApp, path: Path, way: str, browser_path: str) -> Session:
    """The session of a visit, by ``record`` or by ``proxy``."""
    if way == "record":
        await record(app.url, output=path, headless=True, browser=browser_path, drive=APPS[name])
    else:
        async with proxied(app.url, path) as address, opened(browser_path, address) as page:
            await press(page, True)
            await APPS[name](page)
            await press(page, False)
    return sessions.read(path)


def of_the_person(log: list[Any], name: str) -> list[Any]:
    """Without what the page reads by itself, as it loads and after each act: it is asked again only where a call needs
    it."""
    return [call for call in log if call[0] != "books"] if name == "graphql" else log


@pytest.mark.parametrize("way", ["record", "proxy"])
@pytest.mark.parametrize("name", APPS)
async def test_a_visit_is_done_again_on_a_fresh_server_by_replay_and_by_every_script(
    name: str, way: str, start: Start, recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(start, name)
    path = tmp_path / "session.json"
    session = await recorded(name, first, path, way, browser_path)
    assert session.app.url == first.url
    assert "open sesame" not in path.read_text()
    wanted = of_the_person(first.log, name)
    assert wanted
    first.stop()

    app = await asyncio.to_thread(start, name)
    done = await asyncio.to_thread(recorder, "replay", path, "--url", app.url, **visits.SECRET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert of_the_person(app.log, name) == wanted
    # Both ways give the same session, so that one of them need not be written in every language.
    targets = [t for t in SCRIPTS if "async" not in t or name == "streams"] if way == "record" else ["python"]
    for target in targets:
        suffix, command = SCRIPTS[target]
        script = tmp_path / f"again_test.{suffix}"
        words: list[Any] = ["render", path, "--target", *target.split(), "-o", script]
        while (done := await asyncio.to_thread(recorder, *words)).returncode and target in NO_SOCKETS:
            remedy = re.findall(r"--skip c\d+", done.stderr)
            assert remedy and remedy[0].split()[1] not in words, done.stderr
            words += " ".join(remedy).split()
        assert done.returncode == 0, done.stderr
        app = await asyncio.to_thread(start, name)
        ended = await asyncio.to_thread(
            subprocess.run,
            [*command, str(script)],
            env={**os.environ, "RECORDER_URL": app.url, **visits.SECRET},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        left_out = OVER_SOCKETS if target in NO_SOCKETS else ()
        made = of_the_person(app.log, name)
        assert made == [call for call in wanted if call[0] not in left_out], target


@pytest.mark.parametrize("name", ["crud", "forms", "streams"])
async def test_users_of_a_load_test_make_the_recorded_requests(
    name: str, start: Start, recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(start, name)
    path = tmp_path / "session.json"
    await recorded(name, first, path, "record", browser_path)
    wanted = first.log
    app = await asyncio.to_thread(start, name)
    # On a slow machine one visit takes nearly that, and longest the one whose job is waited for.
    seconds = "12s" if name == "streams" else "9s"
    words = ("--users", "1", "--run-time", seconds, "--url", app.url)
    done = await asyncio.to_thread(recorder, "load", path, *words, **visits.SECRET, RECORDER_PACE="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert app.log[: len(wanted)] == wanted


def test_what_a_target_cannot_do_is_said_with_the_remedy(
    start: Start, recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    app = start("streams")
    path = tmp_path / "session.json"
    asyncio.run(recorded("streams", app, path, "record", browser_path))
    done = recorder("render", path, "--target", "curl")
    assert done.returncode == 2
    assert "WebSocket" in done.stderr and "--skip c1" in done.stderr


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_an_app_of_one_s_own_has_the_button_whatever_it_is_written_in(
    framework: str, start: Start, recorder: Callable[..., Any], browser_path: str
) -> None:
    app = await asyncio.to_thread(start, "attached", FRAMEWORK=framework)
    async with opened(browser_path, app.url) as page:
        await press(page, True)
        await page.get_by_label("Text").fill("hello")
        await page.get_by_role("button", name="Echo").click()
        await expect(page.locator("output")).to_have_text("HELLO")
        await press(page, False)
    path = app.folder / "session.json"
    assert [call.endpoint for call in sessions.read(path).calls] == ["POST /api/echo"]
    done = await asyncio.to_thread(recorder, "replay", path, "--url", app.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert app.log == [["echo", {"text": "hello"}]] * 2


@pytest.mark.parametrize("name", ["crud", "graphql"])
async def test_a_har_that_playwright_saved_is_done_again_on_a_fresh_server(
    name: str, start: Start, recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(start, name)
    har = tmp_path / "visit.har"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        context = await browser.new_context(record_har_path=har, record_har_content="embed")
        page = await context.new_page()
        await page.goto(first.url)
        await APPS[name](page)
        await context.close()
        await browser.close()
    done = await asyncio.to_thread(recorder, "import", har)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "visit.json"
    assert "open sesame" not in path.read_text()
    app = await asyncio.to_thread(start, name)
    done = await asyncio.to_thread(recorder, "replay", path, "--url", app.url, **visits.SECRET)
    assert done.returncode == 0, done.stdout + done.stderr
    # Who asked is not in the file, so that what the page loads is asked again too.
    assert app.log == first.log


NOT_IN_THE_FILE = {
    # Chrome keeps no bytes of an upload, Firefox no message of a WebSocket.
    "chrome-streams": (["POST /api/upload", "c15"], ("upload", "uploaded")),
    "firefox-streams": (["c8"], OVER_SOCKETS),
}


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parent / "web/hars").glob("*.har")), ids=lambda f: f.stem
)
def test_a_har_that_a_browser_or_mitmproxy_saved_is_done_again(
    file: Path, start: Start, recorder: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "session.json"
    done = recorder("import", file, "-o", path)
    assert done.returncode == 0, done.stderr
    assert "open sesame" not in path.read_text()
    skip, lost = NOT_IN_THE_FILE.get(file.stem, ([], ()))
    app = start(file.stem.partition("-")[2])
    words = [word for call in skip for word in ("--skip", call)]
    done = recorder("replay", path, "--url", app.url, *words, **visits.SECRET)
    assert done.returncode == 0, done.stdout + done.stderr
    recorded = json.loads(file.with_suffix(".json").read_text())
    assert app.log == [call for call in recorded if call[0] not in lost]


@pytest.mark.parametrize("name", ["streams"])
async def test_a_recording_is_a_tool_of_a_language_model(
    name: str, start: Start, recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(start, name)
    path = tmp_path / "session.json"
    await recorded(name, first, path, "record", browser_path)
    script = tmp_path / "server.py"
    words = ("--target", "mcp", "--name", "The visit", "-o", script)
    assert (await asyncio.to_thread(recorder, "render", path, *words)).returncode == 0
    app = await asyncio.to_thread(start, name)
    environment = {**os.environ, "RECORDER_URL": app.url, **visits.SECRET}
    server = StdioServerParameters(command=sys.executable, args=[str(script)], env=environment)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
        await client.initialize()
        (tool,) = (await client.list_tools()).tools
        assert tool.name == "the_visit"
        answer = await client.call_tool(tool.name, {})
    assert not getattr(answer, "is_error", getattr(answer, "isError", None)), answer
    assert app.log == first.log


async def test_an_app_that_does_not_describe_itself_can_be_described_by_a_file(
    start: Start, browser_path: str, tmp_path: Path
) -> None:
    operation = {"operationId": "askForOne", "responses": {"200": {"description": "a thing"}}}
    file = tmp_path / "openapi.json"
    about = {"title": "Things", "version": "1"}
    file.write_text(
        json.dumps({"openapi": "3.1.0", "info": about, "paths": {"/api/ask": {"post": operation}}})
    )
    app = await asyncio.to_thread(start, "windows")
    path = tmp_path / "session.json"

    async def drive(page: Page) -> None:
        await page.get_by_role("button", name="Ask outside").click()
        await expect(page.locator("output")).to_have_text("1")

    description = read_description(file)
    await record(
        app.url, output=path, headless=True, browser=browser_path, drive=drive, description=description
    )
    session = sessions.read(path)
    assert session.app.title == "Things"
    assert [endpoint.name for endpoint in session.api.endpoints if endpoint.method == "POST"] == [
        "ask_for_one"
    ]


def test_a_file_that_describes_no_app_is_refused_with_the_remedy(
    recorder: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "package.json"
    file.write_text("{}")
    done = recorder("record", "http://127.0.0.1:9", "--openapi", file)
    assert done.returncode == 2
    assert (
        done.stderr == f"recorder: {file} is no OpenAPI document in JSON. Save the one that the app serves.\n"
    )

"""A real app through `recorder proxy`, in a real browser, by the button in its footer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.visit import APP, CALLS, LAUNCH, greet, is_done_again, opened, press, proxied, visit
from recorder import session as sessions

MOUNTED = """
import os, uvicorn
from fastapi import FastAPI
uvicorn.run(gr.mount_gradio_app(FastAPI(), demo, path="/deep/ui"), port=int(os.environ["GRADIO_SERVER_PORT"]))
"""


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One app for all tests that need no fresh one."""
    try:
        app = GradioApp(gradio_python("6"), APP + LAUNCH, tmp_path_factory.mktemp("app"))
    except NotStarted as error:
        pytest.skip(str(error))
    yield app.url
    app.stop()


async def test_a_visit_between_two_presses_is_done_again_by_script_and_by_replay(
    gradio_app: Callable[..., Any],
    run_script: Callable[..., Any],
    recorder: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + LAUNCH)
    path = tmp_path / "session.json"
    async with proxied(app.url, path) as address, opened(browser_path, address) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await press(page, True)
        await visit(page)
        await press(page, False)
        session = sessions.read(path)
        calls_outside = [
            url for url in asked if "gradio_api" in url and urlsplit(url).netloc != urlsplit(address).netloc
        ]
        assert calls_outside == []
    assert [call.endpoint for call in session.calls] == CALLS
    assert session.app.url == app.url
    assert {
        file.name
        for call in session.calls
        for value in call.outputs
        for file in sessions.files_in(value.value)
    } == {"copy of it.txt"}
    await is_done_again(app, [path], recorder, run_script)


async def test_each_press_on_and_off_is_a_session_and_what_was_done_before_is_in_none(
    app_url: str, browser_path: str, tmp_path: Path
) -> None:
    async with proxied(app_url, tmp_path / "s.json") as address, opened(browser_path, address) as page:
        await greet(page, "before", 0)
        await press(page, True)
        await greet(page, "first", 1)
        await press(page, False)
        await greet(page, "between", 2)
        await press(page, True)
        await greet(page, "second", 3)
        await press(page, False)
    for name, expected in (("s.json", "first"), ("s-2.json", "second")):
        calls = sessions.read(tmp_path / name).calls
        assert [call.endpoint for call in calls] == ["/greet", "/shout"]
        assert calls[0].inputs[1].value == expected


async def test_a_reload_and_a_second_tab_neither_lose_nor_double_a_call(
    app_url: str, browser_path: str, tmp_path: Path
) -> None:
    async with proxied(app_url, tmp_path / "s.json") as address, opened(browser_path, address) as page:
        await press(page, True)
        await greet(page, "one", 0)
        await page.reload()
        toggle = page.get_by_role("button", name="API Recorder")
        await expect(toggle).to_have_attribute("aria-pressed", "true", timeout=20_000)
        await greet(page, "two", 0)
        other = await page.context.new_page()
        await other.goto(address)
        await greet(other, "three", 0)
        await other.close()
        await greet(page, "four", 1)
        await press(page, False)
    calls = sessions.read(tmp_path / "s.json").calls
    assert [call.inputs[1].value for call in calls if call.endpoint == "/greet"] == [
        "one",
        "two",
        "three",
        "four",
    ]


async def test_an_app_under_a_path_is_recorded_at_that_path(
    gradio_app: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + MOUNTED, path="/deep/ui")
    async with proxied(app.url + "/", tmp_path / "s.json") as address, opened(browser_path, address) as page:
        assert urlsplit(address).path == "/deep/ui/"
        await press(page, True)
        await visit(page)
        await press(page, False)
    session = sessions.read(tmp_path / "s.json")
    assert session.app.url == app.url
    assert [call.endpoint for call in session.calls] == CALLS


async def test_behind_a_login_the_files_are_kept_with_the_persons_cookies(
    gradio_app: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP + '\ndemo.launch(auth=("ann", "tea"))\n')
    async with proxied(app.url, tmp_path / "s.json") as address, opened(browser_path, address) as page:
        await page.get_by_label("username").fill("ann")
        await page.get_by_label("password").fill("tea")
        await page.get_by_role("button", name="Login").click()
        await page.get_by_label("Name", exact=True).wait_for(timeout=20_000)
        await press(page, True)
        await visit(page)
        await press(page, False)
    session = sessions.read(tmp_path / "s.json")
    assert [call.endpoint for call in session.calls] == CALLS
    (copy,) = (file for value in session.calls[-1].outputs for file in sessions.files_in(value.value))
    assert (tmp_path / copy.path).read_bytes() == b"1234512345"

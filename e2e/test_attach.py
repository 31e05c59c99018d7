"""A real app with `recorder.attach(demo)` in its own source."""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from e2e.apps import ROOT
from e2e.visit import APP, CALLS, is_done_again, opened, press, visit
from recorder import session as sessions

# The app's own environment has Gradio; the recorder and what it needs come from ours, behind it.
INSTALLED = f"""
import sys
sys.path += [{str(ROOT)!r}, {sysconfig.get_path("purelib")!r}, {sysconfig.get_path("platlib")!r}]
import os, recorder
"""
BLOCKS = '\nrecorder.attach(demo, output=os.environ["SESSION"])\ndemo.launch()\n'
MOUNTED = """
import uvicorn
from fastapi import FastAPI
app = gr.mount_gradio_app(FastAPI(), demo, path="/deep/ui")
app = recorder.attach(app, output=os.environ["SESSION"])
uvicorn.run(app, port=int(os.environ["GRADIO_SERVER_PORT"]))
"""


@pytest.mark.parametrize(("source", "path"), [(BLOCKS, ""), (MOUNTED, "/deep/ui")], ids=["blocks", "mounted"])
async def test_a_visit_is_recorded_from_inside_and_done_again(
    source: str,
    path: str,
    gradio_app: Callable[..., Any],
    run_script: Callable[..., Any],
    recorder: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
) -> None:
    session_path = tmp_path / "session.json"
    app = await asyncio.to_thread(gradio_app, INSTALLED + APP + source, path=path, SESSION=str(session_path))
    async with opened(browser_path, app.url + "/") as page:
        await press(page, True)
        await visit(page)
        await press(page, False)
    session = sessions.read(session_path)
    assert [call.endpoint for call in session.calls] == CALLS
    assert session.app.url == app.url
    assert f"API Recorder saved {session_path}" in app.output
    await is_done_again(app, [session_path], recorder, run_script)


async def test_server_side_rendering_is_turned_off_and_that_is_said(
    gradio_app: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    source = INSTALLED + APP + BLOCKS.replace("launch()", "launch(ssr_mode=True)")
    app = await asyncio.to_thread(gradio_app, source, SESSION=str(tmp_path / "s.json"))
    assert "API Recorder turned server-side rendering off" in app.output
    async with opened(browser_path, app.url + "/") as page:
        await expect(page.get_by_role("button", name="API Recorder")).to_be_visible(timeout=20_000)

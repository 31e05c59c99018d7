"""Links and generated values that one recording does not tell, learnt by doing it again."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from e2e.web.running import WebApp
from recorder import session as sessions
from recorder.capture.browser import record

DONE = [["booked", "window"], ["noted", "Rainy day"], ["shelved", "Rainy day"]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], WebApp]]:
    """Starts the app with another word; the ids that were taken stay so."""
    started: list[WebApp] = []

    def begin(word: str) -> WebApp:
        folder = tmp_path / f"app-{word}"
        folder.mkdir()
        started.append(WebApp("booking", folder, WORD=word, TAKEN=str(tmp_path / "taken.txt")))
        return started[-1]

    yield begin
    for app in started:
        app.stop()


async def visit(page: Page) -> None:
    said = page.locator("#said")
    await expect(said).to_have_text("ready")
    await page.get_by_role("button", name="Book").click()
    await expect(said).to_have_text("booked window")
    await page.get_by_label("Note").fill("Rainy day")
    await page.get_by_role("button", name="Save").click()
    await expect(said).to_have_text("saved one more")


def calls(app: WebApp) -> list[Any]:
    return [[name, about["value"]] for name, about in app.log]


async def test_a_word_under_another_name_and_an_id_of_math_random_are_learnt_by_doing_it_again(
    start: Callable[[str], WebApp], recorder: Callable[..., Any], browser_path: str, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(start, "amber")
    path = tmp_path / "session.json"
    await record(first.url, output=path, headless=True, browser=browser_path, drive=visit)
    assert calls(first) == DONE
    first.stop()

    second = await asyncio.to_thread(start, "cedar")
    done = await asyncio.to_thread(recorder, "replay", path, "--url", second.url)
    assert done.returncode == 1, done.stdout
    assert calls(second) == []
    facts = sessions.read(path)
    rehearsed = await asyncio.to_thread(
        recorder, "replay", path, "--url", second.url, "--learn", 2, "--dry-run"
    )
    assert "learnt: " in rehearsed.stderr, rehearsed.stderr + rehearsed.stdout
    assert sessions.read(path) == facts
    taught = await asyncio.to_thread(recorder, "replay", path, "--url", second.url, "--learn", 2)
    assert taught.returncode == 0, taught.stdout + taught.stderr
    session = sessions.read(path)
    assert (session.calls, session.omitted) == (facts.calls, facts.omitted)
    assert sorted((e.origin, e.text == "amber") for e in session.learnt) == [
        ("generated", False),
        ("generated", False),
        ("received", True),
    ]
    assert all("with the recorded value" in e.evidence for e in session.learnt)
    shown = json.loads((await asyncio.to_thread(recorder, "show", path, "--json")).stdout)
    assert [e["origin"] for e in shown["learnt"]] == [e.origin for e in session.learnt]

    again = await asyncio.to_thread(recorder, "replay", path, "--url", second.url, "--learn", 2)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "learnt: " not in again.stderr
    assert sessions.read(path) == session

    third = await asyncio.to_thread(start, "maple")
    done = await asyncio.to_thread(recorder, "replay", path, "--url", third.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert calls(third) == DONE

    fourth = await asyncio.to_thread(start, "olive")
    script = tmp_path / "again.py"
    await asyncio.to_thread(recorder, "render", path, "--target", "python", "-o", script)
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(script)],
        env={**os.environ, "RECORDER_URL": fourth.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert calls(fourth) == DONE

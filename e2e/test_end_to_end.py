"""A person's visit to a real Gradio app, recorded in real Chromium: its script, run against a fresh start of the app,
makes the same calls with the same values, and replay finds the same outputs. Where the table of features is made, the script
is one in JavaScript and one for a shell as well on the newest line; the corpus has these two do the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page

from e2e.features import TRAITS, Trait
from e2e.visit import is_done_again
from recorder import session as sessions
from recorder.adapters import workflow
from recorder.capture.browser import record


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every visit on the newest line, every third one on an older one too; with ``--whole`` on all."""
    is_whole = metafunc.config.getoption("whole")
    cases = []
    for number, (name, trait) in enumerate(TRAITS.items()):
        first, *older = trait.lines
        also = older[number // 3 % len(older) :][:1] if older and number % 3 == 0 else []
        for line in trait.lines if is_whole else (first, *also):
            cases.append(
                pytest.param(trait, line, id=f"{name}-{line}", marks=pytest.mark.feature(line, name))
            )
    metafunc.parametrize(("trait", "line"), cases)


async def test_what_a_person_did_is_done_again_by_script_and_by_replay(
    trait: Trait,
    line: str,
    gradio_app: Callable[..., object],
    run_script: Callable[..., object],
    recorder: Callable[..., object],
    browser_path: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    environment = trait.environment or {}
    app = await asyncio.to_thread(gradio_app, trait.source, line, trait.mount, **environment)
    path = tmp_path / "session.json"

    async def visit(page: Page) -> None:
        # What is typed before the app listens is typed for nothing, with the recorder and without.
        await page.get_by_role("button", name="API Recorder").wait_for()
        await trait.visit(page)

    paths = await record(
        app.url + trait.address, output=path, headless=True, browser=browser_path, drive=visit
    )
    if trait.steps:
        assert tuple(step.endpoint.id for step in workflow(sessions.read(paths[0])).steps) == trait.steps
    others = ("javascript", "curl") if line == "6" and pytestconfig.getoption("whole") else ()
    await is_done_again(app, paths, recorder, run_script, ("python", *others), **environment)

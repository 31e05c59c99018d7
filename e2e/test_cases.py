"""Each app of :mod:`e2e.cases`, used once in a real browser, and done again by every script on starts with other ids."""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.cases import CASES, Case
from e2e.cases.server import UNKNOWN, App, serving
from e2e.visit import opened, press, proxied
from recorder import session as sessions

TARGETS = {"python": "py", "curl": "sh", "javascript": "mjs"}

LOOK = int(os.environ.get("RECORDER_LOOK", "0"))
"""Chooses how ids look; another number gives other alphabets and lengths."""


def fresh(case: Case, number: int, recorded: bool = False) -> App:
    """A fresh start of an app; each ``number`` gives ids of another look."""
    name = case.app.__name__
    app = App(LOOK + number + zlib.crc32(name.encode()), recorded=recorded)
    case.app(app)
    return app


async def expected(case: Case, browser_path: str, folder: Path) -> list[Any]:
    """What the app understands of a person without the recorder."""
    app = fresh(case, 0, recorded=True)
    async with serving(app) as url, opened(browser_path, url, **case.context) as page:
        await case.drive(page, folder)
    assert app.log and UNKNOWN not in str(app.log), "the case is unsound"
    return app.log


async def recorded(case: Case, browser_path: str, folder: Path) -> list[Any]:
    """What it understands of a person through `recorder proxy`; the session is written into the folder."""
    app = fresh(case, 1, recorded=True)
    async with serving(app) as url, proxied(url, folder / "session.json") as address:
        async with opened(browser_path, address, **case.context) as page:
            await press(page, True)
            await case.drive(page, folder)
            await press(page, False)
    return app.log


def known(case: Case, path: Path) -> dict[str, str]:
    """The environment that somebody sets who knows the passwords."""
    found = {f"RECORDER_SECRET_{name}": value for name, value in case.secrets.items()}
    for secret in sessions.read(path).secrets:
        for name, value in case.secrets.items():
            if secret.name.endswith(name):
                found[secret.name] = value
    return {**found, **case.environment}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app.__name__)
async def test_the_app_understands_the_same_of_every_script_on_a_fresh_start(
    case: Case,
    recorder: Callable[..., Any],
    run_script: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
) -> None:
    wanted = await expected(case, browser_path, tmp_path)
    assert await recorded(case, browser_path, tmp_path) == wanted, "the proxy changes what is sent"
    path = tmp_path / "session.json"
    environment = known(case, path)
    failures = []
    for number, target in enumerate((*TARGETS, "replay"), 2):
        script = tmp_path / f"script.{TARGETS.get(target, '')}"
        app = fresh(case, number)
        async with serving(app) as url:
            if target != "replay":
                done = await asyncio.to_thread(recorder, "render", path, "--target", target, "-o", script)
                assert done.returncode == 0, f"{target}: {done.stderr}"
            for _ in range(case.runs):
                if target == "replay":
                    done = await asyncio.to_thread(recorder, "replay", path, "--url", url, **environment)
                else:
                    done = await asyncio.to_thread(run_script, script, RECORDER_URL=url, **environment)
                if done.returncode:
                    failures.append(
                        f"{target}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
                    )
        if app.log != wanted * case.runs:
            failures.append(f"{target}: understood {app.log}\n  in place of {wanted * case.runs}")
    assert not failures, "\n".join(failures)

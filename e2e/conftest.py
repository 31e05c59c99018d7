"""Real Chromium and real Gradio for the end-to-end tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from e2e.apps import ROOT, GradioApp, NotStarted, gradio_python
from recorder.capture.browser import find_browser

CHROMIUM_FLAGS = [
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    "--disable-dev-shm-usage",
    # A test must not depend on hosts beyond this machine: neither the browser's own errands nor the app's fonts.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="every test on every line of Gradio")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("whole"):
        items[:], left = in_turn(items)
        config.hook.pytest_deselected(items=left)
    for item in items:
        for mark in item.iter_markers("feature"):
            # A JUnit report has it as a property, from which tests/tables.py writes the table.
            item.user_properties.append(("feature", json.dumps(mark.args)))


def in_turn(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Each test on the newest line of Gradio and on one of the older ones, in turn; and the rest."""
    older: dict[tuple[str, str], list[str]] = {}
    of: dict[pytest.Item, tuple[tuple[str, str], str]] = {}
    for item in items:
        parts = item.callspec.id.split("-") if hasattr(item, "callspec") else []
        line = next((part for part in parts if part in ("4", "5")), "")
        if line and item.path.is_relative_to(Path(__file__).parent):
            key = (
                item.location[2].partition("[")[0] + str(item.path),
                "-".join(p for p in parts if p != line),
            )
            older.setdefault(key, []).append(line)
            of[item] = (key, line)
    chosen = {key: sorted(set(lines))[n % len(set(lines))] for n, (key, lines) in enumerate(older.items())}
    left = [item for item, (key, line) in of.items() if chosen[key] != line]
    gone = set(left)
    return [item for item in items if item not in gone], left


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The Chromium or Chrome that the recorder itself finds."""
    path = find_browser()
    if path is None:
        pytest.skip("no browser: run `recorder doctor`")
    return path


@pytest.fixture
def chromium(browser_path: str) -> Iterator[Browser]:
    """A headless browser to open contexts and pages in.

    One for each test: Playwright's sync API keeps an event loop running in this thread for as long as it lives, and
    an async test could not start its own beside it.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def gradio_app(tmp_path: Path) -> Iterator[Callable[..., GradioApp]]:
    """``gradio_app(source, line="6", path="", **environment)`` starts an app and answers when it does.

    ``source`` is the program; it calls ``demo.launch()`` with no address (host and port come by environment) and may
    ``from calllog import logged``. ``path`` is where in the server the app is mounted.
    """
    started: list[GradioApp] = []

    def start(source: str, line: str = "6", path: str = "", **environment: str) -> GradioApp:
        folder = tmp_path / f"app-{len(started)}"
        try:
            python = gradio_python(line)
        except NotStarted as error:
            pytest.skip(str(error))
        app = GradioApp(python, source, folder, path=path, environment=environment)
        started.append(app)
        return app

    yield start
    for app in started:
        app.stop()


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``run_script(path, **environment)`` runs a generated program in its own folder and waits for its end."""
    programs = {".py": sys.executable, ".mjs": "node", ".sh": "dash"}

    def run(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        packages = path.parent / "node_modules"
        if path.suffix == ".mjs" and not packages.exists():
            # A module looks for its packages from where it lies upward.
            packages.symlink_to(ROOT / "node_modules")
        return subprocess.run(
            [programs[path.suffix], str(path)],
            cwd=path.parent,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",  # a shell script prints what the app answers, in the app's encoding
            timeout=180,
            check=False,
        )

    return run


def run_recorder(
    *words: object, timeout: float = 180, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command as a person would give it, ``run_recorder("replay", path, …)``, in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "recorder.cli", *map(str, words)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def recorder() -> Callable[..., subprocess.CompletedProcess[str]]:
    """:func:`run_recorder`."""
    return run_recorder

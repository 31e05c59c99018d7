"""The commands as a person runs them, in processes of their own, on a real app and a real browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from e2e.apps import GradioApp, free_port
from e2e.conftest import CHROMIUM_FLAGS
from recorder.session import read

SOURCE = """
import gradio as gr
from calllog import logged
@logged
def greet(name):
    return f"Hello {name}"
with gr.Blocks() as demo:
    name = gr.Textbox(label="Name")
    out = gr.Textbox(label="Greeting")
    gr.Button("Greet").click(greet, name, out)
demo.launch()
"""


class Command:
    """A `recorder` command that runs on while a test does what a person would."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.errors = folder / "stderr.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recorder.cli", *map(str, words)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors.open("wb"),
            text=True,
        )

    def wait_for(self, pattern: str, timeout: float = 60.0) -> re.Match[str]:
        """Until standard error matches."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.errors.read_text())):
            alive = self._process.poll() is None and time.monotonic() < deadline
            assert alive, f"no {pattern!r} in:\n{self.errors.read_text()}"
            time.sleep(0.05)
        return found

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; the exit code and what was printed."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str]:
        printed, _ = self._process.communicate(timeout=60)
        return self._process.returncode, printed

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """``start("record", …)`` runs a command in an empty folder."""
    started: list[Command] = []

    def run(*words: object) -> Command:
        started.append(Command(tmp_path, *words))
        return started[-1]

    yield run
    for command in started:
        command.kill()


@pytest.fixture
def debugged(browser_path: str, tmp_path: Path) -> Iterator[tuple[Browser, str]]:
    """A browser that a person has open with a debugging port, and that port's address."""
    address = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            browser_path,
            "--headless=new",
            f"--remote-debugging-port={address.rpartition(':')[2]}",
            f"--user-data-dir={tmp_path / 'profile'}",
            *CHROMIUM_FLAGS,
            "about:blank",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{address}/json/version", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "the browser did not start"
                time.sleep(0.05)
        with sync_playwright() as playwright:
            yield playwright.chromium.connect_over_cdp(address), address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def greet(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Greet", exact=True).click()
    expect(page.get_by_label("Greeting")).to_have_value(f"Hello {name}", timeout=20_000)


def tab_of(browser: Browser, app: GradioApp) -> Page:
    """The tab in which the command opened the app."""
    deadline = time.monotonic() + 30
    while True:
        for page in browser.contexts[0].pages:
            if page.url.startswith(app.url):
                return page
        assert time.monotonic() < deadline, "the app was not opened in a tab"
        browser.contexts[0].pages[0].wait_for_timeout(50)


def test_record_saves_at_ctrl_c_and_prints_a_script_that_runs(
    gradio_app: Callable[..., GradioApp],
    start: Callable[..., Command],
    debugged: tuple[Browser, str],
    run_script: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    app = gradio_app(SOURCE)
    browser, address = debugged
    (tmp_path / "session.json").write_text("mine")
    command = start("record", app.url, "--cdp", address)
    command.wait_for("recording")
    greet(tab_of(browser, app), "Ann")
    code, printed = command.interrupt()
    assert code == 0, command.errors.read_text()
    assert "1 call saved in session-2.json" in command.errors.read_text()
    assert (tmp_path / "session.json").read_text() == "mine"
    assert (tmp_path / "session-2.json").stat().st_mode & 0o777 == 0o600

    by_hand = app.log
    app.restart()
    script = tmp_path / "printed.py"
    script.write_text(printed, encoding="utf-8")
    done = run_script(script)
    assert done.returncode == 0, done.stderr
    assert "Hello Ann" in done.stdout
    assert app.log == by_hand


def test_record_saves_when_its_last_tab_is_closed(
    gradio_app: Callable[..., GradioApp],
    start: Callable[..., Command],
    debugged: tuple[Browser, str],
    tmp_path: Path,
) -> None:
    app = gradio_app(SOURCE)
    browser, address = debugged
    command = start("record", app.url, "--cdp", address, "-o", "mine.json")
    command.wait_for("recording")
    page = tab_of(browser, app)
    greet(page, "Bea")
    page.close()
    code, printed = command.end()
    assert code == 0, command.errors.read_text()
    assert [call.endpoint for call in read(tmp_path / "mine.json").calls] == ["/greet"]
    compile(printed, "script", "exec")


def test_record_of_nothing_but_a_look_says_so(
    gradio_app: Callable[..., GradioApp], start: Callable[..., Command], tmp_path: Path
) -> None:
    app = gradio_app(SOURCE)
    command = start("record", app.url, "--headless")
    command.wait_for("recording")
    code, printed = command.interrupt()
    assert code == 0, command.errors.read_text()
    assert printed == ""
    assert "Traceback" not in command.errors.read_text()


def test_record_of_an_app_that_is_not_there_is_one_sentence(
    recorder: Callable[..., subprocess.CompletedProcess[str]], browser_path: str, tmp_path: Path
) -> None:
    done = recorder("record", f"http://127.0.0.1:{free_port()}", "--headless", "-o", tmp_path / "s.json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_proxy_writes_a_session_for_each_press_on_and_off(
    gradio_app: Callable[..., GradioApp],
    start: Callable[..., Command],
    chromium: Browser,
    recorder: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    app = gradio_app(SOURCE)
    command = start("proxy", app.url, "--port", 0, "--output", "first.json")
    address = command.wait_for(rf"http://127\.0\.0\.1:(?!{app.port})\d+")[0]
    page = chromium.new_page()
    page.goto(address)
    toggle = page.get_by_role("button", name=re.compile("^API Recorder"))
    for name in ("Ann", "Bea"):
        toggle.click()
        expect(toggle).to_have_attribute("aria-pressed", "true")
        greet(page, name)
        toggle.click()
        expect(toggle).to_have_attribute("aria-pressed", "false")
    code, _ = command.interrupt()
    assert code == 0, command.errors.read_text()
    sessions = [read(tmp_path / name) for name in ("first.json", "first-2.json")]
    assert [[call.inputs[0].value for call in session.calls] for session in sessions] == [["Ann"], ["Bea"]]

    by_hand = app.log
    app.restart()
    for name in ("first.json", "first-2.json"):
        done = recorder("replay", tmp_path / name, "--url", app.url)
        assert done.returncode == 0, done.stdout + done.stderr
    assert app.log == by_hand


def test_replay_says_which_output_a_changed_app_gives_otherwise(
    gradio_app: Callable[..., GradioApp],
    start: Callable[..., Command],
    debugged: tuple[Browser, str],
    recorder: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    app = gradio_app(SOURCE)
    browser, address = debugged
    command = start("record", app.url, "--cdp", address, "-o", "s.json")
    command.wait_for("recording")
    greet(tab_of(browser, app), "Ann")
    command.interrupt()

    app.restart()
    same = recorder("replay", tmp_path / "s.json")
    assert same.returncode == 0, same.stdout + same.stderr
    app.restart(SOURCE.replace("Hello", "Good day"))
    changed = recorder("replay", tmp_path / "s.json")
    assert changed.returncode == 1
    for word in ("/greet", "Greeting", "Good day"):
        assert word in changed.stdout
    chosen = recorder("replay", tmp_path / "s.json", "--set", "name=Zoe")
    assert chosen.returncode == 0, chosen.stdout + chosen.stderr
    assert app.log[-1]["inputs"] == ["Zoe"]

"""Run applications, record a person at work in them, and compare what the scripts do with what the person does."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import provision

HOMES = provision.ROOT / ".venvs" / "wild"
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Failed(Exception):
    """Why an application cannot be tried, or why a script does not pass."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    recorder: str = "recorder"
    python: str = sys.executable
    patience: float = 120
    keep: Path | None = None
    shots: bool = False
    same: bool = False
    """Try the scripts on an instance without the additional record."""


# Applications


def home(app: ModuleType) -> Path:
    """The folder that the application is installed in."""
    return HOMES / app.__name__.rpartition(".")[2]


def install(app: ModuleType) -> None:
    """Install the application, unless it is installed already."""
    folder = home(app)
    done = provision.once(folder / "ready", app.REQUIREMENTS)
    if done is None:
        return
    provision.say(f"installing {app.REQUIREMENTS[0]} into {folder.relative_to(provision.ROOT)}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if getattr(app, "NPM", False):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "package.json").write_text("{}")
        provision.run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *app.REQUIREMENTS)
    else:
        provision.create(folder)
        provision.install(folder / "bin" / "python", *app.REQUIREMENTS)
    done()


class Instance:
    """One application on a fresh folder and a free port. Leaving the context stops all that it started."""

    def __init__(self, app: ModuleType, folder: Path, name: str) -> None:
        self.app, self.folder, self.name = app, folder / name, name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{name}.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def bin(self) -> Path:
        """Where the commands of the application's environment are."""
        folder = home(self.app)
        return folder / "node_modules" / ".bin" if getattr(self.app, "NPM", False) else folder / "bin"

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return {**provision.CLEAN, "PATH": path, "HOME": str(self.folder), **more}

    def run(self, *command: object, seconds: float = 120, stdin: str = "", **env: str) -> str:
        """Run a command of the application's environment to its end and return its output."""
        with self.log.open("a") as log:
            try:
                done = subprocess.run(
                    [str(word) for word in command],
                    cwd=self.folder,
                    env=self._environment(env),
                    input=stdin,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise Failed(f"{command[0]} is not done after {seconds:.0f} s") from None
        if done.returncode:
            raise Failed(f"{command[0]} exits {done.returncode}: {last_line(self.log.read_text())}")
        return done.stdout

    def serve(self, *command: object, **env: str) -> None:
        """Start a command of the application's environment that runs until the instance is stopped."""
        with self.log.open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [str(word) for word in command],
                    cwd=self.folder,
                    env=self._environment(env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def ready(self, path: str = "/", seconds: float = 120) -> None:
        """Wait until the application answers, and not with an error of its own."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self._processes):
                break
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.url + path, timeout=5).status_code < 500:
                    return
            time.sleep(0.1)
        raise Failed(f"{self.app.__name__} does not start: {last_line(self.log.read_text())}")

    def says(self, text: str, seconds: float = 120) -> None:
        """Wait until the application has written this text to its log."""
        end = time.monotonic() + seconds
        while text not in self.log.read_text():
            if time.monotonic() > end or any(process.poll() is not None for process in self._processes):
                raise Failed(f"{self.app.__name__} does not start: {last_line(self.log.read_text())}")
            time.sleep(0.1)

    def rows(self, database: str | Path, query: str, *values: object) -> list[list[Any]]:
        """What a query of one of the application's own SQLite files gives."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.folder / database}?mode=ro", uri=True)
        ) as connection:
            return [list(row) for row in connection.execute(query, values)]

    def __enter__(self) -> Instance:
        try:
            self.app.start(self)
            self.ready(getattr(self.app, "START", "/"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            stop(process)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, seconds: float = 8) -> None:
    """End a process that leads a session, and what it started."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_line(text: str) -> str:
    """The last line that names an error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [
        line for line in lines if re.match(r"[\w.]*(Error|Exception|Failed|Timeout)\b.*: |recorder: ", line)
    ]
    return (errors or lines or ["no output"])[-1][:300]


# The person


def choose(select: Locator, text: str) -> None:
    """Choose an option of a select element with the keyboard, as a person can."""
    select.focus()
    select.press_sequentially(text)
    select.press("Enter")


def press(button: Locator) -> None:
    """Press a button with the keyboard: the recorder's own floats over it."""
    button.wait_for()
    expect(button).to_be_enabled()
    button.press("Enter")


def row(page: Page, text: str) -> Locator:
    """The row of a table that has exactly this text in one of its cells."""
    return page.get_by_role("row").filter(has=page.get_by_text(text, exact=True))


def press_toggle(page: Page, on: bool) -> None:
    """Press the recorder's button, and wait until it says that recording is on, or off."""
    button = page.get_by_role("button", name="API Recorder").first
    wanted = "true" if on else "false"
    if button.get_attribute("aria-pressed", timeout=20_000) != wanted:
        button.click()
    page.get_by_role("button", name="API Recorder", pressed=on).first.wait_for(timeout=20_000)


def settle(page: Page) -> None:
    """Wait until the network is quiet, as a person does who sees the page finish."""
    with contextlib.suppress(Exception):
        page.wait_for_load_state("networkidle", timeout=4_000)
    page.wait_for_timeout(700)


@dataclass
class Work:
    """Where one application is tried: its folder and its browser."""

    app: ModuleType
    folder: Path
    browser: Browser
    options: Options
    session: Path = field(init=False)

    def __post_init__(self) -> None:
        self.session = self.folder / "session.json"
        (self.folder / "files").mkdir()

    def job(self, url: str, shot: str, recorded: Path | None = None) -> None:
        """A person does the job at ``url``; ``recorded`` is where the journal is kept, if it is recorded."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        context.set_default_timeout(30_000)
        page = context.new_page()
        try:
            page.goto(url + getattr(self.app, "START", "/"))
            if recorded:
                settle(page)
                press_toggle(page, True)
                for journal in self.folder.glob("*.journal"):
                    os.link(journal, recorded)
            self.app.drive(page, self.folder / "files")
            settle(page)
            if recorded:
                press_toggle(page, False)
        except Exception as error:
            page = context.pages[-1]
            page.screenshot(path=self.folder / f"{shot}-failed.png")
            (self.folder / f"{shot}-failed.txt").write_text(
                page.url + "\n" + page.locator("body").aria_snapshot()
            )
            raise Failed(f"the person does not get through: {str(error)[:600]}") from error
        finally:
            if self.options.shots:
                with contextlib.suppress(Exception):
                    page.screenshot(path=self.folder / f"{shot}.png")
            context.close()

    def record(self) -> None:
        """Do the job through ``recorder proxy`` on a fresh instance."""
        with Instance(self.app, self.folder, "recorded") as instance, self._proxy(instance) as url:
            self.job(url, "recorded", self.folder / "events.journal")
        if not self.session.exists():
            raise Failed(f"nothing was recorded: {last_line((self.folder / 'proxy.log').read_text())}")

    @contextlib.contextmanager
    def _proxy(self, instance: Instance) -> Iterator[str]:
        port = free_port()
        command = [self.options.recorder, "proxy", instance.url, "--port", str(port)]
        with (self.folder / "proxy.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--output", str(self.session)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 30
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    httpx.get(url + "/favicon.ico", timeout=10)
                    break
                if time.monotonic() > end or process.poll() is not None:
                    raise Failed(
                        f"the proxy does not answer: {last_line((self.folder / 'proxy.log').read_text())}"
                    )
                time.sleep(0.1)
            yield url
        finally:
            stop(process, signal.SIGINT, 15)

    def by_hand(self) -> dict[str, Any]:
        """What there is when the person did the job without the recorder."""
        with self._fresh("by-hand") as instance:
            before = self.app.state(instance)
            self.job(instance.url, "by-hand")
            after: dict[str, Any] = self.app.state(instance)
        if before == after:
            raise Failed("the job changes nothing that `state` sees")
        self._write("expected.json", {"before": before, "after": after})
        return after

    @contextlib.contextmanager
    def _fresh(self, name: str) -> Iterator[Instance]:
        with Instance(self.app, self.folder, name) as instance:
            if not self.options.same:
                self.app.more(instance)
            yield instance

    def trial(self, name: str, command: Sequence[object], wanted: dict[str, Any]) -> str:
        """Run a script or a replay on a fresh instance: ``same``, or in which way not."""
        log = self.folder / f"{name}.out"
        with self._fresh(name) as instance:
            before = self.app.state(instance)
            words = [str(word).replace("{url}", instance.url) for word in command]
            env = {**os.environ, **self._secrets(), "RECORDER_URL": instance.url}
            with log.open("wb") as out:
                process = subprocess.Popen(
                    words,
                    cwd=self.folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            try:
                code: int | None = process.wait(self.options.patience)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                stop(process, signal.SIGKILL)
            got = self.app.state(instance)
        self._write(f"{name}.json", got)
        difference = "; ".join(differences(wanted, got))
        harm = "" if got == before else f"; {difference}"
        if code is None:
            return f"stopped: not done after {self.options.patience:.0f} s{harm}"
        if code and name == "script":
            return f"stopped: {last_line(log.read_text())}{harm}"
        if difference:
            return f"wrong state, exit {code}: {difference}"
        return "same" if not code else f"same, exit {code}: {last_line(log.read_text())}"

    def _secrets(self) -> dict[str, str]:
        """The environment that a person sets who knows the passwords, by the names that the session asks for."""
        known: dict[str, str] = getattr(self.app, "SECRETS", {})
        asked = json.loads(self.session.read_text(encoding="utf-8")).get("secrets", [])
        names = [secret["name"] for secret in asked] + [f"RECORDER_SECRET_{end}" for end in known]
        return {name: value for name in names for end, value in known.items() if name.endswith(end)}

    def _write(self, name: str, value: object) -> None:
        (self.folder / name).write_text(json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def differences(wanted: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """What is missing and what is too much, part by part, in few words."""
    found = []
    for part in sorted({*wanted, *got}):
        left, right = wanted.get(part), got.get(part)
        if left == right:
            continue
        missing, extra = left, right
        if isinstance(left, list) and isinstance(right, list):
            missing = [item for item in left if item not in right]
            extra = [item for item in right if item not in left]
        if isinstance(left, dict) and isinstance(right, dict):
            missing = {name: value for name, value in left.items() if right.get(name) != value}
            extra = {name: value for name, value in right.items() if left.get(name) != value}
        found.append(f"{part}: wanted {_short(missing)}, got {_short(extra)}")
    return found


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:157]}..."


# One application from beginning to end


def result_of(name: str, browser: Browser, options: Options) -> dict[str, Any]:
    """The row of the table for one application."""
    app = importlib.import_module(f"e2e.wild.{name}")
    package, _, version = app.REQUIREMENTS[0].rpartition("@" if getattr(app, "NPM", False) else "==")
    row: dict[str, Any] = {"app": package, "version": version, "acts": len(app.ACTS)}
    folder = Path(tempfile.mkdtemp(prefix=f"wild-{name}-"))
    try:
        install(app)
        work = Work(app, folder, browser, options)
        work.record()
        row.update(counts(work))
        script = folder / "script.py"
        render = [options.recorder, "render", str(work.session), "--target", "python", "-o", str(script)]
        done = subprocess.run(render, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise Failed(f"render exits {done.returncode}: {last_line(done.stderr)}")
        wanted = work.by_hand()
        row["script"] = work.trial("script", [options.python, script], wanted)
        replay = [options.recorder, "replay", work.session, "--url", "{url}"]
        row["replay"] = work.trial("replay", replay, wanted)
    except (Failed, provision.NotReady) as error:
        row["error"] = str(error)
    finally:
        if options.keep:
            _keep(folder, options.keep / name)
        shutil.rmtree(folder, ignore_errors=True)
    return row


def counts(work: Work) -> dict[str, int]:
    """How much of the recording is kept, and what becomes of its arguments."""
    command = [work.options.recorder, "show", str(work.session), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Failed(f"show exits {done.returncode}: {last_line(done.stderr)}")
    (work.folder / "show.json").write_text(done.stdout)
    found = json.loads(done.stdout)
    names = {
        "kept": "calls",
        "left out": "omitted",
        "links": "links",
        "variables": "variables",
        "secrets": "secrets",
    }
    return {name: len(found.get(part, ())) for name, part in names.items()}


def _keep(folder: Path, target: Path) -> None:
    """Copy what explains the results, without the applications' own data."""
    target.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            shutil.copy(path, target / path.name)
        elif path.name.endswith(".files"):
            shutil.copytree(path, target / path.name, dirs_exist_ok=True)

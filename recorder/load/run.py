"""Running Locust: one process, or a master and its workers, and reading what they count.

Locust is never imported here, for it replaces parts of the standard library as it is.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from recorder.errors import AppError, UsageError
from recorder.load.report import Figures, LoadReport, Worker

LISTENER = Path(__file__).with_name("listener.py")

MASTER_PORT = 5557
"""Locust's own."""

PATIENCE = 20.0
"""Seconds that Locust gets to end after it was asked to: users finish the call that they are at."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a load test is run.

    ``users`` at most, ``spawn_rate`` more a second, for ``run_time`` seconds; ``pace`` is how long they think, as a
    share of the recorded time. ``workers`` are processes of Locust's distributed mode on this machine, ``expect``
    those that other hosts bring besides, for which the master listens on ``bind``. With ``master``, a host, there
    is no master here: the workers join that one.
    """

    users: int = 1
    spawn_rate: float = 1.0
    run_time: float = 60.0
    pace: float = 1.0
    workers: int = 0
    expect: int = 0
    bind: str = "127.0.0.1"
    master: str = ""
    master_port: int = MASTER_PORT
    html: Path | None = None


def parse_time(text: str) -> float:
    """Seconds: ``90``, ``90s``, ``2m``, ``1h30m``.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip())
    seconds = (
        sum(float(n or 0) * unit for n, unit in zip(match.groups(), (3600, 60, 1), strict=True))
        if match
        else 0
    )
    if not seconds:
        raise UsageError(f"{text!r} is no time to run", "Write it as 90s, 2m or 1h30m")
    return seconds


def run(
    locustfile: str,
    plan: Plan,
    *,
    url: str,
    environment: Mapping[str, str] | None = None,
    on_figures: Callable[[Figures], None] | None = None,
) -> LoadReport:
    """Run a locustfile until its time is over, or until Ctrl-C.

    Args:
        locustfile: its text; what it reads from disk it names in full.
        url: the app.
        on_figures: told about twice a second what was counted until then.

    Raises:
        UsageError: Locust is not installed.
        AppError: it did not start.
    """
    if importlib.util.find_spec("locust") is None:
        raise UsageError("Locust is not installed", "Run `pip install 'api-recorder[load]'`")
    with tempfile.TemporaryDirectory(prefix="recorder-load-") as folder:
        return _Test(locustfile, plan, url, environment, on_figures, Path(folder)).run()


class _Test:
    def __init__(
        self,
        locustfile: str,
        plan: Plan,
        url: str,
        environment: Mapping[str, str] | None,
        on_figures: Callable[[Figures], None] | None,
        folder: Path,
    ) -> None:
        self._plan = plan
        self._url = url
        self._on_figures = on_figures
        self._folder = folder
        self._stats = folder / "stats.jsonl"
        self._file = folder / "locustfile.py"
        self._file.write_text(locustfile, encoding="utf-8")
        self._environment = {
            **(os.environ if environment is None else environment),
            "RECORDER_PACE": str(plan.pace),
            "RECORDER_LOAD_STATS": str(self._stats),
        }
        self._read = 0
        self._figures = Figures()
        self._ended: dict[int, int] = {}
        """Exit codes of our workers, by process id; negative is the signal that ended it."""
        self._pressed = False

    def run(self) -> LoadReport:
        plan = self._plan
        port = plan.master_port if plan.expect or plan.master else _free_port()
        # Ctrl-C, or what a build server sends, goes to us alone, and from us to the master, which ends its workers.
        before = {sign: signal.signal(sign, self._press) for sign in (signal.SIGINT, signal.SIGTERM)}
        workers: list[subprocess.Popen[bytes]] = []
        head: subprocess.Popen[bytes] | None = None
        try:
            if not plan.master:
                head = self._start("head", *self._head(port))
            # Our own workers reach the master where it listens.
            listens = "127.0.0.1" if plan.bind in ("0.0.0.0", "::", "*") else plan.bind
            master = plan.master or listens
            workers = [
                self._start(f"worker-{n}", "--worker", f"--master-host={master}", f"--master-port={port}")
                for n in range(1, plan.workers + 1)
            ]
            broken = self._watch(head, workers)
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)
            for process in (head, *workers):
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait()
        return LoadReport(
            url=self._url,
            users=plan.users,
            spawn_rate=plan.spawn_rate,
            run_time=plan.run_time,
            figures=self._with_workers(),
            interrupted=self._pressed,
            broken=broken,
            master=plan.master,
        )

    def _head(self, port: int) -> list[str]:
        plan = self._plan
        words = [
            "--headless",
            f"--users={plan.users}",
            f"--spawn-rate={plan.spawn_rate}",
            f"--run-time={max(round(plan.run_time), 1)}s",
            "--stop-timeout=15",
            "--exit-code-on-error=0",
        ]
        if plan.html is not None:
            words.append(f"--html={plan.html.resolve()}")
        if plan.workers or plan.expect:
            words += [
                "--master",
                f"--master-bind-host={plan.bind}",
                f"--master-bind-port={port}",
                f"--expect-workers={plan.workers + plan.expect}",
            ]
        return words

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "locust", "-f", f"{self._file},{LISTENER}", *words]
        command += [f"--host={self._url}", "--loglevel=WARNING", "--skip-log-setup"]
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _press(self, *_: object) -> None:
        self._pressed = True

    def _watch(self, head: subprocess.Popen[bytes] | None, workers: list[subprocess.Popen[bytes]]) -> str:
        """Until it is over; why it did not run as it should, if it did not."""
        asked: float | None = None
        while True:
            for worker in workers:
                if (code := worker.poll()) is not None and worker.pid not in self._ended:
                    self._ended[worker.pid] = code
            if self._pressed and asked is None:
                asked = time.monotonic()
                for process in [head] if head is not None else workers:
                    process.send_signal(signal.SIGINT)
            running = head if head is not None else next((w for w in workers if w.poll() is None), None)
            if running is None or running.poll() is not None:
                break
            if asked is not None and time.monotonic() - asked > PATIENCE:
                return "Locust did not end when it was asked to, and was ended"
            self._tell()
            time.sleep(0.1)
        self._tell()
        if head is None and not self._pressed:
            failed = next(((n, w.returncode) for n, w in enumerate(workers, 1) if w.returncode), None)
            return f"a worker ended{_how(failed[1])}: {self._said(f'worker-{failed[0]}')}" if failed else ""
        if head is not None and not self._figures.over:
            said = self._said("head")
            if not self._figures.total.calls:
                raise AppError(
                    f"The load test did not start: {said}", "Render the session and run it with `locust -f`"
                )
            return f"Locust ended early: {said}"
        return ""

    def _tell(self) -> None:
        if not self._stats.exists():
            return
        with self._stats.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._figures = msgspec.json.decode(line, type=Figures)
            if self._on_figures is not None:
                self._on_figures(self._figures)

    def _with_workers(self) -> Figures:
        """With what became of the workers that this machine started."""
        if self._figures.over and not self._plan.master:
            # At the end all of them go, and say so; a signal is what nobody sent.
            killed = {pid: code for pid, code in self._ended.items() if code < 0}
            workers = []
            for worker in self._figures.workers:
                lost = worker.lost or worker.pid in killed
                why = _how(self._ended[worker.pid]) if lost and worker.pid in self._ended else ""
                workers.append(msgspec.structs.replace(worker, lost=lost, why=why))
            heard = {worker.pid for worker in workers}
            workers += [
                Worker(id="not heard of", pid=pid, lost=True, why=_how(code))
                for pid, code in killed.items()
                if pid not in heard
            ]
            return msgspec.structs.replace(self._figures, workers=tuple(workers))
        return self._figures

    def _said(self, name: str) -> str:
        """The last of what a process wrote."""
        text = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip()
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


def _how(code: int) -> str:
    """How a process ended, to stand after ``was lost``."""
    if code >= 0:
        return f" (exit code {code})"
    try:
        return f" by {signal.Signals(-code).name}"
    except ValueError:
        return f" by signal {-code}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

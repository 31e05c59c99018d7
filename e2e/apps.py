"""Gradio apps as processes, for the end-to-end tests and the demo."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from e2e.provision import FOREIGN

HERE = Path(__file__).parent
ROOT = HERE.parent


class NotStarted(Exception):
    """The app cannot be started here; says why."""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gradio_python(line: str) -> Path:
    """The Python that has Gradio ``line`` (``"6"``): ``RECORDER_GRADIO_6``, or what ``make`` set up.

    Raises:
        NotStarted: there is none.
    """
    named = os.environ.get(f"RECORDER_GRADIO_{line}")
    path = Path(named) if named else ROOT / ".venvs" / f"gradio-{line}" / "bin" / "python"
    if not path.exists():
        raise NotStarted(f"no Gradio {line} here: run `python3 e2e/provision.py gradio-{line}`")
    return path


class ForkServer:
    """:mod:`e2e.forkserver` of one Python, started when it is first needed."""

    _running: ClassVar[dict[Path, ForkServer]] = {}

    @classmethod
    def of(cls, python: Path) -> ForkServer:
        """The one of this Python."""
        if python not in cls._running:
            cls._running[python] = cls(python)
        return cls._running[python]

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(HERE / "forkserver.py")],
            env={**_own_environment(), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer()

    def start(self, cwd: Path, environment: dict[str, str], output: Path) -> int:
        """The id of a new process that runs ``app.py`` in ``cwd``."""
        assert self._process.stdin is not None
        wanted = {"cwd": str(cwd), "environment": environment, "output": str(output)}
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotStarted("Gradio cannot be imported")
        return line


def _own_environment() -> dict[str, str]:
    """This process's environment, without what would lead another Python to this one's packages."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


class GradioApp:
    """A Gradio app in a process of its own, on a port that stays the same over :meth:`restart`.

    ``url`` has no final slash. ``folder`` holds the app's source and the files that it was given.
    """

    def __init__(
        self,
        python: Path,
        source: str,
        folder: Path,
        *,
        path: str = "",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.python = python
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.environment = environment or {}
        self._log = folder / "calls.jsonl"
        self._output = folder / "output.txt"
        self._process: int | None = None
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "calllog.py", folder / "calllog.py")
        self._write(source)
        self._start()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The calls that ended since the start, as :mod:`calllog` writes them."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    @property
    def output(self) -> str:
        """What the process printed."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def wait_for_log(self, count: int, timeout: float = 30.0) -> list[dict[str, Any]]:
        """The log, once it has ``count`` calls; a call is logged a moment before the page hears of its end."""
        self.wait_until(lambda: len(self.log) >= count, timeout)
        assert len(self.log) >= count, f"{count} calls expected, {len(self.log)} made:\n{self.log}"
        return self.log

    def wait_until(self, is_so: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait for what the app's log comes to, but no longer than that."""
        deadline = time.monotonic() + timeout
        while not is_so() and time.monotonic() < deadline:
            time.sleep(0.02)

    def restart(self, source: str | None = None) -> None:
        """A fresh start, of ``source`` if given: no sessions, no State, and an empty log."""
        self.stop()
        if source is not None:
            self._write(source)
        self._start()

    def stop(self) -> None:
        """End the process and all that it started."""
        if self._process is None:
            return
        try:
            os.killpg(self._process, signal.SIGKILL)
        except ProcessLookupError:
            pass
        while self._is_alive():
            time.sleep(0.01)
        self._process = None

    def _is_alive(self) -> bool:
        assert self._process is not None
        try:
            os.kill(self._process, 0)
        except ProcessLookupError:
            return False
        return True

    def _write(self, source: str) -> None:
        (self.folder / "app.py").write_text(source, encoding="utf-8")

    def _start(self) -> None:
        self._log.unlink(missing_ok=True)
        environment = {
            **_own_environment(),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_SSR_MODE": "False",
            "GRADIO_TEMP_DIR": str(self.folder / "gradio"),
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
            "CALL_LOG": str(self._log),
            **self.environment,
        }
        self._process = ForkServer.of(self.python).start(self.folder, environment, self._output)
        self._wait()

    def _wait(self, timeout: float = 90.0) -> None:
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/config", timeout=10).read()
                return
            except urllib.error.HTTPError as answer:
                if answer.code in (401, 403):  # it is there and wants a login
                    return
            except OSError:
                pass
            if not self._is_alive() or time.monotonic() > deadline:
                self.stop()
                raise NotStarted(f"the app did not start:\n{self.output[-4000:]}")
            time.sleep(0.1)

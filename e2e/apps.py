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
from pathlib import Path
from typing import Any

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
        self._process: subprocess.Popen[bytes] | None = None
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
        deadline = time.monotonic() + timeout
        while len(self.log) < count:
            assert time.monotonic() < deadline, f"{count} calls expected, {len(self.log)} made:\n{self.log}"
            time.sleep(0.02)
        return self.log

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
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process = None

    def _write(self, source: str) -> None:
        (self.folder / "app.py").write_text(source, encoding="utf-8")

    def _start(self) -> None:
        self._log.unlink(missing_ok=True)
        environment = {
            **os.environ,
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
        for foreign in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            if foreign not in self.environment:
                environment.pop(foreign, None)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(self.python), "app.py"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
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
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise NotStarted(f"the app did not start:\n{self.output[-4000:]}")
            time.sleep(0.1)

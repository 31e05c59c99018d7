"""One of the web apps here as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from e2e.apps import ROOT, free_port


class WebApp:
    """A started app: ``url`` is its address, ``log`` what it was asked since it started."""

    def __init__(self, name: str, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.path = folder / "calls.jsonl"
        self.path.unlink(missing_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                f"e2e.web.{name}:app",
                "--port",
                str(port),
                "--log-level",
                "warning",
            ],
            cwd=ROOT,
            env={**os.environ, "CALL_LOG": str(self.path), "APP_FOLDER": str(folder), **environment},
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url):
                    break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert self._process.poll() is None, f"{name} ended as it started"
                assert time.monotonic() < deadline, f"{name} does not answer"
                time.sleep(0.05)
        self.path.unlink(missing_ok=True)

    @property
    def log(self) -> list[Any]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

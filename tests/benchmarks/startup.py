"""How long the command takes to be there, beside an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.measured import Row, side_by_side

SESSION = Path(__file__).parent.parent / "sessions"


def run(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


def rows() -> list[Row]:
    """``recorder --help`` and ``recorder show`` of a small session."""
    small = str(min(SESSION.glob("*.json"), key=lambda path: path.stat().st_size))
    found = []
    for name, words, wanted in (
        ("recorder --help", ("--help",), "within 60 ms"),
        ("recorder show", ("show", small), "within 120 ms"),
    ):
        ours, theirs = side_by_side(
            15, lambda words=words: run("-m", "recorder.cli", *words), lambda: run("-c", "pass")
        )
        found.append(Row(work=name, against="python -c pass", ours=ours, theirs=theirs, wanted=wanted))
    return found

"""How long the command takes to be there, beside an interpreter that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.measured import Row, in_turn, run, within

SESSIONS = Path(__file__).parent.parent / "sessions"
RECORDER = Path(sys.executable).with_name("recorder")


def rows() -> list[Row]:
    """``recorder --help`` and ``recorder show`` of a small session."""
    small = min(SESSIONS.glob("*.json"), key=lambda path: path.stat().st_size)
    found = []
    for name, words, most in (
        ("recorder --help", ("--help",), 0.06),
        ("recorder show", ("show", small), 0.12),
    ):
        ours, theirs = in_turn(
            21,
            lambda words=words: run(RECORDER, *words).seconds,
            lambda: run(sys.executable, "-c", "pass").seconds,
        )
        found.append(within(f"`{name}`", "`python -c pass`", ours, theirs, most))
    return found

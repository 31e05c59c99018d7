"""How often each promise is put to the test, and what came of it: a few times in every run, many in ``make reliability``."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

MANY = bool(os.environ.get("RECORDER_MANY"))
_told: list[tuple[str, int, int]] = []


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``promise(sentence, attempts, broken)`` says how often a promise was put to the test, and what broke it."""

    def tell(sentence: str, attempts: int, broken: list[str]) -> None:
        _told.append((sentence, attempts, len(broken)))
        assert not broken, "\n".join(broken[:10])

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _told:
        terminalreporter.section("promises")
        terminalreporter.write_line(f"{'promise':<72} attempts failures")
        for sentence, attempts, broken in _told:
            terminalreporter.write_line(f"{sentence:<72} {attempts:>8} {broken:>8}")

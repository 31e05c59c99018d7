"""For every test: no test is skipped in CI, one flag rewrites golden files, and promises are marked and counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

CI = bool(os.environ.get("CI"))
MANY = bool(os.environ.get("RECORDER_MANY"))
"""Whether each promise is tested many times, as in ``make reliability``."""

# Where the system's Node.js is too old, set-up has put another here.
NODE = Path(__file__).parent / ".venvs" / "node" / "node_modules" / ".bin"
if NODE.is_dir():
    os.environ["PATH"] = f"{NODE}{os.pathsep}{os.environ['PATH']}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """``golden(path, text)``: the text is what the file holds; with ``--rewrite`` it is made so."""

    def check(path: Path, text: str) -> None:
        if request.config.getoption("--rewrite"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path.name} is missing: run pytest --rewrite"
        assert text == path.read_text(encoding="utf-8"), "if this is meant, run pytest --rewrite"

    return check


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``promise(sentence, attempts, broken, measured)`` reports how often a promise was tested, what broke it, and what
    was measured with it. A JUnit report has it as a property, from which ``tests/tables.py`` writes the table."""

    def tell(sentence: str, attempts: int, broken: list[str], measured: str = "") -> None:
        found = json.dumps([sentence, attempts, len(broken), measured])
        request.node.user_properties.append(("promise", found))
        assert not broken, "\n".join(broken[:10])

    return tell


@pytest.hookimpl(tryfirst=True)  # before ``-m`` selects by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "promise" in getattr(item, "fixturenames", ()):
            item.add_marker("promise")


def _fail_if_skipped(report: Any) -> Any:
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _fail_if_skipped((yield))

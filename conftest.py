"""What holds for every test: nothing is skipped in CI, golden files are rewritten by one flag, and how often a promise
was put to the test is told at the end."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

CI = bool(os.environ.get("CI"))
MANY = bool(os.environ.get("RECORDER_MANY"))
"""Whether promises are put to the test often, as in ``make reliability``, and not only a few times."""
PROMISES = re.compile("(?<=<!-- promises -->\n).*(?=<!-- /promises -->)", re.DOTALL)
_promises: dict[str, tuple[int, int, str]] = {}

# Where the system's Node.js is too old, set-up has put another here.
NODE = Path(__file__).parent / ".venvs" / "node" / "node_modules" / ".bin"
if NODE.is_dir():
    os.environ["PATH"] = f"{NODE}{os.pathsep}{os.environ['PATH']}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write golden files anew instead of comparing")
    parser.addoption("--promises", metavar="FILE", help="only tests of promises; their table goes into FILE")


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
    """``promise(sentence, attempts, broken, measured)`` says how often a promise was put to the test, what broke it,
    and what was measured with it."""

    def tell(sentence: str, attempts: int, broken: list[str], measured: str = "") -> None:
        request.node.user_properties.append(("promise", (sentence, attempts, len(broken), measured)))
        assert not broken, "\n".join(broken[:10])

    return tell


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--promises"):
        left = [item for item in items if "promise" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # What a test says of itself reaches this process from the workers too.
    if report.when == "call":
        for sentence, *found in (value for key, value in report.user_properties if key == "promise"):
            tried, failed, _ = _promises.get(sentence, (0, 0, ""))
            _promises[sentence] = (tried + found[0], failed + found[1], found[2])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not (file := config.getoption("--promises")) or not _promises:
        return
    terminalreporter.section("promises")
    for sentence, (tried, failed, measured) in _promises.items():
        terminalreporter.write_line(
            f"{tried:>8,} {failed:>4}  {sentence}{f': {measured}' if measured else ''}"
        )
    rows = [("promise", "attempts", "failures", "measured"), ("---", "--:", "--:", "---")]
    rows += [(name, f"{n:,}", str(failed), measured) for name, (n, failed, measured) in _promises.items()]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    text = Path(file).read_text(encoding="utf-8")
    Path(file).write_text(PROMISES.sub(lambda _: table, text), encoding="utf-8")


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

"""The tables of the documentation, from test runs to pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tables import features, promises, write_between

ROOT = Path(__file__).parent.parent

TESTS = """
import pytest

def test_kept(promise):
    promise("events are kept", 1200, [], "3 a second")

def test_kept_again(promise):
    promise("events are kept", 34, ["one was not"], "4 a second")

@pytest.mark.feature("6", "a_chat", "two_tabs")
def test_newest():
    pass

@pytest.mark.feature("4", "a_chat")
def test_oldest():
    assert False

def test_neither(record_property):
    record_property("promise", '["a test without a mark is not selected", 1, 0, ""]')
"""


def test_the_tables_are_what_a_test_run_found(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    report = tmp_path / "report.xml"
    options = f"-c {os.devnull} --rootdir . -p conftest -p e2e.conftest -n 1 --whole --junit-xml {report}"
    subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), "-m", "promise or feature", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert promises(report).splitlines()[2:] == ["| events are kept | 1,234 | 1 | 4 a second |"]
    assert features(report).splitlines()[2:] == ["| a chat | ✓ | – | ✗ |", "| two tabs | ✓ | – | – |"]


def test_a_table_replaces_only_what_stands_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- it -->\nold\n<!-- /it -->\nafter\n")
    write_between(page, "it", "new \\1\n")
    assert page.read_text() == "before\n<!-- it -->\nnew \\1\n<!-- /it -->\nafter\n"
    with pytest.raises(ValueError, match="no markers"):
        write_between(page, "other", "new\n")


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("support", "features"),
        ("promises", "promises"),
        ("benchmarks", "bench"),
        ("benchmarks", "growth"),
        ("links", "links"),
        ("wild", "wild"),
    ],
)
def test_every_page_with_a_table_has_its_markers(page: str, name: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"<!-- {name} -->\n")
    written, end, _ = rest.partition(f"<!-- /{name} -->\n")
    assert end and written.count("\n| ") > 3

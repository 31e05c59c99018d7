"""The unit tests of the page side, which are beside its files and run on node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "static").rglob("*.test.js"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.js"))
def test_a_module_of_the_page_side_does_what_its_tests_say(file: Path) -> None:
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0\n" not in done.stdout and "# skipped 0\n" in done.stdout, done.stdout


def test_every_file_of_tests_is_beside_a_module() -> None:
    assert len(FILES) >= 8
    assert all(file.with_name(file.name.replace(".test.js", ".js")).is_file() for file in FILES)

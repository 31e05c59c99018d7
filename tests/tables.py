"""Tables of the documentation, written between the markers of a page: ``<!-- NAME -->`` and ``<!-- /NAME -->``.

``python -m tests.tables features REPORT PAGE`` and ``... promises REPORT PAGE`` write them from the JUnit report of a test run.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from e2e.provision import LINES


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what stands between the two markers of this name.

    Raises:
        ValueError: the page does not have them, once each and in this order.
    """
    before = page.read_text(encoding="utf-8")
    after, count = re.subn(
        f"(?s)(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", lambda _: text, before, count=1
    )
    if not count:
        raise ValueError(f"{page} has no markers <!-- {name} --> and <!-- /{name} -->")
    page.write_text(after, encoding="utf-8")


def table(rows: Iterable[Iterable[str]]) -> str:
    """The rows as Markdown; the first is the head, the second how its columns are aligned."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def properties(report: Path, name: str) -> list[tuple[Any, bool]]:
    """The values of the property with this name, in the order of the tests, each with whether its test passed.

    Raises:
        ValueError: no test has it, so the run must have failed.
    """
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        passed = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        found += [
            (json.loads(entry.get("value", "")), passed)
            for entry in case.iter("property")
            if entry.get("name") == name
        ]
    if not found:
        raise ValueError(f"no test in {report} has a {name}")
    return found


def features(report: Path) -> str:
    """Feature by line of Gradio; a dash where a line does not have it."""
    outcomes: dict[tuple[str, str], bool] = {}
    for (line, *names), passed in properties(report, "feature"):
        for name in names:
            outcomes[name, line] = passed and outcomes.get((name, line), True)
    marks = {True: "✓", False: "✗", None: "–"}
    lines = ("6", "5", "4")
    rows = [["feature", *(LINES[f"gradio-{line}"][0].replace("gradio==", "Gradio ") for line in lines)]]
    rows.append(["---", *[":-:"] * len(lines)])
    for name in sorted({name for name, _ in outcomes}):
        rows.append([name.replace("_", " "), *(marks[outcomes.get((name, line))] for line in lines)])
    return table(rows)


def promises(report: Path) -> str:
    """How often each promise was tested, what broke it, and what was measured with it."""
    found: dict[str, tuple[int, int, str]] = {}
    for (sentence, tried, broken, measured), _ in properties(report, "promise"):
        attempts, failures, _ = found.get(sentence, (0, 0, ""))
        found[sentence] = (attempts + tried, failures + broken, measured)
    rows = [["promise", "attempts", "failures", "measured"], ["---", "--:", "--:", "---"]]
    rows += [[name, f"{n:,}", str(failed), measured] for name, (n, failed, measured) in sorted(found.items())]
    return table(rows)


WRITERS: dict[str, Callable[[Path], str]] = {"features": features, "promises": promises}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tables", description=__doc__)
    parser.add_argument("name", choices=WRITERS)
    parser.add_argument("report", type=Path, help="JUnit XML, from pytest --junit-xml")
    parser.add_argument("page", type=Path)
    given = parser.parse_args()
    text = WRITERS[given.name](given.report)
    print(text)
    write_between(given.page, given.name, text)


if __name__ == "__main__":
    main()

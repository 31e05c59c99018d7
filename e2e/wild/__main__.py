"""Try real applications and print what came of each: ``python -m e2e.wild [APP ...]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from e2e.wild.running import BROWSER_ARGUMENTS, Options, result_of
from tests.tables import write_between

HERE = Path(__file__).resolve().parent
NO_APPS = {"__init__", "__main__", "running"}
COLUMNS = ("app", "version", "acts", "kept", "left out", "links", "variables", "script", "replay")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.wild", description=__doc__)
    parser.add_argument("apps", nargs="*", metavar="APP", help="names of applications; all if none is given")
    parser.add_argument(
        "--recorder", default=str(Path(sys.executable).with_name("recorder")), help="[%(default)s]"
    )
    parser.add_argument(
        "--python", default=sys.executable, help="runs the scripts; needs httpx [%(default)s]"
    )
    parser.add_argument(
        "--browser", default=os.environ.get("RECORDER_BROWSER", "/usr/bin/chromium"), help="[%(default)s]"
    )
    parser.add_argument(
        "--patience", type=float, default=120, metavar="SECONDS", help="for one run of a script [120]"
    )
    parser.add_argument("--same", action="store_true", help="try the scripts without the additional record")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep sessions, journals, scripts and outputs"
    )
    parser.add_argument(
        "--shots", action="store_true", help="with --keep: a screenshot at the end of each job"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write the table between the markers of this page"
    )
    return parser.parse_args()


def verdict(row: dict[str, Any], column: str) -> str:
    text: str = row.get(column, "not recorded")
    return text if row.get("error") is None else "not tried"


def cell(row: dict[str, Any], column: str) -> str:
    if column in ("script", "replay"):
        return verdict(row, column).partition(":")[0].partition(",")[0]
    return str(row.get(column, ""))


def reasons(row: dict[str, Any]) -> list[str]:
    """Why a row is not the same twice."""
    if "error" in row:
        return [row["error"]]
    return [f"{name}: {row[name]}" for name in ("script", "replay") if row[name] != "same"]


def is_same(row: dict[str, Any], name: str) -> bool:
    """Whether the state is right; a replay may still report that a list is longer than the recorded one."""
    return str(row.get(name, "")).startswith("same")


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table, and the reasons of the rows that are not the same twice."""
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(cell(row, column) for column in COLUMNS)} |" for row in rows),
        "",
        *(
            f"{sum(is_same(row, name) for row in rows)} of {len(rows)} {title} do the same.  "
            for name, title in TITLES
        ),
        "",
        "What the script or the replay reported:",
        "",
    ]
    why = [(row["app"], reason) for row in rows for reason in reasons(row)]
    lines += [f"- **{app}**, `{reason.replace('`', ' ')}`" for app, reason in why] or ["- nothing"]
    return "\n".join(lines) + "\n"


TITLES = (("script", "scripts"), ("replay", "replays"))


def main() -> int:
    options = arguments()
    names = options.apps or sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_APPS)
    unknown = [name for name in names if not (HERE / f"{name}.py").exists()]
    if unknown:
        print(f"no such application: {', '.join(unknown)}", file=sys.stderr)
        return 2
    told = Options(
        options.recorder, options.python, options.patience, options.keep, options.shots, options.same
    )
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=list(BROWSER_ARGUMENTS), slow_mo=60
        )
        for name in names:
            row = result_of(name, browser, told)
            rows.append(row)
            print(" | ".join(cell(row, column) for column in COLUMNS), flush=True)
            for reason in reasons(row):
                print(f"    {reason}", flush=True)
        browser.close()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.write:
        write_between(options.write, "wild", markdown(rows))
    return 0 if all(is_same(row, name) for row in rows for name in ("script", "replay")) else 1


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.benchmarks [KIND]... [--write PAGE] [--keep]``: measures, prints a table, draws how cost grows,
and holds the ratios against those of the last run that was kept."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.benchmarks import collecting, pages, panel, proxies, replays, scaling, scripts, startup
from tests.benchmarks.measured import Points, Row, growth, table
from tests.benchmarks.peers import PEERS
from tests.tables import write_between

HERE = Path(__file__).parent
LAST = HERE / "last.json"
"""The last run that was kept."""
FIGURE = HERE.parent.parent / "docs" / "pictures" / "growth.png"
WORSE = 0.7
"""A ratio below this share of the last one is a regression: spreads of a quarter are usual on a machine that others share."""

KINDS: dict[str, Callable[[Points], list[Row]]] = {
    "startup": lambda _: startup.rows(),
    "scripts": scripts.rows,
    "proxies": proxies.rows,
    "replays": replays.rows,
    "pages": pages.rows,
    "collecting": collecting.rows,
    "scaling": scaling.rows,
    "panel": panel.rows,
}


def drawn(points: Points) -> None:
    """The curves, by a Python that has matplotlib."""
    subprocess.run(
        [str(PEERS / "bin/python"), str(HERE / "draw.py"), str(FIGURE)],
        input=json.dumps(points),
        text=True,
        check=True,
    )


def key(row: Row) -> str:
    return f"{row.work} | {row.against}"


class Kept(msgspec.Struct, kw_only=True):
    """What was measured and kept last: the rows by what was held against what, and the curves."""

    rows: dict[str, Row] = {}
    points: Points = {}

    def worse(self, row: Row) -> str:
        """A sentence where a ratio was better then."""
        was = self.rows.get(key(row))
        if was is None or not row.ratio or not was.ratio or row.ratio >= WORSE * was.ratio:
            return ""
        return f"slower than the last time: {key(row)}: {row.ratio:.2g}x, and was {was.ratio:.2g}x"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "--write", metavar="PAGE", type=Path, help="write the tables between the markers of this page"
    )
    parser.add_argument("--keep", action="store_true", help="hold the next run against this one")
    given = parser.parse_args()
    last = msgspec.json.decode(LAST.read_bytes(), type=Kept) if LAST.exists() else Kept()
    now = Kept(rows=dict(last.rows), points=dict(last.points))
    regressions: list[str] = []
    for kind in given.kinds or KINDS:
        print(f"measuring: {kind}", file=sys.stderr, flush=True)
        points: Points = {}
        rows = KINDS[kind](points)
        print(table(rows), flush=True)
        print(growth(points), flush=True)
        regressions += filter(None, map(last.worse, rows))
        now.rows |= {key(row): row for row in rows}
        now.points |= points
        if given.keep:
            LAST.write_bytes(msgspec.json.format(msgspec.json.encode(now), indent=1) + b"\n")
    if given.write:
        write_between(given.write, "bench", table(list(now.rows.values())))
        write_between(given.write, "growth", growth(now.points))
        drawn(now.points)
    print("\n".join(regressions))
    return 1 if regressions and not given.keep else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""``python -m tests.benchmarks [startup|scaling|panel]...``: measures, and prints a table."""

from __future__ import annotations

import sys

from tests.benchmarks import panel, scaling, startup
from tests.benchmarks.measured import table

KINDS = {"startup": startup.rows, "scaling": scaling.rows, "panel": panel.rows}


def main() -> None:
    wanted = sys.argv[1:] or list(KINDS)
    print(table([row for kind in wanted for row in KINDS[kind]()]))


if __name__ == "__main__":
    main()

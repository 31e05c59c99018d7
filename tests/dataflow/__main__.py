"""``python -m tests.dataflow``: the table, or one world in words."""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.dataflow.features import world as world_of
from tests.dataflow.oracle import oracle
from tests.dataflow.running import run
from tests.dataflow.showing import shown
from tests.dataflow.table import Measure, made, measured, merged, table, write_into


def main() -> None:
    """Parse the options and print."""
    options = argparse.ArgumentParser(prog="python -m tests.dataflow", description=__doc__)
    options.add_argument("--seeds", default="0:1000", help="FIRST:END, by default 0:1000")
    options.add_argument(
        "--kind", action="append", default=[], help="only worlds with this kind of source or sink"
    )
    options.add_argument("--seed", type=int, help="one world")
    options.add_argument("--show", action="store_true", help="the world in words (with --seed)")
    options.add_argument("--oracle", action="store_true", help="the right program instead of the recorder's")
    options.add_argument("--write", type=Path, help="write the table into this file")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--most", type=int, default=40, help="failing seeds that are listed")
    given = options.parse_args()
    program = oracle if given.oracle else made
    if given.seed is not None:
        world = world_of(given.seed)
        workflow = program(world)
        print(shown(world, workflow, run(world, workflow)))
        return
    first, _, end = given.seeds.partition(":")
    seeds = range(int(first), int(end))
    began = time.monotonic()
    kinds = tuple(given.kind)
    if given.jobs > 1:
        shares = [seeds[n :: given.jobs] for n in range(given.jobs)]
        with ProcessPoolExecutor(given.jobs) as pool:
            parts = list(pool.map(measured, shares, [kinds] * len(shares), [program] * len(shares)))
        measure: Measure = merged(parts)
    else:
        measure = measured(seeds, kinds, program)
    text = table(measure)
    print(text)
    if given.write:
        write_into(given.write, text, given.seeds)
    for seed, error in measure.errors[:5]:
        print(f"seed {seed}: {error}")
    print(f"not the same ({len(measure.failed)}): {' '.join(map(str, measure.failed[: given.most]))}")
    print(f"wrongly computed ({len(measure.wrong)}): {' '.join(map(str, measure.wrong[: given.most]))}")
    print(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()

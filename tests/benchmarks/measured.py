"""What a benchmark found, and how it is printed: always held against something that was measured beside it, in turn, so
that what else the machine does falls on both alike."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tests.benchmarks.peers import PEERS


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    ``ours`` and ``theirs`` are what was measured each time, in seconds or, where ``unit`` is ``/s``, as a rate. ``wanted``
    is what was to be reached, in words, ``met`` whether it is, and ``note`` what else was measured.
    """

    work: str
    against: str = ""
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    unit: str = "s"
    wanted: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the other it is, by the medians; below 1 where it is worse."""
        if not self.theirs:
            return None
        a, b = statistics.median(self.ours), statistics.median(self.theirs)
        return a / b if self.unit == "/s" else b / a


def times(work: str, against: str, ours: Sequence[float], theirs: Sequence[float], least: float, **more: Any) -> Row:  # fmt: skip
    """A row that wants to be so many times better."""
    row = Row(work=work, against=against, ours=ours, theirs=theirs, wanted=f"{least:g}x", **more)
    assert row.ratio is not None
    return msgspec.structs.replace(row, met=row.ratio >= least)


def within(work: str, against: str, ours: Sequence[float], theirs: Sequence[float], most: float, **more: Any) -> Row:  # fmt: skip
    """A row that may take at most so many seconds longer."""
    added = statistics.median(ours) - statistics.median(theirs)
    note = "; ".join(filter(None, (f"{'+' if added >= 0 else '-'}{shown(abs(added))}", more.pop("note", ""))))
    return Row(
        work=work,
        against=against,
        ours=ours,
        theirs=theirs,
        wanted=f"within {shown(most)}",
        met=added <= most,
        note=note,
        **more,
    )


def under(work: str, ours: Sequence[float], most: float, **more: Any) -> Row:
    """A row that wants to stay below so many seconds."""
    return Row(
        work=work, ours=ours, wanted=f"under {shown(most)}", met=statistics.median(ours) < most, **more
    )


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """What each of them measures, so many times, one after the other."""
    taken = [[work() for work in works] for _ in range(rounds)]
    return [list(each) for each in zip(*taken, strict=True)]


class Ran(msgspec.Struct, frozen=True):
    """A process that is over: its seconds, from its start to its end, and the bytes that it had in memory at most."""

    seconds: float
    peak: int


_BESIDE = """
import os, sys, time
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - began, usage.ru_maxrss, os.waitstatus_to_exitcode(status), file=sys.stderr)
"""
"""A process is born with what its parent had in memory counted as its own: so its parent is a small one."""


def run(*words: object) -> Ran:
    """Run a program, which must go well, and see what it took."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    # har2locust has ruff format what it wrote.
    environment["PATH"] = f"{PEERS / 'bin'}:{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", _BESIDE, *map(str, words)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    taken, peak, code = done.stderr.splitlines()[-1].split()
    assert code == "0", (words, done.stderr)
    return Ran(float(taken), int(peak) * 1024)


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Of the power of the size by which a cost grows: the slope of a straight line through the logarithms."""
    xs, ys = [math.log(size) for size, _ in points], [math.log(cost) for _, cost in points]
    return statistics.linear_regression(xs, ys).slope


Points = dict[str, list[tuple[float, float]]]
"""Curves by their names: sizes, and the seconds that each takes."""


def growth(points: Points) -> str:
    """How each grows, as Markdown."""
    lines = ["| work | | | | grows as the power |", "| --- | --: | --: | --: | --: |"]
    for name, curve in points.items():
        cells = " | ".join(f"{size:,.0f}: {shown(cost)}" for size, cost in curve)
        lines.append(f"| {name} | {cells} | {exponent(curve):.2f} |")
    return "\n".join(lines) + "\n"


def shown(value: float, unit: str = "s") -> str:
    """A time, a rate or bytes as a person reads it."""
    if unit == "B":
        return f"{value / 1e6:,.0f} MB"
    if unit == "/s":
        return f"{value:,.0f}/s"
    for scale, name in ((1, "s"), (1e-3, "ms")):
        if value >= scale:
            return f"{value / scale:.3g} {name}"
    return f"{value * 1e6:.3g} µs"


def spread(values: Sequence[float], unit: str = "s") -> str:
    """The median, with the quarters of the values that lie below and above."""
    if len(values) < 3:
        return shown(statistics.median(values), unit)
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{shown(middle, unit)} ({shown(low, unit)} to {shown(high, unit)})"


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = ["| work | ours | against | theirs | ratio | wanted | |", "| --- | --- | --- | --- | --: | --- | --- |"]  # fmt: skip
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2g}x" if row.ratio < 10 else f"{row.ratio:.0f}x"
        theirs = spread(row.theirs, row.unit) if row.theirs else ""
        ours = spread(row.ours, row.unit) + (f"; {row.note}" if row.note else "")
        met = "" if row.met is None else "met" if row.met else "not met"
        lines.append(f"| {row.work} | {ours} | {row.against} | {theirs} | {ratio} | {row.wanted} | {met} |")
    return "\n".join(lines) + "\n"

"""What a benchmark found, and how it is printed: always a ratio to something that was measured beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. ``ours`` and ``theirs`` are seconds, one for each time that it was measured; ``wanted`` is
    what was to be reached, in words, ``note`` what else was measured."""

    work: str
    against: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    wanted: str = ""
    note: str = ""


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def side_by_side(
    times: int, ours: Callable[[], Any], theirs: Callable[[], Any]
) -> tuple[list[float], list[float]]:
    """Both, in turn, so that what else the machine does falls on both alike."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(times)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def shown(value: float) -> str:
    """A time as a person reads it."""
    return (
        f"{value * 1000:.2g} ms"
        if value < 0.1
        else f"{value * 1000:.0f} ms"
        if value < 1
        else f"{value:.2f} s"
    )


def spread(values: Sequence[float]) -> str:
    """The median, with the quarter of the values that lie below and above."""
    if len(values) < 4:
        return shown(statistics.median(values))
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{shown(middle)} ({shown(low)} to {shown(high)})"


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = ["| work | ours | against | theirs | ratio | wanted |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        ratio = ""
        if row.theirs:
            ratio = f"{statistics.median(row.theirs) / statistics.median(row.ours):.1f}x"
        theirs = spread(row.theirs) if row.theirs else "–"
        said = f"{spread(row.ours)}{f'; {row.note}' if row.note else ''}"
        lines.append(f"| {row.work} | {said} | {row.against} | {theirs} | {ratio} | {row.wanted} |")
    return "\n".join(lines)

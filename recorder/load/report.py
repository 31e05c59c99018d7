"""What a load test counted, and a person's sentences about it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from recorder.show import visible


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one endpoint, or of all. Times are in ms, ``rate`` in calls a second, now or over the whole
    run."""

    name: str
    calls: int = 0
    failures: int = 0
    rate: float = 0.0
    average: float = 0.0
    median: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    least: float = 0.0
    most: float = 0.0
    bytes: int = 0


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which calls of an endpoint failed, and how many did."""

    name: str
    error: str
    count: int


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One worker of the distributed mode: how many calls it told of. ``pid`` is its process, on whichever host;
    ``lost``: it was not heard of any more before the end, and ``why`` says what became of it, where that is known."""

    id: str
    pid: int = 0
    calls: int = 0
    lost: bool = False
    why: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted until now. ``over``: until the end."""

    over: bool = False
    users: int = 0
    seconds: float = 0.0
    total: Entry = Entry(name="")
    endpoints: tuple[Entry, ...] = ()
    errors: tuple[Error, ...] = ()
    workers: tuple[Worker, ...] = ()

    def line(self) -> str:
        """All of it in one line."""
        total = self.total
        return (
            f"{self.seconds:.0f} s: {self.users} users, {total.calls} calls, {total.failures} failed, "
            f"{total.rate:.1f} calls/s, median {total.median:.0f} ms, 95 % within {total.p95:.0f} ms"
        )


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """A whole load test. ``interrupted``: Ctrl-C ended it; ``broken`` says why it did not run as it should. Workers
    of a ``master`` on another host have no figures: they are told there."""

    url: str
    users: int
    spawn_rate: float
    run_time: float
    figures: Figures
    interrupted: bool = False
    broken: str = ""
    master: str = ""

    @property
    def ok(self) -> bool:
        """Whether calls were made, none failed, and no worker was lost; at a master elsewhere, whether they ran."""
        if self.master:
            return not self.broken
        lost = any(worker.lost for worker in self.figures.workers)
        return not (self.broken or lost or self.figures.total.failures) and self.figures.total.calls > 0

    def sentences(self) -> list[str]:
        """What did not go well."""
        told = [
            f"{visible(error.name, 80)}: {visible(error.error, 300)} ({error.count} times)"
            for error in self.figures.errors
        ]
        told += [
            f"worker {visible(worker.id, 80)} (process {worker.pid}) was lost{worker.why}, after it had told of "
            f"{worker.calls} calls; the others went on"
            for worker in self.figures.workers
            if worker.lost
        ]
        if self.broken:
            told.append(visible(self.broken, 600))
        elif not self.figures.total.calls and not self.master:
            told.append("no call was made")
        if self.interrupted:
            told.append(f"stopped by Ctrl-C after {self.figures.seconds:.0f} s")
        return told

    def dump(self) -> str:
        """As JSON text, ASCII only."""
        tree: dict[str, Any] = {"ok": self.ok, **msgspec.to_builtins(self), "sentences": self.sentences()}
        tree |= tree.pop("figures")
        return json.dumps(tree, indent=2) + "\n"

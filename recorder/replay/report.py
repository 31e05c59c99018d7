"""What a replay did: one report, and a person's sentences about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from recorder.replay.compare import Difference
from recorder.replay.wording import brief
from recorder.session import encode_value
from recorder.show import visible

StepStatus = Literal[
    "waiting", "running", "ok", "failed", "cancelled", "missing", "changed", "not_run", "stopped"
]
"""``missing``: the app lacks the endpoint. ``changed``: it takes or gives something else now. ``not_run``: what it
needs did not come out of an earlier step. ``stopped``: Ctrl-C or the end of the time came meanwhile."""


class OutputReport(msgspec.Struct, frozen=True, kw_only=True):
    """One output that came: its place in wire order, its label, its value in the session's terms (files as
    ``File``), and what is not as recorded. ``compared`` is false where there was nothing to hold it against; else
    ``recorded`` is that. ``update`` are the properties of the control that came with it."""

    name: str
    output: int = 0
    label: str = ""
    recorded: Any = None
    value: Any = None
    update: dict[str, Any] | None = None
    skipped: bool = False
    compared: bool = True
    differences: tuple[Difference, ...] = ()


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the run of that number, 0 where there is only one. ``seconds`` is how long it took, ``yields``
    how many values came before the last; ``began`` counts from the start of its run. While it runs ``outputs`` are
    those of the value that came last, where that is wanted.

    ``error`` is why it failed, in the app's words or ours; ``expected`` whether it came to the same end when it was
    recorded. ``not_compared`` says why outputs were not compared. ``notes`` are sentences without a final stop.
    """

    id: str
    name: str
    endpoint: str
    run: int = 0
    status: StepStatus = "waiting"
    setup: bool = False
    expected: bool = True
    error: str | None = None
    code: int | None = None
    """The status of an HTTP response."""
    began: float = 0.0
    seconds: float = 0.0
    yields: int = 0
    outputs: tuple[OutputReport, ...] = ()
    not_compared: str = ""
    notes: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether no more will come of it."""
        return self.status not in ("waiting", "running")

    @property
    def ok(self) -> bool:
        """Whether it ended as recorded, with the outputs that were recorded."""
        return self.over and self.expected and not any(output.differences for output in self.outputs)

    @property
    def verdict(self) -> str:
        """How it came out, in a word or two."""
        if self.ok:
            return "ok" if not self.not_compared else "not compared"
        if not self.over:
            return "not done"
        return "differs" if self.expected else self.status.replace("_", " ")

    def sentences(self) -> list[str]:
        """What is not as recorded, one sentence each, naming step, endpoint and output; empty where all is."""
        where = f"{visible(self.id)} {visible(self.endpoint, 80)}"
        if not self.expected:
            return [f"{where}: {visible(self.error or 'did not end as it did when it was recorded', 400)}"]
        return [
            f"{where}, output {visible(output.label or output.name, 60)!r}"
            + (f" at {visible(difference.path, 80)}" if difference.path else "")
            + f": {difference.why}"
            for output in self.outputs
            for difference in output.differences
        ]


OnValue = Callable[[int, Callable[[], tuple[OutputReport, ...]]], None]
"""Told how many values a step gave so far, and how to have the outputs that the last of them is."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``url`` is the app it was made against, ``values`` the variables that were set; ``changes`` says in
    sentences what of the app's API is not as recorded. ``interrupted`` is whether Ctrl-C ended it, ``timed_out``
    the seconds it had where they were over. ``seconds`` is how long it took, ``longest`` how long the longest path
    through it."""

    url: str
    version: str = ""
    values: dict[str, str] = {}
    steps: tuple[StepReport, ...] = ()
    changes: tuple[str, ...] = ()
    interrupted: bool = False
    timed_out: float | None = None
    parallel: int = 1
    seconds: float = 0.0
    longest: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every output is as recorded."""
        return not self.interrupted and all(step.ok for step in self.steps)

    def sentences(self) -> list[str]:
        """What is not as recorded, a sentence each, in order."""
        told = [visible(change, 600) for change in self.changes]
        told += [
            sentence
            for step in self.steps
            if step.over and not (step.status == "changed" and self.changes)
            for sentence in step.sentences()
        ]
        left = sum(step.status in ("waiting", "stopped") for step in self.steps)
        if self.interrupted:
            told.append(f"stopped by Ctrl-C with {left} of {len(self.steps)} steps not done")
        elif self.timed_out is not None:
            told.append(f"stopped after {self.timed_out:g} s with {left} of {len(self.steps)} steps not done")
        return told

    def notes(self) -> list[str]:
        """What else is worth a line: what was not compared and why, and what was passed over."""
        told = []
        for step in self.steps:
            where = f"{visible(step.id)} {visible(step.endpoint, 80)}"
            told += [f"{where}: {visible(note, 400)}" for note in step.notes]
            if step.not_compared:
                shown = ", ".join(
                    f"{visible(output.label or output.name, 60)} = {brief(output.value)}"
                    for output in step.outputs
                    if not output.skipped
                )
                told.append(f"{where}: {visible(step.not_compared)}" + (f"; {shown}" if shown else ""))
        return told

    def summary(self) -> str:
        """The whole in one line."""
        good = sum(step.ok for step in self.steps)
        steps = f"{good} of {len(self.steps)} step{'s' if len(self.steps) != 1 else ''} as recorded"
        one_by_one = sum(step.seconds for step in self.steps)
        if self.parallel == 1 or not one_by_one:
            return f"{steps}, {self.seconds:.1f} s"
        share = self.seconds / one_by_one
        return (
            f"{steps}, {self.seconds:.1f} s, {share:.2f} of the {one_by_one:.1f} s that the calls took together; "
            f"the longest path took {self.longest:.1f} s"
        )

    def tree(self) -> dict[str, Any]:
        """As JSON values, those of the app spelled as in the session file."""
        tree = msgspec.to_builtins(self, enc_hook=repr, builtin_types=())
        for step, plain in zip(self.steps, tree["steps"], strict=True):
            plain["ok"] = step.ok
            for output, entry in zip(step.outputs, plain["outputs"], strict=True):
                for key in ("recorded", "value", "update"):
                    entry[key] = encode_value(getattr(output, key))
                for difference, told in zip(output.differences, entry["differences"], strict=True):
                    told["recorded"] = encode_value(difference.recorded)
                    told["live"] = encode_value(difference.live)
        return {"ok": self.ok, **tree, "sentences": self.sentences(), "notes": self.notes()}

    def dump(self) -> str:
        """As JSON text, ASCII only."""
        return json.dumps(self.tree(), indent=2) + "\n"


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """A whole replay: one run or several. ``learnt`` says in sentences what they taught, where that was asked for."""

    url: str
    version: str = ""
    runs: tuple[Report, ...] = ()
    learnt: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every run is."""
        return all(run.ok for run in self.runs)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return any(run.interrupted for run in self.runs)

    def sentences(self) -> list[str]:
        """Those of the runs, each with the run it is about where there are several."""
        return [
            f"{self._named(n)}{sentence}"
            for n, run in enumerate(self.runs, 1)
            for sentence in run.sentences()
        ]

    def notes(self) -> list[str]:
        """As :meth:`sentences`."""
        return [f"{self._named(n)}{note}" for n, run in enumerate(self.runs, 1) for note in run.notes()]

    def summary(self) -> str:
        """The whole in one line."""
        if len(self.runs) == 1:
            return self.runs[0].summary()
        good = sum(run.ok for run in self.runs)
        return f"{good} of {len(self.runs)} runs as recorded, {self.seconds:.1f} s"

    def dump(self) -> str:
        """As JSON text, ASCII only: of one run its own members, of several an array ``runs`` of these."""
        if len(self.runs) == 1:
            return self.runs[0].dump()
        document = {
            "ok": self.ok,
            "url": self.url,
            "version": self.version,
            "seconds": self.seconds,
            "learnt": self.learnt,
            "runs": [run.tree() for run in self.runs],
            "sentences": self.sentences(),
            "notes": self.notes(),
        }
        return json.dumps(document, indent=2) + "\n"

    def _named(self, number: int) -> str:
        return f"run {number}: " if len(self.runs) > 1 else ""

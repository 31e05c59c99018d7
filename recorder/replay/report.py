"""What a replay did: one report, and a person's sentences about it."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from recorder.replay.compare import Difference, brief
from recorder.session import encode_value
from recorder.show import visible

StepStatus = Literal["waiting", "running", "ok", "failed", "cancelled", "missing", "not_run", "stopped"]
"""``missing``: the app lacks the endpoint. ``not_run``: what it needs did not come out of an earlier step.
``stopped``: the person pressed Ctrl-C meanwhile."""


class OutputReport(msgspec.Struct, frozen=True, kw_only=True):
    """One output that came: its label, its value in the session's terms (files as ``File``), and what is not as
    recorded. ``compared`` is false where there was nothing to hold it against."""

    name: str
    label: str = ""
    value: Any = None
    skipped: bool = False
    compared: bool = True
    differences: tuple[Difference, ...] = ()


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """One step. ``seconds`` is how long it took, ``yields`` how many values came before the last.

    ``error`` is why it failed, in the app's words or ours; ``expected`` whether it came to the same end when it was
    recorded. ``not_compared`` says why outputs were not compared. ``notes`` are sentences without a final stop.
    """

    id: str
    name: str
    endpoint: str
    status: StepStatus = "waiting"
    setup: bool = False
    expected: bool = True
    error: str | None = None
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


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole replay. ``url`` is the app it was made against; ``interrupted`` whether Ctrl-C ended it."""

    url: str
    version: str = ""
    steps: tuple[StepReport, ...] = ()
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every output is as recorded."""
        return not self.interrupted and all(step.ok for step in self.steps)

    def sentences(self) -> list[str]:
        """What is not as recorded, a sentence each, in order."""
        told = [sentence for step in self.steps if step.over for sentence in step.sentences()]
        if self.interrupted:
            left = sum(step.status in ("waiting", "stopped") for step in self.steps)
            told.append(f"stopped by Ctrl-C with {left} of {len(self.steps)} steps not done")
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
        return f"{steps}, {self.seconds:.1f} s"

    def dump(self) -> str:
        """As JSON text, ASCII only; values are spelled as in the session file."""
        tree = msgspec.to_builtins(self, enc_hook=repr, builtin_types=())
        for step, plain in zip(self.steps, tree["steps"], strict=True):
            plain["ok"] = step.ok
            for output, entry in zip(step.outputs, plain["outputs"], strict=True):
                entry["value"] = encode_value(output.value)
                for difference, told in zip(output.differences, entry["differences"], strict=True):
                    told["recorded"] = encode_value(difference.recorded)
                    told["live"] = encode_value(difference.live)
        document = {"ok": self.ok, **tree, "sentences": self.sentences(), "notes": self.notes()}
        return json.dumps(document, indent=2) + "\n"

"""Measures how well the data flow of worlds is found, and writes it as a table."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from recorder.adapters import new_fold, workflow
from recorder.workflow import Workflow
from tests.dataflow.events import events
from tests.dataflow.features import world as world_of
from tests.dataflow.running import Run, run
from tests.dataflow.scoring import Score
from tests.dataflow.world import World
from tests.tables import write_between


class Count(msgspec.Struct):
    """Places that must be computed, how many of them are right, how many places were computed, and how many of these
    are right."""

    places: int = 0
    found: int = 0
    computed: int = 0
    right: int = 0

    def add(self, score: Score) -> None:
        """Count one place."""
        self.places += score.is_link
        self.found += score.is_link and score.right
        self.computed += score.computed
        self.right += score.computed and score.right

    @property
    def recall(self) -> float:
        return self.found / self.places if self.places else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.computed if self.computed else 1.0


class Arguments(msgspec.Struct, kw_only=True):
    """The typed values that requests send, how many of them are one variable each whose change is sent wherever the
    value is, and how many variables there are beside."""

    typed: int = 0
    right: int = 0
    more: int = 0


class Measure(msgspec.Struct, kw_only=True):
    """What is known of many worlds."""

    worlds: int = 0
    same: int = 0
    noise: int = 0
    total: Count = msgspec.field(default_factory=Count)
    sources: dict[str, Count] = msgspec.field(default_factory=dict)
    sinks: dict[str, Count] = msgspec.field(default_factory=dict)
    decoys: dict[str, Count] = msgspec.field(default_factory=dict)
    arguments: Arguments = msgspec.field(default_factory=Arguments)
    failed: list[int] = msgspec.field(default_factory=list)
    wrong: list[int] = msgspec.field(default_factory=list)
    """Seeds in which something was computed that is not right."""
    errors: list[tuple[int, str]] = msgspec.field(default_factory=list)

    def add(self, done: Run, arguments: Arguments) -> None:
        """Count one world."""
        self.worlds += 1
        self.same += done.is_same
        self.noise += done.noise
        for score in done.scores:
            self.total.add(score)
            if score.is_link:
                self.sources.setdefault(score.source, Count()).add(score)
                self.sinks.setdefault(score.sink or "(other)", Count()).add(score)
            else:
                label = score.source or ("typed" if score.origin == "typed" else "constant")
                count = self.decoys.setdefault(label, Count())
                count.places += 1
                count.found += score.right
                count.computed += score.computed
                count.right += score.computed and score.right
        self.arguments.typed += arguments.typed
        self.arguments.right += arguments.right
        self.arguments.more += arguments.more
        if not done.is_same:
            self.failed.append(done.world.seed)
        if any(score.computed and not score.right for score in done.scores):
            self.wrong.append(done.world.seed)


def made(world: World) -> Workflow:
    """What the recorder makes of a recording of the world."""
    fold = new_fold()
    for event in events(world):
        fold.feed(event)
    return workflow(fold.session())


def arguments_of(world: World, program: Workflow, done: Run) -> Arguments:
    """Whether the variables are what the person typed: each is changed, and all places that hold it must follow."""
    typed = {s.name for s in world.symbols.values() if s.origin == "typed" and s.name not in world.secrets}
    sent = typed & _typed_and_sent(done)
    found = Arguments(typed=len(sent))
    others = {str(s.recorded) for s in world.symbols.values() if s.origin == "typed"}
    others |= {s.label for s in world.symbols.values() if s.label}
    given: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    for name in sent:
        value = str(world.symbols[name].recorded)
        fitting = [v.name for v in program.variables if str(v.value) == value]
        if len(fitting) == 1:
            recorded = world.symbols[name].recorded
            changed[name] = (
                recorded + 1000 if isinstance(recorded, int) else f"{value} changed {len(changed)}"
            )
            given[fitting[0]] = changed[name]
    found.more = sum(str(v.value) not in others for v in program.variables)
    symbols = {
        name: msgspec.structs.replace(s, fresh=changed.get(name, s.fresh))
        for name, s in world.symbols.items()
    }
    again = run(msgspec.structs.replace(world, symbols=symbols), program, given)
    wrong: set[str] = set()
    for score in again.scores:
        if not score.right:
            wrong |= {name for name in sent if name in score.symbols}
    found.right = sum(name in changed and name not in wrong for name in sent)
    return found


def _typed_and_sent(done: Run) -> set[str]:
    return {name for score in done.scores for name in score.symbols}


def measured(
    seeds: Iterable[int], kinds: tuple[str, ...] = (), program: Callable[[World], Workflow] = made
) -> Measure:
    """The measure of the worlds of these seeds, of those with all these kinds of source and sink."""
    found = Measure()
    for seed in seeds:
        world = world_of(seed)
        if not all(any(kind in each for each in world.kinds) for kind in kinds):
            continue
        try:
            workflow = program(world)
            done = run(world, workflow)
            arguments = arguments_of(world, workflow, done)
        except Exception:
            found.errors.append((seed, traceback.format_exc(limit=-3)))
            found.worlds += 1
            found.failed.append(seed)
            continue
        found.add(done, arguments)
    return found


def merged(parts: list[Measure]) -> Measure:
    """The measure of several, together."""
    whole = Measure()
    for part in parts:
        for name in ("worlds", "same", "noise"):
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
        for name in ("failed", "wrong", "errors"):
            setattr(whole, name, sorted(getattr(whole, name) + getattr(part, name)))
        for name in ("sources", "sinks", "decoys"):
            for kind, count in getattr(part, name).items():
                _sum(getattr(whole, name).setdefault(kind, Count()), count)
        _sum(whole.total, part.total)
        _sum(whole.arguments, part.arguments)
    return whole


def _sum(whole: Any, part: Any) -> None:
    for name in whole.__struct_fields__:
        setattr(whole, name, getattr(whole, name) + getattr(part, name))


def table(measure: Measure) -> str:
    """The measure as Markdown."""
    total = measure.total
    lines = [
        f"{measure.worlds} conversations; {measure.same} programs ({_percent(measure.same, measure.worlds)}) make the "
        "same requests.",
        "",
        f"Recall is {total.recall:.4f} ({total.found} of {total.places} places), "
        f"precision {total.precision:.4f} ({total.right} of {total.computed} computed values).",
        f"{measure.arguments.right} of {measure.arguments.typed} typed values are an argument that is sent wherever the "
        f"value was sent; {measure.arguments.more} other values are arguments too. Unneeded requests: {measure.noise}.",
    ]
    for title, counts in (("source", measure.sources), ("sink", measure.sinks)):
        lines += [
            "",
            f"| {title} | places | right | recall | computed | precision |",
            "| --- | --: | --: | --: | --: | --: |",
        ]
        for kind, count in sorted(counts.items()):
            lines.append(
                f"| {kind} | {count.places} | {count.found} | {count.recall:.3f} | {count.computed} | {count.precision:.3f} |"
            )
    lines += [
        "",
        "| not a link | places | sent as recorded | computed by mistake |",
        "| --- | --: | --: | --: |",
    ]
    for kind, count in sorted(measure.decoys.items()):
        lines.append(f"| {kind} | {count.places} | {count.found} | {count.computed - count.right} |")
    return "\n".join(lines) + "\n"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def write_into(page: Path, text: str, seeds: str) -> None:
    """Write the table between the markers of the page."""
    write_between(page, "links", f"Seeds {seeds}: {text}")

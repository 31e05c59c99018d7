"""What of a workflow must come before what: the steps as a graph, drawn for a terminal and as Mermaid.

It is made on the safe side, for an edge too many is slow, and one too few is wrong. What it cannot know is what an
app keeps where no call shows it, such as a global variable or a database: a person says that with ``"after"`` on a
call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from recorder.session import File, files_in
from recorder.workflow import Link, Step, Workflow, leaves_of, sent

Why = Literal["link", "state", "file", "order", "cancel", "rendered", "control", "setup"]
"""``link``: it takes what the other gives. ``state``: both touch one State. ``file``: it names a file of the other's.
``order``: the other made it, or a person says so. ``cancel``: one of them is cancelled, so that it matters what
came before. ``rendered``: one of them belongs to what a call renders. ``control``: a function of a control keeps
something for later calls. ``setup``: the page did it before it was used."""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """``after`` may begin only once ``before`` is over."""

    before: str
    after: str
    why: Why


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """The steps in the person's order, and the edges between them, at most one for each pair and reason."""

    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]

    def direct(self) -> dict[str, tuple[str, ...]]:
        """For each step, those that an edge has it wait for."""
        direct: dict[str, dict[str, None]] = {step.id: {} for step in self.steps}
        for edge in self.edges:
            direct[edge.after][edge.before] = None
        return {id: tuple(others) for id, others in direct.items()}

    def before(self) -> dict[str, tuple[str, ...]]:
        """As :meth:`direct`, without what follows from the others: for a person to read, for it takes the square of
        the steps."""
        everything: dict[str, set[str]] = {}
        needed: dict[str, tuple[str, ...]] = {}
        for id, direct in self.direct().items():
            implied = {further for other in direct for further in everything[other]}
            everything[id] = implied.union(direct)
            needed[id] = tuple(other for other in direct if other not in implied)
        return needed

    def levels(self) -> dict[str, int]:
        """For each step, how many must come one after the other before it."""
        levels: dict[str, int] = {}
        for id, before in self.direct().items():
            levels[id] = max((levels[other] + 1 for other in before), default=0)
        return levels

    def longest(self, seconds: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
        """The path that takes longest, given how long each step takes: its length and its steps."""
        ends: dict[str, float] = {}
        via: dict[str, str | None] = {}
        for id, before in self.direct().items():
            via[id] = max(before, key=ends.__getitem__, default=None)
            previous = via[id]
            ends[id] = (ends[previous] if previous is not None else 0.0) + seconds.get(id, 0.0)
        step = max(ends, key=ends.__getitem__, default=None)
        path: list[str] = []
        while step is not None:
            path.append(step)
            step = via[step]
        return (ends[path[0]] if path else 0.0), tuple(reversed(path))

    def schedule(self, seconds: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """When each step begins at the earliest and is over, in seconds from the start, given how long each takes."""
        moments: dict[str, tuple[float, float]] = {}
        for id, before in self.direct().items():
            begin = max((moments[other][1] for other in before), default=0.0)
            moments[id] = (begin, begin + seconds.get(id, 0.0))
        return moments


def graph(workflow: Workflow) -> Graph:
    """The graph of a workflow."""
    steps = workflow.steps
    found: dict[tuple[str, str, Why], Edge] = {}
    places = {step.id: place for place, step in enumerate(steps)}

    def add(before: str, after: str, why: Why) -> None:
        # Only backwards: the person's order is one that works.
        if before in places and places[before] < places[after]:
            found.setdefault((before, after, why), Edge(before=before, after=after, why=why))

    for step in steps:
        for leaf in leaves_of(Link, sent(step)):
            add(leaf.step, step.id, "link")
        for id in step.after:
            add(id, step.id, "order")
    _states(steps, add)
    _files(steps, add)
    _pages(steps, add)
    return Graph(
        steps=steps, edges=tuple(sorted(found.values(), key=lambda e: (places[e.after], places[e.before])))
    )


def _states(steps: tuple[Step, ...], add: Any) -> None:
    """What touches a State of a page does so in order: a function may change the object that it only reads."""
    last: dict[tuple[str, int | None], str] = {}
    for step in steps:
        for parameter in (*step.endpoint.parameters, *step.endpoint.returns):
            if parameter.state:
                key = (step.page, parameter.component_id)
                if key in last and last[key] != step.id:
                    add(last[key], step.id, "state")
                last[key] = step.id


def _files(steps: tuple[Step, ...], add: Any) -> None:
    """A file that is sent by the app's own name for it exists from the call on that gave it."""
    made: dict[str, str] = {}
    for step in steps:
        for value in sent(step):
            for file in files_in(value):
                if not file.path and file.server_path in made:
                    add(made[file.server_path], step.id, "file")
        for output in step.outputs:
            for file in _paths(output.value):
                made[file.server_path] = step.id


def _paths(value: Any) -> Iterator[File]:
    return (file for file in files_in(value) if file.server_path)


def _pages(steps: tuple[Step, ...], add: Any) -> None:
    """What orders the steps of a page whatever they are about."""
    rendering = {step.page for step in steps if step.endpoint.rendered_in is not None}
    earlier: dict[str, list[Step]] = {}
    walls: dict[str, tuple[str, Why]] = {}
    for step in steps:
        before = earlier.setdefault(step.page, [])
        why: Why | None = None
        if step.page in rendering:
            why = "rendered"
        elif step.expect in ("cancelled", "unfinished"):
            why = "cancel"
        elif step.endpoint.server_fn:
            why = "control"
        elif step.setup:
            why = "setup"
        if why is not None:
            for other in before:
                add(other.id, step.id, why)
        elif step.page in walls:
            add(walls[step.page][0], step.id, walls[step.page][1])
        if why is not None:
            walls[step.page] = (step.id, why)
            before.clear()
        before.append(step)


# As a picture

WORDS: dict[Why, str] = {
    "link": "takes its output",
    "state": "shares State",
    "file": "sends its file",
    "order": "follows it",
    "cancel": "one is cancelled",
    "rendered": "may be rendered by it",
    "control": "a control keeps something",
    "setup": "the page did it first",
}


def waits(drawn: Graph) -> dict[str, list[tuple[str, str]]]:
    """For each step, those that it waits for, each with the reasons in words."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for edge in drawn.edges:
        reasons.setdefault((edge.before, edge.after), []).append(WORDS[edge.why])
    return {
        id: [(other, ", ".join(reasons[other, id])) for other in before]
        for id, before in drawn.before().items()
    }


def dump(drawn: Graph) -> str:
    """The graph as JSON text, ASCII only: ``steps`` (each with ``id``, ``endpoint``, ``level`` and ``after``, which
    is what it waits for directly and why) and ``mermaid``."""
    levels, needed = drawn.levels(), waits(drawn)
    steps = [
        {
            "id": step.id,
            "endpoint": step.endpoint.id,
            "level": levels[step.id],
            "seconds": step.duration / 1000,
            "after": [{"step": other, "why": why} for other, why in needed[step.id]],
        }
        for step in drawn.steps
    ]
    edges = [msgspec.to_builtins(edge) for edge in drawn.edges]
    return json.dumps({"steps": steps, "edges": edges, "mermaid": mermaid(drawn)}, indent=2) + "\n"


def mermaid(drawn: Graph) -> str:
    """The graph as a Mermaid flowchart. Nodes are named by number; what was recorded stands in quoted labels only."""
    number = {step.id: f"s{place}" for place, step in enumerate(drawn.steps, 1)}
    lines = ["flowchart TD"]
    lines += [f'  {number[step.id]}["{_label(f"{step.id} {step.endpoint.id}")}"]' for step in drawn.steps]
    for id, before in waits(drawn).items():
        lines += [f'  {number[other]} -->|"{_label(why)}"| {number[id]}' for other, why in before]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    """Text for a quoted label: all but letters, digits and a few harmless signs as entity codes."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " /_.,-:") else f"#{ord(c)};" for c in text[:80])

"""What is expected of an output: the recorded value, with leaves where a run may differ from it and still be right.

Shared by the targets that judge: each writes these leaves in its own way, and carries the classes of
``expected.jinja``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from recorder.render.layout import Group, Node, write
from recorder.render.literals import python, python_text
from recorder.session import File
from recorder.volatile import steady_pieces
from recorder.workflow import Output, Rules, Workflow, identifier, rules_of


class Number(msgspec.Struct, frozen=True):
    """A number that is the same within a tolerance, which is small where none is known."""

    value: float
    tolerance: float | None = None


class Anything(msgspec.Struct, frozen=True):
    """It differs from run to run."""


class Matching(msgspec.Struct, frozen=True):
    """A text that a regular expression matches as a whole."""

    pattern: str


class Around(msgspec.Struct, frozen=True):
    """A text of which some parts differ from run to run."""

    pieces: list[str]


class Unordered(msgspec.Struct, frozen=True):
    """A list of these items, in any order."""

    items: list[Any]


class Said(msgspec.Struct, frozen=True):
    """A chat's answer in words, which the app may spell as a message or as several."""

    words: Any


def expected(output: Output, address: str) -> Any:
    """What is expected of an output, given the app's ``address`` as recorded."""
    value = _expected(output.value, rules_of(output), address)
    return Said(value) if output.reply else value


def _expected(value: Any, rules: Rules, address: str) -> Any:
    for expectation in rules.here:
        tolerant = expectation.kind == "tolerance"
        if expectation.kind == "volatile" or (tolerant and isinstance(value, File)):
            return Anything()
        if expectation.kind == "pattern" and isinstance(value, str):
            return Matching(expectation.pattern)
        if tolerant and isinstance(value, int | float):
            return Number(value, expectation.tolerance)
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        return Number(value)
    if isinstance(value, str):
        pieces = steady_pieces(value, address)
        return Around(pieces) if len(pieces) > 1 else value
    if isinstance(value, dict):
        return {key: _expected(item, rules.inside(key), address) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_expected(item, rules.inside(place), address) for place, item in enumerate(value)]
        unordered = any(e.kind == "unordered" for e in rules.here)
        return Unordered(items) if unordered else items
    return value


def written(value: Any, own: Callable[[Any], Node], hoist: Callable[[Node], str], needs: set[str]) -> Node:
    """What is expected, as a Python expression.

    ``own`` writes numbers, files and :class:`Anything`. What the rest uses of ``expected.jinja``, and the modules which
    that uses, are added to ``needs``.
    """

    def one(leaf: Any) -> Node:
        items: list[Node]
        match leaf:
            case Matching():
                needs.add("re")
                items = [python_text(leaf.pattern)]
            case Around():
                needs.add("re")
                items = [python_text(piece) for piece in leaf.pieces]
            case Unordered():
                items = [python(leaf.items, one, hoist, needs)]
            case Said():
                needs.update(("inspect", "Any"))
                items = [python(leaf.words, one, hoist, needs)]
            case _:
                return own(leaf)
        name = type(leaf).__name__
        needs.add(name)
        return Group(f"{name}(", [("", item) for item in items], ")")

    return python(value, one, hoist, needs)


def approximately(number: Number) -> Node:
    """A number that is close enough, for pytest."""
    if number.tolerance is None:
        return f"pytest.approx({python(number.value)})"
    return f"pytest.approx({python(number.value)}, abs={python(number.tolerance)})"


def parametrized(
    workflow: Workflow,
    items: list[tuple[str, Node]],
    rows: tuple[dict[str, Any], ...],
    given: Callable[[Any], Node],
) -> str:
    """The first lines of a test, whose arguments ``items`` are as recorded in one case and as in ``rows`` in others.

    ``given`` writes a value of a row.
    """
    name = f"test_{identifier(workflow.name, 'session')}"
    declared = [(prefix.removesuffix(" = "), default) for prefix, default in items if prefix]
    arguments: list[tuple[str, Node]] = [("", "app_url: str"), *(("", prefix) for prefix, _ in declared)]
    if not declared:
        return write(Group(f"def {name}(", arguments, ") -> None:"))
    arguments.append(("", "as_recorded: bool"))
    columns = [*(prefix.partition(":")[0] for prefix, _ in declared), "as_recorded"]
    recorded: list[tuple[str, Node]] = [("", default) for _, default in declared]
    cases = [Group("pytest.param(", [*recorded, ("", "True"), ("id=", '"recorded"')], ")")]
    for number, row in enumerate(rows, 1):
        values: list[tuple[str, Node]] = [
            ("", given(row[variable.name])) if variable.name in row else default
            for variable, default in zip(workflow.variables, recorded, strict=True)
        ]
        cases.append(Group("pytest.param(", [*values, ("", "False"), ("id=", f'"row {number}"')], ")"))
    parametrize = Group(
        "@pytest.mark.parametrize(",
        [
            ("", Group("(", [("", f'"{column}"') for column in columns], ")")),
            ("", Group("[", [("", case) for case in cases], "]")),
        ],
        ")",
    )
    return f"{write(parametrize)}\n{write(Group(f'def {name}(', arguments, ') -> None:'))}"

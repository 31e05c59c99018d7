"""The source of functions that a generated program carries with it, and of all that they use."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from pathlib import Path

import msgspec

RUNTIME = "recorder.render.http.runtime"
_PACKAGE = Path(__file__).parents[2]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A function or constant: its source, the pieces that it uses, and the names that it needs imported."""

    source: str
    uses: frozenset[str]
    imported: frozenset[str]


@functools.cache
def pieces() -> dict[str, Piece]:
    """All that can be carried, by name, in an order in which each module runs."""
    found: dict[str, Piece] = {}
    _read(RUNTIME, None, found)
    return found


def _read(module: str, wanted: frozenset[str] | None, found: dict[str, Piece]) -> None:
    """Add what ``wanted`` of a module comes to, None for all of it; what it uses of other modules comes first."""
    text = (_PACKAGE.parent / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8")
    nodes: dict[str, ast.stmt] = {}
    elsewhere: dict[str, str] = {}
    imported: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recorder."):
            elsewhere.update({alias.name: node.module or "" for alias in node.names})
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            nodes[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            nodes[node.targets[0].id] = node
    used = {
        name: frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) - {name}
        for name, node in nodes.items()
    }
    own: set[str] = set()
    others = set(elsewhere) if wanted is None else set()
    queue = list(nodes) if wanted is None else list(wanted)
    while queue:
        name = queue.pop()
        if name in elsewhere:
            others.add(name)
        elif name in nodes and name not in own:
            own.add(name)
            queue += used[name]
    for other in dict.fromkeys(elsewhere[name] for name in elsewhere if name in others):
        _read(other, frozenset(name for name in others if elsewhere[name] == other), found)
    for name, node in nodes.items():
        if name in own:
            found[name] = Piece(
                source=ast.get_source_segment(text, node) or "",
                uses=used[name] & (own | others),
                imported=used[name] & imported,
            )


def names() -> frozenset[str]:
    """The names of all functions and constants that can be carried."""
    return frozenset(pieces())


def carried(wanted: Iterable[str]) -> tuple[list[str], frozenset[str]]:
    """The sources of the wanted functions and of what they use, in an order in which they run, and the names that they
    need imported."""
    known = pieces()
    found: set[str] = set()
    queue = [name for name in wanted if name in known]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += known[name].uses
    needed = frozenset().union(*(known[name].imported for name in found))
    return [piece.source for name, piece in known.items() if name in found], needed

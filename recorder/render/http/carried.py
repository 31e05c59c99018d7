"""The source of functions that a generated program carries with it, and of all that they use."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from pathlib import Path

_FILE = Path(__file__).with_name("runtime.py")


@functools.cache
def _parts() -> tuple[dict[str, str], dict[str, frozenset[str]], frozenset[str]]:
    """The source of each function and constant, the names that each uses, and the names that are imported."""
    text = _FILE.read_text(encoding="utf-8")
    sources: dict[str, str] = {}
    uses: dict[str, frozenset[str]] = {}
    imported: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(alias.asname or alias.name for alias in node.names)
            continue
        if isinstance(node, ast.FunctionDef):
            name = node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        else:
            continue
        sources[name] = ast.get_source_segment(text, node) or ""
        uses[name] = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) - {name}
    return sources, uses, frozenset(imported)


def names() -> frozenset[str]:
    """The names of all functions and constants that can be carried."""
    return frozenset(_parts()[0])


def carried(wanted: Iterable[str]) -> tuple[list[str], frozenset[str]]:
    """The sources of the wanted functions and of what they use, in the order of the file, and the names that they need
    imported."""
    sources, uses, imported = _parts()
    found: set[str] = set()
    queue = [name for name in wanted if name in sources]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [used for used in uses[name] if used in sources]
    needed = frozenset().union(*(uses[name] & imported for name in found))
    return [sources[name] for name in sources if name in found], needed

"""Layout: code as a small tree that prints on one line where it fits and one item a line where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

WIDTH = 100
"""Columns that a line should keep to; only what cannot be broken is longer."""

INDENT = 4


class Pieces:
    """Text that is written ``whole`` where it fits, else as its ``parts`` in parentheses, one a line."""

    __slots__ = ("parts", "whole", "width")

    def __init__(self, whole: str, parts: Sequence[str]) -> None:
        self.whole = whole
        self.parts = tuple(parts)
        self.width = len(whole)


class Group:
    """Items between brackets, each a prefix (``name=``, ``"key": ``) and its code."""

    __slots__ = ("close", "items", "open", "width")

    def __init__(self, open: str, items: Sequence[tuple[str, Node]], close: str) -> None:
        self.open = open
        self.items = tuple(items)
        self.close = close
        inside = sum(len(prefix) + width(node) + 2 for prefix, node in self.items)
        self.width = len(open) + len(close) + max(inside - 2, 0)


Node: TypeAlias = str | Pieces | Group
"""A string is code that is never broken."""


def width(node: Node) -> int:
    """How many columns the node takes on one line."""
    return len(node) if isinstance(node, str) else node.width


def write(node: Node, *, indent: int = 0, before: str = "", after: str = "") -> str:
    """The node as code for a line that is indented by ``indent``; ``before`` and ``after`` stand on its lines too.

    The indentation of the first line is the caller's; later lines have theirs.
    """
    out = [before]
    _write(node, out, indent, indent + len(before), len(after))
    out.append(after)
    return "".join(out)


def _write(node: Node, out: list[str], indent: int, column: int, after: int) -> None:
    if isinstance(node, str):
        out.append(node)
    elif column + node.width + after <= WIDTH or not (node.items if isinstance(node, Group) else node.parts):
        _write_flat(node, out)
    elif isinstance(node, Pieces):
        line = "\n" + " " * (indent + INDENT)
        out.append("(")
        out.extend(line + part for part in node.parts)
        out.append("\n" + " " * indent + ")")
    else:
        line = "\n" + " " * (indent + INDENT)
        out.append(node.open.rstrip())
        for prefix, child in node.items:
            out.append(line + prefix)
            _write(child, out, indent + INDENT, indent + INDENT + len(prefix), 1)
            out.append(",")
        out.append("\n" + " " * indent + node.close.lstrip())


def _write_flat(node: Node, out: list[str]) -> None:
    if isinstance(node, str):
        out.append(node)
    elif isinstance(node, Pieces):
        out.append(node.whole)
    else:
        out.append(node.open)
        for number, (prefix, child) in enumerate(node.items):
            if number:
                out.append(", ")
            out.append(prefix)
            _write_flat(child, out)
        out.append(node.close)

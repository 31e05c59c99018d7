"""The only door for quoting: recorded values become constants of a language, and nothing else.

One function a language and kind of value; no renderer and no template quotes by itself. Whatever a value holds,
its literal is one or more constants that evaluate to that value exactly. What a reader cannot see as it is
(controls, invisible and direction marks, lone surrogates) is escaped; other text stays readable.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from recorder.errors import RecorderError
from recorder.render.layout import Group, Node, Pieces

DEEPEST = 50
"""Brackets within brackets that are written as such: parsers give up somewhere above 90."""

_LONGEST_WRAPPED = 2_000
_PIECE = 84
_INT_BITS = 14_000  # Python refuses decimal literals of more than 4,300 digits, but takes any in hexadecimal.

# What fonts draw as nothing although it is a letter, a mark or a symbol to Unicode.
_FILLERS = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
_SELECTORS = (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
_INVISIBLE = frozenset((*_FILLERS, *_SELECTORS))
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def python_text(text: str) -> str:
    """A string as one Python literal on one line."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    if text.isascii() and text.isprintable() and "\\" not in text and quote not in text:
        return quote + text + quote
    escapes = {ord(c): _python_escape(c) for c in set(text) if not _readable(c)}
    escapes[ord("\\")] = "\\\\"
    escapes[ord(quote)] = "\\" + quote
    body = text.translate(escapes)
    if unicodedata.category(text[0]).startswith("M"):
        # Alone, a combining mark would be drawn over the quote.
        body = _python_escape(text[0]) + text[1:].translate(escapes)
    return quote + body + quote


def _readable(char: str) -> bool:
    return char.isprintable() and ord(char) not in _INVISIBLE


def _python_escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def python(
    value: Any,
    leaf: Callable[[Any], Node] | None = None,
    hoist: Callable[[Node], str] | None = None,
    needs: set[str] | None = None,
) -> Node:
    """A JSON value as Python code.

    Args:
        leaf: writes what is not JSON (a :data:`~recorder.workflow.Leaf`).
        hoist: gives a part that is too deep for its place a name of its own and returns that; only asked for
            values that have both leaves and more than :data:`DEEPEST` levels.
        needs: the modules that the code uses are added here (``json``).

    Raises:
        TypeError: there is something that is not JSON, and no ``leaf``.
    """
    deep, plain = _shape(value)
    if deep and plain:
        return _python_json(value, needs)
    return _Python(leaf, hoist, needs).node(value, DEEPEST)


def _python_json(value: Any, needs: set[str] | None) -> Node:
    if needs is not None:
        needs.add("json")
    return Group("json.loads(", [("", python_text(json.dumps(value)))], ")")


def _shape(value: Any) -> tuple[bool, bool]:
    """Whether the value is deeper than :data:`DEEPEST`, and whether it is JSON throughout."""
    level, depth, plain = [value], 0, True
    while level:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list | tuple):
                below.extend(item)
            elif not (item is None or isinstance(item, str | bool | int | float)):
                plain = False
        if below:
            depth += 1
        level = below
    return depth > DEEPEST, plain


class _Python:
    def __init__(
        self, leaf: Callable[[Any], Node] | None, hoist: Callable[[Node], str] | None, needs: set[str] | None
    ) -> None:
        self.leaf = leaf
        self.hoist = hoist
        self.needs = needs

    def node(self, value: Any, room: int) -> Node:
        if isinstance(value, str):
            return _python_string(value)
        if value is None or isinstance(value, bool):
            return repr(value)
        if isinstance(value, int):
            return int.__repr__(value) if value.bit_length() < _INT_BITS else hex(value)
        if isinstance(value, float):
            return float.__repr__(value) if math.isfinite(value) else f'float("{value}")'
        if isinstance(value, dict | list | tuple):
            return self.container(value, room) if room else self.deeper(value)
        if self.leaf is None:
            raise TypeError(f"{type(value).__name__} is not a JSON value")
        return self.leaf(value)

    def container(self, value: Any, room: int) -> Node:
        if isinstance(value, dict):
            items = [(f"{python_text(key)}: ", self.node(item, room - 1)) for key, item in value.items()]
            return Group("{", items, "}")
        return Group("[", [("", self.node(item, room - 1)) for item in value], "]")

    def deeper(self, value: Any) -> Node:
        if not value:
            return "{}" if isinstance(value, dict) else "[]"
        if _shape(value)[1]:
            return _python_json(value, self.needs)
        node = self.container(value, DEEPEST)
        return self.hoist(node) if self.hoist is not None else node


def _python_string(text: str) -> Node:
    whole = python_text(text)
    if not _PIECE < len(whole) <= _LONGEST_WRAPPED:
        return whole
    parts: list[str] = []
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        # A literal is at least as long as its text, so a piece may still come out longer: escapes are not split.
        parts.extend(python_text(piece) for piece in _split(line))
    return Pieces(whole, parts) if len(parts) > 1 else whole


def _split(line: str) -> list[str]:
    """Pieces of at most :data:`_PIECE` characters, broken after a space where there is one."""
    pieces = []
    while len(line) > _PIECE:
        end = line.rfind(" ", 1, _PIECE) + 1 or _PIECE
        pieces.append(line[:end])
        line = line[end:]
    return [*pieces, line]


def javascript_text(text: str) -> str:
    """A string as one JavaScript literal on one line, which is none of HTML either."""
    if text.isascii() and text.isprintable() and not set(text) & {"\\", '"', "/"}:
        return f'"{text}"'
    escapes = {ord(c): _javascript_escape(c) for c in set(text) if not _readable(c)}
    escapes |= {ord("\\"): "\\\\", ord('"'): '\\"'}
    body = text.translate(escapes)
    if text and unicodedata.category(text[0]).startswith("M"):
        body = _javascript_escape(text[0]) + text[1:].translate(escapes)
    return '"' + body.replace("</", "<\\/").replace("<!--", "<\\!--") + '"'


def _javascript_escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\u{{{code:x}}}"


def javascript(value: Any, leaf: Callable[[Any], Node] | None = None) -> Node:
    """A JSON value as JavaScript code; integers that a number does not hold are BigInts.

    Args:
        leaf: writes what is not JSON.

    Raises:
        TypeError: there is something that is not JSON, and no ``leaf``.
    """
    if isinstance(value, str):
        return javascript_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value) if abs(value) < 2**53 else f"{int.__repr__(value)}n"
    if isinstance(value, float):
        spelled = float.__repr__(value)
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}.get(spelled, spelled)
    if isinstance(value, dict | list | tuple) and _fits_json_parse(value):
        return Group("JSON.parse(", [("", javascript_text(json.dumps(value)))], ")")
    if isinstance(value, dict):
        # As a plain member, this one name would set the object's prototype instead.
        names = {"__proto__": '["__proto__"]'}
        items = [
            (f"{names.get(key) or javascript_text(key)}: ", javascript(v, leaf)) for key, v in value.items()
        ]
        return Group("{ ", items, " }") if items else "{}"
    if isinstance(value, list | tuple):
        return Group("[", [("", javascript(item, leaf)) for item in value], "]")
    if leaf is None:
        raise TypeError(f"{type(value).__name__} is not a JSON value")
    return leaf(value)


def _fits_json_parse(value: Any) -> bool:
    """Whether the value is too deep to be written out, and JSON as JavaScript knows it."""
    deep, plain = _shape(value)
    return deep and plain and not any(map(beyond_javascript, _members(value)))


def beyond_javascript(value: Any) -> bool:
    """Whether JavaScript's own JSON cannot write this number."""
    if isinstance(value, float):
        return not math.isfinite(value) or float.__repr__(value) == "-0.0"
    return isinstance(value, int) and abs(value) >= 2**53


def _members(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield item
        waiting.extend(
            item.values() if isinstance(item, dict) else item if isinstance(item, list | tuple) else ()
        )


def json_text(value: Any) -> str:
    """A JSON value as JSON on one line, with NaN and infinities as Python's and Gradio's parsers read them."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(c): json.dumps(c)[1:-1] for c in set(text) if not _readable(c)})


def sh_text(text: str) -> str:
    """A text as one POSIX shell word that no expansion touches.

    Raises:
        RecorderError: it holds what no shell word can (NUL, a lone surrogate).
    """
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise RecorderError(
            f"{text[:80]!r} cannot be written in a shell script: no shell word holds such a character",
            "Choose another target, or leave that call out with --skip",
        )
    words = []
    for readable, run in groupby(text, key=lambda c: c == "\n" or _readable(c)):
        part = "".join(run)
        if readable:
            words.append("'" + part.replace("'", "'\\''") + "'")
        else:
            octal = "".join(f"\\{byte:03o}" for byte in part.encode())
            words.append(f"\"$(printf '{octal}')\"")
    return "".join(words) or "''"


def sh(value: Any, leaf: Callable[[Any], str] | None = None) -> str:
    """A JSON value as one shell word that holds its JSON text.

    Args:
        leaf: writes what is not JSON, as a word that holds JSON text.

    Raises:
        TypeError: there is something that is not JSON, and no ``leaf``.
    """
    if _shape(value)[1]:
        return sh_text(json_text(value))
    if leaf is None:
        raise TypeError("a leaf is not a JSON value")
    words: list[str] = []
    text = ""
    for code, piece in _json_pieces(value, leaf):
        if not code:
            text += piece
            continue
        if text:
            words.append(sh_text(text))
        words.append(piece)
        text = ""
    if text:
        words.append(sh_text(text))
    return "".join(words)


def _json_pieces(value: Any, leaf: Callable[[Any], str]) -> Iterator[tuple[bool, str]]:
    """JSON text in pieces, each with whether it is code instead."""
    if isinstance(value, dict | list | tuple):
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield False, opening
        for number, item in enumerate(value):
            before = ", " if number else ""
            if isinstance(value, dict):
                yield False, f"{before}{json_text(item)}: "
                yield from _json_pieces(value[item], leaf)
            else:
                yield False, before
                yield from _json_pieces(item, leaf)
        yield False, closing
    elif value is None or isinstance(value, str | bool | int | float):
        yield False, json_text(value)
    else:
        yield True, leaf(value)


def markdown_code(text: str) -> str:
    """A text as one code span of Markdown, with backslash escapes for what has no place in a line of one."""
    shown = "".join(c if _readable(c) else _python_escape(c) for c in text)
    runs = re.findall("`+", shown)
    fence = "`" * (max(map(len, runs), default=0) + 1)
    # A space inside of each fence is dropped again by a reader; it parts a fence from a backtick, and keeps blanks.
    pad = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown or ' '}{pad}{fence}"


def markdown_text(text: str) -> str:
    """A text as words of a line of Markdown, none of which is mark-up, a link or HTML."""
    shown = "".join(c if _readable(c) else " " for c in text)
    shown = " ".join(shown.split())
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", shown)

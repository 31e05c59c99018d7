"""How the values of a request are spelled: text in an encoding, percent-encoding, forms and JSON.

A recorded address or body is kept as text only where an encoder would write its values in another way: with other
escapes, other spaces, another encoding. The functions here put expressions into such a text and leave the rest of it
as it was.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

import msgspec

from recorder.placeholders import PLACEHOLDER
from recorder.workflow import Expression, Spelled

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")
_FORM = "*"
"""What a browser does not escape in a form, besides the above."""
_CODECS = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "iso-8859-8-i": "iso8859-8",
    "macintosh": "mac-roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
}
"""Encodings of the web whose codec has another name in Python."""
_DECODER = json.JSONDecoder()
_SPACES = re.compile(r"[ \t\n\r]*")
SURROGATES = re.compile("[\ud800-\udfff]")


class Escaped(msgspec.Struct, frozen=True, kw_only=True):
    """A value as percent-encoded text. ``safe`` are the ASCII characters that are not escaped, besides letters, digits
    and ``-._``; ``plus``: a space becomes ``+``. ``charset`` is the encoding of the escaped bytes, if not UTF-8."""

    value: Expression
    safe: str = "~"
    plus: bool = False
    charset: str = ""


Piece = str | Escaped | Spelled
"""A literal part of a recorded text, or an expression in its place."""


def as_text(value: Any) -> str:
    """A value as text: as JavaScript writes it, and what is no scalar as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value) if isinstance(value, int) else as_json(value)


def as_json(value: Any) -> str:
    """A value as JSON, as JavaScript writes it: no spaces, and escapes only where JSON needs them."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_json(value: Expression) -> bool:
    """Whether an expression is JSON throughout: nothing in it must be evaluated."""
    if isinstance(value, dict):
        return all(map(is_json, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    return value is None or isinstance(value, str | bool | int | float)


def codec(charset: str) -> str:
    """Python's name for an encoding of the web; ``utf-8`` for one that Python does not have."""
    name = _CODECS.get(charset.lower(), charset.lower()) or "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name


def encoded(text: str, charset: str = "") -> bytes:
    """Text as bytes; a character that the encoding lacks as ``&#NUMBER;``, as browsers do it in forms."""
    if not charset:
        return text.encode("utf-8", "replace") if SURROGATES.search(text) else text.encode()
    return text.encode(codec(charset), "xmlcharrefreplace")


def decoded(text: str, charset: str = "", plus: bool = True) -> str:
    """Percent-encoded text as the text that it stands for."""
    content = unquote_to_bytes(text.replace("+", " ") if plus else text)
    return content.decode(codec(charset), "replace")


def escaped(text: str, safe: str = "~", plus: bool = False, charset: str = "") -> str:
    """Text, percent-encoded: see :class:`Escaped`."""
    kept = _UNRESERVED | frozenset(safe.encode())
    return "".join(
        chr(byte) if byte in kept else "+" if plus and byte == 0x20 else f"%{byte:02X}"
        for byte in encoded(text, charset)
    )


def header_bytes(text: str) -> bytes:
    """The bytes of a header value: a page gives them as characters up to U+00FF."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return encoded(text)


def browser_form(pairs: Sequence[tuple[str, str]], charset: str = "") -> str:
    """Pairs as a browser encodes a form."""
    return "&".join(
        f"{escaped(name, _FORM, True, charset)}={escaped(value, _FORM, True, charset)}"
        for name, value in pairs
    )


def is_usual_form(text: str) -> bool:
    """Whether all encoders of forms spell the pairs of this text as it does."""
    pairs = pairs_of(text)
    usual = urlencode([(decoded(name), decoded(value)) for name, value, _ in pairs], errors="replace")
    return text == usual and "~" not in text and "%2A" not in text


def pairs_of(text: str) -> list[tuple[str, str, bool]]:
    """The pairs of a form, not decoded, each with whether it has a ``=``; empty ones are left out."""
    pairs = []
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if pair:
            pairs.append((name, value, bool(equals)))
    return pairs


def form_pieces(
    recorded: str, pairs: Sequence[tuple[Expression, Expression]], charset: str = ""
) -> list[Piece] | None:
    """A recorded form, or query, with expressions in it; None if it does not have as many pairs."""
    words = recorded.split("&")
    if sum(map(bool, words)) != len(pairs) or any(isinstance(value, list) for _, value in pairs):
        return None
    pieces: list[Piece] = []
    left = iter(pairs)
    for number, word in enumerate(words):
        pieces += ["&"] if number else []
        if not word:
            continue
        key, value = next(left)
        name, equals, text = word.partition("=")
        pieces.append(as_recorded(name, key, plus=True, charset=charset))
        # What has no "=" has no value that somebody could choose.
        pieces += [equals, as_recorded(text, value, plus=True, charset=charset)] if equals else []
    return _merged(pieces)


def as_recorded(recorded: str, value: Expression, plus: bool, charset: str = "") -> str | Escaped:
    """A percent-encoded text, or the value that has its place, escaped as it was."""
    was = decoded(recorded, charset, plus)
    is_literal = is_json(value)
    if not is_literal and PLACEHOLDER.search(recorded):
        # How a secret was spelled is not in the recording.
        return Escaped(value=value, safe=_FORM + "~" if plus else "~", plus=plus, charset=charset)
    if (is_literal and as_text(value) == was) or "\ufffd" in was:
        # Bytes that are no text in the encoding are only known as they were sent.
        return recorded
    safe = "".join(sorted({c for c in recorded if c.isascii() and not c.isalnum() and c not in "-._%"}))
    spaces = plus and "+" in recorded
    safe = safe.replace("+", "") if plus else safe
    safe += "" if "~" in safe or "%7e" in recorded.lower() else "~"
    style = Escaped(value=value, safe=safe, plus=spaces, charset=charset)
    if escaped(was, safe, spaces, charset) != recorded or not _has_signs(was):
        style = Escaped(value=value, safe=_FORM + "~" if plus else "~", plus=plus, charset=charset)
    if is_literal:
        return escaped(as_text(value), style.safe, style.plus, charset)
    return style


def _has_signs(text: str) -> bool:
    """Whether there is something in a text that one encoder escapes and another does not."""
    return any(not c.isalnum() and c not in "-._" for c in text if c.isascii())


def json_pieces(recorded: str, value: Expression) -> list[Piece] | None:
    """A recorded JSON text with expressions in it; None if it has other members or items than the value."""
    try:
        *pieces, end = _json_pieces(recorded, 0, value)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return _merged([*pieces, recorded[end:]])


def _json_pieces(text: str, at: int, value: Expression) -> Iterator[Any]:
    """The pieces of the JSON value that begins at a position, and at last the position where it ends."""
    start = at
    at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
    if isinstance(value, dict) and text[at] == "{":
        yield from _members(text, start, at, value)
        return
    if isinstance(value, list | tuple) and text[at] == "[":
        yield from _items(text, start, at, value)
        return
    found, end = _DECODER.raw_decode(text, at)
    if is_json(value) and as_json(found) == as_json(value):
        yield text[start:end]
    else:
        yield text[start:at]
        yield Spelled(kind="json", value=value)
    yield end


def _members(text: str, start: int, at: int, value: dict[str, Expression]) -> Iterator[Any]:
    begun, at = start, _SPACES.match(text, at + 1).end()  # type: ignore[union-attr]
    names: set[str] = set()
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        names.add(name)
        at = text.index(":", at) + 1
        yield text[begun:at]
        for piece in _json_pieces(text, at, value[name]):
            if isinstance(piece, int):
                begun = at = piece
            else:
                yield piece
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if text[at] == ",":
            at = _SPACES.match(text, at + 1).end()  # type: ignore[union-attr]
    if names != set(value):
        raise ValueError("it has other members")
    yield text[begun : at + 1]
    yield at + 1


def _items(text: str, start: int, at: int, value: Sequence[Expression]) -> Iterator[Any]:
    begun, at = start, _SPACES.match(text, at + 1).end()  # type: ignore[union-attr]
    count = 0
    while text[at] != "]":
        yield text[begun:at]
        for piece in _json_pieces(text, at, value[count]):
            if isinstance(piece, int):
                begun = at = piece
            else:
                yield piece
        count += 1
        at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
        if text[at] == ",":
            at = _SPACES.match(text, at + 1).end()  # type: ignore[union-attr]
    if count != len(value):
        raise ValueError("it has other items")
    yield text[begun : at + 1]
    yield at + 1


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """With one text where several follow each other."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return merged


def in_turn(pieces: Sequence[tuple[bool, Expression]]) -> tuple[Expression, ...]:
    """Literal texts and expressions in turn, beginning with a text, from both in any order.

    Args:
        pieces: each with whether it is an expression.
    """
    made: list[Expression] = [""]
    for is_expression, piece in pieces:
        if is_expression:
            made += [""] if len(made) % 2 == 0 else []
            made.append(piece)
        elif len(made) % 2:
            made[-1] += piece
        else:
            made.append(piece)
    return tuple(made)

"""Bytes that travel within text, as ``data:`` URLs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import msgspec

INLINE_SHORTEST = 1024
"""Characters from which a ``data:`` URL is a file rather than a text."""

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*);base64,", re.ASCII)


class Inline(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in a raw value for a ``data:`` URL whose bytes are kept as a file, or for a file in a form, which has a
    ``name``. ``sha256`` is empty where there are no bytes."""

    type: str
    sha256: str
    size: int
    name: str = ""


def inline(text: str) -> tuple[Inline, bytes] | None:
    """A long ``data:`` URL and its bytes; None for any other text, and for one that could not be written again."""
    return data_url(text) if len(text) >= INLINE_SHORTEST else None


def data_url(text: str) -> tuple[Inline, bytes] | None:
    """As :func:`inline`, of any length."""
    if (head := _DATA_URL.match(text)) is None:
        return None
    try:
        content = base64.b64decode(text[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(content).decode() != text[head.end() :]:
        return None
    return Inline(type=head[1], sha256=hashlib.sha256(content).hexdigest(), size=len(content)), content


def inline_url(what: Inline) -> str:
    """What the bytes of a ``data:`` URL are called among the files."""
    return f"sha256:{what.sha256}"

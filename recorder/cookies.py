"""Cookies of an exchange by their headers, and digests that stand for their values."""

from __future__ import annotations

import hashlib
import hmac
import secrets

DIGEST = 16
"""Hexadecimal digits of a digest."""


class Digests:
    """Keyed digests of values: the same for equal values of one recording, and of no use outside of it."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def of(self, pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Pairs of a name and a value, with the digest in the place of the value."""
        return tuple((name, self._digest(value)) for name, value in pairs)

    def _digest(self, value: str) -> str:
        return hmac.new(self._key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:DIGEST]


def sent(header: str) -> list[tuple[str, str]]:
    """Names and values in a ``Cookie`` header."""
    return [pair for part in header.split(";") if any(pair := _pair(part))]


def set_by(header: str) -> tuple[str, str]:
    """The name and the value in a ``Set-Cookie`` header."""
    return _pair(header.partition(";")[0])


def _pair(text: str) -> tuple[str, str]:
    name, is_pair, value = text.strip().partition("=")
    return (name.strip(), value.strip()) if is_pair else ("", name.strip())

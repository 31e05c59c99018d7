"""What the page made itself: random values, digests, moments."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Collection, Container, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from recorder.dataflow.texts import rarity
from recorder.request import as_text
from recorder.session import Made
from recorder.workflow import Generated, Names, identifier

NEAR_MS = 5_000.0
"""How far a moment that is sent may be from the moment at which it is sent."""
_MS = re.compile(r"1\d{12}")
_SECONDS = re.compile(r"1\d{9}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_HEX = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,}")
FAR_MS = 300_000.0
"""Likewise, of a moment that the app refuses."""
LONGEST_RANDOM = 1024
"""Characters of a random value."""
_ALPHABETS = (
    string.digits,
    string.ascii_lowercase,
    string.ascii_letters,
    string.digits + string.ascii_lowercase,
    string.digits + string.ascii_letters,
    string.digits + string.ascii_letters + "_-",
)
_LARGE_ALPHABETS = (string.digits + string.ascii_uppercase,)
Form = Literal["hex", "base64", "base64url"]


class Digested(msgspec.Struct, frozen=True, kw_only=True):
    """A digest that the page made of the text ``of``; ``of`` is None where it is not text."""

    algorithm: str
    form: Form
    of: str | None


class Own:
    """Finds the values that the page made.

    Args:
        sought: what is sent.
        typed: texts of which the page may have made digests that nobody saw.
    """

    def __init__(self, made: Iterable[Made], sought: Container[str], typed: Collection[str] = ()) -> None:
        self._typed = typed
        self._of_typed: dict[tuple[str, Form], dict[str, str]] = {}
        """What each digest of them is of."""
        self._sought = sought
        self._random: dict[str, tuple[float, Generated]] = {}
        self._digests: dict[str, tuple[float, Digested]] = {}
        self.signatures: dict[str, str] = {}
        """Texts of signatures, each with its algorithm."""
        self._drawn: list[tuple[float, int]] = []
        self._names: dict[str, str] = {}
        self._taken = Names()
        for each in made:
            self._add(each)

    def _add(self, each: Made) -> None:
        if each.how == "uuid":
            self._random.setdefault(each.value, (each.at, Generated(kind="uuid", example=each.value)))
            return
        if each.how == "cookie":
            return
        if each.form:
            self._add_secret(each)
            return
        try:
            content = bytes.fromhex(each.value)
        except ValueError:
            return
        forms = _forms(content)
        if each.how == "random":
            is_sent = any(text in self._sought for text in (*forms.values(), _uuid4(content)))
            if not is_sent:
                self._drawn.append((each.at, len(content)))
            for form, text in forms.items():
                leaf = Generated(kind="random", form=form, size=len(content), example=text)
                self._random.setdefault(text, (each.at, leaf))
            if len(content) == 16:
                text = _uuid4(content)
                self._random.setdefault(text, (each.at, Generated(kind="uuid", example=text)))
        elif each.how == "digest":
            for form, text in forms.items():
                algorithm = each.algorithm.lower().replace("-", "")
                digested = Digested(algorithm=algorithm, form=form, of=each.of)
                self._digests.setdefault(text, (each.at, digested))
        else:
            for text in forms.values():
                self.signatures[text] = each.algorithm

    def _add_secret(self, each: Made) -> None:
        """Bytes that a secret spells."""
        if each.how == "random":
            kind: Literal["uuid", "random"] = "uuid" if each.form == "uuid" else "random"
            form = "" if each.form == "uuid" else each.form
            leaf = Generated(kind=kind, form=form, size=each.size, example=each.value)
            self._random.setdefault(each.value, (each.at, leaf))
        elif each.how == "digest" and each.form in ("hex", "base64", "base64url"):
            algorithm = each.algorithm.lower().replace("-", "")
            digested = Digested(algorithm=algorithm, form=each.form, of=each.of)
            self._digests.setdefault(each.value, (each.at, digested))
        else:
            self.signatures[each.value] = each.algorithm

    def random(self, text: str, at: float, name: str) -> Generated | None:
        """The random value that is written as ``text``, if the page had drawn it by the moment ``at``."""
        found = self._random.get(text) or self._random.get(text.rstrip("="))
        if found is not None and found[0] <= at + 1:
            return self._named(found[1], text, name)
        # Random bytes that were made into characters of an alphabet: as many as were drawn just before.
        drawn = any(0 <= at - when <= 2_000 and len(text) == size for when, size in self._drawn)
        if not drawn or rarity(text) < 3:
            return None
        alphabet = next((a for a in _ALPHABETS if set(text) <= set(a)), None)
        if alphabet is None:
            return None
        leaf = Generated(kind="random", form="characters", size=len(text), alphabet=alphabet, example=text)
        return self._named(leaf, text, name)

    def like(self, text: str, at: float, name: str) -> Generated | None:
        """A value of the shape of ``text``, which the page made in a way that nobody saw; see :func:`shaped`."""
        leaf = shaped(text, at)
        return leaf if leaf is None or leaf.kind == "time" else self._named(leaf, text, name)

    def knows(self, text: str) -> bool:
        """Whether the page drew or digested this text at any time."""
        return text in self._random or text in self._digests

    def _named(self, leaf: Generated, text: str, name: str) -> Generated:
        if text not in self._names:
            self._names[text] = self._taken.free(identifier(name or "value", "value"))
        return msgspec.structs.replace(leaf, name=self._names[text])

    def digest(self, text: str, at: float) -> Digested | None:
        """The digest that is written as ``text``."""
        found = self._digests.get(text) or self._digests.get(text.lower())
        if found is not None and found[0] <= at + 1:
            return found[1]
        return self._digest_of_typed(text) if self._typed and len(text) in _LENGTHS else None

    def _digest_of_typed(self, text: str) -> Digested | None:
        algorithm, form = kind = _LENGTHS[len(text)]
        if rarity(text) < 3 or (form == "hex" and not re.fullmatch(r"[0-9a-f]+", text)):
            return None
        if kind not in self._of_typed:
            # The first that has a digest counts.
            self._of_typed[kind] = {
                _forms(hashlib.new(algorithm, each.encode("utf-8", "surrogatepass")).digest())[form]: each
                for each in reversed(list(self._typed))
            }
        of = self._of_typed[kind].get(text)
        return Digested(algorithm=algorithm, form=form, of=of) if of is not None else None


_LENGTHS: dict[int, tuple[str, Form]] = {
    32: ("md5", "hex"), 40: ("sha1", "hex"), 64: ("sha256", "hex"), 96: ("sha384", "hex"),
    128: ("sha512", "hex"), 24: ("md5", "base64"), 28: ("sha1", "base64"), 44: ("sha256", "base64"),
    43: ("sha256", "base64url"), 88: ("sha512", "base64"),
}  # fmt: skip
"""Which digest is as long, and how it is written."""


def shaped(text: str, at: float) -> Generated | None:
    """What makes another value of the shape of ``text``: a UUID, a moment near ``at`` (ms since the epoch), hexadecimal
    digits, or as many characters of the smallest of some alphabets; None where it has characters of no such alphabet.
    """
    if _UUID.fullmatch(text):
        return Generated(kind="uuid", example=text)
    if (found := moment(text, at, FAR_MS)) is not None:
        return found
    if len(text) > LONGEST_RANDOM:
        return None
    if len(text) % 2 == 0 and _HEX.fullmatch(text):
        return Generated(kind="random", form="hex", size=len(text) // 2, example=text)
    alphabet = next((a for a in (*_ALPHABETS, *_LARGE_ALPHABETS) if set(text) <= set(a)), None)
    if alphabet is None:
        return None
    return Generated(kind="random", form="characters", size=len(text), alphabet=alphabet, example=text)


def moment(value: Any, at: float, near: float = NEAR_MS) -> Generated | None:
    """The moment ``at`` (ms since the epoch), if the value is one close to it."""
    if isinstance(value, bool):
        return None
    text = as_text(value)
    if len(text) not in (10, 13, 24):
        return None
    if _MS.fullmatch(text) and abs(int(text) - at) <= near:
        return Generated(kind="time", form="ms", example=text)
    if _SECONDS.fullmatch(text) and abs(int(text) * 1000 - at) <= near:
        return Generated(kind="time", form="s", example=text)
    if _ISO.fullmatch(text):
        try:
            when = datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000
        except ValueError:
            return None
        if abs(when - at) <= near:
            return Generated(kind="time", form="iso", example=text)
    return None


def _forms(content: bytes) -> dict[Form, str]:
    whole = base64.b64encode(content).decode()
    return {
        "hex": content.hex(),
        "base64": whole,
        "base64url": whole.replace("+", "-").replace("/", "_").rstrip("="),
    }


def _uuid4(content: bytes) -> str:
    made = bytearray(content[:16].ljust(16))
    made[6] = made[6] & 0x0F | 0x40
    made[8] = made[8] & 0x3F | 0x80
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

"""What calls send: the slots of a request that carry values, and the texts that may be found in responses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec

from recorder.dataflow.texts import rarity
from recorder.request import as_text, framed, scalars, unbase64
from recorder.session import Call, Made, Place

SCHEME = re.compile(r"([A-Za-z][\w-]* )(\S+)")
PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
LONG_TOKEN = re.compile(r"([\w.~%+=@-]{6,})")
XML_VALUE = re.compile(r"(?<=[>\"'])([^<>\"'\s][^<>\"']*)(?=[<\"'])")
PATH = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^/\s]+)?/?[\w.~%-]+(?:/[\w.~%:@-]*)+(?:\?[^\s#]*)?(?:#\S*)?")
_WORD = re.compile(r"[A-Za-z0-9]+")
_SPACE = re.compile(r"\s")
XML = re.compile(r"\s*<[?!A-Za-z]")
LOCAL = re.compile(
    r"<(?:[\w-]+:)?([A-Za-z][\w-]*)(?:\s[^<>]*)?>\s*$|([A-Za-z_][\w-]*)[\"']?\s*[:=]\s*\\?[\"']?$"
)


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of a request that carries a value. ``location`` is as in :class:`recorder.session.Value`, or
    ``part`` for a part of a longer text."""

    name: str
    location: str
    argument: int
    path: Place = ()


class Parts:
    """Finds which texts of many a longer text contains.

    Args:
        shortest: how many characters each of them has at least.
    """

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._by_start: dict[str, list[tuple[int, str, str]]] = {}
        self._count = 0

    def add(self, written: str, stands_for: str) -> None:
        """A text as it is written in longer ones, and what it stands for."""
        self._by_start.setdefault(written[: self._shortest], []).append((self._count, stands_for, written))
        self._count += 1

    def possible(self, text: str) -> list[tuple[str, str]]:
        """What may be contained in a text, in the order in which it was added: what it stands for, and how it is
        written."""
        if not self._by_start or len(text) <= self._shortest:
            return []
        starts = {text[n : n + self._shortest] for n in range(len(text) - self._shortest + 1)}
        found = {part for start in starts & self._by_start.keys() for part in self._by_start[start]}
        return [(stands_for, written) for _, stands_for, written in sorted(found)]


class Sought:
    """The texts that calls send: as a whole, or somewhere inside a longer one.

    Args:
        least: the rarity from which a text is looked for among the words of a longer text that the app sent.
    """

    def __init__(self, least: int = 2) -> None:
        self._least = least
        self.whole: set[str] = set()
        self.looked_into: set[str] = set()
        """Those whose parts are known too."""
        self.tokens: set[str] = set()
        """Those of ``whole`` that are looked for inside a longer text: without spaces, and unusual enough."""
        self._words: dict[str, int] = {}
        """How many characters the shortest of them has that begins with a word; with an empty one if it has none."""
        self._long: set[str] = set()
        self._grams: set[str] = set()
        self._joined: str | None = None

    def add(self, text: str) -> None:
        """A text that is sent, or that is read out of a longer one that is sent."""
        if text not in self.whole:
            self.whole.add(text)
            if _SPACE.search(text) is None and rarity(text) >= self._least:
                self.tokens.add(text)
                match = _WORD.search(text)
                word = match[0] if match is not None else ""
                self._words[word] = min(len(text), self._words.get(word, len(text)))

    def add_long(self, text: str) -> None:
        """A text that may have others inside."""
        if len(text) > SHORTEST and text not in self._long:
            self._long.add(text)
            self._grams.update(text[n : n + SHORTEST] for n in range(len(text) - SHORTEST + 1))
            self._joined = None

    def __contains__(self, text: object) -> bool:
        assert isinstance(text, str)
        return text in self.whole or (text[:SHORTEST] in self._grams and self.is_part(text))

    def may_have_token(self, text: str) -> bool:
        """False if no part of a text is one of the tokens."""
        words = _WORD.findall(text)
        if self._words.keys().isdisjoint(words) and "" not in self._words:
            return False
        return any(self._words.get(word, len(text)) < len(text) for word in ("", *words))

    def is_part(self, text: str) -> bool:
        """Whether an unusual text is a part of one that is sent."""
        if len(text) < SHORTEST or text[:SHORTEST] not in self._grams or rarity(text) < 3:
            return False
        if self._joined is None:
            self._joined = "\0".join(self._long)
        return text in self._joined


LONGEST_PARTED = 20_000
"""Characters of a text whose parts are decoded."""
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{12,}={0,2}(?![\w+/=-])")
_BESIDE = ("path", "name", "key", "field", "fieldName", "attribute", "property")
"""Members that say what the member ``value`` next to them is."""


def base64_parts(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """The parts of a longer text that are base64 of a text, and that text."""
    if len(text) <= LONGEST_PARTED:
        for match in _BASE64.finditer(text):
            if len(match[0]) < len(text) and (decoded := unbase64(match[0])) is not None:
                yield match, decoded


def named_beside(members: dict[str, Any]) -> str:
    """What ``value`` is where another member says it, as in ``{"op": "replace", "path": "/title", "value": "x"}``."""
    if "value" in members:
        for name in _BESIDE:
            if isinstance(said := members.get(name), str):
                parts = [part for part in re.split(r"[/.]", said) if part and not part.isdigit()]
                return parts[-1] if parts and parts[-1] != "-" else ""
    return ""


SHORTEST = 6
"""Characters of a text that is found inside a longer one."""


def texts_of(call: Call) -> Iterator[str]:
    """Every value that a call sends, as text."""
    for value in call.inputs:
        yield from (as_text(leaf) for _, leaf in scalars(value.value))
    for message in call.messages:
        if message.sent:
            yield from (as_text(leaf) for _, leaf in scalars(message.value))


def pairs_of(call: Call, path: str) -> Iterator[tuple[str, str]]:
    """Each text that a call sends, with the name it is sent under."""
    for segment in path.split("/"):
        if segment and not segment.startswith("{"):
            yield unquote(segment), ""
    for value in call.inputs:
        for place, leaf in scalars(value.value):
            yield as_text(leaf), next((p for p in reversed(place) if isinstance(p, str)), value.name)
    for message in call.messages:
        if message.sent:
            for place, leaf in scalars(message.value):
                yield as_text(leaf), next((p for p in reversed(place) if isinstance(p, str)), "")


def seek_call(call: Call, path: str, sought: Sought) -> None:
    """Add every text of a call that may have to be found in a response."""
    for segment in path.split("/"):
        seek(unquote(segment), sought)
    for value in call.inputs:
        if value.name:
            seek(value.name, sought)
        for leaf_path, leaf in scalars(value.value):
            seek(as_text(leaf), sought)
            for part in leaf_path:
                if isinstance(part, str):
                    seek(part, sought)
    for message in call.messages:
        if message.sent:
            for _, leaf in scalars(message.value):
                seek(as_text(leaf), sought)


def seek_made(made: Iterable[Made], sought: Sought) -> None:
    """Add every text that the page made something of."""
    for each in made:
        if each.of:
            seek(each.of, sought)
        if each.how == "cookie":
            seek(each.value, sought)


def seek(text: str, sought: Sought, depth: int = 0) -> None:
    """Add a text and its parts, in the ways in which the data flow looks into it."""
    if not text or (not depth and text in sought.looked_into):
        return
    sought.add(text)
    if not depth:
        sought.looked_into.add(text)
    if depth > 3 or len(text) > 500_000:
        return
    if (match := SCHEME.fullmatch(text)) is not None:
        seek(match[2], sought, depth + 1)
    if (around := framed(text)) is not None:
        for _, leaf in scalars(around[1]):
            seek(as_text(leaf), sought, depth + 1)
    if text[0] in "{[" and text[-1] in "}]":
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            inner = None
        for _, leaf in scalars(inner):
            seek(as_text(leaf), sought, depth + 1)
    elif len(text) >= 12 and (decoded := unbase64(text)) is not None:
        seek(decoded, sought, depth + 1)
    else:
        for _, decoded in base64_parts(text):
            seek(decoded, sought, depth + 1)
    sought.add_long(text)
    if PATH.fullmatch(text) is not None:
        for piece in re.split(r"[/?&#=]", text):
            sought.add(unquote(piece))
    if PERCENT.search(text):
        sought.add(unquote(text))
    if PERCENT.search(text) or "+" in text:
        sought.add_long(unquote_plus(text))
    if XML.match(text) is not None:
        for value in XML_VALUE.findall(text):
            sought.add(value)


def steps(address: str) -> Iterator[tuple[int, int, str]]:
    """The segments and query values of an address, with what is before each: the segment before it, or ``name=``."""
    before = ""
    for match in re.finditer(r"[^/?&#=]+", address):
        start, stop = match.span()
        if address[start - 1 : start] == "=":
            yield start, stop, f"{before}="
        elif address[stop : stop + 1] != "=" and before and start:
            yield start, stop, before
        before = match[0]


def is_within_word(text: str, start: int, stop: int) -> bool:
    """Whether a part of a text goes on as a word on either side."""
    before, after = text[start - 1 : start], text[stop : stop + 1]
    return (before.isalnum() and text[start].isalnum()) or (after.isalnum() and text[stop - 1].isalnum())


def counters(calls: list[Call]) -> dict[str, set[tuple[int, Place]]]:
    """The places, by call, whose value counts the calls of one endpoint: 1, 2, 3."""
    latest: dict[tuple[str, int, Place], tuple[int, str]] = {}
    found: dict[str, set[tuple[int, Place]]] = {}
    for call in calls:
        slots: list[tuple[int, Place, Any]] = []
        for number, value in enumerate(call.inputs):
            if value.location in ("json", "query", "form", "header"):
                slots += [(number, path, leaf) for path, leaf in scalars(value.value)]
        for number, message in enumerate(call.messages):
            if message.sent:
                slots += [(-1, (number, *path), leaf) for path, leaf in scalars(message.value)]
        for argument, path, leaf in slots:
            if isinstance(leaf, bool) or not isinstance(leaf, int):
                continue
            key = (call.endpoint, argument, path)
            if key in latest and latest[key][0] + 1 == leaf:
                found.setdefault(call.id, set()).add((argument, path))
                found.setdefault(latest[key][1], set()).add((argument, path))
            latest[key] = (leaf, call.id)
    return found

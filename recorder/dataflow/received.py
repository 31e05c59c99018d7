"""What the app sent: an index of every place in every response where a sent text can be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

import msgspec

from recorder.address import parts_of
from recorder.dataflow.sent import SHORTEST, Parts, Sought
from recorder.dataflow.texts import GENERIC, id_after, rarity, words
from recorder.markup import literals
from recorder.request import as_text, follow, key_of, parse, scalars, segments, unbase64
from recorder.session import Call, File, Place, Value
from recorder.workflow import Link, Reader

MOST_PARSED = 8
"""Texts whose JSON or elements are remembered, because several sought texts are read out of one."""
MOST = 24
"""Places of one text that are kept."""
STREAMS = ("events", "lines", "messages")
"""Components whose values are lists of items that arrive one by one."""
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:/|\.{0,2}/|\?)[^\s]*$", re.IGNORECASE)
_RELATIVE = re.compile(r"[\w.~%-]+(?:/[\w.~%-]+)+(?:\?[^\s]*)?$")
_ANGLES = re.compile(r"<([^<>]+)>.*", re.DOTALL)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_COMPOUND = re.compile(r"[%<]|\A[{\[]|eyJ|=[^&#]*[+/?=]|\n\Z")
"""What no text is without that is percent-encoded, markup, JSON, a token of three parts, or an address with such a text
or another address inside."""
_SEGMENT = re.compile(r"[^/?#]+")
_PARAMETER = re.compile(r"=([^&#]+)")
_TOKENS = (
    re.compile(r"[A-Za-z0-9+/]{16,}={1,2}"),
    re.compile(r"[^\s&|;,<>\"'=()\[\]{}]+"),
    re.compile(r"[\w.~%+=@-]+"),
    re.compile(r"[A-Za-z0-9]+"),
)
"""The parts of a text that may be sought, the longest first."""
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "url", "location", "link"})
_PRESENTATION = frozenset(
    """
    tag class type role method enctype rel target lang charset dir width height align autocomplete size
    maxlength rows cols colspan rowspan media http-equiv crossorigin loading viewbox xmlns tabindex
    placeholder title alt accept spellcheck
    """.split()
)
"""Attributes that say what an element is or how it looks."""
LONGEST = 300_000
"""Characters of a text that is searched for other texts."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the app sent a text. ``at`` is when it had arrived, in ms since the epoch; ``key`` the
    name it was sent under; ``around`` the words of the path that was asked, and of the names on the way to the
    place."""

    link: Link
    key: str
    value: Any
    at: float
    order: int
    kept: bool
    reading: bool
    """The call only read (GET or HEAD)."""
    around: frozenset[str]
    output: Value
    made: int = 0
    """How many records the call may have made."""

    @property
    def record(self) -> tuple[str, int, tuple[Any, ...]]:
        """The object that contains the value."""
        path = self.link.path
        return self.link.step, self.link.output, path[:-1] if not self.link.readers else path

    @property
    def listed(self) -> bool:
        """Whether it is inside a list."""
        return self.output.component not in STREAMS and any(isinstance(part, int) for part in self.link.path)


class Received:
    """Feed it the calls in order; ask it for the places of a text.

    Args:
        sought: every text that some call sends, whole or as a part.
        kept: ids of the calls that the person made.
        claims: what tokens say, by the placeholder that stands for each.
    """

    def __init__(self, sought: Sought, kept: Iterable[str], claims: Mapping[str, Mapping[str, Any]]) -> None:
        self._sought = sought
        self._kept = frozenset(kept)
        self._claims = claims
        self._places: dict[str, list[Source]] = {}
        self._full: set[str] = set()
        """The texts of which no more places are kept."""
        self._order = 0
        self.parse = lru_cache(MOST_PARSED)(parse)
        """Parses a text, and remembers the last ones."""
        self.parts = Parts(SHORTEST)
        """Received texts that are a part of a longer text that is sent, as they are sent."""
        self.routes: dict[str, int] = {}
        """How often each word was a segment of an address that the app sent."""

    def places(self, text: str, at: float, document: str = "") -> list[Source]:
        """The places where the app had sent ``text`` by the moment ``at``. ``document`` is the call that brought the
        document of the page which sends it: its scripts run before all of it has arrived."""
        found = self._places.get(text, ())
        return [source for source in found if source.at <= at or source.link.step == document]

    def learn(
        self, call: Call, nouns: frozenset[str], reading: bool, sent: Iterable[tuple[str, str]]
    ) -> None:
        """Index a call's response, except what it repeats of its request.

        Args:
            nouns: the words of the path.
            reading: whether the call only reads.
            sent: pairs of text and name that the request carried.
        """
        self._order += 1
        pairs = list(sent)
        own = {text for text, _ in pairs}
        named = {(text, name.lower()) for text, name in pairs}
        made = 0 if reading or call.id not in self._kept else _most_made(call)
        ended = call.timing.started + (call.timing.ended or call.timing.first or 0.0)
        for number, output in enumerate(call.outputs):
            moments = self._moments(call, output)
            for path, key, readers, leaf in self._readings(output):
                text = as_text(leaf)
                if text not in self._sought or (weight := rarity(leaf)) == 0:
                    continue
                if text in own if weight > 1 else (text, key.lower()) in named:
                    continue
                if text in self._full:
                    continue
                known = self._places.setdefault(text, [])
                link = Link(step=call.id, output=number, path=path, readers=readers)
                if readers and not self._leads(link, output.value, text):
                    continue
                if not known and self._sought.is_part(text):
                    for written in dict.fromkeys((text, quote(text, safe="!'()*~"), quote_plus(text))):
                        self.parts.add(written, text)
                at = ended
                if moments and path and isinstance(path[0], int):
                    at = moments[path[0]] if path[0] < len(moments) else ended
                inside = [part for reader in readers for part in reader.path[:-1]]
                around = nouns.union(*(words(p) for p in (*path[:-1], *inside) if isinstance(p, str)))
                known.append(
                    Source(
                        link=link,
                        key=key,
                        value=leaf,
                        at=at,
                        order=self._order,
                        kept=call.id in self._kept,
                        # What the page asked for by itself as it loaded made nothing, whatever its method.
                        reading=reading or call.id not in self._kept,
                        around=around,
                        output=output,
                        made=made,
                    )
                )
                if len(known) == MOST:
                    self._full.add(text)

    def _moments(self, call: Call, output: Value) -> list[float]:
        if output.component not in STREAMS:
            return []
        if call.messages:
            return [call.timing.started + m.at for m in call.messages if not m.sent]
        return [call.timing.started + at for at in call.moments]

    def _leads(self, link: Link, value: Any, text: str) -> bool:
        """Whether a link leads to a text in the recorded output."""
        if self._follows(link, value, text):
            return True
        # A placeholder stands for a token, so that what the token says is known only from its claims.
        if len(link.readers) < 3 or not link.readers[-1].path:
            return False
        token = msgspec.structs.replace(link, readers=link.readers[:-3])
        name = link.readers[-1].path[0]
        return any(
            as_text(claims.get(str(name))) == text and self._follows(token, value, placeholder)
            for placeholder, claims in self._claims.items()
        )

    def _follows(self, link: Link, value: Any, text: str) -> bool:
        try:
            return as_text(follow(link, value, parse=self.parse)) == text
        except (ValueError, LookupError, TypeError, RecursionError):
            return False

    def _readings(self, output: Value) -> Iterator[tuple[Place, str, tuple[Reader, ...], Any]]:
        """Each leaf of an output in each way that it can be read: path, name, readers, value."""
        if output.component == "page":
            yield from self._of_page(output.value)
            return
        if output.component == "text" and isinstance(output.value, str):
            for key, readers, leaf in self._of_script(output.value):
                yield (), key, readers, leaf
        leaves, keys = self._related(output.value)
        for path, leaf in leaves:
            for key, readers, value in self._of_text(key_of(path) or output.label, leaf):
                yield path, key, readers, value
        for path, number, key in keys if output.component != "headers" else ():
            name = id_after(key_of(path)) if path else "id"
            yield path, name, (Reader(kind="entries", path=(number, "key")),), key

    def _related(self, value: Any) -> tuple[list[tuple[Place, Any]], list[tuple[Place, int, str]]]:
        """The leaves out of which something that is sought can be read, each with its path; and the names of members
        that are sought and are no words, each with the path of the object and the position of the member."""
        leaves: list[tuple[Place, Any]] = []
        keys: list[tuple[Place, int, str]] = []

        def walk(value: Any, path: Place) -> None:
            if isinstance(value, dict):
                for number, (key, item) in enumerate(value.items()):
                    if (name := str(key)) in self._sought and rarity(name) >= 3:
                        keys.append((path, number, name))
                    if isinstance(item, dict | list):
                        walk(item, (*path, name))
                    elif not self._is_unrelated(item):
                        leaves.append(((*path, name), item))
            elif isinstance(value, list):
                for number, item in enumerate(value):
                    if isinstance(item, dict | list):
                        walk(item, (*path, number))
                    elif not self._is_unrelated(item):
                        leaves.append(((*path, number), item))
            elif not self._is_unrelated(value):
                leaves.append((path, value))

        walk(value, ())
        return leaves, keys

    def _json(self, text: str) -> Any:
        try:
            return self.parse("json", text)
        except (ValueError, RecursionError):
            return None

    def _of_page(self, page: Any) -> Iterator[tuple[Place, str, tuple[Reader, ...], Any]]:
        for key, readers, leaf in self._of_leaf("url", page["url"]):
            yield ("url",), key, readers, leaf
        select = ""
        for number, element in enumerate(page["elements"]):
            select = str(element.get("name", "")) if element["tag"] == "select" else select
            for name, leaf in element.items():
                if name in _PRESENTATION or name.startswith("aria-"):
                    continue
                path = ("elements", number, name)
                of_text: Iterable[tuple[str, tuple[Reader, ...], Any]]
                if name == "text" and element["tag"] == "script":
                    of_text = self._of_script(leaf)
                else:
                    of_text = self._of_leaf(_name_of(element, name, select), leaf)
                for key, readers, value in of_text:
                    yield path, key, readers, value

    def _of_script(self, text: str) -> Iterator[tuple[str, tuple[Reader, ...], Any]]:
        if '"' not in text and "'" not in text and ";" not in text:
            return
        if text.lstrip()[:1] in ("{", "["):
            yield from self._of_leaf("", text.strip())
        for name, nth, value in literals(text[:LONGEST]):
            for key, readers, leaf in self._of_leaf(name, value):
                yield key, (Reader(kind="literal", path=(name, nth)), *readers), leaf

    def _of_leaf(self, key: str, leaf: Any, depth: int = 0) -> Iterator[tuple[str, tuple[Reader, ...], Any]]:
        return iter(()) if self._is_unrelated(leaf) else self._of_text(key, leaf, depth)

    def _is_unrelated(self, leaf: Any) -> bool:
        """Whether nothing that is sought can be read out of a leaf. Nearly all are like that."""
        if not isinstance(leaf, str):
            if leaf is None or isinstance(leaf, File):
                return True
            return (text := as_text(leaf)) not in self._sought or text in self._full
        return (leaf not in self._sought or leaf in self._full) and not self._has_parts(leaf)

    def _has_parts(self, leaf: str) -> bool:
        """Whether something that is sought may be read out of a part of a text, or out of what it spells."""
        if len(leaf) > LONGEST:
            return False
        if leaf in self._claims or _COMPOUND.search(leaf) or (len(leaf) >= 12 and unbase64(leaf) is not None):
            return True
        if "/" in leaf or leaf[:1] == "?":
            values = _PARAMETER.findall(leaf)
            if any(map(self._is_sought_in_address, (*_SEGMENT.findall(leaf), *values))):
                return True
            if any(len(text) >= 12 and unbase64(text) is not None for text in values):
                return True
        return not leaf.isalnum() and self._sought.may_have_token(leaf)

    def _is_sought_in_address(self, text: str) -> bool:
        return text in self._sought and (text not in self._full or self.routes.get(text, 0) <= 1)

    def _of_text(self, key: str, leaf: Any, depth: int = 0) -> Iterator[tuple[str, tuple[Reader, ...], Any]]:
        yield key, (), leaf
        if depth > 3 or not isinstance(leaf, str) or not self._has_parts(leaf):
            return
        if leaf in self._claims:
            for name, claim in self._claims[leaf].items():
                inside = (Reader(kind="between", path=(".", ".")), Reader(kind="base64"))
                named = "user_id" if name == "sub" else name
                yield named, (*inside, Reader(kind="json", path=(name,))), claim
            return
        first = leaf[0]
        if first in "{[" and (parsed := self._json(leaf)) is not None:
            for path, item in scalars(parsed):
                for name, readers, value in self._of_leaf(key_of(path) or key, item, depth + 1):
                    yield name, (Reader(kind="json", path=path), *readers), value
            return
        if leaf.count(".") == 2 and leaf.startswith("eyJ"):
            for name, readers, value in self._of_leaf(key, leaf.split(".")[1], depth + 1):
                if readers:
                    yield name, (Reader(kind="between", path=(".", ".")), *readers), value
        if "<" in leaf and ">" in leaf:
            if ((match := _ANGLES.fullmatch(leaf)) is not None and "://" in match[1]) or (
                first == "<" and "/" == leaf[1:2]
            ):
                inner = leaf[1 : leaf.find(">")]
                for name, readers, value in self._of_leaf(key, inner, depth + 1):
                    yield name, (Reader(kind="between", path=("<", ">")), *readers), value
            else:
                select = ""
                for number, element in enumerate(self.parse("elements", leaf)):
                    select = str(element.get("name", "")) if element["tag"] == "select" else select
                    for attribute, item in element.items():
                        if attribute == "tag":
                            continue
                        of_item = self._of_leaf(_name_of(element, attribute, select), item, depth + 1)
                        for name, readers, value in of_item:
                            yield name, (Reader(kind="elements", path=(number, attribute)), *readers), value
            if leaf.lstrip()[:1] == "<":
                return
        is_address = _ADDRESS.match(leaf) is not None
        if is_address or (key.lower() in _ADDRESSES and _RELATIVE.match(leaf)):
            yield from self._of_address(key, leaf, depth)
        elif _PERCENT.search(leaf):
            for name, readers, value in self._of_leaf(key, unquote(leaf), depth + 1):
                yield name, (Reader(kind="unquote"), *readers), value
        elif len(leaf) >= 12 and (decoded := unbase64(leaf)) is not None:
            for name, readers, value in self._of_leaf(key, decoded, depth + 1):
                yield name, (Reader(kind="base64"), *readers), value
        if depth < 2 and not is_address:
            yield from self._of_tokens(key, leaf)

    def _of_address(
        self, key: str, address: str, depth: int
    ) -> Iterator[tuple[str, tuple[Reader, ...], Any]]:
        parts = parts_of(address)
        for part in (parts.query, parts.fragment.partition("?")[2] or parts.fragment):
            for name, value in parse_qsl(part):
                for inner, readers, leaf in self._of_leaf(name, value, depth + 1):
                    yield inner, (Reader(kind="query", path=(name,)), *readers), leaf
        before = ""
        for number, segment in enumerate(segments(address)):
            if segment:
                name = id_after(before) if before else key
                is_word = rarity(segment) <= 1
                if is_word:
                    self.routes[segment] = self.routes.get(segment, 0) + 1
                yield name, (Reader(kind="segment", path=(number,)),), segment
                before = segment if is_word else before

    def _of_tokens(self, key: str, text: str) -> Iterator[tuple[str, tuple[Reader, ...], Any]]:
        """The tokens of a longer text that some call sends, each between the texts around it."""
        if text.isalnum():
            return
        taken: list[tuple[int, int]] = []
        for pattern in _TOKENS:
            for match in pattern.finditer(text):
                token = match[0]
                if token not in self._sought.tokens or len(token) == len(text):
                    continue
                if any(start <= match.start() < stop for start, stop in taken):
                    continue
                if (reader := _between(text, match.start(), match.end())) is not None:
                    taken.append(match.span())
                    yield _word_before(text[: match.start()]) or key, (reader,), token


_LABEL = re.compile(r"([A-Za-z][\w-]*)[\"']?\s*[^\w\s]?\s*[\"']?$")


def _word_before(text: str) -> str:
    match = _LABEL.search(text[-60:])
    return match[1] if match else ""


def _between(text: str, start: int, end: int) -> Reader | None:
    """A reader for a part of a text, by the shortest text before it that occurs there first."""
    after = text[end : end + 1]
    if after.isalnum() or after in "/?#":
        after = text[end : end + 2] if len(text) > end + 1 else ""
    line = text.rfind("\n", 0, start) + 1
    for length in (1, 2, 3, 5, 8, 12, 20, 32, 48):
        first = max(line, start - length)
        before = text[first:start]
        if not before:
            return None
        if text.find(before) == first and rarity(before) < 3:
            # A whole word is seldom at another place too.
            longer = text[max(line, first - 32) : first]
            whole = re.sub(r"^.*[^A-Za-z_]", "", longer, flags=re.DOTALL) + before
            before = whole if before[0].isalpha() and rarity(whole) < 3 else before
            return Reader(kind="between", path=(before, after))
        if first == line:
            return None
    return None


def _name_of(element: Mapping[str, Any], attribute: str, select: str = "") -> str:
    """The name that an attribute or the text of an element goes by; ``select`` is that of the list of an option."""
    if select and element["tag"] == "option" and attribute in ("value", "text"):
        return select
    if attribute.startswith("data-"):
        return attribute[5:]
    named = element.get("name") or element.get("property") or element.get("itemprop") or element.get("id")
    if attribute in ("value", "content", "text") and named:
        return str(named)
    if attribute in ("value", "text", "id", "for"):
        return str(element["tag"]) if attribute == "text" else attribute
    return attribute


def _most_made(call: Call) -> int:
    """How many records a request may make: as many as it has items of a list, or fields of one name."""
    names = Counter(value.name for value in call.inputs)
    lists = (len(found) for value in call.inputs for found in _lists(value.value))
    return max([1, *names.values(), *lists])


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict | list):
            yield from _lists(item)


def meaningful(names: frozenset[str]) -> frozenset[str]:
    """The words that say what something is of."""
    return names - GENERIC

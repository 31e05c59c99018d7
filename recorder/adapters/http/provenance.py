"""Where the values that calls send come from: links by provenance.

Every leaf of every earlier answer that any request sends is indexed by what it is as text, also where it stands
inside an address, JSON text or base64. A leaf of a later request is looked up, whole or behind a word such as
``Bearer``. What can be anything (a small number, a word, a date) is only a link where the names on both sides agree
too; what the page had sent before an answer brought it is the person's own, and booleans and nulls are never links.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from recorder.adapters.http.describe import is_id, singular
from recorder.address import parts_of
from recorder.remembered import remembered
from recorder.request import as_text, key_of, scalars, unbase64
from recorder.session import Call, File, Place, Value
from recorder.workflow import Cookie, Expression, Link, Reader, Spelled, Text

MOST_ORIGINS = 50
"""Places at which one text is remembered: the first are the likeliest."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a text stood in an answer. ``about`` are the words of its call's path; ``order`` counts calls;
    ``streamed``: one of the events of a stream; ``kept``: of a call that a person made; ``numeric``: it was a number
    there.

    Few are ever asked more.
    """

    link: Link
    key: str
    about: frozenset[str]
    order: int
    streamed: bool
    kept: bool
    numeric: bool

    @property
    def nouns(self) -> frozenset[str]:
        """The words of all that it was part of."""
        inside = [part for reader in self.link.readers for part in reader.path]
        return self.about | _words_of(self.link.path) | _words_of(inside)

    @property
    def listed(self) -> bool:
        """Whether it stood inside a list."""
        return not self.streamed and any(isinstance(part, int) for part in self.link.path)


_SECRET = re.compile(r"\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\]")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORD = re.compile(r"[A-Za-z][a-z]{0,15}|[A-Z]{1,12}")
_SPACE, _DIGIT, _LETTER = re.compile(r"\s"), re.compile(r"\d"), re.compile(r"[A-Za-z]")
_WORDS = re.compile(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])|\d+")
_ADDRESS = re.compile(r"(?:https?://|/)[^\s]*$")
_NEXT = re.compile(r"<([^<>]+)>;\s*rel=\"?next\"?.*")
_OPENS = re.compile(r"/|http|[\[{<]|[A-Za-z0-9+/_-]{12}")
"""How a text begins that :func:`_readings` may find others in."""
_SCHEME = re.compile(r"([A-Za-z][\w-]* )(\S+)")
_GENERIC = frozenset({"id", "value", "data", "result", "results", "items", "item", "list", "the", "new", "x"})
_MACHINE = frozenset(
    {
        *(
            "version",
            "revision",
            "rev",
            "etag",
            "nonce",
            "cursor",
            "token",
            "state",
            "csrf",
            "hash",
            "checksum",
        ),
        "signature",
    }
    | {"ticket", "handle", "session", "job", "task", "upload", "offset", "seq", "sequence"}
)
"""Words for what a server counts or makes for itself, and wants to have back."""
_NAMES = frozenset(
    {"name", "path", "slug", "key", "code", "ref", "username", "file", "filename", "handle", "url"}
)
"""Words for what a thing goes by in an address."""
_SAME = {"authorization": "token", "bearer": "token", "jwt": "token", "csrf": "csrf", "xsrf": "csrf"}


SURE_LENGTH = 16
"""No text of fewer characters is certain."""


def strength(value: Any) -> int:
    """How little likely it is that an equal value is there by chance: 0 (never a link) to 4 (certain)."""
    if isinstance(value, str):
        text = value
    elif value is None or isinstance(value, bool | File):
        return 0
    else:
        text = as_text(value)
    return _strength(text)


# It is asked about where it came from, where it is sent, and where it is compared.
@remembered(1 << 16, 100)
def _strength(text: str) -> int:
    if "[recorder-secret:" in text and _SECRET.search(text):
        return 4
    if _SPACE.search(text):
        return 2 if _MOMENT.fullmatch(text) else 1 if text.strip() else 0
    if not text or _WORD.fullmatch(text) or _DATE.fullmatch(text):
        return 0
    if _NUMBER.fullmatch(text):
        digits = sum(map(str.isdigit, text))
        return 1 if digits < 4 else 2 if digits < 7 else 3
    if _MOMENT.fullmatch(text):
        return 2
    if _UUID.fullmatch(text):
        return 4
    if len(text) >= 6 and _DIGIT.search(text) and _LETTER.search(text):
        return 4 if len(text) >= SURE_LENGTH else 3
    return 2 if len(text) >= 4 else 1


@remembered(1 << 14, 100)
def words(name: str) -> frozenset[str]:
    """The words of a name, in lower case and the singular: ``item_id``, ``itemId`` and ``Item-ID`` have the same."""
    found = [singular(word.lower()) for word in _WORDS.findall(name)]
    return frozenset(_SAME.get(word, word) for word in found)


class Provenance:
    """Tell it of all calls what they :meth:`seek`; then feed them in order: :meth:`trace` what one sends, and
    :meth:`learn` what it gave.

    Args:
        kept: ids of the calls that a person made.
        refused: inputs, by call and place, that replays have shown to be no links.
        claims: what tokens say, by the placeholder that stands for each.
    """

    def __init__(
        self,
        kept: Collection[str],
        refused: Collection[tuple[str, int]] = (),
        claims: Mapping[str, Mapping[str, Any]] = {},
    ) -> None:
        self._claims = claims
        self._kept = kept
        self._refused = refused
        self._sought: set[str] = set()
        self._origins: dict[str, list[Origin]] = {}
        self._sent: set[str] = set()
        self.given: set[Any] = set()
        """The values that turned out to be links."""
        self._order = 0
        self._cookies: dict[str, str] = {}

    def seek(self, call: Call) -> None:
        """Note what a call sends: of all that answers hold, nothing else can be a link."""
        for value in call.inputs:
            self._sought.update(_looked_up(value.value, value.location))
        for message in call.messages:
            if message.sent:
                self._sought.update(_looked_up(message.value, ""))

    def trace(self, call: Call, number: int, value: Value, nouns: frozenset[str]) -> Expression:
        """An input's value with links where they are; the same value where there are none.

        Args:
            number: its place among the call's inputs.
            nouns: the words of the call's own path.
        """
        if (call.id, number) in self._refused:
            return value.value
        self._cookies = {cookie: name for name, cookie in call.cookies}
        return self._traced(value.value, value.name or "", nouns, whole=value.location)

    def trace_value(self, value: Any, nouns: frozenset[str]) -> Expression:
        """What is sent over a WebSocket, likewise."""
        return self._traced(value, "", nouns)

    def _traced(self, value: Any, name: str, nouns: frozenset[str], whole: str = "") -> Expression:
        if isinstance(value, dict):
            return {key: self._traced(item, str(key), nouns) for key, item in value.items()}
        if isinstance(value, list):
            return [self._traced(item, name, nouns) for item in value]
        if value is None or isinstance(value, bool | File):
            return value
        text = as_text(value)
        found = self._found(value, text, name, nouns, whole)
        if found is not None:
            self.given.add(value)
            return self._typed(found, value, whole)
        if isinstance(value, str) and (inside := self._inside(value, name, nouns, whole)) is not None:
            return inside
        return value

    def _typed(self, found: Origin | Cookie, value: Any, whole: str) -> Expression:
        """As the request has it: a number stays one in JSON, and is text elsewhere."""
        if isinstance(found, Cookie):
            return found
        is_json = whole in ("", "json")
        if is_json and isinstance(value, str) and found.numeric:
            return Text(pieces=(found.link,))
        return found.link

    def _found(
        self, value: Any, text: str, name: str, nouns: frozenset[str], whole: str
    ) -> Origin | Cookie | None:
        weight = strength(value)
        if whole in ("header", "form", "multipart") and text in self._cookies and weight >= 2:
            # A form's own field is nearer than the cookie that it repeats.
            field = [o for o in self._origins.get(text, ()) if "fields" in o.link.path and o.key == name]
            return field[-1] if field else Cookie(name=self._cookies[text])
        if weight == 0:
            return None
        wanted = words(name)
        ranked = []
        for origin in self._origins.get(text, ()):
            agreement = _agreement(name, wanted, nouns, origin, whole, text)
            if weight + agreement < 4 and not (weight == 3 and agreement >= 0):
                continue
            if text in self._sent and (agreement < 3 or weight > 1):
                continue
            ranked.append((agreement, not origin.listed, origin.kept, -origin.order, origin))
        if not ranked:
            return None
        return max(ranked, key=lambda entry: entry[:4])[4]

    def _inside(self, text: str, name: str, nouns: frozenset[str], whole: str) -> Expression | None:
        """Links inside a text: behind a scheme, in JSON, in base64."""
        for how, inner, place in _opened(text, whole):
            traced = self._traced(inner, name, nouns, place)
            if traced == inner:
                continue
            if how == "json":
                compact = json.dumps(inner, separators=(",", ":"), ensure_ascii=False)
                return Spelled(kind="json", value=traced) if compact == text else None
            if how == "base64":
                kind: Any = "base64" if text.endswith("=") or not re.search(r"[-_]", text) else "base64url"
                return Spelled(kind="base64url" if len(text) % 4 else kind, value=traced)
            return Text(pieces=(how, traced))
        return None

    def learn(self, call: Call, nouns: frozenset[str]) -> None:
        """Index what a call gave, but for what it had been sent, and remember what it sent."""
        self._order += 1
        given = [
            (key_of(path) or v.name, as_text(leaf)) for v in call.inputs for path, leaf in scalars(v.value)
        ]
        own = {text for _, text in given}
        # What can be equal by chance is only said again where it has the same name.
        said = {(text, name.lower()) for name, text in given}
        kept = call.id in self._kept
        for number, output in enumerate(call.outputs):
            streamed = output.component == "events"
            for path, leaf in scalars(output.value):
                if as_text(leaf) not in self._sought and not self._opens(leaf):
                    continue
                for readers, key, found in self._readings(path, leaf):
                    text = as_text(found)
                    if text not in self._sought or (weight := strength(found)) == 0:
                        continue
                    if text in own if weight > 1 else (text, key.lower()) in said:
                        continue
                    known = self._origins.setdefault(text, [])
                    if len(known) < MOST_ORIGINS:
                        link = Link(step=call.id, output=number, path=path, readers=readers)
                        numeric = not isinstance(found, str)
                        known.append(Origin(link, key, nouns, self._order, streamed, kept, numeric))
        self._sent |= {text for text in own if text not in self._origins}

    def _opens(self, leaf: Any) -> bool:
        """Whether there may be more ways than one to read a leaf."""
        return isinstance(leaf, str) and (_OPENS.match(leaf) is not None or leaf in self._claims)

    def _readings(self, path: Place, leaf: Any) -> Iterator[tuple[tuple[Reader, ...], str, Any]]:
        """Each way to read a leaf. What a token says stands between its two points, in base64."""
        yield from _readings(path, leaf)
        if not self._claims or not isinstance(leaf, str):
            return
        for name, claim in self._claims.get(leaf, {}).items():
            inside = (Reader(kind="between", path=(".", ".")), Reader(kind="base64"))
            yield (*inside, Reader(kind="json", path=(name,))), "user_id" if name == "sub" else name, claim


def _agreement(
    name: str, wanted: frozenset[str], nouns: frozenset[str], origin: Origin, whole: str, text: str
) -> int:
    """How well the names on both sides agree, from -1 to 3."""
    had = words(origin.key)
    if "fields" in origin.link.path:
        return 3 if origin.key == name else 0
    if origin.link.readers and name and name == origin.key and not text.isdigit():
        return 3
    both = (wanted & had) - _GENERIC
    if both and ("id" in wanted & had or both & _MACHINE):
        return 3
    if both:
        return 2 if wanted == had else 1
    if "id" in had and ("id" in wanted or whole == "path"):
        about = (nouns if wanted <= {"id"} else wanted) - {"id", "api"}
        # `item_id` is the `id` of what an answer about items has.
        if about & (origin.nouns | had):
            return 3
        return 1
    if whole == "path" and (origin.link.readers or had & _NAMES):
        return 2
    return 0


def _opened(text: str, whole: str) -> Iterator[tuple[str, Any, str]]:
    """What a text holds where it is more than itself: how (``json``, ``base64``, or the scheme before it), what, and
    which place that is like."""
    if whole == "header" and (match := _SCHEME.fullmatch(text)) is not None:
        yield match[1], match[2], whole
    if text[:1] in "{[" and text[-1:] in "}]":
        try:
            yield "json", json.loads(text), ""
        except (ValueError, RecursionError):
            return
    elif (decoded := unbase64(text)) is not None:
        yield "base64", decoded, "header"


def _looked_up(value: Any, whole: str) -> Iterator[str]:
    """Every text by which :meth:`Provenance.trace` looks for what is sent."""
    for _, leaf in scalars(value):
        yield as_text(leaf)
        if isinstance(leaf, str):
            for _, inner, place in _opened(leaf, whole):
                yield from _looked_up(inner, place)


def _words_of(path: Sequence[str | int]) -> frozenset[str]:
    """The words of the names on the way to a leaf."""
    return frozenset().union(*(words(part) for part in path[:-1] if isinstance(part, str)))


def _readings(path: Place, leaf: Any) -> Iterator[tuple[tuple[Reader, ...], str, Any]]:
    """Each way to read a leaf: how, by what name, and what then is there."""
    key = key_of(path)
    yield (), key, leaf
    if not isinstance(leaf, str) or len(leaf) > 20_000:
        return
    if leaf.startswith(("/", "http")) and _ADDRESS.match(leaf):
        yield from _of_address(leaf, key)
    elif leaf[:1] in "{[" and leaf[-1:] in "}]":
        try:
            value = json.loads(leaf)
        except (ValueError, RecursionError):
            return
        for inner, item in scalars(value):
            yield (Reader(kind="json", path=inner),), key_of(inner) or key, item
    elif (decoded := unbase64(leaf)) is not None:
        for readers, name, item in _readings(path, decoded):
            yield (Reader(kind="base64"), *readers), name, item
    elif leaf[:1] == "<" and (match := _NEXT.fullmatch(leaf)) is not None:
        for readers, name, item in _of_address(match[1], key):
            yield (Reader(kind="between", path=("<", ">")), *readers), name, item


def _of_address(address: str, key: str) -> Iterator[tuple[tuple[Reader, ...], str, Any]]:
    parts = parts_of(address)
    for name, value in parse_qsl(parts.query):
        yield (Reader(kind="query", path=(name,)),), name, value
    before = ""
    for segment in parts.path.split("/"):
        if segment and is_id(unquote(segment)) and before:
            name = f"{singular(before.rpartition('/')[2])}_id"
            yield (Reader(kind="between", path=(f"{before}/", "")),), name, unquote(segment)
        before = f"{before}/{segment}" if segment else before

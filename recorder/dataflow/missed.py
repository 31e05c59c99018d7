"""What a second run tells of a constant: another value came where it had been read, or the app refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from recorder.dataflow.choice import Chooser
from recorder.dataflow.made import FAR_MS, moment, shaped
from recorder.dataflow.received import Received, Source
from recorder.dataflow.texts import IDENTIFYING, agreement, rarity, words
from recorder.request import as_text, follow
from recorder.session import Learnt, Place

MOST_ALTERNATIVES = 4
"""Sources of one value that are tried."""
MOST_TOKENS = 100
"""Parts of one text that are looked for."""
LONGEST = 20_000
"""Characters of a text whose parts are looked for."""
REFUSALS = frozenset({400, 401, 403, 409, 412, 422})
"""Statuses with which an app refuses a value that it has had before, or that is too old."""
_TOKENS = (
    re.compile(r"[^\s&|;,<>\"'=()\[\]{}/?#:]+"),
    re.compile(r"[\w-]+"),
    re.compile(r"[^\W_]+"),
    re.compile(r"(?<=[>\"'])[^<>\"'\s][^<>\"']*(?=[<\"'])"),
)
_PIECE = re.compile(r"[0-9A-Za-z]+")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9A-Za-z])")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MADE_NAMES = IDENTIFYING | {"idempotency", "request", "correlation", "trace", "time", "timestamp", "client"}
"""Words for what pages make: they decide only where nobody saw what the person typed."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A constant that a call sends: a value, or what is left of a text between what is known of it. ``input`` and
    ``path`` are as in :class:`recorder.session.Learnt`, ``location`` as in :class:`recorder.session.Value`, or ``key``
    for the name of a member or a field; ``nouns`` are the words of the path that is asked; ``at`` is when it is sent,
    in ms since the epoch."""

    call: str
    input: int
    path: Place
    text: str
    value: Any
    name: str
    location: str
    nouns: frozenset[str]
    at: float


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What may be true of a constant in ``call``: what has to be learnt at once, and ``why`` in words."""

    call: str
    learnt: tuple[Learnt, ...]
    why: str

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for all that may be true of one place."""
        first = next(each for each in self.learnt if each.call == self.call)
        return first.input, first.path, first.text


Lives = Callable[[str, int], Sequence[Any]]
"""The values that an output of a call had in replays."""


def tokens(text: str) -> list[str]:
    """The parts of a text that may have been given by themselves."""
    if len(text) > LONGEST:
        return []
    found: dict[str, None] = {}
    for pattern in _TOKENS:
        for match in pattern.finditer(text):
            if len(match[0]) >= 3 and match[0] != text:
                found[match[0]] = None
                if len(found) >= MOST_TOKENS:
                    return list(found)
    return list(found)


def sources(opened: Open, given: Received) -> Iterator[Source]:
    """Every place where the app had given a constant, or a part of it, before it was sent."""
    for text in (opened.text, *tokens(opened.text)):
        yield from given.places(text, opened.at)


def links(opened: Iterable[Open], given: Received, lives: Lives) -> list[Candidate]:
    """The constants that the app gave before and gives otherwise now, each with its likeliest sources, the likeliest
    first."""
    found: list[Candidate] = []
    chooser = Chooser(lambda clue, name: clue.text, given.parse)
    for each in opened:
        for text in (each.text, *tokens(each.text)):
            if each.location == "key" and text == each.text and rarity(text) < 2:
                continue
            changed = [s for s in given.places(text, each.at) if _changed(s, text, lives, chooser)]
            ranked = sorted(changed, key=lambda source: _rank(each, source), reverse=True)
            found += [_link(each, text, source) for source in ranked[:MOST_ALTERNATIVES]]
    return found


def _rank(opened: Open, source: Source) -> tuple[Any, ...]:
    agree = agreement(opened.name, opened.nouns, source.key, source.around)
    return agree, source.kept, not source.listed, -source.order


def _changed(source: Source, text: str, lives: Lives, chooser: Chooser) -> bool:
    output = source.output
    by_content = chooser.link(source.link, output.value, output.component, (), made=source.made)
    for live in lives(source.link.step, source.link.output):
        for link in (source.link, by_content):
            try:
                now = follow(link, live)
            except (LookupError, TypeError, ValueError):
                continue
            if not isinstance(now, dict | list | None.__class__) and as_text(now) not in ("", text):
                return True
    return False


def _link(opened: Open, text: str, source: Source) -> Candidate:
    link = source.link
    learnt = Learnt(
        call=opened.call,
        input=opened.input,
        path=opened.path,
        text=text,
        origin="received",
        source=link.step,
        output=link.output,
        at=_plain(link.path),
        readers=tuple((reader.kind, _plain(reader.path)) for reader in link.readers),
    )
    return Candidate(call=opened.call, learnt=(learnt,), why=f"what {link.step} gave there was another")


def _plain(path: Sequence[Any]) -> Place:
    return tuple(part for part in path if isinstance(part, str | int))


def fresh(
    call: str,
    said: str,
    opened: Sequence[Open],
    given: Received,
    typed: Sequence[str],
    is_watched: bool,
) -> list[Candidate]:
    """The constants in a call that the app refuses and that a page makes: unusual, typed by nobody, and not given by
    the app before they were sent. Each stands for all places that carry the same. Those that the app names come first.

    Args:
        said: what the app said when it refused.
        opened: all constants, of other calls too.
        typed: what the person typed.
        is_watched: the recording has what the person typed.
    """
    found: dict[str, tuple[bool, Candidate]] = {}
    for each in opened:
        if each.call != call:
            continue
        is_named = bool(words(each.name) & words(said)) or each.text in said
        for text in _made_parts(each):
            if text in found or any(text in known for known in typed):
                continue
            if not is_watched and not _UUID.fullmatch(text) and not words(each.name) & _MADE_NAMES:
                continue
            if given.places(text, each.at):
                continue
            everywhere = [other for other in opened if _carries(other, text)]
            learnt = tuple(
                Learnt(call=e.call, input=e.input, path=e.path, text=text, origin="generated")
                for e in everywhere
            )
            found[text] = is_named, Candidate(call=call, learnt=learnt, why=f"the app refused it in {call}")
    ranked = sorted(found.values(), key=lambda entry: not entry[0])
    return [candidate for _, candidate in ranked]


def _made_parts(opened: Open) -> Iterator[str]:
    """What of a constant a page may have made."""
    text = opened.text
    if moment(text, opened.at, FAR_MS) is not None:
        yield text
        return
    if not isinstance(opened.value, str) or len(text) > LONGEST or _MOMENT.fullmatch(text):
        return
    uuids = [match[0] for match in _UUID.finditer(text)]
    yield from uuids
    rest = _UUID.sub(" ", text)
    for match in _PIECE.finditer(rest):
        is_unusual = rarity(match[0]) >= 3 or (rarity(text) >= 3 and rarity(match[0]) >= 2)
        if is_unusual and shaped(match[0], opened.at) is not None:
            yield match[0]


def _carries(opened: Open, text: str) -> bool:
    if not isinstance(opened.value, str):
        return opened.text == text
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(text)}(?![0-9A-Za-z])", opened.text) is not None

"""Objects that are sent back: read from the app, changed in one place or in none, and sent as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from recorder.dataflow.received import STREAMS, Source
from recorder.dataflow.texts import rarity
from recorder.request import as_text, scalars, value_at
from recorder.workflow import Link

MOST_LEAVES = 40
"""Values of one object whose sources are looked at."""
MOST_CANDIDATES = 60
_NAMELESS = ("page", "headers")


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An object or list that the app gave, or what is at ``inside`` in it; ``source`` is one of the values in it."""

    link: Link
    value: Any
    source: Source
    inside: tuple[str, ...] = ()

    def member(self, key: str) -> Whole:
        """What is under a name inside it."""
        return msgspec.structs.replace(self, inside=(*self.inside, key), value=value_at(self.value, (key,)))

    def chosen(self, choose: Callable[[Link], Link]) -> Link:
        """A link to it, with selectors in place of positions: see :meth:`recorder.dataflow.choice.Chooser.link`."""
        if any(rarity(key) >= 3 for key in self.inside):
            return choose(msgspec.structs.replace(self.link, path=(*self.link.path, *self.inside)))
        link = choose(self.link)
        if not link.readers:
            return msgspec.structs.replace(link, path=(*link.path, *self.inside))
        *before, last = link.readers
        last = msgspec.structs.replace(last, path=(*last.path, *self.inside))
        return msgspec.structs.replace(link, readers=(*before, last))


def counterpart(sent: Any, places: Callable[[str], Iterable[Source]]) -> Whole | None:
    """The object or list that the app gave before and that is sent again, as a whole or changed; None if there is none.

    Args:
        places: the places where the app gave a text.
    """
    leaves = [(path, leaf) for path, leaf in scalars(sent) if path and rarity(leaf) > 0]
    if len(leaves) < 2:
        return None
    found: dict[tuple[str, int, tuple[Any, ...]], Source] = {}
    for path, leaf in sorted(leaves, key=lambda each: -rarity(each[1]))[:MOST_LEAVES]:
        for source in places(as_text(leaf)):
            link, depth = source.link, len(path)
            is_document = source.output.component in (*_NAMELESS, *STREAMS)
            if link.readers or is_document or link.path[-depth:] != path:
                continue
            if len(found) < MOST_CANDIDATES:
                found.setdefault((link.step, link.output, link.path[:-depth]), source)
    best: tuple[tuple[int, int], Whole] | None = None
    for (step, output, path), source in found.items():
        value = value_at(source.output.value, path)
        same = _same(sent, value)
        if same and (best is None or (same, source.order) > best[0]):
            link = Link(step=step, output=output, path=path)
            best = (same, source.order), Whole(link=link, value=value, source=source)
    return best[1] if best is not None else None


def _same(sent: Any, given: Any) -> int:
    """How many values of the two are the same, 0 if they are not two states of one thing."""
    if type(sent) is not type(given):
        return 0
    if isinstance(sent, list):
        if not 0 < len(given) <= len(sent):
            return 0
        common: Any = given
    else:
        keys = sent.keys() & given.keys()
        if len(keys) < min(3, len(given)):
            return 0
        common = {key: given[key] for key in keys}
    inside = dict(scalars(common))
    leaves = list(scalars(sent))
    same = [leaf for path, leaf in leaves if path in inside and is_same(leaf, inside[path])]
    telling = max(map(rarity, same), default=0)
    if isinstance(sent, list):
        is_longer = is_same(sent[: len(given)], given)
        return len(same) if is_longer and (telling >= 3 or len(same) >= 3) else 0
    if is_same(sent, given):
        return len(same) if telling >= 3 or len(same) >= 3 else 0
    has_ids = any(rarity(key) >= 2 and is_same(sent[key], item) for key, item in common.items())
    if has_ids and sent.keys() >= given.keys():
        return len(same)
    if len(same) < max(2, len(leaves) / 2):
        return 0
    is_alike = sent.keys() >= given.keys() or (sent.keys() < given.keys() and len(sent) >= 4)
    return len(same) if telling >= 2 or is_alike else 0


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON, where ``true`` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def is_state(sent: Any, given: Any) -> bool:
    """Whether an object or list under the same name in both is the given one, changed."""
    if isinstance(sent, dict) and isinstance(given, dict):
        return any(key in given and is_same(item, given[key]) for key, item in sent.items())
    if isinstance(sent, list) and isinstance(given, list):
        return 0 < len(given) < len(sent) and is_same(sent[: len(given)], given)
    return False

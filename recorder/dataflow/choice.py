"""Which one of many: list items and elements of documents are selected by what the person chose.

A position in a list says nothing about another run, in which there may be one more record. So an item is
selected by the text that the person typed or clicked; by a field that names it, where nobody clicked; by its
position only where nothing else tells it apart, or where the list is the response to what the script itself has
just made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from recorder.dataflow.texts import rarity, squeezed, words
from recorder.request import Parse, as_text, key_of, parse, read, scalars, uncounted, value_at
from recorder.session import Place, Value
from recorder.workflow import Expression, Item, Link, Path, Reader


class Clue(msgspec.Struct, frozen=True, kw_only=True):
    """A text that the person typed, or that the control showed which the person used, or that was beside it.
    ``rank``: the higher, the closer to the call."""

    text: str
    rank: float
    typed: bool = False
    near: bool = False
    """It was beside the control that was used."""
    own: bool = False
    """It is the text of that control."""


_NAMING = frozenset(
    """
    name title label slug username email subject filename display key text summary code path
    """.split()
)
"""Words for what people call a thing by: a tie-break between the fields of a record."""
_STABLE = tuple(
    """
    name id property itemprop rel http-equiv data-testid aria-label action role type method title
    placeholder alt
    """.split()
)
"""Attributes that say what an element is, before those that say how it looks."""
_IDENTITY = frozenset(_STABLE[:9])
_DIGITS = re.compile(r"\d+")
WINDOW = 12
"""How many elements of a document belong to one row, at most, where nothing says where it ends."""


class Alike:
    """The positions of the items of lists that have a text at a path. Each list is read once for each path."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Path], tuple[list[Any], dict[str, list[int]]]] = {}
        self._members: dict[int, tuple[dict[str, Any], list[Any]]] = {}

    def members(self, members: dict[str, Any]) -> list[Any]:
        """The values of an object, the same list each time."""
        return self._members.setdefault(id(members), (members, list(members.values())))[1]

    def at(self, items: list[Any], path: Path, text: str) -> Sequence[int]:
        """The positions in rising order."""
        # With the list, so that no other gets its id.
        _, found = self._known.get((id(items), path), (items, None))
        if found is None:
            found = {}
            for number, item in enumerate(items):
                value = value_at(item, path)
                if value is not None and not isinstance(value, dict | list):
                    found.setdefault(as_text(value), []).append(number)
            self._known[id(items), path] = items, found
        return found.get(text, ())

    def all_at(self, items: list[Any], fields: Iterable[tuple[Place, Expression]]) -> Sequence[int]:
        """The positions of those that have all of several texts."""
        found = [self.at(items, path, as_text(value)) for path, value in fields]
        rest = [set(each) for each in found[1:]]
        return [number for number in found[0] if all(number in each for each in rest)]

    def position(self, items: list[Any], item: Item) -> int | None:
        """What :func:`recorder.request.position` returns for an item whose fields are literals, or None."""
        fitting = self.all_at(items, item.fields)
        anchor = item.after or item.before
        if anchor is not None:
            start = self.position(items, anchor)
            if start is None:
                return None
            if item.after is not None:
                fitting = [number for number in fitting if number >= start]
            else:
                fitting = [number for number in reversed(fitting) if number <= start]
        return fitting[item.nth] if -len(fitting) <= item.nth < len(fitting) else None


class Chooser:
    """Turns positions in paths into selectors.

    Args:
        expression: what a clue is in the workflow: a variable; gets the clue's text and a name.
        parse: reads a text that is JSON or a document, as :func:`recorder.request.parse` does.
    """

    def __init__(self, expression: Callable[[Clue, str], Expression], parse: Parse = parse) -> None:
        self._expression = expression
        self._alike = Alike()
        self._parse = parse

    def link(self, link: Link, output: Any, component: str, clues: Sequence[Clue], made: int) -> Link:
        """The link with selectors in place of positions.

        Args:
            output: the value that the link leads into.
            component: of that output.
            made: how many records the call may have made whose response the output is; a longer list is one that it
                only read.
        """
        if component != "headers":
            link = _by_entries(link, output)
        path = self._path(output, link.path, component, clues, made)
        readers = []
        value = value_at(output, link.path)
        for reader in link.readers:
            readers.append(self._reader(reader, value, clues, made))
            value = self._read(reader, value)
        return Link(step=link.step, output=link.output, path=path, readers=tuple(readers))

    def _reader(self, reader: Reader, value: Any, clues: Sequence[Clue], made: int) -> Reader:
        inside: Any = None
        if reader.kind in ("elements", "json"):
            try:
                inside = self._parse(reader.kind, as_text(value))
            except (ValueError, RecursionError):
                return reader
            component = reader.kind
        elif reader.kind == "entries":
            inside = [{"key": key, "value": item} for key, item in value.items()]
            component = "json"
        else:
            return reader
        path = self._path(inside, reader.path, component, clues, made)
        return Reader(kind=reader.kind, path=path)

    def _path(self, value: Any, path: Path, component: str, clues: Sequence[Clue], made: int) -> Path:
        chosen: list[str | int | Item] = []
        for place, part in enumerate(path):
            rest = path[place + 1 :]
            if isinstance(part, int) and isinstance(value, list):
                is_element = (component == "page" and chosen == ["elements"]) or (
                    component == "elements" and not chosen
                )
                is_stream = component in ("events", "lines", "messages") and not chosen
                if is_element:
                    chosen.append(self._element(value, part, str(rest[0]) if rest else "", clues))
                elif is_stream:
                    chosen.append(self._streamed(value, part, rest, clues))
                else:
                    around = next((str(p) for p in reversed(chosen) if isinstance(p, str)), "")
                    chosen.append(self._item(value, part, rest, around, clues, made))
            else:
                chosen.append(part)
            value = value_at(value, (part,))
        return tuple(chosen)

    # Lists of JSON

    def _item(
        self, items: list[Any], index: int, rest: Path, around: str, clues: Sequence[Clue], made: int
    ) -> int | Item:
        record = items[index]
        is_made = len(items) <= made
        found: list[tuple[float, Place, Any, Clue | None]] = []
        shared: list[tuple[float, Place, Any, Clue]] = []
        for path, leaf in _fields(record):
            if path == rest or rarity(leaf) == 0:
                continue
            text = as_text(leaf)
            key = key_of(path)
            naming = bool(words(key) & _NAMING) - 0.2 * len(path)
            clue = best(clues, text)
            if clue is not None and not isinstance(leaf, str) and rarity(leaf) < 2 and not clue.near:
                # A small number that was typed says nothing about a number of the record.
                clue = None
            is_name = (
                not is_made and isinstance(leaf, str) and rarity(leaf) <= 2 and bool(words(key) & _NAMING)
            )
            if clue is None and not is_name:
                continue
            if len(self._alike.at(items, path, text)) != 1:
                if clue is not None:
                    shared.append((10 + clue.rank + naming, path, leaf, clue))
                continue
            if clue is not None:
                found.append((10 + clue.rank + naming, path, leaf, clue))
            else:
                found.append((naming, path, leaf, None))
        flag = None if is_made else _flag(items, index)
        if flag is not None:
            found.append((5, flag, True, None))
        if shared and (together := self._together(items, index, around, shared, found)) is not None:
            return together
        if not found:
            return index
        _, path, leaf, clue = max(found, key=lambda each: each[0])
        if clue is None:
            return Item(fields=((path, leaf),))
        key = key_of(path)
        name = f"{around}_{key}" if key and around else key or around
        return Item(fields=((path, self._expression(clue, name)),))

    def _together(
        self,
        items: list[Any],
        index: int,
        around: str,
        shared: list[tuple[float, Place, Any, Clue]],
        unique: list[tuple[float, Place, Any, Clue | None]],
    ) -> Item | None:
        """By several fields, where other records have the same in the field that says most."""
        clued = [(rank, path, leaf, clue) for rank, path, leaf, clue in unique if clue is not None]
        ranked = sorted([*shared, *clued], key=lambda each: -each[0])
        if clued and ranked[0][1] == max(clued, key=lambda each: each[0])[1]:
            return None
        chosen: list[tuple[float, Place, Any, Clue]] = []
        for each in ranked:
            chosen.append(each)
            if len(self._alike.all_at(items, [(path, leaf) for _, path, leaf, _ in chosen])) == 1:
                keys = [key_of(path) for _, path, _, _ in chosen]
                names = [f"{around}_{key}" if key and around else around for key in keys]
                return Item(
                    fields=tuple(
                        (path, self._expression(clue, name))
                        for (_, path, _, clue), name in zip(chosen, names, strict=True)
                    )
                )
        return None

    # Streams

    def _streamed(self, items: list[Any], index: int, rest: Path, clues: Sequence[Clue]) -> int | Item:
        """By type and content; the first or the last of those that are alike."""
        record = items[index]
        best_fields: tuple[float, Place, Any] | None = None
        for path, leaf in _fields(record, 3):
            # What an item of a list says is not what the message is.
            if path == rest or any(isinstance(part, int) for part in path):
                continue
            if not isinstance(leaf, str) or rarity(leaf) > 1:
                continue
            alike = len(self._alike.at(items, path, leaf))
            others = any(value_at(item, path) not in (None, leaf) for item in items)
            rank = 2 * (words(str(path[-1])) <= _KINDS and bool(words(str(path[-1])))) + others - 0.1 * alike
            if best_fields is None or rank > best_fields[0]:
                best_fields = (rank, path, leaf)
        if best_fields is not None:
            _, path, leaf = best_fields
            alike_at = self._alike.at(items, path, leaf)
            nth = _counted(alike_at.index(index), len(alike_at))
            return Item(fields=((path, leaf),), nth=nth)
        if index == len(items) - 1 and len(items) > 1:
            return -1
        return index

    # Documents

    def _element(self, items: list[Any], index: int, attribute: str, clues: Sequence[Clue]) -> int | Item:
        element = items[index]
        target = as_text(element.get(attribute, ""))
        identities = list(_identities(element, attribute, target))
        for fields, is_strong in identities:
            if is_strong and self._reaches(items, Item(fields=fields), index, attribute):
                return Item(fields=fields)
        if attribute != "text" and element.get("text") and (clue := best(clues, element["text"])) is not None:
            expression = self._expression(clue, "link")
            fields = ((("tag",), element["tag"]), (("text",), expression))
            probe = Item(fields=((("tag",), element["tag"]), (("text",), element["text"])))
            if self._reaches(items, probe, index, attribute):
                return Item(fields=fields, counts=not clue.typed and _counts(items, index, attribute))
        is_content = element["tag"] not in ("script", "meta", "link", "title")
        anchored = self._anchored(items, index, attribute, identities, clues) if is_content else None
        if anchored is not None:
            return anchored
        text = element.get("text", "")
        if attribute != "text" and text and len(text) < 80 and rarity(text) <= 2 and target not in text:
            item = Item(fields=((("tag",), element["tag"]), (("text",), text)))
            if element["tag"] != "script" and self._reaches(items, item, index, attribute):
                return msgspec.structs.replace(item, counts=_counts(items, index, attribute))
        for fields, _ in identities:
            if len(fields) > 1 and self._reaches(items, Item(fields=fields), index, attribute):
                return Item(fields=fields)
        form = next((n for n in range(index, -1, -1) if items[n].get("tag") == "form"), None)
        if form is not None and form != index:
            for fields, _ in _identities(items[form], "", target):
                if not self._reaches(items, Item(fields=fields), form, ""):
                    continue
                for own, _ in identities:
                    item = Item(fields=own, after=Item(fields=fields))
                    if self._reaches(items, item, index, attribute):
                        return item
        fields = identities[0][0]
        alike = self._alike.all_at(items, fields)
        return Item(fields=fields, nth=alike.index(index)) if index in alike else index

    def _anchored(
        self,
        items: list[Any],
        index: int,
        attribute: str,
        identities: list[tuple[tuple[tuple[Place, Expression], ...], bool]],
        clues: Sequence[Clue],
    ) -> Item | None:
        """Relative to an element whose text the person typed or clicked."""
        texts: dict[str, Clue] = {}
        low, high = max(0, index - 4 * WINDOW), min(len(items), index + 4 * WINDOW)
        near = {items[n].get(name, "") for n in range(low, high) for name in ("text", "value")}
        for clue in sorted(clues, key=lambda clue: -clue.rank):
            if clue.own or clue.text == items[index].get(attribute):
                continue
            if clue.text in near and clue.text not in texts:
                texts[clue.text] = clue
        for text, clue in texts.items():
            for name in ("text", "value"):
                probe = Item(fields=(((name,), text),))
                found = self._alike.at(items, (name,), text)
                if len(found) != 1:
                    continue
                anchor = found[0]
                if abs(anchor - index) > 4 * WINDOW:
                    continue
                sides = ("after", "before") if anchor <= index else ("before", "after")
                for side in sides[:1]:
                    for fields, _ in identities:
                        if self._reaches(items, _beside(fields, side, probe), index, attribute):
                            expression = self._expression(clue, "name")
                            bare = uncounted(text)
                            is_alone = sum(uncounted(e.get(name, "")) == bare for e in items) == 1
                            counts = not clue.typed and bare != text and is_alone
                            beside = Item(fields=(((name,), expression),), counts=counts)
                            return _beside(fields, side, beside)
        return None

    def _reaches(self, items: list[Any], item: Item, index: int, attribute: str) -> bool:
        found = self._alike.position(items, item)
        if item.after is not None or item.before is not None:
            return found == index
        # Of several that are alike, the first is as good as any if all have the same value.
        alike = self._alike.all_at(items, item.fields)
        return index in alike and len({items[number].get(attribute) for number in alike}) == 1

    def mentions(self, output: Any, component: str, link: Link, texts: frozenset[str]) -> bool:
        """Whether the record that contains the value, or the row of the document, has one of the texts."""
        if not texts:
            return False
        rows, number = self._rows(output, component, link)
        if rows:
            low, high = max(0, number - WINDOW), number + WINDOW
            near = texts & {e.get(name) for e in rows[low:high] for name in ("text", "value")}
            # A text that each row has, such as that of a button, tells nothing.
            if any(
                len({*self._alike.at(rows, ("text",), text), *self._alike.at(rows, ("value",), text)}) == 1
                for text in near
            ):
                return True
        if component == "page":
            return False
        value = output
        items: list[Any] | None = None
        index = 0
        steps = list(link.path)
        if link.readers and link.readers[0].kind == "entries":
            steps.append(link.readers[0].path[0])
        for part in steps:
            if isinstance(value, dict) and (isinstance(part, int) or rarity(part) >= 3):
                # An object whose members go by ids is a list of records.
                part = part if isinstance(part, int) else list(value).index(part) if part in value else -1
                value = self._alike.members(value)
            if isinstance(part, int) and isinstance(value, list) and part < len(value):
                # A row of values without names, such as [4, "Ann"], is one record.
                if items is None or isinstance(value[part], dict | list):
                    items, index = value, part
            value = value_at(value, (part,))
        if items is None or index >= len(items):
            return False
        for place, leaf in _fields(items[index]):
            if isinstance(leaf, str | int) and as_text(leaf) in texts:
                if len(self._alike.at(items, place, as_text(leaf))) == 1:
                    return True
        return False

    def holder(self, output: Any, component: str, link: Link) -> dict[str, Any]:
        """The element of a document that the value is an attribute of; empty if there is none."""
        rows, number = self._rows(output, component, link)
        return rows[number] if rows else {}

    def varies(self, output: Value, link: Link) -> bool:
        """Whether addresses like the one that the value is read out of, in the same document, have another value
        there."""
        if output.component != "page" or len(link.path) != 3 or len(link.readers) != 1:
            return False
        rows, number = self._rows(output.value, output.component, link)
        attribute = str(link.path[2])
        own = as_text(rows[number].get(attribute, ""))
        mine, start = self._read(link.readers[0], own), own.partition("?")[0]
        return any(
            (other := as_text(row.get(attribute, ""))).partition("?")[0] == start
            and self._read(link.readers[0], other) not in (mine, None)
            for row in rows
        )

    def _read(self, reader: Reader, value: Any) -> Any:
        """What a reader finds, or None."""
        try:
            return read(reader, value, parse=self._parse)
        except (ValueError, LookupError, TypeError, RecursionError):
            return None

    def _rows(self, output: Any, component: str, link: Link) -> tuple[list[dict[str, Any]], int]:
        """The elements of the document that contains the value, also of one inside a text, and the position among
        them."""
        if any(reader.kind == "elements" for reader in link.readers):
            value = value_at(output, link.path)
            for reader in link.readers:
                if reader.kind == "elements" and reader.path and isinstance(reader.path[0], int):
                    return self._parse("elements", as_text(value)), reader.path[0]
                value = self._read(reader, value)
        if component == "page" and len(link.path) > 1 and isinstance(link.path[1], int):
            return output["elements"], link.path[1]
        return [], 0


_KINDS = frozenset(
    """
    type event kind op action method status name state t cmd command topic channel
    """.split()
)


def _by_entries(link: Link, output: Any) -> Link:
    """The link with a search among the members of an object in place of each name of a member that is no word."""
    value = output
    path: list[Any] = []
    readers: list[Reader] = []
    for part in link.path:
        inner = value_at(value, (part,))
        if isinstance(value, dict) and isinstance(part, str) and rarity(part) >= 3 and part in value:
            if readers:
                readers[-1] = msgspec.structs.replace(readers[-1], path=tuple(path))
            else:
                start = tuple(path)
            readers.append(Reader(kind="entries"))
            path = [list(value).index(part), "value"]
        else:
            path.append(part)
        value = inner
    if not readers:
        return link
    readers[-1] = msgspec.structs.replace(readers[-1], path=tuple(path))
    return Link(step=link.step, output=link.output, path=start, readers=(*readers, *link.readers))


def _beside(fields: tuple[tuple[Place, Expression], ...], side: str, anchor: Item) -> Item:
    if side == "after":
        return Item(fields=fields, after=anchor)
    return Item(fields=fields, before=anchor)


def best(clues: Sequence[Clue], text: str) -> Clue | None:
    """The closest clue of that text."""
    fitting = [clue for clue in clues if clue.text == text]
    return max(fitting, key=lambda clue: clue.rank, default=None)


def _fields(record: Any, depth: int = 8) -> Iterator[tuple[Place, Any]]:
    return ((path, leaf) for path, leaf in scalars(record) if len(path) <= depth and "*" not in path)


def _counts(items: list[Any], index: int, attribute: str) -> bool:
    """Whether the numbers in an element's text may be counts: without them, it still differs from all others."""
    tag, text = items[index]["tag"], items[index]["text"]
    bare = uncounted(text)
    alike = (o for o in items if o["tag"] == tag and uncounted(o.get("text", "")) == bare)
    return bare != text and len({other.get(attribute) for other in alike}) == 1


def _counted(place: int, length: int) -> int:
    """The first as 0, the last of several as -1."""
    return -1 if place == length - 1 and length > 1 else place


def _flag(items: list[Any], index: int) -> Place | None:
    """A field that is true in this record alone: the default one, the current one."""
    for path, leaf in _fields(items[index], 1):
        if (
            leaf is True
            and len(items) > 1
            and all(value_at(item, path) is False for n, item in enumerate(items) if n != index)
        ):
            return path
    return None


def _identities(
    element: Mapping[str, Any], attribute: str, target: str
) -> Iterator[tuple[tuple[tuple[Place, Expression], ...], bool]]:
    """Conditions that may tell an element apart, the most lasting first, and whether they say what it is."""
    tag: tuple[Place, Expression] = (("tag",), element["tag"])

    numbers = set(
        _DIGITS.findall(" ".join(str(element.get(name, "")) for name in ("href", "action", "value")))
    )

    def stable(name: str) -> bool:
        value = element.get(name)
        if not isinstance(value, str) or not value or name == attribute or len(value) > 80:
            return False
        if target and (target in value or squeezed(target) in squeezed(value)):
            return False
        # The number of a record is in its address too.
        is_of_record = name in _IDENTITY - {"name"} and not numbers.isdisjoint(_DIGITS.findall(value))
        return rarity(value) <= 1 and not value.isdigit() and not is_of_record

    names = [name for name in _STABLE if stable(name)]
    for name in names:
        if name in _IDENTITY:
            yield (tag, ((name,), element[name])), True
    if len(names) > 1:
        yield (tag, *(((name,), element[name]) for name in names)), False
    text = element.get("text", "")
    if attribute != "text" and text and len(text) < 40 and rarity(text) <= 1 and element["tag"] != "script":
        yield (tag, (("text",), text)), False
    if stable("class"):
        yield (tag, (("class",), element["class"])), False
    yield (tag,), False

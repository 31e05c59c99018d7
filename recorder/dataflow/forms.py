"""Fields of HTML forms: where a document holds the value of each field of the form that was submitted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from recorder.address import parts_of
from recorder.dataflow.texts import rarity
from recorder.request import position
from recorder.workflow import Expression, Item

Element = dict[str, Any]
_DIGITS = re.compile(r"\d+")
_TEXTS = frozenset(
    """
    text hidden email number date time datetime-local month week search tel url color range
    """.split()
) | {""}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document holds the value of a field: an element, and the attribute. ``label`` is the text by which a
    person knows a choice, empty for a field that is not one. ``item`` is a selector, or a position where nothing in the
    form tells the element apart."""

    item: Item | int
    attribute: str
    label: str = ""


class Form:
    """One form of a document.

    Args:
        elements: of the document, as :func:`recorder.markup.elements` returns them.
        address: where the form was sent, to tell it from the others.
        fields: the names of the fields that were sent, and what was sent.
    """

    def __init__(self, elements: Sequence[Element], address: str, fields: Sequence[tuple[str, str]]) -> None:
        self._elements = list(elements)
        starts = [n for n, element in enumerate(elements) if element.get("tag") == "form"]
        ends = [*starts[1:], len(self._elements)]
        bounds = list(zip(starts, ends, strict=True)) if starts else [(0, len(self._elements))]
        path = parts_of(address).path
        names, sent = {name for name, _ in fields}, set(fields)

        def fits(bound: tuple[int, int]) -> tuple[int, int, int]:
            form = self._elements[bound[0]]
            action = form.get("action", "") if form.get("tag") == "form" else ""
            is_target = bool(action) and parts_of(action).path.rstrip("/").endswith(path.rstrip("/"))
            within = self._elements[bound[0] : bound[1]]
            own = {e.get("name") for e in within}
            held = {(e.get("name"), e.get("value")) for e in within}
            # Each row may have a form of its own, for the same address.
            return len(names & own), is_target + (not action), len(sent & held)

        self._start, self._end = max(bounds, key=fits)
        self.is_alone = len(bounds) == 1

    def field(self, name: str, value: str, shown: Expression | None) -> Field | None:
        """Where the value of a field is; None if the document does not hold it.

        Args:
            shown: the text of the option that the person chose, None if the field was not touched.
        """
        for number in range(self._start, self._end):
            element = self._elements[number]
            if element.get("name") != name:
                continue
            tag, kind = element.get("tag"), str(element.get("type", "")).lower()
            if tag == "select":
                if (found := self._option(number, name, value, shown)) is not None:
                    return found
            elif tag == "textarea":
                if element.get("text", "") == value:
                    return self._selected(number, ("tag", "name"), "text")
            elif tag == "input" and element.get("value") == value:
                if kind in ("radio", "checkbox"):
                    return self._choice(number, shown)
                if kind in _TEXTS:
                    return self._selected(number, ("tag", "name"), "value", "type")
        return None

    def _option(self, select: int, name: str, value: str, shown: Expression | None) -> Field | None:
        anchor = Item(fields=((("tag",), "select"), (("name",), name)))
        for number in range(select + 1, self._end):
            option = self._elements[number]
            if option.get("tag") == "select":
                break
            if option.get("tag") != "option" or option.get("value", option.get("text")) != value:
                continue
            attribute = "value" if "value" in option else "text"
            tag = (("tag",), "option")
            if shown is None and "selected" in option:
                fields: Any = (tag, (("selected",), option["selected"]))
            else:
                fields = (tag, (("text",), shown if shown is not None else option.get("text", "")))
            item = Item(fields=fields, after=anchor)
            probe = Item(fields=(tag, *((p, option.get(str(p[0]))) for p, _ in fields[1:])), after=anchor)
            if self._is_at(probe, number):
                return Field(item=item, attribute=attribute, label=option.get("text", ""))
        return None

    def _choice(self, number: int, shown: Expression | None) -> Field | None:
        element = self._elements[number]
        place, label = self.label_of(number)
        if not label:
            return None
        own = ((("tag",), "input"), (("name",), element["name"]))
        for probe, item in zip(
            self._anchored(own, place, number, label),
            self._anchored(own, place, number, shown if shown is not None else label),
            strict=True,
        ):
            if self._is_at(probe, number):
                return Field(item=item, attribute="value", label=label)
        return None

    def _anchored(self, own: Any, place: int, number: int, text: Expression) -> Iterator[Item]:
        """Ways to select a radio button or a checkbox by the text of its label, which is at ``place``."""
        if place == number:
            yield Item(fields=(*own, (("text",), text)))
            return
        tag = (("tag",), self._elements[place]["tag"])
        form = self._elements[self._start]
        scopes: list[Item | None] = [None, Item(fields=own)]
        scopes += [Item(fields=((("tag",), "form"), ((name,), form[name]))) for name in self._lasting()]
        for scope in scopes:
            for fields in (((("text",), text),), (tag, (("text",), text))):
                anchor = Item(fields=fields, after=scope)
                yield Item(fields=own, after=anchor) if place < number else Item(fields=own, before=anchor)

    def label_of(self, number: int) -> tuple[int, str]:
        """Where the text of the label of a radio button or a checkbox is, and what it says."""
        element = self._elements[number]
        if element.get("text"):
            return number, element["text"]
        if element.get("id"):
            for place, other in enumerate(self._elements):
                if other.get("tag") == "label" and other.get("for") == element["id"] and other.get("text"):
                    return place, other["text"]
        for place in (number + 1, number - 1):
            if 0 <= place < len(self._elements):
                other = self._elements[place]
                if other.get("text") and other.get("tag") not in ("input", "option", "button"):
                    return place, other["text"]
        return number, ""

    def has(self, name: str) -> bool:
        """Whether the form has a control of that name."""
        return any(element.get("name") == name for element in self._elements[self._start : self._end])

    def is_empty_list(self, name: str) -> bool:
        """Whether the control of that name is a list without options."""
        number = self.number_of(name)
        if number is None or self._elements[number].get("tag") != "select":
            return False
        after = self._elements[number + 1 : number + 2]
        return not after or after[0].get("tag") not in ("option", "optgroup")

    def number_of(self, name: str) -> int | None:
        """The position of the only control of that name."""
        found = [n for n in range(self._start, self._end) if self._elements[n].get("name") == name]
        return found[0] if len(found) == 1 else None

    def _lasting(self) -> list[str]:
        """The attributes of the form that tell it apart in another run too: those without the id of a record."""
        form = self._elements[self._start]
        ids = set(_DIGITS.findall(form.get("action", "")))
        return [
            name
            for name in ("id", "name", "action")
            if form.get(name) and ids.isdisjoint(_DIGITS.findall(form[name])) and rarity(form[name]) <= 2
        ]

    def _selected(self, number: int, names: tuple[str, ...], attribute: str, more: str = "") -> Field | None:
        element = self._elements[number]
        fields = tuple(((name,), element[name]) for name in names)
        if self._all_same(fields, number, attribute):
            return Field(item=Item(fields=fields), attribute=attribute)
        if more in element:
            narrow = (*fields, ((more,), element[more]))
            if self._all_same(narrow, number, attribute):
                return Field(item=Item(fields=narrow), attribute=attribute)
        form = self._elements[self._start]
        for name in self._lasting():
            anchored = Item(fields=fields, after=Item(fields=((("tag",), "form"), ((name,), form[name]))))
            if self._is_at(anchored, number):
                return Field(item=anchored, attribute=attribute)
        return Field(item=number, attribute=attribute)

    def _all_same(self, fields: tuple[Any, ...], number: int, attribute: str) -> bool:
        alike = [e for e in self._elements if all(e.get(p[0]) == v for p, v in fields)]
        return len({e.get(attribute) for e in alike}) == 1 and self._elements[number] in alike

    def _is_at(self, item: Item, number: int) -> bool:
        try:
            return position(self._elements, item) == number
        except (LookupError, TypeError):
            return False

"""What the person did: typed, chose and clicked; and the variables of the workflow that stand for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from recorder.dataflow.choice import Clue
from recorder.dataflow.sent import Parts, Slot
from recorder.dataflow.texts import rarity, words
from recorder.session import Acted, Call, File, Session, Typed
from recorder.workflow import Expression, Names, Variable, VariableRef, identifier

TYPED_IN_TEXT = 4
"""Characters from which a typed text is found inside a longer one."""
SHORTEST_CHOSEN = 3
"""Likewise, of a choice: an unusual text has no fewer."""


class Person:
    """What the person did in one session, and the variables for it."""

    def __init__(self, session: Session) -> None:
        self._acts = [(act.at, *_texts_of(act)) for act in sorted(session.acts, key=lambda act: act.at)]
        self._placeholders = frozenset(secret.placeholder for secret in session.secrets)
        self._typed = sorted(session.typed, key=lambda typed: typed.at)
        self.by_text: dict[str, list[Typed]] = {}
        for typed in self._typed:
            for text in dict.fromkeys((typed.value, typed.value.strip())):
                if text:
                    self.by_text.setdefault(text, []).append(typed)
        inside = {
            t.value
            for t in self._typed
            if (t.kind == "text" and len(t.value) >= TYPED_IN_TEXT)
            or (t.kind == "choice" and rarity(t.value) >= 2)
        }
        self.parts = Parts(SHORTEST_CHOSEN)
        """Texts that are looked for inside longer ones, the longest first."""
        for text in sorted(inside, key=len, reverse=True):
            self.parts.add(text, text)
        self.variables: list[Variable] = []
        self._names = Names()
        self._known: dict[tuple[str, str], str] = {}
        self._consumed: dict[tuple[str, str], None] = {}
        self._since = 0.0
        """When the last call began that the person made."""

    def state(self) -> tuple[int, int, int]:
        """What :meth:`restore` goes back to."""
        return len(self.variables), len(self._known), len(self._consumed)

    def restore(self, state: tuple[int, int, int]) -> None:
        """Forget the variables that were made since."""
        variables, known, consumed = state
        while len(self.variables) > variables:
            self._names.release(self.variables.pop().name)
        while len(self._known) > known:
            self._known.popitem()
        while len(self._consumed) > consumed:
            self._consumed.popitem()

    def after(self, call: Call) -> None:
        """``call`` was traced: what was done until it began belongs to it."""
        if call.trigger.kind == "person":
            self._since = call.timing.started

    def consume(self, typed: Typed) -> None:
        """A value that was typed was sent."""
        self._consumed[typed.control, typed.value] = None

    def typed_as(
        self, value: Any, text: str, place: Slot, at: float, is_alone: Callable[[str], bool]
    ) -> tuple[Typed | None, int]:
        """What was typed as this value, and how well the names agree.

        Args:
            is_alone: whether the call sends a text once.
        """
        best: tuple[tuple[int, float], Typed] | None = None
        if text in self._placeholders:
            return None, 0
        if isinstance(value, bool):
            for typed in reversed(self.by_text.get(text, ())):
                if typed.kind == "check" and typed.at <= at + 1 and typed.value == text:
                    if (close := self._closeness(typed, place)) >= 2:
                        return typed, close
            return None, 0
        for typed in self.by_text.get(text, ()):
            if typed.at > at + 1 or typed.kind == "check":
                continue
            close = self._closeness(typed, place)
            if best is None or (close, typed.at) >= best[0]:
                best = (close, typed.at), typed
        if best is None:
            return None, 0
        (close, _), typed = best
        weight = rarity(value)
        if weight >= 2 or close >= 1:
            return typed, close
        if place.location in ("segment", "header", "part"):
            return None, 0
        alone = (typed.control, typed.value) not in self._consumed and is_alone(text)
        return (typed, close) if alone else (None, 0)

    def _closeness(self, typed: Typed, place: Slot) -> int:
        names = [name for name in (typed.field, typed.label) if name]
        wanted = words(place.name)
        if any(name == place.name for name in names):
            return 3
        if any(words(name) == wanted and wanted for name in names):
            return 2
        return 1 if any(words(name) & wanted for name in names) else 0

    def variable(
        self, control: str, typed: str, name: str, value: Expression, type: str, other: str = ""
    ) -> VariableRef:
        """A variable for what was typed into a control: one for each control and text.

        Args:
            other: what it is named after if no letter of ``name`` can be in an identifier.
            value: its default.
            type: a Python annotation.
        """
        key = (control, typed)
        if key not in self._known:
            chosen = self._names.free(identifier(name, identifier(other, "value")))
            self._known[key] = chosen
            self.variables.append(Variable(name=chosen, value=value, python_type=type, label=name))
        return VariableRef(name=self._known[key])

    def plain(self, control: str, typed: str, name: str, value: Any, other: str = "") -> VariableRef:
        """A variable whose default is a plain value or a file."""
        return self.variable(control, typed, name, value, _type_of(value), other)

    def chosen(self, clue: Clue, name: str) -> Expression:
        """A text that the person typed or clicked, as a variable."""
        for typed in reversed(self.by_text.get(clue.text, ())):
            if (typed.control, typed.value) in self._known:
                return VariableRef(name=self._known[typed.control, typed.value])
        if ("chosen", clue.text) in self._known:
            return VariableRef(name=self._known["chosen", clue.text])
        return self.plain("chosen", clue.text, name, clue.text)

    def clues(self, call: Call) -> tuple[list[Clue], frozenset[str]]:
        """What the person typed and clicked until a call began, and the texts at the last click."""
        at = call.timing.started + 1
        clues: list[Clue] = []
        end = bisect_right(self._typed, at, key=lambda typed: typed.at)
        typed_last = self._typed[max(0, end - 60) : end]
        end = bisect_right(self._acts, at, key=lambda act: act[0])
        acts_last = self._acts[max(0, end - 30) : end]
        moments = sorted({*(t.at for t in typed_last), *(act[0] for act in acts_last)}, reverse=True)
        ages = {moment: number / 100 for number, moment in enumerate(moments)}
        for typed in typed_last:
            # Of an option the person knows the text.
            is_option = typed.kind == "choice" and typed.shown
            for text in (typed.shown,) if is_option else (typed.shown, typed.value):
                if text.strip() and typed.kind != "check":
                    clues.append(Clue(text=collapsed(text), rank=3 - ages[typed.at], typed=True))
        clicked: set[str] = set()
        for when, texts, telling in acts_last:
            if when >= self._since - 1 and call.trigger.kind in ("person", "call"):
                clicked.update(texts)
            base = 3 + (when == acts_last[-1][0]) / 2 - ages[when]
            for place, text, is_own in telling:
                clues.append(Clue(text=text, rank=base - place / 10_000, near=True, own=is_own))
        if clicked:
            clicked.update(clue.text for clue in clues if clue.typed)
        return clues, frozenset(clicked)

    def choice(self, name: str, text: str, at: float) -> str | None:
        """The text of the option, or of the label, that the person chose in a field of this name and value."""
        for typed in reversed(self.by_text.get(text, ())):
            if typed.at > at + 1 or typed.field != name:
                continue
            if typed.kind == "choice" and typed.value == text and typed.shown:
                return typed.shown
        return None

    def upload(self, name: str, at: float) -> Typed | None:
        """The upload of a file of that name."""
        uploads = (t for t in reversed(self.by_text.get(name, ())) if t.kind == "file" and t.value == name)
        return next((t for t in uploads if t.at <= at + 1), None)

    def latest(self, text: str, at: float) -> Typed | None:
        """The last control that the person had typed a text into by a moment."""
        return next((t for t in reversed(self.by_text.get(text, ())) if t.at <= at + 1), None)


def _texts_of(act: Acted) -> tuple[list[str], list[tuple[int, str, bool]]]:
    """The texts of what was used and of what was near it, and those that tell it apart: each with its place among them
    and whether it is its own."""
    texts = [act.name, *act.near]
    # What a button says is said by the buttons of other rows too.
    telling = [
        (place, collapsed(text), text == act.name)
        for place, text in enumerate(texts)
        if text and not (act.role == "button" and text == act.name)
    ]
    return [collapsed(text) for text in texts if text], telling


def collapsed(text: str) -> str:
    return " ".join(text.split())


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, File):
        return "str | Path"
    return "int" if isinstance(value, int) else "float" if isinstance(value, float) else "str"

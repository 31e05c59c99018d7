"""What a person changes in a recording by hand: calls to skip or to leave out for good, names of variables, values
that are secret. Kept as events of their own (:class:`recorder.events.Edited`) and applied to the facts, so that what
was recorded stays as it was and every change can be undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from recorder.adapters import adapter_of
from recorder.api import Parameter
from recorder.errors import UsageError
from recorder.events import Edit, Edited
from recorder.session import Call, File, SecretName, Session, Value
from recorder.spelling import decoded

SHORTEST = 4
"""Characters of a secret that is replaced inside other texts too; a shorter one would hit what is none."""

_KEPT = frozenset(
    "format kind status method connection component event role location python_type visibility how".split()
)
"""What in a session is never an app's or a person's own text."""
_KEPT_OF: dict[type, frozenset[str]] = {
    File: frozenset({"path", "sha256", "type"}),
    Value: frozenset({"name", "label"}),
    Parameter: frozenset({"name", "label"}),
}


def standing(edits: Iterable[Edited]) -> list[Edited]:
    """Those of them that were not undone."""
    kept: list[Edited] = []
    for edit in edits:
        if edit.what != "undo":
            kept.append(edit)
        elif kept:
            kept.pop()
    return kept


def resolved(session: Session, edit: Edit, nonce: str) -> Edited:
    """The fact that a person's wish comes to.

    Args:
        session: the one that the person sees.
        nonce: 16 hexadecimal digits for the placeholder of a secret, random.

    Raises:
        UsageError: there is no such call or input, or the value cannot be a secret.
    """
    if edit.what == "undo":
        return Edited(page="", seq=0, at=0.0, what="undo")
    call = next((c for c in _all(session) if c.id == edit.call), None)
    if call is None:
        raise UsageError(f"There is no call {edit.call!r} any more")
    if edit.what in ("rename", "secret") and not 0 <= edit.input < len(call.inputs):
        raise UsageError(f"The call {call.id} has no input {edit.input}")
    name = edit.name
    if edit.what == "secret":
        value = call.inputs[edit.input]
        if not isinstance(value.value, str) or not value.value:
            raise UsageError("Only a text can be a secret", "Choose an input that is a text")
        if "[recorder-secret:" in value.value:
            raise UsageError("There is a secret in it already")
        name = _variable(session, name or value.name or value.label)
    return Edited(
        page="", seq=0, at=0.0, what=edit.what, call=call.id, started=call.timing.started, endpoint=call.endpoint,
        input=edit.input, name=name, nonce=nonce if edit.what == "secret" else "",
    )  # fmt: skip


def edited(session: Session, edits: Iterable[Edited]) -> Session:
    """``session`` as a person has changed it. What an edit is about may be gone: it then changes nothing."""
    return edited_together(session, [], edits)[0]


def edited_together(
    session: Session, others: Iterable[Session], edits: Iterable[Edited]
) -> tuple[Session, list[Session]]:
    """As :func:`edited`, and ``others``, recorded on the same pages, without what is secret in ``session``."""
    # A secret is found by its value, which an earlier secret may have been part of: all are looked up first.
    found = [(edit, _find(session, edit)) for edit in standing(edits)]
    secrets: dict[str, Edited] = {}
    for edit, call in found:
        if edit.what == "secret" and call is not None and edit.input < len(call.inputs):
            value = call.inputs[edit.input].value
            if isinstance(value, str) and value:
                secrets.setdefault(value, edit)
    changes: dict[str, Callable[[Call], Call]] = {
        "skip": lambda call: msgspec.structs.replace(call, skip=True),
        "keep": lambda call: msgspec.structs.replace(call, skip=False),
    }
    calls = {id(call): call for call in session.calls}
    for edit, was in found:
        call = calls.get(id(was))
        if call is None:
            continue
        if edit.what == "delete":
            del calls[id(was)]
        elif edit.what == "rename" and edit.input < len(call.inputs):
            calls[id(was)] = _renamed(call, edit.input, edit.name)
        elif edit.what in changes:
            calls[id(was)] = changes[edit.what](call)
    gone = {call.id for call in session.calls if id(call) not in calls}
    kept = tuple(call for call in calls.values() if call.continues not in gone)
    made = msgspec.structs.replace(session, calls=kept)
    if not secrets:
        return made, list(others)
    return _without(made, secrets), [_without(other, secrets) for other in others]


def _all(session: Session) -> list[Call]:
    return [*session.calls, *(omitted.call for omitted in session.omitted)]


def _find(session: Session, edit: Edited) -> Call | None:
    at = [call for call in _all(session) if call.timing.started == edit.started]
    exact = [call for call in at if call.id == edit.call and call.endpoint == edit.endpoint]
    alike = [call for call in at if call.endpoint == edit.endpoint]
    return next(iter([*exact, *alike, *at]), None)


def _renamed(call: Call, position: int, name: str) -> Call:
    def named(value: Value) -> Value:
        return msgspec.structs.replace(value, variable=name or None)

    inputs = tuple(named(v) if i == position else v for i, v in enumerate(call.inputs))
    return msgspec.structs.replace(call, inputs=inputs)


def _variable(session: Session, wanted: str) -> str:
    word = re.sub(r"[^A-Z0-9]+", "_", wanted.upper()).strip("_")[:40] or "VALUE"
    name, number = f"RECORDER_SECRET_{word.removeprefix('RECORDER_SECRET_')}", 1
    base, taken = name, {secret.name for secret in session.secrets}
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _without(session: Session, secrets: dict[str, Edited]) -> Session:
    """Every text of the session, whatever it is part of, without these values."""
    placeholders = {value: f"[recorder-secret:{edit.nonce}:{edit.name}]" for value, edit in secrets.items()}
    forms: dict[str, str] = {}
    for value, placeholder in placeholders.items():
        forms[value] = placeholder
        # Inside JSON that is itself a text.
        forms[json.dumps(value)[1:-1]] = placeholder
        forms[json.dumps(value, ensure_ascii=False)[1:-1]] = placeholder
    inside = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, inside))) if inside else None

    kept = _KEPT | adapter_of(session.app.kind).own_texts

    def clean(node: Any) -> Any:
        if isinstance(node, str):
            if node in placeholders:
                return placeholders[node]
            return pattern.sub(lambda found: forms[found[0]], node) if pattern else node
        if isinstance(node, dict):
            return {clean(key): clean(item) for key, item in node.items()}
        if isinstance(node, list | tuple):
            return type(node)(map(clean, node))
        if isinstance(node, msgspec.Struct):
            also = _KEPT_OF.get(type(node), frozenset())
            texts = {n: getattr(node, n) for n in node.__struct_fields__ if n not in kept and n not in also}
            if isinstance(node, Call):
                # A secret may be escaped there. The values are sent also without the recorded spelling.
                is_in_values = clean(node.inputs) != node.inputs
                for name in ("address", "body"):
                    plain = decoded(texts[name])
                    texts[name] = "" if is_in_values or clean(plain) != plain else texts[name]
            return msgspec.structs.replace(node, **{name: clean(text) for name, text in texts.items()})
        return node

    made: Session = clean(session)
    names = tuple(
        SecretName(name=edit.name, placeholder=placeholders[value], hint="marked by hand")
        for value, edit in secrets.items()
    )
    return msgspec.structs.replace(made, secrets=(*made.secrets, *names))


def undoable(edits: Sequence[Edited]) -> bool:
    """Whether there is something to undo."""
    return bool(standing(edits))

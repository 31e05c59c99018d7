"""What `recorder show --explain` prints: for each value that a step sends, its origin and the evidence for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from recorder.adapters import adapter_of
from recorder.drift import adapted
from recorder.session import Call, Place, Proof, Session, encode_value, with_names
from recorder.show import ShownOmission, spelled
from recorder.workflow import (
    AppUrl,
    Argument,
    Cookie,
    Digest,
    Expression,
    Extended,
    Generated,
    Item,
    Link,
    Object,
    Origin,
    Reader,
    SecretRef,
    Spelled,
    Step,
    Text,
    VariableRef,
    Workflow,
    leaves,
)

Kind = Literal["typed", "chosen", "received", "generated", "constant", "secret", "cookie"]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a step sends. ``where`` is its location and name (``json user.name``); ``value`` the recorded
    one, spelled as in the session file; ``becomes`` what the script sends in its place, empty for a constant."""

    where: str
    value: Any
    becomes: str = ""
    origin: Kind
    evidence: str


class ExplainedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step and what it sends. ``setup``: it is made only because later steps need it."""

    id: str
    endpoint: str
    trigger: str = ""
    setup: bool = False
    values: tuple[Explained, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a workflow, and the calls that are no steps, each with the reason."""

    steps: tuple[ExplainedStep, ...]
    omitted: tuple[ShownOmission, ...]
    notes: tuple[str, ...] = ()


NOTHING_ELSE = "nothing that was observed gives it another origin"
_OF_PATH, _OF_MESSAGES, _OF_COOKIES = -2, -1, -3
"""Values of :attr:`recorder.workflow.Origin.argument` for what is not an argument."""


def explanation(session: Session, workflow: Workflow, omitted: tuple[ShownOmission, ...]) -> Explanation:
    """``workflow`` is the one made from ``session``; ``omitted`` are the calls that are no steps."""
    session = adapted(session)
    calls = {call.id: call for call in (*(o.call for o in session.omitted), *session.calls)}
    hints = {secret.name: secret.hint for secret in workflow.secrets}
    proofs = {(proof.call, proof.input): proof for proof in session.proofs}
    declares = adapter_of(workflow.app.kind).declares
    steps = (_Sent(step, calls.get(step.id), declares, hints, proofs) for step in workflow.steps)
    return Explanation(steps=tuple(s.explained() for s in steps), omitted=omitted, notes=session.notes)


class _Sent:
    """What one step sends."""

    def __init__(
        self,
        step: Step,
        call: Call | None,
        declares: bool,
        hints: dict[str, str],
        proofs: dict[tuple[str, int], Proof],
    ) -> None:
        self._step, self._call, self._declares = step, call, declares
        self._hints, self._proofs = hints, proofs
        self._origins: dict[int, list[Origin]] = {}
        for origin in step.origins:
            self._origins.setdefault(origin.argument, []).append(origin)

    def explained(self) -> ExplainedStep:
        step = self._step
        values = (*self._arguments(), *self._messages(), *self._cookies())
        return ExplainedStep(
            id=step.id, endpoint=step.endpoint.id, trigger=step.trigger, setup=step.setup, values=values
        )

    def _arguments(self) -> Iterator[Explained]:
        inputs = self._call.inputs if self._call is not None else ()
        for number, argument in enumerate(self._step.arguments):
            if argument.state or argument.skipped:
                continue
            where = " ".join(
                filter(None, (argument.location, argument.name or argument.label or argument.component))
            )
            if number >= len(inputs):
                recorded, origins = self._segment(argument)
                yield self._value(where, argument.value, recorded, origins, argument)
                continue
            value, origins = inputs[number].value, self._origins.get(number, [])
            if argument.key is not None:
                is_of_key = not _has_leaves(argument.value)
                own = origins if is_of_key else []
                yield self._value(f"{argument.location} name", argument.key, argument.name, own, argument)
                origins = [] if is_of_key else origins
            by_hand = inputs[number].variable is not None
            proof = self._proofs.get((self._step.id, number))
            for found in self._inside(where, (), argument.value, value, origins, argument, by_hand):
                yield found if proof is None else _with_proof(found, proof)

    def _messages(self) -> Iterator[Explained]:
        recorded = self._call.messages if self._call is not None else ()
        for number, message in enumerate(self._step.messages):
            if message.sent:
                value = recorded[number].value if number < len(recorded) else None
                origins = [
                    msgspec.structs.replace(o, path=o.path[1:])
                    for o in self._origins.get(_OF_MESSAGES, ())
                    if o.path[:1] == (number,)
                ]
                yield from self._inside(f"message {number + 1}", (), message.value, value, origins, None)

    def _cookies(self) -> Iterator[Explained]:
        for name, expression in self._step.cookies:
            origins = [o for o in self._origins.get(_OF_COOKIES, ()) if o.path[:1] == (name,)]
            found = self._value(f"cookie {name}", expression, _plain(expression), origins, None)
            why = f"a cookie that the page set itself; {found.evidence}"
            yield msgspec.structs.replace(found, origin="cookie", evidence=why)

    def _inside(
        self,
        where: str,
        path: Place,
        expression: Expression,
        recorded: Any,
        origins: list[Origin],
        argument: Argument | None,
        by_hand: bool = False,
    ) -> Iterator[Explained]:
        """A row for each leaf that is no constant; constants of one object or list share a row."""
        members: list[tuple[str | int, Expression]] = []
        if isinstance(expression, dict):
            members = list(expression.items())
        elif isinstance(expression, list):
            members = list(enumerate(expression))
        elif isinstance(expression, Object):
            # A name that is an expression has no place in the recorded object: both are in the same order.
            names = list(recorded) if isinstance(recorded, dict) else []
            members = [(name, value) for name, (_, value) in zip(names, expression.members, strict=False)]
            for key, _ in expression.members:
                if _has_leaves(key):
                    inner = f"{_at(where, path)}: name of a member"
                    yield self._value(inner, key, _plain(key), [], argument)
        below = [o for o in origins if o.path[: len(path)] == path]
        if not members or (not below and not _has_leaves(expression)):
            yield self._value(_at(where, path), expression, recorded, below, argument, by_hand)
            return
        constant = {
            key: item
            for key, item in members
            if not _has_leaves(item) and not any(o.path[len(path) : len(path) + 1] == (key,) for o in below)
        }
        for key, item in members:
            if key not in constant:
                inside = _member(recorded, key)
                yield from self._inside(where, (*path, key), item, inside, below, argument, by_hand)
        if constant:
            rest: Any = list(constant.values()) if isinstance(expression, list) else constant
            yield self._value(f"{_at(where, path)}: the rest", rest, rest, [], argument)

    def _value(
        self,
        where: str,
        expression: Expression,
        recorded: Any,
        origins: list[Origin],
        argument: Argument | None,
        by_hand: bool = False,
    ) -> Explained:
        kind, why = self._decided(expression, origins, argument, by_hand)
        return Explained(
            where=where.strip(),
            value=_named(encode_value(recorded)),
            becomes=_written(expression) if _has_leaves(expression) else "",
            origin=kind,
            evidence=why,
        )

    def _decided(
        self, expression: Expression, origins: list[Origin], argument: Argument | None, by_hand: bool
    ) -> tuple[Kind, str]:
        kinds = list(leaves(expression))
        names = [name for leaf in kinds if isinstance(leaf, SecretRef) for name in leaf.pieces[1::2]]
        if names:
            known = (f"{name} ({self._hints[name]})" if self._hints.get(name) else name for name in names)
            return "secret", f"given in the environment: {', '.join(dict.fromkeys(known))}"
        if by_hand:
            return "chosen", "made an argument by hand"
        if origins:
            is_cookie = isinstance(expression, Cookie)
            kind: Kind = "cookie" if is_cookie else next((o.origin for o in origins if o.why), "constant")
            return kind, "; ".join(dict.fromkeys(o.why for o in origins if o.why)) or NOTHING_ELSE
        for leaf in kinds:
            match leaf:
                case Link() if self._declares:
                    return "received", f"the app declares that {leaf.step} wrote what this call reads"
                case Link():
                    return "received", f"it is in what {leaf.step} received"
                case Cookie():
                    return "cookie", f"the value of the cookie {leaf.name}"
                case Generated():
                    return "generated", "the page made it"
                case VariableRef() if self._declares:
                    return "typed", "the person set this control"
                case VariableRef():
                    return (
                        "chosen",
                        "a person's request sent it, and the recording does not show what was typed",
                    )
        if any(isinstance(leaf, AppUrl) for leaf in kinds):
            return "constant", "the address of the app that the script runs against"
        if argument is not None and argument.default:
            return "constant", "the app's own default"
        return "constant", NOTHING_ELSE

    def _segment(self, argument: Argument) -> tuple[str | None, list[Origin]]:
        """The recorded value and the origins of a parameter of the path that was a literal in the recording."""
        pieces = _pieces(self._step.endpoint.path)
        if argument.location != "path" or f"{{{argument.name}}}" not in pieces or self._call is None:
            return None, []
        segment = pieces.index(f"{{{argument.name}}}")
        recorded = _pieces(self._call.endpoint.partition(" ")[2])
        origins = [o for o in self._origins.get(_OF_PATH, ()) if o.path[:1] == (segment,)]
        return unquote(recorded[segment]) if segment < len(recorded) else None, origins


def _pieces(path: str) -> list[str]:
    """The segments of a path template, which may begin with an origin; the first is what precedes the first slash."""
    rest = path.partition("://")[2]
    return (rest or path).split("/")


def _at(where: str, path: Place) -> str:
    inner = spelled(path)
    return f"{where}{'' if inner.startswith('[') else '.'}{inner}" if inner else where


def _member(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return None


def _has_leaves(expression: Expression) -> bool:
    """Whether it is more than JSON."""
    if isinstance(expression, Text | Spelled | Digest | Object | Extended | AppUrl):
        return True
    return next(leaves(expression), None) is not None


def _named(value: Any) -> Any:
    """With the names of secrets in place of their placeholders."""
    if isinstance(value, str):
        return with_names(value, r"${\1}")
    if isinstance(value, dict):
        return {_named(key): _named(item) for key, item in value.items()}
    return [_named(item) for item in value] if isinstance(value, list) else value


def _with_proof(found: Explained, proof: Proof) -> Explained:
    if found.origin != "received":
        return found
    words = {"link": "replays proved it", "constant": "it was the same in every replay", "refused": "refused"}
    said = f"{words[proof.proof]}: {proof.evidence}" if proof.evidence else words[proof.proof]
    return msgspec.structs.replace(found, evidence=f"{found.evidence}; {said}")


def _plain(expression: Expression) -> Any:
    """The recorded value of an expression, as far as it holds it itself."""
    return expression if isinstance(expression, str | int | float | bool) else None


def _written(expression: Expression) -> str:
    """An expression in a few words, as a person reads it."""
    match expression:
        case Link():
            return f"{expression.step}.{expression.output}{_path(expression.path)}" + "".join(
                map(_read, expression.readers)
            )
        case VariableRef():
            return f"argument {expression.name}"
        case SecretRef():
            return "".join(f"${{{p}}}" if n % 2 else p for n, p in enumerate(expression.pieces))
        case Cookie():
            return f"cookie {expression.name}"
        case AppUrl():
            return "address of the app"
        case Generated(kind="random"):
            return f"{expression.size} random {'characters' if expression.alphabet else 'bytes'}"
        case Generated(kind="time"):
            return "time now"
        case Generated():
            return "new UUID"
        case Digest():
            return f"{expression.algorithm} of {_whole(expression.value)}"
        case Spelled():
            return f"{expression.kind} of {_whole(expression.value)}"
        case Text():
            return " + ".join(map(_written, expression.pieces))
        case Object():
            members = (f"{_written(key)}: {_written(value)}" for key, value in expression.members)
            return f"{{{', '.join(members)}}}"
        case Extended():
            return f"{_written(expression.base)} with {_written(expression.value)}"
        case dict():
            return f"{{{', '.join(f'{_written(k)}: {_written(v)}' for k, v in expression.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_written, expression))}]"
    return json.dumps(encode_value(expression), ensure_ascii=False)


def _whole(expression: Expression) -> str:
    text = _written(expression)
    return f"({text})" if isinstance(expression, Text) and len(expression.pieces) > 1 else text


def _path(path: tuple[str | int | Item, ...]) -> str:
    text = ""
    for part in path:
        if isinstance(part, Item):
            text += f"[{_item(part)}]"
        else:
            inner = spelled((part,))
            text += inner if inner.startswith("[") else f".{inner}"
    return text


def _item(item: Item) -> str:
    words = " and ".join(f"{spelled(path)} is {_written(value)}" for path, value in item.fields) or "any"
    if item.nth:
        words += f", the last but {-item.nth - 1}" if item.nth < -1 else ", the last" if item.nth < 0 else ""
        words += f", number {item.nth + 1}" if item.nth > 0 else ""
    words += ", whatever its counts are" if item.counts else ""
    for relation, anchor in (("after", item.after), ("before", item.before)):
        if anchor is not None:
            words += f", {relation} [{_item(anchor)}]"
    return words


def _read(reader: Reader) -> str:
    return f" as {reader.kind}{_path(reader.path)}"

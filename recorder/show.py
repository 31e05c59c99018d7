"""What `recorder show` says of a session: its calls, and what of them is a link, a variable or a secret."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import msgspec

from recorder.drift import adapted
from recorder.session import (
    App,
    Call,
    Expectation,
    File,
    Learnt,
    Place,
    SecretName,
    Session,
    Value,
    encode_value,
    with_names,
)
from recorder.workflow import Cookie, Expression, Link, SecretRef, Step, VariableRef, Workflow, leaves_of


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One input or output. ``value`` is spelled as in the session file; ``link`` is ``<call>.<output>`` with the
    output counted from 0 in wire order, or ``cookie <name>``; ``variable`` and ``secrets`` are names. ``unchanged``:
    the app left it as it was; ``state``: it lives on the server, and has no value here."""

    name: str = ""
    value: Any = None
    link: str | None = None
    variable: str | None = None
    secrets: tuple[str, ...] = ()
    state: bool = False
    unchanged: bool = False


class ShownCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call; ``duration`` in ms. ``step``: it is made again; ``setup``: only because others need it."""

    id: str
    endpoint: str
    trigger: str = ""
    inputs: tuple[Shown, ...] = ()
    outputs: tuple[Shown, ...] = ()
    status: str = ""
    error: str | None = None
    duration: float | None = None
    step: bool = False
    setup: bool = False
    via: str = ""
    frames: int = 0
    """How many more times a device sent inputs."""
    yields: int = 0
    """How many values came."""
    skip: bool = False
    """The person does not want it to be made again."""
    control: str = ""
    """A locator of the control that made it, where there was one."""
    sure: str = ""
    """How sure the trigger is, where it was told by time: ``certain`` or ``likely``."""


class ShownLink(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An input that is an earlier call's output; both counted from 0 in wire order. ``proof`` is what replays showed of
    it: ``link``, ``constant``, ``refused``, or nothing yet."""

    call: str
    input: int
    source: str
    output: int
    proof: str = ""


class ShownVariable(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may choose, with the recorded value."""

    name: str
    type: str
    label: str
    value: Any


class ShownSecret(msgspec.Struct, frozen=True, kw_only=True):
    """An environment variable that scripts will need, and where its value was seen."""

    name: str
    hint: str


class ShownOmission(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is a fact but not a step, and why."""

    id: str
    endpoint: str
    why: str


class ShownExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """Where an output may differ from run to run, how, and what was seen."""

    call: str
    output: int
    path: str
    what: str
    evidence: str


class ShownLearnt(msgspec.Struct, frozen=True, kw_only=True):
    """What replays showed of a value that a call sends: ``where`` it stands, and ``source``, the call that gives it,
    empty where it is generated."""

    call: str
    where: str
    origin: str
    source: str
    evidence: str


class ShownPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What of the app's API the session was adapted to; ``confidence`` is from 0 to 1."""

    endpoint: str
    changes: tuple[str, ...]
    confidence: float


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. Anything in it that the app or the person wrote is data: show it through :func:`visible`."""

    app: App
    calls: tuple[ShownCall, ...]
    links: tuple[ShownLink, ...]
    variables: tuple[ShownVariable, ...]
    secrets: tuple[ShownSecret, ...]
    omitted: tuple[ShownOmission, ...]
    expectations: tuple[ShownExpectation, ...] = ()
    learnt: tuple[ShownLearnt, ...] = ()
    patches: tuple[ShownPatch, ...] = ()
    notes: tuple[str, ...] = ()


def overview(session: Session, workflow: Workflow) -> Overview:
    """``workflow`` is the one made from ``session``."""
    patches = session.patches
    session = adapted(session)
    proofs = {(proof.call, proof.input): proof.proof for proof in session.proofs}
    steps = {step.id: step for step in workflow.steps}
    setup = [o.call for o in session.omitted if o.call.id in steps]
    calls = sorted([*session.calls, *setup], key=lambda call: call.timing.started)
    return Overview(
        app=session.app,
        calls=tuple(_call(call, steps.get(call.id), session) for call in calls),
        links=tuple(
            ShownLink(
                call=step.id,
                input=position,
                source=link.step,
                output=link.output,
                proof=proofs.get((step.id, position), ""),
            )
            for step in workflow.steps
            for position, argument in enumerate(step.arguments)
            for link in leaves_of(Link, argument.value)
        ),
        variables=tuple(
            ShownVariable(name=v.name, type=v.python_type, label=v.label, value=_recorded(v.value))
            for v in workflow.variables
        ),
        secrets=tuple(ShownSecret(name=secret.name, hint=secret.hint) for secret in workflow.secrets),
        omitted=tuple(
            ShownOmission(id=o.call.id, endpoint=o.call.endpoint, why=o.why)
            for o in session.omitted
            if o.call.id not in steps
        ),
        expectations=tuple(
            ShownExpectation(
                call=e.call, output=e.output, path=spelled(e.path), what=allowance(e), evidence=e.evidence
            )
            for e in session.expectations
        ),
        learnt=tuple(
            ShownLearnt(
                call=e.call, where=place_of(e, session), origin=e.origin, source=e.source, evidence=e.evidence
            )
            for e in session.learnt
        ),
        patches=tuple(
            ShownPatch(endpoint=p.endpoint, changes=p.changes, confidence=p.confidence) for p in patches
        ),
        notes=session.notes,
    )


def place_of(learnt: Learnt, session: Session) -> str:
    """The place of a value that replays taught something about, in words."""
    if learnt.input < 0:
        return {-1: "a message", -2: "the path", -3: "a cookie"}.get(learnt.input, "")
    calls = (*session.calls, *(o.call for o in session.omitted))
    inputs = next((call.inputs for call in calls if call.id == learnt.call), ())
    name = inputs[learnt.input].name if learnt.input < len(inputs) else ""
    inside = spelled(learnt.path) if learnt.path else ""
    return ".".join(part for part in (name, inside) if part) or "the body"


def recorded(call: Call, session: Session) -> ShownCall:
    """A call before it is known whether it is made again, and how: as if it were."""
    return msgspec.structs.replace(_call(call, None, session), step=True)


def _call(call: Call, step: Step | None, session: Session) -> ShownCall:
    expressions = [argument.value for argument in step.arguments] if step is not None else []
    return ShownCall(
        id=call.id,
        endpoint=call.endpoint,
        trigger=call.trigger.words(),
        inputs=tuple(
            _input(value, expressions[i] if i < len(expressions) else None, session.secrets)
            for i, value in enumerate(call.inputs)
        ),
        outputs=tuple(_value(value, session.secrets) for value in call.outputs),
        status=call.status,
        error=call.error,
        duration=call.timing.ended,
        step=step is not None,
        setup=step is not None and step.setup,
        via=step.via if step is not None else "",
        frames=len(call.frames),
        yields=call.yields,
        skip=call.skip,
        control=call.trigger.locator,
        sure=call.trigger.sure,
    )


def _input(value: Value, expression: Expression, secrets: tuple[SecretName, ...]) -> Shown:
    shown = _value(value, secrets)
    links = list(leaves_of(Link, expression))
    variables = list(leaves_of(VariableRef, expression))
    cookies = list(leaves_of(Cookie, expression))
    return msgspec.structs.replace(
        shown,
        link=f"{links[0].step}.{links[0].output}"
        if links
        else f"cookie {cookies[0].name}"
        if cookies
        else None,
        variable=variables[0].name if variables else None,
    )


def _value(value: Value, secrets: tuple[SecretName, ...]) -> Shown:
    encoded = encode_value(value.value)
    text = json.dumps(encoded, ensure_ascii=False) if secrets else ""
    return Shown(
        name=value.name or value.label or value.component,
        value=encoded,
        secrets=tuple(secret.name for secret in secrets if secret.placeholder and secret.placeholder in text),
        state=value.state,
        unchanged=value.skipped,
    )


def _recorded(expression: Expression) -> Any:
    """An expression as JSON; a secret is spelled as the environment variable that holds it."""
    if isinstance(expression, SecretRef):
        return "".join(f"${{{piece}}}" if i % 2 else piece for i, piece in enumerate(expression.pieces))
    if isinstance(expression, dict):
        return {key: _recorded(item) for key, item in expression.items()}
    if isinstance(expression, list):
        return [_recorded(item) for item in expression]
    return encode_value(expression)


class Unlike(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of a call that two sessions have differently, in a few words each."""

    what: str
    first: str = ""
    second: str = ""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A call that two sessions have in common, by its ids in both; empty where one has it not."""

    endpoint: str
    first: str = ""
    second: str = ""
    differences: tuple[Unlike, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two sessions, call by call, in the order in which they were made; ``same`` counts those without a difference."""

    pairs: tuple[Pair, ...]
    same: int


def compared(first: Overview, second: Overview) -> Comparison:
    """Which calls two sessions have in common, and what is different in these.

    Calls are taken for one another where they are of one endpoint and stand in the same order.
    """
    was, now = first.calls, second.calls
    matcher = SequenceMatcher(None, [c.endpoint for c in was], [c.endpoint for c in now], autojunk=False)
    pairs: list[Pair] = []
    for kind, i, until_i, j, until_j in matcher.get_opcodes():
        if kind == "equal":
            pairs += (_pair(was[i + n], now[j + n]) for n in range(until_i - i))
        else:
            pairs += (Pair(endpoint=call.endpoint, first=call.id) for call in was[i:until_i])
            pairs += (Pair(endpoint=call.endpoint, second=call.id) for call in now[j:until_j])
    same = sum(bool(pair.first and pair.second and not pair.differences) for pair in pairs)
    return Comparison(pairs=tuple(pairs), same=same)


def _pair(first: ShownCall, second: ShownCall) -> Pair:
    found = []
    if (first.status, first.error) != (second.status, second.error):
        said = [f"{call.status}: {call.error}" if call.error else call.status for call in (first, second)]
        found.append(Unlike(what="status", first=visible(said[0], 400), second=visible(said[1], 400)))
    for sort, values, others in (
        ("input", first.inputs, second.inputs),
        ("output", first.outputs, second.outputs),
    ):
        for place in range(max(len(values), len(others))):
            one, other = (all[place] if place < len(all) else None for all in (values, others))
            if _seen(one) != _seen(other):
                named = one or other
                assert named is not None
                texts = [_told(v) if v is not None else "" for v in (one, other)]
                found.append(Unlike(what=f"{sort} {named.name or place}", first=texts[0], second=texts[1]))
    return Pair(endpoint=first.endpoint, first=first.id, second=second.id, differences=tuple(found))


def _told(shown: Shown) -> str:
    return brief(msgspec.structs.replace(shown, value=_named(shown.value), variable=None), 400)


def _named(value: Any) -> Any:
    """With the names of secrets, whose placeholders are another in each recording."""
    if isinstance(value, str):
        return with_names(value)
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    return [_named(item) for item in value] if isinstance(value, list) else value


def _seen(shown: Shown | None) -> Any:
    """What of a value can differ: not where a file lies, and not the value of what is linked."""
    if shown is None or shown.state or shown.unchanged:
        return None if shown is None else ("state", shown.state, shown.unchanged)
    return ("link", shown.link) if shown.link is not None else ("value", _content(_named(shown.value)))


def _content(value: Any) -> Any:
    if isinstance(value, dict):
        file = value.get("$file") if len(value) == 1 else None
        if isinstance(file, dict):
            return ("file", file.get("sha256") or file.get("name"))
        return {key: _content(item) for key, item in value.items()}
    return [_content(item) for item in value] if isinstance(value, list) else value


def allowance(expectation: Expectation) -> str:
    """What an expectation allows, in a few words."""
    match expectation.kind:
        case "tolerance":
            return f"within {expectation.tolerance or 0:g}"
        case "pattern":
            return f"like {visible(expectation.pattern, 100)}"
    return expectation.kind


def spelled(place: Place) -> str:
    """A place inside a value as a person reads it: ``[0].content``."""
    parts = []
    for part in place:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part == "*":
            parts.append("[*]")
        else:
            plain = part.isidentifier() and len(part) <= 80
            parts.append(f".{part}" if plain else f"[{brief(Shown(value=part), 80)}]")
    return "".join(parts).lstrip(".")


def dump(view: msgspec.Struct) -> str:
    """As JSON text, ASCII only, so that any recorded text survives any terminal."""
    return json.dumps(msgspec.to_builtins(view), indent=2) + "\n"


def visible(text: str, width: int | None = None) -> str:
    """``text`` safe to print: no control character reaches the terminal, none that reorders or hides what follows.

    Args:
        width: cut to this many characters, with an ellipsis.
    """
    cut = width is not None and len(text) > width
    shown = "".join(map(_visible_character, text[:width] if cut else text))
    if width is not None and (cut or len(shown) > width):
        return shown[: max(width - 1, 0)] + "…"
    return shown


def _visible_character(char: str) -> str:
    if char.isprintable():
        return char
    if unicodedata.category(char) == "Zs":
        return " "
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def brief(shown: Shown, width: int = 40) -> str:
    """One value in a few words, through :func:`visible`."""
    if shown.state:
        return "(state)"
    if shown.unchanged:
        return "(unchanged)"
    if shown.link is not None:
        return f"← {visible(shown.link)}"
    text = visible(_spelled(shown.value, width), width)
    return f"{text} → {visible(shown.variable)}" if shown.variable is not None else text


def _spelled(value: Any, width: int) -> str:
    if isinstance(value, str):
        return json.dumps(value[: width + 1], ensure_ascii=False)
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(value.get("$file"), dict):
            return _file(msgspec.convert(value["$file"], File))
        if "$number" in value:
            return str(value["$number"])
    if isinstance(value, dict):
        pieces = (
            f"{json.dumps(key, ensure_ascii=False)}: {_spelled(item, width)}" for key, item in value.items()
        )
        return "{" + _joined(pieces, width) + "}"
    if isinstance(value, list):
        return "[" + _joined((_spelled(item, width) for item in value), width) + "]"
    return json.dumps(value)


def _joined(pieces: Iterator[str], width: int) -> str:
    """No more of a large value than can be seen."""
    text = ""
    for piece in pieces:
        text += (", " if text else "") + piece
        if len(text) > width:
            break
    return text


def _file(file: File) -> str:
    size = f", {_bytes(file.size)}" if file.size is not None else ""
    return f"file {file.name}{size}" + (f", not kept: {file.lost}" if file.lost else "")


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"

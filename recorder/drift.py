"""What became of an endpoint since it was recorded: said in sentences, with a patch where calls can be made to fit.

Nothing here is applied unasked: a patch is stored in the session, and :func:`adapted` makes of that the calls as
they would have been recorded of the app as it is now.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from recorder.api import Api, Endpoint, Parameter
from recorder.session import Call, Expectation, Frame, Patch, Proof, Replacement, Session, Value

LIKELY = 0.6
"""The least confidence with which an endpoint of another name is taken for the same one."""

AHEAD = 0.1
"""By how much it must be ahead of the next."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What calls send for one input: ``values`` as recorded, and whether any of them is more than the app's own
    default. A link has no value here."""

    values: tuple[Any, ...] = ()
    chosen: bool = False


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What changed about the endpoint of id ``endpoint``, a sentence each without a final stop.

    ``patch`` makes its calls fit; None where that cannot be done, and then ``refused`` says why. ``gone``: there is
    nothing left that it could be.
    """

    endpoint: str
    changes: tuple[str, ...]
    patch: Patch | None = None
    refused: str = ""
    gone: bool = False

    def sentence(self) -> str:
        """All of it in one sentence."""
        told = "; ".join(self.changes)
        if self.gone:
            return told
        if self.patch is None:
            return f"{told} (cannot be healed: {self.refused})"
        return f"{told} (--heal can adapt the session, confidence {100 * self.patch.confidence:.0f} %)"


def drift(
    recorded: Endpoint,
    given: Sequence[Given],
    live: Sequence[Endpoint],
    known: Collection[str] = (),
    linked: Collection[int] = (),
) -> Drift | None:
    """How an endpoint differs from what was recorded, None where its calls fit as they are.

    Only what has a public name is looked at: a number is no promise, and changes with every edit of an app.

    Args:
        given: what is sent for each of its parameters.
        live: the endpoints of the app as it is now.
        known: the names that the recorded app had, which no other endpoint goes by now.
        linked: the outputs, by position, that later steps take.
    """
    name = recorded.api_name
    if name is None or recorded.rendered_in is not None or recorded.server_fn:
        return None
    same = [endpoint for endpoint in live if endpoint.api_name == name and endpoint.rendered_in is None]
    if same:
        best = max(
            same, key=lambda endpoint: (_likeness(recorded, endpoint), endpoint.fn_index == recorded.fn_index)
        )
        return _compared(recorded, given, best, [], 1.0, linked)
    others = [e for e in live if e.api_name and e.api_name not in known and e.rendered_in is None]
    ranked = sorted(((_likeness(recorded, e), e) for e in others), key=lambda pair: -pair[0])
    gone = f"the app has no endpoint /{name} any more"
    if not ranked or ranked[0][0] < LIKELY:
        names = sorted({f"/{e.api_name}" for e in live if e.api_name})
        if names:
            gone += f"; it has {', '.join(names[:12])}{' …' if len(names) > 12 else ''}"
        return Drift(endpoint=recorded.id, changes=(gone,), refused="nothing else is like it", gone=True)
    confidence, best = ranked[0]
    if len(ranked) > 1 and confidence - ranked[1][0] < AHEAD:
        refused = f"/{best.api_name} and /{ranked[1][1].api_name} are as much like it"
        return Drift(endpoint=recorded.id, changes=(gone,), refused=refused)
    return _compared(recorded, given, best, [f"/{name} is called /{best.api_name} now"], confidence, linked)


def _likeness(recorded: Endpoint, live: Endpoint) -> float:
    """How likely two endpoints are the same function, from 0 to 1: by what they take and give, then by name and
    place."""
    shape = (_alike(recorded.parameters, live.parameters) + _alike(recorded.returns, live.returns)) / 2
    name = difflib.SequenceMatcher(None, recorded.api_name or "", live.api_name or "").ratio()
    place = 1.0 if recorded.fn_index == live.fn_index else 0.0
    told = 1.0 if recorded.description and recorded.description == live.description else name
    return round(0.6 * shape + 0.15 * name + 0.15 * place + 0.1 * told, 2)


def _alike(recorded: Sequence[Parameter], live: Sequence[Parameter]) -> float:
    was, now = _visible(recorded), _visible(live)
    if not was and not now:
        return 1.0
    taken: set[int] = set()
    score = 0.0
    for _, parameter in was:
        ranked = [(_same(parameter, other), -i, i) for i, other in now if i not in taken]
        if ranked:
            likeness, _, best = max(ranked)
            if likeness:
                taken.add(best)
                score += likeness
    return score / max(len(was), len(now))


def _same(one: Parameter, other: Parameter) -> float:
    kind = 1.0 if one.component == other.component else 0.5 if _fits(one, other) else 0.0
    if not kind:
        return 0.0
    names = (bool(one.name) and one.name == other.name) or (bool(one.label) and one.label == other.label)
    return kind * (1.0 if names else 0.6)


def _fits(one: Parameter, other: Parameter) -> bool:
    """Whether a value of the one is a value of the other."""
    if one.component == other.component:
        return True
    if one.python_type and other.python_type:
        return one.python_type == other.python_type
    return one.schema is not None and _kind(one.schema) == _kind(other.schema)


def _kind(schema: Any) -> Any:
    return schema.get("type") if isinstance(schema, dict) else None


def _visible(parameters: Sequence[Parameter]) -> list[tuple[int, Parameter]]:
    return [(i, parameter) for i, parameter in enumerate(parameters) if not parameter.state]


def _compared(
    recorded: Endpoint,
    given: Sequence[Given],
    live: Endpoint,
    changes: list[str],
    confidence: float,
    linked: Collection[int],
) -> Drift | None:
    where = f"/{live.api_name}"
    was, now = _visible(recorded.parameters), _visible(live.parameters)
    pairs = _paired(was, now)
    refused: list[str] = []
    values: list[Replacement] = []
    for i, parameter in now:
        if i not in pairs:
            called = _called(parameter)
            if parameter.has_default:
                default = json.dumps(parameter.default, default=str)
                changes.append(f"{where} has a new parameter {called}, by default {default[:60]}")
                confidence = min(confidence, 0.95)
            else:
                changes.append(f"{where} has a new parameter {called}")
                refused.append(f"{called} has no default, and the session no value for it")
    for i, parameter in was:
        if i not in pairs.values():
            called = _called(parameter)
            changes.append(f"{where} has no parameter {called} any more")
            if i < len(given) and given[i].chosen:
                refused.append(f"the session has a value for {called}")
            else:
                confidence = min(confidence, 0.8)
    order = [old for _, old in sorted(pairs.items())]
    if order != sorted(order):
        changes.append(
            f"{where} takes its parameters in another order: {', '.join(_called(p) for _, p in now)}"
        )
        confidence = min(confidence, 0.95)
    old_of = dict(was)
    for i, parameter in now:
        if i not in pairs:
            continue
        old = old_of[pairs[i]]
        if old.name and parameter.name and old.name != parameter.name:
            changes.append(f"{where} calls its parameter {_called(old)} {_called(parameter)} now")
            confidence = min(confidence, 0.9 if _same(old, parameter) == 1.0 else 0.8)
        sent = given[pairs[i]] if pairs[i] < len(given) else Given()
        if not _fits(old, parameter):
            kinds = f"{old.component or 'something else'}, is now {parameter.component or 'something else'}"
            changes.append(f"{where} takes another kind of value for {_called(parameter)}: was {kinds}")
            refused.append(f"a value for {old.component} may be none for {parameter.component}")
            continue
        for value in sent.values:
            found = _chosen(value, old, parameter)
            if found is None:
                continue
            replacement, sure = found
            offered = ", ".join(
                json.dumps(_value_of(choice), default=str) for choice in parameter.choices[:12]
            )
            changes.append(
                f"{where} offers no {json.dumps(value, default=str)} for {_called(parameter)} any more, but {offered}"
            )
            if replacement is None:
                refused.append(f"none of these is like {json.dumps(value, default=str)}")
            else:
                values.append(Replacement(input=i, was=value, now=replacement))
                confidence = min(confidence, sure)
    outputs = _outputs(recorded, live, where, changes, refused, linked)
    if not changes:
        return None
    changes = list(dict.fromkeys(changes))
    if refused:
        return Drift(endpoint=recorded.id, changes=tuple(changes), refused="; ".join(dict.fromkeys(refused)))
    states = iter(i for i, parameter in enumerate(recorded.parameters) if parameter.state)
    patch = Patch(
        endpoint=recorded.id,
        now=live,
        inputs=tuple(
            next(states, None) if parameter.state else pairs.get(i)
            for i, parameter in enumerate(live.parameters)
        ),
        outputs=outputs,
        values=tuple({(r.input, json.dumps(r.was, default=str)): r for r in values}.values()),
        changes=tuple(changes),
        confidence=round(confidence, 2),
    )
    return Drift(endpoint=recorded.id, changes=tuple(changes), patch=patch)


def _called(parameter: Parameter) -> str:
    return repr(parameter.name or parameter.label or parameter.component or "without a name")


def _paired(was: list[tuple[int, Parameter]], now: list[tuple[int, Parameter]]) -> dict[int, int]:
    """For each parameter now, the recorded one that it is: by name, then by label and kind, then by kind and
    order."""
    pairs: dict[int, int] = {}

    def pair(same: Any) -> None:
        for i, parameter in now:
            if i in pairs:
                continue
            found = [j for j, old in was if j not in pairs.values() and same(old, parameter)]
            if found:
                pairs[i] = found[0]

    pair(lambda old, new: bool(old.name) and old.name == new.name)
    pair(lambda old, new: bool(old.label) and (old.label, old.component) == (new.label, new.component))
    # One that is gone for one that is new; where they are not as many, what has a default is what is new.
    left = [old for j, old in was if j not in pairs.values()]
    fresh = [new for i, new in now if i not in pairs]
    required = [new for new in fresh if not new.has_default]
    if len(left) == len(fresh):
        pair(lambda old, new: _fits(old, new) and left.index(old) == fresh.index(new))
        pair(_fits)
    elif len(left) == len(required):
        pair(lambda old, new: new in required and _fits(old, new) and left.index(old) == required.index(new))
    elif not any(parameter.name for _, parameter in (*was, *now)):
        pair(_fits)
    return pairs


def _value_of(choice: Any) -> Any:
    """A choice is a value, or a pair of what is shown and the value."""
    return choice[1] if isinstance(choice, list | tuple) and len(choice) == 2 else choice


def _shown_of(choice: Any) -> Any:
    return choice[0] if isinstance(choice, list | tuple) and len(choice) == 2 else choice


def _chosen(value: Any, old: Parameter, new: Parameter) -> tuple[Any, float] | None:
    """What takes the place of a value that was among the choices and is not any more, and how sure that is.

    None where the value may stay; a None in its place where nothing is like it.
    """
    if not new.choices or value is None:
        return None
    if isinstance(value, list):
        return _each(value, old, new)
    now, was = [_value_of(c) for c in new.choices], [_value_of(c) for c in old.choices]
    if value in now or (was and value not in was):
        return None
    shown = next((_shown_of(c) for c in old.choices if _value_of(c) == value), value)
    for choice in new.choices:
        if shown == _shown_of(choice):
            return _value_of(choice), 0.9
    for choice in new.choices:
        if _folded(shown) in (_folded(_shown_of(choice)), _folded(_value_of(choice))):
            return _value_of(choice), 0.9
    texts = {_folded(_shown_of(choice)): _value_of(choice) for choice in new.choices}
    close = difflib.get_close_matches(_folded(shown), texts, n=2, cutoff=0.75)
    return (texts[close[0]], 0.7) if len(close) == 1 else (None, 0.0)


def _each(values: list[Any], old: Parameter, new: Parameter) -> tuple[Any, float] | None:
    found = [_chosen(value, old, new) for value in values]
    if not any(found):
        return None
    replaced = [one[0] if one else value for one, value in zip(found, values, strict=True)]
    sure = min(one[1] for one in found if one)
    return (replaced, sure) if sure else (None, 0.0)


def _folded(text: Any) -> str:
    return " ".join(str(text).casefold().replace("_", " ").replace("-", " ").split())


def _outputs(
    recorded: Endpoint,
    live: Endpoint,
    where: str,
    changes: list[str],
    refused: list[str],
    linked: Collection[int],
) -> tuple[int | None, ...]:
    """For each output now, the position of the recorded one."""
    was, now = _visible(recorded.returns), _visible(live.returns)
    pairs: dict[int, int] = {}
    kinds = [parameter.component for _, parameter in was] == [parameter.component for _, parameter in now]
    if kinds and sorted(p.label for _, p in was) != sorted(p.label for _, p in now):
        pairs = {i: j for (i, _), (j, _) in zip(now, was, strict=True)}
    else:
        for same in (
            lambda a, b: (a.component, a.label) == (b.component, b.label),
            lambda a, b: a.component == b.component,
        ):
            for i, parameter in now:
                found = [j for j, old in was if j not in pairs.values() and same(old, parameter)]
                if i not in pairs and found:
                    pairs[i] = found[0]
    for i, parameter in now:
        if i not in pairs:
            changes.append(f"{where} gives one more output, {_called(parameter)}")
    for j, old in was:
        if j not in pairs.values():
            changes.append(f"{where} does not give {_called(old)} any more")
            if j in linked:
                refused.append(f"a later call takes {_called(old)}")
    order = [old for _, old in sorted(pairs.items())]
    if order != sorted(order):
        changes.append(f"{where} gives its outputs in another order")
    states = iter(i for i, parameter in enumerate(recorded.returns) if parameter.state)
    return tuple(
        next(states, None) if parameter.state else pairs.get(i) for i, parameter in enumerate(live.returns)
    )


# A session, made to fit


def adapted(session: Session) -> Session:
    """The session as if it had been recorded of the app that its patches describe; it has none any more."""
    for patch in session.patches:
        session = _patched(session, patch)
    return msgspec.structs.replace(session, patches=())


def as_recorded(
    session: Session, expectations: Sequence[Expectation], proofs: Sequence[Proof]
) -> tuple[list[Expectation], list[Proof]]:
    """What is known of the calls as :func:`adapted` makes them, in the places that they were recorded with.

    What the app takes or gives only since then has none, and is left out.
    """
    if not session.patches:
        return list(expectations), list(proofs)
    applied: dict[str, list[Patch]] = {}
    for call in (*session.calls, *(o.call for o in session.omitted)):
        endpoint = call.endpoint
        for patch in session.patches:
            if patch.endpoint == endpoint:
                endpoint = patch.now.id
                applied.setdefault(call.id, []).insert(0, patch)

    def outputs(e: Expectation) -> int | None:
        return _before(e.output, [patch.outputs for patch in applied.get(e.call, ())])

    def inputs(p: Proof) -> int | None:
        return _before(p.input, [patch.inputs for patch in applied.get(p.call, ())])

    replace = msgspec.structs.replace
    return (
        [replace(e, output=output) for e in expectations if (output := outputs(e)) is not None],
        [replace(p, input=place) for p in proofs if (place := inputs(p)) is not None],
    )


def _before(position: int, patches: Sequence[Sequence[int | None]]) -> int | None:
    """Where a position was before the patches, the last of them first."""
    place: int | None = position
    for positions in patches:
        place = _at(positions, place)
    return place


def _patched(session: Session, patch: Patch) -> Session:
    replace = msgspec.structs.replace
    touched = {
        call.id
        for call in (*session.calls, *(o.call for o in session.omitted))
        if call.endpoint == patch.endpoint
    }
    # From a recorded position to the one now.
    outputs = {old: new for new, old in enumerate(patch.outputs) if old is not None}
    inputs = {old: new for new, old in enumerate(patch.inputs) if old is not None}

    def call(one: Call) -> Call:
        given = tuple(_relinked(value, touched, outputs) for value in one.inputs)
        if one.id not in touched:
            return replace(one, inputs=given)
        return replace(
            one,
            endpoint=patch.now.id,
            inputs=tuple(
                _input(patch, position, _at(given, old)) for position, old in enumerate(patch.inputs)
            ),
            outputs=tuple(
                _output(patch.now.returns[position], _at(one.outputs, old))
                for position, old in enumerate(patch.outputs)
            )
            if one.outputs
            else (),
            stream=tuple([_at(chunk, old) for old in patch.outputs] for chunk in one.stream),
            frames=tuple(
                Frame(
                    inputs=tuple(_at(frame.inputs, old) for old in patch.inputs),
                    at=frame.at,
                    passed_over=frame.passed_over,
                )
                for frame in one.frames
            ),
        )

    new = tuple(position for position, old in enumerate(patch.outputs) if old is None)
    expectations = [
        replace(e, output=outputs[e.output]) if e.call in touched else e
        for e in session.expectations
        if e.call not in touched or e.output in outputs
    ]
    for id in sorted(touched):
        for position in new:
            evidence = "the app gives it only since it was recorded"
            expectations.append(Expectation(call=id, output=position, kind="volatile", evidence=evidence))
    return replace(
        session,
        api=Api(endpoints=tuple(patch.now if e.id == patch.endpoint else e for e in session.api.endpoints)),
        calls=tuple(map(call, session.calls)),
        omitted=tuple(replace(o, call=call(o.call)) for o in session.omitted),
        expectations=tuple(expectations),
        proofs=tuple(_proof(proof, touched, inputs) for proof in session.proofs),
    )


def _at(values: Any, position: int | None) -> Any:
    """What a list has at a position, None where it has none."""
    if position is None or not isinstance(values, list | tuple) or position >= len(values):
        return None
    return values[position]


def _proof(proof: Proof, touched: Collection[str], inputs: dict[int, int]) -> Proof:
    if proof.call not in touched or proof.input not in inputs:
        return proof
    return msgspec.structs.replace(proof, input=inputs[proof.input])


def _relinked(value: Value, touched: Collection[str], outputs: dict[int, int]) -> Value:
    if value.written_by not in touched or value.output is None:
        return value
    if value.output in outputs:
        return msgspec.structs.replace(value, output=outputs[value.output])
    return msgspec.structs.replace(value, written_by=None, output=None)


def _input(patch: Patch, position: int, recorded: Value | None) -> Value:
    parameter = patch.now.parameters[position]
    if recorded is None:
        return Value(
            name=parameter.name,
            label=parameter.label,
            component=parameter.component,
            component_id=parameter.component_id,
            value=None if parameter.state else parameter.default,
            state=parameter.state,
            default=not parameter.state,
        )
    value = recorded.value
    for replacement in patch.values:
        if replacement.input == position and replacement.was == value:
            value = replacement.now
    return msgspec.structs.replace(recorded, name=parameter.name, value=value, component=parameter.component)


def _output(parameter: Parameter, recorded: Value | None) -> Value:
    if recorded is None:
        return Value(label=parameter.label, component=parameter.component, state=parameter.state)
    return msgspec.structs.replace(recorded, component=parameter.component)

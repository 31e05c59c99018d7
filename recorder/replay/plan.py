"""What exactly to send: a workflow, the values that the person chose, and the app as it describes itself now.

All of it is decided here, before and apart from any sending.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from recorder.adapters.gradio.describe import Dependency, Description
from recorder.adapters.gradio.describe import endpoint as endpoint_of
from recorder.api import Endpoint, Parameter
from recorder.drift import Drift, Given, drift
from recorder.errors import UsageError
from recorder.placeholders import is_readable
from recorder.session import File
from recorder.show import visible
from recorder.workflow import (
    Expression,
    Link,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    leaves_of,
    tainted,
)


class LocalFile(msgspec.Struct, frozen=True):
    """A leaf of a chosen value: a file of this machine, to be uploaded in place of the recorded one."""

    path: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are all variables, chosen or as recorded, as expressions without variables; ``chosen`` names those
    that were set to something else. ``tainted`` says for each step that depends on one of these, which they are."""

    workflow: Workflow
    values: dict[str, Expression]
    secrets: dict[str, str]
    chosen: tuple[str, ...] = ()
    tainted: dict[str, tuple[str, ...]] = {}
    cookie: str = ""
    """The cookies that an app with an HTTP API is sent from the beginning, as in a ``Cookie`` header."""


def plan(workflow: Workflow, values: Mapping[str, str], environment: Mapping[str, str]) -> Plan:
    """Everything that can be decided without the app.

    Args:
        values: what the person wrote after ``--set``, by name.
        environment: where secrets are taken from.

    Raises:
        UsageError: an unknown variable, a value that does not fit, a file that is not there, a secret that is not set.
    """
    return plan_with(workflow, parse_values(workflow, values), environment)


def plan_with(workflow: Workflow, chosen: Mapping[str, Expression], environment: Mapping[str, str]) -> Plan:
    """As :func:`plan`, where the values have been read already."""
    changed = tuple(name for name, value in chosen.items() if value != _recorded(workflow, name))
    for secret in workflow.secrets:
        if not is_readable(secret.name):
            raise UsageError(
                f"The secret {secret.name[:80]!r} would be read from a variable that is not the recorder's",
                "Do not replay a session that you do not trust",
            )
    missing = [secret for secret in workflow.secrets if secret.name not in environment]
    if missing:
        named = ", ".join(f"{s.name} ({visible(s.hint, 80)})" if s.hint else s.name for s in missing)
        raise UsageError(
            f"This session needs what was kept out of its file: {named}",
            f"Set {'it' if len(missing) == 1 else 'them'} in the environment",
        )
    return Plan(
        workflow=workflow,
        values={v.name: chosen.get(v.name, v.value) for v in workflow.variables},
        secrets={secret.name: environment[secret.name] for secret in workflow.secrets},
        chosen=changed,
        tainted=tainted(workflow, changed),
        cookie=environment.get("RECORDER_COOKIE", ""),
    )


def parse_values(workflow: Workflow, values: Mapping[str, str]) -> dict[str, Expression]:
    """What was written after ``--set``, each read by the kind of value that was recorded.

    Raises:
        UsageError: the name is unknown (the sentence lists those there are), or the value does not fit.
    """
    parsed = {}
    for name, text in values.items():
        variable = workflow.variable(name)
        if variable is None:
            known = ", ".join(v.name for v in workflow.variables)
            raise UsageError(
                f"There is no variable {name!r} in this session",
                f"The variables are {known}" if known else "It has no variables, so leave --set out",
            )
        parsed[name] = _parse(variable, text)
    return parsed


def _recorded(workflow: Workflow, name: str) -> Expression:
    variable = workflow.variable(name)
    return variable.value if variable else None


def _parse(variable: Variable, text: str) -> Expression:
    recorded = variable.value
    if isinstance(recorded, str | SecretRef):
        return text
    if isinstance(recorded, File):
        return _local(variable.name, text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = _unparsed(variable, text)
    value = _shaped(variable, value, recorded)
    if isinstance(recorded, bool) and not isinstance(value, bool):
        raise UsageError(f"{variable.name} is true or false, not {text!r}", f"Write {variable.name}=true")
    return value


def _unparsed(variable: Variable, text: str) -> Expression:
    """What a person means who does not write JSON."""
    recorded = variable.value
    if isinstance(recorded, bool):
        if text.lower() in ("true", "yes", "on", "false", "no", "off"):
            return text.lower() in ("true", "yes", "on")
        raise UsageError(f"{variable.name} is true or false, not {text!r}", f"Write {variable.name}=true")
    if isinstance(recorded, int | float):
        raise UsageError(f"{variable.name} is a number, not {text!r}", f"Write {variable.name}={recorded}")
    if isinstance(recorded, list):
        if recorded and all(isinstance(item, File | str) for item in recorded):
            return [text]
        raise UsageError(
            f"{variable.name} is a list, and {text!r} is not JSON", f'Write {variable.name}=["a", "b"]'
        )
    if isinstance(recorded, dict):
        if isinstance(recorded.get("text"), str):
            return {**recorded, "text": text}
        raise UsageError(
            f"{variable.name} is an object, and {text!r} is not JSON", f'Write {variable.name}={{"key": 1}}'
        )
    return text


def _shaped(variable: Variable, value: Any, recorded: Expression) -> Expression:
    """``value`` with a path turned into a file wherever the recorded value has files."""
    if isinstance(recorded, File) and isinstance(value, str):
        return _local(variable.name, value)
    if isinstance(recorded, list) and isinstance(value, list):
        pattern = next((item for item in recorded if item is not None), None)
        pattern = next((item for item in recorded if isinstance(item, File)), pattern)
        return [_shaped(variable, item, pattern) for item in value]
    if isinstance(recorded, dict) and isinstance(value, dict):
        shaped = {key: _shaped(variable, item, recorded.get(key)) for key, item in value.items()}
        if variable.component == "multimodaltextbox" and isinstance(shaped.get("files"), list):
            shaped["files"] = [_local(variable.name, f) if isinstance(f, str) else f for f in shaped["files"]]
        return shaped
    return value


def _local(name: str, text: str) -> LocalFile:
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"{name} is a file, and there is none at {text!r}", "Give the path of a file")
    return LocalFile(str(path.resolve()))


# Where a step goes in the app as it is now


def drifts_of(workflow: Workflow, description: Description) -> tuple[Drift, ...]:
    """What changed about the endpoints of a workflow, given how the app describes itself now."""
    used: dict[str, list[Step]] = {}
    for step in workflow.steps:
        used.setdefault(step.endpoint.id, []).append(step)
    linked: dict[str, set[int]] = {}
    owner = {step.id: step.endpoint.id for step in workflow.steps}
    for step in workflow.steps:
        for link in leaves_of(Link, [argument.value for argument in step.arguments]):
            linked.setdefault(owner.get(link.step, ""), set()).add(link.output)
    live = [
        endpoint_of(description, dependency)
        for dependency in description.dependencies.values()
        if dependency.backend
    ]
    known = {*workflow.names, *(s.endpoint.api_name for s in workflow.steps if s.endpoint.api_name)}
    found = (
        drift(steps[0].endpoint, _given(workflow, steps), live, known, linked.get(id, ()))
        for id, steps in used.items()
    )
    return tuple(one for one in found if one is not None)


def _given(workflow: Workflow, steps: list[Step]) -> list[Given]:
    given = []
    for position in range(len(steps[0].arguments)):
        arguments = [step.arguments[position] for step in steps if position < len(step.arguments)]
        values = []
        for argument in arguments:
            value = argument.value
            if isinstance(value, VariableRef):
                variable = workflow.variable(value.name)
                value = variable.value if variable is not None else None
            if not argument.state and _is_plain(value):
                values.append(value)
        chosen = any(not (a.default or a.state or a.skipped or a.value is None) for a in arguments)
        given.append(Given(values=tuple(values), chosen=chosen))
    return given


def _is_plain(value: Expression) -> bool:
    return isinstance(value, str | bool | int | float) or (
        isinstance(value, list) and all(isinstance(item, str | bool | int | float) for item in value)
    )


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a step addresses in the live app.

    ``inputs`` has for each live input the position of the argument to send, None for ``null``; ``outputs`` has for each
    recorded output the position of the live one, None where there is none. ``trigger_id`` is the live control;
    ``server_id`` the one that has the function on the server which is addressed in place of ``dependency``.
    """

    dependency: Dependency
    inputs: tuple[int | None, ...]
    outputs: tuple[int | None, ...]
    trigger_id: int | None = None
    server_id: int | None = None
    note: str = ""


class Missing(msgspec.Struct, frozen=True):
    """The live app has no such endpoint; ``why`` is a sentence without its final stop."""

    why: str


def locate(
    step: Step, description: Description, rendered: Collection[int] | None = None, of: str = "the app"
) -> Target | Missing:
    """Where ``step`` goes in the app that ``description`` describes.

    By public name first, then by id with the same kinds of inputs and outputs.

    Args:
        rendered: the ids of the dependencies that calls of this page rendered, which are the only ones that a
            rendered endpoint can be.
        of: what to call the app in a sentence.
    """
    endpoint = step.endpoint
    if endpoint.server_fn:
        return _serving(endpoint, description, of)
    if endpoint.rendered_in is not None:
        ids = [id for id in rendered or () if id in description.dependencies]
        if not ids:
            return Missing(f"{_called(endpoint)} exists only once a call has rendered it, and none has")
        found = [description.dependencies[id] for id in ids]
    else:
        found = [d for d in description.dependencies.values() if d.rendered_in is None]
    found = [d for d in found if d.backend]
    named = [d for d in found if endpoint.api_name is not None and d.api_name == endpoint.api_name]
    if named:
        alike = [d for d in named if _alike(endpoint, description, d)] or named
        chosen = next((d for d in alike if d.id == endpoint.fn_index), alike[0])
        return _target(step, description, chosen, "")
    # A name that is gone may be a function that is gone, and another in its place must not be called instead.
    alike = [d for d in found if _alike(endpoint, description, d, labels=endpoint.api_name is not None)]
    if endpoint.api_name is None:
        alike = [d for d in alike if d.api_name is None] or alike
    same = [d for d in alike if d.id == endpoint.fn_index]
    if not same and len(alike) == 1 and (endpoint.api_name is None or endpoint.rendered_in is not None):
        same = alike
    if same:
        now = same[0].api_name
        note = f"is called /{now} now" if now and endpoint.api_name else ""
        return _target(step, description, same[0], note)
    if endpoint.api_name is None:
        return Missing(f"{of} has no function with the inputs and outputs of {_called(endpoint)} any more")
    names = sorted({f"/{d.api_name}" for d in found if d.api_name})
    known = f"; it has {', '.join(names[:12])}{' …' if len(names) > 12 else ''}" if names else ""
    return Missing(f"{of} has no endpoint {_called(endpoint)} any more{known}")


def _serving(endpoint: Endpoint, description: Description, of: str) -> Target | Missing:
    """The control that has the function: the recorded one, else the first of its kind that has it."""
    was = endpoint.parameters[0] if endpoint.parameters else Parameter()
    found = [c for c in description.components.values() if endpoint.server_fn in c.server_fns]
    found.sort(key=lambda c: (c.id != was.component_id, c.type != was.component, c.label != was.label))
    if not found:
        return Missing(f"{of} has no control with a function {endpoint.server_fn!r} any more")
    return Target(dependency=Dependency(id=-1), inputs=(0,), outputs=(0,), server_id=found[0].id)


def _called(endpoint: Endpoint) -> str:
    return f"/{endpoint.api_name}" if endpoint.api_name else f"number {endpoint.fn_index}"


def _alike(
    endpoint: Endpoint, description: Description, dependency: Dependency, labels: bool = False
) -> bool:
    live = endpoint_of(description, dependency)
    return _same_kinds(endpoint.parameters, live.parameters, labels) and _same_kinds(
        endpoint.returns, live.returns, labels
    )


def _same_kinds(recorded: tuple[Parameter, ...], live: tuple[Parameter, ...], labels: bool) -> bool:
    return len(recorded) == len(live) and all(
        a.component == b.component and not (labels and a.label and b.label and a.label != b.label)
        for a, b in zip(recorded, live, strict=True)
    )


def _target(step: Step, description: Description, dependency: Dependency, note: str) -> Target | Missing:
    live = endpoint_of(description, dependency)
    given = [argument.state for argument in step.arguments]
    inputs = _aligned(given, [parameter.state for parameter in live.parameters])
    if inputs is None:
        takes, sent = sum(not p.state for p in live.parameters), given.count(False)
        inputs_now = f"{takes} input{'' if takes == 1 else 's'}"
        was = f"the {sent} that {'was' if sent == 1 else 'were'} recorded"
        return Missing(f"{_called(step.endpoint)} takes {inputs_now} now, not {was}")
    # The other way round: for each recorded output, where it is now.
    outputs = _aligned([p.state for p in live.returns], [output.state for output in step.outputs])
    if outputs is None:
        outputs = tuple(range(len(step.outputs)))
    targets = [target for target, _ in dependency.targets if target is not None]
    trigger = step.trigger_id
    if trigger is not None and targets and trigger not in targets:
        trigger = targets[0]
    return Target(dependency=dependency, inputs=inputs, outputs=outputs, trigger_id=trigger, note=note)


def _aligned(source: list[bool], wanted: list[bool]) -> tuple[int | None, ...] | None:
    """For each of ``wanted``, the position in ``source`` of the value that belongs there; flags say what is State,
    which may have come or gone. None where the values are not as many."""
    if source == wanted:
        return tuple(range(len(source)))
    values = [position for position, state in enumerate(source) if not state]
    if len(values) != wanted.count(False):
        return None
    rest = iter(values)
    return tuple(None if state else next(rest) for state in wanted)

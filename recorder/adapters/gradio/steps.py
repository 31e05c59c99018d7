"""A Gradio session becomes a workflow: which calls are steps, what their arguments are, and who can make them."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from recorder.adapters import Selection, chosen_calls
from recorder.adapters.gradio.timeline import is_empty
from recorder.api import Endpoint, Parameter
from recorder.session import Call, File, Session, Value, encode_value
from recorder.workflow import (
    Argument,
    Expression,
    Link,
    Names,
    Output,
    SecretFinder,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves_of,
    python_type,
)


def workflow(session: Session, selection: Selection) -> Workflow:
    """What to do again.

    Raises:
        UsageError: the selection names a call or endpoint that was not recorded.
    """
    calls, setup = _select(session, selection)
    builder = _Builder(session)
    steps = tuple(builder.step(call, call.id in setup) for call in calls)
    arguments = [argument.value for step in steps for argument in step.arguments]
    linked = {(link.step, link.output) for link in leaves_of(Link, arguments)}
    steps = tuple(
        msgspec.structs.replace(
            step,
            outputs=tuple(
                msgspec.structs.replace(output, linked=(step.id, position) in linked)
                for position, output in enumerate(step.outputs)
            ),
        )
        for step in steps
    )
    values = [*(a.value for step in steps for a in step.arguments), *(v.value for v in builder.variables)]
    values += [step.event_data for step in steps]
    values += [value for step in steps for frame in step.frames for value in frame]
    used = {name for leaf in leaves_of(SecretRef, values) for name in leaf.pieces[1::2]}
    return Workflow(
        name=selection.name,
        app=session.app,
        names=tuple(e.api_name for e in session.api.endpoints if e.api_name is not None),
        steps=steps,
        variables=tuple(builder.variables),
        secrets=tuple(secret for secret in session.secrets if secret.name in used),
    )


def _select(session: Session, selection: Selection) -> tuple[list[Call], set[str]]:
    """The calls that become steps, in order, and the ids of those among them that are set-up."""
    chosen = chosen_calls(session, selection)
    pages = {call.page for call in chosen}
    taken = {call.id for call in chosen}
    setup = [
        o.call
        for o in session.omitted
        if o.setup and o.call.id not in taken and o.call.page in pages and not o.call.skip
    ]
    moments: dict[str, tuple[float, float]] = {}
    listed = 0.0
    for call in session.calls:
        # The session has its calls in the order of their effect, which what was begun at once need not keep.
        listed = max(listed, call.timing.started)
        moments[call.id] = (listed, 0.0)
    moments = {call.id: moments.get(call.id, (call.timing.started, 0.0)) for call in chosen}
    begun = ended = 0.0
    for call in sorted(setup, key=lambda call: call.timing.started):
        # What the page made side by side as it loaded had its effect on the server in the order it ended.
        end = call.timing.started + (call.timing.ended or 0.0)
        begun, ended = (begun, max(ended, end)) if call.timing.started < ended else (call.timing.started, end)
        moments[call.id] = (begun, end)
    return sorted([*setup, *chosen], key=lambda call: moments[call.id]), {call.id for call in setup}


class _Builder:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._endpoints = {endpoint.id: endpoint for endpoint in session.api.endpoints}
        self._names = Names()
        self._pages: dict[str, str] = {}
        self._variables: dict[tuple[str, int | str | None, str], str] = {}
        self._taken = Names()
        self._secrets = SecretFinder(session.secrets)
        self._standing = {inner: call.id for call in session.calls for inner in call.stands_for}
        self._status: dict[str, Call] = {}
        self.variables: list[Variable] = []

    def step(self, call: Call, setup: bool) -> Step:
        endpoint = self._endpoints.get(call.endpoint) or Endpoint(id=call.endpoint, visibility="private")
        via = _via(self._session, endpoint, call)
        listed = via == "client" and endpoint.visibility == "public"
        arguments = []
        for position, value in enumerate(call.inputs):
            parameter = endpoint.parameters[position] if position < len(endpoint.parameters) else None
            arguments.append(self._argument(call, value, parameter, listed, setup))
        names = Names()
        outputs = tuple(
            Output(
                name=names.free(identifier(value.label, value.component or "output")),
                label=value.label,
                component=value.component,
                value=value.value,
                state=value.state,
                skipped=value.skipped,
                reply=value.reply,
                properties=value.update,
            )
            for value in call.outputs
        )
        # A call may stand for those that a later one followed.
        after = [self._standing.get(id, id) for id in (call.trigger.call, *call.after) if id is not None]
        after = [id for id in dict.fromkeys(after) if id in self._status]
        self._status[call.id] = call
        return Step(
            id=call.id,
            name=self._names.free(identifier(endpoint.name, "call")),
            endpoint=endpoint,
            arguments=tuple(arguments),
            outputs=outputs,
            via=via,
            trigger=call.trigger.words(),
            trigger_id=call.trigger_id,
            event_data=self._secrets.replace(call.event_data),
            setup=setup,
            expect=call.status,
            error=call.error,
            cancel_after=call.yields if call.status == "cancelled" else None,
            stream=call.stream,
            frames=tuple(
                tuple(self._secrets.replace(value) for value in frame.inputs)
                for frame in call.frames
                if not frame.passed_over
            ),
            cut_short=call.cut_short,
            yields=call.yields,
            started=call.timing.started,
            duration=call.timing.ended or 0.0,
            after=tuple(after),
            page=self._pages.setdefault(call.page, f"p{len(self._pages) + 1}"),
        )

    def _argument(
        self, call: Call, value: Value, parameter: Parameter | None, listed: bool, setup: bool
    ) -> Argument:
        if value.state:
            return Argument(label=value.label, component="state", state=True)
        plain = value.value
        default = False
        expression: Expression = self._secrets.replace(plain)
        linked = self._link(value)
        if linked is not None and value.variable is None:
            expression = linked
        elif (value.changed and not setup) or value.variable is not None:
            expression = VariableRef(name=self._variable(call, value, expression))
        elif parameter is not None and parameter.has_default and listed:
            default = _is_default(plain, parameter.default)
        return Argument(
            name=value.name if listed else "",
            value=expression,
            label=value.label,
            component=value.component,
            skipped=value.skipped,
            default=default,
        )

    def _link(self, value: Value) -> Link | None:
        if value.written_by is None or value.output is None or value.written_by not in self._status:
            return None
        source = self._status[value.written_by]
        if source.status != "ok" or value.output >= len(source.outputs):
            return None
        # What is not worth a link, and may be another way to say that there is nothing than the output's.
        if is_empty(value.value):
            return None
        return Link(step=source.id, output=value.output)

    def _variable(self, call: Call, value: Value, expression: Expression) -> str:
        spelled = json.dumps(encode_value(value.value), sort_keys=True)
        where: int | str | None = value.component_id if value.variable is None else value.variable
        key = (call.page if value.variable is None else "", where, spelled)
        if key not in self._variables:
            wanted = value.variable or value.name or value.label
            name = self._taken.free(identifier(wanted, value.component or "value"))
            self._variables[key] = name
            self.variables.append(
                Variable(
                    name=name,
                    value=expression,
                    python_type=python_type(value.value),
                    label=value.label,
                    component=value.component,
                )
            )
        return self._variables[key]


def _via(session: Session, endpoint: Endpoint, call: Call) -> Literal["client", "raw"]:
    """``client`` where the public Python client can make this call so that the app notices no difference."""
    if endpoint.api_name is None or endpoint.visibility == "private" or not endpoint.id.startswith("/"):
        return "raw"
    if endpoint.event_data or endpoint.connection == "stream" or call.frames or session.app.query:
        return "raw"
    if len(call.inputs) != len(endpoint.parameters):
        return "raw"
    if any(value.skipped and value.value is not None for value in call.inputs):
        return "raw"
    return "client"


def _is_default(plain: Any, default: Any) -> bool:
    if isinstance(plain, File):
        return isinstance(default, dict) and default.get("path") == plain.server_path
    if isinstance(plain, bool) or isinstance(default, bool):
        return plain is default
    return bool(plain == default)

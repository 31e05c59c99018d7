"""Workflows written by hand for a live app, for the tests of replay."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from e2e.apps import GradioApp
from recorder.adapters.gradio.describe import Dependency, Description, describe, endpoint
from recorder.api import Api
from recorder.replay.report import Report, Reports
from recorder.replay.run import replay, replay_runs
from recorder.session import App, Call, SecretName, Session, Value
from recorder.workflow import Argument, Link, Output, Step, Variable, VariableRef, Workflow

ANYTHING = object()


class Recording:
    """A workflow in the making, its endpoints as the live app describes them."""

    def __init__(self, app: GradioApp) -> None:
        self.description = description_of(app)
        self.app = app
        self.steps: list[Step] = []
        self.variables: list[Variable] = []
        self.secrets: list[SecretName] = []
        self.query = ""

    def add(self, name: str, *values: Any, gives: Any = None, **fields: Any) -> Step:
        dependency = self.dependency(name)
        addressed = endpoint(self.description, dependency)
        step = Step(
            id=f"c{len(self.steps) + 1}",
            name=name,
            endpoint=addressed,
            arguments=tuple(
                Argument(state=p.state, label=p.label, value=None if p.state else value)
                for p, value in zip(addressed.parameters, values, strict=True)
            ),
            outputs=tuple(
                value
                if isinstance(value, Output)
                else Output(
                    name=f"o{i}", label=p.label, state=p.state, value=None if value is ANYTHING else value
                )
                for i, (p, value) in enumerate(zip(addressed.returns, gives or (), strict=False))
            ),
            trigger_id=dependency.targets[0][0] if dependency.targets else None,
            page="p1",
        )
        self.steps.append(msgspec.structs.replace(step, **fields))
        return self.steps[-1]

    def dependency(self, name: str) -> Dependency:
        """By public name; the one private handler of a click has none on 4.x and 5.x."""
        listed = self.description.dependencies.values()
        named = [d for d in listed if d.api_name == name]
        return (
            named[0] if named else next(d for d in listed if d.api_name is None and d.event(None) == "click")
        )

    @property
    def exact_names(self) -> bool:
        """Whether this line keeps all characters of the names of files that it is sent."""
        return self.description.version.startswith("6.")

    def variable(self, name: str, value: Any) -> VariableRef:
        self.variables.append(Variable(name=name, value=value))
        return VariableRef(name=name)

    @property
    def workflow(self) -> Workflow:
        return Workflow(
            name="session",
            app=App(url=self.app.url, kind="gradio", query=self.query),
            steps=tuple(self.steps),
            variables=tuple(self.variables),
            secrets=tuple(self.secrets),
        )

    async def replay(self, folder: Path = Path(), **named: Any) -> Report:
        return await replay(self.workflow, files=folder, **named)

    async def replay_runs(self, *rows: dict[str, str], folder: Path = Path(), **named: Any) -> Reports:
        return await replay_runs(self.workflow, rows=rows, files=folder, **named)


def link(step: Step, output: int = 0) -> Link:
    """What an earlier step gives."""
    return Link(step=step.id, output=output)


def told(report: Report | Reports) -> list[str]:
    """All that a report says."""
    return [*report.sentences(), *report.notes()]


def a_call(
    description: Description, id: str, name: str, *values: Any, gives: Any = (), **fields: Any
) -> Call:
    """A call as it would have been recorded of an endpoint, ``values`` and ``gives`` in wire order; the first input
    is what the person set."""
    dependency = next(d for d in description.dependencies.values() if d.api_name == name)
    addressed = endpoint(description, dependency)
    inputs = tuple(
        Value(
            name=p.name,
            label=p.label,
            component=p.component,
            component_id=p.component_id,
            value=None if p.state else value,
            state=p.state,
            changed=not p.state,
        )
        for p, value in zip(addressed.parameters, values, strict=True)
    )
    outputs = tuple(
        Value(label=p.label, component=p.component, component_id=p.component_id, value=value, state=p.state)
        for p, value in zip(addressed.returns, gives, strict=False)
    )
    return Call(
        **{"id": id, "endpoint": addressed.id, "inputs": inputs, "outputs": outputs, "page": "p1", **fields}
    )


def a_session(app: GradioApp, description: Description, calls: Sequence[Call]) -> Session:
    """A session of that app."""
    endpoints = tuple(endpoint(description, d) for d in description.dependencies.values() if d.backend)
    return Session(
        app=App(url=app.url, kind="gradio", api_prefix=description.api_prefix),
        api=Api(endpoints=endpoints),
        calls=tuple(calls),
    )


def description_of(app: GradioApp) -> Description:
    """What the app says of itself, names of parameters included."""
    with urllib.request.urlopen(f"{app.url}/config") as answer:
        config = json.load(answer)
    with urllib.request.urlopen(f"{app.url}{config.get('api_prefix', '')}/info?all_endpoints=true") as answer:
        info = json.load(answer)
    description = describe(config, info)
    assert description is not None
    return description

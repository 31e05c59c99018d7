"""One call of an endpoint of a Gradio app, as a workflow."""

from __future__ import annotations

from recorder.api import Endpoint
from recorder.session import App
from recorder.workflow import Argument, Names, Output, Step, Variable, VariableRef, Workflow, identifier


def calling(app: App, endpoint: Endpoint) -> Workflow:
    """A step whose arguments are variables, but for State and for what the public client leaves out."""
    taken = Names()
    arguments, variables = [], []
    for parameter in endpoint.parameters:
        if parameter.state or parameter.skipped:
            arguments.append(
                Argument(label=parameter.label, state=parameter.state, skipped=parameter.skipped)
            )
            continue
        name = taken.free(identifier(parameter.name or parameter.label, parameter.component or "value"))
        variables.append(
            Variable(
                name=name,
                value=parameter.default if parameter.has_default else None,
                python_type=parameter.python_type or "Any",
                label=parameter.label,
                component=parameter.component,
                schema=parameter.schema,
                choices=parameter.choices,
                required=not parameter.has_default,
                description=parameter.description,
                example=parameter.example,
            )
        )
        value = VariableRef(name=name)
        arguments.append(
            Argument(name=parameter.name, value=value, label=parameter.label, component=parameter.component)
        )
    names = Names()
    outputs = tuple(
        Output(
            name=names.free(identifier(returned.label, returned.component or "output")),
            label=returned.label,
            component=returned.component,
            state=returned.state,
            skipped=returned.skipped,
        )
        for returned in endpoint.returns
    )
    step = Step(
        id="c1",
        name=identifier(endpoint.name, "call"),
        endpoint=endpoint,
        arguments=tuple(arguments),
        outputs=outputs,
        page="p1",
    )
    return Workflow(name=endpoint.name, app=app, steps=(step,), variables=tuple(variables))

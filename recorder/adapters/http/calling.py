"""One call of an endpoint of an HTTP API, as a workflow."""

from __future__ import annotations

from collections.abc import Collection

from recorder.api import Endpoint
from recorder.session import App
from recorder.workflow import Argument, Names, Output, Step, Variable, VariableRef, Workflow, identifier

_TYPES = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "array": "list[Any]"}


def calling(app: App, endpoint: Endpoint, given: Collection[str] | None = None) -> Workflow:
    """A request whose parameters are variables; of those that the app can do without, only the ``given`` ones."""
    taken = Names()
    arguments, variables = [], []
    for parameter in endpoint.parameters:
        name = taken.free(identifier(parameter.name, "body"))
        schema = parameter.schema if isinstance(parameter.schema, dict) else {}
        variable = Variable(
            name=name,
            value=schema.get("default"),
            python_type=_TYPES.get(str(schema.get("type")), "Any"),
            label=parameter.name,
            component="file" if is_file(schema) else parameter.location,
            schema=schema,
            required=parameter.required,
            description=parameter.description,
        )
        variables.append(variable)
        if parameter.required or given is None or name in given:
            arguments.append(
                Argument(
                    name=parameter.name,
                    value=VariableRef(name=name),
                    label=parameter.name,
                    component=variable.component,
                    location=parameter.location,
                )
            )
    step = Step(
        id="c1",
        name=identifier(endpoint.name, "call"),
        endpoint=endpoint,
        arguments=tuple(arguments),
        outputs=(Output(name="body", label="body"),),
        via="raw",
        page="p1",
    )
    return Workflow(name=endpoint.name, app=app, steps=(step,), variables=tuple(variables))


def is_file(schema: dict[str, object]) -> bool:
    """Whether a value of this schema is a file of a form."""
    return schema.get("format") == "binary" or "contentMediaType" in schema

"""Tools: an endpoint of an app, or a recorded session, as something that is called with named values.

Either is a workflow, and its variables are what the tool takes; nothing here knows who calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from recorder.adapters import Selection, adapter_of, workflow
from recorder.api import Api, Endpoint
from recorder.config import Source
from recorder.serve.functions import Function, dereferenced, load
from recorder.session import App, File, Session
from recorder.workflow import Names, Step, Variable, Workflow, identifier

FILE_HINT = "A path on this machine, an http(s) address, or a data: URL."
LONGEST_NAME = 64
_FILES = {"file", "image", "audio", "video", "uploadbutton", "model3d", "downloadbutton"}
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_JSON = {"string", "integer", "number", "boolean", "array", "object", "null"}


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """``files`` is the folder to which the paths of recorded files are relative; ``endpoint`` is what is called,
    None for a session and for a ``function``, whose workflow has only variables. ``source`` is where it comes from.
    ``hidden``: callable, but not listed."""

    name: str
    description: str
    workflow: Workflow
    files: Path = Path()
    endpoint: Endpoint | None = None
    function: Function | None = None
    source: Literal["endpoint", "session", "function"] = "endpoint"
    hidden: bool = False

    def schema(self) -> dict[str, Any]:
        """What it takes, as JSON Schema."""
        properties = {variable.name: property_of(variable) for variable in self.workflow.variables}
        required = [variable.name for variable in self.workflow.variables if variable.required]
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def chosen(self, given: Collection[str]) -> Workflow:
        """What to do where the ``given`` variables are chosen."""
        if self.endpoint is None:
            return self.workflow
        return adapter_of(self.workflow.app.kind).calling(self.workflow.app, self.endpoint, given)

    @property
    def last(self) -> Step | None:
        """The step whose outputs are the result."""
        steps = [step for step in self.workflow.steps if not step.setup and step.outputs]
        return steps[-1] if steps else None


def tools_of(app: App, api: Api) -> list[Tool]:
    """A tool for each endpoint that is not private; those that the app does not list are hidden."""
    adapter = adapter_of(app.kind)
    found = []
    for endpoint in api.endpoints:
        is_callable = endpoint.id.startswith("/") or not adapter.by_name
        if (
            endpoint.visibility == "private"
            or not is_callable
            or endpoint.method in ("WS", "HEAD", "OPTIONS")
        ):
            continue
        if endpoint.connection in ("stream", "form"):
            continue  # a device's frames and a form's fields are no values to be named
        found.append(
            Tool(
                name=_name(endpoint.name),
                description=endpoint.description or f"Calls {endpoint.id} of {app.title or app.url}.",
                workflow=adapter.calling(app, endpoint),
                endpoint=endpoint,
                hidden=endpoint.visibility == "hidden",
            )
        )
    return found


def tool_of(session: Session, workflow: Workflow, files: Path) -> Tool:
    """A tool that does again what was recorded."""
    calls = ", ".join(dict.fromkeys(step.endpoint.id for step in workflow.steps if not step.setup))
    return Tool(
        name=_name(workflow.name),
        description=f"Does again what was recorded of {session.app.title or session.app.url}: {calls}.",
        workflow=workflow,
        files=files,
        source="session",
    )


def added_by(source: Source, open_session: Callable[[Path], Session]) -> list[Tool]:
    """The tools that a ``recorder.toml`` adds.

    Raises:
        FileError: a session cannot be read, or a function not be had.
    """
    found = []
    for name, added in source.config.add.items():
        where = f"{source.path}, line {source.line('add', name)}"
        if added.session:
            path = source.folder / added.session
            session = open_session(path)
            whole = workflow(session, Selection(name=identifier(name, "call")))
            tool = tool_of(session, whole, path.parent)
        else:
            function, flow, about = load(added.function, source.folder, where)
            about = about or f"Calls {added.function}."
            tool = Tool(name=name, description=about, workflow=flow, function=function, source="function")
        about = added.description or tool.description
        found.append(msgspec.structs.replace(tool, name=name, description=about, hidden=added.hidden))
    return found


def listed(tools: Iterable[Tool]) -> list[Tool]:
    """Those that are not hidden."""
    return [tool for tool in tools if not tool.hidden]


def named_apart(tools: Sequence[Tool]) -> list[Tool]:
    """The same, no two by one name."""
    taken = Names()
    return [msgspec.structs.replace(tool, name=taken.free(tool.name)) for tool in tools]


def _name(wanted: str) -> str:
    return identifier(wanted, "call")[:LONGEST_NAME]


def takes_file(variable: Variable) -> bool:
    """Whether a value of a variable is one file."""
    if isinstance(variable.value, File) or variable.component == "file":
        return not _is_list(variable.schema)
    return variable.component in _FILES and not _is_list(variable.schema)


def takes_files(variable: Variable) -> bool:
    """Whether a value of a variable is a list of files."""
    if isinstance(variable.value, list):
        return bool(variable.value) and all(isinstance(item, File) for item in variable.value)
    return variable.component in _FILES and _is_list(variable.schema)


def _is_list(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "array"


def property_of(variable: Variable) -> dict[str, Any]:
    """What a variable takes, as JSON Schema."""
    label = re.sub(r"\s+", " ", variable.label).strip()
    label = label if label != variable.name else ""
    if takes_file(variable):
        return {"type": "string", "description": f"{label}. {FILE_HINT}" if label else FILE_HINT}
    if takes_files(variable):
        about = f"{label}. {FILE_HINT}" if label else FILE_HINT
        return {"type": "array", "items": {"type": "string"}, "description": about}
    found = _schema(variable)
    if about := variable.description.strip() or label:
        found["description"] = about
    if not variable.required and _is_json(variable.value):
        found["default"] = variable.value
    return found


_OURS = ("title", "default", "description")
"""What of a schema that the app gives is said by the variable."""


def _schema(variable: Variable) -> dict[str, Any]:
    said = dereferenced(variable.schema) if isinstance(variable.schema, dict) else {}
    found = {key: value for key, value in said.items() if key not in _OURS and value is not None}
    if not (found.get("type") in _JSON or found.keys() & {"anyOf", "oneOf", "enum"}):
        kind = variable.python_type.split("[")[0]
        found = {"type": _TYPES[kind]} if kind in _TYPES else {"type": "array"} if kind == "list" else {}
    # A choice of Gradio's is what is shown and what is sent.
    choices = [c[1] if isinstance(c, list | tuple) and len(c) == 2 else c for c in variable.choices]
    if choices and found.get("type") != "array" and all(map(_is_json, choices)):
        found["enum"] = choices
    if "enum" in found and not all(_is_of(value, found.get("type")) for value in found["enum"]):
        # Gradio calls every choice a text.
        found.pop("type", None)
    return found


def _is_of(value: Any, type: Any) -> bool:
    kinds = {
        "string": str,
        "integer": int,
        "number": int | float,
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    return type not in kinds or isinstance(value, kinds[type])


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | bool | int | float)

"""What an app offers, as OpenAPI 3.1. Every request that is described can be sent as it stands.

An HTTP app's own requests are described as they are. Of a Gradio app it is the two requests of its ``/call`` where one
speaks to the app itself, and one request by names where the recorder is in between.

Source: https://spec.openapis.org/oas/v3.1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from recorder import __version__
from recorder.adapters import adapter_of
from recorder.api import Api, Parameter
from recorder.serve.page import Page, example, smallest
from recorder.serve.tools import Tool, takes_file, takes_files, tools_of
from recorder.session import App, encode_value

CALL = "/_recorder/call/"
WORKFLOWS = "/_recorder/workflows/"
_ERRORS = {
    "400": "A value that is not taken, or a name that is not known",
    "403": "Refused: by the configuration, or for the page that asks",
    "404": "No such tool",
    "405": "Not a POST",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "422": "The app says no",
    "429": "Too many calls at once",
    "500": "What was recorded or added cannot be used",
    "502": "The app does not answer",
    "504": "It took too long",
}
_MEDIA = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "body": "application/octet-stream",
}


def document(
    app: App,
    tools: Iterable[Tool],
    examples: Mapping[str, Mapping[str, Any]],
    *,
    server: str,
    served: bool = False,
) -> dict[str, Any]:
    """The document of those tools that are not hidden.

    Args:
        examples: values by the names of variables, for each tool by its name, as they were recorded.
        server: the address to which the paths are relative, without a final slash.
        served: whether it is the recorder that answers there, which then takes calls by name too.
    """
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    by_name = adapter_of(app.kind).by_name
    for tool in tools:
        if tool.hidden:
            continue
        values = examples.get(tool.name, {})
        if tool.endpoint is None or (served and by_name):
            if served:
                paths[CALL + tool.name] = {"post": _named(tool, values, schemas)}
                if tool.source == "session":
                    paths[WORKFLOWS + tool.name] = {"post": _streamed(paths[CALL + tool.name]["post"], tool)}
        elif by_name:
            _by_name(app, tool, values, paths, schemas)
        else:
            _by_path(tool, values, paths, schemas)
    if served:
        schemas["Error"] = {
            "type": "object",
            "properties": {"error": {"type": "string", "description": "A sentence, and the remedy."}},
            "required": ["error"],
            "additionalProperties": False,
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": app.title or app.url or "An app",
            "version": app.version or "0",
            "description": f"Written by API Recorder {__version__}.",
        },
        "servers": [{"url": server}],
        "paths": paths,
        **({"components": {"schemas": schemas}} if schemas else {}),
    }


def described(app: App, api: Api, page: Page) -> str:
    """The document of an app as it answers itself, with the examples of its page, as JSON."""
    examples = {entry.name: entry.example.inputs for entry in page.endpoints if entry.example.recorded}
    return dump(document(app, tools_of(app, api), examples, server=app.url.rstrip("/")))


def dump(document: dict[str, Any]) -> str:
    """As JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def component(name: str) -> str:
    """A tool's name as the beginning of the names of its schemas: ``AddAndSlice``."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", name) if word) or "Call"


def _put(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> dict[str, str]:
    chosen, number = name, 1
    while chosen in schemas and schemas[chosen] != schema:
        number += 1
        chosen = f"{name}{number}"
    schemas[chosen] = schema
    return {"$ref": f"#/components/schemas/{chosen}"}


def _about(tool: Tool) -> dict[str, Any]:
    return {"operationId": tool.name, "summary": tool.description[:120], "description": tool.description}


# By names, through the recorder


def _named(tool: Tool, values: Mapping[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    taken = {**tool.schema(), "additionalProperties": False}
    body = _put(schemas, f"{component(tool.name)}Input", taken)
    names = (
        [output.name for output in tool.last.outputs if not output.state]
        if tool.last is not None
        else ["result"]
    )
    given = _put(
        schemas,
        f"{component(tool.name)}Output",
        {
            "type": "object",
            "properties": {"outputs": {"type": "object", "properties": {name: {} for name in names}}},
            "required": ["outputs"],
        },
    )
    content: dict[str, Any] = {"application/json": {"schema": given}}
    answers: dict[str, Any] = {"200": {"description": "What it gave", "content": content}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers |= {code: {"description": about, "content": error} for code, about in _ERRORS.items()}
    example = _values(tool, values, of_files=True)
    return {
        **_about(tool),
        "tags": [tool.source],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body, **({"example": example} if example is not None else {})}
            },
        },
        "responses": answers,
    }


def _streamed(said: dict[str, Any], tool: Tool) -> dict[str, Any]:
    """The same request where its progress is told as it goes."""
    about = "The events step, done and error, each with JSON as its data."
    stream = {"text/event-stream": {"schema": {"type": "string", "description": about}}}
    return {
        **said,
        "operationId": f"{tool.name}_stream",
        "responses": {
            **said["responses"],
            "200": {"description": "What it does, as it goes", "content": stream},
        },
    }


def _values(tool: Tool, recorded: Mapping[str, Any], *, of_files: bool) -> dict[str, Any] | None:
    """What to call a tool with: what was recorded, else the app's own examples, else what the schema allows; None
    where it needs a file and none may be made up."""
    made: dict[str, Any] = {}
    for variable in tool.workflow.variables:
        if not variable.required and (
            variable.name not in recorded or takes_file(variable) or takes_files(variable)
        ):
            continue
        if takes_file(variable) or takes_files(variable):
            if not of_files:
                return None
            made[variable.name] = smallest(variable) if takes_file(variable) else [smallest(variable)]
            continue
        is_recorded = variable.name in recorded
        made[variable.name] = encode_value(recorded[variable.name] if is_recorded else example(variable))
    return made


# An app's own requests


def _by_name(
    app: App, tool: Tool, values: Mapping[str, Any], paths: dict[str, Any], schemas: dict[str, Any]
) -> None:
    """``POST call/NAME``, which gives an event id, and ``GET call/NAME/ID``, which gives the values as they come."""
    endpoint = tool.endpoint
    assert endpoint is not None
    name = component(tool.name)
    known = tool.schema()["properties"]
    chosen = _values(tool, values, of_files=False)
    variables = iter(tool.workflow.variables)
    items: list[Any] = []
    example: list[Any] | None = [] if chosen is not None else None
    for parameter in endpoint.parameters:
        if parameter.state or parameter.skipped:
            items.append({"type": "null", "description": "Kept by the app."})
            value: Any = None
        else:
            variable = next(variables)
            schema = known[variable.name]
            if takes_file(variable) or takes_files(variable):
                file = _put(schemas, "FileData", _FILE_DATA)
                schema = file if takes_file(variable) else {"type": "array", "items": file}
            about = parameter.label or parameter.name
            items.append({"title": about, **schema} if "$ref" not in schema else schema)
            value = (chosen or {}).get(variable.name, encode_value(variable.value))
        if example is not None:
            example.append(value)
    data = {"type": "array", "minItems": len(items), "maxItems": len(items)}
    data |= {"prefixItems": items} if items else {}
    body = _put(
        schemas,
        f"{name}Input",
        {"type": "object", "properties": {"data": data}, "required": ["data"]},
    )
    path = f"{app.api_prefix}/call/{quote(endpoint.api_name or '', safe='')}"
    accepted = _put(
        schemas,
        "Accepted",
        {"type": "object", "properties": {"event_id": {"type": "string"}}, "required": ["event_id"]},
    )
    shown = {"example": {"data": example}} if example is not None else {}
    paths[path] = {
        "post": {
            **_about(tool),
            "tags": ["endpoint"],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body, **shown}}},
            "responses": {
                "200": {"description": "It is begun", "content": {"application/json": {"schema": accepted}}},
                "default": {"description": "It is not taken"},
            },
        }
    }
    paths[path + "/{event_id}"] = {
        "get": {
            "operationId": f"{tool.name}_result",
            "summary": f"What {tool.name} gave",
            "tags": ["endpoint"],
            "parameters": [
                {"name": "event_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                "200": {
                    "description": "The events generating, complete and error; the data of complete are the values.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                "default": {"description": "No such call"},
            },
        }
    }


_FILE_DATA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "What the app's upload gave."},
        "url": {"type": "string"},
        "orig_name": {"type": "string"},
        "meta": {
            "type": "object",
            "properties": {"_type": {"const": "gradio.FileData"}},
            "required": ["_type"],
        },
    },
    "required": ["path", "meta"],
}


def _by_path(tool: Tool, values: Mapping[str, Any], paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    endpoint = tool.endpoint
    assert endpoint is not None
    chosen = _values(tool, values, of_files=False)
    names = {p.name: v.name for p, v in zip(endpoint.parameters, tool.workflow.variables, strict=False)}
    operation: dict[str, Any] = {**_about(tool), "tags": ["endpoint"]}
    listed = []
    bodies: dict[str, list[Parameter]] = {}
    for parameter in endpoint.parameters:
        if parameter.location in ("path", "query", "header"):
            entry: dict[str, Any] = {
                "name": parameter.name,
                "in": parameter.location,
                "required": parameter.required or parameter.location == "path",
                "schema": parameter.schema if isinstance(parameter.schema, dict) else {},
            }
            entry |= {"description": parameter.description} if parameter.description else {}
            if chosen is not None and names.get(parameter.name) in chosen:
                entry["example"] = chosen[names[parameter.name]]
            listed.append(entry)
        else:
            bodies.setdefault(parameter.location, []).append(parameter)
    if listed:
        operation["parameters"] = listed
    content: dict[str, Any] = {}
    for location, members in bodies.items():
        media = _MEDIA.get(location, "application/octet-stream")
        if location == "body" or (len(members) == 1 and not members[0].name):
            said = members[0].schema
            schema = said if isinstance(said, dict) else {}
            example = (chosen or {}).get(tool.workflow.variables[0].name) if chosen else None
        else:
            schema = {
                "type": "object",
                "properties": {m.name: m.schema if isinstance(m.schema, dict) else {} for m in members},
            }
            needed = [m.name for m in members if m.required]
            schema |= {"required": needed} if needed else {}
            example = None
            if chosen is not None:
                example = {m.name: chosen[names[m.name]] for m in members if names.get(m.name) in chosen}
        entry = {"schema": _put(schemas, f"{component(tool.name)}Input", schema)}
        content[media] = {**entry, **({"example": example} if example is not None else {})}
    if content:
        is_needed = any(m.required for members in bodies.values() for m in members)
        operation["requestBody"] = {"required": is_needed, "content": content}
    operation["responses"] = {"default": {"description": "What the app answers"}}
    paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation

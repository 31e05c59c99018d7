"""The target ``openapi``: what was asked and answered, described as OpenAPI 3.1, with examples.

Source: https://spec.openapis.org/oas/v3.1.1. What a recording shows is what the app does at least: members that were
always there are required, and nothing is forbidden.
"""

from __future__ import annotations

import json
import re
from typing import Any

from recorder.address import parts_of
from recorder.render import Options
from recorder.render.http.recorded import Recorded
from recorder.request import Request, as_text, request
from recorder.session import File, with_names
from recorder.workflow import Step, Workflow

_BY_CLIENT = {"accept", "authorization", "content-type"}
"""Header parameters that OpenAPI says by other means, or leaves to clients."""


class OpenApi:
    """Renders a workflow of HTTP requests as an OpenAPI document in JSON."""

    name = "openapi"
    suffix = ".json"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the document; WebSockets, which OpenAPI does not have, are left out."""
        return json.dumps(described(workflow, *options.others), indent=2, ensure_ascii=True) + "\n"


OPENAPI = OpenApi()


def described(workflow: Workflow, *others: Workflow) -> dict[str, Any]:
    """The document, of all that the recordings show together."""
    paths: dict[str, dict[str, Any]] = {}
    secured = False
    steps = (
        (step, known) for each in (workflow, *others) for known in [Recorded(each)] for step in each.steps
    )
    for step, known in steps:
        asked = request(step)
        if asked.method.lower() not in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
            continue
        if asked.is_elsewhere:
            continue
        path = _path(step)
        operation = _operation(step, asked, known)
        secured = secured or "security" in operation
        item = paths.setdefault(path, {})
        verb = asked.method.lower()
        item[verb] = merged(item[verb], operation) if verb in item else operation
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": workflow.app.title or workflow.app.url,
            "version": workflow.app.version or "recorded",
        },
        "servers": [{"url": workflow.app.url}],
        "paths": _named_once(paths),
    }
    if secured:
        document["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    return document


def _path(step: Step) -> str:
    path = step.endpoint.path
    return path if path.startswith("/") else parts_of(path).path or "/"


def _named_once(paths: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    taken: set[str] = set()
    for item in paths.values():
        for operation in item.values():
            name, number = operation["operationId"], 1
            while operation["operationId"] in taken:
                number += 1
                operation["operationId"] = f"{name}_{number}"
            taken.add(operation["operationId"])
    return paths


def _operation(step: Step, asked: Request, known: Recorded) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = []
    names = re.findall(r"\{([^{}/]+)\}", step.endpoint.path)
    for name, value in zip(names, asked.path[1::2], strict=True):
        parameters.append(_parameter("path", name, known.value(value)))
    for name, value in asked.query:
        if not any(p["in"] == "query" and p["name"] == name for p in parameters):
            parameters.append(_parameter("query", name, known.value(value)))
    for name, value in asked.headers:
        if name not in _BY_CLIENT:
            parameters.append(_parameter("header", name, known.value(value)))
    operation: dict[str, Any] = {
        "operationId": step.endpoint.name or step.name,
        "responses": _responses(step),
    }
    if step.endpoint.description:
        operation["summary"] = step.endpoint.description
    if parameters:
        operation["parameters"] = parameters
    if (body := _body(asked, known)) is not None:
        operation["requestBody"] = {"required": True, "content": body}
    if any(
        name == "authorization" and "bearer" in as_text(known.value(v)).lower() for name, v in asked.headers
    ):
        operation["security"] = [{"bearer": []}]
    return operation


def _parameter(place: str, name: str, value: Any) -> dict[str, Any]:
    parameter = {"name": name, "in": place, "required": place == "path", "schema": schema_of(value)}
    if not _is_secret(value):
        parameter["example"] = value
    return parameter


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and "${" in value


def _body(asked: Request, known: Recorded) -> dict[str, Any] | None:
    if asked.media == "json":
        value = known.value(asked.body)
        return {"application/json": {"schema": schema_of(value), "example": value}}
    if asked.media in ("form", "multipart"):
        fields = {name: known.value(value) for name, value in asked.body}
        media = "multipart/form-data" if asked.media == "multipart" else "application/x-www-form-urlencoded"
        return {media: {"schema": schema_of(fields)}}
    if asked.media == "body":
        return {"application/octet-stream": {}}
    return None


_MEDIA = {
    "json": "application/json",
    "page": "text/html",
    "text": "text/plain",
    "events": "text/event-stream",
}


def _responses(step: Step) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": "as recorded" if step.expect != "failed" else step.error or "refused"
    }
    if step.outputs and (media := _MEDIA.get(step.outputs[0].component)):
        about: dict[str, Any] = {}
        if media == "application/json":
            value = known_secrets_out(step.outputs[0].value)
            about = {"schema": schema_of(value), "example": value}
        response["content"] = {media: about}
    return {str(step.code or "default"): response}


def known_secrets_out(value: Any) -> Any:
    """A recorded answer as an example: the recording's own placeholders are no part of it."""
    if isinstance(value, str):
        return with_names(value, r"${\1}")
    if isinstance(value, dict):
        return {key: known_secrets_out(item) for key, item in value.items()}
    if isinstance(value, list):
        return [known_secrets_out(item) for item in value]
    return value


def schema_of(value: Any) -> dict[str, Any]:
    """JSON Schema of one value, as narrow as one example allows."""
    match value:
        case None:
            return {"type": "null"}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case File():
            return {"type": "string", "format": "binary"}
        case dict():
            found = {
                "type": "object",
                "properties": {str(key): schema_of(item) for key, item in value.items()},
            }
            return {**found, "required": sorted(map(str, value))} if value else found
        case list() | tuple():
            items: dict[str, Any] = {}
            for item in value:
                items = united(items, schema_of(item)) if items else schema_of(item)
            return {"type": "array", "items": items}
    return {}


def united(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes what either takes."""
    if one == other or not other:
        return one
    if not one:
        return other
    kinds = sorted({*_kinds(one), *_kinds(other)})
    if {"integer", "number"} <= set(kinds):
        kinds.remove("integer")
    made: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if "object" in kinds:
        sides = [side for side in (one, other) if "object" in _kinds(side)]
        names = dict.fromkeys(name for side in sides for name in side.get("properties", {}))
        made["properties"] = {
            name: _all_united(
                [side["properties"][name] for side in sides if name in side.get("properties", {})]
            )
            for name in names
        }
        required = set.intersection(*(set(side.get("required", ())) for side in sides))
        if required:
            made["required"] = sorted(required)
    if "array" in kinds:
        made["items"] = _all_united(
            [side.get("items", {}) for side in (one, other) if "array" in _kinds(side)]
        )
    if one.get("format") and one.get("format") == other.get("format"):
        made["format"] = one["format"]
    return made


def _kinds(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def _all_united(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    made = schemas[0]
    for schema in schemas[1:]:
        made = united(made, schema)
    return made


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """One operation that was seen twice. The first examples stay."""
    made = {**other, **one}
    both = {(p["in"], p["name"]): p for p in other.get("parameters", ())}
    parameters = []
    for parameter in one.get("parameters", ()):
        twin = both.pop((parameter["in"], parameter["name"]), None)
        schema = united(parameter["schema"], twin["schema"]) if twin else parameter["schema"]
        parameters.append({**parameter, "schema": schema})
    parameters += both.values()
    if parameters:
        made["parameters"] = parameters
    bodies = [side["requestBody"] for side in (one, other) if "requestBody" in side]
    if bodies:
        content = _content([body["content"] for body in bodies])
        made["requestBody"] = {"required": len(bodies) == 2, "content": content}
    made["responses"] = {**other["responses"]}
    for code, response in one["responses"].items():
        twin = other["responses"].get(code)
        contents = [side["content"] for side in (response, twin) if side and "content" in side]
        made["responses"][code] = {**response, **({"content": _content(contents)} if contents else {})}
    return made


def _content(contents: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for content in contents:
        for media, about in content.items():
            known = made.get(media)
            if known is None:
                made[media] = about
            elif "schema" in known and "schema" in about:
                made[media] = {**known, "schema": united(known["schema"], about["schema"])}
    return made

"""What an app with an HTTP API says of itself, and what its endpoints are called where it says nothing.

Source: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1 (and the same parts of 3.0 and of Swagger 2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from typing import Any
from urllib.parse import unquote

import msgspec

from recorder.address import parts_of
from recorder.api import Endpoint, Location, Parameter
from recorder.dataflow.texts import singular

PLACES = ("/openapi.json", "/api/openapi.json", "/swagger.json")
"""Where apps put their description, the most usual first."""

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_ID = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{12,}|(?=.*\d)(?=.*[A-Za-z])[\w-]{16,}"
    r"|[0-9A-HJKMNP-TV-Z]{26}",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v\d+(?:\.\d+)?|api|rest|ajax", re.IGNORECASE)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One described endpoint; ``pattern`` matches the paths that it answers, its groups are ``names``."""

    endpoint: Endpoint
    pattern: str
    names: tuple[str, ...]
    fixed: int
    """How many characters of the template are no parameter: the more, the nearer a match."""


def parse(text: str | None) -> tuple[str, tuple[Operation, ...]] | None:
    """Title and operations of an OpenAPI document; None if it is none."""
    try:
        tree = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict) or not isinstance(tree.get("paths"), dict):
        return None
    if not isinstance(tree.get("openapi") or tree.get("swagger"), str):
        return None
    base = ""
    if isinstance(tree.get("basePath"), str):
        base = tree["basePath"].rstrip("/")
    servers = tree.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        base = parts_of(str(servers[0].get("url") or "")).path.rstrip("/")
    info = tree.get("info")
    title = str(info.get("title") or "") if isinstance(info, dict) else ""
    found = []
    for path, item in tree["paths"].items():
        if not isinstance(item, dict):
            continue
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                found.append(_operation(tree, base + str(path), method.upper(), item, operation))
    return title, tuple(sorted(found, key=lambda o: -o.fixed))


def _operation(
    tree: Any, path: str, method: str, item: dict[str, Any], operation: dict[str, Any]
) -> Operation:
    pieces = re.split(r"\{([^{}/]+)\}", path)
    pattern = "".join("([^/]+)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
    listed = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
    parameters = [_parameter(tree, _resolved(tree, p)) for p in listed]
    parameters += _of_body(tree, _resolved(tree, operation.get("requestBody")))
    return Operation(
        endpoint=Endpoint(
            id=f"{method} {path}",
            name=_name(operation.get("operationId"), method, path),
            method=method,
            path=path,
            description=str(operation.get("summary") or operation.get("description") or ""),
            parameters=tuple(p for p in parameters if p is not None),
        ),
        pattern=pattern,
        names=tuple(pieces[1::2]),
        fixed=sum(map(len, pieces[::2])),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _resolved(tree: Any, value: Any) -> dict[str, Any]:
    """``value``, or what it refers to within the document."""
    for _ in range(8):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            break
        target: Any = tree
        for part in value["$ref"].removeprefix("#/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            target = target.get(part) if isinstance(target, dict) else None
        value = target
    return value if isinstance(value, dict) else {}


_LOCATIONS: dict[str, Location] = {
    "path": "path",
    "query": "query",
    "header": "header",
    "formData": "form",
    "body": "json",
}


def _parameter(tree: Any, said: dict[str, Any]) -> Parameter | None:
    location = _LOCATIONS.get(str(said.get("in")))
    if location is None or not isinstance(said.get("name"), str):
        return None
    schema = _whole(tree, said["schema"]) if isinstance(said.get("schema"), dict) else None
    return Parameter(
        name=said["name"],
        location=location,
        schema=schema,
        description=str(said.get("description") or ""),
        required=said.get("required") is True or location == "path",
    )


def _whole(tree: Any, schema: Any, depth: int = 6) -> Any:
    """A schema with what it refers to in place; what refers to itself ends in one that takes anything."""
    if isinstance(schema, list):
        return [_whole(tree, item, depth) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(tree, _resolved(tree, schema), depth - 1) if depth else {}
    return {key: _whole(tree, value, depth) for key, value in schema.items()}


def _of_body(tree: Any, body: dict[str, Any]) -> list[Parameter | None]:
    content = body.get("content")
    found: list[Parameter | None] = []
    for type, location in (
        ("application/json", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("multipart/form-data", "multipart"),
    ):
        media = content.get(type) if isinstance(content, dict) else None
        if not isinstance(media, dict):
            continue
        schema = _resolved(tree, media.get("schema"))
        properties = schema.get("properties")
        if location == "json" and not isinstance(properties, dict):
            is_needed = body.get("required") is True
            found.append(Parameter(location="json", schema=_whole(tree, schema), required=is_needed))
        needed = _list(schema.get("required")) if body.get("required") is not False else []
        for name, property in properties.items() if isinstance(properties, dict) else ():
            of = _resolved(tree, property)
            found.append(
                Parameter(
                    name=str(name),
                    location=location,  # type: ignore[arg-type]
                    schema=_whole(tree, of),
                    description=str(of.get("description") or ""),
                    required=name in needed,
                )
            )
        break
    return found


def _name(said: Any, method: str, path: str) -> str:
    if not isinstance(said, str) or not said:
        return named(method, path)
    # FastAPI adds path and method to the function's own name.
    tail = re.sub(r"\W", "_", f"{path}_{method.lower()}")
    return snake(said.removesuffix(tail).rstrip("_") or said)


def is_id(segment: str) -> bool:
    """Whether a segment of a path is of the kind that names one of many things."""
    return _ID.fullmatch(segment) is not None


def template(path: str, known: Set[str] = frozenset()) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The template of a path, and its parameters in order with what they were, decoded.

    Args:
        known: texts that earlier answers named things by; a segment that is one is a parameter too.
    """
    segments = path.split("/")
    taken: set[str] = set()
    found: list[tuple[str, str]] = []
    made: list[str] = []
    for number, raw in enumerate(segments):
        segment = unquote(raw)
        if not segment or not (is_id(segment) or segment in known):
            made.append(raw)
            continue
        before = next((s for s in reversed(segments[:number]) if s and not is_id(unquote(s))), "")
        stem = re.sub(r"\W+", "_", unquote(before)).strip("_").lower()
        name = f"{singular(stem)}_id" if stem and not _VERSION.fullmatch(stem) else "id"
        if not re.fullmatch(r"[a-z_]\w*", name):
            name = "id"
        chosen, count = name, 1
        while chosen in taken:
            count += 1
            chosen = f"{name}_{count}"
        taken.add(chosen)
        found.append((chosen, segment))
        made.append("{" + chosen + "}")
    return "/".join(made), tuple(found)


def named(method: str, path: str) -> str:
    """A name for an endpoint that has none of its own: ``get_item``, ``post_items``."""
    words: list[str] = []
    for segment in parts_of(path).path.split("/"):
        if segment.startswith("{"):
            if words:
                words[-1] = singular(words[-1])
        elif segment and not _VERSION.fullmatch(segment):
            words.append(re.sub(r"\W+", "_", unquote(segment)).strip("_").lower())
    return (
        "_".join([method.lower(), *[word for word in words if word]]) if words else f"{method.lower()}_root"
    )


def snake(name: str) -> str:
    """``addBook`` as ``add_book``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


_GRAPHQL = re.compile(r"^\s*(?:#[^\n]*\n\s*)*(query|mutation|subscription)\s+([A-Za-z_]\w*)", re.ASCII)
_GRAPHQL_FIELD = re.compile(r"\{\s*(?:[A-Za-z_]\w*\s*:\s*)?([A-Za-z_]\w*)", re.ASCII)


def operation_name(body: Any) -> tuple[str, str]:
    """The name that a JSON body itself gives its operation, and the protocol; both empty where it gives none.

    GraphQL: ``operationName``, else the name in the query, else its first field. JSON-RPC: ``method``.
    """
    if isinstance(body, list) and body and all(isinstance(item, dict) for item in body):
        body = body[0]
    if not isinstance(body, dict):
        return "", ""
    query = body.get("query")
    if isinstance(query, str) and ("{" in query):
        said = body.get("operationName")
        if isinstance(said, str) and said:
            return said, "graphql"
        found = _GRAPHQL.match(query)
        if found is not None:
            return found[2], "graphql"
        field = _GRAPHQL_FIELD.search(query)
        return (field[1] if field is not None else ""), "graphql"
    if isinstance(body.get("operationName"), str) and isinstance(body.get("extensions"), dict):
        return body["operationName"], "graphql"
    if isinstance(body.get("method"), str) and isinstance(body.get("jsonrpc"), str):
        return body["method"], "jsonrpc"
    return "", ""

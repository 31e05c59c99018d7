"""The JSON Schemas of the session file and of ``recorder.toml``, made from the structs that read them."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from recorder.config import Config
from recorder.session import FORMAT, File, Session

_REFERENCE = "#/$defs/{name}"
_JSON = {"$ref": _REFERENCE.format(name="Json")}


def session_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``session.json``.

    The structs say only that a recorded value is anything; here it is the JSON of the app with the leaves that
    :mod:`recorder.session` adds to it.
    """
    _, definitions = msgspec.json.schema_components((Session, File), ref_template=_REFERENCE)
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = " ".join(inspect.cleandoc(definition["description"]).split())
    session = definitions.pop("Session")
    session["properties"]["format"] = {"const": FORMAT}
    session["required"] = ["format", *session["required"]]
    definitions["Value"]["properties"]["value"] = _JSON
    definitions["Value"]["properties"]["update"] = {"type": ["object", "null"], "additionalProperties": _JSON}
    definitions["Call"]["properties"]["event_data"] = _JSON
    definitions["Call"]["properties"]["stream"]["items"] = _JSON
    definitions["Frame"]["properties"]["inputs"]["items"] = _JSON
    for key in ("was", "now"):
        definitions["Replacement"]["properties"][key] = _JSON
    definitions["Json"] = {
        "title": "Json",
        "description": "A value as the app sent it. An object whose only key begins with one $ is a file or a number "
        "that JSON cannot write; an app's own object of that form has one $ more.",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": _JSON},
            _only("$file", {"$ref": _REFERENCE.format(name="File")}),
            _only("$number", {"enum": ["NaN", "Infinity", "-Infinity"]}),
            {
                "type": "object",
                "additionalProperties": _JSON,
                "not": {"minProperties": 1, "maxProperties": 1, "propertyNames": {"pattern": "^\\$(?!\\$)"}},
            },
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT.replace('/', ':')}",
        **session,
        "$defs": dict(sorted(definitions.items())),
    }


def dump_session_schema() -> str:
    """The text of the published file, which lies beside the page side under ``schema/``."""
    return json.dumps(session_schema(), indent=2) + "\n"


def _only(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: schema}, "required": [key], "additionalProperties": False}


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``recorder.toml``, by which editors complete it."""
    _, definitions = msgspec.json.schema_components((Config,), ref_template=_REFERENCE)
    for definition in definitions.values():
        definition["description"] = " ".join(inspect.cleandoc(definition.get("description", "")).split())
    whole = definitions.pop("Config")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:recorder-config",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def dump_config_schema() -> str:
    """The text of the published file, which lies beside that of the session."""
    return json.dumps(config_schema(), indent=2) + "\n"

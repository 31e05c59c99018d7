"""What a Gradio app says of itself, as ``recorder.toml`` has it: ``/config`` and ``/info`` for its clients.

The keys are those that ``gradio_client`` and ``@gradio/client`` read, in all versions since 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, unquote

from recorder.api import Api, Endpoint, Parameter
from recorder.config import Config

FIRST = 1_000_000
"""The index of the first endpoint that is added: past those that an app has or renders."""
_FILE = {
    "title": "FileData",
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "url": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "orig_name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData"}}},
    },
    "required": ["path"],
}


class GradioNaming:
    """A :class:`recorder.adapters.Naming`."""

    def asked(self, target: str, api: Api, config: Config) -> str:
        """See :func:`renamed`."""
        return renamed(target, names_of(api, config))

    def amending(
        self, target: str, api: Api, config: Config, added: Sequence[Endpoint]
    ) -> Callable[[bytes], bytes] | None:
        """What is done with ``/config`` and ``/info``."""
        path, _, query = target.partition("?")
        which = document_at(path)

        def amend(text: bytes) -> bytes:
            try:
                said = json.loads(text)
            except (ValueError, RecursionError):
                return text
            if which == "config":
                made = amended_config(said, api, config, added)
            else:
                everything = "all_endpoints=true" in query.lower()
                made = amended_info(said, api, config, added, everything=everything)
            return json.dumps(made).encode()

        return amend if which else None

    def is_cancel(self, method: str, path: str) -> bool:
        """Whether a request ends a call."""
        return method == "POST" and path.rstrip("/").endswith("/cancel")


def document_at(path: str) -> Literal["config", "info", ""]:
    """Which of the two a path is of."""
    found = re.search(r"/(config|info)/?$", unquote(path))
    return found[1] if found is not None else ""  # type: ignore[return-value]


def names_of(api: Api, config: Config) -> dict[str, str]:
    """The app's own names of endpoints by those that they are given."""
    return {
        config.name(endpoint): endpoint.api_name
        for endpoint in api.endpoints
        if endpoint.api_name and config.name(endpoint) != endpoint.api_name
    }


def renamed(target: str, names: Mapping[str, str]) -> str:
    """The path and query to ask the app for, where a call names an endpoint as it is called here; empty where none is.

    Args:
        names: see :func:`names_of`.
    """
    found = re.search(r"/(?:run|api|call|call/v2)/([^/?]+)(?=[/?]|$)", target)
    if found is None or (name := unquote(found[1])) not in names:
        return ""
    return target[: found.start(1)] + quote(names[name], safe="") + target[found.end(1) :]


def amended_config(said: Any, api: Api, config: Config, added: Sequence[Endpoint]) -> Any:
    """A parsed ``/config`` with endpoints renamed, hidden, disabled and added."""
    if not isinstance(said, dict) or not isinstance(said.get("dependencies"), list):
        return said
    by_index = {endpoint.fn_index: endpoint for endpoint in api.endpoints}
    dependencies = [
        _amended(entry, by_index.get(entry.get("id", place) if isinstance(entry, dict) else None), config)
        for place, entry in enumerate(said["dependencies"])
    ]
    components = list(said["components"]) if isinstance(said.get("components"), list) else []
    for endpoint in added:
        assert endpoint.fn_index is not None
        values = (*endpoint.parameters, *endpoint.returns)
        ids = [FIRST * 10 + (endpoint.fn_index - FIRST) * 1000 + place for place in range(len(values))]
        components += [_component(id, value) for id, value in zip(ids, values, strict=True)]
        dependencies.append(
            _dependency(endpoint, ids[: len(endpoint.parameters)], ids[len(endpoint.parameters) :])
        )
    return {**said, "components": components, "dependencies": dependencies}


def amended_info(said: Any, api: Api, config: Config, added: Sequence[Endpoint], *, everything: bool) -> Any:
    """A parsed ``/info`` likewise.

    Args:
        everything: whether what is hidden is asked for too.
    """
    if not isinstance(said, dict) or not isinstance(said.get("named_endpoints"), dict):
        return said
    by_name = {f"/{endpoint.api_name}": endpoint for endpoint in api.endpoints if endpoint.api_name}
    named: dict[str, Any] = {}
    for name, entry in said["named_endpoints"].items():
        endpoint = by_name.get(name)
        rule = config.rule(endpoint) if endpoint is not None else None
        if endpoint is None or rule is None:
            named[name] = entry
            continue
        if config.refused_to(endpoint) or (rule.hidden and not everything):
            continue
        about = {"description": rule.description} if rule.description else {}
        shown = {"show_api": False, "api_visibility": "undocumented"} if rule.hidden else {}
        kept = {key: value for key, value in shown.items() if key in entry} if isinstance(entry, dict) else {}
        named[f"/{config.name(endpoint)}"] = {**entry, **about, **kept} if isinstance(entry, dict) else entry
    for endpoint in added:
        if endpoint.visibility == "public" or everything:
            named[f"/{endpoint.api_name}"] = _info(endpoint)
    return {**said, "named_endpoints": named}


def _amended(entry: Any, endpoint: Endpoint | None, config: Config) -> Any:
    if not isinstance(entry, dict) or endpoint is None:
        return entry
    rule = config.rule(endpoint)
    if config.refused_to(endpoint):
        if "api_visibility" in entry:
            return {**entry, "api_visibility": "private"}
        return {**entry, "api_name": False}
    if rule is None:
        return entry
    made = {**entry}
    if rule.name:
        made["api_name"] = rule.name
    if rule.hidden:
        made |= {"api_visibility": "undocumented"} if "api_visibility" in entry else {"show_api": False}
    return made


def _component(id: int, value: Parameter) -> dict[str, Any]:
    schema = _schema(value)
    return {
        "id": id,
        "type": "api",
        "props": {"name": "api", "label": value.label or value.name, "visible": True},
        "skip_api": False,
        "component_class_id": "recorder",
        "key": None,
        "api_info": schema,
        "api_info_as_input": schema,
        "api_info_as_output": schema,
        "example_inputs": None,
    }


def _dependency(endpoint: Endpoint, inputs: list[int], outputs: list[int]) -> dict[str, Any]:
    return {
        "id": endpoint.fn_index,
        "targets": [],
        "inputs": inputs,
        "outputs": outputs,
        "backend_fn": True,
        "js": None,
        "queue": True,
        "api_name": endpoint.api_name,
        "show_api": endpoint.visibility == "public",
        "api_visibility": "public" if endpoint.visibility == "public" else "undocumented",
        "api_description": endpoint.description,
        "scroll_to_output": False,
        "show_progress": "full",
        "batch": False,
        "max_batch_size": 4,
        "cancels": [],
        "types": {"generator": False, "cancel": False},
        "collects_event_data": False,
        "trigger_after": None,
        "trigger_only_on_success": False,
        "trigger_only_on_failure": False,
        "trigger_mode": "once",
        "zerogpu": False,
        "rendered_in": None,
        "render_id": None,
        "connection": "sse",
        "time_limit": None,
        "stream_every": 0.5,
    }


def _info(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "parameters": [
            {
                "label": value.label or value.name,
                "parameter_name": value.name,
                "parameter_has_default": value.has_default,
                "parameter_default": value.default,
                **_value(value),
            }
            for value in endpoint.parameters
        ],
        "returns": [{"label": value.label or value.name, **_value(value)} for value in endpoint.returns],
        "show_api": endpoint.visibility == "public",
        "api_visibility": "public" if endpoint.visibility == "public" else "undocumented",
        "description": endpoint.description,
    }


def _value(value: Parameter) -> dict[str, Any]:
    return {
        "type": _schema(value),
        "python_type": {"type": value.python_type or "Any", "description": value.description},
        "component": "Api",
        "example_input": value.example,
    }


def _schema(value: Parameter) -> Any:
    return _FILE if value.component == "file" else value.schema if isinstance(value.schema, dict) else {}

"""Which functions of a Gradio app a request calls, by whatever way: by name, by index, queued or not, or as a tool.

Source: ``gradio/routes.py``: ``/queue/join``, ``/run/{api_name}``, ``/api/{api_name}``, ``/call/{api_name}``,
``/call/v2/{api_name}`` and ``/mcp``, each also with what the app is mounted under before it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from recorder.api import Api, Endpoint
from recorder.request import plain_path

_CALL = re.compile(r"(?:^|/)(?:queue/join|(?:run|api|call|call/v2)/(?P<name>[^/]+)|mcp(?:/.*)?)/*$")


def is_call(method: str, path: str) -> bool:
    """Whether a request may be a call, as far as its method and path tell."""
    return method not in ("GET", "HEAD", "OPTIONS") and _CALL.search(plain_path(unquote(path))) is not None


def addressed(api: Api, method: str, path: str, body: bytes) -> tuple[Endpoint, ...]:
    """The endpoints that a request calls: by the name in its path, the index in its body, or the tool that it names."""
    found = _CALL.search(plain_path(unquote(path)))
    if found is None or not is_call(method, path):
        return ()
    try:
        # As the app's own server reads it: in any of the encodings of Unicode, the last of two equal keys.
        said = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        said = {}
    indices = _indices(said)
    names = {found["name"]} if found["name"] else set()
    tools = set(_tools(said)) if "mcp" in found[0] else set()
    return tuple(
        endpoint
        for endpoint in api.endpoints
        if endpoint.fn_index in indices
        or endpoint.api_name in names
        or any(endpoint.api_name and _is_tool(tool, endpoint.api_name) for tool in tools)
    )


def _indices(said: Any) -> set[int]:
    given = said.get("fn_index") if isinstance(said, dict) else None
    # What its server takes for a number.
    if isinstance(given, str):
        given = float(given) if re.fullmatch(r"\s*[+-]?\d{1,15}(?:\.0*)?\s*", given) else None
    return {int(given)} if isinstance(given, int | float) and given == given and abs(given) < 2**53 else set()


def _tools(said: Any) -> list[str]:
    """The tools that a message of the Model Context Protocol, or a batch of them, calls."""
    found = []
    for message in said if isinstance(said, list) else [said]:
        params = message.get("params") if isinstance(message, dict) else None
        name = params.get("name") if isinstance(params, dict) else None
        if isinstance(name, str) and message.get("method") == "tools/call":
            found.append(name)
    return found


def _is_tool(tool: str, api_name: str) -> bool:
    # Its name may have that of the app before it.
    return tool == api_name or tool.endswith(f"_{api_name}")

"""Which endpoint of an HTTP API a request calls: by its method and path, however that is written."""

from __future__ import annotations

import re
from urllib.parse import unquote

from recorder.api import Api, Endpoint
from recorder.request import plain_path


def is_call(method: str, path: str) -> bool:
    """Any request may be one."""
    return True


def addressed(api: Api, method: str, path: str, body: bytes) -> tuple[Endpoint, ...]:
    """The endpoints whose method and template fit; more than one where several do.

    Servers differ in what they take for the same path: encoded slashes, doubled ones, one at the end, dots. Whatever
    one of them may take for an endpoint counts.
    """
    method = "GET" if method == "HEAD" else method
    ways = {
        way.rstrip("/") or "/" for way in (path, unquote(path), plain_path(path), plain_path(unquote(path)))
    }
    return tuple(
        endpoint
        for endpoint in api.endpoints
        if endpoint.method in (method, "WS" if method == "GET" else "")
        and any(re.fullmatch(_pattern(endpoint.path), way, re.DOTALL | re.IGNORECASE) for way in ways)
    )


def _pattern(template: str) -> str:
    pieces = re.split(r"(\{[^{}/]+\})", template.rstrip("/") or "/")
    return "".join(
        (".+" if piece.endswith(":path}") else "[^/]+") if n % 2 else re.escape(piece)
        for n, piece in enumerate(pieces)
    )

"""A request as it goes over the wire, of a template or of a program, in one form for both."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec

from tests.dataflow.template import Env, compact, render, text_of
from tests.dataflow.world import Exchange


class Sent(msgspec.Struct, kw_only=True):
    """``path`` are the segments, percent-decoded; ``body`` is a JSON value, a list of pairs, or a text."""

    method: str
    origin: str = ""
    path: list[str]
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    kind: Literal["", "json", "form", "multipart", "text"] = ""
    body: Any = None


def address(exchange: Exchange, env: Env, root: str) -> str:
    """The address of a request, as a page spells it."""
    root = exchange.elsewhere or root
    path = "/" + "/".join(quote(text_of(render(node, env)), safe="!'()*~") for node in exchange.path)
    if exchange.method == "WS":
        root = root.replace("http", "ws", 1)
    pairs = [(text_of(render(k, env)), text_of(render(v, env))) for k, v in exchange.query]
    return root + path + (f"?{urlencode(pairs)}" if pairs else "")


def wire(exchange: Exchange, env: Env) -> tuple[str, Any]:
    """The content type and the body of a request: a text, or pairs for a form."""
    match exchange.body_kind:
        case "json":
            return "application/json", compact(render(exchange.body, env))
        case "form" | "multipart" as kind:
            pairs = [(text_of(render(k, env)), text_of(render(v, env))) for k, v in exchange.body]
            return (
                "multipart/form-data" if kind == "multipart" else "application/x-www-form-urlencoded",
                pairs,
            )
        case "text":
            return exchange.content_type or "text/plain;charset=UTF-8", render(exchange.body, env)
    return "", None


def split(url: str) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Origin, path segments and query of an address."""
    parts = urlsplit(url)
    segments = [unquote(segment) for segment in parts.path.split("/")[1:]]
    while segments and not segments[-1]:
        segments.pop()
    return f"{parts.scheme}://{parts.netloc}", segments, parse_qsl(parts.query, keep_blank_values=True)

"""Secrets as web apps send them, each with the fact that it is in, and things that are no secrets though they look alike."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Fact = dict[str, Any]


def cases(name: str) -> list[tuple[str, str, str]]:
    """Of each case the place, the text that stands there, and the secret in it (or what must stay). The mark ``<>`` keeps
    texts apart from real keys, for those who look for some in source code."""
    read = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return [tuple(part.replace("<>", "") for part in case) for case in read]  # type: ignore[misc]


def facts(place: str, text: str) -> list[Fact]:
    """What a page observes where ``text`` stands at ``place``."""
    kind, _, name = place.partition(":")
    request: Fact = {"t": "request", "id": "r", "method": "POST", "url": "https://app.test/x", "headers": []}
    answer: Fact = {"t": "response", "id": "r", "status": 200, "url": "https://app.test/x", "headers": []}
    whole = {"kind": "text", "text": text}
    match kind:
        case "url":
            return [{**request, "method": "GET", "url": text}]
        case "header":
            return [{**request, "headers": [[name.lower(), text]]}]
        case "rheader":
            return [{**answer, "headers": [[name.lower(), text]]}]
        case "body":
            return [{**request, "headers": [["content-type", name]], "body": whole}]
        case "part":
            return [{**request, "body": {"kind": "parts", "parts": [{"name": name, "value": text}]}}]
        case "file":
            part = {"name": "file", "filename": name, "value": text}
            return [{**request, "body": {"kind": "parts", "parts": [part]}}]
        case "reply":
            return [{**answer, "headers": [["content-type", name]]}, {"t": "done", "id": "r", "body": whole}]
        case "ws" | "ws-sent":
            return [{"t": "ws_message", "id": "w", "sent": kind == "ws-sent", "body": whole}]
        case "chunk":
            return [{"t": "chunk", "id": "r", "text": text}]
        case "error":
            return [{"t": "done", "id": "r", "error": text}]
    raise ValueError(place)


def by_the_page(given: list[list[Fact]]) -> list[list[Fact]]:
    """The facts as the page's script lets them out."""
    done = subprocess.run(
        ["node", str(HERE / "page.mjs")], input=json.dumps(given).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    made: list[list[Fact]] = json.loads(done.stdout)
    return made

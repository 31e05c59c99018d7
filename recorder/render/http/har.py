"""The target ``har``: the recorded requests and answers as a HAR, for the tools that read it.

Source: HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/.
"""

from __future__ import annotations

import json
from typing import Any

from recorder import __version__
from recorder.render import Options
from recorder.render.http.recorded import Recorded
from recorder.request import Request, address, as_text, request
from recorder.session import File, iso
from recorder.workflow import Step, Workflow


class Har:
    """Renders a workflow of HTTP requests as a HAR; secrets are ``${NAME}``, pages are what was kept of them."""

    name = "har"
    suffix = ".har"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the file."""
        known = Recorded(workflow)
        made = {step.id: _entry(workflow, step, known) for step in workflow.steps if not step.continues}
        for step in workflow.steps:
            if step.endpoint.method == "WS":
                made[step.continues or step.id]["_webSocketMessages"] += _messages(step, known)
        entries = list(made.values())
        log = {
            "version": "1.2",
            "creator": {"name": "API Recorder", "version": __version__},
            "entries": entries,
        }
        return json.dumps({"log": log}, indent=2, ensure_ascii=True) + "\n"


HAR = Har()


def _entry(workflow: Workflow, step: Step, known: Recorded) -> dict[str, Any]:
    asked = request(step)
    query = [(name, as_text(known.value(value))) for name, value in asked.query]
    url = address(asked, workflow.app.url, known.value)
    is_socket = asked.method == "WS"
    headers = [{"name": name, "value": as_text(known.value(value))} for name, value in asked.headers]
    sent = _sent(asked, known)
    if sent is not None and not any(header["name"] == "content-type" for header in headers):
        headers.append({"name": "content-type", "value": sent["mimeType"]})
    entry: dict[str, Any] = {
        "startedDateTime": iso(step.started),
        "time": step.duration,
        "request": {
            "method": "GET" if is_socket else asked.method,
            "url": url.replace("http", "ws", 1) if is_socket else url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers,
            "queryString": [{"name": name, "value": value} for name, value in query],
            "headersSize": -1,
            "bodySize": -1,
            **({"postData": sent} if sent is not None else {}),
        },
        "response": _response(step),
        "cache": {},
        "timings": {"send": 0, "wait": step.duration, "receive": 0},
    }
    if is_socket:
        entry["_resourceType"] = "websocket"
        entry["_webSocketMessages"] = []
    return entry


def _messages(step: Step, known: Recorded) -> list[dict[str, Any]]:
    return [
        {
            "type": "send" if message.sent else "receive",
            "time": (step.started + message.at) / 1000,
            "opcode": 1,
            "data": _spelled(known.value(message.value)),
        }
        for message in step.messages
    ]


def _sent(asked: Request, known: Recorded) -> dict[str, Any] | None:
    if asked.media == "json":
        return {"mimeType": "application/json", "text": json.dumps(known.value(asked.body), default=str)}
    if asked.media in ("form", "multipart"):
        params: list[dict[str, Any]] = []
        for key, value in asked.body:
            name, given = as_text(known.value(key)), known.value(value)
            if isinstance(given, File):
                params.append({"name": name, "fileName": given.name, "contentType": given.type or ""})
            else:
                params.append({"name": name, "value": as_text(given)})
        kind = "multipart/form-data" if asked.media == "multipart" else "application/x-www-form-urlencoded"
        return {"mimeType": kind, "params": params}
    if asked.media == "body":
        given = known.value(asked.body)
        return {
            "mimeType": "application/octet-stream",
            "text": "" if isinstance(given, File) else as_text(given),
        }
    return None


def _response(step: Step) -> dict[str, Any]:
    code = int(step.code or 0)
    body = next((o for o in step.outputs if o.component not in ("headers", "messages")), None)
    told = next((o.value for o in step.outputs if o.component == "headers"), None) or {}
    kinds = {"json": "application/json", "page": "application/json", "text": "text/plain"}
    kinds |= {"events": "text/event-stream", "lines": "application/x-ndjson"}
    kind = kinds.get(body.component, "") if body is not None else ""
    text = ""
    if body is not None and body.component == "events":
        text = "".join(f"data: {_spelled(value)}\n\n" for value in body.value)
    elif body is not None and body.component == "lines":
        text = "".join(f"{_spelled(value)}\n" for value in body.value)
    elif body is not None and kind:
        text = _spelled(body.value) if kind == "application/json" else str(body.value)
    return {
        "status": code,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": n, "value": str(v)} for n, v in told.items() if n != "url"]
        + ([{"name": "content-type", "value": kind}] if kind else []),
        "content": {"size": len(text.encode("utf-8", "surrogatepass")), "mimeType": kind, "text": text},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)

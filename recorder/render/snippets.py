"""One call of an endpoint in a few lines, as documentation shows it: in Python, JavaScript and for curl.

What a whole script has beside the call (other addresses, secrets, comparing) is left to the targets.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from recorder.render.analysis import form_part
from recorder.render.layout import Group, Node, write
from recorder.render.literals import javascript, javascript_text, json_text, python, python_text, sh_text
from recorder.request import Request, address, as_text, request
from recorder.workflow import Step, Workflow

LANGUAGES = ("python", "javascript", "curl")
_TAKEN = {"self", "api_name", "fn_index", "headers"}
"""What the public client's own `predict` takes by these names."""


def snippet(workflow: Workflow, language: str) -> str:
    """The one call of a workflow whose arguments are plain values, a file as a ``Path``."""
    (step,) = workflow.steps
    write_it = {
        ("gradio", "python"): _gradio_python,
        ("gradio", "javascript"): _gradio_javascript,
        ("gradio", "curl"): _gradio_curl,
        ("http", "python"): _http_python,
        ("http", "javascript"): _http_javascript,
        ("http", "curl"): _http_curl,
    }[workflow.app.kind, language]
    return write_it(workflow, step)


def _is_held(value: Any) -> bool:
    """Whether there is a file in a value."""
    if isinstance(value, dict):
        return any(map(_is_held, value.values()))
    return isinstance(value, Path) or (isinstance(value, list) and any(map(_is_held, value)))


def _in_python(value: Any) -> Node:
    if isinstance(value, Path):
        return Group("handle_file(", [("", python_text(str(value)))], ")")
    if isinstance(value, list) and _is_held(value):
        return Group("[", [("", _in_python(item)) for item in value], "]")
    return python(value)


def _in_javascript(value: Any) -> Node:
    if isinstance(value, Path):
        # By its path alone the client would send it without its name.
        content = f"[await readFile({javascript_text(str(value))})]"
        return Group("new File(", [("", content), ("", javascript_text(value.name))], ")")
    if isinstance(value, list) and _is_held(value):
        return Group("[", [("", _in_javascript(item)) for item in value], "]")
    return javascript(value)


# Gradio


def _gradio_python(workflow: Workflow, step: Step) -> str:
    sent = [argument for argument in step.arguments if not argument.state and not argument.skipped]
    by_name = all(
        a.name.isidentifier() and not keyword.iskeyword(a.name) and a.name not in _TAKEN for a in sent
    )
    items: list[tuple[str, Node]] = [(f"{a.name}=" if by_name else "", _in_python(a.value)) for a in sent]
    items.append(("api_name=", python_text(step.endpoint.id)))
    names = "Client, handle_file" if any(_is_held(a.value) for a in sent) else "Client"
    return (
        f"from gradio_client import {names}\n\n"
        f"client = Client({python_text(workflow.app.url)})\n"
        f"{write(Group('client.predict(', items, ')'), before='result = ')}\n"
        "print(result)\n"
    )


def _gradio_javascript(workflow: Workflow, step: Step) -> str:
    sent = [argument for argument in step.arguments if not argument.state and not argument.skipped]
    by_name = all(argument.name for argument in sent)
    items: list[tuple[str, Node]] = [
        (f"{javascript_text(a.name)}: " if by_name else "", _in_javascript(a.value)) for a in sent
    ]
    given = Group("{ ", items, " }") if by_name else Group("[", items, "]")
    reads = any(_is_held(argument.value) for argument in sent)
    call = Group("await client.predict(", [("", javascript_text(step.endpoint.id)), ("", given)], ")")
    return (
        ('import { readFile } from "node:fs/promises";\n' if reads else "")
        + 'import { Client } from "@gradio/client";\n\n'
        f"const client = await Client.connect({javascript_text(workflow.app.url)});\n"
        f"{write(call, before='const result = ', after=';')}\n"
        # A client that is closed still listens for the app's heartbeat, which keeps Node running.
        "console.log(result.data);\nprocess.exit();\n"
    )


def _gradio_curl(workflow: Workflow, step: Step) -> str:
    lines = [f"app={sh_text(workflow.app.url + workflow.app.api_prefix)}"]

    def spelled(value: Any) -> str:
        """A shell word that is JSON."""
        if isinstance(value, Path):
            name = f"file{len(lines)}"
            lines.append(
                f'{name}=$(curl -sS "$app/upload" -F {sh_text(f"files=@{_curl_path(value)}")} | tr -d \'[]"\')'
            )
            before, after = sh_text('{"path": "'), sh_text('", "meta": {"_type": "gradio.FileData"}}')
            return f'{before}"${name}"{after}'
        if isinstance(value, list) and _is_held(value):
            return "'['" + "', '".join(map(spelled, value)) + "']'"
        return sh_text(json_text(value))

    values = [None if a.state else a.value for a in step.arguments if not a.skipped]
    data = sh_text(json_text({"data": values})) if not _is_held(values) else ""
    if not data:
        data = sh_text('{"data": [') + "', '".join(map(spelled, values)) + sh_text("]}")
    path = sh_text(f"/call{step.endpoint.id}")
    lines += [
        f'id=$(curl -sS "$app"{path} -H {sh_text("Content-Type: application/json")} -d {data} \\',
        '    | sed \'s/.*"event_id": *"\\([^"]*\\)".*/\\1/\')',
        f'curl -sSN "$app"{path}"/$id"',
    ]
    return "\n".join(lines) + "\n"


# Any HTTP API


def _address(workflow: Workflow, asked: Request) -> str:
    return address(asked, workflow.app.url.rstrip("/"))


def _http_python(workflow: Workflow, step: Step) -> str:
    asked = request(step)
    items: list[tuple[str, Node]] = [
        ("", python_text(asked.method)),
        ("", python_text(_address(workflow, asked))),
    ]
    if asked.headers:
        items.append(("headers=", python({name: as_text(value) for name, value in asked.headers})))
    if asked.media == "json":
        items.append(("json=", python(asked.body)))
    elif asked.media in ("form", "multipart"):
        plain = {name: as_text(value) for name, value in asked.body if not isinstance(value, Path)}
        held = [(name, value) for name, value in asked.body if isinstance(value, Path)]
        if plain:
            items.append(("data=", python(plain)))
        if held:
            files: list[tuple[str, Node]] = [
                (f"{python_text(n)}: ", Group("open(", [("", python_text(str(v))), ("", '"rb"')], ")"))
                for n, v in held
            ]
            items.append(("files=", Group("{", files, "}")))
    elif asked.media == "body":
        items.append(("content=", python(as_text(asked.body))))
    return (
        "import httpx\n\n"
        f"{write(Group('httpx.request(', items, ')'), before='response = ')}\n"
        "response.raise_for_status()\nprint(response.text)\n"
    )


def _http_javascript(workflow: Workflow, step: Step) -> str:
    asked = request(step)
    lines: list[str] = []
    headers = {name: as_text(value) for name, value in asked.headers}
    items: list[tuple[str, Node]] = [("method: ", javascript_text(asked.method))]
    body: Node = ""
    if asked.media == "json":
        headers["content-type"] = "application/json"
        body = Group("JSON.stringify(", [("", javascript(asked.body))], ")")
    elif asked.media == "form":
        body = Group("new URLSearchParams(", [("", javascript({n: as_text(v) for n, v in asked.body}))], ")")
    elif asked.media == "multipart":
        if any(isinstance(value, Path) for _, value in asked.body):
            lines.append('import { readFile } from "node:fs/promises";\n')
        lines.append("const form = new FormData();")
        for name, value in asked.body:
            if isinstance(value, Path):
                read = f"new Blob([await readFile({javascript_text(str(value))})])"
                lines.append(f"form.append({javascript_text(name)}, {read}, {javascript_text(value.name)});")
            else:
                lines.append(f"form.append({javascript_text(name)}, {javascript_text(as_text(value))});")
        body = "form"
    elif asked.media == "body":
        body = javascript_text(as_text(asked.body))
    if headers:
        items.append(("headers: ", javascript(headers)))
    if body:
        items.append(("body: ", body))
    where = javascript_text(_address(workflow, asked))
    call = Group("await fetch(", [("", where), ("", Group("{ ", items, " }"))], ")")
    lines += [
        write(call, before="const response = ", after=";"),
        "if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);",
        "console.log(await response.text());",
    ]
    return "\n".join(lines) + "\n"


def _http_curl(workflow: Workflow, step: Step) -> str:
    asked = request(step)
    words = [
        f"curl -gsS --fail-with-body -X {sh_text(asked.method)} --url {sh_text(_address(workflow, asked))}"
    ]
    words += [f"-H {sh_text(f'{name}: {as_text(value)}')}" for name, value in asked.headers]
    if asked.media == "json":
        words += [f"-H {sh_text('Content-Type: application/json')}", f"-d {sh_text(json_text(asked.body))}"]
    elif asked.media == "form":
        words.append(f"-d {sh_text(urlencode([(n, as_text(v)) for n, v in asked.body]))}")
    elif asked.media == "multipart":
        for name, value in asked.body:
            name = form_part(name)
            said = f"{name}=@{_curl_path(value)}" if isinstance(value, Path) else f"{name}={as_text(value)}"
            words.append(f"{'-F' if isinstance(value, Path) else '--form-string'} {sh_text(said)}")
    elif asked.media == "body":
        words.append(f"--data-raw {sh_text(as_text(asked.body))}")
    return " \\\n    ".join(words) + "\n"


def _curl_path(path: Path) -> str:
    """A path as curl's ``-F`` takes it, quoted where curl would read more than a path."""
    text = str(path)
    if re.fullmatch(r"[\w./ ~+-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

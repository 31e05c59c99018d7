"""The target ``markdown``: the session as a document that a colleague can follow, and do by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from recorder.render import Options
from recorder.render.analysis import is_long, is_shown, is_state, outputs_of
from recorder.render.literals import json_text, markdown_code, markdown_text
from recorder.render.templates import template
from recorder.session import File
from recorder.workflow import (
    AppUrl,
    Cookie,
    Digest,
    Extended,
    Generated,
    Link,
    Object,
    SecretRef,
    Spelled,
    Step,
    Text,
    VariableRef,
    Workflow,
)


class Markdown:
    """Renders a workflow as a document."""

    name = "markdown"
    suffix = ".md"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the document."""
        numbers = {step.id: number for number, step in enumerate(workflow.steps, 1)}
        return template("markdown.jinja").render(
            title=markdown_text(workflow.app.title or workflow.name),
            url=markdown_code(workflow.app.url),
            app=markdown_text(f"{workflow.app.kind} {workflow.app.version}".strip()),
            login=workflow.app.auth,
            variables=[
                (markdown_code(v.name), markdown_text(v.label), _value(v.value, numbers))
                for v in workflow.variables
            ],
            secrets=[(markdown_code(s.name), markdown_text(s.hint)) for s in workflow.secrets],
            steps=[_step(step, numbers) for step in workflow.steps],
        )


MARKDOWN = Markdown()

_ENDINGS = {
    "failed": "It failed",
    "cancelled": "It was cancelled",
    "unfinished": "It was not over when the recording stopped",
}


def _step(step: Step, numbers: dict[str, int]) -> dict[str, Any]:
    """What the template writes of a step, all of it quoted."""
    ending = _ENDINGS.get(step.expect, "")
    if step.expect in ("cancelled", "unfinished"):
        ending += f", after {step.yields} values"
    return {
        "number": numbers[step.id],
        "endpoint": markdown_code(step.endpoint.id),
        "trigger": markdown_text(step.trigger),
        "setup": step.setup,
        "inputs": [
            (markdown_text(a.label or a.name or f"input {n + 1}"), _value(a.value, numbers))
            for n, a in enumerate(step.arguments)
            if not is_state(step, n, a)
        ],
        "frames": [
            ", ".join(
                _value(value, numbers)
                for n, (argument, value) in enumerate(zip(step.arguments, frame, strict=False))
                if not is_state(step, n, argument)
            )
            for frame in step.frames
        ],
        "cut_short": step.cut_short,
        "outputs": [
            (markdown_text(o.label or o.name or f"output {n + 1}"), _value(o.value, numbers))
            for n, o in enumerate(outputs_of(step))
            if is_shown(step, n, o)
        ]
        if step.expect == "ok"
        else [],
        "ending": ending,
        "error": markdown_code(step.error) if step.error else "",
    }


def _value(value: Any, numbers: dict[str, int]) -> str:
    """A value in words where it is a leaf, else as JSON; quoted."""
    if isinstance(value, Link):
        inside = [*value.path, *(part for reader in value.readers for part in reader.path)]
        place = f", at {markdown_code('.'.join(map(str, inside)))}" if inside else ""
        return f"output {value.output + 1} of step {numbers.get(value.step, 0)}{place}"
    if isinstance(value, Cookie):
        return f"the cookie {markdown_code(value.name)}"
    if isinstance(value, Text):
        return ", then ".join(_value(piece, numbers) for piece in value.pieces)
    if isinstance(value, Spelled):
        return f"{_value(value.value, numbers)}, as {value.kind}"
    if isinstance(value, Digest):
        return f"the {value.algorithm} digest of {_value(value.value, numbers)}, as {value.form}"
    if isinstance(value, Generated):
        return _generated(value)
    if isinstance(value, AppUrl):
        return "the address of the app"
    if isinstance(value, VariableRef):
        return f"the variable {markdown_code(value.name)}"
    if isinstance(value, SecretRef):
        names = ", ".join(markdown_code(name) for name in value.pieces[1::2])
        return f"a text with the secret {names}"
    if isinstance(value, File):
        kept = f", kept as {markdown_code(value.path)}" if value.path else ""
        return f"the file {markdown_code(value.name)}{kept}"
    text = json_text(_plain(value, numbers))
    return markdown_code(text[:1000] + "…" if is_long(value) else text)


def _generated(value: Generated) -> str:
    if value.kind == "uuid":
        return "a new UUID"
    if value.kind == "time":
        return f"the time at which it is sent, as {value.form}"
    if value.form == "characters":
        return f"{value.size} new random characters"
    return f"{value.size} new random bytes, as {value.form}"


def _plain(value: Any, numbers: dict[str, int]) -> Any:
    """As JSON, with leaves inside a value in angle brackets."""
    if isinstance(value, dict):
        return {key: _plain(item, numbers) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, numbers) for item in value]
    if isinstance(value, Object):
        return {
            key if isinstance(key, str) else _bracketed(key, numbers): _plain(item, numbers)
            for key, item in value.members
        }
    if isinstance(value, Extended):
        more = _plain(value.value, numbers)
        base = _bracketed(value.base, numbers)
        return [base, *more] if isinstance(more, list) else {base: "…", **more}
    return _bracketed(value, numbers) if isinstance(value, msgspec.Struct) else value


def _bracketed(value: Any, numbers: dict[str, int]) -> str:
    return f"<{_value(value, numbers).replace('`', '')}>"

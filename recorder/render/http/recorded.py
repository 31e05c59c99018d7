"""Expressions as they were when they were recorded, for what shows requests rather than makes them."""

from __future__ import annotations

from typing import Any

from recorder.request import evaluated, follow
from recorder.workflow import (
    AppUrl,
    Cookie,
    Expression,
    Generated,
    Link,
    SecretRef,
    Spelled,
    Text,
    VariableRef,
    Workflow,
    leaves_of,
)


class Recorded:
    """The values of one workflow; secrets are spelled as ``${NAME}``."""

    def __init__(self, workflow: Workflow) -> None:
        self._url = workflow.app.url.rstrip("/")
        self._root = workflow.app.url.rstrip("/")
        self._steps = {step.id: step for step in workflow.steps}
        self._variables = {variable.name: variable.value for variable in workflow.variables}

    def value(self, expression: Expression) -> Any:
        """What an expression came to: JSON, or a file."""
        return evaluated(_legible(expression), self._leaf)

    def _leaf(self, leaf: Any) -> Any:
        match leaf:
            case VariableRef():
                return self.value(self._variables.get(leaf.name))
            case SecretRef():
                return "".join(f"${{{p}}}" if n % 2 else p for n, p in enumerate(leaf.pieces))
            case Cookie():
                return f"${{COOKIE_{leaf.name}}}"
            case AppUrl():
                return self._url
            case Generated():
                # The moment of a request is not kept.
                return leaf.example or (0 if leaf.form in ("ms", "s") else "")
            case Link():
                return self._link(leaf)
            case Generated():
                return int(leaf.example) if leaf.form in ("ms", "s") else leaf.example
            case AppUrl():
                return self._root
        return leaf

    def _link(self, link: Link) -> Any:
        step = self._steps.get(link.step)
        if step is None or link.output >= len(step.outputs):
            return None
        try:
            found = follow(link, step.outputs[link.output].value, self._leaf)
        except (ValueError, LookupError, TypeError):
            return None
        if isinstance(found, str) and found.startswith("[recorder-secret:"):
            return f"${{{found.rpartition(':')[2].rstrip(']')}}}"
        return found


def _legible(expression: Expression) -> Expression:
    """An expression whose secrets can be read: in base64, as a login is sent, nobody would find their names."""
    match expression:
        case Text():
            return Text(pieces=tuple(map(_legible, expression.pieces)))
        case Spelled() if expression.kind not in ("json", "percent") and any(
            leaves_of(SecretRef, expression)
        ):
            return _legible(expression.value)
    return expression

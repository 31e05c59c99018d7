"""Expressions as they were when they were recorded, for what shows requests rather than makes them."""

from __future__ import annotations

import base64
import json
from typing import Any

from recorder.request import as_text, read, value_at
from recorder.session import File
from recorder.workflow import Cookie, Expression, Link, SecretRef, Spelled, Text, VariableRef, Workflow


class Recorded:
    """The values of one workflow; secrets are spelled as ``${NAME}``."""

    def __init__(self, workflow: Workflow) -> None:
        self._steps = {step.id: step for step in workflow.steps}
        self._variables = {variable.name: variable.value for variable in workflow.variables}

    def value(self, expression: Expression) -> Any:
        """What an expression came to: JSON, or a file."""
        match expression:
            case VariableRef():
                return self.value(self._variables.get(expression.name))
            case SecretRef():
                return "".join(f"${{{p}}}" if n % 2 else p for n, p in enumerate(expression.pieces))
            case Cookie():
                return f"${{COOKIE_{expression.name}}}"
            case Link():
                return self._link(expression)
            case Text():
                return "".join(as_text(self.value(piece)) for piece in expression.pieces)
            case Spelled(kind="json"):
                return json.dumps(self.value(expression.value), separators=(",", ":"), ensure_ascii=False)
            case Spelled():
                return base64.b64encode(as_text(self.value(expression.value)).encode()).decode()
            case File():
                return expression
            case dict():
                return {key: self.value(item) for key, item in expression.items()}
            case list() | tuple():
                return [self.value(item) for item in expression]
        return expression

    def _link(self, link: Link) -> Any:
        step = self._steps.get(link.step)
        if step is None or link.output >= len(step.outputs):
            return None
        found = value_at(step.outputs[link.output].value, link.path)
        try:
            for reader in link.readers:
                found = read(reader, found)
        except (ValueError, LookupError, TypeError):
            return None
        if isinstance(found, str) and found.startswith("[recorder-secret:"):
            return f"${{{found.rpartition(':')[2].rstrip(']')}}}"
        return found

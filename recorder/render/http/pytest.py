"""The target ``pytest`` for apps with an HTTP API: a module with one test, which asserts what every request gave."""

from __future__ import annotations

from typing import Any

from recorder.render import Options
from recorder.render.analysis import known_columns
from recorder.render.expected import Number, approximately, expected, parametrized, written
from recorder.render.http.program import HttpProgram
from recorder.render.layout import Node, write
from recorder.render.literals import python, python_text
from recorder.session import File
from recorder.workflow import Step, Workflow, tainted


class Pytest:
    """Renders a workflow of HTTP requests as a test module."""

    name = "pytest"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the module.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
            UsageError: a row has a column that is no variable.
        """
        return _Test(workflow, options).text()


PYTEST = Pytest()


class _Test(HttpProgram):
    template = "http_pytest.jinja"
    url = "app_url"

    def __init__(self, workflow: Workflow, options: Options) -> None:
        super().__init__(workflow, options)
        self.needs.add("pytest")
        self.tainted = tainted(workflow, known_columns(workflow, options.rows))

    def name(self, text: str, fallback: str) -> str:
        # An argument by this name would be a fixture of pytest's own.
        return self.names.free("request_") if text == "request" else super().name(text, fallback)

    def signature(self, items: list[tuple[str, Node]]) -> str:
        return parametrized(self.workflow, items, self.options.rows, self.given)

    def given(self, value: Any) -> Node:
        """A value of a row."""
        if isinstance(value, str | int | float | bool | list | dict) or value is None:
            return python(value)
        return python_text(str(value))

    def told(self, step: Step, name: str) -> list[str]:
        if step.setup or not name or step.expect not in ("ok",):
            return []
        outputs = step.outputs[:1]
        if not outputs or outputs[0].component in ("nothing", "file"):
            return []
        guarded = step.id in self.tainted
        value = expected(outputs[0], self.workflow.app.url.rstrip("/"))
        wanted = written(value, self.leaf_expected, self.hoist, self.needs)
        relation = "is" if wanted in ("None", "True", "False") else "=="
        line = write(
            wanted,
            indent=self.margin + (4 if guarded else 0),
            before=f"assert {name} {relation} ",
            after=f", {python_text(step.endpoint.id)}",
        )
        lines = [*self.take_prelude(), line]
        return ["if as_recorded:", *(f"    {line}" for line in lines)] if guarded else lines

    def leaf_expected(self, leaf: Any) -> Node:
        if isinstance(leaf, Number):
            return approximately(leaf)
        if isinstance(leaf, File):
            return "ANY"
        self.needs.add("ANY")
        return "ANY"

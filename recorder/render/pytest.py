"""The target ``pytest``: a module with one test for what was recorded, which asserts what every call gave.

It runs with pytest and gradio_client alone. The app's address is a fixture, the variables are parameters: rows of other
values are checked where they cannot make a difference.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from recorder.render import Options
from recorder.render.analysis import is_shown, known_columns, outputs_of
from recorder.render.expected import Number, approximately, expected, parametrized, written
from recorder.render.layout import Group, Node, write
from recorder.render.literals import python_text
from recorder.render.program import Program
from recorder.session import File
from recorder.workflow import Step, Workflow, tainted


class Pytest:
    """Renders a workflow of a Gradio app as a test module."""

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


class _Test(Program):
    target = "pytest"
    url = "app_url"
    passes_records = False

    def __init__(self, workflow: Workflow, options: Options) -> None:
        super().__init__(workflow, options)
        self.needs.add("pytest")
        self.names |= {
            "app_url",
            "as_recorded",
            "pytest",
            "hashlib",
            "re",
            "inspect",
            "Content",
            "Around",
            "Said",
            "Matching",
            "Unordered",
            "ANY",
        }
        self.tainted = tainted(workflow, known_columns(workflow, options.rows))

    def signature(self, items: list[tuple[str, Node]], returned: str) -> str:
        return parametrized(self.workflow, items, self.options.rows, self.expression)

    def leaf(self, leaf: Any, raw: bool) -> Node:
        if isinstance(leaf, PurePath):
            self.needs.add("handle_file")
            return Group("handle_file(", [("", python_text(str(leaf)))], ")")
        return super().leaf(leaf, raw)

    # What is expected of a call.

    def told(self, step: Step, names: list[str], label: str) -> list[str]:
        guarded = step.id in self.tainted
        lines = []
        for n, output in enumerate(outputs_of(step)):
            code = self.results.get((step.id, n))
            # An answer that was more than words is not held to them.
            untold = output.reply and output.value is None
            if code is None or untold or not is_shown(step, n, output):
                continue
            value = expected(output, self.workflow.app.url.rstrip("/"))
            wanted = written(value, self.leaf_expected, self.hoist, self.needs)
            where = f"{step.endpoint.id}: {output.label or output.name or f'output {n + 1}'}"
            relation = "is" if wanted in ("None", "True", "False") else "=="
            line = write(
                wanted,
                indent=8 if guarded else 4,
                before=f"assert {code} {relation} ",
                after=f", {python_text(where)}",
            )
            lines += [*self.take_prelude(), line]
        return ["if as_recorded:", *(f"    {line}" for line in lines)] if guarded and lines else lines

    def leaf_expected(self, leaf: Any) -> Node:
        if isinstance(leaf, Number):
            return approximately(leaf)
        if isinstance(leaf, File) and leaf.sha256:
            self.needs |= {"Content", "hashlib", "Path"}
            return Group("Content(", [("", python_text(leaf.sha256)), ("", python_text(leaf.name))], ")")
        # Its bytes were not kept, or it differs from run to run, so that any will do.
        self.needs.add("ANY")
        return "ANY"

    def failing(self, step: Step, raw: bool, label: str, call: list[str]) -> list[str]:
        items: list[tuple[str, Node]] = [("", "ValueError")]
        if step.error and step.id not in self.tainted:
            self.needs.add("re")
            items.append(("match=", Group("re.escape(", [("", python_text(step.error))], ")")))
        opening = write(Group("with pytest.raises(", items, ")"), indent=4, after=":")
        return [opening, *(f"    {line}" for line in call)]

    def stopped(self, step: Step, values: str) -> list[str]:
        return []

    def name(self, text: str, fallback: str) -> str:
        # An argument by this name would be a fixture of pytest's own.
        return self.names.free("request_") if text == "request" else super().name(text, fallback)

    def returned(self) -> str:
        return ""

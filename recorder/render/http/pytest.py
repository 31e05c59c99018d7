"""The target ``pytest`` for apps with an HTTP API: a module with one test, which asserts what every request gave."""

from __future__ import annotations

from typing import Any

from recorder.errors import UsageError
from recorder.render import Options
from recorder.render.expected import Number, expected, written
from recorder.render.http.program import HttpProgram
from recorder.render.layout import Group, Node, write
from recorder.render.literals import python, python_text
from recorder.session import File
from recorder.workflow import Step, Workflow, identifier, tainted, unique


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
        names = [variable.name for variable in workflow.variables]
        for column in dict.fromkeys(column for row in options.rows for column in row):
            if column not in names:
                raise UsageError(
                    f"There is no variable {column!r} in this session",
                    f"The variables are {', '.join(names)}" if names else "It has none, so give no rows",
                )
        self.tainted = tainted(workflow, names)

    def name(self, text: str, fallback: str) -> str:
        # An argument by this name would be a fixture of pytest's own.
        return unique("request_", self.names) if text == "request" else super().name(text, fallback)

    def signature(self, items: list[tuple[str, Node]]) -> str:
        name = f"test_{identifier(self.workflow.name, 'session')}"
        declared = [(prefix.removesuffix(" = "), default) for prefix, default in items if prefix]
        arguments: list[tuple[str, Node]] = [("", "app_url: str"), *(("", prefix) for prefix, _ in declared)]
        if not declared:
            return write(Group(f"def {name}(", arguments, ") -> None:"))
        arguments.append(("", "as_recorded: bool"))
        columns = [*(prefix.partition(":")[0] for prefix, _ in declared), "as_recorded"]
        recorded: list[tuple[str, Node]] = [("", default) for _, default in declared]
        rows = [Group("pytest.param(", [*recorded, ("", "True"), ("id=", '"recorded"')], ")")]
        for number, row in enumerate(self.options.rows, 1):
            values = [
                ("", self.given(row[variable.name])) if variable.name in row else default
                for variable, default in zip(self.workflow.variables, recorded, strict=True)
            ]
            rows.append(Group("pytest.param(", [*values, ("", "False"), ("id=", f'"row {number}"')], ")"))
        parametrize = Group(
            "@pytest.mark.parametrize(",
            [
                ("", Group("(", [("", f'"{column}"') for column in columns], ")")),
                ("", Group("[", [("", row) for row in rows], "]")),
            ],
            ")",
        )
        return f"{write(parametrize)}\n{write(Group(f'def {name}(', arguments, ') -> None:'))}"

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
            if leaf.tolerance is None:
                return f"pytest.approx({python(leaf.value)})"
            return f"pytest.approx({python(leaf.value)}, abs={python(leaf.tolerance)})"
        if isinstance(leaf, File):
            return "ANY"
        self.needs.add("ANY")
        return "ANY"

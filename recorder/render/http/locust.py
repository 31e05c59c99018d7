"""The target ``locust`` for apps with an HTTP API: a locustfile whose users make the recorded requests, with the
recorded time to think between them. Each is one entry of Locust's statistics by the name of its endpoint; one that is
not as recorded is a failure."""

from __future__ import annotations

from typing import Any

from recorder.render import Options
from recorder.render.analysis import thought
from recorder.render.http.program import HttpProgram
from recorder.render.layout import Group, Node, write
from recorder.render.literals import python, python_text
from recorder.request import as_sent, value_at
from recorder.session import File
from recorder.workflow import Expression, Step, Workflow, identifier, tainted


class Locust:
    """Renders a workflow of HTTP requests as a locustfile."""

    name = "locust"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the file.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        return _File(workflow, options).text()


LOCUST = Locust()


class _File(HttpProgram):
    template = "http_locust.jinja"
    url = "self.host"
    client = "self.client"
    sockets = "self.sockets"
    raw_body = "data="

    def __init__(self, workflow: Workflow, options: Options) -> None:
        super().__init__(workflow, options)
        self.names |= {"PACE", "RescheduleTask", "StopUser", "differs", "Near", "time", "math", "ask", "task"}
        self.row = options.rows[0] if options.rows else {}
        self.tainted = tainted(workflow, tuple(self.row))
        self.before: Step | None = None
        self.needs |= {"Any", "json"}

    def more(self) -> dict[str, Any]:
        words = identifier(self.workflow.name, "session").split("_")
        return {"user": "".join(part.title() for part in words) + "User"}

    def arguments(self) -> tuple[list[tuple[str, Node]], list[str]]:
        """Users have no arguments: each variable is a constant."""
        for variable in self.workflow.variables:
            name = self.names.free(identifier(variable.name, "value").upper())
            self.variables[variable.name] = (name, variable)
            value = self.row.get(variable.name, variable.value)
            if isinstance(value, File):
                node: Node = self.file_path(value)
            elif isinstance(value, str | int | float | bool | list | dict) or value is None:
                node = self.expression(value)
            else:
                node = python_text(str(value)) if not hasattr(value, "pieces") else self.expression(value)
            self.constants.append(write(node, before=f"{name} = "))
        return [], []

    def signature(self, items: list[tuple[str, Node]]) -> str:
        return ""

    def form_body(
        self, pairs: list[tuple[Expression, Expression]], headers: list[tuple[str, Expression]]
    ) -> list[tuple[str, Node]]:
        return [("data=", self.pairs(pairs))]

    def json_body(self, value: Expression, headers: list[tuple[str, Expression]]) -> list[tuple[str, Node]]:
        """As a page writes JSON, and requests does not."""
        if not any(name == "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
        return [("data=", self.json_text(value))]

    def step(self, step: Step) -> list[str]:
        lines: list[str] = []
        if (seconds := thought(step, self.before)) > 0.05:
            lines.append(f"self.think({round(seconds, 2)!r})")
        self.before = step
        if step.endpoint.method == "WS":
            return [*lines, *self.socket(step)]
        asked = as_sent(step)
        component = step.outputs[0].component if step.outputs else "nothing"
        items: list[tuple[str, Node]] = [
            ("", python_text(step.endpoint.id)),
            ("", str(int(step.code or 200))),
            ("", python_text(asked.method)),
            ("", self.address(asked)),
        ]
        if component != "json":
            items.append(("kind=", python_text(component)))
            self.needs |= {"page"} if component == "page" else set()
        items += self.until_enough(step)
        if step.expect == "failed":
            items.append(("fails=", "True"))
        elif step.expect == "ok" and not step.setup and step.id not in self.tainted and step.outputs:
            if component == "json":
                # Users change what each other see: that an answer has the recorded members is all that holds.
                items.append(("members=", python(_members(step.outputs[0].value))))
        items += self.how(asked)
        used = self.linked.get(step.id, set())
        target = ""
        if used:
            name = self.name(step.name, "result")
            self.results[step.id] = name
            target = f"{name} = "
        asking = Group("self.ask(", items, ")")
        if step.until is not None and component == "json":
            self.needs.add("until")
            wanted = value_at(step.outputs[0].value, step.until)
            until: list[tuple[str, Node]] = [("", python(list(step.until))), ("", python(wanted))]
            asking = Group("until(", [("lambda: ", asking), *until], ")")
        call = write(asking, indent=self.margin, before=target)
        lines += [*self.take_prelude(), call]
        if any(step.outputs[output].component == "headers" for output in used):
            response = self.name("response", "response")
            self.responses[step.id] = response
            lines.append(f"{response} = self.response")
        return lines

    def socket(self, step: Step) -> list[str]:
        self.margin += 4
        lines = super().socket(step)
        self.margin -= 4
        return [f"with self.counted({python_text(step.endpoint.id)}):", *(f"    {line}" for line in lines)]

    def told(self, step: Step, name: str) -> list[str]:
        return []


def _members(value: Any) -> Any:
    """The names of members, inside each other; None where there are none."""
    return {str(name): _members(item) for name, item in value.items()} if isinstance(value, dict) else None

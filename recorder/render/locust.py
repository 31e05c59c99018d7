"""The target ``locust``: a locustfile whose users make the recorded calls, with the recorded time to think between
them.

All calls go over the app's own protocol, which costs a user less than a client would, and gets everywhere. Each is
one entry of Locust's statistics by the name of its endpoint, from sending it until its result is complete; a result
that is not as recorded is a failure.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    file_url,
    inside_path,
    is_file_list,
    is_state,
    missing_file,
    no_output,
    no_variable,
    outputs_of,
    query_of,
    thought,
)
from recorder.render.expected import Number, expected, written
from recorder.render.layout import Group, Node, write
from recorder.render.literals import python, python_text
from recorder.render.program import files_folder, secret
from recorder.render.templates import template
from recorder.session import File
from recorder.workflow import (
    Expression,
    Link,
    Names,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves_of,
    sent,
    tainted,
)

_OWN = {
    *(
        "Any",
        "Around",
        "Failed",
        "FILES",
        "LOGIN",
        "Matching",
        "Near",
        "Page",
        "Path",
        "QUERY",
        "Said",
        "Served",
    ),
    *(
        "Unordered",
        "Upload",
        "User",
        "base64",
        "config_of",
        "data_url",
        "differs",
        "inspect",
        "itertools",
        "json",
    ),
    *(
        "mimetypes",
        "os",
        "page",
        "random",
        "re",
        "requests",
        "self",
        "spoken",
        "task",
        "threading",
        "time",
        "RescheduleTask",
    ),
    *("CONFIGS", "PACE", "READING", "StopUser", "value_of"),
}


class Locust:
    """Renders a workflow of a Gradio app as a locustfile."""

    name = "locust"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the file.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        return _File(workflow, options).text()


LOCUST = Locust()


class _File:
    """One rendering: the names given away, the carried code that is needed, and the lines of the task."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        self.names = Names(_OWN)
        self.constants: list[str] = []
        self.prelude: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.answers: dict[str, str] = {}
        self.steps = {step.id: step for step in workflow.steps}
        self.linked = {link.step for step in workflow.steps for link in leaves_of(Link, sent(step))}
        self.folder = common_folder(workflow)
        pages = dict.fromkeys(step.page for step in workflow.steps)
        self.pages = {page: f"page_{n}" if len(pages) > 1 else "page" for n, page in enumerate(pages, 1)}
        self.names |= set(self.pages.values())
        self.row = options.rows[0] if options.rows else {}
        self.tainted = tainted(workflow, tuple(self.row))

    def text(self) -> str:
        for variable in self.workflow.variables:
            self.define(variable)
        lines = [f"{name} = Page(self)" for name in self.pages.values()]
        before: Step | None = None
        for step in self.workflow.steps:
            lines += ["", *self.step(step, before)]
            before = step
        app = self.workflow.app
        query = query_of(app)
        return template("locust.jinja").render(
            url=python_text(app.url.rstrip("/")),
            files=files_folder(self.options, self.folder),
            query=python_text(query) if query else "",
            auth=app.auth,
            constants=self.constants,
            user="".join(part.title() for part in identifier(self.workflow.name, "session").split("_"))
            + "User",
            lines=[f"        {line}" if line else "" for line in lines],
            needs=self.needs,
        )

    def define(self, variable: Variable) -> None:
        """The constant that a variable is: users have no arguments."""
        name = self.names.free(identifier(variable.name, "value").upper())
        self.variables[variable.name] = (name, variable)
        value = self.row.get(variable.name, variable.value)
        node: Node
        if isinstance(value, File) and value.path:
            node = self.file_path(value)
        elif isinstance(value, list) and is_file_list(value):
            node = Group("[", [("", self.file_path(file)) for file in value], "]")
        else:
            node = self.expression(value)
        self.constants += [*self.take_prelude(0), write(node, before=f"{name} = ")]

    # Steps.

    def step(self, step: Step, before: Step | None) -> list[str]:
        lines = []
        if (seconds := thought(step, before)) > 0.05:
            lines.append(f"self.think({round(seconds, 2)!r})")
        items: list[tuple[str, Node]] = [("", python_text(step.endpoint.id))]
        if step.endpoint.server_fn:
            items += self.asked(step)
            method = "ask"
        else:
            items += self.called(step)
            method = "call"
        items += self.judged(step)
        page = self.pages[step.page]
        target = ""
        if step.id in self.linked:
            self.answers[step.id] = self.names.free(identifier(step.name, "answer"))
            target = f"{self.answers[step.id]} = "
        line = write(Group(f"{page}.{method}(", items, ")"), indent=8, before=target)
        return [*lines, *self.take_prelude(8), line]

    def asked(self, step: Step) -> list[tuple[str, Node]]:
        """What a function of a control is given."""
        component = step.endpoint.parameters[0].component_id if step.endpoint.parameters else None
        given = step.arguments[0].value if step.arguments else None
        self.needs.add("ask")
        return [
            ("", python(component)),
            ("", python_text(step.endpoint.server_fn)),
            ("", self.expression(given)),
            *([("form=", "True")] if step.endpoint.connection == "form" else []),
        ]

    def called(self, step: Step) -> list[tuple[str, Node]]:
        endpoint = step.endpoint
        values: list[Expression] = [
            None if is_state(step, place, argument) else argument.value
            for place, argument in enumerate(step.arguments)
        ]
        items: list[tuple[str, Node]] = [("", python(endpoint.fn_index)), ("", self.expression(values))]
        if endpoint.api_name and endpoint.rendered_in is None:
            items.append(("api_name=", python_text(endpoint.api_name)))
        if not endpoint.queue:
            items.append(("queue=", "False"))
            self.needs.add("unqueued")
        if step.trigger_id is not None:
            items.append(("trigger_id=", python(step.trigger_id)))
        if step.event_data is not None:
            items.append(("event_data=", self.expression(step.event_data)))
        if step.frames:
            items.append(("frames=", self.expression([list(frame) for frame in step.frames])))
        if endpoint.connection == "stream":
            self.needs.add("streams")
            items.append(("streams=", "True"))
            if step.cut_short:
                items.append(("cut_short=", "True"))
        elif step.frames:
            self.needs.add("frames")
        if step.expect in ("cancelled", "unfinished") and endpoint.connection != "stream":
            self.needs.add("cancel")
            after = step.cancel_after if step.expect == "cancelled" else max(step.yields, 1)
            items.append(("cancel_after=", python(after or 0)))
        return items

    def judged(self, step: Step) -> list[tuple[str, Node]]:
        """What the answer is held against, and how it ends."""
        if step.expect == "failed":
            return [("fails=", "True")]
        if step.expect != "ok" or step.setup or step.id in self.tainted:
            return []
        wanted: list[tuple[str, Node]] = []
        for place, output in enumerate(outputs_of(step)):
            if output.state or output.skipped or (output.reply and output.value is None):
                continue
            value = expected(output, self.workflow.app.url.rstrip("/"))
            node = written(value, self.leaf_expected, self.hoist, self.needs)
            wanted.append((f"{place}: ", node))
        return [("expected=", Group("{", wanted, "}"))] if wanted else []

    def leaf_expected(self, leaf: Any) -> Node:
        if isinstance(leaf, Number):
            self.needs.add("Near")
            tolerance = [] if leaf.tolerance is None else [("", python(leaf.tolerance))]
            return Group("Near(", [("", python(leaf.value)), *tolerance], ")")
        # Files are not downloaded under load, and what differs from run to run may be anything.
        self.needs.add("Served")
        return "Served()"

    # Values.

    def expression(self, value: Expression) -> Node:
        return python(value, self.leaf, self.hoist, self.needs)

    def hoist(self, node: Node) -> str:
        name = self.names.free("part")
        self.prelude.append(write(node, indent=8, before=f"{name} = "))
        return name

    def take_prelude(self, indent: int) -> list[str]:
        taken, self.prelude = self.prelude, []
        return taken if indent else [line.replace("\n        ", "\n") for line in taken]

    def leaf(self, leaf: Any) -> Node:
        if isinstance(leaf, File):
            return self.file(leaf)
        if isinstance(leaf, PurePath):
            self.needs.add("Upload")
            return f"Upload({python_text(str(leaf))})"
        if isinstance(leaf, VariableRef):
            return self.variable(leaf)
        if isinstance(leaf, Link):
            return self.link(leaf)
        if isinstance(leaf, SecretRef):
            return secret(leaf)
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def file(self, file: File) -> Node:
        if file.inline:
            self.needs |= {"data_url", "Path"}
            return Group("data_url(", [("", self.file_path(file)), ("", python_text(file.type or ""))], ")")
        if not file.path:
            ours, url = file_url(self.workflow.app, file)
            if url:
                self.needs.add("elsewhere")
                return Group("self.elsewhere(", [("", python_text(url)), ("", repr(ours))], ")")
        extra: list[tuple[str, Node]] = []
        if file.extra:
            extra = [("", python(file.extra))]
        self.needs.add("Upload")
        return Group(
            "Upload(", [("", self.file_path(file if file.path else missing_file(file))), *extra], ")"
        )

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        return f"FILES / {python_text(inside_path(file, self.folder))}"

    def variable(self, ref: VariableRef) -> Node:
        if ref.name not in self.variables:
            raise no_variable(ref)
        name, variable = self.variables[ref.name]
        if isinstance(variable.value, File) and variable.value.path:
            self.needs.add("Upload")
            return f"Upload({name})"
        if is_file_list(variable.value):
            self.needs.add("Upload")
            return f"[Upload(item) for item in {name}]"
        return name

    def link(self, link: Link) -> Node:
        source = self.steps.get(link.step)
        answer = self.answers.get(link.step)
        if source is None or answer is None or link.output >= len(source.outputs):
            raise no_output(link)
        self.needs.add("value_of")
        inside = "".join(f"[{write(python(key))}]" for key in link.path)
        return f"value_of({answer}[{link.output}]){inside}"

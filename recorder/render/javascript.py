"""The target ``javascript``: an ES module for Node on ``@gradio/client``; its one function takes what the person chose.

What that client cannot call or carry is called over the app's own protocol by a few lines that the module brings along,
and only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recorder.render import Options
from recorder.render.analysis import (
    beyond_clients,
    common_folder,
    file_url,
    inside_path,
    is_file_list,
    is_plain,
    is_shown,
    is_state,
    linked_outputs,
    may_be_left_out,
    missing_file,
    no_output,
    no_variable,
    outputs_of,
    query_of,
    refuse_devices,
    values_of,
    walk,
)
from recorder.render.layout import Group, Node, width, write
from recorder.render.literals import beyond_javascript, javascript, javascript_text
from recorder.render.templates import template
from recorder.session import File
from recorder.workflow import (
    Argument,
    Link,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    unique,
)

LONG = 200
"""Columns from which a value becomes a constant at the top of the module."""

# The names that the module has for itself, the words that JavaScript keeps, and what every options object already has.
_RESERVED = set(
    """
    abstract arguments async await boolean break byte case catch char class const continue debugger default delete do
    double else enum eval export extends false final finally float for from function get goto if implements import in
    instanceof int interface let long native new null of package private protected public return set short static super
    switch synchronized this throw throws transient true try typeof undefined var void volatile while with yield
    array bigint boolean buffer console date error file infinity json map math nan number object process promise require
    fetch string symbol url main
    api basename body call call_and_cancel client constructor dirname encode event exports file_url_to_path join
    messages module
    name_of open read_file result run secret show upload value value_of values
    """.split()
)

# What every object has, so that the client takes arguments by such names for given, or never sees them.
_OF_EVERY_OBJECT = {
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
}  # fmt: skip


class JavaScript:
    """Renders a workflow of a Gradio app as an ES module."""

    name = "javascript"
    suffix = ".mjs"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the module.

        Raises:
            UsageError: a step is a device's stream or a control's own function.
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        refuse_devices(workflow, self.name)
        return _Module(workflow, options).text()


JAVASCRIPT = JavaScript()


class _Module:
    """One rendering: the names given away, the functions that are needed, and the blocks of code."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        pages = list(dict.fromkeys(step.page for step in workflow.steps)) or [""]
        self.clients = {page: f"client_{n}" if n > 1 else "client" for n, page in enumerate(pages, 1)}
        self.names: set[str] = {*_RESERVED, *self.clients.values()}
        self.client = "client"
        self.constants: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.results: dict[tuple[str, int], str] = {}
        self.shown: list[str] = []
        self.steps = {step.id: step for step in workflow.steps}
        self.linked = linked_outputs(workflow)
        self.recorded = values_of(workflow)
        self.folder = common_folder(workflow)

    def text(self) -> str:
        items, late, types = self.arguments()
        blocks = [late] if late else []
        blocks += [self.step(step) for step in self.workflow.steps]
        app = self.workflow.app
        query = query_of(app)
        signature = Group("{ ", items, " }") if items else ""
        folder = "/".join(part for part in (self.options.files, self.folder) if part not in ("", "."))
        return template("javascript.jinja").render(
            url=javascript_text(app.url.rstrip("/")),
            query=javascript_text(query) if query else "",
            folder=javascript_text(folder) if folder else "",
            auth=app.auth,
            constants=self.constants,
            types=types,
            signature=write(signature, before="export async function run(", after=" = {}) {")
            if items
            else "export async function run() {",
            clients=list(self.clients.values()),
            blocks=["\n".join(f"        {line}" if line else "" for line in block) for block in blocks],
            returned=self.returned(),
            needs=self.needs,
        )

    # What the caller may choose.

    def arguments(self) -> tuple[list[tuple[str, Node]], list[str], list[str]]:
        """The members of the options object, lines that make late defaults, and the JSDoc of each."""
        items: list[tuple[str, Node]] = []
        late: list[str] = []
        types: list[str] = []
        for variable in self.workflow.variables:
            name = self.name(variable.name, "value")
            self.variables[variable.name] = (name, variable)
            value = variable.value
            types.append(f"@param {{{_type(value)}}} [options.{name}]")
            if isinstance(value, File) and value.path:
                items.append((f"{name} = ", self.file_path(value)))
            elif is_file_list(value):
                items.append((f"{name} = ", Group("[", [("", self.file_path(f)) for f in value], "]")))
            elif is_plain(value):
                node = self.expression(value)
                items.append((f"{name} = ", self.constant(name, node) if width(node) > LONG else node))
            else:
                items.append(("", name))
                late.append(write(self.expression(value), indent=8, before=f"{name} ??= ", after=";"))
        return items, late, types

    def constant(self, name: str, node: Node) -> str:
        chosen = unique(name.upper().strip("_") or "VALUE", self.names)
        self.constants.append(write(node, before=f"const {chosen} = ", after=";"))
        return chosen

    def name(self, text: str, fallback: str) -> str:
        name = identifier(text, fallback)
        return unique(f"{name}_" if name in _RESERVED else name, self.names)

    # Values.

    def expression(self, value: Any) -> Node:
        return javascript(value, self.leaf)

    def leaf(self, leaf: Any) -> Node:
        if isinstance(leaf, File):
            return self.file(leaf)
        if isinstance(leaf, VariableRef):
            return self.variable(leaf)
        if isinstance(leaf, Link):
            return self.link(leaf)
        if isinstance(leaf, SecretRef):
            self.needs.add("secret")
            words = [
                f"secret({javascript_text(piece)})" if number % 2 else javascript_text(piece)
                for number, piece in enumerate(leaf.pieces)
                if piece or number % 2
            ]
            return " + ".join(words) if words else '""'
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def file(self, file: File) -> Node:
        ours, address = file_url(self.workflow.app, file)
        if not file.path and address:
            self.needs.add("remote")
            where = f"URL_OF_APP + {javascript_text(address)}" if ours else javascript_text(address)
            return Group("remote(", [("", where)], ")")
        code = self.uploaded(self.file_path(file if file.path else missing_file(file)))
        if file.extra:
            extra = [(f"[{javascript_text(key)}]: ", javascript(v)) for key, v in file.extra.items()]
            return Group("{ ", [*extra, ("...", f"({code})")], " }")
        return code

    def uploaded(self, code: str) -> str:
        self.needs.add("upload")
        return f"await upload({self.client}, {code})"

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        return f"join(FILES, {javascript_text(inside_path(file, self.folder))})"

    def variable(self, ref: VariableRef) -> Node:
        if ref.name not in self.variables:
            raise no_variable(ref)
        name, variable = self.variables[ref.name]
        if isinstance(variable.value, File) and variable.value.path:
            return self.uploaded(name)
        if is_file_list(variable.value):
            return f"await Promise.all({name}.map(async (item) => {self.uploaded('item')}))"
        return name

    def link(self, link: Link) -> Node:
        code = self.results.get((link.step, link.output))
        if code is None:
            raise no_output(link)
        return code + "".join(f"[{write(javascript(key))}]" for key in link.path)

    # Steps.

    def step(self, step: Step) -> list[str]:
        """The lines of one step, not indented; a line may hold more, indented for where it stands."""
        self.client = self.clients[step.page]
        label = identifier(step.name, "step")
        if step.expect in ("cancelled", "unfinished"):
            return self.interrupted(step, label)
        raw = by_protocol(step, self.linked, self.recorded)
        if step.expect == "failed":
            return [
                "try {",
                f"    {self.call(step, raw, indent=12)};",
                f"    console.log({self.said(label, 'did not fail this time')});",
                "} catch (error) {",
                f"    console.log({self.said(label, 'failed, as recorded:')}, error.message);",
                "}",
            ]
        outputs = outputs_of(step)
        visible = [n for n, output in enumerate(outputs) if raw or not _dropped(step, n, output.state)]
        wanted = [
            n
            for n in visible
            if (step.id, n) in self.linked or (is_shown(step, n, outputs[n]) and not step.setup)
        ]
        names = {n: self.name(outputs[n].name or outputs[n].label or step.name, "result") for n in wanted}
        listed = (
            ", ".join(names.get(n, "") for n in visible[: visible.index(wanted[-1]) + 1]) if wanted else ""
        )
        call = self.call(step, raw, indent=8, before=f"const [{listed}] = " if wanted else "")
        lines = [f"{call};"]
        for n in wanted:
            self.results[step.id, n] = names[n]
            if outputs[n].properties is not None:
                self.needs.add("value_of")
                self.results[step.id, n] = f"value_of({names[n]})"
        if step.setup:
            return lines
        self.shown = [self.results[step.id, n] for n in wanted if is_shown(step, n, outputs[n])]
        if self.shown:
            self.needs.add("show")
            values: list[tuple[str, Node]] = [("", name) for name in self.shown]
            lines.append(
                write(Group("show(", [("", javascript_text(label)), *values], ")"), indent=8, after=";")
            )
        else:
            lines.append(f"console.log({self.said(label, 'done')});")
        return lines

    def interrupted(self, step: Step, label: str) -> list[str]:
        """A call that was cancelled, or that was not over when the recording was."""
        self.needs |= {"call_and_cancel", "messages"}
        taken = step.yields if step.cancel_after is None else step.cancel_after
        name = self.name(f"{label[:33]}_values", "values")
        items = self.protocol_arguments(step)
        items.insert(1, ("", str(taken)))
        call = write(
            Group("call_and_cancel(", items, ")"), indent=8, before=f"const {name} = await ", after=";"
        )
        words = "cancelled" if step.expect == "cancelled" else "left unfinished"
        if step.setup:
            return [call]
        said = self.said(label, f"{words}, as recorded, after")
        return [call, f'console.log({said}, {name}, "values");']

    def said(self, label: str, words: str) -> str:
        return javascript_text(f"{label}: {words}")

    def call(self, step: Step, raw: bool, *, indent: int, before: str = "") -> str:
        if raw:
            self.needs |= {"call", "messages"}
            return write(
                Group("call(", self.protocol_arguments(step), ")"), indent=indent, before=f"{before}await "
            )
        sent = [(n, a) for n, a in enumerate(step.arguments) if not is_state(step, n, a)]
        names = [argument.name for _, argument in sent]
        arguments: Node
        unlisted = step.endpoint.visibility == "hidden"
        if unlisted or not all(names) or len(set(names)) < len(names) or _OF_EVERY_OBJECT & set(names):
            arguments = Group("[", [("", self.argument(a)) for _, a in sent], "]")
        else:
            members = [
                (f"{javascript_text(a.name)}: ", self.argument(a))
                for n, a in sent
                if not (a.default and may_be_left_out(step, n))
            ]
            arguments = Group("{ ", members, " }") if members else "{}"
        items: list[tuple[str, Node]] = [("", javascript_text(f"/{step.endpoint.api_name}")), ("", arguments)]
        called = write(
            Group(f"{self.client}.predict(", items, ")"),
            indent=indent,
            before=f"{before}({'await '}" if before else "await ",
            after=").data" if before else "",
        )
        return called

    def protocol_arguments(self, step: Step) -> list[tuple[str, Node]]:
        data: list[tuple[str, Node]] = [
            ("", "null" if is_state(step, n, argument) else self.argument(argument))
            for n, argument in enumerate(step.arguments)
        ]
        event: list[tuple[str, Node]] = []
        if step.trigger_id is not None:
            event.append(("trigger_id: ", str(int(step.trigger_id))))
        if step.event_data is not None:
            event.append(("event_data: ", self.expression(step.event_data)))
        items: list[tuple[str, Node]] = [
            ("", self.client),
            ("", str(int(step.endpoint.fn_index or 0))),
            ("", Group("[", data, "]")),
        ]
        return [*items, ("", Group("{ ", event, " }"))] if event else items

    def argument(self, argument: Argument) -> Node:
        node = self.expression(argument.value)
        if width(node) > 2 * LONG and is_plain(argument.value):
            return self.constant(identifier(argument.name or argument.label, "value"), node)
        return node

    def returned(self) -> str:
        if len(self.shown) > 1:
            return f"[{', '.join(self.shown)}]"
        return self.shown[0] if self.shown else ""


def by_protocol(step: Step, linked: set[tuple[str, int]], variables: Mapping[str, Any]) -> bool:
    """Whether ``@gradio/client`` cannot make this call, or cannot carry its values.

    ``linked`` are the outputs, by step and place, that later steps use; ``variables`` what each variable was.
    """
    if beyond_clients(step, linked) or any(argument.skipped for argument in step.arguments):
        return True
    return any(
        beyond_javascript(item) for argument in step.arguments for item in walk(argument.value, variables)
    )


def _dropped(step: Step, place: int, state: bool) -> bool:
    """Whether the client leaves this output out of what it returns."""
    returns = step.endpoint.returns
    return state or (place < len(returns) and returns[place].state)


def _type(value: Any) -> str:
    """A JSDoc type for a recorded value."""
    if isinstance(value, str | File | SecretRef):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        kinds = {_type(item) for item in value}
        return f"{kinds.pop()}[]" if len(kinds) == 1 else "unknown[]"
    return "Record<string, unknown>" if isinstance(value, dict) else "unknown"

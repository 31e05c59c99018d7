"""The target ``javascript``: an ES module on ``@gradio/client``; its one function takes what the person chose.

In the style ``node`` it reads files from disk and secrets from the environment; in the style ``browser`` it is for a
page, and takes both as options. What that client cannot call or carry is called over the app's own protocol by a few
lines that the module brings along, and only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

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
    Names,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
)

LONG = 200
"""Columns from which a value becomes a constant at the top of the module."""

# The words that JavaScript keeps, the names that the module has for itself, and what every options object already has.
_RESERVED = set(
    """
    abstract arguments async await boolean break byte case catch char class const continue debugger default delete do
    double else enum eval export extends false final finally float for from function get goto if implements import in
    instanceof int interface let long native new null of package private protected public return set short static super
    switch synchronized this throw throws transient true try typeof undefined var void volatile while with yield
    console fetch process require
    ask ask_form basename call call_and_cancel call_each client constructor data_url dirname encode error file_at
    heartbeats item join login main messages password post remote result_of run secret show stream upload url username
    value_of
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
            UsageError: a page is to repeat a device's stream.
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        if options.style == "browser":
            refuse_devices(workflow, "A module for a page", "render it with --style node")
        return _Module(workflow, options).text()


JAVASCRIPT = JavaScript()


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """One of the options that the function takes. ``required``: it has no default, and the module says so."""

    name: str
    type: str
    default: Node | None = None
    required: bool = False

    def documented(self) -> str:
        name = f"options.{self.name}" if self.required else f"[options.{self.name}]"
        return f"@param {{{self.type}}} {name}"


class _Module:
    """One rendering: the names given away, the functions that are needed, and the blocks of code."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        pages = list(dict.fromkeys(step.page for step in workflow.steps)) or [""]
        self.clients = {page: f"client_{n}" if n > 1 else "client" for n, page in enumerate(pages, 1)}
        self.names = Names({*_RESERVED, *self.clients.values()})
        self.client = "client"
        self.constants: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.results: dict[tuple[str, int], str] = {}
        self.shown: list[str] = []
        self.steps = {step.id: step for step in workflow.steps}
        self.linked = linked_outputs(workflow)
        self.recorded = values_of(workflow)
        self.folder = common_folder(workflow)
        self.browser = options.style == "browser"
        self.members: list[_Member] = []
        self.optional = False
        self.given: dict[str, str] = {}
        """In a page: the option for each secret, by its name, and for each file in a value, by its path."""

    def text(self) -> str:
        app = self.workflow.app
        if self.browser:
            self.members.append(
                _Member(name="url", type="string", default=javascript_text(app.url.rstrip("/")))
            )
            for name in ("username", "password") if app.auth else ():
                self.members.append(_Member(name=name, type="string", required=True))
        late = self.arguments()
        blocks = [late] if late else []
        blocks += [self.step(step) for step in self.workflow.steps]
        query = query_of(app)
        items: list[tuple[str, Node]] = [
            ("", m.name) if m.default is None else (f"{m.name} = ", m.default) for m in self.members
        ]
        required = [member.name for member in self.members if member.required]
        folder = "/".join(part for part in (self.options.files, self.folder) if part not in ("", "."))
        return template("javascript.jinja").render(
            url=javascript_text(app.url.rstrip("/")),
            query=javascript_text(query) if query else "",
            folder=javascript_text(folder) if folder else "",
            absolute=folder.startswith("/"),
            auth=app.auth,
            constants=self.constants,
            types=[member.documented() for member in self.members],
            required=required,
            browser=self.browser,
            signature=write(Group("{ ", items, " }"), before="export async function run(", after=" = {}) {")
            if items
            else "export async function run() {",
            clients=list(self.clients.values()),
            blocks=["\n".join(f"        {line}" if line else "" for line in block) for block in blocks],
            returned=self.returned(),
            needs=self.needs,
        )

    # What the caller may choose.

    def arguments(self) -> list[str]:
        """The lines that make defaults which only exist when it runs; the others are the options'."""
        late: list[str] = []
        for variable in self.workflow.variables:
            name = self.name(variable.name, "value")
            self.variables[variable.name] = (name, variable)
            value = variable.value
            kept = isinstance(value, File) and bool(value.path)
            default: Node | None = None
            if self.browser and (kept or is_file_list(value)):
                type = "Blob" if kept else "Blob[]"
                self.members.append(_Member(name=name, type=type, required=True))
                continue
            if kept:
                default = self.file_path(value)
            elif is_file_list(value):
                default = Group("[", [("", self.file_path(file)) for file in value], "]")
            elif is_plain(value):
                node = self.expression(value)
                default = self.constant(name, node) if width(node) > LONG else node
            self.members.append(_Member(name=name, type=_type(value), default=default))
            if default is None:
                self.optional = True
                late.append(write(self.expression(value), indent=8, before=f"{name} ??= ", after=";"))
                self.optional = False
        return late

    def constant(self, name: str, node: Node) -> str:
        chosen = self.names.free(name.upper().strip("_") or "VALUE")
        self.constants.append(write(node, before=f"const {chosen} = ", after=";"))
        return chosen

    def name(self, text: str, fallback: str) -> str:
        name = identifier(text, fallback)
        return self.names.free(f"{name}_" if name in _RESERVED else name)

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
            words = [
                self.secret(piece) if number % 2 else javascript_text(piece)
                for number, piece in enumerate(leaf.pieces)
                if piece or number % 2
            ]
            return " + ".join(words) if words else '""'
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def secret(self, name: str) -> str:
        if self.browser:
            return self.option(name, identifier(name, "secret"), "string")
        self.needs.add("secret")
        return f"secret({javascript_text(name)})"

    def option(self, key: str, name: str, type: str) -> str:
        """The option by which a page gives what is no variable; none is required of what only a default takes."""
        if key not in self.given:
            self.given[key] = self.name(name, "value")
            self.members.append(_Member(name=self.given[key], type=type, required=not self.optional))
        return self.given[key]

    def file(self, file: File) -> Node:
        if file.inline:
            self.needs.add("data_url")
            return Group(
                "await data_url(", [("", self.file_path(file)), ("", javascript_text(file.type or ""))], ")"
            )
        ours, address = file_url(self.workflow.app, file)
        if not file.path and address:
            self.needs.add("remote")
            where = f"URL_OF_APP + {javascript_text(address)}" if ours else javascript_text(address)
            return Group("remote(", [("", where)], ")")
        code = self.uploaded(self.file_source(file if file.path else missing_file(file)), file.name)
        if file.extra:
            extra = [(f"[{javascript_text(key)}]: ", javascript(v)) for key, v in file.extra.items()]
            return Group("{ ", [*extra, ("...", f"({code})")], " }")
        return code

    def uploaded(self, code: str, name: str = "") -> str:
        self.needs |= {"upload"} if self.browser else {"upload", "file_at"}
        named = f", {javascript_text(name)}" if self.browser and name else ""
        return f"await upload({self.client}, {code}{named})"

    def file_source(self, file: File) -> str:
        """Where its bytes are: a path, or in a page an option."""
        if self.browser:
            return self.option(file.path, identifier(file.name, "file"), "Blob")
        return self.file_path(file)

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        return f"join(FILES, {javascript_text(inside_path(file, self.folder))})"

    def variable(self, ref: VariableRef) -> Node:
        if ref.name not in self.variables:
            raise no_variable(ref)
        name, variable = self.variables[ref.name]
        if isinstance(variable.value, File) and variable.value.path:
            return self.uploaded(name, variable.value.name)
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
        # A stream is closed after its last frame, however it ended.
        if step.expect in ("cancelled", "unfinished") and step.endpoint.connection != "stream":
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
        self.needs |= {"call_and_cancel", "messages", "post"}
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
        if step.endpoint.server_fn:
            return write(self.asked(step), indent=indent, before=f"{before}await ")
        if raw:
            verb = "call"
            sent = self.protocol_arguments(step)
            if step.endpoint.connection == "stream":
                verb = "stream"
                if step.cut_short:
                    sent += [*([] if len(sent) > 3 else [("", "{}")]), ("", "true")]
            elif step.frames:
                verb = "call_each"
                self.needs.add("call")
            self.needs |= {verb, "result_of", "messages", "post"}
            return write(Group(f"{verb}(", sent, ")"), indent=indent, before=f"{before}await ")
        given = [(n, a) for n, a in enumerate(step.arguments) if not is_state(step, n, a)]
        names = [argument.name for _, argument in given]
        arguments: Node
        unlisted = step.endpoint.visibility == "hidden"
        if unlisted or not all(names) or len(set(names)) < len(names) or _OF_EVERY_OBJECT & set(names):
            arguments = Group("[", [("", self.argument(a)) for _, a in given], "]")
        else:
            members = [
                (f"{javascript_text(a.name)}: ", self.argument(a))
                for n, a in given
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
        sent: Node = Group("[", data, "]")
        if step.endpoint.connection == "stream" or step.frames:
            frames = [sent, *(self.expression(list(frame)) for frame in step.frames)]
            sent = Group("[", [("", frame) for frame in frames], "]")
        items: list[tuple[str, Node]] = [
            ("", self.client),
            ("", str(int(step.endpoint.fn_index or 0))),
            ("", sent),
        ]
        return [*items, ("", Group("{ ", event, " }"))] if event else items

    def asked(self, step: Step) -> Node:
        """The call of a function that a control has on the server."""
        self.needs |= {"ask", "post"}
        parameters = step.endpoint.parameters
        given = step.arguments[0].value if step.arguments else None
        verb = "ask"
        node = self.expression(given)
        if step.endpoint.connection == "form" and isinstance(given, dict):
            verb = "ask_form"
            self.needs.add(verb)
            fields = [(f"{javascript_text(str(name))}: ", self.field(value)) for name, value in given.items()]
            node = Group("{ ", fields, " }")
        items: list[tuple[str, Node]] = [
            ("", self.client),
            ("", str(int((parameters[0].component_id if parameters else None) or 0))),
            ("", javascript_text(step.endpoint.server_fn)),
            ("", node),
        ]
        return Group(f"{verb}(", items, ")")

    def field(self, value: Any) -> Node:
        """A field of a form, where a file is sent as it is."""
        if not isinstance(value, File):
            return self.expression(value)
        code = self.file_source(value if value.path else missing_file(value))
        if self.browser:
            return code
        self.needs.add("file_at")
        return f"await file_at({code})"

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

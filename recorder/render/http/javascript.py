"""The target ``javascript`` for apps with an HTTP API: an ES module on ``fetch``, for Node."""

from __future__ import annotations

from typing import Any

from recorder.errors import UsageError
from recorder.render import Options
from recorder.render.analysis import common_folder, inside_path, missing_file, no_output, no_variable, walk
from recorder.render.http.program import STREAMED
from recorder.render.layout import Group, Node, width, write
from recorder.render.literals import beyond_javascript, javascript, javascript_text, json_text
from recorder.render.templates import template
from recorder.request import Request, request, value_at
from recorder.session import File
from recorder.workflow import (
    Cookie,
    Expression,
    Link,
    Names,
    Reader,
    SecretRef,
    Spelled,
    Step,
    Text,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves,
)

LONG = 200
"""Columns from which a default becomes a constant at the top of the module."""

_RESERVED = set(
    """
    abstract arguments async await boolean break byte case catch char class const continue debugger default delete do
    double else enum eval export extends false final finally float for from function get goto if implements import in
    instanceof int interface let long native new null of package private protected public return set short static super
    switch synchronized this throw throws transient true try typeof undefined var void volatile while with yield
    console fetch process require constructor
    address ask basename between connect cookie cookies file item jar join lines main message messages origin page
    parameter parse until
    read_file run secret segment send show text unbase64
    """.split()
)


class JavaScript:
    """Renders a workflow of HTTP requests as an ES module."""

    name = "javascript"
    suffix = ".mjs"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the module.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
            UsageError: there is a number that JavaScript does not have.
        """
        return _Module(workflow, options).text()


JAVASCRIPT = JavaScript()


class _Module:
    def __init__(self, workflow: Workflow, options: Options) -> None:
        if options.style not in ("", "node"):
            raise UsageError(
                f"Modules for apps with an HTTP API have no style {options.style!r}", "Leave the style out"
            )
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        self.names = Names(_RESERVED)
        self.constants: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.results: dict[str, str] = {}
        self.connections: dict[str, str] = {}
        self.steps = {step.id: step for step in workflow.steps}
        self.folder = common_folder(workflow)
        self.setting_up = False
        self.last = ""

    def text(self) -> str:
        items = self.arguments()
        blocks = [self.step(step) for step in self.workflow.steps]
        if self.connections:
            blocks.append([f"{connection}.close();" for connection in self.connections.values()])
        folder = "/".join(part for part in (self.options.files, self.folder) if part not in ("", "."))
        inside: Node = Group("{ ", items, " }") if items else ""
        opening = f"export async function run({write(inside, after=' = {}') if items else ''}) {{"
        return template("http_javascript.jinja").render(
            url=javascript_text(self.workflow.app.url.rstrip("/")),
            folder=javascript_text(folder) if folder else "",
            absolute=folder.startswith("/"),
            constants=self.constants,
            signature=opening,
            blocks=["\n".join(f"    {line}" if line else "" for line in block) for block in blocks],
            returned=f"{self.last}.body" if self.last else "",
            needs=self.needs,
        )

    def arguments(self) -> list[tuple[str, Node]]:
        items: list[tuple[str, Node]] = []
        for variable in self.workflow.variables:
            name = self.name(variable.name, "value")
            self.variables[variable.name] = (name, variable)
            value = variable.value
            node: Node = self.file_path(value) if isinstance(value, File) else self.expression(value)
            if width(node) > LONG and next(leaves(value), None) is None:
                constant = self.names.free(name.upper().strip("_"))
                self.constants.append(write(node, before=f"const {constant} = ", after=";"))
                node = constant
            items.append((f"{name} = ", node))
        return items

    def name(self, text: str, fallback: str) -> str:
        name = identifier(text, fallback)
        return self.names.free(f"{name}_" if name in _RESERVED else name)

    # Values.

    def expression(self, value: Expression) -> Node:
        return javascript(value, self.leaf)

    def leaf(self, leaf: Any) -> Node:
        match leaf:
            case VariableRef():
                if leaf.name not in self.variables:
                    raise no_variable(leaf)
                return self.variables[leaf.name][0]
            case Link():
                return self.link(leaf)
            case SecretRef():
                return self.secret(leaf)
            case Cookie():
                self.needs.add("cookie")
                return f"cookie({javascript_text(leaf.name)})"
            case Text():
                return " + ".join(write(self.as_text(piece)) for piece in leaf.pieces)
            case Spelled(kind="json"):
                return Group("JSON.stringify(", [("", self.expression(leaf.value))], ")")
            case Spelled():
                inside: list[tuple[str, Node]] = [("", self.as_text(leaf.value))]
                return Group("Buffer.from(", inside, f').toString("{leaf.kind}")')
            case File():
                self.needs.add("read_file")
                return Group("await readFile(", [("", self.file_path(leaf))], ")")
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def secret(self, ref: SecretRef) -> str:
        self.needs.add("secret")
        words = [
            f"secret({javascript_text(piece)})" if n % 2 else javascript_text(piece)
            for n, piece in enumerate(ref.pieces)
            if piece or n % 2
        ]
        return " + ".join(words) if words else '""'

    def as_text(self, value: Expression) -> Node:
        if isinstance(value, bool | int | float):
            return Group("String(", [("", self.expression(value))], ")")
        if isinstance(value, str | Text | SecretRef | Cookie | Spelled):
            return self.expression(value)
        return Group("String(", [("", self.expression(value))], ")")

    def link(self, link: Link) -> str:
        source = self.steps.get(link.step)
        name = self.results.get(link.step)
        if source is None or name is None or link.output >= len(source.outputs):
            raise no_output(link)
        path = link.path
        if source.outputs[link.output].component == "headers":
            head, *rest = path
            path = tuple(rest)
            code = f"{name}.url" if head == "url" else f"{name}.headers.get({javascript_text(str(head))})"
        else:
            code = f"{name}.body"
        code += "".join(f"[{write(javascript(key))}]" for key in path)
        for reader in link.readers:
            code = self.read(reader, code)
        return code

    def read(self, reader: Reader, code: str) -> str:
        match reader.kind:
            case "json":
                return f"JSON.parse({code})" + "".join(f"[{write(javascript(key))}]" for key in reader.path)
            case "base64":
                return f'Buffer.from({code}, "base64").toString()'
            case "query":
                self.needs.add("parameter")
                return f"parameter({code}, {javascript_text(str(reader.path[0]))})"
        self.needs.add("between")
        return f"between({code}, {', '.join(javascript_text(str(part)) for part in reader.path)})"

    def file_path(self, file: File) -> Node:
        self.needs |= {"files", "read_file"}
        if not file.path:
            file = missing_file(file)
        return f"join(FILES, {javascript_text(inside_path(file, self.folder))})"

    # Steps.

    def step(self, step: Step) -> list[str]:
        lines: list[str] = []
        if step.setup and not self.setting_up:
            lines.append("// Nobody asked for this, but what follows needs it.")
        self.setting_up = step.setup
        asked = request(step)
        if step.endpoint.method == "WS":
            return [*lines, *self.socket(step, asked)]
        component = step.outputs[0].component if step.outputs else "nothing"
        items: list[tuple[str, Node]] = [("code: ", str(int(step.code or 0)))]
        if component not in ("json", "nothing"):
            items.append(("as: ", javascript_text(component)))
            self.needs |= {component} if component in ("page", *STREAMED) else set()
        if step.cancel_after is not None:
            items.append(("most: ", str(step.cancel_after)))
        if step.expect == "failed":
            items.append(("fails: ", "true"))
        items += self.how(asked)
        name = self.name(step.name, "result")
        self.results[step.id] = name
        call = Group(
            "await ask(",
            [("", javascript_text(asked.method)), ("", self.address(asked)), ("", Group("{ ", items, " }"))],
            ")",
        )
        if step.until is not None and component == "json":
            self.needs.add("until")
            wanted = value_at(step.outputs[0].value, step.until)
            until: list[tuple[str, Node]] = [("", javascript(list(step.until))), ("", javascript(wanted))]
            call = Group("await until(", [("async () => ", call), *until], ")")
        lines.append(write(call, indent=4, before=f"const {name} = ", after=";"))
        if step.setup:
            return lines
        label = javascript_text(f"{step.endpoint.id}:")
        if step.expect == "failed":
            words = 'failed, as recorded:" : "failed when it was recorded, and did not this time:'
            return [*lines, f'console.log({label}, {name}.code >= 400 ? "{words}", {name}.code);']
        self.last = name if component != "nothing" else self.last
        said = f"show({name}.body)" if component != "nothing" else '"done"'
        return [*lines, f"console.log({label}, {said});"]

    def address(self, asked: Request) -> Node:
        words = []
        for number, piece in enumerate(asked.path):
            if number % 2:
                self.needs.add("segment")
                words.append(f"segment({write(self.expression(piece))})")
            elif piece:
                words.append(javascript_text(str(piece)))
        return " + ".join(words) or '"/"'

    def how(self, asked: Request) -> list[tuple[str, Node]]:
        items: list[tuple[str, Node]] = []
        if asked.query:
            items.append(("query: ", self.pairs(asked.query)))
        if asked.headers:
            headers: list[tuple[str, Node]] = [
                (f"{javascript_text(name)}: ", self.as_text(value)) for name, value in asked.headers
            ]
            items.append(("headers: ", Group("{ ", headers, " }")))
        if asked.media == "json":
            if not any(map(beyond_javascript, walk(asked.body))):
                items.append(("json: ", self.expression(asked.body)))
            elif next(leaves(asked.body), None) is None:
                items.append(("text: ", javascript_text(json_text(asked.body))))
                items.append(("type: ", '"application/json"'))
            else:
                raise UsageError(
                    "A number in this recording is none that JavaScript's JSON can write",
                    "Choose another target",
                )
        elif asked.media == "form":
            items.append(("form: ", self.pairs(asked.body)))
        elif asked.media == "multipart":
            parts: list[tuple[str, Node]] = [("", self.part(name, value)) for name, value in asked.body]
            items.append(("parts: ", Group("[", parts, "]")))
        elif asked.media == "body":
            items.append(("text: ", self.raw(asked.body)))
        return items

    def raw(self, value: Expression) -> Node:
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            self.needs.add("read_file")
            return f"await readFile({self.variables[value.name][0]})"
        return self.expression(value) if isinstance(value, File) else self.as_text(value)

    def pairs(self, pairs: Any) -> Node:
        both: list[tuple[str, Node]] = [
            ("", Group("[", [("", javascript_text(name)), ("", self.expression(value))], "]"))
            for name, value in pairs
        ]
        return Group("[", both, "]")

    def part(self, name: str, value: Expression) -> Node:
        file, code = None, ""
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            code, variable = self.variables[value.name]
            file = variable.value
        elif isinstance(value, File):
            file, code = value, write(self.file_path(value))
        if file is None:
            return Group("[", [("", javascript_text(name)), ("", self.as_text(value))], "]")
        self.needs |= {"file", "read_file"}
        items: list[tuple[str, Node]] = [
            ("", code),
            ("", javascript_text(file.type or "application/octet-stream")),
        ]
        if file.path.rpartition("/")[2] != file.name:
            items.append(("", javascript_text(file.name)))
        return Group("[", [("", javascript_text(name)), ("", Group("await file(", items, ")"))], "]")

    def socket(self, step: Step, asked: Request) -> list[str]:
        self.needs.add("connect")
        name = self.name(step.name, "messages")
        self.results[step.id] = name
        lines: list[str] = []
        if not step.continues:
            self.connections[step.id] = self.names.free(f"{name}_socket")
            query = [("", self.pairs(asked.query))] if asked.query else []
            opening = Group("await connect(", [("", self.address(asked)), *query], ")")
            lines.append(write(opening, indent=4, before=f"const {self.connections[step.id]} = ", after=";"))
        connection = self.connections[step.continues or step.id]
        lines.append(f"const {name} = {{ body: [] }};")
        for message in step.messages:
            if not message.sent:
                lines.append(f"{name}.body.push(await {connection}.heard());")
                continue
            node = self.as_text(message.value)
            if not message.text:
                node = Group("JSON.stringify(", [("", self.expression(message.value))], ")")
            lines.append(write(node, indent=4, before=f"{connection}.send(", after=");"))
        if step.closes:
            lines.append(f"{self.connections.pop(step.continues or step.id)}.close();")
        label = javascript_text(f"{step.endpoint.id}:")
        if not step.outputs:
            return lines if step.setup else [*lines, f'console.log({label}, "done");']
        self.last = name
        return lines if step.setup else [*lines, f"console.log({label}, show({name}.body));"]

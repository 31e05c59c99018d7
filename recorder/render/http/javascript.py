"""The target ``javascript`` for apps with an HTTP API: an ES module on ``fetch``, for Node."""

from __future__ import annotations

from typing import Any

from recorder.errors import UsageError
from recorder.markup import LATIN, NAMED
from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    inside_path,
    missing_file,
    nested,
    no_output,
    no_variable,
    walk,
)
from recorder.render.http.program import STREAMED, SUBPROTOCOL
from recorder.render.layout import Group, Node, width, write
from recorder.render.literals import beyond_javascript, javascript, javascript_text, json_text
from recorder.render.templates import template
from recorder.request import Request, as_sent, is_no_file, value_at
from recorder.session import File
from recorder.spelling import Escaped
from recorder.workflow import (
    AppUrl,
    Cookie,
    Digest,
    Expression,
    Extended,
    Generated,
    Item,
    Link,
    Names,
    Object,
    Path,
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
    address ask attributes basename between characters conditions connect cookie cookies dirname elements encode
    entries escaped file get item jar join keep lines literal main member message messages multipart origin page
    parameter parse plain position read read_file run secret segment send show spell tables text textOf unbase64
    unquote until where
    """.split()
)

_OF_TEXT = {"elements", "literal", "parameter", "pathSegment", "between", "unquote", "unbase64"}
"""The functions of the module that read texts."""


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
        self.generated: dict[str, str] | None = None
        self.making: list[str] = []

    def text(self) -> str:
        items = self.arguments()
        self.generated = {}
        blocks = [self.step(step) for step in self.workflow.steps]
        if self.making:
            blocks.insert(0, self.making)
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
            latin=LATIN,
            named=write(javascript(NAMED), indent=4, before="const others = ", after=";"),
            texts=bool(self.needs & _OF_TEXT),
            crypto=sorted(self.needs & {"createHash", "randomBytes", "randomInt", "randomUUID"}),
            secrets=[
                (javascript_text(s.name), javascript_text(s.hint or "a request"))
                for s in self.workflow.secrets
            ],
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
                code = f"cookie({javascript_text(leaf.name)})"
                self.needs |= {"unquote"} if leaf.decoded else set()
                return f"unquote({code})" if leaf.decoded else code
            case AppUrl():
                return "URL_OF_APP"
            case Generated():
                return self.made(leaf)
            case Digest():
                self.needs.add("createHash")
                opening = f"createHash({javascript_text(leaf.algorithm)}).update("
                return Group(
                    opening, [("", self.as_text(leaf.value))], f").digest({javascript_text(leaf.form)})"
                )
            case Object():
                members = self.members(leaf)
                return Group("{ ", members, " }") if members else "{}"
            case Extended():
                base: list[tuple[str, Node]] = [("...", self.expression(leaf.base))]
                if isinstance(leaf.value, list):
                    return Group("[", [*base, *(("", self.expression(item)) for item in leaf.value)], "]")
                return Group("{ ", [*base, *self.members(leaf.value)], " }")
            case Text():
                return " + ".join(write(self.as_text(piece)) for piece in leaf.pieces)
            case Spelled(kind="json"):
                return Group("JSON.stringify(", [("", self.expression(leaf.value))], ")")
            case Spelled(kind="percent"):
                return Group("encodeURIComponent(", [("", self.as_text(leaf.value))], ")")
            case Spelled():
                inside: list[tuple[str, Node]] = [("", self.as_text(leaf.value))]
                return Group("Buffer.from(", inside, f').toString("{leaf.kind}")')
            case Escaped():
                return self.escaped(leaf)
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

    def escaped(self, leaf: Escaped) -> Node:
        """Percent-encoded text."""
        self.needs |= {"escaped", "encode"}
        items: list[tuple[str, Node]] = [("", self.expression(leaf.value)), ("", javascript_text(leaf.safe))]
        if leaf.plus or leaf.charset:
            items.append(("", "true" if leaf.plus else "false"))
        if leaf.charset:
            items.append(("", javascript_text(leaf.charset)))
        return Group("escaped(", items, ")")

    def as_text(self, value: Expression) -> Node:
        if isinstance(value, str | Text | SecretRef | Cookie | Spelled | Escaped | Digest | AppUrl):
            return self.expression(value)
        if isinstance(value, Generated) and value.form not in ("ms", "s"):
            return self.expression(value)
        recorded = self.recorded(value)
        if isinstance(recorded, str) and isinstance(value, VariableRef):
            return self.expression(value)
        opening = "JSON.stringify(" if isinstance(recorded, dict | list | Object | Extended) else "String("
        return Group(opening, [("", self.expression(value))], ")")

    def recorded(self, value: Expression) -> Any:
        """The recorded value of a variable or link; other expressions as they are."""
        if isinstance(value, VariableRef) and value.name in self.variables:
            return self.variables[value.name][1].value
        if isinstance(value, Link) and not value.readers and value.step in self.steps:
            outputs = self.steps[value.step].outputs[value.output : value.output + 1]
            return value_at(outputs[0].value, value.path) if outputs else None
        return value

    def made(self, leaf: Generated) -> str:
        """Code that makes a value, or the name of the constant that holds it for the whole run."""
        if leaf.name and self.generated is not None:
            if leaf.name not in self.generated:
                self.generated[leaf.name] = self.name(leaf.name, "generated")
                self.making.append(f"const {self.generated[leaf.name]} = {self.maker(leaf)};")
            return self.generated[leaf.name]
        return self.maker(leaf)

    def maker(self, leaf: Generated) -> str:
        match leaf.kind, leaf.form:
            case "uuid", _:
                self.needs.add("randomUUID")
                return "randomUUID()"
            case "time", "iso":
                return "new Date().toISOString()"
            case "time", form:
                return "Math.floor(Date.now() / 1000)" if form == "s" else "Date.now()"
            case _, "characters":
                self.needs |= {"characters", "randomInt"}
                return f"characters({int(leaf.size)}, {javascript_text(leaf.alphabet)})"
        self.needs.add("randomBytes")
        return f"randomBytes({int(leaf.size)}).toString({javascript_text(leaf.form)})"

    def members(self, value: Expression) -> list[tuple[str, Node]]:
        """The members of an object that is written out."""
        pairs = value.members if isinstance(value, Object) else tuple(dict(value).items())
        return [(f"{self.member(key)}: ", self.expression(item)) for key, item in pairs]

    def member(self, key: Expression) -> str:
        """The name of a member of an object that is written out."""
        if isinstance(key, str) and key != "__proto__":
            return javascript_text(key)
        return f"[{write(self.as_text(key))}]"

    def link(self, link: Link) -> Node:
        source = self.steps.get(link.step)
        name = self.results.get(link.step)
        if source is None or name is None or link.output >= len(source.outputs):
            raise no_output(link)
        self.needs.add("get")
        path = link.path
        if source.outputs[link.output].component == "headers":
            head, *rest = path
            start = ['"url"'] if head == "url" else ['"headers"', javascript_text(str(head).lower())]
            path = tuple(rest)
        else:
            start = ['"body"']
        parts = [name, *start, *self.parts(path)]
        for reader in link.readers:
            parts += self.reader(reader)
        return Group("get(", [("", part) for part in parts], ")")

    def parts(self, path: Path) -> list[Node]:
        """The arguments of ``get`` for a path."""
        return [
            javascript(part)
            if not isinstance(part, Item)
            else self.selector(part)
            if part.fields or part.after or part.before
            else str(int(part.nth))
            for part in path
        ]

    def selector(self, item: Item, opening: str = "where(", closing: str = ")") -> Node:
        """A selector: the fields alone, or with the options between ``opening`` and ``closing``."""
        self.needs.add("where")
        fields, *options = self.selecting(item)
        if not options and all(path for path, _ in item.fields):
            return fields
        return Group(opening, [("", fields), *(("", each) for each in options)], closing)

    def selecting(self, item: Item) -> list[Node]:
        """The arguments of ``where``."""
        fields = self.expression(nested(item.fields))
        options: list[tuple[str, Node]] = []
        if item.nth:
            options.append(("nth: ", str(int(item.nth))))
        if item.counts:
            options.append(("counts: ", "true"))
        for name, anchor in (("after", item.after), ("before", item.before)):
            if anchor is not None:
                options.append((f"{name}: ", self.selector(anchor, "[", "]")))
        return [fields, Group("{ ", options, " }")] if options else [fields]

    def reader(self, reader: Reader) -> list[Node]:
        """The arguments of ``get`` for a reader."""
        match reader.kind:
            case "json":
                return ["JSON.parse", *self.parts(reader.path)]
            case "elements":
                self.needs.add("elements")
                return ["elements", *self.parts(reader.path)]
            case "entries":
                self.needs.add("entries")
                return ["entries", *self.parts(reader.path)]
            case "base64":
                self.needs.add("unbase64")
                return ["unbase64"]
            case "unquote":
                self.needs.add("unquote")
                return ["unquote"]
            case "segment":
                self.needs |= {"pathSegment", "unquote"}
                return [f"pathSegment({int(str(reader.path[0]))})"]
            case "query":
                self.needs |= {"parameter", "unquote"}
                return [f"parameter({javascript_text(str(reader.path[0]))})"]
            case "literal":
                self.needs.add("literal")
                name, nth = reader.path
                more = f", {int(str(nth))}" if nth else ""
                return [f"literal({javascript_text(str(name))}{more})"]
        self.needs.add("between")
        return [f"between({', '.join(javascript_text(str(part)) for part in reader.path)})"]

    def file_path(self, file: File) -> Node:
        self.needs |= {"files", "read_file"}
        if not file.path:
            file = missing_file(file)
        return f"join(FILES, {javascript_text(inside_path(file, self.folder))})"

    # Steps.

    def step(self, step: Step) -> list[str]:
        lines: list[str] = []
        if step.setup and not self.setting_up:
            lines.append("// Set-up: later calls need its response.")
        self.setting_up = step.setup
        for name, value in step.cookies:
            self.needs.add("setCookie")
            both: list[tuple[str, Node]] = [("", javascript_text(name)), ("", self.as_text(value))]
            lines.append(write(Group("setCookie(", both, ")"), indent=4, after=";"))
        asked = as_sent(step)
        if step.endpoint.method == "WS":
            return [*lines, *self.socket(step, asked)]
        component = step.outputs[0].component if step.outputs else "nothing"
        items: list[tuple[str, Node]] = [("code: ", str(int(step.code or 200)))]
        if component not in ("json", "nothing"):
            items.append(("as: ", javascript_text(component)))
            self.needs |= {component} if component in ("page", *STREAMED) else set()
            self.needs |= {"elements"} if component == "page" else set()
        if step.cancel_after is not None and not step.enough:
            items.append(("most: ", str(step.cancel_after)))
        if step.enough and component in STREAMED:
            self.needs.add("where")
            items.append(
                ("enough: ", Group("[", [("", self.selector(item, "[", "]")) for item in step.enough], "]"))
            )
        if step.expect == "failed":
            items.append(("fails: ", "true"))
        elif step.redirects:
            items.append(("redirects: ", "true"))
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
        shown = f"{name}.body.title" if component == "page" else f"{name}.body"
        said = f"show({shown})" if component != "nothing" else '"done"'
        return [*lines, f"console.log({label}, {said});"]

    def address(self, asked: Request) -> Node:
        words = []
        for number, piece in enumerate(asked.path):
            if isinstance(piece, Escaped):
                words.append(write(self.escaped(piece)))
            elif number % 2:
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
            if not any(isinstance(v, float) and beyond_javascript(v) for v in walk(asked.body)):
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
            # Node leaves out the name of a file that has none.
            if asked.charset or any(isinstance(v, File) and is_no_file(v) for _, v in asked.body):
                self.needs |= {"multipart", "encode"}
                items.append(("charset: ", javascript_text(asked.charset or "utf-8")))
        elif asked.media == "body":
            items.append(("text: ", self.raw(asked.body, asked.charset)))
        return items

    def raw(self, value: Expression, charset: str = "") -> Node:
        if charset and self.file_of(value) is None:
            self.needs.add("encode")
            return Group("encode(", [("", self.as_text(value)), ("", javascript_text(charset))], ")")
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            self.needs.add("read_file")
            return f"await readFile({self.variables[value.name][0]})"
        return self.expression(value) if isinstance(value, File) else self.as_text(value)

    def pairs(self, pairs: Any) -> Node:
        both: list[tuple[str, Node]] = [
            ("", Group("[", [("", self.as_text(name)), ("", self.expression(value))], "]"))
            for name, value in pairs
        ]
        return Group("[", both, "]")

    def file_of(self, value: Expression) -> File | None:
        value = self.variables[value.name][1].value if isinstance(value, VariableRef) else value
        return value if isinstance(value, File) else None

    def part(self, name: Expression, value: Expression) -> Node:
        file, code = None, ""
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            code, variable = self.variables[value.name]
            file = variable.value
        elif isinstance(value, File) and is_no_file(value):
            kind = javascript_text(value.type or "application/octet-stream")
            empty = f'new File([], "", {{ type: {kind} }})'
            return Group("[", [("", self.as_text(name)), ("", empty)], "]")
        elif isinstance(value, File):
            file, code = value, write(self.file_path(value))
        if file is None:
            return Group("[", [("", self.as_text(name)), ("", self.as_text(value))], "]")
        self.needs |= {"file", "read_file"}
        items: list[tuple[str, Node]] = [
            ("", code),
            ("", javascript_text(file.type or "application/octet-stream")),
        ]
        if file.path.rpartition("/")[2] != file.name:
            items.append(("", javascript_text(file.name)))
        return Group("[", [("", self.as_text(name)), ("", Group("await file(", items, ")"))], "]")

    def socket(self, step: Step, asked: Request) -> list[str]:
        self.needs.add("connect")
        name = self.name(step.name, "messages")
        self.results[step.id] = name
        lines: list[str] = []
        if not step.continues:
            self.connections[step.id] = self.names.free(f"{name}_socket")
            more: list[tuple[str, Node]] = [("", self.pairs(asked.query))] if asked.query else []
            protocols: list[tuple[str, Node]] = [
                ("", self.as_text(value)) for header, value in asked.headers if header == SUBPROTOCOL
            ]
            login = [(name, value) for name, value in asked.headers if name == "authorization"]
            if protocols or login:
                more = [more[0] if more else ("", "[]"), ("", Group("[", protocols, "]"))]
            if login:
                more.append(("", self.pairs(login)))
            opening = Group("await connect(", [("", self.address(asked)), *more], ")")
            lines.append(write(opening, indent=4, before=f"const {self.connections[step.id]} = ", after=";"))
        connection = self.connections[step.continues or step.id]
        asked_as = javascript_text(step.endpoint.id)
        lines.append(f"const {name} = {{ asked: {asked_as}, body: [] }};")
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

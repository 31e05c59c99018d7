"""A workflow of HTTP requests as Python: what the targets that write Python share."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from typing import Any

from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    inside_path,
    is_long,
    missing_file,
    no_output,
    no_variable,
    walk,
)
from recorder.render.http.carried import carried
from recorder.render.http.carried import names as carried_names
from recorder.render.layout import Group, Node, width, write
from recorder.render.literals import python, python_text
from recorder.render.program import LONG_ARGUMENT, LONG_DEFAULT, files_folder, secret
from recorder.render.templates import template
from recorder.request import Request, as_sent, evaluated, follow, is_no_file, value_at
from recorder.session import File, Place
from recorder.spelling import Escaped, as_json, codec, encoded, header_bytes, is_json
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
    leaves_of,
    sent,
)

_OWN = {
    "address", "annotations", "ANY", "Any", "app_url", "Around", "as_recorded", "base64", "BOUNDARY",
    "checked", "client", "connect", "contextlib", "Cookie", "cookie", "CookieJar", "datetime", "failing", "FILES",
    "form", "hashlib", "heard", "httpx", "Jar", "json", "Matching", "message", "missing", "multipart", "origin", "os",
    "pair", "parse_qs", "part", "Path", "print", "pytest", "quote", "quote_plus", "re", "redirected", "response",
    "run", "secrets", "SECRETS", "self", "shortened", "socket", "sockets", "stream", "sys", "text", "time", "timezone",
    "unescape", "Unordered", "unquote", "until", "URL", "urlencode", "urlsplit", "uuid",
} | carried_names()  # fmt: skip
_RESERVED = _OWN | set(dir(builtins)) | set(keyword.kwlist) | set(keyword.softkwlist)
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNUSUAL = re.compile(r"[\\\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

SUBPROTOCOL = "sec-websocket-protocol"
STREAMED = ("events", "lines")
"""Kinds of answers that are made of messages."""


class HttpProgram:
    """One rendering: the names given away, what is needed of the template, and the lines."""

    template = "http_python.jinja"
    url = "URL"
    client = "client"
    sockets = "sockets"
    margin = 8
    """How far the steps are indented."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.waiting = "await " if options.style == "async" else ""
        self.needs: set[str] = {"asyncio"} if self.waiting else set()
        self.names = Names(_RESERVED)
        self.constants: list[str] = []
        self.prelude: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.results: dict[str, str] = {}
        self.responses: dict[str, str] = {}
        self.connections: dict[str, str] = {}
        self.steps = {step.id: step for step in workflow.steps}
        self.linked: dict[str, set[int]] = {}
        for each in workflow.steps:
            for link in leaves_of(Link, sent(each)):
                self.linked.setdefault(link.step, set()).add(link.output)
        self.folder = common_folder(workflow)
        self.setting_up = False
        self.last = ""
        self.generated: dict[str, str] = {}

    def text(self) -> str:
        items, late = self.arguments()
        late += self.made()
        blocks = [self.step(step) for step in self.workflow.steps]
        margin = " " * self.margin
        sources, imported = carried(self.needs)
        self.needs |= imported
        return template(self.template).render(
            url=python_text(self.workflow.app.url.rstrip("/")),
            files=files_folder(self.options, self.folder),
            constants=self.constants,
            signature=self.signature(items),
            late=late,
            blocks=["\n".join(f"{margin}{line}" if line else "" for line in block) for block in blocks],
            returned=self.last,
            needs=self.needs,
            secrets=self.secrets(),
            waiting=self.waiting,
            stack=self.stack,
            carried=sources,
            **self.more(),
        )

    def secrets(self) -> list[tuple[str, str]]:
        """The environment variables that are needed, each with where the recorder saw the secret."""
        return [(python_text(s.name), python_text(s.hint or "a request")) for s in self.workflow.secrets]

    def more(self) -> dict[str, Any]:
        """What else the template takes."""
        return {}

    def signature(self, items: list[tuple[str, Node]]) -> str:
        """The first line of the function, whose arguments are ``items``."""
        if self.last:
            self.needs.add("Any")
        define = "async def" if self.waiting else "def"
        return write(Group(f"{define} run(", items, f") -> {'Any' if self.last else 'None'}:"))

    # What the caller may choose.

    def arguments(self) -> tuple[list[tuple[str, Node]], list[str]]:
        """The function's arguments, and the lines that make those defaults which only exist when it runs."""
        items: list[tuple[str, Node]] = []
        late: list[str] = []
        for variable in self.workflow.variables:
            name = self.name(variable.name, "value")
            self.variables[variable.name] = (name, variable)
            annotation, default = self.default(name, variable, late)
            items.append((f"{name}: {annotation} = ", default))
        return [("", "*"), *items] if items else [], late

    def made(self) -> list[str]:
        """The lines that make the values that the page made itself, one for each name."""
        lines = []
        for step in self.workflow.steps:
            for leaf in leaves_of(Generated, sent(step)):
                if leaf.kind != "time" and leaf.name not in self.generated:
                    self.generated[leaf.name] = self.name(leaf.name, "generated")
                    lines.append(f"{self.generated[leaf.name]} = {self.fresh(leaf)}")
        return lines

    def fresh(self, leaf: Generated) -> str:
        """Code that makes a generated value."""
        match leaf.kind, leaf.form:
            case "uuid", _:
                self.needs.add("uuid")
                return "str(uuid.uuid4())"
            case "time", "iso":
                self.needs |= {"datetime", "timezone"}
                return 'datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")'
            case "time", form:
                self.needs.add("time")
                return "int(time.time())" if form == "s" else "int(time.time() * 1000)"
            case _, "characters":
                self.needs.add("secrets")
                alphabet = python_text(leaf.alphabet)
                return f'"".join(secrets.choice({alphabet}) for _ in range({int(leaf.size)}))'
            case _, "hex":
                self.needs.add("secrets")
                return f"secrets.token_hex({int(leaf.size)})"
            case _, "base64":
                self.needs |= {"secrets", "base64"}
                return f"base64.b64encode(secrets.token_bytes({int(leaf.size)})).decode()"
        self.needs |= {"secrets", "base64url"}
        return f"base64url(secrets.token_bytes({int(leaf.size)}))"

    def default(self, name: str, variable: Variable, late: list[str]) -> tuple[str, Node]:
        """Annotation and default of a variable; what must be made when the function runs is added to ``late``."""
        value = variable.value
        if isinstance(value, File):
            self.needs |= {"files", "Path"}
            return "str | Path", self.file_path(value)
        annotation = variable.python_type
        self.needs |= {"Any"} if "Any" in annotation else set()
        node = self.expression(value)
        if next(leaves(value), None) is not None:
            late.append(f"if {name} is None:")
            late.append(f"    {write(node, indent=8, before=f'{name} = ')}")
            return f"{annotation} | None", "None"
        if width(node) > LONG_DEFAULT:
            return annotation, self.constant(name, node)
        return annotation, node

    def constant(self, name: str, node: Node) -> str:
        chosen = self.names.free(name.upper().strip("_"))
        self.constants.append(write(node, before=f"{chosen} = "))
        return chosen

    def name(self, text: str, fallback: str) -> str:
        name = identifier(text, fallback)
        return self.names.free(f"{name}_" if name in _RESERVED else name)

    # Values.

    def expression(self, value: Expression) -> Node:
        return python(value, self.leaf, self.hoist, self.needs)

    def hoist(self, node: Node) -> str:
        name = self.names.free("part_of_it")
        self.prelude.append(write(node, indent=self.margin, before=f"{name} = "))
        return name

    def take_prelude(self) -> list[str]:
        taken, self.prelude = self.prelude, []
        return taken

    def leaf(self, leaf: Any) -> Node:
        match leaf:
            case VariableRef():
                if leaf.name not in self.variables:
                    raise no_variable(leaf)
                return self.variables[leaf.name][0]
            case Link():
                return self.link(leaf)
            case SecretRef():
                return secret(leaf)
            case Cookie():
                self.needs.add("cookie")
                code = f"cookie({self.client}, {python_text(leaf.name)})"
                self.needs |= {"unquote"} if leaf.decoded else set()
                return f"unquote({code})" if leaf.decoded else code
            case AppUrl():
                return self.url
            case Generated():
                return self.fresh(leaf) if leaf.kind == "time" else self.generated[leaf.name]
            case Digest():
                self.needs.add("digest")
                digested: list[tuple[str, Node]] = [
                    ("", python_text(leaf.algorithm)),
                    ("", self.as_text(leaf.value)),
                    ("", python_text(leaf.form)),
                ]
                return Group("digest(", digested, ")")
            case Object():
                return Group("{", self.members(leaf), "}")
            case Extended():
                base: list[tuple[str, Node]] = []
                if isinstance(leaf.value, list):
                    base = [("*", self.expression(leaf.base))]
                    return Group("[", [*base, *(("", self.expression(item)) for item in leaf.value)], "]")
                base = [("**", self.expression(leaf.base))]
                return Group("{", [*base, *self.members(leaf.value)], "}")
            case Spelled(kind="percent"):
                self.needs.add("quote")
                return f'quote({write(self.as_text(leaf.value))}, safe="!\'()*~")'
            case Text():
                return " + ".join(write(self.as_text(piece)) for piece in leaf.pieces)
            case Spelled(kind="json"):
                self.needs.add("json")
                items: list[tuple[str, Node]] = [("", self.expression(leaf.value))]
                items += [("separators=", '(",", ":")'), ("ensure_ascii=", "False")]
                return Group("json.dumps(", items, ")")
            case Spelled():
                self.needs.add("base64")
                inside = write(self.as_text(leaf.value))
                if leaf.kind == "base64":
                    return f"base64.b64encode(({inside}).encode()).decode()"
                return f'base64.urlsafe_b64encode(({inside}).encode()).decode().rstrip("=")'
            case Escaped():
                return self.escaped(leaf)
            case File():
                self.needs.add("Path")
                return f"({write(self.file_path(leaf))}).read_bytes()"
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def members(self, value: Expression) -> list[tuple[str, Node]]:
        """The members of an object that is written out."""
        pairs = value.members if isinstance(value, Object) else tuple(dict(value).items())
        return [(f"{write(self.as_text(key))}: ", self.expression(item)) for key, item in pairs]

    def escaped(self, leaf: Escaped) -> Node:
        """Percent-encoded text."""
        function = "quote_plus" if leaf.plus else "quote"
        self.needs.add(function)
        items: list[tuple[str, Node]] = [("", self.as_text(leaf.value))]
        items.append(("safe=", python_text(leaf.safe.replace("~", ""))))
        if leaf.charset:
            items += [("encoding=", python_text(codec(leaf.charset))), ("errors=", '"xmlcharrefreplace"')]
        # Python's function never escapes this one.
        return Group(f"{function}(", items, ")" if "~" in leaf.safe else ').replace("~", "%7E")')

    def as_text(self, value: Expression) -> Node:
        """An expression that is text, whatever it is of."""
        if isinstance(value, str | Text | SecretRef | Cookie | Spelled | AppUrl | Digest | Escaped):
            return self.expression(value)
        if isinstance(value, Generated) and (value.kind != "time" or value.form == "iso"):
            return self.expression(value)
        if isinstance(value, Link) and self.is_text(value):
            return self.expression(value)
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, str):
            return self.expression(value)
        recorded = self.variables[value.name][1].value if isinstance(value, VariableRef) else value
        if isinstance(recorded, int) and not isinstance(recorded, bool):
            return Group("str(", [("", self.expression(value))], ")")
        self.needs.add("as_text")
        return Group("as_text(", [("", self.expression(value))], ")")

    def is_text(self, link: Link) -> bool:
        """Whether a link leads to a text."""
        step = self.steps.get(link.step)
        if step is None or link.output >= len(step.outputs):
            raise no_output(link)
        try:
            found = follow(link, step.outputs[link.output].value, self.as_recorded)
        except (ValueError, LookupError, TypeError):
            return bool(link.readers) and link.readers[-1].kind not in ("json", "literal")
        return isinstance(found, str)

    def as_recorded(self, leaf: Any) -> Any:
        """The recorded value of a leaf in a selector."""
        if isinstance(leaf, VariableRef) and leaf.name in self.variables:
            return evaluated(self.variables[leaf.name][1].value, self.as_recorded)
        raise TypeError("its value was not recorded")

    def link(self, link: Link) -> Node:
        source = self.steps.get(link.step)
        if source is None or link.output >= len(source.outputs):
            raise no_output(link)
        output = source.outputs[link.output]
        path = link.path
        in_headers = output.component == "headers"
        code = (self.responses if in_headers else self.results).get(link.step, "")
        if not code:
            raise no_output(link)
        if in_headers:
            head, path = path[0], path[1:]
            code = f"str({code}.url)" if head == "url" else f"{code}.headers[{python_text(str(head))}]"
        code = self.inside(code, path)
        for reader in link.readers:
            code = self.read(reader, code)
        return code

    def inside(self, code: str, path: Path) -> str:
        """Code for the value at a path inside the value of ``code``."""
        for part in path:
            code = self.picked(code, part) if isinstance(part, Item) else f"{code}[{write(python(part))}]"
        return code

    def picked(self, code: str, item: Item, function: str = "pick") -> str:
        self.needs.add(function)
        arguments = [code, self.fields(item)]
        if item.nth:
            arguments.append(f"nth={item.nth}")
        if item.counts:
            arguments.append("counts=True")
        for side, anchor in (("after", item.after), ("before", item.before)):
            if anchor is None:
                continue
            is_plain = not (anchor.nth or anchor.after or anchor.before or anchor.counts)
            arguments.append(
                f"{side}={self.fields(anchor) if is_plain else self.picked(code, anchor, 'place')}"
            )
        return f"{function}({', '.join(arguments)})"

    def fields(self, item: Item) -> str:
        """The conditions of a selector."""
        members = []
        for path, value in item.fields:
            key = (
                write(python(path[0])) if len(path) == 1 else f"({', '.join(write(python(p)) for p in path)})"
            )
            members.append(f"{key}: {write(self.expression(value))}")
        return "{" + ", ".join(members) + "}"

    def read(self, reader: Reader, code: str) -> str:
        """Code that reads a value out of the text of ``code``."""
        arguments = ", ".join(write(python(part)) for part in reader.path if not isinstance(part, Item))
        match reader.kind:
            case "json":
                self.needs.add("json")
                return self.inside(f"json.loads({code})", reader.path)
            case "elements":
                self.needs.add("elements")
                return self.inside(f"elements({code})", reader.path)
            case "entries":
                self.needs.add("entries")
                return self.inside(f"entries({code})", reader.path)
            case "unquote" | "base64":
                name = "decode_base64" if reader.kind == "base64" else "unquote"
                self.needs.add(name)
                return f"{name}({code})"
            case "segment":
                self.needs.add("path_segment")
                return f"path_segment({code}, {arguments})"
        self.needs.add(reader.kind)
        return f"{reader.kind}({code}, {arguments})"

    def file_path(self, file: File) -> Node:
        self.needs |= {"files", "Path"}
        if not file.path:
            file = missing_file(file)
        return f"FILES / {python_text(inside_path(file, self.folder))}"

    # Steps.

    def step(self, step: Step) -> list[str]:
        """The lines of one step, not indented; a line may hold more, indented for where it stands."""
        lines: list[str] = []
        if step.setup and not self.setting_up:
            lines.append("# Set-up: later calls need its response or its cookies.")
        self.setting_up = step.setup
        for name, value in step.cookies:
            lines += [*self.take_prelude(), *self.set_cookie(name, value)]
        if step.endpoint.method == "WS":
            return [*lines, *self.socket(step)]
        asked = as_sent(step)
        component = step.outputs[0].component if step.outputs else "nothing"
        if component in STREAMED and step.expect != "failed":
            return [*lines, *self.streamed(step, asked, component)]
        linked = self.linked.get(step.id, set())
        headers = {n for n, o in enumerate(step.outputs) if o.component == "headers"}
        asking = self.asking(asked)
        judging: list[tuple[str, Node]] = [(self.waiting, asking), ("", str(int(step.code or 200)))]
        if step.redirects:
            judging.append(("redirects=", "True"))
        call = Group("checked(", judging, ")")
        if step.expect == "failed":
            self.needs.add("failing")
            call = Group(
                "failing(",
                [
                    ("", python_text(self.label(step))),
                    (self.waiting, asking),
                    ("", str(int(step.code or 0))),
                ],
                ")",
            )
            return [*lines, *self.take_prelude(), write(call, indent=self.margin)]
        self.needs.add("checked")
        if component == "nothing" and not (linked & headers):
            return [*lines, *self.take_prelude(), write(call, indent=self.margin), *self.told(step, "")]
        if linked & headers:
            response = self.name("response", "response")
            self.responses[step.id] = response
            lines += [*self.take_prelude(), write(call, indent=self.margin, before=f"{response} = ")]
            node: Node = response
        else:
            node = call
        if component == "nothing" or (step.setup and not linked - headers):
            if not linked & headers:
                lines += [*self.take_prelude(), write(node, indent=self.margin)]
            return [*lines, *self.told(step, "")]
        if step.until is not None and component == "json":
            return [*lines, *self.waited(step, step.until, asking)]
        name = self.name(step.name, "result")
        self.results[step.id] = name
        lines += [
            *self.take_prelude(),
            write(self.decoded(node, component), indent=self.margin, before=f"{name} = "),
        ]
        return [*lines, *self.told(step, name)]

    def set_cookie(self, name: str, value: Expression) -> list[str]:
        """The line that sets a cookie as the page did."""
        items: list[tuple[str, Node]] = [("", python_text(name)), ("", self.as_text(value))]
        if not self.client.startswith("self."):
            items.append(("domain=", f"{self.client}.base_url.host"))
        return [write(Group(f"{self.client}.cookies.set(", items, ")"), indent=self.margin)]

    def waited(self, step: Step, until: Place, asking: Node) -> list[str]:
        """A request that is made again until its answer says that it is done."""
        self.needs |= {"until", "Any"}
        name = self.name(step.name, "result")
        self.results[step.id] = name
        items: list[tuple[str, Node]] = [
            ("lambda: ", asking),
            ("", str(int(step.code or 200))),
            ("", python(list(until))),
            ("", python(value_at(step.outputs[0].value, until))),
        ]
        line = write(Group("until(", items, ")"), indent=self.margin, before=f"{name} = {self.waiting}")
        return [*self.take_prelude(), line, *self.told(step, name)]

    def decoded(self, node: Node, component: str) -> Node:
        """What the answer is, by its kind."""
        if component == "page":
            self.needs.add("page")
            return Group("page(", [("", node)], ")")
        tail = {"json": ".json()", "file": ".content"}.get(component, ".text")
        return Group(node.open, node.items, node.close + tail) if isinstance(node, Group) else f"{node}{tail}"

    def asking(self, asked: Request) -> Node:
        """The request itself."""
        self.needs |= set() if asked.method in ("GET", "HEAD", "POST") else {"redirected"}
        verb = asked.method.lower()
        simple = verb in ("get", "post", "put", "patch", "delete", "head", "options")
        bodiless = verb in ("get", "delete", "head", "options") and asked.media
        items: list[tuple[str, Node]] = [("", self.address(asked))]
        if not simple or bodiless:
            verb, items = "request", [("", python_text(asked.method)), *items]
        return Group(f"{self.client}.{verb}(", [*items, *self.how(asked)], ")")

    def address(self, asked: Request) -> str:
        words = []
        for number, piece in enumerate(asked.path):
            if isinstance(piece, Escaped):
                words.append(write(self.escaped(piece)))
            elif number % 2:
                self.needs.add("segment")
                words.append(f"segment({write(self.expression(piece))})")
            elif piece:
                words.append(python_text(str(piece)))
        return " + ".join(words) or '"/"'

    def how(self, asked: Request) -> list[tuple[str, Node]]:
        """The arguments that say what is sent, and how."""
        items: list[tuple[str, Node]] = []
        if asked.query:
            items.append(("params=", self.pairs(asked.query)))
        headers = list(asked.headers)
        body: list[tuple[str, Node]] = []
        if asked.media == "json":
            body = self.json_body(asked.body, headers)
        elif asked.media == "form":
            body = self.form_body(asked.body, headers)
        elif asked.media == "multipart":
            body = self.parts(asked, headers)
        elif asked.media == "body":
            body = [(self.raw_body, self.raw(asked.body, asked.charset))]
        if headers:
            items.append(("headers=", self.headers(headers)))
        return [*items, *body]

    raw_body = "content="

    def form_body(
        self, pairs: list[tuple[Expression, Expression]], headers: list[tuple[str, Expression]]
    ) -> list[tuple[str, Node]]:
        """A form. httpx takes a dictionary, which cannot have a name twice."""
        names = [name for name, _ in pairs]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return [("data=", self.pairs(pairs))]
        self.needs.add("urlencode")
        headers.append(("content-type", "application/x-www-form-urlencoded"))
        return [(self.raw_body, Group("urlencode(", [("", self.pairs(pairs)), ("", "True")], ").encode()"))]

    def parts(self, asked: Request, headers: list[tuple[str, Expression]]) -> list[tuple[str, Node]]:
        """A form of several parts."""
        fields: Node = Group("[", [("", self.part(name, value)) for name, value in asked.body], "]")
        if not asked.charset and all(map(_is_usual_name, self.part_names(asked.body))):
            return [("files=", fields)]
        self.needs |= {"multipart", "Any"}
        headers.append(("content-type", "multipart/form-data; boundary=----recorded-parts"))
        items: list[tuple[str, Node]] = [("", fields)]
        if asked.charset:
            items.append(("", python_text(codec(asked.charset))))
        return [(self.raw_body, Group("multipart(", items, ")"))]

    def part_names(self, pairs: list[tuple[Expression, Expression]]) -> Iterator[Expression]:
        """The names of the parts, and of the files in them."""
        for name, value in pairs:
            yield name
            given = self.variables[value.name][1].value if isinstance(value, VariableRef) else value
            if isinstance(given, File):
                yield given.name

    def raw(self, value: Expression, charset: str = "") -> Node:
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            self.needs.add("Path")
            return f"Path({self.variables[value.name][0]}).read_bytes()"
        if isinstance(value, File):
            return self.expression(value)
        how = f'{python_text(codec(charset))}, "xmlcharrefreplace"' if charset else ""
        return f"({write(self.as_text(value))}).encode({how})"

    def json_body(self, value: Expression, headers: list[tuple[str, Expression]]) -> list[tuple[str, Node]]:
        node = self.expression(value)
        chosen = (self.variables[ref.name][1].value for ref in leaves_of(VariableRef, value))
        odd = any(map(_odd, walk([value, *chosen])))
        if not odd:
            if isinstance(node, Group) and width(node) > LONG_ARGUMENT and next(leaves(value), None) is None:
                node = self.constant("body", node)
            return [("json=", node)]
        # As JavaScript writes it, which the client's own JSON does not.
        self.needs.add("json")
        if not any(name == "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
        return [(self.raw_body, self.json_text(value))]

    def json_text(self, value: Expression) -> Node:
        """The bytes of a value as JSON, as a page writes them."""
        chosen = (self.variables[ref.name][1].value for ref in leaves_of(VariableRef, value))
        if not any(map(_odd, walk([value, *chosen]))):
            node = self.expression(Spelled(kind="json", value=value))
            return Group(node.open, node.items, node.close + ".encode()") if isinstance(node, Group) else node
        self.needs.add("json")
        if is_json(value) and not any(isinstance(v, float) and _odd(v) for v in walk(value)):
            return f"{python_text(as_json(value))}.encode()"
        items: list[tuple[str, Node]] = [("", self.expression(value)), ("separators=", '(",", ":")')]
        return Group("json.dumps(", items, ").encode()")

    def headers(self, headers: list[tuple[str, Expression]]) -> Node:
        items = [
            (f"{python_text(name)}: ", self.header(value))
            for name, value in headers
            if _HEADER_NAME.fullmatch(name)
        ]
        return Group("{", items, "}")

    def header(self, value: Expression) -> Node:
        node = self.as_text(value)
        if isinstance(value, str) and not value.isascii():
            charset = '"latin-1"' if header_bytes(value) != encoded(value) else ""
            return f"{python_text(value)}.encode({charset})"
        return node

    def pairs(self, pairs: Any) -> Node:
        """Names and values: a dictionary, or where a name comes twice, a list."""
        names = [name for name, _ in pairs]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return Group(
                "{", [(f"{python_text(name)}: ", self.expression(value)) for name, value in pairs], "}"
            )
        both: list[tuple[str, Node]] = [
            ("", Group("(", [("", self.as_text(name)), ("", self.expression(value))], ")"))
            for name, value in pairs
        ]
        return Group("[", both, "]")

    def part(self, name: Expression, value: Expression) -> Node:
        """One field of a multipart form."""
        file, code = None, ""
        if isinstance(value, VariableRef) and isinstance(self.variables[value.name][1].value, File):
            code, variable = self.variables[value.name]
            file = variable.value
        elif isinstance(value, File):
            file, code = value, "" if is_no_file(value) else write(self.file_path(value))
        if file is None:
            inside: list[tuple[str, Node]] = [("", "None"), ("", self.as_text(value))]
            return Group("(", [("", self.as_text(name)), ("", Group("(", inside, ")"))], ")")
        if is_no_file(file):
            given = f'("", b"", {python_text(file.type or "application/octet-stream")})'
            return Group("(", [("", self.as_text(name)), ("", given)], ")")
        self.needs |= {"part", "Path"}
        kept = file.path.rpartition("/")[2]
        items: list[tuple[str, Node]] = [
            ("", code),
            ("", python_text(file.type or "application/octet-stream")),
        ]
        if kept != file.name:
            items.append(("", python_text(file.name)))
        return Group("(", [("", self.as_text(name)), ("", Group("part(", items, ")"))], ")")

    def streamed(self, step: Step, asked: Request, component: str) -> list[str]:
        """An answer that is made of messages: all of them, or as many as were recorded."""
        self.needs |= {"stream", "json", "Any"}
        name = self.name(step.name, "messages")
        self.results[step.id] = name
        items: list[tuple[str, Node]] = [
            ("", self.client),
            ("", python_text(asked.method)),
            ("", self.address(asked)),
            ("", str(int(step.code or 200))),
        ]
        items += self.until_enough(step)
        items += self.how(asked)
        call = write(Group("stream(", items, ")"), indent=self.margin, before=f"{name} = {self.waiting}")
        return [*self.take_prelude(), call, *self.told(step, name)]

    def until_enough(self, step: Step) -> list[tuple[str, Node]]:
        """The argument that says when a stream without an end has said what later steps need."""
        if step.enough:
            needed = ", ".join(self.picked("found", item) for item in step.enough)
            return [("enough=lambda found: ", f"({needed},)")]
        return [("most=", str(step.cancel_after))] if step.cancel_after is not None else []

    def socket(self, step: Step) -> list[str]:
        """A conversation over a WebSocket, in the recorded order."""
        self.needs |= {"socket", "json", "unframed"}
        lines: list[str] = []
        if not step.continues:
            asked = as_sent(step)
            items: list[tuple[str, Node]] = [("", self.client), ("", self.address(asked))]
            if asked.query:
                items.append(("", self.pairs(asked.query)))
            protocols: list[tuple[str, Node]] = [
                ("", self.as_text(value)) for header, value in asked.headers if header == SUBPROTOCOL
            ]
            if protocols:
                items.append(("protocols=", Group("[", protocols, "]")))
            if login := [(name, value) for name, value in asked.headers if name == "authorization"]:
                items.append(("headers=", self.pairs(login)))
            self.connections[step.id] = self.name(f"{step.name}_socket", "connection")
            before = f"{self.connections[step.id]} = {self.waiting}"
            into = f"{self.sockets}.enter_{'async_' if self.waiting else ''}context("
            opening = Group(into, [("", Group("socket(", items, ")"))], ")")
            lines += [*self.take_prelude(), write(opening, indent=self.margin, before=before)]
        connection = self.connections[step.continues or step.id]
        name = self.name(f"{step.name}_messages", "messages")
        self.results[step.id] = name
        if step.outputs:
            lines.append(f"{name} = []")
        for message in step.messages:
            if not message.sent:
                lines.append(f"{name}.append({self.waiting}heard({connection}))")
                continue
            node = (
                self.as_text(message.value)
                if message.text
                else Group("json.dumps(", [("", self.expression(message.value))], ")")
            )
            said = write(node, indent=self.margin, before=f"{self.waiting}{connection}.send(", after=")")
            lines += [*self.take_prelude(), said]
        if step.closes:
            lines.append(f"{self.waiting}{connection}.close()")
        return [*lines, *self.told(step, name if step.outputs else "")]

    @property
    def stack(self) -> str:
        """What keeps the WebSockets that are open, beside the client."""
        if "socket" not in self.needs:
            return ""
        return f", contextlib.{'AsyncExitStack' if self.waiting else 'ExitStack'}() as sockets"

    def label(self, step: Step) -> str:
        return step.endpoint.id

    def told(self, step: Step, name: str) -> list[str]:
        """What follows a step that went well."""
        if step.setup:
            return []
        said = python_text(f"{self.label(step)}:")
        if not name:
            return [f"print({python_text(f'{self.label(step)}: done')})"]
        self.last = name
        if step.outputs and step.outputs[0].component == "page":
            return [f'print({said}, {name}["title"])']
        if is_long(step.outputs[0].value if step.outputs else None) or (
            step.outputs and step.outputs[0].component in ("file", "page", "text")
        ):
            self.needs.add("shortened")
            name = f"shortened({name})"
        return [f"print({said}, {name})"]


def _is_usual_name(name: Expression) -> bool:
    """Whether every client writes the name of a part as browsers do."""
    return not isinstance(name, str) or (name != "" and _UNUSUAL.search(name) is None)


def _odd(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isascii() and _SURROGATES.search(value) is not None
    return isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))

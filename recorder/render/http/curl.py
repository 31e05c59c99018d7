"""The target ``curl`` for apps with an HTTP API: a POSIX shell script, with jq for what goes from call to call."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from recorder.address import is_token
from recorder.errors import UsageError
from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    form_part,
    inside_path,
    media_type,
    missing_file,
    no_output,
    no_variable,
    shell_variable,
)
from recorder.render.http.program import STREAMED
from recorder.render.literals import json_text, sh_text
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
    leaves_of,
    sent,
)

_OWN = {
    *(
        "address",
        "after",
        "answer",
        "ask",
        "body",
        "code",
        "cookie",
        "count",
        "files",
        "histchars",
        "jar",
        "method",
    ),
    *(
        "most",
        "host",
        "origin",
        "pick",
        "status",
        "uri",
        "url",
        "verb",
        "work",
        "label",
        "path",
        "ifs",
        "home",
        "pwd",
        "shell",
        "env",
    ),
}


class Curl:
    """Renders a workflow of HTTP requests as a shell script."""

    name = "curl"
    suffix = ".sh"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the script.

        Raises:
            RecorderError: a link leads nowhere, a file of the session lies outside its folder, or a text is none that a
                shell word can hold.
            UsageError: there is a WebSocket, which curl does not speak.
        """
        return _Script(workflow, options).text()


CURL = Curl()


class _Script:
    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.names = Names(_OWN)
        self.needs: set[str] = set()
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.steps = {step.id: step for step in workflow.steps}
        self.folder = common_folder(workflow)
        self.numbers: dict[str, int] = {}

    def with_it(self, socket: Step) -> list[str]:
        """A WebSocket and what takes something out of its messages."""
        found = [socket.id]
        for step in self.workflow.steps:
            taken = {link.step for link in leaves_of(Link, sent(step))}
            if step.continues in found or (step.id not in found and taken & set(found)):
                found.append(step.id)
        return [id for id in found if not self.steps[id].continues]

    def text(self) -> str:
        defaults, options = self.defaults()
        blocks = [self.step(number, step) for number, step in enumerate(self.workflow.steps, 1)]
        folder = "/".join(part for part in (self.options.files, self.folder) if part not in ("", "."))
        return template("http_curl.jinja").render(
            url=sh_text(self.workflow.app.url.rstrip("/")),
            files=sh_text(folder if folder.startswith("/") else f"/{folder}") if folder else "",
            absolute=folder.startswith("/"),
            defaults=defaults,
            options=options,
            secrets=[shell_variable(secret.name) for secret in self.workflow.secrets],
            blocks=blocks,
            needs=self.needs,
        )

    def defaults(self) -> tuple[list[str], list[tuple[str, str, str]]]:
        """The lines that set the variables as recorded, and each option with its variable and what it says."""
        lines: list[str] = []
        options: list[tuple[str, str, str]] = []
        for variable in self.workflow.variables:
            wanted = identifier(variable.name, "value")
            name = self.names.free(f"{wanted}_" if wanted in _OWN else wanted)
            self.variables[variable.name] = (name, variable)
            value = variable.value
            lines.append(
                f"{name}={self.word(value) if not isinstance(value, list | dict) else self.json(value)}"
            )
            options.append((f"--{name.replace('_', '-')}", name, sh_text(f"  --{name.replace('_', '-')}")))
        return lines, options

    # Values: each function gives one shell word.

    def word(self, value: Expression) -> str:
        """A value as text."""
        match value:
            case None:
                return "''"
            case str():
                return sh_text(value)
            case bool() | int() | float():
                return sh_text(json_text(value))
            case VariableRef():
                return f'"${self.variable(value)}"'
            case SecretRef():
                pieces = (
                    f'"${shell_variable(p)}"' if n % 2 else sh_text(p)
                    for n, p in enumerate(value.pieces)
                    if p or n % 2
                )
                return "".join(pieces) or "''"
            case Cookie():
                self.needs.add("cookie")
                return f'"$(cookie {sh_text(value.name)})"'
            case Link():
                return f'"$(pick {self.source(value)} {sh_text(self.filter(value))})"'
            case Text():
                return "".join(self.word(piece) for piece in value.pieces) or "''"
            case Spelled(kind="json"):
                return self.json(value.value)
            case Spelled():
                tail = " | tr '+/' '-_' | tr -d '='" if value.kind == "base64url" else ""
                return f"\"$(printf %s {self.word(value.value)} | base64 | tr -d '\\n'{tail})\""
            case File():
                return self.file_path(value)
        return self.json(value)

    def variable(self, ref: VariableRef) -> str:
        if ref.name not in self.variables:
            raise no_variable(ref)
        return self.variables[ref.name][0]

    def json(self, value: Expression) -> str:
        """A value as JSON text."""
        if next(leaves(value), None) is None:
            return sh_text(json_text(value))
        arguments: list[str] = []
        filter = self.jq(value, arguments)
        return f'"$(jq -nc {" ".join(arguments)} {sh_text(filter)})"'

    def jq(self, value: Expression, arguments: list[str]) -> str:
        """A jq filter that makes a value; what comes from the shell is added to ``arguments``."""
        if isinstance(value, dict):
            members = (f"{json_text(str(key))}: {self.jq(item, arguments)}" for key, item in value.items())
            return "{" + ", ".join(members) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.jq(item, arguments) for item in value) + "]"
        if value is None or isinstance(value, str | bool | int | float):
            return json_text(value)
        name = f"v{len(arguments) + 1}"
        recorded = self.recorded(value)
        if (
            isinstance(recorded, str)
            or recorded is None
            or isinstance(value, Text | SecretRef | Cookie | Spelled)
        ):
            arguments.append(f"--arg {name} {self.word(value)}")
        elif isinstance(value, Link):
            inside = f"pick_json {self.source(value)} {sh_text(self.filter(value))}"
            self.needs.add("pick_json")
            arguments.append(f'--argjson {name} "$({inside})"')
        else:
            arguments.append(f"--argjson {name} {self.word(value)}")
        return f"${name}"

    def recorded(self, value: Expression) -> Any:
        """What a leaf was; None where that is not known."""
        if isinstance(value, VariableRef):
            return self.variables[value.name][1].value if value.name in self.variables else None
        if isinstance(value, Link):
            if value.readers and value.readers[-1].kind != "json":
                return ""
            step = self.steps.get(value.step)
            found: Any = (
                step.outputs[value.output].value if step and value.output < len(step.outputs) else None
            )
            if value.readers:
                return 0
            for part in value.path:
                try:
                    found = found[part]
                except (KeyError, IndexError, TypeError):
                    return None
            return found
        return None

    def source(self, link: Link) -> str:
        """Where the answer that a link reads is kept."""
        source = self.steps.get(link.step)
        if source is None or link.step not in self.numbers or link.output >= len(source.outputs):
            raise no_output(link)
        number = self.numbers[link.step]
        component = source.outputs[link.output].component
        if component == "page" and link.path[0] == "url":
            component = "headers"
        kind = {"headers": "headers", "page": "html", "json": "json", "events": "json", "lines": "json"}
        return f"{number} {kind.get(component, 'text')}"

    def filter(self, link: Link) -> str:
        """What a link is, as a jq filter over the answer."""
        step = self.steps[link.step]
        component = step.outputs[link.output].component
        if component == "page" and link.path[0] == "url":
            self.needs.add("header")
            code = 'header("url")'
        elif component == "page":
            head, *rest = link.path
            self.needs.add("page")
            code = f"field({json_text(str(rest[0]))})" if head == "fields" else f"links[{json_text(rest[0])}]"
        elif component == "headers":
            self.needs.add("header")
            code = f"header({json_text(str(link.path[0]))})"
        else:
            code = "." + "".join(f"[{json_text(part)}]" for part in link.path)
        for reader in link.readers:
            code += " | " + self.read(reader)
        return code

    def read(self, reader: Reader) -> str:
        match reader.kind:
            case "json":
                return "fromjson" + "".join(f" | .[{json_text(part)}]" for part in reader.path)
            case "base64":
                self.needs.add("unbase64")
                return "unbase64"
            case "query":
                self.needs |= {"parameter"}
                return f"parameter({json_text(str(reader.path[0]))})"
        self.needs.add("between")
        return f"between({'; '.join(json_text(str(part)) for part in reader.path)})"

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        kept = file if file.path else missing_file(file)
        return f'"$files"{sh_text("/" + inside_path(kept, self.folder))}'

    # Steps.

    def step(self, number: int, step: Step) -> list[str]:
        if step.endpoint.method == "WS":
            left_out = " ".join(f"--skip {id}" for id in self.with_it(step))
            raise UsageError(
                f"curl cannot repeat {step.id} ({step.endpoint.id}), a WebSocket",
                f"Leave it out, and what needs it, with {left_out}, or choose another target",
            )
        self.numbers[step.id] = number
        asked = request(step)
        component = step.outputs[0].component if step.outputs else "nothing"
        words = self.how(asked)
        if component in STREAMED:
            most = step.cancel_after or 0
            self.needs.add("stream")
            head = f"stream {number} {int(step.code or 200)} {'events' if component == 'events' else 'lines'} {most}"
        else:
            head = f"ask {number} {int(step.code or 200)}"
        if step.until is not None and component == "json":
            self.needs.add("until")
            filter = "." + "".join(f"[{json_text(part)}]" for part in step.until)
            head = (
                f"until_is {sh_text(filter)} {self.json(value_at(step.outputs[0].value, step.until))} {head}"
            )
        label = "" if step.setup else step.endpoint.id
        # Said by -X, the method would be that of the requests after a redirect too.
        verb = "" if asked.method == "GET" and not asked.media else f" -X {sh_text(asked.method)}"
        if asked.method == "POST":
            verb = "" if asked.media else " --data ''"
        lines = [f"{head} {sh_text(label)}{verb} --url {self.address(asked)}"]
        lines += [f"    {word}" for word in words]
        return [" \\\n".join(lines)]

    def address(self, asked: Request) -> str:
        words = [] if asked.is_elsewhere else ['"$url"']
        for number, piece in enumerate(asked.path):
            words.append(self.uri(piece) if number % 2 else sh_text(str(piece)) if piece else "")
        for number, (name, value) in enumerate(asked.query):
            words.append(sh_text(f"{'&' if number else '?'}{quote(name, safe='')}="))
            words.append(self.uri(value))
        return "".join(words)

    def uri(self, value: Expression) -> str:
        if value is None or isinstance(value, str | bool | int | float):
            return sh_text(quote(value if isinstance(value, str) else json_text(value), safe=""))
        self.needs.add("uri")
        return f'"$(uri {self.word(value)})"'

    def how(self, asked: Request) -> list[str]:
        # curl takes a header that begins with @ for the name of a file of headers.
        words = [f"-H {sh_text(n + ': ')}{self.word(v)}" for n, v in asked.headers if is_token(n)]
        names = {name for name, _ in asked.headers}
        if asked.media == "json":
            if "content-type" not in names:
                words.append("-H 'Content-Type: application/json'")
            words.append(f"--data-raw {self.json(asked.body)}")
        elif asked.media == "form":
            for name, value in asked.body:
                words.append(f"--data-urlencode {sh_text(quote(name, safe='') + '=')}{self.word(value)}")
        elif asked.media == "multipart":
            words += [self.part(name, value) for name, value in asked.body]
        elif asked.media == "body":
            file = self.file_of(asked.body)
            if file is not None:
                words.append(f"--data-binary @{self.word(asked.body)}")
            else:
                words.append(f"--data-raw {self.word(asked.body)}")
            if "content-type" not in names:
                words.append("-H 'Content-Type:'")
        return words

    def file_of(self, value: Expression) -> File | None:
        value = self.variables[value.name][1].value if isinstance(value, VariableRef) else value
        return value if isinstance(value, File) else None

    def part(self, name: str, value: Expression) -> str:
        file = self.file_of(value)
        name = form_part(name)
        if file is None:
            return f"--form-string {sh_text(name + '=')}{self.word(value)}"
        self.needs.add("part")
        given = f"{sh_text(media_type(file))}"
        kept = file.path.rpartition("/")[2]
        named = f" {sh_text(file.name)}" if kept != file.name else ""
        return f'-F {sh_text(name + "=")}"$(part {self.word(value)} {given}{named})"'

"""The target ``curl`` for apps with an HTTP API: a POSIX shell script, with jq for what goes from call to call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from recorder.address import is_token
from recorder.errors import UsageError
from recorder.markup import LATIN, NAMED
from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    inside_path,
    media_type,
    missing_file,
    nested,
    no_output,
    no_variable,
    shell_variable,
    walk,
)
from recorder.render.http.program import STREAMED
from recorder.render.layout import WIDTH
from recorder.render.literals import json_text, sh_text
from recorder.render.templates import template
from recorder.request import Request, as_sent, is_no_file, value_at
from recorder.session import File
from recorder.spelling import Escaped, as_json, as_text, escaped, header_bytes, is_json
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

_OWN = set(
    """
    address after answer ask body charset code cookie count env files filter follow functions histchars home hops
    host ifs jar kind label lacking method most number origin path pick pwd quiet shell sign status taken tries uri
    url verb wanted work
    """.split()
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_JQ_WORDS = set(
    "and as catch def elif else end foreach if import include label module not or reduce then try".split()
)
_OF_DOCUMENTS = {"elements", "page"}


_LONGEST_WORD = 100_000
"""Characters of a shell word up to which it is given to curl as an argument."""
_ODD_NAME = re.compile(r"[=\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
"""What curl does not take in the name of a part, or writes in another way than browsers."""
_MISSING = "Set {name} in the environment to the secret that is not in the recording ({where})"


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
        self.before: list[str] = []
        """Lines that must come before the request that is being written."""
        self.taken: dict[tuple[str, Link], str] = {}
        self.generated: dict[str, str] = {}
        self.making: list[str] = []

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
            secrets=[
                (
                    shell_variable(s.name),
                    sh_text(f"{_MISSING.format(name=s.name, where=s.hint or 'a request')}"),
                )
                for s in self.workflow.secrets
            ],
            blocks=[self.making, *blocks] if self.making else blocks,
            needs=self.needs,
            digits=bool(self.needs & {"unquote", "literal", "elements"}),
            latin=LATIN,
            named=json_text(NAMED).replace("'", "\\u0027"),
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
            word = self.json_body(value) if isinstance(value, list | dict) else self.word(value)
            lines.append(f"{name}={word}")
            option = "--" + name.rstrip("_").replace("_", "-")
            options.append((option, name, sh_text(f"  {option}")))
        return lines, options

    # Values: each function gives one shell word.

    def word(self, value: Expression) -> str:
        """A value as text."""
        match value:
            case str():
                return sh_text(value)
            case None | bool() | int() | float():
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
                return self.cookie(value)
            case Link():
                return f'"${self.take("text", value)}"'
            case AppUrl():
                return '"$url"'
            case Generated():
                return self.made(value)
            case Digest():
                self.needs.add("digest")
                return f'"$(digest {value.algorithm} {value.form} {self.word(value.value)})"'
            case Text():
                return "".join(self.word(piece) for piece in value.pieces) or "''"
            case Spelled(kind="json"):
                return self.json(value.value)
            case Spelled(kind="percent"):
                self.needs.add("component")
                return f'"$(component {self.word(value.value)})"'
            case Spelled():
                tail = " | tr '+/' '-_' | tr -d '='" if value.kind == "base64url" else ""
                return f"\"$(printf %s {self.word(value.value)} | base64 | tr -d '\\n'{tail})\""
            case Escaped():
                return self.escaped(value)
            case File():
                return self.file_path(value)
        return self.json(value)

    def variable(self, ref: VariableRef) -> str:
        if ref.name not in self.variables:
            raise no_variable(ref)
        return self.variables[ref.name][0]

    def json(self, value: Expression) -> str:
        """A value as JSON text."""
        if not any(isinstance(item, msgspec.Struct) for item in walk(value)):
            return sh_text(as_json(value))
        arguments: list[str] = []
        filter = self.jq(value, arguments)
        return f'"$(jq -nc {" ".join(arguments)} {sh_text(filter)})"'

    def jq(self, value: Expression, arguments: list[str], texts: bool = False) -> str:
        """A jq filter that makes a value; what comes from the shell is added to ``arguments``.

        Args:
            texts: what comes from the shell is text, whatever it was when it was recorded.
        """
        if isinstance(value, dict):
            members = (f"{_key(str(key))}: {self.jq(item, arguments, texts)}" for key, item in value.items())
            return "{" + ", ".join(members) + "}"
        if isinstance(value, Object):
            pairs = (
                (self.jq(key if isinstance(key, str) else Text(pieces=(key,)), arguments), item)
                for key, item in value.members
            )
            return "{" + ", ".join(f"({key}): {self.jq(item, arguments)}" for key, item in pairs) + "}"
        if isinstance(value, Extended):
            return f"({self.jq(value.base, arguments)} + {self.jq(value.value, arguments)})"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.jq(item, arguments, texts) for item in value) + "]"
        if value is None or isinstance(value, str | bool | int | float):
            return json_text(value)
        if isinstance(value, Link) and not texts:
            return self.argument("--argjson", f'"${self.take("tojson", value)}"', arguments)
        return self.argument(
            "--arg" if texts or self.is_text(value) else "--argjson", self.word(value), arguments
        )

    def argument(self, option: str, word: str, arguments: list[str]) -> str:
        """The variable of jq that holds what a word of the shell holds."""
        known = re.fullmatch(r'"\$([A-Za-z_][A-Za-z0-9_]*)"', word)
        name = known[1] if known is not None else f"v{len(arguments) + 1}"
        if name in _JQ_WORDS or any(each.split(" ")[1] == name for each in arguments):
            same = f"{option} {name} {word}"
            name = name if same in arguments else f"v{len(arguments) + 1}"
        if f"{option} {name} {word}" not in arguments:
            arguments.append(f"{option} {name} {word}")
        return f"${name}"

    def is_text(self, value: Expression) -> bool:
        """Whether a leaf is text."""
        if isinstance(value, VariableRef):
            variable = self.variables.get(value.name)
            return variable is None or self.is_text(variable[1].value)
        if isinstance(value, Generated):
            return value.form not in ("ms", "s")
        return value is not None and not isinstance(
            value, list | dict | tuple | bool | int | float | Object | Extended
        )

    def cookie(self, leaf: Cookie) -> str:
        self.needs |= {"cookie", "unquote"} if leaf.decoded else {"cookie"}
        name = self.name(leaf.name, "cookie")
        decoded = " decoded" if leaf.decoded else ""
        self.before.append(f"{name}=$(cookie {sh_text(leaf.name)}{decoded}) || exit 1")
        return f'"${name}"'

    def name(self, text: str, fallback: str) -> str:
        """A variable of the shell that is not used yet."""
        wanted = identifier(text, fallback)
        return self.names.free(f"{wanted}_" if wanted in _OWN else wanted)

    def made(self, leaf: Generated) -> str:
        if not leaf.name:
            return f'"$({self.maker(leaf)})"'
        if leaf.name not in self.generated:
            self.generated[leaf.name] = self.name(leaf.name, "generated")
            self.making.append(f"{self.generated[leaf.name]}=$({self.maker(leaf)})")
        return f'"${self.generated[leaf.name]}"'

    def maker(self, leaf: Generated) -> str:
        """The command that makes a value."""
        match leaf.kind, leaf.form:
            case "uuid", _:
                self.needs.add("uuid")
                return "uuid"
            case "time", form:
                self.needs.add("moment")
                return f"moment {form}"
            case _, "characters":
                self.needs.add("characters")
                return f"characters {int(leaf.size)} {sh_text(leaf.alphabet)}"
        self.needs.add("random")
        return f"random {int(leaf.size)} {leaf.form}"

    def take(self, form: str, link: Link) -> str:
        """The variable of the shell that holds what a link leads to, as ``text`` or as JSON (``tojson``)."""
        if (form, link) in self.taken:
            return self.taken[form, link]
        number, kind, label = self.source(link)
        arguments: list[str] = []
        filter = self.filter(link, arguments)
        name = self.name(_called(link), "value")
        head = f"take {name} {form} {number} {kind} {sh_text(label)}"
        tail = f"{' '.join([sh_text(filter), *arguments])} || exit 1"
        self.before.append(f"{head} {tail}" if len(head + tail) < WIDTH else f"{head} \\\n    {tail}")
        inside = [leaf for leaf in leaves(link) if leaf is not link]
        if not any(isinstance(leaf, Cookie | Generated) for leaf in inside):
            self.taken[form, link] = name
        return name

    def source(self, link: Link) -> tuple[int, str, str]:
        """Where the response that a link reads is kept, what it is, and what it answers."""
        source = self.steps.get(link.step)
        if source is None or link.step not in self.numbers or link.output >= len(source.outputs):
            raise no_output(link)
        component = source.outputs[link.output].component
        if component == "page" and link.path[0] == "url":
            component = "headers"
        kinds = {"headers": "headers", "page": "page", "text": "plain"}
        kind = kinds.get(component, "json")
        self.needs |= {"take", kind} | (_OF_DOCUMENTS if kind == "page" else set())
        return self.numbers[link.step], kind, source.endpoint.id

    def filter(self, link: Link, arguments: list[str]) -> str:
        """What a link is, as a jq filter over the response."""
        step = self.steps[link.step]
        component = step.outputs[link.output].component
        path = link.path
        if component == "headers":
            path = (str(path[0]).lower(), *path[1:])
        filters = self.filters(path, arguments)
        if component == "page" and path[0] == "url":
            self.needs.add("relative")
            filters.append("relative")
        for reader in link.readers:
            filters += self.read(reader, arguments)
        return " | ".join(filters) or "."

    def filters(self, path: Path, arguments: list[str]) -> list[str]:
        """The jq filters that follow a path."""
        found: list[str] = []
        inside = ""
        for part in path:
            if isinstance(part, Item) and (part.fields or part.after or part.before):
                if inside:
                    found.append(f"the({inside})")
                    inside = ""
                self.needs.add("item")
                found.append(f"item({'; '.join(self.selecting(part, arguments))})")
                continue
            part = part.nth if isinstance(part, Item) else part
            if isinstance(part, str) and _NAME.fullmatch(part):
                inside += f".{part}"
            else:
                inside += f"{'' if inside else '.'}[{json_text(part)}]"
        return [*found, f"the({inside})"] if inside else found

    def selecting(self, item: Item, arguments: list[str]) -> list[str]:
        """The fields and the options of a selector, as jq."""
        fields = self.jq(nested(item.fields), arguments, texts=True)
        options = [f"nth: {int(item.nth)}"] if item.nth else []
        options += ["counts: true"] if item.counts else []
        for name, anchor in (("after", item.after), ("before", item.before)):
            if anchor is not None:
                options.append(f"{name}: [{', '.join(self.selecting(anchor, arguments))}]")
        return [fields, "{" + ", ".join(options) + "}"] if options else [fields]

    def read(self, reader: Reader, arguments: list[str]) -> list[str]:
        match reader.kind:
            case "json":
                return ["text | fromjson", *self.filters(reader.path, arguments)]
            case "elements":
                self.needs |= _OF_DOCUMENTS
                return ["text | elements", *self.filters(reader.path, arguments)]
            case "literal":
                self.needs.add("literal")
                name, nth = reader.path
                return [f"text | literal({json_text(str(name))}; {int(str(nth))})"]
            case "entries":
                self.needs.add("entries")
                return ["entries", *self.filters(reader.path, arguments)]
            case "base64":
                self.needs.add("unbase64")
                return ["text | unbase64"]
            case "unquote":
                self.needs.add("unquote")
                return ["text | unquote"]
            case "query":
                self.needs |= {"parameter", "unquote"}
                return [f"text | parameter({json_text(str(reader.path[0]))})"]
            case "segment":
                self.needs |= {"segment", "unquote"}
                return [f"text | segment({int(str(reader.path[0]))})"]
        self.needs.add("between")
        return [f"text | between({'; '.join(json_text(str(part)) for part in reader.path)})"]

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
        for name, value in step.cookies:
            self.needs.add("set_cookie")
            word = self.word(value)
            self.before.append(f"set_cookie {sh_text(name)} {word}")
        asked = as_sent(step)
        component = step.outputs[0].component if step.outputs else "nothing"
        words = self.how(asked)
        if component in STREAMED:
            most = 0 if step.enough else step.cancel_after or 0
            self.needs.add("stream")
            enough = self.enough(step)
            kind = "events" if component == "events" else "lines"
            head = f"stream {number} {int(step.code or 200)} {kind} {most} {enough}"
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
            verb = ""
            words += [] if asked.media else ["--data ''"]
            if not asked.media and not any(name == "content-type" for name, _ in asked.headers):
                words.append("-H 'Content-Type:'")
        elif asked.method == "HEAD":
            verb = " --head"
        self.needs |= {"redirected"} if verb.startswith(" -X") else set()
        lines = [f"{head} {sh_text(label)}{verb} --url {self.address(asked)}"]
        lines += [f"    {word}" for word in words]
        before, self.before = self.before, []
        asking = [*before, " \\\n".join(lines)]
        if step.redirects and step.expect != "failed":
            self.needs.add("redirects")
            asking.append(f"redirects {number} {sh_text(step.endpoint.id)}")
        return asking

    def enough(self, step: Step) -> str:
        """The selectors of items that end a stream, as a word that holds JSON."""
        if not step.enough:
            return "'[]'"
        self.needs.add("item")
        arguments: list[str] = []
        selectors = (f"[{', '.join(self.selecting(item, arguments))}]" for item in step.enough)
        filter = sh_text(f"[{', '.join(selectors)}]")
        return f'"$(jq -nc {" ".join([*arguments, filter])})"'

    def address(self, asked: Request) -> str:
        words = [] if asked.is_elsewhere else ['"$url"']
        for number, piece in enumerate(asked.path):
            if number % 2:
                words.append(self.escaped(piece if isinstance(piece, Escaped) else Escaped(value=piece)))
            else:
                words.append(sh_text(str(piece)) if piece else "")
        if asked.query:
            words += [sh_text("?"), self.form(asked.query)]
        return "".join(words)

    def form(self, pairs: Any) -> str:
        """Pairs, encoded as a form."""
        words: list[str] = []
        for number, (name, value) in enumerate(pairs):
            words.append("'&'" if number else "")
            words.append(self.escaped(Escaped(value=name, safe="*~", plus=True)) + "'='")
            words.append(self.escaped(Escaped(value=value, safe="*~", plus=True)))
        return "".join(words).replace("''", "")

    def escaped(self, leaf: Escaped) -> str:
        """Percent-encoded text."""
        value = leaf.value
        if value is None or isinstance(value, str | bool | int | float):
            return sh_text(escaped(as_text(value), leaf.safe, leaf.plus, leaf.charset))
        self.needs.add("escaped")
        words = [self.word(value), sh_text(leaf.safe)]
        if leaf.plus or leaf.charset:
            words.append("+" if leaf.plus else "''")
        if leaf.charset:
            words.append(sh_text(_iconv(leaf.charset)))
        return f'"$(escaped {" ".join(words)})"'

    def header(self, name: str, value: Expression) -> str:
        if value == "":
            return f"-H {sh_text(name + ';')}"
        if isinstance(value, str) and not value.isascii():
            octal = "".join(f"\\{byte:03o}" for byte in header_bytes(value))
            return f"-H {sh_text(name + ': ')}\"$(printf '{octal}')\""
        return f"-H {sh_text(name + ': ')}{self.word(value)}"

    def json_body(self, value: Expression) -> str:
        """A value as JSON text, as JavaScript writes it."""
        words: list[str] = []
        text = ""
        for is_leaf, piece in self.json_pieces(value):
            if is_leaf:
                words += [sh_text(text), piece] if text else [piece]
                text = ""
            else:
                text += piece
        return "".join([*words, sh_text(text)] if text or not words else words)

    def json_pieces(self, value: Expression) -> Iterator[tuple[bool, str]]:
        """JSON in pieces, each with whether it is a word of the shell."""
        if is_json(value):
            yield False, as_json(value)
        elif isinstance(value, dict):
            for number, (key, item) in enumerate(value.items()):
                yield False, f"{',' if number else '{'}{as_json(str(key))}:"
                yield from self.json_pieces(item)
            yield False, "}"
        elif isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield False, "," if number else "["
                yield from self.json_pieces(item)
            yield False, "]"
        else:
            yield True, self.json_leaf(value)

    def json_leaf(self, leaf: Any) -> str:
        """An expression as a word that holds JSON. jq would round the numbers that it reads."""
        if isinstance(leaf, Link):
            return f'"${self.take("tojson", leaf)}"'
        if isinstance(leaf, VariableRef | Generated) and not self.is_text(leaf):
            return self.word(leaf)
        return self.json(leaf)

    def how(self, asked: Request) -> list[str]:
        # curl takes a header that begins with @ for the name of a file of headers.
        words = [self.header(name, value) for name, value in asked.headers if is_token(name)]
        names = {name for name, _ in asked.headers}
        if asked.media == "json":
            if "content-type" not in names:
                words.append("-H 'Content-Type: application/json'")
            words.append(self.data(self.json_body(asked.body)))
        elif asked.media == "form":
            words.append(self.data(self.form(asked.body)))
        elif asked.media == "multipart":
            odd = any(isinstance(name, str) and _ODD_NAME.search(name) for name, _ in asked.body)
            if asked.charset or odd or any(isinstance(v, File) and is_no_file(v) for _, v in asked.body):
                self.needs.add("multipart")
                fields = [self.field(name, value) for name, value in asked.body]
                charset = sh_text(_iconv(asked.charset)) if asked.charset else ""
                lines = [f"    {field}" for field in fields]
                lines.append("    printf '%s\\r\\n' ------recorded-parts--")
                self.before.append("\n".join([f"charset={charset}", "{", *lines, '} > "$work/body"']))
                words.append("-H 'Content-Type: multipart/form-data; boundary=----recorded-parts'")
                words.append('--data-binary @"$work/body"')
            else:
                words += [self.part(name, value) for name, value in asked.body]
        elif asked.media == "body":
            file = self.file_of(asked.body)
            if file is not None:
                words.append(f"--data-binary @{self.word(asked.body)}")
            else:
                words.append(self.data(self.text_body(asked.body), asked.charset))
            if "content-type" not in names:
                words.append("-H 'Content-Type:'")
        return words

    def file_of(self, value: Expression) -> File | None:
        value = self.variables[value.name][1].value if isinstance(value, VariableRef) else value
        return value if isinstance(value, File) else None

    def text_body(self, value: Expression) -> str:
        """The text of a body; the JSON in it as :meth:`json_leaf` writes it."""
        if not isinstance(value, Text):
            return self.word(value)
        return "".join(
            self.json_body(piece.value)
            if isinstance(piece, Spelled) and piece.kind == "json"
            else self.word(piece)
            for piece in value.pieces
        )

    def data(self, word: str, charset: str = "") -> str:
        """The option that sends the text of a word. What is long goes through a file: the system limits arguments."""
        if charset:
            self.needs.add("recoded")
            self.before.append(f'printf %s {word} | recoded {sh_text(_iconv(charset))} > "$work/body"')
        elif len(word) > _LONGEST_WORD:
            self.before.append(f'printf %s {word} > "$work/body"')
        else:
            return f"--data-raw {word}"
        return '--data-binary @"$work/body"'

    def field(self, name: Expression, value: Expression) -> str:
        """The command that writes one part of a form."""
        file = self.file_of(value)
        if file is None:
            return f"field {self.word(name)} {self.word(value)}"
        given = sh_text(media_type(file))
        path = "/dev/null" if is_no_file(file) else self.word(value)
        return f"upload {self.word(name)} {path} {given} {sh_text(file.name)}"

    def part(self, name: Expression, value: Expression) -> str:
        file = self.file_of(value)
        if file is None:
            return f"--form-string {self.word(name)}'='{self.word(value)}"
        self.needs.add("part")
        given = sh_text(media_type(file))
        kept = file.path.rpartition("/")[2]
        named = f" {sh_text(file.name)}" if kept != file.name else ""
        return f"-F {self.word(name)}'='\"$(part {self.word(value)} {given}{named})\""


def _iconv(charset: str) -> str:
    """The name that iconv has for an encoding of the web."""
    names = {"windows-874": "cp874", "x-mac-cyrillic": "mac-cyrillic", "iso-8859-8-i": "iso-8859-8"}
    return names.get(charset.lower(), charset)


def _key(name: str) -> str:
    """The name of a member in jq."""
    return name if _NAME.fullmatch(name) and name not in _JQ_WORDS else json_text(name)


def _called(link: Link) -> str:
    """A name for what a link leads to."""
    parts = [part for path in (link.path, *(reader.path for reader in link.readers)) for part in path]
    name = next((part for part in reversed(parts) if isinstance(part, str)), "")
    selector = next((part for part in reversed(parts) if isinstance(part, Item)), None)
    if name in ("value", "content", "text", "") and selector is not None:
        fields = dict(selector.fields)
        name = next((v for k in ("name", "id") if isinstance(v := fields.get((k,)), str)), name)
    return name

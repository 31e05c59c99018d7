"""The target ``curl``: a POSIX shell script that speaks the app's own protocol, with curl and the standard tools.

All calls go the way the app's page makes them, so that what public clients cannot call is called like the rest. Only a
link takes a value out of an answer; a script with links needs jq, and says so before it starts.
"""

from __future__ import annotations

from typing import Any

from recorder.render import Options
from recorder.render.analysis import (
    common_folder,
    file_url,
    form_part,
    inside_path,
    is_file_list,
    is_state,
    links_of,
    missing_file,
    no_output,
    no_variable,
    query_of,
    shell_variable,
)
from recorder.render.literals import json_text, sh, sh_text
from recorder.render.templates import template
from recorder.session import File
from recorder.workflow import (
    Link,
    Names,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves_of,
)

WIDTH = 100
"""Columns that a line should keep to."""

# The variables that the script has for itself, and those that mean something to a shell.
_OWN = {
    "after", "answer", "answered", "api", "argument", "auto_resume", "body", "called", "closed", "cookies", "count",
    "cut_short", "error", "event", "event_id", "files", "fn_index", "frame", "frame_of", "histchars", "item", "kept",
    "line", "list", "query", "quoted", "running", "session", "status", "url", "values", "verb", "with", "work",
}  # fmt: skip


class Curl:
    """Renders a workflow of a Gradio app as a shell script."""

    name = "curl"
    suffix = ".sh"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the script.

        Raises:
            RecorderError: a link leads nowhere, a file of the session lies outside its folder, or a text is none that a
                shell word can hold.
        """
        return _Script(workflow, options).text()


CURL = Curl()


class _Script:
    """One rendering: the names given away, the functions that are needed, and the blocks of code."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        self.names = Names(_OWN)
        self.steps = {step.id: step for step in workflow.steps}
        self.linked = {link.step for step in workflow.steps for link in links_of(step)}
        self.answers: dict[str, str] = {}
        self.folder = common_folder(workflow)
        self.prelude: list[str] = []
        self.late: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        pages = dict.fromkeys(step.page for step in workflow.steps)
        self.pages = {page: f"page_{n}" for n, page in enumerate(pages, 1)} if len(pages) > 1 else {}
        self.page: str | None = None

    def text(self) -> str:
        defaults, options = self.defaults()
        blocks = [self.step(step) for step in self.workflow.steps]
        app = self.workflow.app
        folder = "/".join(part for part in (self.options.files, self.folder) if part not in ("", "."))
        return template("curl.jinja").render(
            url=sh_text(app.url.rstrip("/")),
            api_prefix=sh_text(app.api_prefix) if app.api_prefix else "",
            query=sh_text(query_of(app)),
            files=sh_text(folder if folder.startswith("/") else f"/{folder}") if folder else "",
            absolute=folder.startswith("/"),
            defaults=defaults,
            options=options,
            usage=[sh_text(line) for line in self.usage()],
            secrets=[shell_variable(secret.name) for secret in self.workflow.secrets],
            auth=app.auth,
            pages=bool(self.pages),
            late=self.late,
            blocks=blocks,
            needs=self.needs,
        )

    # What the caller may choose.

    def defaults(self) -> tuple[list[str], list[tuple[str, str, str]]]:
        """The lines that set the variables as recorded, and each option with the variable that it sets, and to what."""
        lines: list[str] = []
        options: list[tuple[str, str, str]] = []
        for variable in self.workflow.variables:
            wanted = identifier(variable.name, "value")
            name = self.names.free(f"{wanted}_" if wanted in _OWN else wanted)
            self.variables[variable.name] = (name, variable)
            value = variable.value
            given = '"$2"'
            if isinstance(value, File) and value.path:
                lines.append(f"{name}={self.file_path(value)}")
            elif is_file_list(value):
                lines.append(f"{name}=" + "'\n'".join(self.file_path(file) for file in value))
            else:
                if isinstance(value, str | SecretRef):
                    given = self.json_of('"$2"')
                word = self.word(value)
                before = self.take_prelude()
                if before or any(leaves_of(SecretRef, value)):
                    # Files inside a value are sent only where the caller has not chosen another, and what a secret is
                    # written with is defined after the variables.
                    lines.append(f"{name}=")
                    self.late += [f'if [ -z "${name}" ]; then', *before, f"{name}={word}", "fi"]
                else:
                    lines.append(f"{name}={word}")
            options.append((wanted, name, given))
        return lines, options

    def usage(self) -> list[str]:
        """A line for each option."""
        return [f"  --{identifier(v.name, 'value')} {_kind(v.value)}" for v in self.workflow.variables]

    # Values, each a shell word that holds JSON text.

    def word(self, value: Any) -> str:
        return sh(value, self.leaf)

    def leaf(self, leaf: Any) -> str:
        if isinstance(leaf, File):
            return self.file(leaf)
        if isinstance(leaf, VariableRef):
            return self.variable(leaf)
        if isinstance(leaf, Link):
            return self.link(leaf)
        if isinstance(leaf, SecretRef):
            pieces = [
                self.json_of(f'"${shell_variable(piece)}"', bare=True)
                if number % 2
                else sh_text(json_text(piece)[1:-1])
                for number, piece in enumerate(leaf.pieces)
                if piece
            ]
            return "'\"'" + "".join(pieces) + "'\"'"
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def json_of(self, word: str, bare: bool = False) -> str:
        self.needs.add("json")
        return f'"$(json_inside {word})"' if bare else f"'\"'\"$(json_inside {word})\"'\"'"

    def file(self, file: File) -> str:
        if file.inline:
            self.needs.add("base64_of")
            path = self.file_path(file if file.path else missing_file(file))
            content = self.names.free("content")
            self.prelude.append(f"{content}=$(base64_of {path}) || exit 1")
            return f'{sh_text(json_text(f"data:{file.type};base64,")[:-1])}"${content}"\'"\''
        extra = "".join(
            f"{json_text(key)}: {json_text(value)}, " for key, value in (file.extra or {}).items()
        )
        ours, address = file_url(self.workflow.app, file)
        if not file.path and address:
            where = f'"$url"{sh_text(address)}' if ours else sh_text(address)
            start, middle = sh_text("{" + extra + '"path": "'), sh_text('", "url": "')
            end = sh_text(f'", "orig_name": {json_text(file.name)}, "meta": {{"_type": "gradio.FileData"}}}}')
            return start + where + middle + where + end
        path = self.file_path(file if file.path else missing_file(file))
        return self.uploaded("", path, extra)

    def uploaded(self, name: str, path: str, extra: str = "", verb: str = "upload") -> str:
        self.needs |= {"upload", "json"} | ({"uploads"} if verb == "uploads" else set())
        chosen = self.names.free(f"{name}_sent" if name else "sent")
        more = f" {sh_text(extra)}" if extra else ""
        self.prelude.append(f"{chosen}=$({verb} {path}{more}) || exit 1")
        return f'"${chosen}"'

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        return f'"$files"{sh_text("/" + inside_path(file, self.folder))}'

    def take_prelude(self) -> list[str]:
        taken, self.prelude = self.prelude, []
        return taken

    def variable(self, ref: VariableRef) -> str:
        if ref.name not in self.variables:
            raise no_variable(ref)
        name, variable = self.variables[ref.name]
        if isinstance(variable.value, File) and variable.value.path:
            return self.uploaded(name, f'"${name}"')
        if is_file_list(variable.value):
            return self.uploaded(name, f'"${name}"', verb="uploads")
        return f'"${name}"'

    def link(self, link: Link) -> str:
        if link.step not in self.answers:
            raise no_output(link)
        self.needs.add("jq")
        path = f" {sh(list(link.path))}" if link.path else ""
        name = self.names.free("linked")
        self.prelude.append(f'{name}=$(output "${self.answers[link.step]}" {link.output}{path}) || exit 1')
        return f'"${name}"'

    # Steps.

    def step(self, step: Step) -> str:
        lines: list[str] = []
        if self.pages and step.page != self.page:
            name = self.pages[step.page]
            if name not in self.names:
                self.names.add(name)
                lines.append(f"{name}=$(new_session)")
            lines.append(f'session="${name}"')
        self.page = step.page
        label = identifier(step.name, "step")
        # A stream is closed after its last frame, however it ended.
        streamed = step.endpoint.connection == "stream"
        interrupted = step.expect in ("cancelled", "unfinished") and not streamed
        words = self.asked(step) if step.endpoint.server_fn else self.called(step, streamed, interrupted)
        lines += self.take_prelude()
        call = " ".join(words)
        if len(call) > WIDTH - 20 or "\n" in call:
            head = 4 if interrupted or step.frames else 3
            call = " \\\n    ".join([" ".join(words[:head]), *words[head:]])
        if step.expect == "failed":
            lines += [
                f"if {call}; then",
                f"    echo '{label}: did not fail this time'",
                "else",
                f"    printf '%s\\n' \"{label}: failed, as recorded: $error\"",
                "fi",
            ]
            return "\n".join(lines)
        lines.append(f"{call} || fail {label}")
        if step.id in self.linked:
            self.answers[step.id] = self.names.free(f"{label}_answer")
            lines.append(f"{self.answers[step.id]}=$answer")
        if step.setup:
            return "\n".join(lines)
        if interrupted:
            words_said = "cancelled" if step.expect == "cancelled" else "left unfinished"
            lines.append(f'echo "{label}: {words_said}, as recorded, after $values values"')
        else:
            self.needs.add("show")
            lines.append(f"show {label}")
        return "\n".join(lines)

    def called(self, step: Step, streamed: bool, interrupted: bool) -> list[str]:
        """The words of a call of one of the app's functions."""
        values = [
            "null" if is_state(step, n, a) else self.word(a.value) for n, a in enumerate(step.arguments)
        ]
        own = [str(int(step.endpoint.fn_index or 0)), self.event(step)]
        if streamed or step.frames:
            # Each frame is a word, its values parted by commas.
            frames = [values, *([self.word(value) for value in frame] for frame in step.frames)]
            values = ["','".join(frame) for frame in frames]
        verb = "call" if step.endpoint.queue else "run"
        if streamed:
            verb = "stream"
            own.insert(0, "yes" if step.cut_short else "no")
        elif interrupted:
            verb = "call_and_cancel"
            own.insert(0, str(step.yields if step.cancel_after is None else step.cancel_after))
        self.needs.add(verb)
        if step.frames and not streamed:
            self.needs.add("call_each")
            return ["call_each", verb, *own, *values]
        return [verb, *own, *values]

    def asked(self, step: Step) -> list[str]:
        """The words of a call of a function that a control has on the server."""
        parameters = step.endpoint.parameters
        given = step.arguments[0].value if step.arguments else None
        component = str(int((parameters[0].component_id if parameters else None) or 0))
        if step.endpoint.connection != "form" or not isinstance(given, dict):
            self.needs.add("ask")
            return ["ask", component, self.word(step.endpoint.server_fn), self.word(given)]
        self.needs.add("ask_form")
        words = ["ask_form", component, "--form-string", sh_text(f"fn_name={step.endpoint.server_fn}")]
        for name, value in given.items():
            name = form_part(name)
            if isinstance(value, File):
                self.needs.add("file_in_form")
                path = self.file_path(value if value.path else missing_file(value))
                words += ["-F", f'{sh_text(f"{name}=")}"$(file_in_form {path})"']
            else:
                text = sh_text(value) if isinstance(value, str) else self.word(value)
                words += ["--form-string", sh_text(f"{name}=") + text]
        return words

    def event(self, step: Step) -> str:
        """What goes beside the arguments, as a JSON object."""
        event: dict[str, Any] = {
            "trigger_id": None if step.trigger_id is None else int(step.trigger_id),
        }
        if step.event_data is not None:
            event["event_data"] = step.event_data
        return self.word(event)


def _kind(value: Any) -> str:
    """What the option of a variable takes, in a word."""
    if isinstance(value, File):
        return "FILE"
    if is_file_list(value):
        return "FILES    (one a line)"
    return "TEXT" if isinstance(value, str | SecretRef) else "JSON"

"""A workflow as Python on ``gradio_client``: what the targets that write Python share.

What the public client cannot call or carry is called over the app's own protocol by a few lines that the script
brings along, and only then.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

import msgspec

from recorder.render import Options
from recorder.render.analysis import (
    Loop,
    beyond_clients,
    brings_files,
    common_folder,
    file_url,
    inside_path,
    is_file_list,
    is_hidden,
    is_long,
    is_plain,
    is_shown,
    is_state,
    linked_outputs,
    may_be_left_out,
    missing_file,
    no_output,
    no_variable,
    outputs_of,
    passages,
    passing_records,
    query_of,
    values_of,
    walk,
)
from recorder.render.layout import Group, Node, width, write
from recorder.render.literals import python, python_text
from recorder.render.templates import template
from recorder.request import value_at
from recorder.session import File, files_in
from recorder.workflow import (
    Argument,
    Link,
    Names,
    Output,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
)

LONG_DEFAULT = 200
LONG_ARGUMENT = 400
"""Columns from which a value leaves the signature, or the call, for a constant at the top of the script."""

MOST_UNPACKED = 4
"""Outputs that get a name each; where there are more they keep one together."""

# The names that the script has for itself, and those that a reader would miss.
_OWN = {
    "Any", "AppError", "Client", "FILES", "Iterator", "Job", "MountedClient", "Path", "QUERY", "Status", "URL", "again",
    "annotations", "apply_diff", "arguments", "ask", "asyncio", "call", "call_and_cancel", "call_each", "client",
    "data_url", "download", "error", "handle_file", "httpx", "item", "json", "messages", "os", "print", "quote", "run",
    "send", "shortened", "start_and_cancel", "stream", "tempfile", "time", "upload", "value_of", "values", "wait",
}  # fmt: skip
_RESERVED = _OWN | set(dir(builtins)) | set(keyword.kwlist) | set(keyword.softkwlist)

# Parameters of the client's own `predict` and `submit`, which an argument of the app by that name would set instead.
_CLIENTS_OWN = {"self", "api_name", "fn_index", "headers", "result_callbacks"}

# Line ends to some, but not to JSON: clients before 2.0 cut the app's answers there.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_KEYWORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}\Z", re.ASCII)

# Names that say nothing; the endpoint's own says more.
_GENERIC = re.compile(r"(output|result|value|response|parameter|textbox|json|number)?(_?\d+)?_?\Z")


class Program:
    """One rendering: the names given away, what has to be imported, and the blocks of code."""

    target = "python"
    """Whose template it is."""

    url = "URL"
    """The code that says where the app is."""

    passes_records = True
    """Whether results may be the app's own records of files, where a chat's history has to have them."""

    makes_loops = False
    """Whether what reads better as a loop is written as one."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        self.workflow = workflow
        self.options = options
        self.needs: set[str] = set()
        pages = dict.fromkeys(step.page for step in workflow.steps)
        self.clients = {page: f"client_{n}" if n > 1 else "client" for n, page in enumerate(pages, 1)}
        self.connected: set[str] = set()
        self.names = Names({*_RESERVED, *self.clients.values()})
        self.constants: list[str] = []
        self.prelude: list[str] = []
        self.variables: dict[str, tuple[str, Variable]] = {}
        self.results: dict[tuple[str, int], str] = {}
        self.shown: dict[str, list[str]] = {}
        self.setting_up = False
        self.steps = {step.id: step for step in workflow.steps}
        self.linked = linked_outputs(workflow)
        self.records = passing_records(workflow) if self.passes_records else frozenset()
        self.recorded = values_of(workflow)
        self.folder = common_folder(workflow)

    def text(self) -> str:
        items, defaults = self.arguments()
        blocks = [*([defaults] if defaults else []), *self.blocks()]
        returned = self.returned()
        app = self.workflow.app
        query = query_of(app)
        needs = self.needs
        if "files" in needs:
            needs.add("Path")
        if self.waiting:
            needs.add("asyncio")
        return template(f"{self.target}.jinja").render(
            url=python_text(app.url.rstrip("/")),
            files=files_folder(self.options, self.folder),
            query=python_text(query) if query else "",
            constants=self.constants,
            signature=self.signature(items, returned),
            blocks=["\n".join(f"    {line}" if line else "" for line in block) for block in blocks],
            returned=returned,
            waiting=self.waiting,
            needs=needs,
        )

    def signature(self, items: list[tuple[str, Node]], returned: str) -> str:
        """The first line of the function, whose arguments are ``items``."""
        define = "async def" if self.options.style == "async" else "def"
        return write(Group(f"{define} run(", items, f") -> {'Any' if returned else 'None'}:"))

    # What the caller may choose.

    def arguments(self) -> tuple[list[tuple[str, Node]], list[str]]:
        """The function's arguments, and the lines that make defaults which only exist when it runs."""
        items: list[tuple[str, Node]] = []
        defaults: list[str] = []
        for variable in self.workflow.variables:
            name = self.name(variable.name, "value")
            self.variables[variable.name] = (name, variable)
            annotation, default = self.default(name, variable, defaults)
            items.append((f"{name}: {annotation} = ", default))
        return [("", "*"), *items] if items else [], defaults

    def default(self, name: str, variable: Variable, late: list[str]) -> tuple[str, Node]:
        """Annotation and default of a variable; what must be made when the function runs is added to ``late``."""
        value = variable.value
        if isinstance(value, File) and value.path:
            self.needs |= {"files", "Path"}
            return "str | Path", self.file_path(value)
        if is_file_list(value):
            self.needs |= {"files", "Path"}
            return "list[str | Path]", Group("[", [("", self.file_path(file)) for file in value], "]")
        annotation = self.annotation(variable)
        if not is_plain(value):
            node = self.expression(value)
            late.extend(self.take_prelude())
            late.append(f"if {name} is None:")
            late.append(f"    {write(node, indent=8, before=f'{name} = ')}")
            return _or_none(annotation), "None"
        node = self.expression(value)
        if value is None:
            annotation = _or_none(annotation)
        if width(node) > LONG_DEFAULT:
            return annotation, self.constant(name, node)
        return annotation, node

    def annotation(self, variable: Variable) -> str:
        annotation, names = _annotation(variable.python_type)
        self.needs |= names
        return annotation

    def constant(self, name: str, node: Node) -> str:
        chosen = self.names.free(name.upper().strip("_"))
        self.constants.append(write(node, before=f"{chosen} = "))
        return chosen

    def name(self, text: str, fallback: str) -> str:
        name = identifier(text, fallback)
        return self.names.free(f"{name}_" if name in _RESERVED else name)

    # Values.

    def expression(self, value: Any, raw: bool = False) -> Node:
        return python(value, lambda leaf: self.leaf(leaf, raw), self.hoist, self.needs)

    def hoist(self, node: Node) -> str:
        name = self.names.free("part")
        self.prelude.append(write(node, indent=4, before=f"{name} = "))
        return name

    def take_prelude(self) -> list[str]:
        taken, self.prelude = self.prelude, []
        return taken

    def leaf(self, leaf: Any, raw: bool) -> Node:
        if isinstance(leaf, File):
            return self.file(leaf, raw)
        if isinstance(leaf, VariableRef):
            return self.variable(leaf)
        if isinstance(leaf, Link):
            return self.link(leaf)
        if isinstance(leaf, SecretRef):
            return secret(leaf)
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def file(self, file: File, raw: bool) -> Node:
        if file.inline:
            self.needs |= {"data_url", "Path"}
            return Group("data_url(", [("", self.file_source(file)), ("", python_text(file.type or ""))], ")")
        self.needs.add("handle_file")
        code = Group("handle_file(", [("", self.file_source(file))], ")")
        if raw and file.extra:
            return Group("{", [("**", code), *_pairs(file.extra)], "}")
        return code

    def file_source(self, file: File) -> str:
        if file.path:
            return self.file_path(file)
        ours, url = file_url(self.workflow.app, file)
        if url:
            return f"{self.url} + {python_text(url)}" if ours else python_text(url)
        # Its bytes were not kept: `handle_file` then says which file it misses, and where it looked.
        return self.file_path(missing_file(file))

    def file_path(self, file: File) -> str:
        self.needs.add("files")
        return f"FILES / {python_text(inside_path(file, self.folder))}"

    def variable(self, ref: VariableRef) -> Node:
        name, variable = self.named(ref)
        if isinstance(variable.value, File) and variable.value.path:
            self.needs.add("handle_file")
            return f"handle_file({name})"
        if is_file_list(variable.value):
            self.needs.add("handle_file")
            return f"[handle_file(item) for item in {name}]"
        if variable.value is None and _annotation(variable.python_type)[0].startswith("str | Path"):
            self.needs.add("handle_file")
            return f"{name} and handle_file({name})"
        return name

    def named(self, ref: VariableRef) -> tuple[str, Variable]:
        if ref.name not in self.variables:
            raise no_variable(ref)
        return self.variables[ref.name]

    def link(self, link: Link) -> Node:
        source = self.steps.get(link.step)
        code = self.results.get((link.step, link.output))
        if source is None or code is None:
            raise no_output(link)
        code += "".join(f"[{write(python(key))}]" for key in link.path)
        recorded = value_at(outputs_of(source)[link.output].value, link.path)
        if source.id in self.records:
            return code
        if isinstance(recorded, File):
            self.needs.add("handle_file")
            return f"handle_file({code})"
        if next(files_in(recorded), None) is not None:
            self.needs |= {"again", "handle_file", "Path", "Any"}
            return f"again({self.clients[source.page]}, {code})"
        return code

    # Steps.

    def blocks(self) -> Iterator[list[str]]:
        """The lines of each step or loop."""
        if not self.makes_loops or self.options.flat:
            yield from map(self.step, self.workflow.steps)
            return
        for passage in passages(self.workflow, lambda step: not self.is_raw(step)):
            yield self.loop(passage) if isinstance(passage, Loop) else self.step(passage)

    def loop(self, loop: Loop) -> list[str]:
        """The lines of calls that differ in nothing but variables."""
        first = loop.steps[0]
        arguments = list(first.arguments)
        each: list[str] = []
        for place in loop.places:
            _, variable = self.named(arguments[place].value)
            each.append(self.name(f"each_{arguments[place].name or variable.name}", "each"))
            # No variable of the workflow has a number for its name.
            self.variables[str(place)] = (each[-1], variable)
            arguments[place] = msgspec.structs.replace(arguments[place], value=VariableRef(name=str(place)))
        step = msgspec.structs.replace(first, arguments=tuple(arguments))
        rows: list[tuple[str, Node]] = []
        for repeated in loop.steps:
            names = [self.named(repeated.arguments[place].value)[0] for place in loop.places]
            rows.append(
                ("", names[0] if len(names) == 1 else Group("(", [("", name) for name in names], ")"))
            )
        lines = self.connect(step.page) if step.page not in self.connected else []
        self.setting_up = False
        target, shown, after = self.assignment(step, False)
        call = self.call(step, False, before=f"{target} = " if target else "", indent=8)
        lines += self.take_prelude()
        self.shown[loop.steps[-1].id] = shown
        longest = next((s for s in loop.steps if any(is_long(o.value) for o in outputs_of(s))), step)
        told = [line.replace("\n", "\n    ") for line in self.told(longest, shown, self.label(step))]
        heading = write(Group("[", rows, "]"), indent=4, before=f"for {', '.join(each)} in ", after=":")
        return [*lines, heading, *(f"    {line}" for line in (call, *after, *told))]

    def step(self, step: Step) -> list[str]:
        """The lines of one step, not indented; a line may hold more, indented for where it stands."""
        lines: list[str] = []
        if step.page not in self.connected:
            lines.extend(self.connect(step.page))
        if step.setup and not self.setting_up:
            lines.append("# Set-up: later calls need its response.")
        self.setting_up = step.setup
        raw = self.is_raw(step)
        # A stream is closed after its last frame, however it ended.
        if step.expect in ("cancelled", "unfinished") and step.endpoint.connection != "stream":
            return lines + self.interrupted(step, raw)
        label = self.label(step)
        nested = step.expect == "failed"
        target, names, after = ("", [], []) if nested else self.assignment(step, raw)
        call = self.call(step, raw, before=f"{target} = " if target else "", indent=8 if nested else 4)
        lines.extend(self.take_prelude())
        if not nested:
            self.shown[step.id] = names
            return [*lines, call, *after, *([] if step.setup else self.told(step, names, label))]
        self.needs |= {"httpx"} if raw else set()
        return [*lines, *self.failing(step, raw, label, [call, *after])]

    def is_raw(self, step: Step) -> bool:
        """Whether the call goes over the app's own protocol."""
        return by_protocol(step, self.linked, self.recorded) or step.id in self.records

    def failing(self, step: Step, raw: bool, label: str, call: list[str]) -> list[str]:
        """The lines of a call that is expected to fail; ``call`` is indented for one level."""
        caught = "(ValueError, httpx.HTTPError)" if raw else "ValueError"
        return [
            "try:",
            *(f"    {line}" for line in call),
            f"except {caught} as error:",
            f"    print({self.said(label, 'failed, as recorded:')}, error)",
            "else:",
            f"    print({self.said(label, 'did not fail this time')})",
        ]

    def connect(self, page: str) -> list[str]:
        name = self.clients[page]
        self.connected.add(page)
        items: list[tuple[str, Node]] = [("", self.url), ("verbose=", "False")]
        if self.workflow.app.auth:
            login = [("", f'os.environ["RECORDER_{word}"]') for word in ("USERNAME", "PASSWORD")]
            items.append(("auth=", Group("(", login, ")")))
        # Of a 4.x app, which does not say where its API is, the client takes it to be at the root of the server.
        mounted = not self.workflow.app.api_prefix and urlsplit(self.workflow.app.url).path.strip("/")
        self.needs |= {"mounted", "Any"} if mounted else set()
        kind = "MountedClient" if mounted else "Client"
        line = write(self.called(kind, items), indent=4, before=f"{name} = {self.waiting}")
        if name == "client":
            return [line, ""]
        return ["# Another tab, or the page loaded again: a session of its own.", line, ""]

    def label(self, step: Step) -> str:
        return identifier(step.name, "step")

    def said(self, label: str, words: str) -> str:
        return python_text(f"{label}: {words}")

    def assignment(self, step: Step, raw: bool) -> tuple[str, list[str], list[str]]:
        """What the call is assigned to, the names to print, and lines that follow."""
        outputs = outputs_of(step)
        visible = [n for n, output in enumerate(outputs) if raw or not is_hidden(step, n, output)]
        wanted = [n for n in visible if (step.id, n) in self.linked or is_shown(step, n, outputs[n])]
        if step.setup:
            wanted = [n for n in visible if (step.id, n) in self.linked]
        if not wanted:
            return "", [], []
        names: dict[int, str] = {}
        if len(visible) > MOST_UNPACKED:
            whole = self.name(step.name, "results")
            names = {n: f"{whole}[{place}]" for place, n in enumerate(visible)}
            target, shown = whole, [whole]
        else:
            for n in wanted:
                names[n] = self.output_name(step, outputs[n], alone=len(wanted) == 1)
            listed = [names.get(n, "_") for n in visible]
            target = ", ".join(listed) if len(listed) > 1 else f"({listed[0]},)" if raw else listed[0]
            shown = [names[n] for n in wanted if is_shown(step, n, outputs[n])]
        after = []
        for n in wanted:
            self.results[step.id, n] = names[n]
            if outputs[n].properties is not None:
                self.needs |= {"value_of", "Any"}
                if names[n].isidentifier():
                    after.append(f"{names[n]} = value_of({names[n]})")
                else:
                    self.results[step.id, n] = f"value_of({names[n]})"
        return target, shown, after

    def output_name(self, step: Step, output: Output, alone: bool) -> str:
        name = identifier(output.name or output.label, "")
        if not name or (alone and _GENERIC.match(name)):
            return self.name(step.name, "result")
        return self.name(name, "result")

    def told(self, step: Step, names: list[str], label: str) -> list[str]:
        """What follows a call that went well."""
        if not names:
            return [f"print({self.said(label, 'done')})"]
        outputs = outputs_of(step)
        if any(is_long(output.value) for output in outputs):
            self.needs.add("shortened")
            names = [f"shortened({name})" for name in names]
        values: list[tuple[str, Node]] = [("", name) for name in names]
        return [write(Group("print(", [("", python_text(f"{label}:")), *values], ")"), indent=4)]

    def interrupted(self, step: Step, raw: bool) -> list[str]:
        """A call that was cancelled, or that was not over when the recording was."""
        taken = step.yields if step.cancel_after is None else step.cancel_after
        self.needs |= {"cancel", "Any"}
        name = self.name(f"{identifier(step.name, 'step')[:33]}_values", "values")
        if raw:
            self.needs.add("call_and_cancel")
            lines = [
                self.call(step, True, before=f"{name} = ", indent=4, verb="call_and_cancel", after=taken)
            ]
        else:
            self.needs |= {"start_and_cancel", "time"}
            job = self.name("job", "job")
            lines = [
                self.call(step, False, before=f"{job} = ", indent=4, verb="submit"),
                write(
                    self.called(
                        "start_and_cancel",
                        [("", self.clients[step.page]), ("", job), ("after=", str(taken))],
                    ),
                    indent=4,
                    before=f"{name} = {self.waiting}",
                ),
            ]
        lines = [*self.take_prelude(), *lines]
        outputs = outputs_of(step)
        visible = [n for n, output in enumerate(outputs) if raw or not is_hidden(step, n, output)]
        for place, n in enumerate(visible):
            alone = len(visible) == 1 and not raw
            self.results[step.id, n] = f"{name}[-1]" if alone else f"{name}[-1][{place}]"
        return lines if step.setup else [*lines, *self.stopped(step, name)]

    def stopped(self, step: Step, values: str) -> list[str]:
        """What follows a call that did not go to its end."""
        words = "cancelled" if step.expect == "cancelled" else "left unfinished"
        said = self.said(self.label(step), f"{words}, as recorded, after")
        return [write(Group("print(", [("", said), ("", f"len({values})"), ("", '"values"')], ")"), indent=4)]

    def call(
        self, step: Step, raw: bool, *, before: str, indent: int, verb: str = "", after: int | None = None
    ) -> str:
        client = self.clients[step.page]
        if step.endpoint.server_fn:
            items = [("", client), *self.server_arguments(step)]
            return write(self.called("ask", items), indent=indent, before=before + self.waiting)
        if raw:
            items = [("", client), *self.protocol_arguments(step)]
            if step.endpoint.connection == "stream" or step.frames:
                verb = "stream" if step.endpoint.connection == "stream" else "call_each"
                self.needs |= {"stream"} if verb == "stream" else {"call_each", "call_once"}
                items += [("cut_short=", "True")] if step.cut_short else []
            elif not verb:
                self.needs.add("call_once")
            if after is not None:
                items.append(("after=", str(after)))
            elif not verb and step.id in self.records and _gives_files(step):
                self.needs.add("as_it_is")
                items.append(("as_it_is=", "True"))
            return write(self.called(verb or "call", items), indent=indent, before=before + self.waiting)
        items = [*self.client_arguments(step), ("api_name=", python_text(f"/{step.endpoint.api_name}"))]
        if verb == "submit":
            return write(Group(f"{client}.submit(", items, ")"), indent=indent, before=before)
        return write(self.called(f"{client}.predict", items), indent=indent, before=before + self.waiting)

    def called(self, function: str, items: list[tuple[str, Node]]) -> Group:
        """A call that takes its time, of a function that has no other than a blocking variant."""
        if self.options.style != "async":
            return Group(f"{function}(", items, ")")
        self.needs.add("asyncio")
        return Group("asyncio.to_thread(", [("", function), *items], ")")

    @property
    def waiting(self) -> str:
        return "await " if self.options.style == "async" else ""

    def client_arguments(self, step: Step) -> list[tuple[str, Node]]:
        sent = [(n, a) for n, a in enumerate(step.arguments) if not is_state(step, n, a)]
        if not _by_name(step, sent):
            return [("", self.argument(a, raw=False)) for _, a in sent]
        items: list[tuple[str, Node]] = []
        odd: list[tuple[str, Node]] = []
        for n, argument in sent:
            if argument.default and may_be_left_out(step, n):
                continue
            node = self.argument(argument, raw=False)
            if _KEYWORD.match(argument.name) and not keyword.iskeyword(argument.name):
                items.append((f"{argument.name}=", node))
            else:
                odd.append((f"{python_text(argument.name)}: ", node))
        return [*items, ("**", Group("{", odd, "}"))] if odd else items

    def protocol_arguments(self, step: Step) -> list[tuple[str, Node]]:
        self.needs |= {"call", "httpx", "json", "Any"}
        data: list[tuple[str, Node]] = []
        for n, argument in enumerate(step.arguments):
            data.append(("", "None" if is_state(step, n, argument) else self.argument(argument, raw=True)))
            if _may_hold_files(argument.value, self):
                self.needs |= {"upload", "Path"}
        if _may_hold_files(step.event_data, self):
            self.needs |= {"upload", "Path"}
        sent: Node = Group("[", data, "]")
        if step.endpoint.connection == "stream" or step.frames:
            frames = [sent, *(self.frame(frame) for frame in step.frames)]
            sent = Group("[", [("", frame) for frame in frames], "]")
        if _gives_files(step):
            self.needs |= {"download", "Path", "tempfile"}
        items: list[tuple[str, Node]] = [("", str(int(step.endpoint.fn_index or 0))), ("", sent)]
        if step.trigger_id is not None:
            items.append(("trigger_id=", str(int(step.trigger_id))))
        if step.event_data is not None:
            items.append(("event_data=", self.expression(step.event_data, raw=True)))
        return items

    def server_arguments(self, step: Step) -> list[tuple[str, Node]]:
        self.needs |= {"ask", "httpx", "json", "Any"}
        parameters = step.endpoint.parameters
        given = step.arguments[0].value if step.arguments else None
        items: list[tuple[str, Node]] = [
            ("", str(int((parameters[0].component_id if parameters else None) or 0))),
            ("", python_text(step.endpoint.server_fn)),
        ]
        if step.endpoint.connection != "form" or not isinstance(given, dict):
            if _may_hold_files(given, self):
                self.needs |= {"upload", "Path", "upload_asked"}
            return [*items, ("", self.expression(given, raw=True))]
        self.needs |= {"Path", "ask_form"}
        fields: list[tuple[str, Node]] = []
        for name, field in given.items():
            value = self.file_source(field) if isinstance(field, File) else self.expression(field, raw=True)
            fields.append((f"{python_text(str(name))}: ", value))
        return [*items, ("form=", Group("{", fields, "}"))]

    def frame(self, frame: tuple[Any, ...]) -> Node:
        if any(_may_hold_files(value, self) for value in frame):
            self.needs |= {"upload", "Path"}
        return Group("[", [("", self.expression(value, raw=True)) for value in frame], "]")

    def argument(self, argument: Argument, raw: bool) -> Node:
        node = self.expression(argument.value, raw)
        if width(node) > LONG_ARGUMENT and is_plain(argument.value):
            return self.constant(identifier(argument.name or argument.label, "value"), node)
        return node

    # The end.

    def returned(self) -> str:
        """What the function returns: the last result that a person asked for."""
        asked = [step for step in self.workflow.steps if not step.setup]
        names = self.shown.get(asked[-1].id, []) if asked else []
        if names:
            self.needs.add("Any")
        return ", ".join(names)


def files_folder(options: Options, folder: str) -> str:
    """The folder of the files: that of the options, where it is not absolute from the script's own, and their common
    one."""
    parts = [part for part in (options.files, folder) if part not in ("", ".")]
    if PurePath(options.files).is_absolute():
        return f"Path({python_text('/'.join(parts))})"
    return "Path(__file__).resolve().parent" + "".join(f" / {python_text(part)}" for part in parts)


def secret(ref: SecretRef) -> Node:
    """A text with secrets in it, which come from the environment."""
    words = [
        f"os.environ[{python_text(piece)}]" if number % 2 else python_text(piece)
        for number, piece in enumerate(ref.pieces)
        if piece or number % 2
    ]
    return " + ".join(words) if words else '""'


def by_protocol(
    step: Step, linked: set[tuple[str, int]] | None = None, variables: Mapping[str, Any] | None = None
) -> bool:
    """Whether the public Python client cannot make this call, or cannot carry its values.

    ``linked`` are the outputs, by step and place, that later steps use; ``variables`` what each variable was.
    """
    if beyond_clients(step, linked or set()):
        return True
    if any(_client_refuses(argument.value, variables) for argument in step.arguments):
        return True
    outputs = outputs_of(step)
    return any(_client_trips(output.value) for output in outputs) or any(map(_client_trips, step.stream))


def _client_refuses(value: Any, variables: Mapping[str, Any] | None) -> bool:
    """Values that the client does not send: its JSON is strict, and what has ``path`` and ``meta`` is a file to it."""
    for item in walk(value, variables):
        if isinstance(item, str):
            if not item.isascii() and _SURROGATES.search(item):
                return True
        elif isinstance(item, float):
            if item != item or item in (float("inf"), float("-inf")):
                return True
        elif isinstance(item, dict) and isinstance(item.get("path"), str) and "meta" in item:
            return True
    return False


def _client_trips(value: Any) -> bool:
    """Answers that the client does not survive: it downloads whatever has a ``path``, be it there for it or not, and
    older ones split lines."""
    for item in walk(value):
        if isinstance(item, File) and item.lost:
            return True
        if isinstance(item, str):
            if not item.isascii() and _LINE_ENDS.search(item):
                return True
        elif isinstance(item, dict) and isinstance(item.get("path"), str):
            return True
    return False


def _gives_files(step: Step) -> bool:
    return any(next(files_in(output.value), None) is not None for output in outputs_of(step))


def _may_hold_files(value: Any, script: Program) -> bool:
    named = (script.variables[item.name][1] for item in walk(value) if isinstance(item, VariableRef))
    if any("Path" in _annotation(variable.python_type)[0] for variable in named):
        return True
    return brings_files(value, script.recorded, script.steps)


def _by_name(step: Step, sent: list[tuple[int, Argument]]) -> bool:
    """Whether the client takes these arguments by name: an endpoint that is not listed has no names, a control that
    the client leaves out can only be counted, and some names are the client's own."""
    if step.endpoint.visibility == "hidden":
        return False
    names = [argument.name for _, argument in sent]
    if any(not name or name in _CLIENTS_OWN for name in names) or len(set(names)) < len(names):
        return False
    parameters = step.endpoint.parameters
    return not any(a.skipped or (n < len(parameters) and parameters[n].skipped) for n, a in sent)


def _pairs(extra: dict[str, Any]) -> list[tuple[str, Node]]:
    return [(f"{python_text(key)}: ", python(value)) for key, value in extra.items()]


def _or_none(annotation: str) -> str:
    return annotation if annotation == "Any" or annotation.endswith("None") else f"{annotation} | None"


_SCALARS = {"str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "set"}
_TYPING = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set"}


@lru_cache(maxsize=512)
def _annotation(text: str) -> tuple[str, frozenset[str]]:
    """A Gradio type as an annotation, and what has to be imported for it; ``Any`` where it is none that we know."""
    try:
        tree = ast.parse(text, mode="eval").body if len(text) <= 400 else None
        annotation = _type(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        annotation = "Any"
    names = {name for name in ("Any", "Literal", "Path") if re.search(rf"\b{name}\b", annotation)}
    return annotation, frozenset(names)


def _type(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    if isinstance(node, ast.Name):
        if node.id in _SCALARS:
            return node.id
        if node.id == "Path":
            return "Path"
        return "str | Path" if node.id == "filepath" else _TYPING.get(node.id, "Any")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(_type(node.left), _type(node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        outer = node.value.id
        if outer == "Literal":
            return _choice(inside)
        if outer == "Optional" and len(inside) == 1:
            return _union(_type(inside[0]), "None")
        if outer == "Union":
            return _union(*map(_type, inside))
        outer = _TYPING.get(outer, outer)
        if len(inside) <= {"list": 1, "set": 1, "dict": 2, "tuple": 9}.get(outer, 0):
            return f"{outer}[{', '.join(map(_type, inside))}]"
    return "Any"


def _choice(choices: list[ast.expr]) -> str:
    """A ``Literal`` where it is short, else the type that its choices have."""
    values = [choice.value for choice in choices if isinstance(choice, ast.Constant)]
    if len(values) != len(choices) or not all(isinstance(v, str | bool | int) for v in values):
        return "Any"
    kinds = {type(value).__name__ for value in values}
    written = f"Literal[{', '.join(write(python(value)) for value in values)}]"
    return written if len(written) <= 60 else kinds.pop() if len(kinds) == 1 else "Any"


def _union(*types: str) -> str:
    if "Any" in types:
        return "Any"
    parts = list(dict.fromkeys(part for text in types for part in text.split(" | ")))
    return " | ".join([part for part in parts if part != "None"] + ["None"] * ("None" in parts))

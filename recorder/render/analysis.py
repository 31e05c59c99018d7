"""What targets ask of a workflow before they write it: who can make a call, what of it is shown, where files are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import msgspec

from recorder.errors import FileError, RecorderError, UsageError
from recorder.placeholders import is_readable
from recorder.request import value_at
from recorder.session import App, File, Place, files_in
from recorder.workflow import (
    Argument,
    Expression,
    Link,
    Output,
    SecretRef,
    Step,
    VariableRef,
    Workflow,
    identifier,
)

LONG_RESULT = 1_000
"""Characters from which a recorded result is printed shortened."""

LONGEST_THOUGHT = 60.0
"""Seconds that a user thinks at most, however long the person was away."""

SHORTEST_LOOP = 4
"""Calls from which a loop reads better than the calls one after the other."""


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that follow each other and differ in nothing but the variables at some ``places`` of their arguments."""

    steps: tuple[Step, ...]
    places: tuple[int, ...]


def passages(workflow: Workflow, repeatable: Callable[[Step], bool]) -> Iterator[Step | Loop]:
    """The steps in order, those as one that read better as a loop.

    Whatever needs words of its own stands alone: what failed, was cancelled, streams, or gives a later step something.

    Args:
        repeatable: whether the target makes this call with its arguments alone.
    """
    giving = {link.step for step in workflow.steps for link in links_of(step)}
    values = values_of(workflow)

    def alike(step: Step) -> str:
        plain = step.expect == "ok" and not (
            step.setup or step.endpoint.generator or step.stream or step.frames
        )
        if plain and step.id not in giving and step.event_data is None and repeatable(step):
            return _without_variables(step, values)
        return step.id

    for _, group in groupby(workflow.steps, alike):
        steps = tuple(group)
        names = zip(*map(_variables, steps), strict=True)
        places = tuple(n for n, varied in enumerate(names) if len(set(varied)) > 1)
        if len(steps) >= SHORTEST_LOOP and places:
            yield Loop(steps=steps, places=places)
        else:
            yield from steps


def _variables(step: Step) -> list[str]:
    """The name of the variable that each argument is; empty where it is none."""
    return [a.value.name if isinstance(a.value, VariableRef) else "" for a in step.arguments]


def _without_variables(step: Step, values: Mapping[str, Any]) -> str:
    """What a step is, for a variable only of what kind; as text, for True is equal to 1."""
    arguments = [
        msgspec.structs.replace(a, value=f"a variable: {_kind(values.get(a.value.name))}")
        if isinstance(a.value, VariableRef)
        else a
        for a in step.arguments
    ]
    outputs = [(o.name, o.skipped, o.properties is None) for o in outputs_of(step)]
    return repr((step.endpoint.id, step.page, arguments, outputs))


def _kind(value: Any) -> str:
    """What decides how a variable is handed on."""
    if isinstance(value, File) and value.path:
        return "a file"
    return "files" if is_file_list(value) else "none" if value is None else "a value"


def beyond_clients(step: Step, linked: set[tuple[str, int]]) -> bool:
    """Whether no public client can make this call, or hands on what is needed of it.

    ``linked`` are the outputs, by step and place, that later steps use.
    """
    if step.via == "raw" or not step.endpoint.api_name or step.endpoint.visibility == "private":
        return True
    return any(
        (step.id, n) in linked and is_hidden(step, n, output) for n, output in enumerate(outputs_of(step))
    )


def refuse_devices(workflow: Workflow, who: str, remedy: str) -> None:
    """Not everywhere can be sent again what a device sent.

    Raises:
        UsageError: the workflow has such a step; the sentence names it and how to leave it out.
    """
    for step in workflow.steps:
        sent = [*(argument.value for argument in step.arguments), step.frames]
        inline = any(file.inline for file in files_in(sent))
        if step.frames or inline or step.endpoint.connection == "stream":
            raise UsageError(
                f"{who} cannot repeat {step.id} ({step.endpoint.name}), the stream of a device",
                f"Leave it out with --skip {step.id}, or {remedy}",
            )


def values_of(workflow: Workflow) -> dict[str, Any]:
    """What each variable was when it was recorded."""
    return {variable.name: variable.value for variable in workflow.variables}


def brings_files(value: Any, variables: Mapping[str, Any], steps: Mapping[str, Step]) -> bool:
    """Whether the app's files come with a value, be it through a variable or a link.

    ``variables`` are what each variable was, ``steps`` all steps by id.
    """
    for item in walk(value, variables):
        if isinstance(item, File) and not item.inline:
            return True
        if isinstance(item, Link) and item.step in steps:
            for output in outputs_of(steps[item.step])[item.output : item.output + 1]:
                if next(files_in(value_at(output.value, item.path)), None) is not None:
                    return True
    return False


def passing_records(workflow: Workflow) -> frozenset[str]:
    """The steps between which a chat's history goes with the app's own records of the files in it.

    The functions of a chat see these records; a client makes others of the files that it was given.
    """
    steps = {step.id: step for step in workflow.steps}
    variables = values_of(workflow)
    users: dict[str, set[str]] = {}
    takers: set[str] = set()
    for step in workflow.steps:
        for link in links_of(step):
            users.setdefault(link.step, set()).add(step.id)
        history = [argument.value for argument in step.arguments if argument.component == "chatbot"]
        if brings_files(history, variables, steps):
            takers.add(step.id)
    givers = {
        id for id, using in users.items() if id in steps and steps[id].expect == "ok" and using <= takers
    }
    return frozenset(takers | givers)


def may_be_left_out(step: Step, place: int) -> bool:
    """Whether the app has a value of its own for this argument."""
    parameters = step.endpoint.parameters
    return place >= len(parameters) or parameters[place].has_default


def nested(fields: Iterable[tuple[Place, Expression]]) -> Expression:
    """The conditions of a selector as an object like the item that it selects; positions in lists are names too.

    Raises:
        RecorderError: two conditions contradict each other.
    """
    found: dict[str, Any] = {}
    for path, expression in fields:
        *way, last = ("", *map(str, path))
        inside: Any = found
        for part in way:
            inside = inside.setdefault(part, {}) if isinstance(inside, dict) else None
        if not isinstance(inside, dict) or last in inside:
            raise RecorderError(f"No item can be selected by two values at {'.'.join(map(str, path))!r}")
        inside[last] = expression
    return found.get("", {})


def no_variable(ref: VariableRef) -> RecorderError:
    """What is wrong where a step names a variable that the workflow has not."""
    return RecorderError(f"The workflow has no variable {ref.name!r}")


def no_output(link: Link) -> RecorderError:
    """What is wrong where a link leads nowhere."""
    return RecorderError(
        f"A step needs output {link.output} of {link.step!r}, which no step before it has",
        "Keep that call, or take the step out that needs it",
    )


def linked_outputs(workflow: Workflow) -> set[tuple[str, int]]:
    """The outputs, by step and place, that other steps use."""
    return {(link.step, link.output) for step in workflow.steps for link in links_of(step)}


def walk(value: Any, variables: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Every value and key inside ``value``, itself included; a variable is what ``variables`` say it is."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, VariableRef):
            waiting.append((variables or {}).get(item.name))
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def links_of(step: Step) -> Iterator[Link]:
    """Every link in what a step sends."""
    for value in (*(argument.value for argument in step.arguments), step.event_data):
        for item in walk(value):
            if isinstance(item, Link):
                yield item


def is_plain(value: Any) -> bool:
    """Whether the value is JSON throughout, without a leaf of a workflow."""
    return not any(isinstance(item, File | Link | VariableRef | SecretRef) for item in walk(value))


def is_file_list(value: Any) -> bool:
    """Whether the value is a list of kept files and of nothing else."""
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(v, File) and v.path for v in value)
    )


def common_folder(workflow: Workflow) -> str:
    """The folder that all kept files share, so that the script names it once."""
    values = [variable.value for variable in workflow.variables]
    for step in workflow.steps:
        values.extend(argument.value for argument in step.arguments)
        values.append(step.event_data)
        values.extend(step.frames)
    paths = [PurePosixPath(file.path) for value in values for file in files_in(value) if file.path]
    firsts = {path.parts[0] for path in paths if len(path.parts) > 1}
    return firsts.pop() if len(firsts) == 1 and all(len(path.parts) > 1 for path in paths) else ""


def inside_path(file: File, folder: str = "") -> str:
    """Where the bytes of a file lie, relative to ``folder`` of the session's own folder.

    Raises:
        FileError: that is outside of it.
    """
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(file.path).drive or "\\" in file.path:
        raise FileError(
            f"The session names the file {file.path!r}, which is outside its folder",
            "Put the file beside the session and correct its path",
        )
    return str(path.relative_to(folder) if folder and path.is_relative_to(folder) else path)


def file_url(app: App, file: File) -> tuple[bool, str]:
    """Where a file whose bytes were not kept can be had: whether that is the app, and the address (relative to the
    app's own if it is); empty where nobody has it."""
    root = app.url.rstrip("/")
    if root and file.url.startswith(root + "/"):
        return True, file.url[len(root) :]
    return False, file.url if file.url.startswith(("http://", "https://")) else ""


def missing_file(file: File) -> File:
    """A file whose bytes were not kept, as one in a folder that nobody else writes: a script then says which it misses
    and where it looked. Beside the session, its name could be that of a file of the person's, which would be sent."""
    name = re.sub(r"[^\w.() -]+", "_", re.split(r"[/\\]", file.name)[-1]).strip(" .")[:100]
    return msgspec.structs.replace(file, path=f"not-kept/{name or 'file'}")


def shell_variable(name: str) -> str:
    """The name of a secret, which a shell script has to write as it is.

    Raises:
        RecorderError: it is not one of the recorder's, or no name at all.
    """
    if not is_readable(name):
        raise RecorderError(
            f"The secret {name[:80]!r} would be read from a variable that is not the recorder's",
            "Do not use a session that you do not trust",
        )
    return name


def form_part(name: str) -> str:
    """The name of a field as curl's ``-F`` takes it.

    Raises:
        RecorderError: curl would read it as something else, such as a file to send.
    """
    if re.search(r"[=\x00-\x1f\x7f]", name):
        raise RecorderError(
            f"curl cannot send a form field named {name[:80]!r}", "Choose another target for this recording"
        )
    return name


_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+*-]+(?:; ?(?!filename|headers|encoder|type)[\w-]+=[\w.-]+)*")


def media_type(file: File) -> str:
    """The media type of a file as a script says it; of one that is none, or that says more, the general one."""
    return file.type if file.type and _MEDIA_TYPE.fullmatch(file.type) else "application/octet-stream"


def query_of(app: App) -> str:
    """The page's query string as it goes behind an address, with its ``?``; empty where there is none."""
    query = quote(app.query.lstrip("?"), safe="%&=+/:;,?@!$'()*~-._", errors="replace")
    return f"?{query}" if query else ""


def outputs_of(step: Step) -> tuple[Output, ...]:
    """The outputs of a step; for one that recorded none, what its endpoint declares."""
    if step.outputs or step.expect == "ok":
        return step.outputs
    return tuple(
        Output(name=identifier(p.name or p.label, ""), label=p.label, component=p.component, state=p.state)
        for p in step.endpoint.returns
    )


def is_hidden(step: Step, place: int, output: Output) -> bool:
    """Whether the public client leaves this output out of what it returns."""
    returns = step.endpoint.returns
    declared = returns[place] if place < len(returns) else None
    return output.state or (declared is not None and (declared.state or declared.skipped))


def is_shown(step: Step, place: int, output: Output) -> bool:
    """Whether a person wants to see this output."""
    returns = step.endpoint.returns
    return not (output.state or output.skipped or (place < len(returns) and returns[place].state))


def is_state(step: Step, place: int, argument: Argument) -> bool:
    """Whether this argument lives on the server and is never sent."""
    parameters = step.endpoint.parameters
    return argument.state or (place < len(parameters) and parameters[place].state)


def is_long(value: Any) -> bool:
    """Whether the value takes more than :data:`LONG_RESULT` characters, without writing it out."""
    left = LONG_RESULT
    for item in walk(value):
        left -= len(item) if isinstance(item, str) else 4
        if left < 0:
            return True
    return False


def thought(step: Step, before: Step | None) -> float:
    """Seconds between the end of the step before and the start of this one."""
    if before is None or not step.started or not before.started:
        return 0.0
    gap = (step.started - before.started - before.duration) / 1000
    return min(max(gap, 0.0), LONGEST_THOUGHT)


def known_columns(workflow: Workflow, rows: tuple[dict[str, Any], ...]) -> list[str]:
    """The names of the variables, which those of the columns of all rows are among.

    Raises:
        UsageError: a column is no variable.
    """
    names = [variable.name for variable in workflow.variables]
    for column in dict.fromkeys(column for row in rows for column in row):
        if column not in names:
            raise UsageError(
                f"There is no variable {column!r} in this session",
                f"The variables are {', '.join(names)}" if names else "It has none, so give no rows",
            )
    return names

"""What targets ask of a workflow before they write it: who can make a call, what of it is shown, where files are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import msgspec

from recorder.errors import FileError
from recorder.session import App, File, files_in
from recorder.workflow import Argument, Link, Output, SecretRef, Step, VariableRef, Workflow, identifier

LONG_RESULT = 1_000
"""Characters from which a recorded result is printed shortened."""

# Line ends to some, but not to JSON: clients before 2.0 cut the app's answers there.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def by_protocol(step: Step, linked: set[tuple[str, int]] | None = None) -> bool:
    """Whether the public client cannot make this call, or cannot carry its values.

    ``linked`` are the outputs, by step and place, that later steps use.
    """
    if step.via == "raw" or not step.endpoint.api_name or step.endpoint.visibility == "private":
        return True
    outputs = outputs_of(step)
    if any((step.id, n) in (linked or ()) and is_hidden(step, n, output) for n, output in enumerate(outputs)):
        return True
    if any(_client_refuses(argument.value) for argument in step.arguments):
        return True
    return any(_client_trips(output.value) for output in outputs) or any(map(_client_trips, step.stream))


def walk(value: Any) -> Iterator[Any]:
    """Every value and key inside ``value``, itself included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def _client_refuses(value: Any) -> bool:
    """Values that the client does not send: its JSON is strict, and what has ``path`` and ``meta`` is a file to it."""
    for item in walk(value):
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
    """Answers that the client does not survive: it downloads whatever has a ``path``, and older ones split lines."""
    for item in walk(value):
        if isinstance(item, str):
            if not item.isascii() and _LINE_ENDS.search(item):
                return True
        elif isinstance(item, dict) and isinstance(item.get("path"), str):
            return True
    return False


def links_of(step: Step) -> Iterator[Link]:
    for value in (*(argument.value for argument in step.arguments), step.event_data):
        for item in walk(value):
            if isinstance(item, Link):
                yield item


def is_plain(value: Any) -> bool:
    return not any(isinstance(item, File | Link | VariableRef | SecretRef) for item in walk(value))


def is_file_list(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(v, File) and v.path for v in value)
    )


def common_folder(workflow: Workflow) -> str:
    """The folder that all kept files share, so that the script names it once."""
    values = [variable.value for variable in workflow.variables]
    for step in workflow.steps:
        values.extend(argument.value for argument in step.arguments)
        values.append(step.event_data)
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
    """A file that nobody has, as one beside the session: a script then says which it misses and where it looked."""
    return msgspec.structs.replace(file, path=PurePosixPath(file.name).name or "file")


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


def value_at(value: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at ``path`` inside a recorded value, or None."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value

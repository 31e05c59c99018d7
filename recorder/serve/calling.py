"""Calling a tool: its values become a plan, the plan is run, and what its last step gives is the result."""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, unquote_to_bytes

import aiohttp
import msgspec

from recorder.address import parts_of
from recorder.errors import AppError, RecorderError, UsageError
from recorder.replay.plan import LocalFile, plan_with
from recorder.replay.report import OutputReport, StepReport
from recorder.replay.run import Settings, run_plans
from recorder.serve.functions import Function
from recorder.serve.tools import Tool, takes_file, takes_files
from recorder.session import File
from recorder.workflow import Expression, Variable

MOST = 256 * 1024 * 1024
"""Bytes of a file that is fetched to be sent."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call. ``outputs`` are those of the last step; ``error`` is what went wrong, in a sentence,
    and ``why`` of what kind that is: the app says no, or the time was over."""

    outputs: tuple[OutputReport, ...] = ()
    error: str = ""
    why: Literal["", "app", "time"] = ""


async def call(
    tool: Tool,
    given: Mapping[str, Any],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    url: str | None = None,
    timeout: float = 600.0,
    local: bool = True,
    on_progress: Callable[[StepReport], None] | None = None,
) -> Outcome:
    """Do what a tool does; whoever cancels it ends it.

    Args:
        given: values by the names of variables, as JSON has them; a file is a path, an address or a ``data:`` URL.
        folder: where files are put, those that are sent and those that come, the latter by their SHA-256.
        url: the app to use in place of the tool's own.
        timeout: seconds for all of it.
        local: whether who calls may name files of this machine, and addresses that it can reach.

    Raises:
        UsageError: a name that the tool does not know, one that is missing, or a file that is not there.
    """
    known = {variable.name: variable for variable in tool.workflow.variables}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise UsageError(f"{tool.name} takes no {name!r}", f"It takes {names}")
    missing = [name for name, variable in known.items() if variable.required and name not in given]
    if missing:
        raise UsageError(f"{tool.name} needs {', '.join(missing)}")
    values = {name: await _value(known[name], value, folder, local) for name, value in given.items()}
    if tool.function is not None:
        return await _own(tool.function, values, folder, timeout)
    environment = os.environ if environment is None else environment
    ready = plan_with(tool.chosen(set(given)), values, environment)
    settings = Settings(take=True, passing=on_progress is not None, timeout=timeout, run_timeout=timeout)
    reports = await run_plans(
        [ready],
        files=tool.files,
        url=url,
        settings=settings,
        on_progress=on_progress,
        environment=environment,
        copies=folder,
    )
    report = reports.runs[0]
    if report.timed_out is not None:
        return Outcome(error=f"it took longer than {timeout:g} s", why="time")
    for step in report.steps:
        if not step.expected or step.status not in ("ok", "failed", "cancelled"):
            return Outcome(error=f"{step.endpoint}: {step.error or 'did not end as it should'}", why="app")
    last = tool.last
    made = {step.id: step for step in report.steps}
    return Outcome(outputs=made[last.id].outputs if last is not None else ())


async def _own(function: Function, values: Mapping[str, Any], folder: Path, timeout: float) -> Outcome:
    """Call a function of one's own; what it raises is what went wrong."""
    given = {n: v.path if isinstance(v, LocalFile) else _paths(v) for n, v in values.items()}
    try:
        made = await asyncio.wait_for(function.run(given, folder), timeout)
    except RecorderError:
        raise
    except asyncio.TimeoutError:
        return Outcome(error=f"it took longer than {timeout:g} s", why="time")
    except Exception as error:
        return Outcome(error=f"{type(error).__name__}: {error}", why="app")
    return Outcome(outputs=(OutputReport(name="result", label="result", value=made, compared=False),))


def _paths(value: Any) -> Any:
    return [i.path if isinstance(i, LocalFile) else i for i in value] if isinstance(value, list) else value


async def _value(variable: Variable, value: Any, folder: Path, local: bool) -> Expression:
    if takes_file(variable) and isinstance(value, str):
        return await _file(value, folder, local)
    if takes_files(variable) and isinstance(value, list):
        return [await _file(item, folder, local) if isinstance(item, str) else item for item in value]
    return value


async def _file(text: str, folder: Path, local: bool) -> LocalFile:
    """A file of this machine with what a text names or holds."""
    if text.startswith("data:"):
        head, comma, data = text[5:].partition(",")
        try:
            content = (
                base64.b64decode(data, validate=True) if head.endswith(";base64") else unquote_to_bytes(data)
            )
        except binascii.Error:
            comma = ""
        if not comma:
            raise UsageError("A data: URL does not hold what it says", "Give data:TYPE;base64,CONTENT")
        suffix = _suffix(head.partition(";")[0].strip().lower())
        return LocalFile(str(_put(folder, f"file{suffix}", content)))
    if not local:
        raise UsageError(
            "Files are taken from other machines as data: URLs only", "Give data:TYPE;base64,CONTENT"
        )
    if text.startswith(("http://", "https://")):
        name = unquote(parts_of(text).path.rpartition("/")[2]) or "file"
        try:
            async with aiohttp.ClientSession(trust_env=True) as http, http.get(text) as response:
                if response.status != 200:
                    raise AppError(f"{text} answered {response.status}")
                content = await response.content.read(MOST)
                while len(content) < MOST and (more := await response.content.read(MOST - len(content))):
                    content += more
        except (aiohttp.ClientError, OSError) as error:
            raise AppError(f"{text} cannot be read: {error}") from None
        return LocalFile(str(_put(folder, name, content)))
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"There is no file {text}", "Give a path on this machine, an address or a data: URL")
    return LocalFile(str(path))


def _suffix(kind: str) -> str:
    """The end of a name by which an app knows a type of content; there are many that Python has none for."""
    sort, _, named = kind.partition("/")
    plain = named.partition("+")[0].removeprefix("x-")
    is_telling = sort in ("image", "audio", "video") and plain.isalnum()
    return mimetypes.guess_extension(kind) or (f".{plain}" if is_telling else "")


def media_type(file: File) -> str:
    """What kind of content a file has: as the app says, else by its name."""
    return file.type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _put(folder: Path, name: str, content: bytes) -> Path:
    inside = folder / f"sent-{len(list(folder.iterdir()))}"
    inside.mkdir()
    path = inside / (Path(name).name or "file")
    path.write_bytes(content)
    return path

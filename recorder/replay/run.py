"""Doing a workflow again, step by step, and saying what came out different."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from recorder.adapters.gradio.describe import Description
from recorder.adapters.gradio.wire import FILE_DATA, inline, is_file_data, update_value
from recorder.errors import AppError, FileError, RecorderError
from recorder.replay.compare import Live, Places, compare_output
from recorder.replay.plan import LocalFile, Missing, Plan, Target, locate, plan
from recorder.replay.report import OutputReport, Report, StepReport
from recorder.replay.transport import Answer, App, FormFile, Page, unquoted
from recorder.session import File, files_in, map_files
from recorder.workflow import Expression, Link, SecretRef, Step, VariableRef, Workflow


async def replay(
    workflow: Workflow,
    *,
    files: Path,
    url: str | None = None,
    values: Mapping[str, str] | None = None,
    on_progress: Callable[[StepReport], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
    timeout: float = 120.0,
    patience: float = 10.0,
    environment: Mapping[str, str] | None = None,
) -> Report:
    """Make every step again, in order, and compare what comes out.

    What a step does or does not do is in the report; Ctrl-C ends the replay with a report of what was done until then.

    Args:
        files: the folder of the session file, to which the paths of recorded files are relative.
        url: the app; as recorded if None.
        values: what the person wrote after ``--set``, by variable name.
        on_progress: told of each step as it starts, at each value that it yields, and when it is over.
        on_wait: told once, in a sentence, when the app is not up yet.
        timeout: seconds that one call may take.
        patience: seconds to wait for an app that is still starting.
        environment: where secrets and the login are; ``os.environ`` if None.

    Raises:
        UsageError: a value that does not fit a variable, or a secret that is not set.
        AppError: the app cannot be reached, is no Gradio app, or refuses the login.
        FileError: a recorded file is gone.
    """
    environment = os.environ if environment is None else environment
    ready = plan(workflow, values or {}, environment)
    _check_files(ready, files)
    address, query = _address(url, workflow)
    app = await App.connect(address, query=query, environment=environment, patience=patience, on_wait=on_wait)
    async with app:
        return await _Run(ready, files, app, on_progress, timeout).run()


def _address(url: str | None, workflow: Workflow) -> tuple[str, str]:
    """Where the app is, and the query string of its page; a query in ``url`` takes the place of the recorded one."""
    address, _, query = (url or workflow.app.url).partition("?")
    return address.partition("#")[0].rstrip("/"), query.partition("#")[0] or workflow.app.query


def _check_files(ready: Plan, files: Path) -> None:
    """Before anything is sent, every file that will be must be there."""
    values = [argument.value for step in ready.workflow.steps for argument in step.arguments]
    frames = [step.frames for step in ready.workflow.steps]
    for file in files_in([*values, *frames, *ready.values.values()]):
        if file.path:
            kept_file(files, file)


def kept_file(folder: Path, file: File) -> Path:
    """Where the bytes of a recorded file are.

    Raises:
        FileError: they are gone, or the session file points out of its own folder.
    """
    path = (folder / file.path).resolve()
    # A session file can come from anybody, and its replay sends what it names to the app.
    if not path.is_relative_to(folder.resolve()):
        raise FileError(
            f"The session names the file {file.path!r}, which is outside of its own folder",
            "Do not replay a session that you do not trust",
        )
    if not path.is_file():
        raise FileError(
            f"The recorded file {file.name!r} is gone: there is no {path}",
            "Keep the .files folder beside the session file",
        )
    return path


class _NotRun(Exception):
    """What a step needs is not there; the sentence is its text."""


class _PageState(msgspec.Struct):
    """One page of the replay: its session, and the app as that page sees it, with what was rendered into it."""

    page: Page
    description: Description
    rendered: dict[int, tuple[int, ...]] = {}


class _Run:
    def __init__(
        self,
        ready: Plan,
        files: Path,
        app: App,
        on_progress: Callable[[StepReport], None] | None,
        timeout: float,
    ) -> None:
        self._plan = ready
        self._files = files
        self._app = app
        self._on_progress = on_progress
        self._timeout = timeout
        self._pages: dict[str, _PageState] = {}
        self._uploads: dict[tuple[str, str], dict[str, Any]] = {}
        self._answers: dict[str, tuple[Answer, Target]] = {}
        self._places = Places(recorded=ready.workflow.app.url, live=app.root)
        self._placeholders = {
            ready.secrets[secret.name]: secret.placeholder
            for secret in ready.workflow.secrets
            if len(ready.secrets[secret.name]) > 3
        }

    async def run(self) -> Report:
        started = time.monotonic()
        steps = self._plan.workflow.steps
        reports = {step.id: _waiting(step) for step in steps}
        interrupted = False
        with _interruptible() as pressed:
            current: Step | None = None
            try:
                for current in steps:
                    reports[current.id] = await self._step(current, reports[current.id])
            except asyncio.CancelledError:
                if not pressed():
                    raise
                interrupted = True
                _uncancelled()
                if current is not None and not reports[current.id].over:
                    reports[current.id] = msgspec.structs.replace(reports[current.id], status="stopped")
        return Report(
            url=self._app.root,
            version=self._app.description.version,
            steps=tuple(reports.values()),
            interrupted=interrupted,
            seconds=round(time.monotonic() - started, 3),
        )

    async def _step(self, step: Step, report: StepReport) -> StepReport:
        replace = msgspec.structs.replace
        report = replace(report, status="running")
        self._tell(report)
        started = time.monotonic()

        def on_value(count: int) -> None:
            self._tell(replace(report, yields=count, seconds=round(time.monotonic() - started, 3)))

        notes: list[str] = []
        try:
            state = self._page(step)
            target = self._locate(step, state)
            if isinstance(target, Missing):
                report = replace(report, status="missing", expected=False, error=target.why)
            else:
                if target.note:
                    notes.append(target.note)
                if target.server_id is not None:
                    answer = await self._ask(step, state, target.server_id, notes)
                else:
                    answer = await self._call(step, state, target, notes, on_value)
                self._answers[step.id] = (answer, target)
                self._rendered(state, answer)
                report = await self._judged(step, target, answer, report, notes)
        except _NotRun as reason:
            report = replace(report, status="not_run", expected=False, error=str(reason))
        except RecorderError as error:
            report = replace(report, status="failed", expected=False, error=error.what)
        report = replace(report, seconds=round(time.monotonic() - started, 3), notes=tuple(notes))
        self._tell(report)
        return report

    def _tell(self, report: StepReport) -> None:
        if self._on_progress is not None:
            self._on_progress(report)

    # Where and what to send

    def _page(self, step: Step) -> _PageState:
        if step.page not in self._pages:
            self._pages[step.page] = _PageState(self._app.page(), self._app.description)
        return self._pages[step.page]

    def _locate(self, step: Step, state: _PageState) -> Target | Missing:
        of = step.endpoint.rendered_in
        rendered = state.rendered.get(of) if of is not None else None
        return locate(step, state.description, rendered)

    def _rendered(self, state: _PageState, answer: Answer) -> None:
        for config in answer.renders:
            state.description = state.description.extended(config)
            listed = config.get("dependencies")
            ids = tuple(
                entry["id"]
                for entry in (listed if isinstance(listed, list) else ())
                if isinstance(entry, dict) and isinstance(entry.get("id"), int)
            )
            number = config.get("render_id")
            if isinstance(number, int):
                state.rendered = {**state.rendered, number: ids}

    async def _call(
        self,
        step: Step,
        state: _PageState,
        target: Target,
        notes: list[str],
        on_value: Callable[[int], None],
    ) -> Answer:
        arguments = [
            None if argument.state else await self._value(argument.value, notes)
            for argument in step.arguments
        ]
        frames = [[await self._value(value, notes) for value in frame] for frame in step.frames]
        data, *frames = [
            [None if place is None or place >= len(given) else given[place] for place in target.inputs]
            for given in (arguments, *frames)
        ]
        event_data = await self._value(step.event_data, notes)
        try:
            return await asyncio.wait_for(
                state.page.call(
                    target.dependency,
                    data,
                    trigger_id=target.trigger_id,
                    event_data=event_data,
                    frames=frames,
                    cut_short=step.cut_short,
                    cancel_after=_cancel_after(step),
                    on_value=on_value,
                ),
                self._timeout * (1 + len(frames)),
            )
        except asyncio.TimeoutError:
            return Answer(status="failed", error=f"gave no answer within {self._timeout:g} s")

    async def _ask(self, step: Step, state: _PageState, server_id: int, notes: list[str]) -> Answer:
        given = step.arguments[0].value if step.arguments else None
        form = step.endpoint.connection == "form"
        data: Any
        if form and isinstance(given, dict):
            data = {
                name: self._form_file(field) if isinstance(field, File) else await self._value(field, notes)
                for name, field in given.items()
            }
        else:
            data = await self._value(given, notes)
        try:
            asking = state.page.ask(server_id, step.endpoint.server_fn, data, form)
            return await asyncio.wait_for(asking, self._timeout)
        except asyncio.TimeoutError:
            return Answer(status="failed", error=f"gave no answer within {self._timeout:g} s")

    def _form_file(self, file: File) -> FormFile:
        if not file.path:
            raise _NotRun(f"the bytes of the file {file.name!r} were not kept: {file.lost or 'unknown why'}")
        content = kept_file(self._files, file).read_bytes()
        return FormFile(name=file.name, type=file.type or "", content=content)

    async def _value(self, expression: Expression, notes: list[str]) -> Any:
        """What an expression comes to, in the app's own terms."""
        match expression:
            case Link():
                return self._linked(expression)
            case VariableRef():
                return await self._value(self._plan.values.get(expression.name), notes)
            case SecretRef():
                secrets = self._plan.secrets
                pieces = expression.pieces
                return "".join(secrets.get(p, "") if i % 2 else p for i, p in enumerate(pieces))
            case File():
                return await self._file(expression, notes)
            case LocalFile():
                path = Path(expression.path)
                return await self._upload(path, File(name=path.name))
            case dict():
                return {key: await self._value(item, notes) for key, item in expression.items()}
            case list() | tuple():
                return [await self._value(item, notes) for item in expression]
        return expression

    def _linked(self, link: Link) -> Any:
        if link.step not in self._answers:
            raise _NotRun(f"it needs what {link.step} gives, which was not made")
        answer, target = self._answers[link.step]
        position = target.outputs[link.output] if link.output < len(target.outputs) else None
        if answer.status != "ok" or answer.outputs is None:
            raise _NotRun(f"it needs what {link.step} gives, which {_ended(answer)}")
        if position is None or position >= len(answer.outputs):
            raise _NotRun(f"it needs output {link.output + 1} of {link.step}, which did not come")
        given, value, _ = update_value(answer.outputs[position])
        if not given:
            raise _NotRun(f"it needs output {link.output + 1} of {link.step}, which was left as it was")
        try:
            for part in link.path:
                value = value[part]
        except (TypeError, LookupError):
            raise _NotRun(f"output {link.output + 1} of {link.step} has no {link.path!r}") from None
        return value

    async def _file(self, file: File, notes: list[str]) -> Any:
        if file.path and file.inline:
            content = await asyncio.to_thread(kept_file(self._files, file).read_bytes)
            return f"data:{file.type};base64,{base64.b64encode(content).decode()}"
        if file.path:
            return await self._upload(kept_file(self._files, file), file)
        # Its bytes are not here: the app may still have it, or be able to fetch it.
        if not file.server_path or file.inline:
            raise _NotRun(f"the bytes of the file {file.name!r} were not kept: {file.lost or 'unknown why'}")
        notes.append(f"{file.name!r} is sent by the app's own name for it, for its bytes were not kept")
        data = {"path": file.server_path, "orig_name": file.name, "size": file.size, "mime_type": file.type}
        if file.server_path.startswith(("http://", "https://")):
            data["url"] = file.server_path
        return {**(file.extra or {}), **data, "meta": {"_type": FILE_DATA}}

    async def _upload(self, path: Path, file: File) -> dict[str, Any]:
        """The app's record of a file that it has been sent, which happens once for each content and name."""
        key = (file.sha256 or _sha256(path), file.name)
        if key not in self._uploads:
            server_path = await self._app.upload(path, file.name, file.type)
            self._uploads[key] = {
                "path": server_path,
                # As the page writes it, which escapes nothing.
                "url": f"{self._app.api}/file={server_path}",
                "orig_name": file.name,
                "size": path.stat().st_size,
                "mime_type": file.type or "",
                "meta": {"_type": FILE_DATA},
            }
        return {**(file.extra or {}), **self._uploads[key]}

    # What came

    async def _judged(
        self, step: Step, target: Target, answer: Answer, report: StepReport, notes: list[str]
    ) -> StepReport:
        expected, error = _as_expected(step, answer)
        names = self._plan.tainted.get(step.id, ())
        why = ""
        if names:
            why = f"not compared: {', '.join(names)} {'was' if len(names) == 1 else 'were'} set"
            expected = expected or (step.expect != "ok")
        elif step.expect == "unfinished":
            why = "not compared: the recording stopped before it was over"
        if expected and step.expect == "failed" and answer.status == "failed" and not names:
            was, now = unquoted(step.error), answer.error
            if was and now and was != now:
                notes.append(f"failed as it did when it was recorded, with other words: {self._plain(now)}")
        return msgspec.structs.replace(
            report,
            status=answer.status,
            expected=expected,
            error=self._plain(error) if error else None,
            yields=answer.values,
            not_compared=why,
            # What the page did of itself is there for its effect: nobody vouched for what it showed.
            outputs=await self._outputs(step, target, answer, expected and not why and not step.setup, notes),
        )

    async def _outputs(
        self, step: Step, target: Target, answer: Answer, compared: bool, notes: list[str]
    ) -> tuple[OutputReport, ...]:
        if answer.status != "ok" or answer.outputs is None:
            return ()
        reports = []
        for output, position in zip(step.outputs, target.outputs, strict=False):
            if output.state:
                continue
            raw = (
                answer.outputs[position] if position is not None and position < len(answer.outputs) else None
            )
            live = self._live(raw)
            if compared and any(file.sha256 for file in files_in([output.value, output.properties])):
                live = await self._with_content(live)
            unread = [
                file.name for side in (output, live) for file in files_in(side.value) if not file.sha256
            ]
            if compared and unread and not live.skipped:
                names = ", ".join(dict.fromkeys(unread))
                notes.append(
                    f"output {output.label or output.name!r}: {names} compared by name and size only, "
                    "for the bytes were not kept or are not served"
                )
            reports.append(
                OutputReport(
                    name=output.name,
                    label=output.label,
                    value=live.value,
                    skipped=live.skipped,
                    compared=compared,
                    differences=tuple(compare_output(output, live, self._places)) if compared else (),
                )
            )
        return tuple(reports)

    def _live(self, raw: Any) -> Live:
        """A raw output in the session's terms."""
        given, value, rest = update_value(raw)
        is_update = isinstance(raw, dict) and raw.get("__type__") == "update"
        return Live(
            value=self._plain(value) if given else None,
            skipped=not given,
            update=self._plain(rest) if is_update else None,
        )

    def _plain(self, value: Any) -> Any:
        """With files as leaves, and the recording's own placeholders where a secret is."""
        if isinstance(value, str):
            for secret, placeholder in self._placeholders.items():
                value = value.replace(secret, placeholder)
            if (found := inline(value)) is not None:
                what, _ = found
                return File(name="file", sha256=what.sha256, size=what.size, type=what.type, inline=True)
            return value
        if is_file_data(value):
            name = str(value.get("orig_name") or value["path"]).replace("\\", "/").rpartition("/")[2]
            size = value.get("size")
            return File(
                name=name or "file",
                size=size if isinstance(size, int) else None,
                type=value.get("mime_type") if isinstance(value.get("mime_type"), str) else None,
                server_path=value["path"],
                lost="it is a stream" if value.get("is_stream") is True else "",
            )
        if isinstance(value, dict):
            return {key: self._plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        return value

    async def _with_content(self, live: Live) -> Live:
        """With the hash of every file that the app hands out."""
        read: dict[str, File] = {}
        for file in files_in([live.value, live.update]):
            if file.inline or file.server_path in read or file.lost:
                continue
            if file.server_path.startswith(("http://", "https://")) and not self._own(file.server_path):
                # An address elsewhere is what the app says, not what it serves.
                read[file.server_path] = file
                continue
            try:
                sha256, size = await asyncio.wait_for(self._app.digest(file.server_path), self._timeout)
                read[file.server_path] = msgspec.structs.replace(file, sha256=sha256, size=size)
            except asyncio.TimeoutError:
                read[file.server_path] = msgspec.structs.replace(file, lost="the app does not send it")
            except AppError as error:
                read[file.server_path] = msgspec.structs.replace(file, lost=error.what)
        known = {path: (f.sha256, f.size, f.lost) for path, f in read.items()}

        def filled(file: File) -> File:
            if file.server_path not in known:
                return file
            sha256, size, lost = known[file.server_path]
            return msgspec.structs.replace(file, sha256=sha256, size=size, lost=lost)

        return msgspec.structs.replace(
            live, value=map_files(live.value, filled), update=map_files(live.update, filled)
        )

    def _own(self, address: str) -> bool:
        here, there = urlsplit(self._app.root), urlsplit(address)
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def _waiting(step: Step) -> StepReport:
    return StepReport(id=step.id, name=step.name, endpoint=step.endpoint.id, setup=step.setup)


def _cancel_after(step: Step) -> int | None:
    """How many values to take. A call that the recording did not see the end of may have none."""
    if step.expect == "unfinished" and step.endpoint.generator:
        return max(step.yields, 1)
    return step.cancel_after


def _as_expected(step: Step, answer: Answer) -> tuple[bool, str | None]:
    """Whether a call ended as it did when it was recorded, and what went wrong, recorded or not."""
    if step.expect == "unfinished":
        return answer.status != "failed", answer.error
    if answer.status == step.expect:
        return True, answer.error
    if answer.status == "failed":
        return False, f"failed: {answer.error}" if answer.error else "failed, and the app does not say why"
    if step.expect == "failed":
        return (
            False,
            f"failed when it was recorded ({step.error or 'the app did not say why'}), and now does not",
        )
    # One of the two was over before it could be cancelled, which is a matter of time.
    return True, None


def _ended(answer: Answer) -> str:
    return {"failed": "failed", "cancelled": "was cancelled"}.get(answer.status, "gave no outputs")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


def _uncancelled() -> None:
    """From Python 3.11 a task counts its cancellations, and what it awaits later looks at the count."""
    uncancel = getattr(asyncio.current_task(), "uncancel", None)
    if uncancel is not None:
        uncancel()


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C cancels the current task, and the function that this gives says whether it did."""
    pressed = False
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def press() -> None:
        nonlocal pressed
        pressed = True
        if task is not None:
            task.cancel()

    handled = False
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is threading.main_thread():
        try:
            loop.add_signal_handler(signal.SIGINT, press)
            handled = True
        except (NotImplementedError, RuntimeError):
            pass  # Windows: Ctrl-C ends the program without a report
    try:
        yield lambda: pressed
    finally:
        if handled:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

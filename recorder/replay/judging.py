"""What came of a step, held against what was recorded."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from recorder.adapters.gradio.stream import unquoted
from recorder.adapters.gradio.wire import is_file_data, update_value
from recorder.address import parts_of
from recorder.errors import AppError, FileError
from recorder.inline import inline
from recorder.replay.compare import Live, Look, Places, compare_output, compare_stream
from recorder.replay.media import MOST_BYTES, Likeness, likeness
from recorder.replay.plan import Plan, Target
from recorder.replay.report import OutputReport, StepReport
from recorder.replay.sending import kept_file
from recorder.replay.transport import Answer, App
from recorder.session import File, files_in, map_files
from recorder.workflow import Step


class Judge:
    """Makes of an answer the rest of a step's report.

    Args:
        files: the folder of the session file.
        copies: where the files that the app gives are put, each named by its SHA-256.
        timeout: seconds that one file may take.
        take: read every file that the app gives, whether there is one to compare it with or not.
    """

    def __init__(
        self, ready: Plan, files: Path, app: App, copies: Path, timeout: float, take: bool = False
    ) -> None:
        self._take = take
        self._plan = ready
        self._files = files
        self._app = app
        self._copies = copies
        self._look = looking(files, copies)
        self._timeout = timeout
        self._places = Places(recorded=ready.workflow.app.url, live=app.root)
        self._placeholders = {
            ready.secrets[secret.name]: secret.placeholder
            for secret in ready.workflow.secrets
            if secret.placeholder and len(ready.secrets[secret.name]) > 3
        }

    async def judged(
        self, step: Step, target: Target, answer: Answer, report: StepReport, notes: list[str]
    ) -> StepReport:
        """``report`` with how it ended and what is not as recorded."""
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

    def passing(self, step: Step, target: Target, raw: list[Any]) -> tuple[OutputReport, ...]:
        """The outputs that a stream gives on its way, compared with nothing; of files, what the app says of them."""
        found = []
        for number, (output, position) in enumerate(zip(step.outputs, target.outputs, strict=False)):
            if not output.state and position is not None and position < len(raw):
                live = self._live(raw[position])
                found.append(
                    OutputReport(
                        name=output.name, output=number, label=output.label, value=live.value,
                        skipped=live.skipped, compared=False,
                    )
                )  # fmt: skip
        return tuple(found)

    async def _outputs(
        self, step: Step, target: Target, answer: Answer, compared: bool, notes: list[str]
    ) -> tuple[OutputReport, ...]:
        if answer.status != "ok" or answer.outputs is None:
            return ()
        reports = []
        for number, (output, position) in enumerate(zip(step.outputs, target.outputs, strict=False)):
            if output.state:
                continue
            raw = (
                answer.outputs[position] if position is not None and position < len(answer.outputs) else None
            )
            live = self._live(raw)
            kept = any(file.sha256 for file in files_in([output.value, output.properties]))
            if self._take or (compared and kept):
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
            differences = []
            if compared and kept:
                differences = await asyncio.to_thread(compare_output, output, live, self._places, self._look)
            elif compared:
                differences = compare_output(output, live, self._places)
            if compared and not differences and position is not None and not output.reply:
                recorded = [chunk[number] for chunk in step.stream if _holds(chunk, number)]
                given = [self._plain(chunk[position]) for chunk in answer.stream if _holds(chunk, position)]
                if step.endpoint.generator and not step.frames and recorded:
                    found = compare_stream(recorded, given, self._places, output.expectations)
                    differences = [found] if found is not None else []
            reports.append(
                OutputReport(
                    name=output.name,
                    output=number,
                    label=output.label,
                    recorded=output.value if compared else None,
                    value=live.value,
                    update=live.update,
                    skipped=live.skipped,
                    compared=compared,
                    differences=tuple(differences),
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
        """With the hash of every file that the app hands out, and a copy of those that are not too large."""
        read: dict[str, File] = {}
        for file in files_in([live.value, live.update]):
            if file.inline or file.server_path in read or file.lost:
                continue
            if file.server_path.startswith(("http://", "https://")) and not self._own(file.server_path):
                # An address elsewhere is what the app says, not what it serves.
                read[file.server_path] = file
                continue
            try:
                sha256, size = await asyncio.wait_for(self._copied(file), self._timeout)
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

    async def _copied(self, file: File) -> tuple[str, int]:
        handle, name = tempfile.mkstemp(dir=self._copies)
        copy = Path(name)
        try:
            with os.fdopen(handle, "wb") as bytes_of_it:
                sha256, size = await self._app.digest(file.server_path, bytes_of_it, MOST_BYTES + 1)
            if size <= MOST_BYTES:
                copy.replace(self._copies / sha256)
        finally:
            copy.unlink(missing_ok=True)
        return sha256, size

    def _own(self, address: str) -> bool:
        here, there = parts_of(self._app.root), parts_of(address)
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def looking(files: Path, copies: Path) -> Look:
    """How unlike a recorded file in the folder ``files`` and a live one in ``copies`` are."""

    def look(recorded: File, live: File) -> Likeness | None:
        copy = copies / live.sha256
        if not recorded.path or not live.sha256 or not copy.is_file():
            return None
        try:
            return likeness(kept_file(files, recorded), copy, live.type or recorded.type)
        except (FileError, OSError):
            return None

    return look


def _holds(chunk: Any, position: int) -> bool:
    return isinstance(chunk, list | tuple) and position < len(chunk)


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

"""What a step sends: its expressions in the app's own terms, and the files that must be uploaded for them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder.adapters.gradio.wire import FILE_DATA
from recorder.errors import FileError
from recorder.replay.plan import LocalFile, Plan
from recorder.replay.transport import App, FormFile
from recorder.session import File, files_in, within
from recorder.workflow import Expression, Link, SecretRef, VariableRef


class NotMade(Exception):
    """What a step needs is not there; the sentence is its text."""


def check_files(ready: Plan, files: Path) -> None:
    """Before anything is sent, every file that will be must be there.

    Raises:
        FileError: one is not.
    """
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
    path = within(folder, file.path)
    if path is None:
        raise FileError(
            f"The session names the file {file.path!r}, which is outside of its own folder",
            "Do not replay a session that you do not trust",
        )
    if not os.path.isfile(path):
        raise FileError(
            f"The recorded file {file.name!r} is gone: there is no {path}",
            "Keep the .files folder beside the session file",
        )
    if file.sha256 and _sha256(path) != file.sha256:
        raise FileError(
            f"The file {file.path!r} is not the one that was recorded: its content is another",
            "Restore it from a copy, or choose another file with --set",
        )
    return path


class Sender:
    """Turns expressions into what the app takes.

    Args:
        files: the folder of the session file.
        linked: what a link comes to; raises :class:`NotMade` where there is nothing.
    """

    def __init__(self, ready: Plan, files: Path, app: App, linked: Callable[[Link], Any]) -> None:
        self._plan = ready
        self._files = files
        self._app = app
        self._linked = linked
        self._uploads: dict[tuple[str, str], asyncio.Task[dict[str, Any]]] = {}

    async def value(self, expression: Expression, notes: list[str]) -> Any:
        """What an expression comes to, in the app's own terms.

        Args:
            notes: gets a sentence about what could not be sent as it was.

        Raises:
            NotMade: it needs what an earlier step did not give, or bytes that were not kept.
            AppError: the app does not take a file.
        """
        match expression:
            case Link():
                return self._linked(expression)
            case VariableRef():
                return await self.value(self._plan.values.get(expression.name), notes)
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
                return {key: await self.value(item, notes) for key, item in expression.items()}
            case list() | tuple():
                return [await self.value(item, notes) for item in expression]
        return expression

    async def fields(self, given: dict[str, Expression], notes: list[str]) -> dict[str, Any]:
        """The fields of a form, files as :class:`FormFile`."""
        return {
            name: self._form_file(field) if isinstance(field, File) else await self.value(field, notes)
            for name, field in given.items()
        }

    def _form_file(self, file: File) -> FormFile:
        if not file.path:
            raise NotMade(f"the bytes of the file {file.name!r} were not kept: {file.lost or 'unknown why'}")
        content = kept_file(self._files, file).read_bytes()
        return FormFile(name=file.name, type=file.type or "", content=content)

    async def _file(self, file: File, notes: list[str]) -> Any:
        if file.path and file.inline:
            content = await asyncio.to_thread(kept_file(self._files, file).read_bytes)
            return f"data:{file.type};base64,{base64.b64encode(content).decode()}"
        if file.path:
            return await self._upload(kept_file(self._files, file), file)
        # Its bytes are not here: the app may still have it, or be able to fetch it.
        if not file.server_path or file.inline:
            raise NotMade(f"the bytes of the file {file.name!r} were not kept: {file.lost or 'unknown why'}")
        notes.append(f"{file.name!r} is sent by the app's own name for it, for its bytes were not kept")
        data = {"path": file.server_path, "orig_name": file.name, "size": file.size, "mime_type": file.type}
        if file.server_path.startswith(("http://", "https://")):
            data["url"] = file.server_path
        return {**(file.extra or {}), **data, "meta": {"_type": FILE_DATA}}

    async def _upload(self, path: Path, file: File) -> dict[str, Any]:
        """The app's record of a file that it has been sent, which happens once for each content and name."""
        key = (file.sha256 or _sha256(path), file.name)
        if key not in self._uploads:
            self._uploads[key] = asyncio.create_task(self._uploaded(path, file))
        try:
            return {**(file.extra or {}), **await asyncio.shield(self._uploads[key])}
        except Exception:
            # The next step that needs it tries again.
            self._uploads.pop(key, None)
            raise

    async def _uploaded(self, path: Path, file: File) -> dict[str, Any]:
        server_path = await self._app.upload(path, file.name, file.type)
        return {
            "path": server_path,
            # As the page writes it, which escapes nothing.
            "url": f"{self._app.api}/file={server_path}",
            "orig_name": file.name,
            "size": path.stat().st_size,
            "mime_type": file.type or "",
            "meta": {"_type": FILE_DATA},
        }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()

"""What is read from the app while it is recorded, and kept: files beside the session, and texts in its events."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec

from recorder import session
from recorder.adapters import Want
from recorder.capture.names import file_name
from recorder.errors import RecorderError
from recorder.events import Body
from recorder.redact import LARGEST_TEXT, secret_in

FILE_LIMIT = 200 * 1024 * 1024
"""Bytes of one file kept beside a session, unless the shell says otherwise."""
TEXT_LIMIT = 32 * 1024 * 1024
"""Bytes of one text the adapter asked for (an app's description)."""


class Fetching(msgspec.Struct, frozen=True):
    """An answer whose body is still arriving: ``chunks`` of bytes, decoded from any content encoding."""

    status: int
    type: str | None
    chunks: AsyncIterator[bytes]


Fetch = Callable[[str, str], AbstractAsyncContextManager[Fetching]]
"""How a shell reads from the app: GET of an absolute URL with a ``Cookie`` header's value (empty for none).
Raises RecorderError, with a sentence, where there is no answer. Follows redirects within the URL's own origin only."""


async def read_text(answer: Fetching, url: str) -> dict[str, Any]:
    data = bytearray()
    async for chunk in answer.chunks:
        data += chunk
        if len(data) > TEXT_LIMIT:
            raise RecorderError(f"{url} was not kept: it has more than {TEXT_LIMIT // 2**20} MB")
    try:
        return {"body": Body(kind="text", text=data.decode(), size=len(data))}
    except UnicodeDecodeError:
        return {
            "body": Body(kind="lost", reason="unreadable", size=len(data)),
            "error": f"{url} is not UTF-8 text.",
        }


def keep_content(want: Want, content: bytes, folder: Path, limit: int = FILE_LIMIT) -> dict[str, Any]:
    """Keep the bytes of a want in ``folder``; what its ``Fetched`` event says of them."""
    if len(content) > limit:
        return {"error": _too_large(want, limit)}
    if kind := secret_in(content, want.name):
        return {"error": _holds(want, kind)}
    target, about = _place(want, folder, hashlib.sha256(content).hexdigest(), len(content))
    if not target.exists():
        session.write_whole(target, content)
    return about


def _too_large(want: Want, limit: int) -> str:
    return (
        f"{file_name(want.name)} was not kept: it has more than {limit / 2**20:.10g} MB, the limit of a file"
    )


def _holds(want: Want, kind: str) -> str:
    return f"{file_name(want.name)} was not kept: it holds what looks like a {kind}"


def _place(want: Want, folder: Path, sha256: str, size: int) -> tuple[Path, dict[str, Any]]:
    """Where a file is kept, which its content says, and what its event says of it."""
    target = folder / sha256[:16] / file_name(want.name)
    return target, {"sha256": sha256, "path": target.relative_to(folder.parent).as_posix(), "size": size}


async def read_file(answer: Fetching, want: Want, folder: Path, limit: int) -> dict[str, Any]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in answer.chunks:
                size += len(chunk)
                if size > limit:
                    raise RecorderError(_too_large(want, limit))
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        looked_into = Path(temporary).read_bytes() if size <= LARGEST_TEXT else b""
        if kind := secret_in(looked_into, want.name):
            raise RecorderError(_holds(want, kind))
        target, about = _place(want, folder, digest.hexdigest(), size)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return about

"""The journal: an append-only file that stands behind a session while it is recorded.

One event a line. :class:`Journal` batches whatever is queued into one write and one ``fsync`` in a thread (group
commit), so that an acknowledgement means that the event is on disk and costs a share of one flush.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from recorder import events
from recorder.errors import FileError, RecorderError
from recorder.events import AnyEvent

try:
    import fcntl
except ImportError:  # Windows: the journal's name alone keeps two recorders apart there.
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".journal"
GATHER_SECONDS = 0.02
GATHER_BYTES = 64 * 1024
"""The shortest time between the beginnings of two writes, unless there are as many bytes: what comes meanwhile is made
durable together."""
RETRY_SECONDS = 0.5
"""How long after a failed write (a full disk) the same lines are tried again."""


class Reading(msgspec.Struct, frozen=True):
    """What a journal holds: its ``events`` in order, whether the last line is cut off, a sentence for each loss."""

    events: tuple[AnyEvent, ...]
    torn: bool = False
    notes: tuple[str, ...] = ()


def read(path: str | os.PathLike[str]) -> Reading:
    """Read a journal, also one whose writer was killed in the middle of a line.

    Raises:
        FileError: the file is missing or cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Check the path") from None
    *whole, rest = data.split(b"\n")
    found: list[AnyEvent] = []
    notes: list[str] = []
    for number, line in enumerate(whole, 1):
        if not line:
            continue
        try:
            found.append(events.parse_event(line))
        except (ValueError, RecursionError):
            notes.append(f"line {number} of {path.name} is not an event and was left out.")
    if rest:
        # A line counts once its newline is there: only then was it acknowledged.
        notes.append(
            f"the last line of {path.name} was cut off and was left out; it had not been acknowledged."
        )
    return Reading(tuple(found), bool(rest), tuple(notes))


class Journal:
    """One open journal. Made by :meth:`open` inside a running event loop; ended by :meth:`close` or :meth:`remove`.

    ``on_trouble`` is told the error when a write fails, and None when writing works again: the lines are kept and tried
    again until they are durable, so that nothing is acknowledged early and nothing is written twice.
    """

    def __init__(self, path: Path, handle: int, on_trouble: Callable[[RecorderError | None], None]) -> None:
        self.path = path
        self._handle = handle
        self._on_trouble = on_trouble
        self._queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._size = 0
        self._closing = False
        self._stop_waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._trouble: RecorderError | None = None
        self._writer = asyncio.get_running_loop().create_task(self._write_forever())

    @classmethod
    def open(
        cls, path: Path, on_trouble: Callable[[RecorderError | None], None] = lambda error: None
    ) -> Journal:
        """Create the journal, readable by its owner only, and lock it.

        Raises:
            FileError: it exists, is being written by another recorder, or the folder cannot be written.
        """
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        except FileExistsError as error:
            if not path.exists():
                raise FileError(f"{path.parent} is no folder", "Choose another --output") from error
            if is_locked(path):
                raise FileError(
                    f"{path} is being written by another recorder", "Stop that one or choose another --output"
                ) from None
            raise FileError(
                f"{path} is left over from a recording that was cut off",
                "Move it away or choose another --output",
            ) from None
        except OSError as error:
            raise FileError(
                f"{path} cannot be written: {error.strerror}",
                "Choose a folder you may write to with --output",
            ) from None
        if not _lock(handle):
            os.close(handle)
            raise FileError(f"{path} is being written by another recorder", "Choose another --output")
        _make_entry_durable(path.parent)
        return cls(path, handle, on_trouble)

    @property
    def trouble(self) -> RecorderError | None:
        """Why the last write failed; None while writing works."""
        return self._trouble

    def append(self, lines: Iterable[bytes]) -> asyncio.Future[None]:
        """Queue lines (without newlines inside).

        Returns:
            A future that is done once these lines, and all queued before, are durable. With no lines it still waits
            for those before. It is cancelled if the journal is closed before that could happen.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closing:
            future.cancel()
            return future
        self._queue.append((b"".join(line + b"\n" for line in lines), future))
        self._wake.set()
        return future

    async def close(self) -> None:
        """Write what can be written, release the lock and close the file."""
        if self._closing:
            return
        self._closing = True
        self._stop_waiter.set_result(None)
        self._wake.set()
        await self._writer
        os.close(self._handle)

    async def remove(self) -> None:
        """Close and delete: the session made from it is durable."""
        await self.close()
        self.path.unlink(missing_ok=True)

    async def _write_forever(self) -> None:
        began = time.monotonic() - GATHER_SECONDS
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            left = began + GATHER_SECONDS - time.monotonic()
            if left > 0 and not self._closing and sum(len(lines) for lines, _ in self._queue) < GATHER_BYTES:
                await asyncio.sleep(left)
            began = time.monotonic()
            batch, self._queue = self._queue, []
            data = b"".join(lines for lines, _ in batch)
            while data:
                try:
                    await asyncio.to_thread(self._commit, data)
                    break
                except OSError as error:
                    self._report(error)
                    if self._stop_waiter.done():
                        for _, future in [*batch, *self._queue]:
                            future.cancel()
                        return
                    # A closing journal tries once more at once, and then gives up.
                    await asyncio.wait([self._stop_waiter], timeout=RETRY_SECONDS)
            if self._trouble is not None and data:
                self._trouble = None
                self._on_trouble(None)
            for _, future in batch:
                if not future.done():
                    future.set_result(None)

    def _report(self, error: OSError) -> None:
        if self._trouble is None:
            self._trouble = FileError(
                f"{self.path} cannot be written: {error.strerror}",
                "Make room on the disk; the page keeps what is not yet written",
            )
            self._on_trouble(self._trouble)

    def _commit(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
            os.fsync(self._handle)
        except OSError:
            # Half a line in the middle of the file would take the next event with it.
            try:
                os.ftruncate(self._handle, self._size)
            except OSError:
                pass
            raise
        self._size += len(data)


def is_locked(path: str | os.PathLike[str]) -> bool:
    """Whether a living recorder writes the journal at ``path``."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(handle)
    finally:
        os.close(handle)


def _make_entry_durable(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders.
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

"""The journal on a real disk, killed writers and failing writes included."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.capture import journal as journals
from recorder.capture.ingest import encode
from recorder.capture.journal import Journal
from recorder.errors import FileError, RecorderError
from recorder.events import Act, Mark


def act(seq: int) -> Act:
    return Act(page="p", seq=seq, at=1.0, id=f"a{seq}", kind="click", name="é\n\u2028")


async def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    await journal.append([encode(act(1)), encode(act(2))])
    await journal.append([])
    await journal.close()
    reading = journals.read(tmp_path / "s.journal")
    assert reading.events == (act(1), act(2))
    assert not reading.torn and not reading.notes


async def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    assert stat.S_IMODE((tmp_path / "s.journal").stat().st_mode) == 0o600
    await journal.close()


async def test_what_is_acknowledged_is_flushed_to_the_disk_and_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            flushed.append(os.fstat(handle).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal.open(tmp_path / "s.journal")
    futures = [journal.append([encode(act(seq))]) for seq in range(1, 1001)]
    for future in futures:
        future.add_done_callback(lambda _: done.append(flushed[-1]))
    done: list[int] = []
    await asyncio.gather(*futures)
    await asyncio.sleep(0)
    assert len(flushed) < 10
    assert done[-1] == (tmp_path / "s.journal").stat().st_size
    await journal.close()


async def test_acknowledgements_come_in_the_order_of_the_appends(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    order: list[int] = []
    futures = []
    for number in range(50):
        future = journal.append([encode(act(number + 1))] * (number % 3))
        future.add_done_callback(lambda _, number=number: order.append(number))
        futures.append(future)
        if number % 7 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*futures)
    await asyncio.sleep(0)
    assert order == list(range(50))
    await journal.close()


def test_a_line_that_was_cut_off_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    path.write_bytes(encode(act(1)) + b"\n" + encode(act(2))[:-5])
    reading = journals.read(path)
    assert reading.events == (act(1),)
    assert reading.torn
    assert "cut off" in reading.notes[0]


@pytest.mark.parametrize(
    "junk", [b"\x00\x00", b"{}", b"[" * 100_000, b"\xff", b'{"t":"hello","page":"p","token":"t"}']
)
def test_a_line_that_is_no_event_is_left_out_and_said(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "s.journal"
    path.write_bytes(encode(act(1)) + b"\n" + junk + b"\n" + encode(act(2)) + b"\n")
    reading = journals.read(path)
    assert reading.events == (act(1), act(2))
    assert reading.notes == ("line 2 of s.journal is not an event and was left out.",)


def test_every_cut_of_a_journal_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "s.journal"
    whole = b"".join(encode(act(seq)) + b"\n" for seq in range(1, 4))
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        reading = journals.read(path)
        assert reading.events == tuple(act(seq) for seq in range(1, whole[:cut].count(b"\n") + 1))
        assert reading.torn == (cut > 0 and whole[cut - 1 : cut] != b"\n")


def test_a_missing_journal_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        journals.read(tmp_path / "none.journal")


async def test_a_second_recorder_is_told_that_the_journal_is_taken(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    with pytest.raises(FileError, match="is being written by another recorder"):
        Journal.open(tmp_path / "s.journal")
    assert journals.is_locked(tmp_path / "s.journal")
    await journal.close()
    assert not journals.is_locked(tmp_path / "s.journal")
    with pytest.raises(FileError, match="left over"):
        Journal.open(tmp_path / "s.journal")


async def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"(no folder|cannot be written)"):
        Journal.open(tmp_path / "file" / "s.journal")


async def test_nothing_is_acknowledged_while_the_disk_is_full_and_everything_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: asyncio.Queue[RecorderError | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def told(error: RecorderError | None) -> None:
        troubles.put_nowait(error)

    monkeypatch.setattr(journals, "RETRY_SECONDS", 0.01)
    journal = Journal.open(tmp_path / "s.journal", told)
    await journal.append([encode(act(1))])

    full = _disk_that_fills_up_in_the_middle_of_a_line()
    monkeypatch.setattr(os, "write", full)
    second = journal.append([encode(act(2))])
    third = journal.append([encode(act(3))])
    trouble = await troubles.get()
    assert trouble is not None and "No space left on device" in str(trouble)
    assert not second.done() and not third.done()
    assert journals.read(tmp_path / "s.journal").events[0] == act(1)

    monkeypatch.undo()
    assert await troubles.get() is None
    await asyncio.gather(second, third)
    await journal.close()
    reading = journals.read(tmp_path / "s.journal")
    assert reading.events == (act(1), act(2), act(3))
    assert loop is asyncio.get_running_loop()


async def test_a_journal_that_is_closed_with_the_disk_full_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    monkeypatch.setattr(os, "write", _disk_that_fills_up_in_the_middle_of_a_line())
    future = journal.append([encode(act(1))])
    await journal.close()
    assert future.cancelled()
    assert journal.append([encode(act(2))]).cancelled()
    assert journals.read(tmp_path / "s.journal").events == ()


def _disk_that_fills_up_in_the_middle_of_a_line() -> Callable[[int, memoryview], int]:
    real = os.write
    calls = [0]

    def write(handle: int, data: memoryview) -> int:
        calls[0] += 1
        if calls[0] % 2:
            return real(handle, bytes(data)[:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return write


async def test_everything_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, sys
            from pathlib import Path
            from recorder.capture.ingest import encode
            from recorder.capture.journal import Journal
            from recorder.events import Mark

            async def main():
                journal = Journal.open(Path(sys.argv[1]))
                for seq in range(1, 100_000):
                    await journal.append([encode(Mark(page="", seq=seq, at=0.0, what="start"))])
                    print(seq, flush=True)

            asyncio.run(main())
            """
        )
    )
    path = tmp_path / "s.journal"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert process.stdout is not None
    acknowledged = 0
    while acknowledged < 20:
        acknowledged = int(await process.stdout.readline())
    process.kill()
    rest = (await process.stdout.read()).split()
    await process.wait()
    acknowledged = int(rest[-1]) if rest else acknowledged
    reading = journals.read(path)
    assert [event.seq for event in reading.events][:acknowledged] == list(range(1, acknowledged + 1))
    assert all(isinstance(event, Mark) for event in reading.events)
    assert not journals.is_locked(path)

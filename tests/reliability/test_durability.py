"""What was acknowledged is there, whatever becomes of the recorder."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from conftest import MANY
from recorder import session
from recorder.capture import journal as journals
from tests.reliability.running import EVENTS, PAGES, a_recorder, app, ended, missing, pages, quiet, run
from tests.serving import press, speak, upstream


async def test_what_was_acknowledged_outlives_a_kill_at_any_moment(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    attempts = 200 if MANY else 5
    broken: list[str] = []
    acknowledged = 0
    async with upstream(app) as url:
        for number in range(attempts):
            folder = tmp_path / str(number)
            folder.mkdir()
            async with a_recorder(url, folder) as recorder, pages(recorder) as opened:
                speaking = [asyncio.ensure_future(page.speak(random.choice((0, 0.001)))) for page in opened]
                await opened[0].until(lambda: any(page.acknowledged for page in opened))
                await asyncio.sleep(random.random() / 4)
                recorder.send(signal.SIGKILL)
                await recorder.wait()
                await asyncio.gather(*speaking)
            reading = journals.read(recorder.journal)
            wrong = missing(reading, opened)
            acknowledged += sum(page.acknowledged for page in opened)
            if reading.torn and not any("cut off" in note for note in reading.notes):
                wrong.append("a torn line is not told")
            if number < 2 or number % 20 == 0:
                for words in (
                    ("show", str(recorder.journal)),
                    ("render", str(recorder.journal)),
                    ("recover", str(folder)),
                ):
                    code, said = await run(*words)
                    if code:
                        wrong.append(f"{words[0]} exits {code}: {said[-300:]}")
                made = session.read(folder / "s-recovered.json")
                if len(made.calls) * EVENTS < sum(page.acknowledged for page in opened) - EVENTS * PAGES:
                    wrong.append(f"only {len(made.calls)} calls were recovered")
                if recorder.journal.exists():
                    wrong.append("the journal is still there")
            broken += [f"attempt {number}: {what}" for what in wrong]
    assert acknowledged > 50 * attempts, "there was a load"
    promise("durability: acknowledged events survive SIGKILL at a random moment", attempts, broken)


async def test_a_recorder_that_slept_goes_on_where_it_was(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    asleep = 60.0 if MANY else 2.0
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder, pages(recorder) as opened:
        speaking = [asyncio.ensure_future(page.speak(0.01)) for page in opened]
        await opened[0].until(lambda: all(page.acknowledged for page in opened))
        recorder.send(signal.SIGSTOP)
        await asyncio.sleep(asleep)
        recorder.send(signal.SIGCONT)
        await quiet(speaking)
        for page in opened:
            await page.until(lambda page=page: page.acknowledged == page.seq)  # type: ignore[misc]
        broken = missing(journals.read(recorder.journal), opened)
        broken += await ended(recorder, opened)
    promise(f"a recorder stopped for {asleep:.0f} s loses and duplicates nothing", 1, broken)


async def test_a_socket_that_is_cut_in_the_middle_of_a_frame_costs_nothing_that_was_whole(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    async with upstream(app) as url, a_recorder(url, tmp_path) as recorder, pages(recorder) as opened:
        speaking = asyncio.ensure_future(opened[0].speak(0.002))
        for cut in opened[1:]:
            await cut.socket.send_str("\n".join(cut.lines()))
            await cut.until(lambda cut=cut: cut.acknowledged == EVENTS)  # type: ignore[misc]
            transport = cut.socket._writer.transport
            # A frame's head that announces a kilobyte, ten bytes of it, and nothing more.
            transport.write(b"\x81\xfe\x04\x00" + b"\0\0\0\0" + b'{"t":"done')
            if cut is not opened[-1]:
                transport.close()
            else:
                transport.abort()
        await quiet([speaking])
        await opened[0].until(lambda: opened[0].acknowledged == opened[0].seq)
        broken = missing(journals.read(recorder.journal), opened)
        broken += await ended(recorder, opened)
    promise("durability: a socket cut in the middle of a frame loses no complete event", PAGES - 1, broken)


async def test_two_recorders_never_write_one_file(tmp_path: Path, promise: Callable[..., None]) -> None:
    async with upstream(app) as url, a_recorder(url, tmp_path) as first, pages(first, 1) as opened:
        async with a_recorder(url, tmp_path) as second, aiohttp.ClientSession() as browser:
            socket = await speak(second.origin, browser, page="q")
            await press(socket, True)
            state: dict[str, Any] = {}
            while not (state.get("error") or state.get("recording")):
                state = await socket.receive_json(timeout=60)
            second.send(signal.SIGINT)
            await second.wait()
        await opened[0].socket.send_str("\n".join(opened[0].lines()))
        await opened[0].until(lambda: opened[0].acknowledged == EVENTS)
        _, said = await run("recover", str(tmp_path))
        broken = await ended(first, opened)
    broken += [] if "still being written" in said else ["a living recording was recovered"]
    if state.get("recording") and not (tmp_path / "s-2.json").exists():
        broken.append("the second recording has no file of its own")
    promise("durability: two recorders with the same output file do not overwrite each other", 1, broken)


async def test_a_session_file_appears_whole_or_not_at_all(
    tmp_path: Path, promise: Callable[..., None]
) -> None:
    attempts, broken, there = (20 if MANY else 3), [], 0
    async with upstream(app) as url:
        for number in range(attempts):
            folder = tmp_path / str(number)
            folder.mkdir()
            async with a_recorder(url, folder) as recorder, pages(recorder, 1) as opened:
                for _ in range(300):
                    await opened[0].socket.send_str("\n".join(opened[0].lines()))
                await opened[0].until(lambda: opened[0].acknowledged == opened[0].seq)
                recorder.send(signal.SIGINT)
                await asyncio.sleep(random.random() / 10)
                recorder.send(signal.SIGKILL)
                await recorder.wait()
            if (path := folder / "s.json").exists():
                there += 1
                if (count := len(session.read(path).calls)) != 300:
                    broken.append(f"attempt {number}: {count} calls")
            elif len(journals.read(recorder.journal).events) < 300 * EVENTS:
                broken.append(f"attempt {number}: neither a session nor the whole journal")
    measured = f"{there} times the session was complete, otherwise the journal was"
    promise(
        "durability: killed while saving, there is a complete session file, or none and the journal",
        attempts,
        broken,
        measured,
    )


if MANY:  # A disk of its own needs root.

    def mount(disk: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)

    async def test_a_full_disk_loses_nothing_that_was_acknowledged_and_the_recording_goes_on(
        tmp_path: Path, promise: Callable[..., None]
    ) -> None:
        disk = tmp_path / "disk"
        disk.mkdir()
        await asyncio.to_thread(mount, disk)
        try:
            filler = disk / "filler"
            async with upstream(app) as url, a_recorder(url, disk) as recorder, pages(recorder) as opened:
                filler.write_bytes(b"x" * 3_500_000)
                speaking = [asyncio.ensure_future(page.speak(0.001)) for page in opened]
                await opened[0].until(lambda: any(page.error for page in opened))
                await quiet(speaking)
                broken = missing(journals.read(recorder.journal), opened)
                if all(page.acknowledged == page.seq for page in opened):
                    broken.append("everything was acknowledged, though it did not fit")
                filler.unlink()
                for page in opened:
                    await page.until(lambda page=page: page.acknowledged == page.seq)  # type: ignore[misc]
                broken += missing(journals.read(recorder.journal), opened)
                broken += await ended(recorder, opened)
        finally:
            await asyncio.to_thread(subprocess.run, ["umount", disk], check=False)
        promise(
            "durability: a full disk is reported, and nothing is lost once there is space again", 1, broken
        )

    async def test_a_folder_that_becomes_read_only_is_told_and_nothing_is_lost(
        tmp_path: Path, promise: Callable[..., None]
    ) -> None:
        disk = tmp_path / "disk"
        disk.mkdir()
        await asyncio.to_thread(mount, disk)

        async def remount(how: str) -> None:
            words = ["mount", "-o", f"remount,{how}", str(disk)]
            await asyncio.to_thread(subprocess.run, words, check=True)

        try:
            async with upstream(app) as url:
                await remount("ro")
                async with a_recorder(url, disk) as recorder, aiohttp.ClientSession() as browser:
                    socket = await speak(recorder.origin, browser)
                    await press(socket, True)
                    state: dict[str, Any] = {}
                    while not (state.get("error") or state.get("recording")):
                        state = await socket.receive_json(timeout=60)
                    broken = [] if state.get("error") else ["it records into a folder that cannot be written"]
                    await remount("rw")
                    async with pages(recorder, 1) as opened:
                        await opened[0].socket.send_str("\n".join(opened[0].lines()))
                        await opened[0].until(lambda: opened[0].acknowledged == EVENTS)
                        broken += await ended(recorder, opened)
        finally:
            await asyncio.to_thread(subprocess.run, ["umount", disk], check=False)
        promise(
            "durability: a read-only folder is reported at the press; recording works once it is writable",
            1,
            broken,
        )

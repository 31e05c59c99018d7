"""The collector over real WebSockets, with a fold small enough to see through."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from recorder import session
from recorder.adapters import Want, new_fold
from recorder.address import origin_of
from recorder.capture import channel
from recorder.capture import collector as collectors
from recorder.capture import journal as journals
from recorder.capture import recording as recordings
from recorder.capture.channel import serve
from recorder.capture.collector import Collector
from recorder.capture.ingest import encode
from recorder.capture.journal import Journal
from recorder.capture.kept import Fetching
from recorder.capture.names import Names, file_name
from recorder.capture.recovery import recover
from recorder.errors import FileError, RecorderError
from recorder.events import PROTOCOL, Act, AnyEvent, Body, Done, Fetched, Given, Mark, Request, State, View
from recorder.serve.panel import Panel
from recorder.session import App, Call, Session
from tests.test_panel import Ears

HOST = "127.0.0.1:8700"
ORIGIN = "http://127.0.0.1:8700"
APP = "http://127.0.0.1:7860"


class TinyFold:
    """Every request is a call, over at its ``Done``; a request body ``want:<keep>:<url>`` wants that."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self._wanted: list[Want] = []
        self._open: set[str] = set()

    @property
    def calls(self) -> int:
        return sum(isinstance(event, Request) for event in self.events)

    @property
    def last(self) -> str:
        return next((event.url for event in reversed(self.events) if isinstance(event, Request)), "")

    @property
    def open(self) -> int:
        return len(self._open)

    def feed(self, event: AnyEvent) -> None:
        self.events.append(event)
        if isinstance(event, Request):
            self._open.add(event.id)
            if event.how.startswith("WANT "):
                _, keep, name = event.how.split(" ", 2)
                content = (event.body.text or "").encode() or None
                self._wanted.append(Want(url=event.url, keep=keep, name=name, content=content))  # type: ignore[arg-type]
        elif isinstance(event, Done):
            self._open.discard(event.id)
            if event.error == "bug":
                raise RuntimeError("a bug in the fold")

    def wants(self) -> list[Want]:
        wanted, self._wanted = self._wanted, []
        return wanted

    def others(self) -> list[Session]:
        return []

    def session(self) -> Session:
        requests = [event for event in self.events if isinstance(event, Request)]
        fetched = [event for event in self.events if isinstance(event, Fetched)]
        marks = [event.what for event in self.events if isinstance(event, Mark)]
        return Session(
            app=App(url=APP),
            calls=tuple(Call(id=event.id, endpoint=event.url) for event in requests),
            notes=(*(json.dumps([f.url, f.status, f.body.text, f.path, f.error]) for f in fetched), *marks),
        )


@contextlib.asynccontextmanager
async def no_fetch(url: str, cookie: str) -> AsyncIterator[Fetching]:
    raise RecorderError(f"{url} cannot be reached")
    yield  # pragma: no cover


def answering(answers: dict[str, bytes], asked: list[tuple[str, str]] | None = None) -> Any:
    @contextlib.asynccontextmanager
    async def fetch(url: str, cookie: str) -> AsyncIterator[Fetching]:
        if asked is not None:
            asked.append((url, cookie))

        async def chunks() -> AsyncIterator[bytes]:
            data = answers[url]
            for at in range(0, len(data), 1000):
                yield data[at : at + 1000]

        if url in answers:
            yield Fetching(200, "text/plain", chunks())
        else:
            yield Fetching(404, None, chunks())

    return fetch


class Page:
    """A page as the collector sees one; a ``silent`` one does not say that it has said all."""

    def __init__(self, socket: ClientConnection, page: str, silent: bool) -> None:
        self.socket = socket
        self.page = page
        self.seq = 0
        self._silent = silent
        self._heard: asyncio.Queue[dict[str, Any] | ConnectionClosed] = asyncio.Queue()
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while True:
                message = json.loads(await self.socket.recv())
                self._heard.put_nowait(message)
                if message.get("saving") and not self._silent:
                    await self.tell()
        except ConnectionClosed as closed:
            self._heard.put_nowait(closed)

    async def next(self) -> dict[str, Any]:
        """The next message; raises once the collector has let go of it."""
        message = await asyncio.wait_for(self._heard.get(), 30)
        if isinstance(message, ConnectionClosed):
            raise message
        return message

    async def hear(self, t: str, **fields: Any) -> dict[str, Any]:
        """The next message of kind ``t`` whose fields are these."""
        while True:
            message = await self.next()
            if message["t"] == t and all(message.get(name, False) == value for name, value in fields.items()):
                return message

    async def tell(self) -> None:
        """All was said."""
        await self.socket.send('{"t":"told"}')

    async def say(self, *messages: dict[str, Any]) -> int:
        """Send events, numbered; returns the last number."""
        lines = []
        for message in messages:
            self.seq += 1
            lines.append(json.dumps({"page": self.page, "seq": self.seq, "at": 1.0} | message))
        await self.socket.send("\n".join(lines))
        return self.seq

    async def call(self, id: str, method: str = "POST", url: str = APP + "/x", *, done: bool = True) -> int:
        """A request, and its end."""
        # What a test wants of the fold is no method that a page could say.
        how = {"method": "GET", "how": method} if " " in method else {"method": method}
        messages: list[dict[str, Any]] = [{"t": "request", "id": id, "url": url, **how}]
        if done:
            messages.append({"t": "done", "id": id})
        return await self.say(*messages)

    async def toggle(self, on: bool) -> None:
        await self.socket.send(json.dumps({"t": "toggle", "on": on}))


class Bench:
    """A collector that listens, and the pages that speak to it."""

    def __init__(
        self, collector: Collector, address: tuple[str, int], stack: contextlib.AsyncExitStack
    ) -> None:
        self.collector = collector
        self.address = address
        self._stack = stack

    def connect(self, host: str = HOST, origin: str | None = ORIGIN, **headers: str) -> connect:
        # The address dialled and the Host said differ, as they do behind the proxy.
        return connect(
            f"ws://{host}/_recorder/channel",
            host=self.address[0],
            port=self.address[1],
            origin=origin,
            additional_headers=headers,
            compression=None,
            proxy=None,  # type: ignore[arg-type]
        )

    async def page(
        self, page: str = "p1", token: str | None = None, silent: bool = False, **headers: str
    ) -> Page:
        socket = await self._stack.enter_async_context(self.connect(**headers))
        hello = {"t": "hello", "page": page, "token": token or self.collector.token, "v": 1}
        await socket.send(json.dumps(hello))
        return Page(socket, page, silent)

    async def recording_page(self, page: str = "p1", silent: bool = False, **headers: str) -> Page:
        made = await self.page(page, silent=silent, **headers)
        await made.hear("state", recording=False)
        await made.toggle(True)
        await made.hear("state", recording=True)
        return made


@contextlib.asynccontextmanager
async def running(output: Path | str | None, fetch: Any = no_fetch, **options: Any) -> AsyncIterator[Bench]:
    collector = Collector(APP, Names(output), fetch, fold=TinyFold, **options)
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(serve(collector, lambda host: host == HOST))
        yield Bench(collector, address, stack)
        await collector.close()


async def test_a_recording_from_press_to_press_becomes_a_session_file(tmp_path: Path) -> None:
    saved: list[Path] = []
    async with running(tmp_path / "s.json", on_saved=saved.append) as bench:
        page = await bench.recording_page()
        last = await page.call("r1", url=APP + "/first")
        assert await page.hear("ack") == {"t": "ack", "page": "p1", "seq": last}
        assert journals.read(tmp_path / "s.journal").events[-1].seq == last
        state = await page.hear("state", calls=1)
        assert state["last"] == APP + "/first"
        await page.toggle(False)
        assert (await page.hear("state", saving=True))["recording"]
        over = await page.hear("state", recording=False)
        assert over["saved"] == str(tmp_path / "s.json") and over["session"] == 1
    kept = session.read(tmp_path / "s.json")
    assert [call.id for call in kept.calls] == ["r1"]
    assert kept.notes == ("start", "stop")
    assert saved == [tmp_path / "s.json"]
    assert not (tmp_path / "s.journal").exists()
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600


async def test_what_was_recorded_is_made_once_for_all_who_look_before_something_else_happens(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        await page.hear("ack", seq=await page.call("r1"))
        one, other = bench.collector.snapshot(), bench.collector.snapshot()
        assert one is not None and other is not None
        assert one.session is other.session and [call.id for call in one.session.calls] == ["r1"]
        await page.hear("ack", seq=await page.call("r2"))
        after = bench.collector.snapshot()
        assert after is not None and [call.id for call in after.session.calls] == ["r1", "r2"]


async def test_the_session_is_complete_on_disk_when_the_page_hears_that_recording_is_over(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        await page.call("r1")
        await page.toggle(False)
        await page.hear("state", recording=False)
        assert session.read(tmp_path / "s.json").calls


async def test_several_tabs_see_the_same_state(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json") as bench:
        one, two = await bench.recording_page("p1"), await bench.page("p2")
        await two.hear("state", recording=True)
        await one.call("r1")
        await two.hear("state", calls=1)
        await two.call("r2")
        await one.hear("state", calls=2)
        await two.toggle(False)
        await one.hear("state", recording=False)
    assert {call.id for call in session.read(tmp_path / "s.json").calls} == {"r1", "r2"}


async def test_a_page_that_goes_away_does_not_end_the_recording_and_a_resend_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "s.json") as bench:
        one = await bench.recording_page("p1")
        await one.call("r1")
        await one.hear("ack")
        await one.socket.close()
        again = await bench.page("p2")
        assert (await again.hear("state"))["recording"]
        lines = [
            {"t": "request", "page": "p1", "seq": 1, "at": 1.0, "id": "r1", "method": "POST", "url": APP}
        ]
        lines += [
            {"t": "request", "page": "p1", "seq": 3, "at": 1.0, "id": "r2", "method": "POST", "url": APP}
        ]
        await again.socket.send("\n".join(map(json.dumps, lines)))
        assert await again.hear("ack") == {"t": "ack", "page": "p1", "seq": 3}
        await bench.collector.stop()
    assert [call.id for call in session.read(tmp_path / "s.json").calls] == ["r1", "r2"]


async def test_a_stop_waits_for_a_call_that_is_still_open(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        await page.call("r1", done=False)
        await page.hear("ack")
        await page.toggle(False)
        await page.hear("state", saving=True)
        await page.say({"t": "chunk", "id": "r1", "text": "late"}, {"t": "done", "id": "r1"})
        assert (await page.hear("ack"))["seq"] == 3
        await page.hear("state", recording=False)


async def test_a_stop_waits_for_what_a_page_has_not_said_yet(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page(silent=True)
        other = await bench.page("p2", silent=True)
        await other.hear("state", recording=True)
        stopping = asyncio.get_running_loop().create_task(bench.collector.stop())
        await page.hear("state", saving=True)
        await page.call("r1")
        await page.tell()
        await page.hear("ack")
        assert not stopping.done()
        await other.call("r2")
        await other.tell()
        assert await stopping
    assert [call.id for call in session.read(tmp_path / "s.json").calls] == ["r1", "r2"]


async def test_a_page_that_goes_or_hangs_does_not_hold_up_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page(silent=True)
        stopping = asyncio.get_running_loop().create_task(bench.collector.stop())
        await page.hear("state", saving=True)
        await page.socket.close()
        assert await asyncio.wait_for(stopping, 30) == tmp_path / "s.json"
        monkeypatch.setattr(collectors, "HEAR_SECONDS", 0.05)
        await bench.recording_page("p2", silent=True)
        assert await asyncio.wait_for(bench.collector.stop(), 30) == tmp_path / "s-2.json"


async def test_a_stop_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "GRACE_SECONDS", 0.05)
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        await page.call("r1", done=False)
        await page.hear("ack")
        assert await asyncio.wait_for(bench.collector.stop(), 5) == tmp_path / "s.json"


async def test_every_recording_has_a_file_of_its_own_and_only_the_named_one_is_overwritten(
    tmp_path: Path,
) -> None:
    (tmp_path / "s.json").write_text("old")
    (tmp_path / "s-2.json").write_text("not ours")
    async with running(tmp_path / "s.json") as bench:
        paths = []
        for _ in range(3):
            await bench.collector.start()
            paths.append(await bench.collector.stop())
    assert paths == [tmp_path / "s.json", tmp_path / "s-3.json", tmp_path / "s-4.json"]
    assert (tmp_path / "s-2.json").read_text() == "not ours"


async def test_a_folder_gets_files_named_by_time_and_never_the_same_twice(tmp_path: Path) -> None:
    async with running(str(tmp_path) + "/") as bench:
        paths = set()
        for _ in range(3):
            await bench.collector.start()
            paths.add(await bench.collector.stop())
    assert len(paths) == 3
    assert all(path and path.name.startswith("session-") and path.suffix == ".json" for path in paths)


async def test_what_the_fold_wants_is_fetched_with_the_cookies_of_the_page(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    data = os.urandom(5000)
    answers = {APP + "/config": b'{"a": "\xc3\xa9"}', APP + "/file=a (1).png": data}
    async with running(tmp_path / "s.json", answering(answers, asked)) as bench:
        page = await bench.recording_page(Cookie="session=abc")
        await page.call("r1", "WANT text config", APP + "/config")
        await page.call("r2", "WANT file a (1).png", APP + "/file=a (1).png")
        await page.call("r3", "WANT file gone", APP + "/gone")
        await page.hear("ack", seq=6)
        await bench.collector.stop()
    notes = [json.loads(note) for note in session.read(tmp_path / "s.json").notes if note.startswith("[")]
    by_url = {note[0]: note[1:] for note in notes}
    sha = hashlib.sha256(data).hexdigest()
    path = f"s.files/{sha[:16]}/a (1).png"
    assert by_url[APP + "/config"] == [200, '{"a": "é"}', None, None]
    assert by_url[APP + "/gone"] == [404, None, None, f"{APP}/gone answered 404."]
    assert by_url[APP + "/file=a (1).png"] == [200, None, path, None]
    assert (APP + "/config", "session=abc") in asked
    assert (tmp_path / path).read_bytes() == data


async def test_a_file_is_kept_by_its_content_under_its_own_name(tmp_path: Path) -> None:
    data = os.urandom(5000)
    sha = hashlib.sha256(data).hexdigest()
    async with running(tmp_path / "s.json", answering({APP + "/f": data})) as bench:
        page = await bench.recording_page()
        await page.call("r1", "WANT file ../../ä (1).png", APP + "/f")
        await page.call("r2", "WANT file ../../ä (1).png", APP + "/f")
        await page.hear("ack", seq=4)
        await bench.collector.stop()
    kept = tmp_path / "s.files" / sha[:16] / "ä (1).png"
    assert kept.read_bytes() == data
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [p for p in (tmp_path / "s.files").rglob("*") if p.is_file()] == [kept]
    notes = session.read(tmp_path / "s.json").notes
    assert sum(f"s.files/{sha[:16]}/" in note for note in notes) == 2


async def test_bytes_that_the_page_said_are_kept_without_asking_anybody(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    request = Request(
        page="p",
        seq=1,
        at=1.0,
        id="r1",
        method="GET",
        how="WANT file a.jpg",
        url="sha256:x",
        body=Body(text="bytes"),
    )
    async with running(tmp_path / "s.json", fetch=answering({}, asked)) as bench:
        page = await bench.recording_page()
        said = {"t": "request", "id": "r1", "url": "sha256:x", "body": {"kind": "text", "text": "bytes"}}
        await page.say({**said, "method": "GET", "how": "WANT file a.jpg"}, {"t": "done", "id": "r1"})
        await page.hear("ack", seq=2)
        await bench.collector.stop()
    (note, *_) = session.read(tmp_path / "s.json").notes
    url, _, _, path, error = json.loads(note)
    assert (url, error, asked) == ("sha256:x", None, [])
    assert (tmp_path / path).read_bytes() == b"bytes"
    # The same from a journal that was cut off before they were.
    journal = Journal.open(tmp_path / "t.journal")
    await journal.append([encode(request)])
    await journal.close()
    recovered = recover(tmp_path / "t.journal", TinyFold)
    assert recovered is not None
    path = json.loads(session.read(recovered).notes[0])[3]
    assert (tmp_path / path).read_bytes() == b"bytes" and path.startswith("t.files/")


class TwoApps(TinyFold):
    """As if another app on the same pages had been used too."""

    def others(self) -> list[Session]:
        return [Session(app=App(url=APP + "/other"))]


async def test_a_recording_of_two_apps_that_was_cut_off_is_recovered_whole(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "t.journal")
    await journal.append([encode(Request(page="p", seq=1, at=1.0, id="r1", method="GET", url=APP))])
    await journal.close()
    main = recover(tmp_path / "t.journal", TwoApps)
    assert main is not None and session.read(main).app.url == APP
    assert {session.read(path).app.url for path in tmp_path.glob("*.json")} == {APP, APP + "/other"}
    assert not (tmp_path / "t.journal").exists()


async def test_a_file_over_the_limit_is_not_kept_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json", answering({APP + "/f": b"x" * 5000}), file_limit=2048) as bench:
        page = await bench.recording_page()
        await page.call("r1", "WANT file f", APP + "/f")
        await page.hear("ack", seq=2)
        await bench.collector.stop()
    assert any("it has more than 0.001953125 MB" in note for note in session.read(tmp_path / "s.json").notes)
    assert not [p for p in (tmp_path / "s.files").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:22/",
        "https://127.0.0.1:7860/",
        "http://127.0.0.1:7860@evil.example/",
        "http://user@127.0.0.1:7860/",
        "file:///etc/passwd",
        "/relative",
        "http://127.0.0.1:7860\\@evil.example/",
        "http://[bad",
        "",
    ],
)
async def test_nothing_is_fetched_from_anywhere_but_the_app(tmp_path: Path, url: str) -> None:
    asked: list[tuple[str, str]] = []
    async with running(tmp_path / "s.json", answering({}, asked)) as bench:
        page = await bench.recording_page()
        await page.call("r1", "WANT text x", url)
        await page.hear("ack", seq=2)
        await bench.collector.stop()
    assert asked == []
    assert any("not of the app" in note for note in session.read(tmp_path / "s.json").notes)


async def test_a_fetch_that_never_ends_does_not_hold_up_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "WANTS_SECONDS", 0.05)

    @contextlib.asynccontextmanager
    async def fetch(url: str, cookie: str) -> AsyncIterator[Fetching]:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"x"
            await asyncio.Event().wait()

        yield Fetching(200, None, chunks())

    async with running(tmp_path / "s.json", fetch) as bench:
        page = await bench.recording_page()
        await page.call("r1", "WANT file f", APP + "/f")
        await page.hear("ack", seq=2)
        await asyncio.wait_for(bench.collector.stop(), 5)
    assert any("it took longer" in note for note in session.read(tmp_path / "s.json").notes)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (HOST, None),
        (HOST, "null"),
        (HOST, "http://evil.example"),
        (HOST, "http://127.0.0.1:8701"),
        (HOST, "http://127.0.0.1:8700.evil.example"),
        (HOST, "http://localhost:8700"),
        ("evil.example", "http://evil.example"),
        ("evil.example:8700", "http://evil.example:8700"),
        ("evil.example:8700", ORIGIN),
    ],
)
async def test_a_handshake_of_another_site_is_refused(tmp_path: Path, host: str, origin: str | None) -> None:
    async with running(tmp_path) as bench:
        with pytest.raises(InvalidStatus) as refusal:
            await bench.connect(host, origin)
    assert refusal.value.response.status_code == 403


async def test_a_wrong_token_is_refused_and_hears_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        page = await bench.page(token="wrong")
        heard = []
        with pytest.raises(ConnectionClosed):
            while True:
                heard.append(await page.next())
        assert [message["t"] for message in heard] == ["refused"]
        await bench.collector.start()


async def test_a_page_that_says_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "HELLO_SECONDS", 0.05)
    async with running(tmp_path) as bench:
        async with bench.connect() as socket:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 5)


async def test_nonsense_ends_the_connection_and_not_the_recording(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json") as bench:
        bad = await bench.recording_page("p1")
        await bad.socket.send(b"\xff\x00")
        assert "not an event" in (await bad.hear("refused"))["why"]
        good = await bench.page("p2")
        assert (await good.hear("state"))["recording"]
        await good.call("r1")
        await good.hear("ack")


async def test_while_the_disk_is_full_the_page_is_told_and_nothing_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "RETRY_SECONDS", 0.01)
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        real = Journal._commit

        def full(journal: Journal, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Journal, "_commit", full)
        await page.call("r1")
        heard = await page.next()
        while not heard.get("error"):
            assert heard["t"] == "state"
            heard = await page.next()
        assert "No space left on device" in heard["error"] and heard["recording"]
        monkeypatch.setattr(Journal, "_commit", real)
        await page.hear("ack", seq=2)
        await page.toggle(False)
        assert not (await page.hear("state", recording=False)).get("error")


async def test_a_session_that_cannot_be_written_leaves_the_recording_on_and_can_be_stopped_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    async with running(folder / "s.json") as bench:
        page = await bench.recording_page()
        await page.call("r1")
        await page.hear("ack")
        (folder / "s.json").mkdir()
        await page.toggle(False)
        state = await page.hear("state", saving=False, calls=1)
        while not state.get("error"):
            state = await page.hear("state")
        assert state["recording"] and "cannot be written" in state["error"]
        (folder / "s.json").rmdir()
        await page.call("r2")
        await page.hear("ack", seq=4)
        await page.toggle(False)
        await page.hear("state", recording=False)
    assert [call.id for call in session.read(folder / "s.json").calls] == ["r1", "r2"]


async def test_a_place_that_cannot_be_written_is_said_at_the_press(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with running(tmp_path / "file" / "s.json") as bench:
        page = await bench.page()
        await page.hear("state")
        await page.toggle(True)
        state = await page.hear("state", recording=False)
        assert "--output" in state["error"]
        with pytest.raises(FileError):
            await bench.collector.start()


async def test_a_bug_in_the_fold_costs_no_event(tmp_path: Path) -> None:
    bugs: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: bugs.append(context))
    async with running(tmp_path / "s.json") as bench:
        page = await bench.recording_page()
        await page.say({"t": "done", "id": "r0", "error": "bug"})
        await page.call("r1")
        await page.hear("ack", seq=3)
        assert len(journals.read(tmp_path / "s.journal").events) == 4
    assert "a bug in the fold" in str(bugs[0]["exception"])


async def test_a_recording_that_was_cut_off_is_recovered_at_the_next_start(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "s.journal")
    request = Request(page="p", seq=1, at=1.0, id="r1", method="POST", url=APP + "/x")
    await journal.append([encode(Mark(page="", seq=1, at=0.0, what="start")), encode(request)])
    await journal.close()
    with (tmp_path / "s.journal").open("ab") as file:
        file.write(encode(Act(page="p", seq=2, at=1.0, id="a", kind="click"))[:9])
    recovered: list[Path] = []
    async with running(tmp_path / "s.json", on_recovered=recovered.append) as bench:
        await bench.collector.start()
        await bench.collector.stop()
    assert recovered == [tmp_path / "s-recovered.json"]
    kept = session.read(recovered[0])
    assert [call.id for call in kept.calls] == ["r1"]
    assert any("cut off" in note for note in kept.notes)
    assert session.read(tmp_path / "s.json").calls == ()
    assert not (tmp_path / "s.journal").exists()


async def test_a_journal_with_nothing_in_it_leaves_no_session(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "session-20260101-101010.journal")
    await journal.append([encode(Mark(page="", seq=1, at=0.0, what="start"))])
    await journal.close()
    assert Names(tmp_path).leftovers() == [tmp_path / "session-20260101-101010.journal"]
    assert recover(tmp_path / "session-20260101-101010.journal", TinyFold) is None
    assert list(tmp_path.iterdir()) == []


async def test_the_journal_of_a_living_recorder_is_left_alone(tmp_path: Path) -> None:
    async with running(tmp_path / "s.json") as bench:
        await bench.collector.start()
        assert Names(tmp_path / "s.json").leftovers() == []
        async with running(tmp_path / "s.json") as other:
            with pytest.raises(FileError, match="another recorder"):
                await other.collector.start()


async def test_the_token_is_random_and_in_no_state() -> None:
    one, two = (Collector(APP, Names(None), no_fetch, fold=TinyFold) for _ in range(2))
    assert one.token != two.token and len(one.token) >= 32
    assert one.token not in repr(one.state)


async def test_states_are_told_to_the_shell(tmp_path: Path) -> None:
    states: list[State] = []
    async with running(tmp_path / "s.json", on_state=states.append) as bench:
        await bench.collector.start()
        await bench.collector.stop()
    assert [(s.recording, s.saving) for s in states if not s.error][-1] == (False, False)
    assert (True, True) in [(s.recording, s.saving) for s in states]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a (1).png", "a (1).png"),
        ("ünï.txt", "ünï.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\dir\\x.txt", "x.txt"),
        ("", "file"),
        ("/", "file"),
        ("..", "_"),
        (".bashrc", "_bashrc"),
        ("-rf", "_rf"),
        ("a\nb\x00c", "a_b_c"),
        ("a\u202eb", "a_b"),
        ("\ud800x", "_x"),
        ("con.txt", "_con.txt"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("é" * 300, "é" * 100),
        ("a:b", "a_b"),
    ],
)
def test_a_file_name_is_kept_as_near_as_is_safe(name: str, kept: str) -> None:
    assert file_name(name) == kept


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Host/x?y", "http://host"),
        ("http://host:80/", "http://host"),
        ("https://host:443/", "https://host"),
        ("https://host:80/", "https://host:80"),
        ("http://[::1]:7860/", "http://[::1]:7860"),
        ("ws://host:1/", "http://host:1"),
        ("javascript:alert(1)", ""),
        ("http://host:99999/", ""),
        ("http://", ""),
    ],
)
def test_origins_are_compared_in_one_form(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_a_fold_is_made_by_the_registry_where_none_is_given() -> None:
    made: Callable[..., Any] = Collector
    assert made(APP, Names(None), no_fetch)._new_fold is new_fold


async def test_what_is_changed_in_a_panel_is_on_disk_and_pages_of_other_sites_see_no_panel(
    tmp_path: Path,
) -> None:
    collector = Collector(
        APP, Names(tmp_path / "s.json"), no_fetch, token="t", fold=TinyFold, open_panel=Panel
    )
    collector.viewers = {APP}
    ours, theirs = Ears(), Ears()
    pages = [collector.connect(ours, origin=APP), collector.connect(theirs, origin="http://elsewhere.test")]
    for name, page in zip(("ours", "theirs"), pages, strict=True):
        page.receive(json.dumps({"t": "hello", "page": name, "token": "t", "v": 1}))
    await collector.start()
    request = {
        "t": "request",
        "page": "ours",
        "seq": 1,
        "at": 1.0,
        "id": "r",
        "method": "GET",
        "url": f"{APP}/a",
    }
    pages[0].receive(json.dumps(request))
    for page in pages:
        page.receive('{"t": "take", "what": "session"}')
        page.receive('{"t": "look"}')
    await ours.hear(lambda message: isinstance(message, State) and message.panel)
    await ours.hear(lambda message: isinstance(message, Given))
    await ours.hear(lambda message: isinstance(message, View) and message.length == 1)
    pages[0].receive('{"t": "edit", "what": "delete", "call": "r"}')
    await ours.hear(lambda message: isinstance(message, View) and message.length == 0)
    (journal,) = tmp_path.glob("*.journal")
    assert "edited" in [json.loads(line)["t"] for line in journal.read_text().splitlines()]
    await collector.stop()
    assert session.read(tmp_path / "s.json").calls == ()
    assert {type(message) for message in theirs.said} == {State}
    assert not any(message.panel for message in theirs.said if isinstance(message, State))
    await collector.close()


async def test_what_a_later_acknowledgement_says_too_is_not_said(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    journal = tmp_path / "s.json"
    collector = Collector(APP, Names(journal), no_fetch, token="t" * 43, fold=TinyFold)
    hello = {"t": "hello", "page": "p", "token": "t" * 43, "v": PROTOCOL}
    frames = iter(
        [
            json.dumps(hello),
            *(encode(Act(page="p", seq=seq, at=1.0, id="a", kind="click")).decode() for seq in range(1, 21)),
        ]
    )
    is_all_said = asyncio.Event()

    async def receive() -> str | None:
        # All frames are there before the first is durable.
        if (frame := next(frames, None)) is None:
            await is_all_said.wait()
        return frame

    async def send(text: str) -> None:
        said.append(json.loads(text))
        if said[-1].get("seq") == 20:
            is_all_said.set()

    await collector.start()
    await channel.converse(collector, receive, send, origin=ORIGIN, cookie="")
    assert [message["seq"] for message in said if message["t"] == "ack"] == [20]
    await collector.stop()
    await collector.close()

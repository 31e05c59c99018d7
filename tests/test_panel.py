"""What a panel is told and what it asks, without a page."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder import session as sessions
from recorder.adapters import workflow
from recorder.capture.beside import Snapshot
from recorder.capture.saved import Saved
from recorder.errors import FileError
from recorder.events import Edit, Edited, Given, Look, Script, Take, ToPanel, Trouble, View
from recorder.serve.panel import (
    DEEPEST,
    LONGEST_TEXT,
    MOST_ITEMS,
    Panel,
    changes_of,
    coloured,
    cut,
    kept_at,
    packed,
)
from recorder.session import File, Session, Value
from recorder.show import compared, overview
from recorder.workflow import Names
from tests.test_edits import a_call, a_session

lines = st.lists(st.tuples(st.sampled_from("ks"), st.sampled_from(["a", "b", "", "c d"])), max_size=30)


@given(lines, lines)
def test_what_is_told_of_a_script_makes_the_new_one_of_the_old(was: list[Any], now: list[Any]) -> None:
    shown = list(was)
    for at, gone, fresh in changes_of(was, now):
        shown[at : at + gone] = fresh
    assert shown == now


def test_a_line_more_is_told_as_one_line() -> None:
    was = [("", f"line {n}") for n in range(100)]
    now = [*was[:10], ("", "new"), *was[10:90], ("", "other"), *was[91:]]
    assert sorted((gone, len(fresh)) for _, gone, fresh in changes_of(was, now)) == [(0, 1), (1, 1)]


@given(st.text(), st.sampled_from([".py", ".mjs", ".sh", ".md", ".json", ".nothing"]))
def test_what_is_coloured_is_still_the_same_text(text: str, suffix: str) -> None:
    text = text.replace("\r", "")
    shown = "\n".join("".join(line[1::2]) for line in coloured(text, suffix))
    assert shown == text.removesuffix("\n")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_value_that_can_be_looked_at_is_shown_whole(value: Any) -> None:
    def depth(inner: Any) -> int:
        items = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
        return 1 + max(map(depth, items), default=0) if items else 0

    if depth(value) <= DEEPEST:
        assert cut(value) == value


def test_of_a_large_value_no_more_is_told_than_can_be_looked_at() -> None:
    assert cut("x" * 10**6) == "x" * LONGEST_TEXT + "…"
    assert len(cut(list(range(10**5)))) == MOST_ITEMS + 1
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert len(str(cut(deep))) < 50


class Recorded:
    """A recording that a test changes."""

    def __init__(self, session: Session, path: Path) -> None:
        self.session, self.path = session, path
        self.edits: tuple[Edited, ...] = ()

    def snapshot(self) -> Snapshot:
        return Snapshot(session=self.session, edits=self.edits, path=self.path, live=True)

    async def edit(self, edit: Edited) -> None:
        self.edits = (*self.edits, edit)


class Ears:
    """What the panel said, as it says it."""

    def __init__(self) -> None:
        self.said: list[ToPanel] = []
        self._more = asyncio.Event()

    def __call__(self, message: ToPanel) -> None:
        self.said.append(message)
        self._more.set()

    async def hear(self, is_it: Callable[[ToPanel], bool]) -> Any:
        """The first message that it is, which is then said; waits for it."""
        while not (found := [message for message in self.said if is_it(message)]):
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 10)
        self.said.remove(found[0])
        return found[0]


async def test_of_the_calls_only_what_is_new_is_told(tmp_path: Path) -> None:
    recorded, ears = Recorded(a_session(a_call(1, "a"), a_call(2, "b")), tmp_path / "s.json"), Ears()
    panel = Panel(recorded, ears)
    panel.receive(Look())
    first: View = await ears.hear(lambda m: isinstance(m, View))
    assert [place for place, _ in first.calls] == [0, 1] and first.length == 2 and first.live
    script: Script = await ears.hear(lambda m: isinstance(m, Script))
    assert script.anew and script.target == "python"
    recorded.session = a_session(*recorded.session.calls, a_call(3, "c"))
    panel.changed()
    second: View = await ears.hear(lambda m: isinstance(m, View))
    assert [place for place, _ in second.calls] == [2] and second.length == 3
    grown: Script = await ears.hear(lambda m: isinstance(m, Script))
    assert not grown.anew and 0 < sum(len(fresh) for _, _, fresh in grown.changes) < 12
    panel.receive(Edit("delete", "c1"))
    panel.changed()
    third: View = await ears.hear(lambda m: isinstance(m, View) and m.length == 2)
    assert [call["id"] for _, call in third.calls] == ["c2", "c3"] and third.undo
    panel.close()


async def test_a_target_that_cannot_say_it_tells_why(tmp_path: Path) -> None:
    ears = Ears()
    files = [File(name="x", path=path) for path in ("a.files/x", "../b.files/x")]
    panel = Panel(Recorded(a_session(*map(a_call, (1, 2), files)), tmp_path / "s.json"), ears)
    await panel.answer(Look(target="curl"))
    said = await ears.hear(lambda m: isinstance(m, Script))
    assert "outside" in said.error and said.changes == ()
    await panel.answer(Edit("delete", "c2"))
    await panel.answer(Look(target="curl"))
    said = await ears.hear(lambda m: isinstance(m, Script))
    assert not said.error and said.anew and said.changes
    # One that this kind of app has not is answered with the first that it has.
    await panel.answer(Look(target="har"))
    assert (await ears.hear(lambda m: isinstance(m, Script))).target == "python"
    panel.close()


async def test_a_wish_that_cannot_be_is_answered_in_a_sentence(tmp_path: Path) -> None:
    ears = Ears()
    panel = Panel(Recorded(a_session(a_call(1, "a")), tmp_path / "s.json"), ears)
    await panel.answer(Edit("delete", "c9"))
    assert "no call 'c9'" in (await ears.hear(lambda m: isinstance(m, Trouble))).sentence
    for path in ("../../etc/passwd", "/etc/passwd", "replay/../../x", "replay/" + "0" * 64, "s.files/1/x"):
        await panel.answer(Take("file", path=path))
        given = await ears.hear(lambda m: isinstance(m, Given))
        assert given.error and not given.data, path
    panel.close()


def with_file(tmp_path: Path, content: bytes = b"hello") -> tuple[Session, Path]:
    """A session with one file, written."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = tmp_path / "s.json"
    file = File(name="it's.txt", sha256=sha256, size=len(content), path=f"s.files/{sha256[:16]}/it's.txt")
    session = a_session(a_call(1, file))
    sessions.write(session, path)
    sessions.write_whole(tmp_path / file.path, content)
    return session, path


async def test_a_file_of_the_session_is_given_and_no_other(tmp_path: Path) -> None:
    session, path = with_file(tmp_path)
    (tmp_path / "secret.txt").write_text("secret")
    ears = Ears()
    panel = Panel(Saved(path), ears)
    file = session.calls[0].inputs[0].value
    await panel.answer(Take("file", path=file.path))
    given = await ears.hear(lambda m: isinstance(m, Given))
    assert base64.b64decode(given.data) == b"hello" and given.name == "it's.txt"
    for lie in ("secret.txt", "s.files/../secret.txt", str(tmp_path / "secret.txt")):
        with pytest.raises(FileError, match="not among the files"):
            kept_at(File(name="x", path=lie), path)
    (tmp_path / file.path).unlink()
    os.symlink(tmp_path / "secret.txt", tmp_path / file.path)
    await panel.answer(Take("file", path=file.path))
    assert (await ears.hear(lambda m: isinstance(m, Given))).error
    panel.close()


def test_an_archive_is_read_as_the_session_that_it_was_made_of(tmp_path: Path) -> None:
    session, path = with_file(tmp_path)
    elsewhere = tmp_path / "there"
    elsewhere.mkdir()
    (elsewhere / "mine.zip").write_bytes(packed(session, path))
    read = sessions.read(elsewhere / "mine.zip")
    file = read.calls[0].inputs[0].value
    assert file.path.startswith("mine.files/") and (elsewhere / file.path).read_bytes() == b"hello"
    assert stat.S_IMODE((elsewhere / file.path).stat().st_mode) == 0o600
    assert workflow(read).steps and sessions.read(elsewhere / "mine.zip") == read


def archive(path: Path, members: dict[str, bytes | zipfile.ZipInfo]) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in members.items():
            pack.writestr(name, content)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/tmp/evil.txt", "s.files/1/..", "a\\..\\evil", "s.files/x/\0"]
)
def test_an_archive_writes_nothing_outside_its_own_folder(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    content = b"evil"
    file = File(name="x", sha256=hashlib.sha256(content).hexdigest(), size=4, path=name)
    packed_session = sessions.dump(a_session(a_call(1, file))).encode()
    try:
        read = sessions.read(archive(inside / "s.zip", {"s.json": packed_session, name: content}))
    except (FileError, ValueError):
        pass
    else:
        assert read.calls[0].inputs[0].value.path.startswith("s.files/")
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert all(p.startswith(("a/b/s.files/", "a/b/s.zip")) for p in written), written


def test_an_archive_that_is_none_or_holds_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    session, path = with_file(tmp_path)
    text, file = sessions.dump(session).encode(), session.calls[0].inputs[0].value
    bomb = File(name="b", sha256="0" * 64, size=5, path="s.files/0/b")
    cases: dict[str, dict[str, Any]] = {
        "not an archive of one session": {"a.json": text, "b.json": text},
        "lacks the file": {"s.json": text},
        "is not what was recorded": {"s.json": text, file.path: b"other"},
        "not what was recorded": {
            "s.json": sessions.dump(a_session(a_call(1, bomb))).encode(),
            bomb.path: b"\0" * 10**7,
        },
        "is not JSON": {"s.json": b"{"},
    }
    for why, members in cases.items():
        with pytest.raises(FileError, match=why):
            sessions.read(archive(tmp_path / "x.zip", members))
    (tmp_path / "x.zip").write_bytes(packed(session, path)[:-30])
    with pytest.raises(FileError, match="is not an archive"):
        sessions.read(tmp_path / "x.zip")


async def test_a_saved_session_is_changed_in_its_file_until_somebody_else_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    sessions.write(a_session(a_call(1, "a"), a_call(2, "b")), path)
    saved, ears = Saved(path), Ears()
    panel = Panel(saved, ears)
    await panel.answer(Edit("delete", "c1"))
    assert [call.id for call in sessions.read(path).calls] == ["c2"]
    await panel.answer(Edit("undo"))
    assert [call.id for call in sessions.read(path).calls] == ["c1", "c2"]
    await panel.answer(Edit("delete", "c2"))
    other = a_session(a_call(7, "z"))
    sessions.write(other, path)
    os.utime(path, ns=(1, 1))
    await panel.answer(Edit("undo"))
    assert sessions.read(path) == other
    path.unlink()
    await panel.answer(Edit("delete", "c7"))
    assert "not there any more" in (await ears.hear(lambda m: isinstance(m, Trouble))).sentence
    assert not path.exists()
    panel.close()


def shown(*calls: Any) -> Any:
    session = a_session(*calls)
    return overview(session, workflow(session))


def test_two_sessions_are_held_against_each_other_call_by_call() -> None:
    def picture(sha256: str, path: str) -> File:
        return File(name="a.png", sha256=sha256, path=path)

    first = shown(
        a_call(1, "a"),
        a_call(2, "b"),
        a_call(3, picture("1", "x/1")),
        a_call(4, "d", error="no", status="failed"),
    )
    second = shown(
        a_call(1, "a"),
        a_call(2, "c", out="y"),
        a_call(3, picture("1", "y/1")),
        a_call(4, "d"),
        a_call(5, "e"),
    )
    made = compared(first, second)
    hidden = [shown(a_call(1, f"a [recorder-secret:{n * 16}:RECORDER_SECRET_X]")) for n in ("1", "2")]
    assert compared(*hidden).same == 1
    assert [(pair.first, pair.second, [d.what for d in pair.differences]) for pair in made.pairs] == [
        ("c1", "c1", []),
        ("c2", "c2", ["input name", "output said"]),
        ("c3", "c3", []),
        ("c4", "c4", ["status"]),
        ("", "c5", []),
    ]
    assert made.same == 2
    assert compared(second, second).same == 5


def test_a_call_that_only_one_has_is_told_as_such() -> None:
    other = Value(name="name", value="z", changed=True)
    first = shown(a_call(1, "a"), a_call(2, "x", endpoint="/other", inputs=(other,)), a_call(3, "b"))
    made = compared(first, shown(a_call(1, "a"), a_call(2, "b")))
    assert [(pair.endpoint, pair.first, pair.second) for pair in made.pairs] == [
        ("/greet", "c1", "c1"),
        ("/other", "c2", ""),
        ("/greet", "c3", "c2"),
    ]


@given(st.sets(st.integers(2, 60)), st.booleans())
def test_a_name_is_made_unlike_all_that_are_taken(numbers: set[int], is_taken: bool) -> None:
    taken = Names({f"x_{number}" for number in numbers} | ({"x"} if is_taken else set()))
    before = set(taken)
    name = taken.free("x")
    assert name not in before and taken == before | {name}
    free = ["x", *(f"x_{number}" for number in range(2, 100))]
    assert name == next(each for each in free if each not in before)

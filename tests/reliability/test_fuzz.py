"""What cannot be read is refused with a sentence that names the file and the remedy, and what can be read can be worked
with: every reader of the project, given what nobody would write."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import MANY
from recorder import config, events
from recorder import session as sessions
from recorder.adapters import new_fold, workflow
from recorder.adapters.gradio.wire import Messages, apply_diff
from recorder.adapters.http.fold import HttpFold
from recorder.adapters.http.har import events as events_of_har
from recorder.capture import journal as journals
from recorder.capture.ingest import Ingest, Progress, Refusal
from recorder.errors import FileError, RecorderError
from recorder.render import render
from recorder.show import dump, overview
from tests import gradio_page
from tests.test_ingest import _shaped

ROOT = Path(__file__).parent.parent
CASES = 15_000 if MANY else 300
"""For each of seven readers: more than a hundred thousand together, or two thousand."""
fuzz = settings(
    max_examples=CASES,
    derandomize=not MANY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=20)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([2**70, -1, "", "__proto__"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)


def places(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the outermost first."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [here, *(place for key, item in inner for place in places(item, (*here, key)))]


def changed(tree: Any, place: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not place:
        return change(tree)
    first, *rest = place
    if isinstance(tree, dict):
        return {k: changed(v, tuple(rest), change) if k == first else v for k, v in tree.items()}
    return [changed(v, tuple(rest), change) if n == first else v for n, v in enumerate(tree)]


@st.composite
def mutated(draw: Any, documents: list[Any]) -> Any:
    """One of the documents, wrong at one to three places."""
    tree = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(tree)))
        other = draw(ANY)
        what = draw(st.sampled_from(["replace", "replace", "remove", "twice", "deeper"]))
        if what == "replace" or not place:
            tree = changed(tree, place, lambda old, other=other: other)
        elif what == "deeper":
            tree = changed(tree, place, lambda old: [old])
        else:

            def less_or_more(owner: Any, key: Any = place[-1], what: str = what) -> Any:
                if isinstance(owner, dict):
                    return (
                        {k: v for k, v in owner.items() if k != key}
                        if what == "remove"
                        else {**owner, f"{key}2": owner[key]}
                    )
                return (
                    [v for n, v in enumerate(owner) if n != key] if what == "remove" else [*owner, owner[key]]
                )

            tree = changed(tree, place[:-1], less_or_more)
    return tree


def torn(text: bytes) -> st.SearchStrategy[bytes]:
    """The text with some of its bytes cut out or others put in."""
    cut = st.tuples(
        st.integers(0, len(text)),
        st.integers(0, 40),
        st.binary(max_size=6) | st.sampled_from([b"[" * 5000, b'"']),
    )
    return cut.map(lambda c: text[: c[0]] + c[2] + text[c[0] + c[1] :])


def sentence(error: RecorderError, name: str) -> None:
    """What is refused is refused as it should be."""
    said = str(error)
    assert name in said, f"which file? {said}"
    assert error.remedy, f"and now? {said}"
    assert "\n" not in said and len(said) < 2000, said


class Tried:
    """Counts what was given to a reader, and what of it was read."""

    def __init__(self) -> None:
        self.cases = 0
        self.read = 0

    def tell(self, promise: Callable[..., None], what: str) -> None:
        promise(f"fuzz: {what}", self.cases, [], f"{self.read:,} of them were readable")


@pytest.fixture
def tried() -> Tried:
    return Tried()


SESSIONS = [json.loads(path.read_text()) for path in sorted((ROOT / "sessions").glob("*.json"))]
SMALL = [tree for tree in SESSIONS if len(json.dumps(tree)) < 9000]


def worked_with(session: sessions.Session) -> None:
    """Whatever can be read can be written, shown and rendered, or it is said why not."""
    again = sessions.parse(sessions.dump(session), "s.json")
    assert sessions.dump(again) == sessions.dump(session)
    try:
        made = workflow(session)
        dump(overview(session, made))
        compile(render(made, "python"), "s.py", "exec")
    except RecorderError as error:
        assert error.remedy or str(error)


def test_session_files(promise: Callable[..., None], tried: Tried) -> None:
    whole = [json.dumps(tree).encode() for tree in SMALL]
    texts = mutated(SMALL).map(lambda tree: json.dumps(tree).encode()) | st.sampled_from(whole).flatmap(torn)

    @fuzz
    @given(texts | st.binary(max_size=30))
    def run(text: bytes) -> None:
        tried.cases += 1
        try:
            session = sessions.parse(text, "s.json")
        except FileError as error:
            return sentence(error, "s.json")
        tried.read += 1
        worked_with(session)

    run()
    tried.tell(promise, "session files")


def told() -> list[events.AnyEvent]:
    """The events of a page that calls an endpoint, streams and fails."""
    page = gradio_page.Page(
        [gradio_page.component(1, "textbox", label="in"), gradio_page.component(2, "file", label="out")],
        [gradio_page.dependency(0, [[3, "click"]], [1], [2])],
    )
    page.call(
        0,
        ["a"],
        [{"path": "/tmp/x", "orig_name": "x", "url": "/x", "meta": {"_type": "gradio.FileData"}}],
        trigger=3,
    )
    event = page.join(0, ["b"], 3, act=page.act())
    page.say(event, "process_generating", success=True, output={"data": ["x"]})
    page.say(event, "process_generating", success=True, output={"data": [[["append", [], "y"]]]})
    page.complete(event, ["xy"])
    page.say(
        page.join(0, ["c"], 3, act=page.act()), "process_completed", success=False, output={"error": "no"}
    )
    return page.events


def test_journals(promise: Callable[..., None], tried: Tried, tmp_path: Path) -> None:
    lines = [json.loads(events.dump(event)) for event in told()]
    texts = mutated([lines]).map(
        lambda tree: (
            b"\n".join(json.dumps(line).encode() for line in tree) + b"\n"
            if isinstance(tree, list)
            else b"{}\n"
        )
    )
    whole = b"\n".join(json.dumps(line).encode() for line in lines)
    path = tmp_path / "s.journal"

    @fuzz
    @given(texts | torn(whole))
    def run(text: bytes) -> None:
        tried.cases += 1
        path.write_bytes(text)
        reading = journals.read(path)
        assert all("s.journal" in note for note in reading.notes)
        assert reading.torn == (not text.endswith(b"\n") and text != b"")
        tried.read += not reading.notes
        fold = new_fold()
        for event in reading.events:
            fold.feed(event)
        fold.wants()
        worked_with(fold.session())
        for other in fold.others():
            worked_with(other)

    run()
    tried.tell(promise, "journals, and the sessions made from them")


def test_what_pages_say(promise: Callable[..., None], tried: Tried) -> None:
    lines = [json.loads(events.dump(event)) for event in told()[1:]]
    hello = json.dumps({"t": "hello", "page": "P", "token": "right", "v": events.PROTOCOL})

    @fuzz
    @given(st.lists(st.lists(mutated(lines) | _shaped, max_size=4) | st.binary(max_size=20), max_size=4))
    def run(frames: list[Any]) -> None:
        tried.cases += 1
        progress = Progress()
        ingest = Ingest("right", lambda: progress, lambda: 0.0)
        ingest.receive(hello)
        for frame in frames:
            text = frame if isinstance(frame, bytes) else "\n".join(map(json.dumps, frame))
            for outcome in ingest.receive(text):
                if isinstance(outcome, Refusal):
                    assert outcome.message.why.startswith("API Recorder ") and outcome.message.why.endswith(
                        "."
                    )
        tried.read += not ingest.closed

    run()
    tried.tell(promise, "messages of pages to the collector")


def test_hars(promise: Callable[..., None], tried: Tried) -> None:
    documents = []
    for path in sorted((ROOT.parent / "e2e" / "web" / "hars").glob("*.har")):
        tree = json.loads(path.read_text())
        tree["log"]["entries"] = tree["log"]["entries"][:3]
        documents.append(tree)
    whole = [json.dumps(tree).encode() for tree in documents]
    texts = mutated(documents).map(lambda tree: json.dumps(tree).encode())

    @fuzz
    @given(texts | st.sampled_from(whole).flatmap(torn))
    def run(text: bytes) -> None:
        tried.cases += 1
        fold = HttpFold()
        try:
            read = list(events_of_har(text, "x.har"))
        except FileError as error:
            return sentence(error, "x.har")
        tried.read += 1
        for event in read:
            fold.feed(event)
        fold.wants()
        worked_with(fold.session())

    run()
    tried.tell(promise, "HAR files")


TOML = b"""
[serve]
at_once = 2
[secrets]
names = ["pin"]
[endpoints."/greet"]
name = "welcome"
description = "Says hello."
hidden = false
[endpoints."/greet".parameters.name]
name = "who"
"""


def test_configurations(promise: Callable[..., None], tried: Tried, tmp_path: Path) -> None:
    path = tmp_path / "recorder.toml"
    lines = TOML.decode().splitlines()
    texts = ["true", "-1", '""', "[]", "{}", '["a", "b*"]', "1979-05-27", "nan", '"((("', '"x"', "3"]
    keys = st.sampled_from([line.partition(" = ")[0] for line in lines if line])
    wrong = st.tuples(keys, st.sampled_from(texts)).map(lambda p: p[0] if p[0][0] == "[" else " = ".join(p))
    other = st.lists(st.sampled_from(lines) | wrong, max_size=12).map(lambda said: "\n".join(said).encode())

    @fuzz
    @given(other | torn(TOML) | ANY_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
    def run(text: bytes) -> None:
        tried.cases += 1
        path.write_bytes(text)
        try:
            config.read(path)
        except FileError as error:
            assert re.search(r", line \d+: ", str(error)), error
            return sentence(error, "recorder.toml")
        tried.read += 1

    run()
    tried.tell(promise, "recorder.toml")


def test_event_streams(promise: Callable[..., None], tried: Tried) -> None:
    messages = [json.loads(event.text[6:]) for event in told() if isinstance(event, events.Chunk)]
    texts = st.lists(
        mutated(messages).map(lambda m: f"data: {json.dumps(m)}\n\n".encode()) | st.binary(max_size=20),
        max_size=5,
    )

    @fuzz
    @given(texts, st.lists(st.integers(0, 400), max_size=5))
    def run(parts: list[bytes], cuts: list[int]) -> None:
        tried.cases += 1
        text = b"".join(parts).decode("utf-8", "replace")
        edges = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
        pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
        stream, whole = Messages(), Messages()
        assert [m for piece in pieces for m in stream.feed(piece)] == list(
            whole.feed(text)
        ) or "nan" in text.lower()
        begun, last = told()[:7], told()[-1]
        assert isinstance(last, events.Chunk)
        fold = new_fold()
        for event in begun:
            fold.feed(event)
        for number, piece in enumerate(pieces):
            fold.feed(msgspec.structs.replace(last, seq=1000 + number, text=piece))
        fold.session()
        tried.read += 1

    run()
    tried.tell(promise, "Gradio's event streams")


def test_stream_diffs(promise: Callable[..., None], tried: Tried) -> None:
    edits = [[["append", ["a", 0], "x"], ["replace", [], 1], ["add", ["b"], {}], ["delete", ["a", 1], None]]]

    @fuzz
    @given(ANY | st.just({"a": ["x", "y"]}), mutated(edits))
    def run(value: Any, edit: Any) -> None:
        tried.cases += 1
        before = json.dumps(value)
        try:
            apply_diff(value, edit)
            tried.read += 1
        except (ValueError, TypeError, LookupError):
            pass
        assert json.dumps(value) == before, "what came earlier is kept"

    run()
    tried.tell(promise, "Gradio's diffs")

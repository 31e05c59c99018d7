"""The recording panel, as far as it is not drawn: what a page is shown of a recording and its scripts, and what comes
of what a person does there. Pages of a saved session ask the same.

What is told of the calls are the structs of ``recorder show --json``, their values cut to what can be looked at, and
of a call only once, until it changes.
"""

from __future__ import annotations

import asyncio
import base64
import io
import mimetypes
import os
import secrets
import tempfile
import time
import zipfile
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

from recorder.adapters import Selection, workflow
from recorder.capture.beside import Recorded, Snapshot
from recorder.edits import edited, resolved, undoable
from recorder.errors import FileError, RecorderError, UsageError
from recorder.events import (
    Again,
    Came,
    Edit,
    FromPanel,
    Given,
    Look,
    Ran,
    Script,
    Take,
    ToPanel,
    Trouble,
    View,
)
from recorder.render import Options, render, renderers
from recorder.replay.plan import plan
from recorder.replay.report import StepReport
from recorder.replay.run import run_plans
from recorder.replay.transport import OWN_HEADERS
from recorder.serve.page import examples, markdown, page_of
from recorder.session import (
    File,
    Session,
    dump,
    encode_value,
    files_folder,
    files_in,
    map_files,
    map_values,
    within,
)
from recorder.show import Overview, ShownCall, overview, recorded
from recorder.workflow import Workflow, identifier

Lines = list[tuple[str, ...]]
"""A text, line by line: each as kinds of tokens and their texts in turn."""

AT_ONCE = 0.02
OFTEN = 0.1
"""Seconds between two looks at a recording that goes on, at least: for calls that are missing, and for all that is
known of it."""
SHARE = 2
"""How many times longer than a look takes it waits before the next, and for how many seconds at most."""
SELDOM = 2.0
LONGEST_TEXT = 2_000
MOST_ITEMS = 50
DEEPEST = 6
"""How much of a value is shown: characters of a text, items of a list or object, and levels."""
LONGEST_LINE = 2_000
"""Characters of a line of a script that are shown; the script itself has all of them."""
LARGEST_DIFFERENCE = 20_000
"""Lines between the first and the last that changed, up to which it is told which of them did."""
LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file that is given to the page."""
MOST_OMITTED = 200


class Panel:
    """One open panel.

    Args:
        recorded: the recording that it shows.
        say: takes what is to be said to the page; must not block.
        environment: where secrets and the login for replays are.
        headers: what goes with every request that a replay makes.
        copies: a folder for the files that come of replays; one that goes with the panel, if None.
    """

    def __init__(
        self,
        recorded: Recorded,
        say: Callable[[ToPanel], None],
        *,
        environment: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        copies: Path | None = None,
    ) -> None:
        self._recorded = recorded
        self._say = say
        self._environment = os.environ if environment is None else environment
        self._headers = headers
        self._target = ""
        self._looking: asyncio.Task[None] | None = None
        self._due = (asyncio.Event(), asyncio.Event(), asyncio.Event())
        """What may be out of date: whether calls are missing, what is known of them, the script."""
        self._told: list[Any] = []
        self._early: list[tuple[float, Any]] = []
        """Calls that were told before the workflow had them, and when."""
        self._made: tuple[Session, Workflow, View, Path] | None = None
        self._about: View | None = None
        self._script: tuple[str, Lines] = ("", [])
        self._why = ""
        """Why there is no script."""
        self._replay: asyncio.Task[None] | None = None
        self._copies = copies
        self._own_copies: tempfile.TemporaryDirectory[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, message: FromPanel) -> None:
        """Take what the page asks; what comes of it is said as it comes."""
        if isinstance(message, Look):
            self._look(message)
        elif isinstance(message, Again):
            self._start_replay(message)
        else:
            self._run(self.answer(message))

    def changed(self) -> None:
        """There may be something new to see."""
        missing, known, _ = self._due
        missing.set()
        known.set()

    def close(self) -> None:
        """Nobody looks any more; a replay ends."""
        for task in (self._looking, self._replay, *self._tasks):
            if task is not None:
                task.cancel()
        if self._own_copies is not None:
            self._own_copies.cleanup()
            self._copies = self._own_copies = None

    async def answer(self, message: FromPanel) -> None:
        """Do what the page asks, all of it, once."""
        try:
            if isinstance(message, Look):
                self._target = message.target
                await self._show_calls()
                await self._show_script()
            elif isinstance(message, Edit):
                await self._edit(message)
            elif isinstance(message, Again):
                await self._make_again(message.call)
            else:
                await self._give(message)
        except RecorderError as error:
            if isinstance(message, Again):
                self._say(Ran(summary=str(error)))
            elif isinstance(message, Take):
                self._say(Given(what=message.what, path=message.path, error=str(error)))
            else:
                self._say(Trouble(str(error)))

    # Looking

    def _look(self, message: Look) -> None:
        self._target = message.target
        if not message.on:
            if self._looking is not None:
                self._looking.cancel()
            self._looking = None
            return
        if self._looking is None or self._looking.done():
            # Whoever opens a panel knows nothing yet.
            self._told, self._early, self._about, self._script, self._why = [], [], None, ("", []), ""
            self._looking = asyncio.get_running_loop().create_task(self._keep_looking())
        self.changed()
        self._due[-1].set()

    async def _keep_looking(self) -> None:
        """Each as often as it can be: a long script does not keep the next call out of sight."""
        missing, known, written = self._due
        await asyncio.gather(
            self._keep(missing, self._show_missing, AT_ONCE),
            self._keep(known, self._show_calls, OFTEN),
            self._keep(written, self._show_script, OFTEN),
        )

    async def _keep(
        self, due: asyncio.Event, show: Callable[[], Coroutine[Any, Any, None]], least: float
    ) -> None:
        while True:
            await due.wait()
            due.clear()
            began = time.monotonic()
            try:
                await show()
            except RecorderError as error:
                self._say(Trouble(str(error)))
            except Exception as error:
                # The next call may be one that can be shown again.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "the panel could not show what was recorded", "exception": error}
                )
            took = time.monotonic() - began
            await asyncio.sleep(min(max(least, took * SHARE), SELDOM))

    async def _show_missing(self) -> None:
        """The calls that are new, as they are before it is known what is to be done again."""
        if self._about is None or not self._about.live or (snapshot := self._recorded.snapshot()) is None:
            return
        now = time.monotonic()
        session = edited(snapshot.session, snapshot.edits)
        known = {call["id"] for call in self._told}
        fresh = [
            msgspec.to_builtins(_cut_call(recorded(call, session)))
            for call in session.calls
            if call.id not in known
        ]
        if not fresh:
            return
        self._early += ((now, call) for call in fresh)
        self._tell([*self._told, *fresh], self._about)

    async def _show_calls(self) -> None:
        began = time.monotonic()
        if (snapshot := self._recorded.snapshot()) is None:
            return
        session, made, view, calls = await asyncio.to_thread(_viewed, snapshot)
        self._early = [(at, call) for at, call in self._early if at >= began]
        known = {call["id"] for call in calls}
        self._tell([*calls, *(call for _, call in self._early if call["id"] not in known)], view)
        self._made = session, made, view, snapshot.path
        self._due[-1].set()

    def _tell(self, calls: list[Any], view: View) -> None:
        """What of the calls, or of all else in the view, the page does not know."""
        old = len(self._told)
        fresh = [
            (i, call)
            for i, call in enumerate(calls)
            if i >= old or (self._told[i] is not call and self._told[i] != call)
        ]
        if fresh or len(calls) != len(self._told) or view != self._about:
            self._told, self._about = calls, view
            self._say(msgspec.structs.replace(view, calls=tuple(fresh), length=len(calls)))

    async def _show_script(self) -> None:
        if self._made is None:
            return
        session, made, view, path = self._made
        target = self._target if self._target in view.targets else next(iter(view.targets), "")
        lines, error = await asyncio.to_thread(_lines, session, made, path, target)
        anew = self._script[0] != target or bool(self._why)
        changes = changes_of([] if anew else self._script[1], lines)
        if changes or error != self._why or self._script[0] != target:
            self._say(Script(target=target, anew=anew, changes=changes, error=error))
        self._script, self._why = (target, lines), error

    # Changing

    async def _edit(self, message: Edit) -> None:
        snapshot = self._present()
        if message.what == "undo" and not undoable(snapshot.edits):
            return
        seen = edited(snapshot.session, snapshot.edits)
        await self._recorded.edit(resolved(seen, message, secrets.token_hex(8)))

    def _present(self) -> Snapshot:
        snapshot = self._recorded.snapshot()
        if snapshot is None:
            raise UsageError("Nothing has been recorded yet", "Press API Recorder first")
        return snapshot

    # Replaying

    def _start_replay(self, message: Again) -> None:
        if self._replay is not None and not self._replay.done():
            if not message.on:
                self._replay.cancel()
            return
        if message.on:
            self._replay = self._run(self.answer(message))

    async def _make_again(self, first: str) -> None:
        OWN_HEADERS.set(self._headers)
        snapshot = self._present()
        seen = edited(snapshot.session, snapshot.edits)
        ids = [call.id for call in seen.calls]
        only = tuple(ids[ids.index(first) :]) if first in ids else ()
        made = workflow(seen, Selection(only=only, name=_named(snapshot.path)))
        if self._copies is None:
            self._own_copies = tempfile.TemporaryDirectory(prefix="recorder-", ignore_cleanup_errors=True)
            self._copies = Path(self._own_copies.name)
        told: dict[str, float] = {}

        def tell(report: StepReport) -> None:
            now = time.monotonic()
            # A stream may have thousands of values a second, and nobody can read as many.
            if report.over or now - told.get(report.id, 0.0) >= OFTEN:
                told[report.id] = now
                self._say(_came(report))

        self._say(Ran(running=True, calls=len(made.steps)))
        try:
            reports = await run_plans(
                [plan(made, {}, self._environment)],
                files=snapshot.path.parent,
                on_progress=tell,
                environment=self._environment,
                copies=self._copies,
            )
        except asyncio.CancelledError:
            self._say(Ran(summary="Stopped."))
            raise
        report = reports.runs[0]
        self._say(Ran(ok=report.ok, summary=report.summary()))

    # Giving

    async def _give(self, message: Take) -> None:
        snapshot = self._present()
        if message.what == "file" and message.path.startswith(REPLAYED):
            sha256 = message.path.removeprefix(REPLAYED)
            copy = self._copies / sha256 if self._copies is not None and sha256.isalnum() else Path("file")
            content = await asyncio.to_thread(_content, copy)
            self._say(Given(what="file", path=message.path, data=_base64(content)))
            return
        given = await asyncio.to_thread(_given, snapshot, message)
        self._say(msgspec.structs.replace(given, path=message.path))

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _named(path: Path) -> str:
    return identifier(path.stem, "session")


def _viewed(snapshot: Snapshot) -> tuple[Session, Workflow, View, list[Any]]:
    """The session, its workflow, the view without its calls, and these."""
    session = edited(snapshot.session, snapshot.edits)
    made = workflow(session, Selection(name=_named(snapshot.path)))
    shown = overview(session, made)
    known = renderers(session.app.kind)
    view = View(
        title=session.app.title or session.app.url,
        name=snapshot.path.name,
        live=snapshot.live,
        omitted=tuple((o.id, o.endpoint, o.why) for o in shown.omitted[:MOST_OMITTED]),
        secrets=tuple(secret.name for secret in shown.secrets),
        targets=(*known, API),
        undo=undoable(snapshot.edits),
    )
    return session, made, view, list(_calls(shown))


def _calls(shown: Overview) -> Iterator[Any]:
    for call in shown.calls:
        yield msgspec.to_builtins(_cut_call(call))


def _cut_call(call: ShownCall) -> ShownCall:
    def cut_all(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(msgspec.structs.replace(value, value=cut(value.value)) for value in values)

    return msgspec.structs.replace(
        call,
        inputs=cut_all(call.inputs),
        outputs=cut_all(call.outputs),
        error=call.error[:LONGEST_TEXT] if call.error else call.error,
    )


def cut(value: Any, depth: int = DEEPEST) -> Any:
    """A value, spelled as in a session file, with no more of it than can be looked at."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
    if isinstance(value, list):
        if depth == 0:
            return ["…"] if value else []
        items = [cut(item, depth - 1) for item in value[:MOST_ITEMS]]
        return items if len(value) <= MOST_ITEMS else [*items, "…"]
    if isinstance(value, dict):
        if depth == 0:
            return {"…": "…"} if value else {}
        members = {key[:LONGEST_TEXT]: cut(value[key], depth - 1) for key in list(value)[:MOST_ITEMS]}
        return members if len(value) <= MOST_ITEMS else {**members, "…": "…"}
    return value


API = "api"
"""Beside the targets: what the app offers, with what was recorded as examples, as Markdown."""


def script(session: Session, made: Workflow, path: Path, target: str) -> tuple[str, str]:
    """The script for ``target`` and the usual ending of its name. It runs from anywhere on this machine.

    Args:
        made: the workflow of ``session``, whose file is at ``path``.

    Raises:
        RecorderError: there is no such target, or the session has what it cannot say.
    """
    if target == API:
        return markdown(page_of(session.app, session.api, examples(session), path.parent)), ".md"
    text = render(made, target, Options(files=path.parent.resolve().as_posix()))
    return text, renderers(made.app.kind)[target].suffix


def _lines(session: Session, made: Workflow, path: Path, target: str) -> tuple[Lines, str]:
    """The lines of a script; or why there is none."""
    try:
        return coloured(*script(session, made, path, target)), ""
    except RecorderError as error:
        return [], str(error)


def coloured(text: str, suffix: str) -> Lines:
    """A text in the language of files that end so.

    A kind is the first letter of Pygments' own short names: ``k`` a keyword, ``s`` a text, ``c`` a comment, ``m`` a
    number, ``n`` a name, empty for what has no colour.
    """
    lines: list[list[str]] = [[]]
    for kind, piece in _lexer(suffix).get_tokens(text):
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            line = lines[-1]
            if part and len(line) >= 2 and line[-2] == _short(kind):
                line[-1] += part
            elif part:
                line += (_short(kind), part)
    if not lines[-1]:
        lines.pop()
    return [tuple(_fitting(line)) for line in lines]


def _fitting(line: list[str]) -> Iterator[str]:
    room = LONGEST_LINE
    for kind, text in zip(line[::2], line[1::2], strict=True):
        yield kind
        yield text if len(text) <= room else f"{text[:room]}…"
        room -= len(text)
        if room <= 0:
            return


def _lexer(suffix: str) -> Lexer:
    try:
        return get_lexer_for_filename(f"script{suffix}", stripnl=False, ensurenl=False)
    except ClassNotFound:
        return TextLexer(stripnl=False, ensurenl=False)


def _short(kind: _TokenType) -> str:
    short = STANDARD_TYPES.get(kind, "")
    if short.startswith(("mi", "mf", "mh", "m")):
        return "m"
    # Names that are not defined or called here have no colour of their own.
    return short[:1] if short[:1] in "ksc" or short in ("nf", "nc", "nb", "nt", "na") else ""


def changes_of(was: Lines, now: Lines) -> tuple[tuple[int, int, tuple[tuple[str, ...], ...]], ...]:
    """What to change to make ``now`` of ``was``, as :class:`recorder.events.Script` has it: few lines, if not the
    fewest."""
    shorter = min(len(was), len(now))
    head = 0
    while head < shorter and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < shorter - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    old, new = was[head : len(was) - tail], now[head : len(now) - tail]
    if len(old) > LARGEST_DIFFERENCE:
        return ((head, len(old), tuple(new)),)
    opcodes = SequenceMatcher(None, old, new).get_opcodes()
    return tuple(
        (head + i, until_i - i, tuple(new[j:until_j]))
        for kind, i, until_i, j, until_j in reversed(opcodes)
        if kind != "equal"
    )


REPLAYED = "replay/"
"""Where a page finds a file that came of a replay, by its SHA-256."""


def _came(report: StepReport) -> Came:
    def found(file: File) -> File:
        return msgspec.structs.replace(file, path=f"{REPLAYED}{file.sha256}" if file.sha256 else "")

    outputs = (
        {"name": o.label or o.name, "value": cut(encode_value(map_files(o.value, found)))}
        for o in report.outputs
        if not o.skipped
    )
    return Came(
        call=report.id,
        over=report.over,
        ok=report.ok,
        verdict=report.verdict if report.over else report.status,
        seconds=report.seconds,
        yields=report.yields,
        outputs=tuple(outputs) if report.over else (),
        sentences=tuple(report.sentences()) if report.over else (),
    )


def _given(snapshot: Snapshot, message: Take) -> Given:
    recorded = snapshot.settled() if snapshot.settled is not None else snapshot.session
    session = edited(recorded, snapshot.edits)
    path = snapshot.path
    if message.what == "script":
        made = workflow(session, Selection(name=_named(path)))
        text, suffix = script(session, made, path, message.target)
        names = {"pytest": f"test_{_named(path)}", API: f"{path.stem}-api"}
        name = names.get(message.target, path.stem)
        content = text.encode("utf-8", "surrogatepass")
        return Given(what="script", name=name + suffix, type="text/plain", data=_base64(content))
    if message.what == "session":
        content = dump(session).encode()
        return Given(what="session", name=f"{path.stem}.json", type="application/json", data=_base64(content))
    if message.what == "zip":
        content = packed(session, path)
        return Given(what="zip", name=f"{path.stem}.zip", type="application/zip", data=_base64(content))
    file = next((f for f in _files(session) if f.path == message.path), None)
    if file is None:
        raise FileError(f"The session has no file {message.path!r}")
    kind = file.type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Given(what="file", name=file.name, type=kind, data=_base64(_content(kept_at(file, path))))


def packed(session: Session, path: Path) -> bytes:
    """A session that lies at ``path`` and its files as one archive, which ``recorder`` reads as it does the file.

    Raises:
        FileError: a file is gone, or is not where the session's files are.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(f"{path.stem}.json", dump(session))
        for name in dict.fromkeys(file.path for file in _files(session)):
            pack.write(kept_at(File(name=name, path=name), path), name)
    return archive.getvalue()


def _files(session: Session) -> Iterator[File]:
    """Every file of a session whose bytes were kept."""
    found: list[File] = []

    def look(value: Any) -> Any:
        found.extend(file for file in files_in(value) if file.path)
        return value

    map_values(session, look)
    return iter(found)


def kept_at(file: File, path: Path) -> Path:
    """Where the bytes of a file are, of the session at ``path``.

    Raises:
        FileError: that is not among the session's own files.
    """
    folder = files_folder(path)
    found = within(path.parent, file.path)
    if found is None or not found.is_relative_to(folder.resolve()):
        raise FileError(f"{file.path!r} is not among the files of {path.name}", "Record it again")
    return found


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileError(
                f"{path.name} has more than {LARGEST_FILE // 2**20} MB", "Look for it in its folder"
            )
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror}") from None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()

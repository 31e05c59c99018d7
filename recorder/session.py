"""Session: what happened. Facts, written once by an adapter and never edited by code.

Values are JSON values as the app sent them, with two kinds of leaf that JSON lacks, both spelled as an object
with one key that begins with ``$``:

``{"$file": {"sha256", "name", "size", "type", "path", "url"}}``
    a file: ``path`` is where its bytes are kept, relative to the session file (absent where they could not be kept,
    then ``lost`` says why); ``name`` is the app's own name for it.
``{"$number": "NaN" | "Infinity" | "-Infinity"}``
    a number that JSON cannot write.

An app's own object whose single key begins with ``$`` has that key written with one ``$`` more, so that nothing an
app sends can pass for one of these.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from recorder.address import has_scheme, is_token, is_web
from recorder.api import Api, Endpoint, Location
from recorder.errors import FileError
from recorder.placeholders import LOGIN, PLACEHOLDER, why_not

if TYPE_CHECKING:
    import zipfile

FORMAT = "recorder-session/1"

Status = Literal["ok", "failed", "cancelled", "unfinished"]
TriggerKind = Literal["person", "call", "page", "timer"]
ExpectationKind = Literal["volatile", "unordered", "tolerance", "pattern"]
ReaderKind = Literal[
    "json", "elements", "literal", "entries", "base64", "unquote", "query", "segment", "between"
]
Place = tuple[str | int, ...]
"""Where inside a value: names of members and positions in lists, in turn. ``"*"`` stands for any position."""


class File(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file leaf. ``server_path`` is the app's own name for where it lies, which only that run of the app
    understands.
    """

    name: str
    sha256: str = ""
    size: int | None = None
    type: str | None = None
    path: str = ""
    server_path: str = ""
    url: str = ""
    lost: str = ""
    extra: dict[str, Any] | None = None
    """What the app's own record of the file said beyond this, to be sent again as it was."""
    inline: bool = False
    """No file to the app: its bytes stood within the call, as a ``data:`` URL of this ``type``."""


class App(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The app recorded. ``url`` is its root, to which every call is relative, without a final slash."""

    url: str
    kind: str = "http"
    title: str = ""
    version: str = ""
    api_prefix: str = ""
    protocol: str = ""
    query: str = ""
    """The page's own query string, which the app may read on every call."""
    auth: bool = False


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What made a call. ``call`` is the id of the causing call; ``event`` the app's own word (``click``,
    ``then``)."""

    kind: TriggerKind = "page"
    event: str = ""
    role: str = ""
    name: str = ""
    locator: str = ""
    component_id: int | None = None
    call: str | None = None
    sure: Literal["", "certain", "likely"] = ""
    """How sure it is, where it was told by time and not by the app: ``certain`` if the call began at the act."""

    def words(self) -> str:
        """The trigger as a person says it: ``clicked Submit``, ``then, after c1``."""
        if self.kind == "call":
            return f"{self.event or 'followed'}, after {self.call}" if self.call else self.event
        if self.kind == "page":
            return "the page loaded" if self.event in ("load", "") else f"{self.event} as the page loaded"
        if self.kind == "timer":
            return "a timer ticked"
        if not (self.event or self.name or self.role):
            return "not known"
        verb = _VERBS.get(self.event, self.event or "used")
        return f"{verb} {self.name or self.role or 'a control'}"


_VERBS = {
    "click": "clicked",
    "drag": "dragged",
    "drop": "dropped on",
    "keydown": "pressed a key in",
    "open": "opened",
    "submit": "submitted",
    "change": "changed",
    "input": "changed",
    "select": "selected in",
    "upload": "uploaded to",
    "clear": "cleared",
    "like": "rated in",
    "edit": "edited",
    "retry": "retried in",
    "undo": "undid in",
    "release": "set",
    "blur": "left",
    "focus": "entered",
    "stream": "streamed from",
}


class Value(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One input or output of a call, in wire order, State included (``state`` true, ``value`` None).

    ``changed`` says that the person set this input; ``written_by`` names the call whose output it is, unchanged;
    ``default`` says that it is what the app showed at the start. A person may set ``variable`` by hand.
    ``update`` holds, for an output, the properties the app changed beside or instead of the value.
    """

    name: str = ""
    label: str = ""
    component: str = ""
    component_id: int | None = None
    value: Any = None
    state: bool = False
    changed: bool = False
    default: bool = False
    written_by: str | None = None
    output: int | None = None
    """With ``written_by``: which of that call's outputs, counted in wire order."""
    skipped: bool = False
    """An output the app left as it was, or an input that the public client leaves out."""
    update: dict[str, Any] | None = None
    reply: bool = False
    """An output that is a chat's answer in words, which the public endpoint may spell as a message or as several;
    None where the answer was more than words."""
    variable: str | None = None
    location: Location = ""
    """Where in an HTTP request it travels."""


class Acted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An act of the person: see :class:`recorder.events.Act`. ``at`` is in ms since the epoch."""

    at: float
    kind: str
    role: str = ""
    name: str = ""
    near: tuple[str, ...] = ()


class Typed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a control held once the person had typed, chosen or uploaded something: see
    :class:`recorder.events.Typed`. ``at`` is in ms since the epoch."""

    at: float
    control: str
    kind: Literal["text", "choice", "check", "file"]
    value: str
    shown: str = ""
    label: str = ""
    field: str = ""
    role: str = ""


class Made(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A value that the page made itself: see :class:`recorder.events.Made`. ``at`` is in ms since the epoch."""

    at: float
    how: Literal["uuid", "random", "digest", "signature", "cookie"]
    value: str
    algorithm: str = ""
    of: str | None = None
    name: str = ""
    form: Literal["", "hex", "base64", "base64url", "uuid"] = ""
    size: int = 0


class Timing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``started`` in ms since the epoch; the others in ms from there."""

    started: float = 0.0
    first: float | None = None
    ended: float | None = None


class Frame(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a webcam or microphone sent in the course of one call: all its inputs in wire order, State as None.

    ``at`` is in ms from the call's start. ``passed_over``: another came before the app was ready for this one.
    """

    inputs: tuple[Any, ...] = ()
    at: float = 0.0
    passed_over: bool = False


class Message(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message over a WebSocket: JSON where it is JSON, else its text. ``at`` is in ms from the call's start."""

    value: Any = None
    sent: bool = False
    text: bool = False
    """It is the text itself, even where that could be read as JSON."""
    at: float = 0.0


class Call(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One invocation of an endpoint.

    ``stream`` holds the values before the last one of a generator, each a list of outputs. ``yields`` counts the
    values that arrived. ``error`` is the app's own text. ``page`` groups calls that share server-side State. A
    person may set ``skip`` by hand.
    """

    id: str
    endpoint: str
    trigger: Trigger = Trigger()
    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()
    status: Status = "ok"
    timing: Timing = Timing()
    error: str | None = None
    yields: int = 0
    stream: tuple[Any, ...] = ()
    frames: tuple[Frame, ...] = ()
    """What a device sent after ``inputs``, each answered by a value of ``stream`` or by the last one."""
    cut_short: bool = False
    """The device was switched off while the app still worked on its last frame."""
    logs: tuple[str, ...] = ()
    event_data: Any = None
    trigger_id: int | None = None
    page: str = ""
    stands_for: tuple[str, ...] = ()
    """Ids of omitted calls that this one replaces: the same done in one public call."""
    after: tuple[str, ...] = ()
    """Ids of calls that must be over before this one, where a replay makes several at once. A person's to set."""
    skip: bool = False
    code: int | None = None
    """The status of an HTTP response."""
    how: str = ""
    """By what means of the browser an HTTP request was made: ``fetch``, ``form``, ``document`` and so on."""
    messages: tuple[Message, ...] = ()
    """What went over a WebSocket, both ways."""
    continues: str = ""
    """The call that opened the WebSocket, where these messages go on with its conversation after other calls."""
    until: Place | None = None
    """Asked again and again until what is there in its first output was as it is in this answer."""
    cookies: tuple[tuple[str, str], ...] = ()
    """The cookies whose values the request also carries elsewhere, by name."""
    shows: str = ""
    """The id of the document that the response became, where it became one; calls of that document have it as
    ``page``."""
    cookies_sent: tuple[tuple[str, str], ...] = ()
    """The names of the cookies that the request carried, each with a digest of its value."""
    cookies_set: tuple[tuple[str, str], ...] = ()
    """The names of the cookies that the response set, each with a digest of its value."""
    login: Literal["", "basic", "digest"] = ""
    """The scheme of the login that the browser itself sent with the request, which its own dialog had asked for."""
    moments: tuple[float, ...] = ()
    """When each item of a streamed response arrived, in ms from the start of the call."""
    address: str = ""
    """The path and query as they were sent, where an encoder would write ``inputs`` in another way."""
    body: str = ""
    """The request body as text, where an encoder would write ``inputs`` in another way."""
    charset: str = ""
    """The encoding of the request body's text, where it is not UTF-8."""


class Omitted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A call that is a fact but not a step, and why, in words a person reads.

    ``setup`` marks one that must run first wherever the kept ones are made again (it filled a State, or it made the
    rendered endpoints that a kept call addresses).
    """

    call: Call
    why: str
    setup: bool = False


class SecretName(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A secret: where its placeholder stands in values, ``name`` is the environment variable that scripts read.
    ``claims`` is what a JWT says of whom it is for: calls may use it."""

    name: str
    placeholder: str
    hint: str = ""
    claims: dict[str, str | int | float] = {}


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How one place of a call's output may differ from run to run and still be as recorded.

    ``output`` counts in wire order, ``path`` leads inside its value. ``volatile``: anything of the same kind.
    ``unordered``: the items of a list in any order. ``tolerance``: a number no further than ``tolerance`` from the
    recorded one; of an image or a sound, how unlike it may be, from 0 (not at all) to 1. ``pattern``: a text that the
    regular expression ``pattern`` matches as a whole. ``streamed``: about the values before the last one instead.
    ``evidence`` says in words what was seen.
    """

    call: str
    output: int
    kind: ExpectationKind
    path: Place = ()
    tolerance: float | None = None
    pattern: str = ""
    streamed: bool = False
    evidence: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What replays showed of a link, the input at ``input`` (in wire order) of ``call``.

    ``link``: its value changed, and was taken where it was passed on. ``constant``: it was always the same.
    ``refused``: it changed, and the call then failed.
    """

    call: str
    input: int
    proof: Literal["link", "constant", "refused"]
    evidence: str = ""


class Learnt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What replays showed of one value that ``call`` sends, which nothing in the recording tells.

    ``input`` counts the inputs in wire order; -1 are the messages, -2 the segments of the path, -3 the cookies that the
    page set. ``path`` leads inside, and ``text`` is the recorded value there, or a part of it. ``received``: it is
    what ``source`` gave, in its output ``output`` at ``at``, read by each of ``readers`` in turn (as
    :class:`recorder.workflow.Reader`: kind and path). ``generated``: the page makes such a value anew each time.
    """

    call: str
    input: int
    path: Place = ()
    text: str
    origin: Literal["received", "generated"]
    source: str = ""
    output: int = 0
    at: Place = ()
    readers: tuple[tuple[ReaderKind, Place], ...] = ()
    evidence: str = ""


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded value of the input at ``input`` that the app does not offer any more, and the one in its place."""

    input: int
    was: Any
    now: Any


class Patch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How the calls of one endpoint fit the app as it is now. The calls in the file stay as they were recorded.

    ``endpoint`` is the id of the recorded one, ``now`` the same as the app describes it since. ``inputs`` has for
    each input of ``now`` the position of the recorded one, None for one that is new and takes its default;
    ``outputs`` likewise. ``changes`` are sentences, ``confidence`` is from 0 to 1.
    """

    endpoint: str
    now: Endpoint
    inputs: tuple[int | None, ...] = ()
    outputs: tuple[int | None, ...] = ()
    values: tuple[Replacement, ...] = ()
    changes: tuple[str, ...] = ()
    confidence: float = 1.0


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One recording, start to stop.

    ``expectations``, ``proofs``, ``patches`` and ``learnt`` are what replays learnt of it. They are kept apart from the
    facts, which no code edits, and are applied when a workflow is made.
    """

    format: str = FORMAT
    app: App
    started: str = ""
    """ISO 8601, UTC."""
    stopped: str = ""
    api: Api = Api()
    calls: tuple[Call, ...] = ()
    omitted: tuple[Omitted, ...] = ()
    secrets: tuple[SecretName, ...] = ()
    notes: tuple[str, ...] = ()
    """What was lost, a sentence each."""
    acts: tuple[Acted, ...] = ()
    """What the person did, in order."""
    typed: tuple[Typed, ...] = ()
    """What the person typed, chose and uploaded, in order."""
    made: tuple[Made, ...] = ()
    """What the page made itself, in order."""
    expectations: tuple[Expectation, ...] = ()
    proofs: tuple[Proof, ...] = ()
    patches: tuple[Patch, ...] = ()
    learnt: tuple[Learnt, ...] = ()


def iso(at: float | None) -> str:
    """A moment in ms since the epoch as ISO 8601 in UTC; empty for None, and for what no calendar has."""
    if at is None:
        return ""
    try:
        moment = datetime.fromtimestamp(at / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_names(text: str, spelled: str = r"\1") -> str:
    """``text`` with the name of a secret, written as ``spelled``, where the recording has a placeholder of its
    own."""
    return PLACEHOLDER.sub(spelled, text)


def encode_value(value: Any) -> Any:
    """A value with :class:`File` leaves and any float as plain JSON, by the rules in the module's docstring."""
    if isinstance(value, File):
        return {"$file": msgspec.to_builtins(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        encoded = {k: encode_value(v) for k, v in value.items()}
        if len(encoded) == 1:
            ((key, only),) = encoded.items()
            if isinstance(key, str) and key.startswith("$"):
                return {"$" + key: only}
        return encoded
    if isinstance(value, list | tuple):
        return [encode_value(v) for v in value]
    return value


def decode_value(value: Any) -> Any:
    """The reverse of :func:`encode_value`."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, only),) = value.items()
            if key == "$file":
                return msgspec.convert(only, File)
            if key == "$number":
                return float(only)
            if key.startswith("$$"):
                return {key[1:]: decode_value(only)}
        return {k: decode_value(v) for k, v in value.items()}
    if isinstance(value, list):
        return [decode_value(v) for v in value]
    return value


def map_files(value: Any, replace: Callable[[File], Any]) -> Any:
    """``value`` with every :class:`File` leaf replaced."""
    if isinstance(value, File):
        return replace(value)
    if isinstance(value, dict):
        return {k: map_files(v, replace) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [map_files(v, replace) for v in value]
    return value


def files_in(value: Any) -> Iterator[File]:
    """Every :class:`File` leaf, depth first."""
    if isinstance(value, File):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from files_in(v)
    elif isinstance(value, list | tuple):
        for v in value:
            yield from files_in(v)


def map_values(session: Session, change: Callable[[Any], Any]) -> Session:
    """``session`` with ``change`` applied to each value in it: of inputs, outputs, frames, event data and patches."""
    replace = msgspec.structs.replace

    def slot(v: Value) -> Value:
        return replace(v, value=change(v.value), update=change(v.update))

    def call(one: Call) -> Call:
        return replace(
            one,
            inputs=tuple(map(slot, one.inputs)),
            outputs=tuple(map(slot, one.outputs)),
            stream=tuple(map(change, one.stream)),
            frames=tuple(replace(f, inputs=tuple(map(change, f.inputs))) for f in one.frames),
            messages=tuple(replace(m, value=change(m.value)) for m in one.messages),
            event_data=change(one.event_data),
        )

    return replace(
        session,
        calls=tuple(map(call, session.calls)),
        omitted=tuple(replace(o, call=call(o.call)) for o in session.omitted),
        patches=tuple(
            replace(
                patch,
                values=tuple(replace(v, was=change(v.was), now=change(v.now)) for v in patch.values),
            )
            for patch in session.patches
        ),
    )


def dump(session: Session) -> str:
    """The text of a session file: JSON, two-space indent, one final newline."""
    tree = _to_builtins(session)
    try:
        text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(tree, indent=2, allow_nan=False)
    return text + "\n"


def _to_builtins(session: Session) -> Any:
    tree = msgspec.to_builtins(map_values(session, encode_value))
    # omit_defaults would drop the one key that tells a reader what this file is.
    return {"format": session.format, **tree}


def parse(text: str | bytes, where: str = "the session", *, is_packed: bool = False) -> Session:
    """The reverse of :func:`dump`; older formats are migrated, a newer one is refused.

    Args:
        where: what to call the text in an error.
        is_packed: its files are in an archive, under any names.

    Raises:
        FileError: the sentence names ``where``, the place and the remedy.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        tree = json.loads(text)
    except UnicodeDecodeError as error:
        raise FileError(
            f"{where} is not UTF-8 (byte {error.start})", "Record it again or restore it from a copy"
        ) from None
    except ValueError as error:
        raise FileError(
            f"{where} is not JSON: {error}", "Restore it from a copy, or record it again"
        ) from None
    except RecursionError:
        raise FileError(f"{where} is nested too deeply to read", "Record it again") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("format"), str):
        raise FileError(
            f'{where} is not a recorder session: it has no "format"',
            "Give the file that `recorder record` wrote",
        )
    tree = _migrate(tree, where)
    try:
        session = msgspec.convert(tree, Session)
        if why := _unlikely(session):
            raise FileError(f"{where}: {why}", "Do not use a session that you do not trust")
        # Few sessions hold anything that JSON does not: it would stand under a key that begins so.
        if '"$' in text or "\\u0024" in text:
            session = map_values(session, decode_value)
            if not is_packed:
                map_values(session, lambda value: map_files(value, lambda file: _checked(file, where)))
        return session
    except msgspec.ValidationError as error:
        raise FileError(
            f"{where} does not fit {FORMAT}: {_short(error)}", "Undo the last edit at that place"
        ) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise FileError(f"{where} does not fit {FORMAT}: {_short(error)}", "Undo the last edit") from None


def _unlikely(session: Session) -> str:
    """Why the recorder cannot have written this session; empty if it can. Scripts and replays would otherwise
    read the person's environment, or leave the web."""
    for secret in session.secrets:
        is_login = secret.name in LOGIN and not secret.placeholder
        if not is_login and (why := why_not(secret.name, secret.placeholder)):
            return why
    if session.app.url and not is_web(session.app.url):
        return f"the app's address is {session.app.url[:120]!r}, not one of the web"
    if not re.fullmatch(r"(?:/[\w.~%-]+)*/?", session.app.api_prefix):
        return f"the app's prefix is {session.app.api_prefix[:120]!r}, not a path"
    now = (patch.now for patch in session.patches)
    for endpoint in (*session.api.endpoints, *now):
        if endpoint.method and not is_token(endpoint.method):
            return f"an endpoint has the method {endpoint.method[:80]!r}"
        if has_scheme(endpoint.path) and not is_web(endpoint.path):
            return f"an endpoint is {endpoint.path[:120]!r}, which is not of the web"
    return ""


_KEPT = re.compile(r"(?![.~])[^/\\\0]+\.files(?:/(?!\.\.?(?:/|\Z))[^/\\\0]+)+")


def _checked(file: File, where: str) -> File:
    """A file leaf as the recorder writes them: its bytes lie in a session's own folder. Anything else would have a
    script or a replay send another file of the person's."""
    if file.path and not _KEPT.fullmatch(file.path):
        raise FileError(
            f"{where} names the file {file.path[:200]!r}, which is not one of a session's own files",
            "Do not use a session that you do not trust",
        )
    return file


def _short(error: Exception) -> str:
    """What is wrong and where, without the whole of a long value in between."""
    text = str(error)
    return text if len(text) <= 300 else f"{text[:150]}…{text[-150:]}"


_migrations: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From version n to n + 1."""


def _migrate(tree: dict[str, Any], where: str) -> dict[str, Any]:
    name, _, number = tree["format"].partition("/")
    current = int(FORMAT.partition("/")[2])
    if name != "recorder-session" or not number.isascii() or not number.isdigit():
        raise FileError(
            f"{where} has the format {tree['format'][:40]!r}, not {FORMAT!r}", "Give a recorder session"
        )
    version = int(number)
    if version > current:
        raise FileError(
            f"{where} was written by a newer recorder (format {version}, this one reads {current})",
            "Run `pip install -U api-recorder`",
        )
    while version < current:
        if version not in _migrations:
            raise FileError(
                f"{where} has format {version}, which this recorder cannot read", "Record it again"
            )
        tree = _migrations[version](tree)
        version += 1
    return {**tree, "format": FORMAT}


def read(path: str | os.PathLike[str]) -> Session:
    """The session in a file, or in an archive of one and its files, which are then put where those of a session
    of that name lie.

    Raises:
        FileError: missing, unreadable or not a session; or the files of an archive cannot be written.
    """
    path = Path(path)
    try:
        if path.suffix == ".zip" and path.is_file():
            return _unpacked(path)
        data = path.read_bytes()
    except IsADirectoryError:
        raise FileError(f"{path} is a folder", "Give the session file inside it") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Check the path") from None
    return parse(data, str(path))


MOST_UNPACKED = 4 * 1024**3
"""Bytes that the files of one archive may have together."""
LARGEST_FILE = 512 * 1024**2
"""Bytes of one file in an archive."""
LARGEST_SESSION = 256 * 1024**2
"""Bytes of a session file in an archive."""
MOST_MEMBERS = 20_000
_BLOCK = 1024 * 1024


def _unpacked(path: Path) -> Session:
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MOST_MEMBERS:
                raise FileError(f"{path} has more than {MOST_MEMBERS} members", "Do not use it")
            names = [name for name in archive.namelist() if "/" not in name and name.endswith(".json")]
            if len(names) != 1:
                raise FileError(
                    f"{path} is not an archive of one session", "Give the one that was downloaded"
                )
            session = parse(
                _member(archive, archive.getinfo(names[0]), LARGEST_SESSION),
                f"{names[0]} in {path}",
                is_packed=True,
            )
            left = MOST_UNPACKED

            def moved(file: File) -> File:
                nonlocal left
                if not file.path:
                    return file
                try:
                    info = archive.getinfo(file.path)
                except KeyError:
                    raise FileError(f"{path} lacks the file {file.path!r}", "Download it again") from None
                left -= info.file_size
                if left < 0:
                    raise FileError(f"{path} unpacks to more than {MOST_UNPACKED // 1024**3} GB") from None
                # What an archive calls its files says nothing about where they go.
                content = _read_exactly(archive, info, file.sha256)
                name = re.split(r"[/\\]", file.path)[-1].lstrip(".") or "file"
                target = files_folder(path) / file.sha256[:16] / name.replace("\0", "_")
                if not target.exists():
                    write_whole(target, content)
                return msgspec.structs.replace(file, path=target.relative_to(path.parent).as_posix())

            return map_values(session, lambda value: map_files(value, moved))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FileError(f"{path} is not an archive: {error}", "Download it again") from None


def _read_exactly(archive: zipfile.ZipFile, info: zipfile.ZipInfo, sha256: str) -> bytes:
    """The bytes of a file in an archive: as many as it says, and those that the session means."""
    import hashlib

    content = _member(archive, info, LARGEST_FILE)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FileError(
            f"{info.filename!r} in {archive.filename} is not what was recorded", "Download it again"
        )
    return content


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a member, counted while they are unpacked: what it says of its own size need not be so."""
    content = bytearray()
    with archive.open(info) as packed:
        while block := packed.read(min(_BLOCK, most + 1 - len(content))):
            content += block
            if len(content) > most:
                raise FileError(
                    f"{info.filename!r} in {archive.filename} unpacks to more than {most // 1024**2} MB",
                    "Do not use it",
                )
    return bytes(content)


def write(session: Session, path: str | os.PathLike[str]) -> None:
    """Write a session file, readable by its owner only; it appears whole or not at all.

    Raises:
        FileError: the folder cannot be written.
    """
    write_whole(Path(path), dump(session).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary file beside ``path``, make it durable, and rename it; mode 0600."""
    import tempfile

    try:
        _make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror}", "Choose a folder you may write to with --output"
        ) from None


def _make_folder(folder: Path) -> None:
    """Make the folder of a file. Nobody else may look into those of a session's own files."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder.parent):
        if each.name.endswith(".files") or each.parent.name.endswith(".files"):
            with contextlib.suppress(OSError):
                each.chmod(0o700)


def files_folder(path: str | os.PathLike[str]) -> Path:
    """Where the files of the session at ``path`` lie: ``login.json`` has ``login.files/``."""
    path = Path(path)
    return path.with_name(path.stem + ".files")


def within(folder: Path, name: str) -> Path | None:
    """Where a file lies that a session in ``folder`` calls ``name``; None where that leads out of it, be it by a
    symbolic link, or is no name of a file. A session file can come from anybody."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError, RuntimeError):
        return None


def carry_files(session: Session, source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Session:
    """Copy the files of the session at ``source`` to where one at ``target`` has them.

    Returns:
        the session with their new paths.

    Raises:
        FileError: they cannot be read or written.
    """
    import shutil

    source, target = Path(source), Path(target)
    old, new = files_folder(source), files_folder(target)

    def moved(file: File) -> File:
        if not file.path.startswith(f"{old.name}/"):
            return file
        path = f"{new.name}/{file.path.removeprefix(f'{old.name}/')}"
        kept = within(source.parent, file.path)
        if kept is None:
            return file
        try:
            copy = target.parent / path
            _make_folder(copy.parent)
            shutil.copyfile(kept, copy)
            copy.chmod(0o600)
        except OSError as error:
            raise FileError(f"{kept} cannot be copied: {error.strerror}", "Check the disk") from None
        return msgspec.structs.replace(file, path=path)

    return map_values(session, lambda value: map_files(value, moved))

"""The wire vocabulary: what the page says, what the collector answers, what the journal keeps.

One immutable fact per event. A page numbers its events from 1 (``seq``); ``(page, seq)`` names an event for
ever, so that a resend after a lost socket is recognised and dropped. Times are milliseconds since the epoch,
by the page's clock. Everything here travels as JSON text: one message a WebSocket frame, one journal entry a line.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from recorder.address import is_token, is_web
from recorder.placeholders import why_not

PROTOCOL = 1
"""Version of this vocabulary; the page says it in ``Hello``."""

Pairs = tuple[tuple[str, str], ...]
BodyKind = Literal["none", "text", "parts", "lost"]
Change = Literal["skip", "keep", "delete", "rename", "secret", "undo"]
"""What a person does to a recording in the panel."""
Login = Literal["", "basic", "digest"]
MadeForm = Literal["", "hex", "base64", "base64url", "uuid"]
LostReason = Literal["too_large", "unreadable", "binary_not_kept"]


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a multipart or form body. A file has ``filename``; its bytes, as a ``data:`` URL in
    ``value``, only where the form has other fields too: files alone are an upload, and the app can be asked for
    them."""

    name: str
    value: str | None = None
    filename: str | None = None
    size: int | None = None
    type: str | None = None


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request or response body, or why it is not here. ``charset`` is the encoding in which text was sent, where it
    is not UTF-8."""

    kind: BodyKind = "none"
    text: str | None = None
    parts: tuple[Part, ...] = ()
    reason: LostReason | None = None
    size: int | None = None
    charset: str = ""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", kw_only=True):
    """What every event carries.

    ``page`` is a random id of one document, ``seq`` counts from 1 within it, ``at`` is in ms.
    ``before`` marks what the page saw before recording started: context, never a recorded call.
    """

    page: str
    seq: int
    at: float
    before: bool = False


class PageOpened(Event, frozen=True, tag="page"):
    """A document started. ``url`` is its address, ``embedded`` whether it is inside a frame.

    ``root`` is the address of an app that the page names itself (``window.gradio_config.root``), if any.
    """

    url: str
    title: str = ""
    embedded: bool = False
    root: str | None = None
    theme: str | None = None


class Act(Event, frozen=True, tag="act"):
    """A trusted act of the person on a control; ``id`` is unique within the page."""

    id: str
    kind: str
    role: str = ""
    name: str = ""
    locator: str = ""
    near: tuple[str, ...] = ()
    """The visible texts of the row, card or list item that contains the control, in document order."""


class Typed(Event, frozen=True, tag="typed"):
    """What a control holds after the person typed, chose or uploaded something.

    ``control`` is an id of the control, unique within the page; ``act`` the act that began it. ``value`` is
    what a form would send: the text, the value of the option, ``true`` or ``false`` for a checkbox, the file
    name. ``shown`` is the visible text of a chosen option, ``label`` the accessible name of the control,
    ``field`` its ``name`` attribute.
    """

    control: str
    kind: Literal["text", "choice", "check", "file"]
    value: str
    shown: str = ""
    label: str = ""
    field: str = ""
    role: str = ""
    act: str = ""


class Made(Event, frozen=True, tag="made"):
    """A value that the page made itself.

    ``how``: ``uuid`` (``crypto.randomUUID``: ``value`` is the text), ``random`` (``crypto.getRandomValues``:
    ``value`` is the bytes in hexadecimal, of at most 64 bytes), ``digest`` (``crypto.subtle.digest``: ``value``
    is the digest in hexadecimal, ``of`` the text that was digested, if it is text), ``signature``
    (``crypto.subtle.sign``, likewise), ``cookie`` (``document.cookie``: ``name`` and ``value``).

    Where bytes turned out to be a secret, ``value`` is its placeholder, ``form`` how the secret spells them, and
    ``size`` how many there are.
    """

    how: Literal["uuid", "random", "digest", "signature", "cookie"]
    value: str
    algorithm: str = ""
    of: str | None = None
    name: str = ""
    form: MadeForm = ""
    size: int = 0


class Cookies(Event, frozen=True, tag="cookies"):
    """The cookies of one exchange, as the proxy or the browser saw them: pairs of a name and a digest of the
    value, which is the same for equal values of one recording. ``at`` is when the request began. Of the parameters of
    ``url`` there are only the names. ``login`` is the scheme of an ``Authorization`` header that was sent, where that
    is ``basic`` or ``digest``.
    """

    method: str
    url: str
    sent: tuple[tuple[str, str], ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    login: Login = ""


class Request(Event, frozen=True, tag="request"):
    """A request left the page. ``id`` is unique within the page; ``act`` the latest act that can have caused it.

    ``how``: ``fetch``, ``xhr``, ``eventsource``, ``beacon``, ``form`` (a form was submitted, and what answers is
    another document), ``script`` (a script file that the document loads), ``download``, or ``document``, for
    the document that tells of itself (``reload`` where it came again). Of such a one ``left`` is the page
    before it in the tab, which ``act`` then belongs to, and ``form`` the request there that it answers.
    """

    id: str
    method: str
    url: str
    how: str = "fetch"
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    act: str | None = None
    left: str | None = None
    form: str | None = None


class Response(Event, frozen=True, tag="response"):
    """Status line and headers arrived for request ``id``."""

    id: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""


class Chunk(Event, frozen=True, tag="chunk"):
    """Decoded text of a streamed response, as it arrived."""

    id: str
    text: str


class Done(Event, frozen=True, tag="done"):
    """Request ``id`` is over: its body (for a stream, ``none``), or ``error`` as the page saw it."""

    id: str
    body: Body = Body()
    error: str | None = None
    aborted: bool = False


class SocketOpened(Event, frozen=True, tag="ws_open"):
    """A WebSocket of the app opened; ``protocol`` is the subprotocol that both sides agreed on."""

    id: str
    url: str
    act: str | None = None
    protocol: str = ""


class SocketMessage(Event, frozen=True, tag="ws_message"):
    """One WebSocket message: received, or ``sent`` by the page, with the latest ``act`` that can have caused it."""

    id: str
    sent: bool
    body: Body
    act: str | None = None


class SocketClosed(Event, frozen=True, tag="ws_close"):
    """A WebSocket of the app closed."""

    id: str
    code: int = 1005
    reason: str = ""


class Secret(Event, frozen=True, tag="secret"):
    """The page replaced a secret by ``placeholder`` in everything it sends; ``name`` is the environment variable
    that a script takes it from and ``hint`` says where the value was seen, never the value. ``claims`` is what a JWT
    says of whom it is for."""

    placeholder: str
    name: str
    hint: str = ""
    claims: dict[str, str | int | float] = {}
    digest: str = ""
    """Of ``salt`` and the value, where the value looks random and has ``length`` characters: with it the value is found
    where it stood before it was known for a secret. It is no part of a session."""
    length: int = 0
    salt: str = ""


class Lost(Event, frozen=True, tag="lost"):
    """``count`` events could not be kept, and why."""

    count: int
    why: str


class Fetched(Event, frozen=True, tag="fetched"):
    """The collector read ``url`` because the adapter asked for it. Text in ``body``, or bytes kept at ``path``
    (relative to the session file's folder); ``error`` says in a sentence why there is neither."""

    url: str
    status: int = 0
    body: Body = Body()
    sha256: str | None = None
    path: str | None = None
    size: int | None = None
    type: str | None = None
    error: str | None = None


class Mark(Event, frozen=True, tag="mark"):
    """Recording started or stopped; ``url`` is the address the person recorded."""

    what: Literal["start", "stop"]
    url: str = ""


class Edited(Event, frozen=True, tag="edited"):
    """The person changed the recording in the panel: see :mod:`recorder.edits`.

    The call is told by when it started (``started``, in ms since the epoch), for its id and endpoint may yet change
    with what is recorded after; both tell calls of one moment apart. ``input`` counts in wire order. ``name`` is that
    of a variable or of an environment variable, and ``nonce`` is of the placeholder that a secret gets.
    """

    what: Change
    call: str = ""
    started: float = 0.0
    endpoint: str = ""
    input: int = 0
    name: str = ""
    nonce: str = ""


AnyEvent = (
    PageOpened
    | Act
    | Typed
    | Made
    | Cookies
    | Request
    | Response
    | Chunk
    | Done
    | SocketOpened
    | SocketMessage
    | SocketClosed
    | Secret
    | Lost
    | Fetched
    | Mark
    | Edited
)
"""Every fact there is. ``Cookies``, ``Fetched``, ``Mark`` and ``Edited`` are written by the collector (``page=""``),
the others by a page."""


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    """Page to collector, first frame of a connection."""

    page: str
    token: str
    v: int = PROTOCOL


class Toggle(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="toggle"):
    """Page to collector: the person pressed the button. ``key`` is that of the recorder's own script in the page, here
    and in all that only a person may ask for."""

    on: bool
    key: str = ""


class Wait(msgspec.Struct, frozen=True, tag_field="t", tag="wait"):
    """Page to collector, over a browser binding only: answer this call when there is something to say."""


class Told(msgspec.Struct, frozen=True, tag_field="t", tag="told"):
    """Page to collector, the answer to each ``State`` with ``saving``: all that happened until then was said
    before."""


class Sought(msgspec.Struct, frozen=True, tag_field="t", tag="sought"):
    """Page to collector: give me the document that I am, by the key that came with it, as the app sent it; or, without
    a key, the script files that are to be reported, from now on."""

    key: str = ""


class Look(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="look"):
    """Panel to recorder: show what there is, with the script for ``target`` (empty for the first), or show no
    more."""

    on: bool = True
    target: str = ""
    key: str = ""


class Edit(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="edit"):
    """Panel to recorder: a change, as :class:`Edited` has it, of the call with this id."""

    what: Change
    call: str = ""
    input: int = 0
    name: str = ""
    key: str = ""


class Again(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="again"):
    """Panel to recorder: replay, from the call with this id on or all of it, or stop the replay."""

    on: bool = True
    call: str = ""
    key: str = ""


class Take(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="take"):
    """Panel to recorder: give me the script for ``target``, the session, both with their files, or one file of the
    session by its ``path``."""

    what: Literal["script", "session", "zip", "file"]
    target: str = ""
    path: str = ""
    key: str = ""


FromPanel = Look | Edit | Again | Take
"""What the panel asks, over the page's connection or of a session that is served."""

FromPage = Hello | Toggle | Wait | Told | Sought | FromPanel | AnyEvent
"""A frame from the page is UTF-8 text: one or more of these as JSON, one a line."""


class State(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="state"):
    """Collector to page: answers ``Hello`` and ``Toggle`` and follows every change.

    ``recording`` is true from the moment that calls are kept and false only when the session file is complete on
    disk; ``saving`` is true between the press that stops and that moment, and asks the page for what it has not said
    yet. ``calls`` and ``last`` are what the toggle shows.
    ``session`` counts recordings; a page that sees it grow sends what it buffered before as ``before`` events.
    ``saved`` is the file just written; ``error`` a sentence for the person; ``panel`` whether there is
    something to be seen in a panel.
    """

    recording: bool = False
    saving: bool = False
    session: int = 0
    calls: int = 0
    last: str = ""
    saved: str = ""
    error: str = ""
    panel: bool = False


class Ack(msgspec.Struct, frozen=True, tag_field="t", tag="ack"):
    """Collector to page: every event of document ``page`` up to ``seq`` is on disk."""

    page: str
    seq: int


class Refused(msgspec.Struct, frozen=True, tag_field="t", tag="refused"):
    """Collector to page, last frame: this page will not be listened to, and why."""

    why: str


class Loaded(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="loaded", kw_only=True):
    """Collector to page: what the browser asked for and no script of the page saw: a script file with its ``text``, or
    a download. The page reports it as a request of its own, without its secrets; ``id`` names it until then. ``before``
    as in :class:`Event`."""

    id: str
    method: str
    url: str
    how: Literal["script", "download"]
    at: float
    before: bool = False
    status: int = 200
    headers: Pairs = ()
    text: str = ""


class Streamed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="streamed", kw_only=True):
    """Collector to page: an event with a type of its own came over the event stream of ``url`` that was asked for at
    ``began``. The page reports it if it has no listener for that type. ``id`` is the last event id."""

    url: str
    began: float
    at: float
    type: str
    data: str
    id: str = ""


class Source(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="source", kw_only=True):
    """Collector to page, the answer to ``Sought``: the ``text`` of the document and the ``headers`` it came with. The
    page reports both a second time, without their secrets."""

    text: str
    headers: Pairs = ()


class View(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="view", kw_only=True):
    """Recorder to panel: what there is, as far as it is new.

    ``calls`` are positions, counted from 0, and what is there now, as ``recorder show --json`` spells a call, with
    large values cut; there are ``length`` in all. ``omitted`` are ``[id, endpoint, why]``. ``targets`` are the
    names of those that a script can be had for, ``undo`` says whether there is something to undo, ``live``
    whether it is still being recorded.
    """

    title: str = ""
    name: str = ""
    live: bool = False
    calls: tuple[tuple[int, Any], ...] = ()
    length: int = 0
    omitted: tuple[tuple[str, str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    undo: bool = False


class Script(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="script", kw_only=True):
    """Recorder to panel: the script for ``target``, as what to change in the one that was sent before (none, where
    ``anew``), from its end to its beginning: from a line, counted from 0, so many lines go and these come in their
    place, each a list of a kind of token and its text in turn. ``error`` says in a sentence why there is none."""

    target: str
    anew: bool = False
    changes: tuple[tuple[int, int, tuple[tuple[str, ...], ...]], ...] = ()
    error: str = ""


class Came(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="came", kw_only=True):
    """Recorder to panel: how far the replay of one call is. ``verdict`` is in a word or two, ``seconds`` how long it
    took; ``outputs`` are spelled as in :class:`View`, ``sentences`` what is not as recorded."""

    call: str
    over: bool = False
    ok: bool = False
    verdict: str = ""
    seconds: float = 0.0
    yields: int = 0
    outputs: tuple[Any, ...] = ()
    sentences: tuple[str, ...] = ()


class Ran(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="ran", kw_only=True):
    """Recorder to panel: the replay begins (``calls`` is how many it makes), or is over, with what came of it in a
    sentence."""

    running: bool = False
    calls: int = 0
    ok: bool = False
    summary: str = ""


class Given(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="given", kw_only=True):
    """Recorder to panel: what was asked for with :class:`Take`, in base64; ``error`` says in a sentence why not."""

    what: str
    path: str = ""
    name: str = ""
    type: str = ""
    data: str = ""
    error: str = ""


class Trouble(msgspec.Struct, frozen=True, tag_field="t", tag="trouble"):
    """Recorder to panel: a sentence about what could not be done."""

    sentence: str


ToPanel = View | Script | Came | Ran | Given | Trouble

ToPage = State | Ack | Refused | Loaded | Streamed | Source | ToPanel


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(FromPage)
_event_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)


def parse(line: bytes | str) -> Any:
    """One line from the page.

    Returns:
        One of :data:`FromPage`.

    Raises:
        msgspec.ValidationError: JSON of another shape.
        ValueError: not JSON at all (``msgspec.DecodeError`` is one).
    """
    return _parse(_decoder, FromPage, line)


def parse_event(line: bytes | str) -> AnyEvent:
    """One line of a journal; errors as :func:`parse`."""
    event: AnyEvent = _parse(_event_decoder, AnyEvent, line)
    return event


def _parse(decoder: Any, kind: Any, line: bytes | str) -> Any:
    try:
        message = decoder.decode(line)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # msgspec refuses lone surrogates, which JavaScript strings may hold and the journal must carry.
        message = msgspec.convert(json.loads(line), kind)
    if why := _unlikely(message):
        raise msgspec.ValidationError(why)
    return message


def _unlikely(message: object) -> str:
    """Why a page of an honest app cannot have said this; empty if it can."""
    if isinstance(message, Secret):
        return why_not(message.name, message.placeholder)
    if isinstance(message, Request) and not is_token(message.method):
        return f"{message.method[:80]!r} is not a method"
    if isinstance(message, PageOpened) and message.root and not is_web(message.root):
        return f"{message.root[:80]!r} is not the address of an app"
    return ""


def dump(message: msgspec.Struct) -> str:
    """One line of JSON without its newline, pure ASCII so that any text survives."""
    return json.dumps(msgspec.to_builtins(message), separators=(",", ":"))

"""A world: an app with values that each start has anew, and a conversation of a person with it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from recorder.workflow import Reader
from tests.dataflow.template import Env, Node

Origin = Literal["received", "chosen", "typed", "generated"]
ROOTS = "http://127.0.0.1:8701", "http://127.0.0.1:9034"
"""Where the recorded app and its fresh start are."""


class Locator(msgspec.Struct, frozen=True):
    """Where a received value stands: in the ``output`` (``body`` or ``headers``) of an exchange, counted from 0, at a
    path, within which nodes stand for expressions; or in a ``cookie``."""

    exchange: int
    output: Literal["body", "headers"] = "body"
    path: tuple[Any, ...] = ()
    readers: tuple[Reader, ...] = ()
    cookie: str = ""
    decoded: bool = False
    part: int = 0
    """Of a WebSocket: which turn of the conversation."""


class Symbol(msgspec.Struct, kw_only=True):
    """A value that has a name. ``source`` is the kind of place where the app gives it; ``recorded`` and ``fresh`` are
    its two values. A fresh generated value is the program's: ``form`` says what it must be (``uuid``, ``hex``,
    ``base64``, ``base64url``), ``size`` how many bytes it has."""

    name: str
    origin: Origin
    source: str = ""
    recorded: Any = None
    fresh: Any = None
    locator: Locator | None = None
    form: str = ""
    size: int = 0
    label: str = ""
    """Of a chosen value: the name by which it was chosen."""


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A control that the person typed into or chose in; ``node`` is what it then holds."""

    label: str
    field: str
    node: Node
    kind: Literal["text", "choice", "check", "file"] = "text"
    shown: Node = ""
    near: tuple[Node, ...] = ()


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """An act of the person: what was typed first, then the control that was used."""

    name: Node
    kind: str = "click"
    role: str = "button"
    near: tuple[Node, ...] = ()
    controls: tuple[Control, ...] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message over a WebSocket."""

    sent: bool
    node: Node
    deed: Deed | None = None
    after: int | None = None
    """Sent by the app once this exchange was made, whatever else was made since the socket was opened."""


class Exchange(msgspec.Struct, kw_only=True):
    """A request and its response as templates.

    ``path`` has a node for each segment. ``answer`` is a node: JSON for ``media`` ``json``, a text for all others.
    A stream has its ``chunks`` as texts. ``final`` is the address, path and query, where a redirect ended. ``before``:
    it was made before recording started. ``optional``: a program may leave it out; ``noise``: it should. ``cookies``: what the response sets, each with whether a script can read it;
    ``cookie_sinks``: cookies that the request needs; ``script_cookies``: those that a script of the page has set just
    before. ``made``: what the page generates for the request. ``pause``: ms before it, where nobody did anything.
    ``fresh_only``: only a fresh start answers so, in this place. ``polled``: the last of several of the same address.
    ``elsewhere``: the origin, where it is not the app's.
    """

    method: str = "GET"
    path: list[Node] = msgspec.field(default_factory=list)
    query: list[tuple[Node, Node]] = msgspec.field(default_factory=list)
    headers: list[tuple[str, Node]] = msgspec.field(default_factory=list)
    body: Node = None
    body_kind: Literal["", "json", "form", "multipart", "text"] = ""
    content_type: str = ""
    status: int = 200
    answer_headers: list[tuple[str, Node]] = msgspec.field(default_factory=list)
    media: str = "json"
    answer: Node = None
    chunks: list[Node] = msgspec.field(default_factory=list)
    final: Node = None
    how: str = "fetch"
    deed: Deed | None = None
    chained: bool = False
    before: bool = False
    optional: bool = False
    noise: bool = False
    fresh_only: bool = False
    elsewhere: str = ""
    polled: bool = False
    cookies: list[tuple[str, Node, bool]] = msgspec.field(default_factory=list)
    cookie_sinks: list[tuple[str, Node]] = msgspec.field(default_factory=list)
    script_cookies: list[tuple[str, Node]] = msgspec.field(default_factory=list)
    made: list[Any] = msgspec.field(default_factory=list)
    messages: list[Said] = msgspec.field(default_factory=list)
    at: float = 0.0
    pause: float = 0.0
    tell: list[tuple[str, Any]] = msgspec.field(default_factory=list)
    """Places whose constants tell this exchange from others of the same method and path."""

    @property
    def changes(self) -> bool:
        """Whether it changes something in the app."""
        return self.method not in ("GET", "HEAD", "WS")


class World(msgspec.Struct, kw_only=True):
    """An app and a conversation with it."""

    seed: int
    exchanges: list[Exchange]
    symbols: dict[str, Symbol]
    kinds: tuple[str, ...] = ()
    secrets: dict[str, str] = msgspec.field(default_factory=dict)
    """Symbols whose values the page replaces by placeholders, each with the name of an environment variable."""

    def __post_init__(self) -> None:
        for exchange in self.exchanges:
            exchange.optional |= exchange.fresh_only

    def env(self, fresh: bool, now: float) -> Env:
        """The values of the recording, or those of a fresh start, where what the page generates is not known yet."""
        values = {
            s.name: s.fresh if fresh else s.recorded
            for s in self.symbols.values()
            if not (fresh and s.origin == "generated")
        }
        return Env(values, fresh, now)

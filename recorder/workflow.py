"""Workflow: what to do again. The program that every target, replay, load and MCP reads.

An argument is an expression: JSON, with more kinds of leaf (:data:`Leaf`) anywhere inside it.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal, TypeVar

import msgspec

from recorder.api import Endpoint, Location
from recorder.remembered import remembered
from recorder.session import App, Expectation, File, Message, Place, SecretName, Status

Expression = Any
"""None, bool, int, float, str, list and dict of expressions, or a :data:`Leaf`."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Selects one item of a list by its content.

    ``fields``: pairs of a path inside an item and an expression; an item matches if the value at each path equals the
    expression, both compared as text. An empty tuple of ``fields`` matches every item. ``nth`` counts the matching
    items from 0, or from -1 at the end. ``after`` and ``before`` select an anchor item first: only the anchor and
    the items after it are then considered, or the anchor and the items before it, nearest first. ``counts``: the
    numbers in the texts are counts of something (``Inbox (3)``). If no item matches, they are ignored, and the one
    item that then matches is selected.
    """

    fields: tuple[tuple[Place, Expression], ...] = ()
    nth: int = 0
    after: Item | None = None
    before: Item | None = None
    counts: bool = False


Path = tuple[str | int | Item, ...]
"""A path inside a value: member names, list positions and :class:`Item` selectors, in turn."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """How a value is read out of a text.

    - ``json``: the text is JSON; ``path`` leads to the value in it.
    - ``elements``: the text is HTML or XML; ``path`` leads into the list that :func:`recorder.markup.elements`
      returns.
    - ``literal``: the text is JavaScript; ``path`` is a name and ``nth``: the nth string or number literal that is
      assigned to this name (``name = "x"``, ``"name": 'x'``, ``name: 7``).
    - ``entries``: the value is an object; ``path`` leads into the list of its members, each an object with
      ``key`` and ``value``.
    - ``base64``: the text is base64, in either alphabet, of another text.
    - ``unquote``: the text is percent-encoded.
    - ``query``: the text is an address; ``path`` is the name of a parameter of its query, or else of its fragment.
    - ``segment``: the text is an address; ``path`` is the position of a segment of its path, from 0, or from -1 at
      the end. The segment is percent-decoded.
    - ``between``: the part of the text between the two texts of ``path``; if the second is empty, up to the next
      ``/``, ``?``, ``#`` or the end.
    """

    kind: Literal[
        "json", "elements", "literal", "entries", "base64", "unquote", "query", "segment", "between"
    ]
    path: Path = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier step's output: ``output`` counts in wire order (State included), ``path`` goes inside it, and
    ``readers`` in turn inside the text that is there."""

    step: str
    output: int
    path: Path = ()
    readers: tuple[Reader, ...] = ()


class Cookie(msgspec.Struct, frozen=True, kw_only=True):
    """The current value of a cookie that the app has set; ``decoded``: after percent-decoding."""

    name: str
    decoded: bool = False


class AppUrl(msgspec.Struct, frozen=True, kw_only=True):
    """The address of the app that the steps run against, without a final slash."""


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the page made itself, made anew in each run.

    ``kind``: ``uuid`` is a random UUID (version 4); ``random`` is ``size`` random bytes written as ``form`` says
    (``hex``, ``base64``, ``base64url``), or, with ``form`` ``characters``, ``size`` random characters of
    ``alphabet``; ``time`` is the moment at which the request is sent, as ``form`` says: ``ms`` or ``s`` since
    the epoch as a number, ``iso`` as ISO 8601 in UTC with milliseconds and ``Z``. ``name``: all leaves of one
    name have the same value in one run; a ``time`` has no name.
    """

    kind: Literal["uuid", "random", "time"]
    name: str = ""
    form: Literal["", "hex", "base64", "base64url", "characters", "ms", "s", "iso"] = ""
    size: int = 0
    alphabet: str = ""
    example: str = ""
    """The recorded value."""


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of a text (UTF-8), written as hexadecimal digits, base64, or base64url without padding."""

    algorithm: Literal["md5", "sha1", "sha256", "sha384", "sha512"]
    form: Literal["hex", "base64", "base64url"]
    value: Expression


class Object(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object whose member names are expressions too."""

    members: tuple[tuple[Expression, Expression], ...]


class Extended(msgspec.Struct, frozen=True, kw_only=True):
    """An object with other members added or put in place of its own, or a list with more items at its end."""

    base: Expression
    value: Expression
    """A dict or :class:`Object`, or a list."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Text put together: of each piece, an expression, what it is as text."""

    pieces: tuple[Expression, ...]


class Spelled(msgspec.Struct, frozen=True, kw_only=True):
    """Text that spells a value: as JSON, or a text in base64 (``base64url`` without padding), or percent-encoded as
    JavaScript's ``encodeURIComponent`` does it."""

    kind: Literal["json", "base64", "base64url", "percent"]
    value: Expression


class VariableRef(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a variable of the workflow."""

    name: str


class SecretRef(msgspec.Struct, frozen=True, kw_only=True):
    """Text with secrets in it: literal pieces and environment variable names in turn, beginning with a piece.

    ``("Bearer ", "RECORDER_TOKEN", "")`` is ``"Bearer " + os.environ["RECORDER_TOKEN"]``.
    """

    pieces: tuple[str, ...]


Leaf = (
    Link
    | VariableRef
    | SecretRef
    | File
    | Cookie
    | AppUrl
    | Generated
    | Digest
    | Text
    | Spelled
    | Object
    | Extended
)


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """An argument the caller may choose. ``name`` is a valid identifier in every target; ``value`` as recorded
    (an expression without links or variables); ``python_type`` an annotation (``str``, ``float | None``).
    ``schema`` is JSON Schema, where the app says it. ``required``: there is no value to take where none is
    chosen."""

    name: str
    value: Expression
    python_type: str = "Any"
    label: str = ""
    component: str = ""
    schema: Any = None
    choices: tuple[Any, ...] = ()
    required: bool = False
    description: str = ""
    example: Any = None


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One input in wire order. ``name`` is the public client's parameter name, empty where it has none.

    ``state``: lives on the server, never sent (``null`` on the wire). ``default``: equal to the app's own
    default and not
    set by the person, so that a call by name may leave it out.
    """

    name: str = ""
    value: Expression = None
    label: str = ""
    component: str = ""
    state: bool = False
    skipped: bool = False
    default: bool = False
    location: Location = ""
    key: Expression = None
    """The name as it is sent, where that is an expression: a form field whose name contains an id."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where one value that a step sends comes from, and the evidence for it.

    ``argument`` counts the arguments of the step, or is -1 for its messages; ``path`` leads inside the argument.
    """

    argument: int
    path: Place = ()
    origin: Literal["typed", "received", "generated", "constant", "secret", "chosen"]
    why: str = ""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One output in wire order and what was recorded for it. ``skipped``: the app left the control as it was.

    ``name`` is a valid identifier, unique within the step. ``linked``: a later step uses it.
    ``properties`` are those of the control that the app changed beside or instead of the value; not None, if empty,
    where the value came inside an update of the control, which public clients hand on as it is.
    ``reply``: the value is a chat's answer in words, which the app may spell as a message or as several.
    ``expectations`` say where it may differ and still be as recorded.
    """

    name: str = ""
    label: str = ""
    component: str = ""
    value: Any = None
    state: bool = False
    skipped: bool = False
    linked: bool = False
    reply: bool = False
    properties: dict[str, Any] | None = None
    expectations: tuple[Expectation, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call to make again.

    ``via`` is ``client`` where the public client can make it by name, ``raw`` where only the app's own protocol can.
    ``setup`` marks a call that no person made but that the others need. ``cancel_after`` is how many values to
    take before
    cancelling (None: to the end). ``frames`` are the inputs that a device sent after ``arguments``, in the same
    order, each to be sent once the one before is answered; ``cut_short``: the last is not waited for. ``expect`` is
    the recorded status; ``error`` the recorded text of a failure. ``started`` is in ms since the epoch,
    ``duration`` in ms. ``after`` are ids of steps that must be over first, because they made this call or because
    the person says so; what links and State demand is in :mod:`recorder.graph`.
    """

    id: str
    name: str
    endpoint: Endpoint
    arguments: tuple[Argument, ...] = ()
    outputs: tuple[Output, ...] = ()
    via: Literal["client", "raw"] = "client"
    trigger: str = ""
    trigger_id: int | None = None
    event_data: Any = None
    setup: bool = False
    expect: Status = "ok"
    error: str | None = None
    cancel_after: int | None = None
    stream: tuple[Any, ...] = ()
    frames: tuple[tuple[Expression, ...], ...] = ()
    cut_short: bool = False
    yields: int = 0
    started: float = 0.0
    duration: float = 0.0
    after: tuple[str, ...] = ()
    page: str = ""
    code: int | None = None
    """The recorded status of an HTTP response."""
    redirects: bool = False
    """Whether the app answered a form with a redirect to another page. Without one it may have refused the form."""
    messages: tuple[Message, ...] = ()
    """What goes over a WebSocket, in order; those that are sent are expressions."""
    continues: str = ""
    """The step that opened the WebSocket, where this one goes on with it."""
    closes: bool = True
    """Whether no later step goes on with the WebSocket."""
    until: Place | None = None
    """To be asked again until what is there in its first output is as recorded."""
    enough: tuple[Item, ...] = ()
    """A stream is read until it has an item for each of these; empty: see ``cancel_after``."""
    origins: tuple[Origin, ...] = ()
    """Where the values that it sends come from."""
    cookies: tuple[tuple[str, Expression], ...] = ()
    """Cookies that the page itself set before, by name, percent-encoded as they are sent."""
    address: str = ""
    """The recorded path and query, where an encoder would write the arguments in another way."""
    body: str = ""
    """The recorded request body as text, where an encoder would write the arguments in another way."""
    charset: str = ""
    """The encoding of the request body's text, where it is not UTF-8."""


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """The steps to do again, in the person's order. ``names`` are the public names of all endpoints that the app
    had."""

    name: str
    app: App
    names: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    variables: tuple[Variable, ...] = ()
    secrets: tuple[SecretName, ...] = ()

    def variable(self, name: str) -> Variable | None:
        """The variable of that name, or None."""
        return next((v for v in self.variables if v.name == name), None)


def tainted(workflow: Workflow, changed: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The steps that may come out otherwise because a variable was set, each with the names of these variables.

    A step depends on the variables in its arguments, on the steps it is linked to, on those before it that touched a
    State it touches, and on the one that rendered it. An app that is called by methods and paths keeps what it likes,
    so that a step of it also depends on all before it that changed something.
    """
    reasons: dict[str, set[str]] = {}
    states: dict[tuple[str, int | None], set[str]] = {}
    pages: dict[str, set[str]] = {}
    kept: set[str] = set()
    for step in workflow.steps:
        own: set[str] = set()
        for leaf in leaves(sent(step)):
            if isinstance(leaf, VariableRef) and leaf.name in changed:
                own.add(leaf.name)
            elif hasattr(leaf, "step"):
                own |= reasons.get(leaf.step, set())
        touched = {
            (step.page, parameter.component_id)
            for parameter in (*step.endpoint.parameters, *step.endpoint.returns)
            if parameter.state
        }
        for state in touched:
            own |= states.get(state, set())
        if step.endpoint.rendered_in is not None:
            # Which call rendered it is only known when it runs, so that any of the same page may have.
            own |= pages.get(step.page, set())
        for state in touched:
            states[state] = states.get(state, set()) | own
        pages[step.page] = pages.get(step.page, set()) | own
        if method := step.endpoint.method:
            own |= kept
            kept |= own if method not in ("GET", "HEAD") else set()
        reasons[step.id] = own
    return {id: tuple(name for name in changed if name in names) for id, names in reasons.items() if names}


def sent(step: Step) -> list[Expression]:
    """All that a step sends."""
    messages = (message.value for message in step.messages if message.sent)
    keys = (argument.key for argument in step.arguments if argument.key is not None)
    cookies = (value for _, value in step.cookies)
    return [
        *(argument.value for argument in step.arguments),
        *keys,
        *cookies,
        step.frames,
        step.event_data,
        *messages,
    ]


_Leaf = TypeVar("_Leaf", Link, VariableRef, SecretRef, File, Cookie, Generated)


def leaves_of(kind: type[_Leaf], expression: Expression) -> Iterator[_Leaf]:
    """Every leaf of one kind."""
    return (leaf for leaf in leaves(expression) if isinstance(leaf, kind))


def leaves(expression: Expression) -> Iterator[Any]:
    """Every leaf that is not JSON: links, variables, secrets, cookies, files, generated values. Compound leaves are
    searched too: texts, digests, and the selectors of links."""
    if isinstance(expression, dict):
        for item in expression.values():
            if type(item) not in _PLAIN:
                yield from leaves(item)
    elif isinstance(expression, list | tuple):
        for item in expression:
            if type(item) not in _PLAIN:
                yield from leaves(item)
    elif isinstance(expression, Text):
        yield from leaves(expression.pieces)
    elif isinstance(expression, Spelled | Digest):
        yield from leaves(expression.value)
    elif isinstance(expression, Object):
        yield from leaves(expression.members)
    elif isinstance(expression, Extended):
        yield from leaves(expression.base)
        yield from leaves(expression.value)
    elif isinstance(expression, Link):
        yield expression
        for path in (expression.path, *(reader.path for reader in expression.readers)):
            for part in path:
                if isinstance(part, Item):
                    yield from _leaves_of_item(part)
    elif isinstance(expression, msgspec.Struct):
        yield expression


def _leaves_of_item(item: Item | None) -> Iterator[Any]:
    while item is not None:
        for _, expression in item.fields:
            yield from leaves(expression)
        item = item.after or item.before


_PLAIN = frozenset({str, int, float, bool, type(None)})


def python_type(value: Any) -> str:
    """An annotation for a recorded value."""
    if isinstance(value, File):
        return "str | Path"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "float"
    if isinstance(value, str):
        return "str"
    if isinstance(value, list):
        kinds = {python_type(item) for item in value}
        return f"list[{kinds.pop()}]" if len(kinds) == 1 else "list[Any]"
    if isinstance(value, dict):
        return "dict[str, Any]"
    return "Any"


class SecretFinder:
    """Finds the recording's own placeholders in text. Only those the page declared count: an app that prints
    something alike gets it back as the text it is."""

    def __init__(self, secrets: tuple[SecretName, ...]) -> None:
        self._names = {secret.placeholder: secret.name for secret in secrets if secret.placeholder}
        self._pattern = re.compile("(" + "|".join(map(re.escape, self._names)) + ")") if self._names else None

    def replace(self, value: Any) -> Any:
        if self._pattern is None:
            return value
        if isinstance(value, str):
            pieces = self._pattern.split(value)
            if len(pieces) == 1:
                return value
            return SecretRef(
                pieces=tuple(self._names.get(p, p) if i % 2 else p for i, p in enumerate(pieces))
            )
        if isinstance(value, dict):
            return {k: self.replace(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.replace(v) for v in value]
        if isinstance(value, Text):
            return Text(pieces=tuple(map(self.replace, value.pieces)))
        if isinstance(value, Spelled | Digest):
            return msgspec.structs.replace(value, value=self.replace(value.value))
        if isinstance(value, Object):
            return Object(members=tuple((self.replace(k), self.replace(v)) for k, v in value.members))
        if isinstance(value, Extended):
            return Extended(base=self.replace(value.base), value=self.replace(value.value))
        return value


def with_short_names(workflow: Workflow) -> Workflow:
    """With ``NAME`` in place of ``NAME_2`` for a secret, where no other secret of the workflow has the shorter
    name: the recording may have found others that no step sends."""
    taken = {secret.name for secret in workflow.secrets}
    names: dict[str, str] = {}
    for secret in workflow.secrets:
        short = re.sub(r"_\d+$", "", secret.name)
        if short not in taken:
            taken.add(short)
            names[secret.name] = short
    if not names:
        return workflow

    def renamed(value: Any) -> Any:
        if isinstance(value, SecretRef):
            pieces = (names.get(p, p) if n % 2 else p for n, p in enumerate(value.pieces))
            return SecretRef(pieces=tuple(pieces))
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(renamed, value))
        if isinstance(value, msgspec.Struct) and not isinstance(value, File):
            fields = {name: renamed(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
        return value

    return msgspec.structs.replace(
        workflow,
        steps=renamed(workflow.steps),
        variables=renamed(workflow.variables),
        secrets=tuple(
            msgspec.structs.replace(secret, name=names.get(secret.name, secret.name))
            for secret in workflow.secrets
        ),
    )


class Rules:
    """The expectations for what is at a place (``here``) or inside it, in their order.

    Args:
        rules: each with the rest of its path.
    """

    def __init__(self, rules: Iterable[tuple[Expectation, Place]] = ()) -> None:
        self._rules = tuple(rules)
        self.here = tuple(e for e, rest in self._rules if not rest)

    def inside(self, part: str | int) -> Rules:
        """Those of them that are about the member or item ``part``."""
        own = self._by_part.get(part, ())
        if not isinstance(part, int):
            return self._of(own) if own else _NO_RULES
        return self._of(sorted({*own, *self._by_part.get("*", ())})) if own else self._of_each

    @functools.cached_property
    def _by_part(self) -> dict[str | int, list[int]]:
        found: dict[str | int, list[int]] = {}
        for number, (_, rest) in enumerate(self._rules):
            if rest:
                found.setdefault(rest[0], []).append(number)
        return found

    @functools.cached_property
    def _of_each(self) -> Rules:
        return self._of(self._by_part.get("*", ()))

    def _of(self, numbers: Iterable[int]) -> Rules:
        return Rules((self._rules[n][0], self._rules[n][1][1:]) for n in numbers)


_NO_RULES = Rules()


def rules_of(output: Output) -> Rules:
    """Those of an output's last value."""
    return Rules((e, e.path) for e in output.expectations if not e.streamed)


def identifier(text: str, fallback: str) -> str:
    """A name made of ``text`` that every target can use: ASCII ``[a-z_][a-z0-9_]*``, no Python keyword, 40
    long at most.
    """
    name = _spelled(text)
    if not name:
        return fallback
    if name[0].isdigit():
        name = f"{fallback}_{name}"[:40]
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


@remembered(1 << 12, 100)
def _spelled(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40].rstrip("_")


class Names(set[str]):
    """Names that are taken."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        super().__init__(taken)
        self._numbers: dict[str, int] = {}

    def free(self, name: str) -> str:
        """``name``, or ``name_2`` and so on: the first that was not taken, and now is."""
        number = self._numbers.get(name, 1)
        while (chosen := name if number == 1 else f"{name}_{number}") in self:
            number += 1
        self._numbers[name] = number
        self.add(chosen)
        return chosen

    def release(self, name: str) -> None:
        """Make a name free again that was taken."""
        self.discard(name)
        self._numbers.pop(name, None)
        start, _, number = name.rpartition("_")
        if start in self._numbers and number.isdecimal():
            self._numbers[start] = min(self._numbers[start], int(number))

"""Adapters: each knows one kind of app, how its events fold into calls and how a session becomes a workflow.

To add one: a module here with an object that fits :class:`Adapter`, and its line in :data:`ADAPTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from recorder.api import Api, Endpoint
from recorder.drift import adapted
from recorder.errors import UsageError
from recorder.registry import Registry
from recorder.session import App, Call, Expectation, Session, Value
from recorder.workflow import Step, Workflow

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.events import AnyEvent


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """Something the fold needs read from the app: a GET of ``url`` with the person's own cookies.

    ``text`` keeps the answer in the ``Fetched`` event; ``file`` keeps the bytes beside the session under ``name``.
    Where ``content`` is there, the page itself said the bytes: they are kept, and nothing is asked of the app.
    The collector answers each want with one ``Fetched`` event of the same ``url``, whatever came of it.
    """

    url: str
    keep: Literal["text", "file"]
    name: str = ""
    content: bytes | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls become steps. ``only`` and ``skip`` hold call ids, endpoint ids or api names; ``raw`` keeps
    everything
    that was omitted; ``name`` names the workflow."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    raw: bool = False
    name: str = "session"


EVERYTHING = Selection()


def _is_named(call: Call, names: tuple[str, ...]) -> bool:
    return call.id in names or call.endpoint in names or call.endpoint.lstrip("/") in names


def chosen_calls(session: Session, selection: Selection) -> list[Call]:
    """The calls that become steps, set-up apart.

    Raises:
        UsageError: the selection names a call or endpoint that was not recorded.
    """
    everything = [*session.calls, *(o.call for o in session.omitted)]
    for name in (*selection.only, *selection.skip):
        if not any(_is_named(call, (name,)) for call in everything):
            known = (
                ", ".join(dict.fromkeys(f"{call.id} ({call.endpoint})" for call in session.calls)) or "none"
            )
            raise UsageError(f"No recorded call is {name!r}", f"The calls are {known}")
    chosen = [call for call in session.calls if not (selection.raw and call.stands_for)]
    if selection.raw:
        chosen += [o.call for o in session.omitted if not o.call.id.startswith("b")]
    # With a call that opened a WebSocket goes all that was said over it.
    left = {call.id for call in everything if call.skip or _is_named(call, selection.skip)}
    left |= {call.id for call in everything if call.continues in left}
    chosen = [
        call
        for call in chosen
        if call.id not in left and (not selection.only or _is_named(call, selection.only))
    ]
    return chosen


class Fold(Protocol):
    """Events in, calls out. Feeding the same events gives the same session, live or from a journal.

    ``feed`` takes events of all pages in the order of the journal and never raises on what an app or page sends.
    ``wants`` returns what became wanted since it was last asked. ``calls`` and ``last`` are the count and the
    name that the
    toggle shows; ``open`` counts the recorded calls that are not over. ``session`` is the app that was used most;
    ``others`` are those beside it on the same pages that were used too. ``knows``: the app is certainly of this kind.
    """

    @property
    def knows(self) -> bool: ...

    @property
    def calls(self) -> int: ...

    @property
    def last(self) -> str: ...

    @property
    def open(self) -> int: ...

    def feed(self, event: AnyEvent) -> None: ...

    def wants(self) -> list[Want]: ...

    def session(self) -> Session: ...

    def others(self) -> list[Session]: ...


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """How the author of an app gives an endpoint a name, gives it a description, and describes one of its
    parameters."""

    name: str
    description: str
    parameter: str


class Naming(Protocol):
    """How an app's endpoints are renamed, hidden and added to, in what the app says of itself and in calls by name.

    ``asked`` is the path and query to ask the app for in place of ``target``, empty where that is the same.
    ``amending`` is what is done with the app's answer, None where that is no description. ``is_cancel`` says whether a
    request ends a call.
    """

    def asked(self, target: str, api: Api, config: Config) -> str: ...

    def amending(
        self, target: str, api: Api, config: Config, added: Sequence[Endpoint]
    ) -> Callable[[bytes], bytes] | None: ...

    def is_cancel(self, method: str, path: str) -> bool: ...


class Adapter(Protocol):
    """One kind of app. ``name`` is ``App.kind`` in its sessions. ``calling`` is the workflow of one call of an
    endpoint, whose variables are its parameters; ``given`` names those that will be chosen, None for all.
    ``is_call`` says whether a request may be a call, as far as method and path tell; ``addressed`` are the endpoints
    that one with this body calls.

    Attributes:
        declares: the app itself declares which call reads what another one wrote; without that, replays show links
            that a recording does not.
        by_name: endpoints are called by a name, and not by method and path.
        own_texts: the fields of sessions that are names of the app's own, and so never what a person entered.
        naming: None where an app cannot be given other names than its own.
    """

    name: str
    declares: bool
    by_name: bool
    own_texts: frozenset[str]
    advice: Advice
    naming: Naming | None

    def label(self, version: str) -> str:
        """What a person reads that the app is."""

    def recorded(self, call: Call, step: Step, place: int) -> Value | None:
        """What was recorded for an argument of a step, None for nothing."""

    def fold(self) -> Fold: ...

    def workflow(self, session: Session, selection: Selection) -> Workflow: ...

    def calling(self, app: App, endpoint: Endpoint, given: Collection[str] | None = None) -> Workflow: ...

    def is_call(self, method: str, path: str) -> bool: ...

    def addressed(self, api: Api, method: str, path: str, body: bytes) -> tuple[Endpoint, ...]: ...


_ADAPTERS: Registry[Adapter] = Registry(
    {"gradio": "recorder.adapters.gradio:GRADIO", "http": "recorder.adapters.http:HTTP"}
)


def adapters() -> Registry[Adapter]:
    """The registry, in order of preference: the last takes what no other knows."""
    return _ADAPTERS


def adapter_of(kind: str) -> Adapter:
    """The adapter for one kind of app.

    Raises:
        UsageError: there is none: the session is of a newer recorder, or was edited.
    """
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        raise UsageError(
            f"No adapter knows apps of kind {kind!r}",
            "Update the recorder with `pip install -U api-recorder`",
        )
    return adapter


def new_fold() -> Fold:
    """The fold for a recording whose kind of app is not known yet."""
    return _Undecided([adapter.fold() for adapter in adapters().values()])


class _Undecided:
    """Feeds the folds of all adapters until one knows the app for its own; until then the last speaks."""

    def __init__(self, folds: list[Fold]) -> None:
        self._folds = folds

    def feed(self, event: AnyEvent) -> None:
        for fold in self._folds:
            fold.feed(event)
        known = next((fold for fold in self._folds[:-1] if fold.knows), None)
        if known is not None:
            self._folds = [known]

    def wants(self) -> list[Want]:
        return [want for fold in self._folds for want in fold.wants()]

    @property
    def knows(self) -> bool:
        return self._folds[-1].knows

    @property
    def calls(self) -> int:
        return self._folds[-1].calls

    @property
    def last(self) -> str:
        return self._folds[-1].last

    @property
    def open(self) -> int:
        return self._folds[-1].open

    def session(self) -> Session:
        return self._folds[-1].session()

    def others(self) -> list[Session]:
        return self._folds[-1].others()


def workflow(session: Session, selection: Selection = EVERYTHING) -> Workflow:
    """What to do again, as the session's patches and expectations have it.

    Raises:
        UsageError: no adapter knows this kind of app, or a selection names nothing that was recorded.
    """
    adapter = adapter_of(session.app.kind)
    session = adapted(session)
    made = adapter.workflow(session, selection)
    if not session.expectations:
        return made
    of: dict[tuple[str, int], list[Expectation]] = {}
    for expectation in session.expectations:
        of.setdefault((expectation.call, expectation.output), []).append(expectation)

    def expecting(step: Step) -> Step:
        outputs = tuple(
            msgspec.structs.replace(
                output, expectations=(*output.expectations, *of.get((step.id, number), ()))
            )
            for number, output in enumerate(step.outputs)
        )
        return msgspec.structs.replace(step, outputs=outputs)

    return msgspec.structs.replace(made, steps=tuple(map(expecting, made.steps)))

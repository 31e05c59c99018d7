"""The fold: Gradio's traffic and the app's own description become a Session.

Everything is worked out when the session is asked for, from first event to last, so that what the app only said later
(its config, a file's bytes) is known throughout, and a live fold and one from a journal agree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import msgspec

from recorder.adapters import Want
from recorder.adapters.gradio.describe import (
    Component,
    Dependency,
    Description,
    describe,
    endpoint,
    server_endpoint,
)
from recorder.adapters.gradio.traffic import App as WireApp
from recorder.adapters.gradio.traffic import Traffic, WireCall, WireFrame, file_url, inline_url, page_query
from recorder.adapters.gradio.wire import Inline, is_file_data, is_text, spoken, update_value
from recorder.api import Api, Endpoint, Parameter
from recorder.events import AnyEvent
from recorder.session import (
    App,
    Call,
    File,
    Frame,
    Omitted,
    SecretName,
    Session,
    Timing,
    Trigger,
    Value,
)

_PERSONS = frozenset(
    "click submit input select upload clear blur focus key_up like retry undo edit delete release copy download "
    "example_select option_select double_click play pause stop end start_recording stop_recording pause_recording "
    "expand collapse custom_button stream apply preview_open preview_close".split()
)
"""Events that only a person (or a device) makes; the others may follow from a call that wrote the control."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a control shows and why: at first, because the person set it, or because ``call`` wrote it."""

    value: Any
    call: Resolved | None = None
    output: int = 0
    whole: bool = True
    """False for a value in the middle of a stream, which no link can name."""
    person: bool = False


class Resolved(msgspec.Struct, kw_only=True, eq=False):
    """A call in the making, with what caused it."""

    wire: WireCall
    dependency: Dependency
    endpoint: Endpoint
    id: str
    trigger: Trigger = Trigger()
    cause: Resolved | None = None
    inputs: list[tuple[Any, Known]] = msgspec.field(default_factory=list)
    """Raw value, and what the control was known to show before."""
    omitted: str = ""
    setup: bool = False
    part_of: Resolved | None = None
    """The call of which this is a later frame."""
    stands_for: tuple[str, ...] = ()

    @property
    def root(self) -> Resolved:
        """The call at the head of the chain."""
        call = self
        while call.cause is not None:
            call = call.cause
        return call


class GradioFold:
    """A :class:`recorder.adapters.Fold` for Gradio apps."""

    def __init__(self) -> None:
        self._traffic = Traffic()
        self._descriptions: dict[str, tuple[Any, Any, Description]] = {}

    def feed(self, event: AnyEvent) -> None:
        """Take one event."""
        self._traffic.feed(event)

    def wants(self) -> list[Want]:
        """What the fold needs read from the app."""
        return self._traffic.wants()

    @property
    def calls(self) -> int:
        """How many calls a person would count so far."""
        return len(self._counted())

    @property
    def last(self) -> str:
        """The name of the last of them."""
        counted = self._counted()
        if not counted:
            return ""
        dependency = self._dependency(counted[-1])
        if (server := counted[-1].server) is not None:
            return server.function
        public = _chat_endpoint(dependency, self._description(counted[-1].root))
        return (public or dependency).api_name or f"fn {dependency.id}"

    @property
    def open(self) -> int:
        """How many recorded calls are not over."""
        return sum(call.open and not call.before for call in self._traffic.calls)

    def _counted(self) -> list[WireCall]:
        def counts(call: WireCall) -> bool:
            if (server := call.server) is not None:
                component = self._description(call.root).components.get(server.component_id)
                return call.act is not None and _control_asks(component, server.function) == ""
            dependency = self._dependency(call)
            if dependency.visibility == "hidden" and dependency.trigger_after is not None:
                return False  # the inner workings of a chat turn, which counts once
            return not any(event in ("load", "tick") for _, event in dependency.targets)

        return [call for call in self._traffic.calls if not call.before and counts(call)]

    def _dependency(self, call: WireCall) -> Dependency:
        found = self._description(call.root).dependencies.get(call.fn_index)
        return found or Dependency(id=call.fn_index)

    def _description(self, root: str) -> Description:
        app = self._traffic.apps.get(root) or WireApp(root=root)
        cached = self._descriptions.get(root)
        if cached is None or cached[0] is not app.config or cached[1] is not app.info:
            cached = (app.config, app.info, describe(app.config, app.info) or Description())
            self._descriptions[root] = cached
        return cached[2]

    def session(self) -> Session:
        """What happened so far in the app that was used most."""
        return self._session(self._roots()[0])

    def others(self) -> list[Session]:
        """What happened in each other app on the same pages that was used."""
        return [self._session(root) for root in self._roots()[1:]]

    def _session(self, root: str) -> Session:
        traffic = self._traffic
        description = self._description(root)
        app = traffic.apps.get(root) or WireApp(root=root)
        calls = [call for call in traffic.calls if call.root == root]
        resolved = _Timeline(description, calls).run()
        made = _collapse_chats(resolved, description)
        _omit(resolved, description)
        resolved = _join_frames(resolved)
        _mark_setup(resolved, made)
        build = _Builder(app, traffic, description)
        kept = [r for r in [*resolved, *made] if not r.omitted]
        kept = _in_effect(sorted(kept, key=lambda r: r.wire.order))
        omitted = _in_effect([r for r in resolved if r.omitted])
        notes = [f"{lost.count} events were not kept: {lost.why}" for lost in traffic.lost]
        if calls and app.config is None:
            notes.append("The app's description could not be read, so that its calls have numbers for names")
        called = {r.endpoint.id: r.endpoint for r in [*resolved, *made]}
        listed = [endpoint(description, d) for d in description.dependencies.values() if d.backend]
        # A chat app has dozens of inner endpoints, each with a chat's whole schema: those nobody called go without.
        endpoints = {e.id: e if e.visibility == "public" or e.id in called else _bare(e) for e in listed}
        endpoints = {**endpoints, **{id: e for id, e in called.items() if id not in endpoints}}
        return Session(
            app=self._app(app, description, [r.wire for r in kept] or calls),
            started=_iso(traffic.start.at if traffic.start else None),
            stopped=_iso(traffic.stop.at if traffic.stop else None),
            api=Api(endpoints=tuple(endpoints.values())),
            calls=tuple(build.call(r) for r in kept),
            omitted=tuple(Omitted(call=build.call(r), why=r.omitted, setup=r.setup) for r in omitted),
            secrets=tuple(
                SecretName(name=s.name, placeholder=s.placeholder, hint=s.hint)
                for s in traffic.secrets.values()
            ),
            notes=tuple(notes),
        )

    def _roots(self) -> list[str]:
        """The apps that were recorded, by their calls; where there are none, the first that described itself."""
        counts: dict[str, int] = {}
        for call in self._traffic.calls:
            if not call.before:
                counts[call.root] = counts.get(call.root, 0) + 1
        if counts:
            return sorted(counts, key=lambda root: -counts[root])
        seen = [call.root for call in self._traffic.calls]
        described = [root for root, app in self._traffic.apps.items() if app.config is not None]
        return [*seen, *described, ""][:1]

    def _app(self, app: WireApp, description: Description, calls: list[WireCall]) -> App:
        mark = self._traffic.start.url if self._traffic.start else ""
        url = app.root or mark.rstrip("/")
        said, seen = urlsplit(mark), urlsplit(app.root)
        if said.netloc and seen.netloc in {
            urlsplit(page.url).netloc for page in self._traffic.pages.values()
        }:
            # The page may have seen the app through the recorder's own address; a script wants the app's.
            url = f"{said.scheme}://{said.netloc}{seen.path}"
        return App(
            url=url,
            kind="gradio",
            title=description.title,
            version=description.version,
            api_prefix=app.prefix or description.api_prefix,
            protocol=description.protocol,
            query=page_query(calls[0]) if calls else "",
            auth=description.auth,
        )


def _bare(endpoint: Endpoint) -> Endpoint:
    def bare(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        return tuple(
            msgspec.structs.replace(p, schema=None, python_type="", default=None) for p in parameters
        )

    return msgspec.structs.replace(
        endpoint, parameters=bare(endpoint.parameters), returns=bare(endpoint.returns)
    )


class _Timeline:
    """Walks starts, values and ends in the order they were seen, following what every control shows."""

    def __init__(self, description: Description, calls: list[WireCall]) -> None:
        self._description = description
        self._calls = calls
        self._pages: dict[str, _Page] = {}
        self._resolved: dict[int, Resolved] = {}

    def run(self) -> list[Resolved]:
        moments: list[tuple[int, int, Any, WireCall]] = []
        for call in self._calls:
            moments.append((call.order, 1, None, call))
            moments += [(order, 0, ("values", values), call) for order, values in call.values]
            moments += [(order, 0, ("render", config), call) for order, config in call.renders]
            if call.end_order is not None:
                moments.append((call.end_order, 0, ("end", call.outputs), call))
        moments.sort(key=lambda moment: moment[:2])
        made: list[Resolved] = []
        numbers = {False: 0, True: 0}
        for _, _, what, call in moments:
            page = self._pages.setdefault(call.page, _Page(self._description))
            if what is None:
                numbers[call.before] += 1
                resolved = page.start(call, f"{'b' if call.before else 'c'}{numbers[call.before]}")
                self._resolved[id(call)] = resolved
                made.append(resolved)
                continue
            resolved = self._resolved[id(call)]
            kind, content = what
            if kind == "render":
                page.description = page.description.extended(content)
            elif kind == "values":
                page.write(resolved, content, whole=False)
            else:
                if content is not None:
                    page.write(resolved, content, whole=True)
                page.ended.append(resolved)
        return made


class _Page:
    """What one page shows, control by control."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.ended: list[Resolved] = []
        self._known: dict[int, Known] = {}
        self._changed_by: dict[int, tuple[Resolved, set[int]]] = {}
        """Per control, the call that last changed it and the handlers that have already answered to that change."""

    def known(self, component_id: int) -> Known:
        if component_id in self._known:
            return self._known[component_id]
        component = self.description.components.get(component_id)
        return Known(value=component.value if component else None)

    def start(self, wire: WireCall, id: str) -> Resolved:
        dependency = self.description.dependencies.get(wire.fn_index)
        if dependency is None:
            dependency = Dependency(id=wire.fn_index, visibility="private")
        called = endpoint(self.description, dependency)
        if wire.server is not None:
            component = self.description.components.get(wire.server.component_id)
            component = component or Component(id=wire.server.component_id, type="")
            called = server_endpoint(component, wire.server.function, wire.server.form)
        resolved = Resolved(wire=wire, dependency=dependency, endpoint=called, id=id)
        before: dict[int, Known] = {}
        for position, raw in enumerate(wire.data):
            component_id = dependency.inputs[position] if position < len(dependency.inputs) else None
            known = self.known(component_id) if component_id is not None else Known(value=None)
            resolved.inputs.append((raw, known))
            if component_id is not None:
                before[component_id] = known
                component = self.description.components.get(component_id)
                if not same(raw, known.value) and not (component and component.state):
                    self._known[component_id] = Known(value=raw, person=True)
        resolved.trigger, resolved.cause = self._trigger(resolved, before)
        return resolved

    def write(self, resolved: Resolved, outputs: list[Any], whole: bool) -> None:
        for position, raw in enumerate(outputs):
            if position >= len(resolved.dependency.outputs):
                return
            component_id = resolved.dependency.outputs[position]
            updated, value, _ = update_value(raw)
            if not updated:
                continue
            if not same(value, self.known(component_id).value):
                self._changed_by[component_id] = (resolved, set())
            self._known[component_id] = Known(value=value, call=resolved, output=position, whole=whole)

    def _trigger(self, resolved: Resolved, before: dict[int, Known]) -> tuple[Trigger, Resolved | None]:
        wire, dependency = resolved.wire, resolved.dependency
        event = dependency.event(wire.trigger_id)
        if dependency.trigger_after is not None:
            cause = next(
                (e for e in reversed(self.ended) if e.wire.fn_index == dependency.trigger_after), None
            )
            return Trigger(
                kind="call" if cause else "page", event=event, call=cause.id if cause else None
            ), cause
        component = self.description.components.get(wire.trigger_id) if wire.trigger_id is not None else None
        if event == "load" and (changed := self._changed_during_load(resolved)) is not None:
            return self._person(wire, self.description.components.get(changed), "change"), None
        if event == "load" or (not dependency.targets and wire.act is None):
            return Trigger(kind="page", event=event), None
        if event == "tick" or (component is not None and component.type == "timer"):
            return Trigger(kind="timer", event=event), None
        if component is not None and component.state:
            cause = next((e for e in reversed(self.ended) if component.id in e.wire.changed_states), None)
            return Trigger(
                kind="call" if cause else "page", event=event, call=cause.id if cause else None
            ), cause
        if event not in _PERSONS and wire.trigger_id is not None:
            cause = self._changer(wire.trigger_id, dependency, resolved, before)
            if cause is not None:
                return Trigger(kind="call", event=event, component_id=wire.trigger_id, call=cause.id), cause
            if wire.act is None and not before.get(wire.trigger_id, Known(value=None)).person:
                known = before.get(wire.trigger_id)
                shown = next((raw for raw, was in resolved.inputs if was is known), None)
                if known is not None and same(shown, known.value):
                    return Trigger(kind="page", event=event, component_id=wire.trigger_id), None
        return self._person(wire, component, event), None

    def _changed_during_load(self, resolved: Resolved) -> int | None:
        """The control the person changed while the load event was still running: Gradio then runs the handler
        once more, under the load event's name."""
        if not any(e.dependency.id == resolved.dependency.id for e in self.ended):
            return None
        for (raw, known), component_id in zip(resolved.inputs, resolved.dependency.inputs, strict=False):
            component = self.description.components.get(component_id)
            if not same(raw, known.value) and component is not None and not component.state:
                return component_id
        return None

    def _changer(
        self, component_id: int, dependency: Dependency, resolved: Resolved, before: dict[int, Known]
    ) -> Resolved | None:
        """The call whose output made this control change, if that is what this handler answers to."""
        known = before.get(component_id)
        if known is not None:
            position = dependency.inputs.index(component_id)
            if position < len(resolved.wire.data) and not same(resolved.wire.data[position], known.value):
                return None
        writer, answered = self._changed_by.get(component_id, (None, set()))
        if writer is None or dependency.id in answered:
            return None
        if writer.wire.ended is not None:
            answered.add(dependency.id)
        return writer

    def _person(self, wire: WireCall, component: Component | None, event: str) -> Trigger:
        # A device goes on long after the act that switched it on.
        act = wire.act if event != "stream" else None
        return Trigger(
            kind="person",
            event=event,
            role=act.role if act else (component.type if component else ""),
            name=(act.name if act else "") or (component.label if component else ""),
            locator=act.locator if act else "",
            component_id=wire.trigger_id,
        )


class _Turn(msgspec.Struct, frozen=True):
    """One turn of a ChatInterface: the chain that the page made, and the public endpoint that makes it in one call."""

    public: Dependency
    head: Resolved
    answer: Resolved
    internal: tuple[Resolved, ...]


def _collapse_chats(resolved: list[Resolved], description: Description) -> list[Resolved]:
    """One call of the public chat endpoint for each turn of a ChatInterface.

    A turn is a chain whose head takes only the textbox and whose handlers are not for the public; the public
    endpoint takes
    the same textbox where the chain's answering handler takes the State that the head filled, then a history,
    then the same
    additional inputs. That is how Gradio builds a ChatInterface in 4.x, 5.x and 6.x; no name of it is relied on.

    The public endpoint keeps a history of its own. So a page's turns are either all made through it, or, where the
    person also retried, undid, edited or loaded a conversation, all as the page made them.
    """
    chains: dict[int, list[Resolved]] = {}
    for r in resolved:
        chains.setdefault(id(r.root), []).append(r)
    pages: dict[str, list[_Turn]] = {}
    for head in resolved:
        if head.cause is not None or head.trigger.kind != "person" or head.wire.before:
            continue
        public = _chat_endpoint(head.dependency, description)
        answer = _answer(public, head, chains[id(head)], description) if public else None
        if public is not None and answer is not None:
            internal = tuple(r for r in chains[id(head)] if r.dependency.visibility != "public")
            pages.setdefault(head.wire.page, []).append(_Turn(public, head, answer, internal))
    made: list[Resolved] = []
    for page, turns in pages.items():
        if not _says_the_same(turns, [r for r in resolved if r.wire.page == page], description):
            continue
        for turn in turns:
            for r in turn.internal:
                r.omitted = f"part of the chat turn that /{turn.public.api_name} makes in one call"
            made.append(_chat_call(f"t{len(made) + 1}", turn, description))
    return made


def _says_the_same(turns: list[_Turn], on_page: list[Resolved], description: Description) -> bool:
    """Whether the public endpoint, called for each of a page's turns, would go through the same conversation."""
    inside = {id(r) for turn in turns for r in turn.internal}
    states = set().union(*(_states(r, description) for turn in turns for r in turn.internal))
    for r in on_page:
        aside = id(r) in inside or r.wire.status != "ok" or r.root.trigger.kind in ("page", "timer")
        if not aside and r.dependency.visibility != "public" and states & _states(r, description):
            return False
    heard: list[tuple[str, str]] | None = None
    for turn in turns:
        wire = turn.answer.wire
        outputs = wire.outputs if wire.outputs is not None else wire.values[-1][1] if wire.values else None
        for component_id, value in zip(turn.answer.dependency.outputs, outputs or (), strict=False):
            now = _said(update_value(value)[1])
            if now is None:
                continue
            said = [(who, spoken(content)) for who, content in now]
            if heard is None:
                component = description.components.get(component_id)
                first = _said(component.value if component else None) or []
                heard = [(who, spoken(content)) for who, content in first]
            if said[: len(heard)] != heard or [role for role, _ in said[len(heard) :]][:1] != ["user"]:
                return False
            heard = said
            break
    return True


def _states(r: Resolved, description: Description) -> set[int]:
    """The State that a call reads or writes."""
    ids = {*r.dependency.inputs, *r.dependency.outputs}
    return {id for id in ids if (c := description.components.get(id)) is not None and c.state}


def _said(history: Any) -> list[tuple[str, Any]] | None:
    """Who said what in a chatbot's value, by messages or by pairs; None if it is none."""
    if not isinstance(history, list):
        return None
    said: list[tuple[str, Any]] = []
    for entry in history:
        if isinstance(entry, list | tuple) and len(entry) == 2:
            said += [pair for pair in zip(_SPEAKERS, entry, strict=True) if pair[1] is not None]
        elif isinstance(entry, dict) and isinstance(entry.get("role"), str):
            said.append((entry["role"], entry.get("content")))
        else:
            return None
    return said


_SPEAKERS = ("user", "assistant")


def _chat_endpoint(head: Dependency, description: Description) -> Dependency | None:
    """The public endpoint that does what the chain headed by ``head`` does: nobody can press what it belongs to."""
    if len(head.inputs) != 1 or head.visibility == "public":
        return None
    for public in description.dependencies.values():
        if public.visibility != "public" or public.api_name is None or not public.backend:
            continue
        if not public.inputs or public.inputs[0] != head.inputs[0] or not public.outputs:
            continue
        targets = [description.components.get(t) for t, _ in public.targets if t is not None]
        if targets and not any(target is None or target.visible for target in targets):
            return public
    return None


def _answer(
    public: Dependency, head: Resolved, chain: list[Resolved], description: Description
) -> Resolved | None:
    """The call in the chain that ran the person's own function."""
    for r in chain:
        ids = r.dependency.inputs
        first = description.components.get(ids[0]) if ids else None
        if (
            first is not None
            and first.state
            and ids[0] in head.dependency.outputs
            and len(ids) == len(public.inputs)
            and ids[2:] == public.inputs[2:]
            and r.dependency.visibility != "public"
            and r.dependency.queue == public.queue
        ):
            return r
    return None


def _chat_call(id: str, turn: _Turn, description: Description) -> Resolved:
    public, head, answer = turn.public, turn.head, turn.answer

    def answered(outputs: list[Any] | None) -> list[Any]:
        replies = [_reply(update_value(value)[1]) for value in outputs or ()]
        text = next((reply for reply in replies if reply is not None), None)
        return [text, *[None] * (len(public.outputs) - 1)]

    wire = answer.wire
    wire = msgspec.structs.replace(
        wire,
        fn_index=public.id,
        data=[head.wire.data[0] if head.wire.data else None, None, *wire.data[2:]],
        order=head.wire.order,
        begin_order=head.wire.begin_order,
        started=head.wire.started,
        act=head.wire.act,
        trigger_id=None,
        event_data=None,
        outputs=answered(wire.outputs) if wire.outputs is not None else None,
        values=[(order, answered(values)) for order, values in wire.values],
        renders=[],
    )
    return Resolved(
        wire=wire,
        dependency=public,
        endpoint=endpoint(description, public),
        id=id,
        trigger=head.trigger,
        inputs=[(wire.data[0], head.inputs[0][1]), (None, Known(value=None)), *answer.inputs[2:]],
        stands_for=tuple(r.id for r in turn.internal),
    )


def _reply(history: Any) -> str | None:
    """What the app said last in a chatbot's value; None where it is no chat, or where it showed more than words."""
    said = _said(history)
    if not said:
        return None
    last = next((n for n in range(len(said), 0, -1) if said[n - 1][0] == "user"), 0)
    replies = [content for _, content in said[last:]]
    return spoken(replies) if is_text(replies) else None


def _in_effect(calls: list[Resolved]) -> list[Resolved]:
    """Calls in the order in which they had their effect.

    That is the order in which they were begun, but for what a page begins in one moment, before it hears of any of it:
    those race to the app, and took effect as they ended.
    """
    made: list[Resolved] = []
    together: list[Resolved] = []
    for r in calls:
        heard = min((c.wire.begin_order or sys.maxsize for c in together), default=0)
        if r.wire.order > heard or any(c.wire.page != r.wire.page for c in together):
            made += sorted(together, key=lambda c: c.wire.end_order or sys.maxsize)
            together = []
        together.append(r)
    return made + sorted(together, key=lambda c: c.wire.end_order or sys.maxsize)


def _control_asks(component: Component | None, function: str) -> str:
    """Why a control of Gradio's own asks this of the server, for itself and without effect; else empty."""
    return {
        ("fileexplorer", "ls"): "the control asked for the names that it shows",
        ("dialogue", "format"): "the control asked how its value is written",
        ("dialogue", "unformat"): "the control asked how its text is read",
    }.get((component.type if component else "", function), "")


def _omit(resolved: list[Resolved], description: Description) -> None:
    for r in resolved:
        root = r.root
        if (server := r.wire.server) is not None:
            r.omitted = _control_asks(description.components.get(server.component_id), server.function)
        if r.omitted:
            continue
        if r.wire.before:
            r.omitted = "made before recording started"
        elif root.trigger.kind == "page":
            r.omitted = (
                "made by the page as it loaded" if r is root else f"followed {root.id}, which the page made"
            )
        elif root.trigger.kind == "timer":
            r.omitted = "made by a timer" if r is root else f"followed {root.id}, which a timer made"
        elif _loads_example(r.dependency):
            r.omitted = "put an example into the controls; its values are in the calls that follow"
    # An image editor sends its pictures ahead of the call that then names them, if it makes one.
    named = {
        raw["id"]
        for r in resolved
        for raw in r.wire.data
        if not r.omitted
        and r.wire.server is None
        and isinstance(raw, dict)
        and isinstance(raw.get("id"), str)
    }
    for r in resolved:
        component = r.endpoint.parameters[0].component if r.wire.server is not None else ""
        if (component, r.endpoint.server_fn) == ("imageeditor", "accept_blobs") and not r.wire.before:
            sent = r.wire.data[0]
            needed = isinstance(sent, dict) and sent.get("id") in named
            r.omitted = "" if needed else "no call asked for the picture that the control sent"


def _join_frames(resolved: list[Resolved]) -> list[Resolved]:
    """With what a device sent in calls of its own, one after the other, as frames of the first of them.

    So does 4.x, which opens no stream.
    """
    joined: list[Resolved] = []
    heads: dict[str, Resolved] = {}
    for r in resolved:
        head = heads.get(r.wire.page)
        wire = r.wire
        if (
            head is not None
            and not (r.omitted or head.omitted)
            and r.trigger.event == "stream"
            and r.dependency.connection != "stream"
            and (head.dependency.id, head.wire.trigger_id) == (r.dependency.id, wire.trigger_id)
            and head.wire.status == "ok"
        ):
            first = head.wire
            head.wire = msgspec.structs.replace(
                first,
                frames=[*first.frames, WireFrame(data=wire.data, order=wire.order, at=wire.started)],
                values=[*first.values, (first.end_order or first.order, first.outputs or [])],
                outputs=wire.outputs,
                ended=wire.ended,
                end_order=wire.end_order,
                status=wire.status,
                error=wire.error,
                logs=[*first.logs, *wire.logs],
            )
            r.part_of = head
            continue
        if not r.omitted:
            heads[wire.page] = r
        joined.append(r)
    return joined


def _passed_over(wire: WireCall) -> tuple[set[int], bool]:
    """Which frames of a stream the app never took, by place, and whether it still worked on one when it was closed.

    It works on one frame at a time; of those that come meanwhile it takes the last. So each value that arrives tells
    that it took the latest one sent until then; one value more than that explains is of the latest passed over. A last
    message that says the last value again tells that the last frame was not taken.
    """
    moments = [(frame.order, place) for place, frame in enumerate(wire.frames)]
    moments += [(order, -1) for order, _ in wire.values]
    moments += [(wire.closed, -2)] if wire.closed is not None else []
    passed: list[int] = []
    current: int | None = None
    waiting: int | None = None
    busy, cut_short = True, False
    for _, what in sorted(moments):
        if what >= 0 and not busy:
            busy, current = True, what
        elif what >= 0:
            passed += [waiting] if waiting is not None else []
            waiting = what
        elif what == -2:
            cut_short = busy
        elif waiting is not None:
            current, waiting = waiting, None
        elif busy:
            busy = False
        elif passed:
            passed.pop()
    if busy and wire.repeated and current is not None:
        passed.append(current)
        cut_short = False
    return {*passed, *([waiting] if waiting is not None else [])}, cut_short


def _loads_example(dependency: Dependency) -> bool:
    name = dependency.api_name or ""
    return name.startswith("load_example") and dependency.visibility != "public"


def _mark_setup(resolved: list[Resolved], made: list[Resolved]) -> None:
    """Mark the omitted calls without which a kept one would meet another State, or no endpoint at all."""
    replaced = {id for r in made for id in r.stands_for}
    candidates: dict[tuple[str, str, int | None], list[Resolved]] = {}
    for r in resolved:
        if not r.omitted or r.id in replaced or r.wire.status != "ok" or r.root.trigger.kind == "timer":
            continue
        if r.wire.renders:
            # Any render moves the numbers that the endpoints of the next one get.
            candidates.setdefault((r.wire.page, "renders", None), []).append(r)
        for parameter in r.endpoint.returns:
            if parameter.state:
                candidates.setdefault((r.wire.page, "fills", parameter.component_id), []).append(r)
    needed = [r for r in [*resolved, *made] if not r.omitted]
    while needed:
        call = needed.pop()
        wanted = [("fills", p.component_id) for p in call.endpoint.parameters if p.state]
        if call.dependency.rendered_in is not None:
            wanted.append(("renders", None))
        for what, key in wanted:
            for earlier in candidates.get((call.wire.page, what, key), ()):
                if not earlier.setup and earlier.wire.order < call.wire.order:
                    earlier.setup = True
                    needed.append(earlier)


class _Builder:
    """Resolved calls into the session's own structs, files in place of FileData."""

    def __init__(self, app: WireApp, traffic: Traffic, description: Description) -> None:
        self._app = app
        self._traffic = traffic
        self._description = description

    def call(self, r: Resolved) -> Call:
        wire = r.wire
        streamed = r.dependency.connection == "stream"
        passed, cut_short = _passed_over(wire) if streamed else (set(), False)
        trigger = r.trigger
        if r.cause is not None and r.cause.part_of is not None:
            trigger = msgspec.structs.replace(trigger, call=r.cause.part_of.id)
        return Call(
            id=r.id,
            endpoint=r.endpoint.id,
            trigger=trigger,
            inputs=tuple(self._input(r, i) for i in range(len(wire.data))),
            outputs=tuple(self._output(r, i, raw) for i, raw in enumerate(wire.outputs or ())),
            status=wire.status,
            timing=Timing(
                started=wire.started,
                first=None if wire.first is None else round(wire.first - wire.started, 3),
                ended=None if wire.ended is None else round(wire.ended - wire.started, 3),
            ),
            error=wire.error,
            yields=len(wire.values),
            stream=tuple(self._plain(values) for _, values in wire.values)
            if r.endpoint.generator or streamed or wire.frames
            else (),
            frames=tuple(
                Frame(
                    inputs=self._frame(r, frame),
                    at=round(frame.at - wire.started, 3),
                    passed_over=place in passed,
                )
                for place, frame in enumerate(wire.frames)
            ),
            cut_short=cut_short,
            logs=tuple(wire.logs),
            event_data=self._plain(wire.event_data) if r.dependency.event_data else None,
            trigger_id=wire.trigger_id,
            page=wire.page,
            stands_for=r.stands_for,
        )

    def _frame(self, r: Resolved, frame: WireFrame) -> tuple[Any, ...]:
        parameters = r.endpoint.parameters
        return tuple(
            None if place < len(parameters) and parameters[place].state else self._plain(raw)
            for place, raw in enumerate(frame.data)
        )

    def _input(self, r: Resolved, position: int) -> Value:
        raw, known = r.inputs[position]
        parameters = r.endpoint.parameters
        parameter = parameters[position] if position < len(parameters) else None
        if parameter is None:
            return Value(value=self._plain(raw))
        if parameter.state:
            return Value(
                label=parameter.label, component="state", component_id=parameter.component_id, state=True
            )
        shown = same(raw, known.value)
        by = known.call if shown and known.whole else None
        if by is not None and by.part_of is not None:
            by = by.part_of
        # What a device sends or a script in the page says, nobody typed.
        sensed = r.trigger.event == "stream" and parameter.component_id == r.wire.trigger_id
        sensed = sensed or r.wire.server is not None
        if parameter.component == "imageeditor" and isinstance(raw, dict) and raw.get("id"):
            sensed = True  # only the name of the pictures that the control sent ahead
        return Value(
            name=parameter.name,
            label=parameter.label,
            component=parameter.component,
            component_id=parameter.component_id,
            value=self._plain(raw),
            changed=(not shown or known.person) and not sensed,
            default=not known.person and shown and known.call is None,
            written_by=by.id if by else None,
            output=known.output if by else None,
            skipped=parameter.skipped,
        )

    def _output(self, r: Resolved, position: int, raw: Any) -> Value:
        returns = r.endpoint.returns
        parameter = returns[position] if position < len(returns) else None
        value: Any = raw
        update = None
        skipped = False
        if isinstance(raw, dict) and raw.get("__type__") == "update":
            updated, value, rest = update_value(raw)
            skipped = not updated
            value = value if updated else None
            update = self._plain(rest)
        return Value(
            label=parameter.label if parameter else "",
            component=parameter.component if parameter else "",
            component_id=parameter.component_id if parameter else None,
            value=None if parameter and parameter.state else self._plain(value),
            state=bool(parameter and parameter.state),
            skipped=skipped,
            update=update,
            reply=bool(r.stands_for) and position == 0,
        )

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Inline):
            return self._inline(value)
        if is_file_data(value):
            return self._file(value)
        if isinstance(value, dict):
            return {k: self._plain(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._plain(v) for v in value]
        return value

    def _inline(self, what: Inline) -> File:
        kept = self._traffic.files.get(inline_url(what))
        path = (kept.path if kept else "") or ""
        return File(
            name=what.name or path.rpartition("/")[2] or "file",
            sha256=what.sha256,
            size=what.size,
            type=what.type,
            path=path,
            lost="" if path else (kept.error if kept else "") or "its bytes were not kept",
            inline=not what.name,
        )

    def _file(self, data: dict[str, Any]) -> File:
        url = file_url(data, self._app)
        fetched = self._traffic.files.get(url)
        path = str(data.get("path") or "")
        name = str(data.get("orig_name") or path).replace("\\", "/").rpartition("/")[2]
        known = ("path", "url", "orig_name", "size", "mime_type", "meta")
        extra = {k: v for k, v in data.items() if k not in known and v is not None}
        kept = fetched is not None and fetched.path is not None
        lost = "" if kept else (fetched.error if fetched else "") or "its bytes were not read"
        return File(
            name=name or "file",
            sha256=(fetched.sha256 if fetched else "") or "",
            size=fetched.size if kept and fetched else data.get("size"),
            type=data.get("mime_type") or (fetched.type if fetched else None),
            path=(fetched.path if fetched else "") or "",
            server_path=path,
            url=url,
            lost=lost,
            extra=extra or None,
        )


def same(a: Any, b: Any) -> bool:
    """Whether two raw values are the same to a person.

    Pages add and drop members that are null, files are the same where their path is, and an untouched control may
    send any empty value for any other.
    """
    return (_empty(a) and _empty(b)) or _same(a, b)


def _empty(value: Any) -> bool:
    if value is None or value == "":
        return True
    if isinstance(value, dict):
        return all(_empty(v) for v in value.values())
    if isinstance(value, list):
        return not value
    return False


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if is_file_data(a) and is_file_data(b):
        return bool(a.get("path") == b.get("path"))
    if isinstance(a, dict) and isinstance(b, dict):
        keys: Iterable[Any] = a.keys() | b.keys()
        return all(_same(a.get(k), b.get(k)) for k in keys)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _iso(at: float | None) -> str:
    if at is None:
        return ""
    return (
        datetime.fromtimestamp(at / 1000, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )

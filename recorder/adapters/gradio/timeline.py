"""The timeline: Gradio's calls with their causes, told from what every control of a page showed at each moment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from recorder.adapters.gradio.describe import Component, Dependency, Description, endpoint, server_endpoint
from recorder.adapters.gradio.traffic import WireCall
from recorder.adapters.gradio.wire import is_file_data, update_value
from recorder.api import Endpoint
from recorder.session import Trigger

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


class Timeline:
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
        self._endpoints: dict[int, Endpoint] = {}

    def known(self, component_id: int) -> Known:
        if component_id in self._known:
            return self._known[component_id]
        component = self.description.components.get(component_id)
        return Known(value=component.value if component else None)

    def start(self, wire: WireCall, id: str) -> Resolved:
        dependency = self.description.dependencies.get(wire.fn_index)
        if dependency is None:
            dependency = Dependency(id=wire.fn_index, visibility="private")
        if wire.server is None:
            if dependency.id not in self._endpoints:
                self._endpoints[dependency.id] = endpoint(self.description, dependency)
            called = self._endpoints[dependency.id]
        else:
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


def in_effect(calls: list[Resolved]) -> list[Resolved]:
    """Calls in the order in which they had their effect.

    That is the order in which they were begun, but for what a page begins in one moment, before it hears of any of it:
    those race to the app, and took effect as they ended.
    """
    moments: list[list[Resolved]] = []
    heard = 0
    for r in calls:
        begun = r.wire.begin_order or sys.maxsize
        if not moments or r.wire.order > heard or r.wire.page != moments[-1][0].wire.page:
            moments.append([r])
            heard = begun
        else:
            moments[-1].append(r)
            heard = min(heard, begun)
    return [r for moment in moments for r in sorted(moment, key=lambda c: c.wire.end_order or sys.maxsize)]


def same(a: Any, b: Any) -> bool:
    """Whether two raw values are the same to a person.

    Pages add and drop members that are null, files are the same where their path is, and an untouched control may
    send any empty value for any other.
    """
    return (is_empty(a) and is_empty(b)) or _same(a, b)


def is_empty(value: Any) -> bool:
    """Whether a value holds nothing, whichever of the ways to say so it takes."""
    if value is None or value == "":
        return True
    if isinstance(value, dict):
        return all(is_empty(v) for v in value.values())
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

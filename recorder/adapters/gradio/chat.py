"""Chats: the turns of a ``gr.ChatInterface``, each of which its public endpoint makes in one call."""

from __future__ import annotations

from typing import Any

import msgspec

from recorder.adapters.gradio.describe import Dependency, Description, endpoint
from recorder.adapters.gradio.timeline import Known, Resolved
from recorder.adapters.gradio.wire import is_text, spoken, update_value

TOGETHER_MS = 500
"""What one act sets off at once is begun within this."""


class _Turn(msgspec.Struct, frozen=True):
    """One turn of a ChatInterface: the chain that the page made, and the public endpoint that makes it in one call."""

    public: Dependency
    head: Resolved
    answer: Resolved
    internal: tuple[Resolved, ...]


def collapse_chats(resolved: list[Resolved], description: Description) -> list[Resolved]:
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
    alone = [r for r in resolved if r.cause is None and not r.dependency.inputs and _is_hidden(r)]
    pages: dict[str, list[_Turn]] = {}
    for head in resolved:
        if head.cause is not None or head.trigger.kind != "person" or head.wire.before:
            continue
        public = chat_endpoint(head.dependency, description)
        answer = _answer(public, head, chains[id(head)], description) if public else None
        if public is not None and answer is not None:
            internal = tuple(r for r in chains[id(head)] if _is_hidden(r))
            internal += tuple(r for r in alone if r is not head and _only_dresses(r, head, description))
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


def _is_hidden(r: Resolved) -> bool:
    return r.dependency.visibility != "public"


def _only_dresses(r: Resolved, head: Resolved, description: Description) -> bool:
    """Whether a call that takes nothing, made by the same act as the turn that ``head`` begins, only changes how its
    controls look."""
    mine, its = r.wire, head.wire
    if (mine.page, mine.trigger_id, mine.act) != (its.page, its.trigger_id, its.act):
        return False
    shown = [description.components.get(id) for id in r.dependency.outputs]
    together = abs(mine.started - its.started) < TOGETHER_MS
    return together and all(
        c is not None and c.type in ("textbox", "multimodaltextbox", "button") for c in shown
    )


def _says_the_same(turns: list[_Turn], on_page: list[Resolved], description: Description) -> bool:
    """Whether the public endpoint, called for each of a page's turns, would go through the same conversation."""
    inside = {id(r) for turn in turns for r in turn.internal}
    states = set().union(*(_states(r, description) for turn in turns for r in turn.internal))
    for r in on_page:
        aside = id(r) in inside or r.wire.status != "ok" or r.root.trigger.kind in ("page", "timer")
        if not aside and _is_hidden(r) and states & _states(r, description):
            return False
    heard: list[tuple[str, str]] | None = None
    for turn in turns:
        wire = turn.answer.wire
        outputs = wire.outputs if wire.outputs is not None else wire.values[-1][1] if wire.values else None
        for component_id, value in zip(turn.answer.dependency.outputs, outputs or (), strict=False):
            said = _conversation(update_value(value)[1])
            if said is None:
                continue
            if heard is None:
                component = description.components.get(component_id)
                heard = _conversation(component.value if component else None) or []
            new = said[len(heard) :]
            if said[: len(heard)] != heard or not new or new[0][0] != "user":
                return False
            heard = said
            break
    return True


def _states(r: Resolved, description: Description) -> set[int]:
    """The State that a call reads or writes."""
    ids = {*r.dependency.inputs, *r.dependency.outputs}
    return {id for id in ids if (c := description.components.get(id)) is not None and c.state}


def _conversation(history: Any) -> list[tuple[str, str]] | None:
    """Who said what, in words."""
    said = _said(history)
    return None if said is None else [(who, spoken(content)) for who, content in said]


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


def chat_endpoint(head: Dependency, description: Description) -> Dependency | None:
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
            and _is_hidden(r)
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

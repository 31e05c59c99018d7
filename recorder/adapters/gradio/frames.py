"""Frames: what a camera or a microphone sent, as one call, and which of them the app took."""

from __future__ import annotations

import msgspec

from recorder.adapters.gradio.timeline import Resolved
from recorder.adapters.gradio.traffic import WireCall, WireFrame


def join_frames(resolved: list[Resolved]) -> list[Resolved]:
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


def passed_over(wire: WireCall) -> tuple[set[int], bool]:
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

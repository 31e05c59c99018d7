"""Resolved calls become the session's own structs, with files in place of the app's records of them."""

from __future__ import annotations

from typing import Any

import msgspec

from recorder.adapters.gradio.frames import passed_over
from recorder.adapters.gradio.timeline import Resolved, same
from recorder.adapters.gradio.traffic import App as WireApp
from recorder.adapters.gradio.traffic import Traffic, WireFrame, file_url
from recorder.adapters.gradio.wire import is_file_data, update_value
from recorder.inline import Inline, inline_url
from recorder.session import Call, File, Frame, Timing, Value


class Builder:
    """Resolved calls into the session's own structs, files in place of FileData."""

    def __init__(self, app: WireApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    def call(self, r: Resolved) -> Call:
        wire = r.wire
        streamed = r.dependency.connection == "stream"
        passed, cut_short = passed_over(wire) if streamed else (set(), False)
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

"""Making steps again on a Gradio app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from recorder.adapters.gradio.describe import Description
from recorder.adapters.gradio.wire import update_value
from recorder.drift import Drift
from recorder.replay.judging import Judge
from recorder.replay.plan import Missing, Plan, Target, drifts_of, locate
from recorder.replay.report import OnValue, StepReport
from recorder.replay.sending import NotMade, Sender
from recorder.replay.site import Wanted
from recorder.replay.transport import Answer, App, Page
from recorder.workflow import Link, Step, Workflow


@asynccontextmanager
async def connected(wanted: Wanted) -> AsyncIterator[GradioSite]:
    """A connection to a Gradio app.

    Raises:
        AppError: it cannot be reached, is no Gradio app, or refuses the login.
    """
    app = await App.connect(
        wanted.root,
        query=wanted.query,
        environment=wanted.environment,
        patience=wanted.patience,
        retries=wanted.retries,
        on_wait=wanted.on_wait,
    )
    async with app:
        yield GradioSite(app)


class GradioSite:
    """A :class:`recorder.replay.site.Site`."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def root(self) -> str:
        """Where it answers."""
        return self._app.root

    @property
    def version(self) -> str:
        """Of Gradio."""
        return self._app.description.version

    def drifts(self, workflow: Workflow) -> tuple[Drift, ...]:
        """What of the endpoints that the workflow uses is not as recorded."""
        return drifts_of(workflow, self._app.description)

    def performer(
        self, ready: Plan, files: Path, copies: Path, timeout: float, take: bool = False
    ) -> GradioPerformer:
        """For one run."""
        return GradioPerformer(ready, files, copies, timeout, self._app, take)


class _PageState(msgspec.Struct):
    """One page of the replay: its session, and the app as that page sees it, with what was rendered into it."""

    page: Page
    description: Description
    rendered: dict[int, tuple[int, ...]] = {}


class GradioPerformer:
    """A :class:`recorder.replay.site.Performer`, with pages of its own."""

    def __init__(
        self, ready: Plan, files: Path, copies: Path, timeout: float, app: App, take: bool = False
    ) -> None:
        self._app = app
        self._timeout = timeout
        self._pages: dict[str, _PageState] = {}
        self._answers: dict[str, tuple[Answer, Target]] = {}
        self._sender = Sender(ready, files, app, self._linked)
        self._judge = Judge(ready, files, app, copies, timeout, take)

    async def perform(
        self, step: Step, report: StepReport, notes: list[str], on_value: OnValue
    ) -> StepReport:
        """Make a step, and judge what comes of it."""
        state = self._page(step)
        target = self._locate(step, state)
        if isinstance(target, Missing):
            return msgspec.structs.replace(report, status="missing", expected=False, error=target.why)
        if target.note:
            notes.append(target.note)
        if target.server_id is not None:
            answer = await self._ask(step, state, target.server_id, notes)
        else:

            def told(count: int, raw: list[Any]) -> None:
                on_value(count, lambda: self._judge.passing(step, target, raw))

            answer = await self._call(step, state, target, notes, told)
        notes += answer.retries
        self._answers[step.id] = (answer, target)
        self._rendered(state, answer)
        return await self._judge.judged(step, target, answer, report, notes)

    def _page(self, step: Step) -> _PageState:
        if step.page not in self._pages:
            self._pages[step.page] = _PageState(self._app.page(), self._app.description)
        return self._pages[step.page]

    def _locate(self, step: Step, state: _PageState) -> Target | Missing:
        of = step.endpoint.rendered_in
        rendered = state.rendered.get(of) if of is not None else None
        return locate(step, state.description, rendered)

    def _rendered(self, state: _PageState, answer: Answer) -> None:
        for config in answer.renders:
            state.description = state.description.extended(config)
            listed = config.get("dependencies")
            ids = tuple(
                entry["id"]
                for entry in (listed if isinstance(listed, list) else ())
                if isinstance(entry, dict) and isinstance(entry.get("id"), int)
            )
            number = config.get("render_id")
            if isinstance(number, int):
                state.rendered = {**state.rendered, number: ids}

    async def _call(
        self,
        step: Step,
        state: _PageState,
        target: Target,
        notes: list[str],
        on_value: Callable[[int, list[Any]], None],
    ) -> Answer:
        arguments = [
            None if argument.state else await self._sender.value(argument.value, notes)
            for argument in step.arguments
        ]
        frames = [[await self._sender.value(value, notes) for value in frame] for frame in step.frames]
        data, *frames = [
            [None if place is None or place >= len(given) else given[place] for place in target.inputs]
            for given in (arguments, *frames)
        ]
        event_data = await self._sender.value(step.event_data, notes)
        try:
            return await asyncio.wait_for(
                state.page.call(
                    target.dependency,
                    data,
                    trigger_id=target.trigger_id,
                    event_data=event_data,
                    frames=frames,
                    cut_short=step.cut_short,
                    cancel_after=_cancel_after(step),
                    # A run may give more values on the way than the recording has.
                    keep=2 * len(step.stream) + 100 if step.stream else 0,
                    on_value=on_value,
                ),
                self._timeout * (1 + len(frames)),
            )
        except asyncio.TimeoutError:
            return Answer(status="failed", error=f"gave no answer within {self._timeout:g} s")

    async def _ask(self, step: Step, state: _PageState, server_id: int, notes: list[str]) -> Answer:
        given = step.arguments[0].value if step.arguments else None
        form = step.endpoint.connection == "form"
        if form and isinstance(given, dict):
            data: Any = await self._sender.fields(given, notes)
        else:
            data = await self._sender.value(given, notes)
        try:
            asking = state.page.ask(server_id, step.endpoint.server_fn, data, form)
            return await asyncio.wait_for(asking, self._timeout)
        except asyncio.TimeoutError:
            return Answer(status="failed", error=f"gave no answer within {self._timeout:g} s")

    def _linked(self, link: Link) -> Any:
        if link.step not in self._answers:
            raise NotMade(f"it needs what {link.step} gives, which was not made")
        answer, target = self._answers[link.step]
        position = target.outputs[link.output] if link.output < len(target.outputs) else None
        if answer.status != "ok" or answer.outputs is None:
            raise NotMade(f"it needs what {link.step} gives, which {_ended(answer)}")
        if position is None or position >= len(answer.outputs):
            raise NotMade(f"it needs output {link.output + 1} of {link.step}, which did not come")
        given, value, _ = update_value(answer.outputs[position])
        if not given:
            raise NotMade(f"it needs output {link.output + 1} of {link.step}, which was left as it was")
        try:
            for part in link.path:
                value = value[part]
        except (TypeError, LookupError):
            raise NotMade(f"output {link.output + 1} of {link.step} has no {link.path!r}") from None
        return value


def _cancel_after(step: Step) -> int | None:
    """How many values to take. A call that the recording did not see the end of may have none."""
    if step.expect == "unfinished" and step.endpoint.generator:
        return max(step.yields, 1)
    return step.cancel_after


def _ended(answer: Answer) -> str:
    return {"failed": "failed", "cancelled": "was cancelled"}.get(answer.status, "gave no outputs")

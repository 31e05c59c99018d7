"""Doing a workflow again, once or many times, one step after the other or side by side, and saying what came out."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import msgspec

from recorder.drift import Drift
from recorder.errors import RecorderError
from recorder.graph import Graph, graph
from recorder.replay.plan import Plan, plan
from recorder.replay.report import OutputReport, Report, Reports, StepReport, StepStatus
from recorder.replay.sending import NotMade, check_files
from recorder.replay.site import RETRIES, Site, Wanted, connected
from recorder.workflow import Step, Workflow

PASSING_SECONDS = 0.04
"""The shortest time between two values of a stream that are told of: nobody sees more."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How replays are made.

    ``parallel`` calls are made at once at most, over all runs; at 1 all is done in the person's order. ``pace`` is
    ``recorded`` where no step begins earlier than it did, counted from the first. ``timeout`` and ``run_timeout`` are
    the seconds that one call and one run may take; ``patience`` those to wait for an app that is still starting;
    ``retries`` is how often to ask again what the app did not take; ``apart`` are the seconds between runs in turn.
    ``take``: every file that the app gives is wanted, not only those that there is one to compare with. ``passing``:
    the values of a stream are told as they come.
    """

    parallel: int = 1
    pace: Literal["fast", "recorded"] = "fast"
    timeout: float = 120.0
    run_timeout: float | None = None
    patience: float = 10.0
    retries: int = RETRIES
    apart: float = 0.0
    take: bool = False
    passing: bool = False


async def replay(
    workflow: Workflow,
    *,
    files: Path,
    url: str | None = None,
    values: Mapping[str, str] | None = None,
    settings: Settings = Settings(),
    on_progress: Callable[[StepReport], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Report:
    """Make every step again, once, and compare what comes out; see :func:`replay_runs`.

    Args:
        values: what the person wrote after ``--set``, by variable name.
    """
    reports = await replay_runs(
        workflow,
        rows=[values or {}],
        files=files,
        url=url,
        settings=settings,
        on_progress=on_progress,
        on_wait=on_wait,
        environment=environment,
    )
    return reports.runs[0]


async def replay_runs(
    workflow: Workflow,
    *,
    rows: Sequence[Mapping[str, str]],
    files: Path,
    url: str | None = None,
    settings: Settings = Settings(),
    on_progress: Callable[[StepReport], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
    copies: Path | None = None,
) -> Reports:
    """Make every step again, once for each row, and compare what comes out.

    What a step does or does not do is in the report; Ctrl-C ends the replay with a report of what was done until then.

    Args:
        rows: for each run the values of variables by name, as a person writes them after ``--set``.
        files: the folder of the session file, to which the paths of recorded files are relative.
        url: the app; as recorded if None.
        on_progress: told of each step as it starts, at each value that it yields, and when it is over.
        on_wait: told once, in a sentence, when the app is not up yet.
        environment: where secrets and the login are; ``os.environ`` if None.
        copies: a folder for the files that the app gives, each named by its SHA-256; for a time only, if None.

    Raises:
        UsageError: a value that does not fit a variable, or a secret that is not set.
        AppError: the app cannot be reached, is no Gradio app, or refuses the login.
        FileError: a recorded file is gone.
    """
    environment = os.environ if environment is None else environment
    plans = [plan(workflow, values, environment) for values in rows]
    return await run_plans(
        plans,
        rows=rows,
        files=files,
        url=url,
        settings=settings,
        on_progress=on_progress,
        on_wait=on_wait,
        environment=environment,
        copies=copies,
        interruptible=_interruptible,
    )


async def run_plans(
    plans: Sequence[Plan],
    *,
    files: Path,
    rows: Sequence[Mapping[str, str]] = (),
    url: str | None = None,
    settings: Settings = Settings(),
    on_progress: Callable[[StepReport], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
    copies: Path | None = None,
    interruptible: Callable[[], AbstractContextManager[Callable[[], bool]]] = lambda: nullcontext(
        lambda: False
    ),
) -> Reports:
    """As :func:`replay_runs`, of plans that are ready, all of one workflow; whoever cancels it ends it.

    Args:
        rows: what the reports say was set.
        interruptible: gives what says whether a cancellation is Ctrl-C, which ends the replay with a report.
    """
    environment = os.environ if environment is None else environment
    workflow = plans[0].workflow
    rows = rows or [{} for _ in plans]
    for ready in plans:
        check_files(ready, files)
    drawn = graph(workflow)
    slots = asyncio.Semaphore(max(settings.parallel, 1))
    with _folder(copies) as folder:
        async with connected(_wanted(workflow, url, settings, environment, on_wait)) as site:
            drifts = {found.endpoint: found for found in site.drifts(workflow)}
            shared = _Shared(
                graph=drawn,
                drifts=drifts,
                files=files,
                copies=folder,
                site=site,
                on_progress=on_progress,
                settings=settings,
                slots=slots,
            )
            runs = [
                _Run(number if len(plans) > 1 else 0, values, ready, shared)
                for number, (values, ready) in enumerate(zip(rows, plans, strict=True), 1)
            ]
            started = time.monotonic()
            interrupted = False
            with interruptible() as pressed:
                try:
                    if settings.parallel > 1:
                        await _all([run.go() for run in runs])
                    else:
                        for number, run in enumerate(runs):
                            await asyncio.sleep(settings.apart if number else 0)
                            await run.go()
                except asyncio.CancelledError:
                    if not pressed():
                        raise
                    interrupted = True
                    _uncancelled()
            return Reports(
                url=site.root,
                version=site.version,
                runs=tuple(run.report(interrupted) for run in runs),
                seconds=round(time.monotonic() - started, 3),
            )


async def look(
    workflow: Workflow,
    *,
    url: str | None = None,
    settings: Settings = Settings(),
    on_wait: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Drift, ...]:
    """What changed about the endpoints of a workflow since it was recorded; no call is made.

    Raises:
        AppError: as :func:`replay_runs`.
    """
    environment = os.environ if environment is None else environment
    async with connected(_wanted(workflow, url, settings, environment, on_wait)) as site:
        return site.drifts(workflow)


def _wanted(
    workflow: Workflow,
    url: str | None,
    settings: Settings,
    environment: Mapping[str, str],
    on_wait: Callable[[str], None] | None,
) -> Wanted:
    """The app, at ``url`` or as recorded; a query in ``url`` takes the place of the recorded one."""
    address, _, query = (url or workflow.app.url).partition("?")
    return Wanted(
        kind=workflow.app.kind,
        root=address.partition("#")[0].rstrip("/"),
        query=query.partition("#")[0] or workflow.app.query,
        environment=environment,
        patience=settings.patience,
        retries=settings.retries,
        on_wait=on_wait,
    )


@contextmanager
def _folder(copies: Path | None) -> Iterator[Path]:
    if copies is not None:
        copies.mkdir(parents=True, exist_ok=True)
        yield copies
        return
    with tempfile.TemporaryDirectory(prefix="recorder-") as folder:
        yield Path(folder)


async def _all(jobs: Sequence[Any]) -> None:
    """All of them, each over, whatever ends this."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What all runs of a replay have in common."""

    graph: Graph
    drifts: Mapping[str, Drift]
    files: Path
    copies: Path
    site: Site
    on_progress: Callable[[StepReport], None] | None
    settings: Settings
    slots: asyncio.Semaphore


class _Run:
    """One run over the workflow, with pages of its own."""

    def __init__(self, number: int, values: Mapping[str, str], ready: Plan, shared: _Shared) -> None:
        self._values = values
        self._plan = ready
        self._graph = shared.graph
        self._drifts = shared.drifts
        self._site = shared.site
        self._on_progress = shared.on_progress
        self._settings = shared.settings
        self._slots = shared.slots
        self._performer = shared.site.performer(
            ready, shared.files, shared.copies, shared.settings.timeout, shared.settings.take
        )
        self._reports = {step.id: _waiting(step, number) for step in ready.workflow.steps}
        self._first = min((step.started for step in ready.workflow.steps), default=0.0)
        self._started = time.monotonic()
        self._seconds: float | None = None
        self._timed_out = False

    async def go(self) -> None:
        """Make every step, or as many as there is time for."""
        self._started = time.monotonic()
        steps = self._plan.workflow.steps
        work = self._side_by_side(steps) if self._settings.parallel > 1 else self._in_turn(steps)
        try:
            await asyncio.wait_for(work, self._settings.run_timeout)
        except asyncio.TimeoutError:
            self._timed_out = True
        self._seconds = time.monotonic() - self._started

    def report(self, interrupted: bool) -> Report:
        """What was done until now."""
        over = self._seconds is not None
        steps = tuple(
            msgspec.structs.replace(report, status="stopped") if report.status == "running" else report
            for report in self._reports.values()
        )
        seconds = {report.id: report.seconds for report in steps}
        return Report(
            url=self._site.root,
            version=self._site.version,
            values=dict(self._values),
            steps=steps,
            changes=tuple(drift.sentence() for drift in self._drifts.values() if not drift.gone),
            interrupted=interrupted and not over,
            timed_out=self._settings.run_timeout if self._timed_out else None,
            parallel=self._settings.parallel,
            seconds=round(
                self._seconds if self._seconds is not None else time.monotonic() - self._started, 3
            ),
            longest=round(self._graph.longest(seconds)[0], 3),
        )

    async def _in_turn(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._pace(step)
            async with self._slots:
                await self._step(step)

    async def _side_by_side(self, steps: Sequence[Step]) -> None:
        over = {step.id: asyncio.Event() for step in steps}
        before = self._graph.direct()

        async def one(step: Step) -> None:
            for id in before[step.id]:
                await over[id].wait()
            await self._pace(step)
            async with self._slots:
                await self._step(step)
            over[step.id].set()

        await _all([one(step) for step in steps])

    async def _pace(self, step: Step) -> None:
        if self._settings.pace == "recorded":
            due = self._started + (step.started - self._first) / 1000
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async def _step(self, step: Step) -> None:
        replace = msgspec.structs.replace
        started = time.monotonic()
        report = replace(self._reports[step.id], status="running", began=round(started - self._started, 3))
        self._tell(report)

        passing: tuple[OutputReport, ...] = ()
        shown = 0.0

        def on_value(count: int, outputs: Callable[[], tuple[OutputReport, ...]]) -> None:
            nonlocal passing, shown
            now = time.monotonic()
            if self._settings.passing and now - shown >= PASSING_SECONDS:
                passing, shown = outputs(), now
            self._tell(replace(report, yields=count, seconds=round(now - started, 3), outputs=passing))

        notes: list[str] = []
        try:
            if (found := self._drifts.get(step.endpoint.id)) is not None:
                status: StepStatus = "missing" if found.gone else "changed"
                report = replace(report, status=status, expected=False, error=found.sentence())
            else:
                report = await self._performer.perform(step, report, notes, on_value)
        except NotMade as reason:
            report = replace(report, status="not_run", expected=False, error=str(reason))
        except RecorderError as error:
            remedy = f". {error.remedy}" if error.remedy else ""
            report = replace(report, status="failed", expected=False, error=error.what + remedy)
        report = replace(report, seconds=round(time.monotonic() - started, 3), notes=tuple(notes))
        self._tell(report)

    def _tell(self, report: StepReport) -> None:
        self._reports[report.id] = report
        if self._on_progress is not None:
            self._on_progress(report)


def _waiting(step: Step, run: int) -> StepReport:
    return StepReport(id=step.id, name=step.name, endpoint=step.endpoint.id, setup=step.setup, run=run)


def _uncancelled() -> None:
    """From Python 3.11 a task counts its cancellations, and what it awaits later looks at the count."""
    uncancel = getattr(asyncio.current_task(), "uncancel", None)
    if uncancel is not None:
        uncancel()


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C cancels the current task, and the function that this gives says whether it did."""
    pressed = False
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def press() -> None:
        nonlocal pressed
        pressed = True
        if task is not None:
            task.cancel()

    handled = False
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is threading.main_thread():
        try:
            loop.add_signal_handler(signal.SIGINT, press)
            handled = True
        except (NotImplementedError, RuntimeError):
            pass  # Windows: Ctrl-C ends the program without a report
    try:
        yield lambda: pressed
    finally:
        if handled:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

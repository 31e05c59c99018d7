"""The smallest session that still fails in the same way: fewer calls first, then smaller inputs.

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): halves, quarters
and so on are left out as long as the failure stays. What is left always has the calls whose outputs it takes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from recorder.drift import adapted
from recorder.errors import AppError
from recorder.graph import graph
from recorder.replay.report import Report, StepReport
from recorder.session import Expectation, Session
from recorder.show import visible
from recorder.workflow import Link, Step, Workflow, leaves_of

Changes = Mapping[tuple[str, int], Any]
"""Values in place of recorded inputs, by call and position."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to stay: the step that fails. ``kind`` is ``ended`` where the call did not end as it should, or as it was
    recorded to fail, and then ``how`` is the way in which it did; ``differs`` where its ``output`` is not as
    recorded."""

    step: str
    kind: Literal["ended", "differs"]
    sentence: str
    how: str = ""
    output: int = 0


class Shrunk(msgspec.Struct, frozen=True, kw_only=True):
    """``session`` is what is left; ``calls`` how many calls it had before and has now, set-up included; ``smaller``
    says which inputs became smaller; ``tries`` how many replays it took. ``stopped`` says why there may be a
    smaller one yet."""

    session: Session
    failure: Failure
    calls: tuple[int, int]
    tries: int
    smaller: tuple[str, ...] = ()
    stopped: str = ""


class Ended(Exception):
    """The search ends before it is over; the reason is its text."""


Try = Callable[[Session], Awaitable[Report]]
"""Replays a session once."""

Plan = Callable[[Session], Workflow]
"""Makes the workflow of a session."""


async def shrink(
    session: Session,
    plan: Plan,
    attempt: Try,
    *,
    most: int = 500,
    on_try: Callable[[int, int, bool], None] | None = None,
) -> Shrunk:
    """Find the smallest session that fails as this one does.

    Args:
        plan: makes the workflow of a session.
        attempt: replays a session, on a page of its own.
        most: how many replays to make at most.
        on_try: told after each of them its number, how many calls it had, and whether it failed in the same way.

    Raises:
        AppError: nothing fails, or it does not fail again.
        Ended: it was stopped before a failure was found.
    """
    # What is left is a session of the app as it is now.
    return await _Search(adapted(session), plan, attempt, most, on_try).run()


def failure_of(report: Report, steps: Sequence[Step]) -> Failure | None:
    """What fails in a replay: the first step that is not as recorded; where all is, the last that fails as
    recorded."""
    for step in report.steps:
        if step.over and not step.ok:
            return _failure(step)
    expected = {step.id for step in steps if step.expect == "failed"}
    failed = [step for step in report.steps if step.status == "failed" and step.id in expected]
    return _failure(failed[-1]) if failed else None


def _failure(step: StepReport) -> Failure:
    sentence = (
        step.sentences()[0]
        if not step.ok
        else f"{step.id} {step.endpoint}: {visible(step.error or 'failed')}"
    )
    for output in step.outputs:
        if output.differences:
            return Failure(step=step.id, kind="differs", sentence=sentence, output=output.output)
    return Failure(
        step=step.id, kind="ended", sentence=sentence, how=f"{step.status}: {_blurred(step.error or '')}"
    )


def _blurred(error: str) -> str:
    """An error without what smaller inputs change in it: numbers, and what stands in quotes."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+(?:\.\d+)?", "…", error)


class _Search:
    def __init__(
        self,
        session: Session,
        plan: Plan,
        attempt: Try,
        most: int,
        on_try: Callable[[int, int, bool], None] | None,
    ) -> None:
        self._session = session
        self._plan = plan
        self._attempt = attempt
        self._most = most
        self._on_try = on_try
        self._tries = 0
        self._known: dict[frozenset[str], bool] = {}
        workflow = plan(session)
        self._steps = workflow.steps
        self._needs = _sources(workflow)
        self._best = frozenset(step.id for step in workflow.steps)

    async def run(self) -> Shrunk:
        steps = [step.id for step in self._steps]
        found = failure_of(await self._tried(self._session), self._steps)
        if found is None:
            raise AppError(
                "Nothing fails: every output is as recorded", "Give a session that replays with a failure"
            )
        self._failure = found
        kept = self._closed({found.step})
        before = steps[: steps.index(found.step)]
        if not await self._fails(frozenset({*before, *kept})):
            raise AppError(
                f"It failed once and not again ({found.sentence})",
                "Use --before to bring the app into the same state before each try",
            )
        stopped = ""
        smaller: dict[tuple[str, int], Any] = {}
        try:
            await self._fewer([id for id in before if id not in kept], kept)
            if found.kind == "ended":
                await self._smaller(smaller)
        except Ended as reason:
            stopped = str(reason)
        session = reduced(self._session, self._best, smaller)
        return Shrunk(
            session=await self._unexpecting(session),
            failure=found,
            calls=(len(steps), len(self._best)),
            tries=self._tries,
            smaller=tuple(f"{call}, input {position + 1}" for call, position in smaller),
            stopped=stopped,
        )

    async def _unexpecting(self, session: Session) -> Session:
        """The session without expectations of what is otherwise only because calls before it were left out."""
        self._most = self._tries + 1
        try:
            report = await self._tried(session)
        except Ended:
            return session
        evidence = "calls before it were left out"
        more = tuple(
            Expectation(call=step.id, output=output.output, kind="volatile", evidence=evidence)
            for step in report.steps
            if step.id != self._failure.step
            for output in step.outputs
            if output.differences
        )
        return msgspec.structs.replace(session, expectations=(*session.expectations, *more))

    # Fewer calls

    async def _fewer(self, units: list[str], kept: Collection[str]) -> None:
        """Leave out of ``units`` what the failure does not need."""
        pieces = 2
        if await self._fails(frozenset(kept)):
            return
        while len(units) > 1:
            size = -(-len(units) // pieces)
            parts = [units[i : i + size] for i in range(0, len(units), size)]
            for part in parts:
                if await self._fails(frozenset(self._closed({*part, *kept}))):
                    units, pieces = self._only(units), 2
                    break
            else:
                for part in parts:
                    rest = [id for id in units if id not in part]
                    if len(parts) > 2 and await self._fails(frozenset(self._closed({*rest, *kept}))):
                        units, pieces = self._only(units), max(pieces - 1, 2)
                        break
                else:
                    if pieces >= len(units):
                        return
                    pieces = min(pieces * 2, len(units))

    def _only(self, units: list[str]) -> list[str]:
        kept = self._closed({self._failure.step})
        return [id for id in units if id in self._best and id not in kept]

    def _closed(self, ids: Collection[str]) -> set[str]:
        """With the steps whose outputs these take."""
        closed: set[str] = set()
        rest = list(ids)
        while rest:
            id = rest.pop()
            if id not in closed:
                closed.add(id)
                rest += self._needs.get(id, ())
        return closed

    async def _fails(self, kept: frozenset[str]) -> bool:
        """Whether these steps alone fail in the same way; the smallest that do are remembered."""
        if kept not in self._known:
            report = await self._tried(reduced(self._session, kept, {}))
            self._known[kept] = self._same(report)
            self._told(len(kept), self._known[kept])
        if self._known[kept] and len(kept) < len(self._best):
            self._best = kept
        return self._known[kept]

    # Smaller inputs

    async def _smaller(self, smaller: dict[tuple[str, int], Any]) -> None:
        """Make what is sent smaller, one input after the other."""
        calls = {call.id: call for call in (*self._session.calls, *(o.call for o in self._session.omitted))}
        workflow = self._plan(reduced(self._session, self._best, {}))
        for step in workflow.steps:
            for position, value in enumerate(calls[step.id].inputs):
                sent = step.arguments[position].value if position < len(step.arguments) else None
                if value.state or _has_links(sent):
                    continue

                async def still(candidate: Any, key: tuple[str, int] = (step.id, position)) -> bool:
                    changes = {**smaller, key: candidate}
                    report = await self._tried(reduced(self._session, self._best, changes))
                    same = self._same(report)
                    self._told(len(self._best), same)
                    if same:
                        smaller[key] = candidate
                    return same

                await _least(value.value, still)

    async def _tried(self, session: Session) -> Report:
        if self._tries >= self._most:
            raise Ended(f"stopped after {self._most} replays")
        self._tries += 1
        report = await self._attempt(session)
        if report.interrupted:
            raise Ended("stopped by Ctrl-C")
        return report

    def _told(self, calls: int, same: bool) -> None:
        if self._on_try is not None:
            self._on_try(self._tries, calls, same)

    def _same(self, report: Report) -> bool:
        step = next((step for step in report.steps if step.id == self._failure.step), None)
        if step is None or not step.over:
            return False
        if self._failure.kind == "differs":
            return any(output.differences for output in step.outputs if output.output == self._failure.output)
        found = _failure(step) if not step.ok or step.status == "failed" else None
        return found is not None and (found.kind, found.how) == (self._failure.kind, self._failure.how)


def _sources(workflow: Workflow) -> dict[str, set[str]]:
    """For each step, those whose outputs or files it takes."""
    needs: dict[str, set[str]] = {}
    for edge in graph(workflow).edges:
        if edge.why in ("link", "file"):
            needs.setdefault(edge.after, set()).add(edge.before)
    return needs


def _has_links(expression: Any) -> bool:
    return any(True for _ in leaves_of(Link, expression))


async def _least(value: Any, still: Callable[[Any], Awaitable[bool]]) -> Any:
    """The smallest value with which ``still`` holds; it is asked of one candidate after the other."""
    if isinstance(value, bool):
        return False if value and await still(False) else value
    if isinstance(value, int | float):
        for candidate in _numbers(value):
            if await still(candidate):
                return candidate
        return value
    if isinstance(value, str):
        if value and await still(""):
            return ""
        return "".join(await _fewest(list(value), lambda rest: still("".join(rest))))
    if isinstance(value, list):
        if value and await still([]):
            return []
        rest = await _fewest(value, still)
        for place, item in enumerate(rest):

            async def inside(candidate: Any, place: int = place) -> bool:
                return await still([*rest[:place], candidate, *rest[place + 1 :]])

            rest[place] = await _least(item, inside)
        return rest
    if isinstance(value, dict):
        rest_of = dict(value)
        for name, item in value.items():

            async def member(candidate: Any, name: Any = name) -> bool:
                return await still({**rest_of, name: candidate})

            rest_of[name] = await _least(item, member)
        return rest_of
    return value


def _numbers(value: float) -> Iterator[float]:
    """Smaller numbers, the smallest first."""
    if not value or value != value:
        return
    yield 0
    if abs(value) > 1:
        yield 1 if value > 0 else -1
    whole = int(value) if abs(value) < 1e15 else 0
    halves = [whole] if whole != value else []
    half = int(whole / 2)
    while abs(half) > 1:
        halves.append(half)
        half = int(half / 2)
    yield from reversed(halves)


async def _fewest(items: list[Any], still: Callable[[list[Any]], Awaitable[bool]]) -> list[Any]:
    """As few of the items as ``still`` holds with, in their order."""
    size = len(items) // 2
    while size:
        start = 0
        while start < len(items) and len(items) > 1:
            rest = items[:start] + items[start + size :]
            if rest and await still(rest):
                items = rest
            else:
                start += size
        size //= 2
    return items


# The session that is left


def reduced(session: Session, kept: Collection[str], changes: Changes) -> Session:
    """The session with these calls only, set-up included, and with some inputs changed.

    What came of a call with other inputs was not recorded, so that nothing is expected of it.
    """
    replace = msgspec.structs.replace

    def changed(call: Any) -> Any:
        inputs = tuple(
            replace(value, value=changes[call.id, position], written_by=None, output=None)
            if (call.id, position) in changes
            else value
            for position, value in enumerate(call.inputs)
        )
        return replace(call, inputs=inputs)

    touched = {call for call, _ in changes}
    calls = tuple(changed(call) for call in session.calls if call.id in kept)
    omitted = tuple(
        replace(o, call=changed(o.call)) for o in session.omitted if o.call.id in kept and o.setup
    )
    open_ended = tuple(
        Expectation(call=call.id, output=n, kind="volatile", evidence="its inputs were made smaller")
        for call in calls
        if call.id in touched
        for n in range(len(call.outputs))
    )
    return replace(
        session,
        calls=calls,
        omitted=omitted,
        expectations=(*(e for e in session.expectations if e.call in kept), *open_ended),
        proofs=tuple(p for p in session.proofs if p.call in kept),
        learnt=tuple(e for e in session.learnt if e.call in kept and (not e.source or e.source in kept)),
    )

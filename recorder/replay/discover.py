"""Links and generated values that the recording does not tell, found and proved by doing it again.

A candidate is kept if a replay with it goes better than one without it, both made now: the call that sends it is
accepted and was not, or more of the calls are, or fewer of the responses differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec

from recorder import adapters
from recorder.adapters import Selection
from recorder.adapters.http.steps import Unexplained, unexplained
from recorder.dataflow.missed import REFUSALS, Candidate, fresh, links
from recorder.replay.report import Report, StepReport
from recorder.session import Learnt, Session
from recorder.show import place_of, visible
from recorder.workflow import Workflow

MOST_REPLAYS = 40
"""Replays that are made to prove candidates."""
MOST_TOGETHER = 6
"""Candidates of one call that are tried in several sets."""
Again = Callable[[Workflow], Report]
"""Makes one replay."""


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """The session with what was ``learnt``, a sentence for each without a final stop, and the number of replays."""

    session: Session
    learnt: tuple[Learnt, ...] = ()
    sentences: tuple[str, ...] = ()
    replays: int = 0


def discover(session: Session, selection: Selection, again: Again) -> Discovery:
    """What replays of a session of an HTTP app show of its constants.

    Two are made at least, for what an app refuses the second time.

    Raises:
        UsageError: the selection names a call or endpoint that was not recorded.
    """
    return _Search(session, selection, again).run()


class _Enough(Exception):
    """All replays that there are were made, or one was stopped."""


class _Search:
    def __init__(self, session: Session, selection: Selection, again: Again) -> None:
        self._session = session
        self._selection = selection
        self._again = again
        self._replays = 0
        self._lives: dict[tuple[str, int], list[Any]] = {}
        """What each output had in the replays until now."""
        self._learnt: list[Learnt] = []
        self._useless: set[tuple[Learnt, ...]] = set()

    def run(self) -> Discovery:
        try:
            if self._unexplained(()).opened:
                runs = [self._replay(()), self._replay(())]
                while not runs[-1].ok and (better := self._learn_one(runs)) is not None:
                    runs = [better]
        except _Enough:
            pass
        session = _with(self._session, self._learnt)
        return Discovery(
            session=session,
            learnt=tuple(self._learnt),
            sentences=tuple(sentence(each, session) for each in self._learnt),
            replays=self._replays,
        )

    def _unexplained(self, more: Iterable[Learnt]) -> Unexplained:
        return unexplained(_with(self._session, (*self._learnt, *more)), self._selection)

    def _replay(self, more: Sequence[Learnt]) -> Report:
        """One replay with candidates in place, which also reads what the constants may have been read from."""
        if self._replays >= MOST_REPLAYS:
            raise _Enough
        self._replays += 1
        workflow = adapters.workflow(_with(self._session, (*self._learnt, *more)), self._selection)
        made = {step.id for step in workflow.steps}
        readers = [step for step in self._unexplained(more).readers if step.id not in made]
        steps = sorted((*workflow.steps, *readers), key=lambda step: step.started)
        report = self._again(msgspec.structs.replace(workflow, steps=tuple(steps)))
        if report.interrupted or report.timed_out is not None:
            raise _Enough
        for step in report.steps:
            for output in step.outputs:
                self._lives.setdefault((step.id, output.output), []).append(output.value)
        asked = tuple(step for step in report.steps if step.id in made)
        return msgspec.structs.replace(report, steps=asked)

    def _learn_one(self, runs: Sequence[Report]) -> Report | None:
        """Learn what one call needs; a replay with it, or None where nothing helps."""
        found = candidates(self._session, self._unexplained(()), runs[-1], self._lives)
        by_call: dict[str, list[Candidate]] = {}
        for candidate in found:
            by_call.setdefault(candidate.call, []).append(candidate)
        steps = sorted(runs[-1].steps, key=lambda step: step.expected)
        for call in (step.id for step in steps if step.id in by_call):
            for chosen in sets_of(by_call[call]):
                all_of_it = _all(chosen)
                if all_of_it in self._useless:
                    continue
                trial = self._replay(all_of_it)
                if is_better(trial, runs, call) and (needed := self._needed(chosen, trial, call)):
                    self._learnt += needed
                    return self._replay(())
                self._useless.add(all_of_it)
        return None

    def _needed(self, chosen: Sequence[Candidate], trial: Report, call: str) -> list[Learnt]:
        """Those candidates without which it goes worse, with the evidence."""
        kept = list(chosen)
        evidence = {}
        for candidate in chosen:
            rest = [each for each in kept if each is not candidate]
            without = self._replay(_all(rest))
            if is_better(trial, [without], call):
                evidence[candidate.key] = _evidence(candidate, _step(trial, call), _step(without, call))
            else:
                kept, trial = rest, without
        return [
            msgspec.structs.replace(each, evidence=evidence[candidate.key])
            for candidate in kept
            for each in candidate.learnt
        ]


def candidates(
    session: Session, found: Unexplained, now: Report, lives: Mapping[tuple[str, int], Sequence[Any]]
) -> list[Candidate]:
    """What may be true of the constants, by what replays gave (``lives``) and by what the app refused (``now``)."""
    typed = [typed.value for typed in session.typed]
    is_watched = bool(session.acts or session.typed)
    made = links(found.opened, found.given, lambda call, output: lives.get((call, output), ()))
    for step in now.steps:
        if not step.expected and step.code in REFUSALS:
            said = step.error or ""
            made += fresh(step.id, said, found.opened, found.given, typed, is_watched)
    return made


def sets_of(found: Sequence[Candidate]) -> Iterator[tuple[Candidate, ...]]:
    """Which candidates of one call to try together, in turn: the likeliest for each place, all but one of these, and
    each alone."""
    likeliest: dict[Any, Candidate] = {}
    for candidate in found:
        likeliest.setdefault(candidate.key, candidate)
    best = tuple(likeliest.values())
    if len(best) > 1:
        yield best
    if 2 < len(best) <= MOST_TOGETHER:
        yield from combinations(best, len(best) - 1)
    for candidate in found:
        yield (candidate,)


def is_better(trial: Report, others: Sequence[Report], call: str) -> bool:
    """Whether a replay went better from ``call`` on, which it made as recorded, than the last of the others; where as
    many calls were made as recorded, than any of them."""
    if not _step(trial, call).expected:
        return False
    if not _step(others[-1], call).expected:
        return True
    accepted, differences = _score(trial, call)
    before, _ = _score(others[-1], call)
    if accepted != before:
        return accepted > before
    return all(differences < _score(other, call)[1] for other in others)


def _score(report: Report, call: str) -> tuple[int, int]:
    """How many calls from ``call`` on were made as recorded, and in how many places responses differ."""
    place = next(n for n, step in enumerate(report.steps) if step.id == call)
    steps = report.steps[place:]
    return sum(s.expected for s in steps), sum(len(o.differences) for s in steps for o in s.outputs)


def _step(report: Report, call: str) -> StepReport:
    return next(step for step in report.steps if step.id == call)


def _all(chosen: Iterable[Candidate]) -> tuple[Learnt, ...]:
    return tuple(each for candidate in chosen for each in candidate.learnt)


def _evidence(candidate: Candidate, trial: StepReport, without: StepReport) -> str:
    if without.expected:
        return f"{candidate.why}, and with the one of this run the responses agree better than with the recorded one"
    code = f" ({without.code})" if without.code else ""
    return (
        f"{candidate.why}; with the recorded value the call failed{code}, with the one of this run it did not"
    )


def sentence(learnt: Learnt, session: Session) -> str:
    """What was learnt, and of which place, without a final stop."""
    where = f"{visible(learnt.call)}, {visible(place_of(learnt, session), 60)}"
    what = f"a link to what {visible(learnt.source)} gives" if learnt.source else "made anew in each run"
    return f"{where}: {what}, for {learnt.evidence}"


def _with(session: Session, learnt: Iterable[Learnt]) -> Session:
    return msgspec.structs.replace(session, learnt=(*session.learnt, *learnt))

"""Links and generated values that the recording does not tell, found and proved by doing it again.

A candidate is kept if replays with it go better than those without it, all made now: the call that sends it is
accepted and was not, or more of the calls after it are, or responses that differed do not any more.
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
from recorder.workflow import Step, Workflow

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
    interrupted: bool = False
    """Ctrl-C ended it; what had been proved until then is kept."""


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
        self._readers: tuple[Step, ...] = ()
        """Steps that the workflow does not need, but that read what constants may have been read from."""
        self._interrupted = False

    def run(self) -> Discovery:
        found = self._unexplained()
        self._readers = found.readers
        try:
            if found.opened:
                runs = [self._replay(()), self._replay(())]
                while not runs[-1].ok and (better := self._learn_one(runs)):
                    runs = better
        except _Enough:
            pass
        session = _with(self._session, self._learnt)
        return Discovery(
            session=session,
            learnt=tuple(self._learnt),
            sentences=tuple(sentence(each, session) for each in self._learnt),
            replays=self._replays,
            interrupted=self._interrupted,
        )

    def _unexplained(self) -> Unexplained:
        return unexplained(_with(self._session, self._learnt), self._selection)

    def _replay(self, more: Sequence[Learnt]) -> Report:
        """One replay with candidates in place."""
        if self._replays >= MOST_REPLAYS:
            raise _Enough
        self._replays += 1
        workflow = adapters.workflow(_with(self._session, (*self._learnt, *more)), self._selection)
        made = {step.id for step in workflow.steps}
        readers = [step for step in self._readers if step.id not in made]
        steps = sorted((*workflow.steps, *readers), key=lambda step: step.started)
        report = self._again(msgspec.structs.replace(workflow, steps=tuple(steps)))
        if report.interrupted or report.timed_out is not None:
            self._interrupted = report.interrupted
            raise _Enough
        for step in report.steps:
            for output in step.outputs:
                self._lives.setdefault((step.id, output.output), []).append(output.value)
        asked = tuple(step for step in report.steps if step.id in made)
        return msgspec.structs.replace(report, steps=asked)

    def _learn_one(self, runs: Sequence[Report]) -> list[Report]:
        """Learn what one call needs; replays with it, or none where nothing helps."""
        found = candidates(self._session, self._unexplained(), runs[-1], self._lives)
        by_call: dict[str, list[Candidate]] = {}
        for candidate in found:
            by_call.setdefault(candidate.call, []).append(candidate)
        steps = sorted(runs[-1].steps, key=lambda step: step.expected)
        for call in (step.id for step in steps if step.id in by_call):
            for chosen in sets_of(by_call[call]):
                together = _all(chosen)
                if together in self._useless:
                    continue
                trial = self._replay(together)
                if is_better(trial, runs, call):
                    needed, trial = self._needed(chosen, trial, runs, call)
                    if needed and is_better(again := self._replay(needed), runs, call):
                        self._learnt += needed
                        return [trial, again]
                self._useless.add(together)
        return []

    def _needed(
        self, chosen: Sequence[Candidate], trial: Report, runs: Sequence[Report], call: str
    ) -> tuple[list[Learnt], Report]:
        """Those candidates without which it goes worse, with the evidence, and a replay with just these."""
        kept = list(chosen)
        evidence = {}
        for candidate in chosen:
            rest = [each for each in kept if each is not candidate]
            without = self._replay(_all(rest))
            others = [without] if rest else [*runs, without]
            if is_better(trial, others, call):
                evidence[candidate.key] = _evidence(candidate, _step(without, call))
            else:
                kept, trial = rest, without
        needed = [
            msgspec.structs.replace(each, evidence=evidence[candidate.key])
            for candidate in kept
            for each in candidate.learnt
        ]
        return needed, trial


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
    """Whether a replay made ``call`` as recorded and went better from there on than the last of the others; where as
    many calls were made as recorded, whether responses do not differ any more that differed in all others."""
    if not _step(trial, call).expected:
        return False
    if not _step(others[-1], call).expected:
        return True
    now, before = (sum(step.expected for step in _from(each, call)) for each in (trial, others[-1]))
    if now != before:
        return now > before
    differing = [_differences(each, call) for each in others]
    still = _differences(trial, call)
    return bool(frozenset.intersection(*differing) - still) and still <= frozenset.union(*differing)


def _from(report: Report, call: str) -> Sequence[StepReport]:
    place = next(n for n, step in enumerate(report.steps) if step.id == call)
    return report.steps[place:]


def _differences(report: Report, call: str) -> frozenset[tuple[str, int, str]]:
    """Where responses are not as recorded, from ``call`` on."""
    return frozenset(
        (step.id, output.output, difference.path)
        for step in _from(report, call)
        for output in step.outputs
        for difference in output.differences
    )


def _step(report: Report, call: str) -> StepReport:
    return next(step for step in report.steps if step.id == call)


def _all(chosen: Iterable[Candidate]) -> tuple[Learnt, ...]:
    return tuple(each for candidate in chosen for each in candidate.learnt)


def _evidence(candidate: Candidate, without: StepReport) -> str:
    other = "the new one" if candidate.learnt[0].source else "one made anew"
    if without.expected:
        return f"{candidate.why}, and with {other} the responses agree better than with the recorded value"
    code = f" ({without.code})" if without.code else ""
    return f"{candidate.why}; with the recorded value {without.id} failed{code}, with {other} it did not"


def sentence(learnt: Learnt, session: Session) -> str:
    """What was learnt, and of which place, without a final stop."""
    where = f"{visible(learnt.call)}, {visible(place_of(learnt, session), 60)}"
    what = f"a link to what {visible(learnt.source)} gives" if learnt.source else "generated anew in each run"
    return f"{where}: {what}, for {learnt.evidence}"


def _with(session: Session, learnt: Iterable[Learnt]) -> Session:
    return msgspec.structs.replace(session, learnt=(*session.learnt, *learnt))

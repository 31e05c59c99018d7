"""What of an app's answers differs from run to run, found by doing the same several times.

Only what differs between the replays themselves is learnt. What is the same in all of them and not as recorded is a
change of the app, which must stay red.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import combinations, pairwise
from typing import Any, Literal

import msgspec

from recorder.drift import as_recorded
from recorder.replay.compare import UPDATE, Live, Look, Places, compare, compare_output, spelled
from recorder.replay.report import OutputReport, Reports, StepReport
from recorder.replay.wording import brief, count, kind
from recorder.session import Expectation, ExpectationKind, File, Place, Proof, Session
from recorder.show import allowance, visible
from recorder.workflow import Link, Workflow, leaves_of

NEAR = 0.1
"""A number that stays this near to the recorded one, as a share of it, gets a tolerance; any other is volatile."""

ROOM = 3
"""How many times as far as any replay was from the recorded value another may be: a few replays do not show all."""

ALIKE = 0.25
"""Likewise for a picture or a sound, of 1."""

MOST_MATCHED = 100
"""Longer lists are not matched item by item."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """One thing learnt, and the sentence that tells it, without a final stop.

    ``added`` is new to the session; ``loosened`` takes the place of one that was narrower; ``proved`` is about a
    link; ``change`` cannot be learnt, for it is the same in all replays and not as recorded, or of no steady kind.
    """

    sort: Literal["added", "loosened", "proved", "change"]
    sentence: str
    expectation: Expectation | None = None
    proof: Proof | None = None


def learn(
    workflow: Workflow, reports: Reports, look: Look | None = None, now: float | None = None
) -> list[Lesson]:
    """What several runs over one workflow show of it, in the order of its steps.

    Args:
        look: how unlike two files are.
        now: when the runs were made, in s since the epoch; just now if None.
    """
    now = time.time() if now is None else now
    places = Places(recorded=workflow.app.url, live=reports.url)
    lessons: list[Lesson] = []
    made = [{step.id: step for step in run.steps} for run in reports.runs]
    for step in workflow.steps:
        runs = [steps[step.id] for steps in made]
        where = f"{visible(step.id)} {visible(step.endpoint.id, 80)}"
        ends = {run.status for run in runs}
        if any(not run.expected for run in runs):
            told = ", ".join(sorted(ends))
            why = "it ends now in one way, now in another" if len(ends) > 1 else f"it always ends as {told}"
            lessons.append(Lesson(sort="change", sentence=f"{where}: {why}, which is not as recorded"))
            continue
        for number, output in enumerate(step.outputs):
            given = [next((o for o in run.outputs if o.output == number), None) for run in runs]
            lives = [one for one in given if one is not None and one.compared]
            if not lives or not any(one.differences for one in lives):
                continue
            called = f"{where}, output {visible(output.label or output.name, 60)!r}"
            when = step.started / 1000, now
            learner = _Learner(places, look, when, step.id, number, called, output.expectations)
            learner.output(output.value, output.skipped, output.properties, lives)
            lessons += learner.lessons
    return lessons + _proofs(workflow, made, places)


def taught(session: Session, lessons: Sequence[Lesson]) -> Session:
    """The session with what was learnt; an expectation that was loosened is replaced, none is taken away.

    What was learnt is about the calls as the session's patches make them, the file as they were recorded.
    """
    learnt, proved = as_recorded(
        session,
        [lesson.expectation for lesson in lessons if lesson.expectation is not None],
        [lesson.proof for lesson in lessons if lesson.proof is not None],
    )
    proofs = {(p.call, p.input): p for p in (*session.proofs, *proved)}
    return msgspec.structs.replace(
        session, expectations=_merged(session.expectations, learnt), proofs=tuple(proofs.values())
    )


def _merged(known: Sequence[Expectation], learnt: Sequence[Expectation]) -> tuple[Expectation, ...]:
    replaced = {_key(expectation) for expectation in learnt}
    return (*(e for e in known if _key(e) not in replaced), *learnt)


def rejudged(
    workflow: Workflow, lessons: Sequence[Lesson], reports: Reports, look: Look | None = None
) -> Reports:
    """The same runs, judged with what they taught."""
    places = Places(recorded=workflow.app.url, live=reports.url)
    learnt: dict[tuple[str, int], list[Expectation]] = {}
    for lesson in lessons:
        if (e := lesson.expectation) is not None:
            learnt.setdefault((e.call, e.output), []).append(e)
    outputs = {
        (step.id, number): msgspec.structs.replace(
            output, expectations=_merged(output.expectations, learnt.get((step.id, number), ()))
        )
        for step in workflow.steps
        for number, output in enumerate(step.outputs)
    }

    def judged(call: str, one: OutputReport) -> OutputReport:
        if not one.compared or not one.differences:
            return one
        output = outputs[call, one.output]
        live = Live(value=one.value, skipped=one.skipped, update=one.update)
        found = compare_output(output, live, places, look)
        if not any(e.kind == "volatile" and not e.path for e in output.expectations):
            found += [difference for difference in one.differences if difference.streamed]
        return msgspec.structs.replace(one, differences=tuple(found))

    replace = msgspec.structs.replace
    return replace(
        reports,
        learnt=tuple(lesson.sentence for lesson in lessons if lesson.sort in ("added", "loosened")),
        runs=tuple(
            replace(
                run,
                steps=tuple(
                    replace(step, outputs=tuple(judged(step.id, output) for output in step.outputs))
                    for step in run.steps
                ),
            )
            for run in reports.runs
        ),
    )


def _key(expectation: Expectation) -> tuple[str, int, Place, bool, bool]:
    # A list may be unordered and its items more besides.
    ordered = expectation.kind != "unordered"
    return expectation.call, expectation.output, expectation.path, expectation.streamed, ordered


class _Learner:
    """What is learnt of one output."""

    def __init__(
        self,
        places: Places,
        look: Look | None,
        when: tuple[float, float],
        call: str,
        output: int,
        called: str,
        known: Sequence[Expectation],
    ) -> None:
        self._places = places
        self._look = look
        self._when = when
        self._call = call
        self._output = output
        self._called = called
        self._known = {_key(e): e for e in known}
        self._rules = [e for e in known if not e.streamed]
        self.lessons: list[Lesson] = []

    def output(
        self, recorded: Any, skipped: bool, properties: dict[str, Any] | None, lives: Sequence[OutputReport]
    ) -> None:
        """All there is to learn."""
        if len({live.skipped for live in lives} | {skipped}) > 1:
            if len({live.skipped for live in lives}) == 1:
                self._change((), "it is always set now" if skipped else "it is always left as it was now")
                return
            self._add((), "volatile", "it is now set, now left as it was")
            return
        values = [live.value for live in lives]
        found = self._inside(recorded, values, ())
        pairs = [(recorded, value) for value in values]
        if properties or any(live.update for live in lives):
            updates = [live.update or {} for live in lives]
            found += self._inside(properties or {}, updates, (UPDATE,))
        for expectation in found:
            self._learnt(expectation)
        rules = [*self._rules, *found]
        if found and any(compare(was, now, self._places, rules, self._look) for was, now in pairs):
            self._change((), "what was learnt does not explain all of it")
        self._streams(lives)

    def _streams(self, lives: Sequence[OutputReport]) -> None:
        told = [d for live in lives for d in live.differences if d.streamed]
        if not told:
            return
        ways = [d.live for d in told]
        if len(told) == len(lives) and not any(self._differ(a, b) for a, b in combinations(ways, 2)):
            self._change((), "the values on the way are the same in all replays, and not as recorded")
            return
        counts = ", ".join(str(len(way)) for way in ways)
        self._add((), "volatile", f"the values on the way differed ({counts} of them)", streamed=True)

    def _differ(self, one: Any, other: Any) -> bool:
        same = Places(recorded=self._places.live, live=self._places.live)
        return bool(compare(one, other, same, (), None))

    def _inside(self, recorded: Any, lives: list[Any], place: Place) -> list[Expectation]:
        """What is learnt of a place and what is in it."""
        rules = [
            msgspec.structs.replace(e, path=e.path[len(place) :])
            for e in self._rules
            if _leads(e.path, place)
        ]
        if not any(compare(recorded, live, self._places, rules, self._look) for live in lives):
            return []
        if isinstance(recorded, File) and all(isinstance(live, File) for live in lives):
            return self._files(recorded, lives, place)
        if not any(self._differ(a, b) for a, b in combinations(lives, 2)):
            if (
                isinstance(recorded, str)
                and isinstance(lives[0], str)
                and _is_clock(recorded, lives[0], self._when)
            ):
                evidence = (
                    f"it shows the day: {brief(recorded, 40)} when it was recorded, {brief(lives[0], 40)} now"
                )
                return [self._made(place, "pattern", evidence, pattern=shape([recorded, lives[0]]) or ".*")]
            self._change(place, f"it is {brief(lives[0])} in all replays, and was {brief(recorded)}")
            return []
        kinds = {kind(value) for value in (recorded, *lives) if value is not None}
        if len(kinds) != 1:
            self._change(place, f"it is now {' now '.join(sorted(kinds))}")
            return []
        if any(value is None for value in (recorded, *lives)):
            return [self._made(place, "volatile", _seen(lives))]
        match recorded:
            case dict():
                return self._members(recorded, lives, place)
            case list() | tuple():
                return self._items(list(recorded), [list(live) for live in lives], place)
            case str():
                pattern = shape([recorded, *lives])
                if pattern is None:
                    return [self._made(place, "volatile", _seen(lives))]
                return [self._made(place, "pattern", _seen(lives), pattern=pattern)]
            case bool():
                return [self._made(place, "volatile", _seen(lives))]
        return [self._number(recorded, lives, place)]

    def _number(self, recorded: Any, lives: list[Any], place: Place) -> Expectation:
        values = [recorded, *lives]
        known = self._known.get((self._call, self._output, place, False, True))
        farthest = max(abs(live - recorded) for live in lives)
        rising = all(a < b for a, b in pairwise(values))
        near = math.isfinite(farthest) and farthest <= NEAR * abs(recorded)
        # What only ever rises is a clock or a counter, and will be further away tomorrow.
        if rising or not near or (known is not None and known.kind == "volatile"):
            return self._made(place, "volatile", _seen(lives))
        evidence = f"{_seen(lives)}, at most {farthest:.3g} from the recorded {brief(recorded)}"
        return self._made(place, "tolerance", evidence, tolerance=float(f"{ROOM * farthest:.2g}"))

    def _files(self, recorded: File, lives: list[Any], place: Place) -> list[Expectation]:
        if len({live.sha256 or live.name for live in lives}) == 1:
            self._change(place, "the file is the same in all replays, and not as recorded")
            return []
        found = [self._look(recorded, live) if self._look is not None else None for live in lives]
        distances = [one.distance for one in found if one is not None]
        if len(distances) == len(lives) and max(distances) <= ALIKE:
            evidence = f"it was at most {max(distances):.3g} of 1 unlike in {count(len(lives), 'replay')}"
            return [self._made(place, "tolerance", evidence, tolerance=float(f"{ROOM * max(distances):.2g}"))]
        return [self._made(place, "volatile", f"it was another file in each of {len(lives)} replays")]

    def _members(
        self, recorded: dict[Any, Any], lives: list[dict[Any, Any]], place: Place
    ) -> list[Expectation]:
        keys = [set(value) for value in (recorded, *lives)]
        common = set.intersection(*keys)
        if not common and any(keys):
            return [self._made(place, "volatile", "its members have other names each time")]
        found: list[Expectation] = []
        for key in dict.fromkeys(key for value in (recorded, *lives) for key in value):
            found += self._inside(recorded.get(key), [live.get(key) for live in lives], (*place, key))
        return found

    def _items(self, recorded: list[Any], lives: list[list[Any]], place: Place) -> list[Expectation]:
        sizes = {len(value) for value in (recorded, *lives)}
        if len(sizes) > 1:
            told = f"it had between {min(sizes)} and {count(max(sizes))}"
            return [self._made(place, "volatile", told)]
        unordered = self._made(
            place, "unordered", f"its items came in another order in {count(len(lives), 'replay')}"
        )
        loose = [msgspec.structs.replace(unordered, path=())]
        if not any(compare(recorded, live, self._places, loose, self._look) for live in lives):
            return [unordered]
        if len(recorded) <= MOST_MATCHED:
            matched = [self._matched(recorded, live) for live in lives]
            if any(one != live for one, live in zip(matched, lives, strict=True)):
                mark = len(self.lessons)
                found = self._each(recorded, matched, place, gather=True)
                rules = [*loose, *(msgspec.structs.replace(e, path=e.path[len(place) :]) for e in found)]
                if not any(compare(recorded, live, self._places, rules, self._look) for live in lives):
                    return [unordered, *found]
                del self.lessons[mark:]
        return self._each(recorded, lives, place, gather=False)

    def _matched(self, recorded: list[Any], live: list[Any]) -> list[Any]:
        """The items of ``live``, each where the recorded one is that it differs least from."""
        rest = list(live)
        matched = []
        for was in recorded:
            best = min(range(len(rest)), key=lambda i: len(compare(was, rest[i], self._places)))
            matched.append(rest.pop(best))
        return matched

    def _each(
        self, recorded: list[Any], lives: list[list[Any]], place: Place, gather: bool
    ) -> list[Expectation]:
        """What is learnt item by item, and said once of all where it is the same of all.

        Args:
            gather: say it of all, though it was seen of some only: which is which is not known.
        """
        found: dict[tuple[Place, ExpectationKind], list[tuple[int, Expectation]]] = {}
        for i, was in enumerate(recorded):
            for expectation in self._inside(was, [live[i] for live in lives], (*place, i)):
                rest = expectation.path[len(place) + 1 :]
                found.setdefault((rest, expectation.kind), []).append((i, expectation))
        made: list[Expectation] = []
        for (rest, sort), entries in found.items():
            patterns = {e.pattern for _, e in entries}
            everywhere = len(recorded) > 1 and len({i for i, _ in entries}) == len(recorded)
            if (gather or everywhere) and len(patterns) == 1:
                widest = max((e for _, e in entries), key=lambda e: e.tolerance or 0)
                made.append(msgspec.structs.replace(widest, path=(*place, "*", *rest)))
            elif gather or (everywhere and sort == "pattern"):
                made.append(
                    self._made(
                        (*place, "*", *rest), "volatile", "it differs from item to item and from run to run"
                    )
                )
            else:
                made += [e for _, e in entries]
        return made

    def _made(
        self,
        path: Place,
        sort: ExpectationKind,
        evidence: str,
        tolerance: float | None = None,
        pattern: str = "",
    ) -> Expectation:
        return Expectation(
            call=self._call,
            output=self._output,
            kind=sort,
            path=path,
            tolerance=tolerance,
            pattern=pattern,
            evidence=evidence,
        )

    def _add(self, path: Place, sort: ExpectationKind, evidence: str, streamed: bool = False) -> None:
        self._learnt(msgspec.structs.replace(self._made(path, sort, evidence), streamed=streamed))

    def _learnt(self, expectation: Expectation) -> None:
        at = f" at {spelled(expectation.path)}" if expectation.path else ""
        on_the_way = " (on the way)" if expectation.streamed else ""
        what = allowance(expectation)
        was = self._known.get(_key(expectation))
        if was is None:
            sentence = f"{self._called}{at}{on_the_way}: {what}, for {expectation.evidence}"
            self.lessons.append(Lesson(sort="added", sentence=sentence, expectation=expectation))
        else:
            change = f"{allowance(was)} until now, loosened to {what}"
            sentence = f"{self._called}{at}{on_the_way}: {change}, for {expectation.evidence}"
            self.lessons.append(Lesson(sort="loosened", sentence=sentence, expectation=expectation))

    def _change(self, place: Place, why: str) -> None:
        at = f" at {spelled(place)}" if place else ""
        self.lessons.append(Lesson(sort="change", sentence=f"{self._called}{at}: {why}"))


def _seen(lives: Sequence[Any]) -> str:
    shown = ", ".join(brief(live, 40) for live in lives[:3])
    return f"it was {shown}{' …' if len(lives) > 3 else ''} in {count(len(lives), 'replay')}"


def _leads(path: Place, place: Place) -> bool:
    """Whether an expectation for ``path`` is about ``place`` or what is in it."""
    return len(path) >= len(place) and all(
        a == b or (a == "*" and isinstance(b, int)) for a, b in zip(path, place, strict=False)
    )


_WORDS = re.compile(r"[0-9A-Za-z]+")
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = "|".join(
    (
        r"\d{4}[-/.]\d\d?[-/.]\d\d?",
        r"\d\d?[-/.]\d\d?[-/.]\d{2,4}",
        rf"\d\d? {_MONTH},? \d{{4}}",
        rf"{_MONTH} \d\d?,? \d{{4}}",
    )
)
_TIME = r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp][Mm]\b)?(?:Z|[+-]\d\d:?\d\d)?"
_DAY = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )"
_MOMENT = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_DAY}{_MONTH} +\d\d? {_TIME} \d{{4}}"
    rf"|{_DAY}?(?:{_DATE})(?:(?:T|,? (?:at )?){_TIME})?|{_TIME})(?![0-9])"
    r"|(?<![0-9A-Za-z.])\d+\.\d+(?![0-9A-Za-z]*\.?[0-9])"
)
"""A date, a time, or both, as a clock shows them; or a number with a fraction, which grows and shrinks as a whole."""


def shape(texts: Sequence[str]) -> str | None:
    r"""A regular expression that all texts match as a whole: what they share, and the kind of what they do not; None
    where they share too little to say. What a clock shows may be any other moment written in the same way.

    ``at 10:31:02, id 3f9a`` and ``at 10:31:04, id 77b0`` give ``at \d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?, id
    [0-9a-f]{4}``.
    """
    moments = [_MOMENT.findall(text) for text in texts]
    if moments[0] and len({len(found) for found in moments}) == 1:
        around = [_MOMENT.split(text) for text in texts]
        pieces = [_shape_of_words([pieces[0] for pieces in around])]
        for shown, after in zip(zip(*moments, strict=True), list(zip(*around, strict=True))[1:], strict=True):
            pieces += [_shape_of_moments(shown), _shape_of_words(after)]
        if None not in pieces:
            return "".join(piece for piece in pieces if piece is not None)
    return _shape_of_words(texts)


def _is_clock(recorded: str, live: str, when: tuple[float, float]) -> bool:
    """Whether two texts differ only in dates, each of which is the day at its own time (s since the epoch)."""
    found = _MOMENT.findall(recorded), _MOMENT.findall(live)
    if len(found[0]) != len(found[1]) or _MOMENT.split(recorded) != _MOMENT.split(live):
        return False
    return all(
        was == now or (_is_day(was, when[0]) and _is_day(now, when[1]))
        for was, now in zip(*found, strict=True)
    )


_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y"),
    *("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y"),
)


def _is_day(moment: str, when: float) -> bool:
    # An app may be in any time zone.
    days = [datetime.fromtimestamp(when, timezone.utc) + timedelta(days=n) for n in (-1, 0, 1)]
    return any(day.strftime(form) in moment for day in days for form in _DAYS)


def _shape_of_moments(shown: Sequence[str]) -> str:
    if len(set(shown)) == 1:
        return _literal(shown[0])
    written = [_written(moment) for moment in shown]
    return written[0] if len(set(written)) == 1 else f"(?:{'|'.join(dict.fromkeys(written))})"


def _written(moment: str) -> str:
    """How a moment is written, whichever it is."""
    if re.fullmatch(r"\d+\.\d+", moment):
        return r"\d+(?:\.\d+)?"
    text = re.sub(r"[.,]\d+(?=$|Z|[+-])", "", moment) if ":" in moment else moment
    fraction = r"(?:[.,]\d+)?" if text != moment or re.search(r":\d\d:\d\d", moment) else ""
    parts = re.split(r"(\d+|[A-Za-z]+)", text)
    made = "".join(
        (r"\d{4}" if len(part) == 4 else r"\d{1,2}")
        if part.isdigit()
        else r"[A-Za-z]+"
        if part.isalpha() and part not in ("T", "Z", "at")
        else _literal(part)
        for part in parts
    )
    if not fraction:
        return made
    seconds = r"\d{1,2}:\d{1,2}:\d{1,2}"
    return made.replace(seconds, seconds + fraction, 1)


def _shape_of_words(texts: Sequence[str]) -> str | None:
    if len(set(texts)) == 1:
        return _literal(texts[0])
    gaps = [_WORDS.split(text) for text in texts]
    if all(gap == gaps[0] for gap in gaps):
        pieces = [_literal(gaps[0][0])]
        for words, gap in zip(zip(*map(_WORDS.findall, texts), strict=True), gaps[0][1:], strict=True):
            pieces += [_literal(words[0]) if len(set(words)) == 1 else _kind_of_word(words), _literal(gap)]
        return "".join(pieces)
    start, end = _shared(texts), _shared([text[::-1] for text in texts])[::-1]
    shortest = min(map(len, texts))
    if len(start) + len(end) > shortest:
        end = end[len(start) + len(end) - shortest :]
    # Up to the last whole word, for part of one is shared by chance.
    start = start[: max((m.end() for m in re.finditer(r"[^0-9A-Za-z]", start)), default=0)]
    first = re.search(r"[^0-9A-Za-z]", end)
    end = end[first.start() :] if first else ""
    return f"{_literal(start)}.*{_literal(end)}" if start.strip() or end.strip() else None


def _literal(text: str) -> str:
    """A text as a pattern, escaped no more than it must be to be read by a person too."""
    return re.escape(text).replace("\\ ", " ").replace("\\-", "-").replace("\\,", ",")


def _kind_of_word(words: Sequence[str]) -> str:
    sizes = {len(word) for word in words}
    times = f"{{{sizes.pop()}}}" if len(sizes) == 1 else "+"
    if all(re.fullmatch(r"[0-9]+", word) for word in words):
        # Numbers grow by a digit when they will; only what is written with leading zeros has a width.
        return rf"\d{times if any(word[0] == '0' for word in words) else '+'}"
    if all(re.fullmatch(r"[A-Za-z]+", word) for word in words):
        return r"[A-Za-z]+"
    if times != "+" and all(re.fullmatch(r"[0-9a-f]+", word) for word in words):
        return f"[0-9a-f]{times}"
    return f"[0-9A-Za-z]{times}"


def _shared(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    end = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:end]


def _proofs(workflow: Workflow, made: Sequence[Mapping[str, StepReport]], places: Places) -> list[Lesson]:
    """What the replays show of each link."""
    lessons = []
    steps = {step.id: step for step in workflow.steps}
    for step in workflow.steps:
        for position, argument in enumerate(step.arguments):
            for link in leaves_of(Link, argument.value):
                source = steps[link.step].outputs[link.output]
                changed = [
                    reports[step.id].expected
                    for reports in made
                    for given in reports[link.step].outputs
                    if given.output == link.output and compare(source.value, given.value, places)
                ]
                total = count(len(made), "replay")
                proof: Literal["link", "constant", "refused"]
                if not changed:
                    proof, evidence = "constant", f"the value was the same in {total}"
                elif all(changed):
                    proof, evidence = "link", f"another value in {len(changed)} of {total} was taken as well"
                else:
                    proof, evidence = (
                        "refused",
                        f"another value was not taken in {changed.count(False)} of {total}",
                    )
                label = visible(argument.label or argument.name, 60)
                called = f"{visible(step.id)} {visible(step.endpoint.id, 80)}, {label!r}"
                words = {"link": "a link", "constant": "may be a constant", "refused": "no link"}[proof]
                lessons.append(
                    Lesson(
                        sort="proved",
                        sentence=f"{called} from {visible(link.step)}: {words}, for {evidence}",
                        proof=Proof(call=step.id, input=position, proof=proof, evidence=evidence),
                    )
                )
    return lessons

"""What ``recorder replay --heal`` and ``--learn`` write into a session, and say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.cli.loop import run
from recorder.cli.terminal import count, say

if TYPE_CHECKING:
    from recorder.adapters import Selection
    from recorder.replay.report import Report, Reports
    from recorder.replay.run import Settings
    from recorder.session import Session
    from recorder.workflow import Workflow

LESSONS = {"added": "learnt", "loosened": "loosened", "proved": "link", "change": "not learnt"}


@dataclass(frozen=True)
class Replaying:
    """A session that is replayed: the file it is in, its workflow, and how and where it is replayed."""

    file: Path
    session: Session
    workflow: Workflow
    selection: Selection
    url: str | None
    settings: Settings
    dry_run: bool

    def changed(self, session: Session) -> Replaying:
        """The same with another session, and the workflow of that."""
        from recorder import adapters

        return replace(self, session=session, workflow=adapters.workflow(session, self.selection))


def healed(replaying: Replaying) -> Replaying:
    """The session as the app's API is now, as far as that can be; written unless ``dry_run``."""
    import asyncio

    import msgspec

    from recorder.replay.run import look
    from recorder.session import write

    session, dry_run = replaying.session, replaying.dry_run
    drifts = asyncio.run(
        look(replaying.workflow, url=replaying.url, settings=replaying.settings, on_wait=say)
    )
    patches = tuple(drift.patch for drift in drifts if drift.patch is not None)
    for drift in drifts:
        changes = "; ".join(drift.changes)
        if drift.patch is None:
            say(f"not healed: {changes}, for {drift.refused}")
        else:
            sure = f"confidence {100 * drift.patch.confidence:.0f} %"
            say(f"{'would heal' if dry_run else 'healed'}: {changes} ({sure})")
    if not drifts:
        say("nothing to heal: the app's API is as recorded")
    if not patches:
        return replaying
    session = msgspec.structs.replace(session, patches=(*session.patches, *patches))
    if not dry_run:
        write(session, replaying.file)
        say(
            f"{count(len(patches), 'patch', 'patches')} written to {replaying.file}; what was recorded is kept in it"
        )
    return replaying.changed(session)


def discovered(replaying: Replaying, values: dict[str, str]) -> Replaying:
    """The session with what replays show of its constants; written unless ``dry_run``."""
    from recorder.replay.discover import discover
    from recorder.replay.run import replay as replay_once
    from recorder.session import write

    file = replaying.file

    def again(changed: Workflow) -> Report:
        return run(
            replay_once(
                changed,
                files=file.parent,
                url=replaying.url,
                values=values,
                settings=replaying.settings,
                on_wait=say,
            )
        )

    found = discover(replaying.session, replaying.selection, again)
    for sentence in found.sentences:
        say(f"learnt: {sentence}")
    if found.learnt and not replaying.dry_run:
        write(found.session, file)
        say(f"{count(len(found.learnt), 'value')} written to {file}, after {count(found.replays, 'replay')}")
    if found.interrupted:
        raise KeyboardInterrupt
    return replaying.changed(found.session)


def learnt(replaying: Replaying, reports: Reports, copies: Path) -> Reports:
    """The reports as the session judges them with what they taught; it is written unless ``dry_run``."""
    from recorder.replay.judging import looking
    from recorder.replay.learn import learn, rejudged, taught
    from recorder.session import write

    file = replaying.file
    look = looking(file.parent, copies)
    lessons = learn(replaying.workflow, reports, look)
    for lesson in lessons:
        say(f"{LESSONS[lesson.sort]}: {lesson.sentence}")
    new = [lesson for lesson in lessons if lesson.sort in ("added", "loosened")]
    if not new:
        say("nothing differs from run to run")
    if not replaying.dry_run and (new or any(lesson.proof for lesson in lessons)):
        write(taught(replaying.session, lessons), file)
        say(f"{count(len(new), 'expectation')} written to {file}")
    return rejudged(replaying.workflow, lessons, reports, look)

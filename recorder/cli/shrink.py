"""``recorder shrink``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recorder.cli import INTERRUPTED
from recorder.cli.options import PATIENCE, TIMEOUT, URL, app_named, examples, output, selected, taking
from recorder.cli.terminal import count, say, write_text
from recorder.errors import UsageError

if TYPE_CHECKING:
    from recorder.replay.report import Report
    from recorder.session import Session
    from recorder.workflow import Workflow


@dataclass(frozen=True)
class Options:
    file: Path
    fails: bool
    output: Path | None
    url: str | None
    before: str | None
    tries: int
    timeout: float
    patience: float
    as_json: bool


@click.command(
    epilog=examples(
        "recorder shrink session.json --fails",
        "recorder shrink session.json --fails --url http://127.0.0.1:7861 -o bug.json",
        "recorder shrink session.json --fails --before ./restart-app.sh",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--fails",
    is_flag=True,
    default=True,
    help="Keep what makes the first failing call fail. The only criterion so far, and so the default.",
)
@output("The session file to write.  [default: FILE with .min before its ending]")
@URL
@click.option(
    "--before", metavar="COMMAND", help="A shell command to run before each try, such as a restart."
)
@click.option(
    "--tries", default=500, show_default=True, type=click.IntRange(2), help="How many replays at most."
)
@TIMEOUT
@PATIENCE
@click.option("--json", "as_json", is_flag=True, help="What became of it as JSON.")
@taking(Options)
def shrink(options: Options) -> int:
    """Find the smallest part of a session that still fails in the same way, and write it as a session.

    Calls are left out first, then inputs are made smaller. Exits 0 if it was found, 1 if nothing fails.
    """
    import asyncio
    import json
    import subprocess

    from recorder import adapters
    from recorder.replay.run import Settings
    from recorder.replay.run import replay as replay_workflow
    from recorder.replay.shrink import Ended
    from recorder.replay.shrink import shrink as shrink_session
    from recorder.session import carry_files, read, write

    file = options.file
    session, selection = read(file), selected(file)
    where = app_named(options.url, session)
    settings = Settings(timeout=options.timeout, patience=options.patience)
    to = options.output if options.output is not None else file.with_name(f"{file.stem}.min{file.suffix}")

    def plan(part: Session) -> Workflow:
        return adapters.workflow(part, selection)

    async def attempt(part: Session) -> Report:
        if options.before is not None:
            await asyncio.to_thread(
                subprocess.run, options.before, shell=True, check=True, stdout=subprocess.DEVNULL
            )
        return await replay_workflow(plan(part), files=file.parent, url=where, settings=settings, on_wait=say)

    def on_try(number: int, calls: int, same: bool) -> None:
        say(f"try {number}: {count(calls, 'call')}, {'still fails' if same else 'does not fail so'}")

    try:
        found = asyncio.run(shrink_session(session, plan, attempt, most=options.tries, on_try=on_try))
    except Ended as reason:
        say(str(reason))
        return INTERRUPTED
    except subprocess.CalledProcessError as error:
        raise UsageError(f"--before ended with {error.returncode}", "Check the command") from None
    write(carry_files(found.session, file, to), to)
    left = f"{count(found.calls[1], 'call')} of {found.calls[0]} left, after {count(found.tries, 'replay')}"
    if options.as_json:
        document = {
            "session": str(to),
            "calls": found.calls,
            "kept": [call.id for call in found.session.calls],
            "smaller": found.smaller,
            "failure": found.failure.sentence,
            "tries": found.tries,
            "stopped": found.stopped,
        }
        write_text(json.dumps(document, indent=2) + "\n")
    else:
        lines = [found.failure.sentence, left]
        lines += [f"smaller: {one}" for one in found.smaller] + [found.stopped] * bool(found.stopped)
        write_text("\n".join([*lines, f"written to {to}"]) + "\n")
    return INTERRUPTED if "Ctrl-C" in found.stopped else 0

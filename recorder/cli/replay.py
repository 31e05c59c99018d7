"""``recorder replay``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from recorder.cli import INTERRUPTED
from recorder.cli.loop import run
from recorder.cli.options import (
    PATIENCE,
    TIMEOUT,
    URL,
    VALUES,
    Choosing,
    app_named,
    examples,
    parse_settings,
    selection,
    taking,
)
from recorder.cli.terminal import print_graph, progress, say, write_text
from recorder.errors import UsageError

LEARNING_PAUSE = 1.1
"""Seconds between two replays that are compared with each other, so that a clock moves on."""


@dataclass(frozen=True)
class Options(Choosing):
    file: Path
    url: str | None
    values: tuple[str, ...]
    rows: Path | None
    repeat: int
    parallel: int
    explain: bool
    pace: Literal["fast", "recorded"]
    learn: int | None
    heal: bool
    dry_run: bool
    timeout: float
    run_timeout: float | None
    patience: float
    retries: int
    as_json: bool
    junit: Path | None
    html: Path | None


@click.command(
    epilog=examples(
        "recorder replay session.json",
        "recorder replay session.json --url http://127.0.0.1:7861 --set name=Ann",
        "recorder replay session.json --parallel 8 --from rows.csv --junit report.xml",
        "recorder replay session.json --learn 3",
        "recorder replay session.json --heal --dry-run",
        "recorder replay session.json --json > report.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@URL
@VALUES
@click.option(
    "--from",
    "rows",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A run for each row of a CSV or JSON lines file: a column a variable.",
)
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="How many times.")
@click.option(
    "--parallel",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Make up to N calls at once, those that do not depend on each other.",
)
@click.option("--explain", is_flag=True, help="Only show what depends on what, as a table and as Mermaid.")
@click.option(
    "--pace",
    type=click.Choice(["fast", "recorded"]),
    default="fast",
    show_default=True,
    help="As fast as the app answers, or no step earlier than it was recorded.",
)
@selection
@click.option(
    "--learn",
    type=click.IntRange(2),
    metavar="N",
    help="Replay N times, and write into the session what differs from run to run, and links that this shows.",
)
@click.option("--heal", is_flag=True, help="Adapt the session to what changed in the app's API, then replay.")
@click.option("--dry-run", is_flag=True, help="With --learn and --heal: write nothing, say what would be.")
@TIMEOUT
@click.option(
    "--run-timeout", type=float, metavar="SECONDS", help="How long one run may take.  [default: no end]"
)
@PATIENCE
@click.option(
    "--retries",
    default=5,
    show_default=True,
    type=click.IntRange(0),
    help="How often to ask again what the app did not take.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the report as JUnit XML, for a build server.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write it as a page, with what was recorded and what came out side by side.",
)
@taking(Options)
def replay(options: Options) -> int:
    """Do a session again and say what came out different.

    Exits 0 if every output is as recorded, 1 if not. A login and other secrets come from the environment.
    """
    import tempfile

    from recorder import adapters
    from recorder.cli.lessons import Replaying, discovered, healed, learnt
    from recorder.replay import documents
    from recorder.replay.rows import read_rows
    from recorder.replay.run import Settings, replay_runs
    from recorder.session import read

    learn = options.learn
    if options.dry_run and not (options.heal or learn):
        raise UsageError("--dry-run is for --learn and --heal", "Leave it out, or use --explain")
    if learn is not None and (options.rows is not None or options.repeat > 1):
        raise UsageError("--learn replays the recorded values", "Leave --from and --repeat out")
    session, selected = read(options.file), options.of(options.file)
    workflow = adapters.workflow(session, selected)
    if options.explain:
        print_graph(workflow, options.as_json)
        return 0
    where = app_named(options.url, session)
    given = parse_settings(options.values)
    rows = read_rows(options.rows) if options.rows is not None else [{}]
    runs = [{**given, **row} for row in rows] * (learn or options.repeat)
    if not runs:
        say(f"{options.rows} has no rows")
        return 0
    settings = Settings(
        # What differs from run to run must not be a matter of what ran beside it.
        parallel=options.parallel if learn is None else 1,
        pace=options.pace,
        timeout=options.timeout,
        run_timeout=options.run_timeout,
        patience=options.patience,
        retries=options.retries,
        apart=LEARNING_PAUSE if learn is not None else 0.0,
    )
    replaying = Replaying(options.file, session, workflow, selected, where, settings, options.dry_run)
    if options.heal:
        replaying = healed(replaying)
    if learn is not None and not adapters.adapter_of(session.app.kind).declares:
        replaying = discovered(replaying, given)
    with tempfile.TemporaryDirectory(prefix="recorder-") as folder, progress(len(runs)) as on_progress:
        reports = run(
            replay_runs(
                replaying.workflow,
                rows=runs,
                files=options.file.parent,
                url=where,
                settings=settings,
                on_progress=on_progress,
                on_wait=say,
                copies=Path(folder),
            )
        )
        if learn is not None and not reports.interrupted:
            reports = learnt(replaying, reports, Path(folder))
        documents.write(
            reports,
            selected.name,
            options.file.parent,
            Path(folder),
            junit=options.junit,
            html=options.html,
        )
    for written in (options.junit, options.html):
        if written is not None:
            say(f"written to {written}")
    if options.as_json:
        write_text(reports.dump())
    else:
        write_text("\n".join([*reports.sentences(), *reports.notes(), reports.summary()]) + "\n")
    if reports.interrupted:
        return INTERRUPTED
    return 0 if reports.ok else 1

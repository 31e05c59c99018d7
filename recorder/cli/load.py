"""``recorder load``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli import INTERRUPTED
from recorder.cli.options import URL, VALUES, Choosing, app_named, examples, parse_settings, selection, taking
from recorder.cli.programs import chosen_row
from recorder.cli.terminal import load_progress, print_load, say


@dataclass(frozen=True)
class Options(Choosing):
    file: Path
    users: int
    spawn_rate: float | None
    run_time: str
    url: str | None
    values: tuple[str, ...]
    pace: float
    workers: int
    expect: int
    bind: str
    master_host: str | None
    master_port: int
    html: Path | None
    json_file: Path | None


@click.command(
    epilog=examples(
        "recorder load session.json --users 20 --spawn-rate 5 --run-time 1m",
        "recorder load session.json --users 200 --run-time 5m --workers 2 --html report.html",
        "recorder load session.json --users 500 --workers 2 --expect-workers 4 --bind 192.0.2.1",
        "recorder load session.json --workers 2 --master-host 192.0.2.1",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--users", default=1, show_default=True, type=click.IntRange(1), help="How many at most.")
@click.option(
    "--spawn-rate",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="How many more each second.  [default: all in ten seconds, one a second at least]",
)
@click.option("--run-time", default="1m", show_default=True, metavar="TIME", help="How long: 90s, 2m, 1h30m.")
@URL
@VALUES
@click.option(
    "--pace",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0),
    help="How long users think, as a share of the recorded time; 0 is not at all.",
)
@click.option(
    "--workers", default=0, type=click.IntRange(0), metavar="K", help="Processes that share the users."
)
@click.option(
    "--expect-workers",
    "expect",
    default=0,
    type=click.IntRange(0),
    metavar="N",
    help="Workers on other hosts to wait for, besides --workers.",
)
@click.option(
    "--bind",
    default="127.0.0.1",
    show_default=True,
    metavar="HOST",
    help="Where the master listens for workers. Beyond this machine, anybody there can join.",
)
@click.option(
    "--master-host", metavar="HOST", help="Join the master on another host, with --workers of this."
)
@click.option("--master-port", default=5557, show_default=True, type=click.IntRange(1, 65535))
@selection
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write Locust's report, as a page."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write it as JSON."
)
@taking(Options)
def load(options: Options) -> int:
    """Do a session again as load: many users at once, on Locust.

    Exits 0 if every call went as recorded, 1 if one did not or a worker was lost. Logins and secrets come from the
    environment.
    """
    from recorder import adapters, render
    from recorder.load.run import Plan, parse_time, run
    from recorder.session import read, write_whole

    file, users, spawn_rate = options.file, options.users, options.spawn_rate
    session = read(file)
    workflow = adapters.workflow(session, options.of(file))
    rows = (chosen_row(parse_settings(options.values), workflow),) if options.values else ()
    where = app_named(options.url, session) or session.app.url
    plan = Plan(
        users=users,
        spawn_rate=spawn_rate if spawn_rate is not None else max(users / 10, 1.0),
        run_time=parse_time(options.run_time),
        pace=options.pace,
        workers=max(options.workers, 1) if options.master_host else options.workers,
        expect=options.expect,
        bind=options.bind,
        master=options.master_host or "",
        master_port=options.master_port,
        html=options.html,
    )
    written = render.Options(files=file.parent.resolve().as_posix(), rows=rows)
    locustfile = render.render(workflow, "locust", written)
    with load_progress() as on_figures:
        report = run(locustfile, plan, url=where, on_figures=on_figures)
    if options.json_file is not None:
        write_whole(options.json_file, report.dump().encode())
    print_load(report)
    for document in (options.json_file, options.html):
        if document is not None and document.exists():
            say(f"written to {document}")
    if report.interrupted:
        return INTERRUPTED
    return 0 if report.ok else 1

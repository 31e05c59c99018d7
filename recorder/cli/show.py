"""``recorder show``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recorder.cli.options import Choosing, examples, selection, taking
from recorder.cli.sessions import opened
from recorder.cli.terminal import print_comparison, print_explanation, print_overview, write_text
from recorder.errors import UsageError

if TYPE_CHECKING:
    from recorder.show import Overview


@dataclass(frozen=True)
class Options(Choosing):
    file: Path
    against: Path | None
    explain: bool
    as_json: bool


@click.command(
    epilog=examples(
        "recorder show session.json",
        "recorder show session.json --json | jq .variables",
        "recorder show session.json --explain",
        "recorder show monday.json --against tuesday.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What another session has differently, call by call; the exit code is 1 if anything.",
)
@selection
@click.option(
    "--explain",
    is_flag=True,
    help="Show for each value that is sent its origin (typed, chosen, received, generated, constant, secret, cookie) "
    "and the evidence for it.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="As JSON: app, calls, links, variables, secrets, omitted; with --explain, steps and omitted.",
)
@taking(Options)
def show(options: Options) -> int:
    """Show the calls of a session, and what of them is a link, a variable or a secret. FILE may be a journal too."""
    from recorder import adapters
    from recorder.show import compared, dump, overview

    def seen(path: Path) -> Overview:
        session = opened(path)
        return overview(session, adapters.workflow(session, options.of(path)))

    file, against = options.file, options.against
    if options.explain:
        from recorder.explanation import explanation

        if against is not None:
            raise UsageError("--explain is about one session", "Leave out --against")
        session = opened(file)
        workflow = adapters.workflow(session, options.of(file))
        explained = explanation(session, workflow, overview(session, workflow).omitted)
        if options.as_json:
            write_text(dump(explained))
        else:
            print_explanation(explained)
        return 0
    view = seen(file)
    if against is not None:
        comparison = compared(view, seen(against))
        if options.as_json:
            write_text(dump(comparison))
        else:
            print_comparison(comparison, file, against)
        return 0 if comparison.same == len(comparison.pairs) else 1
    if options.as_json:
        write_text(dump(view))
    else:
        print_overview(view)
    return 0

"""``recorder import``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli.options import OPENAPI, examples, output, taking
from recorder.cli.terminal import count, say


@dataclass(frozen=True)
class Options:
    file: Path
    output: Path | None
    openapi: Path | None


@click.command(
    "import",
    epilog=examples(
        "recorder import app.har",
        "recorder import app.har -o session.json --openapi openapi.json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@output("The session file.  [default: the name of FILE, with .json]")
@OPENAPI
@taking(Options)
def import_har(options: Options) -> int:
    """Make a session of FILE, a HAR that a browser, Playwright or mitmproxy has saved. Secrets are left out of it."""
    from recorder.capture import har
    from recorder.capture.names import free_path, is_session

    target = options.output or free_path(options.file.with_suffix(".json"), is_session)
    session = har.import_har(options.file, target, options.openapi)
    say(f"{count(len(session.calls), 'call')} of {session.app.url} saved as {target}")
    return 0

"""``recorder render``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli.options import Choosing, Listed, examples, output, selected, selection, taking
from recorder.cli.programs import known_target, program
from recorder.cli.sessions import opened
from recorder.cli.terminal import say, write_text
from recorder.errors import UsageError


@dataclass(frozen=True)
class Options(Choosing):
    file: Path
    target: str
    output: Path | None
    style: str
    name: str | None
    rows: Path | None
    others: tuple[Path, ...]


def listed_targets() -> str:
    from recorder.render import targets

    *others, last = targets()
    return f"What to write: {', '.join(others)} or {last}."


def listed_styles() -> str:
    from recorder.render import STYLES

    styles = "; ".join(f"for {target} {' or '.join(names)}" for target, names in STYLES.items())
    return f"In which way: {styles}.  [default: the first]"


@click.command(
    epilog=examples(
        "recorder render session.json --target python",
        "recorder render session.json --target python -o scripts/run.py",
        "recorder render session.json --target javascript --style browser",
        "recorder render session.json --target python --only /generate",
        "recorder render session.json --target pytest --from rows.csv -o test_app.py",
        "recorder render session.json --target openapi --merge another.json -o openapi.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-t", "--target", default="python", show_default=True, cls=Listed, listed=listed_targets)
@output("Where to.  [default: standard output]")
@click.option("--style", default="", metavar="STYLE", cls=Listed, listed=listed_styles)
@click.option(
    "--name", metavar="NAME", help="What to call it; a test is named after that.  [default: the file's name]"
)
@click.option(
    "--from",
    "rows",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="Other values to test with, for pytest: a column a variable, a row a run.",
)
@click.option(
    "--merge",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Another recording of the same app, for openapi. Repeatable.",
)
@selection
@taking(Options)
def render(options: Options) -> int:
    """Write a session as a program. FILE may be a journal too."""
    from recorder.session import write_whole

    target, output = options.target, options.output
    known_target(target)
    if options.rows is not None and target != "pytest":
        raise UsageError("--from gives rows to test with", "Add --target pytest")
    if options.others and target != "openapi":
        raise UsageError("--merge describes several recordings together", "Add --target openapi")
    session = opened(options.file)
    text = program(
        session,
        options.file,
        target,
        options.of(options.file, options.name),
        folder=output.parent if output is not None else Path(),
        rows=options.rows,
        style=options.style,
        others=[(opened(path), selected(path, raw=options.raw)) for path in options.others],
    )
    if output is None:
        write_text(text)
    else:
        write_whole(output, text.encode())
        say(f"written to {output}")
    return 0

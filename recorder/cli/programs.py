"""A session as a program: its text, and what a person may choose in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.cli.options import selected
from recorder.cli.terminal import console, write_text
from recorder.errors import UsageError

if TYPE_CHECKING:
    from recorder.adapters import Selection
    from recorder.session import Session
    from recorder.workflow import Workflow


def program(
    session: Session,
    file: Path,
    target: str,
    selection: Selection,
    *,
    folder: Path = Path(),
    rows: Path | None = None,
    style: str = "",
    others: Iterable[tuple[Session, Selection]] = (),
) -> str:
    """The program, to lie in ``folder``, which finds the session's files relative to itself."""
    from recorder import adapters
    from recorder.render import Options
    from recorder.render import render as render_workflow

    try:
        files = Path(os.path.relpath(file.parent, folder)).as_posix()
    except ValueError:  # another drive
        files = file.parent.resolve().as_posix()
    workflow = adapters.workflow(session, selection)
    options = Options(
        files=files,
        rows=rows_of(rows, workflow) if rows is not None else (),
        style=style,
        flat=selection.raw,
        others=tuple(adapters.workflow(*other) for other in others),
    )
    return render_workflow(workflow, target, options)


def rows_of(path: Path, workflow: Workflow) -> tuple[dict[str, Any], ...]:
    """The rows of a CSV file, each value read by the kind that was recorded, as after ``replay --set``.

    Raises:
        FileError: there is no such file, or it is no CSV in UTF-8.
        UsageError: a column is no variable, or a value does not fit.
    """
    from recorder.replay.rows import read_rows

    return tuple(chosen_row(row, workflow) for row in read_rows(path))


def chosen_row(row: dict[str, str], workflow: Workflow) -> dict[str, Any]:
    """Values of variables as a program has them: JSON, for a file its path, and for one inside a value a ``Path``.

    Raises:
        UsageError: a name is no variable, or a value does not fit.
    """
    from recorder.render.analysis import is_file_list
    from recorder.replay.plan import LocalFile, parse_values
    from recorder.session import File

    def written(value: Any, of_files: bool) -> Any:
        if isinstance(value, list):
            return [written(item, of_files) for item in value]
        if isinstance(value, dict):
            return {key: written(item, of_files) for key, item in value.items()}
        if isinstance(value, LocalFile):
            return value.path if of_files else Path(value.path)
        return value

    of_files = {v.name for v in workflow.variables if isinstance(v.value, File) or is_file_list(v.value)}
    return {name: written(value, name in of_files) for name, value in parse_values(workflow, row).items()}


def print_program(session: Session, file: Path, target: str) -> None:
    """The script on standard output, in colours where a person reads it."""
    text = program(session, file, target, selected(file))
    out = console()
    if not out.is_terminal or out.no_color:
        write_text(text)
        return
    from rich.syntax import Syntax

    from recorder.render import renderers

    lexer = Syntax.guess_lexer(f"script{renderers(session.app.kind)[target].suffix}", text)
    coloured = Syntax(text, lexer, theme="ansi_dark", background_color="default").highlight(text)
    # The terminal itself breaks long lines, so that what is copied from it is the program.
    out.print(coloured, soft_wrap=True, end="")


def known_target(target: str) -> None:
    """Before anything else is done.

    Raises:
        UsageError: no such target.
    """
    from recorder.render import targets

    known = targets()
    if target not in known:
        raise UsageError(f"There is no target {target!r}", f"Choose one of {', '.join(known)}")

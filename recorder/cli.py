"""The command line: parse, call, print, exit code. Every verb imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recorder import __version__
from recorder.errors import FileError, RecorderError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from recorder.adapters import Selection
    from recorder.replay.report import StepReport
    from recorder.session import Session
    from recorder.show import Overview, Shown
    from recorder.workflow import Workflow

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or another program."""

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

Verb = TypeVar("Verb", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  recorder record http://127.0.0.1:7860
  recorder render session.json --target python -o run.py
  recorder replay session.json
Exit codes: 0 done, 1 it ran and the answer is no, 2 wrong usage."""


def examples(*lines: str) -> str:
    """A verb's epilog: commands that can be copied."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Listed(click.Option):
    """An option whose help lists what is registered, which is imported only when help is asked for."""

    def __init__(self, *words: Any, listed: Callable[[], str], **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.listed = listed

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = self.listed()
        return super().get_help_record(ctx)


def listed_targets() -> str:
    from recorder.render import renderers

    *others, last = renderers()
    return f"What to write: {', '.join(others)} or {last}."


def listed_styles() -> str:
    from recorder.render import STYLES

    styles = "; ".join(f"for {target} {' or '.join(names)}" for target, names in STYLES.items())
    return f"In which way: {styles}.  [default: the first]"


@click.group(
    epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="recorder")
def cli() -> None:
    """Use a web app once by hand; keep the program."""


def selection(verb: Verb) -> Verb:
    """The options that choose which calls become steps."""
    for option in (
        click.option(
            "--raw",
            is_flag=True,
            help="Keep what is left out otherwise: load events, ticks, each call of a chat turn.",
        ),
        click.option(
            "--skip", multiple=True, metavar="CALL", help="Leave out a call, by id or endpoint. Repeatable."
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="CALL",
            help="Keep only this call, by id or endpoint. Repeatable.",
        ),
    ):
        verb = option(verb)
    return verb


@cli.command(
    epilog=examples(
        "recorder record http://127.0.0.1:7860",
        "recorder record https://owner-space.hf.space -o login.json",
        "recorder record localhost:7860 --cdp http://127.0.0.1:9222",
    )
)
@click.argument("url")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The session file; an existing one is replaced.  [default: session.json, or the next free name]",
)
@click.option(
    "--headless/--headed",
    default=None,
    help="Without or with a window.  [default: a window where there is a display]",
)
@click.option("--browser", type=click.Path(path_type=Path), help="The Chrome or Chromium to start.")
@click.option("--cdp", metavar="URL", help="Use the browser that runs with remote debugging at URL.")
@click.option(
    "--target",
    default="python",
    show_default=True,
    help="The script to print at the end; see `recorder render --help`.",
)
def record(
    url: str, output: Path | None, headless: bool | None, browser: Path | None, cdp: str | None, target: str
) -> int:
    """Open a browser on the app at URL with recording on.

    Use the app, then close its last tab or press Ctrl-C: the session is saved and its script printed.
    """
    import asyncio

    from recorder import session as sessions
    from recorder.capture.browser import record as record_in_browser

    url = address(url)
    known_target(target)
    path = output if output is not None else free_name(Path("session.json"))
    saved = asyncio.run(
        record_in_browser(
            url,
            output=path,
            headless=headless,
            browser=str(browser) if browser is not None else None,
            cdp=cdp,
            say=say,
        )
    )
    for written in saved:
        session = sessions.read(written)
        say(f"{count(len(session.calls), 'call')} saved in {written}")
        if session.calls:
            print_script(session, written, target)
    if not saved:
        say("nothing was recorded")
    return 0


@cli.command(
    short_help="Serve an app with the button in its footer.",
    epilog=examples(
        "recorder proxy http://127.0.0.1:7860",
        "recorder proxy https://owner-space.hf.space --port 9000 --output sessions/",
    ),
)
@click.argument("url")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8700,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 takes a free one.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A file for the first session, or a folder for all.  [default: this folder]",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Another host name to answer for, besides the one listened on. Repeatable.",
)
def proxy(url: str, host: str, port: int, output: Path | None, allow_hosts: tuple[str, ...]) -> int:
    """Serve the app at URL with the API Recorder button in its footer, for any browser.

    Each press on and off writes one session.
    """
    import asyncio

    from recorder.capture.proxy import serve

    asyncio.run(serve(address(url), host=host, port=port, output=output, allow_hosts=allow_hosts, say=say))
    return 0


@cli.command(
    epilog=examples("recorder show session.json", "recorder show session.json --json | jq .variables")
)
@click.argument("file", type=click.Path(path_type=Path))
@selection
@click.option(
    "--json", "as_json", is_flag=True, help="As JSON: app, calls, links, variables, secrets, omitted."
)
def show(file: Path, only: tuple[str, ...], skip: tuple[str, ...], raw: bool, as_json: bool) -> int:
    """Show the calls of a session, and what of them is a link, a variable or a secret."""
    from recorder import adapters
    from recorder.session import read
    from recorder.show import dump, overview

    session = read(file)
    view = overview(session, adapters.workflow(session, chosen(file, only, skip, raw)))
    if as_json:
        write_text(dump(view))
    else:
        print_overview(view)
    return 0


@cli.command(
    epilog=examples(
        "recorder render session.json --target python",
        "recorder render session.json --target python -o scripts/run.py",
        "recorder render session.json --target javascript --style browser",
        "recorder render session.json --target python --only /generate",
        "recorder render session.json --target pytest --from rows.csv -o test_app.py",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--target",
    default="python",
    show_default=True,
    cls=Listed,
    listed=listed_targets,
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to.  [default: standard output]",
)
@click.option(
    "--style",
    default="",
    metavar="STYLE",
    cls=Listed,
    listed=listed_styles,
)
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
@selection
def render(
    file: Path,
    target: str,
    output: Path | None,
    style: str,
    name: str | None,
    rows: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    raw: bool,
) -> int:
    """Write a session as a program."""
    from recorder.session import read, write_whole

    known_target(target)
    if rows is not None and target != "pytest":
        raise UsageError("--from gives rows to test with", "Add --target pytest")
    session = read(file)
    folder = output.parent if output is not None else Path()
    selected = chosen(file, only, skip, raw, name)
    text = script_of(session, file, target, selected, folder, rows, style)
    if output is None:
        write_text(text)
    else:
        write_whole(output, text.encode())
        say(f"written to {output}")
    return 0


@cli.command(
    epilog=examples(
        "recorder replay session.json",
        "recorder replay session.json --url http://127.0.0.1:7861 --set name=Ann",
        "recorder replay session.json --json > report.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--url", help="The app to use.  [default: the recorded one]")
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a variable; a file by its path. Repeatable.",
)
@selection
@click.option(
    "--timeout", default=120.0, show_default=True, metavar="SECONDS", help="How long one call may take."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def replay(
    file: Path,
    url: str | None,
    values: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    raw: bool,
    timeout: float,
    as_json: bool,
) -> int:
    """Do a session again and say what came out different.

    Exits 0 if every output is as recorded, 1 if not. A login and other secrets come from the environment.
    """
    import asyncio

    from recorder import adapters
    from recorder.replay.run import replay as replay_workflow
    from recorder.session import read

    workflow = adapters.workflow(read(file), chosen(file, only, skip, raw))
    settings = dict(parse_setting(text) for text in values)
    where = address(url) if url is not None else None
    with progress() as on_progress:
        report = asyncio.run(
            replay_workflow(
                workflow,
                files=file.parent,
                url=where,
                values=settings,
                on_progress=on_progress,
                on_wait=say,
                timeout=timeout,
            )
        )
    if as_json:
        write_text(report.dump())
    else:
        write_text("\n".join([*report.sentences(), *report.notes(), report.summary()]) + "\n")
    if report.interrupted:
        return INTERRUPTED
    return 0 if report.ok else 1


@cli.command(epilog=examples("recorder doctor", "recorder doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> int:
    """Say what is missing here and what mends it."""
    from recorder.doctor import dump, examine, healthy

    checks = examine()
    if as_json:
        write_text(dump(checks))
    else:
        from rich.text import Text

        table = plain_table("", "", "")
        for check in checks:
            missing = Text("missing", style="red") if check.needed else Text("optional", style="yellow")
            mark = Text("ok", style="green") if check.ok else missing
            words = "; ".join(word for word in (check.found, check.remedy) if word)
            table.add_row(mark, Text(check.name), Text(f"{words}\n{check.what_for}"))
        console().print(table)
    return 0 if healthy(checks) else 1


def chosen(
    file: Path, only: tuple[str, ...], skip: tuple[str, ...], raw: bool, name: str | None = None
) -> Selection:
    """The selection that the options say, named ``name`` or after the file."""
    from recorder.adapters import Selection
    from recorder.workflow import identifier

    return Selection(only=only, skip=skip, raw=raw, name=identifier(name or file.stem, "session"))


def script_of(
    session: Session,
    file: Path,
    target: str,
    selection: Selection,
    folder: Path,
    rows: Path | None = None,
    style: str = "",
) -> str:
    """The script, to lie in ``folder``, which finds the session's files relative to itself."""
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
    )
    return render_workflow(workflow, target, options)


def rows_of(path: Path, workflow: Workflow) -> tuple[dict[str, Any], ...]:
    """The rows of a CSV file, each value read by the kind that was recorded, as after ``replay --set``.

    Raises:
        FileError: there is no such file, or it is no CSV in UTF-8.
        UsageError: a column is no variable, or a value does not fit.
    """
    import csv

    from recorder.render.analysis import is_file_list
    from recorder.replay.plan import LocalFile, parse_values
    from recorder.session import File

    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [{k: v for k, v in row.items() if k and v is not None} for row in csv.DictReader(lines)]
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Check the path") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path} is no CSV file in UTF-8: {error}", "Save it as such") from None

    def written(value: Any, of_files: bool) -> Any:
        if isinstance(value, list):
            return [written(item, of_files) for item in value]
        if isinstance(value, dict):
            return {key: written(item, of_files) for key, item in value.items()}
        if isinstance(value, LocalFile):
            return value.path if of_files else Path(value.path)
        return value

    of_files = {v.name for v in workflow.variables if isinstance(v.value, File) or is_file_list(v.value)}
    return tuple(
        {name: written(value, name in of_files) for name, value in parse_values(workflow, row).items()}
        for row in rows
    )


def print_script(session: Session, file: Path, target: str) -> None:
    """The script on standard output, in colours where a person reads it."""
    text = script_of(session, file, target, chosen(file, (), (), False), Path())
    out = console()
    if not out.is_terminal or out.no_color:
        write_text(text)
        return
    from rich.syntax import Syntax

    from recorder.render import renderers

    lexer = Syntax.guess_lexer(f"script{renderers()[target].suffix}", text)
    out.print(Syntax(text, lexer, theme="ansi_dark", background_color="default", word_wrap=False))


def print_overview(view: Overview) -> None:
    """The tables of `recorder show`."""
    from rich.text import Text

    from recorder.show import brief, visible

    out = console()
    out.print(
        Text(
            " ".join(
                visible(word)
                for word in (view.app.title, view.app.url, view.app.kind, view.app.version)
                if word
            )
        )
    )

    def lines(values: tuple[Shown, ...]) -> Text:
        return Text("\n".join(f"{visible(value.name, 24)} = {brief(value)}" for value in values))

    table = plain_table("id", "endpoint", "trigger", "inputs", "outputs", "status", "ms")
    styles = {"ok": "green", "failed": "red"}
    for call in view.calls:
        status = Text(call.status, style=styles.get(call.status, "yellow"))
        if call.error:
            status.append("\n" + visible(call.error, 40), style="red")
        if call.setup or not call.step:
            status.append("\n(set-up)" if call.setup else "\n(skipped)", style="dim")
        table.add_row(
            Text(visible(call.id)),
            Text(visible(call.endpoint)),
            Text(visible(call.trigger, 40) + (f", {call.frames + 1} frames" if call.frames else "")),
            lines(call.inputs),
            lines(call.outputs),
            status,
            Text("" if call.duration is None else f"{call.duration:.0f}", justify="right"),
        )
    out.print(table)
    if view.variables:
        out.print(Text("Variables", style="bold"))
        for variable in view.variables:
            from recorder.show import Shown

            value = brief(Shown(value=variable.value), 80)
            out.print(Text(f"  {visible(variable.name)}: {visible(variable.type)} = {value}"))
    if view.secrets:
        out.print(Text("Secrets, taken from the environment", style="bold"))
        for secret in view.secrets:
            out.print(Text(f"  {visible(secret.name)}  {visible(secret.hint)}"))
    if view.omitted:
        out.print(Text("Left out", style="bold"))
        for omitted in view.omitted:
            out.print(Text(f"  {visible(omitted.id)} {visible(omitted.endpoint)}: {visible(omitted.why)}"))
    for note in view.notes:
        out.print(Text(f"Note: {visible(note)}", style="yellow"))


def plain_table(*titles: str) -> Table:
    """A table without boxes; its cells are :class:`rich.text.Text`, for markup in recorded text is data."""
    from rich.table import Table

    table = Table(
        box=None, pad_edge=False, show_header=any(titles), header_style="bold", padding=(0, 2, 0, 0)
    )
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def console() -> Console:
    """Standard output; without colours in a pipe, or where NO_COLOR is set."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(markup=False, emoji=False, highlight=False, width=width)


@contextmanager
def progress() -> Iterator[Callable[[StepReport], None]]:
    """Takes the steps of a replay as they go: a line on standard error for each that is over, and on a terminal also
    what the running one is at."""
    from rich.console import Console
    from rich.text import Text

    from recorder.show import visible

    out = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    status = out.status("") if out.is_terminal else None

    def tell(step: StepReport) -> None:
        line = Text.assemble(visible(step.id), " ", visible(step.endpoint, 60))
        if not step.over:
            if status is not None:
                status.update(line.append(f"  {count(step.yields, 'value')}" if step.yields else ""))
            return
        verdict = ("ok", "green") if step.ok else ("differs" if step.expected else step.status, "red")
        out.print(Text.assemble(verdict, "  ", line, f"  {step.seconds:.2f} s"))

    with status if status is not None else nullcontext():
        yield tell


def parse_setting(text: str) -> tuple[str, str]:
    """``NAME=VALUE``.

    Raises:
        UsageError: it has no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {text!r} names no value", "Write --set NAME=VALUE")
    return name, value


def say(text: str) -> None:
    """A line for the person, on standard error."""
    from recorder.show import visible

    click.echo(visible(text), err=True)


def write_text(text: str) -> None:
    """To standard output as UTF-8, whatever the terminal's own encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def address(url: str) -> str:
    """``url`` with a scheme.

    Raises:
        UsageError: it is no web address.
    """
    from urllib.parse import urlsplit

    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{url!r} is not the address of a web app", "Give one such as http://127.0.0.1:7860")
    return full


def known_target(target: str) -> None:
    """Before anything else is done.

    Raises:
        UsageError: no such target.
    """
    from recorder.render import renderers

    known = renderers()
    if target not in known:
        raise UsageError(f"There is no target {target!r}", f"Choose one of {', '.join(known)}")


def free_name(path: Path) -> Path:
    """``session.json``, else ``session-2.json`` and so on, so that nothing is overwritten."""
    number, free = 1, path
    while free.exists() or free.with_name(free.stem + ".files").exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def main() -> None:
    """The entry point: what a person can mend is one sentence, what they cannot keeps its traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except RecorderError as error:
        say(f"recorder: {error}")
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()

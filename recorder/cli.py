"""The command line: parse, call, print, exit code. Every verb imports what it needs when it runs."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from recorder import __version__
from recorder.errors import RecorderError, UsageError
from recorder.terminal import (
    console,
    count,
    load_progress,
    plain_table,
    print_comparison,
    print_endpoints,
    print_explanation,
    print_graph,
    print_load,
    print_overview,
    progress,
    say,
    write_text,
)

if TYPE_CHECKING:
    from recorder.adapters import Selection
    from recorder.replay.report import Reports
    from recorder.replay.run import Settings
    from recorder.session import Session
    from recorder.show import Overview
    from recorder.workflow import Workflow

LEARNING_PAUSE = 1.1
"""Seconds between two replays that are compared with each other, so that a clock moves on."""

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

T = TypeVar("T")
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
    from recorder.render import targets

    *others, last = targets()
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


URL = click.option("--url", help="The app to use.  [default: the recorded one]")
VALUES = click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a variable; a file by its path. Repeatable.",
)
TIMEOUT = click.option(
    "--timeout", default=120.0, show_default=True, metavar="SECONDS", help="How long one call may take."
)
PATIENCE = click.option(
    "--wait",
    "patience",
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an app that is still starting.",
)
OPENAPI = click.option(
    "--openapi",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An OpenAPI document, which names the endpoints of an app that does not serve its own.",
)
FILE_LIMIT = click.option(
    "--file-limit",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    metavar="MB",
    help="The largest file that is kept with a session; of a larger one it says that it was left out.",
)
CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names, hides, disables and adds endpoints; what else is secret.  "
    "[default: recorder.toml, if there is one here]",
)
"""What several verbs take, in the same words."""


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
@FILE_LIMIT
@OPENAPI
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What else is secret, under [secrets].  [default: recorder.toml, if there is one here]",
)
@click.option(
    "--target",
    default="python",
    show_default=True,
    help="The script to print at the end; see `recorder render --help`.",
)
def record(
    url: str, output: Path | None, headless: bool | None, browser: Path | None, cdp: str | None,
    file_limit: int, openapi: Path | None, config: Path | None, target: str,
) -> int:  # fmt: skip
    """Open a browser on the app at URL with recording on.

    Use the app, then close its last tab or press Ctrl-C: the session is saved and its script printed.
    """
    import asyncio

    from recorder import session as sessions
    from recorder.capture.browser import record as record_in_browser
    from recorder.capture.fetch import read_description
    from recorder.config import NOTHING
    from recorder.serve.offer import source_of
    from recorder.serve.panel import Panel

    url, login = login_for(url)
    known_target(target)
    source = source_of(config)
    path = output if output is not None else free_name(Path("session.json"))
    saved = asyncio.run(
        record_in_browser(
            url,
            output=path,
            headless=headless,
            browser=str(browser) if browser is not None else None,
            cdp=cdp,
            description=read_description(openapi),
            file_limit=file_limit * 2**20,
            say=say,
            open_panel=Panel,
            secrets=(source.config if source is not None else NOTHING).secrets,
            login=login,
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
@FILE_LIMIT
@OPENAPI
@CONFIG
def proxy(
    url: str, host: str, port: int, output: Path | None, allow_hosts: tuple[str, ...], file_limit: int,
    openapi: Path | None, config: Path | None,
) -> int:  # fmt: skip
    """Serve the app at URL with the API Recorder button in its footer, for any browser.

    Each press on and off writes one session. What the app offers is at /_recorder/api, as a page, and beside it as
    api.md, api.json and openapi.json; calls by name at /_recorder/call/NAME, what was recorded at
    /_recorder/workflows/NAME, and all of it for language models at /_recorder/mcp.
    """

    from recorder.capture.fetch import read_description
    from recorder.capture.proxy import serve
    from recorder.serve.offer import Offer, folder_of, source_of
    from recorder.serve.site import Site

    description = read_description(openapi)
    source = source_of(config)
    bare, login = login_for(url)
    offer = Offer(bare, source=source, description=description, folder=folder_of(output), login=login)
    serving = serve(
        bare,
        login=login,
        host=host,
        port=port,
        output=output,
        allow_hosts=allow_hosts,
        description=description,
        file_limit=file_limit * 2**20,
        site=Site(offer),
        key=os.environ.get("RECORDER_KEY", ""),
        say=say,
    )
    run(serving)
    return 0


@cli.command(
    epilog=examples(
        "recorder api http://127.0.0.1:7860",
        "recorder api session.json --format html -o api.html",
        "recorder api http://127.0.0.1:8000 --format markdown > API.md",
        "recorder api http://127.0.0.1:7860 --format openapi -o openapi.json",
    )
)
@click.argument("source", metavar="URL|FILE")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "openapi"]),
    default="text",
    show_default=True,
    help="As a table, a document, a page, for programs, or as OpenAPI 3.1.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to.  [default: standard output]",
)
@OPENAPI
@CONFIG
def api(source: str, form: str, output: Path | None, openapi: Path | None, config: Path | None) -> int:
    """Show what an app offers: each endpoint, what it takes and gives, and how to call it in three languages.

    Of a running app at URL, with examples that its own description gives; or of a session FILE, with those recorded.
    """
    import asyncio

    from recorder.capture.fetch import read_description
    from recorder.serve.live import read_app
    from recorder.serve.offer import source_of
    from recorder.serve.openapi import described
    from recorder.serve.page import dump, html, markdown, page_of
    from recorder.serve.page import examples as examples_of
    from recorder.session import write_whole

    calls, folder = {}, Path()
    if (path := Path(source)).exists():
        session, folder = opened(path), path.parent
        app, found, calls = session.app, session.api, examples_of(session)
    else:
        description = read_description(openapi)
        reading = read_app(app_at(source), environment=os.environ, description=description, on_wait=say)
        app, found = asyncio.run(reading)
    if (said := source_of(config)) is not None:
        said.checked(found)
        found = said.config.applied(found)
    page = page_of(app, found, calls, folder)
    if form == "text" and output is None:
        print_endpoints(page)
        return 0
    if form == "openapi":
        text = described(app, found, page)
    else:
        text = {"markdown": markdown, "html": html, "json": dump, "text": markdown}[form](page)
    if output is None:
        write_text(text)
    else:
        write_whole(output, text.encode("utf-8", "surrogatepass"))
        say(f"written to {output}")
    return 0


@cli.command(
    epilog=examples(
        "recorder mcp http://127.0.0.1:7860",
        "recorder mcp session.json login.json --url http://127.0.0.1:7860",
        "recorder mcp http://127.0.0.1:8000 session.json --http --port 8765",
    )
)
@click.argument("sources", nargs=-1, required=True, metavar="URL|FILE...")
@click.option("--http", is_flag=True, help="Speak streamable HTTP, not standard input and output.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on, with --http.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on, with --http; 0 takes a free one.",
)
@URL
@OPENAPI
@CONFIG
@click.option("--only", multiple=True, metavar="TOOL", help="Offer only this tool, by name. Repeatable.")
@click.option(
    "--timeout", default=600.0, show_default=True, metavar="SECONDS", help="How long one tool may take."
)
@click.option("--list", "listing", is_flag=True, help="Print the tools as JSON, and serve nothing.")
def mcp(
    sources: tuple[str, ...], http: bool, host: str, port: int, url: str | None, openapi: Path | None,
    config: Path | None, only: tuple[str, ...], timeout: float, listing: bool,
) -> int:  # fmt: skip
    """Serve tools to language models over the Model Context Protocol.

    Each endpoint of the app at URL is a tool, and so is each session FILE, whose variables it takes and whose last
    outputs it gives. Files are given by path, address or data: URL.
    """
    import asyncio

    from recorder import adapters
    from recorder.capture.fetch import read_description
    from recorder.serve.live import read_app
    from recorder.serve.offer import source_of
    from recorder.serve.tools import Tool, added_by, listed, named_apart, tool_of, tools_of

    description, said = read_description(openapi), source_of(config)
    url = app_at(url) if url is not None else None
    tools: list[Tool] = added_by(said, opened) if said is not None else []
    for source in sources:
        if (path := Path(source)).exists():
            session = opened(path)
            workflow = adapters.workflow(session, chosen(path, (), (), False))
            tools.append(tool_of(session, workflow, path.parent))
        else:
            where = app_at(source, is_only=len(sources) == 1)
            reading = read_app(where, environment=os.environ, description=description, on_wait=say)
            app, found = asyncio.run(reading)
            if said is not None:
                said.checked(found)
                found = said.config.applied(found)
            tools += tools_of(app, found)
    tools = named_apart(listed(tools))
    for name in only:
        if not any(tool.name == name for tool in tools):
            known = ", ".join(tool.name for tool in tools) or "none"
            raise UsageError(f"There is no tool {name!r}", f"The tools are {known}")
    tools = [tool for tool in tools if not only or tool.name in only]
    if listing:
        import json

        shown = [{"name": t.name, "description": t.description, "inputSchema": t.schema()} for t in tools]
        write_text(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return 0
    try:
        from recorder.serve.mcp import serve_http, serve_stdio, server
    except ImportError:
        raise RecorderError(
            "recorder mcp needs the package mcp, 2 or newer", "Run `pip install 'api-recorder[mcp]'`"
        ) from None

    async def offered() -> list[Tool]:
        return tools

    # Whoever calls by HTTP need not be the person whose files these are.
    served = server(offered, url=url, timeout=timeout, local=not http)
    say(f"{count(len(tools), 'tool')}: {', '.join(tool.name for tool in tools)}")
    if http:
        from recorder.address import is_loopback

        if not is_loopback(host):
            say(
                f"listening on {host}: whoever reaches this machine over the network can call them, with no login; "
                "without --host nobody can"
            )
        run(serve_http(served, host, port, lambda where: say(f"serving at {where}; Ctrl-C ends it")))
    else:
        asyncio.run(serve_stdio(served))
    return 0


@cli.command(
    "import",
    epilog=examples(
        "recorder import app.har",
        "recorder import app.har -o session.json --openapi openapi.json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The session file.  [default: the name of FILE, with .json]",
)
@OPENAPI
def import_(file: Path, output: Path | None, openapi: Path | None) -> int:
    """Make a session of FILE, a HAR that a browser, Playwright or mitmproxy has saved. Secrets are left out of it."""
    from recorder.capture.har import import_har

    output = output or free_name(file.with_suffix(".json"))
    session = import_har(file, output, openapi)
    say(f"{count(len(session.calls), 'call')} of {session.app.url} saved as {output}")
    return 0


@cli.command(
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
def show(
    file: Path, against: Path | None, only: tuple[str, ...], skip: tuple[str, ...], raw: bool, explain: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Show the calls of a session, and what of them is a link, a variable or a secret. FILE may be a journal too."""
    from recorder import adapters
    from recorder.show import compared, dump, overview

    def seen(path: Path) -> Overview:
        session = opened(path)
        return overview(session, adapters.workflow(session, chosen(path, only, skip, raw)))

    if explain:
        from recorder.explanation import explanation

        if against is not None:
            raise UsageError("--explain is about one session", "Leave out --against")
        session = opened(file)
        workflow = adapters.workflow(session, chosen(file, only, skip, raw))
        explained = explanation(session, workflow, overview(session, workflow).omitted)
        if as_json:
            write_text(dump(explained))
        else:
            print_explanation(explained)
        return 0
    view = seen(file)
    if against is not None:
        comparison = compared(view, seen(against))
        if as_json:
            write_text(dump(comparison))
        else:
            print_comparison(comparison, file, against)
        return 0 if comparison.same == len(comparison.pairs) else 1
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
        "recorder render session.json --target openapi --merge another.json -o openapi.json",
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
@click.option(
    "--merge",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Another recording of the same app, for openapi. Repeatable.",
)
@selection
def render(
    file: Path,
    target: str,
    output: Path | None,
    style: str,
    name: str | None,
    rows: Path | None,
    others: tuple[Path, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    raw: bool,
) -> int:
    """Write a session as a program. FILE may be a journal too."""
    from recorder.session import write_whole

    known_target(target)
    if rows is not None and target != "pytest":
        raise UsageError("--from gives rows to test with", "Add --target pytest")
    if others and target != "openapi":
        raise UsageError("--merge describes several recordings together", "Add --target openapi")
    session = opened(file)
    folder = output.parent if output is not None else Path()
    selected = chosen(file, only, skip, raw, name)
    more = [(opened(path), chosen(path, (), (), raw)) for path in others]
    text = script_of(session, file, target, selected, folder, rows, style, more)
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
def replay(
    file: Path,
    url: str | None,
    values: tuple[str, ...],
    rows: Path | None,
    repeat: int,
    parallel: int,
    explain: bool,
    pace: Literal["fast", "recorded"],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    raw: bool,
    learn: int | None,
    heal: bool,
    dry_run: bool,
    timeout: float,
    run_timeout: float | None,
    patience: float,
    retries: int,
    as_json: bool,
    junit: Path | None,
    html: Path | None,
) -> int:
    """Do a session again and say what came out different.

    Exits 0 if every output is as recorded, 1 if not. A login and other secrets come from the environment.
    """
    import tempfile

    from recorder import adapters
    from recorder.replay import documents
    from recorder.replay.rows import read_rows
    from recorder.replay.run import Settings, replay_runs
    from recorder.session import read

    if dry_run and not (heal or learn):
        raise UsageError("--dry-run is for --learn and --heal", "Leave it out, or use --explain")
    if learn is not None and (rows is not None or repeat > 1):
        raise UsageError("--learn replays the recorded values", "Leave --from and --repeat out")
    session, selected = read(file), chosen(file, only, skip, raw)
    workflow = adapters.workflow(session, selected)
    if explain:
        print_graph(workflow, as_json)
        return 0
    where = app_named(url, session)
    given = parse_settings(values)
    runs = [{**given, **row} for row in (read_rows(rows) if rows is not None else [{}])] * (learn or repeat)
    if not runs:
        say(f"{rows} has no rows")
        return 0
    settings = Settings(
        # What differs from run to run must not be a matter of what ran beside it.
        parallel=parallel if learn is None else 1,
        pace=pace,
        timeout=timeout,
        run_timeout=run_timeout,
        patience=patience,
        retries=retries,
        apart=LEARNING_PAUSE if learn is not None else 0.0,
    )
    if heal:
        session, workflow = healed(file, session, workflow, selected, where, settings, dry_run)
    if learn is not None and session.app.kind == "http":
        session, workflow = discovered(file, session, workflow, selected, given, where, settings, dry_run)
    with tempfile.TemporaryDirectory(prefix="recorder-") as folder, progress(len(runs)) as on_progress:
        reports = run(
            replay_runs(
                workflow,
                rows=runs,
                files=file.parent,
                url=where,
                settings=settings,
                on_progress=on_progress,
                on_wait=say,
                copies=Path(folder),
            )
        )
        if learn is not None and not reports.interrupted:
            reports = learnt(file, session, workflow, reports, Path(folder), dry_run)
        documents.write(reports, selected.name, file.parent, Path(folder), junit=junit, html=html)
    for written in (junit, html):
        if written is not None:
            say(f"written to {written}")
    if as_json:
        write_text(reports.dump())
    else:
        write_text("\n".join([*reports.sentences(), *reports.notes(), reports.summary()]) + "\n")
    if reports.interrupted:
        return INTERRUPTED
    return 0 if reports.ok else 1


@cli.command(
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
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The session file to write.  [default: FILE with .min before its ending]",
)
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
def shrink(
    file: Path,
    fails: bool,
    output: Path | None,
    url: str | None,
    before: str | None,
    tries: int,
    timeout: float,
    patience: float,
    as_json: bool,
) -> int:
    """Find the smallest part of a session that still fails in the same way, and write it as a session.

    Calls are left out first, then inputs are made smaller. Exits 0 if it was found, 1 if nothing fails.
    """
    import asyncio
    import json
    import subprocess

    from recorder import adapters
    from recorder.replay.report import Report
    from recorder.replay.run import Settings
    from recorder.replay.run import replay as replay_workflow
    from recorder.replay.shrink import Ended
    from recorder.replay.shrink import shrink as shrink_session
    from recorder.session import carry_files, read, write

    session, selected = read(file), chosen(file, (), (), False)
    where = app_named(url, session)
    settings = Settings(timeout=timeout, patience=patience)
    to = output if output is not None else file.with_name(f"{file.stem}.min{file.suffix}")

    def plan(part: Session) -> Workflow:
        return adapters.workflow(part, selected)

    async def attempt(part: Session) -> Report:
        if before is not None:
            await asyncio.to_thread(subprocess.run, before, shell=True, check=True, stdout=subprocess.DEVNULL)
        return await replay_workflow(plan(part), files=file.parent, url=where, settings=settings, on_wait=say)

    def on_try(number: int, calls: int, same: bool) -> None:
        say(f"try {number}: {count(calls, 'call')}, {'still fails' if same else 'does not fail so'}")

    try:
        found = asyncio.run(shrink_session(session, plan, attempt, most=tries, on_try=on_try))
    except Ended as reason:
        say(str(reason))
        return INTERRUPTED
    except subprocess.CalledProcessError as error:
        raise UsageError(f"--before ended with {error.returncode}", "Check the command") from None
    write(carry_files(found.session, file, to), to)
    told = f"{count(found.calls[1], 'call')} of {found.calls[0]} left, after {count(found.tries, 'replay')}"
    if as_json:
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
        lines = [found.failure.sentence, told]
        lines += [f"smaller: {one}" for one in found.smaller] + [found.stopped] * bool(found.stopped)
        write_text("\n".join([*lines, f"written to {to}"]) + "\n")
    return INTERRUPTED if "Ctrl-C" in found.stopped else 0


@cli.command(
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
def load(
    file: Path,
    users: int,
    spawn_rate: float | None,
    run_time: str,
    url: str | None,
    values: tuple[str, ...],
    pace: float,
    workers: int,
    expect: int,
    bind: str,
    master_host: str | None,
    master_port: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    raw: bool,
    html: Path | None,
    json_file: Path | None,
) -> int:
    """Do a session again as load: many users at once, on Locust.

    Exits 0 if every call went as recorded, 1 if one did not or a worker was lost. Logins and secrets come from the
    environment.
    """
    from recorder import adapters
    from recorder.load.run import Plan, parse_time, run
    from recorder.render import Options, render
    from recorder.session import read, write_whole

    session = read(file)
    workflow = adapters.workflow(session, chosen(file, only, skip, raw))
    rows = (chosen_row(parse_settings(values), workflow),) if values else ()
    where = app_named(url, session) or session.app.url
    plan = Plan(
        users=users,
        spawn_rate=spawn_rate if spawn_rate is not None else max(users / 10, 1.0),
        run_time=parse_time(run_time),
        pace=pace,
        workers=max(workers, 1) if master_host else workers,
        expect=expect,
        bind=bind,
        master=master_host or "",
        master_port=master_port,
        html=html,
    )
    locustfile = render(workflow, "locust", Options(files=file.parent.resolve().as_posix(), rows=rows))
    with load_progress() as on_figures:
        report = run(locustfile, plan, url=where, on_figures=on_figures)
    if json_file is not None:
        write_whole(json_file, report.dump().encode())
    print_load(report)
    for written in (json_file, html):
        if written is not None and written.exists():
            say(f"written to {written}")
    if report.interrupted:
        return INTERRUPTED
    return 0 if report.ok else 1


@cli.command(epilog=examples("recorder recover", "recorder recover session-20260101-120000.journal"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def recover(paths: tuple[Path, ...]) -> int:
    """Make sessions of journals that a kill, a crash or a power failure left behind.

    PATHS are journals, or folders of them; without any, this folder. The journal goes once its session is on disk.
    """
    from recorder.capture import journal as journals
    from recorder.capture.collector import recover as recovered
    from recorder.session import read

    found: list[Path] = []
    for path in paths or (Path(),):
        found += sorted(path.glob(f"*{journals.SUFFIX}")) if path.is_dir() else [path]
    if not found:
        say("no journal was left behind here")
    for path in found:
        if journals.is_locked(path):
            say(f"{path} is still being written by a recorder, and was left to it")
            continue
        made = recovered(path)
        if made is None:
            say(f"{path} held nothing that was recorded, and is gone")
            continue
        session = read(made)
        for note in session.notes:
            say(note)
        say(f"{count(len(session.calls), 'call')} saved in {made}")
    return 0


@cli.command(
    epilog=examples("recorder doctor", "recorder doctor --json", "recorder doctor http://127.0.0.1:7860")
)
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@OPENAPI
@CONFIG
def doctor(url: str | None, as_json: bool, openapi: Path | None, config: Path | None) -> int:
    """Say what is missing here and what mends it; of the app at URL, which of its API does not speak for itself.

    Exits 1 if something is.
    """
    from recorder.doctor import dump, examine, healthy

    if url is not None:
        return examined(app_at(url), as_json, openapi, config)
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


def examined(url: str, as_json: bool, openapi: Path | None, config: Path | None) -> int:
    """Say what of an app's API does not speak for itself."""
    import asyncio

    from recorder.capture.fetch import read_description
    from recorder.doctor import dump_findings, lint
    from recorder.serve.live import read_app
    from recorder.serve.offer import source_of
    from recorder.show import visible

    reading = read_app(url, environment=os.environ, description=read_description(openapi), on_wait=say)
    app, found = asyncio.run(reading)
    if (said := source_of(config)) is not None:
        said.checked(found)
        found = said.config.applied(found)
    findings = lint(app, found)
    if as_json:
        write_text(dump_findings(findings))
    elif not findings:
        say("every name speaks for itself, and everything is described")
    else:
        from rich.text import Text

        table = plain_table("endpoint", "", "")
        for finding in findings:
            where = visible(finding.endpoint) + (
                f" ({visible(finding.parameter)})" if finding.parameter else ""
            )
            table.add_row(Text(where), Text(visible(finding.what, 200)), Text(visible(finding.remedy, 200)))
        console().print(table)
    return 1 if findings else 0


def healed(
    file: Path,
    session: Session,
    workflow: Workflow,
    selected: Selection,
    url: str | None,
    settings: Settings,
    dry_run: bool,
) -> tuple[Session, Workflow]:
    """The session and its workflow as the app's API is now, as far as that can be; written unless ``dry_run``."""
    import asyncio

    import msgspec

    from recorder import adapters
    from recorder.replay.run import look
    from recorder.session import write

    drifts = asyncio.run(look(workflow, url=url, settings=settings, on_wait=say))
    patches = tuple(drift.patch for drift in drifts if drift.patch is not None)
    for drift in drifts:
        told = "; ".join(drift.changes)
        if drift.patch is None:
            say(f"not healed: {told}, for {drift.refused}")
        else:
            sure = f"confidence {100 * drift.patch.confidence:.0f} %"
            say(f"{'would heal' if dry_run else 'healed'}: {told} ({sure})")
    if not drifts:
        say("nothing to heal: the app's API is as recorded")
    if not patches:
        return session, workflow
    session = msgspec.structs.replace(session, patches=(*session.patches, *patches))
    if not dry_run:
        write(session, file)
        say(f"{count(len(patches), 'patch', 'patches')} written to {file}; what was recorded is kept in it")
    return session, adapters.workflow(session, selected)


def discovered(
    file: Path,
    session: Session,
    workflow: Workflow,
    selected: Selection,
    values: dict[str, str],
    url: str | None,
    settings: Settings,
    dry_run: bool,
) -> tuple[Session, Workflow]:
    """The session and its workflow with what replays show of its constants; written unless ``dry_run``."""
    from recorder import adapters
    from recorder.replay.discover import discover
    from recorder.replay.report import Report
    from recorder.replay.run import replay as replay_once
    from recorder.session import write

    def again(changed: Workflow) -> Report:
        return run(
            replay_once(changed, files=file.parent, url=url, values=values, settings=settings, on_wait=say)
        )

    found = discover(session, selected, again)
    for sentence in found.sentences:
        say(f"learnt: {sentence}")
    if found.learnt and not dry_run:
        write(found.session, file)
        say(f"{count(len(found.learnt), 'value')} written to {file}, after {count(found.replays, 'replay')}")
    if found.interrupted:
        raise KeyboardInterrupt
    return found.session, adapters.workflow(found.session, selected)


def learnt(
    file: Path, session: Session, workflow: Workflow, reports: Reports, copies: Path, dry_run: bool
) -> Reports:
    """The reports as the session judges them with what they taught; it is written unless ``dry_run``."""
    from recorder.replay.judging import looking
    from recorder.replay.learn import learn, rejudged, taught
    from recorder.session import write

    look = looking(file.parent, copies)
    lessons = learn(workflow, reports, look)
    for lesson in lessons:
        say(f"{LESSONS[lesson.sort]}: {lesson.sentence}")
    new = [lesson for lesson in lessons if lesson.sort in ("added", "loosened")]
    if not new:
        say("nothing differs from run to run")
    if not dry_run and (new or any(lesson.proof for lesson in lessons)):
        write(taught(session, lessons), file)
        say(f"{count(len(new), 'expectation')} written to {file}")
    return rejudged(workflow, lessons, reports, look)


LESSONS = {"added": "learnt", "loosened": "loosened", "proved": "link", "change": "not learnt"}


def chosen(
    file: Path, only: tuple[str, ...], skip: tuple[str, ...], raw: bool, name: str | None = None
) -> Selection:
    """The selection that the options say, named ``name`` or after the file."""
    from recorder.adapters import Selection
    from recorder.workflow import identifier

    return Selection(only=only, skip=skip, raw=raw, name=identifier(name or file.stem, "session"))


def opened(file: Path) -> Session:
    """The session in a file, or what a journal comes to that nobody made a session of."""
    if file.suffix == ".journal":
        from recorder.capture.collector import look_into

        return look_into(file)
    from recorder.session import read

    return read(file)


def script_of(
    session: Session,
    file: Path,
    target: str,
    selection: Selection,
    folder: Path,
    rows: Path | None = None,
    style: str = "",
    others: Iterable[tuple[Session, Selection]] = (),
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


def parse_settings(texts: Iterable[str]) -> dict[str, str]:
    """Each ``NAME=VALUE``.

    Raises:
        UsageError: one has no ``=``.
    """
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text!r} names no value", "Write --set NAME=VALUE")
        settings[name] = value
    return settings


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
        shown = re.sub(r"//[^/@]*@", "//…@", url)
        raise UsageError(
            f"{shown!r} is not the address of a web app", "Give one such as http://127.0.0.1:7860"
        )
    return full


def login_for(url: str, is_only: bool = True) -> tuple[str, str]:
    """The address of an app without a login in it, and the login: the one in the address, else the one in
    ``RECORDER_LOGIN`` where the app ``is_only`` one of those that are named."""
    bare, login = without_login(address(url))
    if login:
        say(
            "a login in the address shows in the list of processes: give it in RECORDER_LOGIN, as user:password"
        )
    return bare, login or (os.environ.get("RECORDER_LOGIN", "") if is_only else "")


def app_at(url: str, is_only: bool = True) -> str:
    """As :func:`login_for`, the login being sent with what is asked of the app from here on. The recorded calls that
    were sent with one find it where they look."""
    bare, login = login_for(url, is_only)
    if login:
        from recorder.placeholders import LOGIN
        from recorder.replay.transport import log_in_to

        log_in_to(bare, login)
        for name, value in zip(LOGIN, login.partition(":")[::2], strict=True):
            os.environ.setdefault(name, value)
    return bare


def app_named(url: str | None, session: Session) -> str | None:
    """The address that was given in place of the recorded one, as :func:`app_at`; None where the recorded one holds."""
    if url is not None:
        return app_at(url)
    if session.app.url:
        app_at(session.app.url)
    return None


def without_login(url: str) -> tuple[str, str]:
    """An address without the login in it, and the login as ``user:password``; empty if there is none."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.username is None:
        return url, ""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def known_target(target: str) -> None:
    """Before anything else is done.

    Raises:
        UsageError: no such target.
    """
    from recorder.render import targets

    known = targets()
    if target not in known:
        raise UsageError(f"There is no target {target!r}", f"Choose one of {', '.join(known)}")


def free_name(path: Path) -> Path:
    """``session.json``, else ``session-2.json`` and so on, so that nothing is overwritten."""
    number, free = 1, path
    while free.exists() or free.with_name(free.stem + ".files").exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do it to its end, in the loop of uvloop where that is installed: on it twice as many requests pass."""
    import asyncio

    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def main() -> None:
    """The entry point: what a person can mend is one sentence, what they cannot keeps its traceback."""
    # A session is very many small objects that live as long as the command: looking through them for garbage again and
    # again is a fifth of the time, and finds none.
    gc.set_threshold(100_000, 20, 100)
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

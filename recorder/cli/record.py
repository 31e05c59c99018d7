"""``recorder record``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli.options import FILE_LIMIT, OPENAPI, Describing, examples, login_for, taking
from recorder.cli.programs import known_target, print_program
from recorder.cli.terminal import count, say
from recorder.errors import RecorderError


@dataclass(frozen=True)
class Options(Describing):
    url: str
    output: Path | None
    headless: bool | None
    browser: Path | None
    cdp: str | None
    file_limit: int
    target: str


@click.command(
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
@taking(Options)
def record(options: Options) -> int:
    """Open a browser on the app at URL with recording on.

    Use the app, then close its last tab or press Ctrl-C: the session is saved and its script printed.
    """
    import asyncio

    from recorder import session as sessions
    from recorder.capture.browser import record as record_in_browser
    from recorder.capture.names import free_path, is_session
    from recorder.config import NOTHING
    from recorder.serve.panel import Panel

    url, login = login_for(options.url)
    known_target(options.target)
    configuration = options.configuration
    path = options.output if options.output is not None else free_path(Path("session.json"), is_session)
    saved = asyncio.run(
        record_in_browser(
            url,
            output=path,
            headless=options.headless,
            browser=str(options.browser) if options.browser is not None else None,
            cdp=options.cdp,
            description=options.description,
            file_limit=options.file_limit * 2**20,
            say=say,
            open_panel=Panel,
            secrets=(configuration.config if configuration is not None else NOTHING).secrets,
            login=login,
        )
    )
    refusal: RecorderError | None = None
    for written in saved:
        session = sessions.read(written)
        say(f"{count(len(session.calls), 'call')} saved in {written}")
        if session.calls:
            try:
                print_program(session, written, options.target)
            except RecorderError as error:
                # The sessions that follow are saved too, and each is worth its line.
                refusal = error
    if not saved:
        say("nothing was recorded")
    if refusal is not None:
        raise refusal
    return 0

"""``recorder proxy``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli.loop import run
from recorder.cli.options import (
    CONFIG,
    FILE_LIMIT,
    OPENAPI,
    Describing,
    examples,
    login_for,
    taking,
)
from recorder.cli.terminal import say


@dataclass(frozen=True)
class Options(Describing):
    url: str
    host: str
    port: int
    output: Path | None
    allow_hosts: tuple[str, ...]
    file_limit: int


@click.command(
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
@taking(Options)
def proxy(options: Options) -> int:
    """Serve the app at URL with the API Recorder button in its footer, for any browser.

    Each press on and off writes one session. What the app offers is at /_recorder/api, as a page, and beside it as
    api.md, api.json and openapi.json; calls by name at /_recorder/call/NAME, what was recorded at
    /_recorder/workflows/NAME, and all of it for language models at /_recorder/mcp.
    """
    from recorder.capture.proxy import serve
    from recorder.serve.offer import Offer, folder_of
    from recorder.serve.site import Site

    description, source = options.description, options.configuration
    bare, login = login_for(options.url)
    offer = Offer(bare, source=source, description=description, folder=folder_of(options.output), login=login)
    serving = serve(
        bare,
        login=login,
        host=options.host,
        port=options.port,
        output=options.output,
        allow_hosts=options.allow_hosts,
        description=description,
        file_limit=options.file_limit * 2**20,
        site=Site(offer),
        key=os.environ.get("RECORDER_KEY", ""),
        say=say,
    )
    run(serving)
    return 0

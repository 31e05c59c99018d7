"""``recorder api``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from recorder.cli.options import CONFIG, OPENAPI, Describing, examples, output, taking
from recorder.cli.sessions import opened
from recorder.cli.terminal import print_endpoints, say, write_text


@dataclass(frozen=True)
class Options(Describing):
    source: str
    form: str
    output: Path | None


@click.command(
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
@output("Where to.  [default: standard output]")
@OPENAPI
@CONFIG
@taking(Options)
def api(options: Options) -> int:
    """Show what an app offers: each endpoint, what it takes and gives, and how to call it in three languages.

    Of a running app at URL, with examples that its own description gives; or of a session FILE, with those recorded.
    """
    from recorder.serve.openapi import described
    from recorder.serve.page import dump, html, markdown, page_of
    from recorder.serve.page import examples as examples_of
    from recorder.session import write_whole

    calls, folder = {}, Path()
    if (path := Path(options.source)).exists():
        session, folder = opened(path), path.parent
        app, found, calls = session.app, options.configured(session.api), examples_of(session)
    else:
        app, found = options.running(options.source)
    page = page_of(app, found, calls, folder)
    if options.form == "text" and options.output is None:
        print_endpoints(page)
        return 0
    if options.form == "openapi":
        text = described(app, found, page)
    else:
        write = {"markdown": markdown, "html": html, "json": dump, "text": markdown}[options.form]
        text = write(page)
    if options.output is None:
        write_text(text)
    else:
        write_whole(options.output, text.encode("utf-8", "surrogatepass"))
        say(f"written to {options.output}")
    return 0

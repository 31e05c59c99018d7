"""``recorder mcp``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recorder.cli.loop import run
from recorder.cli.options import CONFIG, OPENAPI, URL, Describing, app_at, examples, selected, taking
from recorder.cli.sessions import opened
from recorder.cli.terminal import count, say, write_text
from recorder.errors import RecorderError, UsageError

if TYPE_CHECKING:
    from recorder.serve.tools import Tool


@dataclass(frozen=True)
class Options(Describing):
    sources: tuple[str, ...]
    http: bool
    host: str
    port: int
    url: str | None
    only: tuple[str, ...]
    timeout: float
    listing: bool


@click.command(
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
@taking(Options)
def mcp(options: Options) -> int:
    """Serve tools to language models over the Model Context Protocol.

    Each endpoint of the app at URL is a tool, and so is each session FILE, whose variables it takes and whose last
    outputs it gives. Files are given by path, address or data: URL.
    """
    import asyncio

    tools = tools_of(options)
    if options.listing:
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
    url = app_at(options.url) if options.url is not None else None
    served = server(offered, url=url, timeout=options.timeout, local=not options.http)
    say(f"{count(len(tools), 'tool')}: {', '.join(tool.name for tool in tools)}")
    if options.http:
        from recorder.address import is_loopback

        if not is_loopback(options.host):
            say(
                f"listening on {options.host}: whoever reaches this machine over the network can call them, with no "
                "login; without --host nobody can"
            )
        run(
            serve_http(
                served, options.host, options.port, lambda where: say(f"serving at {where}; Ctrl-C ends it")
            )
        )
    else:
        asyncio.run(serve_stdio(served))
    return 0


def tools_of(options: Options) -> list[Tool]:
    """The tools of all sources, under names that differ.

    Raises:
        UsageError: ``--only`` names one that is not there.
    """
    from recorder import adapters
    from recorder.serve import tools as offers

    # Read first, so that a file that cannot be read is refused before any app is asked.
    _, configuration = options.description, options.configuration
    found = offers.added_by(configuration, opened) if configuration is not None else []
    for source in options.sources:
        if (path := Path(source)).exists():
            session = opened(path)
            workflow = adapters.workflow(session, selected(path))
            found.append(offers.tool_of(session, workflow, path.parent))
        else:
            found += offers.tools_of(*options.running(source, is_only=len(options.sources) == 1))
    found = offers.named_apart(offers.listed(found))
    for name in options.only:
        if not any(tool.name == name for tool in found):
            known = ", ".join(tool.name for tool in found) or "none"
            raise UsageError(f"There is no tool {name!r}", f"The tools are {known}")
    return [tool for tool in found if not options.only or tool.name in options.only]

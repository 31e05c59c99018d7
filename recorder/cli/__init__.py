"""The command line: a module for each verb, which imports what it needs when it runs."""

from __future__ import annotations

import gc
import sys
from typing import cast

import click

from recorder import __version__
from recorder.cli.terminal import say
from recorder.errors import RecorderError
from recorder.registry import Registry

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

EPILOG = """\b
Examples:
  recorder record http://127.0.0.1:7860
  recorder render session.json --target python -o run.py
  recorder replay session.json
Exit codes: 0 done, 1 it ran and the answer is no, 2 wrong usage."""

VERBS: Registry[click.Command] = Registry(
    {
        "api": "recorder.cli.api:api",
        "doctor": "recorder.cli.doctor:doctor",
        "import": "recorder.cli.import_har:import_har",
        "load": "recorder.cli.load:load",
        "mcp": "recorder.cli.mcp:mcp",
        "proxy": "recorder.cli.proxy:proxy",
        "record": "recorder.cli.record:record",
        "recover": "recorder.cli.recover:recover",
        "render": "recorder.cli.render:render",
        "replay": "recorder.cli.replay:replay",
        "show": "recorder.cli.show:show",
        "shrink": "recorder.cli.shrink:shrink",
    }
)


@click.group(
    # Only read, and so only the verb that is called is imported.
    commands=cast("dict[str, click.Command]", VERBS),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="recorder")
def cli() -> None:
    """Use a web app once by hand; keep the program."""


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

"""``recorder doctor``."""

from __future__ import annotations

from dataclasses import dataclass

import click

from recorder.cli.options import CONFIG, OPENAPI, Describing, examples, taking
from recorder.cli.terminal import console, plain_table, say, write_text


@dataclass(frozen=True)
class Options(Describing):
    url: str | None
    as_json: bool


@click.command(
    epilog=examples("recorder doctor", "recorder doctor --json", "recorder doctor http://127.0.0.1:7860")
)
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@OPENAPI
@CONFIG
@taking(Options)
def doctor(options: Options) -> int:
    """Say what is missing here and what mends it; of the app at URL, which of its API does not speak for itself.

    Exits 1 if something is.
    """
    if options.url is not None:
        return of_app(options.url, options)
    return of_machine(options.as_json)


def of_machine(as_json: bool) -> int:
    """Say what is missing here."""
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


def of_app(url: str, options: Options) -> int:
    """Say what of an app's API does not speak for itself."""
    from recorder.doctor import dump_findings, lint
    from recorder.show import visible

    findings = lint(*options.running(url))
    if options.as_json:
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

"""What a person sees on a terminal: tables, progress, lines; plain in a pipe, without colours where NO_COLOR is set."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from recorder.explanation import Explanation
    from recorder.load.report import Figures, LoadReport
    from recorder.replay.report import StepReport
    from recorder.serve.page import Page
    from recorder.show import Comparison, Overview, Shown
    from recorder.workflow import Workflow

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or another program."""


def print_endpoints(page: Page) -> None:
    """The table of `recorder api`."""
    from rich.text import Text

    from recorder.show import visible

    out = console()
    out.print(Text(" ".join(visible(word) for word in (page.title, page.url, page.version) if word)))
    table = plain_table("endpoint", "takes", "gives", "about")
    for entry in page.endpoints:
        takes = []
        for row in entry.parameters:
            default = f" = {row.default!r}" if row.has_default else ""
            takes.append(visible(f"{row.name}: {row.type}{default}", 50))
        table.add_row(
            Text(visible(entry.id)),
            Text("\n".join(takes)),
            Text(
                "\n".join(
                    visible(f"{row.name}: {row.type}" if row.type else row.name, 40) for row in entry.returns
                )
            ),
            Text(visible(entry.description, 200)),
        )
    out.print(table)


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
    if view.expectations:
        out.print(Text("May differ from run to run", style="bold"))
        for e in view.expectations:
            at = f" at {visible(e.path, 60)}" if e.path else ""
            why = f", for {visible(e.evidence, 160)}" if e.evidence else ""
            out.print(Text(f"  {visible(e.call)}, output {e.output + 1}{at}: {visible(e.what, 100)}{why}"))
    if view.learnt:
        out.print(Text("Learnt from replays", style="bold"))
        for learnt in view.learnt:
            what = f"what {visible(learnt.source)} gives" if learnt.source else "generated anew in each run"
            place = visible(learnt.where, 60)
            out.print(Text(f"  {visible(learnt.call)}, {place}: {what}, for {visible(learnt.evidence, 200)}"))
    if view.patches:
        out.print(Text("Adapted to the app as it is now", style="bold"))
        for patch in view.patches:
            for change in patch.changes:
                out.print(Text(f"  {visible(change, 200)} (confidence {100 * patch.confidence:.0f} %)"))
    for note in view.notes:
        out.print(Text(f"Note: {visible(note)}", style="yellow"))


ORIGIN_STYLES = {
    "typed": "green", "chosen": "green", "received": "cyan", "cookie": "cyan", "generated": "magenta",
    "secret": "yellow", "constant": "dim",
}  # fmt: skip


def print_explanation(explanation: Explanation) -> None:
    """The table of `recorder show --explain`, and what was left out."""
    from rich.text import Text

    from recorder.show import Shown, brief, visible

    out = console()
    table = plain_table("step", "value", "recorded", "sent", "origin", "evidence")
    for step in explanation.steps:
        name = Text.assemble((visible(step.id), "bold"), f" {visible(step.endpoint, 60)}")
        if step.setup:
            name.append(" (set-up)", style="dim")
        if not step.values:
            table.add_row(name, Text("nothing is sent", style="dim"))
        for number, found in enumerate(step.values):
            table.add_row(
                name if number == 0 else "",
                Text(visible(found.where, 40)),
                Text(brief(Shown(value=found.value), 30)),
                Text(visible(found.becomes, 60) or "as recorded", style="" if found.becomes else "dim"),
                Text(found.origin, style=ORIGIN_STYLES[found.origin]),
                Text(visible(found.evidence, 200)),
            )
    if table.row_count:
        out.print(table)
    if explanation.omitted:
        out.print(Text("Left out", style="bold"))
        for omitted in explanation.omitted:
            out.print(Text(f"  {visible(omitted.id)} {visible(omitted.endpoint)}: {visible(omitted.why)}"))
    for note in explanation.notes:
        out.print(Text(f"Note: {visible(note)}", style="yellow"))


def print_comparison(comparison: Comparison, first: Path, second: Path) -> None:
    """Two sessions, call by call, as a table; those that are the same only in number."""
    from rich.text import Text

    from recorder.show import visible

    out = console()
    table = plain_table("call", "what", visible(str(first), 40), visible(str(second), 40))
    for pair in comparison.pairs:
        name = Text(f"{visible(pair.endpoint, 60)} {visible(pair.first or pair.second)}")
        if not pair.first or not pair.second:
            here, there = ("made", "–") if pair.first else ("–", "made")
            table.add_row(name, "", Text(here), Text(there))
        for number, one in enumerate(pair.differences):
            table.add_row(
                name if number == 0 else "", Text(visible(one.what, 40)), Text(one.first), Text(one.second)
            )
    if table.row_count:
        out.print(table)
    out.print(f"{comparison.same} of {count(len(comparison.pairs), 'call')} the same in both")


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
def progress(runs: int = 1) -> Iterator[Callable[[StepReport], None]]:
    """Takes the steps of a replay as they go: a line on standard error for each that is over, and on a terminal also
    what the running ones are at."""
    from rich.console import Console
    from rich.text import Text

    from recorder.show import visible

    out = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    status = out.status("") if out.is_terminal else None
    running: dict[tuple[int, str], Text] = {}

    def tell(step: StepReport) -> None:
        line = Text.assemble(visible(step.id), " ", visible(step.endpoint, 60))
        if runs > 1:
            line = Text.assemble(f"run {step.run}  ", line)
        if not step.over:
            running[step.run, step.id] = line.append(
                f"  {count(step.yields, 'value')}" if step.yields else ""
            )
        else:
            running.pop((step.run, step.id), None)
            verdict = (step.verdict, "green" if step.ok else "red")
            out.print(Text.assemble(verdict, "  ", line, f"  {step.seconds:.2f} s"))
        if status is not None and running:
            more = f"  and {len(running) - 1} more" if len(running) > 1 else ""
            status.update(Text.assemble(next(iter(running.values())), more))

    with status if status is not None else nullcontext():
        yield tell


@contextmanager
def load_progress() -> Iterator[Callable[[Figures], None]]:
    """Takes the figures of a load test as they come: a live table on a terminal, elsewhere a line every 5 s."""
    from rich.console import Console
    from rich.live import Live

    out = Console(stderr=True, markup=False, emoji=False, highlight=False)
    last = -5.0

    def plain(figures: Figures) -> None:
        nonlocal last
        if figures.seconds - last >= 5 and not figures.over:
            last = figures.seconds
            say(figures.line())

    if not out.is_terminal:
        yield plain
        return
    with Live(console=out, auto_refresh=False, transient=True) as live:
        yield lambda figures: live.update(load_table(figures), refresh=True)


def load_table(figures: Figures) -> Table:
    """A row an endpoint, and one for all of them."""
    from rich.text import Text

    from recorder.show import visible

    table = plain_table(
        "endpoint", "calls", "failed", "calls/s", "median ms", "95 % ms", "99 % ms", "most ms"
    )
    for entry in (*figures.endpoints, figures.total):
        total = entry is figures.total
        told = [
            str(entry.calls),
            str(entry.failures),
            f"{entry.rate:.1f}",
            *(f"{ms:.0f}" for ms in (entry.median, entry.p95, entry.p99, entry.most)),
        ]
        name = f"all, {figures.users} users, {figures.seconds:.0f} s" if total else visible(entry.name, 60)
        style = "red" if entry.failures else "bold" if total else ""
        table.add_row(Text(name, style=style), *(Text(one, justify="right", style=style) for one in told))
    return table


def print_load(report: LoadReport) -> None:
    """The table of `recorder load`, and what did not go well."""
    from rich.text import Text

    out = console()
    if report.master:
        out.print(Text(f"the master on {report.master} has the figures", style="dim"))
    else:
        out.print(load_table(report.figures))
    for worker in report.figures.workers:
        if not worker.lost:
            out.print(Text(f"worker in process {worker.pid}: {count(worker.calls, 'call')}", style="dim"))
    for sentence in report.sentences():
        out.print(Text(sentence, style="red"))
    if report.ok and not report.master:
        out.print(Text("every call went as recorded", style="green"))


def print_graph(workflow: Workflow, as_json: bool) -> None:
    """What depends on what: a row a step, with when it can begin at the earliest, and the same as Mermaid."""
    from rich.text import Text

    from recorder.graph import dump, graph, mermaid, waits
    from recorder.show import visible

    drawn = graph(workflow)
    if as_json:
        write_text(dump(drawn))
        return
    out = console()
    seconds = {step.id: step.duration / 1000 for step in workflow.steps}
    length, path = drawn.longest(seconds)
    total = sum(seconds.values())
    schedule = drawn.schedule(seconds)
    table = plain_table("step", "endpoint", "seconds", "earliest", "waits for")
    width = 24
    for endpoint, (step, reasons) in zip(
        (step.endpoint.id for step in drawn.steps), waits(drawn).items(), strict=True
    ):
        begin, end = schedule[step]
        left, right = (int(width * moment / length) if length else 0 for moment in (begin, end))
        bar = " " * left + "━" * max(right - left, 1)
        table.add_row(
            Text(visible(step), style="bold" if step in path else ""),
            Text(visible(endpoint, 40)),
            Text(f"{seconds[step]:.2f}", justify="right"),
            Text(bar, style="cyan" if step in path else "blue"),
            Text(", ".join(f"{visible(other)} ({why})" for other, why in reasons)),
        )
    out.print(table)
    out.print(
        Text(
            f"{count(len(workflow.steps), 'step')}, {total:.2f} s one after the other; the longest path, "
            f"{count(len(path), 'step')}, {length:.2f} s"
        )
    )
    write_text(f"\n```mermaid\n{mermaid(drawn)}```\n")


def say(text: str) -> None:
    """A line for the person, on standard error."""
    from recorder.show import visible

    click.echo(visible(text), err=True)


def write_text(text: str) -> None:
    """To standard output as UTF-8, whatever the terminal's own encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def count(number: int, noun: str, many: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {many or noun + 's'}"

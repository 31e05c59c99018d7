"""``recorder recover``."""

from __future__ import annotations

from pathlib import Path

import click

from recorder.cli.options import examples
from recorder.cli.terminal import count, say


@click.command(epilog=examples("recorder recover", "recorder recover session-20260101-120000.journal"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def recover(paths: tuple[Path, ...]) -> int:
    """Make sessions of journals that a kill, a crash or a power failure left behind.

    PATHS are journals, or folders of them; without any, this folder. The journal goes once its session is on disk.
    """
    from recorder.capture import journal as journals
    from recorder.capture.recovery import recover as recovered
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

"""The report of a replay as files, in the forms that were asked for."""

from __future__ import annotations

from pathlib import Path

from recorder.replay.report import Reports
from recorder.session import write_whole


def write(
    reports: Reports, name: str, files: Path, copies: Path, *, junit: Path | None, html: Path | None
) -> None:
    """Write the report wherever a path is given; each file appears whole or not at all.

    Args:
        name: what the session is called.
        files: the folder of the session file.
        copies: the folder with the files that the app gave.

    Raises:
        FileError: a folder cannot be written.
    """
    if junit is not None:
        from recorder.replay.junit import junit as as_junit

        write_whole(junit, as_junit(reports, name))
    if html is not None:
        from recorder.replay.html import page

        write_whole(html, page(reports, name, files, copies).encode("utf-8", "replace"))

"""A replay as one HTML page that needs nothing else: what was recorded and what came out, side by side."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from recorder.errors import FileError
from recorder.replay.compare import Difference
from recorder.replay.report import OutputReport, Report, Reports, StepReport
from recorder.replay.sending import kept_file
from recorder.replay.wording import brief, changes
from recorder.session import File, encode_value, files_in

MOST_SHOWN = 4 << 20
"""Bytes of a picture or sound that is put into the page; larger ones are named only."""

MOST_TEXT = 20_000
"""Characters of one value that is shown whole."""


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the page shows it: ``kind`` is ``image``, ``audio``, ``video`` or empty, ``url`` its bytes."""

    name: str
    kind: str = ""
    url: str = ""
    note: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One difference, or one output without any: where, why, and both sides as text or as files.

    ``pieces`` are the stretches of two texts, as :func:`recorder.replay.wording.changes` gives them.
    """

    where: str = ""
    why: str = ""
    recorded: str = ""
    live: str = ""
    pieces: tuple[tuple[str, str], ...] = ()
    recorded_files: tuple[Media, ...] = ()
    live_files: tuple[Media, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One step: its report, what differs in it, and where its bar is, in percent."""

    step: StepReport
    shown: tuple[Shown, ...]
    left: float
    width: float


def page(reports: Reports, name: str, files: Path, copies: Path) -> str:
    """The text of the page.

    Args:
        name: what the session is called.
        files: the folder of the session file.
        copies: the folder with the files that the app gave, each named by its SHA-256.
    """
    environment = Environment(
        loader=PackageLoader("recorder.replay"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    shelf = _Shelf(files, copies)
    runs = [(run, _rows(run, shelf)) for run in reports.runs]
    return environment.get_template("report.jinja").render(name=name, reports=reports, runs=runs)


def _rows(run: Report, shelf: _Shelf) -> list[Row]:
    total = max([run.seconds, *(step.began + step.seconds for step in run.steps)], default=0) or 1
    return [
        Row(
            step=step,
            shown=tuple(shown for output in step.outputs for shown in _shown(output, shelf)),
            left=round(100 * step.began / total, 2),
            width=round(max(100 * step.seconds / total, 0.3), 2),
        )
        for step in run.steps
    ]


def _shown(output: OutputReport, shelf: _Shelf) -> list[Shown]:
    called = output.label or output.name
    if not output.differences:
        return []
    return [_difference(called, difference, shelf) for difference in output.differences]


def _difference(called: str, difference: Difference, shelf: _Shelf) -> Shown:
    was, now = difference.recorded, difference.live
    where = f"{called}, {difference.path}" if difference.path else called
    if isinstance(was, str) and isinstance(now, str):
        pieces = tuple((tag, _cut(text)) for tag, text in changes(was, now) if text)
        return Shown(where=where, why="", pieces=pieces, recorded=_cut(was), live=_cut(now))
    return Shown(
        where=where,
        why=difference.why,
        recorded=_spelled(was),
        live=_spelled(now),
        recorded_files=tuple(shelf.recorded(file) for file in files_in(was)),
        live_files=tuple(shelf.live(file) for file in files_in(now)),
    )


def _spelled(value: Any) -> str:
    if value is None or isinstance(value, File):
        return "" if value is None else brief(value)
    try:
        return _cut(json.dumps(encode_value(value), indent=1, ensure_ascii=False, default=repr))
    except (ValueError, RecursionError):
        return brief(value)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} … ({len(text):,} characters)"


class _Shelf:
    """Where files are, and what of them a page can show."""

    def __init__(self, files: Path, copies: Path) -> None:
        self._files = files
        self._copies = copies

    def recorded(self, file: File) -> Media:
        try:
            return self._media(file, kept_file(self._files, file) if file.path else None)
        except FileError:
            return self._media(file, None)

    def live(self, file: File) -> Media:
        return self._media(file, self._copies / file.sha256 if file.sha256 else None)

    def _media(self, file: File, path: Path | None) -> Media:
        if path is None or not path.is_file():
            return Media(name=file.name, note="its bytes are not here")
        size = path.stat().st_size
        type = file.type or _sniffed(path)
        family = type.partition("/")[0]
        if family not in ("image", "audio", "video") or type == "image/svg+xml":
            return Media(name=file.name, note=f"{size:,} bytes")
        if size > MOST_SHOWN:
            return Media(name=file.name, note=f"{size:,} bytes, too large to be shown")
        url = f"data:{type};base64,{base64.b64encode(path.read_bytes()).decode()}"
        return Media(name=file.name, kind=family, url=url, note=f"{size:,} bytes")


_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


def _sniffed(path: Path) -> str:
    """The MIME type that the first bytes of a file show, empty if they show none that a page has a use for."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return next((type for magic, type in _MAGIC if head.startswith(magic)), "")

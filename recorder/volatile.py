"""What in a text differs from run to run of one app, though a person would call the runs the same."""

from __future__ import annotations

import re

_URL_OF_FILE = re.compile(r"(?:/gradio_api)?/file=")
_CACHED = re.compile(
    # A path from its root to the folder that a cached file lies in, which the hash of its content names.
    r"(?<![\w:/\\.~-])(?:[A-Za-z]:)?[/\\](?:[^\s\"'<>|*?:/\\]{1,255}[/\\]){0,12}[0-9a-f]{40}(?:[0-9a-f]{24})?[/\\]"
)
_TEMPORARY = re.compile(r"(?:(?<=[/\\])|^)tmp[a-z0-9_]{8}(?![a-z0-9_])")
_PLAYLIST = re.compile(r"/stream/[a-z0-9]{1,40}/[^/\s]{1,80}/\d+/")
_ANY = re.compile("|".join(pattern.pattern for pattern in (_CACHED, _TEMPORARY, _PLAYLIST)))


def steady(text: str, place: str) -> str:
    """``text`` without what differs from run to run: the app's own address ``place``, where a server keeps its files,
    and the names of temporary ones. Hashes that are not part of a path stay, for an app may be about them."""
    if place:
        text = re.sub(_place(place), "", text)
    text = _URL_OF_FILE.sub("file=", text)
    text = _CACHED.sub("…/", text)
    text = _TEMPORARY.sub("tmp…", text)
    return _PLAYLIST.sub("/stream/…/", text)


def steady_pieces(text: str, place: str) -> list[str]:
    """What is left of ``text`` around each part that differs from run to run; one piece where nothing does."""
    pieces = re.split(_place(place), text) if place else [text]
    return [part for piece in pieces for part in _ANY.split(piece)]


def _place(place: str) -> str:
    return re.escape(place) + r"(?![\w.-]|:\d)"

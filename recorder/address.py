"""Addresses as apps and pages say them, which need not be any."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from recorder.remembered import remembered


@remembered(1 << 12, 500)
def parts_of(url: str) -> SplitResult:
    """The parts of an address that an app or a page may have said; all of them empty where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return _NO_PARTS
    return parts


def following(url: str, location: str) -> str:
    """Where a redirect of ``url`` leads; empty where that is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


_NO_PARTS = SplitResult("", "", "", "", "")

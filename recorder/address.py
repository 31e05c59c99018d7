"""Addresses as apps and pages say them, which need not be any."""

from __future__ import annotations

import functools
import ipaddress
import re
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


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of an http(s) URL, canonical; empty for anything else and for a URL with a login."""
    parts = parts_of(url)
    scheme = {"http": "http", "https": "https", "ws": "http", "wss": "https"}.get(parts.scheme)
    is_plain = parts.username is None and _CONTROL.search(url) is None
    if scheme is None or not parts.hostname or not is_plain:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = 443 if scheme == "https" else 80
    return f"{scheme}://{host}" if parts.port in (None, default) else f"{scheme}://{host}:{parts.port}"


def following(url: str, location: str) -> str:
    """Where a redirect of ``url`` leads; empty where that is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


_NO_PARTS = SplitResult("", "", "", "", "")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_WEB = re.compile(r"(?i)(?:https?|wss?)://[^/?#\\\s\x00-\x1f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")


def is_web(url: str) -> bool:
    """Whether an address is one of the web, with a host."""
    return _WEB.match(url) is not None


def has_scheme(text: str) -> bool:
    """Whether a text begins as an absolute address does."""
    return _SCHEME.match(text) is not None


def is_token(text: str) -> bool:
    """Whether a text can be a method or the name of a header. Source: RFC 9110, 5.6.2."""
    return _TOKEN.fullmatch(text) is not None


def is_address(host: str) -> bool:
    """Whether a host is an IP address, in brackets or not."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a name or address is of this machine alone."""
    if is_address(host):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost" or host.endswith(".localhost")

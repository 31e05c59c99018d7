"""A HAR file as the events that our own page would have told.

Source: HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/, with what Chrome adds to it (the type of
the resource, the messages of WebSockets). Browsers, Playwright and mitmproxy write it, each leaving out something else.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote, urljoin

from recorder import cookies
from recorder.address import is_token, parts_of
from recorder.errors import FileError
from recorder.events import (
    Act,
    AnyEvent,
    Body,
    Cookies,
    Done,
    Mark,
    PageOpened,
    Part,
    Request,
    Response,
    SocketClosed,
    SocketMessage,
    SocketOpened,
)
from recorder.redact import redacted

_HOW = {
    "document": "document",
    "xhr": "xhr",
    "fetch": "fetch",
    "eventsource": "eventsource",
    "ping": "beacon",
}
_OF_BROWSERS = {"accept-language", "cache-control", "cookie", "pragma", "range"}
"""Headers that a browser adds; a page may set some of them too, which a HAR file does not tell apart."""
_ASSETS = {"script", "stylesheet", "image", "font", "media", "manifest", "texttrack", "other", "preflight"}
_TEXT = re.compile(
    r"text/(?!css|javascript)|application/(?:json|xml|x-www-form-urlencoded|graphql)|[^;]*\+(?:json|xml)"
)


def events(text: str | bytes, where: str) -> list[AnyEvent]:
    """What happened, in order; secrets are taken out.

    Args:
        where: what to call the file in an error.

    Raises:
        FileError: it is no HAR.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise FileError(
            f"{where} is not JSON", "Save it again as HAR from the browser's network panel"
        ) from None
    log = _dict(_dict(tree).get("log"))
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise FileError(
            f"{where} is no HAR: it has no log.entries", "Save it as HAR from the browser's network panel"
        )
    made = [_Entry(entry) for entry in entries if isinstance(entry, dict)]
    made = sorted(
        (entry for entry in made if entry.url and is_token(entry.method)), key=lambda entry: entry.at
    )
    if not made:
        raise FileError(f"{where} has no requests", "Record with the network panel open, and save all as HAR")
    pages = log.get("pages")
    title = ""
    if isinstance(pages, list) and pages and isinstance(pages[0], dict):
        title = str(pages[0].get("title") or "")
    pairs = [pair.partition("=") for e in made for pair in _of(e.headers, "cookie").split("; ")]
    return redacted(list(_told(_joined(made), title)), [(name, unquote(value)) for name, _, value in pairs])


class _Entry:
    """One entry, read with patience: whatever is not there is empty."""

    def __init__(self, entry: dict[str, Any]) -> None:
        request, response = _dict(entry.get("request")), _dict(entry.get("response"))
        self.method = str(request.get("method") or "GET").upper()
        self.url = str(request.get("url") or "")
        self.at = _moment(entry.get("startedDateTime"))
        time = entry.get("time")
        self.duration = float(time) if isinstance(time, int | float) and time > 0 else 0.0
        self.headers = _pairs(request.get("headers"))
        self.answer_headers = _pairs(response.get("headers"))
        self.status = _count(response.get("status")) or 0
        self.redirect = str(response.get("redirectURL") or _of(self.answer_headers, "location"))
        self.final = self.url
        self.resource = str(entry.get("_resourceType") or "").lower()
        self.messages = [m for m in _list(entry.get("_webSocketMessages")) if isinstance(m, dict)]
        self.is_socket = self.url.startswith(("ws://", "wss://")) or bool(self.messages) or self.status == 101
        self.hops = [(self.method, self.url, self.at, self.headers, self.answer_headers)]
        """Itself, and the requests that its redirects led to."""
        self.sent = self._sent(_dict(request.get("postData")))
        self.answer = self._answer(_dict(response.get("content")))

    @property
    def how(self) -> str:
        """By what means of the browser."""
        if self.resource in _HOW:
            return "form" if self.resource == "document" and self.method == "POST" else _HOW[self.resource]
        if self.resource in _ASSETS:
            return "fetch"
        to = _of(self.headers, "sec-fetch-dest")
        if to in ("document", "iframe") or (not to and _of(self.headers, "upgrade-insecure-requests")):
            return "form" if self.method == "POST" else "document"
        return "eventsource" if _of(self.headers, "accept") == "text/event-stream" else "fetch"

    def _sent(self, data: dict[str, Any]) -> Body:
        type = str(data.get("mimeType") or _of(self.headers, "content-type"))
        text = data.get("text")
        text = text if isinstance(text, str) else None
        params = [
            p for p in _list(data.get("params")) if isinstance(p, dict) and isinstance(p.get("name"), str)
        ]
        if type.startswith("multipart/") and (text or params):
            parts = _multipart(self._bytes(text), type) if text else []
            parts = parts or [
                Part(
                    name=p["name"],
                    value=_str(p.get("value")),
                    filename=_str(p.get("fileName")),
                    type=_str(p.get("contentType")),
                )
                for p in params
            ]
            return Body(kind="parts", parts=tuple(parts))
        if params and not text:
            pairs = [(p["name"], _str(p.get("value")) or "") for p in params]
            # Some write them as they were sent, and some decoded.
            return Body(kind="parts", parts=tuple(Part(name=unquote(n), value=v) for n, v in pairs))
        length = _of(self.headers, "content-length")
        if not text and length.isdigit() and int(length):
            # Chromium gives nobody the body of an upload.
            return Body(kind="lost", reason="unreadable", size=int(length))
        return Body(kind="text", text=text) if text else Body()

    def _bytes(self, text: str) -> bytes:
        """What the text of a body stands for: UTF-8, or a character for each byte, as mitmproxy writes it."""
        length = _of(self.headers, "content-length")
        if length == str(len(text)) and max(text, default="") < "\u0100":
            return text.encode("latin-1")
        return text.encode("utf-8", "surrogatepass")

    def _answer(self, content: dict[str, Any]) -> Body:
        text, size = content.get("text"), _count(content.get("size"))
        type = str(content.get("mimeType") or _of(self.answer_headers, "content-type"))
        if not isinstance(text, str):
            return Body(kind="lost", reason="unreadable", size=size) if size else Body()
        if not _TEXT.match(type):
            return Body(kind="lost", reason="binary_not_kept", size=size) if text else Body()
        if content.get("encoding") == "base64":
            try:
                text = base64.b64decode(text).decode(errors="replace")
            except (binascii.Error, ValueError):
                return Body(kind="lost", reason="unreadable", size=size)
        return Body(kind="text", text=text) if text else Body()


def _joined(entries: list[_Entry]) -> list[_Entry]:
    """With redirects followed: a request has the answer of where it led to."""
    left = list(entries)
    joined = []
    while left:
        entry = left.pop(0)
        hops = 0
        while 300 <= entry.status < 400 and entry.redirect and hops < 20:
            target = urljoin(entry.final, entry.redirect).partition("#")[0]
            following = next((e for e in left if e.url.partition("#")[0] == target), None)
            if following is None:
                break
            left.remove(following)
            entry.hops += following.hops
            entry.status, entry.answer, entry.answer_headers = (
                following.status,
                following.answer,
                following.answer_headers,
            )
            entry.redirect, entry.final = following.redirect, following.url
            entry.duration = following.at + following.duration - entry.at
            hops += 1
        joined.append(entry)
    return joined


def _told(entries: list[_Entry], title: str) -> Iterator[AnyEvent]:
    first = next((entry for entry in entries if entry.how == "document"), entries[0])
    parts = parts_of(first.url)
    root = f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}/"
    start = entries[0].at
    yield Mark(page="", seq=0, at=start, what="start", url=root)
    yield PageOpened(page="har", seq=1, at=start, url=root, title=title)
    digests = cookies.Digests()
    for number, entry in enumerate(entries, 1):
        id, at, end = f"h{number}", entry.at, entry.at + entry.duration
        for method, address, began, asked, given in entry.hops:
            carried = [pair for name, value in asked if name == "cookie" for pair in cookies.sent(value)]
            # A HAR has all that a response sets in one header, a line each.
            lines = [line for name, value in given if name == "set-cookie" for line in value.split("\n")]
            stored = [cookies.set_by(line) for line in lines]
            if carried or stored:
                at_url = address.partition("#")[0]
                yield Cookies(
                    page="har", seq=1, at=began, method=method,
                    url=re.sub(r"^http", "ws", at_url) if entry.is_socket else at_url,
                    sent=digests.of(carried), set=digests.of(stored),
                )  # fmt: skip
        url = entry.url.partition("#")[0]
        # What led to it is not in the file: whatever is no asset counts as a person's.
        yield Act(page="har", seq=1, at=at, id=f"a{number}", kind="", role="", name="")
        if entry.is_socket:
            url = re.sub(r"^http", "ws", url)
            protocol = _of(entry.answer_headers, "sec-websocket-protocol")
            yield SocketOpened(page="har", seq=1, at=at, id=id, url=url, act=f"a{number}", protocol=protocol)
            for message in entry.messages:
                data, when = message.get("data"), message.get("time")
                kept = isinstance(data, str) and message.get("opcode", 1) == 1
                body = (
                    Body(kind="text", text=str(data)) if kept else Body(kind="lost", reason="binary_not_kept")
                )
                moment = max(float(when) * 1000, at) if isinstance(when, int | float) else at
                yield SocketMessage(
                    page="har", seq=1, at=moment, id=id, sent=message.get("type") == "send", body=body
                )
            yield SocketClosed(page="har", seq=1, at=end, id=id)
            continue
        headers = [(name, value) for name, value in entry.headers if name not in _OF_BROWSERS]
        headers += [("cookie", cookie) for cookie in _submitted_twice(entry)]
        yield Request(
            page="har", seq=1, at=at, id=id, method=entry.method, url=url, how=entry.how, headers=tuple(headers),
            body=entry.sent, act=f"a{number}",
        )  # fmt: skip
        if entry.status:
            told = [(name, value) for name, value in entry.answer_headers if name != "set-cookie"]
            yield Response(
                page="har",
                seq=1,
                at=end,
                id=id,
                status=entry.status,
                headers=tuple(told),
                url=entry.final,
            )
        error = None if entry.status else "it has no answer in the file"
        yield Done(page="har", seq=1, at=end, id=id, body=entry.answer, error=error)
    yield Mark(page="", seq=0, at=max(e.at + e.duration for e in entries), what="stop", url=root)


def _submitted_twice(entry: _Entry) -> Iterator[str]:
    """The cookies whose values the request also carries elsewhere, as our page tells of them."""
    elsewhere = [value for name, value in entry.headers if name != "cookie"]
    elsewhere += [entry.sent.text or "", *(part.value or "" for part in entry.sent.parts)]
    for cookie in _of(entry.headers, "cookie").split("; "):
        name, _, value = cookie.partition("=")
        plain = unquote(value)
        if len(value) >= 8 and any(value in text or plain in text for text in elsewhere):
            yield f"{name}={plain}"


def _multipart(content: bytes, type: str) -> list[Part]:
    """The fields of a multipart body as browsers write it.

    Source: HTML, Multipart form data; there quotes and line ends in names are escaped as in addresses.
    """
    found = re.search(r'boundary="?([^";]+)"?', type, re.IGNORECASE)
    if found is None:
        return []
    parts = []
    for piece in re.split(rb"(?:\r\n)?--" + re.escape(found[1].encode()) + rb"(?:--)?(?:\r\n|$)", content):
        head, split, inside = piece.partition(b"\r\n\r\n")
        words = head.decode(errors="replace")
        name = re.search(r'\bname="([^"]*)"', words)
        if not split or name is None:
            continue
        filename = re.search(r'\bfilename="([^"]*)"', words)
        if filename is None:
            parts.append(Part(name=_unescaped(name[1]), value=inside.decode(errors="replace")))
            continue
        kind = re.search(r"^content-type:\s*(\S+)", words, re.IGNORECASE | re.MULTILINE)
        said = kind[1] if kind is not None else "application/octet-stream"
        # What is no text has lost bytes on its way into the file, or all of them.
        whole = bool(inside) and "\ufffd".encode() not in inside
        value = f"data:{said};base64,{base64.b64encode(inside).decode()}" if whole else None
        parts.append(
            Part(
                name=_unescaped(name[1]),
                filename=_unescaped(filename[1]),
                size=len(inside),
                type=said,
                value=value,
            )
        )
    return parts


def _unescaped(name: str) -> str:
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _moment(text: Any) -> float:
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp() * 1000


def _pairs(value: Any) -> list[tuple[str, str]]:
    found = [h for h in _list(value) if isinstance(h, dict) and isinstance(h.get("name"), str)]
    return [(h["name"].lower(), _str(h.get("value")) or "") for h in found if not h["name"].startswith(":")]


def _of(headers: list[tuple[str, str]], name: str) -> str:
    return next((value for each, value in headers if each == name), "")


def _count(value: Any) -> int | None:
    """A whole number that is not negative; `true` is none, whatever Python makes of it."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""Who may use what is served under ``/_recorder/``, and who may press the button of a page.

Access: the port of a recorder is open to every user of the machine. Whoever opens the link that the recorder printed
gets a cookie, and the link is then used up. A program says a key that the person chose instead.

The app's scripts have the same origin, so their requests carry the cookie too. It is good only for documents that the
browser opens in a tab. Those are sandboxed, which makes them unreadable to the app, and hold a key of their own with
which their scripts ask for everything else.

Control: a page's script must not start recordings, edit or replay. The recorder's own script in a page is given a key
that no other script can read, and says it with everything that only a person may ask for.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from secrets import token_urlsafe
from urllib.parse import parse_qs, quote

OPEN = "/_recorder/open"
KEY_VARIABLE = "RECORDER_KEY"
"""The environment variable with the key that programs say."""
NO_ACCESS = (
    "What was recorded is shown to whoever opened the link that API Recorder printed. Open it in this browser. A "
    "program says the key in RECORDER_KEY, as Authorization: Bearer KEY."
)
_MOST_COOKIES = 100
_MOST_KEYS = 10_000
_MOST_PAGES = 1_000
_TICKET_SECONDS = 60.0

Pairs = list[tuple[bytes, bytes]]


class Access:
    """The links, cookies and the key of one run.

    Args:
        key: what programs say as ``Authorization: Bearer``; none may if it is empty.
        on_link: told the path and query of each new link, the first of them at once.
    """

    def __init__(self, key: str = "", on_link: Callable[[str], None] | None = None) -> None:
        self._key = key
        self._on_link = on_link
        self._cookies: list[str] = []
        self._pages: dict[str, None] = {}
        self._name = f"recorder_{token_urlsafe(6)}"
        self._link = ""
        self._renew()

    @property
    def link(self) -> str:
        """The path and query that give access, once."""
        return f"{OPEN}?key={quote(self._link)}"

    def _renew(self) -> None:
        self._link = token_urlsafe(32)
        if self._on_link is not None:
            self._on_link(self.link)

    def open(self, query: str) -> list[str] | None:
        """The values of ``Set-Cookie`` headers for the browser that opened a link; None if that is not the one."""
        given = parse_qs(query).get("key", [""])[-1]
        if not _same(given, self._link):
            return None
        cookie = token_urlsafe(32)
        self._cookies = [*self._cookies[1 - _MOST_COOKIES :], cookie]
        self._renew()
        # A sandboxed page is another site to the browser, and leads from one document to the next.
        about = "HttpOnly; SameSite="
        # The second one goes with every request to the app: it only says that the login of the address may be added.
        return [
            f"{self._name}={cookie}; Path=/_recorder/; {about}Lax",
            f"{self._name}_login={self._login(cookie)}; Path=/; {about}Strict",
        ]

    def admits(self, method: str, headers: Pairs) -> bool:
        """Whether a request with these headers (lower-case names) may use what is under ``/_recorder/``."""
        if self._key and _same(_bearer(headers), self._key):
            return True
        if self.is_page(headers):
            return True
        return method in ("GET", "HEAD") and is_top_level(headers) and self.is_opened(headers)

    def is_opened(self, headers: Pairs) -> bool:
        """Whether it is a browser that has opened a link, whatever in it asks."""
        if self._key and _same(_bearer(headers), self._key):
            return True
        given = _cookies(headers).get(self._name, "")
        return any(_same(given, cookie) for cookie in self._cookies)

    def is_page(self, headers: Pairs) -> bool:
        """Whether it is the script of one of our own pages that asks."""
        return _bearer(headers) in self._pages

    def page_key(self) -> str:
        """A key for a page of ours that is shown to someone who has access."""
        key = token_urlsafe(32)
        self._pages[key] = None
        while len(self._pages) > _MOST_PAGES:
            del self._pages[next(iter(self._pages))]
        return key

    def may_log_in(self, headers: Pairs) -> bool:
        """Whether the login of the app's address may be added to a request with these headers."""
        given = _cookies(headers).get(f"{self._name}_login", "")
        return any(_same(given, self._login(cookie)) for cookie in self._cookies)

    def is_own(self, cookie: str) -> bool:
        """Whether a cookie of this name is one of these, which the app is not sent."""
        return cookie in (self._name, f"{self._name}_login")

    def without_own(self, cookies: str) -> str:
        """A ``Cookie`` value without these."""
        pairs = cookies.split(";")
        kept = [pair for pair in pairs if not self.is_own(pair.partition("=")[0].strip())]
        return cookies if len(kept) == len(pairs) else ";".join(kept).strip()

    def _login(self, cookie: str) -> str:
        return hmac.new(cookie.encode(), b"login", "sha256").hexdigest()


class Keys:
    """The keys of the recorder's own scripts in pages.

    A document that a person opens names a ticket in its script tag. The first request for the script with that ticket
    is the browser's own, before any script of the page has run, and is answered with the script and its key in it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, float] = {}
        self._keys: dict[str, None] = {}

    def ticket(self) -> str:
        """A ticket for one document."""
        now = self._clock()
        self._tickets = {t: at for t, at in self._tickets.items() if now - at < _TICKET_SECONDS}
        ticket = token_urlsafe(24)
        self._tickets[ticket] = now
        return ticket

    def redeem(self, ticket: str) -> str:
        """A key for the script that is asked for with this ticket; empty if it was used, or is none."""
        at = self._tickets.pop(ticket, None)
        return self.key() if at is not None and self._clock() - at < _TICKET_SECONDS else ""

    def key(self) -> str:
        """A new key."""
        key = token_urlsafe(32)
        self._keys[key] = None
        while len(self._keys) > _MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        return key

    def knows(self, key: str) -> bool:
        """Whether it is one of these."""
        # Random texts of this length cannot be found by the time that it takes to look them up.
        return key in self._keys


def is_top_level(headers: Pairs) -> bool:
    """Whether it is a browser that opens a document in a tab of its own. A frame's parent, or whoever fetches a
    document, could read what is in it; so could a service worker for which the browser loads a document ahead.
    A browser says so to addresses of this machine and to https only.
    Sources: https://www.w3.org/TR/fetch-metadata/, https://www.w3.org/TR/service-workers/#navigation-preload."""
    is_ahead = any(name.lower() == b"service-worker-navigation-preload" for name, _ in headers)
    return not is_ahead and _get(headers, b"sec-fetch-dest") in (b"document", b"")


def is_script_of_a_page(headers: Pairs) -> bool:
    """Whether it is the browser that asks for a script, as an element of a page says."""
    is_script = _get(headers, b"sec-fetch-dest") in (b"script", b"")
    return is_script and _get(headers, b"sec-fetch-site") in (b"same-origin", b"")


def asks_ahead(method: str, headers: Pairs) -> bool:
    """Whether it is a browser that asks whether a page of ours may read an answer: CORS, for an opaque origin."""
    return method == "OPTIONS" and _get(headers, b"origin") == b"null"


READABLE: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"null"),
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
)
"""With an answer that a page of ours may read. Nothing is answered to an opaque origin that does not say a key."""


def _bearer(headers: Pairs) -> str:
    said = b"".join(value for name, value in headers if name.lower() == b"authorization").decode("latin-1")
    scheme, _, key = said.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _get(headers: Pairs, name: bytes) -> bytes:
    return next((value.strip().lower() for key, value in headers if key.lower() == name), b"")


def _cookies(headers: Pairs) -> dict[str, str]:
    pairs = (
        pair.strip().partition("=")
        for name, value in headers
        if name.lower() == b"cookie"
        for pair in value.decode("latin-1").split(";")
    )
    return {name: value for name, _, value in pairs}


def _same(given: str, wanted: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())

"""Which of what went between pages and servers are calls of the person's, and why the rest is none."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from recorder.adapters.http import describe
from recorder.adapters.http.traffic import CHAIN_MS, Exchange, Traffic, parsed
from recorder.address import parts_of

LOAD_MS = 10_000.0
"""How long after a document opened what nobody asked for is still part of its loading."""
POLLS = 3
"""So many requests for the same, nobody having done anything, are polling."""

_ASSET_TYPE = re.compile(
    r"(?:text/css|text/javascript|(?:application|text)/(?:x-)?(?:javascript|ecmascript)|font/.*|application/(?:x-)?font.*"
    r"|application/wasm|application/manifest\+json|image/.*|audio/.*|video/.*)\b",
    re.IGNORECASE,
)
_ASSET_PATH = re.compile(
    r"\.(?:m?js|css|map|woff2?|ttf|otf|eot|wasm|ico|svg|png|jpe?g|gif|webp|avif|webmanifest)$", re.IGNORECASE
)
_TELEMETRY = re.compile(
    r"(?:^|[/._-])(?:analytics|telemetry|beacon|collect|rum|sentry|envelope|csp-report|pageviews?|track(?:ing|er)?"
    r"|web-?vitals|gtag|matomo|plausible|posthog|mixpanel|segment)(?:$|[/._-])",
    re.IGNORECASE,
)
_DEVELOPMENT = re.compile(
    r"/(?:@vite|_next/webpack-hmr|sockjs-node|__webpack_hmr|livereload|_nuxt/hmr|hmr)(?:/|$)|\.hot-update\.json$"
)


def reasons(traffic: Traffic) -> dict[Exchange, str]:
    """Why each exchange is no call of the person's, in words; without an entry, it is one. What is known now of
    ``followed`` and ``until`` is noted in the exchanges, whatever it was when somebody asked before."""
    found: dict[Exchange, str] = {}
    for exchange in traffic.exchanges:
        exchange.followed, exchange.until = exchange.cause, None
    opened = {page.page: page.at for page in traffic.pages.values()}
    # Whoever goes to another address of the app does something, were it only by writing it.
    own = {parts_of(page.url).netloc for page in traffic.pages.values()}
    embedded = {page.page for page in traffic.pages.values() if page.embedded}
    documents = [e for e in traffic.exchanges if e.how == "document" and e.page not in embedded]
    first = documents[0] if documents else None
    answers = {e.document for e in traffic.exchanges if e.document is not None}
    for exchange in traffic.exchanges:
        if exchange in answers:
            found[exchange] = "the document that answered a form"
        elif why := _reason(exchange, opened, first, embedded, own):
            found[exchange] = why
    _superseded(traffic, found)
    _refused(traffic, found)
    _waiting(traffic, found)
    _read_again(traffic, found)
    for exchange in traffic.exchanges:
        # What follows what was left out was made for the same reason.
        cause = exchange.followed
        if (
            exchange not in found
            and exchange.until is None
            and cause is not None
            and cause in found
            and exchange.act is None
        ):
            found[exchange] = found[cause]
    _polling(traffic, found)
    _loaded_by_page(traffic, found)
    return found


def _reason(
    e: Exchange, opened: dict[str, float], first: Exchange | None, embedded: set[str], own: set[str]
) -> str:
    address = parts_of(e.url)
    asked = e.act is not None or e.followed is not None or e.spoken is not None or e.awaited
    if e.before and not (e.spoken or e.awaited):
        return "made before recording started"
    if e.method == "WS" and any(message.text is None for message in e.messages):
        return "a WebSocket with binary messages, which are not kept"
    if e.method == "WS" and not e.messages:
        return "a WebSocket without messages: nothing was said, or nothing is in the file"
    if e.method == "OPTIONS":
        return "the browser's question whether it may ask"
    if e.how == "beacon":
        return "telemetry: sent without waiting for an answer"
    if "transport=" in address.query and "EIO=" in address.query:
        return "the transport of Socket.IO, whose messages are not read"
    if _DEVELOPMENT.search(address.path):
        return "the development server's own traffic"
    if e.how in ("fetch", "xhr") and e.method == "GET":
        type = e.header("content-type")
        if _ASSET_PATH.search(address.path) or _ASSET_TYPE.match(type):
            return "an asset of the page, not a call"
    if address.path.endswith(describe.PLACES):
        return "the app's description of itself"
    foreign = address.netloc not in own
    if (foreign and _TELEMETRY.search(address.netloc)) or (
        _TELEMETRY.search(address.path) and (not e.answer.text or e.status == 204)
    ):
        return "telemetry, by its address and its empty answer"
    if e.aborted and e.status == 0:
        return "given up by the page before it was answered"
    if e.status == 0 and e.error is not None:
        return f"never reached a server: {e.error}"
    if e.how == "reload":
        return "the page loaded again"
    if e.how == "document":
        if e.page in embedded and e.act is None:
            return "a document inside the page"
        return "" if e.act is not None or e is not first else "the page itself"
    if not asked:
        at = opened.get(e.page)
        loading = at is not None and e.at - at <= LOAD_MS
        return "made by the page as it loaded" if loading else "made by the page, nobody having done anything"
    return ""


_AT_ONCE = frozenset({"file", "checkbox", "radio", "switch"})
"""Roles of controls that are not used bit by bit."""


def _superseded(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What was asked while the person still typed, and asked again."""
    latest: dict[tuple[str, str, str, str], Exchange] = {}
    for e in traffic.exchanges:
        if (
            e in found
            or e.act is None
            or e.act.kind != "input"
            or e.act.role in _AT_ONCE
            or e.method != "GET"
        ):
            continue
        key = (e.page, e.act.id, e.method, describe.template(parts_of(e.url).path)[0])
        if key in latest:
            found[latest[key]] = "asked while the person was still typing, and asked again"
        latest[key] = e


_COME_BACK = frozenset({401, 408, 409, 412, 419, 425, 429, 440, 500, 502, 503, 504})
"""Statuses of requests that pages send again: after a new login, or a while later."""
AGAIN_MS = 120_000.0


def _refused(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """Requests that were refused, and then sent again with success: another run need not be refused."""
    waiting: dict[tuple[str, str, str, Any], list[Exchange]] = {}
    for e in traffic.exchanges:
        if e in found or e.before or e.how not in ("fetch", "xhr"):
            continue
        key = (e.page, e.method, e.url, e.body)
        if e.status in _COME_BACK:
            waiting.setdefault(key, []).append(e)
        elif 0 < e.status < 400:
            for earlier in waiting.pop(key, ()):
                is_again = e.act is None or e.act is earlier.act or e.cause is not None
                if is_again and e.at - earlier.at <= AGAIN_MS:
                    found[earlier] = f"refused with {earlier.status}, and sent again"


def _read_again(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What the page also reads by itself, such as a list that is shown again after a change."""
    by_itself: set[tuple[str, str, str]] = set()
    asked: dict[int, list[Exchange]] = {}
    again: list[tuple[Exchange, int]] = []
    for e in traffic.exchanges:
        if e.how not in ("fetch", "xhr"):
            continue
        key = (e.method, _steady(e.url), e.body.text or "")
        if found.get(e, "").startswith(("made by the page", "made before recording")) and e.act is None:
            by_itself.add(key)
        if e in found:
            continue
        root = id(_root_act(e))
        asked.setdefault(root, []).append(e)
        if key in by_itself and e.until is None and (e.method == "GET" or _is_reading(e)):
            again.append((e, root))
    for e, root in again:
        # Where it is all that an act led to, the act asked for it.
        if len(asked[root]) > 1:
            found[e] = "read again by the page, as it had done by itself before"


MOST_READS = 2
"""Reads that one act asks for by itself; where there are more, the page loads what it shows."""


def _loaded_by_page(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What a page reads after an act to show what comes next: a program needs it only if a later step uses it."""
    groups: dict[int, list[Exchange]] = {}
    for e in traffic.exchanges:
        if e not in found and not e.before and e.until is None:
            groups.setdefault(id(_root_act(e)), []).append(e)
    for group in groups.values():
        reads = [e for e in group if e.how in ("fetch", "xhr") and _reads(e)]
        changes = [e for e in group if e.method not in ("GET", "HEAD", "WS") and not _reads(e)]
        for e in reads:
            act = e.act
            if e.status >= 400 and act is not None and act.kind in ("input", "change", "keydown"):
                found[e] = "a check while the person was typing, which found nothing"
        left = [e for e in reads if e not in found]
        if len(left) <= MOST_READS:
            continue
        for number, e in enumerate(left):
            if any(change.at <= e.at for change in changes):
                found[e] = "read by the page after the change, to show it"
            elif number and not _is_asked(e):
                found[e] = "read by the page that was opened, with others"


def _reads(e: Exchange) -> bool:
    """Whether a request only reads: by its method, or because it is a query of GraphQL."""
    if e.method in ("GET", "HEAD"):
        return True
    is_json, value = parsed(e.body.text) if e.method == "POST" and e.body.text else (False, None)
    operations = value if isinstance(value, list) else [value]
    queries = [o.get("query") for o in operations if isinstance(o, dict)]
    return is_json and bool(queries) and all(isinstance(q, str) and _READING.match(q) for q in queries)


def _is_asked(e: Exchange) -> bool:
    """Whether a request names what the person used: its text is in the address, or in what is sent."""
    act = e.act
    if act is None or not act.name.strip():
        return False
    sent = f"{unquote_plus(e.url)} {e.body.text or ''}"
    return len(act.name) > 2 and act.name in sent


def _root_act(e: Exchange) -> Any:
    """The act that led to a request, if only by the response to another one."""
    for _ in range(50):
        if e.act is not None or e.followed is None:
            break
        e = e.followed
    return e.act or e


_READING = re.compile(r"[\s{(\[]*(?:query\b|\{)")


def _is_reading(e: Exchange) -> bool:
    """Whether a request with a body only reads: a query of GraphQL, or what the page had sent as it loaded."""
    is_json, value = parsed(e.body.text)
    if is_json and isinstance(value, dict) and isinstance(value.get("query"), str):
        return _READING.match(value["query"]) is not None
    return e.method == "POST"


def _steady(url: str) -> str:
    """An address without what only keeps caches from answering."""
    return re.sub(r"(?<=[?&])(?:_|t|ts|cb|nocache)=\d{10,13}(?=&|$)", "", url)


def _waiting(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What was asked again until the answer said that something was done: of these the last is a call."""
    runs: dict[tuple[str, str, str, str], list[Exchange]] = {}
    for e in traffic.exchanges:
        key = (e.page, e.method, e.url, e.body.text or "")
        if e.how in ("fetch", "xhr") and not e.before and e.method in ("GET", "POST") and e.status == 200:
            runs.setdefault(key, []).append(e)
    changing = sorted(e.at for e in traffic.exchanges if e.method not in ("GET", "HEAD", "WS"))
    for run in runs.values():
        if len(run) < 2:
            continue
        acts = {e.act.id for e in run if e.act is not None and e.act.kind}
        unknown = any(e.act is not None and not e.act.kind for e in run)
        caused = run[0].act is not None or run[0].followed is not None
        # Each time somebody asked for it, it is not waiting; nor is it where things were changed in between.
        if len(acts) > 1 or not (caused or unknown) or _changes_between(run, changing):
            continue
        if (place := _said_when_done(run)) is None:
            continue
        for e in run[:-1]:
            found[e] = "asked again until the answer said that it was done; the last time is a call"
        run[-1].until = place
        found.pop(run[-1], None)
        _follow(run[-1], traffic, found)


def _follow(done: Exchange, traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What came just after something was done, came because of it, however long that had taken."""
    chain = [done]
    for e in traffic.exchanges:
        if (
            e.page != done.page
            or e.at < done.at
            or e.act is not None
            or e.followed is not None
            or e.until is not None
        ):
            continue
        for cause in chain:
            if cause.end_at is not None and 0 <= e.at - cause.end_at <= CHAIN_MS:
                e.followed = cause
                if found.get(e, "").startswith("made by the page"):
                    del found[e]
                    chain.append(e)
                break


def _changes_between(run: list[Exchange], changing: list[float]) -> bool:
    """Whether another request that changes something was made between the first and the last of a run.

    Args:
        changing: the moments of all that do, in order.
    """
    first, last = run[0].at, run[-1].at
    there = bisect.bisect_left(changing, last) - bisect.bisect_right(changing, first)
    own = sum(first < e.at < last for e in run) if run[0].method not in ("GET", "HEAD", "WS") else 0
    return there > own


def _said_when_done(run: list[Exchange]) -> tuple[str | int, ...] | None:
    """Where the answers have a word that is another only in the last."""
    answers = [parsed(e.answer.text) for e in run]
    if not all(is_json and isinstance(value, dict) for is_json, value in answers):
        return None
    *before, last = (dict(_words(value)) for _, value in answers)
    for place, word in last.items():
        earlier = [words.get(place) for words in before]
        if all(value is not None and value != word for value in earlier):
            return place
    return None


def _words(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _words(item, (*path, str(key)))
    elif isinstance(value, bool) or (
        isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z_ -]{0,30}", value)
    ):
        yield path, value


def _polling(traffic: Traffic, found: dict[Exchange, str]) -> None:
    """What was asked again and again, the same each time, with nobody doing anything: the last answer is the one."""
    groups: dict[tuple[str, str, str, str], list[Exchange]] = {}
    for e in traffic.exchanges:
        if e.how in ("fetch", "xhr") and not e.before:
            groups.setdefault((e.page, e.method, e.url, e.body.text or ""), []).append(e)
    changes = sorted(e.at for e in traffic.exchanges if e.method not in ("GET", "HEAD", "WS"))
    for group in groups.values():
        by_itself, before, acts = [], set[Exchange](), set[str]()
        for e in group:
            if e.until is None and _by_itself(e, before, acts, changes):
                by_itself.append(e)
            before.add(e)
            if e.act is not None:
                acts.add(e.act.id)
        if len(by_itself) < POLLS:
            continue
        for e in by_itself:
            if e not in found or found[e].startswith("made by the page"):
                found[e] = "polling: asked again and again, nobody having done anything"


def _by_itself(e: Exchange, before: set[Exchange], acts: set[str], changes: list[float]) -> bool:
    """Whether nobody did anything for it: no act, or one that had led to the same request ``before``. Where acts are
    not known, whether nothing was changed just before.

    Args:
        acts: those that led to what was ``before``.
        changes: the moments at which something was changed, in order.
    """
    if e.act is not None and not e.act.kind:
        return bisect.bisect_right(changes, e.at) == bisect.bisect_left(changes, e.at - LOAD_MS / 2)
    if e.act is not None:
        return e.act.id in acts
    return e.followed is None or e.followed in before

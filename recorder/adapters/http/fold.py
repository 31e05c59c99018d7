"""The fold: what went between the pages of any web app and its server becomes a Session."""

from __future__ import annotations

import functools
import mimetypes
import re
from collections.abc import Iterator
from copy import copy
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from recorder import sse
from recorder.adapters import Want
from recorder.adapters.http import describe
from recorder.adapters.http.page import read_page
from recorder.adapters.http.reasons import LOAD_MS, reasons
from recorder.adapters.http.sockets import Turn, turns
from recorder.adapters.http.traffic import Exchange, Pairs, Said, Traffic, parsed
from recorder.address import parts_of
from recorder.api import Api, Endpoint, Parameter
from recorder.dataflow.texts import rarity
from recorder.events import Act, AnyEvent, Fetched, Part
from recorder.inline import data_url, inline_url
from recorder.markup import literals
from recorder.placeholders import LOGIN
from recorder.remembered import remembered
from recorder.request import framed, scalars, unbase64
from recorder.session import (
    Acted,
    App,
    Call,
    File,
    Made,
    Message,
    Omitted,
    SecretName,
    Session,
    Status,
    Timing,
    Trigger,
    TriggerKind,
    Typed,
    Value,
    iso,
)
from recorder.spelling import as_json, browser_form, codec, decoded, escaped, is_usual_form

SURE_MS = 50.0
"""How soon after an act a request is certainly its doing."""

_BY_BROWSER = re.compile(
    r"(?:accept-(?:encoding|charset)|access-control-.*|(?:proxy-)?connection|content-(?:length|type)|cookie|dnt"
    r"|host|if-(?:none-match|modified-since)|keep-alive|origin|priority|purpose|referer|save-data|sec-.*"
    r"|te|trailer|transfer-encoding|upgrade.*|user-agent|via|x-client-data)$",
    re.IGNORECASE,
)
"""Headers that are the browser's own business: a program sends its own, or none."""
_OF_THE_SERVER = re.compile(
    r"(?:x-(?:request-id|correlation-id|trace-id|powered-by|frame-options|content-type-options|xss-protection|runtime"
    r"|process-time|response-time|ratelimit.*|rate-limit.*|cache.*|served-by|accel.*|dns-prefetch-control"
    r"|permitted-cross-domain-policies|download-options|robots-tag|ua-compatible|amz-.*|envoy.*|debug.*))$",
    re.IGNORECASE,
)
_OF_THE_PROTOCOL = re.compile(
    r"(?:accept-.+|access-control-.+|age|allow|alt-svc|cache-control|connection|content-(?!location).+|cross-origin-.+|date"
    r"|expect-ct|expires|keep-alive|last-modified|nel|origin-agent-cluster|p3p|permissions-policy|pragma|proxy-.+"
    r"|referrer-policy|refresh|report-to|reporting-endpoints|retry-after|server|server-timing|set-cookie2?"
    r"|strict-transport-security|timing-allow-origin|trailer|transfer-encoding|upgrade|vary|via|warning"
    r"|www-authenticate)$",
    re.IGNORECASE,
)
"""Headers of responses that say nothing of what the app holds."""
_LOGIN = tuple(
    SecretName(name=name, placeholder="", hint="typed into the browser's login dialog") for name in LOGIN
)
_JSON_TYPE = re.compile(r"[\w.-]+/(?:[\w.-]+\+)?json\b", re.IGNORECASE)
_INTEGER = re.compile(r"(?:0|-?[1-9]\d{0,14})")


STILL_MOVING = 50
"""The last calls, which are made anew at each look: of these more is likely to be told."""


class HttpFold:
    """A :class:`recorder.adapters.Fold` for any web app."""

    def __init__(self, still_moving: int = STILL_MOVING) -> None:
        self._traffic = Traffic()
        self._wants: list[Want] = []
        self._wanted: set[str] = set()
        self._kept: tuple[int, list[Exchange]] = (-1, [])
        self._has_asked = False
        self._whys: tuple[int, dict[Exchange, str]] = (-1, {})
        self._made = _Made(still_moving)
        self._read: dict[str, tuple[str, tuple[describe.Operation, ...]] | None] = {}
        """What was read at the places of descriptions, by address."""

    def feed(self, event: AnyEvent) -> None:
        """Take one event."""
        known = len(self._traffic.exchanges)
        self._traffic.feed(event)
        for exchange in self._traffic.exchanges[known:]:
            if exchange.before:
                continue
            for part in exchange.body.parts:
                self._want_part(part)
            if exchange.how in ("fetch", "xhr") and _origin(exchange.url) == self._page_origin():
                self._has_asked = True
        if isinstance(event, Fetched) and parts_of(event.url).path.endswith(describe.PLACES):
            self._read[event.url] = describe.parse(event.body.text)

    def wants(self) -> list[Want]:
        """What the fold needs read from the app: the bytes of what was sent, and what the app says of itself."""
        self._want_description()
        wants, self._wants = self._wants, []
        return wants

    @property
    def knows(self) -> bool:
        """Whether there is anything to make calls of."""
        return bool(self._traffic.exchanges)

    @property
    def calls(self) -> int:
        """How many calls a person would count so far."""
        return len(self._counted())

    @property
    def last(self) -> str:
        """The last of them."""
        counted = self._counted()
        if not counted:
            return ""
        path = parts_of(counted[-1].url).path
        return f"{counted[-1].method} {describe.template(path)[0]}"

    @property
    def open(self) -> int:
        """How many recorded calls are not over; a stream that has begun to arrive is not waited for."""
        return sum(e.open and not e.before and e.method != "WS" and not e.yields for e in self._counted())

    def _counted(self) -> list[Exchange]:
        count = len(self._traffic.exchanges)
        if self._kept[0] != count or (self._kept[1] and self._kept[1][-1].open):
            why = self._reasons()
            self._kept = count, [e for e in self._traffic.exchanges if not why.get(e)]
        return self._kept[1]

    def _reasons(self) -> dict[Exchange, str]:
        if self._whys[0] != self._traffic.count:
            self._whys = self._traffic.count, reasons(self._traffic)
        return self._whys[1]

    def _want_part(self, part: Part) -> None:
        if part.filename is None or not part.value or (found := data_url(part.value)) is None:
            return
        what, content = found
        name = part.filename or f"body{mimetypes.guess_extension(what.type.partition(';')[0]) or ''}"
        self._want(Want(url=inline_url(what), keep="file", name=name, content=content))

    def _want(self, want: Want) -> None:
        if want.url not in self._wanted:
            self._wanted.add(want.url)
            self._wants.append(want)

    def _want_description(self) -> None:
        if not self._has_asked or self._description() is not None:
            return
        unread = (self._page_origin() + place for place in describe.PLACES)
        if (url := next((url for url in unread if url not in self._read), None)) is not None:
            self._want(Want(url=url, keep="text"))

    def _description(self) -> tuple[str, tuple[describe.Operation, ...]] | None:
        """Title and operations, as the app describes itself at the first of the usual places."""
        read = (self._read.get(self._page_origin() + place) for place in describe.PLACES)
        return next((found for found in read if found is not None), None)

    def _page_origin(self) -> str:
        """Where the pages see the app, which may be the recorder's own address."""
        pages = [page for page in self._traffic.pages.values() if not page.embedded]
        pages = pages or list(self._traffic.pages.values())
        return _origin(pages[0].url) if pages else ""

    def others(self) -> list[Session]:
        """None: what pages ask of other servers is part of the same session."""
        return []

    def session(self) -> Session:
        """What happened so far."""
        traffic = self._traffic
        seen = self._page_origin()
        said = traffic.start.url if traffic.start else ""
        root = _origin(said) or seen
        title, operations = self._description() or ("", ())
        whys = dict(self._reasons())
        answers = {e.document for e in traffic.exchanges}
        scripts = _used_scripts(traffic)
        whys.update(dict.fromkeys(scripts, "a script file of the page"))
        told = turns([*(e for e in traffic.exchanges if e not in answers), *scripts], whys)
        made, builder = self._made.go_on(traffic, (seen, operations), told, whys)
        calls = [call for call, why in made if not why]
        omitted = [Omitted(call=call, why=why) for call, why in made if why]
        first = next((p for p in traffic.pages.values() if not p.embedded), None)
        return Session(
            app=App(url=root, kind="http", title=title or (first.title if first else "")),
            started=iso(traffic.start.at if traffic.start else None),
            stopped=iso(traffic.stop.at if traffic.stop else None),
            api=Api(endpoints=builder.endpoints()),
            calls=tuple(calls),
            omitted=tuple(omitted),
            secrets=(
                *(
                    SecretName(name=s.name, placeholder=s.placeholder, hint=s.hint, claims=s.claims)
                    for s in traffic.secrets.values()
                ),
                *(_LOGIN if any(call.login == "basic" for call, _ in made) else ()),
            ),
            notes=tuple(f"{lost.count} events were not kept: {lost.why}" for lost in traffic.lost),
            acts=tuple(
                Acted(at=act.at, kind=act.kind, role=act.role, name=act.name, near=act.near)
                for act in traffic.acts
                if act.kind
            ),
            typed=tuple(
                Typed(
                    at=t.at,
                    control=f"{t.page}.{t.control}",
                    kind=t.kind,
                    value=t.value,
                    shown=t.shown,
                    label=t.label,
                    field=t.field,
                    role=t.role,
                )
                for t in traffic.typed
            ),
            made=tuple(
                Made(
                    at=m.at,
                    how=m.how,
                    value=m.value,
                    algorithm=m.algorithm,
                    of=m.of,
                    name=m.name,
                    form=m.form,
                    size=m.size,
                )
                for m in traffic.made
            ),
        )


def _origin(url: str) -> str:
    parts = parts_of(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _used_scripts(traffic: Traffic) -> list[Exchange]:
    """The script files that hold an unusual text which some request sends."""
    if not traffic.scripts:
        return []
    texts: list[str] = [made.value for made in traffic.made if made.how == "cookie"]
    for e in traffic.exchanges:
        texts += [unquote(e.url), *(value for _, value in e.headers), e.body.text or ""]
        texts += [text for part in e.body.parts for text in (part.name, part.value or "")]
        texts += [message.text or "" for message in e.messages if message.sent]
    sent = "\n".join(texts)
    sent += "\n" + unquote(sent)

    def is_sent(value: Any) -> bool:
        text = str(value)
        return rarity(value) >= 2 and (text in sent or quote(text, safe="") in sent or text in _decoded(sent))

    return [s for s in traffic.scripts if any(is_sent(v) for _, _, v in literals(s.answer.text or ""))]


@functools.lru_cache(maxsize=2)
def _decoded(sent: str) -> str:
    """The texts that are sent in base64."""
    return "\n".join(filter(None, map(unbase64, re.findall(r"[A-Za-z0-9+/_-]{12,4000}={0,2}", sent))))


# Calls


class _Made:
    """The calls of the last look, and how far what they were made of is still so: of thousands of calls few are new."""

    def __init__(self, still_moving: int) -> None:
        self._still_moving = still_moving
        self._about: Any = None
        self._keys: list[Any] = []
        self._calls: list[tuple[Call, str]] = []
        self._builder: _Builder | None = None
        """As it was before the first call that is made anew."""

    def go_on(
        self,
        traffic: Traffic,
        about: tuple[str, tuple[describe.Operation, ...]],
        told: list[Turn],
        whys: dict[Exchange, str],
    ) -> tuple[list[tuple[Call, str]], _Builder]:
        """The calls of all turns, with why those are none that are none, and what made them."""
        keys = [_key(turn, whys) for turn in told]
        everything = traffic.surroundings, about
        if self._builder is None or self._about != everything or keys[: len(self._keys)] != self._keys:
            self._about, self._keys, self._calls = everything, [], []
            self._builder = _Builder(traffic, *about)
        made, builder = self._calls.copy(), self._builder.copy()
        counts = {"c": 0, "o": 0}
        for call, _ in made:
            counts[call.id[0]] += 1

        def make(turns: list[Turn]) -> None:
            for turn in turns:
                why = whys.get(turn.exchange, "")
                letter = "o" if why else "c"
                counts[letter] += 1
                made.append((builder.call(turn, f"{letter}{counts[letter]}"), why))

        settled = max(len(told) - self._still_moving, len(made))
        make(told[len(made) : settled])
        self._keys, self._calls, self._builder = keys[:settled], made.copy(), builder.copy()
        make(told[settled:])
        return made, builder


def _key(turn: Turn, whys: dict[Exchange, str]) -> Any:
    """All that the call of a turn depends on, beside the calls before it."""
    e = turn.exchange
    told = (turn.messages, turn.opens, turn.after, e.status) if e.method == "WS" else e.changed
    return e, whys.get(e, ""), told, e.followed, e.until, e.document and e.document.changed


class _Builder:
    def __init__(self, traffic: Traffic, seen: str, operations: tuple[describe.Operation, ...]) -> None:
        self._traffic = traffic
        self._seen = seen
        self._root = _origin(traffic.start.url) if traffic.start else seen
        self._operations = operations
        self._used: dict[str, Endpoint] = {}
        self._ids: dict[Exchange, str] = {}
        """The latest call of each exchange."""
        self._opened: dict[Exchange, str] = {}
        """The first."""
        self._known: set[str] = set()
        """Texts by which answers have named things."""

    def copy(self) -> _Builder:
        """Another that goes on from here."""
        other = copy(self)
        other._used, other._ids, other._opened = self._used.copy(), self._ids.copy(), self._opened.copy()
        other._known = self._known.copy()
        return other

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Those that the app describes, and those that were called beside them."""
        described = {o.endpoint.id: o.endpoint for o in self._operations}
        return tuple({**described, **self._used}.values())

    def call(self, turn: Turn, id: str) -> Call:
        """An exchange, or its part, as a call; ``id`` is its id."""
        e = turn.exchange
        self._ids[e] = id
        opened = self._opened.setdefault(e, id)
        if e.method == "WS":
            return self._conversation(turn, id, opened)
        body, media = _body(e)
        endpoint, path = self._endpoint(e, body)
        changed = e.act is not None or e.followed is not None
        inputs = [
            self._as_the_app_sees_it(value)
            for value in (
                *_addressed(e, path, changed),
                *self._headers(e, media if body or media == "json" else ""),
                *(msgspec.structs.replace(v, changed=changed) for v in self._body_values(e, body, media)),
            )
        ]
        self._note(endpoint, inputs)
        answer = e.document or e
        status = _status(e)
        outputs = self._outputs(answer)
        self._remember(outputs)
        return Call(
            id=id,
            endpoint=endpoint.id,
            trigger=self._trigger(e),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            status=status,
            timing=Timing(
                started=e.at,
                first=answer.first_at - e.at if answer.first_at is not None else None,
                ended=answer.end_at - e.at if answer.end_at is not None else None,
            ),
            error=_error(answer) if status == "failed" else None,
            yields=e.yields,
            page=e.page,
            code=answer.status or None,
            how=e.how,
            until=e.until,
            cookies=tuple(
                (name, value)
                for name, _, value in (v.partition("=") for n, v in e.headers if n.lower() == "cookie")
            ),
            shows=answer.page if answer.how in ("document", "reload") else "",
            cookies_sent=e.cookies_sent,
            cookies_set=(*e.cookies_set, *(answer.cookies_set if answer is not e else ())),
            moments=_moments(answer) if outputs and outputs[0].component in ("events", "lines") else (),
            address=_unusual_address(e, path),
            body=_unusual_body(e, body, media),
            charset=e.body.charset,
            login=e.login,
        )

    def _as_the_app_sees_it(self, value: Value) -> Value:
        """With the app's own address where the page has the recorder's."""
        if not self._seen or self._seen == self._root or not _contains(value.value, self._seen):
            return value
        return msgspec.structs.replace(value, value=_replaced(value.value, self._seen, self._root))

    def _conversation(self, turn: Turn, id: str, opened: str) -> Call:
        e = turn.exchange
        # By clocks that disagree, what was said may come before the opening.
        opens = opened == id
        endpoint, path = self._endpoint(e, None)
        inputs = list(_addressed(e, path, e.act is not None)) if opens else []
        if opens:
            inputs += [Value(name=n, value=v, location="header", component="header") for n, v in e.headers]
        self._note(endpoint, inputs)
        messages = tuple(_message(said, turn.at) for said in turn.messages)
        heard = [m.value for m in messages if not m.sent]
        outputs = [Value(name="body", label="body", component="messages", value=heard)] if heard else []
        self._remember(outputs)
        if opens and e.act is not None:
            trigger = self._trigger(e)
        elif (spoken := turn.spoken) is not None and spoken.act is not None:
            trigger = _by_person(spoken.act, spoken.at)
        elif turn.after in self._ids and not any(said.sent for said in turn.messages):
            trigger = Trigger(kind="call", event="then", call=self._ids[turn.after], sure="likely")
        else:
            trigger = self._trigger(e)
        last = turn.messages[-1].at if turn.messages else turn.at
        return Call(
            id=id,
            endpoint=endpoint.id,
            trigger=trigger,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            timing=Timing(started=turn.at, ended=last - turn.at),
            yields=len(heard),
            page=e.page,
            code=e.status or None,
            how=e.how,
            address=_unusual_address(e, path) if opens else "",
            login=e.login if opens else "",
            messages=messages,
            continues="" if opens else opened,
        )

    def _trigger(self, e: Exchange) -> Trigger:
        cause = e.followed
        if cause is not None and cause in self._ids:
            return Trigger(kind="call", event="then", call=self._ids[cause], sure="likely")
        if e.act is not None:
            return _by_person(e.act, e.at, e.how in ("form", "document"))
        opened = self._traffic.pages.get(e.page)
        if e.how == "document" and any(
            p.at < e.at and p.page != e.page for p in self._traffic.pages.values()
        ):
            name = opened.title if opened is not None else ""
            return Trigger(kind="person", event="open", role="document", name=name or e.url, sure="likely")
        kind: TriggerKind = "page"
        if opened is not None and e.at - opened.at > LOAD_MS and e.how != "document":
            kind = "timer"
        return Trigger(kind=kind, event="load")

    def _endpoint(self, e: Exchange, body: Any) -> tuple[Endpoint, Pairs]:
        address = parts_of(e.url)
        origin = _origin(e.url)
        path = address.path or "/"
        same = origin.replace("ws", "http", 1) == self._seen if e.method == "WS" else origin == self._seen
        prefix = "" if same else origin
        operation, protocol = describe.operation_name(body) if e.method in ("POST", "GET") else ("", "")
        if same:
            for described in self._operations:
                if described.endpoint.method != e.method:
                    continue
                if (match := re.fullmatch(described.pattern, path)) is not None:
                    values = tuple(unquote(group) for group in match.groups())
                    pairs = tuple(zip(described.names, values, strict=True))
                    return self._own(described.endpoint, operation, protocol), pairs
        template, pairs = describe.template(path, self._known)
        endpoint = Endpoint(
            id=f"{e.method} {prefix}{template}",
            name=describe.named(e.method, template),
            method=e.method,
            path=prefix + template,
        )
        return self._own(endpoint, operation, protocol), pairs

    def _own(self, endpoint: Endpoint, operation: str, protocol: str) -> Endpoint:
        if operation:
            endpoint = msgspec.structs.replace(
                endpoint, id=f"{endpoint.id} {operation}", name=describe.snake(operation), connection=protocol
            )
        return self._used.setdefault(endpoint.id, endpoint)

    def _note(self, endpoint: Endpoint, inputs: list[Value]) -> None:
        """What a call gave is what its endpoint takes, where the app does not say."""
        known = {(p.location, p.name) for p in endpoint.parameters}
        more = [
            Parameter(name=v.name, location=v.location, schema=_schema(v.value))
            for v in inputs
            if (v.location, v.name) not in known and v.location != "header"
        ]
        if more:
            kept = msgspec.structs.replace(endpoint, parameters=(*endpoint.parameters, *more))
            self._used[endpoint.id] = kept

    def _headers(self, e: Exchange, media: str) -> Iterator[Value]:
        is_document = e.how in ("form", "document", "reload")
        for name, value in e.headers:
            is_accept = name.lower() == "accept"
            # The page side unpacks what a page has compressed, so that the values in it are known.
            is_unpacked = name.lower() == "content-encoding" and e.body.kind == "text"
            if (
                is_unpacked
                or _BY_BROWSER.match(name)
                or (is_accept and (is_document or value.strip() in ("*/*", "")))
            ):
                continue
            yield Value(name=name.lower(), value=value, location="header", component="header")
        if is_document:
            yield Value(name="accept", value="text/html", location="header", component="header")
        type = e.sent_header("content-type")
        plain = {"json": "application/json", "form": "application/x-www-form-urlencoded"}.get(media)
        if type and type != plain and not (media == "multipart" or type.startswith("multipart/form-data")):
            yield Value(name="content-type", value=type, location="header", component="header")

    def _body_values(self, e: Exchange, body: Any, media: str) -> Iterator[Value]:
        if media == "json":
            if isinstance(body, dict) and body:
                for name, value in body.items():
                    yield Value(name=name, value=value, location="json", component="json")
            else:
                yield Value(value=body, location="json", component="json")
        elif media in ("form", "multipart"):
            for part in body:
                location: Any = media
                if part.filename is None:
                    yield Value(
                        name=part.name, value=_number(part.value or ""), location=location, component=media
                    )
                else:
                    file = self._file(part)
                    yield Value(name=part.name, value=file, location=location, component="file")
        elif media == "body":
            yield Value(
                value=self._file(body) if isinstance(body, Part) else body, location="body", component="body"
            )

    def _file(self, part: Part) -> File:
        if part.name and part.filename == "" and not part.size:
            # A field in which nobody chose a file.
            return File(name="", size=0, type=part.type or None)
        found = data_url(part.value) if part.value else None
        kept = self._traffic.fetched.get(inline_url(found[0])) if found is not None else None
        path = (kept.path if kept else "") or ""
        return File(
            name=part.filename or "file",
            sha256=found[0].sha256 if found else "",
            size=part.size,
            type=part.type or None,
            path=path,
            lost="" if path else (kept.error if kept else "") or "its bytes were not kept",
        )

    def _outputs(self, answer: Exchange) -> list[Value]:
        if answer.open and not answer.yields:
            return []
        value, component = _answer(answer, self._seen)
        outputs = [Value(name="body", label="body", component=component, value=value)]
        told = {
            name.lower(): text
            for name, text in answer.answer_headers
            if not _OF_THE_PROTOCOL.match(name) and not _OF_THE_SERVER.match(name)
        }
        if answer.how in ("fetch", "xhr") and answer.answer_url and answer.answer_url != answer.url:
            told["url"] = _relative(answer.answer_url, self._seen)
        if told:
            outputs.append(Value(name="headers", label="headers", component="headers", value=told))
        return outputs

    def _remember(self, outputs: list[Value]) -> None:
        """Texts by which answers name things: a later path may be made of them."""
        self._known.update(filter(_ID.fullmatch, _naming([output.value for output in outputs])))


def _naming(value: Any) -> list[str]:
    """Each text under a key by which things are named."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, inside = waiting.pop()
        for key, item in inside.items() if isinstance(inside, dict) else ((name, item) for item in inside):
            if isinstance(item, str):
                if _names_a_thing(key):
                    found.append(item)
            elif isinstance(item, dict | list):
                waiting.append((key, item))
    return found


_ID = re.compile(r"(?=.*[^a-z])[^/]{3,100}", re.DOTALL)
_BY_NAME = re.compile(r"(?:^|_)(?:id|slug|uuid|key|code|ref|uid|guid|hash|name|username)$")


@remembered(1 << 14, 100)
def _names_a_thing(key: str) -> bool:
    return _BY_NAME.search(describe.snake(key)) is not None


def _contains(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value or quote(text, safe="") in value
    return any(isinstance(leaf, str) and _contains(leaf, text) for _, leaf in scalars(value))


def _replaced(value: Any, text: str, by: str) -> Any:
    if isinstance(value, str):
        return value.replace(text, by).replace(quote(text, safe=""), quote(by, safe=""))
    if isinstance(value, dict):
        return {key: _replaced(item, text, by) for key, item in value.items()}
    return [_replaced(item, text, by) for item in value] if isinstance(value, list) else value


def _relative(url: str, seen: str) -> str:
    """An address of the app's own without what says where it runs."""
    return (
        url[len(seen) :] or "/" if (seen and url.startswith((seen + "/", seen + "?"))) or url == seen else url
    )


def _is_moment(name: str, value: str, at: float) -> bool:
    """Whether a parameter is only there so that no cache answers: the time at which it was asked."""
    told = name if not value else value if name in ("_", "t", "ts", "cb", "nocache", "rand") else ""
    return bool(re.fullmatch(r"\d{10}|\d{13}", told)) and abs(float(told.ljust(13, "0")) - at) < 86_400_000


def _number(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text


def _schema(value: Any) -> dict[str, Any]:
    if isinstance(value, File):
        return {"type": "string", "format": "binary"}
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    kind = kinds.get(type(value))
    return {"type": kind} if kind else {}


def _body(e: Exchange) -> tuple[Any, str]:
    """What was sent, and how: ``json``, ``form``, ``multipart``, ``body``, or nothing."""
    body, type = e.body, e.sent_header("content-type").lower()
    if body.kind == "text":
        is_json, value = parsed(body.text)
        untold = not type.startswith("application/") and isinstance(value, dict | list)
        if is_json and (untold or _JSON_TYPE.match(type)):
            return value, "json"
        if "x-www-form-urlencoded" in type:
            if is_json and isinstance(value, dict | list):
                return value, "json"
            pairs = parse_qsl(body.text or "", keep_blank_values=True, encoding=codec(body.charset))
            return [Part(name=n, value=v) for n, v in pairs], "form"
        return body.text or "", "body"
    if body.kind == "parts":
        if len(body.parts) == 1 and not body.parts[0].name and body.parts[0].filename is not None:
            return body.parts[0], "body"
        if type.startswith("text/plain"):
            fields = (_sent_part(part) for part in body.parts)
            return "".join(f"{field.name}={field.value or ''}\r\n" for field in fields), "body"
        is_form = "urlencoded" in type
        parts = [_sent_part(part) for part in body.parts] if e.how == "form" or not is_form else body.parts
        return list(parts), "form" if is_form else "multipart"
    if body.kind == "lost":
        return Part(name="", filename="body", size=body.size), "body"
    return None, ""


def _sent_part(part: Part) -> Part:
    """A field as browsers send it in a form of their own, or in several parts: lines end with CR LF."""
    value = part.value if part.filename is not None or part.value is None else _with_crlf(part.value)
    return msgspec.structs.replace(part, name=_with_crlf(part.name), value=value)


def _with_crlf(text: str) -> str:
    return re.sub(r"\r\n?|\n", "\r\n", text)


def _unusual_address(e: Exchange, path: Pairs) -> str:
    """The path and query of a request, if an encoder would write their values in another way."""
    parts = parts_of(e.url)
    words = [
        word
        for word in (parts.query.split("&") if parts.query else ())
        if not _is_moment(decoded(word.partition("=")[0]), decoded(word.partition("=")[2]), e.at)
    ]
    query = "&".join(words)
    segments = parts.path.split("/")
    is_usual = all(escaped(value) in segments for _, value in path) and (not query or is_usual_form(query))
    return "" if is_usual else f"{parts.path}?{query}" if query else parts.path


def _unusual_body(e: Exchange, body: Any, media: str) -> str:
    """The text of a JSON or form body, if an encoder would write its values in another way."""
    charset = e.body.charset
    if media == "json":
        text = e.body.text or ""
        return text if charset or text != as_json(body) else ""
    if media == "form":
        text = e.body.text or browser_form([(part.name, part.value or "") for part in body], charset)
        return text if charset or not is_usual_form(text) else ""
    return ""


def _answer(e: Exchange, seen: str) -> tuple[Any, str]:
    """The body of a response, and of which kind it is."""
    type = e.header("content-type")
    text = e.answer.text if e.answer.kind == "text" else None
    if e.is_cut:
        return File(
            name="body", size=e.streamed, type=type.partition(";")[0] or None, lost="too large"
        ), "file"
    if e.chunks and text is None:
        text = "".join(e.chunks)
    if text is None:
        if e.answer.kind == "lost" and e.status not in (204, 304):
            kind = type.partition(";")[0] or None
            why = (e.answer.reason or "unknown why").replace("_", " ")
            return File(name="body", size=e.answer.size, type=kind, lost=why), "file"
        return None, "nothing"
    if "event-stream" in type:
        return sse_data(text), "events"
    if re.match(r"application/(?:(?:x-)?(?:ndjson|jsonl|jsonlines)|json-seq|stream\+json)", type, re.I):
        values = (parsed(line) for line in text.replace("\x1e", "").splitlines() if line.strip())
        return [value for is_json, value in values if is_json], "lines"
    if _JSON_TYPE.match(type):
        is_json, value = parsed(text)
        if is_json:
            return value, "json"
    if re.match(r"text/html|application/xhtml|(?:text|application)/(?:[\w.-]+\+)?xml\b", type, re.I):
        is_json, value = parsed(text)
        if is_json and isinstance(value, dict | list):
            return value, "json"
        return read_page(text, _relative(e.answer_url or e.url, seen)), "page"
    is_json, value = parsed(text)
    if is_json and isinstance(value, dict | list):
        return value, "json"
    return (text, "text") if text else (None, "nothing")


def sse_data(text: str) -> list[Any]:
    """The data of each whole server-sent event, as JSON where it is JSON. Those of another type than ``message`` are
    objects ``{"event", "data"}``."""
    found: list[Any] = []
    for event in sse.events(text):
        is_json, value = parsed(event.data)
        value = value if is_json else event.data
        found.append(value if event.type == "message" else {"event": event.type, "data": value})
    return found


def _moments(e: Exchange) -> tuple[float, ...]:
    """When each item of a stream had arrived, in ms from the start of the call."""
    moments: list[float] = []
    if "event-stream" in e.header("content-type"):
        stream = sse.Stream()
        for at, chunk in zip(e.chunk_at, e.chunks, strict=False):
            moments += [at - e.at] * len(stream.feed(chunk))
        return tuple(moments)
    rest = ""
    for at, chunk in zip(e.chunk_at, e.chunks, strict=False):
        *whole, rest = (rest + chunk).replace("\r\n", "\n").split("\n")
        moments += [at - e.at for piece in whole if piece.strip("\x1e \t")]
    return tuple(moments)


def _addressed(e: Exchange, path: Pairs, changed: bool) -> Iterator[Value]:
    """What the address says."""
    for name, value in path:
        yield Value(name=name, value=_number(value), location="path", component="path", changed=changed)
    for name, value in parse_qsl(parts_of(e.url).query, keep_blank_values=True):
        if not _is_moment(name, value, e.at):
            yield Value(name=name, value=_number(value), location="query", component="query", changed=changed)


def _by_person(act: Act, at: float, is_sure: bool = False) -> Trigger:
    sure: Literal["certain", "likely"] = "certain" if is_sure or at - act.at <= SURE_MS else "likely"
    return Trigger(
        kind="person", event=act.kind, role=act.role, name=act.name, locator=act.locator, sure=sure
    )


def _message(said: Said, since: float) -> Message:
    """``since``: when the call began."""
    at = max(said.at - since, 0.0)
    if said.text is None:
        return Message(sent=said.sent, at=at)
    if not said.sent and (around := framed(said.text)) is not None:
        return Message(value=around[1], at=at)
    is_json, value = parsed(said.text)
    # What is spelled in any other way than the usual must go as it is.
    if not is_json or not isinstance(value, dict | list):
        return Message(value=said.text, sent=said.sent, text=True, at=at)
    return Message(value=value, sent=said.sent, at=at)


def _status(e: Exchange) -> Status:
    answer = e.document or e
    if answer.status >= 400:
        return "failed"
    if e.how == "eventsource" and e.yields:
        return "ok"
    if answer.open and e.how not in ("form", "download"):
        return "unfinished"
    if answer.aborted:
        return "cancelled"
    if answer.error:
        return "failed"
    return "ok"


def _error(e: Exchange) -> str:
    is_json, value = parsed(e.answer.text)
    if is_json and isinstance(value, dict):
        for name in ("detail", "message", "error", "error_description", "title"):
            said = value.get(name)
            if isinstance(said, str) and said:
                return f"{e.status}: {said}"
    return str(e.status) if e.status else (e.error or "")

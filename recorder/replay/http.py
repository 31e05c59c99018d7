"""Making steps again on any app with an HTTP API, as its page made them."""

from __future__ import annotations

import asyncio
import codecs
import functools
import hashlib
import json
import mimetypes
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from http.cookies import BaseCookie, Morsel
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import msgspec
from yarl import URL

from recorder.adapters.http.fold import sse_data
from recorder.adapters.http.page import read_page
from recorder.adapters.http.traffic import SUBPROTOCOL
from recorder.drift import Drift
from recorder.errors import AppError
from recorder.replay.compare import Live, Places, compare_output
from recorder.replay.plan import LocalFile, Plan
from recorder.replay.report import OnValue, OutputReport, StepReport
from recorder.replay.sending import NotMade, kept_file
from recorder.replay.site import Wanted
from recorder.replay.transport import own_headers
from recorder.request import (
    Request,
    address,
    as_sent,
    as_text,
    evaluated,
    follow,
    framed,
    generated,
    is_no_file,
    position,
    value_at,
)
from recorder.session import File, Place
from recorder.spelling import as_json, browser_form, codec, encoded, header_bytes
from recorder.workflow import (
    AppUrl,
    Cookie,
    Expression,
    Generated,
    Link,
    SecretRef,
    Step,
    VariableRef,
    Workflow,
)

_TEXT = re.compile(r"text/|application/(?:[\w.+-]*json|xml)\b|application/x-ndjson", re.IGNORECASE)
_MEDIA = re.compile(r"(?:image|audio|video|font)/|application/(?:octet-stream|pdf|zip|gzip)\b", re.IGNORECASE)
_NOWHERE = URL()
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Byte order marks, which say the encoding of a text."""
MOST = 64 * 1024 * 1024
"""Bytes of an answer that are read."""


def connected(wanted: Wanted) -> HttpSite:
    """A connection to a web app."""
    return HttpSite(wanted.root, wanted.patience, wanted.on_wait)


class HttpSite:
    """A :class:`recorder.replay.site.Site`. Use as ``async with``.

    Args:
        root: the app's address, without a final slash.
        patience: seconds to wait for an app that is still starting.
        on_wait: told once, in a sentence, that there is waiting.
    """

    def __init__(self, root: str, patience: float, on_wait: Callable[[str], None] | None) -> None:
        self.root = root
        self.version = ""
        self._patience = patience
        self._on_wait = on_wait
        self._open: list[HttpPerformer] = []

    async def __aenter__(self) -> HttpSite:
        parts = urlsplit(self.root)
        if not parts.hostname:
            raise AppError(f"{self.root} is no address", "Give one that begins with http:// or https://")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        until = time.monotonic() + self._patience
        told = False
        while True:
            try:
                _, writer = await asyncio.open_connection(parts.hostname, port)
                writer.close()
                return self
            except OSError as error:
                refused = isinstance(error, ConnectionRefusedError)
                why = "nothing listens there" if refused else error.strerror or str(error)
                if time.monotonic() >= until:
                    raise AppError(
                        f"{self.root} cannot be reached: {why}",
                        "Start the app, or name another address with --url",
                    ) from None
            if not told and self._on_wait is not None:
                told = True
                self._on_wait(f"waiting for the app at {self.root} ({why})")
            await asyncio.sleep(0.2)

    async def __aexit__(self, *_: object) -> None:
        for performer in self._open:
            await performer.close()

    def drifts(self, workflow: Workflow) -> tuple[Drift, ...]:
        """None: what has changed shows in the answers."""
        return ()

    def performer(
        self, ready: Plan, files: Path, copies: Path, timeout: float, take: bool = False
    ) -> HttpPerformer:
        """For one run, with cookies of its own."""
        made = HttpPerformer(ready, files, copies, timeout, self.root, take)
        self._open.append(made)
        return made


class _Jar(aiohttp.CookieJar):
    """Cookies with the quotes that an app has put around a value, as browsers keep them."""

    def filter_cookies(self, request_url: URL = _NOWHERE) -> BaseCookie[str]:
        found = super().filter_cookies(request_url)
        for kept in self:
            sent = found.get(kept.key)
            if sent is not None and sent.value == kept.value and kept.coded_value.startswith('"'):
                sent.set(kept.key, kept.coded_value, kept.coded_value)
        return found


def _cookie(name: str, value: str) -> Morsel[str]:
    cookie: Morsel[str] = Morsel()
    cookie.set(name, value, value)
    return cookie


class _Transport:
    """Writes the head of one request with the bytes that its characters stand for, and all else as it is.

    aiohttp encodes heads as UTF-8; what pages give as header values are bytes, one a character.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._real = protocol.transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def write(self, data: bytes) -> None:
        self.writelines([data])

    def writelines(self, chunks: Iterable[bytes]) -> None:
        first, *rest = chunks
        head, end, body = bytes(first).partition(b"\r\n\r\n")
        self._protocol.transport = self._real
        self._real.writelines([header_bytes(head.decode()), end, body, *rest])


class _Request(aiohttp.ClientRequest):
    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        if any(not value.isascii() for value in self.headers.values()):
            conn.protocol.transport = _Transport(conn.protocol)
        return await super().send(conn)


class _Answer(msgspec.Struct, kw_only=True):
    """What came of a request, as the session has outputs."""

    code: int
    body: Any = None
    component: str = "nothing"
    headers: dict[str, str] = {}
    url: str = ""
    error: str = ""
    redirected: bool = False


class HttpPerformer:
    """A :class:`recorder.replay.site.Performer`."""

    def __init__(
        self, ready: Plan, files: Path, copies: Path, timeout: float, root: str, take: bool = False
    ) -> None:
        self._plan = ready
        self._files = files
        self._copies = copies
        self._take = take
        self._timeout = timeout
        self._root = root
        self._http: aiohttp.ClientSession | None = None
        self._answers: dict[str, _Answer] = {}
        self._generated: dict[str, Any] = {}
        """The values of this run that the page made itself, by name."""
        self._sockets: dict[str, aiohttp.ClientWebSocketResponse[Any]] = {}
        """The open ones, by the step that opened them."""
        self._places = Places(recorded=ready.workflow.app.url, live=root)
        self._placeholders = {
            ready.secrets[secret.name]: secret.placeholder
            for secret in ready.workflow.secrets
            if secret.placeholder and len(ready.secrets[secret.name]) > 3
        }

    async def close(self) -> None:
        """Forget the cookies and leave all conversations."""
        for socket in self._sockets.values():
            await socket.close()
        if self._http is not None:
            await self._http.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            jar = _Jar(unsafe=True, quote_cookie=False, treat_as_secure_origin=URL(self._root).origin())
            # Somebody who had logged in before the recording began.
            given = [pair.partition("=") for pair in self._plan.cookie.split("; ") if pair]
            jar.update_cookies({name: _cookie(name, value) for name, _, value in given}, URL(self._root))
            self._http = aiohttp.ClientSession(
                cookie_jar=jar,
                request_class=_Request,
                # As the page did: there are servers that take no form from nowhere.
                headers={"Origin": str(URL(self._root).origin())},
                middlewares=(own_headers(self._root),),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=15),
                trust_env=True,
            )
        return self._http

    async def perform(
        self, step: Step, report: StepReport, notes: list[str], on_value: OnValue
    ) -> StepReport:
        """Make a request, and hold what comes of it against what was recorded."""
        if step.cookies:
            own = {name: as_text(self._value(value)) for name, value in step.cookies}
            self._session.cookie_jar.update_cookies(own, URL(self._root))
        if step.endpoint.method == "WS":
            made = self._talk(step, on_value)
        else:
            made = self._ask(step, on_value) if step.until is None else self._wait(step, step.until, on_value)
        try:
            answer = await asyncio.wait_for(made, self._timeout)
        except asyncio.TimeoutError:
            answer = _Answer(code=0, error=f"gave no answer within {self._timeout:g} s")
        except (aiohttp.ClientError, OSError) as error:
            answer = _Answer(
                code=0, error=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            )
        self._answers[step.id] = answer
        return self._judged(step, answer, report)

    def _judged(self, step: Step, answer: _Answer, report: StepReport) -> StepReport:
        failed = not answer.code or answer.code >= 400
        recorded = step.code or 200
        # What is refused must be refused in the same way; of what is not, 200 is as good as 201.
        alike = answer.code == recorded if step.expect == "failed" else answer.code // 100 == recorded // 100
        error = answer.error or (f"answered {answer.code}, not {step.code}" if not alike else "")
        if alike and step.redirects and step.expect != "failed" and not answer.redirected:
            alike, error = (
                False,
                "did not redirect, as it did in the recording: the app may have refused the form",
            )
        if not alike and isinstance(answer.body, dict):
            said = answer.body.get("detail") or answer.body.get("message") or answer.body.get("error")
            error += f": {said}" if isinstance(said, str) else ""
        names = self._plan.tainted.get(step.id, ())
        why = ""
        if names:
            why = f"not compared: {', '.join(names)} {'was' if len(names) == 1 else 'were'} set"
        elif step.expect == "unfinished":
            why = "not compared: the recording stopped before it was over"
        elif step.expect == "cancelled":
            why = "not compared: the page did not wait for the end of it"
        outputs = []
        compared = alike and not why and not step.setup and step.expect != "failed"
        for number, output in enumerate(step.outputs):
            value = answer.headers if output.component == "headers" else answer.body
            value = self._plain(value)
            if output.component in ("events", "lines") and isinstance(value, list):
                value = _aligned(output.value, value)
            differences = compare_output(output, Live(value=value), self._places) if compared else []
            outputs.append(
                OutputReport(
                    name=output.name,
                    output=number,
                    label=output.label,
                    recorded=output.value if compared else None,
                    value=value,
                    compared=compared,
                    differences=tuple(differences),
                )
            )
        return msgspec.structs.replace(
            report,
            status="failed" if failed and not (answer.code == 101) else "ok",
            expected=alike,
            code=answer.code or None,
            error=str(self._plain(error)) if error else (f"{answer.code}" if failed else None),
            not_compared=why,
            outputs=tuple(outputs) if alike else (),
        )

    def _passing(self, step: Step, content: bytes, is_events: bool) -> tuple[OutputReport, ...]:
        """What came of a stream so far."""
        output = next((o for o in step.outputs if o.component != "headers"), None)
        text = content.decode(errors="replace")
        value = self._plain(sse_data(text) if is_events else text)
        return (
            (OutputReport(name=output.name, label=output.label, value=value, compared=False),)
            if output
            else ()
        )

    def _plain(self, value: Any) -> Any:
        """With the recording's own placeholders where a secret is."""
        if isinstance(value, str):
            for secret, placeholder in self._placeholders.items():
                value = value.replace(secret, placeholder)
            return value
        if isinstance(value, dict):
            return {key: self._plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        return value

    # Sending

    def _address(self, asked: Request) -> str:
        return address(asked, self._root, self._value)

    async def _ask(self, step: Step, on_value: OnValue) -> _Answer:
        asked = as_sent(step)
        headers = {name: as_text(self._value(value)) for name, value in asked.headers}
        data: bytes | None = None
        if asked.media == "json":
            data = as_json(self._value(asked.body)).encode()
            headers.setdefault("content-type", "application/json")
        elif asked.media == "form":
            pairs = [(as_text(self._value(name)), as_text(self._value(value))) for name, value in asked.body]
            data = browser_form(pairs).encode()
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
        elif asked.media == "multipart":
            boundary = f"----{secrets.token_hex(16)}"
            parts = [self._part(name, value, asked.charset) for name, value in asked.body]
            data = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
            data += b"--%s--\r\n" % boundary.encode()
            headers["content-type"] = f"multipart/form-data; boundary={boundary}"
        elif asked.media == "body":
            value = self._value(asked.body)
            data = value if isinstance(value, bytes) else encoded(as_text(value), asked.charset)
        url = URL(self._address(asked), encoded=True)
        async with self._session.request(
            asked.method, url, headers=headers, data=data, skip_auto_headers=["Content-Type"]
        ) as response:
            return await self._read(step, response, on_value)

    async def _wait(self, step: Step, until: Place, on_value: OnValue) -> _Answer:
        """Ask until the answer says that it is done, as it did when it was recorded."""
        wanted = value_at(step.outputs[0].value, until) if step.outputs else None
        asked = 0
        while True:
            answer = await self._ask(step, lambda count, outputs: None)
            asked += 1
            on_value(asked, lambda: ())
            if answer.code // 100 != 2 or value_at(answer.body, until) == wanted:
                return answer
            await asyncio.sleep(min(0.1 * asked, 2.0))

    async def _read(self, step: Step, response: aiohttp.ClientResponse, on_value: OnValue) -> _Answer:
        type = response.headers.get("content-type", "")
        answer = _Answer(
            code=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            url=str(response.url),
            redirected=bool(response.history),
        )
        answer.headers["url"] = answer.url
        recorded = step.outputs[0] if step.outputs else None
        if "event-stream" in type and response.status < 400:
            most = step.cancel_after
            text = b""
            count = 0
            async for chunk in response.content.iter_any():
                text += chunk
                whole = text.count(b"\n\n") + text.count(b"\r\n\r\n")
                if whole != count:
                    count = whole
                    on_value(count, functools.partial(self._passing, step, text, True))
                if whole == count and step.enough:
                    if self._has_enough(step, sse_data(text.decode(errors="replace"))):
                        break
                elif most is not None and count >= most:
                    break
                if len(text) > MOST:
                    break
            answer.body, answer.component = sse_data(text.decode(errors="replace")), "events"
            if most is not None and not step.enough:
                answer.body = answer.body[:most]
            return answer
        content = await response.content.read(MOST)
        while len(content) < MOST and (more := await response.content.read(MOST - len(content))):
            if _TEXT.match(type):
                on_value(0, functools.partial(self._passing, step, content, False))
            content += more
        answer.component = recorded.component if recorded is not None else "nothing"
        if self._take and (
            _MEDIA.match(type) or response.headers.get("content-disposition", "").startswith("attach")
        ):
            answer.body = self._taken(content, type, response)
            return answer
        if answer.component == "file":
            answer.body = File(
                name="body", size=len(content), type=type.partition(";")[0] or None, lost="not kept"
            )
            return answer
        text_ = _text_of(content, type)
        if answer.component == "lines":
            answer.body = [_parsed(line) for line in text_.replace("\x1e", "").splitlines() if line.strip()]
        elif answer.component == "page" or "html" in type:
            answer.body = read_page(text_, answer.url.removeprefix(self._root) or "/")
        elif text_:
            answer.body = _parsed(text_)
        return answer

    def _has_enough(self, step: Step, found: list[Any]) -> bool:
        """Whether what later steps need of a stream has arrived."""
        try:
            return all(position(found, item, self._leaf) >= 0 for item in step.enough)
        except LookupError:
            return False

    def _taken(self, content: bytes, type: str, response: aiohttp.ClientResponse) -> File:
        """A file that the app gives, its bytes among the copies."""
        sha256 = hashlib.sha256(content).hexdigest()
        (self._copies / sha256).write_bytes(content)
        said = response.content_disposition
        name = (said.filename if said else None) or response.url.name or "file"
        kind = type.partition(";")[0].strip() or None
        return File(name=name, sha256=sha256, size=len(content), type=kind)

    def _part(self, name: Expression, value: Expression, charset: str) -> bytes:
        """One part of a form, as browsers write it."""
        named = f'Content-Disposition: form-data; name="{_quoted(as_text(self._value(name)))}"'
        file = self._plan.values.get(value.name) if isinstance(value, VariableRef) else value
        if isinstance(file, File):
            if is_no_file(file):
                kind = file.type or "application/octet-stream"
                return encoded(f'{named}; filename=""\r\nContent-Type: {kind}\r\n\r\n', charset)
            if not file.path:
                raise NotMade(
                    f"the bytes of the file {file.name!r} were not kept: {file.lost or 'unknown why'}"
                )
            content, filename = kept_file(self._files, file).read_bytes(), file.name
            kind = file.type or "application/octet-stream"
        elif isinstance(file, LocalFile):
            content, filename = Path(file.path).read_bytes(), Path(file.path).name
            kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        else:
            text = as_text(self._value(value))
            return encoded(f"{named}\r\n\r\n{text}", charset)
        head = f'{named}; filename="{_quoted(filename)}"\r\nContent-Type: {kind}\r\n\r\n'
        return encoded(head, charset) + content

    async def _talk(self, step: Step, on_value: OnValue) -> _Answer:
        if not step.continues:
            url = re.sub(r"^http", "ws", self._address(as_sent(step)))
            asked = as_sent(step).headers
            protocols = [as_text(self._value(v)) for n, v in asked if n == SUBPROTOCOL]
            headers = {n: as_text(self._value(v)) for n, v in asked if n == "authorization"}
            self._sockets[step.id] = await self._session.ws_connect(
                URL(url, encoded=True), max_msg_size=MOST, protocols=protocols, headers=headers
            )
        socket = self._sockets.get(step.continues or step.id)
        if socket is None:
            raise NotMade(f"it needs the WebSocket of {step.continues}, which was not opened")
        heard: list[Any] = []
        self._answers[step.id] = _Answer(code=101, body=heard, component="messages")
        for message in step.messages:
            if message.sent:
                value = self._value(message.value)
                spelled = value if message.text else json.dumps(value, separators=(",", ":"))
                await socket.send_str(as_text(spelled))
                continue
            came = await socket.receive()
            if came.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                return _Answer(code=0, error=f"the app closed the WebSocket after {len(heard)} messages")
            is_read = isinstance(came.data, str) and not message.text
            around = framed(came.data) if is_read else None
            heard.append(around[1] if around else _parsed(came.data) if is_read else came.data)
            on_value(len(heard), lambda: ())
        if step.closes:
            await self._sockets.pop(step.continues or step.id).close()
        return _Answer(code=101, body=heard, component="messages")

    # Values

    def _value(self, expression: Expression) -> Any:
        return evaluated(expression, self._leaf)

    def _leaf(self, leaf: Any) -> Any:
        match leaf:
            case Link():
                return self._linked(leaf)
            case VariableRef():
                return self._value(self._plan.values.get(leaf.name))
            case SecretRef():
                given = self._plan.secrets
                return "".join(given.get(p, "") if i % 2 else p for i, p in enumerate(leaf.pieces))
            case Cookie():
                jar = list(self._session.cookie_jar)
                found = [c.value for c in jar if c.key == leaf.name]
                if not found and (stem := _without_port(leaf.name)) != leaf.name:
                    found = [c.value for c in jar if _without_port(c.key) == stem]
                if not found:
                    raise NotMade(f"it needs the cookie {leaf.name!r}, which the app has not set")
                return unquote(found[-1]) if leaf.decoded else found[-1]
            case AppUrl():
                return self._root
            case Generated():
                if leaf.kind == "time":
                    return generated(leaf, time.time())
                return self._generated.setdefault(leaf.name, generated(leaf, time.time()))
            case File():
                if not leaf.path:
                    raise NotMade(f"the bytes of the file {leaf.name!r} were not kept")
                return kept_file(self._files, leaf).read_bytes()
            case LocalFile():
                return Path(leaf.path).read_bytes()
        raise TypeError(f"{type(leaf).__name__} is not part of an expression")

    def _linked(self, link: Link) -> Any:
        answer = self._answers.get(link.step)
        if answer is None:
            raise NotMade(f"it needs what {link.step} gives, which was not made")
        if not answer.code:
            raise NotMade(f"it needs what {link.step} gives, which failed")
        step = next(s for s in self._plan.workflow.steps if s.id == link.step)
        component = step.outputs[link.output].component if link.output < len(step.outputs) else ""
        try:
            return follow(link, answer.headers if component == "headers" else answer.body, self._leaf)
        except LookupError as error:
            why = error.args[0] if error.args and " " in str(error.args[0]) else f"there is no {error}"
            raise NotMade(f"in the response of {link.step} {why}") from None
        except (TypeError, ValueError) as error:
            raise NotMade(f"the response of {link.step} is not as recorded: {error}") from None


def _without_port(name: str) -> str:
    """A cookie's name without the port that some apps put at its end."""
    return re.sub(r"\d{4,5}$", "", name)


def _aligned(recorded: list[Any], live: list[Any]) -> list[Any]:
    """The items of a stream in the recorded order. Of a kind that came more or less often than it was recorded,
    such as one that reports progress, only that it came at all is compared."""
    kinds: dict[Any, list[Any]] = {}
    for item in live:
        kinds.setdefault(_kind_of(item), []).append(item)
    counts = Counter(map(_kind_of, recorded))
    seen: Counter[Any] = Counter()
    found = []
    for item in recorded:
        kind = _kind_of(item)
        same = kinds.get(kind, [])
        if len(same) == counts[kind]:
            found.append(same[seen[kind]])
        elif same:
            found.append(item)
        seen[kind] += 1
    return found


def _kind_of(item: Any) -> Any:
    """What tells items of a stream apart: their members, and the words in those that name a kind."""
    if not isinstance(item, dict):
        return type(item).__name__
    words = tuple(
        str(item[name]) for name in ("event", "type", "kind", "op") if isinstance(item.get(name), str)
    )
    return tuple(sorted(item)), words


def _quoted(name: str) -> str:
    """The name of a part, or of a file in it."""
    return re.sub('[\r\n"]', lambda sign: f"%{ord(sign[0]):02X}", name)


def _text_of(content: bytes, type: str) -> str:
    """The text of an answer, in the encoding that it says or begins with; UTF-8 where it says none that is known."""
    for mark, charset in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(charset, "replace")
    said = re.search(r';\s*charset="?([\w.:-]+)', type, re.IGNORECASE)
    return content.decode(codec(said[1]) if said else "utf-8", "replace")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

"""Gradio's own protocol over one pooled connection: what the page does, without the page.

One :class:`App` for a replay, and one :class:`Page` with its own session for each page that was recorded. A queued
call is ``POST queue/join``, answered on a stream that all calls of the page share; which the app closes when
nothing is pending, so that it is opened again by the next call. The app's own ``api_prefix`` and ``protocol``
decide the rest.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import contextlib
import hashlib
import json
import secrets
import string
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Literal
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from yarl import URL

from recorder.adapters.gradio.describe import Dependency, Description, describe
from recorder.adapters.gradio.stream import Decoder, failure_of, output_of, unquoted
from recorder.adapters.gradio.wire import Messages
from recorder.errors import AppError
from recorder.replay.site import RETRIES

DIFFS = ("sse_v2", "sse_v2.1", "sse_v3")
"""Protocols in which the values of a stream after its first are differences."""

SPOKEN = ("sse_v1", *DIFFS)

STARTING = (502, 503, 504)
"""What a server in front of an app answers while the app is not up."""

NOT_TAKEN = (429, 503)
"""The app, or a server in front of it, says that it took nothing: its queue is full, or it is busy. What answers
another 5xx may have been carried out, so that it is not asked again."""

LONGEST_WAIT = 10.0
"""Seconds to wait at most where the app says how long."""

UNKNOWN = "; whether the app carried it out is not known, so that it is not repeated"

Ending = Literal["ok", "failed", "cancelled"]


class Answer(msgspec.Struct, kw_only=True):
    """What came of one call: its outputs in wire order (None where it gave none), the app's own values."""

    status: Ending = "ok"
    outputs: list[Any] | None = None
    error: str | None = None
    values: int = 0
    """How many arrived before the last."""
    renders: list[dict[str, Any]] = msgspec.field(default_factory=list)
    stream: list[list[Any]] = msgspec.field(default_factory=list)
    """The values before the last, as many of them as were asked for."""
    retries: list[str] = msgspec.field(default_factory=list)
    """Why it was made again, a sentence each without a final stop."""


class FormFile(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a form that is a file."""

    name: str
    type: str
    content: bytes


class Reception:
    """The messages about one call, as they arrive, folded into its :class:`Answer`. No I/O.

    Args:
        diffs: whether values after the first are differences.
        keep: how many of the values before the last to keep.
    """

    def __init__(self, diffs: bool, keep: int = 0) -> None:
        self.answer = Answer()
        self.over = False
        self.started = False
        self._keep = keep
        self._decoder = Decoder(diffs)

    def feed(self, message: dict[str, Any]) -> None:
        """Take one message; any but those of the protocol are passed over."""
        match message.get("msg"):
            case "process_starts":
                self.started = True
            case "process_generating" | "process_streaming":
                self._value(message)
            case "process_completed":
                self.started = self.over = True
                if message.get("success") is False:
                    self.fail(failure_of(message))
                else:
                    self.complete(output_of(message))
            case "unexpected_error" | "server_stopped":
                said = message.get("message")
                self.fail(unquoted(said) if isinstance(said, str) else "the app stopped")
            case _:
                pass

    @property
    def last(self) -> list[Any] | None:
        """The value that came last before the end: raw outputs in wire order."""
        return self._decoder.last

    def complete(self, output: dict[str, Any]) -> None:
        """Take the last output: of the stream, or what an unqueued call is answered with."""
        self.over = True
        outputs = self._decoder.outputs(output)
        if outputs is not None:
            self.answer.outputs = outputs
        self._render(output)

    def fail(self, error: str | None) -> None:
        """End the call."""
        self.over = True
        if self.answer.status != "cancelled":
            self.answer.status = "failed"
            self.answer.error = error

    def cancelled(self) -> None:
        """The call was cancelled from this side; what comes after tells nothing."""
        self.answer.status = "cancelled"

    def _value(self, message: dict[str, Any]) -> None:
        data = self._decoder.value(message)
        if data is None:
            return
        self.answer.values += 1
        if len(self.answer.stream) < self._keep:
            self.answer.stream.append(data)
        self._render(output_of(message))

    def _render(self, output: dict[str, Any]) -> None:
        if isinstance(output.get("render_config"), dict):
            self.answer.renders.append(output["render_config"])


class NotGradio(AppError):
    """Somebody answers, who is no Gradio app."""


OWN_HEADERS: ContextVar[Mapping[str, str]] = ContextVar("OWN_HEADERS", default=MappingProxyType({}))
"""What goes with every request to the app, by which a recorder inside it knows its own."""

LOGINS: ContextVar[Mapping[str, str]] = ContextVar("LOGINS", default=MappingProxyType({}))
"""The ``Authorization`` that apps want, by ``host:port``: see :func:`log_in_to`."""


def log_in_to(url: str, login: str) -> None:
    """Send a login (``user:password``) with what is asked of the app at ``url`` from here on."""
    basic = base64.b64encode(login.encode()).decode()
    LOGINS.set({**LOGINS.get(), _place(URL(url)): f"Basic {basic}"})


def own_headers(root: str) -> aiohttp.ClientMiddlewareType:
    """Adds what goes with every request to the app at ``root``, and to no other: there is a login in it."""
    place = _place(URL(root))
    given = dict(OWN_HEADERS.get())
    if login := LOGINS.get().get(place):
        given["Authorization"] = login

    async def add(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if _place(request.url) == place:
            for name, value in given.items():
                request.headers.setdefault(name, value)
        return await handler(request)

    return add


def _place(url: URL) -> str:
    # A WebSocket of the app has another scheme.
    return f"{url.host}:{url.port}"


class App:
    """The live app. Use as ``async with await App.connect(url) as app``.

    ``root`` is where it answers, without a final slash; ``description`` what it says of itself.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        root: str,
        query: str,
        config: dict[str, Any],
        info: Any,
        environment: Mapping[str, str],
        retries: int,
    ) -> None:
        self.root = root
        self.description: Description = describe(config, info) or Description()
        self.query = f"?{query}" if query else ""
        self._http = http
        self._environment = environment
        self._retries = retries
        self._logging_in = asyncio.Lock()
        self._logins = 0
        self._pages: list[Page] = []
        beats = config.get("connect_heartbeat")
        self._beats = beats if isinstance(beats, bool) else _keeps_state(self.description)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        query: str = "",
        environment: Mapping[str, str],
        patience: float = 10.0,
        retries: int = RETRIES,
        on_wait: Callable[[str], None] | None = None,
    ) -> App:
        """Find the app at ``url``, log in where it wants that, and read its description.

        Args:
            query: the page's own query string, which goes with every call.
            environment: holds ``RECORDER_USERNAME`` and ``RECORDER_PASSWORD`` for an app with a login.
            patience: seconds to wait for an app that is still starting.
            retries: how often to repeat what the app did not take.
            on_wait: told once, in a sentence, that there is waiting.

        Raises:
            AppError: nobody answers, it is no Gradio app, it speaks too old a protocol, or it refuses the login.
        """
        parts = urlsplit(url)
        root = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            # Addresses are names of apps here as well, and log in by cookie like any other.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=15),
            headers={"x-gradio-user": "app"},
            middlewares=(own_headers(root),),
            json_serialize=json.dumps,
            trust_env=True,
        )
        try:
            answer = await _patiently(http, root, patience, on_wait)
            if answer.status in (401, 403):
                await _log_in(http, root, environment)
                answer = await _patiently(http, root, 0, None)
            config = _config(answer)
            if config is None:
                said = f"HTTP {answer.status}" if answer.status != 200 else "something else"
                raise NotGradio(
                    f"{root} is not a Gradio app: its /config answers {said}",
                    "Give the app's own address, with the path that it is mounted at",
                )
            protocol = config.get("protocol")
            if protocol not in SPOKEN:
                raise AppError(
                    f"{root} speaks the protocol {protocol!r}, which is not known here",
                    "Run it on Gradio 4.44 or newer",
                )
            info = await _info(http, answer.root, config)
            return cls(http, answer.root, query, config, info, environment, retries)
        except BaseException:
            await http.close()
            raise

    async def __aenter__(self) -> App:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for page in self._pages:
            await page.close()
        await self._http.close()

    def page(self) -> Page:
        """A new page: a session of its own, with its own State."""
        page = Page(self, self._http, self.description.protocol in DIFFS, self._beats)
        self._pages.append(page)
        return page

    @property
    def api(self) -> str:
        """Where its API answers."""
        return self.root + self.description.api_prefix

    def file_url(self, path: str) -> str:
        """Where it serves the file that it calls ``path``."""
        return f"{self.api}/file={quote(path, safe='/:=@')}"

    async def post(self, path: str, body: dict[str, Any], retries: list[str]) -> tuple[int, Any]:
        """Send JSON to the API; again where nothing was taken, or where the login has expired.

        Args:
            retries: gets a sentence for each time.

        Returns:
            the status and the JSON of the answer, None where it is none.
        """
        tries = 0
        while True:
            logins = self._logins
            try:
                async with self._http.post(self.api + path, json=body) as response:
                    status, answer = response.status, _parsed(await response.text(errors="replace"))
                    wait = _retry_after(response)
            except aiohttp.ClientConnectorError as error:
                # Nothing was sent.
                if tries == self._retries:
                    raise
                status, answer, wait, why = 0, None, None, f"the app could not be reached ({_said(error)})"
            else:
                if status == 401 and logins == self._logins and self._logins <= self._retries:
                    await self._log_in_again(logins)
                    retries.append("the login had expired, so that it was made anew")
                    continue
                if status == 401 and logins != self._logins:
                    continue
                if status not in NOT_TAKEN or tries == self._retries:
                    return status, answer
                why = f"the app took nothing ({_detail(answer) or f'HTTP {status}'})"
            pause = min(0.2 * 2**tries if wait is None else wait, LONGEST_WAIT)
            tries += 1
            retries.append(f"{why}, so that it was asked again after {pause:.1f} s")
            await asyncio.sleep(pause)

    async def _log_in_again(self, logins: int) -> None:
        """Once for all calls that found the login expired."""
        async with self._logging_in:
            if self._logins == logins:
                await _log_in(self._http, self.root, self._environment)
                self._logins += 1

    async def upload(self, path: Path, name: str, type: str | None) -> str:
        """Send a file as the page does, under ``name``.

        Returns:
            the app's own path for it.

        Raises:
            AppError: it did not take the file.
        """
        with path.open("rb") as file:
            writer = aiohttp.MultipartWriter("form-data")
            part = aiohttp.payload.get_payload(file)
            part.headers["Content-Type"] = type or "application/octet-stream"
            part.headers["Content-Disposition"] = f'form-data; name="files"; filename="{_form_name(name)}"'
            writer.append_payload(part)
            try:
                async with self._http.post(f"{self.api}/upload", data=writer) as response:
                    text = await response.text(errors="replace")
                    status = response.status
            except (aiohttp.ClientError, OSError) as error:
                raise AppError(f"{name!r} could not be uploaded: {_said(error)}") from None
        answer = _parsed(text)
        if status == 200 and isinstance(answer, list) and answer and isinstance(answer[0], str):
            return answer[0]
        raise AppError(f"The app did not take the file {name!r}: HTTP {status} {_detail(answer)}".rstrip())

    async def digest(self, path: str, copy: BinaryIO | None = None, most: int = 0) -> tuple[str, int]:
        """SHA-256 and size in bytes of a file of the app's.

        Args:
            copy: gets its bytes, the first ``most`` of them.

        Raises:
            AppError: it does not hand it out.
        """
        digest, size = hashlib.sha256(), 0
        try:
            async with self._http.get(URL(self.file_url(path), encoded=True)) as response:
                if response.status != 200:
                    raise AppError(f"HTTP {response.status}")
                async for chunk in response.content.iter_any():
                    digest.update(chunk)
                    if copy is not None and size < most:
                        copy.write(chunk[: most - size])
                    size += len(chunk)
        except (aiohttp.ClientError, OSError) as error:
            raise AppError(_said(error)) from None
        return digest.hexdigest(), size


class Page:
    """One page's session with the app. Calls may be made at the same time; they share one stream."""

    def __init__(self, app: App, http: aiohttp.ClientSession, diffs: bool, heartbeat: bool) -> None:
        self.session_hash = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(11))
        self._app = app
        self._http = http
        self._api = app.api
        self._query = app.query
        self._diffs = diffs
        self._waiting: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._early: dict[str, list[dict[str, Any]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._heart = asyncio.create_task(self._beat()) if heartbeat else None

    async def close(self) -> None:
        """End the session; the app cancels what still runs in it."""
        for task in (self._reader, self._heart):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def call(
        self,
        dependency: Dependency,
        data: list[Any],
        *,
        trigger_id: int | None = None,
        event_data: Any = None,
        frames: Sequence[list[Any]] = (),
        cut_short: bool = False,
        cancel_after: int | None = None,
        keep: int = 0,
        on_value: Callable[[int, list[Any]], None] | None = None,
    ) -> Answer:
        """Make one call and wait for its end. Whatever the app does is an answer, never an exception.

        Args:
            data: in wire order, State as None.
            frames: what a device sends after ``data``, each once the app has answered the one before: within the call
                where its connection is a stream, in calls of their own otherwise.
            cut_short: the last of them is not waited for.
            cancel_after: cancel once so many values have come (0: once it runs).
            keep: how many of the values before the last to keep.
            on_value: told the number of values so far, and the last of them, raw outputs in wire order.
        """
        body = {
            "data": data,
            "event_data": event_data,
            "fn_index": dependency.id,
            "trigger_id": trigger_id,
            "session_hash": self.session_hash,
        }
        streams = dependency.connection == "stream"
        values = 0
        retries: list[str] = []
        for sent in [data] if streams else [data, *frames]:
            reception = Reception(self._diffs and not streams, keep)
            reception.answer.values = values
            reception.answer.retries = retries
            body = {**body, "data": sent}
            try:
                if dependency.queue:
                    rest = list(frames) if streams else []
                    await self._queued(body, dependency, reception, rest, cut_short, cancel_after, on_value)
                else:
                    await self._direct(body, reception)
            except (aiohttp.ClientError, OSError) as error:
                reception.fail(f"the connection was lost: {_said(error)}")
            values = reception.answer.values + 1
            if reception.answer.status != "ok":
                break
        return reception.answer

    async def ask(self, component_id: int, function: str, data: Any, form: bool) -> Answer:
        """Call a function that a control has on the server, and wait for its end, as :meth:`call` does.

        Args:
            data: what it is given; where ``form``, the fields of a form, texts and :class:`FormFile` by name.
        """
        own = {"component_id": component_id, "fn_name": function, "session_hash": self.session_hash}
        sent: dict[str, Any] = {"json": {"data": data, **own}}
        if form:
            fields = aiohttp.FormData(default_to_multipart=True)
            for name, value in {**data, **own}.items():
                if isinstance(value, FormFile):
                    kind = value.type or "application/octet-stream"
                    fields.add_field(name, value.content, filename=value.name, content_type=kind)
                else:
                    fields.add_field(name, str(value))
            sent = {"data": fields}
        answer = Answer()
        try:
            async with self._http.post(f"{self._api}/component_server/", **sent) as response:
                said = _parsed(await response.text(errors="replace"))
                if response.status == 200:
                    answer.outputs = [] if said is None else [said]
                else:
                    answer.status = "failed"
                    answer.error = _detail(said) or f"HTTP {response.status}"
        except (aiohttp.ClientError, OSError) as error:
            answer.status, answer.error = "failed", f"the connection was lost: {_said(error)}"
        return answer

    async def _direct(self, body: dict[str, Any], reception: Reception) -> None:
        status, answer = await self._app.post(f"/run/predict{self._query}", body, reception.answer.retries)
        if status == 200 and isinstance(answer, dict):
            reception.complete(answer)
        else:
            # The error itself may be null where the app does not show its errors.
            reception.fail(
                _detail(answer) or (None if isinstance(answer, dict) else _refused(status, answer))
            )

    async def _queued(
        self,
        body: dict[str, Any],
        dependency: Dependency,
        reception: Reception,
        frames: list[list[Any]],
        cut_short: bool,
        cancel_after: int | None,
        on_value: Callable[[int, list[Any]], None] | None,
    ) -> None:
        status, answer = await self._app.post(f"/queue/join{self._query}", body, reception.answer.retries)
        event_id = answer.get("event_id") if isinstance(answer, dict) else None
        if not isinstance(event_id, str):
            reception.fail(_refused(status, answer))
            return
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in self._early.pop(event_id, ()):
            messages.put_nowait(message)
        self._waiting[event_id] = messages
        ended = False
        streams = dependency.connection == "stream"
        try:
            while not reception.over:
                if self._reader is None or self._reader.done():
                    self._reader = asyncio.create_task(self._read())
                before = reception.answer.values
                # A call that was ended from here need not say so.
                reception.feed(await asyncio.wait_for(messages.get(), 5 if ended and not streams else None))
                answered = reception.answer.values > before
                if on_value is not None and answered:
                    on_value(reception.answer.values, reception.last or [])
                if reception.over or ended:
                    continue
                if streams:
                    if answered and frames:
                        await self._post(f"/stream/{event_id}", {**body, "data": frames.pop(0)})
                        answered = False
                    if not frames and (answered or cut_short):
                        ended = reception.started
                        if ended:
                            await self._post(f"/stream/{event_id}/close", {})
                elif cancel_after is not None and (
                    reception.answer.values >= cancel_after if cancel_after else reception.started
                ):
                    ended = True
                    await self._cancel(event_id, dependency)
                    reception.cancelled()
        except asyncio.TimeoutError:
            pass
        except asyncio.CancelledError:
            # Out of time, or the person has had enough: the app must not go on working for nobody.
            with contextlib.suppress(aiohttp.ClientError, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self._cancel(event_id, dependency), 2)
            raise
        finally:
            del self._waiting[event_id]

    async def _cancel(self, event_id: str, dependency: Dependency) -> None:
        body = {"event_id": event_id, "session_hash": self.session_hash, "fn_index": dependency.id}
        await self._post("/cancel", body)
        await self._post("/reset", {"event_id": event_id})

    async def _post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        async with self._http.post(self._api + path, json=body) as response:
            return response.status, _parsed(await response.text(errors="replace"))

    async def _read(self) -> None:
        """Read the stream for as long as a call waits; the app ends it whenever nothing is pending."""
        silent = 0
        while self._waiting:
            heard = False
            try:
                url = f"{self._api}/queue/data?session_hash={self.session_hash}"
                async with self._http.get(url) as response:
                    if response.status != 200:
                        self._lost(f"HTTP {response.status} instead of the stream of results")
                        return
                    async for message in _messages(response):
                        heard = self._dispatch(message) or heard
            except (aiohttp.ClientError, OSError) as error:
                self._lost(f"the stream of results broke ({_said(error)}){UNKNOWN}")
                return
            silent = 0 if heard else silent + 1
            if silent == 3:
                self._lost(f"the stream of results ended before the call did{UNKNOWN}")
                return

    def _dispatch(self, message: Any) -> bool:
        """Hand a message to the call it is about; whether it was about any."""
        if not isinstance(message, dict):
            return False
        event_id = message.get("event_id")
        if isinstance(event_id, str) and event_id in self._waiting:
            self._waiting[event_id].put_nowait(message)
            return True
        if isinstance(event_id, str):
            # The stream of another call may speak of one whose own join is not answered yet.
            if len(self._early) < 100:
                self._early.setdefault(event_id, []).append(message)
            return True
        if message.get("msg") in ("unexpected_error", "server_stopped"):
            for queue in self._waiting.values():
                queue.put_nowait(message)
        return False

    def _lost(self, why: str) -> None:
        for queue in self._waiting.values():
            queue.put_nowait({"msg": "unexpected_error", "message": why})

    async def _beat(self) -> None:
        """What keeps the session's State alive, and has its unload handlers called at the end."""
        try:
            async with self._http.get(f"{self._api}/heartbeat/{self.session_hash}") as response:
                async for _ in response.content.iter_any():
                    pass
        except (aiohttp.ClientError, OSError):
            pass  # a session without a heartbeat works, only not for as long


async def _messages(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """The JSON messages of an event stream, each as soon as it is whole."""
    text, messages = codecs.getincrementaldecoder("utf-8")("replace"), Messages()
    async for chunk in response.content.iter_any():
        for message in messages.feed(text.decode(chunk)):
            yield message


class _Config(msgspec.Struct):
    """How ``/config`` was answered, and ``root``: where, after redirects."""

    status: int
    text: str
    root: str


async def _patiently(
    http: aiohttp.ClientSession, root: str, patience: float, on_wait: Callable[[str], None] | None
) -> _Config:
    """``/config``, waited for while nobody listens there yet."""
    deadline = time.monotonic() + patience
    while True:
        try:
            timeout = aiohttp.ClientTimeout(total=max(patience, 30))
            async with http.get(f"{root}/config", timeout=timeout) as response:
                text = await response.text(errors="replace")
                if response.status not in STARTING or time.monotonic() > deadline:
                    answered = str(response.url.with_query(None)).rstrip("/").removesuffix("/config")
                    return _Config(response.status, text, answered)
                why = f"HTTP {response.status}"
        except (aiohttp.InvalidURL, ValueError):
            raise AppError(f"{root!r} is not an address", "Give one such as http://127.0.0.1:7860") from None
        except asyncio.TimeoutError:
            raise AppError(
                f"{root} does not answer", "Check that the app runs and is not overloaded"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            why = _said(error)
            if time.monotonic() > deadline:
                raise AppError(
                    f"{root} cannot be reached: {why}", "Start the app, or name another address with --url"
                ) from None
        if on_wait is not None:
            on_wait(f"waiting for the app at {root} ({why})")
            on_wait = None
        await asyncio.sleep(0.25)


async def _info(http: aiohttp.ClientSession, root: str, config: dict[str, Any]) -> Any:
    """What the app says of the names of its parameters, None where it says nothing."""
    prefix = config.get("api_prefix")
    url = f"{root}{prefix if isinstance(prefix, str) else ''}/info?all_endpoints=true"
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=30)) as response:
            return _parsed(await response.text(errors="replace")) if response.status == 200 else None
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
        return None


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """How many seconds the app asks to wait, where it says that as a number."""
    try:
        return max(float(response.headers.get("Retry-After", "")), 0.0)
    except ValueError:
        return None


def _refused(status: int, answer: Any) -> str:
    """Why a call was not begun, as far as that is known."""
    said = _detail(answer)
    unknown = UNKNOWN if status >= 500 and status not in NOT_TAKEN else ""
    return f"{said or f'HTTP {status}'}{unknown}"


async def _log_in(http: aiohttp.ClientSession, root: str, environment: Mapping[str, str]) -> None:
    names = ("RECORDER_USERNAME", "RECORDER_PASSWORD")
    if not all(environment.get(name) for name in names):
        raise AppError(f"{root} wants a login", f"Set {' and '.join(names)} in the environment")
    form = {"username": environment[names[0]], "password": environment[names[1]]}
    try:
        async with http.post(f"{root}/login", data=form) as response:
            await response.read()
            status = response.status
    except (aiohttp.ClientError, OSError) as error:
        raise AppError(f"{root} cannot be reached: {_said(error)}") from None
    if status != 200:
        raise AppError(f"{root} does not accept the login (HTTP {status})", f"Check {' and '.join(names)}")


def _config(answer: _Config) -> dict[str, Any] | None:
    config = _parsed(answer.text)
    return config if answer.status == 200 and describe(config) is not None else None


def _keeps_state(description: Description) -> bool:
    return any(c.state for c in description.components.values()) or any(
        event == "unload" for d in description.dependencies.values() for _, event in d.targets
    )


def _form_name(name: str) -> str:
    """A file name as browsers write it into a form."""
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.encode("utf-8", "replace").decode()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _detail(answer: Any) -> str:
    if isinstance(answer, dict):
        for key in ("error", "detail"):
            if isinstance(answer.get(key), str):
                return unquoted(answer[key]) or ""
            if answer.get(key) is not None:
                return json.dumps(answer[key])
    return ""


def _said(error: BaseException) -> str:
    """An error of the connection in a few words."""
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error)
        return "nothing listens there" if isinstance(error.os_error, ConnectionRefusedError) else reason
    return str(error) or type(error).__name__

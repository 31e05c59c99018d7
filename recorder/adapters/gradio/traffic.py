"""Gradio's traffic, event by event: which requests belong to which call, and what the streams said of it.

The first half of the fold: pure bookkeeping over the wire, without knowing what the app says of itself. Protocol:
``gradio/client/js/src`` (``submit.ts``, ``stream.ts``) and ``gradio/routes.py``.
"""

from __future__ import annotations

import json
import mimetypes
import re
from bisect import bisect_right
from typing import Any
from urllib.parse import parse_qs

import msgspec

from recorder.adapters import Want
from recorder.adapters.gradio.stream import Decoder, failure_of, output_of
from recorder.adapters.gradio.wire import Messages, is_file_data, map_text
from recorder.address import parts_of
from recorder.events import (
    Act,
    AnyEvent,
    Chunk,
    Done,
    Fetched,
    Lost,
    Mark,
    PageOpened,
    Part,
    Request,
    Response,
    Secret,
    SocketMessage,
    SocketOpened,
)
from recorder.inline import Inline, data_url, inline, inline_url
from recorder.session import Status

_ENDPOINT = re.compile(
    r"^(?P<root>.*?)(?P<prefix>/gradio_api)?/"
    r"(?P<what>queue/join|queue/data|run/predict|api/predict|cancel|reset|upload|heartbeat/[^/]+|component_server"
    r"|stream/(?P<event>[^/]+)(?P<close>/close)?)/?$"
)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A function that a component has on the server; ``form``: what it is given is sent as a form."""

    component_id: int
    function: str
    form: bool = False


class WireFrame(msgspec.Struct, kw_only=True):
    """What a device sent after a call's own ``data``, in the same order."""

    data: list[Any]
    order: int
    at: float


class WireCall(msgspec.Struct, kw_only=True):
    """One call as the wire showed it, still in the app's own terms: ids, positions, raw values."""

    page: str
    root: str
    fn_index: int
    data: list[Any]
    order: int
    started: float
    before: bool = False
    server: Server | None = None
    """What it calls in place of a dependency."""
    session_hash: str = ""
    trigger_id: int | None = None
    event_data: Any = None
    query: str = ""
    act: Act | None = None
    event_id: str | None = None
    begin_order: int | None = None
    """When the page first heard that it ran."""
    first: float | None = None
    ended: float | None = None
    end_order: int | None = None
    values: list[tuple[int, list[Any]]] = msgspec.field(default_factory=list)
    """Order and whole outputs of every value that arrived before the last."""
    outputs: list[Any] | None = None
    frames: list[WireFrame] = msgspec.field(default_factory=list)
    closed: int | None = None
    """Order of the moment when the page said that no more frames will come."""
    repeated: bool = False
    """The last message only said the last value again: a stream that was closed with nothing left to do."""
    decoder: Decoder = msgspec.field(default_factory=Decoder)
    renders: list[tuple[int, Any]] = msgspec.field(default_factory=list)
    changed_states: list[int] = msgspec.field(default_factory=list)
    status: Status = "unfinished"
    error: str | None = None
    logs: list[str] = msgspec.field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether more is to come."""
        return self.ended is None


class App(msgspec.Struct, kw_only=True, eq=False):
    """One Gradio app seen on a page; ``root`` is its address without a final slash. An app that is started anew with
    other code is another one at the same address."""

    root: str
    prefix: str = ""
    config: Any = None
    info: Any = None


class Traffic:
    """Feed events in the order of the journal; read ``calls`` (by start), ``apps``, ``files`` and ``secrets``."""

    def __init__(self) -> None:
        self.calls: list[WireCall] = []
        self.apps: dict[str, App] = {}
        self.files: dict[str, Fetched] = {}
        self.secrets: dict[str, Secret] = {}
        self.pages: dict[str, PageOpened] = {}
        self._opened: dict[str, int] = {}
        self._described_at: dict[str, tuple[list[int], list[App]]] = {}
        """By address: when an app said what it is, and the one that it was then."""
        self.lost: list[Lost] = []
        self.start: Mark | None = None
        self.stop: Mark | None = None
        self._order = 0
        self._wants: list[Want] = []
        self._wanted: set[str] = set()
        self._acts: dict[tuple[str, str], Act] = {}
        self._joins: dict[tuple[str, str], WireCall] = {}
        self._direct: dict[tuple[str, str], WireCall] = {}
        self._served: dict[tuple[str, str], WireCall] = {}
        self._streams: dict[tuple[str, str], Messages] = {}
        self._statuses: dict[tuple[str, str], int] = {}
        self._descriptions: dict[tuple[str, str], str] = {}
        self._by_event: dict[str, WireCall] = {}
        self._sockets: dict[tuple[str, str], WireCall] = {}
        self._early: dict[str, list[tuple[float, dict[str, Any]]]] = {}

    @property
    def is_gradio(self) -> bool:
        """Whether there is a Gradio app at all."""
        if self.calls or any(page.root for page in self.pages.values()):
            return True
        configs = (app.config for app in self.apps.values() if isinstance(app.config, dict))
        return any("components" in config and "dependencies" in config for config in configs)

    def wants(self) -> list[Want]:
        """What became wanted since this was last asked."""
        wants, self._wants = self._wants, []
        return wants

    def feed(self, event: AnyEvent) -> None:
        """Take one event; what does not concern Gradio is passed over."""
        self._order += 1
        match event:
            case Request():
                self._request(event)
            case Chunk():
                self._chunk(event)
            case Response():
                self._statuses[event.page, event.id] = event.status
            case Done():
                self._done(event)
            case SocketOpened():
                match_ = _ENDPOINT.match(parts_of(event.url).path)
                if match_ is not None and match_["event"] in self._by_event:
                    self._sockets[event.page, event.id] = self._by_event[match_["event"]]
            case SocketMessage():
                call = self._sockets.get((event.page, event.id))
                if call is not None and event.sent:
                    self._frame(call, event.at, event.body.text)
            case Act():
                self._acts[event.page, event.id] = event
            case PageOpened():
                self.pages[event.page] = event
                self._opened[event.page] = self._order
                address = parts_of(event.root or event.url)
                if address.scheme in ("http", "https"):
                    path = address.path.rstrip("/") if event.root else address.path.rpartition("/")[0]
                    root = f"{address.scheme}://{address.netloc}{path}"
                    # It may have been started anew since the page before.
                    self._wanted.discard(_config_url(root))
                    self._want_config(root)
            case Fetched():
                self._fetched(event)
            case Secret():
                self.secrets[event.placeholder] = event
            case Lost():
                self.lost.append(event)
            case Mark():
                if event.what == "start":
                    self.start = event
                else:
                    self.stop = event
            case _:
                pass

    # Requests and their answers

    def _request(self, event: Request) -> None:
        address = parts_of(event.url)
        if event.method == "GET" and address.path.endswith(("/config", "/info")):
            self._descriptions[event.page, event.id] = event.url
        match_ = _ENDPOINT.match(address.path)
        if match_ is None:
            return
        root = f"{address.scheme}://{address.netloc}{match_['root']}"
        what = match_["what"]
        app = self.apps.setdefault(root, App(root=root))
        if app.config is None:
            self._want_config(root)
        if match_["prefix"] is not None:
            app.prefix = match_["prefix"]
        if app.info is None:
            self._want_info(app)
        key = (event.page, event.id)
        if what == "queue/data":
            self._streams[key] = Messages()
        elif event.method == "POST" and what in ("queue/join", "run/predict", "api/predict"):
            call = self._call(event, root, address.query)
            if call is None:
                return
            self.calls.append(call)
            (self._joins if what == "queue/join" else self._direct)[key] = call
            if not call.before:
                self._want_files(app, call.data, sent=True)
        elif event.method == "POST" and what == "component_server":
            if (call := self._server_call(event, root)) is not None:
                self.calls.append(call)
                self._served[key] = call
        elif event.method == "POST" and what == "cancel":
            self._cancel(event)
        elif event.method == "POST" and match_["event"] in self._by_event:
            call = self._by_event[match_["event"]]
            if match_["close"] is None:
                self._frame(call, event.at, event.body.text)
            elif call.closed is None:
                call.closed = self._order

    def _frame(self, call: WireCall, at: float, text: str | None) -> None:
        """More of a webcam's or microphone's: a POST on 6.x, a message of a WebSocket on 5.x."""
        body = _json(text)
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, list) or not call.open or call.closed is not None:
            return
        data = self._compact(data, call.before)
        call.frames.append(WireFrame(data=data, order=self._order, at=at))
        if not call.before:
            self._want_files(self.apps[call.root], data, sent=True)

    def _call(self, event: Request, root: str, query: str) -> WireCall | None:
        body = _json(event.body.text)
        if not isinstance(body, dict) or not isinstance(body.get("fn_index"), int):
            return None
        data = self._compact(body.get("data"), event.before)
        trigger = body.get("trigger_id")
        return WireCall(
            page=event.page,
            root=root,
            fn_index=body["fn_index"],
            data=data if isinstance(data, list) else [],
            order=self._order,
            started=event.at,
            before=event.before,
            session_hash=str(body.get("session_hash") or ""),
            trigger_id=trigger if isinstance(trigger, int) else None,
            event_data=body.get("event_data"),
            query=query,
            act=self._acts.get((event.page, event.act)) if event.act else None,
        )

    def _server_call(self, event: Request, root: str) -> WireCall | None:
        body: Any = _json(event.body.text)
        form = event.body.kind == "parts"
        if form:
            body = {part.name: self._part(part, event.before) for part in event.body.parts}
        if not isinstance(body, dict) or not isinstance(body.get("fn_name"), str):
            return None
        try:
            id = int(body.get("component_id"))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        own = ("component_id", "fn_name", "session_hash")
        data = {k: v for k, v in body.items() if k not in own} if form else body.get("data")
        if not event.before:
            self._want_files(self.apps[root], data, sent=True)
        return WireCall(
            page=event.page,
            root=root,
            fn_index=-1,
            server=Server(component_id=id, function=body["fn_name"], form=form),
            data=[data if form else self._compact(data, event.before)],
            order=self._order,
            started=event.at,
            before=event.before,
            act=self._acts.get((event.page, event.act)) if event.act else None,
        )

    def _done(self, event: Done) -> None:
        key = (event.page, event.id)
        status = self._statuses.pop(key, 0)
        if (url := self._descriptions.pop(key, None)) is not None:
            # What the page asked for itself is known without asking again, wherever the app may be.
            self._described(url, event.body.text if status == 200 else None)
        elif (call := self._joins.pop(key, None)) is not None:
            answer = _json(event.body.text)
            event_id = answer.get("event_id") if isinstance(answer, dict) else None
            if isinstance(event_id, str):
                call.event_id = event_id
                self._by_event[event_id] = call
                for at, message in self._early.pop(event_id, ()):
                    self._message(at, message)
            else:
                self._end(call, event.at, "failed", error=_error(answer, event.error, status))
        elif (call := self._direct.pop(key, None)) is not None:
            answer = _json(event.body.text)
            if isinstance(answer, dict) and isinstance(answer.get("data"), list):
                self._completed(call, event.at, answer)
                self._end(call, event.at, "ok")
            else:
                self._end(call, event.at, "failed", error=_error(answer, event.error, status))
        elif (call := self._served.pop(key, None)) is not None:
            answer = _json(event.body.text)
            if 200 <= status < 300:
                self._completed(call, event.at, {"data": [] if answer is None else [answer]})
                self._end(call, event.at, "ok")
            else:
                self._end(call, event.at, "failed", error=_error(answer, event.error, status))
        elif key in self._streams:
            if event.body.text:
                self._stream(key, event.at, event.body.text)
            del self._streams[key]

    def _chunk(self, event: Chunk) -> None:
        key = (event.page, event.id)
        if key in self._streams:
            self._stream(key, event.at, event.text)

    def _stream(self, key: tuple[str, str], at: float, text: str) -> None:
        for message in self._streams[key].feed(text):
            if isinstance(message, dict):
                # Messages that came in one piece have an order too.
                self._order += 1
                self._message(at, message)

    def _message(self, at: float, message: dict[str, Any]) -> None:
        event_id = message.get("event_id")
        if not isinstance(event_id, str):
            if message.get("msg") == "unexpected_error":
                for call in self.calls:
                    if call.open and call.event_id:
                        self._end(call, at, "failed", error=str(message.get("message") or ""))
            return
        call = self._by_event.get(event_id)  # type: ignore[assignment]
        if call is None:
            # The stream of an earlier call may speak of this one before its own join is answered.
            self._early.setdefault(event_id, []).append((at, message))
            return
        if not call.open:
            return
        if message.get("msg") != "estimation" and call.begin_order is None:
            call.begin_order = self._order
        match message.get("msg"):
            case "process_generating" | "process_streaming":
                self._generating(call, at, message)
            case "process_completed":
                if message.get("success") is False:
                    self._end(call, at, "failed", error=failure_of(message))
                else:
                    self._completed(call, at, output_of(message))
                    self._end(call, at, "ok")
            case "log":
                call.logs.append(f"{message.get('level', 'info')}: {message.get('log', '')}")
            case "unexpected_error":
                self._end(call, at, "failed", error=str(message.get("message") or ""))
            case _:
                pass

    def _generating(self, call: WireCall, at: float, message: dict[str, Any]) -> None:
        data = call.decoder.value(message)
        if data is None:
            return
        if call.first is None:
            call.first = at
        if message.get("msg") == "process_streaming":
            data = self._compact(data, call.before)
        call.values.append((self._order, data))
        self._rendered(call, output_of(message))

    def _completed(self, call: WireCall, at: float, output: dict[str, Any]) -> None:
        data = call.decoder.outputs(output)
        if data is not None:
            if call.first is None:
                call.first = at
            is_last = bool(call.values) and data is call.decoder.last
            call.outputs = call.values[-1][1] if is_last else self._compact(data, call.before)
        call.repeated = output.get("is_generating") is True
        states = output.get("changed_state_ids")
        call.changed_states = [s for s in states if isinstance(s, int)] if isinstance(states, list) else []
        self._rendered(call, output)
        if not call.before and call.outputs is not None:
            self._want_files(self.apps[call.root], call.outputs)

    def _rendered(self, call: WireCall, output: dict[str, Any]) -> None:
        if isinstance(output.get("render_config"), dict):
            call.renders.append((self._order, output["render_config"]))

    def _end(self, call: WireCall, at: float, status: Status, error: str | None = None) -> None:
        call.status = status
        call.error = error
        call.ended = at
        call.end_order = self._order
        if call.begin_order is None:
            call.begin_order = self._order

    def _cancel(self, event: Request) -> None:
        body = _json(event.body.text)
        if not isinstance(body, dict):
            return
        call = self._by_event.get(str(body.get("event_id")))
        if call is not None and call.open:
            self._end(call, event.at, "cancelled")

    # What is wanted of the app

    def _want_config(self, root: str) -> None:
        self._want(Want(url=_config_url(root), keep="text"))

    def _want_info(self, app: App) -> None:
        self._want(Want(url=_info_url(app), keep="text"))

    def _compact(self, value: Any, before: bool) -> Any:
        """With the bytes of long ``data:`` URLs kept as files: a webcam sends megabytes of them."""

        def keep(text: str) -> Any:
            found = None if before else inline(text)
            if found is None:
                return text
            what, content = found
            kind = what.type.partition(";")[0]
            name = kind.partition("/")[0] + (mimetypes.guess_extension(kind) or "")
            self._want(Want(url=inline_url(what), keep="file", name=name, content=content))
            return what

        return map_text(value, keep)

    def _part(self, part: Part, before: bool) -> Any:
        if part.filename is None:
            return part.value or ""
        what = Inline(type=part.type or "", sha256="", size=part.size or 0, name=part.filename)
        if part.value and (found := data_url(part.value)) is not None:
            said, content = found
            what = msgspec.structs.replace(what, sha256=said.sha256)
            if not before:
                self._want(Want(url=inline_url(what), keep="file", name=part.filename, content=content))
        return what

    def _want_files(self, app: App, value: Any, sent: bool = False) -> None:
        for file in file_data_in(value):
            url = file_url(file, app)
            # What the app streams has no end; what a microphone sent is a file like any other.
            if url and (sent or file.get("is_stream") is not True):
                name = str(file.get("orig_name") or file["path"]).replace("\\", "/").rpartition("/")[2]
                self._want(Want(url=url, keep="file", name=name))

    def _want(self, want: Want) -> None:
        if want.url not in self._wanted:
            self._wanted.add(want.url)
            self._wants.append(want)

    def _fetched(self, event: Fetched) -> None:
        if event.sha256 or event.path:
            self.files[event.url] = event
        elif event.url.partition("?")[0].endswith(("/config", "/info")):
            if not self._described(event.url, event.body.text if event.status == 200 else None):
                # Refused before the login, or not up yet: the next page or call asks again.
                self._wanted.discard(event.url)
        else:
            self.files.setdefault(event.url, event)

    def _described(self, url: str, text: str | None) -> bool:
        """Take what an app says of itself at ``url``; whether it said anything."""
        address, said = url.partition("?")[0], _json(text)
        if not isinstance(said, dict):
            return False
        if address.endswith("/info"):
            for app in self.apps.values():
                if address == f"{app.root}{app.prefix}/info":
                    app.info = said
            return True
        if not isinstance(said.get("dependencies"), list):
            return False
        root = address.removesuffix("/config")
        app = self.apps.setdefault(root, App(root=root))
        if app.config is not None and _shape(app.config) != _shape(said):
            app = self.apps[root] = App(root=root)
            self._wanted.discard(_info_url(app))
        app.config = said
        app.prefix = str(said.get("api_prefix") or "")
        self._want_info(app)
        orders, apps = self._described_at.setdefault(root, ([], []))
        orders.append(self._order)
        apps.append(app)
        return True

    def app_of(self, call: WireCall) -> App:
        """The app that a call went to: as it said that it is by then, but not before the page was opened."""
        orders, apps = self._described_at.get(call.root, ([], []))
        if not orders:
            return self.apps[call.root]
        opened = bisect_right(orders, self._opened.get(call.page, 0))
        until = bisect_right(orders, call.order)
        return apps[min(max(opened, until - 1), len(apps) - 1)]


def _config_url(root: str) -> str:
    return f"{root}/config"


def _info_url(app: App) -> str:
    return f"{app.root}{app.prefix}/info?all_endpoints=true"


def _shape(config: dict[str, Any]) -> list[Any]:
    """What makes a config that of the same code: its functions, and what they take and give. Values come and go."""

    def of(listed: Any, names: tuple[str, ...]) -> list[Any]:
        entries = listed if isinstance(listed, list) else []
        return [[entry.get(name) for name in names] for entry in entries if isinstance(entry, dict)]

    return [
        of(config.get("components"), ("id", "type")),
        of(config.get("dependencies"), ("id", "api_name", "inputs", "outputs", "targets")),
    ]


def file_data_in(value: Any) -> list[dict[str, Any]]:
    """Every FileData object inside a raw value, depth first."""
    if is_file_data(value):
        return [value]
    if isinstance(value, dict):
        return [f for v in value.values() for f in file_data_in(v)]
    if isinstance(value, list):
        return [f for v in value for f in file_data_in(v)]
    return []


def file_url(file: dict[str, Any], app: App) -> str:
    """Where the app serves a FileData."""
    for key in ("url", "path"):
        said = file.get(key)
        if isinstance(said, str) and said.startswith(("http://", "https://")):
            return said
    path = file.get("path")
    return f"{app.root}{app.prefix}/file={path}" if isinstance(path, str) and path else ""


def page_query(call: WireCall) -> str:
    """The page's own query string that a call carried, without the parameters that Gradio itself reads."""
    own = ("__theme", "view", "deep_link", "__sign", "session_hash", "__lang")
    kept = [
        part for part in call.query.split("&") if part and next(iter(parse_qs(part, True)), "") not in own
    ]
    return "&".join(kept)


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _error(answer: Any, seen: str | None, status: int) -> str:
    if isinstance(answer, dict):
        for key in ("error", "detail"):
            if isinstance(answer.get(key), str):
                return str(answer[key])
    return seen or (f"HTTP {status}" if status else "")

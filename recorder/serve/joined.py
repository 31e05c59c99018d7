"""What ``recorder.toml`` adds to a Gradio app, called as its own endpoints are: by index, by name, queued or at once.

Source: ``gradio/routes.py`` and the messages of ``gradio/server_messages.py``, protocol ``sse_v3``: a session's calls
answer over one stream, ours among the app's own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import mimetypes
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp
import msgspec

from recorder.adapters.gradio.amending import FIRST
from recorder.api import Endpoint, Parameter
from recorder.errors import RecorderError
from recorder.replay.transport import OWN_HEADERS
from recorder.serve.tools import Tool, takes_file, takes_files
from recorder.session import encode_value

Run = Callable[[Tool, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Calls a tool with values, and gives its outputs as JSON by name; RecorderError where it fails."""
KEPT = 1000
"""Calls whose answer nobody has fetched yet."""
_PLACE = re.compile(
    r"/(?P<way>queue/join|queue/data|cancel|(?P<by>run|api|call|call/v2)/(?P<name>[^/]+)(?:/(?P<id>[^/]+))?)/?$"
)


def endpoints_of(tools: Sequence[Tool]) -> list[Endpoint]:
    """Tools as endpoints of a Gradio app, with indices of their own."""
    found = []
    for place, tool in enumerate(tools):
        outputs = [o for o in tool.last.outputs if not o.state] if tool.last is not None else []
        names = [(o.name, o.label) for o in outputs] or [("result", "result")]
        found.append(
            Endpoint(
                id=f"/{tool.name}",
                name=tool.name,
                api_name=tool.name,
                fn_index=FIRST + place,
                description=tool.description,
                visibility="hidden" if tool.hidden else "public",
                parameters=tuple(
                    Parameter(
                        name=v.name,
                        label=v.label or v.name,
                        component="file" if takes_file(v) or takes_files(v) else v.component,
                        schema=tool.schema()["properties"][v.name],
                        python_type=v.python_type,
                        has_default=not v.required,
                        default=encode_value(v.value) if not takes_file(v) and not takes_files(v) else None,
                    )
                    for v in tool.workflow.variables
                ),
                returns=tuple(Parameter(name=name, label=label) for name, label in names),
            )
        )
    return found


class _Call(msgspec.Struct, kw_only=True):
    id: str
    session: str = ""
    done: asyncio.Future[dict[str, Any]]
    task: asyncio.Task[None] | None = None


class Joined:
    """The added endpoints of one app.

    Args:
        tools: what is added.
        app: gives the app's address, from which the files are read that were uploaded to it.
        run: calls one.
    """

    def __init__(self, tools: Sequence[Tool], app: Callable[[], str], run: Run) -> None:
        self.endpoints = endpoints_of(tools)
        self._tools = dict(zip((e.fn_index for e in self.endpoints), tools, strict=True))
        self._names = {e.api_name: e.fn_index for e in self.endpoints}
        self._app = app
        self._run = run
        self._calls: dict[str, _Call] = {}
        self._said: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self._ours: dict[str, int] = {}
        self._theirs: set[str] = set()

    def takes(self, method: str, target: str, body: bytes) -> bool:
        """Whether a request is for one of these, or for a stream on which they answer."""
        path, _, query = target.partition("?")
        place = _PLACE.search(unquote(path))
        if place is None or not self._tools:
            return False
        if method == "GET" and place["way"] == "queue/data":
            return bool(parse_qs(query).get("session_hash"))
        if method == "GET":
            return place["id"] is not None and place["id"] in self._calls
        said = _json(body)
        if place["way"] == "cancel":
            return said.get("event_id") in self._calls
        if place["way"] == "queue/join" and said.get("fn_index") not in self._tools:
            # The app's own answers are awaited on the same stream.
            self._theirs.add(str(said.get("session_hash")))
            self._wake(str(said.get("session_hash")))
            return False
        return said.get("fn_index") in self._tools or (
            place["by"] is not None and place["name"] in self._names
        )

    async def answer(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        reply: Callable[[Any], Awaitable[None]],
        stream: Callable[[AsyncIterator[bytes]], Awaitable[None]],
    ) -> None:
        """Answer a request that it :meth:`takes`, with JSON or with server-sent events."""
        path, _, query = target.partition("?")
        place = _PLACE.search(unquote(path))
        assert place is not None
        if place["way"] == "queue/data":
            await stream(self._messages(parse_qs(query)["session_hash"][0], target, headers))
        elif method == "GET":
            await stream(self._result(self._calls[place["id"]]))
        elif place["way"] == "cancel":
            call = self._calls[_json(body)["event_id"]]
            if call.task is not None:
                call.task.cancel()
            await reply({"success": True})
        else:
            said = _json(body)
            index = said.get("fn_index")
            index = self._names[place["name"]] if index not in self._tools else index
            data = said.get("data")
            if place["by"] == "call/v2" and not isinstance(data, list):
                data = said
            session = str(said.get("session_hash") or "") if place["way"] == "queue/join" else ""
            call = self._begin(self._tools[index], data, session, headers)
            if place["by"] in ("run", "api"):
                output = await call.done
                self._calls.pop(call.id, None)
                await reply(output)
            else:
                await reply({"event_id": call.id})

    def _begin(self, tool: Tool, data: Any, session: str, headers: Mapping[str, str]) -> _Call:
        call = _Call(
            id=secrets.token_hex(16), session=session, done=asyncio.get_running_loop().create_future()
        )
        while len(self._calls) >= KEPT:
            self._calls.pop(next(iter(self._calls)))
        self._calls[call.id] = call
        if session:
            self._ours[session] = self._ours.get(session, 0) + 1
            self._queue(session).put_nowait({"msg": "process_starts", "event_id": call.id, "eta": None})
        call.task = asyncio.create_task(self._work(call, tool, data, headers))
        return call

    async def _work(self, call: _Call, tool: Tool, data: Any, headers: Mapping[str, str]) -> None:
        begun = time.monotonic()
        output: dict[str, Any] = {"error": "cancelled"}
        try:
            made = await self._run(tool, await self._values(tool, data, headers))
            seconds = time.monotonic() - begun
            output = {
                "data": list(made.values()),
                "is_generating": False,
                "duration": seconds,
                "average_duration": seconds,
                "render_config": None,
                "changed_state_ids": [],
            }
        except RecorderError as error:
            output = {"error": str(error)}
        finally:
            if not call.done.done():
                call.done.set_result(output)
            if call.session:
                self._queue(call.session).put_nowait(
                    {
                        "msg": "process_completed",
                        "event_id": call.id,
                        "output": output,
                        "success": "error" not in output,
                        "title": None,
                    }
                )

    async def _values(self, tool: Tool, data: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        variables = tool.workflow.variables
        if isinstance(data, list):
            data = {variable.name: value for variable, value in zip(variables, data, strict=False)}
        given = {}
        for variable in variables:
            if variable.name not in data:
                continue
            value = data[variable.name]
            if takes_file(variable) or takes_files(variable):
                if value is None:
                    continue
                many = value if isinstance(value, list) else [value]
                files = [await self._file(item, headers) for item in many]
                value = files if takes_files(variable) else files[0]
            given[variable.name] = value
        return given

    async def _file(self, value: Any, headers: Mapping[str, str]) -> Any:
        """A file that was uploaded to the app, as a ``data:`` URL; what is none stays."""
        if not isinstance(value, dict) or not isinstance(value.get("path"), str):
            return value
        root = self._app().rstrip("/")
        async with aiohttp.ClientSession(headers=_passed_on(headers)) as http:
            for place in (f"{root}/gradio_api/file=", f"{root}/file="):
                async with http.get(place + value["path"]) as answer:
                    if answer.status == 200:
                        kind = mimetypes.guess_type(str(value.get("orig_name") or value["path"]))[0]
                        content = base64.b64encode(await answer.read()).decode()
                        return f"data:{kind or 'application/octet-stream'};base64,{content}"
        raise RecorderError(f"The app does not have the file {value['path']}")

    async def _result(self, call: _Call) -> AsyncIterator[bytes]:
        output = await call.done
        self._calls.pop(call.id, None)
        if "error" in output:
            yield f"event: error\ndata: {json.dumps(output['error'])}\n\n".encode()
        else:
            yield f"event: complete\ndata: {json.dumps(output['data'])}\n\n".encode()

    # One stream for all calls of a session

    def _queue(self, session: str) -> asyncio.Queue[dict[str, Any] | None]:
        return self._said.setdefault(session, asyncio.Queue())

    def _wake(self, session: str) -> None:
        if session in self._said:
            self._said[session].put_nowait(None)

    async def _messages(self, session: str, target: str, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        queue = self._queue(session)
        pump: asyncio.Task[None] | None = None
        try:
            if session not in self._ours:
                # Nobody has called us on it: whatever the app says of this stream is the answer.
                self._theirs.add(session)
            while True:
                if session in self._theirs and pump is None:
                    self._theirs.discard(session)
                    pump = asyncio.create_task(self._pump(session, target, headers, queue))
                message = await queue.get()
                if message is None:
                    if pump is not None and pump.done():
                        pump = None
                elif message.get("msg") != "close_stream":
                    yield f"data: {json.dumps(message)}\n\n".encode()
                    if message.get("msg") == "process_completed" and message.get("event_id") in self._calls:
                        self._calls.pop(message["event_id"], None)
                        self._ours[session] -= 1
                if (
                    pump is None
                    and session not in self._theirs
                    and not self._ours.get(session)
                    and queue.empty()
                ):
                    break
            yield b'data: {"msg": "close_stream", "event_id": null}\n\n'
        finally:
            if pump is not None:
                pump.cancel()
            self._ours.pop(session, None)
            self._said.pop(session, None)

    async def _pump(
        self,
        session: str,
        target: str,
        headers: Mapping[str, str],
        queue: asyncio.Queue[dict[str, Any] | None],
    ) -> None:
        """Put what the app says on its own stream into ``queue``, and at the end nothing."""
        parts = urlsplit(self._app())
        timeout = aiohttp.ClientTimeout(total=None)
        try:
            async with aiohttp.ClientSession(headers=_passed_on(headers), timeout=timeout) as http:
                async with http.get(f"{parts.scheme}://{parts.netloc}{target}") as answer:
                    held = b""
                    async for chunk in answer.content.iter_any():
                        *events, held = (held + chunk).split(b"\n\n")
                        for event in events:
                            if isinstance(message := _json(event.partition(b"data:")[2]), dict) and message:
                                queue.put_nowait(message)
        except (aiohttp.ClientError, OSError):
            pass
        finally:
            asyncio.get_running_loop().call_soon(queue.put_nowait, None)

    async def close(self) -> None:
        """End what is still running."""
        for call in self._calls.values():
            if call.task is not None:
                call.task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await call.task


def _json(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the headers of whoever asks, those by which the app knows them."""
    return {
        **OWN_HEADERS.get(),
        **{name: headers[name] for name in ("cookie", "authorization") if name in headers},
    }

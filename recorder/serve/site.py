"""What of ours is served beside an app, under ``/_recorder/``: its API as page, Markdown, JSON and OpenAPI, calls by
name, recorded workflows, and tools over MCP. An ASGI application, for the proxy and for an app that has it attached.

Whoever hosts it has checked the ``Host``; what changes anything is refused here to pages of other sites.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable as ReferencingError

from recorder.api import Api, Endpoint
from recorder.capture.beside import Passing, Receive, Recorded, Scope, Send
from recorder.errors import AppError, RecorderError, UsageError
from recorder.events import ToPanel
from recorder.replay.report import StepReport
from recorder.replay.transport import OWN_HEADERS
from recorder.serve import openapi
from recorder.serve.answering import (
    MOST,
    Refused,
    answer,
    answer_json,
    begin,
    body_of,
    fail,
    json_of,
    only,
    readable,
    refuse_other_sites,
    root_of,
    sse_event,
    unless_gone,
    visit_of,
)
from recorder.serve.calling import Outcome, call, media_type
from recorder.serve.door import Door
from recorder.serve.joined import Joined
from recorder.serve.library import SESSIONS, Library
from recorder.serve.offer import Offer, Offered
from recorder.serve.page import Page, clients, dump, html, markdown, page_of
from recorder.serve.panel import Panel
from recorder.serve.tools import Tool, listed, tools_of
from recorder.session import File, encode_value, files_in

OURS = "/_recorder/"
MCP = OURS + "mcp"

_STATUS = {"app": 422, "time": 504}


class Site:
    """Answers what is under ``/_recorder/`` of one app, and decides about requests to it.

    Args:
        headers: what goes with every request that it makes to the app.
    """

    def __init__(self, offer: Offer, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.offer = offer
        self._headers = headers
        self._joined = Joined(offer.added, lambda: offer.url, self._outputs) if offer.added else None
        self._door = Door(offer, self._joined)
        self._library = Library(offer, headers)
        self.watches = self._door.watches
        self.secrets = offer.config.secrets
        self._running = 0
        self._mcp: asyncio.Task[None] | None = None
        self._manager: Any = None
        self._begun: asyncio.Future[None]

    async def close(self) -> None:
        """End what is still being served."""
        self._library.close()
        if self._joined is not None:
            await self._joined.close()
        if self._mcp is not None:
            self._mcp.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._mcp

    @property
    def files(self) -> Path:
        """The folder to which the paths of recorded files are relative."""
        return (self.offer.folder or Path()).resolve()

    def reached_at(self, url: str) -> None:
        """The app answers at ``url``, where it was not known before."""
        self.offer.url = self.offer.url or url

    def open_panel(self, recorded: Recorded, say: Callable[[ToPanel], None]) -> Panel:
        """A panel on what is recorded of the app."""
        return Panel(recorded, say, environment=self.offer.environment, headers=self._headers)

    async def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: Callable[[], Awaitable[bytes]]
    ) -> Passing:
        """What becomes of a request to the app: see :meth:`recorder.serve.door.Door.admit`."""
        OWN_HEADERS.set(self._headers)
        return await self._door.admit(method, target, headers, body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        OWN_HEADERS.set(self._headers)
        path, method = scope["path"], scope["method"]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        visit = visit_of(scope)
        if visit.is_page:
            # It has said a key that no other page can know.
            send = readable(send)
        try:
            if method not in ("GET", "HEAD") and not visit.is_page:
                refuse_other_sites(headers)
            if path == MCP or path.startswith(MCP + "/"):
                refuse_other_sites(headers)
                await self._speak_mcp({**scope, "path": MCP}, receive, send)
            elif path in _FORMS:
                only(method, "GET", "HEAD")
                kind, write = _FORMS[path]
                text = await write(self, root_of(scope, headers), visit.key)
                await answer(send, 200, kind, text.encode("utf-8", "surrogatepass"))
            elif path == OURS:
                only(method, "GET", "HEAD")
                await answer(send, 302, "text/plain", b"", Location="api")
            elif path.startswith(SESSIONS) and path[len(SESSIONS) :][:1] in ("", "/", "."):
                await self._library.answer(scope, headers, receive, send)
            elif path.startswith((openapi.CALL, openapi.WORKFLOWS)):
                only(method, "POST")
                is_workflow = path.startswith(openapi.WORKFLOWS)
                name = unquote(path[len(openapi.WORKFLOWS if is_workflow else openapi.CALL) :])
                given = await json_of(headers, receive)
                tool = await self._tool(name, is_workflow)
                if is_workflow:
                    await self._stream(tool, given, receive, send, _step_event)
                elif "text/event-stream" in headers.get("accept", ""):
                    await self._stream(tool, given, receive, send, _value_event)
                else:
                    await self._call(tool, given, receive, send)
            elif not path.startswith(OURS) and self._joined is not None:
                await self._join(self._joined, scope, headers, receive, send)
            else:
                raise Refused(404, "There is nothing here.")
        except Refused as refused:
            await fail(send, refused.status, refused.sentence)
        except UsageError as error:
            await fail(send, 400, str(error))
        except AppError as error:
            await fail(send, 502, str(error))
        except RecorderError as error:
            await fail(send, 500, str(error))

    async def _tool(self, name: str, is_workflow: bool) -> Tool:
        tools: Sequence[Tool] = self.offer.workflows() if is_workflow else self.offer.added
        tool = next((tool for tool in tools if tool.name == name), None)
        if tool is None and not is_workflow:
            tools = (await self.offer.read()).tools
            tool = next((tool for tool in tools if tool.name == name), None)
        if tool is None:
            known = ", ".join(tool.name for tool in tools if not tool.hidden) or "none"
            kind = "recorded workflow" if is_workflow else "tool"
            raise Refused(404, f"There is no {kind} {name!r}. There is {known}.")
        return tool

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[Path]:
        """One of the calls that may be made at once, with a folder of its own."""
        limit = self.offer.config.serve.at_once
        if self._running >= limit:
            raise Refused(429, f"{limit} calls are being made, and no more at once. Try again later.")
        self._running += 1
        try:
            with tempfile.TemporaryDirectory(prefix="recorder-") as folder:
                yield Path(folder)
        finally:
            self._running -= 1

    def _outcome(
        self,
        tool: Tool,
        given: dict[str, Any],
        folder: Path,
        told: Callable[[StepReport], None] | None = None,
    ) -> Awaitable[Outcome]:
        return call(
            tool,
            given,
            folder,
            environment=self.offer.environment,
            url=self.offer.url,
            timeout=self.offer.config.serve.timeout,
            local=False,
            on_progress=told,
        )

    async def _outputs(self, tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
        """What a tool gives, by name.

        Raises:
            RecorderError: it fails, with why.
        """
        try:
            await asyncio.to_thread(_check, tool, given)
            async with self._turn() as folder:
                outcome = await self._outcome(tool, given, folder)
                if outcome.error:
                    raise RecorderError(outcome.error)
                return outputs_of(outcome, folder)
        except Refused as refused:
            raise RecorderError(refused.sentence.rstrip(".")) from None

    async def _join(
        self, joined: Joined, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        """Answer as the Gradio app would whose endpoint is called."""
        query = scope.get("query_string", b"").decode("latin-1")
        target = scope["path"] + (f"?{query}" if query else "")

        async def reply(value: Any) -> None:
            await answer_json(send, 200, value)

        async def stream(events: AsyncIterator[bytes]) -> None:
            await begin(send, 200, {"Content-Type": "text/event-stream; charset=utf-8"})

            async def write() -> bool:
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                return True

            if await unless_gone(receive, write()):
                await send({"type": "http.response.body", "body": b""})

        body = await body_of(receive) if scope["method"] not in ("GET", "HEAD") else b""
        await joined.answer(scope["method"], target, headers, body, reply, stream)

    async def _call(self, tool: Tool, given: dict[str, Any], receive: Receive, send: Send) -> None:
        await asyncio.to_thread(_check, tool, given)
        async with self._turn() as folder:
            outcome = await unless_gone(receive, self._outcome(tool, given, folder))
            if outcome is None:
                return
            if outcome.error:
                raise Refused(_STATUS.get(outcome.why, 502), outcome.error)
            await answer_json(send, 200, {"outputs": outputs_of(outcome, folder)})

    async def _stream(
        self,
        tool: Tool,
        given: dict[str, Any],
        receive: Receive,
        send: Send,
        event: Callable[[Tool, StepReport, Path], bytes],
    ) -> None:
        """The progress as server-sent events, which ``event`` writes, then ``done`` with the outputs or ``error``."""
        await asyncio.to_thread(_check, tool, given)
        told: asyncio.Queue[bytes | None] = asyncio.Queue()

        async with self._turn() as folder:

            def tell(report: StepReport) -> None:
                if said := event(tool, report, folder):
                    told.put_nowait(said)

            await begin(send, 200, {"Content-Type": "text/event-stream; charset=utf-8"})

            async def work() -> None:
                try:
                    outcome = await self._outcome(tool, given, folder, tell)
                    if outcome.error:
                        told.put_nowait(sse_event("error", {"error": outcome.error}))
                    else:
                        told.put_nowait(sse_event("done", {"outputs": outputs_of(outcome, folder)}))
                except RecorderError as error:
                    told.put_nowait(sse_event("error", {"error": str(error)}))
                finally:
                    told.put_nowait(None)

            async def write() -> bool:
                working = asyncio.create_task(work())
                try:
                    while (event := await told.get()) is not None:
                        await send({"type": "http.response.body", "body": event, "more_body": True})
                    await working
                finally:
                    working.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await working
                return True

            if await unless_gone(receive, write()):
                await send({"type": "http.response.body", "body": b""})

    async def _speak_mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

            from recorder.serve.mcp import server
        except ImportError:
            raise Refused(501, "The package mcp is missing: pip install 'api-recorder[mcp]'.") from None
        if self._mcp is None or self._mcp.done():

            async def tools() -> tuple[Tool, ...]:
                return (await self.offer.read()).tools

            served = server(
                tools,
                environment=self.offer.environment,
                url=self.offer.url,
                timeout=self.offer.config.serve.timeout,
                at_once=self.offer.config.serve.at_once,
                local=False,
            )
            self._manager = StreamableHTTPSessionManager(served, stateless=True, max_request_body_size=MOST)
            self._begun = asyncio.get_running_loop().create_future()
            self._mcp = asyncio.create_task(_running(self._manager, self._begun))
        await asyncio.shield(self._begun)
        await self._manager.handle_request(scope, receive, send)

    async def page(self, served: str) -> Page:
        """The page of what is listed."""
        return _page(await self.offer.read(), self.files, served)


async def _running(manager: Any, begun: asyncio.Future[None]) -> None:
    """Have an SDK's manager run until cancelled: its task group has to be entered and left by one task."""
    try:
        async with manager.run():
            begun.set_result(None)
            await asyncio.Event().wait()
    except Exception as error:
        if begun.done():
            raise
        begun.set_exception(error)


def _page(offered: Offered, folder: Path, served: str) -> Page:
    """The page of what is listed, whose snippets call it where it is served, by the names that it has there."""
    app = msgspec.structs.replace(offered.app, url=served + urlsplit(offered.app.url).path.rstrip("/"))
    endpoints = tuple(map(_as_called, offered.shown.endpoints))
    here = {tool.name: tool for tool in tools_of(app, Api(endpoints=endpoints))}
    tools = [here.get(t.name, t) if t.endpoint is not None else t for t in listed(offered.tools)]
    calls = {
        here.id: call
        for was, here in zip(offered.shown.endpoints, endpoints, strict=True)
        if (call := offered.calls.get(was.id)) is not None
    }
    page = page_of(app, Api(endpoints=endpoints), calls, folder, tools=tools, served=served)
    return msgspec.structs.replace(
        page, url=offered.app.url, clients=clients(page.title, offered.app.url, served)
    )


def _as_called(endpoint: Endpoint) -> Endpoint:
    """A Gradio endpoint by the name that it is given, under which a client finds it here."""
    if not endpoint.api_name or endpoint.id != f"/{endpoint.api_name}" or endpoint.name == endpoint.api_name:
        return endpoint
    return msgspec.structs.replace(endpoint, id=f"/{endpoint.name}", api_name=endpoint.name)


async def _html(site: Site, served: str, key: Callable[[], str]) -> str:
    return html(await site.page(served), key())


async def _form(site: Site, served: str, key: Callable[[], str], write: Callable[[Page], str]) -> str:
    return write(await site.page(served))


async def _openapi(site: Site, served: str, key: Callable[[], str]) -> str:
    offered = await site.offer.read()
    page = _page(offered, site.files, served)
    examples = {entry.name: entry.example.inputs for entry in page.endpoints if entry.example.recorded}
    return openapi.dump(openapi.document(offered.app, offered.tools, examples, server=served, served=True))


_FORMS: dict[str, tuple[str, Callable[[Site, str, Callable[[], str]], Awaitable[str]]]] = {
    OURS + "api": ("text/html; charset=utf-8", _html),
    OURS + "api.md": ("text/markdown; charset=utf-8", functools.partial(_form, write=markdown)),
    OURS + "api.json": ("application/json", functools.partial(_form, write=dump)),
    OURS + "openapi.json": ("application/json", _openapi),
}


def _step_event(tool: Tool, report: StepReport, folder: Path) -> bytes:
    """How far a workflow is."""
    said = {
        "step": report.id,
        "endpoint": report.endpoint,
        "status": report.status,
        "values": report.yields,
        "seconds": round(report.seconds, 3),
        "of": len(tool.workflow.steps),
    }
    return sse_event("step", said)


def _value_event(tool: Tool, report: StepReport, folder: Path) -> bytes:
    """What a call gives on its way; nothing, where that is not what it will give."""
    is_last = tool.last is not None and report.id == tool.last.id
    if report.over or not report.outputs or not is_last:
        return b""
    return sse_event("value", {"outputs": outputs_of(Outcome(outputs=report.outputs), folder)})


def outputs_of(outcome: Outcome, folder: Path) -> dict[str, Any]:
    """What came of a call, by name, as JSON; a file is ``{name, type, size, url}`` with its bytes as ``data:`` URL.

    Args:
        folder: where the bytes of files are, by their SHA-256.
    """

    def shown(value: Any) -> Any:
        if isinstance(value, File):
            path = folder / value.sha256 if value.sha256 else None
            kind = media_type(value)
            found: dict[str, Any] = {"name": value.name, "type": kind, "size": value.size}
            if path is None or not path.is_file() or path.stat().st_size > MOST:
                return {**found, "url": None, "lost": value.lost or "too large"}
            return {**found, "url": f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"}
        if isinstance(value, list):
            return [shown(item) for item in value]
        if isinstance(value, dict):
            return {key: shown(item) for key, item in value.items()}
        return encode_value(value)

    return {
        output.name: shown(output.value) if any(files_in(output.value)) else encode_value(output.value)
        for output in outcome.outputs
        if not output.skipped
    }


_ELSEWHERE = frozenset(
    "$ref $dynamicRef $recursiveRef $id $schema $anchor $dynamicAnchor $recursiveAnchor".split()
)
_QUANTIFIER = re.compile(r"(?<!\\)(?:[*+]|\{\d+,\d*\})")
LONGEST_MATCHED = 1000
"""Characters of a text that is held against a pattern of the app."""


def bounded(schema: Any) -> Any:
    """A schema of the app's without what leads elsewhere, and without patterns that may take for ever: the app checks
    its own values too."""
    if isinstance(schema, list):
        return [bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _ELSEWHERE or key == "patternProperties":
            continue
        if key == "pattern" and isinstance(value, str):
            if not _is_quick(value):
                continue
            kept["maxLength"] = min(LONGEST_MATCHED, schema.get("maxLength", LONGEST_MATCHED))
        kept[key] = value if key in ("enum", "const", "default", "examples") else bounded(value)
    return kept


def _is_quick(pattern: str) -> bool:
    """Whether a pattern goes on for ever on no text: no groups, and at most one part that repeats."""
    if len(pattern) > 200 or re.search(r"(?<!\\)[(|]|\\[1-9k]", pattern):
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return len(_QUANTIFIER.findall(pattern)) <= 1


def _check(tool: Tool, given: dict[str, Any]) -> None:
    """Hold values against the tool's schema.

    Raises:
        Refused: one does not fit.
    """
    schema = bounded({**tool.schema(), "additionalProperties": False})
    # Nothing is fetched: an empty registry knows no other schema.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        error = next(iter(validator.iter_errors(given)), None)
    except (ReferencingError, SchemaError, re.error, RecursionError):
        return
    if error is not None:
        where = ".".join(map(str, error.absolute_path))
        raise Refused(400, f"{where}: {error.message[:400]}." if where else f"{error.message[:400]}.")

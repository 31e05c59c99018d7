"""Tools over the Model Context Protocol, on its official SDK: by stdio, or by streamable HTTP.

Source: https://modelcontextprotocol.io/specification, Tools.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from recorder import __version__
from recorder.errors import RecorderError
from recorder.replay.report import OutputReport, StepReport
from recorder.serve.calling import Outcome, call, media_type
from recorder.serve.tools import Tool
from recorder.session import File, encode_value, files_in

MOST = 16 * 1024 * 1024
"""Bytes of a file that is given as content; a larger one is only named."""
AT_ONCE = 8
PATH = "/mcp"


Offering = Callable[[], Awaitable[Sequence[Tool]]]
"""What is offered, each time as it then is."""


def server(
    offered: Offering,
    *,
    environment: Mapping[str, str] | None = None,
    url: str | None = None,
    timeout: float = 600.0,
    at_once: int = AT_ONCE,
    local: bool = True,
) -> Server[dict[str, Any]]:
    """A server that lists what is ``offered``, but for what is hidden, and calls it.

    Args:
        at_once: how many calls are made at the same time; others wait for their turn.

    The others are those of :func:`calling.call`.
    """
    turns = asyncio.Semaphore(at_once)

    async def listed(_: ServerRequestContext[Any, Any], __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema())
                for tool in await offered()
                if not tool.hidden
            ]
        )

    async def called(
        context: ServerRequestContext[Any, Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = next((tool for tool in await offered() if tool.name == asked.name), None)
        if tool is None:
            return _failed(f"There is no tool {asked.name!r}")
        telling = _Progress(context, tool)
        with tempfile.TemporaryDirectory(prefix="recorder-") as folder:
            try:
                async with turns, telling:
                    outcome = await call(
                        tool, asked.arguments or {}, Path(folder), environment=environment,
                        url=url, timeout=timeout, local=local, on_progress=telling.told,
                    )  # fmt: skip
            except RecorderError as error:
                return _failed(str(error))
            return result(outcome, Path(folder))

    return Server("API Recorder", version=__version__, on_list_tools=listed, on_call_tool=called)


class _Progress:
    """Tells the client how far a call is, in order and beside the call itself. Use as ``async with``."""

    def __init__(self, context: ServerRequestContext[Any, Any], tool: Tool) -> None:
        self._context = context
        self._total = len(tool.workflow.steps)
        self._over: set[str] = set()
        self._queue: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._values = 0

    def told(self, report: StepReport) -> None:
        """Take the report of a step."""
        if report.over:
            self._over.add(report.id)
            self._queue.put_nowait((len(self._over), f"{report.endpoint}: {report.verdict}"))
        elif report.yields:
            # Between two whole steps, for ever nearer to the next.
            self._values += 1
            share = len(self._over) + 1 - 1 / (1 + self._values)
            self._queue.put_nowait((share, f"{report.endpoint}: {report.yields} values"))

    async def __aenter__(self) -> _Progress:
        self._task = asyncio.create_task(self._tell())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            self._task.cancel()
            return
        self._queue.put_nowait(None)
        await self._task

    async def _tell(self) -> None:
        while (item := await self._queue.get()) is not None:
            await self._context.session.report_progress(item[0], self._total, item[1])


def result(outcome: Outcome, folder: Path) -> types.CallToolResult:
    """What came of a call, as content: texts, pictures, sounds and other files, and all of it as JSON beside.

    Args:
        folder: where the bytes of files are, by their SHA-256.
    """
    if outcome.error:
        return _failed(outcome.error)
    content: list[Any] = []
    for output in outcome.outputs:
        content += _content(output, folder)
    given = {output.name: encode_value(output.value) for output in outcome.outputs if not output.skipped}
    return types.CallToolResult(
        content=content or [types.TextContent(type="text", text="done")], structured_content=given
    )


def _content(output: OutputReport, folder: Path) -> Iterator[Any]:
    if output.skipped or (output.value is None and output.update is not None):
        return
    if not isinstance(output.value, File):
        text = output.value if isinstance(output.value, str) else json.dumps(encode_value(output.value))
        yield types.TextContent(type="text", text=text)
    for file in files_in(output.value):
        path = folder / file.sha256 if file.sha256 else None
        if path is None or not path.is_file() or path.stat().st_size > MOST:
            why = f" ({file.lost})" if file.lost else ""
            yield types.TextContent(type="text", text=f"The file {file.name}{why}")
            continue
        data = base64.b64encode(path.read_bytes()).decode()
        kind = media_type(file)
        if kind.startswith("image/"):
            yield types.ImageContent(type="image", data=data, mime_type=kind)
        elif kind.startswith("audio/"):
            yield types.AudioContent(type="audio", data=data, mime_type=kind)
        else:
            inside = types.BlobResourceContents(uri=f"file:///{file.sha256}", mime_type=kind, blob=data)
            yield types.EmbeddedResource(type="resource", resource=inside)


def _failed(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)


async def serve_stdio(served: Server[dict[str, Any]]) -> None:
    """Speak over standard input and output until the client ends it."""
    async with stdio_server() as (read, write):
        await served.run(read, write, served.create_initialization_options())


async def serve_http(
    served: Server[dict[str, Any]], host: str, port: int, on_ready: Callable[[str], None] | None = None
) -> None:
    """Speak streamable HTTP at ``/mcp`` until Ctrl-C. Where it listens on loopback, only requests for it are taken.

    Args:
        port: 0 for any free one.
        on_ready: told the address, once it answers.
    """
    app = served.streamable_http_app(streamable_http_path=PATH, host=host)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning")
    await _Listening(config, on_ready).serve()


class _Listening(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None and self.started:
            name, bound = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{name}]" if ":" in name else name
            self._on_ready(f"http://{shown}:{bound}{PATH}")

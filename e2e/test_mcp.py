"""Tools for language models: endpoints and recordings, called by the official client over both transports."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import Page, expect

from e2e.apps import ROOT, GradioApp
from e2e.web.running import WebApp
from recorder.capture.browser import record

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

APP = """
import time
import gradio as gr
from calllog import logged

@logged
def greet(name, mood, count):
    return f"{mood} {name}", (count or 0) + 1

@logged
def turned(picture, times):
    return picture.rotate(90 * int(times), expand=True), "turned"

@logged
def slow(n):
    for number in range(int(n)):
        time.sleep(0.1)
        yield number

@logged
def refuse():
    raise gr.Error("Not today")

with gr.Blocks(title="Gallery") as demo:
    count = gr.State(0)
    name = gr.Textbox(label="Name")
    mood = gr.Dropdown(["hello", "good bye"], value="hello", label="Mood")
    said = gr.Textbox(label="Said")
    gr.Button("Greet").click(greet, [name, mood, count], [said, count], api_name="greet")
    picture = gr.Image(label="Picture", type="pil", format="png")
    times = gr.Number(1, label="Times")
    out = gr.Image(label="Out", format="png")
    state = gr.Textbox(label="State")
    gr.Button("Turn").click(turned, [picture, times], [out, state], api_name="turn")
    n = gr.Number(3, label="N")
    last = gr.Number(label="Last")
    gr.Button("Slow").click(slow, n, last, api_name="slow")
    gr.Button("Refuse").click(refuse, None, None, api_name="refuse")
    gr.Button("Private").click(lambda: None, None, None, api_name=False)
demo.launch()
"""


@contextlib.asynccontextmanager
async def client_of(way: str, *words: str, **environment: str) -> AsyncIterator[ClientSession]:
    """The official client of `recorder mcp`."""
    command = [sys.executable, "-m", "recorder.cli", "mcp", *words]
    given = {**os.environ, **environment}
    if way == "stdio":
        server = StdioServerParameters(command=command[0], args=command[1:], env=given, cwd=ROOT)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
            await client.initialize()
            yield client
        return
    process = await asyncio.create_subprocess_exec(
        *command, "--http", "--port", "0", cwd=ROOT, env=given, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        address = ""
        while not address:
            line = (await process.stderr.readline()).decode()
            assert line, "it ended without serving"
            address = line.partition("serving at ")[2].partition(";")[0]
        async with streamable_http_client(address) as (read, write), ClientSession(read, write) as client:
            await client.initialize()
            yield client
    finally:
        process.terminate()
        await process.wait()


def handed(way: str, file: Path) -> str:
    """A file as a client names it: by its path on this machine, or by HTTP with its content."""
    content = base64.b64encode(file.read_bytes()).decode()
    return str(file) if way == "stdio" else f"data:image/png;base64,{content}"


def texts(answer: Any) -> list[str]:
    return [part.text for part in answer.content if isinstance(part, types.TextContent)]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a picture (1).png"
    path.write_bytes(PIXEL)
    return path


@pytest.mark.parametrize(("line", "way"), [("6", "stdio"), ("6", "http"), ("5", "http"), ("4", "stdio")])
async def test_each_endpoint_of_a_gradio_app_is_a_tool(
    line: str, way: str, gradio_app: Callable[..., GradioApp], picture: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP, line)
    async with client_of(way, app.url) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"greet", "turn", "slow", "refuse"}
        greet = tools["greet"].input_schema
        assert set(greet["properties"]) == {"name", "mood"} and greet["required"] == ["name"]
        assert greet["properties"]["name"]["type"] == "string"
        assert greet["properties"]["mood"]["enum"] == ["hello", "good bye"]
        assert greet["properties"]["mood"]["default"] == "hello"

        answer = await client.call_tool("greet", {"name": 'Ann "${x}"\n'})
        assert texts(answer) == ['hello Ann "${x}"\n'] and not answer.is_error
        assert answer.structured_content == {"said": 'hello Ann "${x}"\n'}

        as_data = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
        for given in (handed(way, picture), as_data):
            answer = await client.call_tool("turn", {"picture": given, "times": 2})
            assert not answer.is_error, texts(answer)
            (image,) = (part for part in answer.content if isinstance(part, types.ImageContent))
            assert image.mime_type == "image/png" and base64.b64decode(image.data).startswith(b"\x89PNG")

        told: list[float] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            told.append(progress)

        answer = await client.call_tool("slow", {"n": 4}, progress_callback=on_progress)
        assert texts(answer) == ["3"]
        assert len(told) >= 2 and told == sorted(told) and told[-1] == 1

        answer = await client.call_tool("refuse", {})
        assert answer.is_error and "Not today" in texts(answer)[0]
        answer = await client.call_tool("greet", {})
        assert answer.is_error and texts(answer) == ["greet needs name."]
        answer = await client.call_tool("turn", {"picture": "/nowhere.png"})
        assert answer.is_error
        assert ("There is no file /nowhere.png" if way == "stdio" else "data: URLs only") in texts(answer)[0]


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_a_recording_with_a_picture_is_one_tool_whose_inputs_are_its_variables(
    way: str, gradio_app: Callable[..., GradioApp], browser_path: str, picture: Path, tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP, "6")
    path = tmp_path / "turn it.json"

    async def drive(page: Page) -> None:
        await page.get_by_label("Name").fill("Ann")
        await page.get_by_role("button", name="Greet", exact=True).click()
        await expect(page.get_by_label("Said")).to_have_value("hello Ann")
        await page.locator("input[type=file]").first.set_input_files(picture)
        await expect(page.locator("img").first).to_be_visible()
        await page.get_by_role("button", name="Turn", exact=True).click()
        await expect(page.get_by_label("State")).to_have_value("turned", timeout=30_000)

    await record(app.url, output=path, headless=True, browser=browser_path, drive=drive)
    async with client_of(way, str(path)) as client:
        (tool,) = (await client.list_tools()).tools
        assert tool.name == "turn_it"
        assert set(tool.input_schema["properties"]) == {"name", "picture"}
        assert tool.input_schema["properties"]["name"]["default"] == "Ann"
        answer = await client.call_tool(tool.name, {"name": "Bob"})
        assert not answer.is_error, texts(answer)
        (image,) = (part for part in answer.content if isinstance(part, types.ImageContent))
        assert base64.b64decode(image.data).startswith(b"\x89PNG")
    assert [call["inputs"][0] for call in app.log if call["function"] == "greet"] == ["Ann", "Bob"]


@pytest.fixture
def things(tmp_path: Path) -> Iterator[WebApp]:
    app = WebApp("things", tmp_path)
    yield app
    app.stop()


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_each_endpoint_of_an_app_with_openapi_is_a_tool(
    way: str, things: WebApp, picture: Path
) -> None:
    async with client_of(way, things.url) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"make_thing", "find_things", "read_thing", "upload_picture", "read_picture"}
        make = tools["make_thing"].input_schema
        assert make["required"] == ["name"]
        assert make["properties"]["size"] == {
            "enum": ["small", "large"],
            "type": "string",
            "default": "small",
        }

        made = (await client.call_tool("make_thing", {"name": "a b/c"})).structured_content["body"]
        assert made == {"id": made["id"], "name": "a b/c", "size": "small", "parts": []}
        parts = [{"weight": 1.5}, {"weight": 2}]
        await client.call_tool("make_thing", {"name": "x", "size": "large", "parts": parts})
        answer = await client.call_tool("read_thing", {"thing_id": made["id"]})
        assert json.loads(texts(answer)[0]) == made
        answer = await client.call_tool("find_things", {"names": ["x", "y"]})
        assert [thing["name"] for thing in json.loads(texts(answer)[0])] == ["x"]
        answer = await client.call_tool("find_things", {})
        assert len(json.loads(texts(answer)[0])) == 2
        answer = await client.call_tool("read_thing", {"thing_id": 999})
        assert answer.is_error and "answered 404" in texts(answer)[0] and "No such thing" in texts(answer)[0]

        answer = await client.call_tool("upload_picture", {"file": handed(way, picture), "title": "ü"})
        about = json.loads(texts(answer)[0])
        assert about == {
            "name": picture.name if way == "stdio" else "file.png",
            "size": len(PIXEL),
            "title": "ü",
        }
        (image,) = (await client.call_tool("read_picture", {})).content
        assert isinstance(image, types.ImageContent) and base64.b64decode(image.data) == PIXEL


async def test_a_call_that_the_client_gives_up_is_given_up(gradio_app: Callable[..., GradioApp]) -> None:
    app = await asyncio.to_thread(gradio_app, APP, "6")
    async with client_of("stdio", app.url) as client:
        begun = asyncio.Event()

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        calling = asyncio.create_task(client.call_tool("slow", {"n": 600}, progress_callback=on_progress))
        await begun.wait()
        calling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await calling
        # It still serves, and the app has a worker for the next one.
        answer = await client.call_tool("slow", {"n": 2})
        assert texts(answer) == ["1"]


def test_the_tools_can_be_listed_as_json(
    recorder: Callable[..., Any], gradio_app: Callable[..., GradioApp]
) -> None:
    app = gradio_app(APP, "6")
    done = recorder("mcp", app.url, "--list", "--only", "greet")
    assert done.returncode == 0, done.stderr
    assert [tool["name"] for tool in json.loads(done.stdout)] == ["greet"]
    done = recorder("mcp", app.url, "--only", "gret")
    assert done.returncode == 2
    assert "There is no tool 'gret'. The tools are greet, turn, slow, refuse." in done.stderr


def test_an_app_that_does_not_describe_itself_is_told_with_the_remedy(
    recorder: Callable[..., Any], tmp_path: Path
) -> None:
    app = WebApp("windows", tmp_path)
    try:
        done = recorder("mcp", app.url, "--list")
    finally:
        app.stop()
    assert done.returncode == 1
    assert (
        "is no Gradio app, and describes itself at none of" in done.stderr and "--openapi FILE" in done.stderr
    )

"""`recorder.toml`: endpoints named, hidden, disabled and added, called from outside by every way there is."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client
from openapi_spec_validator import validate
from playwright.async_api import expect
from yarl import URL

from e2e.apps import ROOT, GradioApp
from e2e.test_mcp import PIXEL
from e2e.visit import BEARER, KEY, opened, press
from e2e.web.running import WebApp

PROGRAM = """
import gradio as gr
from calllog import logged

@logged
def greet(name, count):
    return f"hello {name}", (count or 0) + 1

@logged
def hide(name):
    return name[::-1]

@logged
def api_only(name):
    return name.upper()

@logged
def nobody(name):
    return name.lower()

@logged
def private(name):
    return name + "!"

@logged
def turned(picture):
    return picture.rotate(90, expand=True)

with gr.Blocks(title="House") as demo:
    count = gr.State(0)
    name = gr.Textbox(label="Name")
    said = gr.Textbox(label="Said")
    gr.Button("Greet").click(lambda name, count: greet(name, count), [name, count], [said, count])
    gr.Button("Hide").click(hide, name, said, api_name="hide")
    gr.Button("Page only").click(api_only, name, said, api_name="api_only")
    gr.Button("Nobody").click(nobody, name, said, api_name="nobody")
    gr.Button("Private").click(private, name, said, api_name=False)
    picture = gr.Image(label="Picture", type="pil", format="png")
    out = gr.Image(label="Out", format="png")
    gr.Button("Turn").click(turned, picture, out, api_name="turned")
"""
CONFIG = """
[endpoints."/lambda"]
name = "greet_them"
description = "Greets whom you like"

[endpoints."/hide"]
hidden = true

[endpoints."/api_only"]
disabled_for = "api"

[endpoints."/nobody"]
disabled = true

[add.add_and_slice]
function = "tools:add_and_slice"

[add.measure]
function = "tools:measure"

[add.turned_round]
session = "session.json"
description = "Turns a picture"
"""
TOOLS = '''
from pathlib import Path
from typing import Literal

def add_and_slice(a: int, b: int = 2, how: Literal["up", "down"] = "up") -> list[str]:
    """Adds, and slices the sum."""
    return list(str(a + b))[:: 1 if how == "up" else -1]

def measure(file: Path) -> int:
    """The length of a file, in bytes."""
    return len(file.read_bytes())
'''


@contextlib.asynccontextmanager
async def proxied(url: str, folder: Path) -> AsyncIterator[str]:
    """The address at which the command serves ``url`` with the ``recorder.toml`` of ``folder``."""
    words = [
        "proxy",
        url,
        "--port",
        "0",
        "--output",
        str(folder / "session.json"),
        "--config",
        str(folder / "recorder.toml"),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *words, cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "RECORDER_KEY": KEY},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        line = (await process.stderr.readline()).decode()
        found = re.search(r"is served at (\S+);", line)
        assert found, line
        yield found[1].rstrip("/")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a picture.png"
    path.write_bytes(PIXEL)
    yield path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a configuration, and the module that it names."""
    made = tmp_path / "house"
    made.mkdir()
    (made / "recorder.toml").write_text(CONFIG)
    (made / "tools.py").write_text(TOOLS)
    return made


async def posted(http: aiohttp.ClientSession, url: str, value: Any, **headers: str) -> tuple[int, Any]:
    async with http.post(url, json=value, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else text


async def recorded(app: GradioApp, browser_path: str, address: str, picture: Path) -> None:
    """Record one turn of a picture; before it, what the page itself may still do is done."""
    async with opened(browser_path, address) as page:
        await page.get_by_label("Name").fill("Ann")
        await page.get_by_role("button", name="Page only").click()
        await expect(page.get_by_label("Said")).to_have_value("ANN")
        await page.get_by_role("button", name="Private").click()
        await expect(page.get_by_label("Said")).to_have_value("Ann!")
        await page.get_by_role("button", name="Nobody").click()
        await expect(page.get_by_label("Said")).not_to_have_value("ann")
        await press(page, True)
        async with page.expect_response(
            lambda answer: "/upload?" in answer.url or answer.url.endswith("/upload")
        ):
            await page.locator("input[type=file]").first.set_input_files(picture)
        await page.get_by_role("button", name="Turn").click()
        await asyncio.to_thread(app.wait_for_log, 3)
        await press(page, False)


@pytest.mark.parametrize("line", ["6", "5", "4"])
async def test_names_hidden_disabled_and_added_endpoints_of_a_gradio_app_are_what_they_are_by_every_way(
    line: str,
    gradio_app: Callable[..., GradioApp],
    browser_path: str,
    folder: Path,
    picture: Path,
    recorder: Callable[..., Any],
) -> None:
    app = await asyncio.to_thread(gradio_app, PROGRAM + "demo.launch()\n", line)
    # The session that the configuration adds has to be recorded first.
    whole = (folder / "recorder.toml").read_text()
    (folder / "recorder.toml").write_text(whole.partition("[add.turned_round]")[0])
    async with proxied(app.url, folder) as address:
        await recorded(app, browser_path, address, picture)
    calls = [call["function"] for call in app.log]
    assert calls == ["api_only", "private", "turned"], calls

    (folder / "recorder.toml").write_text(whole)
    async with proxied(app.url, folder) as address, aiohttp.ClientSession(headers=BEARER) as http:
        await asyncio.to_thread(by_the_client, address, picture)

        prefix = "" if line == "4" else "/gradio_api"
        index = {"api_only": 2, "nobody": 3, "private": 4}
        for name, number in index.items():
            for place, body in (
                ("queue/join", {"data": ["x"], "fn_index": number, "session_hash": "abc"}),
                ("queue/join", {"data": ["x"], "fn_index": str(number), "session_hash": "abc"}),
                ("run/predict", {"data": ["x"], "fn_index": number}),
                ("api/predict/", {"data": ["x"], "fn_index": number}),
                *(
                    [(f"call/{name}", {"data": ["x"]}), (f"run/%{ord(name[0]):x}{name[1:]}", {"data": ["x"]})]
                    * (name != "private")
                ),
            ):
                status, said = await posted(http, f"{address}{prefix}/{place}", body)
                assert (status, "is disabled here" in str(said)) == (403, True), (name, place, status, said)
        # What a browser says of the app's own page is believed where only others are kept out.
        own = {"Sec-Fetch-Site": "same-origin"}
        join = {"data": ["x"], "session_hash": "abc"}
        assert (await posted(http, f"{address}{prefix}/queue/join", {**join, "fn_index": 2}, **own))[0] == 200
        assert (await posted(http, f"{address}{prefix}/queue/join", {**join, "fn_index": 3}, **own))[0] == 403

        status, said = await posted(http, f"{address}{prefix}/call/greet_them", {"data": ["Bo", None]})
        assert status == 200, said
        async with http.get(f"{address}{prefix}/call/greet_them/{said['event_id']}") as answer:
            text = await answer.text()
            assert '"hello Bo"' in text, text
        status, said = await posted(http, f"{address}{prefix}/call/add_and_slice", {"data": [40]})
        async with http.get(f"{address}{prefix}/call/add_and_slice/{said['event_id']}") as answer:
            assert await answer.text() == 'event: complete\ndata: [["4", "2"]]\n\n'
        status, said = await posted(http, f"{address}{prefix}/run/add_and_slice", {"data": [40, 1, "down"]})
        assert said["data"] == [["1", "4"]]

        await by_name(http, address)
        await by_mcp(f"{address}/_recorder/mcp")
    done = await asyncio.to_thread(recorder, "mcp", app.url, "--config", folder / "recorder.toml", "--list")
    assert {tool["name"] for tool in json.loads(done.stdout)} == {
        "add_and_slice", "measure", "turned_round", "greet_them", "turned"
    }  # fmt: skip


def by_the_client(address: str, picture: Path) -> None:
    """What the public client can call, and what it cannot."""
    client = Client(address, verbose=False)
    listed = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(listed) == {"/greet_them", "/turned", "/add_and_slice", "/measure", "/turned_round"}
    assert client.predict("Ann", api_name="/greet_them") == "hello Ann"
    assert client.predict("Ann", api_name="/hide") == "nnA"
    assert client.predict(a=40, api_name="/add_and_slice") == ["4", "2"]
    assert client.predict(40, 1, "down", api_name="/add_and_slice") == ["1", "4"]
    assert client.predict(handle_file(str(picture)), api_name="/measure") == len(PIXEL)
    place = next(i for i, e in client.endpoints.items() if e.api_name == "/add_and_slice")
    assert client.predict(1, fn_index=place) == ["3"]
    with pytest.raises(AppError, match="how: 'sideways' is not one of"):
        client.predict(1, 2, "sideways", api_name="/add_and_slice")
    assert client.predict(api_name="/turned_round")["url"].startswith("data:image/png;base64,")
    turned = client.predict(handle_file(str(picture)), api_name="/turned_round")
    assert turned["url"].startswith("data:image/png;base64,")
    for name in ("/api_only", "/nobody", "/lambda"):
        with pytest.raises(ValueError, match="Cannot find a function"):
            client.predict("x", api_name=name)
    for number in (2, 3, 4):
        with pytest.raises(ValueError):
            client.predict("x", fn_index=number)
    # Ours and the app's answer over one stream, whichever is first.
    jobs = [client.submit(n, api_name=name) for n in range(4) for name in ("/add_and_slice", "/greet_them")]
    assert [job.result(timeout=60) for job in jobs] == [
        answer for n in range(4) for answer in ([str(n + 2)], f"hello {n}")
    ]


async def by_name(http: aiohttp.ClientSession, address: str) -> None:
    """What the recorder's own description says, sent as it stands."""
    async with http.get(f"{address}/_recorder/openapi.json") as answer:
        document = await answer.json()
    validate(document)
    assert document["servers"] == [{"url": address}]
    paths = document["paths"]
    assert set(paths) == {
        f"/_recorder/call/{name}"
        for name in ("greet_them", "turned", "add_and_slice", "measure", "turned_round")
    } | {"/_recorder/workflows/turned_round"}
    about = paths["/_recorder/call/greet_them"]["post"]
    assert about["description"] == "Greets whom you like"
    wanted = document["components"]["schemas"]["GreetThemInput"]
    assert wanted["required"] == ["name"] and wanted["properties"]["name"]["type"] == "string"
    for path, item in paths.items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        async with http.post(address + path, json=content["example"]) as answer:
            assert answer.status == 200, (path, await answer.text())
            assert answer.content_type in item["post"]["responses"]["200"]["content"]
            text = await answer.text()
        if path.startswith("/_recorder/workflows/"):
            events = [block.partition("\n") for block in text.strip().split("\n\n")]
            assert [head for head, _, _ in events][-1] == "event: done"
            assert {head for head, _, _ in events[:-1]} == {"event: step"}
            picture = json.loads(events[-1][2].removeprefix("data: "))["outputs"]["out"]
            assert picture["url"].startswith("data:image/png;base64,")
    for name in ("hide", "api_only", "nobody"):
        status, said = await posted(http, f"{address}/_recorder/call/{name}", {"name": "x"})
        assert (status, said) == (200, {"outputs": {"said": "x"}}) if name == "hide" else status == 404
    async with http.get(f"{address}/_recorder/api") as answer:
        page = await answer.text()
    assert (
        "add_and_slice" in page and "greet_them" in page and "api_only" not in page and "nobody" not in page
    )


async def by_mcp(address: str) -> None:
    program = httpx.AsyncClient(headers=BEARER)
    async with (
        streamable_http_client(address, http_client=program) as (read, write),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"greet_them", "turned", "add_and_slice", "measure", "turned_round"}
        assert tools["turned_round"].description == "Turns a picture"
        data = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
        answer = await client.call_tool("turned_round", {"picture": data})
        assert not answer.is_error, answer
        assert any(isinstance(part, types.ImageContent) for part in answer.content)
        answer = await client.call_tool("measure", {"file": data})
        assert answer.structured_content == {"result": len(PIXEL)}


THINGS = """
[endpoints."GET /things/{thing_id}"]
name = "thing"

[endpoints."GET /things"]
hidden = true

[endpoints."POST /pictures"]
disabled_for = "api"

[endpoints."GET /pictures/last"]
disabled = true

[add.add_and_slice]
function = "tools:add_and_slice"
"""


async def test_names_hidden_disabled_and_added_endpoints_of_any_http_api_are_what_they_are_by_every_way(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "recorder.toml").write_text(THINGS)
    app = await asyncio.to_thread(WebApp, "things", tmp_path)
    try:
        async with proxied(app.url, folder) as address, aiohttp.ClientSession(headers=BEARER) as http:
            async with http.get(f"{address}/_recorder/openapi.json") as answer:
                document = await answer.json()
            validate(document)
            assert set(document["paths"]) == {
                "/things",
                "/things/{thing_id}",
                "/_recorder/call/add_and_slice",
            }
            assert set(document["paths"]["/things"]) == {"post"}
            assert document["paths"]["/things/{thing_id}"]["get"]["operationId"] == "thing"
            made = document["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]
            async with http.post(f"{address}/things", json=made["example"]) as answer:
                assert answer.status == 201, await answer.text()
            async with http.get(f"{address}/things") as answer:
                assert answer.status == 200
            assert await posted(http, f"{address}/_recorder/call/thing", {"thing_id": 0}) == (
                200,
                {"outputs": {"body": {"id": 0, **made["example"], "size": "small", "parts": []}}},
            )
            assert (await posted(http, f"{address}/_recorder/call/add_and_slice", {"a": 1}))[1] == {
                "outputs": {"result": ["3"]}
            }
            for path in (
                "/pictures/last",
                "/pictures//last",
                "/pictures/%6cast",
                "/pictures/last/",
                "/Pictures%2Flast?x",
            ):
                for method in ("GET", "HEAD"):
                    async with http.request(
                        method, URL(address + path, encoded=True), headers={"Sec-Fetch-Site": "same-origin"}
                    ) as answer:
                        assert answer.status == 403, path
            form = {"title": "x", "file": b"bytes"}
            async with http.post(f"{address}/pictures", data=form) as answer:
                assert answer.status == 403
            async with http.post(f"{address}/pictures", data=form, headers={"Origin": address}) as answer:
                assert answer.status != 403
            async with http.post(
                f"{address}/pictures", data=form, headers={"Origin": "http://evil.test"}
            ) as answer:
                assert answer.status == 403
    finally:
        app.stop()


INSIDE = f"""
import sys
sys.path += [{str(ROOT)!r}, {sysconfig.get_path("purelib")!r}, {sysconfig.get_path("platlib")!r}]
import os, recorder
"""


@pytest.mark.parametrize("line", ["6", "5"])
async def test_an_app_that_has_it_attached_is_named_hidden_disabled_and_added_to_alike(
    line: str, gradio_app: Callable[..., GradioApp], folder: Path, picture: Path
) -> None:
    whole = (folder / "recorder.toml").read_text()
    (folder / "recorder.toml").write_text(whole.partition("[add.turned_round]")[0])
    given = f"recorder.attach(demo, config={str(folder / 'recorder.toml')!r}, output={str(folder)!r})\ndemo.launch()\n"
    app = await asyncio.to_thread(gradio_app, INSIDE + PROGRAM + given, line, RECORDER_KEY=KEY)

    def by_client() -> None:
        client = Client(app.url, verbose=False)
        listed = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        assert set(listed) == {"/greet_them", "/turned", "/add_and_slice", "/measure"}
        assert client.predict("Ann", api_name="/greet_them") == "hello Ann"
        assert client.predict("Ann", api_name="/hide") == "nnA"
        assert client.predict(40, api_name="/add_and_slice") == ["4", "2"]
        assert client.predict(handle_file(str(picture)), api_name="/measure") == len(PIXEL)

    await asyncio.to_thread(by_client)
    async with aiohttp.ClientSession(headers=BEARER) as http:
        for number in (2, 3, 4):
            join = {"data": ["x"], "fn_index": number, "session_hash": "abc"}
            status, said = await posted(http, f"{app.url}/gradio_api/queue/join", join)
            assert status == 403 and "is disabled here" in said["detail"], said
        assert await posted(http, f"{app.url}/_recorder/call/greet_them", {"name": "Bo"}) == (
            200,
            {"outputs": {"said": "hello Bo"}},
        )
        async with http.get(f"{app.url}/_recorder/openapi.json") as answer:
            validate(await answer.json())


@pytest.mark.parametrize("framework", ["fastapi", "flask"])
async def test_an_http_api_that_has_it_attached_is_disabled_and_added_to_whether_it_describes_itself_or_not(
    framework: str, folder: Path, tmp_path: Path, browser_path: str
) -> None:
    path = folder / "recorder.toml"
    api_only = '[endpoints."POST /api/echo"]\ndisabled_for = "api"\n'
    path.write_text(api_only + '[add.add_and_slice]\nfunction = "tools:add_and_slice"\n')
    app = await asyncio.to_thread(
        WebApp, "attached", tmp_path, FRAMEWORK=framework, CONFIG=str(path), RECORDER_KEY=KEY
    )
    try:
        async with opened(browser_path, app.url) as page:
            await page.get_by_label("Text").fill("hello")
            await page.get_by_role("button", name="Echo").click()
            await expect(page.locator("output")).to_have_text("HELLO")
        async with aiohttp.ClientSession(headers=BEARER) as http:
            status, said = await posted(http, f"{app.url}/api/echo", {"text": "x"})
            assert status == 403 and said["detail"].endswith("is disabled here.")
            assert await posted(http, f"{app.url}/_recorder/call/add_and_slice", {"a": 1}) == (
                200,
                {"outputs": {"result": ["3"]}},
            )
            async with http.get(f"{app.url}/_recorder/openapi.json") as answer:
                document = await answer.json()
            validate(document)
            assert (
                "/api/echo" not in document["paths"] and "/_recorder/call/add_and_slice" in document["paths"]
            )
        assert app.log == [["echo", {"text": "hello"}]]
    finally:
        app.stop()


def test_a_configuration_that_does_not_fit_the_app_is_said_with_its_line(
    gradio_app: Callable[..., GradioApp], folder: Path, recorder: Callable[..., Any]
) -> None:
    app = gradio_app(PROGRAM + "demo.launch()\n", "6")
    path = folder / "recorder.toml"
    path.write_text('[endpoints."/gone"]\nhidden = true\n')
    done = recorder("api", app.url, "--config", path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"recorder: {path}, line 1: the app has no endpoint '/gone'. It has ")
    path.write_text('[endpoints."/hide"]\nhiden = true\n')
    done = recorder("api", app.url, "--config", path)
    assert done.returncode == 2 and f"{path}, line 2: there is no key 'hiden' here" in done.stderr


def test_the_requests_of_a_description_are_found_right_by_others(tmp_path: Path, folder: Path) -> None:
    """Schemathesis finds no answer that is not described; a client that a public generator writes calls the app."""
    (folder / "recorder.toml").write_text('[add.add_and_slice]\nfunction = "tools:add_and_slice"\n')
    app = WebApp("things", tmp_path)

    async def run() -> None:
        async with proxied(app.url, folder) as address:
            place = f"{address}/_recorder/openapi.json"
            checks = "status_code_conformance,content_type_conformance,response_schema_conformance,not_a_server_error"
            words = ["run", place, "--checks", checks, "--max-examples", "25", "--seed", "1", "--no-color"]
            words += [
                "--header",
                f"Authorization: {BEARER['Authorization']}",
                "--include-path-regex",
                "^/(_recorder|things)",
            ]
            done = await asyncio.to_thread(
                ran, tmp_path, Path(sys.executable).parent / "schemathesis", *words
            )
            assert done.returncode == 0, done.stdout[-6000:] + done.stderr
            # The generator cannot send the key for programs, and the description is shown to nobody else.
            description = tmp_path / "openapi.json"
            async with httpx.AsyncClient(headers=BEARER) as client:
                description.write_bytes((await client.get(place)).content)
            words = [
                "generate",
                "--path",
                str(description),
                "--output-path",
                str(tmp_path / "made"),
                "--meta",
                "none",
            ]
            done = await asyncio.to_thread(
                ran, tmp_path, Path(sys.executable).parent / "openapi-python-client", *words
            )
            assert done.returncode == 0 and "WARNING" not in done.stdout.upper(), done.stdout + done.stderr
            program = tmp_path / "call.py"
            program.write_text(
                "import sys\n"
                "from made.client import Client\n"
                "from made.api.function import add_and_slice\n"
                "from made.models import AddAndSliceInput\n"
                f"client = Client(base_url=sys.argv[1], headers={BEARER!r})\n"
                "answer = add_and_slice.sync_detailed(client=client, body=AddAndSliceInput(a=40))\n"
                "print(answer.status_code.value, answer.parsed.outputs.to_dict())\n"
            )
            done = await asyncio.to_thread(ran, tmp_path, sys.executable, str(program), address)
            assert done.stdout.strip() == "200 {'result': ['4', '2']}", done.stdout + done.stderr

    try:
        asyncio.run(run())
    finally:
        app.stop()


def ran(cwd: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "NO_COLOR": "1"},
    )

"""What an app offers, as a page: its snippets are run as they stand, the page is looked at in real Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.sync_api import Browser

from e2e.apps import ROOT, GradioApp
from e2e.test_mcp import PIXEL
from e2e.visit import BEARER, KEY
from e2e.web.running import WebApp
from recorder.capture.proxy import serve
from recorder.serve.offer import Offer
from recorder.serve.site import Site

APP = '''
import time
import gradio as gr
from calllog import logged

@logged
def greet(name, mood, count):
    """Greets somebody.

    Args:
        name: who is greeted
    """
    return f"{mood} {name}", (count or 0) + 1

@logged
def turned(picture, times):
    return picture.rotate(90 * int(times), expand=True)

@logged
def count_down(n):
    for number in range(int(n), 0, -1):
        time.sleep(0.05)
        yield number

@logged
def measure(files):
    return len(files)

with gr.Blocks(title="A <b>house</b>") as demo:
    count = gr.State(0)
    name = gr.Textbox("it's \\"${x}\\" `y`\\n", label="Name")
    mood = gr.Dropdown(["hello", "good bye"], value="hello", label="Mood")
    said = gr.Textbox(label="Said")
    gr.Button("Greet").click(greet, [name, mood, count], [said, count], api_name="greet")
    picture = gr.Image(label="Picture", type="pil", format="png")
    times = gr.Slider(1, 3, value=1, step=1, label="Times")
    out = gr.Image(label="Out", format="png")
    gr.Button("Turn").click(turned, [picture, times], out, api_name="turn")
    n = gr.Number(3, label="N")
    last = gr.Number(label="Last")
    gr.Button("Count").click(count_down, n, last, api_name="count_down")
    files = gr.File(file_count="multiple", label="Files")
    many = gr.Number(label="Many")
    gr.Button("Measure").click(measure, files, many, api_name="measure")
demo.launch()
'''

COMMANDS = {
    "python": ("py", [sys.executable]),
    "javascript": ("mjs", ["node"]),
    "curl": ("sh", ["dash"]),
}


def run_all(page: dict[str, Any], folder: Path) -> dict[tuple[str, str], str]:
    """What each snippet prints, by endpoint and language, each run as it stands."""
    folder.mkdir()
    (folder / "a_file.png").write_bytes(PIXEL)
    (folder / "a_file.txt").write_text("text")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    printed = {}
    for entry in page["endpoints"]:
        assert list(entry["snippets"]) == list(COMMANDS)
        for language, code in entry["snippets"].items():
            suffix, command = COMMANDS[language]
            script = folder / f"{entry['name']}.{suffix}"
            script.write_text(code)
            done = subprocess.run(
                [*command, script.name], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
            )  # fmt: skip
            assert done.returncode == 0, f"{language} of {entry['id']}:\n{code}\n{done.stdout}{done.stderr}"
            printed[entry["name"], language] = done.stdout
    return printed


@pytest.mark.parametrize("line", ["6", "5", "4"])
def test_the_snippets_of_a_gradio_app_run_as_they_stand(
    line: str, gradio_app: Callable[..., GradioApp], recorder: Callable[..., Any], tmp_path: Path
) -> None:
    app = gradio_app(APP, line)
    done = recorder("api", app.url, "--format", "json")
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout)
    assert [entry["id"] for entry in page["endpoints"]] == ["/greet", "/turn", "/count_down", "/measure"]
    printed = run_all(page, tmp_path / "run")
    calls = [(call["function"], call["inputs"]) for call in app.log]
    for function in ("greet", "turned", "count_down", "measure"):
        made = [inputs for name, inputs in calls if name == function]
        # All three languages have sent the same.
        assert len(made) == 3 and made[0] == made[1] == made[2], made
    assert next(inputs[:2] for name, inputs in calls if name == "greet") == ['it\'s "${x}" `y`\n', "hello"]
    assert "1" in printed["count_down", "curl"] and "complete" in printed["count_down", "curl"]


def test_the_snippets_of_an_app_with_openapi_run_as_they_stand(
    recorder: Callable[..., Any], tmp_path: Path
) -> None:
    app = WebApp("things", tmp_path)
    try:
        done = recorder("api", app.url, "--format", "json")
        assert done.returncode == 0, done.stderr
        page = json.loads(done.stdout)
        # What is read must have been made; an id that is not there is the example's.
        wanted = ["make_thing", "find_things", "upload_picture", "read_picture"]
        page["endpoints"] = sorted(
            (entry for entry in page["endpoints"] if entry["name"] in wanted),
            key=lambda entry: wanted.index(entry["name"]),
        )
        printed = run_all(page, tmp_path / "run")
    finally:
        app.stop()
    for language in COMMANDS:
        assert json.loads(printed["make_thing", language])["name"] == "text"
        assert json.loads(printed["upload_picture", language])["size"] == len("text")


def test_the_examples_of_a_session_are_what_was_recorded(
    recorder: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "visit.json"
    done = recorder("import", ROOT / "e2e/web/hars/firefox-crud.har", "-o", path)
    assert done.returncode == 0, done.stderr
    page = json.loads(recorder("api", path, "--format", "json").stdout)
    (make,) = (entry for entry in page["endpoints"] if entry["id"] == "POST /api/items")
    assert make["example"]["recorded"] and make["example"]["inputs"]["title"] == "Buy milk"
    assert json.loads(make["example"]["outputs"])["title"] == "Buy milk"


def test_the_page_shows_every_endpoint_and_nothing_in_it_hurts(
    gradio_app: Callable[..., GradioApp], recorder: Callable[..., Any], chromium: Browser, tmp_path: Path
) -> None:
    app = gradio_app(APP, "6")
    path = tmp_path / "api.html"
    assert recorder("api", app.url, "--format", "html", "-o", path).returncode == 0
    for width, scheme in ((1440, "light"), (375, "dark")):
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        trouble: list[str] = []
        page.on("pageerror", lambda error, into=trouble: into.append(str(error)))
        page.on("console", lambda message, into=trouble: into.append(message.text))
        page.goto(path.as_uri())
        assert page.get_by_role("heading", level=1).inner_text() == "A <b>house</b>"
        assert page.locator("section:visible").count() == 5
        page.keyboard.press("/")
        page.keyboard.type("picture")
        assert page.locator("section:visible").count() == 1
        page.get_by_role("button", name="curl").click()
        assert page.locator(".snippet:visible").inner_text().startswith("app=")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("Search").fill("")
        page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; 0")
        found = page.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(f["id"], f["nodes"][0]["html"]) for f in found] == []
        assert trouble == []
        page.close()


def test_what_is_tried_in_the_page_is_called_with_files_by_keyboard_and_shown(
    gradio_app: Callable[..., GradioApp], chromium: Browser, tmp_path: Path
) -> None:
    app = gradio_app(APP, "6")
    picture = tmp_path / "a picture.png"
    picture.write_bytes(PIXEL)
    words = [sys.executable, "-m", "recorder.cli", "proxy", app.url, "--port", "0", "--output", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stderr is not None
            found = re.search(r"is served at (\S+);", serving.stderr.readline())
            assert found is not None
            link = re.search(r"http\S+/_recorder/open\S+", serving.stderr.readline())
            assert link is not None
            page = chromium.new_page(color_scheme="dark")
            trouble: list[str] = []
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.goto(link[0])
            page.goto(f"{found[1]}_recorder/api")

            greet = page.locator("#greet")
            greet.locator("summary").focus()
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type('<b>Ann</b> "${x}"')
            greet.get_by_label("mood").select_option("good bye")
            greet.get_by_role("button", name="Call", exact=True).focus()
            page.keyboard.press("Enter")
            greet.locator(".result pre").wait_for()
            assert greet.locator(".result pre").inner_text() == 'good bye <b>Ann</b> "${x}"'

            turned = page.locator("#turn")
            turned.locator("summary").click()
            turned.get_by_label("picture").set_input_files(picture)
            turned.get_by_label("times").fill("9")
            turned.get_by_role("button", name="Call", exact=True).click()
            turned.locator(".wrong").wait_for()
            assert turned.locator(".wrong").inner_text() == "times: 9 is greater than the maximum of 3."
            turned.get_by_label("times").fill("1")
            turned.get_by_role("button", name="Call", exact=True).click()
            turned.locator(".result img").wait_for()
            assert turned.locator(".result img").get_attribute("src").startswith("data:image/png")  # type: ignore[union-attr]

            # A stream is shown as it comes.
            counted = page.locator("#count-down")
            counted.locator("summary").click()
            counted.get_by_role("spinbutton").fill("4")
            counted.locator(".result").evaluate(
                "(place) => new MutationObserver(() => (window.seen ??= []).push(place.innerText)).observe(place, { childList: true })"
            )
            counted.get_by_role("button", name="Call", exact=True).click()
            counted.get_by_role("button", name="Call", exact=True).wait_for()
            seen = [text.split()[-1] for text in page.evaluate("window.seen") if text.split()]
            assert seen[-1] == "1" and len(set(seen) & {"4", "3", "2"}) >= 2, seen

            page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text() + "; 0")
            found = page.evaluate("axe.run().then(({ violations }) => violations)")
            assert [(f["id"], f["nodes"][0]["html"]) for f in found] == []
            assert trouble == []
            page.close()
        finally:
            serving.terminate()
    assert [call["function"] for call in app.log] == ["greet", "turned", "count_down"]


HOSTILE = "</script><script>document.title = 'hurt'</script>`|\n```\n# x [a](javascript:1) <img src=x onerror=alert(1)>\u202e"


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_what_an_app_says_of_itself_is_text(
    form: str, recorder: Callable[..., Any], chromium: Browser, tmp_path: Path
) -> None:
    operation = {
        "operationId": HOSTILE,
        "summary": HOSTILE,
        "parameters": [
            {"name": HOSTILE, "in": "query", "required": True, "description": HOSTILE,
             "schema": {"type": "string", "enum": [HOSTILE], "default": HOSTILE}},
        ],
    }  # fmt: skip
    tree = {
        "openapi": "3.1.0",
        "info": {"title": HOSTILE, "version": "1"},
        "paths": {"/x": {"post": operation}},
    }
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(tree))
    app = WebApp("windows", tmp_path)
    out = tmp_path / "out"
    try:
        done = recorder(
            "api",
            app.url,
            "--openapi",
            description,
            "--format",
            form,
            *(["-o", out] if form != "text" else []),
        )
    finally:
        app.stop()
    assert done.returncode == 0, done.stderr
    text = out.read_text() if form != "text" else done.stdout
    if form == "html":
        page = chromium.new_page()
        out.rename(tmp_path / "out.html")
        page.goto((tmp_path / "out.html").as_uri())
        assert page.title().startswith("</script>")
        assert page.locator("img").count() == 0 and page.locator("script").count() == 1
    else:
        assert "\u202e" not in text
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
        assert form == "text" or not re.search(r"(?<!\\)[<\[]", outside), outside


async def test_the_page_is_served_beside_the_app_and_nobody_else_frames_it(
    gradio_app: Callable[..., GradioApp], tmp_path: Path
) -> None:
    app = await asyncio.to_thread(gradio_app, APP, "6")
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            app.url,
            port=0,
            output=tmp_path,
            site=Site(Offer(app.url, environment={})),
            key=KEY,
            on_ready=ready.set_result,
        )
    )
    address = (await ready).rstrip("/")
    async with aiohttp.ClientSession(headers=BEARER) as http:
        async with http.get(f"{address}/_recorder/api") as answer:
            assert answer.status == 200 and "A &lt;b&gt;house" in await answer.text()
            assert answer.headers["X-Frame-Options"] == "DENY"
            policies = answer.headers["Content-Security-Policy"].split("; ")
            assert "frame-ancestors 'none'" in policies
            assert not any("allow-same-origin" in policy for policy in policies)
        async with http.get(f"{address}/_recorder/api.json") as answer:
            assert (await answer.json())["url"] == app.url
        async with http.get(f"{address}/_recorder/api.md", headers={"Host": "evil.test"}) as answer:
            assert answer.status == 421
        await asyncio.to_thread(app.stop)
        async with http.get(f"{address}/_recorder/api.md") as answer:
            assert answer.status == 502 and "cannot be reached" in await answer.text()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving

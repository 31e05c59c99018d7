"""What cameras, microphones and files bring: recorded in real Chromium on every line of Gradio, done again by script and
by replay."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import struct
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import indent
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Page, expect

from e2e.visit import Log, is_done_again
from recorder import session as sessions
from recorder.capture.browser import record

LINES = ("6", "5", "4")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WAV = (
    b"RIFF"
    + struct.pack("<I", 36 + 16000)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH4sI", 16, 1, 1, 8000, 16000, 2, 16, b"data", 16000)
    + bytes(range(250)) * 64
)

HEAD = """
import os
import gradio as gr
from calllog import logged
LINE = gr.__version__[0]
"""


class Trait(NamedTuple):
    """A part of an app that shows one thing, and what a person does with it."""

    source: str
    visit: Callable[[Page], Awaitable[None]]


TRAITS: dict[str, Trait] = {}


def trait(source: str) -> Callable[[Callable[[Page], Awaitable[None]]], None]:
    def keep(visit: Callable[[Page], Awaitable[None]]) -> None:
        TRAITS[visit.__name__] = Trait(source, visit)

    return keep


def app_of(traits: tuple[str, ...]) -> str:
    """One app of several traits: a start of the app costs more than what is done with it."""
    parts = [TRAITS[name].source.replace("with gr.Blocks() as demo:", "with gr.Column():") for name in traits]
    return HEAD + "with gr.Blocks() as demo:\n" + indent("".join(parts), "    ") + "demo.launch()\n"


async def shows(page: Page, label: str, value: str) -> None:
    await expect(page.get_by_label(label, exact=True)).to_have_value(value, timeout=30_000)


@pytest.fixture(scope="module")
def seeing_browser(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The browser, with a camera and a microphone of its own that no page has to ask for."""
    script = tmp_path_factory.mktemp("browser") / "chromium"
    flags = "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
    script.write_text(f'#!/bin/sh\nexec "{browser_path}" {flags} "$@"\n')
    os.chmod(script, 0o755)
    return str(script)


@trait(
    """
@logged
def see(image, seen, word):
    return (seen or 0) + 1, f"{word} {min((seen or 0) + 1, 3)}"
with gr.Blocks() as demo:
    seen = gr.State(0)
    word = gr.Textbox("wide", label="Word")
    camera = gr.Image(sources=["webcam"], streaming=True, label="Camera", type="numpy")
    said = gr.Textbox(label="Said")
    often = {} if LINE == "4" else {"stream_every": 1.5, "time_limit": 60}
    camera.stream(see, [camera, seen, word], [seen, said], **often)
""",
)
async def a_webcam(page: Page) -> None:
    await page.get_by_text("Click to Access Webcam").click()
    shutter = page.get_by_role("button", name="capture photo")
    await shutter.click()
    await shows(page, "Said", "wide 3")
    await shutter.click()


@trait(
    """
@logged
def hear(sound, heard):
    heard = (heard or 0) + len(sound[1])
    return heard, f"{sound[0]} {min(heard, 1)}"
@logged
def after(said):
    return said + "!"
with gr.Blocks() as demo:
    heard = gr.State(0)
    microphone = gr.Audio(sources=["microphone"], streaming=True, label="Microphone")
    said = gr.Textbox(label="Heard")
    more = gr.Textbox(label="More")
    often = {} if LINE == "4" else {"stream_every": 1, "time_limit": 60}
    microphone.stream(hear, [microphone, heard], [heard, said], **often)
    gr.Button("After").click(after, said, more)
""",
)
async def a_microphone(page: Page) -> None:
    await page.get_by_role("button", name="Record", exact=True).click()
    await shows(page, "Heard", "48000 1")
    await page.locator(".stop-button, .stop-button-paused").first.click()
    await page.get_by_role("button", name="After").click()
    await shows(page, "More", "48000 1!")


@trait(
    """
notes = []
@logged
def add(note):
    notes.append(note)
    return notes
def hello(name):
    return "hello " + name
@logged
def count(chosen):
    return f"{len(notes)} {sorted(os.path.basename(each) for each in chosen or [])}"
SCRIPT = '
    const say = (text) => (element.querySelector("output").textContent = JSON.stringify(text));
    const twice = async () => { await server.add("by hand"); say(await server.add({ n: 1.5, s: "ü" })); };
    element.querySelector("button").addEventListener("click", twice);
    server.hello("page").then(say);
'
with gr.Blocks() as demo:
    if LINE == "6":
        template = "<button>Add</button> <output></output>"
        gr.HTML(html_template=template, js_on_load=SCRIPT, server_functions=[add, hello])
    files = gr.FileExplorer(root_dir=".", glob="*.py", label="Files")
    out = gr.Textbox(label="Counted")
    gr.Button("Count").click(count, files, out)
""".replace("'", "'''"),
)
async def functions_of_controls(page: Page) -> None:
    await page.get_by_text("calllog.py").wait_for()
    if await page.get_by_text("hello page").count():
        await page.get_by_role("button", name="Add").click()
        await page.get_by_text('{"n":1.5,"s":"ü"}').wait_for()
    await page.get_by_role("checkbox").last.check()
    await page.get_by_role("button", name="Count").click()
    await expect(page.get_by_label("Counted", exact=True)).to_have_value(re.compile(r"\]$"), timeout=30_000)


@trait(
    """
@logged
def look(drawing):
    return f"{len(drawing['layers'])} {drawing['composite'] is not None}" if drawing else ""
@logged
def keep(drawing):
    return look(drawing) + " kept"
with gr.Blocks() as demo:
    editor = gr.ImageEditor(label="Editor", type="pil", canvas_size=(300, 300))
    seen = gr.Textbox(label="Seen")
    kept = gr.Textbox(label="Kept")
    editor.change(look, editor, seen)
    gr.Button("Keep").click(keep, editor, kept)
""",
)
async def a_drawing(page: Page) -> None:
    canvas = page.locator("canvas").first
    await canvas.wait_for()
    await page.get_by_role("button", name=re.compile("Brush|Draw")).first.click()
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 30, y + 20, steps=5)
    await page.mouse.up()
    await expect(page.get_by_label("Seen", exact=True)).to_have_value(re.compile("True"), timeout=30_000)
    await page.get_by_role("button", name="Keep").click()
    await expect(page.get_by_label("Kept", exact=True)).to_have_value(re.compile("kept"), timeout=30_000)


@trait(
    """
@logged
def arrived(files):
    return ", ".join(os.path.basename(file) for file in files)
@logged
def raw(file):
    known = {key: value for key, value in file.items() if key not in ("path", "url")}
    return str(known), os.path.basename(file["path"])
@logged
def pressed(file):
    return os.path.basename(file) + " pressed"
@logged
def both(files, folder, button):
    names = [sorted(os.path.basename(each) for each in group or []) for group in (files, folder)]
    return str(names), "calllog.py"
with gr.Blocks() as demo:
    files = gr.File(file_count="multiple", label="Files", elem_id="files")
    folder = gr.File(file_count="directory", label="Folder", elem_id="folder")
    button = gr.UploadButton("Press", file_count="single")
    one = gr.File(label="Raw", elem_id="raw")
    out = gr.Textbox(label="Out")
    more = gr.Textbox(label="More")
    back = gr.DownloadButton("Back")
    files.upload(arrived, files, out)
    button.upload(pressed, button, out)
    private = {"api_visibility": "private"} if LINE == "6" else {"api_name": False}
    one.upload(raw, one, [out, more], preprocess=False, **private)
    gr.Button("Both").click(both, [files, folder, button], [out, back], api_name="both")
""",
)
async def files_of_all_kinds(page: Page) -> None:
    a, b = (
        {"name": name, "mimeType": "text/plain", "buffer": name.encode()} for name in ("a (1).txt", "ü'b.txt")
    )
    out, more = page.get_by_label("Out", exact=True), page.get_by_label("More", exact=True)
    await page.locator("#files input[type=file]").set_input_files([a, b])  # type: ignore[list-item]
    await expect(out).to_have_value(re.compile("a .*, "), timeout=30_000)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Press").click()
    await (await chooser.value).set_files([b])  # type: ignore[list-item]
    await expect(out).to_have_value(re.compile("pressed"), timeout=30_000)
    await page.locator("#raw input[type=file]").set_input_files([a])  # type: ignore[list-item]
    await expect(more).to_have_value(re.compile("a "), timeout=30_000)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one.txt", "in/two.txt", "in/one.txt"):
            path = Path(folder, "top", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        await page.locator("#folder input[type=file]").set_input_files(Path(folder, "top"))
        await page.locator("#folder .file-preview").wait_for()
    await page.get_by_role("button", name="Both").click()
    await expect(out).to_have_value(re.compile("^\\[\\["), timeout=30_000)


@trait(
    """
import numpy
@logged
def see(pictures):
    return str([(os.path.basename(each[0]), each[1]) for each in pictures])
@logged
def write(message):
    return f"{message['text']} {[os.path.basename(each) for each in message['files']]}"
@logged
def turn(model):
    return os.path.basename(model)
@logged
def film():
    with open("film.mp4", "wb") as film, open("words.vtt", "w") as words:
        film.write(b"no film")
        words.write("WEBVTT\\n\\n00:00.000 --> 00:01.000\\nHello\\n")
    return ("film.mp4", "words.vtt") if LINE != "6" else gr.Video("film.mp4", subtitles="words.vtt")
@logged
def watch(film):
    return str(film)[-8:]
@logged
def listen(sound):
    return f"{sound[0]} {sound[1].shape}"
with gr.Blocks() as demo:
    gallery = gr.Gallery(label="Gallery", type="filepath", elem_id="gallery", interactive=True)
    message = gr.MultimodalTextbox(label="Message", elem_id="message")
    model = gr.Model3D(label="Model", elem_id="model")
    sound = gr.Audio(label="Sound", elem_id="sound", sources=["upload"], type="numpy")
    movie = gr.Video(label="Film")
    out = gr.Textbox(label="Answer")
    gallery.upload(see, gallery, out)
    message.submit(write, message, out)
    gr.Button("Turn").click(turn, model, out)
    gr.Button("Listen").click(listen, sound, out)
    gr.Button("Film").click(film, None, movie)
    gr.Button("Watch").click(watch, movie, out)
""",
)
async def media_components(page: Page) -> None:
    out = page.get_by_label("Answer", exact=True)

    async def give(id: str, name: str, content: bytes) -> None:
        file = {"name": name, "mimeType": "", "buffer": content}
        await page.locator(f"#{id} input[type=file]").first.set_input_files([file])  # type: ignore[list-item]

    async def says(pattern: str) -> None:
        await expect(out).to_have_value(re.compile(pattern), timeout=30_000)

    await give("gallery", "dot (1).png", PIXEL)
    await says("dot")
    await give("message", "note.txt", b"note")
    await page.locator("#message .thumbnail-item").first.wait_for()
    await page.locator("#message textarea").fill("it's it")
    await page.locator("#message textarea").press("Enter")
    await says("it's it")
    await give("model", "m.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    await page.locator("#model canvas").first.wait_for()
    await page.get_by_role("button", name="Turn").click()
    await says("m.obj")
    await give("sound", "beep.wav", WAV)
    await page.locator("#sound").get_by_role("button", name=re.compile("Trim")).click()
    await page.get_by_role("button", name="Listen").click()
    await says("8000")
    await page.get_by_role("button", name="Film").click()
    await page.locator("video").first.wait_for()
    await page.get_by_role("button", name="Watch").click()
    await says("mp4|vtt")


APPS = {
    "devices": ("a_webcam", "a_microphone"),
    "controls": ("functions_of_controls", "a_drawing", "files_of_all_kinds", "media_components"),
}


CASES = [
    pytest.param(name, line, id=f"{name}-{line}", marks=pytest.mark.feature(line, *traits))
    for name, traits in APPS.items()
    for line in LINES
]


@pytest.mark.parametrize(("name", "line"), CASES)
async def test_what_a_person_did_is_done_again_by_script_and_by_replay(
    name: str,
    line: str,
    gradio_app: Callable[..., Any],
    run_script: Callable[..., object],
    recorder: Callable[..., object],
    seeing_browser: str,
    tmp_path: Path,
) -> None:
    app = await asyncio.to_thread(gradio_app, app_of(APPS[name]), line=line)
    path = tmp_path / "session.json"

    async def visit(page: Page) -> None:
        # What is done before the app listens is done for nothing, with the recorder and without.
        await page.get_by_role("button", name="API Recorder").wait_for()
        for each in APPS[name]:
            await TRAITS[each].visit(page)

    await record(app.url, output=path, headless=True, browser=seeing_browser, drive=visit)
    session = sessions.read(path)
    if name == "devices":
        streamed = {call.endpoint: len(call.frames) for call in session.calls}
        assert streamed["/see"] >= 2, "every frame, and not only the first"
    else:
        asked = [o.why for o in session.omitted if o.call.endpoint.endswith(".ls")]
        assert asked == ["the control asked for the names that it shows"]
    # Of a file's record that a function takes as it comes, only Python sends all that the page does.
    others = ("javascript", "curl") if name == "devices" else ()
    kept = frames if name == "devices" else None
    await is_done_again(app, [path], recorder, run_script, ("python", *others), kept)


def frames(log: Log) -> dict[str, list[object]]:
    """What each function took, once where it took the same again: while a stream is open, Gradio gives its function the
    last frame anew as often as there is time, and 4.x does what follows beside the next one."""
    taken: dict[str, list[object]] = {}
    for entry in log:
        had = taken.setdefault(entry["function"], [])
        if not had or had[-1] != entry["inputs"][0]:
            had.append(entry["inputs"][0])
    return taken

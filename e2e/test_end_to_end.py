"""A person's visit to a real Gradio app, recorded in real Chromium: its script, run against a fresh start of the app,
makes the same calls with the same values, and replay finds the same outputs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Page, expect

from e2e.visit import is_done_again
from recorder import session as sessions
from recorder.adapters import workflow
from recorder.capture.browser import record

HEAD = """
import time
import gradio as gr
from calllog import logged
"""


async def type_and_press(page: Page, label: str, text: str, button: str) -> None:
    await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name=button, exact=True).click()


async def shows(page: Page, label: str, value: str) -> None:
    await expect(page.get_by_label(label, exact=True)).to_have_value(value, timeout=20_000)


class Trait(NamedTuple):
    """An app that shows one thing, and what a person does with it. ``steps`` are the endpoints of its workflow."""

    source: str
    visit: Callable[[Page], Awaitable[None]]
    steps: tuple[str, ...]


TRAITS: dict[str, Trait] = {}


def trait(source: str, *steps: str) -> Callable[[Callable[[Page], Awaitable[None]]], None]:
    def keep(visit: Callable[[Page], Awaitable[None]]) -> None:
        TRAITS[visit.__name__] = Trait(HEAD + source + "\ndemo.launch()\n", visit, steps)

    return keep


@trait(
    """
@logged
def greet(count, name, n):
    return (count or 0) + 1, f"Hello {name} x{n} ({count})"
@logged
def shout(text):
    return text.upper()
with gr.Blocks() as demo:
    count = gr.State(0)
    name = gr.Textbox(label="Name")
    n = gr.Slider(1, 10, value=3, step=1, label="N")
    out = gr.Textbox(label="Greeting")
    loud = gr.Textbox(label="Loud")
    gr.Button("Greet").click(greet, [count, name, n], [count, out]).then(shout, out, loud)
""",
    "/greet",
    "/shout",
    "/greet",
    "/shout",
)
async def state_first_and_a_chain(page: Page) -> None:
    await type_and_press(page, "Name", 'O\'Neill "3rd" \\n {{ x }}', "Greet")
    await shows(page, "Loud", 'HELLO O\'NEILL "3RD" \\N {{ X }} X3 (0)')
    await type_and_press(page, "Name", "two\nlines ü ${x} \u2028", "Greet")
    await expect(page.get_by_label("Loud")).to_have_value(
        re.compile(r"TWO\nLINES [\s\S]* X3 \(1\)"), timeout=20_000
    )


@trait(
    """
import os
@logged
def measure(file):
    return os.path.getsize(file), file
with gr.Blocks() as demo:
    file = gr.File(label="In")
    size = gr.Number(label="Size")
    back = gr.File(label="Out")
    gr.Button("Measure").click(measure, file, [size, back])
""",
    "/measure",
)
async def an_upload_with_an_odd_name(page: Page) -> None:
    files = [{"name": "ü it's (1).txt", "mimeType": "text/plain", "buffer": b"12345"}]
    await page.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]
    await page.get_by_text("it's").first.wait_for()
    await page.get_by_role("button", name="Measure", exact=True).click()
    await shows(page, "Size", "5")


@trait(
    """
@logged
def count(n):
    for i in range(int(n)):
        time.sleep(0.05)
        yield f"{i} of {n}"
with gr.Blocks() as demo:
    n = gr.Number(4, label="N")
    out = gr.Textbox(label="Out")
    gr.Button("Count").click(count, n, out)
""",
    "/count",
)
async def a_generator(page: Page) -> None:
    await page.get_by_role("button", name="Count", exact=True).click()
    await shows(page, "Out", "3 of 4")


@trait(
    """
@logged
def fail(text):
    raise gr.Error(f"no {text!r} here")
@logged
def ok(text):
    return text + "!"
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Try").click(fail, text, out).failure(ok, text, out)
    gr.Button("Again").click(fail, text, out).success(ok, text, out)
""",
    "/fail",
    "/ok",
    "/fail_1",
)
async def a_failure_and_what_follows_it(page: Page) -> None:
    await type_and_press(page, "Text", "tea", "Try")
    await shows(page, "Out", "tea!")
    await page.get_by_role("button", name="Again", exact=True).click()
    await expect(page.get_by_text("no 'tea' here")).to_have_count(2, timeout=20_000)


@trait(
    """
@logged
def pick(names, evt: gr.SelectData):
    return f"{evt.index} {evt.value} of {names}"
@logged
def secret(text):
    return text[::-1]
@logged
def at_once(text):
    return text * 2
with gr.Blocks() as demo:
    names = gr.CheckboxGroup(["a", "b", "c"], label="Names")
    picked = gr.Textbox(label="Picked")
    names.select(pick, names, picked)
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    twice = gr.Textbox(label="Twice")
    gr.Button("Secret").click(secret, text, out, api_visibility="private")
    gr.Button("At once").click(at_once, text, twice, queue=False, api_visibility="undocumented")
""",
    "/pick",
    "/secret",
    "/at_once",
)
async def event_data_private_and_unqueued(page: Page) -> None:
    await page.get_by_label("b", exact=True).check()
    await expect(page.get_by_label("Picked", exact=True)).to_have_value(re.compile("^1 b of"), timeout=20_000)
    await type_and_press(page, "Text", "abc", "Secret")
    await shows(page, "Out", "cba")
    await page.get_by_role("button", name="At once").click()
    await shows(page, "Twice", "abcabc")


@trait(
    """
def start():
    return ["from the load event"], str(time.time())
@logged
def add(notes, text):
    return notes + [text], " / ".join(notes + [text])
with gr.Blocks() as demo:
    notes = gr.State()
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Add").click(add, [notes, text], [notes, out])
    clock = gr.Textbox(label="Opened")
    demo.load(start, None, [notes, clock])
""",
    "/start",
    "/add",
)
async def a_state_that_the_load_event_filled(page: Page) -> None:
    await type_and_press(page, "Text", "more", "Add")
    await shows(page, "Out", "from the load event / more")


@trait(
    """
with gr.Blocks() as demo:
    items = gr.State([])
    text = gr.Textbox(label="Text")
    @logged
    def add(items, text):
        return items + [text]
    gr.Button("Add").click(add, [items, text], items)
    out = gr.Textbox(label="Out")
    @gr.render(inputs=items)
    def show(items):
        for item in items:
            @logged
            def done(item=item):
                return f"{item} is done"
            gr.Button(f"Finish {item}").click(done, None, out)
""",
)
async def a_rendered_function(page: Page) -> None:
    await type_and_press(page, "Text", "one", "Add")
    await page.get_by_role("button", name="Finish one").wait_for()
    await type_and_press(page, "Text", "two", "Add")
    await page.get_by_role("button", name="Finish two").click()
    await shows(page, "Out", "two is done")


@trait(
    """
@logged
def first(text):
    return text + "1"
@logged
def second(text):
    return text + "2"
with gr.Blocks() as demo:
    a = gr.Textbox(label="A")
    b = gr.Textbox(label="B")
    c = gr.Textbox(label="C")
    gr.Button("Go").click(first, a, b)
    b.change(second, b, c)
""",
    "/first",
    "/second",
)
async def a_change_event_that_an_output_caused(page: Page) -> None:
    await type_and_press(page, "A", "x", "Go")
    await shows(page, "C", "x12")


@trait(
    """
def forever():
    for i in range(1000):
        yield str(i)
        time.sleep(0.3)
@logged
def after(text):
    return f"seen {text != ''}"
with gr.Blocks() as demo:
    out = gr.Textbox(label="Out")
    seen = gr.Textbox(label="Seen")
    run = gr.Button("Run").click(forever, None, out)
    gr.Button("Halt").click(None, cancels=[run])
    gr.Button("After").click(after, out, seen)
""",
    "/forever",
    "/after",
)
async def a_cancelled_generator(page: Page) -> None:
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_label("Out", exact=True)).to_have_value(re.compile(r"\d"), timeout=20_000)
    await page.get_by_role("button", name="Halt", exact=True).click()
    await page.get_by_role("button", name="After", exact=True).click()
    await shows(page, "Seen", "seen True")


@trait(
    """
def text(content):
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
@logged
def words(message, said, tone):
    return ["so", "you", "say", message, tone]
def answer(message, history, tone):
    # Gradio 6 itself spells the same history in two ways: one for its page, one for its API.
    for word in words(message, [text(turn["content"]) for turn in history], tone):
        yield word
with gr.Blocks() as demo:
    gr.ChatInterface(answer, additional_inputs=[gr.Textbox("calm", label="Tone")])
""",
    "/answer",
    "/answer",
)
async def two_chat_turns(page: Page) -> None:
    # Until the chat's own box is there, the last one is that of the additional input; its placeholder goes with the
    # first message.
    await page.get_by_placeholder("Type a message").wait_for()
    box = page.locator("textarea").last
    for number, text in enumerate(("it's me", "again"), 1):
        await box.fill(text)
        await expect(box).to_have_value(text)
        await box.press("Enter")
        await expect(page.get_by_role("log").get_by_text("calm", exact=True)).to_have_count(
            number, timeout=20_000
        )
        await expect(page.get_by_role("button", name="Stop")).to_have_count(0)


@pytest.mark.parametrize("name", TRAITS)
async def test_what_a_person_did_is_done_again_by_script_and_by_replay(
    name: str,
    gradio_app: Callable[..., object],
    run_script: Callable[..., object],
    recorder: Callable[..., object],
    browser_path: str,
    tmp_path: Path,
) -> None:
    trait = TRAITS[name]
    app = await asyncio.to_thread(gradio_app, trait.source)
    path = tmp_path / "session.json"

    async def visit(page: Page) -> None:
        # What is typed before the app listens is typed for nothing, with the recorder and without.
        await page.get_by_role("button", name="API Recorder").wait_for()
        await trait.visit(page)

    await record(app.url, output=path, headless=True, browser=browser_path, drive=visit)
    if trait.steps:
        assert tuple(step.endpoint.id for step in workflow(sessions.read(path)).steps) == trait.steps
    await is_done_again(app, path, recorder, run_script)

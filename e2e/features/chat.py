"""``gr.ChatInterface`` and ``gr.Chatbot``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Locator, Page, Response, expect

from e2e.features import trait

CHAT = """
OPTIONS = {"api_name": "chat"} if SIX else {} if FOUR else {"type": "messages"}
def text(content):
    # Gradio spells the same history in two ways: one for its page, one for its API.
    if isinstance(content, (list, tuple)):
        return "".join(text(part) for part in content)
    return content.get("text") or "" if isinstance(content, dict) else content or ""
def said(history):
    return [text(turn["content"]) if isinstance(turn, dict) else text(turn) for turn in history]
"""


def box(page: Page) -> Locator:
    """Where one writes: the last control. Its placeholder goes with the first message."""
    return page.locator("textarea:visible").last


@contextlib.asynccontextmanager
async def saved(page: Page) -> AsyncIterator[None]:
    """Wait for the last of what the chat does after an answer, retry or undo: since version 5 it saves itself."""
    saves = await page.evaluate(
        "window.gradio_config.dependencies"
        ".filter(({api_name}) => /^_save_conversation/.test(api_name)).map(({id}) => id)"
    )

    def saving(response: Response) -> bool:
        return "/run/" in response.url and response.request.post_data_json["fn_index"] in saves

    async with page.expect_response(saving) if saves else contextlib.nullcontext():
        yield


async def say(page: Page, message: str, answer: str, number: int = 1) -> None:
    """Say something in a chat and wait for the whole answer."""
    await expect(box(page)).to_be_editable(timeout=20_000)
    await box(page).fill(message)
    await expect(box(page)).to_have_value(message)
    async with saved(page):
        await box(page).press("Enter")
        await answered(page, answer, number)


async def answered(page: Page, answer: str, number: int = 1) -> None:
    await expect(page.get_by_role("log").get_by_text(answer, exact=True)).to_have_count(
        number, timeout=20_000
    )
    await expect(page.get_by_role("button", name="Stop")).to_have_count(0, timeout=20_000)


@trait(
    CHAT
    + """
@logged
def words(message, history, tone):
    return ["so", "you", "say", message, f"{tone} answer {len(history) // 2}"]
def answer(message, history, tone):
    history = [text for turn in history for text in ([turn] if isinstance(turn, dict) else turn)]
    for word in words(message, said(history), tone):
        yield word
        time.sleep(0.02)
with gr.Blocks() as demo:
    gr.ChatInterface(answer, additional_inputs=[gr.Textbox("calm", label="Tone")], **OPTIONS)
""",
    "/chat",
    "/chat",
    lines=("6", "5"),
)
async def two_chat_turns(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "it's me", "calm answer 0")
    await say(page, "again", "calm answer 1")


@trait(
    CHAT
    + """
@logged
def reply(message, number):
    return f"{message} is number {number}"
def answer(message, history):
    return reply(message, len(said(history)) // (1 if FOUR else 2))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, **OPTIONS)
""",
    "/chat",
    "/chat",
)
async def a_plain_chat(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "it's me", "it's me is number 0")
    await say(page, "again", "again is number 1")


@trait(
    CHAT
    + """
@logged
def reply(message, history):
    return f"{message} is number {len(history)}"
def answer(message, history):
    return reply(message, said(history))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, **OPTIONS)
""",
    lines=("6", "5"),
)
async def chat_retried_undone_and_continued(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "one", "one is number 0")
    async with saved(page):
        await page.get_by_role("button", name="Retry", exact=False).last.click()
    await answered(page, "one is number 0")
    async with saved(page):
        await page.get_by_role("button", name="Undo", exact=False).last.click()
    await expect(page.get_by_role("log").get_by_text("one is number 0")).to_have_count(0, timeout=20_000)
    # What was undone comes back into the box, over whatever is written there by then.
    await expect(box(page)).to_have_value("one", timeout=20_000)
    await say(page, "two", "two is number 0")


@trait(
    CHAT
    + """
@logged
def reply(message, names, number):
    return f"{message} with {names} is {number}"
def answer(message, history):
    files = [file if isinstance(file, str) else file["path"] for file in message["files"]]
    return reply(message["text"], [os.path.basename(file) for file in files], len(history))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, multimodal=True, **OPTIONS)
""",
    "/chat",
    lines=("6", "5"),
)
async def a_chat_turn_with_a_file(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    upload: Any = [{"name": "note.txt", "mimeType": "text/plain", "buffer": b"12345"}]
    async with page.expect_response(lambda answer: "/upload?" in answer.url):
        await page.locator("input[type=file]").first.set_input_files(upload)
    await page.locator(".thumbnail-item").first.wait_for()
    await box(page).fill("this")
    await box(page).press("Enter")
    await expect(page.get_by_text("this with ['note.txt'] is 0")).to_be_visible(timeout=20_000)


@trait(
    """
OPTIONS = {} if FOUR or SIX else {"type": "messages"}
@logged
def liked(data: gr.LikeData):
    return f"{data.liked} {data.index}"
with gr.Blocks() as demo:
    talk = [("hi", "ho")] if FOUR else [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    chat = gr.Chatbot(talk, **OPTIONS)
    out = gr.Textbox(label="Out")
    chat.like(liked, None, out)
""",
    "/liked",
)
async def an_answer_that_is_liked(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("^like$", re.I)).first.click()
    await expect(page.get_by_label("Out", exact=True)).to_have_value(re.compile("True"), timeout=20_000)


@trait(
    CHAT
    + """
@logged
def reply(message, number):
    return f"{message} is number {number}"
def answer(message, history):
    return reply(message, len(said(history)) // (1 if FOUR else 2))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, examples=["it's an example", "another"], cache_examples=False, **OPTIONS)
""",
)
async def a_chat_example(page: Page) -> None:
    await page.get_by_text("it's an example", exact=True).first.click()
    if await page.evaluate("window.gradio_config.version < '5'"):
        # There it is only written into the box.
        await expect(box(page)).to_have_value("it's an example", timeout=20_000)
        await box(page).press("Enter")
    await answered(page, "it's an example is number 0")
    await say(page, "again", "again is number 1")


@trait(
    CHAT
    + """
@logged
def reply(message, history):
    return f"{message} is number {len(history)}"
def answer(message, history):
    return reply(message, said(history))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, editable=True, **OPTIONS)
""",
    lines=("6", "5"),
)
async def a_chat_message_that_is_edited(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "one", "one is number 0")
    await page.get_by_role("button", name="Edit").first.click()
    edited = page.get_by_role("log").locator("textarea")
    await edited.fill("changed")
    await page.get_by_role("button", name="Submit").first.click()
    await answered(page, "changed is number 0")


@trait(
    CHAT
    + """
@logged
def reply(message, history):
    return f"{message} is number {len(history)}"
def answer(message, history):
    return reply(message, said(history))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, save_history=True, **OPTIONS)
""",
    lines=("6", "5"),
)
async def chats_that_are_saved_and_taken_up_again(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "one", "one is number 0")
    # A chat is saved, and the list of them drawn anew, after its answer.
    await page.locator("tr, .gallery-item").get_by_text("one").first.wait_for()
    await page.get_by_role("button", name="New chat").click()
    await expect(page.get_by_text("one is number 0")).to_have_count(0, timeout=20_000)
    await say(page, "two", "two is number 0")
    await page.locator("tr, .gallery-item").get_by_text("two").first.wait_for()
    await page.locator("tr, .gallery-item").get_by_text("one").first.click()
    await expect(page.get_by_role("log").get_by_text("one is number 0")).to_be_visible(timeout=20_000)
    await say(page, "three", "three is number 2")

"""``gr.ChatInterface`` and ``gr.Chatbot``."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from e2e.features import trait

CHAT = """
MESSAGES = {} if FOUR or SIX else {"type": "messages"}
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
    return page.locator("textarea").last


async def say(page: Page, message: str, answer: str, number: int = 1) -> None:
    """Say something in a chat and wait for the whole answer."""
    await expect(box(page)).to_be_editable(timeout=20_000)
    await box(page).fill(message)
    await expect(box(page)).to_have_value(message)
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
    gr.ChatInterface(answer, additional_inputs=[gr.Textbox("calm", label="Tone")], **MESSAGES)
""",
    "/answer",
    "/answer",
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
def reply(message, history):
    return f"{message} is number {len(history)}"
def answer(message, history):
    return reply(message, said(history))
with gr.Blocks() as demo:
    gr.ChatInterface(answer, **MESSAGES)
""",
    lines=("6", "5"),
)
async def chat_retried_undone_and_continued(page: Page) -> None:
    await page.get_by_placeholder("Type a message").wait_for()
    await say(page, "one", "one is number 0")
    await page.get_by_role("button", name="Retry", exact=False).last.click()
    await answered(page, "one is number 0")
    await page.get_by_role("button", name="Undo", exact=False).last.click()
    await expect(page.get_by_role("log").get_by_text("one is number 0")).to_have_count(0, timeout=20_000)
    await say(page, "two", "two is number 0")

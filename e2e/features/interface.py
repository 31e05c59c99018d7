"""``gr.Interface`` of all kinds."""

from __future__ import annotations

from playwright.async_api import Page, expect

from e2e.features import press, shows, trait, type_and_press


@trait(
    """
@logged
def repeat(word, times):
    return word * int(times)
demo = gr.Interface(repeat, [gr.Textbox(label="Word"), gr.Slider(1, 5, value=2, step=1, label="Times")],
    gr.Textbox(label="Out"), examples=[["one", 3], ["two's", 1]], flagging_dir="flags")
""",
)
async def interface_with_examples_and_flagging(page: Page) -> None:
    await type_and_press(page, "Word", "it's", "Submit")
    await shows(page, "Out", "it'sit's")
    await page.get_by_text("two's", exact=True).first.click()
    await shows(page, "Word", "two's")
    await press(page, "Submit")
    await shows(page, "Out", "two's")
    await press(page, "Flag")
    await expect(page.get_by_role("button", name="Flag", exact=True)).to_be_enabled()
    await press(page, "Submit")
    await shows(page, "Out", "two's")


@trait(
    """
import tempfile
os.environ["GRADIO_EXAMPLES_CACHE"] = tempfile.mkdtemp()  # each start is a fresh one
@logged
def shout(word):
    return word.upper()
demo = gr.Interface(shout, gr.Textbox(label="Word"), gr.Textbox(label="Out"), examples=["one", "two"],
    cache_examples=True, **({} if FOUR else {"cache_mode": "eager"}))
""",
)
async def interface_with_cached_examples(page: Page) -> None:
    await page.get_by_text("two", exact=True).first.click()
    await shows(page, "Out", "TWO")
    await type_and_press(page, "Word", "three", "Submit")
    await shows(page, "Out", "THREE")


@trait(
    """
@logged
def add(a, b):
    return (a or 0) + (b or 0)
demo = gr.Interface(add, [gr.Number(label="A"), gr.Number(label="B")], gr.Number(label="Sum"), live=True)
""",
)
async def live_interface(page: Page) -> None:
    await page.get_by_label("A", exact=True).fill("2")
    await shows(page, "Sum", "2")
    await page.get_by_label("B", exact=True).fill("5")
    await shows(page, "Sum", "7")


@trait(
    """
@logged
def make():
    return "made"
@logged
def take(text):
    pass
@logged
def twice(text):
    return text * 2
demo = gr.TabbedInterface([
    gr.Interface(make, None, gr.Textbox(label="Made")),
    gr.Interface(take, gr.Textbox(label="Taken"), None),
    gr.Interface(twice, box := gr.Textbox(label="Both", render=False), box),
], ["Out", "In", "Unified"])
""",
)
async def output_only_input_only_and_unified_interfaces(page: Page) -> None:
    await press(page, "Generate")
    await shows(page, "Made", "made")
    await page.get_by_role("tab", name="In", exact=True).click()
    async with page.expect_response(lambda answer: "queue/join" in answer.url):
        await type_and_press(page, "Taken", "this", "Submit")
    await page.get_by_role("tab", name="Unified", exact=True).click()
    await page.get_by_label("Both", exact=True).fill("ab")
    await page.get_by_role("button", name="Submit", exact=True).last.click()
    await shows(page, "Both", "abab")

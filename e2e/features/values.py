"""What components hold: every kind of value that travels as JSON."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from e2e.features import press, shows, trait, type_and_press


@trait(
    """
import datetime
@logged
def see(flag, group, radio, drop, many, number, color, moment):
    return repr([flag, group, radio, drop, many, number, color, moment])
with gr.Blocks() as demo:
    inputs = [
        gr.Checkbox(label="Flag"), gr.CheckboxGroup(["a", ("Bee", "b"), "it's"], label="Group"),
        gr.Radio([("One", 1), ("Two", 2)], label="Radio"), gr.Dropdown(["x", "y"], label="Drop", value="x"),
        gr.Dropdown(["p", "q", "r"], multiselect=True, label="Many", allow_custom_value=True),
        gr.Number(1.5, label="Number"), gr.ColorPicker("#ff0000", label="Color"),
        gr.DateTime("2026-01-02 03:04:05", label="Moment", type="string"),
    ]
    out = gr.Textbox(label="Out")
    gr.Button("See").click(see, inputs, out)
""",
    "/see",
    "/see",
)
async def choices_numbers_colours_and_moments(page: Page) -> None:
    await press(page, "See")
    await expect(page.get_by_label("Out", exact=True)).not_to_have_value("", timeout=20_000)
    first = await page.get_by_label("Out", exact=True).input_value()
    await page.get_by_label("Flag", exact=True).check()
    await page.get_by_label("Bee", exact=True).check()
    await page.get_by_label("it's", exact=True).check()
    await page.get_by_label("Two", exact=True).check()
    await page.get_by_label("Drop", exact=True).click()
    await page.get_by_role("option", name="y").click()
    await page.get_by_label("Many", exact=True).click()
    await page.get_by_role("option", name="q").click()
    await page.keyboard.press("Escape")
    await page.get_by_label("Number", exact=True).fill("-2.25")
    await press(page, "See")
    await expect(page.get_by_label("Out", exact=True)).not_to_have_value(first, timeout=20_000)


@trait(
    """
import pandas as pd
@logged
def table(frame):
    return frame, {"rows": len(frame), "nested": [{"a": None}, [1.5, "x"]]}, frame.to_csv()
@logged
def seen(frame, tree, text):
    return f"{len(frame)} {tree['rows']} {len(text)}"
with gr.Blocks() as demo:
    frame = gr.Dataframe(pd.DataFrame({"a": [1, 2], "b": ["x", "it's"]}), label="Frame", interactive=True)
    back = gr.Dataframe(label="Back")
    tree = gr.JSON(label="Tree")
    code = gr.Code(label="Code", language="python")
    out = gr.Textbox(label="Out")
    gr.Button("Table").click(table, frame, [back, tree, code])
    gr.Button("Seen").click(seen, [back, tree, code], out)
""",
    "/table",
    "/seen",
)
async def tables_trees_and_code(page: Page) -> None:
    async with page.expect_response(lambda answer: "queue/join" in answer.url):
        await press(page, "Table")
    await expect(page.get_by_text("nested").first).to_be_visible(timeout=20_000)
    await press(page, "Seen")
    await expect(page.get_by_label("Out", exact=True)).not_to_have_value("", timeout=20_000)


@trait(
    """
import numpy as np
@logged
def parts(text):
    words = text.split()
    scores = {word: 1 / (n + 1) for n, word in enumerate(words)}
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    return [(word, "AB"[n % 2]) for n, word in enumerate(words)], scores, (image, [((0, 0, 4, 4), "box")]), f"**{text}**", f"<b>{text}</b>"
@logged
def read(marked, label):
    return f"{marked} {label}"
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    marked = gr.HighlightedText(label="Marked")
    label = gr.Label(label="Label")
    image = gr.AnnotatedImage(label="Annotated")
    markdown, html = gr.Markdown(), gr.HTML()
    out = gr.Textbox(label="Out")
    gr.Button("Parts").click(parts, text, [marked, label, image, markdown, html])
    gr.Button("Read").click(read, [marked, label], out)
""",
    "/parts",
    "/read",
)
async def highlights_labels_and_annotations(page: Page) -> None:
    await page.get_by_label("Text", exact=True).fill("it's <b> 2")
    await press(page, "Parts")
    await expect(page.locator("strong", has_text="it's")).to_be_visible(timeout=20_000)
    await press(page, "Read")
    await expect(page.get_by_label("Out", exact=True)).not_to_have_value("", timeout=20_000)
    await shows(page, "Text", "it's <b> 2")


@trait(
    """
import pandas as pd
@logged
def changed(frame):
    return frame.to_csv()
@logged
def picked(data: gr.SelectData):
    return f"{data.index} {data.value}"
with gr.Blocks() as demo:
    frame = gr.Dataframe(pd.DataFrame({"a": ["x", "y"], "b": ["p", "q"]}), label="Frame", interactive=True)
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    frame.select(picked, None, out)
    gr.Button("Read").click(changed, frame, text)
""",
)
async def a_cell_that_is_chosen_and_edited(page: Page) -> None:
    cell = page.get_by_text("y", exact=True).first
    await cell.click()
    await expect(page.get_by_label("Out", exact=True)).to_have_value("[1, 0] y", timeout=20_000)
    if not await page.locator("td input:focus, td textarea:focus").count():
        await cell.dblclick()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("it's")
    await page.keyboard.press("Enter")
    await press(page, "Read")
    await expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("it's,q"), timeout=20_000)


@trait(
    """
import pandas as pd
@logged
def draw(n):
    return pd.DataFrame({"x": range(int(n)), "y": [i * i for i in range(int(n))]})
with gr.Blocks() as demo:
    n = gr.Number(3, label="N")
    plot = gr.LinePlot(x="x", y="y", label="Plot")
    gr.Button("Draw").click(draw, n, plot)
""",
    "/draw",
    lines=("6", "5"),  # the page of 4.44 fails on a plot that is empty at first
)
async def a_plot(page: Page) -> None:
    async with page.expect_response(lambda answer: "queue/join" in answer.url):
        await press(page, "Draw")
    await page.locator("canvas, svg.marks").first.wait_for(timeout=20_000)


@trait(
    """
@logged
def show(n):
    return [(f"http://127.0.0.1:9/{int(n)}.png", "gone")]
with gr.Blocks() as demo:
    n = gr.Number(1, label="N")
    shown = gr.Gallery(label="Shown", type="filepath")
    count = gr.Number(label="Count")
    gr.Button("Show").click(show, n, shown).then(lambda n: int(n) + 1, n, count)
""",
)
async def a_file_that_is_not_to_be_had(page: Page) -> None:
    await press(page, "Show")
    await shows(page, "Count", "2")


KEY = "sk-proj-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"


@trait(
    """
@logged
def use(key, question):
    return f"{question} {len(key)}"
with gr.Blocks() as demo:
    key, question = gr.Textbox(label="Key"), gr.Textbox("it's?", label="Question")
    out = gr.Textbox(label="Out")
    gr.Button("Use").click(use, [key, question], out)
""",
    "/use",
    RECORDER_SECRET_API_KEY=KEY,
)
async def a_key_in_a_plain_text_box(page: Page) -> None:
    await type_and_press(page, "Key", KEY, "Use")
    await shows(page, "Out", f"it's? {len(KEY)}")

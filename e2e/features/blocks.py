"""``gr.Blocks``: chains, State, events, rendered functions, and how calls are made."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from e2e.features import press, shows, trait, type_and_press


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
    # A file's name shows while it is still on its way.
    await page.locator(".file-preview").first.wait_for()
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
    lines=("6",),
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
    gr.Button("Secret").click(secret, text, out, **PRIVATE)
    gr.Button("At once").click(at_once, text, twice, queue=False, **HIDDEN)
""",
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
    await expect(page.get_by_label("Opened", exact=True)).not_to_have_value("")
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
@logged
def fail(text):
    raise gr.Error(f"no {text!r} here")
@logged
def ok(text):
    return text + "!"
@logged
def crash(text):
    return 1 / 0
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Try").click(fail, text, out).then(ok, text, out).success(ok, out, out)
    gr.Button("Crash").click(crash, text, out).success(ok, text, out)
""",
    "/fail",
    "/ok",
    "/ok_1",
    "/crash",
    lines=("5", "4"),  # in 6.x nothing follows a failure but what asks for it
)
async def failed_calls_then_and_success(page: Page) -> None:
    await type_and_press(page, "Text", "tea", "Try")
    await shows(page, "Out", "tea!!")
    async with page.expect_response(lambda answer: "queue/join" in answer.url):
        await press(page, "Crash")
    await expect(page.locator(".toast-body.error, .toast-wrap .error").last).to_be_visible(timeout=20_000)


@trait(
    """
@logged
def first(a, state, b):
    return f"{a}{b}{state}", (state or 0) + 1
@logged
def last(a, state):
    return (state or 0) * 10, f"{a} {state}"
@logged
def middle(state, a, other):
    return state, other + [a], f"{other}"
with gr.Blocks() as demo:
    a = gr.Textbox(label="A")
    b = gr.Textbox(label="B")
    out = gr.Textbox(label="Out")
    state = gr.State(1)
    other = gr.State([])
    gr.Button("First").click(first, [a, state, b], [out, state])
    gr.Button("Last").click(last, [a, state], [state, out])
    gr.Button("Middle").click(middle, [state, a, other], [state, other, out])
""",
    "/first",
    "/last",
    "/middle",
    "/middle",
)
async def state_in_any_place(page: Page) -> None:
    await page.get_by_label("A", exact=True).fill("x")
    await type_and_press(page, "B", "y", "First")
    await shows(page, "Out", "xy1")
    await press(page, "Last")
    await shows(page, "Out", "x 2")
    await press(page, "Middle")
    await shows(page, "Out", "[]")
    await press(page, "Middle")
    await shows(page, "Out", "['x']")


@trait(
    """
@logged
def remember(text, kept):
    return text, f"was {kept}"
@logged
def recall(kept):
    return kept
with gr.Blocks() as demo:
    kept = gr.BrowserState("nothing", storage_key="kept", secret="s")
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Keep").click(remember, [text, kept], [kept, out])
    gr.Button("Recall").click(recall, kept, out)
""",
    "/remember",
    "/recall",
    lines=("6", "5"),
)
async def state_kept_in_the_browser(page: Page) -> None:
    await type_and_press(page, "Text", "this", "Keep")
    await shows(page, "Out", "was nothing")
    await press(page, "Recall")
    await shows(page, "Out", "this")


@trait(
    """
@logged
def typed(text):
    return f"typed {text}"
@logged
def changed(text):
    return f"changed {text}"
@logged
def sent(text):
    return f"sent {text}"
@logged
def left(text):
    return f"left {text}"
@logged
def either(text, n):
    return f"{text} {n}"
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    a, b, c, d, e = (gr.Textbox(label=label) for label in "ABCDE")
    n = gr.Slider(0, 10, value=1, step=1, label="N")
    text.input(typed, text, a)
    text.change(changed, text, b)
    text.submit(sent, text, c)
    text.blur(left, text, d)
    gr.on([text.submit, n.release], either, [text, n], e)
""",
)
async def input_change_submit_blur_and_release(page: Page) -> None:
    await page.get_by_label("Text", exact=True).press_sequentially("x")
    await shows(page, "A", "typed x")
    await shows(page, "B", "changed x")
    await page.get_by_label("Text", exact=True).press("Enter")
    await shows(page, "C", "sent x")
    await shows(page, "E", "x 1")
    await page.get_by_label("Text", exact=True).blur()
    await shows(page, "D", "left x")
    slider = page.get_by_role("slider")
    await slider.focus()
    await slider.press("ArrowRight")
    await slider.dispatch_event("pointerup")
    await shows(page, "E", "x 2")


@trait(
    """
@logged
def slow(count):
    time.sleep(0.3)
    return count + 1, count + 1
@logged
def quick(n):
    return n + 1
with gr.Blocks() as demo:
    a = gr.Number(0, label="A")
    b = gr.Number(0, label="B")
    c = gr.Number(0, label="C")
    once, last = gr.State(0), gr.State(0)
    gr.Button("Once").click(slow, once, [once, a], trigger_mode="once")
    gr.Button("Often").click(quick, b, b, trigger_mode="multiple", concurrency_limit=1)
    gr.Button("Last").click(slow, last, [last, c], trigger_mode="always_last")
""",
)
async def trigger_modes(page: Page) -> None:
    # All clicks come while the first call runs, however slow the machine is.
    await page.get_by_role("button", name="Once").click(click_count=2)
    await shows(page, "A", "1")
    for n in ("1", "2"):
        await press(page, "Often")
        await shows(page, "B", n)
    await page.get_by_role("button", name="Last").click(click_count=3)
    await shows(page, "C", "2")


@trait(
    """
@logged
def batched(words, times):
    return [[word * int(n) for word, n in zip(words, times)]]
@logged
def unqueued(text):
    return text[::-1]
@logged
def unlisted(text):
    return text.title()
@logged
def private(text):
    return text.upper()
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    n = gr.Number(2, label="N")
    out = gr.Textbox(label="Out")
    gr.Button("Batch").click(batched, [text, n], out, batch=True, max_batch_size=4)
    gr.Button("Unqueued").click(unqueued, out, out, queue=False)
    gr.Button("Unlisted").click(unlisted, out, out, **HIDDEN)
    gr.Button("Private").click(private, out, out, **PRIVATE)
    if not FOUR:
        def multiply(a: int, b: int = 2) -> int:
            return a * b
        gr.api(multiply)
""",
)
async def batched_unqueued_unlisted_and_private(page: Page) -> None:
    await type_and_press(page, "Text", "ab", "Batch")
    await shows(page, "Out", "abab")
    await press(page, "Unqueued")
    await shows(page, "Out", "baba")
    await press(page, "Unlisted")
    await shows(page, "Out", "Baba")
    await press(page, "Private")
    await shows(page, "Out", "BABA")


@trait(
    """
@logged
def work(text, progress=gr.Progress()):
    for i in progress.tqdm(range(3), desc="at it"):
        time.sleep(0.02)
    gr.Info(f"done with {text!r}")
    gr.Warning("mind the gap")
    return text + " worked"
@logged
def shouted(text):
    return text
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Work").click(work, text, out)
    gr.Button("Shout").click(shouted, text, out, js="text => text.toUpperCase()")
    gr.Button("Swap").click(None, [text, out], [text, out], js="(a, b) => [b, a]")
""",
    "/work",
    "/shouted",
    "/work",
)
async def progress_notices_and_javascript(page: Page) -> None:
    await type_and_press(page, "Text", "it", "Work")
    await shows(page, "Out", "it worked")
    await press(page, "Shout")
    await shows(page, "Out", "IT")
    await press(page, "Swap")
    await shows(page, "Text", "IT")
    await press(page, "Work")
    await shows(page, "Out", "IT worked")


@trait(
    """
def tick(n):
    return n + 1
@logged
def use(text):
    return f"used {text}"
with gr.Blocks() as demo:
    n = gr.Number(0, label="Ticks")
    gr.Timer(0.2).tick(tick, n, n)
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Use").click(use, text, out)
""",
    "/use",
)
async def a_timer_in_the_background(page: Page) -> None:
    await expect(page.get_by_label("Ticks", exact=True)).not_to_have_value("0", timeout=20_000)
    await type_and_press(page, "Text", "it", "Use")
    await shows(page, "Out", "used it")


@trait(
    """
from PIL import Image
@logged
def choices(kind):
    return gr.update(choices=[kind, kind * 2], value=kind * 2)
@logged
def chosen(value):
    return f"chose {value}", gr.skip()
@logged
def cleared(value):
    return f"cleared, was {value}"
@logged
def sample(row):
    return " and ".join(map(str, row))
@logged
def emptied():
    return "emptied"
with gr.Blocks() as demo:
    kind, drop = gr.Textbox(label="Kind"), gr.Dropdown(["a"], label="Drop")
    said, kept = gr.Textbox(label="Said"), gr.Textbox("kept", label="Kept")
    picture = gr.Image(Image.new("RGB", (8, 8)), label="Picture", interactive=True)
    gr.on([kind.submit, gr.Button("Choices").click], choices, kind, drop)
    gr.Button("Chosen").click(chosen, drop, [said, kept])
    data = gr.Dataset(components=[gr.Textbox(visible=False), gr.Number(visible=False)], samples=[["one", 1], ["two", 2]])
    data.click(sample, data, said)
    gr.ClearButton([kind, said], value="Empty").click(emptied, None, kept)
    picture.clear(emptied, None, said)
""",
)
async def choices_samples_and_clearing(page: Page) -> None:
    await page.get_by_label("Kind", exact=True).fill("it's")
    await page.get_by_label("Kind", exact=True).press("Enter")
    await shows(page, "Drop", "it'sit's")
    await press(page, "Chosen")
    await shows(page, "Said", "chose it'sit's")
    await page.get_by_text("two", exact=True).click()
    await shows(page, "Said", "two and 2")
    await page.get_by_role("button", name=re.compile("^(Clear|Remove Image)$")).first.click()
    await shows(page, "Said", "emptied")
    await press(page, "Empty")
    await shows(page, "Kept", "emptied")
    await shows(page, "Kind", "")

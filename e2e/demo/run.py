"""`make demo`: a person's visit to a small Gradio app, recorded in a real browser, written as a script, and done again.

Everything it makes lies in `demo-out/`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from e2e.apps import ROOT, GradioApp, gradio_python
from recorder.capture.browser import record

OUT = ROOT / "demo-out"
SESSION = OUT / "session.json"
SCRIPT = OUT / "visit.py"
LETTER = "Dear “Ann”,\nthe tea is\tready; it's 5 o'clock, and the tea is hot.\n"


async def visit(page: Page) -> None:
    """What a person does with the app, each act once its predecessor shows its result."""
    step(
        "types a name, moves the slider and presses Greet, twice: State counts, and a second function follows"
    )
    for number, name in enumerate(["Ann", 'O\'Neill "the" 3rd'], 1):
        await page.get_by_label("Name").fill(name)
        await page.get_by_role("spinbutton", name="Times").fill(str(number + 1))
        await page.get_by_role("button", name="Greet", exact=True).click()
        await expect(page.get_by_label("Loud greeting")).to_have_value(
            re.compile(rf"VISIT {number}"), timeout=30_000
        )
    step("uploads a letter and has its words counted")
    letter = OUT / "a letter (1).txt"
    letter.write_text(LETTER, encoding="utf-8")
    await page.locator("input[type=file]").first.set_input_files(letter)
    # A file's name shows while it is still on its way.
    await page.locator(".file-preview").first.wait_for()
    await page.get_by_role("button", name="Count words").click()
    await page.get_by_text("loud a letter").first.wait_for(timeout=30_000)
    step("watches a streamed countdown")
    await page.get_by_role("button", name="Count down").click()
    await expect(page.get_by_label("Countdown")).to_have_value("lift-off", timeout=30_000)
    step("has a word with the chat")
    box = page.get_by_placeholder("Type a message")
    await box.fill("Is there any cake?")
    await box.press("Enter")
    await page.get_by_text("after 0 messages").wait_for(timeout=30_000)


def title(text: str) -> None:
    print(f"\n== {text}", flush=True)


def step(text: str) -> None:
    print(f"   {text}", flush=True)


def run(*command: object, **environment: str) -> int:
    """Run in the demo's folder and show what it prints."""
    words = [str(word) for word in command]
    print(f"$ {' '.join([Path(words[0]).name, *words[1:]])}", flush=True)
    return subprocess.run(words, cwd=OUT, env={**os.environ, **environment}, check=False).returncode


def same(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> bool:
    """Whether the app's functions were called with the same values in both runs; says so."""
    for call in after:
        step(f"{call['function']}({', '.join(map(repr, call['inputs']))})"[:150])
    if before == after:
        step(f"the app saw the same {len(after)} calls, with the same values, as from the person")
        return True
    step(f"the app saw other calls than from the person:\n{before}\n{after}")
    return False


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    recorder = Path(sys.executable).with_name("recorder")

    title("a small Gradio app starts")
    app = GradioApp(gradio_python("6"), (ROOT / "e2e" / "demo" / "app.py").read_text("utf-8"), OUT / "app")
    try:
        step(f"{app.url} (e2e/demo/app.py)")
        headless = not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin"
        )
        title(f"a person uses it in a real browser, with API Recorder on{' (headless)' if headless else ''}")
        asyncio.run(record(app.url, output=SESSION, headless=headless, drive=visit))
        by_hand = app.log
        step(f"the session is in {SESSION.relative_to(ROOT)}")

        title("what was recorded")
        failed = run(recorder, "show", SESSION.name)

        title("the script")
        failed |= run(recorder, "render", SESSION.name, "--target", "python", "-o", SCRIPT.name)
        print(SCRIPT.read_text("utf-8"), flush=True)

        title("the script runs against a fresh start of the app")
        app.restart()
        failed |= run(sys.executable, SCRIPT.name, RECORDER_URL=app.url)
        failed |= not same(by_hand, app.log)

        title("the session is replayed against another fresh start")
        app.restart()
        failed |= run(recorder, "replay", SESSION.name, "--url", app.url)
    finally:
        app.stop()
    title("something above did not work" if failed else "done: session, script and files are in demo-out/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

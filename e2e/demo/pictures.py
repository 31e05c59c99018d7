"""`make pictures`: the pictures of the documentation, taken of the demo's app in a real browser."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page, expect

from e2e.apps import ROOT, GradioApp, gradio_python
from e2e.visit import opened, press, proxied
from recorder.capture.browser import find_browser
from recorder.serve.offer import Offer
from recorder.serve.site import Site

PICTURES = ROOT / "docs" / "pictures"
APP = ROOT / "e2e" / "demo" / "app.py"
SIZE = {"width": 1500, "height": 750}
SCALE = 1.5


async def greet(page: Page, name: str, times: int) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("spinbutton", name="Times").fill(str(times))
    await page.get_by_role("button", name="Greet", exact=True).click()
    await expect(page.get_by_label("Loud greeting")).to_have_value(
        ", ".join([f"HELLO {name.upper()}"] * times) + " (VISIT 1)", timeout=20_000
    )


async def use(page: Page) -> None:
    """A person's visit: a chain, a stream and a chat turn."""
    await greet(page, "Ann", 2)
    await page.get_by_role("button", name="Count down").click()
    await expect(page.get_by_label("Countdown")).to_have_value("lift-off", timeout=20_000)
    box = page.get_by_placeholder("Type a message")
    await box.fill("Is there any cake?")
    await box.press("Enter")
    await page.get_by_test_id("bot").get_by_text("after 0 messages").wait_for(timeout=20_000)


@contextlib.asynccontextmanager
async def recorded(browser: str, app: GradioApp, scheme: str, folder: Path) -> AsyncIterator[Page]:
    """The app in that colour scheme with its panel open and four calls recorded."""
    options = {
        "viewport": SIZE,
        "device_scale_factor": SCALE,
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    async with (
        proxied(app.url, folder / "tea house.json", Site(Offer(app.url, folder=folder))) as url,
        opened(browser, url, **options) as page,
    ):
        await press(page, True)
        await page.get_by_role("button", name="Recorded calls").click()
        await use(page)
        panel = panel_of(page)
        await expect(panel.locator("code.endpoint")).to_have_text(
            ["/greet", "/shout", "/count_down", "/reply"]
        )
        await expect(panel.get_by_role("tabpanel")).to_contain_text('api_name="/reply"')
        yield page


def panel_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Recorded calls and their script")


async def resize(page: Page, size: int) -> None:
    """Make the panel that many pixels wide, or high where it is docked at the bottom."""
    grip = page.get_by_role("separator", name="Size of the panel")
    key = {"vertical": "ArrowLeft", "horizontal": "ArrowUp"}[
        await grip.get_attribute("aria-orientation") or ""
    ]
    while int(await grip.get_attribute("aria-valuenow") or 0) < size:
        await grip.press(key)
    await grip.blur()


async def scroll_script(page: Page, text: str) -> None:
    """Scroll the script so that the line with this text is its first."""
    line = panel_of(page).get_by_role("tabpanel").locator(".line", has_text=text)
    await line.evaluate(
        "line => {"
        " const pre = line.closest('pre');"
        " pre.scrollTop += line.getBoundingClientRect().top - pre.getBoundingClientRect().top - 8 }"
    )


def write(name: str, png: bytes) -> None:
    path = PICTURES / f"{name}.webp"
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=88, method=6)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB", flush=True)


async def take() -> None:
    browser = find_browser()
    assert browser is not None
    with tempfile.TemporaryDirectory() as folder:
        app = GradioApp(gradio_python("6"), APP.read_text("utf-8"), Path(folder) / "app")
        try:
            for scheme in ("light", "dark"):
                app.restart()
                async with recorded(browser, app, scheme, Path(folder) / scheme) as page:
                    await resize(page, 600)
                    await scroll_script(page, "predict(name=name")
                    await page.locator("footer").scroll_into_view_if_needed()
                    write(f"panel-{scheme}", await page.screenshot())
                    if scheme == "dark":
                        continue
                    await page.get_by_role("button", name="Dock at the bottom").click()
                    await resize(page, 530)
                    await scroll_script(page, "def run(")
                    write("script", await panel_of(page).screenshot())
        finally:
            app.stop()


if __name__ == "__main__":
    sys.exit(asyncio.run(take()))

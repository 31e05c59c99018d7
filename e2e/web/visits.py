"""One visit to each of the apps here, as a person makes it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

SECRET = {"RECORDER_SECRET_PASSWORD": "open sesame"}
"""What the visits type into password fields, by the environment variable that scripts take it from."""


async def crud(page: Page) -> None:
    """Logs in wrongly and rightly, makes two things, changes one and deletes the other."""
    shown = page.locator("#list")
    await page.get_by_label("User").fill("ann")
    await page.get_by_label("Password").fill("open sesame")
    await page.get_by_role("button", name="Log in").click()
    await expect(shown).to_have_attribute("data-shown", "0")
    for count, title in enumerate(("Buy milk", 'Say "${x}" to O\'Neill\n'), 1):
        await page.get_by_label("Title").fill(title)
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(shown).to_have_attribute("data-shown", str(count))
    await page.get_by_role("button", name="Finish Buy milk").click()
    await expect(shown).to_contain_text("(done)")
    await page.get_by_role("button", name="Delete Say").click()
    await expect(shown).to_have_attribute("data-shown", "1")


async def forms(page: Page) -> None:
    """Logs in, writes a note with a file, stars, reads, searches and deletes it, and makes a group in the admin."""
    await page.goto(page.url.rstrip("/") + "/login/?next=/notes/")
    await page.get_by_label("Username").fill("ann")
    await page.get_by_label("Password").fill("open sesame")
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_label("Text").fill("Grüße & <b>")
    await page.get_by_label("Colour").select_option("blue")
    await page.get_by_label("Pinned").check()
    note: Any = {"name": "a note (1).txt", "mimeType": "text/plain", "buffer": b"12345"}
    await page.get_by_label("File").set_input_files(note)
    await page.get_by_role("button", name="Add note").click()
    await expect(page).to_have_title("Grüße & <b>")
    await page.get_by_role("button", name="Star").click()
    await expect(page.locator("output")).to_have_text("1")
    await page.goto(page.url.partition("/notes/")[0] + "/notes/")
    await page.get_by_label("Find").fill("Gr")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="Grüße").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page).to_have_title("Notes")
    await page.goto(page.url.partition("/notes/")[0] + "/admin/auth/group/add/")
    await page.get_by_label("Name").fill("Editors")
    await page.get_by_role("button", name="Save and continue editing").click()
    await page.get_by_label("Name").fill("Writers")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".success")).to_contain_text("changed successfully")


async def graphql(page: Page) -> None:
    """Adds two books and likes the first."""
    for title, year in (("Emma", "1815"), ("Ulysses", "1922")):
        await page.get_by_label("Title").fill(title)
        await page.get_by_label("Year").fill(year)
        await page.get_by_role("button", name="Add book").click()
        await page.get_by_role("button", name=f"Like {title}").wait_for()
    await page.get_by_role("button", name="Like Emma").click()
    await expect(page.get_by_role("listitem").first).to_contain_text("1815): 1")


async def streams(page: Page) -> None:
    """Chats, streams tokens both ways, waits for a job that is asked about and for one whose end is pushed, and uploads
    a file."""
    out = page.locator("#out")
    await page.get_by_role("button", name="Join").click()
    await expect(out).to_contain_text("welcome")
    for text in ("hello", "bye"):
        await page.get_by_label("Say").fill(text)
        await page.get_by_role("button", name="Send").click()
        await expect(out).to_contain_text(text.upper())
    await page.get_by_label("Prompt").fill("to be or not")
    await page.get_by_role("button", name="Stream").click()
    await expect(out).to_contain_text("streamed")
    await page.get_by_role("button", name="Complete").click()
    await expect(out).to_contain_text("completed")
    await page.get_by_role("button", name="Work slowly").click()
    await expect(out).to_contain_text("ton ro eb ot")
    await page.get_by_role("button", name="Who is there?").click()
    await expect(out).to_contain_text("1 here")
    await page.get_by_role("button", name="Work", exact=True).click()
    await expect(out).to_contain_text("To Be Or Not")
    file: Any = {"name": "ü it's (1).bin", "mimeType": "application/x-thing", "buffer": bytes(range(256))}
    await page.get_by_label("File").set_input_files(file)
    await page.get_by_label("Note").fill("mine")
    await page.get_by_role("button", name="Upload").click()
    await expect(out).to_contain_text("upload 0")


async def windows(page: Page) -> None:
    """Asks in the page, in its frame and in another tab, in the page again and in its workers."""
    await expect(page.locator("html")).to_have_attribute("data-ready", "")
    await page.get_by_role("button", name="Ask outside").click()
    await expect(page.locator("output")).to_have_text("1")
    frame = page.frame_locator("iframe")
    await frame.get_by_role("button", name="Ask inside").click()
    await expect(frame.locator("output")).to_have_text("2")
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Another tab").click()
    other = await opened.value
    await other.get_by_role("button", name="Ask there").click()
    await expect(other.locator("output")).to_have_text("3")
    await page.bring_to_front()
    await page.get_by_role("button", name="Ask outside").click()
    await expect(page.locator("output")).to_have_text("4")
    await page.get_by_role("button", name="Ask a worker").click()
    await expect(page.locator("output")).to_have_text("6")

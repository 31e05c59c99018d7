"""TiddlyWiki on its own server: a page that keeps everything itself, and saves each note by PUT under its title."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from e2e.wild.running import Instance

REQUIREMENTS = ("tiddlywiki@5.4.1",)
NPM = True
ACTS = (
    "write a note with a tag",
    "write another one",
    "change an older note",
    "rename an older note",
    "delete another",
    "close a note",
)


def start(instance: Instance) -> None:
    instance.run("tiddlywiki", instance.folder / "wiki", "--init", "server")
    for title in ("Groceries", "Books", "Travel"):
        _write(instance, title, f"{title} of last year")
    instance.serve("tiddlywiki", instance.folder / "wiki", "--listen", f"port={instance.port}")


def _write(instance: Instance, title: str, text: str) -> None:
    folder = instance.folder / "wiki" / "tiddlers"
    folder.mkdir(exist_ok=True)
    fields = f"created: 20240102030405678\nmodified: 20240102030405678\ntitle: {title}\n"
    (folder / f"{title}.tid").write_text(f"{fields}\n{text}\n")


def more(instance: Instance) -> None:
    body = {"title": "Garden", "text": "Beans", "created": "20240102030405678"}
    url = f"{instance.url}/recipes/default/tiddlers/Garden"
    httpx.put(url, json=body, headers={"X-Requested-With": "TiddlyWiki"}).raise_for_status()


def _note(page: Page, title: str) -> Locator:
    return page.locator(f'[data-tiddler-title="{title}"]')


def _open(page: Page, title: str) -> Locator:
    page.get_by_role("tab", name="Recent").click()
    page.locator(".tc-sidebar-lists").get_by_role("link", name=title, exact=True).click()
    return _note(page, title)


def _confirm(page: Page, note: Locator) -> None:
    # Drafts, and which notes are open, are saved as well.
    with page.expect_response(
        lambda r: r.request.method == "PUT" and not re.search("StoryList|Draft", r.url)
    ):
        note.get_by_role("button", name="confirm").click()
    expect(note).to_have_count(0)


def drive(page: Page, folder: Path) -> None:
    for title, text, tag in (("Recipes", "Plum cake", "kitchen"), ("Tools", "A saw & a plane", "")):
        page.get_by_role("button", name="new tiddler").first.click()
        note = page.get_by_role("region", name="Editor")
        note.get_by_role("textbox").first.fill(title)
        note.frame_locator("iframe").locator("textarea").fill(text)
        if tag:
            note.get_by_placeholder("tag name").fill(tag)
            note.get_by_role("button", name="add", exact=True).first.click()
        _confirm(page, note)
        expect(_note(page, title).get_by_text(text)).to_be_visible()

    _open(page, "Books").get_by_role("button", name="edit").click()
    note = page.get_by_role("region", name="Editor")
    note.frame_locator("iframe").locator("textarea").fill("Books of this year")
    _confirm(page, note)

    _open(page, "Travel").get_by_role("button", name="edit").click()
    note.get_by_role("textbox").first.fill("Journeys")
    _confirm(page, note)

    page.on("dialog", lambda dialog: dialog.accept())
    _open(page, "Groceries").get_by_role("button", name="edit").click()
    with page.expect_response(lambda r: r.request.method == "DELETE"):
        note.get_by_role("button", name="Delete this tiddler").click()
    _note(page, "Recipes").get_by_role("button", name="close", exact=True).click()


def state(instance: Instance) -> dict[str, Any]:
    tiddlers = {}
    for title in httpx.get(f"{instance.url}/recipes/default/tiddlers.json").json():
        if not title["title"].startswith("$:/"):
            one = httpx.get(f"{instance.url}/recipes/default/tiddlers/{title['title']}").json()
            tiddlers[one["title"]] = [one.get("text"), one.get("tags", "")]
    return {"notes": tiddlers}

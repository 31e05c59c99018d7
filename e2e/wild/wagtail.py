"""Wagtail: a content management system on Django, whose pages are forms with a script's state inside."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, choose

REQUIREMENTS = ("wagtail==8.0.1",)
ACTS = (
    "log in",
    "create a page and publish it",
    "rename an older page",
    "move another one below it",
    "delete a third",
    "upload an image and change its title",
    "add a collection",
)
SECRETS = {"PASSWORD": "correct horse 7"}
START = "/admin/"


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAGES = """
from wagtail.models import Page, Site
home = Site.objects.get(is_default_site=True).root_page
for title in {titles}:
    home.add_child(instance=Page(title=title))
"""


def start(instance: Instance) -> None:
    instance.run("wagtail", "start", "shop", instance.folder)
    manage = instance.folder / "manage.py"
    instance.run("python", manage, "migrate")
    instance.run(
        *(
            "python",
            manage,
            "createsuperuser",
            "--noinput",
            "--username",
            "ann",
            "--email",
            "ann@example.com",
        ),
        DJANGO_SUPERUSER_PASSWORD=SECRETS["PASSWORD"],
    )
    instance.run("python", manage, "shell", stdin=PAGES.format(titles=["About", "Contact", "Jobs"]))
    instance.serve("python", manage, "runserver", "--noreload", instance.port)


def more(instance: Instance) -> None:
    instance.run("python", instance.folder / "manage.py", "shell", stdin=PAGES.format(titles=["Press"]))


def _children(page: Page) -> None:
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("link", name="Pages created in shop").click()


def drive(page: Page, folder: Path) -> None:
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Images").first).to_be_visible()

    _children(page)
    page.get_by_role("link", name="Add child page").first.click()
    page.get_by_role("textbox", name="Title").fill("Opening hours & prices")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="Opening hours & prices").first).to_be_visible()

    page.get_by_role("link", name="About", exact=True).click()
    page.get_by_role("textbox", name="Title").fill("About us")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="About us").first).to_be_visible()

    page.get_by_role("row").filter(has_text="Contact").get_by_role("checkbox").check()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.get_by_role("link", name="Contact", exact=True)).to_have_count(0)

    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("button", name="Actions").first.click()
    page.get_by_role("link", name="Move").click()
    page.get_by_role("main").get_by_role("button", name="Actions").click()
    page.get_by_role("button", name="Choose another page").click()
    page.get_by_role("dialog").get_by_role("link", name="Explore").click()
    page.get_by_role("dialog").get_by_role("link", name="About us").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Yes, move this page").click()
    expect(page.get_by_text("moved").first).to_be_visible()

    page.get_by_role("link", name="Images").click()
    page.get_by_role("link", name="Add an image").first.click()
    picture = folder / "plane.png"
    picture.write_bytes(PICTURE)
    page.locator("input[type=file]").first.set_input_files(picture)
    page.get_by_role("textbox", name="Title").fill("A plane")
    page.get_by_role("button", name="Update").click()
    expect(page.get_by_text("updated").first).to_be_visible()

    page.get_by_role("button", name="Settings").click()
    page.get_by_role("link", name="Collections").click()
    page.get_by_role("link", name="Add a collection").first.click()
    page.get_by_role("textbox", name="Name").fill("Tools")
    choose(page.get_by_label("Parent"), "Root")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="Tools").first).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    pages = instance.rows(
        "db.sqlite3", "select title, slug, live, depth from wagtailcore_page order by path, title"
    )
    images = instance.rows("db.sqlite3", "select title from wagtailimages_image order by title")
    collections = instance.rows("db.sqlite3", "select name from wagtailcore_collection order by name")
    return {"pages": pages, "images": images, "collections": collections}

"""copyparty: a file server; drag and drop uploads in chunks with hashes, an action by a form each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance

REQUIREMENTS = ("copyparty==1.20.26",)
ACTS = (
    "log in",
    "make a folder",
    "upload a file",
    "upload another",
    "make a text file, write into it and save it",
    "delete one of the uploads",
)
SECRETS = {"PASSWORD": "correct-horse-7", "CPPWD": "correct-horse-7"}


def start(instance: Instance) -> None:
    share = instance.folder / "share"
    share.mkdir()
    for name in ("notes", "plan", "report"):
        (share / f"{name}.txt").write_text(f"{name}\n")
    (share / "pictures").mkdir()
    instance.serve(
        "python",
        "-m",
        "copyparty",
        "-p",
        instance.port,
        "-i",
        "127.0.0.1",
        "-a",
        f"ann:{SECRETS['PASSWORD']}",
        "-v",
        f"{share}::A,ann",
        "-e2d",
        "--no-crt",
        "--hist",
        instance.folder / "hist",
    )


def more(instance: Instance) -> None:
    (instance.folder / "share" / "minutes.txt").write_text("minutes\n")


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("textbox", name="password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="login").click()

    page.get_by_role("link", name="📂").click()
    page.locator("#op_mkdir").get_by_role("textbox").fill("holiday")
    page.get_by_role("button", name="make directory").click()
    expect(page.get_by_text("this folder is empty")).to_be_visible()

    page.get_by_role("link", name="🚀").click()
    for name in ("beach", "wood"):
        (folder / f"{name}.txt").write_text(f"{name} sand\n" * 3)
        page.locator("#file1").last.set_input_files(folder / f"{name}.txt")
        page.get_by_text("OK", exact=True).click()
        expect(page.get_by_role("row", name=f"-txt- {name}.txt")).to_be_visible()
    page.get_by_role("link", name="📝").click()
    page.locator("#op_new_md").get_by_role("textbox").fill("diary.md")
    page.get_by_role("button", name="new textfile").click()
    expect(page.get_by_text("1 : 0")).to_be_visible()
    page.get_by_role("textbox").fill("# Diary\nSunny, and warm.\n")
    page.get_by_role("link", name="save", exact=True).click()
    expect(page.get_by_text("save OK")).to_be_visible()

    page.get_by_role("link", name="holiday", exact=True).click()
    page.get_by_role("link", name="🧯").click()
    page.get_by_role("row", name="wood.txt").get_by_role("link", name="delete", exact=True).click()
    expect(page.get_by_role("row", name="100% holiday / wood.txt")).to_have_count(0)


def state(instance: Instance) -> dict[str, Any]:
    share = instance.folder / "share"
    found = [path for path in sorted(share.rglob("*")) if ".hist" not in path.parts]
    return {str(path.relative_to(share)): path.read_text() if path.is_file() else "folder" for path in found}

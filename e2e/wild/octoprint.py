"""OctoPrint: a printer's control; Knockout on JSON, pushes over a socket, a CSRF token in a cookie named by the port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, settle

REQUIREMENTS = ("octoprint==1.11.8",)
ACTS = (
    "log in",
    "upload a file",
    "rename an older file",
    "delete another, and confirm it",
    "create a folder",
)
SECRETS = {"PASSWORD": "correct horse 7"}

CONFIG = """
accessControl: {salt: aaaa}
server:
  firstRun: false
  seenWizards: {backup: null, corewizard: 4, tracking: null}
  onlineCheck: {enabled: false}
  pluginBlacklist: {enabled: false}
plugins:
  tracking: {enabled: false, unique_id: x}
  _disabled: [announcements, softwareupdate, tracking, pluginmanager, discovery, errortracking, backup, file_check, firmware_check, health_check, achievements, appkeys, eventmanager]
devel: {virtualPrinter: {enabled: true}}
"""


def start(instance: Instance) -> None:
    base = instance.folder / "base"
    base.mkdir()
    (base / "config.yaml").write_text(CONFIG)
    instance.run(
        "octoprint", "-b", base, "user", "add", "ann", "--password", SECRETS["PASSWORD"], "--group", "admins"
    )
    for name in ("cube", "ring"):
        (base / "uploads").mkdir(exist_ok=True)
        (base / "uploads" / f"{name}.gcode").write_text("G28\nG1 X10\n")
    instance.serve(
        "octoprint", "serve", "--iknowwhatimdoing", "-b", base, "--host", "127.0.0.1", "--port", instance.port
    )
    instance.says("Listening on http")  # another server answers at the same port until then


def more(instance: Instance) -> None:
    (instance.folder / "base" / "uploads" / "ball.gcode").write_text("G28\nG1 X10\n")


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("textbox", name="Username").fill("ann")
    page.get_by_role("textbox", name="Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="cube.gcode")).to_be_visible(timeout=60_000)

    part = folder / "wheel.gcode"
    part.write_text("G28\nG1 X20 E2\n")
    page.locator("#gcode_upload").set_input_files(part)
    expect(page.get_by_role("heading", name="wheel.gcode")).to_be_visible()

    cube = page.locator("#files .entry").filter(has_text="cube.gcode")
    cube.get_by_role("link", name="Move or Rename").click()
    dialog = page.locator(".modal.in")
    settle(page)
    dialog.get_by_role("textbox").fill("dice.gcode")
    dialog.get_by_role("textbox").press("Tab")
    dialog.get_by_role("link", name="Rename").click()
    expect(page.get_by_role("heading", name="dice.gcode")).to_be_visible()

    page.locator("#files .entry").filter(has_text="ring.gcode").get_by_role("link", name="Remove").click()
    page.get_by_role("link", name="Proceed").click()
    expect(page.get_by_role("heading", name="ring.gcode")).to_have_count(0)

    page.get_by_text("Create folder...").first.click()
    dialog = page.locator("#add_folder_dialog")
    settle(page)
    dialog.get_by_role("textbox").fill("parts")
    dialog.get_by_role("textbox").press("Tab")
    dialog.get_by_role("link", name="Create").click()
    expect(page.locator("#files").get_by_text("parts", exact=True).first).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    uploads = instance.folder / "base" / "uploads"
    found = [path for path in sorted(uploads.rglob("*")) if not path.name.startswith(".")]
    return {path.name: path.read_text() if path.is_file() else "folder" for path in found}

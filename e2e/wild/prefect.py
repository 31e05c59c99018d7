"""Prefect's server: a Vue front end on JSON, with ids made by the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.wild.running import Instance

REQUIREMENTS = ("prefect==3.9.1",)
ACTS = (
    "add a variable",
    "add another",
    "change the value of an older one",
    "rename the first new one",
    "delete an older one",
)
START = "/variables"


def start(instance: Instance) -> None:
    env = {
        "PREFECT_HOME": str(instance.folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_UI_API_URL": "/api",
    }
    instance.serve("prefect", "server", "start", "--port", instance.port, **env)
    instance.ready("/api/health")
    for name in ("city", "region"):
        make(instance, name)


def make(instance: Instance, name: str) -> None:
    httpx.post(
        instance.url + "/api/variables/", json={"name": name, "value": name.title()}
    ).raise_for_status()


def more(instance: Instance) -> None:
    make(instance, "area")


def drive(page: Page, folder: Path) -> None:
    add = page.get_by_text("Variables", exact=True).last.locator("xpath=following::button[1]")
    dialog = page.get_by_role("dialog")
    for name, value in (("street", '"Main Road"'), ("zip", "8001")):
        add.click()
        dialog.get_by_role("textbox").first.fill(name)
        dialog.get_by_role("textbox").last.fill(value)
        dialog.get_by_role("button", name="Create").click()
        expect(page.get_by_role("row", name=name)).to_be_visible()

    page.get_by_role("row", name="region").get_by_role("button").last.click()
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog.get_by_role("textbox").last.fill('"Region North"')
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="region")).to_contain_text("Region North")

    page.get_by_role("row", name="street").get_by_role("button").last.click()
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog.get_by_role("textbox").first.fill("street_name")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="street_name")).to_be_visible()

    page.get_by_role("row", name="city").get_by_role("button").last.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("row", name="city")).to_have_count(0)


def state(instance: Instance) -> dict[str, Any]:
    found = httpx.post(instance.url + "/api/variables/filter", json={}).json()
    return {"variables": sorted([each["name"], each["value"], each["tags"]] for each in found)}

"""Directus: a Vue front end on a REST API for any table; sessions in cookies, uploads, ids made by the server."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, row

NPM = True
REQUIREMENTS = ("directus@11.3.5",)
ACTS = (
    "log in",
    "create an item",
    "change the price of another",
    "check a third, delete it and confirm",
    "open the files",
    "upload a file",
)
SECRETS = {"PASSWORD": "correct horse 7"}
START = "/admin/login"


def start(instance: Instance) -> None:
    env = {
        "HOST": "127.0.0.1",
        "PORT": str(instance.port),
        "PUBLIC_URL": instance.url,
        "DB_CLIENT": "sqlite3",
        "DB_FILENAME": str(instance.folder / "data.db"),
        "STORAGE_LOCAL_ROOT": str(instance.folder / "uploads"),
        "SECRET": secrets.token_hex(16),
        "ADMIN_EMAIL": "ann@example.org",
        "ADMIN_PASSWORD": SECRETS["PASSWORD"],
        "TELEMETRY": "false",
        "WEBSOCKETS_ENABLED": "false",
        "LOG_LEVEL": "warn",
        "NODE_ENV": "production",
    }
    instance.run("directus", "bootstrap", seconds=300, **env)
    instance.serve("directus", "start", **env)
    instance.ready("/server/ping")
    fields = [
        {
            "field": "id",
            "type": "uuid",
            "schema": {"is_primary_key": True},
            "meta": {"hidden": True, "interface": "input", "special": ["uuid"]},
        },
        {"field": "name", "type": "string", "meta": {"interface": "input"}},
        {"field": "price", "type": "integer", "meta": {"interface": "input"}},
    ]
    with client(instance) as api:
        post(api, "/collections", {"collection": "products", "schema": {}, "meta": {}, "fields": fields})
        for name, price in (("Oil", 7), ("Rice", 3), ("Salt", 1)):
            post(api, "/items/products", {"name": name, "price": price})


def client(instance: Instance) -> httpx.Client:
    login = {"email": "ann@example.org", "password": SECRETS["PASSWORD"]}
    answer = httpx.post(instance.url + "/auth/login", json=login, timeout=30).raise_for_status()
    token = answer.json()["data"]["access_token"]
    return httpx.Client(base_url=instance.url, headers={"authorization": f"Bearer {token}"}, timeout=30)


def post(api: httpx.Client, path: str, data: dict[str, Any]) -> None:
    api.post(path, json=data).raise_for_status()


def more(instance: Instance) -> None:
    with client(instance) as api:
        post(api, "/items/products", {"name": "Flour", "price": 2})


def drive(page: Page, folder: Path) -> None:
    page.get_by_placeholder("Email").fill("ann@example.org")
    page.get_by_placeholder("Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Sign In").click()

    page.get_by_role("link", name="add").click()
    page.get_by_role("textbox").first.wait_for()
    page.locator(".field").filter(has_text="Name").get_by_role("textbox").fill("Jam, dark")
    page.locator(".field").filter(has_text="Price").locator("input").fill("5")
    page.get_by_role("button", name="check").click()
    expect(page.get_by_role("row", name="Jam, dark")).to_be_visible()

    row(page, "Rice").get_by_text("Rice", exact=True).click()
    page.locator(".field").filter(has_text="Price").locator("input").fill("4")
    page.get_by_role("button", name="check").click()
    expect(row(page, "Rice")).to_contain_text("4")

    row(page, "Salt").get_by_role("checkbox").click()
    page.get_by_role("button", name="delete").click()
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect(row(page, "Salt")).to_have_count(0)

    page.get_by_role("link", name="folder").click()
    page.get_by_role("link", name="Add File").click()
    note = folder / "price list.txt"
    note.write_text("Oil 7\nRice 4\n")
    page.get_by_role("button", name="Choose File", exact=True).set_input_files(note)
    expect(page.get_by_text("Price List").first).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    files = instance.rows(
        "data.db", "select title, filename_download, type from directus_files order by title"
    )
    return {
        "products": instance.rows("data.db", "select name, price from products order by name"),
        "files": files,
    }

"""ihatemoney: shared expenses; Flask, forms rendered by the server, a CSRF token in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, choose

REQUIREMENTS = ("ihatemoney==7.2.1",)
ACTS = (
    "log in to the project",
    "add a participant",
    "add a bill for two of the participants",
    "edit an older bill",
    "delete an older bill",
)
SECRETS = {"PASSWORD": "correct horse 7", "CODE": "correct horse 7"}
START = "/authenticate?project_id=trip"

SETTINGS = """
import os, secrets
DEBUG = False
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.path.abspath("money.db")
SECRET_KEY = secrets.token_hex(16)
ACTIVATE_DEMO_PROJECT = False
ALLOW_PUBLIC_PROJECT_CREATION = True
ENABLE_CAPTCHA = False
SESSION_COOKIE_SECURE = False
"""


def start(instance: Instance) -> None:
    settings = instance.folder / "settings.cfg"
    settings.write_text(SETTINGS)
    env = {"IHATEMONEY_SETTINGS_FILE_PATH": str(settings), "FLASK_APP": "ihatemoney.wsgi"}
    instance.serve("ihatemoney", "run", "--port", instance.port, **env)
    instance.ready()
    project = {
        "name": "Trip",
        "id": "trip",
        "password": SECRETS["PASSWORD"],
        "contact_email": "a@example.org",
    }
    post(instance, "/api/projects", {**project, "default_currency": "XXX"}, ())
    for name in ("Ann", "Bob"):
        post(instance, "/api/projects/trip/members", {"name": name})
    for what, amount, payer in (("Train", 40, 1), ("Hotel", 210, 2), ("Museum", 24, 1)):
        add_bill(instance, what, amount, payer)


def post(
    instance: Instance, path: str, data: dict[str, Any], auth: Any = ("trip", "correct horse 7")
) -> None:
    httpx.post(instance.url + path, data=data, auth=auth or None, timeout=20).raise_for_status()


def add_bill(instance: Instance, what: str, amount: int, payer: int) -> None:
    bill = {"date": "2026-03-01", "what": what, "payer": payer, "payed_for": [1, 2], "amount": amount}
    post(instance, "/api/projects/trip/bills", {**bill, "bill_type": "Expense"})


def more(instance: Instance) -> None:
    post(instance, "/api/projects/trip/members", {"name": "Abe"})
    add_bill(instance, "Boat", 77, 2)


def drive(page: Page, folder: Path) -> None:
    page.get_by_label("Private code").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="submit").click()
    page.get_by_placeholder("Add participant").fill("Cleo")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name="Cleo")).to_be_visible()

    page.get_by_role("link", name="Add a new bill").click()
    page.get_by_label("What?").fill("Dinner at Luigi's")
    page.get_by_label("How much?").fill("63.5")
    choose(page.get_by_label("Who paid?"), "Bob")
    page.get_by_role("link", name="No one").click()
    page.get_by_label("Ann", exact=True).check()
    page.get_by_label("Cleo", exact=True).check()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("row", name="Dinner at Luigi's")).to_be_visible()

    page.get_by_role("row", name="Hotel").get_by_role("link", name="edit").click()
    page.get_by_label("How much?").fill("199")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("row", name="Hotel")).to_contain_text("199")

    museum = page.get_by_role("row", name="Museum")
    museum.get_by_role("button", name="delete").click()
    museum.get_by_role("button", name="sure").click()
    expect(museum).to_have_count(0)


def state(instance: Instance) -> dict[str, Any]:
    members = instance.rows("money.db", "select name, weight, activated from person order by name")
    bills = instance.rows(
        "money.db",
        "select what, amount, p.name, (select group_concat(name) from (select o.name from billowers b"
        " join person o on o.id = b.person_id where b.bill_id = bill.id order by o.name))"
        " from bill join person p on p.id = payer_id order by what",
    )
    return {"members": members, "bills": bills}

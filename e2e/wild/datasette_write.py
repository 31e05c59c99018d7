"""Datasette with datasette-write: SQL typed by a person, a signed CSRF token in each form and in a cookie."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, choose

REQUIREMENTS = (
    "datasette==0.65.5",
    "datasette-write==0.4",
    "datasette-edit-schema==0.7.1",
    "datasette-upload-csvs==0.9",
    "datasette-auth-passwords==1.1.1",
)
ACTS = (
    "log in",
    "create a table",
    "change a row with SQL",
    "delete a row with SQL",
    "open another table",
    "add a column to it",
)
SECRETS = {"PASSWORD": "correct horse 7"}
START = "/-/login"


def start(instance: Instance) -> None:
    with closing(sqlite3.connect(instance.folder / "shop.db")) as connection:
        connection.execute("create table item (id integer primary key, name text, price real)")
        rows = [("Oil", 7.5), ("Rice", 3), ("Salt", 1), ("Tea", 4)]
        connection.executemany("insert into item (name, price) values (?, ?)", rows)
        connection.commit()
    hashed = instance.run(
        "datasette", "hash-password", "--no-confirm", stdin=SECRETS["PASSWORD"] + "\n"
    ).strip()
    config = {"admin_password_hash": hashed, "actors": {"admin": {"id": "root"}}}
    (instance.folder / "metadata.json").write_text(
        json.dumps({"plugins": {"datasette-auth-passwords": config}})
    )
    instance.serve("datasette", "shop.db", "-m", "metadata.json", "-p", instance.port)


def more(instance: Instance) -> None:
    with closing(sqlite3.connect(instance.folder / "shop.db")) as connection:
        connection.execute("insert into item (name, price) values ('Flour', 2)")
        connection.commit()


def drive(page: Page, folder: Path) -> None:
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("link", name="shop", exact=True).click()
    page.locator("summary").last.click()
    page.get_by_role("link", name="Create a table").click()
    page.get_by_label("Table name").fill("makers")
    page.get_by_role("main").or_(page.locator("form").last).get_by_role("textbox").nth(2).fill("town")
    page.get_by_role("button", name="Create table").click()
    expect(page.get_by_text("Table has been created")).to_be_visible()

    page.get_by_role("navigation").get_by_role("link", name="shop", exact=True).click()
    for query in ("update item set price = 3.5 where name = 'Rice'", "delete from item where name = 'Salt'"):
        page.locator("summary").last.click()
        page.get_by_role("link", name="Execute SQL write").click()
        page.get_by_role("textbox").fill(query)
        page.get_by_role("button", name="Execute query").click()
        expect(page.get_by_text("1 row affected")).to_be_visible()
        page.get_by_role("link", name="shop", exact=True).click()

    page.get_by_role("link", name="item", exact=True).last.click()
    page.locator("summary").last.click()
    page.get_by_role("link", name="Edit table schema").click()
    page.get_by_label("Name", exact=True).fill("stock")
    choose(page.get_by_label("Column type"), "Integer")
    page.get_by_role("button", name="Add column").click()
    expect(page.get_by_text("Column has been added")).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    columns = [row[1] for row in instance.rows("shop.db", "pragma table_info(item)")]
    wanted = ", ".join(column for column in columns if column != "id")
    tables = instance.rows(
        "shop.db", "select name, sql from sqlite_master where type = 'table' and name != 'item'"
    )
    return {
        "tables": tables,
        "columns": columns,
        "items": instance.rows("shop.db", f"select {wanted} from item order by name, id"),
    }

"""sqlite-web: a browser for SQLite files; forms rendered by the server, addresses made of the row's key."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, choose

REQUIREMENTS = ("sqlite-web==0.8.2",)
ACTS = (
    "log in",
    "open a table's content",
    "insert a row",
    "edit another row",
    "edit the new row",
    "delete a third row",
    "add a column",
    "import rows from a CSV file",
)
SECRETS = {"PASSWORD": "correct horse 7"}
START = "/login/"


def start(instance: Instance) -> None:
    with closing(sqlite3.connect(instance.folder / "shop.db")) as connection:
        connection.execute("create table item (id integer primary key, name text, price real)")
        rows = [("Oil", 7.5), ("Rice", 3), ("Salt", 1), ("Tea", 4)]
        connection.executemany("insert into item (name, price) values (?, ?)", rows)
        connection.commit()
    command = ("sqlite_web", "shop.db", "-P", "-x", "-p", instance.port)
    instance.serve(*command, SQLITE_WEB_PASSWORD=SECRETS["PASSWORD"])


def more(instance: Instance) -> None:
    with closing(sqlite3.connect(instance.folder / "shop.db")) as connection:
        connection.execute("insert into item (name, price) values ('Flour', 2)")
        connection.commit()


def drive(page: Page, folder: Path) -> None:
    page.get_by_label("Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Login", exact=True).click()
    page.get_by_role("link", name="item", exact=True).first.click()
    page.get_by_role("link", name="Content", exact=True).click()

    page.get_by_role("link", name="Insert", exact=True).click()
    page.get_by_label("name", exact=True).fill("Jam, dark")
    page.get_by_label("price", exact=True).fill("5.25")
    page.get_by_role("button", name="Insert", exact=True).click()

    page.get_by_role("row", name="Rice").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Allow updating this column").nth(2).check()
    page.get_by_role("textbox", name="price", exact=True).fill("3.5")
    page.get_by_role("button", name="Update", exact=True).click()

    page.get_by_role("row", name="Jam, dark").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Allow updating this column").nth(1).check()
    page.get_by_role("textbox", name="name", exact=True).fill("Jam, light")
    page.get_by_role("button", name="Update", exact=True).click()

    page.get_by_role("row", name="Salt").get_by_role("link", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete", exact=True).click()

    page.get_by_role("link", name="Structure", exact=True).click()
    page.get_by_role("link", name="+ Add column").click()
    page.get_by_label("Column name").fill("stock")
    choose(page.get_by_label("Column type"), "INTEGER")
    page.get_by_role("button", name="Add column", exact=True).click()

    page.get_by_role("link", name="Import", exact=True).click()
    rows = folder / "more.csv"
    rows.write_text("name,price,stock\nHoney,6,10\nCocoa,4.5,3\n")
    page.get_by_label("Input file").set_input_files(rows)
    page.get_by_role("button", name="Import", exact=True).click()

    page.get_by_role("link", name="Content", exact=True).click()
    expect(page.get_by_role("row", name="Cocoa")).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    columns = [row[1] for row in instance.rows("shop.db", "pragma table_info(item)")]
    wanted = ", ".join(column for column in columns if column != "id")
    return {
        "columns": columns,
        "items": instance.rows("shop.db", f"select {wanted} from item order by name, id"),
    }

"""marimo: notebooks of Python; a WebSocket for results, JSON for acts, cell ids made by the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, settle

REQUIREMENTS = ("marimo==0.25.2",)
ACTS = (
    "open a notebook",
    "change the first cell",
    "run it",
    "add a cell",
    "run that, and see its result",
    "save the notebook",
)

NOTEBOOK = """import marimo

app = marimo.App()


@app.cell
def _():
    price = 3
    return (price,)


if __name__ == "__main__":
    app.run()
"""


def start(instance: Instance) -> None:
    book = instance.folder / "books"
    book.mkdir()
    for name in ("budget", "trip"):
        (book / f"{name}.py").write_text(NOTEBOOK)
    instance.serve(
        "marimo", "edit", "books", "--port", instance.port, "--headless", "--no-token", "--skip-update-check"
    )


def more(instance: Instance) -> None:
    (instance.folder / "books" / "accounts.py").write_text(NOTEBOOK)


def drive(page: Page, folder: Path) -> None:
    with page.expect_popup() as popup:
        page.get_by_role("link", name="budget.py").click()
    book = popup.value
    book.get_by_text("price = 3").click()
    book.keyboard.press("Control+End")
    book.keyboard.insert_text("0")
    book.keyboard.press("Control+Enter")
    book.get_by_role("button", name="Python", exact=True).click()
    book.keyboard.insert_text("total = price * 2\ntotal")
    book.keyboard.press("Control+Enter")
    expect(book.get_by_text("60", exact=True)).to_be_visible(timeout=15_000)
    book.keyboard.press("Control+s")
    settle(book)


def state(instance: Instance) -> dict[str, Any]:
    books = instance.folder / "books"
    return {path.name: path.read_text() for path in sorted(books.glob("*")) if path.is_file()}

"""Flask-Admin: the administration of a small shop; forms, inline editing, batch actions, uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, row

REQUIREMENTS = ("flask-admin==2.2.1", "flask-sqlalchemy==3.1.1", "sqlalchemy==2.0.58", "wtforms==3.3.2")
ACTS = (
    "add a maker",
    "add a product of this maker",
    "change the price of another product in the list",
    "search for a product and rename it",
    "delete two of the makers by the list's action",
    "upload a file",
)
START = "/admin/"

SITE = """
import os, secrets, sys
from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.fileadmin import FileAdmin
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import SecureForm
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SECRET_KEY"] = secrets.token_hex(16)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///" + os.path.abspath("shop.db")
db = SQLAlchemy(app)


class Maker(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)

    def __str__(self):
        return self.name


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)
    price = db.Column(db.Integer)
    maker_id = db.Column(db.ForeignKey(Maker.id))
    maker = db.relationship(Maker, backref="products")

    def __str__(self):
        return self.name


class Secured(ModelView):
    form_base_class = SecureForm


class Products(Secured):
    column_searchable_list = ["name"]
    column_editable_list = ["price"]
    column_default_sort = "name"


class Files(FileAdmin):
    form_base_class = SecureForm


admin = Admin(app, name="Shop")
admin.add_view(Secured(Maker, db.session))
admin.add_view(Products(Product, db.session))
os.makedirs("files", exist_ok=True)
admin.add_view(Files("files", "/files/", name="Files"))

with app.app_context():
    db.create_all()
    for name in ("Acme", "Bolt", "Cord"):
        db.session.add(Maker(name=name))
    for name, price in (("Hammer", 12), ("Nail", 1), ("Saw", 20)):
        db.session.add(Product(name=name, price=price, maker_id=1))
    db.session.commit()

app.run(port=int(sys.argv[1]))
"""


def start(instance: Instance) -> None:
    (instance.folder / "site_.py").write_text(SITE)
    instance.serve("python", "site_.py", instance.port)


def more(instance: Instance) -> None:
    code = "import sqlite3; c = sqlite3.connect('shop.db'); c.execute({!r}); c.commit()"
    instance.run("python", "-c", code.format("insert into maker (name) values ('Able')"))
    instance.run("python", "-c", code.format("insert into product (name, price) values ('Axe', 15)"))


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="Maker", exact=True).click()
    page.get_by_role("link", name="Create", exact=True).click()
    page.get_by_label("Name").fill("Dowel & Sons")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="Dowel & Sons")).to_be_visible()

    page.get_by_role("link", name="Product", exact=True).click()
    page.get_by_role("link", name="Create", exact=True).click()
    page.get_by_label("Name").fill("Screw")
    page.get_by_label("Price").fill("2")
    page.locator(".select2-choice").click()
    page.locator(".select2-input:focus").fill("Dowel")
    page.get_by_role("option", name="Dowel & Sons").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="Screw")).to_be_visible()

    page.get_by_role("row", name="Nail").get_by_role("link", name="1", exact=True).click()
    page.get_by_role("spinbutton").fill("3")

    page.get_by_role("spinbutton").press("Enter")
    expect(page.get_by_role("row", name="Nail 3")).to_be_visible()

    page.get_by_role("textbox", name="name").fill("Saw")
    page.get_by_role("textbox", name="name").press("Enter")
    page.get_by_role("row", name="Saw").locator("a").first.click()
    page.get_by_label("Name").fill("Saw, fine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="Saw, fine")).to_be_visible()

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Maker", exact=True).click()
    for name in ("Bolt", "Cord"):
        row(page, name).get_by_role("checkbox").check()
    page.get_by_role("button", name="With selected").click()
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(row(page, "Cord")).to_have_count(0)

    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("link", name="Upload File").click()
    note = folder / "note.txt"
    note.write_text("Order more nails.\n")
    page.locator("input[type=file]").set_input_files(note)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="note.txt")).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    products = instance.rows(
        "shop.db",
        "select p.name, price, m.name from product p left join maker m on m.id = maker_id order by p.name",
    )
    files = {path.name: path.read_text() for path in sorted((instance.folder / "files").iterdir())}
    return {
        "makers": instance.rows("shop.db", "select name from maker order by name"),
        "products": products,
        "files": files,
    }

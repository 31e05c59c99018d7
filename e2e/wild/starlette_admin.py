"""starlette-admin: an administration whose lists are JSON in data tables, with batch actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, row

REQUIREMENTS = (
    "starlette-admin==1.0.3",
    "sqlalchemy==2.0.58",
    "uvicorn==0.54.0",
    "python-multipart==0.0.34",
    "itsdangerous==2.2.0",
)
ACTS = (
    "add a maker",
    "add a product of this maker",
    "change the price of another product",
    "search for a product and delete it",
    "delete two of the makers by the list's action",
)

SITE = """
import os, secrets, sys
import uvicorn
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from starlette.applications import Starlette
from starlette_admin.contrib.sqla import Admin, ModelView


class Base(DeclarativeBase):
    pass


class Maker(Base):
    __tablename__ = "maker"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    products: Mapped[list["Product"]] = relationship(back_populates="maker")

    async def __admin_repr__(self, request):
        return self.name


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[int]
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("maker.id"))
    maker: Mapped[Maker | None] = relationship(back_populates="products")

    async def __admin_repr__(self, request):
        return self.name


class Products(ModelView):
    fields = ["id", "name", "price", "maker"]


engine = create_engine("sqlite:///shop.db", connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
with Session(engine) as session:
    acme, *others = [Maker(name=name) for name in ("Acme", "Bolt", "Cord")]
    session.add_all([acme, *others])
    session.add_all(Product(name=n, price=p, maker=acme) for n, p in (("Hammer", 12), ("Nail", 1), ("Saw", 20)))
    session.commit()

app = Starlette()
admin = Admin(engine, title="Shop")
admin.add_view(ModelView(Maker))
admin.add_view(Products(Product))
admin.mount_to(app)
uvicorn.run(app, port=int(sys.argv[1]))
"""
START = "/admin/"


def start(instance: Instance) -> None:
    (instance.folder / "site_.py").write_text(SITE)
    instance.serve("python", "site_.py", instance.port)


def more(instance: Instance) -> None:
    code = "import sqlite3; c = sqlite3.connect('shop.db'); c.execute({!r}); c.commit()"
    instance.run("python", "-c", code.format("insert into maker (name) values ('Able')"))
    instance.run("python", "-c", code.format("insert into product (name, price) values ('Axe', 15)"))


def drive(page: Page, folder: Path) -> None:
    sidebar = page.locator("#sidebar-menu")
    sidebar.get_by_role("link", name="Makers").click()
    page.get_by_role("link", name="New Maker").click()
    page.get_by_label("Name").fill("Dowel & Sons")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row(page, "Dowel & Sons")).to_be_visible()

    sidebar.get_by_role("link", name="Products").click()
    page.get_by_role("link", name="New Product").click()
    page.get_by_label("Name").fill("Screw")
    page.get_by_label("Price").fill("2")
    page.get_by_role("textbox", name="Select maker").click()
    page.get_by_role("searchbox").last.fill("Dowel")
    page.get_by_role("option", name="Dowel & Sons").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row(page, "Screw")).to_be_visible()

    row(page, "Nail").get_by_role("link", name="Edit").click()
    page.get_by_label("Price").fill("3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row(page, "Nail")).to_contain_text("3")

    page.get_by_role("searchbox", name="Search in list").fill("Saw")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(row(page, "Hammer")).to_have_count(0)
    row(page, "Saw").get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "Saw")).to_have_count(0)

    sidebar.get_by_role("link", name="Makers").click()
    for name in ("Bolt", "Cord"):
        row(page, name).get_by_role("checkbox").check()
    page.get_by_role("button", name="With selected").click()
    page.get_by_role("link", name="Delete", exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(row(page, "Cord")).to_have_count(0)


def state(instance: Instance) -> dict[str, Any]:
    products = instance.rows(
        "shop.db",
        "select p.name, price, m.name from product p left join maker m on m.id = maker_id order by p.name",
    )
    return {"makers": instance.rows("shop.db", "select name from maker order by name"), "products": products}

"""Pages that the server renders, with links and forms and hardly a script."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import App, html, refuse

NAMES = ("Olive oil", "Oil", "Oil lamp", "Vinegar")


def links_that_lead_on(app: App) -> None:
    """A link of a row does something, and leads on to the list, whose address only says that it was done: the script
    asks for what the link asked for, with the key of this start, out of the row that was clicked."""
    names = NAMES if app.recorded else ("Salt", *NAMES)
    things = {app.number(name): name for name in names}
    keys = {id: app.id(f"key of {name}", "key") for id, name in things.items()}

    @app.routes.get("/")
    async def index(request: web.Request) -> web.Response:
        links = "".join(
            f'<tr><td>{name}</td><td><a href="/act?what=archive&amp;thing={id}&amp;key={keys[id]}">Archive</a></td></tr>'
            for id, name in things.items()
        )
        return html(f"<p>{request.query.get('said', '')}</p><table>{links}</table>")

    @app.routes.get("/act")
    async def act(request: web.Request) -> web.Response:
        id, key = int(request.query["thing"]), request.query["key"]
        if keys.get(id) != key:
            return refuse(403, "The link has expired")
        app.understood(request.query["what"], thing=app.name_of(id), key=app.name_of(key))
        raise web.HTTPFound(f"/?said={things[id]} is archived&thing={id}")


async def archive(page: Page, _: Path) -> None:
    for name in ("Oil", "Vinegar"):
        row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))
        await row.get_by_text("Archive").click()
        await expect(page.get_by_text(f"{name} is archived")).to_be_visible()

"""Values that the page was given in its own data, and values that it makes itself."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import App, html, refuse


def values_in_page_data(app: App) -> None:
    """What the page sends is in its JSON, in data attributes and in a script file: the script reads those of this start
    first."""
    values = {name: app.id(name) for name in ("guard", "build", "key", "version", "client")}
    data = {
        "props": {"pageProps": {"antiForgery": values["guard"], "user": {"id": 7}}},
        "buildId": values["build"],
    }

    @app.routes.get("/")
    async def index(_: web.Request) -> web.Response:
        version = json.dumps({"version": values["version"]})
        return html(f"""<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>
<div id="app" data-session-key="{values["key"]}" data-page='{version}'></div><button onclick="run()">Run</button>
<script src="/config.js"></script>
<script>
async function run() {{
  const next = JSON.parse(document.getElementById("__NEXT_DATA__").textContent), statuses = [];
  const sent = async (...words) => statuses.push((await send(...words)).status);
  await sent("POST", "/save", {{}}, {{ "x-anti-forgery": next.props.pageProps.antiForgery }});
  await sent("GET", `/data/${{next.buildId}}/list.json`);
  await sent("POST", "/open", {{ key: app.dataset.sessionKey }});
  await sent("POST", "/visit", {{}}, {{ "x-inertia-version": JSON.parse(app.dataset.page).version }});
  await sent("POST", "/track", {{}}, {{ "x-client-key": window.CONFIG.clientKey }});
  out.value = statuses.join(" ");
}}
</script>""")

    @app.routes.get("/config.js")
    async def config(_: web.Request) -> web.Response:
        text = f'window.CONFIG = {{ env: "prod", clientKey: "{values["client"]}" }};'
        return web.Response(text=text, content_type="text/javascript")

    def checked(what: str, value: str | None) -> web.Response:
        app.understood(what, value=app.name_of(value))
        return web.json_response({}) if value == values[what] else refuse(403, "stale")

    @app.routes.post("/save")
    async def save(request: web.Request) -> web.Response:
        return checked("guard", request.headers.get("x-anti-forgery"))

    @app.routes.get("/data/{build}/list.json")
    async def listed(request: web.Request) -> web.Response:
        return checked("build", request.match_info["build"])

    @app.routes.post("/open")
    async def open_(request: web.Request) -> web.Response:
        return checked("key", (await request.json())["key"])

    @app.routes.post("/visit")
    async def visit(request: web.Request) -> web.Response:
        return checked("version", request.headers.get("x-inertia-version"))

    @app.routes.post("/track")
    async def track(request: web.Request) -> web.Response:
        return checked("client", request.headers.get("x-client-key"))


async def send_all(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("#out")).to_have_text("200 200 200 200 200")


def client_made_ids_and_idempotency_key(app: App) -> None:
    """The page makes an order's id and a payment's idempotency key: each run of a script makes new ones, so that two
    runs order and pay twice."""
    app.page("""<button onclick="pay()">Pay</button><script>
async function pay() {
  const key = crypto.randomUUID(), order = crypto.randomUUID();
  await send("PUT", `/orders/${order}`, { sku: "A-1", quantity: 2 });
  const response = await send("POST", "/payments", { order, amount: 1200 }, { "idempotency-key": key });
  out.value = response.status;
}
</script>""")
    keys: set[str] = set()

    @app.routes.put("/orders/{id}")
    async def order(request: web.Request) -> web.Response:
        id = str(uuid.UUID(request.match_info["id"]))
        is_new = app.name_of(id) != "order"
        app.understood("order", new=is_new, **await request.json())
        return (
            web.json_response({"id": app.know(id, "order")}, status=201)
            if is_new
            else refuse(409, "it exists")
        )

    @app.routes.post("/payments")
    async def payment(request: web.Request) -> web.Response:
        paid, key = await request.json(), str(uuid.UUID(request.headers["idempotency-key"]))
        app.understood(
            "payment", new=key not in keys, order=app.name_of(paid["order"]), amount=paid["amount"]
        )
        status = 200 if key in keys else 201
        keys.add(key)
        return web.json_response({"id": app.number("payment")}, status=status)


async def pay(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Pay").click()
    await expect(page.locator("#out")).to_have_text("201")

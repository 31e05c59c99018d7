"""Request bodies that are hard to send again: unusual encodings, types that do not fit, parts, repeated names, XML."""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import App, html

CITIES = """<!doctype html><meta charset="windows-1251"><title>Города</title>
<form method="post" action="/add"><label>Город <input name="city"></label>
<input type="hidden" name="guard" value="{guard}"><button>Добавить</button></form><output id="out">{text}</output>"""


def form_in_windows_1251(app: App) -> None:
    """The browser sends a form in the encoding of its page: the script sends the city in windows-1251 too."""

    def page(text: str = "") -> web.Response:
        body = CITIES.format(guard=app.id("guard"), text=text)
        return web.Response(text=body, content_type="text/html", charset="windows-1251")

    @app.routes.get("/")
    async def index(_: web.Request) -> web.Response:
        return page()

    @app.routes.post("/add")
    async def add(request: web.Request) -> web.Response:
        form = parse_qs((await request.read()).decode("ascii"), encoding="windows-1251")
        guard = app.name_of(form["guard"][0])
        app.understood("add", city=form["city"][0], guard=guard)
        return page(form["city"][0]) if guard == "guard" else web.Response(status=403)


async def add_a_city(page: Page, _: Path) -> None:
    await page.get_by_label("Город").fill("Москва")
    await page.get_by_role("button", name="Добавить").click()
    await expect(page.locator("#out")).to_have_text("Москва")


def gzip_compressed_body(app: App) -> None:
    """The page compresses its JSON: the app reads the same note, whether or not the script compresses it."""
    app.page("""<label>Title <input id="title"></label><button onclick="save()">Save</button><script>
async function save() {
  const text = JSON.stringify({ title: title.value, list: "home" });
  const packed = new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  out.value = (await fetch("/notes", { method: "POST", headers, body: await packed.arrayBuffer() })).status;
}
</script>""")

    @app.routes.post("/notes")
    async def note(request: web.Request) -> web.Response:
        # aiohttp has decompressed the body as Content-Encoding says.
        app.understood("note", **await request.json())
        return web.json_response({"id": app.id("note")}, status=201)


def json_sent_as_form(app: App) -> None:
    """The page sends JSON under the content type of a form: it is not split at its ``&`` and ``=``."""
    app.page("""<label>Title <input id="title"></label><button onclick="save()">Save</button><script>
function save() {
  const request = new XMLHttpRequest();
  request.open("POST", "/todos");
  request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
  request.onload = () => { out.value = request.status };
  request.send(JSON.stringify({ title: title.value, tags: ["a&b", "c=d", "100%", "x+y"], done: false }));
}
</script>""")

    @app.routes.post("/todos")
    async def todo(request: web.Request) -> web.Response:
        app.understood("todo", **json.loads(await request.read()))
        return web.json_response({"id": app.id("todo")}, status=201)


async def save_a_title(page: Page, _: Path) -> None:
    await page.get_by_label("Title").fill("milk & bread = breakfast")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#out")).to_have_text("201")


def multipart_files_and_json_part(app: App) -> None:
    """Two files, a JSON part, an HTML part and a repeated field: the parts keep their order, names, types and bytes."""
    app.page("""<label>Files <input type="file" id="files" multiple></label><button onclick="upload()">Upload</button>
<script>
async function upload() {
  const form = new FormData(), meta = JSON.stringify({ folder: "inbox", tags: ["x", "y"] });
  form.append("meta", new Blob([meta], { type: "application/json" }));
  form.append("note", new Blob(["<b>hi</b>"], { type: "text/html" }), "note.html");
  for (const file of files.files) form.append("files[]", file);
  for (const tag of ["one", "two"]) form.append("tags[]", tag);
  out.value = (await fetch("/documents", { method: "POST", body: form })).status;
}
</script>""")

    @app.routes.post("/documents")
    async def documents(request: web.Request) -> web.Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + await request.read())
        parts = [
            [
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_content_type(),
                hashlib.sha256(part.get_payload(decode=True)).hexdigest(),  # type: ignore[arg-type]
            ]
            for part in message.iter_parts()
        ]
        app.understood("documents", parts=parts)
        return web.json_response({"id": app.id("document")}, status=201)


async def upload_two_files(page: Page, folder: Path) -> None:
    paths = [folder / "räksmörgås å.txt", folder / "b.bin"]
    paths[0].write_text("smörgås\n", encoding="utf-8")
    paths[1].write_bytes(bytes(range(256)))
    await page.get_by_label("Files").set_input_files(paths)
    await page.get_by_role("button", name="Upload").click()
    await expect(page.locator("#out")).to_have_text("201")


def repeated_form_names(app: App) -> None:
    """Which fields belong together is in their order alone, as Rack and Rails read a form: the script keeps it."""
    field = '<input name="order[lines][][%s]" value="%s"%s>'
    lines = [field % ("sku", "A", ' id="first" aria-label="First"'), field % ("quantity", "1", "")]
    lines += [field % ("sku", "B", ""), field % ("quantity", "5", "")]
    app.page(f'<form method="post" action="/orders">{"".join(lines)}<button>Buy</button></form>')

    @app.routes.post("/orders")
    async def order(request: web.Request) -> web.Response:
        found: list[dict[str, str]] = []
        for name, value in parse_qsl(await request.text(), keep_blank_values=True):
            key = name.removeprefix("order[lines][][").removesuffix("]")
            if not found or key in found[-1]:
                found.append({})
            found[-1][key] = value
        app.understood("order", lines=found)
        return html("<h1>Ordered</h1>")


async def change_a_line(page: Page, _: Path) -> None:
    await page.get_by_label("First").fill("C")
    await page.get_by_role("button", name="Buy").click()
    await expect(page.get_by_role("heading")).to_have_text("Ordered")


ENVELOPE = '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>'


def soap_session_and_order(app: App) -> None:
    """Ids go from elements and attributes of XML responses into XML requests: each run confirms its own order."""
    before, after = ENVELOPE.split("%s")
    app.page(f"""<button onclick="order()">Buy</button><script>
async function call(action, body) {{
  const headers = {{ "content-type": "text/xml; charset=utf-8", SOAPAction: `"urn:${{action}}"` }};
  const response = await fetch("/soap", {{ method: "POST", headers, body: `{before}${{body}}{after}` }});
  return new DOMParser().parseFromString(await response.text(), "text/xml");
}}
async function order() {{
  const opened = await call("Open", "<Open><user>ann</user></Open>");
  const session = opened.querySelector("SessionId").textContent;
  const created = await call("Create", `<Create><SessionId>${{session}}</SessionId><sku>A-1</sku></Create>`);
  const id = created.querySelector("Order").getAttribute("id");
  const confirmed = await call("Confirm", `<Confirm sid="${{session}}"><orderId>${{id}}</orderId></Confirm>`);
  out.value = confirmed.querySelector("State").textContent;
}}
</script>""")

    def answered(body: str, status: int = 200) -> web.Response:
        text = f'<?xml version="1.0" encoding="utf-8"?>{ENVELOPE % body}'
        return web.Response(text=text, content_type="text/xml", status=status)

    @app.routes.post("/soap")
    async def soap(request: web.Request) -> web.Response:
        text = await request.text()

        def found(pattern: str) -> str:
            match = re.search(pattern, text)
            return match[1] if match is not None else ""

        action = request.headers["soapaction"].strip('"').removeprefix("urn:")
        if action == "Open":
            app.understood("open", user=found("<user>(.*?)<"))
            return answered(f"<Opened><SessionId>{app.id('session')}</SessionId></Opened>")
        session = app.name_of(found(r'(?:<SessionId>|sid=")(\w+)'))
        if action == "Create":
            app.understood("create", session=session, sku=found("<sku>(.*?)<"))
            return answered(f'<Created><Order id="{app.number("order")}"/></Created>')
        order = app.name_of(found("<orderId>(.*?)<"))
        app.understood("confirm", session=session, order=order)
        if (session, order) != ("session", "order"):
            return answered("<soap:Fault><faultstring>no such order</faultstring></soap:Fault>", 500)
        return answered("<Confirmed><State>confirmed</State></Confirmed>")


async def confirm_an_order(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Buy").click()
    await expect(page.locator("#out")).to_have_text("confirmed")

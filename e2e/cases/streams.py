"""Responses that come in pieces, and an upload that goes out in pieces."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import App, refuse


def ndjson_created_rows(app: App) -> None:
    """An import is answered line by line, later with one more line: the script deletes the row that its own import
    created last, wherever its line is."""
    app.page(r"""<button onclick="run()">Import</button><script>
async function run() {
  const type = "application/x-ndjson", body = ["a", "b"].map((name) => JSON.stringify({ name }) + "\n").join("");
  const headers = { "content-type": type, accept: type };
  const response = await fetch("/import", { method: "POST", headers, body });
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) text += piece;
  const created = text.trim().split("\n").map((line) => JSON.parse(line)).filter((line) => line.type === "created");
  out.value = (await fetch(`/rows/${created.at(-1).id}`, { method: "DELETE" })).status;
}
</script>""")

    @app.routes.post("/import")
    async def import_(request: web.Request) -> web.StreamResponse:
        names = [json.loads(line)["name"] for line in (await request.text()).splitlines()]
        app.understood("import", rows=names)
        lines = [{"type": "progress", "step": step} for step in range(2 if app.recorded else 3)]
        lines += [{"type": "created", "id": app.id(f"row {name}", "row")} for name in names]
        stream = web.StreamResponse(headers={"content-type": "application/x-ndjson"})
        await stream.prepare(request)
        for line in lines:
            await stream.write(json.dumps(line).encode() + b"\n")
            await asyncio.sleep(0.02)
        return stream

    @app.routes.delete("/rows/{id}")
    async def delete(request: web.Request) -> web.Response:
        row = app.name_of(request.match_info["id"])
        app.understood("delete", row=row)
        app.revoke(request.match_info["id"])
        return web.json_response({"deleted": True}) if row.startswith("row") else refuse(404, "no such row")


async def import_rows(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Import").click()
    await expect(page.locator("#out")).to_have_text("200")


def sse_event_types_not_listened_to(app: App) -> None:
    """An endless stream has event types that the page ignores, later one more of them: the script waits for the type
    that the page waited for, publishes its own artifact, and ends."""
    app.page("""<button onclick="run()">Run</button><script>
async function run() {
  const job = await (await send("POST", "/jobs", { kind: "report" })).json();
  new EventSource(`/jobs/${job.id}/events`).addEventListener("artifact", async (event) => {
    const { artifactId } = JSON.parse(event.data);
    out.value = (await fetch(`/artifacts/${artifactId}/publish`, { method: "POST" })).status;
  });
}
</script>""")

    @app.routes.post("/jobs")
    async def job(request: web.Request) -> web.Response:
        app.understood("job", **await request.json())
        return web.json_response({"id": app.id("job")}, status=202)

    @app.routes.get("/jobs/{id}/events")
    async def events(request: web.Request) -> web.StreamResponse:
        app.understood("events", job=app.name_of(request.match_info["id"]))
        stream = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await stream.prepare(request)
        events = [("progress", {"percent": 30 * done}) for done in range(2 if app.recorded else 3)]
        for name, data in [*events, ("artifact", {"artifactId": app.id("artifact")})]:
            await stream.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            await asyncio.sleep(0.1)
        while True:
            await stream.write(b": still here\n\n")
            await asyncio.sleep(0.5)

    @app.routes.post("/artifacts/{id}/publish")
    async def publish(request: web.Request) -> web.Response:
        artifact = app.name_of(request.match_info["id"])
        app.understood("publish", artifact=artifact)
        return web.Response(status=201) if artifact == "artifact" else refuse(404, "no such artifact")


async def publish_an_artifact(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("#out")).to_have_text("201")


TUS = {"Tus-Resumable": "1.0.0"}


def head_after_resumable_upload(app: App) -> None:
    """A file is uploaded in pieces (tus) to the address in ``Location``, and HEAD asks how much arrived: the script
    makes an upload of its own and sends it the same bytes."""
    app.page("""<label>File <input type="file" id="file"></label><button onclick="upload()">Upload</button><script>
const tus = (method, url, headers, body) =>
  fetch(url, { method, body, headers: { "Tus-Resumable": "1.0.0", ...headers } });
async function upload() {
  const data = file.files[0];
  const about = { "Upload-Length": String(data.size), "Upload-Metadata": "filename " + btoa(data.name) };
  const url = (await tus("POST", "/files", about)).headers.get("location");
  for (let offset = 0; offset < data.size; ) {
    const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    const response = await tus("PATCH", url, headers, data.slice(offset, offset + 600));
    offset = Number(response.headers.get("upload-offset"));
  }
  out.value = (await tus("HEAD", url)).headers.get("upload-offset");
}
</script>""")
    uploads: dict[str, bytes] = {}

    @app.routes.post("/files")
    async def create(request: web.Request) -> web.Response:
        id = app.id("upload")
        uploads[id] = b""
        name = base64.b64decode(request.headers["upload-metadata"].split()[1]).decode()
        app.understood("create", size=request.headers["upload-length"], name=name)
        return web.Response(status=201, headers={"Location": f"/files/{id}", **TUS})

    @app.routes.patch("/files/{id}")
    async def append(request: web.Request) -> web.Response:
        id, at, piece = request.match_info["id"], request.headers["upload-offset"], await request.read()
        app.understood("append", upload=app.name_of(id), at=at, piece=hashlib.sha256(piece).hexdigest())
        if int(at) != len(uploads.get(id, b"?")):
            return refuse(409, "not there")
        uploads[id] += piece
        return web.Response(status=204, headers={"Upload-Offset": str(len(uploads[id])), **TUS})

    @app.routes.head("/files/{id}")
    async def state(request: web.Request) -> web.Response:
        id = request.match_info["id"]
        app.understood("state", upload=app.name_of(id))
        if id not in uploads:
            return web.Response(status=404)
        return web.Response(headers={"Upload-Offset": str(len(uploads[id])), **TUS})


async def upload_a_file(page: Page, folder: Path) -> None:
    path = folder / "v.bin"
    path.write_bytes(bytes(i * 7 % 256 for i in range(1500)))
    await page.get_by_label("File").set_input_files(path)
    await page.get_by_role("button", name="Upload").click()
    await expect(page.locator("#out")).to_have_text("1500")

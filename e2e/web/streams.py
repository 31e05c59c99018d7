"""A chat over a WebSocket, tokens as server-sent events by EventSource and by fetch, and an upload with progress."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, Form, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, StreamingResponse

from e2e.web.calls import log

app = FastAPI()
jobs: dict[str, str] = {}
begun: dict[str, float] = {}
uploads: list[str] = []


@app.get("/", include_in_schema=False)
def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


@app.websocket("/ws/{room}")
async def chat(socket: WebSocket, room: str) -> None:
    await socket.accept()
    log("joined", room=room)
    await socket.send_json({"type": "welcome", "room": room, "member": secrets.token_hex(8)})
    try:
        while True:
            said = await socket.receive_json()
            log("said", text=said["text"])
            await socket.send_json({"type": "message", "text": said["text"].upper()})
    except WebSocketDisconnect:
        pass


rooms: dict[str, list[WebSocket]] = {}
works: dict[str, str] = {}


@app.websocket("/ws/rooms/{room}")
async def visited(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_json({"type": "welcome", "room": room})
    rooms.setdefault(room, []).append(socket)
    try:
        while True:
            said = await socket.receive_json()
            log("visited", room=room, **said)
            if said["type"] == "who":
                await socket.send_json({"type": "members", "count": len(rooms[room])})
    except WebSocketDisconnect:
        rooms[room].remove(socket)


@app.post("/api/rooms/{room}/works")
async def work(room: str, request: Request) -> dict[str, bool]:
    text = (await request.json())["text"]
    log("work", room=room, text=text)
    id = secrets.token_hex(8)
    works[id] = text

    async def finish() -> None:
        await asyncio.sleep(0.2)
        for socket in rooms.get(room, []):
            await socket.send_json({"type": "finished", "work": id})

    asyncio.get_running_loop().create_task(finish())
    return {"taken": True}


@app.get("/api/works/{work_id}")
async def worked(work_id: str) -> dict[str, str]:
    log("worked", text=works[work_id])
    return {"text": works[work_id].title()}


@app.post("/api/jobs")
async def start(request: Request) -> dict[str, str]:
    prompt = (await request.json())["prompt"]
    log("start", prompt=prompt)
    id = secrets.token_hex(8)
    jobs[id] = prompt
    return {"job_id": id}


@app.get("/api/jobs/{job_id}/tokens")
async def tokens(job_id: str) -> StreamingResponse:
    log("tokens", prompt=jobs[job_id])

    async def told() -> AsyncIterator[str]:
        for word in jobs[job_id].split():
            yield f'data: {{"token": "{word}"}}\n\n'
            await asyncio.sleep(0.05)
        yield "event: done\ndata: [DONE]\n\n"

    return StreamingResponse(told(), media_type="text/event-stream")


@app.post("/api/complete")
async def complete(request: Request) -> StreamingResponse:
    prompt = (await request.json())["prompt"]
    log("complete", prompt=prompt)

    async def told() -> AsyncIterator[str]:
        for letter in prompt:
            yield f"data: {letter}\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(told(), media_type="text/event-stream")


@app.post("/api/slow")
async def slow(request: Request) -> dict[str, str]:
    text = (await request.json())["text"]
    log("slow", text=text)
    id = secrets.token_hex(8)
    jobs[id] = text
    begun[id] = time.monotonic()
    return {"job_id": id, "status": "queued"}


@app.get("/api/slow/{job_id}")
def progress(job_id: str) -> dict[str, object]:
    spent = time.monotonic() - begun[job_id]
    return {"status": "done" if spent > 0.7 else "running", "percent": min(int(spent * 150), 100)}


@app.get("/api/slow/{job_id}/result")
def result(job_id: str, response: Response) -> dict[str, str]:
    done = time.monotonic() - begun[job_id] > 0.7
    log("result", done=done)
    response.status_code = 200 if done else 409
    return {"text": jobs[job_id][::-1]}


@app.post("/api/upload")
async def upload(file: UploadFile, note: str = Form()) -> dict[str, object]:
    content = await file.read()
    log("upload", name=file.filename, type=file.content_type, content=content.decode("latin-1"), note=note)
    uploads.append(secrets.token_hex(8))
    return {"upload_id": uploads[-1], "size": len(content)}


@app.get("/api/uploads/{upload_id}")
def uploaded(upload_id: str) -> dict[str, int]:
    log("uploaded", number=uploads.index(upload_id))
    return {"number": uploads.index(upload_id)}


PAGE = """<!doctype html>
<html lang="en"><head><title>Streams</title></head><body>
<label>Say <input id="say"></label> <button id="join">Join</button> <button id="send">Send</button>
<label>Prompt <input id="prompt"></label> <button id="stream">Stream</button> <button id="complete">Complete</button>
<button id="slow">Work slowly</button>
<label>File <input id="file" type="file"></label> <label>Note <input id="note"></label>
<button id="work">Work</button> <button id="who">Who is there?</button>
<button id="upload">Upload</button> <progress max="1" value="0"></progress>
<pre id="out"></pre>
<script>
const by = (id) => document.getElementById(id);
const out = (text) => by("out").append(text + "\\n");
let socket;
by("join").onclick = () => {
  socket = new WebSocket(`ws://${location.host}/ws/lobby`);
  socket.onmessage = ({ data }) => out(JSON.parse(data).text ?? "welcome");
};
by("send").onclick = () => socket.send(JSON.stringify({ text: by("say").value }));
by("stream").onclick = async () => {
  const answer = await fetch("/api/jobs", { method: "POST", body: JSON.stringify({ prompt: by("prompt").value }) });
  const { job_id } = await answer.json();
  const source = new EventSource(`/api/jobs/${job_id}/tokens`);
  source.onmessage = ({ data }) => out(JSON.parse(data).token);
  source.addEventListener("done", () => { source.close(); out("streamed"); });
};
by("complete").onclick = async () => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/api/complete", { method: "POST", headers, body: JSON.stringify({ prompt: by("prompt").value }) });
  await answer.text();
  out("completed");
};
by("slow").onclick = async () => {
  const answer = await fetch("/api/slow", { method: "POST", body: JSON.stringify({ text: by("prompt").value }) });
  const { job_id } = await answer.json();
  for (let status = ""; status !== "done"; ) {
    await new Promise((done) => setTimeout(done, 100));
    ({ status } = await (await fetch(`/api/slow/${job_id}`)).json());
  }
  out((await (await fetch(`/api/slow/${job_id}/result`)).json()).text);
};
const room = new WebSocket(`ws://${location.host}/ws/rooms/lounge`);
room.onopen = () => room.send(JSON.stringify({ type: "hello", from: "page" }));
room.onmessage = async ({ data }) => {
  const told = JSON.parse(data);
  if (told.type === "members") out(`${told.count} here`);
  if (told.type === "finished") out((await (await fetch(`/api/works/${told.work}`)).json()).text);
};
by("who").onclick = () => room.send(JSON.stringify({ type: "who" }));
by("work").onclick = () =>
  fetch("/api/rooms/lounge/works", { method: "POST", body: JSON.stringify({ text: by("prompt").value }) });
by("upload").onclick = () => {
  const form = new FormData();
  form.append("note", by("note").value);
  form.append("file", by("file").files[0]);
  const request = new XMLHttpRequest();
  request.open("POST", "/api/upload");
  request.upload.onprogress = ({ loaded, total }) => { document.querySelector("progress").value = loaded / total; };
  request.responseType = "json";
  request.onload = async () => {
    const answer = await fetch(`/api/uploads/${request.response.upload_id}`);
    out(`upload ${(await answer.json()).number}`);
  };
  request.send(form);
};
</script></body></html>
"""

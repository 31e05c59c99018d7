"""An app whose data flow one recording does not tell: it gives an everyday word under one name and wants it back under
another, and its page makes ids by ``Math.random`` that are taken once."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from e2e.web.calls import log

WORD = os.environ.get("WORD", "amber")
TAKEN = Path(os.environ.get("TAKEN", "taken.txt"))
"""The ids of notes, which outlive the process."""

PAGE = """<!doctype html><title>Booking</title>
<label>Note <input id="note" name="note"></label>
<button id="book">Book</button> <button id="save">Save</button> <output id="said"></output>
<script>
let season = "";
const say = text => document.querySelector("#said").textContent = text;
const ask = (method, path, body) => fetch(path, {
  method, headers: {"content-type": "application/json"}, body: body && JSON.stringify(body),
}).then(answer => answer.json());
ask("GET", "/api/hall").then(hall => { season = hall.season; say("ready"); });
document.querySelector("#book").onclick = async () => {
  const made = await ask("POST", "/api/bookings", {lane: season, view: "window"});
  say("booked " + made.booked);
};
document.querySelector("#save").onclick = async () => {
  const own = Math.random().toString(36).slice(2, 12).padEnd(10, "7");
  await ask("PUT", "/api/notes/" + own, {text: document.querySelector("#note").value});
  const made = await ask("POST", "/api/shelf", {add: "note-" + own});
  say("saved " + made.size);
};
</script>
"""


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def hall(request: Request) -> Response:
    return JSONResponse({"season": WORD, "seats": 40})


async def bookings(request: Request) -> Response:
    asked = await request.json()
    if asked["lane"] != WORD:
        return JSONResponse({"detail": "there is no such lane"}, 404)
    log("booked", value=asked["view"])
    return JSONResponse({"booked": asked["view"]})


async def notes(request: Request) -> Response:
    taken = TAKEN.read_text().split() if TAKEN.exists() else []
    own = request.path_params["id"]
    if own in taken:
        return JSONResponse({"detail": "this id already exists"}, 409)
    TAKEN.write_text(" ".join([*taken, own]))
    NOTES[own] = (await request.json())["text"]
    log("noted", value=NOTES[own])
    return JSONResponse({"kept": True})


async def shelf(request: Request) -> Response:
    added = (await request.json())["add"].removeprefix("note-")
    if added not in NOTES:
        return JSONResponse({"detail": "there is no such note"}, 404)
    log("shelved", value=NOTES[added])
    return JSONResponse({"size": "one more"})


NOTES: dict[str, str] = {}

app = Starlette(
    routes=[
        Route("/", page),
        Route("/api/hall", hall),
        Route("/api/bookings", bookings, methods=["POST"]),
        Route("/api/notes/{id}", notes, methods=["PUT"]),
        Route("/api/shelf", shelf, methods=["POST"]),
    ]
)

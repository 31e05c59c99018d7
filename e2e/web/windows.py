"""A page with a strict Content-Security-Policy, a frame of the same origin, a second tab and workers, which all ask, by way
of a service worker."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from e2e.web.calls import log

app = FastAPI(openapi_url=None)
things: list[str] = []


@app.middleware("http")
async def policy(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    response.headers["content-security-policy"] = (
        "default-src 'self'; frame-ancestors 'self'; base-uri 'none'"
    )
    return response


def shown(title: str, inside: str) -> HTMLResponse:
    head = f"<title>{title}</title><script src='/{title}.js' defer></script>"
    return HTMLResponse(
        f"<!doctype html><html lang='en'><head>{head}</head><body>{inside}<output></output></body></html>"
    )


@app.get("/")
def outer() -> HTMLResponse:
    inside = "<button>Ask outside</button> <button id='worker'>Ask a worker</button> <a href='/second' target='_blank'>Another tab</a>"
    return shown("outer", f"{inside}<iframe title='Frame' src='/inner'></iframe>")


@app.get("/inner")
def inner() -> HTMLResponse:
    return shown("inner", "<button>Ask inside</button>")


@app.get("/second")
def second() -> HTMLResponse:
    return shown("second", "<button>Ask there</button>")


@app.get("/worker.js")
def worker() -> Response:
    text = """"use strict";
    const isStrict = (function () { return this === undefined; })();
    onmessage = async ({ data }) => {
      const body = new URLSearchParams({ from: isStrict ? "worker" : "sloppy worker", last: data });
      postMessage(await (await fetch("/api/ask", { method: "POST", body })).json());
    };"""
    return Response(text, media_type="text/javascript")


@app.get("/module.js")
def module() -> Response:
    text = """import { ask } from "/asking.js";
    onmessage = async ({ data }) => postMessage(await ask("module", data));"""
    return Response(text, media_type="text/javascript")


@app.get("/asking.js")
def asking() -> Response:
    text = """export const ask = (from, last) => new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", "/api/ask");
      request.responseType = "json";
      request.onload = () => done(request.response);
      request.send(new URLSearchParams({ from, last }));
    });"""
    return Response(text, media_type="text/javascript")


@app.get("/service.js")
def service() -> Response:
    text = """onactivate = (event) => event.waitUntil(clients.claim());
    onfetch = (event) => event.respondWith(fetch(event.request));"""
    return Response(text, media_type="text/javascript")


@app.get("/{name}.js")
def script(name: str) -> Response:
    text = """const served = navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready);
    served.then(() => document.documentElement.setAttribute("data-ready", ""));
    const button = document.getElementById("worker");
    if (button) {
      const show = ({ data }) => {
        localStorage.setItem("thing", data.thing_id);
        document.querySelector("output").textContent = data.count;
      };
      const workers = [new Worker("/worker.js"), new Worker("/module.js", { type: "module" })];
      workers[0].onmessage = (event) => workers[1].postMessage(event.data.thing_id);
      workers[1].onmessage = show;
      button.onclick = () => workers[0].postMessage(localStorage.getItem("thing"));
    }
    document.querySelector("button").onclick = async () => {
      const last = localStorage.getItem("thing") ?? "";
      const body = new URLSearchParams({ from: document.title, last });
      const answer = await (await fetch("/api/ask", { method: "POST", body })).json();
      localStorage.setItem("thing", answer.thing_id);
      document.querySelector("output").textContent = answer.count;
    };"""
    return Response(text, media_type="text/javascript")


@app.post("/api/ask")
async def ask(request: Request) -> dict[str, object]:
    given = await request.form()
    last = things.index(str(given["last"])) if given["last"] in things else None
    log("ask", by=given["from"], last=last)
    things.append(secrets.token_hex(10))
    return {"thing_id": things[-1], "count": len(things)}

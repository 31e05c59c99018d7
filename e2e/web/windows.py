"""A page with a strict Content-Security-Policy, a frame of the same origin and a second tab, which all ask."""

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
    inside = "<button>Ask outside</button> <a href='/second' target='_blank'>Another tab</a>"
    return shown("outer", f"{inside}<iframe title='Frame' src='/inner'></iframe>")


@app.get("/inner")
def inner() -> HTMLResponse:
    return shown("inner", "<button>Ask inside</button>")


@app.get("/second")
def second() -> HTMLResponse:
    return shown("second", "<button>Ask there</button>")


@app.get("/{name}.js")
def script(name: str) -> Response:
    text = """document.querySelector("button").onclick = async () => {
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

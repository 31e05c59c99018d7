"""FastAPI and plain JavaScript: a login that gives a JWT, a cookie against forged requests, things that are made, changed
and deleted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Annotated, Any

from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from e2e.web.calls import log

KEY = secrets.token_bytes(32)
ANN = secrets.token_hex(12)
FIRST = 1000 + secrets.randbelow(9000)

app = FastAPI(title="Tasks")
items: dict[int, dict[str, Any]] = {}
names: dict[str, str] = {}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(user: str) -> str:
    head = encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = {"sub": ANN, "name": user, "iat": time.time(), "jti": secrets.token_hex(8)}
    body = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{body}.{encoded(hmac.digest(KEY, body.encode(), hashlib.sha256))}"


def user(authorization: Annotated[str, Header()] = "") -> str:
    token = authorization.removeprefix("Bearer ")
    body, _, signature = token.rpartition(".")
    if not body or encoded(hmac.digest(KEY, body.encode(), hashlib.sha256)) != signature:
        raise HTTPException(401, "Log in first")
    claims = body.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["name"])


def guarded(csrftoken: Annotated[str, Cookie()] = "", x_csrf_token: Annotated[str, Header()] = "") -> None:
    if not csrftoken or csrftoken != x_csrf_token:
        raise HTTPException(403, "Forged")


class Login(BaseModel):
    username: str
    password: str


class Item(BaseModel):
    title: str
    priority: int = 1
    done: bool = False


class Change(BaseModel):
    title: str | None = None
    done: bool | None = None


@app.middleware("http")
async def cookie(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    if "csrftoken" not in request.cookies:
        response.set_cookie("csrftoken", secrets.token_urlsafe(24))
    return response


@app.get("/", include_in_schema=False)
def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


@app.post("/api/login")
def login(given: Login) -> dict[str, Any]:
    log("login", username=given.username, password=given.password)
    if given.password != "open sesame":
        raise HTTPException(401, "Wrong password")
    return {
        "access_token": token_of(given.username),
        "token_type": "bearer",
        "user": {"name": given.username},
    }


@app.get("/api/people/{person_id}")
def person(person_id: str, who: Annotated[str, Depends(user)]) -> dict[str, Any]:
    log("person", who=who, is_own=person_id == ANN)
    return {"name": who}


@app.get("/api/items")
def list_items(who: Annotated[str, Depends(user)], limit: int = 20) -> list[dict[str, Any]]:
    log("list", who=who, limit=limit)
    return list(items.values())[:limit]


@app.post("/api/items", status_code=201, dependencies=[Depends(guarded)])
def create_item(item: Item, who: Annotated[str, Depends(user)]) -> dict[str, Any]:
    id = FIRST + len(items)
    names[str(id)] = f"item {len(items)}"
    log("create", who=who, **item.model_dump())
    items[id] = {
        "id": id,
        **item.model_dump(),
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return items[id]


@app.patch("/api/items/{item_id}", dependencies=[Depends(guarded)])
def change_item(item_id: int, change: Change, who: Annotated[str, Depends(user)]) -> dict[str, Any]:
    if item_id not in items:
        raise HTTPException(404, "No such item")
    log("change", who=who, item=names[str(item_id)], **change.model_dump(exclude_none=True))
    items[item_id].update(change.model_dump(exclude_none=True))
    return items[item_id]


@app.delete("/api/items/{item_id}", status_code=204, dependencies=[Depends(guarded)])
def delete_item(item_id: int, who: Annotated[str, Depends(user)]) -> None:
    if item_id not in items:
        raise HTTPException(404, "No such item")
    log("delete", who=who, item=names[str(item_id)])
    del items[item_id]


PAGE = """<!doctype html>
<html lang="en"><head><title>Tasks</title></head><body>
<form id="login"><label>User <input name="username"></label>
<label>Password <input name="password" type="password"></label><button>Log in</button></form>
<form id="new" hidden><label>Title <input name="title"></label>
<label>Priority <input name="priority" type="number" value="1"></label><button>Add</button></form>
<ul id="list"></ul><p id="said"></p>
<script>
let token = "";
const cookie = () => /csrftoken=([^;]*)/.exec(document.cookie)[1];
const ask = async (method, path, body) => {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = cookie();
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const value = answer.status === 204 ? null : await answer.json();
  document.querySelector("#said").textContent = answer.ok ? `${method} done` : value.detail;
  return value;
};
const show = async () => {
  const list = document.querySelector("#list");
  const items = await ask("GET", "/api/items?limit=50");
  list.replaceChildren(...items.map((item) => {
    const line = document.createElement("li");
    line.append(item.title, item.done ? " (done) " : " ");
    const button = (name, act) => {
      const made = document.createElement("button");
      made.textContent = `${name} ${item.title}`;
      made.onclick = act;
      line.append(made);
    };
    button("Finish", async () => { await ask("PATCH", `/api/items/${item.id}`, { done: true }); await show(); });
    button("Delete", async () => { await ask("DELETE", `/api/items/${item.id}`); await show(); });
    return line;
  }));
  list.dataset.shown = items.length;
};
document.querySelector("#login").onsubmit = async (event) => {
  event.preventDefault();
  const { username, password } = event.target.elements;
  const answer = await ask("POST", "/api/login", { username: username.value, password: password.value });
  if (!answer.access_token) return;
  token = answer.access_token;
  const { sub } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  await ask("GET", `/api/people/${sub}`);
  document.querySelector("#new").hidden = false;
  await show();
};
document.querySelector("#new").onsubmit = async (event) => {
  event.preventDefault();
  const { title, priority } = event.target.elements;
  await ask("POST", "/api/items", { title: title.value, priority: Number(priority.value) });
  await show();
};
</script></body></html>
"""

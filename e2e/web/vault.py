"""An app that is full of secrets, in every place where a page and a server can have one; each is made when the app starts
and written to a file, so that a search for all of them can be made afterwards."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from e2e.web.calls import log

app = FastAPI(openapi_url=None)
PLANTED: dict[str, str] = {}


def planted(name: str, value: str) -> str:
    """``value`` under the name of the place that it is planted in."""
    PLANTED[name] = value
    return value


def opaque() -> str:
    """A token that says nothing by its shape, and has a digit."""
    return secrets.token_hex(12) + "7f"


def jwt() -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'HS256'})}.{part({'jti': secrets.token_hex(8)})}.{secrets.token_urlsafe(32)}"


def api_key() -> str:
    return f"sk-{secrets.token_hex(20)}"


def pem() -> str:
    body = "\n".join(base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(4))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"


def github() -> str:
    return f"ghp_{secrets.token_hex(18)}"


def aws() -> str:
    return "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))


HEADERS = {
    "authorization": "Bearer " + planted("header, bearer", opaque()),
    "x-api-key": planted("header, api key", opaque()),
    "x-auth-user": planted("header, auth", opaque()),
    "x-csrf-token": planted("header, csrf", opaque()),
    "x-amz-security-token": planted("header, cloud token", opaque()),
    "x-hub-signature": planted("header, signature", opaque()),
    "x-note": planted("header of any name, by shape", jwt()),
}
COOKIES = {
    "sessionid": planted("cookie that the page cannot see", opaque()),
    "csrftoken": planted("cookie that the page can see", opaque()),
    "remember": planted("cookie by shape", jwt()),
}
QUERY = {
    "access_token": planted("query, access token", opaque()),
    "api_key": planted("query, api key", opaque()),
    "password": planted("query, password", "pass phrase & more"),
    "X-Amz-Signature": planted("query, signature", opaque()),
    "jwt": planted("query, jwt by name", opaque()),
    "note": planted("query of any name, by shape", github()),
}
PATHS = [
    f"/reset/{planted('path, reset', opaque())}",
    f"/invite/{planted('path, invite', opaque())}/accept",
    f"/download/{planted('path, by shape', api_key())}",
]
SENT = {
    "password": planted("JSON, password", 'correct "horse" ü'),
    "client_secret": planted("JSON, client secret", opaque()),
    "auth": planted("JSON, auth", opaque()),
    "nested": {"list": [{"private_key": planted("JSON, nested", pem())}]},
    "text": planted("JSON, text within JSON", opaque()),
    "note": f"my key is {planted('JSON, inside a sentence', api_key())}, keep it",
}
GIVEN = {
    "access_token": planted("answer, access token", opaque()),
    "refresh_token": planted("answer, refresh token", opaque()),
    "secret_key": planted("answer, secret key", opaque()),
    "cloud": planted("answer of any name, by shape", aws()),
    "session_key": planted("answer, session key", opaque()),
}
FORM = {
    "password": planted("form, password", "a b+c%d"),
    "otp": planted("form, one-time code", "918273645"),
    "api-key": planted("form, api key", opaque()),
    "signature": planted("form, signature", opaque()),
}
PARTS = {
    "token": planted("multipart, token", opaque()),
    "passphrase": planted("multipart, passphrase", "eight words and more"),
    "credential": planted("multipart, credential", opaque()),
}
SOCKET_SENT = [
    json.dumps({"type": "auth", "token": planted("WebSocket, sent", opaque())}),
    json.dumps({"type": "key", "value": planted("WebSocket, sent, by shape", jwt())}),
]
SOCKET_GIVEN = [
    json.dumps({"ticket_token": planted("WebSocket, received", opaque())}),
    f"plain text with {planted('WebSocket, received, by shape', github())}",
    json.dumps({"pem": planted("WebSocket, received, key", pem())}),
]
EVENTS = [
    json.dumps({"upload_token": planted("event, token", opaque())}),
    json.dumps({"delta": planted("event, by shape", jwt())}),
    planted("event, plain text by shape", api_key()),
]
STORED = {
    "token": planted("localStorage, token", opaque()),
    "settings": json.dumps({"api_key": planted("localStorage, JSON", opaque())}),
    "jwt": planted("localStorage, by shape", jwt()),
}
OWN = {
    "pin": planted("recorder.toml, name", "47-11-08-15"),
    "x-house-key-2": planted("recorder.toml, name with a star", "no token at all"),
    "text": planted("recorder.toml, pattern", f"acme/{secrets.token_hex(6).upper()}"),
}
FIELDS = {
    "hidden": planted("HTML, hidden field", opaque()),
    "meta": planted("HTML, meta", opaque()),
    "script": planted("HTML, script", opaque()),
}
FILES = {
    "server.pem": planted("file, private key", pem()),
    "settings.env": f"OPENAI_API_KEY={planted('file, api key', api_key())}\n",
    "notes.txt": f"token: {planted('file, jwt', jwt())}\n",
    "export.csv": f"name,key\nann,{planted('file that is given, by shape', github())}\n",
}
ERRORS = {
    "echo": planted("error, what was typed", "typed in vain 1"),
    "shape": planted("error, by shape", jwt()),
    "quoted": planted("error, JSON", opaque()),
}
TITLE = planted("title, by shape", github())
HASH = planted("fragment, access token", opaque())
OAUTH = {"code": planted("OAuth, code", opaque()), "state": planted("OAuth, state", opaque())}
TYPED = planted("password field, sent under another name", "open sesame 42!")
FILLED = planted("password field, filled by the app", "filled in before 7")

if folder := os.environ.get("APP_FOLDER"):
    Path(folder, "planted.json").write_text(json.dumps(PLANTED))

PAGE = f"""<!doctype html><html lang="en"><head><title>Vault</title>
<meta name="csrf-token" content="{FIELDS["meta"]}">
<script>window.csrfToken = "{FIELDS["script"]}";</script></head>
<body><form id="form"><label>Password <input type="password" name="word"></label>
<label>Other <input type="password" id="other"></label>
<input type="hidden" name="csrfmiddlewaretoken" value="{FIELDS["hidden"]}"></form>
<label>Files <input type="file" multiple></label> <button id="go">Go</button> <output></output>
<script src="/page.js"></script></body></html>"""

SCRIPT = """
const told = (value) => JSON.stringify(value);
const json = { "content-type": "application/json" };
const vault = %s;
Object.entries(vault.stored).forEach(([name, value]) => localStorage.setItem(name, value));
document.getElementById("other").value = vault.filled;
const post = (path, body, headers = json) => fetch(path, { method: "POST", headers, body });
document.getElementById("go").addEventListener("click", async () => {
  document.title = `Vault of ${vault.title}`;
  history.replaceState(null, "", `/${vault.hash}`);
  await post("/headers", "{}", { ...json, ...vault.headers });
  await post("/cookies", "{}", { ...json, "x-seen": document.cookie.split("; ").sort().join(";") });
  await fetch(`/query?${new URLSearchParams(vault.query)}`);
  await fetch(`/callback?${new URLSearchParams(vault.oauth)}`);
  for (const path of vault.paths) await fetch(path);
  await post("/json", told({ ...vault.sent, text: told({ inner: { password: vault.sent.text } }) }));
  const given = await (await post("/given", "{}")).json();
  await post("/again", told({ note: `with ${given.access_token}`, list: [given.session_key] }));
  await post("/form", new URLSearchParams(vault.form), { "content-type": "application/x-www-form-urlencoded" });
  const parts = new FormData();
  for (const [name, value] of Object.entries(vault.parts)) parts.append(name, value);
  await fetch("/parts", { method: "POST", body: parts });
  const upload = new FormData();
  for (const file of document.querySelector("input[type=file]").files) upload.append("files", file);
  await fetch("/upload", { method: "POST", body: upload });
  await post("/typed", told({ word: document.querySelector("[name=word]").value, other: document.getElementById("other").value }));
  await post("/hidden", new FormData(document.getElementById("form")), {});
  await post("/own", told({ pin: vault.own.pin, note: `it is ${vault.own.text}.`, spin: "4712" }), { ...json, "x-house-key-2": vault.own["x-house-key-2"] });
  await post("/fields", told({ a: window.csrfToken, b: document.querySelector("meta[name=csrf-token]").content }));
  await post("/stored", told({ settings: localStorage.getItem("settings"), odd: localStorage.getItem("jwt") }), { ...json, authorization: `Token ${localStorage.getItem("token")}` });
  for (const name of ["echo", "shape", "quoted"]) await post(`/error/${name}`, told({ password: vault.errors.echo, token: vault.errors.quoted }));
  await new Promise((done) => {
    const events = new EventSource("/events");
    let count = 0;
    events.onmessage = () => ++count === 3 && (events.close(), done());
  });
  await new Promise((done) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/socket`);
    let count = 0;
    socket.onopen = () => vault.socket.forEach((text) => socket.send(text));
    socket.onmessage = () => ++count === 3 && (socket.close(), done());
  });
  const made = await (await fetch("/export.csv")).text();
  await post("/last", told({ length: made.length }));
  document.querySelector("output").textContent = "done";
});
"""


@app.get("/")
def page() -> HTMLResponse:
    answer = HTMLResponse(PAGE)
    for name, value in COOKIES.items():
        answer.set_cookie(name, value, httponly=name == "sessionid")
    return answer


@app.get("/page.js")
def script() -> Response:
    vault = {
        "stored": STORED, "filled": FILLED, "title": TITLE, "hash": f"#access_token={HASH}&token_type=bearer", "headers": HEADERS, "query": QUERY, "oauth": OAUTH,
        "paths": PATHS, "sent": SENT, "form": FORM, "parts": PARTS, "errors": ERRORS, "socket": SOCKET_SENT,
        "own": OWN,
    }  # fmt: skip
    return Response(SCRIPT % json.dumps(vault), media_type="text/javascript")


@app.post("/given")
def given() -> dict[str, str]:
    log("given")
    return GIVEN


@app.post("/error/{name}")
async def error(name: str, request: Request) -> Response:
    log("error", name=name)
    said = await request.json()
    texts = {
        "echo": f"wrong password {said['password']!r}",
        "shape": f"Traceback: {ERRORS['shape']} is not valid",
    }
    if name in texts:
        return Response(texts[name], status_code=500, media_type="text/plain")
    return JSONResponse({"detail": f"no user for {said['token']}", "token": said["token"]}, status_code=401)


@app.get("/events")
def events() -> StreamingResponse:
    log("events")
    return StreamingResponse((f"data: {text}\n\n" for text in EVENTS), media_type="text/event-stream")


@app.get("/export.csv")
def export() -> Response:
    log("export")
    headers = {"content-disposition": 'attachment; filename="export.csv"'}
    return Response(FILES["export.csv"], media_type="text/csv", headers=headers)


@app.websocket("/socket")
async def socket(connection: WebSocket) -> None:
    await connection.accept()
    for _ in SOCKET_SENT:
        await connection.receive_text()
    log("socket")
    for text in SOCKET_GIVEN:
        await connection.send_text(text)
    await connection.close()


@app.api_route("/{rest:path}", methods=["GET", "POST"])
async def anything(rest: str, request: Request) -> dict[str, Any]:
    await request.body()
    log("asked", path=rest.partition("/")[0])
    return {"ok": True}

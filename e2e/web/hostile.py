"""A page that wants to break out of whatever shows it: in names, values, errors and its title; under a policy that lets
neither inline styles nor markup from texts through."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from e2e.web.calls import log

HOSTILE = "</script><script>document.title='hurt'</script><img src=x onerror=\"document.title='hurt'\">${1}`'\"\\\u2028\u202e\x00]]>"
POLICY = "default-src 'self'; style-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

app = FastAPI(openapi_url=None)

PAGE = """<!doctype html><html lang="en"><head><title>a "page" of &lt;b&gt; its own</title><script src="/page.js" defer></script></head>
<body><main><h1>Hostile</h1><button id="ask">Ask</button> <button id="more">More</button> <output></output></main>
<footer>the end</footer></body></html>"""
SCRIPT = """
const said = document.querySelector("output");
const ask = async (n) => (await fetch(`/say?n=${n}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(%s) })).json();
document.getElementById("ask").addEventListener("click", async () => { await ask(0); await fetch("/fail"); said.textContent = "asked"; });
let [count, answered] = [0, 0];
document.getElementById("more").addEventListener("click", () => {
  for (let n = 0; n < 10; n++) ask(count++).then(() => (said.textContent = `asked ${++answered}`));
});
"""


@app.get("/")
def page() -> HTMLResponse:
    return HTMLResponse(PAGE, headers={"content-security-policy": POLICY})


@app.get("/page.js")
def script() -> Response:
    import json

    return Response(SCRIPT % json.dumps({HOSTILE: HOSTILE}), media_type="text/javascript")


@app.post("/say")
def say(n: int, body: dict[str, Any]) -> dict[str, Any]:
    log("say", n=n, body=body)
    return {"said": [HOSTILE, {HOSTILE: body}], "n": n}


@app.get("/fail")
def fail() -> Response:
    log("fail")
    return Response(HOSTILE.encode("utf-8", "replace"), status_code=500, media_type="text/plain")

"""Pages that attack the recorder: they forge events, patch what the browser has, and try to press, read, edit and replay."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from e2e.visit import opened, press, proxied
from recorder import session as sessions
from recorder.capture.browser import record
from recorder.serve.offer import Offer
from recorder.serve.panel import Panel
from recorder.serve.site import Site
from tests.serving import upstream

LOOT = "the person's own value"
ENVIRONMENT = {"AWS_SECRET_ACCESS_KEY": LOOT, "RECORDER_SECRET_LOOT": LOOT}

ATTACK = """
window.stolen = [];
setTimeout(() => (document.title = "over"), MILLISECONDS + 500);
const steal = (value) => { try { stolen.push((typeof value === "string" ? value : realStringify(value)).slice(0, 2000)); } catch {} };
// What the recorder's script may look up by name, each made to give away what passes.
const realApply = Reflect.apply, realStringify = JSON.stringify, realCreate = Document.prototype.createElement;
const patches = [
  () => (Reflect.apply = (f, self, args) => (steal(args), realApply(f, self, args))),
  () => (JSON.stringify = (...args) => (steal(args[0]), realStringify(...args))),
  () => (JSON.parse = ((real) => (text, f) => (steal(text), real(text, f)))(JSON.parse)),
  () => (Object.prototype.toJSON = function () { steal(Object.keys(this)); stolen.push(this.key ?? this.token ?? ""); return this; }),
  () => (WebSocket.prototype.send = ((real) => function (data) { steal(data); return real.call(this, data); })(WebSocket.prototype.send)),
  () => (Array.prototype[Symbol.iterator] = ((real) => function* () { if (this[0]?.type === "click") yield { isTrusted: true, type: "click" }; else yield* realApply(real, this, []); })(Array.prototype[Symbol.iterator])),
  () => (String.prototype.split = ((real) => function (...a) { steal(String(this)); return real.apply(this, a); })(String.prototype.split)),
  () => (Array.prototype.push = ((real) => function (...a) { return realApply(real, this, a); })(Array.prototype.push)),
  () => (Map.prototype.get = ((real) => function (k) { return realApply(real, this, [k]); })(Map.prototype.get)),
  () => (EventTarget.prototype.addEventListener = ((real) => function (type, f, o) { if (type === "click") stolen.push("listener"); return realApply(real, this, [type, f, o]); })(EventTarget.prototype.addEventListener)),
  () => (Node.prototype.contains = () => true),
  () => (Event.prototype.composedPath = function () { return [document.querySelector("[data-api-recorder] button"), document.body]; }),
  () => (Date.now = () => 0),
  () => (Document.prototype.createElement = function (tag) { return realApply(realCreate, this, [tag]); }),
  () => Object.defineProperty(Object.prototype, "ask", { configurable: true, set(value) { Object.defineProperty(this, "ask", { value, writable: true }); window.theirs = value; } }),
  () => Object.defineProperty(Object.prototype, "press", { configurable: true, set(value) { Object.defineProperty(this, "press", { value, writable: true }); window.thePress = value; } }),
];
const random = ((state) => () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648)(SEED);
const placeholder = (name) => `[recorder-secret:0123456789abcdef:${name}]`;
const forged = (page, seq, key = "") => {
  const frames = [];
  for (const name of ["AWS_SECRET_ACCESS_KEY", "RECORDER_SECRET_LOOT"]) {
    frames.push({ t: "secret", page, seq: seq++, at: 1, placeholder: placeholder(name), name, hint: "x" });
    frames.push({ t: "request", page, seq: seq++, at: 1, id: `q${seq}`, method: "POST", url: `${location.origin}/loot`, headers: [["x-loot", placeholder(name)]] });
  }
  return [...frames, { t: "toggle", on: PRESS, key }, { t: "again", on: true, key }, { t: "edit", what: "delete", call: "c1", key }, { t: "look", on: true, target: "", key }, { t: "take", what: "session", key }];
};
const overTheChannel = async () => {
  const frame = document.createElement("iframe");
  frame.src = "/?inner";
  document.body.append(frame);
  const found = [];
  for (let turn = 0; turn < 40; turn++) {
    const tag = frame.contentDocument?.querySelector("script[data-token]");
    if (tag) found.push([tag.dataset.token, tag.src]);
    await new Promise((done) => setTimeout(done, 1));
  }
  for (const path of ["/", "/?again"]) {
    const text = await (await fetch(path, { headers: { accept: "text/html" } })).text();
    const token = /data-token="([^"]+)"/.exec(text)?.[1];
    const source = /src="([^"]*recorder\\.js[^"]*)"/.exec(text)?.[1];
    if (token) found.push([token, source]);
  }
  for (const [token, source] of found) {
    const script = source ? await (await fetch(source)).text() : "";
    const key = /currentScript\\), "([^"]*)"/.exec(script)?.[1] ?? "";
    if (key) stolen.push(`key ${key}`);
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/_recorder/channel`);
    socket.onopen = () => {
      socket.send(`{"t":"hello","page":"evil","token":"${token}","v":1}`);
      for (const message of forged("evil", 1, key)) socket.send(realStringify(message));
    };
    socket.onmessage = (event) => { if (/"t":"(?:given|script|ran|came)"/.test(event.data)) stolen.push(`told ${event.data}`); };
    await new Promise((done) => setTimeout(done, 100));
    socket.close();
  }
};
const overTheBinding = async () => {
  for (const name of Object.getOwnPropertyNames(window).filter((each) => /^recorder_|binding/i.test(each))) {
    if (typeof window[name] !== "function") continue;
    for (const message of forged("evil", 1)) {
      try { const said = await Promise.race([window[name](realStringify(message)), new Promise((done) => setTimeout(done, 50))]); if (/"t":"(?:given|script|ran|came)"/.test(said ?? "")) stolen.push(`told ${said}`); } catch {}
    }
  }
};
const byHand = () => {
  const places = [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot).filter(Boolean)];
  for (const place of places) {
    for (const button of place.querySelectorAll("[data-api-recorder] button, .replay, .board button, button")) {
      if (/API Recorder|Replay|Recorded|Delete|Download|Undo/.test(button.getAttribute("aria-label") ?? "")) {
        button.click();
        for (const type of ["pointerdown", "click", "keydown"]) button.dispatchEvent(new MouseEvent(type, { bubbles: true }));
        button.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, composed: true }));
      }
    }
  }
  window.theirs?.({ t: "again", on: true });
  window.theirs?.({ t: "edit", what: "delete", call: "c1" });
  window.thePress?.(PRESS);
};
(async () => {
  const end = performance.now() + MILLISECONDS;
  while (performance.now() < end) {
    const [patch] = patches.splice(Math.floor(random() * patches.length), 1);
    try { patch?.(); } catch {}
    try { byHand(); } catch {}
    if (random() < 0.2) { try { await overTheBinding(); } catch {} }
    if (random() < 0.1) { try { await overTheChannel(); } catch {} }
    await new Promise((done) => setTimeout(done, 50));
  }
})();
"""


class App:
    """A page with a button that makes one call, the attack, and what reaches the app."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.attack = ""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/attack.js":
            return web.Response(text=self.attack, content_type="text/javascript")
        if request.path == "/" and "inner" not in request.query_string:
            page = """<!doctype html><title>App</title><body><button id=go>Go</button><footer>App</footer>
            <script>document.getElementById("go").onclick = () => fetch("/do", { method: "POST", body: "{}" });
            const s = document.createElement("script"); window.begin = () => { s.src = "/attack.js"; document.body.append(s); };
            </script>"""
            return web.Response(text=page, content_type="text/html")
        body = (await request.read()).decode(errors="replace")
        self.heard.append(json.dumps([request.method, request.path, dict(request.headers), body]))
        return web.Response(text="<!doctype html><title>x</title>", content_type="text/html")

    def arm(self, seed: int, milliseconds: int, pressing: bool) -> None:
        values = {"SEED": str(seed), "MILLISECONDS": str(milliseconds), "PRESS": str(pressing).lower()}
        self.attack = ATTACK
        for name, value in values.items():
            self.attack = self.attack.replace(name, value)


@pytest.fixture
def app() -> Iterator[App]:
    yield App()


async def stolen(page: Page) -> list[str]:
    """What the page got hold of that only ours may have."""
    await expect(page).to_have_title("over", timeout=40_000)
    got: list[Any] = await page.evaluate("stolen.map(String)")
    return [
        each[:200] for each in got if each.startswith(("key ", "told ")) or re.search(r'"key":"[^"]', each)
    ]


async def test_a_hostile_page_under_the_proxy_presses_reads_edits_and_replays_nothing(
    app: App, browser_path: str, tmp_path: Path, promise: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    broken: list[str] = []
    async with upstream(app) as url, proxied(url, tmp_path, Site(Offer(url, folder=tmp_path))) as origin:
        async with opened(browser_path, origin) as page:
            app.arm(1, 3000, pressing=True)
            await page.evaluate("begin()")
            broken += await stolen(page)
            toggle = page.get_by_role("button", name="API Recorder").first
            if await toggle.get_attribute("aria-pressed") != "false" or list(tmp_path.glob("*.json")):
                broken.append("a recording was begun")
        async with opened(browser_path, origin) as page:
            await press(page, True)
            await page.locator("#go").click()
            app.arm(2, 3000, pressing=False)
            await page.evaluate("begin()")
            broken += await stolen(page)
            toggle = page.get_by_role("button", name="API Recorder").first
            if await toggle.get_attribute("aria-pressed") != "true":
                broken.append("the recording was ended")
    (path,) = tmp_path.glob("*.json")
    session = sessions.read(path)
    broken += [f"{each} reached the app" for each in app.heard if LOOT in each or "x-loot" in each.lower()]
    broken += [s.name for s in session.secrets if s.name == "AWS_SECRET_ACCESS_KEY"]
    broken += (
        [] if any(call.endpoint == "POST /do" for call in session.calls) else ["what the person did is gone"]
    )
    promise("access: a hostile page under the proxy cannot press, read, edit or replay", 2, broken)


async def test_a_hostile_page_in_a_browser_that_we_open_does_neither(
    app: App, browser_path: str, tmp_path: Path, promise: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    broken: list[str] = []

    async def drive(page: Page) -> None:
        await page.locator("#go").click()
        app.arm(3, 4000, pressing=False)
        await page.evaluate("begin()")
        await asyncio.sleep(1)
        broken.extend(await stolen(page))
        toggle = page.get_by_role("button", name="API Recorder").first
        if await toggle.get_attribute("aria-pressed") != "true":
            broken.append("the recording was ended")

    async with upstream(app) as url:
        saved = await record(
            url,
            output=tmp_path / "s.json",
            headless=True,
            browser=browser_path,
            drive=drive,
            open_panel=Panel,
        )
    session = sessions.read(saved[0])
    broken += [f"{each} reached the app" for each in app.heard if LOOT in each or "x-loot" in each.lower()]
    broken += [s.name for s in session.secrets if s.name == "AWS_SECRET_ACCESS_KEY"]
    broken += (
        [] if any(call.endpoint == "POST /do" for call in session.calls) else ["what the person did is gone"]
    )
    promise("access: a hostile page under `recorder record` cannot press, read, edit or replay", 1, broken)


async def test_what_such_an_app_gives_to_download_runs_nowhere(browser_path: str, tmp_path: Path) -> None:
    async def give(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            links = "".join(
                f'<a href="/{n}" download>{n}</a> ' for n in ("httpx.py", "conftest.py", "recorder.toml")
            )
            return web.Response(text=f"<!doctype html><title>x</title>{links}", content_type="text/html")
        headers = {"Content-Disposition": f'attachment; filename="{request.path[1:]}"'}
        return web.Response(text="raise SystemExit('pwned')", headers=headers)

    said: list[str] = []
    all_down = asyncio.Event()

    def tell(text: str) -> None:
        said.append(text)
        if sum(each.startswith("downloaded ") for each in said) == 3:
            all_down.set()

    async def drive(page: Page) -> None:
        for link in await page.get_by_role("link").all():
            async with page.expect_download():
                await link.click()
        await asyncio.wait_for(all_down.wait(), 30)

    async with upstream(give) as url:
        await record(
            url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive, say=tell
        )
    kept = [Path(text.removeprefix("downloaded ")) for text in said if text.startswith("downloaded ")]
    assert len(kept) == 3 and all(p.stat().st_mode & 0o777 == 0o600 for p in kept)
    assert not any(p.is_relative_to(tmp_path) or p.is_relative_to(Path.cwd()) for p in kept)
    assert [p.name for p in tmp_path.iterdir()] == ["s.json"]


READER = """async (changes) => {
  const told = [];
  const reads = async (path, options) => {
    const answer = await fetch(`/_recorder/${path}`, options).catch((error) => ({ ok: false }));
    if (answer.ok) told.push(`${options.method} ${path}: ${(await answer.text()).slice(0, 100)}`);
  };
  for (const path of ["sessions.json", "sessions", "sessions/s.json", "api", "api.json", "openapi.json", "api.md"]) {
    await reads(path, { method: "GET" });
    await reads(path, { method: "GET", headers: { accept: "text/html", authorization: "Bearer undefined" } });
  }
  for (const [method, path, given] of changes) {
    const headers = { "content-type": "application/json" };
    await reads(path, { method, headers, body: given && JSON.stringify(given) });
  }
  for (const path of ["sessions", "sessions/s.json", "api", "api.json"]) {
    const opened = window.open(`/_recorder/${path}`);
    const blank = opened.document;
    const isThere = () => { try { return opened.document !== blank; } catch { return true; } };
    while (!isThere()) await new Promise((done) => setTimeout(done, 20));
    try { told.push(`window ${path}: ${opened.document.documentElement.outerHTML.slice(0, 100)}`); } catch {}
    opened.close();
    const frame = document.createElement("iframe");
    frame.src = `/_recorder/${path}`;
    const loaded = new Promise((done) => (frame.onload = done));
    document.body.append(frame);
    await loaded;
    try { if (frame.contentDocument.body.innerText.includes("s.json")) told.push(`frame ${path}`); } catch {}
  }
  return told;
}"""

KEEPER = """
const told = (text) => clients.matchAll({ includeUncontrolled: true }).then((all) => all.forEach((each) => each.postMessage(text)));
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([clients.claim(), registration.navigationPreload.enable()])));
// What its script is made of is replaced by then.
String.prototype.startsWith = () => false;
Event.prototype.stopImmediatePropagation = () => {};
const see = (event) => {
  if (event.request.url.includes("/_recorder/")) event.respondWith(Response.error()), told(event.request.url);
  else if (event.request.mode === "navigate") {
    event.respondWith(event.preloadResponse.then(async (early) => {
      const answer = early ?? (await fetch(event.request));
      const text = await answer.clone().text();
      if (/recorder\\.js\\?[^"]/.test(text)) told("a ticket");
      return answer;
    }));
  }
};
self.addEventListener("fetch", see);
self.onfetch = see;
"""


async def test_a_script_of_the_app_reads_and_changes_nothing_that_the_person_s_browser_may(
    app: App, browser_path: str, tmp_path: Path, promise: Callable[..., None]
) -> None:
    changes: list[tuple[str, str, Any]] = [
        ("POST", "sessions/s.json/panel", {"t": "take", "what": "session"}),
        ("POST", "sessions/s.json/panel", {"t": "again", "on": True}),
        ("POST", "sessions/s.json/panel", {"t": "edit", "what": "delete", "call": "c1"}),
        ("POST", "sessions/s.json/name", {"name": "stolen"}),
        ("POST", "workflows/s", {}),
        ("POST", "mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
        ("DELETE", "sessions/s.json", None),
    ]
    async with (
        upstream(app) as url,
        proxied(url, tmp_path / "s.json", Site(Offer(url, folder=tmp_path))) as origin,
    ):
        async with opened(browser_path, origin) as page:
            await press(page, True)
            await page.locator("#go").click()
            await press(page, False)
            before = (tmp_path / "s.json").read_bytes()
            told: list[str] = await page.evaluate(READER, changes)
            assert (tmp_path / "s.json").read_bytes() == before
            # The person still can.
            await page.goto(f"{origin}_recorder/sessions")
            await page.get_by_role("button", name="Replay s.json").click()
            await expect(page.get_by_role("status")).to_contain_text(
                "1 of 1 step as recorded", timeout=20_000
            )
            await page.get_by_role("link", name="s.json").click()
            await expect(page.locator("code.endpoint")).to_have_text(["POST /do"])
    promise("no script of the app reads or changes what is under /_recorder/", 26 + len(changes), told)


async def test_no_service_worker_of_the_app_comes_between_the_page_and_the_recorder(
    browser_path: str, tmp_path: Path, promise: Callable[..., None]
) -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/keeper.js":
            return web.Response(text=KEEPER, content_type="text/javascript")
        return web.Response(
            text="<!doctype html><title>x</title><footer>x</footer>", content_type="text/html"
        )

    async with upstream(serve) as url, proxied(url, tmp_path, Site(Offer(url, folder=tmp_path))) as origin:
        async with opened(browser_path, origin) as page:
            await page.evaluate(
                """async () => {
                  await navigator.serviceWorker.register("/keeper.js");
                  await new Promise((done) => navigator.serviceWorker.controller ? done() : (navigator.serviceWorker.oncontrollerchange = done));
                }"""
            )
            await page.add_init_script(
                "window.told = []; try { navigator.serviceWorker.addEventListener('message', ({ data }) => told.push(data)); } catch {}"
            )
            await page.goto(origin)
            await expect(page.get_by_role("button", name="API Recorder")).to_be_visible()
            await page.goto(f"{origin}_recorder/sessions")
            assert await page.title() == "Recorded sessions"
            await page.goto(origin)
            seen: list[str] = await page.evaluate("told")
    promise("a service worker of the app sees nothing of the recorder's script and pages", 3, seen)

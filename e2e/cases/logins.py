"""Logins, tokens and guards against forged requests, none of which a script can take from the recording."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import UNKNOWN, App, bearer, html, refuse

USER, PASSWORD = "ann", "hunter2hunter"


def basic_login_in_the_browser(app: App) -> None:
    """The browser's own dialogue takes a name and a password: the script takes both from the environment."""
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    challenge = {"WWW-Authenticate": 'Basic realm="orders"'}

    @app.routes.get("/")
    async def index(request: web.Request) -> web.Response:
        if request.headers.get("authorization") != wanted:
            return web.Response(status=401, headers=challenge)
        return html("""<button onclick="order()">Buy</button><script>
async function order() { out.value = (await send("POST", "/orders", { sku: "A-1" })).status }
</script>""")

    @app.routes.post("/orders")
    async def order(request: web.Request) -> web.Response:
        if request.headers.get("authorization") != wanted:
            return web.Response(status=401, headers=challenge)
        app.understood("order", by=USER, **await request.json())
        return web.json_response({"id": app.number("order")}, status=201)


async def order(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Buy").click()
    await expect(page.locator("#out")).to_have_text("201")


def oauth_code_with_pkce(app: App) -> None:
    """A sign-in by OAuth's code flow with PKCE: the script runs the whole flow at its own address, with a code, a
    proof and a token of its own."""
    app.page(r"""<button onclick="signIn()">Sign in</button><button onclick="add()">Add</button><script>
const encoded = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const redirect_uri = location.origin + "/", client_id = "spa";
async function signIn() {
  const verifier = encoded(crypto.getRandomValues(new Uint8Array(32)));
  const state = encoded(crypto.getRandomValues(new Uint8Array(12)));
  Object.assign(sessionStorage, { verifier, state });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  location.href = "/authorize?" + new URLSearchParams({
    response_type: "code", client_id, redirect_uri, scope: "openid todo",
    state, code_challenge: encoded(digest), code_challenge_method: "S256",
  });
}
async function back(code, state) {
  if (state !== sessionStorage.state) throw new Error("another state");
  const form = { grant_type: "authorization_code", code, redirect_uri, client_id };
  const body = new URLSearchParams({ ...form, code_verifier: sessionStorage.verifier });
  const response = await fetch("/token", { method: "POST", body });
  sessionStorage.token = (await response.json()).access_token;
  document.getElementById("out").value = "signed in";
}
async function add() {
  const more = { authorization: `Bearer ${sessionStorage.token}` };
  out.value = (await send("POST", "/todos", { title: "x" }, more)).status;
}
const query = new URLSearchParams(location.search);
if (query.has("code")) back(query.get("code"), query.get("state"));
</script>""")
    asked: dict[str, dict[str, str]] = {}

    @app.routes.get("/authorize")
    async def authorize(request: web.Request) -> web.Response:
        id = app.id("request")
        asked[id] = dict(request.query)
        return html(f"""<form method="post" action="/login"><input type="hidden" name="request" value="{id}">
<label>User <input name="username"></label><label>Password <input name="password" type="password"></label>
<button>Log in</button></form>""")

    @app.routes.post("/login")
    async def login(request: web.Request) -> web.Response:
        form = await request.post()
        query = asked.get(str(form["request"]), {"redirect_uri": ""})
        is_password, is_here = (
            form["password"] == PASSWORD,
            urlsplit(query["redirect_uri"]).netloc == request.host,
        )
        what = app.name_of(form["request"])
        app.understood("login", user=form["username"], password=is_password, request=what, here=is_here)
        if not (is_password and is_here):
            return web.Response(status=403)
        code = app.id("code")
        asked[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        raise web.HTTPFound(f"{query['redirect_uri']}?{back}")

    @app.routes.post("/token")
    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        query = asked.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        proofs = [challenge == query.get("code_challenge"), form["redirect_uri"] == query.get("redirect_uri")]
        app.understood("token", code=app.name_of(form["code"]), proofs=proofs)
        app.revoke(form["code"])
        return (
            web.json_response({"access_token": app.id("token")})
            if all(proofs)
            else refuse(400, "invalid_grant")
        )

    @app.routes.post("/todos")
    async def todo(request: web.Request) -> web.Response:
        by = app.name_of(bearer(request))
        app.understood("todo", by=by, **await request.json())
        return web.json_response({}, status=201) if by == "token" else refuse(401, "who are you?")


async def sign_in_and_add(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("User").fill(USER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#out")).to_have_text("signed in")
    await page.get_by_role("button", name="Add").click()
    await expect(page.locator("#out")).to_have_text("201")


def secure_cookie_on_loopback(app: App) -> None:
    """A Secure cookie is set over HTTP on loopback, where browsers accept it: the script keeps that of its own login."""
    app.page("""<button onclick="logIn()">Log in</button><button onclick="buy()">Buy</button><script>
async function logIn() { out.value = (await send("POST", "/login", { user: "ann" })).status }
async function buy() { out.value = (await send("POST", "/cart", { sku: "A-1" })).status }
</script>""")

    @app.routes.post("/login")
    async def login(request: web.Request) -> web.Response:
        user = (await request.json())["user"]
        app.understood("login", user=user)
        cookie = f"__Host-sid={app.id(f'session of {user}')}; Path=/; Secure; HttpOnly; SameSite=Lax"
        return web.json_response({}, headers={"Set-Cookie": cookie})

    @app.routes.post("/cart")
    async def cart(request: web.Request) -> web.Response:
        session = app.name_of(request.cookies.get("__Host-sid"))
        app.understood("cart", session=session, **await request.json())
        return refuse(401, "not logged in") if session == UNKNOWN else web.json_response({}, status=201)


async def log_in_and_buy(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#out")).to_have_text("200")
    await page.get_by_role("button", name="Buy").click()
    await expect(page.locator("#out")).to_have_text("201")


def token_refreshed_midway(app: App) -> None:
    """Only in the recording, the app is busy once (429) and a token expires once (401): the script makes each item once,
    with a token of its own."""
    app.page("""<button onclick="logIn()">Log in</button><button onclick="run()">Run</button><script>
let tokens;
async function logIn() {
  tokens = await (await send("POST", "/login", { user: "ann" })).json();
  out.value = "logged in";
}
async function made(name) {
  const response = await send("POST", "/items", { name }, { authorization: `Bearer ${tokens.access}` });
  if (response.ok) return response;
  if (response.status === 429) await new Promise((resolve) => setTimeout(resolve, 300));
  else tokens = await (await send("POST", "/refresh", { refresh: tokens.refresh })).json();
  return made(name);
}
async function run() {
  await made("one");
  out.value = (await made("two")).status;
}
</script>""")
    tries = 0

    def tokens() -> web.Response:
        return web.json_response({"access": app.id("access"), "refresh": app.id("refresh")})

    @app.routes.post("/login")
    async def login(request: web.Request) -> web.Response:
        app.understood("login", **await request.json())
        return tokens()

    @app.routes.post("/refresh")
    async def refresh(request: web.Request) -> web.Response:
        # Not in the log: a script may refresh its token or not.
        token = (await request.json())["refresh"]
        if app.name_of(token) != "refresh":
            return refuse(401, "log in again")
        app.revoke(token)
        return tokens()

    @app.routes.post("/items")
    async def item(request: web.Request) -> web.Response:
        nonlocal tries
        tries += 1
        if app.recorded and tries == 1:
            return web.json_response({}, status=429, headers={"Retry-After": "1"})
        if app.recorded and tries == 3:
            app.revoke(bearer(request))
        by = app.name_of(bearer(request))
        if by != "access":
            return refuse(401, "expired")
        app.understood("item", by=by, **await request.json())
        return web.json_response({"id": app.number("item")}, status=201)


async def log_in_and_run(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#out")).to_have_text("logged in")
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("#out")).to_have_text("201")


def token_under_another_name(app: App) -> None:
    """A login answers ``key``, sent again as ``Authorization: Token KEY``: the script uses the key of its own login and
    asks for no secret."""
    app.page("""<button onclick="run()">Run</button><script>
async function run() {
  const { key } = await (await send("POST", "/login", { username: "ann", email: "ann@example.org" })).json();
  out.value = (await send("POST", "/things", { amount: 1 }, { authorization: `Token ${key}` })).status;
}
</script>""")

    @app.routes.post("/login")
    async def login(request: web.Request) -> web.Response:
        app.understood("login", **await request.json())
        return web.json_response({"key": app.id("key")})

    @app.routes.post("/things")
    async def thing(request: web.Request) -> web.Response:
        by = app.name_of(bearer(request, "Token"))
        app.understood("thing", by=by, **await request.json())
        return web.json_response({}, status=201) if by == "key" else refuse(401, "Invalid token.")


async def run(page: Page, _: Path) -> None:
    await page.get_by_role("button", name="Run").click()
    await expect(page.locator("#out")).to_have_text("201")


def xsrf_cookie_percent_encoded(app: App) -> None:
    """A guard comes as a percent-encoded cookie with each response and is sent decoded in a header: each request of the
    script carries the newest one, in its own session."""
    body = """<button onclick="run()">Run</button><script>
function guarded(url, data) {
  const [, guard] = document.cookie.match(/XSRF-TOKEN=([^;]*)/);
  return send("POST", url, data, { "X-XSRF-TOKEN": decodeURIComponent(guard) });
}
async function run() {
  const post = await (await guarded("/posts", { title: "one" })).json();
  out.value = (await guarded(`/posts/${post.id}/comments`, { text: "hi" })).status;
}
</script>"""
    guards: dict[str, str] = {}

    def set_cookies(request: web.Request, response: web.StreamResponse) -> None:
        session = request.cookies.get("session") or app.id("session")
        guards[session] = f"{app.id('guard')}=="
        cookies = f"XSRF-TOKEN={quote(guards[session])}; SameSite=Lax", f"session={session}; HttpOnly"
        for cookie in cookies:
            response.headers.add("Set-Cookie", f"{cookie}; Path=/")

    def checked(request: web.Request) -> dict[str, object]:
        session = request.cookies.get("session", "")
        is_newest = request.headers.get("x-xsrf-token") == guards.get(session)
        return {"session": app.name_of(session), "newest": is_newest}

    def answered(request: web.Request, is_good: bool) -> web.Response:
        if not is_good:
            return refuse(419, "CSRF token mismatch.")
        response = web.json_response({"id": app.number("post")}, status=201)
        set_cookies(request, response)
        return response

    @app.routes.get("/")
    async def index(request: web.Request) -> web.Response:
        response = html(body)
        set_cookies(request, response)
        return response

    @app.routes.post("/posts")
    async def post(request: web.Request) -> web.Response:
        found = checked(request)
        app.understood("post", **found, **await request.json())
        return answered(request, bool(found["newest"]))

    @app.routes.post("/posts/{id}/comments")
    async def comment(request: web.Request) -> web.Response:
        found, post = checked(request), app.name_of(request.match_info["id"])
        app.understood("comment", post=post, **found, **await request.json())
        return answered(request, bool(found["newest"]) and post == "post")

"""What the page and the proxy bear witness to, in the journal of a recording: what was typed, chosen and made, which
cookies went along, and what the proxy alone sees."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page

from e2e.visit import opened, press, proxied
from recorder import events
from recorder.adapters.http.traffic import Traffic
from recorder.capture import journal as journals
from recorder.capture.browser import record
from recorder.events import Act, Chunk, Cookies, Done, Made, Request, Response, Typed
from tests.serving import upstream

Told = list[Any]


class Witness:
    """A page that is recorded, and its journal."""

    def __init__(self, page: Page, folder: Path, address: str) -> None:
        self.page = page
        self.folder = folder
        self.address = address

    def told(self, *kinds: type) -> Told:
        """All events of these kinds so far."""
        found = sorted(self.folder.glob(f"*{journals.SUFFIX}"))
        events_ = journals.read(found[0]).events if found else []
        return [event for event in events_ if not kinds or isinstance(event, kinds)]

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> Any:
        """The first true answer of ``condition``."""
        for _ in range(int(seconds / 0.05)):
            if found := condition():
                return found
            await asyncio.sleep(0.05)
        raise AssertionError("it never came; the journal has:\n" + "\n".join(map(str, self.told())))

    async def request(self, part: str, **fields: Any) -> Request:
        """The first request whose address holds ``part``."""
        found: Request = await self.until(
            lambda: next(
                (
                    r
                    for r in self.told(Request)
                    if part in r.url and all(getattr(r, name) == value for name, value in fields.items())
                ),
                None,
            )
        )
        return found

    async def of(self, request: Request, kind: type) -> Any:
        """The first event of a kind that belongs to ``request``."""
        return await self.until(
            lambda: next((e for e in self.told(kind) if (e.page, e.id) == (request.page, request.id)), None)
        )


@pytest.fixture
def recorded(browser_path: str, tmp_path: Path) -> Callable[..., Any]:
    """``async with recorded(handler) as witness``: an app whose page is open and recorded, through the proxy."""

    @contextlib.asynccontextmanager
    async def recorded(handler: Any, starts: bool = True) -> AsyncIterator[Witness]:
        async with (
            upstream(handler) as url,
            proxied(url, tmp_path / "s.json") as address,
            opened(browser_path, address) as page,
        ):
            if starts:
                await press(page, True)
            yield Witness(page, tmp_path, address)

    return recorded


def html(body: str, **options: Any) -> web.Response:
    return web.Response(
        text=f"<!doctype html><html><head><title>App</title></head><body>{body}<footer></footer></body></html>",
        content_type="text/html",
        **options,
    )


def showing(body: str) -> Any:
    """An app of one page, which answers everything else with JSON."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return html(body) if request.path == "/" else web.json_response({"ok": True})

    return handler


# What the person typed

FORM = """
<label>Title <input name="title" id="title"></label>
<label>Note <textarea name="note" id="note"></textarea></label>
<label>Colour <select name="colour" id="colour"><option value="1">Red</option><option value="2">Dark blue</option></select></label>
<label>Tags <select name="tags" id="tags" multiple><option value="a">Alpha</option><option value="b">Beta</option></select></label>
<fieldset><legend>Size</legend><label><input type="radio" name="size" value="s"> Small</label>
<label><input type="radio" name="size" value="l" id="large"> Large</label></fieldset>
<label><input type="checkbox" name="gift" id="gift"> As a gift</label>
<label>Document <input type="file" name="document" id="file"></label>
<div contenteditable="true" aria-label="Body" id="body"></div>
<input value="filled by the app" id="filled">
<span id="lbl">Country</span><button role="combobox" aria-labelledby="lbl" aria-controls="countries">choose</button>
<div role="listbox" id="countries"><div role="option" data-value="pe">Peru</div><div role="option" data-value="cl">Chile</div></div>
<label>Password <input type="password" id="password"></label>
<button id="go" onclick="fetch('/save', {method: 'POST', body: 'x'})">Save</button>
"""


async def test_what_the_person_typed_chose_and_uploaded_is_told_before_the_request(
    recorded: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    async with recorded(showing(FORM)) as witness:
        page = witness.page
        await page.locator("#title").press_sequentially("Two boxes")
        await page.locator("#note").fill("by\nFriday")
        await page.locator("#colour").select_option("2")
        await page.locator("#tags").select_option(["a", "b"])
        await page.locator("#large").check()
        await page.locator("#gift").check()
        await page.locator("#file").set_input_files(tmp_path / "letter.txt")
        await page.locator("#body").press_sequentially("Hello")
        await page.get_by_role("option", name="Peru").click()
        await page.locator("#password").fill("correct horse")
        await page.locator("#go").click()
        request = await witness.request("/save")
        told = witness.told(Typed, Request)
        acts = {act.id for act in witness.told(Act)}
    typed = told[: told.index(request)]
    assert {(t.kind, t.value, t.shown, t.label, t.field) for t in typed if isinstance(t, Typed)} >= {
        ("text", "Two boxes", "", "Title", "title"),
        ("text", "by\nFriday", "", "Note", "note"),
        ("choice", "2", "Dark blue", "Colour", "colour"),
        ("choice", "a", "Alpha", "Tags", "tags"),
        ("choice", "b", "Beta", "Tags", "tags"),
        ("choice", "l", "Large", "Size", "size"),
        ("check", "true", "", "As a gift", "gift"),
        ("file", "letter.txt", "", "Document", "document"),
        ("text", "Hello", "", "Body", ""),
        ("choice", "pe", "Peru", "Country", ""),
    }
    values = [t.value for t in typed if isinstance(t, Typed)]
    assert "filled by the app" not in values
    assert "correct horse" not in values
    assert any(value.startswith("[recorder-secret:") for value in values)
    assert all(t.at <= request.at for t in typed if isinstance(t, Typed))
    assert all(t.act in acts for t in typed if isinstance(t, Typed) and t.act)


async def test_a_field_that_the_app_empties_as_it_sends_it_is_told_of_with_what_was_typed(
    recorded: Callable[..., Any],
) -> None:
    chat = """<input id="box" aria-label="Message"><input id="soon" aria-label="Sent a moment after it was typed"><script>
    soon.oninput = () => setTimeout(() => { soon.value = ""; fetch("/typed") });
    box.onkeydown = (e) => { if (e.key === "Enter") { const text = box.value; box.value = ""; fetch("/said", {method: "POST", body: text}); } };
    </script>"""
    async with recorded(showing(chat)) as witness:
        await witness.page.locator("#box").focus()
        await witness.page.keyboard.insert_text("hello")
        await witness.page.keyboard.press("Enter")
        await witness.request("/said")
        first = [t.value for t in witness.told(Typed)]
        await witness.page.locator("#soon").fill("again")
        await witness.request("/typed")
        values = [t.value for t in witness.told(Typed)]
    assert first == ["hello"]
    assert values == ["hello", "again"]


async def test_what_a_list_drawn_by_the_app_chose_without_an_event_is_told_of_as_the_form_is_sent(
    recorded: Callable[..., Any],
) -> None:
    form = """<form method="post" action="/save"><select name="maker" aria-label="Maker" hidden></select>
    <select name="unit"><option value="cm">cm</option></select>
    <select name="size"><option value="s">Small</option><option value="l" selected>Large</option></select>
    <div id="drawn">Dowel &amp; Sons</div><button>Save</button></form><script>
    drawn.onmouseup = () => {
      const option = document.createElement("option");
      option.value = "5"; option.textContent = drawn.textContent; option.selected = true;
      document.querySelector("[name=maker]").append(new Option("none", ""), option);
      option.selected = true;
      drawn.remove();
    };
    </script>"""
    async with recorded(showing(form)) as witness:
        await witness.page.locator("#drawn").click()
        await witness.page.get_by_role("button", name="Save").click()
        request = await witness.request("/save", method="POST")
        told = witness.told(Typed, Request)
    typed = [t for t in told[: told.index(request)] if isinstance(t, Typed)]
    assert [(t.kind, t.value, t.shown, t.field) for t in typed] == [("choice", "5", "Dowel & Sons", "maker")]


async def test_a_search_that_is_asked_while_it_is_typed_tells_each_time_what_is_in_the_field(
    recorded: Callable[..., Any],
) -> None:
    search = '<input id="q" name="q" oninput="fetch(`/find?q=${this.value}`)">'
    async with recorded(showing(search)) as witness:
        await witness.page.locator("#q").press_sequentially("oil")
        await witness.request("/find?q=oil")
        told = witness.told(Typed, Request)
    told = [
        t.value if isinstance(t, Typed) else t.url.rpartition("=")[2]
        for t in told
        if "/find" in getattr(t, "url", "/find")
    ]
    assert told == ["o", "o", "oi", "oi", "oil", "oil"]


async def test_what_was_typed_before_the_recording_is_told_as_before(recorded: Callable[..., Any]) -> None:
    async with recorded(showing(FORM), starts=False) as witness:
        await witness.page.locator("#title").fill("early")
        await witness.page.locator("#go").click()
        await press(witness.page, True)
        typed = await witness.until(lambda: witness.told(Typed))
    assert [(t.value, t.before) for t in typed] == [("early", True)]


async def test_what_was_typed_is_told_to_an_open_websocket_before_the_message(
    recorded: Callable[..., Any],
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<input id="box"><script>
              const socket = new WebSocket(`ws://${location.host}/socket`);
              box.onkeydown = (e) => e.key === "Enter" && socket.send(box.value);
            </script>""")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    async with recorded(handler) as witness:
        await witness.page.locator("#box").fill("over the wire")
        await witness.page.keyboard.press("Enter")
        await witness.until(lambda: witness.told(events.SocketMessage))
        told = witness.told(Typed, events.SocketMessage)
    assert [type(t).__name__ for t in told] == ["Typed", "SocketMessage"]
    assert told[0].value == told[1].body.text == "over the wire"


# What stands around a control

LISTS = """
<table><tr><th>Name</th><th>Price</th></tr>
<tr><td>Oil</td><td>4.50</td><td><button onclick="fetch('/oil')">Delete</button></td></tr>
<tr><td>Gas</td><td>1.20</td><td><button onclick="fetch('/gas')">Delete</button><input type="hidden" value="secret id"></td></tr></table>
<div><div class="card"><div><span>First card</span></div><div><button class="b" onclick="fetch('/card1')">Open</button><button class="b">More</button></div></div>
<div class="card"><div><span>Second card</span></div><div><button class="b" onclick="fetch('/card2')">Open</button><button class="b">More</button></div></div></div>
<nav><a href="#one" onclick="fetch('/one')">One</a><a href="#two" onclick="fetch('/two')">Two</a></nav>
<section><p class="x"><button id="alone" onclick="fetch('/alone')">Alone</button></p></section>
"""


async def test_an_act_tells_the_texts_of_the_row_or_card_that_its_control_is_in(
    recorded: Callable[..., Any],
) -> None:
    async with recorded(showing(LISTS)) as witness:
        for part in ("gas", "card2", "two", "alone"):
            await witness.page.locator(f"[onclick*={part}]").click()
            await witness.request(f"/{part}")
        near = [act.near for act in witness.told(Act) if act.kind == "click"]
    assert near == [("Gas", "1.20", "Delete"), ("Second card", "Open", "More"), ("Two",), ()]


async def test_what_is_asked_while_the_button_of_the_mouse_is_down_is_the_doing_of_that(
    recorded: Callable[..., Any],
) -> None:
    body = """<button onmousedown="fetch('/down')">Down</button><button onclick="fetch('/click')">Click</button>
    <div oncontextmenu="fetch('/menu')">Menu</div>"""
    async with recorded(showing(body)) as witness:
        await witness.page.get_by_text("Down").click()
        await asyncio.sleep(0.4)
        await witness.page.get_by_text("Click").click()
        await witness.page.get_by_text("Menu").click(button="right")
        asked = [await witness.request(f"/{name}") for name in ("down", "click", "menu")]
        acts = {act.id: (act.kind, act.name) for act in witness.told(Act)}
    assert [acts[request.act or ""] for request in asked] == [
        ("mousedown", "Down"),
        ("click", "Click"),
        ("contextmenu", "Menu"),
    ]


# What the page made


async def test_what_the_page_makes_itself_is_told_before_the_request_that_carries_it(
    recorded: Callable[..., Any],
) -> None:
    body = """<button id="go">go</button><script>
    go.onclick = async () => {
      const id = crypto.randomUUID();
      const bytes = crypto.getRandomValues(new Uint8Array(4));
      crypto.getRandomValues(new Uint8Array(65));
      const text = new TextEncoder().encode("what is digested");
      const pending = crypto.subtle.digest("SHA-256", text);
      text.fill(0);
      await pending;
      await crypto.subtle.digest({name: "SHA-1"}, new Uint8Array([255, 254]).buffer);
      const key = await crypto.subtle.importKey("raw", new Uint8Array(8), {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
      await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("signed"));
      document.cookie = "theme=dark; path=/";
      window.said = {id, bytes: [...bytes]};
      await fetch("/made", {method: "POST", body: id});
    };
    </script>"""
    async with recorded(showing(body)) as witness:
        await witness.page.locator("#go").click()
        request = await witness.request("/made")
        said = await witness.page.evaluate("said")
        told = witness.told(Made, Request)
    made = told[: told.index(request)]
    got = [(m.how, m.algorithm, m.of, m.name, m.value) for m in made if isinstance(m, Made)]
    assert got[:5] == [
        ("uuid", "", None, "", said["id"]),
        ("random", "", None, "", bytes(said["bytes"]).hex()),
        ("digest", "SHA-256", "what is digested", "", hashlib.sha256(b"what is digested").hexdigest()),
        ("digest", "SHA-1", None, "", hashlib.sha1(b"\xff\xfe").hexdigest()),
        got[4],
    ]
    assert got[4][:4] == ("signature", "HMAC-SHA-256", "signed", "")
    assert got[5:] == [("cookie", "", None, "theme", "dark")]


async def test_what_a_worker_makes_is_told_too(recorded: Callable[..., Any]) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<button onclick="new Worker('/w.js')">go</button>""")
        if request.path == "/w.js":
            return web.Response(
                text="fetch('/from', {method: 'POST', body: crypto.randomUUID()})",
                content_type="text/javascript",
            )
        return web.json_response({"got": (await request.read()).decode()})

    async with recorded(handler) as witness:
        await witness.page.get_by_role("button", name="go").click()
        request = await witness.request("/from")
        made = [(m.how, m.value) for m in witness.told(Made)]
    assert made == [("uuid", request.body.text)]


# What the proxy sees


async def test_cookies_of_every_exchange_are_told_by_name_and_digest_and_never_by_value(
    recorded: Callable[..., Any],
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            response = html(
                "<button onclick=\"fetch('/login?user=ann', {method: 'POST'}).then(() => fetch('/me'))\">go</button>"
            )
            response.set_cookie("session", "cookie-of-the-document", httponly=True)
            return response
        response = web.json_response({})
        if request.path == "/login":
            response.set_cookie("session", "cookie-of-the-login", httponly=True)
            response.set_cookie("other", "second")
        return response

    async with recorded(handler) as witness:
        await witness.page.get_by_role("button", name="go").click()
        await witness.request("/me")
        cookies = await witness.until(lambda: [c for c in witness.told(Cookies) if c.url.endswith("/me")])
        cookies = witness.told(Cookies)
        raw = "".join(path.read_text() for path in witness.folder.glob(f"*{journals.SUFFIX}"))
    by = {(c.method, c.url.removeprefix(witness.address.rstrip("/")), c.before): c for c in cookies}
    # The link that gives the browser access has led to the document before.
    document = next(c for c in cookies if c.before and not c.sent)
    login, me = by["POST", "/login?user=", False], by["GET", "/me", False]
    assert [name for name, _ in document.set] == ["session"]
    assert login.sent == document.set
    assert [name for name, _ in login.set] == ["session", "other"]
    assert dict(me.sent) == dict(login.set)
    assert login.set[0] != document.set[0]
    assert all(len(digest) == 16 for c in cookies for _, digest in (*c.sent, *c.set))
    assert "cookie-of-the" not in raw


async def test_cookies_are_given_to_the_exchange_that_carried_them(recorded: Callable[..., Any]) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html(
                """<form action="/enter" method="post"><input name="who"><button>go</button></form>""",
                headers={"Set-Cookie": "csrf=one"},
            )
        if request.path == "/enter":
            return web.Response(status=303, headers={"Location": "/home", "Set-Cookie": "session=two"})
        return html("<p>home</p><script>fetch('/data')</script>")

    async with recorded(handler) as witness:
        await witness.page.locator("[name=who]").fill("ann")
        await witness.page.get_by_role("button", name="go").click()
        await witness.request("/data")
        await witness.until(lambda: [c for c in witness.told(Cookies) if c.url.endswith("/data")])
        traffic = Traffic()
        for event in witness.told():
            traffic.feed(event)
    seen = {
        (e.method, e.url.removeprefix(witness.address.rstrip("/"))): (
            [n for n, _ in e.cookies_sent],
            [n for n, _ in e.cookies_set],
        )
        for e in traffic.exchanges
    }
    assert seen["GET", "/"] == ([], ["csrf"])
    assert seen["POST", "/enter"] == (["csrf"], ["session"])
    assert sorted(seen["GET", "/home"][0]) == ["csrf", "session"]
    assert sorted(seen["GET", "/data"][0]) == ["csrf", "session"]
    assert [t.value for t in traffic.typed] == ["ann"]


async def test_a_small_script_file_is_told_with_its_text_also_if_it_was_loaded_before(
    recorded: Callable[..., Any],
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<script src="/config.js"></script><script src="/large.js"></script>
            <button onclick="document.head.append(Object.assign(document.createElement('script'), {src: '/late.js'}))">go</button>""")
        body = b"window.CONFIG = {tenant: 'tnt_one', authToken: 'tok-0123456789abcdef'};"
        if request.path == "/large.js":
            body = b"//" + b"x" * 300_000
        if request.path == "/late.js":
            body = gzip.compress(b"window.late = 'tnt_two'")
            return web.Response(
                body=body, content_type="text/javascript", headers={"Content-Encoding": "gzip"}
            )
        return web.Response(body=body, content_type="text/javascript")

    async with recorded(handler) as witness:
        await witness.page.get_by_role("button", name="go").click()
        config = await witness.request("/config.js", how="script")
        late = await witness.request("/late.js", how="script")
        done = await witness.of(config, Done)
        answered = await witness.of(late, Done)
        response = await witness.of(config, Response)
        requests = witness.told(Request)
        traffic = Traffic()
        for event in witness.told():
            traffic.feed(event)
    assert config.before and not late.before
    assert "tnt_one" in done.body.text
    assert answered.body.text == "window.late = 'tnt_two'"
    assert response.status == 200
    assert not [r for r in requests if "/large.js" in r.url]
    assert [e.url for e in traffic.scripts] == [config.url, late.url]
    assert not [e for e in traffic.exchanges if e.how == "script"]


async def test_a_download_by_a_link_is_told_with_the_act_that_asked_for_it(
    recorded: Callable[..., Any],
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<a href="/plain.csv">Plain</a><a href="/blank.csv" target="_blank">Blank</a>
            <button onclick="location.href = '/moved.csv'">Moved</button><a href="/said.csv" download>Said</a>
            <form method="post" action="/posted.csv"><button>Posted</button></form>""")
        headers = {"Content-Disposition": 'attachment; filename="a.csv"', "Content-Type": "text/csv"}
        return web.Response(text="a,b", headers=headers)

    async with recorded(handler) as witness:
        for name in ("Plain", "Blank", "Moved", "Said", "Posted"):
            await witness.page.get_by_text(name, exact=True).click()
            request = await witness.request(f"/{name.lower()}.csv")
            await witness.of(request, Done)
            await asyncio.sleep(0.2)
        acts = {act.id: act.name for act in witness.told(Act)}
        requests = [r for r in witness.told(Request) if r.url.endswith(".csv")]
        posted = next(r for r in requests if r.how == "form")
        response = await witness.of(posted, Response)
    assert [(r.method, r.how, acts.get(r.act or "")) for r in requests] == [
        ("GET", "download", "Plain"),
        ("GET", "download", "Blank"),
        ("GET", "download", "Moved"),
        ("GET", "download", "Said"),
        ("POST", "form", ""),
    ]
    assert dict(response.headers)["content-type"].startswith("text/csv")


async def test_events_of_a_stream_that_nobody_listened_to_are_told_once(recorded: Callable[..., Any]) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<button id="go">go</button><script>
            go.onclick = () => { const s = new EventSource("/events?id=7"); s.addEventListener("artifact", (e) => { s.close(); fetch("/got/" + e.data); }); };
            </script>""")
        if request.path != "/events":
            return web.json_response({})
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        for text in (
            b"event: progress\ndata: 10\n\n",
            b"event: pro",
            b"gress\r\nid: 5\r\ndata: 20\r\ndata: more\r\n\r\n",
            b"data: plain\n\n",
        ):
            await stream.write(text)
            await asyncio.sleep(0.05)
        await stream.write(b"event: artifact\ndata: art_1\n\n")
        await asyncio.sleep(5)
        return stream

    async with recorded(handler) as witness:
        await witness.page.get_by_role("button", name="go").click()
        await witness.request("/got/art_1")
        stream = await witness.request("/events", how="eventsource")
        await asyncio.sleep(0.3)
        chunks = [c for c in witness.told(Chunk) if c.id == stream.id]
    assert sorted(c.text for c in chunks) == sorted(
        [
            "event: progress\ndata: 10\n\n",
            "event: progress\nid: 5\ndata: 20\ndata: more\n\n",
            "id: 5\ndata: plain\n\n",
            "event: artifact\nid: 5\ndata: art_1\n\n",
        ]
    )
    assert [c.text.split("data: ")[1].strip() for c in sorted(chunks, key=lambda c: c.at)] == [
        "10",
        "20",
        "plain",
        "art_1",
    ]
    assert len({c.at for c in chunks}) > 1


# What an app does to its own page


async def test_a_form_whose_fields_have_the_names_of_its_properties_is_recorded(
    recorded: Callable[..., Any],
) -> None:
    names = ("method", "action", "enctype", "id", "name", "elements", "submit", "target")
    fields = "".join(f'<input name="{name}" value="{name} of the field">' for name in names)
    page = f"""<img name="cookie"><img name="URL"><form action="/save" method="post">{fields}<button type="submit">go</button></form>"""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return html(page if request.path == "/" else "<p>saved</p>")

    async with recorded(handler) as witness:
        await witness.page.locator("[name=elements]").fill("typed")
        await witness.page.get_by_role("button", name="go").click()
        request = await witness.request("/save", how="form")
        document = await witness.request("/save", how="document")
        acts = {act.id: act for act in witness.told(Act)}
        typed = witness.told(Typed)
    assert request.method == "POST"
    assert {part.name: part.value for part in request.body.parts} == {
        name: "typed" if name == "elements" else f"{name} of the field" for name in names
    }
    assert acts[request.act or ""].kind in ("click", "submit")
    assert document.form == request.id
    assert [(t.field, t.value) for t in typed] == [("elements", "typed")]


async def test_a_form_that_asks_by_get_is_a_request_of_its_own(recorded: Callable[..., Any]) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return html(
            """<form action="/find?old=1"><input name="q"><input name="kind" value="a b"><button>go</button></form>"""
        )

    async with recorded(handler) as witness:
        await witness.page.locator("[name=q]").fill("oil & gas")
        await witness.page.get_by_role("button", name="go").click()
        form = await witness.request("/find", how="form")
        document = await witness.request("/find", how="document")
    assert form.method == "GET"
    assert form.url == document.url == f"{witness.address.rstrip('/')}/find?q=oil+%26+gas&kind=a+b"
    assert document.form == form.id and document.left == form.page


async def test_a_form_that_the_page_submits_by_itself_as_it_loads_has_its_method(
    recorded: Callable[..., Any],
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("""<a href="/redirecting">go</a>""")
        if request.path == "/redirecting":
            return html(
                """<form method="post" action="/consume"><input type="hidden" name="answer" value="one"></form><script>document.forms[0].submit()</script>"""
            )
        return html("<p id=done>done</p>")

    async with recorded(handler) as witness:
        await witness.page.get_by_text("go").click()
        await witness.page.locator("#done").wait_for()
        form = await witness.request("/consume", how="form")
        document = await witness.request("/consume", how="document")
    assert form.method == "POST"
    assert [(part.name, part.value) for part in form.body.parts] == [("answer", "one")]
    assert document.form == form.id


async def test_an_app_that_keeps_events_to_itself_does_not_hide_the_end_of_a_request(
    recorded: Callable[..., Any],
) -> None:
    body = """<button id="go">go</button><script>
    go.onclick = () => {
      const xhr = new XMLHttpRequest();
      for (const type of ["load", "readystatechange", "loadend"]) xhr.addEventListener(type, (e) => e.stopImmediatePropagation());
      xhr.open("POST", "/hidden");
      xhr.send("x");
    };
    </script>"""
    async with recorded(showing(body)) as witness:
        await witness.page.locator("#go").click()
        request = await witness.request("/hidden")
        done = await witness.of(request, Done)
        response = await witness.of(request, Response)
    assert (response.status, done.error, done.body.text) == (200, None, '{"ok": true}')


async def test_a_browser_that_is_driven_tells_of_cookies_and_script_files_too(
    browser_path: str, tmp_path: Path
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html(
                """<script src="/config.js"></script><button onclick="fetch('/me')">go</button>
                <script>const s = new EventSource("/events"); s.addEventListener("heard", () => s.close());</script>""",
                headers={"Set-Cookie": "session=cookie-of-the-document; HttpOnly"},
            )
        if request.path == "/events":
            stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await stream.prepare(request)
            await stream.write(b"event: unheard\ndata: 1\n\ndata: plain\n\nevent: heard\ndata: 2\n\n")
            return stream
        if request.path == "/config.js":
            return web.Response(
                body=gzip.compress(b"tenant = 'tnt_one'"),
                content_type="text/javascript",
                headers={"Content-Encoding": "gzip"},
            )
        return web.json_response({})

    told: Told = []

    async def drive(page: Page) -> None:
        witness = Witness(page, tmp_path, "")
        await page.get_by_role("button", name="go").click()
        await witness.request("/config.js", how="script")
        await witness.until(lambda: [c for c in witness.told(Cookies) if c.url.endswith("/me")])
        await asyncio.sleep(0.2)
        told.extend(witness.told())

    async with upstream(handler) as url:
        await record(url, output=tmp_path / "s.json", headless=True, browser=browser_path, drive=drive)
    traffic = Traffic()
    for event in told:
        traffic.feed(event)
    by_path = {e.url.rpartition("/")[2]: e for e in traffic.exchanges}
    assert [name for name, _ in by_path[""].cookies_set] == ["session"]
    assert by_path["me"].cookies_sent == by_path[""].cookies_set
    assert [e.answer.text for e in traffic.scripts] == ["tenant = 'tnt_one'"]
    assert sorted(by_path["events"].chunks) == [
        "data: plain\n\n",
        "event: heard\ndata: 2\n\n",
        "event: unheard\ndata: 1\n\n",
    ]
    assert "cookie-of-the" not in repr(told)


async def test_a_document_is_told_as_the_app_sent_it_with_its_headers_and_without_its_secrets(
    recorded: Callable[..., Any],
) -> None:
    sent = """<!doctype html><html><head><title>App</title></head><body><P Class=one>Price: 4 €
    <form method=post><input type=hidden name='csrf_token' value='a-token-of-the-form-1'></form>
    <div id=list data-id="42"></div><script>document.getElementById("list").remove(); document.title = "Changed"</script>
    <footer></footer>"""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=gzip.compress(sent.encode("windows-1252")),
            headers={
                "Content-Type": "text/html; charset=windows-1252",
                "Content-Encoding": "gzip",
                "Link": "</next>; rel=next",
                "Set-Cookie": "a=valuable",
            },
        )

    async with recorded(handler) as witness:
        document = await witness.request("/", how="document")
        await witness.until(lambda: len([d for d in witness.told(Done) if d.id == "d0"]) > 1)
        traffic = Traffic()
        for event in witness.told():
            traffic.feed(event)
    exchange = next(e for e in traffic.exchanges if e.page == document.page)
    placeholder = re.search(r"\[recorder-secret:[^\]]+\]", exchange.answer.text or "")
    assert placeholder
    assert (exchange.answer.text or "").replace(placeholder[0], "a-token-of-the-form-1") == sent
    assert exchange.header("link") == "</next>; rel=next"
    assert exchange.header("content-type") == "text/html; charset=windows-1252"
    assert exchange.header("set-cookie") == ""
    assert exchange.status == 200


async def test_a_login_that_the_browser_asked_for_is_told_of_and_not_what_it_is(
    recorded: Callable[..., Any],
) -> None:
    login = "Basic " + base64.b64encode(b"ann:correct horse").decode()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return html("<p>anybody</p>")
        if request.headers.get("Authorization") != login:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if request.path == "/in":
            return html("<button onclick=\"fetch('/order', {method: 'POST'})\">go</button>")
        return web.json_response({})

    async with recorded(handler, starts=False) as witness:
        browser = witness.page.context.browser
        assert browser
        credentials: Any = {"username": "ann", "password": "correct horse"}
        page = await (await browser.new_context(http_credentials=credentials)).new_page()
        await page.goto(witness.address + "in")
        await press(page, True)
        await page.get_by_role("button", name="go").click()
        await witness.request("/order")
        await witness.until(lambda: [c for c in witness.told(Cookies) if "/order" in c.url])
        traffic = Traffic()
        for event in witness.told():
            traffic.feed(event)
    assert {(e.method, e.login) for e in traffic.exchanges if e.url != witness.address} == {
        ("GET", "basic"),
        ("POST", "basic"),
    }
    assert login.partition(" ")[2] not in repr(traffic.exchanges)

"""Which requests of a web app are calls, what they are called, and what led to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.adapters import Selection, new_fold, workflow
from recorder.adapters.http.describe import named, operation_name, singular, template
from recorder.adapters.http.page import read_page
from recorder.events import Body, Done, Fetched, PageOpened, Part, Request, Response, Secret, Typed
from recorder.inline import data_url, inline_url
from recorder.markup import elements
from recorder.session import Session
from recorder.workflow import Link, leaves, sent
from tests.http_page import ROOT, Page, looked_at


def names(session: Session) -> list[str]:
    return [call.endpoint for call in session.calls]


def why(session: Session) -> dict[str, str]:
    return {o.call.endpoint: o.why for o in session.omitted}


LEFT_OUT: dict[str, tuple[Callable[[Page], object], str]] = {
    "asked as the page loaded": (lambda p: p.ask("GET", "/x", give={}, act=False), "as it loaded"),
    "a style sheet": (lambda p: p.ask("GET", "/x.css", give="a{}", kind="text/css"), "an asset"),
    "a picture by its type": (lambda p: p.ask("GET", "/x", kind="image/png"), "an asset"),
    "a beacon": (lambda p: p.ask("POST", "/x", how="beacon", status=0), "telemetry"),
    "telemetry by its address": (lambda p: p.ask("POST", "https://stats.example/collect", status=204), "telemetry"),
    "an error reporter": (lambda p: p.ask("POST", "https://o1.sentry.example/api/1/envelope/", give={}), "telemetry"),
    "hot reload": (lambda p: p.socket("/_next/webpack-hmr", (False, "{}")), "development server"),
    "what the page gave up": (lambda p: p.ask("GET", "/x", status=0, error="AbortError", aborted=True), "given up"),
    "what never arrived": (lambda p: p.ask("GET", "/x", status=0, error="TypeError: Failed"), "never reached"),
    "a socket of bytes": (lambda p: p.socket("/x", (True, None)), "binary"),
    "the page itself": (lambda p: p.ask("GET", "/", how="document", kind="text/html", give="<p>", act=False), "itself"),
    "the page again": (lambda p: p.ask("GET", "/", how="reload", kind="text/html", give="<p>"), "loaded again"),
    "Socket.IO": (lambda p: p.ask("GET", "/socket.io/?EIO=4&transport=polling&t=x", give="0{}"), "Socket.IO"),
    "its own description": (lambda p: p.ask("GET", "/openapi.json", give={}), "description"),
    "a preflight": (lambda p: p.ask("OPTIONS", "/x"), "may ask"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_no_call_of_the_person_s_is_left_out_and_why(case: str) -> None:
    page = Page()
    if "load" not in case and "itself" not in case:
        page.act()
    ask, words = LEFT_OUT[case]
    ask(page)
    session = page.session()
    assert session.calls == ()
    (omitted,) = session.omitted
    assert words in omitted.why


def test_what_was_asked_before_the_recording_is_known_and_kept_apart() -> None:
    page = Page()
    page.before = True
    page.ask("GET", "/csrf", give={"token_id": "tk-991-zz"}, act=False)
    page.before = False
    page.act()
    page.ask("POST", "/x", sent={"token_id": "tk-991-zz"}, give={})
    session = page.session()
    assert why(session) == {"GET /csrf": "made before recording started"}
    assert [(step.endpoint.id, step.setup) for step in workflow(session).steps] == [
        ("GET /csrf", True),
        ("POST /x", False),
    ]


def test_polling_by_nobody_is_left_out_and_a_list_that_is_asked_again_is_not() -> None:
    page = Page()
    for title in "abc":
        page.act(ms=1000)
        page.ask("POST", "/items", sent={"title": title}, give={"ok": True})
        page.ask("GET", "/items", give=[title])
    for _ in range(5):
        page.wait(3000)
        page.ask("GET", "/stats", give={"n": 1}, act=False)
    session = page.session()
    assert names(session) == ["POST /items", "GET /items"] * 3
    assert why(session) == {"GET /stats": "polling: asked again and again, nobody having done anything"}


def test_the_same_asked_again_by_slow_acts_of_a_person_s_is_no_polling() -> None:
    page = Page()
    for _ in range(4):
        page.act(ms=3000)
        page.at += 900
        page.ask("POST", "/items", sent={"title": "same"}, give={"ok": True}, took=2500)
        page.ask("GET", "/items", give=[], act=False)
    assert names(page.session()) == ["POST /items", "GET /items"] * 4


def test_polls_that_begin_with_an_act_are_polling_all_the_same() -> None:
    page = Page()
    page.act()
    for _ in range(5):
        page.ask("GET", "/stats", give={"n": 1})
        page.at += 200
    session = page.session()
    assert names(session) == ["GET /stats"]
    assert {o.why for o in session.omitted} == {"polling: asked again and again, nobody having done anything"}


def test_an_app_whose_own_address_sounds_like_telemetry_is_recorded() -> None:
    page = Page(seen="http://tracker.local")
    page.act()
    page.ask("GET", "/chmri/1", give={"n": 1})
    assert names(page.session()) == ["GET /chmri/{chmri_id}"]


def test_what_is_asked_until_it_is_done_is_one_call() -> None:
    page = Page()
    page.act()
    page.ask("POST", "/jobs", sent={"n": 1}, give={"job_id": "j-7781-x"})
    for status in ("queued", "running", "running", "done"):
        page.at += 1000
        page.ask("GET", "/jobs/j-7781-x", give={"status": status, "percent": 3}, act=status == "queued")
    page.ask("GET", "/jobs/j-7781-x/result", give={"text": "x"}, act=False)
    session = page.session()
    assert [step.endpoint.id for step in workflow(session).steps] == [
        "POST /jobs",
        "GET /jobs/{job_id}",
        "GET /jobs/{job_id}/result",
    ]
    assert session.calls[1].until == ("status",)
    assert len(session.omitted) == 3


def test_of_what_is_asked_while_one_types_the_last_is_a_call() -> None:
    page = Page()
    page.act("input", "Search")
    for text in ("a", "ab", "abc"):
        page.ask("GET", f"/search?q={text}", give=[])
        page.at += 150
    session = page.session()
    assert [call.inputs[0].value for call in session.calls] == ["abc"]
    assert {o.why for o in session.omitted} == {"asked while the person was still typing, and asked again"}


def test_triggers_say_what_was_done_and_how_sure_that_is() -> None:
    page = Page()
    page.act("click", "Add to cart")
    page.ask("POST", "/cart", sent={}, give={"ok": True})
    page.ask("GET", "/cart", give=[], act=False)
    page.at += 800
    page.ask("GET", "/later", give=[])
    first, second, third = page.session().calls
    assert first.trigger.words() == "clicked Add to cart"
    assert (first.trigger.role, first.trigger.locator) == ("button", "role=button[name=Add to cart]")
    assert first.trigger.sure == "certain"
    assert (second.trigger.kind, second.trigger.call, second.trigger.sure) == ("call", first.id, "likely")
    assert third.trigger.sure == "likely"


def test_a_page_seen_through_the_recorder_s_own_address_is_the_app_s() -> None:
    page = Page(seen="http://127.0.0.1:8700")
    page.act()
    page.ask("GET", "/api/x", give={"next": "http://127.0.0.1:8700/api/y"})
    page.ask("GET", "https://api.example/v1/things/17", give={})
    session = page.session()
    assert session.app.url == ROOT
    assert names(session) == ["GET /api/x", "GET https://api.example/v1/things/{thing_id}"]


OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": {
        "/items/{sku}": {
            "get": {"operationId": "read_item_items__sku__get", "summary": "One item",
                    "parameters": [{"name": "sku", "in": "path", "required": True, "schema": {"type": "string"}}]},
        },
        "/items/latest": {"get": {"operationId": "readLatest"}},
        "/items": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/I"}}}}}},
    },
    "components": {"schemas": {"I": {"properties": {"title": {"type": "string", "description": "What it is"}}}}},
}  # fmt: skip


def test_calls_are_named_by_the_app_s_own_description() -> None:
    page = Page()
    page.said("/openapi.json", OPENAPI)
    page.act()
    page.ask("GET", "/items/abc", give={})
    page.ask("GET", "/items/latest", give={})
    page.ask("POST", "/items", sent={"title": "x"}, give={})
    session = page.session()
    assert session.app.title == "Shop"
    assert names(session) == ["GET /items/{sku}", "GET /items/latest", "POST /items"]
    endpoints = {endpoint.id: endpoint for endpoint in session.api.endpoints}
    assert [endpoints[id].name for id in names(session)] == ["read_item", "read_latest", "post_items"]
    assert endpoints["GET /items/{sku}"].description == "One item"
    (title,) = [p for p in endpoints["POST /items"].parameters if p.name == "title"]
    assert (title.location, title.description, title.schema) == (
        "json",
        "What it is",
        {"type": "string", "description": "What it is"},
    )


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/items/17", "/items/{item_id}"),
        (
            "/api/v1/users/5f0c7a52-0d3c-4a54-9a3e-7f6d2c1b0a99/posts/3",
            "/api/v1/users/{user_id}/posts/{post_id}",
        ),
        ("/items/latest", "/items/latest"),
        ("/2024/17", "/{id}/{id_2}"),
        ("/boxes/9/boxes/8", "/boxes/{box_id}/boxes/{box_id_2}"),
        ("/", "/"),
    ],
)
def test_a_path_without_a_description_is_a_template(path: str, wanted: str) -> None:
    assert template(path)[0] == wanted


def test_endpoints_without_a_name_get_one() -> None:
    assert named("GET", "/api/v1/items/{item_id}") == "get_item"
    assert named("POST", "/items") == "post_items"
    assert named("GET", "/") == "get_root"
    assert [singular(word) for word in ("items", "categories", "boxes", "status", "ids", "class")] == [
        "item", "category", "box", "statu", "id", "class",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"query": "query Books($n: Int) { books { id } }"}, ("Books", "graphql")),
        ({"query": "{ me { id } }"}, ("me", "graphql")),
        ({"operationName": "Add", "query": "mutation Add { add { id } }"}, ("Add", "graphql")),
        ({"operationName": "Add", "extensions": {"persistedQuery": {}}}, ("Add", "graphql")),
        ({"jsonrpc": "2.0", "method": "eth_call", "id": 1}, ("eth_call", "jsonrpc")),
        ([{"jsonrpc": "2.0", "method": "a", "id": 1}], ("a", "jsonrpc")),
        ({"query": "plain search words"}, ("", "")),
        ({"method": "GET"}, ("", "")),
        ("text", ("", "")),
    ],
)
def test_a_body_may_name_its_operation(body: object, wanted: tuple[str, str]) -> None:
    assert operation_name(body) == wanted


def test_a_form_is_answered_by_the_document_that_follows() -> None:
    page = Page()
    page.act("submit", "Save")
    page.add(
        Request, id="f1", method="POST", url=ROOT + "/notes", how="form",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
        body=Body(kind="parts", parts=(Part(name="text", value="x"),)), act="a1",
    )  # fmt: skip
    page.page = "Q"
    page.add(PageOpened, url=ROOT + "/notes/17", title="Note")
    page.add(
        Request, id="d0", method="GET", url=ROOT + "/notes/17", how="document", left="P", form="f1", act="a1"
    )
    page.add(Response, id="d0", status=200, headers=(("content-type", "text/html"),), url=ROOT + "/notes/17")
    html = "<title>Note</title><form action='/notes/17/delete'><input type=hidden name=csrf value=abc></form>"
    page.add(Done, id="d0", body=Body(kind="text", text=html))
    (call,) = page.session().calls
    assert (call.endpoint, call.code, call.status) == ("POST /notes", 200, "ok")
    assert call.outputs[0].value == {
        "title": "Note",
        "url": "/notes/17",
        "elements": [
            {"tag": "title", "text": "Note"},
            {"action": "/notes/17/delete", "tag": "form", "text": ""},
            {"type": "hidden", "name": "csrf", "value": "abc", "tag": "input", "text": ""},
        ],
    }


def test_a_conversation_over_a_socket_is_one_call() -> None:
    page = Page()
    page.act()
    page.socket("/ws?room=1", (True, '{"a": 1}'), (False, '{"b": 2}'), (True, "plain"), (False, "3"))
    (call,) = page.session().calls
    assert call.endpoint == "WS /ws"
    assert [(m.sent, m.value, m.text) for m in call.messages] == [
        (True, {"a": 1}, False),
        (False, {"b": 2}, False),
        (True, "plain", True),
        (False, "3", True),
    ]


def test_what_is_said_over_a_socket_that_the_page_opened_as_it_loaded_is_a_call_of_who_said_it() -> None:
    page = Page()
    room = page.socket("/room", (True, '{"hello": 1}'), (False, '{"welcome": 1}'), closed=False)
    page.wait(5000)
    page.act(name="Send")
    page.say(room, True, '{"say": "hi"}')
    page.say(room, False, '{"said": "hi"}', 5)
    (call,) = page.session().calls
    assert call.trigger.words() == "clicked Send"
    assert [m.value for m in call.messages] == [{"hello": 1}, {"welcome": 1}, {"say": "hi"}, {"said": "hi"}]


def test_a_socket_over_which_only_the_page_and_its_server_spoke_is_left_out() -> None:
    page = Page()
    page.socket("/news", (True, '{"subscribe": 1}'), (False, '{"tick": 1}'), closed=False)
    page.act()
    page.ask("POST", "/x", give={})
    session = page.session()
    assert [call.endpoint for call in session.calls] == ["POST /x"]
    assert "made by the page as it loaded" in [o.why for o in session.omitted]


def test_of_a_socket_from_before_the_recording_the_greeting_is_kept_and_not_what_was_said_then() -> None:
    page = Page()
    page.before = True
    room = page.socket("/room", (True, '{"hello": 1}'), (False, '{"welcome": 1}'), closed=False)
    page.act(name="Send")
    page.say(room, True, '{"say": "then"}')
    page.say(room, False, '{"said": "then"}', 5)
    page.before = False
    page.act(name="Send")
    page.say(room, True, '{"say": "now"}')
    page.say(room, False, '{"said": "now"}', 5)
    (call,) = page.session().calls
    assert [m.value for m in call.messages] == [{"hello": 1}, {"welcome": 1}, {"say": "now"}, {"said": "now"}]


def test_what_a_request_has_pushed_is_expected_after_it_and_what_the_push_leads_to_after_that() -> None:
    page = Page()
    page.act(name="Join")
    room = page.socket("/room", (False, '{"welcome": 1}'), closed=False)
    page.act(name="Work")
    page.ask("POST", "/works", give={"taken": True}, sent={"text": "x"})
    page.wait(1500)
    page.say(room, False, '{"finished": "51f33a594099347a"}')
    page.ask("GET", "/works/51f33a594099347a", give={"text": "X"}, act=False)
    page.act(name="Work")
    page.say(room, True, '{"more": 1}')
    session = page.session()
    assert [(call.id, call.endpoint, call.continues) for call in session.calls] == [
        ("c1", "WS /room", ""),
        ("c2", "POST /works", ""),
        ("c3", "WS /room", "c1"),
        ("c4", "GET /works/{work_id}", ""),
        ("c5", "WS /room", "c1"),
    ]
    assert session.calls[2].trigger.words() == "then, after c2"
    steps = workflow(session).steps
    assert steps[3].arguments[0].value == Link(step="c3", output=0, path=(0, "finished"))
    assert [step.closes for step in steps] == [False, True, False, True, True]
    # Who leaves out a conversation leaves out all of it, and who wants one turn gets what was before it.
    kept = workflow(session, Selection(skip=("c1", "c4"))).steps
    assert [step.id for step in kept] == ["c2"]
    kept = workflow(session, Selection(only=("c5",))).steps
    assert [(step.id, step.setup) for step in kept] == [("c1", True), ("c3", True), ("c5", False)]


def test_a_socket_by_whose_name_something_is_asked_is_opened_first_and_held() -> None:
    page = Page()
    page.socket("/ws?session=s_zj4mzo1", (False, '{"ready": 1}'), (False, '{"tick": 1}'), closed=False)
    page.act()
    page.ask("POST", "/run", give={}, sent={"cells": [1, 2]}, headers={"x-session": "s_zj4mzo1"})
    made = workflow(page.session())
    held, run = made.steps
    assert (held.endpoint.id, held.setup, held.closes) == ("WS /ws", True, False)
    # What it is told later is the app's affair: that it was greeted is enough.
    assert [message.value for message in held.messages] == [{"ready": 1}]
    assert run.endpoint.id == "POST /run"
    assert made.variables == ()


def test_a_socket_that_only_says_who_one_is_or_what_it_speaks_is_not_held() -> None:
    page = Page()
    token = f"[recorder-secret:{'0' * 16}:RECORDER_SECRET_TOKEN]"
    page.socket(f"/news?token={token}&protocol=v2.json.4a", (False, '{"tick": 1}'), closed=False)
    page.act()
    page.ask("POST", "/run", give={}, sent={"token": token, "protocol": "v2.json.4a"})
    assert [step.endpoint.id for step in workflow(page.session()).steps] == ["POST /run"]


def test_what_was_typed_is_a_variable_wherever_it_is_sent_and_nothing_else_is() -> None:
    page = Page()
    page.act()
    page.add(Typed, control="i1", kind="text", value="bob", label="Your name")
    page.add(Typed, control="i2", kind="text", value="3", label="Size")
    page.ask(
        "POST",
        "/update",
        give={},
        sent={"state": [{"id": "name", "value": "bob"}, {"id": "size", "value": 3}]},
    )
    variables = {variable.name: variable.value for variable in workflow(page.session()).variables}
    assert variables == {"your_name": "bob", "size": 3}


def test_what_a_token_says_is_a_link_though_a_placeholder_stands_for_the_token() -> None:
    page = Page()
    placeholder = "[recorder-secret:1234567890abcdef:RECORDER_SECRET_TOKEN]"
    page.add(
        Secret,
        placeholder=placeholder,
        name="RECORDER_SECRET_TOKEN",
        hint="field token",
        claims={"sub": "8e1e14a4"},
    )
    page.act()
    page.ask("POST", "/login", give={"user": {"token": placeholder}})
    page.ask("GET", "/people/8e1e14a4", give={})
    (link,) = [leaf for leaf in leaves(sent(workflow(page.session()).steps[-1])) if isinstance(leaf, Link)]
    assert (link.step, link.path) == ("c1", ("user", "token"))
    assert [reader.kind for reader in link.readers] == ["between", "base64", "json"]


def test_a_socket_that_tells_what_a_later_call_needs_is_part_of_it() -> None:
    page = Page()
    page.socket("/news", (False, '{"ticket": "t-1234567"}'), (False, '{"other": 1}'), closed=False)
    page.act()
    page.ask("POST", "/buy", give={}, sent={"ticket": "t-1234567"})
    steps = workflow(page.session()).steps
    assert [(step.endpoint.id, step.setup) for step in steps] == [("WS /news", True), ("POST /buy", False)]


def test_an_event_source_that_the_page_closed_is_complete() -> None:
    page = Page()
    page.act()
    page.stream("/tokens", 'data: {"t": 1}\n\n', "event: done\ndata: x\n\n")
    session = page.session()
    (call,) = session.calls
    assert call.status == "ok"
    assert call.outputs[0].value == [{"t": 1}, {"event": "done", "data": "x"}]
    assert workflow(session).steps[0].cancel_after == 2


def test_a_call_that_was_refused_is_expected_to_be_refused() -> None:
    page = Page()
    page.act()
    page.ask("POST", "/login", sent={"user": "ann"}, status=401, give={"detail": "Wrong password"})
    (call,) = page.session().calls
    assert (call.status, call.code, call.error) == ("failed", 401, "401: Wrong password")


def test_which_kind_of_app_it_is_is_told_by_what_it_does() -> None:
    fold = new_fold()
    page = Page()
    page.act()
    page.ask("GET", "/x", give={})
    for event in page.events:
        fold.feed(event)
    assert fold.session().app.kind == "http"
    fold = new_fold()
    fold.feed(PageOpened(page="P", seq=1, at=1.0, url=ROOT + "/", root=ROOT))
    for event in page.events:
        fold.feed(event)
    assert fold.session().app.kind == "gradio"


@pytest.mark.parametrize("said", ["http://[", "http://a]b/", "http://x:99999/", "http://exa℀mple.com/"])
def test_what_is_no_address_costs_nothing_wherever_it_is_said(said: str) -> None:
    page = Page()
    document = {"openapi": "3.1.0", "servers": [{"url": said}], "paths": {"/things": {"get": {}}}}
    page.events.append(
        Fetched(
            page="",
            seq=0,
            at=1.0,
            url=f"{ROOT}/openapi.json",
            status=200,
            body=Body(kind="text", text=json.dumps(document)),
        )
    )
    page.events.append(PageOpened(page="Q", seq=1, at=1e300, url=said, root=said))
    page.act()
    page.ask("GET", "/things", give={"next": said})
    session = page.session()
    assert [call.endpoint for call in session.calls] == ["GET /things"]


@pytest.mark.parametrize(
    ("role", "kept"), [("searchbox", ["b"]), ("file", ["a", "b"]), ("checkbox", ["a", "b"])]
)
def test_only_what_is_typed_bit_by_bit_replaces_what_was_asked_before(role: str, kept: list[str]) -> None:
    page = Page()
    page.act(kind="input", role=role)
    for text in ("a", "b"):
        page.ask("GET", f"/find?q={text}", give={"found": text})
    assert [call.inputs[0].value for call in page.session().calls] == kept


def submit(page: Page, number: int) -> None:
    """A form is sent, and the document that answers it takes a while."""
    form, document = f"f{len(page.events)}", f"d{len(page.events)}"
    page.add(Request, id=form, method="POST", url=f"{ROOT}/notes", how="form")
    page.add(
        Request, id=document, method="GET", url=f"{ROOT}/notes", how="document", left=page.page, form=form
    )
    page.ask("GET", "/between", give={})
    page.add(Response, id=document, status=200, headers=(("content-type", "text/html"),), url=f"{ROOT}/notes")
    page.add(Done, id=document, body=Body(kind="text", text=f"<title>{number}</title>"))


def upload(page: Page, number: int) -> None:
    """A file is sent, whose bytes are kept later."""
    value = f"data:text/plain;base64,{base64.b64encode(bytes(number)).decode()}"
    page.ask(
        "POST",
        "/upload",
        parts=(Part(name="file", filename="a.txt", size=number, type="text/plain", value=value),),
        give={},
    )
    page.ask("GET", "/between", give={})
    found = data_url(value)
    assert found is not None
    page.add(Fetched, url=inline_url(found[0]), status=200, path=f"s.files/{number}/a.txt")


DOES: list[Callable[[Page, int], object]] = [
    lambda p, n: p.act(kind="click" if n % 3 else "input", role="searchbox"),
    lambda p, n: p.wait(40 * n * n),
    lambda p, n: p.ask("POST", "/things", sent={"n": n}, give={"id": f"thing-{n}", "slug": f"s{n}-x"}),
    lambda p, n: p.ask("GET", f"/things/thing-{n}", give={"n": n}, took=10 * n),
    lambda p, n: p.ask("GET", f"/find?q=s{n}-x", give=[n], act=bool(n % 2)),
    lambda p, n: p.ask("GET", "/job", give={"state": "done" if n % 3 == 0 else "running"}, act=n % 4 == 0),
    lambda p, n: p.ask("GET", "/poll", give={}, act=False),
    lambda p, n: submit(p, n),
    lambda p, n: upload(p, n),
    lambda p, n: p.socket("/chat", (True, f"a{n}"), (False, f"thing-{n}"), closed=n % 2 == 0),
    lambda p, n: p.stream("/live", "data: 1\n\n", f"data: {n}\n\n", over=n % 2 == 0),
    lambda p, n: p.open(f"P{n}", f"/{n}", embedded=n % 4 == 0),
    lambda p, n: p.said("/openapi.json", {"openapi": "3.1.0", "paths": {"/things/{key}": {"get": {}}}}),
]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whoever_looks_on_sees_what_whoever_looks_once_does(data: st.DataObject) -> None:
    page = Page()
    for does, n in data.draw(st.lists(st.tuples(st.sampled_from(DOES), st.integers(0, 8)), max_size=40)):
        does(page, n)
    events = page.events
    # An answer that is late, and what is told of two things at once.
    for place in data.draw(st.lists(st.integers(0, max(len(events) - 2, 0)), max_size=20)):
        events[place : place + 2] = reversed(events[place : place + 2])
    looks = data.draw(st.sets(st.integers(0, len(events))))
    looked_at(events, looks, still_moving=data.draw(st.integers(0, 5)))


def test_a_script_finds_the_elements_of_a_page_where_the_recording_has_them() -> None:
    state = "v" * 50_000
    text = f"<div class=alert></div><i style='x'></i><div data-a=1>a</div><input name=state value={state}>"
    found = read_page(text, "/")["elements"]
    assert found == elements(text)
    assert [element["tag"] for element in found] == ["div", "input"] and found[1]["value"] == state


def test_the_content_of_a_piece_of_a_page_is_not_compared() -> None:
    page = Page()
    page.act()
    page.ask("POST", "/update", give={"html": "<ul><li>Oil</li></ul>", "said": "done", "note": "a < b"})
    (step,) = workflow(page.session()).steps
    assert [e.path for e in step.outputs[0].expectations if e.kind == "volatile"] == [("html",)]

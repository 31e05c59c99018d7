"""Recordings whose data flow is known, for measuring how links are found: ``python -m tests.flows`` prints the table.

Each flow is what one page asked and was answered. ``Flow.links`` are the places of requests that were made of an earlier
answer, each with the call and the place that it came from; every other value is the person's, or the page's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from recorder.adapters import workflow
from recorder.adapters.http.fold import HttpFold
from recorder.events import Act, Body, Done, Mark, PageOpened, Part, Request, Response, Secret
from recorder.request import request
from recorder.session import Session
from recorder.workflow import Cookie, Expression, Link, Spelled, Step, Text, Workflow

ROOT = "http://app.test"
Place = tuple[str | int, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer; ``give`` is JSON, or HTML as text. ``cookie`` is one that is sent elsewhere too."""

    ask: str
    json: Any = None
    form: dict[str, str] | None = None
    headers: dict[str, str] = {}
    cookie: tuple[str, str] | None = None
    give: Any = None
    giving: dict[str, str] = {}
    status: int = 200
    how: str = "fetch"
    final: str = ""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """``links``: by call (counted from 0) and place in its request (``("json", "item_id")``, ``("path", 0)``), the call
    and the place that the value came from (``("body", "id")``, ``("headers", "location")``); None for a cookie."""

    kind: str
    name: str
    calls: tuple[Asked, ...]
    links: dict[tuple[int, Place], tuple[int, Place] | None]


def session_of(flow: Flow) -> Session:
    """What the recorder makes of a flow."""
    fold = HttpFold()
    at = 1_700_000_000_000.0
    fold.feed(Mark(page="", seq=0, at=at, what="start", url=ROOT))
    fold.feed(PageOpened(page="P", seq=1, at=at, url=ROOT + "/"))
    claims: dict[str, str | int | float] = {"sub": UUID, "tenant_id": 7, "roles": "admin"}
    name = "RECORDER_SECRET_ACCESS_TOKEN"
    fold.feed(Secret(page="P", seq=1, at=at, placeholder=JWT, name=name, claims=claims))
    for number, asked in enumerate(flow.calls, 1):
        at += 1000
        method, _, path = asked.ask.partition(" ")
        headers = [(name.lower(), value) for name, value in asked.headers.items()]
        body = Body()
        if asked.json is not None:
            body = Body(kind="text", text=json.dumps(asked.json))
            headers.append(("content-type", "application/json"))
        elif asked.form is not None:
            body = Body(kind="parts", parts=tuple(Part(name=n, value=v) for n, v in asked.form.items()))
            headers.append(("content-type", "application/x-www-form-urlencoded"))
        if asked.cookie is not None:
            headers.append(("cookie", "=".join(asked.cookie)))
        is_page = isinstance(asked.give, str)
        text = asked.give if is_page else json.dumps(asked.give)
        kind = "text/html" if is_page else "application/json"
        told = [("content-type", kind), *((n.lower(), v) for n, v in asked.giving.items())]
        here = {"page": "P", "seq": number, "at": at}
        fold.feed(Act(**here, id=f"a{number}", kind="click", role="button", name="Go"))
        fold.feed(
            Request(
                **here, id=f"r{number}", method=method, url=ROOT + path, how=asked.how, headers=tuple(headers),
                body=body, act=f"a{number}",
            )
        )  # fmt: skip
        url = ROOT + (asked.final or path)
        fold.feed(Response(**here, id=f"r{number}", status=asked.status, headers=tuple(told), url=url))
        answer = Body(kind="text", text=text) if asked.give is not None else Body()
        fold.feed(Done(**here, id=f"r{number}", body=answer))
    return fold.session()


def found(made: Workflow) -> dict[tuple[int, Place], tuple[int, Place] | None]:
    """The links of a workflow, spelled as :attr:`Flow.links` has them."""
    numbers = {step.id: number for number, step in enumerate(made.steps)}
    links = {}
    for number, step in enumerate(made.steps):
        for place, leaf in _leaves(step, made):
            if isinstance(leaf, Link):
                output = made.steps[numbers[leaf.step]].outputs[leaf.output].name
                links[number, place] = (numbers[leaf.step], (output, *leaf.path))
            else:
                links[number, place] = None
    return links


def _leaves(step: Step, made: Workflow) -> Iterator[tuple[Place, Link | Cookie]]:
    asked = request(step)
    for number, piece in enumerate(asked.path[1::2]):
        yield from _inside(piece, ("path", number))
    for name, value in asked.query:
        yield from _inside(value, ("query", name))
    for name, value in asked.headers:
        yield from _inside(value, ("header", name))
    if asked.media in ("form", "multipart"):
        for name, value in asked.body:
            yield from _inside(value, (asked.media, name))
    else:
        yield from _inside(asked.body, (asked.media,))


def _inside(value: Expression, place: Place) -> Iterator[tuple[Place, Link | Cookie]]:
    match value:
        case Link() | Cookie():
            yield place, value
        case Text():
            for piece in value.pieces:
                yield from _inside(piece, place)
        case Spelled():
            yield from _inside(value.value, place)
        case dict():
            for key, item in value.items():
                yield from _inside(item, (*place, key))
        case list():
            for number, item in enumerate(value):
                yield from _inside(item, (*place, number))


def encoded(value: Any) -> str:
    return base64.b64encode((value if isinstance(value, str) else json.dumps(value)).encode()).decode()


def page(inside: str) -> str:
    return f"<!doctype html><html><head><title>T</title></head><body>{inside}</body></html>"


TOKEN = "v2.9fJk2-Lq83nZxW0aBcD4eFgH"
UUID = "5f0c7a52-0d3c-4a54-9a3e-7f6d2c1b0a99"
HASH = "9b74c9897bac770ffc029102a200c5de"
JWT = f"[recorder-secret:{'0' * 16}:RECORDER_SECRET_ACCESS_TOKEN]"
"""As the page tells it; what it says comes with the secret."""
DECOYS = {
    "count": 3,
    "active": True,
    "status": "open",
    "date": "2026-11-25",
    "colour": "red",
    "page": 1,
    "limit": 20,
}
"""What answers also hold, and requests also send, without one being made of the other."""

FLOWS = (
    # Tokens.
    Flow(kind="what a JWT says", name="whose it is, in a path", calls=(
        Asked(ask="POST /login", json={"user": "ann"}, give={"access_token": JWT}),
        Asked(ask=f"GET /people/{UUID}", headers={"Authorization": f"Bearer {JWT}"}, give={"name": "ann"}),
    ), links={
        (1, ("header", "authorization")): (0, ("body", "access_token")),
        (1, ("path", 0)): (0, ("body", "access_token")),
    }),
    Flow(kind="what a JWT says", name="a small number goes by its name", calls=(
        Asked(ask="POST /login", json={"user": "ann"}, give={"token": JWT}),
        Asked(ask="POST /orders", json={"tenant_id": 7, "count": 7, "level": 7}, give={"ok": True}),
    ), links={(1, ("json", "tenant_id")): (0, ("body", "token"))}),
    Flow(kind="token", name="a bearer token", calls=(
        Asked(ask="POST /login", json={"user": "ann"}, give={"access_token": TOKEN, **DECOYS}),
        Asked(ask="GET /me?limit=20&page=1", headers={"Authorization": f"Bearer {TOKEN}"}, give={"name": "ann"}),
    ), links={(1, ("header", "authorization")): (0, ("body", "access_token"))}),
    Flow(kind="token", name="a token in a header of the app's own", calls=(
        Asked(ask="POST /api/session", json={}, give={"data": {"sessionKey": HASH}}),
        Asked(ask="GET /api/things", headers={"X-Session-Key": HASH}, give=[]),
    ), links={(1, ("header", "x-session-key")): (0, ("body", "data", "sessionKey"))}),
    Flow(kind="token", name="a token in the body", calls=(
        Asked(ask="POST /auth", json={"code": "red"}, give={"token": TOKEN}),
        Asked(ask="POST /rpc", json={"token": TOKEN, "colour": "red", "count": 3}, give={"ok": True}),
    ), links={(1, ("json", "token")): (0, ("body", "token"))}),
    Flow(kind="token", name="a refreshed token takes the place of the first", calls=(
        Asked(ask="POST /login", json={"user": "ann"}, give={"access": TOKEN, "refresh": HASH}),
        Asked(ask="POST /refresh", json={"refresh": HASH}, give={"access": TOKEN[::-1]}),
        Asked(ask="GET /me", headers={"Authorization": f"Bearer {TOKEN[::-1]}"}, give=DECOYS),
    ), links={
        (1, ("json", "refresh")): (0, ("body", "refresh")),
        (2, ("header", "authorization")): (1, ("body", "access")),
    }),
    # Ids in paths.
    Flow(kind="id in a path", name="a number", calls=(
        Asked(ask="POST /items", json={"title": "milk"}, give={"id": 17, "title": "milk", **DECOYS}, status=201),
        Asked(ask="DELETE /items/17", give=None, status=204),
    ), links={(1, ("path", 0)): (0, ("body", "id"))}),
    Flow(kind="id in a path", name="a small number among others", calls=(
        Asked(ask="POST /orders", json={"count": 3}, give={"order": {"id": 3, "count": 3, "state": 1}}, status=201),
        Asked(ask="GET /orders/3", give={"id": 3}),
    ), links={(1, ("path", 0)): (0, ("body", "order", "id"))}),
    Flow(kind="id in a path", name="a UUID out of a list", calls=(
        Asked(ask="GET /users", give=[{"id": HASH, "name": "bob"}, {"id": UUID, "name": "ann"}]),
        Asked(ask=f"GET /users/{UUID}", give={"name": "ann"}),
        Asked(ask=f"PUT /users/{UUID}", json={"name": "anna", "active": True}, give={"name": "anna"}),
    ), links={(1, ("path", 0)): (0, ("body", 1, "id")), (2, ("path", 0)): (0, ("body", 1, "id"))}),
    Flow(kind="id in a path", name="a slug that the server made", calls=(
        Asked(ask="POST /posts", json={"title": "Hello World"}, give={"slug": "hello-world-7", **DECOYS}),
        Asked(ask="GET /posts/hello-world-7", give={"title": "Hello World"}),
    ), links={(1, ("path", 0)): (0, ("body", "slug"))}),
    Flow(kind="id in a path", name="two ids", calls=(
        Asked(ask="POST /teams", json={"name": "A"}, give={"id": 5001}),
        Asked(ask="POST /teams/5001/members", json={"name": "ann"}, give={"member_id": 5002}),
        Asked(ask="DELETE /teams/5001/members/5002", give=None, status=204),
    ), links={
        (1, ("path", 0)): (0, ("body", "id")),
        (2, ("path", 0)): (0, ("body", "id")),
        (2, ("path", 1)): (1, ("body", "member_id")),
    }),
    # Ids elsewhere.
    Flow(kind="id in a body", name="by the same name", calls=(
        Asked(ask="POST /carts", json={}, give={"cart_id": 88, "page": 1}),
        Asked(ask="POST /buy", json={"cart_id": 88, "quantity": 1, "page": 1}, give={"ok": True}),
    ), links={(1, ("json", "cart_id")): (0, ("body", "cart_id"))}),
    Flow(kind="id in a body", name="by the name of what it is of", calls=(
        Asked(ask="GET /products", give={"products": [{"id": 4, "price": 3}, {"id": 9, "price": 4}]}),
        Asked(ask="POST /cart", json={"productId": 9, "quantity": 4, "gift": True}, give={"lines": 1}),
    ), links={(1, ("json", "productId")): (0, ("body", "products", 1, "id"))}),
    Flow(kind="id in a body", name="inside an object", calls=(
        Asked(ask="POST /files", json={"name": "a"}, give={"file": {"key": HASH}}),
        Asked(ask="POST /jobs", json={"input": {"file_key": HASH, "limit": 20}}, give={"job_id": UUID}),
        Asked(ask=f"GET /jobs/{UUID}", give={"status": "open"}),
    ), links={(1, ("json", "input", "file_key")): (0, ("body", "file", "key")), (2, ("path", 0)): (1, ("body", "job_id"))}),
    Flow(kind="id in a body", name="in a list", calls=(
        Asked(ask="POST /tags", json={"name": "x"}, give={"tag_id": "tag_9Q2"}),
        Asked(ask="POST /notes", json={"text": "x", "tag_ids": ["tag_9Q2"]}, give={}),
    ), links={(1, ("json", "tag_ids", 0)): (0, ("body", "tag_id"))}),
    Flow(kind="id in a query", name="by the same name", calls=(
        Asked(ask="GET /search?q=red", give={"search_id": 771, "count": 3}),
        Asked(ask="GET /results?search_id=771&page=1&limit=20", give=[]),
    ), links={(1, ("query", "search_id")): (0, ("body", "search_id"))}),
    Flow(kind="id in a query", name="of what it is of", calls=(
        Asked(ask="GET /projects", give=[{"id": 31, "name": "p"}]),
        Asked(ask="GET /tasks?project=31&status=open", give=[]),
        Asked(ask="GET /tasks?project_id=31&done=true", give=[]),
    ), links={(2, ("query", "project_id")): (0, ("body", 0, "id"))}),
    Flow(kind="id in a query", name="a handle", calls=(
        Asked(ask="POST /export", json={"date": "2026-11-25"}, give={"handle": "exp-20261125-x7"}),
        Asked(ask="GET /download?handle=exp-20261125-x7&date=2026-11-25", give={}),
    ), links={(1, ("query", "handle")): (0, ("body", "handle"))}),
    # Headers.
    Flow(kind="a header of the answer", name="Location", calls=(
        Asked(ask="POST /things", json={"colour": "red"}, give=None, giving={"Location": "/things/913"}, status=201),
        Asked(ask="GET /things/913", give={"colour": "red"}),
    ), links={(1, ("path", 0)): (0, ("headers", "location"))}),
    Flow(kind="a header of the answer", name="Location with the host", calls=(
        Asked(ask="POST /v1/jobs", json={"n": 3}, give={}, giving={"Location": f"{ROOT}/v1/jobs/{UUID}"}, status=202),
        Asked(ask=f"GET /v1/jobs/{UUID}", give={"n": 3}),
    ), links={(1, ("path", 0)): (0, ("headers", "location"))}),
    Flow(kind="a header of the answer", name="ETag", calls=(
        Asked(ask="GET /doc", give=DECOYS, giving={"ETag": f'"{HASH}"'}),
        Asked(ask="PUT /doc", json={"page": 1}, headers={"If-Match": f'"{HASH}"'}, give={}),
    ), links={(1, ("header", "if-match")): (0, ("headers", "etag"))}),
    Flow(kind="a header of the answer", name="a token", calls=(
        Asked(ask="HEAD /api", give=None, giving={"X-CSRF-Token": TOKEN}),
        Asked(ask="POST /api", json={"count": 3}, headers={"X-CSRF-Token": TOKEN}, give={}),
    ), links={(1, ("header", "x-csrf-token")): (0, ("headers", "x-csrf-token"))}),
    # Guards against forged requests.
    Flow(kind="a field of a page", name="a hidden field", calls=(
        Asked(ask="GET /login", how="document", give=page(f'<form><input type="hidden" name="csrf" value="{TOKEN}"></form>')),
        Asked(ask="POST /login", form={"csrf": TOKEN, "user": "ann", "page": "1"}, give={}),
    ), links={(1, ("form", "csrf")): (0, ("body", "fields", "csrf"))}),
    Flow(kind="a field of a page", name="a hidden id", calls=(
        Asked(ask="GET /edit", how="document", give=page('<form><input type="hidden" name="version" value="7">'
              '<input name="count" value="3"></form>')),
        Asked(ask="POST /edit", form={"version": "7", "count": "3"}, give={}),
    ), links={(1, ("form", "version")): (0, ("body", "fields", "version"))}),
    Flow(kind="a field of a page", name="a meta element", calls=(
        Asked(ask="GET /app", how="document", give=f'<html><head><meta name="csrf-token" content="{TOKEN}"></head></html>'),
        Asked(ask="POST /save", json={"colour": "red"}, headers={"X-CSRF-Token": TOKEN}, give={}),
    ), links={(1, ("header", "x-csrf-token")): (0, ("body", "fields", "csrf-token"))}),
    Flow(kind="a field of a page", name="a token in a script", calls=(
        Asked(ask="GET /app", how="document", give=page(f'<script>var csrf_token = "{TOKEN}"; var page = "1";</script>')),
        Asked(ask="POST /save", json={"page": 1}, headers={"X-CSRFToken": TOKEN}, give={}),
    ), links={(1, ("header", "x-csrftoken")): (0, ("body", "fields", "csrf_token"))}),
    Flow(kind="a cookie sent again", name="as a header", calls=(
        Asked(ask="GET /api/me", give=DECOYS),
        Asked(ask="POST /api", json={"count": 3}, headers={"X-XSRF-TOKEN": TOKEN}, cookie=("XSRF-TOKEN", TOKEN), give={}),
    ), links={(1, ("header", "x-xsrf-token")): None}),
    Flow(kind="a cookie sent again", name="as a field", calls=(
        Asked(ask="GET /api/me", give=DECOYS),
        Asked(ask="POST /send", form={"_csrf": TOKEN, "text": "red"}, cookie=("csrf", TOKEN), give={}),
    ), links={(1, ("form", "_csrf")): None}),
    Flow(kind="a cookie sent again", name="a field that a page has too", calls=(
        Asked(ask="GET /f", how="document", give=page(f'<input type="hidden" name="_csrf" value="{TOKEN}">')),
        Asked(ask="POST /f", form={"_csrf": TOKEN, "n": "3"}, cookie=("csrf", TOKEN), give={}),
    ), links={(1, ("form", "_csrf")): (0, ("body", "fields", "_csrf"))}),
    # Pages of lists.
    Flow(kind="a cursor", name="a cursor", calls=(
        Asked(ask="GET /feed?limit=20", give={"items": [], "next_cursor": "c_81af", "count": 3}),
        Asked(ask="GET /feed?limit=20&cursor=c_81af", give={"items": []}),
    ), links={(1, ("query", "cursor")): (0, ("body", "next_cursor"))}),
    Flow(kind="a cursor", name="a token for the next page", calls=(
        Asked(ask="POST /list", json={"pageSize": 20}, give={"nextPageToken": TOKEN}),
        Asked(ask="POST /list", json={"pageSize": 20, "pageToken": TOKEN}, give={}),
    ), links={(1, ("json", "pageToken")): (0, ("body", "nextPageToken"))}),
    Flow(kind="a cursor", name="a number where the next begins", calls=(
        Asked(ask="GET /log?limit=20", give={"offset": 20480, "limit": 20}),
        Asked(ask="GET /log?limit=20&offset=20480", give={}),
    ), links={(1, ("query", "offset")): (0, ("body", "offset"))}),
    Flow(kind="inside an address", name="the address of the next page", calls=(
        Asked(ask="GET /rows", give={"next": f"{ROOT}/rows?after=r-77x&limit=20"}),
        Asked(ask="GET /rows?after=r-77x&limit=20", give={"next": None}),
    ), links={(1, ("query", "after")): (0, ("body", "next"))}),
    Flow(kind="inside an address", name="an address that is percent-encoded", calls=(
        Asked(ask="POST /sign", json={"name": "a b"}, give={"url": f"/put?key={quote('up/9 f7')}&sig={HASH}"}),
        Asked(ask=f"PUT /put?key={quote('up/9 f7')}&sig={HASH}", json={"count": 3}, give={}),
    ), links={(1, ("query", "key")): (0, ("body", "url")), (1, ("query", "sig")): (0, ("body", "url"))}),
    Flow(kind="inside an address", name="where a page was sent on to", calls=(
        Asked(ask="POST /notes", form={"text": "red"}, how="form", give=page("ok"), final="/notes/4711/"),
        Asked(ask="POST /notes/4711/delete", form={"sure": "1"}, give={}),
    ), links={(1, ("path", 0)): (0, ("body", "url"))}),
    # Values within values.
    Flow(kind="JSON in a text", name="read", calls=(
        Asked(ask="GET /state", give={"blob": json.dumps({"draft": {"id": 6021}, "count": 3})}),
        Asked(ask="POST /drafts/6021", json={"count": 3}, give={}),
    ), links={(1, ("path", 0)): (0, ("body", "blob"))}),
    Flow(kind="JSON in a text", name="written", calls=(
        Asked(ask="POST /open", json={}, give={"ticket": HASH}),
        Asked(ask="POST /act", json={"payload": json.dumps({"ticket": HASH, "page": 1}, separators=(",", ":"))}, give={}),
    ), links={(1, ("json", "payload", "ticket")): (0, ("body", "ticket"))}),
    Flow(kind="JSON in a text", name="in a parameter", calls=(
        Asked(ask="POST /q", json={"a": 1}, give={"query_id": UUID}),
        Asked(ask="GET /q?input=" + quote(json.dumps({"query_id": UUID}, separators=(",", ":"))), give={}),
    ), links={(1, ("query", "input", "query_id")): (0, ("body", "query_id"))}),
    Flow(kind="base64", name="read", calls=(
        Asked(ask="GET /upload", give={"meta": encoded({"upload_id": "up-55123", "page": 1})}),
        Asked(ask="POST /upload/finish", json={"upload_id": "up-55123", "page": 1}, give={}),
    ), links={(1, ("json", "upload_id")): (0, ("body", "meta"))}),
    Flow(kind="base64", name="written", calls=(
        Asked(ask="POST /key", json={}, give={"api_id": "key-31337-zz"}),
        Asked(ask="GET /data", headers={"X-Auth": encoded("key-31337-zz")}, give={}),
    ), links={(1, ("header", "x-auth")): (0, ("body", "api_id"))}),
    Flow(kind="base64", name="a global id", calls=(
        Asked(ask="GET /node", give={"node": {"id": encoded("Issue:90210")}}),
        Asked(ask="POST /close", json={"issueId": encoded("Issue:90210"), "colour": "red"}, give={}),
    ), links={(1, ("json", "issueId")): (0, ("body", "node", "id"))}),
    # GraphQL.
    Flow(kind="GraphQL", name="a variable", calls=(
        Asked(ask="POST /graphql", json={"query": "mutation Add { add { id } }", "variables": {}},
              give={"data": {"add": {"id": "Qm9vazox", "count": 3}}}),
        Asked(ask="POST /graphql", json={"query": "mutation Like($id: ID!) { like(id: $id) { n } }",
              "variables": {"id": "Qm9vazox", "count": 3}}, give={"data": {"like": {"n": 1}}}),
    ), links={(1, ("json", "variables", "id")): (0, ("body", "data", "add", "id"))}),
    Flow(kind="GraphQL", name="inside an input", calls=(
        Asked(ask="POST /graphql", json={"query": "query Me { me { id } }"}, give={"data": {"me": {"id": UUID}}}),
        Asked(ask="POST /graphql", json={"query": "mutation Set($input: In!) { set(input: $input) { ok } }",
              "variables": {"input": {"userId": UUID, "active": True}}}, give={"data": {"set": {"ok": True}}}),
    ), links={(1, ("json", "variables", "input", "userId")): (0, ("body", "data", "me", "id"))}),
    # Nothing but decoys.
    Flow(kind="decoys", name="numbers, words and dates that are only equal", calls=(
        Asked(ask="GET /settings", give={**DECOYS, "id": 3, "version_name": "open", "sizes": [1, 2, 3, 20]}),
        Asked(ask="POST /search?page=1&limit=20", json=DECOYS, give={"total": 3, "colour": "red", "hits": [{"n": 20}]}),
        Asked(ask="GET /chart?from=2026-11-25&colour=red&bins=20&n=3", give={}),
    ), links={}),
    Flow(kind="decoys", name="what the person wrote and the app says again", calls=(
        Asked(ask="POST /me", json={"email": "ann.miller7@example.com", "nick": "ann-7"},
              give={"email": "ann.miller7@example.com", "nick": "ann-7"}),
        Asked(ask="GET /me", give={"email": "ann.miller7@example.com", "nick": "ann-7"}),
        Asked(ask="PUT /me", json={"email": "ann.miller7@example.com", "nick": "ann-7"}, give={}),
    ), links={}),
    Flow(kind="decoys", name="what the page has of its own", calls=(
        Asked(ask="GET /flags", give={"build": 20261, "theme": "dark", "locale": "en-GB", "ids": [1, 2]}),
        Asked(ask="POST /log", json={"theme": "dark", "width": 1440, "ids": [1, 2], "done": False}, give={"ok": True}),
    ), links={}),
)  # fmt: skip


def measured() -> list[tuple[str, int, int, int]]:
    """For each kind: how many links there are, how many of them were found, and how many were found beside them."""
    rows: dict[str, list[int]] = {}
    for flow in FLOWS:
        links = found(workflow(session_of(flow)))
        row = rows.setdefault(flow.kind, [0, 0, 0])
        right = sum(1 for place, source in flow.links.items() if links.get(place, ()) == source)
        row[0] += len(flow.links)
        row[1] += right
        row[2] += len(links) - right
    return [(kind, *counts) for kind, counts in rows.items()]  # type: ignore[misc]


def table() -> str:
    """The measure, as Markdown."""
    rows = measured()
    total = [sum(row[n] for row in rows) for n in (1, 2, 3)]
    lines = ["| kind of link | links | found | found wrongly |", "| --- | --: | --: | --: |"]
    lines += [f"| {kind} | {there} | {right} | {wrong} |" for kind, there, right, wrong in rows]
    precision = total[1] / (total[1] + total[2]) if total[1] + total[2] else 1.0
    lines.append(f"| together | {total[0]} | {total[1]} | {total[2]} |")
    recall = total[1] / total[0]
    return "\n".join(lines) + f"\n\nPrecision {precision:.2f}, recall {recall:.2f}.\n"


MARKS = "<!-- links -->\n", "<!-- /links -->"


def write_into(readme: Path) -> None:
    """Put the table where the README has its place."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    readme.write_text(f"{before}{MARKS[0]}{table()}{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_into(Path(__file__).parent.parent / "README.md")
    print(table())

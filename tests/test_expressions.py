"""Expressions have one meaning: :mod:`recorder.request` evaluates them, and every target's language does it alike.

A case is a response and an expression that reads it. A script asks a server for the response, and sends it the value; that
is to be the value that :func:`recorder.request.evaluated` gives. To hold another target to it, add it to ``RUNNERS``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from recorder.api import Endpoint
from recorder.markup import elements
from recorder.render import render
from recorder.request import evaluated, follow
from recorder.session import App
from recorder.workflow import (
    AppUrl,
    Argument,
    Cookie,
    Digest,
    Expression,
    Extended,
    Generated,
    Item,
    Link,
    Object,
    Output,
    Reader,
    SecretRef,
    Spelled,
    Step,
    Text,
    Variable,
    VariableRef,
    Workflow,
)
from recorder.workflow import (
    Path as Way,
)

RUNNERS = {"javascript": (".mjs", ["node"]), "curl": (".sh", ["dash"]), "python": (".py", [sys.executable])}
STRICT = ("javascript", "curl")
"""The targets that keep the promises about streams, missing values and unnamed generated values too."""

HOSTILE = [
    "quotes ' \" ` and \\ backslash",
    "$HOME ${x} $(touch x) `id` %s {{ x }} \\(.a) \\u0041",
    "</script><!-- --> & < > &amp; &#39;",
    "grüße 日本 🎉 \u2028 \u200f",
    "two\nlines\tand a tab",
    "ends with newlines\n\n",
    " -x @file ",
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A response. ``component`` is what the recording says that its body is."""

    body: str
    component: str = "json"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    at: str = ""
    endless: bool = False

    def value(self, url: str) -> Any:
        """The output that the fold makes of it."""
        if self.component == "json":
            return json.loads(self.body)
        if self.component == "page":
            found = elements(self.body)
            title = next((e["text"] for e in found if e["tag"] == "title"), "")
            return {"title": title, "url": self.at, "elements": found}
        if self.component == "headers":
            return {"url": url + self.at, **{name.lower(): value for name, value in self.headers}}
        return self.body


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``expression`` reads the response by links to the step ``get``, output 0."""

    name: str
    answer: Answer
    expression: Expression


def link(*path: Any, readers: tuple[Reader, ...] = ()) -> Link:
    return Link(step="get", output=0, path=path, readers=readers)


def item(nth: int = 0, after: Item | None = None, before: Item | None = None, **fields: Expression) -> Item:
    return Item(
        fields=tuple(((name,), value) for name, value in fields.items()), nth=nth, after=after, before=before
    )


def reader(kind: Any, *path: Any) -> Reader:
    return Reader(kind=kind, path=path)


def js(value: Any, *path: Any, readers: tuple[Reader, ...] = (), name: str = "") -> Case:
    shown = name or f"{path} {readers} of {value}"
    return Case(
        name=shown[:120], answer=Answer(body=json.dumps(value)), expression=link(*path, readers=readers)
    )


def page(text: str, *path: Any, readers: tuple[Reader, ...] = (), expression: Expression = None) -> Case:
    answer = Answer(body=text, component="page", headers=(("Content-Type", "text/html; charset=utf-8"),))
    given = link(*path, readers=readers) if expression is None else expression
    return Case(name=f"{path} {readers} of {text}"[:120], answer=answer, expression=given)


def read(text: str, *readers: Reader) -> Case:
    return js({"t": text}, "t", readers=readers)


ITEMS = [
    {
        "id": 1,
        "name": "Oil",
        "kind": "food",
        "tags": ["a", "b"],
        "in": {"shelf": 3},
        "open": True,
        "odd": None,
    },
    {"id": 2.5, "name": "Oil", "kind": "paint", "tags": ["b"], "in": {"shelf": 4}, "open": False},
    {"id": "3", "name": 'it\'s "x"', "kind": "food", "in": {"shelf": 3}, "odd key.x": "k", "end": "e"},
    "Oil",
    7,
    {"id": 1.0, "name": "Öl 🎉", "kind": "food"},
]

SELECTORS: list[Way] = [
    (0, "name"), (-1, "name"), (0,), (3,), (0, "in"), (0, "odd"), (0, "tags", -1), (2, "odd key.x"), (2, "end"),
    (item(name="Oil"), "id"), (item(name="Oil", kind="paint"), "id"), (item(1, name="Oil"), "id"), (item(-1, kind="food"), "id"),
    (item(id=1), "name"), (item(-1, id=1), "name"), (item(id=2.5), "name"), (item(id="2.5"), "name"), (item(id=3), "name"),
    (item(open=True), "id"), (item(open="false"), "id"), (item(name="it's \"x\""), "id"), (item(name="Öl 🎉"), "id"),
    (Item(fields=((("in", "shelf"), "4"),)), "id"), (Item(fields=((("in", "shelf"), 3),), nth=1), "id"),
    (Item(fields=((("in", "shelf"), 3), (("name",), "Oil"))), "id"), (Item(fields=((("tags", 0), "b"),)), "id"),
    (Item(fields=((("tags", 1), "b"),)), "id"), (Item(fields=(((), "Oil"),)),), (Item(fields=(((), 7),)),),
    (Item(nth=-2),), (Item(after=item(name="Oil", kind="paint")), "id"),
    (item(kind="food", after=item(name="Oil", kind="paint")), "id"), (item(1, kind="food", after=item(name="Oil")), "id"),
    (item(kind="food", before=item(id=3)), "id"), (item(1, kind="food", before=item(id=3)), "id"),
    (item(-1, kind="food", before=item(id=3)), "id"),
    (item(name="Oil", before=item(kind="paint", after=item(id=1))), "id"),
    (Item(fields=((("odd key.x",), "k"),)), "name"), (item(end="e"), "name"),
    (Item(fields=((("name",), "Oil"),), counts=True, nth=1), "id"), (Item(fields=((("id",), "17"), (("kind",), "paint")), counts=True), "in"),
    (item(kind="food", after=Item(fields=((("id",), "2.75"), (("kind",), "paint")), counts=True)), "id"),
]  # fmt: skip

DOCUMENT = """\ufeff<!DOCTYPE html><!-- <input name="csrf" value="comment"> --><HTML><head><TITLE> A &amp; B
 title </TITLE><meta name=csrf-token content='m"1'><style>a > b { content: "<input name=csrf value=style>" }</style>
<script type="application/json" id=data>{"a": {"token": "t<\\/b>"}, "n": [1, 2]}</script>
<script>var token = "x<b>y</b>"; var csrf_token = 'it\\'s \\x41\\u00e9\\ud83d\\ude00\\n'; window.count = 41.50, ids = {"id": -7};
if (a < b && c > d) { x = 'q"'; }</script></head><body class="a" CLASS="b"><form action="/save?a=1&amp;b=2&copy=3">
<input type=hidden name="csrf" value="first"><INPUT NAME='csrf' VALUE="&quot;second&#39;&#x41;&Uuml;&nbsp;x&hellip;">
<input name=bare value=a/b disabled><input name="empty" value=""><input name = "spaced"  value = 'sp aced' /></form>
<ul><li data-id="17"><b>Oil</b> and <a href="/items/17/edit">Edit</a></li><li data-id='18'><b>Vinegar</b><a href=/items/18>Edit</a>
tail text</li></ul>1 < 2 &lt; 3 &unknown; & &amp;amp; &#0; &#xD800; &#128512; <![CDATA[raw <b> &amp;]]>
<p title="a > b">multi
   line\u00a0 text<br>after</p><x-y z="1"/><svg><title>no</title></svg></body></html><!-- open <input name=last value=1>
"""

READERS = [
    read(json.dumps({"a": [{"n": "x", "v": 5}]}), reader("json", "a", item(n="x"), "v")),
    read('{"deep": "{\\"x\\": \\"é\\"}"}', reader("json", "deep"), reader("json", "x")),
    read(base64.b64encode("Isé:7".encode()).decode(), reader("base64")),
    read(base64.urlsafe_b64encode("??>>ÿÿ🎉".encode()).decode().rstrip("="), reader("base64")),
    read(base64.b64encode(json.dumps({"id": 9}).encode()).decode(), reader("base64"), reader("json", "id")),
    *(read(base64.b64encode(b"abcdefg"[:n]).decode(), reader("base64")) for n in range(8)),
    read("a%20b+c%C3%A9%F0%9F%8E%89%zz%2", reader("unquote")),
    read("%ff%41%e2%82", reader("unquote")),
    read("", reader("unquote")),
    read("/a/b?x=1&token=a%2Bb+c&token=2#y", reader("query", "token")),
    read("https://h.test/cb#access_token=t%201&state=s", reader("query", "access_token")),
    read("https://h.test/cb?a=1#/route?code=c%2F1&b", reader("query", "code")),
    read("https://h.test/cb?a=1#/route?code=c%2F1&b", reader("query", "b")),
    read("/p?empty=&odd%20n=v=w", reader("query", "empty")),
    read("/p?empty=&odd%20n=v=w", reader("query", "odd n")),
    *(read("https://u@h.test:80/a/b%2Fc/%C3%A9?x=/y#/z", reader("segment", n)) for n in (0, 1, 2, -1, -3)),
    read("/items/17/", reader("segment", -1)),
    read("/items/17/", reader("segment", -2)),
    read("items/17", reader("segment", 0)),
    read("https://h.test", reader("segment", 0)),
    read("", reader("segment", -1)),
    read("pré-[17]: x/y?z", reader("between", "[", "]")),
    read("pré-é17/y?z", reader("between", "é-", "")),
    read("a é17\nb?z#", reader("between", "é", "")),
    read("a id=17", reader("between", "id=", "")),
    read("a id=17", reader("between", "", "=")),
    read("x = 1, $x = 'q'; y-x: 3; x: \"é\\\"\", 'x':'2'", reader("literal", "x", 0)),
    *(read("x = 1, $x = 'q'; y-x: 3; x: \"é\\\"\\q\\t\", 'x':'2', x = -0.50, x = 5px", reader("literal", "x", n)) for n in range(4)),
    read("$a.b = \"\"; $a = '\\u{1}\\u0041\\x42\\ud83d'", reader("literal", "$a", 0)),
    read("$a.b = \"\"; $a = ''", reader("literal", "b", 0)),
    *(read(f"v = {json.dumps(text)}", reader("literal", "v", 0)) for text in HOSTILE),
    js({"o": {"b": {"n": "x"}, "a": {"n": "y"}}}, "o", readers=(reader("entries", 1, "key"),)),
    js({"b": {"n": "x"}, "a": {"n": "y"}}, readers=(reader("entries", Item(fields=((("value", "n"), "y"),)), "key"),)),
    read('<a href="/x?id=7">', reader("elements", item(tag="a"), "href"), reader("query", "id")),
    js({"n": 12345}, "n", readers=(reader("between", "1", "5"),)),
]  # fmt: skip

CASES = [
    Case(name="selectors", answer=Answer(body=json.dumps(ITEMS)), expression=[link(*path) for path in SELECTORS]),
    Case(name="selectors, as text", answer=Answer(body=json.dumps({"list": ITEMS})),
         expression=[Text(pieces=("<", link("list", *path), ">")) for path in SELECTORS[:12]]),
    Case(name="hostile texts", answer=Answer(body=json.dumps({"a": [{"k": t, "v": n, t: t} for n, t in enumerate(HOSTILE)]})),
         expression=[link("a", item(k=text), key) for text in HOSTILE for key in ("v", text)]),
    *READERS,
    page(DOCUMENT, "elements"),
    page(DOCUMENT, "elements", 3),
    page(DOCUMENT, "elements", -2, "text"),
    page(DOCUMENT, "title"),
    page(DOCUMENT, "url"),
    page(DOCUMENT, "elements", item(tag="input", name="csrf"), "value"),
    page(DOCUMENT, "elements", item(1, tag="input", name="csrf"), "value"),
    page(DOCUMENT, "elements", item(tag="a", after=item(text="Vinegar")), "href"),
    page(DOCUMENT, "elements", item(tag="li", before=item(text="Vinegar")), "data-id"),
    page(DOCUMENT, "elements", item(-1, tag="script"), "text", readers=(reader("literal", "csrf_token", 0),)),
    page(DOCUMENT, "elements", item(-1, tag="script"), "text", readers=(reader("literal", "count", 0),)),
    page(DOCUMENT, "elements", item(-1, tag="script"), "text", readers=(reader("literal", "id", 0),)),
    page(DOCUMENT, "elements", item(id="data"), "text", readers=(reader("json", "a", "token"),)),
    page(DOCUMENT, "elements", item(tag="form"), "action", readers=(reader("query", "b"),)),
    *(page(f"<p title=\"{text.replace(chr(34), '&quot;')}\" k=1>x</p>", "elements", item(k=1), "title") for text in HOSTILE),
    # What is longer than the pieces in which a document is read.
    *(page(text, "elements") for text in (
        "<p>1</p>" * 100 + "<!--" + "<b>" * 300 + "--><i>x</i>" + "<p>2</p>" * 40,
        "<p>1</p>" * 31 + "<script>" + "a < b;" * 500 + "</script><i>x" + "<p a='<<<<'>2</p>" * 40,
        "<p>1</p>" * 31 + "<p a=\"" + "<x>" * 400 + "\">y</p>" + "<!-- open " + "<b>z</b>" * 50,
        "<p>1</p>" * 20 + "<script>never closed " + "<b>z</b>" * 60,
        # Pairs of letters that a search without regard to case takes for one (ss as \u00df) take no exponential time.
        "<SCRIPT>" + "press the first; " * 100 + "<b>z</b>" * 60 + "</Script><p>1</p>",
        "a < b <" + "<p>1 < 2</p>" * 50 + "<", "<a\"b c=\"d>e</a>" + "<p>z</p>" * 50 + "\">", "", "just text", "<", "<!", "<!-->x-->y",
        # Elements that only say how something looks are no elements.
        '<div class="a"></div><div style="b"><i class=c>x</i></div><svg viewbox="0"><path d="M0" id=e /></svg><div z></div>',
    )),
    Case(name="text", answer=Answer(body="token-1\n", component="text"), expression=link()),
    Case(name="text that is read", answer=Answer(body="<r><id>7</id></r>", component="text"),
         expression=link(readers=(reader("elements", item(tag="id"), "text"),))),
    Case(name="header", answer=Answer(body="{}", component="headers", headers=(("X-Odd", "a: b"), ("Location", "/x/7?k=1"))),
         expression=link("location", readers=(reader("segment", -1),))),
    Case(name="header as it is", answer=Answer(body="{}", component="headers", headers=(("X-Odd", "a: b"),)),
         expression=link("x-odd")),
    Case(name="final address", answer=Answer(body="{}", component="headers"), expression=link("url")),
    *(Case(name=f"expressions with {text}", answer=Answer(body=json.dumps({"v": text, "n": 5, "l": [1, "a"]})), expression=[
        Text(pieces=("a ", link("v"), text, link("n"), link("l"))),
        Spelled(kind="json", value={"x": link("v"), text: [link("n"), text, None]}),
        Spelled(kind="base64", value=link("v")),
        Spelled(kind="base64url", value=Text(pieces=(link("v"), text))),
        Spelled(kind="percent", value=Text(pieces=(link("v"), "!'()*~"))),
        Object(members=((text, link("n")), (link("v"), text), (Text(pieces=("a", link("n"))), link("l")))),
        Extended(base=Object(members=((text, link("n")), ("a", 1))), value={text: link("v"), "b": [link("l")]}),
        Extended(base={"a": 1}, value=Object(members=((link("v"), text),))),
        Extended(base=[link("n"), text], value=[link("v")]),
        Digest(algorithm="sha256", form="hex", value=Text(pieces=(link("v"), "x"))),
        VariableRef(name="chosen"),
        Text(pieces=(VariableRef(name="chosen"), VariableRef(name="number"), VariableRef(name="end"))),
        SecretRef(pieces=("a", "RECORDER_TEST_SECRET", text)),
      ]) for text in HOSTILE),
    Case(name="digests", answer=Answer(body="{}"), expression=[
        Digest(algorithm=algorithm, form=form, value=Text(pieces=(VariableRef(name="oil"), "é'")))
        for algorithm in ("md5", "sha1", "sha256", "sha384", "sha512") for form in ("hex", "base64", "base64url")
    ]),
    Case(name="a variable in a selector", answer=Answer(body=json.dumps(ITEMS)),
         expression=link(item(name=VariableRef(name="oil"), kind="paint"), "id")),
    Case(name="a number in a selector", answer=Answer(body=json.dumps(ITEMS)), expression=link(item(id=VariableRef(name="number")), "name")),
    Case(name="a secret in a selector", answer=Answer(body=json.dumps([{"a": "s3cr'et", "b": 4}])),
         expression=link(item(a=SecretRef(pieces=("", "RECORDER_TEST_SECRET", ""))), "b")),
    Case(name="a link in a selector", answer=Answer(body=json.dumps({"best": 2.5, "all": ITEMS})),
         expression=link("all", item(id=link("best")), "kind")),
    Case(name="cookie", answer=Answer(body="{}", headers=(("Set-Cookie", "csrf=a%20b%3D; Path=/"),)), expression=Cookie(name="csrf")),
    Case(name="decoded cookie", answer=Answer(body="{}", headers=(("Set-Cookie", "csrf=a%20b%3D%C3%A9; Path=/; HttpOnly"),)),
         expression=Cookie(name="csrf", decoded=True)),
    Case(name="the app's address", answer=Answer(body="{}"), expression=Text(pieces=(AppUrl(), "/x"))),
]  # fmt: skip

VARIABLES = (
    Variable(name="chosen", value=HOSTILE[0]),
    Variable(name="oil", value="Oil"),
    Variable(name="number", value=1),
    Variable(name="end", value="it's"),
)
SECRET = "s3cr'et"


class Server:
    """Serves one response for each address below ``/get``, and keeps what is posted elsewhere."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.sent: list[tuple[str, Any]] = []
        self.cookies: list[str] = []
        self.over = threading.Event()
        self.is_redirecting = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                answer = outer.answers[self.path]
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if not answer.endless:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                if answer.endless:
                    self.wfile.flush()
                    outer.over.wait(60)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.cookies.append(self.headers.get("Cookie", ""))
                outer.sent.append((self.path, json.loads(body)))
                self.send_response(303 if outer.is_redirecting else 200)
                if outer.is_redirecting:
                    self.send_header("Location", "/get/0")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.over.set()
    made.server.shutdown()
    made.server.server_close()


def an_endpoint(method: str, path: str) -> Endpoint:
    return Endpoint(id=f"{method} {path}", name=f"{method} {path}", method=method, path=path)


def renamed(expression: Expression, step: str) -> Expression:
    """The same with its links to another step."""
    if isinstance(expression, Link):
        readers = tuple(msgspec.structs.replace(r, path=renamed(r.path, step)) for r in expression.readers)
        return Link(step=step, output=0, path=renamed(expression.path, step), readers=readers)
    if isinstance(expression, msgspec.Struct):
        fields = {name: renamed(getattr(expression, name), step) for name in expression.__struct_fields__}
        return type(expression)(**fields)
    if isinstance(expression, tuple | list):
        return type(expression)(renamed(each, step) for each in expression)
    if isinstance(expression, dict):
        return {key: renamed(each, step) for key, each in expression.items()}
    return expression


def workflow_of(cases: list[Case], server: Server) -> Workflow:
    """For each case a step that gets its response and one that sends its value."""
    steps: list[Step] = []
    for n, case in enumerate(cases):
        at = case.answer.at or f"/get/{n}"
        server.answers[at] = case.answer
        value = msgspec.structs.replace(case.answer, at=at).value(server.url)
        output = Output(name="body", component=case.answer.component, value=value)
        steps.append(Step(
            id=f"g{n}", name=f"get {n}", endpoint=an_endpoint("GET", at), code=case.answer.status, outputs=(output,),
            setup=True,
        ))  # fmt: skip
        expression = renamed(case.expression, f"g{n}")
        members = [("value", expression)]
        if not isinstance(case.expression, list | dict):
            members.append(("text", Text(pieces=("<", expression, ">"))))
        arguments = tuple(Argument(name=name, value=each, location="json") for name, each in members)
        steps.append(
            Step(
                id=f"s{n}", name=f"send {n}", endpoint=an_endpoint("POST", f"/sent/{n}"), arguments=arguments, code=200,
                outputs=(Output(name="body", component="json", value={}),), setup=True,
            )
        )  # fmt: skip
    return Workflow(
        name="x", app=App(url=server.url, kind="http"), steps=tuple(steps), variables=VARIABLES,
        secrets=(),
    )  # fmt: skip


def expected(case: Case, at: str, url: str) -> Any:
    value = msgspec.structs.replace(case.answer, at=at).value(url)

    def leaf(given: Any) -> Any:
        match given:
            case Link():
                return follow(given, value, leaf)
            case VariableRef():
                return next(v.value for v in VARIABLES if v.name == given.name)
            case SecretRef():
                return "".join(SECRET if n % 2 else piece for n, piece in enumerate(given.pieces))
            case Cookie():
                return "a b=é" if given.decoded else "a%20b%3D"
            case AppUrl():
                return url
        raise AssertionError(given)

    sent = {"value": evaluated(case.expression, leaf)}
    if not isinstance(case.expression, list | dict):
        sent["text"] = evaluated(Text(pieces=("<", case.expression, ">")), leaf)
    return sent


def run(target: str, workflow: Workflow, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    suffix, command = RUNNERS[target]
    script = folder / f"script{suffix}"
    script.write_text(render(workflow, target), encoding="utf-8")
    environment = {**os.environ, "RECORDER_TEST_SECRET": SECRET}
    return subprocess.run(
        [*command, str(script), *arguments], cwd=folder, capture_output=True, text=True, env=environment, timeout=300
    )  # fmt: skip


@pytest.mark.parametrize("target", RUNNERS)
def test_each_language_evaluates_an_expression_as_the_reference_does(
    target: str, server: Server, tmp_path: Path
) -> None:
    done = run(target, workflow_of(CASES, server), tmp_path)
    assert done.returncode == 0, done.stderr
    wrong = []
    for n, (case, (at, sent)) in enumerate(zip(CASES, server.sent, strict=True)):
        assert at == f"/sent/{n}"
        right = expected(case, case.answer.at or f"/get/{n}", server.url)
        if sent != right:
            wrong.append(f"{case.name}: {sent}, not {right}")
    assert not wrong, "\n".join(wrong)


MISSING = [
    ("There is no item whose name is 'Salt' in the response of GET /get/0", js(ITEMS, item(name="Salt"), "id")),
    ("There is no item whose in.shelf is '9' and name is 'Oil'",
     js(ITEMS, Item(fields=((("in", "shelf"), 9), (("name",), "Oil"))), "id")),
    ("There is no item whose name is 'Oil'", js(ITEMS, item(2, name="Oil"), "id")),
    ("There is no item whose in.shelf is '9'", js(ITEMS, Item(fields=((("in", "shelf"), 9),), counts=True), "id")),
    ("There is no item whose name is 'Oil 4'", js(ITEMS, Item(fields=((("name",), "Oil 4"),), counts=True), "id")),
    ("There is no item whose id is '9'", js(ITEMS, item(kind="food", after=item(id=9)), "id")),
    ("There is no item whose kind is 'paint'", js(ITEMS, item(kind="paint", after=item(id=3)), "id")),
    ("There is no list", js({"a": 1}, item(id=9), "id")),
    ('There is no "gone" in the response of GET /get/0', js(ITEMS, 0, "gone")),
    ("There is no 9", js(ITEMS, 9)),
    ("There is no -9", js(ITEMS, -9)),
    ('There is no "x"', js({"a": "text"}, "a", "x")),
    ("There is no 0", js({"a": {"0": 1}}, "a", 0)),
    ('There is no "a"', Case(name="", answer=Answer(body="<p>not JSON</p>"), expression=link("a"))),
    ('There is no "a"', Case(name="", answer=Answer(body=""), expression=link("a"))),
    ('There is no "value"', page("<input name=csrf>", "elements", item(name="csrf"), "value")),
    ("There is no item whose tag is 'input' and name is 'csrf' in the response of GET /get/0",
     page("<p>Log in again</p>", "elements", item(tag="input", name="csrf"), "value")),
    ('There is no "location"', Case(name="", answer=Answer(body="{}", component="headers"), expression=link("location"))),
    ("There is no parameter 'x'", read("/a?b=1", reader("query", "x"))),
    ("There is no segment 4", read("/a/b", reader("segment", 4))),
    ("There is no literal named 'x'", read("y = 1", reader("literal", "x", 0))),
    ("There is no literal named 'x'", read("x = 1", reader("literal", "x", 1))),
    ("There is no '['", read("a]", reader("between", "[", "]"))),
    ("There is no '['", read("[a", reader("between", "[", "]"))),
    ("There is no text in base64", read("not base64!", reader("base64"))),
    ("There is no text in base64", read("////", reader("base64"))),
    ("There is no object", js([1], readers=(reader("entries", 0, "key"),))),
    ("in the response of GET /get/0", read("not JSON", reader("json", "a"))),
    ("The app has not set the cookie", Case(name="", answer=Answer(body="{}"), expression=Cookie(name="csrf"))),
]  # fmt: skip


@pytest.mark.parametrize("target", STRICT)
def test_what_is_missing_stops_the_script_with_a_sentence_before_anything_is_sent(
    target: str, server: Server, tmp_path: Path
) -> None:
    wrong = []
    for sentence, case in MISSING:
        with pytest.raises((ValueError, LookupError, TypeError, AssertionError)):
            expected(case, "/get/0", server.url)
            raise AssertionError
        answer = case.answer
        if answer.component == "json":
            # The recorded response had what this one lacks.
            case = msgspec.structs.replace(case, answer=msgspec.structs.replace(answer, body="null"))
        made = workflow_of([case], server)
        server.answers["/get/0"] = answer
        done = run(target, made, tmp_path)
        said = done.stderr.strip()
        if not done.returncode or sentence not in said or server.sent or len(said.splitlines()) > 1:
            wrong.append(f"{sentence}: {done.returncode} {said} {server.sent}")
        server.sent.clear()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("target", STRICT)
def test_generated_values_are_fresh_in_each_run_and_one_within_it(
    target: str, server: Server, tmp_path: Path
) -> None:
    made = {
        "id": Generated(kind="uuid", name="client_id"),
        "again": Text(pieces=("c:", Generated(kind="uuid", name="client_id"))),
        "other": Generated(kind="uuid"),
        "hex": Generated(kind="random", form="hex", size=16, name="trace"),
        "base64": Generated(kind="random", form="base64", size=16),
        "base64url": Generated(kind="random", form="base64url", size=17, name="verifier"),
        "challenge": Digest(
            algorithm="sha256", form="base64url",
            value=Generated(kind="random", form="base64url", size=17, name="verifier"),
        ),
        "characters": Generated(kind="random", form="characters", size=40, alphabet="a'\"$\\é🎉"),
        "ms": Generated(kind="time", form="ms"),
        "s": Generated(kind="time", form="s"),
        "iso": Generated(kind="time", form="iso"),
        "text": Text(pieces=("t", Generated(kind="time", form="s"))),
    }  # fmt: skip
    cases = [Case(name="", answer=Answer(body="{}"), expression=made)] * 2
    workflow = workflow_of(cases, server)
    before = time.time()
    for _ in range(2):
        done = run(target, workflow, tmp_path)
        assert done.returncode == 0, done.stderr
    one, two, next_run, _ = (sent["value"] for _, sent in server.sent)
    for sent in (one, two, next_run):
        assert uuid.UUID(sent["id"]).version == uuid.UUID(sent["other"]).version == 4
        assert sent["again"] == f"c:{sent['id']}"
        assert re.fullmatch("[0-9a-f]{32}", sent["hex"])
        assert len(base64.b64decode(sent["base64"], validate=True)) == 16
        assert re.fullmatch(r"[\w-]{23}", sent["base64url"], re.ASCII)
        digest = base64.urlsafe_b64encode(hashlib.sha256(sent["base64url"].encode()).digest())
        assert sent["challenge"] == digest.decode().rstrip("=")
        assert len(sent["characters"]) == 40 and set(sent["characters"]) <= set("a'\"$\\é🎉")
        # The clock is read once for each of them, a second may begin in between.
        assert all(before - 1 < moment < time.time() + 1 for moment in (sent["s"], sent["ms"] / 1000))
        assert isinstance(sent["s"], int) and isinstance(sent["ms"], int)
        when = datetime.strptime(sent["iso"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        assert len(sent["iso"]) == 24 and before - 1 < when.timestamp() < time.time() + 1
        assert re.fullmatch(r"t\d{10}", sent["text"])
    named, fresh = ("id", "hex", "base64url"), ("other", "base64", "characters")
    assert all(one[key] == two[key] for key in named) and all(one[key] != two[key] for key in fresh)
    assert all(one[key] != next_run[key] for key in named)


@pytest.mark.parametrize("target", RUNNERS)
def test_a_selector_takes_what_the_caller_chose(target: str, server: Server, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "a variable in a selector")
    case = msgspec.structs.replace(case, expression=link(item(name=VariableRef(name="oil")), "id"))
    workflow = workflow_of([case], server)
    if target == "curl":
        done = run(target, workflow, tmp_path, "--oil", "Öl 🎉")
    else:
        variables = tuple(
            msgspec.structs.replace(v, value="Öl 🎉") if v.name == "oil" else v for v in VARIABLES
        )
        done = run(target, msgspec.structs.replace(workflow, variables=variables), tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.sent == [("/sent/0", {"value": 1, "text": "<1>"})]


@pytest.mark.parametrize("target", RUNNERS)
def test_a_form_that_is_shown_again_where_the_app_had_redirected_stops_the_script(
    target: str, server: Server, tmp_path: Path
) -> None:
    workflow = workflow_of([Case(name="", answer=Answer(body="{}"), expression=1)], server)
    first, second = workflow.steps
    workflow = msgspec.structs.replace(
        workflow, steps=(first, msgspec.structs.replace(second, redirects=True))
    )
    done = run(target, workflow, tmp_path)
    assert done.returncode != 0
    assert "did not redirect, as it did in the recording: the app may have refused the form" in done.stderr
    server.is_redirecting = True
    done = run(target, workflow, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", RUNNERS)
def test_cookies_of_the_page_itself_are_set_before_the_request(
    target: str, server: Server, tmp_path: Path
) -> None:
    answer = Answer(body='{"id": "a;b 7"}', headers=(("Set-Cookie", "seen=old; Path=/"),))
    workflow = workflow_of([Case(name="", answer=answer, expression=1)], server)
    first, second = workflow.steps
    made = Spelled(kind="percent", value=Link(step="g0", output=0, path=("id",)))
    second = msgspec.structs.replace(second, cookies=(("seen", made), ("it", "1")))
    done = run(target, msgspec.structs.replace(workflow, steps=(first, second)), tmp_path)
    assert done.returncode == 0, done.stderr
    assert [sorted(each.split("; ")) for each in server.cookies] == [["it=1", "seen=a%3Bb%207"]]


EVENTS = (
    'data: {"type": "start", "id": 1}\r\n\r\n: comment\n\nevent: tick\ndata: {"n": "é"}\n\nevent: message\ndata: two\ndata:lines\n\n'
    'data: {"type": "done", "id": 3}\n\nevent: end\ndata: it\'s "over"\n\ndata: {"type": "late"}\n\n'
)
LINES = '{"type": "start", "id": 1}\n\nnot JSON\r\n{"type": "done", "id": 3}\n{"type": "late"}\n'
DONE = item(type="done")
ENDED = item(event="end")
STREAMS = [
    # Kind, text, selectors that are enough, what is sent, and its value.
    ("events", EVENTS, (DONE,), [link(item(type="done"), "id"), link(-1, "id"), link(1), link(2)],
     [3, 3, {"event": "tick", "data": {"n": "é"}}, "two\nlines"]),
    ("events", EVENTS, (ENDED, DONE), [link(item(event="end"), "data"), link(-1, "event")], ["it's \"over\"", "end"]),
    ("events", EVENTS, (item(type=VariableRef(name="kind")),), [link(-1, "id")], [1]),
    ("lines", LINES, (DONE,), [link(-1), link(1), link(item(type="start"), "id")], [{"type": "done", "id": 3}, "not JSON", 1]),
]  # fmt: skip


@pytest.mark.parametrize("target", STRICT)
@pytest.mark.parametrize("endless", [False, True], ids=["ends", "endless"])
def test_a_stream_is_read_until_it_holds_what_is_needed(
    target: str, endless: bool, server: Server, tmp_path: Path
) -> None:
    for kind, text, enough, expressions, right in STREAMS:
        server.sent.clear()
        answer = Answer(body=text, component=kind, endless=endless)
        workflow = workflow_of([Case(name=kind, answer=answer, expression=expressions)], server)
        first, second = workflow.steps
        first = msgspec.structs.replace(first, enough=enough)
        variables = (Variable(name="kind", value="start"),)
        workflow = msgspec.structs.replace(workflow, steps=(first, second), variables=variables)
        started = time.monotonic()
        done = run(target, workflow, tmp_path)
        assert done.returncode == 0, done.stderr
        assert server.sent == [("/sent/0", {"value": right})]
        assert time.monotonic() - started < 20


def test_a_case_is_quoted_in_no_other_way_than_the_reference() -> None:
    assert quote("!'()*~ é", safe="!'()*~") == evaluated(
        Spelled(kind="percent", value="!'()*~ é"), lambda given: given
    )

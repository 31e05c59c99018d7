"""Every target sends the bytes that the browser sent: one recording with all shapes of requests, compared at a socket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.adapters import workflow
from recorder.adapters.http.fold import HttpFold
from recorder.capture.kept import keep_content
from recorder.events import Act, Body, Done, Fetched, Mark, PageOpened, Part, Request, Response
from recorder.render import Options, render
from recorder.replay.run import replay
from recorder.session import Session
from recorder.workflow import Step, VariableRef, Workflow, leaves_of, sent

ROOT = "http://app.test"
FORM = "application/x-www-form-urlencoded"
Headers = dict[str, bytes | None]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One request: what the page side reports of it, and what went over the wire.

    ``wire`` are the bytes of the body, with ``BOUNDARY`` between parts; ``carries`` the headers that the app saw, None
    for one that it did not see.
    """

    name: str
    method: str = "POST"
    target: str = ""
    how: str = "fetch"
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    wire: bytes = b""
    carries: Headers = {}
    chosen: bool = True
    """Whether the bytes are the same if the values come from variables, which have no spelling of their own."""


def text(body: str, kind: str, charset: str = "") -> dict[str, object]:
    """A text body with its content type."""
    return {"headers": (("content-type", kind),), "body": Body(kind="text", text=body, charset=charset),
            "carries": {"content-type": kind.encode()}}  # fmt: skip


def fields(*pairs: tuple[str, str], charset: str = "") -> Body:
    return Body(kind="parts", parts=tuple(Part(name=n, value=v) for n, v in pairs), charset=charset)


def upload(name: str, filename: str, content: bytes, type: str) -> Part:
    """A file as a field."""
    data = f"data:{type or 'application/octet-stream'};base64,{base64.b64encode(content).decode()}"
    return Part(name=name, value=data, filename=filename, size=len(content), type=type)


def raw(content: bytes, type: str) -> Body:
    """A body of bytes, as the page side reports it."""
    return Body(kind="parts", parts=(upload("", "", content, type),))


def form(wire: bytes, body: Body, how: str = "form", kind: str = FORM) -> dict[str, object]:
    return {"how": how, "headers": (("content-type", kind),), "body": body, "wire": wire,
            "carries": {"content-type": kind.encode()}}  # fmt: skip


def part(wire: str, charset: str = "utf-8") -> bytes:
    return wire.replace("\n", "\r\n").encode(charset)


PACKED = gzip.compress(b'{"title":"milk"}', mtime=0)
NAMES = ("-draft.txt", "~tmp.md", ".notes.sample", "a\u200cb\u200dc.txt", 'say "hi".txt', "räksmörgås å.txt",
         "C:\\notes.txt", "it's $HOME `id`.txt", " two  spaces .txt", "semi;colon,comma=.txt")  # fmt: skip
JSON = "application/json"

SHAPES = (
    Shape(name="json", wire='{"title":"é ☃","n":1,"deep":{"list":[1,2.5,null,true]}}'.encode(),
          **text('{"title":"é ☃","n":1,"deep":{"list":[1,2.5,null,true]}}', JSON)),
    Shape(name="json-spelled", chosen=False, wire=b'{ "n": 1.0,\n "e": [1e-7, 1E5], "s": "\\u00e9 \\/" , "b": {}, "c": [ ] }\n',
          **text('{ "n": 1.0,\n "e": [1e-7, 1E5], "s": "\\u00e9 \\/" , "b": {}, "c": [ ] }\n', JSON)),
    Shape(name="json-integers", wire=b'{"id":9007199254740993,"all":[18446744073709551615,-9007199254740995]}',
          **text('{"id":9007199254740993,"all":[18446744073709551615,-9007199254740995]}', JSON)),
    Shape(name="json-surrogate", chosen=False, wire=b'{"s":"\\ud83d","t":"\\u0000"}', **text('{"s":"\\ud83d","t":"\\u0000"}', JSON)),
    Shape(name="json-list", wire=b'[{"a":"x"},"two",3]', **text('[{"a":"x"},"two",3]', JSON)),
    Shape(name="json-charset", method="PATCH", wire=b'{"a":"b"}', **text('{"a":"b"}', "application/json; charset=utf-8")),
    Shape(name="json-untyped", wire=b'{"a":1}', **text('{"a":1}', "text/plain;charset=UTF-8")),
    Shape(name="json-as-form", wire=b'{"title":"milk & bread = 100%","tags":["x+y"]}',
          **text('{"title":"milk & bread = 100%","tags":["x+y"]}', FORM + "; charset=UTF-8")),
    Shape(name="json-latin", wire='{"name":"café"}'.encode("latin-1"),
          **text('{"name":"café"}', "application/json; charset=iso-8859-1", "windows-1252")),
    Shape(name="form", **form(b"user=ann&note=two+words", fields(("user", "ann"), ("note", "two words")))),
    Shape(name="form-repeated", **form(
        b"line%5B%5Dsku=A&line%5B%5Dn=1&line%5B%5Dsku=B&line%5B%5Dn=5&other=",
        fields(("line[]sku", "A"), ("line[]n", "1"), ("line[]sku", "B"), ("line[]n", "5"), ("other", "")))),
    Shape(name="form-lines", **form(b"t=one%0D%0Atwo%0D%0A%0D%0Athree%0D%0A", fields(("t", "one\ntwo\r\n\rthree\n")))),
    Shape(name="form-lines-fetched", **form(
        b"t=one%0Atwo", fields(("t", "one\ntwo")), "fetch", FORM + ";charset=UTF-8")),
    Shape(name="form-signs", **form(
        b"q=a*b%7Ec-d_e.f%21%27%28%29%26%3D%2B%25%23+%C3%A9&%7Ek*=1", fields(("q", "a*b~c-d_e.f!'()&=+%# é"), ("~k*", "1")))),
    Shape(name="form-cyrillic", **form(
        b"city=%CC%EE%F1%EA%E2%E0&mark=%26%239731%3B+ok", fields(("city", "Москва"), ("mark", "☃ ok"), charset="windows-1251"))),
    Shape(name="form-japanese", **form(b"t=%93%FA%96%7B", fields(("t", "日本"), charset="shift_jis"))),
    Shape(name="form-spelled", chosen=False, wire=b"q=a%20b%c3%a9&flag&&x=%7E(1)&bad=%E9", **text(
        "q=a%20b%c3%a9&flag&&x=%7E(1)&bad=%E9", FORM)),
    Shape(name="form-not-pairs", wire=b"just some text", **text("just some text", FORM)),
    Shape(name="form-empty", method="POST", how="form", headers=(("content-type", FORM),), body=fields(),
          carries={"content-type": FORM.encode()}),
    Shape(name="form-plain", **form(b"a=1 & 2\r\nb=x\r\ny\r\n", fields(("a", "1 & 2"), ("b", "x\ny")), kind="text/plain")),
    Shape(name="text-latin", method="PUT", wire="déjà".encode("latin-1"),
          **text("déjà", "text/plain; charset=iso-8859-1", "windows-1252")),
    Shape(name="text-cyrillic", wire="привет\n".encode("cp1251"),
          **text("привет\n", "text/plain;charset=windows-1251", "windows-1251")),
    Shape(name="text-lines", wire=b" a\r\n\n\tb'\"$x`\\ \n\n", **text(" a\r\n\n\tb'\"$x`\\ \n\n", "text/csv")),
    Shape(name="text-marked", wire="\ufeff{}".encode(), **text("\ufeff{}", JSON)),
    Shape(name="xml", wire='<?xml version="1.0"?><a b="ü">☃</a>'.encode(),
          **text('<?xml version="1.0"?><a b="ü">☃</a>', 'application/soap+xml; charset=utf-8; action="urn:a"')),
    Shape(name="binary", method="PUT", headers=(("content-type", "application/octet-stream"),),
          body=raw(bytes(range(256)), "application/octet-stream"), wire=bytes(range(256)),
          carries={"content-type": b"application/octet-stream"}),
    Shape(name="binary-untyped", body=raw(b"\x00\x01\r\n", ""), wire=b"\x00\x01\r\n", carries={"content-type": None}),
    Shape(name="packed", headers=(("content-type", JSON), ("content-encoding", "gzip")),
          body=raw(PACKED, JSON), wire=PACKED,
          carries={"content-type": JSON.encode(), "content-encoding": b"gzip"}),
    Shape(name="nothing", carries={"content-type": None}),
    Shape(name="nothing-typed", headers=(("content-type", JSON),), carries={"content-type": JSON.encode()}),
    Shape(name="put-nothing", method="PUT"),
    Shape(name="delete", method="DELETE"),
    Shape(name="delete-json", method="DELETE", wire=b'{"ids":[1,2]}', **text('{"ids":[1,2]}', JSON)),
    Shape(name="head", method="HEAD"),
    Shape(name="propfind", method="PROPFIND", headers=(("depth", "1"),), carries={"depth": b"1"}),
    Shape(name="query", method="GET", target="?q=rock+roll&n=3&empty=&u=%C3%A9&twice=1&twice=2"),
    Shape(name="query-component", method="GET", target="?q=rock%20%26%20roll!&r=(x)*~%2B&t=a,b:c/d@e"),
    Shape(name="query-flags", chosen=False, method="GET", target="?flag&b=1&&x=[1]&bad=%E9"),
    Shape(name="path", method="GET", target="/~tmp.md/a%2Fb/(x)%20y,z:1@2/R%C3%A9sum%C3%A9-77f/!$&'()*+;="),
    Shape(name="headers", method="GET", headers=(
        ("x-latin", "l'été"), ("x-bytes", "Ã©"), ("accept-language", "de-CH, de;q=0.5"), ("range", "bytes=0-9"),
        ("x-empty", ""), ("x-odd", "it's \"$HOME\" `id` %s \\n"), ("accept", "application/vnd.x+json"), ("cache-control", "no-cache")),
        carries={"x-latin": "l'été".encode("latin-1"), "x-bytes": "é".encode(), "accept-language": b"de-CH, de;q=0.5",
                 "range": b"bytes=0-9", "x-empty": b"", "x-odd": b"it's \"$HOME\" `id` %s \\n",
                 "accept": b"application/vnd.x+json", "cache-control": b"no-cache"}),
    Shape(name="parts", body=Body(kind="parts", parts=(
        Part(name="tags[]", value="one\ntwo"), upload("meta", "blob", b'{"a":1}', JSON), Part(name="tags[]", value=""),
        upload("page", "note.html", b"<b>\xe9</b>\n", "text/html;charset=iso-8859-1"),
        upload("empty", "no bytes.bin", b"", ""), Part(name='q"uo\nte', value="ünï @x ;type=a/b"))),
        wire=b"BOUNDARY".join((b"", part('\nContent-Disposition: form-data; name="tags[]"\n\none\ntwo\n'),
            part('\nContent-Disposition: form-data; name="meta"; filename="blob"\nContent-Type: application/json\n\n{"a":1}\n'),
            part('\nContent-Disposition: form-data; name="tags[]"\n\n\n'),
            part('\nContent-Disposition: form-data; name="page"; filename="note.html"\n'
                 'Content-Type: text/html;charset=iso-8859-1\n\n') + b"<b>\xe9</b>\n\r\n",
            part('\nContent-Disposition: form-data; name="empty"; filename="no bytes.bin"\n'
                 'Content-Type: application/octet-stream\n\n\n'),
            part('\nContent-Disposition: form-data; name="q%22uo%0D%0Ate"\n\nünï @x ;type=a/b\n'), b"--\r\n"))),
    Shape(name="parts-names", body=Body(kind="parts", parts=tuple(
        upload(f"f{n}", name, name.encode(), "text/plain") for n, name in enumerate(NAMES))),
        wire=b"BOUNDARY".join((b"", *(
            f'\r\nContent-Disposition: form-data; name="f{n}"; filename="{name.replace(chr(34), "%22")}"\r\n'
            f"Content-Type: text/plain\r\n\r\n{name}\r\n".encode() for n, name in enumerate(NAMES)), b"--\r\n"))),
    Shape(name="parts-equals", body=Body(kind="parts", parts=(
        Part(name="a=b\\c", value="1"), upload("f=g", 'x".txt', b"2", "text/plain"))),
        wire=b"BOUNDARY".join((b"", part('\nContent-Disposition: form-data; name="a=b\\c"\n\n1\n'),
            part('\nContent-Disposition: form-data; name="f=g"; filename="x%22.txt"\nContent-Type: text/plain\n\n2\n'),
            b"--\r\n"))),
    Shape(name="parts-cyrillic", how="form", headers=(("content-type", "multipart/form-data"),), body=Body(
        kind="parts", charset="windows-1251", parts=(
            Part(name="имя", value="Москва ☃"), upload("файл", "отчёт.txt", b"\x00\xff", "text/plain"))),
        wire=b"BOUNDARY".join((b"", part('\nContent-Disposition: form-data; name="имя"\n\nМосква &#9731;\n', "cp1251"),
            part('\nContent-Disposition: form-data; name="файл"; filename="отчёт.txt"\nContent-Type: text/plain\n\n', "cp1251")
            + b"\x00\xff\r\n", b"--\r\n"))),
    Shape(name="parts-no-file", how="form", headers=(("content-type", "multipart/form-data"),), body=Body(
        kind="parts", parts=(Part(name="t", value="x"),
                             Part(name="f", filename="", size=0, type="application/octet-stream"))),
        wire=b"BOUNDARY".join((b"", part('\nContent-Disposition: form-data; name="t"\n\nx\n'),
            part('\nContent-Disposition: form-data; name="f"; filename=""\nContent-Type: application/octet-stream\n\n\n'),
            b"--\r\n"))),
)  # fmt: skip

COOKIES = {
    "plain": "a-b_c", "sure": "s3cret", "__Host-sid": "h0st", "percent": "%7B%22a%22%3A1%7D", "signs": "a=b==,c/d+e",
    "quoted": '"two words"', "json": '{"a":[1]}', "empty": "",
}  # fmt: skip
"""What ``/cookies`` sets, the second and the third only for secure connections."""
GIVEN = {"given": "a=b==", "given-quoted": '"x y"', "given-percent": "%7B1%7D"}
"""The cookies of somebody who was logged in before, from the environment."""
LOGIN = "; ".join(f"{name}={value}" for name, value in GIVEN.items())

REDIRECTS = {
    ("POST", 302): "GET", ("POST", 303): "GET", ("POST", 307): "POST", ("PUT", 302): "PUT", ("PUT", 303): "GET",
    ("PUT", 308): "PUT", ("PATCH", 301): "PATCH", ("DELETE", 302): "DELETE", ("DELETE", 303): "GET", ("HEAD", 303): "HEAD",
}  # fmt: skip
"""The method of the request after a redirect, as the Fetch standard has it."""


class Arrived(msgspec.Struct, frozen=True):
    """A request as it came over the socket; header names in lower case."""

    method: str
    target: str
    headers: dict[str, bytes]
    body: bytes


class Site:
    """A server that keeps the bytes of all requests."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def named(self, name: str) -> list[Arrived]:
        """The requests whose path begins with a segment."""
        return [a for a in self.arrived if re.split("[/?]", a.target)[1] == name]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ")
                headers: dict[str, bytes] = {}
                while (head := stream.readline().rstrip(b"\r\n")) != b"":
                    name, _, value = head.partition(b":")
                    headers[name.decode().lower()] = value.strip(b" ")
                if "100" in headers.get("expect", b"").decode():
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if headers.get("transfer-encoding") == b"chunked":
                    body = b""
                    while size := int(stream.readline(), 16):
                        body += stream.read(size)
                        stream.readline()
                    stream.readline()
                else:
                    body = stream.read(int(headers.get("content-length", b"0")))
                self.arrived.append(Arrived(method, target, headers, body))
                connection.sendall(self._answer(method, target))

    def _answer(self, method: str, target: str) -> bytes:
        head, body = "200 OK", b'{"ok":true}'
        more = "Content-Type: application/json\r\n"
        if target == "/cookies":
            for name, value in COOKIES.items():
                secure = "; Secure" if name in ("sure", "__Host-sid") else ""
                more += f"Set-Cookie: {name}={value}; Path=/{secure}; HttpOnly\r\n"
        elif found := re.fullmatch(r"/redirect-(\d+)/\w+", target):
            head, body = f"{found[1]} Go", b""
            more = f"Location: {target}/on\r\n"
        length = len(body)
        return f"HTTP/1.1 {head}\r\n{more}Content-Length: {length}\r\n\r\n".encode() + (
            body if method != "HEAD" else b""
        )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def requests() -> Iterator[Shape]:
    """All requests of the recording, in order."""
    yield from SHAPES
    yield Shape(name="cookies", method="GET")
    yield Shape(name="cookies-again", method="GET")
    for method, code in REDIRECTS:
        sent = {} if method in ("HEAD", "DELETE") else text('{"a":1}', JSON)
        yield Shape(name=f"redirect-{code}", method=method, target=f"/{method.lower()}", **sent)  # type: ignore[arg-type]


def recorded(folder: Path) -> Session:
    """The recording of a person who made each of these requests."""
    fold = HttpFold()
    at = 1_700_000_000_000.0
    fold.feed(Mark(page="", seq=0, at=at, what="start", url=ROOT + "/"))
    fold.feed(PageOpened(page="P", seq=1, at=at, url=ROOT + "/"))
    for number, shape in enumerate(requests()):
        at += 5000
        url = f"{ROOT}/{shape.name}{shape.target}"
        final = url + "/on" if shape.name.startswith("redirect-") else url
        fold.feed(Act(page="P", seq=1, at=at, id=f"a{number}", kind="click", role="button", name=shape.name))
        fold.feed(Request(page="P", seq=1, at=at, id=f"r{number}", method=shape.method, url=url, how=shape.how,
                          headers=shape.headers, body=shape.body, act=f"a{number}"))  # fmt: skip
        told = (("content-type", "application/json"),)
        if shape.how == "form":
            fold.feed(Request(page="Q", seq=1, at=at, id=f"d{number}", method="GET", url=url, how="document", left="P",
                              form=f"r{number}", act=f"a{number}"))  # fmt: skip
        page, id = ("Q", f"d{number}") if shape.how == "form" else ("P", f"r{number}")
        fold.feed(Response(page=page, seq=1, at=at, id=id, status=200, headers=told, url=final))
        answer = Body() if shape.method == "HEAD" else Body(kind="text", text='{"ok":true}')
        fold.feed(Done(page=page, seq=1, at=at, id=id, body=answer))
        for want in fold.wants():
            if want.content is not None:
                about = keep_content(want, want.content, folder / "session.files")
                fold.feed(Fetched(page="", seq=0, at=at, url=want.url, **about))
    return fold.session()


@pytest.fixture(scope="module", params=["literal", "variable"])
def recording(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workflow, Path]:
    folder = tmp_path_factory.mktemp("recorded")
    return prepared(workflow(recorded(folder)), request.param == "variable"), folder


def prepared(made: Workflow, is_chosen: bool) -> Workflow:
    """The workflow with literals in place of its variables, in all steps or only where a choice changes the spelling."""
    values = {variable.name: variable.value for variable in made.variables}

    def plain(value: Any) -> Any:
        if isinstance(value, VariableRef):
            return values[value.name]
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    def literal(step: Step) -> Step:
        name = re.split("[/?]", step.endpoint.path)[1]
        if is_chosen and name not in {shape.name for shape in SHAPES if not shape.chosen}:
            return step
        arguments = tuple(msgspec.structs.replace(a, value=plain(a.value)) for a in step.arguments)
        return msgspec.structs.replace(step, arguments=arguments)

    steps = tuple(map(literal, made.steps))
    used = {ref.name for step in steps for ref in leaves_of(VariableRef, sent(step))}
    variables = tuple(variable for variable in made.variables if variable.name in used)
    return msgspec.structs.replace(made, steps=steps, variables=variables)


COMMANDS: dict[str, tuple[str, str, str, list[str]]] = {
    "python": ("python", "", ".py", [sys.executable]),
    "python-async": ("python", "async", ".py", [sys.executable]),
    "pytest": ("pytest", "", "_test.py", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
    "curl": ("curl", "", ".sh", ["dash"]),
    "javascript": ("javascript", "", ".mjs", ["node"]),
    "locust": ("locust", "", ".py", [sys.executable, "-m", "locust", "--headless", "--users", "1", "--run-time", "60s", "--only-summary", "-f"]),
}  # fmt: skip


ONCE = """

def once(user: HttpUser) -> None:
    try:
        type(user).calls(user)
    finally:
        user.environment.runner.quit()


next(each for each in HttpUser.__subclasses__()).tasks = [once]
"""
"""What makes a user of Locust do everything once, and ends the test."""


@pytest.fixture(scope="module", params=["replay", *COMMANDS])
def ran(request: pytest.FixtureRequest, recording: tuple[Workflow, Path]) -> Iterator[tuple[str, Site]]:
    """A target, and the server to which it has made all requests."""
    made, folder = recording
    site = Site()
    if request.param == "replay":
        report = asyncio.run(replay(made, files=folder, url=site.url, environment={"RECORDER_COOKIE": LOGIN}))
        assert report.ok, report.sentences()
    else:
        target, style, suffix, command = COMMANDS[request.param]
        script = folder / f"made_{request.param}{suffix}"
        code = render(made, target, Options(style=style))
        script.write_bytes((code + (ONCE if target == "locust" else "")).encode())
        environment = {**os.environ, "RECORDER_URL": site.url, "RECORDER_COOKIE": LOGIN, "RECORDER_PACE": "0"}
        done = subprocess.run(
            [*command, str(script)], cwd=folder, capture_output=True, env=environment, timeout=120
        )
        if request.param != "locust":
            assert done.returncode == 0, done.stdout.decode()[-3000:] + done.stderr.decode()[-3000:]
    yield request.param, site
    site.close()


def whole(arrived: Arrived) -> bytes:
    """The body, with the boundary of its parts replaced."""
    found = re.match(rb"multipart/form-data; ?boundary=(.+)", arrived.headers.get("content-type", b""))
    return arrived.body.replace(b"--" + found[1], b"BOUNDARY") if found else arrived.body


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_what_arrives_is_what_the_browser_sent(shape: Shape, ran: tuple[str, Site]) -> None:
    target, site = ran
    arrived = site.named(shape.name)
    assert arrived, f"{target} has not sent it"
    assert len(arrived) == 1 or target == "locust"
    assert arrived[0].method == shape.method
    if (target, shape.name) not in _ESCAPES_CHANGED:
        assert arrived[0].target == f"/{shape.name}{shape.target}"
    assert whole(arrived[0]) == shape.wire
    carried = {name: arrived[0].headers.get(name) for name in shape.carries}
    assert carried == shape.carries


_ESCAPES_CHANGED = {("locust", "query-flags")}
"""requests escapes brackets in addresses."""


def test_cookies_come_back_as_they_were_set_or_given(ran: tuple[str, Site]) -> None:
    _, site = ran
    sent = site.named("cookies-again")[0].headers["cookie"].decode()
    assert sorted(sent.split("; ")) == sorted(f"{n}={value}" for n, value in {**COOKIES, **GIVEN}.items())


@pytest.mark.parametrize(("method", "code"), REDIRECTS)
def test_a_redirect_is_followed_as_a_browser_does(method: str, code: int, ran: tuple[str, Site]) -> None:
    target, site = ran
    if target == "locust":
        return  # Its client follows redirects in a way of its own.
    start = f"/redirect-{code}/{method.lower()}"
    came = [
        (a.method, a.target, a.body) for a in site.named(f"redirect-{code}") if a.target.startswith(start)
    ]
    after = REDIRECTS[method, code]
    body = b"" if method in ("HEAD", "DELETE") else b'{"a":1}'
    assert came == [(method, start, body), (after, f"{start}/on", body if after == method else b"")]

"""What a proxy sees beside the page: cookies, script files, downloads, events of streams; and which exchange they are of."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from recorder import cookies
from recorder.adapters.http import har
from recorder.adapters.http.traffic import Traffic
from recorder.capture.wire import EXCHANGES, SCRIPTS_LIMIT, Events, Ring, Scripts, Wire
from recorder.events import Chunk, Cookies, Loaded, Made, Request, Response, Streamed, Typed

ORIGIN = "http://127.0.0.1:8700"


class Heard:
    """A witness that keeps what it is told."""

    def __init__(self) -> None:
        self.cookies: list[Cookies] = []
        self.loaded: list[Loaded] = []
        self.streamed: list[Streamed] = []

    def saw_cookies(self, event: Cookies) -> None:
        self.cookies.append(event)

    def saw_loaded(self, loaded: Loaded, origin: str) -> None:
        assert origin == ORIGIN
        self.loaded.append(loaded)

    def saw_streamed(self, streamed: Streamed, origin: str) -> None:
        self.streamed.append(streamed)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def pass_by(
    heard: Heard, path: str, asked: dict[str, str], status: int, given: list[tuple[str, str]], *body: bytes
) -> None:
    headers = [(name.encode(), value.encode()) for name, value in asked.items()]
    seen = Wire(heard).passing("GET", ORIGIN + path, headers)
    seen.answered(status, [(name.encode(), value.encode()) for name, value in given])
    for piece in body:
        seen.feed(piece)
    seen.over()


def test_cookies_are_told_as_digests_that_are_equal_for_equal_values_of_one_run(heard: Heard) -> None:
    wire = Wire(heard)
    for value in (b"a=one; b=two", b"a=one", b"a=three"):
        wire.passing("GET", ORIGIN + "/x", [(b"Cookie", value)]).answered(
            200, [(b"Set-Cookie", b"b=two; Path=/")]
        )
    first, second, third = heard.cookies
    assert first.sent[0] == second.sent[0] != third.sent[0]
    assert first.set == second.set == (first.sent[1],)
    again = Heard()
    pass_by(again, "/x", {"cookie": "a=one"}, 200, [])
    assert again.cookies[0].sent != first.sent[:1]


def test_the_address_of_cookies_has_no_values_and_nothing_that_is_good_for_a_login(heard: Heard) -> None:
    pass_by(heard, "/reset/0123456789abcdef01?user=ann&token=t0psecret", {"cookie": "a=b"}, 200, [])
    (event,) = heard.cookies
    assert "0123456789abcdef01" not in event.url
    assert event.url.endswith("?user=&token=")


def test_an_exchange_without_cookies_is_not_told_of_but_a_login_of_the_browser_is(heard: Heard) -> None:
    pass_by(heard, "/", {}, 200, [])
    pass_by(heard, "/", {"authorization": "Basic YW5uOnB3"}, 200, [])
    assert [event.login for event in heard.cookies] == ["basic"]
    assert "YW5uOnB3" not in repr(heard.cookies)


SCRIPT = {"sec-fetch-dest": "script"}
TYPE = ("content-type", "text/javascript; charset=utf-8")


@pytest.mark.parametrize(
    ("asked", "given", "body", "expected"),
    [
        (SCRIPT, [TYPE], b"a = 1", "a = 1"),
        (SCRIPT, [TYPE, ("content-encoding", "gzip")], gzip.compress(b"a = 1", mtime=0), "a = 1"),
        (SCRIPT, [TYPE, ("content-encoding", "gzip")], gzip.compress(b"a" * 10_000_000), None),
        (SCRIPT, [TYPE, ("content-encoding", "gzip")], b"broken", None),
        (SCRIPT, [TYPE, ("content-encoding", "br")], b"x", None),
        (SCRIPT, [TYPE], b"x" * 300_000, None),
        (SCRIPT, [TYPE], b"\xff", None),
        (SCRIPT, [("content-type", "text/html")], b"<p>", None),
        ({"sec-fetch-dest": "empty"}, [TYPE], b"a = 1", None),
    ],
)
def test_small_script_files_are_read_and_nothing_else(
    heard: Heard, asked: dict[str, str], given: list[tuple[str, str]], body: bytes, expected: str | None
) -> None:
    pass_by(heard, "/a.js", asked, 200, given, body[:3], body[3:])
    assert [loaded.text for loaded in heard.loaded] == ([expected] if expected else [])


def test_a_file_that_answers_a_navigation_is_a_download(heard: Heard) -> None:
    attached = [("content-disposition", "attachment; filename=a.csv"), ("content-type", "text/csv")]
    pass_by(heard, "/a.csv", {"sec-fetch-dest": "document"}, 200, attached)
    pass_by(heard, "/b.csv", {"sec-fetch-dest": "empty"}, 200, attached)
    pass_by(heard, "/c.csv", {"sec-fetch-dest": "document"}, 404, attached)
    assert [(loaded.how, loaded.url) for loaded in heard.loaded] == [("download", ORIGIN + "/a.csv")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_with_a_type_are_read_from_pieces_of_any_size(size: int) -> None:
    text = (
        b"\xef\xbb\xbfevent: ignored\n\nevent: a\r\ndata: 1\r\nid: 7\r\n\r\n: comment\ndata: no type\n\n"
        b"event:b\rdata:two\rdata: lines\r\revent: message\ndata: x\n\nevent: c\ndata: \xc3\xbc\n\nevent: cut"
    )
    events = Events()
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    assert [event for piece in pieces for event in events.feed(piece)] == [
        ("a", "7", "1"),
        ("b", "7", "two\nlines"),
        ("c", "7", "ü"),
    ]


def test_what_came_before_a_recording_is_remembered_up_to_a_bound() -> None:
    ring, scripts = Ring(), Scripts()
    for number in range(EXCHANGES + 10):
        ring.add(Cookies(page="", seq=0, at=number, method="GET", url="/", sent=(("a", "b"),)))
        text = "x" * (SCRIPTS_LIMIT // 4)
        scripts.add(
            Loaded(id=f"s{number}", method="GET", url=f"/{number % 6}", how="script", at=0, text=text)
        )
    assert [event.at for event in ring] == list(range(10, EXCHANGES + 10))
    assert len(scripts.all()) == 4


def test_cookies_in_headers_are_read_as_browsers_write_them() -> None:
    assert cookies.sent("a=1; b=x=y;c; d=") == [("a", "1"), ("b", "x=y"), ("", "c"), ("d", "")]
    assert cookies.set_by("a=1; Path=/; HttpOnly") == ("a", "1")


# Which exchange they are of


def fed(*events: Any) -> Traffic:
    traffic = Traffic()
    for event in events:
        traffic.feed(event)
    return traffic


def asked(id: str, url: str, at: float, **fields: Any) -> Request:
    return Request(page="p1", seq=1, at=at, id=id, method="GET", url=url, **fields)


def told(url: str, at: float, name: str, **fields: Any) -> Cookies:
    return Cookies(page="", seq=0, at=at, method="GET", url=url, sent=((name, "d" * 16),), **fields)


def test_cookies_go_to_the_nearest_exchange_of_that_address_whichever_is_told_first() -> None:
    traffic = fed(
        told("/a?x=", 1_001, "first"),
        asked("r1", "/a?x=1#part", 1_000),
        asked("r2", "/a?x=2", 3_000),
        told("/a?x=", 3_002, "second"),
        told("/a?x=", 4_003, "third"),
        asked("r3", "/a?x=3", 4_000),
        told("/a?x=", 90_000, "much later"),
        told("/other", 1_000, "of another"),
    )
    assert [[name for name, _ in e.cookies_sent] for e in traffic.exchanges] == [
        ["first"],
        ["second"],
        ["third"],
    ]


def test_cookies_of_an_address_that_held_a_secret_go_to_the_exchange_with_its_placeholder() -> None:
    mine, theirs = (f"[recorder-secret:{digit * 16}:RECORDER_SECRET_RESET]" for digit in "12")
    traffic = fed(told(f"/reset/{mine}", 1_000, "a"), asked("r1", f"/reset/{theirs}", 1_000))
    assert traffic.exchanges[0].cookies_sent


def test_cookies_that_a_redirect_set_are_of_the_request_that_was_redirected() -> None:
    traffic = fed(
        asked("r1", "/start", 1_000),
        Response(page="p1", seq=2, at=1_100, id="r1", status=200, url="/end"),
        told("/start", 1_001, "a", set=(("b", "e" * 16),)),
        told("/end", 1_050, "b"),
    )
    (exchange,) = traffic.exchanges
    assert [name for name, _ in exchange.cookies_sent] == ["a", "b"]
    assert [name for name, _ in exchange.cookies_set] == ["b"]


def test_a_login_of_the_browser_is_of_the_requests_that_have_none_of_their_own() -> None:
    own = (("authorization", "Basic [recorder-secret]"),)
    traffic = fed(
        asked("r1", "/a", 1_000), asked("r2", "/b", 1_000, headers=own),
        Cookies(page="", seq=0, at=1_000, method="GET", url="/a", login="basic"),
        Cookies(page="", seq=0, at=1_000, method="GET", url="/b", login="basic"),
    )  # fmt: skip
    assert [e.login for e in traffic.exchanges] == ["basic", ""]


def test_what_was_typed_and_made_is_kept_in_order_and_each_chunk_has_its_moment() -> None:
    traffic = fed(
        Typed(page="p1", seq=1, at=1, control="i1", kind="text", value="a"),
        Made(page="p1", seq=2, at=2, how="uuid", value="b"),
        asked("r1", "/stream", 3),
        Chunk(page="p1", seq=3, at=4.5, id="r1", text="c"),
        Chunk(page="p1", seq=4, at=9.5, id="r1", text="d"),
        asked("s1", "/config.js", 3, how="script"),
    )
    assert [t.value for t in traffic.typed] == ["a"]
    assert [m.value for m in traffic.made] == ["b"]
    assert (traffic.exchanges[0].chunks, traffic.exchanges[0].chunk_at) == (["c", "d"], [4.5, 9.5])
    assert [e.id for e in traffic.scripts] == ["s1"]


def test_a_har_tells_the_cookies_of_each_exchange_redirects_included() -> None:
    def entry(method: str, path: str, status: int, cookie: str, given: list[str], redirect: str = "") -> Any:
        return {
            "startedDateTime": "2026-01-01T00:00:00Z",
            "time": 5,
            "request": {
                "method": method,
                "url": ORIGIN + path,
                "headers": [{"name": "Cookie", "value": cookie}],
            },
            "response": {
                "status": status,
                "redirectURL": redirect,
                "headers": [{"name": "Set-Cookie", "value": value} for value in given],
                "content": {"text": "{}", "mimeType": "application/json"},
            },
        }

    entries = [
        entry("POST", "/login", 303, "a=1", ["session=valuable; HttpOnly\nb=2"], "/home"),
        entry("GET", "/home", 200, "a=1; session=valuable; b=2", []),
    ]
    events = har.events(json.dumps({"log": {"entries": entries}}), "a.har")
    found = [event for event in events if isinstance(event, Cookies)]
    assert [(c.method, [n for n, _ in c.sent], [n for n, _ in c.set]) for c in found] == [
        ("POST", ["a"], ["session", "b"]),
        ("GET", ["a", "session", "b"], []),
    ]
    assert found[0].set[0] == found[1].sent[1]
    assert "valuable" not in repr(events)
    exchange = fed(*events).exchanges[0]
    assert [name for name, _ in exchange.cookies_set] == ["session", "b"]

"""A page of any web app as a table of events: what the injected script would have said of it."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from typing import Any

from recorder.adapters.http.fold import HttpFold
from recorder.events import (
    Act,
    AnyEvent,
    Body,
    Chunk,
    Done,
    Fetched,
    Mark,
    PageOpened,
    Part,
    Request,
    Response,
    SocketClosed,
    SocketMessage,
    SocketOpened,
    Typed,
)
from recorder.session import Session

ROOT = "http://app.test"


class Page:
    """Builds the events of one page; ``session()`` folds them. Times are in ms, and pass as they are told to."""

    def __init__(self, seen: str = ROOT) -> None:
        self.seen = seen
        self.at = 1_700_000_000_000.0
        self.events: list[AnyEvent] = [Mark(page="", seq=0, at=self.at, what="start", url=ROOT + "/")]
        self.before = False
        self._seq = 0
        self._id = 0
        self._act: str | None = None
        self.page = ""
        self.open("P")

    def open(self, page: str, path: str = "/", embedded: bool = False) -> None:
        """Another document."""
        self.page = page
        self.add(PageOpened, url=self.seen + path, title="T", embedded=embedded)

    def wait(self, ms: float) -> None:
        """Time passes, and with it what was done before."""
        self.at += ms
        if ms > 2000:
            self._act = None

    def act(
        self, kind: str = "click", name: str = "Go", ms: float = 100, role: str = "button", near: tuple[str, ...] = ()
    ) -> None:  # fmt: skip
        """The person does something, ``ms`` after what was before; ``near`` are the texts of its row."""
        self.at += ms
        self._id += 1
        self._act = f"a{self._id}"
        locator = f"role={role}[name={name}]"
        self.add(Act, id=self._act, kind=kind, role=role, name=name, locator=locator, near=near)

    def type(self, label: str, value: str, kind: str = "text", shown: str = "") -> None:
        """The person types or chooses something."""
        self.act("type" if kind == "text" else "choose", label, role="textbox")
        self.add(
            Typed, control=label, kind=kind, value=value, shown=shown, label=label, field="", act=self._act
        )

    def ask(
        self, method: str, path: str, *, give: Any = None, kind: str = "application/json", status: int = 200,
        how: str = "fetch", headers: dict[str, str] | None = None, sent: Any = None, took: float = 10,
        act: bool = True, error: str | None = None, aborted: bool = False, parts: tuple[Part, ...] = (),
        told: tuple[tuple[str, str], ...] = (),
    ) -> str:  # fmt: skip
        """A request and its answer; ``give`` is text, or JSON of anything else, and ``told`` are more headers."""
        self._id += 1
        id = f"r{self._id}"
        body = Body(kind="parts", parts=parts) if parts else Body()
        given = list((headers or {}).items())
        if sent is not None:
            body = Body(kind="text", text=sent if isinstance(sent, str) else json.dumps(sent))
            given.append(("content-type", "application/json"))
        url = path if "://" in path else self.seen + path
        by = self._act if act else None
        self.add(Request, id=id, method=method, url=url, how=how, headers=tuple(given), body=body, act=by)
        self.at += took
        if status:
            self.add(Response, id=id, status=status, headers=(("content-type", kind), *told), url=url)
        text = give if isinstance(give, str) else json.dumps(give)
        answer = Body(kind="text", text=text) if give is not None else Body()
        self.add(Done, id=id, body=answer, error=error, aborted=aborted)
        return id

    def socket(self, path: str, *messages: tuple[bool, str | None], closed: bool = True) -> str:
        """A WebSocket; each message with whether it was sent, None for one of bytes."""
        self._id += 1
        id = f"w{self._id}"
        self.add(SocketOpened, id=id, url=self.seen.replace("http", "ws") + path, act=self._act)
        for sent, text in messages:
            self.say(id, sent, text)
        if closed:
            self.add(SocketClosed, id=id)
        return id

    def say(self, id: str, sent: bool, text: str | None, ms: float = 0) -> None:
        """A message over an open WebSocket, ``ms`` after what was before."""
        self.at += ms
        kept = text is not None
        body = Body(kind="text", text=text) if kept else Body(kind="lost", reason="binary_not_kept")
        self.add(SocketMessage, id=id, sent=sent, body=body, act=self._act if sent else None)

    def stream(self, path: str, *chunks: str, over: bool = True) -> None:
        """Server-sent events by an EventSource, which the page closes."""
        self._id += 1
        id = f"r{self._id}"
        self.add(Request, id=id, method="GET", url=self.seen + path, how="eventsource", act=self._act)
        self.add(
            Response,
            id=id,
            status=200,
            headers=(("content-type", "text/event-stream"),),
            url=self.seen + path,
        )
        for chunk in chunks:
            self.add(Chunk, id=id, text=chunk)
        if over:
            self.add(Done, id=id, aborted=True)

    def said(self, path: str, content: Any) -> None:
        """The collector read something of the app."""
        body = Body(kind="text", text=json.dumps(content))
        self.events.append(Fetched(page="", seq=0, at=self.at, url=self.seen + path, status=200, body=body))

    def add(self, event_type: Any, /, **fields: Any) -> None:
        """One event of the page."""
        self._seq += 1
        self.events.append(
            event_type(page=self.page, seq=self._seq, at=self.at, before=self.before, **fields)
        )

    def session(self) -> Session:
        """What the fold makes of it, which at any time is the same for who looks once and for who looks on."""
        looks = range(len(self.events)) if len(self.events) < 100 else ()
        return looked_at(self.events, looks, still_moving=1)


def looked_at(events: Sequence[AnyEvent], looks: Container[int], still_moving: int) -> Session:
    """The session of ``events``, having compared what is seen after each of ``looks`` with what one sees who only looks
    then."""
    looking = HttpFold(still_moving)
    for number, event in enumerate(events):
        looking.feed(event)
        if number in looks:
            assert looking.session() == _session(events[: number + 1])
    made = looking.session()
    assert made == _session(events)
    return made


def _session(events: Sequence[AnyEvent]) -> Session:
    fold = HttpFold()
    for event in events:
        fold.feed(event)
    return fold.session()

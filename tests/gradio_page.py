"""A Gradio page as a table of events: what the injected script would have said of it."""

from __future__ import annotations

import json
from typing import Any

from recorder.adapters.gradio.fold import GradioFold
from recorder.events import Act, AnyEvent, Body, Chunk, Done, Fetched, Mark, PageOpened, Request, Response
from recorder.session import Session

ROOT = "http://127.0.0.1:7860"


def component(id: int, type: str, **props: Any) -> dict[str, Any]:
    """One component of a config."""
    return {"id": id, "type": type, "props": props, "skip_api": type in ("state", "button")}


def dependency(
    id: int, targets: list[list[Any]], inputs: list[int], outputs: list[int], **more: Any
) -> dict[str, Any]:
    """One dependency of a 6.x config."""
    return {
        "id": id,
        "targets": targets,
        "inputs": inputs,
        "outputs": outputs,
        "api_name": f"fn{id}",
        "api_visibility": "public",
        "backend_fn": True,
        "queue": True,
        **more,
    }


class Page:
    """Builds the events of one page; ``session()`` folds them."""

    def __init__(
        self,
        components: list[dict[str, Any]],
        dependencies: list[dict[str, Any]],
        info: dict[str, Any] | None = None,
    ) -> None:
        self.events: list[AnyEvent] = []
        self._seq = 0
        self._at = 1000.0
        self._id = 0
        self._stream: str | None = None
        self.before = False
        self.events.append(Mark(page="", seq=0, at=self._at, what="start", url=ROOT))
        self.open("P", components, dependencies, info)

    def open(
        self,
        page: str,
        components: list[dict[str, Any]],
        dependencies: list[dict[str, Any]],
        info: dict[str, Any] | None = None,
    ) -> None:
        """A document opens, and the app says what it is."""
        self._page, self._stream = page, None
        config = {"version": "6.31.0", "api_prefix": "/gradio_api", "protocol": "sse_v3", "title": "T"}
        config = {**config, "components": components, "dependencies": dependencies}
        self.add(PageOpened, url=f"{ROOT}/")
        self._fetched(f"{ROOT}/config", config)
        self._fetched(f"{ROOT}/gradio_api/info?all_endpoints=true", info or {"named_endpoints": {}})

    def _fetched(self, url: str, content: Any) -> None:
        body = Body(kind="text", text=json.dumps(content))
        self.events.append(Fetched(page="", seq=0, at=self._at, url=url, status=200, body=body))

    def add(self, event_type: Any, /, **fields: Any) -> None:
        """One event of the page."""
        self._seq += 1
        self._at += 10
        self.events.append(
            event_type(page=self._page, seq=self._seq, at=self._at, before=self.before, **fields)
        )

    def act(self, name: str = "Go", kind: str = "click") -> str:
        """The person acts."""
        self._id += 1
        id = f"a{self._id}"
        self.add(Act, id=id, kind=kind, role="button", name=name)
        return id

    def post(self, path: str, body: Any, answer: Any, status: int = 200, act: str | None = None) -> None:
        """A request with a JSON body and its whole answer."""
        self._id += 1
        id = f"r{self._id}"
        self.add(
            Request,
            id=id,
            method="POST",
            url=f"{ROOT}{path}",
            body=Body(kind="text", text=json.dumps(body)),
            act=act,
        )
        self.add(Response, id=id, status=status)
        self.add(Done, id=id, body=Body(kind="text", text=json.dumps(answer)))

    def join(
        self,
        fn: int,
        data: list[Any],
        trigger: int | None = None,
        act: str | None = None,
        event_data: Any = None,
    ) -> str:
        """A call enters the queue; returns its event id."""
        self._id += 1
        event = f"e{self._id}"
        body = {
            "data": data,
            "fn_index": fn,
            "trigger_id": trigger,
            "session_hash": "s",
            "event_data": event_data,
        }
        self.post("/gradio_api/queue/join?", body, {"event_id": event}, act=act)
        if self._stream is None:
            self._id += 1
            self._stream = f"r{self._id}"
            url = f"{ROOT}/gradio_api/queue/data?session_hash=s"
            self.add(Request, id=self._stream, method="GET", url=url)
        return event

    def say(self, event: str, msg: str, **fields: Any) -> None:
        """One message on the stream."""
        text = json.dumps({"msg": msg, "event_id": event, **fields})
        self.add(Chunk, id=self._stream, text=f"data: {text}\n\n")

    def complete(self, event: str, outputs: list[Any], **output: Any) -> None:
        """The call ends well."""
        self.say(event, "process_completed", success=True, output={"data": outputs, **output})

    def call(
        self, fn: int, data: list[Any], outputs: list[Any], trigger: int | None = None, **more: Any
    ) -> None:
        """A whole call by the person's act."""
        event = self.join(fn, data, trigger, act=self.act(), event_data=more.pop("event_data", None))
        self.complete(event, outputs, **more)

    def chained(
        self, fn: int, data: list[Any], outputs: list[Any], trigger: int | None = None, **more: Any
    ) -> None:
        """A whole call that no act made."""
        self.complete(self.join(fn, data, trigger), outputs, **more)

    def fold(self) -> GradioFold:
        """The fold with every event fed."""
        once, often = GradioFold(), GradioFold()
        for event in self.events:
            once.feed(event)
            often.feed(event)
            if len(self.events) < 500:
                often.session()
        assert often.session() == once.session()
        return once

    def session(self) -> Session:
        """What happened."""
        return self.fold().session()

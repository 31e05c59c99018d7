"""Recorded with API Recorder: users who make the same calls to the app, for Locust.

    locust -f THIS_FILE --headless --users 10 --run-time 1m

Each call is an entry by the name of its endpoint, and one whose result is not as recorded is a failure. RECORDER_URL or
--host is the address of the app to use instead of the recorded one; RECORDER_PACE how long users think, as a share of the
recorded time (0: not at all).
"""

from __future__ import annotations

import base64
import json
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import requests
from locust import User, task
from locust.exception import RescheduleTask, StopUser

PACE = float(os.environ.get("RECORDER_PACE", "1"))
FILES = Path(__file__).resolve().parent / "../../sessions" / "device.files"


class DeviceUser(User):
    host = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")

    def on_start(self) -> None:
        self.http = requests.Session()
        self.http.headers["x-gradio-user"] = "app"

    def think(self, seconds: float) -> None:
        """As long as the person did, or until the test is over."""
        until = time.monotonic() + seconds * PACE
        while (left := until - time.monotonic()) > 0:
            self.go_on()
            time.sleep(min(left, 0.5))

    def go_on(self) -> None:
        """Make no more calls once the test is over."""
        if self.environment.runner.state in ("stopping", "stopped", "cleanup"):
            raise StopUser

    @task
    def calls(self) -> None:
        page = Page(self)

        page.call(
            "/see",
            13,
            [{"url": data_url(FILES / "7692c3ad3540bb80/frame", "text/plain")}, None],
            api_name="see",
            frames=[
                [{"url": data_url(FILES / "3fc4ccfe745870e2/frame", "text/plain")}, None],
                [{"url": data_url(FILES / "24ceef1cb6b0cbc0/frame", "text/plain")}, None],
            ],
            streams=True,
            expected={0: "seen"},
        )

        self.think(1.0)
        page.call("/say", 1, [TEXT], api_name="say", expected={0: "after"})


# What the person typed, chose or uploaded.
TEXT = "after"


class Failed(Exception):
    """The app did not do what was asked of it, or not as it was recorded."""


CONFIGS: dict[str, dict[str, Any]] = {}
READING = threading.Lock()


def config_of(http: requests.Session, host: str) -> dict[str, Any]:
    """What the app says of itself, read once."""
    with READING:
        if host not in CONFIGS:
            answer = http.get(f"{host}/config", timeout=60)
            answer.raise_for_status()
            CONFIGS[host] = answer.json()
        return CONFIGS[host]


class Page:
    """One page of the app, with a session of its own: what a State holds is kept as long as it is used."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.http = user.http
        host = user.host.rstrip("/")
        self.config = config_of(self.http, host)
        self.api = host + (self.config.get("api_prefix") or "")
        self.session = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=11))
        self.length = 0

    def call(
        self,
        name: str,
        fn_index: int,
        data: list[Any],
        *,
        api_name: str | None = None,
        expected: dict[int, Any] | None = None,
        fails: bool = False,
        frames: list[list[Any]] | tuple[()] = (),
        streams: bool = False,
        cut_short: bool = False,
        **event: Any,
    ) -> list[Any]:
        """Make one call, count it under ``name``, and give its outputs as the app has them."""
        fn_index = self.place_of(api_name, fn_index)
        body = {"data": data, "fn_index": fn_index, "session_hash": self.session, **event}

        def made() -> list[Any]:
            if streams:
                return self.streamed(body, list(frames), cut_short)
            return self.queued(body)

        return self.counted(name, made, expected or {}, fails)

    def place_of(self, api_name: str | None, recorded: int) -> int:
        """The number of a function: the recorded one, unless another has its name now."""
        named = [
            dependency.get("id", number)
            for number, dependency in enumerate(self.config["dependencies"])
            if api_name is not None and dependency.get("api_name") == api_name
        ]
        return recorded if recorded in named or not named else named[0]

    def counted(self, name: str, made: Any, expected: dict[int, Any], fails: bool) -> list[Any]:
        """Do it, and tell Locust how long it took and whether it went as recorded."""
        self.user.go_on()
        self.length, outputs, wrong, over = 0, [], None, False
        started, clock = time.time(), time.perf_counter()
        try:
            outputs = made()
            if fails:
                wrong = Failed("it failed when it was recorded, and now does not")
        except (Failed, OSError, LookupError, ValueError) as error:
            over = not fails
            wrong = error if over else None
        spent = (time.perf_counter() - clock) * 1000
        for place, value in expected.items() if wrong is None else ():
            live = value_of(outputs[place]) if place < len(outputs) else None
            why = differs(value, live, f"output {place + 1}")
            wrong = wrong or (Failed(why) if why else None)
        self.user.environment.events.request.fire(
            request_type="CALL",
            name=name,
            start_time=started,
            response_time=spent,
            response_length=self.length,
            response=None,
            exception=wrong,
            context=self.user.context(),
        )
        if over:
            # What follows would take what did not come.
            raise RescheduleTask
        return outputs

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON, and give the JSON that it is answered with."""
        answer = self.http.post(
            f"{self.api}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        self.length += len(answer.content)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not answer.ok:
            told = said.get("error") or said.get("detail") if isinstance(said, dict) else None
            raise Failed(str(told or f"HTTP {answer.status_code}"))
        return said

    def messages(self, body: dict[str, Any]) -> Any:
        """Join the app's queue, and hear what becomes of it."""
        event_id = self.post("/queue/join", body)["event_id"]
        url = f"{self.api}/queue/data"
        with self.http.get(url, params={"session_hash": self.session}, stream=True) as stream:
            stream.raise_for_status()
            rest = b""
            for chunk in stream.iter_content(None):
                self.length += len(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        message = json.loads(line[5:])
                        if message.get("event_id") == event_id or message["msg"] == "unexpected_error":
                            yield message
        raise Failed("the app closed the connection before the call was over")

    def queued(self, body: dict[str, Any]) -> list[Any]:
        """The outputs of a call."""
        for message in self.messages(body):
            if (outputs := self.over(message)) is not None:
                return outputs
        return []

    def over(self, message: dict[str, Any]) -> list[Any] | None:
        """The outputs where this message has them; None where the call goes on."""
        if message["msg"] == "unexpected_error":
            raise Failed(str(message.get("message") or "the app stopped"))
        if message["msg"] != "process_completed":
            return None
        output = message["output"]
        if not message.get("success", True):
            raise Failed(str(output.get("error") or "the app raised an error without a text"))
        return output.get("data") or []

    def streamed(self, body: dict[str, Any], frames: list[list[Any]], cut_short: bool) -> list[Any]:
        """One call of all that a device sent: each frame once the app has answered the one before."""
        closed = False
        for message in self.messages(body):
            if (outputs := self.over(message)) is not None:
                return outputs
            path = f"/stream/{message['event_id']}"
            answered = message["msg"] == "process_streaming"
            if answered and frames:
                self.post(path, {**body, "data": frames.pop(0)})
                answered = False
            if not (closed or frames) and (answered or (cut_short and message["msg"] != "estimation")):
                closed = True
                self.post(f"{path}/close", {})
        return []


def data_url(path: Path, type: str) -> str:
    """What a device saw or heard, as the page sends it."""
    return f"data:{type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def value_of(output: Any) -> Any:
    """The value itself, where the app answers with an update of the control that shows it."""
    if isinstance(output, dict) and output.get("__type__") == "update":
        return output.get("value")
    return output


def differs(expected: Any, live: Any, where: str) -> str:
    """Where a result is not as expected, in words; empty where it is. A member that is null may as well be absent."""
    if isinstance(expected, dict) and isinstance(live, dict):
        keys = [*expected, *(key for key in live if key not in expected)]
        return next((why for key in keys if (why := differs(expected.get(key), live.get(key), f"{where}.{key}"))), "")
    if isinstance(expected, list) and isinstance(live, list) and len(expected) == len(live):
        pairs = enumerate(zip(expected, live))
        return next((why for i, (was, now) in pairs if (why := differs(was, now, f"{where}[{i}]"))), "")
    same = expected == live and (isinstance(expected, bool) == isinstance(live, bool) or not isinstance(expected, (bool, int)))
    both_nan = expected != expected and live != live
    return "" if same or both_nan else f"{where} was {repr(expected)[:80]}, is now {repr(live)[:80]}"

"""The live app that a replay runs against, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from recorder.drift import Drift
from recorder.errors import UsageError
from recorder.registry import Registry
from recorder.replay.plan import Plan
from recorder.replay.report import OnValue, StepReport
from recorder.workflow import Step, Workflow

RETRIES = 5
"""How often a call that was not taken is made again, after 0.2, 0.4 … s."""


class Performer(Protocol):
    """Makes the steps of one run. ``perform`` gives the report of one that has begun, and may raise
    :class:`~recorder.replay.sending.NotMade` or RecorderError; ``on_value`` is told of the values that come."""

    async def perform(
        self, step: Step, report: StepReport, notes: list[str], on_value: OnValue
    ) -> StepReport: ...


class Site(Protocol):
    """The live app, of whatever kind. ``root`` is where it answers, without a final slash."""

    @property
    def root(self) -> str: ...

    @property
    def version(self) -> str: ...

    def drifts(self, workflow: Workflow) -> tuple[Drift, ...]: ...

    def performer(
        self, ready: Plan, files: Path, copies: Path, timeout: float, take: bool = False
    ) -> Performer: ...


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The app to connect to. ``root`` is its address without query and final slash; ``query`` is what its pages are
    opened with; ``environment`` holds its login. ``patience`` and ``retries`` are as in
    :class:`recorder.replay.run.Settings`; ``on_wait`` is called once, with a sentence, when the app is not up yet."""

    kind: str
    root: str
    query: str = ""
    environment: Mapping[str, str] = {}
    patience: float = 10.0
    retries: int = RETRIES
    on_wait: Callable[[str], None] | None = None


Connect = Callable[[Wanted], AbstractAsyncContextManager[Site]]

SITES: Registry[Connect] = Registry(
    {"gradio": "recorder.replay.gradio:connected", "http": "recorder.replay.http:connected"}
)


def connected(wanted: Wanted) -> AbstractAsyncContextManager[Site]:
    """A connection to the app.

    Raises:
        UsageError: apps of this kind cannot be replayed.
    """
    connect = SITES.get(wanted.kind)
    if connect is None:
        raise UsageError(
            f"Apps of kind {wanted.kind!r} cannot be replayed",
            "Update the recorder with `pip install -U api-recorder`",
        )
    return connect(wanted)

"""The adapter for any web app with an HTTP API."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from recorder.adapters import Selection
from recorder.adapters.http import addressing
from recorder.api import Api, Endpoint
from recorder.session import App, Session
from recorder.workflow import Workflow

if TYPE_CHECKING:
    from recorder.adapters.http.fold import HttpFold


class Http:
    """A :class:`recorder.adapters.Adapter`."""

    name = "http"

    def fold(self) -> HttpFold:
        """A new fold."""
        from recorder.adapters.http.fold import HttpFold

        return HttpFold()

    def workflow(self, session: Session, selection: Selection) -> Workflow:
        """See :func:`recorder.adapters.http.steps.workflow`."""
        from recorder.adapters.http.steps import workflow

        return workflow(session, selection)

    def calling(self, app: App, endpoint: Endpoint, given: Collection[str] | None = None) -> Workflow:
        """See :func:`recorder.adapters.http.calling.calling`."""
        from recorder.adapters.http.calling import calling

        return calling(app, endpoint, given)

    def is_call(self, method: str, path: str) -> bool:
        """See :func:`recorder.adapters.http.addressing.is_call`."""
        return addressing.is_call(method, path)

    def addressed(self, api: Api, method: str, path: str, body: bytes) -> tuple[Endpoint, ...]:
        """See :func:`recorder.adapters.http.addressing.addressed`."""
        return addressing.addressed(api, method, path, body)


HTTP = Http()

"""The adapter for any web app with an HTTP API."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from recorder.adapters import Advice, Selection
from recorder.adapters.http import addressing
from recorder.api import Api, Endpoint
from recorder.session import App, Call, Session, Value
from recorder.workflow import Step, Workflow

if TYPE_CHECKING:
    from recorder.adapters.http.fold import HttpFold


class Http:
    """A :class:`recorder.adapters.Adapter`."""

    name = "http"
    declares = False
    by_name = False
    own_texts: frozenset[str] = frozenset()
    advice = Advice(name="operationId", description="a summary", parameter="Describe it in the app")
    naming = None

    def label(self, version: str) -> str:
        """The version is the API's own, and says nothing of what the app is made with."""
        return "HTTP API"

    def recorded(self, call: Call, step: Step, place: int) -> Value | None:
        """The value of the same name in the same part of the request, unless it is null."""
        argument = step.arguments[place]
        at = (argument.location, argument.name)
        found = next((v for v in call.inputs if (v.location, v.name) == at), None)
        return None if found is None or found.value is None else found

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

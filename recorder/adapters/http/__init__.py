"""The adapter for any web app with an HTTP API."""

from __future__ import annotations

from recorder.adapters import Selection
from recorder.adapters.http.fold import HttpFold
from recorder.session import Session
from recorder.workflow import Workflow


class Http:
    """A :class:`recorder.adapters.Adapter`."""

    name = "http"

    def fold(self) -> HttpFold:
        """A new fold."""
        return HttpFold()

    def workflow(self, session: Session, selection: Selection) -> Workflow:
        """See :func:`recorder.adapters.http.steps.workflow`."""
        from recorder.adapters.http.steps import workflow

        return workflow(session, selection)


HTTP = Http()

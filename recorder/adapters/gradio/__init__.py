"""The adapter for Gradio apps."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from recorder.adapters import Selection
from recorder.adapters.gradio import addressing
from recorder.api import Api, Endpoint
from recorder.session import App, Session
from recorder.workflow import Workflow

if TYPE_CHECKING:
    from recorder.adapters.gradio.fold import GradioFold


class Gradio:
    """A :class:`recorder.adapters.Adapter`."""

    name = "gradio"

    def fold(self) -> GradioFold:
        """A new fold."""
        from recorder.adapters.gradio.fold import GradioFold

        return GradioFold()

    def workflow(self, session: Session, selection: Selection) -> Workflow:
        """See :func:`recorder.adapters.gradio.steps.workflow`."""
        from recorder.adapters.gradio.steps import workflow

        return workflow(session, selection)

    def calling(self, app: App, endpoint: Endpoint, given: Collection[str] | None = None) -> Workflow:
        """See :func:`recorder.adapters.gradio.calling.calling`."""
        from recorder.adapters.gradio.calling import calling

        return calling(app, endpoint)

    def is_call(self, method: str, path: str) -> bool:
        """See :func:`recorder.adapters.gradio.addressing.is_call`."""
        return addressing.is_call(method, path)

    def addressed(self, api: Api, method: str, path: str, body: bytes) -> tuple[Endpoint, ...]:
        """See :func:`recorder.adapters.gradio.addressing.addressed`."""
        return addressing.addressed(api, method, path, body)


GRADIO = Gradio()

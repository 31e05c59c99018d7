"""The adapter for Gradio apps."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from recorder.adapters import Advice, Selection
from recorder.adapters.gradio import addressing
from recorder.adapters.gradio.amending import GradioNaming
from recorder.api import Api, Endpoint
from recorder.session import App, Call, Session, Value
from recorder.workflow import Step, Workflow

if TYPE_CHECKING:
    from recorder.adapters.gradio.fold import GradioFold


class Gradio:
    """A :class:`recorder.adapters.Adapter`."""

    name = "gradio"
    declares = True
    by_name = True
    own_texts = frozenset({"endpoint", "id", "api_name", "server_fn"})
    advice = Advice(name="api_name", description="a docstring", parameter="Give its component a label")
    naming = GradioNaming()

    def label(self, version: str) -> str:
        """Gradio, with its version."""
        return f"Gradio {version}"

    def recorded(self, call: Call, step: Step, place: int) -> Value | None:
        """The value at the same position."""
        return call.inputs[place] if place < len(call.inputs) else None

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

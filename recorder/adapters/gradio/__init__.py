"""The adapter for Gradio apps."""

from __future__ import annotations

from recorder.adapters import Selection
from recorder.adapters.gradio.fold import GradioFold
from recorder.session import Session
from recorder.workflow import Workflow


class Gradio:
    """A :class:`recorder.adapters.Adapter`."""

    name = "gradio"

    def fold(self) -> GradioFold:
        """A new fold."""
        return GradioFold()

    def workflow(self, session: Session, selection: Selection) -> Workflow:
        """See :func:`recorder.adapters.gradio.steps.workflow`."""
        from recorder.adapters.gradio.steps import workflow

        return workflow(session, selection)


GRADIO = Gradio()

"""The target ``python``: a script with one function, its keyword arguments what the person chose."""

from __future__ import annotations

from recorder.render import Options
from recorder.render.program import Program
from recorder.workflow import Workflow


class Python:
    """Renders a workflow of a Gradio app as a Python script."""

    name = "python"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the script.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        return _Script(workflow, options).text()


class _Script(Program):
    makes_loops = True


PYTHON = Python()

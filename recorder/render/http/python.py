"""The target ``python`` for apps with an HTTP API: a script on httpx."""

from __future__ import annotations

from recorder.render import Options
from recorder.render.http.program import HttpProgram
from recorder.workflow import Workflow


class Python:
    """Renders a workflow of HTTP requests as a Python script."""

    name = "python"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the script.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        return HttpProgram(workflow, options).text()


PYTHON = Python()

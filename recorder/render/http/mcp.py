"""The target ``mcp`` for apps with an HTTP API: a server with one tool, whose arguments are the variables."""

from __future__ import annotations

from typing import Any

from recorder.render import Options
from recorder.render.http.program import HttpProgram
from recorder.render.literals import python_text
from recorder.workflow import Step, Workflow, identifier


class Mcp:
    """Renders a workflow of HTTP requests as an MCP server over stdio, on the official SDK."""

    name = "mcp"
    suffix = ".py"

    def render(self, workflow: Workflow, options: Options) -> str:
        """The text of the script.

        Raises:
            RecorderError: a link leads nowhere, or a file of the session lies outside its folder.
        """
        return _Server(workflow, options).text()


MCP = Mcp()


class _Server(HttpProgram):
    template = "http_mcp.jinja"

    def __init__(self, workflow: Workflow, options: Options) -> None:
        super().__init__(workflow, options)
        self.names |= {"MCPServer", "server", "sys"}
        self.needs.add("sys")

    def more(self) -> dict[str, Any]:
        title = self.workflow.app.title or self.workflow.app.url
        endpoints = ", ".join(
            dict.fromkeys(step.endpoint.id for step in self.workflow.steps if not step.setup)
        )
        return {
            "tool": python_text(identifier(self.workflow.name, "session")),
            "description": python_text(f"What was recorded of {title}: {endpoints}"),
        }

    def told(self, step: Step, name: str) -> list[str]:
        # What is printed would be taken for the protocol.
        if name and not step.setup:
            self.last = name
        return []

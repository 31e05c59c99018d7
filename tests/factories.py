"""Workflows made by hand, for tests: each factory has defaults for everything, and takes what a test is about."""

from __future__ import annotations

from typing import Any

from recorder.api import Endpoint, Parameter
from recorder.session import App, File
from recorder.workflow import Argument, Output, Step, Variable, Workflow


def an_app(**fields: Any) -> App:
    return App(
        **{
            "url": "http://127.0.0.1:7860",
            "kind": "gradio",
            "version": "6.31.0",
            "api_prefix": "/gradio_api",
            **fields,
        }
    )


def an_endpoint(name: str = "greet", **fields: Any) -> Endpoint:
    return Endpoint(**{"id": f"/{name}", "name": name, "api_name": name, "fn_index": 0, **fields})


def a_step(name: str = "greet", *arguments: Argument, id: str = "", **fields: Any) -> Step:
    return Step(
        **{
            "id": id or name,
            "name": name,
            "endpoint": an_endpoint(name),
            "arguments": arguments,
            "outputs": (Output(name="greeting", value="Hello"),),
            **fields,
        }
    )


def a_raw_step(name: str = "greet", *arguments: Argument, fn_index: int = 0, **fields: Any) -> Step:
    endpoint = an_endpoint(name, api_name=None, fn_index=fn_index, visibility="private")
    return a_step(name, *arguments, **{"via": "raw", "endpoint": endpoint, **fields})


def an_argument(value: Any = "World", name: str = "name", **fields: Any) -> Argument:
    return Argument(name=name, value=value, **fields)


def a_variable(value: Any = "World", name: str = "name", **fields: Any) -> Variable:
    return Variable(**{"name": name, "value": value, "python_type": "str", **fields})


def a_file(name: str = "cat.png", **fields: Any) -> File:
    return File(**{"name": name, "sha256": "3fa9", "path": f"session.files/3fa9/{name}", **fields})


def a_workflow(*steps: Step, **fields: Any) -> Workflow:
    return Workflow(**{"name": "session", "app": an_app(), "steps": steps, **fields})


def a_parameter(name: str = "name", **fields: Any) -> Parameter:
    return Parameter(name=name, **fields)


def a_streamed_step(connection: str, **fields: Any) -> Step:
    picture = a_file(path="session.files/1/a.jpg", type="image/jpeg", inline=True)
    endpoint = an_endpoint("see", fn_index=4, connection=connection)
    return a_step(
        "see", an_argument({"url": picture}), an_argument(None, state=True), endpoint=endpoint, via="raw",
        frames=(({"url": picture}, None), ({"url": picture}, None)), trigger_id=7, **fields,
    )  # fmt: skip


def a_server_step(value: Any, **fields: Any) -> Step:
    endpoint = an_endpoint(
        "add", api_name=None, server_fn="add", visibility="private",
        parameters=(a_parameter("data", component_id=12),), **fields,
    )  # fmt: skip
    return a_step("add", an_argument(value, name=""), endpoint=endpoint, via="raw")

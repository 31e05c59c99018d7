"""Snippets of documentation: whatever the values are, they parse and hold exactly these."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.adapters import adapters
from recorder.api import Endpoint, Parameter
from recorder.render.snippets import snippet
from recorder.serve.page import of_schema
from recorder.session import App
from recorder.workflow import Workflow
from tests.javascript import shapes

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
HOSTILE = [
    "'; rm -rf /; '",
    '"""',
    "${x}`y`$(z)",
    "</script>",
    "\u2028\n\\",
    "@/etc/passwd",
    "a (1).png",
    "%41&b=c",
]


def call_of(kind: str, value: Any) -> Workflow:
    """One call that sends ``value`` wherever it can."""
    import msgspec

    if kind == "gradio":
        endpoint = Endpoint(
            id="/f", name="f", api_name="f", parameters=(Parameter(name="text"), Parameter(name="other"))
        )
    else:
        endpoint = Endpoint(
            id="POST /things/{id}",
            name="make",
            method="POST",
            path="/things/{id}",
            parameters=(
                Parameter(name="id", location="path", required=True),
                Parameter(name="q", location="query"),
                Parameter(name="text", location="json"),
            ),
        )
    made = adapters()[kind].calling(App(url="http://app.test", kind=kind, api_prefix="/gradio_api"), endpoint)
    step = made.steps[0]
    arguments = tuple(msgspec.structs.replace(argument, value=value) for argument in step.arguments)
    return msgspec.structs.replace(
        made, steps=(msgspec.structs.replace(step, arguments=arguments),), variables=()
    )


@pytest.mark.parametrize("kind", ["gradio", "http"])
@given(value=TEXTS)
def test_a_value_in_python_is_the_value_and_nothing_else(kind: str, value: str) -> None:
    tree = ast.parse(snippet(call_of(kind, value), "python"))
    plain = ast.parse(snippet(call_of(kind, "x"), "python"))

    def shape(node: ast.AST) -> Any:
        return (type(node).__name__, [shape(child) for child in ast.iter_child_nodes(node)])

    assert shape(tree) == shape(plain)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert value in texts


@pytest.mark.parametrize("kind", ["gradio", "http"])
def test_a_value_in_javascript_adds_no_syntax(kind: str) -> None:
    made = [snippet(call_of(kind, value), "javascript") for value in ["x", *HOSTILE]]
    assert len({json.dumps(shape) for shape in shapes(made)}) == 1


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", ["gradio", "http"])
def test_a_value_for_curl_is_one_word_of_the_shell(kind: str, value: str, tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nfor word do printf "%s\\n" "$word" >> "$LOG"; done\n')
    curl.chmod(0o755)
    log = tmp_path / "log"
    done = subprocess.run(
        ["dash", "-c", snippet(call_of(kind, value), "curl")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LOG": str(log)}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    bodies = [line for line in log.read_text().splitlines() if line.startswith("{")]
    wanted = {"data": [value, value]} if kind == "gradio" else {"text": value}
    assert [json.loads(body) for body in bodies] == [wanted]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}, 0.5),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": ["string", "null"], "format": "date"}, "2026-01-31"),
        ({"anyOf": [{"type": "null"}, {"enum": ["a"]}]}, "a"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
        ({"const": 3}, 3),
        ({}, "text"),
        (None, None),
    ],
)
def test_an_example_is_what_its_schema_allows(schema: Any, value: Any) -> None:
    assert of_schema(schema) == value

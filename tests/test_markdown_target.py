"""The Markdown target: a document in which recorded text is text."""

from __future__ import annotations

import re

import pytest

from recorder.render import render
from recorder.render.literals import markdown_code, markdown_text
from recorder.workflow import Link, Output, VariableRef
from tests.factories import a_file, a_step, a_streamed_step, a_variable, a_workflow, an_app, an_argument
from tests.test_literals import NASTY
from tests.test_python_target import hostile_workflow


def test_a_session_is_told_step_by_step() -> None:
    text = render(
        a_workflow(
            a_step("greet", an_argument(VariableRef(name="name"), label="Name"), trigger="clicked Go"),
            a_step("look", an_argument(Link(step="greet", output=0), "x"), an_argument(a_file(), "y")),
            a_step("fail", expect="failed", error="no tea"),
            variables=(a_variable(label="Name"),),
            app=an_app(title="Greeter"),
        ),
        "markdown",
    )
    assert text == (
        "# Greeter\n\n"
        "Recorded with API Recorder at `http://127.0.0.1:7860` (gradio 6\\.31\\.0): 3 steps.\n\n"
        '## What can be chosen\n\n- `name` (Name): `"World"`\n\n'
        "## 1. `/greet`\n\nclicked Go.\n\nInputs:\n\n- Name: the variable `name`\n\n"
        'Outputs:\n\n- greeting: `"Hello"`\n\n'
        "## 2. `/look`\n\nMade by the page.\n\nInputs:\n\n- x: output 1 of step 1\n"
        "- y: the file `cat.png`, kept as `session.files/3fa9/cat.png`\n\n"
        'Outputs:\n\n- greeting: `"Hello"`\n\n'
        "## 3. `/fail`\n\nMade by the page.\n\nIt failed: `no tea`.\n"
    )


def test_what_a_device_sent_is_told_frame_by_frame() -> None:
    text = render(a_workflow(a_streamed_step("stream", cut_short=True)), "markdown")
    frame = '`{"url": "<the file cat.png, kept as session.files/1/a.jpg>"}`'
    told = text.split("Then a device sent, each once the one before was answered, the last without waiting")[
        1
    ]
    assert f"1. {frame}\n2. {frame}\n" in told


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_recorded_text_stays_in_its_place(text: str) -> None:
    code = markdown_code(text)
    fence = re.match("`+", code)
    assert fence is not None
    # A span ends at the first run of backticks as long as the one that began it.
    inside = code[fence.end() : -fence.end()]
    assert code.endswith(fence.group()) and fence.group() not in re.findall("`+", inside)
    assert code.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>`\[\]*_#|&]", markdown_text(text))


def headings(text: str) -> list[str]:
    return [line.split(" ")[0] for line in text.splitlines() if re.match(r"#|-|[A-Z]\w+:", line)]


def test_a_hostile_session_has_the_headings_of_a_benign_one() -> None:
    benign = headings(render(hostile_workflow("benign", "benign", True), "markdown"))
    for text in NASTY:
        if text and len(text) < 100:
            assert headings(render(hostile_workflow(text, text, True), "markdown")) == benign, text


def test_long_values_are_cut() -> None:
    text = render(
        a_workflow(a_step("a", an_argument("x" * 5000), outputs=(Output(value="y" * 5000),))), "markdown"
    )
    assert len(text) < 3000

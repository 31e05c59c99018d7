"""Sessions that fail, made as small as they can be, on a real app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.conftest import run_recorder as recorder
from e2e.recording import a_call, a_session, description_of
from recorder.session import Session, read, write

APP = """
import gradio as gr

BROKEN = False

def push(n, state):
    state = [*(state or []), n]
    return len(state), state

def total(text, state):
    if BROKEN and 13 in (state or []) and "x" in text:
        raise gr.Error(f"cannot add up {text!r}")
    return f"{text}: {sum(state or []):g}", state

def shout(text):
    return text.upper() + ("?" if BROKEN else "")

with gr.Blocks() as demo:
    number, count, text, words, state = (
        gr.Number(label="N"), gr.Number(label="Count"), gr.Textbox(label="Text"), gr.Textbox(label="Words"), gr.State([]),
    )
    for fn, inputs, outputs in ((push, [number, state], [count, state]), (total, [text, state], [words, state]),
    (shout, text, words)):
        gr.Button(fn.__name__).click(fn, inputs, outputs, api_name=fn.__name__)
demo.launch()
"""


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GradioApp]:
    try:
        app = GradioApp(gradio_python(getattr(request, "param", "6")), APP, tmp_path / "app")
    except NotStarted as error:
        pytest.skip(str(error))
    yield app
    app.stop()


def long_session(app: GradioApp) -> Session:
    """Sixty calls, of which only one pair is at fault once the app is broken: c20 puts 13 into the State, and c45
    adds up."""
    description = description_of(app)
    calls = []
    numbers: list[int] = []
    for n in range(1, 61):
        if n == 45:
            gives = [f"what is in the xylophone: {sum(numbers)}", None]
            calls.append(a_call(description, f"c{n}", "total", "what is in the xylophone", None, gives=gives))
        elif n % 3 == 0:
            calls.append(
                a_call(description, f"c{n}", "total", "plain", None, gives=[f"plain: {sum(numbers)}", None])
            )
        else:
            numbers.append(13 if n == 20 else 100 + n)
            calls.append(a_call(description, f"c{n}", "push", numbers[-1], None, gives=[len(numbers), None]))
    return a_session(app, description, calls)


def left(path: Path) -> list[tuple[str, list[Any]]]:
    return [(call.id, [v.value for v in call.inputs if not v.state]) for call in read(path).calls]


# It knows nothing of the wire: replays on every line are tested elsewhere.
@pytest.mark.parametrize("app", ["6"], indirect=True)
def test_a_long_session_is_shrunk_to_the_pair_that_fails_and_to_its_smallest_inputs(
    app: GradioApp, tmp_path: Path
) -> None:
    file = tmp_path / "session.json"
    write(long_session(app), file)
    assert recorder("replay", file).returncode == 0
    app.restart(APP.replace("BROKEN = False", "BROKEN = True"))
    done = recorder("shrink", file, "--fails", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["calls"], told["kept"]) == ([60, 2], ["c20", "c45"])
    # 13 is what it takes; of the text only the letter.
    assert left(tmp_path / "session.min.json") == [("c20", [13]), ("c45", ["x"])]
    again = recorder("replay", tmp_path / "session.min.json")
    assert again.returncode == 1
    assert again.stdout.splitlines()[:-1] == ["c45 /total: failed: cannot add up 'x'"]
    # Sixty calls were not gone through one by one.
    assert told["tries"] < 60


def test_where_an_output_differs_the_calls_are_left_out_and_the_inputs_stay(
    app: GradioApp, tmp_path: Path
) -> None:
    description = description_of(app)
    calls = [a_call(description, f"c{n}", "push", n, None, gives=[n, None]) for n in range(1, 9)]
    calls.insert(5, a_call(description, "wrong", "shout", "hello", gives=["HELLO"]))
    file = tmp_path / "session.json"
    write(a_session(app, description, calls), file)
    app.restart(APP.replace("BROKEN = False", "BROKEN = True"))
    done = recorder("shrink", file, "--fails", "-o", tmp_path / "bug.json")
    assert done.returncode == 0, done.stderr
    assert "c" not in [id for id, _ in left(tmp_path / "bug.json")]
    assert left(tmp_path / "bug.json") == [("wrong", ["hello"])]
    assert "1 call of 9 left" in done.stdout


def test_a_failure_that_was_recorded_is_shrunk_too(app: GradioApp, tmp_path: Path) -> None:
    app.restart(APP.replace("BROKEN = False", "BROKEN = True"))
    description = description_of(app)
    calls = [a_call(description, f"c{n}", "push", n, None, gives=[n, None]) for n in range(1, 15)]
    calls.append(a_call(description, "bad", "total", "xx", None, status="failed", error="cannot add up 'xx'"))
    file = tmp_path / "session.json"
    write(a_session(app, description, calls), file)
    assert recorder("replay", file).returncode == 0
    done = recorder("shrink", file, "--fails")
    assert done.returncode == 0, done.stderr
    assert left(tmp_path / "session.min.json") == [("c13", [13]), ("bad", ["x"])]
    assert recorder("replay", tmp_path / "session.min.json").returncode == 0


def test_a_session_that_does_not_fail_is_told_so(app: GradioApp, tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    description = description_of(app)
    write(a_session(app, description, [a_call(description, "c1", "shout", "a", gives=["A"])]), file)
    done = recorder("shrink", file, "--fails")
    assert done.returncode == 1
    assert "Nothing fails: every output is as recorded" in done.stderr
    assert not (tmp_path / "session.min.json").exists()

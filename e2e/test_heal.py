"""What replay says and does when the API of an app has changed: each change on a real app, with and without
--heal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.conftest import run_recorder as recorder
from e2e.recording import a_call, a_session, description_of
from recorder import adapters
from recorder.render import render
from recorder.session import Session, read, write

APP = """
import gradio as gr
from calllog import logged

@logged
def order(item, size, colour):
    return f"{item}, {size:g}, {colour}", item.upper()

@logged
def close(words):
    return words[::-1]

with gr.Blocks() as demo:
    item = gr.Textbox(label="Item")
    size = gr.Slider(1, 10, label="Size")
    colour = gr.Dropdown(["red", "deep blue", "green"], label="Colour")
    words, loud, closed = gr.Textbox(label="Words"), gr.Textbox(label="Loud"), gr.Textbox(label="Closed")
    gr.Button("order").click(order, [item, size, colour], [words, loud], api_name="order")
    gr.Button("close").click(close, loud, closed, api_name="close")
demo.launch()
"""

RENAMED = APP.replace('api_name="order"', 'api_name="place_order"')
PARAMETER_RENAMED = (
    APP.replace("def order(item, size", "def order(product, size")
    .replace("{item}", "{product}")
    .replace("item.upper()", "product.upper()")
)
ADDED = APP.replace("def order(item, size, colour)", "def order(item, size, colour, gift=False)").replace(
    "[item, size, colour], [words", '[item, size, colour, gr.Checkbox(label="Gift")], [words'
)
REORDERED = APP.replace("def order(item, size, colour)", "def order(colour, item, size)").replace(
    "[item, size, colour], [words", "[colour, item, size], [words"
)
CHOICES = APP.replace('"deep blue"', '"Deep-Blue"')
OUTPUTS = APP.replace(
    'return f"{item}, {size:g}, {colour}", item.upper()', 'return item.upper(), f"{item}, {size:g}, {colour}"'
).replace("[words, loud]", "[loud, words]")
REQUIRED = ADDED.replace("gift=False", "gift").replace('gr.Checkbox(label="Gift")', 'gr.Image(label="Gift")')
CHOICE_GONE = APP.replace('"deep blue"', '"yellow"')
REMOVED = (
    APP.replace("def order(item, size, colour)", "def order(item, size)")
    .replace("{colour}", "red")
    .replace("[item, size, colour], [words", "[item, size], [words")
)
GONE = APP.replace(
    'gr.Button("order").click(order, [item, size, colour], [words, loud], api_name="order")', ""
)
OTHER_KIND = APP.replace('gr.Slider(1, 10, label="Size")', 'gr.File(label="Size")').replace("{size:g}", "3")


@pytest.fixture(scope="module", params=["6"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GradioApp, Session]]:
    try:
        app = GradioApp(gradio_python(request.param), APP, tmp_path_factory.mktemp("heal"))
    except NotStarted as error:
        pytest.skip(str(error))
    description = description_of(app)
    first = a_call(description, "c1", "order", "tea", 3, "deep blue", gives=["tea, 3, deep blue", "TEA"])
    second = a_call(description, "c2", "close", "TEA", gives=["AET"])
    link = msgspec.structs.replace(second.inputs[0], changed=False, written_by="c1", output=1)
    yield app, a_session(app, description, [first, msgspec.structs.replace(second, inputs=(link,))])
    app.stop()


HEALED = [
    pytest.param(RENAMED, "/order is called /place_order now", id="endpoint renamed"),
    pytest.param(
        PARAMETER_RENAMED, "/order calls its parameter 'item' 'product' now", id="parameter renamed"
    ),
    pytest.param(
        ADDED, "/order has a new parameter 'gift', by default false", id="parameter added with a default"
    ),
    pytest.param(
        REORDERED,
        "/order takes its parameters in another order: 'colour', 'item', 'size'",
        id="parameters reordered",
    ),
    pytest.param(
        CHOICES,
        '/order offers no "deep blue" for \'colour\' any more, but "red", "Deep-Blue", "green"',
        id="choices renamed",
    ),
    pytest.param(OUTPUTS, "/order gives its outputs in another order", id="outputs reordered"),
]


@pytest.mark.parametrize(
    ("recorded", "source", "told"),
    [
        *(pytest.param("6", *case.values, id=f"{case.id} on 6") for case in HEALED),
        # The older lines describe their parameters and choices in their own ways.
        *(
            pytest.param(line, *case.values, id=f"{case.id} on {line}")
            for line in ("5", "4")
            for case in HEALED[2:5]
        ),
    ],
    indirect=["recorded"],
)
def test_a_change_that_can_be_healed(
    source: str, told: str, recorded: tuple[GradioApp, Session], tmp_path: Path
) -> None:
    app, session = recorded
    file = tmp_path / "session.json"
    write(session, file)
    app.restart(source)
    before = recorder("replay", file)
    assert before.returncode == 1, before.stdout
    assert told in before.stdout.splitlines()[0]
    assert "--heal can adapt the session, confidence" in before.stdout
    assert read(file) == session, "nothing is applied unasked"
    rehearsed = recorder("replay", file, "--heal", "--dry-run")
    assert told in rehearsed.stderr
    assert read(file) == session
    healed = recorder("replay", file, "--heal")
    # A choice that is called otherwise is also told otherwise by this app.
    as_recorded = source != CHOICES
    assert (healed.returncode == 0) == as_recorded, healed.stdout + healed.stderr
    kept = read(file)
    assert (kept.calls, kept.api) == (session.calls, session.api), "what was recorded is kept"
    assert len(kept.patches) == 1
    # From now on everything reads the session so: replay again, and a script by the public client.
    app.restart(source)
    assert (recorder("replay", file).returncode == 0) == as_recorded
    script = tmp_path / "script.py"
    script.write_text(render(adapters.workflow(kept), "python"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    called = [entry["inputs"] for entry in app.wait_for_log(4) if entry["function"] == "order"]
    assert called[0] == called[1]
    assert {"tea", 3} <= set(called[0])


@pytest.mark.parametrize(
    ("source", "told", "why"),
    [
        pytest.param(
            CHOICE_GONE, 'offers no "deep blue"', 'none of these is like "deep blue"', id="choice gone"
        ),
        pytest.param(
            REMOVED,
            "/order has no parameter 'colour' any more",
            "the session has a value for 'colour'",
            id="parameter gone",
        ),
        pytest.param(
            REQUIRED,
            "/order has a new parameter 'gift'",
            "'gift' has no default, and the session no value for it",
            id="parameter added without a default",
        ),
        pytest.param(
            OTHER_KIND, "takes another kind of value for 'size'", "may be none for file", id="another kind"
        ),
    ],
)
def test_a_change_that_cannot_be_healed_is_refused_with_the_reason(
    source: str, told: str, why: str, recorded: tuple[GradioApp, Session], tmp_path: Path
) -> None:
    app, session = recorded
    file = tmp_path / "session.json"
    write(session, file)
    app.restart(source)
    done = recorder("replay", file, "--heal")
    assert done.returncode == 1
    assert "not healed: /order" in done.stderr
    assert told in done.stderr
    assert why in done.stderr
    assert read(file) == session
    report = json.loads(recorder("replay", file, "--json").stdout)
    assert [step["status"] for step in report["steps"]] == ["changed", "not_run"]


def test_an_endpoint_that_is_gone_is_not_taken_for_another(
    recorded: tuple[GradioApp, Session], tmp_path: Path
) -> None:
    app, session = recorded
    file = tmp_path / "session.json"
    write(session, file)
    app.restart(GONE)
    done = recorder("replay", file, "--heal")
    assert done.returncode == 1
    assert "the app has no endpoint /order any more; it has /close" in done.stderr
    assert read(file) == session

"""What replays teach of an app that never answers twice the same: a real one, through the command line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.conftest import run_recorder as recorder
from e2e.recording import a_call, a_session, description_of
from recorder.session import read, write

APP = """
import datetime, itertools, random, uuid
import gradio as gr
from PIL import Image

# No two answers in turn are in the same order, or have the same noise: what is random may happen not to differ.
turn = itertools.count()

def answer(name):
    n = next(turn)
    people = [{"id": uuid.uuid4().hex, "name": n} for n in ("ann", "ben", "cleo")]
    people = people[n % 3:] + people[:n % 3]
    tags = ["a", "b", "c", "d", "e", "f"]
    tags = tags[n % 6:] + tags[:n % 6]
    said = f"Hello {name}, it is {datetime.datetime.now():%H:%M:%S}"
    return said, {"id": str(uuid.uuid4()), "people": people, "tags": tags, "total": 3 + n % 2 / 100, "kept": "KEPT"}

def table():
    return {"headers": ["name", "score"], "data": [["ann", random.random()], ["ben", random.random()]]}

def picture():
    image = Image.new("RGB", (64, 64), (200, 80, 40))
    image.putpixel((random.randrange(64), random.randrange(64)), (210, 90, random.randrange(30, 60)))
    return image

def length(text): return len(text)

with gr.Blocks() as demo:
    name, said, data, number = gr.Textbox(label="Name"), gr.Textbox(label="Said"), gr.JSON(label="Data"), gr.Number(label="N")
    scores, shown = gr.Dataframe(label="Scores"), gr.Image(label="Shown", format="png")
    for fn, inputs, outputs in ((answer, name, [said, data]), (table, None, scores), (picture, None, shown), (length, said, number)):
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


def recorded(app: GradioApp, folder: Path) -> Path:
    """A session of what the app gave once: its first answers, as replay reads them."""
    description = description_of(app)
    calls = [
        a_call(description, "c1", "answer", "Ann", gives=["", {}]),
        a_call(description, "c2", "table", gives=[None]),
        a_call(description, "c3", "picture", gives=[None]),
    ]
    file = folder / "session.json"
    session = a_session(app, description, calls)
    write(session, file)
    answers = json.loads(recorder("replay", file, "--json").stdout)["steps"]
    tree = json.loads(file.read_text())
    for call, step in zip(tree["calls"], answers, strict=True):
        for output, given in zip(call["outputs"], step["outputs"], strict=True):
            output["value"] = given["value"]
    (folder / "session.files").mkdir()
    image = tree["calls"][2]["outputs"][0]["value"]["$file"]
    kept = folder / "session.files" / "shown.png"
    kept.write_bytes(Path(image["server_path"]).read_bytes())
    image |= {
        "path": "session.files/shown.png",
        "sha256": hashlib.sha256(kept.read_bytes()).hexdigest(),
        "size": kept.stat().st_size,
    }
    file.write_text(json.dumps(tree))
    said = tree["calls"][0]["outputs"][0]["value"]
    last = a_call(description, "c4", "length", said, gives=[len(said)])
    link = msgspec.structs.replace(last.inputs[0], changed=False, written_by="c1", output=0)
    last = msgspec.structs.replace(last, inputs=(link,))
    session = read(file)
    write(msgspec.structs.replace(session, calls=(*session.calls, last)), file)
    return file


@pytest.mark.parametrize("app", ["6"], indirect=True)
def test_an_app_with_a_clock_random_ids_and_unordered_lists_is_learnt_and_a_real_change_stays_red(
    app: GradioApp, tmp_path: Path
) -> None:
    file = recorded(app, tmp_path)
    assert recorder("replay", file).returncode == 1
    rehearsed = recorder("replay", file, "--learn", "3", "--dry-run")
    assert "learnt: c1 /answer" in rehearsed.stderr
    assert read(file).expectations == ()
    taught = recorder("replay", file, "--learn", "3")
    assert taught.returncode == 0, taught.stdout + taught.stderr
    session = read(file)
    found = {(e.call, e.kind, "/".join(map(str, e.path))) for e in session.expectations}
    assert found >= {
        ("c1", "pattern", ""),
        ("c1", "pattern", "id"),
        ("c1", "unordered", "people"),
        ("c1", "pattern", "people/*/id"),
        ("c1", "unordered", "tags"),
        ("c1", "tolerance", "total"),
        ("c2", "volatile", "data/*/1"),
        ("c3", "tolerance", ""),
    }
    assert all(e.evidence for e in session.expectations)
    # The clock was passed on, and its text taken wherever it went.
    assert [(p.call, p.input, p.proof) for p in session.proofs] == [("c4", 0, "link")]
    green = recorder("replay", file)
    assert green.returncode == 0, green.stdout
    module = tmp_path / "test_generated.py"
    recorder("render", file, "--target", "pytest", "-o", module)
    generated = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", str(module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout
    for was, now, where in (
        ('"KEPT"', '"LOST"', "c1 /answer, output 'Data' at kept"),
        ('"cleo"', '"dora"', "c1 /answer, output 'Data' at people"),
        ('["ben", random', '["bob", random', "c2 /table, output 'Scores' at row 2, column \"name\""),
        ("(200, 80, 40)", "(20, 80, 240)", "c3 /picture, output 'Shown'"),
        ("3 + n % 2", "4 + n % 2", "c1 /answer, output 'Data' at total"),
    ):
        app.restart(APP.replace(was, now))
        red = recorder("replay", file)
        assert red.returncode == 1, was
        assert where in red.stdout, red.stdout


def test_what_is_the_same_in_all_replays_and_not_as_recorded_is_not_learnt(
    app: GradioApp, tmp_path: Path
) -> None:
    file = recorded(app, tmp_path)
    app.restart(APP.replace('"KEPT"', '"LOST"'))
    done = recorder("replay", file, "--learn", "2")
    assert done.returncode == 1
    assert "not learnt: c1 /answer, output 'Data' at kept: it is \"LOST\" in all replays" in done.stderr
    assert not [e for e in read(file).expectations if "kept" in e.path]


def test_every_form_of_the_report_tells_the_same(app: GradioApp, tmp_path: Path) -> None:
    file = recorded(app, tmp_path)
    junit, page = tmp_path / "report.xml", tmp_path / "report.html"
    done = recorder("replay", file, "--repeat", 2, "--junit", junit, "--html", page, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [len(run["steps"]) for run in told["runs"]] == [4, 4]
    suites = xml.parse(junit).getroot()
    assert [suite.get("tests") for suite in suites] == ["4", "4"]
    failures = [
        case.find("failure").get("message")
        for case in suites.iter("testcase")
        if case.find("failure") is not None
    ]  # type: ignore[union-attr]
    assert all(any(message in sentence for sentence in told["sentences"]) for message in failures)
    text = page.read_text()
    assert "Not as recorded" in text
    # Both pictures stand in it, the recorded one and what came.
    assert text.count("data:image/png;base64,") >= 2

"""Replay against real Gradio apps, from workflows written by hand: what is sent, and what is found different."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from e2e.recording import ANYTHING, Recording, link, told
from recorder.api import Endpoint, Parameter
from recorder.errors import AppError, FileError, UsageError
from recorder.replay.report import StepReport
from recorder.replay.run import Settings, replay
from recorder.session import App, File, SecretName
from recorder.workflow import Argument, Output, SecretRef, Step, Workflow

APP = """
import os, time
import gradio as gr
from calllog import logged

SIX = gr.__version__ >= "6"
PRIVATE = {"api_visibility": "private"} if SIX else {"api_name": False}

@logged
def greet(name): return f"Hello {name}"

@logged
def shout(text): return text.upper()

@logged
def count(n, state):
    state = (state or 0) + int(n)
    return state, state

@logged
def spell(word):
    for i in range(len(word)):
        time.sleep(0.02)
        yield word[: i + 1], [{"n": j} for j in range(i % 3 + 1)]

@logged
def endless():
    n = 0
    while True:
        n += 1
        yield str(n)
        time.sleep(0.05)

@logged
def copy(file):
    path = os.path.join(os.path.dirname(file), "copy of " + os.path.basename(file))
    with open(file, "rb") as source, open(path, "wb") as target:
        target.write(source.read().upper())
    return path, os.path.basename(file), f"kept at {file}"

@logged
def secretly(text): return "secretly " + text

def pick(evt: gr.SelectData): return f"{evt.index} {evt.value} {type(evt.target).__name__}"

@logged
def fail(text): raise gr.Error("no luck, " + text)

@logged
def choose(kind):
    return gr.update(choices=[kind, kind * 2], value=kind) if kind else gr.update(visible=False)

def where(request: gr.Request): return request.query_params.get("who", "nobody")

with gr.Blocks() as demo:
    name = gr.Textbox(label="Name")
    greeting = gr.Textbox(label="Greeting")
    file = gr.File(label="File")
    copied = gr.File(label="Copy")
    path = gr.Textbox(label="Path")
    data = gr.JSON(label="Data")
    number = gr.Number(label="Number")
    state = gr.State(0)
    drop = gr.Dropdown(["a"], label="Drop")
    gallery = gr.Radio(["x", "y"], label="Pick")
    def on(fn, inputs, outputs, **named):
        gr.Button(fn.__name__).click(fn, inputs, outputs, **({"api_name": fn.__name__} | named))
    on(greet, name, greeting)
    on(shout, greeting, greeting)
    on(count, [number, state], [number, state])
    on(spell, name, [greeting, data])
    on(endless, None, greeting)
    on(copy, file, [copied, greeting, path])
    on(secretly, name, greeting, **PRIVATE)
    gallery.select(pick, None, greeting, api_name="pick")
    on(fail, name, greeting)
    on(choose, name, drop)
    on(where, None, greeting, api_name="where")
    on(greet, name, greeting, api_name="directly", queue=False)
    on(fail, name, greeting, api_name="directly_failing", queue=False)

    @gr.render(inputs=name, triggers=[name.submit])
    def made(text):
        for letter in text:
            box = gr.Textbox(label=letter)
            gr.Button(letter).click(lambda t, l=letter: f"{l}: {t}", box, greeting, api_name="say_" + letter)

demo.queue().launch()
"""


NAMES = ("a (1).txt", "schön.txt", "plain.txt", "it's.txt", "50% #1.txt")


def have(line: str) -> bool:
    try:
        return gradio_python(line).exists()
    except NotStarted:
        return False


@pytest.fixture(scope="module", params=["6", *(line for line in ("5", "4") if have(line))])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    try:
        python = gradio_python(request.param)
    except NotStarted as error:
        pytest.skip(str(error))
    app = GradioApp(python, APP, tmp_path_factory.mktemp("replay"))
    yield app
    app.stop()


@pytest.fixture
def recording(app: GradioApp) -> Recording:
    return Recording(app)


async def test_a_chain_is_made_again_with_what_comes_out_this_time(recording: Recording) -> None:
    first = recording.add("greet", "Ann", gives=["Hello Ann"])
    recording.add("shout", link(first), gives=["HELLO ANN"])
    report = await recording.replay()
    assert report.ok, told(report)
    assert told(report) == []
    assert [step.outputs[0].value for step in report.steps] == ["Hello Ann", "HELLO ANN"]


async def test_another_output_is_told_with_step_endpoint_label_and_words(recording: Recording) -> None:
    recording.add("greet", "Ann", gives=["Hallo Ann"])
    report = await recording.replay()
    assert not report.ok
    assert report.sentences() == ["c1 /greet, output 'Greeting': [-Hallo-]{+Hello+} Ann"]
    assert json.loads(report.dump())["steps"][0]["outputs"][0]["differences"][0]["live"] == "Hello Ann"


async def test_state_lives_as_long_as_the_page_and_pages_do_not_share_it(recording: Recording) -> None:
    recording.add("count", 2, None, gives=[2, None])
    recording.add("count", 3, None, gives=[5, None])
    recording.add("count", 4, None, gives=[4, None], page="p2")
    recording.add("count", 1, None, gives=[6, None])
    report = await recording.replay()
    assert report.ok, told(report)


async def test_the_values_of_a_stream_are_told_as_they_come(recording: Recording) -> None:
    recording.add("spell", "word", gives=["word", [{"n": 0}]])
    seen: list[StepReport] = []
    report = await recording.replay(on_progress=seen.append)
    assert report.ok, told(report)
    assert [(s.status, s.yields) for s in seen if s.yields < 4] == [("running", n) for n in range(4)]
    assert (seen[-1].status, seen[-1].yields) == ("ok", 4)


async def test_files_travel_by_content_and_keep_their_names(recording: Recording, tmp_path: Path) -> None:
    kept = tmp_path / "session.files"
    kept.mkdir()
    (kept / "one").write_bytes(b"content")
    digest, upper = hashlib.sha256(b"content").hexdigest(), hashlib.sha256(b"CONTENT").hexdigest()
    for name in NAMES:
        sent = File(name=name, sha256=digest, size=7, path="session.files/one")
        back = File(name=f"copy of {name}", sha256=upper, size=7, server_path="/elsewhere")
        recording.add("copy", sent, gives=[back, ANYTHING, f"kept at /x/{'0' * 64}/{name}"])
    report = await recording.replay(tmp_path)
    differing = {output.name for step in report.steps for output in step.outputs if output.differences}
    # Older lines take characters out of the names of files that they are sent.
    assert differing == ({"o1"} if recording.exact_names else {"o1", "o2"}), told(report)
    if recording.exact_names:
        assert [step.outputs[1].value for step in report.steps] == list(NAMES)
    assert len({step.outputs[0].value.server_path for step in report.steps}) == len(NAMES)


async def test_a_file_with_other_content_is_a_difference(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"content")
    sent = File(name="a.txt", sha256=hashlib.sha256(b"content").hexdigest(), size=7, path="one")
    recording.add("copy", sent, gives=[File(name="x", sha256="0" * 64, size=9)])
    report = await recording.replay(tmp_path)
    assert report.sentences() == [
        "c1 /copy, output 'Copy': the file has other content: was 9 bytes, now 7 bytes"
    ]


async def test_a_file_whose_bytes_were_lost_is_not_passed_off_as_compared(
    recording: Recording, tmp_path: Path
) -> None:
    (tmp_path / "one").write_bytes(b"content")
    sent = File(name="a.txt", sha256=hashlib.sha256(b"content").hexdigest(), size=7, path="one")
    recording.add("copy", sent, gives=[File(name="copy of a.txt", size=7, lost="it was too large")])
    report = await recording.replay(tmp_path)
    assert [note for note in report.notes() if "compared by name and size only" in note], told(report)


async def test_what_no_public_client_can_call_is_called(recording: Recording) -> None:
    recording.add("secretly", "me", gives=["secretly me"])
    event = {"index": 1, "value": "y"}
    recording.add("pick", gives=["1 y Radio"], event_data=event)
    report = await recording.replay()
    assert report.ok, told(report)


async def test_what_failed_is_expected_to_fail(recording: Recording) -> None:
    recording.add("fail", "Ann", expect="failed", error="no luck, Ann")
    recording.add("directly_failing", "Ben", expect="failed", error="no luck, Ben")
    recording.add("greet", "Ann", gives=["Hello Ann"])
    report = await recording.replay()
    assert report.ok, told(report)
    assert told(report) == []
    assert [step.error for step in report.steps] == ["no luck, Ann", "no luck, Ben", None]


async def test_a_new_failure_is_told_and_what_needs_it_is_not_made(recording: Recording) -> None:
    first = recording.add("fail", "Ann", gives=["fine"])
    recording.add("shout", link(first), gives=["FINE"])
    recording.add("greet", "Ann", expect="failed", error="down")
    recording.add("greet", "Ben", gives=["Hello Ben"])
    report = await recording.replay()
    assert [step.status for step in report.steps] == ["failed", "not_run", "ok", "ok"]
    assert [step.ok for step in report.steps] == [False, False, False, True]
    assert report.sentences() == [
        "c1 /fail: failed: no luck, Ann",
        "c2 /shout: it needs what c1 gives, which failed",
        "c3 /greet: failed when it was recorded (down), and now does not",
    ]


async def test_a_cancel_is_made_again_and_the_page_goes_on(recording: Recording) -> None:
    recording.add("endless", expect="cancelled", cancel_after=3)
    recording.add("greet", "Ann", gives=["Hello Ann"])
    recording.add("endless", expect="unfinished", yields=2)
    report = await recording.replay()
    assert report.ok, told(report)
    assert [step.status for step in report.steps] == ["cancelled", "ok", "cancelled"]
    assert 3 <= report.steps[0].yields < 10


async def test_a_call_without_end_is_given_up_and_the_next_is_made(recording: Recording) -> None:
    recording.add("endless", gives=["1"])
    recording.add("greet", "Ann", gives=["Hello Ann"])
    report = await recording.replay(settings=Settings(timeout=1.0))
    assert report.sentences() == ["c1 /endless: failed: gave no answer within 1 s"]
    assert report.steps[1].ok


async def test_unqueued_calls_go_past_the_queue(recording: Recording) -> None:
    recording.add("directly", "Ann", gives=["Hello Ann"])
    report = await recording.replay()
    assert report.ok, told(report)


async def test_an_update_is_compared_by_value_and_by_property(recording: Recording) -> None:
    recording.add(
        "choose", "b", gives=[Output(name="o", value="b", properties={"choices": [["b", "b"], ["bb", "bb"]]})]
    )
    recording.add("choose", "", gives=[Output(name="o", skipped=True, properties={"visible": False})])
    recording.add(
        "choose", "b", gives=[Output(name="o", value="b", properties={"choices": [["b", "b"], ["cc", "cc"]]})]
    )
    report = await recording.replay()
    assert [step.ok for step in report.steps] == [True, True, False], told(report)
    assert all("update.choices[1]" in sentence for sentence in report.sentences())


async def test_the_query_of_the_page_goes_with_every_call(recording: Recording) -> None:
    recording.query = "who=me"
    recording.add("where", gives=["me"])
    report = await recording.replay()
    assert report.ok, told(report)
    other = await recording.replay(url=f"{recording.app.url}/?who=you")
    assert other.sentences() == ["c1 /where, output 'Greeting': [-me-]{+you+}"]


async def test_a_rendered_function_is_found_after_its_call_rendered_it(recording: Recording) -> None:
    render = next(
        d
        for d in recording.description.dependencies.values()
        if any(event == "submit" for _, event in d.targets)
    )
    recording.add(render.api_name or "", "ab", setup=True)
    say = recording.add("greet", "hi", gives=["b: hi"], trigger_id=990)
    box = (Parameter(label="b", component="textbox", component_id=991),)
    rendered = msgspec.structs.replace(
        say.endpoint, id="fn:999", api_name="say_b", fn_index=999, rendered_in=0, parameters=box
    )
    recording.steps[-1] = msgspec.structs.replace(say, endpoint=rendered)
    report = await recording.replay()
    assert report.ok, told(report)
    recording.steps.pop(0)
    report = await recording.replay()
    assert report.steps[0].status == "missing"
    assert "exists only once a call has rendered it" in report.sentences()[0]


async def test_steps_that_depend_on_a_variable_that_was_set_are_shown_and_not_compared(
    recording: Recording,
) -> None:
    first = recording.add("greet", recording.variable("name", "Ann"), gives=["Hello Ann"])
    recording.add("shout", link(first), gives=["HELLO ANN"])
    recording.add("greet", recording.variable("other", "Cid"), gives=["Hello Cid"])
    report = await recording.replay(values={"name": "Ben"})
    assert report.ok, told(report)
    assert report.notes() == [
        'c1 /greet: not compared: name was set; Greeting = "Hello Ben"',
        'c2 /shout: not compared: name was set; Greeting = "HELLO BEN"',
    ]
    assert [step.not_compared for step in report.steps][2] == ""


async def test_a_secret_comes_from_the_environment_and_stays_out_of_the_report(recording: Recording) -> None:
    placeholder = "[recorder-secret:0123456789abcdef:RECORDER_SECRET_TOKEN]"
    recording.secrets.append(
        SecretName(name="RECORDER_SECRET_TOKEN", placeholder=placeholder, hint="the field Name")
    )
    recording.add(
        "greet", SecretRef(pieces=("<", "RECORDER_SECRET_TOKEN", ">")), gives=[f"Hello <{placeholder}>"]
    )
    report = await recording.replay(environment={"RECORDER_SECRET_TOKEN": "hunter2-hunter2"})
    assert report.ok, told(report)
    assert "hunter2" not in report.dump()
    with pytest.raises(UsageError, match="RECORDER_SECRET_TOKEN"):
        await recording.replay(environment={})


async def test_an_endpoint_that_is_gone_is_told_with_those_there_are(recording: Recording) -> None:
    gone = recording.add("greet", "Ann", gives=["Hello Ann"])
    away = Endpoint(id="/farewell", api_name="farewell", fn_index=77)
    recording.steps[0] = msgspec.structs.replace(gone, endpoint=away)
    report = await recording.replay()
    assert report.steps[0].status == "missing"
    assert "has no endpoint /farewell any more; it has " in report.sentences()[0]


async def test_a_session_cannot_send_files_from_outside_its_folder(
    recording: Recording, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    for path in ("../secret", str(tmp_path / "secret"), "link", "gone"):
        recording.steps.clear()
        recording.add("copy", File(name="a", path=path))
        with pytest.raises(FileError):
            await recording.replay(folder)


@pytest.mark.parametrize("kind", ["gradio", "http"])
async def test_nobody_there_is_one_sentence(kind: str) -> None:
    waits: list[str] = []
    with pytest.raises(AppError, match="cannot be reached: nothing listens there"):
        await replay(
            Workflow(name="w", app=App(url="http://127.0.0.1:9", kind=kind)),
            files=Path(),
            settings=Settings(patience=0.3),
            on_wait=waits.append,
        )
    assert waits == ["waiting for the app at http://127.0.0.1:9 (nothing listens there)"]


async def test_ctrl_c_leaves_a_report_of_what_was_done(recording: Recording) -> None:
    recording.add("greet", "Ann", gives=["Hello Ann"])
    recording.add("endless", gives=["1"])
    recording.add("greet", "Ann", gives=["Hello Ann"])

    def on_progress(step: StepReport) -> None:
        if step.id == "c2" and step.yields == 2:
            os.kill(os.getpid(), signal.SIGINT)

    report = await recording.replay(on_progress=on_progress)
    assert report.interrupted and not report.ok
    assert [step.status for step in report.steps] == ["ok", "stopped", "waiting"]
    await asyncio.sleep(0)  # the cancellation does not come back


PRIVATE_APP = """
import gradio as gr
with gr.Blocks() as demo:
    a = gr.Textbox(label="A"); b = gr.Textbox(label="B")
    a.submit(lambda t: t[::-1], a, b, api_name="reverse")
demo.launch(auth=("ann", "pass word"))
"""


async def test_an_app_with_a_login_takes_it_from_the_environment(app: GradioApp, tmp_path: Path) -> None:
    private = GradioApp(app.python, PRIVATE_APP, tmp_path / "private")
    try:
        text = (Parameter(component="textbox"),)
        step = Step(
            id="c1", name="reverse",
            endpoint=Endpoint(id="/reverse", api_name="reverse", parameters=text, returns=text),
            arguments=(Argument(value="abc"),), outputs=(Output(name="b", value="cba"),),
        )  # fmt: skip
        workflow = Workflow(name="w", app=App(url=private.url, kind="gradio", auth=True), steps=(step,))
        login = {"RECORDER_USERNAME": "ann", "RECORDER_PASSWORD": "pass word"}
        report = await replay(workflow, files=tmp_path, environment=login)
        assert report.ok, told(report)
        with pytest.raises(AppError, match="does not accept the login"):
            await replay(workflow, files=tmp_path, environment={**login, "RECORDER_PASSWORD": "no"})
        with pytest.raises(AppError, match="wants a login"):
            await replay(workflow, files=tmp_path, environment={})
    finally:
        private.stop()

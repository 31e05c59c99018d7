"""Python scripts, executed against real Gradio apps: they make the calls that their workflow says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.apps import GradioApp, NotStarted, gradio_python
from recorder.render import render
from recorder.session import File
from recorder.workflow import Link, Output, SecretRef, Step, VariableRef
from tests.factories import (
    a_file,
    a_parameter,
    a_raw_step,
    a_step,
    a_variable,
    a_workflow,
    an_app,
    an_argument,
    an_endpoint,
)
from tests.test_literals import NASTY

SOURCE = """
import json, time
import gradio as gr
from calllog import logged

LINE = int(gr.__version__.split(".")[0])
HIDDEN = {"api_visibility": "undocumented"} if LINE >= 6 else {"show_api": False}

def private(name):
    return {"api_name": name, "api_visibility": "private"} if LINE >= 6 else {"api_name": False}

with gr.Blocks() as demo:
    text, other, out = gr.Textbox(), gr.Textbox(), gr.Textbox()
    number, value, state = gr.Number(2), gr.JSON(), gr.State(0)
    image, gallery, message = gr.Image(type="filepath"), gr.Gallery(type="filepath"), gr.MultimodalTextbox()
    button = gr.Button("Go")

    def on(function, inputs, outputs, **more):
        return gr.Button().click(logged(function), inputs, outputs, **more)

    def greet(name, n): return f"Hello {name} x{n}"
    on(greet, [text, number], out, api_name="greet")
    def visit(name, seen): return name, (seen or 0) + 1, (seen or 0) + 1
    on(visit, [text, state], [out, number, state], api_name="visit")
    def secretly(name, seen): return f"{name} {seen}", seen
    on(secretly, [text, state], [out, state], **private("secretly"))
    def frame(path): return [(path, "one"), (path, None)]
    on(frame, image, gallery, api_name="frame")
    def hang(pictures): return pictures
    on(hang, gallery, gallery, api_name="hang")
    def mirror(path): return path
    on(mirror, image, image, api_name="mirror")
    on(mirror, image, image, **private("mirror_secretly"))
    def label(name, path): return gr.update(value=name + "!", label="L"), gr.update(value=path, label="I")
    on(label, [text, image], [out, image], api_name="label")
    def count(n):
        for i in range(int(n)):
            yield {"so far": list(range(i))}
            time.sleep(0.1)
    on(count, number, value, api_name="count")
    on(count, number, value, **private("count_secretly"))
    def fail(name): raise gr.Error("no " + name)
    on(fail, text, out, api_name="fail")
    def pick(name, event: gr.SelectData): return f"{name} {event.index} {event.value}"
    on(pick, text, out, api_name="pick")
    def take(name): return None
    on(take, text, None, api_name="take")
    def echo(name): return name
    on(echo, text, out, api_name="echo")
    def unpack(name): return json.loads(name)
    on(unpack, text, value, api_name="unpack")
    def query(name, request: gr.Request): return json.dumps(dict(request.query_params))
    on(query, text, out, api_name="query")
    def unlisted(a, b): return f"{a} {b}"
    on(unlisted, [text, other], out, api_name="unlisted", **HIDDEN)
    def send(m): return [len(m["files"]), m["text"]]
    on(send, message, value, api_name="send")
    def at_once(name): return name
    on(at_once, text, out, api_name="at_once", queue=False)
    def press(name, b): return f"{name} {b}"
    on(press, [text, button], out, api_name="press")
    def wait(n): time.sleep(float(n)); return n
    on(wait, number, number, api_name="wait")
    def hold(v): return None
    on(hold, value, None, api_name="hold")

    @gr.render(inputs=number)
    def show(n):
        def inside(name): return f"inside {n} {name}"
        gr.Button().click(logged(inside), text, out)

demo.launch()
"""

INDEX = [
    "greet", "visit", "secretly", "frame", "hang", "mirror", "mirror_secretly", "label", "count", "count_secretly",
    "fail", "pick", "take", "echo", "unpack", "query", "unlisted", "send", "at_once", "press", "wait", "hold", "show",
]  # fmt: skip
"""The functions in the order of their dependencies, which number them."""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff"
    "56c72f0d0000000049454e44ae426082"
)


LINE = os.environ.get("RECORDER_GRADIO_LINE", "6")
"""The line of Gradio to run against: the scripts are the same for all."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    try:
        started = GradioApp(gradio_python(LINE), SOURCE, tmp_path_factory.mktemp("app") / "app")
    except NotStarted as error:
        pytest.skip(str(error))
    yield started
    started.stop()


Run = Callable[..., tuple[str, list[dict[str, Any]]]]


@pytest.fixture
def run(app: GradioApp, tmp_path: Path, run_script: Callable[..., subprocess.CompletedProcess[str]]) -> Run:
    """``run(*steps, **fields of the workflow)``: what the script printed, and the calls that the app then saw."""

    def run(
        *steps: Step, environment: dict[str, str] | None = None, **fields: Any
    ) -> tuple[str, list[dict[str, Any]]]:
        for name in ("cat.png", "a (1).png", "ü b.png"):
            path = tmp_path / "session.files" / "3fa9" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PNG)
        before = len(app.log)
        workflow = a_workflow(*steps, **{"app": an_app(url=app.url), **fields})
        script = tmp_path / "script.py"
        script.write_text(render(workflow, "python"), encoding="utf-8")
        done = run_script(script, **(environment or {}))
        assert done.returncode == 0, done.stderr + script.read_text(encoding="utf-8")
        assert "Traceback" not in done.stderr
        return done.stdout, app.log[before:]

    return run


def call(name: str, *arguments: Any, raw: bool = False, **fields: Any) -> Step:
    """A step on one of the app's functions; arguments are values, by position of their control."""
    given = [value if hasattr(value, "skipped") else an_argument(value, "") for value in arguments]
    endpoint = an_endpoint(name, fn_index=INDEX.index(name))
    make = a_raw_step if raw else a_step
    more = {"fn_index": INDEX.index(name)} if raw else {"endpoint": endpoint}
    return make(name, *given, **{"outputs": (Output(name=name, value=1),), **more, **fields})


def said(log: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(entry["function"], entry["inputs"]) for entry in log]


STATE = an_argument(None, state=True)


def test_variables_links_and_state_pass_from_call_to_call(run: Run) -> None:
    visited = (Output(name="who", value="x"), Output(name="times", value=1), Output(state=True))
    visit = [an_argument(VariableRef(name="name"), "name"), STATE]
    printed, log = run(
        call("visit", *visit, id="1", outputs=visited),
        call("visit", *visit, id="2", outputs=visited),
        call("visit", *visit, id="3", outputs=visited, page="another tab"),
        call(
            "greet", an_argument(Link(step="2", output=0), "name"), an_argument(Link(step="2", output=1), "n")
        ),
        variables=(a_variable("Zoë"),),
    )
    assert [entry["outputs"] for entry in log] == [
        ["Zoë", 1, 1],
        ["Zoë", 2, 2],
        ["Zoë", 1, 1],
        "Hello Zoë x2",
    ]
    assert printed.splitlines()[-1] == "greet: Hello Zoë x2"


def test_what_the_public_client_may_not_call_is_called_all_the_same(run: Run) -> None:
    outputs = (Output(name="x", value=1), Output(state=True))
    printed, log = run(
        call("visit", "a", STATE, id="1", outputs=(Output(name="a"), Output(name="b"), Output(state=True))),
        call("secretly", "b", STATE, raw=True, id="2", outputs=outputs),
        call(
            "pick",
            Link(step="2", output=0),
            raw=True,
            trigger_id=3,
            event_data={"index": [0, 1], "value": "v"},
        ),
        call("visit", "c", STATE, id="3", outputs=(Output(name="a"), Output(name="b"), Output(state=True))),
    )
    assert [entry["outputs"] for entry in log] == [["a", 1, 1], ["b 1", 1], "b 1 [0, 1] v", ["c", 2, 2]]
    assert "pick: b 1 [0, 1] v" in printed


def test_rendered_functions_are_called_once_they_exist(run: Run, app: GradioApp) -> None:
    printed, log = run(
        call("show", 5, raw=True, setup=True, outputs=()),
        a_raw_step("inside", an_argument("x"), fn_index=len(INDEX), outputs=(Output(name="x", value=1),)),
    )
    assert [entry["outputs"] for entry in log] == ["inside 5 x"]
    assert printed == "inside: inside 5 x\n"


def test_files_go_there_and_come_back_and_go_there_again(run: Run) -> None:
    file = a_file("a (1).png")
    kept = (Output(name="picture", value=file),)
    pictures = (Output(name="pictures", value=[{"image": file, "caption": "one"}, {"image": file}]),)
    _, log = run(
        call("mirror", VariableRef(name="file"), id="1", outputs=kept),
        call("mirror", Link(step="1", output=0), id="2", outputs=kept),
        call("mirror_secretly", Link(step="2", output=0), raw=True, id="3", outputs=kept),
        call("mirror_secretly", Link(step="3", output=0), raw=True, id="4", outputs=kept),
        call("mirror_secretly", a_file("ü b.png"), raw=True, id="5", outputs=kept),
        call("frame", Link(step="4", output=0), id="6", outputs=pictures),
        call("hang", Link(step="6", output=0), id="7", outputs=pictures),
        call("hang", Link(step="7", output=0), raw=True, id="8", outputs=pictures),
        call("hang", Link(step="8", output=0), id="9", outputs=pictures),
        call("mirror", Link(step="9", output=0, path=(1, "image")), id="10", outputs=kept),
        variables=(a_variable(file, "file"),),
    )
    assert [entry["function"] for entry in log] == ["mirror"] * 5 + ["frame"] + ["hang"] * 3 + ["mirror"]
    for entry in log:
        if entry["function"] != "hang":
            assert "sha256" in entry["inputs"][0]
            assert "error" not in entry
        else:
            assert [item[1] for item in entry["inputs"][0]] == ["one", None]
            assert all("sha256" in item[0] for item in entry["inputs"][0])


def test_files_inside_a_message(run: Run) -> None:
    _, log = run(
        call("send", {"text": "hi", "files": [a_file(), a_file("ü b.png")]}, id="1"),
        call("send", an_argument(VariableRef(name="message"), "m"), id="2"),
        call("send", {"text": VariableRef(name="text"), "files": [a_file()]}, raw=True, id="3"),
        variables=(
            a_variable({"text": "you", "files": [a_file()]}, "message", python_type="dict[str, Any]"),
            a_variable("three", "text"),
        ),
    )
    assert [entry["outputs"] for entry in log] == [[2, "hi"], [1, "you"], [1, "three"]]


def test_values_are_taken_out_of_updates(run: Run) -> None:
    outputs = (Output(name="a", value="x!", properties={}), Output(name="b", value=a_file(), properties={}))
    _, log = run(
        call("label", "x", a_file(), id="1", outputs=outputs),
        call("echo", Link(step="1", output=0), id="2"),
        call("mirror", Link(step="1", output=1), id="3", outputs=(Output(name="c", value=a_file()),)),
    )
    assert [entry["function"] for entry in log] == ["label", "echo", "mirror"]
    assert log[1]["outputs"] == "x!"
    assert "sha256" in log[2]["outputs"]


def test_a_call_that_fails_as_recorded_is_no_failure(run: Run) -> None:
    printed, _ = run(
        call("fail", "a", expect="failed", outputs=()),
        call("fail", "b", raw=True, expect="failed", outputs=()),
        call("echo", "c", expect="failed", outputs=()),
        call("echo", "d", id="4"),
    )
    lines = printed.splitlines()
    assert lines[0].startswith("fail: failed, as recorded: ") and "no a" in lines[0]
    assert lines[1].startswith("fail: failed, as recorded: ") and "no b" in lines[1]
    assert lines[2:] == ["echo: did not fail this time", "echo: d"]


@pytest.mark.parametrize("raw", [False, True], ids=["client", "raw"])
def test_a_cancelled_call_is_cancelled_on_the_server(run: Run, app: GradioApp, raw: bool) -> None:
    name = "count_secretly" if raw else "count"
    printed, _ = run(
        call(name, 200, raw=raw, expect="cancelled", cancel_after=3),
        call(name, 200, raw=raw, expect="unfinished", yields=1, id="2"),
        call("wait", 1, raw=raw, expect="cancelled", cancel_after=0, id="3"),
        call("echo", "after", id="4"),
    )
    lines = printed.splitlines()
    taken = re.fullmatch(f"{name}: cancelled, as recorded, after (\\d+) values", lines[0])
    # The client looks at a job now and then, so that more may have come by the time it looks.
    assert taken is not None and (taken[1] == "3" if raw else 3 <= int(taken[1]) < 20)
    assert lines[1].startswith(f"{name}: left unfinished, as recorded, after ")
    assert lines[3] == "echo: after"
    counted = [entry for entry in app.log if entry["function"] == "count"]
    assert all(len(entry["outputs"]) < 20 for entry in counted)


def test_what_is_streamed_is_there_at_the_end(run: Run) -> None:
    printed, _ = run(call("count", 4), call("count_secretly", 4, raw=True, id="2"))
    assert printed == "count: {'so far': [0, 1, 2]}\ncount_secretly: {'so far': [0, 1, 2]}\n"


def test_odd_endpoints_take_their_arguments(run: Run) -> None:
    declared = (a_parameter("name"), a_parameter("n", has_default=True))
    listed = an_endpoint("greet", fn_index=0, parameters=declared)
    _, log = run(
        call("unlisted", "a", "b", endpoint=an_endpoint("unlisted", fn_index=16, visibility="hidden")),
        call("press", "a", an_argument("Go", "", skipped=True)),
        call("at_once", "a"),
        call("at_once", "b", raw=True, id="2"),
        call("take", "a", outputs=()),
        call("greet", an_argument("a", "name"), an_argument(None, "n", default=True), endpoint=listed),
    )
    assert [entry["outputs"] for entry in log[:4]] == ["a b", "a Go", "a", "b"]
    assert [entry["function"] for entry in log[4:]] == ["take", "greet"]


def test_the_pages_query_reaches_the_app(run: Run, app: GradioApp) -> None:
    printed, _ = run(call("query", "x", raw=True), app=an_app(url=app.url, query="?lang=d%C3%A9&x=a b"))
    assert printed == 'query: {"lang": "d\\u00e9", "x": "a b"}\n'


def test_secrets_and_the_address_come_from_the_environment(run: Run, app: GradioApp) -> None:
    _, log = run(
        call("echo", SecretRef(pieces=("Bearer ", "RECORDER_TOKEN", "."))),
        environment={"RECORDER_TOKEN": "s3cret", "RECORDER_URL": app.url + "/"},
        app=an_app(url="http://127.0.0.1:1"),
    )
    assert said(log) == [("echo", ["Bearer s3cret."])]


BIG = 'It\'s "big"\n{{ x }} \u2028 ü\\' * 400_000


@pytest.mark.parametrize("raw", [False, True], ids=["client", "raw"])
def test_nasty_texts_arrive_as_they_were_recorded(run: Run, raw: bool) -> None:
    texts = [*NASTY, "a\u2028b", BIG]
    steps = [call("take", text, raw=raw, outputs=(), id=f"s{n}") for n, text in enumerate(texts)]
    _, log = run(*steps)
    assert [entry["inputs"][0] for entry in log] == texts


def test_nasty_texts_come_back_and_are_linked(run: Run) -> None:
    texts = [text for text in NASTY if text.isprintable() or "\u2028" in text or "\n" in text]
    steps: list[Step] = []
    for n, text in enumerate(texts):
        steps.append(call("echo", text, id=f"a{n}", outputs=(Output(name="x", value=text),)))
        steps.append(call("take", Link(step=f"a{n}", output=0), id=f"b{n}", outputs=()))
    _, log = run(*steps)
    assert [entry["inputs"][0] for entry in log if entry["function"] == "take"] == texts


def test_nasty_values_arrive_as_they_were_recorded(run: Run) -> None:
    deep: Any = ["\u2028'\""]
    for _ in range(120):
        deep = [deep]
    values = [
        {text: [text, None, True, 1, -0.0, 1e300, 2**53] for text in NASTY},
        deep,
        [2**60, -(10**30), [], {}],
    ]
    steps = [call("hold", v, id=f"s{n}", outputs=()) for n, v in enumerate(values)]
    _, log = run(*steps)
    assert [entry["inputs"][0] for entry in log] == values


def test_an_answer_that_only_looks_like_a_file_is_no_file(run: Run) -> None:
    values = [{"path": "not a file"}, {"inside": [{"path": "nor is this"}]}]
    steps = [
        call("unpack", json.dumps(v), id=f"s{n}", outputs=(Output(name="x", value=v),))
        for n, v in enumerate(values)
    ]
    printed, log = run(*steps)
    assert [entry["outputs"] for entry in log] == values
    assert printed == "unpack: {'path': 'not a file'}\nunpack: {'inside': [{'path': 'nor is this'}]}\n"


def test_a_missing_file_is_named(
    app: GradioApp, tmp_path: Path, run_script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    step = call("mirror", File(name="cat.png", lost="too_large"))
    script = tmp_path / "script.py"
    script.write_text(render(a_workflow(step, app=an_app(url=app.url)), "python"), encoding="utf-8")
    done = run_script(script)
    assert done.returncode == 1
    assert f"{tmp_path / 'not-kept' / 'cat.png'} does not exist" in done.stderr


def test_the_same_login_opens_the_app(
    gradio_app: Callable[..., GradioApp],
    tmp_path: Path,
    run_script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with_login = SOURCE.replace("launch()", 'launch(auth=("zoë", "pass\'word"))')
    app = gradio_app(with_login, LINE)
    outputs = (Output(name="x", value="b 0"), Output(state=True))
    steps = [call("echo", "a"), call("secretly", "b", STATE, raw=True, outputs=outputs)]
    script = tmp_path / "script.py"
    workflow = a_workflow(*steps, app=an_app(url=app.url, auth=True))
    script.write_text(render(workflow, "python"), encoding="utf-8")
    done = run_script(script, RECORDER_USERNAME="zoë", RECORDER_PASSWORD="pass'word")
    assert done.stdout == "echo: a\nsecretly: b 0\n", done.stderr

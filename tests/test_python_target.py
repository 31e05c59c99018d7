"""The Python target: what the person did, as a script that an expert would have written by hand."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import FileError, RecorderError, UsageError
from recorder.render import Options, render
from recorder.render.program import by_protocol
from recorder.session import File
from recorder.workflow import Link, Output, SecretRef, Step, VariableRef, Workflow
from tests.factories import (
    a_file,
    a_parameter,
    a_raw_step,
    a_server_step,
    a_step,
    a_streamed_step,
    a_variable,
    a_workflow,
    an_app,
    an_argument,
    an_endpoint,
)
from tests.test_literals import NASTY, any_json, any_text


def script(*steps: Step, files: str = ".", **fields: Any) -> str:
    text = render(a_workflow(*steps, **fields), "python", Options(files=files))
    compile(text.encode(), "script.py", "exec")
    return text


def body(text: str) -> str:
    """The lines of ``run`` after its docstring, not indented."""
    run = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "run")
    lines = text.splitlines()[run.body[0].end_lineno : run.end_lineno]
    return "\n".join(line[4:] for line in lines)


def test_a_simple_recording_reads_as_if_written_by_hand() -> None:
    step = a_step("greet", an_argument(VariableRef(name="name")), an_argument(3, "n"))
    assert (
        script(step, variables=(a_variable(),))
        == '''\
"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os
from typing import Any

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(*, name: str = "World") -> Any:
    """Make the recorded calls in order, and return the last result."""
    client = Client(URL, verbose=False)

    greeting = client.predict(name=name, n=3, api_name="/greet")
    print("greet:", greeting)

    return greeting


if __name__ == "__main__":
    run()
'''
    )


def test_an_empty_workflow_is_a_script_too() -> None:
    assert "def run() -> None:" in script()


def test_a_link_is_the_name_of_the_earlier_result() -> None:
    outputs = (
        Output(name="text", value="a"),
        Output(state=True),
        Output(name="score", value={"all": [1, 2]}),
    )
    text = script(
        a_step("first", outputs=outputs),
        a_step(
            "second",
            an_argument(Link(step="first", output=2, path=("all", 1)), "score"),
            an_argument(Link(step="first", output=0), "text"),
        ),
    )
    assert 'text, score = client.predict(api_name="/first")' in text
    assert 'client.predict(score=score["all"][1], text=text, api_name="/second")' in text


def test_many_outputs_keep_one_name_together() -> None:
    outputs = tuple(Output(name=f"o{n}", value=n) for n in range(6))
    text = body(
        script(
            a_step("many", outputs=outputs),
            a_step("next", an_argument(Link(step="many", output=5), "x"), outputs=()),
        )
    )
    assert text == (
        "client = Client(URL, verbose=False)\n\n"
        'many = client.predict(api_name="/many")\nprint("many:", many)\n\n'
        'client.predict(x=many[5], api_name="/next")\nprint("next: done")'
    )  # fmt: skip


def test_outputs_that_the_app_left_as_they_were_are_not_printed() -> None:
    text = body(script(a_step("a", outputs=(Output(name="x", skipped=True), Output(name="y", value=1)))))
    assert '_, y = client.predict(api_name="/a")\nprint("a:", y)' in text
    assert 'print("a: done")' in script(a_step("a", outputs=(Output(name="x", skipped=True),)))


def test_what_came_inside_an_update_is_taken_out_of_it() -> None:
    text = script(
        a_step("a", outputs=(Output(name="x", value=1, properties={}),)),
        a_step("b", an_argument(Link(step="a", output=0))),
    )
    assert 'x = client.predict(api_name="/a")\n    x = value_of(x)\n' in text
    assert "def value_of(" in text
    assert "value_of" not in script(a_step())


def test_names_are_never_taken_twice_and_never_the_scripts_own() -> None:
    hostile = [
        "client",
        "run",
        "URL",
        "FILES",
        "os",
        "print",
        "class",
        "list",
        "error",
        "match",
        "Any",
        "call",
        "",
        "1",
        "__import__",
        "é",
        "client_2",
    ]
    steps = [
        a_step(
            name or "x",
            outputs=(Output(name=name, value=1), Output(name=name, value=2)),
            id=f"s{n}",
            page=f"p{n % 2}",
        )
        for n, name in enumerate(hostile)
    ]
    tree = ast.parse(script(*steps, variables=tuple(a_variable(1, name) for name in hostile)))
    run = next(n for n in tree.body if isinstance(n, ast.FunctionDef))
    assigned = [n.id for n in ast.walk(run) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    assigned += [argument.arg for argument in run.args.kwonlyargs]
    assert len(assigned) == len(set(assigned))
    assert all(re.fullmatch(r"[a-z_][a-z0-9_]{0,60}", name) for name in assigned)
    assert not set(assigned) & {"run", "os", "print", "list", "error", "call", "input"}
    assert assigned.count("client") == 1


# Arguments.


def test_arguments_that_the_app_fills_in_itself_are_left_out() -> None:
    step = a_step(
        "greet", an_argument("a", "x"), an_argument(1, "y", default=True), an_argument(None, "s", state=True)
    )
    assert 'client.predict(x="a", api_name="/greet")' in script(step)


def test_a_default_that_the_endpoint_does_not_declare_is_sent() -> None:
    step = a_step(
        "greet", an_argument(1, "y", default=True), endpoint=an_endpoint(parameters=(a_parameter("y"),))
    )
    assert "client.predict(y=1, " in script(step)


@pytest.mark.parametrize("name", ["headers", "api_name", "fn_index", "result_callbacks", "self", ""])
def test_a_name_that_is_the_clients_own_makes_all_arguments_positional(name: str) -> None:
    step = a_step("greet", an_argument("a", "x"), an_argument(1, name), an_argument(2, "z", default=True))
    assert 'client.predict("a", 1, 2, api_name="/greet")' in script(step)


@pytest.mark.parametrize("name", ["class", "имя", "a b", "x" * 80, "ｆｕｌｌ"])
def test_a_name_that_cannot_be_written_as_a_keyword_is_text(name: str) -> None:
    assert f'**{{"{name}": 1}}, api_name=' in re.sub(
        r"\s+", " ", script(a_step("greet", an_argument(1, name)))
    ).replace("( ", "(").replace(", )", ")")


def test_an_endpoint_that_is_not_listed_takes_its_arguments_by_position() -> None:
    step = a_step(
        "greet",
        an_argument("a", "x"),
        an_argument(1, "y", default=True),
        endpoint=an_endpoint(visibility="hidden"),
    )
    assert 'client.predict("a", 1, api_name="/greet")' in script(step)


def test_a_control_that_the_client_does_not_list_is_passed_by_position() -> None:
    step = a_step("greet", an_argument("a", "x"), an_argument("Go", "", skipped=True))
    assert 'client.predict("a", "Go", api_name="/greet")' in script(step)


def test_a_secret_comes_from_the_environment() -> None:
    step = a_step("greet", an_argument({"headers": SecretRef(pieces=("Bearer ", "RECORDER_TOKEN", ""))}))
    assert '{"headers": "Bearer " + os.environ["RECORDER_TOKEN"]}' in script(step)


def test_a_login_comes_from_the_environment() -> None:
    text = script(a_step(), app=an_app(auth=True))
    assert 'auth=(os.environ["RECORDER_USERNAME"], os.environ["RECORDER_PASSWORD"])' in text


def test_an_old_app_under_a_path_is_found_there() -> None:
    old = an_app(url="http://127.0.0.1:7860/tool", api_prefix="")
    assert "client = MountedClient(URL, verbose=False)" in script(a_step(), app=old)
    assert "MountedClient" not in script(a_step(), app=msgspec.structs.replace(old, api_prefix="/gradio_api"))


# Variables.


@pytest.mark.parametrize(
    ("python_type", "value", "annotation"),
    [
        ("str", "a", "str"),
        ("float", 1, "float"),
        ("float | None", None, "float | None"),
        ("str", None, "str | None"),
        ("Optional[int]", 1, "int | None"),
        ("Union[None, int, str]", 1, "int | str | None"),
        ("Literal['a', \"b'\"]", "a", 'Literal["a", "b\'"]'),
        (f"Literal[{', '.join(repr('choice ' + str(n)) for n in range(30))}]", "a", "str"),
        ("list[Literal[1, 'x']]", [], 'list[Literal[1, "x"]]'),
        ("List[Dict[str, float]]", [], "list[dict[str, float]]"),
        ("tuple[int, str]", [], "tuple[int, str]"),
        ("filepath | None", None, "str | Path | None"),
        ("dict(path: str | None)", {}, "Any"),
        ("__import__('os')", 1, "Any"),
        ("list[int, int]", 1, "Any"),
        ("x\n", 1, "Any"),
        ("[" * 3000, 1, "Any"),
        ("\0", 1, "Any"),
        ("", 1, "Any"),
    ],
)
def test_annotations_are_types_that_we_know(python_type: str, value: Any, annotation: str) -> None:
    text = script(
        a_step("greet", an_argument(VariableRef(name="x"))),
        variables=(a_variable(value, "x", python_type=python_type),),
    )
    assert f"x: {annotation} = " in text
    names: dict[str, Any] = {}
    exec(
        text.split("URL = ")[0].replace("from gradio_client import Client", "").replace(", handle_file", ""),
        names,
    )
    eval(annotation, names)


def test_a_long_default_is_a_constant_above() -> None:
    text = script(
        a_step("greet", an_argument(VariableRef(name="prompt"))),
        variables=(a_variable("word " * 60, "prompt"),),
    )
    assert "def run(*, prompt: str = PROMPT) -> Any:" in text
    assert "\nPROMPT = (\n" in text


def test_a_long_argument_is_a_constant_above() -> None:
    assert "client.predict(text=TEXT, api_name=" in script(a_step("greet", an_argument("x" * 500, "text")))


# Files.


def test_a_file_is_a_path_relative_to_the_script_and_the_caller_may_choose_another() -> None:
    step = a_step("image", an_argument(VariableRef(name="image"), "x"), an_argument(a_file("a (1).png"), "y"))
    text = script(step, variables=(a_variable(a_file("ü.png"), "image"),))
    assert 'FILES = Path(__file__).resolve().parent / "session.files"\n' in text
    assert 'image: str | Path = FILES / "3fa9/ü.png"' in text
    assert "x=handle_file(image)," in text
    assert 'y=handle_file(FILES / "3fa9/a (1).png"),' in text
    assert 'FILES = Path(__file__).resolve().parent / "../x" / "session.files"\n' in script(
        step, files="../x", variables=(a_variable(a_file(), "image"),)
    )


def test_files_of_several_folders_keep_their_whole_path() -> None:
    text = script(a_step("image", an_argument(a_file()), an_argument(a_file(path="other/a.png"), "y")))
    assert "FILES = Path(__file__).resolve().parent\n" in text
    assert 'handle_file(FILES / "other/a.png")' in text


def test_several_files_and_files_inside_a_value() -> None:
    variables = (
        a_variable([a_file("a"), a_file("b")], "files"),
        a_variable({"text": "t", "files": [a_file("a")]}, "message", python_type="dict[str, Any]"),
    )
    text = script(
        a_step(
            "multi",
            an_argument(VariableRef(name="files"), "f"),
            an_argument(VariableRef(name="message"), "m"),
        ),
        variables=variables,
    )
    assert 'files: list[str | Path] = [FILES / "3fa9/a", FILES / "3fa9/b"]' in text
    assert "f=[handle_file(item) for item in files], m=message" in text
    assert "message: dict[str, Any] | None = None" in text
    assert (
        'if message is None:\n        message = {"text": "t", "files": [handle_file(FILES / "3fa9/a")]}'
        in text
    )


def test_a_file_whose_bytes_were_not_kept_comes_from_the_app_or_is_asked_for() -> None:
    of_app = File(name="a.png", url="http://127.0.0.1:7860/gradio_api/file=/a.png")
    elsewhere = File(name="a.png", url="https://example.com/a.png")
    nowhere = File(name="../a.png", lost="too_large")
    text = script(a_step("image", an_argument([of_app, elsewhere, nowhere])))
    assert 'handle_file(URL + "/gradio_api/file=/a.png")' in text
    assert 'handle_file("https://example.com/a.png")' in text
    assert 'handle_file(FILES / "not-kept/a.png")' in text


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\x", "..\\x"])
def test_a_file_outside_the_sessions_folder_is_refused(path: str) -> None:
    with pytest.raises(FileError, match="outside its folder"):
        script(a_step("image", an_argument(a_file(path=path))))


def test_a_linked_file_is_sent_back_to_the_app() -> None:
    file = a_file()
    outputs = (Output(name="image", value=file), Output(name="gallery", value=[{"image": file}]))
    text = script(
        a_step("make", outputs=outputs),
        a_step(
            "use",
            an_argument(Link(step="make", output=0), "x"),
            an_argument(Link(step="make", output=1), "y"),
            an_argument(Link(step="make", output=1, path=(0, "image")), "z"),
        ),
    )
    assert 'x=handle_file(image), y=again(client, gallery), z=handle_file(gallery[0]["image"])' in re.sub(
        r"\s+", " ", text
    )


# How a call is made.


def test_another_page_is_a_client_of_its_own() -> None:
    text = body(script(a_step(page="a"), a_step(page="b", id="2"), a_step(page="a", id="3")))
    assert text.count("Client(URL") == 2
    assert "greeting_2 = client_2.predict(" in text
    assert "greeting_3 = client.predict(" in text


def test_a_raw_step_brings_the_protocol_with_it_and_a_public_one_does_not() -> None:
    assert "httpx" not in script(a_step())
    outputs = (Output(state=True), Output(name="x", value=1))
    step = a_raw_step(
        "x",
        an_argument(None, state=True),
        an_argument("a"),
        fn_index=7,
        trigger_id=4,
        event_data={"index": [0, 1]},
        outputs=outputs,
    )
    text = script(step)
    assert '_, x = call(client, 7, [None, "a"], trigger_id=4, event_data={"index": [0, 1]})' in text
    assert "def upload(" not in text
    assert "def download(" not in text
    assert "QUERY" not in text


def test_raw_calls_carry_the_pages_query() -> None:
    assert '\nQUERY = "?lang=%C3%BC&q=a%20b"\n' in script(a_raw_step(), app=an_app(query="?lang=ü&q=a b"))


def test_raw_calls_upload_and_download_only_where_there_are_files() -> None:
    text = script(a_raw_step("x", an_argument(a_file()), outputs=(Output(name="y", value=a_file()),)))
    assert "def upload(" in text
    assert "def download(" in text
    assert "def upload(" not in script(
        a_raw_step("x", an_argument(VariableRef(name="name"))), variables=(a_variable(),)
    )
    assert "def upload(" in script(
        a_raw_step("x", an_argument(VariableRef(name="f"))), variables=(a_variable(a_file(), "f"),)
    )


@pytest.mark.parametrize(
    "step",
    [
        a_step("greet", an_argument("\ud800")),
        a_step("greet", an_argument({"\udfff": 1})),
        a_step("greet", an_argument([float("nan")])),
        a_step("greet", an_argument({"path": "x", "meta": "y"})),
        a_step(outputs=(Output(name="x", value="a\u2028b"),)),
        a_step(outputs=(Output(name="x", value=[{"path": "not a file"}]),)),
        a_step(endpoint=an_endpoint(api_name=None)),
        a_step(endpoint=an_endpoint(visibility="private")),
    ],
)
def test_what_the_client_cannot_carry_goes_by_the_protocol(step: Step) -> None:
    assert by_protocol(step)
    assert "call(client, 0, " in script(step)


def test_an_output_that_the_client_drops_is_fetched_by_the_protocol_if_it_is_needed() -> None:
    step = a_step("a", endpoint=an_endpoint("a", returns=(a_parameter(skipped=True),)))
    assert 'client.predict(api_name="/a")' in script(step)
    assert "(greeting,) = call(client, 0, [])" in script(
        step, a_step("b", an_argument(Link(step="a", output=0)))
    )


def test_a_call_that_failed_may_fail_again() -> None:
    text = body(script(a_step(expect="failed", error="boom", outputs=())))
    assert text == (
        "client = Client(URL, verbose=False)\n\n"
        'try:\n    client.predict(api_name="/greet")\n'
        'except ValueError as error:\n    print("greet: failed, as recorded:", error)\n'
        'else:\n    print("greet: did not fail this time")'
    )  # fmt: skip


def test_a_cancelled_call_is_started_and_cancelled() -> None:
    text = script(a_step("count", expect="cancelled", cancel_after=2))
    assert (
        'job = client.submit(api_name="/count")\n    count_values = start_and_cancel(client, job, after=2)\n'
        in text
    )
    assert "call_and_cancel(client, 0, [], after=3)" in script(
        a_raw_step("count", expect="unfinished", yields=3)
    )


def test_a_setting_up_call_is_made_but_not_shown() -> None:
    text = body(script(a_raw_step("load", setup=True), a_step()))
    assert "# Set-up: later calls need its response.\ncall(client, 0, [])\n\ngreeting" in text


@pytest.mark.parametrize("raw", [False, True], ids=["client", "raw"])
def test_the_async_style_awaits_whatever_takes_time(raw: bool) -> None:
    make = a_raw_step if raw else a_step
    workflow = a_workflow(
        make("a"), make("b", expect="failed"), make("c", expect="cancelled", cancel_after=1)
    )
    text = render(workflow, "python", Options(style="async"))
    function = next(node for node in ast.parse(text).body if isinstance(node, ast.AsyncFunctionDef))
    awaited = [ast.unparse(n.value) for n in ast.walk(function) if isinstance(n, ast.Await)]
    blocking = (
        ["call", "call", "call_and_cancel"]
        if raw
        else ["client.predict", "client.predict", "start_and_cancel"]
    )
    assert sorted(call.split("(")[1].split(",")[0] for call in awaited) == ["Client", *blocking]
    assert text.endswith("    asyncio.run(run())\n")


def test_a_link_to_nowhere_is_refused_with_a_sentence() -> None:
    with pytest.raises(RecorderError, match="no step before it has"):
        script(a_step("a", an_argument(Link(step="gone", output=0))))


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Choose one of python"):
        render(a_workflow(), "cobol")


# Recorded text is data.


def hostile_workflow(text: str, value: Any, raw: bool) -> Workflow:
    """``text`` and ``value`` wherever a recording can hold them."""
    file = File(name=text, path="session.files/a.png", extra={text: text})
    make = a_raw_step if raw else a_step
    endpoint = {} if raw else {"endpoint": an_endpoint(f"api {text}")}
    first = make(
        text,
        an_argument(value),
        an_argument({text: value, "k": [text, file]}, "second"),
        an_argument(VariableRef(name="v"), "third"),
        an_argument(SecretRef(pieces=(f"a{text}", text, f"{text}z")), "fourth"),
        id="one",
        outputs=(
            Output(name=text, label=text, component=text, value={text: 1} if raw else 1),
            Output(name="b", value=1),
        ),
        trigger=text,
        error=text,
        **endpoint,
    )
    second = make(
        text,
        an_argument(Link(step="one", output=0, path=(text,)), label=text),
        id="two",
        page=f"page {text}",
        expect="failed",
        error=text,
        event_data={text: value},
        **endpoint,
    )
    third = make(text, id="three", expect="cancelled", cancel_after=1, setup=True, **endpoint)
    return a_workflow(
        first,
        second,
        third,
        name=text,
        variables=(a_variable(text, "v", label=text, python_type="Q", component=text, choices=(text,)),),
        app=an_app(url=text, title=text, version=text, query="q=" + text, auth=True),
    )


def shape(code: str) -> str:
    """The syntax tree without what constants hold and names say; f-strings and docstrings as they are."""
    tree = ast.parse(code)
    kept = {id(n) for joined in ast.walk(tree) if isinstance(joined, ast.JoinedStr) for n in ast.walk(joined)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            kept |= {id(n) for n in ast.walk(node.body[0])}
    for node in ast.walk(tree):
        if id(node) in kept:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        elif isinstance(node, ast.Name):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", node.id)
            node.id = "name"
        elif isinstance(node, ast.arg):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", node.arg)
    return ast.dump(tree)


def comments(code: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


SHORT = [text for text in NASTY if len(text) < 100]
CARRIED = [
    text for text in SHORT if not by_protocol(a_step("x", an_argument(text), outputs=(Output(value=text),)))
]


@pytest.mark.parametrize(
    ("text", "raw"), [*((text, True) for text in SHORT), *((text, False) for text in CARRIED)], ids=ascii
)
def test_recorded_text_is_only_ever_a_constant(text: str, raw: bool) -> None:
    hostile = hostile_workflow(text, text, raw)
    assert raw or not any(map(by_protocol, hostile.steps))
    code, benign = (render(w, "python") for w in (hostile, hostile_workflow("benign", "benign", raw)))
    code.encode()
    compile(code.encode(), "script.py", "exec")
    assert shape(code) == shape(benign)
    assert comments(code) == comments(benign)


@given(any_text, any_json, st.booleans())
@settings(deadline=None)
def test_every_script_parses_whatever_was_recorded(text: str, value: Any, raw: bool) -> None:
    code = render(hostile_workflow(text, value, raw), "python")
    ast.parse(code.encode())
    ours = [comments(render(hostile_workflow("benign", 1, way), "python")) for way in (True, False)]
    assert set(comments(code)) <= {*ours[0], *ours[1]}


def test_a_session_with_ten_megabytes_of_text_is_written_in_seconds() -> None:
    text = 'It\'s "big"\n\u2028' * 800_000
    code = script(a_step("greet", an_argument(text), outputs=(Output(name="x", value=text),)))
    constants = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert text in constants


def test_a_thousand_steps_are_a_script_too() -> None:
    steps = [
        a_step("greet", an_argument(Link(step=f"s{n - 1}", output=0) if n else "x"), id=f"s{n}")
        for n in range(1000)
    ]
    assert script(*steps).count("client.predict(") == 1000


def test_calls_that_differ_in_variables_alone_are_a_loop() -> None:
    def say(n: int) -> Step:
        given = (
            an_argument(VariableRef(name=f"text_{n}"), "text"),
            an_argument(VariableRef(name=f"n_{n}"), "n"),
        )
        return a_step("say", *given, an_argument(True, "loud"), id=f"s{n}")

    variables = tuple(a_variable(n, f"{name}_{n}") for n in range(4) for name in ("text", "n"))
    workflow = a_workflow(*map(say, range(4)), a_step("other"), variables=variables)
    text = render(workflow, "python")
    assert body(text) == (
        "client = Client(URL, verbose=False)\n\n"
        "for each_text, each_n in [(text_0, n_0), (text_1, n_1), (text_2, n_2), (text_3, n_3)]:\n"
        '    greeting = client.predict(text=each_text, n=each_n, loud=True, api_name="/say")\n'
        '    print("say:", greeting)\n\n'
        'greeting_2 = client.predict(api_name="/other")\n'
        'print("other:", greeting_2)\n\n'
        "return greeting_2"
    )
    awaited = render(workflow, "python", Options(style="async"))
    compile(awaited, "script.py", "exec")
    assert "        greeting = await asyncio.to_thread(" in awaited
    for flat in (render(workflow, "python", Options(flat=True)), render(workflow, "pytest")):
        assert "    for " not in flat
        assert flat.count('api_name="/say"') == 4


def test_files_and_long_results_are_handed_on_in_a_loop_too() -> None:
    steps = [
        a_step(
            "see",
            an_argument(VariableRef(name=f"image_{n}"), "image"),
            id=f"s{n}",
            outputs=(Output(name="seen", value="x" * 2000 * (n == 2)),),
        )
        for n in range(4)
    ]
    variables = tuple(a_variable(a_file(f"{n}.png"), f"image_{n}") for n in range(4))
    text = body(script(*steps, variables=variables))
    assert 'seen = client.predict(image=handle_file(each_image), api_name="/see")' in text
    assert 'print("see:", shortened(seen))' in text


def test_a_stream_is_one_call_of_all_its_frames() -> None:
    text = script(a_streamed_step("stream"), files="x")
    frame = '[{"url": data_url(FILES / "1/a.jpg", "image/jpeg")}, None],'
    assert body(text).count(frame) == 3
    assert "(greeting,) = stream(" in body(text) and "trigger_id=7" in body(text)
    assert "cut_short" not in body(text)
    assert "def call(" not in text and "def upload(" not in text
    assert "cut_short=True" in body(script(a_streamed_step("stream", cut_short=True)))


@pytest.mark.parametrize("expect", ["unfinished", "cancelled"])
def test_a_stream_that_did_not_end_is_closed_all_the_same(expect: Any) -> None:
    assert "stream(" in body(script(a_streamed_step("stream", expect=expect, cancel_after=1)))


def test_frames_of_an_app_without_streams_are_a_call_each() -> None:
    text = script(a_streamed_step(""))
    assert "(greeting,) = call_each(" in body(text)
    assert "def call(" in text and "def stream(" not in text


def test_a_function_of_a_control_is_asked_on_the_server() -> None:
    text = script(a_server_step({"n": 1}))
    assert '(greeting,) = ask(client, 12, "add", {"n": 1})' in body(text)
    assert "def call(" not in text and "form" not in text


def test_what_goes_as_a_form_is_given_as_its_fields() -> None:
    text = script(a_server_step({"file": a_file(path="session.files/1/a.png"), "id": "x"}, connection="form"))
    assert 'ask(client, 12, "add", form={"file": FILES / "1/a.png", "id": "x"})' in body(text)


def test_the_history_of_a_chat_keeps_the_apps_own_records_of_files() -> None:
    history = [{"role": "user", "content": {"file": a_file()}}]
    told = a_step(
        "say", an_argument([], "history", component="chatbot"), outputs=(Output(name="chat", value=history),)
    )
    link = an_argument(Link(step=told.id, output=0), "history", component="chatbot")
    text = script(told, a_step("answer", link, id="2", outputs=(Output(name="chat", value=history),)))
    assert "(chat,) = call(client, 0, [[]], as_it_is=True)" in text
    assert "call(client, 0, [chat], as_it_is=True)" in text
    assert "again(" not in text
    plain = a_step("answer", msgspec.structs.replace(link, component="json"), id="2")
    assert "again(client, chat)" in script(told, plain)


def test_a_file_that_could_not_be_had_is_not_downloaded_again() -> None:
    gone = File(name="gone.png", url="http://127.0.0.1:9/gone.png", lost="it answered 403.")
    text = body(script(a_step(outputs=(Output(name="shown", value=[gone]),))))
    assert "call(client, 0, [])" in text and "predict" not in text

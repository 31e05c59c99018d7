"""The curl target: a POSIX shell script in which recorded text is only ever a quoted word."""

from __future__ import annotations

import re
import subprocess

import pytest

from recorder.errors import FileError, RecorderError
from recorder.render import Options, render
from recorder.workflow import Link, Output, SecretRef, Step, VariableRef, Workflow, identifier
from tests.factories import (
    a_file,
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
from tests.test_literals import NASTY

SHELLS = ["dash", "bash"]


def script(*steps: Step, files: str = ".", **fields: object) -> str:
    text = render(a_workflow(*steps, **fields), "curl", Options(files=files))
    assert_parses(text)
    return text


def assert_parses(text: str) -> None:
    for shell in SHELLS:
        done = subprocess.run([shell, "-n"], input=text.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def body(text: str) -> str:
    """The calls, without what comes before."""
    return text.split("\nsession=$(new_session)\n")[1].strip()


def test_a_simple_recording_is_a_line_a_call() -> None:
    step = a_step("greet", an_argument(VariableRef(name="name")), an_argument(3, "n"), trigger_id=4)
    text = script(step, variables=(a_variable(),))
    assert "\nname='\"World\"'\n" in text
    assert body(text) == "call 0 '{\"trigger_id\": 4}' \"$name\" '3' || fail greet\nshow greet"


def test_only_what_is_needed_is_brought_along() -> None:
    plain = script(a_step())
    for function in ("upload()", "call_and_cancel()", "run()", "output()", "json_inside()", "login", "jq"):
        assert function not in plain
    assert "jq is missing" in script(a_step(), a_step("b", an_argument(Link(step="greet", output=0)), id="2"))
    assert "\nrun 0 " in script(a_step(endpoint=an_endpoint(queue=False)))
    assert "$url/login" in script(a_step(), app=an_app(auth=True))


def test_a_link_is_taken_out_of_the_answer() -> None:
    text = script(
        a_step("first", outputs=(Output(name="a", value={"it's": [1]}),)),
        a_step("second", an_argument(Link(step="first", output=0, path=("it's", 0)))),
    )
    assert "linked=$(output \"$first_answer\" 0 '[\"it'\\''s\", 0]') || exit 1" in text
    assert 'call 0 \'{"trigger_id": null}\' "$linked" || fail second' in text


def test_a_link_to_nowhere_is_refused_with_a_sentence() -> None:
    with pytest.raises(RecorderError, match="no step before it has"):
        script(a_step("a", an_argument(Link(step="gone", output=0))))


def test_a_file_outside_the_sessions_folder_is_refused() -> None:
    with pytest.raises(FileError, match="outside its folder"):
        script(a_step("a", an_argument(a_file(path="../x"))))


def test_a_secret_whose_name_is_code_is_refused() -> None:
    with pytest.raises(RecorderError, match="not the recorder's"):
        script(a_step("a", an_argument(SecretRef(pieces=("", "X;id", "")))))


def test_a_stream_is_one_call_of_all_its_frames_each_a_word() -> None:
    text = script(a_streamed_step("stream"))
    frame = """'{"url": ''"data:image/jpeg;base64,'"$content_3"'"''}'','"""
    assert frame in body(text)
    assert "stream no 4 '{\"trigger_id\": 7}' " in body(text)
    assert "\ncall()" not in text
    assert "stream yes 4 " in body(script(a_streamed_step("stream", cut_short=True, expect="cancelled")))


def test_frames_of_an_app_without_streams_are_a_call_each() -> None:
    text = script(a_streamed_step(""))
    assert "call_each call 4 " in body(text)
    assert "\nstream()" not in text


def test_a_function_of_a_control_is_asked_on_the_server() -> None:
    assert "ask 12 '\"add\"' '{\"n\": 1}' || fail add" in body(script(a_server_step({"n": 1})))
    fields = {"file": a_file(path="session.files/1/a.png"), "it's": "@x", "n": 1}
    text = body(script(a_server_step(fields, connection="form"))).replace(" \\\n    ", " ")
    assert "ask_form 12 --form-string 'fn_name=add' -F 'file='\"$(file_in_form " in text
    assert "--form-string 'it'\\''s=''@x' --form-string 'n=''1' || fail add" in text


def test_each_page_has_a_session_of_its_own() -> None:
    text = script(a_step(page="a"), a_step(page="b", id="2"), a_step(page="a", id="3"))
    assert text.count("$(new_session)") == 2
    assert re.findall(r"\nsession=(.*)", text) == ['"$page_1"', '"$page_2"', '"$page_1"']


@pytest.mark.parametrize("shell", SHELLS)
def test_wrong_usage_ends_with_two_and_help_with_nought(shell: str) -> None:
    text = script(
        a_step("greet", an_argument(VariableRef(name="name"))),
        a_step("x", an_argument(SecretRef(pieces=("", "RECORDER_TEST_TOKEN", "")))),
        variables=(a_variable(),),
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, "-s", "--", *words], input=text, capture_output=True, text=True, check=False
        )

    helped = run("--help")
    assert helped.returncode == 0
    assert "--name TEXT" in helped.stdout
    for words, said in ((["--no"], "--no is no option"), (["--name"], "--name needs a value")):
        done = run(*words)
        assert done.returncode == 2
        assert said in done.stderr


@pytest.mark.parametrize("inside", [False, True])
def test_a_variable_that_is_a_secret_is_read_when_what_reads_it_is_there(inside: bool) -> None:
    ref = SecretRef(pieces=("", "RECORDER_TEST_TOKEN", ""))
    secret = a_variable({"text": ref, "files": []} if inside else ref, "key")
    text = script(a_step("use", an_argument(VariableRef(name="key"))), variables=(secret,))
    assert text.index("json_inside() {") < text.index("$RECORDER_TEST_TOKEN") and "\nkey=\n" in text


WORD = re.compile(r"""(?:'[^']*'|\\'|"\$\(printf '(?:\\[0-7]{3})+'\)")+""")


def hostile_workflow(text: str, value: object) -> Workflow:
    """``text`` and ``value`` wherever a recording can hold them, and a shell word can."""
    speakable = (
        "".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff")
        .replace("\\", "")
        .replace("/", "")
    )
    file = a_file(text, path=f"session.files/{speakable or 'x'}.png", extra={text: text})
    first = a_raw_step(
        text,
        an_argument(value),
        an_argument({text: value, "k": [text, file]}, "second"),
        an_argument(VariableRef(name="v"), "third"),
        an_argument(SecretRef(pieces=(f"a{text}", "RECORDER_SECRET_TOKEN", f"{text}z")), "fourth"),
        id="one",
        outputs=(Output(name=text, label=text, component=text, value={text: 1}),),
        trigger=text,
        error=text,
    )
    second = a_raw_step(
        "second",
        an_argument(Link(step="one", output=0, path=(text,)), label=text),
        id="two",
        page=f"page {text}",
        expect="failed",
        error=text,
        event_data={text: value},
    )
    return a_workflow(
        first,
        second,
        name=text,
        variables=(a_variable(text, "v", label=text, component=text, choices=(text,)),),
        app=an_app(url=f"http://x/{speakable}", title=text, version=text, query="q=" + text, auth=True),
    )


@pytest.mark.parametrize("text", [text for text in NASTY if len(text) < 100], ids=ascii)
def test_recorded_text_is_only_ever_a_quoted_word(text: str) -> None:
    label = identifier(text, "step")

    def skeleton(workflow: Workflow) -> str:
        code = render(workflow, "curl")
        assert_parses(code)
        # The name of the endpoint is made an identifier, by which the step is called.
        code = re.sub(r" \\\n +", " ", code)
        return re.sub(rf"\b(benign|step|{label})(_answer)?\b", "NAME", WORD.sub("WORD", code))

    assert skeleton(hostile_workflow(text, text)) == skeleton(hostile_workflow("benign", "benign"))

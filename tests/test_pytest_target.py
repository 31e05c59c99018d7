"""The pytest target: a test module that asserts what every call gave. It is run with pytest against a stand-in client."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder.errors import UsageError
from recorder.render import Options, render
from recorder.session import Expectation
from recorder.workflow import Link, Output, Step, VariableRef
from tests.factories import a_file, a_step, a_variable, a_workflow, an_argument
from tests.test_literals import NASTY
from tests.test_python_target import comments, hostile_workflow, shape

GREET = a_step(
    "greet", an_argument(VariableRef(name="name")), outputs=(Output(label="Greeting", value="Hello World"),)
)
NAME = (a_variable(),)

CLIENT = """
class Client:
    def __init__(self, url, **_):
        self.url = url
    def predict(self, *given, api_name, **named):
        return ANSWERS[api_name](*given, **named)
def handle_file(path):
    return path
"""


def module(*steps: Step, rows: tuple[dict[str, Any], ...] = (), **fields: Any) -> str:
    text = render(a_workflow(*steps, **fields), "pytest", Options(rows=rows))
    compile(text.encode(), "test_module.py", "exec")
    return text


def ran(folder: Path, text: str, answers: str) -> tuple[int, str]:
    """How pytest ended and what it said of the module, with a client that gives ``answers``."""
    (folder / "test_module.py").write_text(text, encoding="utf-8")
    (folder / "gradio_client.py").write_text(f"ANSWERS = {answers}\n{CLIENT}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "test_module.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_it_passes_on_what_was_recorded(tmp_path: Path) -> None:
    code, said = ran(tmp_path, module(GREET, variables=NAME), "{'/greet': lambda name: 'Hello ' + name}")
    assert code == 0, said
    assert "1 passed" in said


def test_it_names_the_endpoint_the_output_and_the_difference(tmp_path: Path) -> None:
    code, said = ran(tmp_path, module(GREET, variables=NAME), "{'/greet': lambda name: 'Bye ' + name}")
    assert code == 1
    assert "/greet: Greeting" in said
    assert "- Hello World" in said and "+ Bye World" in said


def test_other_rows_are_checked_only_where_they_make_no_difference(tmp_path: Path) -> None:
    other = a_step("other", outputs=(Output(label="O", value=1),))
    follows = a_step(
        "follows", an_argument(Link(step="greet", output=0), "x"), outputs=(Output(value="HELLO WORLD"),)
    )
    text = module(GREET, follows, other, variables=NAME, rows=({"name": 'A"nn'}, {}))
    answers = "{'/greet': 'Hello {}'.format, '/follows': lambda x: x.upper(), '/other': lambda: 1}"
    answers = answers.replace("'Hello {}'.format", "lambda name: 'Hello ' + name")
    code, said = ran(tmp_path, text, answers)
    assert (code, "3 passed" in said) == (0, True), said
    code, said = ran(tmp_path, text, answers.replace("lambda: 1", "lambda: 2"))
    assert (code, "3 failed" in said) == (1, True), said


def test_a_row_may_have_files_inside_a_value(tmp_path: Path) -> None:
    (tmp_path / 'its "own".txt').write_text("x")
    recorded = a_variable({"text": "hi", "files": []}, "message", python_type="dict[str, Any]")
    answer = Output(value="recorded", label="Said")
    say = a_step("say", an_argument(VariableRef(name="message"), "message"), outputs=(answer,))
    row = {"message": {"text": "yo", "files": [tmp_path / 'its "own".txt']}}
    text = module(say, variables=(recorded,), rows=(row,))
    # The answer fails where a file of the row is none.
    given = "{'/say': lambda message: [open(path).close() for path in message['files']] and 1 or 'recorded'}"
    code, told = ran(tmp_path, text, given)
    assert (code, "2 passed" in told) == (0, True), told


def test_numbers_have_a_tolerance_and_files_are_their_content(tmp_path: Path) -> None:
    content = hashlib.sha256(b"content").hexdigest()
    outputs = (
        Output(label="n", value=[0.1, {"x": 2.5}, 3]),
        Output(label="f", value=a_file(sha256=content)),
        Output(label="u", value="see http://127.0.0.1:7860/x and /tmp/gradio/" + "0" * 64 + "/a.txt"),
        Output(label="g", value=None),
    )
    text = module(a_step("a", outputs=outputs))
    (tmp_path / "file").write_bytes(b"content")
    given = f"[[0.1 + 1e-9, {{'x': 2.5}}, 3], 'file', 'see http://app.example/x and /elsewhere/{'1' * 64}/a.txt', None]"
    code, said = ran(tmp_path, text, f"{{'/a': lambda: {given}}}")
    assert code == 0, said
    for was, now in (("0.1 +", "0.2 +"), ("'file'", "__file__"), ("a.txt", "b.txt"), ("None]", "0]")):
        code, said = ran(tmp_path, text, f"{{'/a': lambda: {given.replace(was, now)}}}")
        assert (code, "/a: " in said) == (1, True), said


def test_a_chats_answer_is_its_words_and_one_of_more_than_words_is_not_held_to_them(tmp_path: Path) -> None:
    said, shown = (
        Output(label="R", value="Is it?\nYes", reply=True),
        Output(label="R", value=None, reply=True),
    )
    text = module(a_step("chat", outputs=(said,)), a_step("draw", outputs=(shown,)))
    for given in ("'\\n  Is it?\\n  Yes'", "{'role': 'assistant', 'content': [{'text': 'Is it?\\nYes'}]}"):
        code, told = ran(tmp_path, text, f"{{'/chat': lambda: {given}, '/draw': lambda: 'a.png'}}")
        assert code == 0, told
    code, told = ran(tmp_path, text, "{'/chat': lambda: 'No', '/draw': lambda: 'a.png'}")
    assert (code, "/chat: R" in told) == (1, True), told


def test_a_call_that_failed_must_fail_again(tmp_path: Path) -> None:
    text = module(a_step("fail", expect="failed", error="no (tea)", outputs=()))
    fails = "def fail(): raise ValueError('There is no (tea) here')\nANSWERS = {'/fail': fail}"
    assert ran(tmp_path, text, f"0\n{fails}")[0] == 0
    assert "DID NOT RAISE" in ran(tmp_path, text, "{'/fail': lambda: 1}")[1]
    assert "Regex pattern did not match" in ran(tmp_path, text, f"0\n{fails.replace('tea', 'milk')}")[1]


def test_a_column_that_is_no_variable_is_refused() -> None:
    with pytest.raises(UsageError, match="The variables are name"):
        module(GREET, variables=NAME, rows=({"nmae": "x"},))


def test_the_test_has_the_workflows_name() -> None:
    assert "def test_my_flow(app_url: str) -> None:" in module(a_step(), name="my_flow")


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "client"])
def test_recorded_text_is_only_ever_a_constant(raw: bool) -> None:
    benign = render(hostile_workflow("benign", "benign", raw), "pytest")
    for text in NASTY:
        if not text or len(text) > 100:
            continue
        code = render(hostile_workflow(text, text, raw), "pytest")
        ast.parse(code.encode())
        assert comments(code) == comments(benign)
        if raw:
            assert names_apart(shape(code)) == names_apart(shape(benign)), text


def names_apart(tree: str) -> str:
    """The test's own name is an identifier made of the session's."""
    import re

    return re.sub(r"name='test_[a-z0-9_]{1,40}'", "name='test'", tree)


def test_it_holds_outputs_to_what_replays_taught_of_them(tmp_path: Path) -> None:
    value = {"id": "a1", "at": 5.0, "score": 3, "items": [{"n": 1}, {"n": 2}], "kept": "KEPT"}
    known = (
        Expectation(call="greet", output=0, kind="pattern", path=("id",), pattern=r"[a-z]\d"),
        Expectation(call="greet", output=0, kind="volatile", path=("at",)),
        Expectation(call="greet", output=0, kind="tolerance", path=("score",), tolerance=1),
        Expectation(call="greet", output=0, kind="unordered", path=("items",)),
    )
    text = module(a_step("greet", outputs=(Output(label="Data", value=value, expectations=known),)))
    other = {"id": "b2", "at": 99, "score": 4, "items": [{"n": 2}, {"n": 1}], "kept": "KEPT"}
    code, said = ran(tmp_path, text, f"{{'/greet': lambda: {other!r}}}")
    assert code == 0, said
    for changed in ({"id": "22"}, {"score": 5}, {"items": [{"n": 1}, {"n": 1}]}, {"kept": "LOST"}):
        code, said = ran(tmp_path, text, f"{{'/greet': lambda: {other | changed!r}}}")
        assert code == 1, changed
        assert "/greet: Data" in said


def test_the_address_is_an_option_where_there_is_one_and_the_environment_elsewhere(tmp_path: Path) -> None:
    text = module(a_step("where", outputs=(Output(label="Where", value="http://there"),)))
    answers = "{'/where': lambda: Client.last}"
    client = CLIENT.replace("self.url = url", "Client.last = url")
    (tmp_path / "test_module.py").write_text(text, encoding="utf-8")
    (tmp_path / "gradio_client.py").write_text(f"{client}\nANSWERS = {answers}\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--app-url')\n")

    def code(*words: str, **environment: str) -> int:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            "test_module.py",
            *words,
        ]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, check=False, env={**os.environ, **environment}
        ).returncode

    assert code("--app-url", "http://there/") == 0
    assert code(RECORDER_URL="http://there") == 0
    assert code() == 1

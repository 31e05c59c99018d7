"""The JavaScript target: an ES module in which recorded text is only ever a constant."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import FileError, RecorderError, UsageError
from recorder.render import Options, render
from recorder.workflow import Link, Output, SecretRef, Step, VariableRef
from tests import javascript
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
from tests.test_literals import NASTY, any_text
from tests.test_python_target import hostile_workflow


def module(*steps: Step, files: str = ".", style: str = "", **fields: object) -> str:
    text = render(a_workflow(*steps, **fields), "javascript", Options(files=files, style=style))
    javascript.shapes([text])
    return text


def body(text: str) -> str:
    """The lines inside of ``try``, not indented."""
    lines = text.split("\n    try {\n")[1].split("\n    } finally {\n")[0].splitlines()
    return "\n".join(line[8:] for line in lines)


def test_a_simple_recording_reads_as_if_written_by_hand() -> None:
    step = a_step("greet", an_argument(VariableRef(name="who")), an_argument(3, "n"))
    text = module(step, variables=(a_variable(name="who"),))
    assert " * @param {string} [options.who]\n" in text
    assert 'export async function run({ who = "World" } = {}) {' in text
    assert body(text) == (
        'const [greeting] = (await client.predict("/greet", { "name": who, "n": 3 })).data;\n'
        'show("greet", greeting);\n\nreturn greeting;'
    )


def test_only_what_is_needed_is_brought_along() -> None:
    plain = module(a_step())
    for function in ("call(", "messages(", "upload(", "secret(", "value_of(", "FILES"):
        assert function not in plain
    raw = module(a_raw_step("x", an_argument(a_file())))
    for function in ("function call(", "function* messages(", "function upload(", "FILES"):
        assert function in raw


def test_a_link_is_the_name_of_the_earlier_result() -> None:
    outputs = (
        Output(name="text", value="a"),
        Output(state=True),
        Output(name="score", value={"it's": [1]}, properties={}),
    )
    text = module(
        a_step("first", outputs=outputs),
        a_step("second", an_argument(Link(step="first", output=2, path=("it's", 0)), "x")),
    )
    assert 'const [text, score] = (await client.predict("/first", {})).data;' in text
    assert '{ "x": value_of(score)["it\'s"][0] }' in text


@pytest.mark.parametrize("value", [2**53, float("nan"), -0.0, [float("inf")]], ids=repr)
def test_numbers_that_its_json_lacks_go_by_the_protocol(value: object) -> None:
    assert "await call(client, 0, [" in module(a_step("a", an_argument(value)))


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", ""])
def test_a_name_that_every_object_has_makes_all_arguments_positional(name: str) -> None:
    step = a_step("a", an_argument(1, name), an_argument(2, "x"))
    assert 'client.predict("/a", [1, 2])' in module(step)


def test_names_are_never_taken_twice_and_never_the_modules_own() -> None:
    hostile = ["client", "await", "class", "run", "call", "arguments", "eval", "client_2", "", "show"]
    steps = [
        a_step(name or "x", id=f"s{n}", page=f"p{n % 2}", outputs=(Output(name=name, value=1),))
        for n, name in enumerate(hostile)
    ]
    # A module does not parse if a name is declared twice.
    module(*steps, variables=tuple(a_variable(1, name or "y") for name in hostile))


def test_what_cannot_be_written_is_refused_with_a_sentence() -> None:
    with pytest.raises(RecorderError, match="no step before it has"):
        module(a_step("a", an_argument(Link(step="gone", output=0))))
    with pytest.raises(FileError, match="outside its folder"):
        module(a_step("a", an_argument(a_file(path="../x"))))


def test_a_login_and_secrets_come_from_the_environment() -> None:
    text = module(a_step(), app=an_app(auth=True))
    assert '{ auth: [secret("RECORDER_USERNAME"), secret("RECORDER_PASSWORD")] }' in text


def test_an_endpoint_that_is_not_listed_takes_its_arguments_by_position() -> None:
    step = a_step("greet", an_argument("a", "x"), endpoint=an_endpoint(visibility="hidden"))
    assert 'client.predict("/greet", ["a"])' in module(step)


def test_a_module_for_a_page_takes_files_and_secrets_as_options() -> None:
    chosen, listed, kept = a_file("cat.png"), [a_file("dog.png")], a_file("it's a horse.png")
    text = module(
        a_step("a", an_argument(VariableRef(name="image")), an_argument(VariableRef(name="images"), "more")),
        a_step("b", an_argument({"files": [kept, kept]}), id="b"),
        a_step("c", an_argument(SecretRef(pieces=("Bearer ", "RECORDER_TOKEN", ""))), id="c"),
        variables=(a_variable(chosen, "image"), a_variable(listed, "images")),
        app=an_app(auth=True),
        style="browser",
    )
    for line in ("{string} options.username", "{Blob} options.image", "{Blob[]} options.images"):
        assert f"@param {line}\n" in text
    assert 'const login = { auth: [username, password], credentials: "include" };' in text
    assert 'upload(client, image, "cat.png")' in text
    assert text.count('upload(client, it_s_a_horse_png, "it\'s a horse.png")') == 2
    assert '"Bearer " + recorder_token' in text
    required = "{ username, password, image, images, it_s_a_horse_png, recorder_token }"
    assert f"Object.entries({required})" in text
    for word in ("node:", "process.", "import.meta", "FILES", "secret(", "https:"):
        assert word not in text


def test_files_inside_a_value_that_a_page_may_replace_are_not_required() -> None:
    value = {"text": "hi", "files": [a_file("cat.png")]}
    text = module(
        a_step("a", an_argument(VariableRef(name="message"), "message")),
        variables=(a_variable(value, "message"),),
        style="browser",
    )
    assert "Object.entries" not in text
    assert " * @param {Blob} [options.cat_png]\n" in text


def test_a_stream_is_one_call_of_all_its_frames() -> None:
    text = module(a_streamed_step("stream"), files="x")
    frame = '[{ "url": await data_url(join(FILES, "1/a.jpg"), "image/jpeg") }, null],'
    assert body(text).count(frame) == 3
    assert "const [greeting] = await stream(" in body(text)
    assert "function call(" not in text and "function upload(" not in text
    cut = body(module(a_streamed_step("stream", cut_short=True, expect="unfinished")))
    assert cut.split("await stream(")[1].split(");")[0].endswith("{ trigger_id: 7 },\n    true,\n")


def test_frames_of_an_app_without_streams_are_a_call_each() -> None:
    text = module(a_streamed_step(""))
    assert "const [greeting] = await call_each(" in body(text)
    assert "function call(" in text and "function stream(" not in text


def test_a_function_of_a_control_is_asked_on_the_server() -> None:
    text = module(a_server_step({"n": 2**60}))
    assert 'const [greeting] = await ask(client, 12, "add", { "n": 1152921504606846976n });' in body(text)
    fields = {"file": a_file(path="session.files/1/a.png"), "id": "x"}
    text = module(a_server_step(fields, connection="form"))
    sent = '{ "file": await file_at(join(FILES, "1/a.png")), "id": "x" }'
    assert sent in body(text)
    text = module(a_server_step(fields, connection="form"), style="browser")
    assert 'ask_form(client, 12, "add", { "file": cat_png, "id": "x" })' in body(text)


def test_a_page_does_not_repeat_the_stream_of_a_device() -> None:
    inline = a_file("frame.png", type="image/png", inline=True)
    with pytest.raises(UsageError, match="--skip snap, or render it with --style node"):
        module(a_step("snap", an_argument(inline)), style="browser")


def test_a_style_that_the_target_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match="Its styles are node and browser"):
        module(a_step(), style="async")


SHORT = [text for text in NASTY if 0 < len(text) < 100]


@pytest.mark.parametrize("style", ["node", "browser"])
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "client"])
def test_recorded_text_is_only_ever_a_constant(raw: bool, style: str) -> None:
    texts = ["benign", *SHORT]
    options = Options(style=style)
    modules = [render(hostile_workflow(text, text, raw), "javascript", options) for text in texts]
    benign, *hostile = javascript.shapes(modules)
    for text, shape in zip(texts[1:], hostile, strict=True):
        assert names_apart(shape) == names_apart(benign), text


def names_apart(shape: dict[str, Any]) -> dict[str, Any]:
    """An option by which a file is given is an identifier made of the file's name."""
    return {**shape, "comments": [re.sub(r"options\.[a-z0-9_]{1,42}\b", "", c) for c in shape["comments"]]}


@given(st.lists(any_text, min_size=5, max_size=15), st.booleans())
@settings(max_examples=8, deadline=None)
def test_every_module_parses_whatever_was_recorded(texts: list[str], raw: bool) -> None:
    javascript.shapes([render(hostile_workflow(text, text, raw), "javascript") for text in texts])

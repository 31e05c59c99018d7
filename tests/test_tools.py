"""Tools as tables: what a variable takes, which endpoints are tools, what of a recording is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recorder.adapters import workflow
from recorder.api import Api, Endpoint, Parameter
from recorder.config import Source, parse
from recorder.doctor import lint
from recorder.errors import UsageError
from recorder.serve.calling import _value, call
from recorder.serve.offer import Offer
from recorder.serve.page import dump, examples, page_of
from recorder.serve.tools import FILE_HINT, added_by, named_apart, property_of, tool_of, tools_of
from recorder.session import App, Call, File, Patch, Session, Value, read, write
from recorder.workflow import Variable
from tests.http_page import Page

HTTP = App(url="http://app.test", kind="http", title="T")


@pytest.mark.parametrize(
    ("variable", "schema"),
    [
        ({"python_type": "str", "value": "x"}, {"type": "string", "default": "x"}),
        ({"python_type": "list[str]", "value": ["x"]}, {"type": "array", "default": ["x"]}),
        ({"required": True, "label": "Your  name"}, {"description": "Your name"}),
        ({"schema": {"type": "string", "title": "t", "format": "date", "nullable": None}, "required": True},
         {"type": "string", "format": "date"}),
        # Gradio calls every choice a text, and shows one thing where it sends another.
        ({"schema": {"type": "string"}, "choices": (("One", 1), ("Two", 2)), "required": True}, {"enum": [1, 2]}),
        ({"schema": {"type": "string", "enum": ["a"]}, "choices": (("A", "a"),), "required": True},
         {"type": "string", "enum": ["a"]}),
        ({"component": "image", "label": "Face", "schema": {"type": "object"}, "required": True},
         {"type": "string", "description": f"Face. {FILE_HINT}"}),
        ({"component": "file", "schema": {"type": "array", "items": {}}, "required": True},
         {"type": "array", "items": {"type": "string"}, "description": FILE_HINT}),
        ({"value": File(name="x.png")}, {"type": "string", "description": FILE_HINT}),
    ],
)  # fmt: skip
def test_what_a_variable_takes(variable: dict[str, Any], schema: dict[str, Any]) -> None:
    assert property_of(Variable(**{"name": "v", "value": None, **variable})) == schema


def test_tools_are_the_endpoints_that_can_be_called_by_values_and_those_not_listed_are_hidden() -> None:
    parameter = Parameter(name="x")
    api = Api(
        endpoints=(
            Endpoint(id="/a", name="a"),
            Endpoint(id="/b", name="b", visibility="hidden"),
            Endpoint(id="fn:3", name="fn_3", visibility="public"),
            Endpoint(id="/webcam", name="webcam", connection="stream"),
            Endpoint(id="/c", name="c", parameters=(Parameter(name="s", state=True), parameter)),
        )
    )
    tools = tools_of(App(url="http://app.test", kind="gradio"), api)
    shown = [(tool.name, list(tool.schema()["properties"]), tool.hidden) for tool in tools]
    assert shown == [("a", [], False), ("b", [], True), ("c", ["x"], False)]
    http = Api(
        endpoints=(
            Endpoint(id="GET /a", name="a", method="GET", path="/a"),
            Endpoint(id="POST /graphql A", name="a", method="POST", path="/graphql", connection="graphql"),
            Endpoint(id="WS /ws", name="ws", method="WS", path="/ws"),
        )
    )
    assert [tool.name for tool in named_apart(tools_of(HTTP, http))] == ["a", "a_2"]


async def test_who_is_on_another_machine_cannot_name_files_of_this_one(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("open sesame")
    page = Page()
    page.act()
    page.ask("POST", "/things", give={})
    session = page.session()
    tool = tool_of(session, workflow(session), tmp_path)
    import msgspec

    variables = (Variable(name="file", value=File(name="x.txt")),)
    tool = msgspec.structs.replace(tool, workflow=msgspec.structs.replace(tool.workflow, variables=variables))
    for text in (str(secret), "http://127.0.0.1:1/x"):
        with pytest.raises(UsageError, match="as data: URLs only"):
            await call(tool, {"file": text}, tmp_path, local=False)


def test_a_secret_of_a_recording_is_shown_by_its_name() -> None:
    page = Page()
    page.act()
    placeholder = f"[recorder-secret:{'0' * 16}:RECORDER_SECRET_PASSWORD]"
    page.ask("POST", "/login", sent={"user": "ann", "password": placeholder}, give={"token": placeholder})
    session = page.session()
    text = dump(page_of(session.app, session.api, examples(session)))
    assert "recorder-secret:" not in text
    assert '"password": "RECORDER_SECRET_PASSWORD"' in text


async def test_a_data_url_is_a_file_by_whose_name_an_app_knows_what_it_is(tmp_path: Path) -> None:
    variable = Variable(name="x", value=None, component="file")
    for kind, suffix in (
        ("audio/wav", ".wav"),
        ("image/webp", ".webp"),
        ("image/png", ".png"),
        ("application/x-y", ""),
    ):
        made = await _value(variable, f"data:{kind};base64,aGVsbG8=", tmp_path, False)
        assert Path(made.path).name == f"file{suffix}" and Path(made.path).read_bytes() == b"hello"


def test_a_schema_means_the_same_wherever_it_is_put() -> None:
    schema = {
        "type": "array",
        "items": {"$ref": "#/$defs/Message", "description": "one"},
        "$defs": {
            "Message": {"type": "object", "properties": {"text": {"$ref": "#/$defs/Text"}, "next": {"$ref": "#/$defs/Message"}}},
            "Text": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Gone"}]},
        },
    }  # fmt: skip
    assert property_of(Variable(name="x", value=None, schema=schema, required=True)) == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"text": {"anyOf": [{"type": "string"}, {}]}, "next": {}},
            "description": "one",
        },
    }


def test_what_of_an_api_does_not_speak_for_itself_is_found_with_what_mends_it() -> None:
    api = Api(
        endpoints=(
            Endpoint(id="/lambda_3", name="lambda_3", description="Sums up"),
            Endpoint(
                id="/greet",
                name="greet",
                description="Greets",
                parameters=(Parameter(name="x", label="Name"),),
            ),
            Endpoint(
                id="/greet_1", name="greet_1", description="Greets", parameters=(Parameter(name="param_0"),)
            ),
            Endpoint(id="fn:4", name="chat", description="Chats"),
            Endpoint(id="/sum", name="sum"),
            Endpoint(id="/hidden", name="lambda", visibility="hidden"),
        )
    )
    found = [
        (f.endpoint, f.parameter, f.what.partition(",")[0])
        for f in lint(App(url="http://a", kind="gradio"), api)
    ]
    assert found == [
        ("/lambda_3", "", "its name says nothing"),
        ("/greet_1", "", "its name is made from that of greet"),
        ("/greet_1", "param_0", "it has neither a telling label nor a description"),
        ("fn:4", "", "several endpoints have this name"),
        ("/sum", "", "it has no description"),
    ]
    assert (
        '[endpoints."/lambda_3"] in recorder.toml' in lint(App(url="http://a", kind="gradio"), api)[0].remedy
    )


def test_a_session_that_was_healed_is_served_as_it_was_healed(tmp_path: Path) -> None:
    now = Endpoint(
        id="/welcome", name="welcome", api_name="welcome", fn_index=4, parameters=(Parameter(name="who"),)
    )
    was = Endpoint(
        id="/greet", name="greet", api_name="greet", fn_index=0, parameters=(Parameter(name="name"),)
    )
    value = Value(name="name", value="Ann", changed=True)
    call = Call(id="c1", endpoint="/greet", inputs=(value,))
    session = Session(
        app=App(url="http://app.test", kind="gradio"),
        api=Api(endpoints=(was,)),
        calls=(call,),
        patches=(Patch(endpoint="/greet", now=now, inputs=(0,)),),
    )
    write(session, tmp_path / "greeting.json")
    [tool] = Offer("http://app.test", folder=tmp_path).workflows()
    assert [step.endpoint.id for step in tool.workflow.steps] == ["/welcome"]
    text = '[add.greeted]\nsession = "greeting.json"\n'
    path = tmp_path / "recorder.toml"
    [tool] = added_by(Source(parse(text, path), path, text), read)
    assert [step.endpoint.id for step in tool.workflow.steps] == ["/welcome"]

"""``recorder.toml``: what it says, what it says wrongly and on which line, and which requests it is about."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.adapters.gradio import addressing as of_gradio
from recorder.adapters.gradio.amending import amended_config, amended_info, names_of, renamed
from recorder.adapters.http import addressing as of_http
from recorder.api import Api, Endpoint
from recorder.config import Source, line_of, parse
from recorder.errors import FileError
from recorder.schema import config_schema

PATH = Path("recorder.toml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[endpoints."/a"]\nname = "x"\n\n[endpoints."GET /x"]\nhiden = true', "line 5: there is no key 'hiden' here. It takes name"),
        ('[endpoints."/a"]\nhidden = "yes"', "line 2: endpoints./a.hidden: expected `bool`, got `str`"),
        ('[endpoints."/a"]\n# why\ndisabled_for = "some"', "line 3: endpoints./a.disabled_for: invalid enum value 'some'"),
        ('[endpoints]\n"/a" = { name = "two words" }', "line 2: 'two words' can be no name of an endpoint"),
        ("a = 1\nb = [", "line 2: "),
        ("a = 1\na = 2", "line 2: "),
        ('[add.f]\ndescription = "x"', "line 1: 'f' is made of nothing, or of two things"),
        ('[add."a b"]\nfunction = "a:b"', "line 1: 'a b' can be no name of an endpoint"),
        ("[serve]\n\nat_once = 0", "line 3: serve.at_once must be more than nothing"),
        ("\nendpoint = {}", "line 2: there is no key 'endpoint' here. It takes endpoints, add, serve, secrets, private"),
        ('[secrets]\nnames = ["a b"]', "line 2: 'a b' can be no name of a secret"),
        ('[secrets]\nnames = ["pin", "*"]', "line 2: '*' can be no name of a secret"),
        ("[secrets]\n\npatterns = ['(']", "line 3: '(' is no regular expression"),
        ("[secrets]\npatterns = ['x*']", "line 2: 'x*' matches nothing at all, too"),
        ("[secrets]\npatterns = ['(?P<a>b)']", "line 2: '(?P<a>b)' has what JavaScript does not know"),
        ("[secrets]\npatterns = ['(?i)b']", "line 2: '(?i)b' has what JavaScript does not know"),
        ("[secrets]\nname = 'x'", "line 2: there is no key 'name' here. It takes names, patterns"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_its_number_and_the_remedy(text: str, sentence: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(text, PATH)
    assert str(caught.value).startswith(f"recorder.toml, {sentence}")
    assert caught.value.remedy


@given(st.text(max_size=200) | st.text("[]{}=.\"'#\n ab1", max_size=80))
def test_whatever_stands_in_it_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        parse(text, PATH)
    except FileError as error:
        assert f"line {int(str(error).partition('line ')[2].partition(':')[0])}:" in str(error)


def test_the_nearest_line_around_what_is_sought_is_found() -> None:
    text = '[endpoints."/a"]\nhidden = true\n\n[endpoints."/b"]\nname = "x" # [no]\n'
    assert line_of(text, ("endpoints", "/b", "name")) == 5
    assert line_of(text, ("endpoints", "/b", "description")) == 4
    assert line_of(text, ("add", "x")) == 1


API = Api(
    endpoints=(
        Endpoint(id="/a", name="a", api_name="a", fn_index=0),
        Endpoint(id="/b", name="b", api_name="b", fn_index=1),
        Endpoint(id="fn:2", name="fn_2", fn_index=2, visibility="private"),
    )
)


def test_rules_are_found_by_id_by_name_and_by_index() -> None:
    said = parse('[endpoints."/a"]\nhidden = true\n[endpoints.b]\ndisabled = true\n[endpoints."fn:2"]\ndisabled_for = "all"', PATH)  # fmt: skip
    assert [e.visibility for e in said.applied(API).endpoints] == ["hidden", "private", "private"]
    assert [said.refused_to(e) for e in API.endpoints] == [None, "all", "all"]
    # What the app hides stays hidden where it is only named.
    api = Api(endpoints=(Endpoint(id="/h", name="h", api_name="h", visibility="hidden"),))
    [named] = parse('[endpoints."/h"]\nname = "x"', PATH).applied(api).endpoints
    assert (named.name, named.visibility) == ("x", "hidden")
    # What the app itself makes private is refused to all but its own page, wherever there is a configuration.
    assert parse("", PATH).refused_to(API.endpoints[2]) == "api"
    assert parse('private = "allowed"', PATH).refused_to(API.endpoints[2]) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('\n[endpoints."/c"]\nhidden = true', "line 2: the app has no endpoint '/c'. It has /a, /b, fn:2"),
        ('[endpoints."/a"]\nname = "b"', "line 2: 'b' is the name of another endpoint too"),
        ('[add.b]\nsession = "s.json"', "line 1: 'b' is the name of another endpoint too"),
    ],
)
def test_what_does_not_fit_the_app_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(FileError) as caught:
        Source(parse(text, PATH), PATH, text).checked(API)
    assert str(caught.value).startswith(f"recorder.toml, {sentence}")


@pytest.mark.parametrize(
    ("path", "body", "called"),
    [
        ("/queue/join", {"fn_index": 0}, ["/a"]),
        ("/gradio_api/queue/join", {"fn_index": 2}, ["fn:2"]),
        ("/deep/ui/gradio_api//queue/./join/", {"fn_index": "1"}, ["/b"]),
        ("/queue/join", {"fn_index": 1.0}, ["/b"]),
        ("/queue/join", {"fn_index": True}, ["/b"]),
        ("/queue/join", {"fn_index": "nan"}, []),
        ("/call/a", {}, ["/a"]),
        ("/gradio_api/call/v2/%61", {}, ["/a"]),
        ("/run/a/", {"fn_index": 1}, ["/a", "/b"]),
        ("/api/x/../b", {}, ["/b"]),
        ("/gradio_api/mcp/", {"method": "tools/call", "params": {"name": "house_a"}}, ["/a"]),
        ("/gradio_api/mcp/sse", [{"method": "tools/call", "params": {"name": "b"}}], ["/b"]),
        ("/gradio_api/upload", {"fn_index": 0}, []),
        ("/config", {"fn_index": 0}, []),
    ],
)
def test_a_call_of_a_gradio_app_is_known_however_it_is_made(
    path: str, body: object, called: list[str]
) -> None:
    found = of_gradio.addressed(API, "POST", path, json.dumps(body).encode())
    assert [endpoint.id for endpoint in found] == called
    assert [e.id for e in of_gradio.addressed(API, "POST", path, json.dumps(body).encode("utf-16"))] == called


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_request_is_too_odd_to_be_looked_at(path: str, body: bytes) -> None:
    of_gradio.addressed(API, "POST", f"/call/{path}", body)
    of_gradio.addressed(API, "POST", "/queue/join", body)
    of_http.addressed(API, "GET", f"/{path}", body)
    renamed(f"/call/{path}", {"x": "y"})


HTTP = Api(
    endpoints=(
        Endpoint(id="GET /items/{item_id}", method="GET", path="/items/{item_id}"),
        Endpoint(id="GET /files/{name:path}", method="GET", path="/files/{name:path}"),
        Endpoint(id="POST /items", method="POST", path="/items"),
    )
)


@pytest.mark.parametrize(
    ("method", "path", "called"),
    [
        ("GET", "/items/3", "GET /items/{item_id}"),
        ("HEAD", "/items/3/", "GET /items/{item_id}"),
        ("GET", "/items%2F3", "GET /items/{item_id}"),
        ("GET", "//items/./3", "GET /items/{item_id}"),
        ("GET", "/files/a/b%0A", "GET /files/{name:path}"),
        ("POST", "/other/../items", "POST /items"),
        ("GET", "/items", None),
        ("GET", "/items/3/4", None),
    ],
)
def test_a_call_of_an_http_api_is_known_however_its_path_is_written(
    method: str, path: str, called: str | None
) -> None:
    assert [e.id for e in of_http.addressed(HTTP, method, path, b"")] == ([called] if called else [])


def test_what_a_gradio_app_says_of_itself_is_amended_by_the_spelling_of_its_version() -> None:
    said = parse('[endpoints."/a"]\nname = "ay"\n[endpoints."/b"]\nhidden = true', PATH)
    old = [
        {"id": 0, "api_name": "a", "show_api": True},
        {"id": 1, "api_name": "b"},
        {"id": 2, "api_name": False},
    ]
    new = [
        {"id": 0, "api_name": "a", "api_visibility": "public"},
        {"id": 1, "api_name": "b", "api_visibility": "public"},
    ]
    added = [Endpoint(id="/c", name="c", api_name="c", fn_index=1_000_000)]
    made = amended_config({"dependencies": old, "components": []}, API, said, added)["dependencies"]
    assert [d["api_name"] for d in made] == ["ay", "b", False, "c"]
    assert [d.get("show_api") for d in made] == [True, False, None, True]
    made = amended_config({"dependencies": new, "components": []}, API, said, [])["dependencies"]
    assert [d["api_visibility"] for d in made] == ["public", "undocumented"]
    info = {"named_endpoints": {"/a": {"parameters": []}, "/b": {"parameters": []}}}
    assert set(amended_info(info, API, said, added, everything=False)["named_endpoints"]) == {"/ay", "/c"}
    assert set(amended_info(info, API, said, added, everything=True)["named_endpoints"]) == {
        "/ay",
        "/b",
        "/c",
    }
    assert renamed("/gradio_api/call/ay?x=1", names_of(API, said)) == "/gradio_api/call/a?x=1"
    assert renamed("/gradio_api/call/a", names_of(API, said)) == ""


def test_the_schema_takes_what_is_taken_and_refuses_what_is_not() -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(
        {"endpoints": {"/a": {"name": "x", "disabled_for": "api"}}, "serve": {"at_once": 2}}, schema
    )
    jsonschema.validate({"add": {"f": {"function": "a:b"}}, "private": "allowed"}, schema)
    for wrong in ({"endpoint": {}}, {"endpoints": {"/a": {"hiden": True}}}, {"private": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)

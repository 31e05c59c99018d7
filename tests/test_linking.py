"""What a program of a recorded page sends to a fresh start of the app, with other ids and one record more."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from recorder import adapters
from recorder.adapters import Selection
from recorder.adapters.http.volatile import volatile
from recorder.events import Made
from recorder.request import address, as_sent, evaluated, follow, framed, generated
from recorder.workflow import AppUrl, Generated, Link, VariableRef
from tests.http_page import ROOT, Page

UUIDS = [f"{n}b9f6c1e-4f0a-4b51-9d3c-2f4f7f1f6a10" for n in range(10)]
Given = Mapping[str, Any]
"""What another start of the app gives, by method and path: the body, or the body and the headers."""


def again(page: Page, given: Given) -> list[tuple[str, Any, dict[str, Any]]]:
    """What the program of a recording sends: method and address, body and headers of each request."""
    workflow = adapters.workflow(page.session(), Selection())
    answers: dict[str, tuple[Any, dict[str, str]]] = {}
    made: dict[str, Any] = {}
    values = {variable.name: variable.value for variable in workflow.variables}
    sent = []

    def leaf(one: Any) -> Any:
        match one:
            case Link():
                body, headers = answers[one.step]
                outputs = next(step for step in workflow.steps if step.id == one.step).outputs
                return follow(one, headers if outputs[one.output].component == "headers" else body, leaf)
            case VariableRef():
                return evaluated(values[one.name], leaf)
            case Generated():
                return made.setdefault(one.name, generated(one, 1_790_000_000))
            case AppUrl():
                return ROOT
        raise AssertionError(one)

    for step in workflow.steps:
        asked = as_sent(step)
        where = f"{asked.method} {address(asked, '', lambda value: evaluated(value, leaf))}"
        body = evaluated(asked.body, leaf)
        sent.append(
            (
                where,
                json.loads(body) if isinstance(body, str) and body[:1] in ("{", "[") else body,
                {name: evaluated(value, leaf) for name, value in asked.headers},
            )
        )
        answer = given.get(where, {})
        answers[step.id] = answer if isinstance(answer, tuple) else (answer, {})
    return sent


def bodies(page: Page, given: Given) -> list[Any]:
    """The bodies of the requests that have one."""
    return [body for _, body, _ in again(page, given) if body is not None]


def test_each_value_that_the_page_made_is_another_one_also_where_all_go_by_one_name() -> None:
    page = Page()
    for number in range(3):
        page.act(name=f"Add {number}")
        page.add(Made, how="uuid", value=UUIDS[number])
        page.ask("POST", "/notes", sent={"id": UUIDS[number], "text": f"n{number}"}, give={"ok": True})
    ids = [body["id"] for body in bodies(page, {})]
    assert len({*ids, *UUIDS}) == len(ids) + len(UUIDS)


def test_a_record_is_a_row_of_values_without_names_too() -> None:
    page = Page()
    page.type("Who", "ma")
    page.ask("POST", "/people/search", sent={"for": "ma"}, give=[[2751, "Max Roe"], [2769, "Maria Rossi"]])
    page.act(name="Maria Rossi", role="listitem")
    page.ask("POST", "/save", sent={"user_id": 2769}, give={"ok": True})
    given = {"POST /people/search": [[11, "Mara"], [12, "Max Roe"], [13, "Maria Rossi"]]}
    assert bodies(page, given)[-1] == {"user_id": 13}


def test_what_an_earlier_request_sent_of_a_chosen_record_is_sent_of_it_again() -> None:
    page = Page()
    page.ask("GET", "/leads", give=[{"id": 2801, "name": "Desk"}, {"id": 2892, "name": "Lamp"}], act=False)
    page.act(name="Lamp", role="row")
    page.ask("POST", "/rpc/read", sent={"args": [[2892]]}, give={"note": ""})
    page.type("Tag", "hot")
    page.ask("POST", "/rpc/tags", sent={"for": "hot"}, give=["hot", "cold"])
    page.wait(3000)
    page.type("Note", "call back")
    page.act(name="Save")
    page.ask("POST", "/rpc/write", sent={"args": [[2892], {"note": "call back"}]}, give=True)
    given = {
        "GET /leads": [{"id": 11, "name": "Sofa"}, {"id": 12, "name": "Desk"}, {"id": 13, "name": "Lamp"}]
    }
    sent = bodies(page, given)
    assert sent[0] == {"args": [[13]]}
    assert sent[-1] == {"args": [[13], {"note": "call back"}]}


def test_any_header_of_a_response_may_hold_an_id() -> None:
    page = Page()
    page.act(name="Add")
    made = f"{ROOT}/api/contacts({UUIDS[1]})"
    page.ask("POST", "/api/contacts", sent={"name": "Nia"}, status=204, told=(("OData-EntityId", made),))
    page.act(name="Remove")
    page.ask("POST", "/api/$batch", sent={"requests": [{"url": f"/api/contacts({UUIDS[1]})"}]}, give={})
    given = {"POST /api/contacts": ("", {"odata-entityid": f"{ROOT}/api/contacts({UUIDS[2]})"})}
    assert bodies(page, given)[-1] == {"requests": [{"url": f"/api/contacts({UUIDS[2]})"}]}


def test_a_value_beside_a_path_goes_by_the_name_in_the_path() -> None:
    page = Page()
    page.ask("GET", "/issue", give={"lockVersion": 26, "votes": 3}, act=False)
    page.type("Title", "Broken")
    patch = [
        {"op": "test", "path": "/lockVersion", "value": 26},
        {"op": "replace", "path": "/title", "value": "Broken"},
    ]
    page.ask("PATCH", "/issue", sent=patch, give={"lockVersion": 27})
    sent = bodies(page, {"GET /issue": {"lockVersion": 7, "votes": 9}})[-1]
    assert [part["value"] for part in sent] == [7, "Broken"]


def test_a_version_that_rises_by_one_is_the_app_s_where_the_app_gave_it() -> None:
    page = Page()
    page.ask("GET", "/issue", give={"title": "A", "version": 4}, act=False)
    for number, title in enumerate(["B", "C"], 4):
        page.type("Title", title)
        page.ask("PUT", "/issue", sent={"title": title, "version": number}, give={"version": number + 1})
    given = {"GET /issue": {"title": "A", "version": 17}, "PUT /issue": {"version": 18}}
    assert [body["version"] for body in bodies(page, given)] == [17, 18]


def test_a_part_of_a_text_may_be_base64_of_what_the_app_gave() -> None:
    page = Page()
    page.ask("GET", "/me", give={"workspace": "5571ff1caf0eb2dee5fc73"}, act=False)
    page.act(name="Upload")
    coded = base64.b64encode(b"5571ff1caf0eb2dee5fc73").decode()
    page.ask("POST", "/files", headers={"upload-metadata": f"filename YS50,workspace {coded}"}, give={})
    ((_, _, headers),) = again(page, {"GET /me": {"workspace": "kqzxwvtrplmnbgtrfd"}})[1:]
    assert (
        headers["upload-metadata"]
        == "filename YS50,workspace " + base64.b64encode(b"kqzxwvtrplmnbgtrfd").decode()
    )


def test_a_record_in_an_object_whose_members_go_by_ids_is_found_by_what_it_says() -> None:
    page = Page()

    def records(ids: list[str], *titles: str) -> dict[str, Any]:
        said = {
            id: {"value": {"id": id, "properties": {"title": [[title]]}}}
            for id, title in zip(ids, titles, strict=True)
        }
        return {"pages": ids, "record_map": {"block": said}}

    page.ask("POST", "/load", sent={}, give=records(UUIDS[:3], "Groceries", "Trip", "Work"), act=False)
    page.act(name="Trip", role="listitem")
    page.ask("POST", "/open", sent={"page_id": UUIDS[1]}, give={})
    given = {"POST /load": records(UUIDS[4:8], "Extra", "Groceries", "Trip", "Work")}
    assert bodies(page, given)[-1] == {"page_id": UUIDS[6]}


def test_an_object_that_is_sent_back_is_what_the_app_gives_now_with_what_was_changed() -> None:
    page = Page()
    settings = {
        "theme": "dark",
        "size": 25,
        "digest": True,
        "lang": "en",
        "flags": {"beta": False, "old": True},
    }
    page.ask("GET", "/me", give={"user": "ann", "settings": settings}, act=False)
    page.type("Language", "fr")
    changed = {**settings, "lang": "fr", "flags": {"beta": True, "old": True}}
    page.ask("PATCH", "/me", sent={"settings": changed}, give={})
    now = {
        "theme": "light",
        "size": 50,
        "digest": False,
        "lang": "de",
        "flags": {"beta": False, "old": False},
        "more": 1,
    }
    sent = bodies(page, {"GET /me": {"user": "bob", "settings": now}})[-1]
    assert sent == {"settings": {**now, "lang": "fr", "flags": {"beta": True, "old": False}}}


def test_a_body_that_is_sent_back_is_of_the_record_that_was_chosen() -> None:
    page = Page()

    def issue(id: int, title: str, version: int) -> dict[str, Any]:
        fields = [{"id": id + 1, "name": "Cost", "value": "?"}, {"id": id + 2, "name": "Area", "value": "?"}]
        return {
            "id": id,
            "title": title,
            "version": version,
            "note": f"of {id}",
            "fields": fields,
            "links": {"a": id},
        }

    page.ask("GET", "/issues", give=[issue(1200, "Desk", 3), issue(1300, "Lamp", 3)], act=False)
    page.act(name="Lamp", role="row")
    page.type("Note", "call back")
    body = {key: value for key, value in issue(1300, "Lamp", 3).items() if key != "links"}
    page.ask("PUT", "/issues/1300", sent={**body, "note": "call back"}, give={})
    now = [issue(20, "Sofa", 8), issue(40, "Desk", 9), issue(60, "Lamp", 7)]
    sent = bodies(page, {"GET /issues": now})[-1]
    assert sent == {**{k: v for k, v in now[2].items() if k != "links"}, "note": "call back"}


def test_members_that_others_added_to_an_object_keyed_by_ids_are_sent_back_too() -> None:
    page = Page()
    page.ask(
        "GET", "/people", give=[{"id": id, "name": n} for id, n in zip(UUIDS, "ab", strict=False)], act=False
    )
    page.ask("GET", "/page", give={"id": UUIDS[5], "members": {UUIDS[0]: "editor"}}, act=False)
    page.type("b", "reader", kind="choice", shown="reader")
    page.ask("PUT", "/page", sent={"members": {UUIDS[0]: "editor", UUIDS[1]: "reader"}}, give={})
    given = {
        "GET /people": [{"id": UUIDS[n], "name": name} for n, name in ((7, "x"), (8, "a"), (9, "b"))],
        "GET /page": {"id": UUIDS[6], "members": {UUIDS[7]: "owner", UUIDS[8]: "editor"}},
    }
    members = {UUIDS[7]: "owner", UUIDS[8]: "editor", UUIDS[9]: "reader"}
    assert bodies(page, given)[-1] == {"members": members}


def test_a_list_that_is_sent_back_keeps_what_it_holds_now() -> None:
    page = Page()
    page.ask("GET", "/tags", give={"tags": ["a-7f3e9c", "b-81cc02"], "rest": 1}, act=False)
    page.type("Tag", "new one")
    page.ask("PUT", "/tags", sent={"tags": ["a-7f3e9c", "b-81cc02", "new one"]}, give={})
    given = {"GET /tags": {"tags": ["c-119f00", "d-aa71e2", "e-0172bc"]}}
    assert bodies(page, given)[-1] == {"tags": ["c-119f00", "d-aa71e2", "e-0172bc", "new one"]}


def test_an_item_of_a_list_that_a_query_gave_by_post_is_found_by_its_name() -> None:
    page = Page()
    page.act(name="Refresh")
    page.ask(
        "POST",
        "/graphql",
        sent={"query": "{nodes}"},
        give=[{"id": UUIDS[0], "name": "Todo"}, {"id": UUIDS[1], "name": "Done"}],
    )
    page.act(name="Finish")
    page.ask("POST", "/finish", sent={"state_id": UUIDS[1]}, give={})
    now = [{"id": UUIDS[n], "name": name} for n, name in ((5, "New"), (6, "Todo"), (7, "Done"))]
    assert bodies(page, {"POST /graphql": now})[-1] == {"state_id": UUIDS[7]}


def test_ids_in_framed_messages_are_links() -> None:
    page = Page()
    stomp = "MESSAGE\nsubscription:s0\n\n"
    page.act(name="Open")
    room = [
        (True, '{"protocol":"json"}\x1e'),
        (False, f'{{"target":"opened","arguments":[{{"id":"{UUIDS[0]}"}}]}}\x1e'),
    ]
    added = (True, f'{{"target":"Add","arguments":["{UUIDS[0]}",{{"qty":1}}]}}\x1e')
    page.socket(
        "/hub",
        *room,
        added,
        (False, f'{stomp}{{"line":"{UUIDS[1]}"}}\0'),
        (True, f'42["drop",{{"line":"{UUIDS[1]}"}}]'),
    )
    (step,) = adapters.workflow(page.session(), Selection()).steps
    heard = [{"target": "opened", "arguments": [{"id": "other"}]}, {"line": "another"}]
    said = [evaluated(m.value, lambda link: follow(link, heard)) for m in step.messages if m.sent]
    assert said == [
        '{"protocol":"json"}\x1e',
        '{"target":"Add","arguments":["other",{"qty":1}]}\x1e',
        '42["drop",{"line":"another"}]',
    ]


@pytest.mark.parametrize("text", ["[1] see above", "see [1]", "{x}\x1e", "3 {}", '{"a":1}'])
def test_a_text_that_only_looks_framed_is_a_text(text: str) -> None:
    assert framed(text) is None


def test_a_replay_does_not_compare_members_that_go_by_ids() -> None:
    given = {"size": 2, "members": {UUIDS[0]: {"role": "owner"}, UUIDS[1]: {"role": "reader"}}}
    assert [each.path for each in volatile("c1", 0, given, frozenset())] == [("members",)]


def test_a_map_that_goes_by_ids_of_letters_only_is_sent_back_as_the_app_gives_it() -> None:
    page = Page()
    recorded, other = "fSoFKTdiphagctoLxWDUOmwkPwIn", "qWmZbTxKdLrPvNcHsGjYfTuEoQaI"
    page.ask("GET", "/issue", give={"members": {recorded: "owner"}}, act=False)
    page.type("Role", "reader")
    page.ask("PUT", "/issue", sent={"members": {recorded: "owner", "everybody": "reader"}}, give={})
    sent = bodies(page, {"GET /issue": {"members": {other: "owner"}}})[-1]
    assert sent == {"members": {other: "owner", "everybody": "reader"}}

"""What a program of a recorded page sends to a fresh start of the app, with other ids and one record more."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from recorder import adapters
from recorder.adapters import Selection
from recorder.events import Made
from recorder.request import address, as_sent, evaluated, follow, generated
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

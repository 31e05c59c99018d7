"""What a program of a recorded page sends to a fresh start of the app, with other ids and one record more."""

from __future__ import annotations

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

"""Server-rendered pages: the workflow of one start of an app, run on the responses of another start, sends what a person
sends there. Each story is told of both starts; the other one has other ids, and one more record."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from recorder.adapters import workflow
from recorder.events import Act, Body, Done, Part, Request, Response, Typed
from recorder.markup import elements
from recorder.replay.run import replay
from recorder.request import address, as_text, evaluated, follow, request
from recorder.workflow import Link, VariableRef
from tests.http_page import ROOT, Page
from tests.serving import upstream

Start = dict[str, Any]


class Visit:
    """A person in an app of pages."""

    def __init__(self) -> None:
        self.page = Page()
        self.number = 0
        self.sent: list[tuple[str, list[tuple[str, str]]]] = []
        """What was asked for with fields."""

    def shows(self, path: str, html: str, form: str = "") -> None:
        """A link, or the submitted form, brought another document."""
        left, act = self.page.page, self.page._act
        if "?" in path and not form:
            self.sent.append((f"GET {path}", []))
        self.number += 1
        self.page.at += 50
        self.page.open(f"D{self.number}", path)
        self.page.add(
            Request,
            id="d0",
            method="GET",
            url=ROOT + path,
            how="document",
            left=left,
            form=form or None,
            act=act,
        )
        self.answers("d0", path, html)

    def answers(self, id: str, path: str, html: str, kind: str = "text/html") -> None:
        self.page.at += 20
        self.page.add(Response, id=id, status=200, headers=(("content-type", kind),), url=ROOT + path)
        self.page.add(Done, id=id, body=Body(kind="text", text=html))

    def acts(self, name: str = "", near: tuple[str, ...] = (), role: str = "link") -> None:
        self.number += 1
        self.page.at += 400
        self.page._act = f"a{self.number}"
        self.page.add(Act, id=self.page._act, kind="click", role=role, name=name, near=near)

    def types(self, field: str, value: str, shown: str = "", near: tuple[str, ...] = ()) -> None:
        self.acts(field, near, "combobox" if shown else "textbox")
        kind = "choice" if shown else "text"
        self.page.add(Typed, control=f"i{self.number}", kind=kind, value=value, shown=shown, field=field)

    def submits(self, path: str, fields: dict[str, str], answer: str = "<p>ok</p>", shows: str = "") -> None:
        self.number += 1
        form = f"f{self.number}"
        body = Body(kind="parts", parts=tuple(Part(name=name, value=value) for name, value in fields.items()))
        kind = (("content-type", "application/x-www-form-urlencoded"),)
        self.page.add(
            Request,
            id=form,
            method="POST",
            url=ROOT + path,
            how="form",
            headers=kind,
            body=body,
            act=self.page._act,
        )
        self.sent.append((f"POST {path}", list(fields.items())))
        self.shows(shows or path, answer, form)

    def asks(
        self, method: str, path: str, fields: dict[str, str], answer: str, kind: str = "text/html"
    ) -> None:
        """A script of the page asks for a piece of it."""
        self.number += 1
        body = Body(kind="text", text=urlencode(fields)) if fields else Body()
        given = (("content-type", "application/x-www-form-urlencoded"),) if fields else ()
        id = f"r{self.number}"
        self.page.add(
            Request,
            id=id,
            method=method,
            url=ROOT + path,
            how="fetch",
            headers=given,
            body=body,
            act=self.page._act,
        )
        if method != "GET" or "?" in path:
            self.sent.append((f"{method} {path}", list(fields.items())))
        self.answers(id, path, answer, kind)


def sends_anew(
    recorded: Visit, other: Visit, values: dict[str, str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the workflow of one visit asks for with fields, given the responses of the other. ``values`` are values of
    variables by their recorded values."""
    made = workflow(recorded.page.session())
    session = other.page.session()
    calls = {call.id: call for call in (*session.calls, *(each.call for each in session.omitted))}

    def leaf(each: Any) -> Any:
        if isinstance(each, Link):
            return follow(each, calls[each.step].outputs[each.output].value, leaf)
        assert isinstance(each, VariableRef), each
        variable = made.variable(each.name)
        assert variable is not None
        return values.get(as_text(variable.value), variable.value)

    found = []
    for step in made.steps:
        asked = request(step)
        if asked.method == "GET" and not asked.query:
            continue
        fields = [
            (as_text(evaluated(name, leaf)), as_text(evaluated(value, leaf)))
            for name, value in (asked.body if asked.media == "form" else ())
        ]
        found.append((f"{asked.method} {address(asked, '', lambda given: evaluated(given, leaf))}", fields))
    return found


def rows(start: Start, row: Callable[[str, Any], str]) -> str:
    return "".join(row(name, start["ids"][name]) for name in start["names"])


def a_form_whose_address_has_the_id(visit: Visit, start: Start) -> None:
    """Two forms have fields of the same names; the address of each has the id of the record."""
    id = start["ids"]["Oil"]
    both = "".join(
        f'<form action="/things/{id}/{what}"><input type="hidden" name="token" value="{start[what]}">'
        f'<input type="hidden" name="done" value="0"><input type="checkbox" name="done" value="1"></form>'
        for what in ("close", "save")
    )
    visit.shows("/", rows(start, lambda name, id: f'<p><a href="/things/{id}">{name}</a></p>'))
    visit.acts("Oil", ("Oil",))
    visit.shows(f"/things/{id}", f"<h1>Oil</h1>{both}")
    visit.acts("Save", role="button")
    visit.submits(f"/things/{id}/save", {"token": start["save"], "done": "0"})


def fields_numbered_by_their_row(visit: Visit, start: Start) -> None:
    number = start["names"].index("Oil")
    visit.shows(
        "/",
        "<form action=/save>"
        + "".join(
            f'<tr><td>{name}</td><td><input name="rows-{n}-count" value="1"></td></tr>'
            for n, name in enumerate(start["names"])
        )
        + "</form>",
    )
    visit.types(f"rows-{number}-count", "17", near=("Oil", "17"))
    visit.acts("Save", role="button")
    visit.submits("/save", {f"rows-{number}-count": "17"})


def a_row_clicked_after_something_else_was_chosen(visit: Visit, start: Start) -> None:
    """The option that was chosen before stands next to the rows, too."""
    visit.shows(
        "/", "<form action=/bulk><select name=action><option value=drop>Drop</option></select></form>"
    )
    visit.types("action", "drop", "Drop")
    visit.acts("Apply", role="button")
    visit.submits(
        "/bulk",
        {"action": "drop"},
        "<form action=/bulk><select name=action><option value=drop>Drop</option></select></form>"
        + rows(
            start, lambda name, id: f'<tr id="post-{id}"><td>{name}</td><td><a href="#">Edit</a></td></tr>'
        ),
    )
    visit.acts("Edit", ("Olive oil", "Edit"))
    visit.types("title", "Fine oil")
    visit.acts("Update", role="button")
    visit.asks("POST", "/save", {"post_id": str(start["ids"]["Olive oil"]), "title": "Fine oil"}, "<p>ok</p>")


def an_entry_of_a_fragment(visit: Visit, start: Start) -> None:
    """The page has the same id at other places, in another order."""

    def entry(name: str, id: Any) -> str:
        return f"<a href='#' hx-vals='{json.dumps({'person': id})}'>{name}</a>"

    def row(name: str, id: Any) -> str:
        return f"<tr><td>{name}</td><td><b hx-vals='{json.dumps({'person': id})}'>VIP</b></td></tr>"

    visit.shows("/", rows(start, row))
    visit.types("q", "vin")
    visit.asks("GET", "/search?q=vin", {}, entry("Vinegar", start["ids"]["Vinegar"]))
    visit.acts("Vinegar")
    visit.asks("POST", "/tags", {"person": str(start["ids"]["Vinegar"]), "tag": "found"}, "<p>ok</p>")


def a_user_whose_name_is_a_part_of_the_paths(visit: Visit, start: Start) -> None:
    visit.shows("/", "<form action=/login><input name=user></form>")
    visit.types("user", "admin")
    visit.acts("Log in", role="button")
    visit.submits("/login", {"user": start.get("user", "admin")}, "<form action=/wp-admin/save></form>")
    visit.acts("Save", role="button")
    visit.submits("/wp-admin/save", {"a": "b"})


def a_key_that_looks_like_a_word(visit: Visit, start: Start) -> None:
    """The key of a link is letters only; so is what stays the same in all of them."""

    def address(id: Any) -> str:
        return f"/act?what=archive&thing={id}&key={start['keys'][id]}"

    visit.shows("/", rows(start, lambda name, id: f'<p>{name} <a href="{address(id)}">Archive</a></p>'))
    visit.acts("Archive", ("Oil", "Archive"))
    visit.shows(address(start["ids"]["Oil"]), "<form action=/done></form>")
    visit.acts("Done", role="button")
    visit.submits("/done", {"a": "b"})


def a_state_inside_a_text_with_bars(visit: Visit, start: Start) -> None:
    visit.shows("/", "<form><p>x</p></form>")
    visit.acts("Go")
    state = base64.b64encode(start["close"].encode() + b"\xff" * 20).decode()
    grid = rows(start, lambda name, id: f"<p>{name} E|{id}</p>")
    answer = f"{len(grid)}|panel|p|{grid}|{len(state)}|field|__STATE|{state}|3|field|x|abc|"
    visit.asks("POST", "/page", {"go": "1"}, answer, "text/plain")
    visit.acts("Next")
    visit.asks("POST", "/page", {"next": "1", "__STATE": state}, "<p>ok</p>")


def an_id_in_a_handler(visit: Visit, start: Start) -> None:
    visit.shows(
        "/",
        rows(start, lambda name, id: f"<p>{name}</p><button onclick=\"drop('{id}', this)\">Drop</button>"),
    )
    visit.acts("Drop", ("Vinegar", "Drop"), "button")
    visit.asks("POST", "/drop", {"what": str(start["ids"]["Vinegar"])}, "<p>ok</p>")


def an_option_of_a_page_that_a_script_fetched(visit: Visit, start: Start) -> None:
    """The first page named the record too, but has not all of them in the other run."""
    shown = start["names"][:2]
    visit.shows("/", "".join(f'<a href="/topics/{start["ids"][name]}">{name}</a>' for name in shown))
    visit.acts("New")
    options = rows(start, lambda name, id: f'<option value="{id}">{name}</option>')
    visit.asks("GET", "/new", {}, f"<form action=/save><select name=topic_id>{options}</select></form>")
    visit.types("topic_id", str(start["ids"]["Oil"]), "Oil")
    visit.acts("Save", role="button")
    visit.asks("POST", "/save", {"topic_id": str(start["ids"]["Oil"])}, "<p>ok</p>")


def an_option_in_a_piece_of_the_page(visit: Visit, start: Start) -> None:
    """The options came later than the page of the form, inside of XML."""
    visit.shows("/", "<form action=/save><p>x</p></form>")
    visit.acts("More")
    options = rows(start, lambda name, id: f'<option value="{id}">{name}</option>')
    answer = f"<r><update id=a><![CDATA[<select name=room>{options}</select>]]></update></r>"
    visit.asks("POST", "/more", {"more": "1"}, answer, "text/xml")
    visit.types("room", str(start["ids"]["Oil"]), "Oil")
    visit.acts("Save", role="button")
    visit.submits("/save", {"room": str(start["ids"]["Oil"])})


STORIES = (
    a_form_whose_address_has_the_id,
    fields_numbered_by_their_row,
    a_row_clicked_after_something_else_was_chosen,
    an_entry_of_a_fragment,
    a_user_whose_name_is_a_part_of_the_paths,
    a_key_that_looks_like_a_word,
    a_state_inside_a_text_with_bars,
    an_id_in_a_handler,
    an_option_of_a_page_that_a_script_fetched,
    an_option_in_a_piece_of_the_page,
)
# Random letters now and then look like a word.
WORDS = (an_option_of_a_page_that_a_script_fetched, an_option_in_a_piece_of_the_page)


@pytest.mark.parametrize(
    ("story", "looks"),
    [*((story, looks) for story in STORIES for looks in (0, 1)), *((story, 2) for story in WORDS)],
)
def test_the_workflow_of_a_visit_does_the_same_on_a_start_with_other_ids(
    story: Callable[[Visit, Start], None], looks: int
) -> None:
    ids: list[list[Any]] = [
        [4711, 4713, 4720],
        ["Kq7ZbT2xLm", "pQ4RfV9cJd", "Ws3XhN8yGk"],
        ["bqoerin", "xtloemolg", "tayrel"],
    ]
    was: Start = {
        "names": ["Olive oil", "Oil", "Vinegar"],
        "ids": dict(zip(["Olive oil", "Oil", "Vinegar"], ids[looks], strict=True)),
        "keys": dict(
            zip(
                ids[looks],
                [["bqo", "ceicumbl", "tay"], ["31", "47", "12"], ["a", "b", "c"]][looks],
                strict=True,
            )
        ),
        "close": "Ab3dEf6hIj9k",
        "save": "Lm2nOp5qRs8t",
    }
    is_now: Start = {
        "names": ["Salt", "Olive oil", "Oil", "Vinegar"],
        "ids": {"Salt": 12, "Olive oil": 19, "Oil": 23, "Vinegar": 40},
        "keys": {12: "eso", 19: "ooz", 23: "ipso", 40: "uta"},
        "close": "Uv4wXy7zAb1c",
        "save": "De2fGh5iJk8l",
        "user": "ann",
    }
    visits = Visit(), Visit()
    for visit, start in zip(visits, (was, is_now), strict=True):
        story(visit, start)
    assert sends_anew(*visits, {"admin": "ann"}) == visits[1].sent


@pytest.mark.parametrize(
    ("path", "shows", "redirects"),
    [
        ("/notes", "/notes/7", True),
        ("/notes/7/edit", "/notes/7", True),
        ("/notes/7", "/notes/7", False),
        ("/notes/7", "/notes/7?saved=1", False),
        ("/notes", "", False),
    ],
)
def test_a_form_that_led_to_another_page_is_known_as_such(path: str, shows: str, redirects: bool) -> None:
    visit = Visit()
    visit.shows("/start", f'<form method="post" action="{path}"><input name="title"></form>')
    visit.types("title", "Oil")
    visit.acts("Save", role="button")
    visit.submits(path, {"title": "Oil"}, shows=shows)
    steps = workflow(visit.page.session()).steps
    assert [step.redirects for step in steps if step.endpoint.method == "POST"] == [redirects]


async def test_replay_reports_a_form_that_is_shown_again(tmp_path: Path) -> None:
    visit = Visit()
    visit.shows("/start", '<form method="post" action="/notes"><input name="title"></form>')
    visit.types("title", "Oil")
    visit.acts("Save", role="button")
    visit.submits("/notes", {"title": "Oil"}, shows="/notes/7")
    refused = True

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.method == "POST" and not refused:
            raise web.HTTPSeeOther("/notes/9")
        return web.Response(text="<p>ok</p>", content_type="text/html")

    async with upstream(answer) as url:
        report = await replay(workflow(visit.page.session()), files=tmp_path, url=url)
        refused = False
        after = await replay(workflow(visit.page.session()), files=tmp_path, url=url)
    assert not report.ok
    assert "did not redirect" in "\n".join(report.sentences())
    assert after.ok, after.sentences()


def test_an_option_that_a_script_put_into_an_empty_list_is_the_record_that_the_person_chose() -> None:
    visit = Visit()

    def lists(*makers: str) -> str:
        rows = (f'<tr data-maker-id="{number}"><td>{name}</td></tr>' for number, name in enumerate(makers, 3))
        return f"<table>{''.join(rows)}</table>"

    visit.shows("/makers", lists("Acme", "Dowel"))
    visit.acts("Dowel", role="cell")
    visit.shows("/new", '<form method="post" action="/products"><select name="maker_id"></select></form>')
    visit.types("maker_id", "4", shown="Dowel")
    visit.acts("Save", role="button")
    visit.submits("/products", {"maker_id": "4"})
    step = workflow(visit.page.session()).steps[-1]
    (link,) = (argument.value for argument in step.arguments if argument.name == "maker_id")
    assert isinstance(link, Link)
    other = elements(lists("Able", "Acme", "Dowel"))
    values = {v.name: v.value for v in workflow(visit.page.session()).variables}
    found = follow(link, {"url": "/makers", "title": "", "elements": other}, lambda leaf: values[leaf.name])
    assert found == "5"

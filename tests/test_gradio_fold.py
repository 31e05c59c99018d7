"""The fold as tables: events in, calls with causes, links and reasons out."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import msgspec
import pytest

from recorder.adapters import Selection, workflow
from recorder.adapters.gradio.fold import GradioFold
from recorder.events import (
    Body,
    Done,
    Fetched,
    PageOpened,
    Part,
    Request,
    Response,
    SocketMessage,
    SocketOpened,
)
from recorder.session import Call, File, dump, parse
from recorder.workflow import Link, VariableRef
from tests.gradio_page import ROOT, Page, component, dependency


def parameter(name: str, has_default: bool = False, default: object = None) -> dict[str, object]:
    return {
        "parameter_name": name,
        "label": name.title(),
        "parameter_has_default": has_default,
        "parameter_default": default,
        "python_type": {"type": "str"},
        "component": "Textbox",
    }


def greeting_page() -> Page:
    """Textbox 1, slider 2, State 3 -> textbox 4, State 3; then textbox 4 -> textbox 5."""
    return Page(
        [
            component(1, "textbox", label="Name", value=None),
            component(2, "slider", label="N", value=3),
            component(3, "state"),
            component(4, "textbox", label="Greeting"),
            component(5, "textbox", label="Shout"),
            component(6, "button", value="Greet"),
        ],
        [
            dependency(0, [[6, "click"]], [3, 1, 2], [4, 3], api_name="greet"),
            dependency(1, [[None, "then"]], [4], [5], api_name="shout", trigger_after=0),
            dependency(2, [[99, "load"]], [], [3], api_name="init"),
            dependency(3, [[98, "tick"]], [], [5], api_name="clock"),
        ],
        {
            "named_endpoints": {
                "/greet": {"parameters": [parameter("name"), parameter("n", True, 3)], "returns": []},
                "/shout": {"parameters": [parameter("x")], "returns": []},
            }
        },
    )


def test_state_is_left_out_and_arguments_are_aligned_by_component() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    (call,) = page.session().calls
    assert [(v.name, v.value, v.state) for v in call.inputs] == [
        ("", None, True),
        ("name", "Ann", False),
        ("n", 3, False),
    ]
    assert call.endpoint == "/greet"
    assert call.trigger.words() == "clicked Go"


def test_what_the_person_typed_is_a_variable_and_an_untouched_default_is_left_out() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    program = workflow(page.session())
    assert [(v.name, v.value) for v in program.variables] == [("name", "Ann")]
    _, name, n = program.steps[0].arguments
    assert name.value == VariableRef(name="name")
    assert n.default and not name.default


def test_a_chained_call_is_linked_to_the_output_it_reads() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    page.chained(1, ["Hello Ann"], ["HELLO ANN"], trigger=6)
    session = page.session()
    assert session.calls[1].trigger.words() == "then, after c1"
    assert workflow(session).steps[1].arguments[0].value == Link(step="c1", output=0)


def test_a_value_edited_after_the_app_wrote_it_is_the_persons() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    page.call(1, ["Hello Bob"], ["HELLO BOB"], trigger=6)
    assert workflow(page.session()).steps[1].arguments[0].value == VariableRef(name="x")


def test_one_typed_value_used_twice_is_one_variable_and_a_new_one_is_another() -> None:
    page = greeting_page()
    for name in ("Ann", "Ann", "Bob"):
        page.call(0, [None, name, 3], [f"Hello {name}", None], trigger=6)
    program = workflow(page.session())
    assert [(v.name, v.value) for v in program.variables] == [("name", "Ann"), ("name_2", "Bob")]
    assert program.steps[1].arguments[1].value == VariableRef(name="name")


def test_stream_diffs_become_whole_values_and_the_last_one_is_the_output() -> None:
    page = Page(
        [component(1, "textbox")], [dependency(0, [[2, "click"]], [], [1], types={"generator": True})]
    )
    event = page.join(0, [], 2, act=page.act())
    page.say(event, "process_generating", success=True, output={"data": ["a"]})
    page.say(event, "process_generating", success=True, output={"data": [[["append", [], "b"]]]})
    page.complete(event, ["ab"])
    (call,) = page.session().calls
    assert call.stream == (["a"], ["ab"])
    assert call.outputs[0].value == "ab"
    assert call.yields == 2


def test_load_and_timer_calls_are_omitted_with_their_reason() -> None:
    page = greeting_page()
    page.chained(3, [], ["12:00"], trigger=98)
    page.chained(2, [], [None])
    session = page.session()
    assert not session.calls
    assert [o.why for o in session.omitted] == ["made by a timer", "made by the page as it loaded"]


def test_a_load_call_that_fills_a_state_a_kept_call_reads_is_set_up_first() -> None:
    page = greeting_page()
    page.before = True
    page.chained(2, [], [None])
    page.before = False
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    session = page.session()
    assert [(o.call.id, o.setup) for o in session.omitted] == [("b1", True)]
    assert [(s.endpoint.name, s.setup) for s in workflow(session).steps] == [("init", True), ("greet", False)]


def test_a_stream_that_speaks_of_a_call_before_its_join_is_answered_is_still_heard() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    body = {"data": ["Hello Ann"], "fn_index": 1, "trigger_id": 6, "session_hash": "s"}
    text = json.dumps(body)
    url = f"{ROOT}/gradio_api/queue/join"
    page.add(Request, id="late", method="POST", url=url, body=Body(kind="text", text=text))
    page.complete("early", ["HELLO ANN"])
    page.add(Done, id="late", body=Body(kind="text", text=json.dumps({"event_id": "early"})))
    assert page.session().calls[1].outputs[0].value == "HELLO ANN"


def test_a_failed_call_keeps_the_apps_own_words() -> None:
    page = greeting_page()
    event = page.join(0, [None, "Ann", 3], 6, act=page.act())
    page.say(event, "process_completed", success=False, output={"error": "'no such name'"})
    (call,) = page.session().calls
    assert (call.status, call.error) == ("failed", "no such name")


def test_a_refused_join_is_a_failed_call() -> None:
    page = greeting_page()
    body = {"data": [None, "Ann", 3], "fn_index": 0, "trigger_id": 6, "session_hash": "s"}
    page.post("/gradio_api/queue/join", body, {"detail": "Queue is full"}, status=503, act=page.act())
    (call,) = page.session().calls
    assert (call.status, call.error) == ("failed", "Queue is full")


def test_a_cancelled_call_remembers_how_many_values_had_come() -> None:
    page = Page(
        [component(1, "textbox")], [dependency(0, [[2, "click"]], [], [1], types={"generator": True})]
    )
    event = page.join(0, [], 2, act=page.act())
    page.say(event, "process_generating", success=True, output={"data": ["a"]})
    page.post(
        "/gradio_api/cancel", {"event_id": event, "session_hash": "s", "fn_index": 0}, {"success": True}
    )
    page.complete(event, ["a"])
    session = page.session()
    assert session.calls[0].status == "cancelled"
    assert workflow(session).steps[0].cancel_after == 1


def test_a_call_that_never_ended_is_unfinished_and_open() -> None:
    page = greeting_page()
    page.join(0, [None, "Ann", 3], 6, act=page.act())
    fold = page.fold()
    assert fold.open == 1
    assert fold.session().calls[0].status == "unfinished"


def test_an_update_without_a_value_leaves_what_the_control_showed() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    page.call(0, [None, "Ann", 3], [{"__type__": "update", "visible": False}, None], trigger=6)
    page.call(1, ["Hello Ann"], ["HELLO ANN"], trigger=6)
    session = page.session()
    assert session.calls[1].outputs[0].skipped
    assert workflow(session).steps[2].arguments[0].value == Link(step="c1", output=0)


def test_a_change_event_is_the_calls_that_wrote_the_control_and_else_the_persons() -> None:
    page = Page(
        [component(1, "textbox"), component(2, "textbox"), component(3, "button", value="Go")],
        [
            dependency(0, [[3, "click"]], [], [1], api_name="fill"),
            dependency(1, [[1, "change"]], [1], [2], api_name="react"),
        ],
    )
    page.call(0, [], ["x"], trigger=3)
    page.chained(1, ["x"], ["y"], trigger=1)
    page.call(1, ["typed"], ["z"], trigger=1)
    session = page.session()
    assert [c.trigger.kind for c in session.calls] == ["person", "call", "person"]


def chat_page() -> Page:
    """A ChatInterface as Gradio builds it: 0 then 1 are a turn, 2 is its public endpoint, 4 is its undo."""
    hidden = {"api_visibility": "undocumented"}
    return Page(
        [
            component(1, "textbox", label="Message"),
            component(2, "state"),
            component(3, "state"),
            component(4, "chatbot", value=[]),
            component(5, "slider", label="Temperature", value=1),
            component(6, "button", visible=False),
            component(7, "json", label="Response"),
        ],
        [
            dependency(0, [[1, "submit"]], [1], [1, 2], api_name="_clear", queue=False, **hidden),
            dependency(1, [[None, "then"]], [2, 3, 5], [2, 4], api_name="_submit", trigger_after=0, **hidden),
            dependency(2, [[6, "click"]], [1, 3, 5], [7, 3], api_name="chat"),
            dependency(3, [[None, "then"]], [4], [4], api_name="mine", trigger_after=1),
            dependency(4, [[4, "undo"]], [4], [4, 3], api_name="_undo", **hidden),
            dependency(5, [[1, "submit"]], [], [1], api_name="_dress", queue=False, **hidden),
        ],
        {
            "named_endpoints": {
                "/chat": {"parameters": [parameter("message"), parameter("temperature", True, 1)]}
            }
        },
    )


def message(role: str, *texts: str) -> dict[str, object]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


def turn(page: Page, said: str, history: list[object]) -> None:
    page.call(0, [said], [{"__type__": "update", "value": ""}, None], trigger=1)
    page.chained(1, [None, None, 1], [None, history], trigger=1)


def test_a_chat_turn_is_one_call_of_the_public_endpoint() -> None:
    page = chat_page()
    history = [{"role": "user", "content": "hi"}, message("assistant", "ho")]
    turn(page, "hi", history)
    page.chained(3, [history], [history], trigger=1)
    session = page.session()
    assert [(c.endpoint, c.stands_for) for c in session.calls] == [("/chat", ("c1", "c2")), ("/mine", ())]
    assert (session.calls[0].outputs[0].value, session.calls[0].outputs[0].reply) == ("ho", True)
    step = workflow(session).steps[0]
    assert step.via == "client"
    assert [(a.name, a.state, a.default) for a in step.arguments] == [
        ("message", False, False),
        ("", True, False),
        ("temperature", False, True),
    ]
    raw = workflow(session, Selection(raw=True))
    assert [s.endpoint.name for s in raw.steps] == ["_clear", "_submit", "mine"]


def test_what_only_changes_how_the_chat_looks_is_part_of_its_turn() -> None:
    page = chat_page()
    act = page.act()
    dress = page.join(5, [], 1, act=act)
    head = page.join(0, ["hi"], 1, act=act)
    page.complete(dress, [{"__type__": "update", "submit_btn": False}])
    page.complete(head, [{"__type__": "update", "value": ""}, None])
    page.chained(1, [None, None, 1], [None, [message("user", "hi"), message("assistant", "ho")]], trigger=1)
    session = page.session()
    assert [c.endpoint for c in session.calls] == ["/chat"]
    assert {o.why for o in session.omitted} == {"part of the chat turn that /chat makes in one call"}


def test_turns_that_follow_each_other_are_each_one_call_and_answers_in_several_messages_are_read_as_one() -> (
    None
):
    page = chat_page()
    first = [message("user", "hi"), message("assistant", "ho"), message("assistant", "hum", "!")]
    turn(page, "hi", first)
    turn(page, "so", [*first, message("user", "so"), message("assistant", "yes")])
    session = page.session()
    assert [(c.endpoint, c.outputs[0].value) for c in session.calls] == [
        ("/chat", "hohum!"),
        ("/chat", "yes"),
    ]


def test_a_chat_with_an_undone_turn_is_made_as_the_page_made_it() -> None:
    page = chat_page()
    turn(page, "hi", [message("user", "hi"), message("assistant", "ho")])
    page.call(4, [[message("user", "hi"), message("assistant", "ho")]], [[], None], trigger=4)
    turn(page, "so", [message("user", "so"), message("assistant", "yes")])
    session = page.session()
    assert [c.endpoint for c in session.calls] == ["/_clear", "/_submit", "/_undo", "/_clear", "/_submit"]


def test_a_chat_whose_history_the_public_endpoint_would_not_have_is_made_as_the_page_made_it() -> None:
    page = chat_page()
    turn(page, "hi", [message("assistant", "loaded"), message("user", "hi"), message("assistant", "ho")])
    assert [c.endpoint for c in page.session().calls] == ["/_clear", "/_submit"]


def test_an_answer_that_is_more_than_words_is_not_held_to_them() -> None:
    page = chat_page()
    file = {"type": "file", "file": {"path": "/tmp/a.png", "meta": {"_type": "gradio.FileData"}}}
    turn(page, "hi", [message("user", "hi"), {"role": "assistant", "content": [file]}])
    (call,) = page.session().calls
    assert (call.endpoint, call.outputs[0].value) == ("/chat", None)


def test_a_private_endpoint_and_one_with_event_data_are_called_raw() -> None:
    page = Page(
        [component(1, "textbox"), component(2, "gallery")],
        [
            dependency(0, [[1, "submit"]], [1], [1], api_visibility="private"),
            dependency(1, [[2, "select"]], [], [1], collects_event_data=True),
        ],
    )
    page.call(0, ["x"], ["y"], trigger=1)
    page.call(1, [], ["z"], trigger=2, event_data={"index": 0})
    session = page.session()
    assert [s.via for s in workflow(session).steps] == ["raw", "raw"]
    assert session.calls[1].event_data == {"index": 0}


def test_a_rendered_endpoint_brings_the_call_that_renders_it() -> None:
    # The render is number 0; its dependency is not, as in any app that has a handler before it.
    page = Page([component(1, "textbox")], [dependency(3, [[99, "load"]], [], [], api_name="render")])
    page.before = True
    rendered = {
        "render_id": 0,
        "components": [component(50, "button", value="Inside")],
        "dependencies": [dependency(7, [[50, "click"]], [1], [1], api_name="inner", rendered_in=0)],
    }
    page.chained(3, [], [], render_config=rendered)
    page.before = False
    page.call(7, ["a"], ["b"], trigger=50)
    session = page.session()
    assert session.calls[0].endpoint == "fn:7"
    assert [(s.endpoint.name, s.via, s.setup) for s in workflow(session).steps] == [
        ("render", "client", True),
        ("inner", "raw", False),
    ]


def test_a_control_changed_while_its_load_event_still_ran_is_the_persons() -> None:
    page = Page(
        [component(1, "slider", label="Count", value=1)],
        [dependency(0, [[99, "load"], [1, "change"]], [1], [])],
    )
    page.before = True
    page.chained(0, [1], [], trigger=99)
    page.before = False
    page.chained(0, [2], [], trigger=99)
    (call,) = page.session().calls
    assert call.trigger.words() == "changed Count"


def test_a_session_of_calls_survives_its_file() -> None:
    page = greeting_page()
    page.call(0, [None, "A\ud800\u2028\x00 ${x}", float("nan")], ["Hello", None], trigger=6)
    session = page.session()
    again = parse(dump(session))
    assert repr(again) == repr(session)


def test_the_address_is_the_apps_own_though_the_page_came_through_a_proxy() -> None:
    page = greeting_page()
    page.events[0] = msgspec.structs.replace(page.events[0], url="https://example.org:8443/")
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    assert page.session().app.url == "https://example.org:8443"


def test_an_app_embedded_from_elsewhere_keeps_its_own_address() -> None:
    page = greeting_page()
    page.events[0] = msgspec.structs.replace(page.events[0], url="https://example.org/article")
    page.events[1] = msgspec.structs.replace(page.events[1], url="https://example.org/article")
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    assert page.session().app.url == ROOT


def test_garbage_from_the_app_never_stops_the_fold() -> None:
    page = greeting_page()
    page.post("/gradio_api/queue/join", {"data": "no list", "fn_index": 0}, ["no object"], act=page.act())
    page.post("/gradio_api/run/predict", [1], "text", act=page.act())
    page.post("/gradio_api/queue/join", {"data": [1], "fn_index": 12345}, {"event_id": "x"}, act=page.act())
    event = page.join(0, [None, "Ann", 3], 6, act=page.act())
    for output in (None, 3, {"data": 3}, {"data": [[["replace", ["a", 9], 1]]]}, {"render_config": []}):
        page.say(event, "process_generating", output=output)
    page.complete(
        event, [1, 2, 3, 4], render_config={"components": 3, "dependencies": [{}, 4]}, changed_state_ids=3
    )
    assert workflow(page.session()).steps


def test_a_description_refused_before_the_login_is_asked_for_again_by_the_page_after_it() -> None:
    fold = GradioFold()
    opened = PageOpened(page="P", seq=1, at=1.0, url=f"{ROOT}/")
    fold.feed(opened)
    assert [want.url for want in fold.wants()] == [f"{ROOT}/config"]
    fold.feed(Fetched(page="", seq=0, at=2.0, url=f"{ROOT}/config", status=401, error="HTTP 401"))
    fold.feed(msgspec.structs.replace(opened, page="Q"))
    assert [want.url for want in fold.wants()] == [f"{ROOT}/config"]


def test_an_app_that_is_started_anew_with_other_functions_is_another_session() -> None:
    def described(name: str, label: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        texts = [component(1, "textbox", label=label), component(2, "textbox")]
        return texts, [dependency(0, [[3, "click"]], [1], [2], api_name=name)]

    page = Page(*described("shout", "Text"))
    page.call(0, ["a"], ["A"])
    page.open("Q", *described("shout", "Text"))
    page.call(0, ["b"], ["B"])
    page.open("R", *described("whisper", "Loud"))
    page.call(0, ["C"], ["c"])
    fold = page.fold()
    first, second = fold.session(), *fold.others()
    told = [
        [(call.endpoint, call.inputs[0].label, call.inputs[0].value) for call in s.calls]
        for s in (first, second)
    ]
    assert told == [[("/shout", "Text", "a"), ("/shout", "Text", "b")], [("/whisper", "Loud", "C")]]
    assert [[e.id for e in s.api.endpoints] for s in (first, second)] == [["/shout"], ["/whisper"]]
    assert all("started anew" in s.notes[0] for s in (first, second))


def test_what_the_page_began_in_one_moment_is_in_the_order_in_which_it_took_effect() -> None:
    page = Page(
        [component(1, "textbox"), component(2, "textbox"), component(3, "textbox")],
        [
            dependency(0, [[1, "input"]], [1], [2], api_name="first"),
            dependency(1, [[1, "input"]], [1], [3], api_name="second"),
        ],
    )
    act = page.act()
    first, second = page.join(0, ["x"], 1, act=act), page.join(1, ["x"], 1, act=act)
    page.complete(second, ["b"])
    page.complete(first, ["a"])
    # This one was begun when the page had heard of the other.
    slow = page.join(0, ["y"], 1, act=page.act())
    page.say(slow, "process_starts")
    page.call(1, ["y"], ["b"], trigger=1)
    page.complete(slow, ["a"])
    session = page.session()
    assert [c.id for c in session.calls] == ["c2", "c1", "c3", "c4"]
    assert [s.id for s in workflow(session).steps] == ["c2", "c1", "c3", "c4"]


def camera_page(connection: str = "stream") -> Page:
    """Webcam 1, State 2, textbox 3 -> State 2, textbox 4; then button 5: textbox 4 -> textbox 3."""
    parts = [component(1, "image", label="Camera"), component(2, "state"), component(3, "textbox", value="w")]
    return Page(
        [*parts, component(4, "textbox", label="Said"), component(5, "button")],
        [
            dependency(0, [[1, "stream"]], [1, 2, 3], [2, 4], connection=connection),
            dependency(1, [[5, "click"]], [4], [3]),
        ],
    )


def picture(number: int) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(bytes([number]) * 3000).decode()


def watch(page: Page, what: str, over: str = "post") -> Call:
    """A stream as a row of moments: ``f`` a frame, ``v`` a value, ``c`` the close, ``.`` the end, ``=`` an end that
    says the last value again."""
    event = page.join(0, [{"url": picture(0)}, None, "w"], trigger=1)
    if over == "socket":
        page.add(SocketOpened, id="w1", url=f"ws{ROOT.removeprefix('http')}/gradio_api/stream/{event}")
    numbers = {"f": 0, "v": 0}
    for moment in what:
        if moment in numbers:
            numbers[moment] += 1
        if moment == "f":
            body = {"fn_index": 0, "data": [{"url": picture(numbers["f"])}, None, "w"], "session_hash": "s"}
            if over == "socket":
                text = Body(kind="text", text=json.dumps(body))
                page.add(SocketMessage, id="w1", sent=True, body=text)
                page.add(
                    SocketMessage, id="w1", sent=False, body=Body(kind="text", text='{"msg": "success"}')
                )
            else:
                page.post(f"/gradio_api/stream/{event}", body, {"msg": "success"})
        elif moment == "v":
            output = {"data": [None, f"said {numbers['v']}"], "is_generating": True}
            page.say(event, "process_streaming", success=True, output=output)
        elif moment == "c":
            page.post(f"/gradio_api/stream/{event}/close", {}, {"msg": "success"})
        else:
            page.complete(event, [None, "said last"], is_generating=moment == "=")
    (call,) = page.session().calls
    return call


@pytest.mark.parametrize("over", ["post", "socket"])
def test_a_stream_is_one_call_with_its_frames(over: str) -> None:
    call = watch(camera_page(), "vfvfvc.", over)
    assert call.endpoint == "/fn0" and call.status == "ok" and not call.cut_short
    assert [frame.inputs[0]["url"].sha256 for frame in call.frames] == [
        hashlib.sha256(bytes([n]) * 3000).hexdigest() for n in (1, 2)
    ]
    assert [frame.inputs[1:] for frame in call.frames] == [(None, "w"), (None, "w")]
    assert call.stream == ([None, "said 1"], [None, "said 2"], [None, "said 3"])
    assert call.outputs[1].value == "said last"
    assert call.trigger.words() == "streamed from Camera"


@pytest.mark.parametrize(
    ("moments", "passed", "cut_short"),
    [
        ("vfvc.", [], False),
        ("vfc.", [], True),
        ("c.", [], True),
        ("ffvvc.", [1], False),
        ("ffvffvc.", [1, 3], True),
        ("fffv.", [1, 2], False),
        # Values may arrive late: one more than expected is of a frame that seemed to be passed over.
        ("ffvvvc.", [], False),
        # What was sent when the stream was closed is never taken.
        ("vffc.", [2], True),
        ("vfcf.", [], True),
        ("vfc=", [1], False),
        ("vfvc=", [], False),
    ],
)
def test_which_frames_the_app_took_is_told_by_its_values(
    moments: str, passed: list[int], cut_short: bool
) -> None:
    call = watch(camera_page(), moments)
    assert [n for n, frame in enumerate(call.frames, 1) if frame.passed_over] == passed
    assert call.cut_short == cut_short
    (step,) = workflow(camera_page_session(call)).steps
    assert len(step.frames) == len(call.frames) - len(passed)


def camera_page_session(call: Call) -> Any:
    return msgspec.structs.replace(camera_page().session(), calls=(call,))


def test_what_a_device_sends_is_no_variable_and_is_asked_of_nobody() -> None:
    page = camera_page()
    watch(page, "vfvc.")
    wants = {want.url: want for want in page.fold().wants() if want.content is not None}
    assert [want.name for want in wants.values()] == ["image.jpg", "image.jpg"]
    for want in wants.values():
        assert want.content is not None
        kept = hashlib.sha256(want.content).hexdigest()
        page.events.append(
            Fetched(page="", seq=0, at=0, url=want.url, sha256=kept, path=f"s.files/{kept}", size=3000)
        )
    session = parse(dump(page.session()))
    program = workflow(session)
    assert program.variables == ()
    first = program.steps[0].arguments[0].value["url"]
    assert isinstance(first, File) and first.inline and first.type == "image/jpeg"
    assert first.path == f"s.files/{first.sha256}"
    assert program.steps[0].frames[0][0]["url"].path and program.steps[0].via == "raw"


def test_frames_that_are_calls_of_their_own_become_one_call_that_later_ones_link_to() -> None:
    page = camera_page(connection="sse")
    for number in range(3):
        page.chained(0, [{"url": picture(number)}, 0, "w"], [None, f"said {number}"], trigger=1)
    page.call(1, ["said 2"], ["x"], trigger=5)
    page.chained(0, [{"url": picture(9)}, 0, "w"], [None, "said 9"], trigger=1)
    session = page.session()
    assert [(call.id, len(call.frames)) for call in session.calls] == [("c1", 2), ("c4", 0), ("c5", 0)]
    assert session.calls[0].outputs[1].value == "said 2"
    steps = workflow(session).steps
    assert steps[1].arguments[0].value == Link(step="c1", output=1)
    assert [step.via for step in steps] == ["raw", "client", "client"]


def test_what_a_microphone_sent_is_kept_though_it_is_marked_as_a_stream() -> None:
    page = camera_page()
    sound = {"path": "/tmp/a.wav", "is_stream": True, "meta": {"_type": "gradio.FileData"}}
    event = page.join(0, [sound, None, "w"], trigger=1)
    page.complete(event, [None, {**sound, "path": "run/playlist.m3u8"}])
    wanted = [want.url for want in page.fold().wants() if want.keep == "file"]
    assert wanted == [f"{ROOT}/gradio_api/file=/tmp/a.wav"]


def serving_page() -> Page:
    """HTML 1 with a function of the app's, file explorer 2, image editor 3; button 4: editor -> textbox 5."""
    return Page(
        [
            component(1, "html", label="Notes", server_fns=["add"]),
            component(2, "fileexplorer", server_fns=["ls"]),
            component(3, "imageeditor", server_fns=["accept_blobs"]),
            component(4, "button"),
            component(5, "textbox"),
        ],
        [dependency(0, [[4, "click"]], [3], [5])],
    )


def ask(
    page: Page, id: int, function: str, data: Any, answer: Any, act: str | None = None, **more: Any
) -> None:
    body = {"data": data, "component_id": id, "fn_name": function, "session_hash": "s"}
    page.post("/gradio_api/component_server/", body, answer, act=act, **more)


def send_picture(page: Page, name: str, content: str | None) -> None:
    own = {"component_id": "3", "fn_name": "accept_blobs", "session_hash": "s", "id": name}
    file = Part(name="file", filename="layer_0.png", size=5, value=content)
    parts = (file, *(Part(name=key, value=value) for key, value in own.items()))
    url = f"{ROOT}/gradio_api/component_server/"
    page.add(Request, id=f"x{name}", method="POST", url=url, body=Body(kind="parts", parts=parts))
    page.add(Response, id=f"x{name}", status=200)
    page.add(Done, id=f"x{name}", body=Body(kind="text", text="null"))


def test_a_control_s_function_on_the_server_is_a_call_in_its_place() -> None:
    page = serving_page()
    ask(page, 1, "add", {"n": 1}, ["a"], act=page.act("Add"))
    ask(page, 1, "add", None, {"detail": "no"}, act=page.act("Add"), status=500)
    assert (page.fold().calls, page.fold().last) == (2, "add")
    first, second = page.session().calls
    assert (first.endpoint, first.inputs[0].value, first.outputs[0].value) == (
        "server:1.add",
        {"n": 1},
        ["a"],
    )
    assert first.trigger.words() == "used Add"
    assert (second.status, second.error) == ("failed", "no")
    step = workflow(page.session()).steps[0]
    assert (step.via, step.endpoint.server_fn, step.arguments[0].value) == ("raw", "add", {"n": 1})


def test_what_the_page_or_a_control_asks_for_itself_is_left_out_with_the_reason() -> None:
    page = serving_page()
    ask(page, 1, "add", 1, 1)
    ask(page, 2, "ls", [], [], act=page.act("folder"))
    session = page.session()
    assert session.calls == () and page.fold().calls == 0
    assert [(o.call.endpoint, o.why) for o in session.omitted] == [
        ("server:1.add", "made by the page as it loaded"),
        ("server:2.ls", "the control asked for the names that it shows"),
    ]


def test_a_picture_sent_ahead_of_a_call_is_sent_again_with_its_bytes() -> None:
    page = serving_page()
    send_picture(page, "one", None)
    send_picture(page, "two", f"data:image/png;base64,{base64.b64encode(b'12345').decode()}")
    page.call(0, [{"id": "two"}], ["seen"], trigger=4)
    (want,) = [want for want in page.fold().wants() if want.content is not None]
    assert (want.content, want.name) == (b"12345", "layer_0.png")
    page.events.append(
        Fetched(page="", seq=0, at=0, url=want.url, sha256=hashlib.sha256(b"12345").hexdigest(), path="p")
    )
    session = page.session()
    assert [(o.call.id, o.why) for o in session.omitted] == [
        ("c1", "no call asked for the picture that the control sent")
    ]
    sent, looked = workflow(session).steps
    assert sent.endpoint.connection == "form"
    file = sent.arguments[0].value["file"]
    assert (file.path, file.name, file.inline) == ("p", "layer_0.png", False)
    assert sent.arguments[0].value["id"] == "two"
    assert looked.arguments[0].value == {"id": "two"}


def test_an_empty_value_is_sent_as_the_page_spelled_it() -> None:
    page = greeting_page()
    page.call(0, [None, "Ann", 3], [None, None], trigger=6)
    nothing = {"background": None, "layers": [], "composite": None}
    page.chained(1, [nothing], ["seen"], trigger=6)
    assert workflow(page.session()).steps[1].arguments[0].value == nothing

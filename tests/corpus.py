"""The torture corpus: sessions of one trait each with an app that echoes, as files in ``tests/sessions``.

Made here so that a trait is a line; ``pytest --rewrite tests/test_corpus.py`` writes the files and what every target makes
of them. ``e2e/test_corpus.py`` runs that against :data:`APP` and compares what the app received with :func:`received`.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from recorder.api import Api, Endpoint, Parameter
from recorder.session import App, Call, File, Frame, Omitted, Session, Timing, Trigger, Value, map_files

SESSIONS = Path(__file__).parent / "sessions"
GOLDEN = Path(__file__).parent / "golden"

APP = """
import hashlib
import time
import gradio as gr
from calllog import logged

with gr.Blocks() as demo:
    control = gr.Textbox()
    def add(data): return [data]
    control.add = logged(add)
    @logged
    def fields(id, files): return None
    def take_form(form): return fields(form.data["id"], [[n, hashlib.sha256(b).hexdigest()] for n, b in form.files])
    control.fields = take_form
    control.add._is_server_fn = control.fields._is_server_fn = True
    value, text, number, file = gr.JSON(), gr.Textbox(), gr.Number(), gr.File()
    files, button = gr.File(file_count="multiple"), gr.Button("Go")

    def on(function, inputs, outputs, log=logged, **more):
        more.setdefault("api_name", function.__name__)
        gr.Button().click(log(function), inputs, outputs, **more)

    def take(value): return None
    on(take, value, None)
    def say(text): return text
    on(say, text, text)
    states = [gr.State(0) for _ in range(3)]
    def state_first(seen, text): return seen + 1, text
    on(state_first, [states[0], text], [states[0], text])
    def state_middle(text, seen, value): return text, seen + 1, value
    on(state_middle, [text, states[1], value], [text, states[1], value])
    def state_last(text, seen): return text, seen + 1
    on(state_last, [text, states[2]], [text, states[2]])
    def names(function, new, match, __class__, __proto__, self, headers, constructor): return None
    on(names, [gr.Textbox() for _ in range(8)], None)
    def count(number): pass
    begun = logged(count)
    def count(number):
        begun(number)
        for n in range(int(number)):
            yield list(range(n + 1))
            time.sleep(0.05)
    # Logged as it begins: before Gradio 6 nobody closes a generator that is cancelled.
    on(count, number, value, log=lambda function: function)
    def fail(text): raise gr.Error(text)
    on(fail, text, text)
    def secret(text): return text
    private = {"api_visibility": "private"} if gr.__version__ >= "6" else {"api_name": False}
    on(secret, text, text, **private)
    def pick(text, event: gr.SelectData): return f"{text} {event.index} {event.value}"
    on(pick, text, text)
    def copy(file): return file
    on(copy, file, file)
    def copies(files): return files
    on(copies, files, files)
    def at_once(text): return text
    on(at_once, text, text, queue=False)
    @logged
    def see(value, seen): return "seen", seen + 1
    often = {} if gr.__version__ < "5" else {"stream_every": 0.1, "time_limit": 60}
    states.append(gr.State(0))
    gr.Image(streaming=True).stream(see, [value, states[3]], [text, states[3]], api_name="see", **often)
    @gr.render(inputs=number)
    def show(n):
        def inside(text): return text
        gr.Button().click(logged(inside), text, text)

demo.launch()
"""

KINDS = {
    "value": "json",
    "text": "textbox",
    "number": "number",
    "file": "file",
    "files": "file",
    "seen": "state",
}

SIGNATURES: dict[str, tuple[str, str]] = {
    "take": ("value", ""),
    "say": ("text", "text"),
    "state_first": ("seen text", "seen text"),
    "state_middle": ("text seen value", "text seen value"),
    "state_last": ("text seen", "text seen"),
    "names": ("function new match __class__ __proto__ self headers constructor", ""),
    "count": ("number", "value"),
    "fail": ("text", "text"),
    "secret": ("text", "text"),
    "pick": ("text", "text"),
    "copy": ("file", "file"),
    "copies": ("files", "files"),
    "at_once": ("text", "text"),
    "see": ("value seen", "text seen"),
    "show": ("number", ""),
    "inside": ("text", "text"),
}
"""The functions of :data:`APP` in the order of their dependencies, each with its inputs and outputs."""

SERVED = {"add": "", "fields": "form"}
"""Those of its first control on the server, each with how it takes its input."""


def _parameters(words: str, label: str = "") -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name=word, label=label or word, component=KINDS.get(word, "textbox"), state=word == "seen")
        for word in words.split()
    )


def endpoint(name: str, label: str = "", line: str = "6") -> Endpoint:
    if name in SERVED:
        return Endpoint(
            id=f"server:1.{name}",
            name=name,
            visibility="private",
            parameters=(Parameter(name="data", label=label, component="textbox", component_id=1),),
            returns=(Parameter(label=label or name),) if name == "add" else (),
            connection=SERVED[name],
            server_fn=name,
        )
    inputs, outputs = SIGNATURES[name]
    unnamed = name in ("secret", "show", "inside")
    fn_index = list(SIGNATURES).index(name)
    return Endpoint(
        id=f"fn:{fn_index}" if unnamed else f"/{name}",
        name=name,
        api_name=None if unnamed else name,
        fn_index=fn_index,
        visibility="private" if unnamed else "public",
        parameters=_parameters(inputs, label),
        returns=_parameters(outputs, label),
        generator=name == "count",
        queue=name != "at_once",
        event_data=name == "pick",
        rendered_in=0 if name == "inside" else None,
        connection="stream" if name == "see" and line != "4" else "",
    )


def call(
    name: str, *inputs: Any, outputs: tuple[Any, ...] | None = None, changed: bool = True, **fields: Any
) -> Call:
    """A call of one of the app's functions; State is not among ``inputs``, and outputs are the inputs again."""
    of = endpoint(name)
    given = iter(inputs)
    slots = tuple(
        Value(name=p.name, label=p.label, component=p.component, state=True)
        if p.state
        else Value(name=p.name, label=p.label, component=p.component, value=next(given), changed=changed)
        for p in of.parameters
    )
    echoed = iter(inputs if outputs is None else outputs)
    back = tuple(
        Value(label=p.label, component=p.component, state=True)
        if p.state
        else Value(label=p.label, component=p.component, value=next(echoed, None))
        for p in of.returns
    )
    fields.setdefault("trigger", Trigger(kind="person", event="click", role="button", name="Go"))
    return Call(**{"id": "", "endpoint": of.id, "inputs": slots, "outputs": back, **fields})


def _linked(name: str, source: int, value: Any) -> Call:
    """A call whose input is the output of the ``source``-th call."""
    made = call(name, value)

    slot = msgspec.structs.replace(made.inputs[0], changed=False, written_by=f"c{source}", output=0)
    return msgspec.structs.replace(
        made, inputs=(slot,), trigger=Trigger(kind="call", event="then", call=f"c{source}")
    )


def text(value: str) -> list[Call]:
    """A text as a variable, as a part of a value, and as a link."""
    return [
        call("say", value),
        call("take", {value: [value, f"x{value}y"]}, changed=False),
        _linked("say", 1, value),
    ]


def unspoken(*values: Any) -> list[Call]:
    """Values that the app takes but could not give back."""
    return [
        made
        for value in values
        for made in (call("take", [value]), call("take", {"k": value}, changed=False))
    ]


def file(trait: str, name: str, content: str) -> File:
    data = content.encode()
    digest = hashlib.sha256(data).hexdigest()
    return File(
        name=name,
        sha256=digest,
        size=len(data),
        type="text/plain",
        path=f"{trait}.files/{digest[:16]}/{name}",
    )


def frame(trait: str, content: str) -> File:
    """What a device sends of ``content``."""
    return msgspec.structs.replace(file(trait, "frame", content), inline=True)


def _deep(depth: int) -> Any:
    value: Any = "'\u2028\""
    for _ in range(depth):
        value = [{"k": value}]
    return value


HOSTILE = '"""\n*/ </script> {{ 1 }} {% x %} $(id) `id` ${x} \' # ]( <b> \u202e'

TRAITS: dict[str, Callable[[str], list[Call]]] = {
    "quotes": lambda _: text('it\'s "quoted" \'\'\'thrice\'\'\' """so"""'),
    "newlines": lambda _: text("one\ntwo\r\n\tthree\n"),
    "backslashes": lambda _: text("C:\\new\\u0041 \\' \\\" \\N{BULLET} \\"),
    "dollar_brace": lambda _: text("${x} $x $$ ${#x} ${x:-y}"),
    "dollar_parenthesis": lambda _: text("$(id) $((1+1)) !! ~ * ?"),
    "backticks": lambda _: text("`id` ```js\n```"),
    "double_braces": lambda _: text("{{ x }} {# c #} {x}"),
    "template_statement": lambda _: text("{% raw %} %s %(x)s"),
    "script_end": lambda _: text("</script><!-- --> <b>&amp;"),
    "line_separators": lambda _: text("a\u2028b\u2029c\x85d\x0be\x0cf"),
    "right_to_left": lambda _: text("\u202egnp.exe \u200f\u2066\ufeff\u200b"),
    "other_scripts": lambda _: text("Ünïcode 漢字 😀 👩\u200d👩\u200d👧 e\u0301 \u0301"),
    "nul": lambda _: unspoken("a\0b", "\0"),
    "lone_surrogates": lambda _: unspoken("\ud800", "x\udfffy", "\udc00\ud800"),
    "long_text": lambda _: [call("take", ['It\'s "big"\n\\ ü' * 700_000])],
    "large_integers": lambda _: unspoken(2**53, 2**60 + 1, -(10**30)),
    "not_finite": lambda _: unspoken(math.nan, math.inf, -math.inf),
    "fractions": lambda _: unspoken(0.1, 1e300, 5e-324, -0.0, 1e22),
    "empty": lambda _: unspoken(None, "", [], {}, 0, False),
    "nested": lambda _: unspoken(_deep(60), [[[]]]),
    "null_and_missing": lambda _: unspoken({"a": None}, {}, [None], None),
    "odd_keys": lambda _: unspoken(
        {"__proto__": {"x": 1}, "constructor": 1, "": 2, "2": 3, "1": 4, "a b": 5}
    ),
    "file_names": lambda t: [
        call("copy", file(t, name, name)) for name in ("a (1).txt", "-rf", "@x", "ü.txt", "it's $(id).txt")
    ],
    "files_of_one_name": lambda t: [call("copies", [file(t, "same.txt", "one"), file(t, "same.txt", "two")])],
    "state_first": lambda _: [call("state_first", "a"), call("state_first", "b")],
    "state_middle": lambda _: [call("state_middle", "a", [1]), call("state_middle", "b", [2])],
    "state_last": lambda _: [call("state_last", "a"), call("state_last", "b")],
    "parameter_names": lambda _: [call("names", *"abcdefgh", outputs=())],
    "streamed": lambda _: [call("count", 3, outputs=([0, 1, 2],), yields=3), _linked("take", 1, [0, 1, 2])],
    "cancelled": lambda _: [
        call("say", "before"),
        call("count", 500, outputs=(), status="cancelled", yields=2),
    ],
    "failed": lambda _: [
        call("fail", "it's {x}", outputs=(), status="failed", error="it's {x}"),
        call("say", "after"),
    ],
    "private": lambda _: [call("secret", "a"), call("say", "b"), _linked("secret", 2, "b")],
    "event_data": lambda _: [
        call(
            "pick",
            "a",
            outputs=("a [0, 1] it's",),
            event_data={"index": [0, 1], "value": "it's"},
            trigger_id=3,
        )
    ],
    "rendered": lambda _: [call("inside", "a")],
    "device": lambda t: [
        call(
            "see",
            {"url": frame(t, "one")},
            outputs=("seen",),
            changed=False,
            frames=tuple(Frame(inputs=({"url": frame(t, content)}, None)) for content in ("two", "it's")),
            stream=(["seen", None], ["seen", None]),
        ),
        call("say", "after"),
    ],
    "functions_of_controls": lambda t: [
        call("add", {"it's": [HOSTILE, 2**60]}, outputs=([{"it's": [HOSTILE, 2**60]}],), changed=False),
        call(
            "fields",
            {"id": HOSTILE.replace("\n", " "), "file": file(t, "it's; 1,2.png", "one")},
            changed=False,
        ),
    ],
    "unqueued": lambda _: [call("at_once", "a"), _linked("say", 1, "a")],
    "hostile_names": lambda _: [
        call("say", "a", trigger=Trigger(kind="person", event="click", role=HOSTILE, name=HOSTILE)),
        call("fail", "b", outputs=(), status="failed", error="b", logs=(HOSTILE,)),
    ],
}
"""Each trait with what makes its calls; they are told its name, by which their files are kept."""

UNKEPT = {"long_text"}
"""Too large to keep as files: made when they are run."""


LINES = {"6": ("6.31.0", "/gradio_api"), "5": ("5.33.0", "/gradio_api"), "4": ("4.44.1", "")}
"""What an app of each line says of itself: its version, and where its API is."""


def session(trait: str, line: str = "6") -> Session:
    """The session of a trait, as an app of that line would have it."""
    replace = msgspec.structs.replace
    version, api_prefix = LINES[line]
    label = HOSTILE if trait == "hostile_names" else ""
    calls = tuple(
        replace(made, id=f"c{n}", page="p", timing=Timing(started=1000.0 * n))
        for n, made in enumerate(TRAITS[trait](trait), 1)
    )
    if label:
        calls = tuple(
            replace(
                made,
                inputs=tuple(replace(slot, label=label) for slot in made.inputs),
                outputs=tuple(replace(slot, label=label) for slot in made.outputs),
            )
            for made in calls
        )
    shown = call("show", 1, changed=False, trigger=Trigger(kind="page", event="load"))
    omitted = Omitted(
        call=replace(shown, id="b1", page="p", timing=Timing(started=1.0)), why="set-up", setup=True
    )
    return Session(
        app=App(
            url="http://127.0.0.1:7860",
            kind="gradio",
            title=label,
            version=version,
            api_prefix=api_prefix,
            protocol="sse_v3",
        ),
        started="2026-01-01T00:00:00Z",
        stopped="2026-01-01T00:01:00Z",
        api=Api(endpoints=tuple(endpoint(name, label, line) for name in (*SIGNATURES, *SERVED))),
        calls=calls,
        omitted=(omitted,) if trait == "rendered" else (),
    )


def received(of: Session) -> list[tuple[str, list[Any]]]:
    """What the app receives of a session, as its log has it: the name of each function and its inputs."""
    found = []
    seen: dict[str, int] = {}
    names = {e.id: e.name for e in of.api.endpoints}
    for made in of.calls:
        name = names[made.endpoint]
        all_sent = [tuple(slot.value for slot in made.inputs), *(frame.inputs for frame in made.frames)]
        if made.frames and of.app.version.startswith("5"):
            # Gradio 5 calls the function once more as the stream is closed.
            all_sent.append(all_sent[-1])
        for sent in all_sent:
            inputs: list[Any] = []
            for slot, value in zip(made.inputs, sent, strict=True):
                if slot.state:
                    inputs.append(seen.get(name, 0))
                    seen[name] = seen.get(name, 0) + 1
                else:
                    inputs.append(map_files(value, _arrived))
            if name == "pick":
                inputs.append("SelectData")
            if name == "fields":
                form = sent[0]
                inputs = [form["id"], [[form["file"].name, form["file"].sha256]]]
            found.append((name, inputs))
    return found


def _arrived(file: File) -> Any:
    """A file as the app's log has it."""
    if not file.inline:
        return {"sha256": file.sha256}
    content = base64.b64encode((SESSIONS / file.path).read_bytes()).decode()
    return f"data:{file.type};base64,{content}"

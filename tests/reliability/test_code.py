"""Generated code holds recorded text as data only: whatever is in a recording, the program has the syntax of the program
of a recording of the word ``benign``."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable

from conftest import MANY
from recorder.api import Endpoint
from recorder.render import render
from recorder.session import App
from recorder.workflow import (
    AppUrl,
    Argument,
    Cookie,
    Digest,
    Expression,
    Generated,
    Item,
    Link,
    Object,
    Output,
    Reader,
    Spelled,
    Step,
    Text,
    Variable,
    VariableRef,
    Workflow,
    identifier,
)
from tests import javascript
from tests.test_curl_target import WORD, assert_parses
from tests.test_curl_target import hostile_workflow as spoken_workflow
from tests.test_javascript_target import names_apart
from tests.test_literals import NASTY
from tests.test_locust_target import of_users
from tests.test_markdown_target import headings
from tests.test_pytest_target import names_apart as of_tests
from tests.test_python_target import comments, hostile_workflow, shape

BREAKS = [text for text in NASTY if 0 < len(text) < 60] + [
    "*/", "/*", "//", ");", "];", "};", "'''\n", '"""\n', "\\\n", "$((", "<<EOF", "EOF\n", "\nEOF\n", "; rm -rf /", "&&", "|",
    "> /tmp/x", "!important", "import os\n", "\n    pass\n", "lambda:", "__class__", "constructor", "@", "$", "``", "$$", "\\u{0}",
]  # fmt: skip


def texts(count: int) -> list[str]:
    """Texts of one to three of what breaks out of something, the same in every run."""
    chosen = random.Random(1)
    return ["".join(chosen.choices(BREAKS, k=chosen.randint(1, 3)))[:100] for _ in range(count)]


def test_no_target_gains_a_syntax_node(promise: Callable[..., None]) -> None:
    broken, tried = [], 0
    # The names of a test and of a user are identifiers made of the session's.
    shapes = {"python": shape, "pytest": lambda code: of_tests(shape(code)), "locust": of_users}
    for target, shape_of in shapes.items():
        for raw in (True, False):
            benign = render(hostile_workflow("benign", "benign", raw), target)
            for text in texts(400 if MANY else 20):
                tried += 1
                # Whatever the public client cannot carry is sent over the protocol, which is another program.
                code = render(hostile_workflow(text, text, raw), target)
                ast.parse(code.encode())
                same = shape_of(code) == shape_of(benign) if raw else True
                if not same or not set(comments(code)) <= set(
                    comments(benign) + comments(by_protocol(target))
                ):
                    broken.append(f"{target}, {text!r}")
    promise("Python, pytest, Locust: recorded text adds no syntax node and no comment", tried, broken)


def by_protocol(target: str) -> str:
    return render(hostile_workflow("benign", "benign", True), target)


def test_no_module_gains_a_syntax_node(promise: Callable[..., None]) -> None:
    said = texts(400 if MANY else 20)
    broken = []
    for raw in (True, False):
        modules = [render(hostile_workflow(text, text, raw), "javascript") for text in ("benign", *said)]
        benign, *shapes = javascript.shapes(modules)
        broken += [
            repr(t) for t, made in zip(said, shapes, strict=True) if names_apart(made) != names_apart(benign)
        ]
    promise("JavaScript: recorded text adds no syntax node and no comment", 2 * len(said), broken)


def test_no_shell_script_gains_a_word(promise: Callable[..., None]) -> None:
    def skeleton(text: str) -> str:
        code = render(spoken_workflow(text, text), "curl")
        assert_parses(code)
        names = rf"\b(benign|step|{identifier(text, 'step')})(_answer)?\b"
        return re.sub(names, "NAME", WORD.sub("WORD", re.sub(r" \\\n +", " ", code)))

    # A name of one letter is also an option of curl, and could not be told from it here.
    said = [text for text in texts(300 if MANY else 15) if len(identifier(text, "step")) > 1]
    broken = [repr(text) for text in said if skeleton(text) != skeleton("benign")]
    promise("curl: dash and bash read recorded text as one quoted word", len(said), broken)


def http_workflow(text: str) -> Workflow:
    """``text`` wherever an expression of an HTTP workflow can hold it."""
    anchor = Item(fields=(((text, text), text),), nth=1)
    item = Item(
        fields=((("id",), VariableRef(name="chosen")), ((text,), text), (("in", text), text)), after=anchor
    )
    readers = (
        Reader(kind="json", path=(text, item, "id")),
        Reader(kind="elements", path=(Item(fields=((("tag",), text),)), text)),
        Reader(kind="literal", path=(text, 1)),
        Reader(kind="query", path=(text,)),
        Reader(kind="between", path=(text, text)),
        Reader(kind="segment", path=(-1,)),
        Reader(kind="base64"),
        Reader(kind="unquote"),
    )
    link = Link(step="a", output=0, path=(text, item, text, "id"), readers=readers)
    sent: list[Expression] = [
        link,
        Text(pieces=(text, link, text)),
        Cookie(name=text),
        Cookie(name=text, decoded=True),
        AppUrl(),
        Generated(kind="random", name="made", form="characters", size=3, alphabet=text + "ab"),
        Generated(kind="random", form="characters", size=3, alphabet=text + "ab"),
        Digest(algorithm="sha256", form="hex", value=Text(pieces=(text, link))),
        Spelled(kind="percent", value=Text(pieces=(link, text))),
        Spelled(kind="json", value={text: link}),
        Object(members=((link, text), (text, link), (Text(pieces=(text, link)), link))),
    ]
    first = Endpoint(id=f"GET /{text}", name="first", method="GET", path="/first")
    second = Endpoint(id=f"POST /{text}", name="second", method="POST", path="/second")
    arguments = [Argument(name=f"n{n}", value=value, location="json") for n, value in enumerate(sent)]
    return Workflow(
        name="x",
        app=App(url="http://a.test", kind="http"),
        variables=(Variable(name="chosen", value=text),),
        steps=(
            Step(id="a", name="first", endpoint=first, code=200, outputs=(Output(component="json"),)),
            Step(
                id="b", name="second", endpoint=second, code=200, arguments=tuple(arguments),
                outputs=(Output(component="events"),), enough=(item, anchor),
            ),
        ),
    )  # fmt: skip


def test_no_script_of_an_http_app_gains_a_syntax_node(promise: Callable[..., None]) -> None:
    said = [t for t in texts(300 if MANY else 15) if "\0" not in t and not re.search("[\ud800-\udfff]", t)]
    modules = [render(http_workflow(text), "javascript") for text in ("benign", *said)]
    benign, *shapes = javascript.shapes(modules)
    broken = [f"javascript, {t!r}" for t, made in zip(said, shapes, strict=True) if made != benign]

    def skeleton(text: str) -> str:
        code = render(http_workflow(text), "curl")
        assert_parses(code)
        # Variables of the shell are named after what they hold.
        calls = WORD.sub("WORD", re.sub(r" \\\n +", " ", code[code.index("\nmade=") :]))
        names = rf"\b(cookie\w*|value\w*|({identifier(text, 'x')}|benign)_?(_\d)?)\b"
        return re.sub(names, "NAME", calls)

    said = [text for text in said if len(identifier(text, "cookie")) > 3]
    broken += [f"curl, {text!r}" for text in said if skeleton(text) != skeleton("benign")]
    promise(
        "JavaScript, curl: the expressions of HTTP apps add no syntax node and no word", 2 * len(said), broken
    )


def test_no_document_gains_a_heading(promise: Callable[..., None]) -> None:
    def drawn(text: str) -> list[str]:
        return headings(render(hostile_workflow(text, text, True), "markdown"))

    said = texts(400 if MANY else 20)
    broken = [repr(text) for text in said if drawn(text) != drawn("benign")]
    promise("Markdown: recorded text adds no heading, list or paragraph", len(said), broken)

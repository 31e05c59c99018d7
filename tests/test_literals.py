"""Quoting: whatever a value holds, its literal is constants that evaluate to that value and to nothing else."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import RecorderError
from recorder.render.layout import WIDTH, write
from recorder.render.literals import DEEPEST, javascript, python, python_text, sh, sh_text
from tests import javascript as node

NASTY = [
    "", "'", '"', "'\"", "\\", "\\'", '\\"', "a\nb", "a\r\nb", "\t", "\0", "\x001", "\x1b[31m", "\x7f", "\x85", "\xa0",
    "{{ 1 }}", "{% raw %}", "{# c #}", "{x}", "${x}", "$(id)", "`id`", "%s %(x)s", "</script>", "-->", "#", '"""', "'''",
    '""" + __import__("os").system("id") + """', "\\N{DIGIT ONE}", "\\u0041", "\u2028", "\u2029", "\ud800", "\udfff x",
    "\udc00\ud800", "\u202e", "\u200f", "\u200b", "\ufeff", "\ufffe", "\uffff", "\U000e0041", "\ufe0f", "\u3164", "e\u0301",
    "\u0301x", "ü", "漢字", "😀", "👨‍👩‍👧", "a" * 300, "word " * 300, "line\n" * 50, "x\\" * 90, '"' * 200, "a (1).png", " ",
    "coding: latin-1", "# -*- coding: utf-7 -*-", "\x0c", "\x0b", "𝐟𝐨𝐨",
]  # fmt: skip


def evaluated(value: Any) -> Any:
    code = write(python(value), indent=4, before="    x = ").strip()
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert all(ast.unparse(call.func) in ("float", "json.loads") for call in calls)
    names: dict[str, Any] = {"json": json}
    # As a file is read: a literal must survive being written as UTF-8.
    exec(compile(code.encode(), "script", "exec"), names)
    return names["x"]


def same(a: Any, b: Any) -> bool:
    """Equal in value and in type, by the bit where floats are concerned."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


any_text = st.text(st.characters(exclude_categories=())) | st.sampled_from(NASTY)
any_scalar = st.none() | st.booleans() | st.integers() | st.floats() | any_text
any_json = st.recursive(
    any_scalar, lambda inner: st.lists(inner) | st.dictionaries(any_text, inner), max_leaves=30
)


@given(any_json)
@settings(deadline=None)
def test_a_literal_evaluates_to_an_equal_value_of_equal_types(value: Any) -> None:
    assert same(evaluated(value), value)


@given(any_text)
@settings(deadline=None)
def test_a_text_is_one_constant(text: str) -> None:
    node = ast.parse(python_text(text), mode="eval").body
    assert isinstance(node, ast.Constant)
    assert node.value == text


@given(any_text)
@settings(deadline=None)
def test_a_literal_shows_nothing_that_a_reader_cannot_see(text: str) -> None:
    literal = python_text(text)
    literal.encode()
    assert literal.isprintable()
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in literal)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: [t], lambda t: {t: t}, lambda t: {"k": [t] * 40}])
def test_nasty_texts_survive_alone_and_inside(text: str, wrap: Any) -> None:
    assert same(evaluated(wrap(text)), wrap(text))


@pytest.mark.parametrize(
    "value",
    [
        0, -1, 10**400, -(10**5000), 2**64, True, False, None, 0.0, -0.0, 1e308, 5e-324, 0.1, math.nan, math.inf, -math.inf,
        [], {}, [[]], {"": {}}, [{}], {"a": [-0.0, math.nan]},
    ],
    ids=lambda value: repr(value) if not isinstance(value, int) or abs(value) < 10**9 else "huge",
)  # fmt: skip
def test_numbers_and_empty_values_keep_their_type(value: Any) -> None:
    assert same(evaluated(value), value)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        ("it's", '"it\'s"'),
        ('say "x"', "'say \"x\"'"),
        ("Grüße 😀 漢字", '"Grüße 😀 漢字"'),
        ("a\nb\\c", '"a\\nb\\\\c"'),
        ("\u202egnp.exe", '"\\u202egnp.exe"'),
        ("\ud800", '"\\ud800"'),
        ("\u0301", '"\\u0301"'),
        ("\U000e0041", '"\\U000e0041"'),
    ],
)
def test_readable_text_stays_readable_and_the_rest_is_escaped(text: str, literal: str) -> None:
    assert python_text(text) == literal


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 200, 400])
@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}, lambda v: [1, {'"': v}]])
def test_what_is_nested_beyond_the_parser_is_written_as_json(depth: int, wrap: Any) -> None:
    value: Any = "\u2028'\""
    for _ in range(depth):
        value = wrap(value)
    assert json.dumps(evaluated(value)) == json.dumps(value)


class Leaf:
    pass


def test_a_leaf_that_lies_too_deep_gets_there_by_way_of_names() -> None:
    value: Any = Leaf()
    for _ in range(180):
        value = ["beside", value]
    lines: list[str] = []

    def hoist(node: Any) -> str:
        lines.append(write(node, before=f"part_{len(lines)} = "))
        return f"part_{len(lines) - 1}"

    lines.append(write(python(value, lambda leaf: "leaf", hoist), before="x = "))
    names: dict[str, Any] = {"leaf": "the leaf"}
    exec("\n".join(lines), names)
    inner = names["x"]
    for _ in range(180):
        assert inner[0] == "beside"
        inner = inner[1]
    assert inner == "the leaf"


def test_what_is_not_json_is_refused_without_a_leaf() -> None:
    with pytest.raises(TypeError, match="Leaf is not a JSON value"):
        python([Leaf()])


def test_long_values_are_wrapped_one_item_a_line() -> None:
    value = {"prompt": "a sentence that goes on " * 12, "choices": ["one", "two"], "numbers": list(range(60))}
    code = write(python(value), indent=4, before="value = ")
    assert all(len(line) <= WIDTH for line in code.splitlines())
    assert '    "choices": ["one", "two"],' in code


@pytest.mark.parametrize("text", ["x" * 10_000_000, "\n'\"\u2028ü" * 2_000_000], ids=["plain", "nasty"])
def test_ten_megabytes_are_spelled_exactly(text: str) -> None:
    code = write(python({"text": text, "more": [text]}))
    assert ast.literal_eval(code)["text"] == text


@given(any_json)
@settings(max_examples=50, deadline=None)
def test_the_same_value_is_always_written_the_same(value: Any) -> None:
    assert write(python(value)) == write(python(value))


# The shell. Many examples go through one process: a literal is a word, and `printf` says what the shell makes of it.


def words_in(shell: str, words: list[str]) -> list[str]:
    script = "".join(f"printf '%s\\0' {word}\n" for word in words)
    done = subprocess.run([shell], input=script.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@given(st.lists(any_json, min_size=5, max_size=15))
@settings(max_examples=20, deadline=None)
def test_a_shell_word_holds_the_json_of_the_value(shell: str, values: list[Any]) -> None:
    assert same([json.loads(text) for text in words_in(shell, [sh(value) for value in values])], values)


@pytest.mark.parametrize("shell", ["dash", "bash"])
@given(st.lists(any_text, min_size=10, max_size=30))
@settings(max_examples=20, deadline=None)
def test_a_text_is_one_shell_word_or_refused(shell: str, texts: list[str]) -> None:
    words = []
    for text in texts:
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            with pytest.raises(RecorderError, match="no shell word"):
                sh_text(text)
        else:
            words.append((text, sh_text(text)))
    assert words_in(shell, [word for _, word in words]) == [text for text, _ in words]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_nasty_texts_are_shell_words_alone_and_inside(shell: str) -> None:
    values: list[Any] = [*NASTY, *([text] for text in NASTY), *({text: text} for text in NASTY)]
    assert same([json.loads(text) for text in words_in(shell, [sh(value) for value in values])], values)
    for value in values:
        assert all(c.isprintable() for c in sh(value))


def test_a_leaf_stands_where_its_json_belongs() -> None:
    assert sh({"it's": [Leaf(), 1]}, lambda leaf: '"$leaf"') == """'{"it'\\''s": ['"$leaf"', 1]}'"""
    with pytest.raises(TypeError, match="leaf"):
        list(map(sh, [[Leaf()]]))


# JavaScript. Its numbers are of one kind, so that 1.0 is 1.


def alike(a: Any, b: Any) -> bool:
    """The same value where numbers are of one kind; a large one may be spelled as an integer or not."""
    if isinstance(a, dict):
        return isinstance(b, dict) and set(a) == set(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, bool) or a is None or isinstance(a, str):
        return same(a, b)
    return same(float(a), float(b)) if isinstance(a, float) else same(a, b)


@given(st.lists(any_json, min_size=5, max_size=15))
@settings(max_examples=20, deadline=None)
def test_a_javascript_literal_evaluates_to_the_value(values: list[Any]) -> None:
    assert all(map(alike, values, node.evaluated([write(javascript(value), indent=4) for value in values])))


def test_nasty_texts_are_javascript_constants_alone_and_inside() -> None:
    values: list[Any] = [*NASTY, *([text] for text in NASTY), *({text: text} for text in NASTY)]
    values += [
        {"__proto__": {"__proto__": 1}},
        {"constructor": 1},
        2**53,
        -(2**60),
        2**53 - 1,
        10**30,
        -0.0,
        1e22,
    ]
    values += [math.nan, math.inf, -math.inf, 5e-324, [[[[]]]], {}]
    literals = [write(javascript(value)) for value in values]
    assert all(map(alike, values, node.evaluated(literals)))
    for literal in literals:
        assert literal.replace("\n", "").isprintable()
        assert "</" not in literal and "<!--" not in literal


def test_deep_values_are_javascript_too() -> None:
    value: Any = ["\u2028'\""]
    for _ in range(300):
        value = {"k": [value]}
    assert json.dumps(node.evaluated([write(javascript(value))])[0]) == json.dumps(value)

"""The functions that generated Python carries: each runs by itself, and is the one that the recorder uses."""

from __future__ import annotations

import builtins
import dis
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder import markup, request, spelling
from recorder.render.http import runtime
from recorder.render.http.carried import carried, pieces
from recorder.render.templates import template

TEMPLATES = Path(runtime.__file__).parents[1] / "templates"


def module_of(*wanted: str) -> dict[str, Any]:
    """What a program defines that carries these functions; it imports what its template makes of their needs."""
    sources, imported = carried(wanted)
    needs = {"needs": imported, "secrets": [], "waiting": False}
    imports = template("http_imports.jinja").render(**needs)
    defined: dict[str, Any] = {}
    exec("\n\n\n".join(["from __future__ import annotations", imports, *sources]), defined)
    return defined


@pytest.mark.parametrize("name", pieces())
def test_each_function_is_carried_with_all_that_it_uses(name: str) -> None:
    defined = module_of(name)
    assert name in defined
    for each in carried([name])[0]:
        unknown = {used for used in names_in(each) if used not in defined and not hasattr(builtins, used)}
        assert not unknown


@pytest.mark.parametrize("name", ["http_imports.jinja", "http_locust.jinja"])
def test_each_template_of_imports_has_all_that_the_functions_need(name: str) -> None:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    needed = frozenset().union(*(piece.imported for piece in pieces().values()))
    assert not {each for each in needed if not re.search(rf"(?:import |\"){each}\b", text)}


def names_in(source: str) -> set[str]:
    """The global names that the functions of a source look up when they run."""
    found: set[str] = set()
    codes = [compile(source, "carried", "exec")]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if inspect.iscode(each)]
        found |= {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return found


@pytest.mark.parametrize(
    "function",
    [markup.elements, markup.plain, markup.literal, request.decode_base64, spelling.as_text, runtime.pick],
    ids=lambda function: function.__name__,
)
def test_what_is_carried_is_the_recorders_own_source(function: Callable[..., Any]) -> None:
    name = function.__name__
    assert inspect.getsource(function).rstrip() == pieces()[name].source


def test_carried_functions_find_what_those_of_the_recorder_find() -> None:
    defined = module_of("elements", "literal", "decode_base64", "as_text")
    page = '<title>A&eacute;</title><script>const t = "a\\u00e9";</script><p CLASS=x>b<br>c</p>d'
    assert defined["elements"](page) == markup.elements(page) != []
    assert defined["literal"]('const t = "a\\u00e9";', "t", 0) == "aé"
    assert defined["decode_base64"]("aGVsbG8") == "hello"
    assert [defined["as_text"](value) for value in (True, None, 2.0, [1, "é"])] == [
        "true",
        "null",
        "2",
        '[1,"é"]',
    ]
    with pytest.raises(LookupError, match="assigns nothing to 'u'"):
        defined["literal"]("let t = 1;", "u", 0)

"""The floors of the house: which module may import which, read from the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "recorder"

FLOORS: list[set[str]] = [
    {"errors", "registry", "remembered", "markup", "placeholders", "sse"},
    {"address", "cookies"},
    {"events"},
    {"api"},
    {"session", "config"},
    {"workflow", "redact", "volatile", "drift", "inline"},
    {"spelling"},
    {"request"},
    {"dataflow"},
    {"adapters", "render", "show", "schema", "graph"},
    {"explanation", "edits"},
    {"capture", "load", "replay"},
    {"serve"},
    {"doctor"},
    {"cli"},
]
"""From the ground up. A room imports from floors below its own, and within itself."""

PURE = {room for floor in FLOORS[:9] for room in floor} | {"edits"}

IMPURE = {
    "aiohttp", "asyncio", "concurrent", "ftplib", "gradio", "gradio_client", "http", "httpx", "playwright", "requests",
    "selectors", "smtplib", "socket", "socketserver", "ssl", "subprocess", "threading", "urllib.request", "uvloop",
    "webbrowser", "websockets",
}  # fmt: skip

ONLY_IN = {
    "playwright": {"capture.browser"},
    "jinja2": {"render", "replay.html", "serve"},
    "websockets": {"capture", "replay", "serve"},
    "aiohttp": {"capture", "replay", "serve"},
    "gevent": {"load.listener"},
    "locust": {"load.listener"},
    "click": {"cli"},
    "rich": {"cli"},
    "uvloop": {"cli"},
}
"""Where a library lives: a room, or one module of it."""

SOURCES = sorted(PACKAGE.rglob("*.py"))


DOCUMENTED = PACKAGE.parent / "docs" / "architecture.md"


def test_the_documentation_has_the_same_floors() -> None:
    rows = re.findall(r"(?m)^\| \d+ \| (.*) \|$", DOCUMENTED.read_text(encoding="utf-8"))
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == FLOORS


def name_of(path: Path) -> str:
    """``capture.browser`` of ``recorder/capture/browser.py``; empty for the package itself."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_deferred(node: ast.AST) -> bool:
    """Whether what is inside does not run when the module is imported."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that is imported, with whether that happens when this one is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(node) for block in ast.walk(tree) if is_deferred(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        top = id(node) not in inside
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively; name the module in full"
            assert node.module is not None
            # `from recorder import session` names a module just as `from recorder.session import Session` does.
            for alias in node.names:
                yield f"{node.module}.{alias.name}", top


def floor_of(room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def test_every_room_of_the_house_stands_on_a_floor() -> None:
    rooms = {name_of(path).partition(".")[0] for path in SOURCES} - {""}
    unknown = rooms - {room for floor in FLOORS for room in floor}
    assert not unknown, f"no floor for {sorted(unknown)}: say where it stands in FLOORS"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_go_strictly_downward(path: Path) -> None:
    name = name_of(path)
    room = name.partition(".")[0]
    if not room:
        top = {module for module, top in imports_of(path) if top and within(module, "recorder")}
        assert not top, f"importing the package must load nothing of it, but it loads {sorted(top)}"
        return
    for module, _ in imports_of(path):
        if not within(module, "recorder"):
            continue
        other = module.split(".")[1] if "." in module else ""
        if other in ("", "__version__", room):
            continue
        assert floor_of(other) < floor_of(room), f"recorder.{name} may not import {module}: it is not below"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_pure_rooms_import_no_event_loop_network_or_browser(path: Path) -> None:
    name = name_of(path)
    if name.partition(".")[0] not in PURE:
        return
    found = {module for module, _ in imports_of(path) for bad in IMPURE if within(module, bad)}
    assert not found, f"recorder.{name} is pure and imports {sorted(found)}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_library_is_imported_only_where_it_lives(path: Path) -> None:
    name = name_of(path)
    for module, _ in imports_of(path):
        homes = ONLY_IN.get(module.partition(".")[0])
        if homes is not None:
            assert any(within(name, home) for home in homes), f"recorder.{name} imports {module}"


@pytest.mark.parametrize("room", ["adapters", "render"])
def test_adapters_and_renderers_never_import_each_other(room: str) -> None:
    """Only the registry, which is the room's own ``__init__``, knows them all; one in a folder may import within it."""
    for path in SOURCES:
        name = name_of(path)
        if not name.startswith(room + "."):
            continue
        own = ".".join(name.split(".")[:2])
        members = {".".join(name_of(p).split(".")[:2]) for p in SOURCES if name_of(p).startswith(room + ".")}
        for other in members - {own} - SHARED:
            for module, _ in imports_of(path):
                assert not within(module, f"recorder.{other}"), f"recorder.{name} imports {module}"


STATIC = PACKAGE.parent / "static"
KINDS_KNOW = (PACKAGE / "adapters", PACKAGE / "render", STATIC / "recorder" / "kinds.js")
"""Where a kind of app may be told from another: its own object, and what is written in its own words."""


def asked_kinds(tree: ast.AST) -> Iterator[ast.AST]:
    """Where Python compares a kind of app, or takes the adapter of one kind in particular."""
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Compare | ast.Subscript | ast.Match) else ""
        about_kind = re.search(r"\bkind\b|adapters\(\)", text)
        if isinstance(node, ast.Compare):
            if "'gradio'" in text or (about_kind and "'http'" in text):
                yield node
        elif isinstance(node, ast.Subscript):
            if re.search(r"adapters\(\)\['", text):
                yield node
        elif isinstance(node, ast.Match) and about_kind and re.search(r"case 'gradio'|case 'http'", text):
            yield node


def test_only_a_kind_of_app_itself_knows_what_is_different_about_it() -> None:
    found = []
    for path in SOURCES:
        if not any(path.is_relative_to(place) for place in KINDS_KNOW):
            for node in asked_kinds(ast.parse(path.read_text(encoding="utf-8"))):
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}")  # type: ignore[attr-defined]
    texts = [*PACKAGE.rglob("*.jinja"), *PACKAGE.rglob("*.js"), *STATIC.rglob("*.js")]
    asked = re.compile(r"isGradio|gradio_config|gradio-app|kind *(?:={2,3}|!={1,2}) *[\"'](?:gradio|http)")
    for path in texts:
        if not path.name.endswith(".test.js") and not any(path.is_relative_to(place) for place in KINDS_KNOW):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                # Looking into the shadow of every app of a page is no decision about what it is.
                if asked.search(line) and 'querySelectorAll("gradio-app")' not in line:
                    found.append(f"{path.relative_to(PACKAGE.parent)}:{number}: {line.strip()}")
    assert not found, "ask the kind's own object, recorder.adapters.adapter_of(kind):\n" + "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "if app.kind == 'gradio': pass",
        "is_gradio = kind in ('gradio', 'streamlit')",
        "if workflow.app.kind != 'http': pass",
        "adapters()['http'].fold()",
        "match app.kind:\n    case 'http':\n        pass",
    ],
)
def test_a_question_about_the_kind_is_found(line: str) -> None:
    assert list(asked_kinds(ast.parse(line)))


def test_a_kind_of_app_is_registered_in_every_room_that_needs_it() -> None:
    from recorder.adapters import adapters
    from recorder.render import renderers
    from recorder.replay.site import SITES

    assert list(SITES) == list(adapters())
    for name, adapter in adapters().items():
        assert adapter.name == name and callable(SITES[name]) and "python" in renderers(name)


SHARED = {
    "render.analysis",
    "render.expected",
    "render.layout",
    "render.literals",
    "render.program",
    "render.templates",
}
"""What all members of a room may use."""


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=name_of)
def test_the_command_line_imports_inside_each_verb(path: Path) -> None:
    for module, top in imports_of(path):
        if top and within(module, "recorder"):
            allowed = ("recorder.__version__", "recorder.cli", "recorder.errors", "recorder.registry")
            assert any(within(module, one) for one in allowed), module
        if top:
            assert not any(within(module, bad) for bad in (*IMPURE, "rich", "jinja2", "msgspec")), module


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["render", "--help"]], ids=lambda words: " ".join(words)
)
def test_help_loads_no_browser_and_no_server(words: list[str]) -> None:
    assert loaded_by(words).isdisjoint({"playwright", "aiohttp", "websockets", "asyncio", "jinja2"})


def loaded_by(words: list[str]) -> set[str]:
    """The top-level modules in memory after the command ran in a process of its own."""
    program = (
        "import sys\n"
        "from recorder.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as ending:\n    assert not ending.code, ending.code\n"
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())

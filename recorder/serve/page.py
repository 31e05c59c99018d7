"""What an app offers, as a page: every endpoint with what it takes and gives, an example, and how to call it.

One model: ``--json`` prints these structs, and the Markdown and the HTML are written from them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import BashLexer, JavascriptLexer, JsonLexer, PythonLexer

from recorder.adapters import adapter_of
from recorder.api import Api, Endpoint, Parameter
from recorder.errors import RecorderError
from recorder.render.literals import markdown_code, markdown_text, sh_text
from recorder.render.snippets import LANGUAGES, snippet
from recorder.serve.tools import Tool, listed, property_of, takes_file, takes_files, tools_of
from recorder.session import App, Call, File, Session, encode_value, with_names
from recorder.show import visible
from recorder.workflow import Argument, Step, Variable, VariableRef, Workflow

_LEXERS = {"python": PythonLexer, "javascript": JavascriptLexer, "curl": BashLexer, "json": JsonLexer}
_NAMES = {"python": "Python", "javascript": "JavaScript", "curl": "curl"}
_SUFFIXES = {"image": ".png", "audio": ".wav", "video": ".mp4", "model3d": ".glb"}
MOST = 4_000
"""Characters of an example's output that are shown."""
PIXEL = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CLICK = "data:audio/wav;base64,UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAAAA"
_SMALLEST = {"image": PIXEL, "audio": CLICK, "file": "data:text/plain;base64,aGVsbG8="}
"""What is sent where a file is wanted, by the kind of control: a picture of one point, two samples of silence."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter, or one value that is given. ``schema`` is JSON Schema; ``type`` the same in a word or two;
    ``location`` is where in a request it goes, empty for Gradio. ``field`` is what a call by names calls
    it, and ``control`` how it is entered in a form."""

    name: str
    type: str = ""
    component: str = ""
    required: bool = False
    default: Any = None
    has_default: bool = False
    choices: tuple[Any, ...] = ()
    description: str = ""
    location: str = ""
    schema: Any = None
    field: str = ""
    control: Literal["text", "json", "number", "boolean", "choice", "file", "files"] = "json"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Values by name, and what came of them where that was ``recorded``, as text."""

    inputs: dict[str, Any] = {}
    recorded: bool = False
    outputs: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint. ``anchor`` names it within the page; ``snippets`` are by language; ``source`` is where it
    comes from: the app, a recorded session, or a function of one's own."""

    id: str
    name: str
    anchor: str
    description: str = ""
    parameters: tuple[Row, ...] = ()
    returns: tuple[Row, ...] = ()
    streams: bool = False
    source: Literal["endpoint", "session", "function"] = "endpoint"
    example: Example = Example()
    snippets: dict[str, str] = {}


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """How a client of language models is told of these as tools: ``text`` goes into the file, or is the command, that
    ``where`` says."""

    name: str
    where: str
    text: str
    language: Literal["json", "curl"] = "json"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An app and its endpoints; ``served`` is the address at which the recorder serves it, if it does. Each endpoint
    that has a name is a tool for language models, and ``clients`` is how they get them."""

    title: str
    url: str
    kind: str
    version: str = ""
    served: str = ""
    endpoints: tuple[Entry, ...] = ()
    clients: tuple[Client, ...] = ()


def page_of(
    app: App,
    api: Api,
    calls: Mapping[str, Call] = MappingProxyType({}),
    files: Path = Path(),
    *,
    tools: Sequence[Tool] | None = None,
    served: str = "",
) -> Page:
    """The page of an app.

    Args:
        calls: recorded calls of it by the ids of their endpoints, which are the examples; see :func:`examples`.
        files: the folder to which the paths of recorded files are relative.
        tools: what is listed; None for the endpoints of ``api``.
        served: the address at which the recorder serves it, if it does; what is no endpoint of the app is called there.
    """
    if tools is None:
        tools = listed(tools_of(app, api))
    title = app.title or app.url
    return Page(
        title=title,
        clients=clients(title, app.url, served),
        url=app.url,
        kind=app.kind,
        version=app.version,
        served=served,
        endpoints=tuple(
            _entry(tool, calls.get(tool.endpoint.id), files) if tool.endpoint else _added(tool, served)
            for tool in tools
        ),
    )


def examples(session: Session) -> dict[str, Call]:
    """The first call of each endpoint in a recording that went well, by the endpoint's id."""
    return {call.endpoint: call for call in reversed(session.calls) if call.status == "ok"}


def _entry(tool: Tool, call: Call | None, files: Path) -> Entry:
    assert tool.endpoint is not None
    endpoint = tool.endpoint
    values = _recorded(tool, call, files) if call is not None else {}
    for variable in tool.workflow.variables:
        if variable.name not in values and (variable.required or endpoint.method == ""):
            values[variable.name] = example(variable)
    shown = {name: _named(value) for name, value in values.items()}
    called = _with(tool, values)
    snippets = {}
    for language in LANGUAGES:
        try:
            snippets[language] = snippet(called, language)
        except RecorderError:
            continue  # there are texts that no shell word holds
    outputs = ""
    if call is not None:
        given = [encode_value(output.value) for output in call.outputs if not output.state]
        text = json.dumps(given[0] if len(given) == 1 else given, ensure_ascii=False, indent=2)
        outputs = with_names(text)[:MOST]
    return Entry(
        id=endpoint.id,
        name=tool.name,
        anchor=tool.name.replace("_", "-"),
        description=endpoint.description,
        parameters=tuple(_row(endpoint, variable) for variable in tool.workflow.variables),
        returns=tuple(_returned(value) for value in endpoint.returns if not value.state),
        streams=endpoint.generator,
        example=Example(inputs=encode_value(shown), recorded=call is not None, outputs=outputs),
        snippets=snippets,
    )


def clients(title: str, url: str, served: str = "") -> tuple[Client, ...]:
    """How to tell the usual clients of a server of tools: by its address where it is ``served``, else by a command."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "app"
    name = "app" if name.startswith("http") else name
    command = {"command": "recorder", "args": ["mcp", url]}
    address = {"url": f"{served}/_recorder/mcp"}

    def in_file(key: str, value: dict[str, Any]) -> str:
        return json.dumps({key: {name: value}}, indent=2, ensure_ascii=False)

    entry = address if served else command
    start = f"recorder mcp {sh_text(url)}"
    added = f"--transport http {name} {sh_text(address['url'])}" if served else f"{name} -- {start}"
    vscode = {"type": "http", **address} if served else {"type": "stdio", **command}
    return (
        # It starts its servers itself.
        Client(name="Claude Desktop", where="claude_desktop_config.json", text=in_file("mcpServers", command)),
        Client(name="Claude Code", where="In a shell", text=f"claude mcp add {added}", language="curl"),
        Client(name="Cursor", where=".cursor/mcp.json", text=in_file("mcpServers", entry)),
        Client(name="VS Code", where=".vscode/mcp.json", text=in_file("servers", vscode)),
        Client(
            name="Any other", where="Streamable HTTP at" if served else "A command, over standard input and output",
            text=address["url"] if served else start, language="curl",
        ),
    )  # fmt: skip


def _added(tool: Tool, served: str) -> Entry:
    """What the recorder adds: a function or a recorded session."""
    values = {v.name: of_added(v) for v in tool.workflow.variables if v.required}
    snippets = {}
    if served:
        endpoint = Endpoint(id=tool.name, method="POST", path=f"/_recorder/call/{tool.name}")
        sent = tuple(Argument(name=name, value=value, location="json") for name, value in values.items())
        if not sent:
            sent = (Argument(value={}, location="json"),)
        step = Step(id="c1", name="call", endpoint=endpoint, arguments=sent, outputs=(), page="p1")
        called = Workflow(name=tool.name, app=App(url=served, kind="http"), steps=(step,), variables=())
        snippets = {language: snippet(called, language) for language in LANGUAGES}
    outputs = tool.last.outputs if tool.last is not None else ()
    returns = [Row(name=o.label or o.name, component=o.component) for o in outputs if not o.state]
    return Entry(
        id=f"/{tool.name}",
        name=tool.name,
        anchor=tool.name.replace("_", "-"),
        description=tool.description,
        parameters=tuple(_row(Endpoint(id=tool.name), v) for v in tool.workflow.variables),
        returns=tuple(returns) or (Row(name="result"),),
        example=Example(inputs=encode_value(values)),
        snippets=snippets,
        source=tool.source,
    )


def of_added(variable: Variable) -> Any:
    """A value of a variable of what is added: its own, or one that its schema allows; a file as a ``data:`` URL."""
    if takes_file(variable):
        return smallest(variable)
    return [smallest(variable)] if takes_files(variable) else example(variable)


def smallest(variable: Variable) -> str:
    """A file that a variable can take, as a ``data:`` URL."""
    return _SMALLEST.get(variable.component, PIXEL)


def _recorded(tool: Tool, call: Call, files: Path) -> dict[str, Any]:
    """What a recorded call was given, by variable."""
    assert tool.endpoint is not None
    values: dict[str, Any] = {}
    adapter, step = adapter_of(tool.workflow.app.kind), tool.workflow.steps[0]
    for place, argument in enumerate(step.arguments):
        if not isinstance(argument.value, VariableRef):
            continue
        if (found := adapter.recorded(call, step, place)) is not None:
            values[argument.value.name] = _plain(found.value, files)
    return values


def _plain(value: Any, files: Path) -> Any:
    if isinstance(value, File):
        return files / value.path if value.path else Path(value.name)
    if isinstance(value, list):
        return [_plain(item, files) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, files) for key, item in value.items()}
    return with_names(value) if isinstance(value, str) else value


def _named(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_named(item) for item in value] if isinstance(value, list) else value


def _with(tool: Tool, values: dict[str, Any]) -> Workflow:
    """The call with plain values in place of its variables."""
    made = tool.chosen(set(values))
    step = made.steps[0]
    arguments = tuple(
        msgspec.structs.replace(argument, value=values.get(argument.value.name))
        if isinstance(argument.value, VariableRef)
        else argument
        for argument in step.arguments
    )
    return msgspec.structs.replace(
        made, steps=(msgspec.structs.replace(step, arguments=arguments),), variables=()
    )


def example(variable: Variable) -> Any:
    """A value that a variable can have: its default, the app's own example, or one that its schema allows."""
    if takes_file(variable):
        return Path(f"a_file{_SUFFIXES.get(variable.component, '.txt')}")
    if takes_files(variable):
        return [Path("a_file.txt")]
    if variable.value is not None:
        return variable.value
    return variable.example if variable.example is not None else of_schema(property_of(variable))


def of_schema(schema: Any, depth: int = 5) -> Any:
    """A value that a JSON Schema allows."""
    if not isinstance(schema, dict) or depth == 0:
        return None
    for key in ("const", "default", "example"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf"):
        for option in schema.get(key) or ():
            if isinstance(option, dict) and option.get("type") != "null":
                return of_schema(option, depth - 1)
    if isinstance(schema.get("allOf"), list) and schema["allOf"]:
        return of_schema(schema["allOf"][0], depth - 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        needed = schema.get("required")
        names = needed if isinstance(needed, list) else ()
        return (
            {n: of_schema(properties.get(n), depth - 1) for n in names}
            if isinstance(properties, dict)
            else {}
        )
    if kind == "array":
        item = of_schema(schema.get("items"), depth - 1)
        return [] if item is None else [item]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        value = max(1, (low or 0) + ("exclusiveMinimum" in schema)) if isinstance(low, int | float) else 1
        return min(value, high) if isinstance(high, int | float) else value
    if kind == "boolean":
        return True
    formats = {
        "date": "2026-01-31",
        "date-time": "2026-01-31T12:00:00Z",
        "uuid": "00000000-0000-4000-8000-000000000000",
        "email": "ann@example.com",
        "uri": "https://example.com/",
    }
    text = formats.get(str(schema.get("format")), "text")
    least = schema.get("minLength")
    return text.ljust(least, "x") if isinstance(least, int) else text


def _row(endpoint: Endpoint, variable: Variable) -> Row:
    said = property_of(variable)
    location = next((p.location for p in endpoint.parameters if p.name == variable.label), "")
    return Row(
        name=variable.name if not endpoint.method else variable.label or variable.name,
        type=_type(said) if not (takes_file(variable) or takes_files(variable)) else "file",
        component="" if endpoint.method else variable.component,
        required=variable.required,
        default=said.get("default"),
        has_default="default" in said,
        choices=tuple(said.get("enum") or ()),
        description=str(said.get("description") or ""),
        location=location,
        schema=said,
        field=variable.name,
        control=_control(variable, said),
    )


def _control(
    variable: Variable, schema: dict[str, Any]
) -> Literal["text", "json", "number", "boolean", "choice", "file", "files"]:
    if takes_file(variable):
        return "file"
    if takes_files(variable):
        return "files"
    if schema.get("enum") and schema.get("type") != "array":
        return "choice"
    kinds: dict[Any, Literal["text", "number", "boolean"]] = {
        "string": "text",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
    }
    kind = schema.get("type")
    return kinds.get(kind, "json") if isinstance(kind, str) else "json"


def _returned(value: Parameter) -> Row:
    kind = value.python_type or (_type(value.schema) if isinstance(value.schema, dict) else "")
    # Gradio gives a number to what has no label.
    label = "" if re.fullmatch(r"value_\d+", value.label) else value.label
    return Row(name=label or value.component or value.name, type=kind, component=value.component)


def _type(schema: dict[str, Any]) -> str:
    """A schema in a word or two."""
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return " or ".join(dict.fromkeys(_type(s) for s in schema[key] if isinstance(s, dict)))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(map(str, kind))
    if kind == "array":
        inside = _type(schema["items"]) if isinstance(schema.get("items"), dict) else ""
        return f"list of {inside}" if inside else "list"
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind and low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return str(kind or ("one of these" if "enum" in schema else "any"))


# Written


def dump(page: Page) -> str:
    """As JSON."""
    return json.dumps(msgspec.to_builtins(page), indent=2, ensure_ascii=False) + "\n"


def markdown(page: Page) -> str:
    """As Markdown."""
    return written("api.md.jinja", page=page, names=_NAMES, label=adapter_of(page.kind).label(page.version))


def html(page: Page, key: str = "") -> str:
    """As one HTML page that needs nothing else. What an app says in it is text: the only script is its own, which says
    ``key`` where it calls."""
    light: Any = HtmlFormatter(style="default")
    dark: Any = HtmlFormatter(style="github-dark")
    styles = light.get_style_defs(".code") + "\n@media (prefers-color-scheme: dark) {\n"
    styles += dark.get_style_defs(".code") + "\n}"

    def coloured(code: str, language: str) -> str:
        return str(highlight(code, _LEXERS[language](), HtmlFormatter(nowrap=True)))

    return written(
        "api.html.jinja",
        own_script("api.js"),
        key,
        page=page,
        names=_NAMES,
        label=adapter_of(page.kind).label(page.version),
        styles=styles,
        coloured=coloured,
    )


def own_script(name: str) -> str:
    """A script of one of the pages."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _block(text: str, language: str) -> str:
    """A fenced block of Markdown that no line of the text can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language.replace('curl', 'sh')}\n{text.rstrip()}\n{fence}"


def _shown(text: object) -> str:
    """Without what reorders or hides what follows; line ends stay."""
    return "\n".join(map(visible, str(text).split("\n")))


def written(template: str, script: str = "", key: str = "", **values: Any) -> str:
    """A page. ``script`` is the only one that its policy lets run, by the ``hash`` that the template puts there; it
    finds ``key`` in the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=PackageLoader("recorder.serve", "templates"),
        autoescape=template.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "code": markdown_code,
        # A bar would end the cell, even in code.
        "cell": lambda text: markdown_code(text).replace("|", "\\|"),
        "text": lambda value: markdown_text(visible(str(value))),
        "block": _block,
        "shown": _shown,
    }
    return str(
        environment.get_template(template).render(script=script, key=key, hash=f"sha256-{digest}", **values)
    )

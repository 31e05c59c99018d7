"""``recorder.toml``: what the endpoints of an app are called, which are hidden, disabled or added.

Nothing here looks at the app; :meth:`Config.unknown` says which of its lines speak of what an app does not have.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from recorder.api import Api, Endpoint
from recorder.errors import FileError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

FILE = "recorder.toml"
For = Literal["api", "all"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one endpoint, by its id (``/greet``, ``fn:7``, ``GET /items/{item_id}``) or its name.

    ``name`` and ``description`` are given instead of the app's own. ``hidden``: not listed, but callable.
    ``disabled``: not listed and refused. ``disabled_for`` says to whom: ``api`` lets the app's own page call it,
    ``all`` nobody; it disables by itself.
    """

    name: str = ""
    description: str = ""
    hidden: bool = False
    disabled: bool = False
    disabled_for: For | None = None

    @property
    def refused_to(self) -> For | None:
        """Whom calls of it are refused to; None where they are not."""
        return self.disabled_for or ("all" if self.disabled else None)


class Added(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint that the app does not have: a recorded ``session``, by its path from this file, or a typed Python
    ``function``, as ``module:name``, whose module may lie beside this file."""

    session: str = ""
    function: str = ""
    description: str = ""
    hidden: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How what is served is bounded: calls ``at_once``, and the ``timeout`` of one in seconds."""

    at_once: int = 4
    timeout: float = 600.0


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else is to be kept out of recordings: values that go by these ``names`` in a header, an address, a form or
    JSON (``*`` stands for any letters, digits, ``.``, ``_`` and ``-``), and, wherever they stand, what these
    ``patterns`` match: regular expressions as Python and JavaScript have them both."""

    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. ``private`` are the endpoints that a Gradio app itself makes private (``api_name=False``,
    ``api_visibility="private"``): ``refused`` to all but its own page, or ``allowed``, as in Gradio.

    ``lines`` and ``path`` are not written in it: where each thing stands, and the file itself.
    """

    endpoints: dict[str, Rule] = {}
    add: dict[str, Added] = {}
    serve: Limits = Limits()
    secrets: Secrets = Secrets()
    private: Literal["refused", "allowed"] = "refused"

    def rule(self, endpoint: Endpoint) -> Rule | None:
        """What is said of an endpoint, if anything."""
        for key in _keys(endpoint):
            if key in self.endpoints:
                return self.endpoints[key]
        return None

    def refused_to(self, endpoint: Endpoint) -> For | None:
        """Whom calls of an endpoint are refused to; None where they are not."""
        rule = self.rule(endpoint)
        if rule is not None and rule.refused_to is not None:
            return rule.refused_to
        return "api" if endpoint.visibility == "private" and self.private == "refused" else None

    def name(self, endpoint: Endpoint) -> str:
        """What an endpoint is called."""
        rule = self.rule(endpoint)
        return rule.name if rule is not None and rule.name else endpoint.name

    def applied(self, api: Api) -> Api:
        """What the app offers, as this file says."""
        return Api(endpoints=tuple(map(self._applied, api.endpoints)))

    def _applied(self, endpoint: Endpoint) -> Endpoint:
        rule = self.rule(endpoint)
        if rule is None:
            return endpoint
        visibility = endpoint.visibility
        if rule.refused_to is not None:
            visibility = "private"
        elif rule.hidden and visibility == "public":
            visibility = "hidden"
        return msgspec.structs.replace(
            endpoint,
            name=rule.name or endpoint.name,
            description=rule.description or endpoint.description,
            visibility=visibility,
        )

    def unknown(self, api: Api) -> list[str]:
        """The keys of ``endpoints`` that name nothing in ``api``."""
        known = {key for endpoint in api.endpoints for key in _keys(endpoint)}
        return [key for key in self.endpoints if key not in known]


NOTHING = Config(private="allowed")
"""No file: nothing is renamed, hidden or refused."""


def _keys(endpoint: Endpoint) -> Iterable[str]:
    """By what a rule may name an endpoint, the surest first."""
    yield endpoint.id
    if endpoint.fn_index is not None:
        yield f"fn:{endpoint.fn_index}"
    if endpoint.api_name:
        yield f"/{endpoint.api_name}"
        yield endpoint.api_name
    elif endpoint.method:
        yield endpoint.name


class Source(msgspec.Struct, frozen=True):
    """A read file: what it says, and where it and its lines are."""

    config: Config
    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """Where the paths in it begin."""
        return self.path.parent

    def line(self, *keys: str) -> int:
        """The number of the line on which the key stands that ``keys`` lead to, or on which its table begins."""
        return line_of(self.text, keys)

    def checked(self, api: Api) -> None:
        """Hold it against what the app offers.

        Raises:
            FileError: it speaks of an endpoint that is not there, or calls two by one name.
        """
        for key in self.config.unknown(api):
            known = ", ".join(e.id for e in api.endpoints) or "none"
            raise FileError(
                f"{self.path}, line {self.line('endpoints', key)}: the app has no endpoint {key!r}",
                f"It has {known}",
            )
        # What of this file gives a name, by the name; nothing where it is the app's own.
        given: dict[str, tuple[str, ...]] = {name: ("add", name) for name in self.config.add}
        for endpoint in api.endpoints:
            name, key = (
                self.config.name(endpoint),
                next((k for k in _keys(endpoint) if k in self.config.endpoints), ""),
            )
            is_renamed = key != "" and self.config.endpoints[key].name != ""
            if name in given and (place := given[name] or (("endpoints", key, "name") if is_renamed else ())):
                raise FileError(
                    f"{self.path}, line {self.line(*place)}: {name!r} is the name of another endpoint too",
                    "Give it another name",
                )
            given.setdefault(name, ("endpoints", key, "name") if is_renamed else ())


def read(path: Path) -> Source:
    """The file at ``path``.

    Raises:
        FileError: it is missing, no TOML, or says what this file does not know; with the line and the remedy.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}", "Name another file with --config"
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise FileError(f"{path}, line {line}: it is not UTF-8", "Save it as UTF-8") from None
    return Source(parse(text, path), path, text)


def parse(text: str, path: Path) -> Config:
    """What the text of the file at ``path`` says; raises as :func:`read`."""
    try:
        tree = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\s*\(at line (\d+), column \d+\)$|\s*\(at end of document\)$", str(error))
        line = found[1] if found is not None and found[1] else text.count("\n") + 1
        what = str(error)[: found.start()] if found is not None else str(error) or "it is nested too deeply"
        raise FileError(f"{path}, line {line}: {what}", "Mend the line: the file is TOML") from None

    def convert(value: Any, kind: Any, *keys: str) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            unknown = re.search(r"unknown field `(.*)`", what)
            inner = unknown[1] if unknown is not None else place.rstrip("`").lstrip(".").partition(".")[0]
            line = line_of(text, (*keys, inner) if inner else keys)
            fields = getattr(kind, "__struct_fields__", ())
            if unknown is not None:
                sentence, remedy = f"there is no key {inner!r} here", f"It takes {', '.join(fields)}"
            else:
                sentence = f"{'.'.join((*keys, inner)).strip('.')}: {what[0].lower()}{what[1:]}"
                remedy = "Correct the value"
            raise FileError(f"{path}, line {line}: {sentence}", remedy) from None

    def table(name: str, kind: Any) -> dict[str, Any]:
        return {
            key: convert(value, kind, name, key)
            for key, value in convert(tree.get(name, {}), dict[str, Any], name).items()
        }

    endpoints, add = table("endpoints", Rule), table("add", Added)
    serve = convert(tree.get("serve", {}), Limits, "serve")
    secrets = convert(tree.get("secrets", {}), Secrets, "secrets")
    flat = {key: value for key, value in tree.items() if key not in ("endpoints", "add", "serve", "secrets")}
    config: Config = msgspec.structs.replace(
        convert(flat, Config), endpoints=endpoints, add=add, serve=serve, secrets=secrets
    )
    for name in secrets.names:
        if not re.fullmatch(r"[\w.*-]{1,80}", name, re.ASCII) or not name.strip("*"):
            raise FileError(
                f"{path}, line {line_of(text, ('secrets', 'names'))}: {name!r} can be no name of a secret",
                "Use letters, digits, ., _, - and *",
            )
    for pattern in secrets.patterns:
        if why := _unusable(pattern):
            raise FileError(
                f"{path}, line {line_of(text, ('secrets', 'patterns'))}: {pattern!r} {why}",
                "Give a regular expression, such as 'acme-[0-9a-f]{32}'",
            )
    for name, added in add.items():
        if bool(added.session) == bool(added.function):
            raise FileError(
                f"{path}, line {line_of(text, ('add', name))}: {name!r} is made of nothing, or of two things",
                'Give it a session = "FILE" or a function = "MODULE:NAME"',
            )
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", name):
            raise FileError(
                f"{path}, line {line_of(text, ('add', name))}: {name!r} can be no name of an endpoint",
                "Use letters, digits, _ and -",
            )
    for key, rule in endpoints.items():
        if rule.name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", rule.name):
            raise FileError(
                f"{path}, line {line_of(text, ('endpoints', key, 'name'))}: {rule.name!r} can be no name of an "
                "endpoint",
                "Use letters, digits, _ and -",
            )
    if serve.at_once < 1 or not serve.timeout > 0:
        place = "at_once" if serve.at_once < 1 else "timeout"
        raise FileError(
            f"{path}, line {line_of(text, ('serve', place))}: serve.{place} must be more than nothing",
            "Give a positive number",
        )
    return config


def _unusable(pattern: str) -> str:
    """Why a regular expression cannot find secrets; empty if it can."""
    if len(pattern) > 500:
        return "is too long"
    if re.search(r"\(\?(?![:=!]|<[=!])|\\[AZzG]", pattern):
        return "has what JavaScript does not know"
    try:
        return "matches nothing at all, too" if re.compile(pattern).search("") else ""
    except (re.error, RecursionError, OverflowError) as error:
        return f"is no regular expression: {error}"


def line_of(text: str, keys: Iterable[str]) -> int:
    """The line on which what ``keys`` lead to is written in a TOML text, or the nearest that is around it."""
    wanted = list(keys)
    here: list[str] = []
    best, found = 0, 1
    for number, line in enumerate(text.split("\n"), 1):
        head = line.strip()
        is_table = head.startswith("[")
        try:
            said = tomllib.loads(line if is_table else f"{head.partition('=')[0]} = 0")
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        path = _path(said, is_table)
        if is_table:
            here = path
        else:
            path = here + path
        depth = next((n for n, (a, b) in enumerate(zip(path, wanted, strict=False)) if a != b), len(path))
        if path and depth == len(path) and best < depth <= len(wanted):
            best, found = depth, number
    return found


def _path(said: Any, is_table: bool) -> list[str]:
    path = []
    while isinstance(said, dict) and len(said) == 1:
        key, said = next(iter(said.items()))
        path.append(key)
        if isinstance(said, list):
            said = said[0] if is_table and said else None
    return path

"""Typed Python functions as tools: their signature is the schema, their values are checked against it."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import inspect
import mimetypes
import shutil
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from recorder.errors import FileError, UsageError
from recorder.session import App, File
from recorder.workflow import Variable, Workflow, identifier


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function and the types of its parameters."""

    call: Callable[..., Any]
    hints: dict[str, Any]

    async def run(self, values: Mapping[str, Any], folder: Path) -> Any:
        """Call it with JSON values, files as paths; ``async`` ones are awaited, of a generator the last value counts.

        Args:
            folder: where the bytes of the files that it gives are put, by their SHA-256.

        Returns:
            JSON, with files as :class:`File`.

        Raises:
            UsageError: a value is not of its type.
        """
        given = {}
        for name, value in values.items():
            try:
                given[name] = _converted(value, self.hints[name])
            except (msgspec.ValidationError, TypeError) as error:
                raise UsageError(f"{name}: {str(error)[:1].lower()}{str(error)[1:]}") from None
        if inspect.iscoroutinefunction(self.call):
            made = await self.call(**given)
        elif inspect.isasyncgenfunction(self.call):
            made = None
            async for value in self.call(**given):
                made = value
        else:
            made = await asyncio.to_thread(_called, self.call, given)
        return _plain(made, folder)


def _called(call: Callable[..., Any], given: dict[str, Any]) -> Any:
    made = call(**given)
    if inspect.isgenerator(made):
        last = None
        for value in made:
            last = value
        return last
    return made


def _converted(value: Any, hint: Any) -> Any:
    if _is_path(hint):
        return None if value is None else Path(value)
    if get_origin(hint) is list and _is_path((*get_args(hint), None)[0]):
        return [Path(item) for item in value]
    return msgspec.convert(value, hint)


def _plain(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        name, kind = value.name, mimetypes.guess_type(value.name)[0]
        try:
            digest = hashlib.sha256(value.read_bytes()).hexdigest()
            shutil.copyfile(value, folder / digest)
        except OSError as error:
            return File(name=name, lost=error.strerror or "it cannot be read")
        return File(name=name, sha256=digest, size=value.stat().st_size, type=kind)
    if isinstance(value, list | tuple):
        return [_plain(item, folder) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, folder) for key, item in value.items()}
    return msgspec.to_builtins(value)


def _is_path(hint: Any) -> bool:
    if get_origin(hint) in (Union, types.UnionType):
        return all(_is_path(option) or option is type(None) for option in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, Path)


def load(named: str, folder: Path, where: str) -> tuple[Function, Workflow, str]:
    """The function ``module:name``, as a workflow that has only variables, and what its docstring says first.

    Args:
        folder: where its module may lie.
        where: how the place that names it is called in a sentence.

    Raises:
        FileError: there is none, or a parameter has no name or no type that JSON has.
    """
    module, _, name = named.partition(":")
    path = folder / f"{module.replace('.', '/')}.py"
    try:
        if path.is_file():
            spec = importlib.util.spec_from_file_location(module, path)
            assert spec is not None and spec.loader is not None
            loaded = importlib.util.module_from_spec(spec)
            sys.modules.setdefault(module, loaded)
            spec.loader.exec_module(loaded)
        else:
            loaded = importlib.import_module(module)
        call = loaded
        for part in name.split("."):
            call = getattr(call, part)
        if not callable(call):
            raise AttributeError(f"{named} is no function")
        hints = get_type_hints(call)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise FileError(f"{where}: {named} cannot be had: {what}", "Name it as module:function") from None
    variables = []
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise FileError(f"{where}: {named} takes {parameter}", "Give every parameter a name of its own")
        variables.append(_variable(parameter, hints.get(parameter.name, Any), f"{where}: {named}"))
    about = inspect.getdoc(call) or ""
    function = Function(call=call, hints={v.name: hints.get(v.name, Any) for v in variables})
    flow = Workflow(name=identifier(name, "call"), app=App(url=""), steps=(), variables=tuple(variables))
    return function, flow, about.partition("\n\n")[0].replace("\n", " ")


def _variable(parameter: inspect.Parameter, hint: Any, where: str) -> Variable:
    is_file = _is_path(hint) or (get_origin(hint) is list and _is_path((*get_args(hint), None)[0]))
    has_default = parameter.default is not parameter.empty
    return Variable(
        name=parameter.name,
        value=msgspec.to_builtins(parameter.default) if has_default and not is_file else None,
        python_type=getattr(hint, "__name__", str(hint)),
        component="file" if is_file else "",
        schema={"type": "array"} if is_file and not _is_path(hint) else schema_of(hint, where),
        required=not has_default,
    )


def schema_of(hint: Any, where: str = "") -> dict[str, Any]:
    """A type as JSON Schema, with what it refers to written out.

    Raises:
        FileError: JSON has no such type.
    """
    if hint is Any or _is_path(hint):
        return {}
    try:
        (schema,), definitions = msgspec.json.schema_components((hint,), ref_template="#/$defs/{name}")
    except TypeError as error:
        raise FileError(f"{where}: {error}", "Use types that JSON has") from None
    return dereferenced({**schema, "$defs": definitions})


def dereferenced(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema with what it refers to within itself written out, but for what goes on for ever, which is anything;
    wherever it is put, it means the same."""
    definitions: dict[str, Any] = {}
    for key in ("$defs", "definitions"):
        if isinstance(schema.get(key), dict):
            definitions |= {f"#/{key}/{name}": value for name, value in schema[key].items()}

    def written_out(value: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [written_out(item, inside) for item in value]
        if not isinstance(value, dict):
            return value
        name = value.get("$ref")
        if not isinstance(name, str):
            return {key: written_out(item, inside) for key, item in value.items()}
        if name in inside or len(inside) > 8 or not isinstance(definitions.get(name), dict):
            return {}
        beside = {key: item for key, item in value.items() if key != "$ref"}
        return written_out({**definitions[name], **beside}, (*inside, name))

    kept = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
    found: dict[str, Any] = written_out(kept, ())
    return found

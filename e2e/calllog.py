"""What an app's functions were called with, as lines of JSON that two runs can be compared by.

Put next to an app under test, which decorates its functions with :func:`logged`. Files are reduced to their name and
content, arrays and images to their content, and whatever else JSON lacks to the name of its type.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
import threading
from collections.abc import Callable
from typing import Any

_lock = threading.Lock()


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Append ``{function, inputs, outputs | error}`` to the file that ``CALL_LOG`` names, when the call is over.

    ``outputs`` of a generator is the list of what it yielded. The wrapper is of the function's own kind (plain,
    generator, async), and has its signature, for Gradio looks at both.
    """

    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        inputs = [_plain(value) for value in (*arguments, *named.values())]
        return {"function": function.__name__, "inputs": inputs}

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*arguments: Any, **named: Any) -> Any:
            record = begin(arguments, named)
            outputs = record["outputs"] = []
            try:
                async for value in function(*arguments, **named):
                    outputs.append(_plain(value))
                    yield value
            except Exception as error:
                record["error"] = str(error)
                raise
            finally:
                _write(record)

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            record = begin(arguments, named)
            outputs = record["outputs"] = []
            try:
                for value in function(*arguments, **named):
                    outputs.append(_plain(value))
                    yield value
            except Exception as error:
                record["error"] = str(error)
                raise
            finally:
                _write(record)

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*arguments: Any, **named: Any) -> Any:
            record = begin(arguments, named)
            try:
                value = await function(*arguments, **named)
                record["outputs"] = _plain(value)
                return value
            except Exception as error:
                record["error"] = str(error)
                raise
            finally:
                _write(record)

    else:

        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            record = begin(arguments, named)
            try:
                value = function(*arguments, **named)
                record["outputs"] = _plain(value)
                return value
            except Exception as error:
                record["error"] = str(error)
                raise
            finally:
                _write(record)

    return wrapper


def _plain(value: Any) -> Any:
    """As JSON, without what differs from run to run."""
    if isinstance(value, str):
        if os.path.isabs(value) and os.path.isfile(value):
            return {"file": os.path.basename(value), "sha256": _digest_of(value)}
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump())
    if hasattr(value, "tobytes"):  # numpy arrays and PIL images
        return {type(value).__name__: hashlib.sha256(value.tobytes()).hexdigest()}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # pandas
        return {"columns": _plain(list(value.columns)), "rows": _plain(value.values.tolist())}
    return type(value).__name__


def _digest_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _write(record: dict[str, Any]) -> None:
    with _lock, open(os.environ["CALL_LOG"], "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")

"""Gradio's wire format: file data, updates, stream diffs and messages.

Sources: ``gradio/data_classes.py`` (FileData), ``gradio/utils.py`` (``diff``), ``client/js/src/utils/stream.ts``.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from recorder import sse

FILE_DATA = "gradio.FileData"


def map_text(value: Any, change: Callable[[str], Any]) -> Any:
    """``value`` with every text in it, names of members apart, replaced."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {k: map_text(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [map_text(v, change) for v in value]
    return value


def is_file_data(value: Any) -> bool:
    """Whether a raw value is one file: an object with a ``path`` that the app marked as file data."""
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return False
    meta = value.get("meta")
    return isinstance(meta, dict) and meta.get("_type") == FILE_DATA


def update_value(output: Any) -> tuple[bool, Any, dict[str, Any]]:
    """What an output does to its control: whether it sets the value, to what, and the other properties it changes."""
    if isinstance(output, dict) and output.get("__type__") == "update":
        rest = {k: v for k, v in output.items() if k not in ("__type__", "value")}
        return "value" in output, output.get("value"), rest
    return True, output, {}


def spoken(content: Any) -> str:
    """The words of a chat message, or of several, whichever way it is spelled: text, parts, messages, files by name."""
    if isinstance(content, str):
        return inspect.cleandoc(content)
    if isinstance(content, list | tuple):
        return "".join(map(spoken, content))
    if isinstance(content, dict):
        if isinstance(path := content.get("path"), str):
            return path.replace("\\", "/").rpartition("/")[2]
        return "".join(spoken(content[key]) for key in _MESSAGE_PARTS if content.get(key) is not None)
    return ""


def is_text(content: Any) -> bool:
    """Whether a chat message is nothing but words."""
    if isinstance(content, list | tuple):
        return all(map(is_text, content))
    if isinstance(content, dict):
        return not any(content.get(key) is not None for key in ("path", "file", "value", "component"))
    return isinstance(content, str)


_MESSAGE_PARTS = ("content", "text", "file", "value")


def apply_diff(previous: Any, diff: Any) -> Any:
    """One output of ``process_generating`` after the first: ``[[action, path, value], …]`` applied to a copy.

    Raises:
        TypeError, ValueError, LookupError: the diff does not fit ``previous``.
    """
    value = previous
    for action, path, content in diff:
        value = _edit(value, list(path), action, content)
    return value


def _edit(target: Any, path: list[Any], action: str, content: Any) -> Any:
    if not path:
        if action == "replace":
            return content
        if action == "append":
            return target + content
        raise ValueError(f"unknown action {action!r}")
    step, rest = path[0], path[1:]
    # Copies along the path only: earlier values of the stream share what did not change.
    copy = list(target) if isinstance(target, list) else dict(target)
    if rest or action in ("replace", "append"):
        copy[step] = _edit(copy[step], rest, action, content)
    elif action == "add":
        if isinstance(copy, list):
            copy.insert(int(step), content)
        else:
            copy[step] = content
    elif action == "delete":
        del copy[step]
    else:
        raise ValueError(f"unknown action {action!r}")
    return copy


class Messages:
    """The JSON messages of a stream of server-sent events, in chunks that are cut anywhere.

    An event whose data is not JSON (``ALIVE`` of a heartbeat) is passed over.
    """

    def __init__(self) -> None:
        self._events = sse.Stream()

    def feed(self, text: str) -> Iterator[Any]:
        """The messages that are whole with ``text``."""
        for event in self._events.feed(text):
            with contextlib.suppress(ValueError, RecursionError):
                yield json.loads(event.data)

"""The values of one call's stream, message by message: for capture and for replay. Pure.

Source: ``client/js/src/utils/stream.ts``.
"""

from __future__ import annotations

from typing import Any

from recorder.adapters.gradio.wire import apply_diff


class Decoder:
    """Makes whole values of what the messages about one call say.

    Args:
        diffs: whether the values of ``process_generating`` after the first are differences.
    """

    def __init__(self, diffs: bool = True) -> None:
        self._diffs = diffs
        self.last: list[Any] | None = None
        """The latest value: raw outputs in wire order."""

    def value(self, message: dict[str, Any]) -> list[Any] | None:
        """The whole value that a message on the way gives, None for one that gives none."""
        data = output_of(message).get("data")
        is_whole = message.get("msg") == "process_streaming"
        if message.get("success") is False or not isinstance(data, list):
            return None
        if self._diffs and not is_whole and self.last is not None:
            old = [*self.last, *[None] * (len(data) - len(self.last))]
            try:
                data = [apply_diff(before, diff) for before, diff in zip(old, data, strict=False)]
            except (TypeError, ValueError, LookupError):
                data = self.last
        self.last = data
        return data

    def outputs(self, output: dict[str, Any]) -> list[Any] | None:
        """The outputs that a call ends with, None for none."""
        data = output.get("data")
        if not isinstance(data, list):
            return None
        # A generator that ends without a value says nothing where its last value stands.
        return data if data or self.last is None else self.last


def output_of(message: dict[str, Any]) -> dict[str, Any]:
    """What a message says of its call's outputs."""
    output = message.get("output")
    return output if isinstance(output, dict) else {}


def failure_of(message: dict[str, Any]) -> str | None:
    """Why a call failed, as the message that ends it says; None where that is not said."""
    error, title = output_of(message).get("error"), message.get("title")
    return unquoted(error if isinstance(error, str) else title if isinstance(title, str) else None)


def unquoted(text: str | None) -> str | None:
    """4.x sends ``repr(text)`` of an error where later versions send the text."""
    if text and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text

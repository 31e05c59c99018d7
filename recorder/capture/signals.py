"""Ctrl-C and SIGTERM as something to await, so that a recording is saved before the program ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def interruption() -> Iterator[asyncio.Event]:
    """An event that is set at the first Ctrl-C or SIGTERM. The second one interrupts as ever.

    Where no handler can be set (not the main thread, Windows) the event never comes and the signals do what they did.
    """
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    handled: list[signal.Signals] = []

    def remove() -> None:
        while handled:
            loop.remove_signal_handler(handled.pop())

    def interrupt() -> None:
        event.set()
        remove()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, interrupt)
            handled.append(number)
    try:
        yield event
    finally:
        remove()

"""Work that is wanted again and again, done as seldom as it is costly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

SECONDS = 0.05
"""The shortest time between two times."""
SELDOM = 2.0
"""The longest."""


class Paced:
    """Does ``work`` soon after it was asked for, once for all who asked until then.

    Args:
        share: how many times longer than the work took there is a pause before it is done again: what an app is asked
            for passes through the same loop.
    """

    def __init__(self, work: Callable[[], None], share: float = 0.0) -> None:
        self._work = work
        self._share = share
        self.took = 0.0
        """Seconds that it took the last time."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pause(self) -> float:
        """Seconds until it is done after it was asked for."""
        return min(max(SECONDS, self._share * self.took), SELDOM)

    def soon(self) -> None:
        """Do it after a while."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.pause, self.now)

    def now(self) -> None:
        """Do it at once, and not again for those who asked before."""
        self.cancel()
        began = time.perf_counter()
        self._work()
        self.took = time.perf_counter() - began

    def cancel(self) -> None:
        """Forget that it was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

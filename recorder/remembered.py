"""What a pure function said of a short text, for as long as it may be asked again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def remembered(most: int, longest: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Decorates a function of one text: it is asked once about each of the last ``most`` that have fewer than
    ``longest`` characters. A longer one would only be held on to."""

    def decorate(function: Callable[[str], T]) -> Callable[[str], T]:
        known = functools.lru_cache(maxsize=most)(function)

        @functools.wraps(function)
        def ask(text: str) -> T:
            return known(text) if len(text) < longest else function(text)

        return ask

    return decorate

"""What is registered by name and imported when it is asked for: nobody waits for a target that they did not name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Objects by name, in the order of the registry.

    Args:
        where: for each name the module and what it is called there, as ``module:NAME``.
    """

    def __init__(self, where: Mapping[str, str]) -> None:
        self._where = where

    def __getitem__(self, name: str) -> T:
        module, _, object = self._where[name].partition(":")
        found: T = getattr(importlib.import_module(module), object)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

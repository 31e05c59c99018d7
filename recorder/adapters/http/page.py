"""What of an HTML or XML document a later request can use: its title, its address, its elements.

Scripts read the same out of the response they get, by the same rules.
"""

from __future__ import annotations

from typing import Any

from recorder.markup import elements

MOST_ELEMENTS = 20_000
LONGEST_ATTRIBUTE = 4_000
_LOOKS = frozenset({"style", "d", "points", "srcset", "transform", "viewbox", "fill", "stroke"})
"""Attributes that only say how an element looks."""


def read_page(text: str, url: str) -> dict[str, Any]:
    """``title``, ``url`` as given, and ``elements`` as :func:`recorder.markup.elements` returns them, without
    attributes that only say how an element looks."""
    found = [
        {
            name: value
            for name, value in element.items()
            if name not in _LOOKS and (name == "text" or len(value) <= LONGEST_ATTRIBUTE)
        }
        for element in elements(text)[:MOST_ELEMENTS]
    ]
    kept = [element for element in found if _says_something(element)]
    title = next((element["text"] for element in found if element["tag"] == "title"), "")
    return {"title": title, "url": url, "elements": kept}


def _says_something(element: dict[str, Any]) -> bool:
    return bool(element["text"]) or any(name not in ("tag", "text", "class") for name in element)

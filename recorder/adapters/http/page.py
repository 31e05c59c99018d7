"""What of an HTML or XML document a later request can use: its title, its address, its elements.

Scripts read the same out of the response they get, by the same rules.
"""

from __future__ import annotations

from typing import Any

from recorder.markup import LOOKS, elements

MOST_ELEMENTS = 20_000
LONGEST_ATTRIBUTE = 4_000
LONGEST_VALUE = 1 << 20
"""Characters of an attribute that a form or a script may send: the state of a view is often larger than a picture."""
_LOOKS = LOOKS - {"class", "tag", "text"}


def read_page(text: str, url: str) -> dict[str, Any]:
    """``title``, ``url`` as given, and ``elements`` as :func:`recorder.markup.elements` returns them, without
    attributes that only say how an element looks, and without long ones that hold a picture."""
    found = [
        {name: value for name, value in element.items() if name not in _LOOKS and _is_kept(name, value)}
        for element in elements(text)[:MOST_ELEMENTS]
    ]
    title = next((element["text"] for element in found if element["tag"] == "title"), "")
    return {"title": title, "url": url, "elements": found}


def _is_kept(name: str, value: str) -> bool:
    if name == "text" or len(value) <= LONGEST_ATTRIBUTE:
        return True
    return len(value) <= LONGEST_VALUE and name not in _PICTURES


_PICTURES = frozenset({"src", "href", "xlink:href", "poster"})

"""Functions that generated Python carries with it, copied in by name: see :mod:`recorder.render.http.carried`.

What is imported here from the recorder is copied too, so that it reads values by the rules by which they were linked.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from recorder.markup import elements
from recorder.markup import literal as literal
from recorder.request import decode_base64 as decode_base64
from recorder.request import uncounted
from recorder.spelling import as_text


def segment(value: object) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")


def pick(
    items: Any,
    fields: dict[Any, Any],
    nth: int = 0,
    after: Any = None,
    before: Any = None,
    counts: bool = False,
) -> Any:
    """The item whose fields have these values; ``after`` and ``before`` are the fields of an item to start from.

    With ``counts``, numbers in the texts may differ if only one item then fits.
    """
    return items[place(items, fields, nth, after, before, counts)]


def place(
    items: Any,
    fields: dict[Any, Any],
    nth: int = 0,
    after: Any = None,
    before: Any = None,
    counts: bool = False,
) -> int:
    """The position of the item that ``pick`` returns."""
    places = range(len(items))
    if after is not None:
        places = places[after if isinstance(after, int) else place(items, after) :]
    elif before is not None:
        places = places[before if isinstance(before, int) else place(items, before) :: -1]
    found = [
        n
        for n in places
        if all(is_text(field(items[n], key), as_text(value)) for key, value in fields.items())
    ]
    if not found and counts:
        texts = {key: uncounted(as_text(value)) for key, value in fields.items()}
        alike = [
            n for n in places if all(uncounted(as_text(field(items[n], key))) == texts[key] for key in texts)
        ]
        found = alike if len(alike) == 1 else []
    if not -len(found) <= nth < len(found):
        wanted = " and ".join(
            f"{key if isinstance(key, str) else '.'.join(map(str, key))} is {value!r}"
            for key, value in fields.items()
        )
        raise RuntimeError(f"There is no item whose {wanted or 'position fits'} in what the app sent")
    return found[nth]


def field(item: Any, path: Any) -> Any:
    """The value at a path inside an item, None if there is none."""
    for key in path if isinstance(path, tuple) else (path,):
        try:
            item = item[key]
        except (LookupError, TypeError):
            return None
    return item


def is_text(value: Any, text: str) -> bool:
    """Whether a value in an item is written so."""
    return value is not None and not isinstance(value, list | dict) and as_text(value) == text


def page(response: Any) -> dict[str, Any]:
    """The title, the address and the elements of a document."""
    parts = urlsplit(str(response.url))
    found = elements(response.text)
    title = next((element["text"] for element in found if element["tag"] == "title"), "")
    return {
        "title": title,
        "url": f"{parts.path}?{parts.query}" if parts.query else parts.path,
        "elements": found,
    }


def entries(value: Any) -> list[dict[str, Any]]:
    """The members of an object."""
    return [{"key": key, "value": item} for key, item in value.items()]


def digest(algorithm: str, text: str, form: str) -> str:
    """The digest of a text, as hexadecimal digits, base64, or base64url without padding."""
    made = hashlib.new(algorithm, text.encode()).digest()
    if form == "hex":
        return made.hex()
    return base64.b64encode(made).decode() if form == "base64" else base64url(made)


def base64url(content: bytes) -> str:
    """Bytes in the URL-safe alphabet of base64, without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def query(address: str, name: str) -> str:
    """A parameter of an address: of its query, or else of its fragment."""
    parts = urlsplit(address)
    for part in (parts.query, parts.fragment.partition("?")[2] or parts.fragment):
        if name in (given := parse_qs(part, keep_blank_values=True)):
            return given[name][0]
    raise RuntimeError(f"There is no parameter {name!r} in {address[:500]!r}")


def path_segment(address: str, number: int) -> str:
    """A segment of the path of an address."""
    return [unquote(part) for part in urlsplit(address).path.removeprefix("/").split("/")][number]


def between(text: str, before: str, after: str) -> str:
    """The text between two texts; where the second is empty, up to the next part of an address."""
    end = re.escape(after) if after else r"[/?#]|\Z"
    found = re.search(re.escape(before) + f"(.*?)(?:{end})", str(as_text(text)), re.DOTALL)
    if found is None:
        raise RuntimeError(f"There is no {before!r} in {text[:500]!r}")
    return found[1]


FRAME = re.compile(r"(?:\d+(?:/[^,\[{]*,)?\d*|[A-Z]+\n(?:[^\n]+\n)*\n)?([\[{].*[\]}])[\x1e\0\n]?", re.DOTALL)


def unframed(text: str) -> str:
    """The JSON of a message, without what STOMP, SignalR and the like put around it."""
    found = FRAME.fullmatch(text)
    return found[1] if found else text

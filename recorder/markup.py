"""HTML and XML as a flat list of elements: what links read out of documents.

Generated programs read documents by the same rules, so the rules are few: no tree, no repair of markup. See
``elements`` in each language's runtime.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<data>.*?)\]\]>|<[!?][^>]*>"
    r"|<(?P<raw>script|style)\b(?P<given>(?:\"[^\"]*\"|'[^']*'|[^'\">])*)>(?P<content>.*?)</(?P=raw)\s*>"
    r"|<(?P<close>/?)(?P<tag>[a-z][^\s/>]*)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^'\">])*)>"
    r"|(?P<text>[^<]+|<)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"([^\s=\"'>/][^\s=\"'>]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.DOTALL
)


def elements(text: str) -> list[dict[str, Any]]:
    """The elements of a document in order.

    Each is an object of its attributes (names in lower case, the first of several with one name), with ``tag``
    (in lower case) and ``text``: the text between its start tag and the next tag, entities decoded and white
    space collapsed. Text that follows an end tag is an element of its own, whose tag is empty. The text of a
    script is its source, unchanged. Style sheets, comments and elements with neither attributes nor text are
    left out.
    """
    found: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    for token in _TOKEN.finditer(text):
        raw = token["raw"]
        if raw is not None:
            if raw.lower() == "script":
                found.append({**_attributes(token["given"]), "tag": "script", "text": token["content"]})
            current = None
        elif token["tag"] is not None:
            current = None
            if not token["close"]:
                current = {**_attributes(token["attributes"]), "tag": token["tag"].lower(), "text": ""}
                found.append(current)
        elif (words := token["data"] or token["text"]) is not None:
            plain = words if token["data"] is not None else unescape(words)
            if current is None:
                if not plain.strip():
                    continue
                current = {"tag": "", "text": ""}
                found.append(current)
            current["text"] += plain
    for element in found:
        if element["tag"] != "script":
            element["text"] = " ".join(element["text"].split())
    return [element for element in found if len(element) > 2 or element["text"]]


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def literal(text: str, name: str, nth: int) -> Any:
    """The nth string or number literal that a piece of JavaScript assigns to ``name``.

    Raises:
        LookupError: there is none.
    """
    pattern = re.compile(rf"(?<![\w$-]){re.escape(name)}{_ASSIGNED}")
    for number, match in enumerate(pattern.finditer(text)):
        if number == nth:
            return _literal_value(match[1], match[2], match[3])
    raise LookupError(f"there is no literal named {name!r}")


_ASSIGNED = r"[\"']?\s*[:=]\s*(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|(-?\d+(?:\.\d+)?)(?![\w.]))"
_LITERAL = re.compile(r"(?<![\w$-])([\w$][\w$-]*)" + _ASSIGNED)


def literals(text: str) -> list[tuple[str, int, Any]]:
    """Each string or number literal that a piece of JavaScript assigns to a name: the name, which of the
    literals of this name it is, counted from 0, and its value."""
    counts: dict[str, int] = {}
    found = []
    for match in _LITERAL.finditer(text):
        name = match[1]
        nth = counts.get(name, 0)
        counts[name] = nth + 1
        found.append((name, nth, _literal_value(*match.groups()[1:])))
    return found


def _literal_value(double: str | None, single: str | None, number: str | None) -> Any:
    if number is not None:
        return float(number) if "." in number else int(number)
    return _ESCAPE.sub(_unescaped, double if double is not None else single or "")


_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _CONTROL.get(match[3], match[3])

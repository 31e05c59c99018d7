"""HTML and XML as a flat list of elements: what links read out of documents.

Generated programs read documents by the same rules, so the rules are few: no tree, no repair of markup. Generated
Python carries functions of this module themselves (see :mod:`recorder.render.http.carried`); other languages have
their own.
"""

from __future__ import annotations

import re
from typing import Any

# White space and letters are those of ASCII, spelled out where other languages mean more by ``\s``: the generated
# programs have the same expressions.
TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<data>.*?)\]\]>|<[!?][^>]*>"
    r"|<(?P<raw>script|style)\b(?P<given>(?:\"[^\"]*\"|'[^']*'|[^'\">])*)>(?P<content>.*?)</(?P=raw)[ \t-\r]*>"
    r"|<(?P<close>/?)(?P<tag>[a-z][^ \t-\r/>]*)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^'\">])*)>"
    r"|(?P<text>[^<]+|<)",
    re.DOTALL | re.IGNORECASE | re.ASCII,
)
ATTRIBUTE = re.compile(
    r"([^ \t-\r=\"'>/][^ \t-\r=\"'>]*)"
    r"(?:[ \t-\r]*=[ \t-\r]*(?:\"([^\"]*)\"|'([^']*)'|([^ \t-\r\"'>]+)))?"
)
SPACE = re.compile(r"[ \t-\r\xa0]+")
REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]*));")
LATIN = (
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute "
    "micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring "
    "AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml "
    "times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil "
    "egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash "
    "ugrave uacute ucirc uuml yacute thorn yuml"
)
"""The names of the characters from 160 to 255, in order."""
NAMED = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "ndash": "\u2013", "mdash": "\u2014", "lsquo": "\u2018",
    "rsquo": "\u2019", "sbquo": "\u201a", "ldquo": "\u201c", "rdquo": "\u201d", "bdquo": "\u201e", "bull": "\u2022",
    "hellip": "\u2026", "lsaquo": "\u2039", "rsaquo": "\u203a", "euro": "\u20ac", "trade": "\u2122", "larr": "\u2190",
    "uarr": "\u2191", "rarr": "\u2192", "darr": "\u2193", "minus": "\u2212",
}  # fmt: skip
"""Other characters by name."""
LOOKS = frozenset("class style d points srcset transform viewbox fill stroke tag text".split())
"""The keys of an element that only say how it looks, with those that each element has."""
CHARACTERS = NAMED | {name: chr(160 + number) for number, name in enumerate(LATIN.split())}


def elements(text: str) -> list[dict[str, Any]]:
    """The elements of a document in order: their attributes, ``tag``, and ``text`` up to the next tag.

    Names are in lower case, and the first of several attributes of one name counts. White space is collapsed. Text
    that follows an end tag is an element without a tag. The text of a script is its source, unchanged. Style sheets,
    comments, and elements without text that have no attributes but :data:`LOOKS` are left out.
    """
    found: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    for token in TOKEN.finditer(text.removeprefix("\ufeff")):
        raw = token["raw"]
        if raw is not None:
            if raw.lower() == "script":
                found.append({**attributes(token["given"]), "tag": "script", "text": token["content"]})
            current = None
        elif token["tag"] is not None:
            current = None
            if not token["close"]:
                current = {**attributes(token["attributes"]), "tag": token["tag"].lower(), "text": ""}
                found.append(current)
        elif (words := token["data"] or token["text"]) is not None:
            decoded = words if token["data"] is not None else plain(words)
            if current is None:
                if not collapsed(decoded):
                    continue
                current = {"tag": "", "text": ""}
                found.append(current)
            current["text"] += decoded
    for element in found:
        if element["tag"] != "script":
            element["text"] = collapsed(element["text"])
    return [element for element in found if element["text"] or not element.keys() <= LOOKS]


def plain(text: str) -> str:
    """A text of HTML with its character references decoded, each with its semicolon: ``?a=1&copy=2`` is an address."""
    return REFERENCE.sub(referred, text) if "&" in text else text


def referred(match: re.Match[str]) -> str:
    """The character that a reference is; the names of Latin-1 and of common punctuation are known."""
    if match[3]:
        return CHARACTERS.get(match[3], match[0])
    code = int(match[1]) if match[1] else int(match[2], 16)
    return "\ufffd" if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def collapsed(text: str) -> str:
    """A text without white space at its ends, and with one space wherever there is more inside."""
    return SPACE.sub(" ", text).strip(" ")


def attributes(text: str) -> dict[str, str]:
    """The attributes of a start tag."""
    found: dict[str, str] = {}
    for name, double, single, bare in ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), plain(double or single or bare))
    return found


def literal(text: str, name: str, nth: int) -> Any:
    """The nth string or number that a script assigns to a name.

    Raises:
        LookupError: there is none.
    """
    pattern = re.compile(rf"(?<![\w$-]){re.escape(name)}{ASSIGNED}", re.ASCII)
    for number, match in enumerate(pattern.finditer(text)):
        if number == nth:
            return literal_value(match[1], match[2], match[3])
    raise LookupError(f"The script that the app sent assigns nothing to {name!r}")


ASSIGNED = r"[\"']?[ \t-\r]*[:=][ \t-\r]*(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|(-?\d+(?:\.\d+)?)(?![\w.]))"
_LITERAL = re.compile(r"(?<![\w$-])([\w$][\w$-]*)" + ASSIGNED, re.ASCII)


def literals(text: str) -> list[tuple[str, int, Any]]:
    """Each string or number literal that a piece of JavaScript assigns to a name: the name, which of the
    literals of this name it is, counted from 0, and its value."""
    counts: dict[str, int] = {}
    found = []
    for match in _LITERAL.finditer(text):
        name = match[1]
        nth = counts.get(name, 0)
        counts[name] = nth + 1
        found.append((name, nth, literal_value(*match.groups()[1:])))
    return found


def literal_value(double: str | None, single: str | None, number: str | None) -> Any:
    """The value of a literal, given what is inside its quotes, or its digits."""
    if number is not None:
        return float(number) if "." in number else int(number)
    text = ESCAPE.sub(unescaped, double if double is not None else single or "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def unescaped(match: re.Match[str]) -> str:
    """The character that an escape of JavaScript is."""
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else CONTROL.get(match[3], match[3])

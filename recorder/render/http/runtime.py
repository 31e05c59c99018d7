"""Functions that generated Python carries with it, copied in by name: see :mod:`recorder.render.http.carried`.

They read values out of responses by the same rules as :mod:`recorder.request` and :mod:`recorder.markup`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit


def segment(value: object) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")


def pick(items: Any, fields: dict[Any, Any], nth: int = 0, after: Any = None, before: Any = None) -> Any:
    """The item whose fields have these values; ``after`` and ``before`` are the fields of an item to start from."""
    return items[place(items, fields, nth, after, before)]


def place(items: Any, fields: dict[Any, Any], nth: int = 0, after: Any = None, before: Any = None) -> int:
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


def as_text(value: Any) -> str:
    """A value as text: as JavaScript writes it, and what is no scalar as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


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
NAMED = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "ndash": "\u2013", "mdash": "\u2014", "lsquo": "\u2018",
    "rsquo": "\u2019", "sbquo": "\u201a", "ldquo": "\u201c", "rdquo": "\u201d", "bdquo": "\u201e", "bull": "\u2022",
    "hellip": "\u2026", "lsaquo": "\u2039", "rsaquo": "\u203a", "euro": "\u20ac", "trade": "\u2122", "larr": "\u2190",
    "uarr": "\u2191", "rarr": "\u2192", "darr": "\u2193", "minus": "\u2212",
}  # fmt: skip
CHARACTERS = NAMED | {name: chr(160 + number) for number, name in enumerate(LATIN.split())}


def elements(text: str) -> list[dict[str, Any]]:
    """The elements of a document in order: their attributes, ``tag``, and ``text`` up to the next tag."""
    found: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    for token in TOKEN.finditer(text.removeprefix("\ufeff")):
        if token["raw"] is not None:
            current = None
            if token["raw"].lower() == "script":
                found.append({**attributes(token["given"]), "tag": "script", "text": token["content"]})
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
    return [element for element in found if len(element) > 2 or element["text"]]


def plain(text: str) -> str:
    """A text of HTML with its character references decoded."""
    return REFERENCE.sub(referred, text) if "&" in text else text


def referred(match: re.Match[str]) -> str:
    """The character that a reference is."""
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


def entries(value: Any) -> list[dict[str, Any]]:
    """The members of an object."""
    return [{"key": key, "value": item} for key, item in value.items()]


def literal(text: str, name: str, nth: int) -> Any:
    """The nth string or number that a script assigns to a name."""
    value = r"[\"']?[ \t-\r]*[:=][ \t-\r]*(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|(-?\d+(?:\.\d+)?)(?![\w.]))"
    found = [match.groups() for match in re.finditer(rf"(?<![\w$-]){re.escape(name)}{value}", text, re.ASCII)]
    if nth >= len(found):
        raise RuntimeError(f"The script that the app sent assigns nothing to {name!r}")
    double, single, number = found[nth]
    if number is not None:
        return json.loads(number)
    control = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    decoded = re.sub(
        r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))",
        lambda match: (
            chr(int(match[1] or match[2], 16)) if match[1] or match[2] else control.get(match[3], match[3])
        ),
        double if double is not None else single or "",
        flags=re.DOTALL,
    )
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unbase64(text: str) -> str:
    """The text that this one is the base64 of, in either alphabet."""
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode()


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

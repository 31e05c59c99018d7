"""Texts and names: how much an equality of two texts says, and how well two names agree.

These are tie-breaks. What decides is in :mod:`recorder.dataflow.decision`: who sent a value, when, under which
name and in which record.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from recorder.remembered import remembered
from recorder.request import as_text
from recorder.session import File

_SECRET = re.compile(r"\[recorder-secret:[0-9a-f]{16}:[A-Z0-9_]+\]")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d\d(?::\d\d)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NUMBERED_WORD = re.compile(
    r"([A-Z]?[a-z]{1,20}|[A-Z]{1,20})[ ._-]?\d{1,3}|\d{1,3}[ ._-]?([A-Z]?[a-z]{1,20}|[A-Z]{1,20})"
)
_VERSION = re.compile(r"v?\d{1,3}(\.\d{1,4}){1,3}", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s/._:,;=+@#~|-]+")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")

# Bits that each letter costs after the one before it, in English identifiers. Rows: ^, a to z; columns: a to z, $.
_BITS = (
    "454454554775445474345667889754487595963439593436676695365636783593674694464899594"
    "386637835944672795535899794466526683895674695565798792574465696985537673348675793"
    "476644782994663694544889793587727644995655794465889892387627993976673795546899693"
    "564555599984524595449597955377637895867663687373779793476627673995655686465859792"
    "376527893984873698555799493257627893986573397575889793474435385966764797436599893"
    "664476586964425493444657995386737854984774593545889593777776987994668684561689983"
    "375527693966564695446789693585737754976775577435879692476636843996674694456879583"
    "545646695993436493439897995276627873997675696568968794376636743975644794469888993"
    "564545874996576386537776682566656795995556396448778771387716863986684687667888663"
)
_ROWS = "^abcdefghijklmnopqrstuvwxyz"
_COLUMNS = "abcdefghijklmnopqrstuvwxyz$"


def rarity(value: Any) -> int:
    """How unlikely it is that an equal value is there by chance: 0 (empty, a boolean), 1 (a word, a small
    number, a date) to 4 (long and random)."""
    if value is None or isinstance(value, bool | File):
        return 0
    return _rarity(value if isinstance(value, str) else as_text(value))


# It is asked about where it came from, where it is sent, and where it is compared.
@remembered(1 << 16, 100)
def _rarity(text: str) -> int:
    if "[recorder-secret:" in text and _SECRET.search(text):
        return 4
    if not text.strip():
        return 0
    if _NUMBER.fullmatch(text):
        digits = sum(map(str.isdigit, text))
        return 1 if digits < 4 else 2 if digits < 7 else 3
    if _UUID.fullmatch(text):
        return 4
    if (match := _MOMENT.fullmatch(text)) is not None:
        return 3 if match[2] and len(match[2]) > 3 else 2
    if _DATE.fullmatch(text) or _VERSION.fullmatch(text):
        return 1
    bare = _SEPARATORS.sub("", text)
    if len(bare) < 3:
        return 1
    has_digit = any(map(str.isdigit, bare))
    if bare.isascii() and has_digit and any(map(str.isalpha, bare)):
        if (match := _NUMBERED_WORD.fullmatch(text)) is not None and _is_word(match[1] or match[2]):
            return 1
        if _is_prose(text):
            return 2 if len(bare) >= 12 else 1
        return 4 if len(bare) >= 16 else 3 if len(bare) >= 6 else 2
    if has_digit and bare.isdigit():
        return 2 if len(bare) < 7 else 3
    if not bare.isascii():
        plain = "".join(filter(str.isascii, bare))
        if len(plain) * 3 < len(bare) * 2:
            return 1 if len(bare) < 4 else 2 if len(bare) < 12 or " " in text else 3
        text = bare = plain
        has_digit = any(map(str.isdigit, bare))
        if has_digit and not bare.isdigit():
            return 4 if len(bare) >= 16 else 3 if len(bare) >= 6 else 2
    if _is_word(text):
        return 1 if len(bare) < 24 else 2
    return 4 if len(bare) >= 20 else 3 if len(bare) >= 8 else 2


def _is_prose(text: str) -> bool:
    """Whether a text is mostly words with spaces between them."""
    words = text.split()
    return len(words) > 1 and sum(map(_is_word, words)) * 2 > len(words)


def _is_word(text: str) -> bool:
    """Whether a text looks like one or several English words rather than like random letters."""
    pieces = _PIECES.findall(text)
    letters = sum(map(len, pieces))
    if not letters:
        return True
    if letters / len(pieces) < (2.1 if letters < 6 else 2.6) and letters > 3:
        return False
    bits = sum(_bits(piece.lower()) for piece in pieces)
    limit = 5.3 if letters < 8 else 4.9 if letters < 12 else 4.7
    return bits / (letters + len(pieces)) < limit


def _bits(word: str) -> int:
    total, before = 0, "^"
    for letter in (*word, "$"):
        row, column = _ROWS.find(before), _COLUMNS.find(letter)
        total += int(_BITS[row * 27 + column]) if row >= 0 and column >= 0 else 7
        before = letter
    return total


# Names


def singular(word: str) -> str:
    """The singular of a plural noun, in most cases."""
    if word == "ids":
        return "id"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:ss|sh|ch|x|z)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@remembered(1 << 14, 100)
def id_after(segment: str) -> str:
    """The name of a value that follows a segment of a path: ``item_id`` after ``items``."""
    return f"{singular(_NO_WORD.sub('_', segment))}_id"


_NO_WORD = re.compile(r"\W+")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SAME = {
    **dict.fromkeys(("authorization", "bearer", "jwt"), "token"),
    **dict.fromkeys(("uuid", "uid", "guid", "pk"), "id"),
    "xsrf": "csrf",
}
GENERIC = frozenset(
    """
    id value data result item list the new x name text body content
    """.split()
)
"""Words that say nothing about what a value is of."""
IDENTIFYING = frozenset(
    """
    id token key nonce csrf cursor hash ticket session etag signature handle ref slug code version
    revision guard
    """.split()
)
"""Words for what a server makes to recognise something by: a tie-break between a link and a constant."""


@remembered(1 << 14, 100)
def words(name: str) -> frozenset[str]:
    """The words of a name, in lower case and the singular: ``item_id``, ``itemId`` and ``Item-ID`` have the same."""
    found = [singular(word.lower()) for word in _WORDS.findall(name)]
    return frozenset(_SAME.get(word, word) for word in found)


def agreement(name: str, nouns: frozenset[str], key: str, around: frozenset[str]) -> int:
    """How well the name that a value is sent under agrees with the one that it was received under, from 0 to 3.

    Args:
        nouns: words of the path that it is sent to.
        key: the name that it was received under.
        around: words of the path that was asked and of the names on the way to it.
    """
    agree = _agreement(words(name), nouns, words(key), around)
    if agree < 2 and name and squeezed(name) == squeezed(key):
        return 2
    return agree


@remembered(1 << 14, 100)
def squeezed(name: str) -> str:
    """Letters and digits only, in lower case."""
    return "".join(filter(str.isalnum, name)).lower()


@functools.lru_cache(maxsize=1 << 14)
def _agreement(
    wanted: frozenset[str], nouns: frozenset[str], had: frozenset[str], around: frozenset[str]
) -> int:
    common = (wanted & had) - GENERIC
    if "id" in had and "id" in wanted:
        about = wanted - {"id"} or nouns
        # An `item_id` is the `id` of a record out of a response about items.
        if about & (around | had) - {"api"} or common:
            return 3
        return 1
    if common:
        whole = 2 if wanted == had or wanted - GENERIC == had - GENERIC else 1
        return whole + (1 if common & IDENTIFYING else 0)
    if "id" in had and wanted & around - GENERIC:
        # `{"book": 4}` is the `id` out of a response about books.
        return 3
    if wanted == had and wanted:
        return 2
    return 1 if wanted & had else 0

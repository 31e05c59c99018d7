"""Concrete values: ids and secrets of every look, names, and when a value needs a second witness."""

from __future__ import annotations

import base64
import string
import uuid
from random import Random
from typing import Any

LOWER = string.ascii_lowercase
LETTERS = string.ascii_letters
ALNUM = LETTERS + string.digits
URLSAFE = ALNUM + "-_"
HEX = "0123456789abcdef"

ANYWHERE = (
    "lower", "letters", "letters long", "digits", "alnum", "short alnum", "hex", "uuid", "prefixed", "urlsafe", "ulid",
    "dotted", "upper dashed", "long",
)  # fmt: skip
"""Looks that fit every place."""
NUMBERS = ("small number", "number", "large number")
"""Looks of JSON numbers."""
RICH = ("spaces", "slashes", "unicode", "percent", "plus", "quoted", "global")
"""Looks that are spelled otherwise in an address, a form or markup."""


def valued(look: str, rng: Random) -> Any:
    """A random value of a look."""

    def some(alphabet: str, least: int, most: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(rng.randint(least, most)))

    match look:
        case "lower":
            return some(LOWER, 6, 16)
        case "letters":
            return some(LETTERS, 8, 16)
        case "letters long":
            return some(LETTERS, 17, 60)
        case "digits":
            return rng.choice("123456789") + some(string.digits, 6, 18)
        case "alnum":
            return some(ALNUM, 8, 40)
        case "short alnum":
            return some(ALNUM, 4, 6)
        case "hex":
            return "".join(rng.choice(HEX) for _ in range(rng.choice((8, 16, 24, 32, 40))))
        case "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        case "prefixed":
            return rng.choice(("usr", "st", "f", "tok", "ord", "k")) + rng.choice("_-") + some(ALNUM, 8, 20)
        case "urlsafe":
            return some(ALNUM, 1, 1) + some(URLSAFE, 10, 42) + some(ALNUM, 1, 1)
        case "ulid":
            return "0" + some("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 25, 25)
        case "dotted":
            return f"{some(ALNUM, 4, 9)}.{some(ALNUM, 4, 9)}.{some(ALNUM, 4, 9)}"
        case "upper dashed":
            return f"{some(string.ascii_uppercase, 3, 5)}-{some(string.digits, 4, 6)}"
        case "long":
            return some(ALNUM, 50, 60)
        case "small number":
            return rng.randint(3, 250)
        case "number":
            return rng.randint(100, 99_999)
        case "large number":
            return rng.randint(10**7, 9 * 10**14)
        case "spaces":
            return f"{some(LETTERS, 4, 8)} {some(ALNUM, 3, 8)}"
        case "slashes":
            return f"{some(ALNUM, 4, 8)}/{some(ALNUM, 4, 8)}"
        case "unicode":
            return f"{some(LETTERS, 4, 7)}{rng.choice('äéñøß漢字')}{some(ALNUM, 4, 7)}"
        case "percent":
            return f"{some(ALNUM, 4, 8)}%2F{some(ALNUM, 4, 8)}"
        case "plus":
            return f"{some(ALNUM, 6, 12)}+{some(ALNUM, 4, 8)}=="
        case "global":
            content = f"{rng.choice(NOUNS).capitalize()}:{rng.randint(10, 99_999)}"
            return base64.b64encode(content.encode()).decode()
        case "quoted":
            return f"{some(LETTERS, 5, 8)}{rng.choice(chr(34) + chr(39) + '&<')}{some(ALNUM, 5, 8)}"
    raise ValueError(look)


def is_weak(value: Any) -> bool:
    """Whether an equal value can well be there by chance, so that a link needs a second witness."""
    text = str(value)
    if isinstance(value, int) or text.isdigit():
        return len(text) < 7
    return len(text) < 8


NOUNS = (
    "order", "item", "note", "user", "ticket", "project", "invoice", "album", "book", "city", "device", "event", "folder",
    "group", "image", "job", "letter", "member", "offer", "page", "quote", "recipe", "shelf", "team", "upload", "vendor",
    "widget", "zone",
)  # fmt: skip
SECRETS = (
    "token",
    "csrf",
    "nonce",
    "ticket",
    "cursor",
    "revision",
    "signature",
    "state",
    "sid",
    "key",
    "handle",
    "seed",
)
PEOPLE = (
    "Ada",
    "Bela",
    "Cleo",
    "Dora",
    "Emil",
    "Fay",
    "Gil",
    "Hana",
    "Ivo",
    "Jo",
    "Kim",
    "Lena",
    "Mo",
    "Nils",
    "Olga",
)
THINGS = (
    "Oil", "Blue lamp", "Rope, 5 m", "Tea", "Red chair", "Glue", "Map of Rome", "Salt", "Wool", "Ink", "Big box", "Nail",
    "Quilt", "Vase", "Honey & milk", "Desk", "Fan", "Old clock",
)  # fmt: skip
WORDS = (
    "open",
    "dark",
    "en",
    "asc",
    "draft",
    "red",
    "name",
    "all",
    "kg",
    "daily",
    "admin",
    "list",
    "small",
    "v1",
)


def plural(noun: str) -> str:
    """The plural of one of the nouns."""
    if noun.endswith("y"):
        return noun[:-1] + "ies"
    return noun[:-1] + "ves" if noun == "shelf" else noun + "s"


def id_names(noun: str, rng: Random) -> str:
    """A name for the id of a thing, with its noun in it."""
    return rng.choice((f"{noun}_id", f"{noun}Id", f"{noun}ID", f"{noun}_uid"))

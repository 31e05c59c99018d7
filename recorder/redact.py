"""Secrets out of recordings that were not made by our own page, by the rules of ``static/recorder/redact.js``."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from recorder.address import parts_of
from recorder.events import Secret

_NAME = (
    r"(?:passw(?:or)?d|passphrase|passwort|passcode|pwd|secret|token|(?:api|access|private)[-_.]?key|credentials?"
    r"|authorization|saml(?:request|response)|client[-_.]?assertion|otp)"
    r"(?:[-_.]?(?:\d{1,2}|key|value|hash|new|old|confirm(?:ation)?|repeat|again))?"
)
_SECRET_NAME = re.compile(rf"[\w.-]{{0,60}}?{_NAME}(?:\[\])?", re.IGNORECASE)
_FORGERY = re.compile(r"csrf|xsrf|authenticity|requestverification", re.IGNORECASE)
_NEVER = re.compile(
    r"(?:session_hash|event_id|fn_index|max_(?:new_)?tokens?|pad_token|eos_token|bos_token|stop_token|token_type)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?:proxy-)?authorization|x-?(?:csrf|xsrf|auth).*|x-api-key|.*token.*|.*secret.*|.*password.*|.*api-?key.*"
    r"|.*signature.*",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"\b(?P<token>eyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]{10,}"
    r"|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{20,})"
    r"|\b(?P<api_key>sk-(?=[\w-]*\d)[\w-]{32,})"
    r"|(?<![\w+/])(?P<cloud_key>AIza[\w-]{35}|A[KS]IA[0-9A-Z]{16})(?![\w+/=-])"
    r"|(?P<private_key>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^\0]{20,20000}?"
    r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)"
)
_AUTH_NAME = re.compile(
    r"[\w.-]{0,60}?(?:\bauth|[-_.]auth|jwt|bearer|signature|\bsig|[-_.]sig|passkey|session[-_.]?key)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?=.*\d)[\w.~+/=:-]{16,}", re.ASCII)
_AUTH_PATH = re.compile(
    r"/((?:reset|token|verify|confirm|invit|magic|activat|unsubscribe|password|signin|login)[\w-]*)/([^/?#\s]{16,400})(?=[/?#]|$)",
    re.IGNORECASE,
)
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*")
_OF_THE_TOKEN = re.compile(r"iat|exp|nbf|jti|sid|nonce|auth_time|\w+_hash")
_FIELD = re.compile(r"<(?:input|meta)\b[^>]{0,20000}>", re.IGNORECASE)
LARGEST_TEXT = 1024 * 1024
"""Bytes of a file that is looked into for secrets."""
SHORTEST = 6
"""Characters of a value that is replaced wherever it occurs; shorter ones would hit other text."""


def _kind(found: re.Match[str]) -> str:
    return (found.lastgroup or "secret").replace("_", " ")


def secret_in(content: bytes) -> str:
    """What kind of secret the text of a file looks as if it held (``private key``); empty if none, or if it is no
    text."""
    if len(content) > LARGEST_TEXT:
        return ""
    try:
        found = _SHAPES.search(content.decode())
    except UnicodeDecodeError:
        return ""
    return _kind(found) if found else ""


class Redactor:
    """Collects secrets, then takes them out of any text, each by a placeholder of its own."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(8)
        self._names: dict[str, str] = {}
        self.hints: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._forms: dict[str, str] = {}

    def add(self, value: str, name: str, hint: str) -> None:
        """``value`` is secret; it goes by ``name``."""
        if len(value) < SHORTEST or value in self._names:
            return
        word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:40] or "VALUE"
        taken = set(self._names.values())
        variable, number = f"RECORDER_SECRET_{word}", 1
        while variable in taken:
            number += 1
            variable = f"RECORDER_SECRET_{word}_{number}"
        self._names[value] = variable
        self.hints[variable] = hint
        self._pattern = None

    def look(self, name: str, text: str, *, header: bool = False) -> None:
        """Find the secrets of a header, a field or, without a name, a body."""
        if header:
            if _HEADER.fullmatch(name):
                scheme, _, rest = text.partition(" ")
                secret = rest if rest and re.fullmatch(r"[A-Za-z][\w-]*", scheme) else text
                if not re.fullmatch(r"(?i)(?:bearer|basic|token|null|undefined)?\s*", secret):
                    self.add(secret, name, f"header {name}")
        elif name:
            is_auth = _AUTH_NAME.fullmatch(name) and _TOKEN.fullmatch(text)
            if (_SECRET_NAME.fullmatch(name) or _FORGERY.search(name) or is_auth) and not _NEVER.fullmatch(
                name
            ):
                self.add(text, name, f"field {name}")
        else:
            self._look_inside(text)
        for found in _SHAPES.finditer(text):
            self.add(found[0], "TOKEN", f"looks like a {_kind(found)}")

    def _look_inside(self, text: str) -> None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        for name, leaf in _leaves(value):
            if isinstance(leaf, str):
                self.look(name, leaf) if name else None
        for tag in _FIELD.findall(text):
            named = re.search(r'\sname="([^"]*)"', tag)
            given = re.search(r'\s(?:value|content)="([^"]*)"', tag)
            if named and given:
                self.look(named[1], given[1])

    def look_address(self, url: str) -> None:
        """The parameters of an address, and what in its path is good for a login."""
        for name, value in parse_qsl(parts_of(url).query):
            self.look(name, value)
        for word, value in _AUTH_PATH.findall(parts_of(url).path):
            if _TOKEN.fullmatch(unquote(value)):
                self.add(unquote(value), word, f"path after {word}")

    def clean(self, text: str) -> str:
        """``text`` without the secrets that were found, however it spells them."""
        if not self._names:
            return text
        if self._pattern is None:
            self._forms = {}
            for value, name in self._names.items():
                placeholder = f"[recorder-secret:{self._nonce}:{name}]"
                spelled = json.dumps(value)[1:-1]
                for form in (value, spelled, quote(value, safe=""), quote_plus(value)):
                    self._forms[form] = placeholder
            longest = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest)))
        return self._pattern.sub(lambda found: self._forms[found[0]], text)

    def events(self, at: float) -> Iterator[Secret]:
        """Each secret as the page would tell of it."""
        for number, (value, name) in enumerate(self._names.items(), 1):
            placeholder = f"[recorder-secret:{self._nonce}:{name}]"
            yield Secret(
                page="har", seq=number, at=at, placeholder=placeholder, name=name, hint=self.hints[name],
                claims=_claims(value),
            )  # fmt: skip


def _claims(value: str) -> dict[str, str | int | float]:
    """What a JWT says of whom it is for; nothing for anything else. Source: RFC 7519."""
    if (found := _JWT.fullmatch(value)) is None:
        return {}
    try:
        said = json.loads(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return {
        name: claim
        for name, claim in (said.items() if isinstance(said, dict) else ())
        if isinstance(claim, str | int | float)
        and not isinstance(claim, bool)
        and not _OF_THE_TOKEN.fullmatch(name)
        and not _SECRET_NAME.fullmatch(name)
        and len(str(claim)) <= 200
        and not _SHAPES.search(str(claim))
    }


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    else:
        yield name, value

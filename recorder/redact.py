"""Secrets out of recordings that our own page did not make, and out of what was said before they were known.

The rules are those of the page's script: ``static/recorder/policy.json`` is read by both, and ``tests/test_redact.py``
puts one table of cases to both.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import secrets
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import msgspec

from recorder import events
from recorder.events import AnyEvent, Made, MadeForm, Request, Secret, SocketMessage, Typed
from recorder.placeholders import PLACEHOLDER

LARGEST_TEXT = 1024 * 1024
"""Bytes of a file that is looked into for secrets."""
SHORTEST = 6
"""Characters of a value that is replaced wherever it occurs; shorter ones would hit other text."""
SAID_LENGTH = 8
TYPED_LENGTH = 4
LARGEST_OBJECT = 20_000
Fact = dict[str, Any]


def _static() -> Path:
    installed = Path(__file__).parent / "_static"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "static"


class _Policy:
    """The rules, compiled."""

    def __init__(self) -> None:
        said = json.loads((_static() / "recorder" / "policy.json").read_text(encoding="utf-8"))
        names = said["names"]
        self.strong, self.short = _rule(names["strong"]), _rule(names["short"])
        self.digits, self.weak = _rule(names["digits"]), _rule(names["weak"])
        self.in_query, self.in_form = _rule(names["weak_in_query"]), _rule(names["weak_in_form"])
        self.never, self.meta = _rule(names["never"]), _rule(names["meta"])
        self.guard = _rule(names["form_guard"])
        self.headers, self.headers_never = _rule(said["headers"]), _rule(said["headers_never"])
        self.random = [_rule(source, 0) for source in said["random"]]
        self.words = _rule(said["words"])
        self.paths = _rule(said["paths"])
        self.shapes = [(name, _rule(source, 0)) for name, source in said["shapes"]]
        self.places = [(name, how, _rule(source)) for name, how, source in said["places"]]
        self.fields = [(kind, how, _rule(source)) for kind, how, source in said["fields"]]
        self.file_names, self.file_text = _rule(said["files"]["names"]), _rule(said["files"]["text"])


def _rule(source: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(source, flags | re.ASCII)


@functools.lru_cache(maxsize=1)
def policy() -> _Policy:
    """The rules of this installation."""
    return _Policy()


_PROGRAM = re.compile(r"\bfunction\b|=>")
_HINT = re.compile(
    r"pass|pwd|pw|secret|token|key|auth|cred|pin|cv[vc]|card|ssn|social|otp|code|mnemonic|phrase|jwt|bearer|sig|hmac"
    r"|assert|connection|dsn|sas|sid|session|ticket|contrase|kennwort|woord|://",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w.+-])(?:\d[ -]?){12,18}\d(?![\w-])", re.ASCII)
_CARD_DIGITS = re.compile(
    r"4\d{12}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}"
)
_INLINE_TOKEN = re.compile(
    r"""(([\w$-]*(?:csrf|xsrf|token|nonce)[\w$-]*)["']?\s*[:=]\s*["'])([\w.~+/=:-]{8,400})(?=["'])""",
    re.IGNORECASE | re.ASCII,
)
_HTML_FIELD = re.compile(r"<(?:input|meta)\b[^>]{0,20000}>", re.IGNORECASE)
_WRITTEN = re.compile(r"[^A-Za-z0-9]*(?:[A-Za-z]{0,15}|[0-9]{1,4})[^A-Za-z0-9]*")
"""A piece of what a language model writes, which is called a token too."""
_HIGHLIGHT = re.compile(r'\s*,\s*\\?"class_or_confidence\\?"')
_JSON_KEY = re.compile(r'(\\?)"([\w.$:[\]*\u00c0-\u024f-]{1,80})\1"\s*:\s*', re.ASCII)
_JSON_LEAF = re.compile(r'(\\?)"((?:[^"\\]|\\[^"])*?)\1"(\s*:)?')
_SCHEMA = re.compile(r'"(?:type\\?"\s*:\s*\\?"(?:string|object|integer|number|boolean|array|null)|\$ref)\\?"')
_QUERY_FIELD = re.compile(r"([?&;#]|^)([^=&#?;\s]{1,120})=([^&#;\s]*)")
_OAUTH = re.compile(r"[?&#](?:code=.*[?&#]state=|state=.*[?&#]code=)")
_NO_CREDENTIAL = re.compile(r"(?:bearer|basic|token|digest|negotiate|null|undefined)?\s*", re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*")
_OF_THE_TOKEN = re.compile(r"iat|exp|nbf|jti|sid|nonce|auth_time|\w+_hash")


@functools.lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """The last part of a name, as words with underscores: ``user[newPassword]`` is ``new_password``."""
    parts = [part for part in re.split(r"[$:.[\]]+", name) if re.search(r"[A-Za-z]", part)]
    part = parts[-1] if parts else name
    part = re.sub(r"^(?:txt|tb|inp|fld|hid|hdn)(?=[A-Z])", "", part)
    part = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", part)
    part = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", part)
    return re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_").lower()


def is_random(value: str) -> bool:
    """Whether a value looks as if nobody had thought of it."""
    return any(pattern.search(value) for pattern in policy().random)


def shape_of(text: str) -> str:
    """What kind of key or token stands in a text, in lower case; empty if none does."""
    return (
        next((name for name, pattern in policy().shapes if pattern.search(text)), "")
        .lower()
        .replace("_", " ")
    )


def secret_in(content: bytes, name: str = "") -> str:
    """What kind of secret the text of a file looks as if it held (``private key``); empty if none, or if it is not
    text."""
    rules = policy()
    if name and rules.file_names.search(name):
        return "secret, by its name"
    if len(content) > LARGEST_TEXT:
        return ""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return shape_of(text) or ("secret" if rules.file_text.search(text) else "")


class Redactor:
    """Takes secrets out of facts, each by a placeholder of its own; the counterpart of the class in ``redact.js``."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(8)
        self._names: dict[str, str] = {}
        self._hints: dict[str, str] = {}
        self._everywhere: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._forms: dict[str, str] = {}
        self._is_program = False
        """Whether the text is the source of a program, in which words stand under every name."""

    def clean(self, fact: Fact) -> Fact:
        """``fact`` without its secrets."""
        kept = dict(fact)
        is_request = fact["t"] == "request"
        headers = fact.get("headers") or []
        for name in ("url", "root", "reason", "error", "title"):
            if isinstance(kept.get(name), str):
                kept[name] = self.address(kept[name])
        for name in ("name", "locator"):
            if isinstance(kept.get(name), str) and fact["t"] == "act":
                kept[name] = self._text(kept[name])
        if isinstance(kept.get("protocol"), str):
            kept["protocol"] = self._text(kept["protocol"])
        if isinstance(kept.get("text"), str):
            kept["text"] = self._text(self._json(kept["text"], False))
        if headers:
            for name, value in headers:
                if name.lower() == "cookie":
                    self._header(name, value)
            kept["headers"] = [[name, self._header(name, value)] for name, value in headers]
        body = kept.get("body")
        if isinstance(body, dict):
            body = dict(body)
            if text := body.get("text"):
                self._is_program = fact["t"] == "done" and _is_program(text)
                if fact["t"] == "done" and "<" in text:
                    text = self._html(text)
                kind = next((v for n, v in headers if n.lower() == "content-type"), "")
                if is_request and "urlencoded" in kind.lower():
                    text = self._query(text, is_form=True)
                else:
                    text = self._json(text, is_request or fact.get("sent") is True)
                body["text"] = self._text(text)
                self._is_program = False
            if body.get("parts"):
                body["parts"] = [self._part(part) for part in body["parts"]]
            kept["body"] = body
        return kept

    def address(self, url: str) -> str:
        """``url`` without its secrets."""
        return self._text(self._path(self._query(url)))

    def everywhere(self, text: str) -> str:
        """``text`` without the values that were found until now, however it spells them."""
        if not self._everywhere:
            return text
        if self._pattern is None:
            self._forms = {f: self._placeholder(v) for v in self._everywhere for f in spelled(v)}
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._forms, key=len, reverse=True))))

        def form(found: re.Match[str]) -> str:
            is_chance = len(found[0]) < SAID_LENGTH and _is_among_data(text, found.start())
            return found[0] if is_chance else self._forms[found[0]]

        return self._pattern.sub(form, text)

    def told(self, at: float) -> list[Secret]:
        """Each secret as a page would tell of it."""
        return [
            Secret(
                page="har", seq=number, at=at, placeholder=self._placeholder(value), name=name, hint=self._hints[name],
                claims=_claims(value),
            )
            for number, (value, name) in enumerate(self._names.items(), 1)
        ]  # fmt: skip

    # Places

    def _header(self, name: str, value: str) -> str:
        rules = policy()
        if name.lower() == "cookie" and (found := re.fullmatch(r"([^=;]*)=([^;]*)", value)):
            return f"{found[1]}={self._secret(found[2], found[1], f'cookie {found[1]}', SAID_LENGTH)}"
        if not rules.headers.search(name) or rules.headers_never.search(name):
            led = self._path(self._query(value)) if name.lower() in ("referer", "location") else value
            return self._text(led)
        found = re.fullmatch(r"([A-Za-z][\w-]*\s+)?(.*)", value, re.DOTALL)
        scheme, rest = (found[1] or "", found[2]) if found else ("", value)
        if _NO_CREDENTIAL.fullmatch(rest):
            return value
        return scheme + self._secret(rest, name, f"header {name}", SAID_LENGTH) if rest else value

    def _part(self, part: Fact) -> Fact:
        name, value = part.get("name", ""), part.get("value")
        if part.get("filename") is not None:
            made = {**part, "filename": self._text(part["filename"])}
            if value and _holds_secrets(part["filename"], value):
                del made["value"]
            return made
        if value and self._is_secret(name, value, "form"):
            return {**part, "value": self._secret(value, name, f"field {name}", SAID_LENGTH)}
        return {**part, "value": self._text(self._json(value, True))} if value else part

    def _html(self, text: str) -> str:
        rules = policy()

        def inline(found: re.Match[str]) -> str:
            if rules.never.search(plain_name(found[2])) or PLACEHOLDER.fullmatch(found[3]):
                return found[0]
            return found[1] + self._secret(found[3], found[2], f"field {found[2]}", SAID_LENGTH)

        def field(found: re.Match[str]) -> str:
            tag = found[0]
            named = re.search(r'\sname="([^"]*)"', tag, re.IGNORECASE)
            given = re.search(r'(\s(?:value|content)=")([^"]*)"', tag, re.IGNORECASE)
            if not named or not given or not given[2]:
                return tag
            name, value = html.unescape(named[1]), html.unescape(given[2])
            if not (rules.guard.search(name) or self._is_secret(name, value, "form")):
                return tag
            hidden = self._secret(value, name, f"field {name}", SAID_LENGTH)
            return tag.replace(given[0], f'{given[1]}{hidden}"', 1)

        return _HTML_FIELD.sub(field, _INLINE_TOKEN.sub(inline, text))

    def _query(self, text: str, *, is_form: bool = False) -> str:
        if "=" not in text:
            return text
        is_oauth = _OAUTH.search(text) is not None

        def field(found: re.Match[str]) -> str:
            name, value = unquote_plus(found[2]), unquote_plus(found[3])
            is_secret = policy().guard.search(name) or self._is_secret(
                name, value, "form" if is_form else "query"
            )
            if not value or not (is_secret or (is_oauth and name in ("code", "state"))):
                return found[0]
            return f"{found[1]}{found[2]}={self._secret(value, name, f'parameter {name}', SAID_LENGTH)}"

        return _QUERY_FIELD.sub(field, text)

    def _path(self, text: str) -> str:
        def segment(found: re.Match[str]) -> str:
            value = unquote_plus(found[3])
            if not is_random(value) or _is_data(text, found.start()):
                return found[0]
            hidden = self._secret(value, found[1], f"path after {found[1]}", SAID_LENGTH)
            return f"/{found[1]}/{found[2]}{hidden}"

        return policy().paths.sub(segment, text)

    def _json(self, text: str, is_sent: bool) -> str:
        rules, at, start_at = policy(), 0, 0
        out: list[str] = []
        while found := _JSON_KEY.search(text, start_at):
            escape, name, start = found[1], found[2], found.end()
            start_at = start
            end = _end_of_value(text, start, escape)
            if end <= start:
                if text[start : start + 1] not in ("{", "[") or not self._is_strong(name):
                    continue
                close = _end_of_object(text, start)
                inside = text[start:close]
                if close <= start or _SCHEMA.search(inside):
                    continue
                out += (text[at:start], self._object(inside, name, is_sent))
                at = start_at = close
                continue
            if name.lower() == "token" and _HIGHLIGHT.match(text, end):
                continue
            mark = f'{escape}"'
            is_quoted = text.startswith(mark, start)
            written = text[start + len(mark) : end - len(mark)] if is_quoted else text[start:end]
            value = _unescaped(written, escape)
            least = 3 if rules.digits.search(plain_name(name)) else TYPED_LENGTH
            if not value or PLACEHOLDER.fullmatch(value) or (not is_quoted and len(written) < least):
                continue
            if not self._is_secret(name, value, "form" if is_sent else "json"):
                continue
            spread = SAID_LENGTH if is_sent or is_random(value) else None
            out += (text[at:start], mark, self._secret(value, name, f"field {name}", spread), mark)
            at = start_at = end
        return "".join([*out, text[at:]]) if at else text

    def _object(self, text: str, name: str, is_sent: bool) -> str:
        rules, member = policy(), ""

        def leaf(found: re.Match[str]) -> str:
            nonlocal member
            if found[3]:
                member = found[2]
                return found[0]
            value = _unescaped(found[2], found[1])
            is_meta = bool(member) and rules.meta.search(plain_name(member)) is not None
            is_word = rules.words.search(value) or (is_meta and not is_random(value)) or self._is_prose(value)
            if len(value) < TYPED_LENGTH or is_word or value.startswith("[recorder-secret:"):
                return found[0]
            spread = SAID_LENGTH if is_sent or is_random(value) else None
            mark = f'{found[1]}"'
            return mark + self._secret(value, member or name, f"inside {name}", spread) + mark

        return _JSON_LEAF.sub(leaf, text)

    def _text(self, text: str) -> str:
        for name, pattern in policy().shapes:

            def shaped(found: re.Match[str], name: str = name) -> str:
                if _is_among_data(found.string, found.start()):
                    return found[0]
                hint = f"looks like a {name.lower().replace('_', ' ')}"
                return self._secret(_unescaped(found[0], ""), name, hint, SAID_LENGTH)

            text = pattern.sub(shaped, text)
        return self.everywhere(self._cards(self._fields(text)))

    def _fields(self, text: str) -> str:
        rules = policy()
        for name, how, pattern in rules.places:

            def place(found: re.Match[str], name: str = name, how: str = how) -> str:
                if _is_replaced(found[3]):
                    return found[0]
                return found[0][: -len(found[3])] + self._secret(
                    _decoded(how, found[3]), name, "address", SAID_LENGTH
                )

            text = pattern.sub(place, text)
        text = self._path(text)
        if not _HINT.search(text):
            return text
        for kind, how, pattern in rules.fields:

            def field(found: re.Match[str], kind: str = kind, how: str = how) -> str:
                name, value = found[2], _decoded(how, found[3])
                has_space = re.search(r"\s", value) and not re.search(r"(?i)phrase|mnemonic", name)
                if _is_replaced(found[3]) or (kind not in ("pairs", "xml") and has_space):
                    return found[0]
                if kind == "said":
                    if len(value) < 3 or rules.words.search(value) or self._is_prose(value):
                        return found[0]
                elif not self._is_secret(name, value, "form" if kind == "editor" else "text"):
                    return found[0]
                spread = SAID_LENGTH if is_random(value) else None
                return found[0][: -len(found[3])] + self._secret(value, name, f"field {name}", spread)

            text = pattern.sub(field, text)
        return text

    def _cards(self, text: str) -> str:
        def card(found: re.Match[str]) -> str:
            if not _is_card(found[0]):
                return found[0]
            before, after = (
                text[max(0, found.start() - 20) : found.start()],
                text[found.end() : found.end() + 3],
            )
            is_bare = (
                re.search(r"[:\[,]\s*$", before)
                and re.match(r"\s*[,}\]]", after)
                and re.match(r"\s*[{\[]", text)
            )
            if is_bare and not re.search(r'"\s*:\s*$', before):
                return found[0]
            hidden = self._secret(found[0], "CARD_NUMBER", "number of a card", SAID_LENGTH)
            return f'"{hidden}"' if is_bare else hidden

        return _CARD.sub(card, text)

    # Decisions

    def _is_secret(self, name: str, value: str, place: str) -> bool:
        rules, plain = policy(), plain_name(name)
        if rules.never.search(plain) or rules.words.search(value):
            return False
        if self._is_prose(value):
            return False
        if place == "json" and plain == "token" and _WRITTEN.fullmatch(value):
            return False
        if rules.strong.search(plain):
            # A label says its own name.
            is_label = place != "form" and plain.endswith(plain_name(value)) and not re.search(r"\d", value)
            return not is_label
        if rules.short.search(plain):
            return len(value) >= 3
        if rules.digits.search(plain):
            return len(value) >= 3 and re.search(r"\d", value) is not None and not re.search(r"[.,]", value)
        is_weak = (
            rules.weak.search(plain)
            or (place == "query" and rules.in_query.search(plain))
            or (place == "form" and rules.in_form.search(plain))
        )
        return is_weak is not None and is_weak is not False and is_random(value)

    def _is_prose(self, value: str) -> bool:
        """Whether a value in the source of a program is of words."""
        return self._is_program and re.search("[0-9]", value) is None

    def _is_strong(self, name: str) -> bool:
        rules, plain = policy(), plain_name(name)
        is_named = rules.strong.search(plain) or rules.short.search(plain) or rules.digits.search(plain)
        return is_named is not None and not rules.never.search(plain)

    def _secret(self, value: str, name: str, hint: str, spread: int | None) -> str:
        """The placeholder of ``value``; from ``spread`` characters on it is replaced wherever it occurs."""
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        if value not in self._names:
            word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:40] or "VALUE"
            taken = set(self._names.values())
            variable, number = f"RECORDER_SECRET_{word}", 1
            while variable in taken:
                number += 1
                variable = f"RECORDER_SECRET_{word}_{number}"
            self._names[value] = variable
            self._hints[variable] = hint
        if spread is not None and len(value) >= spread and value not in self._everywhere:
            self._everywhere.add(value)
            self._pattern = None
        return self._placeholder(value)

    def _placeholder(self, value: str) -> str:
        return f"[recorder-secret:{self._nonce}:{self._names[value]}]"


def _holds_secrets(name: str, address: str) -> bool:
    head, _, data = address.partition(",")
    try:
        content = base64.b64decode(data) if head.endswith(";base64") else unquote(data).encode()
    except ValueError:
        return False
    return bool(secret_in(content, name))


def _is_program(text: str) -> bool:
    return text.lstrip()[:1] not in ("{", "[", "<") and _PROGRAM.search(text) is not None


def _is_replaced(value: str) -> bool:
    return "[recorder-secret:" in value or "recorder-secret%3A" in value


def _decoded(how: str, value: str) -> str:
    match how:
        case "json":
            return _unescaped(value, "")
        case "url":
            return unquote_plus(value)
        case "html":
            return html.unescape(value)
    return value


def _unescaped(written: str, escape: str) -> str:
    try:
        once = str(json.loads(f'"{written}"')) if escape else written
        return str(json.loads(f'"{once}"'))
    except ValueError:
        return written


def _end_of_value(text: str, start: int, escape: str) -> int:
    """Behind the string or number that begins at ``start``; ``start`` if there is none."""
    mark = f'{escape}"'
    if not text.startswith(mark, start):
        found = re.compile(r"-?\d[\d.eE+-]*").match(text, start)
        return found.end() if found else start
    at = text.find('"', start + len(mark))
    while at >= 0:
        slashes = 0
        while text[at - 1 - slashes] == "\\":
            slashes += 1
        if slashes % 4 == 1 if escape else slashes % 2 == 0:
            return at + 1
        at = text.find('"', at + 1)
    return start


def _end_of_object(text: str, start: int) -> int:
    """Behind the object or list that begins at ``start``; ``start`` if it has no end nearby."""
    depth, is_inside, at = 0, False, start
    limit = min(len(text), start + LARGEST_OBJECT)
    while at < limit:
        character = text[at]
        if is_inside:
            if character == "\\" and text[at + 1 : at + 2] != '"':
                at += 1
            elif character == '"':
                is_inside = False
        elif character == '"':
            is_inside = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return start


def _is_card(text: str) -> bool:
    """Whether digits are those of a payment card. Source: ISO/IEC 7812-1, Annex B."""
    digits = re.sub(r"\D", "", text)
    if not _CARD_DIGITS.fullmatch(digits):
        return False
    doubled = (int(d) * (2 if n % 2 else 1) for n, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def spelled(value: str) -> set[str]:
    """How a value may be written in a body or an address."""
    text = json.dumps(value)[1:-1]
    forms = {
        value,
        text,
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(text)[1:-1],
        html.escape(value),
    }
    data = value.encode("utf-8", "surrogatepass")
    forms |= {
        quote(data, safe=""),
        quote_plus(data),
        re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), quote(data, safe="")),
    }
    if len(value) >= SHORTEST:
        coded = base64.b64encode(data).decode()
        forms |= {coded, coded.rstrip("="), base64.urlsafe_b64encode(data).decode().rstrip("=")}
    return forms


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
        and not policy().strong.search(plain_name(name))
        and len(str(claim)) <= 200
        and not shape_of(str(claim))
    }


# Whole recordings


def redacted(told: Sequence[AnyEvent], cookies: Iterable[tuple[str, str]] = ()) -> list[AnyEvent]:
    """Events that hold secrets in clear, such as those of a HAR, without them; what is found anywhere is replaced
    everywhere. The secrets are told of behind the first two events, which say where they are from.

    Args:
        cookies: names and values of cookies, which may stand elsewhere too.
    """
    redactor = Redactor()
    texts = {text for event in told for text in _texts(msgspec.to_builtins(event))}
    for name, value in cookies:
        if is_random(value) and any(value in text for text in texts):
            redactor._secret(value, name, f"cookie {name}", SAID_LENGTH)
    facts = [redactor.clean(msgspec.to_builtins(event)) for event in told]
    for value in redactor._names:
        if len(value) >= SHORTEST and is_random(value):
            redactor._everywhere.add(value)
    redactor._pattern = None
    made = [_event(_mapped(fact, redactor.everywhere)) for fact in facts]
    at = told[0].at if told else 0.0
    return [*made[:2], *redactor.told(at), *made[2:]]


def _is_data(text: str, at: int) -> bool:
    """Whether a place in a text is inside of bytes in base64, which have slashes as addresses do."""
    before = _DATA_BEFORE.search(text[max(0, at - _LONG) : at])
    after = _DATA_AFTER.match(text, at, at + _LONG)
    assert before is not None and after is not None
    start = at - len(before[0])
    return len(before[0]) + len(after[0]) >= _LONG or text.endswith(";base64,", 0, start)


def _is_among_data(text: str, at: int) -> bool:
    """Whether there is more of such bytes right before a place: what stands there by chance is no secret."""
    return at > 0 and _DATA_AFTER.match(text, at - 1, at)[0] != "" and _is_data(text, at)  # type: ignore[index]


_LONG = 600
"""Characters of base64 from which they are no address."""
_DATA_BEFORE = re.compile(r"[\w+/=-]*\Z", re.ASCII)
_DATA_AFTER = re.compile(r"[\w+/=-]*", re.ASCII)
_KEPT = frozenset(("t", "page", "id", "act", "left", "form", "how", "kind", "placeholder", "sha256", "path"))


def _mapped(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        return {key: value if key in _KEPT else _mapped(value, change) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_mapped(item, change) for item in node]
    return node


def _event(fact: Fact) -> AnyEvent:
    event: AnyEvent = msgspec.convert(fact, AnyEvent)
    return event


def settled(told: Sequence[AnyEvent]) -> tuple[list[AnyEvent], bool]:
    """A recording's events, secrets decided over all of it: what stands in clear in one event and is known for a secret
    by another one has that secret's placeholder, and a secret that two documents told of has the placeholder of the
    first.

    A page says of a secret how long it is and a digest of it, so that it can be found where it stood before it was
    known. One that looks random is replaced wherever it stands; one that does not, only where it is all of a value, and
    only if requests carry it as a secret. What the person had typed is replaced in what was typed. Random bytes and
    digests of the page that a secret spells have its placeholder too, with how it spells them.

    Returns:
        The events, and whether any is another than before.
    """
    wanted: dict[tuple[int, str], str] = {}
    instead: dict[str, str] = {}
    for event in told:
        if isinstance(event, Secret) and event.digest:
            first = wanted.setdefault((event.length, event.digest), event.placeholder)
            if first != event.placeholder:
                instead[event.placeholder] = first
    if not wanted:
        return list(told), False
    lengths = {length for length, _ in wanted if length >= SHORTEST}
    salts = {event.salt for event in told if isinstance(event, Secret) and event.digest}

    def placeholder_of(word: str) -> str:
        places = (wanted.get((_length(word), digest(salt + word)), "") for salt in salts)
        return next(filter(None, places), "")

    texts = {
        text for event in told if not isinstance(event, Secret) for text in _texts(msgspec.to_builtins(event))
    }
    words = {word for text in texts for word in _words(text, lengths)}
    found = {word: known for word in words if (known := placeholder_of(word))}
    typed = {e.value: known for e in told if isinstance(e, Typed) and (known := placeholder_of(e.value))}
    wide = {word: known for word, known in found.items() if can_be_found(word)}
    carried = "".join(_carried(told))
    alone = {
        word: known
        for word, known in found.items()
        if word not in wide and word not in typed and known.rpartition(":")[2] in carried
    }
    made: list[AnyEvent] = []
    is_other = False
    change = _changing(
        {form: known for value, known in wide.items() for form in spelled(value)} | instead,
        {form: known for value, known in alone.items() for form in spelled(value)},
    )
    for event in told:
        if isinstance(event, Secret):
            is_other = is_other or event.placeholder in instead
            if event.placeholder not in instead:
                made.append(event)
            continue
        if isinstance(event, Typed) and (known := typed.get(event.value, "")):
            shown = event.shown.replace(event.value, known)
            changed: AnyEvent = msgspec.structs.replace(event, value=known, shown=shown)
        elif isinstance(event, Made):
            changed = _spelled_by(event, placeholder_of)
        else:
            changed = event
        if wide or alone or instead:
            changed = _event(_mapped(msgspec.to_builtins(changed), change))
        is_other = is_other or changed != event
        made.append(changed)
    return (made, True) if is_other else (list(told), False)


def _carried(told: Iterable[AnyEvent]) -> Iterable[str]:
    """All texts of what was sent to the app."""
    for event in told:
        if isinstance(event, Request) or (isinstance(event, SocketMessage) and event.sent):
            yield from _texts(msgspec.to_builtins(event))


def _changing(wide: dict[str, str], alone: dict[str, str]) -> Callable[[str], str]:
    """What replaces the keys of ``wide`` wherever they stand, and those of ``alone`` where they are all of a value."""
    ends = r"(?:\Z|(?=[\"'&/?#;<\\]))"
    branches = [re.escape(form) for form in sorted(wide, key=len, reverse=True)]
    for form in sorted(alone, key=len, reverse=True):
        branches.append(rf"(?:\A|(?<=[\"'=&/?#;:>])){re.escape(form)}{ends}")
    pattern = re.compile("|".join(branches) or r"(?!)")
    known = alone | wide
    return lambda text: pattern.sub(lambda match: known[match[0]], text)


def _spelled_by(made: Made, placeholder_of: Callable[[str], str]) -> Made:
    """Bytes that the page made, with the placeholder of the secret that spells them, if one does."""
    if made.how in ("uuid", "cookie") or made.form:
        return made
    try:
        content = bytes.fromhex(made.value)
    except ValueError:
        return made
    for form, text in spellings(content).items():
        if (form != "uuid" or made.how == "random") and (placeholder := placeholder_of(text)):
            return msgspec.structs.replace(made, value=placeholder, form=form, size=len(content))
    return made


def spellings(content: bytes) -> dict[MadeForm, str]:
    """How pages write bytes: in hexadecimal, in base64 in both alphabets, and 16 of them as a UUID of version 4."""
    whole = base64.b64encode(content).decode()
    found: dict[MadeForm, str] = {
        "hex": content.hex(),
        "base64": whole,
        "base64url": whole.replace("+", "-").replace("/", "_").rstrip("="),
    }
    if len(content) == 16:
        number = int.from_bytes(content, "big")
        found["uuid"] = str(uuid.UUID(int=number, version=4))
    return found


def undigested(event: AnyEvent) -> AnyEvent:
    """The event without what a secret could be guessed by, once all are settled."""
    is_secret = isinstance(event, Secret) and event.digest
    return msgspec.structs.replace(event, digest="", length=0, salt="") if is_secret else event


def can_be_found(value: str) -> bool:
    """Whether a value cannot be guessed from a digest of it."""
    is_mixed = len(value) >= 12 and re.search(r"\d", value, re.ASCII) and re.search(r"[A-Za-z]", value)
    return _length(value) <= 4096 and (is_random(value) or bool(is_mixed))


def _length(text: str) -> int:
    """Characters as JavaScript counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _texts(node: Any) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in _KEPT:
                yield from _texts(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _texts(item)


_RUNS = (
    re.compile(r'"((?:[^"\\]|\\.)*)"'),
    re.compile(r"[^\s\"'<>&?#=,;{}\[\]()\\]+"),
    re.compile(r"[^\s\"'<>\\,]+"),
    re.compile(r"(?<==)[^\s\"'<>\\&]+"),
    re.compile(r"[\w.~+/=-]+"),
    re.compile(r"[\w-]+"),
)


def _words(text: str, lengths: set[int]) -> Iterable[str]:
    """What in a text may be a whole value: all of it, texts of JSON, words, parts of addresses, of these lengths."""
    if len(text) in lengths:
        yield text
    for pattern in _RUNS:
        for match in pattern.finditer(text):
            word = match[match.lastindex or 0]
            if "%" in word:
                word = unquote(word)
            elif "\\" in word:
                word = _unescaped(word, "")
            if len(word) in lengths:
                yield word


def digest(text: str) -> str:
    """53 bits that tell values apart, as the page's script makes them."""
    high, low, mask = 0xDEADBEEF, 0x41C6CE57, 0xFFFFFFFF
    units = text.encode("utf-16-le", "surrogatepass")
    for index in range(0, len(units), 2):
        code = units[index] | units[index + 1] << 8
        high = ((high ^ code) * 2654435761) & mask
        low = ((low ^ code) * 1597334677) & mask
    high, low = (
        (((high ^ (high >> 16)) * 2246822507) ^ ((low ^ (low >> 13)) * 3266489909)) & mask,
        low,
    )
    low = (((low ^ (low >> 16)) * 2246822507) ^ ((high ^ (high >> 13)) * 3266489909)) & mask
    number, digits = 4294967296 * (2097151 & low) + high, ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


def events_settled(lines: Iterable[bytes]) -> list[AnyEvent]:
    """The settled events of a journal's lines."""
    return settled([events.parse_event(line) for line in lines if line])[0]

"""A step of an HTTP app as the request that it is: what every target writes, and what a replay sends."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlencode

import msgspec

from recorder.address import parts_of
from recorder.markup import elements, literal
from recorder.session import File, Place
from recorder.spelling import Escaped, Piece, as_json, as_recorded, escaped, form_pieces, in_turn, json_pieces
from recorder.spelling import as_text as as_text
from recorder.workflow import (
    Digest,
    Expression,
    Extended,
    Generated,
    Item,
    Link,
    Object,
    Path,
    Reader,
    Spelled,
    Step,
    Text,
)

Media = Literal["", "json", "form", "multipart", "body"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a step sends, decided here for replay and for all targets: :func:`request` says what it means,
    :func:`as_sent` also how the page spelled it.

    ``path`` are literal texts and expressions in turn, beginning with a text that is relative to the app or has
    scheme and host. Each expression becomes one percent-encoded text: ``Escaped`` says how, else only letters, digits
    and ``-._~`` are not escaped. ``query`` and ``headers`` are pairs in order; the query is encoded as a form. A query
    that is spelled in another way is part of ``path``. The characters of header values are bytes (Latin-1).

    ``body``: for ``json`` any expression, written as :func:`recorder.spelling.as_json` does it; for ``form`` and
    ``multipart`` a list of pairs of a name, which may be an expression too, and a value; for ``body`` a text, which may
    have ``Escaped`` pieces, or a file. ``charset`` is the encoding of its text, if not UTF-8; a character that the
    encoding lacks is written as ``&#NUMBER;``.
    """

    method: str
    path: tuple[Expression, ...]
    query: tuple[tuple[str, Expression], ...] = ()
    headers: tuple[tuple[str, Expression], ...] = ()
    media: Media = ""
    body: Any = None
    charset: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it goes to another server than the app's."""
        return bool(re.match(r"[a-z]+://", str(self.path[0])))


NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
ANY_BASE64 = re.compile(r"([A-Za-z0-9+/_-]*)={0,2}")
_FIELD = re.compile(r"\{([^{}/]+)\}")


def request(step: Step) -> Request:
    """The request of a step, by its values."""
    pieces = _FIELD.split(step.endpoint.path)
    values = {a.name: a.value for a in step.arguments if a.location == "path"}
    path = tuple(values.get(piece, "") if n % 2 else piece for n, piece in enumerate(pieces))
    media: Media = ""
    body: Any = None
    members: list[tuple[Expression, Expression]] = []
    for argument in step.arguments:
        if argument.location == "json":
            media = "json"
            if argument.name or argument.key is not None:
                members.append((argument.key if argument.key is not None else argument.name, argument.value))
            else:
                body = argument.value
        elif argument.location in ("form", "multipart"):
            media = argument.location
            key = argument.key if argument.key is not None else argument.name
            body = [*(body or []), (key, argument.value)]
        elif argument.location == "body":
            media, body = "body", argument.value
    if members:
        is_plain = all(isinstance(name, str) for name, _ in members)
        body = dict(members) if is_plain else Object(members=tuple(members))
    query = tuple((a.name, a.value) for a in step.arguments if a.location == "query")
    headers = tuple((a.name, a.value) for a in step.arguments if a.location == "header")
    return Request(
        method=step.endpoint.method,
        path=path,
        query=query,
        headers=headers,
        media=media,
        body=body,
        charset=step.charset if media in ("body", "multipart") else "",
    )


def as_sent(step: Step) -> Request:
    """The request of a step in the recorded spelling, where an encoder would write its values in another way: the query
    is then part of the path, and a form or JSON is a text."""
    asked = request(step)
    path, query, headers, media, body = asked.path, asked.query, asked.headers, asked.media, asked.body
    if step.address:
        path, query = _address_as_recorded(step.address, path, query)
    spelled: list[Piece] | None = None
    if step.body and media == "json":
        spelled = json_pieces(step.body, body)
    elif step.body and media == "form":
        spelled = form_pieces(step.body, body, step.charset)
    if spelled is not None:
        if not any(name == "content-type" for name, _ in headers):
            kind = "application/json" if media == "json" else "application/x-www-form-urlencoded"
            headers = (*headers, ("content-type", kind))
        charset = step.charset if media == "json" else ""
        asked = msgspec.structs.replace(asked, media="body", body=_text_of(spelled), charset=charset)
    return msgspec.structs.replace(asked, path=path, query=query, headers=headers)


def _text_of(pieces: Sequence[Piece]) -> Expression:
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else Text(pieces=tuple(pieces))


def _address_as_recorded(
    recorded: str, path: tuple[Expression, ...], query: tuple[tuple[str, Expression], ...]
) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
    """Path and query in the recorded spelling, where they still have the recorded parts."""
    where, mark, asked = recorded.partition("?")
    pattern = "".join("([^/]*)" if n % 2 else re.escape(str(p)) for n, p in enumerate(path))
    host = re.match(r"[a-z]+://[^/]*", str(path[0]))
    found = re.fullmatch(pattern, (host[0] if host else "") + where)
    pieces: list[tuple[bool, Expression]] = []
    for number, piece in enumerate(path):
        if number % 2 and found is not None:
            piece = as_recorded(found[(number + 1) // 2], piece, plus=False)
            pieces.append((not isinstance(piece, str), piece))
        else:
            pieces.append((number % 2 == 1, piece))
    spelled = form_pieces(asked, query) if mark else None
    if spelled is not None:
        query = ()
        pieces += [(False, "?"), *((not isinstance(piece, str), piece) for piece in spelled)]
    return in_turn(pieces), query


def address(asked: Request, root: str, value: Callable[[Expression], Any] = lambda given: given) -> str:
    """Where a request goes: ``root`` is the app's address without a final slash, ``value`` evaluates an expression. A
    list in the query is sent one by one, under the same name."""
    path = "".join(_escaped(p, value) if n % 2 else str(p) for n, p in enumerate(asked.path))
    whole = path if asked.is_elsewhere else root + path
    given = [(name, value(each)) for name, each in asked.query]
    pairs = [(n, as_text(v)) for n, each in given for v in (each if isinstance(each, list) else [each])]
    return f"{whole}?{urlencode(pairs)}" if pairs else whole


def _escaped(piece: Expression, value: Callable[[Expression], Any]) -> str:
    if isinstance(piece, Escaped):
        return escaped(as_text(value(piece.value)), piece.safe, piece.plus, piece.charset)
    return escaped(as_text(value(piece)))


def is_no_file(file: File) -> bool:
    """Whether it stands for a field of a form in which no file was chosen."""
    return not file.name and not file.path and file.size == 0


def scalars(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each value inside a value that has none inside itself, and where; files are none."""
    # A generator for each of a million leaves takes longer than all else.
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, _INSIDE):
                yield from scalars(item, (*path, str(key)))
            else:
                yield (*path, str(key)), item
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, _INSIDE):
                yield from scalars(item, (*path, number))
            else:
                yield (*path, number), item
    elif not isinstance(value, File):
        yield path, value


_INSIDE = (dict, list, File)


def key_of(path: Sequence[str | int]) -> str:
    """The name nearest to what is at a path; empty where there is none on the way."""
    if path and isinstance(path[-1], str):
        return path[-1]
    return next((part for part in reversed(path) if isinstance(part, str)), "")


_FRAME = re.compile(r"(\d+(?:/[^,\[{]*,)?\d*|[A-Z]+\n(?:[^\n]+\n)*\n|)([\[{].*[\]}])([\x1e\0\n]?)", re.DOTALL)


def framed(text: str) -> tuple[str, Any, str] | None:
    """What STOMP, SignalR and the like put before a JSON object or list, that value, and what they put after it; None
    if the text is anything else, or JSON alone."""
    found = _FRAME.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        return None
    try:
        return found[1], json.loads(found[2]), found[3]
    except (ValueError, RecursionError):
        return None


def unbase64(text: str) -> str | None:
    """The readable text that ``text`` is the base64 of, in either alphabet; None if it is none."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        decoded = decode_base64(text)
    except ValueError:
        return None
    return decoded if decoded.isprintable() and len(decoded) >= 6 else None


def decode_base64(text: str) -> str:
    """The text (UTF-8) that ``text`` is the base64 of, in either alphabet, padded or not.

    Raises:
        ValueError: it is not base64 of a text.
    """
    if (match := ANY_BASE64.fullmatch(text)) is None:
        raise ValueError("it is not base64")
    bare = match[1]
    padded = bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4)
    try:
        return binascii.a2b_base64(padded).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("it is not base64") from None


def _unknown(leaf: Any) -> Any:
    raise TypeError(f"{type(leaf).__name__} has no value here")


def parse(kind: str, text: str) -> Any:
    """The JSON or the elements of a document (``kind``: ``json`` or ``elements``) that a text is.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text) if kind == "json" else elements(text)


Parse = Callable[[str, str], Any]


def read(reader: Reader, value: Any, leaf: Callable[[Any], Any] = _unknown, parse: Parse = parse) -> Any:
    """What a reader finds in a text. ``leaf`` evaluates the leaves of expressions in selectors; ``parse`` is
    :func:`parse`, or one that remembers.

    Raises:
        ValueError, LookupError, TypeError: it is not there.
    """
    if reader.kind == "entries":
        if not isinstance(value, dict):
            raise TypeError("it is not an object")
        return at([{"key": key, "value": item} for key, item in value.items()], reader.path, leaf)
    text = as_text(value)
    match reader.kind:
        case "json" | "elements":
            return at(parse(reader.kind, text), reader.path, leaf)
        case "literal":
            name, nth = reader.path
            return literal(text, str(name), int(str(nth)))
        case "base64":
            return decode_base64(text)
        case "unquote":
            return unquote(text)
        case "query":
            parts = parts_of(text)
            name = str(reader.path[0])
            for part in (parts.query, parts.fragment.partition("?")[2] or parts.fragment):
                if name in (given := parse_qs(part, keep_blank_values=True)):
                    return given[name][0]
            raise LookupError(f"there is no parameter {name!r}")
        case "segment":
            return segments(text)[int(str(reader.path[0]))]
    before, after = map(str, reader.path)
    end = re.escape(after) if after else r"[/?#]|\Z"
    found = re.search(re.escape(before) + f"(.*?)(?:{end})", text, re.DOTALL)
    if found is None:
        raise ValueError(f"there is no {before!r}")
    return found[1]


def segments(address: str) -> list[str]:
    """The segments of an address's path, percent-decoded."""
    path = parts_of(address).path
    return [unquote(segment) for segment in path.removeprefix("/").split("/")]


def at(value: Any, path: Path, leaf: Callable[[Any], Any] = _unknown) -> Any:
    """The value at a path.

    Raises:
        LookupError, TypeError: it is not there.
    """
    for part in path:
        value = pick(value, part, leaf) if isinstance(part, Item) else value[part]
    return value


def pick(items: Any, item: Item, leaf: Callable[[Any], Any] = _unknown) -> Any:
    """The item of a list that a selector selects.

    Raises:
        LookupError, TypeError: there is no such item.
    """
    return items[position(items, item, leaf)]


def position(items: Any, item: Item, leaf: Callable[[Any], Any] = _unknown) -> int:
    """The position of the item that :func:`pick` returns."""
    if not isinstance(items, list):
        raise TypeError("it is not a list")
    wanted = [(path, as_text(evaluated(expression, leaf))) for path, expression in item.fields]
    places: Sequence[int] = range(len(items))
    if item.after is not None:
        places = places[position(items, item.after, leaf) :]
    elif item.before is not None:
        places = places[position(items, item.before, leaf) :: -1]
    fitting = [place for place in places if all(_is(items[place], path, text) for path, text in wanted)]
    if not fitting and item.counts:
        alike = [p for p in places if all(_is(items[p], path, text, uncounted) for path, text in wanted)]
        fitting = alike if len(alike) == 1 else []
    try:
        return fitting[item.nth]
    except IndexError:
        raise LookupError(f"there is no item whose {named_fields(wanted)}") from None


def named_fields(wanted: Iterable[tuple[Place, str]]) -> str:
    """The conditions of a selector in words: ``name is 'Oil' and kind is 'fruit'``."""
    return " and ".join(f"{'.'.join(map(str, path)) or 'value'} is {text!r}" for path, text in wanted)


def uncounted(text: str) -> str:
    """A text with 0 in place of each number."""
    return NUMBER.sub("0", text)


def _is(item: Any, path: Place, text: str, form: Callable[[str], str] = str) -> bool:
    for part in path:
        try:
            item = item[part]
        except (KeyError, IndexError, TypeError):
            return False
    return not isinstance(item, dict | list | None.__class__) and form(as_text(item)) == form(text)


def follow(link: Link, value: Any, leaf: Callable[[Any], Any] = _unknown, parse: Parse = parse) -> Any:
    """What a link leads to inside the output ``value``. ``leaf`` and ``parse`` are as in :func:`read`.

    Raises:
        ValueError, LookupError, TypeError: it is not there.
    """
    value = at(value, link.path, leaf)
    for reader in link.readers:
        value = read(reader, value, leaf, parse)
    return value


def evaluated(expression: Expression, leaf: Callable[[Any], Any]) -> Any:
    """The value of an expression; ``leaf`` evaluates its leaves, compound leaves are evaluated here."""
    match expression:
        case Text():
            return "".join(as_text(evaluated(piece, leaf)) for piece in expression.pieces)
        case Spelled(kind="json"):
            return as_json(evaluated(expression.value, leaf))
        case Escaped():
            text = as_text(evaluated(expression.value, leaf))
            return escaped(text, expression.safe, expression.plus, expression.charset)
        case Spelled(kind="percent"):
            return quote(as_text(evaluated(expression.value, leaf)), safe="!'()*~")
        case Spelled():
            content = as_text(evaluated(expression.value, leaf)).encode()
            return _as_base64(content, expression.kind)
        case Digest():
            content = as_text(evaluated(expression.value, leaf)).encode()
            digest = hashlib.new(expression.algorithm, content).digest()
            return digest.hex() if expression.form == "hex" else _as_base64(digest, expression.form)
        case Object():
            return {as_text(evaluated(k, leaf)): evaluated(v, leaf) for k, v in expression.members}
        case Extended():
            base, more = evaluated(expression.base, leaf), evaluated(expression.value, leaf)
            if isinstance(base, dict) and isinstance(more, dict):
                return {**base, **more}
            if isinstance(base, list) and isinstance(more, list):
                return [*base, *more]
            raise TypeError("it is not of the recorded type")
        case dict():
            return {key: evaluated(item, leaf) for key, item in expression.items()}
        case list() | tuple():
            return [evaluated(item, leaf) for item in expression]
        case msgspec.Struct():
            return leaf(expression)
    return expression


def _as_base64(content: bytes, form: str) -> str:
    if form == "base64":
        return base64.b64encode(content).decode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def generated(leaf: Generated, moment: float) -> Any:
    """A fresh value for a generated leaf. ``moment``: now, in seconds since the epoch."""
    match leaf.kind, leaf.form:
        case "uuid", _:
            return str(uuid.uuid4())
        case "time", "iso":
            when = datetime.fromtimestamp(moment, timezone.utc)
            return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "time", form:
            return int(moment) if form == "s" else int(moment * 1000)
        case _, "characters":
            return "".join(secrets.choice(leaf.alphabet) for _ in range(leaf.size))
        case _, "hex":
            return secrets.token_bytes(leaf.size).hex()
        case _, form:
            return _as_base64(secrets.token_bytes(leaf.size), form)


def value_at(value: Any, path: Path) -> Any:
    """What lies at ``path`` inside a recorded value, or None. A selector needs the values of its leaves, which are not
    known here, so that a path with a selector whose fields are not literals leads to None."""
    try:
        return at(value, path)
    except (LookupError, TypeError):
        return None


def plain_path(path: str) -> str:
    """A path without doubled slashes, one at the end, and dots, as many servers match it."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)

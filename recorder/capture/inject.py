"""The page side as text: the script linked from its modules, the tag that loads it, and how both get into a document.

The modules in ``static/`` are linked here rather than by a bundler: their style is narrow enough (named
imports, top-level names that are unique over all modules) that joining them in the order of their imports keeps their
meaning.
"""

from __future__ import annotations

import html
import json
import os
import re
from functools import lru_cache
from pathlib import Path

import msgspec

from recorder.config import Secrets

NO_SECRETS = Secrets()
SCRIPT_PATH = "/_recorder/recorder.js"
CHANNEL_PATH = "/_recorder/channel"
ENTRY = "recorder/main.js"
WORKER = "recorder/worker.js"
GUARD = "recorder/guard.js"


class LinkError(ValueError):
    """A module is written in a way that the linker cannot keep the meaning of: a bug of ours, not the person's."""


# The script


def static_folder() -> Path:
    """Where the page side lies: inside an installed package, beside the package in a checkout."""
    installed = Path(__file__).parents[1] / "_static"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "static"


_KEY = "@key@"


@lru_cache(maxsize=1)
def _recorder_script() -> str:
    return link(static_folder(), ENTRY, f'start(fromTag(document.currentScript), "{_KEY}");')


def recorder_script(key: str = "") -> str:
    """The classic script that :func:`script_tag` loads; it takes its configuration from its own element.

    Args:
        key: what it says with all that only a person may ask for (letters, digits, ``-`` and ``_``); none if empty.
    """
    return _recorder_script().replace(_KEY, key)


def init_script(binding: str, token: str = "", secrets: Secrets = NO_SECRETS, key: str = "") -> str:
    """The script for a browser that we drive, to run in every frame before the page's own.

    Args:
        binding: the name of the function that the browser exposes: it takes a frame and promises the reply.
        token: what the page says in its ``Hello``.
        secrets: what else the page keeps to itself.
        key: as in :func:`recorder_script`.
    """
    config = {"binding": binding, "token": token}
    more = {"secrets": msgspec.to_builtins(secrets)} if secrets != NO_SECRETS else {}
    return link(static_folder(), ENTRY, f"start({json.dumps({**config, **more})}, {json.dumps(key)});")


@lru_cache(maxsize=1)
def worker_script() -> str:
    """The script to go before a worker's own, in one line so that this one's lines keep their numbers."""
    return _in_one_line(link(static_folder(), WORKER, "watch();"))


@lru_cache(maxsize=16)
def guard_script(prefix: str = "") -> str:
    """The script to go before a service worker's own, in one line too. ``prefix`` is as in :func:`script_tag`."""
    return _in_one_line(link(static_folder(), GUARD, f"guard({json.dumps(prefix + '/_recorder/')});"))


def _in_one_line(script: str) -> str:
    return " ".join(_COMMENT.sub("", script).split("\n")) + " "


def script_tag(
    token: str,
    nonce: str = "",
    prefix: str = "",
    secrets: Secrets = NO_SECRETS,
    document: str = "",
    ticket: str = "",
) -> bytes:
    """The element that loads the script. It takes itself out of the document before anything else is parsed.

    Args:
        prefix: the path under which browsers find the app, where it is not the root (no final slash).
        secrets: what else the page keeps to itself.
        document: the key by which the page can ask for the document as the app sent it.
        ticket: with which the script is asked for: see :class:`recorder.capture.access.Keys`.
    """
    source = SCRIPT_PATH + (f"?{ticket}" if ticket else "")
    attributes = {"src": prefix + source, "data-channel": prefix + CHANNEL_PATH, "data-token": token}
    if nonce:
        attributes["nonce"] = nonce
    if document:
        attributes["data-document"] = document
    if secrets != NO_SECRETS:
        attributes["data-secrets"] = json.dumps(msgspec.to_builtins(secrets))
    words = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<script {words}></script>".encode("ascii", "xmlcharrefreplace")


_DATA = re.compile(r'^import (\w+) from "\./([\w-]+\.json)" with \{ type: "json" \};[ \t]*$', re.MULTILINE)
_IMPORT = re.compile(r'^import \{([\w$,\s]+)\} from "(\.\.?/(?:[\w-]+/)?[\w-]+\.js)";[ \t]*$', re.MULTILINE)
_DECLARATION = re.compile(
    r"^(export )?(?:async )?(?:function\*?|class|const|let) ([A-Za-z_$][\w$]*)", re.MULTILINE
)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.MULTILINE | re.DOTALL)
_FORBIDDEN = re.compile(
    r"^(?:import|export)\b|^(?:const|let|var)\s*[\[{]|^var\b|^await\b|\bimport\s*[.(]", re.MULTILINE
)


def link(folder: Path, entry: str, call: str) -> str:
    """One classic script of the modules in ``folder`` that ``entry`` needs, ending with the statement ``call``.

    Raises:
        LinkError: a module uses a form of import or export beyond ``import { a, b } from "./x.js"`` and ``export``
            before a declaration, declares a name that another one has, or imports one that is not exported.
    """
    exports: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    pieces: list[str] = []

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise LinkError(f"{' -> '.join((*path, name))} is a circle of imports")
        if name in exports:
            return
        source = (folder / name).read_text(encoding="utf-8")
        for data, written in _DATA.findall(source):
            value = json.loads((folder / name).with_name(written).read_text(encoding="utf-8"))
            source = _DATA.sub(lambda m, v=value, d=data: f"const {d} = {json.dumps(v)};", source, count=1)  # type: ignore[misc]
        for names, written in _IMPORT.findall(source):
            module = os.path.normpath(os.path.join(os.path.dirname(name), written)).replace(os.sep, "/")
            add(module, (*path, name))
            for wanted in filter(None, (word.strip() for word in names.split(","))):
                if wanted not in exports[module]:
                    raise LinkError(f"{name} imports {wanted!r}, which {module} does not export by that name")
        body = _IMPORT.sub("", source)
        exports[name] = set()
        for exported, declared in _DECLARATION.findall(body):
            if declared in owners:
                raise LinkError(f"{name} and {owners[declared]} both declare {declared!r} at their top level")
            owners[declared] = name
            if exported:
                exports[name].add(declared)
        body = _DECLARATION.sub(lambda m: m[0].removeprefix("export "), body)
        if found := _FORBIDDEN.search(_COMMENT.sub("", body)):
            raise LinkError(f"{name}: the linker does not know the form {found[0].strip()!r}")
        pieces.append(f"// {name}\n{body.strip()}\n")

    add(entry, ())
    return "(() => {\n" + '"use strict";\n\n' + "\n".join(pieces) + f"\n{call}\n" + "})();\n"


# The document

_SPACE = b" \t\n\r\f"


class HtmlInjector:
    """Puts ``tag`` into a document that passes through in pieces of any size.

    It becomes the first thing inside ``<head>``, or stands before the first thing that is no comment, doctype or
    ``<html>``. All other bytes pass unchanged, and only the few that may still turn out to be the place are held back.
    A document in UTF-16 or UTF-32 passes as it is.
    """

    def __init__(self, tag: bytes) -> None:
        self._tag: bytes | None = tag
        self._held = b""
        self._begun = False
        self._inside = ""
        """What is being passed over: ``<!--`` a comment just begun, ``--`` a comment, ``!`` a declaration, ``tag``, or
        ``head`` for the tag behind which the place is."""
        self._attribute = b""
        """Inside a tag: ``=`` a value is to begin, ``u`` it has no quotes, else the quote that ends it."""

    def feed(self, data: bytes) -> bytes:
        """What to pass on for ``data``."""
        if self._tag is None:
            return data
        buffer, self._held = self._held + data, b""
        at, is_place = self._scan(buffer)
        if is_place:
            tag, self._tag = self._tag, None
            return buffer[:at] + tag + buffer[at:]
        if self._tag is not None:
            self._held = buffer[at:]
            return buffer[:at]
        return buffer

    def finish(self) -> bytes:
        """What is left to pass on at the end."""
        tag, self._tag = self._tag, None
        held, self._held = self._held, b""
        is_place = not self._inside and (self._begun or held)
        return tag + held if tag is not None and is_place else held

    def _scan(self, buffer: bytes) -> tuple[int, bool]:
        """How far ``buffer`` is decided, and whether the place is there."""
        at = 0
        while at < len(buffer):
            if self._inside:
                at, is_over = self._pass_over(buffer, at)
                if not is_over:
                    break
                inside, self._inside = self._inside, ""
                if inside == "head":
                    return at, True
                continue
            start = buffer[at : at + 16]
            if not self._begun:
                if any(mark.startswith(start) and mark != start for mark in _MARKS):
                    break
                self._begun = True
                if start.startswith(_MARKS[0]):
                    at += 3
                    continue
                if start.startswith(_MARKS[1:]):
                    self._tag = None
                    break
            if start.startswith((b"\0", b"<\0")):
                self._tag = None
                break
            if buffer[at] in _SPACE:
                at += 1
                continue
            length = self._open(start.lower())
            if length is None:
                break
            if length == 0:
                return at, True
            at += length
        return at, False

    def _open(self, start: bytes) -> int | None:
        """How long the beginning of what is to be passed over is; 0 if the place is here, None if that is undecided."""
        if start in (b"<", b"<!", b"<!-"):
            return None
        if start.startswith(b"<!--"):
            self._inside = "<!--"
            return 4
        if start.startswith((b"<!", b"<?")):
            self._inside = "!"
            return 2
        for name, inside in ((b"<html", "tag"), (b"<head", "head")):
            if name.startswith(start):
                return None
            if start.startswith(name) and start[len(name)] in _SPACE + b"/>":
                self._inside, self._attribute = inside, b""
                return len(name)
        return 0

    def _pass_over(self, buffer: bytes, at: int) -> tuple[int, bool]:
        """Where in ``buffer`` that ends which is being passed over, or how far it is decided that it does not."""
        if self._inside == "!":
            end = buffer.find(b">", at)
            return (len(buffer), False) if end < 0 else (end + 1, True)
        if self._inside == "<!--":
            # `<!-->` and `<!--->` are whole comments.
            for whole in (b">", b"->"):
                if buffer.startswith(whole, at):
                    return at + len(whole), True
            if buffer[at:] == b"-":
                return at, False
            self._inside = "--"
        if self._inside == "--":
            over = _COMMENT_END.search(buffer, at)
            if over:
                return over.end(), True
            tail = _COMMENT_TAIL.search(buffer, at)
            return (tail.start() if tail else len(buffer)), False
        while at < len(buffer):
            byte = buffer[at : at + 1]
            at += 1
            if self._attribute in (b'"', b"'"):
                if byte == self._attribute:
                    self._attribute = b""
            elif byte == b">":
                return at, True
            elif self._attribute == b"=":
                if byte in (b'"', b"'"):
                    self._attribute = byte
                elif byte not in _SPACE:
                    self._attribute = b"u"
            elif self._attribute == b"u":
                if byte in _SPACE:
                    self._attribute = b""
            elif byte == b"=":
                self._attribute = b"="
        return at, False


_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_COMMENT_END = re.compile(rb"--!?>")
_COMMENT_TAIL = re.compile(rb"-(?:-!?)?\Z")


class WorkerInjector:
    """Puts our script before a worker's own, which passes in pieces of any size and stays strict where it says so."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._has_begun = False

    def feed(self, data: bytes) -> bytes:
        """What to pass on for ``data``."""
        if self._has_begun or not data:
            return data
        self._has_begun = True
        mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
        strict = b'"use strict"; ' if _STRICT.match(data[len(mark) : 4096]) else b""
        return mark + strict + self._script.encode() + data[len(mark) :]

    def finish(self) -> bytes:
        """What is left to pass on at the end."""
        return b""


_STRICT = re.compile(rb"(?:\s|//[^\n]*\n|/\*.*?\*/)*(?:\"use strict\"|'use strict')", re.DOTALL)


# The policy


def amend_csp(value: str, nonce: str) -> str:
    """A ``Content-Security-Policy`` value under which the script with ``nonce`` runs and reaches its own origin.

    Each policy in the value gets what it lacks and nothing more; the rest stays as it was written. A policy in a
    ``<meta>`` is not touched: the script stands before it, but its ``connect-src`` holds from there on.
    """
    return ",".join(_amend_policy(policy, nonce) for policy in value.split(","))


def _amend_policy(policy: str, nonce: str) -> str:
    directives = policy.split(";")
    first: dict[str, int] = {}
    for index, directive in enumerate(directives):
        words = directive.split()
        if words:
            first.setdefault(words[0].lower(), index)

    def sources_of(*names: str) -> tuple[str, list[str]] | None:
        for name in names:
            if name in first:
                return name, directives[first[name]].split()[1:]
        return None

    added: list[str] = []

    def allow(own: tuple[str, ...], target: str, source: str) -> None:
        """Add ``source`` to the directive that decides; where that is the general one, a narrower one is added."""
        found = sources_of(*own, "default-src")
        if found is None:
            return
        name, sources = found
        if source in sources:
            return
        kept = [each for each in sources if each.lower() != "'none'"] + [source]
        if name == "default-src":
            added.append(" ".join([target, *kept]))
        else:
            written = directives[first[name]]
            indent = written[: len(written) - len(written.lstrip())]
            directives[first[name]] = indent + " ".join([name, *kept])

    scripts = sources_of("script-src-elem", "script-src", "default-src")
    if scripts is not None:
        allow(("script-src-elem", "script-src"), "script-src-elem", _script_source(scripts[1], nonce))
    allow(("connect-src",), "connect-src", "'self'")
    if not added:
        return ";".join(directives)
    while directives and not directives[-1].strip():
        directives.pop()
    return ";".join([*directives, *(f" {each}" for each in added)])


def _script_source(sources: list[str], nonce: str) -> str:
    lower = [each.lower() for each in sources]
    inline_holds = "'unsafe-inline'" in lower and not any(
        each == "'strict-dynamic'" or each.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-"))
        for each in lower
    )
    # A nonce switches 'unsafe-inline' off, and with it the app's own scripts.
    return "'self'" if inline_holds else f"'nonce-{nonce}'"

"""What is served of one app, as it then is: its endpoints as ``recorder.toml`` has them, what that adds, and the
sessions of a folder."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from recorder import config as configs
from recorder.adapters import Selection, workflow
from recorder.adapters.http.describe import named
from recorder.api import Api, Endpoint, Parameter
from recorder.config import NOTHING, Config, Source
from recorder.errors import FileError, RecorderError
from recorder.replay.transport import LOGINS, log_in_to
from recorder.serve.live import NotDescribed, read_app
from recorder.serve.page import examples
from recorder.serve.tools import Tool, added_by, named_apart, tool_of, tools_of
from recorder.session import App, Call, Session, read
from recorder.workflow import identifier

FRESH = 5.0
"""Seconds for which requests are held against what an app said of itself, before it is asked again."""
MOST = 64 * 1024 * 1024
"""Bytes of a file that is looked into for a session."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """One look: ``app`` and ``api`` as the app says them, ``shown`` the latter as the configuration has it. ``calls``
    are recorded ones by the ids of their endpoints, the newest of each."""

    app: App
    api: Api
    shown: Api
    tools: tuple[Tool, ...]
    calls: dict[str, Call] = {}


class _Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the folder, when it began, and a call of each endpoint."""

    tool: Tool
    started: str
    calls: dict[str, Call]


class Offer:
    """What is served of the app at ``url``.

    Args:
        source: the ``recorder.toml`` that was read, if any.
        environment: holds the login of an app that wants one.
        description: the app's OpenAPI document in place of its own, if any.
        folder: where sessions are, which are served too; None for none.
        login: with which the app is asked what it offers, as ``user:password``.
    """

    def __init__(
        self,
        url: str,
        *,
        source: Source | None = None,
        environment: Mapping[str, str] | None = None,
        description: str = "",
        folder: Path | None = None,
        login: str = "",
    ) -> None:
        self.url = url
        self._login = login
        self.source = source
        self.environment = os.environ if environment is None else environment
        self.folder = folder
        self._description = description
        self._added = added_by(source, read) if source is not None else []
        self._last: tuple[float, App, Api] | None = None
        self._asking: asyncio.Lock | None = None
        self._sessions: dict[Path, tuple[int, _Recorded | None]] = {}

    @property
    def config(self) -> Config:
        """What the configuration says."""
        return self.source.config if self.source is not None else NOTHING

    @property
    def added(self) -> Sequence[Tool]:
        """What the configuration adds."""
        return self._added

    async def app(self, seconds: float = FRESH) -> tuple[App, Api]:
        """The app and what it offers, as it said not longer ago than ``seconds``.

        Raises:
            AppError: as :func:`read_app`.
            FileError: the configuration does not fit it.
        """
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:
            if self._last is None or time.monotonic() - self._last[0] > seconds:
                found = await self._ask()
                if self.source is not None:
                    self.source.checked(found[1])
                self._last = (time.monotonic(), *found)
        return self._last[1:]

    async def _ask(self) -> tuple[App, Api]:
        """What the app says; of one that says nothing, the requests that the configuration names."""
        before = LOGINS.get()
        if self._login:
            log_in_to(self.url, self._login)
        try:
            return await read_app(
                self.url, environment=self.environment, description=self._description, patience=0
            )
        except NotDescribed:
            if self.source is None and not self._recorded():
                raise
            root = self.url.partition("?")[0].rstrip("/")
            return App(url=root, kind="http"), Api(endpoints=tuple(named_requests(self.config.endpoints)))
        finally:
            LOGINS.set(before)

    async def read(self) -> Offered:
        """Everything.

        Raises:
            AppError: nobody answers at the address, or it says nowhere what it offers and nothing was recorded.
            FileError: the configuration does not fit the app.
        """
        app, api = await self.app(0.0)
        shown = self.config.applied(api)
        tools = [*self._added, *tools_of(app, shown)]
        taken = {tool.name for tool in tools}
        recorded = self._recorded()
        tools += [one.tool for one in recorded if one.tool.name not in taken]
        calls: dict[str, Call] = {}
        for one in sorted(recorded, key=lambda one: one.started):
            calls |= one.calls
        return Offered(app=app, api=api, shown=shown, tools=tuple(named_apart(tools)), calls=calls)

    def workflows(self) -> list[Tool]:
        """The recorded sessions: those of the folder, and those that the configuration adds."""
        added = [tool for tool in self._added if tool.source == "session"]
        taken = {tool.name for tool in added}
        return added + [one.tool for one in self._recorded() if one.tool.name not in taken]

    def _recorded(self) -> list[_Recorded]:
        """Each session of this app in the folder, the newest reading of each file."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = []
        under_another_name = {
            (self.source.folder / added.session).resolve()
            for added in self.config.add.values()
            if self.source is not None and added.session
        }
        for path in sorted(self.folder.iterdir()):
            if (
                path.suffix not in (".json", ".zip")
                or not path.is_file()
                or path.resolve() in under_another_name
            ):
                continue
            changed, one = path.stat().st_mtime_ns, None
            if path in self._sessions and self._sessions[path][0] == changed:
                one = self._sessions[path][1]
            elif (session := self.session_in(path)) is not None:
                selection = Selection(name=identifier(path.stem, "session"))
                tool = tool_of(session, workflow(session, selection), path.parent)
                one = _Recorded(tool=tool, started=session.started, calls=examples(session))
            self._sessions[path] = (changed, one)
            if one is not None:
                found.append(one)
        return found

    def session_in(self, path: Path) -> Session | None:
        """The session in a file, if it is one of this app."""
        try:
            if path.stat().st_size > MOST:
                return None
            with path.open("rb") as file:
                begins = file.read(4096)
            if path.suffix == ".json" and b'"recorder-session/' not in begins:
                return None
            session = read(path)
        except (RecorderError, OSError):
            return None
        here, there = urlsplit(self.url), urlsplit(session.app.url)
        return session if here.netloc == there.netloc else None


def folder_of(output: str | os.PathLike[str] | None) -> Path:
    """Where sessions are written, given the file or folder for them; this folder where nothing is given."""
    path = Path(output) if output is not None else Path()
    return path if path.is_dir() or not path.suffix else path.parent


def named_requests(keys: Iterable[str]) -> Iterator[Endpoint]:
    """An endpoint for each key that is a method and a path."""
    for key in keys:
        method, space, path = key.partition(" ")
        if space and method.isupper() and path.startswith("/"):
            yield Endpoint(
                id=key,
                name=named(method, path),
                method=method,
                path=path,
                parameters=tuple(
                    Parameter(name=name, location="path", required=True, schema={"type": "string"})
                    for name in re.findall(r"\{([^{}/:]+)(?::path)?\}", path)
                ),
            )


def source_of(path: Path | None) -> Source | None:
    """The configuration at ``path``, or the one of this folder where no path is given and there is one.

    Raises:
        FileError: it cannot be used.
    """
    if path is not None:
        return configs.read(path)
    found = Path(configs.FILE)
    if not found.is_file():
        return None
    if hasattr(os, "geteuid"):
        # It names functions of one's own, which are run: nobody else may have put it here.
        about = found.stat()
        if about.st_uid not in (os.geteuid(), 0) or about.st_mode & 0o002:
            raise FileError(
                f"{found} is not read: it belongs to another user, or others may write to it",
                f"Make it yours, or name it with --config {found}",
            )
    return configs.read(found)

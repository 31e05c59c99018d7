"""Options that several verbs take, in the same words; each verb gets all of its own as one struct."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recorder.cli.terminal import say
from recorder.errors import UsageError

if TYPE_CHECKING:
    from recorder.adapters import Selection
    from recorder.api import Api
    from recorder.config import Source
    from recorder.session import App, Session

Verb = TypeVar("Verb", bound=Callable[..., Any])
Taken = TypeVar("Taken")


def taking(options: Callable[..., Taken]) -> Callable[[Callable[[Taken], int]], Callable[..., int]]:
    """A verb whose options are passed as one struct; the struct's fields are named as the options are."""

    def decorated(verb: Callable[[Taken], int]) -> Callable[..., int]:
        @wraps(verb)
        def called(**values: Any) -> int:
            return verb(options(**values))

        return called

    return decorated


def examples(*lines: str) -> str:
    """A verb's epilog: commands that can be copied."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Listed(click.Option):
    """An option whose help lists what is registered, which is imported only when help is asked for."""

    def __init__(self, *words: Any, listed: Callable[[], str], **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.listed = listed

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = self.listed()
        return super().get_help_record(ctx)


URL = click.option("--url", help="The app to use.  [default: the recorded one]")
VALUES = click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a variable; a file by its path. Repeatable.",
)
TIMEOUT = click.option(
    "--timeout", default=120.0, show_default=True, metavar="SECONDS", help="How long one call may take."
)
PATIENCE = click.option(
    "--wait",
    "patience",
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an app that is still starting.",
)
OPENAPI = click.option(
    "--openapi",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An OpenAPI document, which names the endpoints of an app that does not serve its own.",
)
FILE_LIMIT = click.option(
    "--file-limit",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    metavar="MB",
    help="The largest file that is kept with a session; of a larger one it says that it was left out.",
)
CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names, hides, disables and adds endpoints; what else is secret.  "
    "[default: recorder.toml, if there is one here]",
)


def output(help: str) -> Callable[[Verb], Verb]:
    """``--output``, which names one file."""
    return click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=help)


@dataclass(frozen=True)
class Choosing:
    """The options of :func:`selection`."""

    only: tuple[str, ...]
    skip: tuple[str, ...]
    raw: bool

    def of(self, file: Path, name: str | None = None) -> Selection:
        """The calls that become steps, as a workflow named ``name`` or after the file."""
        return selected(file, self.only, self.skip, self.raw, name)


def selected(
    file: Path,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    raw: bool = False,
    name: str | None = None,
) -> Selection:
    """A selection of a session's calls, named ``name`` or after the file."""
    from recorder.adapters import Selection
    from recorder.workflow import identifier

    return Selection(only=only, skip=skip, raw=raw, name=identifier(name or file.stem, "session"))


def selection(verb: Verb) -> Verb:
    """The options that choose which calls become steps."""
    for option in (
        click.option(
            "--raw",
            is_flag=True,
            help="Keep what is left out otherwise: load events, ticks, each call of a chat turn.",
        ),
        click.option(
            "--skip", multiple=True, metavar="CALL", help="Leave out a call, by id or endpoint. Repeatable."
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="CALL",
            help="Keep only this call, by id or endpoint. Repeatable.",
        ),
    ):
        verb = option(verb)
    return verb


@dataclass(frozen=True)
class Describing:
    """The options :data:`OPENAPI` and :data:`CONFIG`."""

    openapi: Path | None
    config: Path | None

    @cached_property
    def description(self) -> str:
        """The text of the OpenAPI document, empty without one."""
        from recorder.capture.fetch import read_description

        return read_description(self.openapi)

    @cached_property
    def configuration(self) -> Source | None:
        """The configuration, None where there is none."""
        from recorder.serve.offer import source_of

        return source_of(self.config)

    def configured(self, api: Api) -> Api:
        """The endpoints as the configuration has them.

        Raises:
            FileError: the configuration does not fit them.
        """
        if self.configuration is None:
            return api
        self.configuration.checked(api)
        return self.configuration.config.applied(api)

    def running(self, url: str, is_only: bool = True) -> tuple[App, Api]:
        """The app that runs at ``url`` and what it offers, as the configuration has it; ``is_only`` as in
        :func:`app_at`."""
        import asyncio

        from recorder.serve.live import read_app

        where = app_at(url, is_only)
        reading = read_app(where, environment=os.environ, description=self.description, on_wait=say)
        app, api = asyncio.run(reading)
        return app, self.configured(api)


def parse_settings(texts: Iterable[str]) -> dict[str, str]:
    """Each ``NAME=VALUE``.

    Raises:
        UsageError: one has no ``=``.
    """
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text!r} names no value", "Write --set NAME=VALUE")
        settings[name] = value
    return settings


def address(url: str) -> str:
    """``url`` with a scheme.

    Raises:
        UsageError: it is no web address.
    """
    from urllib.parse import urlsplit

    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        usable = False
    if not usable:
        shown = re.sub(r"//[^/@]*@", "//…@", url)
        raise UsageError(
            f"{shown!r} is not the address of a web app", "Give one such as http://127.0.0.1:7860"
        )
    return full


def login_for(url: str, is_only: bool = True) -> tuple[str, str]:
    """The address of an app without a login in it, and the login: the one in the address, else the one in
    ``RECORDER_LOGIN`` where the app ``is_only`` one of those that are named."""
    bare, login = without_login(address(url))
    if login:
        say(
            "a login in the address shows in the list of processes: give it in RECORDER_LOGIN, as user:password"
        )
    return bare, login or (os.environ.get("RECORDER_LOGIN", "") if is_only else "")


def app_at(url: str, is_only: bool = True) -> str:
    """As :func:`login_for`, the login being sent with what is asked of the app from here on. The recorded calls that
    were sent with one find it where they look."""
    bare, login = login_for(url, is_only)
    if login:
        from recorder.placeholders import LOGIN
        from recorder.replay.transport import log_in_to

        log_in_to(bare, login)
        for name, value in zip(LOGIN, login.partition(":")[::2], strict=True):
            os.environ.setdefault(name, value)
    return bare


def app_named(url: str | None, session: Session) -> str | None:
    """The address that was given in place of the recorded one, as :func:`app_at`; None where the recorded one holds."""
    if url is not None:
        return app_at(url)
    if session.app.url:
        app_at(session.app.url)
    return None


def without_login(url: str) -> tuple[str, str]:
    """An address without the login in it, and the login as ``user:password``; empty if there is none."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.username is None:
        return url, ""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, f"{unquote(parts.username)}:{unquote(parts.password or '')}"

"""A running app as it describes itself: what it is, and its endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import aiohttp

from recorder.adapters.gradio.describe import endpoint
from recorder.adapters.http.describe import PLACES, parse
from recorder.api import Api
from recorder.errors import AppError
from recorder.replay.http import HttpSite
from recorder.replay.transport import App as GradioApp
from recorder.replay.transport import NotGradio, own_headers
from recorder.session import App

SECONDS = 20.0
"""How long one description may take."""


class NotDescribed(AppError):
    """Somebody answers there who says nowhere what they offer."""


async def read_app(
    url: str,
    *,
    environment: Mapping[str, str],
    description: str = "",
    patience: float = 10.0,
    on_wait: Callable[[str], None] | None = None,
) -> tuple[App, Api]:
    """The app at ``url`` and what it offers.

    Args:
        environment: holds the login of an app that wants one.
        description: the app's OpenAPI document in place of its own, if any.
        patience: seconds to wait for an app that is still starting.
        on_wait: told once, in a sentence, that there is waiting.

    Raises:
        AppError: nobody answers, it refuses the login, or it does not describe itself.
    """
    root = url.partition("?")[0].partition("#")[0].rstrip("/")
    async with HttpSite(root, patience, on_wait):
        pass
    if not description:
        try:
            return await _gradio(root, environment)
        except NotGradio:
            description = await _described(root)
    found = parse(description)
    if found is None:
        raise NotDescribed(
            f"{root} is no Gradio app, and describes itself at none of {', '.join(PLACES)}",
            "Name its OpenAPI document with --openapi FILE, or record it and name the session",
        )
    title, operations = found
    return App(url=root, kind="http", title=title), Api(endpoints=tuple(o.endpoint for o in operations))


async def _gradio(root: str, environment: Mapping[str, str]) -> tuple[App, Api]:
    async with await GradioApp.connect(root, environment=environment, patience=0) as app:
        said = app.description
        found = [
            endpoint(said, dependency)
            for dependency in said.dependencies.values()
            if dependency.backend and dependency.rendered_in is None
        ]
        listed = App(
            url=app.root,
            kind="gradio",
            version=said.version,
            title=said.title,
            api_prefix=said.api_prefix,
            protocol=said.protocol,
            auth=said.auth,
        )
        return listed, Api(endpoints=tuple(found))


async def _described(root: str) -> str:
    """The first of the usual descriptions that is one; empty if none is."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    middlewares = (own_headers(root),)
    async with aiohttp.ClientSession(timeout=timeout, middlewares=middlewares, trust_env=True) as http:
        for place in dict.fromkeys(
            [*(root + place for place in PLACES), *(urljoin(root, place) for place in PLACES)]
        ):
            try:
                async with http.get(place) as response:
                    text = await response.text(errors="replace") if response.status == 200 else ""
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue
            if parse(text) is not None:
                return text
    return ""

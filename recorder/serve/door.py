"""Whether a request may reach the app, and under which names: what ``recorder.toml`` says of each."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from recorder.adapters import adapters
from recorder.adapters.gradio import amending
from recorder.address import parts_of
from recorder.api import Api, Endpoint
from recorder.capture.beside import PASSES, Passing
from recorder.errors import RecorderError
from recorder.serve.joined import Joined
from recorder.serve.offer import Offer, named_requests

Body = Callable[[], Awaitable[bytes]]


class Door:
    """Decides about the requests to one app; ``joined`` is what is added to it."""

    def __init__(self, offer: Offer, joined: Joined | None) -> None:
        self._offer = offer
        self._joined = joined

    @property
    def watches(self) -> bool:
        """Whether there is anything to decide."""
        return self._offer.source is not None

    async def admit(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> Passing:
        """What becomes of a request.

        Args:
            target: path and query, as they were sent.
            headers: by lower-case names.
            body: reads the whole of it.
        """
        path = target.partition("?")[0]
        try:
            app, api = await self._offer.app()
        except RecorderError as error:
            # What cannot be asked cannot be held against the rules; a page of the app may say itself what is wrong.
            named = Api(endpoints=tuple(named_requests(self._offer.config.endpoints)))
            if method in ("GET", "HEAD") and not adapters()["http"].addressed(named, method, path, b""):
                return PASSES
            return Passing(status=503, sentence=str(error))
        adapter = adapters()[app.kind]
        is_gradio, is_page = app.kind == "gradio", is_own_page(headers)
        if is_gradio and method == "GET" and not is_page:
            if self._joined is not None and self._joined.takes(method, target, b""):
                return Passing(answered=True)
            if amend := self._amending(target, api):
                return Passing(amend=amend)
        target_there = (
            amending.renamed(target, amending.names_of(api, self._offer.config)) if is_gradio else ""
        )
        if target_there:
            path = target_there.partition("?")[0]
        is_cancel = is_gradio and method == "POST" and path.rstrip("/").endswith("/cancel")
        if not adapter.is_call(method, path) and not (is_cancel and self._joined is not None):
            return Passing(target=target_there)
        said = await body() if is_gradio else None
        if (
            self._joined is not None
            and is_gradio
            and not is_page
            and self._joined.takes(method, target, said or b"")
        ):
            return Passing(answered=True, body=said)
        for endpoint in adapter.addressed(api, method, path, said or b""):
            if self._is_refused(endpoint, headers):
                name = self._offer.config.name(endpoint)
                return Passing(status=403, sentence=f"{name} is disabled here.", body=said)
        return Passing(body=said, target=target_there)

    def _amending(self, target: str, api: Api) -> Callable[[bytes], bytes] | None:
        """What is done with the app's answer, where it says what it offers."""
        path, _, query = target.partition("?")
        which, config = amending.document_at(path), self._offer.config
        added = self._joined.endpoints if self._joined is not None else []

        def amend(text: bytes) -> bytes:
            try:
                said = json.loads(text)
            except (ValueError, RecursionError):
                return text
            if which == "config":
                made = amending.amended_config(said, api, config, added)
            else:
                everything = "all_endpoints=true" in query.lower()
                made = amending.amended_info(said, api, config, added, everything=everything)
            return json.dumps(made).encode()

        return amend if which else None

    def _is_refused(self, endpoint: Endpoint, headers: Mapping[str, str]) -> bool:
        refused_to = self._offer.config.refused_to(endpoint)
        return refused_to == "all" or (refused_to == "api" and not is_own_page(headers))


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Whether it is a page of the app itself that asks, or a person who opens it, as far as a browser says.

    Source: https://www.w3.org/TR/fetch-metadata/. Programs can say the same: what must be safe from them is to be
    refused to all.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin" or (site == "none" and headers.get("sec-fetch-mode") == "navigate")
    # Browsers say it to addresses of this machine and to https only.
    came_from = headers.get("origin") or headers.get("referer") or ""
    return parts_of(came_from).netloc.lower() == headers.get("host", "").lower() != ""

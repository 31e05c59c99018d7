"""Whether a request may reach the app, and under which names: what ``recorder.toml`` says of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from recorder.adapters import adapter_of, adapters
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
            is_named = any(adapter.addressed(named, method, path, b"") for adapter in adapters().values())
            if method in ("GET", "HEAD") and not is_named:
                return PASSES
            return Passing(status=503, sentence=str(error))
        adapter, config, is_page = adapter_of(app.kind), self._offer.config, is_own_page(headers)
        naming, joined = adapter.naming, self._joined
        if naming is not None and method == "GET" and not is_page:
            if joined is not None and joined.takes(method, target, b""):
                return Passing(answered=True)
            added = joined.endpoints if joined is not None else []
            if amend := naming.amending(target, api, config, added):
                return Passing(amend=amend)
        target_there = naming.asked(target, api, config) if naming is not None else ""
        if target_there:
            path = target_there.partition("?")[0]
        may_end_ours = naming is not None and joined is not None and naming.is_cancel(method, path)
        if not adapter.is_call(method, path) and not may_end_ours:
            return Passing(target=target_there)
        said = await body() if naming is not None else None
        if (
            joined is not None
            and naming is not None
            and not is_page
            and joined.takes(method, target, said or b"")
        ):
            return Passing(answered=True, body=said)
        for endpoint in adapter.addressed(api, method, path, said or b""):
            if self._is_refused(endpoint, headers):
                return Passing(status=403, sentence=f"{config.name(endpoint)} is disabled here.", body=said)
        return Passing(body=said, target=target_there)

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

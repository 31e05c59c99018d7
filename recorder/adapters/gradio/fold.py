"""The fold: Gradio's traffic and the app's own description become a Session.

Everything is worked out when the session is asked for, from first event to last, so that what the app only said later
(its config, a file's bytes) is known throughout, and a live fold and one from a journal agree.
"""

from __future__ import annotations

from typing import Any

import msgspec

from recorder.adapters import Want
from recorder.adapters.gradio.calls import Builder
from recorder.adapters.gradio.chat import chat_endpoint, collapse_chats
from recorder.adapters.gradio.describe import Component, Dependency, Description, describe, endpoint
from recorder.adapters.gradio.frames import join_frames
from recorder.adapters.gradio.timeline import Resolved, Timeline, in_effect
from recorder.adapters.gradio.traffic import App as WireApp
from recorder.adapters.gradio.traffic import Traffic, WireCall, page_query
from recorder.address import parts_of
from recorder.api import Api, Endpoint, Parameter
from recorder.events import AnyEvent
from recorder.session import App, Omitted, SecretName, Session, iso


class GradioFold:
    """A :class:`recorder.adapters.Fold` for Gradio apps."""

    def __init__(self) -> None:
        self._traffic = Traffic()
        self._descriptions: dict[WireApp, tuple[Any, Any, Description]] = {}

    def feed(self, event: AnyEvent) -> None:
        """Take one event."""
        self._traffic.feed(event)

    def wants(self) -> list[Want]:
        """What the fold needs read from the app."""
        return self._traffic.wants()

    @property
    def knows(self) -> bool:
        """Whether a page or an app has said that it is Gradio's, or a page has called one."""
        return self._traffic.is_gradio

    @property
    def calls(self) -> int:
        """How many calls a person would count so far."""
        return len(self._counted())

    @property
    def last(self) -> str:
        """The name of the last of them."""
        counted = self._counted()
        if not counted:
            return ""
        dependency = self._dependency(counted[-1])
        if (server := counted[-1].server) is not None:
            return server.function
        public = chat_endpoint(dependency, self._described(counted[-1]))
        return (public or dependency).api_name or f"fn {dependency.id}"

    @property
    def open(self) -> int:
        """How many recorded calls are not over."""
        return sum(call.open and not call.before for call in self._traffic.calls)

    def _counted(self) -> list[WireCall]:
        def counts(call: WireCall) -> bool:
            if (server := call.server) is not None:
                component = self._described(call).components.get(server.component_id)
                return call.act is not None and _control_asks(component, server.function) == ""
            dependency = self._dependency(call)
            if dependency.visibility == "hidden" and dependency.trigger_after is not None:
                return False  # the inner workings of a chat turn, which counts once
            return not any(event in ("load", "tick") for _, event in dependency.targets)

        return [call for call in self._traffic.calls if not call.before and counts(call)]

    def _dependency(self, call: WireCall) -> Dependency:
        found = self._described(call).dependencies.get(call.fn_index)
        return found or Dependency(id=call.fn_index)

    def _described(self, call: WireCall) -> Description:
        return self._description(self._traffic.app_of(call))

    def _description(self, app: WireApp) -> Description:
        cached = self._descriptions.get(app)
        if cached is None or cached[0] is not app.config or cached[1] is not app.info:
            cached = (app.config, app.info, describe(app.config, app.info) or Description())
            self._descriptions[app] = cached
        return cached[2]

    def session(self) -> Session:
        """What happened so far in the app that was used most."""
        return self._session(self._apps()[0])

    def others(self) -> list[Session]:
        """What happened in each other app on the same pages that was used."""
        return [self._session(app) for app in self._apps()[1:]]

    def _session(self, app: WireApp) -> Session:
        traffic = self._traffic
        description = self._description(app)
        calls = [call for call in traffic.calls if traffic.app_of(call) is app]
        resolved = Timeline(description, calls).run()
        made = collapse_chats(resolved, description)
        _omit(resolved, description)
        resolved = join_frames(resolved)
        _mark_setup(resolved, made)
        build = Builder(app, traffic)
        kept = [r for r in [*resolved, *made] if not r.omitted]
        kept = in_effect(sorted(kept, key=lambda r: r.wire.order))
        omitted = in_effect([r for r in resolved if r.omitted])
        notes = [f"{lost.count} events were not kept: {lost.why}" for lost in traffic.lost]
        if calls and app.config is None:
            notes.append("The app's description could not be read, so that its calls have numbers for names")
        if any(call.root == app.root and traffic.app_of(call) is not app for call in traffic.calls):
            notes.append(
                "The app was started anew with other functions; the calls of each are in a session of their own"
            )
        called = {r.endpoint.id: r.endpoint for r in [*resolved, *made]}
        listed = [endpoint(description, d) for d in description.dependencies.values() if d.backend]
        # A chat app has dozens of inner endpoints, each with a chat's whole schema: those nobody called go without.
        endpoints = {e.id: e if e.visibility == "public" or e.id in called else _bare(e) for e in listed}
        endpoints = {**endpoints, **{id: e for id, e in called.items() if id not in endpoints}}
        return Session(
            app=self._app(app, description, [r.wire for r in kept] or calls),
            started=iso(traffic.start.at if traffic.start else None),
            stopped=iso(traffic.stop.at if traffic.stop else None),
            api=Api(endpoints=tuple(endpoints.values())),
            calls=tuple(build.call(r) for r in kept),
            omitted=tuple(Omitted(call=build.call(r), why=r.omitted, setup=r.setup) for r in omitted),
            secrets=tuple(
                SecretName(name=s.name, placeholder=s.placeholder, hint=s.hint)
                for s in traffic.secrets.values()
            ),
            notes=tuple(notes),
        )

    def _apps(self) -> list[WireApp]:
        """The apps that were recorded, by their calls; where there are none, the first that described itself."""
        counts: dict[WireApp, int] = {}
        for call in self._traffic.calls:
            app = self._traffic.app_of(call)
            counts[app] = counts.get(app, 0) + (not call.before)
        if any(counts.values()):
            return sorted((app for app in counts if counts[app]), key=lambda app: -counts[app])
        described = [app for app in self._traffic.apps.values() if app.config is not None]
        return [*counts, *described, WireApp(root="")][:1]

    def _app(self, app: WireApp, description: Description, calls: list[WireCall]) -> App:
        mark = self._traffic.start.url if self._traffic.start else ""
        url = app.root or mark.rstrip("/")
        said, seen = parts_of(mark), parts_of(app.root)
        if said.netloc and seen.netloc in {
            parts_of(page.url).netloc for page in self._traffic.pages.values()
        }:
            # The page may have seen the app through the recorder's own address; a script wants the app's.
            url = f"{said.scheme}://{said.netloc}{seen.path}"
        return App(
            url=url,
            kind="gradio",
            title=description.title,
            version=description.version,
            api_prefix=app.prefix or description.api_prefix,
            protocol=description.protocol,
            query=page_query(calls[0]) if calls else "",
            auth=description.auth,
        )


def _bare(endpoint: Endpoint) -> Endpoint:
    def bare(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        return tuple(
            msgspec.structs.replace(p, schema=None, python_type="", default=None) for p in parameters
        )

    return msgspec.structs.replace(
        endpoint, parameters=bare(endpoint.parameters), returns=bare(endpoint.returns)
    )


def _control_asks(component: Component | None, function: str) -> str:
    """Why a control of Gradio's own asks this of the server, for itself and without effect; else empty."""
    return {
        ("fileexplorer", "ls"): "the control asked for the names that it shows",
        ("dialogue", "format"): "the control asked how its value is written",
        ("dialogue", "unformat"): "the control asked how its text is read",
    }.get((component.type if component else "", function), "")


def _omit(resolved: list[Resolved], description: Description) -> None:
    for r in resolved:
        root = r.root
        if (server := r.wire.server) is not None:
            r.omitted = _control_asks(description.components.get(server.component_id), server.function)
        if r.omitted:
            continue
        if r.wire.before:
            r.omitted = "made before recording started"
        elif root.trigger.kind == "page":
            r.omitted = (
                "made by the page as it loaded" if r is root else f"followed {root.id}, which the page made"
            )
        elif root.trigger.kind == "timer":
            r.omitted = "made by a timer" if r is root else f"followed {root.id}, which a timer made"
        elif _loads_example(r.dependency):
            r.omitted = "put an example into the controls; its values are in the calls that follow"
    # An image editor sends its pictures ahead of the call that then names them, if it makes one.
    named = {
        raw["id"]
        for r in resolved
        for raw in r.wire.data
        if not r.omitted
        and r.wire.server is None
        and isinstance(raw, dict)
        and isinstance(raw.get("id"), str)
    }
    for r in resolved:
        component = r.endpoint.parameters[0].component if r.wire.server is not None else ""
        if (component, r.endpoint.server_fn) == ("imageeditor", "accept_blobs") and not r.wire.before:
            sent = r.wire.data[0]
            needed = isinstance(sent, dict) and sent.get("id") in named
            r.omitted = "" if needed else "no call asked for the picture that the control sent"


def _loads_example(dependency: Dependency) -> bool:
    name = dependency.api_name or ""
    return name.startswith("load_example") and dependency.visibility != "public"


def _mark_setup(resolved: list[Resolved], made: list[Resolved]) -> None:
    """Mark the omitted calls without which a kept one would meet another State, or no endpoint at all."""
    replaced = {id for r in made for id in r.stands_for}
    candidates: dict[tuple[str, str, int | None], list[Resolved]] = {}
    for r in resolved:
        if not r.omitted or r.id in replaced or r.wire.status != "ok" or r.root.trigger.kind == "timer":
            continue
        if r.wire.renders:
            # Any render moves the numbers that the endpoints of the next one get.
            candidates.setdefault((r.wire.page, "renders", None), []).append(r)
        for parameter in r.endpoint.returns:
            if parameter.state:
                candidates.setdefault((r.wire.page, "fills", parameter.component_id), []).append(r)
    needed = [r for r in [*resolved, *made] if not r.omitted]
    while needed:
        call = needed.pop()
        wanted = [("fills", p.component_id) for p in call.endpoint.parameters if p.state]
        if call.dependency.rendered_in is not None:
            wanted.append(("renders", None))
        for what, key in wanted:
            for earlier in candidates.get((call.wire.page, what, key), ()):
                if not earlier.setup and earlier.wire.order < call.wire.order:
                    earlier.setup = True
                    needed.append(earlier)

"""What an app offers: its endpoints, their parameters and what they return."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Visibility = Literal["public", "hidden", "private"]
"""public: listed; hidden: callable by name, not listed; private: no public client can call it."""


Location = Literal["", "path", "query", "header", "json", "form", "multipart", "body"]
"""Where in an HTTP request a value travels; empty for Gradio, whose calls are lists of values. ``json`` is a member of
a JSON object, or without a name the whole of it; ``form`` and ``multipart`` are fields; ``body`` is a body of another
type."""


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One argument of an endpoint, or one value it returns.

    ``name`` is what the public client calls it (empty where there is no such name), ``label`` what the person sees,
    ``component`` the kind of control (``textbox``), ``component_id`` its id in the app. ``schema`` is JSON Schema.
    ``state`` marks a value that lives on the server and never travels; ``skipped`` one that the public client
    leaves out. ``required``: the app of an HTTP endpoint says that it must be there. ``example`` is
    the app's own.
    """

    name: str = ""
    label: str = ""
    component: str = ""
    component_id: int | None = None
    schema: Any = None
    python_type: str = ""
    description: str = ""
    has_default: bool = False
    default: Any = None
    required: bool = False
    example: Any = None
    choices: tuple[Any, ...] = ()
    state: bool = False
    skipped: bool = False
    location: Location = ""


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a call addresses.

    ``id`` names it within the session file (``/greet``, ``fn:7``, ``GET /items/{id}``). For Gradio ``fn_index`` is the
    dependency's id and ``api_name`` its public name without the slash, if it has one. ``rendered_in`` is the
    number of the ``gr.render`` that created it at run time. ``parameters`` and ``returns`` are in wire order
    and include State.
    """

    id: str
    name: str = ""
    api_name: str | None = None
    fn_index: int | None = None
    visibility: Visibility = "public"
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    returns: tuple[Parameter, ...] = ()
    generator: bool = False
    queue: bool = True
    batch: bool = False
    event_data: bool = False
    rendered_in: int | None = None
    connection: str = ""
    """``stream`` where one call takes many frames, ``form`` where its one input is the fields of a form; empty
    otherwise."""
    method: str = ""
    """Of an HTTP endpoint: ``GET`` and so on, or ``WS`` where a WebSocket is opened."""
    path: str = ""
    """Of an HTTP endpoint: its path template relative to the app, ``/items/{item_id}``, or one with scheme and host
    where it is on another server."""
    server_fn: str = ""
    """The name of a function that a control has on the server; the control is that of the first parameter."""


class Api(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The endpoints of an app as they stood."""

    endpoints: tuple[Endpoint, ...] = ()

    def endpoint(self, id: str) -> Endpoint | None:
        """The endpoint of that id, or None."""
        return next((e for e in self.endpoints if e.id == id), None)

"""Renderers: a Workflow becomes text in one language.

To add one: a module here with an object that fits :class:`Renderer`, its template, and its line in the registry.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from recorder.errors import UsageError
from recorder.registry import Registry
from recorder.workflow import Workflow


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to write a program, whatever its target.

    ``files`` is the path from the script's folder to the session file's folder (``.`` where they are the same), against
    which the ``path`` of every file leaf is resolved when the script runs. ``rows`` are other values to test with, by
    the names of their variables: JSON, for a file its path, and for one inside a value a ``Path``. ``style`` is one of
    the target's :data:`STYLES`, or empty for the first of them. ``flat``: each call is written by itself, never in a
    loop. ``others`` are more recordings of the same app, for a target that describes it.
    """

    files: str = "."
    rows: tuple[dict[str, Any], ...] = ()
    style: str = ""
    flat: bool = False
    others: tuple[Workflow, ...] = ()


DEFAULTS = Options()

STYLES = {"python": ("sync", "async"), "javascript": ("node", "browser")}
"""The targets that can be written in several ways, each with the names of these."""


class Renderer(Protocol):
    """``name`` is what ``--target`` takes; ``suffix`` the usual file ending (``.py``)."""

    name: str
    suffix: str

    def render(self, workflow: Workflow, options: Options) -> str: ...


_RENDERERS: dict[str, Registry[Renderer]] = {
    "gradio": Registry(
        {
            "python": "recorder.render.python:PYTHON",
            "javascript": "recorder.render.javascript:JAVASCRIPT",
            "curl": "recorder.render.curl:CURL",
            "pytest": "recorder.render.pytest:PYTEST",
            "locust": "recorder.render.locust:LOCUST",
            "markdown": "recorder.render.markdown:MARKDOWN",
        }
    ),
    "http": Registry(
        {
            "python": "recorder.render.http.python:PYTHON",
            "javascript": "recorder.render.http.javascript:JAVASCRIPT",
            "curl": "recorder.render.http.curl:CURL",
            "pytest": "recorder.render.http.pytest:PYTEST",
            "locust": "recorder.render.http.locust:LOCUST",
            "mcp": "recorder.render.http.mcp:MCP",
            "markdown": "recorder.render.markdown:MARKDOWN",
            "openapi": "recorder.render.http.openapi:OPENAPI",
            "har": "recorder.render.http.har:HAR",
        }
    ),
}


def renderers(kind: str) -> Registry[Renderer]:
    """The targets for one kind of app, in the order in which help lists them.

    Raises:
        UsageError: nothing is written for this kind of app.
    """
    known = _RENDERERS.get(kind)
    if known is None:
        raise UsageError(
            f"No program can be written for apps of kind {kind!r}",
            "Update the recorder with `pip install -U api-recorder`",
        )
    return known


def targets() -> tuple[str, ...]:
    """The names of all targets, whatever kind of app they are for."""
    return tuple(dict.fromkeys(name for known in _RENDERERS.values() for name in known))


def render(workflow: Workflow, target: str, options: Options = DEFAULTS) -> str:
    """The text of ``workflow`` for ``target``.

    Raises:
        UsageError: no such target, or it has no such style.
    """
    known = renderers(workflow.app.kind)
    if target not in known:
        what = f"There is no target {target!r}"
        if target in targets():
            what += f" for apps of kind {workflow.app.kind!r}"
        raise UsageError(what, f"Choose one of {', '.join(known)}")
    styles = STYLES.get(target, ())
    if options.style and options.style not in styles:
        remedy = f"Its styles are {' and '.join(styles)}" if styles else "Leave the style out"
        raise UsageError(f"The target {target} has no style {options.style!r}", remedy)
    return known[target].render(workflow, options)

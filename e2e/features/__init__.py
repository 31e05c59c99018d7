"""What Gradio can do, one trait an app: an app that shows it, and what a person does with it.

Each runs on every version of Gradio that has the feature; `make features` writes the results to docs/support.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from playwright.async_api import Page, expect

HEAD = """
import os, time
import gradio as gr
from calllog import logged

SIX, FOUR = gr.__version__ >= "6", gr.__version__ < "5"
PRIVATE = {"api_visibility": "private"} if SIX else {"api_name": False}
HIDDEN = {"api_visibility": "undocumented"} if SIX else {"show_api": False}
"""
"""What every app begins with: the names by which the lines spell the same thing."""

Visit = Callable[[Page], Awaitable[None]]


class Trait(NamedTuple):
    """``source`` is the whole program, ``steps`` are the endpoints of the workflow that its visit leaves (none: any),
    ``mount`` is where in the server the app is, ``address`` what the person adds to open it; ``environment`` goes to app,
    script and replay."""

    name: str
    source: str
    visit: Visit
    steps: tuple[str, ...] = ()
    lines: tuple[str, ...] = ("6", "5", "4")
    mount: str = ""
    address: str = ""
    environment: dict[str, str] | None = None


TRAITS: dict[str, Trait] = {}


def trait(
    source: str,
    *steps: str,
    lines: tuple[str, ...] = ("6", "5", "4"),
    launch: str = "demo.launch()",
    mount: str = "",
    address: str = "",
    **environment: str,
) -> Callable[[Visit], None]:
    """Registers the visit that it decorates, whose name is the trait's."""

    def keep(visit: Visit) -> None:
        name = visit.__name__
        program = f"{HEAD}{source}\n{launch}\n"
        TRAITS[name] = Trait(name, program, visit, steps, lines, mount, address, environment)

    return keep


async def type_and_press(page: Page, label: str, text: str, button: str) -> None:
    """Type into the one control of that label, and press the one button of that name."""
    await page.get_by_label(label, exact=True).fill(text)
    await press(page, button)


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).click()


async def shows(page: Page, label: str, value: str) -> None:
    """Wait until the control shows the value."""
    await expect(page.get_by_label(label, exact=True)).to_have_value(value, timeout=20_000)


# The registry is whole once each module of traits has been read; they read this one.
from e2e.features import blocks, chat, interface, pages, values  # noqa: E402, F401

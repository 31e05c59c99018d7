"""API Recorder: use a web app once by hand, keep the program."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def attach(app: Any, *, config: Any = None, **options: Any) -> Any:
    """Put the API Recorder toggle into an app one owns, and beside it, under ``/_recorder/``, what it offers.

    Args:
        app: Gradio ``Blocks`` (before ``launch()``) or any ASGI or WSGI application.
        config: the path of a ``recorder.toml``, which names, hides, disables and adds endpoints; None for none.
        options: see :func:`recorder.capture.asgi.attach`.

    Returns:
        The same Blocks, or the ASGI application to serve in place of ``app``.
    """
    from pathlib import Path

    from recorder.capture.asgi import attach as attach_app
    from recorder.serve.offer import Offer, folder_of, source_of
    from recorder.serve.site import Site

    source = source_of(Path(config)) if config is not None else None
    offer = Offer("", source=source, folder=folder_of(options.get("output")))
    return attach_app(app, site=lambda headers: Site(offer, headers), **options)

"""API Recorder: use a web app once by hand, keep the program."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def attach(app: Any, **options: Any) -> Any:
    """Put the API Recorder toggle into an app one owns.

    Args:
        app: Gradio ``Blocks`` (before ``launch()``) or any ASGI or WSGI application.
        options: see :func:`recorder.capture.asgi.attach`.

    Returns:
        The same Blocks, or the ASGI application to serve in place of ``app``.
    """
    from recorder.capture.asgi import attach as attach_app

    return attach_app(app, **options)

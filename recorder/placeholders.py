"""The placeholder that stands in a recording for a secret, and the environment variable that scripts read instead.

Both come from pages and from files of strangers. A variable outside of ``RECORDER_SECRET_*`` would hand any variable of
the person's environment to the app, and a placeholder of another form could stand for any text.
"""

from __future__ import annotations

import re

VARIABLE = re.compile(r"RECORDER_SECRET_[A-Z0-9_]{1,80}")
PLACEHOLDER = re.compile(r"\[recorder-secret:[0-9a-f]{16}:(RECORDER_SECRET_[A-Z0-9_]{1,80})\]")
LOGIN = ("RECORDER_USERNAME", "RECORDER_PASSWORD")
"""What a script takes a login from that the browser's own dialog asked for. Nothing in a recording stands for them."""
_READABLE = re.compile(r"RECORDER_[A-Z0-9_]{1,80}")


def why_not(name: str, placeholder: str) -> str:
    """Why a recording cannot declare this secret; empty if it can."""
    if VARIABLE.fullmatch(name) is None:
        return f"{name[:80]!r} is not the name of a secret, which begins with RECORDER_SECRET_"
    found = PLACEHOLDER.fullmatch(placeholder)
    if found is None or found[1] != name:
        return f"{placeholder[:120]!r} is not the placeholder of {name}"
    return ""


def is_readable(name: str) -> bool:
    """Whether a script or a replay may read this environment variable."""
    return _READABLE.fullmatch(name) is not None

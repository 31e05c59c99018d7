"""What the apps here write down of what they are asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

LOG = Path(os.environ.get("CALL_LOG", os.devnull))


def log(what: str, **about: Any) -> None:
    """One line: what was asked, and what was given that is the same in each run."""
    with LOG.open("a") as file:
        file.write(json.dumps([what, about], sort_keys=True) + "\n")

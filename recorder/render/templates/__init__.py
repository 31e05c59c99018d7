"""Templates: the fixed parts of what a target writes. Every value in them was quoted by :mod:`literals`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    # Help lists the targets, and writes none.
    import jinja2

    from recorder.render.templates.compiled import Compiled

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        bytecode_cache=Compiled(),
    )


def template(name: str) -> jinja2.Template:
    """The template in the file ``name``."""
    return _environment().get_template(name)

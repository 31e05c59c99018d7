"""Compiled templates are kept where Python keeps its own bytecode, and for as long."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

FOLDER = Path(__file__).parent / "__pycache__"


class Compiled(BytecodeCache):
    """A cache beside the templates. Where nothing may be written, or Python was told to write none, there is none."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        own = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            FOLDER.mkdir(exist_ok=True)
            own.write_bytes(bucket.bytecode_to_string())
            own.replace(path)

    def _path(self, bucket: Bucket) -> Path:
        return FOLDER / f"{bucket.key}.{sys.implementation.cache_tag}.jinjac"

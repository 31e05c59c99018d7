"""The torture corpus crossed with every target: what is written is what was written before, and it parses."""

from __future__ import annotations

import ast
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder import adapters
from recorder.adapters import Selection
from recorder.render import Options, render, renderers
from recorder.session import dump, files_in, parse
from tests import javascript
from tests.corpus import GOLDEN, SESSIONS, TRAITS, UNKEPT, session

Golden = Callable[[Path, str], None]

KEPT = [trait for trait in TRAITS if trait not in UNKEPT]


def written(trait: str, target: str, line: str = "6", **options: Any) -> str:
    """What a target makes of a trait, to lie in its folder of golden files."""
    workflow = adapters.workflow(session(trait, line), Selection(name=trait))
    return render(workflow, target, Options(files="../../sessions", **options))


@pytest.mark.parametrize("trait", KEPT)
def test_the_session_is_kept_as_it_was_made(trait: str, golden: Golden) -> None:
    made = session(trait)
    golden(SESSIONS / f"{trait}.json", dump(made))
    assert dump(parse(dump(made))) == dump(made)
    sent = [[*(i.value for i in c.inputs), *(frame.inputs for frame in c.frames)] for c in made.calls]
    for file in files_in(sent):
        kept = SESSIONS / file.path
        assert kept.is_file(), f"{file.path} is missing: git checkout it"
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize("target", renderers("gradio"))
@pytest.mark.parametrize("trait", KEPT)
def test_every_target_writes_what_it_wrote(trait: str, target: str, golden: Golden) -> None:
    suffix = renderers("gradio")[target].suffix
    golden(GOLDEN / target / f"{trait}{suffix}", written(trait, target))


def test_every_cell_parses() -> None:
    for trait in KEPT:
        for target in ("python", "pytest", "locust"):
            ast.parse(written(trait, target).encode())
        for shell in ("dash", "bash"):
            done = subprocess.run(
                [shell, "-n"], input=written(trait, "curl").encode(), capture_output=True, check=False
            )
            assert done.returncode == 0, (trait, done.stderr)
    assert len(javascript.shapes([written(trait, "javascript") for trait in KEPT])) == len(KEPT)

"""What `recorder record` prints at its end, in colours on a terminal of a person: every target, for every kind of app."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recorder import adapters
from recorder.render import Options, render, renderers, targets
from recorder.serve.panel import API, coloured, script
from recorder.session import Session, write
from tests.gradio_page import Page as GradioPage
from tests.http_page import Page as HttpPage
from tests.test_gradio_fold import greeting_page

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

PRINT = """
import sys
from pathlib import Path
from recorder.cli.programs import print_program
from recorder.errors import UsageError
from recorder.session import read
file = Path(sys.argv[1])
try:
    print_program(read(file), file, sys.argv[2])
except UsageError as error:
    sys.exit(f"{error}")
"""


def of_gradio() -> Session:
    page: GradioPage = greeting_page()
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    return page.session()


def of_http() -> Session:
    page = HttpPage()
    page.act()
    page.ask("POST", "/greet", sent={"name": "Ann"}, give={"greeting": "Hello Ann"})
    return page.session()


SESSIONS = {"gradio": of_gradio, "http": of_http}
EVERY = [(kind, target) for kind in SESSIONS for target in targets()]


def on_a_terminal(program: str, *words: str) -> tuple[str, str, int]:
    """What a process writes to a terminal with colours, what it writes to standard error, and its exit code."""
    import pty

    ours, theirs = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")
    }
    with subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so that the other end is closed.
                part = b""
            if not part:
                break
            parts.append(part)
        os.close(ours)
        assert process.stderr is not None
        complaint = process.stderr.read().decode()
    return b"".join(parts).decode(), complaint, process.returncode


def test_every_kind_has_a_session_here() -> None:
    assert set(SESSIONS) == set(adapters.adapters())


@pytest.mark.parametrize(("kind", "target"), EVERY)
def test_a_recorded_session_is_printed_in_colours_or_refused_with_a_sentence(
    kind: str, target: str, tmp_path: Path
) -> None:
    session, file = SESSIONS[kind](), tmp_path / "session.json"
    write(session, file)
    printed, complaint, code = on_a_terminal(PRINT, str(file), target)
    if target not in renderers(kind):
        assert code and f"no target '{target}' for apps of kind '{kind}'" in complaint
        assert all(known in complaint for known in renderers(kind))
        return
    assert code == 0, complaint
    assert "\x1b[" in printed
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed).replace("\r\n", "\n")
    workflow = adapters.workflow(session, adapters.Selection(name="session"))
    files = os.path.relpath(tmp_path)
    expected = render(workflow, target, Options(files=files))
    assert plain.rstrip("\n") == expected.rstrip("\n")


@pytest.mark.parametrize("kind", SESSIONS)
def test_the_panel_has_a_script_in_colours_for_each_target_that_it_offers(kind: str, tmp_path: Path) -> None:
    session = SESSIONS[kind]()
    workflow = adapters.workflow(session)
    for target in (*renderers(kind), API):
        text, suffix = script(session, workflow, tmp_path / "session.json", target)
        lines = coloured(text, suffix)
        assert (
            "\n".join("".join(str(piece) for piece in line[1::2]) for line in lines).strip() == text.strip()
        )

"""What a page, a session or an app of a stranger cannot make the recorder or a generated script do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder import events
from recorder import session as sessions
from recorder.capture.browser import Downloads
from recorder.capture.collector import file_name
from recorder.errors import FileError, RecorderError, UsageError
from recorder.render import render
from recorder.replay.plan import plan
from recorder.serve.offer import source_of
from recorder.session import App, SecretName, Session
from recorder.workflow import Workflow

PLACEHOLDER = "[recorder-secret:0123456789abcdef:{}]"
NAMES = [
    "AWS_SECRET_ACCESS_KEY", "PATH", "RECORDER_PASSWORD", "RECORDER_SECRET_", "RECORDER_SECRET_x", "", "RECORDER_SECRET_A\n",
    "RECORDER_SECRET_A:-$(touch pwned)", "X:=$(id)", "RECORDER_SECRET_A B", " RECORDER_SECRET_A", "RECORDER_SECRET_Ä",
]  # fmt: skip
PLACEHOLDERS = [
    "a",
    "",
    "[recorder-secret:0123456789abcdef:RECORDER_SECRET_B]",
    "[recorder-secret:x:RECORDER_SECRET_A]",
]


def secret(name: str, placeholder: str) -> dict[str, Any]:
    return {"t": "secret", "page": "p", "seq": 1, "at": 1.0, "placeholder": placeholder, "name": name}


@pytest.mark.parametrize("name", NAMES)
def test_no_page_and_no_session_names_a_variable_that_is_not_a_secret_s(name: str) -> None:
    placeholder = PLACEHOLDER.format(name)
    line = json.dumps(secret(name, placeholder))
    with pytest.raises(msgspec.ValidationError):
        events.parse(line)
    with pytest.raises(msgspec.ValidationError):
        events.parse_event(line)
    made = Session(
        app=App(url="http://127.0.0.1:1"), secrets=(SecretName(name=name, placeholder=placeholder),)
    )
    with pytest.raises(FileError):
        sessions.parse(sessions.dump(made))


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_stands_for_nothing_but_its_own_variable(placeholder: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        events.parse(json.dumps(secret("RECORDER_SECRET_A", placeholder)))


def test_what_the_page_itself_says_is_taken() -> None:
    name = "RECORDER_SECRET_PASSWORD_2"
    assert events.parse(json.dumps(secret(name, PLACEHOLDER.format(name)))).name == name


@pytest.mark.parametrize("target", ["curl", "python", "javascript"])
@pytest.mark.parametrize("kind", ["http", "gradio"])
def test_a_renderer_and_a_replay_refuse_the_name_too(target: str, kind: str) -> None:
    for name in ("PATH", "RECORDER_SECRET_A:-$(touch pwned)"):
        flow = Workflow(
            app=App(url="http://127.0.0.1:1", kind=kind),
            name="s",
            secrets=(SecretName(name=name, placeholder=PLACEHOLDER.format(name)),),
        )
        with pytest.raises(RecorderError):
            render(flow, target)
        with pytest.raises(UsageError):
            plan(flow, {}, {name: "x"})


def test_downloads_have_a_folder_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    downloads = Downloads()
    folder = downloads.folder()
    assert folder == downloads.folder() and folder.stat().st_mode & 0o777 == 0o700
    assert not folder.is_relative_to(tmp_path) and not list(folder.iterdir())
    folder.rmdir()


@pytest.mark.parametrize("name", ["conftest.py", "test_x.py", "x_test.py", "CONFTEST.PY", "a/conftest.py"])
def test_no_kept_file_has_a_name_that_pytest_collects(name: str) -> None:
    kept = file_name(name)
    assert kept.startswith("_") and kept.endswith("_.py")


def test_only_the_person_s_own_configuration_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recorder.toml").write_text("")
    (tmp_path / "recorder.toml").chmod(0o644)
    assert source_of(None) is not None
    (tmp_path / "recorder.toml").chmod(0o666)
    with pytest.raises(FileError, match="others may write"):
        source_of(None)
    (tmp_path / "recorder.toml").chmod(0o644)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown("recorder.toml", 12345, -1)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(FileError, match="another user"):
            source_of(None)

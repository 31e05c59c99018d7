"""What a page, a session or an app of a stranger cannot make the recorder or a generated script do."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder import events
from recorder import session as sessions
from recorder.api import Api, Endpoint
from recorder.capture.browser import Downloads
from recorder.capture.names import file_name
from recorder.errors import FileError, RecorderError
from recorder.render import render
from recorder.replay.plan import plan
from recorder.replay.sending import kept_file
from recorder.serve.offer import source_of
from recorder.serve.site import bounded
from recorder.session import App, Call, File, SecretName, Session, Value
from recorder.workflow import Argument, Step, Workflow

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


@pytest.mark.parametrize("kind", ["http", "gradio"])
def test_a_shell_script_and_a_replay_refuse_the_name_too(kind: str) -> None:
    for name in ("PATH", "RECORDER_SECRET_A:-$(touch pwned)"):
        flow = Workflow(
            app=App(url="http://127.0.0.1:1", kind=kind),
            name="s",
            secrets=(SecretName(name=name, placeholder=PLACEHOLDER.format(name)),),
        )
        with pytest.raises(RecorderError):
            render(flow, "curl")
        with pytest.raises(RecorderError):
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


# Files, addresses and options


ETC = "/etc/os-release"


def sending(file: File, *, form: str = "file", kind: str = "http", **fields: Any) -> Workflow:
    """A workflow that uploads a file in a form."""
    endpoint = Endpoint(id="POST /up", name="up", method="POST", path="/up")
    argument = Argument(name=form, value=file, location="multipart")
    step = Step(id="c1", name="up", endpoint=endpoint, arguments=(argument,), expect="ok")
    return Workflow(app=App(url="http://127.0.0.1:1", kind=kind, **fields), name="s", steps=(step,))


@pytest.mark.parametrize("target", ["python", "pytest", "locust", "javascript", "curl"])
@pytest.mark.parametrize(
    "name", [ETC, "../../etc/os-release", "..\\..\\x", ".env", "~/.ssh/id_rsa", "a/../../b"]
)
def test_a_file_that_was_not_kept_is_a_missing_file_in_every_target(target: str, name: str) -> None:
    text = render(sending(File(name=name, lost="too large")), target)
    paths = re.findall(r"not-kept/[\w.() -]+", text)
    assert paths and not any(".." in path for path in paths)
    assert ETC not in text.replace(json.dumps(name)[1:-1], "").replace(name, "")
    assert f'FILES / "{name}"' not in text and f'join(FILES, "{name}")' not in text


@pytest.mark.parametrize(
    "file, form",
    [
        (File(name="a"), f"x=@{ETC};y"),
        (File(name="a", type=f"text/plain;headers=@{ETC}"), "file"),
        (File(name="a", type=f"text/plain;filename={ETC}"), "file"),
        (File(name=f'a";headers=@{ETC};"'), "file"),
        (File(name="a"), "x\ny"),
    ],
)
def test_curl_is_given_no_second_file_by_a_name_or_a_type(tmp_path: Path, file: File, form: str) -> None:
    try:
        text = render(sending(file, form=form), "curl")
    except RecorderError:
        return
    for words in curls(text, tmp_path):
        for value in (words[at + 1] for at, word in enumerate(words) if word == "-F"):
            assert unquoted(value).count("=@") == 1 and "headers=" not in unquoted(value)


@pytest.mark.parametrize("url", ["-K/etc/os-release", "file:///etc/os-release", "http://x/{a,b}[1-3]"])
def test_an_address_is_no_option_of_curl_and_of_the_web(tmp_path: Path, url: str) -> None:
    flow = msgspec.structs.replace(sending(File(name="a")), app=App(url=url, kind="http"))
    for words in curls(render(flow, "curl"), tmp_path):
        assert words[words.index("--url") + 1].startswith(url)
        assert "--globoff" in words and words[words.index("--proto") + 1] == "=http,https"


def test_curl_is_given_no_file_of_headers(tmp_path: Path) -> None:
    flow = sending(File(name="a"))
    header = Argument(name=f"@{ETC}", value="x", location="header")
    step = msgspec.structs.replace(flow.steps[0], arguments=(header,))
    for words in curls(render(msgspec.structs.replace(flow, steps=(step,)), "curl"), tmp_path):
        assert not any(word.startswith("@") for word in words)


def curls(script: str, folder: Path) -> list[list[str]]:
    """The words that curl is called with when a script runs."""
    told = folder / "told"
    (folder / "curl").write_text(
        f'#!/bin/sh\nfor word do printf "%s\\0" "$word"; done >> {told}\nprintf "\\n\\0" >> {told}\nexit 7\n'
    )
    (folder / "curl").chmod(0o755)
    (folder / "jq").write_text("#!/bin/sh\nexit 0\n")
    (folder / "jq").chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "RECORDER_URL": ""}
    subprocess.run(["sh", "-c", script], env=env, cwd=folder, capture_output=True, check=False)
    return [call.split("\0")[:-1] for call in told.read_text().split("\n\0")[:-1]]


def unquoted(text: str) -> str:
    """What of the value of ``-F`` is not inside quotes."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", text)


@pytest.mark.parametrize(
    "change",
    [
        {"app": App(url="file:///etc")},
        {"app": App(url="-K/etc/os-release")},
        {"app": App(url="http://x", api_prefix=" -K/etc/os-release")},
        {"api": Api(endpoints=(Endpoint(id="x", method="GET /", path="/x"),))},
        {"api": Api(endpoints=(Endpoint(id="x", method="GET", path="file:///etc/os-release"),))},
    ],
)
def test_a_session_with_an_address_or_method_that_is_not_of_the_web_is_refused(
    change: dict[str, Any],
) -> None:
    with pytest.raises(FileError):
        sessions.parse(sessions.dump(Session(**{"app": App(url="http://x"), **change})))


@pytest.mark.parametrize(
    "path", [".env", "/etc/os-release", "x/.env", "../s.files/a", "s.files/../.env", ".git.files/a"]
)
def test_a_session_names_no_file_beside_it(path: str) -> None:
    call = Call(id="c1", endpoint="x", inputs=(Value(value=File(name="a", path=path)),))
    with pytest.raises(FileError, match="not one of a session's own files"):
        sessions.parse(sessions.dump(Session(app=App(url="http://x"), calls=(call,))))


def test_a_file_with_another_content_than_was_recorded_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "s.files").mkdir()
    (tmp_path / "s.files" / "a").write_text("mine")
    with pytest.raises(FileError, match="its content is another"):
        kept_file(tmp_path, File(name="a", path="s.files/a", sha256="0" * 64))


# Archives, folders, schemas


def test_an_archive_is_counted_while_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LARGEST_SESSION", 3 * 2**20)
    monkeypatch.setattr(sessions, "LARGEST_FILE", 2**20)
    bomb = tmp_path / "s.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("s.json", " " * 10 * 2**20)
    tracemalloc.start()
    with pytest.raises(FileError, match="unpacks to more than 3 MB"):
        sessions.read(bomb)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()
    content = b"\0" * 5 * 2**20
    file = File(name="a", sha256=hashlib.sha256(content).hexdigest(), path="s.files/x/a")
    call = Call(id="c1", endpoint="x", inputs=(Value(value=file),))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("s.json", sessions.dump(Session(app=App(url="http://x"), calls=(call,))))
        pack.writestr("s.files/x/a", content)
    with pytest.raises(FileError, match="unpacks to more than 1 MB"):
        sessions.read(bomb)


def test_nobody_else_looks_into_the_folder_of_a_session_s_files(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        sessions.write_whole(tmp_path / "s.files" / "0123456789abcdef" / "a", b"x")
    finally:
        os.umask(old)
    for folder in (tmp_path / "s.files", tmp_path / "s.files" / "0123456789abcdef"):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "s.files" / "0123456789abcdef" / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("word", ["$dynamicRef", "$ref", "$recursiveRef"])
def test_a_schema_of_the_app_leads_nowhere(word: str) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {word: "http://127.0.0.1:9/x.json", "$id": "http://127.0.0.1:9/"}},
    }
    assert "127.0.0.1" not in json.dumps(bounded(schema))


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "a*a*a*a*b", "(?:x+x+)+y", "[", "(.)\\1+" * 30])
def test_a_pattern_of_the_app_does_not_go_on_for_ever(pattern: str) -> None:
    schema = bounded({"type": "string", "pattern": pattern})
    assert "pattern" not in schema


def test_a_simple_pattern_of_the_app_still_holds() -> None:
    schema = bounded({"type": "string", "pattern": "^[a-z]+$"})
    assert schema == {"type": "string", "pattern": "^[a-z]+$", "maxLength": 1000}

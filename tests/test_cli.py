"""The command line as a person meets it: in a process of its own, by what it prints and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.session import App, File, Omitted, SecretName, Session, Value, write
from tests.gradio_page import Page
from tests.test_gradio_fold import greeting_page

Run = Callable[..., subprocess.CompletedProcess[str]]

HOSTILE = "[red]x[/red] \x1b[5m\x1b]0;title\x07 \u202etxt.exe\u2028 \ud800 \x00"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("show", path, …)`` in an empty folder, with nothing on standard input and no terminal."""

    def call(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "recorder.cli", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return call


def greeted(name: str = "Ann") -> Session:
    """Two calls: the person's, and the one that followed it and takes its output."""
    page: Page = greeting_page()
    page.call(0, [None, name, 3], [f"Hello {name}", None], trigger=6)
    page.chained(1, [f"Hello {name}"], ["HELLO"], trigger=6)
    return page.session()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "greeting.json"
    write(greeted(), path)
    return path


def assert_refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One sentence on standard error, nothing on standard output, no traceback."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_help_of_each_verb_has_examples(run: Run) -> None:
    verbs = ["record", "proxy", "show", "render", "replay", "shrink", "load", "recover", "doctor"]
    overall = run("--help").stdout
    for verb in verbs:
        assert verb in overall
        text = run(verb, "--help").stdout
        assert f"recorder {verb}" in text.split("Examples:")[1]


def test_help_lists_whatever_is_registered(run: Run) -> None:
    from recorder.render import STYLES, renderers

    text = " ".join(run("render", "--help").stdout.split())
    assert all(
        renderer.name == name for kind in ("gradio", "http") for name, renderer in renderers(kind).items()
    )
    for word in (*renderers("gradio"), *(style for styles in STYLES.values() for style in styles)):
        assert word in text
    imported = "import recorder.cli, sys; raise SystemExit('recorder.render' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", imported], check=False).returncode == 0


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("recorder, version ")


def test_show_prints_calls_links_and_variables(run: Run, file: Path) -> None:
    text = run("show", file).stdout
    for word in ("c1", "/greet", "clicked Go", '"Ann" → name', "then, after c1", "← c1.0", "name: str", "ok"):
        assert word in text
    assert "\x1b" not in text


def test_show_holds_two_sessions_against_each_other_and_exits_by_what_it_finds(
    run: Run, file: Path, tmp_path: Path
) -> None:
    same = run("show", file, "--against", file)
    assert same.returncode == 0 and "the same in both" in same.stdout
    tree = json.loads(file.read_text())
    value = next(value for value in tree["calls"][0]["inputs"] if not value.get("state"))
    value["value"] = "someone \x1b[31m else"
    value.pop("written_by", None)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(tree))
    differs = run("show", file, "--against", other)
    assert differs.returncode == 1 and "someone" in differs.stdout and "\x1b" not in differs.stdout
    found = json.loads(run("show", file, "--against", other, "--json").stdout)
    assert [pair["first"] for pair in found["pairs"] if pair["differences"]] == [tree["calls"][0]["id"]]
    fewer = run("show", file, "--against", other, "--skip", tree["calls"][0]["id"])
    assert fewer.returncode == 1  # a call that is skipped is still a fact


def test_show_as_json_names_links_variables_and_reasons(run: Run, tmp_path: Path) -> None:
    page = greeting_page()
    page.chained(2, [], [None], trigger=99)
    page.call(0, [None, "Ann", 3], ["Hello Ann", None], trigger=6)
    page.chained(1, ["Hello Ann"], ["HELLO"], trigger=6)
    page.chained(3, [], ["12:00"], trigger=98)
    write(page.session(), tmp_path / "s.json")
    shown = json.loads(run("show", "s.json", "--json").stdout)
    assert set(shown) >= {"app", "calls", "links", "variables", "secrets", "omitted"}
    last = next(call for call in shown["calls"] if call["endpoint"] == "/shout")
    first = next(call for call in shown["calls"] if call["endpoint"] == "/greet")
    assert shown["links"] == [{"call": last["id"], "input": 0, "source": first["id"], "output": 0}]
    assert last["inputs"][0]["link"] == f"{first['id']}.0"
    assert [(v["name"], v["value"]) for v in shown["variables"]] == [("name", "Ann")]
    (omitted,) = [o for o in shown["omitted"] if o["endpoint"] == "/clock"]
    assert omitted["why"]


def test_show_names_the_secrets_and_never_their_placeholders_place(run: Run, tmp_path: Path) -> None:
    import msgspec

    placeholder = "[recorder-secret:0123456789abcdef:RECORDER_SECRET_TOKEN]"
    secret = SecretName(name="RECORDER_SECRET_TOKEN", placeholder=placeholder, hint="header authorization")
    session = greeted(placeholder)
    write(msgspec.structs.replace(session, secrets=(secret,)), tmp_path / "s.json")
    shown = json.loads(run("show", "s.json", "--json").stdout)
    assert shown["secrets"] == [{"name": "RECORDER_SECRET_TOKEN", "hint": "header authorization"}]
    assert shown["calls"][0]["inputs"][1]["secrets"] == ["RECORDER_SECRET_TOKEN"]
    assert [v["value"] for v in shown["variables"]] == ["${RECORDER_SECRET_TOKEN}"]
    assert "RECORDER_SECRET_TOKEN" in run("show", "s.json").stdout


def test_recorded_text_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    import msgspec

    session = greeted(HOSTILE)
    call = session.calls[0]
    hostile = msgspec.structs.replace(
        call,
        status="failed",
        error=HOSTILE,
        endpoint=HOSTILE,
        trigger=msgspec.structs.replace(call.trigger, name=HOSTILE),
        inputs=(Value(name=HOSTILE, value={HOSTILE: [File(name=HOSTILE, lost="unreadable")]}),),
    )
    app = msgspec.structs.replace(session.app, title=HOSTILE)
    omitted = (Omitted(call=msgspec.structs.replace(call, id="b1"), why=HOSTILE),)
    changed = msgspec.structs.replace(session, app=app, calls=(hostile,), omitted=omitted, notes=(HOSTILE,))
    write(changed, tmp_path / "s.json")
    done = run("show", "s.json", FORCE_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "[red]x[/red]" in done.stdout
    for control in ("\x1b[5m", "\x1b]0;", "\x07", "\u202e", "\u2028", "\x00"):
        assert control not in done.stdout


def test_render_writes_a_program_to_standard_output_or_a_file(run: Run, file: Path, tmp_path: Path) -> None:
    printed = run("render", file)
    assert printed.returncode == 0, printed.stderr
    compile(printed.stdout, "script", "exec")
    written = run("render", file, "--target", "python", "-o", "out/run.py")
    assert written.returncode == 0, written.stderr
    assert written.stdout == ""
    text = (tmp_path / "out" / "run.py").read_text(encoding="utf-8")
    compile(text, "script", "exec")


def test_an_unknown_target_is_wrong_usage(run: Run, file: Path) -> None:
    assert_refused(run("render", file, "--target", "cobol"), 2, "cobol", "python")


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["show", "--explain"],
        ["render"],
        ["replay"],
        ["replay", "--learn", "2"],
        ["load"],
        ["shrink"],
        ["api"],
        ["mcp", "--list"],
    ],
    ids=" ".join,
)
def test_a_session_of_an_unknown_kind_of_app_gets_one_sentence(
    run: Run, file: Path, words: list[str]
) -> None:
    tree = json.loads(file.read_text())
    tree["app"]["kind"] = "streamlit"
    file.write_text(json.dumps(tree))
    done = run(*words, file)
    assert_refused(done, 2, "No adapter knows apps of kind 'streamlit'", "pip install -U")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_selection_of_nothing_recorded_is_wrong_usage(run: Run, file: Path) -> None:
    assert_refused(run("render", file, "--only", "/nowhere"), 2, "/nowhere", "/greet")


@pytest.mark.parametrize("verb", ["show", "render", "replay"])
@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": "recorder-session/99"}',
        b'{"format": 1}',
        b"[" * 100_000,
    ],
    ids=["missing", "empty", "cut", "list", "not utf-8", "newer", "odd", "deep"],
)
def test_a_bad_file_gets_one_sentence(run: Run, tmp_path: Path, verb: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_bytes(content)
    done = run(verb, "bad.json")
    assert_refused(done, 2, "bad.json")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://host:99999", "file:///etc/passwd", "http://[::1"]
)
def test_an_address_that_is_none_is_wrong_usage(run: Run, url: str) -> None:
    assert_refused(run("record", url, "--headless"), 2, url)
    assert_refused(run("proxy", url), 2, url)


def test_doctor_says_what_is_here(run: Run) -> None:
    done = run("doctor", "--json")
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert {"python", "browser", "playwright", "gradio_client"} <= set(checks)
    assert checks["python"]["ok"] and sys.executable in checks["python"]["found"]
    assert done.returncode == (0 if report["ok"] else 1)


def test_doctor_names_the_command_that_mends_a_missing_browser(run: Run, tmp_path: Path) -> None:
    nowhere = str(tmp_path)
    done = run("doctor", "--json", PATH=nowhere, PLAYWRIGHT_BROWSERS_PATH=nowhere, RECORDER_BROWSER="")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert "playwright install chromium" in checks["browser"]["remedy"]


def test_doctor_says_when_the_browser_that_was_named_is_none(run: Run) -> None:
    done = run("doctor", RECORDER_BROWSER="/nowhere/chrome")
    assert done.returncode == 1
    assert "RECORDER_BROWSER" in done.stdout


def test_record_without_a_browser_is_one_sentence(run: Run) -> None:
    done = run("record", "http://127.0.0.1:9", RECORDER_BROWSER="/nowhere/chrome")
    assert_refused(done, 1, "browser")


def test_a_free_name_never_overwrites_a_session_or_its_files(tmp_path: Path) -> None:
    from recorder.capture.names import free_path, is_session

    path = tmp_path / "session.json"
    assert free_path(path, is_session) == path
    path.write_text("")
    (tmp_path / "session-2.files").mkdir()
    (tmp_path / "session-3.journal").write_text("")
    assert free_path(path, is_session).name == "session-4.json"


def test_render_names_the_program_and_tests_the_rows_of_a_file(run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('name\n"Bob ""B"" Ünal"\nZoë\n', encoding="utf-8")
    done = run("render", file, "--target", "pytest", "--name", "My flow", "--from", "rows.csv")
    assert done.returncode == 0, done.stderr
    assert "def test_my_flow(app_url: str, name: str, as_recorded: bool) -> None:" in done.stdout
    assert 'pytest.param(\'Bob "B" Ünal\', False, id="row 1")' in done.stdout


def test_a_row_names_files_by_their_paths_inside_a_value_too(tmp_path: Path) -> None:
    from recorder.cli.programs import rows_of
    from recorder.workflow import Variable, Workflow

    (tmp_path / "own.txt").write_text("x")
    own = str(tmp_path / "own.txt")
    kept = File(name="a.txt", path="s.files/1/a.txt")
    recorded = {"one": kept, "several": [kept], "message": {"text": "hi", "files": [kept]}}
    workflow = Workflow(
        name="s", app=App(url=""), variables=tuple(Variable(name=n, value=v) for n, v in recorded.items())
    )
    message = json.dumps({"text": "yo", "files": [own]}).replace('"', '""')
    (tmp_path / "rows.csv").write_text(f'one,several,message\n{own},{own},"{message}"\n', encoding="utf-8")
    inside = {"text": "yo", "files": [Path(own)]}
    assert rows_of(tmp_path / "rows.csv", workflow) == ({"one": own, "several": [own], "message": inside},)


def test_render_refuses_rows_and_styles_where_they_mean_nothing(run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("nmae\nAnn\n", encoding="utf-8")
    assert_refused(run("render", file, "--from", "rows.csv"), 2, "Add --target pytest")
    assert_refused(
        run("render", file, "-t", "pytest", "--from", "rows.csv"), 2, "nmae", "The variables are name"
    )
    assert_refused(run("render", file, "-t", "pytest", "--from", "no.csv"), 2, "no.csv cannot be read")
    assert_refused(run("render", file, "-t", "curl", "--style", "async"), 2, "curl has no style 'async'")

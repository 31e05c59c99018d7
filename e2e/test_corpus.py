"""Every golden file of the corpus, executed: the app receives exactly what was recorded.

One echo app on each Gradio line. Each target makes all of its traits in as few processes as it takes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from e2e.apps import GradioApp, NotStarted, gradio_python
from recorder import adapters
from recorder.render import Options, render, renderers
from recorder.session import Timing, files_in, map_files
from recorder.workflow import identifier
from tests.corpus import APP, GOLDEN, LINES, SESSIONS, TRAITS, UNKEPT, call, received, session
from tests.test_corpus import written

ONE_AFTER_THE_OTHER = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path, run_name='__main__')"

ALL_USERS = """
import runpy, sys
from locust import User
from locust.env import Environment
for path in sys.argv[1:]:
    kinds = [v for v in runpy.run_path(path).values() if isinstance(v, type) and issubclass(v, User) and v is not User]
    environment = Environment(user_classes=kinds)
    runner = environment.create_local_runner()
    user = kinds[0](environment)
    user.on_start()
    for task in user.tasks:
        task(user)
    assert not runner.stats.errors, (path, [error.error for error in runner.stats.errors.values()])
"""

ALL_SCRIPTS = 'for script do "$0" "$script" || { echo "$script failed"; exit 1; }; done'

ALL_MODULES = """
for (const path of process.argv.slice(2)) await (await import(path)).run();
process.exit();
"""

PAGE = """<!doctype html>
<script type="importmap">{"imports": {"@gradio/client": "/node_modules/@gradio/client/dist/browser.js"}}</script>
"""

ALL_IN_A_PAGE = """async ([url, modules]) => {
    setTimeout(() => location.replace("about:blank"), 170_000);  // what hangs is not waited for
    const file = async ({ name, path }) => new File([await (await fetch(path)).blob()], name);
    for (const [module, files] of modules) {
        const options = { url };
        for (const [name, given] of Object.entries(files)) {
            options[name] = await (Array.isArray(given) ? Promise.all(given.map(file)) : file(given));
        }
        await (await import(module)).run(options);
    }
}"""


@pytest.fixture(scope="module", params=LINES)
def line(request: pytest.FixtureRequest) -> str:
    """The Gradio line, whose app serves all tests that are parametrised with it."""
    return str(request.param)


@pytest.fixture(scope="module")
def app(line: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    try:
        started = GradioApp(gradio_python(line), APP, tmp_path_factory.mktemp("echo") / "app")
    except NotStarted as error:
        pytest.skip(str(error))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def scripts(line: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every target writes of each trait: the golden files, and what is not among these, beside the sessions' own."""
    folder = tmp_path_factory.mktemp("corpus")
    shutil.copytree(SESSIONS, folder / "sessions")
    for target, renderer in renderers("gradio").items():
        (folder / "golden" / target).mkdir(parents=True)
        for trait in TRAITS:
            name = f"{trait}{renderer.suffix}"
            kept = line == "6" and trait not in UNKEPT
            text = (GOLDEN / target / name).read_text("utf-8") if kept else written(trait, target, line)
            (folder / "golden" / target / name).write_text(text, encoding="utf-8")
    # A module looks for its packages from where it lies upward.
    (folder / "node_modules").symlink_to(Path(__file__).parent.parent / "node_modules")
    return folder / "golden"


def executed(line: str, app: GradioApp, traits: list[str], *command: object) -> None:
    """Run, and compare what the app received with what was recorded of ``traits``."""
    before = len(app.log)
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "RECORDER_URL": app.url, "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert_received(line, app, before, traits)


def assert_received(line: str, app: GradioApp, before: int, traits: list[str]) -> None:
    """After ``before`` calls the app received what was recorded of ``traits``, and nothing else."""
    expected = [(trait, *call) for trait in traits for call in received(session(trait, line))]
    log = app.wait_for_log(before + len(expected))[before:]
    for (trait, name, inputs), entry in zip(expected, log, strict=True):
        assert (entry["function"], spelled(entry["inputs"])) == (name, spelled(inputs)), trait


def spelled(value: Any) -> str:
    """As text, for NaN is not equal to itself and True is equal to 1."""
    return json.dumps(without_names(value), sort_keys=True)


def without_names(value: Any) -> Any:
    """Files by their content alone: an app renames what it keeps."""
    if isinstance(value, dict):
        if set(value) == {"file", "sha256"}:
            return {"sha256": value["sha256"]}
        return {key: without_names(item) for key, item in value.items()}
    return [without_names(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("line", "shell"),
    [("6", "dash"), ("6", "bash"), ("5", "dash"), ("4", "dash")],
    indirect=["line"],
    scope="module",
)
def test_curl(shell: str, line: str, app: GradioApp, scripts: Path) -> None:
    paths = [scripts / "curl" / f"{trait}.sh" for trait in TRAITS]
    executed(line, app, list(TRAITS), shell, "-c", ALL_SCRIPTS, shell, *paths)


def test_javascript(line: str, app: GradioApp, scripts: Path) -> None:
    paths = [scripts / "javascript" / f"{trait}.mjs" for trait in TRAITS]
    executed(line, app, list(TRAITS), "node", "--input-type=module", "--eval", ALL_MODULES, "all", *paths)


@pytest.fixture
def site(scripts: Path) -> Iterator[str]:
    """The address of a server of what the scripts' folder holds, from which a page may import."""
    with served(scripts.parent) as address:
        yield address


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of a folder and of a page in it, whose modules find ``@gradio/client``."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_javascript_in_a_page(line: str, app: GradioApp, scripts: Path, site: str, chromium: Browser) -> None:
    """Modules of the browser's style, on a page of another origin than the app's."""
    (scripts / "page").mkdir(exist_ok=True)
    modules = []
    # A page has devices of its own.
    traits = [trait for trait in TRAITS if trait != "device"]
    for trait in traits:
        module = scripts / "page" / f"{trait}.mjs"
        module.write_text(written(trait, "javascript", line, style="browser"), encoding="utf-8")
        workflow = adapters.workflow(session(trait, line))
        files = {v.name: v.value for v in workflow.variables if next(files_in(v.value), None) is not None}
        inside = files_in([argument.value for step in workflow.steps for argument in step.arguments])
        files.update({identifier(file.name, "file"): file for file in inside})
        at = map_files(files, lambda file: {"name": file.name, "path": f"/sessions/{quote(file.path)}"})
        modules.append([f"/{module.relative_to(scripts.parent)}", at])
    before = len(app.log)
    page = chromium.new_page()
    page.goto(f"{site}/page.html")
    page.evaluate(ALL_IN_A_PAGE, [app.url, modules])
    assert_received(line, app, before, traits)


def test_python(line: str, app: GradioApp, scripts: Path) -> None:
    paths = [scripts / "python" / f"{trait}.py" for trait in TRAITS]
    executed(line, app, list(TRAITS), sys.executable, "-c", ONE_AFTER_THE_OTHER, *paths)


def test_python_in_the_async_style(line: str, app: GradioApp, scripts: Path) -> None:
    traits = ["state_middle", "streamed", "failed", "private", "cancelled", "file_names", "device"]
    (scripts / "async").mkdir(exist_ok=True)
    paths = [scripts / "async" / f"{trait}.py" for trait in traits]
    for trait, path in zip(traits, paths, strict=True):
        path.write_text(written(trait, "python", line, style="async"), encoding="utf-8")
    executed(line, app, traits, sys.executable, "-c", ONE_AFTER_THE_OTHER, *paths)


# What it asks of the app is what the target python does, which runs on every line.
@pytest.mark.parametrize("line", ["6"], indirect=True, scope="module")
def test_pytest(line: str, app: GradioApp, scripts: Path) -> None:
    paths = [scripts / "pytest" / f"{trait}.py" for trait in TRAITS]
    alone = [
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        scripts,
        "--import-mode",
        "importlib",
        "-q",
    ]
    executed(line, app, list(TRAITS), sys.executable, "-m", "pytest", *alone, *paths)


@pytest.mark.parametrize("program", ["python", "node", "dash", "bash"])
def test_a_failed_call_that_now_succeeds_is_said_in_words(
    program: str, line: str, app: GradioApp, tmp_path: Path
) -> None:
    """The script goes on and ends well: to judge is for tests and for replay."""
    target = {"python": "python", "node": "javascript"}.get(program, "curl")
    calls = [
        call("say", "a", outputs=(), status="failed", error="a", id="c1"),
        call("say", "b", id="c2", timing=Timing(started=1)),
    ]
    made = msgspec.structs.replace(session("failed", line), calls=tuple(calls))
    script = tmp_path / f"script{renderers('gradio')[target].suffix}"
    script.write_text(render(adapters.workflow(made), target), encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(Path(__file__).parent.parent / "node_modules")
    done = subprocess.run(
        [sys.executable if program == "python" else program, str(script)],
        env={**os.environ, "RECORDER_URL": app.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "say: did not fail this time"
    assert second.split(": ") in (["say_2", "b"], ["say_2", '["b"]'])


def test_locust(line: str, app: GradioApp, scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each user makes its calls once, and Locust counts no failure."""
    monkeypatch.setenv("RECORDER_PACE", "0")
    paths = [scripts / "locust" / f"{trait}.py" for trait in TRAITS]
    executed(line, app, list(TRAITS), sys.executable, "-c", ALL_USERS, *paths)


LOGIN = {"RECORDER_USERNAME": "zoë", "RECORDER_PASSWORD": "pass'word & \\"}


@pytest.fixture(scope="module")
def app_with_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    source = APP.replace("launch()", f"launch(auth={tuple(LOGIN.values())!r})")
    try:
        started = GradioApp(gradio_python("6"), source, tmp_path_factory.mktemp("login") / "app")
    except NotStarted as error:
        pytest.skip(str(error))
    yield started
    started.stop()


@pytest.mark.parametrize("program", ["dash", "node"])
def test_a_login_and_chosen_values(program: str, app_with_login: GradioApp, tmp_path: Path) -> None:
    """A file is sent behind the login, and one of another name than was recorded."""
    target = {"dash": "curl", "node": "javascript"}[program]
    made = session("file_names")
    workflow = adapters.workflow(
        msgspec.structs.replace(made, app=msgspec.structs.replace(made.app, auth=True))
    )
    script = tmp_path / f"script{renderers('gradio')[target].suffix}"
    files = Path(os.path.relpath(SESSIONS, tmp_path)).as_posix()
    script.write_text(render(workflow, target, Options(files=files)), encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(Path(__file__).parent.parent / "node_modules")
    chosen = tmp_path / 'my "own".txt'
    chosen.write_text("chosen", encoding="utf-8")
    before = len(app_with_login.log)
    command = [program, str(script), *(["--file", str(chosen)] if program == "dash" else [])]
    environment = {**os.environ, "RECORDER_URL": app_with_login.url}
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "RECORDER_USERNAME" in refused.stderr
    done = subprocess.run(command, env={**environment, **LOGIN}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    contents = [entry["inputs"][0]["sha256"] for entry in app_with_login.log[before:]]
    expected = [inputs[0]["sha256"] for _, inputs in received(made)]
    if program == "dash":
        expected[0] = hashlib.sha256(b"chosen").hexdigest()
    assert contents == expected


def test_a_login_in_a_page(app_with_login: GradioApp, chromium: Browser, tmp_path: Path) -> None:
    made = session("rendered")
    workflow = adapters.workflow(
        msgspec.structs.replace(made, app=msgspec.structs.replace(made.app, auth=True))
    )
    text = render(workflow, "javascript", Options(style="browser"))
    (tmp_path / "module.mjs").write_text(text, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(Path(__file__).parent.parent / "node_modules")
    run = "async (options) => { await (await import('/module.mjs')).run(options); }"
    before = len(app_with_login.log)
    with served(tmp_path) as site:
        page = chromium.new_page()
        page.goto(f"{site}/page.html")
        with pytest.raises(PlaywrightError, match="needs the option username"):
            page.evaluate(run, {"url": app_with_login.url})
        username, password = LOGIN.values()
        page.evaluate(run, {"url": app_with_login.url, "username": username, "password": password})
    assert_received("6", app_with_login, before, ["rendered"])

"""Sessions as load, on real Gradio and real Locust: in one process, and in several of its distributed mode."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.apps import GradioApp, NotStarted, free_port, gradio_python
from e2e.conftest import run_recorder as recorder
from e2e.recording import a_call, a_session, description_of
from recorder.session import Timing, write

APP = """
import gradio as gr
from calllog import logged

@logged
def push(n, state):
    state = (state or 0) + n
    return state, state

@logged
def shout(text): return text.upper()

@logged
def fail(text): raise gr.Error("no luck")

with gr.Blocks() as demo:
    number, total, text, loud, state = gr.Number(label="N"), gr.Number(label="Total"), gr.Textbox(label="T"), gr.Textbox(label="L"), gr.State(0)
    for fn, inputs, outputs in ((push, [number, state], [total, state]), (shout, text, loud), (fail, text, loud)):
        gr.Button(fn.__name__).click(fn, inputs, outputs, api_name=fn.__name__)
demo.queue(default_concurrency_limit=20).launch()
"""


@pytest.fixture(scope="module", params=["6"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApp]:
    try:
        app = GradioApp(gradio_python(request.param), APP, tmp_path_factory.mktemp("load"))
    except NotStarted as error:
        pytest.skip(str(error))
    yield app
    app.stop()


def recorded(app: GradioApp, folder: Path) -> Path:
    """Two pushes that share a State, a call that fails, and one whose input is linked."""
    description = description_of(app)
    calls = [
        a_call(description, "c1", "push", 2, None, gives=[2, None]),
        a_call(description, "c2", "push", 3, None, gives=[5, None]),
        a_call(description, "c3", "fail", "x", status="failed", error="no luck"),
        a_call(description, "c4", "shout", "it's", gives=["IT'S"]),
    ]
    # A tenth of a second to think before each.
    calls = [
        msgspec.structs.replace(call, timing=Timing(started=1000.0 + 100 * n, ended=0.0))
        for n, call in enumerate(calls)
    ]
    write(a_session(app, description, calls), folder / "session.json")
    return folder / "session.json"


@pytest.mark.parametrize("app", ["6", "5", "4"], indirect=True)
def test_a_locustfile_makes_the_calls_as_recorded(app: GradioApp, tmp_path: Path) -> None:
    file = recorded(app, tmp_path)
    before = len(app.log)
    done = recorder(
        "load", file, "--users", 2, "--spawn-rate", 2, "--run-time", "8s", "--json", tmp_path / "r.json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "r.json").read_text())
    assert told["ok"]
    assert told["total"]["failures"] == 0
    assert {entry["name"] for entry in told["endpoints"]} == {"/push", "/shout", "/fail"}
    assert len(app.wait_for_log(before + told["total"]["calls"])) == before + told["total"]["calls"]
    assert "every call went as recorded" in done.stdout


def test_two_workers_are_processes_of_their_own_and_the_report_adds_them_up(
    app: GradioApp, tmp_path: Path
) -> None:
    file = recorded(app, tmp_path)
    before = len(app.log)
    done = recorder(
        *("load", file, "--users", 4, "--spawn-rate", 4, "--run-time", "4s", "--workers", 2),
        *("--json", tmp_path / "r.json", "--html", tmp_path / "r.html"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "r.json").read_text())
    assert len({worker["pid"] for worker in told["workers"]} - {0, os.getpid()}) == 2
    assert all(worker["calls"] for worker in told["workers"])
    assert sum(worker["calls"] for worker in told["workers"]) == told["total"]["calls"]
    assert len(app.wait_for_log(before + told["total"]["calls"])) == before + told["total"]["calls"]
    assert "/push" in (tmp_path / "r.html").read_text()


def test_a_worker_that_is_killed_is_survived_and_reported(app: GradioApp, tmp_path: Path) -> None:
    file = recorded(app, tmp_path)
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "recorder.cli", "load", str(file), "--users", "4", "--spawn-rate", "4"),
            *("--run-time", "9s", "--workers", "2", "--json", str(tmp_path / "r.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    before = len(app.log)
    app.wait_for_log(before + 8)
    victim = workers_of(running.pid)[0]
    os.kill(victim, signal.SIGKILL)
    killed_at = len(app.log)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 1, said
    told = json.loads((tmp_path / "r.json").read_text())
    assert [worker["lost"] for worker in sorted(told["workers"], key=lambda w: w["pid"] == victim)] == [
        False,
        True,
    ]
    assert f"(process {victim}) was lost by SIGKILL" in said
    # The other one went on.
    assert len(app.log) > killed_at + 8
    assert told["total"]["failures"] == 0


def workers_of(pid: int) -> list[int]:
    """The processes that a load test started as workers."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = []
        for child in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(child.read_text().rpartition(")")[2].split()[1])
                words = (child.parent / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if parent == pid and b"--worker" in words:
                found.append(int(child.parent.name))
        if len(found) == 2:
            return found
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


def test_a_wrong_output_is_a_failure(app: GradioApp, tmp_path: Path) -> None:
    file = recorded(app, tmp_path)
    tree = json.loads(file.read_text())
    tree["calls"][3]["outputs"][0]["value"] = "it's"
    file.write_text(json.dumps(tree))
    done = recorder("load", file, "--users", 1, "--run-time", "5s", "--pace", 0)
    assert done.returncode == 1
    assert "/shout: " in done.stdout
    assert "is now" in done.stdout


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_a_report(app: GradioApp, tmp_path: Path, sign: signal.Signals) -> None:
    file = recorded(app, tmp_path)
    before = len(app.log)
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "recorder.cli", "load", str(file), "--run-time", "10m"),
            *("--json", str(tmp_path / "r.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    app.wait_for_log(before + 4)
    running.send_signal(sign)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "stopped by Ctrl-C after" in said
    assert json.loads((tmp_path / "r.json").read_text())["total"]["calls"] >= 4


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_workers_join_a_master_elsewhere(app: GradioApp, tmp_path: Path, address: str) -> None:
    file = recorded(app, tmp_path)
    port = free_port()
    head = subprocess.Popen(
        [
            *(sys.executable, "-m", "recorder.cli", "load", str(file), "--users", "2", "--spawn-rate", "2"),
            *("--run-time", "3s", "--workers", "1", "--expect-workers", "1"),
            *("--bind", address, "--master-port", str(port), "--json", str(tmp_path / "r.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    joined = recorder("load", file, "--workers", 1, "--master-host", address, "--master-port", port)
    said, _ = head.communicate(timeout=60)
    assert joined.returncode == 0, joined.stdout + joined.stderr
    assert joined.stdout == f"the master on {address} has the figures\n"
    assert head.returncode == 0, said
    told = json.loads((tmp_path / "r.json").read_text())
    assert len(told["workers"]) == 2
    assert sum(worker["calls"] for worker in told["workers"]) == told["total"]["calls"] > 0

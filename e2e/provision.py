"""Make this machine ready for `make demo` and `make test`: the standard library only, on the system's Python.

    python3 e2e/provision.py venv node browser gradio-6

Each argument is one step. A step that is already done costs nothing: what it was done for is written in a
stamp beside it, and only another requirement, or another Python, does it again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

LINES = {
    "gradio-6": ["gradio==6.31.0", "itsdangerous"],
    "gradio-5": ["gradio==5.33.0", "itsdangerous", "huggingface_hub<1", "pydantic<2.12"],
    "gradio-4": [
        "gradio==4.44.1",
        "itsdangerous",
        "fastapi==0.112.4",
        "starlette<0.39",
        "pydantic==2.10.6",
        "huggingface_hub==0.25.2",
    ],
}
"""The Gradio lines that tests can run against, each in a virtual environment of its own in `.venvs/`. The pins
of the older ones are what they need to start at all beside today's releases of their dependencies; a login with Hugging Face
needs `itsdangerous`."""

PEERS = ["har2locust==0.9.4", "ruff", "mitmproxy==11.0.2", "matplotlib"], ["har-to-k6@0.14.16"]
"""What the benchmarks are held against, of Python and of Node.js, in a place of their own: `.venvs/peers`."""

NODE = 20
"""What generated modules need of Node.js; Debian 12 has an older one."""

FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
CLEAN = {name: value for name, value in os.environ.items() if name not in FOREIGN}


class NotReady(Exception):
    """A step that could not be done; says what the person can do."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def run(*command: object) -> None:
    """Run and show only what matters: the output of a command that failed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise NotReady(f"`{' '.join(str(word) for word in command)}` failed ({done.returncode}):\n{tail}")


def works(program: object, *arguments: str) -> bool:
    """Whether the program is there and exits 0."""
    try:
        return (
            subprocess.run(
                [str(program), *arguments],
                env=CLEAN,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            ).returncode
            == 0
        )
    except OSError:
        return False


def apt(*packages: str, why: str) -> None:
    """Install Debian packages where we may, else say the command."""
    command = "apt-get install -y " + " ".join(packages)
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise NotReady(f"{why}. Run `sudo {command}` and try again")
    say(f"{why}: {command}")
    os.environ["DEBIAN_FRONTEND"] = CLEAN["DEBIAN_FRONTEND"] = "noninteractive"
    run("apt-get", "update")
    run("apt-get", "install", "-y", "--no-install-recommends", *packages)


def once(stamp: Path, *wanted: object) -> Callable[[], None] | None:
    """None where the stamp says that ``wanted`` is in place, else what writes the stamp when it is."""
    digest = hashlib.sha256(repr((sys.version, wanted)).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return None

    def done() -> None:
        stamp.write_text(digest)

    return done


def create(folder: Path) -> None:
    """A virtual environment of this Python, made anew."""
    if importlib.util.find_spec("ensurepip") is None:
        apt("python3-venv", why="Python's venv module is not complete")
    run(sys.executable, "-m", "venv", "--clear", folder)


def install(python: Path, *requirements: str) -> None:
    """Install with uv for its speed, and with pip where uv does not get there (it knows no pip.conf)."""
    try:
        run(python, "-m", "pip", "install", "--quiet", "uv")
        run(
            *(python, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python),
            *requirements,
        )
    except NotReady:
        say("uv did not manage, pip tries")
        run(python, "-m", "pip", "install", "--quiet", *requirements)


def venv() -> None:
    """The project itself, editable, with its development tools, in `.venv`."""
    done = once(VENV / "ready", (ROOT / "pyproject.toml").read_text(), str(ROOT))
    if done is None:
        return
    if not works(PYTHON, "-m", "pip", "--version"):
        say("creating .venv")
        create(VENV)
    say("installing the project and its development tools into .venv")
    install(PYTHON, "-e", f"{ROOT}[dev]")
    done()


def docs() -> None:
    """MkDocs, which builds the documentation, in `.venv`."""
    done = once(VENV / "docs-ready", (ROOT / "pyproject.toml").read_text(), (VENV / "ready").read_text())
    if done is None:
        return
    say("installing MkDocs into .venv")
    install(PYTHON, "-e", f"{ROOT}[docs]")
    done()


def gradio(line: str) -> None:
    """One Gradio line in `.venvs/`, unless the person names a Python that has it (`RECORDER_GRADIO_6=…`)."""
    if os.environ.get("RECORDER_" + line.upper().replace("-", "_")):
        return
    folder = ROOT / ".venvs" / line
    done = once(folder / "ready", LINES[line])
    if done is None:
        return
    say(f"creating .venvs/{line} and installing {LINES[line][0]} (a minute or two)")
    create(folder)
    install(folder / "bin" / "python", *LINES[line])
    done()


def node() -> None:
    """TypeScript, which checks the page side, and what generated modules run on, in `node_modules`; a Node.js that is
    new enough for them, in `.venvs/node` where the system's is not."""
    wanted = (ROOT / "package-lock.json").read_text()
    done = once(ROOT / "node_modules" / "ready", wanted, NODE)
    if done is None:
        return
    if missing := [
        package for program, package in (("node", "nodejs"), ("npm", "npm")) if not shutil.which(program)
    ]:
        apt(*missing, why="Node.js is missing, which checks the page side and runs generated modules")
    new_enough = f"process.exit(parseInt(process.versions.node) < {NODE} ? 1 : 0)"
    if not works("node", "--eval", new_enough):
        say(f"the system's Node.js is older than {NODE}: installing one into .venvs/node")
        folder = ROOT / ".venvs" / "node"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, f"node@{NODE}")
    say("installing TypeScript and @gradio/client into node_modules")
    run("npm", "ci", "--no-audit", "--no-fund")
    done()


def peers() -> None:
    """What the benchmarks are held against, and what asks servers as fast as they answer."""
    if not shutil.which("wrk"):
        apt("wrk", why="wrk is missing, which measures servers")
    folder = ROOT / ".venvs" / "peers"
    done = once(folder / "ready", PEERS)
    if done is None:
        return
    say("creating .venvs/peers and installing what the benchmarks are held against (a minute)")
    create(folder)
    install(folder / "bin" / "python", *PEERS[0])
    (folder / "package.json").write_text("{}")
    run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *PEERS[1])
    done()


def shell() -> None:
    """What generated shell scripts run on."""
    if missing := [program for program in ("dash", "bash", "curl", "jq") if not shutil.which(program)]:
        apt(*missing, why=f"{', '.join(missing)} missing, which generated shell scripts run on")


def browser() -> None:
    """A Chromium that starts: the system's, else Playwright's own download, else Debian's."""
    if found():
        return
    say("no Chrome or Chromium here: downloading Playwright's own Chromium (about 150 MB)")
    try:
        run(PYTHON, "-m", "playwright", "install", "chromium")
        if not found() and os.geteuid() == 0 and shutil.which("apt-get"):
            say("installing the system libraries that it needs")
            run(PYTHON, "-m", "playwright", "install-deps", "chromium")
    except NotReady as error:
        reason = next((line for line in str(error).splitlines() if line.startswith("Error")), "Error")
        say(f"that did not work ({reason})")
    if not found():
        apt("chromium", why="Playwright's Chromium cannot be used here")
    if not found():
        raise NotReady("No browser starts here. Install Google Chrome or Chromium and try again")


def found() -> bool:
    """Whether there is a browser that runs; its shared libraries are what a bare machine lacks."""
    script = "from recorder.capture.browser import find_browser; print(find_browser() or '')"
    answer = subprocess.run(
        [str(PYTHON), "-c", script], cwd=ROOT, env=CLEAN, stdout=subprocess.PIPE, text=True, check=False
    )
    path = answer.stdout.strip()
    return bool(path) and works(path, "--version")


STEPS: dict[str, Callable[[], None]] = {
    "venv": venv,
    "docs": docs,
    "node": node,
    "shell": shell,
    "browser": browser,
    "peers": peers,
    **{line: (lambda line=line: gradio(line)) for line in LINES},  # type: ignore[misc]
}


def main(names: list[str]) -> int:
    if sys.version_info < (3, 10):  # noqa: UP036  (an older Python gets this far, and a sentence)
        print("setup: Python 3.10 or newer is needed; name one: make PYTHON=python3.12 ...", file=sys.stderr)
        return 2
    unknown = [name for name in names if name not in STEPS]
    if unknown or not names:
        print(f"setup: the steps are {', '.join(STEPS)}, not {', '.join(unknown) or 'none'}", file=sys.stderr)
        return 2
    try:
        for name in names:
            STEPS[name]()
    except NotReady as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

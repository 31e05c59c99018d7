"""What this machine has of what the recorder needs, and the command that mends the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import msgspec

from recorder import __version__
from recorder.adapters import adapter_of
from recorder.api import Api
from recorder.session import App


class Check(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing looked for. ``found`` says which (a version, a path), empty where it is missing; ``remedy`` is what to
    do then. Only what is ``needed`` makes the verdict."""

    name: str
    needed: bool
    found: str = ""
    remedy: str = ""
    what_for: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


def examine() -> tuple[Check, ...]:
    """Every check, in the order to read them."""
    return (
        _python(),
        _browser(),
        _package("playwright", True, "drives the browser"),
        _client(),
        _package("pillow", False, "lets replay compare pictures by what is seen", "'api-recorder[media]'"),
        _package("soundfile", False, "lets replay compare sounds by what is heard", "'api-recorder[media]'"),
        _display(),
        _node(),
    )


def healthy(checks: tuple[Check, ...]) -> bool:
    """Whether nothing that is needed is missing."""
    return all(check.ok for check in checks if check.needed)


def dump(checks: tuple[Check, ...]) -> str:
    """As JSON text: ``{recorder, ok, checks: [{name, ok, needed, found, remedy, what_for}]}``."""
    rows = [
        {
            "name": check.name,
            "ok": check.ok,
            "needed": check.needed,
            "found": check.found,
            "remedy": check.remedy,
            "what_for": check.what_for,
        }
        for check in checks
    ]
    return json.dumps({"recorder": __version__, "ok": healthy(checks), "checks": rows}, indent=2) + "\n"


def _python() -> Check:
    version = sys.version.split()[0]
    old = sys.version_info < (3, 10)
    return Check(
        name="python",
        needed=True,
        found=f"{version}, {sys.executable}",
        remedy="install Python 3.10 or newer" if old else "",
        what_for="runs the recorder",
    )


def _browser() -> Check:
    what_for = "`recorder record` (not needed by `recorder proxy`, replay and the generated scripts)"
    mend = f"{sys.executable} -m playwright install chromium"
    if importlib.util.find_spec("playwright") is None:
        return Check(name="browser", needed=True, remedy="first playwright (see below)", what_for=what_for)
    from recorder.capture.browser import find_browser

    path = find_browser()
    version = _version(path) if path is not None else ""
    if path is None and os.environ.get("RECORDER_BROWSER"):
        remedy = "RECORDER_BROWSER names no program: give the path of a Chrome or Chromium, or unset it"
    elif path is None:
        remedy = f"install Google Chrome or Chromium, or run: {mend}"
    elif not version:
        remedy = f"it does not start; install the system libraries that it needs: {mend} --with-deps"
    else:
        remedy = ""
    found = ", ".join(word for word in (version, path) if word)
    return Check(name="browser", needed=True, found=found, remedy=remedy, what_for=what_for)


def _version(path: str) -> str:
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = answer.stdout.strip().splitlines()
    return lines[0] if answer.returncode == 0 and lines else ""


def _package(name: str, needed: bool, what_for: str, install: str = "") -> Check:
    try:
        return Check(name=name, needed=needed, found=importlib.metadata.version(name), what_for=what_for)
    except importlib.metadata.PackageNotFoundError:
        remedy = f"run: {sys.executable} -m pip install {install or name}"
        return Check(name=name, needed=needed, remedy=remedy, what_for=what_for)


def _client() -> Check:
    return _package("gradio_client", False, "runs the generated Python scripts", "'api-recorder[client]'")


def _display() -> Check:
    what_for = "shows the browser that records (without one it is headless)"
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
    found = named or ("the system's own" if sys.platform in ("darwin", "win32") else "")
    remedy = "" if found else "use `recorder proxy` and your own browser, or run on a desktop"
    return Check(name="display", needed=False, found=found, remedy=remedy, what_for=what_for)


def _node() -> Check:
    what_for = "the types of the page side, for those who work on it"
    path = shutil.which("node")
    if path is None:
        return Check(name="node", needed=False, remedy="apt-get install nodejs npm", what_for=what_for)
    return Check(name="node", needed=False, found=f"{_version(path)}, {path}", what_for=what_for)


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something about an endpoint that those who call it will stumble over, and what mends it."""

    endpoint: str
    what: str
    remedy: str
    parameter: str = ""


_EMPTY_NAME = re.compile(
    r"(?:lambda|fn|func|function|predict|wrapper|inner|call|handler|f|g|tmp|test|foo)(?:_?\d+)?|_.*"
)
_EMPTY_LABEL = re.compile(
    r"(?:param|value|parameter|textbox|number|component|input|arg|x|y)?[_ ]?\d*", re.IGNORECASE
)


def lint(app: App, api: Api) -> tuple[Finding, ...]:
    """What of an app's API does not speak for itself: names that say nothing or shift, and what has no description."""
    found: list[Finding] = []
    advice = adapter_of(app.kind).advice
    public = [e for e in api.endpoints if e.visibility == "public"]
    names = {e.name for e in public}
    for endpoint in public:
        rule = f'[endpoints."{endpoint.id}"] in recorder.toml'

        def say(what: str, remedy: str, parameter: str = "", id: str = endpoint.id) -> None:
            found.append(Finding(endpoint=id, what=what, remedy=remedy, parameter=parameter))

        stem, _, number = endpoint.name.rpartition("_")
        if endpoint.id.startswith("fn:"):
            say(
                "several endpoints have this name, so that none can be called by it",
                f"Give each its own {advice.name}",
            )
        elif _EMPTY_NAME.fullmatch(endpoint.name):
            say("its name says nothing", f"Give it {advice.name} in the app, or name under {rule}")
        elif number.isdigit() and stem in names:
            say(
                f"its name is made from that of {stem}, and shifts when another one comes before it",
                f"Give it {advice.name} in the app, or name under {rule}",
            )
        if not endpoint.description:
            say(
                "it has no description",
                f"Give its function {advice.description}, or description under {rule}",
            )
        for parameter in endpoint.parameters:
            if parameter.state or parameter.skipped:
                continue
            label = parameter.label or parameter.name
            if not parameter.description and _EMPTY_LABEL.fullmatch(label):
                say(
                    "it has neither a telling label nor a description",
                    advice.parameter,
                    parameter.name or label or "?",
                )
    return tuple(found)


def dump_findings(findings: tuple[Finding, ...]) -> str:
    """As JSON text."""
    return json.dumps(msgspec.to_builtins(findings), indent=2, ensure_ascii=False) + "\n"

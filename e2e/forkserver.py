"""Starts Gradio apps from one process that has imported Gradio already: a fork takes milliseconds, the import seconds.

Run by the Python that has the Gradio line. Each line on standard input is a JSON object ``{cwd, environment, output}``;
the answer is the process id of a child that runs ``app.py`` there as a program of its own, in a session of its own.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from typing import Any

import gradio  # noqa: F401  (what the children need not do again)


def main() -> None:
    # Children that ended are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            run(wanted)
        print(child, flush=True)


def run(wanted: dict[str, Any]) -> None:
    """Become the app; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(wanted["cwd"])
        os.environ.clear()
        os.environ.update(wanted["environment"])
        output = os.open(wanted["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.argv = ["app.py"]
        sys.path[0] = wanted["cwd"]
        runpy.run_path("app.py", run_name="__main__")
        code = 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()

"""Runs inside Locust's own processes, beside the locustfile, and writes what it counts where ``recorder load``
reads it.

Locust replaces parts of the standard library as it is imported, so that nothing of ours ever imports this. Each
line of the file named by ``RECORDER_LOAD_STATS`` is a JSON object of the form that
:class:`recorder.load.report.Figures` reads.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import gevent
from locust import events
from locust.runners import WorkerRunner

EVERY = 0.5
"""Seconds between two lines."""


def on_init(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        environment.events.report_to_master.add_listener(_signed)
        return
    _Teller(environment, os.environ["RECORDER_LOAD_STATS"])


_INIT: Any = events.init
_INIT.add_listener(on_init)


def _signed(client_id: str, data: dict[str, Any], **_: Any) -> None:
    data["pid"] = os.getpid()


class _Teller:
    def __init__(self, environment: Any, path: str) -> None:
        self._environment = environment
        self._path = path
        self._started = time.time()
        self._workers: dict[str, dict[str, int]] = {}
        self._over = False
        environment.events.worker_report.add_listener(self._reported)
        environment.events.test_start.add_listener(self._begun)
        # After the last of the workers has told what it did.
        environment.events.quit.add_listener(lambda **_: self._tell(over=True))
        gevent.spawn(self._keep_telling)

    def _begun(self, **_: Any) -> None:
        self._started = time.time()

    def _reported(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        worker = self._workers.setdefault(client_id, {"pid": data.get("pid", 0), "calls": 0})
        worker["calls"] += data["stats_total"]["num_requests"]

    def _keep_telling(self) -> None:
        while True:
            gevent.sleep(EVERY)
            if self._over:
                return
            self._tell(over=False)

    def _tell(self, over: bool) -> None:
        self._over = over
        environment = self._environment
        clients = getattr(environment.runner, "clients", {})
        known = {id: clients[id].state for id in list(clients)} if clients else {}
        line = {
            "over": over,
            "users": environment.runner.user_count,
            "seconds": time.time() - self._started,
            "total": _entry(environment.stats.total, over),
            "endpoints": [_entry(entry, over) for entry in environment.stats.entries.values()],
            "errors": [
                {"name": error.name, "error": str(error.error), "count": error.occurrences}
                for error in environment.stats.errors.values()
            ],
            "workers": [
                {"id": id, **worker, "lost": known.get(id) == "missing"}
                for id, worker in self._workers.items()
            ],
        }
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _entry(entry: Any, over: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "calls": entry.num_requests,
        "failures": entry.num_failures,
        "rate": (entry.total_rps if over else entry.current_rps) if entry.num_requests else 0.0,
        "average": entry.avg_response_time,
        "median": entry.median_response_time or 0,
        "p95": entry.get_response_time_percentile(0.95) or 0,
        "p99": entry.get_response_time_percentile(0.99) or 0,
        "least": entry.min_response_time or 0,
        "most": entry.max_response_time or 0,
        "bytes": entry.total_content_length,
    }

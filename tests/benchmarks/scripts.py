"""A recording to a script, whole processes: ours from a session to Python, the neighbours' from the HAR of the same calls."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.measured import Points, Ran, Row, exponent, run, times
from tests.benchmarks.peers import PEERS
from tests.benchmarks.startup import RECORDER

WANTED = {100: 1, 1_000: 4, 10_000: 15}
ROUNDS = {100: 9, 1_000: 7, 10_000: 3}
OURS = "calls to a script, ours"
BROWSER = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en",
    "cache-control": "no-cache",
    "origin": "http://app.test",
    "referer": "http://app.test/",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0",
}


def entry(method: str, path: str, sent: Any, given: Any, number: int) -> dict[str, Any]:
    """One entry as Chrome writes it."""
    body = json.dumps(given)
    asked: dict[str, Any] = {
        "method": method,
        "url": f"http://app.test{path}",
        "httpVersion": "http/1.1",
        "headers": [{"name": name, "value": value} for name, value in BROWSER.items()],
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }
    if sent is not None:
        asked["headers"].append({"name": "content-type", "value": "application/json"})
        asked["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
    return {
        "startedDateTime": f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
        "time": 10,
        "_resourceType": "fetch",
        "request": asked,
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "http/1.1",
            "headers": [{"name": "content-type", "value": "application/json"}],
            "cookies": [],
            "content": {"size": len(body), "mimeType": "application/json", "text": body},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(body),
        },
        "cache": {},
        "timings": {"send": 1, "wait": 8, "receive": 1},
    }


def har(count: int) -> dict[str, Any]:
    """Things are made, and each is asked for by the id that it got."""
    entries = []
    for number in range(count // 2):
        thing = {"id": f"{number:08x}-id", "text": f"thing {number}", "tags": [f"t{number}", number]}
        entries.append(entry("POST", "/things", {"text": f"thing {number}"}, thing, 2 * number))
        entries.append(entry("GET", f"/things/{thing['id']}", None, thing, 2 * number + 1))
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": "537.36"},
            "entries": entries,
        }
    }


def rows(points: Points) -> list[Row]:
    """One for each size, and one for the memory of the largest; how each grows goes into ``points``."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for size, least in WANTED.items():
            file, kept = Path(folder, f"{size}.har"), Path(folder, f"{size}.json")
            file.write_text(json.dumps(har(size)))
            run(RECORDER, "import", file, "-o", kept)
            commands = {
                "ours": (RECORDER, "render", kept, "-o", Path(folder, "ours.py")),
                "har2locust": (PEERS / "bin/har2locust", file),
                "har-to-k6": (PEERS / "node_modules/.bin/har-to-k6", file, "-o", Path(folder, "k6.js")),
            }
            ran: dict[str, list[Ran]] = {name: [] for name in commands}
            for _ in range(ROUNDS[size]):
                for name, words in commands.items():
                    ran[name].append(run(*words))
            taken = {name: [each.seconds for each in ran[name]] for name in commands}
            middle = {name: statistics.median(taken[name]) for name in commands}
            for name in commands:
                points.setdefault(f"calls to a script, {name}", []).append((size, middle[name]))
            looked = [run(RECORDER, "show", kept).seconds for _ in range(ROUNDS[size] // 3)]
            points.setdefault("calls shown", []).append((size, statistics.median(looked)))
            peer = min(commands.keys() - {"ours"}, key=lambda name: middle[name])
            note = f"grows as the {exponent(points[OURS][1:]):.2f}th power" if size == max(WANTED) else ""
            work = f"{size:,} calls to a script"
            found.append(times(work, peer, taken["ours"], taken[peer], least, note=note))
        peaks = {name: [float(each.peak) for each in ran[name]] for name in commands}
        peer = min(commands.keys() - {"ours"}, key=lambda name: peaks[name][0])
        found.append(times(f"{work}: memory at most", peer, peaks["ours"], peaks[peer], 3, unit="B"))
    return found

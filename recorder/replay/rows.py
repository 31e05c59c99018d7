"""Rows of values for the variables of a session: a CSV file, or JSON, one object a line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from recorder.errors import FileError


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file, each the values by the names of their variables, as a person writes them after ``--set``.

    What a row leaves out stays as recorded: a short line of CSV, a member that is not there.

    Args:
        path: ``.jsonl`` or ``.ndjson`` is JSON lines, anything else CSV with a header line; both in UTF-8.

    Raises:
        FileError: there is no such file, or it is not of that form; the sentence names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if path.suffix.lower() not in (".jsonl", ".ndjson"):
                return [
                    {k: v for k, v in row.items() if k and v is not None} for row in csv.DictReader(lines)
                ]
            return [_parsed(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", "Check the path") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path} is no CSV file in UTF-8: {error}", "Save it as such") from None


def _parsed(line: str, path: Path, number: int) -> dict[str, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}, line {number} is not JSON: {error}", "Write one object a line") from None
    if not isinstance(row, dict):
        raise FileError(
            f"{path}, line {number} is not an object", 'Write one a line, such as {"name": "Ann"}'
        )
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()}

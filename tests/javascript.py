"""Node for the tests: what JavaScript makes of a literal, and the syntax tree of a module (by acorn)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

_EVALUATE = """
const spelled = (value) => {
    if (typeof value === "bigint") return String(value);
    if (typeof value === "number") return Object.is(value, -0) ? "-0.0" : String(value);
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(spelled).join()}]`;
    return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${spelled(v)}`).join()}}`;
};
console.log(spelled(values));
"""

# Strings are emptied, names of one kind made alike; what is left is what a module does.
_SHAPES = """
import { readFileSync } from "node:fs";
import { parse } from "acorn";
const strip = (key, value) => {
    if (key === "start" || key === "end" || key === "raw" || typeof value === "bigint") return undefined;
    if (value?.type === "Literal" && typeof value.value === "string") return { type: "text" };
    if (value?.type === "Identifier") return { type: "name", name: /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(value.name) };
    return value;
};
const shape = (module) => {
    const comments = [];
    const onComment = (block, text) => comments.push(text);
    const tree = parse(module, { ecmaVersion: 2023, sourceType: "module", onComment });
    return { tree: JSON.stringify(tree, strip), comments };
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(shape)));
"""


def _node(program: str, given: str = "") -> str:
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program] if given else ["node", "--input-type=module", "-"],
        input=(given or program).encode(),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def evaluated(literals: list[str]) -> list[Any]:
    """The values of literals, all in one process, with every number as Python reads it."""
    values: list[Any] = json.loads(_node(f"const values = [{','.join(literals)}];{_EVALUATE}"))
    return values


def shapes(modules: list[str]) -> list[dict[str, Any]]:
    """For each module its syntax ``tree`` without what its strings hold and its names say, and its ``comments``."""
    found: list[dict[str, Any]] = json.loads(_node(_SHAPES, json.dumps(modules)))
    return found

"""What is shipped: the wheel and the source archive, built from this checkout and used from where they were put."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = {
    path.relative_to(ROOT / "static").as_posix() for path in (ROOT / "static").rglob("*") if path.is_file()
}
SHIPPED = {name for name in STATIC if not name.endswith(".test.js")}
SOURCES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "recorder").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}

PROBE = """
import json, sys
import recorder
from recorder.capture.inject import recorder_script, static_folder
from recorder.adapters import workflow
from recorder.render import render
from recorder.session import App, Session
folder = static_folder()
print(json.dumps({
    "package": recorder.__file__,
    "static": str(folder),
    "files": sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()),
    "script": recorder_script(),
    "python": render(workflow(Session(app=App(url="http://127.0.0.1:7860", kind="gradio"))), "python"),
}))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


def run(*words: object, cwd: Path, path: Path | None = None) -> str:
    environment = {"PYTHONPATH": str(path)} if path is not None else {}
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def probe(cwd: Path, path: Path) -> dict[str, str]:
    answer: dict[str, str] = json.loads(run("-c", PROBE, cwd=cwd, path=path))
    return answer


def test_an_installed_wheel_finds_the_page_side_inside_itself(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) >= SOURCES | {f"recorder/_static/{name}" for name in SHIPPED}
        assert not [name for name in archive.namelist() if name.startswith(("tests/", "e2e/", "static/"))]
        assert not [name for name in archive.namelist() if name.endswith(".test.js")]
        archive.extractall(site)
    found = probe(tmp_path, site)
    assert Path(found["package"]).is_relative_to(site)
    assert found["static"] == str(site / "recorder" / "_static")
    assert set(found["files"]) == SHIPPED
    assert found["script"]
    compile(found["python"], "script", "exec")


def test_a_checkout_finds_the_page_side_beside_the_package(tmp_path: Path) -> None:
    found = probe(tmp_path, ROOT)
    assert found["static"] == str(ROOT / "static")
    assert set(found["files"]) == STATIC
    assert found["script"]


def test_the_source_archive_has_what_a_wheel_is_built_from(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert names >= SOURCES | {f"static/{name}" for name in STATIC} | {
        "LICENSE",
        "README.md",
        "pyproject.toml",
    }


def test_both_ways_write_the_same_script(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    assert probe(tmp_path, tmp_path / "site")["script"] == probe(tmp_path, ROOT)["script"]

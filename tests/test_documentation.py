"""README.md and docs/: what they show works."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from recorder import config
from recorder.cli import cli
from recorder.render import targets

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

WORST = re.compile(r"\b(told|beside|held against|to be had|done anew|made anew|what of)\b", re.I)
"""Words that the field does not use: it says reported, next to, compared with."""
NOT_PROSE = re.compile(r"(?s)<!-- (\w+) -->.*<!-- /\1 -->|`[^`]*`")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a page in one language."""
    yield from re.findall(rf"(?ms)^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"))


def commands() -> list[tuple[str, str]]:
    """Every line of a shell block that runs the recorder, with its page."""
    return [
        (name_of(page), line)
        for page in PAGES
        for block in blocks(page, "sh")
        for line in block.splitlines()
        if line.startswith("recorder ")
    ]


@pytest.mark.parametrize(("document", "line"), commands())
def test_every_command_is_one_that_the_command_line_takes(document: str, line: str) -> None:
    words = shlex.split(line.partition(" | ")[0].partition(" > ")[0], comments=True)
    verb = cli.get_command(click.Context(cli), words[1])
    assert verb is not None
    context = click.Context(verb, info_name=words[1])
    given, rest, _ = verb.make_parser(context).parse_args(words[2:])
    for option, value in given.items():
        (parameter,) = [p for p in verb.params if p.name == option]
        if not isinstance(parameter.type, click.Path):
            parameter.type_cast_value(context, value)
    assert not rest, line


def test_the_documentation_has_an_example_of_every_command() -> None:
    shown = {line.split()[1] for _, line in commands()}
    assert shown == set(cli.list_commands(click.Context(cli)))


def test_every_target_is_in_the_tables_of_targets() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "targets.md"):
        rows = re.findall(r"(?m)^\| (`.*?) \|", page.read_text(encoding="utf-8"))
        assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(targets())


def test_the_example_of_a_configuration_can_be_read() -> None:
    (example,) = blocks(ROOT / "docs" / "configuration.md", "toml")
    assert config.parse(example, Path("recorder.toml")).endpoints["/debug"].hidden


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_examples_in_python_are_python(document: Path) -> None:
    for block in blocks(document, "python"):
        ast.parse(block)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^#+ (.*)$", text)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.removesuffix("#only-light").removesuffix("#only-dark").partition("#")
        target = document.parent / path if path else document
        assert target.is_file(), f"{link} in {name_of(document)}"
        assert not anchor or anchor in anchors(target), f"{link} in {name_of(document)}"


@pytest.mark.parametrize("document", [p for p in PAGES if p.name != "SECURITY.md"], ids=name_of)
def test_pages_are_in_plain_english(document: Path) -> None:
    text = NOT_PROSE.sub("", document.read_text(encoding="utf-8"))
    assert not WORST.findall(text)


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


@pytest.mark.parametrize(
    "picture", sorted((ROOT / "docs" / "pictures").iterdir()), ids=lambda path: path.name
)
def test_every_picture_is_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size < 150_000
    assert any(f"pictures/{picture.name}" in page.read_text(encoding="utf-8") for page in PAGES)

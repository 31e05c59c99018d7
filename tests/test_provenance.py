"""How links are found: flows whose data flow is known, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.adapters import workflow
from tests.flows import FLOWS, Flow, found, session_of, table

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.kind}: {flow.name}".replace(" ", "-"))
def test_the_links_of_a_known_flow_are_found_and_no_others(flow: Flow) -> None:
    assert found(workflow(session_of(flow))) == flow.links


def test_there_are_enough_of_them_to_say_something() -> None:
    assert sum(len(flow.links) for flow in FLOWS) >= 40
    assert len({flow.kind for flow in FLOWS if flow.links}) >= 12


def test_the_readme_has_the_measure_as_it_is() -> None:
    assert table() in README.read_text(encoding="utf-8")

"""The published JSON Schema says what the session file is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from recorder.schema import dump_config_schema, dump_session_schema, session_schema
from recorder.session import App, Call, File, Session, Value, dump

PUBLISHED = Path(__file__).parent.parent / "static" / "schema" / "recorder-session-1.json"


def test_the_published_schema_is_up_to_date(golden: Callable[[Path, str], None]) -> None:
    golden(PUBLISHED, dump_session_schema())


def test_the_published_schema_of_the_configuration_is_up_to_date(golden: Callable[[Path, str], None]) -> None:
    golden(PUBLISHED.with_name("recorder-config-1.json"), dump_config_schema())


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(session_schema())


VALUES: list[Any] = [
    None,
    True,
    1.5,
    "text",
    [1, {"deep": [None]}],
    {},
    {"$file": "an app's own"},
    {"$x": 1, "y": 2},
    {"$x": 1},
    float("nan"),
    File(name="a (1).png", sha256="0" * 64, size=1, path="s.files/0"),
    {"image": File(name="a.png", lost="too_large")},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_written_fits_the_schema(value: Any) -> None:
    call = Call(
        id="c1",
        endpoint="/f",
        inputs=(Value(name="x", value=value),),
        outputs=(Value(update={"value": value}),),
        stream=([value],),
        event_data=value,
    )
    tree = json.loads(dump(Session(app=App(url="http://127.0.0.1:7860"), calls=(call,))))
    jsonschema.Draft202012Validator(session_schema()).validate(tree)


@pytest.mark.parametrize("value", [{"$number": "1"}, {"$file": 1}, {"$unknown": 1}], ids=repr)
def test_a_leaf_of_no_known_kind_does_not_fit(value: Any) -> None:
    call = {"id": "c1", "endpoint": "/f", "inputs": [{"value": value}]}
    tree = {"format": "recorder-session/1", "app": {"url": "http://127.0.0.1:7860"}, "calls": [call]}
    assert not jsonschema.Draft202012Validator(session_schema()).is_valid(tree)


def test_a_session_without_its_format_does_not_fit() -> None:
    assert not jsonschema.Draft202012Validator(session_schema()).is_valid(
        {"app": {"url": "http://127.0.0.1"}}
    )

"""How much an equality of two texts says, how well names agree, and which item of a list a link selects: as tables."""

from __future__ import annotations

from typing import Any

import pytest

from recorder.dataflow.choice import Chooser, Clue
from recorder.dataflow.texts import agreement, rarity, words
from recorder.request import follow
from recorder.workflow import Link


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("open", 1, 1),
        ("inProgress", 1, 1),
        ("application/json", 1, 1),
        ("2026-11-28", 1, 1),
        ("section1", 1, 1),
        ("v1.2.3", 1, 1),
        (7, 1, 1),
        (True, 0, 0),
        ("", 0, 0),
        ("usr_9y2n8wEs7rg", 3, 4),
        ("f_QfnGSwSpWTbO", 3, 4),
        ("fjgkqpwo", 3, 4),
        ("xk2 9fQ/zz1", 3, 4),
        ("0b9cd0b4-98a2-4c1e-8d0f-2f8e8d6a9d10", 4, 4),
    ],
)
def test_a_word_says_less_than_random_text_of_letters_alone(text: Any, least: int, most: int) -> None:
    assert least <= rarity(text) <= most


@pytest.mark.parametrize(
    ("sent", "path", "received", "around", "least", "most"),
    [
        ("item_id", "/carts", "id", "/items", 3, 3),
        ("book", "/lend", "id", "/books", 3, 3),
        ("X-CSRF-Token", "/x", "csrf_token", "/", 3, 3),
        ("uploadId", "/x", "uploadid", "/", 2, 3),
        ("id", "/rpc", "count", "/items", 0, 0),
        ("quantity", "/orders", "id", "/items", 0, 0),
    ],
)
def test_names_agree_by_their_words(
    sent: str, path: str, received: str, around: str, least: int, most: int
) -> None:
    assert least <= agreement(sent, words(path), received, words(around)) <= most


ITEMS = [{"id": "a", "name": "Oil", "open": False}, {"id": "b", "name": "Rice", "open": True}]
MORE = [{"id": "z", "name": "Flour", "open": False}, *({**item, "id": item["id"] * 9} for item in ITEMS)]


@pytest.mark.parametrize("near", [("Rice", "Delete"), ("Rice",)])
def test_a_record_that_the_person_clicked_is_found_where_there_is_one_more(near: tuple[str, ...]) -> None:
    clues = [Clue(text=text, rank=3 - place, near=True) for place, text in enumerate(near)]
    link = Link(step="c1", output=0, path=("items", 1, "id"))
    chosen = Chooser(lambda clue, name: clue.text).link(link, {"items": ITEMS}, "json", clues, made=0)
    assert follow(chosen, {"items": MORE}) == "bbbbbbbbb"


def test_a_record_that_is_not_there_any_more_is_not_found() -> None:
    link = Link(step="c1", output=0, path=("items", 1, "id"))
    clues = [Clue(text="Rice", rank=3, near=True)]
    chosen = Chooser(lambda clue, name: clue.text).link(link, {"items": ITEMS}, "json", clues, made=0)
    with pytest.raises(LookupError, match="name is 'Rice'"):
        follow(chosen, {"items": MORE[:2]})


def test_the_response_to_what_the_script_itself_made_is_read_by_position() -> None:
    link = Link(step="c1", output=0, path=("items", 1, "id"))
    assert Chooser(lambda clue, name: clue.text).link(link, {"items": ITEMS}, "json", [], made=2) == link


def test_a_list_with_more_records_than_the_script_can_have_made_is_read_by_what_they_say() -> None:
    link = Link(step="c1", output=0, path=("items", 1, "id"))
    chosen = Chooser(lambda clue, name: clue.text).link(link, {"items": ITEMS}, "json", [], made=1)
    assert follow(chosen, {"items": MORE}) == "bbbbbbbbb"

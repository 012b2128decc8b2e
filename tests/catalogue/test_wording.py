"""The catalogue's own words: each text in three languages, with the same places, and well spelt."""

from __future__ import annotations

import re
import tomllib

import pytest

from graph.catalogue.graphs import KNOWN
from graph.catalogue.wording import FILE

TEXTS: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
WRONG = re.compile("['`´‘’]|[OoGg]\u02bc|(?<![OoGg])\u02bb")


@pytest.mark.parametrize("key", TEXTS)
def test_each_text_is_said_in_three_languages_with_the_same_values(key: str) -> None:
    texts = TEXTS[key]
    assert set(texts) == {"en", "ru", "uz"}
    assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1


@pytest.mark.parametrize("key", TEXTS)
def test_uzbek_letters_are_the_right_characters(key: str) -> None:
    assert not WRONG.search(TEXTS[key]["uz"])


def test_the_graphs_that_every_publication_has_are_called_by_what_is_in_them() -> None:
    assert {f"graph-{name}" for name in KNOWN} <= set(TEXTS)

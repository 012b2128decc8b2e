"""A report for people: what is alike is said once, with its places; nothing is lost."""

from __future__ import annotations

from endpoint.graphs.graph_writing import OPEN, folded
from graph.parts.contribution.contributed_document import FoundResult
from graph.parts.templates.advice import GENERIC, PLAIN, WITHOUT_EXAMPLE
from graph.parts.templates.fields import LANGUAGES

BASE = "https://example.org/kb/"
ADD, WRITE = {"en": "Add it."}, {"en": "Write it so."}


def found(number: int, path: str = "urn:p", message: str = "No city.", **more: object) -> FoundResult:
    facts: dict[str, object] = {"document": "the document", "line": number, "remedy": ADD} | more
    return FoundResult("Violation", f"<{BASE}id/{number}>", path, None, {"en": message}, "urn:s", **facts)  # type: ignore[arg-type]


def test_alike_findings_are_one_entry_with_all_places() -> None:
    results = [found(1), found(2, "urn:q"), *map(found, range(3, 16))]
    entries = folded(results, BASE)
    assert [len(each.places) for each in entries] == [14, 1]
    assert [place.line for place in (*entries[0].shown, *entries[0].further)] == [1, *range(3, 16)]
    assert len(entries[0].shown) == OPEN


def test_places_come_in_the_order_of_lines() -> None:
    (entry,) = folded([found(9), found(2), found(4)], BASE)
    assert [place.line for place in entry.places] == [2, 4, 9]


def test_a_single_further_place_is_not_folded_away() -> None:
    (entry,) = folded(map(found, range(OPEN + 1)), BASE)
    assert len(entry.shown) == OPEN + 1
    assert not entry.further


def test_other_words_are_another_entry_and_other_remedies_are_not() -> None:
    entries = folded([found(1), found(1, remedy=WRITE), found(2), found(3, message="Two cities.")], BASE)
    assert [each.remedies for each in entries] == [(ADD, WRITE), (ADD,)]
    assert [len(each.places) for each in entries] == [2, 1]


def test_nodes_of_the_publication_are_short_and_nameless_documents_unnamed() -> None:
    (entry,) = folded([found(7)], BASE)
    assert entry.places[0].focus == "<id/7>"
    assert entry.places[0].document == ""


def test_no_remedy_speaks_of_an_example_where_there_is_none() -> None:
    words = dict(zip(LANGUAGES, ("example", "пример", "amuna"), strict=True))
    for language, word in words.items():
        place = LANGUAGES.index(language)
        assert word in GENERIC[place]
        assert not [texts for texts in (PLAIN, *WITHOUT_EXAMPLE.values()) if word in texts[place]]

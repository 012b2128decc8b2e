"""Ids that can stand in any address, and entities made of statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.parts.linking.names_index import (
    AS_PRINTED,
    CLASS,
    IS_DESCRIBED,
    LOCAL_NAME,
    NAME,
    PLACE,
    VALID_ID,
    Name,
    entity_of,
    id_of,
    kinds_by,
)

BASE = "https://example.org/kb/"
ORGANISATION = b"<http://www.w3.org/ns/org#Organization>"


@pytest.mark.parametrize(("iri", "expected"), [
    (f"{BASE}id/club/termez", "club~termez"),
    (f"{BASE}id/forum-2014", "forum-2014"),
    (f"{BASE}scheme/topic/social", "~scheme~topic~social"),
    (f"{BASE}dataset", "~dataset"),
])  # fmt: skip
def test_an_id_is_the_path_as_far_as_an_address_can_hold_it(iri: str, expected: str) -> None:
    assert id_of(iri, BASE) == expected


IRIS = st.one_of(
    st.text("ab/~.-_%é ", max_size=8).map(lambda path: f"{BASE}id/{path}"),
    st.text("ab/~.-_%é ", max_size=8).map(lambda path: BASE + path),
    st.text("ab/~.", max_size=8).map(lambda path: f"http://elsewhere.example/{path}"),
)


@given(st.lists(IRIS, unique=True, max_size=30))
def test_ids_are_valid_and_no_two_iris_share_one(iris: list[str]) -> None:
    ids = [id_of(each, BASE) for each in iris]
    assert len(set(ids)) == len(ids)
    assert all(VALID_ID.match(each) for each in ids)


def test_names_are_unescaped_and_numbers_are_none() -> None:
    found = [
        (CLASS, 0, ORGANISATION), (NAME, 0, b'"Club \\"Umid\\"\\n2"@EN'), (NAME, AS_PRINTED, b'"+998 90 123"'),
        (PLACE, 0, b'"no place"'), (PLACE, 0, f"<{BASE}id/place/termez>".encode()),
    ]  # fmt: skip
    entity = entity_of(f"{BASE}id/club/x", found, 3, BASE)
    assert entity is not None
    assert [(each.text, each.language) for each in entity.names] == [('Club "Umid"\n2', "en")]
    assert entity.places == (f"{BASE}id/place/termez",)
    assert (entity.kinds, entity.linked) == (("organisation",), 3)


@pytest.mark.parametrize(("iri", "text", "fold"), [
    (f"{BASE}id/library/PublicLibrary_of-Termez", "PublicLibrary_of-Termez", "publik library of termez"),
    ("http://data.example/terms#openingHours", "openingHours", "opening hours"),
    ("http://data.example/people/42/", "42", "42"),
    ("urn:isbn:978-0", "978-0", "978 0"),
    ("http://data.example/%D0%A2%D0%B5%D1%80%D0%BC%D0%B5%D0%B7", "Термез", "termez"),
])  # fmt: skip
def test_what_nothing_names_is_called_as_its_iri_ends(iri: str, text: str, fold: str) -> None:
    entity = entity_of(iri, [(CLASS, 0, ORGANISATION), IS_DESCRIBED], 0, BASE)
    assert entity is not None
    assert entity.names == (Name(LOCAL_NAME, "", text, fold),)


@pytest.mark.parametrize("iri", ["tel:+998901234567", f"{BASE}.well-known/genid/b1", "http://data.example/"])
def test_what_has_no_name_in_its_iri_has_none(iri: str) -> None:
    assert entity_of(iri, [(CLASS, 0, ORGANISATION), IS_DESCRIBED], 0, BASE) is None


def test_what_only_the_engine_speaks_of_is_not_found_by_its_iri() -> None:
    assert entity_of(f"{BASE}id/x", [(CLASS, 0, ORGANISATION)], 0, BASE) is None


def test_a_thing_with_a_label_is_not_found_by_its_iri() -> None:
    entity = entity_of(f"{BASE}id/club/termez", [(NAME, 0, b'"Umid"@en'), IS_DESCRIBED], 0, BASE)
    assert entity is not None
    assert [each.text for each in entity.names] == ["Umid"]


@pytest.mark.parametrize(("classes", "kinds"), [
    ((), ("thing",)),
    (("https://schema.org/City",), ("city", "place")),
    ((f"{BASE}ns#ParentsClub",), ("organisation", "club")),
    (("http://www.w3.org/2006/vcard/ns#Voice",), ()),
    (("http://www.w3.org/ns/org#Membership", "http://www.w3.org/ns/org#Organization"), ("organisation",)),
    (("http://other.example/terms#Bridge",), ("Bridge",)),
    (("https://schema.org/Project", "https://schema.org/Organization"), ("project",)),
])  # fmt: skip
def test_classes_are_kinds(classes: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    assert kinds_by(frozenset(f"<{each}>".encode() for each in classes), BASE) == kinds

"""Patterns match exactly, also those that a store on disk reads too far."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.rdf_terms import XSD, matching


def integer(number: int, form: str = "integer") -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode(XSD + form))


@pytest.fixture
def store(tmp_path: Path) -> ox.Store:
    """The numbers below 600, on disk: one a thing, all of one property."""
    found, use = ox.Store(tmp_path), ox.NamedNode("http://e/p")
    found.extend(
        ox.Quad(ox.NamedNode(f"http://e/{n}"), use, integer(n), ox.NamedNode("http://e/g")) for n in range(600)
    )
    found.flush()
    return found


@pytest.mark.parametrize("number", [0, 254, 255, 256, 511, 599])
def test_a_number_is_that_number(store: ox.Store, number: int) -> None:
    for form in ("integer", "nonNegativeInteger"):
        (quad,) = matching(store, None, None, integer(number, form))
        assert quad.subject == ox.NamedNode(f"http://e/{number}")


def test_a_number_that_is_not_there_is_not_found(store: ox.Store) -> None:
    store.remove(
        ox.Quad(ox.NamedNode("http://e/255"), ox.NamedNode("http://e/p"), integer(255), ox.NamedNode("http://e/g"))
    )
    assert not list(matching(store, None, None, integer(255), ox.NamedNode("http://e/g")))
    assert not list(matching(store, None, ox.NamedNode("http://e/p"), integer(255)))


def test_what_is_no_literal_is_looked_up_as_it_is(store: ox.Store) -> None:
    assert len(list(matching(store, ox.NamedNode("http://e/7"), None, None))) == 1
    assert len(list(matching(store, None, ox.NamedNode("http://e/p"), None))) == 600

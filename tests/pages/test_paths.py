"""Property paths of shapes, as pages follow them."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from endpoint.pages.term_names import follow, read_path
from graph.model.rdf_terms import SH

DATA = """
@prefix ex: <https://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
ex:club ex:city ex:termez ; ex:tel ex:phone . ex:termez ex:in ex:region . ex:region ex:in ex:country .
ex:membership ex:of ex:club ; ex:tel ex:phone . ex:phone ex:value <tel:+1> .
ex:membership2 ex:of ex:club .
"""
A_LOT = " ".join(f"<https://example.org/t{number}> ex:in ex:crowd ." for number in range(300))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ex:city", ["termez"]),
        ("[ sh:inversePath ex:of ]", ["membership", "membership2"]),
        ("( ex:city ex:in ex:in )", ["country"]),
        ("( [ sh:inversePath ex:of ] ex:tel ex:value )", ["tel:+1"]),
        ("[ sh:alternativePath ( ex:city ex:tel ) ]", ["phone", "termez"]),
        ("( ex:city [ sh:alternativePath ( ex:in ex:nothing ) ] )", ["region"]),
        ("ex:nothing", []),
    ],
)
def test_a_path_leads_to_its_values(path: str, expected: list[str]) -> None:
    store, read = stored(path)
    assert read is not None
    found = [
        each.term.value.removeprefix("https://example.org/") for each in follow(store, "https://example.org/club", read)
    ]
    assert sorted(found) == expected


@pytest.mark.parametrize(
    "path",
    ["[ sh:zeroOrMorePath ex:in ]", "( ex:city [ sh:oneOrMorePath ex:in ] )", "[ sh:inversePath [ ex:a ex:b ] ]"],
)
def test_a_path_for_validation_only_is_left_out(path: str) -> None:
    assert stored(path)[1] is None


def test_a_value_is_followed_by_the_statement_that_gave_it() -> None:
    store, read = stored("[ sh:inversePath ex:of ]")
    assert read is not None
    (first, _) = follow(store, "https://example.org/club", read)
    assert (first.predicate, first.object) == ("https://example.org/of", ox.NamedNode("https://example.org/club"))


def test_a_path_to_very_many_ends_somewhere() -> None:
    store, read = stored("[ sh:inversePath ex:in ]", A_LOT)
    assert read is not None
    assert len(follow(store, "https://example.org/crowd", read)) == 200


def stored(path: str, more: str = "") -> tuple[ox.Store, object]:
    store = ox.Store()
    store.load(f"{DATA} ex:shape sh:path {path} . {more}".encode(), format=ox.RdfFormat.TURTLE)
    node = next(
        store.quads_for_pattern(ox.NamedNode("https://example.org/shape"), ox.NamedNode(SH + "path"), None, None)
    )
    return store, read_path(store, node.object)

"""The identifiers and matches of ../shared/facts are in the graph, with their linksets."""

from __future__ import annotations

import csv
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.rdf_terms import MEANS_LIKE, MEANS_SAME
from graph.parts.linksets.linkset import linksets

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts"
BASE = "https://w3id.org/hamkor/"
NOTATION = ox.NamedNode("http://www.w3.org/2004/02/skos/core#notation")
LEFT_OUT = {"http://eurovoc.europa.eu/4199"}
"""Of low confidence: "do not use before checking"."""

pytestmark = pytest.mark.skipif(not FACTS.exists(), reason="../shared/facts is not here")


def rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def linked(store: ox.Store, iri: str) -> bool:
    quads = store.quads_for_pattern(None, None, ox.NamedNode(iri), ox.NamedNode(f"{BASE}graph/links"))
    return any(quad.predicate.value in (*MEANS_SAME, *MEANS_LIKE) for quad in quads)


def test_every_identifier_of_the_facts_is_linked(flagship: ox.Store) -> None:
    wanted = {f"http://www.wikidata.org/entity/{each['wikidata']}" for each in rows("places.csv") + rows("bodies.csv")
              if each["wikidata"]}  # fmt: skip
    wanted |= {f"https://sws.geonames.org/{each['geonames']}/" for each in rows("places.csv") if each["geonames"]}
    wanted |= {each["uri"] for each in rows("vocabulary.csv")} - LEFT_OUT
    assert not [each for each in wanted if not linked(flagship, each)]
    assert not any(linked(flagship, each) for each in LEFT_OUT)


def test_every_iso_code_of_the_facts_is_a_notation(flagship: ox.Store) -> None:
    found = {quad.object.value for quad in flagship.quads_for_pattern(None, NOTATION, None, ox.DefaultGraph())}
    assert {each["iso_3166"] for each in rows("places.csv") if each["iso_3166"].startswith("UZ-")} <= found


def test_every_link_of_the_flagship_belongs_to_a_linkset(flagship: ox.Store) -> None:
    known, graph = linksets(flagship, BASE), f"{BASE}graph/links"
    quads = [quad for quad in flagship.quads_for_pattern(None, None, None, ox.NamedNode(graph))
             if quad.predicate.value in (*MEANS_SAME, *MEANS_LIKE)]  # fmt: skip
    assert len(quads) > 60
    for quad in quads:
        link = (quad.subject.value, quad.predicate.value, quad.object.value)
        assert len([each for each in known if each.holds(link, graph)]) == 1, link

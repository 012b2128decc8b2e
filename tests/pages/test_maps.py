"""Maps: where a thing is shown, by coordinates of its own, of what it links to, or of a city that it names."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from writing import Write

from endpoint.current import Snapshot
from endpoint.pages.figures import located
from endpoint.pages.front import overview
from graph.pipeline.build import build

PLACES = """
@base <http://e/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
<country> schema:latitude 41 ; schema:longitude 64 .
<region> schema:containedInPlace <country> ; schema:latitude 41.2 ; schema:longitude 61.2 .
<urgench> rdfs:label "Urgench"@en , "Ургенч"@ru ; schema:containedInPlace <region> ;
  schema:latitude 41.5 ; schema:longitude 60.6 .
<nukus> rdfs:label "Nukus"@en ; schema:latitude 42.46 ; schema:longitude 59.6 .
<khiva> rdfs:label "Khiva"@en ; schema:containedInPlace <region> .
"""


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("<of> <nukus>", "nukus"),
        ("<of> <khiva>", ""),
        ("<of> <region>", "region"),
        ('vcard:locality "Ургенч"@ru ; <of> <region>', "urgench"),
        ('vcard:locality "urgench" ; <of> <region>', "urgench"),
        ('schema:addressLocality "Urgench" ; <of> <region>', "urgench"),
        ('vcard:locality "Khiva" ; <of> <region>', "region"),
        ('vcard:locality "Nukus" ; <of> <region>', "region"),
        ('vcard:locality "Nukus"', ""),
        ("schema:latitude 40 ; schema:longitude 60 ; <of> <region>", "club"),
    ],
)
def test_a_thing_is_shown_where_it_is_known_to_be(said: str, where: str) -> None:
    store = ox.Store()
    store.load((PLACES + f"<club> {said} .").encode(), ox.RdfFormat.TURTLE)
    quads = store.quads_for_pattern(ox.NamedNode("http://e/club"), None, None, ox.DefaultGraph())
    found = located(store, "http://e/club", [quad.object for quad in quads])
    assert found.removeprefix("http://e/") == where


def test_of_several_places_the_front_page_shows_the_smallest_and_a_city_by_its_name(publication: Write) -> None:
    clubs = "<a> a <Club> ; <of> <region> , <urgench> . <b> a <Club> ; <of> <region> ; vcard:locality 'Urgench' . "
    here = publication({"data/a.ttl": PLACES + clubs + "<c> a <Club> ; <of> <region> . <d> a <Club> ; <of> <nukus> ."})
    found = overview(Snapshot(here, build(here), None)).located
    assert found is not None
    shown = {thing.removeprefix("http://e/"): place.removeprefix("http://e/") for thing, place, _ in found.things}
    assert shown == {"a": "urgench", "b": "urgench", "c": "region", "d": "nukus"}

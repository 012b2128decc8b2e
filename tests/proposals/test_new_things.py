"""New things: in which region a place lies, told or asked at borders and beyond; persons are kept apart."""

from __future__ import annotations

import pytest
from writing import Write

from endpoint.app import create_app
from graph.catalogue.contents import personal_graphs
from graph.model.publication import Publication
from graph.parts.proposals.coordinates import Position
from graph.parts.proposals.form_fields import KnownThings, form_fields
from graph.parts.proposals.new_things import NewPlaces, personal_home
from graph.parts.proposals.proposal_store import proposals_of
from graph.parts.templates.fields import TemplateShapes
from graph.pipeline.build import build
from graph.releases.release import Release
from tests.proposals.proposing import forms_of

CITY, PLACE = "https://schema.org/City", "https://w3id.org/hamkor/id/place/"


@pytest.fixture(scope="module")
def places(flagship_publication: Publication, flagship_release: Release) -> NewPlaces:
    store, base = flagship_release.store, flagship_publication.base
    shapes = TemplateShapes(store, base)
    return NewPlaces(KnownThings(store, base, ("en",)), lambda class_iri: form_fields(shapes, (class_iri,)))


@pytest.mark.parametrize(
    ("where", "latitude", "longitude", "region"),
    [
        ("Khiva", 41.378, 60.36, "khorezm"), ("Termez, at the border of the country", 37.22, 67.28, "surkhandarya"),
        ("Tashkent", 41.31, 69.24, "tashkent-city"), ("Nukus, in a region that is not described", 42.46, 59.6, ""),
        ("where Tashkent begins", 41.31, 69.147, ""), ("Almaty, far away", 43.2, 76.9, ""),
        ("Shovot's neighbour, near Urgench and beyond the border of the country", 41.6, 59.9, ""),
    ],
)  # fmt: skip
def test_a_region_is_told_only_where_it_is_sure(
    where: str, latitude: float, longitude: float, region: str, places: NewPlaces
) -> None:
    told = places.told(CITY, Position(latitude, longitude))
    assert told.region == (f"{PLACE}{region}" if region else ""), where
    assert bool(told.problem) == (not region)


def test_at_a_border_both_regions_are_offered(places: NewPlaces) -> None:
    told = places.told(CITY, Position(41.31, 69.147))
    assert "at the border" in told.problem
    assert {*told.likely} == {f"{PLACE}tashkent-city", f"{PLACE}tashkent-region"}


@pytest.mark.parametrize(
    ("class_iri", "graph"),
    [
        ("http://xmlns.com/foaf/0.1/Person", "contacts"), ("http://www.w3.org/ns/org#Membership", "contacts"),
        ("http://www.w3.org/2006/vcard/ns#Voice", ""), ("https://w3id.org/hamkor/ns#ParentsClub", ""), (CITY, ""),
        ("https://schema.org/Person", "contacts"), ("https://e.example/Unknown", ""),
    ],
)  # fmt: skip
def test_persons_and_what_only_their_graphs_describe_belong_into_such_a_graph(
    class_iri: str, graph: str, flagship_publication: Publication, flagship_release: Release
) -> None:
    personal = personal_graphs(flagship_publication)
    home = personal_home(flagship_release.store, flagship_publication.base, class_iri, personal)
    assert home == (flagship_publication.graph(graph) if graph else "")
    assert not personal_home(flagship_release.store, flagship_publication.base, class_iri, ())


PEOPLE = {
    "hamkor.toml": 'base = "https://e.org/"\n[privacy]\npersonal_graphs = ["people"]\n[proposals]\nseconds = 0\n',
    "data/a.ttl": "<https://e.org/id/a> a <https://e.org/ns#Club> .",
    "shapes/s.ttl": """@prefix sh: <http://www.w3.org/ns/shacl#> .
        <https://e.org/shape/p> sh:targetClass <https://schema.org/Person> ; sh:property <https://e.org/shape/n> .
        <https://e.org/shape/n> sh:path <http://www.w3.org/2000/01/rdf-schema#label> .""",
}


def test_a_person_who_is_proposed_goes_into_the_graph_of_persons(publication: Write) -> None:
    opened = publication(PEOPLE)
    build(opened)
    client = create_app(opened).test_client()
    headers = {"Accept": "text/html"}
    page = client.get("/propose?class=https://schema.org/Person", headers=headers).text
    form = next(each for each in forms_of(page) if "ticket" in each)
    name = next(key for key in form if key.startswith("v."))
    shown = client.post("/propose", data=form | {name: "A. B.", "action": "check"}, headers=headers)
    checked = next(each for each in forms_of(shown.text) if "ticket" in each)
    assert client.post("/propose", data=checked | {"action": "send"}, headers=headers).status_code == 303
    (found,) = proposals_of(opened).queue()
    assert found.content is not None
    assert {graph for each in found.content.changes for graph in each.graphs} == {opened.graph("people")}
    assert "person" in found.content.marks

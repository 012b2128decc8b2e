"""In which region a point lies: told where the outlines leave no doubt, and asked at borders and beyond them."""

from __future__ import annotations

import pytest

from graph.model.publication import Publication
from graph.parts.proposals.coordinates import Position
from graph.parts.proposals.form_fields import KnownThings, form_fields
from graph.parts.proposals.new_things import NewPlaces
from graph.parts.templates.fields import TemplateShapes
from graph.releases.release import Release

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

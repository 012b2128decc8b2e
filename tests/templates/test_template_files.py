"""Templates: each, filled as it says, passes; its three formats say the same; and nobody's data is an example."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest

from endpoint.commands.template import library_of
from graph.contribution.document import read_documents
from graph.contribution.values import Document
from graph.contributors import Contributor
from graph.publication import Publication
from graph.publish import Put, rehearse
from graph.releases.release import Release
from graph.sources.table import read_table
from graph.templates.library import Library

NOT_ALONE = {"Person", "Membership", "Forum", "Commemoration", "Objective", "Geometry", "Axiom", "Dataset"}
"""Classes without a template: of people, or of what only passes together with others."""
SOME = ("ParentsClub", "City", "Project", "PublicOrganisation", "Concept", "DataStructureDefinition", "CreativeWork")


@pytest.fixture(scope="module")
def library(flagship_release: Release, flagship_publication: Publication) -> Library:
    assert flagship_release
    return library_of(flagship_publication)


def test_every_class_of_the_shapes_has_a_template_or_a_reason_to_have_none(library: Library) -> None:
    targets = {iri.replace("#", "/").rpartition("/")[2] for iri in library.examples.shapes.targets()}
    assert targets - NOT_ALONE == set(library.classes())


def test_the_formats_of_a_template_say_the_same(
    library: Library, flagship_publication: Publication, tmp_path: Path
) -> None:
    base = flagship_publication.base
    for name in library.classes():
        for form, file in (("csv", "csv"), ("ttl", "ttl"), ("jsonld", "jsonld"), ("metadata", "csv-metadata.json")):
            (tmp_path / f"{name}.{file}").write_bytes(library.text(name, form, "ru") or b"")
        expected = set(library.example(name).triples())  # type: ignore[union-attr]
        turtle = {quad.triple for quad in ox.parse(path=str(tmp_path / f"{name}.ttl"))}
        json_ld = {quad.triple for quad in ox.parse(path=str(tmp_path / f"{name}.jsonld"), format=ox.RdfFormat.JSON_LD)}
        assert turtle == expected, name
        assert json_ld == expected, name
        assert set(read_table(tmp_path / f"{name}.csv", base=base)) == expected, name


@pytest.mark.parametrize("name", SOME)
def test_a_template_passes_as_it_is(
    name: str, library: Library, flagship_publication: Publication, tmp_path: Path
) -> None:
    graph, now = flagship_publication.graph("contribution"), datetime.now(UTC)
    (tmp_path / "t.ttl").write_bytes(library.text(name, "ttl", "en") or b"")
    chunks = read_documents(
        [Document(str(tmp_path / "t.ttl"), "turtle")], graph, base=flagship_publication.base,
        limits=flagship_publication.settings.limits,
    )  # fmt: skip
    stranger = Contributor("", "", "", (graph,), now, now)
    report = rehearse(flagship_publication, [Put(graph, chunks)], contributor=stranger)
    assert report.conforms, list(report.lines(["en"]))[:5]


def test_all_templates_together_pass(library: Library, flagship_publication: Publication, tmp_path: Path) -> None:
    graph, documents = flagship_publication.graph("contribution"), []
    # each of the others brings things that are called "example", too: those of one class are of no other
    for name in sorted({*library.classes()} - {*SOME}):
        path = tmp_path / f"{name}.ttl"
        path.write_bytes(library.text(name, "ttl", "en") or b"")
        documents.append(Document(str(path), "turtle", name))
    for one in documents:
        chunks = read_documents(
            [one], graph, base=flagship_publication.base, limits=flagship_publication.settings.limits
        )  # fmt: skip
        report = rehearse(flagship_publication, [Put(graph, chunks)])
        assert report.conforms, (one.name, list(report.lines(["en"]))[:3])


def test_no_template_shows_a_person(library: Library) -> None:
    every = b"".join(library.text(name, "ttl", "en") or b"" for name in library.classes())
    assert b"Ganieva" not in every
    assert b"/id/person/" not in every

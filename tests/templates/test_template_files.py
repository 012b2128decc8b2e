"""Templates: each, filled as it says, passes; its three formats say the same; and nobody's data is an example."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest

from endpoint.commands.template import library_of
from graph.contribution.document import read_documents
from graph.contribution.values import Document
from graph.contributors import Contributor
from graph.namespaces import RDF_TYPE
from graph.publication import Publication
from graph.publish import Put, rehearse
from graph.releases.release import Release
from graph.sources.table import read_table
from graph.templates.library import Library

NOT_FILLED_IN = {"Axiom", "Dataset"}
"""Classes without a template: the evidence of links, which ``hamkor link`` writes, and the catalogue's."""
IRIS = re.compile(r"<[^>]+>")
SOME = (
    "ParentsClub",
    "Person",
    "Membership",
    "Forum",
    "Objective",
    "Commemoration",
    "Geometry",
    "City",
    "Project",
    "PublicOrganisation",
    "Concept",
    "DataStructureDefinition",
    "CreativeWork",
)


@pytest.fixture(scope="module")
def library(flagship_release: Release, flagship_publication: Publication) -> Library:
    assert flagship_release
    return library_of(flagship_publication)


def test_every_class_of_the_shapes_has_a_template_or_a_reason_to_have_none(library: Library) -> None:
    targets = {iri.replace("#", "/").rpartition("/")[2] for iri in library.examples.shapes.targets()}
    assert targets - NOT_FILLED_IN == set(library.classes())


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


def test_no_template_shows_anything_of_a_person(library: Library, flagship_publication: Publication) -> None:
    every = b"".join(library.text(name, "ttl", "en") or b"" for name in library.classes()).decode()
    path = flagship_publication.root / "data/contacts.ttl"
    contacts = list(ox.parse(path=str(path), base_iri=flagship_publication.base))
    assert {f"{quad.subject}" for quad in contacts if quad.predicate.value == RDF_TYPE} & set(
        IRIS.findall(every)
    ) == set()
    for quad in contacts:
        if isinstance(quad.object, ox.Literal):
            assert f'"{quad.object.value}"' not in every


@pytest.mark.parametrize(
    ("name", "with_"),
    [
        ("Person", {"membership"}), ("Membership", {"person"}), ("Forum", {"participation"}),
        ("Objective", {"forum", "participation"}), ("Commemoration", {"forum", "participation"}),
    ],
)  # fmt: skip
def test_what_does_not_pass_alone_brings_along_what_it_needs(name: str, with_: set[str], library: Library) -> None:
    example = library.example(name)
    assert example is not None
    assert {each.folder.split("/")[-2] for each in example.companions} == with_

"""Templates: each, filled as it says, passes; its three formats say the same; and nobody's data is an example."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from endpoint.commands.templating import library_of
from graph.model.contributors import Contributor
from graph.model.formats import TABLE
from graph.model.publication import Publication
from graph.model.rdf_terms import RDF_TYPE
from graph.model.settings import LimitSettings
from graph.parts.contribution.contributed_document import SentDocument, read_documents
from graph.parts.templates.template_files import Library
from graph.pipeline.write import Put, rehearse
from graph.releases.release import Release
from graph.sources.csvw.conversion import read_table

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


KINDS = ("Datatype", "NodeKind", "LanguageIn")
"""The components of constraints on what kind of value stands somewhere."""


def test_a_template_can_be_filled_wherever_it_is_empty(
    library: Library, flagship: ox.Store, flagship_publication: Publication, tmp_path: Path
) -> None:
    graph, base, limits = flagship_publication.graph("contribution"), flagship_publication.base, LimitSettings()
    documents, filled = list[SentDocument](), 0
    for name in library.classes():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(library.text(name, "csv", "en") or b"")
        (tmp_path / f"{name}.csv-metadata.json").write_bytes(library.text(name, "metadata", "en") or b"")
        schema = json.loads(library.text(name, "metadata", "en") or b"")["tableSchema"]
        columns = {each["name"]: each for each in schema["columns"] if not each.get("virtual")}
        with path.open(encoding="utf-8", newline="") as stream:
            (row,) = csv.DictReader(stream)
        added = set[ox.Triple]()
        for column in (each for each in row if not row[each]):
            facts = columns[column]
            assert {"valueUrl", "lang", "datatype"} & facts.keys(), (name, column)
            if (value := some_value(flagship, facts)) is not None:
                row[column] = value.value
                about = facts.get("aboutUrl", schema["aboutUrl"]).replace("{key}", row["key"])
                added.add(ox.Triple(ox.NamedNode(about), ox.NamedNode(facts["propertyUrl"]), value))
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, row)
            writer.writeheader()
            writer.writerow(row)
        filled += len(added)
        expected = set(library.example(name).triples()) | added  # type: ignore[union-attr]
        assert set(read_table(path, base=base)) == expected, name
        documents.append(SentDocument(str(path), TABLE, f"{name}.csv"))
    assert filled > 100
    chunks = read_documents(documents, graph, base=base, limits=limits)
    report = rehearse(flagship_publication, [Put(graph, chunks)])
    kinds = [each for each in report.results if each.component.rpartition("#")[2].startswith(KINDS)]
    assert [each for each in kinds if each.focus.endswith("/example>")] == []


def some_value(store: ox.Store, facts: dict[str, Any]) -> ox.NamedNode | ox.Literal | None:
    """A value of a property in the release that a column can hold."""
    for quad in store.quads_for_pattern(None, ox.NamedNode(facts["propertyUrl"]), None, None):
        value = quad.object
        if isinstance(value, ox.NamedNode) and "valueUrl" in facts:
            return value
        if isinstance(value, ox.Literal) and "valueUrl" not in facts and "\n" not in value.value:
            local = value.datatype.value.rpartition("#")[2]
            if value.language == facts.get("lang") and (value.language or local == facts["datatype"]):
                return value
    return None


@pytest.mark.parametrize("name", SOME)
def test_a_template_passes_as_it_is(
    name: str, library: Library, flagship_publication: Publication, tmp_path: Path
) -> None:
    graph, now = flagship_publication.graph("contribution"), datetime.now(UTC)
    (tmp_path / "t.ttl").write_bytes(library.text(name, "ttl", "en") or b"")
    chunks = read_documents(
        [SentDocument(str(tmp_path / "t.ttl"), "turtle")], graph, base=flagship_publication.base,
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
        documents.append(SentDocument(str(path), "turtle", name))
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
        ("Person", set()), ("Membership", {"person"}), ("Forum", {"participation"}),
        ("Objective", {"forum", "participation"}), ("Commemoration", {"forum", "participation"}),
    ],
)  # fmt: skip
def test_what_does_not_pass_alone_brings_along_what_it_needs(name: str, with_: set[str], library: Library) -> None:
    example = library.example(name)
    assert example is not None
    assert {each.folder.split("/")[-2] for each in example.companions} == with_

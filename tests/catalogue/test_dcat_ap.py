"""The flagship's catalogue against the shapes of DCAT-AP 3.0.1: no violation, and no warning but one (EU bodies)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF, SKOS

from graph.model.publication import Publication
from graph.releases.release import CATALOG_FILE, Release

SHARED = Path(__file__).resolve().parents[3] / "shared"
SHAPES = SHARED / "suites" / "dcat-ap"
SH = Namespace("http://www.w3.org/ns/shacl#")
EU = "http://publications.europa.eu/resource/authority/"
TYPES = {
    f"{EU}file-type": DCTERMS.MediaTypeOrExtent, f"{EU}language": DCTERMS.LinguisticSystem,
    f"{EU}country": DCTERMS.Location, f"{EU}access-right": DCTERMS.RightsStatement,
}  # fmt: skip
"""What the entries of code lists are; those of all others are concepts."""
STANDARDS = ("http://data.europa.eu/r5r/", "https://www.w3.org/TR/sparql11-protocol/")


@pytest.fixture(scope="module")
def catalogue(flagship_release: Release) -> Graph:
    """The catalogue as it was written."""
    return Graph().parse(flagship_release.folder / CATALOG_FILE, format="turtle")


@pytest.fixture(scope="module")
def with_code_lists(catalogue: Graph) -> Graph:
    """The catalogue beside what the code lists say of their entries: the shapes ask for it in the same graph."""
    if not SHAPES.is_dir():
        pytest.skip("no ../shared/suites/dcat-ap here")
    both = Graph() + catalogue
    both.parse(SHARED / "dcat-codelists.ttl")
    for target in {each for each in catalogue.objects() if isinstance(each, URIRef)}:
        scheme = str(target).rpartition("/")[0]
        if scheme.startswith(EU) or scheme.startswith("http://purl.org/adms/"):
            listed = URIRef(f"{scheme}/1.0") if "adms" in scheme else URIRef(scheme)
            both.add((target, SKOS.inScheme, listed))
            both.add((target, RDF.type, TYPES.get(scheme, SKOS.Concept)))
            both.parse(data=f"<{target}> <{SKOS.prefLabel}> 'a name'@en .", format="turtle")
        elif str(target).startswith("http://www.iana.org/assignments/media-types/"):
            both.add((target, RDF.type, DCTERMS.MediaType))
        elif str(target) in STANDARDS:
            both.add((target, RDF.type, DCTERMS.Standard))
    return both


def problems(data: Graph, shapes: str, severity: URIRef) -> list[str]:
    report = validate(data, shacl_graph=str(SHAPES / shapes), inference="none", allow_warnings=True)[1]
    return sorted(
        f"{report.value(result, SH.focusNode)} {report.value(result, SH.resultPath)}: {report.value(result, SH.value)}"
        for result in report.objects(None, SH.result)  # and not what they name as details
        if (result, SH.resultSeverity, severity) in report
    )


@pytest.mark.parametrize("shapes", ["shapes.ttl", "range.ttl", "mdr-vocabularies.shape.ttl", "deprecateduris.ttl"])
def test_there_is_no_violation(with_code_lists: Graph, shapes: str) -> None:
    assert problems(with_code_lists, shapes, SH.Violation) == []


def test_nothing_recommended_is_missing(with_code_lists: Graph, flagship_publication: Publication) -> None:
    ours = [
        each
        for each in problems(with_code_lists, "shapes_recommended.ttl", SH.Warning)
        if each.startswith(flagship_publication.base)
    ]
    assert ours == []


@pytest.mark.parametrize("shapes", ["mdr-vocabularies.shape.ttl", "deprecateduris.ttl"])
def test_the_only_warning_is_that_the_publisher_is_no_body_of_the_union(with_code_lists: Graph, shapes: str) -> None:
    found = problems(with_code_lists, shapes, SH.Warning)
    assert [each for each in found if str(DCTERMS.publisher) not in each] == []


@pytest.mark.parametrize(
    ("what", "shapes", "severity"),
    [(DCTERMS.title, "shapes.ttl", SH.Violation), (DCAT.keyword, "shapes_recommended.ttl", SH.Warning)],
)
def test_the_shapes_would_see_what_is_missing(
    with_code_lists: Graph, what: URIRef, shapes: str, severity: URIRef
) -> None:
    without = Graph() + with_code_lists
    without.remove((None, what, None))
    assert problems(without, shapes, severity)

"""The catalogue's counts are what SPARQL says of the finished release, whatever the data is."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writing import Write

from graph.model.rdf_terms import SD, VOID
from graph.pipeline.build import build
from graph.releases.release import Release

BASE = "https://w3id.org/hamkor/"
DATASET = f"<{BASE}dataset>"
INTEGERS = "\n".join(f"<http://e/{n}> <http://e/p> {n} ." for n in range(400, 1400))
PUBLICATIONS = {
    "foreign data": {"data/a.nq": "<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n"},
    "a triple in two graphs": {
        "data/a.ttl": "<http://e/a> a <http://e/C> .",
        "data/b.ttl": "<http://e/a> a <http://e/C> , <http://e/D> .",
    },
    "the catalogue's own words": {
        "data/a.ttl": f"{DATASET} a <{VOID}Dataset> ; <{VOID}subset> <{BASE}graph/a> ; <{VOID}feature> 1 .\n"
        f"<{BASE}dataset#publisher> a <http://e/C> ."
    },
    "numbers like its own": {"data/a.ttl": INTEGERS},
    "numbers of which the index makes one": {"data/a.ttl": "<http://e/a> <http://e/p> 01 , 1 , 1.0 , 1.00 ."},
}


def rows(release: Release, query: str) -> Iterator[tuple[str, ...]]:
    answer = release.store.query(f"PREFIX void: <{VOID}> PREFIX sd: <{SD}> {query}")
    assert isinstance(answer, ox.QuerySolutions)
    for solution in answer:
        yield tuple(term.value if term is not None else "" for term in solution)  # type: ignore[union-attr]


def counted(release: Release) -> dict[str, str]:
    """What SPARQL says of the release, by the query that asks it."""
    (whole,) = rows(release, "SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?p) AS ?q) (COUNT(DISTINCT ?s) AS ?r) "
                             "(COUNT(DISTINCT ?o) AS ?t) { ?s ?p ?o }")  # fmt: skip
    (classes,) = rows(release, "SELECT (COUNT(DISTINCT ?c) AS ?n) { ?s a ?c }")
    names = ("triples", "properties", "distinctSubjects", "distinctObjects", "classes")
    return {
        **dict(zip(names, (*whole, *classes), strict=True)),
        **dict(rows(release, "SELECT ?c (COUNT(*) AS ?n) { ?s a ?c } GROUP BY ?c")),
        **{f"{p} used": n for p, n in rows(release, "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p")},
        **{f"in {g}": n for g, n in rows(release, "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")},
    }


def stated(release: Release) -> dict[str, str]:
    """What the catalogue says of the same."""
    names = ("triples", "properties", "distinctSubjects", "distinctObjects", "classes")
    found = ((name, list(rows(release, f"SELECT ?n {{ {DATASET} void:{name} ?n }}"))) for name in names)
    return {
        **{name: number for name, each in found for (number,) in each},
        **dict(rows(release, f"SELECT ?c ?n {{ {DATASET} void:classPartition ?x . ?x void:class ?c ; "
                             "void:entities ?n }")),
        **{f"{p} used": n for p, n in rows(release, f"SELECT ?p ?n {{ {DATASET} void:propertyPartition ?x . "
                                                    "?x void:property ?p ; void:triples ?n }")},
        **{f"in {g}": n for g, n in rows(release, f"SELECT ?g ?n {{ {DATASET} void:subset ?g . ?g a sd:NamedGraph ; "
                                                  "void:triples ?n }")},
    }  # fmt: skip


def test_of_the_flagship(flagship_release: Release) -> None:
    assert stated(flagship_release) == counted(flagship_release)


@pytest.mark.parametrize("case", PUBLICATIONS)
def test_of(publication: Write, case: str) -> None:
    release = build(publication(PUBLICATIONS[case]))
    said, found = stated(release), counted(release)
    if "distinctObjects" not in said:  # no number of distinct objects would be right once it is stated
        del found["distinctObjects"]
    assert said == found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.sets(st.integers(300, 1500), max_size=300), classes=st.sets(st.sampled_from("ABCDE")))
def test_of_data_full_of_numbers(publication: Write, numbers: set[int], classes: set[str]) -> None:
    lines = [f"<http://e/{n}> <http://e/p{n % 7}> {n} ." for n in sorted(numbers)]
    lines += [f"<http://e/{n}> a <http://e/{each}> ." for n in sorted(numbers)[:9] for each in sorted(classes)]
    release = build(publication({"data/a.ttl": "\n".join(lines) or "<http://e/a> <http://e/p> 1 ."}))
    said, found = stated(release), counted(release)
    if "distinctObjects" not in said:
        del found["distinctObjects"]
    assert said == found


def test_the_manifest_counts_the_same(flagship_release: Release) -> None:
    found, manifest = counted(flagship_release), flagship_release.manifest
    assert str(manifest.triples) == found["triples"]
    assert str(manifest.statistics.subjects) == found["distinctSubjects"]
    assert {f"{iri} used": str(n) for iri, n in manifest.statistics.properties.items()}.items() <= found.items()
    assert {iri: str(n) for iri, n in manifest.statistics.classes.items()}.items() <= found.items()


def test_links_to_others_are_counted_by_property_and_target(flagship_release: Release) -> None:
    catalogue = f"{flagship_release.manifest.base}graph/catalog"
    query = f"""SELECT ?p ?space ?n {{ GRAPH <{catalogue}> {{ ?set a void:Linkset ; void:linkPredicate ?p ;
                void:triples ?n ; void:objectsTarget/void:uriSpace ?space }} }}"""
    linksets = list(rows(flagship_release, query))
    assert any("wikidata" in space for _, space, _ in linksets)
    for predicate, space, number in linksets:
        (found,) = rows(flagship_release, f'SELECT (COUNT(*) AS ?n) {{ ?s <{predicate}> ?o '
                                          f'FILTER(STRSTARTS(STR(?o), "{space}")) }}')  # fmt: skip
        assert found == (number,)

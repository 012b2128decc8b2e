"""The statistics of a release are what SPARQL counts over its merge."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.releases.release import Release

SHARED = """
<https://e.org/a> <https://e.org/p> <https://e.org/b> .
<https://e.org/a> <https://e.org/q> "x y <z> ." .
<https://e.org/b> <https://e.org/p> "1"@en .
"""
OWN = {
    "one.ttl": "<https://e.org/c> <https://e.org/p> <https://e.org/b> , <https://e.org/b> .",
    "two.ttl": "<https://e.org/a> <https://e.org/r> _:x . _:x <https://e.org/p> 2 .",
    "three.ttl": "",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("statistics")
    (folder / "data").mkdir()
    for name, text in OWN.items():
        (folder / "data" / name).write_text(SHARED + text)
    return build(open_publication(folder))


def counted(release: Release, query: str) -> int:
    answer = release.store.query(query)
    assert isinstance(answer, ox.QuerySolutions)
    return int(next(iter(answer))[0].value)


COUNTS = {
    "subjects": "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }",
    "objects": "SELECT (COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o }",
}


@pytest.mark.parametrize("name", COUNTS)
def test_distinct_terms_are_what_sparql_counts(name: str, release: Release) -> None:
    assert getattr(release.manifest.statistics, name) == counted(release, COUNTS[name])


def test_each_property_has_as_many_triples_as_sparql_counts(release: Release) -> None:
    found = release.manifest.statistics.properties
    assert found == {iri: counted(release, f"SELECT (COUNT(*) AS ?n) {{ ?s <{iri}> ?o }}") for iri in found}
    assert sum(found.values()) == release.manifest.triples


def test_a_triple_in_three_graphs_counts_once(release: Release) -> None:
    assert release.manifest.statistics.properties["https://e.org/q"] == 1

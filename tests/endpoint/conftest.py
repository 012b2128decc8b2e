"""A small publication and a folder of foreign data, built once and served by the real server on a real port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import registry as registry_file
from benchmarks.knowledge import Registry
from graph.model.publication import open_publication
from graph.pipeline.build import build
from tests.conftest import copy
from tests.endpoint.serving import Served, serving, write
from tests.endpoint.watching import Watched, watched

BASE = "https://example.org/kb/"

SETTINGS = f"""
base = "{BASE}"
[limits]
query_mb = 0.05
[about.title]
en = "Clubs of somewhere"
ru = "Клубы где-то"
"""

ONTOLOGY = """
@prefix ex: <https://example.org/kb/ns#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/kb/ns> a owl:Ontology ; rdfs:label "Club terms"@en .
ex:Club a owl:Class ; rdfs:label "Club"@en , "Клуб"@ru ; rdfs:comment "A club of parents."@en .
ex:city a owl:ObjectProperty ; rdfs:label "city"@en ; rdfs:domain ex:Club .
"""

CLUBS = """
@prefix ex: <https://example.org/kb/ns#> . @prefix id: <https://example.org/kb/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://example.org/kb/id/club/termez> a ex:Club ;
  rdfs:label "Club of Termez"@en , "Клуб Термеза"@ru , "Termiz klubi"@uz-Latn ;
  ex:city <https://example.org/kb/id/place/termez> ;
  ex:members "14"^^xsd:nonNegativeInteger ; ex:founded "2015-02"^^xsd:gYearMonth ;
  ex:note "<script>alert(1)</script>"@en ; ex:link <javascript:alert(1)> ;
  vcard:hasTelephone <tel:+998762230000> .
<https://example.org/kb/id/club/urgench> a ex:Club ; rdfs:label "Club of Urgench"@en ;
  ex:city <https://example.org/kb/id/place/urgench> ; ex:members 142 .
<https://example.org/kb/id/place/termez> rdfs:label "Termez"@en , "Термез"@ru .
<https://example.org/kb/id/place/urgench> rdfs:label "Urgench"@en .
<https://example.org/kb/id/club/клуб> rdfs:label "Cyrillic slug"@en .
<https://example.org/kb/id/club/a%20b> rdfs:label "A blank in its name"@en .
<https://example.org/kb/id/club/v1.ttl> rdfs:label "Looks like a file"@en .
<https://example.org/kb/id/club/a//b> rdfs:label "Two slashes"@en .
<https://example.org/kb/scheme/topic/social> a skos:Concept ; skos:prefLabel "social"@en .
<http://other.example/thing#1> rdfs:label "Elsewhere"@en .
"""

ODD = """
<javascript:alert(1)> <https://example.org/kb/ns#note> "its address would do something" .
<https://example.org/kb/id/odd> <https://example.org/1> "a predicate that no XML name can hold" .
"""

# names that mean something else in RDF/XML
SYNTAX = """
<https://example.org/kb/id/list> <http://www.w3.org/1999/02/22-rdf-syntax-ns#li> "one" .
<https://example.org/kb/id/ring> <http://purl.org/dc/terms/isReplacedBy> <https://example.org/kb/id/ring/2> .
<https://example.org/kb/id/ring/2> <http://purl.org/dc/terms/isReplacedBy> <https://example.org/kb/id/ring> .
"""

# the first triple stands in two graphs: it is one triple of the default graph
PLACES = """
<https://example.org/kb/id/place/termez> <http://www.w3.org/2000/01/rdf-schema#label> "Termez"@en .
<https://example.org/kb/id/place/termez> <https://example.org/kb/ns#nickname> "Termiz"@uz-latn .
"""

QUERIES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/kb/query/clubs> a sh:SPARQLSelectExecutable ;
  rdfs:label "Which clubs are there?"@en ;
  sh:select "SELECT ?club WHERE { ?club a <https://example.org/kb/ns#Club> } ORDER BY ?club" .
"""

CONTEXT = """{"@context": {"ex": "https://example.org/kb/ns#", "xsd": "http://www.w3.org/2001/XMLSchema#",
 "label": {"@id": "http://www.w3.org/2000/01/rdf-schema#label", "@container": "@language"},
 "city": {"@id": "ex:city", "@type": "@id"}}}"""

FOREIGN = """
<http://data.example/p/1> <http://xmlns.com/foaf/0.1/knows> <http://data.example/p/2> <http://data.example/g> .
<http://data.example/p/2> <http://xmlns.com/foaf/0.1/name> "Bob" <http://data.example/g> .
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with an ontology, a context, labels, example queries and odd names."""
    files = {
        "hamkor.toml": SETTINGS, "ontology/clubs.ttl": ONTOLOGY, "ontology/context.jsonld": CONTEXT,
        "data/clubs.ttl": CLUBS, "data/places.nt": PLACES, "data/odd.nt": ODD, "data/queries.ttl": QUERIES,
        "data/syntax.nt": SYNTAX,
    }  # fmt: skip
    with serving(write(tmp_path_factory.mktemp("publication"), files), workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A folder of data that is not ours: no settings, no ontology, no labels, IRIs elsewhere."""
    with serving(write(tmp_path_factory.mktemp("bare"), {"data/people.nq": FOREIGN})) as running:
        yield running


LIMITS = """
[limits]
query_seconds = {seconds}
query_memory_mb = 256
result_mb = 16
[log]
access = true
slow_seconds = 0.5
"""
PATIENT, HURRIED = 120.0, 2.0


@pytest.fixture(scope="session")
def registry_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 20,000 triples with its release, for copies."""
    folder = write(tmp_path_factory.mktemp("registry"), {"hamkor.toml": "", "data/.keep": ""})
    with (folder / "data" / "registry.nq").open("wb") as file:
        registry_file.write(Registry.of(20_000, 1), file)
    (folder / "data" / ".keep").unlink()
    build(open_publication(folder))
    return folder


@pytest.fixture(scope="session")
def registry(registry_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """That registry, served and watched; no query is stopped for its time, however busy the machine is."""
    with watched(_limited(registry_built, tmp_path_factory, PATIENT), workers=3) as running:
        yield running


@pytest.fixture(scope="session")
def hurried(registry_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """That registry, served and watched; a query is stopped after two seconds, as a busy machine may stop any."""
    with watched(_limited(registry_built, tmp_path_factory, HURRIED), workers=3) as running:
        yield running


def _limited(registry_built: Path, tmp_path_factory: pytest.TempPathFactory, seconds: float) -> Path:
    folder = tmp_path_factory.mktemp("limited") / "registry"
    copy(registry_built, folder)
    return write(folder, {"hamkor.toml": LIMITS.format(seconds=seconds)})

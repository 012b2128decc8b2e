"""Other people's programs against the flagship, as they come: Comunica and Trifid where they are installed, and Prez.

CONTRIBUTING.md says how to install them; ``HAMKOR_CLIENTS`` names the folder. They are not installed for the tests,
which takes minutes. Of Prez the requests are sent, as its repository for remote SPARQL sends them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDFS, SKOS

from tests.endpoint.serving import Served, free_port

BASE = "https://w3id.org/hamkor/"
MODULES = Path(os.environ.get("HAMKOR_CLIENTS", "/nowhere")) / "node_modules"
NODE = os.environ.get("HAMKOR_NODE") or shutil.which("node") or "node"
COMUNICA, TRIFID = MODULES / ".bin" / "comunica-sparql", MODULES / "trifid" / "server.js"
PREFIXES = f"PREFIX hk: <{BASE}ns#> PREFIX rdfs: <{RDFS}> PREFIX skos: <{SKOS}> PREFIX id: <{BASE}id/club/> "

with_comunica = pytest.mark.skipif(not COMUNICA.exists(), reason="Comunica is not in $HAMKOR_CLIENTS/node_modules")
with_trifid = pytest.mark.skipif(not TRIFID.exists(), reason="Trifid is not in $HAMKOR_CLIENTS/node_modules")

QUERIES = {
    "the endpoint": (
        ["/sparql"],
        "SELECT ?c ?n { ?c a hk:ParentsClub ; hk:numberOfMembers ?n } ORDER BY DESC(?n) LIMIT 1",
        [{"c": f"{BASE}id/club/urgench", "n": '"142"^^http://www.w3.org/2001/XMLSchema#integer'}],
    ),
    "a named graph": (
        ["/graph/entailed"], "SELECT DISTINCT ?c { ?c hk:numberOfMembers 142 }", [{"c": f"{BASE}id/club/urgench"}],
    ),
    "a thing": (["/id/club/termez"], "SELECT ?l { id:termez rdfs:label ?l FILTER(LANG(?l) = 'ru') }", None),
    "a graph of the endpoint": (
        ["/sparql"],
        f"SELECT DISTINCT ?c {{ GRAPH <{BASE}graph/entailed> {{ ?c hk:numberOfMembers 142 }} }}",
        [{"c": f"{BASE}id/club/urgench"}],
    ),
    "a join of the endpoint and a graph": (
        ["/sparql", "/graph/places"],
        "SELECT DISTINCT ?c { ?c hk:numberOfMembers 142 ; hk:city ?p . ?p rdfs:label 'Urgench'@en }",
        [{"c": f"{BASE}id/club/urgench"}],
    ),
}  # fmt: skip


@with_comunica
@pytest.mark.parametrize("what", QUERIES)
def test_comunica_queries(flagship_served: Served, what: str) -> None:
    sources, query, rows = QUERIES[what]
    command = [NODE, str(COMUNICA), *(flagship_served.url + each for each in sources), PREFIXES + query]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found == rows if rows is not None else len(found) == 1


@pytest.fixture(scope="module")
def trifid(flagship_served: Served) -> Iterator[str]:
    """Trifid before the flagship, with its own example configuration."""
    port = free_port()
    command = [
        NODE, str(TRIFID), "-p", str(port), "--sparql-endpoint-url", f"{flagship_served.url}/sparql",
        "--dataset-base-url", BASE,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end, url = time.monotonic() + 60, f"http://127.0.0.1:{port}"
        while True:
            try:
                httpx.get(f"{url}/", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, "Trifid ended"
                assert time.monotonic() < end, "Trifid does not answer"
                time.sleep(0.2)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@with_trifid
@pytest.mark.parametrize(
    ("path", "shown"),
    [("/id/club/termez", "Termez"), ("/id/place/termez", "Termez"), ("/scheme/topic", "skos"), ("/ns", "Ontology"),
     ("/graph/clubs", "clubs"), ("/dataset", "Dataset")],
)  # fmt: skip
def test_trifid_shows(trifid: str, path: str, shown: str) -> None:
    answer = httpx.get(trifid + path, headers={"Accept": "text/html"}, timeout=30, trust_env=False)
    assert answer.status_code == 200
    assert shown in answer.text


@with_trifid
def test_trifid_gives_rdf(trifid: str) -> None:
    answer = httpx.get(f"{trifid}/id/club/termez", headers={"Accept": "text/turtle"}, timeout=30, trust_env=False)
    graph = Graph().parse(data=answer.text, format="turtle")
    assert (URIRef(f"{trifid}/id/club/termez"), URIRef(f"{trifid}/ns#numberOfMembers"), Literal(14)) in graph


def test_prez_finds_the_endpoint(flagship_served: Served) -> None:
    answer = httpx.get(f"{flagship_served.url}/sparql", params={"query": "ASK {}"}, trust_env=False)
    assert answer.status_code == 200


LABEL, TERMEZ = URIRef("https://prez.dev/label"), URIRef(f"{BASE}id/club/termez")
WEIGHT, NAME = URIRef("https://prez.dev/searchResultWeight"), Literal("Parents’ club in Termez", "en")
ANNOTATIONS = f"""CONSTRUCT {{ ?term ?prezAnotProp ?annotation }} WHERE {{
  VALUES ?term {{ <{BASE}id/club/termez> }}
  VALUES ( ?prop ?prezAnotProp ) {{ ( <{RDFS.label}> <{LABEL}> ) ( <{SKOS.prefLabel}> <{LABEL}> ) }}
  ?term ?prop ?annotation . FILTER (LANG(?annotation) IN ("en", ""))
}}"""
SEARCH = f"""CONSTRUCT {{ ?hashID <https://prez.dev/searchResultURI> ?focus_node ; <{WEIGHT}> ?weight }}
WHERE {{ SELECT ?focus_node ?predicate ?match ?weight
  (URI(CONCAT("urn:hash:", SHA256(CONCAT(STR(?focus_node), STR(?predicate), STR(?match), STR(?weight))))) AS ?hashID)
  WHERE {{ SELECT ?focus_node ?predicate ?match (SUM(?w) AS ?weight) WHERE {{
    VALUES ?predicate {{ <{RDFS.label}> }}
    {{ ?focus_node ?predicate ?match . BIND(100 AS ?w) FILTER (LCASE(STR(?match)) = "parents’ club in termez") }}
    UNION {{ ?focus_node ?predicate ?match . BIND(20 AS ?w) FILTER (REGEX(?match, "^parents’ club in termez", "i")) }}
  }} GROUP BY ?focus_node ?predicate ?match }} ORDER BY DESC(?weight) LIMIT 11 OFFSET 0 }}"""
LISTING = f"""CONSTRUCT {{ ?focus_node a ?class ; ?p ?o . ?o ?p2 ?o2 }} WHERE {{
  {{ SELECT DISTINCT ?focus_node WHERE {{ ?focus_node a <{SKOS.ConceptScheme}> }}
     ORDER BY ?focus_node LIMIT 10 OFFSET 0 }}
  ?focus_node a ?class ; ?p ?o . OPTIONAL {{ ?o ?p2 ?o2 FILTER(ISBLANK(?o)) }} }}"""


@pytest.mark.parametrize(
    ("query", "expected"),
    [(ANNOTATIONS, (TERMEZ, LABEL, NAME)), (SEARCH, (None, WEIGHT, Literal(120))),
     (LISTING, (URIRef(f"{BASE}scheme/topic"), None, SKOS.ConceptScheme))],
    ids=["annotations", "search", "listing"],
)  # fmt: skip
def test_prez_asks_for_graphs(flagship_served: Served, query: str, expected: tuple[object, object, object]) -> None:
    headers = {"Accept": "text/turtle"}
    answer = httpx.post(f"{flagship_served.url}/sparql", data={"query": query}, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert next(Graph().parse(data=answer.text, format="turtle").triples(expected), None)  # type: ignore[arg-type]


def test_prez_asks_for_classes(flagship_served: Served) -> None:
    query, headers = (
        f"SELECT ?class {{ <{BASE}id/club/termez> a ?class }}",
        {"Accept": "application/sparql-results+json"},
    )
    answer = httpx.post(f"{flagship_served.url}/sparql", data={"query": query}, headers=headers, trust_env=False)
    rows = answer.json()["results"]["bindings"]
    assert f"{BASE}ns#ParentsClub" in {row["class"]["value"] for row in rows}

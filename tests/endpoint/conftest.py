"""A small publication and a folder of foreign data, built once and served by the real server on a real port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from benchmarks import registry as registry_file
from benchmarks.knowledge import Registry
from graph.build import build
from graph.publication import Publication, open_publication
from graph.releases.release import Release

if TYPE_CHECKING:
    from tests.endpoint.watching import Watched

BASE = "https://example.org/kb/"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

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
<https://example.org/kb/id/odd> <https://example.org/1> "a predicate that no XML name can hold" .
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


@dataclass(frozen=True)
class Served:
    """A publication that is being served."""

    url: str
    folder: Path
    release: Release
    client: httpx.Client

    def get(self, path: str, accept: str | None = None, **more: object) -> httpx.Response:
        """GET a path; without ``accept`` no Accept header is sent at all."""
        return self.request("GET", path, accept, **more)

    def request(self, method: str, path: str, accept: str | None = None, **more: object) -> httpx.Response:
        """Send any request."""
        request = self.client.build_request(method, self.url + path, **more)  # type: ignore[arg-type]
        del request.headers["Accept"]
        if accept is not None:
            request.headers["Accept"] = accept
        return self.client.send(request)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, *, workers: int = 1) -> Iterator[Served]:
    """Build and serve a publication until the block ends."""
    release, port = build(open_publication(folder)), free_port()
    command = [sys.executable, "-m", "endpoint.server", str(folder), "127.0.0.1", str(port), str(workers)]
    root = Path(__file__).resolve().parents[2]
    with (folder / "stderr").open("wb") as log:  # no pipe: nobody reads here what the server says
        process = subprocess.Popen(command, cwd=root, stderr=log, env={**os.environ, "PYTHONPATH": str(root)})
    try:
        with httpx.Client(timeout=10, trust_env=False, headers={"Accept-Encoding": "identity"}) as client:
            served = Served(f"http://127.0.0.1:{port}", folder, release, client)
            _wait(served, process)
            yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _wait(served: Served, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            if served.client.get(f"{served.url}/health").status_code == 200:
                return
        except httpx.TransportError:
            assert process.poll() is None, "the server ended"
        time.sleep(0.02)
    raise AssertionError("the server does not answer")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with an ontology, a context, labels, example queries and odd names."""
    files = {
        "hamkor.toml": SETTINGS, "ontology/clubs.ttl": ONTOLOGY, "ontology/context.jsonld": CONTEXT,
        "data/clubs.ttl": CLUBS, "data/places.nt": PLACES, "data/odd.nt": ODD, "data/queries.ttl": QUERIES,
    }  # fmt: skip
    with serving(write(tmp_path_factory.mktemp("publication"), files), workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A folder of data that is not ours: no settings, no ontology, no labels, IRIs elsewhere."""
    with serving(write(tmp_path_factory.mktemp("bare"), {"data/people.nq": FOREIGN})) as running:
        yield running


@pytest.fixture(scope="session")
def flagship_served(flagship_publication: Publication) -> Iterator[Served]:
    """The repository's own publication, served."""
    with serving(flagship_publication.root) as running:
        yield running


LIMITS = """
[limits]
query_seconds = 2.0
query_memory_mb = 256
result_mb = 16
[log]
access = true
slow_seconds = 0.5
"""


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A registry of 20,000 triples, served with small limits and watched."""
    from tests.endpoint.watching import watched  # noqa: PLC0415  it needs what stands above

    folder = tmp_path_factory.mktemp("registry")
    write(folder, {"hamkor.toml": LIMITS, "data/.keep": ""})
    with (folder / "data" / "registry.nq").open("wb") as file:
        registry_file.write(Registry.of(20_000, 1), file)
    (folder / "data" / ".keep").unlink()
    with watched(folder, workers=3) as running:
        yield running

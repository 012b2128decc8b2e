"""Canonical exports: what one release gives is the same bytes from every process, and the tag is that of the bytes.

Processes differ in the order of their sets (``PYTHONHASHSEED``); nothing that is exported may show it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from graph.model.publication import Publication
from graph.releases.release import Release

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://w3id.org/hamkor/"
RDF, GRAPHS = ("ttl", "jsonld", "nt", "rdf"), ("ttl", "jsonld", "nt", "rdf", "nq", "trig")
THINGS = ("/doc/club/termez", "/doc/forum/2014", "/doc/body/ncsac", "/doc/place/tashkent", "/scheme/topic",
          "/scheme/topic/children", "/doc/geometry/termez", "/doc/project/inclusive-education")  # fmt: skip
CLASSES = ("ParentsClub", "schema:City", "skos:Concept", "prov:Entity", "rdf:Statement")
PATHS = [
    *(f"{thing}.{suffix}" for thing in THINGS for suffix in (*RDF, "html")),
    *(f"{thing}?_profile={token}&_mediatype={kind}" for thing in THINGS for token in ("labels", "schema", "skos", "alt")
      for kind in ("text/turtle", "application/ld%2Bjson")),
    "/doc/body/ncsac?_profile=cpov&_mediatype=text/turtle", "/doc/club/termez?_profile=alt&_mediatype=application/json",
    *(f"/{name}.{suffix}" for name in ("ns", "dataset", "profiles", "releases") for suffix in RDF),
    *(f"/dataset?_profile={token}&_mediatype=text/turtle" for token in ("dcat", "schema", "alt")),
    *(f"/graph/{name}.{suffix}" for name in ("clubs", "forum", "shapes", "entailed", "catalog") for suffix in GRAPHS),
    *(f"/class/{name}.{suffix}" for name in CLASSES for suffix in ("csv", "xlsx", "csv-metadata.json", "html")),
    *(f"/class/{name}.parquet" for name in CLASSES),
    "/linkset.json", "/linkset.txt", "/linkset.json?iri=https%3A%2F%2Fw3id.org%2Fhamkor%2Fid%2Fclub%2Ftermez",
    "/context.jsonld", "/sparql?format=turtle", "/sparql?format=jsonld", "/downloads.json", "/sitemap.xml",
    "/sitemap-1.xml", "/release/{release}.json", "/release/{release}.ttl", "/release/{release}/report.ttl",
    "/release/{release}/diff.rdfp", "/.well-known/api-catalog", "/reconcile", "/downloads/graphs/clubs.nq.gz",
]  # fmt: skip
ASK = """
import hashlib, json, sys
from pathlib import Path
from endpoint.app import create_app
from graph.model.publication import open_publication

client = create_app(open_publication(Path(sys.argv[1]))).test_client()
found = {}
for path in json.load(sys.stdin):
    answer = client.get(path, headers={"Accept-Language": "en"})
    found[path] = [answer.status_code, answer.headers.get("ETag", ""), hashlib.sha256(answer.data).hexdigest()]
print(json.dumps(found))
"""


def asked(folder: Path, paths: list[str], seed: int) -> dict[str, tuple[int, str, str]]:
    """Status, tag and digest of each path, as a process of its own gives them."""
    command = [sys.executable, "-c", ASK, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(command, input=json.dumps(paths), capture_output=True, text=True, check=True, cwd=ROOT,
                          env=environment)  # fmt: skip
    return {path: tuple(found) for path, found in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def twice(
    flagship_publication: Publication, flagship_release: Release
) -> tuple[dict[str, tuple[int, str, str]], dict[str, tuple[int, str, str]]]:
    paths = [path.replace("{release}", flagship_release.id) for path in PATHS]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(partial(asked, flagship_publication.root, paths), (1, 2))
    return first, second


def test_two_processes_give_the_same_bytes(
    twice: tuple[dict[str, tuple[int, str, str]], dict[str, tuple[int, str, str]]],
) -> None:
    first, second = twice
    assert [path for path, (status, _, _) in first.items() if status != 200] == []
    assert [path for path in first if first[path] != second[path]] == []


def test_different_bytes_have_different_tags(
    twice: tuple[dict[str, tuple[int, str, str]], dict[str, tuple[int, str, str]]],
) -> None:
    digests = dict[tuple[str, str], set[str]]()
    for path, (_, tag, digest) in twice[0].items():
        digests.setdefault((path.partition("?")[0].rpartition(".")[0], tag), set()).add(digest)
    assert all(len(each) == 1 for (_, tag), each in digests.items() if tag)
    assert [path for path, (_, tag, _) in twice[0].items() if not tag and not path.startswith("/reconcile")] == []

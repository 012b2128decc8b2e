"""A publication that others write to, and those who do: helpers for the tests of writing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from graph.model.contributors import Contributors
from tests.endpoint.serving import Served, write

BASE = "https://example.org/kb/"
SETTINGS = f"""
base = "{BASE}"
[limits]
upload_mb = 2
upload_seconds = 60
upload_memory_mb = 1024
writes_per_minute = 100000
queue_seconds = 5
"""
CLUBS = """
@prefix ex: <https://example.org/kb/ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/kb/id/club/termez> a ex:Club ; rdfs:label "Club of Termez"@en .
<https://example.org/kb/id/club/urgench> a ex:Club ; rdfs:label "Club of Urgench"@en .
"""
SHAPES = """
@prefix ex: <https://example.org/kb/ns#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:ClubShape a sh:NodeShape ; sh:targetClass ex:Club ; sh:property ex:NameShape , ex:NoteShape .
ex:NameShape a sh:PropertyShape ; sh:path rdfs:label ; sh:minCount 1 ;
  sh:message "The club has no name."@en , "У клуба нет названия."@ru , "Klubning nomi yoʻq."@uz .
ex:NoteShape a sh:PropertyShape ; sh:path ex:note ; sh:maxCount 0 ; sh:severity sh:Warning ;
  sh:message "Notes are better left out."@en .
"""
CLUB = """
@prefix ex: <https://example.org/kb/ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/kb/id/club/{name}> a ex:Club ; rdfs:label "Club of {name}"@en .
"""


@dataclass(frozen=True)
class Writer:
    """Somebody with a token, or without one."""

    served: Served
    token: str = ""

    def send(self, method: str, path: str, body: object = b"", **headers: str) -> httpx.Response:
        """Send a request; underscores in the names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        content = body.encode() if isinstance(body, str) else body
        return self.served.client.request(method, self.served.url + path, content=content, headers=named)  # type: ignore[arg-type]

    def put(self, path: str, turtle: str, **headers: str) -> httpx.Response:
        """PUT a Turtle document."""
        return self.send("PUT", path, turtle, **({"Content_Type": "text/turtle"} | headers))

    def turtle(self, path: str) -> str:
        """GET a path as Turtle."""
        return self.send("GET", path, Accept="text/turtle").text

    def ask(self, query: str) -> bool:
        """Ask the SPARQL endpoint."""
        answer = self.served.client.get(f"{self.served.url}/sparql", params={"query": f"ASK {{ {query} }}"})
        return bool(answer.json()["boolean"])


def publication(folder: Path, *, shapes: str = SHAPES, settings: str = SETTINGS) -> Path:
    """Write a publication that others write to."""
    files = {"hamkor.toml": settings, "data/clubs.ttl": CLUBS}
    return write(folder, files | ({"shapes/clubs.ttl": shapes} if shapes else {}))


def token(served: Served, *graphs: str, days: float = 1, ago: float = 0, name: str = "NGO X") -> str:
    """Make a token; ``ago`` is how many days ago it was made."""
    made = datetime.now(UTC) - timedelta(days=ago)
    found = contributors(served).create(graphs, name=name, contact="mailto:x@x.example", days=days, now=made)
    return found[1]


def contributors(served: Served) -> Contributors:
    """The contributors of what is served."""
    return Contributors(served.folder / ".hamkor", BASE)


def writer(served: Served, *graphs: str) -> Writer:
    """Somebody who may write some graphs."""
    return Writer(served, token(served, *graphs))

"""Sources of others as they are found: whole, packed, moved, cut, slow, endless, hostile. A real server, by path."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = "https://example.org/kb/"
CLUB = (
    "@prefix ex: <https://example.org/kb/ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    '<https://ngo.example/club/{name}> a ex:Club ; rdfs:label "Club of {name}"@en .\n'
)
TURTLE = CLUB.format(name="termez").encode()
LINES = b'<https://ngo.example/club/a> <http://www.w3.org/2000/01/rdf-schema#label> "A"@en .\n'
XML = (
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://www.w3.org/2000/01/rdf-schema#">'
    b'<rdf:Description rdf:about="https://ngo.example/club/b"><s:label xml:lang="en">B</s:label></rdf:Description>'
    b"</rdf:RDF>"
)
JSON = b'{"@id": "https://ngo.example/club/c", "http://www.w3.org/2000/01/rdf-schema#label": "C"}'
REMOTE = b'{"@context": "https://ngo.example/context", "@id": "https://ngo.example/club/c", "label": "C"}'
TRIG = b'<https://example.org/kb/graph/ngo/elsewhere> { <https://ngo.example/a> <https://ngo.example/b> "c" }'
OTHERS = b'<https://example.org/kb/id/club/ours> <http://www.w3.org/2000/01/rdf-schema#label> "Not theirs"@en .\n'
TYPE = b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
NAMELESS = b"<https://ngo.example/club/x> " + TYPE + b" <https://example.org/kb/ns#Club> .\n"
PAGE = b"<!DOCTYPE html><html><body>Clubs</body></html>"
BOMB_MB = 8
RESULTS = "application/sparql-results+json"


@dataclass(frozen=True)
class Reply:
    """What is answered: a body of a type, with a status and fields; whether its length is said."""

    body: bytes = b""
    kind: str = "text/turtle"
    status: int = 200
    fields: dict[str, str] = field(default_factory=dict)
    length: int | None = -1


SOURCES = {
    "turtle": Reply(TURTLE),
    "ntriples": Reply(LINES, "application/n-triples"),
    "rdfxml": Reply(XML, "application/rdf+xml"),
    "jsonld": Reply(JSON, "application/ld+json"),
    "nquads": Reply(LINES, "application/n-quads"),
    "charset": Reply(TURTLE, "text/turtle; charset=utf-8"),
    "plain.ttl": Reply(TURTLE, "text/plain"),
    "no-type.nt": Reply(LINES, ""),
    "old.owl": Reply(XML, "application/xml"),
    "relative": Reply(b'<#it> <http://www.w3.org/2000/01/rdf-schema#label> "It" .'),
    "encoded": Reply(gzip.compress(TURTLE), fields={"Content-Encoding": "gzip"}),
    "packed.ttl.gz": Reply(gzip.compress(TURTLE), "application/gzip"),
    "members.ttl.gz": Reply(
        gzip.compress(TURTLE) + gzip.compress(CLUB.format(name="nukus").encode()), "application/gzip"
    ),
    "moved": Reply(status=302, fields={"Location": "/moved-again"}),
    "moved-again": Reply(status=308, fields={"Location": "/turtle"}),
    "xml-without-length": Reply(XML, "application/rdf+xml", length=None),
    "circle": Reply(status=301, fields={"Location": "/circle-2"}),
    "circle-2": Reply(status=301, fields={"Location": "/circle"}),
    "no-address": Reply(status=302, fields={"Location": "http://[ngo/clubs"}),
    "ftp": Reply(status=302, fields={"Location": "ftp://ngo.example/clubs.ttl"}),
    "password": Reply(status=302, fields={"Location": "http://me:hidden@ngo.example/clubs.ttl?token=hidden"}),
    "elsewhere": Reply(status=302, fields={"Location": "http://127.0.0.2:9/clubs.ttl?token=hidden"}),
    "gone": Reply(status=410),
    "failing": Reply(b"oh", "text/plain", 500),
    "busy": Reply(status=429, fields={"Retry-After": "7200"}),
    "closed": Reply(status=503, fields={"Retry-After": "Wed, 21 Oct 2105 07:28:00 GMT"}),
    "page": Reply(PAGE, "text/html"),
    "page-as-turtle": Reply(PAGE),
    "pdf": Reply(b"%PDF-1.7", "application/pdf"),
    "nameless": Reply(TURTLE, "application/octet-stream"),
    "latin": Reply('<https://ngo.example/a> <https://ngo.example/b> "caf\xe9" .'.encode("latin-1")),
    "said-latin": Reply(TURTLE, "text/turtle; charset=ISO-8859-1"),
    "empty": Reply(),
    "comment": Reply(b"# nothing yet\n"),
    "half": Reply(TURTLE[:-30]),
    "short": Reply(TURTLE, length=len(TURTLE) + 100),
    "short-lines": Reply(LINES, "application/n-triples", length=None),
    "half-xml": Reply(XML[:-20], "application/rdf+xml"),
    "half-json": Reply(JSON[:-1], "application/ld+json"),
    "half-gzip.ttl.gz": Reply(gzip.compress(TURTLE)[:-9], "application/gzip"),
    "no-gzip": Reply(TURTLE, fields={"Content-Encoding": "gzip"}),
    "brotli": Reply(TURTLE, fields={"Content-Encoding": "br"}),
    "part": Reply(TURTLE, status=206),
    "virtuoso": Reply(TURTLE, fields={"X-SQL-State": "S1TAT", "X-SQL-Message": "RC..."}),
    "ceiling": Reply(TURTLE, fields={"X-SPARQL-MaxRows": "10000"}),
    "huge": Reply(b"# " + b"x" * (BOMB_MB << 20)),
    "bomb": Reply(gzip.compress(b"# " + b"x" * (BOMB_MB << 20)), fields={"Content-Encoding": "gzip"}),
    "bomb.ttl.gz": Reply(gzip.compress(b" " * (BOMB_MB << 20)), "application/gzip"),
    "twice.ttl.gz": Reply(gzip.compress(gzip.compress(TURTLE)), "application/gzip"),
    "remote-context": Reply(REMOTE, "application/ld+json"),
    "other-graph": Reply(TRIG, "application/trig"),
    "of-others": Reply(OTHERS, "application/n-triples"),
    "violating": Reply(NAMELESS, "application/n-triples"),
    "no-change": Reply(status=304),
}


@dataclass
class Sources:
    """The server: what it answers may change; what it was asked is kept."""

    url: str
    replies: dict[str, Reply]
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    solutions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By path: how many solutions of a query are given, and how many there are."""


class Answers(BaseHTTPRequestHandler):
    """Answers what the sources of its server hold for the path."""

    sources: Sources

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.strip("/").partition("?")[0]
        self.sources.asked.append((name, {key.lower(): value for key, value in self.headers.items()}, body))
        if name in ("slow", "endless"):
            return self._drip(name)
        if self.headers.get("Accept") == RESULTS:
            return self._answer(self._solutions(name, body))
        reply = self.sources.replies.get(name, Reply(status=404))
        tag = reply.fields.get("ETag")
        return self._answer(Reply(status=304) if tag and self.headers.get("If-None-Match") == tag else reply)

    do_POST = do_GET  # noqa: N815  http.server's name

    def _solutions(self, name: str, body: bytes) -> Reply:
        given, count = self.sources.solutions.get(name, (1, 1))
        value = {"type": "literal", "value": str(count)}
        rows = [{"n": value}] * (1 if b"COUNT" in body else given)
        return Reply(json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": rows}}).encode(), RESULTS)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for key, value in reply.fields.items():
            self.send_header(key, value)
        if reply.kind and reply.body:
            self.send_header("Content-Type", reply.kind)
        if reply.length is not None and reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body) if reply.length < 0 else reply.length))
        self.end_headers()
        with suppress(OSError):  # whoever asked has had enough
            self.wfile.write(reply.body)

    def _drip(self, name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/turtle")
        self.end_headers()
        until = time.monotonic() + 5
        with suppress(OSError):
            while time.monotonic() < until:
                self.wfile.write(b"#" * (1 << 16) if name == "endless" else b"#")
                time.sleep(0 if name == "endless" else 0.05)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def odd_sources() -> Iterator[Sources]:
    """Serve the sources until the block ends."""
    sources = Sources("", dict(SOURCES))
    handler = type("AnswersOfThese", (Answers,), {"sources": sources})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        sources.url = f"http://127.0.0.1:{running.server_port}"
        yield sources
        running.shutdown()

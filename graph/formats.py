"""The formats in which graphs and query results are written, by name, media type and file suffix.

It names them and nothing more: which one a client gets is decided in ``endpoint.negotiation``, and the writing is
done by pyoxigraph and rdflib.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["graph", "dataset", "results"]


@dataclass(frozen=True, slots=True)
class Format:
    """One serialisation.

    Attributes:
        name: what people write on the command line and after ``format=``.
        media_type: the registered media type, without parameters.
        suffix: the file suffix, without the dot.
        kind: what it can hold: one graph, a dataset of named graphs, or query results.
        title: how a person calls it.
        charset: whether the media type is sent with ``charset=utf-8``.
    """

    name: str
    media_type: str
    suffix: str
    kind: Kind
    title: str
    charset: bool = False

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"{self.media_type}; charset=utf-8" if self.charset else self.media_type


TURTLE = Format("turtle", "text/turtle", "ttl", "graph", "Turtle", charset=True)
N_TRIPLES = Format("ntriples", "application/n-triples", "nt", "graph", "N-Triples")
JSON_LD = Format("jsonld", "application/ld+json", "jsonld", "graph", "JSON-LD")
RDF_XML = Format("rdfxml", "application/rdf+xml", "rdf", "graph", "RDF/XML")
N_QUADS = Format("nquads", "application/n-quads", "nq", "dataset", "N-Quads")
TRIG = Format("trig", "application/trig", "trig", "dataset", "TriG")

RESULTS_JSON = Format("json", "application/sparql-results+json", "srj", "results", "SPARQL Results JSON")
RESULTS_XML = Format("xml", "application/sparql-results+xml", "srx", "results", "SPARQL Results XML")
RESULTS_CSV = Format("csv", "text/csv", "csv", "results", "CSV", charset=True)
RESULTS_TSV = Format("tsv", "text/tab-separated-values", "tsv", "results", "TSV", charset=True)

GRAPH_FORMATS = (TURTLE, JSON_LD, N_TRIPLES, RDF_XML)
DATASET_FORMATS = (N_QUADS, TRIG)
TRIPLE_FORMATS = GRAPH_FORMATS + DATASET_FORMATS
"""What triples can be written in: the formats of datasets hold them as a default graph, without names of graphs."""
RESULT_FORMATS = (RESULTS_JSON, RESULTS_XML, RESULTS_CSV, RESULTS_TSV)
FORMATS = TRIPLE_FORMATS + RESULT_FORMATS


def format_named(name: str) -> Format | None:
    """Return the format that a user calls ``name``: its name, its suffix or its media type; else None."""
    wanted = name.strip().lower()
    for each in FORMATS:
        if wanted in (each.name, each.suffix, each.media_type):
            return each
    return None

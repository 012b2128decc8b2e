"""Terms and graphs of pyoxigraph as rdflib's, exactly: lexical forms stay, and plain strings are one kind of literal.

rdflib's own parsers normalise ``"01"^^xsd:integer`` to 1 and tell ``"a"`` from ``"a"^^xsd:string``; SHACL must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import IdentifiedNode, Node

from graph.namespaces import XSD
from graph.sources.chunks import Chunk

XSD_STRING = XSD + "string"


def to_rdflib(chunks: Iterable[Chunk], *, blank_below: str | None = None) -> Graph:
    """Return the triples as an rdflib graph in memory.

    Args:
        chunks: the triples.
        blank_below: IRIs that start so become blank nodes again (a SHACL path must not be an IRI of ours).
    """
    graph = Graph()
    for chunk in chunks:
        for triple in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True):
            graph.add((
                _node(triple.subject, blank_below),
                URIRef(triple.predicate.value),
                _term(triple.object, blank_below),
            ))  # fmt: skip
    return graph


def subjects_of(chunk: Chunk) -> Iterator[str]:
    """Yield the IRI of each triple's subject."""
    for line in chunk.lines():
        yield line[1 : line.index(b">")].decode()


def _node(term: object, blank_below: str | None) -> IdentifiedNode:
    if isinstance(term, ox.NamedNode):
        return _iri(term.value, blank_below)
    raise TypeError(f"a subject that is no IRI: {term}")


def _term(term: object, blank_below: str | None) -> Node:
    if not isinstance(term, ox.Literal):
        return _node(term, blank_below)
    if term.language:
        return Literal(term.value, lang=term.language)
    if term.datatype.value == XSD_STRING:
        return Literal(term.value)
    return Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)


@lru_cache(maxsize=65536)
def _iri(value: str, blank_below: str | None) -> IdentifiedNode:
    if blank_below is not None and value.startswith(blank_below):
        return BNode("b" + value.removeprefix(blank_below).replace("-", "x"))
    return URIRef(value)

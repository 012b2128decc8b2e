"""Terms and graphs of pyoxigraph as rdflib's and back, exactly: lexical forms stay, plain strings are of one kind.

rdflib's own parsers normalise ``"01"^^xsd:integer`` to 1 and tell ``"a"`` from ``"a"^^xsd:string``; SHACL must not.
pySHACL is not needed here: reports are written without it, and it takes a third of a second to import.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import IdentifiedNode, Node

from graph.model.rdf_terms import XSD
from graph.sources.batches import Chunk

XSD_STRING = XSD + "string"
AnyGraph = TypeVar("AnyGraph", bound=Graph)


class DataNode(BNode):
    """A blank node of the data: its name is the IRI under which the index has it."""

    __slots__ = ()

    def n3(self, namespace_manager: object = None) -> str:  # noqa: ARG002  rdflib's signature
        """Return the IRI in N-Triples syntax."""
        return f"<{self}>"


def to_rdflib(chunks: Iterable[Chunk], *, data_below: str | None = None) -> Graph:
    """Return the triples as an rdflib graph in memory."""
    return fill(Graph(), chunks, data_below=data_below)


def fill(
    graph: AnyGraph, chunks: Iterable[Chunk], *, blank_below: str | None = None, data_below: str | None = None
) -> AnyGraph:
    """Add triples to an rdflib graph in memory and return it.

    Args:
        graph: the graph.
        chunks: the triples.
        blank_below: IRIs that start so become blank nodes again (a SHACL path must not be an IRI of ours).
        data_below: IRIs that start so become blank nodes of the data.
    """
    quiet_rdflib()
    for chunk in chunks:
        for triple in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True):
            graph.add((
                from_oxigraph(triple.subject, blank_below, data_below),
                from_oxigraph(triple.predicate),
                from_oxigraph(triple.object, blank_below, data_below),
            ))  # fmt: skip
    return graph


def quiet_rdflib() -> None:
    """Keep rdflib from printing a traceback for every literal that is no number: what shapes think of it counts."""
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)


def subjects_of(chunk: Chunk) -> Iterator[str]:
    """Yield the IRI of each triple's subject."""
    for line in chunk.lines():
        yield line[1 : line.index(b">")].decode()


def to_oxigraph(term: Node) -> ox.NamedNode | ox.Literal | None:
    """Return an IRI or a literal of rdflib as pyoxigraph's; None for what stands in no store of ours."""
    if isinstance(term, Literal):
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype or XSD_STRING)))
    return ox.NamedNode(str(term)) if isinstance(term, URIRef | DataNode) else None


def from_oxigraph(term: object, blank_below: str | None = None, data_below: str | None = None) -> Node:
    """Return a term of pyoxigraph as rdflib's.

    A triple term, which neither SHACL 1.0 nor rdflib knows, becomes a blank node that is named by what it says.
    """
    if isinstance(term, ox.NamedNode):
        return _iri(term.value, blank_below, data_below)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if not isinstance(term, ox.Literal):
        return BNode(f"t{sha256(str(term).encode()).hexdigest()}")
    if term.language:
        return Literal(term.value, lang=term.language)
    if term.datatype.value == XSD_STRING:
        return Literal(term.value)
    return Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)


@lru_cache(maxsize=65536)
def _iri(value: str, blank_below: str | None, data_below: str | None) -> IdentifiedNode:
    if data_below is not None and value.startswith(data_below):
        return DataNode(value)
    if blank_below is not None and value.startswith(blank_below):
        return blank_node(value, blank_below)
    return URIRef(value)


def blank_node(iri: str, below: str) -> BNode:
    """Return the blank node that a skolem IRI below ``below`` stands for."""
    return BNode("b" + iri.removeprefix(below).replace("-", "x"))

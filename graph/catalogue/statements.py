"""Triples of the catalogue, made short: links, texts in several languages, values with a datatype."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyoxigraph as ox

from graph.namespaces import RDF_TYPE, RDFS_LABEL, XSD


def link(subject: str, predicate: str, target: str) -> ox.Triple:
    """Return a triple whose object is an IRI."""
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def value(subject: str, predicate: str, text: object, datatype: str = "string") -> ox.Triple:
    """Return a triple whose object is a literal of a datatype of XML Schema."""
    literal = ox.Literal(str(text), datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def texts(subject: str, predicate: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield a triple a language; empty texts are left out."""
    for language, each in text.items():
        if each:
            literal = ox.Literal(each, language=language)
            yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def typed(subject: str, *classes: str) -> Iterator[ox.Triple]:
    """Yield the classes of a thing."""
    for each in classes:
        yield link(subject, RDF_TYPE, each)


def labelled(subject: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield the names of a thing."""
    return texts(subject, RDFS_LABEL, text)

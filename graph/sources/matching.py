"""Quads of a store that match a pattern, exactly: ``Store.quads_for_pattern`` without what a store on disk adds to it.

pyoxigraph 0.5.13 ends the scan of a prefix too late where its last byte is 0xFF: asked for 255, it also gives the quads
whose object is any integer up to 510 (SPARQL is not affected). Only literals that are kept as numbers can be meant by
mistake: the hashes of other terms lie too far apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import pyoxigraph as ox

from graph.sources.stored import Term, stored

Place = ox.NamedNode | ox.BlankNode | ox.DefaultGraph | None
Subject = ox.NamedNode | ox.BlankNode | ox.Triple | None


class ReadableStore(Protocol):
    """What can be read as a store can: one of pyoxigraph's, or a view of it that outlives it; nothing is iterated."""

    def quads_for_pattern(
        self, subject: Subject, predicate: ox.NamedNode | None, object_: Term | None, graph: Place = None, /
    ) -> Iterable[ox.Quad]:
        """Return the quads that match a pattern; None matches everything."""

    def query(self, text: str, /) -> object:
        """Return the answer to a query."""


def matching(
    store: ReadableStore,
    subject: Subject,
    predicate: ox.NamedNode | None,
    object_: Term | None,
    graph: Place = None,
) -> Iterator[ox.Quad]:
    """Yield the quads that match; None matches everything, a literal also what the store takes for the same."""
    found = store.quads_for_pattern(subject, predicate, object_, graph)
    if isinstance(object_, ox.Literal | ox.Triple):
        return (quad for quad in found if quad.object == object_ or quad.object == stored(object_))
    return iter(found)

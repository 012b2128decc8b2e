"""A term as pyoxigraph's store gives it back: numbers, truth values, times and durations are rewritten there."""

from __future__ import annotations

from functools import lru_cache

import pyoxigraph as ox

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@lru_cache(maxsize=65536)
def stored(term: Term) -> Term:
    """Return an object of a triple as a store gives it back."""
    if isinstance(term, ox.NamedNode | ox.BlankNode):
        return term
    store, node = ox.Store(), ox.NamedNode("urn:x")
    store.add(ox.Quad(node, node, term))
    found: Term = next(iter(store)).object
    return found

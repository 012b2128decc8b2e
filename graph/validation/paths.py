"""SHACL paths (SHACL 2.3.1) as property paths of SPARQL, read as pySHACL walks them."""

from __future__ import annotations

from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, SH, URIRef
from rdflib.term import Node

DEEPEST = 8
REPEATED = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


def path_text(shapes: ShapesGraph, path: Node, *, inverse: bool = False, depth: int = 0) -> str | None:
    """Return a path in SPARQL; None where it is none, or longer than pySHACL walks.

    pySHACL turns the members of an inverted sequence round and leaves their order; so does this.
    """
    if isinstance(path, URIRef):
        return f"{'^' if inverse else ''}<{path}>"
    if depth > DEEPEST:
        return None
    parts = dict(shapes.graph.predicate_objects(path))
    if RDF.first in parts or SH.alternativePath in parts:
        members = list(shapes.graph.items(parts.get(SH.alternativePath, path)))
        written = [path_text(shapes, each, inverse=inverse, depth=depth + 1) for each in members]
        known = [each for each in written if each is not None]
        join = "/" if RDF.first in parts else "|"
        return f"({join.join(known)})" if len(known) == len(written) > 1 and len(known) < DEEPEST else None
    if SH.inversePath in parts:
        return path_text(shapes, parts[SH.inversePath], inverse=not inverse, depth=depth + 1)
    for predicate, mark in REPEATED.items():
        if predicate in parts:
            inner = path_text(shapes, parts[predicate], inverse=inverse, depth=depth + 1)
            return None if inner is None else f"({inner}){mark}"
    return None

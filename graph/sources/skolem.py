"""Blank nodes become IRIs at the door: the same document gives the same IRIs on every machine and run.

Each connected component of blank nodes is canonicalised by itself (RDFC-1.0), so a change elsewhere in the document
leaves its IRIs alone. It is no general canonicaliser: that is pyoxigraph's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

import pyoxigraph as ox

from graph.namespaces import genid_iri


def has_blank_node(triple: ox.Triple) -> bool:
    """Whether a blank node occurs anywhere in the triple, triple terms included."""
    return any(True for _ in blank_nodes(triple))


def blank_nodes(triple: ox.Triple) -> Iterator[ox.BlankNode]:
    """Yield every blank node of a triple, triple terms included."""
    for term in (triple.subject, triple.object):
        if isinstance(term, ox.BlankNode):
            yield term
        elif isinstance(term, ox.Triple):
            yield from blank_nodes(term)


def skolemise(quads: Sequence[ox.Quad], base: str) -> Iterator[ox.Quad]:
    """Yield the quads with IRIs ``<base>.well-known/genid/…`` in place of blank nodes (RDF 1.1 Concepts 3.5).

    Equal components stay apart: the second copy of a component gets IRIs of its own.
    """
    seen: Counter[str] = Counter()
    for component in _components(quads):
        dataset = ox.Dataset(component)
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        canonical = sorted(str(quad) for quad in dataset)
        name = sha256("\n".join(canonical).encode()).hexdigest()[:24]
        seen[name] += 1
        copy = f"-{seen[name]}" if seen[name] > 1 else ""
        for quad in sorted(dataset, key=str):
            yield _renamed(quad, f"{genid_iri(base, name)}{copy}-")


def _components(quads: Sequence[ox.Quad]) -> list[list[ox.Quad]]:
    """Group quads that share blank nodes, directly or through others (union-find)."""
    parent: dict[ox.BlankNode, ox.BlankNode] = {}

    def root(node: ox.BlankNode) -> ox.BlankNode:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    first: list[ox.BlankNode] = []
    for quad in quads:
        nodes = list(blank_nodes(quad.triple))
        first.append(nodes[0])
        for other in nodes:
            parent[root(other)] = root(nodes[0])
    groups: dict[ox.BlankNode, list[ox.Quad]] = {}
    for quad, node in zip(quads, first, strict=True):
        groups.setdefault(root(node), []).append(quad)
    return list(groups.values())


def _renamed(quad: ox.Quad, prefix: str) -> ox.Quad:
    triple = _renamed_triple(quad.triple, prefix)
    return ox.Quad(triple.subject, triple.predicate, triple.object, quad.graph_name)


def _renamed_triple(triple: ox.Triple, prefix: str) -> ox.Triple:
    subject, target = triple.subject, triple.object
    if isinstance(subject, ox.BlankNode):
        subject = _named(subject, prefix)
    if isinstance(target, ox.BlankNode):
        target = _named(target, prefix)
    elif isinstance(target, ox.Triple):
        target = _renamed_triple(target, prefix)
    return ox.Triple(subject, triple.predicate, target)


def _named(node: ox.BlankNode, prefix: str) -> ox.NamedNode:
    return ox.NamedNode(prefix + node.value.removeprefix("c14n"))

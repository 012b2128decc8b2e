"""Blank nodes become IRIs at the door: the same document gives the same IRIs on every machine and run.

Each connected component of blank nodes is named by what it says, so a change elsewhere in the document leaves its
IRIs alone. Blank nodes of two files are never the same (RDF 1.1 Semantics 4.1): the file's name is part of theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import pyoxigraph as ox

from graph.errors import SourceError
from graph.namespaces import genid_iri
from graph.sources.colouring import TooAlikeError, numbered, statement, written


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


def skolemise(quads: Sequence[ox.Quad], base: str, source: str) -> Iterator[ox.Quad]:
    """Yield the quads with IRIs ``<base>.well-known/genid/…`` in place of blank nodes (RDF 1.1 Concepts 3.5).

    Equal components stay apart: the second copy of a component gets IRIs of its own.

    Args:
        quads: quads that hold a blank node each.
        base: the publication's base.
        source: the file's name.

    Raises:
        SourceError: hundreds of blank nodes cannot be told apart.
    """
    seen: Counter[str] = Counter()
    for component in _components(list(dict.fromkeys(quads))):
        lines = [statement(quad) for quad in component]
        try:
            numbers = numbered(lines)
        except TooAlikeError as problem:
            nodes = len({node for quad in component for node in blank_nodes(quad.triple)})
            raise SourceError(
                source, f"{nodes} connected blank nodes cannot be told apart", remedy="give them IRIs"
            ) from problem
        labels = {node: f"_:c{number}" for node, number in numbers.items()}
        text = "\n".join([source, *sorted(written(each, labels) for each in lines)])
        name = sha256(text.encode()).hexdigest()[:24]
        seen[name] += 1
        prefix = genid_iri(base, name) + (f"-{seen[name]}-" if seen[name] > 1 else "-")
        named = {node: ox.NamedNode(f"{prefix}{number}") for node, number in numbers.items()}
        yield from sorted((_renamed(quad, named) for quad in component), key=str)


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


def _renamed(quad: ox.Quad, names: Mapping[ox.BlankNode, ox.NamedNode]) -> ox.Quad:
    triple = _renamed_triple(quad.triple, names)
    return ox.Quad(triple.subject, triple.predicate, triple.object, quad.graph_name)


def _renamed_triple(triple: ox.Triple, names: Mapping[ox.BlankNode, ox.NamedNode]) -> ox.Triple:
    subject, target = triple.subject, triple.object
    if isinstance(subject, ox.BlankNode):
        subject = names[subject]
    if isinstance(target, ox.BlankNode):
        target = names[target]
    elif isinstance(target, ox.Triple):
        target = _renamed_triple(target, names)
    return ox.Triple(subject, triple.predicate, target)

"""Blank nodes become IRIs at the door: the same document gives the same IRIs on every machine and run.

A component of blank nodes is numbered by what is said of it, never by labels or order (colouring).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

import pyoxigraph as ox

from graph.model.errors import Sentence, SourceError
from graph.model.namespaces import genid_iri

# A numbering of the blank nodes of a component that depends on what is said, not on labels or order.
#
# Nodes get colours: hashes of what is said about them, in which other blank nodes stand by their colours, round by
# round (colour refinement). Nodes that still look alike then are told apart by taking one of them out, preferably one
# that leads to the smallest colours, and refining again. RDFC-1.0 does the same completely and needs exponential time
# for it: pyoxigraph's takes minutes for ten blank nodes that all know each other, or for a list of a thousand equal
# values. This one is bounded. Its price: in large graphs that look alike everywhere without being symmetric, the
# numbers may follow the order of the document. It is no canonicalisation algorithm of a standard.

Statement = tuple[str | ox.BlankNode, ...]
Numbered = tuple[str | int, ...]
Colours = dict[int, str]

LINES_AT_LEAST = 1_000_000
LINES_A_STATEMENT = 20
COMPARED = 20_000


class TooAlikeError(Exception):
    """The blank nodes of a component cannot be told apart within the bound."""


def statement(quad: ox.Quad) -> Statement:
    """Return a quad as text in N-Quads syntax with the blank nodes left open."""
    return (*_term(quad.subject), f" {quad.predicate} ", *_term(quad.object), f" {quad.graph_name} .")


def written(parts: Statement, names: Mapping[ox.BlankNode, str]) -> str:
    """Return the text of a statement under names for its blank nodes."""
    return "".join(part if isinstance(part, str) else names[part] for part in parts)


def numbered(statements: Sequence[Statement]) -> dict[ox.BlankNode, int]:
    """Return a number from 0 for each blank node of a component.

    Raises:
        TooAlikeError: it would take too long.
    """
    nodes: dict[ox.BlankNode, int] = {}
    for part in (part for each in statements for part in each if isinstance(part, ox.BlankNode)):
        nodes.setdefault(part, len(nodes))
    lines = [tuple(part if isinstance(part, str) else nodes[part] for part in each) for each in statements]
    colours = _Component(lines).told_apart()
    order = {node: number for number, node in enumerate(sorted(colours, key=colours.__getitem__))}
    return {node: order[index] for node, index in nodes.items()}


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Statement:
    if isinstance(term, ox.BlankNode):
        return (term,)
    if isinstance(term, ox.Triple):
        return ("<<( ", *_term(term.subject), f" {term.predicate} ", *_term(term.object), " )>>")
    return (str(term),)


def _hash(lines: Iterable[str]) -> str:
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


class _Component:
    """The statements about some blank nodes, and how much work may still go into telling these apart."""

    def __init__(self, statements: Sequence[Numbered]) -> None:
        self.about: dict[int, list[Numbered]] = {}
        for each in statements:
            for node in dict.fromkeys(part for part in each if isinstance(part, int)):
                self.about.setdefault(node, []).append(each)
        self.size = len(statements)
        self.trees: set[int] = set()
        self.budget = max(LINES_AT_LEAST, LINES_A_STATEMENT * self.size)

    def told_apart(self) -> Colours:
        """Return colours of which no two are equal."""
        colours, taken = self.without_twins(self.refined(self.from_the_leaves())), 0
        while alike := _alike(colours):
            taken += 1
            choices = alike if len(alike) * self.size <= COMPARED else alike[:1]
            marked = ({**colours, node: f"{colours[node]}!{taken}"} for node in choices)
            colours = min((self.refined(each) for each in marked), key=lambda each: sorted(each.values()))
        return colours

    def without_twins(self, colours: Colours) -> Colours:
        """Tell apart nodes that may change places, so that any order will do.

        Of these the same is said, word by word; what the root of a tree says itself, its colour covers.
        """
        twins: dict[tuple[str, frozenset[Numbered]], list[int]] = {}
        for node in (each for group in _shared(colours) for each in group):
            lines = [each for each in self.about[node] if each[0] != node or node not in self.trees]
            said = frozenset(tuple("*" if part == node else part for part in each) for each in lines)
            twins.setdefault((colours[node], said), []).append(node)
        marks = {node: f"{colours[node]}+{n}" for nodes in twins.values() for n, node in enumerate(nodes) if n}
        return self.refined({**colours, **marks}) if marks else colours

    def from_the_leaves(self) -> Colours:
        """Colour what hangs together like a tree or a list in one go, from its ends (a Merkle tree); the rest equal."""
        own = {node: [each for each in lines if each[0] == node] for node, lines in self.about.items()}
        used: dict[int, list[int]] = {}
        uses = {
            node: {part for each in lines for part in each[1:] if isinstance(part, int)} for node, lines in own.items()
        }
        for node, others in uses.items():
            for other in others:
                used.setdefault(other, []).append(node)
        waiting = {node: len(others) for node, others in uses.items()}
        colours, ready = dict.fromkeys(own, ""), [node for node, count in waiting.items() if not count]
        while ready:
            node = ready.pop()
            colours[node] = self.colour(node, own[node], colours)
            if all(other in self.trees and used[other] == [node] for other in uses[node]):
                self.trees.add(node)
            for user in used.get(node, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)
        return colours

    def refined(self, colours: Colours) -> Colours:
        """Return the colours after as many rounds as tell more nodes apart."""
        while True:
            self.spend(len(colours) // 8)
            alike = Counter(colours.values())
            doubtful = [node for node, colour in colours.items() if alike[colour] > 1]
            fresh = {**colours, **{node: self.colour(node, self.about[node], colours) for node in doubtful}}
            if len(set(fresh.values())) == len(alike):
                return colours
            colours = fresh

    def colour(self, node: int, lines: Sequence[Numbered], colours: Colours) -> str:
        """Return the colour of a node by what some lines say of it."""
        self.spend(len(lines))
        own = f"*{colours[node]}"
        return _hash(
            "".join([part if isinstance(part, str) else own if part == node else colours[part] for part in each])
            for each in lines
        )

    def spend(self, lines: int) -> None:
        """Count work that was done."""
        self.budget -= lines
        if self.budget < 0:
            raise TooAlikeError


def _shared(colours: Colours) -> list[list[int]]:
    """Return the groups of nodes that have one colour, the smallest group first, equally small ones by their colour."""
    groups: dict[str, list[int]] = {}
    for node, colour in colours.items():
        groups.setdefault(colour, []).append(node)
    return [
        nodes for _, _, nodes in sorted((len(nodes), colour, nodes) for colour, nodes in groups.items() if nodes[1:])
    ]


def _alike(colours: Colours) -> list[int]:
    return next(iter(_shared(colours)), [])


# Each connected component of blank nodes is named by what it says, so a change elsewhere in the document leaves its
# IRIs alone. Blank nodes of two files are never the same (RDF 1.1 Semantics 4.1): the file's name is part of theirs.


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
                source,
                Sentence("%(number)s connected blank nodes cannot be told apart", number=str(nodes)),
                remedy=Sentence("give them IRIs"),
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

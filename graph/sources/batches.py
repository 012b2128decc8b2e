"""Batches: canonical N-Triples of one named graph, without blank nodes; and what writes change, as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import pyoxigraph as ox

from graph.model.errors import Sentence, SourceError
from graph.model.rdf_terms import genid_iri

# Blank nodes become IRIs at the door: the same document gives the same IRIs on every machine and run.
#
# A component of blank nodes is numbered by what is said of it, never by labels or order (colouring).

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


# Batches: canonical N-Triples of one named graph, ready to be written and loaded; and what writes change, as lines.
#
# Nothing is parsed and nothing applied here.

# Quads become chunks: canonical N-Triples of one named graph, without blank nodes, ready to be written and loaded.
#
# It works on a few ten thousand quads at a time, so that memory does not grow with the file.

CHUNK_QUADS = 50_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some triples of one named graph.

    Attributes:
        graph: the graph's IRI.
        triples: canonical N-Triples (RDF 1.2 N-Triples 4), a line each, in the order of the source.
    """

    graph: str
    triples: bytes

    def lines(self) -> list[bytes]:
        """Return its lines, without their ends."""
        return self.triples.split(b"\n")[:-1]

    def quads(self) -> bytes:
        """Return the same as N-Quads; a line end never stands inside a canonical literal."""
        return self.triples.replace(b" .\n", b" <" + self.graph.encode() + b"> .\n")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where quads come from.

    Attributes:
        name: how the user calls the source, for messages.
        graph: IRI of the graph that takes quads of the default graph.
        base: the base below which blank nodes get their IRIs.
        literal_bytes: the longest line that is taken.
    """

    name: str
    graph: str
    base: str
    literal_bytes: int = 16 << 20


def chunks(
    quads: Iterable[ox.Quad], origin: Origin, size: int = CHUNK_QUADS, *, may_be_named: bool = True
) -> Iterator[Chunk]:
    """Yield the quads as chunks, holding ``size`` of them at a time (and those with blank nodes to the end).

    Args:
        quads: what is read.
        origin: where it comes from.
        size: how many quads a chunk is made of.
        may_be_named: whether some may be of a named graph.

    Raises:
        SourceError: a graph is named by a blank node, a literal is too long or holds a NUL, or there is no triple.
    """
    form = ox.RdfFormat.N_QUADS if may_be_named else ox.RdfFormat.N_TRIPLES
    iterator, with_blanks, empty = iter(quads), list[ox.Quad](), True
    # quads that are written as soon as they are read take two thirds of the time that a list of them takes
    while part := ox.serialize(islice(iterator, size), format=form):
        empty = False
        if b"_:" not in part:
            for iri, lines in _graphs_of(part, origin) if may_be_named else ((origin.graph, part),):
                yield _fit(Chunk(iri, lines), origin)
            continue
        for iri, triples in _by_graph(ox.parse(part, form, lenient=True), origin).items():
            plain = _serialised(triples)
            if b"_:" in plain:
                node = ox.NamedNode(iri)
                with_blanks += [_quad(triple, node) for triple in triples if has_blank_node(triple)]
                plain = _serialised([triple for triple in triples if not has_blank_node(triple)])
            if plain:
                yield _fit(Chunk(iri, plain), origin)
    if empty:
        raise SourceError(
            origin.name, Sentence("the file holds no triple"), remedy=Sentence("write at least one, or remove the file")
        )
    for iri, triples in _by_graph(skolemise(with_blanks, origin.base, origin.name), origin).items():
        yield _fit(Chunk(iri, _serialised(triples)), origin)


def _graphs_of(part: bytes, origin: Origin) -> Iterable[tuple[str, bytes]]:
    """Yield canonical N-Quads without blank nodes as N-Triples, by the IRIs of their graphs."""
    lines, found, unnamed = part.split(b"\n")[:-1], dict[bytes, list[bytes]](), f"<{origin.graph}>".encode()
    first = _graph_of(lines[0])
    ending = b" %s .\n" % first
    if first and part.count(ending) == len(lines) and all(line.count(b" ") > 3 for line in lines):
        yield first[1:-1].decode(), part.replace(ending, b" .\n")
        return
    are_names = dict[bytes, bool]()  # a function called for each line would take as long again
    for line in lines:
        end = line.rfind(b" ", 0, -len(b" ."))
        name = line[end + 1 : -len(b" .")]
        if name not in are_names:
            are_names[name] = _may_name(name)
        if are_names[name] and line.count(b" ") > 3:
            found.setdefault(name, []).append(line[:end])
        else:
            found.setdefault(unnamed, []).append(line[: -len(b" .")])
    for name, each in found.items():
        yield name[1:-1].decode(), b" .\n".join(each) + b" .\n"


def _graph_of(line: bytes) -> bytes:
    """Return the graph's name in a canonical line, or nothing."""
    triple, _, name = line[: -len(b" .")].rpartition(b" ")
    return name if _may_name(name) and triple.count(b" ") > 1 else b""


def _may_name(last: bytes) -> bool:
    """Whether what follows the last blank of a canonical line is a graph, where it is not the object.

    Only an IRI can be one, and behind a literal's last quotation mark no blank comes but before a graph.
    """
    return last.startswith(b"<") and last.endswith(b">") and b'"' not in last


def _quad(triple: ox.Triple, graph: ox.NamedNode) -> ox.Quad:
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _by_graph(quads: Iterable[ox.Quad], origin: Origin) -> dict[str, list[ox.Triple]]:
    found: dict[ox.NamedNode | ox.BlankNode | ox.DefaultGraph, list[ox.Triple]] = {}
    for quad in quads:
        found.setdefault(quad.graph_name, []).append(quad.triple)
    named: dict[str, list[ox.Triple]] = {}
    for node, triples in found.items():
        if isinstance(node, ox.BlankNode):
            raise SourceError(
                origin.name,
                Sentence("the graph %(name)s has no IRI", name=f"_:{node.value}"),
                remedy=Sentence("name graphs by IRIs"),
            )
        named.setdefault(node.value if isinstance(node, ox.NamedNode) else origin.graph, []).extend(triples)
    return named


def _serialised(triples: list[ox.Triple]) -> bytes:
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""


def _fit(chunk: Chunk, origin: Origin) -> Chunk:
    limit = origin.literal_bytes
    if len(chunk.triples) > limit and (longest := max(map(len, chunk.lines()))) > limit:
        raise SourceError(
            origin.name,
            Sentence("a literal of %(size)s bytes is longer than the limit of %(number)s", size=longest, number=limit),
            remedy=Sentence("shorten it, or raise limits.literal_mb in hamkor.toml"),
        )
    if b"\\u0000" in chunk.triples:
        for line in chunk.lines():
            if b"\\u0000" in line.replace(b"\\\\", b""):
                subject = line[: line.index(b" ")].decode()
                problem = Sentence("a literal of %(thing)s holds the character NUL (U+0000)", thing=subject)
                raise SourceError(origin.name, problem, remedy=Sentence("remove it: no format carries it"))
    return chunk


# A change, as lines: of one named graph, or of the union of what is stated. Values only; nothing is applied here.
#
# A *line* is a canonical N-Triples line without its end, as ``Chunk.lines()`` gives it.

Lines = frozenset[bytes]
NONE: Lines = frozenset()
UNION = ""
"""In place of a graph's IRI: the union of what is stated, in which no graph counts that is computed."""


@dataclass(frozen=True, slots=True)
class GraphChange:
    """The difference of one named graph, or of the union: from nothing, where all that there is comes.

    Attributes:
        iri: the graph, or ``UNION``; a line of the union has changed where some graph states it now and none did, or
            the reverse. So a line that was only entailed and is stated now has come.
        added: lines that it has now and had not; of the union as the store spells them.
        removed: lines that it had and has no longer.
        created: the graph was not there before.
        dropped: the graph is gone; ``removed`` is all that it had.
    """

    iri: str
    added: Lines = NONE
    removed: Lines = NONE
    created: bool = False
    dropped: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.added or self.removed or self.created or self.dropped)

    def then(self, later: GraphChange) -> GraphChange:
        """Return this change and a later one of the same graph as one change."""
        return GraphChange(
            self.iri,
            (self.added - later.removed) | (later.added - self.removed),
            (self.removed - later.added) | (later.removed - self.added),
            created=(self.created and not later.dropped) or (later.created and not self.dropped),
            dropped=(self.dropped and not later.created) or (later.dropped and not self.created),
        )


def lines_of(triples: Iterable[ox.Triple]) -> Lines:
    """Return some triples as lines."""
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return frozenset(text.split(b"\n")[:-1])

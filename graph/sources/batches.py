"""Batches: canonical N-Triples of one named graph, ready to be written and loaded; and what writes change, as lines.

Nothing is parsed and nothing applied here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.model.errors import Sentence, SourceError
from graph.sources.blank_nodes import has_blank_node, skolemise

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


def chunks(quads: Iterable[ox.Quad], origin: Origin, size: int = CHUNK_QUADS) -> Iterator[Chunk]:
    """Yield the quads as chunks, holding ``size`` of them at a time (and those with blank nodes to the end).

    Raises:
        SourceError: a graph is named by a blank node, a literal is too long or holds a NUL, or there is no triple.
    """
    iterator, with_blanks, empty = iter(quads), list[ox.Quad](), True
    while part := list(islice(iterator, size)):
        empty = False
        for iri, triples in _by_graph(part, origin).items():
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

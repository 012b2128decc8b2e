"""Templates of quads: parsed once as TriG, then filled with the terms of each solution (SPARQL 1.1 Update 3.1.3).

A variable stands in the TriG as an IRI that nobody else can write. Constants keep their lexical forms. A triple that a
solution leaves incomplete, or that is none (a literal as its subject), is left out, as the specification asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex

import pyoxigraph as ox

from graph.errors import QuerySyntaxError
from graph.query.keywords import BOOLEANS
from graph.query.tokens import Kind, tokens
from graph.sources.skolem import has_blank_node
from graph.update.operations import Block

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Solution = Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class Template:
    """A quad pattern, ready to be filled.

    Attributes:
        quads: its quads; variables are IRIs that begin with ``mark``.
        mark: how these begin.
    """

    quads: tuple[ox.Quad, ...]
    mark: str

    @property
    def has_blank_nodes(self) -> bool:
        """Whether each solution gets blank nodes of its own."""
        return any(has_blank_node(quad.triple) for quad in self.quads)

    def filled(self, solution: Solution) -> Iterator[ox.Quad]:
        """Yield the quads for a solution."""
        fresh: dict[ox.BlankNode, ox.BlankNode] = {}
        for quad in self.quads:
            triple = self._triple(quad.triple, solution, fresh)
            name = quad.graph_name
            graph = name if isinstance(name, ox.DefaultGraph) else self._term(name, solution, fresh)
            if triple is not None and isinstance(graph, ox.NamedNode | ox.DefaultGraph):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)

    def _triple(
        self, triple: ox.Triple, solution: Solution, fresh: dict[ox.BlankNode, ox.BlankNode]
    ) -> ox.Triple | None:
        subject = self._term(triple.subject, solution, fresh)
        predicate = self._term(triple.predicate, solution, fresh)
        target = self._term(triple.object, solution, fresh)
        is_triple = isinstance(subject, ox.NamedNode | ox.BlankNode) and isinstance(predicate, ox.NamedNode)
        return ox.Triple(subject, predicate, target) if is_triple and target is not None else None  # type: ignore[arg-type]

    def _term(self, term: Term, solution: Solution, fresh: dict[ox.BlankNode, ox.BlankNode]) -> Term | None:
        if isinstance(term, ox.NamedNode):
            return solution.get(term.value.removeprefix(self.mark)) if term.value.startswith(self.mark) else term
        if isinstance(term, ox.BlankNode):
            return fresh.setdefault(term, ox.BlankNode())
        return self._triple(term, solution, fresh) if isinstance(term, ox.Triple) else term


def template(block: Block, prologue: str, base: str) -> Template:
    """Return a quad pattern parsed; its default graph stays that.

    Raises:
        QuerySyntaxError: it is no quad pattern.
    """
    mark = f"urn:x-{token_hex(16)}:"
    text = prologue + "".join(f"{_graph(name, mark)} {{ {_marked(part, mark)} }}\n" for name, part in block.parts)
    try:
        quads = tuple(ox.parse(text, format=ox.RdfFormat.TRIG, base_iri=base))
    except SyntaxError as problem:
        raise QuerySyntaxError(f"these are no triples: {problem.msg.partition(': ')[2] or problem.msg}") from problem
    return Template(quads, mark)


def _graph(name: str, mark: str) -> str:
    return f"GRAPH {_marked(name, mark)}" if name else ""


def _marked(text: str, mark: str) -> str:
    """Return a text of SPARQL as TriG: with IRIs in place of its variables."""
    parts, end = list[str](), 0
    for token in tokens(text):
        if token.kind is Kind.VARIABLE:
            parts += (text[end : token.start], f"<{mark}{token.text[1:]}>")
            end = token.end
        elif token.text.upper() in BOOLEANS:  # TriG has them in small letters only
            parts += (text[end : token.start], token.text.lower())
            end = token.end
    return "".join([*parts, text[end:]])

"""What follows from the ontology, made from nothing: SPARQL over the store, until nothing new follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyoxigraph as ox

from graph.entailment.axioms import WHERE_FROM
from graph.entailment.conclusions import fresh_lines
from graph.entailment.patterns import PatternIndex
from graph.entailment.program import read_program
from graph.entailment.rules import Rule
from graph.errors import SourceError
from graph.sources.chunks import Chunk

ROUNDS = 20
SMALL_BYTES = 1 << 20


def entail(store: ox.Store, graph: str, ontology: str, read: Callable[[str], str] = str) -> Chunk | None:
    """Add what follows to the store (its default graph and ``graph``) until nothing new follows; return it.

    Args:
        store: filled with everything else.
        graph: IRI of the graph that takes what follows; it is empty.
        ontology: IRI of the only graph whose axioms and rules count; data states no axioms here.
        read: reads the query of one of the publication's own rules before it runs, and returns what may run; it
            raises ``QuerySyntaxError`` or ``QueryRefusedError``, and so keeps rules from dialling out.

    Returns:
        The entailed triples as the store spells them, sorted, or None where nothing follows.

    Raises:
        SourceError: a rule of the publication is no legal CONSTRUCT query, makes blank nodes, or has no end.
    """
    for stratum in read_program(store, ontology, read).strata:
        _settle(store, stratum, graph)
    dumped = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph)) or b""
    lines = sorted(Chunk(graph, dumped).lines())
    return Chunk(graph, b"\n".join(lines) + b"\n") if lines else None


def _settle(store: ox.Store, rules: Iterable[Rule], graph: str) -> None:
    """Run the rules, and again those that read what others concluded, until none concludes anything new."""
    readers = PatternIndex((pattern, rule) for rule in rules for pattern in rule.reads())
    due = set(rules)
    for _ in range(ROUNDS):
        for rule in rules:
            if rule in due:
                due.remove(rule)
                if fresh := fresh_lines(store, rule):
                    _add(store, Chunk(graph, fresh))
                    due.update(reader for head in rule.heads for reader in readers.find(head))
        if not due:
            return
    raise SourceError(WHERE_FROM, f"the rules still draw new conclusions after {ROUNDS} rounds", remedy="mend them")


def _add(store: ox.Store, chunk: Chunk) -> None:
    load = store.load if len(chunk.triples) < SMALL_BYTES else store.bulk_load
    load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
    load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)

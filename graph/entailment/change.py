"""What follows from the ontology, kept up: the difference that a change of what is stated makes to the conclusions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import pyoxigraph as ox

from graph.change import GraphChange, Lines, MergeChange
from graph.entailment.axioms import VOCABULARY
from graph.entailment.conclusions import as_stored
from graph.entailment.patterns import TYPE, quad
from graph.entailment.program import read_program
from graph.entailment.revision import Revision, TooMuchError


def entail_change(
    store: ox.Store, graph: str, ontology: str, change: MergeChange, read: Callable[[str], str] = str
) -> GraphChange | None:
    """Return the difference that a change makes to the graph of conclusions; it is what ``entail`` would give.

    Its cost is that of what the change touches. The store is left as it was found.

    Args:
        store: its named graphs and its default graph have what is stated now, and ``graph`` what followed before; of
            what is computed after entailment (the catalogue) it has nothing, as in a build.
        graph: IRI of the graph of conclusions.
        ontology: IRI of the only graph whose axioms and rules count.
        change: what is stated now and was not, and the reverse; the graph of conclusions does not count here.
        read: reads the query of one of the publication's own rules, as in ``entail``.

    Returns:
        The difference, not applied. None where only making all anew says what follows: the change may touch the
        axioms and rules, or touches very much; or a rule asks for what is not there and may itself depend on the
        answer; or it asks for the time, for chance, or for named graphs; or it is no SPARQL 1.1.

    Raises:
        SourceError: a rule cannot be used, or makes blank nodes.
    """
    stated, before = _triples(change.appeared), _triples(change.disappeared)
    if _touches_axioms(store, stated, before, ox.NamedNode(ontology)):
        return None
    program = read_program(store, ontology, read)
    if not program.is_stratified:
        return None
    revision = Revision(store, graph, stated, {each for each in before if quad(each) not in store})
    try:
        for stratum in program.strata:
            revision.settle(stratum)
        return _difference(store, graph, revision.added(), revision.removed())
    except TooMuchError:
        return None
    finally:
        revision.undo()


def _triples(lines: Iterable[bytes]) -> set[ox.Triple]:
    """Return lines as the store holds them: of two that spell one number differently one triple is left."""
    parsed = ox.parse(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return as_stored(each.triple for each in parsed)


def _touches_axioms(store: ox.Store, stated: set[ox.Triple], before: set[ox.Triple], ontology: ox.NamedNode) -> bool:
    """Return whether something appeared in the ontology, or something went that can have been an axiom there."""
    return any(quad(each, ontology) in store for each in stated) or any(
        (each.object if each.predicate == TYPE else each.predicate) in VOCABULARY for each in before
    )


def _difference(store: ox.Store, graph: str, added: set[ox.Triple], removed: set[ox.Triple]) -> GraphChange:
    quads = store.quads_for_pattern(None, None, None, ox.NamedNode(graph))
    had = len(list(islice(quads, len(removed) + 1)))
    left = had > len(removed) or bool(added)
    return GraphChange(graph, _lines(added), _lines(removed), not had and left, bool(had) and not left)


def _lines(triples: set[ox.Triple]) -> Lines:
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return frozenset(text.split(b"\n")[:-1])

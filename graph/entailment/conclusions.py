"""One rule is run: over all that is in the store, or for one solution of its body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graph.entailment.axioms import WHERE_FROM
from graph.entailment.patterns import Binding, bound, quad, triple
from graph.entailment.rules import OWN, Form, Rule
from graph.errors import SourceError


def fresh_lines(store: ox.Store, rule: Rule) -> bytes:
    """Return what a rule concludes and the store does not have, as N-Triples.

    Raises:
        SourceError: the rule is no legal CONSTRUCT query or makes blank nodes.
    """
    if rule.is_guarded:
        return _answer(store, rule).serialize(format=ox.RdfFormat.N_TRIPLES) or b""
    fresh = {each for each in _named(_answer(store, rule), rule) if quad(each) not in store}
    return ox.serialize(fresh, format=ox.RdfFormat.N_TRIPLES) or b""


def concluded(store: ox.Store, rule: Rule, binding: Binding) -> set[ox.Triple]:
    """Return what a rule concludes from one solution of its body; from an empty one, from all that there are.

    Raises:
        SourceError: the rule makes blank nodes.
    """
    if rule.form is Form.PLAIN and binding:
        return {each for head in rule.heads if (each := triple(bound(head, binding))) is not None}
    told = {variable: term for variable, term in binding.items() if not variable.value.startswith(OWN)}
    return as_stored(_named(_answer(store, rule, told), rule))


def as_stored(triples: Iterable[ox.Triple]) -> set[ox.Triple]:
    """Return triples as a store holds them: it rewrites numeric literals."""
    found = set(triples)
    literal = {each for each in found if not isinstance(each.object, ox.NamedNode)}
    if not literal:
        return found
    store = ox.Store()
    store.extend(map(quad, literal))
    return found - literal | {each.triple for each in store}


def _answer(store: ox.Store, rule: Rule, told: Binding | None = None) -> ox.QueryTriples:
    try:
        answer = store.query(rule.query, substitutions=told)
    except SyntaxError as problem:
        place = problem.msg.partition(": expected")[0]  # what may stand there instead fills a page
        raise SourceError(WHERE_FROM, f"{rule.name} is no SPARQL: {place}") from problem
    if not isinstance(answer, ox.QueryTriples):
        raise SourceError(WHERE_FROM, f"{rule.name} is no CONSTRUCT query")
    return answer


def _named(triples: Iterable[ox.Triple], rule: Rule) -> Iterator[ox.Triple]:
    for each in triples:
        if isinstance(each.subject, ox.BlankNode) or isinstance(each.object, ox.BlankNode):
            raise SourceError(WHERE_FROM, f"{rule.name} makes blank nodes", remedy="make IRIs with IRI(…)")
        yield each

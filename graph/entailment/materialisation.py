"""What follows from the ontology, made from nothing: rules are run over the store until nothing new follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyoxigraph as ox

from graph.entailment.program import WHERE_FROM, read_program
from graph.entailment.rules import (
    MERGE,
    OWN,
    Binding,
    Find,
    Form,
    Pattern,
    PatternGroup,
    PatternIndex,
    Rule,
    Term,
    bound,
    quad,
    quads,
    solutions,
    triple,
)
from graph.model.errors import Quotation, Sentence, SourceError
from graph.sources.batches import Chunk

# One rule is run: over all that is in the store, or for some solutions of its body alone.


def fresh_lines(store: ox.Store, rule: Rule) -> bytes:
    """Return what a rule concludes and the store does not have, as N-Triples.

    Raises:
        SourceError: the rule is no legal CONSTRUCT query or makes blank nodes.
    """
    if rule.is_guarded:
        return _answer(store, rule).serialize(format=ox.RdfFormat.N_TRIPLES) or b""
    found = _tie_by_tie(store, rule) if _has_long_groups(rule) else _named(_answer(store, rule), rule)
    fresh = {each for each in found if quad(each) not in store}
    return ox.serialize(fresh, format=ox.RdfFormat.N_TRIPLES) or b""


def concluded(store: ox.Store, rule: Rule, binding: Binding, find: Find) -> set[ox.Triple]:
    """Return what a rule concludes from the solutions of its body that go with ``binding``.

    The query runs on an excerpt of the store: what it costs depends on these solutions alone, not on how the engine
    would join the patterns. Only where it is not known what they need does it run on the store.

    Args:
        store: for that.
        rule: the rule.
        binding: of variables of the body; where none is bound, all its solutions are meant.
        find: finds the triples of a pattern in the store.

    Raises:
        SourceError: the rule makes blank nodes.
    """
    if rule.form is Form.PLAIN:
        return {
            each
            for solution in solutions(rule.body, binding, find)
            for head in rule.heads
            if (each := triple(bound(head, solution))) is not None
        }
    told = {variable: term for variable, term in binding.items() if not variable.value.startswith(OWN)}
    source = store if rule.form in (Form.WHOLE, Form.UNKNOWN) else _excerpt(rule, binding, find)
    return as_stored(_named(_answer(source, rule, told), rule))


def _excerpt(rule: Rule, binding: Binding, find: Find) -> ox.Store:
    """Return all that the rule reads for the solutions of its body that go with the binding."""
    excerpt, tied = ox.Store(), set[tuple[PatternGroup, frozenset[tuple[ox.Variable, Term]]]]()
    for solution in solutions(rule.body, binding, find):
        excerpt.extend(_instances(rule.body, solution))
        for group in rule.groups:
            tie = {variable: solution[variable] for variable in group.shared}
            if (key := (group, frozenset(tie.items()))) not in tied:
                tied.add(key)
                for match in solutions(group.patterns, tie, find):
                    excerpt.extend(_instances(group.patterns, match))
    return excerpt


def _instances(patterns: Iterable[Pattern], solution: Binding) -> Iterator[ox.Quad]:
    return (quad(each) for pattern in patterns if (each := triple(bound(pattern, solution))) is not None)


def _has_long_groups(rule: Rule) -> bool:
    """Return whether the engine would join patterns of EXISTS anew for each solution of the body; of OPTIONAL not."""
    long = (each for each in rule.groups if len(each.patterns) > 1 and each.shared and not each.is_optional)
    return rule.form is Form.NEGATED and any(long)


def _tie_by_tie(store: ox.Store, rule: Rule) -> Iterator[ox.Triple]:
    """Yield what a rule concludes, for one way after another in which its body and its groups are tied."""

    def find(pattern: Pattern) -> Iterator[ox.Triple]:
        return (each.triple for each in quads(store, pattern, MERGE))

    variables = sorted({each for group in rule.groups for each in group.shared}, key=str)
    ties = {tuple(each[variable] for variable in variables) for each in solutions(rule.body, {}, find)}
    for tie in ties:
        yield from concluded(store, rule, dict(zip(variables, tie, strict=True)), find)


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
        raise SourceError(
            WHERE_FROM, Sentence("%(name)s is no SPARQL: %(words)s", name=rule.name, words=Quotation(place))
        ) from problem
    if not isinstance(answer, ox.QueryTriples):
        raise SourceError(WHERE_FROM, Sentence("%(name)s is no CONSTRUCT query", name=rule.name))
    return answer


def _named(triples: Iterable[ox.Triple], rule: Rule) -> Iterator[ox.Triple]:
    for each in triples:
        if isinstance(each.subject, ox.BlankNode) or isinstance(each.object, ox.BlankNode):
            raise SourceError(
                WHERE_FROM,
                Sentence("%(name)s makes blank nodes", name=rule.name),
                remedy=Sentence("make IRIs with IRI(…)"),
            )
        yield each


# What follows from the ontology, made from nothing: SPARQL over the store, until nothing new follows.

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
    raise SourceError(
        WHERE_FROM,
        Sentence("the rules still draw new conclusions after %(rounds)s rounds", rounds=str(ROUNDS)),
        remedy=Sentence("mend them"),
    )


def _add(store: ox.Store, chunk: Chunk) -> None:
    load = store.load if len(chunk.triples) < SMALL_BYTES else store.bulk_load
    load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
    load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)

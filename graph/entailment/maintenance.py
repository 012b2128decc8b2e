"""What follows from the ontology, kept up: the difference that a change of what is stated makes to the conclusions.

It equals what ``graph.entailment.materialisation`` makes from nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import pyoxigraph as ox

from graph.entailment.materialisation import as_stored, concluded
from graph.entailment.program import VOCABULARY, read_program
from graph.entailment.rules import (
    MERGE,
    TYPE,
    Binding,
    Form,
    Pattern,
    PatternGroup,
    PatternIndex,
    Rule,
    Term,
    bound,
    match,
    may_be_same,
    open_places,
    quad,
    quads,
    solutions,
    triple,
)
from graph.sources.batches import GraphChange, lines_of

# A revision of conclusions: which are withdrawn and which are drawn after some triples came and others went.
#
# Stratum by stratum, as DRed does it (Gupta, Mumick and Subrahmanian 1993): what the lost triples supported is
# withdrawn, what still follows is restored, then what follows newly is drawn, from the changed triples on. Its cost is
# that of what the changed triples touch. It works in the default graph of the store and can undo what it did there.

ROUNDS = 1_000
MOST_LOOKUPS = 500_000
"""How much may be looked up before it is cheaper to begin from nothing."""

Readers = PatternIndex[tuple[Rule, Pattern]]
Solution = frozenset[tuple[ox.Variable, Term]]


class TooMuchError(Exception):
    """The change touches so much, or goes on so long, that what follows had better be made from nothing."""


class ConclusionsRevision:
    """What becomes of the conclusions in a store whose stated triples have changed already.

    Attributes:
        come: the triples that are true now and were not.
        gone: the triples that were true and are not.
        lookups: how often triples were looked up.
    """

    def __init__(self, store: ox.Store, graph: str, stated: set[ox.Triple], lost: set[ox.Triple]) -> None:
        """Begin with what is newly stated and with what is no longer true; both as the store spells them."""
        self._store, self._graph, self._past = store, ox.NamedNode(graph), ox.Store()
        self._past.extend(map(quad, lost))
        self._stated, self._drawn, self._settled = stated, set[ox.Triple](), list[Rule]()
        self.come = {each for each in stated if not self._was_concluded(each)}
        self.gone = set(lost)
        self.lookups = 0

    def settle(self, rules: Sequence[Rule]) -> None:
        """Revise the conclusions of one stratum; those of the strata below are settled.

        Raises:
            TooMuchError: see there.
            SourceError: a rule makes blank nodes.
        """
        self._settled += rules
        readers = PatternIndex((each, (rule, each)) for rule in rules if not rule.waits for each in rule.body)
        drawn = {each for rule in rules if rule.waits for each in self._reconsider(rule)}
        self._withdraw_all(readers)
        drawn |= self._restore()
        self._draw_all(readers, self.come | drawn)

    def added(self) -> set[ox.Triple]:
        """Return what is concluded now and was not, be it that it was not true or that it was stated."""
        return set(self._drawn)

    def removed(self) -> set[ox.Triple]:
        """Return what was concluded and is not, be it that it is no longer true or that it is stated."""
        return {each for each in self.gone | self._stated if self._was_concluded(each)}

    def undo(self) -> None:
        """Leave the default graph of the store as it was found."""
        for each in self._drawn:
            self._store.remove(quad(each))
        self._store.extend(quad(each) for each in self.removed())

    # A rule that waits

    def _reconsider(self, rule: Rule) -> set[ox.Triple]:
        """Ask the rule again where a change can matter; withdraw what it no longer says, return what it says anew."""
        affected = list(self._affected(rule))
        says = {each for binding in affected for each in concluded(self._store, rule, binding, self._now)}
        for binding in affected:
            for each in self._conclusions(rule, binding):
                if each not in says:
                    self._withdraw(each)
        return {each for each in says if self._draw(each)}

    def _affected(self, rule: Rule) -> Iterator[Binding]:
        """Yield bindings of the rule's body: with one of them goes each solution, old or new, that a change affects."""
        changed = self.come | self.gone
        if rule.form is Form.WHOLE:
            if any(may_be_same(each, tuple(triple)) for each in rule.body for triple in changed):
                yield {}
            return
        ties = [(group.shared, self._ties(group, changed)) for group in rule.groups]
        for _, tied in ties:
            yield from map(dict, tied)
        solved = {frozenset(each.items()): each for triple in changed for each in self._through(rule.body, triple)}
        for each in solved.values():
            if not any(_tie(each, shared) in tied for shared, tied in ties):
                yield each

    def _ties(self, group: PatternGroup, changed: set[ox.Triple]) -> set[Solution]:
        return {_tie(each, group.shared) for triple in changed for each in self._through(group.patterns, triple)}

    def _through(self, patterns: Sequence[Pattern], changed: ox.Triple) -> Iterator[Binding]:
        """Yield the solutions of the patterns, now or before, in which the triple is."""
        for number, pattern in enumerate(patterns):
            if (binding := match(pattern, changed, {})) is not None:
                yield from solutions([*patterns[:number], *patterns[number + 1 :]], binding, self._ever)

    # Rules whose conclusions only grow with what is true

    def _withdraw_all(self, readers: Readers) -> None:
        """Withdraw what a lost triple supported, and what that supported; some of it may still follow otherwise."""
        due = set(self.gone)
        for _ in range(ROUNDS):
            due = {
                each
                for rule, binding in self._solutions(readers, due, self._ever)
                for each in self._conclusions(rule, binding)
                if self._withdraw(each)
            }
            if not due:
                return
        raise TooMuchError

    def _restore(self) -> set[ox.Triple]:
        """Draw again what is gone and follows from what is there; return it."""
        concluding = PatternIndex((head, (rule, head)) for rule in self._settled for head in rule.heads)
        asked = dict[tuple[Rule, Solution], set[ox.Triple]]()
        return {
            each
            for each in list(self.gone)
            if any(self._follows(each, *rule_and_head, asked) for rule_and_head in concluding.find(tuple(each)))
            and self._draw(each)
        }

    def _follows(
        self, conclusion: ox.Triple, rule: Rule, head: Pattern, asked: dict[tuple[Rule, Solution], set[ox.Triple]]
    ) -> bool:
        binding = match(head, conclusion, {})
        if binding is None:
            return False
        if rule.form is Form.PLAIN:
            return next(solutions(rule.body, binding, self._now), None) is not None
        of_body = {slot for pattern in rule.body for slot in pattern} if rule.form is not Form.WHOLE else set()
        told = {variable: term for variable, term in binding.items() if variable in of_body}
        key = rule, frozenset(told.items())
        if key not in asked:
            asked[key] = concluded(self._store, rule, told, self._now)
        return conclusion in asked[key]

    def _draw_all(self, readers: Readers, due: set[ox.Triple]) -> None:
        """Draw what follows from the triples, and what follows from that."""
        for _ in range(ROUNDS):
            due = {
                each
                for rule, binding in self._solutions(readers, due, self._now)
                for each in concluded(self._store, rule, binding, self._now)
                if self._draw(each)
            }
            if not due:
                return
        raise TooMuchError

    # What is true, was true, was concluded

    def _solutions(
        self, readers: Readers, changed: set[ox.Triple], find: Callable[[Pattern], Iterator[ox.Triple]]
    ) -> Iterator[tuple[Rule, Binding]]:
        """Yield each rule that reads one of the triples, and the solutions of its body that the triple is in."""
        for each in changed:
            for rule, pattern in readers.find(tuple(each)):
                if (binding := match(pattern, each, {})) is not None:
                    rest = list(rule.body)
                    rest.remove(pattern)
                    for solution in solutions(rest, binding, find):
                        yield rule, solution

    def _now(self, pattern: Pattern) -> Iterator[ox.Triple]:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise TooMuchError
        return (each.triple for each in quads(self._store, pattern, MERGE))

    def _ever(self, pattern: Pattern) -> Iterator[ox.Triple]:
        yield from self._now(pattern)
        for each in quads(self._past, pattern, MERGE):
            yield each.triple

    def _was_concluded(self, each: ox.Triple) -> bool:
        return quad(each, self._graph) in self._store

    def _conclusions(self, rule: Rule, binding: Binding) -> Iterator[ox.Triple]:
        """Yield what was concluded and has the form of what the rule concludes from a solution of its body."""
        for head in rule.heads:
            pattern = bound(head, binding)
            if open_places(pattern):
                for each in quads(self._store, pattern, self._graph):
                    if match(pattern, each.triple, {}) is not None:
                        yield each.triple
            elif (conclusion := triple(pattern)) is not None and self._was_concluded(conclusion):
                yield conclusion

    def _withdraw(self, conclusion: ox.Triple) -> bool:
        """Take a conclusion away; return whether that was new."""
        if conclusion in self.gone or conclusion in self._stated:
            return False
        self.gone.add(conclusion)
        self._past.add(quad(conclusion))
        self._store.remove(quad(conclusion))
        return True

    def _draw(self, conclusion: ox.Triple) -> bool:
        """Draw a conclusion; return whether it is not there already."""
        if quad(conclusion) in self._store:
            return False
        if not self._was_concluded(conclusion):
            self._drawn.add(conclusion)
        (self.gone.discard if conclusion in self.gone else self.come.add)(conclusion)
        self._past.remove(quad(conclusion))
        self._store.add(quad(conclusion))
        return True


def _tie(binding: Binding, shared: frozenset[ox.Variable]) -> Solution:
    return frozenset((variable, binding[variable]) for variable in shared)


# What follows from the ontology, kept up: the difference that a change of what is stated makes to the conclusions.


def entail_change(
    store: ox.Store, graph: str, ontology: str, change: GraphChange, read: Callable[[str], str] = str
) -> GraphChange | None:
    """Return the difference that a change makes to the graph of conclusions; it is what ``entail`` would give.

    Its cost is that of what the change touches. The store is left as it was found.

    Args:
        store: its named graphs and its default graph have what is stated now, and ``graph`` what followed before; of
            what is computed after entailment (the catalogue) it has nothing, as in a build.
        graph: IRI of the graph of conclusions.
        ontology: IRI of the only graph whose axioms and rules count.
        change: of the union of what is stated; the graph of conclusions does not count here.
        read: reads the query of one of the publication's own rules, as in ``entail``.

    Returns:
        The difference, not applied. None where only making all anew says what follows: the change may touch the
        axioms and rules, or touches very much; or a rule asks for what is not there and may itself depend on the
        answer; or it asks for the time, for chance, or for named graphs; or it is no SPARQL 1.1.

    Raises:
        SourceError: a rule cannot be used, or makes blank nodes.
    """
    stated, before = _triples(change.added), _triples(change.removed)
    if _touches_axioms(store, stated, before, ox.NamedNode(ontology)):
        return None
    program = read_program(store, ontology, read)
    if not program.is_stratified:
        return None
    revision = ConclusionsRevision(store, graph, stated, {each for each in before if quad(each) not in store})
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
    return GraphChange(graph, lines_of(added), lines_of(removed), not had and left, bool(had) and not left)

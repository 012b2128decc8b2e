"""Rules: what has to be there, as triple patterns, and what then follows.

What a rule depends on that is written as a query, ``graph.entailment.constructs`` finds out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar, cast

import pyoxigraph as ox

from graph.model.rdf_terms import RDF, matching

# Triple patterns: what matches them, what solves several at once, and which may speak of the same triple.
#
# A term stands for itself and a variable for any; there are no filters and no paths. Terms are compared as the store
# holds them, which rewrites numeric literals: what is compared here has been through a store.

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Slot = Term | ox.Variable
Pattern = tuple[Slot, Slot, Slot]
Binding = dict[ox.Variable, Term]
Find = Callable[[Pattern], Iterable[ox.Triple]]
Item = TypeVar("Item")

MERGE = ox.DefaultGraph()
TYPE = ox.NamedNode(RDF + "type")


def match(pattern: Pattern, triple: ox.Triple, binding: Binding) -> Binding | None:
    """Return the binding and what the triple adds to it, or None where it does not match."""
    found = dict(binding)
    for slot, term in zip(pattern, triple, strict=True):
        if isinstance(slot, ox.Variable):
            if found.setdefault(slot, term) != term:
                return None
        elif slot != term:
            return None
    return found


def bound(pattern: Pattern, binding: Binding) -> Pattern:
    """Return the pattern with what is bound in place of its variables."""
    found = cast("dict[Slot, Slot]", binding)  # no term is equal to a variable
    subject, predicate, object_ = pattern
    return found.get(subject, subject), found.get(predicate, predicate), found.get(object_, object_)


def open_places(pattern: Pattern) -> int:
    """Return how many of its places are variables."""
    subject, predicate, object_ = pattern
    variable = ox.Variable
    return isinstance(subject, variable) + isinstance(predicate, variable) + isinstance(object_, variable)


def triple(pattern: Pattern) -> ox.Triple | None:
    """Return the triple that a pattern without variables is, or None where it is no legal one."""
    subject, predicate, object_ = pattern
    if not isinstance(subject, ox.NamedNode | ox.BlankNode) or not isinstance(predicate, ox.NamedNode):
        return None
    return None if isinstance(object_, ox.Variable) else ox.Triple(subject, predicate, object_)


def quad(each: ox.Triple, graph: ox.NamedNode | ox.DefaultGraph = MERGE) -> ox.Quad:
    """Return the triple as one of a graph; of the merge where none is named."""
    return ox.Quad(each.subject, each.predicate, each.object, graph)


def quads(store: ox.Store, pattern: Pattern, graph: ox.NamedNode | ox.DefaultGraph) -> Iterator[ox.Quad]:
    """Return the quads of a graph that match; a variable that stands twice is not looked at twice."""
    subject, predicate, object_ = pattern
    if isinstance(subject, ox.Literal | ox.Triple) or not isinstance(predicate, ox.NamedNode | ox.Variable):
        return iter(())
    return matching(
        store,
        None if isinstance(subject, ox.Variable) else subject,
        None if isinstance(predicate, ox.Variable) else predicate,
        None if isinstance(object_, ox.Variable) else object_,
        graph,
    )


def solutions(patterns: Sequence[Pattern], binding: Binding, find: Find) -> Iterator[Binding]:
    """Yield the bindings that solve all patterns and go with ``binding``, the most bound pattern first."""
    if not patterns:
        yield binding
        return
    left = [bound(each, binding) for each in patterns]
    best = min(range(len(left)), key=lambda each: _width(left[each])) if len(left) > 1 else 0
    first = left.pop(best)
    for each in find(first):
        if (extended := match(first, each, binding)) is not None:
            yield from solutions(left, extended, find)


def _width(pattern: Pattern) -> int:
    """Return how much may match, roughly: subjects have fewer triples than objects."""
    return 2 * open_places(pattern) + isinstance(pattern[0], ox.Variable)


def may_be_same(one: Pattern, other: Pattern) -> bool:
    """Return whether a triple can match both; a variable of one has nothing to do with those of the other."""
    return all(
        left == right or isinstance(left, ox.Variable) or isinstance(right, ox.Variable)
        for left, right in zip(one, other, strict=True)
    )


class PatternIndex(Generic[Item]):
    """Things by the patterns that they stand for: found by predicate, and by class where the predicate is rdf:type."""

    def __init__(self, entries: Iterable[tuple[Pattern, Item]]) -> None:
        """Take patterns and what each of them stands for."""
        self._entries: dict[tuple[object, object], list[tuple[Pattern, Item]]] = {}
        for pattern, item in entries:
            self._entries.setdefault(_key(pattern), []).append((pattern, item))

    def find(self, pattern: Pattern) -> Iterator[Item]:
        """Yield what stands for a pattern that may be the same as this one; this may be a triple."""
        for key in self._keys(*_key(pattern)):
            for each, item in self._entries.get(key, ()):
                if may_be_same(each, pattern):
                    yield item

    def _keys(self, predicate: object, class_: object) -> Iterable[tuple[object, object]]:
        if predicate is None or (predicate == TYPE and class_ is None):
            return list(self._entries)
        return dict.fromkeys([(predicate, class_), (predicate, None), (None, None)])


def _key(pattern: Pattern) -> tuple[object, object]:
    _, predicate, object_ = pattern
    if isinstance(predicate, ox.Variable):
        return None, None
    return predicate, None if predicate != TYPE or isinstance(object_, ox.Variable) else object_


# A rule: what has to be there, and what then follows. Values only; nothing is run here.

OWN = "hamkor_"
"""How variables begin that stand in no query: for its blank nodes and for literals that the store may spell anew."""


class Form(Enum):
    """How the conclusions of a rule follow from the triples that it reads."""

    PLAIN = auto()
    """Each solution of the body gives the heads, and nothing else gives any."""
    FILTERED = auto()
    """Each solution of the body gives what the query says of it alone; more triples never give less."""
    NEGATED = auto()
    """As before, but the matches of a group, too, decide what a solution gives."""
    WHOLE = auto()
    """The body is all that it reads; which part of it gives which conclusion is not known."""
    UNKNOWN = auto()
    """Not even what it reads is known."""


@dataclass(frozen=True, slots=True)
class PatternGroup:
    """Patterns of an OPTIONAL, EXISTS or NOT EXISTS, and the variables that tie them to the body."""

    patterns: tuple[Pattern, ...]
    shared: frozenset[ox.Variable]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A CONSTRUCT query, what it depends on, and what it is called in messages.

    Attributes:
        name: for messages.
        query: the rule as SPARQL over the merge.
        form: how the conclusions follow from the body.
        heads: the patterns of what it concludes.
        body: the patterns that have to be there; of ``Form.WHOLE`` all that it reads, alternatives, too.
        groups: the patterns that may be there or may not.
        is_guarded: whether the query passes over conclusions that are there already.
    """

    name: str
    query: str
    form: Form
    heads: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    groups: tuple[PatternGroup, ...] = ()
    is_guarded: bool = False

    @property
    def waits(self) -> bool:
        """Whether more triples can give fewer conclusions: then all that it reads has to be settled before."""
        return self.form not in (Form.PLAIN, Form.FILTERED)

    def reads(self) -> Iterator[Pattern]:
        """Yield the patterns of all that can change what it concludes."""
        yield from self.body
        for group in self.groups:
            yield from group.patterns

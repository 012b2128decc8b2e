"""The algebra of SPARQL queries (SPARQL 1.1 Query 18.2) as plain values, made of a tree, compiled to SQL; and scopes.

Variables are names without their sign; a name that begins with a dot is no variable of the query's text (a blank node,
or a step within a path) and never leaves its pattern. Constants are terms as a store gives them back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox


class UnsupportedError(Exception):
    """This query, or this case of it, is the engine's; no error for anybody."""


Term = ox.NamedNode | ox.Literal

# Expressions


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A term, as the store would give it back."""

    term: Term


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """An operator or a function: a sign, a name in capitals, or an IRI, with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ExistsTest:
    """Whether a pattern has a solution that agrees with the present one (SPARQL 18.6)."""

    pattern: Pattern
    is_negated: bool


Expression = Variable | Constant | FunctionCall | ExistsTest


@dataclass(frozen=True, slots=True)
class SetFunction:
    """An aggregate (SPARQL 18.5.1); without an argument it counts solutions.

    Attributes:
        name: in capitals.
        argument: what is aggregated; None for ``*``.
        is_distinct: whether equal terms count once.
        separator: of GROUP_CONCAT.
    """

    name: str
    argument: Expression | None
    is_distinct: bool
    separator: str = " "


# Paths


@dataclass(frozen=True, slots=True)
class PredicateStep:
    """One step along a predicate."""

    predicate: ox.NamedNode


@dataclass(frozen=True, slots=True)
class InverseStep:
    """A path walked backwards."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathOfSequence:
    """Paths one behind the other."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PathOfAlternatives:
    """One path or another."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class NegatedStep:
    """One step along any predicate but these; forwards, or backwards."""

    predicates: tuple[ox.NamedNode, ...]


@dataclass(frozen=True, slots=True)
class RepeatedPath:
    """A path repeated: ``?``, ``*`` or ``+``; each pair of ends counts once (SPARQL 18.4)."""

    path: Path
    sign: str


Path = PredicateStep | InverseStep | PathOfSequence | PathOfAlternatives | NegatedStep | RepeatedPath

# Patterns

Slot = Variable | Constant


@dataclass(frozen=True, slots=True)
class TriplePattern:
    """A triple with variables."""

    subject: Slot
    predicate: Slot
    object: Slot


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Two ends of a path that is no single predicate: repeated, or negated."""

    subject: Slot
    path: RepeatedPath | NegatedStep
    object: Slot


@dataclass(frozen=True, slots=True)
class JoinPattern:
    """Patterns joined: none of them is the pattern with one empty solution."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class LeftJoinPattern:
    """A pattern, and what may be missing, under conditions that see both."""

    left: Pattern
    right: Pattern
    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class UnionPattern:
    """The solutions of several patterns."""

    arms: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class MinusPattern:
    """A pattern without the solutions that agree with one of another in some variable (SPARQL 18.5)."""

    left: Pattern
    right: Pattern


@dataclass(frozen=True, slots=True)
class FilterPattern:
    """Those solutions of a pattern for which conditions are true."""

    pattern: Pattern
    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ExtendPattern:
    """A pattern, and the value of an expression under a new name where it has one."""

    pattern: Pattern
    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class InlineData:
    """Solutions that the query brings along; None is unbound."""

    names: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]


@dataclass(frozen=True, slots=True)
class NamedGraphPattern:
    """A pattern in the graph of a name, or in each named graph."""

    graph: Slot
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class OrderCondition:
    """By what solutions are ordered, and whether in descending order."""

    expression: Expression
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """A query or a subquery: a pattern, and what is made of its solutions (SPARQL 18.2.4, in the order of its fields).

    Attributes:
        where: the pattern.
        keys: by what it is grouped, each under a name; None where it is not grouped.
        aggregates: the aggregates of each group, each under a name that is no variable of the text.
        having: which groups stay.
        data: what is joined from behind the pattern.
        bindings: expressions that are selected, with their names.
        order: the conditions of ORDER BY.
        names: what is selected; None in a form that selects nothing.
        is_distinct: whether equal solutions count once.
        limit: how many solutions there are at most.
        offset: how many are left out first.
    """

    where: Pattern
    keys: tuple[tuple[str, Expression], ...] | None
    aggregates: tuple[tuple[str, SetFunction], ...]
    having: tuple[Expression, ...]
    data: InlineData | None
    bindings: tuple[tuple[str, Expression], ...]
    order: tuple[OrderCondition, ...]
    names: tuple[str, ...]
    is_distinct: bool
    limit: int | None
    offset: int


Pattern = (
    TriplePattern
    | PathPattern
    | JoinPattern
    | LeftJoinPattern
    | UnionPattern
    | MinusPattern
    | FilterPattern
    | ExtendPattern
    | InlineData
    | NamedGraphPattern
    | Selection
)


def is_hidden(name: str) -> bool:
    """Whether a name is no variable of the query's text."""
    return name.startswith(".")


def variables_of(expression: Expression) -> frozenset[str]:
    """Return the variables that stand in an expression, those in patterns within it left out."""
    if isinstance(expression, Variable):
        return frozenset({expression.name})
    if isinstance(expression, FunctionCall):
        return frozenset().union(*map(variables_of, expression.arguments))
    return frozenset()


def may_be_nothing(path: Path) -> bool:
    """Whether a path may be no step at all."""
    if isinstance(path, RepeatedPath):
        return path.sign != "+" or may_be_nothing(path.path)
    if isinstance(path, InverseStep):
        return may_be_nothing(path.path)
    if isinstance(path, PathOfSequence):
        return all(map(may_be_nothing, path.paths))
    return isinstance(path, PathOfAlternatives) and any(map(may_be_nothing, path.paths))


def names_in(pattern: Pattern) -> frozenset[str]:
    """Return all variables that stand anywhere in a pattern, in its expressions and subqueries, too."""
    selected = (each.names for each in walked(pattern) if isinstance(each, Selection))
    return frozenset(uses_of_names(pattern)).union(*selected)


def uses_of_names(pattern: Pattern) -> Counter[str]:
    """Return how often each variable stands anywhere in a pattern, what subqueries select left out."""
    found = Counter[str]()
    for each in walked(pattern):
        if isinstance(each, Variable | ExtendPattern):
            found[each.name] += 1
        elif isinstance(each, InlineData):
            found.update(each.names)
    return found


def has_minus(pattern: Pattern) -> bool:
    """Whether MINUS stands in a pattern; within EXISTS the engine lets both sides share what is bound outside."""
    return any(isinstance(each, MinusPattern) for each in walked(pattern))


def constants_as_values(query: Pattern) -> frozenset[Term]:
    """Return the constants that a variable may come to have: not those that stand in conditions and triples only."""
    found = set[Term]()
    for each in walked(query):
        if isinstance(each, InlineData):
            found |= constants_in(each)
        elif isinstance(each, PathPattern):
            found |= constants_in(each.subject) | constants_in(each.object)
        elif isinstance(each, ExtendPattern):
            found |= constants_in(each.expression)
        elif isinstance(each, NamedGraphPattern):
            found |= constants_in(each.graph)
        elif isinstance(each, Selection):
            parts = (each.keys or (), each.aggregates, each.bindings, each.order)
            found |= {term for part in parts for one in part for term in _terms_in(one)}
    return frozenset(found)


def constants_in_conditions(query: Pattern) -> frozenset[Term]:
    """Return the constants that only conditions speak of: no pattern matches them, and no variable has them."""
    matched = constants_as_values(query)
    for each in walked(query):
        if isinstance(each, TriplePattern):
            matched |= constants_in(each.subject) | constants_in(each.predicate) | constants_in(each.object)
        elif isinstance(each, PathPattern):
            matched |= _terms_in(each.path)
    return constants_in(query) - matched


def _terms_in(part: object) -> set[Term]:
    return {each for each in walked(part) if isinstance(each, ox.NamedNode | ox.Literal)}


def constants_in(part: Pattern | Expression) -> frozenset[Term]:
    """Return the terms that stand anywhere in a pattern or an expression."""
    return frozenset(_terms_in(part))


def walked(part: object) -> Iterator[object]:
    """Yield a part of the algebra and all that it is made of, without recursion."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, tuple):
            waiting += each
        elif hasattr(each, "__dataclass_fields__"):
            waiting += [getattr(each, name) for name in each.__dataclass_fields__]


# What patterns bind for certain, and whether EXISTS may be read as a join (SPARQL 1.1 Query 18.6).
#
# EXISTS puts the values of the present solution into its pattern before that is evaluated. This comes to the same as
# evaluating the pattern alone and comparing, unless something within it looks at a variable before it is bound: then
# the question is the engine's.


def bound_names(pattern: Pattern, *, triples_only: bool = False) -> frozenset[str]:  # noqa: PLR0911  one for each form
    """Return variables that every solution of a pattern binds.

    Args:
        pattern: the pattern.
        triples_only: whether only those that come of triples are meant.
    """
    if isinstance(pattern, TriplePattern):
        slots = (pattern.subject, pattern.predicate, pattern.object)
        return frozenset(each.name for each in slots if isinstance(each, Variable)) | {".triple"}
    if isinstance(pattern, PathPattern):
        return frozenset(each.name for each in (pattern.subject, pattern.object) if isinstance(each, Variable))
    if isinstance(pattern, JoinPattern):
        return frozenset().union(*(bound_names(each, triples_only=triples_only) for each in pattern.parts))
    if isinstance(pattern, UnionPattern):
        return frozenset.intersection(*(bound_names(each, triples_only=triples_only) for each in pattern.arms))
    if isinstance(pattern, LeftJoinPattern | MinusPattern):
        return bound_names(pattern.left, triples_only=triples_only)
    if isinstance(pattern, FilterPattern | ExtendPattern | NamedGraphPattern):
        return bound_names(pattern.pattern, triples_only=triples_only)
    if isinstance(pattern, InlineData) and not triples_only:
        columns = zip(*pattern.rows, strict=True) if pattern.rows else ((),) * len(pattern.names)
        return frozenset(name for name, column in zip(pattern.names, columns, strict=False) if None not in column)
    if isinstance(pattern, Selection) and not triples_only and pattern.keys is None:
        return bound_names(pattern.where) & frozenset(pattern.names)
    return frozenset()


def is_separable(pattern: Pattern, seen: frozenset[str]) -> bool:  # noqa: PLR0911  one for each form
    """Whether a pattern of EXISTS means the same if values of the variables ``seen`` are not put into it.

    Its own conditions, which stand at its outermost level, are no part of it.
    """
    if isinstance(pattern, TriplePattern | PathPattern | InlineData):
        return True
    if isinstance(pattern, JoinPattern):
        return all(is_separable(each, seen) for each in pattern.parts)
    if isinstance(pattern, UnionPattern):
        return all(is_separable(each, seen) for each in pattern.arms)
    if isinstance(pattern, NamedGraphPattern):
        return is_separable(pattern.pattern, seen)
    if isinstance(pattern, FilterPattern):
        spoken = names_in_conditions(pattern) & seen
        return is_separable(pattern.pattern, seen) and spoken <= bound_names(pattern.pattern)
    if isinstance(pattern, LeftJoinPattern):
        spoken = frozenset().union(names_in(pattern.right), *map(_names, pattern.conditions)) & seen
        return is_separable(pattern.left, seen) and spoken <= bound_names(pattern.left)
    return not names_in(pattern) & seen


def check_inner_patterns(pattern: Pattern, seen: frozenset[str]) -> None:
    """Leave to the engine an OPTIONAL or MINUS inside an OPTIONAL that speaks first of a variable bound outside.

    By the specification it is evaluated for itself; the engine puts the outer value into it.

    Raises:
        UnsupportedError: there is one.
    """
    for each in walked(pattern):
        if isinstance(each, LeftJoinPattern | MinusPattern):
            conditions = each.conditions if isinstance(each, LeftJoinPattern) else ()
            spoken = frozenset().union(names_in(each.right), *map(_names, conditions)) & seen
            if not spoken <= bound_names(each.left):
                raise UnsupportedError


def names_in_conditions(pattern: FilterPattern) -> frozenset[str]:
    """Return all variables that stand in the conditions of a filter, in patterns of theirs, too."""
    return frozenset().union(*map(_names, pattern.conditions))


def _names(part: object) -> frozenset[str]:
    return names_in(part)  # type: ignore[arg-type]

"""What patterns bind for certain, and whether EXISTS may be read as a join (SPARQL 1.1 Query 18.6).

EXISTS puts the values of the present solution into its pattern before that is evaluated. This comes to the same as
evaluating the pattern alone and comparing, unless something within it looks at a variable before it is bound: then the
question is the engine's.
"""

from __future__ import annotations

from graph.query.sql.algebra import (
    ExtendPattern,
    FilterPattern,
    InlineData,
    JoinPattern,
    LeftJoinPattern,
    MinusPattern,
    NamedGraphPattern,
    PathPattern,
    Pattern,
    Selection,
    TriplePattern,
    UnionPattern,
    UnsupportedError,
    Variable,
    names_in,
    walked,
)


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

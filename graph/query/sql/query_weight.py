"""How much work a query is, about: whether it is worth asking the index before anything is known of such queries.

The engine answers a query that begins with few triples within half a millisecond, which is less than a statement of
SQL takes to be planned. The estimate knows how many triples a predicate has, and how many have an object; it promises
nothing.
"""

from __future__ import annotations

from graph.query.sql.algebra import (
    Constant,
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
)
from graph.query.sql.index_lookup import IndexReader, Known

FEW, SOME = 10, 100
STREAMED = 1_000
"""So many solutions without an order the engine gives before it has looked at the rest."""


def weight(pattern: Pattern, known: Known, reader: IndexReader) -> int:  # noqa: PLR0911  one for each form
    """Return about how many solutions one goes through for a pattern, beginning with its smallest part."""
    if isinstance(pattern, TriplePattern):
        return _of_triple(pattern, known, reader)
    if isinstance(pattern, PathPattern):
        return SOME if isinstance(pattern.subject, Constant) or isinstance(pattern.object, Constant) else reader.all()
    if isinstance(pattern, JoinPattern):
        subqueries = [weight(each, known, reader) for each in pattern.parts if isinstance(each, Selection)]
        others = [weight(each, known, reader) for each in pattern.parts if not isinstance(each, Selection)]
        return sum(subqueries) + (min(others) if others else 0)
    if isinstance(pattern, UnionPattern):
        return sum(weight(each, known, reader) for each in pattern.arms)
    if isinstance(pattern, LeftJoinPattern | MinusPattern):
        return weight(pattern.left, known, reader)
    if isinstance(pattern, FilterPattern | ExtendPattern | NamedGraphPattern):
        return weight(pattern.pattern, known, reader)
    if isinstance(pattern, InlineData):
        return len(pattern.rows)
    is_streamed = not pattern.order and pattern.keys is None and not pattern.is_distinct
    if is_streamed and pattern.limit is not None and pattern.limit + pattern.offset <= STREAMED:
        return FEW
    return weight(pattern.where, known, reader)


def _of_triple(pattern: TriplePattern, known: Known, reader: IndexReader) -> int:
    if isinstance(pattern.subject, Constant):
        return FEW
    predicate = known[pattern.predicate.term].id if isinstance(pattern.predicate, Constant) else None
    if isinstance(pattern.object, Constant):
        return SOME if predicate is None else reader.of_object(predicate, known[pattern.object.term].id)
    return reader.all() if predicate is None else reader.of_predicate(predicate)

"""Legal clauses that the engine refuses, rewritten: what is selected and grouped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from graph.query.sparql.tokens import RewrittenText, TextEdit, revised
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, group_keys, selected, walk

# Legal clauses about what is selected and grouped that the engine refuses, written so that it takes them.
#
# ``(COUNT(*) AS ?n) (?n + 1 AS ?m)`` (SPARQL 1.2 Query 18.2.4.4): where solutions are grouped, the engine does not know
# a name in the expressions behind it. So the expression that it stands for is written in its place, which means the
# same: an expression has one value in a solution. It is left to the engine, which refuses it, where that is not so
# (RAND, UUID, STRUUID, BNODE), in EXISTS and in BOUND.
#
# ``ASK { … } GROUP BY ?c HAVING (…)``: the engine groups in SELECT only, so the pattern becomes a subquery that selects
# the keys. ``SELECT ?x ?x``: what is selected is a set of variables.

LONGEST = 20_000
"""Names of names of names would grow without bounds."""
MOST_WRITTEN = 2_000_000
"""All that is written in the place of names; a query that needs more is left to the engine."""
_VOLATILE = frozenset({"RAND", "UUID", "STRUUID", "BNODE"})


def spelled_out(tree: SyntaxTree) -> RewrittenText:
    """Return a query without such clauses; it comes back as it is where it has none, or would be very long."""
    edits, written = list[TextEdit](), 0
    for edit in chain(_as_subquery(tree), *(_of_query(tree, each) for each in tree.queries)):
        edits.append(edit)
        written += len(edit.replacement)
        if written > MOST_WRITTEN:
            return RewrittenText(tree.text)
    return revised(tree.text, sorted(edits)) if edits else RewrittenText(tree.text)


def _of_query(tree: SyntaxTree, query: SyntaxNode) -> Iterator[TextEdit]:
    """Yield what is to be replaced in a SELECT clause: names that stand for expressions, and variables named before."""
    clause = query.part("SelectClause")
    if clause is None or clause.last - clause.first < 3:
        return
    named = selected(tree, clause)
    seen = set[str]()
    for number, expression in named:
        if expression is None:
            if tree.name(number) in seen:
                yield TextEdit(*tree.place(number, number + 1), "")
            seen.add(tree.name(number))
    if _is_grouped(query, clause):
        yield from _names_written_out(tree, named)


def _names_written_out(tree: SyntaxTree, named: list[tuple[int, SyntaxNode | None]]) -> Iterator[TextEdit]:
    def is_closed_off(_: SyntaxNode, part: SyntaxNode) -> bool:
        is_bound = part.name == "BuiltInCall" and tree.word(part.first) == "BOUND"
        return is_bound or part.name in ("Aggregate", "GroupGraphPattern")

    given = dict[str, str]()
    for number, expression in named:
        if expression is None:
            continue
        names = (each for each in tree.seen(expression, is_closed_off) if tree.is_variable(each))
        edits = [
            TextEdit(*tree.place(each, each + 1), f"({given[tree.name(each)]})")
            for each in names
            if tree.name(each) in given
        ]
        yield from edits
        begins, ends = tree.characters(expression)
        moved = [TextEdit(edit.start - begins, edit.end - begins, edit.replacement) for edit in edits]
        written = revised(tree.text[begins:ends], moved).text
        is_volatile = any(tree.word(each.first) in _VOLATILE for each in walk(expression))
        if len(written) < LONGEST and not is_volatile:
            given[tree.name(number)] = written


def _is_grouped(query: SyntaxNode, clause: SyntaxNode) -> bool:
    """Whether a SELECT clause speaks of groups: it has an aggregate, or GROUP BY follows its pattern."""
    modifier = query.part("SolutionModifier")
    if modifier is not None and modifier.part("GroupClause") is not None:
        return True
    return any(each.name == "Aggregate" for each in walk(clause, lambda _, part: part.name == "GroupGraphPattern"))


def _as_subquery(tree: SyntaxTree) -> Iterator[TextEdit]:
    """Yield what makes a subquery of the pattern of another form than SELECT, where it is grouped."""
    query = tree.query
    where, modifier = query.part("WhereClause"), query.part("SolutionModifier")
    if query.name == "SelectQuery" or where is None or modifier is None:
        return
    group = modifier.part("GroupClause")
    if group is not None or modifier.part("HavingClause") is not None:
        keys = " ".join(f"?{name}" for name in (group_keys(tree, group) if group else ()))
        begins, _ = tree.characters(where.parts[0])
        ends = tree.tokens[-1].end
        yield TextEdit(begins, begins, f"{{ SELECT {keys or '(COUNT(*) AS ?_count)'} WHERE ")
        yield TextEdit(ends, ends, " }")

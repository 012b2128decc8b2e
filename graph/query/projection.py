"""Names that a SELECT clause gives and uses again: ``(COUNT(*) AS ?n) (?n + 1 AS ?m)`` (SPARQL 1.2 Query 18.2.4.4).

Where solutions are grouped, the engine does not know such a name in the expressions behind it. So there the expression
that it stands for is written in its place, which means the same: an expression has one value in a solution. It is left
to the engine, which refuses it, where that is not so (RAND, UUID, STRUUID, BNODE), in EXISTS and in BOUND.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import islice

from graph.query.keywords import AGGREGATES
from graph.query.places import Edit, Revision, revised
from graph.query.tokens import Kind, Token, tokens

LONGEST = 20_000
"""Names of names of names would grow without bounds."""
MOST_TOKENS = 5_000
"""Clauses in clauses are looked at again and again; a longer query is left to the engine as it is."""
_WORTH = re.compile(r"\bAS\b.*\bAS\b", re.IGNORECASE | re.DOTALL | re.ASCII)
_GROUPED = re.compile(rf"\bGROUP\s*BY\b|\b(?:{'|'.join(sorted(AGGREGATES))})\b", re.IGNORECASE | re.ASCII)
_VOLATILE = frozenset({"RAND", "UUID", "STRUUID", "BNODE"})
_OPENING, _CLOSING = frozenset("{("), frozenset("})")


def spelled_out(text: str) -> Revision:
    """Return a query in which no SELECT clause of groups uses a name that it gives.

    Raises:
        QuerySyntaxError: the text cannot be read.
    """
    if not (_GROUPED.search(text) and _WORTH.search(text)):
        return Revision(text)
    found = list(islice(tokens(text), MOST_TOKENS + 1))
    if len(found) > MOST_TOKENS:
        return Revision(text)
    places = (place for place, token in enumerate(found) if token.text.upper() == "SELECT")
    edits = [edit for place in places for edit in _edits(text, found, place + 1)]
    return revised(text, edits) if edits else Revision(text)


def _edits(text: str, found: Sequence[Token], place: int) -> Iterator[Edit]:
    """Yield what is to be replaced in the SELECT clause that begins behind ``place``."""
    given = dict[str, str]()
    items, end = _items(found, place)
    if not _is_grouped(found, items, end):
        return
    for first, last in items:
        if last - first < 2 or found[last - 2].text.upper() != "AS":
            continue
        expression = found[first : last - 2]
        edits = [
            Edit(token.start, token.end, f"({given[token.text[1:]]})") for token in _free(expression, given.keys())
        ]
        yield from edits
        written = _written(text, expression, edits)
        if len(written) < LONGEST and not any(each.text.upper() in _VOLATILE for each in expression):
            given[found[last - 1].text[1:]] = written


def _written(text: str, expression: Sequence[Token], edits: Sequence[Edit]) -> str:
    start, end = expression[0].start, expression[-1].end
    moved = [Edit(edit.start - start, edit.end - start, edit.replacement) for edit in edits]
    return revised(text[start:end], moved).text


def _items(found: Sequence[Token], place: int) -> tuple[list[tuple[int, int]], int]:
    """Return the bracketed expressions of a SELECT clause, each as the range of its tokens, and where it ends."""
    items = list[tuple[int, int]]()
    while place < len(found) and (found[place].text == "(" or _continues(found[place])):
        end = _closed(found, place) if found[place].text == "(" else place
        items += [(place + 1, end)] if end > place + 1 else []
        place = end + 1
    return items, place


def _continues(token: Token) -> bool:
    return token.kind is Kind.VARIABLE or token.text.upper() in ("DISTINCT", "REDUCED")


def _closed(found: Sequence[Token], place: int) -> int:
    """Return where the bracket at a place is closed."""
    depth = 0
    for end in range(place, len(found)):
        depth += (found[end].text in _OPENING) - (found[end].text in _CLOSING)
        if not depth:
            return end
    return len(found) - 1


def _is_grouped(found: Sequence[Token], items: list[tuple[int, int]], end: int) -> bool:
    """Whether a SELECT clause speaks of groups: it has an aggregate, or GROUP BY follows its pattern."""
    if any(token.text.upper() in AGGREGATES for first, last in items for token in found[first:last]):
        return True
    while end < len(found) and found[end].text not in _OPENING | _CLOSING:
        end += 1
    after = _closed(found, end) + 1 if end < len(found) else end
    return after < len(found) and found[after].text.upper() == "GROUP"


def _free(expression: Sequence[Token], names: Container[str]) -> Iterator[Token]:
    """Yield the variables of an expression that stand for given names: not in aggregates, in BOUND or in patterns."""
    place = 0
    while place < len(expression):
        token = expression[place]
        is_closed_off = token.text == "{" or token.text.upper() in AGGREGATES | {"BOUND"}
        if is_closed_off:
            place = _closed(expression, place if token.text == "{" else min(place + 1, len(expression) - 1))
        elif token.kind is Kind.VARIABLE and token.text[1:] in names:
            yield token
        place += 1

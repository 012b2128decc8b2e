"""Legal clauses about what is selected and grouped that the engine refuses, written so that it takes them.

``(COUNT(*) AS ?n) (?n + 1 AS ?m)`` (SPARQL 1.2 Query 18.2.4.4): where solutions are grouped, the engine does not know a
name in the expressions behind it. So the expression that it stands for is written in its place, which means the same:
an expression has one value in a solution. It is left to the engine, which refuses it, where that is not so (RAND, UUID,
STRUUID, BNODE), in EXISTS and in BOUND.

``ASK { … } GROUP BY ?c HAVING (…)``: the engine groups in SELECT only, so the pattern becomes a subquery that selects
the keys. ``SELECT ?x ?x``: what is selected is a set of variables.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import islice

from graph.query.keywords import AGGREGATES, FORMS
from graph.query.places import Edit, Revision, revised
from graph.query.tokens import VARIABLE, Kind, Token, tokens

LONGEST = 20_000
"""Names of names of names would grow without bounds."""
MOST_TOKENS = 5_000
"""Clauses in clauses are looked at again and again; a longer query is left to the engine as it is."""


def _words(*words: str) -> str:
    """Return an expression for words, wherever tokens may put them: ``1AS ?x`` is a number and a word."""
    return rf"(?<![A-Za-z])(?:{'|'.join(words)})(?![A-Za-z])"


_WORTH = re.compile(rf"{_words('AS')}.*{_words('AS')}", re.IGNORECASE | re.DOTALL | re.ASCII)
_GROUPED = re.compile(_words("GROUP", "HAVING", *sorted(AGGREGATES)), re.IGNORECASE | re.ASCII)
_OTHER_FORMS = re.compile(_words("ASK", "CONSTRUCT", "DESCRIBE"), re.IGNORECASE | re.ASCII)
_CLAUSES = re.compile(r"(?<![A-Za-z])SELECT(?![A-Za-z])([^{]*+)", re.IGNORECASE | re.ASCII)
_MAY_HIDE_A_BRACE = re.compile(r"[#'\"]|EXISTS", re.IGNORECASE | re.ASCII)
_AFTER_GROUPS = frozenset({"HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
_VOLATILE = frozenset({"RAND", "UUID", "STRUUID", "BNODE"})
_OPENING, _CLOSING = frozenset("{("), frozenset("})")


def spelled_out(text: str) -> Revision:
    """Return a query without such clauses; it comes back as it is where it has none, or is very long.

    Raises:
        QuerySyntaxError: the text cannot be read.
    """
    is_grouped = _GROUPED.search(text) is not None
    if not ((is_grouped and (_WORTH.search(text) or _OTHER_FORMS.search(text))) or _may_repeat(text)):
        return Revision(text)
    found = list(islice(tokens(text), MOST_TOKENS + 1))
    if len(found) > MOST_TOKENS:
        return Revision(text)
    places = (place for place, token in enumerate(found) if token.text.upper() == "SELECT")
    edits = [edit for place in places for edit in (*_edits(text, found, place + 1), *_repeated(found, place + 1))]
    edits += _as_subquery(found)
    return revised(text, sorted(edits)) if edits else Revision(text)


def _may_repeat(text: str) -> bool:
    """Whether a variable may stand in a SELECT clause twice: wider than the truth, which the tokens tell."""
    for clause in _CLAUSES.findall(text):
        names = VARIABLE.findall(clause)
        if len({each[1:] for each in names}) < len(names) or _MAY_HIDE_A_BRACE.search(clause):
            return True
    return False


def _repeated(found: Sequence[Token], place: int) -> Iterator[Edit]:
    """Yield what goes of the SELECT clause that begins behind ``place``: a variable that stands there already."""
    seen = set[str]()
    while place < len(found) and (found[place].text == "(" or _continues(found[place])):
        token = found[place]
        if token.kind is Kind.VARIABLE:
            if token.text[1:] in seen:
                yield Edit(token.start, token.end, "")
            seen.add(token.text[1:])
        place = _closed(found, place) + 1 if token.text == "(" else place + 1


def _as_subquery(found: Sequence[Token]) -> Iterator[Edit]:
    """Yield what makes a subquery of the pattern of another form than SELECT, where it is grouped."""
    form = next((place for place, token in enumerate(found) if token.text.upper() in FORMS), len(found))
    start = form + 1
    if form == len(found) or found[form].text.upper() == "SELECT":
        return
    if found[form].text.upper() == "CONSTRUCT":
        if start == len(found) or found[start].text != "{":
            return  # the short form, whose pattern is its template
        start = _closed(found, start) + 1
    while start < len(found) and found[start].text != "{":
        start += 1
    after = _closed(found, start) + 1 if start < len(found) else start
    if after < len(found) and found[after].text.upper() in ("GROUP", "HAVING"):
        keys = " ".join(f"?{name}" for name in _keys(found, after)) or "(COUNT(*) AS ?_count)"
        yield Edit(found[start].start, found[start].start, f"{{ SELECT {keys} WHERE ")
        yield Edit(found[-1].end, found[-1].end, " }")


def _keys(found: Sequence[Token], place: int) -> list[str]:
    """Return the variables by which GROUP BY at ``place`` groups, each once."""
    names = dict[str, None]()
    while place < len(found) and found[place].text.upper() not in _AFTER_GROUPS:
        if found[place].kind is Kind.VARIABLE:
            names[found[place].text[1:]] = None
        elif found[place].text == "(":
            end = _closed(found, place)
            if found[end - 2].text.upper() == "AS":
                names[found[end - 1].text[1:]] = None
            place = end
        place += 1
    return list(names)


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

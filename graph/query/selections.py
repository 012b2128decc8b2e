"""The queries and subqueries of a text: where the clauses of each begin and end.

It reads the text that the guard has passed, by tokens and brackets; it knows where clauses stand and not what they
mean. What it cannot follow it does not report: whether a text is a query, the engine says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graph.query.keywords import FORMS
from graph.query.tokens import Kind, Token, tokens

OPENING = {"{": "}", "(": ")", "[": "]"}
CLOSING = frozenset(OPENING.values())
MODIFIERS = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
SORTING = frozenset({"LIMIT", "OFFSET", "VALUES"})


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens from one to before another, by their numbers."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of ORDER BY: its expression, with brackets where they are its own, and whether descending."""

    expression: Span
    descending: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """A query or a subquery that is ordered.

    Attributes:
        form: its query form.
        whole: all of it.
        distinct: DISTINCT or REDUCED, or nothing.
        head: what it selects, its template or what it describes.
        dataset: its FROM clauses.
        where: its group, with brackets.
        grouping: GROUP BY and HAVING.
        order: its conditions.
        slice: LIMIT and OFFSET.
        values: the VALUES clause behind it.
    """

    form: str
    whole: Span
    distinct: Span
    head: Span
    dataset: Span
    where: Span
    grouping: Span
    order: tuple[Condition, ...]
    slice: Span
    values: Span


class Text:
    """A query as tokens, with the brackets that belong together.

    Attributes:
        tokens: its tokens.
        text: its characters.
    """

    def __init__(self, text: str) -> None:
        """Read a text.

        Raises:
            QuerySyntaxError: it has no tokens of SPARQL.
        """
        self.text = text
        self.tokens = list(tokens(text))
        self._partners: dict[int, int] = {}
        waiting: list[int] = []
        for number, token in enumerate(self.tokens):
            if token.kind is Kind.OPERATOR and token.text in OPENING:
                waiting.append(number)
            elif token.kind is Kind.OPERATOR and token.text in CLOSING and waiting:
                self._partners[waiting.pop()] = number

    def __getitem__(self, number: int) -> Token:
        """Return a token; behind the last one there is one that is nothing."""
        return self.tokens[number] if number < len(self.tokens) else Token(Kind.ERROR, "", len(self.text))

    def word(self, number: int) -> str:
        """Return a word in capitals, or the sign of an operator; nothing for any other token."""
        token = self[number]
        return token.text.upper() if token.kind in (Kind.WORD, Kind.OPERATOR) else ""

    def behind(self, number: int) -> int:
        """Return the number of the token behind this one, or behind its closing bracket; 0 where it has none."""
        if self.word(number) in OPENING:
            return self._partners.get(number, -1) + 1
        return number + 1

    def characters(self, span: Span) -> tuple[int, int]:
        """Return where the characters of some tokens begin and end."""
        start = self[span.start].start
        return start, self[span.end - 1].end if span.end > span.start else start

    def until(self, number: int, words: frozenset[str]) -> int:
        """Return the first token from ``number`` on, outside brackets, that is one of the words or ends the group."""
        while number < len(self.tokens) and self.word(number) not in words | CLOSING:
            number = self.behind(number) or len(self.tokens)
        return number


def ordered_selections(text: Text) -> Iterator[Selection]:
    """Yield the queries and subqueries that have an ORDER BY, the innermost of any place last; not those for others."""
    number = 0
    while number < len(text.tokens):
        if text.word(number) == "SERVICE":
            number = text.behind(text.until(number, frozenset({"{"}))) or number
        elif text.word(number) in FORMS:
            found = _selection(text, number)
            if found is not None and found.order:
                yield found
        number += 1


def _selection(text: Text, start: int) -> Selection | None:
    form, number = text.word(start), start + 1
    distinct = Span(number, number + (text.word(number) in ("DISTINCT", "REDUCED")))
    head = Span(distinct.end, _head_end(text, distinct.end, form))
    where = text.until(head.end, frozenset({"WHERE", "{"}) | MODIFIERS)
    dataset = Span(head.end, where)
    where += text.word(where) == "WHERE"
    behind = text.behind(where)
    if text.word(where) != "{" or not behind:
        return None
    order = text.until(behind, SORTING | {"ORDER"})
    conditions: tuple[Condition, ...] = ()
    cut = order
    if text.word(order) == "ORDER":
        if text.word(order + 1) != "BY":
            return None
        cut = text.until(order, SORTING)
        conditions = _conditions(text, Span(order + 2, cut))
    values = text.until(cut, frozenset({"VALUES"}))
    end = text.until(values, frozenset())
    return Selection(
        form, Span(start, end), distinct, head, dataset, Span(where, behind), Span(behind, order), conditions,
        Span(cut, values), Span(values, end),
    )  # fmt: skip


def _head_end(text: Text, number: int, form: str) -> int:
    if form == "CONSTRUCT" and text.word(number) == "{":
        return text.behind(number)
    return text.until(number, frozenset({"FROM", "WHERE", "{"}))


def _conditions(text: Text, span: Span) -> tuple[Condition, ...]:
    """Return the conditions of ORDER BY; none where they are not of its grammar (19.8, OrderCondition)."""
    found, number = [], span.start
    while number < span.end:
        token, start = text[number], number
        descending = text.word(number) == "DESC"
        if token.kind is Kind.VARIABLE:
            number += 1
        else:
            while token.kind in (Kind.WORD, Kind.IRI, Kind.PREFIXED_NAME) and text.word(number) not in OPENING:
                number += 1  # a name, or NOT EXISTS
                token = text[number]
            if text.word(number) not in ("(", "{") or not text.behind(number):
                return ()
            start += text.word(start) in ("ASC", "DESC")
            number = text.behind(number)
        found.append(Condition(Span(start, number), descending))
    return tuple(found)

"""Legal clauses that the engine refuses or answers wrongly, rewritten: what is selected, grouped and walked."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from graph.query.sparql.tokens import (
    AGGREGATES,
    FORMS,
    VARIABLE,
    RewrittenText,
    TextEdit,
    Token,
    TokenKind,
    revised,
    tokens,
)

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


def spelled_out(text: str) -> RewrittenText:
    """Return a query without such clauses; it comes back as it is where it has none, or is very long.

    Raises:
        QuerySyntaxError: the text cannot be read.
    """
    is_grouped = _GROUPED.search(text) is not None
    if not ((is_grouped and (_WORTH.search(text) or _OTHER_FORMS.search(text))) or _may_repeat(text)):
        return RewrittenText(text)
    found = list(islice(tokens(text), MOST_TOKENS + 1))
    if len(found) > MOST_TOKENS:
        return RewrittenText(text)
    places = (place for place, token in enumerate(found) if token.text.upper() == "SELECT")
    edits = [edit for place in places for edit in (*_edits(text, found, place + 1), *_repeated(found, place + 1))]
    edits += _as_subquery(found)
    return revised(text, sorted(edits)) if edits else RewrittenText(text)


def _may_repeat(text: str) -> bool:
    """Whether a variable may stand in a SELECT clause twice: wider than the truth, which the tokens tell."""
    for clause in _CLAUSES.findall(text):
        names = VARIABLE.findall(clause)
        if len({each[1:] for each in names}) < len(names) or _MAY_HIDE_A_BRACE.search(clause):
            return True
    return False


def _repeated(found: Sequence[Token], place: int) -> Iterator[TextEdit]:
    """Yield what goes of the SELECT clause that begins behind ``place``: a variable that stands there already."""
    seen = set[str]()
    while place < len(found) and (found[place].text == "(" or _continues(found[place])):
        token = found[place]
        if token.kind is TokenKind.VARIABLE:
            if token.text[1:] in seen:
                yield TextEdit(token.start, token.end, "")
            seen.add(token.text[1:])
        place = _closed(found, place) + 1 if token.text == "(" else place + 1


def _as_subquery(found: Sequence[Token]) -> Iterator[TextEdit]:
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
        yield TextEdit(found[start].start, found[start].start, f"{{ SELECT {keys} WHERE ")
        yield TextEdit(found[-1].end, found[-1].end, " }")


def _keys(found: Sequence[Token], place: int) -> list[str]:
    """Return the variables by which GROUP BY at ``place`` groups, each once."""
    names = dict[str, None]()
    while place < len(found) and found[place].text.upper() not in _AFTER_GROUPS:
        if found[place].kind is TokenKind.VARIABLE:
            names[found[place].text[1:]] = None
        elif found[place].text == "(":
            end = _closed(found, place)
            if found[end - 2].text.upper() == "AS":
                names[found[end - 1].text[1:]] = None
            place = end
        place += 1
    return list(names)


def _edits(text: str, found: Sequence[Token], place: int) -> Iterator[TextEdit]:
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
            TextEdit(token.start, token.end, f"({given[token.text[1:]]})") for token in _free(expression, given.keys())
        ]
        yield from edits
        written = _written(text, expression, edits)
        if len(written) < LONGEST and not any(each.text.upper() in _VOLATILE for each in expression):
            given[found[last - 1].text[1:]] = written


def _written(text: str, expression: Sequence[Token], edits: Sequence[TextEdit]) -> str:
    start, end = expression[0].start, expression[-1].end
    moved = [TextEdit(edit.start - start, edit.end - start, edit.replacement) for edit in edits]
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
    return token.kind is TokenKind.VARIABLE or token.text.upper() in ("DISTINCT", "REDUCED")


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
        elif token.kind is TokenKind.VARIABLE and token.text[1:] in names:
            yield token
        place += 1


# The queries and subqueries of a text: where the clauses of each begin and end.
#
# It reads the text that the guard has passed, by tokens and brackets; it knows where clauses stand and not what they
# mean. What it cannot follow it does not report: whether a text is a query, the engine says.

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
            if token.kind is TokenKind.OPERATOR and token.text in OPENING:
                waiting.append(number)
            elif token.kind is TokenKind.OPERATOR and token.text in CLOSING and waiting:
                self._partners[waiting.pop()] = number

    def __getitem__(self, number: int) -> Token:
        """Return a token; behind the last one there is one that is nothing."""
        return self.tokens[number] if number < len(self.tokens) else Token(TokenKind.ERROR, "", len(self.text))

    def word(self, number: int) -> str:
        """Return a word in capitals, or the sign of an operator; nothing for any other token."""
        token = self[number]
        return token.text.upper() if token.kind in (TokenKind.WORD, TokenKind.OPERATOR) else ""

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
        if token.kind is TokenKind.VARIABLE:
            number += 1
        else:
            while (
                token.kind in (TokenKind.WORD, TokenKind.IRI, TokenKind.PREFIXED_NAME)
                and text.word(number) not in OPENING
            ):
                number += 1  # a name, or NOT EXISTS
                token = text[number]
            if text.word(number) not in ("(", "{") or not text.behind(number):
                return ()
            start += text.word(start) in ("ASC", "DESC")
            number = text.behind(number)
        found.append(Condition(Span(start, number), descending))
    return tuple(found)


# Property paths taken apart: the sequences whose solutions together are those of a path (SPARQL 1.1 Query 9.1, 18.4).
#
# An alternative is a union in which solutions count once an arm; the engine counts what both arms find once. So a path
# is written as its sequences. What stands under ``*``, ``+`` or ``?`` counts once by definition and stays whole.

MOST_SEQUENCES = 64
SIGNS = frozenset({"*", "+", "?"})


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """A part of a sequence as it is written, and whether it may be no step at all."""

    text: str
    is_optional: bool


Sequences = list[tuple[SequenceStep, ...]]


class UnclearError(Exception):
    """The text is none that this reads; no error for anybody, since the engine reads it as it is."""


class PathReader:
    """Reads the path that begins at a token.

    Attributes:
        place: the number of the token behind what was read.
    """

    def __init__(self, text: Text, place: int) -> None:
        """Begin at a token."""
        self._text, self.place = text, place

    def sequences(self, *, backwards: bool = False) -> Sequences:
        """Read a path and return its sequences.

        Raises:
            UnclearError: there is no path, or it has more sequences than can be written out.
        """
        found = self._sequence(backwards=backwards)
        while self._took("|"):
            found = found + self._sequence(backwards=backwards)
        return found

    def _sequence(self, *, backwards: bool) -> Sequences:
        parts = [self._step(backwards=backwards)]
        while self._took("/"):
            parts.append(self._step(backwards=backwards))
        if backwards:
            parts.reverse()
        size = 1
        for part in parts:
            size *= len(part)
        if size > MOST_SEQUENCES:
            raise UnclearError
        return [sum(each, ()) for each in product(*parts)]

    def _step(self, *, backwards: bool) -> Sequences:
        """Read a step: one predicate, a group, or what is repeated, perhaps walked the other way."""
        backwards ^= self._took("^")
        start = self.place
        inner = self._primary(backwards=backwards)
        if self._text.word(self.place) not in SIGNS:
            return inner
        sign = self._text.word(self.place)
        self.place += 1
        begins, ends = self._text[start].start, self._text[self.place - 1].end
        written = self._text.text[begins:ends]
        nothing = any(all(step.is_optional for step in each) for each in inner)
        return [(SequenceStep(f"^{written}" if backwards else written, sign != "+" or nothing),)]

    def _primary(self, *, backwards: bool) -> Sequences:
        if self._took("("):
            inner = self.sequences(backwards=backwards)
            if not self._took(")"):
                raise UnclearError
            return inner
        if self._took("!"):
            return self._negated(backwards=backwards)
        return [(SequenceStep(("^" if backwards else "") + self._predicate(), is_optional=False),)]

    def _negated(self, *, backwards: bool) -> Sequences:
        """Read what no predicate may be: two sets, where some of them are walked the other way."""
        sets: dict[bool, list[str]] = {False: [], True: []}
        grouped = self._took("(")
        while True:
            inverse = self._took("^")
            sets[inverse].append(self._predicate())
            if not (grouped and self._took("|")):
                break
        if grouped and not self._took(")"):
            raise UnclearError
        arms = [(inverse, f"!({'|'.join('^' * inverse + each for each in sets[inverse])})") for inverse in sets]
        return [
            (SequenceStep(("^" if backwards else "") + written, is_optional=False),)
            for inverse, written in arms
            if sets[inverse]
        ]

    def _predicate(self) -> str:
        token = self._text[self.place]
        if token.kind not in (TokenKind.IRI, TokenKind.PREFIXED_NAME) and not (
            token.kind is TokenKind.WORD and token.text == "a"
        ):
            raise UnclearError
        self.place += 1
        return token.text

    def _took(self, sign: str) -> bool:
        taken = self._text.word(self.place) == sign
        self.place += taken
        return taken

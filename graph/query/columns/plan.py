"""The part of SPARQL that columns answer, from the text of a query to a ``Plan`` of plain values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from graph.model.rdf_terms import RDF_TYPE
from graph.query.columns.table import ColumnTermKind, describe
from graph.query.sparql.tokens import Token, TokenKind, tokens

# What a query of the part of SPARQL that is read here means: plain values, made by ``reading``, run by ``solving``.
#
# Variables are names without their sign, constants the texts of terms.


class UnsupportedError(Exception):
    """This query, or this case of it, is the engine's; no error for anybody."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A term as N-Triples writes it."""

    text: bytes


Slot = Variable | Constant


@dataclass(frozen=True, slots=True)
class Pattern:
    """A triple pattern, or a path of one predicate repeated (SPARQL 9.3).

    Attributes:
        subject: where it begins.
        predicate: the IRI in angle brackets.
        object: where it ends.
        repeated: ``*`` or ``+`` for such a path.
    """

    subject: Slot
    predicate: bytes
    object: Slot
    repeated: Literal["", "*", "+"] = ""

    @property
    def variables(self) -> frozenset[str]:
        """The variables in it."""
        return frozenset(each.name for each in (self.subject, self.object) if isinstance(each, Variable))


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function with its arguments, its name in capitals."""

    name: str
    arguments: tuple[Expression, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The variables in it."""
        return frozenset().union(*(variables_of(each) for each in self.arguments))


Expression = Variable | Constant | Call


def variables_of(expression: Expression) -> frozenset[str]:
    """Return the variables in an expression."""
    if isinstance(expression, Variable):
        return frozenset({expression.name})
    return expression.variables if isinstance(expression, Call) else frozenset()


@dataclass(frozen=True, slots=True)
class Anything:
    """The pattern that every triple fits: three different variables."""

    subject: str
    predicate: str
    object: str


@dataclass(slots=True)
class GroupPattern:
    """A group graph pattern: patterns joined, then what may be missing, then what must hold (SPARQL 18.2.2).

    Where it has a pattern that every triple fits, it has nothing else.
    """

    patterns: list[Pattern] = field(default_factory=list)
    unions: list[list[GroupPattern]] = field(default_factory=list)
    optionals: list[GroupPattern] = field(default_factory=list)
    absents: list[GroupPattern] = field(default_factory=list)
    filters: list[Call] = field(default_factory=list)
    anything: Anything | None = None

    @property
    def names(self) -> frozenset[str]:
        """The variables that stand anywhere in it."""
        found = {name for pattern in self.patterns for name in pattern.variables}
        found |= {name for call in self.filters for name in call.variables}
        if self.anything is not None:
            found |= {self.anything.subject, self.anything.predicate, self.anything.object}
        inner = (*(arm for arms in self.unions for arm in arms), *self.optionals, *self.absents)
        return frozenset(found).union(*(group.names for group in inner))

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing in it."""
        return not (self.patterns or self.unions or self.optionals or self.absents or self.filters or self.anything)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """COUNT or SUM (SPARQL 18.5.1); without a variable it counts solutions."""

    name: Literal["COUNT", "SUM"]
    variable: str | None
    distinct: bool


@dataclass(slots=True)
class Plan:
    """A SELECT query.

    Attributes:
        columns: what is selected, in order: a name, and the aggregate that it stands for or None.
        where: its pattern.
        distinct: whether solutions are made distinct.
        groups: the variables that it is grouped by; None where it is not grouped.
        order: the names it is ordered by, and whether descending.
        limit: how many solutions at most, or None.
        offset: how many are left out first.
    """

    columns: list[tuple[str, Aggregate | None]]
    where: GroupPattern
    distinct: bool = False
    groups: list[str] | None = None
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


# Reading: the part of SPARQL that columns answer, from the text of a query to a ``Plan``.
#
# It accepts only what it understands wholly; everything else is unsupported, which is no judgement on the query. The
# text has passed the guard, so that it is one query with declared prefixes; whether it is legal, the engine says where
# this does not answer.

ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[^\\]*>")
DOTS = re.compile(r"/\.\.?(?:[/?#>]|$)")
PLAIN_STRING = re.compile(r"\"[^\"\\\x00-\x1f\x7f]*\"|'[^'\"\\\x00-\x1f\x7f]*'")
INTEGER = re.compile(r"[+-]?\d{1,18}")
XSD_DATE = b"<http://www.w3.org/2001/XMLSchema#date>"
XSD_INTEGER = b"<http://www.w3.org/2001/XMLSchema#integer>"
COMPARISONS = frozenset({"=", "!=", "<", ">", "<=", ">="})
TESTS = {"CONTAINS": 2, "STRSTARTS": 2, "STRENDS": 2, "LANGMATCHES": 2, "BOUND": 1, "LANG": 1, "STR": 1, "LCASE": 1}
MOST_TOKENS, MOST_NESTING = 400, 20
_END = Token(TokenKind.ERROR, "", 0)
_Part = Callable[[], Expression]


def read_plan(text: str) -> Plan:
    """Return what a query means.

    Raises:
        UnsupportedError: it is outside the part of SPARQL that is read here.
    """
    return _PlanReader(text).query()


class _PlanReader:
    """A recursive descent over the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        if len(self._tokens) > MOST_TOKENS:
            raise UnsupportedError
        self._place = 0
        self._namespaces: dict[str, str] = {}
        self._fresh = 0
        self._depth = 0

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else _END

    def _at(self, *words: str) -> bool:
        return self._next.text.upper() in words and self._next.kind in (TokenKind.WORD, TokenKind.OPERATOR)

    def _took(self, *words: str) -> bool:
        """Step over the next token if it is one of these."""
        if self._at(*words):
            self._place += 1
            return True
        return False

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _need(self, *words: str) -> None:
        if not self._took(*words):
            raise UnsupportedError

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise UnsupportedError

    # The query

    def query(self) -> Plan:
        while self._took("PREFIX"):
            name = self._take().text
            self._namespaces[name[:-1]] = self._iri()[1:-1].decode()
        self._need("SELECT")
        distinct = self._took("DISTINCT")
        columns = self._columns()
        self._took("WHERE")
        plan = Plan(columns, self._group(), distinct)
        self._modifiers(plan)
        if self._next is not _END:
            raise UnsupportedError
        _check(plan)
        return plan

    def _columns(self) -> list[tuple[str, Aggregate | None]]:
        columns: list[tuple[str, Aggregate | None]] = []
        while not self._at("WHERE", "{"):
            if self._took("("):
                aggregate = self._aggregate()
                self._need("AS")
                columns.append((self._variable(), aggregate))
                self._need(")")
            else:
                columns.append((self._variable(), None))
        return columns

    def _aggregate(self) -> Aggregate:
        name = self._take().text.upper()
        if name not in {"COUNT", "SUM"}:
            raise UnsupportedError
        self._need("(")
        distinct = self._took("DISTINCT")
        variable = None if name == "COUNT" and not distinct and self._took("*") else self._variable()
        self._need(")")
        return Aggregate(cast(Literal["COUNT", "SUM"], name), variable, distinct)

    def _modifiers(self, plan: Plan) -> None:
        if self._took("GROUP"):
            self._need("BY")
            plan.groups = []
            plan.groups.append(self._variable())
            while self._next.kind is TokenKind.VARIABLE:
                plan.groups.append(self._variable())
        if self._took("ORDER"):
            self._need("BY")
            plan.order.append(self._condition())
            while self._next.kind is TokenKind.VARIABLE or self._at("ASC", "DESC"):
                plan.order.append(self._condition())
        said: dict[str, int] = {}
        while self._at("LIMIT", "OFFSET"):
            word, number = self._take().text.upper(), self._take().text
            if not number.isdecimal() or len(number) > 9 or word in said:
                raise UnsupportedError
            said[word] = int(number)
        plan.limit, plan.offset = said.get("LIMIT"), said.get("OFFSET", 0)

    def _condition(self) -> tuple[str, bool]:
        if self._next.kind is TokenKind.VARIABLE:
            return self._variable(), False
        descending = self._at("DESC")
        self._need("ASC", "DESC")  # any other condition is an expression
        self._need("(")
        name = self._variable()
        self._need(")")
        return name, descending

    # Patterns

    def _group(self) -> GroupPattern:
        self._need("{")
        self._descend()
        group = GroupPattern()
        while not self._took("}"):
            if group.anything is not None:
                raise UnsupportedError
            if self._took("OPTIONAL"):
                group.optionals.append(self._group())
            elif self._took("FILTER"):
                self._filter(group)
            elif group.optionals:
                raise UnsupportedError  # what follows an OPTIONAL would have to be joined after it
            elif self._at("{"):
                group.unions.append(self._union())
            else:
                self._triples(group)
            self._took(".")
        self._depth -= 1
        return group

    def _union(self) -> list[GroupPattern]:
        arms = [self._group()]
        while self._took("UNION"):
            arms.append(self._group())
        return arms

    def _filter(self, group: GroupPattern) -> None:
        if self._took("NOT"):
            self._need("EXISTS")
            group.absents.append(self._group())
            return
        if not self._at("(", *TESTS):
            raise UnsupportedError
        expression = self._primary()
        if not isinstance(expression, Call):
            raise UnsupportedError
        group.filters += _conjuncts(expression)

    def _triples(self, group: GroupPattern) -> None:
        subject = self._slot(subject=True)
        if self._next.kind is TokenKind.VARIABLE and group.is_empty:
            group.anything = self._anything(subject)
            return
        while True:
            path = self._path()
            self._connect(group, subject, path, self._slot())
            while self._took(","):
                self._connect(group, subject, path, self._slot())
            if not self._took(";"):
                break
            while self._took(";"):
                pass
            if self._at(".", "}"):
                break
        if not self._at(".", "}", "{", "FILTER", "OPTIONAL"):
            raise UnsupportedError

    def _anything(self, subject: Slot) -> Anything:
        predicate, target = self._variable(), self._slot()
        if not isinstance(subject, Variable) or not isinstance(target, Variable):
            raise UnsupportedError
        if len({subject.name, predicate, target.name}) < 3 or not self._at(".", "}"):
            raise UnsupportedError
        return Anything(subject.name, predicate, target.name)

    def _path(self) -> list[tuple[bytes, str, bool]]:
        """Return the steps of a path: a predicate, how it is repeated, and whether it is walked backwards."""
        steps = []
        while True:
            inverse = self._took("^")
            predicate = self._predicate()
            repeated = self._take().text if self._at("*", "+") else ""
            steps.append((predicate, repeated, inverse))
            if not self._took("/"):
                return steps

    def _predicate(self) -> bytes:
        if self._next.text == "a" and self._next.kind is TokenKind.WORD:
            self._place += 1
            return b"<" + RDF_TYPE.encode() + b">"
        return self._iri()

    def _connect(self, group: GroupPattern, subject: Slot, path: list[tuple[bytes, str, bool]], target: Slot) -> None:
        for number, (predicate, repeated, inverse) in enumerate(path, 1):
            if number == len(path):
                end = target
            else:
                self._fresh += 1
                end = Variable(f" {self._fresh}")
            first, last = (end, subject) if inverse else (subject, end)
            group.patterns.append(Pattern(first, predicate, last, cast(Literal["", "*", "+"], repeated)))
            subject = end

    def _slot(self, *, subject: bool = False) -> Slot:
        if self._next.kind is TokenKind.VARIABLE:
            return Variable(self._variable())
        if self._next.kind in (TokenKind.IRI, TokenKind.PREFIXED_NAME):
            return Constant(self._iri())
        if subject:
            raise UnsupportedError
        return Constant(self._literal())

    def _variable(self) -> str:
        token = self._take()
        if token.kind is not TokenKind.VARIABLE:
            raise UnsupportedError
        return token.text[1:]

    def _iri(self) -> bytes:
        token = self._take()
        if token.kind is TokenKind.PREFIXED_NAME:
            prefix, _, local = token.text.partition(":")
            if "\\" in local or prefix not in self._namespaces:
                raise UnsupportedError
            iri = f"<{self._namespaces[prefix]}{local}>"
        elif token.kind is TokenKind.IRI:
            iri = token.text
        else:
            raise UnsupportedError
        if not ABSOLUTE.fullmatch(iri) or DOTS.search(iri):
            raise UnsupportedError  # resolving it is the engine's
        return iri.encode()

    def _literal(self) -> bytes:
        """Return a literal whose text is the same wherever it stands: a plain string, a small integer or a date."""
        token = self._take()
        if token.kind is TokenKind.NUMBER and INTEGER.fullmatch(token.text):
            return b'"%d"^^%s' % (int(token.text), XSD_INTEGER)
        if token.kind is not TokenKind.STRING or not PLAIN_STRING.fullmatch(token.text):
            raise UnsupportedError
        text = b'"' + token.text[1:-1].encode() + b'"'
        if self._next.kind is TokenKind.LANGUAGE:
            tag = self._take().text.lower()
            if "--" in tag:
                raise UnsupportedError
            return text + tag.encode()
        if self._took("^^"):
            datatype = self._iri()
            if datatype != XSD_DATE or describe(typed := text + b"^^" + datatype)[0] is not ColumnTermKind.DATE:
                raise UnsupportedError
            return typed
        return text

    # Expressions

    def _expression(self) -> Expression:
        return self._chain("||", lambda: self._chain("&&", self._relation))

    def _chain(self, sign: str, part: _Part) -> Expression:
        parts = [part()]
        while self._took(sign):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Call(sign, tuple(parts))

    def _relation(self) -> Expression:
        left = self._primary()
        if self._next.text in COMPARISONS:
            return Call(self._take().text, (left, self._primary()))
        return left

    def _primary(self) -> Expression:
        if self._took("("):
            self._descend()
            inner = self._expression()
            self._depth -= 1
            self._need(")")
            return inner
        if self._took("!"):
            return Call("!", (self._negated(),))
        token = self._next
        if token.kind is TokenKind.WORD and token.text.upper() in TESTS:
            return self._call(self._take().text.upper())
        return self._slot()

    def _negated(self) -> Expression:
        if self._at("!"):
            raise UnsupportedError
        return self._primary()

    def _call(self, name: str) -> Call:
        self._need("(")
        self._descend()
        # BOUND takes a variable and no expression (19.8, BuiltInCall)
        arguments: list[Expression] = [Variable(self._variable()) if name == "BOUND" else self._expression()]
        while self._took(","):
            arguments.append(self._expression())
        self._need(")")
        self._depth -= 1
        if len(arguments) != TESTS[name]:
            raise UnsupportedError
        return Call(name, tuple(arguments))


def _conjuncts(expression: Expression) -> list[Call]:
    """Return what must hold all together: ``A && B`` is true exactly when both are (SPARQL 17.2)."""
    if not isinstance(expression, Call):
        raise UnsupportedError
    if expression.name != "&&":
        return [expression]
    return [call for each in expression.arguments for call in _conjuncts(each)]


def _check(plan: Plan) -> None:
    """Refuse what would need more care than it is worth: odd projections are the engine's, with their errors."""
    names = [name for name, _ in plan.columns]
    grouped = plan.groups is not None or any(aggregate for _, aggregate in plan.columns)
    plain = [name for name, aggregate in plan.columns if aggregate is None]
    made = [name for name, aggregate in plan.columns if aggregate is not None]
    if not names or len(set(names)) < len(names) or set(made) & plan.where.names:
        raise UnsupportedError
    if grouped:
        plan.groups = plan.groups or []
        seen = {*plan.groups, *(each.variable for _, each in plan.columns if each is not None)}
        if set(plain) - set(plan.groups) or seen & set(made) or not set(dict(plan.order)) <= {*plan.groups, *made}:
            raise UnsupportedError

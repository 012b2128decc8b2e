"""Terms and truth values as SQL has them: a number of the index, or parts that an expression has computed.

In SQL an unbound variable and an error are NULL, so that ``AND``, ``OR`` and ``NOT`` are those of SPARQL (17.2). A
computed term is a STRUCT of its kind, text, tag and number; two of them are equal if they are one term. Of doubles the
text there is DuckDB's, whoever gave them: equal for equal values, and the engine writes it anew in the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyoxigraph as ox

from graph.model.rdf_terms import XSD
from graph.query.sql.algebra import Term, UnsupportedError
from graph.releases.triple_index import TermKind, sql_string

IRI, STRING, LANGUAGE_STRING = int(TermKind.IRI), int(TermKind.STRING), int(TermKind.LANGUAGE_STRING)
INTEGER, DECIMAL, DOUBLE = int(TermKind.INTEGER), int(TermKind.DECIMAL), int(TermKind.DOUBLE)
TIME, OTHER = int(TermKind.TIME), int(TermKind.OTHER)
ANY_KIND = frozenset(map(int, TermKind))
NUMERIC = frozenset({INTEGER, DECIMAL, DOUBLE})
EXACT = frozenset({INTEGER, DECIMAL})
UNTOLD = "error('untold')"
"""Raises, so that the engine answers: for what cannot be told from what the index says."""
NUMBER_TYPE = "DECIMAL(38,18)"
PART_TYPES = ("VARCHAR", "VARCHAR", NUMBER_TYPE, "DOUBLE")
"""The types of text, tag, exact and approximate value."""
STRUCT_TYPE = f"STRUCT(k TINYINT, t VARCHAR, g VARCHAR, n {NUMBER_TYPE}, d DOUBLE)"
BOOLEAN_IRI = f"{XSD}boolean"
TAGS = {INTEGER: f"{XSD}integer", DECIMAL: f"{XSD}decimal", DOUBLE: f"{XSD}double"}


def quoted(text: str) -> str:
    """Return a string of SQL.

    Raises:
        UnsupportedError: it has the character that DuckDB takes for an end.
    """
    if "\0" in text:
        raise UnsupportedError
    return sql_string(text)


@dataclass(frozen=True)
class ValueInSql:
    """A term in SQL, each part of it an expression; whatever is asked of it may be NULL where it is no such term.

    Attributes:
        kinds: which kinds it may be of, as far as the query tells.
        kind: its kind; NULL where it has no value.
    """

    kinds: frozenset[int]
    kind: str

    @property
    def is_certain(self) -> bool:
        """Whether it surely has a value, and of one kind only."""
        return self.kind.isdigit()

    @property
    def number(self) -> str | None:
        """Its id in the index; None where it is not known by one."""
        return None

    @property
    def text(self) -> str:
        """Its IRI or its lexical form, except of a double that was computed."""
        raise NotImplementedError

    @property
    def tag(self) -> str:
        """Its language tag or datatype."""
        raise NotImplementedError

    @property
    def exact(self) -> str:
        """Its value as an integer or decimal."""
        raise NotImplementedError

    @property
    def approximate(self) -> str:
        """Its value as a double, where it is one."""
        raise NotImplementedError

    @property
    def truth(self) -> str | None:
        """Its value as a truth value, where it is certain that it is one."""
        return None

    @property
    def written_text(self) -> str:
        """Its lexical form, for STR and what reads it; the engine's business where a double was computed."""
        if DOUBLE in self.kinds:
            return f"CASE WHEN {self.kind} = {DOUBLE} THEN {UNTOLD} ELSE {self.text} END"
        return self.text

    @property
    def struct(self) -> str:
        """All of it as one value."""
        text = self.text
        if DOUBLE in self.kinds:
            text = f"CASE WHEN {self.kind} = {DOUBLE} THEN CAST({self.approximate} AS VARCHAR) ELSE {text} END"
        exact = self.exact if self.kinds & EXACT else "NULL"
        approximate = self.approximate if DOUBLE in self.kinds else "NULL"
        parts = f"{{'k': {self.kind}, 't': {text}, 'g': {self.tag}, 'n': {exact}, 'd': {approximate}}}"
        whole = f"CAST({parts} AS {STRUCT_TYPE})"
        return whole if self.is_certain else f"CASE WHEN {self.kind} IS NOT NULL THEN {whole} END"


@dataclass(frozen=True)
class IndexedValue(ValueInSql):
    """A term that the index numbers; its parts stand in the lexicon, which is joined when one is asked for.

    Attributes:
        id: its id.
        joined: joins the lexicon where it has not been, and gives what its columns' names begin with.
    """

    id: str
    joined: Callable[[], str]

    @property
    def number(self) -> str | None:
        """Its id."""
        return self.id

    @property
    def text(self) -> str:
        """Its lexical form in the index."""
        return f"{self.joined()}text"

    @property
    def tag(self) -> str:
        """Its tag in the index."""
        return f"{self.joined()}tag"

    @property
    def exact(self) -> str:
        """Its value in the index."""
        return f"{self.joined()}exact"

    @property
    def approximate(self) -> str:
        """Its value in the index."""
        return f"{self.joined()}approximate"

    @property
    def written_text(self) -> str:
        """Its lexical form: the index has doubles as the engine writes them."""
        return self.text


@dataclass(frozen=True)
class StructValue(ValueInSql):
    """A term that was computed before."""

    column: str

    @property
    def text(self) -> str:
        """Its lexical form."""
        return f"({self.column}).t"

    @property
    def tag(self) -> str:
        """Its tag."""
        return f"({self.column}).g"

    @property
    def exact(self) -> str:
        """Its value."""
        return f"({self.column}).n"

    @property
    def approximate(self) -> str:
        """Its value."""
        return f"({self.column}).d"

    @property
    def struct(self) -> str:
        """Itself."""
        return self.column


@dataclass(frozen=True)
class ConstantValue(ValueInSql):
    """A term of the query's text.

    Attributes:
        term: the term.
        id: its number, one of the index or one that only this query knows.
        value: of a number its value.
    """

    term: Term
    id: int
    value: str

    @property
    def number(self) -> str | None:
        """Its id."""
        return str(self.id)

    @property
    def text(self) -> str:
        """Its lexical form."""
        return quoted(self.term.value)

    @property
    def tag(self) -> str:
        """Its tag."""
        if isinstance(self.term, ox.NamedNode) or self.kinds == {STRING}:
            return "NULL"
        return quoted(self.term.language or self.term.datatype.value)

    @property
    def exact(self) -> str:
        """Its value."""
        return f"CAST('{self.value}' AS {NUMBER_TYPE})" if self.kinds <= EXACT else "NULL"

    @property
    def approximate(self) -> str:
        """Its value."""
        return f"CAST('{self.value}' AS DOUBLE)" if self.kinds == {DOUBLE} else "NULL"

    @property
    def written_text(self) -> str:
        """Its lexical form: a constant has it as the engine writes it."""
        return self.text

    @property
    def truth(self) -> str | None:
        """What it is if it is a truth value."""
        if isinstance(self.term, ox.Literal) and self.term.datatype.value == BOOLEAN_IRI:
            return {"true": "true", "false": "false"}.get(self.term.value)
        return None


@dataclass(frozen=True)
class SpokenConstant(ConstantValue):
    """A constant that only conditions speak of, most of which need not know its number: it is looked up when asked for.

    Attributes:
        looked_up: gives the constant with its number.
    """

    looked_up: Callable[[], ConstantValue]

    @property
    def number(self) -> str | None:
        """Its id."""
        return self.looked_up().number


@dataclass(frozen=True)
class TruthValue(ValueInSql):
    """A truth value that was computed."""

    condition: str

    @property
    def text(self) -> str:
        """How it is written."""
        return f"CASE WHEN {self.condition} THEN 'true' ELSE 'false' END"

    @property
    def tag(self) -> str:
        """Its datatype."""
        return quoted(BOOLEAN_IRI)

    @property
    def exact(self) -> str:
        """Nothing."""
        return "NULL"

    @property
    def approximate(self) -> str:
        """Nothing."""
        return "NULL"

    @property
    def truth(self) -> str | None:
        """Itself."""
        return self.condition


@dataclass(frozen=True)
class ComputedValue(ValueInSql):
    """A term whose parts were computed; one of several that are known by number is so, too."""

    parts: tuple[str, str, str, str]
    id: str | None = None

    def __post_init__(self) -> None:
        """Give each part its type: of what may only be NULL or raise, DuckDB would make NULL without looking."""
        kind = self.kind if self.is_certain or self.kind == "NULL" else f"CAST({self.kind} AS INTEGER)"
        parts = tuple(each if each == "NULL" else f"CAST({each} AS {type_})"
                      for each, type_ in zip(self.parts, PART_TYPES, strict=True))  # fmt: skip
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "parts", parts)

    @property
    def number(self) -> str | None:
        """Its id, if it has one."""
        return self.id

    @property
    def written_text(self) -> str:
        """Its lexical form, as the index has it where it has it."""
        return self.text if self.id is not None else super().written_text

    @property
    def text(self) -> str:
        """Its lexical form."""
        return self.parts[0]

    @property
    def tag(self) -> str:
        """Its tag."""
        return self.parts[1]

    @property
    def exact(self) -> str:
        """Its value."""
        return self.parts[2]

    @property
    def approximate(self) -> str:
        """Its value."""
        return self.parts[3]


NOTHING = ComputedValue(frozenset(), "NULL", ("NULL", "NULL", "NULL", "NULL"))
"""No value: unbound, or an error."""


def truth_value(condition: str) -> TruthValue:
    """Return a condition as a term."""
    condition = f"CAST(({condition}) AS BOOLEAN)"
    return TruthValue(frozenset({OTHER}), f"CASE WHEN ({condition}) IS NOT NULL THEN {OTHER} END", condition)


def string_value(text: str, *, is_certain: bool = False) -> ComputedValue:
    """Return an xsd:string of this text; where it is NULL, no value."""
    kind = str(STRING) if is_certain else f"CASE WHEN {text} IS NOT NULL THEN {STRING} END"
    return ComputedValue(frozenset({STRING}), kind, (text, "NULL", "NULL", "NULL"))


def iri_value(text: str) -> ComputedValue:
    """Return an IRI of this text; where it is NULL, no value."""
    return ComputedValue(frozenset({IRI}), f"CASE WHEN {text} IS NOT NULL THEN {IRI} END", (text, *("NULL",) * 3))


def integer_value(number: str, *, is_certain: bool = False) -> ComputedValue:
    """Return an xsd:integer; the number is an expression of an integer type, and fits; it is NULL where uncertain."""
    text = f"CAST({number} AS VARCHAR)"
    exact = f"CAST({number} AS {NUMBER_TYPE})"
    kind = str(INTEGER) if is_certain else f"CASE WHEN {number} IS NOT NULL THEN {INTEGER} END"
    return ComputedValue(frozenset({INTEGER}), kind, (text, quoted(TAGS[INTEGER]), exact, "NULL"))


def number_value(kinds: frozenset[int], kind: str, exact: str, approximate: str) -> ComputedValue:
    """Return a number by its kind and its value."""
    whole = f"CAST(CAST({exact} AS HUGEINT) AS VARCHAR)"
    # the engine writes 2.50 as 2.5 and 2.0 as 2
    decimal = f"rtrim(rtrim(CAST({exact} AS VARCHAR), '0'), '.')"
    if kinds == {INTEGER}:
        return ComputedValue(kinds, kind, (whole, quoted(TAGS[INTEGER]), exact, "NULL"))
    double = f"CAST({approximate} AS VARCHAR)"
    text = f"CASE {kind} WHEN {INTEGER} THEN {whole} WHEN {DECIMAL} THEN {decimal} WHEN {DOUBLE} THEN {double} END"
    tags = " ".join(f"WHEN {each} THEN {quoted(TAGS[each])}" for each in sorted(kinds))
    return ComputedValue(kinds, kind, (text, f"CASE {kind} {tags} END", exact, approximate))


def is_of(value: ValueInSql, *kinds: int) -> str:
    """Return whether a value is of one of some kinds; NULL where it has none."""
    possible = sorted(value.kinds.intersection(kinds))
    if value.is_certain:
        return "true" if possible else "false"
    if not possible or value.kinds <= frozenset(kinds):
        return f"CASE WHEN {value.kind} IS NOT NULL THEN {'true' if possible else 'false'} END"
    return f"{value.kind} IN ({', '.join(map(str, possible))})"

"""Terms and numbers: which id a constant of a query has in the index, and which terms the ids of an answer are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import md5
from typing import Any, Literal

import duckdb
import pyoxigraph as ox
from cachetools import LRUCache

from graph.model.rdf_terms import XSD
from graph.query.sql.algebra import Term, UnsupportedError
from graph.query.sql.sql_values import (
    DECIMAL,
    DOUBLE,
    INTEGER,
    IRI,
    LANGUAGE_STRING,
    OTHER,
    STRING,
    TIME,
    ConstantValue,
    SpokenConstant,
)
from graph.releases.triple_index import term

PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,18})?")
PLAIN_DOUBLE = re.compile(r"-?[0-9.]+(?:[eE][+-]?[0-9]+)?|-?INF|NaN")
NUMBERS = {f"{XSD}integer": INTEGER, f"{XSD}decimal": DECIMAL, f"{XSD}double": DOUBLE}
TIMES = (f"{XSD}date", f"{XSD}dateTime")
MOST_CONSTANTS, MOST_REMEMBERED, LONGEST_REMEMBERED = 500, 20_000, 500
MOST_COUNTED = 20_000
"""Of so many triples of a predicate it is counted to how many one leads: more would cost more than it says."""
NO_NUMBER = 0
Known = Mapping[Term, ConstantValue]


def hash_of(text: str) -> int:
    """Return the hash by which the index finds a term: ``md5_number_lower`` of its N-Triples."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[8:], "little")


class IndexReader:
    """An open index: terms by number and numbers by term, some remembered, and what is known of predicates."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read by this connection."""
        self.connection = connection
        self._ids: LRUCache[Term, int | None] = LRUCache(MOST_REMEMBERED)
        self._texts: LRUCache[int, str] = LRUCache(MOST_REMEMBERED)
        self._led_to: LRUCache[tuple[int, str], float] = LRUCache(MOST_REMEMBERED)
        self._predicates: dict[int, tuple[int, frozenset[int]]] | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query).fetchall()

    def constants(self, terms: Iterable[Term], spoken: frozenset[Term] = frozenset()) -> dict[Term, ConstantValue]:
        """Return the constants of a query with their ids; those that the index does not have get negative ones.

        Args:
            terms: the constants.
            spoken: those that only conditions speak of: where their kind is plain, they are not looked up before that
                is needed.

        Raises:
            UnsupportedError: the kind of one is not certain, or there are too many.
        """
        later = {each: kind for each in spoken if each not in self._ids and (kind := _plain_kind(each)) is not None}
        found = self._looked_up_constants([each for each in dict.fromkeys(terms) if each not in later], 1)
        places = enumerate(later.items(), len(found) + 1)
        return found | {each: self._spoken_constant(each, kind, place) for place, (each, kind) in places}

    def _spoken_constant(self, constant: Term, kind: int, place: int) -> SpokenConstant:
        def looked_up() -> ConstantValue:
            return self._looked_up_constants([constant], place)[constant]

        return SpokenConstant(frozenset({kind}), str(kind), constant, NO_NUMBER, _value(constant, kind), looked_up)

    def _looked_up_constants(self, wanted: list[Term], first: int) -> dict[Term, ConstantValue]:
        """Look some constants up; ``first`` begins the places by which those that are not found get numbers."""
        new = {hash_of(str(each)): each for each in wanted if each not in self._ids}
        if len(new) > MOST_CONSTANTS:
            raise UnsupportedError
        found = self._found(new) if new else {}
        self._ids.update((each, found.get(each)) for each in new.values())
        known = {each: found[each] if each in found else self._ids.get(each) for each in wanted}
        return {each: _constant(each, number, place) for place, (each, number) in enumerate(known.items(), first)}

    def _found(self, wanted: dict[int, Term]) -> dict[Term, int]:
        """Look some terms up by their hashes; what is found is compared, as two may have one hash."""
        places = ", ".join(map(str, wanted))
        rows = self.rows(
            f"SELECT hash, id, text, tag FROM (FROM term_hashes WHERE hash IN ({places})) JOIN terms USING (id)"
        )
        return {wanted[number]: id_ for number, id_, text, tag in rows if term(id_, text, tag) == wanted[number]}

    def texts(self, ids: Iterable[int], known: Known) -> dict[int, str]:
        """Return the terms of some ids as SPARQL writes them."""
        found = {each.id: str(each.term) for each in known.values() if each.id < 0}
        wanted = list[int]()
        for number in ids:
            if number in found:
                continue
            if (text := self._texts.get(number)) is not None:
                found[number] = text
            else:
                wanted.append(number)
        # joined, since DuckDB compares a list of numbers with each row, and reads the text beside each that is near
        query = "SELECT id, text, tag FROM terms WHERE id IN (SELECT unnest($1::BIGINT[]))"
        rows = self.connection.execute(query, [wanted]).fetchall() if wanted else []
        new = {number: written_term(number & 7, text, tag) for number, text, tag in rows}
        self._texts.update((number, text) for number, text in new.items() if len(text) < LONGEST_REMEMBERED)
        return found | new

    def remember_predicates(self) -> None:
        """Read how many triples each predicate has, and which term it is: most constants of queries are predicates."""
        numbers = list(self._looked_up())[:MOST_CONSTANTS]
        rows = self.connection.execute(
            "SELECT id, text FROM terms WHERE id IN (SELECT unnest($1::BIGINT[]))", [numbers]
        )
        self._ids.update((ox.NamedNode(text), number) for number, text in rows.fetchall())

    def of_predicate(self, number: int) -> int:
        """Return how many triples a predicate has."""
        return self._looked_up().get(number, (0, frozenset()))[0]

    def kinds(self, number: int) -> frozenset[int]:
        """Return of which kinds the objects of a predicate are; nothing where it has none."""
        return self._looked_up().get(number, (0, frozenset[int]()))[1]

    def of_object(self, predicate: int, number: int) -> int:
        """Return how many triples of a predicate have an object."""
        ((found,),) = self.rows(f"SELECT count(*) FROM by_object WHERE p = {predicate} AND o = {number}")
        return int(found)

    def led_to(self, predicate: int, end: Literal["s", "o"]) -> float:
        """Return how many triples of a predicate one subject (``s``) or one object (``o``) has on the average."""
        if (predicate, end) not in self._led_to:
            # equal ends stand together in the table that is sorted by them: else few rows would hold few of one kind
            table = "by_subject" if end == "s" else "by_object"
            among = f"SELECT {end} FROM {table} WHERE p = {predicate} LIMIT {MOST_COUNTED}"
            ((found, ends),) = self.rows(f"SELECT count(*), count(DISTINCT {end}) FROM ({among})")
            self._led_to[predicate, end] = found / max(1, ends)
        return self._led_to[predicate, end]

    def all(self) -> int:
        """Return how many triples there are."""
        return sum(count for count, _ in self._looked_up().values())

    def _looked_up(self) -> dict[int, tuple[int, frozenset[int]]]:
        if self._predicates is None:
            counted = "SELECT p, count(*), bit_or(1 << CAST(o & 7 AS INTEGER)) FROM by_subject GROUP BY p"
            self._predicates = {
                predicate: (count, frozenset(kind for kind in range(8) if kinds >> kind & 1))
                for predicate, count, kinds in self.rows(counted)
            }
        return self._predicates


def _constant(constant: Term, known: int | None, place: int) -> ConstantValue:
    kind = _kind(constant) if known is None else known & 7
    if kind is None:
        raise UnsupportedError
    number = known if known is not None else -8 * place + kind
    return ConstantValue(frozenset({kind}), str(kind), constant, number, _value(constant, kind))


def _value(constant: Term, kind: int) -> str:
    return constant.value.replace("INF", "inf") if kind in (INTEGER, DECIMAL, DOUBLE) else ""


def _plain_kind(constant: Term) -> int | None:
    """Return the kind of a term that the index would surely say of it, too: of a plain text, whole number or date."""
    if isinstance(constant, ox.NamedNode) or constant.language:
        return None
    kind, datatype = _kind(constant), constant.datatype.value
    # "05"^^xsd:integer is of another kind where the store has not rewritten it
    if kind == INTEGER:
        return kind if str(int(constant.value)) == constant.value else None
    return kind if kind == STRING or (kind == TIME and datatype == f"{XSD}date" and len(constant.value) == 10) else None


def _kind(constant: Term) -> int | None:
    """Return the kind of a term that the index does not have; None where it is a date of another form than most."""
    if isinstance(constant, ox.NamedNode):
        return IRI
    datatype, text = constant.datatype.value, constant.value
    if constant.language:
        return LANGUAGE_STRING if constant.direction is None else OTHER
    if datatype == f"{XSD}string":
        return STRING
    if datatype in NUMBERS:
        kind = NUMBERS[datatype]
        form = PLAIN_DOUBLE if kind == DOUBLE else PLAIN_DECIMAL
        fits = form.fullmatch(text) is not None and (kind != INTEGER or -(2**63) <= int(text) < 2**63)
        return kind if fits else OTHER
    if datatype in TIMES:
        return time_kind(text)
    return OTHER


def time_kind(text: str) -> int | None:
    """Return the kind of a date or time in the engine's form: certain where its letters have the plain form."""
    if re.fullmatch(
        r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])(?:T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z?)?", text
    ):
        return TIME if text[:4] != "0000" else None
    return None


def written_term(kind: int, text: str, tag: str | None) -> str:
    """Return a term as SPARQL writes it."""
    if kind == IRI:
        return f"<{text}>"
    if kind == STRING and '"' not in text and "\\" not in text and "\n" not in text and "\r" not in text:
        return f'"{text}"'
    if kind == OTHER and tag is None:
        return text  # its N-Triples, which SPARQL reads, too
    return str(term(kind, text, tag))

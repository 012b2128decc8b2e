"""Indexes for tests: a small one by the contract of ``graph.releases.triple_index``, made of a store in a moment."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

import duckdb
import pyoxigraph as ox

from graph.model.rdf_terms import XSD
from graph.query.sql.index_lookup import IndexReader, hash_of
from graph.releases.triple_index import TermKind, connected

TABLES = """
CREATE TABLE terms (id BIGINT, text VARCHAR, tag VARCHAR, exact DECIMAL(38,18), approximate DOUBLE);
CREATE TABLE term_hashes (hash UBIGINT, id BIGINT);
CREATE TABLE by_subject (p BIGINT, s BIGINT, o BIGINT, g INTEGER);
CREATE TABLE by_object (p BIGINT, o BIGINT, s BIGINT, g INTEGER);
CREATE TABLE graph_sets (g INTEGER, graph BIGINT);
"""
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")


def kind_of(term: ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple) -> TermKind:  # noqa: PLR0911  one for each form
    """The kind of a term."""
    if isinstance(term, ox.NamedNode):
        return TermKind.IRI
    if not isinstance(term, ox.Literal) or term.direction is not None:
        return TermKind.OTHER
    if term.language:
        return TermKind.LANGUAGE_STRING
    name, text = term.datatype.value.removeprefix(XSD), term.value
    if name == "string":
        return TermKind.STRING
    if name == "integer" and re.fullmatch(r"-?\d{1,19}", text) and -(2**63) <= int(text) < 2**63:
        return TermKind.INTEGER
    if name == "decimal" and re.fullmatch(r"-?\d{1,20}(\.\d{1,18})?", text):
        return TermKind.DECIMAL
    if name == "double" and re.fullmatch(r"-?[\d.]+|-?INF|NaN", text):
        return TermKind.DOUBLE
    form = {"date": DATE, "dateTime": TIME}.get(name)
    if form is not None and form.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return TermKind.OTHER
        return TermKind.TIME
    return TermKind.OTHER


def n_triples(term: ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple) -> str:
    """A term as canonical N-Triples has it."""
    return f"<<( {' '.join(map(n_triples, term))} )>>" if isinstance(term, ox.Triple) else str(term)


def index_of(store: ox.Store) -> IndexReader:
    """The index of a store that has the merge of its named graphs as its default graph, as a release's has."""
    connection = connected(":memory:", memory_mb=512, threads=1, temporary=None)
    connection.execute(TABLES)
    return IndexReader(fill(connection, store))


def fill(connection: duckdb.DuckDBPyConnection, store: ox.Store) -> duckdb.DuckDBPyConnection:
    """Write a store into the tables of an index, in place of what they have."""
    ids: dict[object, int] = {}
    terms, hashes = [], []

    def number(term: ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple) -> int:
        if term not in ids:
            kind = kind_of(term)
            ids[term] = 8 * len(ids) + kind
            text = term.value if isinstance(term, ox.NamedNode | ox.Literal) else n_triples(term)
            tag = None
            if isinstance(term, ox.Literal) and kind is not TermKind.STRING:
                tag = term.language if kind is TermKind.LANGUAGE_STRING else term.datatype.value
                if term.direction is not None:
                    text, tag = str(term), None
            exact = Decimal(text) if kind in (TermKind.INTEGER, TermKind.DECIMAL) else None
            double = float(text.replace("INF", "inf")) if kind is TermKind.DOUBLE else None
            terms.append((ids[term], text, tag, exact, double))
            hashes.append((hash_of(n_triples(term)), ids[term]))
        return ids[term]

    stated: dict[ox.Triple, set[int]] = {}
    for quad in store:
        graphs = stated.setdefault(quad.triple, set())
        if isinstance(quad.graph_name, ox.NamedNode):
            graphs.add(number(quad.graph_name))
    sets: dict[frozenset[int], int] = {}
    rows = [
        (number(t.predicate), number(t.subject), number(t.object), sets.setdefault(frozenset(graphs), len(sets)))
        for t, graphs in stated.items()
    ]
    _insert(connection, "terms", terms)
    _insert(connection, "term_hashes", sorted(hashes))
    _insert(connection, "by_subject", sorted(rows))
    _insert(connection, "by_object", sorted((p, o, s, g) for p, s, o, g in rows))
    _insert(connection, "graph_sets", [(g, graph) for graphs, g in sets.items() for graph in graphs])
    return connection


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    connection.execute(f"DELETE FROM {table}")
    for begin in range(0, len(rows), 500):
        values = ", ".join(f"({', '.join(map(_written, row))})" for row in rows[begin : begin + 500])
        connection.execute(f"INSERT INTO {table} VALUES {values}")


def _written(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"'{value}'::DOUBLE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)

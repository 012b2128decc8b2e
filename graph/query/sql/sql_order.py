"""ORDER BY in SQL: the order of ``graph.query.sparql.ordering`` (SPARQL 1.1 Query 15.1).

First what is unbound, then IRIs, texts by their letters, dates and times, and numbers by value. All else has keys that
only the engine knows.
"""

from __future__ import annotations

from graph.query.sql.sql_values import (
    BOOLEAN_IRI,
    DECIMAL,
    DOUBLE,
    EXACT,
    INTEGER,
    IRI,
    LANGUAGE_STRING,
    NUMBER_TYPE,
    NUMERIC,
    OTHER,
    STRING,
    TIME,
    UNTOLD,
    ValueInSql,
    quoted,
)


def order_terms(value: ValueInSql, *, is_descending: bool) -> list[str]:
    """Return by what solutions are sorted for one condition."""
    ending = " DESC NULLS LAST" if is_descending else " ASC NULLS FIRST"
    return [f"{each}{ending}" for each in _keys(value)]


def _keys(value: ValueInSql) -> list[str]:
    kinds = value.kinds
    if not kinds:
        return []
    keys = list[str]()
    if kinds & NUMERIC:
        keys.append(_number(value))
    if not kinds <= NUMERIC:
        keys += _others(value)
    if kinds & EXACT and kinds != {INTEGER}:
        number = f"CASE WHEN {value.kind} IN ({INTEGER}, {DECIMAL}) THEN {value.exact}"
        keys.append(number + (f" WHEN {value.kind} = {DOUBLE} THEN TRY_CAST({value.approximate} AS {NUMBER_TYPE}) END"
                              if DOUBLE in kinds else " END"))  # fmt: skip
    return keys


def _number(value: ValueInSql) -> str:
    cases = f"WHEN {value.kind} IN ({INTEGER}, {DECIMAL}) THEN {value.exact}" if value.kinds & EXACT else ""
    if DOUBLE not in value.kinds:
        return f"CASE {cases} END"
    cases = cases.replace(f"THEN {value.exact}", f"THEN CAST({value.exact} AS DOUBLE)")
    # NaN is no number here, and of the largest numbers another key decides
    strange = f"isnan({value.approximate}) OR abs({value.approximate}) > 9e18"
    double = f"CASE WHEN {strange} THEN {UNTOLD} ELSE {value.approximate} END"
    return f"CASE {cases} WHEN {value.kind} = {DOUBLE} THEN {double} END"


def _others(value: ValueInSql) -> list[str]:
    kinds = value.kinds
    if kinds in ({IRI}, {STRING}):
        return [value.text]
    if value.truth is not None:
        return [value.truth]
    boolean = f"{value.kind} = {OTHER} AND {value.tag} = {quoted(BOOLEAN_IRI)} AND {value.text} IN ('true', 'false')"
    ranks = [f"WHEN {value.kind} = {IRI} THEN 0", f"WHEN {value.kind} IN ({STRING}, {LANGUAGE_STRING}) THEN 1",
             f"WHEN {value.kind} = {TIME} THEN 2"]  # fmt: skip
    if OTHER in kinds:
        ranks += [f"WHEN {boolean} THEN 1", f"WHEN {value.kind} = {OTHER} THEN {UNTOLD}"]
    texts = f"WHEN {value.kind} IN ({IRI}, {STRING}, {LANGUAGE_STRING}, {OTHER}) THEN {value.text}"
    # Texts of equal letters: by datatype, then by language
    among = (
        f"CASE WHEN {value.kind} = {LANGUAGE_STRING} THEN 0 WHEN {value.kind} = {OTHER} THEN 1 "
        f"WHEN {value.kind} = {STRING} THEN 2 END"
    )
    tags = (
        f"CASE WHEN {value.kind} = {LANGUAGE_STRING} THEN {value.tag} WHEN {value.kind} = {TIME} THEN {value.text} END"
    )
    moments = f"WHEN {value.kind} = {TIME} THEN {_moment(value)} " if TIME in kinds else ""
    return [f"CASE {' '.join(ranks)} END", f"CASE {moments}{texts} END", among, tags]


def _moment(value: ValueInSql) -> str:
    """Return a date or a time by its place in UTC, where letters say it; what has no zone is taken for one in UTC."""
    text = value.text
    return (
        f"CASE WHEN length({text}) = 10 THEN {text} || 'T00:00:00' WHEN length({text}) = 19 THEN {text} "
        f"WHEN length({text}) = 20 AND ends_with({text}, 'Z') THEN left({text}, 19) ELSE {UNTOLD} END"
    )

"""Aggregates and ORDER BY in SQL (SPARQL 1.1 Query 18.5.1 and 15.1), as the engine has them.

An error among the values makes SUM, AVG, MIN, MAX and GROUP_CONCAT an error; COUNT and SAMPLE leave it out. Sums of
integers and decimals are exact in any order. Sums of doubles depend on the order, and which of two equal terms is the
least one, too: both are the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graph.query.sql.algebra import SetFunction, UnsupportedError
from graph.query.sql.solution_blocks import SolutionColumn
from graph.query.sql.sql_expressions import LARGEST_INTEGER, scaled_number, unscaled_number
from graph.query.sql.sql_values import (
    ANY_KIND,
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
    STRUCT_TYPE,
    TIME,
    UNTOLD,
    ComputedValue,
    IndexedValue,
    StructValue,
    ValueInSql,
    integer_value,
    number_value,
    quoted,
)

# Aggregates


def aggregate(function: SetFunction, argument: ValueInSql | None, everything: Sequence[str]) -> SolutionColumn:
    """Return the column of an aggregate.

    Args:
        function: which one.
        argument: the value that it takes of each solution; None for ``COUNT(*)``.
        everything: the columns of all variables.

    Raises:
        UnsupportedError: it is the engine's.
    """
    if argument is None:
        number = _count_of_all(everything) if function.is_distinct else "count(*)"
        return _computed(integer_value(number, is_certain=True))
    if function.name not in _AGGREGATES:
        raise UnsupportedError
    return _AGGREGATES[function.name](function, argument)


def _computed(value: ValueInSql) -> SolutionColumn:
    return SolutionColumn(value.struct, is_struct=True, is_certain=False, kinds=value.kinds)


def _count_of_all(everything: Sequence[str]) -> str:
    # rows of which every variable is unbound count once, too
    return f"count(DISTINCT row({', '.join(everything) or '1'}))"


def _counted(function: SetFunction, value: ValueInSql) -> SolutionColumn:
    what = f"DISTINCT {value.number or value.struct}" if function.is_distinct else value.number or value.kind
    return _computed(integer_value(f"count({what})", is_certain=True))


def _summed(function: SetFunction, value: ValueInSql) -> SolutionColumn:
    if _is_integer(value):
        return _computed(number_value(frozenset({INTEGER}), str(INTEGER),
                                      f"coalesce({_sum_of_integers(function, value)}, 0)", "NULL"))  # fmt: skip
    total, kind = _sum(function, value)
    return _computed(number_value(frozenset(EXACT), f"CASE WHEN count(*) = 0 THEN {INTEGER} ELSE {kind} END",
                                  f"CASE WHEN count(*) = 0 THEN 0 ELSE {total} END", "NULL"))  # fmt: skip


def _is_integer(value: ValueInSql) -> bool:
    """Whether a value is surely an integer, so that its sums are told in a third of the words."""
    return value.is_certain and value.kinds == {INTEGER}


def _sum_of_integers(function: SetFunction, value: ValueInSql) -> str:
    distinct = "DISTINCT " if function.is_distinct else ""
    too_large = f"sum(abs({value.exact})) > {LARGEST_INTEGER}"
    return f"CASE WHEN {too_large} THEN {UNTOLD} ELSE sum({distinct}{value.exact}) END"


def _sum(function: SetFunction, value: ValueInSql) -> tuple[str, str]:
    """Return the sum of the values of a group that has some, and its kind; NULL where one is no number."""
    exact = f"CASE WHEN {value.kind} IN ({INTEGER}, {DECIMAL}) THEN {value.exact} END"
    if not value.kinds & EXACT:
        exact = f"CAST(NULL AS {NUMBER_TYPE})"
    total, largest = f"sum({exact})", f"sum(abs({exact}))"
    if function.is_distinct:
        # equal terms count once; 1 and 1.0 are two
        parts = [
            f"coalesce(sum(DISTINCT CASE WHEN {value.kind} = {kind} THEN {value.exact} END), 0)"
            for kind in sorted(value.kinds & EXACT)
        ]
        total = " + ".join(parts) or total
    total = f"CASE WHEN max({value.kind}) = {INTEGER} AND {largest} > {LARGEST_INTEGER} THEN {UNTOLD} ELSE {total} END"
    others = f"count(CASE WHEN {value.kind} IN ({DOUBLE}, {TIME}, {OTHER}) THEN 1 END)"
    kind = f"CASE WHEN count({exact}) = count(*) THEN max({value.kind}) WHEN {others} > 0 THEN {UNTOLD} END"
    return f"CASE WHEN count({exact}) = count(*) THEN {total} END", kind


def _averaged(function: SetFunction, value: ValueInSql) -> SolutionColumn:
    total, kind = (_sum_of_integers(function, value), "1") if _is_integer(value) else _sum(function, value)
    number = "count(*)" if not function.is_distinct else f"count(DISTINCT {value.number or value.struct})"
    # as the engine divides: cut behind 18 places
    mean = unscaled_number(f"({scaled_number(total)}) // {number}")
    return _computed(number_value(
        frozenset(EXACT), f"CASE WHEN count(*) = 0 THEN {INTEGER} WHEN ({kind}) IS NOT NULL THEN {DECIMAL} END",
        f"CASE WHEN count(*) = 0 THEN 0 ELSE {mean} END", "NULL"))  # fmt: skip


def _extreme(name: str) -> Callable[[SetFunction, ValueInSql], SolutionColumn]:
    """Return MIN or MAX where all values surely compare: integers and decimals, strings, IRIs, dates."""
    least = name == "MIN"

    def extreme(_: SetFunction, value: ValueInSql) -> SolutionColumn:
        term, kind = value.number or value.struct, value.kind
        pick, end = ("arg_min", "min") if least else ("arg_max", "max")
        cases = [f"WHEN count({kind}) < count(*) OR count(*) = 0 THEN NULL"]
        if value.kinds & EXACT:
            number = f"CASE WHEN {kind} IN ({INTEGER}, {DECIMAL}) THEN {value.exact} END"
            # Of 1 and 1.0 it would be the one that comes first
            alone = (
                f"{end}(CASE WHEN {kind} = {INTEGER} THEN {value.exact} END) IS DISTINCT FROM "
                f"{end}(CASE WHEN {kind} = {DECIMAL} THEN {value.exact} END)"
            )
            cases.append(
                f"WHEN count({number}) = count(*) THEN "
                f"CASE WHEN {alone} THEN {pick}({term}, {number}) ELSE {UNTOLD} END"
            )
        for one in sorted(value.kinds & {0, STRING}):
            text = f"CASE WHEN {kind} = {one} THEN {value.text} END"
            cases.append(f"WHEN count({text}) = count(*) THEN {pick}({term}, {text})")
        if TIME in value.kinds:
            text = f"CASE WHEN {kind} = {TIME} AND length({value.text}) IN (10, 19, 20) THEN {value.text} END"
            alike = f"min(length({text})) = max(length({text})) AND min({value.tag}) = max({value.tag})"
            cases.append(f"WHEN count({text}) = count(*) AND {alike} THEN {pick}({term}, {text})")
        type_ = "BIGINT" if value.number is not None else STRUCT_TYPE
        sql = f"CAST(CASE {' '.join(cases)} ELSE {UNTOLD} END AS {type_})"
        return SolutionColumn(sql, is_struct=value.number is None, is_certain=False, kinds=value.kinds or ANY_KIND)

    return extreme


def _sampled(_: SetFunction, value: ValueInSql) -> SolutionColumn:
    return SolutionColumn(f"any_value({value.number or value.struct})", value.number is None, is_certain=False,
                          kinds=value.kinds or ANY_KIND)  # fmt: skip


def _concatenated(function: SetFunction, value: ValueInSql) -> SolutionColumn:
    """Compile GROUP_CONCAT: strings of one language keep it, and anything else among them is an error."""
    kind = value.kind
    text = f"CASE WHEN {kind} IN ({STRING}, {LANGUAGE_STRING}) THEN {value.text} END"
    distinct = "DISTINCT " if function.is_distinct else ""
    whole = f"string_agg({distinct}{text}, {quoted(function.separator)})"
    tags = f"count(DISTINCT CASE WHEN {kind} = {LANGUAGE_STRING} THEN {value.tag} END)"
    tagged = f"count(CASE WHEN {kind} = {LANGUAGE_STRING} THEN 1 END)"
    in_one_language = f"{tagged} = count(*) AND {tags} = 1"
    mixed = f"WHEN {tagged} > 0 AND NOT ({in_one_language}) THEN {UNTOLD} " if function.is_distinct else ""
    others = f"count(CASE WHEN {kind} = {OTHER} THEN 1 END)"
    of_group = (
        f"CASE WHEN count(*) = 0 THEN {STRING} WHEN count({text}) < count(*) THEN "
        f"CASE WHEN {others} > 0 THEN {UNTOLD} END {mixed}"
        f"WHEN {in_one_language} THEN {LANGUAGE_STRING} ELSE {STRING} END"
    )
    tag = f"CASE WHEN count(*) > 0 AND {in_one_language} THEN min({value.tag}) END"
    return _computed(ComputedValue(frozenset({STRING, LANGUAGE_STRING}), of_group,
                                   (f"coalesce({whole}, '')", tag, "NULL", "NULL")))  # fmt: skip


_AGGREGATES: dict[str, Callable[[SetFunction, ValueInSql], SolutionColumn]] = {
    "COUNT": _counted,
    "SUM": _summed,
    "AVG": _averaged,
    "MIN": _extreme("MIN"),
    "MAX": _extreme("MAX"),
    "SAMPLE": _sampled,
    "GROUP_CONCAT": _concatenated,
}


# ORDER BY in SQL: the order of ``graph.query.sparql.ordering`` (SPARQL 1.1 Query 15.1).
#
# First what is unbound, then IRIs, texts by their letters, dates and times, and numbers by value. All else has keys
# that only the engine knows.


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
    if kinds & EXACT and DOUBLE in kinds:
        number = f"CASE WHEN {value.kind} IN ({INTEGER}, {DECIMAL}) THEN {value.exact}"
        keys.append(f"{number} WHEN {value.kind} = {DOUBLE} THEN TRY_CAST({value.approximate} AS {NUMBER_TYPE}) END")
    return keys


def _number(value: ValueInSql) -> str:
    if DOUBLE not in value.kinds and isinstance(value, IndexedValue | StructValue):
        return value.exact  # NULL where it is no number
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

"""The twelve runaways: legal queries (the last two barely) that no server should try to finish.

Each is aimed at one weakness; over 100 k triples and more none of them ends by itself in reasonable time or memory.
A service owes each an honest error in time, and everybody else their answers meanwhile. NEVER run one in a process
that has anything to lose: the engine may abort it. It runs nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.queries import Query

_PRODUCT: Final = "?a ?b ?c . ?d ?e ?f ."
#: How deep the nesting goes, and how long the longest query is in bytes.
DEPTH: Final = 20_000
LENGTH: Final = 10_000_000


def cartesian_count() -> str:
    """Counts a product of three: a billion billion rows over 1 M triples, no memory."""
    return f"SELECT (COUNT(*) AS ?n) WHERE {{ {_PRODUCT} ?g ?h ?i }}"


def cartesian_order() -> str:
    """Sorts a product: all memory there is, before the first row."""
    return f"SELECT * WHERE {{ {_PRODUCT} }} ORDER BY DESC(?f) ?c ?a"


def cartesian_distinct() -> str:
    """Remembers every row of a product."""
    return f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ SELECT DISTINCT ?a ?c ?d ?f WHERE {{ {_PRODUCT} }} }} }}"


def cartesian_group() -> str:
    """A group for every pair of a product."""
    return f"SELECT ?a ?d (COUNT(*) AS ?n) WHERE {{ {_PRODUCT} }} GROUP BY ?a ?d"


def path_over_everything() -> str:
    """Everything that can be reached from everything, in both directions."""
    return "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:none>|^(!<urn:none>))+ ?b . ?b (!<urn:none>|^(!<urn:none>))+ ?c }"


def regular_expression() -> str:
    """A regular expression over every row of a product."""
    text = 'CONCAT(STR(?a), " ", STR(?c), " ", STR(?d), " ", STR(?f))'
    return f'SELECT (COUNT(*) AS ?n) WHERE {{ {_PRODUCT} FILTER(REGEX({text}, "(.*a.*b.*)+(.*c.*d.*)+$", "is")) }}'


def group_concat() -> str:
    """One string of a whole product."""
    return f'SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f)); SEPARATOR=" ") AS ?all) WHERE {{ {_PRODUCT} }}'


def stream() -> str:
    """A product row by row: no memory, no end."""
    return f"SELECT * WHERE {{ {_PRODUCT} }}"


def string_doubling() -> str:
    """A string that is doubled forty times: a terabyte from one row."""
    steps = " ".join(f"BIND(CONCAT(?s{n}, ?s{n}) AS ?s{n + 1})" for n in range(40))
    one = "{ SELECT ?o WHERE { ?s ?p ?o } LIMIT 1 }"
    return f"SELECT (STRLEN(?s40) AS ?n) WHERE {{ {one} BIND(STR(?o) AS ?s0) {steps} }}"


def huge_values() -> str:
    """Three tables of 20,000 rows each, and their product."""
    tables = " ".join(f"VALUES ?{name} {{ {' '.join(str(n) for n in range(20_000))} }}" for name in "xyz")
    return f"SELECT (COUNT(*) AS ?n) (SUM(?x * ?y + ?z) AS ?sum) WHERE {{ {tables} }}"


def deep_nesting() -> str:
    """Groups in groups: as deep as a recursive parser's stack does not reach."""
    return f"SELECT * WHERE {{ {'{ ' * DEPTH}?s ?p ?o{' }' * DEPTH} }}"


def long_query(length: int = LENGTH) -> str:
    """Ten megabytes of a list of strings, none of which is in the data, over a product."""
    item = '"{:010}",'
    strings = "".join(map(item.format, range(length // len(item.format(0)))))
    return f'SELECT (COUNT(*) AS ?n) WHERE {{ {_PRODUCT} FILTER(?c IN ({strings}"") || ?f IN ({strings[:13]}"")) }}'


RUNAWAYS: Final[dict[str, Callable[[], str]]] = {
    "cartesian-count": cartesian_count,
    "cartesian-order": cartesian_order,
    "cartesian-distinct": cartesian_distinct,
    "cartesian-group": cartesian_group,
    "path-over-everything": path_over_everything,
    "regular-expression": regular_expression,
    "group-concat": group_concat,
    "stream": stream,
    "string-doubling": string_doubling,
    "huge-values": huge_values,
    "deep-nesting": deep_nesting,
    "long-query": long_query,
}


def runaways() -> list[Query]:
    """All twelve, in this order."""
    return [Query(name, text()) for name, text in RUNAWAYS.items()]

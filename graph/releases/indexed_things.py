"""What is said of all things of a class, read from the triple index at once, for the tables of classes.

It says term for term what the store says, some ten times as fast for thousands of things; of few things the store is
asked one by one, which takes less than opening the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyoxigraph as ox

from graph.export.views import MOST_SAID, SaidOf, Values
from graph.model.errors import ReleaseError
from graph.model.rdf_terms import RDF_TYPE
from graph.releases.triple_index import TermKind, open_index, sql_string, term

FEW = 500
"""Of so many things the store is asked."""
MOST_TRIPLES = 2_000_000
"""So many statements are held in memory, at some hundred bytes each."""
MEMORY_MB = 256


@dataclass(frozen=True, slots=True)
class _ThingsOfClass:
    """What is said of the things of a class.

    Attributes:
        places: where the statements about a thing begin and end.
        predicates: of each statement, in the order of the things.
        objects: of each statement; None for one that no table shows.
    """

    places: dict[str, tuple[int, int]]
    predicates: list[str]
    objects: list[ox.NamedNode | ox.Literal | None]

    def said(self, things: Sequence[str], wanted: Iterable[str] | None) -> Iterator[Values]:
        """Yield what is said of each thing, as ``graph.export.views.said_of`` does."""
        keys = None if wanted is None else {*wanted}
        for thing in things:
            found = dict[str, list[ox.NamedNode | ox.Literal]]()
            for place in range(*self.places.get(thing, (0, 0))):
                predicate, value = self.predicates[place], self.objects[place]
                if value is not None and (predicate != RDF_TYPE if keys is None else predicate in keys):
                    found.setdefault(predicate, []).append(value)
            yield {
                predicate: tuple(sorted(values, key=str) if len(values) > 1 else values)
                for predicate, values in found.items()
            }


def said_by_index(folder: Path, kind: str) -> SaidOf | None:
    """Return who says of the things of a class what the store of a release says.

    Args:
        folder: the release's.
        kind: the IRI of the class.

    Returns:
        None where the release has no index, it cannot be read, or so much is said that it is to be read piece by piece.
    """
    try:
        connection = open_index(folder, memory_mb=MEMORY_MB, threads=1)
        if connection is None:
            return None
        with connection:
            found = _read(connection, kind)
    except (duckdb.Error, MemoryError, ReleaseError, ValueError):  # the store says it, too, or what is wrong
        return None
    return found.said if found is not None else None


def _read(connection: duckdb.DuckDBPyConnection, kind: str) -> _ThingsOfClass | None:
    iri = f"SELECT id FROM terms WHERE id & 7 = {TermKind.IRI} AND text = "
    things = f"""(SELECT s FROM by_object
        WHERE p = ({iri}{sql_string(RDF_TYPE)}) AND o = ({iri}{sql_string(kind)}))"""
    most, together = _one(
        connection,
        f"SELECT max(n), sum(n) FROM (SELECT count(*) AS n FROM by_subject JOIN {things} USING (s) GROUP BY s)",
    )
    if most is None or most > MOST_SAID or together > MOST_TRIPLES:  # the store may leave some out, or hold them better
        return None
    rows = connection.execute(f"SELECT s, p, o FROM by_subject JOIN {things} USING (s) ORDER BY s").fetchnumpy()
    subjects, predicates, objects = (rows[name].tolist() for name in "spo")
    connection.execute(
        "CREATE TEMP TABLE used AS SELECT unnest($1::BIGINT[]) AS id", [[*{*subjects, *predicates, *objects}]]
    )
    terms = {
        number: term(number, text, tag)
        for number, text, tag in connection.execute("SELECT id, text, tag FROM terms JOIN used USING (id)").fetchall()
    }
    iris = {number: each.value for number, each in terms.items() if isinstance(each, ox.NamedNode)}
    shown = {number: _shown(each) for number, each in terms.items()}
    places, begins = dict[str, tuple[int, int]](), 0
    for place in range(1, len(subjects) + 1):
        if place == len(subjects) or subjects[place] != subjects[begins]:
            places[iris[subjects[begins]]] = begins, place
            begins = place
    return _ThingsOfClass(places, [iris[each] for each in predicates], [shown[each] for each in objects])


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    return row if row is not None else ()


def _shown(found: object) -> ox.NamedNode | ox.Literal | None:
    return found if isinstance(found, ox.NamedNode | ox.Literal) and found.value else None

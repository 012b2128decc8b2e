"""Counts that follow changes are those that SPARQL gives, whatever the changes."""

from __future__ import annotations

from collections import Counter

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.releases.change import Bookkeeping, index_triples
from graph.releases.manifest import Statistics
from graph.sources.batches import UNION, GraphChange, lines_of

GRAPHS = ("http://e/g1", "http://e/g2", "http://e/g3")
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
XSD = "http://www.w3.org/2001/XMLSchema#"
OBJECTS = (
    "<http://e/s1>", "<http://e/C>", '"1"', '"a"@en', f'"1"^^<{XSD}integer>', f'"01"^^<{XSD}integer>',
    f'"1"^^<{XSD}byte>', f'"1"^^<{XSD}decimal>', f'"255"^^<{XSD}integer>', f'"300"^^<{XSD}integer>',
)  # fmt: skip
lines = st.builds(
    "<http://e/s{}> {} {} .".format,
    st.integers(1, 2),
    st.sampled_from(["<http://e/p>", TYPE]),
    st.sampled_from(OBJECTS),
).map(str.encode)
changes = st.lists(
    st.tuples(st.sampled_from(GRAPHS), st.frozensets(lines, max_size=6), st.frozensets(lines, max_size=6)), max_size=8
)


def asked(store: ox.Store, query: str) -> list[ox.QuerySolution]:
    answer = store.query(query)
    assert isinstance(answer, ox.QuerySolutions)
    return list(answer)


def number(store: ox.Store, what: str, pattern: str = "?s ?p ?o") -> int:
    return int(asked(store, f"SELECT (COUNT({what}) AS ?n) {{ {pattern} }}")[0]["n"].value)


def counts(store: ox.Store, key: str, pattern: str) -> dict[str, int]:
    rows = asked(store, f"SELECT {key} (COUNT(*) AS ?n) {{ {pattern} }} GROUP BY {key}")
    return {row[0].value: int(row["n"].value) for row in rows}


def as_sparql_counts(store: ox.Store) -> Bookkeeping:
    several = "{ SELECT DISTINCT ?s ?p ?o ?g { GRAPH ?g { ?s ?p ?o } GRAPH ?h { ?s ?p ?o } FILTER(?g != ?h) } }"
    statistics = Statistics(
        subjects=number(store, "DISTINCT ?s"),
        objects=number(store, "DISTINCT ?o"),
        properties=counts(store, "?p", "?s ?p ?o"),
        classes=counts(store, "?o", f"?s {TYPE} ?o FILTER(isIRI(?o))"),
    )
    indexed = counts(store, "?g", "GRAPH ?g { ?s ?p ?o }")
    return Bookkeeping.from_counts(number(store, "*"), counts(store, "?g", several), indexed, statistics)


def quads(store: ox.Store) -> set[ox.Quad]:
    return {quad for quad in store if isinstance(quad.graph_name, ox.NamedNode)}


@settings(deadline=None, max_examples=150)
@given(steps=changes)
def test_counts_follow_every_change(steps: list[tuple[str, frozenset[bytes], frozenset[bytes]]]) -> None:
    store, book = ox.Store(), Bookkeeping.from_counts(0, {}, {}, Statistics())
    change, stated = GraphChange(UNION), set[ox.Triple]()
    for iri, adding, removing in steps:
        held = {quad.triple for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(iri))}
        removed = index_triples(removing) & held
        added = index_triples(adding) - held
        change = change.then(book.write(store, iri, added, removed))
        assert without_zeros(book) == vars(as_sparql_counts(store))
        merge = {quad.triple for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())}
        stated = {quad.triple for quad in quads(store)}
        assert merge == stated
    assert change == GraphChange(UNION, lines_of(stated))


@settings(deadline=None, max_examples=50)
@given(held=st.frozensets(lines), computed=st.frozensets(lines), anew=st.frozensets(lines), more=st.frozensets(lines))
def test_what_is_hidden_does_not_count_until_it_is_shown_anew(
    held: frozenset[bytes], computed: frozenset[bytes], anew: frozenset[bytes], more: frozenset[bytes]
) -> None:
    store, book = ox.Store(), Bookkeeping.from_counts(0, {}, {}, Statistics())
    book.write(store, GRAPHS[0], index_triples(held), ())
    expected = ox.Store()
    expected.extend(store)
    book.write(store, GRAPHS[1], index_triples(computed), ())
    book.hide(store, GRAPHS[1])
    assert triples_of(store) == triples_of(expected)
    assert without_zeros(book) == {**vars(as_sparql_counts(expected)), "hidden": {GRAPHS[1]}}
    book.write(store, GRAPHS[2], index_triples(more), ())
    book.show(store, GRAPHS[1], index_triples(anew))
    assert without_zeros(book) == vars(as_sparql_counts(store))
    assert {quad.triple for quad in quads(store)} == triples_of(store)


def triples_of(store: ox.Store) -> set[ox.Triple]:
    return {quad.triple for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())}


def without_zeros(book: Bookkeeping) -> dict[str, object]:
    counts = {key: +value if isinstance(value, Counter) else value for key, value in vars(book).items()}
    return {**counts, "touched": set()}  # no count, but what has to be looked up anew


def test_what_only_a_computed_graph_has_is_not_stated() -> None:
    store, book = ox.Store(), Bookkeeping.from_counts(0, {}, {}, Statistics())
    triples = index_triples([b"<http://e/s> <http://e/p> <http://e/o> ."])
    book.write(store, "http://e/entailed", triples, ())
    assert book.write(store, GRAPHS[0], triples, (), ["http://e/entailed"]).added == lines_of(triples)
    assert book.write(store, GRAPHS[0], (), triples, ["http://e/entailed"]).removed == lines_of(triples)
    assert (book.triples, book.statistics().subjects) == (1, 1)


def difference(before: frozenset[bytes] | None, after: frozenset[bytes] | None) -> GraphChange:
    """What makes of one content of a graph the other; None is that it is not there."""
    old, new = before or frozenset(), after or frozenset()
    created, dropped = before is None and after is not None, before is not None and after is None
    return GraphChange(GRAPHS[0], new - old, old - new, created, dropped)


contents = st.none() | st.frozensets(lines)


@given(first=contents, second=contents, third=contents)
def test_two_changes_in_a_row_are_one(
    first: frozenset[bytes] | None, second: frozenset[bytes] | None, third: frozenset[bytes] | None
) -> None:
    """Also where a graph comes and goes again, or the reverse."""
    assert difference(first, second).then(difference(second, third)) == difference(first, third)

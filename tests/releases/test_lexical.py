"""The notes on lexical forms: with them and the index, every line that a graph states is known exactly."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.releases.exact_forms import LEXICAL_FOLDER, LexicalForms, Noting, index_line, open_forms, parsed, rewritten
from graph.releases.manifest import triple_hashes

XSD = "http://www.w3.org/2001/XMLSchema#"
OBJECTS = [
    *(f'"{form}"^^<{XSD}{name}>' for form, name in [
        ("5", "integer"), ("05", "integer"), ("+5", "integer"), ("5", "int"), ("5", "nonNegativeInteger"),
        ("7", "integer"), ("1", "boolean"), ("true", "boolean"), ("4.0", "decimal"), ("4", "decimal"),
        ("1e0", "double"), ("1", "double"), ("2014-11-30Z", "date"), ("2014-11-30+00:00", "date"),
        ("2014-02-31", "date"), ("2020-01-01T00:00:00.0Z", "dateTime"), ("2020-01-01T00:00:00Z", "dateTime"),
        ("2014-09", "gYearMonth"), ("x", "int"), ("PT60M", "duration"), ("PT1H", "duration"),
    ]),
    '"5"', '"5"@uz', "<http://e/o>", '"05"^^<http://e/integer>',
    f'<<( <http://e/a> <http://e/p> "05"^^<{XSD}integer> )>>', f'<<( <http://e/a> <http://e/p> "5"^^<{XSD}integer> )>>',
]  # fmt: skip
GRAPHS = ("http://e/graph/a", "http://e/graph/b")
LINES = st.builds(
    lambda subject, term: f"<http://e/{subject}> <http://e/p> {term} .".encode(),
    st.sampled_from("st"),
    st.sampled_from(OBJECTS),
)
GRAPH = st.sets(LINES, max_size=8).map(frozenset)


def test_exactly_the_lines_that_the_index_changes_are_rewritten() -> None:
    lines = [f"<http://e/s> <http://e/p> {term} .".encode() for term in OBJECTS]
    expected = [line for line in lines if index_line(line) != line]
    assert len(expected) == 11
    assert rewritten(b"\n".join(lines) + b"\n") == expected


def indexed(graphs: dict[str, frozenset[bytes]]) -> ox.Store:
    store = ox.Store()
    for graph, lines in graphs.items():
        store.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph), lenient=True)
        store.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return store


def merged(lines: frozenset[bytes]) -> ox.Store:
    store = ox.Store()
    store.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return store


def quad(line: bytes, graph: str | None = None) -> ox.Quad:
    triple = parsed(line)
    place = ox.NamedNode(graph) if graph else ox.DefaultGraph()
    return ox.Quad(triple.subject, triple.predicate, triple.object, place)


def noted(folder: Path, graphs: dict[str, frozenset[bytes]]) -> LexicalForms:
    noting = Noting(folder)
    for graph, lines in graphs.items():
        for line in lines:
            noting.add(graph, rewritten(line + b"\n"))
    noting.close({graph: [triple_hashes(list(lines))[:, :2]] for graph, lines in graphs.items() if lines})
    return open_forms(folder)


def as_seen(forms: LexicalForms, index: ox.Store) -> dict[str, frozenset[bytes]]:
    return {
        graph: frozenset(
            line
            for quad in index.quads_for_pattern(None, None, None, ox.NamedNode(graph))
            for line in forms.lines(index, quad.triple, graph)
        )
        for graph in GRAPHS
    }


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=GRAPH, two=GRAPH)
def test_index_and_notes_say_what_every_graph_states(
    tmp_path_factory: pytest.TempPathFactory, one: frozenset[bytes], two: frozenset[bytes]
) -> None:
    graphs = dict(zip(GRAPHS, (one, two), strict=True))
    forms, index = noted(tmp_path_factory.mktemp("release"), graphs), indexed(graphs)
    assert as_seen(forms, index) == graphs
    for line in one | two:
        assert forms.graphs(index, line) == {graph for graph, lines in graphs.items() if line in lines}
        assert forms.lines(index, parsed(line)) == {each for each in one | two if index_line(each) == index_line(line)}


@settings(deadline=None, max_examples=150)
@given(one=GRAPH, two=GRAPH, after=GRAPH)
def test_notes_that_follow_a_change_are_those_made_from_nothing(
    one: frozenset[bytes], two: frozenset[bytes], after: frozenset[bytes]
) -> None:
    notes, index, graph = ox.Store(), ox.Store(), GRAPHS[0]
    for place, lines in ((graph, one), (GRAPHS[1], two)):
        LexicalForms(notes).noted(index, place, lines, ()).write(notes)
        for line in lines:
            index.add(quad(line, place))
    forms, added, removed = LexicalForms(notes), after - one, one - after
    change, gone = forms.noted(index, graph, added, removed), forms.removable(index, graph, added, removed)
    merge_gone = forms.removable(index, None, added - two, removed - two)
    merge = merged(one | two)
    for line in gone:
        index.remove(quad(line, graph))
    for line in added:
        index.add(quad(line, graph))
    for line in merge_gone:
        merge.remove(quad(line))
    for line in added:
        merge.add(quad(line))
    change.write(notes)
    assert as_seen(forms, index) == {graph: after, GRAPHS[1]: two}
    default = ox.DefaultGraph()
    assert {each.triple for each in merge.quads_for_pattern(None, None, None, default)} == {
        each.triple for each in merged(after | two).quads_for_pattern(None, None, None, default)
    }


def test_a_release_without_rewritten_lines_has_no_notes(tmp_path: Path) -> None:
    line = f'<http://e/s> <http://e/p> "5"^^<{XSD}integer> .'.encode()
    assert noted(tmp_path, {GRAPHS[0]: frozenset({line})}).notes is None
    assert not (tmp_path / LEXICAL_FOLDER).exists()

"""Groups as the specification means them: paths by their definitions, GRAPH ?g as its pattern in each graph alone."""

from __future__ import annotations

import sys
from collections import Counter

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_material import read_tree

from graph.model.errors import QueryRefusedError, QuerySyntaxError
from graph.model.formats import RESULTS_TSV
from graph.query.embedded import RewrittenShapes, evaluate
from graph.query.engine import Dataset, QueryRequest
from graph.query.sparql import rewriting
from graph.query.sparql.rewriting import by_specification
from graph.query.worker import FRAMES

PREFIX = "PREFIX : <http://x/> "
GRAPHS = {
    "g1": ':a :p :b , :c ; :q :b , "x" . :b :q :c ; :r :a . :c :p :c .',
    "g2": ":a :p :d ; :q :d . :d :r :a , :b .",
    "g3": ":e :q :a .",
}
Row = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """Three graphs, and their merge as the default graph."""
    made = ox.Store()
    for name, text in GRAPHS.items():
        turtle = f"@prefix : <http://x/> . {text}".encode()
        made.load(turtle, ox.RdfFormat.TURTLE)
        made.load(turtle, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(f"http://x/{name}"))
    return made


def asked(text: str, store: ox.Store, dataset: Dataset | None = None) -> Counter[Row]:
    request = QueryRequest(PREFIX + text, "SELECT", RESULTS_TSV, "http://x/", dataset or Dataset())
    return counted(evaluate(store, request, frozenset()))


def counted(found: object) -> Counter[Row]:
    assert isinstance(found, ox.QuerySolutions)
    names = sorted(each.value for each in found.variables)
    return Counter(tuple((name, str(row[name])) for name in names if row[name] is not None) for row in found)


# COUNT of an expression (18.5.1.2): what is an error is not counted

VALUES = "VALUES (?g ?n) { (1 1) (1 'x') (1 UNDEF) (2 3) (2 3) (2 'x') (3 'y') }"
COUNTS = {
    "one error of two": ("SELECT (COUNT(?n + 1) AS ?k)", "", [(("k", "3"),)]),
    "in small letters, behind a comment": ("SELECT (count # ( \n (?n + 1 # )\n ) AS ?k)", "", [(("k", "3"),)]),
    "of different values": ("SELECT (COUNT(DISTINCT ?n + 1) AS ?k)", "", [(("k", "2"),)]),
    "by group, also of errors alone": (
        "SELECT ?g (COUNT(?n + 1) AS ?k) (COUNT(DISTINCT ?n + 1) AS ?l)", "GROUP BY ?g",
        [(("g", group), ("k", values), ("l", different)) for group, values, different in ("111", "221", "300")],
    ),
    "a condition on groups": ("SELECT ?g", "GROUP BY ?g HAVING(COUNT(?n + 1) = 2)", [(("g", "2"),)]),
    "an order of groups": ("SELECT ?g", "GROUP BY ?g ORDER BY DESC(COUNT(?n + 1)) LIMIT 1", [(("g", "2"),)]),
    "within a calculation": ("SELECT (10 * COUNT(?n + 1) + 1 AS ?k)", "", [(("k", "31"),)]),
    "of what differs at each look": ("SELECT (COUNT(RAND()) AS ?k)", "", [(("k", "7"),)]),
    "a variable": ("SELECT (COUNT(?n) AS ?k) (COUNT(DISTINCT ?n) AS ?l)", "", [(("k", "6"), ("l", "4"))]),
    "solutions": ("SELECT (COUNT(*) AS ?k)", "", [(("k", "7"),)]),
    "in a subquery": ("SELECT ?k { { SELECT (COUNT(?n + 1) AS ?k)", "} }", [(("k", "3"),)]),
}  # fmt: skip


@pytest.mark.parametrize(("head", "tail", "expected"), COUNTS.values(), ids=COUNTS.keys())
def test_a_count_leaves_errors_out(
    store: ox.Store, head: str, tail: str, expected: list[tuple[tuple[str, str], ...]]
) -> None:
    request = QueryRequest(f"{head} {{ {VALUES} }} {tail}", "SELECT", RESULTS_TSV, "http://x/")
    for known in (None, RewrittenShapes()):
        found = evaluate(store, request, frozenset(), *([known] if known is not None else []))
        assert isinstance(found, ox.QuerySolutions)
        names = [each.value for each in found.variables]
        rows = [tuple((name, row[name].value) for name in names) for row in found]
        assert sorted(rows) == sorted(expected)


# Paths (18.4)

Pairs = Counter[tuple[str, str]]


@st.composite
def paths(draw: st.DrawFn, depth: int = 0) -> tuple[str, tuple[object, ...]]:
    """A path as it is written in brackets, and as a tree."""
    form = draw(st.sampled_from(["iri"] if depth > 2 else ["iri", "|", "|", "/", "^", "*", "+", "?"]))
    if form == "iri":
        name = draw(st.sampled_from("pqr"))
        return f":{name}", ("iri", name)
    left, one = draw(paths(depth + 1))
    if form in "|/":
        right, other = draw(paths(depth + 1))
        return f"({left}{form}{right})", (form, one, other)
    return (f"(^({left}))" if form == "^" else f"(({left}){form})"), (form, one)


def pairs(tree: tuple[object, ...], triples: list[tuple[str, str, str]], nodes: set[str]) -> Pairs:
    """What a path connects, with its cardinality, by the definitions of 18.4."""
    form, *parts = tree
    if form == "iri":
        return Counter((s, o) for s, p, o in triples if p == parts[0])
    one = pairs(parts[0], triples, nodes)  # type: ignore[arg-type]
    if form == "^":
        return Counter({(end, start): count for (start, end), count in one.items()})
    if form == "|":
        return one + pairs(parts[1], triples, nodes)  # type: ignore[arg-type]
    if form == "/":
        other = pairs(parts[1], triples, nodes)  # type: ignore[arg-type]
        joined: Pairs = Counter()
        for (start, middle), count in one.items():
            for (begin, end), times in other.items():
                joined[start, end] += count * times * (middle == begin)
        return +joined
    return Counter(dict.fromkeys(repeated(set(one), nodes, str(form)), 1))


def repeated(steps: set[tuple[str, str]], nodes: set[str], sign: str) -> set[tuple[str, str]]:
    reached = set(steps)
    while sign != "?" and (more := {(a, d) for a, b in reached for c, d in steps if b == c} - reached):
        reached |= more
    return reached if sign == "+" else reached | {(node, node) for node in nodes}


ENDS = [":a", ":b", ":c", ":absent", '"x"', ":p"]


@settings(max_examples=150, deadline=None)
@given(path=paths(), start=st.sampled_from(["?x", *ENDS[:4]]), end=st.sampled_from(["?y", *ENDS]))
def test_a_path_has_the_solutions_that_it_is_defined_to_have(
    path: tuple[str, tuple[object, ...]], start: str, end: str, store: ox.Store
) -> None:
    triples = [
        (str(s), p.value[-1], str(o)) for s, p, o, _ in store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    ]
    nodes = {each for s, _, o in triples for each in (s, o)}
    constants = {each: f"<http://x/{each[1:]}>" if each[0] == ":" else each for each in (start, end) if each[0] != "?"}
    found = pairs(path[1], triples, nodes | set(constants.values()))
    expected: Counter[Row] = Counter()
    for (one, other), count in found.items():
        told = [("x", one)] * (start == "?x") + [("y", other)] * (end == "?y")
        fits = one == constants.get(start, one) and other == constants.get(end, other)
        # a constant that no triple has is no value of a variable at the other end of all paths, but of its own
        real = (start in constants or one in nodes or end in constants) and (
            end in constants or other in nodes or start in constants
        )
        if fits and real:
            expected[tuple(told)] += count
    assert asked(f"SELECT * {{ {start} {path[0]} {end} }}", store) == expected


COUNTS = {
    "both arms": ("{ :a (:p|:q) ?y }", 6),
    "the same twice": ("{ :a (:p|:p) ?y }", 6),
    "beside others": ("{ :a :p ?z ; (:p|:q) ?y , :b . ?z ?v ?w }", 60),
    "behind others": ("{ :b :r ?x . ?x (:p|:q)/:q ?y }", 2),
    "backwards": ("{ ?y ^(:p|:q) :a . }", 6),
    "to a node without a name": ("{ :a (:p|:q) [] }", 6),
    "in an optional part": ("{ :a :p ?y OPTIONAL { ?y (:q|:p) ?z } }", 3),
    "in a subquery": ("{ { SELECT ?y { :a (:p|:q) ?y } } }", 6),
    "taken away": ("{ :a :p ?y MINUS { :a (:q|:r) ?y } }", 1),
    "what it is not, both ways": ("{ :b !(:p|^:r) ?y }", 4),
    "no step from nobody": ("{ :absent :p* ?y }", 1),
    "no step to nobody": ("{ ?y (:p|:q?)/:r* :absent }", 1),
    "no step twice": ("{ :absent (:p*|:q?) ?y }", 2),
    "no step between nobody": ("{ :absent :p* :absent }", 1),
    "no step between two": ("{ :absent :p* :nobody }", 0),
    "no step to a text": ("{ ?y :p? 'z'@en }", 1),
    "no step from who is there": ("{ :e :p* ?y }", 1),
    "no step to a node without a name": ("{ :absent :p* [] }", 1),
    "a value that is nobody": ("{ VALUES ?x { :absent } ?x :p* ?y }", 0),
}


@pytest.mark.parametrize(("pattern", "count"), COUNTS.values(), ids=COUNTS.keys())
def test_solutions_count(pattern: str, count: int, store: ox.Store) -> None:
    assert sum(asked(f"SELECT * {pattern}", store).values()) == count


# GRAPH ?g (18.6)

PATTERNS = {
    "a count": "{ SELECT (COUNT(*) AS ?n) { ?s :p ?o } }",
    "a count of nothing": "{ SELECT (COUNT(*) AS ?n) { ?s :none ?o } }",
    "a page": "{ SELECT ?s ?o { ?s :q ?o } ORDER BY ?s ?o LIMIT 1 }",
    "different ones": "{ SELECT DISTINCT ?s { ?s ?p ?o } }",
    "a count beside triples": "?s :r ?o . { SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?x } GROUP BY ?s }",
    "values": "VALUES ?x { 1 2 }",
    "values and triples": "VALUES ?s { :a } ?s :p ?o",
    "a value": "BIND(1 AS ?x)",
    "nothing": "",
    "what may be missing": "OPTIONAL { ?s :r ?o }",
    "missing behind": "?s :q ?o OPTIONAL { ?o :p ?x }",
    "missing twice": "?s :q ?o OPTIONAL { OPTIONAL { ?o :p ?x } }",
    "taken away": "?s :q ?o MINUS { ?s :p ?o }",
    "taken away without a word in common": "?s :q ?o MINUS { ?x :p ?y }",
    "arms": "{ ?s :p ?o } UNION { ?s :q ?x }",
    "an arm without triples": "{ ?s :p ?o } UNION { VALUES ?o { :z } }",
    "an empty arm": "?s :p ?o { } UNION { ?s :q ?x }",
    "the graph among the variables": "?s :p ?o OPTIONAL { ?g :q ?x }",
    "the graph in a subject": "?g :p ?o",
    "the graph asked for": "FILTER(BOUND(?g))",
    "a filter": "?s :p ?o FILTER(?o != :b && NOT EXISTS { ?o :p ?x })",
    "a path": "?s (:p|:q)/:q? ?o",
    "no step": ":absent :p* ?o",
    "no step from who is elsewhere": ":e (:p*|:q) ?o",
    "labels": "_:x :p ?o . _:x :q ?y { SELECT (COUNT(*) AS ?n) { _:y :q ?z . _:y :p ?z } }",
    "another graph": "GRAPH :g1 { ?s :p ?o }",
    "any other graph": "?x :r ?y GRAPH ?h { SELECT (COUNT(*) AS ?n) { ?s :q ?o } }",
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_a_graph_has_the_solutions_that_its_pattern_has_in_it_alone(pattern: str, store: ox.Store) -> None:
    expected: Counter[Row] = Counter()
    for name in GRAPHS:
        graph = ox.NamedNode(f"http://x/{name}")
        alone = ox.Store()
        alone.extend(ox.Quad(*quad.triple) for quad in store.quads_for_pattern(None, None, None, graph))
        for quad in store.quads_for_pattern(None, None, None):
            if quad.graph_name != ox.DefaultGraph():
                alone.add(quad)
        for row, count in asked(f"SELECT * {{ {pattern} }}", alone).items():
            if dict(row).get("g", str(graph)) == str(graph):
                expected[tuple(sorted({**dict(row), "g": str(graph)}.items()))] += count
    assert asked(f"SELECT * {{ GRAPH ?g {{ {pattern} }} }}", store) == expected


@pytest.mark.parametrize(
    "pattern", ["VALUES ?x { 1 }", "{ SELECT (COUNT(*) AS ?n) { ?s :p ?o } }", ":absent :p* ?y", ""]
)
def test_a_graph_that_is_not_there_has_no_solutions(pattern: str, store: ox.Store) -> None:
    assert not asked(f"SELECT * {{ GRAPH :none {{ {pattern} }} }}", store)
    assert not asked(f"SELECT * {{ GRAPH ?g {{ {pattern} }} }}", ox.Store())


def test_only_the_graphs_of_the_dataset_are_asked(store: ox.Store) -> None:
    text = "SELECT * { GRAPH ?g { SELECT (COUNT(*) AS ?n) { ?s :p ?o } } }"
    found = asked(text, store, Dataset((), ("http://x/g2", "http://x/g3")))
    assert sorted(dict(row)["g"] for row in found) == ["<http://x/g2>", "<http://x/g3>"]


def test_a_filter_on_the_graph_stays_one(store: ox.Store) -> None:
    assert sum(asked("SELECT * { GRAPH ?g { ?s :p ?o FILTER(?g = :g2) } }", store).values()) == 1


AS_THEY_ARE = [
    "SELECT * { ?s :p ?o ; :q/:r ?x OPTIONAL { ?s :q* ?y } }",
    "SELECT * { GRAPH ?g { ?s :p ?o OPTIONAL { ?s :q ?x } FILTER(?x > 1 || STRSTARTS(STR(?g), 'h')) } }",
    "SELECT (COUNT(*) AS ?n) { { ?s a ?t } UNION { ?t ?p ?s } }",
    "SELECT * { SERVICE <http://x/> { ?s (:p|:q) ?o GRAPH ?g { SELECT ?s { ?s :p ?o } } } ?o (:p|:q)+ ?x }",
    "CONSTRUCT { ?s :p ?o } WHERE { GRAPH ?g { ?s :p ?o MINUS { ?s :q ?o } } }",
    "SELECT * { << ?s :p ?o >> :q* ?x . ?x (:p|:q)* [ :p ?y ] }",
    "DESCRIBE :a",
]


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_what_the_engine_answers_as_meant_means_the_same(text: str) -> None:
    assert "".join(by_specification(read_tree(text), lambda: []).replace(" .", "").split()) == "".join(
        text.replace(" .", "").split()
    )


def test_deep_brackets_are_borne(store: ox.Store) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(FRAMES)
    groups_within = "{ " * 390 + ":a (:p|:q) ?y" + " }" * 390
    assert sum(asked(f"SELECT * {groups_within}", store).values()) == 6
    assert sum(asked(f"SELECT * {{ :a {'(' * 390}:p|:q{')' * 390} ?y }}", store).values()) == 6
    sys.setrecursionlimit(before)


def test_brackets_too_deep_for_this_process_are_the_engines(store: ox.Store) -> None:
    assert sum(asked(f"SELECT * {{ :a {'(' * 1000}:p{')' * 1000} ?y . }}", store).values()) == 3


def test_illegal_paths_stay_errors(store: ox.Store) -> None:
    for pattern in ("?s (:p|) ?o", "?s :p|| ?o", "?s (:p|:q ?o", "GRAPH ?g ?s (:p|:q) ?o", "?s (:p|:q) ?o OPTIONAL"):
        with pytest.raises(QuerySyntaxError):
            asked(f"SELECT * {{ {pattern} }}", store)


def test_too_many_graphs_are_an_error(store: ox.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting, "MOST_CHARACTERS", 100)
    with pytest.raises(QueryRefusedError, match="of 3 graphs; name one"):
        asked("SELECT * { GRAPH ?g { SELECT (COUNT(*) AS ?n) { ?s :p ?o } } }", store)

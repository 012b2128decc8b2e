"""The syntax tree: what it spans, what it finds, and which variables a pattern brings into scope."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_material import LEGAL, read_tree, texts
from sparql_suites import cases

from graph.model.errors import QuerySyntaxError
from graph.query.sparql.tokens import tokens
from graph.query.sparql.tree import Departure, SyntaxNode, SyntaxTree, group_keys, in_scope, parsed, selected, walk

LEGAL_TEXTS = [*LEGAL, *(case.query.read_bytes().decode() for case in cases().values() if case.kind != "illegal")]


def first(tree: SyntaxTree, name: str) -> SyntaxNode:
    return next(each for each in walk(tree.root) if each.name == name)


def is_nested(node: SyntaxNode) -> bool:
    """Whether the parts of a node follow one another within it, and none is empty."""
    places = [node.first, *(place for part in node.parts for place in (part.first, part.last)), node.last]
    return places == sorted(places) and all(part.first < part.last for part in node.parts)


def test_every_legal_query_has_a_tree_of_all_its_tokens() -> None:
    for text in LEGAL_TEXTS:
        tree = read_tree(text)
        assert all(map(is_nested, walk(tree.root)))
        assert list(tree.seen(tree.root, lambda *_: False)) == list(range(len(tree.tokens)))


@given(st.sampled_from(LEGAL), st.data())
@settings(max_examples=300, deadline=None)
def test_any_text_has_a_tree_or_one_token_where_it_departs(legal: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(legal)))
    text = legal[:begin] + data.draw(texts) + legal[begin + data.draw(st.integers(0, 9)) :]
    try:
        found = parsed(text, tokens(text))
    except QuerySyntaxError:
        return
    if isinstance(found, Departure):
        assert text[found.token.start : found.token.end] == found.token.text
        assert found.expected
    else:
        assert all(map(is_nested, walk(found.root)))


def test_in_scope_is_what_the_engine_selects() -> None:
    texts = set[str]()
    for tree in map(read_tree, LEGAL_TEXTS):
        query = tree.query
        prologue = tree.text[: tree.characters(query)[0]]
        texts |= {f"{prologue} SELECT * {tree.written(each.parts[0])}" for each in query.all("WhereClause")}
    asked = 0
    for text in texts:
        try:
            found = ox.Store().query(text, base_iri="http://x/")
        except (SyntaxError, RuntimeError):
            continue  # calls of others, and what the engine has not
        tree = read_tree(text)
        (group,) = first(tree, "WhereClause").parts
        assert isinstance(found, ox.QuerySolutions)
        assert set(in_scope(tree, group)) == {each.value for each in found.variables}
        asked += 1
    assert asked > 9


SCOPES = {
    "triples": ("?s ?p ?o ; :p _:x , $t .", "s p o t"),
    "a filter": ("?s :p 1 FILTER(?s = ?x && EXISTS { ?y :p ?z })", "s"),
    "what is taken away": ("?s :p 1 MINUS { ?s :q ?x }", "s"),
    "what may be missing": ("?s :p 1 OPTIONAL { ?s :q ?x FILTER(?y) }", "s x"),
    "a name": ("BIND(?x + 1 AS ?y)", "y"),
    "values": ("VALUES (?x ?y) { (1 2) } VALUES ?z { 3 }", "x y z"),
    "graphs and services": ("GRAPH ?g { ?s :p 1 } SERVICE ?h { ?t :p 1 }", "g s h t"),
    "a subquery": ("{ SELECT ?x (MAX(?y) AS ?z) { ?x :p ?y , ?w } GROUP BY ?x ORDER BY ?w }", "x z"),
    "all of a subquery": ("{ SELECT * { ?x :p ?y MINUS { ?z ?y ?x } } ORDER BY ?w }", "x y"),
    "arms": ("{ ?x :p 1 } UNION { ?y :p 1 }", "x y"),
}


@pytest.mark.parametrize(("pattern", "names"), SCOPES.values(), ids=SCOPES)
def test_variables_in_scope_come_in_their_order(pattern: str, names: str) -> None:
    tree = read_tree(f"PREFIX : <http://x/> ASK {{ {pattern} }}")
    (group,) = first(tree, "WhereClause").parts
    assert in_scope(tree, group) == tuple(names.split())


def test_what_is_selected_has_names_and_expressions() -> None:
    tree = read_tree("SELECT ?a (1 + ?b AS ?c) $d (COUNT(*) AS ?e) ?a { } GROUP BY ?a (?x AS ?y) STR(?z) ?a")
    found = selected(tree, first(tree, "SelectClause"))
    assert [(tree.name(name), node and tree.written(node)) for name, node in found] == [
        ("a", None), ("c", "1 + ?b"), ("d", None), ("e", "COUNT(*)"), ("a", None),
    ]  # fmt: skip
    assert group_keys(tree, first(tree, "GroupClause")) == ["a", "y"]


def test_queries_come_behind_those_within_them() -> None:
    tree = read_tree("ASK { { SELECT ?x { { SELECT ?y { } } } } FILTER EXISTS { SELECT ?z { } } }")
    assert [tree.written(each)[:9] for each in tree.queries] == ["SELECT ?y", "SELECT ?x", "SELECT ?z", "ASK { { S"]


def test_brackets_of_any_depth_have_a_tree() -> None:
    depth = 3_000
    text = f"ASK {{ {'{ ' * depth} {'} ' * depth} FILTER({'(' * depth}1{')' * depth}) }}"
    assert len(list(walk(read_tree(text).root))) > 2 * depth


def test_operations_of_an_update_are_nodes() -> None:
    text = """PREFIX : <http://x/> INSERT DATA { :a :p 1 GRAPH :g { :b :p 2 } . :c :p 3 } ; BASE <http://y/>
        WITH :g DELETE { ?s ?p ?o } INSERT { } USING NAMED :h WHERE { ?s ?p ?o } ;
        DELETE WHERE { GRAPH ?g { ?s ?p 1 } } ;
        DROP SILENT ALL ; MOVE DEFAULT TO GRAPH :g ;"""
    tree = parsed(text, tokens(text), "Update")
    assert isinstance(tree, SyntaxTree)
    operations = tree.root.all("Operation")
    assert [tree.written(each)[:11] for each in operations] == [
        "INSERT DATA", "WITH :g DEL", "DELETE WHER", "DROP SILENT", "MOVE DEFAUL",
    ]  # fmt: skip
    assert [[part.name for part in each.parts] for each in operations[:2]] == [
        ["Quads"], ["Quads", "Quads", "UsingClause", "GroupGraphPattern"],
    ]  # fmt: skip
    assert [tree.written(each) for each in walk(operations[0]) if each.name == "QuadsNotTriples"] == [
        "GRAPH :g { :b :p 2 }"
    ]


@pytest.mark.parametrize(
    ("text", "token", "problem"),
    [
        ("INSERT DATA { <a> <b> }", "}", "cannot stand here"),
        ("DELETE { ?s ?p ?o } USING <g>", "", "the update is not complete"),
        ("DROP GRAPH <g> CREATE GRAPH <h>", "CREATE", "expected: the end of the update"),
    ],
)
def test_an_update_departs_where_it_is_none(text: str, token: str, problem: str) -> None:
    found = parsed(text, tokens(text), "Update")
    assert isinstance(found, Departure)
    assert found.token.text == token
    assert problem in found.problem

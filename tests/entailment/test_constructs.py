"""What a rule is known to depend on: read narrowly where that is safe, and never too narrowly."""

from __future__ import annotations

import pytest
from keeping import PREFIXES

from graph.entailment.constructs import read_construct
from graph.entailment.rules import Form

QUERIES = {
    "CONSTRUCT { ?x :r ?z } WHERE { ?x :p ?y . ?y :q ?z }": Form.PLAIN,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p [ :q ?y ] }": Form.PLAIN,
    "CONSTRUCT { ?x :r 'text' } WHERE { ?x :p 'text' }": Form.PLAIN,
    "CONSTRUCT WHERE { ?x :p ?y }": Form.PLAIN,
    "CONSTRUCT { ?x :r 01 } WHERE { ?x :p ?y }": Form.FILTERED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y , 01 }": Form.FILTERED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y , 'a'@uz }": Form.FILTERED,
    "CONSTRUCT { ?x :r [] } WHERE { ?x :p ?y }": Form.FILTERED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER(?y > 1) }": Form.FILTERED,
    "CONSTRUCT { ?x :r ?z } WHERE { ?x :p ?y BIND(?y + 1 AS ?z) }": Form.FILTERED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER NOT EXISTS { ?x :q ?y } }": Form.NEGATED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER(?y > 1 || EXISTS { ?x :q ?y FILTER(?y > 2) }) }": Form.NEGATED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?z OPTIONAL { ?x :q ?y } }": Form.NEGATED,
    "CONSTRUCT { ?x :r ?z } WHERE { ?x :p ?y BIND(EXISTS { ?x :q ?y } AS ?z) }": Form.NEGATED,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER NOT EXISTS { ?x :q ?y FILTER EXISTS { ?y :q ?x } } }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?z OPTIONAL { ?x :q ?y OPTIONAL { ?y :q ?x } } }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y MINUS { ?x :q ?y } }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { { ?x :p ?y } UNION { ?x :q ?y } }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p/:q ?y }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y VALUES ?x { :a } }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y } VALUES ?x { :a }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y } ORDER BY ?x LIMIT 1": Form.WHOLE,
    "CONSTRUCT { ?x :r ?n } WHERE { SELECT ?x (COUNT(*) AS ?n) { ?x :p ?y } GROUP BY ?x }": Form.WHOLE,
    "CONSTRUCT { ?x :r ?y } FROM :g WHERE { ?x :p ?y }": Form.UNKNOWN,
    "CONSTRUCT { ?x :r ?y } WHERE { GRAPH ?g { ?x :p ?y } }": Form.UNKNOWN,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?z BIND(RAND() AS ?y) }": Form.UNKNOWN,
    "CONSTRUCT { ?x :r ?y } WHERE { ?x :p <<( :a :b ?y )>> }": Form.UNKNOWN,
    "SELECT * WHERE { ?x :p ?y }": Form.UNKNOWN,
    "CONSTRUCT { ?x unknown:r ?y } WHERE { ?x :p ?y }": Form.UNKNOWN,
    "no query": Form.UNKNOWN,
}


@pytest.mark.parametrize(("query", "form"), QUERIES.items(), ids=QUERIES.keys())
def test_the_form_of(query: str, form: Form) -> None:
    assert read_construct(PREFIXES + query).form is form


PATHS = {
    ":p/:q": {"p", "q"}, "^:p": {"p"}, "(:p|^:q)+": {"p", "q"}, ":p*": {None}, ":p?": {None}, "!:p": {None},
    ":p/!(:q|^:r)": {"p", None},
}  # fmt: skip


@pytest.mark.parametrize(("path", "predicates"), PATHS.items(), ids=PATHS.keys())
def test_what_a_path_may_walk_over(path: str, predicates: set[str | None]) -> None:
    body = read_construct(f"{PREFIXES}CONSTRUCT {{ ?x :r ?y }} WHERE {{ ?x {path} ?y MINUS {{ ?x :p ?y }} }}").body
    found = {str(predicate).removeprefix("<http://e/").removesuffix(">") for _, predicate, _ in body}
    assert {None if each.startswith("?") else each for each in found} == predicates | {"p"}

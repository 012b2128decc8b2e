"""Nothing dials: hundreds of disguises of SERVICE, LOAD and FROM, aimed at a listener, through guard and engine."""

from __future__ import annotations

import itertools
import time

import pyoxigraph as ox
import pytest

from graph.model.errors import QueryRefusedError, QuerySyntaxError
from graph.query.sparql.guard import read_query
from tests.query.query_material import Listener

GROUP = "{ ?a ?b ?c }"

# Where a clause can stand; CLAUSE is replaced.
PLACES = {
    "group": "SELECT * { CLAUSE }",
    "after a triple": "SELECT * { ?s ?p ?o . CLAUSE }",
    "after a triple without a dot": "SELECT * { ?s ?p ?o CLAUSE }",
    "nested group": "SELECT * { { { CLAUSE } } }",
    "union": "SELECT * { {} UNION { CLAUSE } }",
    "optional": "SELECT * { OPTIONAL { CLAUSE } }",
    "minus": "SELECT * { ?a ?b ?c MINUS { CLAUSE } }",
    "graph": "SELECT * { GRAPH ?g { CLAUSE } }",
    "lateral": "SELECT * { LATERAL { CLAUSE } }",
    "exists": "ASK { FILTER EXISTS { CLAUSE } }",
    "not exists": "ASK { FILTER(1 = 1 && NOT EXISTS { CLAUSE }) }",
    "bind": "SELECT * { BIND(EXISTS { CLAUSE } AS ?x) }",
    "projection": "SELECT (EXISTS { CLAUSE } AS ?x) {}",
    "having": "SELECT (COUNT(*) AS ?n) {} HAVING (EXISTS { CLAUSE })",
    "order by": "SELECT * { ?s ?p ?o } ORDER BY EXISTS { CLAUSE }",
    "subselect": "SELECT * { { SELECT * { CLAUSE } } }",
    "construct": "CONSTRUCT { ?a ?b ?c } WHERE { CLAUSE }",
    "describe": "DESCRIBE * { CLAUSE }",
    "argument": "ASK { FILTER(COALESCE(IF(EXISTS { CLAUSE }, 1, 2), 3)) }",
    "right of a comparison": "SELECT * { ?s ?p ?o FILTER(?s<?o&&?o>?s) CLAUSE }",
}

# How the keyword can be written.
KEYWORDS = {
    "plain": "SERVICE ",
    "lower case": "service ",
    "mixed case": "sErViCe\t",
    "silent": "SERVICE SILENT ",
    "glued silent": "SERVICESILENT ",
    "glued to the IRI": "SERVICE",
    "comment": "SERVICE # not { this }\n ",
    "comment that looks like an IRI": "SERVICE#>\n",
    "comment ended by CR": "# nothing\rSERVICE ",
    "comments in between": "SERVICE#a\n#b\r\n SILENT#c\n",
    "escaped letter": "\\u0053ERVICE ",
    "long escape": "SERV\\U00000049CE ",
    "escaped whole": "\\u0053\\u0045\\u0052\\u0056\\u0049\\u0043\\u0045 ",
    "long s": "\u017fERVICE ",
    "line separator": "# x\u2028SERVICE ",
    "after a number": "1SERVICE ",
    "after a boolean": "true.SERVICE ",
    "after a blank node": "_:a.SERVICE ",
    "after a string": "'x'SERVICE ",
}

# How the endpoint can be written: the prologue, and what stands behind the keyword.
ENDPOINTS = {
    "IRI": ("", "<IRI>"),
    "escaped IRI": ("", "<http\\u003A//127.0.0.1:PORT/>"),
    "host name": ("", "<http://localhost:PORT/>"),
    "decimal host": ("", "<http://2130706433:PORT/>"),
    "hexadecimal host": ("", "<http://0x7f.1:PORT/>"),
    "user": ("", "<http://allowed.example@127.0.0.1:PORT/>"),
    "path of the allowed one": ("", "<http://127.0.0.1:PORT/?https://allowed.example/sparql>"),
    "name": ("PREFIX x: <IRI>", "x:"),
    "name with local part": ("PREFIX x: <http://127.0.0.1:>", "x:PORT\\/"),
    "empty prefix": ("PREFIX : <IRI>", ":"),
    "later declaration": ("PREFIX x: <https://allowed.example/> PREFIX x: <IRI>", "x:sparql"),
    "base": ("BASE <IRI>", "<>"),
    "chain of bases": ("BASE <https://allowed.example/a> BASE <//127.0.0.1:PORT/b> BASE <c>", "<sparql>"),
    "prefix by base": ("BASE <https://allowed.example/> BASE <IRI> PREFIX x: <sparql>", "x:"),
    "other scheme": ("", "<HTTP://127.0.0.1:PORT/>"),
}

# Disguises of which the grammar sees nothing: the engine reads on where the grammar's token would not end.
UNSEEN = {
    "name that begins with the keyword": ("PREFIX x: <IRI> PREFIX SERVICEx: <a:b>", "SERVICEx: GROUP"),
    "prefix that is the keyword": ("PREFIX : <IRI> PREFIX service: <a:b>", "service: GROUP"),
    "prefix that is the keyword, after a triple": ("PREFIX : <IRI> PREFIX service: <a:b>", "?s ?p ?o service: GROUP"),
    "prefix that is both keywords": ("PREFIX : <IRI> PREFIX SERVICESILENT: <a:b>", "SERVICESILENT: GROUP"),
    "second dot of a local part": ("PREFIX x: <http://example.org/>", "?s ?p x:a.b.SERVICE<IRI> GROUP"),
    "third dot of a local part": ("PREFIX x: <http://example.org/>", "?s ?p x:a.b.c.SERVICE<IRI> GROUP"),
    "local part that makes no IRI": ("PREFIX x: <http://example.org:>", "?s ?p x:SERVICE<IRI> GROUP"),
    "local part that makes no IRI, as subject": ("PREFIX x: <http://h:>", "?a ?b ?c . x:SERVICE<IRI> GROUP"),
    "comparison that looks like an IRI": ("", "?s ?p ?o FILTER(?s<?o)SERVICE#>\n<IRI> GROUP"),
    "comparison that looks like an absolute IRI": (
        "PREFIX x: <http://h/>",
        "?s ?p ?o FILTER(?s<x:y)SERVICE#>\n<IRI> GROUP",
    ),
    "long string with a false escape": ("", 'VALUES ?x { """\\z" } SERVICE <IRI> GROUP #""" }'),
    "long string with a surrogate": ("", 'VALUES ?x { """\\uD800" } SERVICE <IRI> GROUP #""" }'),
    "escaped quote": ("", '?s ?p "\\u0022 . SERVICE <IRI> GROUP #"'),
    "escaped end of a comment": ("", "# \\u000A SERVICE <IRI> GROUP"),
    "escaped backslash": ("", '?s ?p "\\u005C" . SERVICE <IRI> GROUP #"'),
    "variable": ("", "VALUES ?x { <IRI> } SERVICE ?x GROUP"),
    "variable, silent": ("", "BIND(IRI('IRI') AS ?x) SERVICE SILENT ?x GROUP"),
    "language tag": ("", "?s ?p 'x'@en.SERVICE <IRI> GROUP"),
    "variable glued": ("", "?s ?p ?xSERVICE <IRI> GROUP"),
    "path operator": ("", "?s <http://example.org/p>?SERVICE <IRI> GROUP"),
    "within an allowed call": ("", "SERVICE <https://allowed.example/sparql> { SERVICE <IRI> GROUP }"),
}

UPDATES = [
    *("LOAD <IRI>", "load silent <IRI> into graph <a:b>", "\\u004COAD <IRI>", "LOAD#\n<IRI>", "ASK {} LOAD <IRI>"),
    *(
        "ASK {} ; LOAD <IRI>",
        "BASE <IRI> LOAD <x>",
        "PREFIX x: <IRI> LOAD x:",
        "# ASK\nLOAD <IRI>",
        "ASK {}\nLoad <IRI>",
    ),
    *(
        "INSERT { ?a ?b ?c } WHERE { SERVICE <IRI> GROUP }",
        "DELETE WHERE { ?a ?b ?c }; LOAD <IRI>",
        "COPY <IRI> TO <a:b>",
    ),
    *("WITH <IRI> INSERT { ?a ?b ?c } USING <IRI> WHERE {}", "ADD <IRI> TO DEFAULT", "MOVE <IRI> TO DEFAULT"),
]

DATASETS = [
    *("SELECT * FROM <IRI> { ?s ?p ?o }", "SELECT * FROM NAMED <IRI> { GRAPH ?g { ?s ?p ?o } }", "ASK FROM <IRI> {}"),
    *("PREFIX x: <IRI> SELECT * FROM x:data.ttl WHERE { ?s ?p ?o }", "BASE <IRI> ASK FROM <data.nt> {?s ?p ?o}"),
    *("DESCRIBE <IRI>", "DESCRIBE ?s FROM <IRI> { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } FROM <IRI> { ?s ?p ?o }"),
    *(
        "SELECT * { GRAPH <IRI> { ?s ?p ?o } }",
        "CONSTRUCT FROM NAMED <IRI> WHERE { ?s ?p ?o }",
        "fr\\u006fm <IRI> ASK {}",
    ),
    *("ASK { <IRI> <IRI> <IRI> }", "SELECT (IRI('IRI') AS ?x) {}", "ASK { ?s ?p '''SERVICE <IRI> GROUP''' }"),
]


def disguises() -> list[str]:
    """All of them, with GROUP, IRI and PORT still to be filled in."""
    found = [
        place.replace("CLAUSE", f"{keyword}<IRI> GROUP")
        for place, keyword in itertools.product(PLACES.values(), KEYWORDS.values())
    ]
    for place, keyword in (("group", "plain"), ("exists", "silent"), ("subselect", "escaped letter")):
        for prologue, endpoint in ENDPOINTS.values():
            clause = PLACES[place].replace("CLAUSE", f"{KEYWORDS[keyword]}{endpoint} GROUP")
            found.append(f"{prologue} {clause}")
    for prologue, clause in UNSEEN.values():
        found += (f"{prologue} {PLACES[place].replace('CLAUSE', clause)}" for place in ("group", "exists", "subselect"))
    return [*found, *UPDATES, *DATASETS]


def aimed(query: str, listener: Listener) -> str:
    return query.replace("GROUP", GROUP).replace("IRI>", f"{listener.iri}>").replace("PORT", str(listener.port))


def ask(store: ox.Store, query: str) -> None:
    """Let the engine answer to the last row, whatever it says."""
    try:
        found = store.query(query)
        if not isinstance(found, ox.QueryBoolean):
            list(found)
    except (SyntaxError, OSError, RuntimeError, ValueError):
        pass


def test_there_are_enough_disguises() -> None:
    assert len(set(disguises())) > 450


def test_no_disguise_makes_the_engine_dial(store: ox.Store, listener: Listener) -> None:
    passed = 0
    for disguise in disguises():
        query = aimed(disguise, listener)
        try:
            read = read_query(query, services=["https://allowed.example/sparql"], base="http://example.org/")
        except (QueryRefusedError, QuerySyntaxError):
            continue
        passed += 1
        ask(store, read.text)
        assert listener.dialled == 0, query
    time.sleep(0.2)
    assert listener.dialled == 0
    assert passed > 30  # those that the guard alone disarms, and those that are no disguises


# In the others the engine's plan does not come to the clause over this store.
@pytest.mark.parametrize("place", sorted(set(PLACES) - {"lateral", "right of a comparison", "graph", "argument"}))
def test_the_engine_alone_would_dial(store: ox.Store, listener: Listener, place: str) -> None:
    ask(store, aimed(PLACES[place].replace("CLAUSE", "SERVICE <IRI> GROUP"), listener))
    assert _dialled(listener)


@pytest.mark.parametrize(
    "disguise",
    [
        "name that begins with the keyword",
        "prefix that is the keyword",
        "prefix that is the keyword, after a triple",
        "prefix that is both keywords",
        "second dot of a local part",
        "local part that makes no IRI",
    ],
)
def test_the_engine_alone_would_dial_where_the_grammar_sees_a_name(
    store: ox.Store, listener: Listener, disguise: str
) -> None:
    prologue, clause = UNSEEN[disguise]
    ask(store, aimed(f"{prologue} SELECT * {{ {clause} }}", listener))
    assert _dialled(listener)


def _dialled(listener: Listener) -> bool:
    for _ in range(3000):
        if listener.dialled:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("query", UPDATES)
def test_updates_are_no_queries(query: str) -> None:
    with pytest.raises((QueryRefusedError, QuerySyntaxError)):
        read_query(query.replace("GROUP", GROUP))

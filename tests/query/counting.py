"""Datasets in which graphs share triples, queries that count, and what rdflib says of them over the merge as a set."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import pyoxigraph as ox
import rdflib
from rdflib.namespace import XSD
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query

from graph.query.engine import Dataset
from graph.releases.release import Release

BASE = "https://example.org/kb/"
EX = "http://example.org/"
GRAPHS = tuple(f"{BASE}graph/{name}" for name in "abcd")
NOBODY = f"{BASE}graph/nobody"
A, B, C, D = GRAPHS
PROLOGUE = f"PREFIX : <{EX}>\n"

Solutions = Counter[tuple[object, ...]]
Contents = Mapping[str, frozenset[tuple[object, object, object]]]


@dataclass(frozen=True)
class Case:
    """Which graphs a query sees, and how it is told.

    Attributes:
        protocol: what the request names.
        clauses: the FROM clauses of the query.
        default: the graphs whose merge is the default graph; None for all of the release.
        named: the named graphs; None for all of the release.
    """

    protocol: Dataset
    clauses: str
    default: tuple[str, ...] | None
    named: tuple[str, ...] | None


def _said(default: tuple[str, ...], named: tuple[str, ...]) -> str:
    return " ".join((*(f"FROM <{iri}>" for iri in default), *(f"FROM NAMED <{iri}>" for iri in named)))


def _both(default: tuple[str, ...], named: tuple[str, ...] = ()) -> list[Case]:
    """The same dataset, named by the request, by the query, and by the request against the query."""
    other = _said((D,), (D,))
    return [
        Case(Dataset(default, named), "", default, named),
        Case(Dataset(), _said(default, named), default, named),
        Case(Dataset(default, named), other, default, named),
    ]


CASES: dict[str, list[Case]] = {
    "no dataset": [Case(Dataset(), "", None, None)],
    "one graph": _both((A,)),
    "two graphs": _both((A, B)),
    "all graphs": _both((A, B, C, D)),
    "one graph twice": _both((B, B)),
    "a graph and nobody's": _both((C, NOBODY)),
    "nobody's": _both((NOBODY,)),
    "named graphs only": _both((), (A, B)),
    "two graphs and two named": _both((A, B), (B, C)),
    "three graphs and one named": _both((B, C, D), (A,)),
}

# solutions are compared as bags: no query says in which order, or how many of more than it wants
COUNTS = (
    "SELECT (COUNT(*) AS ?n) DATASET { ?s ?p ?o }",
    "SELECT (COUNT(?v) AS ?n) DATASET { ?s :value ?v }",
    "SELECT (COUNT(DISTINCT ?v) AS ?n) (COUNT(?v) AS ?m) DATASET { ?s :value ?v }",
    "SELECT (COUNT(DISTINCT *) AS ?n) DATASET { ?s :knows ?o }",
    "SELECT (SUM(?v) AS ?n) (MIN(?v) AS ?low) (MAX(?v) AS ?high) DATASET { ?s :value ?v }",
    "SELECT (AVG(?v) AS ?n) DATASET { ?s :value ?v }",
    "SELECT (SUM(DISTINCT ?v) AS ?n) DATASET { ?s :value ?v }",
    "SELECT ?s (COUNT(*) AS ?n) (SUM(?v) AS ?sum) DATASET { ?s :value ?v } GROUP BY ?s",
    "SELECT ?p (COUNT(?o) AS ?n) DATASET { ?s ?p ?o } GROUP BY ?p",
    "SELECT ?s (COUNT(?o) AS ?n) DATASET { ?s :knows ?o } GROUP BY ?s HAVING (COUNT(?o) > 1)",
    "SELECT (SUM(?n) AS ?m) DATASET { { SELECT ?s (COUNT(?o) AS ?n) { ?s :knows ?o } GROUP BY ?s } }",
    "SELECT (GROUP_CONCAT(?x; SEPARATOR='') AS ?n) DATASET { { SELECT ('x' AS ?x) { ?s :name ?o } } }",
    "SELECT (COUNT(*) AS ?n) DATASET { ?s :value ?v ; :knows ?o . ?o :value ?w . FILTER(?w >= ?v) }",
    "SELECT (COUNT(*) AS ?n) DATASET { ?s :knows/:knows ?o }",
    "SELECT (COUNT(DISTINCT *) AS ?n) DATASET { ?s :knows|:likes ?o }",
    "SELECT (COUNT(*) AS ?n) DATASET { ?s :knows+ ?o }",
    "SELECT (COUNT(DISTINCT ?o) AS ?n) DATASET { ?s :value ?v . ?s :knows* ?o }",
    "SELECT (COUNT(*) AS ?n) DATASET { ?s !(:value|:name) ?o . FILTER(STRSTARTS(STR(?s), 'http://example.org/')) }",
)
ROWS = (
    "SELECT * DATASET { ?s :value ?v }",
    "SELECT ?v DATASET { ?s :value ?v }",
    "SELECT DISTINCT ?v DATASET { ?s :value ?v }",
    "SELECT DISTINCT ?s DATASET { ?s ?p ?o . FILTER(STRSTARTS(STR(?s), 'http://example.org/')) }",
    "SELECT ?s ?t DATASET { ?s :knows ?o . ?t :likes ?o }",
    "SELECT ?a ?b ?c DATASET { ?a :knows ?b . ?b :knows ?c . ?c :knows ?a }",
    "SELECT ?s ?name DATASET { ?s :value ?v OPTIONAL { ?s :name ?name } }",
    "SELECT ?s DATASET { { ?s :value ?v } UNION { ?s :name ?name } UNION { ?o :knows ?s } }",
    "SELECT ?s DATASET { ?s :knows ?o MINUS { ?s :likes ?o } }",
    "SELECT ?s ?o DATASET { ?s :knows ?o FILTER NOT EXISTS { ?o :knows ?s } }",
    "SELECT ?s ?o DATASET { ?s :knows ?o FILTER EXISTS { ?s :value ?v . ?o :value ?v } }",
    "SELECT ?o DATASET { ?s ^:knows ?o }",
    "SELECT ?s ?o DATASET { ?s :knows+ ?o }",
    "SELECT ?s ?n DATASET { VALUES ?s { :s1 :s2 :s2 } ?s :value ?n }",
    "SELECT ?x DATASET { ?s :value ?v . BIND(?v * 2 AS ?x) }",
)
IN_GRAPHS = (
    "SELECT (COUNT(*) AS ?n) DATASET { GRAPH ?g { ?s :value ?v } }",
    "SELECT ?g (COUNT(*) AS ?n) DATASET { GRAPH ?g { ?s :knows ?o } } GROUP BY ?g",
    "SELECT (COUNT(DISTINCT ?s) AS ?n) (SUM(?v) AS ?sum) DATASET { GRAPH ?g { ?s :value ?v } }",
    "SELECT DISTINCT ?s DATASET { GRAPH ?g { ?s :knows ?o } }",
    f"SELECT (COUNT(*) AS ?n) DATASET {{ GRAPH <{B}> {{ ?s :knows ?o }} }}",
    "SELECT ?s ?g DATASET { ?s :value ?v . GRAPH ?g { ?s :value ?v } }",
    "SELECT (COUNT(*) AS ?n) DATASET { ?s :knows ?o . GRAPH ?g { ?o :knows ?t } }",
    "SELECT ?g ?h DATASET { GRAPH ?g { ?s :value ?v } GRAPH ?h { ?s :value ?v } FILTER(STR(?g) < STR(?h)) }",
    "SELECT ?s DATASET { ?s :value ?v FILTER NOT EXISTS { GRAPH ?g { ?s :name ?name } } }",
    "SELECT ?g ?o DATASET { GRAPH ?g { :s1 :knows+ ?o } }",
)
QUERIES = (*COUNTS, *ROWS, *IN_GRAPHS)


def data(seed: int) -> dict[str, str]:
    """Files of a made-up publication: four graphs of a few dozen triples, a third of them in more than one graph."""
    draw = random.Random(f"counting {seed}")  # noqa: S311  it is to be the same each time
    files = {name: set[str]() for name in "abcd"}
    for _ in range(draw.randrange(30, 90)):
        line = _line(draw)
        for name in draw.sample("abcd", draw.choice((1, 1, 2, 3, 4))):
            files[name].add(line)
    files["d"].add(f"<{EX}s0> <{EX}knows> <{EX}s0> .\n")  # none is empty
    return {f"data/{name}.nt": "".join(sorted(lines or files["d"])) for name, lines in files.items()}


def _line(draw: random.Random) -> str:
    subject, other = draw.randrange(6), draw.randrange(6)
    said = draw.choice((
        f"knows> <{EX}s{other}>", f"knows> <{EX}s{other}>", f"likes> <{EX}s{other}>",
        f'value> "{draw.randrange(5)}"^^<{XSD.integer}>', f'name> "{draw.choice("xyz")}"',
    ))  # fmt: skip
    return f"<{EX}s{subject}> <{EX}{said} .\n"


def contents(release: Release) -> Contents:
    """What each named graph of a release holds, in rdflib's terms."""
    return {
        entry.iri: frozenset(
            (_term(triple.subject), _term(triple.predicate), _term(triple.object))
            for chunk in release.read_graph(entry.iri)
            for triple in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES)
        )
        for entry in release.manifest.graphs
    }


def _term(term: object) -> object:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    assert isinstance(term, ox.Literal)
    kind = rdflib.URIRef(term.datatype.value)
    plain = term.language is not None or kind == XSD.string
    return rdflib.Literal(term.value, lang=term.language, datatype=None if plain else kind)


def seen(found: Contents, case: Case) -> rdflib.Dataset:
    """The dataset of a case: its default graph as the merge, a set; and its named graphs."""
    made = rdflib.Dataset()
    for iri in found if case.default is None else case.default:
        for triple in found.get(iri, ()):
            made.default_graph.add(triple)  # type: ignore[arg-type]
    for iri in found if case.named is None else case.named:
        graph = made.graph(rdflib.URIRef(iri))
        for triple in found.get(iri, ()):
            graph.add(triple)  # type: ignore[arg-type]
    return made


def expected(dataset: rdflib.Dataset, query: str) -> Solutions:
    """What rdflib finds, as a bag."""
    result = dataset.query(_prepared(query))
    names = sorted(str(each) for each in result.vars or ())
    return Counter(tuple(_plain(_told(row[name])) for name in names) for row in result)  # type: ignore[index, call-overload]


@cache
def _prepared(query: str) -> Query:
    """The query as rdflib reads it, which takes it longer than to answer."""
    return prepareQuery(PROLOGUE + query.replace("DATASET", ""))


def _told(term: rdflib.term.Node | None) -> dict[str, str] | None:
    if isinstance(term, rdflib.Literal):
        return {"value": str(term), "datatype": str(term.datatype or XSD.string)}
    return None if term is None else {"value": str(term)}


def found(results: Mapping[str, Mapping[str, Iterable[Mapping[str, dict[str, str]]]]]) -> Solutions:
    """The bag that an answer in JSON holds."""
    names = sorted(results["head"]["vars"])  # type: ignore[type-var]
    return Counter(tuple(_plain(row.get(name)) for name in names) for row in results["results"]["bindings"])  # type: ignore[call-overload]


def _plain(term: dict[str, str] | None) -> object:
    """A term that compares: numbers by their value."""
    if term is None:
        return None
    if term.get("datatype", "") in (str(XSD.integer), str(XSD.decimal)):
        return round(Decimal(term["value"]), 9)
    return term["value"]

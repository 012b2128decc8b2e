"""The W3C's SPARQL suites: their tests, the data that each asks, and whether an answer is the expected one.

Data goes in as ours does (blank nodes become skolem IRIs), queries are read by the guard, and answers are written in
the format in which they are expected; but the index of a test is a store in memory, filled as a release's is, since
builds would take many minutes. So processes, limits, HTTP and files have no part in it. Where answers are compared,
skolem IRIs are blank nodes, and numbers, truth values and dates of one type are the same where they have one value.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import pyoxigraph as ox

from graph.model.formats import CERTAIN, RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TURTLE, Format
from graph.model.rdf_terms import XSD
from graph.query.embedded import RESULTS, evaluate, written
from graph.query.engine import Dataset, QueryRequest
from graph.query.sparql.guard import ReadQuery, read_query
from graph.sources.batches import Origin, chunks
from graph.sources.reader import RDF_FORMATS, read_rdf

SUITES = Path(__file__).resolve().parents[3] / "shared" / "suites" / "sparql"
ABSENT = "the W3C's suites are not there: shared/suites/sparql"
BASE = "https://example.org/kb/"
GENID = f"{BASE}.well-known/genid/"
SERVICE = "http://example.org/g"
NO_GRAPH = "urn:x-test:no-graph"
MANIFEST = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
RESULT_SET = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
CASES = f"""
PREFIX mf: <{MANIFEST}>
PREFIX qt: <http://www.w3.org/2001/sw/DataAccess/tests/test-query#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?test ?kind ?query ?result ?lax (GROUP_CONCAT(DISTINCT ?d) AS ?default) (GROUP_CONCAT(DISTINCT ?g) AS ?named) {{
  ?manifest mf:entries/rdf:rest*/rdf:first ?test . ?test a ?kind ; mf:action ?action .
  OPTIONAL {{ ?action qt:query ?queried }} BIND(COALESCE(?queried, ?action) AS ?query)
  OPTIONAL {{ ?action qt:data ?data }} BIND(COALESCE(STR(?data), "") AS ?d)
  OPTIONAL {{ ?action qt:graphData ?graph FILTER(ISIRI(?graph)) }} BIND(COALESCE(STR(?graph), "") AS ?g)
  OPTIONAL {{ ?test mf:result ?result }}
  OPTIONAL {{ ?test mf:resultCardinality ?lax }}
  FILTER(ISIRI(?query) && NOT EXISTS {{ ?action qt:serviceData ?other }})
}} GROUP BY ?test ?kind ?query ?result ?lax ORDER BY ?test
"""
KINDS: dict[str, Literal["evaluation", "legal", "illegal"]] = {
    "QueryEvaluationTest": "evaluation", "CSVResultFormatTest": "evaluation",
    "PositiveSyntaxTest": "legal", "PositiveSyntaxTest11": "legal",
    "NegativeSyntaxTest": "illegal", "NegativeSyntaxTest11": "illegal",
}  # fmt: skip
FORMATS = {".srx": RESULTS_XML, ".srj": RESULTS_JSON, ".tsv": RESULTS_TSV, ".csv": RESULTS_CSV}
OTHERS = frozenset({"entailment", "service"})
"""What the service does not claim, and what needs the endpoints of others."""

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | str | None
Row = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a suite.

    Attributes:
        name: the suite, the folder and the test, with slashes between.
        kind: whether an answer is expected, or whether the query is legal.
        query: the file of the query.
        default: the files of the default graph.
        named: the files of the named graphs.
        result: the file of the expected answer.
        lax: whether it may have fewer equal solutions (REDUCED).
    """

    name: str
    kind: Literal["evaluation", "legal", "illegal"]
    query: Path
    default: tuple[Path, ...]
    named: tuple[Path, ...]
    result: Path | None
    lax: bool


@cache
def cases() -> dict[str, Case]:
    """The tests of queries, by name; those of SERVICE and of entailment regimes are not among them."""
    manifests = sorted(path for path in SUITES.rglob("manifest.ttl") if path.parent.name not in OTHERS)
    return {case.name: case for path in manifests for case in _cases(path)}


def _cases(manifest: Path) -> Iterator[Case]:
    place = str(manifest.parent.relative_to(SUITES))
    found = loaded(manifest).query(CASES)
    assert isinstance(found, ox.QuerySolutions)
    for row in found:
        kind, path = KINDS.get(row["kind"].value.removeprefix(MANIFEST)), _path(row["query"].value)
        if kind is not None and path.suffix == ".rq":
            name = re.split("[#/]", row["test"].value)[-1]
            result = _path(row["result"].value) if row["result"] else None
            default, named = (tuple(map(_path, row[each].value.split())) for each in ("default", "named"))
            yield Case(f"{place}/{name}", kind, path, default, named, result, bool(row["lax"]))


def _path(iri: str) -> Path:
    return Path(iri.removeprefix("file://"))


def loaded(path: Path) -> ox.Store:
    """A file of a suite as it is, blank nodes included."""
    store = ox.Store()
    store.load(path=str(path), format=RDF_FORMATS[CERTAIN[path.suffix]], base_iri=path.as_uri(), lenient=True)
    return store


# What a test asks


@dataclass(frozen=True, slots=True)
class World:
    """The data of a test: the store as a release has it, the files' graphs, and the dataset that the test names."""

    store: ox.Store
    dataset: Dataset
    sharing: frozenset[str]


def read(case: Case) -> ReadQuery:
    """The query of a test, as the guard reads it."""
    return read_query(case.query.read_bytes().decode(), base=base_of(case), services={SERVICE: SERVICE})


def base_of(case: Case) -> str:
    """What the relative IRIs of a test's query are resolved against: its file, or where services may be called."""
    return SERVICE if case.query.parent.name == "syntax-fed" else case.query.as_uri()


def world(case: Case, query: ReadQuery) -> World:
    """The data of a test; FROM and FROM NAMED name files, too."""
    clauses = query.clauses.default_graphs + query.clauses.named_graphs
    store, named = ox.Store(), [path.as_uri() for path in case.named]
    for path in dict.fromkeys((*case.default, *case.named, *map(_path, clauses))):
        origin = Origin(str(path.relative_to(SUITES)), path.as_uri(), BASE)
        for chunk in chunks(quads, origin) if (quads := _parsed(path)) else ():
            store.load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)
            store.load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
            named += [] if chunk.graph == origin.graph else [chunk.graph]
    default = tuple(path.as_uri() for path in case.default)
    is_needed = not clauses and (named or query.uses_graph_clause)
    dataset = Dataset(default or (NO_GRAPH,), tuple(named)) if is_needed else Dataset()
    return World(store, dataset, frozenset({*default, *clauses}))


def _parsed(path: Path) -> list[ox.Quad]:
    """The quads of a file; one without any is no graph of a release."""
    return list(read_rdf(path, path.name, form=CERTAIN[path.suffix], base=path.as_uri())) if path.stat().st_size else []


def request(case: Case, query: ReadQuery, found: World) -> QueryRequest:
    """What the front would ask: the answer is wanted in the format in which it is expected, where ours has it."""
    form = FORMATS.get(case.result.suffix if case.result else "", RESULTS_JSON)
    into = TURTLE if query.form in ("CONSTRUCT", "DESCRIBE") else form
    base = base_of(case)
    return QueryRequest(query.text, query.form, into, base, found.dataset, query.clauses, query.uses_graph_clause)


# Answers


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer that compares: truth, or rows; those of a graph are its triples.

    Attributes:
        is_true: the answer to ASK.
        variables: of a table.
        rows: solutions or triples.
        is_ordered: whether their order counts.
    """

    is_true: bool | None = None
    variables: frozenset[str] = frozenset()
    rows: tuple[Row, ...] = ()
    is_ordered: bool = False


def answer(case: Case) -> Expected:
    """What the service answers to a test."""
    query = read(case)
    found = world(case, query)
    wanted = request(case, query, found)
    return read_answer(written(evaluate(found.store, wanted, found.sharing), wanted.format), wanted.format)


def read_answer(body: bytes, form: Format) -> Expected:
    """An answer of the service, with blank nodes where skolem IRIs stand."""
    if form is TURTLE:
        return _graph(quad.triple for quad in ox.parse(_blank(body), ox.RdfFormat.TURTLE))
    if form is RESULTS_CSV:
        return _comma_separated(body)
    return _results(body, form)


def expected(case: Case) -> Expected:
    """What a test expects."""
    path = case.result
    assert path is not None
    if path.suffix in FORMATS:
        form = FORMATS[path.suffix]
        return _comma_separated(path.read_bytes()) if form is RESULTS_CSV else _results(path.read_bytes(), form)
    store = loaded(path)
    told = next(store.quads_for_pattern(None, None, ox.NamedNode(f"{RESULT_SET}ResultSet")), None)
    return _result_set(store) if told else _graph(quad.triple for quad in store)


def _graph(triples: Iterable[ox.Triple]) -> Expected:
    """A graph: a set."""
    return Expected(rows=tuple(tuple(map(_plain, triple)) for triple in dict.fromkeys(triples)))


def _blank(body: bytes) -> bytes:
    return re.sub(rf"<{re.escape(GENID)}([^>]*)>".encode(), rb"_:n\1", body)


def _results(body: bytes, form: Format) -> Expected:
    found = ox.parse_query_results(body, format=RESULTS[form])
    if isinstance(found, ox.QueryBoolean):
        return Expected(bool(found))
    names = [each.value for each in found.variables]
    places = sorted(range(len(names)), key=names.__getitem__)
    rows = [list(row) for row in found]
    return Expected(None, frozenset(names), tuple(tuple(_plain(row[place]) for place in places) for row in rows))


def _plain(term: Term) -> Term:
    """A term in the form that stands for all that are to be the same."""
    if isinstance(term, ox.Literal):
        return _one_form(term)
    if isinstance(term, ox.NamedNode) and term.value.startswith(GENID):
        return ox.BlankNode(f"n{term.value.removeprefix(GENID)}")
    if isinstance(term, ox.Triple):
        return ox.Triple(_plain(term.subject), term.predicate, _plain(term.object))
    return term


def _one_form(literal: ox.Literal) -> ox.Literal:
    text, kind = literal.value, literal.datatype.value.removeprefix(XSD)
    try:
        if kind == "decimal":
            text = str(Decimal(text) + 0)
            text = text.rstrip("0").rstrip(".") if "." in text else text
        elif kind == "integer":
            text = str(int(text))
        elif kind in ("double", "float"):
            text = repr(float(text))
    except (ValueError, ArithmeticError):
        return literal
    if kind in ("date", "dateTime", "time"):
        text = re.sub(r"[+-]00:00$", "Z", text)
    elif kind == "boolean":
        text = {"0": "false", "1": "true"}.get(text, text)
    return literal if text == literal.value else ox.Literal(text, datatype=literal.datatype)


def _comma_separated(body: bytes) -> Expected:
    names, *rows = csv.reader(body.decode().splitlines())
    places = sorted(range(len(names)), key=names.__getitem__)
    table = tuple(tuple(_cell(row[place]) for place in places) for row in rows)
    return Expected(None, frozenset(names), table)


def _cell(text: str) -> Term:
    if text.startswith(("_:", GENID)):
        return ox.BlankNode(re.sub("[^A-Za-z0-9]", "x", text))
    return repr(float(text)) if NUMBER.fullmatch(text) else text


def _result_set(store: ox.Store) -> Expected:
    """An answer in the vocabulary of result sets, which SPARQL 1.0 used."""
    truth = store.query(f"SELECT ?x {{ ?set <{RESULT_SET}boolean> ?x }}")
    for row in truth:
        return Expected(row[0].value == "true")
    names = sorted(row[0].value for row in store.query(f"SELECT ?x {{ ?set <{RESULT_SET}resultVariable> ?x }}"))
    solutions: dict[Term, dict[str, Term]] = {}
    places: dict[Term, int] = {}
    text = (
        f"PREFIX rs: <{RESULT_SET}> SELECT ?solution ?index ?name ?value {{ ?set rs:solution ?solution OPTIONAL "
        "{ ?solution rs:index ?index } OPTIONAL { ?solution rs:binding [ rs:variable ?name ; rs:value ?value ] } }"
    )
    for solution, index, name, value in store.query(text):
        row = solutions.setdefault(solution, {})
        if name is not None:
            row[name.value] = value
        if index is not None:
            places[solution] = int(index.value)
    ordered = sorted(solutions, key=lambda each: places.get(each, 0))
    rows = tuple(tuple(_plain(solutions[each].get(name)) for name in names) for each in ordered)
    return Expected(None, frozenset(names), rows, bool(places))


# Comparison


def agree(found: Expected, wanted: Expected, *, lax: bool = False) -> bool:
    """Whether an answer is the expected one, whatever its blank nodes are called and in whatever order it came."""
    if found.is_true != wanted.is_true or found.variables != wanted.variables:
        return False
    if lax:
        return set(found.rows) == set(wanted.rows) and not Counter(found.rows) - Counter(wanted.rows)
    if wanted.is_ordered:
        return len(found.rows) == len(wanted.rows) and _mapped(list(zip(found.rows, wanted.rows, strict=True)))
    return isomorphic(found.rows, wanted.rows)


def _mapped(pairs: Sequence[tuple[Row, Row]]) -> bool:
    mapping: dict[ox.BlankNode, ox.BlankNode] | None = {}
    for left, right in pairs:
        mapping = _unified(left, right, mapping or {})
        if mapping is None:
            return False
    return True


def isomorphic(left: Iterable[Row], right: Iterable[Row]) -> bool:
    """Whether two multisets of rows are one, up to a renaming of blank nodes."""
    left, right = list(left), list(right)
    if Counter(map(_masked, left)) != Counter(map(_masked, right)):
        return False
    sizes = Counter(map(_masked, left))
    named = [row for row in left if _masked(row) != _shown(row)]
    named.sort(key=lambda row: (sizes[_masked(row)], _masked(row)))
    return _match(named, [row for row in right if _masked(row) != _shown(row)], {})


def _match(left: list[Row], right: list[Row], mapping: dict[ox.BlankNode, ox.BlankNode]) -> bool:
    if not left:
        return True
    first, rest = left[0], left[1:]
    for place, row in enumerate(right):
        if _masked(row) == _masked(first):
            extended = _unified(first, row, mapping)
            if extended is not None and _match(rest, right[:place] + right[place + 1 :], extended):
                return True
    return False


def _unified(
    left: Sequence[Term], right: Sequence[Term], mapping: dict[ox.BlankNode, ox.BlankNode]
) -> dict[ox.BlankNode, ox.BlankNode] | None:
    found: dict[ox.BlankNode, ox.BlankNode] | None = mapping
    for one, other in zip(left, right, strict=True):
        if found is None:
            return None
        if isinstance(one, ox.BlankNode) and isinstance(other, ox.BlankNode):
            if found.get(one, other) != other or (one not in found and other in found.values()):
                return None
            found = found | {one: other}
        elif isinstance(one, ox.Triple) and isinstance(other, ox.Triple):
            found = _unified(tuple(one), tuple(other), found)
        elif one != other:
            return None
    return found


def _masked(row: Sequence[Term]) -> str:
    return re.sub(r"_:[\w.-]+", "_:", _shown(row))


def _shown(row: Sequence[Term]) -> str:
    return "\t".join("" if term is None else f"{type(term).__name__} {term}" for term in row)

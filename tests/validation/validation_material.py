"""Small generated shapes and data for the tests that compare ways of validating: everything that misled one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyoxigraph as ox
from hypothesis import strategies as st

from graph.model.processes import HeldFolder
from graph.releases.exact_forms import LexicalForms
from graph.releases.index_loading import SOURCE, LinesFile, passing_index, spooled
from graph.sources.batches import Chunk, GraphChange, Origin, chunks
from graph.validation.conformance import validate
from graph.validation.incremental import validate_index
from graph.validation.report import Report, Result
from graph.validation.set_validation import can_fetch, validate_passing
from graph.validation.validated_graph import ValidatedData

BASE = "http://e/"
GRAPHS = (f"{BASE}graph/a", f"{BASE}graph/b")
SHAPES = f"{BASE}graph/shapes"
XSD = "http://www.w3.org/2001/XMLSchema#"
PROLOGUE = """
@prefix : <http://e/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
CONSTRAINTS = [
    "sh:minCount 1", "sh:maxCount 1", "sh:datatype xsd:integer", "sh:datatype xsd:int", 'sh:pattern "^0"',
    "sh:nodeKind sh:IRI", "sh:nodeKind sh:BlankNode", "sh:class :D", "sh:hasValue 5", "sh:hasValue :b",
    'sh:in ( 5 "05"^^xsd:integer :a :b "x"@en )',
    "sh:uniqueLang true", 'sh:languageIn ( "uz" "en" )', "sh:minInclusive 4", "sh:maxLength 1",
    "sh:equals :q", "sh:disjoint :q", "sh:lessThan :r", "sh:lessThanOrEquals :q",
    "sh:node :Nested", "sh:node :Closed", "sh:not :Nested", "sh:or ( :Nested :Closed )",
    "sh:xone ( :Nested :Lettered )",
    "sh:and ( :Nested [ sh:class :C ] )",
    "sh:qualifiedValueShape :Nested ; sh:qualifiedMinCount 1",
    "sh:qualifiedValueShape [ sh:class :D ] ; sh:qualifiedMaxCount 1 ; sh:qualifiedValueShapesDisjoint true",
    "sh:datatype xsd:date", "sh:datatype xsd:decimal", "sh:datatype xsd:boolean", "sh:datatype xsd:dateTime",
    "sh:datatype xsd:gYearMonth", "sh:datatype xsd:string", "sh:datatype rdf:langString", "sh:datatype xsd:double",
    "sh:maxExclusive 5.5", 'sh:minInclusive "2014-06-01"^^xsd:date', 'sh:maxInclusive "05"^^xsd:integer',
    'sh:pattern "^x$"', 'sh:pattern "^X" ; sh:flags "i"', 'sh:pattern "^(?:x|[0-4]{1,2})+$"', "sh:minLength 3",
    "sh:minCount 2", "sh:maxCount 2", "sh:maxCount 0", "sh:nodeKind sh:Literal", "sh:nodeKind sh:BlankNodeOrIRI",
    "sh:or ( [ sh:datatype xsd:date ] [ sh:nodeKind sh:IRI ] )", "sh:not [ sh:in ( 5 :a ) ]", "sh:not [ sh:class :D ]",
    'sh:not [ sh:pattern "x$" ]',
    "sh:not [ sh:property [ sh:path :q ; sh:minCount 1 ] , [ sh:path :r ; sh:hasValue 5 ] ]",
    "sh:not [ sh:datatype xsd:integer ; sh:nodeKind sh:Literal ]", "sh:not :Recursive", "sh:node :Recursive",
    "sh:qualifiedValueShape [ sh:datatype xsd:date ] ; sh:qualifiedMinCount 1",
    "sh:property [ sh:path :q ; sh:minCount 1 ]", "sh:property [ sh:path :q ; sh:node :Nested ]",
    "sh:property [ sh:path :r ; sh:property [ sh:path :p ; sh:maxCount 1 ; sh:class :C ] ]",
]  # fmt: skip
AT_NODES = [
    "sh:closed true ; sh:ignoredProperties ( rdf:type :p )", "sh:closed true ; sh:property [ sh:path :q ]",
    "sh:node :Nested", "sh:not :Nested", "sh:node :Recursive", "sh:class :D", "sh:nodeKind sh:IRI", ":least 2",
    *(f'sh:sparql [ sh:prefixes : ; sh:select "SELECT $this ?value {{ {pattern} }}" ]' for pattern in (
        "$this :p ?value . FILTER NOT EXISTS { ?value :q ?x }", "$this :p/:q* ?value . ?y ^:r ?value",
        "$this a ?value . OPTIONAL { $this :q ?z } OPTIONAL { ?z :r ?w } FILTER BOUND(?w)",
        "?value :r ?x . FILTER (?value != $this)", "{ $this :p ?value } UNION { ?value !(:p) $this } ?value :q 5",
        "$this ?p ?value . FILTER (?p = :r)", "OPTIONAL { $this :p ?value } ?value :q ?x",
        "$this :p ?value . FILTER EXISTS { ?value :q ?x . FILTER NOT EXISTS { ?x (:r|:q)+ $this } }",
    )),
]  # fmt: skip
PATHS = [
    ":p", ":p", "[ sh:inversePath :p ]", "( :p :q )", "( [ sh:inversePath :q ] :p )", "[ sh:zeroOrMorePath :q ]",
    "[ sh:oneOrMorePath :p ]", "( :p [ sh:zeroOrOnePath :r ] )", "[ sh:alternativePath ( :p ( :q :r ) ) ]",
    "[ sh:inversePath ( :p :q ) ]", "( [ sh:zeroOrMorePath [ sh:inversePath :r ] ] :p )", "rdf:type",
]  # fmt: skip
TARGETS = [
    "sh:targetClass :C", "sh:targetClass :D", "sh:targetSubjectsOf :p", "sh:targetObjectsOf :q", "sh:targetNode :a , 5",
    "sh:targetNode :nowhere", 'sh:targetNode :b , "05"^^xsd:integer , "5"^^xsd:int , "4.0"^^xsd:decimal',
]  # fmt: skip
COMMON = """
: sh:declare [ sh:prefix "" ; sh:namespace "http://e/"^^xsd:anyURI ] .
:Nested a sh:NodeShape ; sh:property [ sh:path :q ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] .
:Closed a sh:NodeShape ; sh:closed true ; sh:property [ sh:path :r ; sh:minCount 1 ] .
:Lettered a sh:NodeShape ; sh:pattern "[a-c]$" .
:Recursive a sh:NodeShape ; sh:property [ sh:path :r ; sh:node :Recursive ; sh:maxCount 1 ] .
:Least a sh:ConstraintComponent ; sh:parameter [ sh:path :least ] ; sh:validator [ a sh:SPARQLAskValidator ;
    sh:message "at least {$least}" ;
    sh:ask "ASK { { SELECT $value (COUNT(?o) AS ?n) { $value ?p ?o } GROUP BY $value } FILTER (?n >= $least) }" ] .
"""
NODES = [*(f"<http://e/{name}>" for name in "abcd"), f"<{BASE}.well-known/genid/0a-1>"]
TYPED = [
    ("5", "integer"), ("05", "integer"), ("5", "int"), ("3", "integer"), ("4.0", "decimal"), ("1", "boolean"),
    ("true", "boolean"), ("2020-01-01T00:00:00.0Z", "dateTime"), ("x", "integer"),
    ("2014-11-30", "date"), ("2013-01-01", "date"), ("2014-02-31", "date"), ("0000-01-01", "date"),
    ("12014-01-01", "date"), ("2014-11-30Z", "date"), ("4.50", "decimal"), ("6", "double"), ("1999-13", "gYearMonth"),
    ("2015-09", "gYearMonth"), ("2020-01-01T00:00:00", "dateTime"), ("9999999999999999999999", "integer"),
]  # fmt: skip
PLAIN = ['"x"', '"x\\n"', '"x"@en', '"y"@uz', '"y"@en', '"y"@en-gb']
VALUES = [*NODES, *(f'"{form}"^^<{XSD}{name}>' for form, name in TYPED), *PLAIN]
PREDICATES = [f"<http://e/{name}>" for name in "pqr"]
TYPE, BELOW = ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://www.w3.org/2000/01/rdf-schema#subClassOf>")
CLASSES = ["<http://e/C>", "<http://e/D>", "<http://e/E>"]


def _line(*terms: str) -> bytes:
    return (" ".join(terms) + " .").encode()


LINES = st.one_of(
    st.builds(_line, st.sampled_from(NODES), st.sampled_from(PREDICATES), st.sampled_from(VALUES)),
    st.builds(_line, st.sampled_from(NODES), st.sampled_from(PREDICATES), st.sampled_from(NODES)),
    st.builds(_line, st.sampled_from(NODES), st.just(TYPE), st.sampled_from(CLASSES)),
    st.builds(_line, st.sampled_from(CLASSES), st.just(BELOW), st.sampled_from(CLASSES)),
)
DATA = st.frozensets(LINES, max_size=14)


@st.composite
def shapes(draw: st.DrawFn) -> str:
    """One to three shapes with targets, in Turtle."""
    written = [COMMON]
    for number in range(draw(st.integers(1, 3))):
        parts = [draw(st.sampled_from(TARGETS))]
        for path in draw(st.lists(st.sampled_from(PATHS), max_size=3)):
            inside = " ; ".join(draw(st.lists(st.sampled_from(CONSTRAINTS), min_size=1, max_size=1)))
            parts.append(f"sh:property [ sh:path {path} ; {inside} ]")
        parts += draw(st.lists(st.sampled_from(AT_NODES), min_size=0 if len(parts) > 1 else 1, max_size=1))
        written.append(f":S{number} a sh:NodeShape ; {' ; '.join(parts)} .")
    return "\n".join(written)


def read_shapes(turtle: str) -> list[Chunk]:
    """Shapes as a release has them."""
    quads = ox.parse((PROLOGUE + turtle).encode(), ox.RdfFormat.TURTLE, base_iri=BASE)
    return list(chunks(quads, Origin("shapes", SHAPES, BASE)))


@dataclass(frozen=True)
class State:
    """Some named graphs, and the index and the notes of a release that has them."""

    graphs: dict[str, frozenset[bytes]]
    data: ValidatedData

    def report(self, shapes: list[Chunk]) -> Report:
        """What pySHACL says of everything."""
        members = {iri: [_chunk(iri, lines)] for iri, lines in self.graphs.items() if lines and iri != SHAPES}
        return validate(members, shapes, base=BASE)

    def by_index(self, shapes: list[Chunk]) -> Report:
        """What pySHACL says of those that the triple index of the release finds."""
        with self.index() as index:
            return validate_index(self.data, shapes, index, base=BASE)

    def by_sets(self, shapes: list[Chunk]) -> Report:
        """The same without a release."""
        return by_sets({iri: lines for iri, lines in self.graphs.items() if iri != SHAPES}, shapes, BASE)

    @contextmanager
    def index(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The triple index of the release."""
        with stored_index(self.data, self.graphs) as index:
            yield index

    def changes(self, after: State) -> list[GraphChange]:
        """How the graphs differ."""
        return [
            GraphChange(iri, lines - self.graphs[iri], self.graphs[iri] - lines) for iri, lines in after.graphs.items()
        ]


@contextmanager
def stored_index(data: ValidatedData, graphs: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The triple index of a release: literals as its store has them."""
    with HeldFolder() as folder:
        files = list[LinesFile]()
        for number, iri in enumerate(graphs):
            quads = data.index.quads_for_pattern(None, None, None, ox.NamedNode(iri))
            lines = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES) or b""
            files.append(spooled([Chunk(iri, lines)], folder / str(number), iri))
        with passing_index(files, folder) as index:
            yield index


def by_sets(graphs: Mapping[str, frozenset[bytes]], shapes: list[Chunk], base: str) -> Report:
    """What pySHACL says of those that a passing index finds; of all where what shapes read cannot be told."""
    members = {iri: [_chunk(iri, lines)] for iri, lines in graphs.items() if lines}
    if not can_fetch(shapes, base=base):
        return validate(members, shapes, base=base)
    with HeldFolder() as folder:
        files = [spooled(each, folder / str(n), f"{SOURCE}{n}") for n, each in enumerate(members.values())]
        with passing_index(files, folder) as index:
            return validate_passing(index, list(members), shapes, base=base)


def _chunk(iri: str, lines: frozenset[bytes]) -> Chunk:
    return Chunk(iri, b"".join(line + b"\n" for line in sorted(lines)))


def state(one: frozenset[bytes], two: frozenset[bytes], shapes: list[Chunk]) -> State:
    """A release in memory: two graphs and that of the shapes."""
    graphs = {GRAPHS[0]: one, GRAPHS[1]: two, SHAPES: frozenset(line for chunk in shapes for line in chunk.lines())}
    index, notes = ox.Store(), ox.Store()
    for iri, lines in graphs.items():
        text = b"\n".join(lines)
        LexicalForms(notes).noted(index, iri, lines, ()).write(notes)
        index.load(text, ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(iri), lenient=True)
        index.load(text, ox.RdfFormat.N_TRIPLES, lenient=True)
    return State(graphs, ValidatedData(index, LexicalForms(notes), frozenset({SHAPES}), BASE))


def told(report: Report) -> set[Result]:
    """A report's results, without files."""
    return set(report.located(lambda *_: ()).results)

"""The gate: what conforms, what does not and in which words, and shapes that cannot be used."""

from __future__ import annotations

import contextlib
from socket import create_server

import pyoxigraph as ox
import pytest
from rdflib.namespace import SH

from graph.model.errors import ShapesError
from graph.sources.batches import Chunk, Origin, chunks
from graph.validation.conformance import located, validate
from graph.validation.report import Report

BASE = "http://e/"
PROLOGUE = """
@prefix : <http://e/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DATA = ':a a :C ; :p "x" , :b ; :q 1 . :b a :C .'


def read(turtle: str, name: str) -> list[Chunk]:
    quads = ox.parse((PROLOGUE + turtle).encode(), ox.RdfFormat.TURTLE, base_iri=BASE)
    return list(chunks(quads, Origin(name, BASE + name, BASE)))


def report(body: str, data: str = DATA, before: str = "") -> Report:
    shape = f"{before} :S a sh:NodeShape ; sh:targetClass :C ; {body} ."
    return validate({"data/a.ttl": read(data, "a")}, read(shape, "shapes"), base=BASE)


WITH_ALL = 'sh:property [ sh:path :n ; sh:minInclusive 1 ; sh:message "small"@en , "мало"@ru , "kam"@uz , "plain" ]'


@pytest.mark.parametrize(
    ("languages", "message"),
    [(("uz", "en"), "kam"), (("ru",), "мало"), (("en", "ru"), "small"), (("de", "ru"), "мало"), (("",), "plain")],
)
def test_a_violation_names_file_node_path_value_and_message(languages: tuple[str, ...], message: str) -> None:
    found = report(WITH_ALL, ":a a :C ; :n 0 .")
    assert not found.conforms
    value = '"0"^^<http://www.w3.org/2001/XMLSchema#integer>'
    expected = f"data/a.ttl: Violation: <http://e/a> <http://e/n> {value}: {message}"
    assert list(found.lines(languages)) == [expected]


def test_a_message_is_found_where_there_is_none_in_the_language() -> None:
    found = report('sh:property [ sh:path :n ; sh:minCount 1 ; sh:message "мало"@ru ]', ":a a :C .")
    assert found.results[0].message(("en", "uz")) == "мало"


@pytest.mark.parametrize(("severity", "conforms"), [("sh:Violation", False), ("sh:Warning", True), ("sh:Info", True)])
def test_only_violations_keep_data_out(severity: str, conforms: bool) -> None:
    found = report(f"sh:property [ sh:path :n ; sh:minCount 1 ; sh:severity {severity} ]", ":a a :C .")
    assert found.conforms is conforms
    assert len(found.results) == 1


def test_results_come_worst_first() -> None:
    shapes = (
        "sh:property [ sh:path :m ; sh:minCount 1 ; sh:severity sh:Info ] , [ sh:path :n ; sh:minCount 1 ] ,"
        " [ sh:path :o ; sh:minCount 1 ; sh:severity sh:Warning ]"
    )
    assert [each.severity for each in report(shapes, ":a a :C .").results] == ["Violation", "Warning", "Info"]


def test_a_result_is_counted_once_however_many_shapes_lead_to_it() -> None:
    name = ":Name a sh:PropertyShape ; sh:path ( :n :m ) ; sh:minCount 1 ; sh:severity %s ."
    other = ":T a sh:NodeShape ; sh:targetSubjectsOf :n ; sh:property :Name ."
    for severity, warnings in (("sh:Info", 1), ("sh:Warning", 1), ("sh:Violation", 0)):
        found = report("sh:property :Name", ":a a :C ; :n :b .", before=name % severity + other)
        assert len(found.results) == len(list(found.graph.objects(None, SH.result))) == 1
        assert found.warnings == warnings


def test_a_long_value_is_cut_in_the_text() -> None:
    found = report('sh:property [ sh:path :p ; sh:pattern "^y" ]', f':a a :C ; :p "{"x" * 5000}" .')
    assert len(next(found.lines(("en",)))) < 600


def test_the_file_that_states_the_value_is_named_first_and_else_those_that_speak_of_the_node() -> None:
    shapes = read(
        ":S a sh:NodeShape ; sh:targetNode :a ; sh:property [ sh:path :p ; sh:nodeKind sh:IRI ] ,"
        " [ sh:path :q ; sh:minCount 1 ] .",
        "shapes",
    )
    data = {"a.ttl": read(":a a :C .", "a"), "b.ttl": read(':a :p "x" .', "b"), "c.ttl": read(":b :p :a .", "c")}
    by_path = {each.path: each.files for each in validate(data, shapes, base=BASE).results}
    assert by_path == {"http://e/p": ("b.ttl",), "http://e/q": ("a.ttl", "b.ttl")}


def test_a_report_can_be_located_anew() -> None:
    found = report("sh:property [ sh:path :n ; sh:minCount 1 ]", ":a a :C .")
    data = {"one.ttl": read(":b a :C .", "a"), "other.ttl": read(":a a :C .", "b")}
    assert [each.files for each in located(found, data).results] == [("other.ttl",)]


@pytest.mark.parametrize(
    ("shape", "value", "conforms"),
    [
        ('sh:pattern "^01$"', '"01"^^xsd:integer', True),
        ('sh:pattern "^1$"', '"01"^^xsd:integer', False),
        ("sh:datatype xsd:integer", '"1."^^xsd:decimal', False),
        ("sh:datatype xsd:integer", '"x"^^xsd:integer', False),
        ("sh:datatype xsd:date", '"2014-11-31"^^xsd:date', False),
        ("sh:datatype xsd:date", '"2014-11-30"^^xsd:date', True),
        ("sh:datatype xsd:string", '"a"', True),
        ("sh:datatype xsd:string", '"a"@en', False),
        ('sh:languageIn ( "uz" )', '"a"@uz-Latn', True),
        ('sh:hasValue "a"', '"a"^^xsd:string', True),
        ("sh:hasValue 1", '"01"^^xsd:integer', False),
        ('sh:in ( "1.0"^^xsd:decimal )', '"1.00"^^xsd:decimal', False),
    ],
)
def test_literals_are_judged_as_they_were_written(shape: str, value: str, conforms: bool) -> None:
    assert report(f"sh:property [ sh:path :n ; {shape} ]", f":a a :C ; :n {value} .").conforms is conforms


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        ("sh:minInclusive 5.0", '"NaN"^^xsd:double'),
        ("sh:maxExclusive 5.0", '"NaN"^^xsd:float'),
        ("sh:minInclusive 5", '"NaN"^^xsd:decimal'),
        ("sh:minInclusive 5", '"1_000"^^xsd:integer'),
        ("sh:minInclusive 5", '"many"^^xsd:integer'),
        ("sh:maxInclusive 5", '"x"'),
        ('sh:minInclusive "2014-01-01"^^xsd:date', '"2014-02-30"^^xsd:date'),
        ('sh:maxInclusive "2014-01-01T00:00:00"^^xsd:dateTime', '"2013-01-01T00:00:00Z"^^xsd:dateTime'),
        ('sh:minInclusive "P1M"^^xsd:duration', '"P31D"^^xsd:duration'),
        ("sh:lessThan :m", '"2014-13-45"^^xsd:date'),
        ("sh:lessThan :m", "[]"),
        ("sh:lessThanOrEquals :m", ":b"),
        ("sh:lessThanOrEquals :m", '"a"@en'),
        ("sh:datatype xsd:dateTime", '"2021-01-01"^^xsd:dateTime'),
        ("sh:datatype xsd:gYearMonth", '"1999-13"^^xsd:gYearMonth'),
        ("sh:datatype xsd:decimal", '"1e3"^^xsd:decimal'),
    ],
)
def test_what_cannot_be_compared_is_a_result_at_its_node(constraint: str, value: str) -> None:
    data = f':a a :C ; :n {value} ; :m "2020-01-01"^^xsd:date , :c , "b"@en . :fine a :C .'
    found = report(f"sh:property [ sh:path :n ; {constraint} ]", data)
    assert {each.focus for each in found.results} == {"<http://e/a>"}


@pytest.mark.parametrize("value", ['"NaN"^^xsd:double', '"-"^^xsd:decimal', '"2014-02-30"^^xsd:date'])
@pytest.mark.parametrize(
    ("query", "fails"),
    [
        ("SELECT $this { $this :n ?n . FILTER (?n > 5.0) }", False),
        ("SELECT $this { $this :n ?n . FILTER (?n * 2.0 + 1.0 > 3) }", False),
        ("SELECT $this { $this :n ?n . FILTER (ROUND(?n) > 5 || YEAR(?n) > 1) }", False),
        ("SELECT $this ?n { $this :n ?n } ORDER BY ?n", True),
        ("SELECT $this { $this :n ?n . FILTER (!COALESCE(ABS(?n) < 5.0, false)) }", True),
    ],
)
def test_what_a_query_cannot_calculate_is_an_error_of_its_expression(query: str, value: str, fails: bool) -> None:
    prefixes = 'sh:prefixes [ sh:declare [ sh:prefix "" ; sh:namespace "http://e/"^^xsd:anyURI ] ]'
    data = f":a a :C ; :n {value} , 1 ."
    assert bool(report(f'sh:sparql [ {prefixes} ; sh:select "{query}" ]', data).results) is fails


BAD = {
    "a path that is text": 'sh:property [ sh:path "p" ; sh:minCount 1 ]',
    "no path": "sh:property [ sh:minCount 1 ]",
    "two paths": "sh:property [ sh:path :p , :q ]",
    "a path of an unknown kind": "sh:property [ sh:path [ :up :p ] ]",
    "a count that is no number": 'sh:property [ sh:path :p ; sh:minCount "many" ]',
    "a negative count": "sh:property [ sh:path :p ; sh:minCount -1 ]",
    "a pattern that is none": 'sh:property [ sh:path :p ; sh:pattern "(" ]',
    "alternatives that are no list": 'sh:or "a"',
    "no alternatives": "sh:or ( )",
    "a list without end": "sh:property [ sh:path :p ; sh:in :l ]",
    "a query that is none": 'sh:sparql [ sh:select "SELECT $this WHERE {" ]',
    "a query with an unknown prefix": 'sh:sparql [ sh:select "SELECT $this { $this ex:p ?x }" ]',
    "an ASK for a SELECT": 'sh:sparql [ sh:select "ASK { $this ?p ?x }" ]',
    "an update": 'sh:sparql [ sh:select "DELETE WHERE { $this ?p ?x }" ]',
    "no query": 'sh:sparql [ sh:message "none" ]',
    "a prefix without IRI": 'sh:sparql [ sh:prefixes [ sh:declare [ sh:prefix "e" ] ] ; sh:select "SELECT $this { }" ]',
    "a bound that is no number": 'sh:property [ sh:path :p ; sh:minLength "x" ]',
    "shapes three hundred deep": "sh:node :S0",
}
DEEP = " ".join(f":S{number} a sh:NodeShape ; sh:node :S{number + 1} ." for number in range(300))
LOOP = ':l rdf:first "a" ; rdf:rest :l .'


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_shapes_that_cannot_be_used_are_an_error_of_one_line(body: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ShapesError) as caught:
        report(body, before=DEEP + LOOP)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_shapes_that_need_themselves_come_to_an_end(capfd: pytest.CaptureFixture[str]) -> None:
    assert report("sh:node :S ; sh:property [ sh:path :p ; sh:node :S ; sh:nodeKind sh:BlankNodeOrIRI ]").results
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "body",
    [
        'sh:sparql [ sh:select "SELECT $this { SERVICE <REMOTE> { $this ?p ?x } }" ]',
        'sh:sparql [ sh:select "SELECT $this { sErViCe SILENT <REMOTE> { $this ?p ?x } }" ]',
        'sh:sparql [ sh:select "SELECT $this FROM <REMOTE> { $this ?p ?x }" ]',
        'sh:sparql [ sh:select "SELECT $this FROM NAMED <REMOTE> { GRAPH <REMOTE> { $this ?p ?x } }" ]',
        'sh:js [ sh:jsFunctionName "f" ; sh:jsLibrary [ sh:jsLibraryURL "REMOTE"^^xsd:anyURI ] ]',
        "sh:property [ sh:path :p ; sh:minCount 1 ] . <http://e/> a owl:Ontology ; owl:imports <REMOTE>",
        "sh:shapesGraph <REMOTE>",
    ],
)
def test_shapes_never_dial_out(body: str) -> None:
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with contextlib.suppress(ShapesError):
            report(body.replace("REMOTE", url))
        with pytest.raises(TimeoutError):
            server.accept()

"""Shapes are checked before any data is: what makes them unusable, and what stands in them without effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from validation_material import BASE, read_shapes
from writing import Write

from endpoint.cli import main
from graph.model.errors import ShapesError
from graph.pipeline.build import build
from graph.validation.shapes import Remark, remarks

DECLARED = ': sh:declare [ sh:prefix "" ; sh:namespace "http://e/"^^xsd:anyURI ] .'
COMPONENT = """:Odd a sh:ConstraintComponent ; sh:parameter [ sh:path :odd ] ; sh:validator
    [ a sh:SPARQLAskValidator ; sh:ask "%s" ]"""


def said(shapes: str) -> list[Remark]:
    return remarks(read_shapes(f":C a sh:NodeShape ; sh:targetClass :C ; {shapes} . {DECLARED}"), base=BASE)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('sh:property [ sh:path :p ; sh:minCount "1" ]', "sh:minCount takes one whole number"),
        ("sh:property [ sh:path :p ; sh:minCount 1 , 2 ]", "sh:minCount stands 2 times"),
        ("sh:property [ sh:path :p ; sh:maxCount -1 ]", "sh:maxCount takes one whole number"),
        ("sh:property [ sh:path :p ; sh:maxCount 1.5 ]", "sh:maxCount takes one whole number"),
        ('sh:property [ sh:path :p ; sh:minLength "x" ]', "sh:minLength takes one whole number"),
        ('sh:property [ sh:path :p ; sh:datatype "xsd:date" ]', "sh:datatype takes one IRI"),
        ("sh:property [ sh:path :p ; sh:datatype xsd:date , xsd:gYear ]", "sh:datatype stands 2 times"),
        ('sh:property [ sh:path :p ; sh:class "C" ]', "sh:class takes an IRI"),
        ("sh:property [ sh:path :p ; sh:nodeKind sh:Iri ]", "sh:nodeKind takes one of SHACL's six kinds"),
        ("sh:property [ sh:path :p ; sh:in :a ]", "sh:in takes a list"),
        ("sh:property [ sh:path :p ; sh:or ( ) ]", "sh:or takes a list of shapes"),
        ('sh:property [ sh:path :p ; sh:languageIn "en" ]', "sh:languageIn takes a list"),
        ('sh:property [ sh:path :p ; sh:uniqueLang "yes" ]', "sh:uniqueLang takes true or false"),
        ("sh:property [ sh:path :p ; sh:minInclusive :a ]", "sh:minInclusive takes one literal"),
        ('sh:property [ sh:path :p ; sh:pattern "(" ]', "cannot be used"),
        ('sh:property [ sh:path "p" ; sh:minCount 1 ]', "sh:path takes one path"),
        ("sh:property [ sh:path [ :up :p ] ; sh:minCount 1 ]", "sh:path: a path of no known kind"),
        ("sh:property [ sh:minCount 1 ]", "needs sh:path"),
        ("sh:property :Nowhere", "described nowhere"),
        ('sh:property [ sh:path :p ; sh:order "first" ]', "sh:order takes one number"),
        ("sh:path :p", "a node shape has no sh:path"),
        ("sh:minCount 1", "sh:minCount stands at property shapes only"),
        ("sh:closed true ; sh:ignoredProperties :p", "sh:ignoredProperties takes a list"),
        ("sh:targetNode [ ]", "sh:targetNode takes an IRI or a literal"),
        ("sh:entailment <http://www.w3.org/ns/entailment/RDFS>", "sh:entailment is not evaluated"),
        ('sh:sparql [ sh:select "SELECT $this { $this ex:p ?x }" ]', "the prefix 'ex', which is not declared"),
        ('sh:sparql [ sh:prefixes : ; sh:select "SELECT $this { $this :p }" ]', "no SPARQL"),
        ('sh:sparql [ sh:select "ASK { $this ?p ?x }" ]', "must be a SELECT"),
        ('sh:sparql [ sh:select "SELECT ?x { $this ?p ?x }" ]', "selects no $this"),
        ('sh:sparql [ sh:select "SELECT $this { $this ?p ?x . FILTER(<http://e/f>(?x)) }" ]', "function <http://e/f>"),
        ('sh:sparql [ sh:select "SELECT $this { $this ?p ?x MINUS { ?x ?y ?z } }" ]', "MINUS"),
        ('sh:sparql [ sh:message "none" ]', "sh:select"),
        (f":p 1 . {COMPONENT % 'ASK { $value ex:p ?x'}", "no SPARQL"),
        (f":p 1 . {COMPONENT % 'SELECT ?x { $value ?p ?x }'}", "must be an ASK"),
    ],
)
def test_what_makes_shapes_unusable_is_an_error_that_names_the_shape(body: str, problem: str) -> None:
    found = [each for each in said(body) if each.is_error]
    assert any(problem in each.problem for each in found), found
    assert all(each.shape.startswith(("<http://e/", "http://e/")) for each in found)
    assert all("\n" not in str(each) for each in found)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "sh:property [ sh:path :p ; sh:minCout 1 ]",
            "SHACL has no sh:minCout, so it does nothing; is sh:minCount meant?",
        ),
        ("sh:property [ sh:path :p ; sh:datatyp xsd:date ]", "is sh:datatype meant?"),
        ("sh:propery [ sh:path :p ]", "is sh:property meant?"),
        ("sh:severity sh:violation", "is sh:Violation meant?"),
        ("a sh:Nodeshape", "is sh:NodeShape meant?"),
        ('sh:js [ sh:jsFunctionName "f" ]', "sh:js is not evaluated"),
        ("sh:expression [ sh:path :p ]", "sh:expression is not evaluated"),
        (
            'sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this { ?this a :C }" ]',
            "sh:SPARQLTarget is not evaluated",
        ),
        ("sh:rule [ a sh:TripleRule ]", "put it into ontology/"),
        ("sh:memberShape :C", "SHACL 1.2 is not evaluated here"),
    ],
)
def test_what_has_no_effect_is_a_warning(body: str, problem: str) -> None:
    found = said(body)
    assert any(problem in each.problem for each in found), found
    assert not [each for each in found if each.is_error]


@pytest.mark.parametrize(
    "body",
    [
        "sh:property [ sh:path ( :p [ sh:inversePath :q ] ) ; sh:minCount 1 ; sh:order 1.5 ; sh:defaultValue 3 ]",
        'sh:sparql [ sh:prefixes :I ; sh:select "SELECT $this { $this e:p xsd:x }" ] . :I owl:imports : .'
        ' : sh:declare [ sh:prefix "e" ; sh:namespace "http://y/" ] , [ sh:prefix "xsd" ; sh:namespace "http://x/" ]',
        'sh:sparql [ sh:select "SELECT $this (xsd:integer(?x) AS ?value) { $this $PATH ?x }" ] ; a owl:Class',
        'sh:sparql [ sh:prefixes : ; sh:select "PREFIX e: <http://e/> SELECT $this { $this e:p :x }" ]',
        "sh:severity :Dreadful ; sh:deactivated true ; sh:message 'no'@en , 'нет'@ru",
        f":odd 1 . {COMPONENT % 'ASK { FILTER(?value != $odd) }'}",
    ],
)
def test_nothing_is_said_of_shapes_that_are_well_formed(body: str) -> None:
    body = body.replace("$PATH", "?any")
    assert said(body) == []


BROKEN = """@prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
:Person a sh:NodeShape ; sh:targetClass :Person ; sh:property [ sh:path :age ; %s ] ."""


def test_a_build_names_shape_and_file_though_no_data_meets_the_shape(publication: Write) -> None:
    files = {
        "data/a.ttl": "<http://e/a> <http://e/p> 1 .",
        "shapes/good.ttl": BROKEN.replace("Person", "Club") % "sh:order 1",
    }
    made = publication({**files, "shapes/people.ttl": BROKEN % 'sh:minCount "1"'})
    problem = 'sh:minCount takes one whole number, as 1 without quotes; here it has "1"'
    with pytest.raises(ShapesError) as caught:
        build(made)
    assert str(caught.value) == f"shapes/people.ttl: <http://e/Person> / <http://e/age>: {problem}"


def test_the_command_line_warns_of_terms_without_effect(publication: Write, tmp_path: Path) -> None:
    publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 .", "shapes/people.ttl": BROKEN % "sh:minCout 1"})
    warning = "hamkor: warning: shapes/people.ttl: <http://e/Person> / <http://e/age>: SHACL has no sh:minCout"
    for command in (["build"], ["validate"]):
        found = CliRunner().invoke(main, [*command, "--publication", str(tmp_path / "publication")])
        assert found.exit_code == 0
        assert warning in found.stderr

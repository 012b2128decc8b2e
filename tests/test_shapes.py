"""The shapes: each lets a valid publication pass, and reports each way of breaking it, and nothing else.

The cases are tables: see shapes/README.md. That the flagship's own data conform is tested elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pyshacl
import pyshacl.shape
import pytest
from pyshacl.constraints import ALL_CONSTRAINT_COMPONENTS, ALL_CONSTRAINT_PARAMETERS, CONSTRAINT_PARAMETERS_MAP
from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, Graph, Literal, URIRef
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import Node

from graph.validation.validated_graph import ShapesTriples

HERE = Path(__file__).parent / "shapes"
SHAPES = Path(__file__).parent.parent / "shapes"
BASE = "https://w3id.org/hamkor/"
SHAPE = BASE + "shape/"
FAMILIES = sorted(path.stem for path in (HERE / "edits").glob("*.txt"))
SHARED = ("common", "groups")
LANGUAGES = {"en", "ru", "uz"}


class Finding(NamedTuple):
    focus: str
    shape: str
    component: str


class Edit(NamedTuple):
    subject: str
    operator: str
    property: str
    values: str


class Case(NamedTuple):
    family: str
    line: int
    text: str

    @property
    def edits(self) -> list[Edit]:
        return [edit_of(text.strip()) for text in self.text.split(" => ")[0].split(" & ")]

    @property
    def results(self) -> set[Finding]:
        expected = self.text.split(" => ")[1].strip()
        if expected == "conforms":
            return set()
        return {self._result(one.split()) for one in expected.split(" , ")}

    def _result(self, words: list[str]) -> Finding:
        focus = words[0] if len(words) == 3 else self.edits[0].subject
        return Finding(str(URIRef(focus.strip("<>"), base=BASE)), SHAPE + words[-2], words[-1])


def edit_of(text: str) -> Edit:
    subject, rest = text.split(" ", 1)
    if rest.startswith("renamed "):
        return Edit(subject, "renamed", "", rest.removeprefix("renamed "))
    property_name, operator, *values = rest.split(" ", 2)
    return Edit(subject, operator, property_name, values[0] if values else "")


def cases() -> Iterator[Case]:
    for family in FAMILIES:
        lines = (HERE / "edits" / f"{family}.txt").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if line and not line.startswith("#"):
                yield Case(family, number, line)


CASES = list(cases())


class ListedShapes(ShapesTriples):
    """Shapes whose statements are listed once: pySHACL lists those of a shape again for each value node."""

    def __init__(self) -> None:
        super().__init__()
        self._stated: dict[Node | None, list[tuple[Node, Node]]] = {}

    def predicate_objects(self, subject: Node | None = None, unique: bool = False) -> Iterator[tuple[Node, Node]]:  # type: ignore[override]
        if subject not in self._stated:
            self._stated[subject] = [*super().predicate_objects(subject, unique)]
        return iter(self._stated[subject])


@cache
def shapes(*names: str) -> Graph:
    graph = ListedShapes()
    for path in sorted(SHAPES.glob("*.ttl")):
        if not names or path.stem in names:
            graph.parse(path)
    return graph


@cache
def valid() -> Graph:
    graph = Graph()
    for path in sorted((HERE / "valid").glob("*.ttl")):
        graph.parse(path)
    return graph


@cache
def prefixes() -> str:
    names = dict(shapes().namespaces()) | dict(valid().namespaces())
    return f"@base <{BASE}> .\n" + "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in names.items())


@cache
def prepared(query: str) -> Query:
    return prepareQuery(query)


@pytest.fixture(autouse=True)
def parameters_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """pySHACL asks of each triple of a shape whether it is a parameter: a set tells it sooner than a list."""
    parameters = frozenset(ALL_CONSTRAINT_PARAMETERS), CONSTRAINT_PARAMETERS_MAP
    monkeypatch.setattr(pyshacl.shape, "CONSTRAINT_PARAMS", parameters, raising=False)


class PreparingGraph(Graph):
    """A graph that parses the text of a query once: pySHACL asks the same one again for each focus node."""

    def query(self, query_object: str, *options: object) -> Result:  # type: ignore[override]
        return super().query(prepared(query_object), *options)  # type: ignore[arg-type]


def edited(edits: list[Edit]) -> Graph:
    graph = PreparingGraph()
    graph += valid()
    for edit in edits:
        if edit.operator == "renamed":
            old, new = (URIRef(iri.strip("<>"), base=BASE) for iri in (edit.subject, edit.values))
            for triple in [triple for triple in graph if old in triple]:
                graph.remove(triple)
                graph.add(tuple(new if term == old else term for term in triple))
            continue
        if edit.operator == "=" and edit.subject.startswith("<"):
            predicate = next(Graph().parse(data=f"{prefixes()}<s> {edit.property} 0 .").predicates())
            graph.remove((URIRef(edit.subject.strip("<>"), base=BASE), predicate, None))
        if edit.values:
            graph.parse(data=f"{prefixes()}{edit.subject} {edit.property} {edit.values} .")
    return graph


def validated(data: Graph, against: Graph, **options: bool) -> set[Finding]:
    _, report, text = pyshacl.validate(data, shacl_graph=against, inplace=True, **options)
    assert isinstance(report, Graph), text
    return {result_of(report, node) for node in report.objects(None, SH.result)}


def result_of(report: Graph, node: Node) -> Finding:
    component = str(report.value(node, SH.sourceConstraintComponent))
    return Finding(
        str(report.value(node, SH.focusNode)),
        str(report.value(node, SH.sourceConstraint) or report.value(node, SH.sourceShape)),
        component.removeprefix(str(SH)).removesuffix("ConstraintComponent"),
    )


def property_shapes() -> list[Node]:
    return sorted(set(shapes().subjects(RDF.type, SH.PropertyShape)))


def node_shapes() -> list[Node]:
    return sorted(set(shapes().subjects(RDF.type, SH.NodeShape)))


def has_target(shape: Node) -> bool:
    targets = (SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf, SH.targetNode)
    return any((shape, target, None) in shapes() for target in targets)


def constraint_components(shape: Node) -> set[str]:
    """Return the components that can stand in a result of this shape itself (not of the shapes that it refers to)."""
    delegating = {SH.property, SH.sparql}
    found = set()
    for component in ALL_CONSTRAINT_COMPONENTS:
        parameters = set(component.constraint_parameters()) - delegating
        if any((shape, parameter, None) in shapes() for parameter in parameters):
            name = component.constraint_name().removesuffix("ConstraintComponent")
            found.update(qualified(shape) if name == "QualifiedValueShape" else {name})
    return found


def qualified(shape: Node) -> set[str]:
    """Return the components of a qualified value shape: it bounds from below, from above, or both."""
    bounds = {"QualifiedMinCount": SH.qualifiedMinCount, "QualifiedMaxCount": SH.qualifiedMaxCount}
    return {name for name, parameter in bounds.items() if (shape, parameter, None) in shapes()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}:{case.line}")
def test_an_edit_gives_exactly_the_results_that_its_line_names(case: Case) -> None:
    found = validated(edited(case.edits), shapes(case.family, *SHARED))
    assert {(r.focus, r.shape, r.component) for r in found} == set(case.results), case.text


def test_the_valid_publication_conforms_and_the_shapes_are_legal_shacl() -> None:
    assert validated(valid(), shapes(), meta_shacl=True) == set()


def test_the_valid_publication_conforms_when_it_comes_as_n_quads_of_the_pipeline() -> None:
    triples = [q.triple for path in sorted((HERE / "valid").glob("*.ttl")) for q in ox.parse(path=path)]
    lines = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert lines is not None
    assert b"@uz-latn" in lines, "the parser writes language tags in small letters"
    assert validated(Graph().parse(data=lines, format="nt"), shapes()) == set()


CORE = """
<{0}club> a hk:ParentsClub ; rdfs:label "Клуб"@ru ; hk:city <{0}city> .
<{0}city> a schema:City ; rdfs:label "Мойнақ"@kaa .
<{0}count> a hk:MemberCount ; rdfs:label "Родители"@ru ; hk:countedClub <{0}club> ; hk:memberCount 7 ;
    hk:countUnit <scheme/unit/parents> ;
    hk:countEarliest "2021-05-01"^^xsd:date ; hk:countLatest "2021-05-01"^^xsd:date .
<{0}person> a foaf:Person ; rdfs:label "Ann"@en .
<{0}role> a org:Membership ; rdfs:label "Ann"@en ; org:member <{0}person> ; vcard:hasTelephone <{0}telephone> .
<{0}telephone> a vcard:Voice ; rdfs:label "Ann"@en ; vcard:hasValue <tel:+998000000009> .
<{0}body> a org:FormalOrganization ; rdfs:label "Фонд"@ru .
<{0}project> a hk:Project ; rdfs:label "Проект"@ru .
<{0}region> a schema:AdministrativeArea ; rdfs:label "Вилоят"@ru .
<{0}concept> a skos:Concept ; rdfs:label "Понятие"@ru .
<{0}source> a schema:CreativeWork ; rdfs:label "Отчёт"@ru .
"""
"""The least that is asked of things of others."""


@pytest.mark.parametrize(
    ("folder", "refused"),
    [("https://ngo-x.example/", 0), (BASE + "ngo-x/", 0), (BASE + "id/x/", 11)],
    ids=["elsewhere", "below a name here", "the publisher's"],
)
def test_what_others_leave_out_is_a_warning_and_what_the_publisher_does_is_refused(folder: str, refused: int) -> None:
    data = PreparingGraph()
    data += valid()
    data.parse(data=prefixes() + CORE.format(folder), format="turtle")
    _, report, text = pyshacl.validate(data, shacl_graph=shapes(), inplace=True)
    assert isinstance(report, Graph), text
    violations = set(report.subjects(SH.resultSeverity, SH.Violation))
    assert len({report.value(each, SH.focusNode) for each in violations}) == refused, text
    assert any(report.subjects(SH.resultSeverity, SH.Warning))


def test_the_classes_of_which_the_publisher_asks_more_are_all_that_have_names_and_sources() -> None:
    graph = shapes()
    for shared, name in (("label", "OwnNames"), ("derivedFrom", "OwnSources")):
        users = set(graph.subjects(SH.property, URIRef(SHAPE + shared)))
        classes = {each for user in users for each in graph.objects(user, SH.targetClass)}
        assert classes == set(graph.objects(URIRef(SHAPE + name), SH.targetClass)), name


def test_every_constraint_is_broken_by_a_case_of_its_own() -> None:
    broken = {(result.shape, result.component) for case in CASES for result in case.results}
    of_nodes = [s for s in property_shapes() if any(has_target(user) for user in shapes().subjects(SH.property, s))]
    named = {(str(s), c) for s in of_nodes for c in constraint_components(s)}
    named |= {(str(s), c) for s in node_shapes() if has_target(s) for c in constraint_components(s)}
    named |= {(str(rule), "SPARQL") for rule in shapes().objects(None, SH.sparql)}
    assert sorted(named - broken) == []


def test_every_shape_has_something_to_check_in_the_valid_publication() -> None:
    idle = [str(shape) for shape in node_shapes() if has_target(shape) and not focus_nodes(shape)]
    assert idle == []
    assert [str(shape) for shape in property_shapes() if not has_value(shape)] == []


def focus_nodes(shape: Node) -> set[Node]:
    found = {n for c in shapes().objects(shape, SH.targetClass) for n in valid().subjects(RDF.type, c)}
    found |= {n for p in shapes().objects(shape, SH.targetSubjectsOf) for n in valid().subjects(p, None)}
    return found | {n for p in shapes().objects(shape, SH.targetObjectsOf) for n in valid().objects(None, p)}


def has_value(shape: Node) -> bool:
    users = shapes().subjects(SH.property, shape)
    values = " ".join(node.n3() for user in users for node in focus_nodes(user))
    if not any(has_target(user) for user in shapes().subjects(SH.property, shape)):
        return True  # it is part of what another shape asks of a value
    return bool(valid().query(f"ASK {{ VALUES ?this {{ {values} }} ?this {path_text(shape)} ?value }}").askAnswer)


def path_text(shape: Node) -> str:
    return str(shacl_path_to_sparql_path(ShapesGraph(shapes()), shapes().value(shape, SH.path)))


@pytest.mark.parametrize("shape", property_shapes(), ids=lambda shape: shape.removeprefix(SHAPE))
def test_a_property_shape_has_all_that_a_page_needs(shape: URIRef) -> None:
    graph = shapes()
    assert isinstance(shape, URIRef)
    assert shape.startswith(SHAPE)
    assert list(graph.subjects(SH.property, shape)), "a node shape uses it"
    for predicate in (SH.name, SH.description, SH.message):
        assert sorted(text.language for text in graph.objects(shape, predicate)) == sorted(LANGUAGES)
    assert isinstance(graph.value(shape, SH.order, any=False).toPython(), int)
    assert (graph.value(shape, SH.group, any=False), RDF.type, SH.PropertyGroup) in graph


@pytest.mark.parametrize("shape", node_shapes(), ids=lambda shape: shape.removeprefix(SHAPE))
def test_a_node_shape_has_a_name_in_three_languages_and_a_target_or_a_user(shape: URIRef) -> None:
    graph = shapes()
    assert {label.language for label in graph.objects(shape, RDFS.label)} == LANGUAGES
    referred_to = any(predicate != RDF.type for predicate in graph.predicates(None, shape))
    assert has_target(shape) != referred_to
    if has_target(shape) and constraint_components(shape):
        assert {text.language for text in graph.objects(shape, SH.message)} == LANGUAGES


def test_a_constraint_in_sparql_has_an_iri_and_messages_and_the_shared_prefixes() -> None:
    graph = shapes()
    for rule in graph.objects(None, SH.sparql):
        assert isinstance(rule, URIRef)
        assert sorted(text.language for text in graph.objects(rule, SH.message)) == sorted(LANGUAGES)
        assert set(graph.objects(rule, SH.prefixes)) == {URIRef(SHAPE)}


def test_messages_of_a_constraint_in_sparql_are_not_mixed_with_those_of_its_shape() -> None:
    for shape in shapes().subjects(SH.sparql, None):
        assert (shape, SH.message, None) not in shapes()


def test_sorting_properties_by_their_order_alone_keeps_groups_together() -> None:
    graph = shapes()
    for shape in property_shapes():
        group = graph.value(shape, SH.group)
        assert int(graph.value(shape, SH.order)) // 100 == int(graph.value(group, SH.order)), shape


def test_groups_have_a_name_in_three_languages_and_a_place_of_their_own() -> None:
    graph = shapes()
    groups = sorted(graph.subjects(RDF.type, SH.PropertyGroup))
    orders = [graph.value(group, SH.order) for group in groups]
    assert len(set(orders)) == len(groups)
    for group in groups:
        assert {label.language for label in graph.objects(group, RDFS.label)} == LANGUAGES


def test_on_a_page_no_two_shown_properties_of_a_class_have_the_same_place() -> None:
    graph = shapes()
    for shape in node_shapes():
        shown = [p for p in graph.objects(shape, SH.property) if not hidden(p)]
        places = [graph.value(p, SH.order) for p in shown]
        assert len(set(places)) == len(places), shape
        assert len({path_text(p) for p in shown}) == len(shown), shape


def hidden(shape: Node) -> bool:
    return shapes().value(shape, SH.group) == URIRef(SHAPE + "group-checks")


def test_every_property_that_the_data_use_has_a_shape() -> None:
    data, covered = flagship(), covered_properties()
    classes = {node: set(data.objects(node, RDF.type)) for node in set(data.subjects(RDF.type, None))}
    bare = {
        (str(kind), str(predicate))
        for node, kinds in classes.items()
        for kind in kinds & covered.keys()
        for predicate in set(data.predicates(node)) - {RDF.type}
        if not any(predicate in covered.get(other, ()) for other in kinds)
    }
    assert sorted(bare) == []


def test_the_publisher_names_its_things_so_that_more_is_asked_of_them() -> None:
    data, asked = flagship(), set(shapes().objects(URIRef(SHAPE + "OwnNames"), SH.targetClass))
    elsewhere = URIRef("http://rdfs.org/ns/void#Dataset")  # which keeps the IRI that its publisher gave it
    named = {node for kind in asked - {elsewhere} for node in data.subjects(RDF.type, kind)}
    assert sorted(str(node) for node in named if not re.match(rf"{BASE}(id|scheme|query)/", str(node))) == []


def flagship() -> Graph:
    data = Graph()
    for folder in ("data", "ontology/schemes"):
        for path in sorted((SHAPES.parent / folder).glob("*.ttl")):
            data.parse(path)
    return data


def covered_properties() -> dict[Node, set[Node]]:
    """Return for each class the predicates that its property shapes have as a path or an alternative of it."""
    graph, covered = shapes(), dict[Node, set[Node]]()
    for shape, kind in graph.subject_objects(SH.targetClass):
        for path in graph.objects(shape, SH.property / SH.path):
            alternatives = [one for each in graph.objects(path, SH.alternativePath) for one in graph.items(each)]
            covered.setdefault(kind, set()).update([path, *alternatives])
    return covered


def test_texts_write_uzbek_with_its_own_letters_and_no_pattern_crashes_the_engine() -> None:
    for text in shapes().objects():
        if isinstance(text, Literal) and text.language == "uz":
            assert not re.search(r"[oOgG]['`‘’ʼ]|[a-zA-Z]['`‘’]", text), text
    for pattern in shapes().objects(None, SH.pattern):
        re.compile(str(pattern))
        assert "\\p{" not in str(pattern)

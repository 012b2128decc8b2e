"""The W3C's SHACL suite: every way of validating gives the results that pySHACL gives, on the same terms.

Blank nodes of the data are skolemised at the door, for pySHACL too: how it fares with the suite is another question.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import BNode, Graph, URIRef
from rdflib.namespace import SH
from validation_material import BASE, SHAPES, State, state, told

from graph.model.errors import ShapesError
from graph.model.rdf_terms import genid_iri
from graph.sources.batches import Chunk, Origin, chunks
from graph.validation.exact_terms import to_rdflib
from graph.validation.incremental import validate_change
from graph.validation.report import Report, parse_report, read_report
from graph.validation.shapes import load_shapes

SUITE = Path(__file__).resolve().parents[3] / "shared" / "suites" / "shacl"
ACTION = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#action"
VALIDATE = "http://www.w3.org/ns/shacl-test#Validate"
TESTS = sorted(path for path in SUITE.rglob("*.ttl") if VALIDATE.rsplit("#", 1)[1] in path.read_text(encoding="utf-8"))


def parsed(path: Path) -> ox.Store:
    store = ox.Store()
    store.load(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.as_uri(), lenient=True)
    return store


def read(path: Path, graph: str) -> list[Chunk]:
    return list(chunks(parsed(path), Origin(path.name, graph, BASE)))


def cases(path: Path) -> list[tuple[Path, Path]]:
    """The data and the shapes of the tests in a file."""
    query = (
        "PREFIX sht: <http://www.w3.org/ns/shacl-test#> SELECT ?data ?shapes"
        f" {{ ?test <{ACTION}> [ sht:dataGraph ?data ; sht:shapesGraph ?shapes ] }}"
    )
    found = parsed(path).query(query)
    assert isinstance(found, ox.QuerySolutions)
    return [(local(row["data"]), local(row["shapes"])) for row in found]


def local(iri: ox.NamedNode) -> Path:
    return Path(iri.value.removeprefix("file://"))


def by_pyshacl(before: State, shapes: list[Chunk]) -> Report | None:
    """pySHACL's report, or None where it gives none."""
    chunk = [Chunk("", b"\n".join(before.graphs["data"]) + b"\n")]
    usable, data = load_shapes(shapes, base=BASE), to_rdflib(chunk, data_below=genid_iri(BASE, ""))
    plain = Graph()
    for triple in usable.graph:
        plain.add(triple)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = pyshacl.validate(data, shacl_graph=plain, inference="none", advanced=False, inplace=True)[1]
        except Exception:  # noqa: BLE001  it raises all kinds over shapes that cannot be used
            return None
    if not isinstance(report, Graph):
        return None
    for predicate in (SH.sourceShape, SH.sourceConstraint):
        for subject, value in list(report.subject_objects(predicate)):
            if isinstance(value, BNode):
                report.set((subject, predicate, usable.iris[value]))
    for predicate in (SH.focusNode, SH.value):
        for subject, value in list(report.subject_objects(predicate)):
            if isinstance(value, BNode) and value.startswith(BASE):
                report.set((subject, predicate, URIRef(value)))
    return read_report(report, usable.graph)


def without_messages(report: Report) -> set[tuple[str | None, ...]]:
    """Generated messages depend on prefixes and on pySHACL's mixing up of several results."""
    return {(each.severity, each.focus, each.path, each.value, each.shape, each.component) for each in told(report)}


@pytest.mark.skipif(not TESTS, reason="the W3C's suite is not there: shared/suites/shacl")
@pytest.mark.parametrize("path", TESTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_all_ways_of_validating_agree(path: Path) -> None:
    for data, shapes_file in cases(path):
        shapes = read(shapes_file, SHAPES)
        lines = frozenset(line for chunk in read(data, "http://e/graph/a") for line in chunk.lines())
        whole, nothing = state(lines, frozenset(), shapes), state(frozenset(), frozenset(), shapes)
        expected = by_pyshacl(State({"data": lines}, whole.data), shapes)
        if expected is None:
            with pytest.raises(ShapesError):
                whole.report(shapes)
            continue
        found = whole.report(shapes)
        assert without_messages(found) == without_messages(expected)
        assert told(whole.by_index(shapes)) == told(whole.by_sets(shapes)) == told(found)
        half = state(frozenset(sorted(lines)[::2]), frozenset(), shapes)
        for before in (nothing, half):
            known = parse_report(before.report(shapes).turtle(), load_shapes(shapes, base=BASE).graph)
            changes = before.changes(whole)
            report = validate_change(before.data, whole.data, changes, shapes, known, base=BASE)
            assert told(report) == told(found)

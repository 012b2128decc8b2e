"""What we export of a class comes back as no change: as CSV in each language, and as a workbook; whatever it holds."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.export.views import TableProperty, headings, rows, table_of, write_csv, write_workbook
from graph.model.publication import Publication
from graph.model.rdf_terms import RDF_TYPE, XSD
from graph.parts.proposals.form_fields import KnownThings
from graph.parts.spreadsheets.cell_values import CellReader
from graph.parts.spreadsheets.column_recognition import ClassVocabulary, ColumnRecogniser
from graph.parts.spreadsheets.import_memory import ImportMemory
from graph.parts.spreadsheets.import_space import ImportSpace, NamedThings
from graph.parts.spreadsheets.imported_things import ThingMaker
from graph.parts.spreadsheets.sheet_cells import read_sheets
from graph.parts.spreadsheets.table_layout import find_table
from graph.parts.templates.fields import TemplateShapes
from graph.releases.exact_forms import LexicalForms, open_forms
from graph.releases.release import Release

CLASSES = (
    "http://www.w3.org/ns/org#FormalOrganization", "http://www.w3.org/ns/org#Membership",
    "http://purl.org/linked-data/cube#ComponentSpecification",
)  # fmt: skip
"""A sample: several datatypes, telephones with the year of their publication, several properties of one name."""


def maker(path: Path, store: ox.Store, forms: LexicalForms, base: str, kind: str) -> ThingMaker:
    things = KnownThings(store, base, ("en",))
    vocabulary = ClassVocabulary(TemplateShapes(store, base), kind, things, {})
    (sheet,) = read_sheets(path, path.name)
    table = find_table(sheet, vocabulary.fit)
    assert table is not None
    uses = ColumnRecogniser(vocabulary, table).uses()
    fields = {each: vocabulary.field_of(each) for use in uses for each in use.target.paths}
    space = ImportSpace(store, forms, base, "", kind, "", "")
    reader = CellReader(fields, things, None, "en", NamedThings(vocabulary.shapes, things, space))
    made = ThingMaker(table, uses, reader, space, ImportMemory())
    made.make()
    return made


def exported(store: ox.Store, base: str, kind: str, language: str, path: Path) -> int:
    """Write the table of a class as ``/class`` does; return how many rows it has."""
    fields = ClassVocabulary(TemplateShapes(store, base), kind, KnownThings(store, base, ("en",)), {}).fields
    shown = [TableProperty(each, {tag.lower(): text for tag, text in of.names.items()}) for each, of in fields.items()]
    table = table_of(store, kind, shown)
    stream = io.BytesIO()
    header, lines = headings(table, language), rows(store, table, lambda iri: iri.rpartition("/")[2])
    if path.suffix == ".csv":
        write_csv(header, lines, stream)
    else:
        write_workbook(table, header, lines, stream, datetime.now(UTC))
    path.write_bytes(stream.getvalue())
    return len(table.things)


def shaped(store: ox.Store, base: str) -> list[str]:
    """All classes that have shapes and are no catalogue's."""
    found = TemplateShapes(store, base).targets()
    return [each for each in found if "void#" not in each]


@pytest.mark.parametrize(("language", "suffix", "sample"), [("en", ".xlsx", 0), ("ru", ".csv", 1), ("uz", ".csv", 2)])
def test_the_tables_of_the_flagship_come_back_as_no_change(
    language: str,
    suffix: str,
    sample: int,
    flagship_publication: Publication,
    flagship_release: Release,
    tmp_path: Path,
) -> None:
    store, base = flagship_release.store, flagship_publication.base
    for kind in shaped(store, base) if os.environ.get("HAMKOR_WHOLE") else CLASSES[sample:][:1]:
        path = tmp_path / f"table{suffix}"
        count = exported(store, base, kind, language, path)
        made = maker(path, store, open_forms(flagship_release.folder), base, kind)
        assert len(made.things) == count, kind
        assert [change for each in made.things for change in each.changes] == [], kind
        assert [each for each in made.problems if each.problem.is_fault] == [], kind


BASE, KIND = "https://example.org/", "https://example.org/ns#Club"
SHAPES = f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <{BASE}ns#> .
<{BASE}shape/c> sh:targetClass x:Club ; sh:property <{BASE}shape/a> , <{BASE}shape/b> .
<{BASE}shape/c> sh:property <{BASE}shape/d> , <{BASE}shape/e> .
<{BASE}shape/a> sh:path <http://www.w3.org/2000/01/rdf-schema#label> ; sh:name "name"@en ; sh:uniqueLang true .
<{BASE}shape/b> sh:path x:members ; sh:name "members"@en ; sh:datatype <{XSD}integer> .
<{BASE}shape/d> sh:path x:founded ; sh:name "founded"@en ; sh:datatype <{XSD}date> .
<{BASE}shape/e> sh:path x:page ; sh:name "page"@en ; sh:nodeKind sh:IRI ."""
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    str.strip
)
VALUES = {
    "http://www.w3.org/2000/01/rdf-schema#label": st.builds(
        lambda text, tag: ox.Literal(text, language=tag), TEXTS, st.sampled_from(["en", "ru", "uz"])
    ),
    f"{BASE}ns#members": st.builds(
        lambda text: ox.Literal(text, datatype=ox.NamedNode(XSD + "integer")),
        st.sampled_from(["1", "007", "-3", "много"]),
    ),
    f"{BASE}ns#founded": st.builds(
        lambda text: ox.Literal(text, datatype=ox.NamedNode(XSD + "date")),
        st.sampled_from(["2014-02-01", "2014", "x|y"]),
    ),
    f"{BASE}ns#page": st.builds(lambda n: ox.NamedNode(f"https://ngo-x.example/{n}"), st.integers(0, 20)),
}
STATEMENTS = st.lists(
    st.one_of([st.tuples(st.integers(1, 3), st.just(path), values) for path, values in VALUES.items()]), max_size=12
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS, suffix=st.sampled_from([".csv", ".xlsx"]))
def test_whatever_a_table_holds_comes_back_as_no_change(
    statements: list[tuple[int, str, ox.NamedNode | ox.Literal]], suffix: str, tmp_path: Path
) -> None:
    store, graph = ox.Store(), ox.NamedNode(f"{BASE}graph/a")
    shapes = ox.NamedNode(f"{BASE}graph/shapes")
    for each in ox.parse(SHAPES, ox.RdfFormat.TURTLE):
        store.add(ox.Quad(each.subject, each.predicate, each.object, shapes))
    triples = [ox.Triple(ox.NamedNode(f"{BASE}id/{n}"), ox.NamedNode(path), value) for n, path, value in statements]
    triples += [ox.Triple(ox.NamedNode(f"{BASE}id/{n}"), ox.NamedNode(RDF_TYPE), ox.NamedNode(KIND)) for n in (1, 2, 3)]
    for triple in triples:
        for place in (graph, ox.DefaultGraph()):
            store.add(ox.Quad(triple.subject, triple.predicate, triple.object, place))
    path = tmp_path / f"table{suffix}"
    exported(store, BASE, KIND, "en", path)
    made = maker(path, store, open_forms(tmp_path), BASE, KIND)
    assert [change for each in made.things for change in each.changes] == []
    assert [each for each in made.problems if each.problem.is_fault] == []

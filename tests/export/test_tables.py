"""Tables of classes: every cell leads back to the term it was made of, read by the project's own CSVW reader."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.export import views
from graph.export.views import (
    ClassTable,
    TableProperty,
    description,
    headings,
    rows,
    table_of,
    write_csv,
    write_workbook,
)
from graph.model.errors import QueryLimitError
from graph.model.rdf_terms import RDF_TYPE, XSD
from graph.sources.csvw.conversion import read_table

EX = "https://example.org/"
KIND = f"{EX}Club"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def store_of(turtle: str) -> ox.Store:
    store = ox.Store()
    prologue = f"@prefix ex: <{EX}> . @prefix xsd: <{XSD}> . "
    store.extend(ox.Quad(*quad.triple) for quad in ox.parse(prologue + turtle, ox.RdfFormat.TURTLE))
    return store


def csv_of(store: ox.Store, table: ClassTable, language: str = "en") -> bytes:
    stream = io.BytesIO()
    write_csv(headings(table, language), rows(store, table, lambda iri: f"name of {iri[-1]}"), stream)
    return stream.getvalue()


def workbook_of(store: ox.Store, table: ClassTable) -> bytes:
    stream = io.BytesIO()
    write_workbook(table, headings(table, "en"), rows(store, table, lambda _: ""), stream, CREATED)
    return stream.getvalue()


def read_back(folder: Path, store: ox.Store, table: ClassTable, language: str = "en") -> set[ox.Triple]:
    (folder / "Club.csv").write_bytes(csv_of(store, table, language))
    (folder / "Club.csv-metadata.json").write_bytes(description(table, "Club.csv", ["en", "ru"], {"en": "Club"}, {}))
    return set(read_table(folder / "Club.csv", base=EX))


def expected(store: ox.Store, table: ClassTable) -> set[ox.Triple]:
    exact = {each.property.predicate for each in table.columns if each.is_exact} | {RDF_TYPE}
    return {quad.triple for thing in table.things for quad in store.quads_for_pattern(ox.NamedNode(thing), None, None)
            if quad.predicate.value in exact
            and (quad.predicate.value != RDF_TYPE or quad.object == ox.NamedNode(table.kind))}  # fmt: skip


DATA = """
ex:a a ex:Club ; ex:label "A"@en , "А"@ru ; ex:in ex:x ; ex:size 14 ; ex:since "2015-02"^^xsd:gYearMonth ;
  ex:on "2015-02-03"^^xsd:date ; ex:tag "one" , "two" ; ex:shape "POINT(1 2)"^^ex:wkt ; ex:open true ; ex:w 1.50 .
ex:b a ex:Club ; ex:label "B"@en ; ex:in ex:x , ex:y ; ex:size "many" ; ex:tag "a|b" , "c;d" ; ex:note "=1+1" , " x " .
"""


def test_cells_lead_back_to_their_terms(tmp_path: Path) -> None:
    store = store_of(DATA)
    table = table_of(store, KIND, [])
    assert read_back(tmp_path, store, table) == expected(store, table)
    assert len(expected(store, table)) == 21


def test_columns_are_those_of_the_shapes_in_their_order_and_language(tmp_path: Path) -> None:
    store = store_of(DATA)
    shown = [
        TableProperty(f"{EX}size", {"en": "members", "ru": "членов"}),
        TableProperty(f"{EX}in", {"en": "city", "ru": "город"}),
    ]
    table = table_of(store, KIND, shown)
    assert headings(table, "ru") == ["IRI", "Членов [size_integer]", "Членов [size_string]", "Город", "Город 2",
                                     "Город (название)"]  # fmt: skip
    assert read_back(tmp_path, store, table, "ru") == expected(store, table)


def test_names_of_things_stand_beside_them() -> None:
    store = store_of(DATA)
    text = csv_of(store, table_of(store, KIND, [TableProperty(f"{EX}in", {"en": "city"})])).decode()
    assert text.splitlines() == ["IRI,City,City 2,City (name)", f"{EX}a,{EX}x,,name of x",
                                 f"{EX}b,{EX}x,{EX}y,name of x; name of y"]  # fmt: skip


def test_values_are_separated_by_what_no_value_holds() -> None:
    store = store_of(DATA)
    (column,) = table_of(store, KIND, [TableProperty(f"{EX}tag", {})]).columns
    assert column.separator == "¦"


def test_what_leads_to_very_many_things_is_for_people_only(tmp_path: Path) -> None:
    store = store_of("ex:a a ex:Club ; ex:in " + " , ".join(f"ex:t{number}" for number in range(9)) + ' ; ex:n "x" .')
    table = table_of(store, KIND, [])
    assert [(each.name, each.is_exact) for each in table.columns] == [("in", False), ("in_name", False), ("n", True)]
    assert read_back(tmp_path, store, table) == expected(store, table)


def test_iris_that_a_template_would_change_are_for_people_only(tmp_path: Path) -> None:
    store = store_of("ex:a a ex:Club ; ex:in ex:қишлоқ ; ex:size 1 .")
    table = table_of(store, KIND, [])
    assert [(each.name, each.is_exact) for each in table.columns] == [("in", False), ("in_name", False), ("size", True)]
    assert read_back(tmp_path, store, table) == expected(store, table)
    odd = store_of("ex:клуб a ex:Club ; ex:size 1 .")
    assert read_back(tmp_path, odd, table_of(odd, KIND, [])) == set()


def test_texts_that_are_no_forms_of_their_datatype_are_for_people_only(tmp_path: Path) -> None:
    store = store_of('ex:a a ex:Club ; ex:size "about 20"^^xsd:integer ; ex:on "2014-02-30"^^xsd:date ; ex:n 1 .')
    table = table_of(store, KIND, [])
    assert [(each.name, each.is_exact) for each in table.columns] == [("n", True), ("on", False), ("size", False)]
    assert read_back(tmp_path, store, table) == expected(store, table)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_of(store, table))).active
    assert [cell.value for cell in sheet[2]] == [f"{EX}a", 1, "2014-02-30", "about 20"]


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.tuples(st.sampled_from("ab"), TEXTS, st.sampled_from(["", "en", "uz-latn"])), min_size=1))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str]]) -> None:
    store, folder = ox.Store(), tmp_path_factory.mktemp("csv")
    for thing, text, language in texts:
        node = ox.NamedNode(EX + thing)
        literal = ox.Literal(text, language=language) if language else ox.Literal(text)
        store.add(ox.Quad(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(KIND)))
        store.add(ox.Quad(node, ox.NamedNode(f"{EX}says"), literal))
    table = table_of(store, KIND, [])
    assert read_back(folder, store, table) == expected(store, table)


def test_a_table_is_the_same_bytes_again() -> None:
    store = store_of(DATA)
    for write in (
        lambda: csv_of(store, table_of(store, KIND, [])),
        lambda: workbook_of(store, table_of(store, KIND, [])),
    ):
        assert write() == write()


def test_a_workbook_holds_numbers_days_and_no_formula() -> None:
    store = store_of(DATA)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_of(store, table_of(store, KIND, [])))).active
    assert sheet is not None
    header = [each.value for each in sheet[1]]
    cells = {heading: (sheet.cell(2, at), sheet.cell(3, at)) for at, heading in enumerate(header, 1)}
    assert cells["Size_integer"][0].value == 14
    assert cells["On"][0].value.date() == date(2015, 2, 3)
    assert cells["Since"][0].value == "2015-02"
    note = cells["Note"][1]
    assert (note.data_type, "=1+1" in note.value) == ("s", True)
    assert not [each for row in sheet.iter_rows() for each in row if each.data_type == "f"]


def test_a_class_with_too_many_things_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_ROWS", 1)
    with pytest.raises(QueryLimitError, match="more things than a table holds"):
        table_of(store_of(DATA), KIND, [])


def test_a_table_with_too_many_columns_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_COLUMNS", 3)
    with pytest.raises(QueryLimitError, match="this table would have"):
        table_of(store_of(DATA), KIND, [])


def test_the_description_says_what_columns_are() -> None:
    table = table_of(
        store_of(DATA), KIND, [TableProperty(f"{EX}in", {"en": "city", "ru": "город"}, {"en": "Where it is."})]
    )
    found = json.loads(description(table, "Club.csv", ["en", "ru"], {"en": "Club"}, {"dc:license": {"@id": f"{EX}l"}}))
    city = found["tableSchema"]["columns"][1]
    assert city["titles"] == {"en": "City", "ru": "Город"}
    assert city["dc:description"] == [{"@value": "Where it is.", "@language": "en"}]
    assert (found["dc:license"], found["tableSchema"]["aboutUrl"]) == ({"@id": f"{EX}l"}, "{+id}")

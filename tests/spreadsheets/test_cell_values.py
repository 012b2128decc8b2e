"""Cells are read as people here write them; what may mean two things, or is cut off, is told and not guessed."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pyoxigraph as ox
import pytest

from graph.model.publication import Publication
from graph.model.rdf_terms import XSD
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.names_index import open_index
from graph.parts.linking.reconciliation import Reconciler
from graph.parts.proposals.form_fields import FormField, KnownThings, form_fields
from graph.parts.spreadsheets.cell_values import Bad, CellReader, moment, number, telephone, truth
from graph.parts.spreadsheets.column_recognition import ColumnTarget, ColumnUse
from graph.parts.spreadsheets.import_space import ImportSpace, NamedThings
from graph.parts.spreadsheets.sheet_cells import Cell
from graph.parts.templates.fields import TemplateShapes, Value
from graph.releases.exact_forms import open_forms
from graph.releases.release import Release

FOUNDED = [XSD + "date", XSD + "gYearMonth", XSD + "gYear"]


def text_of(found: Value | Bad) -> str:
    return f"! {found.problem.problem}" if isinstance(found, Bad) else found.value


DAYS: list[tuple[Cell, str]] = [
    ("01.02.2014", "2014-02-01"), ("2014-02", "2014-02"), ("2014", "2014"), (2014.0, "2014"), (41671.0, "2014-02-01"),
    (datetime.date(2014, 2, 1), "2014-02-01"), (datetime.datetime(2014, 2, 1, 9, 30), "2014-02-01"),
    ("5 марта 2014", "2014-03-05"), ("5 марта 2014 г.", "2014-03-05"), ("февраль 2014", "2014-02"), ("2014 г.", "2014"),
    ("2014-yil", "2014"), ("2014 yil 5 mart", "2014-03-05"), ("02.2014", "2014-02"),
    ("01.02.2014 0:00:00", "2014-02-01"),
    ("31.02.2014", "!"), ("01.02.14", "!"), ("давно", "!"), ("2014-2015", "!"), ("5 марта 2014?", "!"),
    (12.5, "!"), (True, "!"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), DAYS, ids=[str(each) for each, _ in DAYS])
def test_a_day_is_as_precise_as_it_is_written(cell: Cell, expected: str) -> None:
    found = text_of(moment(cell, FOUNDED))
    assert found.startswith("!") if expected == "!" else found == expected


@pytest.mark.parametrize(("cell", "said"), [("2014", "less precise"), ("01.02.2014", "")])
def test_a_day_is_never_made_more_precise(cell: str, said: str) -> None:
    found = text_of(moment(cell, [XSD + "date"]))
    assert (said in found) if said else found == "2014-02-01"


NUMBERS: list[tuple[Cell, str, str, str]] = [
    (12.0, "", "integer", "12"), ("12", "", "integer", "12"), ("1 234", "", "integer", "1234"),
    ("1\u00a0234", "", "integer", "1234"),
    ("1,234", "", "integer", "1234"), ("1 234,5", "", "decimal", "1234.5"), ("1,234.5", "", "decimal", "1234.5"),
    ("1.234,5", "", "decimal", "1234.5"), ("1,234", "", "decimal", "!"), ("1,234", ",", "decimal", "1.234"),
    ("1,234", ".", "decimal", "1234"), ("1234.5", "", "decimal", "1234.5"), ("-3,5", "", "decimal", "-3.5"),
    ("12 чел.", "", "integer", "!"), ("12.5", "", "integer", "!"), ("", "", "integer", "!"),
    ("много", "", "integer", "!"),
    ("0,125", ".", "decimal", "0.125"), ("0,125", "", "decimal", "0.125"), ("\u22125", "", "integer", "-5"),
    ("1.000", "", "integer", "!"), ("1.000", ",", "integer", "1000"), ("1.000", ",", "decimal", "1000"),
    ("1.500", ",", "decimal", "1500"), ("0.500", ",", "decimal", "0.500"), ("1.000", "", "decimal", "1"),
    (1.0, "", "integer", "1"), ("1.0", "", "integer", "1"),
    ("12345678901234567890", "", "integer", "12345678901234567890"), (datetime.date(2014, 2, 1), "", "integer", "!"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "decimal", "kind", "expected"), NUMBERS)
def test_a_number_is_read_or_told(cell: Cell, decimal: str, kind: str, expected: str) -> None:
    found = text_of(number(cell, [XSD + kind], decimal))
    assert found.startswith("!") if expected == "!" else found == expected


MOMENTS: list[tuple[Cell, str]] = [
    (datetime.datetime(2014, 2, 1, 9, 30), "2014-02-01T09:30:00"),
    (datetime.datetime(2014, 2, 1), "2014-02-01T00:00:00"),
    ("01.02.2014 9:30", "2014-02-01T09:30:00"), ("2014-02-01 09:30:15", "2014-02-01T09:30:15"),
    ("2014-02-01T09:30:00+05:00", "2014-02-01T09:30:00+05:00"), ("2014-02-01", "!"), ("31.02.2014 9:30", "!"),
    ("01.02.2014 25:30", "!"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), MOMENTS, ids=[str(each) for each, _ in MOMENTS])
def test_a_time_of_a_day_is_read_as_spreadsheets_and_people_have_it(
    reader: CellReader, cell: Cell, expected: str
) -> None:
    path = "http://e/at"
    of = FormField(path, is_inverse=False, names={}, descriptions={}, group=None, order=1, kinds=(XSD + "dateTime",))
    reader = replace(reader, fields={path: of})
    found = reader.read(cell, ColumnUse(0, "at", ColumnTarget((path,), "", "values")))
    assert [each.value for _, each in found.values] == ([] if expected == "!" else [expected])
    assert len(found.problems) == (expected == "!")


@pytest.mark.parametrize("text", ["http://[::1", "http://e/a|b", "https://e/a b"])
def test_an_address_that_is_none_is_told(reader: CellReader, text: str) -> None:
    of = FormField("http://e/at", is_inverse=False, names={}, descriptions={}, group=None, order=1, kinds=("IRI",))
    found = replace(reader, fields={of.path: of}).read(text, ColumnUse(0, "at", ColumnTarget((of.path,), "", "values")))
    assert (found.values, len(found.problems)) == ((), 1)


def test_what_stands_beside_a_number_is_told_with_the_number() -> None:
    found = number("12 чел.", [XSD + "integer"], "")
    assert isinstance(found, Bad)
    assert "write only 12" in found.problem.remedy
    rounded = number(1e20, [XSD + "integer"], "")
    assert isinstance(rounded, Bad)
    assert "write only" not in rounded.problem.remedy


TELEPHONES: list[tuple[Cell, str]] = [
    (998901234567.0, "tel:+998901234567"), ("998901234567,0", "tel:+998901234567"),
    ("+998 90 123-45-67", "tel:+998901234567"),
    ("(90) 123 45 67", "tel:+998901234567"), ("901234567", "tel:+998901234567"),
    ("+1 212 555 0100", "tel:+12125550100"),
    ("9,98901E+11", "!"), ("8 (371) 123-45-67", "!"), ("нет", "!"), ("123", "!"), ("12345678901234567890", "!"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), TELEPHONES, ids=[str(each) for each, _ in TELEPHONES])
def test_a_telephone_number_is_read_also_as_a_number(cell: Cell, expected: str) -> None:
    found = text_of(telephone(cell))
    assert found.startswith("!") if expected == "!" else found == expected


@pytest.mark.parametrize(
    ("cell", "expected"), [(True, "true"), ("да", "true"), ("Yoʻq", "false"), ("0", "false"), ("м", "!")]
)
def test_a_yes_or_no_is_read_in_any_language(cell: Cell, expected: str) -> None:
    found = text_of(truth(cell))
    assert found.startswith("!") if expected == "!" else found == expected


@pytest.fixture(scope="module")
def reader(flagship_publication: Publication, flagship_release: Release) -> CellReader:
    store, base = flagship_release.store, flagship_publication.base
    fields = {each.path: each for each in form_fields(TemplateShapes(store, base), (f"{base}ns#ParentsClub",))}
    index = open_index(flagship_release.folder)
    assert index is not None
    shapes, things = TemplateShapes(store, base), KnownThings(store, base, ("en",))
    space = ImportSpace(store, open_forms(flagship_release.folder), base, "", f"{base}ns#ParentsClub", "", "")
    return CellReader(fields, things, Reconciler(Search(index, base)), "en", NamedThings(shapes, things, space))


def column(path: str, *others: str, language: str = "", heading: str = "") -> ColumnUse:
    return ColumnUse(0, heading, ColumnTarget((path, *others), language, "values"))


HK, LABEL = "https://w3id.org/hamkor/ns#", "http://www.w3.org/2000/01/rdf-schema#label"
LOCALITY, PLACE = "http://www.w3.org/2006/vcard/ns#locality", "https://w3id.org/hamkor/id/place/"


@pytest.mark.parametrize(
    "text", ["Термез", "Termiz", "Termez", "термез", "г. Термез", "Термиз шаҳри", f"{PLACE}termez"]
)
def test_a_place_is_known_by_any_of_its_names(text: str, reader: CellReader) -> None:
    assert reader.read(text, column(HK + "city", LOCALITY)).values == ((HK + "city", ox.NamedNode(PLACE + "termez")),)


def test_a_misspelt_place_is_a_question_with_what_may_be_meant(reader: CellReader) -> None:
    found = reader.read("Самаркнад", column(HK + "city", LOCALITY))
    (problem,) = found.problems
    assert (found.values, problem.is_fault) == ((), True)
    assert [each.iri for each in problem.alternatives] == [PLACE + "samarkand"]


def test_what_was_answered_is_taken(reader: CellReader) -> None:
    reader.answers = {"samarknad": PLACE + "samarkand", "nekiy": ""}
    city = column(HK + "city", LOCALITY)
    assert reader.read("Самаркнад", city).values == ((HK + "city", ox.NamedNode(PLACE + "samarkand")),)
    reader.answers = {}


def test_the_name_of_a_place_that_nobody_knows_is_kept_and_told(reader: CellReader) -> None:
    found = reader.read("Нукус", column(HK + "city", LOCALITY))
    assert found.values == ((LOCALITY, ox.Literal("Нукус", language="ru")),)
    assert [each.is_fault for each in found.problems] == [False]
    assert reader.read("Нукус", column(HK + "city")).values == ()


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [("Клуб", "", "ru"), ("Ота-оналар клуби, Қўқон", "", "uz-cyrl"), ("Ota-onalar klubi", "", "uz"), ("Club", "", "en"),
     ("Klub", "uz-latn", "uz-latn")],
)  # fmt: skip
def test_a_text_is_in_the_language_of_its_column_or_of_its_script(
    text: str, language: str, expected: str, reader: CellReader
) -> None:
    (value,) = (term for _, term in reader.read(text, column(LABEL, language=language)).values)
    assert isinstance(value, ox.Literal)
    assert value.language == expected

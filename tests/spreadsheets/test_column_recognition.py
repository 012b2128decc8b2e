"""Columns are recognised by their headings in any language, by their values, or by what the user says."""

from __future__ import annotations

import pytest

from graph.export.documents import prefixes, read_context
from graph.model.errors import SourceError
from graph.model.publication import Publication
from graph.parts.proposals.form_fields import KnownThings
from graph.parts.spreadsheets.column_recognition import (
    NO_PEOPLE,
    ClassVocabulary,
    ColumnRecogniser,
    ColumnUse,
    target_text,
)
from graph.parts.spreadsheets.sheet_cells import CellSheet
from graph.parts.spreadsheets.table_layout import find_table
from graph.parts.spreadsheets.workbook_checks import SheetMarks
from graph.parts.templates.fields import TemplateShapes
from graph.releases.release import Release


@pytest.fixture(scope="module")
def vocabulary(flagship_publication: Publication, flagship_release: Release) -> ClassVocabulary:
    store, base = flagship_release.store, flagship_publication.base
    things = KnownThings(store, base, ("en",))
    names = prefixes(flagship_publication, read_context(flagship_publication))
    return ClassVocabulary(TemplateShapes(store, base), f"{base}ns#ParentsClub", things, names)


def uses(vocabulary: ClassVocabulary, *columns: tuple[str, ...], **said: dict[str, str]) -> list[ColumnUse]:
    height = max(map(len, columns))
    rows = tuple(tuple(each[row] if row < len(each) else "" for each in columns) for row in range(height))
    table = find_table(CellSheet("", rows, SheetMarks("")), vocabulary.fit)
    assert table is not None
    return [*ColumnRecogniser(vocabulary, table, **said).uses()]


def said(vocabulary: ClassVocabulary, *columns: tuple[str, ...], **by_hand: dict[str, str]) -> list[str]:
    return [target_text(each.target, vocabulary.prefixes) for each in uses(vocabulary, *columns, **by_hand)]


CITY = "hk:city|vcard:locality"
HEADINGS: dict[str, tuple[str, ...]] = {
    "rdfs:label": ("Название", "Название клуба", "Name", "Nomi", "Klub nomi", "Клуб", "Parents' club"),
    "rdfs:label@ru": ("Название (рус.)", "Name in Russian", "Название на русском", "label_ru", "Name (ru)",
    "rdfs:label@ru"),
    "rdfs:label@uz": ("Название на узбекском", "Name (Uzbek)", "Nomi (oʻzbekcha)", "Название (узб)", "Название (uz)"),
    "rdfs:label@uz-latn": ("label_uz_latn",),
    CITY: ("Город", "city", "City", "Shahar", "ГОРОД", "hk:city"),
    "hk:region": ("Регион", "Region", "Hudud"),
    "schema:foundingDate": ("Основан", "Дата основания", "Год основания", "founded", "Founded in",
    "Tashkil etilgan yili"),
    "hk:numberOfMembers": ("Членов", "Кол-во членов", "Число членов", "Members", "Number of members", "Aʼzolar soni"),
    "dct:description": ("Описание", "Description", "description"),
    "iri": ("IRI", "URI"),
    "key": ("ID", "Код", "Kalit", "key"),
}  # fmt: skip
PAIRS = [(heading, target) for target, headings in HEADINGS.items() for heading in headings]


@pytest.mark.parametrize(("heading", "target"), PAIRS, ids=[heading for heading, _ in PAIRS])
def test_a_heading_is_understood(heading: str, target: str, vocabulary: ClassVocabulary) -> None:
    value = "https://ngo-x.example/1" if target == "iri" else "а"
    assert said(vocabulary, (heading, value))[0] == target


def test_what_has_no_meaning_here_is_named_with_its_reason(vocabulary: ClassVocabulary) -> None:
    found = uses(vocabulary, ("№", "1", "2"), ("Клуб", "а", "б"), ("Любимый цвет", "синий", "красный"), ("", "х"))
    assert [(each.target.role, str(each.reason)) for each in found] == [
        ("none", "it numbers the rows"),
        ("values", ""),
        ("none", "nothing that can be said of such a thing is called so"),
        ("none", "it has no heading, and its values do not say what it is"),
    ]


@pytest.mark.parametrize(
    "heading",
    ["Контактное лицо", "Contact person", "Председатель клуба", "ФИО руководителя", "Ф.И.О.", "Rais", "Chairperson",
     "Телефон контактного лица", "Contact person’s e-mail", "Kimga qoʻngʻiroq qilish kerak", "Фамилия"],
)  # fmt: skip
def test_a_column_that_names_people_is_not_taken_and_says_why(heading: str, vocabulary: ClassVocabulary) -> None:
    _, found = uses(vocabulary, ("Клуб", "а"), (heading, "998901234567"))
    assert (found.target.role, found.reason) == ("none", NO_PEOPLE)


@pytest.mark.parametrize(
    ("heading", "value", "target"),
    [("Имя клуба", "Умид", "rdfs:label"), ("Телефон клуба", "998901234567", "vcard:hasTelephone"),
     ("E-mail", "club@ngo-x.example", "vcard:hasEmail"), ("Head office", "x", "-")],
)  # fmt: skip
def test_what_is_said_of_a_club_is_not_taken_for_a_person_s(
    heading: str, value: str, target: str, vocabulary: ClassVocabulary
) -> None:
    (found,) = uses(vocabulary, (heading, value))
    assert target_text(found.target, vocabulary.prefixes) == target
    assert found.reason != NO_PEOPLE


def test_what_is_said_of_another_kind_of_thing_names_it(vocabulary: ClassVocabulary) -> None:
    """A count of members has a day and a unit: it is a thing of its own, in a table as in the forms."""
    _, found = uses(vocabulary, ("Клуб", "а"), ("Данные не раньше", "01.09.2016"))
    assert "make a table of its own (Member count" in found.reason


def test_a_column_without_a_known_heading_is_told_by_its_values(vocabulary: ClassVocabulary) -> None:
    found = said(
        vocabulary, ("Клуб", "а", "б"), ("Где", "Термез", "Ургенч"),
        ("Вилоят", "Хорезмская область", "Самаркандская область"),
        ("С какого времени", "01.02.2014", "2015"), ("Звонить", "998901234567", "+998 90 123-45-67"),
    )  # fmt: skip
    assert found == ["rdfs:label", CITY, "hk:region", "schema:foundingDate", "vcard:hasTelephone"]


def test_each_property_is_taken_by_the_column_that_fits_best(vocabulary: ClassVocabulary) -> None:
    found = said(vocabulary, ("Город или район", "а"), ("Город", "б"), ("Название (ru)", "в"), ("Название (en)", "d"))
    assert found == ["-", CITY, "rdfs:label@ru", "rdfs:label@en"]


def test_a_user_changes_what_a_column_means(vocabulary: ClassVocabulary) -> None:
    columns = ("Клуб", "а"), ("Город", "б"), ("Прочее", "в"), ("Лишнее", "г")
    by_hand = {"Город": "vcard:locality@ru", "C": "Описание", "лишнее": "-"}
    assert said(vocabulary, *columns, by_hand=by_hand) == ["rdfs:label", "vcard:locality@ru", "dct:description", "-"]


def test_what_was_said_the_last_time_holds_unless_it_is_said_otherwise(vocabulary: ClassVocabulary) -> None:
    columns = ("Клуб", "а"), ("Прочее", "в")
    remembered = {"Прочее": "skos:note@ru", "Gone": "hk:city"}
    assert said(vocabulary, *columns, remembered=remembered) == ["rdfs:label", "skos:note@ru"]
    assert said(vocabulary, *columns, remembered=remembered, by_hand={"Прочее": "-"}) == ["rdfs:label", "-"]


@pytest.mark.parametrize(
    ("by_hand", "problem"),
    [
        ({"Страна": "hk:country"}, "no column"),
        ({"Клуб": "hk:"}, "no property"),
        ({"Клуб": "x y z"}, "no property"),
        ({"Клуб": "http://[::1"}, "no property"),
    ],
)
def test_what_cannot_be_said_of_a_column_is_refused(
    by_hand: dict[str, str], problem: str, vocabulary: ClassVocabulary
) -> None:
    with pytest.raises(SourceError, match=problem):
        said(vocabulary, ("Клуб", "а"), by_hand=by_hand)

"""A table means what a form means: the same statements of the same facts, places in every notation, regions asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.publication import Publication
from graph.parts.proposals.form_fields import KnownThings, form_fields
from graph.parts.proposals.new_things import as_new, new_thing
from graph.parts.proposals.shape_form import FormReader, PostedRow
from graph.parts.spreadsheets.import_preview import ImportFinding, ImportPreview, ImportRequest
from graph.parts.spreadsheets.spreadsheet_import import SpreadsheetImport
from graph.parts.templates.fields import TemplateShapes
from graph.releases.release import Release
from tests.spreadsheets.workbooks import xlsx

BASE, PLACE = "https://ngo-x.example/", "https://w3id.org/hamkor/id/place/"
KHIVA, WITHIN = f"<{BASE}city/xiva>", "<https://schema.org/containedInPlace>"


def looked_at(
    publication: Publication, folder: Path, columns: dict[str, object], class_name: str = "ParentsClub", **answers: str
) -> ImportPreview:
    """What would come of one row; the city that it names is new."""
    path = folder / "table.xlsx"
    path.write_bytes(xlsx({"S": [[*columns], [*columns.values()]]}))
    said = {"Хива": "new", **{text.replace("_", " "): iri for text, iri in answers.items()}}
    root = str(publication.root)
    request = ImportRequest(root, str(path), "table.xlsx", class_name, base=BASE, answers=said)
    return SpreadsheetImport(request).preview(asks_shapes=False)


def faults(found: ImportPreview) -> list[ImportFinding]:
    return [each for each in found.findings if each.severity == "fault"]


CLUB_CLASS, HK = "https://w3id.org/hamkor/ns#ParentsClub", "https://w3id.org/hamkor/ns#"
FACTS: dict[str, tuple[str, str, str]] = {
    "Название (ru)": ("http://www.w3.org/2000/01/rdf-schema#label", "Клуб «Нур»", "ru"),
    "Город": (f"{HK}city", "Термез", ""), "Основан": ("https://schema.org/foundingDate", "01.02.2014", ""),
    "Членов": (f"{HK}numberOfMembers", "12", ""), "Регион": (f"{HK}region", "Сурхандарьинская область", ""),
    "Описание (ru)": ("http://purl.org/dc/terms/description", "Хороший клуб", "ru"),
}  # fmt: skip
"""Heading → the property of the form's field, what is filled in, and its language."""


def test_a_form_and_a_table_make_the_same_statements_of_the_same_facts(
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    store, base = flagship_release.store, flagship_publication.base
    rows = [
        PostedRow(number, text, "", path, language or None)
        for number, (path, text, language) in enumerate(FACTS.values())
    ]
    fields = form_fields(TemplateShapes(store, base), (CLUB_CLASS,))
    given = [PostedRow(50, str(term), "", each.path, None) for each in fields for term in each.given]
    read = FormReader(new_thing(base, ""), fields, KnownThings(store, base, ("ru",))).read((*rows, *given))
    assert not read.unread
    found = looked_at(flagship_publication, tmp_path, {name: text for name, (_, text, _) in FACTS.items()})
    made = {(each.predicate, each.added) for each in found.rows[0].changes}
    assert made == {(each.predicate, each.added) for each in as_new(CLUB_CLASS, read.changes, base)}


def said_of_khiva(found: ImportPreview) -> dict[str, str]:
    """What the table says of the new place, by the last part of the property."""
    lines = (line.removesuffix(" .").split(" ", 2) for line in found.statements.decode().splitlines())
    return {path[1:-1].rpartition("/")[2]: value for thing, path, value in lines if thing == KHIVA}


CLUB: dict[str, object] = {"Клуб": "Клуб «Нур»", "Город": "Хива"}


@pytest.mark.parametrize(
    "columns",
    [
        {"Широта": "41,378", "Долгота": "60,36"}, {"Широта": 41.378, "Долгота": 60.36},
        {"Широта": "41°22′40,8″ с. ш.", "Долгота": "60°21′36″ в. д."}, {"lat": "41.378 N", "lng": "E 60.36"},
        {"Kenglik": "41.378 sh.k.", "Uzunlik": "60.36 sh.u."}, {"Координаты": "41.378, 60.36"},
        {"GPS": "41°22'40.8\"N 60°21'36\"E"}, {"Coordinates": "60.36 E, 41.378 N"}, {"WKT": "POINT(60.36 41.378)"},
        {"Широта и долгота": "41,378; 60,36"}, {"Koordinatalar": "geo:41.378,60.36"}, {"Lat/Long": "60.36, 41.378"},
    ],
    ids=" ".join,
)  # fmt: skip
def test_coordinates_in_every_notation_of_a_form_make_a_place_and_tell_its_region(
    columns: dict[str, object], flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    found = looked_at(flagship_publication, tmp_path, CLUB | columns)
    assert not faults(found)
    said = said_of_khiva(found)
    assert (said["latitude"].split("^")[0], said["longitude"].split("^")[0]) == ('"41.378"', '"60.36"')
    assert said["containedInPlace"] == f"<{PLACE}khorezm>"


@pytest.mark.parametrize(
    ("columns", "cell", "value", "problem"),
    [
        ({"Широта": "где-то", "Долгота": 60.36}, "C2", "где-то", "does not say where it is"),
        ({"Широта": 95, "Долгота": 60.36}, "C2", "95", "does not say where it is"),
        ({"Широта": "41 в. д.", "Долгота": 60.36}, "C2", "41 в. д.", "does not say where it is"),
        ({"Координаты": "41.378"}, "C2", "41.378", "does not say where it is"),
        ({"Широта": 43.2, "Долгота": 76.9}, "C2", "43.2", "no region that is known here surely holds"),
        ({"Координаты": "41.6, 59.9"}, "C2", "41.6, 59.9", "no region that is known here surely holds"),
        ({}, "B2", "Хива", "nothing says in which region it lies"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_told_at_its_cell(
    columns: dict[str, object], cell: str, value: str, problem: str,
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path,
) -> None:  # fmt: skip
    first = faults(looked_at(flagship_publication, tmp_path, CLUB | columns))[0]
    assert (first.cell, first.value) == (cell, value)
    assert problem in str(first.problem)


def test_a_region_that_is_asked_is_answered(
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    columns = CLUB | {"Координаты": "43°12′N 76°54′E"}
    (asked,) = faults(looked_at(flagship_publication, tmp_path, columns))
    assert asked.asks == "43.2, 76.9"
    assert f"{PLACE}khorezm" in {each.iri for each in asked.alternatives}
    answered = looked_at(flagship_publication, tmp_path, columns, **{"43.2, 76.9": f"{PLACE}khorezm"})
    assert not faults(answered)
    assert said_of_khiva(answered)["containedInPlace"] == f"<{PLACE}khorezm>"


def test_the_region_of_the_row_is_taken_and_said_where_the_coordinates_lie_elsewhere(
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    columns = CLUB | {"Регион": "Самаркандская область", "Координаты": "41.378, 60.36"}
    found = looked_at(flagship_publication, tmp_path, columns)
    assert not faults(found)
    assert said_of_khiva(found)["containedInPlace"] == f"<{PLACE}samarkand-region>"
    assert "the row says otherwise" in " ".join(str(each.problem) for each in found.findings)


def test_a_row_that_is_a_place_itself_gets_the_region_that_its_coordinates_tell(
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    row = {"Name": "Xiva", "Coordinates": "41.378, 60.36"}
    assert said_of_khiva(looked_at(flagship_publication, tmp_path, row, "schema:City"))["containedInPlace"] == (
        f"<{PLACE}khorezm>"
    )


def test_a_column_can_be_given_the_meaning_of_coordinates_by_hand(
    flagship_publication: Publication, flagship_release: Release, tmp_path: Path
) -> None:
    found = looked_at(flagship_publication, tmp_path, CLUB | {"Регион": "Хорезмская область"})
    offered = {path: texts for path, texts, _ in found.fields}
    assert offered["schema:latitude|schema:longitude"]["ru"] == "широта и долгота"
    assert (offered["schema:latitude"]["uz"], offered["schema:longitude"]["uz"]) == ("kenglik", "uzunlik")

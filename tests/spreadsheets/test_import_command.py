"""``hamkor import``: the spreadsheet that people send is understood, told of by cell, mended, and published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
from click import Context
from click.testing import CliRunner, Result

from endpoint.cli import main
from endpoint.commands.importing import import_command
from graph.model.publication import open_publication
from graph.parts.proposals.proposal_store import proposals_of
from graph.parts.spreadsheets.import_files import import_files
from graph.parts.spreadsheets.import_memory import memory_of
from graph.parts.spreadsheets.import_preview import ImportRequest
from graph.parts.spreadsheets.spreadsheet_import import SpreadsheetImport
from graph.releases.release import current_release
from graph.sources.csvw.conversion import TableFile, read_described
from tests.spreadsheets.faulty import FAULTS, ROWS, WRITTEN, as_csv, as_ods, as_xlsx, mended
from tests.spreadsheets.workbooks import xlsx

BASE, GRAPH = "https://ngo-x.example/", "https://w3id.org/hamkor/graph/ngo-x/clubs"
UMID = f"{BASE}parents-club/klub-roditeley-umid"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, flagship_copied: Callable[[Path], Path]) -> Path:
    """A flagship of its own; the tests write to it one after another."""
    return flagship_copied(tmp_path_factory.mktemp("imports") / "flagship")


def hamkor(folder: Path, path: Path, *options: str) -> Result:
    where = ["--publication", str(folder), "import", str(path), "--class", "ParentsClub", *options]
    return CliRunner().invoke(main, where, prog_name="hamkor", catch_exceptions=False)


def saved(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def lines(folder: Path) -> set[str]:
    """The statements of the contributed graph."""
    store = current_release(open_publication(folder)).store
    return {str(quad.triple) for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH))}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_fault_is_told_at_once_by_its_cell(name: str, folder: Path, tmp_path: Path) -> None:
    found = hamkor(folder, saved(tmp_path, name, WRITTEN[name](ROWS)), "--check")
    assert found.exit_code == 1
    for cell, value in FAULTS.items():
        assert f"fault: {cell} " in found.output
        assert value in found.output
    assert "is it Samarkand (" in found.output
    assert "row 1 is left out, a title above the heading" in found.output
    assert "row 7 is left out, a row of totals" in found.output
    assert "A  №: not taken, it numbers the rows" in found.output
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_faulty_workbook_is_not_published(folder: Path, tmp_path: Path) -> None:
    before = current_release(open_publication(folder)).id
    found = hamkor(folder, saved(tmp_path, "clubs.xlsx", as_xlsx(ROWS)), "--graph", "ngo-x/clubs", "--quiet")
    assert (found.exit_code, current_release(open_publication(folder)).id) == (1, before)


def test_the_mended_one_is_published_and_the_same_again_is_no_change(folder: Path, tmp_path: Path) -> None:
    options = ("--graph", "ngo-x/clubs", "--base", BASE)
    path = saved(tmp_path, "clubs.xlsx", as_xlsx(mended()))
    made = hamkor(folder, path, *options)
    assert (made.exit_code, "Release " in made.output) == (0, True), made.output
    stated = lines(folder)
    assert f"<{UMID}> <http://www.w3.org/2006/vcard/ns#hasTelephone> <tel:+998901234567>" in stated
    assert f"<{UMID}> <https://w3id.org/hamkor/ns#city> <https://w3id.org/hamkor/id/place/termez>" in stated
    again = hamkor(folder, path, *options)
    assert (again.exit_code, "Nothing has changed" in again.output) == (0, True)
    for name, content in (("clubs.csv", as_csv(mended())), ("clubs.ods", as_ods(mended()))):
        other = hamkor(folder, saved(tmp_path, name, content), *options)
        assert "Nothing has changed" in other.output


def changed(row: int, column: int, value: object) -> list[list[object]]:
    rows = [[*each] for each in mended()]
    rows[row][column] = value
    return rows


CHANGES: dict[str, tuple[list[list[object]], set[str], set[str]]] = {
    "a number": (
        changed(4, 6, 14),
        {f'<{UMID}> <https://w3id.org/hamkor/ns#numberOfMembers> "14"^^<http://www.w3.org/2001/XMLSchema#integer>'},
        {f'<{UMID}> <https://w3id.org/hamkor/ns#numberOfMembers> "12"^^<http://www.w3.org/2001/XMLSchema#integer>'},
    ),
    "a name": (
        changed(4, 1, "Клуб родителей «Умидвор»"),
        {f'<{UMID}> <http://www.w3.org/2000/01/rdf-schema#label> "Клуб родителей «Умидвор»"@ru'},
        {f'<{UMID}> <http://www.w3.org/2000/01/rdf-schema#label> "Клуб родителей «Умид»"@ru'},
    ),
    "a cell that is empty now": (
        changed(4, 5, ""), set(), {f"<{UMID}> <http://www.w3.org/2006/vcard/ns#hasTelephone> <tel:+998901234567>"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_cell_is_one_changed_statement(what: str, folder: Path, tmp_path: Path) -> None:
    """Of what the test before has published."""
    rows, coming, going = CHANGES[what]
    memory = memory_of(open_publication(folder), GRAPH, "https://w3id.org/hamkor/ns#ParentsClub")
    path = saved(tmp_path, "after.xlsx", as_xlsx(rows))
    request = ImportRequest(str(folder), str(path), "after.xlsx", "ParentsClub", GRAPH, base=BASE, memory=str(memory))
    edit = SpreadsheetImport(request).edit(GRAPH)
    found = [{line.decode().removesuffix(" .") for line in each} for each in (edit.added, edit.removed)]
    assert found == [coming, going]


def test_what_was_said_is_remembered(folder: Path, tmp_path: Path) -> None:
    rows: list[list[object]] = [["Клуб", "Где?"], ["Клуб «Нур»", "Самаркнад"]]
    path = saved(tmp_path, "other.xlsx", xlsx({"S": rows}))
    said = ("--column", "Где?=hk:city", "--match", "Самаркнад=place~samarkand", "-o", str(tmp_path / "other.ttl"))
    assert "Самаркнад" in hamkor(folder, path, "--column", "Где?=hk:city").output
    assert hamkor(folder, path, *said).exit_code == 0
    assert "id/place/samarkand>" in (tmp_path / "other.ttl").read_text()
    assert hamkor(folder, path).exit_code == 0
    assert hamkor(folder, path, "--forget").exit_code == 1


def test_what_is_written_says_the_same_in_every_form(folder: Path, tmp_path: Path) -> None:
    publication = open_publication(folder)
    path = saved(tmp_path, "table.xlsx", as_xlsx(mended()))
    request = ImportRequest(str(folder), str(path), "table.xlsx", "ParentsClub", base=BASE)
    found = SpreadsheetImport(request).preview(asks_shapes=False)
    expected = {each.triple for each in ox.parse(found.statements, ox.RdfFormat.N_TRIPLES)}
    for form, parser in (("turtle", ox.RdfFormat.TURTLE), ("jsonld", ox.RdfFormat.JSON_LD)):
        (content,) = import_files(found, form, "clubs", publication, "ru").values()
        assert {each.triple for each in ox.parse(content, parser)} == expected
    for file in ("clubs.csv", 'a "b" #1 %20 клуб.csv'):
        for name, content in import_files(found, "csv", file, publication, "ru").items():
            saved(tmp_path, name, content)
        assert {each.triple for each in read_described(TableFile(tmp_path / file, publication.base, file))} == expected


def test_a_file_is_written_in_the_form_of_its_name(folder: Path, tmp_path: Path) -> None:
    path = saved(tmp_path, "table.xlsx", as_xlsx(mended()))
    assert hamkor(folder, path, "-o", str(tmp_path / "clubs.csv")).exit_code == 0
    assert {"clubs.csv", "clubs.csv-metadata.json"} < {each.name for each in tmp_path.iterdir()}


NUKUS = 'Название,Город,Регион,Широта,Долгота\nКлуб «Амударья»,Нукус,Каракалпакстан,"42,46","59,6"\n'.encode()
NEW_PLACES = ("--match", "Нукус=new", "--match", "Каракалпакстан=new")


def test_a_place_that_nobody_has_described_is_made_where_that_is_said(folder: Path, tmp_path: Path) -> None:
    path, options = saved(tmp_path, "nukus.csv", NUKUS), ("--graph", "ngo-x/nukus", "--base", BASE)
    asked = hamkor(folder, path, *options)
    assert (asked.exit_code, "'Каракалпакстан'; say that it is new" in asked.output) == (1, True), asked.output
    made = hamkor(folder, path, *options, *NEW_PLACES)
    assert made.exit_code == 0, made.output
    assert f"new  Нукус  <{BASE}city/nukus>" in made.output, "nothing is published that was not shown"
    store = current_release(open_publication(folder)).store
    graph = ox.NamedNode(f"{GRAPH.removesuffix('clubs')}nukus")
    stated = {str(quad.triple) for quad in store.quads_for_pattern(None, None, None, graph)}
    city, region, club = (
        f"<{BASE}{each}>" for each in ("city/nukus", "administrative-area/karakalpakstan", "parents-club/klub-amudarya")
    )
    within, place = "<https://schema.org/containedInPlace>", "https://w3id.org/hamkor/id/place/"
    assert {
        f"{club} <https://w3id.org/hamkor/ns#city> {city}", f"{city} {within} {region}",
        f"{region} {within} <{place}uzbekistan>",
        f'{city} <http://www.w3.org/2000/01/rdf-schema#label> "Нукус"@ru',
        f'{city} <https://schema.org/latitude> "42.46"^^<http://www.w3.org/2001/XMLSchema#decimal>',
    } <= stated  # fmt: skip
    other = saved(tmp_path, "other.csv", NUKUS.replace(b'"42,46"', "42°27′36″N".encode()))
    again = hamkor(folder, other, *options)  # it is known by now, and said in another notation
    assert (again.exit_code, "Nothing has changed" in again.output) == (0, True), again.output


def test_things_that_are_not_in_the_table_go_and_are_named_first(folder: Path, tmp_path: Path) -> None:
    options = ("--graph", "ngo-x/clubs", "--base", BASE)
    assert hamkor(folder, saved(tmp_path, "two.xlsx", as_xlsx(mended())), *options).exit_code == 0
    one = saved(tmp_path, "one.xlsx", as_xlsx([*mended()[:5], *mended()[6:]]))
    assert "gone  <" in hamkor(folder, one, *options, "--check").output
    assert "gone" not in hamkor(folder, one, *options, "--check", "--add").output
    assert hamkor(folder, one, *options).exit_code == 0
    assert not [each for each in lines(folder) if "mexr" in each]


def test_what_others_describe_is_not_changed_by_a_table(folder: Path, tmp_path: Path) -> None:
    rows: list[list[object]] = [["IRI", "Название (ru)"], ["https://w3id.org/hamkor/id/club/termez", "Другое"]]
    found = hamkor(folder, saved(tmp_path, "theirs.xlsx", xlsx({"S": rows})), "--graph", "ngo-x/other")
    assert (found.exit_code, "is described by others" in found.output) == (1, True)


def test_each_thing_is_proposed_by_itself(folder: Path, tmp_path: Path) -> None:
    path = saved(tmp_path, "clubs.xlsx", as_xlsx(mended()))
    found = hamkor(folder, path, "--propose", "--reason", "Our list", "--quiet")
    assert found.exit_code == 0, found.output
    waiting = proposals_of(open_publication(folder)).queue()
    assert {each.content.label for each in waiting if each.content} == {
        "Клуб родителей «Умид»",
        "Клуб родителей «Мехр»",
    }
    assert all(each.content.kind == "new" and each.content.reason == "Our list" for each in waiting if each.content)


def test_a_new_place_is_proposed_with_the_thing_that_it_is_of(folder: Path, tmp_path: Path) -> None:
    path = saved(tmp_path, "muynak.csv", NUKUS.replace("Нукус".encode(), "Муйнак".encode()))
    made = hamkor(folder, path, "--propose", "--match", "Муйнак=new", "--match", "Каракалпакстан=new")
    assert made.exit_code == 0, made.output
    content = proposals_of(open_publication(folder)).queue()[-1].content
    assert content is not None
    things = {each.thing.rpartition("/")[2] for each in content.changes}
    assert {"", "muynak"} <= things


def test_the_preview_can_be_read_by_a_program(folder: Path, tmp_path: Path) -> None:
    found = hamkor(folder, saved(tmp_path, "clubs.csv", as_csv(ROWS)), "--json")
    preview = json.loads(found.stdout)
    assert {each["cell"] for each in preview["findings"] if each["severity"] == "fault"} >= {*FAULTS}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--class", "Nothing"), "no shape is for"), (("--class", "foaf:Person"), "persons are not imported"),
        (("--class", "org:Membership"), "persons are not imported"),
        (("--sheet", "Лист3"), "no sheet"), (("--column", "Z9=hk:city"), "no column"),
        (("--match", "а=place~nowhere"), "no"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    options: tuple[str, ...], said: str, folder: Path, tmp_path: Path
) -> None:
    found = hamkor(folder, saved(tmp_path, "clubs.xlsx", as_xlsx(mended())), *options)
    assert (found.exit_code, said in found.output) == (2, True)
    assert found.output.count("\n") == 1


def test_a_template_is_described_under_whatever_name(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / 'a "b" #1 клуб.csv'
    command = ["--publication", str(folder), "template", "ParentsClub", "-o", str(file)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert [*read_described(TableFile(file, "https://e.example/", file.name))]


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--text-language", "!!"), "'!!' is no language (write its tag, such as ru)"),
     (("--match", "Термез=https://e/a b"), "'https://e/a b' is no address (IRI)"),
     (("--sheet", "x"), "there is no sheet 'x' with cells\n")],
)  # fmt: skip
def test_what_is_said_of_a_table_and_cannot_be_is_told_in_one_line(
    folder: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    found = hamkor(folder, saved(tmp_path, "clubs.csv", "Клуб;Город\nA;Термез\n".encode()), *options)
    assert (found.exit_code, said in found.output, found.output.count("\n")) == (2, True, 1), found.output


@pytest.mark.parametrize(
    ("table", "said", "status"),
    [("id;Клуб;Город\n1;A;Термез\n1;B;Термез\n", "fault: A3 [id] this is the key of row 2, too", 1),
     ("Клуб;Город\nКлуб;Термез\n Клуб;Самарканд\n", "remark: A3 [Клуб] row 2 is called so, too", 0)],
)  # fmt: skip
def test_rows_of_one_key_or_name_are_told(folder: Path, tmp_path: Path, table: str, said: str, status: int) -> None:
    found = hamkor(folder, saved(tmp_path, "clubs.csv", table.encode()))
    assert (found.exit_code, said in found.output) == (status, True), found.output


@pytest.mark.parametrize(
    ("text", "pair"),
    [("City=hk:city", ("City", "hk:city")), ("a=b=-", ("a=b", "-")),
     ("Nukus=https://e.example/?id=3", ("Nukus", "https://e.example/?id=3")),
     ("a=b=urn:x?=y", ("a=b", "urn:x?=y"))],
)  # fmt: skip
def test_a_name_or_an_iri_may_have_signs_of_equality(text: str, pair: tuple[str, str]) -> None:
    option = next(each for each in import_command.params if each.name == "answers")
    assert option.callback is not None
    assert option.callback(Context(import_command), option, (text,)) == dict([pair])


def test_signs_that_move_a_terminal_are_shown_and_not_sent(folder: Path, tmp_path: Path) -> None:
    found = hamkor(folder, saved(tmp_path, "clubs.csv", b"Name,City\nKlub \x1b[31m,Termiz\x07\n"))
    assert not {"\x1b", "\x07"} & {*found.output}

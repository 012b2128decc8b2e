"""/validate for people: paste or choose a file, and learn what is wrong, in which line, why, and what passes."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from tests.endpoint.serving import Served

CLUB = "https://ngo-x.example/club/example"


@pytest.fixture(scope="module")
def here(flagship_served: Served) -> Served:
    return flagship_served


@pytest.fixture(scope="module")
def templates(here: Served) -> dict[str, str]:
    names = ("ParentsClub.csv", "ParentsClub.csv-metadata.json", "ParentsClub.ttl", "ParentsClub.jsonld")
    return {name: here.get(f"/templates/{name}").text for name in names}


def judged(here: Served, accept: str = "application/json", query: str = "", **sent: object) -> httpx.Response:
    return here.request("POST", f"/validate{query}", accept, **sent)


def pasted(here: Served, text: str, accept: str = "text/html", query: str = "", **fields: str) -> httpx.Response:
    parts = {name: (None, value) for name, value in {"text": text, **fields}.items()}
    return judged(here, accept, query, files=parts)


def broken(turtle: str) -> str:
    lines = [line for line in turtle.splitlines() if "hk:city" not in line]
    return "\n".join(lines).replace('"2015-05"^^xsd:gYearMonth', '"May 2015"')


def test_templates_pass_however_they_are_sent(here: Served, templates: dict[str, str]) -> None:
    table, metadata = templates["ParentsClub.csv"], templates["ParentsClub.csv-metadata.json"]
    both = [
        ("d", ("clubs.csv", table)),
        ("d", ("clubs.csv-metadata.json", metadata.replace("ParentsClub.csv", "clubs.csv"))),
    ]
    answers = [
        judged(here, files=both),
        judged(here, content=table.encode(), headers={"Content-Type": "text/csv"}),
        judged(here, files=[("d", ("x.ttl", templates["ParentsClub.ttl"]))]),
        pasted(here, templates["ParentsClub.jsonld"], "application/json"),
        pasted(here, table, "application/json", format="csv", **{"class": "ParentsClub"}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json()["conforms"]
        assert answer.json()["checked"]["https://w3id.org/hamkor/ns#ParentsClub"] == 1


def test_a_form_takes_the_suffixes_of_files_and_metadata_by_any_name_of_theirs(
    here: Served, templates: dict[str, str]
) -> None:
    table, metadata = templates["ParentsClub.csv"], templates["ParentsClub.csv-metadata.json"]
    called = "клубы (1).csv"
    for parts in (
        [("d", (called, table)), ("d", (f"{called}-metadata.json", metadata.replace("ParentsClub.csv", called)))],
        [("d", ("a.csv", table)), ("d", ("csv-metadata.json", metadata.replace("ParentsClub.csv", "a.csv")))],
        [("d", ("a.n3", templates["ParentsClub.ttl"]))],
        [("d", ("a.json", templates["ParentsClub.jsonld"], "application/json"))],
    ):
        answer = judged(here, files=parts)
        assert (answer.status_code, answer.json().get("conforms")) == (200, True), answer.text
    misnamed = [("d", ("a.csv", table)), ("d", ("as.csv-metadata.json", metadata))]
    refused = judged(here, files=misnamed)
    assert (refused.status_code, "a.csv-metadata.json" in refused.json()["remedy"]) == (400, True), refused.text


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), (",", "utf-16")])
def test_a_template_passes_as_a_spreadsheet_program_writes_it(
    here: Served, templates: dict[str, str], delimiter: str, encoding: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(csv.reader(templates["ParentsClub.csv"].splitlines()))
    answer = judged(here, content=text.getvalue().encode(encoding), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json().get("conforms")) == (200, True), answer.text


def test_all_bad_cells_of_a_table_are_told_to_programs_and_on_the_page(here: Served, templates: dict[str, str]) -> None:
    header, row = templates["ParentsClub.csv"].splitlines()[:2]
    bad = "\n".join([header, *[row.replace("2015-05", "May 2015")] * 30, "Итого" + "," * header.count(",")])
    parts = [("d", ("a.csv", bad)), ("class", (None, "ParentsClub"))]
    told = judged(here, files=parts).json()
    assert (told["line"], len(told["others"]), told["more"]) == (2, 19, 3 * 30 + 1 - 20)
    assert told["others"][-1]["line"] == "8"
    page = judged(here, "text/html", files=parts).text
    assert page.count("May 2015") >= 20


def test_a_result_says_line_reason_remedy_and_an_example(here: Served, templates: dict[str, str]) -> None:
    text = broken(templates["ParentsClub.ttl"])
    results = judged(here, content=text.encode(), headers={"Content-Type": "text/turtle"}).json()["results"]
    dated = next(each for each in results if each["path"] == "https://schema.org/foundingDate")
    assert text.splitlines()[dated["line"] - 1].strip().startswith("schema:foundingDate")
    for part in ("messages", "why", "remedy"):
        assert set(dated[part]) == {"en", "ru", "uz"}
    assert "^^xsd:gYearMonth" in dated["example"]
    missing = next(each for each in results if each["shape"].endswith("/ClubHasPlace"))
    assert text.splitlines()[missing["line"] - 1].startswith(f"<{CLUB}>")


@pytest.mark.parametrize(
    ("language", "word"), [("en", "How to mend it"), ("ru", "Как исправить"), ("uz", "Qanday tuzatish")]
)
def test_the_page_says_it_in_the_readers_language(
    language: str, word: str, here: Served, templates: dict[str, str]
) -> None:
    page = pasted(here, broken(templates["ParentsClub.ttl"]), query=f"?ui={language}").text
    assert word in page
    assert f'<span lang="{language}">' in page


def test_a_long_report_is_folded_and_needs_no_script(here: Served) -> None:
    clubs = "".join(f"<{CLUB}-{n}> a <https://w3id.org/hamkor/ns#ParentsClub> .\n" for n in range(7))
    page = pasted(here, clubs, query="?ui=ru").text
    assert "<details><summary>Ещё 4 места</summary>" in page
    assert all(page.count(f"example-{n}") >= 1 for n in range(7))
    entries = page[page.index("<ol>") : page.index("</ol>")].split("<strong>")
    assert not [each for each in entries if "пример" in each.split("Как исправить")[-1] and "<dt>Что" not in each]
    assert "the document" not in page


def test_the_report_as_a_table_is_safe_to_open(here: Served) -> None:
    text = "<https://w3id.org/hamkor/id/club/Bad> a <https://w3id.org/hamkor/ns#ParentsClub> ."
    answer = pasted(here, text, "text/csv", query="?lang=ru")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert {"line", "message", "why", "remedy", "example"} <= rows[0].keys()
    assert any("IRI клуба" in row["message"] for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+@" and cell]


def test_what_was_checked_is_said_and_that_nothing_was(here: Served) -> None:
    nothing = pasted(here, "<https://x.example/a> <https://x.example/b> 1 .").text
    assert "Nothing in it has a class" in nothing
    other = pasted(here, "<https://x.example/a> a <https://x.example/B> .", **{"class": "ParentsClub"}).text
    assert "nothing was checked" in other


WRONG = {
    "nothing at all": ({"text": " "}, "nothing to check"),
    "a class that no shape knows": ({"text": "<http://a> a <http://b> .", "class": "Ship"}, "no shape is for"),
    "a table of which nobody says what it means": ({"text": "a,b\n1,2\n", "format": "csv"}, "columns of the table"),
    "what is no Turtle": ({"text": "this is no Turtle"}, "line"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_checked_is_400_with_the_reason(what: str, here: Served) -> None:
    fields, said = WRONG[what]
    answer = pasted(here, fields["text"], "application/json", **{k: v for k, v in fields.items() if k != "text"})
    assert answer.status_code == 400
    assert said in answer.text


def test_the_form_and_the_templates_are_pages(here: Served) -> None:
    form = here.get("/validate", "text/html").text
    assert '<textarea id="text"' in form
    assert '<option value="ParentsClub">' in form
    assert "ParentsClub.csv-metadata.json" in here.get("/templates", "text/html").text
    assert here.get("/templates/Axiom.ttl").status_code == 404
    described = here.get("/templates/ParentsClub.csv").headers["Link"]
    assert 'rel="describedby"; type="application/csvm+json"' in described

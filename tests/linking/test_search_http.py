"""``/search`` and ``/suggest`` over HTTP, on the flagship."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.endpoint.serving import BROWSER, Served

SAMARKAND = "place~samarkand"


def ids(service: Served, path: str) -> list[str]:
    answer = service.get(path, "application/json")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["results"]]


@pytest.mark.parametrize("text", ["Самарканд", "Самарқанд", "Samarqand", "Samarkand", "samarcand", "Samarkandd"])
def test_a_place_is_found_in_any_script_and_misspelt(service: Served, text: str) -> None:
    assert ids(service, f"/search?q={quote(text)}")[0] == SAMARKAND


@pytest.mark.parametrize("text", ["Oʻzbekiston", "O'zbekiston", "Ozbekiston", "Ўзбекистон", "Узбекистан"])
def test_whatever_apostrophe_is_typed(service: Served, text: str) -> None:
    assert ids(service, f"/search?q={quote(text)}")[0] == "place~uzbekistan"


def test_a_word_is_also_found_where_it_has_an_ending(service: Served) -> None:
    assert ids(service, "/search?q=Termiz")[0] == "place~termez"
    assert "club~termez" in ids(service, "/search?q=Termiz")  # Termizdagi ota-onalar klubi


@pytest.mark.parametrize(
    "text", ["place~samarkand", "https://w3id.org/hamkor/id/place/samarkand", "https://www.wikidata.org/entity/Q5753/"]
)
def test_an_identifier_finds_its_thing(service: Served, text: str) -> None:
    assert ids(service, f"/search?q={quote(text, safe='')}")[0] == SAMARKAND


def test_a_type_narrows(service: Served) -> None:
    assert ids(service, "/search?q=Samarkand&type=club") == ["club~samarkand"]


def test_a_place_narrows_to_what_lies_in_it(service: Served) -> None:
    assert "club~urgench" in ids(service, "/search?place=place~khorezm&type=organisation")


def test_facets_count_what_was_found(service: Served) -> None:
    facets = service.get("/search.json?q=Samarkand").json()["facets"]
    assert {"id": "club", "name": "Parents’ club", "count": 1} in facets["type"]


def test_labels_are_in_the_reader_s_language(service: Served) -> None:
    found = service.get("/search.json?q=Samarkand&lang=ru").json()["results"][0]
    assert (found["label"], found["language"]) == ("Самарканд", "ru")


def test_a_browser_gets_a_page_and_a_program_what_it_asks_for(service: Served) -> None:
    page = service.get("/search?q=Samarkand", BROWSER)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<h1" in page.text
    assert "/doc/place/samarkand" in page.text
    assert service.get("/search.json?q=x", BROWSER).headers["Content-Type"] == "application/json"
    assert service.get("/search?q=x", "image/png").status_code == 406


def test_text_goes_into_the_page_as_text(service: Served) -> None:
    assert "<script>" not in service.get("/search?q=%3Cscript%3E", BROWSER).text


@pytest.mark.parametrize("path", ["/search?page=0", "/search?page=x", "/search?q=a&place=nowhere", "/suggest?limit=-1"])
def test_a_bad_parameter_is_named(service: Served, path: str) -> None:
    answer = service.get(path, "application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("text", ["", " ", "…", "'", '"', "*", "a" * 5000, "\x00", "%", "AND OR NOT", "NEAR(x y)"])
def test_whatever_is_typed_is_answered(service: Served, text: str) -> None:
    assert service.get(f"/search?q={quote(text)}", "application/json").status_code == 200
    assert service.get(f"/suggest?q={quote(text)}").status_code == 200


def test_suggestions_go_on_as_the_text_begins(service: Served) -> None:
    assert ids(service, "/suggest?q=Tash")[0] == "place~tashkent"
    assert ids(service, "/suggest?q=" + quote("Хор"))[0] == "place~khorezm"
    assert ids(service, "/suggest?q=ministry+of+fin")[0] == "body~ministry-of-finance"


def test_suggestions_forgive_where_nothing_goes_on_so(service: Served) -> None:
    assert ids(service, "/suggest?q=Samarcand")[0] == SAMARKAND


def test_a_person_is_found_by_the_name_and_suggested_to_nobody(service: Served) -> None:
    assert ids(service, "/search?q=Maya+Ganieva")[:1] in ([], ["person~maya-ganieva"])
    assert "person~maya-ganieva" not in ids(service, "/search?q=Maia+Ganiewa")
    assert not [each for each in ids(service, "/suggest?q=Maya") if each.startswith("person~")]


@pytest.mark.parametrize(("text", "thing"), [
    ("минздрав", "body~ministry-of-health"), ("Минздраву Узбекистана", "body~ministry-of-health"),
    ("minfin", "body~ministry-of-finance"), ("министерству здравоохранения", "body~ministry-of-health"),
    ("министерство народного образования", "body~ministry-of-public-education"),
    ("Министерства народного образования", "body~ministry-of-public-education"),
    ("мно", "body~ministry-of-public-education"),
    ("Термезе", "place~termez"), ("Самаркандом", SAMARKAND), ("Toshkentdagi", "place~tashkent"),
    ("Майя Ганиева", "person~maya-ganieva"), ("Forum notice", "document~forum-notice"),
])  # fmt: skip
def test_what_is_meant_is_first(service: Served, text: str, thing: str) -> None:
    assert ids(service, f"/search?q={quote(text)}")[0] == thing


@pytest.mark.parametrize(
    "text", ["Maya Ganieva xyz", "Ганиевой", "asdf клуб", "банан", "нет такого слова", "qwertyuiop"]
)
def test_nothing_is_found_rather_than_noise(service: Served, text: str) -> None:
    assert ids(service, f"/search?q={quote(text)}") == []


@pytest.mark.parametrize("text", ["Termez", "форум", "клуб", "Самарканд"])
def test_documents_come_behind_things(service: Served, text: str) -> None:
    found = service.get(f"/search.json?q={quote(text)}").json()["results"]
    documents = [each["type"][0]["id"] in ("document",) for each in found if "score" in each]
    assert documents == sorted(documents)


@pytest.mark.parametrize("text", ["580-30-65", "5803065", "+998 91 580 30 65", "(91) 580-30-65", "915803065"])
def test_a_number_finds_the_club_that_answers(service: Served, text: str) -> None:
    assert ids(service, f"/search?q={quote(text)}") == ["club~termez"]


@pytest.mark.parametrize("text", ["580-30", "998 90 580 30 65", "+998", "0000000", "1" * 400, "580-30-65-1"])
def test_another_number_finds_nobody(service: Served, text: str) -> None:
    assert "club~termez" not in ids(service, f"/search?q={quote(text)}")


@pytest.mark.parametrize(("language", "said"), [
    ("en", "as published 2015–2016; may have changed"), ("ru", "по публикации 2015–2016; могло измениться"),
    ("uz", "2015–2016-yillarda eʼlon qilingan; oʻzgargan boʻlishi mumkin"),
])  # fmt: skip
@pytest.mark.parametrize("text", ["580-30-65", "Майя Ганиева", "980-82-98"])
def test_whom_one_finds_by_a_number_or_as_a_contact_says_of_which_years_that_is(
    service: Served, text: str, language: str, said: str
) -> None:
    page = service.get(f"/search?q={quote(text)}&ui={language}", "text/html").text
    assert page.count(said) == 1
    (found,) = service.get(f"/search.json?q={quote(text)}").json()["results"]
    assert found["published"] == "2015–2016"


def test_what_is_found_by_its_name_is_of_no_year(service: Served) -> None:
    found = service.get("/search.json?q=Termez").json()["results"]
    assert not [each["id"] for each in found if "published" in each]


def test_a_name_in_another_script_than_is_typed_does_not_stand_beside_the_readers(service: Served) -> None:
    found = {text: service.get(f"/search?q={quote(text)}&ui=uz", "text/html").text for text in ("klub", "клуб")}
    results = {text: html.partition('<ol class="results"')[2].partition("</ol>")[0] for text, html in found.items()}
    assert not re.search("[\u0400-\u04ff]", results["klub"])
    assert "(Родительский клуб" in results["клуб"]


def test_a_number_is_narrowed_like_a_name(service: Served) -> None:
    assert ids(service, "/search?q=580-30-65&place=place~khorezm") == []
    assert ids(service, "/suggest?q=580-30-65") == []


def test_no_telephone_is_in_the_index(service: Served) -> None:
    assert not [each for each in ids(service, "/search?q=%2B998") if "telephone" in each]

"""Pages that people read: what the shapes want, sources, disagreements, figures, languages, the front page, a crawl."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask

from endpoint.pages.frame import install
from tests.endpoint.conftest import BASE
from tests.endpoint.serving import BROWSER, Served, serving, write

HUNDRED_KB = 100_000


def page(served: Served, path: str, **headers: str) -> str:
    answer = served.get(path, BROWSER, headers=headers)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def words(html: str) -> str:
    """What one reads, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


# ---- resource pages


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["What it is", "Where", "When", "Contact", "Numbers", "Where this comes from"]),
        ("ru", ["Что это", "Где", "Когда", "Контакты", "Числа", "Откуда эти сведения"]),
        ("uz", ["Bu nima", "Qayerda", "Qachon", "Aloqa", "Sonlar", "Maʼlumot qayerdan olingan"]),
    ],
)
def test_properties_stand_in_the_groups_of_the_shapes(
    flagship_served: Served, language: str, titles: list[str]
) -> None:
    html = page(flagship_served, f"/doc/club/termez?ui={language}")
    assert in_order(html, *(f">{title}</h2>" for title in titles))


@pytest.mark.parametrize(
    ("language", "name", "description"),
    [
        ("en", "City", "The city in which the club meets."),
        ("ru", "Город", "Город, где работает клуб."),
        ("uz", "Shahar", "Klub ishlaydigan shahar."),
    ],
)
def test_properties_bear_the_names_of_the_shapes(
    flagship_served: Served, language: str, name: str, description: str
) -> None:
    html = page(flagship_served, f"/doc/club/termez?ui={language}")
    assert re.search(rf'<dt><a href="/ns[^"]*#city" title="{re.escape(description)}">{name}</a>', html)


def test_what_no_shape_covers_follows_below(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/forum/2014")
    assert in_order(html, ">What it is</h2>", "1 further property", "At place", 'id="sources"')


def test_what_only_follows_and_stands_in_a_row_already_is_not_said_again(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/termez")
    assert "further propert" not in html
    assert "Audience" not in html


def test_whom_to_call_is_one_line_with_a_number_to_dial(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/termez")
    row = html.partition("Whom to call")[2].partition("</div>")[0]
    assert in_order(row, ">Maya Ganieva</a>", ">Contact person</a>", 'href="tel:+998', ">+998 ")


def test_every_statement_leads_to_its_source(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/samarkand")
    cited = set(re.findall(r'<a href="#(source-\d+)"', html))
    assert cited
    assert cited == set(re.findall(r'<li id="(source-\d+)"', html))
    notes = words(html.partition('id="sources"')[2])
    assert "Contacts at the foot of the project’s site: Samarkand" in notes
    assert "Graph: parents’ clubs" in notes
    assert "Confidence: Medium" in notes


@pytest.mark.parametrize(("language", "said"), [
    ("en", "Stands on the page"), ("ru", "Стоит на странице"), ("uz", "Turgan sahifasi"),
])  # fmt: skip
def test_a_part_of_the_source_says_on_which_page_it_stands(flagship_served: Served, language: str, said: str) -> None:
    for name in ("forum-notice", "forum-notice-title", "foot-block-urgench"):
        html = page(flagship_served, f"/doc/document/{name}?ui={language}")
        assert in_order(words(html.partition("<h1")[2]), said, "http://inclusive-education.uz/en/news/96.htm")
        assert '<a href="http://inclusive-education.uz/en/news/96.htm"' in html
    whole = page(flagship_served, f"/doc/document/source?ui={language}")
    assert whole.count('href="http://inclusive-education.uz/en/news/96.htm"') == 1


BOOKKEEPING = re.compile(r"[Ff]oot block|[Нн]ижний блок|Sahifa osti|example · \d")


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_no_page_names_things_as_bookkeepers_do(flagship_served: Served, language: str) -> None:
    for path in ("/doc/club/urgench", "/doc/office/inclusive-education", "/doc/document/source", "/search?q=urgench",
                 "/class/schema:CreativeWork", "/doc/discrepancy/number-of-clubs"):  # fmt: skip
        html = page(flagship_served, f"{path}{'&' if '?' in path else '?'}ui={language}")
        assert not BOOKKEEPING.search(words(html)), path


def test_sources_that_disagree_stand_side_by_side(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/samarkand")
    box = html.partition('<div class="versus">')[2].partition("</section>")[0]
    first, second = (
        "Project site inclusive-education.uz, news 172",
        "Contacts at the foot of the project’s site: Samarkand",
    )
    assert in_order(words(box), "2005", first, "February 2014", second)
    assert page(flagship_served, "/doc/discrepancy/samarkand-club-founding").count('<p class="figure">') == 2


@pytest.mark.parametrize(
    ("language", "day", "month"),
    [
        ("en", "25 November 2014", "February 2015"),
        ("ru", "25 ноября 2014 года", "февраль 2015 года"),
        ("uz", "2014-yil 25-noyabr", "2015-yil fevral"),
    ],
)
def test_dates_are_written_as_the_reader_writes_them(
    flagship_served: Served, language: str, day: str, month: str
) -> None:
    assert f'<time datetime="2014-11-25">{day}</time>' in page(flagship_served, f"/doc/forum/2014?ui={language}")
    assert f'<time datetime="2015-02">{month}</time>' in page(flagship_served, f"/doc/club/termez?ui={language}")


def test_a_club_has_a_map_and_a_chart_of_all_clubs(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/termez")
    assert html.count('<path class="land') == 14
    assert re.search(r'<circle class="dot".*>Termez</text>', html)
    assert re.search(r'class="here" aria-current="true">.*>Parents’ club in Termez</text>', html)
    assert html.count("<rect ") == 5


def test_a_region_is_drawn_where_it_lies(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/place/surkhandarya")
    assert html.count('class="land here"') == 1
    assert in_order(html, 'class="land here"', "<title>Surkhandarya Region</title>")


def test_a_scheme_is_a_tree(flagship_served: Served) -> None:
    html = page(flagship_served, "/scheme/target-group")
    assert html.count('<ul class="tree">') == 3
    assert in_order(html, ">Socially vulnerable groups<", ">Children of socially vulnerable groups<", ">Orphans<")


def test_a_concept_shows_the_way_to_it(flagship_served: Served) -> None:
    html = page(flagship_served, "/scheme/target-group/orphans")
    way = html.partition('<ol class="path"')[2].partition("</ol>")[0]
    assert in_order(words(way), "Target groups", "Socially vulnerable groups", "Children of socially vulnerable groups")


def test_the_vocabulary_has_its_classes_drawn(flagship_served: Served) -> None:
    html = page(flagship_served, "/ns?ui=ru")
    assert html.count('<rect class="box"') >= 8
    assert re.search(r'<a href="/ns\?ui=ru#ParentsClub"><rect class="box"', html)
    term = html.partition('id="ParentsClub">')[2].partition('<div class="term"')[0]
    assert in_order(words(term), "Родительский клуб", "Разновидность", "Организация", "Его свойства", "город")


def test_a_shape_is_a_table(flagship_served: Served) -> None:
    html = page(flagship_served, "/shape/ParentsClub")
    assert in_order(
        words(html), "Rules", "city", "hk:city", "The city in which the club meets.", "0–1", "City", "region"
    )


# ---- what points to a thing


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A place to which ten thousand things point."""
    label, inside = "<http://www.w3.org/2000/01/rdf-schema#label>", f"<{BASE}ns#in>"
    lines = [f'<{BASE}id/place/big> {label} "Big"@en .']
    for number in range(10_000):
        thing = f"<{BASE}id/thing/{number}>"
        lines += [f'{thing} {label} "Thing {number}"@en .', f"{thing} {inside} <{BASE}id/place/big> ."]
    skos, scheme = "http://www.w3.org/2004/02/skos/core#", f"<{BASE}scheme/much>"
    lines += [f"{scheme} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{skos}ConceptScheme> ."]
    lines += [f"<{BASE}id/thing/{number}> <{skos}topConceptOf> {scheme} ." for number in range(1_500)]
    lines += [f"<{BASE}id/place/hub> <{BASE}ns#has> <{BASE}id/thing/{number}> ." for number in range(3_000)]
    lines += [f"<{BASE}id/thing/{number}> <{skos}broader> <{BASE}id/thing/0> ." for number in range(2_000, 3_000)]
    folder = tmp_path_factory.mktemp("crowded")
    with serving(write(folder, {"hamkor.toml": f'base = "{BASE}"', "data/a.nt": "\n".join(lines)})) as running:
        yield running


def test_of_many_that_point_to_a_thing_a_few_stand_there_and_their_number(crowded: Served) -> None:
    html = page(crowded, "/doc/place/big")
    assert "· 10,000</h3>" in html
    assert html.count(">Thing ") == 8
    assert 'incoming=https%3A%2F%2Fexample.org%2Fkb%2Fns%23in"' in html


def test_all_that_point_to_a_thing_can_be_paged_through(crowded: Served) -> None:
    first, names = "/doc/place/big?incoming=https%3A%2F%2Fexample.org%2Fkb%2Fns%23in", set()
    for number in (1, 2, 100):
        html = page(crowded, f"{first}&page={number}")
        names |= set(re.findall(r">(Thing \d+)<", html))
        assert ('rel="prev"' in html, 'rel="next"' in html) == (number > 1, number < 100)
    assert len(names) == 300


def things(html: str) -> list[str]:
    return re.findall(r">(Thing \d+)<", html)


THINGS = [f"Thing {number}" for number in range(3_000)]


def test_the_concepts_of_a_large_scheme_are_paged_through_by_name_and_counted(crowded: Served) -> None:
    html, names = page(crowded, "/scheme/much"), list[str]()
    assert "1 to 200 of 1,500" in html
    assert re.search(r"and \d+ more", html)  # those below the first
    for number in range(1, 9):
        html = page(crowded, f"/scheme/much?concepts={number}")
        top = re.sub(r'<ul class="tree">', "", html.partition('id="concepts"')[2], count=1).partition("</section>")[0]
        names += things(re.sub(r'<ul class="tree">.*?</ul>', "", top, flags=re.DOTALL))
        assert ('rel="prev"' in html, 'rel="next"' in html) == (number > 1, number < 8)
    assert names == sorted(THINGS[:1_500])
    assert crowded.get("/scheme/much?concepts=9", BROWSER).status_code == 404
    assert crowded.get("/scheme/much?concepts=x", BROWSER).status_code == 404


def test_of_many_values_the_first_by_name_stand_there_and_how_many_more(crowded: Served) -> None:
    html = page(crowded, "/doc/place/hub")
    assert things(html)[:60] == sorted(THINGS)[:60]
    (more,) = re.findall(r'<a href="([^"]+)">and 2,940 more</a>', html)
    assert things(page(crowded, f"{more}&page=2")) == sorted(THINGS)[100:200]
    assert "· 3,000" in page(crowded, f"{more}&page=30")


@pytest.mark.parametrize("asked", ["incoming=https://example.org/kb/ns%23in&page=101", "incoming=https://x.example/"])
def test_a_page_of_nothing_is_404(crowded: Served, asked: str) -> None:
    assert crowded.get(f"/doc/place/big?{asked}", BROWSER).status_code == 404


def test_what_is_no_iri_points_nowhere(crowded: Served) -> None:
    assert crowded.get("/doc/place/big?incoming=no%20iri", BROWSER).status_code == 400


def test_what_points_to_a_thing_is_in_the_order_of_names_over_all_pages(crowded: Served) -> None:
    first = "/doc/place/big?incoming=https%3A%2F%2Fexample.org%2Fkb%2Fns%23in"
    names = [
        name for number in (1, 2) for name in re.findall(r">(Thing \d+)<", page(crowded, f"{first}&page={number}"))
    ]
    assert names == sorted((f"Thing {number}" for number in range(10_000)), key=str.casefold)[:200]


def test_an_rdf_document_says_that_more_points_here_how_much_and_where(crowded: Served) -> None:
    answer = crowded.get("/doc/place/big.nt")
    (more,) = re.findall(r"rdf-schema#seeAlso> <([^>]+)>", answer.text)
    assert f'<{more}> <http://www.w3.org/ns/hydra/core#totalItems> "10000"' in answer.text
    assert f"<{more}> <http://rdfs.org/ns/void#property> <{BASE}ns#in>" in answer.text
    assert f'<{more}>; rel="related"' in answer.headers["Link"]
    found, url = set[str](), f"{more}&format=nt"
    for _ in range(3):
        part = crowded.get(url.removeprefix(crowded.url), "application/n-triples")
        found |= set(re.findall(rf"<([^>]+)> <{BASE}ns#in> <{BASE}id/place/big>", part.text))
        url = re.search(r'<([^>]+)>; rel="next"', part.headers["Link"])[1]  # type: ignore[index]
    assert len(found) == 300


def test_ten_thousand_that_point_to_a_thing_do_not_slow_its_page(crowded: Served) -> None:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        page(crowded, "/doc/place/big")
        times.append(time.perf_counter() - began)
    assert min(times) < 0.15  # the least, since the machine may have other things to do


# ---- languages


def test_interface_and_content_are_chosen_apart_and_kept(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/termez?ui=ru&lang=uz")
    assert '<html lang="ru">' in html
    assert '<h1 lang="uz-latn">Termizdagi <span class="whole">ota-onalar</span> klubi</h1>' in html
    assert '<a href="/doc/place/termez?ui=ru&lang=uz" lang="uz-latn">Termiz</a>' in html
    assert '<a href="/queries?ui=ru&lang=uz">' in html


@pytest.mark.parametrize(
    ("query", "accepted", "interface", "title"),
    [
        ("", "uz,en;q=0.5", "uz", "Termizdagi ota-onalar klubi"),
        ("", "de, ru;q=0.5", "ru", "Родительский клуб в Термезе"),
        ("", "de", "en", "Parents’ club in Termez"),
        ("?ui=ru", "uz", "ru", "Родительский клуб в Термезе"),
        ("?lang=ru", "uz", "uz", "Родительский клуб в Термезе"),
        ("?ui=xx&lang=%3Cb%3E", "ru", "ru", "Родительский клуб в Термезе"),
    ],
)
def test_languages_by_url_then_by_header(
    flagship_served: Served, query: str, accepted: str, interface: str, title: str
) -> None:
    html = page(flagship_served, f"/doc/club/termez{query}", **{"Accept-Language": accepted})
    assert f'<html lang="{interface}">' in html
    assert title in [words(each).strip() for each in re.findall(r"<h1.*?</h1>", html)]


def test_a_redirect_keeps_the_languages(flagship_served: Served) -> None:
    location = flagship_served.get("/id/club/termez?ui=ru", BROWSER).headers["Location"]
    assert location == f"{flagship_served.url}/doc/club/termez?ui=ru"


def test_a_page_names_itself_and_its_sisters_in_other_languages(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/club/termez?ui=ru")
    assert '<link rel="canonical" href="https://w3id.org/hamkor/doc/club/termez?ui=ru">' in html
    for language in ("en", "ru", "uz"):
        address = f"{flagship_served.url}/doc/club/termez?ui={language}"
        assert f'<link rel="alternate" hreflang="{language}" href="{address}">' in html
    assert "<title>Родительский клуб в Термезе · Hamkor</title>" in html
    assert '<meta name="description" content="Вид организации: Родительский клуб; Город: Термез' in html


def test_other_languages_are_marked(flagship_served: Served) -> None:
    html = page(flagship_served, "/doc/forum/2014?ui=ru")
    assert 'href="/doc/source/uztag?ui=ru" lang="en">' in html
    assert '<small class="tag" title="Язык">английский</small>' in html


# ---- the front page


def test_the_front_page_shows_the_clubs_on_a_map_and_the_organisers(flagship_served: Served) -> None:
    html = page(flagship_served, "/?ui=uz")
    assert html.count('<circle class="dot"') == 5
    assert re.search(r'<a href="/doc/club/termez\?ui=uz"[^>]*>.*>Termiz · 14</text>', html)
    picture = html.partition('<figure class="hub">')[2].partition("</figure>")[0]
    assert picture.count("<li>") == 11
    assert "11 ta tashkilotchi" in picture


def test_numbers_of_the_front_page_are_those_of_the_graph(flagship_served: Served) -> None:
    html = words(page(flagship_served, "/"))
    told = re.findall(r"\b([\d,]+) (?:statements,|of them|more\.)", html)
    about, sourced, others = (int(each.replace(",", "")) for each in told)
    assert 0.9 * about < sourced < about
    assert about + others == sum(each.triples for each in flagship_served.release.manifest.graphs)
    assert "Parents’ clubs — 5" in html
    assert "Цели — 7" in words(page(flagship_served, "/?ui=ru"))
    assert "Ota-onalar klublari — 5" in words(page(flagship_served, "/?ui=uz"))


def test_a_number_leads_to_the_things_that_it_counts(flagship_served: Served) -> None:
    html = page(flagship_served, "/?ui=ru")
    target = re.search(r'<a href="(/class/[^"]*)">Родительские клубы</a>', html)
    assert target is not None
    assert page(flagship_served, target[1]).count("Родительский клуб в ") == 5


@pytest.mark.parametrize(("path", "target"), [
    *((path, target) for path in ("/", "/doc/club/termez") for target in ("/downloads", "/class", "/profiles")),
    ("/dataset", "/class/ParentsClub"), ("/dataset", "/downloads"), ("/downloads", "/class"),
    ("/resource?iri=https://w3id.org/hamkor/ns%23ParentsClub", "/class/ParentsClub"), ("/", "/class/ParentsClub"),
])  # fmt: skip
def test_tables_files_and_profiles_are_where_one_looks(flagship_served: Served, path: str, target: str) -> None:
    main = page(flagship_served, path)
    assert f'<a href="{target}"' in main


def test_classes_that_the_dataset_is_about_come_first_and_the_others_are_folded(flagship_served: Served) -> None:
    for path in ("/dataset", "/class"):
        first, _, folded = page(flagship_served, path).partition("further classes</summary>")
        assert 'href="/class/ParentsClub"' in first
        assert 'href="/class/prov:Entity"' in folded


@pytest.mark.parametrize(("language", "size"), [("en", r"\d kB<"), ("ru", r"\d кБ<"), ("uz", r"\d,\d kB<")])
def test_sizes_are_written_as_the_reader_writes_them(flagship_served: Served, language: str, size: str) -> None:
    assert re.search(size, page(flagship_served, f"/downloads?ui={language}"))


@pytest.mark.parametrize("path", ["/", "/doc/forum/2014", "/ns", "/doc/project/inclusive-education", "/dataset"])
def test_pages_are_small(flagship_served: Served, path: str) -> None:
    assert len(flagship_served.get(path, BROWSER).content) < HUNDRED_KB


def test_a_foreign_publication_has_a_shorter_front_page(bare: Served) -> None:
    html = words(page(bare, "/"))
    assert re.search(r"\d statements", html)
    assert "On the map" not in html
    assert "Who organised it" not in html


LIBRARIES = """
@prefix schema: <https://schema.org/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
<http://data.example/l/publicLibrary_Termez> a schema:Library ; schema:employee <http://data.example/p/anna-petrova> .
<http://data.example/l/childrens-library> a schema:Library .
<http://data.example/p/anna-petrova> foaf:age 40 .
"""


OTHERS = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix v: <http://data.example/v#> .
<http://data.example/d/schools> a dcat:Dataset ; dct:title "Schools of Tashkent"@en .
<http://data.example/o/mehr> a vcard:Organization ; vcard:fn "Mehr Fund" ; rdfs:label "Mehr Fund"@en .
<http://data.example/p/olim> a vcard:Individual ; rdfs:label "Olim Komilov"@en .
v:Playground a owl:Class ; rdfs:label "Playground"@en .
v:slides a owl:DatatypeProperty ; rdfs:label "number of slides"@en .
"""
OWN_TERMS = f"""
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix ns: <{BASE}ns#> .
ns:Reader a rdfs:Class ; rdfs:label "Reader of books"@en .
<http://purl.org/dc/terms/extent> rdfs:label "how large it is"@en .
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A folder of data without labels, ontology and shapes, whose settings name a publisher."""
    settings = f'base = "{BASE}"\n[about.publisher]\nen = "We"\n'
    folder = write(tmp_path_factory.mktemp("libraries"), {
        "hamkor.toml": settings, "data/libraries.ttl": LIBRARIES, "data/others.ttl": OTHERS,
        "ontology/terms.ttl": OWN_TERMS,
    })  # fmt: skip
    with serving(folder) as running:
        yield running


def test_the_front_page_counts_what_the_publication_holds_and_not_who_publishes_it(libraries: Served) -> None:
    html = page(libraries, "/")
    assert set(re.findall(r'<a[^>]*>([^<]*)</a> — <span class="figure">(\d+)<', html)) == {
        ("schema:Library", "2"), ("dcat:Dataset", "1"), ("owl:Class", "1"), ("owl:DatatypeProperty", "1"),
        ("rdfs:Class", "1"), ("vcard:Individual", "1"), ("vcard:Organization", "1"),
    }  # fmt: skip


@pytest.mark.parametrize(("asked", "found", "kind"), [
    ("Schools of Tashkent", "d/schools", "dataset"), ("Mehr Fund", "o/mehr", "organisation"),
    ("playground", "v#Playground", "class"), ("slides", "v#slides", "property"),
    ("reader of books", "ns#Reader", "class"), ("Olim Komilov", "p/olim", "person"),
])  # fmt: skip
def test_other_people_s_data_is_found_whatever_vocabulary_it_is_in(
    libraries: Served, asked: str, found: str, kind: str
) -> None:
    (best, *_) = libraries.get(f"/search.json?q={quote(asked)}").json()["results"]
    assert best["iri"].endswith(found)
    assert kind in [each["id"] for each in best["type"]]


@pytest.mark.parametrize("asked", ["Olim Komilova", "how large it is"])
def test_persons_by_another_name_and_terms_of_others_that_only_pages_name_are_not_found(
    libraries: Served, asked: str
) -> None:
    assert not libraries.get(f"/search.json?q={quote(asked)}").json()["results"]


def test_a_cell_of_a_table_means_no_class_unless_that_is_asked_for(libraries: Served) -> None:
    def ask(**query: str) -> list[str]:
        answer = libraries.get(f"/reconcile?queries={quote(json.dumps({'q': query}))}").json()
        return [each["name"] for each in answer["q"]["result"]]

    assert not ask(query="Playground")
    assert ask(query="Playground", type="class") == ["Playground"]


@pytest.mark.parametrize(("asked", "found"), [
    ("public library", "publicLibrary_Termez"),
    ("children library", "childrens-library"),
    ("Анна Петрова", "anna-petrova"),
])  # fmt: skip
def test_what_has_no_label_is_found_by_its_local_name(libraries: Served, asked: str, found: str) -> None:
    html = page(libraries, f"/search?q={quote(asked)}")
    assert re.search(rf'href="/resource\?iri=[^"]*{found}[^"]*"', html)


def test_what_is_described_here_without_a_label_is_read_here(libraries: Served) -> None:
    html = page(libraries, "/resource?iri=http://data.example/l/publicLibrary_Termez")
    assert "/resource?iri=http%3A%2F%2Fdata.example%2Fp%2Fanna-petrova" in html


def test_a_page_of_numbers_beyond_our_calendar_is_still_a_page(tmp_path: Path) -> None:
    date = "http://www.w3.org/2001/XMLSchema#date"
    odd = "".join(f'<{BASE}id/a> <{BASE}ns#p> "{each}"^^<{date}> .\n' for each in ("2014-02-30", "-0044-03-15", "x"))
    with serving(write(tmp_path, {"hamkor.toml": f'base = "{BASE}"', "data/a.nt": odd})) as running:
        html = page(running, "/doc/a")
        assert all(each in html for each in ("2014-02-30", "-0044-03-15"))


@pytest.mark.parametrize(("label", "heading"), [
    ("Ota-onalar klubi", '<span class="whole">Ota-onalar</span> klubi'),
    ("a--b -c d- <b>-x&-y", "a--b -c d- &lt;b&gt;-x&amp;-y"),
    ("states-cities-database-list", "states-cities-database-list"),
    ("an-exceedingly-longwordedcompound", "an-exceedingly-longwordedcompound"),
])  # fmt: skip
def test_short_words_of_headings_are_not_broken_at_their_hyphens(label: str, heading: str) -> None:
    app = Flask("headings")
    install(app)
    assert str(app.jinja_env.filters["unbroken"](label)) == heading


# ---- what people are offered to add


@pytest.mark.parametrize(("language", "name"), [("en", "Parents’ club"), ("ru", "Родительский клуб")])
def test_people_are_offered_to_add_what_has_a_name_in_their_language_and_no_machinery(
    language: str, name: str, flagship_served: Served
) -> None:
    for path in ("/propose", "/upload"):
        html = page(flagship_served, f"{path}?ui={language}&lang={language}")
        offered = re.findall(r'(?:<li><a href="[^"]*class=|<option value=")([\w:/.#%~-]+)[^>]*>([^<]+)', html)
        assert name in {text for _, text in offered}
        assert not {"DataStructureDefinition", "Geometry", "Axiom", "Statement"} & {key for key, _ in offered}

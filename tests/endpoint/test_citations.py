"""Citations: BibTeX, RIS and CSL-JSON, read back by the libraries that reference managers are made of."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoint.http.semantics import CITATIONS
from endpoint.pages.front import Citation, bibtex, cited, csl_json, ris
from graph.model.description import Label
from tests.endpoint.serving import BROWSER, Served

bibtexparser = pytest.importorskip("bibtexparser", reason="make test installs it")
rispy = pytest.importorskip("rispy", reason="make test installs it")
citeproc = pytest.importorskip("citeproc", reason="make test installs it")

VERSION = "2026-11-29T235859Z-6e7f9864"
TITLES = [
    "Parents’ club in Termez", "Родительский клуб в Термезе", "Oʻzbekiston – “Mehr” va {boshqalar}", 'a "quoted" name',
    "{", "}", "}{", "@misc{x,", "جمعية", "a, b and c",
    "50 % of A & B_C #1 $5 ~ ^ \\ end\\", "one\r\nTY  - BOOK\nER  - ", "\u2028line\x85end\x00",
]  # fmt: skip
PATHS = ("/dataset", "/doc/club/termez", "/release/{release}")


def citation(title: str, creator: str = "", container: str = "") -> Citation:
    names = (Label(title, ""), Label(creator, ""), Label(container, ""))
    return cited(names, VERSION, "2026-11-29", "https://w3id.org/hamkor/id/club/a%20b/клуб")


def read_bibtex(text: str) -> dict[str, str]:
    """The fields of the one entry, as TeX would print them."""
    from bibtexparser.middlewares import LatexDecodingMiddleware  # noqa: PLC0415  there if the library is
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db  # noqa: PLC0415

    context = get_default_latex_context_db()
    signs = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^"}  # it lacks two, and prints another ^
    context.add_context_category("x", macros=[MacroTextSpec(*each) for each in signs.items()], prepend=True)
    decoding = LatexDecodingMiddleware(decoder=LatexNodes2Text(latex_context=context, keep_braced_groups=False))
    library = bibtexparser.parse_string(text, append_middleware=[decoding])
    assert not library.failed_blocks
    (entry,) = library.entries
    url = bibtexparser.parse_string(text).entries[0]["url"]  # TeX reads it sign by sign
    return {each.key: str(each.value) for each in entry.fields} | {"url": url}


def read_csl(text: str) -> str:
    """The line of a list of references that citeproc makes of it."""
    from citeproc import Citation as Cited  # noqa: PLC0415
    from citeproc import CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter  # noqa: PLC0415
    from citeproc.source.json import CiteProcJSON  # noqa: PLC0415

    items = json.loads(text)
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    bibliography.register(Cited([CitationItem(items[0]["id"])]))
    return str(bibliography.bibliography()[0])


def as_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("title", TITLES)
def test_bibtex_is_read_as_it_was_meant(title: str) -> None:
    meant = citation(title, title, "The dataset")
    found = read_bibtex(bibtex(meant))
    assert (found["title"], found["author"], found["booktitle"]) == (meant.title.text, meant.title.text, "The dataset")
    assert (found["year"], found["version"], found["url"]) == ("2026", VERSION, meant.url)


@pytest.mark.parametrize("title", TITLES)
def test_ris_is_read_as_it_was_meant(title: str) -> None:
    meant = citation(title, title)
    (found,) = rispy.loads(ris(meant))
    assert (found["type_of_reference"], found["title"], found["authors"]) == (
        "DATA",
        meant.title.text,
        [meant.title.text],
    )
    assert (found["year"], found["date"], found["edition"]) == ("2026", "2026/11/29", VERSION)


@given(st.text(max_size=30).map(as_line))
@settings(max_examples=60)
def test_no_name_breaks_an_entry(name: str) -> None:
    meant = citation(name, name, "D")
    braces = re.sub(r"\\text\w+\{\}", "", bibtex(meant))
    assert braces.count("{") == braces.count("}")
    assert len(rispy.loads(ris(meant))) == 1
    assert json.loads(csl_json(meant))[0].get("title", "") == meant.title.text


def test_csl_json_is_set_by_a_style() -> None:
    line = read_csl(csl_json(citation("Клуб «Мехр» & Co", "The publisher", "The dataset")))
    assert "The publisher" in line
    assert "Клуб «Мехр» & Co" in unescape(line)
    assert "2026" in line


def test_what_is_not_known_is_left_out() -> None:
    meant = citation("")
    assert set(read_bibtex(bibtex(meant))) == {"version", "year", "month", "day", "url"}
    assert not {"authors", "title", "publisher"} & set(rispy.loads(ris(meant))[0])
    assert set(json.loads(csl_json(meant))[0]) == {"id", "type", "issued", "version", "URL"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", CITATIONS, ids=lambda each: each.name)
def test_a_citation_is_had_by_suffix_and_by_accept(flagship_served: Served, path: str, form: object) -> None:
    path = path.format(release=flagship_served.release.id)
    named = flagship_served.get(f"{path}.{form.suffix}")  # type: ignore[attr-defined]
    asked = flagship_served.get(path, form.media_type)  # type: ignore[attr-defined]
    assert named.status_code == asked.status_code == 200
    assert named.headers["Content-Type"] == asked.headers["Content-Type"] == form.content_type  # type: ignore[attr-defined]
    assert named.content == asked.content
    assert flagship_served.release.id in named.text


def test_a_thing_of_ours_is_cited_by_its_name_as_an_entry_of_the_dataset(flagship_served: Served) -> None:
    (item,) = json.loads(flagship_served.get("/doc/club/termez.csljson?lang=ru").text)
    assert (item["title"], item["language"]) == ("Родительский клуб в Термезе", "ru")
    assert item["URL"] == "https://w3id.org/hamkor/id/club/termez"
    assert item["container-title"].startswith("Hamkor: Ташкентский форум 2014 года")
    assert item["issued"] == {"date-parts": [[int(part) for part in flagship_served.release.id[:10].split("-")]]}


@pytest.mark.parametrize("accept", [each.media_type for each in CITATIONS])
def test_home_and_a_thing_lead_to_their_citation(flagship_served: Served, accept: str) -> None:
    assert flagship_served.get("/", accept).headers["Content-Type"].startswith(accept)
    see = flagship_served.get("/id/club/termez", accept)
    assert flagship_served.get(see.headers["Location"].removeprefix(flagship_served.url), accept).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("language", "words"), [
    ("en", ("The Hamkor project", "Cite:")), ("ru", ("Проект Hamkor", "Цитировать:")),
    ("uz", ("Hamkor loyihasi", "Iqtibos uchun:")),
])  # fmt: skip
def test_pages_say_it_as_a_sentence_and_lead_to_the_forms(
    flagship_served: Served, path: str, language: str, words: tuple[str, ...]
) -> None:
    text = unescape(
        flagship_served.get(f"{path.format(release=flagship_served.release.id)}?ui={language}", BROWSER).text
    )
    assert all(each in text for each in words)
    links = re.findall(r'href="([^"]+)"[^>]*>(?:BibTeX|RIS|CSL-JSON)<', text)
    assert len(links) == 3
    assert all(f"ui={language}" in each and flagship_served.get(each).status_code == 200 for each in links)


def test_a_publication_without_publisher_invents_none(served: Served) -> None:
    (item,) = json.loads(served.get("/doc/club/termez.csljson").text)
    assert "author" not in item
    assert item["container-title"] == "Clubs of somewhere"
    assert "title" not in json.loads(served.get("/doc/list.csljson").text)[0]

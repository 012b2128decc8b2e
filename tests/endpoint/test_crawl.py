"""The whole site as its readers meet it: no dead link, nothing nameless, every page in its language, and small."""

from __future__ import annotations

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from urllib.parse import unquote, urldefrag

import pytest

from endpoint.http.languages import INTERFACE
from tests.conftest import WHOLE
from tests.endpoint.crawling import Fetched, Link, crawl
from tests.endpoint.serving import Served

HUNDRED_KB = 100_000
BASE = "https://w3id.org/hamkor/"
SWITCHES = re.compile(r"[?&](ui|lang)=")
PAST = re.compile(r"/release/[^/]+/(?!diff|report)")
"""What was in a release is tested with releases."""
DATA = re.compile(
    r"\.(ttl|nt|jsonld|rdf|nq|trig|json|csv|xlsx|txt|srj|srx|tsv|rdfp|gz|parquet|html|bib|ris|csljson)\b|[?&](format|_profile|_mediatype)="
)
FORMS = re.compile(r"^/(?:propose|upload)\?")
"""The form of each thing and of each class, which is no page for robots either; forms have tests of their own."""
SAMPLE = (
    "/", "/doc/club/termez", "/doc/forum/2014", "/scheme/target-group", "/scheme/topic/social-adaptation",
    "/doc/body/ministry-of-health", "/shape/ParentsClub", "/ns", "/dataset", "/downloads", "/graphs", "/graph/clubs",
    "/queries", "/query/clubs-by-region", "/search?q=Termiz", "/sparql", "/validate", "/privacy", "/problems",
    "/releases", "/doc/nothing-of-this-name",
)  # fmt: skip
"""Pages of every kind."""
OF_ONE_KIND = re.compile(r"/(resource\?iri=|shape/\w+-)")
"""Pages about terms of others and about property shapes, a thousand: all are made by the same code."""
SHARE = 2
NAME = re.compile(r"[a-z][\w-]*:[A-Za-z][\w/.#-]*|https?://\S+|(?:id|shape|scheme|graph|ns)[/#]\S+")


@pytest.fixture(scope="module")
def site(flagship_served: Served) -> list[Fetched]:
    """The pages to which links lead from the front page, in the language in which one starts.

    Of those that are a thousand of one kind the same half each time; all of them where ``HAMKOR_WHOLE`` is set.
    """
    others = re.compile(f"{SWITCHES.pattern}|{PAST.pattern}|{DATA.pattern}|{FORMS.pattern}")
    return crawl(flagship_served, ["/"], lambda path: others.search(path) is None and is_in_sample(path))


def is_in_sample(path: str) -> bool:
    return WHOLE or not OF_ONE_KIND.match(path) or sha256(path.encode()).digest()[0] % SHARE == 0


@pytest.fixture(scope="module")
def pages(site: list[Fetched]) -> dict[str, Fetched]:
    return {each.path: each for each in site if each.page is not None and each.answer.status_code == 200}


def broken(found: list[Fetched]) -> list[tuple[int, str, str]]:
    """What answers neither with what was asked for nor with where it is, and is not on its way (503)."""
    well = {200, 301, 303, 410}
    return [
        (each.answer.status_code, each.path, each.came_from)
        for each in found
        if each.answer.status_code not in well and "Retry-After" not in each.answer.headers
    ]


def test_no_link_to_a_page_is_broken(site: list[Fetched]) -> None:
    assert not broken(site)
    assert len(site) > 1_000


def test_no_link_to_data_is_broken(flagship_served: Served) -> None:
    """From a page of every kind: whatever it offers can be had as offered, or the answer says what else.

    A page is data, too, where its address says so; its two languages are switched one at a time, not in each pair.
    """
    starts = [path for path in SAMPLE if "nothing" not in path]
    found = crawl(
        flagship_served,
        starts,
        lambda path: path in starts or (DATA.search(path) is not None and len(SWITCHES.findall(path)) < 2),
    )
    assert not [each for each in broken(found) if each[0] != 406]
    assert all("alternatives" in each.answer.text for each in found if each.answer.status_code == 406)


def test_what_a_link_points_at_within_a_page_is_there(pages: dict[str, Fetched]) -> None:
    missing = set()
    for path, fetched in pages.items():
        for link in links(fetched):
            target, fragment = urldefrag(link.href)
            page = pages[target].page if target in pages else fetched.page if not target else None
            if fragment and page is not None and not {fragment, unquote(fragment)} & page.ids:
                missing.add((path, link.href))
    assert not missing


def links(fetched: Fetched) -> list[Link]:
    return fetched.page.links if fetched.page is not None else []


def test_every_page_has_a_language_a_title_one_heading_and_a_canonical_address(pages: dict[str, Fetched]) -> None:
    wrong = [
        path
        for path, each in pages.items()
        if (
            each.page is not None
            and not (each.page.language and each.page.title and each.page.heading and each.page.headings == 1)
        )
        or len(each.page.canonical if each.page else ()) != 1
    ]
    assert not wrong


def test_every_link_says_where_it_leads(pages: dict[str, Fetched]) -> None:
    assert not [(path, link.href) for path, each in pages.items() for link in links(each) if not link.text]


def test_what_has_a_name_is_shown_by_it(pages: dict[str, Fetched]) -> None:
    """An IRI, whole or short, is text only in code, or where the page that it leads to has no better heading."""
    nameless = {
        (path, link.text)
        for path, each in pages.items()
        for link in links(each)
        if NAME.fullmatch(link.text) and not link.is_code and not NAME.fullmatch(heading(pages, link.href) or link.text)
    }
    assert not nameless


def heading(pages: dict[str, Fetched], href: str) -> str:
    target = pages.get(href)
    return target.page.heading if target is not None and target.page is not None else ""


def test_no_page_is_large(pages: dict[str, Fetched]) -> None:
    assert not [
        (path, len(each.answer.content)) for path, each in pages.items() if len(each.answer.content) > HUNDRED_KB
    ]


def test_every_page_has_a_content_security_policy_without_inline_code(pages: dict[str, Fetched]) -> None:
    for path, each in pages.items():
        policy = each.answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy, path
        assert "unsafe-inline" not in policy, path
        assert " style=" not in each.answer.text or "/editor" in each.answer.text, path


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Fetched], flagship_served: Served) -> None:
    loaded = {asset for each in pages.values() if each.page is not None for asset in each.page.assets}
    own = ("/", flagship_served.url)
    assert not {each for each in loaded if not each.startswith(own) and not each.startswith(BASE)}


@pytest.mark.parametrize("language", INTERFACE)
def test_a_language_stays_while_one_moves(flagship_served: Served, language: str) -> None:
    """From a page of every kind each link to a page keeps the language, but for those that switch it."""
    starts = [f"{path}{'&' if '?' in path else '?'}ui={language}" for path in SAMPLE]
    lost = set()
    for each in crawl(flagship_served, starts, lambda path: path in starts):
        if each.page is None:
            continue
        assert each.page.language == language, each.path
        for link in links(each):
            path = link.href.removeprefix(flagship_served.url)
            is_page = path.startswith("/") and not (DATA.search(path) or PAST.search(path) or "/static/" in path)
            if is_page and not SWITCHES.search(path):
                lost.add((each.path, link.href))
    assert not lost


def test_every_name_of_ours_in_the_data_leads_somewhere(flagship_served: Served) -> None:
    dump = gzip.decompress(flagship_served.get("/downloads/dataset.nt.gz").content).decode()
    named = {urldefrag(each)[0] for each in re.findall(rf"<{BASE}([^>]*)>", dump)}
    iris = {each for each in named if is_in_sample(f"/{each}")}
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda iri: (iri, flagship_served.request("HEAD", f"/{iri}").status_code), sorted(iris))
        )
    assert len(answers) > 300
    assert not [each for each in answers if each[1] not in (200, 301, 303, 410)]

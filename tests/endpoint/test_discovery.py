"""How programs find what is here: robots, sitemap, ``/.well-known/``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rdflib import Graph

from graph.releases import dumps
from graph.releases.dumps import Subjects
from tests.endpoint.conftest import BASE
from tests.endpoint.serving import Served, serving, write

SITEMAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def addresses(served: Served, path: str) -> list[str]:
    answer = served.get(path)
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.content)  # noqa: S314  our own document
    assert all(each.text == served.release.manifest.created for each in root.iter(f"{SITEMAPS}lastmod"))
    return [str(each.text) for each in root.iter(f"{SITEMAPS}loc")]


def test_robots_may_read_pages_and_find_the_sitemap(served: Served) -> None:
    text = served.get("/robots.txt").text
    assert f"Sitemap: {served.url}/sitemap.xml" in text.splitlines()
    assert "Disallow: /sparql?" in text.splitlines()
    assert not re.search(r"^Disallow: /(doc|id|dataset|downloads)?$", text, re.MULTILINE)


def test_every_address_of_the_sitemap_answers_as_a_page_of_its_own(served: Served) -> None:
    parts = addresses(served, "/sitemap.xml")
    found = [url for part in parts for url in addresses(served, part.removeprefix(served.url))]
    assert len(found) == len(set(found))
    assert f"{served.url}/doc/club/termez" in found
    assert f"{served.url}/doc/club/%D0%BA%D0%BB%D1%83%D0%B1" in found
    assert f"{served.url}/dataset" in found
    for url in found:
        answer = served.get(url.removeprefix(served.url), "text/html")
        assert answer.status_code == 200, url
        assert answer.headers["Content-Type"].startswith("text/html"), url


def test_a_sitemap_that_is_not_there_is_404(served: Served) -> None:
    assert served.get("/sitemap-99.xml").status_code == 404
    assert served.get("/sitemap-x.xml").status_code == 404


def test_the_lists_hold_each_thing_once_and_no_more_than_a_sitemap_takes(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = served.release
    monkeypatch.setattr(dumps, "MOST", 4)
    (tmp_path / "graphs").symlink_to(release.folder / "graphs")
    lists = Subjects(tmp_path, release.manifest).make()
    found = [list(dumps.read_list(each)) for each in lists]
    assert all(0 < len(each) <= 4 for each in found)
    flat = [iri for each in found for iri in each]
    assert len(flat) == len(set(flat))
    assert f"{BASE}id/club/termez" in flat
    assert not [iri for iri in flat if "#" in iri or ".well-known" in iri or not iri.startswith(BASE)]


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [(None, "ttl"), ("text/turtle", "ttl"), ("application/ld+json", "jsonld"), ("text/html,*/*;q=0.1", "html")],
)
def test_void_leads_to_the_catalogue(served: Served, accept: str | None, suffix: str) -> None:
    answer = served.get("/.well-known/void", accept)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{served.url}/dataset.{suffix}")
    assert served.get(f"/dataset.{suffix}").status_code == 200


def test_the_catalogue_of_interfaces_lists_what_answers(served: Served) -> None:
    answer = served.get("/.well-known/api-catalog")
    assert answer.headers["Content-Type"].startswith("application/linkset+json;")
    contexts = answer.json()["linkset"]
    assert f"{served.url}/sparql" in [each["anchor"] for each in contexts]
    targets = {item["href"] for each in contexts for links in each.values() if isinstance(links, list)
               for item in links}  # fmt: skip
    for url in targets:
        assert served.get(url.removeprefix(served.url)).status_code == 200, url


def test_nobody_is_named_where_the_settings_name_nobody(served: Served) -> None:
    assert served.get("/.well-known/security.txt").status_code == 404


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with a contact, a title that would end a script element, and a graph of its own name."""
    about = '[about]\ncontact = "desk@example.org"\n[about.title]\nen = "</script><b>Title"\n'
    about += '[privacy]\npersonal_graphs = ["a"]\n'
    files = {"hamkor.toml": f'base = "{BASE}"\n{about}', "data/a.nt": f"<{BASE}id/a> <{BASE}ns#p> <{BASE}id/b> .\n"}
    with serving(write(tmp_path_factory.mktemp("named"), files)) as running:
        yield running


def test_whom_to_tell_of_a_weakness(named: Served) -> None:
    lines = dict(line.split(": ", 1) for line in named.get("/.well-known/security.txt").text.splitlines())
    assert lines["Contact"] == "mailto:desk@example.org"
    assert lines["Canonical"] == f"{named.url}/.well-known/security.txt"
    assert datetime.fromisoformat(lines["Expires"]) > datetime.now(UTC)


def test_the_contact_is_in_the_catalogue_and_on_the_page(named: Served) -> None:
    graph = Graph().parse(data=named.get("/dataset.ttl").content, format="turtle")
    assert graph.query("ASK { ?x <http://www.w3.org/2006/vcard/ns#hasEmail> <mailto:desk@example.org> }").askAnswer
    assert 'href="mailto:desk@example.org"' in named.get("/dataset", "text/html").text


def test_the_contact_is_the_door_for_those_whom_the_data_is_about(named: Served) -> None:
    graph = Graph().parse(data=named.get("/dataset.ttl").content, format="turtle")
    assert graph.query("ASK { ?x <https://w3id.org/dpv#isExercisedAt> <mailto:desk@example.org> }").askAnswer
    assert '<a href="mailto:desk@example.org">desk@example.org</a>' in named.get("/privacy", "text/html").text


def test_nobody_is_sent_to_an_address_that_is_not_there(served: Served) -> None:
    text = served.get("/privacy", "text/html").text
    assert "has named no address" in text
    assert "Write to" not in text


def test_no_text_ends_the_element_that_it_is_embedded_in(named: Served) -> None:
    text = named.get("/dataset", "text/html").text
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert "\\u003c/script>\\u003cb>Title" in script
    assert "<b>Title" not in text


def test_the_front_page_leads_to_metadata_and_interfaces(served: Served) -> None:
    found = served.get("/", "text/html").headers.get_list("Link")
    for name, relation in (("dataset.ttl", "describedby"), (".well-known/api-catalog", "api-catalog")):
        assert [each for each in found if each.startswith(f'<{served.url}/{name}>; rel="{relation}"')]

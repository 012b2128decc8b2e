"""/same-as: any spelling of any known identifier leads to its cluster, with who says so."""

from __future__ import annotations

from urllib.parse import quote

import pyoxigraph as ox
import pytest

from graph.parts.linksets.linkset import Clusters, linksets, spellings
from tests.endpoint.serving import Served

OURS = "https://w3id.org/hamkor/"
TASHKENT = f"{OURS}id/place/tashkent"
SPELLINGS = [
    "http://www.wikidata.org/entity/Q269", "https://www.wikidata.org/wiki/Q269", "https://www.wikidata.org/entity/Q269/",
    "Q269", "wd:Q269", "https://sws.geonames.org/1512569/", "http://sws.geonames.org/1512569",
    "https://www.geonames.org/1512569/tashkent.html", "geonames:1512569", TASHKENT, f"{TASHKENT}/",
    TASHKENT.replace("https", "http"), quote(TASHKENT, safe=""), f"<{TASHKENT}>", "place~tashkent",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_leads_to_the_same_cluster(spelling: str, service: Served) -> None:
    answer = service.get(f"/same-as.json?iri={quote(spelling, safe='')}").json()
    assert [each["iri"] for each in answer["own"]] == [TASHKENT]
    assert {each["iri"] for each in answer["members"]} == {
        TASHKENT, "http://www.wikidata.org/entity/Q269", "https://sws.geonames.org/1512569/",
    }  # fmt: skip
    (evidence,) = answer["same"][0]["evidence"]
    assert evidence["graph"] == f"{OURS}graph/links"
    assert evidence["linksets"][0].startswith(f"{OURS}id/linkset/")
    assert "tashkent-city" in str(answer["like"]), "a shared record is like it, and not the same"


def test_how_sure_a_link_is_goes_along(service: Served) -> None:
    answer = service.get("/same-as.json?iri=Q2117711").json()
    assert answer["same"][0]["evidence"][0]["confidence"] == f"{OURS}scheme/confidence/medium"
    graph = ox.Store()
    graph.load(service.get("/same-as.ttl?iri=Q2117711").content, format=ox.RdfFormat.TURTLE)
    assert list(graph.quads_for_pattern(None, ox.NamedNode(f"{OURS}ns#confidence"), None))


def test_a_foreign_identifier_leads_to_our_page(service: Served) -> None:
    answer = service.get("/same-as?iri=Q269&redirect")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{service.url}/doc/place/tashkent"
    assert service.get("/same-as?iri=Q269&redirect=0", "text/html").status_code == 200
    assert service.get("/same-as?iri=Q12345678&redirect").status_code == 404


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_the_page_says_who_says_so(language: str, service: Served) -> None:
    page = service.get(f"/same-as?iri=Q269&ui={language}", "text/html").text
    assert f'lang="{language}"' in page
    assert "/doc/linkset/wikidata" in page
    assert "/graph/links" in page


BAD = {"nothing known": ("nowhere", 404), "an attack": ("<script>alert(1)</script>", 404), "much": ("x" * 5000, 404)}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_known_is_404_and_harmless(what: str, service: Served) -> None:
    text, status = BAD[what]
    answer = service.get(f"/same-as?iri={quote(text, safe='')}", "text/html")
    assert answer.status_code == status
    assert "<script>alert" not in answer.text
    assert service.get("/same-as.json").status_code == 400


def test_a_cluster_is_bounded_and_says_that_it_is_not_whole() -> None:
    store, same = ox.Store(), ox.NamedNode("http://www.w3.org/2002/07/owl#sameAs")
    for n in range(1000):
        store.add(ox.Quad(ox.NamedNode("https://x.example/hub"), same, ox.NamedNode(f"https://x.example/{n}")))
    found = Clusters(store, OURS, linksets(store, OURS)).cluster(["https://x.example/hub"])
    assert not found.is_whole
    assert len(found.members) < 500


def test_spellings_are_few() -> None:
    assert all(len(spellings(each)) <= 30 for each in (*SPELLINGS, "https://e.org/%D0%B0 б/?x=1#y"))

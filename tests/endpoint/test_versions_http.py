"""Releases over HTTP: what was published when, what changed, and Memento (RFC 7089) for resources and for SPARQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pyoxigraph as ox
import pytest
from werkzeug.http import http_date, parse_date

from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.releases.history import release_time
from tests.conftest import copy
from tests.endpoint.conftest import CLUBS, CONTEXT, ONTOLOGY, PLACES, QUERIES, SETTINGS
from tests.endpoint.contributing import BASE, publication
from tests.endpoint.serving import BROWSER, Served, serving, write

RESULT = "http://www.w3.org/ns/shacl#result"
EARLY = "Fri, 28 Nov 2014 09:00:00 GMT"
LATE = "Mon, 01 Jan 2120 09:00:00 GMT"
NICKNAMES = "SELECT ?name { ?place <https://example.org/kb/ns#nickname> ?name }"
SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
HURRIED = "[limits]\nquery_seconds = 1.5\n"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, tuple[str, ...]]]:
    """A service over three releases; in the first the place is called Termiz, then Termizz, then it has no nickname."""
    folder = write(
        tmp_path_factory.mktemp("versions"),
        {"hamkor.toml": SETTINGS, "ontology/clubs.ttl": ONTOLOGY, "ontology/context.jsonld": CONTEXT,
         "data/clubs.ttl": CLUBS, "data/queries.ttl": QUERIES, "data/places.nt": PLACES},
    )  # fmt: skip
    ids = [build(open_publication(folder)).id]
    write(folder, {"data/places.nt": PLACES.replace('"Termiz"', '"Termizz"')})
    ids.append(build(open_publication(folder)).id)
    (folder / "data" / "places.nt").unlink()
    with serving(folder) as running:
        yield running, (*ids, running.release.id)


def links(response: httpx.Response) -> dict[str, str]:
    """Relation → target of the header Link; of equal ones the last."""
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"', response.headers.get("Link", ""))
    return {relation: target for target, relation in found}


def at(served: Served, path: str, time: str, accept: str | None = None, **more: object) -> httpx.Response:
    return served.get(path, accept, headers={"Accept-Datetime": time}, **more)


# Releases


def test_the_list_names_all_releases_newest_first(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    rows = served.get("/releases", "application/json").json()
    assert [row["id"] for row in rows] == list(reversed(ids))
    assert [row["current"] for row in rows] == [True, False, False]
    page = served.get("/releases", BROWSER)
    assert all(release_id in page.text for release_id in ids)


def test_the_list_as_rdf_says_which_came_before_which(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    store = ox.Store()
    store.load(served.get("/releases", "text/turtle").content, ox.RdfFormat.TURTLE)
    asked = "SELECT ?old { ?new <http://www.w3.org/ns/dcat#previousVersion> ?old } ORDER BY ?old"
    found = [row["old"].value.rpartition("/")[2] for row in store.query(asked)]  # type: ignore[union-attr,index]
    assert found == list(ids[:2])


@pytest.mark.parametrize("accept", ["application/json", "text/turtle", "application/ld+json", BROWSER])
def test_a_release_is_described_and_kept_by_caches(versions: tuple[Served, tuple[str, ...]], accept: str) -> None:
    served, ids = versions
    answer = served.get(f"/release/{ids[0]}", accept)
    assert answer.status_code == 200
    assert ids[0] in answer.text
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Hamkor-Release"] == ids[0]
    again = served.get(f"/release/{ids[0]}", accept, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_manifest_holds_digests_and_counts(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    manifest = served.get(f"/release/{ids[1]}.json").json()
    assert manifest["parent"] == ids[0]
    assert all(len(each["digest"]) == 64 and len(each["sha256"]) == 64 for each in manifest["graphs"])


def test_the_difference_to_the_parent_is_an_rdf_patch(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    answer = served.get(f"/release/{ids[1]}/diff")
    assert answer.headers["Content-Type"] == "application/rdf-patch; charset=utf-8"
    rows = [line for line in answer.text.splitlines() if '"Termiz' in line]
    assert [row[0] for row in rows] == ["D", "A"]
    assert '"Termiz"' in rows[0]
    assert '"Termizz"' in rows[1]
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(("side", "name"), [("added", '"Termizz"'), ("removed", '"Termiz"')])
def test_either_side_of_it_is_n_quads(versions: tuple[Served, tuple[str, ...]], side: str, name: str) -> None:
    served, ids = versions
    answer = served.get(f"/release/{ids[1]}/diff", "application/n-quads", params={"side": side})
    found = [quad for quad in ox.parse(answer.content, ox.RdfFormat.N_QUADS) if "nickname" in str(quad.predicate)]
    assert [name in str(quad) for quad in found] == [True]
    assert served.get(f"/release/{ids[1]}/diff.nq").status_code == 400


def test_any_two_releases_can_be_compared(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    rows = served.get(f"/release/{ids[0]}/diff", params={"to": ids[2]}).text.splitlines()
    assert [row[0] for row in rows if '"Termiz"' in row] == ["A"]
    assert served.get(f"/release/{ids[0]}/diff", BROWSER, params={"to": ids[2]}).status_code == 200
    assert served.get(f"/release/{ids[0]}/diff", params={"to": "2011"}).status_code == 404


def test_a_result_is_counted_once_in_the_manifest_the_report_and_its_page(tmp_path: Path) -> None:
    noted = "".join(f'<{BASE}id/club/{each}> <{BASE}ns#note> "A note"@en .\n' for each in ("termez", "urgench"))
    with serving(write(publication(tmp_path), {"data/notes.ttl": noted})) as running:
        (release,) = (each for each in running.get("/releases", "application/json").json() if each["current"])
        address = f"/release/{release['id']}/report"
        turtle = running.get(address, "text/turtle").content
        results = [each for each in ox.parse(turtle, ox.RdfFormat.TURTLE) if each.predicate.value == RESULT]
        assert release["warnings"] == len(results) == 2
        assert "2 warnings" in running.get(address, BROWSER).text


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/n-triples", BROWSER])
def test_the_report_of_validation_is_there(versions: tuple[Served, tuple[str, ...]], accept: str) -> None:
    served, ids = versions
    answer = served.get(f"/release/{ids[0]}/report", accept)
    assert answer.status_code == 200
    assert "conforms" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/release/{}", "/release/{}/diff", "/release/{}/report", "/release/{}/doc/club/termez", "/release/{}/sparql"],
)
@pytest.mark.parametrize("release", ["2011-01-01T000000Z-00000000", "../..", "current", "2011"])
def test_a_release_that_is_not_here_is_404(versions: tuple[Served, tuple[str, ...]], path: str, release: str) -> None:
    served, _ = versions
    assert served.get(path.format(quote(release, safe=""))).status_code == 404


# Memento


@pytest.mark.parametrize("accept", ["application/n-triples", "text/turtle", BROWSER])
def test_a_memento_is_what_it_was(versions: tuple[Served, tuple[str, ...]], accept: str) -> None:
    served, ids = versions
    texts = [served.get(f"/release/{each}/doc/place/termez", accept).text for each in ids]
    assert [("Termizz" in text, "Termiz<" in text or '"Termiz"' in text) for text in texts] == [
        (False, True), (True, False), (False, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/doc/place/termez", "/doc/place/termez.nt", "/id/place/termez", "/ns", "/graph/clubs.nq", "/scheme/topic/social",
     "/resource?iri=http%3A%2F%2Fother.example%2Fthing%231", "/queries", "/", "/doc/club/%D0%BA%D0%BB%D1%83%D0%B1",
     "/graphs?graph=https%3A%2F%2Fexample.org%2Fkb%2Fgraph%2Fclubs", f"/sparql?query={quote(NICKNAMES)}"],
)  # fmt: skip
@pytest.mark.parametrize(("time", "which"), [(EARLY, 0), (LATE, 2), ("middle", 1)])
def test_every_resource_is_its_own_time_gate(
    versions: tuple[Served, tuple[str, ...]], path: str, time: str, which: int
) -> None:
    served, ids = versions
    wanted = http_date(release_time(ids[1])) if time == "middle" else time
    answer = at(served, path, wanted)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{served.url}/release/{ids[which]}{path}"
    assert "accept-datetime" in answer.headers["Vary"].lower()
    assert links(answer)["original"] == served.url + path
    assert links(answer)["timemap"] == f"{served.url}/timemap{path}"
    memento = served.client.get(answer.headers["Location"])
    assert memento.status_code in (200, 303)
    assert links(memento)["original"] == links(memento)["timegate"] == served.url + path
    assert "immutable" in memento.headers["Cache-Control"]
    assert memento.headers["X-Hamkor-Release"] == ids[which]
    if memento.status_code == 200:
        assert memento.headers["Memento-Datetime"] == http_date(release_time(ids[which]))


def test_the_original_says_where_its_past_is(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, _ = versions
    answer = served.get("/doc/place/termez.ttl")
    assert links(answer)["timemap"] == f"{served.url}/timemap/doc/place/termez.ttl"
    assert "accept-datetime" in answer.headers["Vary"].lower()
    assert "Memento-Datetime" not in answer.headers


def test_links_of_a_memento_stay_in_its_release(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    answer = served.get(f"/release/{ids[0]}/id/place/termez")
    assert answer.headers["Location"] == f"{served.url}/release/{ids[0]}/doc/place/termez"
    page = served.get(f"/release/{ids[0]}/doc/place/termez.html").text
    assert f'href="/release/{ids[0]}/doc/club/termez"' in page
    assert 'href="/releases"' in page


@pytest.mark.parametrize("time", ["yesterday", "", "2014-11-28", "Fri, 99 Nov 2014 09:00:00 GMT"])
def test_a_time_that_is_none_is_400(versions: tuple[Served, tuple[str, ...]], time: str) -> None:
    served, _ = versions
    assert at(served, "/doc/place/termez", time).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/release/{}/graph/clubs", "/release/{}/doc/place/termez", "/release/{}/graphs"])
def test_nothing_is_written_into_a_release(versions: tuple[Served, tuple[str, ...]], method: str, path: str) -> None:
    served, ids = versions
    answer = served.request(method, path.format(ids[0]), content=b"<a:b> <a:c> <a:d> .")
    assert answer.status_code == 405
    assert answer.headers["Allow"]


def test_a_query_that_is_posted_chooses_no_time(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, _ = versions
    answer = served.request("POST", "/sparql", data={"query": NICKNAMES}, headers={"Accept-Datetime": EARLY})
    assert answer.status_code == 405


def test_a_time_map_lists_all_mementos(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    answer = served.get("/timemap/doc/place/termez")
    assert answer.headers["Content-Type"] == "application/link-format"
    lines = answer.text.strip().split(",\n")
    assert lines[0] == f'<{served.url}/doc/place/termez>; rel="original"'
    assert [re.findall(r'rel="([^"]*)"', line)[0] for line in lines[3:]] == ["first memento", "memento", "last memento"]
    assert [line.partition(">")[0][1:] for line in lines[3:]] == [
        f"{served.url}/release/{each}/doc/place/termez" for each in ids
    ]
    times = [parse_date(time) for time in re.findall(r'datetime="([^"]*)"', answer.text)]
    assert times == [release_time(each) for each in ids]
    assert served.get("/timemap/health").status_code == 404


def test_what_was_gone_by_then_is_410_in_the_past(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    assert served.get(f"/release/{ids[2]}/graph/places").status_code == 410
    assert served.get(f"/release/{ids[1]}/graph/places").status_code == 200


# SPARQL over older releases


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_release_answers_queries_as_it_was(versions: tuple[Served, tuple[str, ...]], method: str) -> None:
    served, ids = versions
    found = []
    for each in ids:
        more = {"params": {"query": NICKNAMES}} if method == "GET" else {"data": {"query": NICKNAMES}}
        answer = served.request(method, f"/release/{each}/sparql", "text/csv", **more)
        assert answer.headers["X-Hamkor-Release"] == each
        found.append(answer.text.split("\r\n")[1:-1])
    assert found == [["Termiz"], ["Termizz"], []]


def test_a_page_of_results_is_of_its_release(versions: tuple[Served, tuple[str, ...]]) -> None:
    served, ids = versions
    assert "Termizz" in served.get(f"/release/{ids[1]}/sparql", BROWSER, params={"query": NICKNAMES}).text


def test_a_query_over_an_older_release_has_the_same_limits(
    versions: tuple[Served, tuple[str, ...]], tmp_path: Path
) -> None:
    served, ids = versions
    copy(served.folder, tmp_path / "hurried")
    with serving(write(tmp_path / "hurried", {"hamkor.toml": SETTINGS.replace("[limits]", HURRIED)})) as hurried:
        answer = hurried.get(f"/release/{ids[0]}/sparql", params={"query": SLOW})
        assert answer.status_code == 503
        assert answer.json()["limit"] == "limits.query_seconds"
    assert served.get(f"/release/{ids[0]}/sparql", params={"query": NICKNAMES}).status_code == 200


def test_an_older_release_calls_no_other_service_and_takes_no_update(
    versions: tuple[Served, tuple[str, ...]],
) -> None:
    served, ids = versions
    calling = "SELECT * { SERVICE <https://query.example/sparql> { ?s ?p ?o } }"
    assert served.get(f"/release/{ids[0]}/sparql", params={"query": calling}).status_code == 403
    update = served.request("POST", f"/release/{ids[0]}/sparql", data={"update": "DELETE WHERE { ?s ?p ?o }"})
    assert update.status_code == 400


def test_last_modified_is_the_time_of_the_release_and_counts_only_without_a_tag(
    versions: tuple[Served, tuple[str, ...]],
) -> None:
    served, ids = versions
    made = release_time(ids[2])
    for path in ("/doc/place/termez.nt", f"/sparql?query={quote(NICKNAMES)}"):
        assert served.get(path).headers["Last-Modified"] == http_date(made)
        since = {"If-Modified-Since": http_date(made)}
        assert served.get(path, headers=since).status_code == 304
        assert served.get(path, headers={**since, "If-None-Match": '"other"'}).status_code == 200
        assert served.get(path, headers={"If-Modified-Since": http_date(made - timedelta(1))}).status_code == 200

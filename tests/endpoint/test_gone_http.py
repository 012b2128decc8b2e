"""What is no longer published answers 410, what was merged 301; both without a look into older stores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.model.publication import open_publication
from graph.pipeline.build import build
from tests.endpoint.conftest import CLUBS, PLACES, SETTINGS
from tests.endpoint.serving import BROWSER, Served, serving, write

MERGED = """
@prefix dct: <http://purl.org/dc/terms/> .
<https://example.org/kb/id/place/termiz> dct:isReplacedBy <https://example.org/kb/id/place/termez> .
<https://example.org/kb/id/place/termiz> <http://www.w3.org/2000/01/rdf-schema#label> "Termiz"@uz .
<https://example.org/kb/id/body/old> dct:isReplacedBy <https://example.org/kb/id/body/new> .
<https://example.org/kb/id/body/old> <http://www.w3.org/2000/01/rdf-schema#comment> "It was something else."@en .
<https://example.org/kb/id/old/elsewhere> dct:isReplacedBy <http://other.example/thing#1> .
"""
ONCE = """
<https://example.org/kb/id/club/once> <http://www.w3.org/2000/01/rdf-schema#label> "Once"@en .
<https://example.org/kb/id/club/имя> <http://www.w3.org/2000/01/rdf-schema#label> "Once"@en .
<https://example.org/kb/scheme/once> <http://www.w3.org/2000/01/rdf-schema#label> "Once"@en .
<https://example.org/kb/id/club/back> <http://www.w3.org/2000/01/rdf-schema#label> "Back"@en .
"""
BACK = '<https://example.org/kb/id/club/back> <http://www.w3.org/2000/01/rdf-schema#label> "Back"@en .\n'


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """A service, and the id of an earlier release in which there was a graph "once", and things that only it had."""
    folder = write(
        tmp_path_factory.mktemp("gone"),
        {"hamkor.toml": SETTINGS, "data/clubs.ttl": CLUBS, "data/merged.ttl": MERGED, "data/once.nt": ONCE},
    )
    first = build(open_publication(folder)).id
    (folder / "data" / "once.nt").unlink()
    build(open_publication(folder))
    write(folder, {"data/places.nt": PLACES, "data/back.nt": BACK})
    with serving(folder) as running:
        yield running, first


@pytest.mark.parametrize(
    "path", ["/id/club/once", "/doc/club/once", "/doc/club/once.ttl", "/scheme/once", "/graph/once", "/graph/once.nq",
             "/id/club/%D0%B8%D0%BC%D1%8F", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fclub%2Fonce",
             "/graphs?graph=https%3A%2F%2Fexample.org%2Fkb%2Fgraph%2Fonce"],
)  # fmt: skip
@pytest.mark.parametrize("accept", [None, "text/turtle", BROWSER])
def test_what_is_no_longer_published_answers_410(gone: tuple[Served, str], path: str, accept: str | None) -> None:
    served, _ = gone
    assert served.get(path, accept).status_code == 410


def test_the_answer_says_where_it_was_last(gone: tuple[Served, str]) -> None:
    served, first = gone
    problem = served.get("/doc/club/once").json()
    assert problem["memento"] == f"{served.url}/release/{first}/doc/club/once"
    assert served.client.get(problem["memento"]).status_code == 200


@pytest.mark.parametrize("path", ["/id/club/never", "/graph/never", "/doc/club/on", "/scheme/once/more"])
def test_what_never_was_answers_404(gone: tuple[Served, str], path: str) -> None:
    served, _ = gone
    assert served.get(path).status_code == 404


def test_what_came_back_is_there(gone: tuple[Served, str]) -> None:
    served, _ = gone
    assert served.get("/doc/club/back").status_code == 200


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/id/place/termiz", "/id/place/termez"),
        ("/doc/place/termiz", "/doc/place/termez"),
        ("/doc/place/termiz.ttl", "/doc/place/termez.ttl"),
        ("/id/old/elsewhere", "/resource?iri=http%3A%2F%2Fother.example%2Fthing%231"),
    ],
)
def test_what_was_merged_leads_to_what_took_its_place(gone: tuple[Served, str], path: str, target: str) -> None:
    served, _ = gone
    answer = served.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, served.url + target)
    assert served.client.get(served.url + path, follow_redirects=True).status_code == 200


def test_what_the_world_replaced_is_still_described(gone: tuple[Served, str]) -> None:
    served, _ = gone
    assert served.get("/doc/body/old").status_code == 200


def test_it_is_known_when_all_older_releases_are_gone(gone: tuple[Served, str], tmp_path: Path) -> None:
    served, first = gone
    shutil.move(served.folder / ".hamkor" / "releases" / first, tmp_path / first)
    try:
        answer = served.get("/doc/club/once")
        assert (answer.status_code, "memento" in answer.json()) == (410, False)
    finally:
        shutil.move(tmp_path / first, served.folder / ".hamkor" / "releases" / first)

"""What is optional can be left out: the core builds, publishes, answers and shows pages without each part."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from writing import Write

from endpoint.app import create_app
from endpoint.cli import CORE, ORDER, Commands, commands
from endpoint.served_parts import SERVED, ServedPart
from graph.model.publication import Publication
from graph.parts.linking.names_index import INDEX_FILE
from graph.pipeline.build import build
from graph.pipeline.parts import PARTS, Part
from graph.pipeline.write import Put, publish
from graph.sources.batches import Chunk

BASE, RDFS = "https://example.org/", "http://www.w3.org/2000/01/rdf-schema#"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "ontology/o.ttl": f"<{BASE}ns#Club> <{RDFS}subClassOf> <{BASE}ns#Body> .",
    "shapes/s.ttl": f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <{RDFS}> .
        <{BASE}shape/c> a sh:NodeShape ; sh:targetClass <{BASE}ns#Club> ; sh:property <{BASE}shape/l> .
        <{BASE}shape/l> sh:path rdfs:label ; sh:minCount 1 .""",
    "data/a.ttl": f'<{BASE}id/a> a <{BASE}ns#Club> ; <{RDFS}label> "A club" .',
}
ADDED = f'<{BASE}id/b> <{RDFS}label> "Another" .\n'.encode()
PAGES = (
    "/", "/doc/a", "/sparql", "/queries", "/graphs", "/dataset", "/downloads", "/class", "/releases", "/profiles",
    "/privacy", "/problems", "/sparql?query=ASK%7B%7D", "/graph/a", "/nothing", "/.well-known/api-catalog",
)  # fmt: skip
ROUTES = {
    "linking": ("/search?q=club", "/suggest?q=cl", "/reconcile", "/reconcile/v1/features"),
    "linksets": (f"/same-as?iri={BASE}id/a",),
    "templates": ("/templates", "/templates/Club.csv"),
    "contribution": ("/validate", "/update"),
    "proposals": (f"/propose?iri={BASE}id/a", "/proposal/~x", "/proposals", "/proposals/x", "/my-data", "/shapes/Club"),
    "replication": ("/replication/current",),
    "harvest": (),
    "spreadsheets": ("/upload", "/upload/~x"),
}
LINK = re.compile(r"""(?:href|action|src|data-source)="([^"]*)"|<([^>]*)>; rel""")


def needing(part: Part) -> set[str]:
    """The name of a part, and those of all parts that cannot be without it."""
    gone = {part.name}
    while more := {each.name for each in PARTS if gone & {*each.needs}} - gone:
        gone |= more
    return gone


def without(part: Part) -> tuple[tuple[Part, ...], tuple[ServedPart, ...]]:
    gone = needing(part)
    return (
        tuple(each for each in PARTS if each.name not in gone),
        tuple(each for each in SERVED if each.part.name not in gone),
    )


@pytest.fixture(params=PARTS, ids=lambda part: part.name)
def part(request: pytest.FixtureRequest) -> Part:
    """Each part in turn."""
    found: Part = request.param
    return found


@pytest.fixture
def core(part: Part, publication: Write) -> tuple[Publication, FlaskClient]:
    """A publication that is built, published to and served without a part."""
    parts, served = without(part)
    own = publication(FILES)
    build(own, parts=parts)
    made = publish(own, [Put(f"{BASE}graph/b", (Chunk(f"{BASE}graph/b", ADDED),))], parts=parts)
    assert made.report.conforms
    return own, create_app(own, parts=served).test_client()


def test_the_core_answers_and_shows_pages_without_a_part(core: tuple[Publication, FlaskClient], part: Part) -> None:
    """What was built and what was published is asked for, and shown; routes are gone, and nothing links to them."""
    client = core[1]
    query = f"SELECT ?l {{ VALUES ?s {{ <{BASE}id/a> <{BASE}id/b> }} ?s <{RDFS}label> ?l }} ORDER BY ?l"
    found = client.get("/sparql", query_string={"query": query}, headers={"Accept": "text/csv"}).text
    assert found.split("\r\n")[1:3] == ["A club", "Another"]
    assert "A club" in client.get("/doc/a", headers={"Accept": "text/html"}).text
    gone = [route for name in needing(part) for route in ROUTES[name]]
    assert {route: client.get(route).status_code for route in gone} == dict.fromkeys(gone, 404)
    firsts = {route.lstrip("/").partition("?")[0].partition("/")[0] for route in gone}
    for page in PAGES:
        response = client.get(page, headers={"Accept": "text/html"})
        assert response.status_code in (200, 303, 404), page
        links = LINK.findall(response.text + "\n".join(response.headers.getlist("Link")))
        led = {re.sub(r"^https?://[^/]*", "", first or second).lstrip("/") for first, second in links}
        assert not {each for each in led if re.split(r"[/?.#]", each)[0] in firsts}, page
        assert not firsts & {*re.findall(r"http://localhost/([\w-]+)", response.text)}, page


def test_a_graph_that_nobody_can_write_offers_no_writing(built: Write) -> None:
    own = built(FILES)
    served = tuple(each for each in SERVED if each.part.name != "contribution")
    client = create_app(own, parts=served).test_client()
    answer = client.get("/graph/a")
    assert "Accept-Patch" not in answer.headers
    assert client.put("/graph/b", data=b"").status_code == 405
    assert "Accept-Patch" in create_app(own).test_client().get("/graph/a").headers


def test_a_release_without_an_index_of_names_is_made_anew_with_one(publication: Write) -> None:
    own = publication(FILES)
    parts = tuple(each for each in PARTS if each.name not in ("linking", "linksets"))
    first = build(own, parts=parts)
    assert build(own, parts=parts).id == first.id
    assert not (first.folder / INDEX_FILE).exists()
    assert build(own).id != first.id


def test_commands_of_a_part_are_gone_with_it(part: Part) -> None:
    _, served = without(part)
    left = commands(served)
    gone = {name for each in SERVED if each not in served for name in each.commands}
    assert not gone & left.keys()
    assert left.keys() | gone == {*ORDER}
    assert left.keys() >= CORE.keys()

    class Fewer(Commands):
        parts = served

    group = Fewer("hamkor")
    for name in sorted(gone):
        assert CliRunner().invoke(group, [name]).exit_code == 2
    assert group.get_command(None, "build") is not None  # type: ignore[arg-type]


def test_every_part_is_served_and_comes_after_what_it_needs() -> None:
    assert [each.part for each in SERVED] == [*PARTS]
    for number, each in enumerate(PARTS):
        assert {*each.needs} <= {before.name for before in PARTS[:number]}

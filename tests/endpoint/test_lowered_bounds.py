"""Writes beyond every bound that has a fallback, through the real entrances: the flagship, a third of its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from endpoint.cli import main
from graph.model.contributors import Contributors
from graph.model.publication import open_publication
from graph.releases.release import current_release
from graph.releases.verification import verify
from tests.bounds import LOWERED
from tests.conftest import PARTS, REPOSITORY, copy
from tests.endpoint.contributing import Writer
from tests.endpoint.serving import serving

BASE = "https://w3id.org/hamkor/"
GRAPH = "ngo/towns"
PLACE = f"/graph/{GRAPH}"
PROLOGUE = f"""@base <{BASE}> . @prefix schema: <https://schema.org/> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
TOWN = f"<{BASE}id/place/x-1>"
UPDATE = f"INSERT DATA {{ GRAPH <{BASE}{PLACE[1:]}> {{ {TOWN} <https://schema.org/population> 77 }} }}"
REGION = "schema:containedInPlace <id/place/surkhandarya> ;"
SHAPES = ("common.ttl", "concepts.ttl", "documents.ttl", "places.ttl")
"""All kinds of constraints. Here each write is judged by all shapes, so it takes as long as they do."""


def towns(count: int, region: str = REGION) -> str:
    """Towns that conform, where they have their region; a number in another form than the index's is among them."""
    town = """<id/place/x-{0}> a schema:City ; rdfs:label "Town {0}"@en , "Город {0}"@ru , "Shahar {0}"@uz-Latn ;
    {1} schema:population 00{0} ; prov:wasDerivedFrom <id/source/wof> ."""
    return PROLOGUE + "\n".join(town.format(number, region) for number in range(count))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flagship of our own, with some of its shapes."""
    place = tmp_path_factory.mktemp("lowered")
    for part in PARTS:
        copy(REPOSITORY / part, place / part)
    for each in (place / "shapes").iterdir():
        if each.name not in SHAPES:
            each.unlink()
    return place


@pytest.fixture(scope="module")
def ngo(folder: Path) -> Iterator[Writer]:
    """An NGO that writes to the flagship, whose server has its bounds lowered."""
    with serving(folder, module="tests.lowering") as served:
        served.client.timeout = httpx.Timeout(60)
        contributors = Contributors(folder / ".hamkor", BASE)
        yield Writer(served, contributors.create(("ngo/*",), name="NGO", contact="mailto:x@x.example", days=1)[1])


def test_a_graph_is_checked_put_posted_changed_and_deleted(ngo: Writer) -> None:
    checked = ngo.send(
        "POST", f"/validate?graph={BASE}graph/{GRAPH}", towns(5), Content_Type="text/turtle", Accept="application/json"
    )
    assert (checked.status_code, checked.json()["conforms"]) == (200, True), checked.text
    answers = [
        ngo.put(PLACE, towns(5)),
        ngo.send("POST", PLACE, towns(6), Content_Type="text/turtle"),
        ngo.send("POST", "/update", UPDATE, Content_Type="application/sparql-update"),
    ]
    assert [each.status_code for each in answers] == [201, 204, 204], [each.text for each in answers]
    assert '"003"^^' in ngo.send("GET", PLACE, Accept="application/n-triples").text
    assert ngo.send("DELETE", PLACE).status_code == 204
    assert ngo.send("GET", PLACE).status_code == 404


def test_what_violates_the_shapes_is_refused_where_it_does(ngo: Writer) -> None:
    refused = ngo.put(PLACE, towns(3, ""), Accept="application/json")
    assert refused.status_code == 422
    assert "x-2" in refused.text
    assert "exactly one region" in refused.text


def test_the_publisher_publishes_and_withdraws(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOWERED.items():
        monkeypatch.setattr(name.replace(":", "."), value)
    (tmp_path / "towns.ttl").write_text(towns(4))
    for command in (["publish", str(tmp_path / "towns.ttl")], ["withdraw"]):
        done = CliRunner().invoke(main, [*command, "--publication", str(folder), "--graph", "others/towns"])
        assert done.exit_code == 0, done.output
        assert verify(current_release(open_publication(folder))) == ()

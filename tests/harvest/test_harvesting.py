"""What is harvested goes through the gate of contributions; what fails leaves the graph and is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import msgspec
import pyoxigraph as ox
import pytest
from click.testing import CliRunner
from odd_sources import LINES, XML, Reply, Sources, odd_sources

from endpoint.app import create_app
from endpoint.cli import main
from endpoint.harvested import standing
from graph.model.errors import BusyError, SettingError, WriteRefusedError
from graph.model.publication import Publication, ReplicaOrigin, open_publication
from graph.model.settings import settings_of
from graph.parts.harvest import harvesting
from graph.parts.harvest.harvesting import Harvested, HarvestedSource, harvest, harvests
from graph.pipeline.build import build
from graph.pipeline.write import Delete, publish
from graph.releases.release import ReleasesFolder, current_release
from tests.endpoint.contributing import SHAPES
from tests.endpoint.serving import client, free_port, write

BASE = "https://example.org/kb/"
DATA = f'<{BASE}id/club/ours> <http://www.w3.org/2000/01/rdf-schema#label> "Ours"@en .'
NAMES = (
    "turtle", "relative", "remote-context", "other-graph", "of-others", "violating", "comment", "half", "half-xml",
    "half-json", "latin", "changing", "busy", "failing", "waiting",
)  # fmt: skip


@dataclass(frozen=True)
class Harvesting:
    """A publication that harvests from the odd sources, each into the graph ``ngo/<name>``."""

    sources: Sources
    publication: Publication

    def graph(self, name: str) -> str:
        return self.publication.graph(f"ngo/{name}")

    def harvest(self, name: str) -> Harvested:
        return harvest(self.publication, self.graph(name))

    def of(self, name: str) -> HarvestedSource:
        return next(each for each in harvests(self.publication) if each.graph == self.graph(name))

    def release(self) -> str:
        return current_release(self.publication).id

    def triples(self, name: str) -> set[str]:
        chunks = current_release(self.publication).read_graph(self.graph(name))
        return {line.decode() for chunk in chunks for line in chunk.lines()}


def table(url: str, name: str, more: str = "") -> str:
    return f'[[harvest]]\ngraph = "ngo/{name}"\nurl = "{url}/{name}"\nallow_private = true\n{more}\n'


@pytest.fixture(scope="module")
def harvesting_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harvesting]:
    with odd_sources() as sources:
        endpoint = (
            f'[[harvest]]\ngraph = "ngo/endpoint"\nsparql = "{sources.url}/rdfxml"\nallow_private = true\n'
            'query = "clubs.rq"\n'
            f'[[harvest]]\ngraph = "ngo/select"\nsparql = "{sources.url}/rdfxml"\nallow_private = true\n'
            'query = "SELECT * { ?s ?p ?o }"\n'
        )
        beginning = f'base = "{BASE}"\n[limits]\nqueue_seconds = 0.1\n'
        folder = write(tmp_path_factory.mktemp("harvesting"), {
            "hamkor.toml": beginning + "".join(table(sources.url, each) for each in NAMES) + endpoint,
            "data/ours.ttl": DATA, "shapes/s.ttl": SHAPES, "clubs.rq": "# all\nCONSTRUCT WHERE { ?s ?p ?o }\n",
        })  # fmt: skip
        publication = open_publication(folder)
        build(publication)
        yield Harvesting(sources, publication)
        shutil.rmtree(folder)


def test_a_document_becomes_a_graph_that_says_from_where_and_when(harvesting_all: Harvesting) -> None:
    came, source = harvesting_all.harvest("turtle"), f"{harvesting_all.sources.url}/turtle"
    assert not came.harvest.problem
    assert came.release == harvesting_all.release()
    assert any("Club of termez" in line for line in harvesting_all.triples("turtle"))
    entry = current_release(harvesting_all.publication).entry(harvesting_all.graph("turtle"))
    assert (entry.origin, entry.contribution and entry.contribution.source) == ("contributed", source)
    said = f"ASK {{ <{entry.iri}> <http://www.w3.org/ns/prov#wasDerivedFrom> <{source}> ; \
        <http://www.w3.org/ns/prov#generatedAtTime> ?time }}"
    assert current_release(harvesting_all.publication).store.query(said, use_default_graph_as_union=True)


def test_relative_iris_are_those_of_the_document(harvesting_all: Harvesting) -> None:
    harvesting_all.harvest("relative")
    assert {line.split()[0] for line in harvesting_all.triples("relative")} == {
        f"<{harvesting_all.sources.url}/relative#it>"
    }


def test_an_endpoint_is_asked_a_query_of_a_file(harvesting_all: Harvesting) -> None:
    assert harvesting_all.harvest("endpoint").release
    asked = [parse_qs(body.decode())["query"][0] for _, _, body in harvesting_all.sources.asked[-3:]]
    assert asked[0] == "# all\nCONSTRUCT WHERE { ?s ?p ?o }\n"
    assert "COUNT(*)" in asked[2]
    assert "no CONSTRUCT" in str(harvesting_all.harvest("select").harvest.problem)


REFUSED = {
    "remote-context": "https://ngo.example/context",
    "other-graph": "ngo/elsewhere",
    "of-others": "id/club/ours",
    "violating": "it violates the shapes; violations: 1, the first: <https://ngo.example/club/x>: The club has no",
    "comment": "it holds no triple",
    "half": "half:2:47:",
    "half-xml": "no well-formed XML",
    "half-json": "half-json",
    "latin": "UTF-8",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_gate_refuses_is_in_no_release_and_told(harvesting_all: Harvesting, name: str) -> None:
    before = harvesting_all.release()
    came = harvesting_all.harvest(name)
    assert REFUSED[name].lower() in str(came.harvest.problem).lower()
    assert harvesting_all.of(name).problem == came.harvest.problem
    assert harvesting_all.release() == before


def test_a_source_over_time(harvesting_all: Harvesting) -> None:
    """New, unchanged in two ways, failing, changed, taken out by somebody: what is asked, and what becomes of it."""
    sources = harvesting_all.sources
    sources.replies["changing"] = kept = Reply(LINES, "application/n-triples", fields={"ETag": '"1"'})
    first = harvesting_all.harvest("changing")
    assert first.release
    assert not harvesting_all.harvest("changing").release
    assert sources.asked[-1][1]["if-none-match"] == '"1"'

    sources.replies["changing"] = replace(kept, fields={})
    again = harvesting_all.harvest("changing")
    assert (again.release, again.harvest.problem) == ("", "")
    assert harvesting_all.release() == first.release

    sources.replies["changing"] = Reply(status=500)
    failed = [harvesting_all.harvest("changing").harvest.state for _ in range(3)]
    assert [each.failures for each in failed] == [1, 2, 3]
    pauses = [(each.due - each.asked).total_seconds() for each in failed if each.due and each.asked]
    assert [low <= pause <= low * 1.1 for low, pause in zip((60, 120, 240), pauses, strict=True)] == [True] * 3
    assert len(harvesting_all.triples("changing")) == 1
    assert failed[-1].had is not None

    sources.replies["changing"] = replace(kept, body=LINES.replace(b'"A"', b'"B"'), fields={"ETag": '"2"'})
    changed = harvesting_all.harvest("changing")
    assert changed.release
    assert (changed.harvest.state.failures, changed.harvest.problem) == (0, "")

    publish(harvesting_all.publication, [Delete(harvesting_all.graph("changing"))])
    assert harvesting_all.harvest("changing").release
    assert "if-none-match" not in sources.asked[-1][1]


def test_who_asks_to_be_left_alone_is_asked_later(harvesting_all: Harvesting) -> None:
    state = harvesting_all.harvest("busy").harvest.state
    assert state.due is not None
    assert state.asked is not None
    assert state.due - state.asked == timedelta(hours=2)


def test_who_else_writes_says_nothing_of_a_source(harvesting_all: Harvesting) -> None:
    """It is put off for a while, so that it is not fetched again and again meanwhile."""
    publication, name = harvesting_all.publication, "waiting"
    harvesting_all.sources.replies[name] = harvesting_all.sources.replies["ntriples"]
    with ReleasesFolder(publication.releases_folder).writing(), pytest.raises(BusyError, match="making a release"):
        harvesting_all.harvest(name)
    stands = harvesting_all.of(name)
    assert (stands.problem, stands.state.failures, stands.state.asked) == ("", 0, None)
    assert not stands.is_due(datetime.now(UTC))


def test_what_is_withheld_is_told_to_the_operator_only(harvesting_all: Harvesting) -> None:
    """The document is there for everybody to compare."""
    publication = harvesting_all.publication
    state = harvesting._failed(
        harvesting_all.of("turtle"), WriteRefusedError(harvesting_all.graph("turtle"), "withheld"), datetime.now(UTC)
    )
    harvesting._write(publication, harvesting_all.graph("turtle"), state)
    page = create_app(publication).test_client().get("/dataset", headers={"Accept": "text/html"}).text
    assert "withheld" not in page
    assert "what it says is not published here" in page
    root = ["--publication", str(publication.root), "harvest", "--status", "--now", "ngo/turtle"]
    assert "withheld" in CliRunner().invoke(main, root).output


def test_a_copy_harvests_nothing(harvesting_all: Harvesting) -> None:
    own = harvesting_all.publication
    assert harvests(replace(own, origin=ReplicaOrigin("https://publisher.example/", follows=True))) == ()


def test_one_process_harvests_at_a_time(harvesting_all: Harvesting) -> None:
    with harvesting._turn(harvesting_all.publication, 0), pytest.raises(BusyError, match="another process"):
        harvesting_all.harvest("turtle")


def test_only_what_the_settings_name_is_harvested(harvesting_all: Harvesting) -> None:
    with pytest.raises(SettingError, match="no source to harvest"):
        harvesting_all.harvest("nothing")


def test_a_source_is_due_first_then_in_its_time_and_when_its_settings_change(harvesting_all: Harvesting) -> None:
    now, fresh = datetime.now(UTC), harvesting_all.of("failing")
    assert replace(fresh, state=type(fresh.state)()).is_due(now)
    harvesting_all.harvest("turtle")
    known = harvesting_all.of("turtle")
    assert not known.is_due(now + timedelta(hours=23, minutes=59))
    assert known.is_due(now + timedelta(hours=26, minutes=30))
    moved = replace(known, settings=msgspec.structs.replace(known.settings, url="https://ngo.example/new"))
    assert moved.is_due(now)


def test_a_state_that_nobody_can_read_is_begun_anew(harvesting_all: Harvesting) -> None:
    harvesting_all.harvest("turtle")
    path = harvesting_all.publication.root / ".hamkor" / "harvest.json"
    path.write_text("{")
    assert harvesting_all.of("turtle").is_due(datetime.now(UTC))
    assert not harvesting_all.harvest("turtle").release  # nothing has changed
    assert [*json.loads(path.read_text())] == [harvesting_all.graph("turtle")]


def test_the_command_harvests_what_is_named_and_says_how_things_stand(harvesting_all: Harvesting) -> None:
    harvesting_all.harvest("turtle")
    root = ["--publication", str(harvesting_all.publication.root), "harvest"]
    asked = CliRunner().invoke(main, [*root, "--now", "ngo/turtle", "--now", "ngo/failing"])
    assert asked.exit_code == 1
    assert "ngo/turtle: nothing has changed" in asked.output
    assert "hamkor: ngo/failing: the server answered 500 Internal Server Error" in asked.output
    status = CliRunner().invoke(main, [*root, "--status", "--now", "ngo/failing"]).output
    assert "every 1 day" in status
    assert "failed 1 times" in status
    unknown = CliRunner().invoke(main, [*root, "--now", "ngo/unknown"])
    assert (unknown.exit_code, "there are ngo/turtle" in unknown.output) == (2, True)


def test_the_page_of_the_dataset_and_the_figures_tell_of_sources(harvesting_all: Harvesting) -> None:
    harvesting_all.harvest("failing")
    harvesting_all.harvest("turtle")
    client = create_app(harvesting_all.publication).test_client()
    page = client.get("/dataset", headers={"Accept": "text/html"}).text
    assert f"{harvesting_all.sources.url}/failing" in page
    assert "the server answered 500 Internal Server Error" in page
    assert "сервер ответил" in client.get("/dataset?ui=ru", headers={"Accept": "text/html"}).text
    found = {name: values for (name, _), values in standing(harvesting_all.publication).by_graph.items()}
    failures, ages = found["harvest_failures"], found["harvest_age_seconds"]
    assert failures[harvesting_all.graph("failing")] >= 1
    assert 0 <= ages[harvesting_all.graph("turtle")] < 600
    assert harvesting_all.graph("failing") not in ages


WRONG = {
    'url = "https://ngo.example/a"': "missing required field `graph`",
    'graph = "a"': "write either url or sparql",
    'graph = "a"\nurl = "https://ngo.example/a"\nsparql = "https://ngo.example/b"\nquery = "…"': "either url or sparql",
    'graph = "a"\nsparql = "https://ngo.example/b"': "sparql and query go together",
    'graph = "a"\nurl = "https://ngo.example/b"\nquery = "…"': "sparql and query go together",
    'graph = "a"\nurl = "https://ngo.example/b"\nevery = "daily"': "every: 'daily' is no time",
    'graph = "a"\nurl = "https://ngo.example/b"\nevery = "0 days"': "every: '0 days' is no time",
    'graph = "a"\nurl = "https://ngo.example/b"\nformat = "csv"': "harvest[0].format",
    'graph = "a"\nurl = "https://ngo.example/b"\nurls = "c"': "unknown setting `harvest[0].urls`",
    'graph = "a"\nurl = "file:///etc/passwd"': "no http or https address",
    'graph = "a"\nurl = "https://ngo.example/b#c"': "holds a fragment",
    'graph = "a"\nurl = "https://me:hidden@ngo.example/b"': "a name, a password or a key",
    'graph = "a"\nurl = "https://ngo.example/b?api_key=hidden"': "a name, a password or a key",
    'graph = "a"\nurl = "https://ngo.example/b?x=1&access_token=hidden"': "a name, a password or a key",
    'graph = "a b"\nurl = "https://ngo.example/b"': "it holds a blank",
    'graph = ""\nurl = "https://ngo.example/b"': "it names no graph",
    'graph = "catalog"\nurl = "https://ngo.example/b"': "Hamkor computes that graph itself",
    f'graph = "a"\nurl = "https://ngo.example/b"\n[[harvest]]\ngraph = "{BASE}graph/a"\nurl = "https://ngo.example/c"':
        "two sources for one graph",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_settings_that_cannot_be_meant_say_why_and_repeat_no_secret(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        settings_of(f'base = "{BASE}"\n[[harvest]]\n{text}\n', "hamkor.toml")
    assert WRONG[text] in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_publication_without_sources_harvests_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"hamkor.toml": f'base = "{BASE}"\n', "data/ours.ttl": DATA})
    answer = CliRunner().invoke(main, ["--publication", str(tmp_path), "harvest"])
    assert (answer.exit_code, "no [[harvest]]" in answer.output) == (0, True)
    assert standing(open_publication(tmp_path)).by_graph == {}


def test_what_is_due_is_harvested_while_the_service_runs(tmp_path: Path) -> None:
    """By a process of its own, which ends with the service, also where that is killed."""
    with odd_sources() as sources:
        sources.replies["clubs"] = Reply(XML, "application/rdf+xml")
        write(tmp_path, {"hamkor.toml": f'base = "{BASE}"\n{table(sources.url, "clubs")}', "data/ours.ttl": DATA})
        build(open_publication(tmp_path))
        port = free_port()
        root = Path(__file__).resolve().parents[2]
        process = subprocess.Popen(
            [sys.executable, "-m", "endpoint.server", str(tmp_path), "127.0.0.1", str(port), "1"],
            cwd=root, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
        try:
            with client(10) as asking:
                graph = f"http://127.0.0.1:{port}/graph/ngo/clubs"
                assert _until(lambda: _status(asking, graph) == 200)
                assert "hamkor_harvest_failures" in asking.get(f"http://127.0.0.1:{port}/metrics").text
            beside = _harvesters(tmp_path)
            assert len(beside) == 1
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        assert _until(lambda: not _harvesters(tmp_path))


def _status(asking: object, address: str) -> int:
    try:
        return asking.get(address).status_code  # type: ignore[attr-defined, no-any-return]
    except OSError:
        return 0
    except Exception as problem:  # noqa: BLE001  it does not answer yet
        return 0 if "connect" in type(problem).__name__.lower() else 500


def _harvesters(folder: Path) -> list[int]:
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"graph.parts.harvest.harvesting" in words and os.fsencode(folder) in words:
            found.append(int(each.parent.name))
    return found


def _until(holds: object, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def test_what_was_harvested_is_read_by_queries(harvesting_all: Harvesting) -> None:
    harvesting_all.harvest("endpoint")
    pattern = ox.NamedNode("https://ngo.example/club/b"), None, None, None
    assert [*current_release(harvesting_all.publication).store.quads_for_pattern(*pattern)]

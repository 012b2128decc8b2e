"""Engines of others, for real: datasets brought to releases, the embedded engine's answers, switches, and losses."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import pytest
from engines_of_others import (
    VIRTUOSO,
    EngineProcess,
    oxigraph,
    running,
    virtuoso,
    with_credentials,
)
from service_material import BASE, COUNT, ENDLESS, Running, released, request, triples, until

from benchmarks.answers import difference, solutions
from benchmarks.answers import triples as triples_of
from graph.model.errors import EngineFaultError, EngineUnavailableError, HamkorError, QueryLimitError
from graph.model.formats import N_TRIPLES, RESULTS_JSON
from graph.model.publication import Publication
from graph.model.settings import EngineDataset, EngineSettings, LimitSettings, Settings
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import Dataset, QueryForm, QueryRequest
from graph.query.external.capabilities import EngineCapabilities, Measured
from graph.query.external.dataset_loading import DatasetWriter, LoadedDataset, brought
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import MERGE, RemoteEngine
from graph.query.external.external_service import ExternalQueryService, loading_order
from graph.query.external.probed_constructs import CONSTRUCTS, PREFIXED, unfeatured
from graph.query.saved_queries import read_examples
from graph.query.sparql.guard import read_query
from graph.releases.release import Release, open_release

E, XSD = "http://example.org/", "http://www.w3.org/2001/XMLSchema#"
KNOWLEDGE = {
    "data/a.ttl": f"""@prefix : <{E}> . @prefix xsd: <{XSD}> .
        :a :p :b ; :n 1, 2 ; :l "Alpha"@en, "Альфа"@ru ; :when "2014-11-01"^^xsd:date . :b :p :c ; :l "beta" . :c :n 3 .
        :a :shared :b .""",
    "data/b.ttl": f"@prefix : <{E}> . :a :shared :b . :b :q [ :n 4 ] . :c :l \"tab\\t\\\"quoted\\\" \\\\ \\u0001\" .",
}  # fmt: skip
P = f"PREFIX : <{E}>\n"
QUESTIONS: dict[str, tuple[QueryForm, str]] = {
    "everything": ("SELECT", "SELECT * { ?s ?p ?o }"),
    "a shared triple once": ("SELECT", P + "SELECT ?y { :a :shared ?y }"),
    "in each graph": ("SELECT", P + "SELECT ?g ?y { GRAPH ?g { :a :shared ?y } }"),
    "all graphs": ("SELECT", "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"),
    "optional": ("SELECT", P + "SELECT * { ?x :p ?y OPTIONAL { ?y :n ?n } }"),
    "a count": ("SELECT", P + "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p"),
    "a path": ("SELECT", P + "SELECT * { :a :p+ ?x }"),
    "yes": ("ASK", P + "ASK { :a :p :b }"),
    "no": ("ASK", P + "ASK { :a :p :a }"),
    "one graph": ("SELECT", P + f"SELECT * FROM <{BASE}graph/b> {{ ?s ?p ?o }}"),
    "two that share": ("SELECT", P + f"SELECT * FROM <{BASE}graph/a> FROM <{BASE}graph/b> {{ :a :shared ?y }}"),
    "named ones": ("SELECT", f"SELECT * FROM NAMED <{BASE}graph/b> {{ GRAPH ?g {{ ?s ?p ?o }} }}"),
    "a graph that there is not": ("SELECT", f"SELECT * FROM <{MERGE}> {{ ?s ?p ?o }}"),
    "made": (
        "CONSTRUCT",
        P + "CONSTRUCT { ?y :of ?x ; :both (?x ?y) . ?l :wrong ?x } { ?x :p ?y OPTIONAL { ?x :l ?l } }",
    ),
    "made with an annotation": ("CONSTRUCT", P + "CONSTRUCT { ?x :of ?y {| :since 1 |} } WHERE { ?x :p ?y }"),
    "made of the pattern": ("CONSTRUCT", P + "CONSTRUCT WHERE { ?x :n ?y }"),
    "some": ("CONSTRUCT", P + "CONSTRUCT { ?x :is ?y } WHERE { ?x :p ?y } ORDER BY ?x LIMIT 1"),
    "described": ("DESCRIBE", P + "DESCRIBE ?x :c { ?x :p :c }"),
    "described by name": ("DESCRIBE", f"DESCRIBE <{E}a>"),
    "a relative name": ("SELECT", "SELECT * { GRAPH <graph/b> { ?s ?p ?o } }"),
    "a comment": ("SELECT", P + "SELECT ?x { ?x :p :b } # }"),
}  # fmt: skip


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], EngineProcess]]:
    """A function that gives an engine by its name, started when it is asked for first."""
    started: dict[str, EngineProcess] = {}

    def given(name: str) -> EngineProcess:
        if name not in started:
            folder = tmp_path_factory.mktemp(name)
            if name == "virtuoso":
                if VIRTUOSO is None:
                    pytest.skip("virtuoso-opensource-7 is not installed")
                started[name] = virtuoso(folder)
            else:
                started[name] = oxigraph(folder / "store", folder / "log")
            started[name].start()
        return started[name]

    with with_credentials():
        yield given
    for each in started.values():
        each.kill()


PATIENT = LimitSettings(queue_seconds=120.0, query_seconds=120.0)
"""Limits that no machine is too slow for: where a test is about a deadline, it says so."""


def settings(*datasets: EngineDataset, limits: LimitSettings = PATIENT) -> Settings:
    """The settings of a publication whose queries run in these datasets."""
    first, *others = datasets
    second = others[0] if others else EngineDataset()
    engine = EngineSettings(
        kind="sparql", url=first.url, update_url=first.update_url, graph_store_url=first.graph_store_url, second=second
    )
    return Settings(base=BASE, engine=engine, limits=limits)


def over(folder: Path, *datasets: EngineDataset, limits: LimitSettings = PATIENT) -> Publication:
    """A publication in a folder, whose queries run in these datasets."""
    return Publication(folder, settings(*datasets, limits=limits))


KNOWN: dict[str, EngineCapabilities] = {}
"""What was found out of engines, by their addresses: a Virtuoso takes five seconds for it."""


def load(publication: Publication, release: Release) -> LoadedDataset:
    """Bring a dataset to a release, in this process."""
    order = msgspec.structs.replace(loading_order(publication, release), known=KNOWN)
    found = brought(order, open_release(release.folder))
    KNOWN[found.dataset.url] = found.capabilities
    return found


@dataclass
class Both:
    """One release in an engine of others and in the embedded one."""

    release: Release
    remote: RemoteEngine

    def answers(self, form: QueryForm, text: str) -> tuple[object, object, bool]:
        """What the embedded engine answers, what comes of the other, and whether that was asked."""
        query = read_query(text, base=f"{BASE}sparql")
        into = N_TRIPLES if form in ("CONSTRUCT", "DESCRIBE") else RESULTS_JSON
        wanted = QueryRequest(
            query.text, form, into, f"{BASE}sparql", Dataset(), query.clauses, query.uses_graph_clause
        )
        own = EmbeddedEngine(self.release).answer(wanted).body
        output = io.BytesIO()
        is_asked = self.remote.answered(wanted, output)
        read = triples_of if into is N_TRIPLES else solutions
        body = output.getvalue() if is_asked else own
        return read(cast("bytes", own)), read(cast("bytes", body)), is_asked


def both(release: Release, loaded: LoadedDataset, folder: Path) -> Both:
    graphs = tuple(each.iri for each in release.manifest.graphs)
    client = EngineClient("test")
    sharing = frozenset(release.manifest.sharing)
    return Both(release, RemoteEngine(loaded.dataset, graphs, sharing, client, folder, 1 << 28, 120.0))


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso"])
def loaded(
    request: pytest.FixtureRequest, engines: Callable[[str], EngineProcess], tmp_path_factory: pytest.TempPathFactory
) -> Both:
    """A small release in each engine."""
    folder = tmp_path_factory.mktemp("small")
    publication = over(folder, engines(request.param).dataset)
    release = released(publication, KNOWLEDGE)
    return both(release, load(publication, release), folder)


def differing(own: object, found: object) -> str:
    """What one answer has and the other has not, shortly."""
    return difference(_shape(own), _shape(found))


def _shape(found: object) -> Counter[object]:
    """An answer as it is compared."""
    return Counter(_plain(row) for row in cast("Counter[object]", found).elements())


def _plain(row: object) -> object:
    """A row in which a blank node has no name, and true is 1, as a Virtuoso has it: that is told to the operator."""
    if isinstance(row, frozenset) or type(row) is tuple:
        return type(row)(_plain(each) for each in row)
    text = str(row)
    return "_" if "kind='bnode'" in text else text.replace("value='true'", "value='1'")


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_the_embedded_engine_s(loaded: Both, name: str) -> None:
    own, found, _ = loaded.answers(*QUESTIONS[name])
    assert not differing(own, found)


def test_an_engine_answers_what_it_answers_exactly(loaded: Both) -> None:
    asked = {name for name, question in QUESTIONS.items() if loaded.answers(*question)[2]}
    assert asked >= {"everything", "a shared triple once", "in each graph", "optional", "yes", "no"}
    assert "two that share" not in asked


def test_what_an_oxigraph_does_is_all_exact(engines: Callable[[str], EngineProcess], tmp_path: Path) -> None:
    publication = over(tmp_path, engines("oxigraph").dataset)
    found = load(publication, released(publication, {"data/a.ttl": triples(1)}))
    assert found.capabilities.unreliable == ()
    assert found.capabilities.default_graph == "isolated"
    assert {each.what for each in found.capabilities.changed} >= {"an integer with a nought before it"}


def test_what_a_virtuoso_does_is_found_out(engines: Callable[[str], EngineProcess], tmp_path: Path) -> None:
    publication = over(tmp_path, engines("virtuoso").dataset)
    capabilities = load(publication, released(publication, {"data/a.ttl": triples(1)})).capabilities
    assert (capabilities.default_graph, capabilities.counts_once, capabilities.keeps_to_dataset) == (
        "union",
        False,
        True,
    )
    assert {"a boolean", "a point", "a decimal that is whole"} <= {each.what for each in capabilities.changed}
    assert {
        ("path *",), ("MINUS",), ("boolean as value",), ("arithmetic",), ("variable twice",), ("values of several",),
        ("VALUES", "optional of filter"), ("MAX", "DISTINCT"),
    } <= set(capabilities.unreliable)  # fmt: skip


def test_each_probe_has_the_features_for_which_it_stands() -> None:
    assert not unfeatured()


def test_each_probe_is_a_query_that_the_guard_lets_through() -> None:
    assert all(read_query(PREFIXED + query).text for _, query in CONSTRUCTS)


@pytest.mark.parametrize("name", ["oxigraph", "virtuoso"])
def test_the_stored_questions_have_their_answers(
    name: str, engines: Callable[[str], EngineProcess], flagship_publication: Publication, flagship_release: Release,
    tmp_path: Path,
) -> None:  # fmt: skip
    wanted = settings(engines(name).dataset)
    there = Publication(flagship_publication.root, wanted)
    pair = both(flagship_release, load(there, flagship_release), tmp_path)
    for example in read_examples(flagship_release.store, flagship_publication.base):
        for language in ("en", "ru"):
            own, found, _ = pair.answers("SELECT", example.asked((language,)))
            assert not differing(own, found), (example.slug, language)


# From release to release

CHANGED = {
    "data/a.ttl": f"""@prefix : <{E}> . @prefix xsd: <{XSD}> .
        :a :p :c ; :n 2 ; :l "Alpha"@en ; :when "2014-11-02"^^xsd:date . :b :p :c ; :l "beta" . :c :n 3, 5 .""",
    "data/c.ttl": f"@prefix : <{E}> . :new :p :a .",
}


def counted(publication: Publication) -> dict[str, int]:
    """How many triples each graph has in the first dataset."""
    return DatasetWriter(publication.settings.engine.datasets[0], EngineClient("test")).counts()


@pytest.mark.parametrize(
    ("name", "way"),
    [("oxigraph", "both"), ("oxigraph", "updates"), ("oxigraph", "graph store"), ("virtuoso", "both")],
)
def test_a_dataset_is_brought_to_the_next_release(
    name: str, way: str, engines: Callable[[str], EngineProcess], tmp_path: Path
) -> None:
    place = engines(name).dataset
    without = {"updates": {"graph_store_url": ""}, "graph store": {"update_url": ""}}.get(way, {})
    publication = over(tmp_path / "p", msgspec.structs.replace(place, **without))
    first = released(publication, KNOWLEDGE)
    assert not load(publication, first).is_difference
    (publication.root / "data/b.ttl").unlink()
    second = released(publication, CHANGED)
    found = load(publication, second)
    assert found.is_difference is (way != "graph store")
    pair, counts = both(second, found, tmp_path), counted(publication)
    assert counts[MERGE] == second.manifest.triples
    assert f"{BASE}graph/b" not in counts
    own, other, _ = pair.answers("SELECT", "SELECT * { ?s ?p ?o }")
    assert not differing(own, other)
    assert load(publication, second).changed == 0


def test_what_somebody_else_wrote_is_written_over(engines: Callable[[str], EngineProcess], tmp_path: Path) -> None:
    publication = over(tmp_path, engines("oxigraph").dataset)
    release = released(publication, KNOWLEDGE)
    load(publication, release)
    writer = DatasetWriter(publication.settings.engine.datasets[0], EngineClient("test"))
    writer.insert(f"{BASE}graph/a", [b"<http://e/x> <http://e/x> <http://e/x> ."])
    assert load(publication, release).changed > 0
    assert counted(publication)[f"{BASE}graph/a"] == release.entry(f"{BASE}graph/a").triples


def test_a_dataset_that_was_left_in_the_middle_is_no_release(
    engines: Callable[[str], EngineProcess], tmp_path: Path
) -> None:
    publication = over(tmp_path, engines("oxigraph").dataset)
    release = released(publication, KNOWLEDGE)
    pair = both(release, load(publication, release), tmp_path)
    writer = DatasetWriter(publication.settings.engine.datasets[0], EngineClient("test"))
    writer.drop("urn:x-hamkor:marker")  # what a load does first
    with pytest.raises(HamkorError, match="does not hold the release"):
        pair.answers("SELECT", "SELECT * { ?s ?p ?o }")


def test_a_graph_without_triples_is_taken_away(engines: Callable[[str], EngineProcess]) -> None:
    writer = DatasetWriter(engines("oxigraph").dataset, EngineClient("test"))
    writer.insert("urn:x:g", [b"<urn:x> <urn:x> <urn:x> ."])
    writer.replace("urn:x:g", list)
    assert "urn:x:g" not in writer.counts()


# The service


@asynccontextmanager
async def served(publication: Publication, release: Release, *, is_there: bool = True) -> AsyncIterator[Running]:
    """The query service over the datasets of a publication; where its engine is there, when it holds the release."""
    service = ExternalQueryService(publication)
    for each in publication.settings.engine.datasets:  # what is tested elsewhere takes seconds
        last = each.url.rpartition("/")[2]
        alike = next((known for url, known in KNOWN.items() if url.rpartition("/")[2] == last), None)
        service._known |= {each.url: alike} if alike is not None else {}
        service._measured[each.url] = Measured()
    try:
        await service.start(open_release(release.folder))
        if is_there:
            await until(lambda: service.release == release.id)
        yield Running(service, "none")
    finally:
        await service.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[EngineProcess, EngineProcess]]:
    """Two Oxigraphs in memory: what they hold goes with them."""
    with running(oxigraph(None, tmp_path / "one")) as one, running(oxigraph(None, tmp_path / "other")) as other:
        yield one, other


async def test_readers_see_each_release_whole_while_it_is_switched(
    pair: tuple[EngineProcess, EngineProcess], tmp_path: Path
) -> None:
    publication = over(tmp_path / "p", *(each.dataset for each in pair))
    publication.root.mkdir()
    sizes = (100, 120, 140)
    releases = [released(publication, {"data/a.nt": triples(size)}) for size in sizes]
    wanted = {each.id: size for each, size in zip(releases, sizes, strict=True)}
    seen = Counter[str]()
    async with served(publication, releases[0]) as service:
        done = asyncio.Event()

        async def read(client: str) -> None:
            while not done.is_set():
                answer = await service.ask(COUNT, client)
                number = int(msgspec.json.decode(cast("bytes", answer.body))["results"]["bindings"][0]["n"]["value"])
                assert number == wanted[answer.release]
                seen[answer.release] += 1
                await asyncio.sleep(0.02)

        readers = [asyncio.create_task(read(f"reader {number}")) for number in range(8)]
        for each in (*releases[1:], releases[0]):
            await service.replace(each)
            assert service.service.release == each.id
            await asyncio.sleep(0.2)
        done.set()
        await asyncio.gather(*readers)
    assert set(seen) == set(wanted)


async def test_with_one_dataset_queries_wait_for_the_next_release(
    pair: tuple[EngineProcess, EngineProcess], tmp_path: Path
) -> None:
    publication = over(tmp_path, pair[0].dataset)
    first, second = (released(publication, {"data/a.nt": triples(size)}) for size in (10, 20))
    async with served(publication, first) as service:
        replacing = asyncio.create_task(service.replace(second))
        await until(lambda: service.service.release == "")
        assert await service.count() == 20
        await replacing


async def test_an_engine_that_is_away_at_the_start_is_waited_for_by_nobody(
    pair: tuple[EngineProcess, EngineProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.query.external.external_service.TRY_SECONDS", 0.2)
    pair[0].kill()
    publication = over(tmp_path, pair[0].dataset)
    release = released(publication, {"data/a.nt": triples(10)})
    async with served(publication, release, is_there=False) as service:
        await until(lambda: "cannot be reached" in str(cast("ExternalQueryService", service.service)._problem))
        with pytest.raises(EngineUnavailableError, match="cannot be reached"):
            await service.count()
        pair[0].start()
        await asyncio.sleep(0.3)  # it is not tried more often than every two seconds, which are fewer here
        await service.replace(release)
        assert await service.count() == 10


async def test_a_runaway_in_a_virtuoso_is_stopped_at_the_deadline(
    engines: Callable[[str], EngineProcess], tmp_path: Path
) -> None:
    publication = over(tmp_path, engines("virtuoso").dataset, limits=LimitSettings(query_seconds=1.0))
    release = released(publication, {"data/a.nt": triples(3000)})
    async with served(publication, release) as service:
        with pytest.raises(QueryLimitError, match="query_seconds"):
            await service.ask(ENDLESS)
        assert service.service.pool.counts.timeouts == 1


async def test_a_virtuoso_gives_no_more_rows_than_it_has_and_says_so(
    engines: Callable[[str], EngineProcess], tmp_path: Path
) -> None:
    publication = over(tmp_path, engines("virtuoso").dataset)
    release = released(publication, {"data/a.nt": triples(1025)})
    async with served(publication, release) as service:
        with pytest.raises(EngineFaultError, match=r"no more than 1,?048,?576 rows"):
            await service.ask(request(f"SELECT ?nothing {{ ?a <{E}p> ?b . ?c <{E}p> ?d }}"))


def test_a_password_is_nowhere_but_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMKOR_ENGINE_PASSWORD", "secret")
    publication = over(tmp_path, EngineDataset("http://e/q", "http://e/u"))
    assert b"secret" not in msgspec.json.encode(loading_order(publication, released(publication, KNOWLEDGE)))

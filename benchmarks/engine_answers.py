"""Engines of others beside the embedded one: the stored questions and the mixes, answer by answer.

    python -m benchmarks.engine_answers --triples 10000 100000 --write

starts an Oxigraph and a Virtuoso in memory, brings each to a release of the registry, asks every query as a worker
does, and compares it with what the embedded engine answers. Queries that the engine is not asked, since it would
answer them otherwise, are counted and compared, too: whoever asks sees the whole. It measures no query's time.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks import explore, other_words, queries
from benchmarks.answers import Answer, difference, solutions
from benchmarks.answers import triples as triples_of
from benchmarks.build import Places, generate
from benchmarks.knowledge import Registry
from benchmarks.machine import head
from benchmarks.section import RESULTS, WORK, publish, table
from graph.model.formats import N_TRIPLES, RESULTS_JSON
from graph.model.publication import Publication, open_publication
from graph.model.settings import EngineSettings
from graph.pipeline.build import build
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import Dataset, QueryRequest
from graph.query.external.dataset_loading import LoadedDataset, brought
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import RemoteEngine
from graph.query.external.external_service import loading_order
from graph.query.saved_queries import read_examples
from graph.query.sparql.guard import read_query
from graph.releases.release import Release, open_release
from tests.query.engines_of_others import VIRTUOSO, EngineProcess, oxigraph, running, virtuoso, with_credentials

SECONDS = 120.0
MOST_BYTES = 1 << 30
LANGUAGES = ("en", "ru", "uz")
Asked = tuple[str, str]


@dataclass
class Compared:
    """What came of one workload.

    Attributes:
        total: how many queries were asked.
        by_engine: how many of them the engine answered.
        differing: the names of those whose answers differ, with what differs.
    """

    total: int = 0
    by_engine: int = 0
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """One release in an engine of others and in the embedded one."""

    release: Release
    remote: RemoteEngine
    base: str

    def compare(self, asked: Iterable[Asked]) -> Compared:
        """Ask both, query by query."""
        found = Compared()
        for name, text in asked:
            own, other, is_engine_s = self._answers(text)
            found.total += 1
            found.by_engine += is_engine_s
            if said := difference(own, other):
                found.differing.append(f"{name}: {said}")
        return found

    def _answers(self, text: str) -> tuple[Answer, Answer, bool]:
        query = read_query(text, base=f"{self.base}sparql")
        into = N_TRIPLES if query.form in ("CONSTRUCT", "DESCRIBE") else RESULTS_JSON
        wanted = QueryRequest(
            query.text, query.form, into, f"{self.base}sparql", Dataset(), query.clauses, query.uses_graph_clause
        )
        own = EmbeddedEngine(self.release).answer(wanted).body
        body = own if isinstance(own, bytes) else own.read_bytes()
        output = io.BytesIO()
        is_engine_s = self.remote.answered(wanted, output)
        read = triples_of if into is N_TRIPLES else solutions
        return read(body), read(output.getvalue() if is_engine_s else body), is_engine_s


def loaded(publication: Publication, release: Release, engine: EngineProcess) -> LoadedDataset:
    """Bring an engine to a release."""
    place = engine.dataset
    settings = msgspec.structs.replace(
        publication.settings,
        engine=EngineSettings(
            kind="sparql", url=place.url, update_url=place.update_url, graph_store_url=place.graph_store_url
        ),
    )
    return brought(loading_order(Publication(publication.root, settings), release), release)


def workloads(triples: int) -> dict[str, list[Asked]]:
    """The mixes over a registry of this size."""
    registry = Registry.of(triples)
    rounds = 10 if triples <= 10_000 else 5
    made: dict[str, Callable[[Registry, int], list[queries.Query]]] = {
        "registry mix, twelve templates": queries.mix,
        "second mix": other_words.second_mix,
        "explore mix": explore.mix,
    }
    return {name: [(each.name, each.text) for each in mix(registry, rounds)] for name, mix in made.items()}


def stored(publication: Publication, release: Release) -> list[Asked]:
    """The questions that a publication stores, in each language of its texts."""
    examples = read_examples(release.store, publication.base)
    return [(f"{each.slug} ({code})", each.asked((code,))) for each in examples for code in LANGUAGES]


def engines(folder: Path) -> Iterator[tuple[str, EngineProcess]]:
    """The engines that are installed, each over an empty folder."""
    yield "Oxigraph", oxigraph(None, folder / "oxigraph.log")
    if VIRTUOSO is not None:
        (folder / "virtuoso").mkdir()
        yield "Virtuoso", virtuoso(folder / "virtuoso")


def compared(publication: Publication, asked: dict[str, list[Asked]], what: str) -> list[tuple[object, ...]]:
    """Build a publication, and return a row of the table for each engine and workload."""
    release, rows = build(publication), list[tuple[object, ...]]()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        for name, engine in engines(Path(folder)):
            with running(engine):
                began = time.monotonic()
                found = loaded(publication, open_release(release.folder), engine)
                took = time.monotonic() - began
                graphs = tuple(each.iri for each in release.manifest.graphs)
                remote = RemoteEngine(
                    found.dataset, graphs, frozenset(release.manifest.sharing), EngineClient("benchmark"),
                    Path(folder), MOST_BYTES, SECONDS,
                )  # fmt: skip
                pair = Pair(release, remote, publication.base)
                for workload, wanted in (asked or {"stored questions": stored(publication, release)}).items():
                    outcome = pair.compare(wanted)
                    for each in outcome.differing:
                        print(name, what, workload, each, flush=True)
                    product = found.capabilities.product
                    cells = (outcome.total, outcome.by_engine, outcome.total - outcome.by_engine)
                    rows.append((product, what, workload, *cells, len(outcome.differing), f"{took:.0f}"))
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine_answers", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the registry")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    with with_credentials():
        rows = compared(open_publication(Path(__file__).resolve().parents[1]), {}, "the flagship")
        for triples in options.triples:
            places = Places(triples)
            generate(places)
            rows += compared(open_publication(places.publication), workloads(triples), f"{triples:,} triples")
    columns = (
        "engine", "over", "queries", "asked", "by the engine", "by the embedded one", "differing", "probed and loaded s"
    )  # fmt: skip
    publish("engine-answers", f"{head()}\n\n{table(columns, rows)}", RESULTS if options.write else None)


if __name__ == "__main__":
    main()

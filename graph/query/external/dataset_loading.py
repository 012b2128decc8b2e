"""A dataset of an engine brought to a release: by the difference where it holds an earlier one, counted, then marked.

Which release a dataset holds is said in it, by its marker: taken away before anything changes, and written when counts
per graph equal the manifest. So whoever is killed in between leaves a dataset that nobody takes for a release. Who asks
a dataset holds a shared lock on its name; who changes it waits until nobody does.

Run as ``python -m graph.query.external.dataset_loading ORDER`` (``LoadingOrder`` in JSON) by the query service, since
it reads much; the outcome is a line of JSON.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
import pyoxigraph as ox

from graph.model.errors import EngineUnavailableError, Failure, HamkorError, Quotation, Sentence, SettingError
from graph.model.processes import end_with_parent
from graph.model.settings import EngineDataset
from graph.query.external.capabilities import EngineCapabilities, Measured, measured, probed
from graph.query.external.engine_exchange import EngineClient, EngineResponse
from graph.query.external.external_engine import GRAPH, HOLDS, MARKER, MERGE, TOKEN, RemoteDataset, patience_of
from graph.query.external.whole_answers import RESULTS_TYPE, RemoteFailureError, RemoteResults
from graph.releases.history import difference
from graph.releases.manifest import Manifest
from graph.releases.release import Release, ReleasesFolder, open_release
from graph.releases.store import merged

LINES_AT_ONCE, BYTES_AT_ONCE = 500, 256 << 10
"""How much one update carries: Virtuoso compiles each, and its compiler has a stack."""
MOST_REMOVED = 200_000
"""Beyond so many removed triples the merge is made anew."""
REQUEST_SECONDS, LOOK_SECONDS = 600.0, 0.1
MOST_BYTES = 64 << 20
N_TRIPLES = "application/n-triples"
TYPED = b'"^^<'
COUNTS = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
RETRY_SECONDS = 5.0


class LoadingOrder(msgspec.Struct, frozen=True):
    """What is to be done.

    Attributes:
        release: the folder of the release that a dataset is to hold.
        releases: the folder of all releases.
        locks: the folder for locks.
        datasets: those there are, one or two.
        serving: the address of the one that is being asked, which is left as it is where there is another.
        agent: how requests introduce themselves.
        seconds: how long to wait until nobody asks the one that is to be changed.
        parent: the process that waits for it.
        known: what the engines behind the datasets were found to do before, by the addresses of those.
        measure: the dataset whose bounds are to be found out; then nothing is loaded.
    """

    release: str
    releases: str
    locks: str
    datasets: tuple[EngineDataset, ...]
    serving: str
    agent: str
    seconds: float
    parent: int
    known: dict[str, EngineCapabilities] = {}
    measure: RemoteDataset | None = None


class LoadedDataset(msgspec.Struct, frozen=True):
    """A dataset that holds a release.

    Attributes:
        dataset: as workers are told of it.
        lock: the file that they hold a shared lock on.
        capabilities: what its engine does.
        changed: how many triples were sent or taken away; 0 where it held the release already.
        is_difference: whether it was brought there by what differs.
    """

    dataset: RemoteDataset
    lock: str
    capabilities: EngineCapabilities
    changed: int = 0
    is_difference: bool = False


class LoadingOutcome(msgspec.Struct, frozen=True):
    """What has come of an order: one of these."""

    loaded: LoadedDataset | None = None
    measured: Measured | None = None
    failure: Failure | None = None


def lock_of(folder: Path, url: str) -> Path:
    """Return the file that stands for a dataset."""
    return folder / f"engine-{sha256(url.encode()).hexdigest()[:16]}.lock"


@contextlib.contextmanager
def exclusively(path: Path, seconds: float) -> Iterator[None]:
    """Have a dataset that nobody asks, and keep others from asking it.

    Raises:
        EngineUnavailableError: somebody asks it for longer than some seconds.
    """
    end = time.monotonic() + seconds
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    said = Sentence("the dataset that is to take up the release is being asked by another process")
                    raise EngineUnavailableError(said, RETRY_SECONDS) from None
                time.sleep(LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class DatasetMarker:
    """What a dataset says that it holds: a release, a token of that load, and the graphs that are ours."""

    release: str = ""
    token: str = ""
    graphs: frozenset[str] = frozenset()


@dataclass
class DatasetWriter:
    """Reads and changes one dataset over the SPARQL protocol, or the graph store protocol, or both.

    Attributes:
        dataset: where it is.
        client: by which it is reached.
        seconds: how long one request may take.
        changed: how many triples it was told to add or to remove.
    """

    dataset: EngineDataset
    client: EngineClient
    seconds: float = REQUEST_SECONDS
    changed: int = field(default=0)

    def select(self, query: str, default: Sequence[str] = (), named: Sequence[str] = ()) -> list[Any]:
        """Return the solutions of a query; of an ASK one that is its truth value.

        Raises:
            EngineUnavailableError: the engine does not answer, or not whole.
        """
        fields = [("query", query), *(("default-graph-uri", each) for each in default)]
        fields += [("named-graph-uri", each) for each in named]
        response = self.client.form(self.dataset.url, fields, RESULTS_TYPE, self.seconds)
        try:
            results = RemoteResults(response, None, MOST_BYTES)
        except RemoteFailureError as problem:
            raise EngineUnavailableError(problem.problem, RETRY_SECONDS) from problem
        try:
            found = results.found()
            return list(found) if isinstance(found, ox.QuerySolutions) else [(bool(found),)]
        finally:
            results.close()

    def marker(self) -> DatasetMarker:
        """Return what the dataset says that it holds; nothing where it has no marker.

        Raises:
            EngineUnavailableError: as ``select``.
        """
        query = f"SELECT ?p ?o WHERE {{ GRAPH <{MARKER}> {{ <{MARKER}> ?p ?o }} }}"
        rows = [(each[0].value, each[1].value) for each in cast("list[tuple[ox.Literal, ...]]", self.select(query))]
        said = dict(rows)
        graphs = frozenset(value for name, value in rows if name == GRAPH)
        return DatasetMarker(said.get(HOLDS, ""), said.get(TOKEN, ""), graphs)

    def counts(self) -> dict[str, int]:
        """Return how many triples each graph of the dataset has."""
        rows = cast("list[tuple[ox.NamedNode, ox.Literal]]", self.select(COUNTS))
        return {graph.value: int(number.value) for graph, number in rows}

    def update(self, text: str) -> None:
        """Run an update.

        Raises:
            EngineUnavailableError: the engine does not take it.
        """
        response = self.client.form(self.dataset.update_url, [("update", text)], "*/*", self.seconds)
        _check(response)

    def drop(self, graph: str) -> None:
        """Take a graph away, where there is one."""
        if self.dataset.update_url:
            self.update(f"DROP SILENT GRAPH <{graph}>")
            return
        response = self._stored("DELETE", graph, b"")
        if response.status == 404:
            response.text()
            return
        _check(response)

    def insert(self, graph: str, lines: Iterable[bytes]) -> None:
        """Add triples, canonical N-Triples without their ends, to a graph."""
        for piece in _pieces(lines):
            self.changed += len(piece)
            if self.dataset.update_url:
                self.update(_data("INSERT", graph, piece))
            else:
                _check(self._stored("POST", graph, b"".join(line + b"\n" for line in piece)))

    def delete(self, graph: str, lines: Iterable[bytes]) -> None:
        """Take triples from a graph; it needs an address for updates."""
        for piece in _pieces(lines):
            self.changed += len(piece)
            self.update(_data("DELETE", graph, piece))

    def replace(self, graph: str, chunks: Callable[[], Iterable[bytes]]) -> None:
        """Let a graph hold some triples and no others; given as documents of N-Triples, perhaps more than once."""
        if self.dataset.graph_store_url:
            try:
                self._put(graph, chunks())
            except EngineUnavailableError:
                # Virtuoso's graph store takes no literal of 100,000 characters, and its updates do
                if not self.dataset.update_url:
                    raise
            else:
                return
        self.drop(graph)
        for chunk in chunks():
            self.insert(graph, chunk.splitlines())

    def _put(self, graph: str, chunks: Iterable[bytes]) -> None:
        method = "PUT"
        for chunk in chunks:
            self.changed += chunk.count(b"\n")
            _check(self._stored(method, graph, chunk))
            method = "POST"
        if method == "PUT":
            self.drop(graph)

    def _stored(self, method: str, graph: str, document: bytes) -> EngineResponse:
        place = self.dataset.graph_store_url
        url = f"{place}{'&' if '?' in place else '?'}{urlencode({'graph': graph})}"
        return self.client.send(method, url, {"Content-Type": N_TRIPLES}, document, self.seconds)


def _check(response: EngineResponse) -> None:
    text = response.text()
    if not 200 <= response.status < 300:
        words = Quotation(f"{response.status} {response.reason} {text}"[:500].strip())
        raise EngineUnavailableError(
            Sentence("the SPARQL engine does not take what is to be loaded: %(words)s", words=words), RETRY_SECONDS
        )


def _pieces(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    piece, size = list[bytes](), 0
    for line in lines:
        if piece and (len(piece) >= LINES_AT_ONCE or size + len(line) > BYTES_AT_ONCE):
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield piece


def _data(word: str, graph: str, lines: Sequence[bytes]) -> str:
    block = b"\n".join(lines).decode()
    return f"{word} DATA {{ GRAPH <{graph}> {{\n{block}\n}} }}"


# From one release to the next


def load_whole(writer: DatasetWriter, release: Release, before: Iterable[str]) -> None:
    """Let a dataset hold a release, whatever it held; ``before`` are the graphs that were ours."""
    manifest = release.manifest
    for graph in sorted(set(before) - {each.iri for each in manifest.graphs}):
        writer.drop(graph)
    for each in manifest.graphs:
        writer.replace(each.iri, partial(_documents, release, each.iri))
    writer.replace(MERGE, partial(_merge, release))


def _documents(release: Release, graph: str) -> Iterator[bytes]:
    return (chunk.triples for chunk in release.read_graph(graph))


def _merge(release: Release) -> Iterator[bytes]:
    return (chunk.triples for chunk in merged(release.folder, release.manifest, release.manifest.graphs))


def load_difference(writer: DatasetWriter, old: Release, new: Release) -> None:
    """Let a dataset that holds ``old`` hold ``new``; it needs an address for updates."""
    change = _MergeChange()
    for iri in sorted({each.iri for each in old.manifest.graphs} - {each.iri for each in new.manifest.graphs}):
        writer.drop(iri)
    there = {each.iri for each in new.manifest.graphs}
    for part in difference(old, new):
        change.take(part.lines, is_added=part.added)
        if part.graph in there:
            (writer.insert if part.added else writer.delete)(part.graph, part.lines)
    for iri in sorted(there & change.graphs_with_likes(old, new)):
        # what takes "01"^^xsd:integer and 1 for one has lost both
        writer.insert(iri, change.likes(new, iri))
    if change.is_large:
        writer.replace(MERGE, partial(_merge, new))
        return
    kept = change.kept(new)
    writer.delete(MERGE, sorted(change.removed - kept))
    writer.insert(MERGE, sorted(change.added | kept))


@dataclass
class _MergeChange:
    """What the difference of two releases means to the merge of their graphs."""

    removed: set[bytes] = field(default_factory=set)
    added: set[bytes] = field(default_factory=set)
    is_large: bool = False

    def take(self, lines: Iterable[bytes], *, is_added: bool) -> None:
        """Take a part of the difference; of much nothing is kept."""
        (self.added if is_added else self.removed).update(lines)
        self.is_large = self.is_large or len(self.removed) + len(self.added) > MOST_REMOVED
        if self.is_large:
            self.added.clear()

    @property
    def subjects(self) -> set[bytes]:
        """The subjects of the removed lines that hold a typed literal: an engine may take others of theirs along."""
        return {line.split(b" ", 1)[0] for line in self.removed if TYPED in line}

    def graphs_with_likes(self, old: Release, new: Release) -> set[str]:
        """Return the graphs that have changed, where any typed literal was removed."""
        if not self.subjects:
            return set()
        before = {each.iri: each.digest for each in old.manifest.graphs}
        return {each.iri for each in new.manifest.graphs if before.get(each.iri, each.digest) != each.digest}

    def likes(self, release: Release, iri: str) -> Iterator[bytes]:
        """Yield the lines of a graph that an engine may have taken along with what was removed."""
        subjects = self.subjects
        for chunk in release.read_graph(iri):
            yield from (line for line in chunk.lines() if TYPED in line and line.split(b" ", 1)[0] in subjects)

    def kept(self, release: Release) -> set[bytes]:
        """Return what the merge goes on holding of what was removed, or may be taken along with it."""
        found, subjects = set[bytes](), self.subjects
        graphs = {each.iri for each in release.manifest.graphs} if subjects else set(release.manifest.sharing)
        for iri in sorted(graphs) if self.removed else ():
            for chunk in release.read_graph(iri):
                for line in chunk.lines():
                    if line in self.removed or (TYPED in line and line.split(b" ", 1)[0] in subjects):
                        found.add(line)
        return found


def check_counts(counts: dict[str, int], manifest: Manifest) -> None:
    """Make sure that a dataset has as many triples in each graph as the manifest says, and in the merge.

    Raises:
        EngineUnavailableError: it has not.
    """
    are_exact = True
    for each in manifest.graphs:
        has, should = counts.get(each.iri, 0), {each.triples, each.indexed or each.triples}
        are_exact = are_exact and len(should) == 1
        if has not in should:
            raise _miscounted(each.iri, has, each.triples)
    has = counts.get(MERGE, 0)
    if not manifest.triples <= has <= (manifest.triples if are_exact else manifest.quads):
        raise _miscounted(MERGE, has, manifest.triples)


def _miscounted(graph: str, has: int, should: int) -> EngineUnavailableError:
    return EngineUnavailableError(
        Sentence(
            "the SPARQL engine holds %(has)s triples of the graph <%(graph)s>, and the release %(should)s: it takes "
            "different literals for one, or somebody else writes there",
            has=has,
            graph=graph,
            should=should,
        ),
        RETRY_SECONDS,
    )


# What is ordered


def carry_out(order: LoadingOrder) -> LoadingOutcome:
    """Do what is ordered.

    Raises:
        HamkorError: it cannot be done.
    """
    if order.measure is not None:
        return LoadingOutcome(measured=measured(order.measure, EngineClient(order.agent)))
    return LoadingOutcome(loaded=brought(order, open_release(Path(order.release))))


def brought(order: LoadingOrder, release: Release) -> LoadedDataset:
    """Let a dataset hold a release, and return it; one that holds it already is only looked at.

    Raises:
        EngineUnavailableError: no dataset can be reached, or none takes it.
    """
    problems = list[EngineUnavailableError]()
    writers = [DatasetWriter(each, EngineClient(order.agent)) for each in order.datasets]
    for writer in writers:
        try:
            if writer.marker().release == release.id:
                check_counts(writer.counts(), release.manifest)
                return _loaded(order, writer, release)
        except EngineUnavailableError as problem:
            problems.append(problem)
    for writer in [each for each in writers if each.dataset.url != order.serving] or writers:
        try:
            with exclusively(lock_of(Path(order.locks), writer.dataset.url), order.seconds):
                return _brought(order, writer, release)
        except EngineUnavailableError as problem:
            problems.append(problem)
    raise problems[-1]


def _brought(order: LoadingOrder, writer: DatasetWriter, release: Release) -> LoadedDataset:
    found = _loaded(order, writer, release)
    marker = writer.marker()
    if marker.release == release.id:
        with contextlib.suppress(EngineUnavailableError):  # somebody else wrote there: it is told everything
            check_counts(writer.counts(), release.manifest)
            return found  # another process was faster
    old = _kept_release(order, marker.release) if marker.release != release.id else None
    ours = {*marker.graphs, *(each.iri for each in release.manifest.graphs)}
    writer.replace(MARKER, lambda: [_marker_lines(ours)])  # it holds no release from now on
    is_difference = old is not None and bool(writer.dataset.update_url)
    try:
        if old is not None and is_difference:
            load_difference(writer, old, release)
            check_counts(writer.counts(), release.manifest)
    except EngineUnavailableError:
        is_difference = False  # whatever it holds: it is told everything
    if not is_difference:
        load_whole(writer, release, marker.graphs)
        check_counts(writer.counts(), release.manifest)
    token = secrets.token_hex(16)
    lines = _marker_lines((each.iri for each in release.manifest.graphs), {HOLDS: release.id, TOKEN: token})
    writer.replace(MARKER, lambda: [lines])
    dataset = msgspec.structs.replace(found.dataset, token=token)
    return LoadedDataset(dataset, found.lock, found.capabilities, writer.changed, is_difference)


def _loaded(order: LoadingOrder, writer: DatasetWriter, release: Release) -> LoadedDataset:
    """Return a dataset as it is, with what its engine does, found out now."""
    token = writer.marker().token
    capabilities = order.known.get(writer.dataset.url)
    if capabilities is None or capabilities.product != writer.client.product:
        capabilities = probed(writer)
    if not capabilities.keeps_to_dataset:
        raise EngineUnavailableError(
            Sentence("the SPARQL engine shows graphs that a query's dataset does not name; it cannot be asked here"),
            RETRY_SECONDS,
        )
    dataset = RemoteDataset(
        writer.dataset.url, release.id, token, capabilities.product, capabilities.counts_once,
        unreliable=capabilities.unreliable, patience=patience_of(capabilities.product),
    )  # fmt: skip
    return LoadedDataset(dataset, str(lock_of(Path(order.locks), writer.dataset.url)), capabilities)


def _kept_release(order: LoadingOrder, release_id: str) -> Release | None:
    """Return the release that a dataset holds, where its files are still there."""
    folder = Path(order.releases) / release_id
    if release_id not in ReleasesFolder(Path(order.releases)).ids():
        return None
    try:
        return open_release(folder)
    except HamkorError:
        return None


def _marker_lines(graphs: Iterable[str], said: Mapping[str, str] = MappingProxyType({})) -> bytes:
    lines = [f"<{MARKER}> <{name}> {ox.Literal(text)} ." for name, text in said.items()]
    lines += [f"<{MARKER}> <{GRAPH}> <{iri}> ." for iri in sorted(graphs)]
    return "".join(f"{line}\n" for line in lines).encode()


def main(argument: str) -> None:
    """Carry out an order and say what has come of it."""
    order = msgspec.json.decode(argument, type=LoadingOrder)
    end_with_parent(order.parent)
    try:
        outcome = carry_out(order)
    except (HamkorError, OSError) as problem:
        told = problem if isinstance(problem, HamkorError) else SettingError(order.locks, Quotation(problem))
        outcome = LoadingOutcome(failure=Failure.of(told))
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])

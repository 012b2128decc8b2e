"""The W3C's SPARQL Update suites: what updates do, and which are legal.

The release of a test holds its members and its index as a build writes them, without all that an update does not read.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from graph.model.errors import QueryRefusedError, QuerySyntaxError, UpdateError
from graph.model.settings import LimitSettings
from graph.parts.contribution.evaluation import UpdateScope, UpdateState, carry_out, check_scope
from graph.parts.contribution.update_reading import read_update
from graph.releases.manifest import GraphEntry, Manifest
from graph.releases.release import Release
from graph.releases.store import STORE_FOLDER
from graph.sources.batches import Chunk, Origin, chunks
from tests.query.sparql_suites import ABSENT, BASE, MANIFEST, SUITES, Row, _parsed, _path, _plain, isomorphic, loaded

DEFAULT = f"{BASE}graph/default"
PREFIXES = (
    f"PREFIX mf: <{MANIFEST}> PREFIX ut: <http://www.w3.org/2009/sparql/tests/test-update#> "
    "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
)
EVALUATION = f"""{PREFIXES}
SELECT ?test ?request ?action ?result {{
  ?manifest mf:entries/rdf:rest*/rdf:first ?test .
  ?test a mf:UpdateEvaluationTest ; mf:action ?action ; mf:result ?result . ?action ut:request ?request
}}"""
SYNTAX = f"""{PREFIXES}
SELECT ?test ?request ?kind {{
  ?manifest mf:entries/rdf:rest*/rdf:first ?test . ?test a ?kind ; mf:action ?request
  FILTER(STRENDS(STR(?request), ".ru"))
}}"""
GRAPHS = f"""{PREFIXES}
SELECT ?file ?name {{
  {{ ?of ut:data ?file }} UNION {{ ?of ut:graphData ?file . ?file a ?any }} UNION
  {{ ?of ut:graphData [ ut:graph ?file ; rdfs:label ?name ] }}
}}"""
LOADS = frozenset(f"syntax-update-1/test_{number}" for number in (1, 2, 3, 4, 37, 49))
"""They are legal and refused: LOAD would fetch a document from elsewhere."""


@dataclass(frozen=True, slots=True)
class UpdateCase:
    """One test: the update's file, and the graphs before and after it: file and IRI, which is empty for the default."""

    request: Path
    before: tuple[tuple[Path, str], ...]
    after: tuple[tuple[Path, str], ...]


@cache
def evaluations() -> dict[str, UpdateCase]:
    found = dict[str, UpdateCase]()
    for manifest in sorted(SUITES.rglob("manifest.ttl")):
        store = loaded(manifest)
        for row in store.query(EVALUATION):
            name = f"{manifest.parent.name}/{row['test'].value.rpartition('#')[2]}"
            before, after = (tuple(graphs(store, row[each])) for each in ("action", "result"))
            found[name] = UpdateCase(_path(row["request"].value), before, after)
    return found


def graphs(store: ox.Store, of: ox.BlankNode) -> Iterator[tuple[Path, str]]:
    for predicate, is_default in (("data", True), ("graphData", False)):
        node = ox.NamedNode(f"http://www.w3.org/2009/sparql/tests/test-update#{predicate}")
        for quad in store.quads_for_pattern(of, node, None):
            if isinstance(quad.object, ox.NamedNode):
                yield _path(quad.object.value), "" if is_default else quad.object.value
                continue
            found = {
                each.predicate.value: each.object.value for each in store.quads_for_pattern(quad.object, None, None)
            }
            name = found["http://www.w3.org/2000/01/rdf-schema#label"]
            yield _path(found["http://www.w3.org/2009/sparql/tests/test-update#graph"]), name


@cache
def updates() -> dict[str, tuple[Path, bool]]:
    """The tests of syntax: the file of each, and whether it is legal."""
    return {
        f"{manifest.parent.name}/{row['test'].value.rpartition('#')[2]}": (
            _path(row["request"].value), "Positive" in row["kind"].value
        )
        for manifest in sorted(SUITES.rglob("manifest.ttl")) for row in loaded(manifest).query(SYNTAX)
    }  # fmt: skip


def stated(files: tuple[tuple[Path, str], ...]) -> Iterator[Chunk]:
    """What files say, as a source's chunks; a TriG file names its graphs itself."""
    for path, name in files:
        if quads := _parsed(path):
            yield from chunks(quads, Origin(path.name, name or DEFAULT, BASE))


def released(files: tuple[tuple[Path, str], ...], folder: Path) -> Release:
    (folder / "graphs").mkdir(parents=True)
    entries = dict[str, GraphEntry]()
    index = ox.Store(folder / STORE_FOLDER)
    for number, chunk in enumerate(stated(files)):
        index.load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)
        index.load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
        entry = GraphEntry(chunk.graph, f"graphs/{number}.nq.gz", 0, "", "", 0, origin="contributed")
        with gzip.open(folder / entries.setdefault(chunk.graph, entry).file, "ab") as member:
            member.write(chunk.quads())
    del index
    graphs = tuple(entries.values())
    return Release(folder, Manifest("r", "", None, BASE, "", "", 0, 0, graphs, {}, {}, 0, {}))


def carried_out(request: Path, release: Release, folder: Path) -> UpdateState:
    scope = UpdateScope(
        default=DEFAULT, may_write=lambda _: True, is_everything=True, base=BASE, address=request.as_uri(), services={},
        limits=LimitSettings(), salt=request.stem,
    )  # fmt: skip
    folder.mkdir()
    state = UpdateState(release, folder)
    operations = read_update(request.read_text(encoding="utf-8"), base=scope.address, max_tokens=10_000)
    check_scope(operations, scope)
    carry_out(operations, state, scope)
    return state


def rows(found: Iterator[Chunk]) -> list[Row]:
    """Triples with the names of their graphs, each once, with blank nodes where skolem IRIs stand."""
    lines = {(chunk.graph, line) for chunk in found for line in chunk.lines()}
    triples = ((graph, next(iter(ox.parse(line, ox.RdfFormat.N_TRIPLES))).triple) for graph, line in lines)
    return [(ox.NamedNode(graph), *map(_plain, triple)) for graph, triple in triples]


present = pytest.mark.skipif(not updates(), reason=ABSENT)


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[tuple[Path, str], ...]], Release]:
    """Make a release of some graphs, once."""
    return cache(lambda files: released(files, tmp_path_factory.mktemp("before") / "release"))


@present
@pytest.mark.parametrize("name", sorted(evaluations()))
def test_an_update_does_what_the_suite_expects(
    name: str, begin: Callable[[tuple[tuple[Path, str], ...]], Release], tmp_path: Path
) -> None:
    case = evaluations()[name]
    state = carried_out(case.request, begin(case.before), tmp_path / "update")
    left = (Chunk(iri, b"".join(line + b"\n" for line in state.lines(iri))) for iri in state.contributed())
    assert isomorphic(rows(left), rows(stated(case.after)))


@present
@pytest.mark.parametrize("name", sorted(updates()))
def test_an_update_is_legal_where_the_suite_says_so(
    name: str, begin: Callable[[tuple[tuple[Path, str], ...]], Release], tmp_path: Path
) -> None:
    path, is_legal = updates()[name]
    try:
        carried_out(path, begin(()), tmp_path / "update")
    except QuerySyntaxError:
        assert not is_legal
    except QueryRefusedError:
        assert name in LOADS
    except UpdateError:
        assert is_legal  # but a graph is not there
    else:
        assert is_legal
        assert name not in LOADS

"""Whatever is written in whatever order, a publish gives the release that a build from nothing gives."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from releases.test_bookkeeping import OBJECTS, TYPE, as_sparql_counts

from graph.model.publication import Publication, open_publication
from graph.pipeline.build import ReleaseInputs, build, contributed_graphs, make
from graph.pipeline.write import Delete, GraphEdit, Post, Put, Write, publish
from graph.releases.change import Bookkeeping
from graph.releases.exact_forms import open_forms
from graph.releases.own_iris import FRAGMENTS_FILE
from graph.releases.release import Release, ReleasesFolder
from graph.releases.verification import verify
from graph.sources.batches import Chunk
from tests.conftest import WHOLE

BASE = "https://e.org/"
GRAPHS = (f"{BASE}graph/ngo/x", f"{BASE}graph/ngo/y")
CATALOG = f"{BASE}graph/catalog"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "data/a.nt": f"<http://e/s1> <http://e/p> {OBJECTS[5]} .\n<http://e/s1> {TYPE} <http://e/C> .\n",
    "ontology/core.ttl": """
        @prefix : <http://e/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> .
        :C rdfs:subClassOf :D . :q rdfs:subPropertyOf :p . :q a owl:TransitiveProperty .
    """,
}
lines = st.builds(
    "<{}{}> {} {} .".format,
    st.sampled_from(["http://e/s", "http://e/s", f"{BASE}d#"]),
    st.integers(1, 3),
    st.sampled_from(["<http://e/p>", "<http://e/q>", TYPE]),
    st.sampled_from((*OBJECTS, "<http://e/s2>", "<http://e/s3>")),
).map(str.encode)
sets = st.frozensets(lines, max_size=8)
graphs = st.sampled_from(GRAPHS)


def chunks(graph: str, found: frozenset[bytes]) -> tuple[Chunk, ...]:
    return (Chunk(graph, b"".join(each + b"\n" for each in sorted(found))),) if found else ()


writes = st.one_of(
    st.builds(lambda graph, found: Put(graph, chunks(graph, found)), graphs, sets),
    st.builds(lambda graph, found: Post(graph, chunks(graph, found)), graphs, sets),
    st.builds(GraphEdit, graphs, sets, sets),
    st.builds(Delete, graphs),
)


def written(folder: Path) -> Publication:
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return open_publication(folder)


def built_anew(folder: Path, release: Release) -> Release:
    """A release that is made from nothing, of the same files and contributed graphs."""
    opened = written(folder)
    releases = ReleasesFolder(opened.releases_folder)
    with releases.staging() as staged:
        return make(opened, releases, staged, ReleaseInputs(None, contributed_graphs(release)), lambda *_: None)


def content(release: Release) -> dict[str, object]:
    """What a release holds, without the catalogue, which has its time in it."""
    graphs = [each for each in release.manifest.graphs if each.iri != CATALOG]
    forms = open_forms(release.folder)
    quads = {quad for quad in release.store if quad.graph_name != ox.NamedNode(CATALOG)}
    catalogue = {quad.triple for quad in release.store.quads_for_pattern(None, None, None, ox.NamedNode(CATALOG))}
    named = {quad.triple for quad in quads if isinstance(quad.graph_name, ox.NamedNode)}
    merge = {quad.triple for quad in quads if isinstance(quad.graph_name, ox.DefaultGraph)}
    assert merge == named | catalogue
    return {
        "entries": {(each.iri, each.triples, each.indexed, each.digest, each.lanes, each.origin) for each in graphs},
        "digest": release.manifest.digest,
        "lines": {each.iri: {line for c in release.read_graph(each.iri) for line in c.lines()} for each in graphs},
        "quads": {quad for quad in quads if isinstance(quad.graph_name, ox.NamedNode)},
        "fragments": (release.folder / FRAGMENTS_FILE).read_bytes(),
        "notes": set(forms.notes) if forms.notes is not None else set(),
    }


def counts_are_those_of_sparql(release: Release) -> None:
    assert vars(Bookkeeping.of(release.manifest)) == {
        **vars(counted := as_sparql_counts(release.store)),
        "indexed": {each.iri: counted.indexed[each.iri] for each in release.manifest.graphs},
    }
    assert release.manifest.quads == counted.indexed.total()


@settings(deadline=None, max_examples=50 if WHOLE else 5, suppress_health_check=[HealthCheck.too_slow])
@given(attempts=st.lists(st.lists(writes, min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_publish_gives_what_a_build_would(attempts: list[list[Write]]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        opened = written(Path(one))
        for each in attempts:
            release = publish(opened, each).release if list(opened.releases_folder.glob("2*")) else first(opened, each)
            assert verify(release) == ()
            counts_are_those_of_sparql(release)
        assert content(release) == content(built_anew(Path(other), release))


def first(opened: Publication, attempt: list[Write]) -> Release:
    """The files are built before anything is contributed."""
    build(opened)
    return publish(opened, attempt).release

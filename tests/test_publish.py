"""Publishing: what writes to contributed graphs become, and what they may not touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from writing import Write as WriteFiles

from graph.model.contributors import Contributor
from graph.model.errors import BusyError, PreconditionError, ReleaseError, SourceError, WriteRefusedError
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.write import Delete, GraphEdit, Post, Put, Write, publish, rehearse
from graph.releases.release import Release, ReleasesFolder, current_release
from graph.releases.verification import verify
from graph.sources.batches import Chunk
from graph.validation.report import ValidationFailedError
from tests.conftest import copy

BASE = "https://e.org/"
X, Y = f"{BASE}graph/ngo/x", f"{BASE}graph/ngo/y"
LOGS_OF_THREE = 400_000
"""In bytes: about as long are the logs of three of these releases."""
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "data/a.ttl": "@prefix : <http://e/> . :a a :Club ; :name 'Termez' ; :count 1 .",
}
ONTOLOGY = {
    "ontology/core.ttl": """
        @prefix : <http://e/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :Club rdfs:subClassOf :Body .
    """,
}
SHAPES = {
    "shapes/club.ttl": """
        @prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        :Shape a sh:NodeShape ; sh:targetClass :Club ; sh:property :NameShape .
        :NameShape a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ; sh:maxLength 10 ; sh:message "No name."@en .
    """,
}


def line(subject: str, predicate: str, target: str) -> bytes:
    target = f"<http://e/{target}>" if target.isidentifier() else target
    predicate = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>" if predicate == "a" else f"<http://e/{predicate}>"
    return f"<http://e/{subject}> {predicate} {target} .".encode()


NUKUS, CLUB, NAME = line("b", "name", '"Nukus"'), line("b", "a", "Club"), line("b", "name", '"B"')
ONE, PADDED = (line("b", "count", f'"{form}"^^<http://www.w3.org/2001/XMLSchema#integer>') for form in ("1", "01"))


def chunks(graph: str, *lines: bytes) -> tuple[Chunk, ...]:
    return (Chunk(graph, b"".join(each + b"\n" for each in lines)),) if lines else ()


def put(graph: str, *lines: bytes) -> Put:
    return Put(graph, chunks(graph, *lines))


def post(graph: str, *lines: bytes) -> Post:
    return Post(graph, chunks(graph, *lines))


def lines_of(release: Release, graph: str) -> set[bytes]:
    return {each for chunk in release.read_graph(graph) for each in chunk.lines()}


def asked(release: Release, pattern: str) -> int:
    answer = release.store.query(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}")
    assert isinstance(answer, ox.QuerySolutions)
    return int(next(answer)["n"].value)


def current(opened: Publication) -> str:
    return current_release(opened).id


@pytest.fixture
def opened(built: WriteFiles) -> Publication:
    """A publication with one file and a release of it."""
    return built(FILES)


@pytest.fixture(scope="module")
def started_before(built_once: Callable[[Mapping[str, str]], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a graph that somebody has put; for copies."""
    folder = tmp_path_factory.mktemp("started") / "publication"
    copy(built_once(FILES), folder)
    publish(open_publication(folder), [put(X, *START)])
    return folder


@pytest.fixture
def started(started_before: Path, tmp_path: Path) -> Publication:
    """A copy of it; the test may do with it what it likes."""
    copy(started_before, tmp_path / "publication")
    return open_publication(tmp_path / "publication")


def test_a_graph_that_is_put_is_in_the_next_release_beside_all_that_was(opened: Publication) -> None:
    before = current_release(opened)
    published = publish(opened, [put(X, NUKUS, PADDED)])
    release = current_release(opened)
    assert (published.changed, published.created, published.release.id) == (True, {X}, release.id)
    assert release.manifest.parent == before.id
    assert lines_of(release, X) == {NUKUS, PADDED}
    assert lines_of(release, f"{BASE}graph/a") == lines_of(before, f"{BASE}graph/a")
    assert asked(release, f"GRAPH <{X}> {{ ?s ?p ?o }}") == asked(release, "<http://e/b> ?p ?o") == 2
    assert verify(release) == ()


def test_the_release_before_is_as_it_was(opened: Publication) -> None:
    first = publish(opened, [put(X, NUKUS, PADDED)]).release
    content = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    publish(opened, [put(X, CLUB, NAME)])
    publish(opened, [Delete(X)])
    assert {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()} == content
    assert verify(first) == ()


def test_members_that_have_not_changed_are_the_same_files(opened: Publication) -> None:
    publish(opened, [put(X, NUKUS)])
    before = current_release(opened)
    publish(opened, [put(Y, NAME)])
    after = current_release(opened)
    for iri in (X, f"{BASE}graph/a"):
        old, new = (each.folder / each.entry(iri).file for each in (before, after))
        assert old.samefile(new)


START = (NUKUS, ONE)
WRITES: Mapping[str, tuple[list[Write], set[bytes] | None]] = {
    "put replaces": ([put(X, CLUB, NAME)], {CLUB, NAME}),
    "put of nothing empties": ([put(X)], set()),
    "post adds": ([post(X, CLUB, NUKUS, NAME)], {NUKUS, ONE, CLUB, NAME}),
    "post of another form of a number adds it": ([post(X, PADDED)], {NUKUS, ONE, PADDED}),
    "delete takes away": ([Delete(X)], None),
    "edit removes and adds": ([GraphEdit(X, frozenset({PADDED}), frozenset({ONE, NAME}))], {NUKUS, PADDED}),
    "edit adds what it removes": ([GraphEdit(X, frozenset({ONE}), frozenset({ONE, NUKUS}))], {ONE}),
    "edit removes no other form of a number": ([GraphEdit(X, removed=frozenset({PADDED, NUKUS}))], {ONE}),
    "writes follow each other": (
        [Delete(X), post(X, NAME), GraphEdit(X, removed=frozenset({NAME})), post(X, ONE)],
        {ONE},
    ),
    "put after post": ([post(X, CLUB), put(X, NAME)], {NAME}),
    "post after put": ([put(X, NUKUS), post(X, NAME)], {NUKUS, NAME}),
}


@pytest.mark.parametrize("what", WRITES)
def test_what_a_graph_holds_after(started: Publication, what: str) -> None:
    writes, expected = WRITES[what]
    release = publish(started, writes).release
    found = lines_of(release, X) if any(each.iri == X for each in release.manifest.graphs) else None
    assert found == expected
    assert verify(release) == ()


UNCHANGED: Mapping[str, list[Write]] = {
    "nothing": [],
    "the same again": [put(X, ONE, NUKUS)],
    "what is there already": [post(X, NUKUS)],
    "what is not there is removed": [GraphEdit(X, removed=frozenset({PADDED}))],
    "a graph that is not there is deleted": [Delete(Y)],
    "there and back": [Delete(X), put(X, *START)],
    "made and deleted": [put(Y, NAME), Delete(Y)],
}


@pytest.mark.parametrize("what", UNCHANGED)
def test_where_nothing_changes_there_is_no_release(started: Publication, what: str) -> None:
    before = current(started)
    published = publish(started, UNCHANGED[what])
    assert (published.changed, published.created, published.release.id) == (False, frozenset(), before)
    assert current(started) == before


def test_writes_to_several_graphs_are_one_release(opened: Publication) -> None:
    before = len(ReleasesFolder(opened.releases_folder).ids())
    release = publish(opened, [put(X, NUKUS), put(Y, NUKUS, NAME)]).release
    assert len(ReleasesFolder(opened.releases_folder).ids()) == before + 1
    assert release.manifest.shared == {X: 1, Y: 1}
    assert asked(release, "<http://e/b> ?p ?o") == 2


def test_an_empty_publication_begins_with_a_contribution(publication: WriteFiles) -> None:
    opened = publication({"hamkor.toml": f'base = "{BASE}"\n'})
    assert rehearse(opened, [put(X, NUKUS)]).conforms
    published = publish(opened, [put(X, NUKUS)])
    assert (published.changed, published.created) == (True, {X})
    assert lines_of(published.release, X) == {NUKUS}
    assert build(opened).id == published.release.id


def test_who_wrote_a_graph_stands_in_its_entry(opened: Publication) -> None:
    now = datetime.now(UTC)
    somebody = Contributor("ab12", "NGO X", "mailto:x@e.org", ("ngo/*",), now, now + timedelta(days=1))
    publish(opened, [put(X, NUKUS)], contributor=somebody)
    entry = publish(opened, [put(Y, NAME)]).release.entry(X)
    assert entry.origin == "contributed"
    assert entry.contribution is not None
    assert (entry.contribution.id, entry.contribution.name) == ("ab12", "NGO X")


def test_a_build_takes_contributed_graphs_along(opened: Publication) -> None:
    published = publish(opened, [put(X, NUKUS, PADDED), put(Y)]).release
    assert build(opened).id == published.id
    (opened.root / "data/c.nt").write_bytes(CLUB + b"\n")
    release = build(opened)
    assert lines_of(release, X) == {NUKUS, PADDED}
    assert (release.entry(X).origin, release.entry(Y).triples) == ("contributed", 0)
    assert (release.folder / release.entry(X).file).samefile(published.folder / published.entry(X).file)
    assert verify(release) == ()


def test_a_release_that_cannot_be_read_does_not_lose_contributed_graphs(opened: Publication) -> None:
    first = publish(opened, [put(X, NUKUS)]).release
    release = publish(opened, [put(Y, NAME)]).release
    (release.folder / "manifest.json").write_bytes(b"{")
    for attempt in (lambda: build(opened), lambda: publish(opened, [put(X, NAME)])):
        with pytest.raises(ReleaseError, match="the manifest cannot be read"):
            attempt()
    ReleasesFolder(opened.releases_folder).make_current(first.id)
    assert lines_of(publish(opened, [put(Y, NAME)]).release, X) == {NUKUS}


def test_a_file_that_wants_the_name_of_a_contributed_graph_is_told_so(opened: Publication) -> None:
    publish(opened, [put(f"{BASE}graph/c", NUKUS)])
    (opened.root / "data/c.nt").write_bytes(CLUB + b"\n")
    with pytest.raises(SourceError, match=r"has been contributed .*hamkor withdraw"):
        build(opened)


@pytest.mark.parametrize("name", ["ontology", "shapes", "catalog", "entailed", "provenance", "a"])
def test_what_is_computed_or_filled_by_a_file_cannot_be_written(opened: Publication, name: str) -> None:
    before = current(opened)
    with pytest.raises(WriteRefusedError, match="cannot be written"):
        publish(opened, [put(X, NUKUS), put(f"{BASE}graph/{name}", NUKUS)])
    assert current(opened) == before


def test_a_file_that_is_not_built_yet_keeps_its_graph_too(opened: Publication) -> None:
    (opened.root / "data/c.nt").write_bytes(CLUB + b"\n")
    with pytest.raises(WriteRefusedError, match=r"change data/c\.nt"):
        publish(opened, [put(f"{BASE}graph/c", NUKUS)])


def test_a_graph_that_is_not_as_expected_is_not_written(opened: Publication) -> None:
    digest = publish(opened, [put(X, NUKUS)]).release.entry(X).digest
    for graph, wanted in ((X, None), (X, "0" * 64), (Y, "*"), (Y, digest)):
        with pytest.raises(PreconditionError):
            publish(opened, [put(graph, NAME)], expected={graph: wanted})
    assert publish(opened, [put(X, NAME)], expected={X: digest}).changed
    assert publish(opened, [put(Y, NAME), put(X, NUKUS)], expected={Y: None, X: "*"}).changed


def test_another_writer_is_busy(opened: Publication) -> None:
    with ReleasesFolder(opened.releases_folder).staging(), pytest.raises(BusyError, match="another process"):
        publish(opened, [put(X, NUKUS)])
    assert publish(opened, [put(X, NUKUS)]).changed


def test_a_base_that_has_changed_wants_a_build_first(opened: Publication, publication: WriteFiles) -> None:
    moved = publication({"hamkor.toml": 'base = "https://other.org/"\n'})
    with pytest.raises(ReleaseError, match="run hamkor build"):
        publish(moved, [put("https://other.org/graph/x", NUKUS)])


def test_what_violates_the_shapes_is_not_published(publication: WriteFiles) -> None:
    opened = publication({**FILES, **SHAPES})
    before = build(opened).id
    assert rehearse(opened, [put(X, CLUB)]).count("Violation") == 1
    with pytest.raises(ValidationFailedError) as caught:
        publish(opened, [put(X, CLUB)])
    assert [each.files for each in caught.value.report.results] == [(f"<{X}>",)]
    assert current(opened) == before
    assert publish(opened, [put(X, CLUB, NAME)]).report.conforms
    with pytest.raises(ValidationFailedError):
        publish(opened, [GraphEdit(X, removed=frozenset({NAME}))])
    assert {each.name for each in opened.releases_folder.iterdir() if each.name.startswith(".")} == {".lock"}


def test_what_follows_is_kept_up(publication: WriteFiles) -> None:
    opened = publication({**FILES, **ONTOLOGY})
    build(opened)
    assert asked(publish(opened, [put(X, CLUB)]).release, "<http://e/b> a <http://e/Body>") == 1
    assert asked(publish(opened, [Delete(X)]).release, "<http://e/b> a <http://e/Body>") == 0
    assert asked(current_release(opened), "<http://e/a> a <http://e/Body>") == 1


def test_a_rehearsal_leaves_nothing_and_waits_for_nobody(opened: Publication) -> None:
    before = sorted(opened.releases_folder.iterdir())
    with ReleasesFolder(opened.releases_folder).writing():
        assert rehearse(opened, [put(X, NUKUS)]).conforms
    assert sorted(opened.releases_folder.iterdir()) == before


def test_a_clock_that_jumps_back_makes_no_release_older_than_another(
    opened: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # noqa: ARG003
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("graph.pipeline.build.datetime", Earlier)
    before = ReleasesFolder(opened.releases_folder).ids()
    release = publish(opened, [put(X, NUKUS)]).release
    assert release.id > max(before)
    assert ReleasesFolder(opened.releases_folder).ids()[-1] == release.id == current(opened)


def test_lexical_forms_follow_from_release_to_release(opened: Publication) -> None:
    """Each in a release of its own, so that every one adds a log to the notes of the one before."""
    two = line("b", "count", '"02"^^<http://www.w3.org/2001/XMLSchema#integer>')
    for number in range(6):
        first, second = (PADDED, two) if number % 2 else (two, PADDED)
        publish(opened, [put(f"{X}{number}", first), GraphEdit(X, frozenset({second}), frozenset({first}))])
    release = current_release(opened)
    assert lines_of(release, X) == {PADDED if not number % 2 else two}
    assert asked(release, f"GRAPH <{X}> {{ ?s ?p ?o }}") == 1
    assert publish(opened, [GraphEdit(f"{X}0", removed=frozenset({two}))]).changed


def test_a_store_reads_what_was_published_long_ago(opened: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    """More releases than logs are kept, several times: each stays until they become sorted files."""
    for name, bound in {"LONGEST_LOG": 0, "REPEATED": 0, "LONGEST_LOGS": LOGS_OF_THREE}.items():
        monkeypatch.setattr(f"graph.releases.store.{name}", bound)
    kept = list[int]()
    for number in range(10):
        publish(opened, [put(f"{X}{number}", line(f"n{number}", "name", f'"{number}"')), Delete(f"{X}{number - 4}")])
        kept.append(len([*current_release(opened).folder.glob("store/*.log")]))
    assert [after < before for before, after in pairwise(kept)].count(True) > 1, kept
    release = current_release(opened)
    assert asked(release, "GRAPH ?g { ?s <http://e/name> ?o }") == 4 + 1
    assert asked(release, "?s <http://e/name> ?o") == 4 + 1
    assert verify(release) == ()

"""The triple index says what the store says: the same triples, the graphs of each, and terms, also after changes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.model.errors import ReleaseError, StorageError
from graph.model.publication import Publication
from graph.model.rdf_terms import stored
from graph.pipeline.build import build
from graph.releases.change import index_triples
from graph.releases.graph_files import GRAPHS_FOLDER, Member
from graph.releases.index_loading import index_written
from graph.releases.index_revision import complete_index, index_after_change
from graph.releases.manifest import GraphEntry, Statistics
from graph.releases.release import ReleasesFolder
from graph.releases.triple_index import (
    DELTA_FILE,
    INDEX_FILE,
    TABLES,
    IndexCounts,
    TermKind,
    counted,
    index_error,
    open_index,
    term,
)
from graph.releases.verification import problems_of
from graph.sources.batches import Chunk, lines_of

XSD = "http://www.w3.org/2001/XMLSchema#"
GRAPHS = ("http://e/graph/a", "http://e/graph/b", "http://e/graph/ö")
Graphs = Mapping[str, frozenset[bytes]]
Said = dict[ox.Triple, frozenset[str]]

KINDS = {
    TermKind.IRI: ("http://e/o",),
    TermKind.INTEGER: ("5", "05", "-0", "9223372036854775807", "-9223372036854775808"),
    TermKind.DECIMAL: ("1.50", ".5", "-0.0", "4", "12345678901234567890.123456789012345678"),
    TermKind.DOUBLE: ("1", "1e3", "NaN", "INF", "-INF", "1E-400", "4.9E-324", "0.1", "-0"),
    TermKind.TIME: (),
}
TYPED = [
    *(("integer", form, TermKind.INTEGER) for form in KINDS[TermKind.INTEGER]),
    ("int", "05", TermKind.INTEGER), ("unsignedByte", "255", TermKind.INTEGER),
    *(("decimal", form, TermKind.DECIMAL) for form in KINDS[TermKind.DECIMAL]),
    *(("double", form, TermKind.DOUBLE) for form in KINDS[TermKind.DOUBLE]),
    *(("date", form, TermKind.TIME) for form in ("2014-11-30", "2016-02-29", "0001-01-01")),
    *(("dateTime", form, TermKind.TIME)
      for form in ("2014-11-30T23:59:59", "2014-11-30T00:00:00.000Z", "2014-11-30T00:00:00.123456+05:00")),
    ("integer", "9223372036854775808", TermKind.OTHER), ("integer", "1e3", TermKind.OTHER),
    ("integer", " 5", TermKind.OTHER), ("integer", "5.0", TermKind.OTHER), ("integer", "", TermKind.OTHER),
    ("decimal", "1e3", TermKind.OTHER), ("decimal", "123456789012345678901.5", TermKind.OTHER),
    ("decimal", "0.1234567890123456789", TermKind.OTHER), ("double", "x", TermKind.OTHER),
    ("date", "2014-02-31", TermKind.OTHER), ("date", "2014-11-30Z", TermKind.OTHER),
    ("date", "-0044-03-15", TermKind.OTHER), ("date", "0000-01-01", TermKind.OTHER),
    ("date", "12014-01-01", TermKind.OTHER), ("dateTime", "2014-13-01T00:00:00", TermKind.OTHER),
    ("dateTime", "2014-11-30T00:00:00.1234567Z", TermKind.OTHER), ("dateTime", "2014-11-30", TermKind.OTHER),
    ("boolean", "1", TermKind.OTHER), ("boolean", "true", TermKind.OTHER), ("float", "1.5", TermKind.OTHER),
    ("duration", "PT60M", TermKind.OTHER), ("gYear", "2014", TermKind.OTHER), ("gYear", "02014", TermKind.OTHER),
    ("gYearMonth", "2014-09", TermKind.OTHER), ("anyURI", 'a"b', TermKind.OTHER), ("hexBinary", "ff", TermKind.OTHER),
]  # fmt: skip
STRANGE = "".join(chr(each) for each in (*range(1, 0x30), 0x5C, 0x7F, 0x85, 0x2028, 0xFEFF, 0xFFFE, 0xFFFF, 0x10FFFF))
TEXTS = ("", "a", '"', "\\", 'say "x"@en', "\\u0041", "Oʻzbek, ўзбек", STRANGE, "a\nb\r\tc", "^^<x>", " . ", "x" * 3000)
TERMS = [
    *((ox.Literal(form, datatype=ox.NamedNode(XSD + name)), kind) for name, form, kind in TYPED),
    *((ox.Literal(text), TermKind.STRING) for text in TEXTS),
    *((ox.Literal(text, language="uz-Latn"), TermKind.LANGUAGE_STRING) for text in TEXTS),
    *((ox.Literal(text, datatype=ox.NamedNode("http://e/type")), TermKind.OTHER) for text in TEXTS),
    (ox.Literal("a", language="ar", direction=ox.BaseDirection.RTL), TermKind.OTHER),
    (ox.NamedNode("http://e/o"), TermKind.IRI), (ox.NamedNode("http://e/ö#1"), TermKind.IRI),
    (ox.Triple(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"),
               ox.Literal("05", datatype=ox.NamedNode(f"{XSD}int"))), TermKind.OTHER),
    (ox.Triple(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"), ox.Literal('a "b\\ c')), TermKind.OTHER),
]  # fmt: skip
VALUES = [each for each, _ in TERMS]

subjects = st.sampled_from(["http://e/s", "http://e/o", "http://e/ö#1"]).map(ox.NamedNode)
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
predicates = st.sampled_from(["http://e/p", "http://e/q", TYPE.value]).map(ox.NamedNode)
triples = st.builds(ox.Triple, subjects, predicates, st.sampled_from(VALUES))
contents = st.fixed_dictionaries({each: st.frozensets(triples, max_size=12) for each in GRAPHS})


def lines(found: Iterable[ox.Triple]) -> frozenset[bytes]:
    return lines_of(found)


def written(folder: Path, graphs: Graphs) -> list[GraphEntry]:
    (folder / GRAPHS_FOLDER).mkdir(exist_ok=True)
    entries = []
    for number, (iri, stated) in enumerate(graphs.items()):
        member = Member(iri, folder / GRAPHS_FOLDER / f"{number}.nq.gz")
        member.write(Chunk(iri, b"".join(line + b"\n" for line in sorted(stated))))
        entries.append(member.close())
    return entries


def write_index(folder: Path, entries: Iterable[GraphEntry]) -> IndexCounts:
    with index_written(folder, entries) as index:
        return counted(index)


def as_stored(graphs: Graphs) -> Said:
    """What the store says of the same graphs."""
    found = defaultdict[ox.Triple, set[str]](set)
    for iri, stated in graphs.items():
        for triple in index_triples(stated):
            found[triple].add(iri)
    return {triple: frozenset(iris) for triple, iris in found.items()}


def as_indexed(folder: Path) -> Said:
    """What the index says, once its two tables are known to say one thing, and terms to be found by their hash."""
    index = open_index(folder, memory_mb=64, threads=1)
    assert index is not None
    with index:
        rows = index.execute("SELECT id, text, tag FROM terms").fetchall()
        terms = {number: term(number, text, tag) for number, text, tag in rows}
        assert len({*terms.values()}) == len(rows)
        assert sorted(index.execute("FROM term_hashes").fetchall()) == sorted(
            (hashed(each), number) for number, each in terms.items()
        )
        sets = defaultdict[int, set[str]](set)
        for number, graph in index.execute("SELECT g, graph FROM graph_sets").fetchall():
            sets[number].add(terms[graph].value)
        found = index.execute("SELECT s, p, o, g FROM by_subject").fetchall()
        assert len({row[:3] for row in found}) == len(found)
        assert sorted(index.execute("SELECT s, p, o, g FROM by_object").fetchall()) == sorted(found)
        return {ox.Triple(terms[s], terms[p], terms[o]): frozenset(sets[g]) for s, p, o, g in found}


def hashed(value: ox.NamedNode | ox.Literal | ox.Triple) -> int:
    node = ox.NamedNode("x:")
    line = ox.serialize([ox.Triple(node, node, value)], format=ox.RdfFormat.N_TRIPLES) or b""
    digest = hashlib.md5(line[len("<x:> <x:> ") : -len(" .\n")], usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")


def stating(before: Said, after: Said) -> Said:
    """The triples of which the graphs have changed."""
    return {
        each: after.get(each, frozenset())
        for each in before.keys() | after.keys()
        if before.get(each) != after.get(each)
    }


def counted_of(said: Said) -> IndexCounts:
    several = [graph for graphs in said.values() if len(graphs) > 1 for graph in graphs]
    classes = [each.object.value for each in said if each.predicate == TYPE and isinstance(each.object, ox.NamedNode)]
    return IndexCounts(
        len(said), Counter(several), Counter(graph for graphs in said.values() for graph in graphs),
        Statistics(
            len({each.subject for each in said}), len({each.object for each in said}),
            Counter(each.predicate.value for each in said), Counter(classes),
        ),
    )  # fmt: skip


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(content=contents)
def test_an_index_says_what_the_store_says(content: dict[str, frozenset[ox.Triple]]) -> None:
    graphs = {iri: lines(found) for iri, found in content.items()}
    with TemporaryDirectory() as place:
        folder = Path(place)
        counts = write_index(folder, written(folder, graphs))
        assert as_indexed(folder) == (said := as_stored(graphs))
        assert counts == counted_of(said)
        assert {*folder.iterdir()} == {folder / INDEX_FILE, folder / GRAPHS_FOLDER}


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(first=contents, later=st.lists(contents, min_size=1, max_size=3), folded=st.booleans())
def test_an_index_follows_changes(
    first: dict[str, frozenset[ox.Triple]], later: list[dict[str, frozenset[ox.Triple]]], folded: bool
) -> None:
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        if folded:
            patch.setattr("graph.releases.index_revision.FOLDED_ROWS", 6)
        folder, before = Path(place), {iri: lines(found) for iri, found in first.items()}
        write_index(folder, written(folder, before))
        for number, content in enumerate(later):
            after, new = {iri: lines(found) for iri, found in content.items()}, folder / f"{number}"
            new.mkdir()
            index_after_change(folder, new, stating(as_stored(before), as_stored(after)))
            assert as_indexed(new) == as_stored(after)
            folder, before = new, after


def test_what_has_come_and_gone_leaves_nothing_in_the_delta(tmp_path: Path) -> None:
    stated = [{GRAPHS[0]: frozenset({f"<http://e/s> <http://e/p> <http://e/{n}> .".encode()})} for n in range(3)]
    write_index(tmp_path, written(tmp_path, stated[0]))
    folder, sizes = tmp_path, list[int]()
    for before, after in pairwise([*stated, stated[0]]):
        new = folder / "next"
        new.mkdir()
        index_after_change(folder, new, stating(as_stored(before), as_stored(after)))
        folder = new
        with duckdb.connect(str(new / DELTA_FILE), read_only=True) as delta:
            sizes.append(delta.execute("SELECT count(*) FROM terms").fetchall()[0][0])
    assert sizes == [1, 1, 0]


def test_what_comes_last_in_a_build_is_rows_of_the_file(tmp_path: Path) -> None:
    graphs = {GRAPHS[0]: lines([ox.Triple(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), VALUES[0])])}
    added = {**graphs, "http://e/new": graphs[GRAPHS[0]] | {b"<http://e/s> <http://e/p> <http://e/new> ."}}
    write_index(tmp_path, written(tmp_path, graphs))
    complete_index(tmp_path, stating(as_stored(graphs), as_stored(added)))
    assert as_indexed(tmp_path) == as_stored(added)
    assert not (tmp_path / DELTA_FILE).exists()


@pytest.mark.parametrize(("value", "kind"), TERMS, ids=lambda each: str(each)[:60])
def test_the_kind_of_a_term_says_how_it_compares(
    value: ox.Literal, kind: TermKind, kinds: dict[object, TermKind]
) -> None:
    assert kinds[stored(value)] == kind


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[object, TermKind]:
    """The kind of each term, as an index of all of them has it."""
    folder = tmp_path_factory.mktemp("kinds")
    subject, predicate = ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p")
    write_index(folder, written(folder, {GRAPHS[0]: lines(ox.Triple(subject, predicate, each) for each in VALUES)}))
    index = open_index(folder, memory_mb=64, threads=1)
    assert index is not None
    rows = index.execute("SELECT id, text, tag FROM terms").fetchall()
    return {term(*row): TermKind(row[0] & 7) for row in rows}


def test_numbers_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    forms = {"int": "05", "decimal": "-1.50", "double": "2.5", "string": "7"}
    values = [ox.Literal(form, datatype=ox.NamedNode(XSD + name)) for name, form in forms.items()]
    triples = (ox.Triple(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), each) for each in values)
    write_index(tmp_path, written(tmp_path, {GRAPHS[0]: lines(triples)}))
    index = open_index(tmp_path, memory_mb=64, threads=1)
    assert index is not None
    query = "SELECT text, exact::VARCHAR, approximate FROM terms WHERE id & 7 IN (1, 3, 4, 5) ORDER BY text"
    assert index.execute(query).fetchall() == [
        ("-1.5", "-1.500000000000000000", None),
        ("2.5", None, 2.5),
        ("5", "5.000000000000000000", None),
        ("7", None, None),
    ]


def test_a_line_may_be_as_long_as_a_literal(tmp_path: Path) -> None:
    graphs = {GRAPHS[0]: frozenset({b'<http://e/s> <http://e/p> "%s" .' % (b"x" * (15 << 20))}), GRAPHS[1]: frozenset()}
    write_index(tmp_path, written(tmp_path, graphs))
    assert as_indexed(tmp_path) == as_stored(graphs)


@pytest.mark.parametrize("name", [b"it's", "Ўзбекистон 2".encode(), b'a "b" * [c] {d}', b"\xff"])
def test_the_folder_may_be_called_as_one_likes(tmp_path: Path, name: bytes) -> None:
    folder, graphs = tmp_path / os.fsdecode(name), {GRAPHS[0]: frozenset({b"<http://e/s> <http://e/p> <http://e/o> ."})}
    folder.mkdir()
    write_index(folder, written(folder, graphs))
    complete_index(folder, {})
    assert as_indexed(folder) == as_stored(graphs)


def test_a_question_mark_in_the_name_of_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="question mark"):
        write_index(tmp_path / "why?", [])


def test_an_index_of_nothing_is_one(tmp_path: Path) -> None:
    write_index(tmp_path, written(tmp_path, {GRAPHS[0]: frozenset()}))
    assert as_indexed(tmp_path) == {}


def test_an_open_index_can_do_nothing_but_answer(tmp_path: Path) -> None:
    write_index(tmp_path, written(tmp_path, {GRAPHS[0]: frozenset({b"<http://e/s> <http://e/p> <http://e/o> ."})}))
    index = open_index(tmp_path, memory_mb=64, threads=1, temporary=tmp_path / "spilled")
    assert index is not None
    with index:
        for statement in (
            "DELETE FROM terms", "SET threads = 8", "SET memory_limit = '8GB'", "FROM read_text('/etc/passwd')",
            f"COPY terms TO '{tmp_path}/x'", f"ATTACH '{tmp_path}/y' AS y", "INSTALL httpfs", "LOAD httpfs",
        ):  # fmt: skip
            with pytest.raises(duckdb.Error):
                index.execute(statement)


def test_a_release_without_an_index_has_none_to_open(tmp_path: Path) -> None:
    assert open_index(tmp_path, memory_mb=64, threads=1) is None


def test_an_index_that_is_none_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / INDEX_FILE).write_bytes(os.urandom(50_000))
    with pytest.raises(ReleaseError, match=r"the triple index cannot be read: .*run hamkor build"):
        open_index(tmp_path, memory_mb=64, threads=1)


def test_a_full_disk_is_the_storages() -> None:
    words = 'IO Error: Could not write all bytes to file "x": wanted=4096 wrote=-1: No space left on device'
    problem = index_error(ReleaseError("x").sentence, duckdb.IOException(words))  # type: ignore[arg-type]
    assert isinstance(problem, StorageError)
    assert problem.is_full


def test_the_manifest_names_the_index(contributed: Publication) -> None:
    folder = ReleasesFolder(contributed.releases_folder).current()
    assert folder is not None
    release = build(contributed)
    digests = {
        name: hashlib.sha256((release.folder / name).read_bytes()).hexdigest() for name in release.manifest.index
    }
    assert release.manifest.index == digests
    assert INDEX_FILE in digests


def test_an_index_that_says_something_else_is_found(contributed: Publication) -> None:
    """Checksums would not tell, where it was so from the first moment."""
    folder = ReleasesFolder(contributed.releases_folder).current()
    assert folder is not None
    (folder / "checksums.json").unlink()
    with duckdb.connect(str(folder / INDEX_FILE)) as connection:
        connection.execute("UPDATE terms SET text = text || 'x' WHERE id & 7 = 0")
    assert any("triple index" in each for each in problems_of(folder))


def test_all_tables_are_named(tmp_path: Path) -> None:
    write_index(tmp_path, written(tmp_path, {GRAPHS[0]: frozenset()}))
    index = open_index(tmp_path, memory_mb=64, threads=1)
    assert index is not None
    assert {name for (name,) in index.execute("SELECT table_name FROM duckdb_tables()").fetchall()} == {*TABLES}

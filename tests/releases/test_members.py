"""Members: each graph as N-Quads in gzip, every triple once, with its lexical form."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from graph.model.errors import ReleaseError
from graph.parts.linking.index_builder import read_lines
from graph.releases.graph_files import Member, member_name, read_member
from graph.releases.manifest import GraphEntry, graph_digest, sum_of, triple_hashes
from graph.sources.batches import Chunk

BASE = "https://example.org/"
GRAPH = f"{BASE}graph/clubs"


def line(number: int) -> bytes:
    return f'<http://e/{number}> <http://e/p> "{number}" .\n'.encode()


def written(folder: Path, *parts: bytes, iri: str = GRAPH) -> GraphEntry:
    (folder / "graphs").mkdir()
    member = Member(iri, folder / "graphs" / member_name(iri, BASE))
    for part in parts:
        member.write(Chunk(iri, part))
    return member.close()


def lines_of(folder: Path, entry: GraphEntry) -> list[bytes]:
    return gzip.decompress((folder / entry.file).read_bytes()).splitlines(keepends=True)


@pytest.mark.parametrize("name", ["clubs", "clubs-2014", "2014", "a.b_c"])
def test_a_member_is_named_by_its_graph(name: str) -> None:
    assert member_name(f"{BASE}graph/{name}", BASE) == f"{name}.nq.gz"


ODD = [
    *(f"{BASE}graph/{name}" for name in ("", ".", "..", ".hidden", "a/b", "a%2Fb", "A/b", "Clubs", "дети", "x" * 300)),
    *("http://e/g", "urn:x:../../etc", "urn:x", f"{BASE}graph/urn:x", f"{BASE}graph/http://e/g", f"{BASE}graph", BASE),
]


@pytest.mark.parametrize("iri", ODD)
def test_a_name_that_will_not_do_on_every_file_system_is_made_one(iri: str) -> None:
    name = member_name(iri, BASE)
    assert re.fullmatch(r"([a-z0-9][a-z0-9._-]*)?~[0-9a-f]{16}\.nq\.gz", name)
    assert len(name) < 100


def test_no_two_graphs_share_a_member() -> None:
    plain = [f"{BASE}graph/{name}" for name in ("clubs", "e-g", "a")]
    assert len({member_name(iri, BASE) for iri in ODD + plain}) == len(ODD + plain)


def test_it_is_gzip_with_the_graph_s_name_in_every_line(tmp_path: Path) -> None:
    entry = written(tmp_path, line(1) + line(2), line(3))
    expected = [line(n).replace(b" .\n", f" <{GRAPH}> .\n".encode()) for n in (1, 2, 3)]
    assert lines_of(tmp_path, entry) == expected


def test_the_entry_says_what_is_in_it(tmp_path: Path) -> None:
    entry = written(tmp_path, line(1) + line(2))
    content = (tmp_path / entry.file).read_bytes()
    assert (entry.iri, entry.file, entry.triples) == (GRAPH, "graphs/clubs.nq.gz", 2)
    assert (entry.sha256, entry.size) == (sha256(content).hexdigest(), len(content))
    assert entry.digest == graph_digest(sum_of(triple_hashes([line(1)[:-1], line(2)[:-1]])), 2)


@pytest.mark.parametrize(
    "parts",
    [
        (line(1) + line(2) + line(1),),
        (line(1) + line(2), line(2) + line(1), line(1)),
        tuple(line(number) for number in [*range(50), *range(50), 1, 1]),
    ],
    ids=["within a chunk", "across chunks", "many"],
)
def test_a_triple_that_came_twice_is_there_once(tmp_path: Path, parts: tuple[bytes, ...]) -> None:
    distinct = list(dict.fromkeys(b"".join(parts).splitlines(keepends=True)))
    entry = written(tmp_path, *parts)
    assert lines_of(tmp_path, entry) == [each.replace(b" .\n", f" <{GRAPH}> .\n".encode()) for each in distinct]
    assert entry.triples == len(distinct)
    assert entry.digest == graph_digest(sum_of(triple_hashes([each[:-1] for each in distinct])), len(distinct))
    assert [path.name for path in (tmp_path / "graphs").iterdir()] == ["clubs.nq.gz"]


@pytest.mark.parametrize("size", [1, 7, 64, 4 << 20])
def test_what_is_read_is_what_was_written(tmp_path: Path, size: int) -> None:
    odd = [
        '<http://e/a> <http://e/p> " <https://example.org/graph/clubs> ." .\n',
        '<http://e/a> <http://e/p> "a\\nb \\"c\\" \\\\" .\n',
        '<http://e/a> <http://e/p> "01"^^<http://www.w3.org/2001/XMLSchema#nonNegativeInteger> .\n',
        '<http://e/a> <http://e/p> "1.50"^^<http://www.w3.org/2001/XMLSchema#decimal> .\n',
        '<http://e/a> <http://e/p> "Oʻzbekiston"@uz-latn .\n',
        "<http://e/a> <http://e/p> <<( <http://e/a> <http://e/p> <https://example.org/graph/clubs> )>> .\n",
    ]
    text = "".join(odd).encode()
    entry = written(tmp_path, text)
    assert b"".join(chunk.triples for chunk in read_member(tmp_path / entry.file, GRAPH, size)) == text


def flipped(packed: bytes) -> bytes:
    return packed[:200] + bytes(255 - each for each in packed[200:260]) + packed[260:]


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-20], lambda packed: packed[:300], flipped, lambda packed: b"no" + packed]
)
@pytest.mark.parametrize("read", [read_member, read_lines])
def test_a_member_that_is_not_whole_is_an_error(
    tmp_path: Path, damage: Callable[[bytes], bytes], read: Callable[[Path, str], Iterable[object]]
) -> None:
    entry = written(tmp_path, *(line(number) for number in range(1000)))
    path = tmp_path / entry.file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ReleaseError, match=r"clubs\.nq\.gz cannot be read"):
        list(read(path, GRAPH))

"""N-Triples that nobody has parsed: an index reads them as the parser would, or leaves them to it."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.model.errors import HamkorError, ReleaseError
from graph.model.settings import LimitSettings
from graph.pipeline.build import file_of_user
from graph.releases.index_loading import SOURCE, LinesFile, UnsureLinesError, lines_in, passing_index
from graph.releases.triple_index import term
from graph.sources.batches import lines_of
from graph.sources.reader import read_source

PLAIN = b'<http://e/a> <http://e/p> "b" .\n'
READ = [
    b'<http://e/a> <http://e/p> "colour"@en-GB .\n',
    b'<http://e/a> <http://e/p> "caf\\u00E9 \\t \\"x\\" \\U0001F600"@FR .\n',
    b"<http://e/caf\\u00E9> <http://e/p> <http://e/caf\xc3\xa9> .\n",
    b'<http://e/a> <http://e/p> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .\n',
    b'<http://e/a> <http://e/p> "a"^^<http://www.w3.org/2001/XMLSchema#string> .\n',
    b'<http://e/a> <http://e/p> "two  blanks, and . <x> in it"  .\n',
    b'<http://e/a> <http://e/p> "b" . # a comment .\n',
    b'<http://e/a> <http://e/p> "no line end" .',
    b'<http://e/a> <http://e/p> "" .\n',
    PLAIN + PLAIN,
]
LEFT = [
    b"# a comment\n", b"\n", b'<http://e/a>  <http://e/p> "b" .\n', b'<http://e/a> <http://e/p> "b".\n',
    b'<http://e/a>\t<http://e/p> "b" .\n', b'<http://e/a> <http://e/p> "b" .\r\n' + PLAIN,
    b'_:a <http://e/p> "b" .\n', b"<http://e/a> <http://e/p> _:b .\n", b'"a" <http://e/p> "b" .\n',
    b'<http://e/a> "p" "b" .\n', b'<http://e/a> _:p "b" .\n', b'<a> <http://e/p> "b" .\n',
    b"<http://e/a> <http://e/p> <http://e/sp ace> .\n", b'<http://e/a> <http://e/p> "b"@-x .\n',
    b'<http://e/a> <http://e/p> "b\\q" .\n', b'<http://e/a> <http://e/p> "b" <http://e/g> .\n',
    b'<http://e/a> <http://e/p> "b" . <http://e/c> <http://e/p> "d" .\n', b'<http://e/a> <http://e/p> "\\u0000" .\n',
    b'<http://e/a> <http://e/p> "b\x00c" .\n', b'<http://e/a> <http://e/p> "b\x01c" .\n',
    b'<http://e/a> <http://e/p> "b\xff" .\n', b'<http://e/a> <http://e/p> # .\n', b'<http://e/a> <http://e/p> .\n',
    b'<http://e/a> <http://e/p> <<( <http://e/a> <http://e/p> "b" )>> .\n', b'<http://e/a> <http://e/p> "b" .\rx\n',
    b'<http://e/a> <http://e/p> "' + b"b" * (1 << 20) + b'" .\n', b"\xef\xbb\xbf" + PLAIN,
    b"<http://e/a> <http://e/p> " + b"<<( <a:> <b:> " * 50_000 + b"<http://e/b>" + b" )>>" * 50_000
    + b" .\n",
    b"<http://e/a> <http://e/p> # .\n<http://e/b> .\n", b"@prefix : <http://e/> .\n",
]  # fmt: skip
LIMITS = LimitSettings(literal_mb=1)


def indexed(file: Path) -> frozenset[bytes] | None:
    """Return what an index makes of a file as it lies; None where it leaves it to the parser."""
    source = LinesFile(str(file), f"{SOURCE}0", lines_in(file), " .")
    try:
        with passing_index([source], file.parent, longest=LIMITS.literal_mb << 20) as index:
            terms = {row[0]: term(*row) for row in index.execute("SELECT id, text, tag FROM terms").fetchall()}
            rows = index.execute("SELECT s, p, o FROM by_subject").fetchall()
    except (UnsureLinesError, ReleaseError):
        return None
    return lines_of([ox.Triple(*(terms[each] for each in row)) for row in rows])


def parsed(file: Path) -> frozenset[bytes] | None:
    """Return what the parser makes of a file; None where it refuses it."""
    try:
        chunks = [*read_source(file_of_user(file, "http://e/"), base="http://e/", limits=LIMITS)]
    except HamkorError:
        return None
    return frozenset(line for chunk in chunks for line in chunk.lines())


@pytest.mark.parametrize("lines", READ)
def test_lines_are_read_as_the_parser_reads_them(lines: bytes, tmp_path: Path) -> None:
    file = tmp_path / "some.nt"
    file.write_bytes(PLAIN + lines)
    assert indexed(file) == parsed(file) is not None


@pytest.mark.parametrize("lines", LEFT)
def test_what_is_not_sure_is_left_to_the_parser(lines: bytes, tmp_path: Path) -> None:
    file = tmp_path / "some.nt"
    file.write_bytes(PLAIN + lines)
    assert indexed(file) is None


def test_a_file_without_a_line_is_left_to_the_parser(tmp_path: Path) -> None:
    (tmp_path / "none.nt").write_bytes(b"")
    assert indexed(tmp_path / "none.nt") is None


PARTS = st.sampled_from([
    b"<http://e/a>", b"<b>", b'"c"', b'"d"@EN', b"_:e", b".", b"#", b" ", b"  ",
    b"\t", b"\n", b"\r", b"\\u0041", b'"', b"<<("
])  # fmt: skip


@given(st.lists(st.one_of(st.just(PLAIN), st.lists(PARTS, max_size=8).map(b" ".join)), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_file_the_index_says_nothing_else_of_it(tmp_path: Path, pieces: list[bytes]) -> None:
    file = tmp_path / "some.nt"
    file.write_bytes(b"".join(pieces))
    found = indexed(file)
    assert found is None or found == parsed(file)

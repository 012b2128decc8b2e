"""A release in memory becomes the next one by their difference: the store is then the one that loading would give."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.query.holder import apply_difference, load
from graph.releases.graph_files import GRAPHS_FOLDER, Member, member_name
from graph.releases.manifest import Manifest
from graph.releases.release import Release
from graph.sources.batches import Chunk

BASE = "https://example.org/kb/"
XSD = "http://www.w3.org/2001/XMLSchema#"
GRAPHS = [f"{BASE}graph/{name}" for name in "abc"]
#: Literals that the store does not tell apart stand side by side.
OBJECTS = [
    *(f'"{form}"^^<{XSD}integer>' for form in ("1", "01", "+1", "001", "2", "x")),
    *(f'"{form}"^^<{XSD}nonNegativeInteger>' for form in ("1", "01")),
    *(f'"{form}"^^<{XSD}boolean>' for form in ("1", "true")),
    *(f'"{form}"^^<{XSD}decimal>' for form in ("1.0", "1.00", "1")),
    *(f'"{form}"^^<{XSD}double>' for form in ("1e0", "1.0E0", "NaN")),
    *(f'"{form}"^^<{XSD}date>' for form in ("2015-01-01Z", "2015-01-01+00:00")),
    *(f'"{form}"^^<{XSD}duration>' for form in ("P1Y", "P12M")),
    *('"1"', '"a"', '"a"@en', '"a"@uz-latn', '"a\\"^^<b>\\n"', "<http://e/s1>", "<http://e/long/name>"),
    f'<<( <http://e/s1> <http://e/p1> "01"^^<{XSD}integer> )>>',
    f'<<( <http://e/s1> <http://e/p1> "1"^^<{XSD}integer> )>>',
]
Content = Mapping[str, frozenset[str]]

lines = st.builds(
    "<http://e/s{}> <http://e/p{}> {} .\n".format, st.integers(1, 2), st.integers(1, 2), st.sampled_from(OBJECTS)
)
contents = st.dictionaries(st.sampled_from(GRAPHS), st.frozensets(lines, min_size=1, max_size=12), max_size=3)


def released(folder: Path, content: Content) -> Release:
    """A release of nothing but members."""
    (folder / GRAPHS_FOLDER).mkdir(parents=True)
    entries = []
    for iri, found in sorted(content.items()):
        member = Member(iri, folder / GRAPHS_FOLDER / member_name(iri, BASE))
        member.write(Chunk(iri, "".join(sorted(found)).encode()))
        entries.append(member.close())
    fields = {"id": folder.name, "created": "", "parent": None, "base": BASE, "digest": "", "fingerprint": ""}
    counts = {"triples": 0, "quads": 0, "warnings": 0, "shared": {}, "sources": {}, "tools": {}}
    return Release(folder, Manifest(**fields, **counts, graphs=tuple(entries)))  # type: ignore[arg-type]


def quads(store: ox.Store) -> set[ox.Quad]:
    """Everything in a store; each quad once, or the store itself is wrong."""
    found = list(store)
    assert len(found) == len(set(found)) == len(store)
    return set(found)


def difference_is_exact(*contents: Content) -> None:
    """From release to release, the store is always the one that loading would give."""
    with tempfile.TemporaryDirectory() as folder:
        releases = [released(Path(folder) / str(number), each) for number, each in enumerate(contents)]
        store = load(releases[0])
        for old, new in pairwise(releases):
            apply_difference(store, old, new)
            assert quads(store) == quads(load(new))


@settings(max_examples=150, deadline=None)
@given(contents, contents, contents)
def test_the_difference_gives_what_loading_gives(one: Content, two: Content, three: Content) -> None:
    difference_is_exact(one, two, three)


def graph(name: str, *objects: str) -> dict[str, frozenset[str]]:
    return {f"{BASE}graph/{name}": frozenset(f"<http://e/s1> <http://e/p1> {each} .\n" for each in objects)}


def integer(form: str) -> str:
    return f'"{form}"^^<{XSD}integer>'


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([graph("a", "<http://e/o>"), {}], id="a graph goes"),
        pytest.param([{}, graph("a", "<http://e/o>")], id="a graph comes"),
        pytest.param([graph("a", '"x"') | graph("b", '"x"'), graph("b", '"x"')], id="shared, one of two goes"),
        pytest.param([graph("a", '"x"') | graph("b", '"x"'), {}], id="shared, both go"),
        pytest.param([graph("a", '"x"'), graph("b", '"x"')], id="moves to another graph"),
        pytest.param([graph("a", integer("01"), integer("1")), graph("a", integer("1"))], id="one of two forms goes"),
        pytest.param([graph("a", integer("01")), graph("a", integer("1"))], id="one form becomes another"),
        pytest.param(
            [graph("a", integer("01")) | graph("b", integer("1")), graph("b", integer("1"))],
            id="another form in another graph stays",
        ),
        pytest.param([graph("a", '"NaN"^^<' + XSD + "double>"), {}], id="what does not equal itself goes"),
    ],
)
def test_the_difference_is_exact_where(contents: list[Content]) -> None:
    difference_is_exact(*contents)
    difference_is_exact(*reversed(contents))

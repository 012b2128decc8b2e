"""Tables with CSVW metadata: the recommendation's examples, the flagship's clubs, and that no text is ever changed."""

from __future__ import annotations

import csv
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.sources.csvw.conversion import read_table
from graph.sources.csvw.records import BLANKS

EXAMPLES = Path(__file__).with_name("csvw")
CLUBS = Path(__file__).parents[2] / "data" / "clubs.csv"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@pytest.mark.parametrize(
    "name",
    ["countries", "group/countries", "group/country_slice", "tree-ops", "tree-ops-ext", "events-listing"],
)
def test_the_recommendation_s_examples_in_minimal_mode(name: str) -> None:
    table = EXAMPLES / f"{name}.csv"
    expected = {quad.triple for quad in ox.parse(path=table.with_suffix(".ttl"))}
    triples = list(read_table(table, base="http://example.org/"))
    assert set(triples) == expected
    assert len(triples) == len(expected)


def test_the_flagship_s_clubs() -> None:
    if not CLUBS.is_file():
        pytest.skip("data/clubs.csv is not there")
    base = "https://w3id.org/hamkor/"
    triples = list(read_table(CLUBS, base=base))
    clubs = {
        triple.subject.value
        for triple in triples
        if triple.predicate.value == RDF_TYPE and triple.object == ox.NamedNode(base + "ns#ParentsClub")
    }
    assert len(clubs) == 5
    assert all(club.startswith(base + "id/club/") for club in clubs)
    assert not [triple for triple in triples if ".well-known" in str(triple)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_comes_out_as_it_went_in(tmp_path: Path, rows: list[list[str]]) -> None:
    rows = [["x", *row[1:]] if not any(cell.strip(BLANKS) for cell in row) else row for row in rows]  # else no row
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    base = "http://example.org/"
    assert list(read_table(path, base=base)) == [
        ox.Triple(
            ox.NamedNode(f"{base}.well-known/genid/t.csv/row-{number}"),
            ox.NamedNode(f"{base}t.csv#{column}"),
            ox.Literal(text),
        )
        for number, row in enumerate(rows, 1)
        for column, text in zip("abc", row, strict=True)
        if text
    ]

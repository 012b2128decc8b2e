"""Cells: languages, nulls, defaults, lists, and how descriptions are inherited."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest
from written_table import BASE, RDF, WrittenTable, literal


class TestCells:
    def test_language(self, table: WrittenTable) -> None:
        table.columns("a\nToshkent\n", {"name": "a", "lang": "uz-Latn"})
        assert table.objects() == [ox.Literal("Toshkent", language="uz-Latn")]

    def test_null_cells_give_nothing(self, table: WrittenTable) -> None:
        table.columns("a,b\n,-\nx,y\n", {"name": "a"}, {"name": "b", "null": ["-", "n/a"]})
        assert table.objects() == [literal("x"), literal("y")]

    def test_without_null_the_empty_string_is_a_value(self, table: WrittenTable) -> None:
        table.columns("a,b\n,x\n", {"name": "a", "null": []}, {"name": "b"})
        assert table.objects() == [literal(""), literal("x")]

    def test_a_null_cell_has_no_value_url(self, table: WrittenTable) -> None:
        table.columns("a,b\n,x\n", {"name": "a", "valueUrl": "http://a.example/"}, {"name": "b"})
        assert table.objects() == [literal("x")]

    def test_default(self, table: WrittenTable) -> None:
        table.columns('a\n""\n', {"name": "a", "default": "7", "datatype": "integer"})
        assert table.objects() == [literal("7", "integer")]

    def test_a_list_without_order_gives_a_triple_each(self, table: WrittenTable) -> None:
        table.columns("a\n1; 2 ;3\n", {"name": "a", "separator": ";", "datatype": "integer"})
        assert table.objects() == [literal(form, "integer") for form in "123"]

    def test_an_empty_list_gives_nothing(self, table: WrittenTable) -> None:
        assert table.columns('a\n""\n', {"name": "a", "separator": ";"}).triples() == []

    def test_an_ordered_list_is_an_rdf_list_of_skolem_iris(self, table: WrittenTable) -> None:
        table.columns("a\nx|y\n", {"name": "a", "separator": "|", "ordered": True, "aboutUrl": "#s"})
        node = f"<{BASE}.well-known/genid/t.csv/row-1/1"
        expected = (
            f"<{BASE}t.csv#s> <{BASE}t.csv#a> {node}/1> . {node}/1> <{RDF}first> 'x' ; <{RDF}rest> {node}/2> ."
            f"{node}/2> <{RDF}first> 'y' ; <{RDF}rest> <{RDF}nil> ."
        )
        assert set(table.triples()) == {quad.triple for quad in ox.parse(expected, format=ox.RdfFormat.TURTLE)}

    def test_a_list_item_that_breaks_the_datatype_is_refused(self, table: WrittenTable) -> None:
        assert table.columns("a\n1;x\n", {"name": "a", "separator": ";", "datatype": "integer"}).error().line == 2

    @pytest.mark.parametrize("separator", [None, ";"])
    def test_a_required_cell_is_missing(self, table: WrittenTable, separator: str | None) -> None:
        column = {"name": "a", "required": True} | ({"separator": separator} if separator else {})
        error = table.columns("a,b\nx,y\n,z\n", column, {"name": "b"}).error()
        assert str(error) == "data/t.csv:3:a: the cell is empty, and the column is required (fill it in)"

    def test_the_line_is_where_the_row_begins(self, table: WrittenTable) -> None:
        text = 'a,b\n"two\nlines",1\n\n"three\r\nmore\nlines",x\n'
        assert table.columns(text, {"name": "a"}, {"name": "b", "datatype": "integer"}).error().line == 5


class TestInheritance:
    def test_the_nearest_description_wins(self, table: WrittenTable) -> None:
        columns = [
            {"name": "a", "null": []},
            {"name": "b", "lang": "und"},
            {"name": "c", "lang": "uz", "separator": ";"},
        ]
        group = {
            "@context": "http://www.w3.org/ns/csvw",
            "null": "-",
            "lang": "en",
            "propertyUrl": "http://example.org/p/{_name}",
            "tables": [{"url": "t.csv", "lang": "ru", "tableSchema": {"aboutUrl": "#s", "columns": columns}}],
        }
        table.write("a,b,c\n-,1,x;y\n-,-,-\n", json.dumps(group))
        assert {(triple.predicate.value, triple.object) for triple in table.triples()} == {
            (BASE + "p/a", ox.Literal("-", language="ru")),
            (BASE + "p/b", ox.Literal("1")),
            (BASE + "p/c", ox.Literal("x", language="uz")),
            (BASE + "p/c", ox.Literal("y", language="uz")),
        }
        assert {triple.subject.value for triple in table.triples()} == {BASE + "t.csv#s"}

    def test_a_default_is_inherited(self, table: WrittenTable) -> None:
        table.columns("a,b\n,x\n", {"name": "a"}, {"name": "b"}, default="none given")
        assert table.objects() == [literal("none given"), literal("x")]

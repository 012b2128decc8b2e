"""Rows: dialects, headers, keys, encodings, and the limits of what is read."""

from __future__ import annotations

import tracemalloc
from itertools import islice
from typing import Any

import pyoxigraph as ox
import pytest
from written_table import BASE, WrittenTable, literal

from graph.sources.csvw.conversion import read_table


class TestDialects:
    @pytest.mark.parametrize(
        ("dialect", "text"),
        [
            ({"delimiter": ";"}, "a;b\n1;2\n"),
            ({"delimiter": "\t"}, "a\tb\n1\t2\n"),
            ({"quoteChar": "'"}, "a,b\n'1',2\n"),
            ({"quoteChar": None}, "a,b\n1,2\n"),
            ({"doubleQuote": False}, 'a,b\n"1",2\n'),
            ({"header": False}, "1,2\n"),
            ({"headerRowCount": 0}, "1,2\n"),
            ({"headerRowCount": 2}, "A,B\na,b\n1,2\n"),
            ({"skipRows": 2}, 'a "note"\n\na,b\n1,2\n'),
            ({"skipColumns": 1}, "no,a,b\n7,1,2\n"),
            ({"commentPrefix": "#"}, '# a "note"\na,b\n# more\n1,2\n#\n'),
            ({"skipBlankRows": True}, "a,b\n\n1,2\n\n"),
            ({"trim": True}, "a,b\n 1 , 2\n"),
            ({"trim": "start"}, "a,b\n 1, 2\n"),
            ({"skipInitialSpace": True}, 'a, b\n1, "2"\n'),
            ({"lineTerminators": "\r\n"}, "a,b\r\n1,2\r\n"),
        ],
    )
    def test_every_dialect_reads_the_same_table(self, table: WrittenTable, dialect: dict[str, Any], text: str) -> None:
        table.write(text, {"dialect": dialect, "tableSchema": {"columns": [{"name": "a"}, {"name": "b"}]}})
        assert table.objects() == [literal("1"), literal("2")]

    @pytest.mark.parametrize(
        ("encoding", "dialect"),
        [
            ("utf-8", {}),
            ("utf-8-sig", {}),
            ("utf-16", {"encoding": "utf-16"}),
            ("cp1251", {"encoding": "windows-1251"}),
        ],
    )
    def test_encodings(self, table: WrittenTable, encoding: str, dialect: dict[str, Any]) -> None:
        table.write("город\nНукус\n".encode(encoding), {"dialect": dialect})
        [triple] = table.triples()
        assert triple.predicate.value.startswith(BASE + "t.csv#%D0%B3")
        assert triple.object == literal("Нукус")

    def test_row_numbers_count_data_and_source_rows_count_the_file(self, table: WrittenTable) -> None:
        dialect = {"commentPrefix": "#", "skipRows": 1}
        column = {"name": "a", "valueUrl": "#{_row}-{_sourceRow}"}
        table.write('note\na\n# c\n"x\ny"\nz\n', {"dialect": dialect, "tableSchema": {"columns": [column]}})
        assert [each.value for each in table.objects()] == [BASE + "t.csv#1-4", BASE + "t.csv#2-5"]

    def test_a_header_without_rows_is_a_table_without_triples(self, table: WrittenTable) -> None:
        assert table.write("a,b\n").triples() == []

    def test_without_header_and_metadata_columns_are_numbered(self, table: WrittenTable) -> None:
        table.write("1,2\n", {"dialect": {"header": False}})
        assert [triple.predicate.value for triple in table.triples()] == [BASE + "t.csv#_col.1", BASE + "t.csv#_col.2"]


class TestHeaders:
    def test_a_header_is_any_title_or_the_name(self, table: WrittenTable) -> None:
        columns = [{"name": "a", "titles": {"en": "Name", "uz": ["Nomi", "Ismi"]}}, {"name": "b", "titles": "B!"}]
        for header in ("Ismi,b", "a,B!", " Name ,B!"):
            assert table.columns(f"{header}\n1,2\n", *columns).objects() == [literal("1"), literal("2")]

    @pytest.mark.parametrize(
        ("language", "title", "is_taken"),
        [
            (None, {"uz": "Nomi"}, True),
            ("uz", {"uz": "Nomi"}, True),
            ("uz", {"uz-Latn": "Nomi"}, True),
            ("uz-Latn", {"UZ": "Nomi"}, True),
            ("uz", "Nomi", True),
            ("ru", {"uz": "Nomi"}, False),
            ("uz-Cyrl", {"uz-Latn": "Nomi"}, False),
        ],
    )
    def test_a_title_is_in_the_table_s_language(
        self, table: WrittenTable, language: str | None, title: object, *, is_taken: bool
    ) -> None:
        schema = {"columns": [{"name": "a", "titles": title}]}
        table.write("Nomi\n1\n", {"tableSchema": schema} | ({"lang": language} if language else {}))
        if is_taken:
            assert [each.value for each in table.objects()] == ["1"]
        else:
            assert table.error().problem.endswith(f"and the table's language is {language}")

    @pytest.mark.parametrize(
        ("language", "titles", "name"),
        [
            ("en", {"uz": "Nomi", "en": "Name"}, "Name"),
            ("en", "e-mail~", "e%2Dmail%7E"),
            (None, {"uz": "Nomi"}, "_col.1"),
        ],
    )
    def test_a_column_without_a_name_has_that_of_its_title(
        self, table: WrittenTable, language: str | None, titles: object, name: str
    ) -> None:
        context = ["http://www.w3.org/ns/csvw", {"@language": language}] if language else "http://www.w3.org/ns/csvw"
        schema = {"columns": [{"titles": titles}]}
        table.write("1\n", {"@context": context, "tableSchema": schema, "dialect": {"header": False}})
        assert [each.predicate.value for each in table.triples()] == [f"{BASE}t.csv#{name}"]

    @pytest.mark.parametrize(
        ("header", "column", "reason"),
        [
            ("a,b,c", "c", "the metadata does not know this column"),
            ("a", "b", "the table lacks this column"),
            ("b,a", "a", "column 1 is headed 'b', the metadata has a here"),
            ("a,x", "b", "column 2 is headed 'x', the metadata has b here"),
        ],
    )
    def test_a_header_that_the_metadata_does_not_have(
        self, table: WrittenTable, header: str, column: str, reason: str
    ) -> None:
        error = table.columns(f"{header}\n1,2,3\n", {"name": "a"}, {"name": "b"}).error()
        assert (error.line, error.column, error.problem) == (1, column, reason)

    def test_two_columns_of_one_name(self, table: WrittenTable) -> None:
        assert table.write("a,b,a\n1,2,3\n").error().column == "a"


class TestKeys:
    def test_a_key_that_stands_twice(self, table: WrittenTable) -> None:
        columns = [{"name": "a"}, {"name": "b", "datatype": {"base": "integer", "format": "#,##0"}}]
        table.columns('a,b\nx,1\nx,"1,000"\ny,1\nx,1000\n', *columns, primaryKey=["a", "b"])
        assert "is no integer" in table.error().problem
        table.columns('a,b\nx,1\nx,"1,000"\ny,1\nx,"1,000"\n', *columns, primaryKey=["a", "b"])
        error = table.error()
        assert (error.line, error.column) == (5, "a, b")
        assert "stands in line 3 already" in error.problem


class TestRefusals:
    @pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf"])
    def test_an_empty_file(self, table: WrittenTable, text: bytes) -> None:
        assert table.write(text).error().problem == "the table is empty"

    def test_no_file(self, table: WrittenTable) -> None:
        assert table.error().problem == "No such file or directory"

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("1,2,Urgench, Khorezm", None, "the row has 4 cells, the table 2 columns; the first too many is 'Urgench'"),
            ("1", "b", "the row has 1 cells, the table 2 columns"),
        ],
    )
    def test_a_row_of_another_width(self, table: WrittenTable, row: str, column: str | None, reason: str) -> None:
        error = table.write(f"a,b\n1,2\n{row}\n").error()
        assert (error.line, error.column, error.problem) == (3, column, reason)

    @pytest.mark.parametrize(
        ("text", "line", "reason"),
        [
            (b'a,b\n1,2\n"3,4\n5,6\n', 3, "never closed"),
            (b'a,b\n1,2\n"3"x,4\n', 3, "text follows a closing quotation mark"),
            (b"a,b\n1,2\n3,\xfd\n", 3, "the file is not UTF-8"),
            ("a,b\n1,2\n".encode("utf-16-le"), 1, "NUL"),
            (b"a,b\n1,2\n3,\x00\n", 3, "NUL"),
        ],
    )
    def test_a_broken_file(self, table: WrittenTable, text: bytes, line: int, reason: str) -> None:
        error = table.write(text).error()
        assert (error.path, error.line) == ("data/t.csv", line)
        assert reason in error.problem

    def test_the_wrong_bytes_are_found_behind_the_first_block(self, table: WrittenTable) -> None:
        assert table.write(b"a\n" + b"x\n" * 20_000 + b"\xff\n").error().line == 20_002


class TestLimits:
    @pytest.mark.parametrize("cell", ["x" * 101, '"' + "x\n" * 51 + '"', '"' + "x" * 60 + "\n" + "y" * 60])
    def test_a_cell_beyond_the_limit(self, table: WrittenTable, cell: str) -> None:
        error = table.write(f"a\n1\n{cell}\n").error(cell_limit=100)
        assert error.line in (3, 4)
        assert "limit" in error.problem or "never closed" in error.problem

    def test_a_cell_of_100_mb_is_refused_without_reading_it(self, table: WrittenTable) -> None:
        table.write(b"a\n" + b"x" * 100_000_000)
        tracemalloc.start()
        try:
            error = table.error()
            assert tracemalloc.get_traced_memory()[1] < 80 << 20
        finally:
            tracemalloc.stop()
        assert error.problem == "a line is longer than the limit of 16,777,216 characters"

    def test_a_large_cell_within_the_limit_is_read(self, table: WrittenTable) -> None:
        assert table.write("a\n" + "x" * 1_000_000 + "\n").objects() == [literal("x" * 1_000_000)]

    def test_a_table_is_read_row_by_row(self, table: WrittenTable) -> None:
        table.write("a,b\n" + "some text,some more\n" * 200_000)
        tracemalloc.start()
        try:
            triples = read_table(table.path, base=BASE)
            assert sum(1 for _ in islice(triples, 20_000)) == 20_000
            assert tracemalloc.get_traced_memory()[1] < 2 << 20
        finally:
            tracemalloc.stop()


DESCRIBED = ({"name": "id", "valueUrl": "x/{id}"}, {"name": "n", "datatype": "decimal"}, {"name": "t"})


class TestHabitsOfSpreadsheets:
    @pytest.mark.parametrize(
        "text",
        [
            "id;n;t\na;1,5;x, y\n".replace("1,5", "1.5"),
            "id\tn\tt\na\t1.5\tx, y\n",
            "sep=;\nid;n;t\na;1.5;x, y\n",
            'id,n,t,,\na,1.5,"x, y",,\n,,,,\n,,,,\n',
            'id,n,t\na,1.5,"x, y",,\n\n \u00a0,,\n',
            'id,n,t\n a\u00a0,\u00a01.5 ,"x, y"\n',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_what_excel_writes_is_read(self, table: WrittenTable, text: str, encoding: str) -> None:
        columns = {"tableSchema": {"columns": list(DESCRIBED)}, "dialect": {"encoding": "utf-8", "delimiter": ","}}
        found = table.write(text.encode(encoding), columns).objects()
        assert found == [ox.NamedNode(f"{BASE}x/a"), literal("1.5", "decimal"), literal("x, y")]

    def test_a_header_in_one_cell_says_which_delimiter_it_holds(self, table: WrittenTable) -> None:
        error = table.columns("id;n;z\na;1;x\n", *DESCRIBED).error()
        assert (error.line, error.problem) == (1, "its header is one cell, which holds semicolons")
        assert '"delimiter": ";"' in error.remedy

    @pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
    def test_another_encoding_is_named_and_not_guessed(self, table: WrittenTable, encoding: str) -> None:
        rows = "a,1,Родительский клуб города Термеза в Сурхандарьинской области\n" * 5
        error = table.columns("", *DESCRIBED).write(("id,n,t\n" + rows).encode(encoding)).error()
        assert error.line == 2
        assert f'"encoding": "{encoding.replace("cp", "windows-")}"' in error.remedy

    def test_all_mistakes_are_told_with_line_and_column(self, table: WrittenTable) -> None:
        error = table.columns("id,n,t\na,x,1\nb,2,1\nc,y,1\nd,1\n", *DESCRIBED).error()
        assert str(error).splitlines() == [
            "data/t.csv:2:n: 'x' is no decimal (write it such as 12.5)",
            "data/t.csv:4:n: 'y' is no decimal (write it such as 12.5)",
            "data/t.csv:5:t: the row has 2 cells, the table 3 columns (write the delimiters of empty cells too)",
        ]

    def test_of_many_mistakes_the_first_are_told_and_how_many_more_there_are(self, table: WrittenTable) -> None:
        error = table.columns("id,n,t\n" + "a,x,1\n" * 1234, *DESCRIBED).error()
        assert (len(str(error).splitlines()), error.more) == (21, 1214)
        assert str(error).endswith("… and 1,214 more")

    @pytest.mark.parametrize(
        "row",
        ["Итого,142,", "Jami:,142,142", "Total,,", ",142,Всего", "Grand total,1 200,", "Итого по клубам,3,", "ЖАМИ,3,"],
    )
    def test_a_row_of_totals_is_told_and_not_imported(self, table: WrittenTable, row: str) -> None:
        error = table.columns(f"id,n,t\na,1,x\n{row}\n", *DESCRIBED).error()
        assert (error.line, "the row is one of totals" in error.problem) == (3, True)

    @pytest.mark.parametrize("row", ["Total,142,Tashkent", "Итоговый,1,", "Jamila,1,", "Totally,,", "a,1,Total"])
    def test_a_thing_that_only_sounds_like_totals_is_one(self, table: WrittenTable, row: str) -> None:
        assert table.columns(f"id,n,t\n{row}\n", *DESCRIBED).triples()

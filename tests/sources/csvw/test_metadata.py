"""Metadata: where it is found, what is refused in it, and that nothing is ever fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from writing import Write
from written_table import BASE, WrittenTable, literal

from endpoint.cli import main
from graph.pipeline.build import build

CONTEXT = "http://www.w3.org/ns/csvw"


class TestDiscovery:
    def test_without_metadata_the_header_names_the_columns(self, table: WrittenTable) -> None:
        [triple] = table.write("On Street\nx\n").triples()
        assert triple.subject.value == BASE + ".well-known/genid/t.csv/row-1"
        assert triple.predicate.value == BASE + "t.csv#On%20Street"
        assert triple.object == literal("x")

    def test_the_folder_s_metadata_counts_where_the_table_has_none(self, table: WrittenTable) -> None:
        schema = {"columns": [{"name": "a", "datatype": "integer"}]}
        tables = [{"url": "other.csv"}, {"url": "t.csv", "tableSchema": schema}]
        group = json.dumps({"@context": CONTEXT, "tables": tables})
        table.write("a\n1\n").path.with_name("csv-metadata.json").write_text(group)
        assert table.objects() == [literal("1", "integer")]

    def test_the_folder_s_metadata_may_be_about_other_tables(self, table: WrittenTable) -> None:
        group = json.dumps({"@context": CONTEXT, "url": "other.csv"})
        table.write("a\n1\n").path.with_name("csv-metadata.json").write_text(group)
        assert table.objects() == [literal("1")]

    def test_the_table_s_own_metadata_has_to_be_about_it(self, table: WrittenTable) -> None:
        error = table.write("a\n1\n", {"url": "other.csv"}).error()
        assert "describes no table t.csv" in error.problem

    def test_a_schema_may_lie_in_a_file_beside_the_table(self, table: WrittenTable) -> None:
        table.write("a\n1\n", {"tableSchema": "schema.json"})
        table.path.with_name("schema.json").write_text(json.dumps({"columns": [{"name": "a", "datatype": "byte"}]}))
        assert table.objects() == [literal("1", "byte")]

    def test_a_byte_order_mark_is_tolerated(self, table: WrittenTable) -> None:
        metadata = json.dumps({"@context": CONTEXT, "url": "t.csv"})
        assert table.write("a\n1\n", "\ufeff" + metadata).objects() == [literal("1")]


class TestSuppression:
    def test_of_a_column(self, table: WrittenTable) -> None:
        table.columns("a,b\n1,2\n", {"name": "a", "suppressOutput": True}, {"name": "b"})
        assert table.objects() == [literal("2")]

    def test_of_a_table_whose_cells_are_checked_all_the_same(self, table: WrittenTable) -> None:
        schema = {"columns": [{"name": "a", "datatype": "integer"}]}
        assert table.write("a\n1\n", {"suppressOutput": True, "tableSchema": schema}).triples() == []
        assert table.write("a\nx\n").error().line == 2

    def test_of_a_table_that_a_build_reads_and_a_publish_does_not_take(self, publication: Write) -> None:
        metadata = json.dumps({"@context": CONTEXT, "url": "b.csv", "suppressOutput": True})
        files = {"data/a.ttl": "<http://e/a> a <http://e/B> .", "data/b.csv": "a\n1\n"}
        opened = publication({**files, "data/b.csv-metadata.json": metadata})
        assert [each.iri.rpartition("/")[2] for each in build(opened).manifest.graphs] == ["a", "catalog"]
        where, table = ["--publication", str(opened.root)], str(opened.root / "data/b.csv")
        asked = CliRunner().invoke(main, [*where, "publish", table, "--graph", "x"])
        assert (asked.exit_code, "suppressOutput" in asked.stderr) == (2, True)


class TestRefusals:
    @pytest.mark.parametrize(
        ("metadata", "reason"),
        [
            ({"tableSchema": {"columns": [{"nam": "a"}]}}, "Invalid property nam for Column"),
            ({"tableSchema": {"columns": [{"name": "_a"}]}}, "Invalid column name"),
            ({"tableSchema": {"columns": [{"name": "a", "lang": "o'zbek"}]}}, "Invalid language tag"),
            (
                {"tableSchema": {"columns": [{"name": "a", "required": "yes"}]}},
                "Invalid value for property required: yes",
            ),
            ({"tableSchema": {"columns": [{"name": "a"}, {"name": "a"}]}}, "uplicate column name"),
            ({"tableSchema": {"columns": {"name": "a"}}}, "columns is a list"),
            ({"tableSchema": {"columns": [{"name": "a"}], "primaryKey": "b"}}, "names b, which is no column"),
            ({"tableSchema": 7}, "stands where an object belongs"),
            ({"dialect": {"delimeter": ";"}}, "delimeter"),
            ({"dialect": {"encoding": "latin-99"}}, "latin-99"),
            ({"dialect": {"delimiter": "--"}}, "the dialect is not usable"),
            ({"tables": []}, "at least one table"),
            ({"@type": "Schema"}, "Invalid @type"),
            ({"url": None}, "describes no table"),
        ],
    )
    def test_metadata_that_says_nothing_usable(
        self, table: WrittenTable, metadata: dict[str, Any], reason: str
    ) -> None:
        assert reason in str(table.write("a\n1\n", metadata).error())

    def test_a_bad_column_is_named(self, table: WrittenTable) -> None:
        error = table.columns("a,b\n1,2\n", {"name": "a"}, {"name": "b", "separater": ";"}).error()
        assert (error.path, error.column) == ("data/t.csv-metadata.json", "b")

    @pytest.mark.parametrize("text", ["", "{", '{"url": }', "[]", "[" * 100_000])
    def test_broken_json(self, table: WrittenTable, text: str) -> None:
        assert table.write("a\n1\n", text).error().path == "data/t.csv-metadata.json"

    def test_broken_json_says_line_and_column(self, table: WrittenTable) -> None:
        error = table.write("a\n1\n", '{\n  "url": "t.csv"\n  "tableSchema": {}\n}').error()
        assert (error.line, error.column) == (3, 3)

    @pytest.mark.parametrize(
        "context",
        [None, "http://example.org/context", ["http://www.w3.org/ns/csvw", "http://example.org/more"], {"a": "b"}],
    )
    def test_a_context_that_is_not_csvw_s(self, table: WrittenTable, context: object) -> None:
        error = table.write("a\n1\n", {"@context": context}).error()
        assert error.column == "@context"
        assert "never fetched" in error.remedy


class TestNetwork:
    @pytest.fixture
    def requests(self) -> Iterator[tuple[str, list[str]]]:
        seen: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"columns": [{"name": "a"}]}')

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}", seen
            server.shutdown()

    @pytest.mark.parametrize("name", ["tableSchema", "dialect"])
    @pytest.mark.parametrize(
        "file", ["{server}/schema.json", "//127.0.0.1/schema.json", "../schema.json", "/etc/hosts"]
    )
    def test_a_description_elsewhere_is_refused(
        self, table: WrittenTable, requests: tuple[str, list[str]], name: str, file: str
    ) -> None:
        server, seen = requests
        error = table.write("a\n1\n", {name: file.format(server=server)}).error()
        assert "is not a file beside the metadata" in error.problem
        assert seen == []

    def test_a_table_elsewhere_is_not_fetched(self, table: WrittenTable, requests: tuple[str, list[str]]) -> None:
        server, seen = requests
        assert table.write("a\n1\n", {"url": f"{server}/t.csv", "@id": server}).objects() == [literal("1")]
        assert seen == []

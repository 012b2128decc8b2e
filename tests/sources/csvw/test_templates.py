"""URI templates: what they expand to, what they are resolved against, and what happens to null cells."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from written_table import BASE, WrittenTable, literal


class TestTemplates:
    @pytest.mark.parametrize(
        ("template", "iri"),
        [
            ("id/club/{slug}", BASE + "id/club/nukus"),
            ("#{slug}", BASE + "t.csv#nukus"),
            ("{#slug}", BASE + "t.csv#nukus"),
            ("http://a.example/{city}", "http://a.example/No%CA%BBkis"),
            ("http://a.example/{_row}/{_sourceRow}/{_name}/{_column}", "http://a.example/1/2/slug/1"),
            ("{+page}", "https://b.example/x?y=1"),
            ("schema:{slug}", "http://schema.org/nukus"),
            ("dc:title", "http://purl.org/dc/terms/title"),
            ("tel:{phone}", "tel:998909808298"),
            ("http://a.example/{?list*}", "http://a.example/?list=a&list=b"),
            ("http://a.example/{?empty,slug}", "http://a.example/?slug=nukus"),
        ],
    )
    def test_value_urls(self, table: WrittenTable, template: str, iri: str) -> None:
        names = ["city", "page", "phone", "list", "empty"]
        others = [{"name": name, "suppressOutput": True} for name in names]
        others[3]["separator"] = ";"
        table.columns(
            "slug,city,page,phone,list,empty\nnukus,Noʻkis,https://b.example/x?y=1,998909808298,a;b,\n",
            {"name": "slug", "valueUrl": template},
            *others,
        )
        assert table.objects() == [ox.NamedNode(iri)]

    def test_context_base_moves_the_table(self, table: WrittenTable) -> None:
        table.write(
            "slug\nnukus\n",
            {
                "@context": ["http://www.w3.org/ns/csvw", {"@base": "https://w3id.org/hamkor/"}],
                "tableSchema": {"columns": [{"name": "slug", "aboutUrl": "id/club/{slug}"}]},
            },
        )
        [triple] = table.triples()
        assert triple.subject.value == "https://w3id.org/hamkor/id/club/nukus"
        assert triple.predicate.value == "https://w3id.org/hamkor/t.csv#slug"

    def test_a_formatted_value_stands_in_templates_in_its_lexical_form(self, table: WrittenTable) -> None:
        date = {"base": "date", "format": "d.M.yyyy"}
        table.columns("day\n1.9.2015\n", {"name": "day", "datatype": date, "aboutUrl": "#{day}"})
        assert table.triples()[0].subject.value == BASE + "t.csv#2015-09-01"

    def test_virtual_triples_of_a_null_cell_are_left_out(self, table: WrittenTable) -> None:
        table.columns(
            "club,person\nnukus,\ntermez,maya\n",
            {"name": "club", "suppressOutput": True},
            {"name": "person", "suppressOutput": True},
            {
                "name": "type",
                "virtual": True,
                "aboutUrl": "p/{person}",
                "propertyUrl": "rdf:type",
                "valueUrl": "foaf:Person",
            },
            {
                "name": "member",
                "virtual": True,
                "aboutUrl": "c/{club}",
                "propertyUrl": "org:hasMember",
                "valueUrl": "p/{person}",
            },
        )
        assert {triple.subject.value for triple in table.triples()} == {BASE + "p/maya", BASE + "c/termez"}

    def test_a_value_whose_subject_needs_a_null_cell_is_an_error(self, table: WrittenTable) -> None:
        table.columns("slug,name\n,Umid\n", {"name": "slug"}, {"name": "name", "aboutUrl": "id/{slug}"})
        error = table.error()
        assert (error.line, error.column) == (2, "name")
        assert "needs slug, which is empty" in error.problem

    def test_a_virtual_column_can_give_a_default_literal(self, table: WrittenTable) -> None:
        table.columns("a\n1\n", {"name": "a"}, {"name": "b", "virtual": True, "default": "2", "datatype": "integer"})
        assert table.objects() == [literal("1"), literal("2", "integer")]


class TestRefusals:
    @pytest.mark.parametrize(
        ("property_name", "template", "reason"),
        [
            ("propertyUrl", "hk:city", "hk: in hk:city is no prefix that CSVW predefines"),
            ("valueUrl", "id/{city}", "uses city, which is no column"),
            ("aboutUrl", "id/{a", "no IRI"),
            ("propertyUrl", "http://a.example/b c", "no IRI"),
        ],
    )
    def test_a_template_that_cannot_work(
        self, table: WrittenTable, property_name: str, template: str, reason: str
    ) -> None:
        error = table.columns("a\n1\n", {"name": "a", property_name: template}).error()
        assert (error.path, error.column) == ("data/t.csv-metadata.json", "a")
        assert reason in error.problem

    def test_a_cell_that_makes_no_iri(self, table: WrittenTable) -> None:
        error = table.columns("a\nhttp://[a\n", {"name": "a", "valueUrl": "{+a}"}).error()
        assert (error.line, error.column) == (2, "a")
        assert "no IRI" in error.problem

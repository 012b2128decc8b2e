"""Datatypes of cells: which lexical form a text gives, which texts are refused."""

from __future__ import annotations

from typing import Any

import pytest
from written_table import RDF, WrittenTable, literal

DATATYPES = [
    ("string", " a  b ", " a  b ", "string"),
    ("normalizedString", " a\tb", " a b", "normalizedString"),
    ("token", " a  b ", "a b", "token"),
    ("boolean", "1", "true", "boolean"),
    ({"base": "boolean", "format": "ha|yoʻq"}, "yoʻq", "false", "boolean"),
    ("integer", " 142 ", "142", "integer"),
    ({"base": "integer", "format": "#,##0"}, "12,345", "12345", "integer"),
    ({"base": "decimal", "format": {"groupChar": " ", "decimalChar": ","}}, "1 234,50", "1234.50", "decimal"),
    ({"base": "decimal", "format": {"groupChar": ".", "decimalChar": ","}}, "1.234,5", "1234.5", "decimal"),
    ({"base": "decimal", "format": {"pattern": "0,00", "decimalChar": ","}}, "12,50", "12.50", "decimal"),
    (
        {"base": "decimal", "format": {"pattern": "# ##0,0#", "groupChar": " ", "decimalChar": ","}},
        "1 234,5",
        "1234.5",
        "decimal",
    ),
    (
        {"base": "decimal", "format": {"pattern": "#,##0.0#", "groupChar": " ", "decimalChar": ","}},
        "1 234,5",
        "1234.5",
        "decimal",
    ),
    ({"base": "integer", "format": {"pattern": "#,##0", "groupChar": " "}}, "1\u00a0234", "1234", "integer"),
    ({"base": "integer", "format": {"pattern": "#'##0", "groupChar": "'"}}, "1'234'567", "1234567", "integer"),
    ({"base": "decimal", "format": {"decimalChar": "٫", "groupChar": "٬"}}, "1٬234٫5", "1234.5", "decimal"),
    ({"base": "decimal", "format": {"decimalChar": "::", "groupChar": "."}}, "1.234::5", "1234.5", "decimal"),
    ({"base": "integer", "format": "00"}, "05", "05", "integer"),
    ({"base": "integer", "format": "#,##,##0"}, "12,34,567", "1234567", "integer"),
    ({"base": "decimal", "format": "%000"}, "%-123", "-1.23", "decimal"),
    ({"base": "decimal", "format": "0.0#‰"}, "+1.5‰", "0.0015", "decimal"),
    ({"base": "double", "format": "0.0E+00"}, "1.5E-03", "1.5E-03", "double"),
    ({"base": "double", "format": "0.0"}, "NaN", "NaN", "double"),
    ("decimal", "12.5%", "0.125", "decimal"),
    ("number", "1.5E3", "1.5E3", "double"),
    ("double", "-INF", "-INF", "double"),
    ("float", "NaN", "NaN", "float"),
    ("byte", "-128", "-128", "byte"),
    ("date", "2016-02-29", "2016-02-29", "date"),
    ("date", "-0044-03-15", "-0044-03-15", "date"),
    ({"base": "date", "format": "dd.MM.yyyy"}, "03.04.2014", "2014-04-03", "date"),
    ({"base": "date", "format": "M/d/yyyy X"}, "4/3/2014 +05", "2014-04-03+05:00", "date"),
    (
        {"base": "dateTime", "format": "yyyy-MM-dd HH:mm:ss.SSS"},
        "2014-04-03 09:00:00.5",
        "2014-04-03T09:00:00.5",
        "dateTime",
    ),
    (
        {"base": "datetime", "format": "dd.MM.yyyy HH:mm XXX"},
        "03.04.2014 09:00 +05:00",
        "2014-04-03T09:00:00+05:00",
        "dateTime",
    ),
    ("dateTimeStamp", "2014-04-03T09:00:00Z", "2014-04-03T09:00:00Z", "dateTimeStamp"),
    ({"base": "time", "format": "HHmm"}, "0930", "09:30:00", "time"),
    ("gYear", "2015", "2015", "gYear"),
    ("gYearMonth", "2015-09", "2015-09", "gYearMonth"),
    ("gMonthDay", "--02-29", "--02-29", "gMonthDay"),
    ("duration", "P1Y2MT3H", "P1Y2MT3H", "duration"),
    ("hexBinary", "0aFF", "0aFF", "hexBinary"),
    ("binary", "YWJj", "YWJj", "base64Binary"),
    ("anyURI", "http://example.org/ў", "http://example.org/ў", "anyURI"),
    ("language", "uz-Latn", "uz-Latn", "language"),
    ("any", "x", "x", "anyAtomicType"),
    ("json", '{"a": [1]}', '{"a": [1]}', "http://www.w3.org/ns/csvw#JSON"),
    ("xml", "<a>b</a> c", "<a>b</a> c", RDF + "XMLLiteral"),
    ("html", "<br>", "<br>", RDF + "HTML"),
    ({"base": "string", "format": "[a-z]+"}, "abc", "abc", "string"),
    ({"@id": "http://example.org/slug", "base": "string"}, "abc", "abc", "http://example.org/slug"),
    ({"base": "integer", "minimum": 0, "maxExclusive": "5"}, "4", "4", "integer"),
    ({"base": "date", "format": "d.M.yyyy", "minimum": "2013-01-01"}, "1.1.2013", "2013-01-01", "date"),
    ({"base": "string", "minLength": 2, "maxLength": 3}, "abc", "abc", "string"),
]

BAD_VALUES = [
    ("integer", "14.0"),
    ("integer", "1_000"),
    ("integer", "١٤"),
    ("integer", "142 parents"),
    ("decimal", "1,234"),
    ("decimal", "1E3"),
    ("decimal", "NaN"),
    ({"base": "decimal", "format": {"groupChar": " ", "decimalChar": ","}}, "1.5"),
    ({"base": "integer", "format": "#,##0"}, "12345"),
    ({"base": "integer", "format": "##0"}, "1,234"),
    ({"base": "integer", "format": "00"}, "5"),
    ({"base": "integer", "format": "#,##0"}, "1,23"),
    ({"base": "decimal", "format": "0.00"}, "1.5"),
    ({"base": "decimal", "format": "0.#"}, "1.25"),
    ({"base": "decimal", "format": "0.0"}, "5.0%"),
    ({"base": "decimal", "format": "0.0%"}, "5.0"),
    ({"base": "double", "format": "0.0"}, "1.0E3"),
    ({"base": "integer", "format": "+0"}, "1"),
    ({"base": "integer", "format": {"groupChar": ","}}, "1,,2"),
    ("int", "2147483648"),
    ("unsignedByte", "256"),
    ("positiveInteger", "0"),
    ("double", "infinity"),
    ("boolean", "YES"),
    ("date", "2015-02-29"),
    ("date", "2015-9-1"),
    ("date", "2015-09-01 and later"),
    ({"base": "date", "format": "d.M.yyyy"}, "31.2.2015"),
    ({"base": "date", "format": "d.M.yyyy"}, "2015-09-01"),
    ("dateTimeStamp", "2014-04-03T09:00:00"),
    ("time", "25:00:00"),
    ("gYear", "15"),
    ("gYearMonth", "September 2015"),
    ("gYearMonth", "2015-13"),
    ("gMonthDay", "--02-30"),
    ("duration", "P"),
    ("duration", "PT"),
    ("hexBinary", "abc"),
    ("binary", "a"),
    ("anyURI", "two words"),
    ("language", "o'zbek"),
    ("NCName", "1a"),
    ("json", "{"),
    ("xml", "<a>"),
    ("xml", "</_><!DOCTYPE a><_>"),
    ({"base": "string", "format": "[a-z]+"}, "abc1"),
    ({"base": "integer", "minimum": 0}, "-1"),
    ({"base": "date", "maximum": "2020-01-01"}, "2020-01-02"),
    ({"base": "dateTime", "maximum": "2020-01-01T00:00:00"}, "2019-01-02T00:00:00Z"),
    ({"base": "string", "length": 2}, "abc"),
]


class TestDatatypes:
    @pytest.mark.parametrize(("datatype", "text", "form", "iri"), DATATYPES)
    def test_a_cell_gives_its_lexical_form(
        self, table: WrittenTable, datatype: str | dict[str, Any], text: str, form: str, iri: str
    ) -> None:
        quoted = '"' + text.replace('"', '""') + '"'
        table.columns(f"a\n{quoted}\n", {"name": "a", "datatype": datatype})
        assert table.objects() == [literal(form, iri)]

    @pytest.mark.parametrize(("datatype", "text"), BAD_VALUES)
    def test_a_cell_that_breaks_its_datatype_is_refused(
        self, table: WrittenTable, datatype: str | dict[str, Any], text: str
    ) -> None:
        quoted = '"' + text.replace('"', '""') + '"'
        table.columns(f"a,b\nx,\n\ny,{quoted}\n", {"name": "a"}, {"name": "b", "datatype": datatype})
        error = table.error()
        assert (error.path, error.line, error.column) == ("data/t.csv", 4, "b")
        assert repr(text) in error.problem

    def test_the_error_says_how_to_write_it(self, table: WrittenTable) -> None:
        table.columns("founded\nSeptember 2015\n", {"name": "founded", "datatype": "gYearMonth"})
        assert str(table.error()) == (
            "data/t.csv:2:founded: 'September 2015' is no gYearMonth (write it such as 2015-09)"
        )

    def test_a_long_value_is_shortened_in_the_error(self, table: WrittenTable) -> None:
        table.columns(f"a\n{'x' * 5000}\n", {"name": "a", "datatype": "date"})
        assert len(str(table.error())) < 200

    @pytest.mark.parametrize(
        "datatype",
        [
            "year",
            {"base": "date", "format": "MMM yyyy"},
            {"base": "boolean", "format": "yes"},
            {"base": "decimal", "format": "0.0x"},
            {"base": "decimal", "format": {"groupChar": ".", "decimalChar": "."}},
            {"base": "decimal", "format": {"decimalChar": "0"}},
            {"base": "decimal", "format": {"groupChar": ""}},
            {"base": "decimal", "format": {"groupChar": 7}},
            {"base": "decimal", "format": "0#"},
            {"base": "decimal", "format": "0.#0"},
            {"base": "decimal", "format": "#" * 101},
            {"base": "decimal", "format": ["0"]},
            {"base": "string", "format": "["},
            {"base": "string", "minimum": 1},
            {"base": "integer", "minimum": "x"},
            {"base": "string", "minLength": 3, "maxLength": 2},
            {"base": "string", "pattern": "x"},
            7,
        ],
    )
    def test_a_datatype_that_is_none_is_refused(self, table: WrittenTable, datatype: object) -> None:
        error = table.columns("a\n1\n", {"name": "a", "datatype": datatype}).error()
        assert (error.path, error.column) == ("data/t.csv-metadata.json", "a")

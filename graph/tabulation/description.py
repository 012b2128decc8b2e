"""The CSVW description of a table (Metadata Vocabulary for Tabular Data): what leads from its cells back to RDF.

Titles stand in every language, so that it fits the table whatever language its header is in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graph.labels import preferred_tag
from graph.namespaces import RDF_TYPE, XSD
from graph.tabulation.columns import Column, Table

KNOWN = frozenset(XSD + name for name in (
    "anyURI", "boolean", "date", "dateTime", "dateTimeStamp", "decimal", "double", "duration", "float", "gDay",
    "gMonth", "gMonthDay", "gYear", "gYearMonth", "integer", "nonNegativeInteger", "positiveInteger", "string", "time",
))  # fmt: skip
"""Datatypes whose every lexical form CSVW takes as it is."""
ID, TYPE = "id", "type"
NAME = {"en": "name", "ru": "название", "uz": "nomi"}
"""What stands behind the heading of a column of names."""
PUBLISHED = {"en": "as published", "ru": "по публикации", "uz": "eʼlon qilingan:"}
"""What stands behind the heading of a column of telephones or addresses of mail, before the years."""


def title(column: Column, language: str) -> str:
    """Return the heading of a column in a language, or in the first that there is: what it is, in which language."""
    titles = column.property.titles
    text = titles.get(preferred_tag(titles, (language,))) or column.name
    text = text[:1].upper() + text[1:]
    if column.kind == "name":
        text += f" ({NAME[preferred_tag(NAME, (language,))]})"
    if column.language:
        text += f" ({column.language})"
    if column.published:
        text += f" ({PUBLISHED[preferred_tag(PUBLISHED, (language,))]} {column.published})"
    return f"{text} {column.place + 1}" if column.place > 0 else text


def headings(table: Table, language: str) -> list[str]:
    """Return the header of a table in a language; where two would be the same, their names stand behind them."""
    found = [title(each, language) for each in table.columns]
    return ["IRI"] + [
        text if found.count(text) == 1 and text != "IRI" else f"{text} [{column.name}]"
        for text, column in zip(found, table.columns, strict=True)
    ]


def description(
    table: Table, url: str, languages: Sequence[str], titles: Mapping[str, str], about: Mapping[str, Any]
) -> bytes:
    """Return the description as a document.

    Args:
        table: the table.
        url: that of the CSV file, relative to the description's.
        languages: those of the headings.
        titles: what the class is called, by language tag.
        about: further properties of the table, such as its licence.
    """
    by_language = {language: headings(table, language) for language in languages}
    columns = [{"name": ID, "titles": "IRI", "required": True, "suppressOutput": True}] + [
        _column(each, {language: texts[place] for language, texts in by_language.items()})
        for place, each in enumerate(table.columns, 1)
    ]
    virtual = {"name": TYPE, "virtual": True, "propertyUrl": RDF_TYPE, "valueUrl": table.kind}
    schema = {"aboutUrl": "{+id}", "primaryKey": ID, "columns": [*columns, virtual]}
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": languages[0] if languages else "en"}],
        "url": url,
        "dc:title": [{"@value": text, "@language": tag} for tag, text in sorted(titles.items()) if tag],
        **about,
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "lineTerminators": ["\r\n"]},
        "tableSchema": schema,
    }
    if not table.is_exact:
        document["suppressOutput"] = True
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _column(column: Column, titles: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "titles": dict(titles)}
    if texts := column.property.descriptions:
        found["dc:description"] = [
            {"@value": text, "@language": tag} for tag, text in sorted(texts.items()) if tag
        ]  # fmt: skip
    found["propertyUrl"] = column.property.predicate
    if column.separator:
        found["separator"] = column.separator
    if not column.is_exact:
        return found | {"suppressOutput": True}
    if column.kind == "thing":
        return found | {"valueUrl": f"{{+{column.name}}}"}
    if column.language:
        return found | {"lang": column.language}
    if column.datatype in KNOWN:
        return found | {"datatype": column.datatype.removeprefix(XSD)}
    return found | {"datatype": {"@id": column.datatype, "base": "string"}}

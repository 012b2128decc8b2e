"""An example as a table: a row, and CSVW metadata that says what each column means. Reading it gives the example."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from graph.namespaces import RDF_TYPE, XSD
from graph.templates.example import LANGUAGES, NAME, Example, Node, Value
from graph.templates.fields import ANY_LANGUAGE, IRI, Field

LOCAL = re.compile(r"[^A-Za-z0-9]+")
SEPARATOR = "|"
MOST_KINDS = 3
KEY = "key"
CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "en"}]


@dataclass(frozen=True)
class Column:
    """A column: what the metadata says of it, and its cell in the row of the example."""

    description: dict[str, Any]
    cell: str


def table(example: Example) -> bytes:
    """Return the row of an example, below a header."""
    columns = list(_columns(example))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([KEY, *(each.description["name"] for each in columns)])
    writer.writerow([NAME, *(each.cell for each in columns)])
    return text.getvalue().encode()


def metadata(example: Example, file: str) -> bytes:
    """Return the CSVW metadata of the table of an example.

    Args:
        example: the example.
        file: the name of the table's file.
    """
    key = {"name": KEY, "titles": {"en": KEY}, "required": True, "suppressOutput": True,
           "datatype": {"base": "string", "format": "[a-z0-9-]+"},
           "dc:description": "The last part of the IRI: small letters, digits and -."}  # fmt: skip
    types = [
        {"name": f"type{number}_{place}", "virtual": True, "aboutUrl": f"{each.folder}{{{KEY}}}",
         "propertyUrl": RDF_TYPE, "valueUrl": class_iri}
        for number, each in enumerate(example.nodes, 1)
        for place, class_iri in enumerate(each.types, 1)
    ]  # fmt: skip
    folders = {each.iri: each.folder for each in example.nodes}
    links = [
        {"name": f"of{number}_{place}", "virtual": True, "aboutUrl": f"{each.folder}{{{KEY}}}", "propertyUrl": path,
         "valueUrl": f"{folders[iri]}{{{KEY}}}"}
        for number, each in enumerate(example.nodes, 1)
        for place, (path, iri) in enumerate(_links(each, folders), 1)
    ]  # fmt: skip
    columns = [each.description for each in _columns(example)]
    document = {
        "@context": CONTEXT, "url": file, "dialect": {"encoding": "utf-8", "header": True, "delimiter": ","},
        "tableSchema": {"aboutUrl": f"{example.node.folder}{{{KEY}}}", "primaryKey": KEY,
                        "columns": [key, *columns, *types, *links]},
    }  # fmt: skip
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _links(node: Node, folders: Container[str]) -> list[tuple[str, str]]:
    """Return how a thing of an example links to another one of it: property and thing."""
    return [(field.path, each.value) for field, values in node.values for each in values if each.value in folders]


def _columns(example: Example) -> Iterator[Column]:
    names, linked = set[str](), {each.iri for each in example.nodes}
    for node in example.nodes:
        prefix = "" if node is example.node else LOCAL.sub("_", node.class_iri.rpartition("/")[2].rpartition("#")[2])
        for field, values in node.values:
            if field.path == RDF_TYPE or any(each.value in linked for each in values):
                continue
            for each in _of_field(field, values):
                name = f"{prefix}_{each.description['name']}".strip("_")
                while name in names:
                    name += "_"
                names.add(name)
                description = each.description | {"name": name, "titles": {"en": name}}
                if prefix:
                    description["aboutUrl"] = f"{node.folder}{{{KEY}}}"
                if "valueUrl" in description:
                    description["valueUrl"] = f"{{+{name}}}"
                yield Column(description, each.cell)


def _of_field(field: Field, values: tuple[Value, ...]) -> Iterator[Column]:
    """Yield the columns of one field: one a language, one a thing, or one for all plain values of a datatype."""
    short = LOCAL.sub("_", re.split(r"[/#]", field.path)[-1])
    shared = {"propertyUrl": field.path, "dc:description": field.descriptions.get("en", "")}
    things = [each for each in values if isinstance(each, ox.NamedNode)]
    texts = dict[tuple[str, str], list[str]]()
    for each in values:
        if isinstance(each, ox.Literal):
            texts.setdefault((each.language or "", each.datatype.value), []).append(each.value)
    is_required = field.is_required
    for number, each in enumerate(things, 1):
        name = short if number == 1 else f"{short}_{number}"
        yield Column({"name": name, **shared, "valueUrl": "", "required": is_required and number == 1}, each.value)
    for (language, datatype), forms in texts.items():
        name = f"{short}_{LOCAL.sub('_', language)}" if language else short
        column: dict[str, Any] = {"name": name, **shared, "required": is_required and len(texts) == 1}
        column |= {"lang": language} if language else {"datatype": _datatype(datatype)}
        column |= {"separator": SEPARATOR} if len(forms) > 1 else {}
        yield Column(column, SEPARATOR.join(forms))
    for number, kind in enumerate(() if values else _fillable(field.kinds)):
        ending = LOCAL.sub("_", re.split(r"[/#]", kind)[-1]).strip("_")
        name = f"{short}_{ending}" if number or kind.startswith("@") else short
        yield Column({"name": name, **shared, **_of_kind(kind)}, "")


def _fillable(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return for which kinds of values there are columns: the languages of templates where these may be, few others."""
    languages = tuple(each for each in kinds if each.startswith("@"))
    if ANY_LANGUAGE in languages:
        languages = tuple(f"@{each}" for each in LANGUAGES)
    usual = tuple(each for each in languages if each[1:] in LANGUAGES)
    others = tuple(each for each in kinds if not each.startswith("@"))
    return (*others[:MOST_KINDS], *(usual or languages[:MOST_KINDS])) or (f"{XSD}string",)


def _of_kind(kind: str) -> dict[str, Any]:
    """Return what the metadata says of a column for values of a kind."""
    if kind == IRI:
        return {"valueUrl": ""}
    return {"lang": kind[1:]} if kind.startswith("@") else {"datatype": _datatype(kind)}


def _datatype(iri: str) -> object:
    return iri.removeprefix(XSD) if iri.startswith(XSD) else {"@id": iri, "base": "string"}

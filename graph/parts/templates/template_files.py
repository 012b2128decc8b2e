"""The templates of one release, by the names of their classes: as CSV with CSVW metadata, as Turtle, as JSON-LD."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from graph.export.documents import Context, compacted
from graph.model.rdf_terms import RDF_TYPE, XSD
from graph.parts.templates.fields import (
    ANY_LANGUAGE,
    IRI,
    LANGUAGES,
    NAME,
    Examples,
    ExampleThing,
    Field,
    Node,
    Value,
)

# An example as a table: a row, and CSVW metadata that says what each column means. Reading it gives the example.

LOCAL = re.compile(r"[^A-Za-z0-9]+")
SEPARATOR = "|"
MOST_KINDS = 3
KEY = "key"
CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "en"}]


@dataclass(frozen=True)
class TemplateColumn:
    """A column: what the metadata says of it, and its cell in the row of the example."""

    description: dict[str, Any]
    cell: str


def table(example: ExampleThing) -> bytes:
    """Return the row of an example, below a header."""
    columns = list(_columns(example))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([KEY, *(each.description["name"] for each in columns)])
    writer.writerow([NAME, *(each.cell for each in columns)])
    return text.getvalue().encode()


def metadata(example: ExampleThing, file: str) -> bytes:
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


def _columns(example: ExampleThing) -> Iterator[TemplateColumn]:
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
                yield TemplateColumn(description, each.cell)


def _of_field(field: Field, values: tuple[Value, ...]) -> Iterator[TemplateColumn]:
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
        yield TemplateColumn(
            {"name": name, **shared, "valueUrl": "", "required": is_required and number == 1}, each.value
        )
    for (language, datatype), forms in texts.items():
        name = f"{short}_{LOCAL.sub('_', language)}" if language else short
        column: dict[str, Any] = {"name": name, **shared, "required": is_required and len(texts) == 1}
        column |= {"lang": language} if language else {"datatype": _datatype(datatype)}
        column |= {"separator": SEPARATOR} if len(forms) > 1 else {}
        yield TemplateColumn(column, SEPARATOR.join(forms))
    for number, kind in enumerate(() if values else _fillable(field.kinds)):
        ending = LOCAL.sub("_", re.split(r"[/#]", kind)[-1]).strip("_")
        name = f"{short}_{ending}" if number or kind.startswith("@") else short
        yield TemplateColumn({"name": name, **shared, **_of_kind(kind)}, "")


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


# An example as Turtle, with a line above each property that says what it means and whether it must be there.

LOCAL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
REQUIRED = {"en": "required", "ru": "обязательно", "uz": "majburiy"}
HEAD = {
    "en": "A template, filled with an example that passes. Replace the address by one of yours, “example” and the "
    "values; leave out what you do not know, unless it is required.",
    "ru": "Шаблон с примером, который проходит проверку. Замените адрес своим, а также «example» и значения; "
    "неизвестное опустите, если оно не обязательно.",
    "uz": "Tekshiruvdan oʻtadigan namunali andoza. Manzilni oʻzingiznikiga, shuningdek “example” va qiymatlarni "
    "almashtiring; nomaʼlumini, majburiy boʻlmasa, tashlab keting.",
}


def turtle(example: ExampleThing, prefixes: Mapping[str, str], language: str) -> bytes:
    """Return an example as Turtle.

    Args:
        example: the example.
        prefixes: prefix → IRI.
        language: of the comments.
    """
    blocks = ["\n".join(_block(each, prefixes, language)) for each in example.nodes]
    text = "\n\n".join(blocks)
    used = [f"@prefix {name}: <{iri}> ." for name, iri in sorted(prefixes.items()) if re.search(rf"\b{name}:", text)]
    head = f"# {HEAD.get(language, HEAD['en'])}"
    return "\n".join((head, "", *used, "", text, "")).encode()


def _block(node: Node, prefixes: Mapping[str, str], language: str) -> Iterator[str]:
    lines = list(_lines(node, prefixes, language))
    types = " , ".join(term_in_turtle(ox.NamedNode(each), prefixes) for each in node.types)
    yield f"<{node.iri}> a {types} ;"
    last = max((place for place, line in enumerate(lines) if not line.lstrip().startswith("#")), default=-1)
    for place, line in enumerate(lines):
        yield line[:-1] + "." if place == last else line
    if last < 0:
        yield "  ."


def _lines(node: Node, prefixes: Mapping[str, str], language: str) -> Iterable[str]:
    for field, values in node.values:
        if field.path == RDF_TYPE:
            continue
        said = field.descriptions.get(language) or field.descriptions.get("en", "")
        must = f" ({REQUIRED.get(language, REQUIRED['en'])})" if field.is_required else ""
        yield f"  # {said}{must}".replace("\n", " ")
        predicate = term_in_turtle(ox.NamedNode(field.path), prefixes)
        if values:
            yield f"  {predicate} {' , '.join(term_in_turtle(each, prefixes) for each in values)} ;"
        else:
            yield f"  # {predicate} … ;"


def term_in_turtle(term: ox.NamedNode | ox.Literal, prefixes: Mapping[str, str]) -> str:
    """Return a term in Turtle, short where a prefix fits."""
    if isinstance(term, ox.NamedNode):
        for name, iri in prefixes.items():
            local = term.value.removeprefix(iri)
            if local != term.value and LOCAL_NAME.match(local) and name:
                return f"{name}:{local}"
        return str(term)
    text = str(term)
    if "^^<" in text:
        quoted, _, datatype = text.rpartition("^^<")
        return f"{quoted}^^{term_in_turtle(ox.NamedNode(datatype[:-1]), prefixes)}"
    return text


# The templates of one release, by the names of their classes, in each format.

FORMATS = ("csv", "ttl", "jsonld")


@dataclass
class Library:
    """Writes templates.

    Attributes:
        examples: finds examples.
        prefixes: prefix → IRI.
        context: the publication's JSON-LD context, where it has one.
    """

    examples: Examples
    prefixes: Mapping[str, str]
    context: Context | None
    _classes: dict[str, str] = dataclasses.field(default_factory=dict)
    _known: dict[str, ExampleThing | None] = dataclasses.field(default_factory=dict)

    def classes(self) -> dict[str, str]:
        """Return the names of the classes that have a template → their IRIs."""
        if not self._classes:
            for iri in self.examples.classes():
                self._classes.setdefault(re.split(r"[/#]", iri)[-1], iri)
        return self._classes

    def example(self, name: str) -> ExampleThing | None:
        """Return the example of a class, by its name or IRI; None where it has none."""
        iri = self.classes().get(name, name)
        if iri not in self.classes().values():
            return None
        if iri not in self._known:
            self._known[iri] = self.examples.example(iri)
        return self._known[iri]

    def text(self, name: str, form: str, language: str) -> bytes | None:
        """Return a template in one of ``FORMATS``, or ``metadata`` for the CSVW beside the table; None without one.

        Args:
            name: of the class.
            form: the format.
            language: of the comments in Turtle.
        """
        example = self.example(name)
        if example is None:
            return None
        if form == "ttl":
            return turtle(example, self.prefixes, language)
        if form == "jsonld":
            return compacted(example.triples(), self.context or dict(self.prefixes))
        return table(example) if form == "csv" else metadata(example, f"{name}.csv")

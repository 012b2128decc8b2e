"""An example as Turtle, with a line above each property that says what it means and whether it must be there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph as ox

from graph.namespaces import RDF_TYPE
from graph.templates.example import Example, Node

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


def turtle(example: Example, prefixes: Mapping[str, str], language: str) -> bytes:
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

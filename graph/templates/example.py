"""An example of a class that passes: a thing of the release under a new name, with all that the shapes ask for.

What must be described together with it comes along (``graph.templates.companions``). Of people it shows what is said,
and says it of nobody: names are invented, texts left out. Links to other datasets are left out: two things cannot be
the same one elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

import pyoxigraph as ox

from graph.linksets.clusters import LIKE, SAME
from graph.namespaces import CATALOG_GRAPH, ENTAILED_GRAPH, OWL, RDF_TYPE, VOID, XSD, graph_iri
from graph.templates.companions import Companions, Company
from graph.templates.fields import Field, Shapes

CANDIDATES, MOST_VALUES, MOST_SEEN = 50, 200, 5000
NAME = "example"
ELSEWHERE = "https://ngo-x.example/"
"""In place of the base: who fills a template in names things below an address of their own."""
LANGUAGES = ("en", "ru", "uz")
LEFT_OUT = frozenset({*SAME, *LIKE})
WITHOUT = frozenset({OWL + "Axiom", VOID + "Dataset"})
"""Nobody fills them in: the evidence of a link is written with it (``hamkor link``), datasets are the catalogue's."""
INVENTED = MappingProxyType({
    "name": ("Namuna Namunayeva", "Намуна Намунаева"), "label": ("Namuna Namunayeva", "Намуна Намунаева"),
    "givenName": ("Namuna", "Намуна"), "familyName": ("Namunayeva", "Намунаева"),
})  # fmt: skip
"""What people are called in examples, in Latin and in Cyrillic letters; *namuna* is Uzbek for example."""
Value = ox.NamedNode | ox.Literal


@dataclass(frozen=True)
class Node:
    """One thing of an example.

    Attributes:
        iri: its new name.
        class_iri: its class.
        types: all classes that it is said to have.
        values: its fields, in their order, with the values that they have; empty for those that may be filled in.
    """

    iri: str
    class_iri: str
    types: tuple[str, ...]
    values: tuple[tuple[Field, tuple[Value, ...]], ...]

    @property
    def folder(self) -> str:
        """What its IRI begins with."""
        return self.iri.removesuffix(NAME)

    def triples(self) -> Iterator[ox.Triple]:
        """Yield what is said of it."""
        subject = ox.NamedNode(self.iri)
        for class_iri in self.types:
            yield ox.Triple(subject, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri))
        for field, values in self.values:
            for each in values:
                yield ox.Triple(subject, ox.NamedNode(field.path), each)


@dataclass(frozen=True)
class Example:
    """A thing, and those that must point to it."""

    node: Node
    companions: tuple[Node, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them."""
        return self.node, *self.companions

    def triples(self) -> list[ox.Triple]:
        """Return what is said of them."""
        return [triple for each in self.nodes for triple in each.triples()]


@dataclass
class Examples:
    """Finds examples in a release.

    Attributes:
        shapes: what is asked of things.
        personal: the IRIs of graphs that hold personal data.
    """

    shapes: Shapes
    personal: frozenset[str] = frozenset()

    def example(self, class_iri: str) -> Example | None:
        """Return an example of a class; None where nothing of it can be shown, or nobody fills it in."""
        if class_iri in WITHOUT:
            return None
        companions = Companions(self.shapes, self.personal)
        for subject in self._instances(class_iri, companions):
            company = companions.of(subject, class_iri)
            if company is not None:
                made = self._made(company, is_personal=companions.is_personal(subject))
                if made is not None:
                    return made
        return None

    def classes(self) -> list[str]:
        """Return the classes of which there is an example."""
        return [each for each in self.shapes.targets() if self.example(each) is not None]

    def _instances(self, class_iri: str, companions: Companions) -> list[str]:
        """Return things of a class that are described here: those that may be shown, or else all."""
        quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri), None)
        computed = {graph_iri(self.shapes.base, each) for each in (CATALOG_GRAPH, ENTAILED_GRAPH)}
        found = {
            quad.subject.value
            for quad in islice(quads, MOST_SEEN)
            if isinstance(quad.subject, ox.NamedNode)
            and isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed
        }  # fmt: skip
        own = self.shapes.base
        named = sorted(each for each in found if each.startswith(own) and "/" in each.removeprefix(own))
        return list(islice((each for each in named if not companions.is_personal(each)), CANDIDATES)) or named[:1]

    def _made(self, company: Company, *, is_personal: bool) -> Example | None:
        names = {each: self._name(each, class_iri) for each, class_iri in company.parts.items()}
        nodes = list[Node]()
        for subject, class_iri in company.parts.items():
            values = list[tuple[Field, tuple[Value, ...]]]()
            for field in self.shapes.fields(class_iri):
                if not field.is_inverse:
                    found = self._of_field(subject, field, company, names, is_personal=is_personal)
                    if field.is_required and is_personal and not found:
                        return None
                    known = field if found or field.kinds else replace(field, kinds=self.shapes.used(field.path))
                    values.append((known, found))
            stated = self._stated(subject, RDF_TYPE, is_personal=is_personal)
            types = (class_iri, *sorted(each.value for each in stated if isinstance(each, ox.NamedNode)))
            nodes.append(Node(names[subject], class_iri, tuple(dict.fromkeys(types)), tuple(values)))
        return Example(nodes[0], tuple(nodes[1:]))

    def _name(self, thing: str, class_iri: str) -> str:
        """Return what a thing is called in an example: elsewhere, unless the shapes want all of its class here."""
        name = f"{thing.rpartition('/')[0]}/{NAME}"
        folder = name.removeprefix(self.shapes.base).removeprefix("id/")
        elsewhere = ELSEWHERE + folder if name.startswith(self.shapes.base) else name
        return elsewhere if all(re.search(each, elsewhere) for each in self.shapes.patterns(class_iri)) else name

    def _of_field(
        self, subject: str, field: Field, company: Company, names: dict[str, str], *, is_personal: bool
    ) -> tuple[Value, ...]:
        """Return the values of a field: links to what comes along under their new names, and only these then."""
        values = self._values(subject, field, is_personal=is_personal)
        renamed = tuple(
            ox.NamedNode(names[each.value]) for each in values if isinstance(each, ox.NamedNode) and each.value in names
        )
        if renamed:
            return renamed
        if (kept := company.kept.get((subject, field.path))) is not None:
            values = tuple(each for each in values if each.value in kept)
        if is_personal:
            companions = Companions(self.shapes, self.personal)
            links = (each for each in values if isinstance(each, ox.NamedNode))
            shown = [each for each in links if companions.is_public(each.value)]
            return (*shown, *(it for each in values if isinstance(each, ox.Literal) for it in invented(field, each)))
        return values

    def _stated(
        self, subject: str, predicate: str, *, entailed: bool = False, is_personal: bool = False
    ) -> list[Value]:
        """Return values that are stated, and not in a personal graph; also those that follow, where they are wanted."""
        quads = self.shapes.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
        computed = () if entailed else (graph_iri(self.shapes.base, ENTAILED_GRAPH),)
        skipped = {*computed, *(() if is_personal else self.personal)}
        found = {
            quad.object: None
            for quad in quads
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
            and isinstance(quad.object, ox.NamedNode | ox.Literal)
        }  # fmt: skip
        return sorted(found, key=_order)

    def _values(self, subject: str, field: Field, *, is_personal: bool) -> tuple[Value, ...]:
        if field.path in LEFT_OUT or field.path == RDF_TYPE:
            return ()
        values = self._stated(subject, field.path, entailed=field.is_required, is_personal=is_personal)
        if field.is_required:
            return tuple(values)
        is_exclusive = self.shapes.is_exclusive(field.path)
        return tuple(each for each in values[:MOST_VALUES] if isinstance(each, ox.Literal) or not is_exclusive)


def invented(field: Field, value: ox.Literal) -> Iterator[ox.Literal]:
    """Yield what stands for a text about a person: nobody's name, or nothing."""
    local = re.split(r"[/#]", field.path)[-1]
    if local not in INVENTED and not field.is_required:
        return
    latin, cyrillic = INVENTED.get(local, INVENTED["name"])
    if value.language:
        yield ox.Literal(cyrillic if value.language == "ru" else latin, language=value.language)
    elif value.datatype.value == XSD + "string":
        yield ox.Literal(latin)


def _order(value: Value) -> tuple[int, str]:
    """Return where a value stands: texts in English first, then in Russian, then in Uzbek."""
    language = value.language or "" if isinstance(value, ox.Literal) else ""
    return LANGUAGES.index(language[:2]) if language[:2] in LANGUAGES else len(LANGUAGES), str(value)

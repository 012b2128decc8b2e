"""The page of the vocabulary: its classes with their properties, its properties with what they lead to, a diagram."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyoxigraph as ox

from endpoint.http.languages import N_, translated
from endpoint.pages.charts import Diagram, Edge, diagram
from endpoint.pages.term_names import Names, Shown
from graph.model.namespaces import DCT, OWL, RDF, RDF_TYPE, RDFS

CLASSES = frozenset({OWL + "Class", RDFS + "Class"})
PROPERTIES = frozenset({RDF + "Property", *(OWL + kind + "Property" for kind in ("Object", "Datatype", "Annotation"))})
RELATIONS = MappingProxyType({
    RDFS + "subClassOf": N_("Kind of"), RDFS + "subPropertyOf": N_("Kind of"), RDFS + "domain": N_("Said of"),
    RDFS + "range": N_("Leads to"), OWL + "inverseOf": N_("Inverse of"),
})  # fmt: skip
SAID_OF = N_("Its properties")


@dataclass(frozen=True, slots=True)
class TermShown:
    """One class or property: its short name, its label, what it means, and how it relates to others."""

    iri: str
    name: str
    label: Shown
    comment: Shown | None
    relations: tuple[tuple[str, tuple[Shown, ...]], ...]


@dataclass(frozen=True, slots=True)
class TermsPage:
    """What the page of a vocabulary shows."""

    iri: str
    title: Shown
    summary: Shown | None
    classes: tuple[TermShown, ...]
    properties: tuple[TermShown, ...]
    others: tuple[TermShown, ...]
    diagram: Diagram | None


class VocabularyTerms:
    """A vocabulary, read from its triples."""

    def __init__(self, iri: str, triples: Sequence[ox.Triple], names: Names) -> None:
        """Read the vocabulary ``iri``."""
        self._iri, self._names = iri, names
        self._about: dict[str, list[ox.Triple]] = {}
        for triple in triples:
            if isinstance(triple.subject, ox.NamedNode):
                self._about.setdefault(triple.subject.value, []).append(triple)
        kinds = {each: set(self._iris(each, RDF_TYPE)) for each in self._about if each != iri}
        self._classes = sorted(each for each, kind in kinds.items() if kind & CLASSES)
        self._properties = sorted(each for each, kind in kinds.items() if kind & PROPERTIES and not kind & CLASSES)
        self._others = sorted(set(kinds) - {*self._classes, *self._properties})

    def page(self) -> TermsPage:
        """Return the page."""
        return TermsPage(
            self._iri,
            self._names.thing(self._iri),
            self._text(self._iri, (RDFS + "comment", DCT + "description")),
            tuple(self._term(each) for each in self._by_label(self._classes)),
            tuple(self._term(each) for each in self._by_label(self._properties)),
            tuple(self._term(each) for each in self._by_label(self._others)),
            self._diagram(),
        )

    def _iris(self, iri: str, predicate: str) -> list[str]:
        return [
            each.object.value
            for each in self._about.get(iri, ())
            if each.predicate.value == predicate and isinstance(each.object, ox.NamedNode)
        ]

    def _by_label(self, iris: Iterable[str]) -> list[str]:
        return sorted(iris, key=lambda each: self._names.thing(each).text.casefold())

    def _term(self, iri: str) -> TermShown:
        relations: dict[str, list[Shown]] = {}
        for predicate, name in RELATIONS.items():
            for each in self._by_label(self._iris(iri, predicate)):
                relations.setdefault(translated(name), []).append(self._names.thing(each))
        own = [each for each in self._properties if iri in self._iris(each, RDFS + "domain")]
        if own:
            relations[translated(SAID_OF)] = [self._names.thing(each) for each in self._by_label(own)]
        lists = tuple((name, tuple(self._names.told_apart(things))) for name, things in relations.items())
        return TermShown(
            iri, iri.rpartition("#")[2], self._names.thing(iri), self._text(iri, (RDFS + "comment",)), lists
        )

    def _text(self, iri: str, predicates: Sequence[str]) -> Shown | None:
        found = [
            self._names.term(each.object)
            for each in self._about.get(iri, ())
            if each.predicate.value in predicates and isinstance(each.object, ox.Literal)
        ]
        return next(iter(self._names.best(found)), None)

    def _diagram(self) -> Diagram | None:
        """Return the classes and what leads from one to another; of two inverse properties one."""
        edges: list[Edge] = []
        inverse: set[str] = set()
        for each in self._properties:
            inverse.update(self._iris(each, OWL + "inverseOf") if each not in inverse else ())
            if each not in inverse:
                edges += [
                    Edge(source, target, self._names.thing(each))
                    for source in self._iris(each, RDFS + "domain")
                    for target in self._iris(each, RDFS + "range")
                    if not target.startswith("http://www.w3.org/2001/XMLSchema#")
                ]
        labels = {iri: self._names.thing(iri) for edge in edges for iri in (edge.source, edge.target)}
        return diagram(edges, frozenset(self._classes), labels)

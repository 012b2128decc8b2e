"""Companions: what must be described together with a thing, so that it passes.

Things must point to it (a count to the club that it counts), a constraint in SPARQL looks for what is about it (an
organiser's participation in a forum), or it leads to somebody of whom no real example may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.linking.kinds import PERSON, kinds_of
from graph.namespaces import CATALOG_GRAPH, ENTAILED_GRAPH, RDF_TYPE, graph_iri
from graph.templates.fields import Shapes

MOST_SEEN, MOST_PARTS, MOST_SAID = 50, 6, 5000
CONSTANT = re.compile(r"<(https?://[^>\s]+)>")
Need = tuple[str, str]
"""A thing of the release, and the class as which it comes along."""


@dataclass(frozen=True)
class Company:
    """What an example is made of.

    Attributes:
        parts: thing of the release → the class as which it is described; the example itself first.
        kept: thing and property → the values that the example has of it, where it may not have them all.
    """

    parts: dict[str, str]
    kept: dict[tuple[str, str], frozenset[str]]


@dataclass
class Companions:
    """Finds companions in a release.

    Attributes:
        shapes: what is asked of things.
        personal: the IRIs of graphs that hold personal data.
    """

    shapes: Shapes
    personal: frozenset[str]

    @property
    def _computed(self) -> frozenset[str]:
        return frozenset(graph_iri(self.shapes.base, each) for each in (CATALOG_GRAPH, ENTAILED_GRAPH))

    def of(self, subject: str, class_iri: str) -> Company | None:
        """Return a thing and what must come along; None where that is not to be had, or too much."""
        company, waiting = Company({subject: class_iri}, {}), [subject]
        may_be_personal = self.is_personal(subject)
        while waiting:
            needed = self._needed(waiting.pop(), company, may_be_personal=may_be_personal)
            if needed is None or len(company.parts) + len(needed) > MOST_PARTS:
                return None
            for thing, of in needed:
                if any(thing.rpartition("/")[0] == each.rpartition("/")[0] for each in company.parts):
                    return None  # both would be called the same
                company.parts[thing] = of
                waiting.append(thing)
        return company

    def is_personal(self, thing: str) -> bool:
        """Whether a thing is a person, or is what it is by a graph of personal data only."""
        computed = self._computed
        types, said, typed = set[str](), set[str](), set[str]()
        for quad in islice(self.shapes.store.quads_for_pattern(ox.NamedNode(thing), None, None, None), MOST_SAID):
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed:
                said.add(quad.graph_name.value)
                if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
                    typed.add(quad.graph_name.value)
                    types.add(quad.object.value)
        return (bool(said & self.personal) and typed <= self.personal) or PERSON in kinds_of(types, self.shapes.base)

    def is_public(self, thing: str) -> bool:
        """Whether a thing is described by others than graphs of personal data, and is no person."""
        quads = islice(self.shapes.store.quads_for_pattern(ox.NamedNode(thing), None, None, None), MOST_SAID)
        graphs = (each.graph_name for each in quads)
        kept_apart = self.personal | self._computed
        is_described = any(isinstance(each, ox.NamedNode) and each.value not in kept_apart for each in graphs)
        return is_described and not self.is_personal(thing)

    def _needed(self, subject: str, company: Company, *, may_be_personal: bool) -> list[Need] | None:
        class_iri, found = company.parts[subject], dict[str, str]()
        for ways, classes in self.shapes.pointers(class_iri):
            pointing = dict(self._pointing(subject, ways, classes))
            if not pointing.keys() & (company.parts.keys() | found.keys()):
                fit = [each for each in pointing if may_be_personal or not self.is_personal(each)]
                if not fit:
                    return None
                found[fit[0]] = pointing[fit[0]]
        for rule in self.shapes.rules_about(class_iri):
            witness = self._witness(subject, rule)
            if witness is None or (not may_be_personal and self.is_personal(witness[0])):
                return None
            found[witness[0]] = witness[1]
            self._keep(subject, witness[0], rule, company)
        if may_be_personal:
            found |= self._people(subject, class_iri)
        return [each for each in found.items() if each[0] not in company.parts]

    def _people(self, subject: str, class_iri: str) -> dict[str, str]:
        return {
            value: field.classes[0]
            for field in self.shapes.fields(class_iri)
            if field.is_required and field.classes and not field.is_inverse
            for value in self._objects(subject, field.path)
            if self.is_personal(value)
        }

    def _pointing(self, subject: str, ways: tuple[str, ...], classes: tuple[str, ...]) -> Iterator[Need]:
        """Yield what points to a thing by one of some properties, with the class that its shape asks for."""
        targets = self.shapes.targets()
        for path in ways:
            quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(path), ox.NamedNode(subject), None)
            for thing in dict.fromkeys(each.subject for each in islice(quads, MOST_SEEN)):
                if isinstance(thing, ox.NamedNode):
                    types = classes or tuple(each for each in self._objects(thing.value, RDF_TYPE) if each in targets)
                    yield from ((thing.value, each) for each in types[:1])

    def _witness(self, subject: str, rule: str) -> Need | None:
        """Return a thing about this one that has everything which a constraint names."""
        asked, known = set(CONSTANT.findall(rule)), self.shapes.targets()
        quads = self.shapes.store.quads_for_pattern(None, None, ox.NamedNode(subject), None)
        for thing in dict.fromkeys(each.subject for each in islice(quads, MOST_SEEN * MOST_PARTS)):
            if isinstance(thing, ox.NamedNode) and asked and asked <= self._objects(thing.value):
                types = [each for each in self._objects(thing.value, RDF_TYPE) if each in known]
                if types:
                    return thing.value, types[0]
        return None

    def _keep(self, subject: str, witness: str, rule: str, company: Company) -> None:
        """Keep of the values that a constraint asks about those that this witness is for."""
        for field in self.shapes.fields(company.parts[subject]):
            local = re.escape(re.split(r"[/#]", field.path)[-1])
            if not field.is_inverse and re.search(rf":{local}\s+\?value\b", rule):
                company.kept[subject, field.path] = frozenset(self._objects(witness))

    def _objects(self, subject: str, predicate: str | None = None) -> set[str]:
        """Return the things that are stated of a thing."""
        path = None if predicate is None else ox.NamedNode(predicate)
        computed = self._computed
        return {
            quad.object.value
            for quad in self.shapes.store.quads_for_pattern(ox.NamedNode(subject), path, None, None)
            if isinstance(quad.object, ox.NamedNode)
            and isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in computed
        }  # fmt: skip

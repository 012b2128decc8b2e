"""What the shapes ask of things of a class: one field a property, in the order of the pages.

Read from the shapes graph of a release, by look-ups; superclasses count. Paths of several steps are no fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import pyoxigraph as ox

from graph.literals import finite_number
from graph.namespaces import ONTOLOGY_GRAPH, OWL, RDF, RDFS, SH, SHAPES_GRAPH, XSD, graph_iri

MOST, DEEPEST = 500, 50
UNORDERED = 100_000.0
ABOUT_IT = re.compile(r"NOT\s+EXISTS\s*\{[^}]*\$this\b", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One property of a class.

    Attributes:
        path: the property.
        is_inverse: whether it leads to the thing instead of from it.
        names: language tag → what it is called.
        descriptions: language tag → what it means.
        is_required: whether there must be a value.
        classes: of what class its values are, where they are things.
        order: its place.
    """

    path: str
    is_inverse: bool
    names: Mapping[str, str] = field(hash=False)
    descriptions: Mapping[str, str] = field(hash=False)
    is_required: bool
    classes: tuple[str, ...]
    order: float


@dataclass
class Shapes:
    """The shapes of one release.

    Attributes:
        store: the release's.
        base: the publication's base.
    """

    store: ox.Store
    base: str

    def values(self, subject: str, predicate: str) -> list[ox.NamedNode | ox.Literal]:
        """Return the values of a property in the shapes graph."""
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        quads = self.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, graph)
        return [quad.object for quad in islice(quads, MOST) if isinstance(quad.object, ox.NamedNode | ox.Literal)]

    def texts(self, subject: str, predicate: str) -> dict[str, str]:
        """Return texts by language tag."""
        found = (each for each in self.values(subject, predicate) if isinstance(each, ox.Literal))
        return {each.language or "": each.value for each in found}

    def iris(self, subject: str, predicate: str) -> list[str]:
        """Return the things among the values, sorted."""
        return sorted(each.value for each in self.values(subject, predicate) if isinstance(each, ox.NamedNode))

    def targets(self) -> dict[str, list[str]]:
        """Return the classes that shapes target → their shapes."""
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        found: dict[str, list[str]] = {}
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(SH + "targetClass"), None, graph):
            if isinstance(quad.object, ox.NamedNode) and isinstance(quad.subject, ox.NamedNode):
                found.setdefault(quad.object.value, []).append(quad.subject.value)
        return {each: sorted(shapes) for each, shapes in sorted(found.items())}

    def fields(self, class_iri: str) -> list[Field]:
        """Return what the shapes ask of things of a class, required ones of a path first to be known as such."""
        targets, merged = self.targets(), dict[tuple[str, bool], Field]()
        for each in self.superclasses(class_iri):
            for shape in targets.get(each, ()):
                for found in self._fields(shape):
                    key = found.path, found.is_inverse
                    merged[key] = _merged(merged[key], found) if key in merged else found
        return sorted(merged.values(), key=lambda each: (each.order, each.path))

    def pointers(self, class_iri: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Return by which properties, any of each group, things must point to one of a class, and of what classes."""
        found = list[tuple[tuple[str, ...], tuple[str, ...]]]()
        for shape in self._of_class(class_iri):
            for each in self.iris(shape, SH + "property"):
                ways = self._ways_back(each)
                if (
                    ways
                    and any(count.value not in ("0", "") for count in self._least(each))
                    and not self._is_wished(each)
                ):
                    found.append((ways, tuple(self.iris(each, SH + "class"))))
        return found

    def rules_about(self, class_iri: str) -> list[str]:
        """Return the constraints in SPARQL that look for something about a thing of a class."""
        binding = (each for each in self._of_class(class_iri) if not self._is_wished(each))
        rules = (rule for shape in binding for rule in self.iris(shape, SH + "sparql"))
        queries = (each.value for rule in rules for each in self.values(rule, SH + "select"))
        return [each for each in queries if ABOUT_IT.search(each)]

    def _of_class(self, class_iri: str) -> list[str]:
        targets = self.targets()
        return [shape for each in self.superclasses(class_iri) for shape in targets.get(each, ())]

    def _least(self, shape: str) -> list[ox.NamedNode | ox.Literal]:
        return [*self.values(shape, SH + "minCount"), *self.values(shape, SH + "qualifiedMinCount")]

    def _is_wished(self, shape: str) -> bool:
        return any(iri == SH + "Warning" for iri in self.iris(shape, SH + "severity"))

    def _ways_back(self, shape: str) -> tuple[str, ...]:
        """Return the properties of an inverse path, or of alternatives that are inverse paths."""
        paths = self.iris(shape, SH + "path")
        lists = [each for path in paths for each in self.iris(path, SH + "alternativePath")]
        items = [item.value for each in lists for item in self.items(each)] or paths
        return tuple(back for each in items for back in self.iris(each, SH + "inversePath") if not self._is_blank(back))

    def is_exclusive(self, path: str) -> bool:
        """Whether a thing is the value of a property for one thing only: its inverse may have one value."""
        inverse, node = ox.NamedNode(OWL + "inverseOf"), ox.NamedNode(path)
        ontology = ox.NamedNode(graph_iri(self.base, ONTOLOGY_GRAPH))
        there = (quad.object for quad in self.store.quads_for_pattern(node, inverse, None, ontology))
        back = (quad.subject for quad in self.store.quads_for_pattern(None, inverse, node, ontology))
        graph = ox.NamedNode(graph_iri(self.base, SHAPES_GRAPH))
        return any(
            isinstance(quad.subject, ox.NamedNode) and bool(self.values(quad.subject.value, SH + "maxCount"))
            for each in (*there, *back)
            for quad in self.store.quads_for_pattern(None, ox.NamedNode(SH + "path"), each, graph)
        )

    def superclasses(self, class_iri: str) -> list[str]:
        """Return a class and all above it."""
        ontology = ox.NamedNode(graph_iri(self.base, ONTOLOGY_GRAPH))
        found, waiting = [class_iri], [class_iri]
        while waiting and len(found) < DEEPEST:
            above = ox.NamedNode(RDFS + "subClassOf")
            for quad in self.store.quads_for_pattern(ox.NamedNode(waiting.pop()), above, None, ontology):
                if isinstance(quad.object, ox.NamedNode) and quad.object.value not in found:
                    found.append(quad.object.value)
                    waiting.append(quad.object.value)
        return found

    def _fields(self, shape: str) -> Iterator[Field]:
        for each in self.iris(shape, SH + "property"):
            paths, is_inverse = self.paths(each)
            counts, is_wished = self._least(each), self._is_wished(each)
            is_required = not is_wished and len(paths) == 1 and any(count.value not in ("0", "") for count in counts)
            for path in paths:
                yield Field(
                    path, is_inverse, self.texts(each, SH + "name"), self.texts(each, SH + "description"), is_required,
                    tuple(self.iris(each, SH + "class")), self._order(each),
                )  # fmt: skip

    def _order(self, shape: str) -> float:
        numbers = (finite_number(each.value, XSD + "double") for each in self.values(shape, SH + "order"))
        return next((float(each) for each in numbers if each is not None), UNORDERED)

    def paths(self, shape: str) -> tuple[list[str], bool]:
        """Return the properties of a property shape, and whether they are inverted; none for a path of several steps.

        They are several where any of them will do.
        """
        for found in self.iris(shape, SH + "path"):
            if inverse := self.iris(found, SH + "inversePath"):
                return [each for each in inverse if not self._is_blank(each)], True
            if alternatives := self.iris(found, SH + "alternativePath"):
                items = [each.value for each in self.items(alternatives[0])]
                return [each for each in items if not self._is_blank(each)], False
            if not self._is_blank(found):
                return [found], False
        return [], False

    def items(self, node: str) -> list[ox.NamedNode | ox.Literal]:
        """Return the items of a list."""
        found = list[ox.NamedNode | ox.Literal]()
        for _ in range(DEEPEST):
            found += self.values(node, RDF + "first")
            rest = self.iris(node, RDF + "rest")
            if not rest or rest[0] == RDF + "nil":
                break
            node = rest[0]
        return found

    def _is_blank(self, iri: str) -> bool:
        return iri.startswith(f"{self.base}.well-known/genid/") or iri == RDF + "nil"


def _merged(one: Field, other: Field) -> Field:
    """Return what two shapes together say of a property."""
    first, second = sorted((one, other), key=lambda each: each.order)
    return Field(
        one.path, one.is_inverse, {**second.names, **first.names}, {**second.descriptions, **first.descriptions},
        one.is_required or other.is_required, tuple(dict.fromkeys((*one.classes, *other.classes))), first.order,
    )  # fmt: skip

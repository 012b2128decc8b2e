"""What the shapes ask of things of a class: one field a property, in the order of the pages.

Read from the shapes graph of a release, by look-ups; superclasses count. Paths of several steps are no fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import pyoxigraph as ox

from graph.model.literals import finite_number
from graph.model.namespaces import ONTOLOGY_GRAPH, OWL, RDF, RDFS, SH, SHAPES_GRAPH, XSD, graph_iri

MOST, DEEPEST = 500, 50
UNORDERED = 100_000.0
DEEPEST_KINDS = 5
IRI, ANY_LANGUAGE = "IRI", "@*"
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
        kinds: of what kind its values may be (``IRI``, ``@`` and a language, or a datatype), where the shapes say so.
    """

    path: str
    is_inverse: bool
    names: Mapping[str, str] = field(hash=False)
    descriptions: Mapping[str, str] = field(hash=False)
    is_required: bool
    classes: tuple[str, ...]
    order: float
    kinds: tuple[str, ...] = ()


@dataclass
class TemplateShapes:
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

    def patterns(self, class_iri: str) -> list[str]:
        """Return the patterns that the name of every thing of a class must match."""
        found = (each.value for shape in self._of_class(class_iri) for each in self.values(shape, SH + "pattern"))
        return [each for each in found if is_pattern(each)]

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
                    tuple(self.iris(each, SH + "class")), self._order(each), self.kinds(each),
                )  # fmt: skip

    def _order(self, shape: str) -> float:
        numbers = (finite_number(each.value, XSD + "double") for each in self.values(shape, SH + "order"))
        return next((float(each) for each in numbers if each is not None), UNORDERED)

    def kinds(self, shape: str, depth: int = 0) -> tuple[str, ...]:
        """Return of what kind the values that conform to a shape may be, as ``Field.kinds``; nothing where any may."""
        if depth > DEEPEST_KINDS:
            return ()
        found: tuple[str, ...] = ()
        for kinds in (*self._kinds_of_values(shape), *self._kinds_within(shape, depth)):
            found = both(found, kinds)
        return found or self._kinds_of_some(shape, depth)

    def _kinds_of_some(self, shape: str, depth: int) -> tuple[str, ...]:
        """Return what is said of some of the values only, where nothing is said of all."""
        found = [kind_of(each) for each in self.values(shape, SH + "hasValue")]
        for each in self.iris(shape, SH + "qualifiedValueShape"):
            found += self.kinds(each, depth + 1)
        if not found and any(each.value == "true" for each in self.values(shape, SH + "uniqueLang")):
            found = [ANY_LANGUAGE]
        return tuple(dict.fromkeys(found))

    def _kinds_of_values(self, shape: str) -> Iterator[tuple[str, ...]]:
        """Yield what each constraint on a value alone says of its kind."""
        if self.iris(shape, SH + "class") or {*self.iris(shape, SH + "nodeKind")} & {SH + "IRI", SH + "BlankNodeOrIRI"}:
            yield (IRI,)
        for each in self.iris(shape, SH + "languageIn"):
            yield tuple(f"@{item.value}" for item in self.items(each))
        for each in self.iris(shape, SH + "datatype"):
            yield (ANY_LANGUAGE if each == RDF + "langString" else each,)
        for each in self.iris(shape, SH + "in"):
            yield tuple(dict.fromkeys(kind_of(item) for item in self.items(each)))
        for bound in ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"):
            yield from ((kind_of(each),) for each in self.values(shape, SH + bound))

    def _kinds_within(self, shape: str, depth: int) -> Iterator[tuple[str, ...]]:
        """Yield what the shapes to which a value must conform say of its kind."""
        for each in self.iris(shape, SH + "node"):
            yield self.kinds(each, depth + 1) or ((IRI,) if self.iris(each, SH + "property") else ())
        for name in ("or", "xone"):
            for each in self.iris(shape, SH + name):
                choices = [self.kinds(item.value, depth + 1) for item in self.items(each)]
                yield tuple(dict.fromkeys(kind for kinds in choices for kind in kinds)) if all(choices) else ()
        for each in self.iris(shape, SH + "and"):
            yield from (self.kinds(item.value, depth + 1) for item in self.items(each))

    def used(self, path: str) -> tuple[str, ...]:
        """Return of what kind the first value of a property in the release is, where there is one."""
        quads = self.store.quads_for_pattern(None, ox.NamedNode(path), None, None)
        values = (each.object for each in islice(quads, 1))
        return tuple(kind_of(each) for each in values if isinstance(each, ox.NamedNode | ox.Literal))

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


def is_pattern(text: str) -> bool:
    """Whether a regular expression of the shapes can be tried here."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def kind_of(term: ox.NamedNode | ox.Literal) -> str:
    """Return the kind of a value, as ``Field.kinds``."""
    if isinstance(term, ox.NamedNode):
        return IRI
    return f"@{term.language}" if term.language else term.datatype.value


def both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds that two constraints allow; those of the first where they agree on none."""
    if not one or not other:
        return one or other
    if ANY_LANGUAGE in one and any(each.startswith("@") for each in other):
        one, other = other, one
    common = tuple(each for each in one if each in other or (ANY_LANGUAGE in other and each.startswith("@")))
    return common or one


def _merged(one: Field, other: Field) -> Field:
    """Return what two shapes together say of a property."""
    first, second = sorted((one, other), key=lambda each: each.order)
    return Field(
        one.path, one.is_inverse, {**second.names, **first.names}, {**second.descriptions, **first.descriptions},
        one.is_required or other.is_required, tuple(dict.fromkeys((*one.classes, *other.classes))), first.order,
        both(first.kinds, second.kinds),
    )  # fmt: skip

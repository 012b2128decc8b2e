"""An example of a class that passes: a thing of the release under a new name, with all that the shapes ask for.

Where other things must point to it (a count to the club that it counts), they come along. Things of personal graphs are
no examples, and links to other datasets are left out: two things cannot be the same one elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.linking.kinds import PERSON, kinds_of
from graph.linksets.clusters import LIKE, SAME
from graph.namespaces import CATALOG_GRAPH, ENTAILED_GRAPH, RDF_TYPE, graph_iri
from graph.templates.fields import Field, Shapes

CANDIDATES, MOST_VALUES, MOST_SEEN = 50, 200, 5000
NAME = "example"
LANGUAGES = ("en", "ru", "uz")
LEFT_OUT = frozenset({*SAME, *LIKE})
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
        """Return an example of a class; None where nothing that may be shown is of it."""
        if PERSON in kinds_of([class_iri], self.shapes.base):
            return None
        if self.shapes.needs_others(class_iri):
            return None
        fields = self.shapes.fields(class_iri)
        for subject in self._instances(class_iri):
            made = self._example(subject, class_iri, fields)
            if made is not None:
                return made
        return None

    def classes(self) -> list[str]:
        """Return the classes of which there is an example."""
        return [each for each in self.shapes.targets() if self.example(each) is not None]

    def _instances(self, class_iri: str) -> list[str]:
        quads = self.shapes.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri), None)
        computed = {graph_iri(self.shapes.base, each) for each in (CATALOG_GRAPH, ENTAILED_GRAPH)}
        found, barred = set[str](), set[str]()
        for quad in islice(quads, MOST_SEEN):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.graph_name, ox.NamedNode):
                graph = quad.graph_name.value
                if graph in self.personal:
                    barred.add(quad.subject.value)
                elif graph not in computed:
                    found.add(quad.subject.value)
        own = self.shapes.base
        named = sorted(each for each in found - barred if each.startswith(own) and "/" in each.removeprefix(own))
        return named[:CANDIDATES]

    def _example(self, subject: str, class_iri: str, fields: Iterable[Field]) -> Example | None:
        node = self._node(subject, class_iri, [each for each in fields if not each.is_inverse])
        companions = list[Node]()
        for each in fields:
            if each.is_inverse and each.is_required:
                companion = self._companion(subject, node.iri, each)
                if companion is None:
                    return None
                companions.append(companion)
        return Example(node, tuple(companions))

    def _companion(self, subject: str, iri: str, field: Field) -> Node | None:
        """Return a thing that points to an example as one points to the thing that it was made of."""
        store = self.shapes.store
        quads = store.quads_for_pattern(None, ox.NamedNode(field.path), ox.NamedNode(subject), None)
        for quad in islice(quads, CANDIDATES):
            if not isinstance(quad.subject, ox.NamedNode) or not field.classes:
                continue
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value in self.personal:
                return None
            if self.shapes.needs_others(field.classes[0]):
                return None
            of_class = [each for each in self.shapes.fields(field.classes[0]) if not each.is_inverse]
            found = self._node(quad.subject.value, field.classes[0], of_class)
            there = ox.NamedNode(iri)
            values = tuple((one, (there,) if one.path == field.path else all_) for one, all_ in found.values)
            return Node(found.iri, found.class_iri, found.types, values)
        return None

    def _node(self, subject: str, class_iri: str, fields: Iterable[Field]) -> Node:
        head, slash, _ = subject.rpartition("/")
        values = tuple((each, self._values(subject, each)) for each in fields)
        stated = (each.value for each in self._stated(subject, RDF_TYPE) if isinstance(each, ox.NamedNode))
        return Node(f"{head}{slash}{NAME}", class_iri, tuple(dict.fromkeys((class_iri, *sorted(stated)))), values)

    def _stated(self, subject: str, predicate: str, *, entailed: bool = False) -> list[Value]:
        """Return values that are stated, and not in a personal graph; also those that follow, where they are wanted."""
        quads = self.shapes.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None)
        skipped = {*self.personal, *(() if entailed else (graph_iri(self.shapes.base, ENTAILED_GRAPH),))}
        found = {
            quad.object: None
            for quad in quads
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
            and isinstance(quad.object, ox.NamedNode | ox.Literal)
        }  # fmt: skip
        return sorted(found, key=_order)

    def _values(self, subject: str, field: Field) -> tuple[Value, ...]:
        if field.path in LEFT_OUT or field.path == RDF_TYPE:
            return ()
        values = self._stated(subject, field.path, entailed=field.is_required)
        if field.is_required:
            return tuple(values)
        is_exclusive = self.shapes.is_exclusive(field.path)
        return tuple(each for each in values[:MOST_VALUES] if isinstance(each, ox.Literal) or not is_exclusive)


def _order(value: Value) -> tuple[int, str]:
    """Return where a value stands: texts in English first, then in Russian, then in Uzbek."""
    language = value.language or "" if isinstance(value, ox.Literal) else ""
    return LANGUAGES.index(language[:2]) if language[:2] in LANGUAGES else len(LANGUAGES), str(value)
